"""Fitting an estimator once, and measuring how long that takes."""

import time
from collections.abc import Mapping
from typing import Any


def timed_fit(estimator: Any, X: Any, y: Any, params: Mapping[str, Any]) -> float:
    """Fit an estimator in place, and return how long it took.

    What ``fit`` returns is not looked at: an estimator that forgets to return itself is fitted all the same.

    Parameters
    ----------
    estimator : estimator
    X : array-like of shape (n_samples, ...)
    y : array-like of shape (n_samples,) or (n_samples, n_classes), or None
        None calls ``fit`` without y, as scikit-learn does.
    params : mapping of str to object
        Metadata for ``fit``.

    Returns
    -------
    seconds : float
    """
    started = time.perf_counter()
    if y is None:
        estimator.fit(X, **params)
    else:
        estimator.fit(X, y, **params)
    return time.perf_counter() - started
