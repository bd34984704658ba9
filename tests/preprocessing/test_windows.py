"""Windows of recordings: what is in them, their labels and groups, and what is left over."""

from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import StratifiedGroupKFold

from skrnn.preprocessing import sliding_windows
from skrnn.preprocessing.reading import to_object_array

nan = np.nan
RECORDING = np.arange(10.0).reshape(5, 2)


def plain_windows(recordings, labels, length, step):
    """Cut with plain loops: (windows, starts, numbers of recordings, labels by majority, last labels, left over)."""
    windows, starts, numbers, most, last, left_over = [], [], [], [], [], 0
    for number, (recording, label) in enumerate(zip(recordings, labels, strict=True)):
        used = set()
        for start in range(0, len(recording) - length + 1, step):
            windows.append(recording[start : start + length])
            starts.append(start)
            numbers.append(number)
            inside = list(label[start : start + length])
            most.append(Counter(inside).most_common(1)[0][0])  # of equal counts, the first that was met
            last.append(inside[-1])
            used |= {*range(start, start + length)}
        left_over += len(recording) - len(used)
    return windows, starts, numbers, most, last, left_over


@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=5),
    length=st.integers(1, 6),
    step=st.integers(1, 8),
    n_labels=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_windows_are_those_of_plain_loops(lengths, length, step, n_labels, seed):
    rng = np.random.default_rng(seed)
    recordings = [rng.normal(size=(n, 2)) for n in lengths]
    labels = [np.array(list("abcd"))[rng.integers(0, n_labels, n)] for n in lengths]
    if max(lengths) < length:
        with pytest.raises(ValueError, match="No recording of X has"):
            sliding_windows(recordings, labels, length=length, step=step)
        return
    windows, starts, numbers, most, last, left_over = plain_windows(recordings, labels, length, step)
    found = sliding_windows(recordings, labels, length=length, step=step)
    assert_array_equal(found.windows, np.stack(windows), strict=True)
    assert_array_equal(found.starts, starts)
    assert_array_equal(found.groups, numbers)
    assert_array_equal(found.labels, most)
    assert found.n_left_over == left_over
    assert_array_equal(sliding_windows(recordings, labels, length=length, step=step, label="last").labels, last)
    joined = sliding_windows(recordings, labels, length=length, step=step, label="".join)
    texts = ["".join(labels[n][start : start + length]) for n, start in zip(numbers, starts, strict=True)]
    assert_array_equal(joined.labels, texts)

    # The same steps in one array, those of different recordings in any order.
    owners = rng.permutation(np.repeat(np.arange(len(lengths)), lengths))
    X, y = np.empty((len(owners), 2)), np.empty(len(owners), dtype="<U1")
    for number, (recording, label) in enumerate(zip(recordings, labels, strict=True)):
        X[owners == number], y[owners == number] = recording, label
    by_step = sliding_windows(X, y, length=length, step=step, groups=owners)
    order = [*dict.fromkeys(owners.tolist())]  # recordings come in the order of their appearance
    for number in order:
        mine, its = found.groups == number, by_step.groups == number
        assert_array_equal(by_step.windows[its], found.windows[mine])
        assert_array_equal(by_step.labels[its], found.labels[mine])
        assert_array_equal(by_step.starts[its], found.starts[mine])
    assert [*dict.fromkeys(by_step.groups.tolist())] == [number for number in order if number in numbers]
    assert by_step.n_left_over == left_over


def test_one_recording_gives_a_view():
    result = sliding_windows(RECORDING, length=3, step=1)
    assert np.shares_memory(result.windows, RECORDING)
    assert not result.windows.flags.writeable
    assert_array_equal(result.windows[1], [[2, 3], [4, 5], [6, 7]])
    assert result.labels is None
    assert repr(result) == "SlidingWindows(3 windows of 3 steps and 2 features, 0 steps left over)"


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int64", "bool"])
def test_types_are_kept(dtype):
    X = np.ones((4, 1), dtype)
    assert sliding_windows(X, length=2, step=1).windows.dtype == dtype
    assert sliding_windows([X, X], length=2, step=1).windows.dtype == dtype


@pytest.mark.parametrize(
    "X",
    [
        RECORDING,
        RECORDING.tolist(),
        pd.DataFrame(RECORDING),
        pd.DataFrame(RECORDING, columns=["a", "b"]),
        pl.DataFrame(RECORDING),
        pa.table({"a": RECORDING[:, 0], "b": RECORDING[:, 1]}),
    ],
    ids=["array", "lists", "pandas", "names", "polars", "arrow"],
)
def test_what_one_recording_may_be(X):
    if isinstance(X, list):  # a list is a collection: of five recordings of two steps
        assert_array_equal(sliding_windows(X, length=2, step=1).windows, RECORDING[:, :, np.newaxis])
        assert_array_equal(sliding_windows([X], length=3, step=2).windows[1], RECORDING[2:])
    else:
        windows, labels, groups = sliding_windows(X, ["a", "b", "b", "a", "c"], length=3, step=2)
        assert_array_equal(windows, [RECORDING[:3], RECORDING[2:]])
        assert labels.tolist() == ["b", "b"]
        assert groups.tolist() == [0, 0]


def test_single_numbers_are_steps_of_one_feature():
    for X in (np.arange(5.0), [0, 1, 2, 3, 4], pd.Series(np.arange(5))):
        assert_array_equal(sliding_windows(X, length=2, step=3).windows, [[[0], [1]], [[3], [4]]])


def test_several_recordings_as_array_list_and_frames():
    X = np.arange(24.0).reshape(2, 6, 2)
    expected = np.stack([X[0, :3], X[0, 3:], X[1, :3], X[1, 3:]])
    for form in (X, list(X), to_object_array(list(X)), [pd.DataFrame(x, columns=["a", "b"]) for x in X]):
        windows, labels, groups = sliding_windows(form, ["p", "q"], length=3, step=3)
        assert_array_equal(windows, expected)
        assert labels.tolist() == ["p", "p", "q", "q"]
        assert groups.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "y",
    [
        ["a", "b"],
        np.array(["a", "b"], dtype=object),
        pd.Series(["a", "b"], dtype="category"),
        pd.DataFrame({"label": ["a", "b"]}),
        pl.Series(["a", "b"]),
        pa.array(["a", "b"]),
        [["a"] * 3, ["b"] * 2],
        to_object_array([np.array(["a"] * 3), np.array(["b"] * 2)]),
        pa.array([["a"] * 3, ["b"] * 2]),
    ],
    ids=lambda y: type(y).__name__,
)
def test_what_labels_may_be(y):
    assert list(sliding_windows([np.zeros((3, 1)), np.zeros((2, 1))], y, length=2, step=1).labels) == ["a", "a", "b"]


def test_labels_keep_their_type():
    def labels(y):
        return sliding_windows(np.zeros(4), y, length=2, step=2).labels

    assert_array_equal(labels(np.array([7, 7, 9, 9], dtype="int16")), np.array([7, 9], dtype="int16"), strict=True)
    assert_array_equal(labels([True, True, False, False]), np.array([True, False]), strict=True)
    assert labels(["a", "a", 1, 1]).tolist() == ["a", 1]  # NumPy would make "1" of it
    mixed = sliding_windows([np.zeros(2), np.zeros(2)], [["a", "a"], [1, 1]], length=2, step=1).labels
    assert mixed.tolist() == ["a", 1]


def test_a_recording_may_have_one_label():
    assert sliding_windows(RECORDING, "sit", length=2, step=2).labels.tolist() == ["sit", "sit"]
    assert sliding_windows(RECORDING, 3, length=2, step=2, label="last").labels.tolist() == [3, 3]


def test_a_function_of_labels():
    y = np.array([0.5, 1.5, 2.0, 4.0])
    assert sliding_windows(np.zeros(4), y, length=2, step=2, label=np.mean).labels.tolist() == [1, 3]


def test_recordings_of_one_person_are_not_joined():
    result = sliding_windows([np.zeros(3), np.ones(3)], length=2, step=2, groups=["Ann", "Ann"])
    assert_array_equal(result.windows[:, :, 0], [[0, 0], [1, 1]])
    assert result.groups.tolist() == ["Ann", "Ann"]
    assert result.n_left_over == 2


def test_padding_is_in_no_window():
    X = np.array([[[nan], [1.0], [2.0], [nan], [4.0], [nan]], [[5.0], [6.0], [7.0], [nan], [nan], [nan]]])
    y = [[nan, 1, 1, 0, 0, nan], [2, 2, 3, nan, nan, nan]]
    result = sliding_windows(X, y, length=2, step=2)
    assert_array_equal(result.windows[:, :, 0], [[1, 2], [nan, 4], [5, 6]])
    assert result.labels.tolist() == [1, 0, 2]
    assert result.starts.tolist() == [1, 3, 0]
    assert result.n_left_over == 1


def test_windows_of_a_recording_stay_on_one_side_of_each_split():
    rng = np.random.default_rng(0)
    people = np.repeat([3, 1, 2, 0, 3, 1], 40)
    X = np.stack([np.arange(240), people], axis=1).astype(float)
    windows, labels, groups = sliding_windows(X, rng.integers(0, 2, 240), length=8, step=4, groups=people)
    for train, test in StratifiedGroupKFold(2).split(windows, labels, groups):
        steps = [{*windows[side, :, 0].ravel()} for side in (train, test)]
        assert steps[0].isdisjoint(steps[1])
    assert_array_equal(windows[:, :, 1], np.broadcast_to(groups[:, np.newaxis], (len(groups), 8)))


@pytest.mark.parametrize(
    ("X", "y", "parameters", "error", "message"),
    [
        (
            RECORDING,
            None,
            {"length": 6},
            ValueError,
            "No recording of X has the length=6 steps of a window; the longest of 1 has 5 steps. Set a shorter length. "
            "A single recording is an array, not a list.",
        ),
        (RECORDING, [0, 1], {}, ValueError, "The number of values of y is 2, but X has 5 steps."),
        ([RECORDING] * 3, [0, 1], {}, ValueError, "The number of values of y is 2, but X has 3 recordings."),
        (
            [RECORDING] * 2,
            [[0] * 5, [1] * 4],
            {},
            ValueError,
            "The number of values of y of sequence 1 of X is 4, but X has 5 steps.",
        ),
        (
            [RECORDING] * 2,
            [[0] * 5, 1],
            {},
            ValueError,
            "The y of sequence 1 of X is 1, but others are arrays of labels, one for each step.",
        ),
        (
            RECORDING,
            None,
            {"groups": ["a"]},
            ValueError,
            "The number of values of groups is 1, but X has 5 steps.",
        ),
        (
            RECORDING,
            "sit",
            {"groups": ["a"] * 5},
            ValueError,
            "If groups has a value for each step, y must have a label for each step, too.",
        ),
        (
            RECORDING,
            [0, 1, None, 1, 1],
            {},
            ValueError,
            "y has no value for sequence 0 of X at step 2. Give what has none a value of its own, and drop its windows "
            "afterwards.",
        ),
        (
            [RECORDING] * 2,
            None,
            {"groups": [nan, 1]},
            ValueError,
            "groups has no value for sequence 0 of X. Give what has none a value of its own, and drop its windows "
            "afterwards.",
        ),
        (
            RECORDING,
            None,
            {"groups": np.ma.array([1, 1, 1, 1, 1], mask=[0, 1, 0, 0, 0])},
            ValueError,
            "groups has no value for step 1 of X. Give what has none a value of its own, and drop its windows "
            "afterwards.",
        ),
        (
            RECORDING,
            [0.5, 1, 1, 1, 1],
            {},
            ValueError,
            "label='majority' needs labels of classes, but y holds fractions. For a number such as the mean, pass a "
            "function: label=np.mean.",
        ),
        (
            RECORDING,
            np.ones((5, 2)),
            {},
            ValueError,
            "Expected y to have one dimension, got an array of shape (5, 2).",
        ),
        ([RECORDING] * 2, "sit", {}, TypeError, "Expected y to be an array of 2 values, got 'sit'."),
        (RECORDING, {1, 2}, {}, TypeError, "Expected y to be an array of 5 values, got {1, 2}."),
        (
            RECORDING,
            [1] * 5,
            {"label": lambda labels: labels},
            ValueError,
            "Expected the results of label to hold single values, but one is array([1, 1]).",
        ),
        (
            np.array([[1.0], [np.inf], [2.0]]),
            None,
            {},
            ValueError,
            "Input X contains infinity or a value too large for dtype('float64'): sequence 0 of X at step 1.",
        ),
        (
            RECORDING,
            None,
            {"step": 0},
            ValueError,
            "The 'step' parameter of sliding_windows must be an int in the range [1, inf). Got 0 instead.",
        ),
        (
            RECORDING,
            None,
            {"label": "first"},
            ValueError,
            None,
        ),
    ],
)
def test_messages_for_bad_input(X, y, parameters, error, message):
    with pytest.raises(error) as caught:
        sliding_windows(X, y, **({"length": 2, "step": 1} | parameters))
    assert message is None or str(caught.value) == message
