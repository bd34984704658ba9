"""``python -m benchmarks.long_table``: a long table of ten million rows into sequences, its time and memory.

Each case runs in a process of its own. The memory is the peak of the whole process: Python, the libraries, the frame
and the sequences. It is reported as a multiple of the memory that the numbers in the frame take.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import polars as pl

from benchmarks.machine import describe
from skrnn.datasets import load_file, sequences_from_frame

STEPS, FEATURES = 100, 4  # steps of a sequence on average, features
CASES = {
    "sorted": "pandas, the rows of a sequence one below the other",
    "interleaved": "pandas, all sequences recorded at the same time",
    "shuffled": "pandas, rows in any order, ids are categories",
    "polars": "polars, all sequences recorded at the same time",
    "file": "load_file, a Parquet file, all sequences recorded at the same time",
}
_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


def make_frame(n_rows: int, case: str) -> pd.DataFrame:
    """Return a long table of sequences of unequal lengths, with an id, a time, a label and float64 features."""
    random = np.random.default_rng(0)
    n_sequences = n_rows // STEPS
    ids = random.integers(n_sequences, size=n_rows)
    frame = pd.DataFrame({"id": np.sort(ids) if case == "sorted" else ids, "time": np.arange(n_rows)})
    for feature in range(FEATURES):
        frame[f"x{feature}"] = random.standard_normal(n_rows)
    if case == "shuffled":
        frame["time"] = random.permutation(n_rows)
        frame["id"] = frame["id"].astype(str).astype("category")
    return frame


def measure(n_rows: int, case: str, folder: Path) -> dict[str, float]:
    """Make the sequences of a case once, and return the time and the peak memory of this process."""
    path = folder / "long.parquet"
    if case == "file":
        begin = time.perf_counter()
        data = load_file(path, id="id", time="time", target=False)
    else:
        frame = make_frame(n_rows, case)
        table = pl.from_pandas(frame) if case == "polars" else frame
        if case == "polars":
            del frame
        begin = time.perf_counter()
        data = sequences_from_frame(table, id="id", time="time")
    seconds = time.perf_counter() - begin
    assert sum(map(len, data.X)) == n_rows
    return {"seconds": seconds, "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT}


def main() -> None:
    """Measure all cases, each in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_table", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--case", choices=CASES, help="measure this case alone, in this process, and print JSON")
    parser.add_argument("--folder", type=Path, default=Path(), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(options.rows, options.case, options.folder)))
        return
    numbers = options.rows * (FEATURES + 2) * 8
    machine = ", ".join(f"{name} {value}" for name, value in describe().items())
    print(f"{options.rows:,} rows of an id, a time and {FEATURES} features, {numbers / 1e6:,.0f} MB; {machine}\n")
    print("| table | seconds | peak of the process, MB | times its numbers |\n|---|---|---|---|")
    with TemporaryDirectory() as folder:
        make_frame(options.rows, "file").to_parquet(Path(folder) / "long.parquet")
        for case, title in CASES.items():
            command = [sys.executable, "-m", "benchmarks.long_table", "--rows", str(options.rows), "--case", case]
            run = subprocess.run([*command, "--folder", folder], check=True, capture_output=True, text=True)
            found = json.loads(run.stdout)
            peak = found["bytes"]
            print(f"| {title} | {found['seconds']:.1f} | {peak / 1e6:,.0f} | {peak / numbers:.1f} |", flush=True)


if __name__ == "__main__":
    main()
