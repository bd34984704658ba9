"""The command line: ``python -m benchmarks``, from the project's root, in an environment with skrnn installed."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import machine, report
from benchmarks.environments import CACHE, Interpreters
from benchmarks.results import Results
from benchmarks.rows import ROWS
from benchmarks.runner import run


def main() -> int:
    """Measure, print the tables and, if wanted, write the page; return 1 if a measurement failed."""
    options = _parser().parse_args()
    rows = [row.scaled(options.scale) for row in ROWS if options.rows is None or row.name in options.rows]
    try:
        results = Results(options.results, machine.describe(), options.scale)
    except ValueError as error:
        sys.exit(f"{error} Name another file with --results.")
    with TemporaryDirectory(prefix="skrnn-benchmarks-") as folder:
        run(rows, options.repeats, results, Interpreters(options.skorch_python), Path(folder))
    print(f"{report.machine(results)}\n\n{report.tables(rows, results)}", end="")
    if options.out is not None:
        options.out.write_text(report.page(rows, results))
    return int(any(results.failed(row, peer) for row in rows for peer in row.peers))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure skrnn against stock Keras, SciKeras and skorch, side by side. The whole takes an hour or "
        "more; leave the machine alone meanwhile. MNIST and IMDB are read from the data home (SKRNN_DATA_HOME).",
        epilog="Rows: " + ", ".join(row.name for row in ROWS),
    )
    names = [row.name for row in ROWS]
    parser.add_argument("--rows", nargs="+", choices=names, metavar="NAME", help="measure only these (default: all)")
    parser.add_argument("--repeats", type=int, default=3, help="how often each peer does each work (default: 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="multiply the data sizes, to try it out (default: 1)")
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help="write each measurement to this file of JSON lines, and skip those that are in it",
    )
    parser.add_argument("--out", type=Path, metavar="PAGE.md", help="write a page with the tables and what they mean")
    parser.add_argument(
        "--skorch-python",
        metavar="PATH",
        help=f"an interpreter with skorch and PyTorch (default: an environment that is made in {CACHE})",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
