"""The estimator inside pipelines and searches, however they are nested."""

from typing import Any

from sklearn.pipeline import Pipeline

from skrnn._sklearn import BaseSearchCV


def last_step(estimator: Any) -> Any:
    """Return the last step of a pipeline, or of the pipelines that it ends in; other estimators are returned as is.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    last : estimator
        Also a search, whose own estimator is not looked at.
    """
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def searched_estimator(estimator: Any) -> Any:
    """Return the estimator that the innermost search tunes, without the pipelines around it.

    Parameters
    ----------
    estimator : estimator
        Need not be fitted.

    Returns
    -------
    inner : estimator
        The last step of `estimator` if that contains no search.
    """
    while isinstance(search := last_step(estimator), BaseSearchCV):
        estimator = search.estimator
    return last_step(estimator)


def fitted_estimator(estimator: Any) -> Any:
    """Return the fitted estimator inside: the ``best_estimator_`` of a search, without the pipelines around it.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Returns
    -------
    inner : estimator
        The last step of `estimator` if that contains no search that has refitted.
    """
    while hasattr(best := getattr(last_step(estimator), "best_estimator_", None), "fit"):
        estimator = best
    return last_step(estimator)
