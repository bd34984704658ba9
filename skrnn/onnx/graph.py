"""An ONNX graph under construction: nodes, constants, and the checks that refuse wrong input."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Of December 2022; ONNX Runtime reads it since 1.14. The version of the file format is the one that came with it.
OPSET, IR_VERSION = 18, 8
FLOAT, DOUBLE, INT32, INT64, BOOL = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.BOOL,
)


class Graph:
    """Nodes in the order of computation, and the constants that they read.

    A *name* is a string that stands for an array at run time.

    Parameters
    ----------
    prefix : str, default=""
        What all names begin with. The names of a graph within a node must differ from those outside.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self.checks: list[tuple[str, str]] = []
        self._n_names = 0
        self._known: dict[tuple[Any, ...], str] = {}  # small constants, by their contents

    def new_name(self, hint: str) -> str:
        """Return a name that is not used yet."""
        self._n_names += 1
        return f"{self._prefix}{hint}_{self._n_names}"

    def constant(self, values: Any, dtype: Any = None) -> str:
        """Add a constant, or find an equal one, and return its name."""
        array = np.asarray(values, dtype=dtype)
        key = (str(array.dtype), array.shape, array.tobytes()) if array.dtype != object and array.size <= 64 else None
        if key in self._known:
            return self._known[key]
        name = self.new_name("constant")
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        if key is not None:
            self._known[key] = name
        return name

    def floats(self, values: Any) -> str:
        """Add a constant of type float32."""
        return self.constant(values, np.float32)

    def ints(self, values: Any) -> str:
        """Add a constant of type int64."""
        return self.constant(values, np.int64)

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of its only output."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, n_outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add a node and return the names of its outputs."""
        names = [self.new_name(kind) for _ in range(n_outputs)]
        label = attributes.pop("name", names[0])
        self.nodes.append(helper.make_node(kind, [*inputs], names, name=label, **attributes))
        return names

    def cast(self, name: str, dtype: int) -> str:
        """Convert to a type."""
        return self.op("Cast", name, to=dtype)

    def size(self, name: str, axis: int) -> str:
        """Return the size of one axis, of shape (1,), int64."""
        return self.op("Shape", name, start=axis, end=axis + 1)

    def unsqueeze(self, name: str, axis: int) -> str:
        """Insert an axis."""
        return self.op("Unsqueeze", name, self.ints([axis]))

    def arange(self, size: str) -> str:
        """Return the numbers from 0 up to a size of shape (1,)."""
        return self.op("Range", self.ints(0), self.op("Squeeze", size), self.ints(1))

    def reduce(self, kind: str, name: str, axes: Sequence[int], keepdims: bool = False) -> str:
        """Reduce by ``Sum``, ``Max`` or ``Min`` along axes."""
        return self.op(f"Reduce{kind}", name, self.ints([*axes]), keepdims=int(keepdims))

    def any(self, condition: str) -> str:
        """Return whether a condition holds anywhere, of shape ()."""
        return self.cast(self.op("ReduceSum", self.cast(condition, INT64), keepdims=0), BOOL)

    def all_on(self, condition: str, axis: int) -> str:
        """Return whether a condition holds throughout an axis, which disappears."""
        return self.cast(self.reduce("Min", self.cast(condition, INT32), [axis]), BOOL)

    def take_steps(self, values: str, steps: str) -> str:
        """Take from each sequence of values (n, T, ...) the steps (n, S), int64."""
        return self.op("GatherND", values, self.unsqueeze(steps, 2), batch_dims=1)

    def refuse(self, condition: str, message: str) -> None:
        """Make a run fail with a message if a condition of shape () holds."""
        self.checks.append((condition, message))

    def zero_or_fail(self, condition: str, message: str, dtype: Any) -> str:
        """Return a zero, whose computation fails with a message if a condition holds.

        ONNX has no operator that raises an error. An index that is out of range does, and ONNX Runtime prints the name
        of the node that it is in.
        """
        return self.op("Gather", self.constant([0], dtype), self.cast(condition, INT64), name=message)

    def with_checks(self, values: str) -> str:
        """Return float32 values that cannot be computed without the checks so far."""
        if not self.checks:
            return values
        zeros: list[str] = []
        messages = [message for _, message in self.checks]
        failed_before = self.constant(False)
        for number, (condition, message) in enumerate(self.checks):
            if n_before := messages[:number].count(message):  # the names of nodes must differ
                message = f"{message} ({n_before + 1})"
            is_first = self.op("And", condition, self.op("Not", failed_before))  # the cause, not what follows from it
            zeros.append(self.zero_or_fail(is_first, message, np.float32))
            failed_before = self.op("Or", condition, failed_before)
        return self.op("Add", values, self.op("Sum", *zeros))
