"""``python -m benchmarks.archive``: default and tuned networks on sets of the UCR and UEA archives.

Every classifier is fitted on the training file of a set and scored on its test file, with several seeds. The scores are
appended to a file as they are computed, so a run that was stopped goes on where it was.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Bunch

import skrnn
from benchmarks.machine import describe
from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier
from skrnn.datasets import load_file, make_preprocessor
from skrnn.model_selection import OptunaSearchCV
from skrnn.model_selection.baselines import baselines_for
from skrnn.preprocessing import SequencePadder

NETWORKS = {"SimpleRNN": SimpleRNNClassifier, "LSTM": LSTMClassifier, "GRU": GRUClassifier}
NEIGHBOUR, TUNED = "1-NN", "tuned network"
STEP_BY_STEP = " step by step"
_ABOUT = """\
# Networks and other classifiers on small sets of time series

Written by `python -m benchmarks.archive --seconds {seconds:g}`. Accuracy in percent on the test files of sets of the
[UCR and UEA archives](https://www.timeseriesclassification.com): means over {seeds} seeds, and in parentheses the
lowest and the highest. *1-NN* is the nearest neighbour by Euclidean distance, *logistic regression* and *random forest*
are the baselines of `compare_architectures`. *SimpleRNN*, *LSTM* and *GRU* have their default parameters behind
`make_preprocessor`, which standardises, and reads several steps as one in long series; *step by step* is without that.
The *{tuned}* is the best of what `OptunaSearchCV` found in {seconds:g} seconds with two processes, in its default
space, starting from a default LSTM.
"""


def load(folder: Path, name: str) -> tuple[Bunch, Bunch]:
    """Return the training data and the test data of a set."""
    return load_file(folder / f"{name}_TRAIN.ts"), load_file(folder / f"{name}_TEST.ts")


def classifiers(data: Bunch, seconds: float) -> Iterator[tuple[str, bool, Callable[[int], Any]]]:
    """Yield the name of each classifier, whether it depends on a seed, and a function of the seed that makes it."""
    yield NEIGHBOUR, False, lambda seed: nearest_neighbour(data)
    for name, baseline in baselines_for(data.X, data.y, {"LSTM": LSTMClassifier()}, None).items():
        if "dummy" not in name.lower():
            yield name, True, lambda seed, baseline=baseline: seeded(baseline, seed)
    for name, network in NETWORKS.items():
        yield (
            name + STEP_BY_STEP,
            True,
            lambda seed, network=network: make_pipeline(
                make_preprocessor(data, patch_length=1), network(random_state=seed)
            ),
        )
        yield (
            name,
            True,
            lambda seed, network=network: make_pipeline(make_preprocessor(data), network(random_state=seed)),
        )
    yield (
        TUNED,
        True,
        lambda seed: OptunaSearchCV(
            make_pipeline(make_preprocessor(data), RecurrentClassifier()), timeout=seconds, n_jobs=2, random_state=seed
        ),
    )


def nearest_neighbour(data: Bunch) -> Any:
    """Return a nearest neighbour of standardised series; a shorter one is continued with zeros, which are means."""
    longest = max(len(sequence) for sequence in data.X)
    flat = FunctionTransformer(lambda X: np.nan_to_num(X).reshape(len(X), -1))
    return make_pipeline(
        make_preprocessor(data, patch_length=1), SequencePadder(longest), flat, KNeighborsClassifier(n_neighbors=1)
    )


def seeded(estimator: Any, seed: int) -> Any:
    """Set each `random_state`."""
    names = [name for name in estimator.get_params() if name.rpartition("__")[2] == "random_state"]
    return estimator.set_params(**dict.fromkeys(names, seed))


def run(folder: Path, names: list[str], seeds: int, seconds: float, file: Path) -> None:
    """Fit and score what is not in the file yet."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    done = {(row["set"], row["classifier"], row["seed"]) for row in map(json.loads, lines)}
    for name in names:
        data, test = load(folder, name)
        for classifier, depends_on_seed, make in classifiers(data, seconds):
            for seed in range(seeds if depends_on_seed else 1):
                if (name, classifier, seed) in done:
                    continue
                started = time.perf_counter()
                fitted = make(seed).fit(data.X, data.y)
                took = time.perf_counter() - started
                row = {
                    "set": name,
                    "classifier": classifier,
                    "seed": seed,
                    "accuracy": float(fitted.score(test.X, test.y)),
                    "seconds": round(took, 2),
                    "n_train": len(data.y),
                    "n_test": len(test.y),
                    "n_steps": int(np.median([len(sequence) for sequence in data.X])),
                    "n_features": int(np.shape(data.X[0])[1]),
                    "n_classes": len(set(data.y)),
                }
                if classifier == TUNED:
                    row["n_trials"] = len(fitted.trials_)
                    row["best"] = {key.rpartition("__")[2]: value for key, value in fitted.best_params_.items()}
                with file.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(row) + "\n")
                print(f"{name}, {classifier}, seed {seed}: {row['accuracy']:.3f} in {took:.1f} s", flush=True)


def page(file: Path, seeds: int, seconds: float) -> str:
    """Return the page of results, of the sets that are complete."""
    rows = pd.DataFrame(map(json.loads, file.read_text(encoding="utf-8").splitlines()))
    n_done = rows[rows["classifier"] == TUNED].groupby("set").size()
    rows = rows[rows["set"].isin(n_done.index[n_done == seeds])]
    sets = rows.drop_duplicates("set").set_index("set")
    order = list(dict.fromkeys(rows["classifier"]))
    by_set = rows.groupby(["classifier", "set"])["accuracy"].agg(["mean", "min", "max", "size"])
    lines = [
        _ABOUT.format(seconds=seconds, seeds=seeds, tuned=TUNED),
        f"Measured on: {', '.join(f'{name} {value}' for name, value in describe().items())}.",
        "",
    ]
    lines += [f"| | {' | '.join(sets.index)} |", f"|---|{'---|' * len(sets)}"]
    shapes = [
        f"{row.n_steps} x {row.n_features}, {row.n_train} / {row.n_test}, {row.n_classes}" for row in sets.itertuples()
    ]
    lines.append(f"| steps x features, training / test, classes | {' | '.join(shapes)} |")
    for classifier in order:
        lines.append(f"| {classifier} | {' | '.join(_cell(by_set, classifier, name) for name in sets.index)} |")
    means = by_set["mean"].unstack("set")
    at_least = [name for name in sets.index if means.loc[TUNED, name] >= means.loc[NEIGHBOUR, name]]
    rest = [name for name in sets.index if name not in at_least]
    but = f", and worse on {', '.join(rest)}" if rest else ""
    lines += ["", f"The {TUNED} is at least as good as {NEIGHBOUR} on {', '.join(at_least) or 'none'}{but}."]
    trials = rows[rows["classifier"] == TUNED].groupby("set")["n_trials"].median()
    lines.append(f"Trials of a search (median): {', '.join(f'{name} {n:g}' for name, n in trials.items())}.")
    return "\n".join(lines) + "\n"


def _cell(by_set: pd.DataFrame, classifier: str, name: str) -> str:
    mean, low, high, size = by_set.loc[classifier, name]
    spread = f" ({100 * low:.0f}-{100 * high:.0f})" if size > 1 else ""
    return f"{100 * mean:.1f}{spread}"


def main() -> None:
    """Run what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="Folder with NAME_TRAIN.ts and NAME_TEST.ts of each set.")
    parser.add_argument("--sets", nargs="*", help="Names of the sets; all in the folder by default.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0, help="Time of a search.")
    parser.add_argument("--file", type=Path, default=Path("archive.jsonl"), help="Where the scores are kept.")
    parser.add_argument("--out", type=Path, help="Page of results to write.")
    given = parser.parse_args()
    names = given.sets or sorted(path.name.removesuffix("_TRAIN.ts") for path in given.folder.glob("*_TRAIN.ts"))
    skrnn.configure_threads()
    run(given.folder, names, given.seeds, given.seconds, given.file)
    text = page(given.file, given.seeds, given.seconds)
    print(text)
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
