"""Evaluate one candidate of a search on fixed folds: epoch by epoch on all folds, or by whole fits.

Nothing here depends on Optuna: the caller gets the scores after every epoch and decides whether to continue.
"""

import copy
import itertools
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.callback import CallbackSupportMixin
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from skrnn._sklearn import _check_method_params, _safe_split, transformers_of
from skrnn.model_selection.callback_tasks import CallbackTask, running_part
from skrnn.model_selection.fits import timed_fit
from skrnn.model_selection.nesting import last_step

_FOLD = "candidate-split-evaluation"  # the name that scikit-learn's searches use

_HARMLESS = {  # what a subclass may define and still be trained in lock-step
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
    X, y : array-like
        The data to fit.
    labels : array-like
        y as the scorers see it: one-hot rows are replaced by labels.
    splits : sequence of (ndarray, ndarray)
        Rows to train and to test on, drawn once.
    scorers : callable
        ``scorers(estimator, X, y, **params)``: a number, or a dict of them.
    metric : str or None
        The name of the score that decides; "score" if there is only one. None for the first.
    fit_params, score_params : dict
        Metadata, including values for each row.
    scores_last_step : bool
        Whether the scorers only call the estimator's methods, so that a pipeline's last step can be scored on data
        that the other steps transformed once. A scorer that the user wrote as a function gets the whole pipeline and X.
    """

    X: Any
    y: Any
    labels: Any
    splits: Sequence[tuple[np.ndarray, np.ndarray]]
    scorers: Callable[..., Any]
    metric: str | None
    fit_params: dict[str, Any]
    score_params: dict[str, Any]
    scores_last_step: bool

    def decides(self, scores: Mapping[str, Any]) -> str:
        """Return the name of the score that decides; what a user's function returns is known only after a call.

        Raises
        ------
        UndecidedError
            If none of the scores has that name.
        """
        if self.metric is None or list(scores) == ["score"]:
            return next(iter(scores))
        if self.metric not in scores:
            raise UndecidedError(
                f"scoring returned the scores {list(scores)}: refit must be set to a scorer key, the name of the score "
                "that decides, to a callable, or to False."
            )
        return self.metric


class UndecidedError(ValueError):
    """There are several scores, and `refit` does not name the one that decides."""


@dataclass(frozen=True)
class Outcome:
    """The results of a candidate.

    Attributes
    ----------
    scores : dict of str to list of float
        For each metric, the score of each fold.
    fit_seconds, score_seconds : list of float
        Seconds for each fold.
    n_epochs : int or None
        Number of epochs of the scored networks; None for classifiers without epochs.
    refit_epochs : int or None
        Number of epochs for a refit; None if the parameters set it.
    pruned_epoch : int or None
        Number of epochs after which the candidate was pruned.
    """

    scores: dict[str, list[float]]
    fit_seconds: list[float]
    score_seconds: list[float]
    n_epochs: int | None = None
    refit_epochs: int | None = None
    pruned_epoch: int | None = None

    def mean(self, metric: str) -> float:
        """Return the mean over the folds."""
        return float(np.mean(self.scores[metric]))


def is_recurrent(estimator: Any) -> bool:
    """Return whether the classifier that is trained is one of this package."""
    module = sys.modules.get("skrnn.estimators.base")  # not imported: then there can be no such classifier
    return module is not None and isinstance(last_step(estimator), module.BaseRecurrentClassifier)


def trains_by_epochs(estimator: Any) -> bool:
    """Return whether the folds can be trained in lock-step with the same result as in `fit`.

    What a subclass of a pipeline or of a classifier does in its own methods cannot be known here. Keras callbacks that
    write files would write those of all folds into the same ones, and restore another fold's network from them.
    """
    while type(estimator) is Pipeline:
        estimator = estimator.steps[-1][1]
    if isinstance(estimator, Pipeline) or not is_recurrent(estimator):
        return False
    from skrnn.estimators.routing import write_files  # loaded already: there is a classifier

    if estimator.warm_start or _trains_its_own_way(type(estimator)):
        return False
    return not write_files(estimator.callbacks)


def _trains_its_own_way(classifier: type) -> bool:
    """Return whether a user's subclass changes more than its parameters and what it predicts."""
    foreign = [cls for cls in classifier.__mro__ if not cls.__module__.startswith("skrnn.")]
    ours = next(cls for cls in classifier.__mro__ if cls.__module__.startswith("skrnn."))
    changed = {name for cls in foreign if not issubclass(ours, cls) for name in vars(cls)}
    return any(hasattr(ours, name) for name in changed - _HARMLESS)


def evaluate(
    estimator: Any,
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
        Whether ``epochs`` is one of the candidate's parameters. If not, the epoch with the best mean is chosen, unless
        early stopping or a Keras callback chooses.
    go_on : callable
        ``go_on(epoch, mean)`` is called after each epoch, counted from 1, with the mean score over the folds.
    callbacks : CallbackTask, default=None
        The task that each fold is a part of.
    """
    if not trains_by_epochs(estimator):
        return _evaluate_fits(estimator, task, callbacks)
    classifier = last_step(estimator)
    # A callback may put back the weights of an earlier epoch: what `fit` keeps is known when the training ends.
    chooses_epoch = not (epochs_are_searched or classifier.early_stopping or classifier.callbacks)
    best = current = None
    # NumPy computes the scores in small products. A second BLAS thread gains nothing, but waits for a core that
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
    """Return an outcome with the duration of all epochs, not only of those up to the best one."""
    return replace(outcome, fit_seconds=last.fit_seconds, score_seconds=last.score_seconds)


class _Fold:
    """A fold in training. It reads its data once and is scored after each epoch."""

    def __init__(
        self,
        estimator: Any,
        task: Task,
        train: np.ndarray,
        test: np.ndarray,
        callbacks: CallbackTask | None,
        stack: ExitStack,
    ):
        from skrnn.estimators.fit_task import fit_task  # loaded already: there is a classifier
        from skrnn.estimators.training import Training

        self.task = task
        started = time.perf_counter()
        X_train, y_train = _safe_split(estimator, task.X, task.y, train)
        self.X_test, self.y_test = _safe_split(estimator, task.X, task.labels, test, train)
        self.score_params = _check_method_params(task.X, params=task.score_params, indices=test)
        fit_params = _check_method_params(task.X, params=task.fit_params, indices=train)
        self.pipelines, classifier, (X, y, own_params) = _fit_other_steps(estimator, X_train, y_train, fit_params)
        self.classifier = clone(classifier)
        stack.enter_context(running_part(callbacks, _FOLD, self.classifier, X=X_train, y=y_train, params=fit_params))
        self.training = Training.begin(self.classifier, X, y, **own_params)
        self.fit_task = stack.enter_context(fit_task(self.classifier, self.training, X, y))
        self.X_scored = self.X_test
        if task.scores_last_step:
            for pipeline in self.pipelines:
                # As `predict` does: transform of a pipeline would check whether it is fitted.
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
        """Score the classifier on the test part; with early stopping it has the weights of its best epoch so far."""
        started = time.perf_counter()
        estimator = self.classifier if self.task.scores_last_step else _assembled(self.pipelines, self.classifier)
        scores = _scores(self.task, estimator, self.X_scored, self.y_test, self.score_params)
        self.score_seconds += time.perf_counter() - started
        return scores


class _Recorder(CallbackSupportMixin, BaseEstimator):
    """Replaces a pipeline's last step, and keeps the arguments of its `fit`."""

    def __init__(self, classifier: Any):
        self.classifier = classifier

    def fit(self, X, y, **params):
        """Keep the arguments."""
        self.given_ = X, y, params
        return self

    def get_metadata_routing(self):
        """Request the same metadata as the classifier."""
        return self.classifier.get_metadata_routing()

    def __sklearn_tags__(self):
        return self.classifier.__sklearn_tags__()


def _fit_other_steps(estimator: Any, X: Any, y: Any, params: dict[str, Any]) -> tuple[list[Pipeline], Any, tuple]:
    """Fit all steps before the classifier.

    Returns
    -------
    pipelines : list of Pipeline
        From the outermost to the innermost, fitted except for their last steps.
    classifier : estimator
    given : tuple of (array-like, array-like, dict)
        The arguments for the classifier's `fit`.
    """
    if not isinstance(estimator, Pipeline):
        return [], estimator, (X, y, params)
    pipeline = clone(estimator)
    name, last = pipeline.steps[-1]
    recorder = _Recorder(last)
    pipeline.steps[-1] = (name, recorder)
    pipeline.fit(X, y, **params)
    inner, classifier, given = _fit_other_steps(last, *recorder.given_)
    return [pipeline, *inner], classifier, given


def _assembled(pipelines: list[Pipeline], classifier: Any) -> Any:
    """Return the user's pipeline, fitted, with this classifier as its last step."""
    for pipeline in reversed(pipelines):
        whole = copy.copy(pipeline)
        whole.steps = [*pipeline.steps[:-1], (pipeline.steps[-1][0], classifier)]
        classifier = whole
    return classifier


def _evaluate_fits(estimator: Any, task: Task, callbacks: CallbackTask | None) -> Outcome:
    """Fit and score whole fits, fold by fold, as scikit-learn does."""
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


def _scores(task: Task, estimator: Any, X: Any, y: Any, params: dict[str, Any]) -> dict[str, float]:
    """Return scores by name. One of several that failed, of which scikit-learn gives the traceback, is an error."""
    scores = task.scorers(estimator, X, **params) if y is None else task.scorers(estimator, X, y, **params)
    scores = scores if isinstance(scores, dict) else {"score": scores}
    for name, score in scores.items():
        if isinstance(score, str):
            raise ValueError(f"The score {name!r} could not be computed:\n{score}")
        if not is_number(score):
            raise ValueError(f"scoring must return a number, or a dict of them. Got {name} = {score!r} instead.")
    return {name: float(np.asarray(score).item()) for name, score in scores.items()}


def is_number(score: Any) -> bool:
    """Return whether a score is a number, or an array of one."""
    return isinstance(score, Real) or getattr(score, "size", None) == 1
