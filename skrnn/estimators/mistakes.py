"""Checks of X for common mistakes: scale, token ids, swapped axes and flat tables.

Each check examines a sample of the rows and needs strong evidence, because a missing warning is better than a false
one. Messages say what to do, and contain no numbers that differ between folds, so that Python shows each of them once.
"""

import warnings
from collections.abc import Iterator

import numpy as np

from skrnn.estimators.caller import depth_of_caller
from skrnn.estimators.sequences import InputForm
from skrnn.exceptions import InputWarning

_NUMBERS = 150_000  # approximate number of values to examine
_ROWS = 20, 300  # minimum and maximum number of sequences to examine
_TOO_FEW = 20  # fewer sequences, or distinct ids, are not enough for statistics
# Limits of the root mean square of the input to a gate of a newly initialised 64-unit LSTM. At 10, gradients vanish.
_MOST_SPREAD = 5.0  # without the mean over all steps
_MOST_SIZE = 10.0  # with the mean; the data of scikit-learn's estimator checks, around 100, reach 9
_MOST_SIZE_OF_BYTES = 4.0
_VANISHES = 5e-3
_VERY_DIFFERENT = 30.0
_MOST_IDS = 10_000_000
_MOST_FEATURES = 64  # of a flat table
_SERIES = 30  # minimum length of a series for an estimate of its smoothness
_SILENCE = " If X is right, warnings.filterwarnings('ignore', category=skrnn.InputWarning) silences this warning."


def warn_of_mistakes(form: InputForm, values: np.ndarray) -> None:
    """Issue at most one InputWarning if the `values` that `fit` has read suggest a mistake in X.

    Parameters
    ----------
    form : InputForm
        How X was read. Token ids are not checked.
    values : ndarray of shape (n, T, D), float32 or uint8
        The sequences, with NaN at the end as padding.
    """
    if form.kind == "token_ids":
        return
    message = next(_hints(form, values), None)
    if message is not None:
        warnings.warn(message + _SILENCE, InputWarning, stacklevel=depth_of_caller())


def _hints(form: InputForm, values: np.ndarray) -> Iterator[str]:
    """Yield a message for each mistake: first mistakes of form, then mistakes of scale, which depend on the form."""
    n, n_steps, n_features = values.shape
    if n_steps == 1 and n_features > 1:
        yield (
            f"X has the shape (n_samples, 1, {n_features}), which is read as sequences of one step with {n_features} "
            f"features, so the network has nothing to remember. If X contains one feature at {n_features} steps, pass "
            "skrnn.preprocessing.from_channels_first(X)."
        )
    at_most = min(max(_NUMBERS // (n_steps * n_features), _ROWS[0]), _ROWS[1])
    rows = values[np.linspace(0, n - 1, min(n, at_most)).astype(int)].astype(np.float32)
    if values.dtype == np.uint8:
        rows /= form.byte_scale
    enough = len(rows) >= _TOO_FEW
    if enough and n_features == 1 and _are_ids(rows[:, :, 0]):
        yield (
            "X contains whole numbers that look like token ids, but they are read as measurements. If they are ids, "
            "for example from TextToSequence, set embedding_dim (for example embedding_dim=32)."
        )
    if enough and _has_features_first(rows):
        yield (
            f"X has the shape (n_samples, {n_steps}, {n_features}), which is read as {n_steps} steps of {n_features} "
            "features, but its values vary smoothly along the last axis, as steps do, and differ along the middle "
            "axis, as features do. If X is (n_samples, n_features, n_timesteps), pass "
            "skrnn.preprocessing.from_channels_first(X)."
        )
    flat = _features_of_flat(rows[:, :, 0]) if enough and n_features == 1 else None
    if flat is not None:
        order, features = flat
        arguments = f"n_steps={n_steps // features}" + (", order='feature'" if order == "feature" else "")
        yield (
            f"X is a table of {n_steps} columns, which is read as {n_steps} steps of one feature, but its columns look "
            f"like {features} features at {n_steps // features} steps. If they are, put "
            f"TabularToSequence({arguments}) before the classifier."
        )
    yield from _hints_of_scale(form, rows)


# Token ids


def _are_ids(rows: np.ndarray) -> bool:
    """Return whether numbers, padded with NaN or 0, are whole, unordered and distributed like words."""
    steps = np.nan_to_num(rows, nan=0)
    inside = steps > 0
    numbers = steps[inside]
    if (
        len(numbers) < 200
        or steps.min() < 0
        or steps.max() > _MOST_IDS
        or (steps != np.rint(steps)).any()
        or not _zeros_are_padding(inside)
    ):
        return False
    distinct, counts = np.unique(numbers, return_counts=True)
    if len(distinct) < _TOO_FEW or _is_ordered(steps, inside):
        return False
    commonest = np.sort(counts)[-10:].sum() / counts.sum()
    middle, high = np.quantile(numbers, [0.5, 0.9])
    as_words = len(distinct) >= 200 and commonest > 0.15 and high > 8 * middle
    return as_words or _follow_each_other(steps, inside)


def _zeros_are_padding(inside: np.ndarray) -> bool:
    """Return whether zeros occur only before and after the numbers of a row."""
    runs = inside[:, 0] + (inside[:, 1:] & ~inside[:, :-1]).sum(axis=1)
    return bool((runs <= 1).all())


def _is_ordered(steps: np.ndarray, inside: np.ndarray) -> bool:
    """Return whether numbers correlate with earlier numbers of the same row, like measurements."""
    ranks = np.zeros(steps.shape)
    ranks[inside] = np.unique(steps[inside], return_inverse=True)[1]
    ranks[inside] -= ranks[inside].mean()
    spread = (ranks[inside] ** 2).mean()
    for lag in range(1, min(9, steps.shape[1])):
        both = inside[:, lag:] & inside[:, :-lag]
        if both.any() and abs((ranks[:, lag:] * ranks[:, :-lag])[both].mean()) > 0.3 * spread:
            return True
    return False


def _follow_each_other(steps: np.ndarray, inside: np.ndarray) -> bool:
    """Return whether the same numbers follow each other more often than by chance, like words."""
    both = inside[:, 1:] & inside[:, :-1]
    if not both.any():
        return False
    first, second = steps[:, :-1][both].astype(np.int64), steps[:, 1:][both].astype(np.int64)
    shuffled = np.random.default_rng(0).permutation(second)
    pairs, by_chance = (len(np.unique(first * (second.max() + 1) + other)) for other in (second, shuffled))
    return pairs < 0.75 * by_chance


# Axes


def _has_features_first(rows: np.ndarray) -> bool:
    """Return whether ``(n, T, D)`` is smooth along D and rough along T.

    In addition, the levels or scales along T must differ for all rows, or T must be small and D very smooth.
    """
    n_steps, n_features = rows.shape[1:]
    if not 2 <= n_steps < n_features or n_features < _TOO_FEW or np.isnan(rows).any() or _roughness(rows, axis=2) > 0.5:
        return False
    if _has_few_series(rows):
        return True
    level, scale = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    if not _differ_by_row(level, scale):
        return False
    # Levels and scales that increase from feature to feature do not make a sequence.
    alike = (rows - level.mean(axis=1)[:, None]) / np.sqrt((scale**2).mean(axis=1))[:, None]
    return _roughness(alike, axis=1) > 0.7


def _has_few_series(rows: np.ndarray) -> bool:
    """Return whether the last axis of ``(n, T, D)`` is a continuous series, and the T series are independent."""
    n_steps, n_features = rows.shape[1:]
    smooth = _roughness(rows, axis=2)
    is_long = n_features >= max(_SERIES, 8 * n_steps) if smooth < 0.12 else n_features >= max(60, 12 * n_steps)
    if not is_long or _roughness(rows, axis=1) < 0.7:
        return False
    values = rows - rows.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    deviation = values.std(axis=(1, 2), keepdims=True)
    values = np.divide(values, deviation, out=values, where=deviation > 0)  # all sequences have the same influence
    if values.mean(axis=(0, 1)).var() > 0.2 * values.var():  # all steps share a curve, such as a day or a spectrum
        return False
    jumps = (np.diff(values, axis=2) ** 2).mean(axis=(0, 1))
    if jumps.max() > 4 * np.median(jumps):  # the rows of an image patch, one after the other
        return False
    # Windows of one series continue the previous window or repeat a part of it.
    distance = ((values[:, 1:, :1] - values[:, :-1, 1:]) ** 2).mean(axis=(0, 1))
    return bool(distance.min() > min(1.5 * jumps.mean(), 0.5 * np.median(distance)))


def _roughness(rows: np.ndarray, axis: int) -> float:
    """Return the median von Neumann ratio along an axis: 0 for smooth values, about 1 for noise."""
    squares = rows.astype(np.float64).var(axis=axis, ddof=1)
    steps = (np.diff(rows, axis=axis).astype(np.float64) ** 2).mean(axis=axis) / 2
    return float(np.median(steps[squares > 0] / squares[squares > 0])) if squares.any() else 1.0


def _differ_by_row(level: np.ndarray, scale: np.ndarray) -> bool:
    """Return whether means or standard deviations differ much more between the rows of a table than within a row."""
    if not scale.all():
        return False
    for table, least in ((level / np.median(scale), 1.0), (np.log(scale), 0.5)):
        between, within = np.ptp(table.mean(axis=1)), table.std(axis=1).max()
        if between > least and between > 3 * within:
            return True
    return False


# Flat tables


def _features_of_flat(table: np.ndarray) -> tuple[str, int] | None:
    """Return the order of the columns ("time" or "feature") and the number of features if a table is flat, or None."""
    n_columns = table.shape[1]
    if np.isnan(table).any():
        return None
    level, scale = table.mean(axis=0, dtype=np.float64), table.std(axis=0, dtype=np.float64)
    if not (scale > 1e-6 * np.abs(table).max()).all():
        return None
    scores = (table - level) / scale

    def resemblance(lag: int) -> np.ndarray:
        """Return the correlation of each column with the column `lag` places to its right."""
        return (scores[:, lag:] * scores[:, :-lag]).mean(axis=0)

    divisors = [n for n in range(2, min(n_columns // 3, _MOST_FEATURES) + 1) if n_columns % n == 0]
    others, lag = 0.0, 1
    for n_features in divisors:
        by_step = resemblance(n_features).mean()
        while lag < n_features and 1.4 * others < 1:
            others, lag = max(others, np.abs(resemblance(lag)).mean()), lag + 1
        if by_step < 0.45 or by_step < 1.4 * others:
            continue
        n_steps = n_columns // n_features
        if by_step > 4 * others or _differ_by_row(level.reshape(n_steps, -1).T, scale.reshape(n_steps, -1).T):
            return "time", n_features
    neighbours = resemblance(1)
    for n_features in reversed(divisors):
        n_steps = n_columns // n_features
        ends = np.arange(n_steps - 1, n_columns - 1, n_steps)
        inside = np.delete(neighbours, ends)
        by_step = inside.mean()
        if (others := np.abs(neighbours[ends]).max()) < by_step:
            others = max(others, np.abs(resemblance(n_steps)).mean())
        if by_step < 0.45 or by_step < 1.4 * others:
            continue
        is_sure = n_steps >= _SERIES and by_step > 4 * others and inside.min() > 2 * others
        if is_sure or _differ_by_row(level.reshape(n_features, -1), scale.reshape(n_features, -1)):
            return "feature", n_features
    return None


# Scale


def _hints_of_scale(form: InputForm, rows: np.ndarray) -> Iterator[str]:
    n_features = rows.shape[2]
    steps = rows.reshape(-1, n_features).astype(np.float64)
    steps = steps[~np.isnan(steps[:, 0])]
    spread, span = steps.std(axis=0), np.ptp(steps, axis=0)
    varies = span > 1e-6 * np.abs(steps).max(axis=0)
    if not varies.any():
        return
    glorot = 2 / (n_features + 4 * 64)  # the variance of initial weights
    size = np.sqrt(glorot * (steps**2).mean(axis=0).sum())
    most_size = _MOST_SIZE_OF_BYTES if _are_bytes(steps) else _MOST_SIZE
    if size > most_size or np.sqrt(glorot * (spread**2).sum()) > _MOST_SPREAD:
        what = "are so large that they saturate the gates of a network"
    elif np.sqrt((steps**2).mean(axis=0).max()) < _VANISHES:
        what = "are so small that they hardly affect a network"
    elif n_features > 1 and min(_ratio(spread[varies]), _ratio(span[varies])) > _VERY_DIFFERENT:
        what = "are over thirty times as large in some features as in others, so that the small ones have no effect"
    else:
        return
    scaler = "StandardScaler()" if form.kind == "table" else "TimeDistributed(StandardScaler())"
    if _are_bytes(steps):
        cure = f"Divide bytes by 255, as ImageToSequence() does, or put {scaler} before the classifier"
    else:
        cure = f"Put {scaler} before the classifier"
    if n_features == 1 and (steps == np.rint(steps)).all() and steps.min() >= 0:
        cure += "; if they are token ids, set embedding_dim instead"
    yield f"The values of X {what}. {cure}."


def _ratio(sizes: np.ndarray) -> float:
    return float(sizes.max() / sizes.min())


def _are_bytes(steps: np.ndarray) -> bool:
    return bool(steps.min() == 0 and 200 < steps.max() <= 255 and (steps == np.rint(steps)).all())
