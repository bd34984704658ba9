"""`to_onnx`: what it takes, what it writes, and what it leaves behind if it fails."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import GRUClassifier, LSTMClassifier, SimpleRNNClassifier
from skrnn.preprocessing import SequenceImputer, SequenceScaler
from tests.onnx.networks import random_classifier, run, session_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 5, 3)).astype(np.float32)
PADDED = np.where(np.arange(5)[:, None] < RNG.integers(1, 6, 24)[:, None, None], X, np.nan).astype(np.float32)
IDS = RNG.integers(0, 9, (24, 6))
TABLE = RNG.normal(size=(24, 6)).astype(np.float32)
Y = np.array(["no", "perhaps", "yes"])[np.arange(24) % 3]

FITTED = {
    "every layer": (
        LSTMClassifier(
            (4, 3), bidirectional=True, pooling="mean", batch_normalization=True, dense_units=3, static_features=[1]
        ),
        np.where(np.arange(3) == 1, X[:, :1], X) + 0 * PADDED,
        Y,
    ),
    "padded": (SimpleRNNClassifier(4, pooling="max"), PADDED, Y == "yes"),
    "token ids": (GRUClassifier(4, embedding_dim=3), IDS, Y),
    "table": (GRUClassifier(4, activation="gelu"), pd.DataFrame(X[:, :, 0], columns=list("abcde")), Y),
    "several labels": (GRUClassifier(4, multilabel=True), X, np.stack([Y == "yes", Y == "no"], axis=1).astype(int)),
}


@pytest.mark.parametrize(("classifier", "x", "y"), FITTED.values(), ids=FITTED)
def test_computes_what_was_fitted(classifier, x, y, tmp_path):
    classifier.set_params(epochs=1, random_state=0).fit(x, y)
    classifier.to_onnx(tmp_path / "model.onnx")
    session = session_of(tmp_path / "model.onnx")
    labels, probabilities = run(session, x)
    assert_allclose(probabilities, classifier.predict_proba(x), rtol=0, atol=1e-5)
    assert_array_equal(labels, classifier.predict(x))

    classifier.freeze().to_onnx(tmp_path / "frozen.onnx")
    skrnn.to_onnx(classifier, tmp_path / "function.onnx")
    written = {path.read_bytes() for path in tmp_path.iterdir()}
    assert len(written) == 1

    about = session.get_modelmeta()
    assert about.producer_name == "skrnn"
    assert about.custom_metadata_map["skrnn_version"] == skrnn.__version__
    assert json.loads(about.custom_metadata_map["classes"]) == classifier.classes_.tolist()
    names = about.custom_metadata_map.get("feature_names")
    assert names == (json.dumps(list("abcde")) if isinstance(x, pd.DataFrame) else None)


def test_sizes_are_free(tmp_path):
    for kind, shape in (
        ("sequences", ["n_samples", "n_timesteps", 3]),
        ("univariate", ["n_samples", "n_timesteps"]),
        ("token_ids", ["n_samples", "n_timesteps"]),
        ("table", ["n_samples", 6]),
    ):
        random_classifier(kind).to_onnx(tmp_path / "model.onnx")
        session = session_of(tmp_path / "model.onnx")
        (given,) = session.get_inputs()
        assert (given.name, given.shape) == ("X", shape)
        outputs = {output.name: output.shape for output in session.get_outputs()}
        assert outputs == {"label": ["n_samples"], "probabilities": ["n_samples", 3]}
    model = onnx.load(tmp_path / "model.onnx")
    assert [imported.version for imported in model.opset_import] == [18]
    assert model.ir_version == 8


def test_a_search_writes_its_best_estimator(tmp_path):
    pipeline = make_pipeline(SequenceScaler(), GRUClassifier(3, epochs=1, random_state=0))
    search = GridSearchCV(pipeline, {"gruclassifier__learning_rate": [0.1]}, cv=2).fit(X, Y)
    outer = make_pipeline(SequenceImputer().fit(X), search)
    skrnn.to_onnx(outer, tmp_path / "model.onnx")
    found = run(session_of(tmp_path / "model.onnx"), PADDED)[1]
    assert_allclose(found, outer.predict_proba(PADDED), rtol=0, atol=1e-5)


def test_samplers_serve_fit_only(tmp_path):
    imblearn = pytest.importorskip("imblearn")
    steps = [("sampler", imblearn.over_sampling.RandomOverSampler()), ("network", random_classifier("table"))]
    pipeline = imblearn.pipeline.Pipeline(steps).fit(TABLE, Y)
    skrnn.to_onnx(pipeline, tmp_path / "model.onnx")
    found = run(session_of(tmp_path / "model.onnx"), TABLE)[1]
    assert_allclose(found, pipeline.predict_proba(TABLE), rtol=0, atol=1e-5)


def test_what_it_does_not_take(tmp_path):
    path = tmp_path / "model.onnx"
    for unfitted in (LSTMClassifier(), make_pipeline(SequenceScaler(), LSTMClassifier())):
        with pytest.raises(NotFittedError):
            skrnn.to_onnx(unfitted, path)
    with pytest.raises(NotFittedError):
        LSTMClassifier().to_onnx(path)
    vote = VotingClassifier([("one", random_classifier("table"))]).fit(X[:, :, 0], Y[:24])
    with pytest.raises(TypeError, match=r"VotingClassifier cannot be written to ONNX: expected a classifier of skrnn"):
        skrnn.to_onnx(vote, path)
    with pytest.raises(TypeError, match="SequenceScaler cannot be written to ONNX: expected a classifier of skrnn"):
        skrnn.to_onnx(make_pipeline(SequenceScaler()).fit(X), path)
    assert not any(tmp_path.iterdir())


def test_a_model_beyond_the_format(tmp_path, monkeypatch):
    monkeypatch.setattr("skrnn.onnx.model._MOST_BYTES", 100)
    with pytest.raises(ValueError, match=r"The weights take \d+ bytes, but an ONNX model has at most 2 GiB"):
        random_classifier("table", units=(4,)).to_onnx(tmp_path / "model.onnx")


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    classifier = random_classifier()
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    for path, error in (
        (tmp_path / "no" / "model.onnx", FileNotFoundError),
        (tmp_path / "folder", IsADirectoryError),
        (tmp_path / "file" / "model.onnx", NotADirectoryError),
    ):
        with pytest.raises(error) as raised:
            classifier.to_onnx(path)
        assert str(path) in str(raised.value)
    with pytest.raises(OSError, match=r"No space left on device.*/dev/full"):
        classifier.to_onnx("/dev/full")
    assert Path("/dev/full").is_char_device()


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    with pytest.raises(TypeError):
        random_classifier(classes=[b"a", b"b"]).to_onnx(path)
    assert path.read_bytes() == b"old"
    (tmp_path / "link.onnx").symlink_to("model.onnx")
    (tmp_path / "plain").write_bytes(b"")
    random_classifier().to_onnx(str(tmp_path / "link.onnx"))
    assert (tmp_path / "link.onnx").is_symlink()
    session_of(path)
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert {file.name for file in tmp_path.iterdir()} == {"model.onnx", "link.onnx", "plain"}


WRITE_ELSEWHERE = """
import pickle, sys
import skrnn
frozen = pickle.loads(sys.stdin.buffer.read())
sys.modules["onnx"] = None  # as if it were not installed
try:
    frozen.to_onnx(sys.argv[1])
except ImportError as error:
    print(error)
del sys.modules["onnx"]
frozen.to_onnx(sys.argv[1])
assert not {"tensorflow", "keras", "scikeras"} & sys.modules.keys()
"""


def test_needs_onnx_and_no_tensorflow(tmp_path):
    classifier = random_classifier()
    command = [sys.executable, "-c", WRITE_ELSEWHERE, tmp_path / "model.onnx"]
    ended = subprocess.run(command, input=pickle.dumps(classifier), capture_output=True, check=True)
    assert ended.stdout.decode().strip() == "to_onnx requires the package onnx: pip install 'skrnn[onnx]'."
    found = run(session_of(tmp_path / "model.onnx"), X)[1]
    assert_allclose(found, classifier.predict_proba(X), rtol=0, atol=1e-5)
