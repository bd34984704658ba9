"""Sizes that no machine holds are refused with the bytes they would take, before anything is allocated."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.preprocessing import OneHotEncoder

from skrnn import GRUClassifier, LSTMClassifier, SimpleRNNClassifier, _memory
from skrnn._memory import available_memory, in_units, shortage
from skrnn.estimators import base
from skrnn.network import size
from skrnn.network.size import copies_in_training, rows_at_once, weights_of
from skrnn.preprocessing import (
    PatchSequence,
    SequencePadder,
    SequenceResampler,
    TextToSequence,
    TimeDistributed,
    sliding_windows,
)

Y = np.arange(12) % 2
X = np.random.default_rng(0).normal(size=(12, 4, 2))
LONG = np.random.default_rng(0).integers(0, 9, (100, 20_000, 1), dtype=np.uint8)
IDS = [[1, 2, 3], [4, 5]] * 6


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (16e9, "16.0 GB"), (10**400, "1e+12 EB")],
)
def test_bytes_in_readable_units(n_bytes, text):
    assert in_units(n_bytes) == text


def test_there_is_memory_for_four_fifths_of_what_can_be_had(monkeypatch):
    monkeypatch.setattr(_memory, "available_memory", lambda: 1_000_000_000)
    assert shortage(800_000_000) == ""
    assert shortage(800_000_001) == "would take 800.0 MB of memory, but there are only 800.0 MB"


def test_the_limit_of_a_container_counts(monkeypatch, tmp_path):
    free = available_memory()
    limit, used = tmp_path / "memory.max", tmp_path / "memory.current"
    monkeypatch.setattr(_memory, "_LIMITS", ((str(limit), str(used)),))
    limit.write_text("max\n")
    assert abs(available_memory() - free) < free / 2
    limit.write_text("100000\n")
    assert available_memory() > 100_000  # no file says how much is used
    used.write_text("40000\n")
    stat = tmp_path / "memory.stat"
    stat.write_text("anon 30000\nfile 10000\n")
    assert available_memory() == 60_000
    stat.write_text("anon 30000\ninactive_file 7000\nactive_file 3000\n")
    assert available_memory() == 70_000
    used.write_text("140000\n")
    assert available_memory() == 0


@pytest.mark.parametrize(
    ("parameters", "data"),
    [
        ({"units": 3}, X),
        ({"units": (3, 5), "bidirectional": True, "dense_units": (7, 2)}, X),
        ({"units": (4, 2), "batch_normalization": True, "static_features": [1]}, np.repeat(X[:, :1], 4, axis=1)),
        ({"units": 3, "embedding_dim": 5, "vocabulary_size": 11}, IDS),
    ],
)
@pytest.mark.parametrize("classifier", [SimpleRNNClassifier, LSTMClassifier, GRUClassifier])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_weights_of_a_network_are_counted(classifier, parameters, data, n_classes):
    fitted = classifier(**parameters).initialize(data, np.arange(12) % n_classes)
    assert sum(weights_of(fitted._spec).values()) == fitted.n_parameters_


@pytest.mark.parametrize(
    ("optimizer", "copies"),
    [("sgd", 3), ("adam", 7), ("Nadam", 7), ("rmsprop", 5), (keras.optimizers.SGD, 3), (keras.optimizers.Adam(), 7)],
)
def test_moments_of_the_optimizer_count(optimizer, copies):
    assert copies_in_training(optimizer) == copies


def long_among_short():
    return [np.zeros(30), np.zeros(10**6), *(np.zeros(20) for _ in range(9_998))]


TOO_LARGE = {
    "stray id": (
        lambda: GRUClassifier(4, embedding_dim=32).fit([*IDS[:11], [3, 2**31 - 1]], Y),
        r"Sequence 11 of X at step 1 holds the token id 2147483647\. Training an embedding .* would take 1\.9 TB",
    ),
    "vocabulary_size": (
        lambda: GRUClassifier(4, embedding_dim=32, vocabulary_size=10**12).fit(IDS, Y),
        r"Training an embedding with vocabulary_size=1000000000000 would take 896\.0 TB",
    ),
    "embedding_dim": (
        lambda: GRUClassifier(4, embedding_dim=10**12).fit(IDS, Y),
        r"^Training an embedding with embedding_dim=1000000000000 would take 168\.0 TB .* Lower it\.",
    ),
    "units": (
        lambda: LSTMClassifier(200_000).fit(X, Y),
        r"Training a network with units=200000 would take 4\.5 TB of memory.*160,002,600,001 weights, and "
        r"training holds 7 numbers for each\. Lower units",
    ),
    "layers": (lambda: GRUClassifier((4, 10**6)).fit(X, Y), r"with units=\(4, 1000000\) would take 84\.0 TB"),
    "dense_units": (
        lambda: GRUClassifier(4, dense_units=(10**6, 10**6)).fit(X, Y),
        r"with dense_units=\(1000000, 1000000\) would take 28\.0 TB",
    ),
    "batch_size": (
        lambda: GRUClassifier(2000, batch_size=10**9).fit(
            np.random.default_rng(0).integers(0, 9, (100, 20_000, 1), dtype=np.uint8), np.arange(100) % 2
        ),
        r"Training on batches of 100 sequences of 20000 steps would take 64\.0 GB .* a smaller batch_size",
    ),
    "a long element": (
        lambda: GRUClassifier(4).fit(long_among_short(), np.arange(10_000) % 2),
        r"Sequence 1 of X has 1000000 steps, the others at most 30; padding all 10000 sequences to 1000000 steps "
        r"would take 50\.0 GB of memory, but there are only .*SequencePadder\(max_length=\.\.\.\), or cut .*windows",
    ),
    "SequencePadder": (
        lambda: SequencePadder(10**12).fit_transform([[1.0, 2.0], [3.0]]),
        r"Padding 2 sequences to max_length=1000000000000 steps would take 18\.0 TB .*The longest has 2 steps",
    ),
    "TextToSequence": (lambda: TextToSequence(max_length=10**12).fit(["a b"]), "to max_length=1000000000000 steps"),
    "SequenceResampler": (
        lambda: SequenceResampler(n_steps=10**12).fit_transform(X),
        r"12 sequences of n_steps=1000000000000 would take 480\.0 TB",
    ),
    "interval": (
        lambda: SequenceResampler(interval=1e-9, time=0).fit_transform([[0.0, 1e9]]),
        r"Sequence 0 of X lasts 1e\+09 units of time, which interval=1e-09 divides into 1e\+18 steps; all sequences "
        r"would take 32 EB .*Set a larger interval, in the unit of the feature 0\.",
    ),
    "smallest interval": (
        lambda: SequenceResampler(interval=5e-324, time=0).fit_transform([[0.0, 1e9]]),
        "divides into inf steps; all sequences would take 1e.12 EB",
    ),
    "PatchSequence": (
        lambda: PatchSequence(10**12).fit_transform(X),
        r"12 patches of patch_length=1000000000000 steps would take 288\.0 TB",
    ),
    "sliding_windows": (
        lambda: sliding_windows(np.broadcast_to(np.uint8(0), (2, 3 * 10**5, 1)), length=10**5, step=1),
        r"400002 windows of length=100000 steps would take 40\.0 GB .*a larger step or a shorter length",
    ),
    "OneHotEncoder": (
        lambda: TimeDistributed(OneHotEncoder()).fit_transform(np.arange(10.0**5).reshape(1, -1, 1)),
        r"turned 100000 steps into a sparse matrix of 100000 features, which as an array would take 80\.0 GB",
    ),
}


@pytest.mark.filterwarnings("ignore::skrnn.InputWarning")
@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_no_machine_holds_is_refused(name, monkeypatch):
    call, message = TOO_LARGE[name]
    monkeypatch.setattr(_memory, "available_memory", lambda: 30_000_000_000)
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("number", [10**400, 2**64])
def test_integers_that_no_array_holds_are_refused_as_parameters(number):
    for estimator in (
        PatchSequence(number),
        SequencePadder(number),
        SequenceResampler(number),
        GRUClassifier(4, embedding_dim=number),
        GRUClassifier(batch_size=number),
    ):
        with pytest.raises(ValueError, match=r"The '.*' parameter of .* must be"):
            estimator.fit(X, Y)


def test_long_sequences_are_predicted_in_smaller_parts(monkeypatch):
    spec = LSTMClassifier(64, epochs=1).initialize(X, Y)._spec
    assert [rows_at_once(spec, n_steps, 1024) for n_steps in (1, 1_000, 50_000, 10**9)] == [1024, 1024, 33, 1]
    assert rows_at_once(spec, 50_000, 256, itemsize=8) == 16
    fitted = LSTMClassifier(3, epochs=1, random_state=0).fit(X, Y, X_val=X, y_val=Y)
    expected, loss = fitted.predict_proba(X), fitted.history_["val_loss"]
    monkeypatch.setattr(size, "_AT_ONCE", 5 * 4 * 4 * 3 * 5)  # five rows
    for small in (base._SMALL, 0):  # through NumPy and through the graph
        monkeypatch.setattr(base, "_SMALL", small)
        assert_allclose(fitted.predict_proba(X), expected, rtol=1e-5)
    assert_allclose([*fitted.staged_predict_proba(X)][-1], expected, rtol=1e-5)
    again = LSTMClassifier(3, epochs=1, random_state=0).fit(X, Y, X_val=X, y_val=Y)
    assert_allclose(again.history_["val_loss"], loss, rtol=1e-5)
