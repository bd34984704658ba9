"""The one place that imports TensorFlow and Keras, and that keeps their usual start-up lines off the screen.

TensorFlow logs a dozen lines whenever it starts, in every worker, some at any log level. Its libraries write directly
to file descriptor 2, so the descriptor is redirected to `skrnn._startup_lines` while they start. That is a small
process of its own, so nothing is lost even if a library aborts ("compiled to use AVX instructions, but these aren't
available on your machine"). Nothing is held back if TensorFlow was imported before, or with ``TF_CPP_MIN_LOG_LEVEL=0``.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import spawn
from typing import Any

from skrnn import _startup_lines

_redirecting = threading.RLock()
_audible = "tensorflow" in sys.modules or os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0"


@contextmanager
def without_startup_lines() -> Iterator[None]:
    """Hold back TensorFlow's known lines, and show them after all if an exception ends the block.

    Where no process can be started, or there is no standard error, nothing is held back.
    """
    with _redirecting:
        token = os.urandom(16).hex()
        process = None if _audible else _start_filter(token)
        if process is None:
            yield
            return
        before = os.dup(2)
        verdict = _startup_lines.STARTED
        try:
            os.dup2(process.stdin.fileno(), 2)
            yield
        except Exception:
            verdict = _startup_lines.FAILED
            raise
        finally:
            os.dup2(before, 2)
            os.close(before)
            with suppress(OSError), process.stdin, process.stdout:
                process.stdin.write(token.encode() + verdict)
                process.stdout.read(1)  # all that was written so far has been passed on
            # The filter ends now, or with the last program that was started meanwhile and still writes to it.
            with suppress(RuntimeError):  # no threads any more: the interpreter is ending
                threading.Thread(target=process.wait, daemon=True).start()


def _start_filter(token: str) -> Any:
    """Return the filter's process, or None if none can be started."""
    executable = os.fsdecode(spawn.get_executable() or "")
    if os.name != "posix" or not os.path.basename(executable).startswith("python"):  # a program that embeds Python
        return None
    try:
        os.fstat(2)
        process: Any = subprocess.Popen(
            [executable, "-I", "-S", _startup_lines.__file__, token],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C must not reach it
        )
    except OSError:
        return None
    if process.stdout.read(1):
        return process
    process.communicate()
    return None


def _renew_lock() -> None:
    global _redirecting
    _redirecting = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)  # another thread may have held it

with without_startup_lines():
    import keras
    import tensorflow as tf

_started = False


def start() -> None:
    """Let TensorFlow look for devices and compile for the first time, which is when it logs.

    Whatever computes first calls this. The import does not, so that threads and devices can still be set after it.
    """
    global _started
    with _redirecting:
        if _started or _audible:
            return
        with without_startup_lines(), tf.device("CPU:0"):
            tf.config.list_physical_devices()
            # The simplest function that goes through all of the compiler.
            tf.function(lambda x: tf.tanh(x) * x, jit_compile=True, autograph=False)(tf.zeros(8))
        _started = True


__all__ = ["keras", "start", "tf", "without_startup_lines"]
