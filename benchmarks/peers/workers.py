"""skrnn in several processes at once, each with one thread and the whole work to do."""

import json
import os
import subprocess
import sys

from benchmarks.peers.common import main, seconds

_SINGLE_THREADED = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def grid(task: dict) -> dict:
    """Measure how many grids per minute the workers get done, from their start to the end of the last."""
    command = [sys.executable, "-m", "benchmarks.peers.ours", json.dumps({**task, "threads": "default", "n_jobs": 1})]
    environment = {**os.environ, **_SINGLE_THREADED}

    def work():
        workers = [
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(task["workers"])
        ]
        failed = [worker.args for worker in workers if worker.wait()]
        if failed:
            raise RuntimeError(f"{len(failed)} of {len(workers)} workers failed.")

    return {"value": 60 * task["workers"] / seconds(work)}


if __name__ == "__main__":
    main({"grid": grid}, packages=("skrnn",))
