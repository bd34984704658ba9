"""Read y, sample weights and class weights. Labels of any type and one-hot rows become class indices."""

from collections.abc import Mapping, Sized
from numbers import Real
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from scipy.sparse import issparse
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_array, column_or_1d

from skrnn._sklearn import _check_sample_weight
from skrnn.preprocessing.cells import NUMBERS, is_missing, is_sequence, real_numbers, short, to_array
from skrnn.preprocessing.frames import is_frame, open_frame
from skrnn.preprocessing.reading import as_numbers


def read_labels(y: Any, name: str = "y", *, multilabel: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the label or labels of each row, and the sorted classes.

    Parameters
    ----------
    y : array-like of shape (n,), (n, n_classes) or (n, n_labels), or sparse matrix
        Labels of any type that can be sorted; one-hot rows, whose labels are column indices; or, with `multilabel`,
        rows of zeros and ones.
    name : str, default="y"
        Name of y in error messages.
    multilabel : bool, default=False
        Whether each row may have several labels. Only this parameter, not the values, decides how a matrix is read.

    Returns
    -------
    labels : ndarray of shape (n,), or with `multilabel` of shape (n, n_labels) and type int64
        The label of each row, or the zeros and ones.
    classes : ndarray of shape (n_classes,)
        The distinct labels, sorted. For a matrix, the indices of all columns, even if a column contains no 1.

    Raises
    ------
    ValueError
        If y has another form.
    """
    if y is None:
        raise ValueError("This classifier requires y to be passed, but the target y is None.")
    if multilabel:
        return _read_indicator(y, name)
    y = _as_labels(y)
    if len(y.shape) == 2 and y.shape[1] > 1:
        return _read_one_hot(y, name)
    labels = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    return labels, np.unique(labels)


def _as_labels(y: Any) -> Any:
    """Return the labels of any array-like as an array; sparse matrices are returned as they are.

    Raises
    ------
    ValueError
        If y is not an ordered array-like, if a label is missing, or if only some labels are strings.
    """
    if issparse(y):
        return y
    is_array_like = isinstance(y, Sized) or hasattr(y, "__array__")
    if not is_array_like or isinstance(y, (str, bytes, Mapping, set, frozenset, type)):
        raise ValueError(
            f"y must be an array with one label per sequence. Got {short(y)} instead. A single sequence is a list of "
            "one, [x] with y=[label], but a classifier needs sequences of at least two classes."
        )
    if is_frame(y):
        columns = [_labels_of_series(column) for column in open_frame(y).columns()]
        return np.stack(columns, axis=1) if columns else np.empty((len(y), 0))
    if nw.dependencies.is_into_series(y):
        return _labels_of_series(nw.from_native(y, series_only=True))
    if hasattr(y, "__array__") and not hasattr(y, "to_pylist"):
        return _labels_of(y if isinstance(y, np.ndarray) else np.asarray(y))
    labels = y.to_pylist() if hasattr(y, "to_pylist") else list(y)  # pyarrow's scalars are not Python objects
    _require_labels(labels)
    return _labels_of(to_array(labels, "y"))


def _labels_of_series(series: Any) -> np.ndarray:
    if series.dtype == nw.Struct:
        raise ValueError("y holds records of several fields; expected one label per sequence.")
    return _labels_of(series.to_numpy())


def _labels_of(array: np.ndarray) -> np.ndarray:
    """Return labels of a sortable type. Objects become integers, booleans or floats if all of them are numbers."""
    if isinstance(array, np.ma.MaskedArray):
        if np.ma.is_masked(array):
            _raise_missing(int(np.argwhere(np.ma.getmaskarray(array))[0, 0]))
        array = np.asarray(array)
    if array.dtype.names:
        raise ValueError(f"y is a structured array with the fields {[*array.dtype.names]}; expected plain labels.")
    if array.dtype.kind == "V":
        raise ValueError(f"y holds raw bytes ({array.dtype}); expected plain labels.")
    if array.dtype.kind in "mM" and np.isnat(array).any():
        _raise_missing(int(np.argwhere(np.isnat(array))[0, 0]))
    if array.dtype.kind == "T":
        array = array.astype(object)
    if array.dtype != object:
        return array
    flat = array.ravel().tolist()
    _require_labels(flat, array.size // max(len(array), 1))
    if not flat or any(isinstance(label, (str, bytes)) or is_sequence(label) for label in flat):
        return array
    try:
        numbers = real_numbers(array, "y")
    except (TypeError, ValueError):
        return array  # for example dates; if they cannot be sorted, scikit-learn raises an error
    is_exact = all(number == label for number, label in zip(numbers.ravel().tolist(), flat, strict=True))
    return numbers if is_exact else array


def _require_labels(labels: list[Any], n_per_sample: int = 1) -> None:
    """Raise a ValueError if a label is missing, or if NumPy would convert labels to strings."""
    for number, label in enumerate(labels):
        if is_missing(label) or label is np.ma.masked or _is_nan(label):
            _raise_missing(number // n_per_sample)
        if isinstance(label, np.void):
            raise ValueError(f"y holds records such as {short(label)}; expected plain labels.")
    texts = [label for label in labels if isinstance(label, (str, bytes))]
    if 0 < len(texts) < len(labels):
        other = next(label for label in labels if not isinstance(label, (str, bytes)))
        raise ValueError(
            f"Unknown label type: y holds texts and other labels, such as {short(texts[0])} and {short(other)}. "
            "Convert all labels to one type, for example with astype(str)."
        )


def _is_nan(label: Any) -> bool:
    """Return whether a label is NaN or NaT of any library: none of them equals itself."""
    return not is_sequence(label) and isinstance(different := label != label, (bool, np.bool_)) and bool(different)


def _raise_missing(number: int) -> None:
    raise ValueError(f"Input y contains NaN: sample {number} has no label.")


def _read_one_hot(y: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    rows = check_array(y if issparse(y) else real_numbers(y, "y"), input_name="y")
    is_one_hot = ((rows == 0) | (rows == 1)).all(axis=1) & (rows.sum(axis=1) == 1)
    if not is_one_hot.all():
        row = int(np.argmin(is_one_hot))
        raise ValueError(
            f"{name} has shape {rows.shape}, which is read as one-hot labels, but row {row} is {rows[row].tolist()}: "
            "expected a single 1 and zeros otherwise. If a sequence may have several labels, or none, set "
            "multilabel=True. Multiclass-multioutput targets are not supported."
        )
    return rows.argmax(axis=1), np.arange(rows.shape[1])


def _read_indicator(y: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the zeros and ones of a multilabel target, and the indices of its columns."""
    expected = (
        f"With multilabel=True, {name} must be a matrix of zeros and ones of shape (n_samples, n_labels), with at "
        "least two labels"
    )
    cure = (
        "Set multilabel=False if each sequence has one label. To convert lists of labels to a matrix, use "
        "sklearn.preprocessing.MultiLabelBinarizer."
    )
    lengths = {len(row) for row in y if is_sequence(row)} if isinstance(y, (list, tuple)) else set()
    if len(lengths) > 1:
        raise ValueError(f"{expected}. Found rows of {min(lengths)} to {max(lengths)} values. {cure}")
    rows = y.toarray() if issparse(y) else _as_labels(y)
    if rows.ndim != 2 or rows.shape[1] < 2:
        raise ValueError(f"{expected}. Found the shape {rows.shape}. {cure}")
    if rows.dtype.kind not in NUMBERS:
        raise ValueError(f"{expected}. Found values of type {rows.dtype}, such as {short(rows.flat[0])}. {cure}")
    wrong = (rows != 0) & (rows != 1)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        value = rows[row, column].item()
        found = f"Input {name} contains NaN" if value != value else f"Found {value}"
        raise ValueError(f"{expected}. {found} in row {row}, column {column}.")
    return rows.astype(np.int64), np.arange(rows.shape[1])


def check_width(labels: np.ndarray, n_labels: int, name: str) -> None:
    """Raise a ValueError if a multilabel target does not have `n_labels` columns."""
    if labels.ndim == 2 and labels.shape[1] != n_labels:
        raise ValueError(
            f"{name} has {labels.shape[1]} columns; expected {n_labels}, one for each label of the classifier."
        )


def class_indices(labels: np.ndarray, classes: np.ndarray, name: str) -> np.ndarray:
    """Return the position of each label in `classes`; multilabel targets are returned as they are.

    Raises
    ------
    ValueError
        If a label is not one of the classes. The message calls the argument `name`.
    """
    if labels.ndim == 2:
        check_width(labels, len(classes), name)
        return labels
    encoder = LabelEncoder()
    encoder.classes_ = classes
    try:
        return encoder.transform(labels)
    except (ValueError, TypeError) as error:
        seen = {*classes.tolist()}
        unknown = sorted({label for label in labels.tolist() if label not in seen}, key=str)
        raise ValueError(
            f"{name} holds labels that are not among the classes {classes.tolist()}: {unknown}."
        ) from error


def read_sample_weight(sample_weight: Any, X: Any) -> np.ndarray:
    """Return the weight of each row as an array of floats; None means that all weights are 1.

    Raises
    ------
    ValueError
        If a weight is negative, not finite, or outside the range of floats, or if all are zero.
    """
    given = np.repeat(np.array([sample_weight]), len(X)) if isinstance(sample_weight, Real) else sample_weight
    if given is not None:
        sample_weight = as_numbers(given, "sample_weight")
    with np.errstate(over="ignore"):  # what is too large for float64 is refused as infinite
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if given is not None and not weights.all():
        exact, zeros = np.asarray(given), np.flatnonzero(weights == 0)  # fractions, for example
        if len(vanished := zeros[exact[zeros] != 0]):
            row = int(vanished[0])
            raise ValueError(f"sample_weight of row {row} is {short(exact[row])}, which is too small for a float.")
    if not weights.any():
        raise ValueError("All sample weights are zero, so there are no rows to train on.")
    return weights


def of_mean_one(weights: np.ndarray) -> np.ndarray:
    """Scale weights to a mean of one, without overflow for weights near the largest float."""
    weights = weights / weights.max()
    return weights / weights.mean()


def product_of_weights(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Multiply weights and scale the products to a maximum between a half and one.

    Numbers that floats cannot hold may occur on the way: only a product that is 1e-308 of the largest becomes zero.
    """
    (fraction, exponent), (other, more) = np.frexp(first), np.frexp(second)
    fraction, shift = np.frexp(fraction * other)
    exponent = exponent + more + shift
    return np.ldexp(fraction, exponent - exponent[fraction > 0].max(initial=-10_000))


def read_class_weight(class_weight: Any, classes: np.ndarray) -> np.ndarray | None:
    """Return the weight of each class, or None for "balanced", whose weights depend on the training rows.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        Weights by label. Classes that are not in the dict have weight 1.
    classes : ndarray of shape (n_classes,)
        All labels.

    Raises
    ------
    ValueError
        If a weight is not a finite number of at least 0, or if the dict contains unknown labels and some classes are
        missing: its keys are then probably wrong. Unknown labels alone are allowed, because a fold may lack a class.
    """
    if isinstance(class_weight, str):
        return None
    labels = classes.tolist()
    given = class_weight or {}
    for label, weight in given.items():
        if not _is_weight(weight):
            raise ValueError(
                f"class_weight[{label!r}] is {short(weight)}: expected a finite number, 0 or greater, as the weight of "
                "a class."
            )
    known = {label: float(weight) for label, weight in given.items() if label in {*labels}}
    unknown = [label for label in given if label not in known]
    missing = [label for label in labels if label not in known]
    if unknown and missing:
        raise ValueError(
            f"class_weight has weights for {unknown}, which are not among the classes {labels}, and none for the "
            f"classes {missing}. Its keys must be labels of y with the same type; for one-hot y, column indices."
        )
    return np.array([known.get(label, 1.0) for label in labels])


def _is_weight(value: Any) -> bool:
    """Return whether a value is a number of at least 0 that a float can hold, though perhaps not exactly."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        with np.errstate(over="ignore"):
            number = float(value)
    except OverflowError:
        return False
    return 0 <= number < np.inf and (number > 0 or value == 0)


def balance(indices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Scale weights so that each class has the same total weight."""
    weights = weights / weights.max()
    totals = np.bincount(indices, weights=weights)[indices]
    return np.divide(weights, totals, out=np.zeros(len(weights)), where=totals > 0)


def require_two_classes(indices: np.ndarray, classes: np.ndarray) -> None:
    """Raise a ValueError if all remaining training rows belong to one class."""
    present = np.unique(indices)
    if len(classes) < 2 or len(present) < 2:
        only = classes.tolist()[present[0]]
        among = " in rows of positive weight" if len(classes) > 1 else ""
        raise ValueError(
            f"A classifier needs samples of at least 2 classes to train on, but y contains only one class{among}: "
            f"{only!r}."
        )
