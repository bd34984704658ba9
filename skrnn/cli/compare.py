"""``skrnn compare``: SimpleRNN, LSTM and GRU on the same folds of a data set."""

import shlex
import time
from contextlib import nullcontext
from math import isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skrnn.cli import files
from skrnn.cli.common import (
    FAILED,
    INTERRUPTED,
    MISUSED,
    Jobs,
    cure_of,
    fail,
    load_packages,
    require_jobs,
    require_writable,
    start_tensorflow,
    uninterrupted,
)
from skrnn.cli.data import JOURNAL, DataHome, Epochs, Name, Samples
from skrnn.cli.display import say
from skrnn.cli.keeping import Save, keep, require_saveable
from skrnn.cli.layout import print_terms
from skrnn.cli.source import Source

if TYPE_CHECKING:
    from rich.console import Console

    from skrnn.model_selection import ArchitectureComparison, FitEvent


REPORT = "report.html"
FITS = "fits.jsonl"
FOLDS_OF_SEARCH = 3  # in each training part, with --tune; the help says so


def compare(
    data: files.Data = Name.digits,
    cv: Annotated[int, typer.Option(min=2, help="Number of stratified folds.")] = 5,
    repeats: Annotated[
        int,
        typer.Option(min=1, help="How often to cross-validate, with other folds. With --test-set: how often to train."),
    ] = 1,
    until_sure: Annotated[
        bool,
        typer.Option("--until-sure", help="Add repeats until each pair is decided, or more would hardly decide it."),
    ] = False,
    max_repeats: Annotated[int, typer.Option(min=2, help="The limit for --until-sure.")] = 10,
    test_set: Annotated[
        bool,
        typer.Option("--test-set", help="Score on the test half of mnist or imdb instead of cross-validating."),
    ] = False,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Also compare classifiers that are not recurrent.")
    ] = False,
    rope: Annotated[
        float, typer.Option(min=0, max=1, help="A difference in accuracy that is too small to matter.")
    ] = 0.01,
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
    target: files.Target = None,
    id_: files.Id = None,
    time_: files.Time = None,
    text: files.Text = None,
    group: files.Group = None,
    features: files.Features = None,
    window: files.Window = None,
    step: files.Step = None,
    test: files.Test = None,
    patch: files.Patch = None,
    no_scale: files.NoScale = False,
    report: Annotated[bool, typer.Option("--report", help="Also write report.html.")] = False,
    data_home: DataHome = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the results. Finished fits of the same comparison in it are used again; other results of "
            "earlier runs are replaced, and other files are left alone.",
            show_default="skrnn-results/DATA",
        ),
    ] = None,
    save: Save = None,
    n_jobs: Jobs = 2,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of folds, weights and the subset.")] = 0,
) -> None:
    """Compare SimpleRNN, LSTM and GRU on the same folds, and say which is better and how sure that is.

    DATA is your own file, or one of digits, reviews, mnist and imdb. `skrnn describe FILE` shows how a file is
    understood. The digits come with the package, the reviews are generated; mnist and imdb are downloaded once (11 and
    84 MB). Digits take a minute or two, the others several; the whole of mnist (--samples 60000) or imdb (--samples
    25000) takes hours.

    --save fits the network with the best mean accuracy once more, on all samples but those of a test set.

    Ctrl-C stops, and keeps the finished fits. The same command continues with those that are missing, even after a
    crash.
    """
    from rich.console import Console

    require_jobs(n_jobs)
    require_saveable(save)
    if tune is not None and units is not None:
        fail("--units is one of the parameters that --tune searches: give one of the two.", MISUSED)
    if (test_set or test) and until_sure:
        option = "--test-set" if test_set else "--test"
        fail(f"--until-sure adds repeats of a cross-validation: leave out {option}, or set --repeats.", MISUSED)
    if until_sure and repeats > max_repeats:
        fail(f"--repeats {repeats} is more than --max-repeats {max_repeats}, the limit for --until-sure.", MISUSED)
    options = files.FileOptions(target, id_, time_, text, group, features, window, step, test, patch, no_scale)
    console = Console(highlight=False, markup=False)
    load_packages("datasets", "preprocessing", "model_selection", "plotting")
    try:
        from skrnn import installed_versions
        from skrnn.model_selection import ArchitectureComparison

        source, understood = files.source_of(data, options, samples, data_home, seed, test_set=test_set)
        folder = Path("skrnn-results") / source.name if out is None else out
        print_terms(console, understood)
        if not source.has_test_set:
            # A search needs three samples of each class to train on.
            source.require_folds(
                cv, samples, None if tune is None else max(cv, 6), 0 if tune is None else FOLDS_OF_SEARCH
            )
        journals = [] if tune is None else [JOURNAL]
        require_writable(folder, (*ArchitectureComparison.file_names, REPORT, FITS, f"{FITS}.lock", *journals))
        settings: dict[str, Any] = {
            "dataset": source.name,
            "n_samples": len(source.y),
            "n_classes": source.n_classes,
            **({"n_test": source.n_test} if source.has_test_set else {"cv": cv}),
            "repeats": f"until sure, at most {max_repeats}" if until_sure else repeats,
            "units": 64 if units is None else units,
            "epochs": source.epochs if epochs is None else epochs,
            "seed": seed,
            "n_jobs": n_jobs,
        }
        if tune is not None:
            settings["units"], settings["tune"] = "tuned", tune
        n_fits = None if until_sure or baselines else 3 * repeats * (1 if source.has_test_set else cv)
        say(console, _introduction(settings, source.items, n_fits))
        plan = {
            "X_test": source.X_test,
            "y_test": source.y_test,
            "cv": cv if source.gap is None else source.folds(cv, seed),
            "groups": source.groups,
            "n_repeats": repeats,
            "until_sure": until_sure,
            "max_repeats": max_repeats,
            "baselines": baselines,
            "rope": rope,
            "storage": folder,
            "n_jobs": n_jobs,
            "random_state": seed,
        }
        estimators = _estimators(source, settings, folder / JOURNAL, console)
        started = time.perf_counter()
        comparison = _compare(estimators, source, plan, 1 if source.has_test_set else cv, console)
    except KeyboardInterrupt:
        say(console, "Interrupted before the first fit was finished: nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    settings["seconds"] = time.perf_counter() - started
    settings["versions"] = installed_versions()
    settings["command"] = _command(
        data,
        {
            **source.options,
            "test-set": test_set,
            "cv": None if source.has_test_set else cv,
            "repeats": repeats,
            "until-sure": until_sure,
            "max-repeats": max_repeats if until_sure else None,
            "baselines": baselines,
            "rope": rope,
            "seed": seed,
            "epochs": epochs,
            "units": units,
            "tune": tune,
            "samples": samples,
        },
    )
    try:
        with uninterrupted():
            written = comparison.save(folder, settings=settings)
            if report:
                written.append(
                    comparison.to_html(
                        folder / REPORT, X=source.X_test if source.has_test_set else source.X, settings=settings
                    )
                )
    except OSError as error:
        fail(f"The results could not be written: {error}{cure_of(error)}", FAILED)
    _print_table(comparison, console)
    say(console, "\n" + comparison.conclusion())
    n_finished, n_fits = int(comparison.finished.sum()), comparison.finished.size
    say(console, f"\n{folder}: {', '.join(path.name for path in written)}")
    if not comparison.complete:
        say(
            console,
            f"Interrupted: {n_finished} of {n_fits} fits were finished and are kept. The same command continues.",
        )
        raise typer.Exit(INTERRUPTED)
    if save is not None:
        _save_best(comparison, estimators, source, seed, save, console)
    if comparison.n_failed:
        raise typer.Exit(FAILED)  # the warning has said why


# Before the training


def _introduction(settings: dict[str, Any], items: str, n_fits: int | None) -> str:
    epochs, repeats = settings["epochs"], settings["repeats"]
    length = "epochs by data size" if epochs == "auto" else f"{epochs} epoch{'s' if epochs > 1 else ''}"
    if "tune" in settings:
        size = f"tuned in {settings['tune']} trial{'s' if settings['tune'] > 1 else ''} each"
        length = length if epochs == "auto" else f"at most {length}"
    else:
        size = f"{settings['units']} units"
    times = f"{repeats} times" if isinstance(repeats, int) else repeats
    if "n_test" in settings:
        scored, repeated = f"scored on a test set of {settings['n_test']:,}", f", trained {times}"
    else:
        scored, repeated = f"{settings['cv']}-fold cross-validation", f", {times}"
    repeated = "" if repeats == 1 else repeated
    return (
        f"{settings['dataset']}: {settings['n_samples']:,} {items} in {settings['n_classes']} classes, "
        f"{scored}{repeated}\nSimpleRNN, LSTM and GRU: {size}, {length}, seed {settings['seed']}"
        f"{'' if n_fits is None else f'; {n_fits} fits'}"
    )


def _command(data: str, options: dict[str, Any]) -> str:
    """Return the command that repeats a comparison, with every option that changes a score."""
    words = ["skrnn", "compare", data]
    for name, value in options.items():
        if value is not None and value is not False:
            words += [f"--{name}"] if value is True or value == "" else [f"--{name}", str(value)]
    return shlex.join(words)


def _estimators(source: Source, settings: dict[str, Any], journal: Path, console: "Console") -> dict[str, Any]:
    """Return the pipelines, or searches over them."""
    start_tensorflow(console)
    from skrnn.estimators import GRUClassifier, LSTMClassifier, SimpleRNNClassifier

    classifiers = {"SimpleRNN": SimpleRNNClassifier, "LSTM": LSTMClassifier, "GRU": GRUClassifier}
    if "tune" not in settings:
        size = {"units": settings["units"], "epochs": settings["epochs"]}
        return {name: source.pipeline(classifier(**size)) for name, classifier in classifiers.items()}
    from skrnn.model_selection import OptunaSearchCV

    return {
        name: OptunaSearchCV(
            source.pipeline(classifier(epochs=settings["epochs"])),
            n_trials=settings["tune"],
            cv=source.folds(FOLDS_OF_SEARCH, settings["seed"]),
            storage=str(journal),
            study_name=name,
        )
        for name, classifier in classifiers.items()
    }


# While it runs


def _compare(
    estimators: dict[str, Any], source: Source, plan: dict[str, Any], n_folds: int, console: "Console"
) -> "ArchitectureComparison":
    """Run the comparison with a display; after an interrupt, return the finished fits."""
    from skrnn.model_selection import ComparisonInterrupted, compare_architectures, fit_display

    n_repeats = plan["max_repeats"] if plan["until_sure"] else plan["n_repeats"]

    def title(event: "FitEvent") -> str:
        repeat, fold = divmod(event.split, n_folds)
        parts = [f"fold {fold + 1}"] if n_folds > 1 else []
        parts += [f"repeat {repeat + 1}"] if n_repeats > 1 else []
        return ", ".join([event.architecture, *parts])

    display = fit_display(list(estimators), n_folds * n_repeats, title=title, console=console, transient=True)
    try:
        with display:
            # A single diverging fit should not cost the hours of all others: it is scored NaN, with a warning.
            return compare_architectures(estimators, source.X, source.y, error_score=nan, progress=display, **plan)
    except ComparisonInterrupted as interrupt:
        if not interrupt.comparison.finished.any():
            raise
        return interrupt.comparison
    except ValueError as error:
        fail(str(error).partition("\n")[0], FAILED)
    except OSError as error:
        what = (
            f"A finished fit could not be stored in {plan['storage']}: {str(error).rstrip('.')}{cure_of(error) or '.'}"
        )
        fail(f"{what} The same command continues with those before it.", FAILED)


# After it


def _save_best(
    comparison: "ArchitectureComparison",
    estimators: dict[str, Any],
    source: Source,
    seed: int,
    path: Path,
    console: "Console",
) -> None:
    """Fit the best network on all samples, and save it: the fits of a comparison saw only parts, and are not kept."""
    from sklearn.base import clone

    means = comparison.summary()["mean"].drop([*comparison.baselines]).dropna()
    if means.empty:
        fail("--save: no network could be fitted.", FAILED)
    name = str(means.idxmax())
    model = clone(estimators[name])
    seeds = [each for each, value in model.get_params().items() if each.endswith("random_state") and value is None]
    model.set_params(**dict.fromkeys(seeds, seed))
    is_search = hasattr(model, "n_trials")
    more = {"groups": source.groups} if is_search else {}
    try:
        with console.status(f"Fitting {name}") if console.is_interactive else nullcontext():
            model.fit(source.X, source.y, **more)
    except KeyboardInterrupt:
        say(console, f"Interrupted: {path} was not written. The same command continues.")
        raise typer.Exit(INTERRUPTED) from None
    except (ValueError, FloatingPointError) as error:
        fail(f"--save: {name} could not be fitted: {str(error).partition(chr(10))[0]}", FAILED)
    what = f"{name}, fitted again on all {len(source.y):,} {source.items}"
    keep(model.best_estimator_ if is_search else model, path, source, what, console)


def _print_table(comparison: "ArchitectureComparison", console: "Console") -> None:
    """Print the summary, best first."""
    from skrnn.cli.layout import Column, print_table

    summary = comparison.summary().sort_values("mean", ascending=False, na_position="last")
    several = summary["n_splits"].nunique() > 1

    def numbers(column: str, form: str) -> list[str]:
        return [_number(value, form) for value in summary[column]]

    scores = [f"{mean} ± {std}" for mean, std in zip(numbers("mean", ".4f"), numbers("std", ".4f"), strict=True)]
    intervals = [
        f"{low} to {high}" if low != "-" else "-"
        for low, high in zip(numbers("low", ".3f"), numbers("high", ".3f"), strict=True)
    ]
    columns = [
        Column("", [str(name) for name in summary.index]),
        Column("Accuracy", scores),
        Column("95 % interval", intervals, worth=6),
        *([Column("Fits", numbers("n_splits", "d"), worth=5)] if several else []),
        Column("Parameters", numbers("n_parameters", ",.0f"), worth=4),
        Column("Epochs", numbers("n_epochs", ".3g"), worth=2),
        Column("Fit s", numbers("fit_seconds", ".2f"), worth=3),
        Column("Predict ms", [_number(1000 * value, ".2f") for value in summary["latency_seconds"]], worth=1),
    ]
    left_out = print_table(console, columns)
    number = "the finished" if several else int(summary["n_splits"].max())
    splits = "trainings" if comparison.fixed_test else "test folds"
    say(console, f"Mean ± standard deviation over {number} {splits}; times are means per fit.")
    if left_out:
        say(console, f"Too narrow for {', '.join(left_out)}: see summary.json.")


def _number(value: float, form: str) -> str:
    return "-" if isnan(value) else format(value, form)
