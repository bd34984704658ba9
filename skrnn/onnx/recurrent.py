"""One recurrent layer: ONNX' own operators RNN, GRU and LSTM, or `Scan` for activations that these do not know.

Shapes: ``n`` sequences of ``T`` steps with ``D`` features, ``H`` units in each direction. Here time comes first.
"""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto, helper

from skrnn.network.spec import NetworkSpec
from skrnn.onnx.activations import ACTIVATIONS, RECURRENT
from skrnn.onnx.graph import FLOAT, INT32, Graph

Array = np.ndarray
_OPERATORS = {"simple_rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}


def recurrent_layer(
    graph: Graph, spec: NetworkSpec, x: str, lengths: str | None, weights: Sequence[Sequence[Array]]
) -> tuple[str, str]:
    """Add one recurrent layer.

    Parameters
    ----------
    graph : Graph
    spec : NetworkSpec
    x : str
        Inputs of shape (T, n, D), float32.
    lengths : str or None
        The number of steps of each sequence, at least 1, of shape (n,), int64. None if no step is padding.
    weights : sequence of (kernel, recurrent_kernel, bias)
        One for each direction, in the order of Keras.

    Returns
    -------
    outputs : str
        The outputs after all steps, of shape (T, n, H) or (T, n, 2 * H). Those of padding have any value.
    last : str
        The outputs after the last steps that are not padding, of shape (n, H) or (n, 2 * H).
    """
    functions = [spec.activation]
    if spec.cell != "simple_rnn":  # of the gates, of the new values, and for the LSTM of its output
        functions = [spec.recurrent_activation, *functions * (2 if spec.cell == "lstm" else 1)]
    if {*functions} <= RECURRENT.keys():
        return _operator(graph, spec.cell, functions, x, lengths, weights)
    directions = [
        _scan(graph, spec, x, lengths, *arrays, backward=bool(number)) for number, arrays in enumerate(weights)
    ]
    if len(directions) == 1:
        return directions[0]
    outputs, last = (graph.op("Concat", *parts, axis=-1) for parts in zip(*directions, strict=True))
    return outputs, last


def _operator(
    graph: Graph,
    cell: str,
    activations: list[str],
    x: str,
    lengths: str | None,
    weights: Sequence[Sequence[Array]],
) -> tuple[str, str]:
    n_units = len(weights[0][1])
    kernels = np.stack([_gates_of_onnx(cell, kernel).T for kernel, _, _ in weights])
    recurrent_kernels = np.stack([_gates_of_onnx(cell, kernel).T for _, kernel, _ in weights])
    # GRUs of Keras have a second bias, inside of the product with the reset gate
    biases = [bias if cell == "gru" else np.stack([bias, np.zeros_like(bias)]) for _, _, bias in weights]
    chosen = [RECURRENT[name] for name in activations] * len(weights)
    attributes = {
        "hidden_size": n_units,
        "direction": "bidirectional" if len(weights) == 2 else "forward",
        "activations": [name for name, _, _ in chosen],
        "activation_alpha": [alpha for _, alpha, _ in chosen if alpha is not None],
        "activation_beta": [beta for _, _, beta in chosen if beta is not None],
    }
    if cell == "gru":
        attributes["linear_before_reset"] = 1
    outputs, last = graph.ops(
        _OPERATORS[cell],
        2,
        x,
        graph.floats(kernels),
        graph.floats(recurrent_kernels),
        graph.floats([_gates_of_onnx(cell, bias).ravel() for bias in biases]),
        "" if lengths is None else graph.cast(lengths, INT32),
        **{name: value for name, value in attributes.items() if value != []},
    )
    if len(weights) == 1:
        axis = graph.ints([1])
        return graph.op("Squeeze", outputs, axis), graph.op("Squeeze", last, graph.ints([0]))
    outputs = graph.op("Transpose", outputs, perm=[0, 2, 1, 3])
    last = graph.op("Transpose", last, perm=[1, 0, 2])
    return (
        graph.op("Reshape", outputs, graph.ints([0, 0, 2 * n_units])),
        graph.op("Reshape", last, graph.ints([0, 2 * n_units])),
    )


def _gates_of_onnx(cell: str, columns: Array) -> Array:
    """Put the gates of Keras' LSTM (input, forget, cell, output) into ONNX' order; those of the GRU agree."""
    if cell != "lstm":
        return columns
    i, f, c, o = np.split(columns, 4, axis=-1)
    return np.concatenate([i, o, f, c], axis=-1)


def _scan(
    graph: Graph,
    spec: NetworkSpec,
    x: str,
    lengths: str | None,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array,
    *,
    backward: bool,
) -> tuple[str, str]:
    n_units, n_states = len(recurrent_kernel), 2 if spec.cell == "lstm" else 1
    input_bias, recurrent_bias = bias if spec.cell == "gru" else (bias, None)
    projected = graph.op("Add", graph.op("MatMul", x, graph.floats(kernel)), graph.floats(input_bias))

    body = Graph(prefix=graph.new_name("step"))
    before = [body.new_name("state") for _ in range(n_states)]
    step_input, is_step = body.new_name("input"), body.new_name("is_step")
    product = body.op("MatMul", before[0], body.floats(recurrent_kernel))
    if recurrent_bias is not None:
        product = body.op("Add", product, body.floats(recurrent_bias))
    new = _STEPS[spec.cell](body, spec, step_input, product, before)
    scanned, inputs = [projected], [_value(step_input, FLOAT, kernel.shape[1])]
    if lengths is not None:
        new = [body.op("Where", is_step, now, then) for now, then in zip(new, before, strict=True)]
        inputs.append(_value(is_step, TensorProto.BOOL, 1))
        place = graph.op("Reshape", graph.arange(graph.size(x, 0)), graph.ints([-1, 1, 1]))
        scanned.append(graph.op("Less", place, graph.op("Reshape", lengths, graph.ints([1, -1, 1]))))
    # a state and an output of the body may not share a name
    new = [body.op("Identity", name) for name in new]
    output = body.op("Identity", new[0])
    states = helper.make_graph(
        body.nodes,
        body.new_name("body"),
        [*(_value(name, FLOAT, n_units) for name in before), *inputs],
        [_value(name, FLOAT, n_units) for name in [*new, output]],
        [*body.constants.values()],
    )
    zeros = graph.op("Expand", graph.floats(0.0), graph.op("Concat", graph.size(x, 1), graph.ints([n_units]), axis=0))
    last, *_, outputs = graph.ops(
        "Scan",
        n_states + 1,
        *[zeros] * n_states,
        *scanned,
        body=states,
        num_scan_inputs=len(scanned),
        scan_input_directions=[int(backward)] * len(scanned),
        scan_output_directions=[int(backward)],
    )
    return outputs, last


def _value(name: str, dtype: int, width: int):
    return helper.make_tensor_value_info(name, dtype, [None, width])


def _simple_rnn_step(body: Graph, spec: NetworkSpec, x: str, product: str, state: list[str]) -> list[str]:
    return [ACTIVATIONS[spec.activation](body, body.op("Add", x, product))]


def _lstm_step(body: Graph, spec: NetworkSpec, x: str, product: str, state: list[str]) -> list[str]:
    act, gate = ACTIVATIONS[spec.activation], ACTIVATIONS[spec.recurrent_activation]
    i, f, c, o = body.ops("Split", 4, body.op("Add", x, product), axis=1, num_outputs=4)
    kept = body.op("Mul", gate(body, f), state[1])
    cell = body.op("Add", kept, body.op("Mul", gate(body, i), act(body, c)))
    return [body.op("Mul", gate(body, o), act(body, cell)), cell]


def _gru_step(body: Graph, spec: NetworkSpec, x: str, product: str, state: list[str]) -> list[str]:
    act, gate = ACTIVATIONS[spec.activation], ACTIVATIONS[spec.recurrent_activation]
    z, r, n = body.ops("Split", 3, x, axis=1, num_outputs=3)
    z_product, r_product, n_product = body.ops("Split", 3, product, axis=1, num_outputs=3)
    update, reset = (gate(body, body.op("Add", *pair)) for pair in ((z, z_product), (r, r_product)))
    new = act(body, body.op("Add", n, body.op("Mul", reset, n_product)))
    return [body.op("Add", new, body.op("Mul", update, body.op("Sub", state[0], new)))]


_STEPS = {"simple_rnn": _simple_rnn_step, "lstm": _lstm_step, "gru": _gru_step}
