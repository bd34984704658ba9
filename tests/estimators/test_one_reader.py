"""What `fit` takes, every other method takes, with the same numbers: for each container of sequences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import cross_val_score

from skrnn import GRUClassifier
from tests.containers import COLLECTIONS, SEQUENCES, TABLES, rows_of

rng = np.random.default_rng(0)
N = 8
Y = np.arange(N) % 2
NUMBERS, FEATURES, IDS = rng.normal(size=(N, 4)), rng.normal(size=(N, 4, 2)), rng.integers(1, 9, size=(N, 4))


def unequal(rows):
    return [row[: 2 + number % 3] for number, row in enumerate(rows)]


FORMS = {
    "numbers": (list(NUMBERS), None),
    "unequal numbers": (unequal(NUMBERS), None),
    "features": (list(FEATURES), None),
    "unequal features": (unequal(FEATURES), None),
    "ids": (list(IDS), 3),
    "unequal ids": (unequal(IDS), 3),
}


def classifier(embedding_dim):
    return GRUClassifier(2, epochs=1, embedding_dim=embedding_dim, vocabulary_size=embedding_dim and 9, random_state=0)


def check(X, reference, embedding_dim):
    """Check that all methods read X as `fit` has read the reference, a list of arrays or an array."""
    expected = classifier(embedding_dim).fit(reference, Y).predict_proba(reference)
    fitted = classifier(embedding_dim).fit(X, Y)
    assert_allclose(fitted.predict_proba(X), expected, rtol=1e-4)
    assert fitted.score(X, Y) == (expected.argmax(axis=1) == Y).mean()
    assert_allclose(fitted.freeze().predict_proba(X), expected, rtol=1e-4)
    assert_allclose([*fitted.staged_predict_proba(X)][-1], expected, rtol=1e-4)
    for numbers in ((0,), (3, 5), range(1, N)):
        rows = rows_of(X, numbers)
        if rows is not None:
            assert_allclose(fitted.predict_proba(rows), expected[[*numbers]], rtol=1e-4)
    validated = classifier(embedding_dim).fit(X, Y, X_val=X, y_val=Y)
    assert_allclose(validated.predict_proba(X), expected, rtol=1e-4)
    assert len(validated.history_["val_loss"]) == 1
    again = classifier(embedding_dim).partial_fit(X, Y)
    assert_allclose(again.predict_proba(X), expected, rtol=1e-4)
    again.partial_fit(X, Y)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_collections(collection, form):
    sequences, embedding_dim = FORMS[form]
    if collection in ("pandas frame of series", "polars frame of series", "column of objects") and (
        sequences[0].ndim == 2
    ):
        pytest.skip("a cell holds one series")
    check(COLLECTIONS[collection](sequences), sequences, embedding_dim)


@pytest.mark.parametrize("form", ["numbers", "unequal numbers", "features"])
@pytest.mark.parametrize("sequence", SEQUENCES)
def test_sequences(sequence, form):
    if form == "features" and sequence in ("array.array", "Arrow"):
        pytest.skip("has one dimension")
    sequences, embedding_dim = FORMS[form]
    check([SEQUENCES[sequence](steps) for steps in sequences], sequences, embedding_dim)


@pytest.mark.parametrize("table", TABLES)
def test_tables(table):
    check(TABLES[table](NUMBERS), NUMBERS, None)


@pytest.mark.parametrize("collection", sorted({*COLLECTIONS} - {"ragged tensor"}))
def test_cross_validation(collection):
    X = COLLECTIONS[collection](list(NUMBERS))
    scores = cross_val_score(classifier(None), X, Y, cv=2, error_score="raise")
    assert_allclose(scores, cross_val_score(classifier(None), list(NUMBERS), Y, cv=2, error_score="raise"))
