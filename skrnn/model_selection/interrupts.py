"""Ctrl-C in a terminal, which all processes started from it receive."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_interrupts_for_workers() -> Iterator[None]:
    """Let processes that start in the block ignore Ctrl-C, which a terminal sends to all its processes.

    The main process gets it afterwards and ends the others, which would only print tracebacks. A new process inherits
    an ignored signal (but not a blocked one: starting joblib's resource tracker unblocks it).
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
