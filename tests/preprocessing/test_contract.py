"""What every transformer owes scikit-learn: its estimator checks, with inputs that the transformers can read.

scikit-learn's own checks feed tables only. They run here on the transformers that take tables; the rest of this file
asks the same of all, with sequences, images and texts.
"""

import copy
import pickle
import subprocess
import sys
from inspect import signature

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import _safe_indexing, estimator_html_repr, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted

from skrnn import preprocessing
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

rng = np.random.default_rng(0)
PIXELS = rng.integers(0, 256, size=(6, 4, 6, 3), dtype=np.uint8)
TABLE = rng.normal(size=(6, 4))
FRAME = pd.DataFrame(TABLE, columns=["a_t1", "b_t0", "a_t0", "b_t1"])
TEXTS = ["the cat sat", "", "The dog, the dog!", "a", "a bird and a cat", "br br"]
RAGGED = [rng.normal(size=(n_steps, 2)) for n_steps in (3, 1, 2, 4, 2, 3)]
PADDED = SequencePadder().fit_transform(RAGGED)
UNIVARIATE = [sequence[:, 0] for sequence in RAGGED]
FRAMES = [pd.DataFrame(sequence, columns=["a", "b"]) for sequence in RAGGED]
LONG = [np.concatenate([sequence, sequence + 0.5]) for sequence in RAGGED]  # of two steps at least
HOLES = [sequence.copy() for sequence in LONG]
for sequence in HOLES:
    sequence[1, 0] = np.nan
TIMES = [np.stack([np.cumsum(rng.random(len(sequence)) + 0.1), sequence[:, 0]], axis=1) for sequence in LONG]
IDS = [[5, 6], [7], [8, 9, 10], [4, 4], [6], [5]]

CASES = {
    "images-rows": (ImageToSequence(), PIXELS[..., 0]),
    "images-patches": (ImageToSequence("patches", patch_size=(2, 3)), PIXELS),
    "images-flat": (ImageToSequence("columns", image_shape=(4, 6)), PIXELS[..., 0].reshape(6, 24) / 255),
    "table-time": (TabularToSequence(2), TABLE),
    "table-feature": (TabularToSequence(2, order="feature"), TABLE.astype(np.float32)),
    "table-names": (TabularToSequence(), FRAME),
    "texts-list": (TextToSequence(max_length=4), TEXTS),
    "texts-array": (TextToSequence(7, None), np.array(TEXTS, dtype=object)),
    "texts-series": (TextToSequence(None, 5, padding="post", truncating="post"), pd.Series(TEXTS)),
    "padder-list": (SequencePadder(), RAGGED),
    "padder-objects": (SequencePadder(2, padding="pre"), to_object_array(RAGGED)),
    "padder-array": (SequencePadder(3, truncating="pre"), PADDED),
    "padder-univariate": (SequencePadder(), UNIVARIATE),
    "padder-ids": (SequencePadder(padding="pre"), IDS),
    "padder-table": (SequencePadder(5), TABLE),
    "padder-frame": (SequencePadder(), FRAME),
    "scaler-array": (SequenceScaler(), PADDED),
    "scaler-list": (SequenceScaler("minmax"), HOLES),
    "scaler-frames": (SequenceScaler("center"), FRAMES),
    "imputer-array": (SequenceImputer(), SequencePadder().fit_transform(LONG)),
    "imputer-list": (SequenceImputer("linear", add_indicator=True), HOLES),
    "imputer-frames": (SequenceImputer("linear", fill_value=3), FRAMES),
    "resampler-array": (SequenceResampler(5), PADDED),
    "resampler-list": (SequenceResampler(4, time=0), TIMES),
    "resampler-interval": (SequenceResampler(interval=0.2, time=0), SequencePadder().fit_transform(TIMES)),
    "difference-array": (SequenceDifference(), SequencePadder(padding="pre").fit_transform(LONG)),
    "difference-list": (SequenceDifference(), LONG),
    "patches-array": (PatchSequence(2), PADDED),
    "patches-list": (PatchSequence(3, stride=2), RAGGED),
    "patches-frames": (PatchSequence(1), FRAMES),
    "steps-array": (TimeDistributed(StandardScaler()), PADDED),
    "steps-list": (TimeDistributed(StandardScaler(with_std=False)), RAGGED),
    "steps-objects": (TimeDistributed(PCA(1, random_state=0)), to_object_array(RAGGED)),
}
LABELS = np.array([0, 1, 0, 1, 0, 1])

# What fit must refuse, by class: inputs that are read to some depth before they turn out wrong.
BAD_INPUTS = {
    ImageToSequence: [np.ones((2, 7)), np.full((2, 4, 4), np.nan), np.ones((2, 2, 2, 2, 2)), [["a"]]],
    TabularToSequence: [
        np.ones((2, 3)),
        FRAME.drop(columns="a_t0"),
        pd.DataFrame({"x": ["a", "b"], "y": [1, 2]}),
        pd.DataFrame(TABLE, columns=["a", "b", 3, 4]),
    ],
    TextToSequence: ["one text", ["a", None], ["", "..."], np.array([["a"]])],
    SequencePadder: [
        [[1.0], ["a"]],
        [[[1.0]], [[1.0, 2.0]]],
        [[1.0, np.nan, 2.0]],
        [[], []],
        FRAME.replace(FRAME.iloc[0, 0], np.nan),
    ],
    SequenceScaler: [TABLE, np.full((2, 2, 2), np.nan), [[np.inf, 1.0]], [["a"]]],
    SequenceImputer: [TABLE, [[[1.0, np.nan]], [[np.nan, np.inf]]], [[[1.0]], [[1.0, 2.0]]]],
    SequenceResampler: [TABLE, [[1.0, np.nan, 2.0]], [[], []]],
    SequenceDifference: [TABLE, [[1.0, 2.0], [1.0]], [[1.0, np.nan, 2.0]]],
    PatchSequence: [TABLE, [[-np.inf]], [[], []]],
    TimeDistributed: [TABLE, [[[1.0]], [[1.0, 2.0]]], [[[np.inf, 1.0]]], np.full((2, 2, 2), np.nan)],
}


@pytest.fixture(params=CASES)
def case(request):
    transformer, X = CASES[request.param]
    return clone(transformer), X


@pytest.fixture
def transformer(case):
    return case[0]


@pytest.fixture
def X(case):
    return case[1]


def state(transformer):
    return joblib.hash(vars(transformer))


def assert_same(found, expected):
    """Equal in type, shape and value, also where an object array holds one array per sequence."""
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if found.dtype == object:
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other) if isinstance(one, np.ndarray) else one == other
    else:
        assert_array_equal(found, expected)


class ImageOfOneRow(ImageToSequence):
    """Reads a flat image of any width as one row: scikit-learn's checks have tables of two, three or ten columns."""

    def _image_shape(self, input_shape):
        return (1, input_shape[0])


@parametrize_with_checks(
    [
        ImageOfOneRow(scale=None),
        ImageOfOneRow("pixels", scale=2.0),
        TabularToSequence(1),
        TabularToSequence(1, order="feature"),
        SequencePadder(),
        SequencePadder(2, padding="pre", truncating="pre"),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# Parameters


def test_the_constructor_stores_its_parameters_and_nothing_else(transformer):
    parameters = transformer.get_params(deep=False)
    assert parameters == vars(transformer)
    assert list(parameters) == sorted(signature(type(transformer)).parameters)


def test_a_clone_has_the_parameters_but_not_the_fit(transformer, X):
    copied = clone(transformer.fit(X))
    assert repr(copied) == repr(transformer)
    assert joblib.hash(copied.get_params(deep=False)) == joblib.hash(transformer.get_params(deep=False))
    with pytest.raises(NotFittedError):
        check_is_fitted(copied)


def test_parameters_can_be_set(transformer):
    parameters = transformer.get_params()
    assert transformer.set_params(**parameters) is transformer
    assert transformer.get_params() == parameters
    with pytest.raises(ValueError, match="Invalid parameter 'no_such_parameter' for estimator"):
        transformer.set_params(no_such_parameter=1)


def test_every_parameter_is_checked_in_fit_and_documented(transformer, X):
    documented = type(transformer).__doc__.split("Attributes")[0]
    for name in transformer.get_params(deep=False):
        assert f"    {name} : " in documented
        wrong = clone(transformer).set_params(**{name: object()})
        for method in (wrong.fit, wrong.fit_transform):
            with pytest.raises(ValueError, match=f"The '{name}' parameter of {type(wrong).__name__} must be"):
                method(X)


def test_fit_changes_no_parameter(transformer, X):
    before = {name: (id(value), joblib.hash(value)) for name, value in transformer.get_params(deep=False).items()}
    transformer.fit(X).transform(X)
    after = {name: (id(value), joblib.hash(value)) for name, value in transformer.get_params(deep=False).items()}
    assert before == after


# Fitting


def test_fit_returns_the_transformer_and_takes_y(transformer, X):
    assert transformer.fit(X) is transformer
    assert transformer.fit(X, None) is transformer
    assert transformer.fit(X, LABELS) is transformer
    assert transformer.fit(X, y=LABELS) is transformer


def test_what_fit_learned_is_documented(transformer, X):
    learned = set(vars(transformer.fit(X))) - set(transformer.get_params(deep=False))
    public = {name for name in learned if not name.startswith("_")}
    assert public
    documented = type(transformer).__doc__.split("Attributes")[1].split("See Also")[0]
    for name in public:
        assert name.endswith("_")
        assert f"    {name} : " in documented


def test_fitting_twice_is_fitting_once(transformer, X):
    once = clone(transformer).fit(X)
    twice = transformer.fit(X).fit(X)
    assert set(vars(once)) == set(vars(twice))
    assert_same(twice.transform(X), once.transform(X))


@pytest.mark.parametrize("first", CASES)
def test_a_new_fit_forgets_the_old_one(first):
    kind = type(CASES[first][0])
    for transformer, X in CASES.values():
        if type(transformer) is kind:
            fresh = clone(transformer).fit(X)
            used = clone(transformer).set_params(**CASES[first][0].get_params(deep=False)).fit(CASES[first][1])
            used.set_params(**transformer.get_params(deep=False)).fit(X)
            assert set(vars(used)) == set(vars(fresh))
            assert_same(used.transform(X), fresh.transform(X))


def test_fit_transform_is_fit_and_then_transform(transformer, X):
    assert_same(clone(transformer).fit_transform(X, LABELS), transformer.fit(X, LABELS).transform(X))


def test_an_unfitted_transformer_says_so(transformer, X):
    for name in ("transform", "inverse_transform"):
        if hasattr(transformer, name):
            with pytest.raises(NotFittedError, match=f"This {type(transformer).__name__} instance is not fitted yet"):
                getattr(transformer, name)(X)


# Transforming


def test_inputs_and_the_fitted_transformer_are_left_alone(transformer, X):
    kept = joblib.hash(X)
    transformer.fit(X)
    before = state(transformer)
    result = transformer.transform(X)
    if hasattr(transformer, "inverse_transform"):
        given_back = copy.deepcopy(result)
        transformer.inverse_transform(result)
        assert_same(result, given_back)
    assert state(transformer) == before
    assert joblib.hash(X) == kept


def test_writing_into_the_result_leaves_the_input_alone(transformer, X):
    kept = joblib.hash(X)
    result = transformer.fit_transform(X)
    for part in result if result.dtype == object else [result]:
        part[...] = 1
    assert joblib.hash(X) == kept


@pytest.mark.parametrize("rows", [[5, 4, 3, 2, 1, 0], [0, 2, 4], [1], [3, 3]], ids=str)
def test_a_row_gives_the_same_in_any_company(transformer, X, rows):
    transformer.fit(X)
    assert_same(transformer.transform(_safe_indexing(X, rows)), transformer.transform(X)[rows])


def test_the_result_is_a_numeric_array_with_one_row_for_each_input(transformer, X):
    result = transformer.fit_transform(X)
    assert isinstance(result, np.ndarray)
    assert len(result) == len(X)
    assert all(row.dtype.kind in "if" for row in result)


def test_data_frames_are_never_wrapped_around_sequences(transformer, X):
    assert not hasattr(transformer, "set_output")
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(clone(transformer).fit_transform(X), np.ndarray)


def test_there_are_as_many_names_as_features(transformer, X):
    result = transformer.fit_transform(X)
    if hasattr(transformer, "get_feature_names_out"):
        names = transformer.get_feature_names_out()
        assert names.dtype == object
        assert [len(names)] * len(X) == [sequence.shape[1] if sequence.ndim == 2 else 1 for sequence in result]


def test_inverse_transform_gives_one_input_for_each_row(transformer, X):
    result = transformer.fit_transform(X)
    if hasattr(transformer, "inverse_transform"):
        assert len(transformer.inverse_transform(result)) == len(X)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))], ids=["deepcopy", "pickle"])
def test_copies_transform_alike(transformer, X, copied):
    assert repr(copied(transformer)) == repr(transformer)
    expected = transformer.fit_transform(X)
    assert_same(copied(transformer).transform(X), expected)


def test_read_only_memory_maps_will_do(transformer, X, tmp_path):
    joblib.dump(X, tmp_path / "X.joblib")
    mapped = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    assert_same(clone(transformer).fit_transform(mapped), transformer.fit_transform(X))


# Failing


@pytest.mark.parametrize("kind", BAD_INPUTS, ids=lambda kind: kind.__name__)
def test_bad_input_leaves_the_transformer_as_it_was(kind):
    for transformer, X in CASES.values():
        if type(transformer) is kind:
            for bad in BAD_INPUTS[kind]:
                unfitted, fitted = clone(transformer), clone(transformer).fit(X)
                before = state(unfitted), state(fitted)
                for method in (unfitted.fit, unfitted.fit_transform, fitted.fit, fitted.fit_transform):
                    with pytest.raises((ValueError, TypeError)):
                        method(bad)
                assert (state(unfitted), state(fitted)) == before


def test_bad_parameters_leave_the_fit_as_it_was(transformer, X):
    transformer.fit(X)
    for name, value in transformer.get_params(deep=False).items():
        transformer.set_params(**{name: object()})
        before = {key: kept for key, kept in vars(transformer).items() if key != name}
        with pytest.raises(ValueError, match="parameter of"):
            transformer.fit(X)
        assert joblib.hash({key: kept for key, kept in vars(transformer).items() if key != name}) == joblib.hash(before)
        transformer.set_params(**{name: value})


def test_nothing_at_all_is_refused(transformer, X):
    empty = X[:0]
    transformer.fit(X)
    for method in (clone(transformer).fit, transformer.transform):
        with pytest.raises(ValueError, match=r"^Found array with 0 sample\(s\)"):
            method(empty)


# Standing with others


NO_TABLES = (
    TextToSequence,
    TimeDistributed,
    SequenceScaler,
    SequenceImputer,
    SequenceResampler,
    SequenceDifference,
    PatchSequence,
)


def test_every_transformer_is_here():
    public = {getattr(preprocessing, name) for name in preprocessing.__all__}
    transformers = {each for each in public if isinstance(each, type) and issubclass(each, TransformerMixin)}
    assert {type(transformer) for transformer, _ in CASES.values()} == transformers == set(BAD_INPUTS)


def test_tags(transformer):
    tags = get_tags(transformer)
    assert tags.transformer_tags is not None
    assert tags.requires_fit
    assert not tags.target_tags.required
    is_text = isinstance(transformer, TextToSequence)
    assert tags.input_tags.string == is_text
    assert tags.input_tags.three_d_array == (not is_text and not isinstance(transformer, TabularToSequence))
    assert tags.input_tags.two_d_array == (not isinstance(transformer, NO_TABLES))


def test_representations_can_be_made(transformer, X):
    for shown in (transformer, clone(transformer).fit(X)):
        assert repr(shown).startswith(type(shown).__name__ + "(")
        assert type(shown).__name__ in estimator_html_repr(shown)


def test_pipelines_searches_and_folds_take_it(transformer, X):
    pipeline = make_pipeline(transformer, DummyClassifier())
    assert np.isfinite(cross_val_score(clone(pipeline), X, LABELS, cv=2, error_score="raise")).all()
    step = type(transformer).__name__.lower()
    name, value = next(iter(transformer.get_params(deep=False).items()))
    search = GridSearchCV(pipeline, {f"{step}__{name}": [value]}, cv=2, error_score="raise").fit(X, LABELS)
    assert search.predict(X).shape == (6,)


def test_transformers_follow_each_other():
    ids = make_pipeline(TextToSequence(max_length=None), SequencePadder(3)).fit_transform(["a", "b a c d"])
    assert_array_equal(ids, np.array([[1, 4, 0], [1, 5, 4]], dtype=np.int32), strict=True)

    scaler = TimeDistributed(StandardScaler())
    before, after = make_pipeline(SequencePadder(), scaler), make_pipeline(clone(scaler), SequencePadder())
    assert_array_equal(before.fit_transform(RAGGED), after.fit_transform(RAGGED))


def test_no_tensorflow_is_imported():
    code = "import sys, skrnn.preprocessing; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
