"""A fitted classifier reads any later X as it has read the first one, or says why not; a frozen one does the same."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import GRUClassifier
from skrnn.preprocessing.reading import to_object_array
from tests.fuzz.inputs import sequences, token_ids
from tests.fuzz.laws import attempt, require
from tests.fuzz.tally import TALLY, Refused

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(12, 4))
FITTED_ON = {
    "table": TABLE,
    "named table": pd.DataFrame(TABLE).add_prefix("c"),
    "sequences": TABLE.reshape(12, 2, 2),
    "ragged": [RNG.normal(size=(1 + row % 4, 2)) for row in range(12)],
    "named sequences": [pd.DataFrame(RNG.normal(size=(1 + row % 4, 2)), columns=["f0", "f1"]) for row in range(12)],
    "univariate": [RNG.normal(size=1 + row % 4) for row in range(12)],
    "ids": [RNG.integers(1, 9, 1 + row % 4) for row in range(12)],
}


@pytest.fixture(scope="module")
def fitted():
    return {
        name: GRUClassifier(
            2, bidirectional=True, pooling="mean", epochs=1, random_state=0, embedding_dim=2 if name == "ids" else None
        ).fit(X, np.arange(12) % 3)
        for name, X in FITTED_ON.items()
    }


@given(name=st.sampled_from(list(FITTED_ON)), X=sequences() | token_ids())
def test_predict(fitted, name, X):
    classifier = fitted[name]
    with TALLY.case("predict", lambda: f"fitted on {name}, then predict_proba({X.form})"):
        try:
            probabilities = attempt(classifier.predict_proba, X.X, watched=(classifier,))
        except Refused as refusal:
            require_refusals(classifier, X, refusal)
            raise
        assert probabilities.shape == (X.n, 3)
        assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        assert_array_equal(attempt(classifier.freeze().predict_proba, X.X), probabilities)
        assert_array_equal(attempt(classifier.predict, X.X), probabilities.argmax(axis=1))
        *_, last = attempt(lambda X: list(classifier.staged_predict_proba(X)), X.X)
        assert_allclose(last, probabilities, rtol=1e-4, atol=1e-6)


def require_refusals(classifier, X, refusal):
    """All methods, and a frozen classifier, refuse what one refuses."""
    for method in (classifier.predict, classifier.freeze().predict_proba, classifier.decision_function):
        try:
            attempt(method, X.X)
        except Refused as other:
            same = type(other.__cause__) is type(refusal.__cause__)
            require(same, f"{refusal.__cause__!r}, but {method} raises {other.__cause__!r}")
        else:
            raise AssertionError(f"{method} takes what predict_proba refuses: {refusal}")


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=8),
    before=st.integers(0, 3),
    after=st.integers(0, 3),
    seed=st.integers(0, 999),
    name=st.sampled_from(["sequences", "ragged"]),
)
def test_padding_and_order(fitted, lengths, before, after, seed, name):
    with TALLY.case(
        "padding and order", lambda: f"lengths {lengths}, {before} steps before, {after} after, seed {seed}"
    ):
        rng = np.random.default_rng(seed)
        rows = [rng.normal(size=(length, 2)) for length in lengths]
        expected = fitted[name].predict_proba(rows)
        padded = np.full((len(rows), before + max(lengths) + after, 2), np.nan)
        for place, row in zip(padded, rows, strict=True):
            place[before : before + len(row)] = row
        order = rng.permutation(len(rows))
        for X in (padded, np.asfortranarray(padded), list(padded), padded.astype("f4")):
            assert_allclose(attempt(fitted[name].predict_proba, X), expected, rtol=1e-4, atol=1e-6)
        shuffled = attempt(fitted[name].predict_proba, to_object_array([rows[i] for i in order]))
        assert_allclose(shuffled, expected[order], rtol=1e-4, atol=1e-6)
