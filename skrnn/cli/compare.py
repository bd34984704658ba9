"""``skrnn compare``: SimpleRNN, LSTM and GRU on the same folds of a data set."""

import time
from dataclasses import dataclass
from enum import StrEnum
from math import isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skrnn.cli.common import FAILED, INTERRUPTED, MISUSED, fail, require_writable, start_tensorflow, uninterrupted
from skrnn.cli.display import Bars, Lines, say

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console

    from skrnn.model_selection import ArchitectureComparison, FitEvent


class Name(StrEnum):
    """The data sets that there are, as they are typed."""

    digits = "digits"
    mnist = "mnist"
    imdb = "imdb"
    reviews = "reviews"


@dataclass(frozen=True)
class DataSet:
    """What to compare on, and how if not told otherwise.

    Attributes
    ----------
    items : str
        What the samples are.
    n_samples : int or None
        How many to use; None for all.
    epochs : int or "auto"
        How long to train.
    words : dict or None
        For texts, the parameters of `TextToSequence`; the classifiers then embed the words. Images are read by rows.
    """

    items: str
    n_samples: int | None = None
    epochs: int | str = "auto"
    words: dict[str, int] | None = None


# The limits keep a comparison to minutes; the help tells of them.
DATA_SETS = {
    Name.digits: DataSet("images"),
    Name.mnist: DataSet("images", n_samples=10_000),
    Name.imdb: DataSet("reviews", n_samples=5_000, epochs=5, words={"max_tokens": 10_000, "max_length": 100}),
    Name.reviews: DataSet("reviews", epochs=20, words={"max_tokens": 1_000, "max_length": 45}),
}
_EMBEDDING_DIM = 32


def compare(
    dataset: Annotated[Name, typer.Argument(help="The data to compare on.")] = Name.digits,
    cv: Annotated[int, typer.Option(min=2, help="Number of stratified folds.")] = 5,
    repeats: Annotated[int, typer.Option(min=1, help="How often to cross-validate, with other folds.")] = 1,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How often to read the training data.",
            show_default="about 2,000 updates in 10 to 100 epochs; 5 for imdb, 20 for reviews",
        ),
    ] = None,
    units: Annotated[int, typer.Option(min=1, help="Width of the recurrent layer.")] = 64,
    samples: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Use a stratified subset of this size (for reviews: generate so many).",
            show_default="all of digits, 10000 of mnist, 5000 of imdb, 2000 reviews",
        ),
    ] = None,
    data_home: Annotated[
        Path | None,
        typer.Option(help="Folder of the downloaded data.", show_default="$SKRNN_DATA_HOME or ~/skrnn_data"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the results. Those of an earlier run are replaced; other files are left alone.",
            show_default="skrnn-results/DATASET",
        ),
    ] = None,
    n_jobs: Annotated[
        int,
        typer.Option(
            help="Fits at the same time, each in a process of its own with one thread; -1 is one per core. A process "
            "takes seconds to start and most of a gigabyte of memory.",
        ),
    ] = 2,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of folds, weights and the subset.")] = 0,
) -> None:
    """Cross-validate SimpleRNN, LSTM and GRU on the same folds, and write tables and plots.

    The digits come with the package, the reviews are generated; mnist and imdb are downloaded once (11 and 84 MB).
    Digits take a minute or two, the others several; the whole of mnist (--samples 60000) or imdb (--samples 25000)
    takes hours.

    Ctrl-C stops, and keeps the fits that are finished.
    """
    from rich.console import Console

    if n_jobs == 0:
        raise typer.BadParameter(
            "0 is not a number of jobs: give at least 1, or -1 for one per core.", param_hint="'--n-jobs'"
        )
    console = Console(highlight=False, markup=False)
    chosen = DATA_SETS[dataset]
    folder = Path("skrnn-results") / dataset if out is None else out
    try:
        from skrnn.model_selection.results import FILES
        from skrnn.versions import installed_versions

        X, y = _load(dataset, samples, data_home, cv, seed)
        require_writable(folder, FILES)
        settings = {
            "dataset": str(dataset),
            "n_samples": len(y),
            "n_classes": len(set(y.tolist())),
            "cv": cv,
            "repeats": repeats,
            "units": units,
            "epochs": chosen.epochs if epochs is None else epochs,
            "seed": seed,
            "n_jobs": n_jobs,
        }
        say(console, _introduction(settings, chosen.items))
        estimators = _estimators(chosen, units, settings["epochs"], console)
        started = time.perf_counter()
        comparison = _compare(estimators, X, y, cv, repeats, seed, n_jobs, console)
    except KeyboardInterrupt:
        say(console, "Interrupted before the first fit was finished: nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    settings["seconds"] = time.perf_counter() - started
    settings["versions"] = installed_versions()
    _print_table(comparison, console)
    try:
        with uninterrupted():
            written = comparison.save(folder, settings=settings)
    except OSError as error:
        fail(f"The results could not be written: {error}", FAILED)
    n_finished, n_fits = int(comparison.finished.sum()), comparison.finished.size
    say(console, f"{folder}: {', '.join(path.name for path in written)}")
    if not comparison.complete:
        say(console, f"Interrupted: {n_finished} of {n_fits} fits were finished and are kept; summary.json says so.")
        raise typer.Exit(INTERRUPTED)
    if comparison.n_failed:
        raise typer.Exit(FAILED)  # the warning has said why


# Before the training


def _load(dataset: Name, samples: int | None, data_home: Path | None, cv: int, seed: int) -> tuple[Any, "np.ndarray"]:
    """Return the data, or the stratified subset that is asked for."""
    import numpy as np
    from sklearn.utils import resample

    chosen = DATA_SETS[dataset]
    try:
        X, y = _read(dataset, samples, data_home, seed)
    except OSError as error:
        fail(str(error), FAILED)
    n_wanted = chosen.n_samples if samples is None else samples
    if n_wanted is not None and n_wanted > len(y):
        fail(f"--samples {n_wanted} is more than the {len(y)} {chosen.items} of {dataset}.", MISUSED)
    if n_wanted is not None and n_wanted < len(y):
        rows = resample(np.arange(len(y)), replace=False, n_samples=n_wanted, stratify=y, random_state=seed)
        X, y = X[np.sort(rows)], y[np.sort(rows)]
    counts = np.unique(y, return_counts=True)[1]
    n_least = int(counts.min()) if len(y) else 0
    if len(counts) < 2 or n_least < cv:
        option = f"--cv {cv}" if samples is None else f"--samples {samples}"
        fail(
            f"{option}: the smallest class has {n_least} of {len(y)} {chosen.items}, fewer than the {cv} folds.",
            MISUSED,
        )
    return X, y


def _read(dataset: Name, samples: int | None, data_home: Path | None, seed: int) -> tuple[Any, "np.ndarray"]:
    """Return all the data there are; of what is generated, so many samples."""
    from skrnn import datasets

    match dataset:
        case Name.digits:
            return datasets.load_digits(return_X_y=True)
        case Name.mnist:
            return datasets.fetch_mnist(data_home=data_home, return_X_y=True)
        case Name.imdb:
            return datasets.fetch_imdb(data_home=data_home, return_X_y=True)
        case Name.reviews:
            return datasets.make_reviews(2000 if samples is None else samples, random_state=seed)


def _introduction(settings: dict[str, Any], items: str) -> str:
    n_fits = 3 * settings["cv"] * settings["repeats"]
    repeated = f", {settings['repeats']} times" if settings["repeats"] > 1 else ""
    epochs = settings["epochs"]
    length = "epochs by data size" if epochs == "auto" else f"{epochs} epoch{'s' if epochs > 1 else ''}"
    return (
        f"{settings['dataset']}: {settings['n_samples']:,} {items} in {settings['n_classes']} classes, "
        f"{settings['cv']}-fold cross-validation{repeated}\n"
        f"SimpleRNN, LSTM and GRU: {settings['units']} units, {length}, seed {settings['seed']}; {n_fits} fits"
    )


def _estimators(dataset: DataSet, units: int, epochs: Any, console: "Console") -> dict[str, Any]:
    """Return the pipelines. The first use of the classifiers loads TensorFlow, which takes its time."""
    from sklearn.pipeline import make_pipeline

    from skrnn.preprocessing import ImageToSequence, TextToSequence

    start_tensorflow(console)
    from skrnn.estimators import GRUClassifier, LSTMClassifier, SimpleRNNClassifier

    parameters = {"units": units, "epochs": epochs}
    first_step = ImageToSequence()
    if dataset.words is not None:
        # In the pipeline, so that each fold learns its own vocabulary.
        first_step = TextToSequence(**dataset.words)
        parameters["embedding_dim"] = _EMBEDDING_DIM
    classifiers = {"SimpleRNN": SimpleRNNClassifier, "LSTM": LSTMClassifier, "GRU": GRUClassifier}
    return {name: make_pipeline(first_step, classifier(**parameters)) for name, classifier in classifiers.items()}


# While it runs


def _compare(
    estimators: dict[str, Any], X: Any, y: Any, cv: int, repeats: int, seed: int, n_jobs: int, console: "Console"
) -> "ArchitectureComparison":
    """Run the comparison under a display; what an interrupt leaves is a result too."""
    from sklearn.model_selection import RepeatedStratifiedKFold

    from skrnn.model_selection import ComparisonInterrupted, compare_architectures

    splitter = RepeatedStratifiedKFold(n_splits=cv, n_repeats=repeats, random_state=seed)

    def title(event: "FitEvent") -> str:
        repeat, fold = divmod(event.split, cv)
        return f"{event.architecture}, fold {fold + 1}" + (f", repeat {repeat + 1}" if repeats > 1 else "")

    display = (Bars if console.is_interactive else Lines)(list(estimators), cv * repeats, title, console)
    try:
        with display:
            # A single diverging fit should not cost the hours of all others: it is scored NaN, with a warning.
            return compare_architectures(
                estimators, X, y, cv=splitter, n_jobs=n_jobs, random_state=seed, error_score=nan, progress=display
            )
    except ComparisonInterrupted as interrupt:
        if not interrupt.comparison.finished.any():
            raise
        return interrupt.comparison
    except ValueError as error:
        fail(str(error).partition("\n")[0], FAILED)


# After it


def _print_table(comparison: "ArchitectureComparison", console: "Console") -> None:
    """Print the summary, best first."""
    from rich import box
    from rich.table import Table

    summary = comparison.summary()
    several = summary["n_splits"].nunique() > 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "Accuracy", *(["Fits"] if several else []), "Parameters", "Epochs", "Fit s", "Predict s"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name, row in summary.sort_values("mean", ascending=False, na_position="last").iterrows():
        table.add_row(
            str(name),
            f"{_number(row['mean'], '.4f')} ± {_number(row['std'], '.4f')}",
            *([str(row["n_splits"])] if several else []),
            _number(row["n_parameters"], ",.0f"),
            _number(row["n_epochs"], ".3g"),
            _number(row["fit_seconds"], ".2f"),
            _number(row["score_seconds"], ".3f"),
        )
    console.print(table)
    folds = "the finished" if several else int(summary["n_splits"].max())
    say(console, f"Mean ± standard deviation over {folds} test folds; times are means per fit.")


def _number(value: float, form: str) -> str:
    return "-" if isnan(value) else format(value, form)
