"""The style of all figures: colours, markers, panels, titles and axes. Right on light and dark paper, and in grey."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# M. Okabe and K. Ito, "Color Universal Design" (2008): distinguishable with any kind of colour vision. Their black and
# yellow would vanish on dark and on light paper.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#888888", "#A6761D")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
FAINT = "0.72"
MINUS = "\N{MINUS SIGN}"
SMALL = 8  # points: the smallest text, still legible at the width of a phone
_CHARACTERS_PER_INCH = 14


def colour(position: int) -> str:
    """Return the colour for this position, the same in every plot."""
    return _COLOURS[position % len(_COLOURS)]


def marker(position: int) -> str:
    """Return the marker for this position, which tells it apart in grey."""
    return _MARKERS[position % len(_MARKERS)]


def ink() -> str:
    """Return the colour of text in the current style of Matplotlib."""
    import matplotlib

    return matplotlib.rcParams["text.color"]


def shades(ax: Any, to: str) -> Any:
    """Return a colour map from what is just visible on the background of these axes to a colour."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    start = 0.85 * np.array(to_rgb(ax.get_facecolor())) + 0.15 * np.array(to_rgb(to))
    return LinearSegmentedColormap.from_list("", [tuple(start), to])


def panels(ax: Any, names: Sequence[str], *, n_columns: int | None, width: float, height: float) -> np.ndarray:
    """Return one axes for each name.

    Parameters
    ----------
    ax : matplotlib Axes or array of them, or a Figure, default=None
        The axes to use, or an empty figure that gets them and the size that suits them. None creates a new figure of
        pyplot, as scikit-learn's displays do.
    names : sequence of str
        The panels.
    n_columns : int, default=None
        The number of panels in a row of a new figure. None puts all in one row.
    width, height : float
        The size of a panel of a new figure in inches.

    Returns
    -------
    axes : ndarray of shape (n_panels,), object
    """
    if not is_sized_here(ax):
        axes = np.asarray(ax, dtype=object).ravel()
        if len(axes) != len(names):
            raise ValueError(f"ax must be one axes for each of {', '.join(names)}. Got {len(axes)} instead.")
        return axes
    if n_columns is not None and n_columns < 1:
        raise ValueError(f"n_columns must be 1 or more, or None for a single row. Got {n_columns} instead.")
    if ax is None:
        import matplotlib.pyplot as plt

        figure = plt.figure(layout=_layout())
    else:
        figure = ax
    n_columns = min(n_columns or len(names), len(names))
    n_rows = -(-len(names) // n_columns)
    if figure.axes:
        raise ValueError("ax must be axes, or a figure without any. Got a figure that has axes instead.")
    n_lines = _wrap_title(figure, width * n_columns)
    figure.set_size_inches(width * n_columns, height * n_rows + 0.18 * n_lines)
    grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for left_over in grid[len(names) :]:
        figure.delaxes(left_over)
    return grid[: len(names)]


def _layout() -> Any:
    """Return the layout of a new figure. With less than 0.07 inches of margin, texts of several lines are cut."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.07)


def _wrap_title(figure: Any, width: float) -> int:
    """Break the title of a figure, and the remark below it, for a figure of this width; return the number of lines."""
    n_characters = int(_CHARACTERS_PER_INCH * width)
    given = figure.get_suptitle().splitlines()
    if not any(len(line) > n_characters for line in given):
        return len(given)
    lines = [*wrap(given[0], n_characters), *wrap(" ".join(given[1:]), n_characters)]
    next(text for text in figure.texts if text.get_text() == figure.get_suptitle()).set_text("\n".join(lines))
    return len(lines)


def is_sized_here(ax: Any) -> bool:
    """Return whether a display chooses the size of its figure, and may put a legend outside the axes."""
    from matplotlib.figure import Figure

    return ax is None or isinstance(ax, Figure)


def check_classifiers(names: Iterable[str], baselines: Iterable[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Raise a ValueError unless the baselines are among the names, and each array has one value for each name."""
    names = list(names)
    if unknown := [name for name in baselines if name not in names]:
        raise ValueError(f"baselines must be among {', '.join(names)}. Got {', '.join(unknown)} instead.")
    for label, values in arrays.items():
        if values.shape != (len(names),):
            raise ValueError(f"{label} must have shape ({len(names)},). Got {values.shape} instead.")


def main_range(values: Sequence[np.ndarray], is_baseline: np.ndarray) -> tuple[float, float]:
    """Return the range of scores to draw: the range of all scores except baselines far from the others.

    A dummy at 0.1 would press the networks at 0.97 and 0.98 together.
    """
    finite = [np.asarray(some, dtype=float)[np.isfinite(some)] for some in values]
    main = [some for some, apart in zip(finite, is_baseline, strict=True) if len(some) and not apart]
    if not main:
        main = [some for some in finite if len(some)] or [np.zeros(1)]
    low, high = min(some.min() for some in main), max(some.max() for some in main)
    reach = 2 * max(high - low, 0.02 * abs(high), 1e-6)
    near = [some for some in finite if len(some) and some.min() >= low - reach and some.max() <= high + reach] or main
    return float(min(some.min() for some in near)), float(max(some.max() for some in near))


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

    figure = Figure(figsize=(width, height), layout=_layout())
    lines = [title, *wrap(remark, int(_CHARACTERS_PER_INCH * width))]
    figure.suptitle("\n".join(lines), x=0.01, horizontalalignment="left", fontsize=10)
    return figure


def dress(ax: Any, *, grid: str = "both") -> None:
    """Give axes the common look: a faint grid, and no frame at the top and on the right."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, alpha=0.3)
    ax.set_axisbelow(True)


def labelled(axes: Iterable[Any]) -> list[Any]:
    """Return what has a label in these axes, each label once."""
    found: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values())


def legend_below(figure: "Figure", handles: Any = None) -> None:
    """Draw one legend below all plots of a figure; by default, with every label of the plots once."""
    if handles is None:
        handles = labelled(figure.axes)
    for ax in figure.axes:
        if (legend := ax.get_legend()) is not None:
            legend.remove()
    longest = max(len(line) for handle in handles for line in handle.get_label().split("\n"))
    n_columns = max(1, int(_CHARACTERS_PER_INCH * figure.get_figwidth()) // (longest + 8))
    figure.legend(handles=handles, loc="outside lower center", ncols=n_columns, frameon=False)
    n_rows = -(-len(handles) // n_columns)
    n_lines = max(len(handle.get_label().split("\n")) for handle in handles)
    # The height that a legend of one line leaves to the plots does not depend on the number of entries.
    figure.set_figheight(figure.get_figheight() + n_rows * (0.06 + 0.15 * n_lines) - 0.21)


def in_words(metric: str) -> str:
    """Return the name of a metric or a scorer as it is written in a sentence."""
    return metric.replace("_", " ")


def in_lines(name: str, width: int) -> str:
    """Break a long name at its spaces and underscores."""
    return "\n".join(wrap(name.replace("_", "_ "), width)).replace("_ ", "_")


def in_percent(probability: float) -> str:
    """Return a probability in percent, without calling one certain that is not."""
    if 0 < probability < 0.01:
        return "<1 %"
    if 0.99 < probability < 1:
        return ">99 %"
    return f"{100 * probability:.0f} %"
