"""`skrnn predict`, and `--save` of the commands that train."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn import cli
from skrnn.cli.files import FileOptions, source_of
from skrnn.cli.keeping import keep
from skrnn.datasets import load_file
from skrnn.persistence import read_remarks
from tests.own_files import write_all

FILES = {
    "sensors.parquet": {"id": "trial", "time": "second", "target": "activity", "group": "person"},
    "recordings.csv": {"id": "person", "time": "second", "target": "activity", "window": 40, "step": 20},
    "recording.csv": {"time": "second", "target": "activity", "window": 40, "step": 20},
    "Waves_TRAIN.ts": {},
    "reviews.csv": {"text": "review", "target": "sentiment"},
    "./digits": {},
    "wide.csv": {"target": "kind"},
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Write files and, for each, a model that was trained on it; return the folder, the pipelines and their samples."""
    folder = tmp_path_factory.mktemp("predict")
    write_all(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        random = np.random.default_rng(0)
        wide = pd.DataFrame(
            random.normal(size=(20, 8)), columns=[f"{name}_t{step}" for step in range(4) for name in "ab"]
        )
        wide.assign(kind=["no", "yes"] * 10).to_csv("wide.csv", index=False)
        made = {}
        for name, options in FILES.items():
            source, _ = source_of(name, FileOptions(**options), None, None, 0)
            pipeline = source.pipeline(skrnn.SimpleRNNClassifier(2, random_state=0))
            X = pipeline[:-1].fit_transform(source.X)  # without training: the weights do not matter here
            pipeline[-1].initialize(X, source.y)
            model = folder / f"{name.strip('./').partition('.')[0]}.skrnn"
            keep(pipeline, model, source, "a network", Console(quiet=True))
            made[name] = model, pipeline, source
        skrnn.save(StandardScaler(), "scaler.skrnn")
        skrnn.save(LogisticRegression().fit([[0], [1]], [0, 1]), "plain.skrnn")
    return folder, made


@pytest.fixture(autouse=True)
def in_folder(models, monkeypatch):
    monkeypatch.chdir(models[0])


@pytest.mark.parametrize("name", FILES)
def test_predictions_are_those_of_the_pipeline(models, name, tmp_path, capsys):
    model, pipeline, source = models[1][name]
    out = tmp_path / "out.csv"
    assert cli.main(["predict", str(model), name, "--proba", "--out", str(out)]) == 0
    table = pd.read_csv(out)
    expected = pipeline.predict(source.X)
    assert table["prediction"].astype(str).tolist() == expected.astype(str).tolist()
    columns = [f"probability of {label}" for label in pipeline.classes_]
    np.testing.assert_allclose(table[columns], pipeline.predict_proba(source.X), rtol=1e-6)
    assert f"{len(expected)} predictions" in capsys.readouterr().out


def test_the_first_columns_say_which_sequence_it_is(models, tmp_path):
    out = str(tmp_path / "out.csv")
    assert cli.main(["predict", "sensors.skrnn", "sensors.parquet", "--out", out]) == 0
    assert pd.read_csv(out).columns.tolist() == ["trial", "prediction"]
    ids = load_file("sensors.parquet", **FILES["sensors.parquet"]).ids
    assert pd.read_csv(out)["trial"].tolist() == ids.tolist()
    assert cli.main(["predict", "recordings.skrnn", "recordings.csv", "--out", out]) == 0
    table = pd.read_csv(out)
    assert table.columns.tolist() == ["person", "start", "prediction"]
    assert table["start"].tolist()[:3] == [0, 20, 40]
    assert cli.main(["predict", "wide.skrnn", "wide.csv", "--out", out]) == 0
    assert pd.read_csv(out)["row"].tolist() == [*range(20)]


def test_other_orders_of_columns_and_no_labels_change_nothing(models, tmp_path):
    before, after, new = tmp_path / "before.csv", tmp_path / "after.csv", tmp_path / "new.csv"
    for name, model in (("wide.csv", "wide.skrnn"), ("recordings.csv", "recordings.skrnn")):
        table = pd.read_csv(name)
        label = FILES[name]["target"]
        table[table.columns[::-1]].drop(columns=label).assign(note="x").to_csv(new, index=False)
        assert cli.main(["predict", model, name, "--out", str(before)]) == 0
        assert cli.main(["predict", model, str(new), "--out", str(after)]) == 0
        assert after.read_text() == before.read_text()


def test_a_level_has_the_number_that_it_had_in_training(models, tmp_path):
    """Alone, the levels of a file would be numbered from its own first one."""
    table = pd.read_parquet("sensors.parquet")
    one = table[table["ground"] == sorted(table["ground"].dropna().unique())[-1]]
    one.to_parquet(tmp_path / "one.parquet")
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    assert cli.main(["predict", "sensors.skrnn", "sensors.parquet", "--proba", "--out", str(whole)]) == 0
    assert cli.main(["predict", "sensors.skrnn", str(tmp_path / "one.parquet"), "--proba", "--out", str(part)]) == 0
    both = pd.read_csv(part).merge(pd.read_csv(whole), on="trial")
    assert len(both) > 3
    same = table.groupby("trial")["ground"].nunique(dropna=False).eq(1)
    both = both[both["trial"].map(same)]
    for column in pd.read_csv(part).columns[2:]:
        np.testing.assert_allclose(both[f"{column}_x"], both[f"{column}_y"], rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.skrnn", "wide.csv"], "No such file or directory: 'missing.skrnn'"),
        (["wide.csv", "wide.csv"], "wide.csv could not be loaded: it is no file of skrnn.save"),
        (["scaler.skrnn", "wide.csv"], "scaler.skrnn holds a StandardScaler, which predicts nothing"),
        (["wide.skrnn", "missing.csv"], "There is no file missing.csv"),
        (["wide.skrnn", "recording.csv"], "recording.csv: "),
        (["wide.skrnn", "reviews.csv"], "reviews.csv: "),
        (["reviews.skrnn", "./digits"], "digits: `text` is an option of tables"),
        (["sensors.skrnn", "recordings.csv"], "recordings.csv: "),
        (["digits.skrnn", "Waves_TEST.ts"], "Waves_TEST.ts has sequences, but the network was trained on images"),
        (["plain.skrnn", "wide.csv", "--target", "kind"], "plain.skrnn cannot predict wide.csv: "),
        (["wide.skrnn", "wide.csv", "--out", "missing/out.csv"], "--out missing/out.csv cannot be written"),
    ],
)  # fmt: skip
def test_a_wrong_file_ends_with_a_message(capsys, arguments, message):
    assert cli.main(["predict", *arguments]) in (1, 2)
    error = capsys.readouterr().err
    assert message.replace("`text`", "--text") in error
    assert error.count("\n") == 1


def test_a_prediction_needs_no_tensorflow(models):
    program = (
        "import sys, json; from skrnn import cli\n"
        "code = cli.main(['predict', 'sensors.skrnn', 'sensors.parquet', '--out', 'apart.csv'])\n"
        "print(json.dumps([code, [name for name in ('tensorflow', 'keras') if name in sys.modules]]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=models[0])
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []], done.stderr


def test_compare_and_tune_save_the_best_network(tmp_path, capsys):
    quick = ["--cv", "2", "--epochs", "1", "--n-jobs", "1", "--out", str(tmp_path / "results")]
    model = tmp_path / "best" / "model.skrnn"
    assert cli.main(["compare", "wide.csv", "--target", "kind", "--units", "2", *quick, "--save", str(model)]) == 0
    assert "fitted again on all 20 sequences" in " ".join(capsys.readouterr().out.split())
    assert type(skrnn.load(model)[-1]).__name__ == "FrozenClassifier"
    assert read_remarks(model)["reading"]["features"] == [f"{name}_t{step}" for step in range(4) for name in "ab"]
    options = ["--target", "kind", "--cell", "simple_rnn", "--trials", "1"]
    assert cli.main(["tune", "wide.csv", *options, *quick, "--save", str(model)]) == 0
    assert "fitted on 15 sequences, without those held out" in " ".join(capsys.readouterr().out.split())
    assert cli.main(["predict", str(model), "wide.csv", "--out", str(tmp_path / "out.csv")]) == 0


def test_a_path_that_cannot_be_saved_to_is_named_before_any_training(capsys, tmp_path):
    (tmp_path / "file").touch()
    for path, message in (
        (tmp_path, "is a folder: add the name of a file"),
        (tmp_path / "file" / "a", "cannot be written"),
    ):
        for command in ("compare", "tune"):
            assert cli.main([command, "wide.csv", "--save", str(path)]) == 1
            assert message in capsys.readouterr().err
