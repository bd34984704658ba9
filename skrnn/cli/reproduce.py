"""``skrnn reproduce``: train the published systems, and print published against measured figures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from skrnn.cli.common import FAILED, INTERRUPTED, MISUSED, fail, require_writable, start_tensorflow, uninterrupted
from skrnn.cli.display import Bars, Lines, say

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from skrnn.model_selection import FitEvent
    from skrnn.recipes import Recipe, Reproduction

Beside = Literal["keras"]

_PAGE = "results.md"
# Sequences that are trained on, and their length: what an epoch costs follows from these and the network's size.
_STEPS_PER_EPOCH = {"mnist": 60_000 * 28, "imdb": 20_000 * 100}
_SLOWNESS = {"skrnn": 1, "keras": 3}  # relative training times, roughly


def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="Which systems, or `all`; without any they are listed.", show_default=False
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How often each is trained, from seeds 0, 1, ...")] = 1,
    beside: Annotated[
        Beside | None,
        typer.Option(help="Also train each with stock Keras, from the same seeds, and compare the two."),
    ] = None,
    data_home: Annotated[
        Path | None,
        typer.Option(help="Folder of the downloaded data.", show_default="$SKRNN_DATA_HOME or ~/skrnn_data"),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the results. What is there already is not trained again.")
    ] = Path("skrnn-results/reproduce"),
) -> None:
    """Train published systems as they were published, and compare the figures.

    MNIST and IMDB are downloaded once (11 and 84 MB). A system takes from seconds to minutes, all of them with one seed
    half an hour and more.

    Ctrl-C stops. Finished trainings are kept, and the same command continues with the others.
    """
    from rich.console import Console

    from skrnn.recipes import list_recipes, load_recipe
    from skrnn.recipes.page import as_page, summarise
    from skrnn.recipes.reproduce import RUNS_FILE, libraries_of, name_of_fit, read_runs
    from skrnn.recipes.reproduce import reproduce as train

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
    libraries = libraries_of(beside)

    def is_wanted(run: "Reproduction") -> bool:
        return run.recipe in chosen and run.random_state in range(seeds) and run.library in libraries

    try:
        finished = list(filter(is_wanted, read_runs(out / RUNS_FILE)))
    except ValueError as error:
        fail(str(error), FAILED)
    n_runs = len(chosen) * seeds * len(libraries)
    say(
        console, f"{_count(len(chosen), 'system')}, {_count(seeds, 'seed')}; {len(finished)} of {n_runs} trained before"
    )

    def title(event: "FitEvent") -> str:
        return f"{event.architecture}, seed {event.split}"

    costs = {
        name_of_fit(recipe.name, library): _cost(recipe) * _SLOWNESS[library]
        for recipe in recipes
        for library in libraries
    }
    display = (Bars if console.is_interactive else Lines)(list(costs), seeds, title, console, costs)
    interrupted = False
    try:
        start_tensorflow(console)
        with display:
            train(chosen, out, n_seeds=seeds, beside=beside, data_home=data_home, progress=display)
    except KeyboardInterrupt:
        interrupted = True
    except OSError as error:
        fail(str(error), FAILED)
    with uninterrupted():
        runs = read_runs(out / RUNS_FILE)
        shown = list(filter(is_wanted, runs))
        summary = summarise(shown)
        if shown:
            _print_table(summary, console)
            (out / _PAGE).write_text(as_page(runs), encoding="utf-8")
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
    """Return the relative training time: the multiplications, and 5,000 for the rest of a step."""
    network = recipe.network
    n_embedded = network.get("vocabulary_size", 0) * network.get("embedding_dim", 0)
    return _STEPS_PER_EPOCH[recipe.dataset] * recipe.training["epochs"] * (5_000 + recipe.n_parameters - n_embedded)


def _list(console: "Console") -> None:
    """Print what there is."""
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
    say(console, "Train some of them: skrnn reproduce NAME ...; or all: skrnn reproduce all")


def _print_table(summary: "pd.DataFrame", console: "Console") -> None:
    """Print published against measured figures, a table for each data set; the page has more of them."""
    from skrnn.cli.layout import Column, print_table
    from skrnn.recipes import load_recipe
    from skrnn.recipes.page import percent

    left_out: dict[str, None] = {}
    for dataset in dict.fromkeys(load_recipe(name).dataset for name in summary.index):
        rows = summary[[load_recipe(str(name)).dataset == dataset for name in summary.index]]
        published = [load_recipe(str(name)).published for name in rows.index]
        stock = [load_recipe(str(name)).stock_keras.test_accuracy for name in rows.index]
        columns = [
            Column(dataset.upper(), [str(name).removeprefix(f"{dataset}-") for name in rows.index]),
            Column("Params", [f"{number:,.0f}" for number in rows["n_parameters"]], worth=4),
            Column("Text", [percent(p.test_accuracy, approximate=p.approximate) for p in published], worth=5),
            Column("Keras", [percent(accuracy) for accuracy in stock], worth=6),
            Column(
                "skrnn",
                [percent(*both) for both in zip(rows["test_accuracy"], rows["test_accuracy_std"], strict=True)],
            ),
            Column("Train", [percent(accuracy) for accuracy in rows["train_accuracy"]], worth=3),
            Column("Loss", [f"{loss:.4f}" for loss in rows["test_loss"]], worth=2),
            Column("s", [f"{seconds:.0f}" for seconds in rows["fit_seconds"]], worth=1),
        ]
        left_out |= dict.fromkeys(print_table(console, columns))
    below = [str(name) for name in summary.index[~summary["reached"]]]
    say(console, "Test accuracy in per cent, of the text, of stock Keras and here (mean over the seeds ± deviation);")
    say(console, "train accuracy and test loss here, after training; seconds of a fit.")
    if left_out:
        say(console, f"Too narrow for {', '.join(left_out)}: see {_PAGE}.")
    if below:
        say(console, f"Below stock Keras' accuracy by more than the tolerance: {', '.join(below)}.")
