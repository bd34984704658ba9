"""The floor of the networks: the graph against Keras' own training, NumPy against the graph, the pool."""

import itertools
import json
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.estimators.optimizers import read_optimizer
from skrnn.network import network as network_module
from skrnn.network import reference
from skrnn.network.activations import ACTIVATIONS
from skrnn.network.architecture import build_model
from skrnn.network.initialization import initial_weights
from skrnn.network.keras_callbacks import needs_batches
from skrnn.network.network import Batches, Network
from skrnn.network.order import draw_order
from skrnn.network.outputs import Multilabel, OneLogit, Softmax, output_for
from skrnn.network.pool import NetworkPool
from skrnn.network.spec import NetworkSpec, OptimizerSpec

SGD = OptimizerSpec(keras.optimizers.SGD, json.dumps({"learning_rate": 0.1, "momentum": 0.9}))
RMSPROP = OptimizerSpec(keras.optimizers.RMSprop, json.dumps({"learning_rate": 0.01}))
ADAM = OptimizerSpec(keras.optimizers.Adam, json.dumps({"learning_rate": 0.01}))
AVERAGED = OptimizerSpec(keras.optimizers.SGD, json.dumps({"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8}))


def specs():
    """Draw structures of small networks."""
    return st.builds(
        NetworkSpec,
        cell=st.sampled_from(["simple_rnn", "lstm", "gru"]),
        units=st.sampled_from([(3,), (4, 2)]),
        n_features=st.just(2),
        output=st.sampled_from([OneLogit(), Softmax(3), Multilabel(3)]),
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


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize("optimizer_spec", [SGD, ADAM, AVERAGED], ids=["sgd", "adam", "averaged"])
@pytest.mark.parametrize(("cell", "n_classes"), [("simple_rnn", 2), ("lstm", 3), ("gru", 3)])
def test_training_is_that_of_keras(optimizer_spec, cell, n_classes, compiled, monkeypatch):
    """The same weights, batches and weights of rows through Keras' own ``train_on_batch``."""
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0 if compiled else 1000)
    spec = NetworkSpec(cell, (5,), 2, output_for(n_classes), batch_normalization=True, pooling="mean", masked=True)
    rng = np.random.default_rng(0)
    x = np.tile(sequences_for(spec, 1), (4, 1, 1)) + rng.normal(size=(20, 1, 1)).astype(np.float32)
    y = np.arange(20) % n_classes
    weight = rng.uniform(0.5, 2, 20).astype(np.float32)
    network = Network(spec, optimizer_spec)
    network.load(network.initial_state(0), with_optimizer=True)

    stock = build_model(spec)
    stock.set_weights(network.model.get_weights())
    loss = "binary_crossentropy" if n_classes == 2 else "sparse_categorical_crossentropy"
    stock.compile(optimizer_spec.optimizer_class.from_config(json.loads(optimizer_spec.config)), loss=loss)

    batches = Batches.of(x, y, weight, 8)  # the last batch has four rows
    for _ in range(3):
        order = rng.permutation(20)
        network.train_epoch(batches, order, np.zeros((network.n_random_states, 2)))
        for rows in (order[:8], order[8:16], order[16:]):
            stock.train_on_batch(x[rows], y[rows], sample_weight=weight[rows])
    stock.optimizer.finalize_variable_values(stock.trainable_variables)
    for ours, theirs in zip(network.model.get_weights(), stock.get_weights(), strict=True):
        assert_allclose(ours, theirs, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("optimizer_spec", [RMSPROP, ADAM], ids=["rmsprop", "adam"])
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
def test_an_embedding_is_trained_by_the_dense_optimizer(optimizer_spec, compiled, monkeypatch):
    """A word's gradients are summed over its places before they are squared, and momentum moves absent words on.

    Keras' own loop hands its optimizers the gradient in slices, and they square each slice of a repeated word.
    """
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0 if compiled else 10**6)
    spec = NetworkSpec("gru", (3,), 1, OneLogit(), embedding_dim=4, vocabulary_size=50)
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 50, (24, 6)).astype(np.int32), np.arange(24) % 2
    network = Network(spec, optimizer_spec)
    network.load(network.initial_state(0), with_optimizer=True)
    stock = build_model(spec)
    stock.set_weights(network.model.get_weights())
    optimizer = optimizer_spec.optimizer_class.from_config(json.loads(optimizer_spec.config))
    batches = Batches.of(x, y, np.ones(24), 8)
    for _ in range(2):
        network.train_epoch(batches, np.arange(24), np.zeros((network.n_random_states, 2)))
        for rows in (slice(8), slice(8, 16), slice(16, 24)):
            with tf.GradientTape() as tape:
                losses = keras.losses.binary_crossentropy(y[rows, None].astype(np.float32), stock(x[rows]))
                loss = tf.reduce_mean(losses)
            gradients = tape.gradient(loss, [v.value for v in stock.trainable_variables])
            optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients], stock.trainable_variables)
    for ours, theirs in zip(network.model.get_weights(), stock.get_weights(), strict=True):
        assert_allclose(ours, theirs, rtol=1e-3, atol=2e-5)


SCHEDULE = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)
OPTIMIZERS = [
    keras.optimizers.AdamW(0.01, weight_decay=0.1, global_clipnorm=0.5),
    keras.optimizers.SGD(SCHEDULE, momentum=0.9, nesterov=True, clipvalue=0.1),
    keras.optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=2),
    keras.optimizers.RMSprop(0.01, gradient_accumulation_steps=2, centered=True),
    keras.optimizers.Ftrl(0.1),
    keras.optimizers.Lion(0.01, clipnorm=0.3),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: optimizer.name)
def test_a_compiled_update_is_that_of_the_optimizer(optimizer, monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 5, 2)).astype(np.float32), np.arange(30) % 2
    optimizer_spec, _ = read_optimizer(optimizer, None, {})
    trained = []
    for threshold in (0, 10**6):
        monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", threshold)
        network = Network(NetworkSpec("gru", (3,), 2, OneLogit()), optimizer_spec)
        network.load(network.initial_state(0), with_optimizer=True)
        for _ in range(2):
            network.train_epoch(Batches.of(x, y, np.ones(30), 8), np.arange(30), np.zeros((1, 2)))
        trained.append(network.state())
    for one, two in zip(*[(*state.weights, *state.optimizer) for state in trained], strict=True):
        assert_allclose(one, two, rtol=1e-3, atol=1e-5)


def test_how_a_batch_is_cut_and_filled_changes_nothing(monkeypatch):
    """One full batch, in one shard and in two, and with an odd number of rows that is filled up."""
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(33, 5, 2)).astype(np.float32), np.arange(33) % 2
    trained = []
    for rows_per_shard in (1000, 4):
        monkeypatch.setattr(network_module, "_ROWS_PER_SHARD", rows_per_shard)
        network = Network(NetworkSpec("lstm", (3,), 2, OneLogit(), batch_normalization=True), SGD)
        network.load(network.initial_state(0), with_optimizer=True)
        logs = network.train_epoch(Batches.of(x, y, np.ones(33), 33), np.arange(33), np.zeros((1, 2)))
        trained.append([*network.model.get_weights(), logs["loss"], logs["accuracy"]])
    for one, two in zip(*trained, strict=True):
        assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def test_a_network_keeps_few_compiled_shapes(monkeypatch):
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0)
    network = Network(SPEC, SGD)
    network.load(network.initial_state(0), with_optimizer=True)
    for n_rows in (4, 6, 8, 10, 12, 14):
        batches = Batches.of(np.ones((n_rows, 2, 2), np.float32), np.arange(n_rows) % 2, np.ones(n_rows), n_rows)
        network.train_epoch(batches, np.arange(n_rows), np.zeros((network.n_random_states, 2)))
    assert len(network._train_graphs) == 4


def test_rows_are_batched_with_their_like():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 30, 270)
    orders = [draw_order(0, epoch, 270, shuffle=True, batch_size=16, lengths=lengths) for epoch in (0, 0, 1)]
    assert_array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])
    for order in orders:
        assert_array_equal(np.sort(order), np.arange(270))
    cut = [lengths[orders[0]][start : start + 16] for start in range(0, 270, 16)]
    padded = sum(len(batch) * batch.max() for batch in cut)
    shuffled = [rng.permutation(lengths)[start : start + 16] for start in range(0, 270, 16)]
    assert padded / lengths.sum() < 1.2 < sum(len(batch) * batch.max() for batch in shuffled) / lengths.sum()


def test_fresh_weights_are_those_of_keras_initializers():
    spec = NetworkSpec("lstm", (16,), 8, Softmax(3), embedding_dim=8, vocabulary_size=50, batch_normalization=True)
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

SPEC = NetworkSpec("simple_rnn", (2,), 2, OneLogit())


def test_network_that_was_given_back_is_lent_again():
    pool = NetworkPool()
    with pool.lease(SPEC, SGD) as first:
        pass
    with pool.lease(NetworkSpec("simple_rnn", (2,), 2, OneLogit()), SGD) as second:
        assert second is first
        with pool.lease(SPEC, SGD) as meanwhile:
            assert meanwhile is not first
    with pool.lease(SPEC, ADAM) as other:
        assert other not in (first, meanwhile)
    assert len(pool) == 3
    pool.clear()
    assert len(pool) == 0


def test_rates_of_dropout_are_values():
    pool = NetworkPool()
    lent = []
    for rate in (0.1, 0.3, 0.0):
        spec = NetworkSpec("lstm", (2,), 2, OneLogit(), bidirectional=True, dropout=rate, layer_dropout=rate)
        with pool.lease(spec, SGD) as network:
            lent.append(network)
            directions = network.model.get_layer("bidirectional_0")
            assert directions.forward_layer.cell.dropout == directions.backward_layer.cell.dropout == rate
            assert directions.forward_layer._rates.numpy().tolist() == [rate, 0.0]
            dropouts = [layer.rate for layer in network.model.layers if isinstance(layer, keras.layers.Dropout)]
            assert dropouts == [rate] * bool(rate)
    assert lent[0] is lent[1]
    assert lent[2] is not lent[0]


def test_rates_of_what_keras_runs_are_structure():
    pool = NetworkPool()
    lent = []
    for rate in (0.1, 0.3):
        with pool.lease(NetworkSpec("lstm", (2,), 2, OneLogit(), activation="softsign", dropout=rate), SGD) as network:
            lent.append(network)
            assert network.model.get_layer("lstm_0").cell.dropout == rate
    assert lent[0] is not lent[1]


def test_pool_keeps_the_networks_used_last():
    pool = NetworkPool(max_idle=2)
    lent = []
    for units in (2, 3, 4):
        with pool.lease(NetworkSpec("simple_rnn", (units,), 2, OneLogit()), SGD) as network:
            lent.append(network)
    assert len(pool) == 2
    with pool.lease(NetworkSpec("simple_rnn", (4,), 2, OneLogit()), SGD) as network:
        assert network is lent[2]
    with pool.lease(NetworkSpec("simple_rnn", (2,), 2, OneLogit()), SGD) as network:
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
    all_hold_one = threading.Barrier(4)

    def work():
        for _ in range(20):
            with pool.lease(SPEC, SGD) as network:
                if id(network) in held:
                    clashes.append(network)
                held.add(id(network))
                all_hold_one.wait(timeout=60)
                held.discard(id(network))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not clashes
    assert len(pool) == 4


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


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_keras(name):
    x = np.linspace(-8, 8, 321)
    expected = keras.ops.convert_to_numpy(keras.activations.get(name)(keras.ops.convert_to_tensor(x, "float64")))
    assert_allclose(ACTIVATIONS[name](x), expected, rtol=1e-6, atol=1e-7)


def test_building_uses_up_no_seed_of_keras():
    states = set()
    for _ in range(2):
        keras.utils.set_random_seed(0)
        build_model(NetworkSpec("gru", (3,), 2, OneLogit(), dropout=0.1, layer_dropout=0.1, bidirectional=True))
        states.add(tuple(itertools.chain(keras.ops.convert_to_numpy(keras.random.uniform((3,))).tolist())))
    keras.utils.set_random_seed(0)
    states.add(tuple(keras.ops.convert_to_numpy(keras.random.uniform((3,))).tolist()))
    assert len(states) == 1
