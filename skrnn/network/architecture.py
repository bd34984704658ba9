"""Build a :class:`keras.Model` from a :class:`NetworkSpec`, of stock Keras layers or of layers on our kernels.

Padding is marked in the input (NaN in numbers, a negative token id). Ordinary Keras operations turn it into a mask, so
that a saved model reads padded input where skrnn is not installed. All layers have explicit names and seeds: building a
network changes neither a global random state nor Keras' counters of names.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from skrnn._tensorflow import keras, start
from skrnn.network import layers as kernel_layers
from skrnn.network.spec import NetworkSpec

initializers, layers, ops = keras.initializers, keras.layers, keras.ops

_RECURRENT_LAYERS = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
_LOWEST = float(np.finfo(np.float32).min)
_FIXED_SEED = 0  # without effect: `initial_weights` draws the weights, and a training sets the dropout seeds


class Tensors(NamedTuple):
    """Symbolic tensors of a network: its input and output, and where it is split into encoder and head.

    Attributes
    ----------
    inputs : KerasTensor of shape (n, T, n_features), float32, or (n, T), int32
    features : KerasTensor of shape (n, width), float32, or list of two
        The pooled output of the last recurrent layer, and the static features if there are any.
    logits : KerasTensor of shape (n, output.width), float32
    probabilities : KerasTensor of shape (n, output.width), float32
    """

    inputs: keras.KerasTensor
    features: keras.KerasTensor | list[keras.KerasTensor]
    logits: keras.KerasTensor
    probabilities: keras.KerasTensor


def build_model(spec: NetworkSpec) -> keras.Model:
    """Build the network that `spec` describes, of stock Keras layers.

    Returns
    -------
    keras.Model
        From sequences, ``(n, T, n_features)`` float32 or ``(n, T)`` int32 token ids, to probabilities
        ``(n, output.width)``. Its layer ``"logits"`` returns the logits.
    """
    tensors = connect(spec, layers)
    return keras.Model(tensors.inputs, tensors.probabilities, name=spec.cell)


def connect(spec: NetworkSpec, home: ModuleType = kernel_layers) -> Tensors:
    """Connect the layers of a network.

    Parameters
    ----------
    spec : NetworkSpec
    home : module
        The module of the recurrent and dropout layers: `skrnn.network.layers` or `keras.layers`.
    """
    start()
    inputs, x, mask = _input_and_mask(spec)
    static = None
    if spec.static_features:
        # The same at every step: the first one would do, but a saved model may read padding there.
        static = _pool("max", ops.take(x, spec.static_features, axis=-1), mask)
        x = ops.take(x, spec.recurrent_features, axis=-1)
    for depth, units in enumerate(spec.units):
        last = depth == len(spec.units) - 1
        layer = _recurrent_layer(spec, home, depth, units, return_sequences=not last or spec.pooling != "last")
        x = layer(x, mask=mask)
        if last and spec.pooling != "last":
            x = _pool(spec.pooling, x, mask)
        if last:
            features = x if static is None else [x, static]
        x = _dropout(spec, home, f"{spec.cell}_{depth}_dropout")(x)
    if static is not None:
        x = layers.Concatenate(dtype="float32", name="static")([x, static])
    logits = _logits(spec, home, x)
    probabilities = layers.Activation(spec.output.link, dtype="float32", name="probabilities")(logits)
    return Tensors(inputs, features, logits, probabilities)


def _input_and_mask(spec: NetworkSpec) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor | None]:
    """Return the input, the sequences that the recurrent layers read, and their mask (None if all steps count)."""
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
        trainable=spec.embedding_trainable,
        dtype="float32",
        name="embedding",
    )
    return inputs, embedding(ids), mask


def _recurrent_layer(
    spec: NetworkSpec, home: ModuleType, depth: int, units: int, *, return_sequences: bool
) -> keras.Layer:
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


def _logits(spec: NetworkSpec, home: ModuleType, x: keras.KerasTensor) -> keras.KerasTensor:
    """Return the logits of features: the layers after the recurrent ones."""
    if spec.batch_normalization:
        x = layers.BatchNormalization(dtype="float32", name="batch_normalization")(x)
    for depth, units in enumerate(spec.dense_units):
        x = _dense(units, f"dense_{depth}", activation=spec.dense_activation)(x)
        x = _dropout(spec, home, f"dense_{depth}_dropout")(x)
    return _dense(spec.output.width, "logits")(x)


def _dense(units: int, name: str, activation: str | None = None) -> keras.Layer:
    kernel_initializer = initializers.GlorotUniform(seed=_FIXED_SEED)
    return layers.Dense(units, activation, kernel_initializer=kernel_initializer, dtype="float32", name=name)


def _dropout(spec: NetworkSpec, home: ModuleType, name: str) -> Callable[[keras.KerasTensor], keras.KerasTensor]:
    if spec.layer_dropout == 0.0:
        return lambda x: x
    return home.Dropout(spec.layer_dropout, seed=_FIXED_SEED, dtype="float32", name=name)


def _pool(pooling: str, x: keras.KerasTensor, mask: keras.KerasTensor | None) -> keras.KerasTensor:
    """Pool the values of all steps that count, ``(n, T, width)``, into one vector ``(n, width)``."""
    if mask is None:
        return ops.mean(x, axis=1) if pooling == "mean" else ops.max(x, axis=1)
    counts = ops.expand_dims(mask, -1)
    n_steps = ops.sum(ops.cast(counts, "float32"), axis=1)
    if pooling == "mean":
        return ops.divide(ops.sum(ops.where(counts, x, 0.0), axis=1), ops.maximum(n_steps, 1.0))
    return ops.where(ops.greater(n_steps, 0.0), ops.max(ops.where(counts, x, _LOWEST), axis=1), 0.0)
