"""What holds for any call: a clear error or a result, and arguments that stay as they were."""

import io
import linecache
import pickle
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import narwhals
import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError

import skrnn
from skrnn.exceptions import InputWarning
from tests.fuzz.tally import Refused

# scikit-learn asks narwhals for the names of columns
_OURS = tuple(str(Path(package.__file__).parent) for package in (skrnn, sklearn, narwhals))
# NotFittedError is a ValueError; FloatingPointError: the training has diverged
_CLEAR = (ValueError, TypeError, FloatingPointError, OSError)
_WARNINGS = (InputWarning, ConvergenceWarning, DataConversionWarning)


def attempt(function: Callable[..., Any], *args: Any, watched: tuple[Any, ...] = (), **kwargs: Any) -> Any:
    """Call a function. Raise Refused if it raises a clear error, and AssertionError if a law does not hold.

    Parameters
    ----------
    function : callable
    *args, **kwargs
        Its arguments, which must stay the same, whatever happens.
    watched : tuple
        What must stay the same if there is an error, such as an estimator.
    """
    arguments = state_of((args, kwargs))
    before = state_of(watched)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            require_clear(error)
            require(state_of(watched) == before, f"changed by an error: {error}")
            raise Refused(str(error)) from error
        finally:
            require(state_of((args, kwargs)) == arguments, "an argument was changed")
    for warning in caught:
        require_known(warning)
    return result


def require(holds: bool, message: str) -> None:
    """Raise an AssertionError with a message unless a law holds."""
    assert holds, message


def require_clear(error: Exception) -> None:
    """Raise an AssertionError unless we, or scikit-learn's checks, raised an error, of a type that users expect."""
    assert isinstance(error, _CLEAR), f"{type(error).__name__} is no error for bad input: {error}"
    assert str(error).strip(), f"{type(error).__name__} without a message"
    assert ": []" not in str(error), f"a message about nothing: {error}"
    assert len(str(error)) < 3000, f"a message of {len(str(error)):,} characters"
    if isinstance(error, NotFittedError):
        raise AssertionError("not fitted, but fit has returned") from error
    place = error.__traceback__
    assert place is not None
    while place.tb_next is not None:
        place = place.tb_next
    file, line = place.tb_frame.f_code.co_filename, place.tb_lineno
    statement = linecache.getline(file, line).strip()
    # anything else is an error of NumPy or Python that happened to pass through
    is_ours = file.startswith(_OURS) and statement.startswith("raise ")
    assert is_ours, f"an error from elsewhere ({file}:{line}: {statement}): {type(error).__name__}: {error}"


def require_known(warning: warnings.WarningMessage) -> None:
    """Raise an AssertionError unless a warning has a category that the documentation names."""
    # TimeDistributed passes on what scikit-learn's scalers say of values whose squares no float can hold
    homes = ("sklearn/utils/extmath.py", "sklearn/preprocessing/_data.py")
    is_of_scaler = warning.category is RuntimeWarning and warning.filename.endswith(homes)
    known = issubclass(warning.category, _WARNINGS) or warning.category is UserWarning or is_of_scaler
    assert known, f"{warning.category.__name__} from {warning.filename}:{warning.lineno}: {warning.message}"


def state_of(values: Any) -> Any:
    """Return bytes that differ if anything in the values differs."""
    stream = io.BytesIO()
    try:
        _Pickler(stream, protocol=5).dump(values)
    except Exception:  # a generator, a lock
        return repr(values)
    return stream.getvalue()


class _Pickler(pickle.Pickler):
    """Pickles contents without what NumPy and pandas compute on demand."""

    def __init__(self, stream: io.BytesIO, protocol: int):
        super().__init__(stream, protocol)
        self.fast = True  # no memo: two equal objects look the same, whether or not they are one

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, np.ma.MaskedArray):  # its own state holds what it has computed
            return _as_bytes, (value.data, np.ma.getmaskarray(value))
        if isinstance(value, np.ndarray) and value.dtype != object:
            return _as_bytes, (str(value.dtype), value.shape, value.strides, value.flags.writeable, value.tobytes())
        if isinstance(value, Iterator):  # is empty after it has been read
            return _as_bytes, (type(value).__name__,)
        if hasattr(value, "row_splits"):  # a ragged tensor cannot be pickled
            return _as_bytes, (repr(value),)
        return NotImplemented


def _as_bytes(*parts: Any) -> Any:
    return parts
