"""``--save``: keeping the best network of a command in a file, for ``skrnn predict``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skrnn.cli.common import FAILED, fail
from skrnn.cli.display import say
from skrnn.cli.source import Source

if TYPE_CHECKING:
    from rich.console import Console

READING = "reading"  # the remark in the file that says how the training file was read

Save = Annotated[
    Path | None,
    typer.Option("--save", metavar="PATH", help="Save the best network to this file, for `skrnn predict`."),
]


def require_saveable(path: Path | None) -> None:
    """Fail before any training if a network cannot be saved to this path."""
    if path is None:
        return
    if path.is_dir():
        fail(f"--save {path} is a folder: add the name of a file, such as {path / 'best.skrnn'}.", FAILED)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"--save {path} cannot be written: {error.strerror or error}.", FAILED)
    if not os.access(path.parent, os.W_OK):
        fail(f"--save {path} cannot be written: its folder is read-only.", FAILED)


def keep(model: Any, path: Path, source: Source, what: str, console: "Console") -> None:
    """Save a fitted pipeline, frozen, with how the file it was trained on was read."""
    from skrnn import freeze, save

    try:
        save(freeze(model), path, remarks={READING: source.reading and dict(source.reading), "data": source.name})
    except (OSError, ValueError) as error:
        fail(f"--save: {error}", FAILED)
    say(console, f"{path}: {what}; `skrnn predict {path} FILE` needs no TensorFlow")
