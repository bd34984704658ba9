"""ONNX: a model computes what the pipeline does, and fails where the pipeline refuses."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

import skrnn
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
from tests.onnx.networks import random_classifier, session_of

# Of bounded functions, so that random weights do not diverge; tests/onnx has the other ones.
ACTIVATIONS = ("tanh", "sigmoid", "softsign", "hard_sigmoid", "hard_tanh")
SIZES = st.integers(1, 8)
STRUCTURES = st.fixed_dictionaries(
    {
        "cell": st.sampled_from(["simple_rnn", "gru", "lstm"]),
        "units": st.sampled_from([(1,), (4,), (3, 2)]),
        "bidirectional": st.booleans(),
        "pooling": st.sampled_from(["last", "mean", "max"]),
        "activation": st.sampled_from(ACTIVATIONS),
        "recurrent_activation": st.sampled_from(ACTIVATIONS),
        "dense_units": st.sampled_from([(), (3,)]),
        "batch_normalization": st.booleans(),
        "classes": st.sampled_from([("a", "b"), (1, 2, 3)]),
    }
)
TABLES = st.one_of(
    st.builds(StandardScaler, with_mean=st.booleans(), with_std=st.booleans()),
    st.builds(MinMaxScaler, st.sampled_from([(0, 1), (-2, 3)]), clip=st.booleans()),
    st.builds(SimpleImputer, strategy=st.sampled_from(["mean", "median"]), add_indicator=st.booleans()),
    st.builds(MaxAbsScaler),
    st.builds(RobustScaler),
)
OF_SEQUENCES = st.one_of(
    st.builds(SequenceScaler, st.sampled_from(["standard", "minmax", "center"])),
    st.builds(SequenceImputer, st.sampled_from(["forward", "linear"]), add_indicator=st.booleans()),
    st.builds(SequenceDifference, st.integers(1, 2)),
    st.builds(PatchSequence, st.integers(2, 4), st.integers(1, 2)),
    st.builds(SequencePadder, SIZES, truncating=st.sampled_from(["pre", "post"])),
    st.builds(TimeDistributed, TABLES),
)
IMAGES = st.builds(ImageToSequence, st.sampled_from(["rows", "columns", "pixels", "patches"]), patch_size=st.just(2))


@st.composite
def numbers(draw, *shape, share_missing=0.0):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.normal(size=shape) * 10.0 ** rng.integers(-2, 3, shape[-1]) + 10.0 ** rng.integers(-1, 3, shape[-1])
    return np.where(rng.random(shape) < draw(st.sampled_from([0.0, share_missing])), np.nan, X).astype(np.float32)


@st.composite
def cases(draw):
    """Return transformers, X, and how the classifier reads X."""
    kind = draw(st.sampled_from(["sequences", "sequences", "table", "ids", "images"]))
    n, n_steps, n_features = draw(SIZES), draw(SIZES), draw(st.integers(1, 3))
    more = draw(st.lists(OF_SEQUENCES, max_size=3))
    if kind == "sequences":
        X = draw(numbers(n, n_steps, n_features, share_missing=0.15))
        first = np.array(draw(st.lists(st.integers(0, n_steps - 1), min_size=n, max_size=n)))[:, np.newaxis]
        is_step = (np.arange(n_steps) >= first) & (np.arange(n_steps) <= draw(st.integers(0, n_steps)) + first)
        return more, np.where(is_step[:, :, np.newaxis], X, np.nan).astype(np.float32)
    if kind == "table":
        to_sequences = st.builds(TabularToSequence, st.sampled_from([1, 2, 3, 6]))
        ahead = draw(st.lists(TABLES, max_size=2))
        return ahead + draw(st.just([]) | st.lists(to_sequences, min_size=1, max_size=1)), draw(numbers(n, 6))
    if kind == "ids":
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        X = rng.integers(0, 9, (n, n_steps)) * (rng.random((n, n_steps)) < 0.7)
        padder = st.builds(SequencePadder, SIZES, padding=st.sampled_from(["pre", "post"]))
        return draw(st.lists(padder, max_size=1)), X
    X = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).integers(0, 256, (n, 4, 6))
    return [draw(IMAGES), *more], X.astype(draw(st.sampled_from(["uint8", "float32"])))


@given(case=cases(), structure=STRUCTURES, mask_zero=st.booleans())
def test_a_model_computes_what_the_pipeline_does(case, structure, mask_zero):
    steps, X = case
    transformer = Pipeline([(f"{place}", step) for place, step in enumerate([*steps, "passthrough"])])
    try:
        after = transformer.fit(X).transform(X)
    except ValueError:
        assume(False)
    if X.dtype == np.int64 and X.ndim == 2:
        classifier = random_classifier("token_ids", mask_zero=mask_zero, **structure)
    else:
        kind = "table" if after.ndim == 2 else "sequences"
        classifier = random_classifier(kind, n_features=after.shape[-1], **structure)
        classifier.n_features_in_ = after.shape[-1]
    pipeline = Pipeline([*transformer.steps, ("network", classifier)])
    with TemporaryDirectory() as folder:
        skrnn.to_onnx(pipeline, Path(folder) / "model.onnx")
        session = session_of(Path(folder) / "model.onnx")
    for part in (X, X[:1]):
        try:
            expected = pipeline.predict_proba(part)
        except ValueError:
            expected = None
        try:
            found = session.run(["probabilities"], {"X": part})[0]
        except InvalidArgument:
            found = None
        assert (found is None) == (expected is None)
        assert found is None or np.abs(found - expected).max() <= 1e-5
