"""Laws that hold for every input: what never changes a prediction, and what leaves a fitted estimator the same."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier, clear_graphs
from skrnn.estimators import base

SEQUENCES = st.lists(st.integers(1, 9), min_size=1, max_size=12).map(
    lambda lengths: [np.random.default_rng(length).normal(size=(length, 2)).astype(np.float32) for length in lengths]
)
NETWORKS = {
    "simple_rnn": SimpleRNNClassifier(4),
    "lstm": LSTMClassifier(4, pooling="mean"),
    "gru": GRUClassifier(4, bidirectional=True, pooling="max", batch_normalization=True, dense_units=3),
}


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(1 + row % 7, 2)) for row in range(30)]
    y = np.arange(30) % 3
    return {name: clone(network).set_params(epochs=2, random_state=0).fit(X, y) for name, network in NETWORKS.items()}


@pytest.fixture(params=["NumPy", "TensorFlow"])
def path(request, monkeypatch):
    """Predict by either way, whatever the size."""
    monkeypatch.setattr(base, "_SMALL", np.inf if request.param == "NumPy" else -1)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("network", NETWORKS)
class TestNothingElseChangesAPrediction:
    @given(sequences=SEQUENCES, before=st.integers(0, 3), after=st.integers(0, 3))
    def test_padding(self, fitted, network, sequences, before, after):
        longest = max(map(len, sequences))
        padded = np.full((len(sequences), before + longest + after, 2), np.nan)
        for row, sequence in enumerate(sequences):
            padded[row, before : before + len(sequence)] = sequence
        assert_allclose(
            fitted[network].predict_proba(padded), fitted[network].predict_proba(sequences), rtol=1e-5, atol=1e-7
        )

    @given(sequences=SEQUENCES, seed=st.integers(0, 1000))
    def test_order_of_rows(self, fitted, network, sequences, seed):
        order = np.random.default_rng(seed).permutation(len(sequences))
        shuffled = fitted[network].predict_proba([sequences[row] for row in order])
        assert_allclose(shuffled, fitted[network].predict_proba(sequences)[order], rtol=1e-5, atol=1e-7)

    @given(sequences=SEQUENCES, size=st.integers(1, 12))
    def test_batches_and_chunks(self, fitted, network, sequences, size):
        parts = [sequences[start : start + size] for start in range(0, len(sequences), size)]
        in_parts = np.concatenate([fitted[network].predict_proba(part) for part in parts])
        assert_allclose(in_parts, fitted[network].predict_proba(sequences), rtol=1e-5, atol=1e-7)


@given(ids=st.lists(st.lists(st.integers(1, 8), min_size=1, max_size=7), min_size=1, max_size=8), n=st.integers(0, 4))
def test_zeros_before_and_after_ids_never_change_a_prediction(ids_classifier, ids, n):
    padded = [[0] * n + row + [0] * (4 - n) for row in ids]
    assert_allclose(ids_classifier.predict_proba(padded), ids_classifier.predict_proba(ids), rtol=1e-5, atol=1e-7)


@pytest.fixture(scope="module")
def ids_classifier():
    X = np.random.default_rng(0).integers(1, 9, (20, 6))
    return LSTMClassifier(4, embedding_dim=3, vocabulary_size=9, epochs=1, random_state=0).fit(X, np.arange(20) % 2)


def test_both_ways_to_predict_agree(fitted, monkeypatch):
    X = [np.random.default_rng(length).normal(size=(length, 2)) for length in range(1, 20)]
    for classifier in fitted.values():
        by_numpy = classifier.decision_function(X)
        monkeypatch.setattr(base, "_SMALL", -1)
        assert_allclose(classifier.decision_function(X), by_numpy, rtol=1e-5, atol=1e-6)
        monkeypatch.undo()


# Copies

COPIES = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("how", COPIES)
def test_a_copy_predicts_the_same_and_trains_on_the_same(fitted, network, how):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(20, 5, 2)), np.arange(20) % 3
    twin = COPIES[how](fitted[network])
    expected = fitted[network].predict_proba(X)
    clear_graphs()
    assert_array_equal(twin.predict_proba(X), expected)
    again = COPIES[how](fitted[network])
    assert_array_equal(twin.partial_fit(X, y).decision_function(X), again.partial_fit(X, y).decision_function(X))
    assert_array_equal(fitted[network].predict_proba(X), expected)


@pytest.mark.parametrize(
    "estimator", [LSTMClassifier(7, optimizer="sgd", optimizer__momentum=0.9), RecurrentClassifier()]
)
def test_clone_has_the_parameters_and_nothing_else(estimator):
    twin = clone(estimator)
    assert twin.get_params() == estimator.get_params()
    assert vars(twin).keys() == vars(estimator).keys()
    assert repr(twin) == repr(estimator)


def test_repr_shows_what_was_changed():
    assert repr(LSTMClassifier(7, optimizer="sgd", optimizer__momentum=0.9)) == (
        "LSTMClassifier(optimizer='sgd', optimizer__momentum=0.9, units=7)"
    )


# Weights


@given(repeats=st.lists(st.integers(0, 3), min_size=10, max_size=10), seed=st.integers(0, 100))
def test_weight_two_is_the_row_twice_in_a_full_batch(repeats, seed):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10, 4, 2)), np.arange(10) % 2
    repeats = np.array(repeats)
    repeats[:2] += 1  # of both classes at least one
    shuffled = np.random.default_rng(seed).permutation(np.repeat(np.arange(10), repeats))
    weighted = GRUClassifier(3, epochs=3, batch_size=64, random_state=0).fit(X, y, sample_weight=repeats)
    repeated = clone(weighted).fit(X[shuffled], y[shuffled])
    assert_array_equal(weighted.decision_function(X), repeated.decision_function(X))
    assert_allclose(weighted.history_["loss"], repeated.history_["loss"], rtol=1e-6)
    assert_allclose(weighted.history_["accuracy"], repeated.history_["accuracy"], rtol=1e-6)


def test_row_of_weight_zero_is_no_row_even_in_small_batches():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 4, 2)), np.arange(40) % 2
    weights = np.arange(40) % 3
    left_out = GRUClassifier(3, epochs=2, batch_size=8, dropout=0.2, random_state=0).fit(X, y, sample_weight=weights)
    kept = weights > 0
    removed = clone(left_out).fit(X[kept], y[kept], sample_weight=weights[kept])
    assert_array_equal(left_out.decision_function(X), removed.decision_function(X))


@given(n_epochs=st.integers(1, 4), batch_size=st.sampled_from([3, 16, 64]), dropout=st.sampled_from([0.0, 0.3]))
@pytest.mark.parametrize("optimizer", [{}, {"optimizer__use_ema": True}], ids=["weights", "averages"])
def test_partial_fits_are_one_fit(optimizer, n_epochs, batch_size, dropout):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 4, 2)), np.arange(20) % 2
    parameters = {"epochs": n_epochs, "batch_size": batch_size, "dropout": dropout, **optimizer}
    at_once = GRUClassifier(3, random_state=1, **parameters).fit(X, y)
    in_steps = clone(at_once)
    for _ in range(n_epochs):
        in_steps.partial_fit(X, y)
    assert_array_equal(at_once.decision_function(X), in_steps.decision_function(X))
