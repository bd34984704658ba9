"""Functions that the commands share: errors, the start of TensorFlow, and the protection of results."""

import errno
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

import skrnn
from skrnn import _ctrl_c

if TYPE_CHECKING:
    from rich.console import Console

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
CLOSED = 141  # as a shell has it: 128 + SIGPIPE
_CURES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "Free some space, or choose a folder on another disk"),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS), "Choose one that you may write to, or change its permissions"
    ),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "A file has the name of a folder: choose another, or move the file"),
    errno.ENOENT: "No folder can be made there: choose another",
    errno.EISDIR: "A folder has the name of a file: choose another, or move the folder",
}

Jobs = Annotated[
    int,
    typer.Option(
        help="Number of fits that run in parallel, each in a process with one thread; -1 for one per core. A process "
        "needs a few seconds to start and almost a gigabyte of memory.",
    ),
]


def fail(message: str, code: int) -> NoReturn:
    """Print an error message and exit with a code."""
    print(f"skrnn: error: {message}", file=sys.stderr)
    raise typer.Exit(code)


def require_jobs(n_jobs: int) -> None:
    """Fail if the number of jobs is 0."""
    if n_jobs == 0:
        raise typer.BadParameter(
            "0 is not a number of jobs: use at least 1, or -1 for one per core.", param_hint="'--n-jobs'"
        )


def cure_of(error: OSError) -> str:
    """Return what helps against an error of the system, as a sentence after its message; empty if that is unknown."""
    cure = None if error.strerror is None else _CURES.get(error.errno or 0)  # else the message has a cure itself
    return "" if cure is None else f". {cure}."


def require_writable(folder: Path, names: Sequence[str], option: str = "--out") -> None:
    """Fail before any training if files with these names cannot be written to the folder."""
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            file.write(b"0")  # on a full disk, only this fails
            file.flush()
        for name in names:
            path = folder / name
            if path.exists():
                path.open("a").close()
    except OSError as error:
        fail(f"{option} {path} cannot be written to: {error.strerror or error}{cure_of(error) or '.'}", FAILED)


@contextmanager
def loading() -> Iterator[None]:
    """Leave the process at Ctrl-C while modules are imported: half imported, they turn an interrupt into any error."""
    if _ctrl_c.is_command():
        _ctrl_c.leave_at_ctrl_c()
    try:
        yield
    finally:
        _ctrl_c.raise_at_ctrl_c()


def load_packages(*names: str) -> None:
    """Import packages of ours that a command uses, which takes about a second."""
    with loading():
        for name in names:
            import_module(f"skrnn.{name}")


def start_tensorflow(console: "Console") -> None:
    """Load TensorFlow, which takes a few seconds, with the thread settings of all commands and workers."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with suppress(RuntimeError):  # if TensorFlow is already running, it keeps its settings
        skrnn.configure_threads()
    with loading(), console.status("Loading TensorFlow") if console.is_interactive else nullcontext():
        _ = skrnn.RecurrentClassifier  # accessing a classifier imports TensorFlow


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore a second Ctrl-C while the results are written, which takes about a second."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
