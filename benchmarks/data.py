"""The arrays that the peers are given, as .npy files, so that no peer reads them in a way of its own."""

from pathlib import Path

import numpy as np


def prepare(folder: Path, name: str, n: int) -> dict[str, str]:
    """Write the arrays of a data set, unless they are there already.

    Parameters
    ----------
    folder : Path
        Where to.
    name : str
        A key of ``SOURCES``.
    n : int
        How many sequences.

    Returns
    -------
    paths : dict of str to str
        The path of each array: ``X``, ``y`` and, for sequences that are padded behind their end, ``lengths``.
    """
    place = folder / f"{name}-{n}"
    if not place.exists():
        arrays = SOURCES[name](n)
        place.mkdir()
        for key, array in arrays.items():
            np.save(place / f"{key}.npy", array)
    return {path.stem: str(path) for path in sorted(place.glob("*.npy"))}


def _mnist_bytes(n: int) -> dict[str, np.ndarray]:
    from skrnn.datasets import fetch_mnist

    images, y = fetch_mnist(return_X_y=True)
    return {"X": images[:n], "y": y[:n].astype(np.int64)}


def _mnist(n: int) -> dict[str, np.ndarray]:
    arrays = _mnist_bytes(n)
    return {"X": arrays["X"].astype(np.float32) / np.float32(255), "y": arrays["y"]}


def _imdb(n: int) -> dict[str, np.ndarray]:
    from skrnn.datasets import fetch_imdb
    from skrnn.preprocessing import TextToSequence

    texts, y = fetch_imdb(return_X_y=True)
    return {"X": TextToSequence().fit(texts).transform(texts[:n]), "y": y[:n]}


def _digits(n: int) -> dict[str, np.ndarray]:
    from skrnn.datasets import load_digits

    images, y = load_digits(return_X_y=True)
    return {"X": images[:n], "y": y[:n]}


def _variable(n: int) -> dict[str, np.ndarray]:
    """Return noise around waves whose frequency is the class, of 7 to 29 steps and 12 features."""
    random = np.random.RandomState(0)
    lengths, y = random.randint(7, 30, size=n), np.arange(n) % 9
    phases = 0.2 * (1 + y)[:, None, None] * np.arange(29)[:, None] + np.arange(12)
    X = (np.sin(phases) + random.normal(scale=0.3, size=phases.shape)).astype(np.float32)
    X[np.arange(29) >= lengths[:, None]] = 0
    return {"X": X, "y": y.astype(np.int64), "lengths": lengths.astype(np.int64)}


def _short(n: int) -> dict[str, np.ndarray]:
    """Return 10 steps of noise in 4 features, with a mean by which 3 classes differ."""
    random = np.random.RandomState(0)
    y = np.arange(n) % 3
    X = random.normal(size=(n, 10, 4)) + 0.5 * y[:, None, None]
    return {"X": X.astype(np.float32), "y": y.astype(np.int64)}


SOURCES = {
    "mnist": _mnist,
    "mnist_bytes": _mnist_bytes,
    "imdb": _imdb,
    "digits": _digits,
    "variable": _variable,
    "short": _short,
}
