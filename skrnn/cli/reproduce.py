"""``skrnn reproduce``: train published systems, and compare the results with the published ones."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from skrnn.cli.common import (
    FAILED,
    INTERRUPTED,
    MISUSED,
    cure_of,
    fail,
    load_packages,
    require_writable,
    start_tensorflow,
    uninterrupted,
)
from skrnn.cli.data import DataHome
from skrnn.cli.display import say

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from skrnn.model_selection import FitEvent
    from skrnn.recipes import Recipe, Reproduction


class Beside(StrEnum):
    """The libraries to train beside skrnn."""

    keras = "keras"


_PAGE = "results.md"
# Number of sequences times their length. The duration of an epoch is proportional to it.
_STEPS_PER_EPOCH = {"mnist": 60_000 * 28, "imdb": 20_000 * 100}
_SLOWNESS = {"skrnn": 1, "keras": 3}  # relative training times, roughly


def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="Names of systems, or `all`. Without names, list all systems.", show_default=False
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of trainings of each system, with the seeds 0, 1, ...")] = 1,
    beside: Annotated[
        Beside | None,
        typer.Option(help="Also train each system with stock Keras and the same seeds, and compare the results."),
    ] = None,
    data_home: DataHome = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the results. Trainings with a result in it are not repeated.")
    ] = Path("skrnn-results/reproduce"),
) -> None:
    """Train published systems as described, and compare the results with the published ones.

    MNIST and IMDB are downloaded once (11 and 84 MB). A system takes from a few seconds to many minutes; all systems
    take more than an hour per seed, and stock Keras takes several times as long.

    Ctrl-C stops the command. Finished trainings are kept, and the same command continues with the others.
    """
    from rich.console import Console

    load_packages("recipes", "model_selection", "datasets")
    from skrnn.model_selection import fit_display
    from skrnn.recipes import RUNS_FILE, as_page, fit_name, list_recipes, load_recipe, read_runs, summarize
    from skrnn.recipes import reproduce as train

    console = Console(highlight=False, markup=False)
    if not names:
        _list(console)
        return
    chosen = list_recipes() if "all" in names else list(dict.fromkeys(names))
    try:
        recipes = [load_recipe(name) for name in chosen]
    except ValueError as error:
        fail(str(error), MISUSED)
    require_writable(out, [RUNS_FILE, _PAGE])
    libraries: tuple[Literal["skrnn", "keras"], ...] = ("skrnn", "keras") if beside else ("skrnn",)

    def is_wanted(run: "Reproduction") -> bool:
        return run.recipe in chosen and run.random_state in range(seeds) and run.library in libraries

    try:
        finished = list(filter(is_wanted, read_runs(out / RUNS_FILE)))
    except ValueError as error:
        fail(str(error), FAILED)
    n_runs = len(chosen) * seeds * len(libraries)
    say(
        console,
        f"{_count(len(chosen), 'system')}, {_count(seeds, 'seed')}; {len(finished)} of {n_runs} already trained",
    )

    def title(event: "FitEvent") -> str:
        return f"{event.architecture}, seed {event.split}"

    costs = {
        fit_name(recipe.name, library): _cost(recipe) * _SLOWNESS[library]
        for recipe in recipes
        for library in libraries
    }
    display = fit_display(list(costs), seeds, title=title, costs=costs, console=console, transient=True)
    interrupted = False
    try:
        start_tensorflow(console)
        with display:
            train(chosen, out, n_seeds=seeds, beside="keras" if beside else None, data_home=data_home, progress=display)
    except KeyboardInterrupt:
        interrupted = True
    except OSError as error:
        fail(f"{error}{cure_of(error)}", FAILED)
    with uninterrupted():
        runs = read_runs(out / RUNS_FILE)
        shown = list(filter(is_wanted, runs))
        summary = summarize(shown)
        if shown:
            (out / _PAGE).write_text(as_page(runs), encoding="utf-8")
            _print_table(summary, console)
            say(console, f"{out}: {RUNS_FILE}, {_PAGE}")
    if interrupted:
        say(
            console,
            f"Interrupted: {len(shown)} of {n_runs} trainings are kept; run the same command to continue.",
        )
        raise typer.Exit(INTERRUPTED)
    for name in summary.index[~summary["same_size"]]:
        found, expected = summary.loc[name, "n_parameters"], load_recipe(name).n_parameters
        fail(f"{name} has {found:,.0f} parameters instead of the published {expected:,}.", FAILED)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _cost(recipe: "Recipe") -> float:
    """Return the relative duration of a training: its multiplications, and 5,000 per time step for everything else."""
    network = recipe.network
    n_embedded = network.get("vocabulary_size", 0) * network.get("embedding_dim", 0)
    return _STEPS_PER_EPOCH[recipe.dataset] * recipe.training["epochs"] * (5_000 + recipe.n_parameters - n_embedded)


def _list(console: "Console") -> None:
    """Print the names and summaries of all systems."""
    from rich.padding import Padding

    from skrnn.cli.layout import Column, print_table
    from skrnn.recipes import list_recipes, load_recipe

    summaries = {name: load_recipe(name).summary for name in list_recipes()}
    if console.width >= 70:
        print_table(console, [Column("System", list(summaries)), Column("", list(summaries.values()), to_right=False)])
    else:
        for name, summary in summaries.items():
            say(console, name)
            console.print(Padding(summary, (0, 0, 0, 2)))
    say(console, "To train some systems: skrnn reproduce NAME ...; to train all: skrnn reproduce all")


def _print_table(summary: "pd.DataFrame", console: "Console") -> None:
    """Print a table of published and measured results for each data set. The page contains more results."""
    from skrnn.cli.layout import Column, print_table
    from skrnn.recipes import format_difference, format_percent, load_recipe

    recipes = {str(name): load_recipe(str(name)) for name in summary.index}
    beside = bool(summary["keras_n_seeds"].any())
    left_out: dict[str, None] = {}
    for dataset in dict.fromkeys(recipe.dataset for recipe in recipes.values()):
        rows = summary[[recipe.dataset == dataset for recipe in recipes.values()]]
        published = [recipes[str(name)].published for name in rows.index]
        accuracies = {
            library: [
                format_percent(*both)
                for both in zip(rows[f"{library}_test_accuracy"], rows[f"{library}_test_accuracy_std"], strict=True)
            ]
            for library in ("keras", "skrnn")
        }
        differences = [format_difference(row) for _, row in rows.iterrows()]
        columns = [
            Column(dataset.upper(), [str(name).removeprefix(f"{dataset}-") for name in rows.index]),
            Column("Params", [f"{number:,}" for number in rows["n_parameters"]], worth=4),
            Column("Text", [format_percent(p.test_accuracy, approximate=p.approximate) for p in published], worth=5),
            *([Column("Keras", accuracies["keras"], worth=7)] if beside else []),
            Column("skrnn", accuracies["skrnn"]),
            *([Column("Difference", differences, worth=6)] if beside else []),
            Column("Train", [format_percent(accuracy) for accuracy in rows["skrnn_train_accuracy"]], worth=3),
            Column("Loss", [f"{loss:.4f}" for loss in rows["skrnn_test_loss"]], worth=2),
            Column("s", [f"{seconds:.0f}" for seconds in rows["skrnn_fit_seconds"]], worth=1),
        ]
        left_out |= dict.fromkeys(print_table(console, columns))
    say(console, "Test accuracy in per cent: published (Text), and mean ± standard deviation over the seeds.")
    if beside and "Difference" not in left_out:
        say(console, "Difference: skrnn - Keras in percentage points, with the 95 % confidence interval.")
    if "Train" not in left_out:
        say(console, "Train, Loss and s: train accuracy, test loss and seconds per fit of skrnn.")
    if left_out:
        say(console, f"Too narrow for {', '.join(left_out)}: see {_PAGE}.")
    if beside:
        single = summary.index[summary["difference"].isna()]
        if len(single):
            say(console, f"No interval, because a library has fewer than two seeds: {', '.join(single)}.")
        for verdict in ("below", "above"):
            names = summary.index[summary["verdict"] == verdict]
            if len(names):
                say(console, f"{verdict.capitalize()} stock Keras (the interval excludes zero): {', '.join(names)}.")
