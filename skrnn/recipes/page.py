"""The table of results: published, stock Keras' and measured figures side by side, and as a page of Markdown."""

import math
from collections.abc import Iterable, Sequence

import pandas as pd

from skrnn.recipes.catalogue import list_recipes, load_recipe
from skrnn.recipes.recipe import Figures, Reproduction

# How far below stock Keras' single run the mean may stay before it is told: the spread of seeds is about as large.
_TOLERANCES = {"mnist": 0.005, "imdb": 0.01}

_INTRODUCTION = """\
# Published systems, reproduced

Written by `skrnn reproduce`: every system trained as it was published, on the training half of its data set, and
measured on the test half. Accuracies are in per cent, losses mean cross-entropies on the test half.

- **published**: what the text reports; in parentheses the train accuracy of the last epoch while training.
- **stock Keras**: one run of Keras 3.15 on TensorFlow 2.21, November 2026, on the same data; in parentheses the train
  accuracy, measured afterwards.
- **skrnn**: mean ± standard deviation over the seeds 0, 1, ...; in parentheses the train accuracy, measured afterwards
  on all that `fit` was given.
- **beside Keras**: the mean less stock Keras' figure, in points; **below** stands where it is more than {mnist:g}
  (MNIST) or {imdb:g} (IMDB) points less.
- **loss**: on the test half, as published / of stock Keras / of skrnn.
- **seconds**: of one fit, beside whatever else the machine was doing.

Libraries: {versions}.
"""


def summarise(runs: Iterable[Reproduction]) -> pd.DataFrame:
    """Return one row for each recipe that was trained, in the order of the recipes.

    Parameters
    ----------
    runs : iterable of Reproduction

    Returns
    -------
    frame : pandas.DataFrame
        Indexed by ``recipe``. Columns ``n_seeds``, ``n_parameters``, ``test_accuracy`` and ``test_accuracy_std`` (that
        of a sample, NaN for a single seed), the means ``train_accuracy``, ``test_loss``, ``train_loss`` and
        ``fit_seconds``; ``same_size``, whether the number of parameters is the published one; ``beside_keras``, the
        accuracy less stock Keras', NaN where there is none; and ``reached``, whether that is within the tolerance:
        0.005 on MNIST, 0.01 on IMDB.
    """
    columns = ("recipe", "n_parameters", "test_accuracy", "train_accuracy", "test_loss", "train_loss", "fit_seconds")
    frame = pd.DataFrame([{name: getattr(run, name) for name in columns} for run in runs], columns=list(columns))
    groups = frame.groupby("recipe", sort=False)
    summary = groups.mean()
    summary["n_parameters"] = groups["n_parameters"].max()
    summary.insert(0, "n_seeds", groups.size())
    summary.insert(3, "test_accuracy_std", groups["test_accuracy"].std())
    recipes = {name: load_recipe(name) for name in list_recipes() if name in summary.index}
    summary = summary.reindex(pd.Index(recipes, name="recipe"))
    summary["same_size"] = [
        summary.loc[name, "n_parameters"] == recipe.n_parameters for name, recipe in recipes.items()
    ]
    keras = pd.Series({name: recipe.stock_keras.test_accuracy for name, recipe in recipes.items()}, dtype=float)
    summary["beside_keras"] = summary["test_accuracy"] - keras
    tolerances = pd.Series({name: _TOLERANCES[recipe.dataset] for name, recipe in recipes.items()}, dtype=float)
    summary["reached"] = ~(summary["beside_keras"] < -tolerances)
    return summary


def as_page(runs: Sequence[Reproduction]) -> str:
    """Return the results as a page of Markdown.

    Parameters
    ----------
    runs : sequence of Reproduction

    Returns
    -------
    page : str
    """
    versions = sorted({", ".join(f"{name} {number}" for name, number in run.versions.items()) for run in runs})
    limits = {name: 100 * tolerance for name, tolerance in _TOLERANCES.items()}
    parts = [_INTRODUCTION.format(versions="; ".join(versions), **limits)]
    summary = summarise(runs)
    for citation in dict.fromkeys(load_recipe(name).citation for name in summary.index):
        rows = [name for name in summary.index if load_recipe(name).citation == citation]
        parts.append(f"\n## {citation}\n")
        parts.append(_table(summary.loc[rows]))
        parts += [f"- `{name}`: {load_recipe(name).summary}" for name in rows]
    return "\n".join(parts) + "\n"


def _table(summary: pd.DataFrame) -> str:
    headings = ("system", "parameters", "published", "stock Keras", "skrnn", "beside Keras", "loss", "seeds", "seconds")
    lines = [f"| {' | '.join(headings)} |", f"|---|{'---:|' * (len(headings) - 1)}"]
    for name, row in summary.iterrows():
        recipe = load_recipe(str(name))
        size = f"{row['n_parameters']:,.0f}" + ("" if row["same_size"] else f" instead of {recipe.n_parameters:,}")
        measured = Figures(row["test_accuracy"], row["train_accuracy"], row["test_loss"])
        beside = "" if pd.isna(row["beside_keras"]) else f"{100 * row['beside_keras']:+.2f}"
        cells = (
            f"`{name}`",
            size,
            _accuracies(recipe.published),
            _accuracies(recipe.stock_keras),
            _accuracies(measured, row["test_accuracy_std"]),
            beside + ("" if row["reached"] else " **below**"),
            " / ".join(_loss(figures) for figures in (recipe.published, recipe.stock_keras, measured)),
            f"{row['n_seeds']}",
            f"{row['fit_seconds']:.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _accuracies(figures: Figures, spread: float = math.nan) -> str:
    """Return test accuracy, with the train accuracy in parentheses."""
    accuracy = percent(figures.test_accuracy, spread, approximate=figures.approximate)
    return accuracy + ("" if figures.train_accuracy is None else f" ({percent(figures.train_accuracy)})")


def _loss(figures: Figures) -> str:
    return "-" if figures.test_loss is None else f"{figures.test_loss:.3f}"


def percent(accuracy: float | None, spread: float = math.nan, *, approximate: bool = False) -> str:
    """Return an accuracy in per cent, with its standard deviation if there is one; empty where it is not told."""
    if accuracy is None:
        return ""
    if approximate:
        return f"~{100 * accuracy:.0f}"
    return f"{100 * accuracy:.2f}" + ("" if math.isnan(spread) else f" ± {100 * spread:.2f}")
