"""Scores against what they cost: parameters, time."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from skrnn.plotting.style import (
    SMALL,
    check_classifiers,
    colour,
    dress,
    in_lines,
    in_words,
    ink,
    is_sized_here,
    labelled,
    legend_below,
    main_range,
    marker,
    panels,
)  # fmt: skip

_COSTS = {
    "n_parameters": "Number of parameters",
    "fit_seconds": "Time to fit (s)",
    "score_seconds": "Time to score (s)",
    "latency_seconds": "Time to predict one sample (s)",
    "n_epochs": "Number of epochs",
}


class CostDisplay:
    """Scores of several classifiers against what they cost.

    Create it with `from_comparison`, which draws at once; `plot` draws again.

    Parameters
    ----------
    means : dict of str to float
        The mean score of each classifier.
    costs : dict of str to array-like of shape (n_classifiers,)
        For each panel, the label of its axis and the cost of each classifier. NaN if it is unknown.
    low, high : array-like of shape (n_classifiers,), default=None
        The limits of the interval of each mean. Without them, no interval is drawn.
    baselines : sequence of str, default=()
        The names of the classifiers that are baselines: their symbols are hollow.
    score_name : str, default="score"
        The name of the scores.

    Attributes
    ----------
    names : tuple of str
        The labels of the costs that are known of any classifier, one panel for each.
    axes_ : ndarray of shape (n_panels,), object
        The axes that were drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    points_ : list of list of ErrorbarContainer
        For each panel, the classifiers whose cost is known.
    fronts_ : list of matplotlib Line2D
        For each panel, the steps through the classifiers that no other beats in one respect without being worse in the
        other.
    notes_ : list of matplotlib Text
        The names of the classifiers that a panel leaves out.

    See Also
    --------
    ComparisonDisplay : The scores of every split.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skrnn.plotting import CostDisplay
    >>> costs = {"Number of parameters": [570, 1418, 1866]}
    >>> display = CostDisplay(means={"SimpleRNN": 0.92, "GRU": 0.95, "LSTM": 0.94}, costs=costs).plot()
    >>> display.fronts_[0].get_xdata().tolist()
    [570.0, 1418.0]
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        means: Mapping[str, float],
        costs: Mapping[str, Sequence[float] | np.ndarray],
        low: Sequence[float] | np.ndarray | None = None,
        high: Sequence[float] | np.ndarray | None = None,
        baselines: Sequence[str] = (),
        score_name: str = "score",
    ):
        self.means = {name: float(mean) for name, mean in means.items()}
        self.costs = {label: np.asarray(values, dtype=float) for label, values in costs.items()}
        self.low = np.full(len(means), np.nan) if low is None else np.asarray(low, dtype=float)
        self.high = np.full(len(means), np.nan) if high is None else np.asarray(high, dtype=float)
        self.baselines = tuple(baselines)
        self.score_name = score_name

    @property
    def names(self) -> tuple[str, ...]:
        """The labels of the panels."""
        scored = np.isfinite(list(self.means.values()))
        return tuple(label for label, values in self.costs.items() if (np.isfinite(values) & scored).any())

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        *,
        costs: Sequence[str] = ("n_parameters", "fit_seconds"),
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the scores of a comparison against their costs.

        Parameters
        ----------
        comparison : ArchitectureComparison
            What :func:`~skrnn.model_selection.compare_architectures` returns.
        costs : sequence of str, default=("n_parameters", "fit_seconds")
            Columns of its summary.
        ax : matplotlib Axes or array of them, default=None
            See `plot`.
        **kwargs : dict
            Other arguments of `plot`.

        Returns
        -------
        display : CostDisplay
        """
        summary = comparison.summary()
        if unknown := [name for name in costs if name not in summary]:
            columns = ", ".join(summary)
            raise ValueError(f"costs must be columns of the summary: {columns}. Got {', '.join(unknown)} instead.")
        display = cls(
            means=dict(zip(comparison.architectures, summary["mean"], strict=True)),
            costs={_COSTS.get(name, in_words(name).capitalize()): summary[name] for name in costs},
            low=summary["low"],
            high=summary["high"],
            baselines=comparison.baselines,
            score_name=comparison.scoring,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(
        self,
        *,
        ax: Any = None,
        n_columns: int | None = None,
        point_kw: Mapping[str, Any] | None = None,
        front_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw a panel for each cost.

        The axis of a cost is logarithmic if the largest is more than 10 times the smallest. A baseline that scores far
        from all others is drawn at the edge, and the legend contains its mean.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            One for each of `names`; the legend is in the last. By default the axes of a new pyplot figure, or of the
            empty `Figure` that is passed, with the legend below them.
        n_columns : int, default=None
            The number of panels in a row of the new figure: 1 puts them below each other. All in one row by default.
        point_kw : dict, default=None
            Arguments of `Axes.errorbar` for the means.
        front_kw : dict, default=None
            Arguments of `Axes.step` for the Pareto front.

        Returns
        -------
        self : object
        """
        self._check()
        axes = panels(ax, self.names, n_columns=n_columns, width=4.0, height=3.2)
        self.axes_, self.figure_ = axes, axes[0].figure
        self.points_: list[list[Any]] = []
        self.fronts_: list[Any] = []
        self.notes_: list[Any] = []
        for label, on in zip(self.names, axes, strict=True):
            self._plot_cost(label, on, point_kw or {}, front_kw or {})
        if is_sized_here(ax):
            legend_below(self.figure_)
        else:
            axes[-1].legend(handles=labelled(axes), fontsize=SMALL)
        return self

    def _check(self) -> None:
        check_classifiers(self.means, self.baselines, {**self.costs, "low": self.low, "high": self.high})
        if not self.names:
            raise ValueError("There is nothing to draw: no classifier has both a score and a known cost.")

    def _plot_cost(self, label: str, ax: Any, point_kw: Mapping[str, Any], front_kw: Mapping[str, Any]) -> None:
        means, costs = np.array(list(self.means.values())), self.costs[label]
        known = np.isfinite(means) & np.isfinite(costs)
        is_baseline = np.isin(list(self.means), self.baselines)
        intervals = [np.array(values) for values in zip(means, self.low, self.high, strict=True)]
        bottom, top = main_range(intervals, is_baseline)
        margin = 0.08 * (top - bottom) or 0.01
        ax.set_ylim(bottom - margin, top + margin)

        front = _front(costs[known], means[known])
        light = {"color": ink(), "alpha": 0.35, "linewidth": 1, "linestyle": ":", "zorder": 1}
        x, y = costs[known][front], means[known][front]
        self.fronts_ += ax.step(x, y, where="post", label="Pareto front", **{**light, **front_kw})

        drawn = []
        for position, name in enumerate(self.means):
            if not known[position]:
                continue
            mean, low, high = intervals[position]
            outside = mean < bottom or mean > top
            entry = f"{in_lines(name, 24)}{f' ({mean:.3f}, off the scale)' if outside else ''}"
            spread = None if outside or not np.isfinite([low, high]).all() else [[mean - low], [high - mean]]
            face = ax.get_facecolor() if is_baseline[position] else colour(position)
            look = {"color": colour(position), "marker": marker(position), "markerfacecolor": face, "markersize": 7}
            look |= {"linestyle": "none", "capsize": 2, "zorder": 3, "label": entry, "clip_on": not outside}
            height = float(np.clip(mean, bottom - margin, top + margin))
            drawn.append(ax.errorbar([costs[position]], [height], spread, **{**look, **point_kw}))
        self.points_.append(drawn)

        least, most = costs[known].min(), costs[known].max()
        if least > 0 and 10 * least < most:
            _scale_logarithmically(ax, most / least)
        ax.set_xlabel(label)
        ax.set_ylabel(in_words(self.score_name).capitalize())
        dress(ax)
        if left_out := [name for name, some in zip(self.means, known, strict=True) if not some]:
            note = in_lines(f"Unknown for {', '.join(left_out)}", 44)
            self.notes_.append(ax.set_title(note, fontsize=SMALL, loc="right", style="italic"))


def _scale_logarithmically(ax: Any, ratio: float) -> None:
    """Make the horizontal axis logarithmic, labelled with plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 3) if ratio < 1000 else (1,)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.12g}"))
    ax.tick_params(axis="x", labelsize=SMALL)


def _front(costs: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return the positions of the Pareto front, from the cheapest to the best."""
    order = np.lexsort((-means, costs))
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(means[order])[:-1]])
    return order[means[order] > best_before]
