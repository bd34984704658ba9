"""What flows from one transformer to the next in a graph: a table, sequences or token ids; and the rule of padding.

`skrnn.preprocessing.padding` has the same rule for arrays.
"""

from dataclasses import dataclass
from typing import Literal

from skrnn.onnx.graph import INT32, INT64, Graph


@dataclass(frozen=True)
class Flow:
    """Names of arrays in a graph that together hold X.

    Attributes
    ----------
    kind : {"table", "sequences", "ids"}
    values : str
        Float32 of shape (n, n_columns) or (n, T, D), or int64 of shape (n, T).
    lengths : str or None
        How many of the first steps of each sequence are not padding, of shape (n,), int64. Later steps have any value.
        None if no step is padding, and for token ids, in which each negative id is padding.
    """

    kind: Literal["table", "sequences", "ids"]
    values: str
    lengths: str | None = None


def read_padding(graph: Graph, values: str) -> Flow:
    """Return sequences (n, T, D) without the steps of NaN at their edges."""
    is_step = graph.op("Not", graph.all_on(graph.op("IsNaN", values), 2))
    is_step = graph.cast(is_step, INT32)
    first = graph.op("ArgMax", is_step, axis=1, keepdims=1)
    last = graph.op("ArgMax", is_step, axis=1, keepdims=1, select_last_index=1)
    span = graph.op("Add", graph.op("Sub", last, first), graph.ints(1))
    lengths = graph.op("Mul", span, graph.cast(graph.reduce("Max", is_step, [1], keepdims=True), INT64))
    n_steps = graph.size(values, 1)
    steps = graph.op("Min", graph.op("Add", graph.arange(n_steps), first), graph.op("Sub", n_steps, graph.ints([1])))
    return Flow("sequences", graph.take_steps(values, steps), graph.op("Squeeze", lengths, graph.ints([1])))


def mask_of(graph: Graph, flow: Flow) -> str:
    """Return which of the steps of sequences with lengths are not padding, of shape (n, T)."""
    assert flow.lengths is not None
    return graph.op("Less", graph.arange(graph.size(flow.values, 1)), graph.unsqueeze(flow.lengths, 1))


def without_padding_value(graph: Graph, flow: Flow, value: float) -> str:
    """Return the values of sequences with a value instead of padding."""
    if flow.lengths is None:
        return flow.values
    return graph.op("Where", graph.unsqueeze(mask_of(graph, flow), 2), flow.values, graph.floats(value))


def drop_steps(graph: Graph, ids: str, is_step: str) -> tuple[str, str]:
    """Return token ids (n, T) whose padding comes last, wherever it was, and the lengths (n,), int64.

    A recurrent layer skips a masked step, so where it is makes no difference.
    """
    n_steps = graph.size(ids, 1)
    place = graph.arange(n_steps)
    order = graph.op("Where", is_step, place, graph.op("Add", place, n_steps))
    _, steps = graph.ops("TopK", 2, order, n_steps, axis=1, largest=0, sorted=1)
    return (
        graph.op("GatherElements", ids, steps, axis=1),
        graph.reduce("Sum", graph.cast(is_step, INT64), [1]),
    )


def check_numbers(graph: Graph, values: str, what: str) -> None:
    """Make a run fail if numbers (any shape) are missing or infinite; `what` begins the message."""
    # zero times NaN or infinity is NaN
    total = graph.op("ReduceSum", graph.op("Mul", values, graph.floats(0.0)), keepdims=0)
    graph.refuse(graph.op("IsNaN", total), what)


def check_lengths(graph: Graph, lengths: str, least: int, message: str, *, allow_empty: bool = False) -> None:
    """Make a run fail if a sequence has fewer steps; sequences without any may be allowed."""
    is_short = graph.op("Less", lengths, graph.ints(least))
    if allow_empty:
        is_short = graph.op("And", is_short, graph.op("Greater", lengths, graph.ints(0)))
    graph.refuse(graph.any(is_short), message)
