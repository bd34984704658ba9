"""The floor of the networks: the graph against Keras' own training, NumPy against the graph, the pool."""

import itertools
import json
import threading

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.network import reference
from skrnn.network.architecture import build_model
from skrnn.network.fitting import needs_batches
from skrnn.network.initialization import initial_weights
from skrnn.network.pool import NetworkPool
from skrnn.network.spec import NetworkSpec, OptimizerSpec
from skrnn.network.training import Batches, Network

SGD = OptimizerSpec(keras.optimizers.SGD, json.dumps({"learning_rate": 0.1, "momentum": 0.9}))
ADAM = OptimizerSpec(keras.optimizers.Adam, json.dumps({"learning_rate": 0.01}))


def specs():
    """Draw structures of small networks."""
    return st.builds(
        NetworkSpec,
        cell=st.sampled_from(["simple_rnn", "lstm", "gru"]),
        units=st.sampled_from([(3,), (4, 2)]),
        n_features=st.just(2),
        n_outputs=st.sampled_from([1, 3]),
        bidirectional=st.booleans(),
        batch_normalization=st.booleans(),
        dense_units=st.sampled_from([(), (3, 2)]),
        dense_activation=st.sampled_from(["relu", "gelu"]),
        activation=st.sampled_from(["tanh", "relu", "softsign"]),
        recurrent_activation=st.sampled_from(["sigmoid", "hard_sigmoid"]),
        pooling=st.sampled_from(["last", "mean", "max"]),
        embedding_dim=st.sampled_from([None, 3]),
        vocabulary_size=st.just(6),
        mask_zero=st.booleans(),
        masked=st.booleans(),
    )


def sequences_for(spec, seed):
    rng = np.random.default_rng(seed)
    n, n_timesteps = 5, 6
    lengths = rng.integers(1, n_timesteps + 1, n)
    beyond = np.arange(n_timesteps) >= lengths[:, None]
    if spec.reads_ids:
        ids = rng.integers(0, 6, (n, n_timesteps)).astype(np.int32)
        return np.where(beyond & spec.masked, np.int32(-1), ids)
    numbers = rng.normal(size=(n, n_timesteps, 2)).astype(np.float32)
    if spec.masked:
        numbers[beyond] = np.nan
    return numbers


@settings(max_examples=12)  # each builds a network of its own
@given(spec=specs(), seed=st.integers(0, 100))
def test_numpy_computes_what_keras_does(spec, seed):
    model = build_model(spec)
    rng = np.random.default_rng(seed)
    weights = [rng.uniform(0.1, 0.8, weight.shape).astype(np.float32) for weight in model.get_weights()]
    model.set_weights(weights)
    x = sequences_for(spec, seed)
    logits = keras.Model(model.input, model.get_layer("logits").output)(x)
    assert_allclose(reference.predict_logits(spec, weights, x), logits, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("optimizer_spec", [SGD, ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize(("cell", "n_outputs"), [("simple_rnn", 1), ("lstm", 3), ("gru", 3)])
def test_training_is_that_of_keras(optimizer_spec, cell, n_outputs):
    """The same weights, batches and weights of rows through Keras' own ``train_on_batch``."""
    spec = NetworkSpec(cell, (5,), 2, n_outputs, batch_normalization=True, pooling="mean", masked=True)
    rng = np.random.default_rng(0)
    x = np.tile(sequences_for(spec, 1), (4, 1, 1)) + rng.normal(size=(20, 1, 1)).astype(np.float32)
    y = np.arange(20) % max(n_outputs, 2)
    weight = rng.uniform(0.5, 2, 20).astype(np.float32)
    network = Network(spec, optimizer_spec)
    network.load(network.initial_state(0), with_optimizer=True)

    stock = build_model(spec)
    stock.set_weights(network.model.get_weights())
    loss = "binary_crossentropy" if n_outputs == 1 else "sparse_categorical_crossentropy"
    stock.compile(optimizer_spec.optimizer_class.from_config(json.loads(optimizer_spec.config)), loss=loss)

    batches = Batches.on_device(x, y, weight, 8)  # the last batch has four rows
    for _ in range(3):
        order = rng.permutation(20)
        network.train_epoch(batches, order, np.zeros((network.n_random_states, 2)))
        for rows in (order[:8], order[8:16], order[16:]):
            stock.train_on_batch(x[rows], y[rows], sample_weight=weight[rows])
    for ours, theirs in zip(network.model.get_weights(), stock.get_weights(), strict=True):
        assert_allclose(ours, theirs, rtol=1e-3, atol=2e-5)


def test_fresh_weights_are_those_of_keras_initializers():
    spec = NetworkSpec("lstm", (16,), 8, 3, embedding_dim=8, vocabulary_size=50, batch_normalization=True)
    model = build_model(spec)
    embeddings, kernel, recurrent, bias, gamma, beta, mean, variance, head, head_bias = initial_weights(
        model, model.get_weights(), 0
    )
    assert np.abs(embeddings).max() <= 0.05
    assert np.abs(embeddings).max() > 0.045
    limit = np.sqrt(6 / (8 + 64))
    assert 0.95 * limit < np.abs(kernel).max() <= limit
    assert_allclose(recurrent @ recurrent.T, np.eye(16), atol=1e-5)
    assert_array_equal(bias, np.repeat([0, 1, 0, 0], 16))
    assert_array_equal([gamma.min(), beta.max(), mean.max(), variance.min()], [1, 0, 0, 1])
    assert np.abs(head).max() <= np.sqrt(6 / (16 + 3))
    assert_array_equal(head_bias, np.zeros(3))
    again = initial_weights(model, model.get_weights(), 0)
    assert_array_equal(again[1], kernel)
    assert not np.array_equal(initial_weights(model, model.get_weights(), 1)[1], kernel)


# The pool

SPEC = NetworkSpec("simple_rnn", (2,), 2, 1)


def test_network_that_was_given_back_is_lent_again():
    pool = NetworkPool()
    with pool.lease(SPEC, SGD) as first:
        pass
    with pool.lease(NetworkSpec("simple_rnn", (2,), 2, 1), SGD) as second:
        assert second is first
        with pool.lease(SPEC, SGD) as meanwhile:
            assert meanwhile is not first
    with pool.lease(SPEC, ADAM) as other:
        assert other not in (first, meanwhile)
    assert len(pool) == 3
    pool.clear()
    assert len(pool) == 0


def test_pool_keeps_the_networks_used_last():
    pool = NetworkPool(max_idle=2)
    lent = []
    for units in (2, 3, 4):
        with pool.lease(NetworkSpec("simple_rnn", (units,), 2, 1), SGD) as network:
            lent.append(network)
    assert len(pool) == 2
    with pool.lease(NetworkSpec("simple_rnn", (4,), 2, 1), SGD) as network:
        assert network is lent[2]
    with pool.lease(NetworkSpec("simple_rnn", (2,), 2, 1), SGD) as network:
        assert network is not lent[0]


def test_network_of_a_training_that_failed_is_lent_again():
    pool, lent = NetworkPool(), []

    def fail():
        with pool.lease(SPEC, SGD) as network:
            lent.append(network)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with pool.lease(SPEC, SGD) as second:
        assert [second] == lent


def test_no_two_threads_hold_one_network():
    pool = NetworkPool()
    held, clashes = set(), []

    def work():
        for _ in range(50):
            with pool.lease(SPEC, SGD) as network:
                if id(network) in held:
                    clashes.append(network)
                held.add(id(network))
                held.discard(id(network))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not clashes
    assert 1 <= len(pool) <= 4


# Callbacks


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (keras.callbacks.EarlyStopping(), False),
        (keras.callbacks.ReduceLROnPlateau(), False),
        (keras.callbacks.ModelCheckpoint("x.keras"), False),
        (keras.callbacks.ModelCheckpoint("x.keras", save_freq=10), True),
        (keras.callbacks.LambdaCallback(on_epoch_end=print), False),
        (keras.callbacks.LambdaCallback(on_train_batch_end=print), True),
        (keras.callbacks.TerminateOnNaN(), True),
        (keras.callbacks.TensorBoard(), False),
        (keras.callbacks.TensorBoard(update_freq="batch"), True),
        (keras.callbacks.TensorBoard(profile_batch=2), True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, keras.callbacks.Callback) else str(value),
)
def test_what_an_instance_would_do_decides_whether_it_needs_batches(callback, expected):
    assert needs_batches(callback) is expected


def test_building_uses_up_no_seed_of_keras():
    states = set()
    for _ in range(2):
        keras.utils.set_random_seed(0)
        build_model(NetworkSpec("gru", (3,), 2, 1, dropout=0.1, layer_dropout=0.1, bidirectional=True))
        states.add(tuple(itertools.chain(keras.ops.convert_to_numpy(keras.random.uniform((3,))).tolist())))
    keras.utils.set_random_seed(0)
    states.add(tuple(keras.ops.convert_to_numpy(keras.random.uniform((3,))).tolist()))
    assert len(states) == 1
