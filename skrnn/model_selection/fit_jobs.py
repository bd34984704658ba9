"""One fit of a comparison, in any process: train, score, predict, and return plain data."""

import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.multiclass import type_of_target

from skrnn._sklearn import _check_method_params, _safe_indexing, _safe_split, callbacks_of
from skrnn.model_selection.fit_events import FitEvent, Reporter, StepReporter
from skrnn.model_selection.fits import timed_fit
from skrnn.model_selection.lockstep import trains_by_epochs
from skrnn.model_selection.nesting import fitted_estimator, last_step
from skrnn.model_selection.scoring import Scoring
from skrnn.model_selection.seeds import MAX_SEED
from skrnn.model_selection.steps import assembled, fit_other_steps, transformed

_N_TIMED = 5  # predictions of one sample; the median is recorded


@dataclass(frozen=True)
class Data:
    """The samples of a comparison.

    Attributes
    ----------
    X : array-like of shape (n_samples, ...)
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
        Labels.
    X_test, y_test : as X and y, or None
        The fixed test set, if there is one.
    classes : ndarray of shape (n_classes,), or None
        The labels in order; None for multilabel targets.
    """

    X: Any
    y: Any
    X_test: Any = None
    y_test: Any = None
    classes: np.ndarray | None = None

    @property
    def has_test_set(self) -> bool:
        """Whether there is a fixed test set."""
        return self.X_test is not None


@dataclass(frozen=True)
class Split:
    """One division of the samples into a training and a test part.

    Attributes
    ----------
    repeat, fold : int
        From 0. With a fixed test set the fold is 0.
    train, test : ndarray of shape (n_train,) and (n_test,), int
        Rows of X; with a fixed test set, `test` has rows of X_test.
    """

    repeat: int
    fold: int
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class FitJob:
    """The input of one fit.

    Attributes
    ----------
    row, column : int
        The position of the architecture, and of the split, in the comparison.
    architecture : str
        The name.
    estimator : estimator
        Cloned by the job.
    split : Split
    seed : int or None
        Seeds the parameters ``random_state`` that are None.
    scoring : Scoring
    fit_params, score_params : dict
        Metadata, including values for each row of X.
    error_score : float or "raise"
    """

    row: int
    column: int
    architecture: str
    estimator: BaseEstimator
    split: Split
    seed: int | None
    scoring: Scoring
    fit_params: dict[str, Any]
    score_params: dict[str, Any]
    error_score: float | str


@dataclass(frozen=True)
class FitResult:
    """The result of one fit: plain data, without an estimator.

    Attributes
    ----------
    scores : dict of str to float
        On the test rows, the deciding one first; empty if the fit failed.
    fit_seconds, score_seconds : float
        Duration of `fit`, and of scoring the test rows; NaN if the fit failed.
    latency_seconds : float
        Median duration of predicting one sample.
    n_parameters, n_epochs : float
        NaN if the classifier has no such attribute.
    history : dict of str to list of float
        For each metric, its value after each epoch.
    predicted : ndarray of shape (n_test,), int, or None
        Class index of each test row; None if the fit failed, or for multilabel targets.
    probabilities : ndarray of shape (n_test, n_classes), float32, or None
        None also if the classifier has no ``predict_proba``.
    error : str or None
        The traceback if the fit failed.
    """

    scores: dict[str, float] = field(default_factory=dict)
    fit_seconds: float = np.nan
    score_seconds: float = np.nan
    latency_seconds: float = np.nan
    n_parameters: float = np.nan
    n_epochs: float = np.nan
    history: dict[str, list[float]] = field(default_factory=dict)
    predicted: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    error: str | None = None


def run_fit(job: FitJob, data: Data, report: Reporter | None) -> tuple[FitJob, FitResult]:
    """Fit and score one architecture on one split, in any process.

    Returns the job, too: results arrive in the order in which fits end.
    """
    if report is not None:
        report(FitEvent("begin", job.architecture, job.column))
    try:
        return job, _run(job, data, report)
    except Exception:
        if job.error_score == "raise":
            raise
        return job, FitResult(error=traceback.format_exc())
    finally:
        if report is not None:
            report.close()


def _run(job: FitJob, data: Data, report: Reporter | None) -> FitResult:
    estimator = _prepare(job, report)
    train, test = job.split.train, job.split.test
    if data.has_test_set:
        X_train, y_train, X_test, y_test = data.X, data.y, data.X_test, data.y_test
        fit_params, score_params = job.fit_params, {}
    else:
        X_train, y_train = _safe_split(estimator, data.X, data.y, train)
        X_test, y_test = _safe_split(estimator, data.X, data.y, test, train)
        fit_params = _check_method_params(data.X, params=job.fit_params, indices=train)
        score_params = _check_method_params(data.X, params=job.score_params, indices=test)
    estimator, fit_seconds = _fit(estimator, X_train, y_train, X_test, y_test, fit_params)
    started = time.perf_counter()
    scores = job.scoring.score(estimator, X_test, y_test, score_params)
    score_seconds = time.perf_counter() - started
    predicted, probabilities = (None, None) if data.classes is None else _predict(estimator, X_test, data.classes)
    network = fitted_estimator(estimator)
    n_epochs, history = getattr(network, "n_iter_", None), getattr(network, "history_", None)
    return FitResult(
        scores=scores,
        fit_seconds=fit_seconds,
        score_seconds=score_seconds,
        latency_seconds=_latency(estimator, X_test),
        n_parameters=float(getattr(network, "n_parameters_", np.nan)),
        n_epochs=float(n_epochs) if isinstance(n_epochs, Integral) else np.nan,
        history={name: [float(value) for value in values] for name, values in history.items()}
        if isinstance(history, Mapping)
        else {},
        predicted=predicted,
        probabilities=probabilities,
    )


def _prepare(job: FitJob, report: Reporter | None) -> Any:
    """Return a clone with seeds, which reports its epochs if it has callbacks."""
    estimator = clone(job.estimator)
    if job.seed is not None:
        rng = np.random.RandomState(job.seed)
        parameters = estimator.get_params(deep=True)
        names = [name for name in sorted(parameters) if name == "random_state" or name.endswith("__random_state")]
        # A seed is drawn for each, even if it is set, so that setting one does not change the others.
        seeds = {name: int(rng.randint(MAX_SEED)) for name in names}
        estimator.set_params(**{name: seed for name, seed in seeds.items() if parameters[name] is None})
    network = last_step(estimator)  # or a search, which reports its trials
    if report is not None and hasattr(network, "set_callbacks"):
        # Not set on a pipeline, which would warn about each step that does not support callbacks.
        own = callbacks_of(network)
        network.set_callbacks(*own, StepReporter(report, job.architecture, job.column))
    return estimator


def _fit(
    estimator: Any, X_train: Any, y_train: Any, X_test: Any, y_test: Any, params: dict[str, Any]
) -> tuple[Any, float]:
    """Fit an estimator, with a curve of the test part if that has no influence on the training.

    Returns
    -------
    estimator : estimator
        Fitted.
    seconds : float
        Includes the evaluation of the curve.
    """
    if not (_may_watch(estimator, params) and _has_no_other_labels(y_test, y_train)):
        return estimator, timed_fit(estimator, X_train, y_train, params)
    started = time.perf_counter()
    pipelines, classifier, (X, y, own_params) = fit_other_steps(estimator, X_train, y_train, params)
    classifier.fit(X, y, X_val=transformed(pipelines, X_test), y_val=y_test, **own_params)
    return assembled(pipelines, classifier), time.perf_counter() - started


def _may_watch(estimator: Any, params: Mapping[str, Any]) -> bool:
    """Return whether validation data only give curves: nothing stops the training, or chooses an epoch, by them.

    Nor may the user have passed validation data.
    """
    if not trains_by_epochs(estimator) or any(name.rpartition("__")[2] in ("X_val", "y_val") for name in params):
        return False
    network = last_step(estimator)
    return not (network.early_stopping or network.validation_fraction or network.callbacks)


def _has_no_other_labels(y_test: Any, y_train: Any) -> bool:
    """Return whether a classifier that knows the labels in y_train has a loss on y_test."""
    if type_of_target(y_train) not in ("binary", "multiclass"):
        return True  # several labels per row: all columns are there
    return bool(np.isin(np.asarray(y_test), np.unique(np.asarray(y_train))).all())


def _predict(estimator: Any, X: Any, classes: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the predicted class indices and the probabilities of all classes."""
    labels = np.asarray(estimator.predict(X))
    predicted = np.searchsorted(classes, labels)
    if labels.ndim != 1 or not np.array_equal(classes[np.minimum(predicted, len(classes) - 1)], labels):
        return None, None  # a classifier that predicts something else than these labels
    if not (hasattr(estimator, "predict_proba") and hasattr(estimator, "classes_")):
        return predicted, None
    probabilities = np.zeros((len(labels), len(classes)), dtype=np.float32)
    probabilities[:, np.searchsorted(classes, estimator.classes_)] = estimator.predict_proba(X)
    return predicted, probabilities


def _latency(estimator: Any, X: Any) -> float:
    one = _safe_indexing(X, [0])
    estimator.predict(one)  # the first call may trace a network
    seconds = []
    for _ in range(_N_TIMED):
        started = time.perf_counter()
        estimator.predict(one)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))
