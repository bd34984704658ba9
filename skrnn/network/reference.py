"""The forward pass in NumPy and double precision. It predicts small batches and is the reference for traced networks.

In double precision, the result of a row, rounded to single precision, does not depend on the other rows. This module
does not import TensorFlow.

Shapes: ``n`` sequences of ``T`` steps with ``D`` features, ``H`` units. A mask is ``(n, T)``, False for padding.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from skrnn.network.activations import ACTIVATIONS
from skrnn.network.size import rows_at_once
from skrnn.network.spec import NetworkSpec

Array: TypeAlias = np.ndarray
Activation: TypeAlias = Callable[[Array], Array]
State: TypeAlias = tuple[Array, ...]  # the hidden state (n, H), and for the LSTM the cell state (n, H)
BATCH_NORMALIZATION_EPSILON = 1e-3  # Keras' default
N_WEIGHTS = {"embedding": 1, "recurrent": 3, "batch_normalization": 4, "dense": 2}
ROWS_AT_ONCE = 256  # limits the memory


def predict_logits(spec: NetworkSpec, weights: Sequence[Array], x: Array) -> Array:
    """Compute the logits of padded sequences.

    Parameters
    ----------
    spec : NetworkSpec
        The structure of the network.
    weights : sequence of ndarray
        The weights in the order of ``keras.Model.weights``.
    x : ndarray of shape (n, T, D), float32 or uint8, or of shape (n, T), int32
        Numbers with NaN as padding, bytes, which are scaled, or token ids with negative ids as padding.

    Returns
    -------
    logits : ndarray of shape (n, spec.output.width), float32
    """
    return _in_parts(spec, weights, x, every_step=False)


def staged_logits(spec: NetworkSpec, weights: Sequence[Array], x: Array) -> Iterator[Array]:
    """Iterate over the logits ``(n, spec.output.width)`` after each step.

    A unidirectional network reads each step once. A bidirectional network reads the sequences again up to each step,
    because its outputs for earlier steps depend on later steps.
    """
    n_timesteps = x.shape[1]
    if spec.bidirectional:
        for step in range(n_timesteps):
            yield predict_logits(spec, weights, x[:, : step + 1])
        return
    logits = _in_parts(spec, weights, x, every_step=True)
    for step in range(n_timesteps):
        yield logits[:, step]


def _in_parts(spec: NetworkSpec, weights: Sequence[Array], x: Array, *, every_step: bool) -> Array:
    """Compute logits, float32, of as many rows at once as the memory for them allows."""
    rows = rows_at_once(spec, x.shape[1], ROWS_AT_ONCE, itemsize=8)
    parts = (x[start : start + rows] for start in range(0, len(x), rows))
    with np.errstate(over="ignore", invalid="ignore"):  # as in TensorFlow; the logits show it
        return np.concatenate([_forward(spec, weights, part, every_step=every_step).astype(np.float32) for part in parts])


def _forward(spec: NetworkSpec, weights: Sequence[Array], x: Array, *, every_step: bool) -> Array:
    rest = [*weights]

    def take(kind: str) -> list[Array]:
        taken, rest[:] = rest[: N_WEIGHTS[kind]], rest[N_WEIGHTS[kind] :]
        # of the embedding, only the rows that are needed are converted: it may be far larger than all the rest
        return taken if kind == "embedding" else [np.asarray(weight, dtype=np.float64) for weight in taken]

    h, mask = _sequence_and_mask(spec, x, *(take("embedding") if spec.reads_ids else []))
    static = h[:, 0, [*spec.static_features]]  # the first step is never padding
    if spec.static_features:
        h = h[:, :, [*spec.recurrent_features]]
    for _ in spec.units:
        forward = recurrent_layer(spec, h, mask, *take("recurrent"))
        if spec.bidirectional:
            backward = recurrent_layer(spec, h[:, ::-1], mask[:, ::-1], *take("recurrent"))
            last = np.concatenate([forward[:, -1], backward[:, -1]], axis=1)
            h = np.concatenate([forward, backward[:, ::-1]], axis=2)
        else:
            h, last = forward, forward[:, -1]
    if every_step:
        h = _pool_so_far(spec.pooling, h, mask)
    else:
        h = last if spec.pooling == "last" else _pool_so_far(spec.pooling, h, mask)[:, -1]
    if spec.static_features:
        static = np.broadcast_to(static[:, None] if every_step else static, (*h.shape[:-1], static.shape[-1]))
        h = np.concatenate([h, static], axis=-1)
    if spec.batch_normalization:
        gamma, beta, mean, variance = take("batch_normalization")
        h = (h - mean) / np.sqrt(variance + BATCH_NORMALIZATION_EPSILON) * gamma + beta
    for _ in spec.dense_units:
        kernel, bias = take("dense")
        h = ACTIVATIONS[spec.dense_activation](h @ kernel + bias)
    kernel, bias = take("dense")
    return h @ kernel + bias


def _sequence_and_mask(spec: NetworkSpec, x: Array, *embedding: Array) -> tuple[Array, Array]:
    if x.dtype == np.uint8:
        return np.divide(x, spec.byte_scale, dtype=np.float32).astype(np.float64), np.ones(x.shape[:2], dtype=bool)
    if not spec.reads_ids:
        is_padding = np.isnan(x)
        return np.where(is_padding, 0.0, x).astype(np.float64), ~is_padding.all(axis=2)
    mask = x > 0 if spec.mask_zero else x >= 0
    return embedding[0][np.maximum(x, 0)].astype(np.float64), mask


def recurrent_layer(
    spec: NetworkSpec, x: Array, mask: Array, kernel: Array, recurrent_kernel: Array, bias: Array
) -> Array:
    """Run one recurrent layer over ``x`` and return its outputs after all steps, ``(n, T, H)``.

    A masked step leaves the state unchanged.
    """
    step = {"simple_rnn": _simple_rnn_step, "lstm": _lstm_step, "gru": _gru_step}[spec.cell]
    act, gate = ACTIVATIONS[spec.activation], ACTIVATIONS[spec.recurrent_activation]
    input_bias, recurrent_bias = bias if spec.cell == "gru" else (bias, None)
    projected = (x @ kernel + input_bias).swapaxes(0, 1)
    n, n_timesteps, _ = x.shape
    n_units = len(recurrent_kernel)
    state = (np.zeros((n, n_units)),) * (2 if spec.cell == "lstm" else 1)
    outputs = np.empty((n_timesteps, n, n_units))
    every_step_counts = np.all(mask, axis=0).tolist()
    for t in range(n_timesteps):
        product = state[0].dot(recurrent_kernel)
        if recurrent_bias is not None:
            product += recurrent_bias
        new = step(projected[t], product, state, act, gate)
        if not every_step_counts[t]:
            new = tuple(np.where(mask[:, t, None], now, before) for now, before in zip(new, state, strict=True))
        state = new
        outputs[t] = state[0]
    return outputs.swapaxes(0, 1)


def _simple_rnn_step(x: Array, r: Array, state: State, act: Activation, gate: Activation) -> State:
    return (act(x + r),)


def _lstm_step(x: Array, r: Array, state: State, act: Activation, gate: Activation) -> State:
    z, n_units = x + r, state[0].shape[1]
    gates = gate(z[:, : 2 * n_units])  # input and forget
    c = gates[:, n_units:] * state[1] + gates[:, :n_units] * act(z[:, 2 * n_units : 3 * n_units])
    return gate(z[:, 3 * n_units :]) * act(c), c


def _gru_step(x: Array, r: Array, state: State, act: Activation, gate: Activation) -> State:
    h, n_gates = state[0], 2 * state[0].shape[1]
    gates = gate(x[:, :n_gates] + r[:, :n_gates])  # update and reset
    z, reset = gates[:, : h.shape[1]], gates[:, h.shape[1] :]
    n = act(x[:, n_gates:] + reset * r[:, n_gates:])  # the reset gate after the product, Keras' default
    return (n + z * (h - n),)


def _pool_so_far(pooling: str, h: Array, mask: Array) -> Array:
    """Pool the outputs up to each step. The result is zero before the first step that is not masked."""
    if pooling == "last":
        return h
    counts = mask[:, :, None]
    n_steps = np.cumsum(counts, axis=1)
    if pooling == "mean":
        return np.cumsum(np.where(counts, h, 0.0), axis=1) / np.maximum(n_steps, 1)
    return np.where(n_steps > 0, np.maximum.accumulate(np.where(counts, h, -np.inf), axis=1), 0.0)
