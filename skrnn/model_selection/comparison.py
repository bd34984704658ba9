"""What a comparison has found, as plain arrays, and how it is read: tables, plots, files. Nothing here is fitted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skrnn.plotting import ComparisonDisplay


@dataclass(frozen=True, eq=False, repr=False)
class ArchitectureComparison:
    """Scores, times, sizes and learning curves of several classifiers on the same splits.

    :func:`~skrnn.model_selection.compare_architectures` makes it. All arrays of shape (n_architectures, n_splits) have
    NaN where a fit is not finished, or where a classifier does not tell.

    Attributes
    ----------
    architectures : tuple of str
        The names.
    scoring : str
        What the scores are, such as "accuracy".
    repeats, folds : ndarray of shape (n_splits,), int
        Both are counted from 0; a cross-validation that is not repeated has the repeat 0.
    n_train, n_test : ndarray of shape (n_splits,), int
        The number of samples that were fitted and scored.
    finished : ndarray of shape (n_architectures, n_splits), bool
        Which fits are done, failed ones included. All of them, unless the comparison was interrupted.
    scores : ndarray of shape (n_architectures, n_splits), float
        On the test part of each split.
    fit_seconds, score_seconds : ndarray of shape (n_architectures, n_splits), float
        Time to fit, and to predict the test part and score it.
    n_parameters : ndarray of shape (n_architectures, n_splits), float
        ``n_parameters_`` of the classifier, which is a pipeline's last step and a search's ``best_estimator_``.
    n_epochs : ndarray of shape (n_architectures, n_splits), float
        ``n_iter_`` of the classifier.
    curves : tuple of tuple of dict
        ``history_`` of the classifier, by architecture and split; empty where there is none.
    file_names : tuple of str
        The files that :meth:`save` writes; a class attribute.
    """

    file_names: ClassVar[tuple[str, ...]] = (
        "scores.csv",
        "histories.csv",
        "summary.json",
        "learning_curves.png",
        "scores.png",
    )

    architectures: tuple[str, ...]
    scoring: str
    repeats: np.ndarray
    folds: np.ndarray
    n_train: np.ndarray
    n_test: np.ndarray
    finished: np.ndarray
    scores: np.ndarray
    fit_seconds: np.ndarray
    score_seconds: np.ndarray
    n_parameters: np.ndarray
    n_epochs: np.ndarray
    curves: tuple[tuple[dict[str, list[float]], ...], ...]

    def __repr__(self) -> str:
        names, (n_architectures, n_splits) = ", ".join(self.architectures), self.scores.shape
        state = "" if self.complete else f", {int(self.finished.sum())} of {n_architectures * n_splits} fits finished"
        return f"<ArchitectureComparison: {names}; {self.scoring} on {n_splits} splits{state}>"

    @property
    def complete(self) -> bool:
        """Whether all fits are finished."""
        return bool(self.finished.all())

    @property
    def n_failed(self) -> int:
        """How many fits failed, with an error score of NaN."""
        return int(np.isnan(self.scores[self.finished]).sum())

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each finished fit.

        Returns
        -------
        frame : pandas.DataFrame
            Columns ``architecture``, ``repeat``, ``fold``, ``score``, ``n_train``, ``n_test``, ``n_parameters``,
            ``n_epochs``, ``fit_seconds`` and ``score_seconds``.
        """
        rows, splits = np.nonzero(self.finished)
        return pd.DataFrame(
            {
                "architecture": [self.architectures[row] for row in rows],
                "repeat": self.repeats[splits],
                "fold": self.folds[splits],
                "score": self.scores[rows, splits],
                "n_train": self.n_train[splits],
                "n_test": self.n_test[splits],
                "n_parameters": pd.array(self.n_parameters[rows, splits], dtype="Int64"),
                "n_epochs": pd.array(self.n_epochs[rows, splits], dtype="Int64"),
                "fit_seconds": self.fit_seconds[rows, splits],
                "score_seconds": self.score_seconds[rows, splits],
            }
        )

    def histories(self) -> pd.DataFrame:
        """Return one row for each value of a learning curve.

        Returns
        -------
        frame : pandas.DataFrame
            Columns ``architecture``, ``repeat``, ``fold``, ``epoch`` (counted from 1), ``metric`` (such as "loss" or
            "val_accuracy") and ``value``.
        """
        return pd.DataFrame(
            [
                (name, int(self.repeats[split]), int(self.folds[split]), epoch, metric, value)
                for name, row in zip(self.architectures, self.curves, strict=True)
                for split, history in enumerate(row)
                for metric, values in history.items()
                for epoch, value in enumerate(values, start=1)
            ],
            columns=["architecture", "repeat", "fold", "epoch", "metric", "value"],
        )

    def summary(self) -> pd.DataFrame:
        """Return one row for each architecture, over its finished splits.

        Returns
        -------
        frame : pandas.DataFrame
            Indexed by ``architecture``. Columns ``mean``, ``std`` (that of a sample, NaN for a single score), ``min``
            and ``max`` of the score, ``rank`` (1 has the highest mean), ``n_splits`` (how many are finished), and the
            means of ``n_parameters``, ``n_epochs``, ``fit_seconds`` and ``score_seconds``.
        """
        by_architecture = self.to_frame().groupby("architecture", sort=False)
        index = pd.Index(self.architectures, name="architecture")
        scores = by_architecture["score"].agg(["mean", "std", "min", "max"]).reindex(index)
        scores["rank"] = scores["mean"].rank(ascending=False, method="min").astype("Int64")
        scores["n_splits"] = by_architecture.size().reindex(index, fill_value=0)
        costs = by_architecture[["n_parameters", "n_epochs", "fit_seconds", "score_seconds"]].mean()
        return scores.join(costs.astype(float))

    def plot(self, *, ax: Any = None) -> "ComparisonDisplay":
        """Plot the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. By default a new figure of pyplot.

        Returns
        -------
        display : ComparisonDisplay
        """
        from skrnn.plotting import ComparisonDisplay

        return ComparisonDisplay.from_comparison(self, ax=ax)

    def save(self, directory: str | PathLike[str], *, settings: Mapping[str, Any] | None = None) -> list[Path]:
        """Write tables and plots into a directory, which is made if it is not there.

        The files are ``scores.csv`` (`to_frame`), ``histories.csv`` (`histories`), ``summary.json`` (`summary` and
        `settings`), ``scores.png`` and, if a classifier has a history, ``learning_curves.png``. Those of an earlier
        comparison are replaced, and nothing else in the directory is touched.

        Parameters
        ----------
        directory : str or path-like
            Where to.
        settings : mapping, default=None
            What ``summary.json`` should contain besides the results, such as the name of the data set.

        Returns
        -------
        paths : list of pathlib.Path
            What was written.
        """
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        scores_csv, histories_csv, summary_json, curves_png, scores_png = (folder / name for name in self.file_names)
        self.to_frame().to_csv(scores_csv, index=False, lineterminator="\n")
        histories = self.histories()
        histories.to_csv(histories_csv, index=False, lineterminator="\n")
        summary = json.dumps(self._summary_as_data(settings), indent=2, ensure_ascii=False)
        summary_json.write_text(summary + "\n", encoding="utf-8")
        written = [scores_csv, histories_csv, summary_json]
        curves_png.unlink(missing_ok=True)
        if not histories.empty:
            self._draw_curves().savefig(curves_png, dpi=150)
            written.append(curves_png)
        self._draw_scores().savefig(scores_png, dpi=150)
        return [*written, scores_png]

    def _draw_curves(self) -> "Figure":
        """Draw training curves next to the test scores, because a network may memorise its training data."""
        from skrnn.plotting import HistoryDisplay
        from skrnn.plotting.history import stack_histories
        from skrnn.plotting.style import in_words, legend_below, new_figure

        display = HistoryDisplay(
            curves=stack_histories(dict(zip(self.architectures, self.curves, strict=True))),
            test_scores=dict(zip(self.architectures, self.scores, strict=True)),
            score_name=self.scoring,
        )
        parts = {metric.startswith("val_") for curves in display.curves.values() for metric in curves}
        figure = new_figure(
            "Learning curves: how training went, not how well the networks do",
            f"Lines: training data{', dashed: validation data' if True in parts else ''}; "
            f"{'diamonds and ' if self.scoring in display.metrics else ''}legend: {in_words(self.scoring)} on the test "
            f"folds. Means ± standard deviation over {self._data_in_words()}.",
            width=5.5 * len(display.metrics),
        )
        display.plot(ax=figure.subplots(1, len(display.metrics)))
        legend_below(figure)
        return figure

    def _draw_scores(self) -> "Figure":
        from skrnn.plotting import ComparisonDisplay
        from skrnn.plotting.style import in_words, new_figure

        width = max(5.0, 1.5 + 1.6 * len(self.architectures))
        figure = new_figure(f"{in_words(self.scoring).capitalize()} on {self._data_in_words()}", width=width)
        ComparisonDisplay.from_comparison(self, ax=figure.subplots())
        return figure

    def _data_in_words(self) -> str:
        """Return on how many splits and samples the finished fits were scored."""
        n_splits = int(self.finished.any(axis=0).sum())
        n_samples = int((self.n_train + self.n_test).max(initial=0))
        n_repeats = len(set(self.repeats.tolist()))
        splits = f"{n_splits} test fold{'' if n_splits == 1 else 's'}"
        partly = "" if self.complete else f", {self.finished.sum()} of {self.finished.size} fits finished"
        return f"{splits}{f' of {n_repeats} repeats' if n_repeats > 1 else ''}, n = {n_samples:,}{partly}"

    def _summary_as_data(self, settings: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return what goes into ``summary.json``."""
        summary = self.summary()
        return {
            "complete": self.complete,
            "n_fits": int(self.finished.size),
            "n_fits_finished": int(self.finished.sum()),
            "n_fits_failed": self.n_failed,
            "scoring": self.scoring,
            "n_train": self.n_train.tolist(),
            "n_test": self.n_test.tolist(),
            "settings": dict(settings or {}),
            "architectures": [
                {"architecture": name, **{column: _as_json(value) for column, value in row.items()}}
                for name, row in zip(summary.index, summary.to_dict("records"), strict=True)
            ],
        }


def _as_json(value: Any) -> int | float | None:
    """Return a number, or None for one that is missing: JSON has no NaN."""
    if pd.isna(value):
        return None
    return value if isinstance(value, int) else float(value)
