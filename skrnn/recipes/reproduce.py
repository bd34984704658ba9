"""Training many recipes with many seeds, so that an interruption loses only the running training."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from skrnn.model_selection import FitEvent
from skrnn.recipes.catalogue import list_recipes, load_recipe
from skrnn.recipes.recipe import Halves, Recipe, Reproduction

RUNS_FILE = "runs.jsonl"
_DEFINING = ("dataset", "preprocessing", "classifier", "network", "training")
_KEPT = tuple(name for name in Reproduction.__dataclass_fields__ if name != "pipeline")


def reproduce(
    names: Sequence[str],
    directory: str | os.PathLike[str],
    *,
    n_seeds: int = 1,
    data_home: str | os.PathLike[str] | None = None,
    progress: Callable[[FitEvent], None] | None = None,
) -> list[Reproduction]:
    """Train recipes, each with the seeds 0, 1, ..., and keep the figures in a file.

    Called again with the same directory it trains only what is still missing: other seeds, other recipes, or what an
    interruption left.

    Parameters
    ----------
    names : sequence of str
        Of :func:`list_recipes`.
    directory : str or path-like
        Where ``runs.jsonl`` is, or will be: a line is added to it at the end of each training.
    n_seeds : int, default=1
        How many trainings of each recipe there are to be in total.
    data_home : str or path-like, default=None
        The folder of the data sets; see :func:`~skrnn.datasets.fetch_mnist`.
    progress : callable, default=None
        Called with a :class:`~skrnn.model_selection.FitEvent` at the beginning and end of each training and after each
        epoch; its ``architecture`` is the name of the recipe, its ``split`` the seed. Of a training that is in the
        file already it is told the end alone, before any other begins.

    Returns
    -------
    reproductions : list of Reproduction
        Those that were asked for, by seed and then in the order of `names`; without their pipelines.

    Raises
    ------
    ValueError
        If there is no such recipe, `n_seeds` is not positive, or the file cannot be read.
    OSError
        If a data set is not in the data home and could not be downloaded.
    """
    recipes = [load_recipe(name) for name in names]
    if n_seeds < 1:
        raise ValueError(f"n_seeds must be at least 1. Got {n_seeds!r} instead.")
    tell = progress or (lambda event: None)
    path = Path(directory) / RUNS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    there = {(run.recipe, run.random_state): run for run in read_runs(path)}
    # Seed by seed, so that soon there is a figure for every recipe.
    wanted = [(recipe, seed) for seed in range(n_seeds) for recipe in recipes]
    missing = [(recipe, seed) for recipe, seed in wanted if (recipe.name, seed) not in there]
    for key in [(recipe.name, seed) for recipe, seed in wanted]:
        if key in there:
            tell(_end_of(there[key]))
    data: dict[str, Halves] = {}
    for recipe, seed in missing:
        tell(FitEvent("begin", recipe.name, seed))
        if recipe.dataset not in data:
            data[recipe.dataset] = recipe.load_data(data_home)
        run = recipe.run(random_state=seed, data=data[recipe.dataset], progress=tell)
        _append(path, recipe, run)
        there[recipe.name, seed] = run
        tell(_end_of(run))
    return [there[recipe.name, seed] for recipe, seed in wanted]


def read_runs(path: str | os.PathLike[str]) -> list[Reproduction]:
    """Read what a file keeps.

    Trainings of recipes that are defined otherwise today do not count, and neither does a last line that was not
    written to its end.

    Parameters
    ----------
    path : str or path-like
        Need not exist.

    Returns
    -------
    reproductions : list of Reproduction
        In the order in which they ended.

    Raises
    ------
    ValueError
        If a line is not the record of a training.
    """
    content = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
    runs = []
    for number, line in enumerate(content.split("\n")[:-1], start=1):
        try:
            record = json.loads(line)
            definition = record.pop("definition")
            run = Reproduction(**record)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{path}, line {number}, is not the record of a training: {error!r}.") from error
        if run.recipe in list_recipes() and definition == _definition(load_recipe(run.recipe)):
            runs.append(run)
    return runs


def _append(path: Path, recipe: Recipe, run: Reproduction) -> None:
    """Add a line, which is on the disk when this returns."""
    record = {name: getattr(run, name) for name in _KEPT} | {"definition": _definition(recipe)}
    with path.open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)  # the line that a killed process was writing
        file.write(json.dumps(record).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _definition(recipe: Recipe) -> dict[str, Any]:
    """Return what is trained, as JSON reads it back: a tuple is a list."""
    return json.loads(json.dumps({name: getattr(recipe, name) for name in _DEFINING}))


def _end_of(run: Reproduction) -> FitEvent:
    return FitEvent("end", run.recipe, run.random_state or 0, score=run.test_accuracy, fit_seconds=run.fit_seconds)
