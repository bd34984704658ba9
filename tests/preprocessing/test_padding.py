"""Padding: what is put where, what is read as padding, and that no step is lost on the way."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn.preprocessing import SequencePadder
from skrnn.preprocessing.padding import Steps, is_finite, pad_sequences, stack_steps
from skrnn.preprocessing.reading import read, to_object_array

nan = np.nan
id_lists = st.lists(st.lists(st.integers(1, 1000), max_size=6), min_size=1, max_size=6)
sides = st.sampled_from(["pre", "post"])


# pad_sequences


@pytest.mark.parametrize(
    ("padding", "truncating", "expected"),
    [
        ("post", "post", [[1, 0], [2, 3], [4, 5]]),
        ("post", "pre", [[1, 0], [2, 3], [5, 6]]),
        ("pre", "post", [[0, 1], [2, 3], [4, 5]]),
        ("pre", "pre", [[0, 1], [2, 3], [5, 6]]),
    ],
)
def test_sides_of_padding_and_truncation(padding, truncating, expected):
    padded = pad_sequences(
        [[1], [2, 3], [4, 5, 6]], max_length=2, padding=padding, truncating=truncating, value=0, dtype="int32"
    )
    assert_array_equal(padded, np.array(expected, dtype="int32"), strict=True)


def test_without_a_length_the_longest_sequence_decides():
    padded = pad_sequences([[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]], value=nan, dtype="float32")
    expected = np.array([[[1, 2], [nan, nan]], [[3, 4], [5, 6]]], dtype="float32")
    assert_array_equal(padded, expected, strict=True)


def test_sequences_without_steps_are_all_padding():
    assert_array_equal(pad_sequences([[], [1]], value=0, dtype=int), [[0], [1]])
    assert_array_equal(pad_sequences([[], []], max_length=2, value=0, dtype=int), [[0, 0], [0, 0]])
    assert pad_sequences([np.empty((0, 3))], max_length=2, value=0, dtype=int).shape == (1, 2, 3)
    assert pad_sequences([], max_length=2, value=0, dtype=int).shape == (0, 2)


@given(id_lists, st.integers(1, 8), sides, sides)
def test_padding_follows_the_definition(sequences, max_length, padding, truncating):
    padded = pad_sequences(
        sequences, max_length=max_length, padding=padding, truncating=truncating, value=0, dtype="int64"
    )
    for row, sequence in zip(padded.tolist(), sequences, strict=True):
        kept = sequence[-max_length:] if truncating == "pre" else sequence[:max_length]
        fill = [0] * (max_length - len(kept))
        assert row == (fill + kept if padding == "pre" else kept + fill)


# Steps


def test_steps_at_the_edges_that_are_all_nan_are_padding():
    X = np.array([[[nan, nan], [1, nan], [nan, nan], [2, 3], [nan, nan]], [[nan, nan]] * 5])
    steps = stack_steps(read(X).rows())
    assert_array_equal(steps.real().reshape(2, 5), [[False, True, True, True, False], [False] * 5])


def test_integer_steps_are_never_padding():
    assert stack_steps([np.array([[0, 0], [1, 0]])]).real().all()


@given(st.lists(st.lists(st.sampled_from([nan, 1.0]), max_size=6), min_size=1, max_size=5))
def test_real_steps_follow_the_definition(sequences):
    steps = Steps(np.array([[v] for s in sequences for v in s]).reshape(-1, 1), np.array([len(s) for s in sequences]))
    for values, real in zip(sequences, steps.split(steps.real()), strict=True):
        numbers = np.flatnonzero(~np.isnan(values)) if values else []
        expected = [len(numbers) > 0 and numbers[0] <= i <= numbers[-1] for i in range(len(values))]
        assert real.tolist() == expected


def test_a_step_is_named_by_its_sequence_and_its_place():
    steps = Steps(np.zeros((5, 1)), np.array([2, 0, 3]))
    assert [steps.where(i) for i in range(5)] == [
        *("sequence 0 of X at step 0", "sequence 0 of X at step 1"),
        *("sequence 2 of X at step 0", "sequence 2 of X at step 1", "sequence 2 of X at step 2"),
    ]


def test_steps_are_padded_anew_at_the_end():
    X = np.array([[[nan], [1.0], [2.0], [nan]], [[3.0], [4.0], [5.0], [nan]]])
    steps = stack_steps(X)
    assert_array_equal(steps.without_padding().lengths, [2, 3])
    sequences = steps.to_sequences(nan, np.float32)
    expected = np.array([[[1], [2], [nan]], [[3], [4], [5]]], dtype=np.float32)
    assert_array_equal(sequences.values, expected, strict=True)
    assert sequences.masked


def test_an_array_and_a_list_of_its_rows_have_the_same_steps():
    X = np.arange(24.0).reshape(2, 4, 3)
    for array in (X, X[:, :, 0]):
        one, other = stack_steps(array), stack_steps(list(array))
        assert_array_equal(one.values, other.values, strict=True)
        assert_array_equal(one.lengths, other.lengths, strict=True)


# SequencePadder: the forms


def test_sequences_of_features_are_padded_with_nan():
    padder = SequencePadder().fit([[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]])
    assert (padder.form_, padder.max_length_, padder.n_features_in_) == ("sequences", 2, 2)
    expected = np.array([[[1.0, 2.0], [3.0, 4.0]], [[7.0, 8.0], [nan, nan]]])
    assert_array_equal(padder.transform([[[1, 2], [3, 4], [5, 6]], [[7.0, 8.0]]]), expected, strict=True)


def test_univariate_sequences_get_one_feature():
    padder = SequencePadder().fit([[0.5], [1.5, 2.5]])
    assert (padder.form_, padder.n_features_in_) == ("sequences", 1)
    assert_array_equal(padder.transform([[0.5], [1.5, 2.5]]), [[[0.5], [nan]], [[1.5], [2.5]]])


def test_integer_sequences_are_ids():
    padder = SequencePadder(padding="pre", truncating="pre").fit([[7], [4, 5]])
    assert (padder.form_, padder.max_length_, padder.n_features_in_) == ("token_ids", 2, 1)
    assert_array_equal(padder.transform([[8], [], [1, 2, 3]]), np.array([[0, 8], [0, 0], [2, 3]]), strict=True)


def test_one_sequence_of_floats_makes_all_of_them_features():
    assert SequencePadder().fit([[7], [4.5, 5]]).form_ == "sequences"


def test_an_integer_array_is_ids():
    X = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.int16)
    assert_array_equal(
        SequencePadder(4).fit_transform(X), np.array([[1, 2, 3, 0], [4, 5, 6, 0]], dtype=np.int16), strict=True
    )


def test_a_series_of_arrays_is_a_list_of_sequences():
    X = pd.Series([np.array([0.5]), np.array([1.5, 2.5])], index=[7, 3])
    assert_array_equal(SequencePadder().fit_transform(X), [[[0.5], [nan]], [[1.5], [2.5]]])


@pytest.mark.parametrize("container", [np.array, pd.DataFrame], ids=["array", "frame"])
def test_a_floating_table_is_univariate_with_a_fixed_number_of_columns(container):
    padder = SequencePadder(3).fit(container([[0.5, 1.5], [2.5, 3.5]]))
    assert (padder.form_, padder.n_features_in_) == ("table", 2)
    assert_array_equal(padder.transform(container([[0.5, 1.5]])), [[[0.5], [1.5], [nan]]])
    with pytest.raises(ValueError, match="X has 3 features, but SequencePadder is expecting 2 features as input"):
        padder.transform(container([[0.5, 1.5, 2.5]]))


def test_a_data_frame_is_a_table_with_names():
    frame = pd.DataFrame({"t0": [1, 2], "t1": [3, 4]})
    padder = SequencePadder().fit(frame)
    assert padder.feature_names_in_.tolist() == ["t0", "t1"]
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        padder.transform(frame.rename(columns={"t1": "t2"}))


def test_equal_lengths_never_change_the_reading():
    ids = SequencePadder().fit([[1], [2, 3]])
    equal = [[1, 2], [3, 4]]
    for X in (equal, np.array(equal), np.array(equal, dtype=object), to_object_array([np.array(s) for s in equal])):
        assert_array_equal(ids.transform(X), equal)
        assert SequencePadder().fit(X).form_ == "token_ids"

    univariate = SequencePadder().fit([[1.0], [2.0, 3.0]])
    for X in (equal, np.array(equal), np.array(equal, dtype=object), np.array(equal, dtype=float)[..., None]):
        assert_array_equal(univariate.transform(X), [[[1], [2]], [[3], [4]]])


def test_padding_already_there_is_replaced():
    X = np.full((2, 4, 1), nan)
    X[0, 2:, 0] = [1, 2]
    X[1, :1, 0] = 3
    padder = SequencePadder().fit(X)
    assert padder.max_length_ == 2
    assert_array_equal(padder.transform(X), [[[1], [2]], [[3], [nan]]])


def test_a_sequence_of_nothing_but_padding_stays_padding():
    padder = SequencePadder().fit([[[1.0, 2.0]]])
    assert_array_equal(padder.transform([[]]), [[[nan, nan]]])
    assert_array_equal(padder.transform([[[nan, nan]]]), [[[nan, nan]]])


@pytest.mark.parametrize(
    ("dtype", "expected"), [("float32", "float32"), ("float64", "float64"), ("int32", "float64"), ("bool", "float64")]
)
def test_features_keep_a_floating_type(dtype, expected):
    assert SequencePadder().fit_transform(np.ones((2, 3, 1), dtype=dtype)).dtype == expected


@given(id_lists.filter(any), sides, sides)
def test_padding_never_loses_a_step_when_long_enough(sequences, padding, truncating):
    padder = SequencePadder(padding=padding, truncating=truncating)
    padded = padder.fit_transform(sequences)
    assert [row[row > 0].tolist() for row in padded] == sequences

    features = [np.array(s, dtype=float).reshape(-1, 1) * [1, 2] for s in sequences]
    padded = padder.fit_transform(features)
    for row, sequence in zip(padded, features, strict=True):
        assert_array_equal(row[~np.isnan(row).all(axis=1)], sequence)


@given(id_lists.filter(any), sides)
def test_padding_twice_is_padding_once(sequences, padding):
    features = [np.array(s, dtype=float).reshape(-1, 1) for s in sequences]
    padder = SequencePadder(padding=padding).fit(features)
    once = padder.transform(features)
    assert_array_equal(padder.transform(once), once)


# SequencePadder: errors


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("abc", TypeError, "Expected X to be an array or a list of sequences, got 'abc'."),
        (3, TypeError, "Expected X to be an array or a list of sequences, got 3."),
        ([], ValueError, "Found array with 0 sample(s) while a minimum of 1 is required: X holds no sequence."),
        ([[], []], ValueError, "X holds no steps: all of its sequences are empty or padding."),
        (
            [[1.0], 2.0],
            ValueError,
            "Sequence 1 of X is 2.0; expected an array or a data frame of shape (n_timesteps,) or (n_timesteps, "
            "n_features).",
        ),
        (
            np.ones((1, 2, 2, 2)),
            ValueError,
            "Sequence 0 of X has 3 dimensions; expected (n_timesteps,) numbers or ids, or (n_timesteps, n_features). "
            "Pass an array of all sequences as it is, not in a list.",
        ),
        (
            [[1.0], ["a"]],
            ValueError,
            "Sequence 1 of X holds values of type <U1; expected real numbers. astype(float) converts texts such as "
            "'1.5'.",
        ),
        (
            [[1.0], [1j]],
            ValueError,
            "Complex data not supported. Sequence 1 of X holds complex numbers; expected real numbers.",
        ),
        (
            [[[1.0]], [[1.0, 2.0], [3.0]]],
            ValueError,
            "Sequence 1 of X has steps that differ in their number of features; expected (n_timesteps,) or "
            "(n_timesteps, n_features).",
        ),
        (
            [[[1.0]], [], [[1.0, 2.0]]],
            ValueError,
            "Sequence 2 of X has 2 features per step, but sequence 0 of X has 1.",
        ),
        (
            np.ones((2, 3, 0)),
            ValueError,
            "Found array with 0 feature(s) (sequence 0 of X) while a minimum of 1 is required.",
        ),
        (
            [[[1.0]], [[1.0], [nan], [1.0]]],
            ValueError,
            "Input X contains NaN: sequence 1 of X at step 1. Only whole steps of NaN at either edge "
            "of a sequence are read as padding; SequenceImputer fills in other missing values.",
        ),
        (
            [[[np.inf]]],
            ValueError,
            "Input X contains infinity or a value too large for dtype('float64'): sequence 0 of X at step 0.",
        ),
    ],
)
def test_messages_for_bad_sequences(X, error, message):
    with pytest.raises(error) as caught:
        SequencePadder().fit(X)
    assert str(caught.value) == message


def test_floats_are_refused_where_ids_were_seen():
    padder = SequencePadder().fit([[1], [2, 3]])
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        padder.transform([[1], [2.5, 3.5]])
    assert str(caught.value) == (
        "Sequence 1 of X has shape (2,) and type float64, but SequencePadder was fitted on token ids and expects "
        "integers of shape (n_steps,)."
    )


@pytest.mark.parametrize(
    ("number", "finite"), [(1.0, True), (3e38, True), (np.nan, False), (np.inf, False), (-np.inf, False)]
)
def test_numbers_whose_sum_overflows_are_finite(number, finite):
    assert is_finite(np.full((50, 2), number, dtype=np.float32)) == finite


@pytest.mark.parametrize("X", [[[1, 2], [3, 4, -5]], np.array([[1, 2, 3], [3, 4, -5]])], ids=["list", "array"])
def test_negative_integers_are_refused_where_zero_is_padding(X):
    with pytest.raises(ValueError, match=r"must be 0 or greater, but sequence 1 of X at step 2 holds -5\. To pad"):
        SequencePadder().fit(X)


def test_another_number_of_features_is_refused():
    padder = SequencePadder().fit([[[1.0, 2.0]]])
    with pytest.raises(ValueError, match="X has 1 features, but SequencePadder is expecting 2 features as input"):
        padder.transform([[[1.0]]])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"max_length": 0},
            "The 'max_length' parameter of SequencePadder must be an int in the range [1, inf) or None. Got 0 instead.",
        ),
        (
            {"padding": "left"},
            "The 'padding' parameter of SequencePadder must be a str among {'post', 'pre'}. Got 'left' instead.",
        ),
        (
            {"truncating": None},
            "The 'truncating' parameter of SequencePadder must be a str among {'post', 'pre'}. Got None instead.",
        ),
    ],
)
def test_messages_for_bad_parameters(parameters, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        SequencePadder(**parameters).fit([[1]])
    found = str(caught.value).replace("{'pre', 'post'}", "{'post', 'pre'}")  # the order of a set differs between runs
    assert found == message
