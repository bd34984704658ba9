"""The recurrences, forward and backward, as functions of tensors.

The inputs of a kernel are already projected (``x @ kernel + bias``, one product for all steps), so it computes only the
sequential part. Its gradient is written by hand: the backward loop collects the gradients of the gates, and then one
product per recurrent weight computes its gradient. XLA can compile each loop into a single operation, which is much
faster, but takes half a second for every new shape.

Shapes are time-major: ``T`` steps of ``n`` rows, ``H`` units, ``G`` gates (1, 3 or 4, in Keras' order). Equations:
Elman (1990) for the simple recurrence; Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000) for
the LSTM; Cho et al. (2014) for the GRU, which like cuDNN can apply the reset gate after the product (`reset_after`).
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias

from skrnn._tensorflow import tf

Tensor: TypeAlias = tf.Tensor
# Each activation, and a function that returns the gradient of its input from its *output* and the output's gradient.
SUPPORTED_ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]] = {
    "tanh": (tf.tanh, lambda y, d: d * (1 - y * y)),
    "sigmoid": (tf.sigmoid, lambda y, d: d * y * (1 - y)),
    "relu": (tf.nn.relu, lambda y, d: tf.where(y > 0, d, tf.zeros_like(d))),
    "linear": (tf.identity, lambda y, d: d),
}


@dataclass(frozen=True)
class KernelSpec:
    """The structure of a kernel: all settings that are not tensors.

    Attributes
    ----------
    cell : {"simple_rnn", "lstm", "gru"}
        The recurrence.
    activation : str
        The activation of the state, a name in `SUPPORTED_ACTIVATIONS`.
    recurrent_activation : str
        The activation of the gates, a name in `SUPPORTED_ACTIVATIONS`.
    reset_after : bool
        For the GRU, whether the reset gate is applied after the product with the recurrent kernel or before it.
    return_sequences : bool
        Whether to return the outputs of all steps instead of the last output only.
    """

    cell: str
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    reset_after: bool = True
    return_sequences: bool = False


def run(
    spec: KernelSpec,
    projected: Tensor,
    states: Sequence[Tensor],
    recurrent_kernel: Tensor,
    recurrent_bias: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    dropout: Tensor | None = None,
    compiled: bool = False,
    differentiable: bool = True,
) -> tuple[Tensor, list[Tensor]]:
    """Run a recurrence over a sequence.

    Parameters
    ----------
    spec : KernelSpec
        The recurrence.
    projected : tensor of shape (T, n, G * H)
        ``x @ kernel + bias`` of all steps.
    states : sequence of tensors of shape (n, H)
        Initial states: the hidden state and, for the LSTM, the cell state.
    recurrent_kernel : tensor of shape (H, G * H)
        The weights of the hidden state.
    recurrent_bias : tensor of shape (G * H,), optional
        The second bias of a GRU with `reset_after`.
    mask : tensor of shape (T, n), bool, optional
        False where a step leaves the states unchanged. With `compiled`, the loop skips steps at either end that are
        masked in all rows.
    dropout : tensor of shape (G, n, H), optional
        The dropout factors of the hidden state, for each gate.
    compiled : bool
        Whether to compile the loops. All shapes must then be static.
    differentiable : bool
        Whether gradients will be needed. If not, most residuals are not stored.

    Returns
    -------
    output : tensor of shape (T, n, H), or (n, H) without `return_sequences`
        The hidden states after all steps, or after the last one.
    states : list of tensors of shape (n, H)
        The states after the last step.
    """
    forward, backward = _loops(spec, compiled)
    n_states = len(states)
    options = (None if mask is None else mask[:, :, None], *_used_steps(projected, mask if compiled else None), dropout)
    has_bias = recurrent_bias is not None

    @tf.custom_gradient
    def with_gradient(
        projected: Tensor, recurrent_kernel: Tensor, *rest: Tensor
    ) -> tuple[tuple[Tensor, ...], Callable[..., tuple[Tensor, ...]]]:
        bias, states = (rest[0], rest[1:]) if has_bias else (None, rest)
        last, residuals = forward(projected, states, recurrent_kernel, bias, *options, True)
        outputs = (residuals[0], *last) if spec.return_sequences else last

        def gradient(*d_outputs: Tensor) -> tuple[Tensor, ...]:
            d_sequence, d_last = (d_outputs[0], d_outputs[1:]) if spec.return_sequences else (None, d_outputs)
            d_projected, d_kernel, d_bias, d_states = backward(
                d_sequence, d_last, residuals, states, recurrent_kernel, *options
            )
            return (d_projected, d_kernel, *([d_bias] if has_bias else []), *d_states)

        return tuple(outputs), gradient

    if differentiable:
        outputs = with_gradient(projected, recurrent_kernel, *([recurrent_bias] if has_bias else []), *states)
        output, last = outputs[0], list(outputs[-n_states:])
    else:
        last, residuals = forward(projected, states, recurrent_kernel, recurrent_bias, *options, False)
        output = residuals[0] if spec.return_sequences else last[0]
    if spec.return_sequences and mask is not None:  # repeat the output of the last step that is not masked
        steps = tf.range(tf.shape(projected)[0])[:, None, None]
        output = tf.where(steps < options[2], output, last[0])
    return output, last


def _used_steps(projected: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the range of steps that are not masked in all rows: the first index, and the last index plus one."""
    n_steps = tf.shape(projected)[0]
    if mask is None:
        return tf.constant(0), n_steps
    used = tf.reduce_any(mask, 1)
    steps = tf.range(n_steps)
    first = tf.reduce_min(tf.where(used, steps, n_steps))
    return first, tf.reduce_max(tf.where(used, steps + 1, first))


@cache
def _loops(spec: KernelSpec, compiled: bool) -> tuple[Callable, Callable]:
    forward, backward = partial(_forward, spec), partial(_backward, spec)
    if not compiled:
        return forward, backward
    jit = partial(tf.function, jit_compile=True, autograph=False)
    return jit(forward), jit(backward)


def clear() -> None:
    """Free the compiled loops."""
    _loops.cache_clear()


# The two loops


def _forward(
    spec: KernelSpec,
    projected: Tensor,
    states: Sequence[Tensor],
    recurrent_kernel: Tensor,
    recurrent_bias: Tensor | None,
    mask: Tensor | None,
    first: Tensor,
    stop: Tensor,
    dropout: Tensor | None,
    keep_residuals: bool,
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the last states, and the residuals for the backward loop: ``(T, n, H)`` each, starting with the output."""
    step = _STEPS[spec.cell](spec)
    n_residuals = step.n_residuals if keep_residuals else int(spec.return_sequences)
    product = _Product(recurrent_kernel, dropout, recurrent_bias)

    def body(t: Tensor, states: list[Tensor], residuals: list[tf.TensorArray]) -> tuple:
        new, gates = step.forward(projected[t], states, product)
        if mask is not None:
            new = [tf.where(mask[t], now, before) for now, before in zip(new, states, strict=True)]
        return (
            t + 1,
            list(new),
            [array.write(t, value) for array, value in zip(residuals, [*new, *gates], strict=False)],
        )

    residuals = _arrays(projected, [recurrent_kernel.shape[0]] * n_residuals)
    loop = (first, list(states), residuals)
    _, last, residuals = tf.while_loop(lambda t, *_: t < stop, body, loop, maximum_iterations=projected.shape[0])
    return last, [array.stack() for array in residuals]


def _backward(
    spec: KernelSpec,
    d_sequence: Tensor | None,
    d_last: Sequence[Tensor],
    residuals: Sequence[Tensor],
    initial: Sequence[Tensor],
    recurrent_kernel: Tensor,
    mask: Tensor | None,
    first: Tensor,
    stop: Tensor,
    dropout: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """Return the gradients of the projected inputs, the recurrent kernel and bias, and the initial states."""
    step = _STEPS[spec.cell](spec)
    product = _Product(recurrent_kernel, dropout)
    before = [tf.concat([start[None], states[:-1]], 0) for start, states in zip(initial, residuals, strict=False)]
    if mask is not None:
        steps = tf.range(tf.shape(residuals[0])[0])[:, None, None]
        before = [tf.where(steps <= first, start, states) for start, states in zip(initial, before, strict=True)]
    gates = residuals[len(before) :] or residuals

    def body(t: Tensor, d_states: list[Tensor], d_projected: tf.TensorArray) -> tuple:
        if d_sequence is not None:
            d_states = [d_states[0] + d_sequence[t], *d_states[1:]]
        counted = d_states
        if mask is not None:
            counted = [tf.where(mask[t], d, tf.zeros_like(d)) for d in d_states]
        d_before, d_gates = step.backward(
            [states[t] for states in before], [gate[t] for gate in gates], counted, product
        )
        if mask is not None:
            d_before = [d + (every - some) for d, every, some in zip(d_before, d_states, counted, strict=True)]
        return t - 1, d_before, d_projected.write(t, d_gates)

    (d_projected,) = _arrays(residuals[0], [recurrent_kernel.shape[1]])
    loop = (stop - 1, list(d_last), d_projected)
    _, d_initial, d_projected = tf.while_loop(
        lambda t, *_: t >= first, body, loop, maximum_iterations=residuals[0].shape[0]
    )
    d_projected = d_projected.stack()
    return d_projected, *step.weight_gradients(before[0], gates, d_projected, product), d_initial


def _arrays(like: Tensor, widths: Sequence[int]) -> list[tf.TensorArray]:
    """Return a TensorArray with elements of shape ``(n, width)`` for each width."""
    n_steps = tf.shape(like)[0] if like.shape[0] is None else like.shape[0]
    return [tf.TensorArray(like.dtype, n_steps, element_shape=(like.shape[1], width)) for width in widths]


class _Product:
    """The product of a hidden state with the recurrent kernel, its gradients, and recurrent dropout.

    Without dropout, all gates share one product. With dropout, the hidden state differs between gates.
    """

    def __init__(self, kernel: Tensor, dropout: Tensor | None, bias: Tensor | None = None):
        self._units, self._width = kernel.shape
        self._kernel = kernel
        self._transposed = tf.transpose(kernel)
        self._dropout = dropout
        self._bias = bias

    def __call__(self, h: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """Return ``h @ kernel + bias`` for the gates from `first` up to `last`, ``(n, gates * H)``."""
        columns = self._columns(first, last)
        if self._dropout is None:
            product = h @ self._kernel[:, columns]
        else:
            gates = range(columns.start // self._units, columns.stop // self._units)
            product = tf.concat([(h * self._dropout[g]) @ self._kernel[:, self._columns(g, g + 1)] for g in gates], 1)
        return product if self._bias is None else product + self._bias[columns]

    def back(self, d: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """Return the gradient of `h`, ``(n, H)``, from the gradient of the product."""
        columns = self._columns(first, last)
        if self._dropout is None:
            return d @ self._transposed[columns]
        gates = range(columns.start // self._units, columns.stop // self._units)
        parts = zip(gates, tf.split(d, len(gates), 1), strict=True)
        return tf.add_n([(part @ self._transposed[self._columns(g, g + 1)]) * self._dropout[g] for g, part in parts])

    def gradients(self, parts: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Return the gradients of the kernel and bias.

        Each part contains the left factors of products, ``(T, n, H)``, and the gradients of these products,
        ``(T, n, gates * H)``. The parts together contain all gates in order.
        """
        if self._dropout is not None:
            every_gate = [(h, d) for h, gates in parts for d in tf.split(gates, gates.shape[-1] // self._units, 2)]
            parts = [(h * self._dropout[gate], d) for gate, (h, d) in enumerate(every_gate)]
        d_kernels = [_contract(h, d) for h, d in parts]
        return tf.concat(d_kernels, 1), tf.concat([tf.reduce_sum(d, [0, 1]) for _, d in parts], 0)

    def _columns(self, first: int, last: int | None) -> slice:
        return slice(first * self._units, self._width if last is None else last * self._units)


def _contract(a: Tensor, b: Tensor) -> Tensor:
    """Return the sum over steps and rows of ``a.T @ b``."""
    return tf.matmul(tf.reshape(a, [-1, a.shape[-1]]), tf.reshape(b, [-1, b.shape[-1]]), transpose_a=True)


# The equations


class _Step:
    """One step of a recurrence and its gradient."""

    n_residuals: int  # number of values that a step stores per unit for the backward loop: first states, then gates

    def __init__(self, spec: KernelSpec):
        self.act, self.d_act = SUPPORTED_ACTIVATIONS[spec.activation]
        self.gate, self.d_gate = SUPPORTED_ACTIVATIONS[spec.recurrent_activation]

    @abstractmethod
    def forward(self, x: Tensor, states: Sequence[Tensor], product: _Product) -> tuple[list[Tensor], list[Tensor]]:
        """Return the new states and the gates, given the projected input ``(n, G * H)`` and the previous states."""

    @abstractmethod
    def backward(
        self, before: Sequence[Tensor], gates: Sequence[Tensor], d_states: Sequence[Tensor], product: _Product
    ) -> tuple[list[Tensor], Tensor]:
        """Return the gradients of the previous states and of the projected input, given those of the new states."""

    def weight_gradients(
        self, before: Tensor, gates: Sequence[Tensor], d: Tensor, product: _Product
    ) -> tuple[Tensor, Tensor]:
        """Return the gradients of the recurrent kernel and bias, given the gradients `d` of all projected inputs."""
        return product.gradients([(before, d)])


class _SimpleRNNStep(_Step):
    n_residuals = 1

    def forward(self, x: Tensor, states: Sequence[Tensor], product: _Product) -> tuple[list[Tensor], list[Tensor]]:
        h = self.act(x + product(states[0]))
        return [h], []

    def backward(
        self, before: Sequence[Tensor], gates: Sequence[Tensor], d_states: Sequence[Tensor], product: _Product
    ) -> tuple[list[Tensor], Tensor]:
        d = self.d_act(gates[0], d_states[0])
        return [product.back(d)], d


class _LSTMStep(_Step):
    n_residuals = 7

    def forward(self, x: Tensor, states: Sequence[Tensor], product: _Product) -> tuple[list[Tensor], list[Tensor]]:
        i, f, g, o = tf.split(x + product(states[0]), 4, 1)
        i, f, g, o = self.gate(i), self.gate(f), self.act(g), self.gate(o)
        c = f * states[1] + i * g
        a = self.act(c)
        return [o * a, c], [i, f, g, o, a]

    def backward(
        self, before: Sequence[Tensor], gates: Sequence[Tensor], d_states: Sequence[Tensor], product: _Product
    ) -> tuple[list[Tensor], Tensor]:
        i, f, g, o, a = gates
        dh, dc = d_states
        dc = dc + self.d_act(a, dh * o)
        d = tf.concat(
            [self.d_gate(i, dc * g), self.d_gate(f, dc * before[1]), self.d_act(g, dc * i), self.d_gate(o, dh * a)], 1
        )
        return [product.back(d), dc * f], d


class _GRUStep(_Step):
    """The GRU with the reset gate after the product."""

    n_residuals = 5

    def forward(self, x: Tensor, states: Sequence[Tensor], product: _Product) -> tuple[list[Tensor], list[Tensor]]:
        h = states[0]
        (xz, xr, xn), (hz, hr, hn) = tf.split(x, 3, 1), tf.split(product(h), 3, 1)
        z, r = self.gate(xz + hz), self.gate(xr + hr)
        n = self.act(xn + r * hn)
        return [n + z * (h - n)], [z, r, n, hn]

    def backward(
        self, before: Sequence[Tensor], gates: Sequence[Tensor], d_states: Sequence[Tensor], product: _Product
    ) -> tuple[list[Tensor], Tensor]:
        z, r, n, hn = gates
        dh = d_states[0]
        dz, dn = self.d_gate(z, dh * (before[0] - n)), self.d_act(n, dh * (1 - z))
        dr = self.d_gate(r, dn * hn)
        return [dh * z + product.back(tf.concat([dz, dr, dn * r], 1))], tf.concat([dz, dr, dn], 1)

    def weight_gradients(
        self, before: Tensor, gates: Sequence[Tensor], d: Tensor, product: _Product
    ) -> tuple[Tensor, Tensor]:
        d_gates, d_new = tf.split(d, [2 * before.shape[-1], before.shape[-1]], 2)
        return product.gradients([(before, d_gates), (before, d_new * gates[1])])


class _GRUResetBeforeStep(_Step):
    """The GRU with the reset gate before the product."""

    n_residuals = 4

    def forward(self, x: Tensor, states: Sequence[Tensor], product: _Product) -> tuple[list[Tensor], list[Tensor]]:
        h = states[0]
        xz, xr, xn = tf.split(x, 3, 1)
        hz, hr = tf.split(product(h, 0, 2), 2, 1)
        z, r = self.gate(xz + hz), self.gate(xr + hr)
        n = self.act(xn + product(r * h, 2, 3))
        return [n + z * (h - n)], [z, r, n]

    def backward(
        self, before: Sequence[Tensor], gates: Sequence[Tensor], d_states: Sequence[Tensor], product: _Product
    ) -> tuple[list[Tensor], Tensor]:
        (z, r, n), h, dh = gates, before[0], d_states[0]
        dz, dn = self.d_gate(z, dh * (h - n)), self.d_act(n, dh * (1 - z))
        d_reset = product.back(dn, 2, 3)  # the gradient of r * h
        dr = self.d_gate(r, d_reset * h)
        d_before = dh * z + d_reset * r + product.back(tf.concat([dz, dr], 1), 0, 2)
        return [d_before], tf.concat([dz, dr, dn], 1)

    def weight_gradients(
        self, before: Tensor, gates: Sequence[Tensor], d: Tensor, product: _Product
    ) -> tuple[Tensor, Tensor]:
        d_gates, d_new = tf.split(d, [2 * before.shape[-1], before.shape[-1]], 2)
        return product.gradients([(before, d_gates), (before * gates[1], d_new)])


def _gru(spec: KernelSpec) -> _Step:
    return (_GRUStep if spec.reset_after else _GRUResetBeforeStep)(spec)


_STEPS: dict[str, Callable[[KernelSpec], _Step]] = {"simple_rnn": _SimpleRNNStep, "lstm": _LSTMStep, "gru": _gru}
