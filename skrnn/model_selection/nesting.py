"""The estimator inside nested pipelines and searches."""

from inspect import signature

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from skrnn._sklearn import BaseSearchCV


def last_step(estimator: BaseEstimator) -> BaseEstimator:
    """Return the last step of a pipeline, however deeply nested; other estimators are returned as is.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    last : estimator
        Not a pipeline. If it is a search, it is the search itself, not the estimator inside.
    """
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def searched_estimator(estimator: BaseEstimator) -> BaseEstimator:
    """Return the estimator that the innermost search tunes, without the pipelines around it.

    Parameters
    ----------
    estimator : estimator
        Fitted or not.

    Returns
    -------
    inner : estimator
        If there is no search, the last step of `estimator`.
    """
    while isinstance(search := last_step(estimator), BaseSearchCV):
        estimator = search.estimator
    return last_step(estimator)


def fitted_estimator(estimator: BaseEstimator) -> BaseEstimator:
    """Return the ``best_estimator_`` of the innermost search, without the pipelines around it.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Returns
    -------
    inner : estimator
        If there is no search with a ``best_estimator_``, the last step of `estimator`.
    """
    while hasattr(best := getattr(last_step(estimator), "best_estimator_", None), "fit"):
        estimator = best
    return last_step(estimator)


def fit_parameter(estimator: BaseEstimator, name: str) -> str:
    """Return the name under which `fit` accepts metadata for the last step of a pipeline.

    Parameters
    ----------
    estimator : estimator
    name : str
        Such as "sample_weight". A name with the prefix of a step is returned as it is.

    Raises
    ------
    ValueError
        If the last step does not accept it.
    """
    if "__" in name:
        return name
    last = last_step(estimator)
    takes_any = any(each.kind is each.VAR_KEYWORD for each in signature(last.fit).parameters.values())
    if not (takes_any or has_fit_parameter(last, name)):
        raise ValueError(f"{type(last).__name__}.fit does not accept the parameter {name!r} of params.")
    prefix = ""
    while isinstance(estimator, Pipeline):
        prefix += f"{estimator.steps[-1][0]}__"
        estimator = estimator.steps[-1][1]
    return prefix + name
