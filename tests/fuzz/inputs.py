"""Strategies for X and y: every container that docs/input.md names, and what people pass by mistake.

hypothesis draws the shape, the container and the damage; the numbers come from a seed, because drawing each of them is
slow and finds nothing more.
"""

import array
import collections
import datetime
import decimal
import fractions
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse
from hypothesis import strategies as st

from skrnn.preprocessing.reading import to_object_array
from tests.fuzz.tally import IS_LONG


class Data(NamedTuple):
    """What was drawn.

    Attributes
    ----------
    X : object
        What to pass.
    n : int
        The number of sequences that it was made of.
    form : str
        The container and the damage, for messages.
    """

    X: Any
    n: int
    form: str


def one_in(n: int) -> st.SearchStrategy[bool]:
    """Draw True in one of n cases; hypothesis draws the ends of a range too often for that."""
    return st.integers(0, n - 1).map(lambda number: number == n // 3)


def _read_only(X: np.ndarray) -> np.ndarray:
    X = X.copy()
    X.flags.writeable = False
    return X


def _strided(X: np.ndarray) -> np.ndarray:
    return np.repeat(X, 2, axis=0)[::2]


def _backwards(X: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(X[:, ::-1])[:, ::-1]


def _swapped(X: np.ndarray) -> np.ndarray:
    return X.astype(X.dtype.newbyteorder())


def _masked(X: np.ndarray) -> np.ndarray:
    mask = np.zeros(X.shape, dtype=bool)
    mask[0, -1] = True
    return np.ma.masked_array(X, mask)


def _objects(X: np.ndarray) -> np.ndarray:
    return X.astype(object)


def _tensor(X: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.constant(X)


def _ragged(rows: list[np.ndarray]) -> Any:
    import tensorflow as tf

    return tf.ragged.constant([row.tolist() for row in rows], ragged_rank=1)


def _nested_frame(rows: list[np.ndarray]) -> pd.DataFrame:
    columns = [np.atleast_2d(row.T) for row in rows]
    return pd.DataFrame({f"f{i}": [pd.Series(column[i]) for column in columns] for i in range(len(columns[0]))})


def _frames(rows: list[np.ndarray]) -> list[pd.DataFrame]:
    return [pd.DataFrame(row.reshape(len(row), -1)).add_prefix("f") for row in rows]


def _dates(X: np.ndarray) -> np.ndarray:
    return np.full(X.shape, np.datetime64("2026-01-01"))


def _records(X: np.ndarray) -> np.ndarray:
    return np.zeros(X.shape, dtype=[("a", float), ("b", int)])


# of arrays of two or three dimensions
ARRAYS = {
    "array": lambda X: X,
    "read-only": _read_only,
    "Fortran": np.asfortranarray,
    "strided": _strided,
    "negative stride": _backwards,
    "byte-swapped": _swapped,
    "masked": _masked,
    "objects": _objects,
    "nested lists": lambda X: X.tolist(),
    "tensor": _tensor,
    "memoryview": lambda X: memoryview(np.ascontiguousarray(X)),
}
TABLES = {
    "data frame": pd.DataFrame,
    "named data frame": lambda X: pd.DataFrame(X).add_prefix("c"),
    "data frame of objects": lambda X: pd.DataFrame(X).astype(object),
    "nullable data frame": lambda X: pd.DataFrame(X).convert_dtypes(),
    "data frame of Arrow": lambda X: pd.DataFrame(X).convert_dtypes(dtype_backend="pyarrow"),
    "polars": lambda X: pl.DataFrame(X),
    "pyarrow": lambda X: pa.table(pd.DataFrame(X).add_prefix("c")),
    "matrix": np.matrix,
    "sparse": scipy.sparse.csr_array,
}
# of lists of sequences
LISTS = {
    "list": list,
    "tuple": tuple,
    "lists": lambda rows: [row.tolist() for row in rows],
    "tuples": lambda rows: tuple(tuple(map(tuple, row)) if row.ndim == 2 else tuple(row) for row in rows),
    "object array": to_object_array,
    "series": lambda rows: pd.Series(rows),
    "series of lists": lambda rows: pd.Series([row.tolist() for row in rows], index=range(7, 7 + len(rows))),
    "Arrow array": lambda rows: pa.array([row.tolist() for row in rows]),
    "chunked array": lambda rows: pa.chunked_array([[row.tolist()] for row in rows]),
    "Arrow series": lambda rows: pd.Series(pd.arrays.ArrowExtensionArray(pa.array([row.tolist() for row in rows]))),
    "polars series": lambda rows: pl.Series([row.tolist() for row in rows]),
    "ragged tensor": _ragged,
    "nested frame": _nested_frame,
    "frames": _frames,
    "frames of polars": lambda rows: [pl.DataFrame(row.reshape(len(row), -1)) for row in rows],
    "deque": collections.deque,
    "object columns": lambda rows: [row.astype(object) for row in rows],
    "arrays of Python": lambda rows: [array.array("d", row.ravel().astype(float)) for row in rows],
    "masked rows": lambda rows: [np.ma.masked_array(row, np.arange(row.size).reshape(row.shape) == 0) for row in rows],
}
# what is not an X, made of an array
MISTAKES = {
    "None": lambda X: None,
    "number": lambda X: 3.5,
    "text": lambda X: "sequence",
    "texts": lambda X: ["a good film"] * len(X),
    "array of texts": lambda X: X.astype(str),
    "bytes": lambda X: X.astype(bytes),
    "dates": _dates,
    "durations": lambda X: _dates(X) - np.datetime64("2025-01-01"),
    "complex": lambda X: X + 1j,
    "records": _records,
    "set": lambda X: {1, 2, 3},
    "dict": lambda X: {"a": X},
    "generator": lambda X: iter([1, 2]),
    "scalar array": lambda X: np.array(1.0),
    "one dimension": lambda X: X.ravel(),
    "four dimensions": lambda X: X[:, None, None],
    "no rows": lambda X: X[:0],
    "no steps": lambda X: X[:, :0],
    "no features": lambda X: X[..., :0],
    "empty list": lambda X: [],
    "list of None": lambda X: [None] * len(X),
    "list of scalars": lambda X: list(range(len(X))),
    "two inputs": lambda X: [X, X],
    "some rows are None": lambda X: [*X[1:], None],
    "rows of other depth": lambda X: [X[0][..., None], *X[1:]],
    "an empty row": lambda X: [X[0][:0], *X[1:]],
    "rows of texts": lambda X: [["a", "b"]] * len(X),
    "a dict in a row": lambda X: [{"a": 1}, *X[1:]],
    "huge integers": lambda X: [[10**400] * 3] * len(X),
    "decimals": lambda X: [[decimal.Decimal("1.5")] * 3] * len(X),
    "fractions": lambda X: [[fractions.Fraction(1, 3)] * 3] * len(X),
    "dates of Python": lambda X: [[datetime.date(2026, 1, 1)] * 3] * len(X),
    "a class": lambda X: np.ndarray,
    "sparse rows": lambda X: [scipy.sparse.csr_array(np.atleast_2d(row)) for row in X],
    "nested too deep": lambda X: [[[[1.0, 2.0]]]] * len(X),
}
DTYPES = ["f8", "f4", "f2", "g", "i8", "i4", "i1", "u1", "u2", "u8", "?"]


def _values(seed: int, shape: tuple[int, ...], scale: str, dtype: str) -> np.ndarray:
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind in "iu":
        limits = np.iinfo(dtype)
        if scale == "huge":
            return np.where(rng.random(shape) < 0.5, np.array(limits.min, dtype), np.array(limits.max, dtype))
        return rng.integers(max(limits.min, -9), 10, size=shape).astype(dtype)
    if kind == "b":
        return rng.random(shape) < 0.5
    factor = {"usual": 1.0, "huge": 1e30, "tiny": 1e-310, "constant": 0.0}[scale]
    with np.errstate(all="ignore"):
        return (factor * rng.normal(size=shape)).astype(dtype)


def _damaged(values: np.ndarray, damage: str) -> np.ndarray:
    if damage == "none" or values.dtype.kind != "f" or not values.size:
        return values
    values = values.copy()
    first = values[0]
    where = {"NaN at the end": -1, "NaN inside": len(first) // 2, "infinite": 0, "too large": 0, "one NaN": 0}
    if damage == "all NaN":
        first[...] = np.nan
    elif damage in ("infinite", "too large"):
        with np.errstate(all="ignore"):
            first[0] = np.inf if damage == "infinite" else np.float64(1e300)
    elif damage == "one NaN":
        first.flat[0] = np.nan
    else:
        first[where[damage]] = np.nan
    return values


_DAMAGES = ["NaN at the end", "NaN inside", "all NaN", "one NaN", "infinite", "too large"]
_SCALES = ["huge", "tiny", "constant"]
_FEATURES = [2, 1] if IS_LONG else [2]


@st.composite
def sequences(draw: Any, min_size: int = 1, max_size: int = 14, *, tables: bool = True) -> Data:
    """Draw numbers in any container: mostly an X that can be read."""
    n = draw(st.integers(min_size, max_size))
    seed = draw(st.integers(0, 999))
    usual = ["table", "array", "list", "univariate"] if tables else ["array", "list", "univariate"]
    kind = "mistake" if draw(one_in(12)) else draw(st.sampled_from(usual))
    dtype = draw(st.sampled_from(DTYPES[:2] * 6 + DTYPES))
    scale = draw(st.sampled_from(_SCALES)) if draw(one_in(3)) else "usual"
    damage = draw(st.sampled_from(_DAMAGES)) if draw(one_in(6)) else "none"
    n_features = draw(st.sampled_from(_FEATURES))
    if kind in ("table", "array", "mistake"):
        n_steps = draw(st.integers(1, 5))
        shape = (n, n_steps) if kind == "table" else (n, n_steps, n_features)
        values = _damaged(_values(seed, shape, scale, dtype), damage)
        kinds = {"table": {**ARRAYS, **TABLES}, "array": ARRAYS, "mistake": MISTAKES}[kind]
    else:
        lengths = draw(st.lists(st.integers(1, 6), min_size=n, max_size=n) | st.just([4] * n))
        shapes = [(length, n_features) if kind == "list" else (length,) for length in lengths]
        values = [_values(seed + i, shape, scale, dtype) for i, shape in enumerate(shapes)]
        values[0] = _damaged(values[0][None], damage)[0]
        kinds = LISTS
    container = draw(st.sampled_from(list(kinds)))
    return Data(_contained(kinds[container], values), n, f"{kind} as {container}, {dtype}, {scale}, {damage}, n={n}")


@st.composite
def token_ids(draw: Any, min_size: int = 1, max_size: int = 14) -> Data:
    """Draw token ids in any container, at times with ids that do not exist."""
    n = draw(st.integers(min_size, max_size))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    stray = draw(st.sampled_from([-1, 2**31, 2**63 - 1, 0.5, np.nan, 1e300])) if draw(one_in(6)) else None
    dtype = draw(st.sampled_from(["i8", "i8", "i4", "u1", "f8", "f4", "O"]))
    if draw(st.booleans()):
        values: Any = rng.integers(1, 9, (n, draw(st.integers(1, 5)))).astype(dtype)
        kinds = {**ARRAYS, **TABLES}
        rows = [values[0]]
    else:
        values = rows = [rng.integers(1, 9, rng.integers(1, 6)).astype(dtype) for _ in range(n)]
        kinds = LISTS
    if stray is not None and np.can_cast(np.min_scalar_type(stray), rows[0].dtype, "same_kind"):
        with np.errstate(all="ignore"):
            rows[0][0] = np.array(stray).astype(dtype)
    container = draw(st.sampled_from(list(kinds)))
    return Data(_contained(kinds[container], values), n, f"ids as {container}, {dtype}, stray {stray}, n={n}")


def _contained(container: Any, values: Any) -> Any:
    """Return values in a container, or as they are if it cannot hold them."""
    try:
        return container(values)
    except Exception:  # of the other library, such as polars for numbers of 16 bits
        return values


LABELS = {
    "numbers": lambda i: i,
    "texts": lambda i: np.array(["no", "yes", "maybe"])[i],
    "objects": lambda i: np.array(["no", "yes", "maybe"], dtype=object)[i],
    "booleans": lambda i: i == 1,
    "floats": lambda i: i.astype(float),
    "bytes": lambda i: np.array([b"no", b"yes", b"maybe"])[i],
    "unsigned": lambda i: i.astype("u1"),
    "large": lambda i: i * (2**62),
    "negative": lambda i: -i,
    "list": lambda i: i.tolist(),
    "tuple of texts": lambda i: tuple(np.array(["no", "yes", "maybe"])[i].tolist()),
    "series": lambda i: pd.Series(i, index=i),
    "categories": lambda i: pd.Series(i).astype("category"),
    "categorical": lambda i: pd.Categorical(np.array(["no", "yes", "maybe"])[i], categories=["maybe", "no", "yes"]),
    "nullable": lambda i: pd.Series(i).astype("Int64"),
    "strings of Arrow": lambda i: pd.Series(np.array(["no", "yes", "maybe"])[i]).astype("string[pyarrow]"),
    "polars": lambda i: pl.Series(i),
    "pyarrow": lambda i: pa.array(i),
    "data frame": lambda i: pd.DataFrame({"y": i}),
    "column": lambda i: i[:, None],
    "one-hot": lambda i: np.eye(3)[i],
    "one-hot lists": lambda i: np.eye(3, dtype=int)[i].tolist(),
    "dates": lambda i: np.array(["2026-01-01", "2026-01-02", "2026-01-03"], dtype="datetime64[D]")[i],
    "timestamps": lambda i: [pd.Timestamp(2026, 1, 1 + k) for k in i],
    "matrix of dates": lambda i: np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]")[i[:, None] % 2],
}
WRONG_LABELS = {
    "None": lambda i: None,
    "one class": lambda i: np.zeros(len(i), int),
    "too short": lambda i: i[1:],
    "too long": lambda i: np.append(i, 0),
    "continuous": lambda i: i + 0.5 * np.arange(len(i)) / 7,
    "NaN": lambda i: np.where(np.arange(len(i)) == 0, np.nan, i),
    "None inside": lambda i: [None, *i[1:].tolist()],
    "NaT": lambda i: np.where(np.arange(len(i)) == 0, np.datetime64("NaT"), np.datetime64("2026-01-01")),
    "NaT of durations": lambda i: np.full(len(i), np.timedelta64("NaT")),
    "NA": lambda i: pd.Series(i, dtype="Int64").where(np.arange(len(i)) > 0),
    "infinite": lambda i: np.where(np.arange(len(i)) == 0, np.inf, i),
    "mixed": lambda i: ["a", *i[1:].tolist()],
    "records": lambda i: np.zeros(len(i), dtype=[("a", int), ("b", float)]),
    "lists": lambda i: [[k] * (k + 1) for k in i.tolist()],
    "not one-hot": lambda i: np.ones((len(i), 3)),
    "complex": lambda i: i + 1j,
    "text": lambda i: "label",
    "number": lambda i: 1,
    "set": lambda i: {0, 1},
    "dict": lambda i: {"y": i},
    "generator": lambda i: iter(i.tolist()),
    "huge": lambda i: [10**400 if k else 0 for k in i],
    "three dimensions": lambda i: np.zeros((len(i), 2, 2)),
    "empty": lambda i: [],
    "objects without order": lambda i: to_object_array([object() for _ in i]),
    "complex objects": lambda i: [1j * k for k in i.tolist()],
    "masked": lambda i: np.ma.masked_array(i, i == 0),
}
_CLASSES = [2, 3] if IS_LONG else [2]


@st.composite
def labels(draw: Any, n: int) -> tuple[Any, str]:
    """Draw labels for n sequences: mostly some that can be learned."""
    indices = np.random.default_rng(draw(st.integers(0, 99))).permutation(
        np.arange(n) % draw(st.sampled_from(_CLASSES))
    )
    is_wrong = draw(one_in(16))
    kind = draw(st.sampled_from(list(WRONG_LABELS if is_wrong else LABELS)))
    return (WRONG_LABELS if is_wrong else LABELS)[kind](indices), kind


def indicators(n: int) -> st.SearchStrategy[tuple[Any, str]]:
    """Draw multilabel targets of three labels, at times wrong ones."""
    rows = st.integers(0, 99).map(lambda seed: np.random.default_rng(seed).integers(0, 2, (n, 3)))
    forms = {
        "indicator": lambda y: y,
        "booleans": lambda y: y.astype(bool),
        "frame": pd.DataFrame,
        "lists": lambda y: y.tolist(),
        "sparse": scipy.sparse.csr_array,
        "floats": lambda y: y.astype(float),
        "twos": lambda y: 2 * y,
        "NaN": lambda y: np.where(y == 1, np.nan, y),
        "one column": lambda y: y[:, :1],
        "texts": lambda y: y.astype(str),
    }
    return st.tuples(rows, st.sampled_from(list(forms))).map(lambda pair: (forms[pair[1]](pair[0]), pair[1]))


WEIGHTS = {
    "none": lambda w: None,
    "weights": lambda w: w,
    "ones": np.ones_like,
    "integers": lambda w: np.ceil(3 * w).astype(int),
    "list": lambda w: w.tolist(),
    "series": pd.Series,
    "some zero": lambda w: np.where(np.arange(len(w)) % 4 == 3, 0, w),
    "huge": lambda w: w * 1e308,
    "tiny": lambda w: w * 1e-310,
    "far apart": lambda w: np.where(np.arange(len(w)) % 2, w * 1e300, w * 1e-300),
    "halves": lambda w: w.astype("f2"),
    "fractions": lambda w: [fractions.Fraction(1, 3)] * len(w),
    "number": lambda w: 2.0,
}
WRONG_WEIGHTS = {
    "all zero": np.zeros_like,
    "negative": lambda w: -w,
    "NaN": lambda w: np.full(len(w), np.nan),
    "infinite": lambda w: np.full(len(w), np.inf),
    "too short": lambda w: w[1:],
    "texts": lambda w: w.astype(str),
    "columns": lambda w: np.stack([w, w], axis=1),
    "None inside": lambda w: [None, *w[1:].tolist()],
    "huge integers": lambda w: [10**400] * len(w),
    "complex": lambda w: w + 1j,
    "dict": lambda w: {0: 1.0},
    "text": lambda w: "balanced",
}


@st.composite
def weights(draw: Any, n: int) -> tuple[Any, str]:
    """Draw sample weights for n sequences: mostly none, or some that can be used."""
    values = 0.1 + np.random.default_rng(draw(st.integers(0, 99))).random(n)
    if draw(st.booleans()):
        return None, "none"
    kinds = WRONG_WEIGHTS if draw(one_in(10)) else WEIGHTS
    kind = draw(st.sampled_from(list(kinds)))
    return kinds[kind](values), kind
