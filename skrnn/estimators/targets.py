"""Reading y and the weights: labels of any type or one-hot rows to class numbers, weights to a mean of one."""

from typing import Any

import numpy as np
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, check_array, column_or_1d


def read_labels(y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the label of each row, and the classes that y knows of.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_classes)
        Labels of any type that can be sorted, or one-hot rows, whose labels are the numbers of their columns.

    Returns
    -------
    labels : ndarray of shape (n,)
    classes : ndarray
        Sorted. For one-hot rows all columns, seen or not.
    """
    if y is None:
        raise ValueError("This classifier requires y to be passed, but the target y is None.")
    y = y if hasattr(y, "shape") else np.asarray(y)
    if len(y.shape) == 2 and y.shape[1] > 1:
        return _read_one_hot(y)
    labels = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    return labels, np.unique(labels)


def _read_one_hot(y: Any) -> tuple[np.ndarray, np.ndarray]:
    rows = check_array(y, input_name="y")
    is_one_hot = ((rows == 0) | (rows == 1)).all(axis=1) & (rows.sum(axis=1) == 1)
    if not is_one_hot.all():
        row = int(np.argmin(is_one_hot))
        raise ValueError(
            f"y has shape {rows.shape}, which is read as one-hot labels, but row {row} is {rows[row].tolist()}: "
            "expected exactly one 1 and zeros else. Multilabel and multioutput targets are not supported."
        )
    return rows.argmax(axis=1), np.arange(rows.shape[1])


def class_numbers(labels: np.ndarray, classes: np.ndarray, name: str) -> np.ndarray:
    """Return the position of each label in `classes`.

    Raises
    ------
    ValueError
        If a label is none of the classes; `name` says in which argument.
    """
    encoder = LabelEncoder()
    encoder.classes_ = classes
    try:
        return encoder.transform(labels)
    except (ValueError, TypeError) as error:
        seen = {*classes.tolist()}
        unknown = sorted({label for label in labels.tolist() if label not in seen}, key=str)
        raise ValueError(f"{name} holds labels that are none of the classes {classes.tolist()}: {unknown}.") from error


def read_weights(sample_weight: Any, class_weight: Any, X: Any, labels: np.ndarray) -> np.ndarray:
    """Return the weight of each row: its sample weight times the weight of its class."""
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if class_weight is not None:
        weights = weights * compute_sample_weight(class_weight, labels)
    if not weights.any():
        raise ValueError("All sample weights are zero: there is no row to train on.")
    return weights


def require_two_classes(numbers: np.ndarray, classes: np.ndarray) -> None:
    """Raise a ValueError if the rows that are left to train on are all of one class."""
    present = np.unique(numbers)
    if len(classes) < 2 or len(present) < 2:
        only = classes.tolist()[present[0]]
        raise ValueError(
            f"A classifier needs samples of at least 2 classes to train on, but y contains only one class: {only!r}."
        )
