"""Static features: channels of X that have one value in each sequence, such as an age or a site."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from skrnn._hints import closest, did_you_mean
from skrnn.preprocessing.cells import short
from skrnn.preprocessing.lazy_rows import LazyRows, parts_of

_NEED_FEATURES = (
    "static_features needs X of shape (n_samples, n_timesteps, n_features), or a list of arrays or data frames of "
    "shape (n_timesteps, n_features), where a static feature has the same value at every step"
)
_READ_AS = {
    "table": "X is a table, which is read as sequences of one feature",
    "univariate": "X is read as sequences of one feature",
    "token_ids": "X is read as token ids, which have one feature",
}


def resolve_static_features(given: Any, kind: str, n_features: int, names: Sequence[str] | None) -> tuple[int, ...]:
    """Return the indices of the static features, in ascending order.

    Parameters
    ----------
    given : sequence of int or str, or None
        The parameter `static_features`: indices or names of features.
    kind : {"table", "sequences", "univariate", "token_ids"}
        The form of X.
    n_features : int
        Features per step.
    names : sequence of str or None
        The names of the features, if X has any.

    Raises
    ------
    ValueError
        If X has no features that could be static, or a feature does not exist or is given twice, or none is left.
    TypeError
        If `given` is not a list of indices and names.
    """
    if given is None:
        return ()
    if isinstance(given, (str, bytes)) or (not isinstance(given, Sequence) and np.ndim(given) != 1):
        raise TypeError(
            f"static_features must be a list of indices or names, such as [0] or ['age']. Got {short(given)}."
        )
    if len(given) == 0:
        return ()
    if kind in _READ_AS:
        raise ValueError(f"{_NEED_FEATURES}. {_READ_AS[kind]}. Set static_features=None, or pass X in such a form.")
    found: dict[int, Any] = {}
    for feature in given:
        index = _index_of(feature, n_features, names)
        if index in found:
            same = f"{found[index]!r} and {feature!r}, which are the same feature" if feature != found[index] else ""
            raise ValueError(f"static_features contains {same or f'{feature!r} twice'}. Name each feature once.")
        found[index] = feature
    if len(found) == n_features:
        raise ValueError(
            f"static_features contains all {n_features} features of X, which leaves none for the recurrent layers. "
            "At least one feature must be able to change from step to step; for static features alone, use a "
            "classifier for tables."
        )
    return tuple(sorted(found))


def _index_of(feature: Any, n_features: int, names: Sequence[str] | None) -> int:
    if isinstance(feature, str):
        if names is None:
            raise ValueError(
                f"static_features contains the name {str(feature)!r}, but the features of X have no names. Pass data "
                "frames whose column names are strings, or give the index of the feature, counted from 0."
            )
        if feature not in names:
            hint = did_you_mean(closest(feature, names))
            raise ValueError(
                f"static_features contains {str(feature)!r}, which is not a feature of X.{hint} X has the features "
                f"{short([*map(str, names)])}."
            )
        return [*names].index(feature)
    if isinstance(feature, (bool, np.bool_)) or not isinstance(feature, Integral):
        raise TypeError(
            f"static_features must contain indices or names of features. Got {short(feature)} of type "
            f"{type(feature).__name__}; np.flatnonzero turns a mask into indices."
        )
    if not 0 <= int(feature) < n_features:
        raise ValueError(
            f"static_features contains {feature}, but X has {n_features} features: expected indices from 0 to "
            f"{n_features - 1}."
        )
    return int(feature)


def check_constant(values: np.ndarray | LazyRows, static: tuple[int, ...], names: Sequence[str] | None) -> None:
    """Raise a ValueError unless the static features have one value in each sequence.

    Parameters
    ----------
    values : ndarray or LazyRows of shape (n, T, D), float32 or uint8
        The sequences as the network reads them, with NaN at the end as padding.
    static : tuple of int
        The indices of the static features.
    names : sequence of str or None
        The names of all features, for the message.
    """
    for first, part in parts_of(values) if static else ():
        _check_constant(part, static, names, first)


def _check_constant(values: np.ndarray, static: tuple[int, ...], names: Sequence[str] | None, first_row: int) -> None:
    for feature in static:
        channel = values[:, :, feature]
        differs = channel != channel[:, :1]
        if channel.dtype.kind == "f":
            differs &= ~np.isnan(channel)
        if differs.any():
            row, step = np.argwhere(differs)[0]
            name = f"{feature}" if names is None else f"{str(names[feature])!r}"
            raise ValueError(
                f"Feature {name} is in static_features, but changes within sequence {first_row + row} of X: it has the "
                f"values {channel[row, 0]} and {channel[row, step]}. A static feature has one value in each sequence: "
                "leave the feature out of static_features, or replace its values by one, such as the first."
            )
