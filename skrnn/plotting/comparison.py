"""Scores of several classifiers side by side: every fold a point."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from skrnn.plotting.style import colour, dress, in_lines, in_words, new_axes

_MEAN = {"marker": "D", "s": 45, "facecolor": "white", "edgecolor": "black"}


class ComparisonDisplay:
    """Scores of several classifiers on the same splits.

    Make it with `from_comparison`, which draws at once; `plot` draws again.

    Parameters
    ----------
    scores : dict of str to array-like of shape (n_splits,)
        The scores of each classifier; NaN is left out.
    score_name : str, default="score"
        What they are.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Where the axes are.
    boxes_ : list of matplotlib artist
        From the first to the third quartile, with the median.
    points_ : list of matplotlib PathCollection
        The scores.
    means_ : list of matplotlib PathCollection
        The diamonds.

    See Also
    --------
    HistoryDisplay : Learning curves.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skrnn.plotting import ComparisonDisplay
    >>> display = ComparisonDisplay(scores={"LSTM": [0.9, 0.94], "GRU": [0.92, 0.91]}, score_name="accuracy").plot()
    >>> display.ax_.get_ylabel()
    'Accuracy'
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, scores: Mapping[str, Sequence[float] | np.ndarray], score_name: str = "score"):
        self.scores = {name: np.asarray(values, dtype=float) for name, values in scores.items()}
        self.score_name = score_name

    @classmethod
    def from_comparison(cls, comparison: Any, *, ax: Any = None) -> Self:
        """Draw the scores of a comparison.

        Parameters
        ----------
        comparison : ArchitectureComparison
            What :func:`~skrnn.model_selection.compare_architectures` returns.
        ax : matplotlib Axes, default=None
            Where to draw. By default a new figure of pyplot.

        Returns
        -------
        display : ComparisonDisplay
        """
        scores = dict(zip(comparison.architectures, comparison.scores, strict=True))
        return cls(scores=scores, score_name=comparison.scoring).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw a point for each score, a box over their quartiles and a diamond at the mean.

        The label of each name shows the mean and, with several scores, their sample standard deviation.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. By default a new figure of pyplot.

        Returns
        -------
        self : object
        """
        ax = new_axes(1, max(4.0, 1.5 + 1.5 * len(self.scores))) if ax is None else ax
        self.ax_, self.figure_ = ax, ax.figure
        self.boxes_: list[Any] = []
        self.points_: list[Any] = []
        self.means_: list[Any] = []
        labels = []
        for position, (name, scores) in enumerate(self.scores.items()):
            values = scores[~np.isnan(scores)]
            labels.append(_label(name, values))
            if not len(values):
                continue
            box = ax.boxplot(
                [values],
                positions=[position],
                widths=0.55,
                manage_ticks=False,
                showfliers=False,  # every score is a point already
                patch_artist=True,
                boxprops={"facecolor": colour(position), "alpha": 0.25, "edgecolor": colour(position)},
                medianprops={"color": colour(position)},
                whiskerprops={"color": colour(position)},
                capprops={"color": colour(position)},
            )
            self.boxes_ += box["boxes"]
            offsets = position + (np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else np.zeros(1))
            self.points_.append(ax.scatter(offsets, values, color=colour(position), s=18, zorder=3))
            self.means_.append(ax.scatter([position], [values.mean()], **_MEAN, zorder=4))
        ax.set_xticks(range(len(labels)), labels)
        ax.set_xlim(-0.6, len(labels) - 0.4)
        ax.set_ylabel(in_words(self.score_name).capitalize())
        dress(ax, grid="y")
        # Empty series in neutral colours, for the legend.
        ax.legend(
            handles=[
                ax.scatter([], [], color="0.4", s=18, label="one split"),
                ax.scatter([], [], **_MEAN, label="mean"),
            ]
        )
        return self


def _label(name: str, values: np.ndarray) -> str:
    """Return the name with its mean and spread."""
    name = in_lines(name, 16)
    if not len(values):
        return name
    spread = f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else ""
    return f"{name}\n{values.mean():.3f}{spread}"
