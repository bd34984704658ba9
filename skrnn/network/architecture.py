"""From a :class:`NetworkSpec` to a :class:`keras.Model`, of stock Keras layers or of those that run on our kernels.

Padding is marked inside the input (NaN for numbers, a negative id for tokens) and turned into a mask by ordinary Keras
operations, so that a saved model reads padded input where skrnn is not installed. All layers carry names and seeds of
their own: building a network draws nothing from a global random state and counts up no global name.
"""

from typing import Any, NamedTuple

import numpy as np

from skrnn._tensorflow import keras, start
from skrnn.network import layers as kernel_layers
from skrnn.network.spec import NetworkSpec

initializers, layers, ops = keras.initializers, keras.layers, keras.ops

_RECURRENT_LAYERS = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
_LOWEST = float(np.finfo(np.float32).min)
_FIXED_SEED = 0  # a stand-in: `initial_weights` and the training's seeds decide


class Tensors(NamedTuple):
    """The symbolic tensors that a network's parts are cut at."""

    inputs: Any
    features: Any  # what the recurrences make of the sequences: (n, width)
    logits: Any
    probabilities: Any


def build_model(spec: NetworkSpec) -> keras.Model:
    """Build the network that `spec` describes, of stock Keras layers.

    Returns
    -------
    keras.Model
        From sequences, ``(n, T, n_features)`` float32 or ``(n, T)`` int32 token ids, to class probabilities
        ``(n, output.width)``. Its layer ``"logits"`` holds the decision values.
    """
    tensors = connect(spec, layers)
    return keras.Model(tensors.inputs, tensors.probabilities, name=spec.cell)


def connect(spec: NetworkSpec, home: Any = kernel_layers) -> Tensors:
    """Connect the layers of a network.

    Parameters
    ----------
    spec : NetworkSpec
    home : module
        Where the recurrent and dropout layers come from: `skrnn.network.layers` or `keras.layers`.
    """
    start()
    inputs, x, mask = _input_and_mask(spec)
    for depth, units in enumerate(spec.units):
        last = depth == len(spec.units) - 1
        layer = _recurrent_layer(spec, home, depth, units, return_sequences=not last or spec.pooling != "last")
        x = layer(x, mask=mask)
        if last and spec.pooling != "last":
            x = _pool(spec, x, mask)
        if last:
            features = x
        x = _dropout(spec, home, f"{spec.cell}_{depth}_dropout")(x)
    logits = _logits(spec, home, x)
    probabilities = layers.Activation(spec.output.link, dtype="float32", name="probabilities")(logits)
    return Tensors(inputs, features, logits, probabilities)


def _input_and_mask(spec: NetworkSpec) -> tuple[Any, Any, Any]:
    """Return the input tensor, the sequence that the recurrences read, and its mask (None where all steps count)."""
    if not spec.reads_ids:
        inputs = layers.Input((None, spec.n_features), dtype="float32", name="sequences")
        if not spec.masked:
            return inputs, inputs, None
        is_padding = ops.isnan(inputs)
        return inputs, ops.where(is_padding, 0.0, inputs), ops.logical_not(ops.all(is_padding, axis=-1))

    inputs = layers.Input((None,), dtype="int32", name="token_ids")
    mask = None
    ids = inputs
    if spec.masked:
        mask = ops.greater_equal(inputs, 0)
        ids = ops.maximum(inputs, 0)
    if spec.mask_zero:
        not_zero = ops.not_equal(ids, 0)
        mask = not_zero if mask is None else ops.logical_and(mask, not_zero)
    embedding = layers.Embedding(
        spec.vocabulary_size,
        spec.embedding_dim,
        embeddings_initializer=initializers.RandomUniform(seed=_FIXED_SEED),
        dtype="float32",
        name="embedding",
    )
    return inputs, embedding(ids), mask


def _recurrent_layer(spec: NetworkSpec, home: Any, depth: int, units: int, *, return_sequences: bool) -> keras.Layer:
    arguments: dict[str, Any] = {
        "activation": spec.activation,
        "dropout": spec.dropout,
        "recurrent_dropout": spec.recurrent_dropout,
        "kernel_initializer": initializers.GlorotUniform(seed=_FIXED_SEED),
        "recurrent_initializer": initializers.Orthogonal(seed=_FIXED_SEED),
        "return_sequences": return_sequences,
        "seed": _FIXED_SEED,
        "dtype": "float32",
        "name": f"{spec.cell}_{depth}",
    }
    if spec.cell != "simple_rnn":
        arguments["recurrent_activation"] = spec.recurrent_activation
    layer = getattr(home, _RECURRENT_LAYERS[spec.cell])(units, **arguments)
    return home.Bidirectional(layer, dtype="float32", name=f"bidirectional_{depth}") if spec.bidirectional else layer


def _logits(spec: NetworkSpec, home: Any, x: Any) -> Any:
    """Return the decision values that are read off the features."""
    if spec.batch_normalization:
        x = layers.BatchNormalization(dtype="float32", name="batch_normalization")(x)
    for depth, units in enumerate(spec.dense_units):
        x = _dense(units, f"dense_{depth}", activation=spec.dense_activation)(x)
        x = _dropout(spec, home, f"dense_{depth}_dropout")(x)
    return _dense(spec.output.width, "logits")(x)


def _dense(units: int, name: str, activation: str | None = None) -> keras.Layer:
    kernel_initializer = initializers.GlorotUniform(seed=_FIXED_SEED)
    return layers.Dense(units, activation, kernel_initializer=kernel_initializer, dtype="float32", name=name)


def _dropout(spec: NetworkSpec, home: Any, name: str) -> Any:
    if spec.layer_dropout == 0.0:
        return lambda x: x
    return home.Dropout(spec.layer_dropout, seed=_FIXED_SEED, dtype="float32", name=name)


def _pool(spec: NetworkSpec, x: Any, mask: Any) -> Any:
    """Reduce all steps' outputs ``(n, T, units)`` to one ``(n, units)``, over the steps that count."""
    if mask is None:
        return ops.mean(x, axis=1) if spec.pooling == "mean" else ops.max(x, axis=1)
    counts = ops.expand_dims(mask, -1)
    n_steps = ops.sum(ops.cast(counts, "float32"), axis=1)
    if spec.pooling == "mean":
        return ops.divide(ops.sum(ops.where(counts, x, 0.0), axis=1), ops.maximum(n_steps, 1.0))
    return ops.where(ops.greater(n_steps, 0.0), ops.max(ops.where(counts, x, _LOWEST), axis=1), 0.0)
