"""``skrnn describe``: how a file is understood, without any training."""

from typing import Annotated

import typer

from skrnn.cli import files
from skrnn.cli.common import load_packages
from skrnn.cli.layout import print_terms


def describe(
    file: Annotated[str, typer.Argument(help="The file, or the folder of images.")],
    target: files.Target = None,
    id_: files.Id = None,
    time_: files.Time = None,
    text: files.Text = None,
    group: files.Group = None,
    features: files.Features = None,
    window: files.Window = None,
    step: files.Step = None,
    test: files.Test = None,
) -> None:
    """Show how a file is understood: its sequences, features, classes and missing values.

    `skrnn compare` and `skrnn tune` take the same options, and read the file in the same way.
    """
    from rich.console import Console

    load_packages("datasets")
    read, of_test = files.read_files(
        file, files.FileOptions(target, id_, time_, text, group, features, window, step, test)
    )
    print_terms(Console(highlight=False, markup=False), files.understood(read, of_test))
