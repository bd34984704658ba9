"""Train recipes with several seeds. Each finished training is a line of a file, so an interruption loses only one."""

import json
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from skrnn import _line_files
from skrnn.model_selection import FitEvent
from skrnn.recipes.catalogue import list_recipes, load_recipe
from skrnn.recipes.recipe import Halves, Library, Recipe, Reproduction, fit_name

#: Name of the file that :func:`reproduce` writes, with one JSON object per line for each finished training.
RUNS_FILE = "runs.jsonl"
_DEFINING = ("dataset", "preprocessing", "classifier", "network", "training")
_KEPT = tuple(name for name in Reproduction.__dataclass_fields__ if name != "pipeline")


def reproduce(
    names: Sequence[str],
    directory: str | os.PathLike[str],
    *,
    n_seeds: int = 1,
    beside: Literal["keras"] | None = None,
    data_home: str | os.PathLike[str] | None = None,
    progress: Callable[[FitEvent], None] | None = None,
) -> list[Reproduction]:
    """Train recipes with the seeds 0, 1, ..., and write the figures of each training to a file.

    A call with an existing directory runs only missing trainings: more seeds, other recipes, the other library, or
    trainings that an interruption prevented.

    Parameters
    ----------
    names : sequence of str
        Names of recipes, from :func:`list_recipes`.
    directory : str or path-like
        Folder of the file ``runs.jsonl``, which is created if necessary. Each finished training adds a line to it.
    n_seeds : int, default=1
        Number of trainings of each recipe, including trainings in the file.
    beside : {"keras"} or None, default=None
        With "keras", stock Keras also trains each recipe, on the same arrays and with the same seeds. This sets the
        global random seeds of Python, NumPy and TensorFlow.
    data_home : str or path-like, default=None
        The folder of the data sets; see :func:`~skrnn.datasets.fetch_mnist`.
    progress : callable, default=None
        Called with a :class:`~skrnn.model_selection.FitEvent` when a training begins, after each of its epochs, and
        when it ends. The event's ``architecture`` is :func:`fit_name`, and its ``split`` the seed. A training that is
        already in the file has only an "end" event, which precedes all others.

    Returns
    -------
    reproductions : list of Reproduction
        The requested trainings, sorted by seed, then by the order of `names`, then with skrnn before Keras. Trainings
        from the file have no pipeline.

    Raises
    ------
    ValueError
        If a recipe does not exist, if `n_seeds` is not positive, if `beside` is neither "keras" nor None, or if the
        file cannot be read.
    OSError
        If a data set is not in the data home and could not be downloaded; or if the file cannot be written to, or is
        deleted or replaced while this runs.
    """
    recipes = [load_recipe(name) for name in names]
    if n_seeds < 1:
        raise ValueError(f"n_seeds must be at least 1. Got {n_seeds!r} instead.")
    if beside not in (None, "keras"):
        raise ValueError(f"beside must be 'keras' or None. Got {beside!r} instead.")
    libraries: tuple[Library, ...] = ("skrnn", "keras") if beside else ("skrnn",)
    report = progress or (lambda event: None)
    path = Path(directory) / RUNS_FILE
    file = _line_files.begin(path)
    if cut := _line_files.mend(path):
        warnings.warn(
            f"{path}: the last line was incomplete, as after a crash or on a full disk, and was removed: "
            f"{_line_files.shown(cut)}. That training is done again.",
            UserWarning,
            stacklevel=2,
        )
    size = path.stat().st_size
    finished = {_key(run): run for run in read_runs(path)}
    # Seed by seed, so that every recipe has a result as soon as possible.
    wanted = [(recipe, seed, library) for seed in range(n_seeds) for recipe in recipes for library in libraries]
    missing = []
    for recipe, seed, library in wanted:
        run = finished.get((recipe.name, seed, library))
        if run is None:
            missing.append((recipe, seed, library))
        else:
            report(_end_of(run))
    data: dict[str, Halves] = {}
    for recipe, seed, library in missing:
        report(FitEvent("begin", fit_name(recipe.name, library), seed))
        if recipe.dataset not in data:
            data[recipe.dataset] = recipe.load_data(data_home)
        run = _train(recipe, library, seed, data[recipe.dataset], report)
        _line_files.append(path, _line(recipe, run), file, size)
        size = path.stat().st_size
        finished[_key(run)] = run
        report(_end_of(run))
    return [finished[recipe.name, seed, library] for recipe, seed, library in wanted]


def _train(
    recipe: Recipe, library: Library, seed: int, data: Halves, report: Callable[[FitEvent], None]
) -> Reproduction:
    if library == "skrnn":
        return recipe.run(random_state=seed, data=data, progress=report)
    from skrnn.recipes.stock_keras import run_stock_keras  # imports TensorFlow

    return run_stock_keras(recipe, data, random_state=seed, progress=report)


def read_runs(path: str | os.PathLike[str]) -> list[Reproduction]:
    """Read the trainings that :func:`reproduce` wrote.

    Trainings of recipes whose definitions have changed since are skipped, and so is an incomplete last line.

    Parameters
    ----------
    path : str or path-like
        The file, which need not exist.

    Returns
    -------
    reproductions : list of Reproduction
        The trainings in the order in which they ended, without pipelines.

    Raises
    ------
    ValueError
        If a line is not the record of a training.
    """
    *lines, last = Path(path).read_bytes().split(b"\n") if Path(path).exists() else [b""]
    if _line_files.is_record(last):
        lines.append(last)
    runs: list[Reproduction] = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            definition = record.pop("definition")
            run = Reproduction(**record)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{path}, line {number}, is not the record of a training: {error!r}.") from error
        if run.recipe in list_recipes() and definition == _definition(load_recipe(run.recipe), run.library):
            runs.append(run)
    return runs


def _key(run: Reproduction) -> tuple[str, int | None, Library]:
    return run.recipe, run.random_state, run.library


def _line(recipe: Recipe, run: Reproduction) -> bytes:
    """Return the line of a training."""
    record = {name: getattr(run, name) for name in _KEPT} | {"definition": _definition(recipe, run.library)}
    return json.dumps(record).encode() + b"\n"


def _definition(recipe: Recipe, library: Library) -> dict[str, Any]:
    """Return the definition of a training as JSON reads it: tuples become lists."""
    names = _DEFINING if library == "skrnn" else (*_DEFINING, "from_logits")  # skrnn always trains from logits
    return json.loads(json.dumps({name: getattr(recipe, name) for name in names}))


def _end_of(run: Reproduction) -> FitEvent:
    name = fit_name(run.recipe, run.library)
    return FitEvent("end", name, run.random_state or 0, score=run.test_accuracy, fit_seconds=run.fit_seconds)
