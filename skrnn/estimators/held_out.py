"""Which rows are held out for validation: a stratified part, with every class in both parts.

Rows of several labels are split at random. No split can have every label in both parts, if one is rare enough.
"""

import math

import numpy as np
from sklearn.model_selection import train_test_split

_SHARE = 0.1  # the fraction that early stopping holds out by default


def split_rows(targets: np.ndarray, classes: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split rows into a part to train on and one to validate on.

    Parameters
    ----------
    targets : ndarray of shape (n,) or (n, n_labels)
        Class index of each row; or zeros and ones, and then the split is not stratified.
    classes : ndarray of shape (n_classes,)
        The labels, for messages.
    fraction : float
        The fraction to hold out, rounded up to whole rows; 0 holds out a tenth, or one row of each class if that is
        more.
    seed : int

    Returns
    -------
    training, held_out : ndarray of int64
        Row indices; those for training are sorted.

    Raises
    ------
    ValueError
        If a class has a single row, or if one of the parts has fewer rows than there are classes; for several labels,
        if one of the parts has no row.
    """
    if targets.ndim == 2:
        return _split_at_random(len(targets), fraction, seed)
    present, counts = np.unique(targets, return_counts=True)
    n, n_classes = len(targets), len(present)
    if counts.min() < 2:
        single = classes[present[counts < 2]].tolist()
        raise ValueError(
            "Both the validation data and the rest need every class, but there is only one sample of "
            f"{', '.join(map(repr, single))}. Pass X_val and y_val to fit, or more samples."
        )
    n_held_out = math.ceil(fraction * n) if fraction else max(math.ceil(_SHARE * n), n_classes)
    if not n_classes <= n_held_out <= n - n_classes:
        digits = 10 ** (len(str(n)) + 1)
        least, most = math.ceil(n_classes / n * digits) / digits, math.floor((n - n_classes) / n * digits) / digits
        raise ValueError(
            f"validation_fraction={fraction} holds out {n_held_out} of {n} samples, but these and the rest need at "
            f"least one sample of each of the {n_classes} classes. Use a fraction of at least {least} and at most "
            f"{most}."
        )
    training, held_out = train_test_split(np.arange(n), test_size=n_held_out, stratify=targets, random_state=seed)
    _exchange_for_missing(targets, held_out, training)
    _exchange_for_missing(targets, training, held_out)
    return np.sort(training), held_out


def _split_at_random(n: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    n_held_out = math.ceil((fraction or _SHARE) * n)
    if n_held_out >= n:
        raise ValueError(
            f"validation_fraction={fraction} holds out {n_held_out} of {n} samples, which leaves none to train on. Use "
            "a smaller fraction, or pass X_val and y_val to fit."
        )
    training, held_out = train_test_split(np.arange(n), test_size=n_held_out, random_state=seed)
    return np.sort(training), held_out


def _exchange_for_missing(indices: np.ndarray, part: np.ndarray, other: np.ndarray) -> None:
    """Give `part` a row of each class that only `other` has, in exchange for one of its most frequent class.

    Stratified counts are rounded, so rare classes may end up in one part only.
    """
    for missing in np.setdiff1d(indices[other], indices[part]):
        given = np.flatnonzero(indices[part] == np.bincount(indices[part]).argmax())[-1]
        taken = np.flatnonzero(indices[other] == missing)[-1]
        part[given], other[taken] = other[taken], part[given]
