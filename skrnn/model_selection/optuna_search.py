"""Hyperparameter search with Optuna as a scikit-learn search estimator. The module `trials` runs its trials."""

import os
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import optuna
from joblib import effective_n_jobs
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import FrozenTrial
from rich.console import Console
from sklearn import get_config
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.validation import check_is_fitted

from skrnn._callbacks import CallbackSupportMixin
from skrnn._secrets import Redacted, redact, without_secrets
from skrnn._sklearn import (
    BaseSearchCV,
    Interval,
    StrOptions,
    _check_method_params,
    _fit_context,
    begin_task,
    constraint_of_searches,
    scorers_of,
)
from skrnn.model_selection.callback_tasks import CallbackTask
from skrnn.model_selection.cv_results import as_results, outcome_of
from skrnn.model_selection.fingerprint import Undescribable, fingerprint
from skrnn.model_selection.fits import timed_fit
from skrnn.model_selection.lockstep import Task, trains_by_epochs
from skrnn.model_selection.nesting import last_step
from skrnn.model_selection.pruners import RungPruner
from skrnn.model_selection.search_spaces import search_space, starting_point
from skrnn.model_selection.seeds import root_seed
from skrnn.model_selection.spaces import Space, check_space, parameters_of
from skrnn.model_selection.splits import draw_splits, labels_of
from skrnn.model_selection.storages import is_journal, open_storage
from skrnn.model_selection.studies import fail_stale_trials, quiet
from skrnn.model_selection.trial_displays import trial_display
from skrnn.model_selection.trials import Search, first_cause, run_trials

Callback = Callable[[optuna.Study, FrozenTrial], object]


class OptunaSearchCV(BaseSearchCV, CallbackSupportMixin):
    """Search hyperparameters with Optuna, pruning poor candidates after a few epochs on all folds.

    The data are split into folds once. Each candidate trains on all folds in lock-step, one epoch at a time. After each
    epoch, its mean score over the folds is reported to Optuna's pruner, which may end the trial. A trial is scored at
    the epoch with the highest mean, and `refit` trains for that number of epochs. If ``epochs`` itself is searched, the
    score after the last epoch counts. With ``early_stopping``, data held out from each training fold choose the epoch.

    Candidates with Keras callbacks are pruned, too. Their scores after the last epoch count, because a callback may
    restore an earlier epoch when training ends. Some candidates are fitted completely, as in `cross_validate`, and
    never pruned: classifiers of other packages, classifiers with callbacks that write files, such as
    :class:`keras.callbacks.ModelCheckpoint`, and subclasses of a pipeline or classifier with their own `fit`.

    Parameters
    ----------
    estimator : estimator
        A classifier, or a pipeline that ends in one.
    param_distributions : dict or callable, default=None
        Optuna distributions by parameter name, or a function that takes an :class:`optuna.trial.Trial` and returns
        the parameters, so that the space can depend on earlier choices. None uses
        :func:`~skrnn.model_selection.search_space`.
    n_trials : int, default=50
        Total number of trials in the study, including those of other processes and of earlier calls with the same
        `storage`. With None, only `timeout` limits the search. Trials that you add to the study do not count, and
        neither do candidates outside the space that you enqueue.
    timeout : float, default=None
        Number of seconds after which no new trial starts.
    cv : int, cross-validation generator or iterable, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`. A search can be resumed only if its splits are
        reproducible.
    scoring : str, callable, list, tuple or dict, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`. If a callable returns a dict of scores, set `refit` to the
        name of the score to maximize.
    refit : bool, str or callable, default=True
        As in :class:`~sklearn.model_selection.GridSearchCV`. With several metrics, the name of the metric to maximize.
    pruner : optuna.pruners.BasePruner, default=None
        By default, a form of successive halving [2]_: of the candidates so far, the best half continues after 1/20 of
        the epochs, the best quarter after 1/4 and the best third after 1/2. :class:`optuna.pruners.NopPruner` disables
        pruning.
    sampler : optuna.samplers.BaseSampler, default=None
        By default :class:`optuna.samplers.TPESampler`. The sampler is copied, and reseeded for each trial.
    storage : str, path-like or optuna.storages.BaseStorage, default=None
        Path of a journal file, which processes can share, or URL of a database, which machines can share. By default,
        the study is kept in memory.
    study_name : str, default=None
        Prefix of the study's name. With a `storage`, a hash of everything that scores depend on follows: data, splits,
        scoring, estimator and space, including the code of functions. So all trials of a study are comparable, and
        each fold of an outer cross-validation has its own study. If something has no reproducible description, such as
        a lock, `fit` raises an error unless you pass a `study_name`: you then guarantee that it is always the same.
    n_jobs : int, default=None
        Number of trials that run in parallel, in processes of joblib's backend.
    random_state : int, RandomState instance or None, default=None
        Seed of the sampler. It is combined with the number of each trial, so that parallel processes and resumed
        searches do not repeat parameters.
    error_score : float or "raise", default=nan
        Score of a failed trial. Its exception is a user attribute of the trial. "raise" raises it and ends the search.
    callbacks : callable or list of callable, default=None
        Called in this process as ``callback(study, trial)`` after each trial.
    verbose : int, default=0
        If greater than 0, show progress: live bars with the best score so far in a terminal or notebook, otherwise one
        line per trial. Outside notebooks, it goes to the standard error. See
        :func:`~skrnn.model_selection.trial_display`.

    Attributes
    ----------
    best_estimator_ : estimator
        The estimator with the best parameters, fitted on all data. Only if `refit` is not False.
    best_params_ : dict
        Parameters of the best trial.
    best_score_ : float
        Mean score of the best trial over the folds.
    best_index_ : int
        Row of the best trial in `cv_results_`.
    best_epochs_ : int or None
        Number of epochs of the refit; None if the parameters set it.
    cv_results_ : dict of ndarray of shape (n_trials,)
        As in :class:`~sklearn.model_selection.GridSearchCV`, with one row per complete, pruned or failed trial, and the
        additional columns ``trial_number``, ``state``, ``n_epochs`` (number of epochs before the scores were measured)
        and ``pruned_epoch`` (NaN if not pruned). Complete trials rank first, then pruned ones, then failed ones.
    trials_ : list of optuna.trial.FrozenTrial
        The trials of `cv_results_` as Optuna objects.
    study_ : optuna.study.Study
        The Optuna study, reloaded at each access.
    study_name_ : str
        Full name of the study.
    n_splits_ : int
        Number of splits.
    scorer_ : callable or dict
        The scorer, or the scorers by name.
    multimetric_ : bool
        Whether there are several metrics.
    refit_time_ : float
        Duration of the refit in seconds. Only if `refit` is not False.

    See Also
    --------
    search_space : Default search space.
    compare_architectures : Compare classifiers or searches on the same folds.

    References
    ----------
    .. [1] T. Akiba, S. Sano, T. Yanase, T. Ohta and M. Koyama (2019). "Optuna: A Next-generation Hyperparameter
       Optimization Framework." KDD, 2623-2631.
    .. [2] L. Li, K. Jamieson, A. Rostamizadeh, E. Gonina, J. Ben-tzur, M. Hardt, B. Recht and A. Talwalkar (2020). "A
       System for Massively Parallel Hyperparameter Tuning." MLSys 2, 230-246.

    Examples
    --------
    >>> from optuna.distributions import FloatDistribution
    >>> from skrnn import GRUClassifier
    >>> from skrnn.datasets import load_digits
    >>> from skrnn.model_selection import OptunaSearchCV
    >>> X, y = load_digits(return_X_y=True)
    >>> space = {"learning_rate": FloatDistribution(0.001, 0.03, log=True)}
    >>> search = OptunaSearchCV(GRUClassifier(16, epochs=6), space, n_trials=3, cv=2, random_state=0)
    >>> search = search.fit(X[:300], y[:300])
    >>> len(search.cv_results_["params"])
    3
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "estimator": constraint_of_searches("estimator"),
        "param_distributions": [Mapping, callable, None],
        "n_trials": [Interval(Integral, 1, None, closed="left"), None],
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "cv": ["cv_object"],
        "scoring": constraint_of_searches("scoring"),
        "refit": constraint_of_searches("refit"),
        "pruner": [BasePruner, None],
        "sampler": [BaseSampler, None],
        "storage": [str, os.PathLike, BaseStorage, None],
        "study_name": [str, None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "error_score": [StrOptions({"raise"}), Real],
        "callbacks": [callable, list, tuple, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator,
        param_distributions=None,
        *,
        n_trials=50,
        timeout=None,
        cv=None,
        scoring=None,
        refit=True,
        pruner=None,
        sampler=None,
        storage=None,
        study_name=None,
        n_jobs=None,
        random_state=None,
        error_score=np.nan,
        callbacks=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.n_trials = n_trials
        self.timeout = timeout
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.pruner = pruner
        self.sampler = sampler
        self.storage = storage
        self.study_name = study_name
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.error_score = error_score
        self.callbacks = callbacks
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params) -> Self:
        """Search the parameters, and fit the best candidate on all data.

        Parameters
        ----------
        X : array-like or list
            Any input that the estimator accepts.
        y : array-like of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels), default=None
            Any target that the estimator accepts. A classifier of this package reads a matrix as one-hot labels, which
            are split and scored like labels of shape (n_samples,). With ``multilabel=True``, it reads a matrix of
            zeros and ones with one column per label, and folds are not stratified.
        **params : dict
            Metadata for the estimator, the scorer and the splitter, as in
            :class:`~sklearn.model_selection.GridSearchCV`: ``sample_weight``, ``groups``.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter is invalid; if `cv` gives no splits; if a `storage` is given without a `study_name`, and
            something that the scores depend on cannot be described; or if all trials failed, with the first error.
        OSError
            If the storage cannot be opened or written to, or if a journal is deleted or replaced during the search. The
            message names it and a remedy.

        Notes
        -----
        After Ctrl-C, and any other exception during the trials, ``best_params_`` and ``cv_results_`` describe the
        trials so far, if one of them has been scored. With a `storage`, the next call continues the search.
        """
        if self.n_trials is None and self.timeout is None:
            raise ValueError("n_trials and timeout are both None, so the search would never end. Set one of them.")
        scorers, _ = self._get_scorers()
        X, y = indexable(X, y)
        params = _check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        labels = labels_of(y, [self.estimator])
        splitter = check_cv(self.cv, labels, classifier=is_classifier(self.estimator))
        splits = draw_splits(splitter, X, labels, routed.splitter.split)
        if len(splits) != (expected := splitter.get_n_splits(X, labels, **routed.splitter.split)):
            raise ValueError(
                "cv.split and cv.get_n_splits return inconsistent results: "
                f"expected {expected} splits, got {len(splits)} of them."
            )
        task = Task(
            X=X,
            y=y,
            labels=labels,
            splits=splits,
            scorers=scorers,
            metric=self.refit if isinstance(self.refit, str) else "score" if self.refit is True else None,
            fit_params=dict(routed.estimator.fit),
            score_params=dict(routed.scorer.score),
            scores_last_step=not _has_callables(self.scoring),
        )
        context = begin_task(self, 1 + (self.refit is not False))
        whole = CallbackTask(context, self, X, y, params)
        with whole.running(), without_secrets(self.storage), quiet(), ExitStack() as stack:
            search = self._search(task, stack)
            trials = whole.part("search", n_parts=self.n_trials)
            with trials.running():
                self._run(search, trials)
            if self.refit:
                self._refit(X, y, task.fit_params, whole.part("refit-with-best-params"))
        return self

    def get_params(self, deep=True) -> dict[str, Any]:
        """Return the parameters of the search, and with `deep` those of its estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the estimator.

        Returns
        -------
        params : dict of str to object
            If the URL in `storage` contains a password, its representation shows asterisks instead. The text itself is
            unchanged.
        """
        params = super().get_params(deep)
        storage = params["storage"]
        if isinstance(storage, str) and not isinstance(storage, Redacted) and redact(storage) != storage:
            params["storage"] = Redacted(storage)
        return params

    def _validate_params(self) -> None:
        with without_secrets():  # the message quotes a storage of the wrong type
            super()._validate_params()

    def _search(self, task: Task, stack: ExitStack) -> Search:
        """Return the settings that all workers share."""
        space, first = self.param_distributions, {}
        if space is None:
            space = search_space(self.estimator)
            first = starting_point(self.estimator, space)
        check_space(space)
        storage = self.storage
        alone = effective_n_jobs(self.n_jobs) == 1
        if isinstance(storage, InMemoryStorage) and not alone:
            raise ValueError(
                f"A storage in memory cannot be shared by processes, but n_jobs={self.n_jobs}. Use storage=None or the "
                "path of a journal file instead."
            )
        if storage is None:
            storage = InMemoryStorage()
            if not alone:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="skrnn-"))
                storage = os.path.join(folder, "search.journal")
        return Search(
            estimator=clone(self.estimator),
            task=task,
            space=space,
            storage=os.fspath(storage) if is_journal(storage) else storage,
            study_name=self._name_of_study(task, space),
            first=first,
            sampler=TPESampler() if self.sampler is None else self.sampler,
            seed=root_seed(self.random_state),
            pruner=_default_pruner(self.estimator, task) if self.pruner is None else self.pruner,
            n_trials=self.n_trials,
            deadline=None if self.timeout is None else time.time() + self.timeout,
            error_score=self.error_score,
        )

    def _name_of_study(self, task: Task, space: Space) -> str:
        """Return a name that two searches share only if their trials are comparable."""
        prefix = type(last_step(self.estimator)).__name__ if self.study_name is None else self.study_name
        if self.storage is None:  # no other process can open this study
            return prefix
        config = get_config()
        parts = {
            "estimator": clone(self.estimator),
            "param_distributions": space,
            "scoring": self.scoring,
            "X": task.X,
            "y": task.y,
            "cv": task.splits,
            "the parameter of fit": task.fit_params,
            "the parameter of the scorer": task.score_params,
            # The score that a trial reports. A callable `refit` changes which trial is best, but no score.
            "refit": None if task.metric == "score" else task.metric,
            "the configuration": {name: config[name] for name in ("enable_metadata_routing", "transform_output")},
        }
        try:
            return f"{prefix}-{fingerprint(parts, vouched=self.study_name is not None)}"
        except Undescribable as error:
            raise ValueError(
                f"{error} With a storage, the name of the study contains a hash of everything that the scores depend "
                "on, so that all of its trials are comparable. Use something that can be described, such as a named "
                "function of plain values or an object with plain attributes, or pass a study_name to guarantee that "
                "this part is the same in every search of that name."
            ) from error

    def _run(self, search: Search, task: CallbackTask) -> None:
        """Run all trials and set the results, also after Ctrl-C and any other exception."""
        study = search.open()
        trials = search.ended(study)  # in case the storage fails
        try:
            with ExitStack() as stack:
                callbacks = self._callbacks(search, stack)
                for number in stack.enter_context(closing(run_trials(search, study, self.n_jobs, task))):
                    trials = search.ended(study)
                    for callback in callbacks:
                        callback(study, study.get_trials(deepcopy=False)[number])
            fail_stale_trials(study)
            trials = search.ended(study)
        except BaseException:
            with suppress(Exception):
                fail_stale_trials(study)
                trials = search.ended(study)
            if any(outcome_of(trial) for trial in trials):
                with suppress(Exception):
                    self._set_results(search, trials)
            raise
        self._set_results(search, trials)

    def _callbacks(self, search: Search, stack: ExitStack) -> list[Callback]:
        """Return the callbacks for ended trials: a display if `verbose` is set, and the user's callbacks."""
        own = self.callbacks if isinstance(self.callbacks, (list, tuple)) else [self.callbacks]
        callbacks = [callback for callback in own if callback is not None]
        if not self.verbose:
            return callbacks
        console = Console(stderr=True, highlight=False, markup=False)
        display = trial_display(self.n_trials, search.storage, console=console, counted=search.counted)
        return [stack.enter_context(display), *callbacks]

    def _set_results(self, search: Search, trials: list[FrozenTrial]) -> None:
        measured = [outcome for outcome in map(outcome_of, trials) if outcome is not None]
        failures = [trial for trial in trials if outcome_of(trial) is None]
        if not trials:
            raise ValueError(
                "No trial has finished. Other processes may still be running all n_trials, or timeout is too short."
            )
        if not measured:
            raise ValueError(f"All {len(trials)} trials failed. {first_cause(failures)}")
        error_score = np.nan if self.error_score == "raise" else float(self.error_score)
        scorers, metric = search.task.scorers, search.task.decides(measured[0].scores)
        results = as_results(
            trials, lambda trial: parameters_of(search.space, trial), len(search.task.splits), error_score
        )
        self.trials_ = trials
        self.study_name_ = search.study_name
        self.cv_results_ = results
        self.n_splits_ = len(search.task.splits)
        self.scorer_ = scorers_of(scorers)
        self.multimetric_ = self.scorer_ is not scorers or list(measured[0].scores) != ["score"]
        if self.refit or not self.multimetric_:
            self.best_index_ = int(self._select_best_index(self.refit, metric, results))
            if not callable(self.refit):
                self.best_score_ = float(results[f"mean_test_{metric}"][self.best_index_])
            self.best_params_ = results["params"][self.best_index_]
            best = outcome_of(trials[self.best_index_])
            self.best_epochs_ = None if best is None else best.refit_epochs
        if failures:
            message = f"{len(failures)} of {len(trials)} trials failed and are scored {self.error_score}."
            warnings.warn(f"{message} {first_cause(failures)}", FitFailedWarning, stacklevel=5)

    def _refit(self, X: Any, y: Any, fit_params: dict[str, Any], task: CallbackTask) -> None:
        estimator = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        if self.best_epochs_ is not None:
            last_step(estimator).set_params(epochs=self.best_epochs_)
        with task.running(estimator):
            self.refit_time_ = timed_fit(estimator, X, y, fit_params)
        self.best_estimator_ = estimator
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_

    def score(self, X, y=None, **params) -> float:
        """Return the score of the refitted best estimator.

        Parameters
        ----------
        X : array-like or list
            Any input that the estimator accepts.
        y : array-like of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels), default=None
            The target, as in `fit`.
        **params : dict
            Metadata for the scorer, with ``enable_metadata_routing=True``.

        Returns
        -------
        score : float
            The score that `scoring` defines, or the estimator's own ``score``.
        """
        return super().score(X, labels_of(y, [self.estimator]), **params)

    @property
    def study_(self) -> optuna.Study:
        """The Optuna study; if it was kept in memory, a new study with the trials in `trials_`."""
        check_is_fitted(self, "trials_")
        with quiet():
            if self.storage is not None:
                return optuna.load_study(study_name=self.study_name_, storage=open_storage(self.storage))
            study = optuna.create_study(direction="maximize", study_name=self.study_name_)
            study.add_trials(self.trials_)
            return study


def _default_pruner(estimator: BaseEstimator, task: Task) -> BasePruner:
    if not trains_by_epochs(estimator):
        return NopPruner()
    return RungPruner.for_epochs(last_step(estimator)._n_epochs(max(1, min(len(train) for train, _ in task.splits))))


def _has_callables(scoring: Any) -> bool:
    if isinstance(scoring, Mapping):
        return any(map(callable, scoring.values()))
    return callable(scoring)
