"""Series with their channels first, as other libraries have them."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA

from skrnn.preprocessing import SequenceDifference, SequencePadder, TimeDistributed, from_channels_first
from skrnn.preprocessing.reading import to_object_array


def test_an_array_is_not_copied():
    X = np.arange(24).reshape(2, 3, 4)
    sequences = from_channels_first(X)
    assert np.shares_memory(sequences, X)
    assert sequences.shape == (2, 4, 3)
    assert sequences[1, 3, 2] == X[1, 2, 3]


def test_lists_and_object_arrays():
    series = [np.arange(6).reshape(2, 3), np.arange(8.0).reshape(2, 4)]
    for X in (series, to_object_array(series), [x.tolist() for x in series]):
        sequences = from_channels_first(X)
        assert sequences.dtype == object
        for one, other in zip(sequences, series, strict=True):
            assert_array_equal(one, other.T)
    assert [x.shape for x in from_channels_first([np.zeros((2, 3)), np.zeros((2, 3))])] == [(3, 2), (3, 2)]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            np.ones((2, 3)),
            "Expected X to have the shape (n_sequences, n_channels, n_steps), got (2, 3). Series of one channel are "
            "X[:, np.newaxis]; a single series is a list of one: [x].",
        ),
        ([[1.0, 2.0], [1.0]], "Sequence 0 of X has the shape (2,); expected (n_channels, n_steps)."),
        ([np.ones((2, 5)), np.ones((3, 5))], "Sequence 1 of X has 3 channels, but sequence 0 of X has 2."),
    ],
)
def test_messages(X, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        from_channels_first(X)
    assert str(caught.value) == message


HINT = (
    " If each row of a sequence is a channel, as in aeon, sktime and tsai, pass "
    "skrnn.preprocessing.from_channels_first(X)."
)


@pytest.mark.parametrize(
    "X",
    [
        [np.ones((3, 15)), np.ones((3, 9))],
        [np.ones((1, 15)), np.ones((1, 9))],
        np.where(np.arange(8) < [[[8]], [[5]]], np.ones((2, 3, 8)), np.nan),
    ],
    ids=["list", "one channel", "padded"],
)
def test_the_error_names_the_cure(X):
    for reader in (SequencePadder(), SequenceDifference(), TimeDistributed(PCA(1))):
        if isinstance(X, list) or not isinstance(reader, TimeDistributed):
            with pytest.raises(ValueError, match=re.escape(HINT) + "$"):
                reader.fit(X)
    shapes = [sequence.shape for sequence in SequencePadder().fit(from_channels_first(X)).transform(from_channels_first(X))]  # fmt: skip # noqa: E501
    assert shapes == [(len(X[0][0]), len(X[0]))] * 2


@pytest.mark.parametrize(
    "X",
    [
        [np.ones((3, 2)), np.ones((3, 1))],
        [np.ones((3, 15)), np.ones((4, 9))],
        np.array([[[1.0, np.nan, 3.0], [1.0, np.nan, 3.0]]]),
        np.array([[[1.0, 2.0, np.nan], [1.0, 2.0, 3.0]]]),
        np.array([[[1.0, 2.0], [1.0, np.nan], [1.0, 3.0]]]),
    ],
    ids=["more steps than features", "unequal lengths", "hole", "one value", "one step"],
)
def test_other_errors_do_not(X):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        SequencePadder().fit(X)
    assert "channel" not in str(caught.value)
