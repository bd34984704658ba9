"""Optuna studies that many workers share, and that outlive them: opening them, claiming trials, giving up dead ones.

A worker is any process, on any machine, that opens the same storage. None leads. What they must agree on is in the
trials: who works on one since when, and which of them count.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

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

WORKER, LOST, STUDY = "skrnn:worker", "skrnn:lost", "skrnn:study"
_PATIENCE = 600.0  # seconds without a heartbeat after which a worker on another machine counts as dead, at least
_SLOWNESS = 20  # or this many times its longest epoch
_LOCK_SECONDS = 10  # after which the lock of a journal whose holder died is taken over


def open_storage(storage: Any) -> BaseStorage:
    """Return the storage that is meant: None for memory, a path for a journal file, a URL, or a storage itself."""
    if storage is None:
        return InMemoryStorage()
    if isinstance(storage, BaseStorage):
        return storage
    if is_path(storage):
        path = os.fspath(storage)
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        lock = JournalFileSymlinkLock(path, grace_period=_LOCK_SECONDS)
        return JournalStorage(JournalFileBackend(path, lock_obj=lock))
    return optuna.storages.get_storage(storage)


def is_path(storage: Any) -> bool:
    """Return whether a storage is given as the path of a journal file."""
    return isinstance(storage, os.PathLike) or (isinstance(storage, str) and "://" not in storage)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna's log of every study and trial; its warnings are heard."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


class SeededSampler(BaseSampler):
    """Reseeds another sampler for each trial, from one seed and the trial's number.

    Optuna does not store a sampler's state: seeded once, it would begin again with the first parameters in every
    process that joins or resumes a study.

    Parameters
    ----------
    sampler : optuna.samplers.BaseSampler
    seed : int or None
        None leaves the sampler its own randomness.
    """

    def __init__(self, sampler: BaseSampler, seed: int | None):
        self._sampler = sampler
        self._seed = seed

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed, then do what the sampler does."""
        if self._seed is not None:
            _seed(self._sampler, np.random.SeedSequence([self._seed, trial.number]))
        else:
            self._sampler.reseed_rng()
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Ask the sampler."""
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> Any:
        """Ask the sampler."""
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Ask the sampler."""
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        """Pass the result to the sampler."""
        self._sampler.after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        """Do nothing: each trial is seeded."""


def _seed(sampler: Any, seed: np.random.SeedSequence) -> None:
    """Seed all random states in a sampler and in the samplers that it holds: `reseed_rng` takes no seed."""
    held = sorted(vars(sampler).items())
    for (_, value), own in zip(held, seed.spawn(len(held)), strict=True):
        if isinstance(value, BaseSampler):
            _seed(value, own)
        elif isinstance(getattr(value, "rng", None), np.random.RandomState):
            value.rng.seed(int(own.generate_state(1)[0]))


def claim(
    study: Study,
    n_trials: int | None,
    journal: str | None,
    before: Callable[[], None] = lambda: None,
    those_that_count: Callable[[Study], list[FrozenTrial]] | None = None,
) -> Trial | None:
    """Begin a trial in this process, if fewer than `n_trials` count.

    Parameters
    ----------
    study : optuna.Study
    n_trials : int or None
        The total over all workers; None for no limit.
    journal : str or None
        The path of the journal file, where workers take turns to begin trials. Workers on another storage may begin
        trials at the same moment; those beyond `n_trials` are then abandoned.
    before : callable
        Called before the trial begins.
    those_that_count : callable, default=None
        By default :func:`counted`.
    """
    those_that_count = counted if those_that_count is None else those_that_count
    with nullcontext() if journal is None else FileLock(f"{journal}.claims"):
        give_up_the_dead(study, alone=journal is not None)
        if n_trials is not None and len(those_that_count(study)) >= n_trials:
            return None
        before()
        trial = study.ask()
        trial.set_user_attr(STUDY, study.study_name)
        trial.set_user_attr(WORKER, _this_worker())
    if n_trials is not None and sum(other.number < trial.number for other in those_that_count(study)) >= n_trials:
        give_up(study, trial._trial_id, "another worker began the last trial at the same moment")
        return None
    return trial


def counted(study: Study) -> list[FrozenTrial]:
    """Return the trials that count: those that a search began in this study and that were not lost.

    Trials that a user added, perhaps from another study, were not measured by the search. A running trial may not
    have said yet who began it.
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
    """Return the trials that run now, with the names of their studies; not those of workers that have died."""
    return [
        (study.study_name, trial)
        for study in storage.get_all_studies()
        for trial in storage.get_all_trials(study._study_id, deepcopy=False, states=(TrialState.RUNNING,))
        if WORKER in trial.user_attrs and _why_dead(trial, alone=False) is None
    ]


class Heart:
    """Reports once per epoch that the worker of a trial is alive."""

    def __init__(self, trial: Trial):
        self.trial = trial
        self.last = time.monotonic()
        self.longest = 0.0

    def beat(self) -> None:
        """Write down that the worker lives, and how long its silence may last."""
        now = time.monotonic()
        self.longest, self.last = max(self.longest, now - self.last), now
        self.trial.set_user_attr(WORKER, _this_worker(max(_PATIENCE, _SLOWNESS * self.longest)))


def give_up_the_dead(study: Study, *, alone: bool = False) -> None:
    """Mark running trials as lost whose worker is dead, or on another machine has been silent for too long.

    Parameters
    ----------
    study : optuna.Study
    alone : bool, default=False
        Whether no other process can be about to begin a trial at this moment.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        why = _why_dead(trial, alone)
        if why:
            give_up(study, trial._trial_id, why)


def give_up(study: Study, trial_id: int, why: str) -> None:
    """Mark a running trial as lost: a failure of its worker, not of its parameters."""
    with suppress(optuna.exceptions.UpdateFinishedTrialError):  # another process was faster
        study._storage.set_trial_user_attr(trial_id, LOST, why)
        study._storage.set_trial_state_values(trial_id, TrialState.FAIL)


def _why_dead(trial: FrozenTrial, alone: bool) -> str | None:
    worker = trial.user_attrs.get(WORKER)
    if worker is None:  # it died, or is about to register
        begun = trial.datetime_start
        silent = alone or (begun is not None and time.time() - begun.timestamp() > _PATIENCE)
        return "its worker never registered" if silent else None
    host = socket.gethostname()
    if worker["host"] == host:
        started = _start_of(worker["pid"])
        # The time of boot, which the system counts from, may be corrected by a little.
        alive = started is not None and abs(started - worker["started"]) < 5
        return None if alive else f"process {worker['pid']} of {host} ended"
    silence = time.time() - worker["beat"]
    return f"{worker['host']} was silent for {silence:.0f} s" if silence > worker["patience"] else None


def _this_worker(patience: float = _PATIENCE) -> dict[str, Any]:
    process = psutil.Process()
    return {
        "host": socket.gethostname(),
        "pid": process.pid,
        "started": process.create_time(),
        "beat": time.time(),
        "patience": patience,
    }


def _start_of(pid: int) -> float | None:
    """Return the start time of a process, to distinguish it from a later one with its number; None if it ended."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None
