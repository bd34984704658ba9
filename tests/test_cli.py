"""The command line: what it writes and prints, what it refuses and how, and what Ctrl-C leaves."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from io import StringIO

import numpy as np
import pandas as pd
import pytest
import typer
from rich.console import Console
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

import skrnn
from skrnn import cli
from skrnn.cli import compare, data
from skrnn.cli.source import Source
from skrnn.datasets import load_digits
from skrnn.model_selection import open_storage

QUICK = ["--samples", "100", "--units", "4", "--epochs", "2", "--cv", "2", "--n-jobs", "1"]
FILES = [
    *("comparison.npz", "differences.png", "fits.jsonl", "fits.jsonl.lock", "histories.csv", "learning_curves.png"),
    *("pairwise.csv", "scores.csv", "scores.png", "summary.json"),
]


def start(*arguments, **kwargs):
    return subprocess.Popen(
        [sys.executable, "-m", "skrnn.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell that runs the tests in the background has them, and all they start, ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        **kwargs,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small comparison, run once: the folder, and what was printed."""
    folder = tmp_path_factory.mktemp("results") / "new"
    before, sys.stdout = sys.stdout, StringIO()
    try:
        code = cli.main(["compare", *QUICK, "--repeats", "2", "--seed", "3", "--out", str(folder)])
        printed = sys.stdout.getvalue()
    finally:
        sys.stdout = before
    assert code == 0
    return folder, printed


# A comparison


def test_a_comparison_writes_its_files(finished):
    folder, _ = finished
    assert sorted(os.listdir(folder)) == FILES
    scores = pd.read_csv(folder / "scores.csv")
    assert scores.groupby(["architecture", "repeat"]).size().to_dict() == {
        (name, repeat): 2 for name in ("SimpleRNN", "LSTM", "GRU") for repeat in (0, 1)
    }
    assert scores["score"].between(0, 1).all()
    assert set(scores["n_epochs"]) == {2}
    histories = pd.read_csv(folder / "histories.csv")
    assert len(histories) == 12 * 2 * 4  # fits, epochs, metrics of training and test data
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["complete"] is True
    settings = summary["settings"]
    assert settings.pop("seconds") > 0
    assert settings.pop("versions").keys() == {"python", "skrnn", "numpy", "sklearn", "keras", "tensorflow"}
    assert settings.pop("command") == (
        "skrnn compare digits --cv 2 --repeats 2 --rope 0.01 --seed 3 --epochs 2 --units 4 --samples 100"
    )
    assert settings == {
        "dataset": "digits",
        "n_samples": 100,
        "n_classes": 10,
        "cv": 2,
        "repeats": 2,
        "units": 4,
        "epochs": 2,
        "seed": 3,
        "n_jobs": 1,
    }


def test_what_is_printed_is_plain_lines_and_a_table_best_first(finished):
    folder, printed = finished
    assert "\x1b" not in printed
    assert "\r" not in printed
    lines = printed.splitlines()
    assert lines[:2] == [
        "digits: 100 images in 10 classes, 2-fold cross-validation, 2 times",
        "SimpleRNN, LSTM and GRU: 4 units, 2 epochs, seed 3; 12 fits",
    ]
    fit_lines = [line for line in lines if line.startswith("[")]
    assert len(fit_lines) == 12
    assert re.fullmatch(r"\[1/12\] SimpleRNN, fold 1, repeat 1: accuracy \d\.\d{4} in \d+\.\d s", fit_lines[0])
    assert fit_lines[-1].startswith("[12/12] GRU, fold 2, repeat 2: accuracy ")
    rows = [line.split() for line in lines if re.match(r" *(SimpleRNN|LSTM|GRU) +\d", line)]
    summary = {row["architecture"]: row for row in json.loads((folder / "summary.json").read_text())["architectures"]}
    assert [row[0] for row in rows] == sorted(summary, key=lambda name: -summary[name]["mean"])
    for name, mean, _, std, low, _, high, parameters, epochs, *_ in rows:
        assert [float(low), float(high)] == pytest.approx([summary[name][end] for end in ("low", "high")], abs=1e-3)
        assert float(mean) == pytest.approx(summary[name]["mean"], abs=1e-4)
        assert float(std) == pytest.approx(summary[name]["std"], abs=1e-4)
        assert int(parameters) == summary[name]["n_parameters"]
        assert epochs == "2"
    assert "Mean ± standard deviation over 4 test folds; times are means per fit." in lines
    start = lines.index("", lines.index("Mean ± standard deviation over 4 test folds; times are means per fit."))
    end = lines.index("", start + 1)
    assert lines[start + 1 : end] == json.loads((folder / "summary.json").read_text())["conclusion"]
    written = ["comparison.npz", "scores.csv", "pairwise.csv", "histories.csv", "summary.json"]
    assert lines[-1] == f"{folder}: {', '.join([*written, 'scores.png', 'differences.png', 'learning_curves.png'])}"


@pytest.mark.long
def test_the_same_seed_gives_the_same_scores_in_another_process_that_ctrl_c_stops(finished, tmp_path):
    """One real process, for both: its options make it run for ever, and it is interrupted."""
    out = tmp_path / "out"
    process = start("compare", *QUICK, "--repeats", "2000", "--seed", "3", "--out", str(out))
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("[2/12000]"):
            break
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == ""
    assert rest.splitlines()[-1] == (
        f"Interrupted: {_n_kept(out)} of 12000 fits were finished and are kept. The same command continues."
    )
    assert {*FILES} - {*os.listdir(out)} <= {"differences.png"}  # it needs two splits
    summary = json.loads((out / "summary.json").read_text())
    assert summary["complete"] is False
    assert summary["n_fits"] == 12000
    assert 2 <= summary["n_fits_finished"] == _n_kept(out)
    # The folds of the first repeat are those of the finished comparison, which had the same seed.
    keys = ["architecture", "repeat", "fold"]
    there = pd.read_csv(finished[0] / "scores.csv").set_index(keys)["score"]
    kept = pd.read_csv(out / "scores.csv").set_index(keys)["score"]
    common = kept.index.intersection(there.index)
    assert len(common) >= 2
    # Two threads more or less may round a product otherwise, and move a row across the boundary.
    np.testing.assert_allclose(kept[common], there[common], atol=0.021)


def _n_kept(out):
    return len(pd.read_csv(out / "scores.csv"))


def test_an_interrupt_before_the_first_fit_writes_nothing(monkeypatch, tmp_path, capsys):
    def interrupted(*arguments, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(compare, "_estimators", interrupted)
    assert cli.main(["compare", *QUICK, "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Interrupted before the first fit was finished: nothing was written."
    )
    assert os.listdir(tmp_path) == []


def test_reviews_are_generated_in_any_number_and_their_words_learned_in_the_pipeline():
    source = data.built_in(data.Name.reviews, 4000, None, seed=0)
    assert len(source.X) == len(source.y) == 4000
    fitted = source.pipeline(skrnn.SimpleRNNClassifier(units=4, epochs=1)).fit(source.X[:40], source.y[:40])
    assert 100 < len(fitted[0].vocabulary_) < 400
    assert fitted.predict_proba(source.X).shape == (4000, 2)


@pytest.mark.filterwarnings("default::sklearn.exceptions.FitFailedWarning")
def test_a_diverging_fit_is_told_of_and_does_not_end_the_others(monkeypatch, tmp_path, capsys):
    def one_diverges(*arguments):
        return {
            "good": skrnn.SimpleRNNClassifier(units=4, epochs=1),
            "bad": skrnn.SimpleRNNClassifier(units=4, epochs=9, optimizer="sgd", learning_rate=1e38, activation="relu"),
        }

    monkeypatch.setattr(compare, "_estimators", one_diverges)
    assert cli.main(["compare", *QUICK, "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "[2/4] bad, fold 1: failed" in printed.out.splitlines()
    (line,) = printed.err.splitlines()
    assert line.startswith(
        "skrnn: warning: 2 of 4 fits failed and are scored nan. bad on split 0: FloatingPointError: The training loss"
    )
    assert re.search(r"bad +- ± - +- +- +- +-", printed.out)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["complete"], summary["n_fits_finished"], summary["n_fits_failed"]) == (True, 4, 2)


def test_tuned_networks_are_compared_and_their_trials_kept(tmp_path, capsys):
    arguments = ["--samples", "120", "--epochs", "2", "--cv", "2", "--n-jobs", "1", "--tune", "2"]
    assert cli.main(["compare", *arguments, "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "SimpleRNN, LSTM and GRU: tuned in 2 trials each, at most 2 epochs, seed 0; 6 fits"
    assert sorted(os.listdir(tmp_path)) == sorted([*FILES, "search.journal", "search.journal.claims"])
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["settings"]["units"], summary["settings"]["tune"]) == ("tuned", 2)
    storage = open_storage(str(tmp_path / "search.journal"))
    studies = {study.study_name: storage.get_all_trials(study._study_id) for study in storage.get_all_studies()}
    assert Counter(name.partition("-")[0] for name in studies) == {"SimpleRNN": 2, "LSTM": 2, "GRU": 2}
    assert [len(trials) for trials in studies.values()] == [2] * 6
    # The same again needs no trials.
    scores = (tmp_path / "scores.csv").read_text()
    assert cli.main(["compare", *arguments, "--out", str(tmp_path)]) == 0
    assert [len(storage.get_all_trials(study._study_id)) for study in storage.get_all_studies()] == [2] * 6
    columns = ["architecture", "fold", "score", "n_epochs", "n_parameters"]
    again = pd.read_csv(tmp_path / "scores.csv")[columns]
    pd.testing.assert_frame_equal(again, pd.read_csv(StringIO(scores))[columns])


# Errors


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["cifar"], 2,
         "There is no file cifar. The data sets that the command knows are digits, mnist, imdb, reviews."),
        (["--cv", "1"], 2, "Invalid value for '--cv': Input should be greater than or equal to 2"),
        (["--units", "0"], 2, "Invalid value for '--units': Input should be greater than or equal to 1"),
        (["--n-jobs", "0"], 2,
         "Invalid value for '--n-jobs': 0 is not a number of jobs: use at least 1, or -1 for one per core."),
        (["--samples", "1798"], 2, "--samples 1798 is more than the 1797 images of digits."),
        (["--samples", "49"], 2, "--samples 49: the smallest class has 4 of 49 images, fewer than the 5 folds."),
        (["--cv", "200"], 2, "--cv 200: the smallest class has 174 of 1797 images, fewer than the 200 folds."),
        (["reviews", "--samples", "1"], 2,
         "--samples 1: the smallest class has 1 of 1 reviews, fewer than the 5 folds."),
        (["--tune", "5", "--units", "8"], 2,
         "--units is one of the parameters that --tune searches: give one of the two."),
        (["--tune", "5", "--samples", "59"], 2,
         "--samples 59: the smallest class has 5 of 59 images, fewer than the 6 that 5 folds need."),
        (["--xyz"], 2, "No such option: --xyz"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_on_one_line_before_any_training(
    monkeypatch, tmp_path, capsys, arguments, code, message
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(compare, "_estimators", None)
    assert cli.main(["compare", *arguments]) == code
    printed = capsys.readouterr()
    assert printed.err == f"skrnn: error: {message}\n"
    assert printed.out == ""
    assert os.listdir(tmp_path) == []


def test_an_unwritable_folder_is_said_before_any_training(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(compare, "_estimators", None)
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / "results"
    assert cli.main(["compare", "--out", str(out)]) == 1
    cure = "A file has the name of a folder: choose another, or move the file."
    assert capsys.readouterr().err == f"skrnn: error: --out {out} cannot be written to: Not a directory. {cure}\n"
    scores = tmp_path / "scores.csv"
    scores.mkdir()
    assert cli.main(["compare", "--out", str(tmp_path)]) == 1
    cure = "A folder has the name of a file: choose another, or move the folder."
    assert capsys.readouterr().err == f"skrnn: error: --out {scores} cannot be written to: Is a directory. {cure}\n"
    assert (tmp_path / "file").read_text() == "mine"


def test_data_that_cannot_be_read_is_said_before_any_training(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(compare, "_estimators", None)
    (tmp_path / "mnist").mkdir()
    damaged = tmp_path / "mnist" / "train-images-idx3-ubyte.gz"
    damaged.write_bytes(b"no images")
    assert cli.main(["compare", "mnist", "--data-home", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"skrnn: error: {damaged} is damaged or incomplete: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="limits the size of files")
def test_a_full_disk_is_said_on_one_line_and_keeps_the_fits_before_it(tmp_path, capsys):
    import resource

    plan = {"cv": 3, "n_repeats": 1, "until_sure": False, "max_repeats": 10, "X_test": None, "storage": tmp_path}
    plan |= {"random_state": 0, "y_test": None}
    X, y = load_digits(return_X_y=True)
    source = Source("digits", "images", X.reshape(len(X), -1)[:90], y[:90], preprocessor=FunctionTransformer())
    arguments = {"tree": DecisionTreeClassifier(max_depth=3)}, source, plan, 3, Console(quiet=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, hard))  # the first fit takes about 2,500 bytes
    try:
        with pytest.raises(typer.Exit) as caught:
            compare._compare(*arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.exit_code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"skrnn: error: A finished fit could not be stored in {tmp_path}: ")
    assert "fits.jsonl cannot be written to: File too large." in line
    again = compare._compare(*arguments)  # what was written of the line is taken back
    assert again.complete


def test_a_subset_is_stratified_and_drawn_by_the_seed():
    source, again, other = (data.built_in(data.Name.digits, 200, None, seed=seed) for seed in (0, 0, 1))
    assert source.X.shape == (200, 8, 8)
    assert np.bincount(source.y).tolist() == pytest.approx(np.bincount(load_digits().target) / 1797 * 200, abs=1)
    np.testing.assert_array_equal(source.X, again.X)
    assert not np.array_equal(source.X, other.X)


# Help and version


def test_help_and_version_come_without_tensorflow():
    code = """
import sys
from skrnn.cli import main
assert main(["--version"]) == main(["--help"]) == 0
for command in ("compare", "tune", "describe", "reproduce"):
    assert main([command, "--help"]) == 0
assert not {"tensorflow", "keras", "sklearn", "matplotlib", "optuna"} & sys.modules.keys()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"skrnn {skrnn.__version__}\n")
    for option in (
        "--cv",
        "--repeats",
        "--epochs",
        "--units",
        "--samples",
        "--data-home",
        "--out",
        "--n-jobs",
        "--seed",
        "--tune",
        "--trials",
        "--timeout",
        "--storage",
        "--cell",
    ):
        assert f" {option} " in done.stdout
