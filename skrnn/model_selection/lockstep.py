"""Evaluate one candidate of a search on fixed folds: epoch by epoch on all folds, or by complete fits.

Nothing here depends on Optuna: the caller gets the mean score after every epoch and decides whether to continue.
"""

import itertools
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from skrnn._sklearn import _check_method_params, _safe_split, transformers_of
from skrnn.model_selection.callback_tasks import CallbackTask, running_part
from skrnn.model_selection.fits import timed_fit
from skrnn.model_selection.nesting import last_step
from skrnn.model_selection.scoring import named_scores
from skrnn.model_selection.steps import assembled, fit_other_steps

_FOLD = "candidate-split-evaluation"  # the name that scikit-learn's searches use

_HARMLESS = {  # attributes that a subclass may define without changing how it is trained
    *(
        "__init__",
        "__module__",
        "__doc__",
        "__qualname__",
        "__annotations__",
        "__firstlineno__",
        "__static_attributes__",
    ),
    *("predict", "predict_proba", "predict_log_proba", "decision_function", "score"),
    *("set_fit_request", "set_score_request", "set_partial_fit_request", "_parameter_constraints"),
}


@dataclass(frozen=True)
class Task:
    """The data and scores that all candidates of a search share.

    Attributes
    ----------
    X : array-like of shape (n_samples, ...)
        The data to fit.
    y : array-like of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels), or None
        The target to fit.
    labels : array-like of shape (n_samples,) or (n_samples, n_labels), or None
        The target for the scorers: `y` with one-hot rows replaced by labels.
    splits : sequence of (ndarray of shape (n_train,), ndarray of shape (n_test,))
        Indices of the training and test rows of each fold.
    scorers : callable
        ``scorers(estimator, X, y, **params)`` returns a number or a dict of numbers.
    metric : str or None
        The name of the score to maximize; "score" if there is only one. None means the first.
    fit_params, score_params : dict of str to object
        Metadata for `fit` and for the scorers. Values of length n_samples are split like X.
    scores_last_step : bool
        Whether the scorers only call the estimator's methods, so that the last step of a pipeline can be scored on
        data that the other steps have transformed once. A user's scoring function gets the whole pipeline and X.
    """

    X: Any
    y: Any
    labels: Any
    splits: Sequence[tuple[np.ndarray, np.ndarray]]
    scorers: Callable[..., float | dict[str, float | str]]
    metric: str | None
    fit_params: dict[str, Any]
    score_params: dict[str, Any]
    scores_last_step: bool

    def decides(self, scores: Mapping[str, Any]) -> str:
        """Return the name of the score to maximize. A user's function shows the names of its scores only when called.

        Raises
        ------
        UndecidedError
            If no score has the name in `metric`.
        """
        if self.metric is None or list(scores) == ["score"]:
            return next(iter(scores))
        if self.metric not in scores:
            raise UndecidedError(
                f"scoring returned the scores {list(scores)}: refit must be set to a scorer key, the name of the score "
                "to maximize, to a callable, or to False."
            )
        return self.metric


class UndecidedError(ValueError):
    """There are several scores, and `refit` does not name one of them."""


@dataclass(frozen=True)
class Outcome:
    """The results of a candidate.

    Attributes
    ----------
    scores : dict of str to list of float
        For each metric, the score of each fold.
    fit_seconds, score_seconds : list of float
        Duration of fitting and of scoring each fold, in seconds.
    n_epochs : int or None
        Number of epochs before the scores were measured; None for classifiers without epochs.
    refit_epochs : int or None
        Number of epochs for a refit; None if the parameters set it.
    pruned_epoch : int or None
        Number of epochs after which the candidate was pruned; None if it was not.
    """

    scores: dict[str, list[float]]
    fit_seconds: list[float]
    score_seconds: list[float]
    n_epochs: int | None = None
    refit_epochs: int | None = None
    pruned_epoch: int | None = None

    def mean(self, metric: str) -> float:
        """Return the mean score over the folds."""
        return float(np.mean(self.scores[metric]))


def is_recurrent(estimator: BaseEstimator) -> bool:
    """Return whether an estimator is a classifier of this package or a pipeline that ends in one."""
    module = sys.modules.get("skrnn.estimators.base")  # if it is not imported, no such classifier exists
    return module is not None and isinstance(last_step(estimator), module.BaseRecurrentClassifier)


def trains_by_epochs(estimator: BaseEstimator) -> bool:
    """Return whether training the folds in lock-step gives the same result as `fit`.

    The methods of a subclass of a pipeline or classifier may do anything. Keras callbacks that write files would use
    the same files for all folds, and restore the network of another fold.
    """
    while type(estimator) is Pipeline:
        estimator = estimator.steps[-1][1]
    if isinstance(estimator, Pipeline) or not is_recurrent(estimator):
        return False
    from skrnn.estimators.routing import write_files  # already loaded with the classifier

    if estimator.warm_start or _trains_its_own_way(type(estimator)):
        return False
    return not write_files(estimator.callbacks)


def _trains_its_own_way(classifier: type) -> bool:
    """Return whether a user's subclass changes more than parameters and predictions."""
    foreign = [cls for cls in classifier.__mro__ if not cls.__module__.startswith("skrnn.")]
    ours = next(cls for cls in classifier.__mro__ if cls.__module__.startswith("skrnn."))
    changed = {name for cls in foreign if not issubclass(ours, cls) for name in vars(cls)}
    return any(hasattr(ours, name) for name in changed - _HARMLESS)


def evaluate(
    estimator: BaseEstimator,
    task: Task,
    *,
    epochs_are_searched: bool,
    go_on: Callable[[int, float], bool],
    callbacks: CallbackTask | None = None,
) -> Outcome:
    """Train and score a candidate on all folds.

    Parameters
    ----------
    estimator : estimator
        An estimator with the candidate's parameters; it is not modified.
    task : Task
    epochs_are_searched : bool
        Whether ``epochs`` is one of the candidate's parameters. If not, the epoch with the best mean score counts,
        unless early stopping or a Keras callback chooses the epoch.
    go_on : callable
        ``go_on(epoch, mean)`` is called after each epoch, counted from 1, with the mean score over the folds. It
        returns False to prune the candidate.
    callbacks : CallbackTask, default=None
        The task that contains a task for each fold.

    Returns
    -------
    outcome : Outcome
    """
    if not trains_by_epochs(estimator):
        return _evaluate_fits(estimator, task, callbacks)
    classifier = last_step(estimator)
    # A callback may restore the weights of an earlier epoch, so the network that `fit` keeps is known only at the end.
    chooses_epoch = not (epochs_are_searched or classifier.early_stopping or classifier.callbacks)
    best = current = None
    # Scores are computed with small NumPy products. A second BLAS thread gains nothing, and waits for a core that
    # another worker uses: two processes on two cores took 1.25 to 1.5 times as long.
    with threadpool_limits(limits=1, user_api="blas"), ExitStack() as stack:
        folds = [_Fold(estimator, task, train, test, callbacks, stack) for train, test in task.splits]
        for epoch in itertools.count(1):
            for fold in folds:
                fold.train_epoch()
            current = replace(
                _gather([fold.score() for fold in folds], folds),
                n_epochs=epoch,
                refit_epochs=epoch if chooses_epoch else None,
            )
            metric = task.decides(current.scores)
            mean = current.mean(metric)
            if best is None or not chooses_epoch or mean > best.mean(metric):
                best = current
            ended = all(fold.training.finished for fold in folds)
            if not go_on(epoch, mean) and not ended:
                return _timed(replace(best, pruned_epoch=epoch), current)
            if ended:
                break
    assert best is not None
    assert current is not None
    return _timed(best, current)


def _timed(outcome: Outcome, last: Outcome) -> Outcome:
    """Return an outcome with the durations of all epochs, not only up to the best one."""
    return replace(outcome, fit_seconds=last.fit_seconds, score_seconds=last.score_seconds)


class _Fold:
    """A fold in training. It reads its data once and is scored after each epoch."""

    def __init__(
        self,
        estimator: BaseEstimator,
        task: Task,
        train: np.ndarray,
        test: np.ndarray,
        callbacks: CallbackTask | None,
        stack: ExitStack,
    ):
        from skrnn.estimators.fit_task import fit_task  # already loaded with the classifier
        from skrnn.estimators.training import Training

        self.task = task
        started = time.perf_counter()
        X_train, y_train = _safe_split(estimator, task.X, task.y, train)
        self.X_test, self.y_test = _safe_split(estimator, task.X, task.labels, test, train)
        self.score_params = _check_method_params(task.X, params=task.score_params, indices=test)
        fit_params = _check_method_params(task.X, params=task.fit_params, indices=train)
        self.pipelines, classifier, (X, y, own_params) = fit_other_steps(estimator, X_train, y_train, fit_params)
        self.classifier = clone(classifier)
        stack.enter_context(running_part(callbacks, _FOLD, self.classifier, X=X_train, y=y_train, params=fit_params))
        self.training = Training.begin(self.classifier, X, y, **own_params)
        self.fit_task = stack.enter_context(fit_task(self.classifier, self.training, X, y))
        self.X_scored = self.X_test
        if task.scores_last_step:
            for pipeline in self.pipelines:
                # As in `predict`. The pipeline's own `transform` would check whether its last step is fitted.
                for transformer in transformers_of(pipeline):
                    self.X_scored = transformer.transform(self.X_scored)
        self.fit_seconds, self.score_seconds = time.perf_counter() - started, 0.0

    def train_epoch(self) -> None:
        """Train for one epoch, unless the training has ended."""
        if self.training.finished:
            return
        started = time.perf_counter()
        with self.training.lease() as network:
            with self.fit_task.epoch():
                self.training.step(network)
            if self.training.finished:
                self.training.finish(network)
        vars(self.classifier).update(self.training.learned())
        self.fit_seconds += time.perf_counter() - started

    def score(self) -> dict[str, float]:
        """Score the classifier on the test rows; with early stopping it has the weights of its best epoch so far."""
        started = time.perf_counter()
        estimator = self.classifier if self.task.scores_last_step else assembled(self.pipelines, self.classifier)
        scores = _scores(self.task, estimator, self.X_scored, self.y_test, self.score_params)
        self.score_seconds += time.perf_counter() - started
        return scores


def _evaluate_fits(estimator: BaseEstimator, task: Task, callbacks: CallbackTask | None) -> Outcome:
    """Fit and score a clone on each fold, as scikit-learn does."""
    scores, fit_seconds, score_seconds = [], [], []
    for train, test in task.splits:
        fitted = clone(estimator)
        X_train, y_train = _safe_split(fitted, task.X, task.y, train)
        X_test, y_test = _safe_split(fitted, task.X, task.labels, test, train)
        fit_params = _check_method_params(task.X, params=task.fit_params, indices=train)
        with running_part(callbacks, _FOLD, fitted, X=X_train, y=y_train, params=fit_params):
            fit_seconds.append(timed_fit(fitted, X_train, y_train, fit_params))
        score_params = _check_method_params(task.X, params=task.score_params, indices=test)
        started = time.perf_counter()
        scores.append(_scores(task, fitted, X_test, y_test, score_params))
        score_seconds.append(time.perf_counter() - started)
    return Outcome(_by_metric(scores), fit_seconds, score_seconds)


def _gather(scores: list[dict[str, float]], folds: list[_Fold]) -> Outcome:
    return Outcome(_by_metric(scores), [fold.fit_seconds for fold in folds], [fold.score_seconds for fold in folds])


def _by_metric(scores: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [of_fold[name] for of_fold in scores] for name in scores[0]}


def _scores(task: Task, estimator: BaseEstimator, X: Any, y: Any, params: dict[str, Any]) -> dict[str, float]:
    """Return scores by name. If one of several scorers failed, scikit-learn returns its traceback as the score."""
    return named_scores(task.scorers(estimator, X, **params) if y is None else task.scorers(estimator, X, y, **params))
