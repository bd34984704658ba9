"""The table of results: published figures, and figures of stock Keras and skrnn; also as a Markdown page."""

import math
from collections.abc import Iterable, Sequence
from typing import get_args

import numpy as np
import pandas as pd
from scipy import stats

from skrnn.recipes.catalogue import list_recipes, load_recipe
from skrnn.recipes.recipe import Figures, Library, Reproduction

_CONFIDENCE = 0.95
_MEANS = ("test_accuracy", "train_accuracy", "test_loss", "train_loss", "fit_seconds")

_INTRODUCTION = """\
# Published systems, reproduced

`skrnn reproduce all --seeds 5 --beside keras` writes this page. It trains every system as it was published, on the
training half of its data set, with stock Keras and with skrnn, and measures it on the test half. Both libraries get the
same arrays, hold out the same rows, and read the rows in a new order in every epoch. Accuracies are in per cent.

- **published**: test accuracy that the text reports; in parentheses the train accuracy of the last epoch, measured
  during training, with dropout.
- **stock Keras**, **skrnn**: mean test accuracy ± standard deviation over the seeds 0, 1, ...; in parentheses the mean
  train accuracy after training, without dropout.
- **skrnn - Keras**: difference of the two means in points, with its 95 % interval (Welch's t). **below** or **above**
  marks the intervals that exclude zero. If the libraries were equally good everywhere, one interval in twenty would
  still exclude zero.
- **loss**: mean cross-entropy on the test half: published / stock Keras / skrnn.
- **seeds**, **seconds**: number of trainings, and mean duration of one `fit`: stock Keras / skrnn. Other programs ran
  on the same machine, so the seconds do not compare the libraries; the benchmarks do.
"""


def summarize(runs: Iterable[Reproduction]) -> pd.DataFrame:
    """Summarize trainings in one row per recipe.

    Parameters
    ----------
    runs : iterable of Reproduction
        Trainings with skrnn, with stock Keras, or with both.

    Returns
    -------
    frame : pandas.DataFrame
        Indexed by ``recipe``, in the order of :func:`list_recipes`. The columns, with "skrnn" or "keras" as `library`:

        - ``n_parameters``: number of weights; ``same_size``: whether every training had the published number.
        - ``{library}_n_seeds``: number of trainings. If it is 0, the following are NaN.
        - ``{library}_test_accuracy``, ``{library}_train_accuracy``, ``{library}_test_loss``, ``{library}_train_loss``,
          ``{library}_fit_seconds``: means; and ``{library}_test_accuracy_std``: standard deviation of the test
          accuracy, NaN for a single training.
        - ``difference``: mean test accuracy of skrnn minus mean test accuracy of stock Keras; ``difference_low``,
          ``difference_high``: its 95 % confidence interval by Welch's t. All three are NaN unless each library has at
          least two trainings.
        - ``verdict``: "below" or "above" if the interval lies on one side of zero, otherwise an empty string.

    Examples
    --------
    >>> from skrnn.recipes import summarize
    >>> summarize([]).empty
    True
    """
    by_recipe: dict[str, list[Reproduction]] = {name: [] for name in list_recipes()}
    for run in runs:
        by_recipe[run.recipe].append(run)
    rows = {name: _row(name, found) for name, found in by_recipe.items() if found}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("recipe")


def _row(name: str, runs: Sequence[Reproduction]) -> dict[str, float | str | bool]:
    expected = load_recipe(name).n_parameters
    sizes = [run.n_parameters for run in runs]
    row: dict[str, float | str | bool] = {
        "n_parameters": next((size for size in sizes if size != expected), expected),
        "same_size": set(sizes) == {expected},
    }
    accuracies: dict[str, list[float]] = {}
    for library in get_args(Library):
        of_library = [run for run in runs if run.library == library]
        accuracies[library] = [run.test_accuracy for run in of_library]
        row[f"{library}_n_seeds"] = len(of_library)
        for figure in _MEANS:
            row[f"{library}_{figure}"] = _mean([getattr(run, figure) for run in of_library])
        row[f"{library}_test_accuracy_std"] = _std(accuracies[library])
    low, high = welch_interval(accuracies["skrnn"], accuracies["keras"])
    row["difference"] = _mean(accuracies["skrnn"]) - _mean(accuracies["keras"]) if not math.isnan(low) else math.nan
    row["difference_low"], row["difference_high"] = low, high
    row["verdict"] = "below" if high < 0 else "above" if low > 0 else ""
    return row


def welch_interval(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Return the confidence interval for the difference of two means by Welch's t.

    Parameters
    ----------
    first, second : sequence of float
        Independent samples, whose variances may differ.

    Returns
    -------
    low, high : float
        The 95 % interval for the mean of `first` minus the mean of `second`. Both are NaN if a sample has fewer than
        two values, and equal if neither sample varies.
    """
    # scipy.stats.ttest_ind also returns this interval, but warns if one of the samples does not vary.
    if min(len(first), len(second)) < 2:
        return math.nan, math.nan
    difference = _mean(first) - _mean(second)
    shares = np.array([_std(values) ** 2 / len(values) for values in (first, second)])  # of the variance of the mean
    if not shares.any():
        return difference, difference
    degrees_of_freedom = shares.sum() ** 2 / (shares**2 / [len(first) - 1, len(second) - 1]).sum()
    half_width = stats.t.ppf((1 + _CONFIDENCE) / 2, degrees_of_freedom) * math.sqrt(shares.sum())
    return float(difference - half_width), float(difference + half_width)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else math.nan


def _std(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def as_page(runs: Sequence[Reproduction]) -> str:
    """Return the results as a Markdown page.

    Parameters
    ----------
    runs : sequence of Reproduction
        Trainings with skrnn, with stock Keras, or with both.

    Returns
    -------
    page : str
        The page, with a section and a table for each text that describes systems.
    """
    versions = sorted({", ".join(f"{name} {number}" for name, number in run.versions.items()) for run in runs})
    summary = summarize(runs)
    parts = [_INTRODUCTION, f"Libraries: {'; '.join(versions)}.\n"]
    for citation in dict.fromkeys(load_recipe(name).citation for name in summary.index):
        names = [name for name in summary.index if load_recipe(name).citation == citation]
        parts.append(f"\n## {citation}\n")
        parts.append(_table(summary.loc[names]))
        parts += [f"- `{name}`: {load_recipe(name).summary}" for name in names]
    return "\n".join(parts) + "\n"


def _table(summary: pd.DataFrame) -> str:
    headings = (
        "system", "parameters", "published", "stock Keras", "skrnn", "skrnn - Keras", "loss", "seeds", "seconds"
    )  # fmt: skip
    lines = [f"| {' | '.join(headings)} |", f"|---|{'---:|' * (len(headings) - 1)}"]
    for name, row in summary.iterrows():
        recipe = load_recipe(str(name))
        size = f"{row['n_parameters']:,}" + ("" if row["same_size"] else f" instead of {recipe.n_parameters:,}")
        measured = [
            Figures(*(row[f"{library}_{figure}"] for figure in ("test_accuracy", "train_accuracy", "test_loss")))
            for library in ("keras", "skrnn")
        ]
        spreads = row["keras_test_accuracy_std"], row["skrnn_test_accuracy_std"]
        cells = (
            f"`{name}`",
            size,
            _accuracies(recipe.published),
            *(_accuracies(figures, spread) for figures, spread in zip(measured, spreads, strict=True)),
            format_difference(row) + (f" **{row['verdict']}**" if row["verdict"] else ""),
            " / ".join(_number(figures.test_loss, ".3f") for figures in (recipe.published, *measured)),
            f"{row['keras_n_seeds']} / {row['skrnn_n_seeds']}",
            f"{_number(row['keras_fit_seconds'], '.0f')} / {_number(row['skrnn_fit_seconds'], '.0f')}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _accuracies(figures: Figures, spread: float = math.nan) -> str:
    """Return the test accuracy, with the train accuracy in parentheses."""
    accuracy = format_percent(figures.test_accuracy, spread, approximate=figures.approximate)
    train_accuracy = format_percent(figures.train_accuracy)
    return f"{accuracy} ({train_accuracy})" if train_accuracy else accuracy


def _number(value: float | None, form: str) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:{form}}"


def format_difference(row: pd.Series) -> str:
    """Format the difference of skrnn and stock Keras.

    Parameters
    ----------
    row : pandas.Series
        A row of :func:`summarize`.

    Returns
    -------
    text : str
        The difference in percentage points with its interval in brackets, or "under 2 seeds" if there is none.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.recipes import format_difference
    >>> format_difference(pd.Series({"difference": -0.0041, "difference_low": -0.012, "difference_high": 0.0038}))
    '-0.41 [-1.20, +0.38]'
    """
    if math.isnan(row["difference"]):
        return "under 2 seeds"
    return "{:+.2f} [{:+.2f}, {:+.2f}]".format(
        *(100 * row[name] for name in ("difference", "difference_low", "difference_high"))
    )


def format_percent(accuracy: float | None, spread: float = math.nan, *, approximate: bool = False) -> str:
    """Format an accuracy in per cent.

    Parameters
    ----------
    accuracy : float or None
        Between 0 and 1; None or NaN if it is unknown.
    spread : float, default=NaN
        Standard deviation of the accuracy; omitted if NaN.
    approximate : bool, default=False
        Whether to round the accuracy to a whole number of per cent, and mark it as approximate.

    Returns
    -------
    text : str
        The accuracy in per cent; empty if it is unknown.

    Examples
    --------
    >>> from skrnn.recipes import format_percent
    >>> format_percent(0.9571, 0.0043)
    '95.71 ± 0.43'
    """
    if accuracy is None or math.isnan(accuracy):
        return ""
    if approximate:
        return f"~{100 * accuracy:.0f}"
    return f"{100 * accuracy:.2f}" + ("" if math.isnan(spread) else f" ± {100 * spread:.2f}")
