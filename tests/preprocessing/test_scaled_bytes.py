"""Bytes with a scale: what keeps the scale, what is an error, and that nothing reads them without it."""

import copy
import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils import _safe_indexing

from skrnn.model_selection.fingerprint import fingerprint
from skrnn.plotting import HardestSamplesDisplay
from skrnn.preprocessing import (
    ImageToSequence,
    PatchSequence,
    SequenceDifference,
    SequenceImputer,
    SequencePadder,
    SequenceResampler,
    SequenceScaler,
    TabularToSequence,
    TimeDistributed,
    from_channels_first,
    scaled_bytes,
    scaled_floats,
    sliding_windows,
)
from skrnn.preprocessing.byte_scale import scale_of

RAW = np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)
FLOATS = RAW / np.float32(255)
X = scaled_bytes(RAW, 255)


def through_a_file(array):
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    return np.load(file)


def through_a_memory_map(array, folder):
    np.save(folder / "x.npy", array)
    return np.load(folder / "x.npy", mmap_mode="r")


KEPT = {
    "asarray": np.asarray,
    "copy": np.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda X: pickle.loads(pickle.dumps(X)),
    "file": through_a_file,
    "slices": lambda X: X[:, ::-1][:, ::-1],
    "rows": lambda X: _safe_indexing(X, [*range(len(X))]),
    "concatenate": lambda X: np.concatenate([X[:2], X[2:]]),
    "stack": lambda X: np.stack([*X]),
    "list": lambda X: np.array([*X]),
    "Fortran order": np.asfortranarray,
    "object array": lambda X: np.array([*X, None], dtype=object)[0][np.newaxis],
    "masked": np.ma.asarray,
    "broadcast": lambda X: np.broadcast_to(X[:1], X.shape),
}


@pytest.mark.parametrize("name", KEPT)
def test_numpy_keeps_the_scale(name):
    kept = KEPT[name](X)
    assert kept.dtype == X.dtype
    assert_array_equal(scaled_floats(kept), np.asarray(KEPT[name](FLOATS)).astype(np.float32), strict=True)


def test_memory_maps_keep_the_scale(tmp_path):
    assert_array_equal(scaled_floats(through_a_memory_map(X, tmp_path)), FLOATS, strict=True)
    joblib.dump(X, tmp_path / "x.joblib")
    assert_array_equal(scaled_floats(joblib.load(tmp_path / "x.joblib", mmap_mode="r")), FLOATS, strict=True)


LOSES = {
    "float": lambda X: X.astype(np.float32),
    "bytes": lambda X: X.astype(np.uint8),
    "asarray of floats": lambda X: np.asarray(X, dtype=float),
    "array of scalars": lambda X: np.array([X[0, 0, 0]], dtype=float),
    "assignment": lambda X: FLOATS.copy().__setitem__(..., X),
    "addition": lambda X: X + 1,
    "division": lambda X: X / 255,
    "mean": lambda X: X.mean(),
    "mean of floats": lambda X: X.mean(dtype=np.float32),
    "maximum": lambda X: X.max(),
    "with floats": lambda X: np.concatenate([X, FLOATS]),
    "with bytes": lambda X: np.stack([X, RAW]),
    "with another scale": lambda X: np.concatenate([X, scaled_bytes(RAW, 127)]),
    "where": lambda X: np.where(RAW > 3, X, 0.0),
    "histogram": np.histogram,
    "StandardScaler": lambda X: StandardScaler().fit(X[0]),
    "PCA": lambda X: PCA().fit(X[0]),
    "LogisticRegression": lambda X: LogisticRegression().fit(X[0], [0, 1, 0, 1]),
    "RandomForestClassifier": lambda X: RandomForestClassifier().fit(X[0], [0, 1, 0, 1]),
    "series of pandas": lambda X: pd.Series(X[0, 0]),
}


@pytest.mark.parametrize("name", LOSES)
def test_what_would_lose_the_scale_is_an_error(name):
    with pytest.raises((TypeError, ValueError)):
        LOSES[name](X)


@given(st.floats(1e-30, 1e30), st.integers(0, 255))
def test_the_scale_is_exact(scale, value):
    scaled = through_a_file(scaled_bytes(np.array([value], dtype=np.uint8), scale))
    assert scale_of(scaled.dtype) == scale
    assert scaled_floats(scaled)[0] == np.float32(value) / np.float32(scale)


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf, 1e-300, 1e-37, 1e300])
def test_bytes_need_a_scale_that_float32_can_hold(scale):
    with pytest.raises(ValueError, match=r"Expected a positive, finite scale .*, got "):
        scaled_bytes(RAW, scale)


def test_only_bytes_can_be_scaled_bytes():
    with pytest.raises(TypeError, match="Expected values of type uint8, got float32"):
        scaled_bytes(FLOATS, 255)


def test_masked_bytes_are_missing():
    masked = np.ma.array(X, copy=True)
    masked[2, 3] = np.ma.masked
    expected = FLOATS.copy()
    expected[2, 3] = np.nan
    assert_array_equal(scaled_floats(masked), expected, strict=True)
    assert_array_equal(SequencePadder().fit_transform(masked), expected)


CONTAINERS = {
    "array": lambda X: X,
    "list": list,
    "unequal": lambda X: [X[0], X[1][:2], *X[2:]],
    "object array": lambda X: np.array([*X, None], dtype=object)[:-1],
    "lists of steps": lambda X: [list(row) for row in X],
    "series": lambda X: pd.Series(list(X)),
    "beside floats": lambda X: [FLOATS[0], *X[1:]],
    "beside another scale": lambda X: [X[0], scaled_bytes(RAW, 255.5)[1], *X[2:]],
}
TRANSFORMERS = {
    "PatchSequence": PatchSequence(2),
    "SequenceDifference": SequenceDifference(),
    "SequenceImputer": SequenceImputer(),
    "SequencePadder": SequencePadder(5),
    "SequenceResampler": SequenceResampler(3),
    "SequenceScaler": SequenceScaler("center"),
    "TimeDistributed": TimeDistributed(StandardScaler()),
}


def as_lists(result):
    return [np.asarray(row).astype(np.float32) for row in result]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers_read_the_scaled_numbers(name, container):
    scaled = CONTAINERS[container](X)
    floats = [scaled_floats(row) if isinstance(row, np.ndarray) else scaled_floats(np.array(row)) for row in scaled]
    for found, expected in zip(
        TRANSFORMERS[name].fit_transform(scaled), TRANSFORMERS[name].fit_transform(floats), strict=True
    ):
        assert_array_equal(found.astype(np.float32), expected.astype(np.float32))


def test_tables_and_images_read_the_scaled_numbers():
    table = X[:, :, 0]
    assert_array_equal(TabularToSequence(2).fit_transform(table), FLOATS[:, :, 0].reshape(6, 2, 2))
    assert_array_equal(ImageToSequence().fit_transform(X), FLOATS)


def test_rearranged_bytes_stay_bytes():
    swapped = from_channels_first(X)
    assert np.shares_memory(swapped, X)
    assert_array_equal(scaled_floats(swapped), FLOATS.swapaxes(1, 2))
    for recordings, floats in ((X[0], FLOATS[0]), (X, FLOATS), ([X[0], X[1][:3]], [FLOATS[0], FLOATS[1][:3]])):
        windows = sliding_windows(recordings, length=2, step=1).windows
        assert windows.dtype == X.dtype
        assert_array_equal(scaled_floats(windows), sliding_windows(floats, length=2, step=1).windows)


def test_images_make_them_and_take_them_back():
    encoder = ImageToSequence("columns", dtype="uint8")
    scaled = encoder.fit_transform(RAW)
    assert scaled.nbytes == RAW.nbytes
    assert_array_equal(scaled_floats(scaled), ImageToSequence("columns").fit_transform(RAW), strict=True)
    for sequences in (scaled, list(scaled), scaled_floats(scaled)):
        assert_array_equal(encoder.inverse_transform(sequences), RAW, strict=True)


def test_scales_make_searches_differ():
    same, other = scaled_bytes(RAW.copy(), 255), scaled_bytes(RAW, 254.0)
    assert fingerprint({"X": X}) == fingerprint({"X": same})
    assert len({fingerprint({"X": each}) for each in (X, other, RAW, FLOATS)}) == 4


@pytest.mark.parametrize("kind", ["image", "sequence", None])
def test_samples_are_drawn_with_their_scale(kind):
    images = scaled_bytes(np.arange(128, dtype=np.uint8).reshape(2, 8, 8), 127)
    display = HardestSamplesDisplay(samples=images, true=[0, 1], predicted=[1, 0], kind=kind).plot()
    artist = display.artists_[1][-1]
    drawn = artist.get_array()[:, -1] if kind != "sequence" else artist.get_ydata()
    assert_array_equal(drawn, scaled_floats(images)[1, :, -1])
