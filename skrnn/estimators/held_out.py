"""Which rows are held out for validation: a stratified part, with every class in both parts."""

import math

import numpy as np
from sklearn.model_selection import train_test_split

_SHARE = 0.1  # what early stopping holds out where nothing says how much


def split_rows(numbers: np.ndarray, classes: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split rows into a part to train on and one to validate on.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
        The number of each row's class.
    classes : ndarray
        The labels, for messages.
    fraction : float
        The part to hold out, rounded up to whole rows; 0 for a share of our own, which is large enough for one row of
        every class.
    seed : int

    Returns
    -------
    training, held_out : ndarray
        Numbers of rows, the first in their order.

    Raises
    ------
    ValueError
        If a class has a single row, or if one of the parts has fewer rows than there are classes.
    """
    present, counts = np.unique(numbers, return_counts=True)
    n, n_classes = len(numbers), len(present)
    if counts.min() < 2:
        single = classes[present[counts < 2]].tolist()
        raise ValueError(
            "What is held out for validation and what is left must both have every class in it, but there is a single "
            f"sample of {', '.join(map(repr, single))}. Give fit X_val and y_val, or more samples."
        )
    n_held_out = math.ceil(fraction * n) if fraction else max(math.ceil(_SHARE * n), n_classes)
    if not n_classes <= n_held_out <= n - n_classes:
        digits = 10 ** (len(str(n)) + 1)
        least, most = math.ceil(n_classes / n * digits) / digits, math.floor((n - n_classes) / n * digits) / digits
        raise ValueError(
            f"validation_fraction={fraction} of {n} samples cannot be held out with every class in it and in the rest: "
            f"it is {n_held_out} samples, and there are {n_classes} classes. The least that works is {least}, the most "
            f"{most}."
        )
    training, held_out = train_test_split(np.arange(n), test_size=n_held_out, stratify=numbers, random_state=seed)
    _exchange_for_missing(numbers, held_out, training)
    _exchange_for_missing(numbers, training, held_out)
    return np.sort(training), held_out


def _exchange_for_missing(numbers: np.ndarray, part: np.ndarray, other: np.ndarray) -> None:
    """Give a part a row of each class that only the other has, for one of the class it has most of.

    Stratified shares are rounded, for rare classes to nothing.
    """
    for missing in np.setdiff1d(numbers[other], numbers[part]):
        given = np.flatnonzero(numbers[part] == np.bincount(numbers[part]).argmax())[-1]
        taken = np.flatnonzero(numbers[other] == missing)[-1]
        part[given], other[taken] = other[taken], part[given]
