"""Scores of several classifiers on the same splits: a row for each classifier, a line for each split."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from skrnn.plotting.style import SMALL, check_classifiers, colour, dress, in_lines, in_words, ink, main_range, panels

_GAP = 0.5  # between the architectures and the baselines, in rows
_SPREAD = 0.12  # of the points of a row to either side, in rows
_BELOW = 0.3  # the distance of the mean from its points, in rows


class ComparisonDisplay:
    r"""Scores of several classifiers on the same splits.

    Create it with `from_comparison`, which draws at once; `plot` draws again.

    Parameters
    ----------
    scores : dict of str to array-like of shape (n_splits,)
        The scores of each classifier, in the same order of splits for all. NaN is left out.
    low, high : array-like of shape (n_classifiers,), default=None
        The limits of the interval of each mean. Without them, no interval is drawn.
    baselines : sequence of str, default=()
        The names of the classifiers that are baselines: their symbols are hollow, and a gap separates them from the
        others.
    score_name : str, default="score"
        The name of the scores.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes that were drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    positions_ : ndarray of shape (n_classifiers,)
        The height of each row. The axis is inverted, so the first is at the top.
    lines_ : matplotlib LineCollection
        The lines between the scores of a split in neighbouring rows.
    points_ : list of matplotlib PathCollection
        The scores of each classifier that has any on the scale.
    means_ : list of matplotlib PathCollection
        The means of the same classifiers; none of a single split.
    intervals_ : list of matplotlib Line2D
        Their intervals.
    off_scale_ : list of matplotlib Line2D
        The arrows of baselines that are far from all other classifiers.

    See Also
    --------
    DifferenceDisplay : How probable it is that one is better than the other.
    HistoryDisplay : Learning curves.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skrnn.plotting import ComparisonDisplay
    >>> display = ComparisonDisplay(scores={"LSTM": [0.9, 0.94], "GRU": [0.92, 0.91]}, score_name="accuracy").plot()
    >>> display.ax_.get_xlabel()
    'Accuracy'
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['LSTM\n0.920', 'GRU\n0.915']
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        scores: Mapping[str, Sequence[float] | np.ndarray],
        low: Sequence[float] | np.ndarray | None = None,
        high: Sequence[float] | np.ndarray | None = None,
        baselines: Sequence[str] = (),
        score_name: str = "score",
    ):
        self.scores = {name: np.asarray(values, dtype=float) for name, values in scores.items()}
        self.low = np.full(len(scores), np.nan) if low is None else np.asarray(low, dtype=float)
        self.high = np.full(len(scores), np.nan) if high is None else np.asarray(high, dtype=float)
        self.baselines = tuple(baselines)
        self.score_name = score_name

    @classmethod
    def from_comparison(cls, comparison: Any, *, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the scores of a comparison.

        Parameters
        ----------
        comparison : ArchitectureComparison
            What :func:`~skrnn.model_selection.compare_architectures` returns.
        ax : matplotlib Axes, default=None
            The axes to draw on. By default those of a new pyplot figure.
        **kwargs : dict
            Other arguments of `plot`.

        Returns
        -------
        display : ComparisonDisplay
        """
        summary = comparison.summary()
        display = cls(
            scores=dict(zip(comparison.architectures, comparison.scores, strict=True)),
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
        line_kw: Mapping[str, Any] | None = None,
        point_kw: Mapping[str, Any] | None = None,
        mean_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw a row of points for each classifier, and its mean with the interval below them.

        Lines connect the scores of the same split, so that a difference that holds in every split shows even where
        splits differ more than classifiers. The label of each row contains the mean. A baseline that is far from all
        others is an arrow at the edge, so that it does not press them together.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on, or an empty `Figure`. By default a new figure of pyplot.
        line_kw : dict, default=None
            Arguments of the `LineCollection` of the lines.
        point_kw : dict, default=None
            Arguments of `scatter` for the points.
        mean_kw : dict, default=None
            Arguments of `scatter` for the means.

        Returns
        -------
        self : object
        """
        from matplotlib.collections import LineCollection

        self._check()
        names = list(self.scores)
        scores = np.array([self.scores[name] for name in names])
        is_baseline = np.isin(names, self.baselines)
        labels = [_label(name, row) for name, row in zip(names, scores, strict=True)]
        self.positions_ = np.arange(len(names)) + _GAP * np.cumsum(np.diff(is_baseline, prepend=is_baseline[0]))
        row_height = max(0.6, 0.17 * max(1 + label.count("\n") for label in labels))
        (ax,) = panels(ax, ["scores"], n_columns=1, width=5.0, height=0.8 + row_height * (1 + self.positions_[-1]))
        self.ax_, self.figure_ = ax, ax.figure
        self.points_: list[Any] = []
        self.means_: list[Any] = []
        self.intervals_: list[Any] = []
        self.off_scale_: list[Any] = []

        left, right = main_range(list(scores), is_baseline)
        on_scale = np.array([np.nanmin(row) >= left and np.nanmax(row) <= right for row in _with_any(scores)])
        drawn = np.where(on_scale[:, None], scores, np.nan)
        n_splits = scores.shape[1]
        height = self.positions_[:, None] + (np.linspace(-_SPREAD, _SPREAD, n_splits) if n_splits > 1 else 0.0)
        points = np.stack([drawn, np.broadcast_to(height, drawn.shape)], axis=2)
        segments = np.stack([points[:-1], points[1:]], axis=2).reshape(-1, 2, 2)
        # With many splits single lines matter less, and would hide the points.
        faint = {"colors": ink(), "linewidths": 0.7, "alpha": float(np.clip(5 / n_splits, 0.06, 0.35)), "zorder": 1}
        self.lines_ = LineCollection(segments[np.isfinite(segments).all(axis=(1, 2))], **{**faint, **(line_kw or {})})
        ax.add_collection(self.lines_)

        for position, row in enumerate(scores):
            if np.isfinite(drawn[position]).any():
                self._plot_row(position, row, height[position], point_kw or {}, mean_kw or {})
            elif np.isfinite(row).any():
                self._plot_off_scale(position, np.nanmean(row) < left)

        ax.set_yticks(self.positions_, labels)
        ax.set_ylim(self.positions_[-1] + 0.6, -0.4)
        ax.set_xlabel(in_words(self.score_name).capitalize())
        dress(ax, grid="x")
        self._plot_legend(is_baseline)
        return self

    def _check(self) -> None:
        lengths = {name: len(values) for name, values in self.scores.items()}
        if not lengths or not all(lengths.values()):
            raise ValueError("There are no scores to draw.")
        if len(set(lengths.values())) > 1:
            raise ValueError(f"All classifiers must have scores on the same splits. Got {lengths} splits instead.")
        check_classifiers(self.scores, self.baselines, {"low": self.low, "high": self.high})

    def _plot_row(
        self, position: int, scores: np.ndarray, height: np.ndarray, point_kw: Mapping[str, Any], mean_kw: Mapping
    ) -> None:
        """Draw the scores of a classifier, and their mean below them unless there is a single split."""
        own, ax, given = colour(position), self.ax_, np.isfinite(scores)
        is_baseline = list(self.scores)[position] in self.baselines
        look: dict[str, Any] = {"edgecolors": own, "facecolors": "none" if is_baseline else own, "linewidths": 0.8}
        look |= {"s": 18, "alpha": 0.8} if len(scores) <= 30 else {"s": 8, "alpha": 0.5}
        self.points_.append(ax.scatter(scores[given], height[given], **{**look, **point_kw}))
        if len(scores) == 1:
            return
        below = self.positions_[position] + _BELOW
        interval = [self.low[position], self.high[position]]
        if np.isfinite(interval).all():
            self.intervals_ += ax.plot(interval, [below, below], color=own, linewidth=2.5, zorder=3)
        look = {"edgecolors": ink(), "facecolors": ax.get_facecolor() if is_baseline else own}
        look |= {"marker": "D", "s": 38, "zorder": 4}
        self.means_.append(ax.scatter([scores[given].mean()], [below], **{**look, **mean_kw}))

    def _plot_off_scale(self, position: int, is_below: bool) -> None:
        """Draw an arrow at the edge that a baseline is beyond."""
        edge, towards, align = (0.0, "<", "left") if is_below else (1.0, ">", "right")
        place = self.ax_.get_yaxis_transform()
        at = self.positions_[position]
        look = {"color": colour(position), "markerfacecolor": "none", "marker": towards, "linestyle": "none"}
        self.off_scale_ += self.ax_.plot([edge], [at], transform=place, clip_on=False, markersize=8, **look)
        self.ax_.annotate(
            f"off the scale: {np.nanmean(list(self.scores.values())[position]):.3f}",
            *((edge, at), (8 if is_below else -8, 0)),
            xycoords=place, textcoords="offset points", ha=align, va="center", fontsize=SMALL,
        )  # fmt: skip

    def _plot_legend(self, is_baseline: np.ndarray) -> None:
        """Explain the symbols above the axes, where they hide nothing."""
        from matplotlib.lines import Line2D

        grey = "0.5"
        mean: dict[str, Any] = {"color": grey, "marker": "D", "markeredgecolor": ink(), "markersize": 6}
        with_interval = {"linewidth": 2.5, "label": "mean, 95 % interval"} if self.intervals_ else {"label": "mean"}
        handles = [Line2D([], [], color=grey, marker="o", markersize=4, linewidth=0.7, label="one split")]
        if self.means_:
            handles.append(Line2D([], [], **{**mean, "linestyle": "-" if self.intervals_ else "none", **with_interval}))
        if is_baseline.any():
            hollow: dict[str, Any] = {"marker": "o", "markerfacecolor": "none", "markersize": 5, "linestyle": "none"}
            handles.append(Line2D([], [], color=grey, label="baseline", **hollow))
        self.ax_.legend(
            handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(handles), frameon=False,
            fontsize=SMALL, columnspacing=1.2, borderaxespad=0.2,
        )  # fmt: skip


def _with_any(scores: np.ndarray) -> list[np.ndarray]:
    """Return the rows, with infinity for one that is NaN only, because no minimum is defined there."""
    return [row if np.isfinite(row).any() else np.array([np.inf]) for row in scores]


def _label(name: str, scores: np.ndarray) -> str:
    """Return the name with the mean."""
    given = scores[np.isfinite(scores)]
    return in_lines(name, 16) + (f"\n{given.mean():.3f}" if len(given) else "\nno score")
