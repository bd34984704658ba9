"""Optuna studies that several workers share and can resume: storages, new trials and stale trials.

A worker is a process on any machine that has opened the storage of a study. All workers are equal. They coordinate
through attributes of the trials: the worker that runs a trial, its last heartbeat, and whether the trial counts.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, TypedDict, TypeGuard

import numpy as np
import optuna
import psutil
from filelock import FileLock
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from skrnn.model_selection._optuna import fail_trial, seed_sampler, trials_by_study

Storage = str | os.PathLike[str] | BaseStorage | None

WORKER, LOST, STUDY = "skrnn:worker", "skrnn:lost", "skrnn:study"  # user attributes of trials
# A trial of another machine is stale after this time without a heartbeat, or this multiple of its longest epoch.
_GRACE_SECONDS = 600.0
_GRACE_EPOCHS = 20
_LOCK_SECONDS = 10  # after which the lock of a journal may be taken over, because its owner has died


class _Worker(TypedDict):
    """The user attribute of a trial that identifies the process that runs it. The keys are stored in studies.

    Attributes
    ----------
    host : str
        Name of the machine.
    pid : int
        Number of the process.
    started : float
        Start time of the process in seconds since 1970. It distinguishes processes that had the same number.
    beat : float
        Time of the last heartbeat in seconds since 1970.
    patience : float
        Number of seconds after the last heartbeat before the trial is stale, if the worker is on another machine.
    """

    host: str
    pid: int
    started: float
    beat: float
    patience: float


def open_storage(storage: Storage) -> BaseStorage:
    """Return the Optuna storage of a search.

    Parameters
    ----------
    storage : str, path-like, optuna.storages.BaseStorage or None
        Path of a journal file, which is created if necessary; URL of a database; or None for a new storage in memory.
        An Optuna storage is returned as is.

    Returns
    -------
    storage : optuna.storages.BaseStorage
        If a process died while it held the lock of a journal file, the lock is released after ten seconds.

    Examples
    --------
    >>> import optuna
    >>> from skrnn.model_selection import open_storage
    >>> storage = open_storage("search.journal")  # doctest: +SKIP
    >>> optuna.load_study(study_name=optuna.get_all_study_names(storage)[0], storage=storage)  # doctest: +SKIP
    """
    if storage is None:
        return InMemoryStorage()
    if isinstance(storage, BaseStorage):
        return storage
    if is_journal(storage):
        path = os.fspath(storage)
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        lock = JournalFileSymlinkLock(path, grace_period=_LOCK_SECONDS)
        return JournalStorage(JournalFileBackend(path, lock_obj=lock))
    return optuna.storages.get_storage(os.fspath(storage))


def is_journal(storage: Storage) -> TypeGuard[str | os.PathLike[str]]:
    """Return whether a storage is the path of a journal file."""
    return isinstance(storage, os.PathLike) or (isinstance(storage, str) and "://" not in storage)


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
    with nullcontext() if journal is None else FileLock(f"{journal}.claims"):
        fail_stale_trials(study, alone=journal is not None)
        if n_trials is not None and len(counted(study)) >= n_trials:
            return None
        before_trial()
        trial = study.ask()
        trial.set_user_attr(STUDY, study.study_name)
        trial.set_user_attr(WORKER, this_worker())
    if n_trials is not None and sum(other.number < trial.number for other in counted(study)) >= n_trials:
        fail_lost_trial(study, trial, "another worker started the last trial at the same moment")
        return None
    return trial


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
        if WORKER in trial.user_attrs and _why_stale(trial, alone=False) is None
    ]


class Heartbeat:
    """Records once per epoch that the worker of a trial is alive.

    Parameters
    ----------
    trial : optuna.trial.Trial
        A trial that this process runs.
    """

    def __init__(self, trial: Trial):
        self.trial = trial
        self.last = time.monotonic()
        self.longest = 0.0

    def record(self) -> None:
        """Store the current time, and the number of seconds that the next heartbeat may take."""
        now = time.monotonic()
        self.longest, self.last = max(self.longest, now - self.last), now
        self.trial.set_user_attr(WORKER, this_worker(max(_GRACE_SECONDS, _GRACE_EPOCHS * self.longest)))


def fail_stale_trials(study: Study, *, alone: bool = False) -> None:
    """Fail running trials whose process has ended, or whose worker on another machine has been silent for too long.

    Parameters
    ----------
    study : optuna.study.Study
    alone : bool, default=False
        Whether no other process can be starting a trial at this moment.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        reason = _why_stale(trial, alone)
        if reason:
            fail_lost_trial(study, trial, reason)


def fail_lost_trial(study: Study, trial: Trial | FrozenTrial, reason: str) -> None:
    """Fail a running trial and mark it as lost, because its failure says nothing about its parameters."""
    fail_trial(study, trial, LOST, reason)


def _why_stale(trial: FrozenTrial, alone: bool) -> str | None:
    worker: _Worker | None = trial.user_attrs.get(WORKER)
    if worker is None:  # its process has ended, or has not registered yet
        begun = trial.datetime_start
        is_old = begun is not None and time.time() - begun.timestamp() > _GRACE_SECONDS
        return "its worker never registered" if alone or is_old else None
    host = socket.gethostname()
    if worker["host"] == host:
        started = _start_of(worker["pid"])
        # Start times are relative to the boot time, which the system may adjust slightly.
        is_alive = started is not None and abs(started - worker["started"]) < 5
        return None if is_alive else f"process {worker['pid']} of {host} ended"
    silence = time.time() - worker["beat"]
    return f"no heartbeat from {worker['host']} for {silence:.0f} s" if silence > worker["patience"] else None


def this_worker(grace_seconds: float = _GRACE_SECONDS) -> _Worker:
    """Return the user attribute for a trial that this process runs, with the current time as heartbeat."""
    process = psutil.Process()
    return _Worker(
        host=socket.gethostname(),
        pid=process.pid,
        started=process.create_time(),
        beat=time.time(),
        patience=grace_seconds,
    )


def _start_of(pid: int) -> float | None:
    """Return the start time of a process in seconds since 1970, or None if it has ended."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None
