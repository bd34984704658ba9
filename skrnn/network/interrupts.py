"""Ctrl-C while TensorFlow or Keras is at work, whose handlers for any exception would lose it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupts_come_through() -> Iterator[None]:
    """Raise an interrupt at the end of the block if one occurred inside and was lost, or turned into another error.

    TensorFlow asks a type for its bounds by ``try: ... except: raise TypeError``, for example: an interrupt at that
    moment would be a fold that failed, and the search would go on.
    """
    before: Any = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    raised = []

    def note(number: int, frame: Any) -> None:
        try:
            before(number, frame)
        except KeyboardInterrupt as interrupt:
            raised.append(interrupt)
            raise

    signal.signal(signal.SIGINT, note)
    try:
        yield
    except Exception:
        if raised:
            raise KeyboardInterrupt from None
        raise
    finally:
        if signal.getsignal(signal.SIGINT) is note:
            signal.signal(signal.SIGINT, before)
    if raised:
        raise KeyboardInterrupt
