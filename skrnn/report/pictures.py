"""The pictures of a report: each figure as images within the page, for light and dark, wide and narrow screens."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from skrnn.plotting import ConfusionMatricesDisplay, HardestSamplesDisplay
from skrnn.plotting.comparison_figures import comparison_figures
from skrnn.plotting.style import new_figure
from skrnn.report.descriptions import describe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The colours of the page; template.html has the same.
PAPER = {"light": "#ffffff", "dark": "#15181d"}
_INK = {"light": "#1c2126", "dark": "#e4e7eb"}
_PIXELS_PER_INCH = 110
_LARGE = 180_000  # bytes: twenty images stay below 5 MB
_DPI, _MOST_PIXELS, _COLOURS = 200, 30_000, 128  # of images of pixels


@dataclass(frozen=True)
class Image:
    """One rendering of a figure.

    Attributes
    ----------
    uri : str
        The image itself, as a data URI.
    width, height : int
        Its size on the screen in pixels.
    """

    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class Picture:
    """A figure in all its renderings, with what is written below it.

    Attributes
    ----------
    name : str
        Such as "scores".
    title, remark : str
        What it shows, and how to read it.
    alt : str
        The main finding in words.
    images : dict of (str, str) to Image
        By ("light" or "dark", "wide" or "narrow"). Narrow ones that would be the same as the wide ones are left out.
    """

    name: str
    title: str
    remark: str
    alt: str
    images: dict[tuple[str, str], Image]


def pictures(comparison: Any, X: Any = None) -> dict[str, Picture]:
    """Draw every figure that there are values for.

    Parameters
    ----------
    comparison : ArchitectureComparison
    X : array-like of shape (n_samples, ...), sequence of str, or None
        The samples that were tested; the hardest of them are drawn.

    Returns
    -------
    pictures : dict of str to Picture
    """
    from matplotlib import rc_context

    texts: dict[str, tuple[str, str]] = {}
    images: dict[str, dict[tuple[str, str], Image]] = {}
    for scheme in PAPER:
        with rc_context(_style(scheme)):
            for form in ("wide", "narrow"):
                for name, figure in _figures(comparison, X, is_narrow=form == "narrow"):
                    title, *remark = figure.get_suptitle().split("\n")
                    texts[name] = title, " ".join(remark)
                    figure.suptitle("").set_in_layout(False)  # it is text of the page
                    found = images.setdefault(name, {})
                    if form == "wide" or figure.get_figwidth() * _PIXELS_PER_INCH < found[scheme, "wide"].width:
                        found[scheme, form] = _image(figure)
    return {name: Picture(name, *texts[name], describe(name, comparison), found) for name, found in images.items()}


def _figures(comparison: Any, X: Any, *, is_narrow: bool) -> "Iterator[tuple[str, Figure]]":
    yield from comparison_figures(comparison, n_columns=1 if is_narrow else None).items()
    has_predictions = any(found is not None for of_splits in comparison.predicted for found in of_splits)
    if comparison.classes is None or not has_predictions:
        return
    figure = new_figure("Confusion matrices", "Of each true class (row), the percentage predicted as each class.")
    ConfusionMatricesDisplay.from_comparison(comparison, ax=figure, n_columns=1 if is_narrow else None)
    yield "confusion", figure
    predicted = [
        (found, chances)
        for name, *of_splits in zip(
            comparison.architectures, comparison.predicted, comparison.probabilities, strict=True
        )
        if name not in comparison.baselines
        for found, chances in zip(*of_splits, strict=True)
        if found is not None
    ]
    if X is not None and predicted and (columns := _hardest_columns(X)) is not None:
        has_chances = all(chances is not None for _, chances in predicted)
        measure = "lowest mean probability of the true class" if has_chances else "most wrong predictions"
        figure = new_figure("The hardest samples", f"For the networks, those with the {measure}.")
        HardestSamplesDisplay.from_comparison(comparison, X, ax=figure, n_columns=columns if is_narrow else None)
        yield "hardest", figure


def _hardest_columns(X: Any) -> int | None:
    """Return how many samples fit side by side on a phone; None for samples that cannot be drawn."""
    first = X.iloc[0] if hasattr(X, "iloc") else X[0]
    if isinstance(first, str):
        return 1
    try:
        array = np.asarray(first)
    except ValueError:  # ragged
        return None
    return 2 if array.dtype.kind in "fiub" and 1 <= array.ndim <= 3 else None


def _style(scheme: str) -> dict[Any, Any]:
    paper, ink = PAPER[scheme], _INK[scheme]
    of_ink = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    of_paper = ("figure.facecolor", "axes.facecolor", "legend.facecolor")
    style = dict.fromkeys(of_ink, ink) | dict.fromkeys(of_paper, paper)
    return style | {"grid.color": "#8a929b", "svg.fonttype": "path", "svg.hashsalt": "skrnn"}


def _image(figure: "Figure") -> Image:
    """Return an image of lines, or one of pixels if that has very many lines and is larger."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # it is laid out, once
    width, height = figure.get_size_inches()
    kind, content = "svg+xml", _shortened(_saved(figure, "svg", metadata={"Date": None}))
    if len(content) > _LARGE:
        pixels = _with_few_colours(_saved(figure, "png", dpi=min(_DPI, _MOST_PIXELS / max(width, height))))
        if len(pixels) < len(content):
            kind, content = "png", pixels
    uri = f"data:image/{kind};base64,{b64encode(content).decode()}"
    return Image(uri, round(width * _PIXELS_PER_INCH), round(height * _PIXELS_PER_INCH))


def _saved(figure: "Figure", kind: str, **kwargs: Any) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format=kind, **kwargs)
    return buffer.getvalue()


def _with_few_colours(png: bytes) -> bytes:
    """Return the image with a palette: a third of the size, and no difference to see in a figure."""
    from PIL import Image as pil  # Matplotlib's own writer of PNG

    buffer = BytesIO()
    pil.open(BytesIO(png)).convert("RGB").quantize(_COLOURS).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _shortened(svg: bytes) -> bytes:
    """Leave out what nobody can see: decimals beyond a tenth of a pixel, and the letter of repeated commands."""
    return re.sub(rb'(?<= d=")[^"]*', lambda path: _shorter_path(path[0]), svg)


def _shorter_path(path: bytes) -> bytes:
    def rounded(found: re.Match[bytes]) -> bytes:
        value = float(found[0])
        return b"%g" % round(value, 1 if abs(value) >= 100 else 2)

    lines = re.sub(rb"-?\d+\.\d+", rounded, path).split(b"\n")
    short = lines[:1]
    for before, line in pairwise(lines):
        is_repeated = line[:2] == b"L " and before[:2] in (b"M ", b"L ")
        short.append(line[2:] if is_repeated else line)
    return b"\n".join(short)
