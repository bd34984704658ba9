"""One way to read anything that holds sequences: NumPy, lists, data frames and series, ragged tensors.

The classifiers and all transformers read X here. Other modules decide what a step means and which steps are padding.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

_NUMBERS = "biuf"  # the kinds of dtype that hold real numbers
_EMPTY = "Found array with 0 sample(s) while a minimum of 1 is required: X holds no sequence."
_NESTED_TYPES = (nw.List, nw.Array, nw.Object)


@dataclass(frozen=True)
class Reading:
    """The contents of X.

    Attributes
    ----------
    values : ndarray or list of ndarray
        An array of shape (n, T) or (n, T, D) if X is one or holds sequences of one shape; otherwise one array of shape
        (T_i,) or (T_i, D) for each sequence. Missing values of any kind are NaN.
    lengths_are_free : bool
        Whether X is a collection of sequences, whose lengths may differ even where they happen to be equal. An array
        or a data frame of two dimensions is a table, whose columns are fixed.
    names : tuple or None
        The columns of a data frame, or of the data frames that are the sequences or whose cells hold one series each.
        None without a data frame, or if no name is a string.
    is_frame : bool
        Whether X is a data frame of numbers.
    """

    values: Any
    lengths_are_free: bool = False
    names: tuple[Any, ...] | None = None
    is_frame: bool = False

    @property
    def is_table(self) -> bool:
        """Whether X is an array or a data frame of two dimensions, or of fewer, which scikit-learn's checks refuse."""
        return not self.lengths_are_free and self.values.ndim <= 2

    def rows(self) -> list[np.ndarray]:
        """Return one array of shape (T_i,) or (T_i, D) for each sequence."""
        return list(self.values)


def read(X: Any) -> Reading:
    """Read X as an array, or as one array for each sequence.

    Parameters
    ----------
    X : array-like, data frame, or collection of sequences
        Numbers of any dimension; or a list, tuple, object array, series or ragged tensor of sequences, each an
        array-like or a data frame of shape (n_steps,) or (n_steps, n_features); or a data frame or object array of two
        dimensions whose cells hold one series each: a row is a sample and a column a feature.

    Returns
    -------
    Its arrays are boolean, integer or floating. Only if X itself is an array may it have another type, or other
    than two or three dimensions.
        another number of dimensions than two or three.

    Raises
    ------
    TypeError
        If X is sparse, or not array-like.
    ValueError
        If a sequence does not have one or two dimensions, or holds anything but real numbers, or if sequences differ
        in the names of their features.
    """
    if isinstance(X, np.ndarray) and X.dtype != object and X.ndim != 1:
        return Reading(_without_dates(_without_mask(X), "X"))
    _refuse_what_is_no_array(X)
    if nw.dependencies.is_into_dataframe(X):
        return _read_frame(nw.from_native(X, eager_only=True))
    if nw.dependencies.is_into_series(X):
        series = nw.from_native(X, series_only=True)
        X = series.to_list() if _is_nested(series) else as_numbers(series.to_numpy())
    elif _is_ragged_tensor(X):
        X = X.to_list() if _is_ragged_tensor(X.values) else np.split(X.values.numpy(), X.row_splits.numpy()[1:-1])
    elif hasattr(X, "to_pylist"):  # a pyarrow array
        X = X.to_pylist()
    elif hasattr(X, "__array__") and not isinstance(X, np.ndarray):
        X = _as_array_or_list(X)
    if isinstance(X, np.ndarray) and (X.ndim != 1 or X.dtype.kind not in "OUST"):
        return _read_nested(X, None) if X.ndim == 2 and _holds_series(X) else Reading(as_numbers(X))
    return _read_collection(list(X))


def as_sequences(reading: Reading) -> Reading:
    """Return what was read if it is sequences of numbers; an array must meet the same conditions as a list.

    Raises
    ------
    ValueError
        If it is empty, or an array with other than two or three dimensions, or of anything but real numbers.
    """
    if len(reading.values) == 0:
        raise ValueError(_EMPTY)
    if not reading.lengths_are_free:
        _check_sequence(np.asarray(reading.values[0]), 0)
    return reading


def as_numbers(X: Any) -> Any:
    """Return an array-like or a data frame as one array, with numbers of any type as numbers and missing values as NaN.

    Sparse matrices, and anything but numbers, are left for scikit-learn's checks to reject.

    Raises
    ------
    ValueError
        If the rows differ in their shapes, or a column of a data frame holds anything but numbers.
    """
    if issparse(X):
        return X
    if nw.dependencies.is_into_dataframe(X):
        return _frame_to_array(nw.from_native(X, eager_only=True))
    try:
        array = _without_mask(X) if isinstance(X, np.ndarray) else np.asarray(X)
    except ValueError as error:
        shapes = [np.shape(row) for row in X]
        number = next(number for number, shape in enumerate(shapes) if shape != shapes[0])
        raise ValueError(
            f"All rows of X must have the same shape: row {number} has {shapes[number]}, row 0 has {shapes[0]}."
        ) from error
    if array.dtype != object:
        return _without_dates(array, "X")
    flat = [np.nan if _is_missing(cell) else cell for cell in array.ravel()]
    try:
        numbers = np.array(flat)
        if numbers.dtype == object and not any(isinstance(cell, (str, bytes)) for cell in flat):
            numbers = numbers.astype(np.float64)  # decimals and fractions
    except (TypeError, ValueError):
        return array
    is_number = numbers.dtype.kind in _NUMBERS and numbers.ndim == 1
    return numbers.reshape(array.shape) if is_number else array


def as_labels(y: Any) -> Any:
    """Return a series as an array of the same labels: nullable integers and booleans keep their type.

    Raises
    ------
    ValueError
        If a label is missing.
    """
    if nw.dependencies.is_into_series(y):
        y = nw.from_native(y, series_only=True).to_numpy()
        y = as_numbers(y) if y.dtype == object and not any(map(_is_missing, y)) else y
    y = y if hasattr(y, "shape") else np.asarray(y)
    if isinstance(y, np.ndarray) and y.dtype == object:
        for number, label in enumerate(y):
            if _is_missing(label) or (isinstance(label, float) and np.isnan(label)):
                raise ValueError(f"Input y contains NaN: sample {number} has no label.")
    return y


def column_names(X: Any) -> list[Any]:
    """Return the names of the columns of a data frame; an array has none."""
    return list(nw.from_native(X, eager_only=True).columns) if nw.dependencies.is_into_dataframe(X) else []


def check_table(
    estimator: Any, reading: Reading, *, reset: bool, dtype: Any = "numeric", allow_nan: bool = False
) -> np.ndarray:
    """Check a table as scikit-learn's `validate_data` does.

    Parameters
    ----------
    estimator : estimator
        Sets ``n_features_in_`` and ``feature_names_in_`` on it, or checks X against them.
    reading : Reading
    reset : bool
        Whether this is `fit`.
    dtype : dtype, default="numeric"
        The type of the result.
    allow_nan : bool, default=False
        Whether NaN is allowed.

    Returns
    -------
    table : ndarray of shape (n, n_columns)
    """
    table = check_array(reading.values, dtype=dtype, ensure_all_finite="allow-nan", input_name="X", estimator=estimator)
    if not allow_nan and table.dtype.kind == "f" and np.isnan(table).any():
        row, column = np.argwhere(np.isnan(table))[0]
        raise ValueError(
            f"Input X contains NaN: row {row}, column {column}. The rows of a table are sequences of one length. If "
            "NaN pads shorter sequences, pass np.asarray(X)[:, :, np.newaxis]: in an array of three dimensions, steps "
            "of NaN at either edge are read as padding. In a pipeline, TabularToSequence does it. Fill in other "
            "missing values first, for example with SimpleImputer."
        )
    _check_names(estimator, reading.names, table.shape[1], reset=reset)
    return table


def check_features(estimator: Any, reading: Reading, n_features: int, *, reset: bool) -> None:
    """Set ``n_features_in_`` and ``feature_names_in_`` to those of a step, or check X against them, like scikit-learn.

    Names other than those in `fit`, or the same in another order, are an error; names on one side only are a warning.
    The columns of a table are steps, so their names are not names of features.
    """
    _check_names(estimator, None if reading.is_table else reading.names, n_features, reset=reset)


def _check_names(estimator: Any, names: tuple[Any, ...] | None, n_features: int, *, reset: bool) -> None:
    known = getattr(estimator, "feature_names_in_", None)
    if not reset and names is known is None and n_features == estimator.n_features_in_:
        return  # the result of scikit-learn's check, in a fraction of the time of predicting one row
    columns: Any = np.empty((0, n_features))
    if names is not None:
        import pandas as pd

        columns = pd.DataFrame(columns=list(names))
    validate_data(estimator, columns, reset=reset, skip_check_array=True)


def to_object_array(values: Sequence[Any]) -> np.ndarray:
    """Put arrays into a one-dimensional object array, whether or not their shapes agree."""
    array = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        array[index] = value
    return array


# What X is


def _refuse_what_is_no_array(X: Any) -> None:
    if issparse(X):
        raise TypeError(
            "Sparse data was passed for X, but dense data is required. X.toarray() makes a dense table, whose columns "
            "are read as steps. Counts of words have lost their order: skrnn.preprocessing.TextToSequence reads the "
            "texts themselves."
        )
    if isinstance(X, Mapping):
        raise TypeError(
            f"Expected X to be an array or a list of sequences, got a {type(X).__name__} with the keys {[*X]}. A "
            "classifier of skrnn has one input: pass the array itself. Features that do not change over time can be "
            "repeated at every step."
        )
    is_collection = (
        hasattr(X, "__array__") or _is_ragged_tensor(X) or (hasattr(X, "__len__") and isinstance(X, Iterable))
    )
    if isinstance(X, (str, bytes)) or not is_collection or getattr(X, "shape", None) == ():
        hint = " Call collect() first." if hasattr(X, "collect") else ""
        raise TypeError(f"Expected X to be an array or a list of sequences, got {_short(X)}.{hint}")


def _as_array_or_list(X: Any) -> Any:
    """Return an array-like of another library as an array, or as a list if it is ragged."""
    try:
        return np.asarray(X)
    except (TypeError, ValueError):
        if not hasattr(X, "__len__"):
            raise
        return X.to_list() if hasattr(X, "to_list") else list(X)


def _is_ragged_tensor(X: Any) -> bool:
    return hasattr(X, "row_splits")  # tf.RaggedTensor, without importing TensorFlow


def _read_collection(sequences: list[Any]) -> Reading:
    if not sequences:
        raise ValueError(_EMPTY)
    _refuse_several_inputs(sequences)
    is_sequence = [_is_sequence(sequence) for sequence in sequences]
    if not any(is_sequence):  # numbers or texts: an array of one dimension
        if any(isinstance(text, str) for text in sequences):
            raise ValueError(
                "X holds texts, expected sequences; skrnn.preprocessing.TextToSequence turns texts into token ids."
            )
        return Reading(as_numbers(to_object_array(sequences)))
    arrays, names = [], []
    for number, sequence in enumerate(sequences):
        array, columns = _read_sequence(sequence, number)
        arrays.append(array)
        names.append(columns)
    return Reading(_stacked(arrays), True, _same_names(names))


def _read_sequence(sequence: Any, number: int) -> tuple[np.ndarray, tuple[Any, ...] | None]:
    """Return the numbers of one sequence, and the names of its features if it is a data frame."""
    if isinstance(sequence, np.ndarray) and sequence.dtype.kind in _NUMBERS and not _has_mask(sequence):
        return _check_sequence(sequence, number), None
    if isinstance(sequence, (list, tuple)):
        return _check_sequence(_list_to_array(sequence, number), number), None
    if issparse(sequence):
        raise TypeError(f"Sparse data was passed for sequence {number} of X; toarray() makes it dense.")
    if nw.dependencies.is_into_dataframe(sequence):
        frame = nw.from_native(sequence, eager_only=True)
        return _check_sequence(_frame_to_array(frame, f" of sequence {number}"), number), _names_of(frame)
    if nw.dependencies.is_into_series(sequence):
        return _check_sequence(as_numbers(nw.from_native(sequence, series_only=True).to_numpy()), number), None
    if isinstance(sequence, Mapping):
        raise TypeError(f"Sequence {number} of X is a {type(sequence).__name__}; expected an array or a data frame.")
    return _check_sequence(_list_to_array(sequence, number), number), None


def _list_to_array(steps: Any, number: int) -> np.ndarray:
    try:
        array = _without_mask(steps) if isinstance(steps, np.ndarray) else np.asarray(steps)
        if array.dtype == object:  # steps that are arrays themselves, or numbers among missing values
            array = as_numbers(np.asarray(array.tolist()))
    except ValueError as error:
        raise ValueError(
            f"Sequence {number} of X has steps that differ in their number of features; expected (n_timesteps,) or "
            "(n_timesteps, n_features)."
        ) from error
    return array


def _check_sequence(array: np.ndarray, number: int) -> np.ndarray:
    if array.ndim not in (1, 2):
        hint = " Pass an array of all sequences as it is, not in a list." if array.ndim == 3 else ""
        raise ValueError(
            f"Sequence {number} of X has {array.ndim} dimensions; expected (n_timesteps,) numbers or ids, or "
            f"(n_timesteps, n_features).{hint}"
        )
    if array.dtype.kind not in _NUMBERS:
        raise ValueError(f"Sequence {number} of X holds values of type {array.dtype}; expected real numbers.")
    return array


def _refuse_several_inputs(sequences: list[Any]) -> None:
    """Raise a ValueError for a list of arrays that each hold all samples, as for Keras models with several inputs."""
    shapes: list[tuple[int, ...]] = [getattr(array, "shape", ()) for array in sequences]
    if (
        len(shapes) > 1
        and any(len(shape) == 3 for shape in shapes)
        and all(shape and shape[0] == shapes[0][0] for shape in shapes)
    ):
        raise ValueError(
            f"X is a list of {len(shapes)} arrays of shapes {', '.join(map(str, shapes))}, which looks like several "
            "inputs of a network. A classifier of skrnn has one input, (n_samples, n_timesteps, n_features). "
            "Features that do not change over time can be repeated at every step: np.concatenate([X, "
            "np.repeat(static[:, np.newaxis], X.shape[1], axis=1)], axis=2)."
        )


def _stacked(arrays: list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    """Return one array if all sequences have the same shape and type."""
    first = arrays[0]
    alike = all(array.shape == first.shape and array.dtype == first.dtype for array in arrays)
    return np.array(arrays, dtype=first.dtype) if alike else arrays


# Data frames


def _read_frame(frame: Any) -> Reading:
    nested = [_is_nested(column) for column in frame.iter_columns()]
    if not any(nested):
        return Reading(_frame_to_array(frame), names=_names_of(frame), is_frame=True)
    cells = np.empty(frame.shape, dtype=object)
    for index, column in enumerate(frame.iter_columns()):
        cells[:, index] = to_object_array(column.to_list())
    return _read_nested(cells, _names_of(frame), frame.columns)


def _frame_to_array(frame: Any, of_what: str = "") -> np.ndarray:
    """Return the columns of a frame of numbers as an array of their common type; missing values are NaN."""
    array = frame.to_numpy()
    if array.dtype.kind in _NUMBERS or not frame.columns:
        return array
    columns = zip(frame.columns, frame.iter_columns(), strict=True)
    return np.stack([_column_to_array(column, f"Column {name!r}{of_what} of X") for name, column in columns], axis=1)


def _column_to_array(column: Any, what: str) -> np.ndarray:
    values = as_numbers(_without_dates(column.to_numpy(), what))
    if values.dtype.kind in _NUMBERS:
        return values
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} holds values that are not numbers: {error}. Leave it out, or encode it, for example with "
            "OneHotEncoder."
        ) from error


def _without_dates(array: np.ndarray, what: str) -> np.ndarray:
    """Return an array without dates or times, which NumPy would silently turn into numbers."""
    if array.dtype.kind in "mM":
        raise ValueError(
            f"{what} holds dates or times ({array.dtype}); expected real numbers. Leave them out, or turn them into "
            "numbers, such as the seconds since the step before."
        )
    return array


def _names_of(frame: Any) -> tuple[Any, ...] | None:
    columns = tuple(frame.columns)
    return columns if any(isinstance(name, str) for name in columns) else None


def _same_names(names: Sequence[tuple[Any, ...] | None]) -> tuple[Any, ...] | None:
    """Return the names that all sequences share, or raise an error about the first sequence with others."""
    for number, found in enumerate(names):
        if found != names[0]:
            wanted = f"{[*names[0]]}" if names[0] else "none"
            raise ValueError(
                f"Sequence {number} of X has the feature names {[*found] if found else 'none'}, but sequence 0 has "
                f"{wanted}. All must have the same names in the same order."
            )
    return names[0]


def _is_nested(series: Any) -> bool:
    """Return whether the cells of a column or a series are sequences."""
    if series.dtype not in _NESTED_TYPES:
        return False
    return series.dtype != nw.Object or any(map(_is_sequence, series.to_list()))


def _read_nested(cells: np.ndarray, names: tuple[Any, ...] | None, columns: Sequence[Any] | None = None) -> Reading:
    """Read a table whose cells are series: each row is a sample and each column a feature."""
    labels = range(cells.shape[1]) if columns is None else columns
    sequences = []
    for number, row in enumerate(cells):
        series: list[np.ndarray] = []
        for label, cell in zip(labels, row, strict=True):
            if not _is_sequence(cell):
                raise ValueError(
                    f"Row {number} of X has {_short(cell)} in column {label!r}, where others hold series. Each cell "
                    "must be one series: repeat a value that does not change over time at every step."
                )
            values, _ = _read_sequence(cell, number)
            if values.ndim != 1:
                raise ValueError(
                    f"Row {number} of X has an array of shape {values.shape} in column {label!r}; expected one number "
                    "per step."
                )
            if len(values) != len(series[0] if series else values):
                raise ValueError(
                    f"Row {number} of X has {len(values)} steps in column {label!r}, but {len(series[0])} in column "
                    f"{labels[0]!r}; all columns of a row must be equally long."
                )
            series.append(values)
        sequences.append(series[0] if len(series) == 1 else np.stack(series, axis=1))
    return Reading(_stacked(sequences), True, names)


# Cells


def _is_sequence(value: Any) -> bool:
    if isinstance(value, (str, bytes, Mapping)):
        return False
    n_dimensions = getattr(value, "ndim", None)
    return hasattr(value, "__len__") if n_dimensions is None else n_dimensions > 0


def _holds_series(cells: np.ndarray) -> bool:
    return cells.dtype == object and any(map(_is_sequence, cells.ravel()))


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType"  # pandas.NA, without importing pandas


def _has_mask(array: np.ndarray) -> bool:
    return isinstance(array, np.ma.MaskedArray)


def _without_mask(array: np.ndarray) -> np.ndarray:
    """Return a masked array with NaN in place of masked values."""
    if not _has_mask(array):
        return array
    if not np.ma.is_masked(array):
        return np.asarray(array)
    return np.ma.filled(array.astype(np.result_type(array, np.float32)), np.nan)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
