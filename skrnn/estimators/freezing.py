"""Freezing whatever holds recurrent classifiers: pipelines, searches, ensembles."""

from copy import deepcopy
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn.estimators.frozen import FrozenClassifier
from skrnn.estimators.prediction import Prediction

_HOLD_NO_ESTIMATORS = (str, bytes, int, float, type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


def freeze(estimator: Any) -> Any:
    """Return a copy of a fitted estimator that predicts the same and needs no TensorFlow.

    Every recurrent classifier in it becomes a :class:`~skrnn.estimators.FrozenClassifier`, wherever it is: in
    pipelines, column transformers and feature unions, or in meta-estimators such as
    :class:`~sklearn.ensemble.VotingClassifier` and :class:`~sklearn.calibration.CalibratedClassifierCV`. A fitted
    search becomes its best estimator. Everything else is copied.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier of skrnn, or a fitted estimator that contains one. It stays as it is.

    Returns
    -------
    frozen : estimator
        It can be pickled, and a process that loads it needs only scikit-learn and skrnn. To fit it again fits its
        transformers, not its recurrent classifiers.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator contains no fitted recurrent classifier.

    See Also
    --------
    skrnn.estimators.FrozenClassifier : What a recurrent classifier becomes.

    Notes
    -----
    Meta-estimators also keep the classifiers that they were given and cloned, which are not fitted. In the copy these
    are frozen classifiers that are not fitted, because even their class would import TensorFlow.

    Examples
    --------
    >>> import skrnn
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn.datasets import make_adding_problem
    >>> from skrnn.preprocessing import SequenceScaler
    >>> X, y = make_adding_problem(100, 10, random_state=0)
    >>> pipeline = make_pipeline(SequenceScaler(), skrnn.GRUClassifier(8, epochs=2, random_state=0)).fit(X, y)
    >>> frozen = skrnn.freeze(pipeline)
    >>> frozen[-1]
    FrozenClassifier()
    >>> bool((frozen.predict(X) == pipeline.predict(X)).all())
    True
    """
    check_is_fitted(estimator)
    copies: dict[int, Any] = {}  # as in the `memo` of deepcopy: the copy of an object, by the object's id
    _freeze_within(estimator, copies, visited={})
    if not any(isinstance(copy, FrozenClassifier) and hasattr(copy, "classes_") for copy in copies.values()):
        hint = " A search needs refit=True." if hasattr(estimator, "cv_results_") else ""
        raise TypeError(
            f"{type(estimator).__name__} contains no fitted classifier of skrnn, so there is nothing to freeze; "
            f"expected one, or a pipeline, search or meta-estimator that contains one.{hint}"
        )
    return deepcopy(estimator, copies)


def _freeze_within(thing: Any, copies: dict[int, Any], visited: dict[int, Any]) -> None:
    """Enter what is to replace the recurrent classifiers and the searches within an object into `copies`."""
    if thing is None or id(thing) in visited or isinstance(thing, _HOLD_NO_ESTIMATORS):
        return
    visited[id(thing)] = thing
    if isinstance(thing, Prediction):
        copies[id(thing)] = thing.freeze() if hasattr(thing, "classes_") else FrozenClassifier()
        return
    if isinstance(thing, np.ndarray):
        parts = [*thing.flat] if thing.dtype == object else []
    elif isinstance(thing, dict):
        parts = [*thing.values()]
    elif isinstance(thing, (list, tuple, set, frozenset)):
        parts = [*thing]
    else:
        parts = []
    attributes = getattr(thing, "__dict__", {})
    if "best_estimator_" in attributes:
        best = attributes["best_estimator_"]
        _freeze_within(best, copies, visited)
        copies[id(thing)] = deepcopy(best, copies)
        return
    for part in [*parts, *attributes.values()]:
        _freeze_within(part, copies, visited)
