"""Trials in any process: get a trial from the study, evaluate its candidate, and report the result to the study."""

import copy
import time
import traceback
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any, Literal

import numpy as np
import optuna
from joblib import effective_n_jobs
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState
from sklearn.base import BaseEstimator, clone

from skrnn._secrets import redact, secrets_of, without_secrets
from skrnn.model_selection import parallel
from skrnn.model_selection.callback_tasks import CallbackTask
from skrnn.model_selection.cv_results import ERROR, OUTCOME, outcome_of
from skrnn.model_selection.lockstep import Task, UndecidedError, evaluate
from skrnn.model_selection.spaces import OutsideSpaceError, Space, parameters_of, suggest
from skrnn.model_selection.storages import Storage, is_journal, open_storage, reachable
from skrnn.model_selection.studies import SeededSampler, ask, counted_trials, fail_lost_trial, quiet
from skrnn.model_selection.workers import beating


@dataclass(frozen=True)
class Search:
    """The settings of a search, which all its workers share.

    Attributes
    ----------
    estimator : estimator
        The estimator that gets the parameters of each candidate. It is cloned for each fit.
    task : Task
        The data, splits and scorers for all candidates.
    space : mapping of str to optuna.distributions.BaseDistribution, or callable
        Distributions by parameter name, or a function that returns the parameters of a trial.
    storage : str or optuna.storages.BaseStorage
        Path of a journal file, URL of a database, or an Optuna storage.
    study_name : str
        Full name of the study, including the hash if there is one.
    first : dict of str to object
        Parameters of the first trial.
    sampler : optuna.samplers.BaseSampler
        The sampler, which each worker copies.
    seed : int or None
        Seed of the sampler, combined with the number of each trial.
    pruner : optuna.pruners.BasePruner
        The pruner, which decides after each epoch of candidates that are trained in lock-step.
    n_trials : int or None
        Total number of trials of all workers; None for no limit.
    deadline : float or None
        Time after which no trial starts, in seconds since 1970 (`time.time`); None for no limit.
    error_score : float or "raise"
        Score of a failed trial.
    """

    estimator: BaseEstimator
    task: Task
    space: Space
    storage: Storage
    study_name: str
    first: Mapping[str, Any]
    sampler: BaseSampler
    seed: int | None
    pruner: BasePruner
    n_trials: int | None
    deadline: float | None
    error_score: float | Literal["raise"]
    # Caches, by trial number, whether the parameters of a trial are in the space.
    _inside: dict[int, bool] = field(default_factory=dict, repr=False, compare=False)

    def counted(self, study: optuna.Study) -> list[FrozenTrial]:
        """Return the trials that count, without trials that have a score but parameters outside the space.

        The name of a study normally changes with its space, but not if the user's `study_name` replaces part of the
        hash.
        """
        return [trial for trial in counted_trials(study) if outcome_of(trial) is None or self._is_inside(trial)]

    def ended(self, study: optuna.Study) -> list[FrozenTrial]:
        """Return the trials that count and have ended."""
        with reachable(self.storage):
            return [trial for trial in self.counted(study) if trial.state.is_finished()]

    def _is_inside(self, trial: FrozenTrial) -> bool:
        if trial.number not in self._inside:
            try:
                parameters_of(self.space, trial)
            except OutsideSpaceError:
                self._inside[trial.number] = False
            else:
                self._inside[trial.number] = True
        return self._inside[trial.number]

    def open(self) -> optuna.Study:
        """Open the study, or create it."""
        with reachable(self.storage):
            return optuna.create_study(
                storage=open_storage(self.storage),
                study_name=self.study_name,
                sampler=SeededSampler(copy.deepcopy(self.sampler), self.seed, self.first),
                pruner=self.pruner,
                direction="maximize",
                load_if_exists=True,
            )


def run_trials(
    search: Search, study: optuna.Study, n_jobs: int | None, callbacks: CallbackTask | None
) -> Generator[int, None, None]:
    """Run trials in one or several processes until there are enough or the time is up.

    Parameters
    ----------
    search : Search
    study : optuna.study.Study
        The study, opened by this process.
    n_jobs : int or None
        Number of trials that run in parallel, as in joblib.
    callbacks : CallbackTask or None
        The task of the search, for scikit-learn's callbacks. It contains the tasks of the trials.

    Yields
    ------
    number : int
        The number of each trial that ends.
    """

    def part() -> CallbackTask | None:
        return None if callbacks is None else callbacks.part("trial", n_parts=len(search.task.splits))

    if effective_n_jobs(n_jobs) == 1:
        while (number := run_trial(search, study, part())) is not None:
            yield number
        return
    ended = False

    def calls() -> Iterator[tuple[Search, None, CallbackTask | None]]:
        # One call for each missing trial, so that no worker idles, and at least one, which looks for stale trials.
        missing = None if search.n_trials is None else max(1, search.n_trials - len(search.counted(study)))
        for _ in count() if missing is None else range(missing):
            if ended:
                return
            yield search, None, part()

    while not ended:
        with parallel.running(run_trial, calls(), n_jobs) as numbers:
            for number in numbers:
                if number is None:
                    ended = True
                else:
                    yield number


def run_trial(search: Search, study: optuna.Study | None = None, callbacks: CallbackTask | None = None) -> int | None:
    """Run one trial, unless there are enough or the time is up.

    Parameters
    ----------
    search : Search
    study : optuna.study.Study, default=None
        The study. By default, it is opened from the storage.
    callbacks : CallbackTask, default=None
        The task of the trial.

    Returns
    -------
    number : int or None
        The number of the trial, however it ended; None if no trial was started.
    """
    with without_secrets(search.storage), quiet(), ExitStack() as stack:
        study = search.open() if study is None else study
        has_begun = False

        def begin() -> None:
            nonlocal has_begun
            if callbacks is not None and not has_begun:
                stack.enter_context(callbacks.running())
            has_begun = True

        while search.deadline is None or time.time() < search.deadline:
            journal = search.storage if is_journal(search.storage) else None
            try:
                with reachable(search.storage):
                    trial = ask(study, search.n_trials, journal=journal, before_trial=begin, counted=search.counted)
            except optuna.exceptions.UpdateFinishedTrialError:
                continue  # another worker considered the trial stale before it had registered
            if trial is None:
                return None
            if _run(search, study, trial, callbacks):
                return trial.number
    return None


class _StorageError(Exception):
    """The storage failed, which says nothing about the candidate."""

    def __init__(self, cause: Exception):
        super().__init__(str(cause))
        self.cause = cause


@contextmanager
def _storing(storage: Storage, kind: type[Exception] = Exception) -> Iterator[None]:
    """Distinguish errors of the storage from errors of the candidate."""
    try:
        with reachable(storage):
            yield
    except (optuna.exceptions.UpdateFinishedTrialError, OutsideSpaceError):
        raise
    except kind as error:
        raise _StorageError(error) from error


def _run(search: Search, study: optuna.Study, trial: optuna.Trial, callbacks: CallbackTask | None) -> bool:
    """Run a trial to its end; return False if its parameters are outside the space."""
    try:
        with beating(trial):
            _evaluate(search, study, trial, callbacks)
    except optuna.exceptions.UpdateFinishedTrialError:
        pass  # another worker considered the trial stale and failed it
    except OutsideSpaceError as error:
        fail_lost_trial(study, trial, str(error))
        warnings.warn(f"{error} The trial does not count.", UserWarning, stacklevel=2)
        return False
    except UndecidedError:
        fail_lost_trial(study, trial, "refit names none of the scores")
        raise
    except _StorageError as error:
        with suppress(Exception):
            fail_lost_trial(study, trial, "the storage failed")
        raise error.cause from error.cause.__cause__
    except Exception:
        with suppress(optuna.exceptions.UpdateFinishedTrialError):  # as above
            trial.set_user_attr(ERROR, redact(traceback.format_exc(), secrets_of(search.storage)))
            study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
        if search.error_score == "raise":
            raise
    except BaseException:
        with suppress(Exception):
            fail_lost_trial(study, trial, "interrupted")
        raise
    return True


def _evaluate(search: Search, study: optuna.Study, trial: optuna.Trial, callbacks: CallbackTask | None) -> None:
    """Train and score the candidate of a trial, and report the result to the study."""
    with _storing(search.storage, OSError):  # other errors come from the space
        params = suggest(search.space, trial)
    estimator = clone(search.estimator).set_params(**clone(params, safe=False))

    def go_on(epoch: int, mean: float) -> bool:
        with _storing(search.storage):
            trial.report(mean, epoch)
            return not trial.should_prune()

    searched = any(name.rpartition("__")[2] == "epochs" for name in params)
    outcome = evaluate(estimator, search.task, epochs_are_searched=searched, go_on=go_on, callbacks=callbacks)
    metric = search.task.decides(outcome.scores)
    mean = outcome.mean(metric)
    if not np.isfinite(mean):
        raise ValueError(f"The mean score over the folds is {mean}: {outcome.scores[metric]}.")
    with _storing(search.storage):
        trial.set_user_attr(OUTCOME, asdict(outcome))
        if outcome.pruned_epoch is None:
            study.tell(trial, mean, skip_if_finished=True)
        else:
            study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)


def first_cause(failures: Sequence[FrozenTrial]) -> str:
    """Return the error of the first failed trial: a line with the exception, then the traceback."""
    trial = failures[0]
    error = trial.user_attrs.get(ERROR, "").strip()
    return f"Trial {trial.number}: {error.rpartition(chr(10))[2] or 'the cause is unknown'}\n{error}"
