"""The samples that the classifiers of a comparison find hardest, as images, lines or texts."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any, Literal, NamedTuple, Self

import numpy as np

from skrnn.plotting.style import FAINT, SMALL, colour, in_percent, ink, panels
from skrnn.preprocessing.byte_scale import scaled_floats

Kind = Literal["image", "sequence", "text"]
_SIZES = {"image": (1.5, 1.9), "sequence": (2.0, 1.9), "text": (3.6, 1.9)}  # of a panel, in inches
_COLUMNS = {"image": 4, "sequence": 4, "text": 2}
_CHARACTERS_PER_INCH = 14
_LINES_OF_TEXT = 8
_STYLES = ("-", "--", ":", "-.")


class HardestSamplesDisplay:
    """The samples that several classifiers find hardest.

    Create it with `from_comparison`, which draws at once; `plot` draws again.

    Parameters
    ----------
    samples : sequence of array-like or str
        Images of shape (height, width) or (height, width, n_channels), sequences of shape (n_timesteps,) or
        (n_timesteps, n_features), or texts.
    true : array-like of shape (n_samples,)
        The true class of each.
    predicted : array-like of shape (n_samples,)
        The class that was predicted most often.
    probability : array-like of shape (n_samples,), default=None
        The mean predicted probability of the true class.
    error_rate : array-like of shape (n_samples,), default=None
        The share of wrong predictions. It is written below samples without a probability.
    rows : array-like of shape (n_samples,), default=None
        The places of the samples in the data.
    kind : {"image", "sequence", "text"}, default=None
        What the samples are. By default texts are drawn as such, arrays with 1, 3 or 4 channels in a third dimension as
        images, and those of two dimensions as images if they look like one: at least 8 x 8, no side more than twice the
        other, and no value below 0.

    Attributes
    ----------
    axes_ : ndarray of shape (n_samples,), object
        The axes that were drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    artists_ : list of list of matplotlib artist
        The image, the lines or the text of each sample.
    captions_ : list of matplotlib Text
        The captions.

    See Also
    --------
    ConfusionMatricesDisplay : Which classes are confused.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skrnn.datasets import load_digits
    >>> from skrnn.plotting import HardestSamplesDisplay
    >>> digits = load_digits()
    >>> display = HardestSamplesDisplay(
    ...     samples=digits.images[:2], true=digits.target[:2], predicted=[6, 1], probability=[0.03, 0.12], rows=[0, 1]
    ... ).plot()
    >>> print(display.captions_[0].get_text())
    0, predicted 6
    P(0): 3 %
    row 0
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        samples: Sequence[Any] | np.ndarray,
        true: Sequence[Any] | np.ndarray,
        predicted: Sequence[Any] | np.ndarray,
        probability: Sequence[float] | np.ndarray | None = None,
        error_rate: Sequence[float] | np.ndarray | None = None,
        rows: Sequence[int] | np.ndarray | None = None,
        kind: Kind | None = None,
    ):
        self.samples = [sample if isinstance(sample, str) else scaled_floats(sample) for sample in samples]
        self.true = np.asarray(true)
        self.predicted = np.asarray(predicted)
        self.probability = None if probability is None else np.asarray(probability, dtype=float)
        self.error_rate = None if error_rate is None else np.asarray(error_rate, dtype=float)
        self.rows = None if rows is None else np.asarray(rows)
        self.kind = kind

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        X: Any,
        *,
        n_samples: int = 8,
        kind: Kind | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the samples with the lowest mean probability of the true class.

        The mean is over all networks and repeats; baselines do not count. If a network predicts no probabilities, the
        samples are those with the highest share of wrong predictions.

        Parameters
        ----------
        comparison : ArchitectureComparison
            What :func:`~skrnn.model_selection.compare_architectures` returns.
        X : array-like of shape (n_samples, ...), or sequence of str
            The data that it was tested on: its `X`, or its `X_test`. It may be in another form, such as images instead
            of flat rows.
        n_samples : int, default=8
            How many samples to draw. Fewer if fewer were tested.
        kind : {"image", "sequence", "text"}, default=None
            What the samples are; see the class.
        ax : matplotlib Axes or array of them, default=None
            See `plot`.
        **kwargs : dict
            Other arguments of `plot`.

        Returns
        -------
        display : HardestSamplesDisplay
        """
        if comparison.classes is None:
            raise ValueError("The hardest samples need one class for each sample: here each has several labels.")
        if n_samples < 1:
            raise ValueError(f"n_samples must be 1 or more. Got {n_samples} instead.")
        n_rows = len(comparison.y_true)
        X = X.to_numpy() if hasattr(X, "to_numpy") else X  # of any data frame
        if (found := len(X)) != n_rows:
            name = "X_test" if comparison.fixed_test else "X"
            raise ValueError(f"X must be the {name} of the comparison, with {n_rows} samples. Got {found} instead.")
        counts = _count(comparison)
        hardest = np.argsort(-counts.hardness, kind="stable")[:n_samples]  # NaN last
        hardest = hardest[np.isfinite(counts.hardness[hardest])]
        if not len(hardest):
            raise ValueError("There are no predictions to find the hardest samples by.")
        display = cls(
            samples=[X[row] for row in hardest],
            true=comparison.classes[comparison.y_true[hardest]],
            predicted=comparison.classes[counts.votes[hardest].argmax(axis=1)],
            probability=None if counts.probability is None else counts.probability[hardest],
            error_rate=counts.error_rate[hardest],
            rows=hardest,
            kind=kind,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(
        self,
        *,
        ax: Any = None,
        n_columns: int | None = None,
        im_kw: dict[str, Any] | None = None,
        line_kw: dict[str, Any] | None = None,
        text_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw each sample with its caption.

        The caption contains the true class, the class that was predicted most often, and the mean probability of the
        true class, or else the share of wrong predictions. All images have the same scale of greys, and all sequences
        the same vertical axis.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            One for each sample. By default the axes of a new pyplot figure, or of the empty
            `Figure` that is passed.
        n_columns : int, default=None
            The number of samples in a row of the new figure. By default 4, or 2 for texts.
        im_kw : dict, default=None
            Arguments of `Axes.imshow` for images.
        line_kw : dict, default=None
            Arguments of `Axes.plot` for sequences.
        text_kw : dict, default=None
            Arguments of `Axes.text` for texts.

        Returns
        -------
        self : object
        """
        self._check()
        kind = self._kind()
        n_columns = _COLUMNS[kind] if n_columns is None else n_columns
        width, height = _SIZES[kind]
        names = [f"sample {number}" for number in range(len(self.samples))]
        axes = panels(ax, names, n_columns=n_columns, width=width, height=height)
        self.axes_, self.figure_ = axes, axes[0].figure
        self.artists_: list[list[Any]] = []
        self.captions_: list[Any] = []
        draw = {"image": self._draw_images, "sequence": self._draw_sequences, "text": self._draw_texts}[kind]
        draw({"image": im_kw, "sequence": line_kw, "text": text_kw}[kind] or {})
        for number, on in enumerate(axes):
            caption = self._caption(number, self._n_characters(on))
            self.captions_.append(on.set_title(caption, fontsize=SMALL, linespacing=1.1))
        return self

    def _check(self) -> None:
        if not self.samples:
            raise ValueError("There are no samples to draw.")
        for name in ("true", "predicted", "probability", "error_rate", "rows"):
            values, expected = getattr(self, name), (len(self.samples),)
            if values is not None and values.shape != expected:
                raise ValueError(f"{name} must have shape {expected}, one for each sample. Got {values.shape} instead.")

    def _kind(self) -> Kind:
        if self.kind is not None:
            if self.kind not in _SIZES:
                raise ValueError(f"kind must be one of {', '.join(_SIZES)}, or None. Got {self.kind!r} instead.")
            return self.kind
        if all(isinstance(sample, str) for sample in self.samples):
            return "text"
        arrays = [np.asarray(sample) for sample in self.samples]
        return "image" if all(map(_is_image, arrays)) else "sequence"

    def _caption(self, number: int, across: int) -> str:
        true, predicted = self.true[number], self.predicted[number]
        # Short class names fit on one line, long ones need a line each.
        said = f"{true}, predicted {predicted}"
        lines = [said] if len(said) <= across else [str(true), f"predicted {predicted}"]
        if self.probability is not None:
            name = f"P({true})" if len(str(true)) <= 8 else "P(true class)"
            lines.append(f"{name}: {in_percent(self.probability[number])}")
        elif self.error_rate is not None:
            lines.append(f"wrong: {in_percent(self.error_rate[number])}")
        if self.rows is not None:
            lines.append(f"row {self.rows[number]}")
        return "\n".join(part for line in lines for part in wrap(line, max(across, 8), max_lines=2, placeholder="…"))

    def _n_characters(self, ax: Any) -> int:
        """Return about how many characters fit into the width of a panel, of which axes take four fifths."""
        width = ax.get_position().width * self.figure_.get_figwidth() / 0.8
        return max(10, int(_CHARACTERS_PER_INCH * width))

    def _draw_images(self, kw: dict[str, Any]) -> None:
        images = [np.asarray(sample) for sample in self.samples]
        low, high = min(np.nanmin(image) for image in images), max(np.nanmax(image) for image in images)
        look = {"cmap": "gray", "vmin": low, "vmax": high, "interpolation": "nearest", **kw}
        for image, ax in zip(images, self.axes_, strict=True):
            self.artists_.append([ax.imshow(image.squeeze(), **look)])
            ax.set_axis_off()

    def _draw_sequences(self, kw: dict[str, Any]) -> None:
        sequences = [np.asarray(sample, dtype=float) for sample in self.samples]
        values = np.concatenate([sequence.ravel() for sequence in sequences])
        low, high = np.nanmin(values), np.nanmax(values)
        margin = 0.05 * (high - low) or 0.5
        for sequence, ax in zip(sequences, self.axes_, strict=True):
            channels = sequence.reshape(len(sequence), -1).T
            lines = []
            for position, channel in enumerate(channels):
                look = {"color": colour(position) if len(channels) > 1 else ink(), "linewidth": 1}
                look |= {"linestyle": _STYLES[position % len(_STYLES)], **kw}
                lines += ax.plot(np.arange(len(channel)), channel, **look)
            self.artists_.append(lines)
            ax.set_ylim(low - margin, high + margin)
            ax.tick_params(labelsize=SMALL)
            ax.spines[["top", "right"]].set_visible(False)

    def _draw_texts(self, kw: dict[str, Any]) -> None:
        for sample, ax in zip(self.samples, self.axes_, strict=True):
            lines = wrap(" ".join(str(sample).split()), self._n_characters(ax))
            if len(lines) > _LINES_OF_TEXT:
                lines = [*lines[: _LINES_OF_TEXT - 1], f"{lines[_LINES_OF_TEXT - 1][:-1]}…"]
            look = {"va": "top", "fontsize": SMALL, "linespacing": 1.2, "transform": ax.transAxes, "clip_on": True}
            self.artists_.append([ax.text(0.02, 0.96, "\n".join(lines), **{**look, **kw})])
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_color(FAINT)


class _Counts(NamedTuple):
    """What all networks and repeats predicted for each row; NaN for one that was never tested."""

    votes: np.ndarray  # (n_rows, n_classes)
    error_rate: np.ndarray
    probability: np.ndarray | None

    @property
    def hardness(self) -> np.ndarray:
        """The higher, the harder."""
        return self.error_rate if self.probability is None else -self.probability


def _count(comparison: Any) -> _Counts:
    y_true, n_classes = comparison.y_true, len(comparison.classes)
    votes = np.zeros((len(y_true), n_classes))
    total = np.zeros(len(y_true))
    complete = True
    for name, predicted, probabilities in zip(
        comparison.architectures, comparison.predicted, comparison.probabilities, strict=True
    ):
        if name in comparison.baselines:
            continue
        for rows, found, chances in zip(comparison.test_rows, predicted, probabilities, strict=True):
            if found is None:
                continue
            np.add.at(votes, (rows, found), 1)
            if chances is None:
                complete = False
            else:
                np.add.at(total, rows, chances[np.arange(len(rows)), y_true[rows]])
    n_tests = votes.sum(axis=1)
    n_tests[n_tests == 0] = np.nan
    error_rate = 1 - votes[np.arange(len(y_true)), y_true] / n_tests
    return _Counts(votes, error_rate, total / n_tests if complete else None)


def _is_image(sample: np.ndarray) -> bool:
    """Return whether an array looks like an image rather than a sequence."""
    if sample.ndim == 3:
        return sample.shape[-1] in (1, 3, 4)
    if sample.ndim != 2 or sample.dtype == object or min(sample.shape) < 8:
        return False
    return max(sample.shape) <= 2 * min(sample.shape) and not (sample < 0).any()
