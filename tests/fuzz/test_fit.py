"""fit works or says why not; what fit takes, all other methods take; and no argument is ever changed."""

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from tests.fuzz.inputs import indicators, labels, sequences, token_ids, weights
from tests.fuzz.laws import attempt
from tests.fuzz.parameters import classifiers
from tests.fuzz.tally import TALLY, Refused


@given(drawn=st.data(), X=sequences(min_size=4), network=classifiers())
def test_fit(drawn, X, network):
    check("fit", X, drawn.draw(labels(X.n)), drawn.draw(weights(X.n)), network)


@given(drawn=st.data(), X=token_ids(min_size=4), network=classifiers(embedding_dim=2, vocabulary_size=9))
def test_fit_of_token_ids(drawn, X, network):
    check("fit of token ids", X, drawn.draw(labels(X.n)), drawn.draw(weights(X.n)), network)


@given(drawn=st.data(), X=sequences(min_size=4), network=classifiers(multilabel=True))
def test_fit_of_several_labels(drawn, X, network):
    check("fit of several labels", X, drawn.draw(indicators(X.n)), drawn.draw(weights(X.n)), network)


def check(kind, X, y, sample_weight, network):
    make, written = network

    def describe():
        return f"{written}.fit({X.form}; y: {y[1]}; sample_weight: {sample_weight[1]})"

    with TALLY.case(kind, describe):
        classifier = attempt(make)
        attempt(classifier.fit, X.X, y[0], sample_weight[0], watched=(classifier,))
        assert classifier.get_params().keys() == make().get_params().keys()
        require_predictions(classifier, X)
        require_more_training(classifier, X, y[0], sample_weight[0], make)


def require_predictions(classifier, X):
    try:
        labels = taken(classifier.predict, X.X)
    except FloatingPointError as overflow:  # weights that are finite, after an absurd learning rate
        raise Refused(str(overflow)) from overflow
    probabilities = taken(classifier.predict_proba, X.X)
    n_classes = len(classifier.classes_)
    assert labels.shape == ((X.n, n_classes) if classifier.multilabel else (X.n,))
    assert probabilities.shape == (X.n, n_classes)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    if not classifier.multilabel:
        assert set(labels.tolist()) <= set(classifier.classes_.tolist())
        assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    for copy in (pickle.loads(pickle.dumps(classifier)), classifier.freeze()):
        assert_array_equal(taken(copy.predict_proba, X.X), probabilities)
    rows = rows_of(X)
    if rows is not None:
        for row in {0, X.n - 1}:
            one = taken(classifier.predict_proba, rows([row]))
            assert_allclose(one[0], probabilities[row], rtol=1e-4, atol=1e-6)
        order = np.random.default_rng(0).permutation(X.n)
        assert_allclose(taken(classifier.predict_proba, rows(order)), probabilities[order], rtol=1e-4, atol=1e-6)


def require_more_training(classifier, X, y, sample_weight, make):
    again = make()
    taken(again.fit, X.X, y, sample_weight)
    assert_array_equal(again.predict_proba(X.X), classifier.predict_proba(X.X))
    taken(classifier.score, X.X, y)
    # a network that has just diverged may do so in a further epoch
    try:
        # "balanced" is refused: a part of the data does not know it
        once_more = clone(classifier).set_params(class_weight=None)
        taken(once_more.partial_fit, X.X, y, sample_weight=sample_weight)
    except FloatingPointError:
        return
    again.set_params(early_stopping=False, validation_fraction=0.0)
    try:
        taken(again.fit, X.X, y, sample_weight, X_val=X.X, y_val=y)
    except FloatingPointError:
        return


def taken(method, *args, **kwargs):
    """Call a method that must take what `fit` has taken."""
    try:
        return attempt(method, *args, **kwargs)
    except Refused as refusal:
        if isinstance(refusal.__cause__, FloatingPointError):
            raise refusal.__cause__ from None
        raise AssertionError(f"fit takes X, but {method.__name__} does not: {refusal}") from refusal


def rows_of(X):
    """Return a function that selects rows as cross-validation does, or None if scikit-learn cannot."""

    def rows(selected):
        return _safe_indexing(X.X, np.asarray(selected))

    try:
        rows([0])
    except Exception:  # tensors, memory views
        return None
    return rows
