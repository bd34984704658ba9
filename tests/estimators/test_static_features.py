"""Static features: they skip the recurrence and join the dense head, on every path."""

import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import GRUClassifier, LSTMClassifier, SimpleRNNClassifier
from skrnn.estimators import base

N, T = 24, 6


def make(n=N, seed=0):
    """Return sequences of four features; features 1 and 3 are static, and the label depends on them alone."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, T, 4)).astype(np.float32)
    X[:, :, 1] = rng.normal(size=(n, 1))
    X[:, :, 3] = rng.normal(size=(n, 1))
    return X, (X[:, 0, 1] + X[:, 0, 3] > 0).astype(int)


X, Y = make()
LENGTHS = np.random.default_rng(1).integers(1, T + 1, N)
RAGGED = [x[:length] for x, length in zip(X, LENGTHS, strict=True)]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture(params=["NumPy", "TensorFlow"])
def path(request, monkeypatch):
    monkeypatch.setattr(base, "_SMALL", np.inf if request.param == "NumPy" else -1)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("X", [X, RAGGED], ids=["equal", "ragged"])
def test_the_value_of_a_simple_network_by_hand(X):
    """An Elman network with one unit, written out step by step."""
    classifier = SimpleRNNClassifier(1, static_features=[3, 1], epochs=1, random_state=0).fit(X, Y)
    kernel, recurrent, bias, dense, dense_bias = classifier._state.weights
    assert (kernel.shape, dense.shape) == ((2, 1), (3, 1))
    expected = []
    for x in X:
        h = 0.0
        for step in x:
            h = np.tanh(step[0] * kernel[0, 0] + step[2] * kernel[1, 0] + h * recurrent[0, 0] + bias[0])
        expected.append(sigmoid(h * dense[0, 0] + x[0, 1] * dense[1, 0] + x[0, 3] * dense[2, 0] + dense_bias[0]))
    assert_allclose(classifier.predict_proba(X)[:, 1], expected, rtol=1e-5)
    for stage, probabilities in enumerate(classifier.staged_predict_proba(X)):
        assert_allclose(probabilities[[0]], classifier.predict_proba(X[:1])[:, :] if stage + 1 >= len(X[0])
                        else classifier.predict_proba([X[0][: stage + 1]]), rtol=1e-5)  # fmt: skip


NETWORKS = {
    "lstm": LSTMClassifier(4),
    "stacked": GRUClassifier((4, 3), pooling="mean", dense_units=3),
    "bidirectional": SimpleRNNClassifier(3, bidirectional=True, pooling="max", batch_normalization=True),
    "another activation": LSTMClassifier(4, activation="softsign", layer_dropout=0.3, dense_units=(3, 2)),
}


@pytest.mark.parametrize("X", [X, RAGGED], ids=["equal", "ragged"])
@pytest.mark.parametrize("network", NETWORKS)
def test_all_ways_to_predict_agree(network, X, monkeypatch, tmp_path):
    classifier = clone(NETWORKS[network]).set_params(static_features=[1, 3], epochs=2, random_state=0).fit(X, Y)
    expected = classifier.predict_proba(X)
    assert_array_equal(classifier.freeze().predict_proba(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(classifier)).predict_proba(X), expected)
    assert_allclose([*classifier.staged_predict_proba(X)][-1], expected, rtol=1e-6)
    assert_array_equal([*classifier.staged_predict_proba(X)][2], [*classifier.freeze().staged_predict_proba(X)][2])
    monkeypatch.setattr(base, "_SMALL", -1)
    assert_allclose(classifier.predict_proba(X), expected, rtol=1e-4, atol=1e-6)

    model = classifier.model_
    assert classifier.n_parameters_ == model.count_params()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    padded = np.full((N, T + 3, 4), np.nan, np.float32)
    for row, x in enumerate(X):
        padded[row, : len(x)] = x
    if X is RAGGED:  # this model reads padding, also in front
        assert_allclose(loaded(padded).numpy()[:, 0], expected[:, 1], rtol=1e-4, atol=1e-6)
        assert_allclose(loaded(np.roll(padded, 2, axis=1)).numpy()[:, 0], expected[:, 1], rtol=1e-4, atol=1e-6)
    else:
        assert_allclose(loaded(X).numpy()[:, 0], expected[:, 1], rtol=1e-4, atol=1e-6)


def test_padding_in_front_does_not_change_a_prediction():
    classifier = GRUClassifier(3, static_features=[1, 3], epochs=2, random_state=0).fit(X, Y)
    in_front = np.concatenate([np.full((N, 2, 4), np.nan, np.float32), X], axis=1)
    assert_array_equal(classifier.predict_proba(in_front), classifier.predict_proba(X))
    again = GRUClassifier(3, static_features=[1, 3], epochs=2, random_state=0).fit(in_front, Y)
    assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))


def test_dropout_never_drops_a_static_feature():
    """With dropout of nearly everything, a network still learns a label that depends on static features alone."""
    X, y = make(200)
    classifier = GRUClassifier(4, static_features=[1, 3], layer_dropout=0.99, epochs=60, learning_rate=0.02,
                               random_state=0).fit(X, y)  # fmt: skip
    assert classifier.history_["accuracy"][-1] > 0.95
    assert classifier.score(X, y) > 0.95


def test_the_recurrent_layers_do_not_see_them():
    layer = GRUClassifier(5, static_features=[0], epochs=1).initialize(np.ones((N, T, 1)) * X[:, :1], Y).model_
    assert layer.get_layer("gru_0").cell.kernel.shape == (3, 15)
    assert layer.get_layer("logits").kernel.shape == (6, 1)
