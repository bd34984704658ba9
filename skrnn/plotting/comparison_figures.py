"""The figures of a comparison, with titles, for files and reports."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from skrnn.plotting.comparison import ComparisonDisplay
from skrnn.plotting.cost import CostDisplay
from skrnn.plotting.difference import DifferenceDisplay
from skrnn.plotting.history import HistoryDisplay, stack_histories
from skrnn.plotting.style import in_words, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH = 5.0  # inches: what displays with a single panel use


def comparison_figures(comparison: Any, *, n_columns: int | None = None) -> dict[str, "Figure"]:
    """Draw what there is: scores, differences, costs and learning curves.

    Parameters
    ----------
    comparison : ArchitectureComparison
        What :func:`~skrnn.model_selection.compare_architectures` returns.
    n_columns : int, default=None
        The number of panels in a row, 1 for a narrow page. None puts all panels of a figure in one row.

    Returns
    -------
    figures : dict of str to matplotlib Figure
        By "scores", "differences", "costs" and "learning_curves"; those that there are no values for are left out.
    """
    drawers: dict[str, Callable[[], Figure | None]] = {
        "scores": lambda: _scores(comparison),
        "differences": lambda: _differences(comparison),
        "costs": lambda: _costs(comparison, n_columns),
        "learning_curves": lambda: _learning_curves(comparison, n_columns),
    }
    figures = {name: draw() for name, draw in drawers.items()}
    return {name: figure for name, figure in figures.items() if figure is not None}


def data_in_words(comparison: Any) -> str:
    """Return on how many splits and samples the finished fits were scored."""
    n_repeats = len(set(comparison.repeats.tolist()))
    partly = "" if comparison.complete else f", {comparison.finished.sum()} of {comparison.finished.size} fits finished"
    if comparison.fixed_test:
        n_test = int(comparison.n_test.max(initial=0))
        trained = f"trained {n_repeats} times on" if n_repeats > 1 else "trained on"
        return f"one test set of {n_test:,}, {trained} n = {comparison.n_samples:,}{partly}"
    n_splits = int(comparison.finished.any(axis=0).sum())
    repeats = f" of {n_repeats} repeats" if n_repeats > 1 else ""
    return f"{n_splits} test fold{'' if n_splits == 1 else 's'}{repeats}, n = {comparison.n_samples:,}{partly}"


def _scores(comparison: Any) -> "Figure":
    metric = in_words(comparison.scoring).capitalize()
    remark = "Points: one split each, connected between classifiers. Bars: mean with its 95 % interval."
    figure = new_figure(f"{metric} on {data_in_words(comparison)}", remark, width=_WIDTH)
    return ComparisonDisplay.from_comparison(comparison, ax=figure).figure_


def _differences(comparison: Any) -> "Figure | None":
    if all(np.isnan(pair.mean) for pair in comparison.posteriors()):
        return None
    remark = "How probable each difference is, with its 95 % interval. The percentages are about the first one."
    figure = new_figure(f"Differences in {in_words(comparison.scoring)}", remark, width=_WIDTH)
    return DifferenceDisplay.from_comparison(comparison, ax=figure).figure_


def _costs(comparison: Any, n_columns: int | None) -> "Figure | None":
    if np.isnan(comparison.scores).all():
        return None
    figure = new_figure(f"{in_words(comparison.scoring).capitalize()} and what it costs", "Means with 95 % intervals.")
    return CostDisplay.from_comparison(comparison, ax=figure, n_columns=n_columns).figure_


def _learning_curves(comparison: Any, n_columns: int | None) -> "Figure | None":
    """Draw curves next to the test scores, because a network may memorise its training data."""
    curves = stack_histories(dict(zip(comparison.architectures, comparison.curves, strict=True)))
    if not curves:
        return None
    display = HistoryDisplay(
        curves=curves,
        test_scores=dict(zip(comparison.architectures, comparison.scores, strict=True)),
        score_name=comparison.scoring,
    )
    is_validated = any(metric.startswith("val_") for metrics in curves.values() for metric in metrics)
    figure = new_figure(
        "Learning curves",
        f"Solid: training data{'; dashed: test data, which no training has used' if is_validated else ''}. Means ± "
        f"standard deviation over {data_in_words(comparison)}.",
    )
    return display.plot(ax=figure, n_columns=n_columns).figure_
