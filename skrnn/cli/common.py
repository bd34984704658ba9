"""Functions that the commands share: errors, the start of TensorFlow, and the protection of results."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

import skrnn

if TYPE_CHECKING:
    from rich.console import Console

FAILED, MISUSED, INTERRUPTED = 1, 2, 130

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


def require_writable(folder: Path, names: Sequence[str]) -> None:
    """Fail before any training if files with these names cannot be written to the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
        for path in (folder / name for name in names):
            if path.exists():
                path.open("a").close()
    except OSError as error:
        fail(f"--out {folder} cannot be written to: {error.strerror or error}.", FAILED)


def start_tensorflow(console: "Console") -> None:
    """Load TensorFlow, which takes a few seconds, with the thread settings of all commands and workers."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with suppress(RuntimeError):  # if TensorFlow is already running, it keeps its settings
        skrnn.configure_threads()
    with console.status("Loading TensorFlow") if console.is_interactive else nullcontext():
        _ = skrnn.RecurrentClassifier  # accessing a classifier imports TensorFlow


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore a second Ctrl-C while the results are written, which takes about a second."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
