"""``skrnn tune``: search the hyperparameters of a recurrent network on a data set."""

import json
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skrnn._secrets import redact, secrets_of
from skrnn.cli import files
from skrnn.cli.common import (
    FAILED,
    INTERRUPTED,
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

    from skrnn.model_selection import OptunaSearchCV

_N_TRIALS = 30
_FILES = ("trials.csv", "best.json")


class Cell(StrEnum):
    """The cells to search over."""

    any = "any"
    simple_rnn = "simple_rnn"
    lstm = "lstm"
    gru = "gru"


def tune(
    data: files.Data = Name.digits,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Total number of candidates, including earlier calls and other processes.",
            show_default=f"{_N_TRIALS}; unlimited with --timeout",
        ),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="Time after which no candidate starts.")
    ] = None,
    cell: Annotated[Cell, typer.Option(help="The cell of the networks; `any` searches over all of them.")] = Cell.any,
    cv: Annotated[int, typer.Option(min=2, help="Number of stratified folds to score each candidate on.")] = 3,
    epochs: Epochs = None,
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
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|URL",
            help="Storage of the study: path of a journal file, or URL of a database that machines can share.",
            show_default=f"{JOURNAL} in the folder of the results",
        ),
    ] = None,
    data_home: DataHome = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results.", show_default="skrnn-results/DATA-tune")
    ] = None,
    save: Save = None,
    n_jobs: Jobs = 2,
    seed: Annotated[
        int,
        typer.Option(min=0, max=2**31 - 1, help="Seed of the candidates, folds, weights and held-out samples."),
    ] = 0,
) -> None:
    """Search hyperparameters with Optuna, and score the best network on a held-out quarter of the data.

    DATA is your own file, or one of digits, reviews, mnist and imdb. `skrnn describe FILE` shows how a file is
    understood. Candidates are scored by cross-validation on the other three quarters, epoch by epoch; poor ones are
    pruned early. --epochs is the maximum for a candidate: the search finds the best number. --save keeps the network
    that was scored on the held-out quarter, which it has not seen.

    Ctrl-C stops the search, and the same command continues it. To share the work among processes, run the command in
    several terminals.
    """
    from rich.console import Console

    require_jobs(n_jobs)
    require_saveable(save)
    console = Console(highlight=False, markup=False)
    options = files.FileOptions(target, id_, time_, text, group, features, window, step, test, patch, no_scale)
    load_packages("datasets", "preprocessing", "model_selection", "plotting")
    try:
        from skrnn import installed_versions

        source, understood = files.source_of(data, options, samples, data_home, seed)
        folder = Path("skrnn-results") / f"{source.name}-tune" if out is None else out
        print_terms(console, understood)
        source.require_folds(cv, samples, cv if source.has_test_set else 2 * cv)
        source = source.without_a_quarter(seed)
        source.require_folds(cv, samples)
        require_writable(folder, _FILES)
        settings: dict[str, Any] = {
            "dataset": source.name,
            "n_samples": len(source.y),
            "n_held_out": source.n_test,
            "cell": str(cell),
            "cv": cv,
            "epochs": source.epochs if epochs is None else epochs,
            "trials": _N_TRIALS if trials is None and timeout is None else trials,
            "timeout": timeout,
            "seed": seed,
            "storage": str(folder / JOURNAL) if storage is None else storage,
        }
        say(console, _introduction(settings, source.items, source.n_classes))
        _require_storage(settings["storage"])
        search = _search(source, settings, n_jobs, console)
        started = time.perf_counter()
        interrupted = _run(search, source, console)
    except KeyboardInterrupt:
        say(console, "Interrupted before the first trial finished.")
        raise typer.Exit(INTERRUPTED) from None
    settings["seconds"] = time.perf_counter() - started
    settings["versions"] = installed_versions()
    held_out = None if interrupted else float(search.score(source.X_test, source.y_test))
    try:
        with uninterrupted():
            written, left_out = _save(search, folder, settings, held_out)
    except OSError as error:
        fail(f"The results could not be written: {error}{cure_of(error)}", FAILED)
    _print_best(search, settings, source.items, held_out, console)
    say(console, f"{folder}: {', '.join(path.name for path in written)}")
    for name, reason in left_out.items():
        say(console, f"{name}: left out, {reason}.")
    if save is not None and not interrupted:
        what = f"the best network, fitted on {settings['n_samples']:,} {source.items}, without those held out"
        keep(search.best_estimator_, save, source, what, console)
    if interrupted:
        n_kept, wanted = len(search.trials_), settings["trials"]
        of_all = "" if wanted is None else f" of {wanted}"
        say(console, f"Interrupted: {n_kept}{of_all} trials are kept; run the same command to continue.")
        raise typer.Exit(INTERRUPTED)


def _introduction(settings: dict[str, Any], items: str, n_classes: int) -> str:
    epochs, trials, timeout = settings["epochs"], settings["trials"], settings["timeout"]
    length = "automatic epochs" if epochs == "auto" else f"at most {epochs} epoch{'s' if epochs > 1 else ''}"
    many = "trials" if trials is None else f"{trials} trial{'s' if trials > 1 else ''}"
    time_limit = "" if timeout is None else f" in {timeout:g} s"
    return (
        f"{settings['dataset']}: {settings['n_samples']:,} {items} in {n_classes} classes, "
        f"{settings['cv']}-fold cross-validation; {settings['n_held_out']:,} are held out\n"
        f"{many}{time_limit}, {length}, cell {settings['cell']}, seed {settings['seed']}"
    )


def _require_storage(storage: str) -> None:
    """Fail, before TensorFlow is loaded, if the storage cannot be opened, or its journal cannot be written to."""
    from skrnn.model_selection import open_storage

    if "://" not in storage:
        require_writable(Path(storage).parent, [Path(storage).name], "--storage")
    try:
        open_storage(storage).get_all_studies()
    except Exception as error:  # each database raises its own exceptions
        message = redact(error, secrets_of(storage)).partition("\n")[0]
        fail(f"--storage: {message}", FAILED)


def _search(source: Source, settings: dict[str, Any], n_jobs: int, console: "Console") -> "OptunaSearchCV":
    """Return the search. This loads TensorFlow, which takes a few seconds."""
    start_tensorflow(console)
    from skrnn.estimators import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier
    from skrnn.model_selection import OptunaSearchCV

    classifiers = {
        "any": RecurrentClassifier,
        "simple_rnn": SimpleRNNClassifier,
        "lstm": LSTMClassifier,
        "gru": GRUClassifier,
    }
    classifier = classifiers[settings["cell"]](epochs=settings["epochs"], random_state=settings["seed"])
    return OptunaSearchCV(
        source.pipeline(classifier),
        n_trials=settings["trials"],
        timeout=settings["timeout"],
        cv=source.folds(settings["cv"], settings["seed"]),
        storage=settings["storage"],
        study_name=f"{settings['dataset']}-{settings['cell']}",
        n_jobs=n_jobs,
        random_state=settings["seed"],
    )


def _run(search: "OptunaSearchCV", source: Source, console: "Console") -> bool:
    """Run the search with a progress display. Return whether it was interrupted after the first trial."""
    from skrnn.model_selection import trial_display

    display = trial_display(search.n_trials, search.storage, score="accuracy", console=console, transient=True)
    try:
        with display:
            search.set_params(callbacks=display).fit(source.X, source.y, groups=source.groups)
    except KeyboardInterrupt:
        if not hasattr(search, "best_params_"):
            raise
        return True
    except ValueError as error:
        fail(str(error).partition("\n")[0], FAILED)
    except OSError as error:
        where = redact(search.storage)
        what = f"A trial could not be stored in {where}: {str(error).rstrip('.')}{cure_of(error) or '.'}"
        fail(f"{what} The same command continues with those before it.", FAILED)
    finally:
        search.set_params(callbacks=None)
    return False


def _counts(search: "OptunaSearchCV") -> dict[str, int]:
    states = search.cv_results_["state"].tolist()
    words = {"complete": "complete", "pruned": "pruned", "fail": "failed"}
    return {word: states.count(state) for state, word in words.items()}


def _best_params(search: "OptunaSearchCV") -> dict[str, Any]:
    """Return the best parameters, without the prefixes of pipeline steps."""
    return {name.rpartition("__")[2]: value for name, value in search.best_params_.items()}


def _print_best(
    search: "OptunaSearchCV", settings: dict[str, Any], items: str, held_out: float | None, console: "Console"
) -> None:
    row, results = search.best_index_, search.cv_results_
    counts = ", ".join(f"{number} {state}" for state, number in _counts(search).items() if number)
    n_trials = len(search.trials_)
    best = f"The best of {n_trials} trial{'s' if n_trials > 1 else ''}"
    say(console, f"\n{best} ({counts}): trial {search.trials_[row].number}")
    found = {**_best_params(search), "epochs": int(results["n_epochs"][row])}
    for name, value in found.items():
        shown = f"{value:.4g}" if isinstance(value, float) else value
        say(console, f"  {name:{max(map(len, found))}}  {shown}")
    say(
        console,
        f"Accuracy: {search.best_score_:.4f} ± {results['std_test_score'][row]:.4f} over {search.n_splits_} folds",
    )
    if held_out is not None:
        n_parameters = search.best_estimator_[-1].n_parameters_
        say(
            console,
            f"Refitted ({n_parameters:,} parameters): {held_out:.4f} on {settings['n_held_out']:,} held-out {items}",
        )


def _save(
    search: "OptunaSearchCV", folder: Path, settings: dict[str, Any], held_out: float | None
) -> tuple[list[Path], dict[str, str]]:
    """Write the trials, the best trial and the figures. Return their paths, and the reasons for missing figures."""
    import pandas as pd

    from skrnn.plotting import search_figures

    row = search.best_index_
    written = [folder / name for name in _FILES]
    pd.DataFrame(search.cv_results_).drop(columns="params").to_csv(written[0], index=False, lineterminator="\n")
    best = {
        "trial": search.trials_[row].number,
        "params": _best_params(search),
        "epochs": int(search.cv_results_["n_epochs"][row]),
        "mean_accuracy": search.best_score_,
        "std_accuracy": float(search.cv_results_["std_test_score"][row]),
        "held_out_accuracy": held_out,
        "trials": _counts(search),
        "study": search.study_name_,
        "settings": {**settings, "storage": redact(settings["storage"])},
    }
    written[1].write_text(json.dumps(best, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    data = f"{settings['cv']} folds, n = {settings['n_samples']:,}"
    drawn = search_figures(search.study_, score="accuracy", data=data)
    for name in drawn.left_out:  # may exist from an earlier call
        (folder / f"{name}.png").unlink(missing_ok=True)
    for name, figure in drawn.figures.items():
        written.append(folder / f"{name}.png")
        figure.savefig(written[-1], dpi=150)
    return written, {f"{name}.png": reason for name, reason in drawn.left_out.items()}
