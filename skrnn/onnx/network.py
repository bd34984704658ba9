"""The forward pass as an ONNX graph: what `skrnn.network.reference` computes in NumPy.

Shapes: ``n`` sequences of ``T`` steps with ``D`` features, ``H`` outputs of the last recurrent layer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skrnn.network.outputs import OneLogit, Softmax
from skrnn.network.reference import BATCH_NORMALIZATION_EPSILON, N_WEIGHTS
from skrnn.network.spec import NetworkSpec
from skrnn.onnx.activations import ACTIVATIONS
from skrnn.onnx.flow import Flow, check_lengths, check_numbers, drop_steps, mask_of, without_padding_value
from skrnn.onnx.graph import FLOAT, INT64, Graph
from skrnn.onnx.recurrent import recurrent_layer

Array = np.ndarray


def logits_of(graph: Graph, form: Any, spec: NetworkSpec, weights: Sequence[Array], flow: Flow) -> str:
    """Add the network to a graph.

    Parameters
    ----------
    graph : Graph
    form : InputForm
        How the classifier read X.
    spec : NetworkSpec
    weights : sequence of ndarray
        The weights in the order of ``keras.Model.weights``.
    flow : Flow
        X, or what the transformers made of it.

    Returns
    -------
    logits : str
        Of shape (n, spec.output.width), float32.
    """
    rest = [*weights]

    def take(kind: str) -> list[Array]:
        taken, rest[:] = rest[: N_WEIGHTS[kind]], rest[N_WEIGHTS[kind] :]
        return taken

    x, lengths = _embedded(graph, form, flow, *take("embedding")) if spec.reads_ids else _numbers(graph, form, flow)
    mask = None if lengths is None else mask_of(graph, Flow("sequences", x, lengths))
    if spec.static_features:
        static = _static(graph, spec, x, mask)
        x = graph.op("Gather", x, graph.ints(spec.recurrent_features), axis=2)
    # before the recurrent layers, which crash on sequences without steps in older runtimes
    h = graph.op("Transpose", graph.with_checks(x), perm=[1, 0, 2])
    at_least_one = None if lengths is None else graph.op("Max", lengths, graph.ints([1]))
    for _ in spec.units:
        directions = [take("recurrent") for _ in range(1 + spec.bidirectional)]
        h, last = recurrent_layer(graph, spec, h, at_least_one, directions)
    h = last if spec.pooling == "last" else _pool(graph, spec.pooling, h, mask)
    if spec.reads_ids:  # a sequence of padding alone leaves the state at zero
        assert lengths is not None
        is_empty = graph.unsqueeze(graph.op("Equal", lengths, graph.ints(0)), 1)
        h = graph.op("Where", is_empty, graph.floats(0.0), h)
    if spec.static_features:
        h = graph.op("Concat", h, static, axis=1)
    if spec.batch_normalization:
        gamma, beta, mean, variance = (weight.astype(np.float64) for weight in take("batch_normalization"))
        scale = gamma / np.sqrt(variance + BATCH_NORMALIZATION_EPSILON)
        h = graph.op("Add", graph.op("Mul", h, graph.floats(scale)), graph.floats(beta - mean * scale))
    for _ in spec.dense_units:
        h = ACTIVATIONS[spec.dense_activation](graph, _dense(graph, h, *take("dense")))
    return _dense(graph, h, *take("dense"))


def probabilities_of(graph: Graph, spec: NetworkSpec, logits: str) -> str:
    """Add the link: probabilities (n, n_classes) from logits."""
    if isinstance(spec.output, OneLogit):
        both = graph.op("Concat", graph.op("Neg", logits), logits, axis=1)
        return graph.op("Sigmoid", both)
    if isinstance(spec.output, Softmax):
        return graph.op("Softmax", logits, axis=1)
    return graph.op("Sigmoid", logits)


def labels_of(graph: Graph, spec: NetworkSpec, logits: str, classes: Array) -> str:
    """Add the prediction: elements (n,) of `classes`, or zeros and ones (n, n_labels), int64."""
    if spec.output.is_multilabel:
        return graph.cast(graph.op("Greater", logits, graph.floats(0.0)), INT64)
    if isinstance(spec.output, OneLogit):
        is_second = graph.op("Greater", graph.op("Squeeze", logits, graph.ints([1])), graph.floats(0.0))
        place = graph.cast(is_second, INT64)
    else:
        place = graph.op("ArgMax", logits, axis=1, keepdims=0)
    return graph.op("Gather", graph.constant(classes), place)


def _dense(graph: Graph, x: str, kernel: Array, bias: Array) -> str:
    return graph.op("Gemm", x, graph.floats(kernel), graph.floats(bias))


def _numbers(graph: Graph, form: Any, flow: Flow) -> tuple[str, str | None]:
    """Return numbers (n, T, D), with zeros as padding, and the lengths, if there may be padding."""
    if flow.kind == "table":
        check_numbers(graph, flow.values, "X holds NaN or infinity. Fill in missing values first.")
        return graph.unsqueeze(flow.values, 2), None
    values = without_padding_value(graph, flow, 0.0)
    check_numbers(
        graph,
        values,
        "X holds infinity, or NaN between steps. Only whole steps of NaN at either edge of a sequence are padding.",
    )
    if flow.lengths is not None:
        check_lengths(graph, flow.lengths, 1, "A sequence of X has no steps: all of its values are NaN.")
    return values, flow.lengths


def _embedded(graph: Graph, form: Any, flow: Flow, vectors: Array) -> tuple[str, str]:
    """Return the vectors (n, T, D) of token ids, and the lengths."""
    ids = flow.values
    is_step = graph.op("GreaterOrEqual", ids, graph.ints(int(form.mask_zero)))
    is_known = graph.op("Less", ids, graph.ints(len(vectors)))
    if form.vocabulary_is_given:
        unknown = graph.any(graph.op("Not", is_known))
        graph.refuse(unknown, f"Token ids must lie below {len(vectors)}, the size of the vocabulary.")
    is_step = graph.op("And", is_step, is_known)
    ids, lengths = drop_steps(graph, ids, is_step)
    ids = graph.op("Min", graph.op("Max", ids, graph.ints(0)), graph.ints(len(vectors) - 1))
    return graph.op("Gather", graph.floats(vectors), ids), lengths


def _static(graph: Graph, spec: NetworkSpec, x: str, mask: str | None) -> str:
    """Return the static features (n, n_static) of the first steps, and check that the other steps have the same."""
    static = graph.op("Gather", x, graph.ints(spec.static_features), axis=2)
    first = graph.op("Slice", static, graph.ints([0]), graph.ints([1]), graph.ints([1]))
    differs = graph.op("Not", graph.op("Equal", static, first))
    if mask is not None:
        differs = graph.op("And", differs, graph.unsqueeze(mask, 2))
    graph.refuse(graph.any(differs), "A feature in static_features changes within a sequence of X.")
    return graph.op("Squeeze", first, graph.ints([1]))


def _pool(graph: Graph, pooling: str, h: str, mask: str | None) -> str:
    """Pool outputs (T, n, H) over the steps that are not padding."""
    kind = "Sum" if pooling == "mean" else "Max"
    if mask is None:
        return graph.reduce("Mean" if pooling == "mean" else "Max", h, [0])
    is_step = graph.unsqueeze(graph.op("Transpose", mask, perm=[1, 0]), 2)
    neutral = graph.floats(0.0 if pooling == "mean" else -np.inf)
    pooled = graph.reduce(kind, graph.op("Where", is_step, h, neutral), [0])
    if pooling == "max":
        return pooled
    n_steps = graph.reduce("Sum", graph.cast(is_step, FLOAT), [0])
    return graph.op("Div", pooled, graph.op("Max", n_steps, graph.floats(1.0)))
