"""The splits of a cross-validation, drawn once, and the labels of one-hot rows for splitters and scorers."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.utils.multiclass import type_of_target

from skrnn.model_selection.lockstep import is_recurrent
from skrnn.model_selection.nesting import last_step, searched_estimator


def labels_of(y: Any, estimators: Iterable[Any]) -> Any:
    """Return the labels in y: one-hot rows are labels if one of the estimators is a classifier of this package.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_classes), or None
    estimators : iterable of estimator
        Scikit-learn's own classifiers, and those of this package with ``multilabel=True``, read one-hot rows as
        multilabel targets.

    Returns
    -------
    labels : array-like of shape (n_samples,), or y
        The index of the column of each one-hot row; `y` itself if it is not one-hot.
    """
    if y is None or not any(_reads_one_hot(searched_estimator(estimator)) for estimator in estimators):
        return y
    rows = y if hasattr(y, "shape") else np.asarray(y)
    if len(rows.shape) != 2 or rows.shape[1] < 2:
        return y
    from skrnn.estimators.targets import read_labels

    return read_labels(rows)[0]


def _reads_one_hot(estimator: Any) -> bool:
    """Return whether the classifier that is trained reads one-hot rows as labels."""
    return is_recurrent(estimator) and not last_step(estimator).multilabel


def folds_of(n_folds: int, y: Any, groups: Any, random_state: Any) -> Any:
    """Return a splitter into folds, stratified unless y has several labels for each row.

    Parameters
    ----------
    n_folds : int
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
        Labels.
    groups : array-like of shape (n_samples,), or None
        If given, no group is in two folds.
    random_state : int, RandomState instance or None
        Shuffles the folds. None leaves the rows in order.
    """
    is_stratified = type_of_target(y) in ("binary", "multiclass")
    if groups is not None:
        splitter: Any = StratifiedGroupKFold if is_stratified else GroupKFold
    else:
        splitter = StratifiedKFold if is_stratified else KFold
    return splitter(n_folds, shuffle=random_state is not None, random_state=random_state)


def draw_splits(splitter: Any, X: Any, y: Any, params: dict[str, Any]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the indices of the training and test rows of each split.

    Parameters
    ----------
    splitter : cross-validation generator
        Called once: without a seed, it would give other splits at the next call.
    X : array-like of shape (n_samples, ...)
    y : array-like of shape (n_samples,)
    params : dict
        Metadata for the splitter, such as ``groups``.

    Returns
    -------
    splits : list of (ndarray of shape (n_train,), ndarray of shape (n_test,))

    Raises
    ------
    ValueError
        If there are no splits.
    """
    splits = [(_indices(train), _indices(test)) for train, test in splitter.split(X, y, **params)]
    if not splits:
        raise ValueError(
            "cv gives no splits: it is empty, or an iterator that is already exhausted. Pass a splitter or a list of "
            "splits."
        )
    return splits


def _indices(rows: Any) -> np.ndarray:
    rows = np.asarray(rows)
    rows = rows.astype(int) if rows.size == 0 else rows  # NumPy makes an empty list an array of floats
    return np.flatnonzero(rows) if rows.dtype == bool else rows
