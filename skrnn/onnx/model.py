"""A fitted classifier and the transformers before it as an ONNX model in a file."""

import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from onnx import helper

from skrnn._atomic import write_atomically
from skrnn.onnx.flow import Flow, read_padding
from skrnn.onnx.graph import FLOAT, INT64, IR_VERSION, OPSET, Graph
from skrnn.onnx.network import labels_of, logits_of, probabilities_of
from skrnn.onnx.tables import is_identity, refuse
from skrnn.onnx.transformers import add_transformer, input_of

_MOST_BYTES = 2**31 - 2**20  # protobuf's limit, less what the nodes take
_READ_AS = {
    "table": ("table", lambda n: [n]),
    "sequences": ("sequences", lambda n: [None, n]),
    "univariate": ("univariate", lambda n: [None]),
    "token_ids": ("ids", lambda n: [None]),
}


def write_model(transformers: Sequence[Any], classifier: Any, path: Any) -> None:
    """Write a classifier, and the transformers that come before it, to a file.

    Parameters
    ----------
    transformers : sequence of transformer
        Fitted, in their order, without nested pipelines.
    classifier : FrozenClassifier
    path : str or path-like

    Raises
    ------
    TypeError
        If a transformer or the type of the labels has no form in ONNX.
    ValueError
        If the model is larger than 2 GiB, which the format does not allow.
    OSError
        If the file cannot be written.
    """
    transformers = [transformer for transformer in transformers if not is_identity(transformer)]
    form, spec = classifier._form, classifier._spec
    classes = _classes(classifier.classes_)
    if transformers:
        kind, shape, dtype = input_of(transformers[0])
    else:
        kind, shape_of = _READ_AS[form.kind]
        shape, dtype = shape_of(classifier.n_features_in_), np.dtype(np.int64 if kind == "ids" else np.float32)

    graph = Graph()
    flow = _first_flow(graph, kind, checked=bool(transformers) and kind != "images")
    for transformer in transformers:
        flow = add_transformer(graph, transformer, flow)
    if (flow.kind == "ids") != spec.reads_ids:
        raise refuse(transformers[-1], "token ids")
    logits = logits_of(graph, form, spec, classifier._weights, flow)
    _name_output(graph, labels_of(graph, spec, logits, classes), "label")
    _name_output(graph, probabilities_of(graph, spec, logits), "probabilities")

    n_bytes = sum(len(constant.raw_data) for constant in graph.constants.values())
    if n_bytes > _MOST_BYTES:
        raise ValueError(
            f"The weights take {n_bytes:,} bytes, but an ONNX model has at most 2 GiB. Use skrnn.freeze instead, or "
            "fit with a smaller vocabulary_size or embedding_dim."
        )
    dims: list[Any] = ["n_samples", *("n_timesteps" if size is None else int(size) for size in shape)]
    label_type = INT64 if spec.output.is_multilabel else helper.np_dtype_to_tensor_dtype(classes.dtype)
    label_dims: list[Any] = ["n_samples", len(classes)] if spec.output.is_multilabel else ["n_samples"]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "skrnn",
            [helper.make_tensor_value_info("X", helper.np_dtype_to_tensor_dtype(dtype), dims)],
            [
                helper.make_tensor_value_info("label", label_type, label_dims),
                helper.make_tensor_value_info("probabilities", FLOAT, ["n_samples", len(classes)]),
            ],
            [*graph.constants.values()],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="skrnn",
        producer_version=(version := import_module("skrnn").__version__),
    )
    names = getattr(transformers[0] if transformers else classifier, "feature_names_in_", None)
    about = {"skrnn_version": version, "classes": json.dumps(classes.tolist())}
    if names is not None:
        about["feature_names"] = json.dumps([*names])
    helper.set_model_props(model, about)
    contents = model.SerializeToString(deterministic=True)
    write_atomically(path, contents)


def _first_flow(graph: Graph, kind: str, *, checked: bool) -> Flow:
    """Return the input, X, as what the first transformer or the classifier reads."""
    x = graph.cast("X", FLOAT) if kind == "images" else "X"
    # First of all, because recurrent operators of older runtimes crash on empty arrays.
    is_empty = graph.op("Equal", graph.op("Size", "X"), graph.ints(0))
    dtype = np.int64 if kind == "ids" else np.float32
    x = graph.op("Add", x, graph.zero_or_fail(is_empty, "X holds no sequences, or no steps.", dtype))
    if checked and kind in ("table", "sequences"):
        graph.refuse(graph.any(graph.op("IsInf", x)), "X holds infinity.")
    if kind == "sequences":
        return read_padding(graph, x)
    if kind == "univariate":
        return read_padding(graph, graph.unsqueeze(x, 2))
    return Flow("ids" if kind == "ids" else "table", x)


def _name_output(graph: Graph, name: str, output: str) -> None:
    graph.nodes.append(helper.make_node("Identity", [name], [output], name=output))


def _classes(classes: np.ndarray) -> np.ndarray:
    """Return labels in a type that ONNX has: int64, float64, bool, or texts."""
    values = classes.tolist()
    if all(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    for types, dtype in ((bool, np.bool_), (int, np.int64), (float, np.float64)):
        if all(type(value) is types for value in values):
            if types is int and max(values) > np.iinfo(np.int64).max:
                raise TypeError(f"ONNX has no integer as large as the label {max(values)}. Fit on labels below 2**63.")
            return np.array(values, dtype=dtype)
    kinds = ", ".join(sorted({type(value).__name__ for value in values}))
    raise TypeError(
        f"Labels of type {kinds} cannot be written to ONNX: expected texts, integers, floats or booleans, and only one "
        "of them. Fit on such labels, for example on y.astype(str)."
    )
