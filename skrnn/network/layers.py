"""Keras' SimpleRNN, LSTM and GRU layers, running on the kernels of :mod:`skrnn.network.kernels`.

They replace their base classes in Keras, with the same constructors, weights, names, masks and results. They are saved
under the names of the Keras layers, so a saved model does not need skrnn. Keras' own code runs if the kernels do not
support a layer: with activations other than tanh, sigmoid, ReLU and the identity, precisions other than float32 and
float64, or ``unroll=True``, and on a GPU, where Keras uses cuDNN. Dropout rates can be changed without retracing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from skrnn._tensorflow import keras, tf
from skrnn.network import kernels

Tensor: TypeAlias = tf.Tensor


@dataclass(frozen=True)
class Execution:
    """Settings for running kernels, which affect only the rounding of results.

    Attributes
    ----------
    shards : int
        Number of parts that a batch is split into. They run in parallel if there are enough threads. It must not depend
        on the machine, so that results do not either.
    compiled : bool
        Whether XLA compiles the loops. The shapes of a batch must then be static.
    differentiable : bool
        Whether gradients will be needed.
    """

    shards: int = 1
    compiled: bool = False
    differentiable: bool = True


_PLAIN = Execution()
_execution: ContextVar[Execution] = ContextVar("execution", default=_PLAIN)


@contextmanager
def running(execution: Execution) -> Iterator[None]:
    """Apply execution settings to layers that are traced or run within a ``with`` block."""
    token = _execution.set(execution)
    try:
        yield
    finally:
        _execution.reset(token)


def covers(*activations: str) -> bool:
    """Return whether the kernels support these activations and no GPU is present, where cuDNN is faster."""
    return kernels.SUPPORTED_ACTIVATIONS.keys() >= {*activations} and not tf.config.list_physical_devices("GPU")


class _OnKernels(keras.layers.RNN):
    """The base of the three layers. It calls a kernel with the arguments of a Keras layer."""

    _cell_name: str

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._rates = tf.Variable([self.cell.dropout, self.cell.recurrent_dropout], trainable=False, dtype=tf.float64)

    def set_dropout(self, dropout: float, recurrent_dropout: float) -> None:
        """Change the rates of a layer, which may already be traced.

        A rate of zero must remain zero, and a positive rate positive, because a graph without dropout has no mask.
        """
        if bool(dropout) != bool(self.cell.dropout) or bool(recurrent_dropout) != bool(self.cell.recurrent_dropout):
            raise ValueError("A layer that is built cannot change between no dropout and dropout.")
        self.cell.dropout, self.cell.recurrent_dropout = dropout, recurrent_dropout
        self._rates.assign([dropout, recurrent_dropout])

    @property
    def _on_kernels(self) -> bool:
        return covers(*self._activations) and self.compute_dtype in ("float32", "float64") and not self.unroll

    @property
    def _activations(self) -> tuple[str, str]:
        """The names of the cell's activations. For a cell without gates, the second has no effect."""
        gate = getattr(self.cell, "recurrent_activation", keras.activations.linear)
        names = {keras.activations.get(name): name for name in kernels.SUPPORTED_ACTIVATIONS}
        return names.get(self.cell.activation, "another"), names.get(gate, "another")

    def _maybe_config_dropout_masks(
        self, cell: keras.Layer, input_sequence: Tensor, input_state: Tensor | Sequence[Tensor]
    ) -> None:
        if not self._on_kernels:
            super()._maybe_config_dropout_masks(cell, input_sequence, input_state)

    def inner_loop(
        self,
        sequences: Tensor,
        initial_state: Tensor | Sequence[Tensor],
        mask: Tensor | Sequence[Tensor] | None,
        training: bool = False,
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Run the recurrence. In this method, Keras' own layers choose between cuDNN and their loop."""
        if not self._on_kernels:
            return super().inner_loop(sequences, initial_state, mask, training=training)
        mask = keras.tree.flatten(mask)[0] if mask is not None else None
        if self.go_backwards:
            sequences = tf.reverse(sequences, [1])
            mask = None if mask is None else tf.reverse(mask, [1])
        dropout, recurrent_dropout = self._draw_dropout(sequences, initial_state) if training else (None, None)
        sequences = tf.transpose(sequences, [1, 0, 2])
        mask = None if mask is None else tf.transpose(mask)
        states = keras.tree.flatten(initial_state)
        parts = [
            self._run(*part)
            for part in zip(
                _split(sequences, 1),
                zip(*(_split(state, 0) for state in states), strict=True),
                _split(mask, 1),
                _split(dropout, 1),
                _split(recurrent_dropout, 1),
                strict=True,
            )
        ]
        outputs, last = zip(*parts, strict=True)
        output = tf.concat(outputs, 1 if self.return_sequences else 0)
        new_states = [tf.concat(state, 0) for state in zip(*last, strict=True)]
        return *self._as_keras(output, mask), new_states

    def _run(
        self, x: Tensor, states: Sequence[Tensor], mask: Tensor | None, dropout: Tensor | None, recurrent: Tensor | None
    ) -> tuple[Tensor, list[Tensor]]:
        """Run one shard. It has its own tensors of the weights, so that it does not wait for other shards."""
        kernel, recurrent_kernel = tf.identity(self.cell.kernel.value), tf.identity(self.cell.recurrent_kernel.value)
        bias = tf.identity(self.cell.bias.value) if self.cell.use_bias else None
        recurrent_bias = None
        if bias is not None and len(bias.shape) == 2:  # the GRU with the reset gate after the product
            bias, recurrent_bias = tf.unstack(bias)
        return kernels.run(
            self._kernel_spec,
            _project(x, kernel, bias, dropout),
            states,
            recurrent_kernel,
            recurrent_bias,
            mask=mask,
            dropout=recurrent,
            compiled=_execution.get().compiled,
            differentiable=_execution.get().differentiable,
        )

    @property
    def _kernel_spec(self) -> kernels.KernelSpec:
        return kernels.KernelSpec(
            self._cell_name, *self._activations, getattr(self.cell, "reset_after", True), self.return_sequences
        )

    def _draw_dropout(
        self, sequences: Tensor, initial_state: Tensor | Sequence[Tensor]
    ) -> tuple[Tensor | None, Tensor | None]:
        """Draw the dropout masks of a batch, of shape ``(1 or G, n, ...)``, in the same order as Keras' cells."""
        count = getattr(self.cell, "dropout_mask_count", 1)

        def draw(like: Tensor, rate: Tensor) -> Tensor:
            ones = tf.ones_like(like)
            return tf.stack([_dropout(ones, rate, self.cell.seed_generator) for _ in range(count)])

        return (
            draw(sequences[:, 0], self._rates[0]) if self.cell.dropout else None,
            draw(keras.tree.flatten(initial_state)[0], self._rates[1]) if self.cell.recurrent_dropout else None,
        )

    def _as_keras(self, output: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the last output and all outputs ``(n, T, H)``, with the same values at masked steps as Keras.

        Keras repeats the previous output at masked steps, and returns zero before the first step that is not masked.
        With ``zero_output_for_mask``, it returns zero at all masked steps.
        """
        if not self.return_sequences:
            if mask is not None:
                counts = mask[-1] if self.zero_output_for_mask else tf.reduce_any(mask, 0)
                output = tf.where(counts[:, None], output, tf.zeros_like(output))
            return output, output[:, None]
        if mask is not None:
            counts = mask if self.zero_output_for_mask else tf.cumsum(tf.cast(mask, tf.int32), 0) > 0
            output = tf.where(counts[:, :, None], output, tf.zeros_like(output))
        return output[-1], tf.transpose(output, [1, 0, 2])


def _dropout(x: Tensor, rate: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
    """Set random elements to zero and scale up the others, bit for bit like Keras, but with a tensor as rate."""
    rate = tf.cast(rate, x.dtype)
    keep = keras.random.uniform(tf.shape(x), dtype=x.dtype, seed=seed) >= rate
    return tf.where(keep, x / (1 - rate), tf.zeros_like(x))


def _split(x: Tensor | None, axis: int) -> Sequence[Tensor | None]:
    """Split the rows of a batch, along `axis`, into one part per shard."""
    shards = _execution.get().shards
    if x is None or shards == 1:
        return [x] * shards
    n_rows = x.shape[axis] or tf.shape(x)[axis]
    ends = [n_rows * shard // shards for shard in range(shards + 1)]
    return tf.split(x, [end - start for start, end in pairwise(ends)], axis)


def _project(x: Tensor, kernel: Tensor, bias: Tensor | None, dropout: Tensor | None) -> Tensor:
    """Return ``x @ kernel + bias`` for all steps, ``(T, n, G * H)``; each gate may have its own dropout."""

    def product(x: Tensor, kernel: Tensor) -> Tensor:
        shape = [x.shape[i] or tf.shape(x)[i] for i in (0, 1)]
        return tf.reshape(tf.reshape(x, [-1, x.shape[2]]) @ kernel, [*shape, kernel.shape[1]])

    if dropout is None:
        projected = product(x, kernel)
    elif dropout.shape[0] == 1:
        projected = product(x * dropout, kernel)
    else:
        gates = tf.split(kernel, dropout.shape[0], 1)
        projected = tf.concat([product(x * dropout[g], gate) for g, gate in enumerate(gates)], 2)
    return projected if bias is None else projected + bias


class SimpleRNN(_OnKernels, keras.layers.SimpleRNN):
    """``keras.layers.SimpleRNN``, several times faster on a CPU."""

    __module__ = "keras.layers"  # where a saved model looks for its layers
    _cell_name = "simple_rnn"


class LSTM(_OnKernels, keras.layers.LSTM):
    """``keras.layers.LSTM``, several times faster on a CPU."""

    __module__ = "keras.layers"
    _cell_name = "lstm"


class GRU(_OnKernels, keras.layers.GRU):
    """``keras.layers.GRU``, several times faster on a CPU."""

    __module__ = "keras.layers"
    _cell_name = "gru"


class Dropout(keras.layers.Dropout):
    """``keras.layers.Dropout`` with a rate that can be changed without retracing."""

    __module__ = "keras.layers"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._rate = tf.Variable(self.rate, trainable=False, dtype=tf.float64)

    def set_rate(self, rate: float) -> None:
        """Change the rate, which must remain positive."""
        self.rate = rate
        self._rate.assign(rate)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Set random elements to zero, and scale up the others."""
        if not training:
            return inputs
        return _dropout(inputs, self._rate, self.seed_generator)


def recurrent_layers(layer: keras.Layer) -> list["_OnKernels"]:
    """Return the recurrent layers of this module in a layer: the layer itself, or the two that it wraps."""
    if isinstance(layer, keras.layers.Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    return [layer] if isinstance(layer, _OnKernels) else []


def Bidirectional(layer: keras.Layer, **kwargs: Any) -> keras.layers.Bidirectional:
    """Wrap a recurrent layer like Keras, so that both directions run on the kernels."""
    # Keras creates both directions from the configuration, which contains the name of the Keras layer.
    with keras.saving.custom_object_scope({type(layer).__name__: type(layer)}):
        return keras.layers.Bidirectional(layer, **kwargs)
