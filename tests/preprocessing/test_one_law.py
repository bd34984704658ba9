"""`fit_transform` takes exactly what `fit` and then `transform` take, with the same, finite result."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skrnn.preprocessing import (
    ImageToSequence,
    PatchSequence,
    SequenceDifference,
    SequenceImputer,
    SequencePadder,
    SequenceResampler,
    SequenceScaler,
    TabularToSequence,
    TextToSequence,
    TimeDistributed,
    scaled_bytes,
    scaled_floats,
)
from tests.containers import COLLECTIONS, TABLES, rows_of

rng = np.random.default_rng(0)
N = 6
BYTES = rng.integers(0, 256, size=(N, 4, 2), dtype=np.uint8)
FEATURES = rng.normal(size=(N, 4, 2))
FORMS = {
    "numbers": FEATURES[:, :, 0],
    "features": FEATURES,
    "increasing": np.abs(FEATURES).cumsum(axis=1),
    "float16": FEATURES.astype(np.float16),
    "largest floats": FEATURES / np.abs(FEATURES).max() * 1.7e308,
    "beyond float64": FEATURES.astype(np.longdouble) * np.longdouble("1e400"),
    "ids": rng.integers(1, 9, size=(N, 4)),
    "flags": FEATURES[:, :, 0] > 0,
    "bytes": BYTES,
    "16 bits": rng.integers(0, 2**16, size=(N, 4, 4), dtype=np.uint16),
    "colours": rng.integers(0, 256, size=(N, 4, 4, 3), dtype=np.uint8),
    "scaled bytes": scaled_bytes(BYTES, 255),
    "scaled table": scaled_bytes(BYTES[:, :, 0], 255),
    "missing values": np.where(rng.random((N, 4, 2)) > 0.8, np.nan, FEATURES),
    "unequal": [row[: 2 + number % 3] for number, row in enumerate(FEATURES)],
    "unequal ids": [row[: 2 + number % 3] for number, row in enumerate(rng.integers(1, 9, size=(N, 4)))],
    "texts": ["a b", "b c d", "", "a", "d d", "c"],
}
TRANSFORMERS = [
    ImageToSequence(),
    ImageToSequence("columns", dtype="uint8"),
    ImageToSequence("pixels", dtype="float16", scale=None),
    ImageToSequence(image_shape=(2, 2)),
    TabularToSequence(2),
    SequencePadder(3),
    SequenceScaler(),
    SequenceImputer("linear", add_indicator=True),
    SequenceDifference(),
    SequenceResampler(3),
    SequenceResampler(interval=0.5, time=0),
    PatchSequence(3, stride=1),
    TextToSequence(max_length=None),
    TimeDistributed(StandardScaler()),
    TimeDistributed(OneHotEncoder(handle_unknown="ignore")),
]
CONTAINERS = {
    "array": np.asarray,
    **{name: COLLECTIONS[name] for name in ("list", "object array", "pandas series", "Arrow array", "polars series")},
    **{f"table of {name}": TABLES[name] for name in ("pandas", "objects", "Arrow table")},
}


def result_or_error(call):
    try:
        return call()
    except (TypeError, ValueError) as error:
        return str(error)


def plain(result):
    return [scaled_floats(row).astype(np.longdouble) for row in result]


def examples(forms):
    for values in (FORMS[form] for form in forms):
        for make in CONTAINERS.values():
            try:
                yield make(list(values) if make in COLLECTIONS.values() else values)
            except Exception:  # the container cannot hold such data
                continue


@pytest.mark.filterwarnings("ignore:scale='auto' divides:UserWarning")
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda transformer: str(clone(transformer)))
def test_fit_takes_what_transform_takes(transformer):
    n_taken = 0
    # Scikit-learn's transformers warn of values that are too large.
    too_large = {"largest floats", "beyond float64"} if isinstance(transformer, TimeDistributed) else set()
    for X in examples(form for form in FORMS if form not in too_large):
        both = clone(transformer)
        at_once = result_or_error(lambda X=X: clone(transformer).fit_transform(X))
        in_turn = result_or_error(lambda X=X, both=both: both.fit(X).transform(X))
        if isinstance(at_once, str):
            assert isinstance(in_turn, str)
            continue
        n_taken += 1
        for found, expected in zip(plain(in_turn), plain(at_once), strict=True):
            assert_array_equal(found, expected)
            assert not np.isinf(found).any()
        rows = rows_of(X, [4, 1])
        assert len(both.transform(rows)) == 2
    assert n_taken >= 4
