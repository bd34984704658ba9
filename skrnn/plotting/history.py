"""Learning curves: one colour and marker for each network, the mean of its runs with a band."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn.plotting.style import colour, dress, in_words, ink, is_sized_here, labelled, legend_below, marker, panels

History = Mapping[str, Sequence[float]]
_VALIDATION = "val_"
_LINES = {"training": "-", "validation": "--"}


class HistoryDisplay:
    """Learning curves of one or more networks.

    Create it with `from_estimator`, `from_histories` or `from_comparison`, which draw at once; `plot` draws again.

    Parameters
    ----------
    curves : dict of str to dict of str to ndarray of shape (n_runs, n_epochs)
        The values of each metric (such as "loss" or "val_accuracy") for each network; NaN after the end of a run that
        stopped earlier than others.
    test_scores : dict of str to array-like of shape (n_runs,), default=None
        For each network, the scores on data that no run has seen, drawn to the right of its curves. They, and not the
        curves of training data, show how good a network is.
    score_name : str, default="accuracy"
        The name of these scores. They are drawn if it is one of the metrics; the legend shows them in any case.

    Attributes
    ----------
    metrics : tuple of str
        The metrics without those of validation data, one plot for each: the loss, if there is one, and the others in
        the order of the curves.
    axes_ : ndarray of shape (n_metrics,), object
        The axes that were drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    lines_ : list of matplotlib Line2D
        The means.
    bands_ : list of matplotlib artist
        The bands of networks with several runs.
    test_scores_ : list of matplotlib Line2D
        The hollow symbols: mean test scores.

    See Also
    --------
    ComparisonDisplay : The scores.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skrnn.plotting import HistoryDisplay
    >>> runs = [{"loss": [2.0, 1.0, 0.5]}, {"loss": [1.8, 1.2]}]
    >>> display = HistoryDisplay.from_histories({"LSTM": runs, "GRU": {"loss": [1.7, 0.9, 0.6]}})
    >>> display.curves["LSTM"]["loss"]
    array([[2. , 1. , 0.5],
           [1.8, 1.2, nan]])
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        curves: Mapping[str, Mapping[str, np.ndarray]],
        test_scores: Mapping[str, Sequence[float] | np.ndarray] | None = None,
        score_name: str = "accuracy",
    ):
        self.curves = {name: dict(metrics) for name, metrics in curves.items()}
        self.test_scores = {name: np.asarray(scores, dtype=float) for name, scores in (test_scores or {}).items()}
        self.score_name = score_name

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics, each with its plot."""
        names = [name.removeprefix(_VALIDATION) for metrics in self.curves.values() for name in metrics]
        return tuple(sorted(dict.fromkeys(names), key=lambda name: name != "loss"))

    @classmethod
    def from_estimator(cls, estimator: Any, *, name: str | None = None, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the learning curves of a fitted classifier.

        Parameters
        ----------
        estimator : estimator
            One with ``history_``, a pipeline that ends in one, or a search whose ``best_estimator_`` is either.
        name : str, default=None
            For the legend; the class by default.
        ax : matplotlib Axes or array of them, default=None
            See `plot`.
        **kwargs : dict
            Other arguments of `plot`.

        Returns
        -------
        display : HistoryDisplay
        """
        check_is_fitted(estimator)
        while True:
            if isinstance(estimator, Pipeline):
                estimator = estimator[-1]
            elif hasattr(estimator, "best_estimator_"):
                estimator = estimator.best_estimator_
            else:
                break
        kind = type(estimator).__name__
        if not isinstance(getattr(estimator, "history_", None), Mapping):
            raise TypeError(f"{kind} has no learning curves: expected a classifier with a dict as its history_.")
        return cls.from_histories({kind if name is None else name: estimator.history_}, ax=ax, **kwargs)

    @classmethod
    def from_histories(
        cls, histories: Mapping[str, History | Sequence[History]], *, ax: Any = None, **kwargs: Any
    ) -> Self:
        """Draw learning curves.

        Parameters
        ----------
        histories : dict
            For each network its ``history_``, or a list of those of several runs.
        ax : matplotlib Axes or array of them, default=None
            See `plot`.
        **kwargs : dict
            Other arguments of `plot`.

        Returns
        -------
        display : HistoryDisplay
        """
        return cls(curves=stack_histories(histories)).plot(ax=ax, **kwargs)

    @classmethod
    def from_comparison(cls, comparison: Any, *, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the learning curves of a comparison, with its test scores.

        Parameters
        ----------
        comparison : ArchitectureComparison
            What :func:`~skrnn.model_selection.compare_architectures` returns.
        ax : matplotlib Axes or array of them, default=None
            See `plot`.
        **kwargs : dict
            Other arguments of `plot`.

        Returns
        -------
        display : HistoryDisplay
        """
        display = cls(
            curves=stack_histories(dict(zip(comparison.architectures, comparison.curves, strict=True))),
            test_scores=dict(zip(comparison.architectures, comparison.scores, strict=True)),
            score_name=comparison.scoring,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(
        self,
        *,
        ax: Any = None,
        n_columns: int | None = None,
        line_kw: Mapping[str, Any] | None = None,
        band_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the curves.

        The line is the mean over the runs that reached an epoch, the band one standard deviation to either side,
        clipped to the range of the runs. Curves of validation data are dashed. Hollow symbols on the right are mean
        test scores, with their standard deviation. The legend has one entry for each network, and one for each kind of
        line if there are both.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            One for each of `metrics`; the legend is in the last. By default the axes of a new pyplot figure, or of the
            empty `Figure` that is passed, with the legend below them.
        n_columns : int, default=None
            The number of plots in a row of the new figure: 1 puts them below each other. All in one row by default.
        line_kw : dict, default=None
            Arguments of `Axes.plot` for the curves.
        band_kw : dict, default=None
            Arguments of `Axes.fill_between` for the bands.

        Returns
        -------
        self : object
        """
        if not self.metrics:
            raise ValueError("There are no learning curves to draw.")
        axes = panels(ax, self.metrics, n_columns=n_columns, width=4.0, height=3.4)
        self.axes_, self.figure_ = axes, axes[0].figure
        self.lines_: list[Any] = []
        self.bands_: list[Any] = []
        self.test_scores_: list[Any] = []
        for metric, on in zip(self.metrics, axes, strict=True):
            self._plot_metric(metric, on, line_kw or {}, band_kw or {})
        if len({name.startswith(_VALIDATION) for curves in self.curves.values() for name in curves}) == 2:
            for part, line in _LINES.items():
                axes[-1].plot([], [], color=ink(), linestyle=line, label=part)
        if is_sized_here(ax):
            legend_below(self.figure_)
        else:
            axes[-1].legend(handles=labelled(axes))
        return self

    def _plot_metric(self, metric: str, ax: Any, line_kw: Mapping[str, Any], band_kw: Mapping[str, Any]) -> None:
        parts = {"training": metric, "validation": _VALIDATION + metric}
        shown = [part for part, key in parts.items() if any(key in curves for curves in self.curves.values())]
        for name, curves in self.curves.items():
            position = self._position(name)
            label: str | None = self._label(name)
            for part, key in parts.items():
                if key not in curves:
                    continue
                values = curves[key]
                epochs = np.arange(1, values.shape[1] + 1)
                mean, low, high = _mean_and_spread(values)
                look = {"color": colour(position), "linestyle": _LINES[part], "marker": marker(position)}
                # A few markers tell the networks apart in grey; a single epoch has nothing but its marker.
                every = -(-len(epochs) // 8)
                marks = {"markersize": 4.5, "markevery": (position % every, every)}
                self.lines_ += ax.plot(epochs, mean, **{"label": label, **look, **marks, **line_kw})
                label = None  # one entry for both parts
                if len(values) > 1:
                    band = {"color": colour(position), "alpha": 0.2, "linewidth": 0, **band_kw}
                    self.bands_.append(ax.fill_between(epochs, low, high, **band))
        n_epochs = max(values.shape[1] for curves in self.curves.values() for values in curves.values())
        ticks = _epochs_to_name(n_epochs)
        tested = [self.score_name] if self.test_scores else []
        if metric in tested:
            ticks |= self._plot_test_scores(ax, n_epochs)
        ax.set_xticks(list(ticks), list(ticks.values()))
        ax.set_xlabel("Epoch")
        of_one_part = len(shown) == 1 and metric not in tested
        ax.set_ylabel(f"{shown[0].capitalize()} {metric}" if of_one_part else metric.capitalize())
        dress(ax)

    def _position(self, name: str) -> int:
        """Return the place of a network among all that have scores or curves, which decides on its colour."""
        return list(dict.fromkeys([*self.test_scores, *self.curves])).index(name)

    def _label(self, name: str) -> str:
        """Return the legend entry of a network."""
        scores = self.test_scores.get(name, np.array([]))
        if not np.isfinite(scores).any():
            return name
        score = "" if any(self.score_name in curves for curves in self.curves.values()) else in_words(self.score_name)
        return f"{name} (test {f'{score} ' if score else ''}{np.nanmean(scores):.3f})"

    def _plot_test_scores(self, ax: Any, n_epochs: int) -> dict[float, str]:
        """Draw the scores in a strip to the right of the curves; return its tick."""
        step = 0.055 * max(n_epochs - 1, 1)
        start = n_epochs + 1.5 * step
        end = start + len(self.curves) * step
        ax.set_xlim(1 - (1 if n_epochs > 1 else 3) * step, end)
        ax.axvspan(start - step / 2, end - step / 2, color=ink(), alpha=0.06, linewidth=0, zorder=0)
        for position, name in enumerate(self.curves):
            scores = self.test_scores.get(name, np.array([]))
            if np.isfinite(scores).any():
                mean, low, high = _mean_and_spread(scores[:, None])
                place = self._position(name)
                hollow = {"marker": marker(place), "markersize": 6.5, "markerfacecolor": ax.get_facecolor()}
                bar = ax.errorbar(
                    [start + position * step], mean, [mean - low, high - mean], color=colour(place), **hollow
                )
                self.test_scores_.append(bar.lines[0])
        return {start + (len(self.curves) - 1) / 2 * step: "test"}


def _mean_and_spread(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the means of columns, and one standard deviation to either side, clipped to the range of the values.

    So an accuracy stays at or below 1, and a loss at or above 0.
    """
    mean, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    return mean, np.maximum(mean - spread, low), np.minimum(mean + spread, high)


def _epochs_to_name(n_epochs: int) -> dict[float, str]:
    """Return a few whole epochs to label on the axis, including the last."""
    from matplotlib.ticker import MaxNLocator

    places = MaxNLocator(nbins=7, integer=True).tick_values(1, n_epochs)
    gap = places[1] - places[0]
    return {place: f"{place:.0f}" for place in [*(p for p in places if 1 <= p <= n_epochs - gap / 2), n_epochs]}


def stack_histories(histories: Mapping[str, History | Sequence[History]]) -> dict[str, dict[str, np.ndarray]]:
    """Return histories as arrays of shape (n_runs, n_epochs), padded with NaN.

    Runs without a metric have no row in its array, and networks without a history are left out.
    """
    stacked: dict[str, dict[str, np.ndarray]] = {}
    for name, given in histories.items():
        runs: Sequence[History] = [given] if isinstance(given, Mapping) else given
        for metric in dict.fromkeys(metric for run in runs for metric in run):
            values = [run[metric] for run in runs if len(run.get(metric, ()))]
            if values:
                array = np.full((len(values), max(map(len, values))), np.nan)
                for row, curve in zip(array, values, strict=True):
                    row[: len(curve)] = curve
                stacked.setdefault(name, {})[metric] = array
    return stacked
