"""Static features: they skip the recurrence and join the dense head, on every path."""

import copy
import pickle

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier
from skrnn.estimators import base
from skrnn.model_selection import OptunaSearchCV, compare_architectures
from skrnn.preprocessing import TimeDistributed, scaled_bytes

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


# Names and positions


def frames(X, library=pd):
    return [library.DataFrame(dict(zip(["u", "age", "v", "site"], x.T, strict=True))) for x in X]


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_names_and_indices_are_the_same_features(library):
    expected = GRUClassifier(3, static_features=[1, 3], epochs=2, random_state=0).fit(RAGGED, Y)
    for static in (["age", "site"], ["site", 1], ("site", "age"), np.array(["age", "site"]), pd.Index(["age", "site"])):
        named = GRUClassifier(3, static_features=static, epochs=2, random_state=0).fit(frames(RAGGED, library), Y)
        assert named._spec == expected._spec
        assert_array_equal(named.predict_proba(frames(RAGGED, library)), expected.predict_proba(RAGGED))
        assert_array_equal(named.freeze().predict_proba(frames(RAGGED, library)), expected.predict_proba(RAGGED))


def test_a_table_of_series_has_names_too():
    table = pd.DataFrame({"u": [*X[:, :, 0]], "age": [*X[:, :, 1]]})
    by_name = GRUClassifier(3, static_features=["age"], epochs=1, random_state=0).fit(table, Y)
    by_index = GRUClassifier(3, static_features=[1], epochs=1, random_state=0).fit(X[:, :, :2], Y)
    assert_array_equal(by_name.predict_proba(table), by_index.predict_proba(X[:, :, :2]))


def test_an_empty_list_is_none():
    none = GRUClassifier(3, epochs=1, random_state=0).fit(X, Y)
    empty = GRUClassifier(3, static_features=[], epochs=1, random_state=0).fit(X, Y)
    assert none._spec == empty._spec
    GRUClassifier(3, static_features=[], epochs=1).fit(X[:, :, 0], Y)


def test_bytes_are_scaled_like_the_others():
    raw = np.random.default_rng(0).integers(0, 255, (N, T, 3), dtype=np.uint8)
    raw[:, :, 2] = raw[:, :1, 2]
    scaled = scaled_bytes(raw, 255)
    numbers = (raw / np.float32(255)).astype(np.float32)
    on_bytes = GRUClassifier(3, static_features=[2], epochs=2, random_state=0).fit(scaled, Y)
    on_numbers = GRUClassifier(3, static_features=[2], epochs=2, random_state=0).fit(numbers, Y)
    assert_allclose(on_bytes.predict_proba(scaled), on_numbers.predict_proba(numbers), rtol=1e-5)
    raw[3, 2, 2] += 1
    with pytest.raises(ValueError, match="Feature 2 is in static_features, but changes within sequence 3 of X"):
        on_bytes.predict(scaled)


# Invalid input


def changed(X, row, step, feature, value):
    X = [np.array(x) for x in X]
    X[row][step, feature] = value
    return X


@pytest.mark.parametrize("X", [X, RAGGED], ids=["equal", "ragged"])
def test_a_feature_that_changes_is_refused_in_fit_and_predict(X):
    row = int(np.argmax(LENGTHS > 2))
    wrong = changed(X, row, 1, 3, 0.125)
    message = rf"Feature 3 is in static_features, but changes within sequence {row} of X: .* {X[row][0, 3]} and 0.125\."
    new = GRUClassifier(3, static_features=[3], epochs=1, random_state=0)
    with pytest.raises(ValueError, match=message):
        new.fit(wrong, Y)
    assert not hasattr(new, "n_features_in_")
    fitted = clone(new).fit(X, Y)
    for call in (
        fitted.predict, fitted.freeze().predict, lambda X: [*fitted.staged_predict_proba(X)],
        lambda X: fitted.partial_fit(X, Y), lambda wrong: clone(new).fit(X, Y, X_val=wrong, y_val=Y),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            call(wrong)
    with pytest.raises(ValueError, match="Feature 'site' is in static_features"):
        GRUClassifier(3, static_features=["site"]).fit(frames(wrong), Y)


def test_equality_is_that_of_the_numbers_which_the_network_reads():
    close = X.astype(np.float64)
    close[:, 1:, 3] *= 1 + 1e-12
    GRUClassifier(3, static_features=[3], epochs=1).fit(close, Y)
    with pytest.raises(ValueError, match="changes within sequence 0"):
        GRUClassifier(3, static_features=[3], epochs=1).fit(close * np.linspace(1, 1 + 1e-5, T)[:, None], Y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_values_are_refused(value):
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity).*sequence 2 of X"):
        GRUClassifier(3, static_features=[3]).fit(changed(X, 2, slice(None), 3, value), Y)


WRONG = {
    "out of range": ([4], ValueError, "contains 4, but X has 4 features: expected indices from 0 to 3"),
    "negative": ([-1], ValueError, "contains -1, but X has 4 features"),
    "twice": ([1, 1], ValueError, "contains 1 twice"),
    "all": ([0, 1, 2, 3], ValueError, "contains all 4 features of X"),
    "a mask": ([True, False, False, False], TypeError, "np.flatnonzero turns a mask into indices"),
    "a float": ([1.0], TypeError, "indices or names of features. Got 1.0"),
    "a float array": (np.array([1.0]), TypeError, "indices or names of features"),
    "None in it": ([None], TypeError, "Got None of type NoneType"),
    "a name without names": (["age"], ValueError, "contains the name 'age', but the features of X have no names"),
    "one name": ("age", TypeError, r"must be a list of indices or names, such as \[0\] or \['age'\]"),
    "a set": ({1}, TypeError, "must be a list"),
    "a dict": ({1: 2}, TypeError, "must be a list"),
    "two dimensions": (np.array([[1]]), TypeError, "must be a list"),
    "a number": (1, TypeError, "must be a list"),
}


@pytest.mark.parametrize(("static", "error", "message"), WRONG.values(), ids=WRONG)
def test_invalid_features(static, error, message):
    with pytest.raises(error, match=message):
        GRUClassifier(3, static_features=static).fit(X, Y)


NAMES = {
    "unknown": (["agee"], "contains 'agee', which is not a feature of X. Did you mean 'age'.*'u', 'age', 'v', 'site'"),
    "twice": (["age", 1], "contains 'age' and 1, which are the same feature"),
    "out of range": (["age", 9], "contains 9"),
}


@pytest.mark.parametrize(("static", "message"), NAMES.values(), ids=NAMES)
def test_invalid_names(static, message):
    with pytest.raises(ValueError, match=message):
        GRUClassifier(3, static_features=static).fit(frames(X), Y)


FORMS = {
    "a table": (X[:, :, 0], {}, "X is a table, which is read as sequences of one feature"),
    "univariate": (X[:, :, :1], {}, "contains all 1 features"),
    "ragged univariate": ([x[:, 0] for x in RAGGED], {}, "X is read as sequences of one feature"),
    "token ids": (np.ones((N, 3), int), {"embedding_dim": 2}, "X is read as token ids"),
}


@pytest.mark.parametrize(("X", "parameters", "message"), FORMS.values(), ids=FORMS)
def test_forms_without_features(X, parameters, message):
    with pytest.raises(ValueError, match=message):
        GRUClassifier(3, static_features=[0], **parameters).fit(X, Y)


# Everywhere else


def test_pipelines_searches_and_comparisons():
    pipeline = make_pipeline(
        TimeDistributed(StandardScaler()),
        RecurrentClassifier(cell="gru", units=3, static_features=[1, 3], epochs=3, random_state=0),
    )
    assert np.isfinite(cross_val_score(pipeline, 5 + 3 * X, Y, cv=3, error_score="raise")).all()
    grid = GridSearchCV(
        pipeline, {"recurrentclassifier__static_features": [None, [1], [1, 3]]}, cv=2, error_score="raise"
    )
    n_parameters = {
        str(static): clone(pipeline).set_params(recurrentclassifier__static_features=static).fit(X, Y)[-1].n_parameters_
        for static in (None, [1], [1, 3])
    }
    # A GRU of three units has 9 weights and 18 + 27 more for each of D features and units; the output one per input.
    assert n_parameters == {"None": 9 * 4 + 27 + 18 + 4, "[1]": 9 * 3 + 27 + 18 + 5, "[1, 3]": 9 * 2 + 27 + 18 + 6}
    grid.fit(X, Y)
    search = OptunaSearchCV(pipeline, n_trials=2, cv=2, random_state=0).fit(X, Y)
    assert search.best_estimator_[-1]._spec.static_features == (1, 3)
    comparison = compare_architectures({"static": pipeline, "linear": linear()}, X, Y, cv=2, random_state=0)
    assert "static" in str(comparison)


def linear():
    return make_pipeline(TimeDistributed(StandardScaler()), GRUClassifier(2, epochs=1))


def test_validation_early_stopping_and_weights_of_zero():
    X, y = make(60)
    classifier = GRUClassifier(3, static_features=[1, 3], epochs=5, early_stopping=True, patience=1, random_state=0)
    assert "val_loss" in classifier.fit(X, y).history_
    weights = np.arange(60) < 40
    some = clone(classifier).set_params(early_stopping=False).fit(X, y, sample_weight=weights.astype(float))
    first = clone(classifier).set_params(early_stopping=False).fit(X[:40], y[:40])
    assert_array_equal(some.predict_proba(X), first.predict_proba(X))


def test_partial_fit_is_fit_in_parts_and_refuses_other_features():
    whole = GRUClassifier(3, static_features=[1, 3], epochs=3, random_state=0).fit(RAGGED, Y)
    parts = GRUClassifier(3, static_features=[1, 3], warm_start=True, random_state=0)
    for _ in range(3):
        parts.partial_fit(RAGGED, Y)
    assert_array_equal(parts.predict_proba(RAGGED), whole.predict_proba(RAGGED))
    parts.set_params(static_features=[3, 1]).partial_fit(RAGGED, Y)  # the same
    for static in (None, [1], [0, 1, 3]):
        parts.set_params(static_features=static)
        for call in (parts.partial_fit, parts.fit):
            with pytest.raises(ValueError, match=r"static_features changed from \(1, 3\) to|changes within"):
                call(RAGGED, Y)


def test_copies():
    classifier = GRUClassifier(3, static_features=["age"], epochs=1, random_state=0).fit(frames(X), Y)
    expected = classifier.predict_proba(frames(X))
    assert_array_equal(copy.deepcopy(classifier).predict_proba(frames(X)), expected)
    assert_array_equal(clone(classifier).fit(frames(X), Y).predict_proba(frames(X)), expected)
    assert "static_features=['age']" in repr(classifier)
