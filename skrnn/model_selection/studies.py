"""Optuna studies that several workers share and can resume: new trials, trials that count, and lost trials.

A worker is a process on any machine that has opened the storage of a study. All workers are equal. They coordinate
through attributes of the trials: the worker that runs a trial, its last heartbeat, and whether the trial counts.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import optuna
from filelock import FileLock
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from skrnn._line_files import explained
from skrnn.model_selection._optuna import fail_trial, seed_sampler, trials_by_study
from skrnn.model_selection.workers import WORKER, register, remember, why_stale

LOST, STUDY = "skrnn:lost", "skrnn:study"  # user attributes of trials


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna's messages about studies and trials, but not its warnings."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


class SeededSampler(BaseSampler):
    """Reseeds another sampler for each trial, with a common seed and the trial's number.

    Optuna does not store the state of a sampler. If it were seeded once, every process that joins or resumes a study
    would suggest the first parameters again.

    Parameters
    ----------
    sampler : optuna.samplers.BaseSampler
        The sampler to reseed, in place.
    seed : int or None
        The common seed. None reseeds from the operating system's entropy.
    first : dict of str to object
        Parameters of the first trial of the study; the sampler suggests those that are missing.
    """

    def __init__(self, sampler: BaseSampler, seed: int | None, first: Mapping[str, Any]):
        self._sampler = sampler
        self._seed = seed
        self._first = first

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed the sampler, and prepare it for the trial."""
        if self._seed is not None:
            seed_sampler(self._sampler, np.random.SeedSequence([self._seed, trial.number]))
        else:
            self._sampler.reseed_rng()
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Forward to the sampler."""
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Forward to the sampler."""
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the parameter of the first trial, or forward to the sampler."""
        if trial.number == 0 and param_name in self._first:
            return self._first[param_name]
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Forward to the sampler."""
        self._sampler.after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        """Do nothing, because the sampler is reseeded for each trial anyway."""


def ask(
    study: Study,
    n_trials: int | None,
    *,
    journal: str | os.PathLike[str] | None = None,
    before_trial: Callable[[], None] = lambda: None,
    counted: Callable[[Study], list[FrozenTrial]] | None = None,
) -> Trial | None:
    """Start a trial in this process, unless `n_trials` trials count already.

    Parameters
    ----------
    study : optuna.study.Study
    n_trials : int or None
        Total number of trials of all workers; None for no limit.
    journal : str or path-like, default=None
        Path of the journal file, if the storage is one. Workers then take turns to start trials. With another storage,
        several workers may start the last trial at the same moment; all but one of them then fail it at once.
    before_trial : callable, optional
        Called without arguments before the trial starts.
    counted : callable, default=None
        Returns the trials of a study that count. By default :func:`counted_trials`.

    Returns
    -------
    trial : optuna.trial.Trial or None
        None if there are enough trials.
    """
    counted = counted_trials if counted is None else counted
    with nullcontext() if journal is None else _turn(journal):
        fail_stale_trials(study, alone=journal is not None)
        if n_trials is not None and len(counted(study)) >= n_trials:
            return None
        before_trial()
        trial = study.ask()
        trial.set_user_attr(STUDY, study.study_name)
        register(trial)
    if n_trials is not None and sum(other.number < trial.number for other in counted(study)) >= n_trials:
        fail_lost_trial(study, trial, "another worker started the last trial at the same moment")
        return None
    return trial


@contextmanager
def _turn(journal: str | os.PathLike[str]) -> Iterator[None]:
    """Wait until no other process starts a trial."""
    lock = FileLock(f"{journal}.claims")
    with explained(lock.lock_file):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def counted_trials(study: Study) -> list[FrozenTrial]:
    """Return the trials that count: they were started by a search in this study, and not lost.

    Trials that a user added, perhaps from another study, were not measured by the search. A trial that has just started
    may not have its user attributes yet.
    """
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if LOST not in trial.user_attrs
        and trial.state != TrialState.WAITING
        and trial.user_attrs.get(STUDY, study.study_name if trial.state == TrialState.RUNNING else None)
        == study.study_name
    ]


def running_trials(storage: BaseStorage) -> list[tuple[str, FrozenTrial]]:
    """Return the running trials of all studies, with the names of the studies and without stale trials."""
    return [
        (name, trial)
        for name, trial in trials_by_study(storage, TrialState.RUNNING)
        if WORKER in trial.user_attrs and why_stale(trial) is None
    ]


def fail_stale_trials(study: Study, *, alone: bool = False) -> None:
    """Fail running trials whose process has ended, or whose worker elsewhere has been silent for too long.

    Parameters
    ----------
    study : optuna.study.Study
    alone : bool, default=False
        Whether no other process can be starting a trial at this moment.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        reason = why_stale(trial, alone=alone)
        if reason:
            fail_lost_trial(study, trial, reason)
        else:
            remember(study, trial)


def fail_lost_trial(study: Study, trial: Trial | FrozenTrial, reason: str) -> None:
    """Fail a running trial and mark it as lost, because its failure says nothing about its parameters."""
    fail_trial(study, trial, LOST, reason)
