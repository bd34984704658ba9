"""`model_` is ready at once: to predict, to be summarised, saved and exported, with the estimator's probabilities."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

from skrnn import GRUClassifier, LSTMClassifier, SimpleRNNClassifier

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(30, 5, 3)).astype(np.float32), np.arange(30) % 3
LENGTHS = rng.integers(1, 6, 30)
PADDED = np.where(np.arange(5)[:, None] < LENGTHS[:, None, None], X, np.nan).astype(np.float32)
STATIC = np.where(np.arange(3) == 1, X[:, :1], X)
IDS = rng.integers(0, 9, (30, 6)).astype(np.int32)

FITTED = {
    "numbers": (GRUClassifier(4), X),
    "every layer": (
        LSTMClassifier(
            (4, 3), bidirectional=True, pooling="mean", batch_normalization=True, dense_units=3, dropout=0.1
        ),
        X,
    ),
    "padded": (SimpleRNNClassifier(4, pooling="max"), PADDED),
    "token ids": (LSTMClassifier(4, embedding_dim=3), IDS),
    "pretrained vectors": (GRUClassifier(4, embedding_matrix=rng.normal(size=(9, 3)), embedding_trainable=False), IDS),
    "static features": (GRUClassifier(4, static_features=[1], dense_units=3), STATIC),
    "static features, padded": (LSTMClassifier(4, static_features=[1], pooling="mean"), STATIC + 0 * PADDED),
}
EVERY_KIND = pytest.mark.parametrize(("classifier", "x"), FITTED.values(), ids=FITTED)


@EVERY_KIND
def test_the_model_is_ready_at_once(classifier, x, tmp_path):
    fitted = classifier.set_params(epochs=1, random_state=0).fit(x, Y)
    expected = fitted.predict_proba(x)
    lines = []
    fitted.model_.summary(print_fn=lines.append)
    assert all(layer.name in "".join(lines) for layer in fitted.model_.layers)
    fitted.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for model in (fitted.model_, loaded):
        assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-6)
    values = fitted.model_.evaluate(x, Y, verbose=0, return_dict=True)
    assert values["accuracy"] == pytest.approx(fitted.score(x, Y))
    fitted.model_.export(tmp_path / "exported", format="tf_saved_model", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    assert_allclose(exported.serve(x), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore::FutureWarning:keras.*", "ignore::DeprecationWarning")
@EVERY_KIND
def test_onnx_computes_the_same(classifier, x, tmp_path):
    pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    fitted = classifier.set_params(epochs=1, random_state=0).fit(x, Y)
    fitted.model_.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (given,) = session.get_inputs()
    for part in (x, x[:1, :4]):  # any number of rows and steps
        (probabilities,) = session.run(None, {given.name: part})
        assert_allclose(probabilities, fitted.predict_proba(part), rtol=1e-4, atol=1e-6)
