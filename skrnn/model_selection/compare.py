"""Cross-validating several classifiers on the same folds: ``compare_architectures``.

The results are an ``ArchitectureComparison`` (in ``comparison``), which has the tables and plots.
"""

import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state, indexable
from sklearn.utils.multiclass import check_classification_targets

from skrnn._sklearn import BaseSearchCV, _MultimetricScorer, _safe_split, callbacks_of
from skrnn.model_selection import parallel
from skrnn.model_selection.comparison import ArchitectureComparison
from skrnn.model_selection.fit_events import FitEvent, Reporter, StepReporter, listen
from skrnn.model_selection.fits import timed_fit
from skrnn.model_selection.lockstep import is_number
from skrnn.model_selection.nesting import fitted_estimator, last_step
from skrnn.model_selection.splits import draw_splits, labels_of, shuffled_folds

Scorer = Callable[[Any, Any, Any], Any]  # of an estimator, X and y

_MAX_SEED = np.iinfo(np.int32).max


class ComparisonInterrupted(KeyboardInterrupt):
    """The user interrupted a comparison, with Ctrl-C or with the stop button of a notebook.

    Attributes
    ----------
    comparison : ArchitectureComparison
        The fits that had finished.
    """

    def __init__(self, comparison: ArchitectureComparison):
        super().__init__(f"{int(comparison.finished.sum())} of {comparison.finished.size} fits were finished.")
        self.comparison = comparison


@dataclass(frozen=True)
class _Fit:
    """The input of one job: an architecture and a split.

    Attributes
    ----------
    row : int
        The position of the architecture in the comparison.
    architecture : str
        Its name.
    split : int
        The position of the split.
    estimator : estimator
        Cloned by the job.
    train, test : ndarray of shape (n_train,) and (n_test,), int
        The rows of the split.
    seed : int or None
        The seed of the split.
    """

    row: int
    architecture: str
    split: int
    estimator: BaseEstimator
    train: np.ndarray
    test: np.ndarray
    seed: int | None


@dataclass(frozen=True)
class _FitResult:
    """The result of one job: plain data, without an estimator.

    Attributes
    ----------
    row, split : int
        The positions of the architecture and of the split.
    score : float
        On the test rows; the error score if the fit failed.
    fit_seconds, score_seconds : float
        Seconds; NaN if the fit failed.
    n_parameters, n_epochs : float
        NaN if the classifier has no such attribute.
    history : dict of str to list of float
        For each metric, its value after each epoch.
    error : str or None
        The traceback if the fit failed.
    """

    row: int
    split: int
    score: float
    fit_seconds: float = np.nan
    score_seconds: float = np.nan
    n_parameters: float = np.nan
    n_epochs: float = np.nan
    history: dict[str, list[float]] = field(default_factory=dict)
    error: str | None = None


def compare_architectures(
    estimators: Mapping[str, BaseEstimator] | None,
    X: Any,
    y: ArrayLike,
    *,
    cv: Any = 5,
    groups: ArrayLike | None = None,
    scoring: str | Scorer | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    error_score: float | Literal["raise"] = "raise",
    progress: Callable[[FitEvent], None] | None = None,
) -> ArchitectureComparison:
    """Cross-validate several classifiers on the same folds.

    Parameters
    ----------
    estimators : dict of str to estimator, or None
        The classifiers by name: estimators, pipelines that end in one, or searches over either. None compares
        SimpleRNN, LSTM and GRU with their default parameters. They are cloned, and not fitted themselves.
    X : array-like of shape (n_samples, ...), list or data frame
        Any input that all the estimators accept.
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels; or, if one of the estimators is a classifier of this package, one-hot rows, whose labels are the
        indices of their columns. All estimators, the splitter and the scorer get labels.
    cv : int, splitter or iterable, default=5
        As in :func:`~sklearn.model_selection.cross_validate`: an int is the number of stratified folds, shuffled if
        `random_state` is given. The splits are drawn once, and are the same for all classifiers. Use a
        :class:`~sklearn.model_selection.RepeatedStratifiedKFold` for repeats.
    groups : array-like of shape (n_samples,), default=None
        The group of each sample, for splitters that use groups.
    scoring : str or callable, default=None
        A single score, in any form that scikit-learn accepts; higher is better. None is "accuracy", even for a
        search with another scoring.
    n_jobs : int, default=None
        Number of fits that run at the same time, as in joblib. Each pair of architecture and split is one job.
    random_state : int, RandomState instance or None, default=None
        Shuffles the folds of an int `cv`, and seeds each ``random_state`` parameter of the estimators that is None.
        The seed differs between splits but is the same for all architectures, so a score depends neither on `n_jobs`
        nor on the other architectures.
    error_score : "raise" or float, default="raise"
        The score of a fit that fails, with a :class:`~sklearn.exceptions.FitFailedWarning`; "raise" raises the
        exception.
    progress : callable, default=None
        Called with a :class:`~skrnn.model_selection.FitEvent` whenever a fit begins or ends, after each epoch of
        classifiers of this package, and after each trial of its searches; one call at a time, but from several threads.
        For processes on other machines, only when a fit ends. :func:`~skrnn.model_selection.fit_display` makes a
        progress display.

    Returns
    -------
    comparison : ArchitectureComparison

    Raises
    ------
    ValueError, TypeError
        If a parameter is invalid. Parameters are validated before anything is fitted.
    ComparisonInterrupted
        After a KeyboardInterrupt, of which it is a subclass. Its ``comparison`` has the finished fits.

    See Also
    --------
    sklearn.model_selection.cross_validate : Several scores of one estimator.

    Notes
    -----
    Fits that run at the same time share the processor, so times are comparable within a comparison, but not between
    comparisons with different `n_jobs`. The first fit of a structure in a process includes the tracing of its network.

    Examples
    --------
    >>> from skrnn import GRUClassifier, SimpleRNNClassifier
    >>> from skrnn.datasets import load_digits
    >>> from skrnn.model_selection import compare_architectures
    >>> X, y = load_digits(return_X_y=True)
    >>> comparison = compare_architectures(
    ...     {"SimpleRNN": SimpleRNNClassifier(units=8, epochs=1), "GRU": GRUClassifier(units=8, epochs=1)},
    ...     X[:200], y[:200], cv=2, random_state=0,
    ... )
    >>> comparison
    <ArchitectureComparison: SimpleRNN, GRU; accuracy on 2 splits>
    >>> comparison.to_frame().shape
    (4, 10)
    >>> comparison.summary().index.tolist()
    ['SimpleRNN', 'GRU']
    """
    estimators = _default_estimators() if estimators is None else estimators
    _check_estimators(estimators)
    if error_score != "raise" and not isinstance(error_score, Real):
        raise ValueError(f"error_score must be 'raise' or a number. Got {error_score!r} instead.")
    _check_scoring(scoring)
    if y is None:
        raise ValueError("A comparison of classifiers needs labels: y is None.")
    X, y, groups = indexable(X, labels_of(y, estimators.values()), groups)
    check_classification_targets(y)
    rng = None if random_state is None else check_random_state(random_state)
    if rng is not None and isinstance(cv, Integral):
        # Given an int, the folds are those of scikit-learn's splitter with the same int.
        seed = random_state if isinstance(random_state, Integral) else rng
        splitter = shuffled_folds(int(cv), y, seed)
    else:
        splitter = check_cv(cv, y, classifier=True)
    scorers = {
        name: check_scoring(estimator, "accuracy" if scoring is None else scoring)
        for name, estimator in estimators.items()
    }
    splits = draw_splits(splitter, X, y, {"groups": groups})
    seeds = [None if rng is None else int(rng.randint(_MAX_SEED)) for _ in splits]
    # Split by split, so that all architectures have the same finished splits after an interrupt.
    fits = [
        _Fit(row, name, split, estimator, train, test, seed)
        for split, ((train, test), seed) in enumerate(zip(splits, seeds, strict=True))
        for row, (name, estimator) in enumerate(estimators.items())
    ]
    results: list[_FitResult] = []
    n_repeats = getattr(splitter, "n_repeats", 1)
    try:
        _run_all(fits, X, y, scorers, error_score, n_jobs, progress, results)
    except KeyboardInterrupt as interrupt:
        raise ComparisonInterrupted(_gather(estimators, scoring, splits, n_repeats, results)) from interrupt
    _warn_of_failures(results, list(estimators), error_score)
    return _gather(estimators, scoring, splits, n_repeats, results)


def _default_estimators() -> dict[str, Any]:
    from skrnn.estimators import GRUClassifier, LSTMClassifier, SimpleRNNClassifier  # imports TensorFlow

    return {"SimpleRNN": SimpleRNNClassifier(), "LSTM": LSTMClassifier(), "GRU": GRUClassifier()}


def _check_estimators(estimators: Any) -> None:
    if not isinstance(estimators, Mapping):
        raise TypeError(
            f"estimators must be a dict of name -> estimator, or None for the default ones. Got {estimators!r} instead."
        )
    if not estimators:
        raise ValueError("estimators must have at least one estimator. Got an empty dict.")
    for name, estimator in estimators.items():
        if not isinstance(name, str):
            raise TypeError(f"The names of the estimators must be str. Got {name!r} instead.")
        if isinstance(estimator, type):
            raise TypeError(f"estimators[{name!r}] is the class {estimator.__name__}: pass an instance of it.")
        if not hasattr(estimator, "fit"):
            raise TypeError(f"estimators[{name!r}] must be an estimator with a fit method. Got {estimator!r} instead.")
        if not is_classifier(estimator):
            raise TypeError(f"estimators[{name!r}] must be a classifier. Got {estimator!r} instead.")
        search = last_step(estimator)
        if isinstance(search, BaseSearchCV) and not search.refit:
            raise ValueError(f"estimators[{name!r}] is a search with refit=False, which cannot predict. Set refit.")


def _check_scoring(scoring: Any) -> None:
    if scoring is None or isinstance(scoring, str):
        return
    if not callable(scoring) or isinstance(scoring, _MultimetricScorer):
        raise ValueError(
            "A comparison needs a single score: scoring must be a name, such as 'accuracy', or a callable that "
            f"returns a number. Got {scoring!r} instead. For several scores, run one comparison for each."
        )


def _run_all(
    fits: list[_Fit],
    X: Any,
    y: Any,
    scorers: Mapping[str, Scorer],
    error_score: float | str,
    n_jobs: int | None,
    progress: Callable[[FitEvent], None] | None,
    results: list[_FitResult],
) -> None:
    """Run all fits, and append each result as soon as it is there, so that an exception leaves the finished ones."""
    names = {fit.row: fit.architecture for fit in fits}
    with nullcontext() if progress is None else listen(progress) as report:
        calls = ((fit, X, y, scorers[fit.architecture], error_score, report) for fit in fits)
        with parallel.running(_run, calls, n_jobs) as finished:
            for result in finished:
                results.append(result)
                if report is not None:
                    name, seconds = names[result.row], result.fit_seconds
                    report(FitEvent("end", name, result.split, score=result.score, fit_seconds=seconds))


def _run(fit: _Fit, X: Any, y: Any, scorer: Scorer, error_score: float | str, report: Reporter | None) -> _FitResult:
    """Fit and score one architecture on one split, in any process."""
    if report is not None:
        report(FitEvent("begin", fit.architecture, fit.split))
    estimator = _prepare(fit, report)
    X_train, y_train = _safe_split(estimator, X, y, fit.train)
    X_test, y_test = _safe_split(estimator, X, y, fit.test, fit.train)
    try:
        fit_seconds = timed_fit(estimator, X_train, y_train, {})
        started = time.perf_counter()
        score = scorer(estimator, X_test, y_test)
        if not is_number(score):
            raise ValueError(f"A comparison needs a single score: scoring must return a number. Got {score!r} instead.")
        score_seconds = time.perf_counter() - started
    except Exception:
        if error_score == "raise":
            raise
        return _FitResult(fit.row, fit.split, float(error_score), error=traceback.format_exc())
    finally:
        if report is not None:
            report.close()
    network = fitted_estimator(estimator)
    n_epochs = getattr(network, "n_iter_", None)
    history = getattr(network, "history_", None)
    return _FitResult(
        fit.row,
        fit.split,
        float(np.asarray(score).item()),
        fit_seconds=fit_seconds,
        score_seconds=score_seconds,
        n_parameters=getattr(network, "n_parameters_", np.nan),
        n_epochs=float(n_epochs) if isinstance(n_epochs, Integral) else np.nan,
        history={name: [float(value) for value in values] for name, values in history.items()}
        if isinstance(history, Mapping)
        else {},
    )


def _prepare(fit: _Fit, report: Reporter | None) -> Any:
    """Return a clone with seeds, which reports its epochs if it has callbacks."""
    estimator = clone(fit.estimator)
    if fit.seed is not None:
        rng = np.random.RandomState(fit.seed)
        parameters = estimator.get_params(deep=True)
        names = [name for name in sorted(parameters) if name == "random_state" or name.endswith("__random_state")]
        # A seed is drawn for each, even if it is set, so that setting one does not change the others.
        seeds = {name: int(rng.randint(_MAX_SEED)) for name in names}
        estimator.set_params(**{name: seed for name, seed in seeds.items() if parameters[name] is None})
    network = last_step(estimator)  # or a search, which reports its trials
    if report is not None and hasattr(network, "set_callbacks"):
        # Not set on a pipeline, which would warn about each step that does not support callbacks.
        own = callbacks_of(network)
        network.set_callbacks(*own, StepReporter(report, fit.architecture, fit.split))
    return estimator


def _warn_of_failures(results: list[_FitResult], names: list[str], error_score: float | str) -> None:
    failures = sorted(
        (result for result in results if result.error is not None), key=lambda result: (result.split, result.row)
    )
    if not failures:
        return
    first = failures[0]
    what = str(first.error).strip().rpartition("\n")[2]
    which = f"{names[first.row]} on split {first.split}: {what}\n{first.error}"
    if len(failures) == len(results):
        raise ValueError(f"All {len(results)} fits failed. {which}")
    message = f"{len(failures)} of {len(results)} fits failed and are scored {error_score}. {which}"
    warnings.warn(message, FitFailedWarning, stacklevel=3)


def _gather(
    estimators: Mapping[str, BaseEstimator],
    scoring: str | Scorer | None,
    splits: list[tuple[np.ndarray, np.ndarray]],
    n_repeats: int,
    results: list[_FitResult],
) -> ArchitectureComparison:
    """Return the results as arrays, one row per architecture and one column per split."""
    shape = len(estimators), len(splits)
    numbers = {
        name: np.full(shape, np.nan) for name in ("score", "fit_seconds", "score_seconds", "n_parameters", "n_epochs")
    }
    finished = np.zeros(shape, dtype=bool)
    curves: list[list[dict[str, list[float]]]] = [[{} for _ in splits] for _ in estimators]
    for result in results:
        cell = result.row, result.split
        finished[cell] = True
        curves[result.row][result.split] = result.history
        for name, values in numbers.items():
            values[cell] = getattr(result, name)
    n_folds = len(splits) // n_repeats
    score: Any = "accuracy" if scoring is None else scoring
    return ArchitectureComparison(
        architectures=tuple(estimators),
        scoring=score if isinstance(score, str) else getattr(score, "__name__", "score"),
        repeats=np.arange(len(splits)) // n_folds,
        folds=np.arange(len(splits)) % n_folds,
        n_train=np.array([len(train) for train, _ in splits]),
        n_test=np.array([len(test) for _, test in splits]),
        finished=finished,
        scores=numbers["score"],
        fit_seconds=numbers["fit_seconds"],
        score_seconds=numbers["score_seconds"],
        n_parameters=numbers["n_parameters"],
        n_epochs=numbers["n_epochs"],
        curves=tuple(tuple(row) for row in curves),
    )
