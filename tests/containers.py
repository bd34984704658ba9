"""All containers of sequences that X may be, for laws about reading.

`COLLECTIONS` makes X of a list of sequences, `SEQUENCES` makes one sequence of an array, and `TABLES` makes X of an
array of two dimensions. A maker raises an error of its own where its library cannot hold such data.
"""

import array
from collections import deque

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from sklearn.utils import _safe_indexing


def objects(values):
    result = np.empty(len(values), dtype=object)
    result[:] = [None] * len(values)
    for index, value in enumerate(values):
        result[index] = value
    return result


def ragged_tensor(sequences):
    import tensorflow as tf

    return tf.ragged.constant([np.asarray(steps).tolist() for steps in sequences], ragged_rank=1)


def lists(sequences):
    return [np.asarray(steps).tolist() for steps in sequences]


COLLECTIONS = {
    "list": list,
    "tuple": tuple,
    "deque": deque,
    "object array": objects,
    "column of objects": lambda sequences: objects(sequences)[:, np.newaxis],
    "pandas series": pd.Series,
    "pandas series with an index": lambda sequences: pd.Series(sequences, [f"row{i}" for i in range(len(sequences))]),
    "pandas series of lists": lambda sequences: pd.Series(lists(sequences)),
    "pandas series of Arrow lists": lambda sequences: pd.Series(
        pd.arrays.ArrowExtensionArray(pa.array(lists(sequences)))
    ),
    "pandas frame of series": lambda sequences: pd.DataFrame({"a": list(sequences)}),
    "Arrow array": lambda sequences: pa.array(lists(sequences)),
    "Arrow chunks": lambda sequences: pa.chunked_array([lists(sequences[:2]), lists(sequences[2:])]),
    "polars series": lambda sequences: pl.Series(lists(sequences)),
    "polars frame of series": lambda sequences: pl.DataFrame({"a": lists(sequences)}),
    "ragged tensor": ragged_tensor,
}

SEQUENCES = {
    "array": np.asarray,
    "list": lambda steps: np.asarray(steps).tolist(),
    "tuple": lambda steps: tuple(np.asarray(steps).tolist()),
    "deque": lambda steps: deque(np.asarray(steps).tolist()),
    "array.array": lambda steps: array.array("d", steps),
    "memoryview": lambda steps: memoryview(np.ascontiguousarray(steps)),
    "masked array": np.ma.asarray,
    "pandas": lambda steps: pd.DataFrame(steps) if np.ndim(steps) == 2 else pd.Series(steps),
    "polars": lambda steps: pl.DataFrame(np.asarray(steps)) if np.ndim(steps) == 2 else pl.Series(np.asarray(steps)),
    "Arrow": lambda steps: pa.array(np.asarray(steps)),
}

TABLES = {
    "array": np.asarray,
    "Fortran order": np.asfortranarray,
    "list of lists": lambda table: table.tolist(),
    "objects": lambda table: table.astype(object),
    "memoryview": memoryview,
    "masked array": np.ma.asarray,
    "pandas": lambda table: pd.DataFrame(table).add_prefix("c"),
    "pandas with missing types": lambda table: pd.DataFrame(table).add_prefix("c").convert_dtypes(),
    "polars": lambda table: pl.DataFrame(table),
    "Arrow table": lambda table: pa.table({f"c{i}": column for i, column in enumerate(table.T)}),
    "Arrow batch": lambda table: pa.record_batch({f"c{i}": column for i, column in enumerate(table.T)}),
}


def rows_of(X, numbers):
    """Select rows of X as cross-validation does; None if scikit-learn cannot take rows of such a container."""
    if isinstance(X, (memoryview, pa.RecordBatch)) or hasattr(X, "row_splits"):
        return None
    return _safe_indexing(X, [*numbers])
