"""Transformers of whole sequences: scaler, imputer, resampler, differences and patches, and what they share."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skrnn.preprocessing import (
    PatchSequence,
    SequenceDifference,
    SequenceImputer,
    SequencePadder,
    SequenceResampler,
    SequenceScaler,
    TabularToSequence,
    TimeDistributed,
)
from skrnn.preprocessing.padding import pad_sequences
from skrnn.preprocessing.reading import to_object_array

nan = np.nan
numbers = st.floats(-1000, 1000, width=32)
sequences_of_two = st.lists(
    st.integers(3, 7).flatmap(lambda n_steps: npst.arrays("float64", (n_steps, 2), elements=numbers)),
    min_size=1,
    max_size=5,
)
TRANSFORMERS = [
    SequenceScaler(),
    SequenceScaler("minmax"),
    SequenceScaler("center"),
    SequenceImputer(),
    SequenceImputer("linear", add_indicator=True),
    SequenceResampler(4),
    SequenceDifference(),
    SequenceDifference(2),
    PatchSequence(2),
    PatchSequence(3, stride=2),
]


def one_feature(X):
    return np.array(X, dtype=float)[:, :, np.newaxis]


def features(result):
    return [sequence.T.tolist() for sequence in result]


# What all of them share


@given(sequences=sequences_of_two, n_before=st.integers(0, 3), n_after=st.integers(0, 3))
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_padding_changes_nothing(transformer, sequences, n_before, n_after):
    padding = np.full((1, 2), nan)
    padded = [np.concatenate([padding.repeat(n_before, 0), x, padding.repeat(n_after, 0)]) for x in sequences]
    alone = clone(transformer).fit_transform(sequences)
    for plain, result in zip(alone, clone(transformer).fit_transform(padded), strict=True):
        real = ~np.isnan(result).all(axis=1)
        assert_array_equal(result[real], plain)
        if real.any() and n_before == 0:
            assert real[: len(plain)].all()
        if real.any() and n_after == 0:
            assert real[len(result) - len(plain) :].all()
    dense = clone(transformer).fit_transform(pad_sequences(sequences, max_length=9, value=nan, dtype=float))
    assert dense.ndim == 3
    for plain, result in zip(alone, dense, strict=True):
        assert_array_equal(result[: len(plain)], plain)
        assert np.isnan(result[len(plain) :]).all()


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_arrays_lists_and_frames_give_the_same_numbers(transformer):
    X = np.random.default_rng(0).normal(size=(4, 6, 2))
    array = clone(transformer).fit_transform(X)
    forms = [list(X), X.tolist(), to_object_array(list(X)), [pd.DataFrame(x, columns=["a", "b"]) for x in X]]
    for form in forms:
        result = clone(transformer).fit_transform(form)
        assert result.dtype == object
        assert result.shape == (4,)
        assert_array_equal(np.stack(result), array)


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_single_numbers_are_steps_of_one_feature(transformer):
    X = [[1.0, 2.0, 5.0, 4.0], [3.0, 3.0, 1.0]]
    result, expected = (clone(transformer).fit_transform(x) for x in (X, [np.array(x)[:, np.newaxis] for x in X]))
    assert [x.tolist() for x in result] == [x.tolist() for x in expected]


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float64", "float64"),
        ("float32", "float32"),
        ("float16", "float32"),
        ("uint8", "float32"),
        ("bool", "float32"),
        ("int64", "float64"),
    ],
)
def test_types(transformer, dtype, expected):
    X = np.random.default_rng(0).integers(0, 2, (3, 5, 2)).astype(dtype)
    assert clone(transformer).fit_transform(X).dtype == expected
    assert {x.dtype.name for x in clone(transformer).fit_transform(list(X))} == {expected}


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_sequences_without_steps_stay_so(transformer):
    X = np.random.default_rng(0).normal(size=(3, 5, 2))
    transformer = clone(transformer).fit(X)
    lost = np.full((5, 2), nan)
    assert np.isnan(transformer.transform(np.stack([lost, lost]))).all()
    assert transformer.transform(np.stack([X[0], lost])).shape == transformer.transform(X[:2]).shape
    result = transformer.transform([np.empty((0, 2)), X[0]])
    assert result[0].shape == (0, result[1].shape[1])


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_messages_for_bad_input(transformer):
    table = "Expected X to be a 3-D array or a list of sequences, got a 2-D array of shape (2, 3). Reshape your data: "
    for X, message in (
        (np.ones((2, 3)), table + "X[:, :, np.newaxis] has one feature per step."),
        ([[nan], []], "X holds no steps: all of its sequences are empty or padding."),
        (
            [[[nan, nan], [1.0, 2.0], [nan, np.inf]]],
            "Input X contains infinity or a value too large for dtype('float64'): sequence 0 of X at step 2.",
        ),
        ([[[1.0]], [[1.0, 2.0]]], "Sequence 1 of X has 2 features per step, but sequence 0 of X has 1."),
    ):
        if "infinity" in message and not clone(transformer)._allows_nan:
            message = (
                "Input X contains NaN: sequence 0 of X at step 2. Only whole steps of NaN at either edge of a "
                "sequence are read as padding; SequenceImputer fills in other missing values."
            )
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            clone(transformer).fit(X)
        assert str(caught.value) == message
    with pytest.raises(TypeError, match="Expected X to be an array or a list of sequences, got array"):
        clone(transformer).fit(np.array(1.0))
    name = type(transformer).__name__
    with pytest.raises(ValueError, match=f"^X has 3 features, but {name} is expecting 2 features as input\\.$"):
        clone(transformer).fit(np.ones((2, 5, 2))).transform(np.ones((2, 5, 3)))


# Feature names

NAMED = [
    *TRANSFORMERS,
    SequenceResampler(interval=1, time="a"),
    SequencePadder(),
    TimeDistributed(StandardScaler()),
]


@pytest.mark.parametrize("transformer", NAMED, ids=repr)
def test_names_are_a_contract(transformer):
    rng = np.random.default_rng(0)
    frames = [pd.DataFrame(rng.random((n, 2)).cumsum(axis=0), columns=["a", "b"]) for n in (5, 3, 4)]
    transformer = clone(transformer).fit(frames)
    assert transformer.feature_names_in_.tolist() == ["a", "b"]
    expected = transformer.transform(frames)
    for method in (transformer.transform, lambda X: clone(transformer).fit(frames).transform(X)):
        with pytest.raises(ValueError, match=r"must be in the same order as they were in fit\.$"):
            method([frame[["b", "a"]] for frame in frames])
        with pytest.raises(ValueError, match=r"Feature names unseen at fit time:\n- c"):
            method([frame.rename(columns={"b": "c"}) for frame in frames])
        with pytest.raises(ValueError, match="Sequence 1 of X has the feature names"):
            method([frames[0], frames[1][["b", "a"]]])
    with pytest.warns(UserWarning, match="X does not have valid feature names, but .* was fitted with feature names"):
        unnamed = transformer.transform([frame.to_numpy() for frame in frames])
    for one, other in zip(unnamed, expected, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("transformer", "expected"),
    [
        (SequenceScaler(), ["a", "b"]),
        (SequenceResampler(3), ["a", "b"]),
        (SequenceDifference(), ["a", "b"]),
        (SequencePadder(), ["a", "b"]),
        (SequenceImputer(), ["a", "b"]),
        (SequenceImputer(add_indicator=True), ["a", "b", "missingindicator_b"]),
        (PatchSequence(3), ["a_t0", "b_t0", "a_t1", "b_t1", "a_t2", "b_t2"]),
        (TimeDistributed(StandardScaler()), ["a", "b"]),
        (make_pipeline(SequenceImputer(), TimeDistributed(MinMaxScaler()), PatchSequence(1)), ["a_t0", "b_t0"]),
    ],
    ids=lambda value: None if isinstance(value, list) else repr(value)[:40],
)
def test_names_of_the_result(transformer, expected):
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    with_hole = values.copy()
    if "Imputer" in repr(transformer):
        with_hole[1, 1] = nan
    X = [pd.DataFrame(x, columns=["a", "b"]) for x in (values, with_hole)]
    result = clone(transformer).fit(X)
    assert result.get_feature_names_out().tolist() == expected
    assert result.transform(X)[0].shape[1] == len(expected)
    unnamed = clone(transformer).fit([values, with_hole]).get_feature_names_out()
    assert unnamed.tolist() == [name.replace("a", "x0").replace("b", "x1") if len(name) < 5 else "missingindicator_x1" for name in expected]  # fmt: skip # noqa: E501
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        result.get_feature_names_out(["b", "a"])


def test_names_of_the_features_of_a_table():
    wide = pd.DataFrame(np.zeros((2, 4)), columns=["rain_t1", "temp_t0", "rain_t0", "temp_t1"])
    assert TabularToSequence().fit(wide).get_feature_names_out().tolist() == ["rain", "temp"]
    assert TabularToSequence(2, order="time").fit(wide).get_feature_names_out().tolist() == ["x0", "x1"]
    assert TabularToSequence(4).fit(np.zeros((2, 4))).get_feature_names_out().tolist() == ["x0"]
    monthly = TabularToSequence(name_pattern="{step}").fit(pd.DataFrame({"1": [0.0], "2": [0.0]}))
    assert monthly.get_feature_names_out().tolist() == ["x0"]
    chain = make_pipeline(TabularToSequence(), TimeDistributed(StandardScaler()), PatchSequence(2)).fit(wide)
    assert chain.get_feature_names_out().tolist() == ["rain_t0", "temp_t0", "rain_t1", "temp_t1"]
    assert SequencePadder().fit(wide).get_feature_names_out().tolist() == ["x0"]


# SequenceScaler


def test_each_sequence_is_scaled_by_its_own_values():
    X = [[[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]], [[100.0, -1.0], [300.0, 1.0]]]
    root = np.sqrt(8 / 3)
    standard = SequenceScaler().fit_transform(X)
    assert_allclose(standard[0], np.array([[-2, -10], [0, -10], [2, 20]]) / [root, np.sqrt(200)])
    assert_allclose(standard[1], [[-1, -1], [1, 1]])
    assert_allclose(SequenceScaler("minmax").fit_transform(X)[0], [[0, 0], [0.5, 0], [1, 1]])
    assert_allclose(SequenceScaler("center").fit_transform(X)[1], [[-100, -1], [100, 1]])


@given(sequences_of_two)
def test_the_scaler_agrees_with_scikit_learn(sequences):
    for method, scaler in (("standard", StandardScaler()), ("minmax", MinMaxScaler())):
        for sequence, scaled in zip(sequences, SequenceScaler(method).fit_transform(sequences), strict=True):
            if (sequence.std(axis=0) > 1e-3).all():
                assert_allclose(scaled, scaler.fit_transform(sequence), atol=1e-9)


@pytest.mark.parametrize("method", ["standard", "minmax", "center"])
def test_constant_features_become_zero(method):
    # The mean of these values differs from them by rounding.
    for value in (0.1, 1e-200, 1e150, 7.3, 0.0):
        X = np.full((1, 10, 1), value)
        assert_array_equal(SequenceScaler(method).fit_transform(X), np.zeros((1, 10, 1)))
    assert_array_equal(SequenceScaler(method).fit_transform([[5.0], [nan, 3.0]])[0], [[0]])
    rounded = np.array([[0.1 + 0.2, 0.3, 0.3]])  # 0.30000000000000004
    assert_array_equal(SequenceScaler(method).fit_transform(rounded[:, :, np.newaxis]), np.zeros((1, 3, 1)))


@pytest.mark.parametrize("size", [1e-200, 1e-30, 1.0, 1e30, 1e200])
def test_scale_does_not_matter(size):
    assert_allclose(SequenceScaler().fit_transform(one_feature([[size, 3 * size]]))[0, :, 0], [-1, 1])


@pytest.mark.parametrize("method", ["standard", "minmax", "center"])
def test_missing_values_are_left_out_and_kept(method):
    known = SequenceScaler(method).fit_transform([[1.0, 2.0, 6.0]])[0][:, 0]
    X = [[[1.0, nan], [nan, nan], [2.0, nan], [6.0, nan], [nan, 3.0]]]
    scaled = SequenceScaler(method).fit_transform(X)[0]
    assert_array_equal(scaled[:, 0], [known[0], nan, known[1], known[2], nan])
    assert_array_equal(scaled[:, 1], [nan, nan, nan, nan, 0])


# SequenceImputer

HOLES = [
    np.array([[nan, 1.0], [2.0, nan], [nan, nan], [nan, 4.0], [8.0, nan]]),
    np.array([[nan, 6.0], [nan, nan], [nan, 12.0]]),
]


def test_forward_takes_the_last_known_value():
    first, second = SequenceImputer().fit_transform(HOLES)
    # Feature 0 has the mean 5, which comes before its first known value: no step knows of a later one.
    assert_array_equal(first, [[5, 1], [2, 1], [2, 1], [2, 4], [8, 4]])
    assert_array_equal(second, [[5, 6], [5, 6], [5, 12]])


def test_forward_never_looks_ahead():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1, 30, 3))
    X[rng.random(X.shape) < 0.5] = nan
    X[0, 0, 0], X[0, :, 2][rng.random(30) < 0.5] = 1, 0
    imputer = SequenceImputer().fit(X)
    whole = imputer.transform(X)
    for n_steps in range(1, 30):
        start = X[:, :n_steps]
        if not np.isnan(start[0, -1]).all():  # it would be read as padding
            assert_array_equal(imputer.transform(start), whole[:, :n_steps])


def test_linear_joins_the_known_values():
    first, second = SequenceImputer("linear").fit_transform(HOLES)
    assert_array_equal(first, [[2, 1], [2, 2], [4, 3], [6, 4], [8, 4]])
    assert_array_equal(second, [[5, 6], [5, 9], [5, 12]])


def test_linear_agrees_with_pandas():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 3)) for n in (20, 9, 14)]
    for x in X:
        x[rng.random(x.shape) < 0.4] = nan
        x[[0, -1], 0] = 1
        x[5, 1:] = 2
    for x, filled in zip(X, SequenceImputer("linear").fit_transform(X), strict=True):
        assert_allclose(filled, pd.DataFrame(x).interpolate(limit_direction="both"))
    for x, filled in zip(X, SequenceImputer().fit_transform(X), strict=True):
        means = np.nanmean(np.concatenate(X), axis=0)
        assert_allclose(filled, pd.DataFrame(x).ffill().fillna(dict(enumerate(means))))


def test_what_fit_has_not_seen_does_not_matter():
    imputer = SequenceImputer().fit(HOLES)
    assert_array_equal(imputer.statistics_, [5, (1 + 4 + 6 + 12) / 4])
    later = imputer.transform([[[nan, 100.0], [nan, 200.0]]])[0]
    assert_array_equal(later, [[5, 100], [5, 200]])


def test_fill_value():
    imputer = SequenceImputer(fill_value=-1).fit([[[nan, 1.0]]])
    assert_array_equal(imputer.transform([[[nan, 1.0]]])[0], [[-1, 1]])
    assert_array_equal(imputer.statistics_, [-1, -1])
    for X, name in (([[[nan, 1.0]]], "0"), ([pd.DataFrame({"a": [nan], "b": [1.0]})], "'a'")):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            SequenceImputer().fit(X)
        assert str(caught.value) == (
            f"Feature {name} of X is missing at all steps of all sequences, so it has no mean. Leave it out, or set "
            "fill_value."
        )
    for wrong in (nan, np.inf):
        with pytest.raises(ValueError, match="The 'fill_value' parameter of SequenceImputer must be"):
            SequenceImputer(fill_value=wrong).fit(HOLES)


def test_indicators_are_of_the_features_that_fit_found_missing():
    imputer = SequenceImputer(add_indicator=True).fit([[[1.0, nan, 3.0], [2.0, 2.0, 3.0]]])
    assert imputer.indicator_features_.tolist() == [1]
    result = imputer.transform([[[1.0, nan, 3.0], [nan, 7.0, 3.0], [nan, nan, nan]]])[0]
    assert_array_equal(result, [[1, 2, 3, 1], [1, 7, 3, 0], [nan] * 4])
    assert imputer.set_params(add_indicator=False).fit(HOLES).indicator_features_.size == 0


def test_missing_values_of_frames():
    X = [pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": [1.0, 2.0, 3.0]})]
    assert_array_equal(SequenceImputer("linear").fit_transform(X)[0], [[1, 1], [2, 2], [3, 3]])


# SequenceResampler


def test_relative_time():
    X = [[[0.0, 10.0], [1.0, 10.0], [4.0, 40.0]], [[2.0, 2.0]], [[0.0, 1.0], [8.0, 5.0]]]
    first, second, third = SequenceResampler(5).fit_transform(X)
    assert_array_equal(first, [[0, 10], [0.5, 10], [1, 10], [2.5, 25], [4, 40]])
    assert_array_equal(second, [[2, 2]] * 5)
    assert_array_equal(third, [[0, 1], [2, 2], [4, 3], [6, 4], [8, 5]])


@given(sequences=sequences_of_two, n_steps=st.integers(2, 12))
def test_relative_time_agrees_with_numpy(sequences, n_steps):
    for sequence, result in zip(sequences, SequenceResampler(n_steps).fit_transform(sequences), strict=True):
        places = np.linspace(0, len(sequence) - 1, n_steps)
        expected = [np.interp(places, np.arange(len(sequence)), feature) for feature in sequence.T]
        assert_allclose(result.T, expected, atol=1e-9)
        assert_array_equal(result[[0, -1]], sequence[[0, -1]])


def test_a_common_interval():
    X = [[[0.0, 0.0], [1.0, 10.0], [3.0, 30.0]], [[5.0, 1.0], [5.9, 1.9]], [[7.0, 3.0]]]
    first, second, third = SequenceResampler(interval=0.5, time=0).fit_transform(X)
    assert_array_equal(first, [[t, 10 * t] for t in np.arange(0, 3.5, 0.5)])
    assert_allclose(second, [[5, 1], [5.5, 1.5]])
    assert_array_equal(third, [[7, 3]])
    padded = SequencePadder(padding="pre").fit_transform(X)
    for one, other in zip(SequenceResampler(interval=0.5, time=-2).fit_transform(padded), (first, second, third), strict=True):  # fmt: skip # noqa: E501
        assert_array_equal(one, other)


@pytest.mark.parametrize(("interval", "n_steps"), [(0.1, 31), (0.3, 11), (1 / 3, 10), (3.0, 2), (3.1, 1)])
def test_rounding_loses_no_step(interval, n_steps):
    times = np.arange(31) * 0.1  # 3.0000000000000004 at the end
    result = SequenceResampler(interval=interval, time=0).fit_transform([np.stack([times, times], axis=1)])[0]
    assert len(result) == n_steps
    assert_allclose(result[:, 1], np.arange(n_steps) * interval)


@pytest.mark.parametrize(("start", "dtype"), [(1.7e9, "float64"), (0, "float32"), (100, "float32")])
def test_rounded_times_lose_no_step(start, dtype):
    """Thirty intervals of 0.1, whose sum is less than 3 by rounding in some of these."""
    for offset in np.linspace(0, 1, 50):
        times = (start + offset + np.arange(31) * 0.1).astype(dtype)
        assert len(SequenceResampler(interval=0.1, time=0).fit_transform(times.reshape(1, 31, 1))[0]) == 31


def test_unequal_times_to_a_number_of_steps():
    frame = pd.DataFrame({"value": [0.0, 2.0, 4.0], "seconds": [10.0, 12.0, 16.0]})
    result = SequenceResampler(4, time="seconds").fit_transform([frame])[0]
    assert_allclose(result, [[0, 10], [2, 12], [3, 14], [4, 16]])
    assert SequenceResampler(4, time=-1).fit([frame]).time_index_ == 1


@pytest.mark.parametrize(
    ("resampler", "X", "message"),
    [
        (
            SequenceResampler(),
            [[1.0]],
            "SequenceResampler needs n_steps or interval, and not both. Got n_steps=None and interval=None.",
        ),
        (
            SequenceResampler(3, interval=1, time=0),
            [[1.0]],
            "SequenceResampler needs n_steps or interval, and not both. Got n_steps=3 and interval=1.",
        ),
        (
            SequenceResampler(interval=1),
            [[1.0]],
            "The 'time' parameter of SequenceResampler must name the feature that holds the time if interval is set. "
            "Got None.",
        ),
        (
            SequenceResampler(2, time=1),
            [[1.0]],
            "time=1 is not the index of a feature of X, which has 1 features.",
        ),
        (
            SequenceResampler(2, time="t"),
            [pd.DataFrame({"a": [1.0]})],
            "time='t' is not a feature of X, which has the features ['a'].",
        ),
        (
            SequenceResampler(2, time="t"),
            [[1.0]],
            "time='t' is not a feature of X, which has no feature names; pass an index.",
        ),
        (
            SequenceResampler(2, time=0),
            [[1.0, 2.0], [1.0, 2.0, 2.0]],
            "The times of a sequence must increase, but in sequence 1 of X, 2.0 follows 2.0. Sort the steps by time, "
            "and drop repeated ones. If times are large, such as seconds since 1970, pass X as float64.",
        ),
    ],
)
def test_messages_for_bad_resampling(resampler, X, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        resampler.fit_transform(X)
    assert str(caught.value) == message


# SequenceDifference


@given(sequences=sequences_of_two, order=st.integers(1, 2))
def test_differences_agree_with_numpy(sequences, order):
    for sequence, result in zip(sequences, SequenceDifference(order).fit_transform(sequences), strict=True):
        assert_array_equal(result, np.diff(sequence, n=order, axis=0), strict=True)


def test_differences_of_bytes_are_negative_too():
    X = np.array([[[200], [100], [255]]], dtype=np.uint8)
    assert_array_equal(SequenceDifference().fit_transform(X)[0], np.array([[-100], [155]], np.float32), strict=True)


def test_padding_of_differences_stays_on_its_side():
    X = one_feature([[nan, 1, 3, nan, nan], [1, 2, 4, 7, nan]])
    assert_array_equal(SequenceDifference().fit_transform(X)[:, :, 0], [[nan, 2, nan, nan], [1, 2, 3, nan]])


def test_too_short_for_differences():
    for X in ([[1.0, 2.0, 3.0], [1.0, 2.0]], one_feature([[1, 2, 3], [1, 2, nan]])):
        with pytest.raises(ValueError, match=r"^Sequence 1 of X has 2 steps, but order=2 requires at least 3\.$"):
            SequenceDifference(2).fit(X)
        fitted = SequenceDifference(2).fit(X[:1])
        with pytest.raises(ValueError, match=r"^Sequence 1 of X has 2 steps, but order=2 requires at least 3\.$"):
            fitted.transform(X)


# PatchSequence


def test_steps_are_joined():
    X = np.arange(12.0).reshape(1, 6, 2)
    assert_array_equal(PatchSequence(3).fit_transform(X), [[range(6), range(6, 12)]])
    assert_array_equal(PatchSequence(2, stride=1).fit_transform(X)[0, 1], [2, 3, 4, 5])
    assert PatchSequence(5).fit_transform(np.zeros((2, 150, 1))).shape == (2, 30, 5)


def test_the_last_patch_is_filled_up_with_the_last_step():
    assert features(PatchSequence(3).fit_transform([[1.0, 2, 3, 4], [5.0]])) == [
        [[1, 4], [2, 4], [3, 4]],
        [[5], [5], [5]],
    ]
    # A patch that only repeats what the one before it has is not made.
    assert features(PatchSequence(3, stride=2).fit_transform([[1.0, 2, 3, 4, 5], [1.0, 2, 3, 4]])) == [
        [[1, 3], [2, 4], [3, 5]],
        [[1, 3], [2, 4], [3, 4]],
    ]


def test_patches_hold_no_padding():
    X = one_feature([[nan, nan, 1, 2, 3, nan], [1, 2, 3, 4, 5, 6], [nan, nan, nan, nan, 1, 2]])
    expected = [
        [[1, 2], [3, 3], [nan, nan]],
        [[1, 2], [3, 4], [5, 6]],
        [[nan, nan], [nan, nan], [1, 2]],
    ]
    assert_array_equal(PatchSequence(2).fit_transform(X), expected)


@given(sequences=sequences_of_two, patch_length=st.integers(1, 6), data=st.data())
def test_patches_can_be_undone(sequences, patch_length, data):
    stride = data.draw(st.integers(1, patch_length))
    patches = PatchSequence(patch_length, stride=stride)
    joined = patches.fit_transform(sequences)
    for sequence, its_patches, restored in zip(sequences, joined, patches.inverse_transform(joined), strict=True):
        starts = range(0, max(len(sequence) - patch_length, 0) + stride, stride)
        expected = [
            [sequence[min(start + step, len(sequence) - 1)] for step in range(patch_length)]
            for start in starts
            if start == 0 or start - stride + patch_length < len(sequence)
        ]
        assert_array_equal(its_patches, np.array(expected).reshape(len(expected), -1))
        assert_array_equal(restored[: len(sequence)], sequence)
        assert_array_equal(restored[len(sequence) :], sequence[-1:].repeat(len(restored) - len(sequence), axis=0))
        assert len(restored) - len(sequence) < max(stride, patch_length)


def test_messages_for_bad_patches():
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        PatchSequence(2, stride=3).fit([[1.0]])
    assert str(caught.value) == (
        "The 'stride' parameter of PatchSequence must be at most patch_length=2, so that each step is in a patch. "
        "Got 3."
    )
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        PatchSequence(2).fit(np.ones((1, 4, 3))).inverse_transform(np.ones((1, 2, 5)))
    assert str(caught.value) == (
        "X has 5 features per step, but PatchSequence joins 2 steps of 3 features into one step of 6."
    )


# Ranges


@pytest.mark.parametrize(
    ("transformer", "X", "place"),
    [
        (SequenceDifference(), [[[0.0], [1.0]], [[-1e308], [1e308]]], "sequence 1 of X at step 0"),
        (SequenceDifference(), np.float32([[[-3e38], [3e38]]]), "sequence 0 of X at step 0"),
        (SequenceResampler(3), [[[-1e308], [1e308]]], "sequence 0 of X at step 0"),
        (SequenceScaler(), np.longdouble([[[1.0], [2.0]]]) * np.longdouble("1e400"), "sequence 0 of X at step 0"),
    ],
)
def test_values_that_become_too_large_are_an_error(transformer, X, place):
    with pytest.raises(ValueError, match=rf"The values of {place} become too large for float(32|64) in Sequence"):
        transformer.fit_transform(X)


@pytest.mark.parametrize("value", [10**400, Fraction(1, 3)])
def test_fill_values_are_numbers_that_a_float_holds(value):
    with pytest.raises(ValueError, match="The 'fill_value' parameter of SequenceImputer must be"):
        SequenceImputer(fill_value=value).fit([[[np.nan, 1.0]]])


@pytest.mark.parametrize("size", [1.0, 1e300])
def test_large_values_are_scaled_and_averaged_like_others(size):
    X = np.array([[[1.0], [1.5], [1.25], [np.nan]], [[-0.5], [1.7], [1.6], [1.0]]])
    large = X * size * 1e8
    for scaler in (SequenceScaler(), SequenceScaler("minmax")):
        assert_allclose(scaler.fit_transform(large), scaler.fit_transform(X), rtol=1e-12)
    centered = SequenceScaler("center").fit_transform(large)
    assert_allclose(centered, SequenceScaler("center").fit_transform(X) * size * 1e8, rtol=1e-12)
    imputer = SequenceImputer().fit(large)
    assert_allclose(imputer.statistics_, SequenceImputer().fit(X).statistics_ * size * 1e8, rtol=1e-12)
