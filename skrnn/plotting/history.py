"""Learning curves: one colour for each network, the mean of its runs with a band."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn.plotting.style import colour, new_axes

History = Mapping[str, Sequence[float]]
_VALIDATION = "val_"


class HistoryDisplay:
    """Learning curves.

    Make it with `from_estimator` or `from_histories`, which draw at once; `plot` draws again.

    Parameters
    ----------
    curves : dict of str to dict of str to ndarray of shape (n_runs, n_epochs)
        For each network, for each metric (such as "loss" or "val_accuracy"), the values; NaN after a run that stopped
        earlier than others.

    Attributes
    ----------
    metrics : tuple of str
        The metrics without those of validation data, one plot for each: the loss, if there is one, and the others in
        their first order.
    axes_ : ndarray of shape (n_metrics,), object
        Where it was drawn.
    figure_ : matplotlib Figure
        Where the axes are.
    lines_ : list of matplotlib Line2D
        The means.
    bands_ : list of matplotlib artist
        The bands, of the networks with several runs.

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

    def __init__(self, *, curves: Mapping[str, Mapping[str, np.ndarray]]):
        self.curves = {name: dict(metrics) for name, metrics in curves.items()}

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics, each with its plot."""
        names = [name.removeprefix(_VALIDATION) for metrics in self.curves.values() for name in metrics]
        return tuple(sorted(dict.fromkeys(names), key=lambda name: name != "loss"))

    @classmethod
    def from_estimator(cls, estimator: Any, *, name: str | None = None, ax: Any = None) -> Self:
        """Draw the learning curves of a fitted classifier.

        Parameters
        ----------
        estimator : estimator
            One with ``history_``, a pipeline that ends in one, or a search whose ``best_estimator_`` is either.
        name : str, default=None
            For the legend; the class by default.
        ax : matplotlib Axes or array of them, default=None
            See `plot`.

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
        return cls.from_histories({kind if name is None else name: estimator.history_}, ax=ax)

    @classmethod
    def from_histories(cls, histories: Mapping[str, History | Sequence[History]], *, ax: Any = None) -> Self:
        """Draw learning curves.

        Parameters
        ----------
        histories : dict
            For each network its ``history_``, or a list of those of several runs.
        ax : matplotlib Axes or array of them, default=None
            See `plot`.

        Returns
        -------
        display : HistoryDisplay
        """
        return cls(curves=stack_histories(histories)).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw.

        The line is the mean over the runs that reached an epoch, the band one standard deviation to either side. Curves
        of validation data are dashed.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            One for each of `metrics`. By default those of a new figure of pyplot.

        Returns
        -------
        self : object
        """
        if not self.metrics:
            raise ValueError("There are no learning curves to draw.")
        axes = np.atleast_1d(np.asarray(new_axes(len(self.metrics), 5) if ax is None else ax, dtype=object)).ravel()
        if len(axes) != len(self.metrics):
            raise ValueError(f"ax must be one axes for each of {', '.join(self.metrics)}. Got {len(axes)} instead.")
        self.axes_, self.figure_ = axes, axes[0].figure
        self.lines_: list[Any] = []
        self.bands_: list[Any] = []
        for metric, on in zip(self.metrics, axes, strict=True):
            self._plot_metric(metric, on)
        return self

    def _plot_metric(self, metric: str, ax: Any) -> None:
        from matplotlib.ticker import MaxNLocator

        parts = {"training": metric, "validation": _VALIDATION + metric}
        shown = [part for part, key in parts.items() if any(key in curves for curves in self.curves.values())]
        for position, (name, curves) in enumerate(self.curves.items()):
            for part, key in parts.items():
                if key not in curves:
                    continue
                values = curves[key]
                epochs = np.arange(1, values.shape[1] + 1)
                mean = np.nanmean(values, axis=0)
                self.lines_ += ax.plot(
                    epochs,
                    mean,
                    color=colour(position),
                    linestyle="-" if part == "training" else "--",
                    marker="." if len(epochs) <= 10 else None,  # a single epoch makes no line
                    label=name if len(shown) == 1 else f"{name}, {part}",
                )
                if len(values) > 1:
                    spread = np.nanstd(values, axis=0)
                    self.bands_.append(
                        ax.fill_between(
                            epochs, mean - spread, mean + spread, color=colour(position), alpha=0.2, linewidth=0
                        )
                    )
        ax.set_xlabel("Epoch")
        ax.set_ylabel(metric.capitalize() if len(shown) == 2 else f"{shown[0].capitalize()} {metric}")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(alpha=0.3)
        ax.legend()


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
