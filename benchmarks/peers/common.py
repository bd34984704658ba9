"""What the scripts of all peers share: how a task comes in and a result goes out. Imports no peer."""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def main(tasks: dict[str, Callable[[dict], dict]], packages: tuple[str, ...]) -> None:
    """Do the task that the command line describes and print its result as one line of JSON.

    Parameters
    ----------
    tasks : dict of str to callable
        What the peer can do: functions of the description that return the figures measured.
    packages : tuple of str
        The distributions whose versions belong to the result.
    """
    task = json.loads(sys.argv[1])
    result = tasks[task["task"]](task)
    print(json.dumps({**result, "versions": {package: version(package) for package in packages}}))


def load(task: dict, *names: str) -> list[np.ndarray]:
    """Load arrays of the task's data, such as "X" and "y"."""
    return [np.load(task["data"][name]) for name in names]


def seconds(work: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def warm_up_rows(n: int, batch_size: int) -> slice:
    """Return the rows of a short training that sees batches of the sizes that the long one will: 20, and the rest."""
    return slice(min(n, 20 * batch_size + n % batch_size))


def median_ms(predict: Callable[[np.ndarray], Any], X: np.ndarray, task: dict) -> float:
    """Return the median of the milliseconds that predicting one row takes, each time another row."""
    rows = [X[row : row + 1] for row in np.arange(task["warm_up_calls"] + task["calls"]) % len(X)]
    durations = [seconds(partial(predict, row)) for row in rows]
    return 1000 * float(np.median(durations[task["warm_up_calls"] :]))


def best_rate(n: int, calls: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Return the rows per second of the second of two calls, for the best of several ways, and for each of them."""
    rates = {}
    for name, call in calls.items():
        call()
        rates[name] = n / seconds(call)
    return {"value": max(rates.values()), "rates": rates}


def candidates(task: dict, prefix: dict[str, str] | None = None) -> list[dict[str, list]]:
    """Return the task's grid, cut to its number of candidates, in the form that GridSearchCV takes.

    Parameters
    ----------
    task : dict
        The task, with its ``grid`` and the number of ``candidates``.
    prefix : dict of str to str, default=None
        What the parameters are called, if not by their names in the grid.
    """
    from sklearn.model_selection import ParameterGrid

    chosen = list(ParameterGrid(task["grid"]))[: task["candidates"]]
    names = prefix or {}
    return [{names.get(name, name): [value] for name, value in candidate.items()} for candidate in chosen]


def peak_memory_mb() -> float:
    """Return the largest resident memory that this process has had, in MB."""
    # getrusage's figure outlives exec and so may be that of the process that started this one; Linux' VmHWM does not.
    status = _process_status()
    if "VmHWM" in status:
        return status["VmHWM"] / 1024
    import resource  # Unix has it

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def resident_memory_mb() -> float:
    """Return the resident memory that this process has now, in MB; Linux only."""
    return _process_status()["VmRSS"] / 1024


def _process_status() -> dict[str, int]:
    """Return the lines of /proc/self/status that give kilobytes, where there is such a file."""
    path = Path("/proc/self/status")
    if not path.exists():
        return {}
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) == 3 and words[2] == "kB"}
