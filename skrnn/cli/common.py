"""What the commands share: how they fail, how they start TensorFlow, and how their results are not lost."""

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
        help="Fits at the same time, each in its own process with one thread; -1 is one per core. A process takes "
        "seconds to start and most of a gigabyte of memory.",
    ),
]


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong, and leave."""
    print(f"skrnn: error: {message}", file=sys.stderr)
    raise typer.Exit(code)


def require_jobs(n_jobs: int) -> None:
    """Fail on a number of jobs that means nothing."""
    if n_jobs == 0:
        raise typer.BadParameter(
            "0 is not a number of jobs: use at least 1, or -1 for one per core.", param_hint="'--n-jobs'"
        )


def require_writable(folder: Path, names: Sequence[str]) -> None:
    """Fail, before hours of training, if files of these names could not be written there."""
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
    """Load TensorFlow, which takes its time, with the threads that all commands and workers use."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with suppress(RuntimeError):  # called from a program in which TensorFlow runs already, it keeps its settings
        skrnn.configure_threads()
    with console.status("Loading TensorFlow") if console.is_interactive else nullcontext():
        _ = skrnn.RecurrentClassifier  # naming a classifier imports TensorFlow


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore an impatient second Ctrl-C: to write the results takes a second."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
