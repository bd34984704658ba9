"""What a comparison has found, as plain arrays, and how it is read: tables, verdicts, plots. Nothing here is fitted."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from skrnn.model_selection import comparison_files
from skrnn.model_selection.comparison_data import ComparisonData
from skrnn.model_selection.conclusion import Findings, conclude
from skrnn.model_selection.verdicts import PairVerdict, score_intervals, verdicts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from skrnn.plotting import ComparisonDisplay


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ArchitectureComparison(ComparisonData):
    """Scores, predictions, times, sizes and learning curves of several classifiers on the same splits.

    :func:`~skrnn.model_selection.compare_architectures` makes it. All arrays of shape (n_architectures, n_splits) have
    NaN where a fit is not finished, or where a classifier does not have the value.

    Attributes
    ----------
    architectures : tuple of str
        The names, baselines last.
    baselines : tuple of str
        Which of them are baselines.
    metric_scores : dict of str to ndarray of shape (n_architectures, n_splits), float
        The scores on the test part of each split, by metric. The first metric decides.
    rope : float
        Half the width of the region of practical equivalence, in the unit of the deciding score.
    n_looks : int
        How often, at most, the scores were to decide whether the comparison goes on; 1 without `until_sure`.
    fixed_test : bool
        Whether all splits have one fixed test set, instead of a cross-validation.
    repeats, folds : ndarray of shape (n_splits,), int
        Both are counted from 0; a cross-validation that is not repeated has the repeat 0. With a fixed test set, each
        training is a repeat.
    n_train, n_test : ndarray of shape (n_splits,), int
        The number of samples that were fitted and scored.
    finished : ndarray of shape (n_architectures, n_splits), bool
        Which fits are finished, failed ones included. All of them, unless the comparison was interrupted.
    fit_seconds, score_seconds : ndarray of shape (n_architectures, n_splits), float
        Time to fit, and to predict the test part and score it.
    latency_seconds : ndarray of shape (n_architectures, n_splits), float
        Median time to predict one sample.
    n_parameters : ndarray of shape (n_architectures, n_splits), float
        ``n_parameters_`` of the classifier, which is a pipeline's last step and a search's ``best_estimator_``.
    n_epochs : ndarray of shape (n_architectures, n_splits), float
        ``n_iter_`` of the classifier.
    curves : tuple of tuple of dict
        ``history_`` of the classifier, by architecture and split; empty where there is none.
    classes : ndarray of shape (n_classes,), or None
        The labels; None for multilabel targets.
    y_true : ndarray of shape (n_samples,), int, or None
        The class index of each sample, or of each sample of the test set.
    test_rows : tuple of ndarray of shape (n_test,), int
        For each split, which of these samples were tested.
    predicted : tuple of tuple of ndarray of shape (n_test,), int, or None
        The predicted class indices, by architecture and split.
    probabilities : tuple of tuple of ndarray of shape (n_test, n_classes), float32, or None
        The predicted probabilities; None also if a classifier has no ``predict_proba``.
    bootstrap : dict of (str, str) to ndarray of shape (n_resamples,), float
        With a fixed test set, the bootstrap distribution of the difference of each pair of architectures; and of the
        score of each architecture, under its name and an empty string.
    file_names : tuple of str
        The files that :meth:`save` writes; a class attribute.
    """

    file_names: ClassVar[tuple[str, ...]] = comparison_files.FILE_NAMES

    def __repr__(self) -> str:
        names, (n_architectures, n_splits) = ", ".join(self.architectures), self.scores.shape
        state = "" if self.complete else f", {int(self.finished.sum())} of {n_architectures * n_splits} fits finished"
        return f"<ArchitectureComparison: {names}; {self.scoring} on {n_splits} splits{state}>"

    def _repr_html_(self) -> str:
        """Show the summary as a table, and the conclusion below it, in notebooks."""
        from skrnn.report import as_fragment

        return as_fragment(self)

    # Tables

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each finished fit.

        Returns
        -------
        frame : pandas.DataFrame
            Columns ``architecture``, ``repeat``, ``fold``, ``score`` (the deciding one), a column for each further
            metric, ``n_train``, ``n_test``, ``n_parameters``, ``n_epochs``, ``best_epoch``, ``fit_seconds``,
            ``score_seconds`` and ``latency_seconds``.
        """
        rows, splits = np.nonzero(self.finished)
        others = {name: scores[rows, splits] for name, scores in self.metric_scores.items() if name != self.scoring}
        return pd.DataFrame(
            {
                "architecture": [self.architectures[row] for row in rows],
                "repeat": self.repeats[splits],
                "fold": self.folds[splits],
                "score": self.scores[rows, splits],
                **others,
                "n_train": self.n_train[splits],
                "n_test": self.n_test[splits],
                "n_parameters": pd.array(self.n_parameters[rows, splits], dtype="Int64"),
                "n_epochs": pd.array(self.n_epochs[rows, splits], dtype="Int64"),
                "best_epoch": pd.array(self.best_epochs[rows, splits], dtype="Int64"),
                "fit_seconds": self.fit_seconds[rows, splits],
                "score_seconds": self.score_seconds[rows, splits],
                "latency_seconds": self.latency_seconds[rows, splits],
            }
        )

    def histories(self) -> pd.DataFrame:
        """Return one row for each value of a learning curve.

        Returns
        -------
        frame : pandas.DataFrame
            Columns ``architecture``, ``repeat``, ``fold``, ``epoch`` (counted from 1), ``metric`` (such as "loss" or
            "val_accuracy") and ``value``. Metrics that begin with "val_" describe the test part of the split, unless
            the classifier held out rows itself.
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
            Indexed by ``architecture``. Columns ``mean`` of the deciding score, ``low`` and ``high`` (the 95 %
            interval of the mean, corrected for the overlap of training sets), ``std`` (sample standard deviation, NaN
            for a single score), ``min``, ``max``, ``rank`` (1 has the highest mean), ``n_splits`` (how many are
            finished), and the means of ``n_parameters``, ``n_epochs``, ``best_epoch``, ``fit_seconds``,
            ``score_seconds`` and ``latency_seconds``. Further metrics have a column each, with their means.
        """
        frame = self.to_frame()
        by_architecture = frame.groupby("architecture", sort=False)
        index = pd.Index(self.architectures, name="architecture")
        scores = by_architecture["score"].agg(["mean", "std", "min", "max"]).reindex(index)
        low, high = score_intervals(self)
        scores.insert(1, "low", low)
        scores.insert(2, "high", high)
        scores["rank"] = scores["mean"].rank(ascending=False, method="min").astype("Int64")
        scores["n_splits"] = by_architecture.size().reindex(index, fill_value=0)
        costs = ["n_parameters", "n_epochs", "best_epoch", "fit_seconds", "score_seconds", "latency_seconds"]
        means = by_architecture[[*costs, *(name for name in self.metric_scores if name != self.scoring)]].mean()
        return scores.join(means.astype(float))

    def pairwise(self, *, rope: float | None = None) -> pd.DataFrame:
        """Return one row for each pair of architectures, except for pairs of baselines.

        Parameters
        ----------
        rope : float, default=None
            Half the width of the region of practical equivalence. Choose it before you look at scores. None uses the
            comparison's own.

        Returns
        -------
        frame : pandas.DataFrame
            Columns ``a``, ``b``, ``n_splits``, ``difference`` (mean score of `a` minus mean score of `b`),
            ``low`` and ``high`` (its 95 % interval), ``pvalue`` and ``pvalue_holm`` (corrected for all pairs of
            networks, or for all pairs with a baseline),
            ``p_worse``, ``p_equivalent`` and ``p_better`` (probabilities that `a` is worse or better by more than
            the region of practical equivalence, or within it) and ``verdict``: "better", "worse", "equivalent",
            "undecided", or "undecidable" if more repeats would hardly decide it. At most 5 % of comparisons have a
            wrong verdict on any pair of networks, and at most 5 % on any pair with a baseline.

        See Also
        --------
        corrected_resampled_ttest : The interval and the p-value of a cross-validation.
        bayesian_correlated_ttest : The probabilities of a cross-validation.
        mcnemar_exact : The p-value on a fixed test set.
        paired_bootstrap : The interval and the probabilities on a fixed test set.
        SequentialRule : The verdict.
        """
        columns = ["a", "b", "n_splits", "mean", "low", "high", "pvalue", "pvalue_holm"]
        columns += ["p_worse", "p_equivalent", "p_better", "verdict"]
        rows = [[getattr(pair, column) for column in columns] for pair in self.posteriors(rope=rope)]
        return pd.DataFrame(rows, columns=columns).rename(columns={"mean": "difference"})

    def posteriors(self, *, rope: float | None = None) -> list[PairVerdict]:
        """Return what is known about each pair, with the distribution of its difference, as plots need it.

        Parameters
        ----------
        rope : float, default=None
            As in `pairwise`.

        Returns
        -------
        pairs : list of PairVerdict
        """
        return self._verdicts if rope is None else verdicts(self, rope)

    @cached_property
    def _verdicts(self) -> list[PairVerdict]:
        return verdicts(self, self.rope)

    @property
    def settled(self) -> bool:
        """Whether each pair of networks is decided, or would hardly be decided by more repeats.

        A pair that no split has scores for needs none: all fits of one of them failed.
        """
        networks = [pair for pair in self._verdicts if not pair.with_baseline]
        return all(pair.decided or pair.verdict == "undecidable" or not pair.n_splits for pair in networks)

    def conclusion(self) -> str:
        """Return what the scores show, in a few sentences: which is better, and how sure that is.

        Returns
        -------
        text : str
            A sentence per line.
        """
        return "\n".join(
            conclude(
                Findings(
                    pairs=self._verdicts,
                    scoring=self.scoring,
                    rope=self.rope,
                    means=dict(zip(self.architectures, self.summary()["mean"].tolist(), strict=True)),
                    baselines=self.baselines,
                    n_samples=self.n_samples,
                    fixed_test=self.fixed_test,
                )
            )
        )

    # Plots and files

    def plot(self, *, ax: "Axes | None" = None) -> "ComparisonDisplay":
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
        """Write tables and plots into a directory, which is made if it does not exist.

        The files are ``comparison.npz`` (everything, for `load`), ``scores.csv`` (`to_frame`), ``pairwise.csv``
        (`pairwise`), ``histories.csv`` (`histories`), ``summary.json`` (`summary`, `conclusion` and `settings`),
        ``scores.png``, ``differences.png`` and, if a classifier has a history, ``learning_curves.png``. Those of an
        earlier comparison are replaced, and nothing else in the directory is touched.

        Parameters
        ----------
        directory : str or path-like
            The directory.
        settings : mapping, default=None
            What ``summary.json`` should contain besides the results, such as the name of the data set.

        Returns
        -------
        paths : list of pathlib.Path
            The files that were written.
        """
        from skrnn.plotting.comparison_figures import comparison_figures

        tables = {"scores": self.to_frame(), "pairwise": self.pairwise(), "histories": self.histories()}
        summary = {
            "settings": dict(settings or {}),
            "conclusion": self.conclusion().splitlines(),
            "architectures": comparison_files.records(self.summary().reset_index()),
            "pairs": comparison_files.records(tables["pairwise"]),
        }
        return comparison_files.save(self, Path(directory), tables, summary, comparison_figures(self))

    @classmethod
    def load(cls, directory: str | PathLike[str]) -> Self:
        """Read a comparison that `save` has written.

        Parameters
        ----------
        directory : str or path-like
            The directory, or the file ``comparison.npz`` in it.

        Returns
        -------
        comparison : ArchitectureComparison

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or was written by a later version.
        """
        return cls(**comparison_files.read(Path(directory), [each.name for each in fields(cls)]))

    def to_html(self, path: str | PathLike[str], *, X: Any = None, settings: Mapping[str, Any] | None = None) -> Path:
        """Write a report: one page with tables, pictures, tests and conclusion, which needs no network.

        Parameters
        ----------
        path : str or path-like
            The file.
        X : array-like, default=None
            The samples that were compared on, or the test set if there was one. If given, the report shows those that
            are hardest to classify.
        settings : mapping, default=None
            What the report should list about the data and how to repeat the comparison.

        Returns
        -------
        path : pathlib.Path
        """
        from skrnn.report import write_report

        return write_report(self, Path(path), X=X, settings=settings or {})
