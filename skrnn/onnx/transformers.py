"""The transformers of skrnn as ONNX nodes; `skrnn.onnx.tables` has those of scikit-learn.

Shapes: ``n`` sequences of ``T`` steps with ``D`` features. Values are float32 between transformers, and float64 within.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from skrnn.onnx.flow import Flow, check_lengths, check_numbers, mask_of, read_padding, without_padding_value
from skrnn.onnx.graph import DOUBLE, FLOAT, INT64, Graph
from skrnn.onnx.tables import add_table, is_table, refuse
from skrnn.preprocessing import (
    ImageToSequence,
    PatchSequence,
    SequenceDifference,
    SequenceImputer,
    SequencePadder,
    SequenceScaler,
    TabularToSequence,
    TimeDistributed,
)


def add_transformer(graph: Graph, transformer: Any, flow: Flow) -> Flow:
    """Add a transformer to a graph.

    Parameters
    ----------
    graph : Graph
    transformer : transformer
        Fitted.
    flow : Flow
        What comes from the transformers before.

    Returns
    -------
    flow : Flow

    Raises
    ------
    TypeError
        If there is no form of it in ONNX.
    """
    if type(transformer) in _TRANSFORMERS:
        return _TRANSFORMERS[type(transformer)](graph, transformer, flow)
    if flow.kind != "table":
        raise refuse(transformer)
    return Flow("table", add_table(graph, transformer, flow.values))


def input_of(transformer: Any) -> tuple[str, list[Any], Any]:
    """Return what a transformer that comes first reads: the kind of flow, its shape without n, and the NumPy type."""
    if type(transformer) is ImageToSequence:
        pixels = transformer.input_dtype_
        return "images", [*transformer.input_shape_], pixels if pixels.kind in "biu" else np.dtype(np.float32)
    if type(transformer) is TabularToSequence or is_table(transformer):
        return "table", [transformer.n_features_in_], np.dtype(np.float32)
    if type(transformer) is SequencePadder and transformer.form_ != "sequences":
        if transformer.form_ == "table":
            return "table", [transformer.n_features_in_], np.dtype(np.float32)
        return "ids", [None], np.dtype(np.int64)
    if type(transformer) in _TRANSFORMERS:
        return "sequences", [None, transformer.n_features_in_], np.dtype(np.float32)
    raise refuse(transformer)


def _images(graph: Graph, reader: ImageToSequence, flow: Flow) -> Flow:
    pixels = flow.values
    if reader.input_dtype_.kind == "f":
        check_numbers(graph, pixels, "X holds NaN or infinity. Fill in missing pixels first.")
    pixels = graph.op("Div", pixels, graph.floats(reader.scale_))
    height, width, *channels = reader.image_shape_
    (rows, columns), n_channels = reader.step_shape_, channels[0] if channels else 1
    down, across = height // rows, width // columns
    parts = graph.op("Reshape", pixels, graph.ints([-1, down, rows, across, columns, n_channels]))
    parts = graph.op("Transpose", parts, perm=[0, 1, 3, 2, 4, 5])
    steps = graph.op("Reshape", parts, graph.ints([-1, down * across, rows * columns * n_channels]))
    if np.dtype(reader.dtype) == np.float16:
        steps = graph.cast(graph.cast(steps, 10), FLOAT)
    return Flow("sequences", steps)


def _tabular(graph: Graph, reader: TabularToSequence, flow: Flow) -> Flow:
    return read_padding(graph, graph.op("Gather", flow.values, graph.ints(reader.columns_), axis=1))


def _padder(graph: Graph, padder: SequencePadder, flow: Flow) -> Flow:
    n_steps = padder.max_length_
    if padder.form_ == "table":
        check_numbers(graph, flow.values, "X holds NaN or infinity. Fill in missing values first.")
        values = graph.unsqueeze(flow.values, 2)
        excess = padder.n_features_in_ - n_steps
        if excess <= 0:
            return Flow("sequences", values)
        start = excess if padder.truncating == "pre" else 0
        bounds = graph.ints([start]), graph.ints([start + n_steps]), graph.ints([1])
        return Flow("sequences", graph.op("Slice", values, *bounds))
    if padder.form_ == "token_ids":
        return _pad_ids(graph, padder, flow.values)
    check_numbers(graph, without_padding_value(graph, flow, 0.0), "X holds infinity, or NaN between steps.")
    return _last_or_first(graph, flow, n_steps, padder.truncating)


def _last_or_first(graph: Graph, flow: Flow, n_steps: int, truncating: str) -> Flow:
    """Keep at most `n_steps` steps of each sequence: the last ones with "pre", the first ones with "post"."""
    most = graph.ints([n_steps])
    size = graph.size(flow.values, 1)
    lengths = flow.lengths or graph.op("Expand", size, graph.size(flow.values, 0))
    kept = graph.op("Min", lengths, most)
    values = flow.values
    if truncating == "pre":
        first = graph.unsqueeze(graph.op("Sub", lengths, kept), 1)
        steps = graph.op("Add", graph.arange(size), first)
        values = graph.take_steps(values, graph.op("Min", steps, graph.op("Sub", size, graph.ints([1]))))
    values = graph.op("Slice", values, graph.ints([0]), most, graph.ints([1]))
    return Flow("sequences", values, kept)


def _pad_ids(graph: Graph, padder: SequencePadder, ids: str) -> Flow:
    # an array has no padding yet: what is fewer or more are the columns
    size, most = graph.size(ids, 1), graph.ints([padder.max_length_])
    zero, axis = graph.ints([0]), graph.ints([1])
    graph.refuse(graph.any(graph.op("Less", ids, graph.ints(0))), "Token ids must be 0 or greater.")
    if padder.truncating == "pre":
        ids = graph.op("Slice", ids, graph.op("Neg", most), graph.ints([np.iinfo(np.int64).max]), axis)
    else:
        ids = graph.op("Slice", ids, zero, most, axis)
    fill = graph.op("Max", graph.op("Sub", most, size), zero)
    around = [zero, fill, zero, zero] if padder.padding == "pre" else [zero, zero, zero, fill]
    return Flow("ids", graph.op("Pad", ids, graph.op("Concat", *around, axis=0), graph.ints(0)))


def _time_distributed(graph: Graph, outer: TimeDistributed, flow: Flow) -> Flow:
    values = add_table(graph, outer.transformer_, flow.values)
    if flow.lengths is None:
        return Flow("sequences", values)
    # a step of which all known features were dropped is padding from now on
    return read_padding(graph, without_padding_value(graph, Flow("sequences", values, flow.lengths), np.nan))


def _scaler(graph: Graph, scaler: SequenceScaler, flow: Flow) -> Flow:
    x = graph.cast(flow.values, DOUBLE)
    is_known = _is_known(graph, flow)
    number = lambda value: graph.constant(value, np.float64)  # noqa: E731

    def reduce(kind: str, values: str, neutral: float) -> str:
        return graph.reduce(kind, graph.op("Where", is_known, values, number(neutral)), [1], keepdims=True)

    low, high = reduce("Min", x, np.inf), reduce("Max", x, -np.inf)
    n_known = graph.op("Max", graph.reduce("Sum", graph.cast(is_known, DOUBLE), [1], keepdims=True), number(1.0))
    center = low if scaler.method == "minmax" else graph.op("Div", reduce("Sum", x, 0.0), n_known)
    centered = graph.op("Sub", x, center)
    if scaler.method == "standard":
        squares = reduce("Sum", graph.op("Mul", centered, centered), 0.0)
        scale = graph.op("Sqrt", graph.op("Div", squares, n_known))
    else:
        scale = graph.op("Sub", high, low) if scaler.method == "minmax" else number(1.0)
    # what differs by rounding alone is constant, and becomes 0
    largest = graph.op("Max", graph.op("Abs", low), graph.op("Abs", high))
    rounding = graph.op("Mul", largest, number(4 * np.finfo(np.float32).eps))
    varies = graph.op("Greater", graph.op("Sub", high, low), rounding)
    scaled = graph.op("Div", centered, graph.op("Where", varies, scale, number(np.inf)))
    return Flow("sequences", graph.cast(scaled, FLOAT), flow.lengths)


def _is_known(graph: Graph, flow: Flow) -> str:
    """Return which values (n, T, D) are neither missing nor padding."""
    is_known = graph.op("Not", graph.op("IsNaN", flow.values))
    if flow.lengths is None:
        return is_known
    return graph.op("And", is_known, graph.unsqueeze(mask_of(graph, flow), 2))


def _imputer(graph: Graph, imputer: SequenceImputer, flow: Flow) -> Flow:
    is_known = _is_known(graph, flow)
    counts = graph.cast(is_known, INT64)
    # the first places of `known` are the known steps of a sequence, in their order
    n_before = graph.op("CumSum", counts, graph.ints(1))
    n_known = graph.reduce("Sum", counts, [1], keepdims=True)
    n_steps = graph.size(flow.values, 1)
    place = graph.op("Reshape", graph.arange(n_steps), graph.ints([1, -1, 1]))
    order = graph.op("Where", is_known, place, graph.op("Add", place, n_steps))
    _, known = graph.ops("TopK", 2, order, n_steps, axis=1, largest=0, sorted=1)
    take = lambda values, steps: graph.op("GatherElements", values, steps, axis=1)  # noqa: E731

    before = take(known, graph.op("Max", graph.op("Sub", n_before, graph.ints(1)), graph.ints(0)))
    has_before = graph.op("Greater", n_before, graph.ints(0))
    statistics = graph.constant(imputer.statistics_, np.float64)
    x = graph.cast(flow.values, DOUBLE)
    value_before = take(x, before)
    new = graph.op("Where", has_before, value_before, statistics)
    if imputer.method == "linear":
        last = graph.op("Sub", n_steps, graph.ints([1]))
        after = take(known, graph.op("Min", n_before, last))
        has_after = graph.op("Less", n_before, n_known)
        value_after = take(x, after)
        distance = graph.op("Max", graph.op("Sub", after, before), graph.ints(1))
        passed = graph.op("Sub", place, before)
        weight = graph.op("Div", graph.cast(passed, DOUBLE), graph.cast(distance, DOUBLE))
        slope = graph.op("Mul", weight, graph.op("Sub", value_after, value_before))
        between = graph.op("Add", value_before, slope)
        otherwise = graph.op("Where", has_after, value_after, statistics)
        new = graph.op("Where", has_before, graph.op("Where", has_after, between, value_before), otherwise)
    filled = graph.op("Where", is_known, flow.values, graph.cast(new, FLOAT))
    if len(imputer.indicator_features_):
        missing = graph.cast(graph.op("Not", is_known), FLOAT)
        shown = graph.op("Gather", missing, graph.ints(imputer.indicator_features_), axis=2)
        filled = graph.op("Concat", filled, shown, axis=2)
    return Flow("sequences", filled, flow.lengths)


def _difference(graph: Graph, difference: SequenceDifference, flow: Flow) -> Flow:
    check_numbers(graph, without_padding_value(graph, flow, 0.0), "X holds infinity, or NaN between steps.")
    order = difference.order
    lengths = flow.lengths or graph.size(flow.values, 1)
    message = f"A sequence of X has fewer than {order + 1} steps, but SequenceDifference has order={order}."
    check_lengths(graph, lengths, order + 1, message, allow_empty=flow.lengths is not None)
    x = flow.values
    axis, end = graph.ints([1]), graph.ints([np.iinfo(np.int64).max])
    for _ in range(order):
        later = graph.op("Slice", x, graph.ints([1]), end, axis)
        x = graph.op("Sub", later, graph.op("Slice", x, graph.ints([0]), graph.ints([-1]), axis))
    shorter = flow.lengths and graph.op("Max", graph.op("Sub", flow.lengths, graph.ints([order])), graph.ints([0]))
    return Flow("sequences", x, shorter)


def _patches(graph: Graph, patcher: PatchSequence, flow: Flow) -> Flow:
    length = patcher.patch_length
    stride = length if patcher.stride is None else patcher.stride

    def count(n_steps: str) -> str:
        more = graph.op("Max", graph.op("Sub", n_steps, graph.ints([length])), graph.ints([0]))
        rounded_up = graph.op("Div", graph.op("Add", more, graph.ints([stride - 1])), graph.ints([stride]))
        return graph.op(
            "Where",
            graph.op("Greater", n_steps, graph.ints([0])),
            graph.op("Add", rounded_up, graph.ints([1])),
            graph.ints([0]),
        )

    size = graph.size(flow.values, 1)
    first = graph.op("Mul", graph.unsqueeze(graph.arange(count(size)), 1), graph.ints(stride))
    steps = graph.unsqueeze(
        graph.op("Reshape", graph.op("Add", first, graph.ints(np.arange(length))), graph.ints([-1])), 0
    )
    lengths = flow.lengths or graph.op("Expand", size, graph.size(flow.values, 0))
    last = graph.op("Max", graph.op("Sub", graph.unsqueeze(lengths, 1), graph.ints(1)), graph.ints(0))
    taken = graph.take_steps(flow.values, graph.op("Min", steps, last))
    shape = graph.op("Concat", graph.ints([0]), count(size), graph.ints([length * patcher.n_features_in_]), axis=0)
    return Flow("sequences", graph.op("Reshape", taken, shape), flow.lengths and count(flow.lengths))


_TRANSFORMERS: dict[type, Callable[[Graph, Any, Flow], Flow]] = {
    ImageToSequence: _images,
    PatchSequence: _patches,
    SequenceDifference: _difference,
    SequenceImputer: _imputer,
    SequencePadder: _padder,
    SequenceScaler: _scaler,
    TabularToSequence: _tabular,
    TimeDistributed: _time_distributed,
}
