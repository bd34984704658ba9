"""Runs the measurements: each in a process of its own, the peers of a row in turns."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.data import prepare
from benchmarks.environments import Interpreters
from benchmarks.plan import Peer, Row
from benchmarks.report import number
from benchmarks.results import Results

ROOT = Path(__file__).parents[1]
_PATIENCE = 3600  # seconds for one measurement
_ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
_NOT_INHERITED = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"}


def run(rows: Iterable[Row], repeats: int, results: Results, interpreters: Interpreters, folder: Path) -> None:
    """Make all measurements that the results do not hold yet.

    Parameters
    ----------
    rows : iterable of Row
        At the sizes wanted.
    repeats : int
        How often each peer does the work of a row that does not say otherwise.
    results : Results
        Where the outcomes go.
    interpreters : Interpreters
        What runs the scripts.
    folder : Path
        Where the arrays go.
    """
    pending = [step for step in _steps(rows, repeats) if not results.has(*step)]
    for position, (row, peer, repeat) in enumerate(pending, start=1):
        print(f"[{position}/{len(pending)}] {row.name}, {peer.full_name}: ", end="", file=sys.stderr, flush=True)
        data = prepare(folder, row.data, row.sizes["n"]) if row.data else {}
        task = {"task": row.task, "data": data, **row.sizes, **row.settings, **peer.options}
        outcome = measure(interpreters[peer.environment], peer.script, task)
        results.add(row, peer, repeat, outcome)
        print(_progress(row, outcome), file=sys.stderr, flush=True)


def measure(python: str, script: str, task: dict[str, Any]) -> dict[str, Any]:
    """Run a script in a process of its own and return its result with its ``wall_seconds``, or an ``error``."""
    command = [python, "-m", f"benchmarks.{script}", json.dumps(task)]
    # Default threads are to be the default ones.
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    environment = {**inherited, **_ENVIRONMENT}
    start = time.perf_counter()
    try:
        process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {_PATIENCE} s"}
    wall_seconds = time.perf_counter() - start
    if process.returncode:
        return {"error": "\n".join(process.stderr.strip().splitlines()[-5:]) or f"exit status {process.returncode}"}
    return {**json.loads(process.stdout.splitlines()[-1]), "wall_seconds": wall_seconds}


def _steps(rows: Iterable[Row], repeats: int) -> Iterator[tuple[Row, Peer, int]]:
    """Yield the measurements row by row, all peers once before any of them again."""
    for row in rows:
        for repeat in range(row.repeats or repeats):
            for peer in row.peers:
                yield row, peer, repeat


def _progress(row: Row, outcome: dict[str, Any]) -> str:
    if "error" in outcome:
        return f"failed\n{outcome['error']}"
    return f"{number(outcome[row.figure])} {row.unit} ({outcome['wall_seconds']:.1f} s)"
