"""Splits that are drawn once, and the labels of one-hot rows, for splitters and scorers."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils.multiclass import type_of_target

from skrnn.model_selection.lockstep import is_recurrent, last_step


def labels_of(y: Any, estimators: Iterable[Any]) -> Any:
    """Return the labels that y encodes: one-hot rows are labels if one of the estimators reads them that way.

    Parameters
    ----------
    y : array-like
    estimators : iterable of estimator
        Scikit-learn's own classifiers, and those of this package with ``multilabel=True``, read one-hot rows as
        several labels at once.

    Returns
    -------
    labels : array-like
        y itself unless it is one-hot, and otherwise the index of the column with the 1 in each row.
    """
    if y is None or not any(_reads_one_hot(_searched(estimator)) for estimator in estimators):
        return y
    rows = y if hasattr(y, "shape") else np.asarray(y)
    if len(rows.shape) != 2 or rows.shape[1] < 2:
        return y
    from skrnn.estimators.targets import read_labels

    return read_labels(rows)[0]


def _reads_one_hot(estimator: Any) -> bool:
    """Return whether the classifier that is trained reads one-hot rows as labels."""
    return is_recurrent(estimator) and not last_step(estimator).multilabel


def shuffled_folds(n_folds: int, y: Any, random_state: Any) -> Any:
    """Return a splitter into shuffled folds, stratified unless y has several labels for each row."""
    is_stratified = type_of_target(y) in ("binary", "multiclass")
    return (StratifiedKFold if is_stratified else KFold)(n_folds, shuffle=True, random_state=random_state)


def _searched(estimator: Any) -> Any:
    """Return the estimator that a search tunes; other estimators are returned unchanged."""
    while isinstance(last_step(estimator), BaseSearchCV):
        estimator = last_step(estimator).estimator
    return estimator


def draw_splits(splitter: Any, X: Any, y: Any, params: dict[str, Any]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the indices of the rows to train and to test on, for each split.

    Parameters
    ----------
    splitter : cross-validation generator
    X, y : array-like
    params : dict
        Metadata for the splitter.

    Raises
    ------
    ValueError
        If there are no splits.
    """
    splits = [(_numbers(train), _numbers(test)) for train, test in splitter.split(X, y, **params)]
    if not splits:
        raise ValueError(
            "cv gives no splits: it is empty, or an iterator that was used up. Pass a splitter or a list of splits."
        )
    return splits


def _numbers(rows: Any) -> np.ndarray:
    rows = np.asarray(rows)
    rows = rows.astype(int) if rows.size == 0 else rows  # an empty list is one of floats
    return np.flatnonzero(rows) if rows.dtype == bool else rows
