"""Training on memory maps and on arrays that are too large to copy: the same network, and no copy of X."""

import mmap

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import GRUClassifier
from skrnn.model_selection import OptunaSearchCV
from skrnn.network import network
from skrnn.network.network import Batches
from skrnn.preprocessing import lazy_rows, scaled_bytes
from skrnn.preprocessing.lazy_rows import LazyRows, is_mapped, stays_in_place

RNG = np.random.default_rng(0)
N = 90
NUMBERS = RNG.normal(size=(N, 7, 2))
LENGTHS = RNG.integers(1, 8, N)
PADDED = np.where(np.arange(7)[:, None] < LENGTHS[:, None, None], NUMBERS, np.nan)
LATE = np.where(np.arange(7)[:, None] >= 7 - np.minimum(LENGTHS, 6)[:, None, None], NUMBERS, np.nan)
IDS = RNG.integers(1, 20, (N, 7)) * (np.arange(7) < LENGTHS[:, None])
BYTES = RNG.integers(0, 256, (N, 7, 2)).astype(np.uint8)
Y = RNG.integers(0, 3, N)
WEIGHTS = RNG.integers(0, 3, N)
pytestmark = pytest.mark.filterwarnings("ignore::skrnn.InputWarning")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Read a few rows at a time, as for large data."""
    monkeypatch.setattr(lazy_rows, "_BYTES_OF_A_PART", 1000)


@pytest.fixture
def mapped(tmp_path):
    def mapped(array, name="X"):
        np.save(tmp_path / f"{name}.npy", array)
        return np.load(tmp_path / f"{name}.npy", mmap_mode="r")

    return mapped


def small(**parameters):
    return GRUClassifier(**{"units": 3, "epochs": 2, "batch_size": 16, "random_state": 0, **parameters})


def assert_same(first, second):
    assert first.history_ == second.history_
    assert first.best_epoch_ == second.best_epoch_
    for ours, theirs in zip(
        [*first._state.weights, *first._state.optimizer],
        [*second._state.weights, *second._state.optimizer],
        strict=True,
    ):
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("X", "parameters"),
    [
        (NUMBERS.astype(np.float32), {"shuffle": False}),
        (NUMBERS.astype(np.float32), {"dropout": 0.2, "layer_dropout": 0.1, "sample_weight": WEIGHTS}),
        (NUMBERS, {"early_stopping": True, "learning_rate": 0.3, "epochs": 6, "patience": 1, "sample_weight": WEIGHTS}),
        ((100 * NUMBERS).astype(np.int32), {"class_weight": "balanced", "validation_fraction": 0.2}),
        (PADDED.astype(np.float32), {"sample_weight": WEIGHTS}),
        (PADDED, {"batch_size": 1, "epochs": 1}),
        (LATE, {"early_stopping": True}),
        (NUMBERS[:, :, 0], {"early_stopping": True}),
        (BYTES, {}),
        (scaled_bytes(BYTES, 255), {"validation_fraction": 0.2, "sample_weight": WEIGHTS}),
        (IDS.astype(np.int32), {"embedding_dim": 3}),
        (IDS, {"embedding_dim": 3, "mask_zero": False, "early_stopping": True}),
        (np.where(IDS, IDS, np.nan), {"embedding_dim": 3, "mask_zero": False}),
        (np.where(np.arange(2), NUMBERS, NUMBERS[:, :1]), {"static_features": [0]}),
    ],
)  # fmt: skip
def test_a_memory_map_gives_the_same_network(X, parameters, mapped):
    parameters = dict(parameters)
    weights = parameters.pop("sample_weight", None)
    expected = small(**parameters).fit(X, Y, weights)
    fitted = small(**parameters).fit(mapped(X), Y, weights)
    assert_same(fitted, expected)
    assert_array_equal(fitted.predict_proba(mapped(X)), expected.predict_proba(X))
    frozen = fitted.freeze()
    assert_array_equal(frozen.decision_function(mapped(X)), frozen.decision_function(X))
    staged, wanted = (np.array([*fitted.staged_predict_proba(x)]) for x in (mapped(X), X))
    assert_array_equal(staged, wanted)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_training_goes_on_with_memory_maps(method, mapped):
    fitted, expected = (small(warm_start=True).fit(NUMBERS, Y) for _ in range(2))
    for rows in (slice(0, 60), slice(30, None)):
        getattr(fitted, method)(mapped(PADDED.astype(np.float32))[rows], Y[rows])
        getattr(expected, method)(PADDED[rows], Y[rows])
        assert_same(fitted, expected)
    X_val = {"X_val": mapped(PADDED, "other"), "y_val": Y}
    assert_same(fitted.fit(mapped(NUMBERS), Y, **X_val), expected.fit(NUMBERS, Y, X_val=PADDED, y_val=Y))


@pytest.mark.parametrize("repeats", [1, 30], ids=["all rows differ", "few rows differ"])
def test_equal_rows_are_merged(repeats, mapped):
    X, y = np.repeat(np.round(NUMBERS[: N // repeats]), repeats, axis=0), np.repeat(Y[: N // repeats], repeats)
    order = np.random.default_rng(1).permutation(len(y))
    for rows in (slice(None), order):
        expected = small(batch_size=100 if repeats == 1 else 16).fit(X[rows], y[rows])
        assert_same(clone(expected).fit(mapped(X[rows]), y[rows]), expected)


def test_rows_are_not_copied(mapped, monkeypatch):
    """What reaches the network are rows of the map itself, also of those that are held out and of positive weight."""
    made = []
    of = Batches.of.__func__
    monkeypatch.setattr(Batches, "of", classmethod(lambda cls, x, *rest: made.append(x) or of(cls, x, *rest)))
    X = mapped(PADDED.astype(np.float32))
    small(early_stopping=True).fit(X, Y, sample_weight=WEIGHTS)
    passes = make_pipeline(FunctionTransformer(), "passthrough", small()).fit(X[5:], Y[5:])
    passes.fit(X[:, :, 1:], Y)
    assert len(made) == 4
    for x in made:
        assert isinstance(x, LazyRows)
        assert is_mapped(x._source)


def test_large_arrays_in_memory_are_read_where_they_are(monkeypatch):
    assert not stays_in_place(NUMBERS)
    monkeypatch.setattr(lazy_rows, "_ALWAYS_COPIED", 1000)
    monkeypatch.setattr(lazy_rows, "available_memory", lambda: 4 * 4 * NUMBERS.size)
    assert not stays_in_place(NUMBERS)
    expected = small().fit(NUMBERS, Y)
    monkeypatch.setattr(lazy_rows, "available_memory", lambda: 4 * 4 * NUMBERS.size - 4)
    assert stays_in_place(NUMBERS)
    assert stays_in_place(NUMBERS.astype(np.float32))
    assert not stays_in_place(BYTES)
    assert_same(small().fit(NUMBERS, Y), expected)


def test_what_is_mapped(mapped, tmp_path):
    X = mapped(NUMBERS)
    for view in (X, X[3:], X[:, ::2], np.asarray(X)[None], X.T, memoryview(X).obj):
        assert is_mapped(view)
    for copy in (np.array(X), X[[1, 2]], X + 1, NUMBERS):
        assert not is_mapped(copy)
    with open(tmp_path / "X.npy", "rb") as file:
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        assert is_mapped(np.frombuffer(whole, dtype=np.uint8))


def test_validation_and_searches_take_memory_maps(mapped):
    X = mapped(NUMBERS.astype(np.float32))
    scores = cross_val_score(small(), X, Y, cv=2)
    assert_array_equal(scores, cross_val_score(small(), NUMBERS, Y, cv=2))
    found, wanted = (OptunaSearchCV(small(), n_trials=1, cv=2, random_state=0).fit(x, Y) for x in (X, NUMBERS))
    assert_array_equal(found.cv_results_["mean_test_score"], wanted.cv_results_["mean_test_score"])


WRONG = NUMBERS.copy()
WRONG[70, 3, 1] = np.nan


@pytest.mark.parametrize(
    ("X", "parameters", "message"),
    [
        (WRONG, {}, "Input X contains NaN: sequence 70 of X at step 3"),
        (np.where(np.isnan(WRONG), 1e39, WRONG), {}, "too large for .*: sequence 70 of X at step 3"),
        (np.where(np.isnan(WRONG).any(axis=(1, 2))[:, None, None], np.nan, WRONG), {}, "Sequence 70 of X has no steps"),
        (WRONG[:, :, 1], {}, "Input X contains NaN: row 70, column 3"),
        (np.where(np.arange(N)[:, None] == 70, -1, IDS), {"embedding_dim": 2}, "sequence 70 of X at step 0 holds -1"),
        (np.where(np.arange(N)[:, None] == 70, 9, IDS % 9), {"embedding_dim": 2, "vocabulary_size": 9}, "quence 70"),
        (np.where(np.arange(2), NUMBERS, np.arange(7)[:, None] * (np.arange(N)[:, None, None] == 70)),
         {"static_features": [0]}, "changes within sequence 70 of X"),
    ],
)  # fmt: skip
def test_errors_name_the_row_in_the_map(X, parameters, message, mapped):
    for given in (X, mapped(X)):
        with pytest.raises(ValueError, match=message):
            small(**parameters).fit(given, Y)


def test_unknown_ids_are_counted_once(mapped):
    fitted = small(embedding_dim=2).fit(IDS[IDS.max(axis=1) < 15], Y[IDS.max(axis=1) < 15])
    for X in (IDS, mapped(IDS)):
        with pytest.warns(UserWarning, match=f"X holds {(IDS > 14).sum()} token ids of 15 and above") as caught:
            predicted = fitted.predict_proba(X)
        assert len(caught) == 1
    assert_array_equal(predicted, fitted.predict_proba(np.where(IDS > 14, 0, IDS)))


def test_calls_into_the_graph_are_bounded(monkeypatch, mapped):
    """Long rows: fewer batches are read at once, which changes no weight."""
    expected = small(batch_size=8).fit(NUMBERS, Y)
    monkeypatch.setattr(network, "BYTES_PER_CALL", 2 * 8 * 7 * 2 * 4)
    seen = []
    chunk = Batches.chunk
    monkeypatch.setattr(Batches, "chunk", lambda self, rows: seen.append(len(rows)) or chunk(self, rows))
    fitted = clone(expected).fit(mapped(NUMBERS), Y)
    assert max(seen) == 16
    assert_array_equal(fitted._state.weights[0], expected._state.weights[0])
