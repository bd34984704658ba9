"""Cross-validating several classifiers on the same folds: ``compare_architectures``.

The results are an ``ArchitectureComparison`` (in ``comparison``), which has the tables and plots.
"""

import itertools
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.utils import column_or_1d, indexable
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skrnn._sklearn import BaseSearchCV, _safe_indexing
from skrnn.model_selection import parallel
from skrnn.model_selection.comparison import ArchitectureComparison
from skrnn.model_selection.design import Design, Folds, route
from skrnn.model_selection.fit_events import FitEvent, listen
from skrnn.model_selection.fit_jobs import Data, FitJob, FitResult, Split, run_fit
from skrnn.model_selection.fit_store import FitKeys, FitStore
from skrnn.model_selection.fixed_test import bootstraps
from skrnn.model_selection.nesting import last_step
from skrnn.model_selection.scoring import Scoring, require_computable, resolve_scoring
from skrnn.model_selection.seeds import root_seed
from skrnn.model_selection.splits import folds_of, labels_of


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

    def __reduce__(self):
        return type(self), (self.comparison,)


def compare_architectures(
    estimators: Mapping[str, BaseEstimator] | None,
    X: Any,
    y: ArrayLike,
    *,
    X_test: Any = None,
    y_test: ArrayLike | None = None,
    cv: Any = 5,
    n_repeats: int = 1,
    until_sure: bool = False,
    max_repeats: int = 10,
    groups: ArrayLike | None = None,
    params: Mapping[str, Any] | None = None,
    scoring: Any = None,
    decide_by: str | None = None,
    rope: float = 0.01,
    baselines: bool = False,
    storage: str | PathLike[str] | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    error_score: float | Literal["raise"] = "raise",
    progress: Callable[[FitEvent], None] | None = None,
) -> ArchitectureComparison:
    """Compare several classifiers on the same folds, or on one test set, and say how sure the result is.

    Parameters
    ----------
    estimators : dict of str to estimator, or None
        The classifiers by name: estimators, pipelines that end in one, or searches over either. None compares
        SimpleRNN, LSTM and GRU with their default parameters. They are cloned, and not fitted themselves.
    X : array-like of shape (n_samples, ...), list or data frame
        Any input that all the estimators accept.
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels. If one of the estimators is a classifier of this package, one-hot rows are labels, too: the indices of
        their columns. All estimators, the splitter and the scorer get labels.
    X_test, y_test : as X and y, default=None
        A fixed test set, as MNIST, IMDB and the UCR archive have one. All classifiers are then fitted on the whole of
        X, `n_repeats` times with other seeds, and `cv` and `groups` are not used.
    cv : int, splitter or iterable, default=5
        As in :func:`~sklearn.model_selection.cross_validate`. An int is the number of stratified folds, shuffled if
        `random_state` is given or there are several repeats. The splits are drawn once, and are the same for all
        classifiers.
    n_repeats : int, default=1
        How often to cross-validate, each time on other folds; `cv` must then be an int, or a splitter with a
        `random_state`. With a fixed test set, the number of trainings of each classifier.
    until_sure : bool, default=False
        Add repeats until each pair of classifiers is decided (one is better, or they are practically equivalent), until
        more repeats would hardly decide those that are not, or until there are `max_repeats`. Looking after each repeat
        does not raise the rate of false verdicts: see :class:`~skrnn.model_selection.SequentialRule`. Baselines do not
        prolong a comparison.
    max_repeats : int, default=10
        The limit for `until_sure`.
    groups : array-like of shape (n_samples,), default=None
        The group of each sample. With an int as `cv`, no group is in two folds; other splitters get them. So do the
        splitters of searches, unless metadata routing is enabled: then request them and pass them in `params`.
    params : dict, default=None
        Metadata, such as ``{"sample_weight": weights}``. They are passed to `fit`, and to the last step of a pipeline;
        with ``enable_metadata_routing=True`` to whatever requests them.
    scoring : str, callable, list, tuple or dict, default=None
        One metric or several, in any form that :func:`~sklearn.model_selection.cross_validate` accepts; higher is
        better. None is "accuracy", even for a search with another scoring.
    decide_by : str, default=None
        The metric that ranks the classifiers and gives the verdicts. None is the first of `scoring`.
    rope : float, default=0.01
        Half the width of the region of practical equivalence, in the unit of the deciding score: smaller differences do
        not matter in practice. 0.01 is one point of accuracy.
    baselines : bool, default=False
        Whether to add classifiers that are not recurrent, which show whether a recurrent network is needed: one that
        ignores X, and logistic regression and a random forest on flattened sequences, or on their summaries if lengths
        differ. For texts and token ids: logistic regression on a bag of words.
    storage : str or path-like, default=None
        A folder. Each finished fit is appended to the file ``fits.jsonl`` in it. The same comparison then continues
        with the fits that are missing, even after a crash, and a larger one adds its own. A stored fit is used again
        only if the data, split, estimator, seed, metrics and library versions are the same. Needs `random_state`.
    n_jobs : int, default=None
        Number of fits that run at the same time, as in joblib. Each pair of classifier and split is one job.
    random_state : int, RandomState instance or None, default=None
        Shuffles the folds, and seeds each ``random_state`` parameter of the estimators that is None, differently for
        each repeat, fold and classifier. So the spread of the scores includes the effect of the seeds, and a score
        depends neither on `n_jobs` nor on the other classifiers.
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
        If a parameter is invalid, or a metric does not suit the labels. Both are found before anything is fitted.
    ComparisonInterrupted
        After a KeyboardInterrupt, of which it is a subclass. Its ``comparison`` has the finished fits.

    See Also
    --------
    sklearn.model_selection.cross_validate : Several scores of one estimator.

    Notes
    -----
    Classifiers of this package without early stopping, held-out rows and callbacks evaluate the test part of each split
    after every epoch, for the curves. This does not influence the training.

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
    >>> comparison.to_frame().shape
    (4, 12)
    >>> comparison.pairwise()[["a", "b"]].values.tolist()
    [['SimpleRNN', 'GRU']]
    """
    estimators = _default_estimators() if estimators is None else estimators
    _check_estimators(estimators)
    _check_numbers(n_repeats, max_repeats, rope, error_score)
    if params is not None and not isinstance(params, Mapping):
        raise TypeError(f"params must be a dict of name -> values. Got {type(params).__name__} instead.")
    if y is None:
        raise ValueError("A comparison of classifiers needs labels: y is None.")
    X, y, groups = indexable(X, _labels(y, estimators), groups)
    check_classification_targets(y)
    seed = root_seed(random_state)
    if storage is not None and seed is None:
        raise ValueError("A storage needs random_state=: without a seed, fits that are missing cannot be done again.")
    data = _data(X, y, X_test, y_test, estimators)
    names_of_baselines: tuple[str, ...] = ()
    if baselines:
        from skrnn.model_selection.baselines import baselines_for  # imports the forests

        added = baselines_for(X, y, estimators, X_test)
        estimators, names_of_baselines = {**estimators, **added}, tuple(added)
    scoring = "accuracy" if scoring is None else scoring
    scored = resolve_scoring(scoring, decide_by, next(iter(estimators.values())))
    several = n_repeats > 1 or until_sure
    splitter = folds_of(int(cv), y, groups, seed) if isinstance(cv, Integral) else cv
    fit_params, score_params, split_params = route(
        estimators, scored.scorer, splitter, params or {}, None if data.has_test_set else groups
    )
    if data.has_test_set and score_params:
        raise ValueError(
            f"The metric requests {', '.join(score_params)}, of which params has values for X and not for X_test. "
            "Set its score request to False."
        )
    shuffle = root_seed(np.random.RandomState()) if seed is None and several else seed
    folds = Folds(data, cv, groups, split_params, shuffle)
    if several and not folds.can_be_repeated:
        raise ValueError(
            "n_repeats and until_sure need a cv that gives other folds each time: an int, or a splitter that shuffles "
            f"with a random_state. Got cv={cv!r} instead."
        )
    if until_sure and n_repeats > max_repeats:
        raise ValueError(f"n_repeats={n_repeats} is more than max_repeats={max_repeats}, the limit for until_sure.")
    if until_sure and data.has_test_set:
        raise ValueError("until_sure adds repeats of a cross-validation. With X_test, set n_repeats.")
    first = folds.splits(0)
    y_scored = data.y_test if data.has_test_set else y
    require_computable(
        scored,
        _safe_indexing(X_test if data.has_test_set else X, first[0].test),
        _safe_indexing(y, first[0].train),
        _safe_indexing(y_scored, first[0].test),
    )
    design = Design(estimators, data, scored, folds, seed, error_score, fit_params, score_params)
    run = _Run(design, names_of_baselines, rope, max_repeats if until_sure else 1, n_jobs, progress)
    keys = None if storage is None else FitKeys(data, scoring)
    with nullcontext() if storage is None else FitStore(storage) as store:
        try:
            run.add([first, *map(folds.splits, range(1, max(n_repeats, 1 + until_sure)))], store, keys)
            while until_sure and run.n_repeats < max_repeats and not run.gather().settled:
                run.add([folds.splits(run.n_repeats)], store, keys)
        except KeyboardInterrupt as interrupt:
            comparison = run.gather()
            with suppress(KeyboardInterrupt):  # another one does not lose the finished fits
                comparison = _with_bootstraps(comparison, scored)
            raise ComparisonInterrupted(comparison) from interrupt
    run.warn_of_failures()
    return _with_bootstraps(run.gather(), scored)


def _with_bootstraps(comparison: ArchitectureComparison, scoring: Scoring) -> ArchitectureComparison:
    return replace(comparison, bootstrap=bootstraps(comparison, scoring)) if comparison.fixed_test else comparison


class _Run:
    """The fits of a comparison so far.

    Parameters
    ----------
    design : Design
    baselines : tuple of str
    rope : float
    n_looks : int
        How often, at most, the scores decide whether to continue.
    n_jobs : int or None
    progress : callable or None
    """

    def __init__(
        self,
        design: Design,
        baselines: tuple[str, ...],
        rope: float,
        n_looks: int,
        n_jobs: int | None,
        progress: Callable[[FitEvent], None] | None,
    ):
        self.design = design
        self.baselines = baselines
        self.rope = rope
        self.n_looks = n_looks
        self.n_jobs = n_jobs
        self.progress = progress
        self.splits: list[Split] = []
        self.n_repeats = 0
        self.results: list[tuple[FitJob, FitResult]] = []

    def add(self, repeats: list[list[Split]], store: FitStore | None, keys: FitKeys | None) -> None:
        """Fit all architectures on the splits of more repeats, except for those that are stored.

        Each result is kept as soon as it is there, so that an exception leaves the finished ones.
        """
        splits = [*itertools.chain(*repeats)]
        jobs = self.design.jobs(splits, len(self.splits))
        self.splits += splits
        self.n_repeats += len(repeats)
        key_of = {} if keys is None else {(job.row, job.column): keys(job) for job in jobs}
        with nullcontext() if self.progress is None else listen(self.progress) as report:
            missing = []
            for job in jobs:
                result = None if store is None else store.get(key_of[job.row, job.column])
                if result is None:
                    missing.append(job)
                else:
                    self._finish(job, result, report)
            calls = ((job, self.design.data, report) for job in missing)
            with parallel.running(run_fit, calls, self.n_jobs) as finished:
                for job, result in finished:
                    if store is not None:
                        store.add(key_of[job.row, job.column], job, result)
                    self._finish(job, result, report)

    def _finish(self, job: FitJob, result: FitResult, report: Callable[[FitEvent], None] | None) -> None:
        self.results.append((job, result))
        if report is not None:
            failed = float(np.nan if self.design.error_score == "raise" else self.design.error_score)
            score = result.scores[self.design.scoring.decisive(result.scores)] if result.scores else failed
            report(FitEvent("end", job.architecture, job.column, score=score, fit_seconds=result.fit_seconds))

    def warn_of_failures(self) -> None:
        """Warn of the fits that failed; raise a ValueError if all did."""
        failures = [(job, result) for job, result in self.results if result.error is not None]
        if not failures:
            return
        job, result = min(failures, key=lambda failure: (failure[0].column, failure[0].row))
        what = str(result.error).strip().rpartition("\n")[2]
        which = f"{job.architecture} on split {job.column}: {what}\n{result.error}"
        if len(failures) == len(self.results):
            raise ValueError(f"All {len(self.results)} fits failed. {which}")
        message = (
            f"{len(failures)} of {len(self.results)} fits failed and are scored {self.design.error_score}. {which}"
        )
        warnings.warn(message, FitFailedWarning, stacklevel=3)

    def gather(self) -> ArchitectureComparison:
        """Return the results as arrays, one row per architecture and one column per split."""
        names, splits, data = tuple(self.design.estimators), self.splits, self.design.data
        shape = len(names), len(splits)
        columns = ("fit_seconds", "score_seconds", "latency_seconds", "n_parameters", "n_epochs")
        numbers: dict[str, Any] = {name: np.full(shape, np.nan) for name in columns}
        finished = np.zeros(shape, dtype=bool)
        curves: list[list[dict[str, list[float]]]] = [[{} for _ in splits] for _ in names]
        predicted: list[list[Any]] = [[None for _ in splits] for _ in names]
        probabilities: list[list[Any]] = [[None for _ in splits] for _ in names]
        metrics = self._metrics()
        scores = {name: np.full(shape, np.nan) for name in metrics}
        for job, result in self.results:
            cell = job.row, job.column
            finished[cell] = True
            for name in metrics:
                failed = result.error is not None
                scores[name][cell] = self.design.error_score if failed else result.scores.get(name, np.nan)
            for name, values in numbers.items():
                values[cell] = getattr(result, name)
            curves[job.row][job.column] = result.history
            predicted[job.row][job.column] = result.predicted
            probabilities[job.row][job.column] = result.probabilities
        y_true = data.y_test if data.has_test_set else data.y
        return ArchitectureComparison(
            architectures=names,
            baselines=self.baselines,
            metric_scores=scores,
            rope=float(self.rope),
            n_looks=int(self.n_looks),
            fixed_test=data.has_test_set,
            repeats=np.array([split.repeat for split in splits], dtype=int),
            folds=np.array([split.fold for split in splits], dtype=int),
            n_train=np.array([len(split.train) for split in splits], dtype=int),
            n_test=np.array([len(split.test) for split in splits], dtype=int),
            finished=finished,
            **numbers,
            curves=tuple(map(tuple, curves)),
            classes=data.classes,
            y_true=None if data.classes is None else np.searchsorted(data.classes, np.asarray(y_true)),
            test_rows=tuple(split.test for split in splits),
            predicted=tuple(map(tuple, predicted)),
            probabilities=tuple(map(tuple, probabilities)),
        )

    def _metrics(self) -> list[str]:
        """Return the names of the metrics, the deciding one first."""
        scoring = self.design.scoring
        found = next((result.scores for _, result in self.results if result.scores), None)
        names = tuple(found or scoring.names or ())
        if not names:  # no fit has told them yet
            return [scoring.decide_by or scoring.single_name]
        first = scoring.decisive(names)
        return [first, *(name for name in names if name != first)]


def _labels(y: Any, estimators: Mapping[str, Any]) -> Any:
    """Return the labels in y: those of one-hot rows, and those in a single column as an array of one dimension."""
    y = labels_of(y, estimators.values())
    rows = y if hasattr(y, "shape") else np.asarray(y)
    return column_or_1d(rows) if len(rows.shape) == 2 and rows.shape[1] == 1 else y


def _data(X: Any, y: Any, X_test: Any, y_test: Any, estimators: Mapping[str, Any]) -> Data:
    is_multilabel = type_of_target(y) not in ("binary", "multiclass")
    classes = None if is_multilabel else np.unique(np.asarray(y))
    if (X_test is None) != (y_test is None):
        raise ValueError("X_test and y_test belong together: one of them is None.")
    if X_test is None:
        return Data(X, y, classes=classes)
    if classes is None:
        raise ValueError("A fixed test set needs one label for each sample. Compare multilabel targets on folds.")
    X_test, y_test = indexable(X_test, _labels(y_test, estimators))
    unknown = np.setdiff1d(np.asarray(y_test), classes)
    if len(unknown):
        raise ValueError(f"y_test has labels that y lacks: {unknown[:5].tolist()}.")
    return Data(X, y, X_test, y_test, classes)


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
        if not name:
            raise ValueError("The name of an estimator must not be empty.")
        if isinstance(estimator, type):
            raise TypeError(f"estimators[{name!r}] is the class {estimator.__name__}: pass an instance of it.")
        if not hasattr(estimator, "fit"):
            raise TypeError(f"estimators[{name!r}] must be an estimator with a fit method. Got {estimator!r} instead.")
        if not is_classifier(estimator):
            raise TypeError(f"estimators[{name!r}] must be a classifier. Got {estimator!r} instead.")
        search = last_step(estimator)
        if isinstance(search, BaseSearchCV) and not search.refit:
            raise ValueError(f"estimators[{name!r}] is a search with refit=False, which cannot predict. Set refit.")


def _check_numbers(n_repeats: Any, max_repeats: Any, rope: Any, error_score: Any) -> None:
    for name, value, least in (("n_repeats", n_repeats, 1), ("max_repeats", max_repeats, 2)):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} must be an int of at least {least}. Got {value!r} instead.")
    if not isinstance(rope, Real) or not 0 <= float(rope) < np.inf:
        raise ValueError(f"rope must be a finite number of at least 0. Got {rope!r} instead.")
    if error_score != "raise" and not isinstance(error_score, Real):
        raise ValueError(f"error_score must be 'raise' or a number. Got {error_score!r} instead.")
