"""Keras' activation functions as ONNX nodes, and the names of those that ONNX' recurrent operators know."""

from collections.abc import Callable

import numpy as np

from skrnn.onnx.graph import Graph

# name: (ONNX' name within RNN, LSTM and GRU, alpha, beta); None where the function has no such parameter. Softplus is
# not here, because there it overflows in ONNX Runtime.
RECURRENT: dict[str, tuple[str, float | None, float | None]] = {
    "elu": ("Elu", 1.0, None),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "leaky_relu": ("LeakyRelu", 0.2, None),
    "linear": ("Affine", 1.0, 0.0),
    "relu": ("Relu", None, None),
    "sigmoid": ("Sigmoid", None, None),
    "softsign": ("Softsign", None, None),
    "tanh": ("Tanh", None, None),
}


def _hard_sigmoid(graph: Graph, x: str) -> str:
    return graph.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)


def _gelu(graph: Graph, x: str) -> str:
    upper = graph.op("Add", graph.op("Erf", graph.op("Mul", x, graph.floats(np.sqrt(0.5)))), graph.floats(1.0))
    # below -10 the result is 0, but `upper` may not quite be, and would be multiplied by a large number
    return graph.op("Mul", graph.op("Mul", graph.op("Max", x, graph.floats(-10.0)), graph.floats(0.5)), upper)


def _squareplus(graph: Graph, x: str) -> str:
    # of -x it is the inverse: (x + root) / 2 would round to 0
    root = graph.op("Sqrt", graph.op("Add", graph.op("Mul", x, x), graph.floats(4.0)))
    above = graph.op("Mul", graph.op("Add", graph.op("Abs", x), root), graph.floats(0.5))
    return graph.op("Where", graph.op("Less", x, graph.floats(0.0)), graph.op("Reciprocal", above), above)


def _clip(low: float, high: float) -> Callable[[Graph, str], str]:
    return lambda graph, x: graph.op("Clip", x, graph.floats(low), graph.floats(high))


def _op(kind: str, **attributes: float) -> Callable[[Graph, str], str]:
    return lambda graph, x: graph.op(kind, x, **attributes)


def _silu(graph: Graph, x: str) -> str:
    # not x * Sigmoid(x): ONNX Runtime's Sigmoid is at least 1e-8, which is too much times a large number
    return graph.op("Div", x, graph.op("Add", graph.op("Exp", graph.op("Neg", x)), graph.floats(1.0)))


ACTIVATIONS: dict[str, Callable[[Graph, str], str]] = {
    "elu": _op("Elu"),
    "exponential": _op("Exp"),
    "gelu": _gelu,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda graph, x: graph.op("Mul", x, _hard_sigmoid(graph, x)),
    "hard_tanh": _clip(-1, 1),
    "leaky_relu": _op("LeakyRelu", alpha=0.2),
    "linear": lambda graph, x: x,
    "log_sigmoid": lambda graph, x: graph.op("Neg", graph.op("Softplus", graph.op("Neg", x))),
    "mish": lambda graph, x: graph.op("Mul", x, graph.op("Tanh", graph.op("Softplus", x))),
    "relu": _op("Relu"),
    "relu6": _clip(0, 6),
    "selu": _op("Selu"),
    "sigmoid": _op("Sigmoid"),
    "silu": _silu,
    "soft_shrink": _op("Shrink", lambd=0.5, bias=0.5),
    "softplus": _op("Softplus"),
    "softsign": _op("Softsign"),
    "squareplus": _squareplus,
    "swish": _silu,
    "tanh": _op("Tanh"),
    "tanh_shrink": lambda graph, x: graph.op("Sub", x, graph.op("Tanh", x)),
}
