"""Ctrl-C while the command ``skrnn`` is loaded, and while it ends: the process is left at once, without a traceback.

Modules that are half imported, and an interpreter that is shutting down, turn an interrupt into all kinds of errors.
`skrnn` imports this module before anything else, and it does nothing unless the process is the command.
"""

import os
import signal
import sys

INTERRUPTED = 130  # as a shell has it: 128 + SIGINT


def leave(*of_signal: object) -> None:
    """End the process, without any clean-up."""
    os._exit(INTERRUPTED)


def is_command() -> bool:
    """Return whether this process is the command ``skrnn`` or ``python -m skrnn.cli``, and not one of its workers."""
    script, typed = sys.argv[0] if sys.argv else "", sys.orig_argv
    by_name = script in typed and os.path.basename(script).removesuffix(".exe") == "skrnn"
    return by_name or ("-m", "skrnn.cli") in zip(typed, typed[1:], strict=False)  # noqa: RUF007  pairwise takes an import


def leave_at_ctrl_c() -> None:
    """Leave the process at Ctrl-C, unless Ctrl-C is ignored, as in the background of a shell, or handled otherwise."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave)


def raise_at_ctrl_c() -> None:
    """Raise a KeyboardInterrupt at Ctrl-C again."""
    if signal.getsignal(signal.SIGINT) is leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


if is_command():
    leave_at_ctrl_c()
