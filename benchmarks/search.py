"""``python -m benchmarks.search``: hyperparameter search with and without pruning, compared with the peers' searches.

Three questions, on the digits of scikit-learn: what does pruning save with the same number of trials, what does each
search find in the same time, and what does a second process on the same journal save? Every search runs in its own
process, and the contestants take turns.
"""

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.machine import describe
from benchmarks.runner import measure

_ABOUT = """\
# Searches

Written by `python -m benchmarks.search`: hyperparameters of recurrent networks for the bundled digits (cell, width,
learning rate, dropout; 20 epochs, 3 folds). A quarter of the images is held out, and the refitted best candidate is
scored on it. skrnn's default space averages the weights of the last updates (Keras' `use_ema`), "averages" does so with
a peer's. Each search is a process of its own; the contestants take turns. Means over the seeds, with the smallest and
the largest in parentheses; seconds are those of the search, without the refit and without importing Keras. The last
table has no pruning and one value for each seed; its seconds go from the first process' start of the search to the last
one's end.
"""


def _contests(n_trials: int, seconds: float) -> dict[str, dict[str, dict[str, Any]]]:
    """Return, for each question, the tasks by contestant."""
    in_time = {"time": seconds}
    return {
        f"The same number of trials: {n_trials}": {
            "skrnn, pruning": {"task": "ours", "prunes": True, "trials": n_trials},
            "skrnn, no pruning": {"task": "ours", "prunes": False, "trials": n_trials},
        },
        f"The same time: {seconds:g} seconds": {
            "skrnn": {"task": "ours", "prunes": True, **in_time},
            "GridSearchCV, SciKeras": {"task": "grid", "averages": False, **in_time},
            "GridSearchCV, SciKeras, averages": {"task": "grid", "averages": True, **in_time},
            "optuna_integration, SciKeras": {"task": "optuna_integration", "averages": False, **in_time},
        },
    }


def main() -> None:
    """Run all searches, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--out", type=Path, help="write the page there")
    settings = parser.parse_args()
    parts = [_ABOUT, ", ".join(f"{name}: {value}" for name, value in describe().items()) + ".\n"]
    for question, contestants in _contests(settings.trials, settings.seconds).items():
        outcomes: dict[str, list[dict[str, Any]]] = {name: [] for name in contestants}
        for seed in range(settings.seeds):
            for name, task in contestants.items():
                outcome = measure(sys.executable, "peers.searches", {**task, "seed": seed})
                if "error" in outcome:
                    sys.exit(f"{name}, seed {seed}: {outcome['error']}")
                print(name, seed, json.dumps(outcome), file=sys.stderr, flush=True)
                outcomes[name].append(outcome)
        parts.append(f"## {question}\n\n{_table(outcomes)}\n")
    parts.append(
        f"## Processes on one journal: {settings.trials} trials\n\n{_shared(settings.trials, settings.seeds)}\n"
    )
    page = "\n".join(parts)
    print(page)
    if settings.out is not None:
        settings.out.write_text(page, encoding="utf-8")


def _shared(n_trials: int, n_seeds: int) -> str:
    """Search with one process and with two on the same journal, without pruning; return the table."""
    lines = ["| processes | trials | different parameters | seconds | of one |", "|---:|---:|---:|---:|---:|"]
    runs: dict[int, list[list[dict[str, Any]]]] = {1: [], 2: []}
    for seed in range(n_seeds):
        for n_processes, searches in runs.items():
            with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(n_processes) as pool:
                task = {"task": "shared", "prunes": False, "trials": n_trials, "seed": seed}
                task["storage"] = f"{folder}/search.journal"
                started = [pool.submit(measure, sys.executable, "peers.searches", task) for _ in range(n_processes)]
                ended = [process.result() for process in started]
            for outcome in ended:
                if "error" in outcome:
                    sys.exit(f"{n_processes} processes, seed {seed}: {outcome['error']}")
            print(n_processes, "processes", seed, json.dumps(ended), file=sys.stderr, flush=True)
            searches.append(ended)
    seconds = {
        n_processes: [max(run["ended"] for run in ended) - min(run["begun"] for run in ended) for ended in searches]
        for n_processes, searches in runs.items()
    }
    for n_processes, searches in runs.items():
        ratio = mean(these / one for one, these in zip(seconds[1], seconds[n_processes], strict=True))
        cells = (
            str(n_processes),
            ", ".join(str(ended[0]["trials"]) for ended in searches),
            ", ".join(str(ended[0]["different"]) for ended in searches),
            ", ".join(f"{value:.1f}" for value in seconds[n_processes]),
            f"{ratio:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _table(outcomes: dict[str, list[dict[str, Any]]]) -> str:
    lines = [
        "| search | held-out accuracy | cross-validated | candidates | of these pruned | seconds | of the slowest |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    slowest = max(mean(run["seconds"] for run in runs) for runs in outcomes.values())
    for name, runs in outcomes.items():
        scores = [100 * run["value"] for run in runs]
        spread = f" ± {stdev(scores):.2f}" if len(scores) > 1 else ""
        pruned = f"{mean(run['pruned'] for run in runs):.0f}" if "pruned" in runs[0] else ""
        seconds = [run["seconds"] for run in runs]
        cells = (
            name,
            f"{mean(scores):.2f}{spread} ({min(scores):.2f}-{max(scores):.2f})",
            f"{100 * mean(run['cv_score'] for run in runs):.2f}",
            f"{mean(run['candidates'] for run in runs):.0f}",
            pruned,
            f"{mean(seconds):.1f} ({min(seconds):.1f}-{max(seconds):.1f})",
            f"{mean(seconds) / slowest:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
