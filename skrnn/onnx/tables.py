"""scikit-learn's transformers of tables as ONNX nodes. They change the last axis, so they apply to steps as well.

Values are float32.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)

from skrnn.onnx.graph import DOUBLE, FLOAT, Graph

_CURE = (
    "ONNX has no form for it here. Apply it before the model, and write what follows it in the pipeline, such as "
    "skrnn.to_onnx(pipeline[1:], path); or use skrnn.freeze, which takes any transformer."
)


def refuse(transformer: Any, why: str = "") -> TypeError:
    """Return the error about a transformer that cannot be written."""
    reason = f" with {why}" if why else ""
    return TypeError(f"{type(transformer).__name__}{reason} cannot be written to ONNX. {_CURE}")


def add_table(graph: Graph, transformer: Any, x: str) -> str:
    """Add a transformer of tables to a graph.

    Parameters
    ----------
    graph : Graph
    transformer : transformer
        Fitted.
    x : str
        Values of shape (..., n_features), float32. Inside sequences, NaN may be padding.

    Returns
    -------
    transformed : str
        Values of shape (..., n_features_out), float32.

    Raises
    ------
    TypeError
        If there is no form of it in ONNX.
    """
    if is_identity(transformer):
        return x
    if type(transformer) not in _TABLES:
        raise refuse(transformer)
    return _TABLES[type(transformer)](graph, transformer, x)


def is_identity(transformer: Any) -> bool:
    """Return whether a transformer passes X through."""
    if type(transformer) is FunctionTransformer:
        return transformer.func is None
    return transformer is None or (isinstance(transformer, str) and transformer == "passthrough")


def is_table(transformer: Any) -> bool:
    """Return whether `add_table` may know a transformer."""
    return type(transformer) in _TABLES


# Each operation is rounded as scikit-learn does it for float32, because a later scaler may magnify the difference.


def _in_double(graph: Graph, kind: str, x: str, operand: Any) -> str:
    return graph.cast(graph.op(kind, graph.cast(x, DOUBLE), graph.constant(operand, np.float64)), FLOAT)


def _standard(graph: Graph, scaler: StandardScaler, x: str) -> str:
    if scaler.with_mean:
        x = graph.op("Sub", x, graph.floats(scaler.mean_))
    return graph.op("Div", x, graph.floats(scaler.scale_)) if scaler.with_std else x


def _robust(graph: Graph, scaler: RobustScaler, x: str) -> str:
    if scaler.with_centering:
        x = _in_double(graph, "Sub", x, scaler.center_)
    return _in_double(graph, "Div", x, scaler.scale_) if scaler.with_scaling else x


def _max_abs(graph: Graph, scaler: MaxAbsScaler, x: str) -> str:
    scaled = _in_double(graph, "Div", x, scaler.scale_)
    return _clipped(graph, scaled, getattr(scaler, "clip", False) and (-1.0, 1.0))  # new in scikit-learn 1.9


def _min_max(graph: Graph, scaler: MinMaxScaler, x: str) -> str:
    scaled = _in_double(graph, "Add", _in_double(graph, "Mul", x, scaler.scale_), scaler.min_)
    return _clipped(graph, scaled, scaler.clip and scaler.feature_range)


def _clipped(graph: Graph, x: str, limits: Any) -> str:
    if not limits:
        return x
    low, high = map(graph.floats, limits)
    clipped = graph.op("Clip", x, low, high)
    return graph.op("Where", graph.op("IsNaN", x), x, clipped)


def _imputer(graph: Graph, imputer: SimpleImputer, x: str) -> str:
    if not (isinstance(imputer.missing_values, float) and np.isnan(imputer.missing_values)):
        raise refuse(imputer, f"missing_values={imputer.missing_values!r}")
    statistics = np.asarray(imputer.statistics_, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(statistics))
    is_missing = graph.op("IsNaN", x)
    filled = graph.op("Where", is_missing, graph.floats(np.nan_to_num(statistics)), x)
    if len(known) < len(statistics):
        filled = graph.op("Gather", filled, graph.ints(known), axis=-1)
    if imputer.indicator_ is None:
        return filled
    shown = graph.op("Gather", graph.cast(is_missing, FLOAT), graph.ints(imputer.indicator_.features_), axis=-1)
    return graph.op("Concat", filled, shown, axis=-1)


def _one_hot(graph: Graph, encoder: OneHotEncoder, x: str) -> str:
    if any(categories.dtype.kind not in "biuf" for categories in encoder.categories_):
        raise refuse(encoder, "categories that are not numbers")
    if encoder.drop_idx_ is not None:
        raise refuse(encoder, f"drop={encoder.drop!r}")
    if any(infrequent is not None for infrequent in getattr(encoder, "infrequent_categories_", [])):
        raise refuse(encoder, "infrequent categories")
    if encoder.handle_unknown not in ("ignore", "infrequent_if_exist"):
        raise refuse(encoder, f"handle_unknown={encoder.handle_unknown!r}")
    columns = []
    for place, categories in enumerate(encoder.categories_):
        column = graph.op("Gather", x, graph.ints([place]), axis=-1)
        numbers = categories.astype(np.float32)
        matches = graph.op("Equal", column, graph.floats(numbers))
        if np.isnan(numbers).any():
            both_missing = graph.op("And", graph.op("IsNaN", column), graph.constant(np.isnan(numbers)))
            matches = graph.op("Or", matches, both_missing)
        columns.append(graph.cast(matches, FLOAT))
    return graph.op("Concat", *columns, axis=-1)


def _pipeline(graph: Graph, pipeline: Pipeline, x: str) -> str:
    for _, step in pipeline.steps:
        x = add_table(graph, step, x)
    return x


def _union(graph: Graph, union: FeatureUnion, x: str) -> str:
    weights = union.transformer_weights or {}
    kept = [(name, part) for name, part in union.transformer_list if part != "drop"]
    return graph.op(
        "Concat", *(_weighted(graph, add_table(graph, part, x), weights.get(name)) for name, part in kept), axis=-1
    )


def _columns(graph: Graph, transformer: ColumnTransformer, x: str) -> str:
    weights = transformer.transformer_weights or {}
    parts = []
    for name, part, columns in transformer.transformers_:
        places = _places(transformer, columns)
        if part == "drop" or not len(places):
            continue
        taken = graph.op("Gather", x, graph.ints(places), axis=-1)
        parts.append(_weighted(graph, add_table(graph, part, taken), weights.get(name)))
    return graph.op("Concat", *parts, axis=-1)


def _places(transformer: ColumnTransformer, columns: Any) -> np.ndarray:
    """Return the numbers of columns that were given as numbers, names, a slice or a mask."""
    everywhere = np.arange(transformer.n_features_in_)
    names = [*getattr(transformer, "feature_names_in_", [])]
    if isinstance(columns, slice):
        start, stop = columns.start, columns.stop
        if isinstance(start, str) or isinstance(stop, str):  # names, of which the last one is included
            start = None if start is None else names.index(start)
            stop = None if stop is None else names.index(stop) + 1
        return everywhere[start : stop : columns.step]
    columns = np.atleast_1d(np.asarray(columns))
    if columns.dtype.kind in "OUT":
        columns = np.array([names.index(name) for name in columns], dtype=np.intp)
    return everywhere[columns] if columns.size else everywhere[:0]


def _weighted(graph: Graph, x: str, weight: float | None) -> str:
    return x if weight is None else graph.op("Mul", x, graph.floats(weight))


_TABLES: dict[type, Callable[[Graph, Any, str], str]] = {
    ColumnTransformer: _columns,
    FeatureUnion: _union,
    MaxAbsScaler: _max_abs,
    MinMaxScaler: _min_max,
    OneHotEncoder: _one_hot,
    Pipeline: _pipeline,
    RobustScaler: _robust,
    SimpleImputer: _imputer,
    StandardScaler: _standard,
}
