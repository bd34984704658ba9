"""Bytes that say what they are to be divided by: numbers in a quarter of the memory of float32.

The scale is part of the array's dtype, as the name of a field. NumPy keeps it in slices, copies, files and arrays put
together. The second field takes no memory: NumPy converts records of one field to numbers without a word, and so would
lose the scale, but it refuses to convert records of two.
"""

from typing import Any

import numpy as np

_QUOTIENT = "value / "
_NO_NUMBER = "see skrnn.preprocessing.scaled_floats"


def scaled_bytes(values: Any, scale: float) -> np.ndarray:
    """View bytes as the numbers ``values / scale``, in a quarter of the memory of float32.

    The classifiers of skrnn divide each batch by the scale; its transformers read the quotients. An array of them keeps
    the scale in slices and copies, in ``np.concatenate`` and ``np.stack``, in pickles, files and memory maps. What
    would lose the scale is an error: arithmetic, a conversion to a type of numbers, or an array put together with plain
    numbers or with bytes of another scale. To compute with the numbers, use :func:`scaled_floats`.

    Parameters
    ----------
    values : array-like of uint8
        The bytes, in any shape. An array is not copied.
    scale : float
        The divisor of the bytes: a positive number in the range of float32.

    Returns
    -------
    scaled : ndarray of the shape of `values`
        A view, whose dtype is a record of one byte that names the scale.

    Raises
    ------
    TypeError
        If `values` are not of type uint8.
    ValueError
        If `scale` is not positive and finite, or the quotients are too large or too small for float32.

    See Also
    --------
    scaled_floats : Turns them into float32.
    ImageToSequence : Makes them with ``dtype="uint8"``.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import scaled_bytes, scaled_floats
    >>> X = scaled_bytes(np.array([[[0], [51], [255]]], dtype=np.uint8), 255)
    >>> X.shape, X.nbytes
    ((1, 3, 1), 3)
    >>> scaled_floats(np.concatenate([X, X]))[1, :, 0]
    array([0. , 0.2, 1. ], dtype=float32)
    >>> X.astype(np.float32)
    Traceback (most recent call last):
    ...
    TypeError: Cannot cast array data from dtype([('value / 255.0', 'u1'), ('see skrnn.preprocessing.scaled_floats', 'V')]) to dtype('float32')...
    """  # noqa: E501
    array = np.asarray(values)
    if array.dtype != np.uint8:
        raise TypeError(f"Expected values of type uint8, got {array.dtype}.")
    if not is_scale_of_bytes(scale):
        raise ValueError(
            f"Expected a positive, finite scale that gives quotients in the range of float32, got {scale!r}."
        )
    return array.view(np.dtype([(f"{_QUOTIENT}{float(scale)!r}", np.uint8), (_NO_NUMBER, "V0")]))


def scaled_floats(X: Any) -> np.ndarray:
    """Divide scaled bytes by their scale.

    Parameters
    ----------
    X : array-like
        An array from :func:`scaled_bytes`, or any other array.

    Returns
    -------
    numbers : ndarray of the same shape
        The quotients as float32, NaN where X is masked. Any other X is returned as an array.

    See Also
    --------
    scaled_bytes : Makes such arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import scaled_bytes, scaled_floats
    >>> scaled_floats(scaled_bytes(np.array([0, 51, 255], dtype=np.uint8), 255))
    array([0. , 0.2, 1. ], dtype=float32)
    """
    array = np.asanyarray(X)
    scale = scale_of(array.dtype)
    if scale is None:
        return np.asarray(array)
    numbers = np.divide(bytes_of(array), scale, dtype=np.float32)
    if isinstance(array, np.ma.MaskedArray):
        numbers[np.ma.getmaskarray(array)[array.dtype.names[0]]] = np.nan
    return numbers


def is_scale_of_bytes(scale: float) -> bool:
    """Return whether bytes divided by a scale are numbers that float32 can hold."""
    try:
        with np.errstate(all="ignore"):
            least, most = np.float32(1) / np.float32(scale), np.float32(255) / np.float32(scale)
    except OverflowError:  # an integer beyond the range of float
        return False
    return bool(0 < least <= most < np.inf)


def scale_of(dtype: np.dtype) -> float | None:
    """Return the scale of bytes by their dtype, or None for any other dtype."""
    names = dtype.names
    if names is None or len(names) != 2 or names[1] != _NO_NUMBER or dtype.itemsize != 1:
        return None
    return float(names[0].removeprefix(_QUOTIENT))


def bytes_of(X: np.ndarray) -> np.ndarray:
    """Return scaled bytes as plain bytes: a view of type uint8."""
    return np.asarray(X).view(np.uint8)
