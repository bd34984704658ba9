"""Many trainings: what is kept, what an interruption leaves, and the tables."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from skrnn import cli
from skrnn.datasets import load_digits
from skrnn.model_selection.fit_displays import FitLines
from skrnn.recipes import (
    Halves,
    Recipe,
    Reproduction,
    as_page,
    catalogue,
    list_recipes,
    load_recipe,
    read_runs,
    reproduce,
    summarize,
)
from skrnn.recipes.page import welch_interval

SMALL = "mnist-simplernn32-relu", "mnist-gru64-bn", "mnist-lstm256-sgd"


@pytest.fixture
def quick(monkeypatch):
    """Small recipes on the bundled digits; return the data homes that are asked for."""
    X, y = load_digits(return_X_y=True)
    homes = []

    def small(recipe):
        return replace(
            recipe,
            network={**recipe.network, "units": 4},
            training={**recipe.training, "epochs": 2},
            n_parameters={"simplernn32": 102, "gru64": 234, "lstm256": 258}[recipe.name.split("-")[1]],
        )

    monkeypatch.setattr(catalogue, "_RECIPES", {name: small(load_recipe(name)) for name in SMALL})
    monkeypatch.setattr(
        Recipe,
        "load_data",
        lambda recipe, home=None: homes.append(home) or Halves(X[:100], y[:100], X[100:150], y[100:150]),
    )
    return homes


def begun_and_ended(events):
    return [(event.kind, event.architecture, event.split) for event in events if event.kind != "epoch"]


def test_every_training_is_a_line_and_is_not_done_twice(quick, tmp_path):
    events = []
    runs = reproduce(SMALL[:2], tmp_path / "new", n_seeds=2, data_home="home", progress=events.append)
    pairs = [(name, seed) for seed in (0, 1) for name in SMALL[:2]]
    assert [(run.recipe, run.random_state) for run in runs] == pairs
    assert begun_and_ended(events) == [(kind, *pair) for pair in pairs for kind in ("begin", "end")]
    assert quick == ["home"]  # read once
    path = tmp_path / "new" / "runs.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(record["recipe"], record["random_state"]) for record in records] == pairs
    assert records[0]["definition"]["training"] == {"optimizer": "adam", "batch_size": 32, "epochs": 2}
    assert read_runs(path) == runs
    before = path.read_bytes()
    events.clear()
    assert reproduce(SMALL, tmp_path / "new", n_seeds=1, progress=events.append)[:2] == runs[:2]
    assert begun_and_ended(events) == [
        ("end", SMALL[0], 0),
        ("end", SMALL[1], 0),
        ("begin", SMALL[2], 0),
        ("end", SMALL[2], 0),
    ]
    assert path.read_bytes().startswith(before)


def test_a_training_depends_on_its_seed_alone(quick, tmp_path):
    together = reproduce(SMALL[:2], tmp_path / "a", n_seeds=2)
    (alone,) = [run for run in reproduce([SMALL[1]], tmp_path / "b", n_seeds=2) if run.random_state == 1]
    assert alone.history == together[3].history
    assert alone.test_loss == together[3].test_loss


def test_an_interruption_loses_only_the_training_that_runs(quick, tmp_path):
    def interrupt(event):
        if (event.kind, event.architecture, event.epoch) == ("epoch", SMALL[1], 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reproduce(SMALL, tmp_path, progress=interrupt)
    (kept,) = read_runs(tmp_path / "runs.jsonl")
    events = []
    runs = reproduce(SMALL, tmp_path, progress=events.append)
    assert runs[0] == kept
    assert begun_and_ended(events)[0] == ("end", SMALL[0], 0)
    assert [name for kind, name, _ in begun_and_ended(events) if kind == "begin"] == list(SMALL[1:])


def test_stock_keras_is_trained_beside_seed_by_seed_and_resumes(quick, tmp_path):
    before = reproduce(SMALL[:1], tmp_path)
    events = []
    runs = reproduce(SMALL[:2], tmp_path, n_seeds=2, beside="keras", progress=events.append)
    keys = [(name, seed, library) for seed in (0, 1) for name in SMALL[:2] for library in ("skrnn", "keras")]
    assert [(run.recipe, run.random_state, run.library) for run in runs] == keys
    assert runs[0] == before[0]
    names = [(name if library == "skrnn" else f"{name}, Keras", seed) for name, seed, library in keys]
    assert begun_and_ended(events)[0] == ("end", *names[0])
    assert begun_and_ended(events)[1:] == [(kind, *name) for name in names[1:] for kind in ("begin", "end")]
    assert read_runs(tmp_path / "runs.jsonl") == runs
    events.clear()
    assert reproduce(SMALL[:2], tmp_path, n_seeds=2, beside="keras", progress=events.append) == runs
    assert begun_and_ended(events) == [("end", *name) for name in names]
    assert reproduce(SMALL[:2], tmp_path, n_seeds=2) == [run for run in runs if run.library == "skrnn"]


def test_lines_without_a_library_are_those_of_skrnn(quick, tmp_path):
    path = tmp_path / "runs.jsonl"
    runs = reproduce(SMALL[:1], tmp_path)
    record = json.loads(path.read_text())
    assert record.pop("library") == "skrnn"
    path.write_text(json.dumps(record) + "\n")
    assert read_runs(path) == runs


def test_an_interruption_of_stock_keras_keeps_what_is_trained(quick, tmp_path):
    def interrupt(event):
        if (event.kind, event.architecture, event.epoch) == ("epoch", f"{SMALL[0]}, Keras", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reproduce(SMALL[:2], tmp_path, beside="keras", progress=interrupt)
    (kept,) = read_runs(tmp_path / "runs.jsonl")
    assert (kept.recipe, kept.library) == (SMALL[0], "skrnn")
    runs = reproduce(SMALL[:2], tmp_path, beside="keras")
    assert runs[0] == kept
    assert [run.library for run in runs] == ["skrnn", "keras"] * 2


def test_the_line_that_a_killed_process_was_writing_is_written_anew(quick, tmp_path):
    path = tmp_path / "runs.jsonl"
    runs = reproduce(SMALL[:2], tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:-1])  # only its end is missing
    assert read_runs(path) == reproduce(SMALL[:2], tmp_path)
    assert path.read_bytes() == content
    for n_bytes in (len(content) - 2, len(content) - 200, content.index(b"\n") + 2):
        path.write_bytes(content[:n_bytes])
        assert read_runs(path) == runs[:1]
        with pytest.warns(UserWarning, match=r"runs\.jsonl: the last line was incomplete.* is done again"):
            again = reproduce(SMALL[:2], tmp_path)
        assert [(run.recipe, run.history) for run in again] == [(run.recipe, run.history) for run in runs]
        assert path.read_bytes().count(b"\n") == 2
        assert read_runs(path) == again


def test_a_recipe_that_has_changed_is_trained_again(quick, tmp_path, monkeypatch):
    reproduce(SMALL[:2], tmp_path)
    changed = replace(load_recipe(SMALL[0]), training={"optimizer": "sgd", "batch_size": 32, "epochs": 1})
    monkeypatch.setitem(catalogue._RECIPES, SMALL[0], changed)
    events = []
    (run, _) = reproduce(SMALL[:2], tmp_path, progress=events.append)
    assert [name for kind, name, _ in begun_and_ended(events) if kind == "begin"] == [SMALL[0]]
    assert len(run.history["loss"]) == 1
    assert [run.recipe for run in read_runs(tmp_path / "runs.jsonl")] == [SMALL[1], SMALL[0]]


def test_a_recipe_that_stock_keras_would_train_otherwise_is_trained_again(quick, tmp_path, monkeypatch):
    reproduce(SMALL[:1], tmp_path, beside="keras")
    changed = replace(load_recipe(SMALL[0]), from_logits=True)
    monkeypatch.setitem(catalogue._RECIPES, SMALL[0], changed)
    assert [run.library for run in read_runs(tmp_path / "runs.jsonl")] == ["skrnn"]


def test_what_cannot_be_is_said_before_anything_is_written(quick, tmp_path):
    with pytest.raises(ValueError, match=r"^There is no recipe 'mnist'\."):
        reproduce(["mnist"], tmp_path / "new")
    with pytest.raises(ValueError, match=r"^n_seeds must be at least 1\. Got 0 instead\.$"):
        reproduce(SMALL, tmp_path / "new", n_seeds=0)
    with pytest.raises(ValueError, match=r"^beside must be 'keras' or None\. Got 'torch' instead\.$"):
        reproduce(SMALL, tmp_path / "new", beside="torch")
    assert not (tmp_path / "new").exists()
    path = tmp_path / "runs.jsonl"
    path.write_text('{"mine": 1}\n')
    with pytest.raises(ValueError, match=re.escape(f"{path}, line 1, is not the record of a training: KeyError")):
        reproduce(SMALL, tmp_path)
    assert path.read_text() == '{"mine": 1}\n'


# The tables


def run_of(name, seed, test_accuracy, **other):
    recipe = load_recipe(name)
    figures = {
        "n_parameters": recipe.n_parameters,
        "train_accuracy": 0.97,
        "test_loss": 0.25,
        "train_loss": 0.125,
        "fit_seconds": 10.0 + seed,
    }
    return Reproduction(
        recipe=name,
        random_state=seed,
        test_accuracy=test_accuracy,
        history={},
        versions={"skrnn": "1"},
        **figures | other,
    )


def runs_of(name, ours, theirs=(), **other):
    return [
        run_of(name, seed, accuracy, library=library, **other)
        for library, accuracies in (("skrnn", ours), ("keras", theirs))
        for seed, accuracy in enumerate(accuracies)
    ]


RUNS = [
    *runs_of("imdb-gru32", [0.8161], [0.82, 0.83]),
    *runs_of("mnist-lstm64-bn", [0.96, 0.97], [0.95, 0.96, 0.97]),
    *runs_of("mnist-simplernn256-adam", [0.970, 0.971, 0.972], [0.980, 0.981]),
    *runs_of("mnist-simplernn512-sgd", [0.990, 0.991], [0.9802, 0.9805, 0.981]),
    *runs_of("mnist-bilstm128-sgd", [0.5], n_parameters=7),
]


@pytest.mark.parametrize(
    ("first", "second"),
    [([0.96, 0.97], [0.95, 0.96, 0.97]), ([0.1, 0.2, 0.4, 0.1], [0.9, 0.3]), ([0.9, 0.901, 0.95], [0.8, 0.81, 0.8])],
)
def test_the_interval_is_that_of_welch(first, second):
    low, high = welch_interval(first, second)
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert welch_interval(second, first) == pytest.approx((-high, -low))


def test_the_interval_of_samples_that_do_not_vary():
    assert welch_interval([0.9, 0.9], [0.8, 0.8]) == pytest.approx((0.1, 0.1))
    half_width = stats.t.ppf(0.975, 2) * np.std([0.7, 0.8, 0.9], ddof=1) / math.sqrt(3)
    assert welch_interval([0.9, 0.9], [0.7, 0.8, 0.9]) == pytest.approx((0.1 - half_width, 0.1 + half_width))
    for first, second in (([0.9], [0.8, 0.9]), ([], [0.8, 0.9]), ([0.8, 0.9], [0.9])):
        assert np.isnan(welch_interval(first, second)).all()


def test_intervals_of_equally_good_libraries_contain_zero_as_often_as_they_should():
    rng = np.random.default_rng(0)
    intervals = [welch_interval(rng.normal(0.9, 0.01, 5), rng.normal(0.9, 0.003, 5)) for _ in range(1_000)]
    assert np.mean([low <= 0 <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.02)


def test_the_summary_compares_with_stock_keras():
    summary = summarize(RUNS)
    assert list(summary.index) == [name for name in list_recipes() if name in {run.recipe for run in RUNS}]
    lstm = summary.loc["mnist-lstm64-bn"]
    assert (lstm["skrnn_n_seeds"], lstm["keras_n_seeds"]) == (2, 3)
    assert lstm["skrnn_test_accuracy"] == pytest.approx(0.965)
    assert lstm["keras_test_accuracy"] == pytest.approx(0.96)
    assert lstm["skrnn_test_accuracy_std"] == pytest.approx(np.std([0.96, 0.97], ddof=1))
    assert lstm["keras_test_accuracy_std"] == pytest.approx(0.01)
    assert (lstm["skrnn_fit_seconds"], lstm["keras_fit_seconds"]) == (10.5, 11)
    assert lstm["difference"] == pytest.approx(0.005)
    interval = stats.ttest_ind([0.96, 0.97], [0.95, 0.96, 0.97], equal_var=False).confidence_interval()
    assert (lstm["difference_low"], lstm["difference_high"]) == pytest.approx((interval.low, interval.high))
    assert summary["verdict"].to_dict() == {
        "mnist-lstm64-bn": "",
        "mnist-simplernn256-adam": "below",
        "mnist-simplernn512-sgd": "above",
        "mnist-bilstm128-sgd": "",
        "imdb-gru32": "",
    }
    assert summary["difference"].isna().tolist() == [False, False, False, True, True]
    assert math.isnan(summary.loc["imdb-gru32", "skrnn_test_accuracy_std"])
    assert math.isnan(summary.loc["mnist-bilstm128-sgd", "keras_test_accuracy"])
    assert summary["same_size"].tolist() == [True, True, True, False, True]
    assert summarize([]).empty


def test_the_page_holds_published_beside_measured_figures():
    lines = as_page(RUNS).splitlines()
    assert lines[0] == "# Published systems, reproduced"
    assert "Libraries: skrnn 1." in lines
    rows = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    interval = stats.ttest_ind([96, 97], [95, 96, 97], equal_var=False).confidence_interval()
    cells = f"0.50 [{interval.low:.2f}, +{interval.high:.2f}] | - / 0.250 / 0.250 | 3 / 2 | 11 / 10"
    cells = "24,714 | ~96 | 96.00 ± 1.00 (97.00) | 96.50 ± 0.71 (97.00) | +" + cells
    assert rows["mnist-lstm64-bn"] == f"| `mnist-lstm64-bn` | {cells} |"
    assert re.search(r"\| -0\.95 \[-1\.\d+, -0\.\d+\] \*\*below\*\* \|", rows["mnist-simplernn256-adam"])
    assert re.search(r"\| \+0\.99 \[\+0\.\d+, \+1\.\d+\] \*\*above\*\* \|", rows["mnist-simplernn512-sgd"])
    cells = "7 instead of 163,338 |  |  | 50.00 (97.00) | under 2 seeds | - / - / 0.250 | 0 / 1 | - / 10"
    assert rows["mnist-bilstm128-sgd"] == f"| `mnist-bilstm128-sgd` | {cells} |"
    cells = "| 82.72 | 82.50 ± 0.71 (97.00) | 81.61 (97.00) | under 2 seeds | 0.483 / 0.250 / 0.250 | 2 / 1 |"
    assert cells in rows["imdb-gru32"]
    n_cells = {line.count("|") for line in lines if line.startswith("|")}
    assert n_cells == {10}


# The command


def test_the_command_trains_prints_and_goes_on(quick, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["reproduce", SMALL[0], "--out", str(out)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "1 system, 1 seed; 0 of 1 already trained"
    assert re.fullmatch(r"\[1/1\] mnist-simplernn32-relu, seed 0: accuracy \d\.\d{4} in \d+\.\d s", printed[1])
    (row,) = [line for line in printed if line.startswith(" simplernn32-relu ")]
    (run,) = read_runs(out / "runs.jsonl")
    assert row.split() == [
        "simplernn32-relu",
        "102",
        "90.34",
        f"{100 * run.test_accuracy:.2f}",
        f"{100 * run.train_accuracy:.2f}",
        f"{run.test_loss:.4f}",
        f"{run.fit_seconds:.0f}",
    ]
    assert not any("Keras" in line for line in printed)
    assert printed[-1] == f"{out}: runs.jsonl, results.md"
    assert cli.main(["reproduce", "all", "--seeds", "2", "--out", str(out)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "3 systems, 2 seeds; 1 of 6 already trained"
    assert [line[:5] for line in printed if line.startswith("[")] == [f"[{n}/6]" for n in range(2, 7)]
    assert len(read_runs(out / "runs.jsonl")) == 6
    assert (out / "results.md").read_text(encoding="utf-8") == as_page(read_runs(out / "runs.jsonl"))


@pytest.mark.long
def test_the_command_trains_stock_keras_beside(quick, tmp_path, capsys):
    arguments = ["reproduce", *SMALL[:2], "--seeds", "2", "--beside", "keras", "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "2 systems, 2 seeds; 0 of 8 already trained"
    pattern = r"\[2/8\] mnist-simplernn32-relu, Keras, seed 0: accuracy \d\.\d{4} in \d+\.\d s"
    assert re.fullmatch(pattern, printed[2])
    runs = read_runs(tmp_path / "runs.jsonl")
    summary = summarize(runs)
    (row,) = [line for line in printed if line.startswith(" simplernn32-relu ")]
    for library in ("keras", "skrnn"):
        mean, spread = (100 * summary.loc[SMALL[0], f"{library}_test_accuracy{which}"] for which in ("", "_std"))
        assert f" {mean:.2f} ± {spread:.2f} " in row
    assert f" {100 * summary.loc[SMALL[0], 'difference']:+.2f} [" in row
    below = summary.index[summary["verdict"] == "below"]
    assert [line for line in printed if line.startswith("Below")] == [
        f"Below stock Keras (the interval excludes zero): {name}." for name in below
    ]
    assert (tmp_path / "results.md").read_text(encoding="utf-8") == as_page(runs)
    assert cli.main(["reproduce", SMALL[2], "--beside", "keras", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-2] == "No interval, because a library has fewer than two seeds: mnist-lstm256-sgd."
    assert cli.main(["reproduce", SMALL[0], "--beside", "torch", "--out", str(tmp_path)]) == 2


def test_ctrl_c_keeps_what_is_trained_while_stock_keras_trains(quick, tmp_path, capsys, monkeypatch):
    consume = FitLines.__call__

    def interrupt(display, event):
        if (event.kind, event.architecture) == ("epoch", f"{SMALL[0]}, Keras"):
            raise KeyboardInterrupt
        consume(display, event)

    monkeypatch.setattr(FitLines, "__call__", interrupt)
    arguments = ["reproduce", SMALL[0], "--beside", "keras", "--out", str(tmp_path)]
    assert cli.main(arguments) == 130
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "Interrupted: 1 of 2 trainings are kept; run the same command to continue."
    monkeypatch.setattr(FitLines, "__call__", consume)
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.startswith("1 system, 1 seed; 1 of 2 already trained\n[2/2]")


def test_ctrl_c_keeps_what_is_trained(quick, tmp_path, capsys, monkeypatch):
    run = Recipe.run

    def interrupted(recipe, **arguments):
        if recipe.name == SMALL[1]:
            raise KeyboardInterrupt
        return run(recipe, **arguments)

    monkeypatch.setattr(Recipe, "run", interrupted)
    assert cli.main(["reproduce", "all", "--out", str(tmp_path)]) == 130
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "Interrupted: 1 of 3 trainings are kept; run the same command to continue."
    assert f"{tmp_path}: runs.jsonl, results.md" in printed
    monkeypatch.setattr(Recipe, "run", run)
    assert cli.main(["reproduce", "all", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("3 systems, 1 seed; 1 of 3 already trained\n[2/3]")


def test_a_network_of_another_size_is_a_failure(quick, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(catalogue._RECIPES, SMALL[0], replace(load_recipe(SMALL[0]), n_parameters=101))
    assert cli.main(["reproduce", SMALL[0], "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "results.md" in printed.out
    assert printed.err == "skrnn: error: mnist-simplernn32-relu has 102 parameters instead of the published 101.\n"


def test_without_a_name_the_systems_are_listed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["reproduce"]) == 0
    printed = capsys.readouterr().out
    assert [name for name in list_recipes() if f"{name} " not in printed] == []
    assert list(tmp_path.iterdir()) == []


def test_a_mistyped_name_and_damaged_data_are_said_on_one_line(tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["reproduce", "mnist-gru64", "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith(
        "skrnn: error: There is no recipe 'mnist-gru64'. Did you mean 'mnist-gru64-bn'?"
    )
    assert not out.exists()
    (tmp_path / "mnist").mkdir()
    damaged = tmp_path / "mnist" / "train-images-idx3-ubyte.gz"
    damaged.write_bytes(b"no images")
    assert cli.main(["reproduce", "mnist-gru64-bn", "--data-home", str(tmp_path), "--out", str(out)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"skrnn: error: {damaged} is damaged or incomplete: ")
