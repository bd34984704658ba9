"""Small real data for the estimators: the bundled digits, and sequences cut from them."""

import numpy as np
import pytest

from skrnn.datasets import load_digits


@pytest.fixture(scope="session")
def digits():
    """150 digits as rows of pixels, ``(150, 8, 8)``, balanced over ten classes."""
    X, y = load_digits(return_X_y=True)
    rows = np.concatenate([np.flatnonzero(y == label)[:15] for label in range(10)])
    np.random.default_rng(0).shuffle(rows)
    return X[rows], y[rows]


@pytest.fixture(scope="session")
def two_digits():
    """The zeros and ones among the digits, 60 of them."""
    X, y = load_digits(return_X_y=True)
    rows = np.flatnonzero(y < 2)[:60]
    return X[rows], y[rows]


@pytest.fixture(scope="session")
def ragged(digits):
    """The digits cut off after 3 to 8 rows, as a list of arrays."""
    X, y = digits
    lengths = np.random.default_rng(1).integers(3, 9, len(X))
    return [x[:length] for x, length in zip(X, lengths, strict=True)], y


@pytest.fixture(scope="session")
def token_ids():
    """Sequences of 5 to 12 token ids below 20, whose label is whether 7 comes before 8."""
    rng = np.random.default_rng(2)
    rows, labels = [], []
    for _ in range(120):
        ids = rng.integers(1, 7, rng.integers(5, 13))
        first, second = np.sort(rng.choice(len(ids), 2, replace=False))
        label = int(rng.integers(2))
        ids[first], ids[second] = (7, 8) if label else (8, 7)
        rows.append(ids)
        labels.append(label)
    return rows, np.array(labels)
