"""``skrnn compare``: SimpleRNN, LSTM and GRU on the same folds of a data set."""

import time
from math import isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skrnn.cli.common import (
    FAILED,
    INTERRUPTED,
    MISUSED,
    Jobs,
    fail,
    require_jobs,
    require_writable,
    start_tensorflow,
    uninterrupted,
)
from skrnn.cli.data import DATA_SETS, JOURNAL, DataHome, DataSet, Epochs, Name, Samples, load, require_folds
from skrnn.cli.display import say

if TYPE_CHECKING:
    from rich.console import Console

    from skrnn.model_selection import ArchitectureComparison, FitEvent


def compare(
    dataset: Annotated[Name, typer.Argument(help="The data to compare on.")] = Name.digits,
    cv: Annotated[int, typer.Option(min=2, help="Number of stratified folds.")] = 5,
    repeats: Annotated[int, typer.Option(min=1, help="How often to cross-validate, with other folds.")] = 1,
    epochs: Epochs = None,
    units: Annotated[int | None, typer.Option(min=1, help="Width of the recurrent layer.", show_default="64")] = None,
    tune: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="TRIALS",
            help="Tune each network in every training part first, with this many trials on 3 folds. The trials are "
            "kept in search.journal in the folder of the results, and not run again.",
            show_default="not tuned",
        ),
    ] = None,
    samples: Samples = None,
    data_home: DataHome = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the results. Those of an earlier run are replaced; other files are left alone.",
            show_default="skrnn-results/DATASET",
        ),
    ] = None,
    n_jobs: Jobs = 2,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of folds, weights and the subset.")] = 0,
) -> None:
    """Cross-validate SimpleRNN, LSTM and GRU on the same folds, and write tables and plots.

    The digits come with the package, the reviews are generated; mnist and imdb are downloaded once (11 and 84 MB).
    Digits take a minute or two, the others several; the whole of mnist (--samples 60000) or imdb (--samples 25000)
    takes hours.

    Ctrl-C stops, and keeps the finished fits; with --tune, the same command continues with the kept trials.
    """
    from rich.console import Console

    require_jobs(n_jobs)
    if tune is not None and units is not None:
        fail("--units is one of the parameters that --tune searches: give one of the two.", MISUSED)
    console = Console(highlight=False, markup=False)
    chosen = DATA_SETS[dataset]
    folder = Path("skrnn-results") / dataset if out is None else out
    try:
        from skrnn import installed_versions
        from skrnn.model_selection import ArchitectureComparison

        X, y = load(dataset, samples, data_home, seed)
        # A search needs three samples of each class to train on.
        require_folds(dataset, y, cv, samples, None if tune is None else max(cv, 6))
        require_writable(folder, ArchitectureComparison.file_names)
        settings = {
            "dataset": str(dataset),
            "n_samples": len(y),
            "n_classes": len(set(y.tolist())),
            "cv": cv,
            "repeats": repeats,
            "units": 64 if units is None else units,
            "epochs": chosen.epochs if epochs is None else epochs,
            "seed": seed,
            "n_jobs": n_jobs,
        }
        if tune is not None:
            settings["units"], settings["tune"] = "tuned", tune
        say(console, _introduction(settings, chosen.items))
        estimators = _estimators(chosen, settings, folder / JOURNAL, console)
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


def _introduction(settings: dict[str, Any], items: str) -> str:
    n_fits = 3 * settings["cv"] * settings["repeats"]
    repeated = f", {settings['repeats']} times" if settings["repeats"] > 1 else ""
    epochs = settings["epochs"]
    length = "epochs by data size" if epochs == "auto" else f"{epochs} epoch{'s' if epochs > 1 else ''}"
    if "tune" in settings:
        size = f"tuned in {settings['tune']} trial{'s' if settings['tune'] > 1 else ''} each"
        length = length if epochs == "auto" else f"at most {length}"
    else:
        size = f"{settings['units']} units"
    return (
        f"{settings['dataset']}: {settings['n_samples']:,} {items} in {settings['n_classes']} classes, "
        f"{settings['cv']}-fold cross-validation{repeated}\n"
        f"SimpleRNN, LSTM and GRU: {size}, {length}, seed {settings['seed']}; {n_fits} fits"
    )


def _estimators(dataset: DataSet, settings: dict[str, Any], journal: Path, console: "Console") -> dict[str, Any]:
    """Return the pipelines, or searches over them."""
    start_tensorflow(console)
    from skrnn.estimators import GRUClassifier, LSTMClassifier, SimpleRNNClassifier

    classifiers = {"SimpleRNN": SimpleRNNClassifier, "LSTM": LSTMClassifier, "GRU": GRUClassifier}
    if "tune" not in settings:
        size = {"units": settings["units"], "epochs": settings["epochs"]}
        return {name: dataset.pipeline(classifier(**size)) for name, classifier in classifiers.items()}
    from skrnn.model_selection import OptunaSearchCV

    return {
        name: OptunaSearchCV(
            dataset.pipeline(classifier(epochs=settings["epochs"])),
            n_trials=settings["tune"],
            cv=3,
            storage=str(journal),
            study_name=name,
        )
        for name, classifier in classifiers.items()
    }


# While it runs


def _compare(
    estimators: dict[str, Any], X: Any, y: Any, cv: int, repeats: int, seed: int, n_jobs: int, console: "Console"
) -> "ArchitectureComparison":
    """Run the comparison with a display; after an interrupt, return the finished fits."""
    from sklearn.model_selection import RepeatedStratifiedKFold

    from skrnn.model_selection import ComparisonInterrupted, compare_architectures, fit_display

    splitter = RepeatedStratifiedKFold(n_splits=cv, n_repeats=repeats, random_state=seed)

    def title(event: "FitEvent") -> str:
        repeat, fold = divmod(event.split, cv)
        return f"{event.architecture}, fold {fold + 1}" + (f", repeat {repeat + 1}" if repeats > 1 else "")

    display = fit_display(list(estimators), cv * repeats, title=title, console=console, transient=True)
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
    from skrnn.cli.layout import Column, print_table

    summary = comparison.summary().sort_values("mean", ascending=False, na_position="last")
    several = summary["n_splits"].nunique() > 1

    def numbers(column: str, form: str) -> list[str]:
        return [_number(value, form) for value in summary[column]]

    scores = [f"{mean} ± {std}" for mean, std in zip(numbers("mean", ".4f"), numbers("std", ".4f"), strict=True)]
    columns = [
        Column("", [str(name) for name in summary.index]),
        Column("Accuracy", scores),
        *([Column("Fits", numbers("n_splits", "d"), worth=5)] if several else []),
        Column("Parameters", numbers("n_parameters", ",.0f"), worth=4),
        Column("Epochs", numbers("n_epochs", ".3g"), worth=2),
        Column("Fit s", numbers("fit_seconds", ".2f"), worth=3),
        Column("Predict s", numbers("score_seconds", ".3f"), worth=1),
    ]
    left_out = print_table(console, columns)
    folds = "the finished" if several else int(summary["n_splits"].max())
    say(console, f"Mean ± standard deviation over {folds} test folds; times are means per fit.")
    if left_out:
        say(console, f"Too narrow for {', '.join(left_out)}: see summary.json.")


def _number(value: float, form: str) -> str:
    return "-" if isnan(value) else format(value, form)
