"""Strategies for the transformers of skrnn.preprocessing, their parameters, and what they read."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, OneHotEncoder, QuantileTransformer, StandardScaler

from skrnn.preprocessing import (
    ImageToSequence,
    PatchSequence,
    SequenceDifference,
    SequenceImputer,
    SequencePadder,
    SequenceResampler,
    SequenceScaler,
    TabularToSequence,
    TextToSequence,
    TimeDistributed,
)
from skrnn.preprocessing.reading import to_object_array
from tests.fuzz.inputs import ARRAYS, MISTAKES, Data, _contained, _values, one_in, sequences


def one_and_two(text):
    """Analyze a text as if its tokens were numbers."""
    return [1, 2]


def nothing(text):
    """Analyze a text, and forget to return its tokens."""


# Valid values, and wrong ones after the bar.
_BAR = object()
_PARAMETERS: dict[type, dict[str, list[Any]]] = {
    ImageToSequence: {
        "scan": ["rows", "columns", "pixels", "patches", _BAR, "spiral", None],
        "patch_size": [2, 1, (1, 2), (2, 2), _BAR, 0, (2,), (0, 1), (2.0, 1), 10**9, "2"],
        "image_shape": [None, None, (2, 4), (4, 2, 1), _BAR, (3,), (0, 4), (2, -4), ("a", 2), (10**9, 10**9)],
        "scale": ["auto", None, 2.0, 1e-300, _BAR, 0, -1, np.nan, "max", np.inf],
        "dtype": ["float32", "float64", "float16", np.float32, "uint8", _BAR, "int8", "float128", int, object],
    },
    TabularToSequence: {
        "n_steps": [1, 2, 3, None, _BAR, 0, 2.5, 10**9, "2"],
        "order": ["auto", "time", "feature", _BAR, "steps", None],
        "name_pattern": ["{feature}_t{step}", "{feature}{step}", _BAR, "{feature}", "{}", "", "{step}{step}", 3],
    },
    TextToSequence: {
        "max_tokens": [None, 5, 10000, 10**12, _BAR, 4, 0, 2.5],
        "max_length": [None, 1, 5, _BAR, 0, 1.5, 10**12],
        "padding": ["pre", "post", _BAR, "both"],
        "truncating": ["pre", "post", _BAR, None],
        "lowercase": [True, False, _BAR, "no"],
        "filters": ["", "!.", "\\^]-", _BAR, None, 3],
        "split": [" ", "ab", "\n", _BAR, "", None],
        "start_token": [True, False, _BAR, 2],
        "analyzer": [None, None, str.split, list, _BAR, len, one_and_two, nothing, "word"],
    },
    SequencePadder: {
        "max_length": [None, 1, 3, 7, _BAR, 0, -1, 2.0, 10**12],
        "padding": ["pre", "post", _BAR, 1],
        "truncating": ["pre", "post", _BAR, "end"],
    },
    SequenceScaler: {"method": ["standard", "minmax", "center", _BAR, "robust", None]},
    SequenceImputer: {
        "method": ["forward", "linear", _BAR, "mean", None],
        "fill_value": [None, 0, -1.5, _BAR, np.nan, np.inf, "zero", 10**400],
        "add_indicator": [True, False, _BAR, "yes"],
    },
    SequenceResampler: {
        "n_steps": [None, 1, 3, 8, _BAR, 0, 2.5, 10**12],
        "interval": [None, None, 0.5, 1e9, _BAR, 0, -1, np.nan, 1e-300, "1s"],
        "time": [None, None, 0, 1, -1, "f0", _BAR, 99, [0], 0.5],
    },
    SequenceDifference: {"order": [1, 2, _BAR, 0, 1.5, 10**9, None]},
    PatchSequence: {"patch_length": [1, 2, 5, _BAR, 0, 2.0, 10**12], "stride": [None, 1, 2, 10**9, _BAR, 0, "a"]},
    TimeDistributed: {
        "transformer": [
            StandardScaler(),
            MinMaxScaler(),
            SimpleImputer(),
            Normalizer(),
            make_pipeline(SimpleImputer(), StandardScaler(with_std=False)),
            OneHotEncoder(sparse_output=False, handle_unknown="ignore"),
            "passthrough",
            _BAR,
            QuantileTransformer(n_quantiles=10**9),
            None,
            "scaler",
            StandardScaler,
            SequenceScaler(),
        ]
    },
}


@st.composite
def transformers(draw: Any, kinds: list[type]) -> tuple[Any, str]:
    """Draw a transformer of one of the kinds, and how to write it. One in eight has a wrong parameter."""
    kind = draw(st.sampled_from(kinds))
    choices = _PARAMETERS[kind]
    names = draw(st.lists(st.sampled_from(list(choices)), max_size=4, unique=True))
    names += ["transformer"] if kind is TimeDistributed and not names else []
    names += ["n_steps"] if kind is SequenceResampler and not {"n_steps", "interval"} & {*names} else []
    names += ["patch_length"] if kind is PatchSequence and "patch_length" not in names else []
    wrong = draw(st.sampled_from(names)) if names and draw(one_in(8)) else None
    parameters = {}
    for name in names:
        bar = choices[name].index(_BAR)
        values = choices[name][bar + 1 :] if name == wrong else choices[name][:bar]
        parameters[name] = draw(st.sampled_from(values))
    if kind is SequenceResampler and "interval" in parameters and parameters.get("interval") is not None:
        parameters.pop("n_steps", None)
    written = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
    return lambda: kind(**parameters), f"{kind.__name__}({written})"


OF_SEQUENCES = [
    SequencePadder,
    SequenceScaler,
    SequenceImputer,
    SequenceResampler,
    SequenceDifference,
    PatchSequence,
    TimeDistributed,
]


@st.composite
def images(draw: Any) -> Data:
    """Draw images of two by four pixels, or something else."""
    n = draw(st.integers(1, 5))
    shape = draw(st.sampled_from([(2, 4), (2, 4), (2, 4, 1), (2, 4, 3), (8,), (7,), (1, 1), (2, 4, 1, 1), (0, 4)]))
    dtype = draw(st.sampled_from(["u1"] * 4 + ["f4", "f8", "f2", "u2", "i8", "u8", "i1", "?", "g"]))
    scale = draw(st.sampled_from(["usual", "usual", "usual", "huge", "tiny", "constant"]))
    values = _values(draw(st.integers(0, 99)), (n, *shape), scale, dtype)
    if draw(one_in(20)) and values.dtype.kind == "f" and values.size:
        values.flat[-1] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    kinds = MISTAKES if draw(one_in(15)) else ARRAYS
    container = draw(st.sampled_from(list(kinds)))
    return Data(_contained(kinds[container], values), n, f"images {shape} as {container}, {dtype}, {scale}, n={n}")


@st.composite
def tables(draw: Any) -> Data:
    """Draw a table, whose columns may have names that say which feature and step they hold."""
    n = draw(st.integers(1, 5))
    values = _values(draw(st.integers(0, 99)), (n, draw(st.sampled_from([1, 2, 4, 6, 7]))), "usual", "f8")
    features = draw(st.sampled_from([["a"], ["a", "b"], ["a", "a"], ["\u00e9", ""], [1, 2]]))
    names: list[Any] = [f"{feature}_t{step}" for step in range(9) for feature in features][: values.shape[1]]
    if draw(one_in(8)):
        names[-1] = draw(st.sampled_from(["x", 3, None, ("a", 0), "a_t-1", "a_t1.5", "a_t99999999999999999999"]))
    form = draw(st.sampled_from(["array", "pandas", "polars", "pyarrow", "text cells"]))
    if len({*map(str, names)}) < len(names) and form in ("polars", "pyarrow"):
        form = "pandas"
    frame = pd.DataFrame(values, columns=pd.Index(names, dtype=object))
    if draw(one_in(10)):
        frame.iloc[0, 0] = np.nan
    makers = {
        "array": lambda frame: frame.to_numpy(),
        "pandas": lambda frame: frame,
        "polars": lambda frame: pl.DataFrame({str(name): frame[name].to_numpy() for name in frame}),
        "pyarrow": lambda frame: pa.table({str(name): frame[name].to_numpy() for name in frame}),
        "text cells": lambda frame: frame.astype(str),
    }
    return Data(_contained(makers[form], frame), n, f"a {form} table of the columns {names}, n={n}")


_TEXT_FORMS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "objects": to_object_array,
    "series": pd.Series,
    "strings": lambda texts: pd.Series(texts, dtype="string"),
    "polars": pl.Series,
    "pyarrow": pa.array,
    "StringDType": lambda texts: np.array(texts, dtype=np.dtypes.StringDType()),
    "some missing": lambda texts: [*texts[1:], None],
    "some NaN": lambda texts: [*texts[1:], np.nan],
    "bytes": lambda texts: [text.encode(errors="replace") for text in texts],
    "one text": lambda texts: texts[0],
    "numbers": lambda texts: list(range(len(texts))),
    "tokens": lambda texts: [text.split() for text in texts],
    "column": lambda texts: np.array(texts, dtype=object)[:, None],
    "data frame": lambda texts: pd.DataFrame({"text": texts}),
    "empty": lambda texts: [],
    "set": set,
}


@st.composite
def texts(draw: Any) -> Data:
    """Draw texts in any container."""
    words = st.sampled_from(
        ["good", "film", "bad", "a", "A", "the", "!", "\u00df", "\U0001f600", "\x00", "\ud800", "", "\n", "1"]
    )
    lines = draw(st.lists(st.lists(words, max_size=6).map(" ".join) | st.text(max_size=8), min_size=1, max_size=5))
    form = draw(st.sampled_from(list(_TEXT_FORMS)[9:] if draw(one_in(6)) else list(_TEXT_FORMS)[:9]))
    return Data(_contained(_TEXT_FORMS[form], lines), len(lines), f"{lines!r} as {form}")


@st.composite
def cases(draw: Any) -> tuple[Data, tuple[Any, str]]:
    """Draw what to transform, and a transformer that reads it."""
    inputs, kinds = draw(
        st.sampled_from(
            [(sequences(max_size=6, tables=False), OF_SEQUENCES)] * 4
            + [(images(), [ImageToSequence]), (tables(), [TabularToSequence]), (texts(), [TextToSequence])]
        )
    )
    return draw(inputs), draw(transformers(kinds))
