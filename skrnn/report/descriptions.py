"""What each picture shows, in words, for those who cannot see it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from skrnn.plotting.confusion import confusion_matrices
from skrnn.plotting.style import in_percent, in_words
from skrnn.report.numbers import NONE, amounts, count, interval, listed, number, score_decimals

_MOST = 12  # items in a description; the tables contain all


def describe(name: str, comparison: Any) -> str:
    """Return the main finding of a picture in a few sentences."""
    writers: dict[str, Callable[[Any], str]] = {
        "scores": _scores,
        "differences": _differences,
        "costs": _costs,
        "learning_curves": _learning_curves,
        "confusion": _confusion,
        "hardest": _hardest,
    }
    return writers[name](comparison)


def verdict_of(pair: Any) -> str:
    """Return a verdict about a pair in words; `pair` has the attributes a, b and verdict."""
    return {
        "better": f"{pair.a} is better",
        "worse": f"{pair.b} is better",
        "equivalent": "practically equivalent",
        "undecidable": "cannot tell: too few samples",
    }.get(pair.verdict, "cannot tell")


def _scores(comparison: Any) -> str:
    table = comparison.summary().sort_values("rank", kind="stable")
    places = score_decimals(table["mean"])
    means = [
        f"{name} {number(row['mean'], places)} ({interval(row['low'], row['high'], places)})"
        for name, row in table.iterrows()
    ]
    return f"Mean {in_words(comparison.scoring)} with its 95 % interval, best first: {_some(means)}."


def _differences(comparison: Any) -> str:
    pairs = [pair for pair in comparison.posteriors() if np.isfinite(pair.mean)]
    places = score_decimals(abs(pair.mean) for pair in pairs)
    lines = [
        f"{pair.a} minus {pair.b}: {number(pair.mean, places, signed=True)} "
        f"({interval(pair.low, pair.high, places, signed=True)}), {verdict_of(pair)}"
        for pair in pairs
    ]
    n_decided = sum(pair.decided for pair in pairs)
    return f"{n_decided} of {count(len(pairs), 'pair')} decided. {_some(lines, '; ')}."


def _costs(comparison: Any) -> str:
    table = comparison.summary().sort_values("rank", kind="stable")
    sizes, seconds = amounts(table["n_parameters"]), amounts(table["fit_seconds"])
    places = score_decimals(table["mean"])
    lines = []
    for name, mean, size, duration in zip(table.index, table["mean"], sizes, seconds, strict=True):
        size = "" if size == NONE else f", {size} parameters"
        lines.append(f"{name}: {number(mean, places)}{size}, {duration} s to fit")
    return f"Mean {in_words(comparison.scoring)} and what it costs, best first. {_some(lines, '; ')}."


def _learning_curves(comparison: Any) -> str:
    lines = []
    for name, histories in zip(comparison.architectures, comparison.curves, strict=True):
        ends = {
            metric: np.mean([run[metric][-1] for run in histories if run.get(metric)])
            for metric in ("loss", "val_loss", "accuracy", "val_accuracy")
            if any(run.get(metric) for run in histories)
        }
        words = [
            f"{metric} {number(ends[metric], 3)}"
            + (f" in training and {number(ends[f'val_{metric}'], 3)} in validation" if f"val_{metric}" in ends else "")
            for metric in ("loss", "accuracy")
            if metric in ends
        ]
        if words:
            lines.append(f"{name}: {', '.join(words)}")
    return f"Means after the last epoch. {_some(lines, '; ')}."


def _confusion(comparison: Any) -> str:
    lines = []
    for name, matrix in confusion_matrices(comparison).items():
        if name in comparison.baselines:
            continue
        shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        np.fill_diagonal(shares, 0)
        true, other = np.unravel_index(shares.argmax(), shares.shape)
        if shares.any():
            classes = comparison.classes
            lines.append(f"{name}: {classes[true]} as {classes[other]} ({in_percent(shares[true, other])})")
        else:
            lines.append(f"{name}: no errors")
    return f"The most frequent confusion of each network. {_some(lines, '; ')}." if lines else "Confusion matrices."


def _hardest(comparison: Any) -> str:
    networks = [name for name in comparison.architectures if name not in comparison.baselines]
    return f"Samples that {listed(networks)} find hardest, each with its true class, its usual prediction and its row."


def _some(items: list[str], separator: str = ", ") -> str:
    left_out = len(items) - _MOST
    shown = separator.join(items[:_MOST])
    return f"{shown}{separator}and {left_out} more, in the table" if left_out > 0 else shown
