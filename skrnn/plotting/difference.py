"""Posterior distributions of the differences between classifiers: a row for each pair."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple, Self

import numpy as np
from scipy import stats

from skrnn.plotting.style import MINUS, SMALL, colour, dress, in_lines, in_percent, in_words, ink, main_range, panels

_TALLEST = 0.5  # the height of a density, in rows
_LOW = 0.17  # the height of an arrow, in rows
_LINE = 0.155  # the height of a line of text, in rows
_N_BINS = 40
_WORSE, _BETTER = colour(1), colour(0)


class _Curve(NamedTuple):
    """A density to draw, the highest value of which is 1. No x for a single point."""

    x: np.ndarray
    y: np.ndarray
    mean: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        return bool(np.isfinite([self.mean, self.low, self.high]).all())


class DifferenceDisplay:
    """How probable it is that one classifier is better than another, and by how much.

    Create it with `from_comparison`, which draws at once; `plot` draws again.

    Parameters
    ----------
    differences : sequence of dict or object
        One for each pair, with these keys or attributes: the names ``a`` and ``b``; ``mean``, ``scale`` and ``df``
        of Student's t distribution of the difference a - b, or ``samples``, an array of draws of the difference;
        ``p_worse``, ``p_equivalent`` and ``p_better``, the probabilities that `a` is worse than, equivalent to or
        better than `b`; and optionally the limits of the 95 % interval, ``low`` and ``high``. By default they are the
        quantiles of the distribution. A scale of 0 is a single point. ``samples`` may be missing or None.
    rope : float
        The half-width of the region of practical equivalence.
    baselines : sequence of str, default=()
        The names of the classifiers that are baselines.
    score_name : str, default="score"
        The name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes that were drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    positions_ : ndarray of shape (n_pairs,)
        The height of the base line of each pair. The axis is inverted, so the first is at the top.
    densities_ : list of matplotlib artist
        For each pair a Line2D: the density, or the vertical line of a single point. Pairs
        that are unknown or off the scale have none.
    means_ : list of matplotlib Line2D
        The means of the same pairs.
    intervals_ : list of matplotlib Line2D
        Their 95 % intervals.
    texts_ : list of matplotlib Text
        The names and the probabilities of each pair.
    off_scale_ : list of matplotlib Line2D
        The arrows of differences from a baseline that are far from all others.
    rope_ : matplotlib Rectangle
        The region of practical equivalence.

    See Also
    --------
    ComparisonDisplay : The scores.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skrnn.plotting import DifferenceDisplay
    >>> pair = dict(a="LSTM", b="GRU", mean=0.03, scale=0.01, df=9, p_worse=0.001, p_equivalent=0.038, p_better=0.961)
    >>> display = DifferenceDisplay(differences=[pair], rope=0.01, score_name="accuracy").plot()
    >>> print(display.texts_[0].get_text())
    LSTM − GRU
    worse <1 %, equivalent 4 %, better 96 %
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        differences: Sequence[Mapping[str, Any] | Any],
        rope: float,
        baselines: Sequence[str] = (),
        score_name: str = "score",
    ):
        self.differences = [
            SimpleNamespace(**{"samples": None, **pair}) if isinstance(pair, Mapping) else pair for pair in differences
        ]
        for pair in self.differences:
            needed = ["a", "b", "p_worse", "p_equivalent", "p_better"]
            needed += ["mean", "scale", "df"] if getattr(pair, "samples", None) is None else []
            if missing := [name for name in needed if not hasattr(pair, name)]:
                raise ValueError(f"Each difference needs {', '.join(needed)}. Found one without {', '.join(missing)}.")
        if not rope >= 0:
            raise ValueError(f"rope must be 0 or more. Got {rope} instead.")
        self.rope = float(rope)
        self.baselines = tuple(baselines)
        self.score_name = score_name

    @classmethod
    def from_comparison(cls, comparison: Any, *, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the differences between all pairs of a comparison, except for pairs of two baselines.

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
        display : DifferenceDisplay
        """
        known = set(comparison.baselines)
        display = cls(
            differences=[pair for pair in comparison.posteriors() if not {pair.a, pair.b} <= known],
            rope=comparison.rope,
            baselines=comparison.baselines,
            score_name=comparison.scoring,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(
        self,
        *,
        ax: Any = None,
        line_kw: Mapping[str, Any] | None = None,
        area_kw: Mapping[str, Any] | None = None,
        rope_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the density of each difference, its mean and its 95 % interval.

        The parts of the area to the left, inside and to the right of the shaded region are the three probabilities,
        which are written above it. All densities are drawn to the same height. The difference from a baseline that is
        far from all others is an arrow at the edge, so that it does not press them together.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on, or an empty `Figure`. By default a new figure of pyplot.
        line_kw : dict, default=None
            Arguments of `Axes.plot` for the densities.
        area_kw : dict, default=None
            Arguments of `Axes.fill_between` for the areas below them.
        rope_kw : dict, default=None
            Arguments of `Axes.axvspan` for the region of practical equivalence.

        Returns
        -------
        self : object
        """
        if not self.differences:
            raise ValueError("There are no differences to draw: a comparison of one classifier has no pairs.")
        curves = [_curve(pair, self.rope) for pair in self.differences]
        on_scale = self._on_scale(curves)
        headings = [_heading(pair, curve) for pair, curve in zip(self.differences, curves, strict=True)]
        rooms = [_TALLEST if on else _LOW * curve.known for on, curve in zip(on_scale, curves, strict=True)]
        n_lines = np.array([1 + heading.count("\n") for heading in headings])
        heights = np.array(rooms) + _LINE * n_lines + 0.12
        self.positions_ = np.cumsum(heights)
        (ax,) = panels(ax, ["differences"], n_columns=1, width=5.0, height=0.9 + 0.95 * heights.sum())
        self.ax_, self.figure_ = ax, ax.figure
        self.densities_: list[Any] = []
        self.means_: list[Any] = []
        self.intervals_: list[Any] = []
        self.texts_: list[Any] = []
        self.off_scale_: list[Any] = []
        region = {"color": ink(), "alpha": 0.1, "linewidth": 0, "zorder": 0}
        self.rope_ = ax.axvspan(-self.rope, self.rope, **{**region, **(rope_kw or {})})
        ax.axvline(0, color=ink(), linewidth=0.7, alpha=0.6, zorder=0)
        rows = zip(self.positions_, rooms, headings, curves, on_scale, strict=True)
        for row, room, heading, curve, on in rows:
            look = {"va": "bottom", "fontsize": SMALL, "linespacing": 1.2, "zorder": 5}
            self.texts_.append(ax.text(0.0, row - room - 0.03, heading, transform=ax.get_yaxis_transform(), **look))
            if on:
                self._plot_density(row, curve, line_kw or {}, area_kw or {})
            elif curve.known:
                self._plot_off_scale(row - room / 2, curve)
        ax.set_ylim(self.positions_[-1] + 0.12, 0)
        ax.set_yticks([])
        equivalent = f"\nshaded: practically equivalent (±{self.rope:g})" if self.rope else ""
        ax.set_xlabel(f"Difference in {in_words(self.score_name)}, first {MINUS} second{equivalent}")
        dress(ax, grid="x")
        ax.spines["left"].set_visible(False)
        return self

    def _on_scale(self, curves: list[_Curve]) -> list[bool]:
        """Return which curves to draw: those that are known, and are not the far difference from a baseline."""
        to_baseline = np.array([bool({pair.a, pair.b} & set(self.baselines)) for pair in self.differences])
        extents = [np.array([curve.low, curve.high, -self.rope, self.rope]) for curve in curves]
        left, right = main_range(extents, to_baseline)
        return [curve.known and curve.low >= left and curve.high <= right for curve in curves]

    def _plot_density(self, row: float, curve: _Curve, line_kw: Mapping[str, Any], area_kw: Mapping[str, Any]) -> None:
        ax = self.ax_
        line = {"color": ink(), "linewidth": 1.2, **line_kw}
        if len(curve.x):
            height = row - _TALLEST * curve.y
            for inside, paint in (
                (curve.x <= -self.rope, {"color": _WORSE, "alpha": 0.75}),
                (abs(curve.x) <= self.rope, {"color": ink(), "alpha": 0.3}),
                (curve.x >= self.rope, {"color": _BETTER, "alpha": 0.75}),
            ):
                if inside.any():
                    ax.fill_between(curve.x, height, row, where=inside, linewidth=0, **{**paint, **area_kw})
            self.densities_ += ax.plot(curve.x, height, **line)
        else:
            self.densities_ += ax.plot([curve.mean] * 2, [row, row - _TALLEST], **{**line, "linewidth": 2.5})
        self.intervals_ += ax.plot([curve.low, curve.high], [row, row], color=ink(), linewidth=2.5, zorder=3)
        face = {"markerfacecolor": ax.get_facecolor(), "markeredgecolor": ink(), "markersize": 5.5}
        self.means_ += ax.plot([curve.mean], [row], marker="D", linestyle="none", zorder=4, **face)

    def _plot_off_scale(self, row: float, curve: _Curve) -> None:
        """Draw an arrow at the edge that a difference is beyond."""
        right = curve.mean > 0
        place = self.ax_.get_yaxis_transform()
        look = {"color": ink(), "marker": ">" if right else "<", "markersize": 7, "clip_on": False}
        self.off_scale_ += self.ax_.plot([float(right)], [row], transform=place, **look)
        self.ax_.annotate(
            f"off the scale: {curve.mean:+.3f} ({curve.low:+.3f} to {curve.high:+.3f})",
            *((float(right), row), (-8 if right else 8, 0)),
            xycoords=place, textcoords="offset points",
            ha="right" if right else "left", va="center", fontsize=SMALL,
        )  # fmt: skip


def _heading(pair: Any, curve: _Curve) -> str:
    """Return the names and the probabilities of a pair."""
    names = in_lines(f"{pair.a} {MINUS} {pair.b}", 44)
    if not curve.known:
        return f"{names}\nunknown: too few scores"
    chances = {"worse": pair.p_worse, "equivalent": pair.p_equivalent, "better": pair.p_better}
    return f"{names}\n" + ", ".join(f"{verdict} {in_percent(chance)}" for verdict, chance in chances.items())


def _curve(pair: Any, rope: float) -> _Curve:
    """Return the density of a pair, around the mean and with the interval that the pair states."""
    samples = getattr(pair, "samples", None)
    drawn = _of_student_t(pair, rope) if samples is None else _of_samples(np.asarray(samples, dtype=float), rope)
    if not drawn.known:
        return drawn
    stated = [getattr(pair, name, np.nan) for name in ("mean", "low", "high")]
    found = (drawn.mean, drawn.low, drawn.high)
    return _Curve(drawn.x, drawn.y, *(a if np.isfinite(a) else b for a, b in zip(stated, found, strict=True)))


_UNKNOWN = _Curve(np.array([]), np.array([]), np.nan, np.nan, np.nan)


def _of_student_t(pair: Any, rope: float) -> _Curve:
    if not np.isfinite([pair.mean, pair.scale]).all() or pair.scale < 0 or not pair.df > 0:
        return _UNKNOWN
    if pair.scale == 0:
        return _UNKNOWN._replace(mean=pair.mean, low=pair.mean, high=pair.mean)
    posterior = stats.t(pair.df, loc=pair.mean, scale=pair.scale)
    low, high = posterior.interval(0.95)
    # With few degrees of freedom the tails are long, and say nothing more.
    half = max((high - low) / 2, min(0.8 * (high - low), 6 * pair.scale))
    x = np.linspace(pair.mean - half, pair.mean + half, 401)
    y = posterior.pdf(x) / posterior.pdf(pair.mean)
    return _Curve(*_with_edges(x, y, rope), pair.mean, low, high)


def _of_samples(samples: np.ndarray, rope: float) -> _Curve:
    """Return the outline of a histogram.

    Differences on one test set are multiples of one sample's share. Each bin holds equally many of these values:
    otherwise the outline would look like a comb.
    """
    if not len(samples) or not np.isfinite(samples).all():
        return _UNKNOWN
    values = np.unique(samples.round(12))
    low, high = np.quantile(samples, [0.025, 0.975])
    if len(values) == 1:
        return _UNKNOWN._replace(mean=values[0], low=values[0], high=values[0])
    step = np.diff(values).min()
    n_values = round((values[-1] - values[0]) / step) + 1
    width = step * -(-n_values // _N_BINS)
    edges = values[0] - step / 2 + width * np.arange(np.ceil(n_values * step / width) + 1)
    counts, _ = np.histogram(samples, edges)
    x, y = np.repeat(edges, 2), np.concatenate([[0], np.repeat(counts / counts.max(), 2), [0]])
    return _Curve(*_with_edges(x, y, rope), samples.mean(), low, high)


def _with_edges(x: np.ndarray, y: np.ndarray, rope: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the outline with points at the edges of the region of equivalence, where its area changes colour."""
    edges = [edge for edge in (-rope, rope) if x[0] < edge < x[-1]]
    at = np.searchsorted(x, edges)
    return np.insert(x, at, edges), np.insert(y, at, np.interp(edges, x, y))
