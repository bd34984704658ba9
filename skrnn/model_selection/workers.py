"""Which worker runs a trial, and whether it is still alive.

A process number means something only on one machine, between two boots, and in one PID namespace: two containers may
both have a process 7, and the same host name. There, the system knows whether the process is alive. Anywhere else, a
worker is alive as long as its heartbeat changes, and how long it has not changed is measured on the clock of whoever
looks. The clocks of two machines are never compared.
"""

import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, NotRequired, TypedDict

import optuna
import psutil
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial

from skrnn.model_selection._optuna import set_trial_attribute

WORKER, SEEN = "skrnn:worker", "skrnn:seen"  # user attributes of trials; the second ends in the name of a clock
_BEAT_SECONDS = 30.0
_GRACE_SECONDS = 600.0  # without a heartbeat, after which the worker of another machine or container is given up

_numbers = count()
_running: set[str] = set()  # the trials that this process runs
_seen: dict[str, tuple[Any, float]] = {}  # by trial, its last heartbeat and when this process first saw it


class Worker(TypedDict):
    """The user attribute of a trial that identifies the process that runs it. The keys are stored in studies.

    Attributes
    ----------
    host : str
        Name of the machine.
    pid : int
        Number of the process.
    started : float
        Start time of the process in seconds since 1970.
    beat : float
        Time of the last heartbeat in seconds since 1970. Only whether it changes matters.
    patience : float
        Number of seconds without a heartbeat after which the trial is stale.
    id : str
        Random name of the process, and the number of the trial in it. Earlier versions stored neither this nor the
        following.
    place : str or None
        Where process numbers mean the same: the machine, its boot, and the PID namespace. None if unknown.
    ticks : int or None
        Start time of the process in clock ticks since the boot, which setting the clock does not change.
    """

    host: str
    pid: int
    started: float
    beat: float
    patience: float
    id: NotRequired[str]
    place: NotRequired[str | None]
    ticks: NotRequired[int | None]


_process = uuid.uuid4().hex  # the name of this process


def _begin_again() -> None:
    global _process
    _process = uuid.uuid4().hex
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_again)


def this_worker() -> Worker:
    """Return the user attribute for a new trial of this process."""
    return Worker(
        host=socket.gethostname(),
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        beat=time.time(),
        patience=_GRACE_SECONDS,
        id=f"{_process}-{next(_numbers)}",
        place=_place(),
        ticks=_ticks("self"),
    )


def register(trial: Trial) -> None:
    """Store in a trial that this process runs it."""
    worker = this_worker()
    _running.add(worker["id"])
    trial.set_user_attr(WORKER, worker)


@contextmanager
def beating(trial: Trial) -> Iterator[None]:
    """Change the heartbeat of a registered trial from a thread, for as long as the block runs."""
    worker = dict(trial.user_attrs[WORKER])
    ended = threading.Event()

    def beat() -> None:
        number = 0
        while not ended.wait(_BEAT_SECONDS):
            number += 1
            # The sum changes even if the clock is set back or stands still.
            worker["beat"] = time.time() + number / 1024
            try:
                trial.set_user_attr(WORKER, worker)
            except optuna.exceptions.UpdateFinishedTrialError:
                return
            except Exception:  # the storage may work again at the next time
                continue

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        _running.discard(str(worker.get("id")))


def why_stale(trial: FrozenTrial, *, alone: bool = False) -> str | None:
    """Return why a running trial has no worker any more, or None if it may have one.

    Parameters
    ----------
    trial : optuna.trial.FrozenTrial
    alone : bool, default=False
        Whether no process can be between starting a trial and storing its own name in it.

    Returns
    -------
    reason : str or None
    """
    worker: Worker | None = trial.user_attrs.get(WORKER)
    if worker is None:
        if alone or _silence(trial) > _GRACE_SECONDS:
            return "its worker never registered"
        return None
    alive = _is_alive(worker)
    if alive is not None:
        return None if alive else f"process {worker['pid']} of {worker['host']} ended"
    silence = _silence(trial)
    return f"no heartbeat from {worker['host']} for {silence:.0f} s" if silence > worker["patience"] else None


def remember(study: Study, trial: FrozenTrial) -> None:
    """Store when the last heartbeat was first seen, so that later processes of this machine need not wait again."""
    worker: Worker | None = trial.user_attrs.get(WORKER)
    clock = _clock()
    if clock is None or (worker is not None and _is_alive(worker) is not None):
        return
    beat, since = _seen[_name(trial)]
    stored = _stored(trial, clock)
    if stored is None or stored > since:
        set_trial_attribute(study, trial, f"{SEEN}:{clock}", [beat, since])


def _silence(trial: FrozenTrial) -> float:
    """Return the number of seconds for which this machine has seen the same heartbeat."""
    now, name, beat = time.monotonic(), _name(trial), _beat(trial)
    if name not in _seen or _seen[name][0] != beat:
        _seen[name] = beat, now
    clock = _clock()
    stored = None if clock is None else _stored(trial, clock)
    if stored is not None and stored < _seen[name][1]:
        _seen[name] = beat, stored
    return now - _seen[name][1]


def _stored(trial: FrozenTrial, clock: str) -> float | None:
    """Return when a process of this machine first saw the last heartbeat."""
    beat, since = trial.user_attrs.get(f"{SEEN}:{clock}", (None, None))
    return since if beat == _beat(trial) and since <= time.monotonic() else None


def _name(trial: FrozenTrial) -> str:
    worker: dict[str, Any] = trial.user_attrs.get(WORKER, {})
    known = worker.get("id", (worker.get("host"), worker.get("pid"), worker.get("started")))
    return f"{known} {trial.number} {trial.datetime_start}"


def _beat(trial: FrozenTrial) -> list[Any]:
    return [trial.user_attrs.get(WORKER, {}).get("beat"), trial.last_step]


def _is_alive(worker: Worker) -> bool | None:
    """Return whether the process of a worker is alive and still runs the trial; None if it cannot be known here."""
    name = worker.get("id")
    if name is not None and name.startswith(_process):
        return name in _running
    place = _place()
    if "place" not in worker:  # stored by a version that could not tell containers with one host name apart
        same = worker["host"] == socket.gethostname()
        return True if same and _was_started(worker["pid"], worker["started"]) else None
    if place is None or worker["place"] != place:
        return None
    if not _exists(worker["pid"]):
        return False
    if worker["ticks"] is None:
        return _was_started(worker["pid"], worker["started"]) or None
    ticks = _ticks(worker["pid"])
    return None if ticks is None else ticks == worker["ticks"]


def _exists(pid: int) -> bool:
    """Return whether a process has a number, also if it belongs to another user and is hidden."""
    if os.name != "posix":
        return psutil.pid_exists(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _was_started(pid: int, started: float) -> bool:
    """Return whether a process started at a time in seconds since 1970, which setting the clock changes."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - started) < 5
    return False


def _ticks(pid: int | str) -> int | None:
    """Return the start of a process in clock ticks since the boot, -1 for one that has ended, or None if unknown."""
    try:
        if os.readlink("/proc/self") != str(os.getpid()):  # /proc shows the processes of another namespace
            return None
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, *fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return -1 if state in b"ZX" else int(fields[18])


def _place() -> str | None:
    if not sys.platform.startswith("linux"):  # no PID namespaces
        return f"{sys.platform}/{socket.gethostname()}/{uuid.getnode():x}"
    boot = _boot()
    try:
        return None if boot is None else f"{socket.gethostname()}/{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def _boot() -> str | None:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def _clock() -> str | None:
    """Return the name of the monotonic clock of this machine, or None if processes may see different ones."""
    boot = _boot()
    try:
        with open("/proc/uptime", encoding="ascii") as file:
            uptime = float(file.read().split()[0])
        is_true = abs(time.clock_gettime(time.CLOCK_BOOTTIME) - uptime) < 1  # a container may have another uptime
        namespace = os.readlink("/proc/self/ns/time")
    except (OSError, AttributeError):
        return None
    return f"{boot}/{namespace}" if boot is not None and is_true else None
