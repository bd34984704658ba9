"""Tables to sequences: columns by place and by name, and the way back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.testing import assert_array_equal

from skrnn.preprocessing import TabularToSequence


def frame(*names):
    """One row whose values are the places of the columns."""
    return pd.DataFrame([range(len(names))], columns=list(names))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("auto", [[0, 1], [2, 3], [4, 5]]),
        ("time", [[0, 1], [2, 3], [4, 5]]),
        ("feature", [[0, 3], [1, 4], [2, 5]]),
    ],
)
def test_columns_by_place(order, expected):
    reader = TabularToSequence(3, order=order)
    assert_array_equal(reader.fit_transform(np.arange(6.0)[np.newaxis]), [expected])
    assert (reader.n_steps_, reader.n_features_in_) == (3, 6)
    assert_array_equal(reader.columns_, expected)


@pytest.mark.parametrize(
    ("pattern", "names", "expected"),
    [
        ("{feature}_t{step}", ("a_t0", "b_t0", "a_t1", "b_t1"), [[0, 1], [2, 3]]),
        ("{feature}_t{step}", ("b_t1", "a_t1", "a_t0", "b_t0"), [[3, 2], [0, 1]]),
        ("{feature}_t{step}", ("a_t10", "a_t9", "a_t100"), [[1], [0], [2]]),
        ("{feature}_t{step}", ("a_t-1", "a_t+1", "a_t0"), [[0], [2], [1]]),
        ("{feature}_t{step}", ("a_t_t1", "a_t0", "a_t1", "a_t_t0"), [[3, 1], [0, 2]]),
        ("t{step}", ("t2", "t1"), [[1], [0]]),
        ("{step}|{feature}", ("1|x", "0|x"), [[1], [0]]),
    ],
)
def test_columns_by_name(pattern, names, expected):
    for order in ("auto", "names"):
        reader = TabularToSequence(order=order, name_pattern=pattern)
        assert_array_equal(reader.fit_transform(frame(*names)), [expected])
        assert reader.n_steps_ == len(expected)
        assert reader.feature_names_in_.tolist() == list(names)


def test_the_place_wins_where_it_is_asked_for():
    X = frame("a_t1", "a_t0")
    assert_array_equal(TabularToSequence(2, order="time").fit_transform(X), [[[0], [1]]])
    assert_array_equal(TabularToSequence(2).fit_transform(X), [[[1], [0]]])


def test_names_after_no_pattern_leave_the_order_to_time():
    assert_array_equal(TabularToSequence(2).fit_transform(frame("a", "b")), [[[0], [1]]])


def test_later_data_frames_must_have_the_names_of_the_first():
    reader = TabularToSequence().fit(frame("a_t0", "a_t1"))
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        reader.transform(frame("a_t1", "a_t0"))


def test_missing_values_stay():
    X = np.array([[1.0, np.nan]])
    assert_array_equal(TabularToSequence(2).fit_transform(X), [[[1], [np.nan]]])


@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)).flatmap(
        lambda shape: st.tuples(
            npst.arrays("float32", (shape[0], shape[1] * shape[2]), elements={"allow_infinity": False}),
            st.just(shape),
            st.permutations([f"{feature}_t{step}" for feature in "abc"[: shape[2]] for step in range(shape[1])]),
        )
    ),
    st.sampled_from(["time", "feature", "names"]),
)
def test_inverse_transform_gives_the_table_back(table_shape_names, order):
    table, shape, names = table_shape_names
    X = pd.DataFrame(table, columns=names) if order == "names" else table
    reader = TabularToSequence(shape[1], order=order).fit(X)
    sequences = reader.transform(X)
    assert sequences.shape == shape
    assert_array_equal(reader.inverse_transform(sequences), table, strict=True)


@pytest.mark.parametrize(
    ("parameters", "X", "message"),
    [
        (
            {},
            np.ones((1, 4)),
            "The 'n_steps' parameter of TabularToSequence must be an int unless column names contain the steps "
            "(order='auto', name_pattern='{feature}_t{step}'). Got None.",
        ),
        ({"n_steps": 3}, np.ones((1, 4)), "X has 4 columns, which cannot be divided into n_steps=3 steps."),
        (
            {"n_steps": 0},
            np.ones((1, 4)),
            "The 'n_steps' parameter of TabularToSequence must be an int in the range [1, inf) or None. Got 0 instead.",
        ),
        (
            {"order": "names"},
            np.ones((1, 4)),
            "order='names' requires X to be a data frame, because other inputs have no column names.",
        ),
        (
            {},
            frame("a_t0", "a_t1", "b"),
            "The name of column 'b' of X does not match name_pattern='{feature}_t{step}'.",
        ),
        (
            {"order": "names"},
            frame("a", "b"),
            "The name of column 'a' of X does not match name_pattern='{feature}_t{step}'.",
        ),
        (
            {},
            frame("a_t0", "a_t1", "b_t1"),
            "X has no column 'b_t0': each feature needs a column for each step.",
        ),
        ({}, frame("a_t1", "a_t01"), "Columns 'a_t1' and 'a_t01' of X both hold step 1 of the same feature."),
        ({"n_steps": 3}, frame("a_t0", "a_t1"), "The column names of X contain 2 steps, but n_steps=3."),
        (
            {"name_pattern": "{feature}"},
            frame("a_t0", "a_t1"),
            "The 'name_pattern' parameter of TabularToSequence must contain {step} once and {feature} at most once. "
            "Got '{feature}'.",
        ),
    ],
)
def test_messages_of_fit(parameters, X, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        TabularToSequence(**parameters).fit(X)
    assert str(caught.value) == message


def test_messages_for_other_shapes():
    reader = TabularToSequence(2).fit(np.ones((1, 6)))
    with pytest.raises(
        ValueError, match=r"^X has 4 features, but TabularToSequence is expecting 6 features as input\.$"
    ):
        reader.transform(np.ones((1, 4)))
    message = (
        "X has sequences of shape (3, 2), but TabularToSequence was fitted on a table that gives sequences of shape "
        "(2, 3)."
    )
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        reader.inverse_transform(np.ones((1, 3, 2)))
    assert str(caught.value) == message
