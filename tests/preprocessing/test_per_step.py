"""A transformer for every step: fitted on all steps, never on padding."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, Normalizer, OneHotEncoder, StandardScaler

from skrnn.preprocessing import TimeDistributed
from skrnn.preprocessing.padding import pad_sequences
from skrnn.preprocessing.reading import to_object_array

nan = np.nan
numbers = st.floats(-1000, 1000, width=32)
sequences_of_two = st.lists(
    st.integers(0, 4).flatmap(lambda n_steps: npst.arrays("float64", (n_steps, 2), elements=numbers)),
    min_size=1,
    max_size=5,
).filter(lambda sequences: any(map(len, sequences)))


def test_steps_are_scaled_as_rows_of_one_table():
    X = np.arange(12, dtype=float).reshape(2, 3, 2)
    scaler = TimeDistributed(StandardScaler())
    expected = StandardScaler().fit_transform(X.reshape(6, 2)).reshape(2, 3, 2)
    assert_array_equal(scaler.fit_transform(X), expected, strict=True)
    assert scaler.n_features_in_ == 2
    assert_array_equal(scaler.transformer_.mean_, [5, 6])


def test_a_list_gives_an_object_array():
    X = [[[0.0], [1.0]], [], [[4.0]]]
    for given_X in (X, to_object_array([np.array(sequence).reshape(-1, 1) for sequence in X])):
        scaled = TimeDistributed(MinMaxScaler()).fit_transform(given_X)
        assert scaled.dtype == object
        assert [sequence.tolist() for sequence in scaled] == [[[0.0], [0.25]], [], [[1.0]]]
        assert all(sequence.ndim == 2 for sequence in scaled)


def test_equally_long_sequences_of_a_list_still_give_an_object_array():
    assert TimeDistributed(MinMaxScaler()).fit_transform([[[0.0]], [[1.0]]]).shape == (2,)


def test_univariate_sequences_have_one_feature():
    scaled = TimeDistributed(MinMaxScaler()).fit_transform([[0.0, 1.0], [2.0]])
    assert [sequence.tolist() for sequence in scaled] == [[[0.0], [0.5]], [[1.0]]]


def one_hot(columns, **parameters):
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False, **parameters)
    return TimeDistributed(ColumnTransformer([("onehot", encoder, columns)], remainder="passthrough"))


CODES = [np.array([[0.5, 3], [0.6, nan], [0.7, 1]]), np.array([[0.8, 1], [nan, nan]])]
ENCODED = [[[0, 1, 0, 0.5], [0, 0, 1, 0.6], [1, 0, 0, 0.7]], [[1, 0, 0, 0.8], [nan] * 4]]


def test_codes_of_categories():
    """A missing code is a category of its own if fit has seen one; padding is none."""
    for X in (CODES, to_object_array(CODES), [pd.DataFrame(x, columns=["a", "code"]) for x in CODES]):
        for found, expected in zip(one_hot([1]).fit_transform(X), ENCODED, strict=True):
            assert_array_equal(found, expected)
    padded = one_hot([1]).fit_transform(pad_sequences(CODES, value=nan, dtype=float))
    assert_array_equal(padded, [ENCODED[0], [*ENCODED[1], [nan] * 4]])


def test_codes_that_fit_has_not_seen():
    encoder = one_hot([1]).fit([CODES[0][[0, 2]]])
    assert_array_equal(
        encoder.transform([[[0.1, nan], [0.2, 2], [0.3, 3]]])[0], [[0, 0, 0.1], [0, 0, 0.2], [0, 1, 0.3]]
    )


def test_codes_and_their_names_in_frames():
    X = [pd.DataFrame({"code": pd.array([1, None], dtype="Int64"), "a": [0.5, 0.6]}), pd.DataFrame(CODES[1][:1], columns=["code", "a"])]  # fmt: skip # noqa: E501
    encoder = one_hot(["code"], dtype=np.float32).fit(X)
    assert encoder.get_feature_names_out().tolist() == [
        "onehot__code_0.8",
        "onehot__code_1.0",
        "onehot__code_nan",
        "remainder__a",
    ]
    assert_array_equal(encoder.transform(X)[0], [[0, 1, 0, 0.5], [0, 0, 1, 0.6]])
    with pytest.raises(ValueError, match=r"must be in the same order as they were in fit\.$"):
        encoder.transform([x[["a", "code"]] for x in X])
    with pytest.warns(UserWarning, match="X does not have valid feature names") as caught:
        encoder.transform([x.to_numpy(dtype=float) for x in X])
    assert len(caught) == 1


def test_the_transformer_sees_the_names():
    frames = [pd.DataFrame({"a": [1.0, 2.0], "b": [4.0, nan]})]
    scaler = TimeDistributed(StandardScaler()).fit(frames)
    assert scaler.transformer_.feature_names_in_.tolist() == ["a", "b"]
    assert_array_equal(scaler.inverse_transform(scaler.transform(frames))[0], frames[0])
    assert not hasattr(TimeDistributed(StandardScaler()).fit([[[1.0]]]).transformer_, "feature_names_in_")
    reducer = TimeDistributed(PCA(1)).fit([pd.DataFrame(np.eye(2), columns=["a", "b"])])
    assert reducer.get_feature_names_out().tolist() == ["pca0"]
    assert not hasattr(TimeDistributed(FunctionTransformer()), "get_feature_names_out")


def test_padding_is_kept_out_of_fit_and_restored():
    X = np.array([[[nan], [0.0], [4.0]], [[2.0], [nan], [nan]], [[nan], [nan], [nan]]])
    scaler = TimeDistributed(MinMaxScaler())
    assert_array_equal(scaler.fit_transform(X), [[[nan], [0], [1]], [[0.5], [nan], [nan]], [[nan]] * 3])
    assert scaler.transformer_.n_samples_seen_ == 3
    assert_array_equal(scaler.inverse_transform(scaler.transform(X)), X)


def test_padding_of_a_list_stays_where_it_was():
    scaled = TimeDistributed(MinMaxScaler()).fit_transform([[nan, 0.0, 2.0], [1.0, nan]])
    assert_array_equal(scaled[0], [[nan], [0], [1]])
    assert_array_equal(scaled[1], [[0.5], [nan]])


def test_missing_values_inside_a_sequence_are_up_to_the_transformer():
    X = [[[1.0, nan], [3.0, 5.0]], [[2.0, 3.0]]]
    filled = TimeDistributed(SimpleImputer()).fit_transform(X)
    assert_array_equal(filled[0], [[1, 4], [3, 5]])
    with pytest.raises(ValueError, match=r"^Input X contains NaN\.\nPCA does not accept missing values"):
        TimeDistributed(PCA()).fit(X)


def test_the_number_of_features_may_change():
    X = np.random.default_rng(0).normal(size=(4, 5, 3))
    X[2, 3:] = nan
    reducer = TimeDistributed(PCA(n_components=2, random_state=0)).fit(X)
    assert reducer.transform(X).shape == (4, 5, 2)
    assert_array_equal(reducer.transform(np.full((1, 2, 3), nan)), np.full((1, 2, 2), nan))
    assert reducer.transform([[]])[0].shape == (0, 2)
    assert reducer.inverse_transform([[]])[0].shape == (0, 3)


def test_sparse_results_become_dense():
    encoded = TimeDistributed(OneHotEncoder()).fit_transform(np.array([[[3], [5]], [[5], [5]]]))
    assert_array_equal(encoded, [[[1, 0], [0, 1]], [[0, 1], [0, 1]]])


def test_data_frames_of_the_transformer_become_arrays():
    with sklearn.config_context(transform_output="pandas"):
        scaled = TimeDistributed(MinMaxScaler()).fit_transform(np.array([[[0.0], [1.0]]]))
    assert_array_equal(scaled, np.array([[[0.0], [1.0]]]), strict=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floating_types_are_kept(dtype):
    X = np.array([[[0], [1]], [[2], [nan]]], dtype=dtype)
    assert TimeDistributed(StandardScaler()).fit_transform(X).dtype == dtype
    assert TimeDistributed(StandardScaler()).fit(X).transform(X[:1] * nan).dtype == dtype


def test_integer_results_become_floats():
    X = np.array([[[1], [2]]], dtype=np.int32)
    assert_array_equal(TimeDistributed(FunctionTransformer()).fit_transform(X), X.astype(float), strict=True)


def test_each_step_gets_the_target_of_its_sequence():
    rng = np.random.default_rng(0)
    y = np.array([0, 1, 0, 1])
    X = rng.normal(size=(4, 3, 3))
    X[:, :, 1] += 5 * y[:, None]
    X[0, 2] = nan
    chosen = TimeDistributed(SelectKBest(k=1)).fit(X, y)
    assert_array_equal(chosen.transformer_.get_support(), [False, True, False])

    rows = X.reshape(-1, 3)[~np.isnan(X).any(axis=2).ravel()]
    expected = LinearDiscriminantAnalysis().fit_transform(rows, np.repeat(y, [2, 3, 3, 3]))
    found = TimeDistributed(LinearDiscriminantAnalysis()).fit_transform(X, list(y))
    assert_allclose(found[~np.isnan(found).any(axis=2)], expected)


def test_a_weight_is_that_many_sequences():
    X = [[[0.0], [1.0]], [[3.0]], [[5.0], [nan]]]
    weighted = TimeDistributed(StandardScaler()).fit(X, sample_weight=[2, 0, 1])
    repeated = TimeDistributed(StandardScaler()).fit([X[0], X[0], X[2]])
    assert_allclose(weighted.transformer_.mean_, repeated.transformer_.mean_)
    assert_allclose(weighted.transformer_.var_, repeated.transformer_.var_)


def test_weights_can_be_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = TimeDistributed(StandardScaler()).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(scaler).fit([[[0.0]], [[1.0]]], sample_weight=[1, 0])
    assert pipeline[0].transformer_.mean_ == 0


def test_parameters_of_the_transformer_are_parameters():
    scaler = TimeDistributed(StandardScaler())
    assert scaler.get_params()["transformer__with_mean"] is True
    scaler.set_params(transformer__with_mean=False)
    assert scaler.fit([[[3.0]]]).transformer_.mean_ is not None
    assert_array_equal(scaler.transform([[[3.0]]])[0], [[3.0]])


def test_the_transformer_itself_is_not_fitted():
    inner = StandardScaler()
    scaler = TimeDistributed(inner).fit([[[3.0]]])
    assert not hasattr(inner, "mean_")
    assert scaler.transformer_ is not inner


def test_inverse_transform_is_there_if_the_transformer_has_it():
    assert hasattr(TimeDistributed(StandardScaler()), "inverse_transform")
    assert not hasattr(TimeDistributed(Normalizer()), "inverse_transform")


@given(sequences_of_two)
def test_padding_changes_nothing(sequences):
    dense = pad_sequences(sequences, max_length=6, value=nan, dtype=float)
    one, other = TimeDistributed(MinMaxScaler()), TimeDistributed(MinMaxScaler())
    for alone, padded in zip(one.fit_transform(sequences), other.fit_transform(dense), strict=True):
        assert_array_equal(alone, padded[: len(alone)])
        assert np.isnan(padded[len(alone) :]).all()


@given(sequences_of_two)
def test_inverse_transform_gives_the_sequences_back(sequences):
    scaler = TimeDistributed(StandardScaler())
    restored = scaler.inverse_transform(scaler.fit_transform(sequences))
    for before, after in zip(sequences, restored, strict=True):
        assert_allclose(after, before, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (
            np.ones((2, 3)),
            ValueError,
            "Expected X to be a 3-D array or a list of sequences, got a 2-D array of shape (2, 3). Reshape your data: "
            "X[:, :, np.newaxis] has one feature per step. To transform the columns of a table, use the "
            "transformer without TimeDistributed.",
        ),
        ([[], [[nan, nan]]], ValueError, "X holds no steps: all of its sequences are empty or padding."),
        (
            [[["a"]]],
            ValueError,
            "Sequence 0 of X holds values of type <U1; expected real numbers. astype(float) converts texts such as "
            "'1.5'.",
        ),
        ([[[1.0]], [[1.0, 2.0]]], ValueError, "Sequence 1 of X has 2 features per step, but sequence 0 of X has 1."),
    ],
)
def test_messages_for_bad_sequences(X, error, message):
    with pytest.raises(error) as caught:
        TimeDistributed(StandardScaler()).fit(X)
    assert str(caught.value) == message


def test_messages_for_another_number_of_features():
    reducer = TimeDistributed(PCA(n_components=1)).fit(np.eye(4).reshape(2, 2, 4))
    with pytest.raises(ValueError, match=r"^X has 3 features, but TimeDistributed is expecting 4 features as input\.$"):
        reducer.transform(np.ones((1, 2, 3)))
    with pytest.raises(
        ValueError, match=r"^X has 2 features per step, but TimeDistributed transforms 4 features into 1\.$"
    ):
        reducer.inverse_transform(np.ones((1, 2, 2)))


def test_messages_for_targets_and_weights():
    scaler = TimeDistributed(StandardScaler())
    with pytest.raises(ValueError, match=r"Found input variables with inconsistent numbers of samples: \[2, 3\]"):
        scaler.fit([[[1.0]], [[2.0]]], [0, 1, 1])
    with pytest.raises(ValueError, match=r"Found input variables with inconsistent numbers of samples: \[2, 1\]"):
        scaler.fit([[[1.0]], [[2.0]]], sample_weight=[1])
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'sample_weight'"):
        TimeDistributed(PCA()).fit([[[1.0]], [[2.0]]], sample_weight=[1, 1])


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (
            "scaler",
            "The 'transformer' parameter of TimeDistributed must be an object implementing 'fit' and 'transform'. Got "
            "'scaler' instead.",
        ),
        (
            FunctionTransformer(lambda rows: rows[0]),
            "The transformer turned 1 steps into an array of shape (2,); expected one row per step.",
        ),
    ],
)
def test_messages_for_bad_transformers(transformer, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        TimeDistributed(transformer).fit(np.ones((2, 2, 2)))
    found = str(caught.value).replace("'transform' and 'fit'", "'fit' and 'transform'")
    assert found == message
