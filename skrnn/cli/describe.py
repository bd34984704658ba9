"""``skrnn describe``: how a file is understood, without any training."""

from typing import Annotated

import typer

from skrnn.cli.files import (
    Features,
    FileOptions,
    Group,
    Id,
    Step,
    Target,
    Test,
    Text,
    Time,
    Window,
    read_files,
    understood,
)
from skrnn.cli.layout import print_terms


def describe(
    file: Annotated[str, typer.Argument(help="The file, or the folder of images.")],
    target: Target = None,
    id_: Id = None,
    time_: Time = None,
    text: Text = None,
    group: Group = None,
    features: Features = None,
    window: Window = None,
    step: Step = None,
    test: Test = None,
) -> None:
    """Show how a file is understood: its sequences, features, classes and missing values.

    `skrnn compare` and `skrnn tune` take the same options, and read the file in the same way.
    """
    from rich.console import Console

    read, of_test = read_files(file, FileOptions(target, id_, time_, text, group, features, window, step, test))
    print_terms(Console(highlight=False, markup=False), understood(read, of_test))
