"""The style of all figures: colours, titles and axes."""

from textwrap import wrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# M. Okabe and K. Ito, "Color Universal Design" (2008): distinguishable with any kind of colour vision.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# A score on test data, as opposed to one from training.
TEST_SCORE = {"marker": "D", "markersize": 6.5, "markerfacecolor": "white"}
FAINT = "0.72"
_CHARACTERS_PER_INCH = 14


def colour(position: int) -> str:
    """Return the colour for this position, the same in every plot."""
    return _COLOURS[position % len(_COLOURS)]


def new_axes(n_columns: int, width: float) -> Any:
    """Return axes side by side in a new figure of pyplot, as scikit-learn's displays do; an array of several."""
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, n_columns, figsize=(width * n_columns, 4), layout="constrained")
    return axes


def new_figure(title: str, remark: str = "", *, width: float = 8.0, height: float = 4.5) -> "Figure":
    """Return a figure for a file, which does not belong to pyplot.

    Parameters
    ----------
    title : str
        What the figure shows.
    remark : str, default=""
        The amount of data, and how to read the figure.
    width, height : float
        In inches.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    lines = [title, *wrap(remark, int(_CHARACTERS_PER_INCH * width))]
    figure.suptitle("\n".join(lines), x=0.01, horizontalalignment="left", fontsize=10)
    return figure


def dress(ax: Any, *, grid: str = "both") -> None:
    """Give axes the common look: a faint grid, and no frame at the top and on the right."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, alpha=0.3)
    ax.set_axisbelow(True)


def legend_below(figure: "Figure", handles: Any = None) -> None:
    """Draw one legend below all plots of a figure; by default, the legend of the last plot."""
    handles = figure.axes[-1].get_legend_handles_labels()[0] if handles is None else handles
    for ax in figure.axes:
        if (legend := ax.get_legend()) is not None:
            legend.remove()
    longest = max(len(handle.get_label()) for handle in handles)
    n_columns = max(1, int(_CHARACTERS_PER_INCH * figure.get_figwidth()) // (longest + 8))
    figure.legend(handles=handles, loc="outside lower center", ncols=n_columns, frameon=False)


def in_words(metric: str) -> str:
    """Return the name of a metric or a scorer as it is written in a sentence."""
    return metric.replace("_", " ")


def in_lines(name: str, width: int) -> str:
    """Break a long name at its spaces and underscores."""
    return "\n".join(wrap(name.replace("_", "_ "), width)).replace("_ ", "_")
