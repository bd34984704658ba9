"""An int `random_state` gives the same weights, bit for bit, in any thread and process and whatever ran before."""

import random
import threading

import joblib
import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skrnn import GRUClassifier, LSTMClassifier, clear_graphs
from skrnn.network.pool import networks

CLASSIFIER = LSTMClassifier(5, dropout=0.2, recurrent_dropout=0.1, layer_dropout=0.2, epochs=3, random_state=7)


def weights_of(classifier, X, y):
    return clone(classifier).fit(X, y)._state.weights


@pytest.fixture(scope="module")
def expected(digits):
    return weights_of(CLASSIFIER, *digits)


def assert_same(left, right):
    for a, b in zip(left, right, strict=True):
        assert_array_equal(a, b)


def test_again_and_after_the_network_was_traced_anew(digits, expected):
    assert_same(weights_of(CLASSIFIER, *digits), expected)
    clear_graphs()
    assert_same(weights_of(CLASSIFIER, *digits), expected)


def test_after_other_trainings_in_the_same_network(digits, expected):
    X, y = digits
    clone(CLASSIFIER).set_params(random_state=1, learning_rate=0.1).fit(X[:70], y[:70])
    assert_same(weights_of(CLASSIFIER, X, y), expected)


def test_another_seed_is_another_training(digits, expected):
    other = weights_of(clone(CLASSIFIER).set_params(random_state=8), *digits)
    assert not np.array_equal(other[0], expected[0])


def test_in_threads_at_the_same_time(digits, expected):
    found = {}
    threads = [
        threading.Thread(target=lambda n=n: found.__setitem__(n, weights_of(CLASSIFIER, *digits))) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 1, 2, 3]
    for weights in found.values():
        assert_same(weights, expected)


def test_predictions_in_threads_are_each_estimators_own(digits):
    X, y = digits
    many = np.tile(X, (40, 1, 1))
    fitted = [GRUClassifier(32, epochs=1, random_state=seed).fit(X, y) for seed in range(4)]
    alone = [classifier.predict_proba(many) for classifier in fitted]
    together = joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(classifier.predict_proba)(many) for classifier in fitted * 3
    )
    for row, probabilities in enumerate(together):
        assert_array_equal(probabilities, alone[row % 4])


@pytest.mark.long
def test_in_other_processes(digits, expected):
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(weights_of)(CLASSIFIER, *digits) for _ in range(2))
    for weights in found:
        assert_same(weights, expected)


def test_no_global_random_state_is_touched(digits):
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    keras.utils.set_random_seed(3)
    keras_before = keras.random.uniform((2,))
    keras.utils.set_random_seed(3)
    is_reset = np.array_equal(keras.random.uniform((2,)), keras_before)  # the first versions of Keras 3 do not
    before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    clear_graphs()
    weights_of(CLASSIFIER, *digits)
    assert random.getstate() == before[0]
    assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    keras.utils.set_random_seed(3)
    assert not is_reset or np.array_equal(keras.random.uniform((2,)), keras_before)


def test_global_random_state_of_keras_does_not_matter(digits, expected):
    clear_graphs()
    keras.utils.set_random_seed(99)
    assert_same(weights_of(CLASSIFIER, *digits), expected)


def test_random_state_instance_moves_on(digits):
    X, y = digits
    state = np.random.RandomState(0)
    classifier = GRUClassifier(4, epochs=1, random_state=state)
    first, second = classifier.fit(X, y)._state.weights, classifier.fit(X, y)._state.weights
    assert not np.array_equal(first[0], second[0])
    again = GRUClassifier(4, epochs=1, random_state=np.random.RandomState(0)).fit(X, y)._state.weights
    assert_same(first, again)


def test_names_of_layers_are_not_counted_up(digits):
    X, y = digits
    names = {tuple(layer.name for layer in GRUClassifier(4, epochs=1).fit(X, y).model_.layers) for _ in range(2)}
    assert names == {("sequences", "gru_0", "logits", "probabilities")}


def test_one_structure_is_traced_once(digits):
    X, y = digits
    clear_graphs()
    for learning_rate, seed in ((0.1, 0), (0.01, 1), (0.2, 2)):
        GRUClassifier(4, epochs=1, learning_rate=learning_rate, random_state=seed).fit(X, y)
    assert len(networks) == 1
