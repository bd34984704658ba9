"""``skrnn predict``: the predictions of a saved network for a file, without TensorFlow."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skrnn.cli import files
from skrnn.cli.common import FAILED, MISUSED, fail
from skrnn.cli.display import say
from skrnn.cli.keeping import READING

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.utils import Bunch

_TABLES = (".csv", ".parquet", ".feather")


def predict(
    model: Annotated[Path, typer.Argument(help="The file of the network, from --save or `skrnn.save`.")],
    file: Annotated[str, typer.Argument(help="The file to predict, or a folder with a folder of images in it.")],
    out: Annotated[Path, typer.Option(help="Where to write the predictions, a CSV file.")] = Path("predictions.csv"),
    proba: Annotated[bool, typer.Option("--proba", help="Also write the probability of each class.")] = False,
    target: files.Target = None,
    id_: files.Id = None,
    time_: files.Time = None,
    text: files.Text = None,
    group: files.Group = None,
    features: files.Features = None,
    window: files.Window = None,
    step: files.Step = None,
) -> None:
    """Predict the classes of a file with a saved network, and write one line for each sequence.

    The file is read like the one that the network was trained on: the same columns, in any order, and the same levels
    of categories. It needs no labels. Options are necessary only where its columns have other names, or for a network
    that was saved in Python.

    The first column is the id of the sequence, or the number of its row, from 0. With --window, a second one is the
    first step of the window.
    """
    from rich.console import Console

    from skrnn import load
    from skrnn.persistence import read_remarks

    try:
        estimator, remarks = load(model), read_remarks(model)
    except (ValueError, OSError) as error:
        fail(str(error), FAILED)
    if not hasattr(estimator, "predict"):
        fail(f"{model} holds a {type(estimator).__name__}, which predicts nothing.", MISUSED)
    options = files.FileOptions(target, id_, time_, text, group, features, window, step)
    data = _read(file, options, remarks.get(READING))
    id_name = id_ or (remarks.get(READING) or {}).get("id") or "recording"
    try:
        table = _predictions(estimator, data, proba, id_name)
    except (ValueError, TypeError, AttributeError) as error:
        fail(f"{model} cannot predict {file}: {str(error).partition(chr(10))[0]}", FAILED)
    try:
        table.to_csv(out, index=False, lineterminator="\n")
    except OSError as error:
        fail(f"--out {out} cannot be written: {error.strerror or error}.", FAILED)
    counts = ", ".join(f"{label} {number:,}" for label, number in Counter(table["prediction"]).most_common(10))
    say(Console(highlight=False, markup=False), f"{out}: {len(table):,} predictions: {counts}")


def _read(file: str, options: files.FileOptions, reading: dict[str, Any] | None) -> "Bunch":
    """Return the contents of a file, read with the options given, and otherwise as the training file was."""
    how = dict(reading or {})
    kind, names = how.pop("kind", None), how.pop("names", None)
    how |= {name: value for name, value in options.reading().items() if value is not None}
    if not Path(file).exists():
        fail(f"There is no file {file}.", MISUSED)
    if how.get("target") is None and _is_table(Path(file), how):
        how["target"] = False
    data = files.read_file(file, how)
    if kind is not None and (data.kind != kind or (names is not None and data.get("feature_names") != names)):
        known = f"{kind} of the features {', '.join(map(str, names))}" if names else kind
        fail(f"{file} has {files.contents(data)}, but the network was trained on {known}.", MISUSED)
    return data


def _is_table(path: Path, how: dict[str, Any]) -> bool:
    """Return whether a file is a table with columns. A ``.tsv`` may also be a file of the UCR archive."""
    name = path.name.lower()
    if any(f"{suffix}." in f"{name}." for suffix in _TABLES):
        return path.is_file()
    return ".tsv" in name and any(value is not None for value in how.values())


def _predictions(estimator: Any, data: "Bunch", proba: bool, id_name: str) -> "pd.DataFrame":
    """Return a line for each sequence."""
    import numpy as np
    import pandas as pd

    windows = {"start": data.starts} if "starts" in data else {}
    ids = {id_name: data.ids} if "ids" in data else {"row": np.arange(len(data.X))}
    table = pd.DataFrame({**ids, **windows, "prediction": estimator.predict(data.X)})
    if proba:
        columns = [f"probability of {label}" for label in estimator.classes_]
        return table.join(pd.DataFrame(estimator.predict_proba(data.X), columns=columns))
    return table
