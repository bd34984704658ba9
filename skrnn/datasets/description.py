"""What a Bunch of sequences, texts or images holds, in words."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skrnn.preprocessing.padding import Steps, stack_steps

_AT_ONCE = 1024  # sequences that are examined at once
_AT_MOST = 12  # classes or names that are listed one by one


def describe(bunch: Bunch) -> list[tuple[str, str]]:
    """Describe loaded data, as terms and what they are.

    Parameters
    ----------
    bunch : Bunch
        What `load_file` or `sequences_from_frame` returned.

    Returns
    -------
    rows : list of (str, str)
        For example ``("sequences", "120")`` and ``("lengths", "80 to 200 steps, median 120")``.
    """
    kind = bunch.get("kind", "sequences")
    rows = [("read", bunch.description), (_KINDS[kind][1], f"{len(bunch.X):,}")]
    if kind == "texts":
        lengths = np.array([len(text.split()) for text in bunch.X])
        rows.append(("lengths", f"{_range(lengths, 'word')}, median {np.median(lengths):g}"))
    elif kind == "images":
        rows.append(("pixels", _pixels(bunch.X)))
    else:
        lengths, n_features, share = _measured(bunch.X)
        rows.append(("lengths", f"{_range(lengths, 'step')}, median {np.median(lengths):g}"))
        rows.append(("features", _features(bunch, n_features)))
        rows.append(("missing values", _share(share)))
    if bunch.y is None:
        rows.append(("classes", "no labels"))
    else:
        rows.append(("classes", _shares(bunch.y)))
    if bunch.groups is not None:
        rows.append(("groups", count(len(_counts(bunch.groups)), "group")))
    return rows


def summary(
    bunch: Bunch,
    how: str,
    *,
    steps: Steps | None = None,
    by: str = "",
    target: Any = None,
    group: Any = None,
    notes: Iterable[str] = (),
) -> str:
    """Return the sentences that say how data was read.

    Parameters
    ----------
    bunch : Bunch
    how : str
        The source and what it was taken for, such as "sensors.csv: a long table".
    steps : Steps or None, default=None
        The steps of all sequences, where they are at hand; it saves a copy of them.
    by : str, default=""
        How the sequences were found, such as "by 'trial', sorted by 'time'".
    target, group : hashable or None, default=None
        The names of the columns of the labels and groups, if they have any.
    notes : iterable of str
        Further sentences.
    """
    kind = bunch.get("kind", "sequences")
    noun, _ = _KINDS[kind]
    parts = [count(len(bunch.X), noun)]
    share = 0.0
    if kind == "images":
        parts[0] += f" of {_pixels(bunch.X)}"
    elif kind == "sequences":
        lengths, n_features, share = _measured(bunch.X, steps)
        parts[0] += f" of {_range(lengths, 'step')}"
        parts.append(count(n_features, "feature"))
    parts[0] += f" ({by})" if by else ""
    parts.append("no labels" if bunch.y is None else count(len(_counts(bunch.y)), "class") + _named(target))
    if bunch.groups is not None:
        parts.append(count(len(_counts(bunch.groups)), "group") + _named(group))
    missing = f"{_share(share)} of the values are missing." if share else ""
    return " ".join(filter(None, [f"{how}; {', '.join(parts)}.", missing, *notes]))


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 class", "2,000 classes"."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{number:,} {noun if number == 1 else plural}"


_KINDS = {"sequences": ("sequence", "sequences"), "texts": ("text", "texts"), "images": ("image", "images")}


def lengths_of(X: np.ndarray) -> np.ndarray:
    """Return the number of steps of each sequence, without padding."""
    return _measured(X)[0]


def _measured(X: np.ndarray, steps: Steps | None = None) -> tuple[np.ndarray, int, float]:
    """Return the number of steps of each sequence, of features, and the share of values that are missing.

    Padding is neither. `steps` are those of all sequences, where they are at hand.
    """
    lengths, n_missing = [], 0
    for part in _parts(X) if steps is None else [steps]:
        real = part.real()
        n_real = part.lengths if real.all() else np.bincount(part.owners[real], minlength=len(part.lengths))
        n_features = part.values.shape[1]
        if part.values.dtype.kind == "f":
            n_missing += sum(int(np.isnan(column).sum()) for column in part.values.T)
            n_missing -= (len(part.values) - int(n_real.sum())) * n_features  # all of padding is NaN
        lengths.append(n_real)
    each = np.concatenate(lengths)
    return each, n_features, n_missing / max(1, int(each.sum()) * n_features)


def _parts(X: np.ndarray) -> Iterator[Steps]:
    """Iterate over the steps of some sequences after the other, because views that overlap take memory only here."""
    for start in range(0, len(X), _AT_ONCE):
        part = X[start : start + _AT_ONCE]
        yield stack_steps(list(part) if X.dtype == object else part)


def _range(lengths: np.ndarray, noun: str) -> str:
    least, most = int(lengths.min()), int(lengths.max())
    return count(least, noun) if least == most else f"{least:,} to {count(most, noun)}"


def _pixels(images: np.ndarray) -> str:
    height, width, *colors = images.shape[1:]
    return f"{height} x {width} pixels" + (f", {colors[0]} channels" if colors else "")


def _share(share: float) -> str:
    if not share:
        return "none"
    return "less than 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def _shares(y: np.ndarray) -> str:
    shares = 100 * _counts(y) / len(y)
    if len(shares) > _AT_MOST:
        return f"{len(shares):,}: from {shares.min():.2g} % to {shares.max():.2g} % of the samples each"
    return f"{len(shares)}: {', '.join(f'{label} {share:.0f} %' for label, share in shares.items())}"


def _counts(labels: np.ndarray) -> pd.Series:
    """Return how often each label occurs, sorted by label if they can be compared."""
    counts = pd.Series(labels).value_counts(sort=False)
    try:
        return counts.sort_index()
    except TypeError:
        return counts


def _features(bunch: Bunch, n_features: int) -> str:
    names = bunch.get("feature_names")
    if names is None:
        return f"{n_features:,}"
    categories = bunch.get("categories", {})
    shown = [f"{name} ({count(len(categories[name]), 'level')})" if name in categories else str(name) for name in names]
    shown = [*shown[:_AT_MOST], "..."] if len(shown) > _AT_MOST else shown
    return f"{n_features:,}: {', '.join(shown)}"


def _named(name: Any) -> str:
    return "" if name is None else f" ({name!r})"
