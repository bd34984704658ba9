"""Convert the cells of arrays to real numbers, with NaN for missing values; anything else is an error."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skrnn.preprocessing.byte_scale import scale_of, scaled_floats

NUMBERS = "biuf"  # the kinds of dtype that hold real numbers


def real_numbers(array: np.ndarray, what: str) -> np.ndarray:
    """Return an array of the same numbers whose type is boolean, integer or floating; missing values are NaN.

    Scaled bytes become the float32 that they stand for.

    Raises
    ------
    ValueError
        If the array holds texts, dates, complex numbers, fields, or an integer too large for a float. The message calls
        the array `what`.
    TypeError
        If it holds objects that are not numbers.
    """
    if scale_of(array.dtype) is not None:
        return scaled_floats(array)
    array = _without_mask(array)
    if array.dtype.kind in NUMBERS:
        return array
    if array.dtype == object:
        array = _objects_to_numbers(array, what)
    kind = array.dtype.kind
    if kind in NUMBERS:
        return array
    if kind == "c":
        raise ValueError(f"Complex data not supported. {what} holds complex numbers; expected real numbers.")
    if kind in "mM":
        raise ValueError(
            f"{what} holds dates or times ({array.dtype}); expected real numbers. Leave them out, or turn them into "
            "numbers, such as the seconds since the step before."
        )
    if array.dtype.names:
        raise ValueError(
            f"{what} is a structured array with the fields {[*array.dtype.names]}; expected real numbers. "
            "numpy.lib.recfunctions.structured_to_unstructured makes a plain array of it."
        )
    raise ValueError(f"{what} holds values of type {array.dtype}; expected real numbers." + _hint_of_texts(array))


def _objects_to_numbers(array: np.ndarray, what: str) -> np.ndarray:
    flat = [np.nan if is_missing(cell) else cell for cell in array.ravel()]
    text = next((cell for cell in flat if isinstance(cell, (str, bytes))), None)
    if text is not None:
        raise ValueError(
            f"{what} holds values that are not numbers: {short(text)}. Leave texts out, or encode them, for example "
            "with OneHotEncoder; astype(float) converts texts such as '1.5'."
        )
    try:
        numbers = np.array(flat) if flat else np.empty(0)
        if numbers.dtype == object:
            numbers = numbers.astype(np.float64)  # decimals and fractions
    except OverflowError as error:
        raise ValueError(f"{what} holds an integer that is too large for a float.") from error
    except (TypeError, ValueError):
        numbers = np.empty(0)
    if numbers.shape != (array.size,):
        wrong = next(cell for cell in flat if not _is_number(cell))
        raise TypeError(
            f"{what} holds {short(wrong)}, of type {type(wrong).__name__}. The argument must be an array of real "
            "numbers, without strings or other objects that are not numbers."
        )
    return numbers.reshape(array.shape)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except OverflowError:  # an integer, though a large one
        return True
    except (TypeError, ValueError):
        return False
    return not is_sequence(value)


def _hint_of_texts(array: np.ndarray) -> str:
    return " astype(float) converts texts such as '1.5'." if array.dtype.kind in "UST" else ""


def _without_mask(array: np.ndarray) -> np.ndarray:
    """Return a masked array with NaN where it is masked."""
    if not isinstance(array, np.ma.MaskedArray):
        return array
    if not np.ma.is_masked(array):
        return np.asarray(array)
    if array.dtype == object:
        return array.filled(None)
    return np.ma.filled(array.astype(np.result_type(array, np.float32)), np.nan)


def is_sequence(value: Any) -> bool:
    """Return whether a value has steps, rather than being a single number or text."""
    if isinstance(value, (str, bytes, Mapping)):
        return False
    n_dimensions = getattr(value, "ndim", None)
    return hasattr(value, "__len__") if n_dimensions is None else n_dimensions > 0


def is_missing(value: Any) -> bool:
    """Return whether a value is None or pandas.NA; NaN is a number here."""
    return value is None or type(value).__name__ == "NAType"  # pandas.NA, without importing pandas


def to_array(values: Any, name: str) -> np.ndarray:
    """Return an array-like as an array, whatever its type.

    Raises
    ------
    ValueError
        If its rows differ in their shapes.
    """
    if isinstance(values, np.ndarray):
        return values
    try:
        return np.asarray(values)
    except ValueError as error:
        shapes = [np.shape(row) for row in values]
        number = next(number for number, shape in enumerate(shapes) if shape != shapes[0])
        raise ValueError(
            f"All rows of {name} must have the same shape: row {number} has {shapes[number]}, row 0 has {shapes[0]}."
        ) from error


def short(value: Any) -> str:
    """Return a representation that fits on one line of a message."""
    text = f"a sparse matrix of shape {value.shape}" if issparse(value) else " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def sequence_name(row: int, step: int | None = None, *, starts: bool = False) -> str:
    """Return what messages call a sequence, or one of its steps.

    Parameters
    ----------
    row : int
        The index of the sequence in X.
    step : int or None, default=None
        The index of the step.
    starts : bool, default=False
        Whether the name starts a sentence.

    Examples
    --------
    >>> from skrnn.preprocessing.cells import sequence_name
    >>> sequence_name(3, 2)
    'sequence 3 of X at step 2'
    """
    name = f"sequence {row} of X" + ("" if step is None else f" at step {step}")
    return name[0].upper() + name[1:] if starts else name
