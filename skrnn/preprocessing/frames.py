"""Data frames of pandas, polars and pyarrow: the names of their columns, and their numbers as an array."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from skrnn.preprocessing.cells import NUMBERS, is_sequence, real_numbers, sequence_name

_NESTED_TYPES = (nw.List, nw.Array, nw.Object)


@dataclass(frozen=True)
class Frame:
    """A data frame.

    Attributes
    ----------
    labels : tuple
        Names of the columns. In pandas they may repeat.
    data : narwhals.DataFrame
    """

    labels: tuple[Any, ...]
    data: Any

    @property
    def names(self) -> tuple[Any, ...] | None:
        """The labels, if any of them is a string; scikit-learn ignores others."""
        return self.labels if any(isinstance(label, str) for label in self.labels) else None

    def columns(self) -> list[Any]:
        """Return the columns as narwhals series."""
        return list(self.data.iter_columns())

    def to_array(self, of_what: str = "X") -> np.ndarray:
        """Return the numbers as an array of the common type of all columns; missing values are NaN."""
        columns = self.columns()
        if columns and not any(column.dtype == nw.Struct for column in columns):
            array = self.data.to_numpy()
            if array.dtype.kind in NUMBERS:
                return array
        pairs = zip(self.labels, columns, strict=True)
        arrays = [numbers_of(column, f"Column {label!r} of {of_what}") for label, column in pairs]
        return np.stack(arrays, axis=1) if arrays else np.empty(self.data.shape)


def is_frame(X: Any) -> bool:
    """Return whether X is a data frame that holds its data; a lazy one does not."""
    return nw.dependencies.is_into_dataframe(X) or _is_record_batch(X)


def open_frame(X: Any) -> Frame:
    """Wrap a data frame of any library."""
    if _is_record_batch(X):
        X = sys.modules["pyarrow"].Table.from_batches([X])
    if nw.dependencies.is_pandas_dataframe(X):
        labels = tuple(X.columns)
        return Frame(labels, nw.from_native(X.set_axis(range(len(labels)), axis=1), eager_only=True))
    columns = X.column_names if hasattr(X, "column_names") else X.columns
    if repeated := [name for name, count in Counter(map(str, columns)).items() if count > 1]:
        raise ValueError(f"The names of the columns of X must be unique, but {repeated[0]!r} occurs several times.")
    data = nw.from_native(X, eager_only=True)
    return Frame(tuple(data.columns), data)


def _is_record_batch(X: Any) -> bool:
    pyarrow = sys.modules.get("pyarrow")
    return pyarrow is not None and isinstance(X, pyarrow.RecordBatch)


def numbers_of(series: Any, what: str) -> np.ndarray:
    """Return the numbers of a narwhals series; missing values are NaN."""
    if series.dtype == nw.Struct:
        raise ValueError(
            f"{what} holds records of several fields; expected real numbers. Make a column of each field, for example "
            "with unnest or json_normalize."
        )
    return real_numbers(series.to_numpy(), what)


def is_nested(series: Any) -> bool:
    """Return whether the cells of a narwhals series are sequences."""
    if series.dtype not in _NESTED_TYPES:
        return False
    return series.dtype != nw.Object or any(map(is_sequence, series.to_list()))


def same_names(frames: Sequence[Frame | None]) -> tuple[Any, ...] | None:
    """Return the names that all sequences share, or raise an error about the first sequence with others.

    Labels that are not strings are ignored, unless the same ones come in another order.
    """
    first = frames[0]
    names = first.names if first else None
    for number, frame in enumerate(frames):
        found = frame.names if frame else None
        if first and frame and found is names is None and frame.labels != first.labels:
            is_other = Counter(frame.labels) == Counter(first.labels)
        else:
            is_other = found != names
        if is_other:
            found, wanted = (f.labels if f and (f.names or not names) else None for f in (frame, first))
            raise ValueError(
                f"{sequence_name(number, starts=True)} has the feature names {_listed(found)}, but {sequence_name(0)} "
                f"has {_listed(wanted)}. All must have the same names in the same order."
            )
    return names


def _listed(names: tuple[Any, ...] | None) -> str:
    return "none" if names is None else f"{[*names]}"
