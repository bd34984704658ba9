"""skrnn in several processes at once, each with one thread, a core of its own and the whole work to do."""

import json
import os
import subprocess
import sys
from functools import partial

from benchmarks.peers.common import main, seconds

_SINGLE_THREADED = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def grid(task: dict) -> dict:
    """Measure how many grids per minute the workers get done, from their start to the end of the last."""
    command = [sys.executable, "-m", "benchmarks.peers.ours", json.dumps({**task, "threads": "default", "n_jobs": 1})]
    environment = {**os.environ, **_SINGLE_THREADED}

    def work():
        workers = [
            # TensorFlow also computes in the calling thread, so one core gets one thread.
            subprocess.Popen(
                command,
                env=environment,
                stdout=subprocess.DEVNULL,
                preexec_fn=partial(os.sched_setaffinity, 0, {core}),
            )
            for core in sorted(os.sched_getaffinity(0))[: task["workers"]]
        ]
        failed = [worker.args for worker in workers if worker.wait()]
        if failed:
            raise RuntimeError(f"{len(failed)} of {len(workers)} workers failed.")

    return {"value": 60 * task["workers"] / seconds(work)}


if __name__ == "__main__":
    main({"grid": grid}, packages=("skrnn",))
