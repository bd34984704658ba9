"""Finished fits in a file: a killed comparison continues, and nothing is used again that may have another score."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.tree import DecisionTreeClassifier

from skrnn.datasets import load_digits
from skrnn.model_selection import ComparisonInterrupted, compare_architectures

KILLS = int(os.environ.get("SKRNN_KILLS", "2"))  # each takes a process that starts TensorFlow
RESULTS = ["architecture", "repeat", "fold", "score", "n_train", "n_test", "n_parameters", "n_epochs", "best_epoch"]


@pytest.fixture(scope="module")
def data():
    X, y = load_digits(return_X_y=True)
    return X[:200].reshape(200, 64), y[:200]


def compare(data, folder, estimators=None, *, begun=None, **changes):
    """Compare, and append to `begun` the name of each architecture whose fit begins."""
    trees = {"tree": DecisionTreeClassifier(max_depth=5), "stump": DecisionTreeClassifier(max_depth=1)}

    def note(event):
        if begun is not None and event.kind == "begin":
            begun.append(event.architecture)

    given = {"cv": 3, "random_state": 0, "storage": folder, "progress": note, **changes}
    return compare_architectures(trees if estimators is None else estimators, *data, **given)


def n_fits(*arguments, **changes):
    """Compare, and return how many fits began."""
    begun = []
    compare(*arguments, begun=begun, **changes)
    return len(begun)


def lines(folder):
    return (folder / "fits.jsonl").read_text().splitlines()


def test_finished_fits_are_not_done_again(data, tmp_path):
    begun = []
    first = compare(data, tmp_path / "new", begun=begun)
    assert len(begun) == len(lines(tmp_path / "new")) == 6
    again = compare(data, tmp_path / "new", begun=begun)
    assert len(begun) == 6
    pd.testing.assert_frame_equal(again.to_frame(), first.to_frame())  # the times, too
    pd.testing.assert_frame_equal(again.pairwise(), first.pairwise())
    for row in range(2):
        for split in range(3):
            np.testing.assert_array_equal(again.predicted[row][split], first.predicted[row][split])
            np.testing.assert_array_equal(again.probabilities[row][split], first.probabilities[row][split])


def test_a_larger_comparison_adds_its_own_fits(data, tmp_path):
    compare(data, tmp_path)
    trees = {name: DecisionTreeClassifier(max_depth=depth) for name, depth in (("tree", 5), ("stump", 1), ("deep", 9))}
    begun = []
    more = compare(data, tmp_path, trees, begun=begun)
    assert begun == ["deep"] * 3
    repeated = compare(data, tmp_path, n_repeats=2, begun=begun)
    assert len(begun) == 9
    np.testing.assert_array_equal(repeated.scores[:, :3], more.scores[:2])


CHANGES = {
    "X": lambda X, y: {"data": (X + 1e-6, y)},
    "y": lambda X, y: {"data": (X, np.where(np.arange(200) == 7, 3, y))},
    "parameter": lambda X, y: {"estimators": {"tree": DecisionTreeClassifier(max_depth=6)}},
    "seed": lambda X, y: {"random_state": 1},
    "folds": lambda X, y: {"cv": 4},
    "scoring": lambda X, y: {"scoring": "balanced_accuracy"},
    "argument of a scorer": lambda X, y: {"scoring": make_scorer(fbeta_score, beta=2, average="macro")},
    "weights": lambda X, y: {"params": {"sample_weight": np.linspace(1, 2, 200)}},
    "test set": lambda X, y: {"X_test": X[:50], "y_test": y[:50]},
    "groups": lambda X, y: {"groups": np.arange(200) // 4},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_scores_depend_on_is_another_fit(data, tmp_path, change):
    compare(data, tmp_path)
    changed = CHANGES[change](*data)
    begun = []
    found = compare(changed.pop("data", data), tmp_path, begun=begun, **changed)
    assert len(begun) == found.finished.size


@pytest.mark.parametrize("change", [{"n_jobs": 1}, {"rope": 0.2}, {"error_score": 0.0}])
def test_what_changes_no_score_is_the_same_fit(data, tmp_path, change):
    compare(data, tmp_path)
    assert n_fits(data, tmp_path, **change) == 0


def test_the_order_and_names_of_the_others_do_not_matter(data, tmp_path):
    compare(data, tmp_path)
    stump, tree = (DecisionTreeClassifier(max_depth=depth) for depth in (1, 5))
    assert n_fits(data, tmp_path, {"stump": stump, "more": DummyClassifier(), "tree": tree}) == 3


def test_a_last_line_that_lacks_only_its_end_is_kept(data, tmp_path):
    compare(data, tmp_path)
    path = tmp_path / "fits.jsonl"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert n_fits(data, tmp_path) == 0
    assert path.read_bytes() == content


@pytest.mark.parametrize("change", ["deleted", "replaced"])
def test_a_file_that_is_gone_during_a_comparison_is_named(data, tmp_path, change):
    """Formerly a new file held only the fits that followed."""
    path = tmp_path / "fits.jsonl"

    def act(event):
        if event.kind == "end" and event.split == 1:
            path.unlink(missing_ok=True)
            if change == "replaced":
                path.write_text("")

    with pytest.raises(OSError, match=rf"fits\.jsonl was {change}.* while it was in use\. Put the file back"):
        compare(data, tmp_path, progress=act)
    assert not path.exists() or path.read_text() == ""


@pytest.mark.parametrize("n_lost", [2, 40, 10_000])
def test_an_incomplete_last_line_is_left_out_with_a_warning(data, tmp_path, n_lost):
    first = compare(data, tmp_path)
    path = tmp_path / "fits.jsonl"
    content = path.read_bytes()
    last = content.splitlines()[-1]
    path.write_bytes(content[: -min(n_lost, len(last))])
    begun = []
    with pytest.warns(UserWarning, match=r"fits\.jsonl: its last line is incomplete, as after a crash"):
        again = compare(data, tmp_path, begun=begun)
    assert len(begun) == 1
    pd.testing.assert_frame_equal(again.to_frame()[RESULTS], first.to_frame()[RESULTS])
    assert len([json.loads(line) for line in lines(tmp_path)]) == 6
    assert n_fits(data, tmp_path) == 0  # and the file is complete again


@pytest.mark.parametrize("damage", ["{}", "[1]", "not JSON", '{"key": 1, "scores": {}}', ""])
def test_a_damaged_line_is_left_out_with_a_warning(data, tmp_path, damage):
    compare(data, tmp_path)
    path = tmp_path / "fits.jsonl"
    path.write_text("\n".join([lines(tmp_path)[0], damage, *lines(tmp_path)[2:]]) + "\n")
    with pytest.warns(UserWarning, match=r"fits\.jsonl: line 2 is damaged and is left out: that fit is done again"):
        assert n_fits(data, tmp_path) == 1


def test_an_interrupted_comparison_continues(data, tmp_path):
    def stop(event):
        if event.kind == "end" and event.split == 1:
            raise KeyboardInterrupt

    with pytest.raises(ComparisonInterrupted):
        compare(data, tmp_path, progress=stop)
    n_before = len(lines(tmp_path))
    assert 0 < n_before < 6
    assert n_fits(data, tmp_path) == 6 - n_before


class Fragile(DecisionTreeClassifier):
    def fit(self, X, y):
        if "SKRNN_TEST_BROKEN" in os.environ:
            raise RuntimeError("broken")
        return super().fit(X, y)


def test_failed_fits_are_tried_again(data, tmp_path, monkeypatch):
    estimators = {"tree": DecisionTreeClassifier(), "fragile": Fragile()}
    monkeypatch.setenv("SKRNN_TEST_BROKEN", "1")
    with pytest.warns(match="3 of 6 fits failed"):
        compare(data, tmp_path, estimators, error_score=np.nan)
    monkeypatch.delenv("SKRNN_TEST_BROKEN")
    begun = []
    assert np.isfinite(compare(data, tmp_path, estimators, error_score=np.nan, begun=begun).scores).all()
    assert begun == ["fragile"] * 3


def test_one_comparison_at_a_time(data, tmp_path):
    def start_another(event):
        with pytest.raises(ValueError, match=r"fits\.jsonl is in use by another comparison"):
            compare(data, tmp_path)
        seen.append(event)

    seen = []
    compare(data, tmp_path, progress=start_another)
    assert len(seen) == 12


def test_what_cannot_be_described_is_refused_before_anything_is_fitted(data, tmp_path):
    lock, begun = Lock(), []

    def scoring(estimator, X, y):
        with lock:
            return estimator.score(X, y)

    with pytest.raises(ValueError, match="With a storage, a finished fit is used again only if everything"):
        compare(data, tmp_path, scoring=scoring, begun=begun)
    assert not begun


SCRIPT = """
import sys
from skrnn import GRUClassifier, SimpleRNNClassifier
from skrnn.datasets import load_digits
from skrnn.model_selection import compare_architectures

X, y = load_digits(return_X_y=True)
networks = {"SimpleRNN": SimpleRNNClassifier(8, epochs=20), "GRU": GRUClassifier(8, epochs=20)}
found = compare_architectures(networks, X[:300], y[:300], cv=3, n_repeats=2, random_state=0, storage=sys.argv[1])
found.to_frame().to_csv(sys.argv[2], index=False)
found.pairwise().to_csv(sys.argv[3], index=False)
"""


def start(folder: Path, name: str) -> subprocess.Popen:
    script = folder / "script.py"
    script.write_text(SCRIPT)
    arguments = [str(folder / name), str(folder / f"{name}.csv"), str(folder / f"{name}-pairs.csv")]
    return subprocess.Popen([sys.executable, str(script), *arguments], stderr=subprocess.PIPE)


@pytest.mark.long
def test_a_killed_comparison_has_the_same_table(tmp_path):
    """SKRNN_KILLS=10 kills it ten times; what is killed may be any fit, or the writing of a line."""
    rng = np.random.default_rng()
    path = tmp_path / "killed" / "fits.jsonl"
    for _ in range(KILLS):
        process = start(tmp_path, "killed")
        n_before = len(path.read_bytes().splitlines()) if path.exists() else 0
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if path.exists() and len(path.read_bytes().splitlines()) > n_before:
                time.sleep(rng.uniform(0, 0.5))
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    for name in ("killed", "whole"):
        process = start(tmp_path, name)
        errors = process.communicate(timeout=240)[1]
        assert process.returncode == 0, errors.decode()
    killed, whole = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("killed", "whole"))
    pd.testing.assert_frame_equal(killed[RESULTS], whole[RESULTS], check_exact=True)
    assert (tmp_path / "killed-pairs.csv").read_text() == (tmp_path / "whole-pairs.csv").read_text()
