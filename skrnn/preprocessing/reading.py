"""One way to read anything that holds sequences: NumPy, lists, data frames and series, ragged tensors.

The classifiers and all transformers read X here. Other modules decide what a step means and which steps are padding.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

import narwhals.stable.v2 as nw
import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skrnn.preprocessing.byte_scale import scale_of
from skrnn.preprocessing.cells import NUMBERS, is_sequence, real_numbers, sequence_name, short, to_array
from skrnn.preprocessing.frames import Frame, is_frame, is_nested, numbers_of, open_frame, same_names

# How an estimator reads X. `fit` decides, and later input is read in the same form.
# - "table": numbers of shape (n, T), with T fixed;
# - "sequences": sequences of shape (T_i, D), with D fixed and free lengths;
# - "univariate": the same with D = 1, where (T_i,) is accepted, too;
# - "token_ids": sequences of integers of shape (T_i,), with free lengths.
Form = Literal["table", "sequences", "univariate", "token_ids"]

_EMPTY = "Found array with 0 sample(s) while a minimum of 1 is required: X holds no sequence."


@dataclass(frozen=True)
class Reading:
    """The contents of X.

    Attributes
    ----------
    values : ndarray or list of ndarray
        An array of shape (n, T) or (n, T, D) if X is one or holds sequences of one shape; otherwise one array of shape
        (T_i,) or (T_i, D) for each sequence. Missing values of any kind are NaN. Scaled bytes, if they are kept, all
        have one dtype.
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


def read(X: Any, *, keep_bytes: bool = False) -> Reading:
    """Read X as an array, or as one array for each sequence.

    Parameters
    ----------
    X : array-like, data frame, or collection of sequences
        Numbers of any dimension; or a list, tuple, object array, series or ragged tensor of sequences, each an
        array-like or a data frame of shape (n_steps,) or (n_steps, n_features); or a data frame or object array of two
        dimensions whose cells hold one series each: a row is a sample and a column a feature.
    keep_bytes : bool, default=False
        Whether scaled bytes stay as they are if all of X has one scale. Otherwise they become float32.

    Returns
    -------
    reading : Reading
        Its arrays are boolean, integer or floating, or scaled bytes. Only if X itself is an array may it have other
        than two or three dimensions.

    Raises
    ------
    TypeError
        If X is sparse, not array-like, or a set, which has no order.
    ValueError
        If a sequence does not have one or two dimensions, or holds anything but real numbers, or if sequences differ
        in the names of their features.
    """
    if isinstance(X, np.ndarray) and X.dtype != object and X.ndim > 1 and not isinstance(X, np.matrix):
        return Reading(_numbers(X, "X", keep_bytes))
    _refuse_what_is_no_array(X)
    if is_frame(X):
        return _read_frame(open_frame(X))
    if nw.dependencies.is_into_series(X):
        series = nw.from_native(X, series_only=True)
        X = series.to_list() if is_nested(series) else _flat(series)
    elif _is_ragged_tensor(X):
        X = X.to_list() if _is_ragged_tensor(X.values) else _rows_of(X)
    elif hasattr(X, "to_pylist"):  # an array of pyarrow
        X = X.to_pylist()
    elif isinstance(X, memoryview) or (hasattr(X, "__array__") and not isinstance(X, np.ndarray)):
        X = _as_array_or_list(X)
    if isinstance(X, np.ndarray) and (X.ndim != 1 or X.dtype.kind not in "OUST"):
        return _read_nested(X, None) if X.ndim == 2 and _holds_series(X) else Reading(real_numbers(X, "X"))
    return _read_collection(list(X), keep_bytes)


def as_sequences(reading: Reading) -> Reading:
    """Return what was read if it is sequences of numbers; an array must meet the same conditions as a list.

    Raises
    ------
    ValueError
        If it is empty, or an array with other than two or three dimensions.
    """
    if len(reading.values) == 0:
        raise ValueError(_EMPTY)
    if not reading.lengths_are_free:
        _check_sequence(np.asarray(reading.values[0]), 0)
    return reading


def as_numbers(X: Any, name: str = "X") -> Any:
    """Return an array-like or a data frame as one array, with numbers of any type as numbers and missing values as NaN.

    Sparse matrices are left for scikit-learn's checks to reject.

    Raises
    ------
    ValueError
        If the rows differ in their shapes, or X holds texts, dates or complex numbers; `name` says what X is.
    TypeError
        If X holds other objects that are not numbers.
    """
    if issparse(X):
        return X
    if is_frame(X):
        return open_frame(X).to_array(name)
    if nw.dependencies.is_into_series(X):
        return numbers_of(nw.from_native(X, series_only=True), name)
    return real_numbers(to_array(X, name), name)


def check_numbers(X: Any, estimator: Any, **checks: Any) -> np.ndarray:
    """Check an array-like or a data frame as scikit-learn's `check_array` does, with numbers of any type as numbers."""
    with np.errstate(all="ignore"):  # to find infinite values it adds up all, which may be too much
        return check_array(as_numbers(X), input_name="X", estimator=estimator, **checks)


def column_names(X: Any) -> list[Any]:
    """Return the names of the columns of a data frame; an array has none."""
    return [*open_frame(X).labels] if is_frame(X) else []


def check_table(estimator: Any, reading: Reading, *, reset: bool, dtype: Any = "numeric", first: int = 0) -> np.ndarray:
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
    first : int, default=0
        The number of the first row, for messages.

    Returns
    -------
    table : ndarray of shape (n, n_columns)
    """
    table = check_numbers(reading.values, estimator, dtype=dtype, ensure_all_finite="allow-nan")
    if table.dtype.kind == "f" and np.isnan(table).any():
        row, column = np.argwhere(np.isnan(table))[0]
        raise ValueError(
            f"Input X contains NaN: row {first + row}, column {column}. The rows of a table are sequences of one "
            "length. If NaN pads shorter sequences, pass np.asarray(X)[:, :, np.newaxis]: in an array of three "
            "dimensions, steps of NaN at either edge are read as padding. In a pipeline, TabularToSequence does it. "
            "Fill in other missing values first, for example with SimpleImputer."
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
    if isinstance(X, np.matrix):
        raise TypeError("np.matrix is not supported for X. Please convert to a numpy array with np.asarray.")
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
            "repeated at every step and named in static_features."
        )
    if isinstance(X, (set, frozenset)):
        raise TypeError(f"X is a {type(X).__name__}, which has no order; expected an array or a list of sequences.")
    is_collection = not isinstance(X, type) and (
        hasattr(X, "__array__") or _is_ragged_tensor(X) or (hasattr(X, "__len__") and isinstance(X, Iterable))
    )
    if isinstance(X, (str, bytes)) or not is_collection or getattr(X, "shape", None) == ():
        hint = " Call collect() first." if hasattr(X, "collect") else ""
        raise TypeError(f"Expected X to be an array or a list of sequences, got {short(X)}.{hint}")


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


def _rows_of(X: Any) -> list[np.ndarray]:
    """Return the rows of a ragged tensor whose rows are arrays."""
    ends = X.row_splits.numpy()[1:]
    return np.split(X.values.numpy(), ends)[:-1]


def _flat(series: Any) -> np.ndarray:
    """Return the numbers of a series, or its texts and other objects as they are."""
    if series.dtype != nw.Struct and (array := series.to_numpy()).dtype.kind in "OUST":
        return array
    return numbers_of(series, "X")


def _numbers(array: np.ndarray, what: str, keep_bytes: bool) -> np.ndarray:
    if keep_bytes and scale_of(array.dtype) is not None and not isinstance(array, np.ma.MaskedArray):
        return np.asarray(array)
    return real_numbers(array, what)


def _read_collection(sequences: list[Any], keep_bytes: bool) -> Reading:
    if not sequences:
        raise ValueError(_EMPTY)
    _refuse_several_inputs(sequences)
    if not any(map(is_sequence, sequences)):  # numbers or texts: an array of one dimension
        if any(isinstance(text, (str, bytes)) for text in sequences):
            raise ValueError(
                "X holds texts, expected sequences; skrnn.preprocessing.TextToSequence turns texts into token ids."
            )
        return Reading(real_numbers(to_object_array(sequences), "X"))
    arrays, frames = [], []
    for number, sequence in enumerate(sequences):
        array, frame = _read_sequence(sequence, number, keep_bytes)
        arrays.append(array)
        frames.append(frame)
    if keep_bytes and len({array.dtype for array in arrays}) > 1:
        arrays = [real_numbers(array, "X") for array in arrays]
    return Reading(_stacked(arrays), True, same_names(frames))


def _read_sequence(sequence: Any, number: int, keep_bytes: bool = False) -> tuple[np.ndarray, Frame | None]:
    """Return the numbers of one sequence, and the data frame that it is, if it is one."""
    if type(sequence) is np.ndarray and sequence.dtype.kind in NUMBERS:
        return _check_sequence(sequence, number), None
    what = sequence_name(number, starts=True)
    if issparse(sequence):
        raise TypeError(f"Sparse data was passed for {sequence_name(number)}; toarray() makes it dense.")
    if is_frame(sequence):
        frame = open_frame(sequence)
        return _check_sequence(frame.to_array(sequence_name(number)), number), frame
    if nw.dependencies.is_into_series(sequence):
        return _check_sequence(numbers_of(nw.from_native(sequence, series_only=True), what), number), None
    if isinstance(sequence, Set) or not is_sequence(sequence):
        raise ValueError(
            f"{what} is {short(sequence)}; expected an array or a data frame of shape (n_timesteps,) or (n_timesteps, "
            "n_features)."
        )
    return _check_sequence(_list_to_array(sequence, number, keep_bytes), number), None


def _list_to_array(steps: Any, number: int, keep_bytes: bool) -> np.ndarray:
    what = sequence_name(number, starts=True)
    try:
        array = np.asanyarray(steps)
        array = array if isinstance(array, np.ma.MaskedArray) else np.asarray(array)
        if array.dtype == object and any(map(is_sequence, array.ravel())):  # steps that are arrays themselves
            array = np.asarray(array.tolist())
    except np.exceptions.DTypePromotionError as error:
        raise TypeError(f"{what} has steps of types that cannot be in one array, such as bytes and dates.") from error
    except ValueError as error:
        if isinstance(steps, tuple) and any(map(is_frame, steps)):
            raise ValueError(
                f"{what} is a tuple that holds a data frame. Of the groups of a frame, give the frames alone: "
                "[steps for _, steps in X.groupby('id')]."
            ) from error
        raise ValueError(
            f"{what} has steps that differ in their number of features; expected (n_timesteps,) or (n_timesteps, "
            "n_features)."
        ) from error
    return _numbers(array, what, keep_bytes)


def _check_sequence(array: np.ndarray, number: int) -> np.ndarray:
    if array.ndim not in (1, 2):
        hint = " Pass an array of all sequences as it is, not in a list." if array.ndim == 3 else ""
        raise ValueError(
            f"{sequence_name(number, starts=True)} has {array.ndim} dimensions; expected (n_timesteps,) numbers or "
            f"ids, or (n_timesteps, n_features).{hint}"
        )
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
            "Features that do not change over time can be repeated at every step and named in static_features: "
            "np.concatenate([X, "
            "np.repeat(static[:, np.newaxis], X.shape[1], axis=1)], axis=2)."
        )


def _stacked(arrays: list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    """Return one array if all sequences have the same shape and type."""
    first = arrays[0]
    alike = all(array.shape == first.shape and array.dtype == first.dtype for array in arrays)
    return np.array(arrays, dtype=first.dtype) if alike else arrays


# Tables whose cells are series


def _read_frame(frame: Frame) -> Reading:
    columns = frame.columns()
    if not any(map(is_nested, columns)):
        return Reading(frame.to_array(), names=frame.names, is_frame=True)
    cells = np.empty(frame.data.shape, dtype=object)
    for index, column in enumerate(columns):
        cells[:, index] = to_object_array(column.to_list())
    return _read_nested(cells, frame.names, frame.labels)


def _read_nested(cells: np.ndarray, names: tuple[Any, ...] | None, columns: Sequence[Any] | None = None) -> Reading:
    """Read a table whose cells are series: each row is a sample and each column a feature."""
    labels = range(cells.shape[1]) if columns is None else columns
    sequences = []
    for number, row in enumerate(cells):
        series: list[np.ndarray] = []
        for label, cell in zip(labels, row, strict=True):
            if not is_sequence(cell):
                raise ValueError(
                    f"Row {number} of X has {short(cell)} in column {label!r}, where others hold series. Each cell "
                    "must be one series: repeat a value that does not change over time at every step."
                )
            values, _ = _read_sequence(cell, number)
            if values.ndim != 1:
                raise ValueError(
                    f"Row {number} of X has an array of shape {values.shape} in column {label!r}; expected one number "
                    "per step. A column of whole sequences is passed by itself, as a series or a list."
                )
            if len(values) != len(series[0] if series else values):
                raise ValueError(
                    f"Row {number} of X has {len(values)} steps in column {label!r}, but {len(series[0])} in column "
                    f"{labels[0]!r}; all columns of a row must be equally long."
                )
            series.append(values)
        sequences.append(series[0] if len(series) == 1 else np.stack(series, axis=1))
    return Reading(_stacked(sequences), True, names)


def _holds_series(cells: np.ndarray) -> bool:
    return cells.dtype == object and any(map(is_sequence, cells.ravel()))
