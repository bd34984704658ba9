"""How a comparison reports its progress: events that the workers send to the main process.

Nothing here fits or draws anything; `fit_displays` turns the events into bars.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import ProcessError
from multiprocessing.connection import Client, Connection, Listener
from typing import Any, Literal

_LOST = (OSError, EOFError, ProcessError)  # the other end is gone, on another machine, or another process


@dataclass(frozen=True)
class FitEvent:
    """The beginning, progress or end of one fit in a comparison.

    Attributes
    ----------
    kind : {"begin", "epoch", "trial", "end"}
        Events of one fit come in this order. Epochs, and trials of a search, are reported by estimators that support
        scikit-learn's callbacks with tasks of these names, such as those of this package.
    architecture : str
        The estimator's name in the comparison.
    split : int
        Index of the split, from 0, over all repeats.
    epoch, trial : int or None
        With "epoch" or "trial", the number completed.
    n_epochs, n_trials : int or None
        With "epoch" or "trial", the maximum number.
    score : float or None
        With "end", the score on the test part.
    fit_seconds : float or None
        With "end", the duration of the fit in seconds.
    """

    kind: Literal["begin", "epoch", "trial", "end"]
    architecture: str
    split: int
    epoch: int | None = None
    n_epochs: int | None = None
    trial: int | None = None
    n_trials: int | None = None
    score: float | None = None
    fit_seconds: float | None = None


class Reporter:
    """Sends events to the process that created it, from any thread or process.

    A fit must not fail because of its progress display: without a connection, events are dropped.

    Parameters
    ----------
    consume : callable
        Takes one event.
    address : str or tuple
        Where a copy in another process connects to.
    key : bytes
        The shared secret of the connection.
    """

    def __init__(self, consume: Callable[[FitEvent], None], address: Any, key: bytes):
        self._consume: Callable[[FitEvent], None] | None = consume
        self._address = address
        self._key = key
        self._connection: Connection | None = None

    def __call__(self, event: FitEvent) -> None:
        """Deliver an event."""
        if self._consume is not None:
            self._consume(event)
            return
        with suppress(*_LOST):
            if self._connection is None:
                self._connection = Client(self._address, authkey=self._key)
            self._connection.send(event)
            self._connection.recv()  # wait for the answer, so that "end" cannot overtake "epoch"

    def __getstate__(self) -> dict[str, Any]:
        return {"_consume": None, "_address": self._address, "_key": self._key, "_connection": None}

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class StepReporter:
    """A scikit-learn callback that reports every epoch, or every trial, of the estimator that it is set on."""

    def __init__(self, report: Callable[[FitEvent], None], architecture: str, split: int):
        self.report = report
        self.architecture = architecture
        self.split = split

    def setup(self, estimator, context):
        """Do nothing: the listener exists before any fit."""

    def teardown(self, estimator, context):
        """Do nothing: the listener outlives the fit."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing: only the end is reported."""

    def on_fit_task_end(self, estimator, context):
        """Report the end of an epoch or a trial."""
        if context.task_name not in ("epoch", "trial"):
            return
        done, total = context.task_id + 1, None if context.parent is None else context.parent.max_subtasks
        if context.task_name == "epoch":
            event = FitEvent("epoch", self.architecture, self.split, epoch=done, n_epochs=total)
        else:
            event = FitEvent("trial", self.architecture, self.split, trial=done, n_trials=total)
        self.report(event)


@contextmanager
def listen(consume: Callable[[FitEvent], None]) -> Iterator[Reporter]:
    """Listen for events from all processes of this machine, for as long as the block runs.

    Parameters
    ----------
    consume : callable
        Called with one event at a time, from several threads.

    Yields
    ------
    reporter : Reporter
        To be called, here or wherever it is sent.
    """
    lock = threading.Lock()
    key = os.urandom(32)
    try:
        listener = Listener(authkey=key, backlog=64)
    except OSError:  # the path of a Unix socket has a limit of about 100 characters, and a temporary folder may be deep
        listener = Listener(("localhost", 0), authkey=key, backlog=64)
    closing = threading.Event()

    def consume_one(event: FitEvent) -> None:
        with lock:
            consume(event)

    def serve(connection: Connection) -> None:
        with suppress(*_LOST), connection:
            while True:
                consume_one(connection.recv())
                connection.send(None)

    def accept() -> None:
        while not closing.is_set():
            with suppress(EOFError, ProcessError):  # a caller without the key, or who hung up
                threading.Thread(target=serve, args=(listener.accept(),), daemon=True).start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield Reporter(consume_one, listener.address, key)
    finally:
        closing.set()
        with suppress(*_LOST):
            Client(listener.address, authkey=key).close()  # wakes the acceptor; closing a socket does not
        acceptor.join(timeout=5)
        listener.close()
