"""The tables of a report, as text in columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn.plotting.style import in_words
from skrnn.report.descriptions import verdict_of
from skrnn.report.numbers import NONE, amounts, interval, number, probability, score_decimals


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    name : str
        Its anchor in the page.
    title : str
        What it contains.
    columns : tuple of str
        The headings.
    rows : sequence of tuple of str
        The cells; the first of each row is its heading.
    n_texts : int
        How many columns, from the left, are text and not numbers.
    marks : tuple of str
        A remark about the heading of each row, such as "baseline", or "".
    kinds : tuple of str
        What each row says, which gives its second cell a colour: a verdict, or "".
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    n_texts: int = 1
    marks: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def summary(comparison: Any) -> Table:
    """Return the scores of each classifier, best first."""
    table = _best_first(comparison)
    places = _places(comparison)
    columns = {
        f"Mean {in_words(comparison.scoring)}": [number(mean, places) for mean in table["mean"]],
        "95 % interval": [interval(low, high, places) for low, high in zip(table["low"], table["high"], strict=True)],
        "Rank": [NONE if rank is None else f"{rank:.0f}" for rank in _values(table["rank"])],
        "SD": [number(value, places) for value in table["std"]],
        "Lowest": [number(value, places) for value in table["min"]],
        "Highest": [number(value, places) for value in table["max"]],
        "Splits": amounts(table["n_splits"]),
    }
    return _of_classifiers(comparison, table, "summary", "The score of each classifier, best first", columns)


def costs(comparison: Any) -> Table:
    """Return the size and the times of each classifier, best first."""
    table = _best_first(comparison)
    columns = {
        "Parameters": _mean_counts(table["n_parameters"]),
        "Epochs": _mean_counts(table["n_epochs"]),
        "Best epoch": _mean_counts(table["best_epoch"]),
        "Fit (s)": amounts(table["fit_seconds"]),
        "Score (s)": amounts(table["score_seconds"]),
        "Predict one (ms)": amounts(1000 * table["latency_seconds"]),
    }
    return _of_classifiers(
        comparison, table, "sizes", "Size and times of each classifier: means over the splits", columns
    )


def metrics(comparison: Any) -> Table | None:
    """Return the means and standard deviations of all metrics, or None if there is only one."""
    if len(comparison.metric_scores) == 1:
        return None
    table = _best_first(comparison)
    rows = [comparison.architectures.index(name) for name in table.index]
    columns = {}
    for metric, scores in comparison.metric_scores.items():
        places = score_decimals(scores.ravel())
        columns[in_words(metric)] = [_mean_and_spread(scores[row], places) for row in rows]
    return _of_classifiers(comparison, table, "metrics", "All metrics: mean ± standard deviation", columns)


def pairwise(comparison: Any) -> Table:
    """Return what is known about each pair."""
    table = comparison.pairwise()
    places = _places(comparison)
    verdicts = [verdict_of(pair) for pair in table.itertuples()]
    scores = ("a − b", "95 % interval")  # noqa: RUF001
    columns = ("Pair (a, b)", "Verdict", *scores, "P(b better)", "P(equivalent)", "P(a better)", "p", "p (Holm)")
    rows = [
        (
            f"{pair.a}, {pair.b}",
            verdict,
            number(pair.difference, places, signed=True),
            interval(pair.low, pair.high, places, signed=True),
            *map(probability, (pair.p_worse, pair.p_equivalent, pair.p_better, pair.pvalue, pair.pvalue_holm)),
        )
        for pair, verdict in zip(table.itertuples(), verdicts, strict=True)
    ]
    return Table("pairs", "Difference of each pair", columns, rows, n_texts=2, kinds=tuple(table["verdict"]))


def splits(comparison: Any) -> Table:
    """Return the deciding score of each fit."""
    places = _places(comparison)
    columns = ("Repeat", "Fold", "Fitted", "Scored", *comparison.architectures)
    rows = [
        (
            *(f"{int(value) + 1}" for value in (comparison.repeats[split], comparison.folds[split])),
            *(f"{int(size):,}" for size in (comparison.n_train[split], comparison.n_test[split])),
            *(number(score, places) for score in comparison.scores[:, split]),
        )
        for split in range(len(comparison.repeats))
    ]
    title = f"{in_words(comparison.scoring).capitalize()} of each fit"
    return Table("splits", title, columns, rows, n_texts=0)


def classes(comparison: Any, *, most: int = 30) -> Table | None:
    """Return how many samples each class has, the first ones; None for samples with several labels."""
    if comparison.classes is None or comparison.y_true is None:
        return None
    counts = np.bincount(comparison.y_true, minlength=len(comparison.classes))
    rows = [
        (str(name), f"{n:,}", f"{100 * n / max(counts.sum(), 1):.1f} %")
        for name, n in zip(comparison.classes[:most], counts[:most], strict=True)
    ]
    if (left_out := counts[most:]).size:
        rows.append(
            (f"{len(left_out)} more classes", f"{left_out.sum():,}", f"{100 * left_out.sum() / counts.sum():.1f} %")
        )
    title = f"Samples of each class{' in the test set' if comparison.fixed_test else ''}"
    return Table("classes", title, ("Class", "Samples", "Share"), rows)


def _of_classifiers(comparison: Any, table: Any, name: str, title: str, columns: dict[str, list[str]]) -> Table:
    rows = [(str(label), *cells) for label, *cells in zip(table.index, *columns.values(), strict=True)]
    marks = tuple("baseline" if label in comparison.baselines else "" for label in table.index)
    return Table(name, title, ("Classifier", *columns), rows, marks=marks)


def _best_first(comparison: Any) -> Any:
    return comparison.summary().sort_values("rank", kind="stable")


def _places(comparison: Any) -> int:
    return score_decimals(comparison.scores.ravel())


def _values(column: Any) -> list[float | None]:
    return [None if value != value else value for value in column.astype(float)]


def _mean_counts(column: Any) -> list[str]:
    """Return means of whole numbers, with a decimal if any of them is not whole."""
    known = column[np.isfinite(column)]
    places = 0 if (known == known.round()).all() or known.max() >= 1000 else 1
    return [number(value, places) for value in column]


def _mean_and_spread(scores: np.ndarray, places: int) -> str:
    known = scores[np.isfinite(scores)]
    if not len(known):
        return NONE
    spread = f" ± {number(known.std(ddof=1), places)}" if len(known) > 1 else ""
    return f"{number(known.mean(), places)}{spread}"
