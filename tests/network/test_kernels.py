"""The kernels and the layers on them: equal to stock Keras layers and to NumPy, in values and in gradients."""

import itertools
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn.network import kernels, layers, reference
from skrnn.network.outputs import OneLogit
from skrnn.network.spec import NetworkSpec

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}  # of the largest value, as elementwise errors say nothing near zero
EXECUTIONS = [layers.Execution(), layers.Execution(shards=2), layers.Execution(shards=2, compiled=True)]
N_ROWS, N_TIMESTEPS, N_FEATURES = 6, 7, 3


def assert_equal_for_its_size(found, expected, dtype):
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= TOLERANCE[dtype] * max(np.abs(expected).max(), 1e-3)


def options(cell, draw):
    """Draw the settings of a layer."""
    rates = st.sampled_from([0.0, 0.0, 0.4])
    drawn = {
        "activation": draw(st.sampled_from(["tanh", "relu"])),
        "use_bias": draw(st.sampled_from([True, True, False])),
        "dropout": draw(rates),
        "recurrent_dropout": draw(rates),
        "return_sequences": draw(st.booleans()),
        "zero_output_for_mask": draw(st.booleans()),
        "seed": 3,
    }
    if cell != "SimpleRNN":
        drawn["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "tanh"]))
    if cell == "GRU":
        drawn["reset_after"] = draw(st.booleans())
    return drawn


def masks(draw, rng):
    """Draw no mask, padding at either end, or holes; some rows may be masked from end to end."""
    steps, lengths = np.arange(N_TIMESTEPS), rng.integers(0, N_TIMESTEPS, (N_ROWS, 1))
    kind = draw(st.sampled_from(["none", "pre", "post", "holes"]))
    made = {"pre": steps >= N_TIMESTEPS - lengths, "post": steps < lengths, "holes": rng.random((6, 7)) > 0.4}
    return made.get(kind)


def run_and_differentiate(layer, x, states, mask):
    """Return the outputs, and the gradients of a sum with a weight for each of them."""
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        output = layer(x, mask=mask, training=True, **({"initial_state": states} if states else {}))
        weights = tf.reshape(tf.cast(tf.range(tf.size(output)) % 7, output.dtype), tf.shape(output))
        total = tf.reduce_sum(output * weights)
    return [output, *tape.gradient(total, [x, *states, *[v.value for v in layer.trainable_variables]])]


@pytest.mark.parametrize("execution", EXECUTIONS, ids=["plain", "shards", "compiled"])
@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM", "GRU"])
@settings(max_examples=5, phases=[Phase.explicit, Phase.generate])  # each traces two networks: too slow to shrink
@given(data=st.data())
def test_layers_are_those_of_keras(cell, execution, data):
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    arguments = options(cell, data.draw) | {"dtype": dtype}
    stock, ours = getattr(keras.layers, cell)(4, **arguments), getattr(layers, cell)(4, **arguments)
    assert ours.get_config().keys() == stock.get_config().keys()
    bidirectional = data.draw(st.booleans())
    if bidirectional:
        stock, ours = keras.layers.Bidirectional(stock, dtype=dtype), layers.Bidirectional(ours, dtype=dtype)
        assert len(layers.recurrent_layers(ours)) == 2
    elif data.draw(st.booleans()):
        stock.go_backwards = ours.go_backwards = True
    x = rng.normal(size=(N_ROWS, N_TIMESTEPS, N_FEATURES))
    stock.build(x.shape)
    ours.build(x.shape)
    assert [v.path.split("/")[-2:] for v in ours.weights] == [v.path.split("/")[-2:] for v in stock.weights]
    weights = [rng.normal(size=v.shape) * 0.3 for v in stock.weights]
    n_states = 0 if bidirectional or data.draw(st.booleans()) else 1 + (cell == "LSTM")
    states = [rng.normal(size=(N_ROWS, 4)) for _ in range(n_states)]
    mask = masks(data.draw, rng)
    found = []
    for layer, way in ((stock, layers.Execution()), (ours, execution)):
        layer.set_weights(weights)
        for variable in layer.variables:
            if variable.name == "seed_generator_state":
                variable.assign([0, 3])
        # Shapes are static, as compiling wants them.
        arrays = [tf.constant(x, dtype), *[tf.constant(state, dtype) for state in states]]
        with layers.running(way):
            traced = tf.function(lambda x, *states, layer=layer: run_and_differentiate(layer, x, states, mask))
            found.append([tensor.numpy() for tensor in traced(*arrays)])
    for theirs, ours_ in zip(*found, strict=True):
        assert_equal_for_its_size(ours_, theirs, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
def test_kernels_compute_what_numpy_does(cell, dtype, compiled):
    rng = np.random.default_rng(0)
    n_gates = {"simple_rnn": 1, "lstm": 4, "gru": 3}[cell]
    kernel, recurrent_kernel = rng.normal(size=(3, n_gates * 4)), 0.4 * rng.normal(size=(4, n_gates * 4))
    bias = rng.normal(size=(2, n_gates * 4)) if cell == "gru" else rng.normal(size=n_gates * 4)
    x, mask = rng.normal(size=(5, 6, 3)), np.arange(6) < rng.integers(1, 7, (5, 1))
    expected = reference.recurrent_layer(
        NetworkSpec(cell, (4,), 3, OneLogit()), x, mask, kernel, recurrent_kernel, bias
    )

    cast = partial(tf.constant, dtype=dtype)
    input_bias, recurrent_bias = bias if cell == "gru" else (bias, None)
    output, states = tf.function(kernels.run, autograph=False)(
        kernels.KernelSpec(cell, return_sequences=True),
        cast((x @ kernel + input_bias).swapaxes(0, 1)),
        [cast(np.zeros((5, 4)))] * (2 if cell == "lstm" else 1),
        cast(recurrent_kernel),
        None if recurrent_bias is None else cast(recurrent_bias),
        mask=tf.constant(mask.T),
        compiled=compiled,
    )
    assert_equal_for_its_size(output.numpy().swapaxes(0, 1), expected, dtype)
    assert_equal_for_its_size(states[0].numpy(), expected[:, -1], dtype)


def test_without_gradients_the_values_are_the_same():
    layer, x = layers.LSTM(4, return_sequences=True, seed=0), tf.random.stateless_normal((5, 6, 3), (0, 1))
    expected = layer(x).numpy()
    with layers.running(layers.Execution(shards=2, differentiable=False)):
        assert_equal_for_its_size(layer(x).numpy(), expected, "float32")


@pytest.mark.parametrize(
    "arguments", [{"activation": "softsign"}, {"unroll": True}, {"dtype": "mixed_bfloat16"}], ids=str
)
def test_what_the_kernels_do_not_cover_runs_as_keras_has_it(arguments, monkeypatch):
    monkeypatch.setattr(kernels, "run", None)
    x = np.random.default_rng(0).normal(size=(5, 6, 3)).astype(np.float32)
    stock, ours = keras.layers.LSTM(4, **arguments), layers.LSTM(4, **arguments)
    stock.build(x.shape)
    ours.build(x.shape)
    ours.set_weights(stock.get_weights())
    assert_array_equal(np.asarray(ours(x), np.float32), np.asarray(stock(x), np.float32))


def test_layers_are_saved_under_keras_names():
    for layer in (layers.SimpleRNN(2), layers.LSTM(2), layers.GRU(2), layers.Dropout(0.5)):
        saved = keras.saving.serialize_keras_object(layer)
        assert saved["module"] == "keras.layers"
        restored = keras.saving.deserialize_keras_object(saved)
        assert type(restored) is getattr(keras.layers, type(layer).__name__)
        assert restored.get_config() == layer.get_config()


@pytest.mark.parametrize("rates", [*itertools.product([0.0, 0.2], [0.0, 0.2])], ids=str)
def test_rates_of_a_traced_layer_can_change(rates):
    layer = layers.GRU(4, dropout=0.5 * bool(rates[0]), recurrent_dropout=0.5 * bool(rates[1]), seed=0)
    x = tf.ones((4, 3, 2))
    layer.build(x.shape)
    run = tf.function(lambda x: layer(x, training=True))

    def from_the_same_seed():
        layer.cell.seed_generator.state.assign([0, 0])
        return run(x).numpy()

    before = from_the_same_seed()
    layer.set_dropout(*rates)
    assert (layer.cell.dropout, layer.cell.recurrent_dropout) == rates
    after = from_the_same_seed()
    assert np.array_equal(before, after) == (not any(rates))
    assert run.experimental_get_tracing_count() == 1
    with pytest.raises(ValueError, match="cannot change between no dropout and dropout"):
        layer.set_dropout(0.0 if rates[0] else 0.2, rates[1])
