"""Curves of memory: ``python -m benchmarks.memory``, from the project's root, on Linux.

Each line says after how many fits or predictions how much anonymous memory the process has (the part of resident memory
that is in no file), after garbage has been collected and the allocator has returned what it can.
"""

import argparse
import ctypes
import gc
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np

import skrnn
from skrnn.network.pool import networks


def anonymous_mb() -> float:
    """Return the anonymous memory of this process in MB."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return next(int(words[1]) for words in lines if words[0] == "RssAnon:") / 1024


def curve(name: str, call: Callable[[int], object], n_calls: int, every: int, settled: int) -> None:
    """Make calls and print the memory `every` so often, and the growth since the first `settled` calls."""
    print(f"{name}\n  calls  anonymous MB  growth MB", flush=True)
    start = None
    for number in range(1, n_calls + 1):
        call(number - 1)
        if number % every == 0:
            now = anonymous_mb()
            start = now if number == settled else start
            growth = "" if start is None else f"{now - start:+.1f}"
            print(f"{number:7d}  {now:12.1f}  {growth:>9}", flush=True)


def sequences(n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 64 sequences of three features, and labels."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(64, n_steps, 3)).astype(np.float32), rng.integers(0, 2, 64)


def rotation(n_steps: int, batch_size: int, *, dropped: bool = False) -> None:
    """Fit 30 structures in turns; with `dropped`, each fit traces its graphs anew."""
    if dropped:
        networks.max_idle = 0
    X, y = sequences(n_steps)
    structures = [*itertools.product(["simple_rnn", "lstm", "gru"], range(8, 48, 4))]

    def fit(number: int) -> None:
        cell, units = structures[number % len(structures)]
        skrnn.RecurrentClassifier(cell=cell, units=units, epochs=2, batch_size=batch_size, random_state=0).fit(X, y)

    name = f"30 structures in rotation, {n_steps} steps, batches of {batch_size}" + dropped * ", dropped after each fit"
    curve(name, fit, 300, every=30, settled=60)


def one() -> None:
    """Fit one structure again and again."""
    X, y = sequences(6)
    curve("one structure", lambda _: skrnn.GRUClassifier(16, epochs=2, random_state=0).fit(X, y), 1000, 100, 100)


def predictions() -> None:
    """Predict one row again and again, with a classifier and with a frozen one."""
    X, y = sequences(6)
    fitted = skrnn.GRUClassifier(8, epochs=1, random_state=0).fit(X, y)
    for classifier in (fitted, fitted.freeze()):
        name = type(classifier).__name__
        curve(name, lambda n, c=classifier: c.predict(X[n % 64][None]), 1_000_000, 100_000, 100_000)  # type: ignore[misc]


CURVES = {
    "rotation": lambda: rotation(6, 32),
    "rotation-compiled": lambda: rotation(40, 8),
    "dropped": lambda: rotation(6, 32, dropped=True),
    "one": one,
    "predictions": predictions,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.splitlines()[0])
    parser.add_argument("curves", nargs="*", choices=[*CURVES, []], help="which curves (default: all)")
    for chosen in parser.parse_args().curves or CURVES:
        CURVES[chosen]()
