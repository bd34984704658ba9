"""Ctrl-C in a terminal, which every process that was started there hears of."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_interrupts_for_workers() -> Iterator[None]:
    """Let processes that start in the block never hear of Ctrl-C, which a terminal sends to all that belong together.

    This process hears of it afterwards and ends them; they would only print tracebacks. To be ignored is what a new
    process inherits (a blocked signal is not: starting joblib's resource tracker unblocks it).
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
