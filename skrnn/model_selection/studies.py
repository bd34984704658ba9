"""Optuna studies that several workers share, and that outlive them: storages, new trials and stale ones.

A worker is a process, on any machine, that has opened the same storage. No worker leads. What they must agree on is
stored in the trials: which worker runs one, its last heartbeat, and which trials count.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
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
_GRACE_SECONDS = 600.0  # without a heartbeat, before the trial of another machine is stale; or, if that is longer,
_GRACE_EPOCHS = 20  # the duration of this many of its longest epoch
_LOCK_SECONDS = 10  # before the lock of a journal whose owner died is taken over


class _Worker(TypedDict):
    """The user attribute of a trial that says which process runs it. The keys are stored in studies.

    Attributes
    ----------
    host : str
    pid : int
    started : float
        When the process started, in seconds since the epoch, which tells it apart from a later one with its number.
    beat : float
        The last heartbeat, in seconds since the epoch.
    patience : float
        Seconds after the last heartbeat before the trial is stale, if the worker is on another machine.
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
        A path is a journal file, which need not exist; a URL is a database; None is a new storage in memory. An
        Optuna storage is returned as is.

    Returns
    -------
    storage : optuna.storages.BaseStorage
        A journal file whose owner died while it held the lock can be opened again after ten seconds.

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
    """Silence Optuna's log of each study and trial, but not its warnings."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


class SeededSampler(BaseSampler):
    """Reseeds another sampler for each trial, with one seed and the trial's number.

    Optuna does not store the state of a sampler: one that is seeded once would suggest the first parameters again in
    every process that joins or resumes a study.

    Parameters
    ----------
    sampler : optuna.samplers.BaseSampler
        Reseeded in place.
    seed : int or None
        None reseeds from the operating system's entropy.
    """

    def __init__(self, sampler: BaseSampler, seed: int | None):
        self._sampler = sampler
        self._seed = seed

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

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> Any:
        """Forward to the sampler."""
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Forward to the sampler."""
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        """Forward to the sampler."""
        self._sampler.after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        """Do nothing: each trial is seeded anew."""


def ask(
    study: Study,
    n_trials: int | None,
    *,
    journal: str | os.PathLike[str] | None = None,
    before_trial: Callable[[], None] = lambda: None,
    counted: Callable[[Study], list[FrozenTrial]] | None = None,
) -> Trial | None:
    """Begin a trial in this process, if fewer than `n_trials` count.

    Parameters
    ----------
    study : optuna.study.Study
    n_trials : int or None
        The total over all workers; None for no limit.
    journal : str or path-like, default=None
        The path of the journal file, if the storage is one: its workers then take turns to begin trials. On another
        storage, several workers may begin the last trial at the same moment; all but one of them fail it at once.
    before_trial : callable, optional
        Called without arguments before the trial begins.
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
        fail_lost_trial(study, trial, "another worker began the last trial at the same moment")
        return None
    return trial


def counted_trials(study: Study) -> list[FrozenTrial]:
    """Return the trials that count: those that a search began in this study and that were not lost.

    Trials that a user added, perhaps from another study, were not measured by the search. A running trial may not
    have its user attributes yet.
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
    """Return the running trials of all studies with their names, without stale trials."""
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
        A running trial of this process.
    """

    def __init__(self, trial: Trial):
        self.trial = trial
        self.last = time.monotonic()
        self.longest = 0.0

    def record(self) -> None:
        """Store the time, and how long the next heartbeat may take."""
        now = time.monotonic()
        self.longest, self.last = max(self.longest, now - self.last), now
        self.trial.set_user_attr(WORKER, this_worker(max(_GRACE_SECONDS, _GRACE_EPOCHS * self.longest)))


def fail_stale_trials(study: Study, *, alone: bool = False) -> None:
    """Fail the running trials whose process ended, or whose worker on another machine has no heartbeat for too long.

    Parameters
    ----------
    study : optuna.study.Study
    alone : bool, default=False
        Whether no other process can be beginning a trial at this moment.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        reason = _why_stale(trial, alone)
        if reason:
            fail_lost_trial(study, trial, reason)


def fail_lost_trial(study: Study, trial: Trial | FrozenTrial, reason: str) -> None:
    """Fail a running trial, and mark it as lost: the failure of a worker says nothing about the parameters."""
    fail_trial(study, trial, LOST, reason)


def _why_stale(trial: FrozenTrial, alone: bool) -> str | None:
    worker: _Worker | None = trial.user_attrs.get(WORKER)
    if worker is None:  # its process ended, or has not registered yet
        begun = trial.datetime_start
        is_old = begun is not None and time.time() - begun.timestamp() > _GRACE_SECONDS
        return "its worker never registered" if alone or is_old else None
    host = socket.gethostname()
    if worker["host"] == host:
        started = _start_of(worker["pid"])
        # The time of boot, which the system counts from, may be corrected by a little.
        is_alive = started is not None and abs(started - worker["started"]) < 5
        return None if is_alive else f"process {worker['pid']} of {host} ended"
    silence = time.time() - worker["beat"]
    return f"{worker['host']} had no heartbeat for {silence:.0f} s" if silence > worker["patience"] else None


def this_worker(grace_seconds: float = _GRACE_SECONDS) -> _Worker:
    """Return the user attribute of a trial that this process runs, with a heartbeat of now."""
    process = psutil.Process()
    return _Worker(
        host=socket.gethostname(),
        pid=process.pid,
        started=process.create_time(),
        beat=time.time(),
        patience=grace_seconds,
    )


def _start_of(pid: int) -> float | None:
    """Return when a process started, in seconds since the epoch; None if it ended."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None
