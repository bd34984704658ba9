"""The commands on a user's own files: what is understood, how splits keep together what belongs together, errors."""

import json

import numpy as np
import pytest

from skrnn import cli
from skrnn.cli.files import FileOptions, source_of
from skrnn.datasets import load_file
from skrnn.model_selection import ArchitectureComparison
from tests.own_files import write_all

QUICK = ["--units", "4", "--epochs", "1", "--cv", "2", "--n-jobs", "1"]
OF_SENSORS = ["--id", "trial", "--time", "second", "--target", "activity"]
OF_RECORDINGS = ["--time", "second", "--target", "activity", "--window", "40", "--step", "20"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    write_all(folder)
    return folder


@pytest.fixture(autouse=True)
def in_files(files, monkeypatch):
    monkeypatch.chdir(files)


def source(path, **options):
    return source_of(str(path), FileOptions(**options), None, None, 0)[0]


def out_of(capsys):
    return " ".join(capsys.readouterr().out.split())


# What is understood


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sensors.parquet", *OF_SENSORS, "--group", "person"],
         ["a long table", "30 sequences of 6", "3: acc_x, acc_y, ground (2 levels)",
          "3: jump 33 %, run 33 %, walk 33 %", "6 groups"]),
        (["recordings.csv", "--id", "person", *OF_RECORDINGS],
         ["windows of 6 recordings, one every 20 steps", "282", "40 steps"]),
        (["recording.csv", *OF_RECORDINGS], ["windows of 1 recording", "47"]),
        (["Waves_TRAIN.ts", "--test", "Waves_TEST.ts"], ["40 sequences of 100 steps", "test set Waves_TEST.ts"]),
        (["reviews.csv", "--text", "review", "--target", "sentiment"], ["120 texts", "2: bad 50 %, good 50 %"]),
        (["digits"], ["200 images of 8 x 8 pixels, 10 classes"]),
    ],
    ids=["long", "recordings", "recording", "ts", "texts", "images"],
)  # fmt: skip
def test_describe_says_what_a_file_holds_and_trains_nothing(capsys, arguments, expected):
    if arguments == ["digits"]:
        arguments = ["./digits"]
    assert cli.main(["describe", *arguments]) == 0
    printed = out_of(capsys)
    for text in expected:
        assert text in printed


# The commands


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["sensors.parquet", *OF_SENSORS, "--group", "person"], "sensors: 30 sequences in 3 classes, 2-fold"),
        (["recording.csv", *OF_RECORDINGS, "--repeats", "2"], "recording: 47 windows in 3 classes, 2-fold"),
        (
            ["Waves_TRAIN.ts", "--test", "Waves_TEST.ts"],
            "Waves_TRAIN: 40 sequences in 2 classes, scored on a test set of",
        ),
    ],
    ids=["long", "recording", "ts"],
)
def test_a_file_is_compared(tmp_path, capsys, arguments, shown):
    assert cli.main(["compare", *arguments, *QUICK, "--out", str(tmp_path)]) == 0
    printed = out_of(capsys)
    assert shown in printed
    assert "Better means by more than 1 point" in printed
    comparison = ArchitectureComparison.load(tmp_path / "comparison.npz")
    assert comparison.architectures == ("SimpleRNN", "LSTM", "GRU")
    command = json.loads((tmp_path / "summary.json").read_text())["settings"]["command"]
    assert command.startswith(f"skrnn compare {arguments[0]} ")
    for option in arguments[1:]:
        assert option in command


def test_a_file_is_searched_with_groups_apart(tmp_path, capsys, monkeypatch):
    from skrnn.model_selection import OptunaSearchCV

    seen = []
    fit = OptunaSearchCV.fit

    def spy(search, X, y, **params):
        seen.append((params["groups"], list(search.cv.split(X, y, params["groups"]))))
        return fit(search, X, y, **params)

    monkeypatch.setattr(OptunaSearchCV, "fit", spy)
    arguments = ["sensors.parquet", *OF_SENSORS, "--group", "person", "--trials", "2", "--cell", "simple_rnn"]
    options = ["--epochs", "2", "--cv", "2", "--n-jobs", "1", "--out", str(tmp_path)]
    assert cli.main(["tune", *arguments, *options]) == 0
    assert "held-out sequences" in out_of(capsys)
    ((groups, splits),) = seen
    assert len(splits) == 2
    for train, test in splits:
        assert not {*groups[train]} & {*groups[test]}
    best = json.loads((tmp_path / "best.json").read_text())
    assert "patch_length" in best["params"]


def test_a_nested_search_keeps_groups_apart(tmp_path, monkeypatch):
    from skrnn.model_selection import OptunaSearchCV

    seen = []
    fit = OptunaSearchCV.fit

    def spy(search, X, y, **params):
        seen.extend((params["groups"], *split) for split in search.cv.split(X, y, params["groups"]))
        return fit(search, X, y, **params)

    monkeypatch.setattr(OptunaSearchCV, "fit", spy)
    arguments = ["sensors.parquet", *OF_SENSORS, "--group", "person", "--tune", "1", "--epochs", "1"]
    assert cli.main(["compare", *arguments, "--cv", "2", "--n-jobs", "1", "--out", str(tmp_path)]) == 0
    assert len(seen) == 3 * 2 * 3
    for groups, train, test in seen:
        assert not {*groups[train]} & {*groups[test]}


def test_a_search_needs_groups_for_its_folds_after_some_are_held_out(tmp_path, capsys):
    arguments = ["sensors.parquet", *OF_SENSORS, "--group", "ground", "--cv", "2", "--out", str(tmp_path / "out")]
    assert cli.main(["tune", *arguments]) == 2
    assert "--cv 2: there is only 1 group, and no group may be in two folds" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# Leaks


def steps_of(data, rows):
    """Return the steps of these windows, as pairs of a recording and the number of a step."""
    length, _ = data.window
    return {
        (recording, step)
        for recording, start in zip(data.ids[rows], data.starts[rows], strict=True)
        for step in range(start, start + length)
    }


@pytest.mark.parametrize("step", [7, 20, 40])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_step_of_one_recording_is_on_both_sides_of_a_split(step, seed):
    how = {"time": "second", "target": "activity", "window": 40, "step": step}
    data, found = load_file("recording.csv", **how), source("recording.csv", **how)
    assert found.groups is None
    for n_folds in (2, 4):
        for train, test in found.folds(n_folds, seed).split(found.X, found.y):
            assert {*found.y[train]} == {*found.y[test]} == {*found.y}
            assert not steps_of(data, train) & steps_of(data, test)
    held_out = found.without_a_quarter(seed)
    apart = {window.tobytes() for window in held_out.X}
    assert not apart & {window.tobytes() for window in held_out.X_test}
    train_steps, test_steps = ({row.tobytes() for w in X for row in w} for X in (held_out.X, held_out.X_test))
    assert not train_steps & test_steps  # measured with noise, so that no two steps are equal


@pytest.mark.parametrize("options", [{"id": "person"}, {"group": "person"}], ids=["id", "group"])
def test_windows_of_a_recording_are_never_on_both_sides_of_a_split(options):
    found = source("recordings.csv", time="second", target="activity", window=40, step=10, **options)
    assert len(set(found.groups)) == 6
    for train, test in found.folds(3, 0).split(found.X, found.y, found.groups):
        assert not {*found.groups[train]} & {*found.groups[test]}
    held_out = found.without_a_quarter(0)
    train_steps, test_steps = ({row.tobytes() for w in X for row in w} for X in (held_out.X, held_out.X_test))
    assert not train_steps & test_steps


def test_the_comparison_gets_these_folds(tmp_path, capsys):
    """The test parts of the folds that were trained on are those of the source."""
    arguments = ["recording.csv", *OF_RECORDINGS]
    assert cli.main(["compare", *arguments, *QUICK, "--out", str(tmp_path)]) == 0
    found = source("recording.csv", time="second", target="activity", window=40, step=20)
    expected = [test for _, test in found.folds(2, 0).split(found.X, found.y)]
    comparison = ArchitectureComparison.load(tmp_path / "comparison.npz")
    for rows, test in zip(comparison.test_rows, expected, strict=True):
        np.testing.assert_array_equal(rows, test)


# The same reading of a test file


def test_a_test_file_is_read_with_the_columns_and_levels_of_the_training_file(files, tmp_path):
    import pandas as pd

    table = pd.read_parquet("sensors.parquet")
    reordered = table[["activity", "ground", "person", "acc_y", "acc_x", "second", "trial"]].copy()
    reordered = reordered[reordered["ground"] == "road"]
    reordered.to_csv(tmp_path / "test.csv", index=False)
    options = {"id": "trial", "time": "second", "target": "activity", "group": "person"}
    found = source("sensors.parquet", **options, test=tmp_path / "test.csv")
    assert {*np.concatenate(list(found.X_test))[:, 2]} == {found_code(found, "road")}
    ids = load_file("sensors.parquet", **options).ids
    of_test = load_file(tmp_path / "test.csv", **options).ids
    expected = found.X[list(ids).index(of_test[0])]
    np.testing.assert_allclose(found.X_test[0], expected)


def test_the_steps_of_a_wide_test_file_are_found_by_name(tmp_path):
    import pandas as pd

    table = pd.DataFrame(np.arange(40.0).reshape(10, 4), columns=["q1", "q2", "q3", "q4"]).assign(label=["a", "b"] * 5)
    table.to_csv(tmp_path / "train.csv", index=False)
    table[["q3", "label", "q1", "q4", "q2"]].to_csv(tmp_path / "test.csv", index=False)
    found = source(tmp_path / "train.csv", test=tmp_path / "test.csv")
    np.testing.assert_array_equal(found.X_test, found.X)


def found_code(found, level):
    data = load_file("sensors.parquet", id="trial", time="second", target="activity", group="person")
    return data.categories["ground"].index(level)


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.csv"], "There is no file nothing.csv. The data sets that the command knows are digits, mnist"),
        (["sensors.parquet"], "Pass its name as --target"),
        (["sensors.parquet", "--id", "trail", "--target", "activity"], "Did you mean 'trial'?"),
        (["recordings.csv", "--step", "5", "--target", "activity"], "--step is the distance between windows: pass"),
        (["Waves_TRAIN.ts", "--target", "x"], "--target is an option of tables, and this is a file in the .ts format"),
        (["mnist", "--target", "x"], "--target is for files of your own; mnist is a data set that the command knows."),
        (["Waves_TRAIN.ts", "--test-set"], "--test-set is for mnist and imdb; pass the file of your own test set"),
        (["Waves_TRAIN.ts", "--test", "reviews.csv"], "reviews.csv: which column holds the labels?"),
        (["Waves_TRAIN.ts", "--test", "none.ts"], "none.ts: there is no such file"),
        (["recording.csv", *OF_RECORDINGS, "--window", "2000"], "No recording of X has the length=2000 steps"),
        (["sensors.parquet", *OF_SENSORS, "--group", "person", "--cv", "8"], "--cv 8: there are only 6 groups, and no"),
        (["sensors.parquet", *OF_SENSORS, "--group", "ground", "--cv", "2", "--tune", "1"],
         "--tune: a training part has 1 of the 2 groups, fewer than the 3 folds of the search in it"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_names_the_option(capsys, tmp_path, arguments, message):
    assert cli.main(["compare", *arguments, "--out", str(tmp_path / "out")]) in (1, 2)
    printed = capsys.readouterr()
    assert message in " ".join(printed.err.split())
    assert printed.err.startswith("skrnn: error: ")
    assert len(printed.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
