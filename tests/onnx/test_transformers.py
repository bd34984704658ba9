"""Pipelines in ONNX compute what they do in Python, and refuse what they refuse."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

import skrnn
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
from tests.onnx.networks import random_classifier, run, session_of

RNG = np.random.default_rng(0)
FULL = (RNG.normal(size=(12, 9, 3)) * [1, 10, 100] + [0, 5, -20]).astype(np.float32)
FIRST, END = RNG.integers(0, 3, (12, 1)), RNG.integers(6, 10, (12, 1))
IS_STEP = ((np.arange(9) >= FIRST) & (np.arange(9) < END))[:, :, None]
PADDED = np.where(IS_STEP, FULL, np.nan).astype(np.float32)
PADDED[5, :, 1] = np.where(IS_STEP[5, :, 0], 3, np.nan)  # a constant

HOLES = PADDED.copy()
for _row in range(12):
    HOLES[_row, RNG.integers(3, 6, 4), RNG.integers(0, 3, 4)] = np.nan
HOLES[0, :4, 0], HOLES[1, 4:, 1], HOLES[2, :, 2] = np.nan, np.nan, np.nan  # at the start, at the end, throughout

CATEGORIES = PADDED.copy()
CATEGORIES[:, :, 1] = np.where(IS_STEP[:, :, 0], RNG.integers(0, 4, (12, 9)), np.nan)
CATEGORIES[3, 4, 1] = np.nan

TABLE = RNG.normal(size=(8, 6)).astype(np.float32)
ENDING = np.where(np.arange(6) < RNG.integers(2, 7, (8, 1)), TABLE, np.nan).astype(np.float32)
MISSING = np.where(RNG.random(TABLE.shape) < 0.2, np.nan, TABLE).astype(np.float32)
MISSING[0] = 1
GRAY = RNG.integers(0, 256, (5, 4, 6)).astype(np.uint8)
COLOUR = RNG.integers(0, 256, (5, 4, 6, 3)).astype(np.uint8)


def one_hot(**parameters):
    return OneHotEncoder(**{"handle_unknown": "ignore", "sparse_output": False} | parameters)


CASES = {
    "scaled": ([SequenceScaler()], PADDED),
    "scaled by range": ([SequenceScaler("minmax"), SequenceImputer()], HOLES),
    "centered": ([SequenceScaler("center"), SequenceImputer()], HOLES),
    "scaled, with holes": ([SequenceScaler(), SequenceImputer(fill_value=0)], HOLES),
    "filled forward": ([SequenceImputer(add_indicator=True)], HOLES),
    "filled linearly": ([SequenceImputer("linear", fill_value=2)], HOLES),
    "filled, full": ([ImageToSequence(), SequenceImputer("linear", fill_value=2)], GRAY),
    "differences": ([SequenceImputer("linear"), SequenceDifference()], HOLES),
    "differences of differences": ([ImageToSequence("pixels"), SequenceDifference(2), SequenceScaler()], GRAY),
    "patches": ([PatchSequence(4), PatchSequence(2, 1)], PADDED),
    "patches with a stride": ([PatchSequence(4, 3)], PADDED),
    "one patch": ([PatchSequence(20)], PADDED),
    "patches, full": ([ImageToSequence("columns"), PatchSequence(4, 3)], GRAY),
    "truncated": ([SequencePadder(5)], PADDED),
    "truncated at the start": ([SequencePadder(5, truncating="pre", padding="pre")], PADDED),
    "truncated, full": ([ImageToSequence("columns"), SequencePadder(5, truncating="pre")], GRAY),
    "padded": ([SequencePadder(15, padding="pre")], PADDED),
    "steps scaled": ([TimeDistributed(StandardScaler()), SequenceImputer("linear")], HOLES),
    "steps scaled otherwise": (
        [TimeDistributed(make_pipeline(RobustScaler(), MaxAbsScaler(), MinMaxScaler((0.1, 0.7), clip=True)))],
        PADDED,
    ),
    "steps without center": ([TimeDistributed(StandardScaler(with_mean=False, with_std=False))], PADDED),
    "steps filled": ([TimeDistributed(SimpleImputer(add_indicator=True))], HOLES),
    "steps with categories": (
        [
            TimeDistributed(ColumnTransformer([("c", one_hot(), [1])], remainder=StandardScaler(), sparse_threshold=0)),
            SequenceImputer("linear"),
            PatchSequence(2),
        ],
        CATEGORIES,
    ),
    "steps twice": (
        [TimeDistributed(make_union(StandardScaler(), make_pipeline("passthrough", MinMaxScaler())))],
        PADDED,
    ),
    "columns dropped": ([TimeDistributed(ColumnTransformer([("kept", "passthrough", [0, 2])]))], PADDED),
    "a pipeline within": (
        [make_pipeline(make_pipeline(TimeDistributed(StandardScaler()), None), SequenceImputer())],
        HOLES,
    ),
    "table": ([FunctionTransformer(), "passthrough", StandardScaler()], TABLE),
    "table filled": ([make_pipeline(SimpleImputer(), MinMaxScaler()), TabularToSequence(3)], MISSING),
    "columns that end": ([TabularToSequence(6)], ENDING),
    "columns by feature": ([TabularToSequence(2, order="feature")], TABLE),
    "columns of all kinds": (
        [
            ColumnTransformer(
                [
                    ("slice", StandardScaler(), slice(0, 2)),
                    ("dropped", "drop", [2]),
                    ("mask", "passthrough", [True, False, False, True, False, True]),
                    ("none", StandardScaler(), []),
                ],
                transformer_weights={"slice": 0.5},
            ),
            TabularToSequence(5),
        ],
        TABLE,
    ),
    "table truncated": ([SequencePadder(4, truncating="pre")], TABLE),
    "table padded": ([SequencePadder(8)], TABLE),
    "flat images": ([ImageToSequence(image_shape=(4, 6))], GRAY.reshape(5, 24)),
    "images in half precision": ([ImageToSequence(dtype="float16", scale=3)], GRAY.astype(np.float32)),
    "images as bytes": ([ImageToSequence(dtype="uint8")], GRAY),
    "masks": ([ImageToSequence()], GRAY > 100),
    **{f"images, {scan}": ([ImageToSequence(scan, patch_size=2)], COLOUR) for scan in ("rows", "columns", "patches")},
}


def fitted(steps, X):
    transformer = Pipeline([(str(place), step) for place, step in enumerate(steps)]).fit(X)
    after = transformer.transform(X)
    classifier = random_classifier("table" if after.ndim == 2 else "sequences", n_features=after.shape[-1], scale=0.5)
    return Pipeline([*transformer.steps, ("network", classifier)])


@pytest.mark.parametrize(("steps", "X"), CASES.values(), ids=CASES)
def test_a_pipeline_computes_the_same(steps, X, tmp_path):
    pipeline = fitted(steps, X)
    skrnn.to_onnx(pipeline, tmp_path / "model.onnx")
    session = session_of(tmp_path / "model.onnx")
    for part in (X, X[3:4]):
        labels, probabilities = run(session, part)
        assert_allclose(probabilities, pipeline.predict_proba(part), rtol=0, atol=1e-5)
        assert_array_equal(labels, pipeline.predict(part))


@pytest.mark.parametrize("mask_zero", [True, False])
def test_padded_ids(mask_zero, tmp_path):
    ids = RNG.integers(0, 9, (6, 7))
    for padder in (SequencePadder(5, truncating="pre"), SequencePadder(9, padding="pre"), SequencePadder(4)):
        pipeline = make_pipeline(padder.fit(ids), random_classifier("token_ids", mask_zero=mask_zero))
        skrnn.to_onnx(pipeline, tmp_path / "model.onnx")
        session = session_of(tmp_path / "model.onnx")
        for part in (ids, ids[:, :3], np.tile(ids, 2)):
            assert_allclose(run(session, part)[1], pipeline.predict_proba(part), rtol=0, atol=1e-5)


REFUSED = {
    "holes": ([SequenceScaler()], PADDED, HOLES, "X holds infinity, or NaN between steps."),
    "holes in patches": ([PatchSequence(2)], PADDED, HOLES, "X holds infinity, or NaN between steps."),
    "holes in differences": (
        [SequenceDifference(), SequenceImputer()],
        PADDED,
        HOLES,
        "X holds infinity, or NaN betwe",
    ),
    "infinity": ([SequenceImputer()], PADDED, np.where(PADDED > 9, np.inf, PADDED), "X holds infinity."),
    "too short": ([SequenceDifference(3)], FULL, FULL[:, :3], "A sequence of X has fewer than 4 steps, but"),
    "too short with padding": ([SequenceDifference(8)], FULL, PADDED, "A sequence of X has fewer than 9 steps, but"),
    "missing in a table": ([StandardScaler()], TABLE, MISSING, "X holds NaN or infinity."),
    "missing pixels": (
        [ImageToSequence("pixels")],
        np.ones((2, 3, 2)),
        np.full((2, 3, 2), np.nan),
        "X holds NaN or infinity.",
    ),
    "no step": ([TimeDistributed(StandardScaler())], FULL, FULL[:, :0], "X holds no sequences, or no steps."),
}


@pytest.mark.parametrize(("steps", "X", "wrong", "message"), REFUSED.values(), ids=REFUSED)
def test_a_run_fails_where_predict_does(steps, X, wrong, message, tmp_path):
    pipeline = fitted(steps, X)
    skrnn.to_onnx(pipeline, tmp_path / "model.onnx")
    with pytest.raises(ValueError):  # noqa: PT011
        pipeline.predict(wrong)
    with pytest.raises(InvalidArgument) as raised:
        run(session_of(tmp_path / "model.onnx"), wrong)
    assert f"Name:'{message}" in str(raised.value)


LACKING = {
    "PCA": ([PCA(2)], TABLE),
    "PCA of steps": ([TimeDistributed(PCA(2))], FULL),
    "FunctionTransformer": ([FunctionTransformer(np.negative)], FULL),
    "SequenceResampler": ([SequenceResampler(5)], FULL),
    "SimpleImputer with missing_values=0": ([SimpleImputer(missing_values=0)], TABLE),
    "OneHotEncoder with drop='first'": ([one_hot(drop="first")], np.arange(8.0).reshape(4, 2)),
    "OneHotEncoder with handle_unknown='error'": ([one_hot(handle_unknown="error")], np.arange(8.0).reshape(4, 2)),
    "OneHotEncoder with infrequent categories": (
        [one_hot(handle_unknown="infrequent_if_exist", min_frequency=2)],
        np.array([[1.0], [1.0], [2.0]]),
    ),
    "OrdinalEncoder": ([OrdinalEncoder()], TABLE),
}


@pytest.mark.parametrize(("steps", "X"), LACKING.values(), ids=LACKING)
def test_what_onnx_lacks_is_named(request, steps, X, tmp_path):
    name = request.node.callspec.id.removesuffix(" of steps")
    with pytest.raises(TypeError, match=f"^{name} cannot be written to ONNX. .* such as skrnn.to_onnx"):
        skrnn.to_onnx(fitted(steps, X), tmp_path / "model.onnx")
    assert not any(tmp_path.iterdir())


def test_texts_are_encoded_before(tmp_path):
    texts = ["the cat sat", "the dog", "a cat"]
    encoder = TextToSequence().fit(texts)
    pipeline = make_pipeline(encoder, random_classifier("token_ids", vocabulary_size=20))
    with pytest.raises(
        TypeError, match=r"TextToSequence cannot be written to ONNX\. .* skrnn\.to_onnx\(pipeline\[1:\], path\)"
    ):
        skrnn.to_onnx(pipeline, tmp_path / "model.onnx")
    skrnn.to_onnx(pipeline[1:], tmp_path / "model.onnx")
    ids = pipeline[0].transform(texts)
    assert_allclose(run(session_of(tmp_path / "model.onnx"), ids)[1], pipeline.predict_proba(texts), rtol=0, atol=1e-5)


def test_a_selection_by_a_subclass_is_no_known_transformer(tmp_path):
    class Scaler(StandardScaler):
        def transform(self, X):
            return super().transform(X) + 1

    for unknown in (Scaler(), SelectKBest(lambda X, y: X[0], k=2).fit(TABLE, np.arange(8) % 2)):
        steps = [unknown.fit(TABLE, np.arange(8) % 2)]
        pipeline = Pipeline([("first", steps[0]), ("network", random_classifier("table"))])
        with pytest.raises(TypeError, match=f"{type(unknown).__name__} cannot be written to ONNX"):
            skrnn.to_onnx(pipeline, tmp_path / "model.onnx")
