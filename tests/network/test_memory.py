"""What a traced network leaves behind: nothing."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

import skrnn
from skrnn import GRUClassifier
from skrnn._leaks import entries
from skrnn.network import pool
from skrnn.network.network import Network
from skrnn.network.pool import networks

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5, 2)).astype(np.float32)
Y = np.arange(40) % 2


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"batch_size": 1},  # compiled
        {"dense_units": 2, "dense_activation": "silu"},
        {"activation": "silu", "optimizer": "sgd", "units": (2, 3)},
    ],
    ids=["plain", "compiled", "an activation with its own gradient", "Keras' loop"],
)
def test_a_network_leaves_nothing_in_the_registry_of_gradients(parameters):
    before = {*entries()}
    GRUClassifier(**{"units": 3, "epochs": 1, "validation_fraction": 0.3, **parameters}).fit(X, Y)
    assert {*entries()} == before


def test_networks_are_freed():
    skrnn.clear_graphs()
    fitted = GRUClassifier(4, epochs=1, random_state=0).fit(X, Y)
    with networks.lease(fitted._spec, fitted._optimizer_spec) as network:
        gone = weakref.ref(network)
    assert isinstance(network, Network)
    del network
    assert gone() is not None
    skrnn.clear_graphs()
    gc.collect()
    assert gone() is None


def test_a_fit_within_a_tape_is_a_fit():
    """The tape would ask for the gradient of the training itself."""
    expected = GRUClassifier(3, epochs=2, batch_size=1, random_state=0).fit(X, Y)
    with tf.GradientTape():
        fitted = GRUClassifier(3, epochs=2, batch_size=1, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected.predict_proba(X))


def test_kernels_of_dropped_networks_are_forgotten(monkeypatch):
    """Not for each network: what other networks need again takes a moment to come back."""
    calls = []
    monkeypatch.setattr(pool, "forget_kernels", lambda: calls.append(len(few)))
    few = pool.NetworkPool(max_idle=1)
    fitted = GRUClassifier(2, random_state=0).initialize(X, Y)
    spec, optimizer = fitted._spec, fitted._optimizer_spec
    for units in range(2, 2 + 2 * pool._DROPPED_AT_MOST):
        with few.lease(replace(spec, units=(units,)), optimizer):
            pass
    assert calls == [1]
    few.clear()
    assert calls == [1, 0]
