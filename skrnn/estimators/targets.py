"""Reading y and the weights of rows and classes: labels of any type, or one-hot rows, become class numbers."""

from numbers import Real
from typing import Any

import numpy as np
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, check_array, column_or_1d

from skrnn.preprocessing.reading import as_labels


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
    if np.isscalar(y):
        raise ValueError(
            f"y must be an array of one label for each sequence. Got {y!r} instead. A single sequence is a list of "
            "one, [x] with [label], but a classifier needs sequences of at least two classes."
        )
    y = as_labels(y)
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


def read_sample_weight(sample_weight: Any, X: Any) -> np.ndarray:
    """Return the weight of each row; None means ones."""
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():
        raise ValueError("All sample weights are zero: there is no row to train on.")
    return weights


def read_class_weight(class_weight: Any, classes: np.ndarray) -> np.ndarray | None:
    """Return the weight of each class, or None for weights that follow from the rows ("balanced").

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        Classes that a dict does not name have weight one.
    classes : ndarray of shape (n_classes,)
        All labels.

    Raises
    ------
    ValueError
        If a weight is not a finite number of at least 0, or if a dict has labels that are not classes and lacks labels
            that are: then its keys are probably wrong. (A dict may name more than all classes: a fold can lack one.)
    """
    if isinstance(class_weight, str):
        return None
    labels = classes.tolist()
    given = class_weight or {}
    for label, weight in given.items():
        is_number = isinstance(weight, Real) and not isinstance(weight, bool)
        if not is_number or not np.isfinite(weight) or weight < 0:
            raise ValueError(
                f"class_weight[{label!r}] is {weight!r}: expected a finite number, 0 or greater, as the weight of a "
                "class."
            )
    known = {label: float(weight) for label, weight in given.items() if label in {*labels}}
    unknown = [label for label in given if label not in known]
    missing = [label for label in labels if label not in known]
    if unknown and missing:
        raise ValueError(
            f"class_weight has weights for {unknown}, which are not among the classes {labels}, and none for the "
            f"classes {missing}. Its keys must be labels of y, of the same type; for one-hot y, column numbers."
        )
    return np.array([known.get(label, 1.0) for label in labels])


def balanced_weights(numbers: np.ndarray, weights: np.ndarray, n_classes: int) -> np.ndarray:
    """Return class weights that give all classes among the rows the same total weight, up to a factor."""
    totals = np.bincount(numbers, weights=weights, minlength=n_classes)
    return np.divide(1.0, totals, out=np.zeros(n_classes), where=totals > 0)


def require_two_classes(numbers: np.ndarray, classes: np.ndarray) -> None:
    """Raise a ValueError if the rows that are left to train on are all of one class."""
    present = np.unique(numbers)
    if len(classes) < 2 or len(present) < 2:
        only = classes.tolist()[present[0]]
        among = " in rows of positive weight" if len(classes) > 1 else ""
        raise ValueError(
            f"A classifier needs samples of at least 2 classes to train on, but y contains only one class{among}: "
            f"{only!r}."
        )
