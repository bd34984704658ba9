"""Confusion matrices of several classifiers side by side, on one scale of colours."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.metrics import confusion_matrix

from skrnn.plotting.style import (
    check_classifiers,
    colour,
    in_lines,
    in_percent,
    ink,
    panels,
    shades,
)

_MOST_ANNOTATED = 20  # classes
_MOST_NAMED = 25  # classes
_LARGEST = 9  # points


class ConfusionMatricesDisplay:
    """Confusion matrices of several classifiers.

    Create it with `from_comparison`, which draws at once; `plot` draws again.

    Parameters
    ----------
    matrices : dict of str to array-like of shape (n_classes, n_classes)
        For each classifier, how many samples of each class (row) were predicted as each class (column).
    classes : array-like of shape (n_classes,)
        The names of the classes.
    baselines : sequence of str, default=()
        The names of the classifiers that are baselines. They do not affect the range of the colours.

    Attributes
    ----------
    axes_ : ndarray of shape (n_classifiers,), object
        The axes that were drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    images_ : list of matplotlib AxesImage
        The errors: shares of each class's samples. Zeros and the diagonal are masked.
    texts_ : list of ndarray of shape (n_classes, n_classes), object
        The annotations in percent; None where there is none.
    colorbar_ : matplotlib Colorbar
        The scale of all matrices.

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : A single matrix.
    HardestSamplesDisplay : The samples that are confused.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skrnn.plotting import ConfusionMatricesDisplay
    >>> matrices = {"LSTM": [[9, 1], [2, 8]], "GRU": [[10, 0], [1, 9]]}
    >>> display = ConfusionMatricesDisplay(matrices=matrices, classes=["cat", "dog"]).plot()
    >>> display.shares["LSTM"]
    array([[0.9, 0.1],
           [0.2, 0.8]])
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        matrices: Mapping[str, Sequence[Sequence[int]] | np.ndarray],
        classes: Sequence[Any] | np.ndarray,
        baselines: Sequence[str] = (),
    ):
        self.matrices = {name: np.asarray(matrix) for name, matrix in matrices.items()}
        self.classes = np.asarray(classes)
        self.baselines = tuple(baselines)

    @property
    def shares(self) -> dict[str, np.ndarray]:
        """The matrices with rows that sum to 1; NaN for a class without samples."""
        shares = {}
        for name, matrix in self.matrices.items():
            n_samples = matrix.sum(axis=1, keepdims=True)
            shares[name] = np.divide(matrix, n_samples, out=np.full(matrix.shape, np.nan), where=n_samples > 0)
        return shares

    @classmethod
    def from_comparison(cls, comparison: Any, *, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the confusion matrices of a comparison, over the tested rows of all splits.

        Parameters
        ----------
        comparison : ArchitectureComparison
            What :func:`~skrnn.model_selection.compare_architectures` returns. Architectures without predictions are
            left out.
        ax : matplotlib Axes or array of them, default=None
            See `plot`.
        **kwargs : dict
            Other arguments of `plot`.

        Returns
        -------
        display : ConfusionMatricesDisplay
        """
        if comparison.classes is None:
            raise ValueError("Confusion matrices need one class for each sample: here each has several labels.")
        matrices = confusion_matrices(comparison)
        baselines = [name for name in comparison.baselines if name in matrices]
        return cls(matrices=matrices, classes=comparison.classes, baselines=baselines).plot(ax=ax, **kwargs)

    def plot(
        self,
        *,
        ax: Any = None,
        n_columns: int | None = None,
        im_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw a matrix for each classifier.

        The colours show errors only: the diagonal has the colour of the background, so that it does not hide them. Up
        to 20 classes, each share is written into its cell in percent, except for errors that never happened.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            One for each classifier. By default the axes of a new pyplot figure, or of the empty
            `Figure` that is passed.
        n_columns : int, default=None
            The number of matrices in a row of the new figure: 1 puts them below each other. 3 by default.
        im_kw : dict, default=None
            Arguments of `Axes.imshow` for the matrices.
        text_kw : dict, default=None
            Arguments of `Axes.text` for the annotations.

        Returns
        -------
        self : object
        """
        from matplotlib.ticker import FuncFormatter

        self._check()
        n_columns = min(3, len(self.matrices)) if n_columns is None else n_columns
        axes = panels(ax, list(self.matrices), n_columns=n_columns, width=4.0, height=4.0)
        self.axes_, self.figure_ = axes, axes[0].figure
        self.images_: list[Any] = []
        self.texts_: list[np.ndarray] = []
        highest = self._highest_error()
        for (name, shares), on in zip(self.shares.items(), axes, strict=True):
            errors = np.ma.masked_where(np.eye(len(shares), dtype=bool) | ~(shares > 0), shares)
            look = {"cmap": shades(on, colour(1)), "vmin": 0, "vmax": highest, "interpolation": "nearest"}
            self.images_.append(on.imshow(errors, **{**look, **(im_kw or {})}))
            self.texts_.append(self._annotate(on, shares, text_kw or {}))
            on.set_title(in_lines(name, 30), fontsize=10)
            self._name_classes(on)
        over = any(image.get_array().max() > image.norm.vmax for image in self.images_ if image.get_array().count())
        percent = FuncFormatter(lambda share, _: f"{100 * share:.3g} %")
        self.colorbar_ = self.figure_.colorbar(
            self.images_[0], ax=list(axes), location="bottom", label="Errors: share of the true class", aspect=40,
            shrink=0.8, pad=0.02, extend="max" if over else "neither", format=percent,
        )  # fmt: skip
        self._fit_texts()
        return self

    def _check(self) -> None:
        if not self.matrices:
            raise ValueError("There are no predictions to draw confusion matrices of.")
        n_classes = len(self.classes)
        for name, matrix in self.matrices.items():
            if matrix.shape != (n_classes, n_classes):
                expected = (n_classes, n_classes)
                raise ValueError(f"The matrix of {name} must have shape {expected}. Got {matrix.shape} instead.")
        check_classifiers(self.matrices, self.baselines, {})

    def _highest_error(self) -> float:
        """Return the highest share of errors of any architecture that is not a baseline."""
        main = [name for name in self.matrices if name not in self.baselines] or list(self.matrices)
        off = ~np.eye(len(self.classes), dtype=bool)
        highest = np.nan_to_num([self.shares[name][off] for name in main]).max(initial=0)
        return float(highest) or 1.0

    def _annotate(self, ax: Any, shares: np.ndarray, text_kw: Mapping[str, Any]) -> np.ndarray:
        """Write the shares in percent, in a colour that can be read on the cell."""
        texts = np.full(shares.shape, None, dtype=object)
        if len(shares) > _MOST_ANNOTATED:
            return texts
        image = self.images_[-1]
        for row, column in zip(*np.nonzero(np.nan_to_num(shares)), strict=True):
            cell = ax.get_facecolor() if row == column else image.to_rgba(shares[row, column])
            look = {"ha": "center", "va": "center", "color": _contrast(cell), "in_layout": False}
            text = in_percent(shares[row, column]).removesuffix(" %").replace(">", "")  # three characters are too wide
            texts[row, column] = ax.text(column, row, text, **{**look, **text_kw})
        return texts

    def _name_classes(self, ax: Any) -> None:
        places = np.arange(0, len(self.classes), -(-len(self.classes) // _MOST_NAMED))
        names = [name if len(name) <= 14 else f"{name[:13]}…" for name in map(str, self.classes[places])]
        ax.set_xticks(places, names)
        ax.set_yticks(places, names)
        ax.set_xlabel("Predicted")
        ax.set_ylabel("True")
        ax.tick_params(length=0, labelsize=_LARGEST)
        ax.spines[:].set_color(ink())
        ax.spines[:].set_alpha(0.3)

    def _fit_texts(self) -> None:
        """Give all texts the size that fits into a cell, and turn names that are wider than it."""
        n_classes = len(self.classes)
        longest = max(len(label.get_text()) for label in self.axes_[0].get_xticklabels())
        every = -(-n_classes // _MOST_NAMED)
        for _ in range(2):  # smaller names leave more room for the cells
            self.figure_.draw_without_rendering()
            for ax, texts in zip(self.axes_, self.texts_, strict=True):
                cell = ax.get_window_extent().width / self.figure_.dpi * 72 / n_classes  # in points
                turned = 0.65 * (longest + 1) * _LARGEST > cell * every
                ax.tick_params(axis="x", rotation=90 if turned else 0)
                ax.tick_params(labelsize=min(_LARGEST, 0.85 * cell * every))
                for text in filter(None, texts.ravel()):
                    text.set_fontsize(min(_LARGEST, 0.6 * cell))


def confusion_matrices(comparison: Any) -> dict[str, np.ndarray]:
    """Return the confusion matrix of each architecture with predictions, over the tested rows of all splits."""
    labels = np.arange(len(comparison.classes))
    matrices = {}
    for name, predicted in zip(comparison.architectures, comparison.predicted, strict=True):
        tested = [
            (comparison.y_true[rows], found)
            for rows, found in zip(comparison.test_rows, predicted, strict=True)
            if found is not None
        ]
        if tested:
            true, found = (np.concatenate(parts) for parts in zip(*tested, strict=True))
            matrices[name] = confusion_matrix(true, found, labels=labels)
    return matrices


def _contrast(background: Any) -> str:
    """Return black or white, whichever can be read on a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(background)
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
