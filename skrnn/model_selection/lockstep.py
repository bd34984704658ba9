"""One candidate of a search on fixed folds: all folds epoch by epoch where the classifier can, whole fits elsewhere.

Nothing here knows of Optuna: whoever asks is told the scores after every epoch, and says whether to go on.
"""

import copy
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params
from threadpoolctl import threadpool_limits


@dataclass(frozen=True)
class Task:
    """What all candidates of a search are measured on.

    Attributes
    ----------
    X, y : array-like
    splits : sequence of (ndarray, ndarray)
        Rows to train and to test on, made once.
    scorers : callable
        ``scorers(estimator, X, y, **params)``: a number, or a dict of them.
    metric : str
        Which of the numbers decides; "score" if there is one.
    fit_params, score_params : dict
        Metadata, among them one value for each row.
    scores_last_step : bool
        Whether the scorers only call the estimator's methods, so that a pipeline's last step can be scored on what the
        others made of X once. A scorer that is a function of the user's gets the whole pipeline, and X.
    """

    X: Any
    y: Any
    splits: Sequence[tuple[np.ndarray, np.ndarray]]
    scorers: Callable[..., Any]
    metric: str
    fit_params: dict[str, Any]
    score_params: dict[str, Any]
    scores_last_step: bool


@dataclass(frozen=True)
class Outcome:
    """How a candidate did.

    Attributes
    ----------
    scores : dict of str to list of float
        By metric, of each fold.
    fit_seconds, score_seconds : list of float
        Of each fold.
    n_epochs : int or None
        How many epochs the scored networks have trained; None of a classifier that has none.
    refit_epochs : int or None
        How many a refit should train; None if its parameters say it.
    pruned_epoch : int or None
        After how many the candidate was given up.
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


def last_step(estimator: Any) -> Any:
    """Return what is trained: the estimator, or a pipeline's last step, in any nesting."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def trains_by_epochs(estimator: Any) -> bool:
    """Return whether the folds can be trained in lock-step with the same result as by `fit`.

    Keras callbacks have a state that would begin anew with every epoch.
    """
    from skrnn.estimators.base import BaseRecurrentClassifier

    classifier = last_step(estimator)
    return isinstance(classifier, BaseRecurrentClassifier) and not classifier.callbacks and not classifier.warm_start


def evaluate(estimator: Any, task: Task, *, epochs_are_searched: bool, go_on: Callable[[int, float], bool]) -> Outcome:
    """Train and score a candidate on all folds.

    Parameters
    ----------
    estimator : estimator
        With the candidate's parameters; it is not changed.
    task : Task
    epochs_are_searched : bool
        Whether ``epochs`` is one of the candidate's parameters. If not, the epoch with the best mean is chosen.
    go_on : callable
        ``go_on(epoch, mean)`` is asked after each epoch, counted from 1, with the mean score over the folds.
    """
    if not trains_by_epochs(estimator):
        return _evaluate_fits(estimator, task)
    classifier = last_step(estimator)
    chooses_epoch = not (epochs_are_searched or classifier.early_stopping)
    folds = [_Fold(estimator, task, train, test) for train, test in task.splits]
    best = current = None
    # NumPy scores, in small products: a second thread of BLAS gains nothing there, and is waited for where another
    # worker has its core. Two processes on two cores took 1.25 to 1.5 times as long.
    with threadpool_limits(limits=1, user_api="blas"):
        for epoch in itertools.count(1):
            for fold in folds:
                fold.train_epoch()
            current = replace(
                _gather([fold.score() for fold in folds], folds),
                n_epochs=epoch,
                refit_epochs=epoch if chooses_epoch else None,
            )
            mean = current.mean(task.metric)
            if best is None or not chooses_epoch or mean > best.mean(task.metric):
                best = current
            ended = all(fold.stopped for fold in folds)
            if not go_on(epoch, mean) and not ended:
                return _timed(replace(best, pruned_epoch=epoch), current)
            if ended:
                break
    assert best is not None
    assert current is not None
    return _timed(best, current)


def _timed(outcome: Outcome, last: Outcome) -> Outcome:
    """Return an outcome with the time of all epochs, not only of those up to the best."""
    return replace(outcome, fit_seconds=last.fit_seconds, score_seconds=last.score_seconds)


class _Fold:
    """A fold's network in training."""

    def __init__(self, estimator: Any, task: Task, train: np.ndarray, test: np.ndarray):
        self.task = task
        started = time.perf_counter()
        X_train, y_train = _safe_split(estimator, task.X, task.y, train)
        self.X_test, self.y_test = _safe_split(estimator, task.X, task.y, test, train)
        self.score_params = _check_method_params(task.X, params=task.score_params, indices=test)
        fit_params = _check_method_params(task.X, params=task.fit_params, indices=train)
        self.head, classifier, (self.X, self.y, self.fit_params) = _fit_head(estimator, X_train, y_train, fit_params)
        self.patience = classifier.patience if classifier.early_stopping else None
        # One epoch for each call of fit, which holds out the same part each time and trains what all in one would.
        self.classifier, self.network = classifier, clone(classifier).set_params(epochs=1, warm_start=True)
        self.scored = self.network
        self.best_loss, self.best_epoch = np.inf, 0
        self.stopped = False
        self.X_scored = self.X_test
        if self.head is not None and task.scores_last_step:
            self.X_scored = self.head.transform(self.X_test)
        self.fit_seconds, self.score_seconds = time.perf_counter() - started, 0.0

    def train_epoch(self) -> None:
        """Train for one epoch, unless early stopping has ended the training."""
        if self.stopped:
            return
        started = time.perf_counter()
        self.network.fit(self.X, self.y, **self.fit_params)
        self.fit_seconds += time.perf_counter() - started
        epoch = self.network.n_iter_
        self.stopped = epoch == self.classifier._n_epochs(self.network._n_rows)
        if self.patience is None:
            return
        loss = self.network.history_["val_loss"][-1]
        if loss < self.best_loss:
            # A copy is a snapshot: training replaces what a network has learned, and changes none of it.
            self.best_loss, self.best_epoch, self.scored = loss, epoch, copy.copy(self.network)
        self.stopped |= epoch - self.best_epoch >= self.patience

    def score(self) -> dict[str, float]:
        """Score the network, or with early stopping its best epoch so far, on the test part."""
        started = time.perf_counter()
        estimator = self.scored
        if self.head is not None and not self.task.scores_last_step:
            estimator = Pipeline([*self.head.steps, ("classifier", self.scored)])
        scores = _named(self.task.scorers(estimator, self.X_scored, self.y_test, **self.score_params))
        self.score_seconds += time.perf_counter() - started
        return scores


class _Recorder(BaseEstimator):
    """Stands in for a pipeline's last step, and keeps what its `fit` would be given."""

    def __init__(self, classifier: Any):
        self.classifier = classifier

    def fit(self, X, y, **params):
        """Keep everything."""
        self.given_ = X, y, params
        return self

    def get_metadata_routing(self):
        """Ask for what the classifier asks for."""
        return self.classifier.get_metadata_routing()

    def __sklearn_tags__(self):
        return self.classifier.__sklearn_tags__()


def _fit_head(estimator: Any, X: Any, y: Any, params: dict[str, Any]) -> tuple[Pipeline | None, Any, tuple]:
    """Fit all steps but the last; return them, the last, and what its `fit` is to be given."""
    if not isinstance(estimator, Pipeline):
        return None, estimator, (X, y, params)
    name, last = estimator.steps[-1]
    pipeline = clone(estimator)
    recorder = _Recorder(last)
    pipeline.steps[-1] = (name, recorder)
    pipeline.fit(X, y, **params)
    head, classifier, given = _fit_head(last, *recorder.given_)
    steps = [*pipeline.steps[:-1], *(head.steps if head is not None else [])]
    return (Pipeline(steps) if steps else None), classifier, given


def _evaluate_fits(estimator: Any, task: Task) -> Outcome:
    """Fit and score whole, fold by fold."""
    scores, fit_seconds, score_seconds = [], [], []
    for train, test in task.splits:
        X_train, y_train = _safe_split(estimator, task.X, task.y, train)
        X_test, y_test = _safe_split(estimator, task.X, task.y, test, train)
        started = time.perf_counter()
        fit_params = _check_method_params(task.X, params=task.fit_params, indices=train)
        fitted = clone(estimator).fit(X_train, y_train, **fit_params)
        trained = time.perf_counter()
        score_params = _check_method_params(task.X, params=task.score_params, indices=test)
        scores.append(_named(task.scorers(fitted, X_test, y_test, **score_params)))
        fit_seconds.append(trained - started)
        score_seconds.append(time.perf_counter() - trained)
    return Outcome(_by_metric(scores), fit_seconds, score_seconds)


def _gather(scores: list[dict[str, float]], folds: list[_Fold]) -> Outcome:
    return Outcome(_by_metric(scores), [fold.fit_seconds for fold in folds], [fold.score_seconds for fold in folds])


def _by_metric(scores: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [of_fold[name] for of_fold in scores] for name in scores[0]}


def _named(scores: Any) -> dict[str, float]:
    """Return scores by name. One of several that failed, of which scikit-learn gives the traceback, is an error."""
    scores = scores if isinstance(scores, dict) else {"score": scores}
    for name, score in scores.items():
        if isinstance(score, str):
            raise ValueError(f"The score {name!r} could not be computed:\n{score}")
    return {name: float(score) for name, score in scores.items()}
