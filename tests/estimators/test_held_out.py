"""Held-out validation data: every class is in both parts, or the message says what would work."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn import LSTMClassifier, SimpleRNNClassifier
from skrnn.estimators.held_out import split_rows


def rows_of(counts):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


def split(counts, fraction=0.0):
    numbers = rows_of(counts)
    training, held_out = split_rows(numbers, np.arange(len(counts)), fraction, seed=0)
    assert_array_equal(np.sort(np.concatenate([training, held_out])), np.arange(len(numbers)))
    return np.bincount(numbers[training], minlength=len(counts)), np.bincount(numbers[held_out], minlength=len(counts))


def test_early_stopping_on_50_rows_of_10_classes():
    X, y = np.random.default_rng(0).normal(size=(50, 3, 2)), np.arange(50) % 10
    stopped = SimpleRNNClassifier(3, epochs=3, early_stopping=True, random_state=0).fit(X, y)
    assert len(stopped.history_["val_loss"]) == stopped.n_iter_


@pytest.mark.parametrize(
    ("counts", "n_held_out"),
    [([50, 50], 10), ([5] * 10, 10), ([2] * 10, 10), ([100] * 10, 100), ([51, 50], 11), ([2, 2], 2), ([998, 2], 100)],
)
def test_the_default_fraction_is_a_tenth_or_one_row_of_each_class(counts, n_held_out):
    training, held_out = split(counts)
    assert held_out.sum() == n_held_out
    assert training.min() >= 1
    assert held_out.min() >= 1


@given(
    counts=st.lists(st.integers(2, 40), min_size=1, max_size=12),
    fraction=st.floats(0.01, 0.99),
)
def test_every_class_is_in_both_parts_or_the_message_gives_working_fractions(counts, fraction):
    try:
        training, held_out = split(counts, fraction)
    except ValueError as error:
        least, most = map(
            float, re.search(r"fraction of at least ([\d.e-]+) and at most ([\d.e-]+)\.$", str(error)).groups()
        )
        assert not least <= fraction <= most
        for works in (least, most):
            assert all(part.min() >= 1 for part in split(counts, works))
        return
    assert training.min() >= 1
    assert held_out.min() >= 1
    assert held_out.sum() == int(np.ceil(fraction * sum(counts)))


def test_parts_are_stratified():
    training, held_out = split([60, 30, 10], 0.2)
    assert_array_equal(held_out, [12, 6, 2])
    assert_array_equal(training, [48, 24, 8])


def test_rare_classes_are_exchanged_for_rows_of_common_ones():
    training, held_out = split([100] + 9 * [2], 0.7)  # proportional shares would be rounded to zero
    assert held_out.sum() == 83
    assert_array_equal(held_out[1:], 9 * [1])
    assert_array_equal(training[1:], 9 * [1])


def test_a_class_of_one_sample_is_named():
    X, y = np.random.default_rng(0).normal(size=(21, 3, 2)), np.array(["a", "b"] * 10 + ["c"])
    with pytest.raises(
        ValueError, match=r"there is only one sample of 'c'\. Pass X_val and y_val to fit, or more samples"
    ):
        LSTMClassifier(3, epochs=1, early_stopping=True).fit(X, y)
    # One of weight zero does not count.
    LSTMClassifier(3, epochs=1, early_stopping=True).fit(X, y, sample_weight=y != "c")


def test_the_least_fraction_of_50_rows_of_10_classes():
    X, y = np.random.default_rng(0).normal(size=(50, 3, 2)), np.arange(50) % 10
    with pytest.raises(
        ValueError, match=r"validation_fraction=0\.1 holds out 5 of 50 .* 10 classes\. .* at least 0\.2 "
    ):
        LSTMClassifier(3, epochs=1, validation_fraction=0.1).fit(X, y)
    with pytest.raises(ValueError, match=r"validation_fraction=0\.9 holds out 45 of 50 .* at most 0\.8\."):
        LSTMClassifier(3, epochs=1, validation_fraction=0.9).fit(X, y)
    LSTMClassifier(3, epochs=1, validation_fraction=0.2).fit(X, y)
