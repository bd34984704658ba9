"""``skrnn tune``: what it finds, writes and prints, how it continues after Ctrl-C, and what it rejects."""

import json
import os
import re
import signal
import subprocess
import sys
from io import StringIO

import pandas as pd
import pytest

from skrnn import cli
from skrnn.cli import tune

QUICK = ["--samples", "160", "--epochs", "6", "--cv", "2", "--n-jobs", "1"]
PICTURES = {"history.png", "importances.png", "intermediate_values.png", "parallel_coordinates.png"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small search, run once: the folder, and what was printed."""
    folder = tmp_path_factory.mktemp("results") / "new"
    before, sys.stdout = sys.stdout, StringIO()
    try:
        code = cli.main(["tune", *QUICK, "--trials", "8", "--cell", "simple_rnn", "--out", str(folder)])
        printed = sys.stdout.getvalue()
    finally:
        sys.stdout = before
    assert code == 0
    return folder, printed


def test_a_search_writes_its_files(finished):
    folder, _ = finished
    written = {"trials.csv", "best.json", "search.journal", "search.journal.claims"} | PICTURES
    frame = pd.read_csv(folder / "trials.csv")
    n_complete = int((frame["state"] == "complete").sum())
    assert set(os.listdir(folder)) == written - ({"importances.png"} if n_complete < 5 else set())
    assert len(frame) == 8
    best = json.loads((folder / "best.json").read_text())
    row = frame.loc[frame["trial_number"] == best["trial"]].iloc[0]
    assert row["rank_test_score"] == 1
    assert best["mean_accuracy"] == pytest.approx(row["mean_test_score"])
    assert best["epochs"] == row["n_epochs"]
    of_networks = {"units", "learning_rate", "layer_dropout", "bidirectional", "pooling"}
    assert best["params"].keys() == of_networks | {"global_clipnorm", "use_ema", "ema_momentum"}
    assert best["params"]["units"] == row["param_simplernnclassifier__units"]
    assert 0 < best["held_out_accuracy"] <= 1
    assert sum(best["trials"].values()) == 8
    assert best["settings"]["n_samples"] + best["settings"]["n_held_out"] == 160
    for name in PICTURES & set(os.listdir(folder)):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_what_is_printed_is_a_line_for_each_trial_and_the_best(finished):
    folder, printed = finished
    assert "\x1b" not in printed
    lines = printed.splitlines()
    assert lines[:2] == [
        "digits: 120 images in 10 classes, 2-fold cross-validation; 40 are held out",
        "8 trials, at most 6 epochs, cell simple_rnn, seed 0",
    ]
    trial_lines = [line for line in lines if line.startswith("[")]
    assert len(trial_lines) == 8
    ways = r"(accuracy 0\.\d{4} after \d epochs?|pruned after epoch \d at 0\.\d{4})"
    for number, line in enumerate(trial_lines):
        assert re.fullmatch(rf"\[{number + 1}/8\] trial {number}: {ways}, \d+\.\d s(, the best so far)?", line)
    best = json.loads((folder / "best.json").read_text())
    last_best = [line for line in trial_lines if line.endswith(", the best so far")][-1]
    assert f"trial {best['trial']}: accuracy {best['mean_accuracy']:.4f} after {best['epochs']} epoch" in last_best
    assert re.search(rf"The best of 8 trials \(.*complete.*\): trial {best['trial']}\n", printed)
    assert re.search(rf"  units  +{best['params']['units']}\n", printed)
    assert re.search(rf"Refitted \([\d,]+ parameters\): {best['held_out_accuracy']:.4f} on 40 held-out images", printed)
    n_complete = best["trials"]["complete"]
    are = "is 1" if n_complete == 1 else f"are {n_complete}"
    missing = f"importances.png: left out, needs 5 complete trials, there {are}."
    assert lines[-2 if n_complete < 5 else -1].startswith(f"{folder}: trials.csv, best.json, history.png, ")
    assert (lines[-1] == missing) == (n_complete < 5)


def test_the_total_is_of_all_calls(finished, tmp_path, capsys):
    folder, _ = finished
    before = pd.read_csv(folder / "trials.csv")
    arguments = ["tune", *QUICK, "--cell", "simple_rnn", "--storage", str(folder / "search.journal")]
    assert cli.main([*arguments, "--trials", "9", "--out", str(tmp_path)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("[")]
    assert len(lines) == 1
    assert lines[0].startswith("[9/9] trial 8: ")
    after = pd.read_csv(tmp_path / "trials.csv")
    numbers = ["trial_number", "state", "mean_test_score", "param_simplernnclassifier__learning_rate"]
    pd.testing.assert_frame_equal(after[numbers][:8], before[numbers])


@pytest.mark.long
def test_ctrl_c_keeps_the_trials_and_the_same_command_goes_on(tmp_path):
    def start(n_trials):
        return subprocess.Popen(
            [sys.executable, "-m", "skrnn.cli", "tune", *QUICK, "--trials", n_trials, "--out", str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A shell that runs the tests in the background has them, and all they start, ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )

    process = start("2000")
    for line in process.stdout:
        if line.startswith("[3/2000]"):
            break
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    kept = pd.read_csv(tmp_path / "trials.csv")
    assert len(kept) >= 3
    assert rest.splitlines()[-1].startswith(f"Interrupted: {len(kept)} of 2000 trials are kept; run the same command")
    assert json.loads((tmp_path / "best.json").read_text())["held_out_accuracy"] is None
    process = start(str(len(kept) + 1))
    printed, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "study" not in errors  # Optuna's log
    assert sum(line.startswith("[") for line in printed.splitlines()) == 1
    after = pd.read_csv(tmp_path / "trials.csv")
    assert len(after) == len(kept) + 1
    pd.testing.assert_series_equal(after["mean_test_score"][: len(kept)], kept["mean_test_score"])
    assert json.loads((tmp_path / "best.json").read_text())["held_out_accuracy"] > 0


def test_an_interrupt_before_the_first_trial_is_said(monkeypatch, tmp_path, capsys):
    def interrupted(*arguments, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(tune, "_search", interrupted)
    assert cli.main(["tune", *QUICK, "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().out.splitlines()[-1] == "Interrupted before the first trial finished."
    assert os.listdir(tmp_path) == ["search.journal"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["cifar"], 2,
         "There is no file cifar. The data sets that the command knows are digits, mnist, imdb, reviews."),
        (["--trials", "0"], 2, "Invalid value for '--trials': Input should be greater than or equal to 1"),
        (["--timeout", "0"], 2, "Invalid value for '--timeout': Input should be greater than or equal to 1"),
        (["--cell", "rnn"], 2,
         "Invalid value for '--cell': 'rnn' is not one of 'any', 'simple_rnn', 'lstm', 'gru'."),
        (["--n-jobs", "0"], 2,
         "Invalid value for '--n-jobs': 0 is not a number of jobs: use at least 1, or -1 for one per core."),
        (["--samples", "40"], 2,
         "--samples 40: the smallest class has 4 of 40 images, fewer than the 6 that 3 folds need."),
        (["--storage", "nosuchdb://there"], 1,
         "--storage: The storage 'nosuchdb://there' is not the URL of a database: Can't load plugin: "
         "sqlalchemy.dialects:nosuchdb. Expected 'dialect://user@host:port/database', with a colon and the password "
         "after the user. Write special characters of a password as %40 and so on."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_on_one_line_before_any_training(
    monkeypatch, tmp_path, capsys, arguments, code, message
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tune, "_search", None)
    assert cli.main(["tune", *arguments]) == code
    assert capsys.readouterr().err == f"skrnn: error: {message}\n"
