"""From `cv` to splits that are drawn once, and from one-hot rows to the labels that splitters and scorers know."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.model_selection._search import BaseSearchCV

from skrnn.model_selection.lockstep import is_recurrent, last_step


def labels_of(y: Any, estimators: Iterable[Any]) -> Any:
    """Return the labels that y stands for: one-hot rows are labels if one of the estimators reads them so.

    Parameters
    ----------
    y : array-like
    estimators : iterable of estimator
        Scikit-learn's classifiers take one-hot rows for several labels at once.

    Returns
    -------
    labels : array-like
        y itself unless it is one-hot, and otherwise the number of each row's column.
    """
    if y is None or not any(is_recurrent(_searched(estimator)) for estimator in estimators):
        return y
    rows = y if hasattr(y, "shape") else np.asarray(y)
    if len(rows.shape) != 2 or rows.shape[1] < 2:
        return y
    from skrnn.estimators.targets import read_labels

    return read_labels(rows)[0]


def _searched(estimator: Any) -> Any:
    """Return what a search looks for the parameters of; others are what they are."""
    while isinstance(last_step(estimator), BaseSearchCV):
        estimator = last_step(estimator).estimator
    return estimator


def draw_splits(splitter: Any, X: Any, y: Any, params: dict[str, Any]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the rows to train and to test on, as their numbers.

    Parameters
    ----------
    splitter : cross-validation generator
    X, y : array-like
    params : dict
        Metadata for the splitter.

    Raises
    ------
    ValueError
        If there are none.
    """
    splits = [(_numbers(train), _numbers(test)) for train, test in splitter.split(X, y, **params)]
    if not splits:
        raise ValueError(
            "cv gives no splits, so that nothing can be fitted: it is empty, or an iterator that was used up before."
        )
    return splits


def _numbers(rows: Any) -> np.ndarray:
    rows = np.asarray(rows)
    rows = rows.astype(int) if rows.size == 0 else rows  # an empty list is one of floats
    return np.flatnonzero(rows) if rows.dtype == bool else rows
