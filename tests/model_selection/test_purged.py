"""PurgedKFold: every sample is tested once, and no training sample is near a test sample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from skrnn.model_selection import PurgedKFold, compare_architectures
from skrnn.preprocessing import sliding_windows


@settings(max_examples=200, deadline=None)
@given(
    runs=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30)), min_size=1, max_size=12),
    n_splits=st.integers(2, 4),
    gap=st.integers(0, 3),
    seed=st.none() | st.integers(0, 100),
)
def test_parts_are_apart_and_stratified(runs, n_splits, gap, seed):
    y = np.repeat([label for label, _ in runs], [length for _, length in runs])
    try:
        splits = list(PurgedKFold(n_splits, gap=gap, random_state=seed).split(y, y))
    except ValueError as error:
        reason = str(error)
    else:
        reason = ""
    if reason:
        has_few = min(np.unique(y, return_counts=True)[1]) < n_splits
        assert ("is more than the" in reason) == has_few
        assert has_few or "leaves no sample of class" in reason
        return
    assert_array_equal(np.sort(np.concatenate([test for _, test in splits])), np.arange(len(y)))
    for train, test in splits:
        distance = np.abs(train[:, None] - test[None, :]).min(axis=1)
        assert (distance > gap).all()
        left_out = np.setdiff1d(np.arange(len(y)), np.concatenate([train, test]))
        assert all(np.abs(row - test).min() <= gap for row in left_out)  # and nothing else is lost
    for label in np.unique(y):
        counts = [(y[test] == label).sum() for _, test in splits]
        assert max(counts) - min(counts) <= 1


def test_a_seed_moves_the_blocks_and_repeats_itself():
    y = np.repeat([0, 1], 50)
    first, again, other, fixed = (
        [test.tolist() for _, test in PurgedKFold(5, gap=1, random_state=seed).split(y, y)] for seed in (0, 0, 1, None)
    )
    assert first == again
    assert first != other
    assert fixed[0] == [*range(10), *range(50, 60)]


@pytest.mark.parametrize(
    ("length", "step", "gap"), [(10, 10, 0), (10, 5, 1), (10, 3, 3), (10, 1, 9), (1, 1, 0), (10, 20, 0)]
)
def test_windows_beyond_the_gap_share_no_step(length, step, gap):
    found = sliding_windows(np.arange(200), length=length, step=step)
    assert found.gap == gap
    steps = [set(window.ravel()) for window in found.windows]
    assert not steps[0] & steps[gap + 1]
    assert gap == 0 or steps[0] & steps[gap]


def test_overlapping_windows_do_not_give_their_neighbours_away():
    """In random folds, a nearest neighbour recognises overlapping windows, although data and labels are noise."""
    generator = np.random.default_rng(0)
    cut = sliding_windows(generator.normal(size=4020), length=20, step=2)
    windows = cut.windows[:, :, 0]
    y = np.repeat(generator.integers(0, 2, size=40), 60)[: len(windows)]
    X = np.column_stack([windows.mean(1), windows.std(1), windows.max(1), windows.min(1)])[: len(y)]
    nearest = KNeighborsClassifier(1)
    leaky = cross_val_score(nearest, X, y, cv=StratifiedKFold(5, shuffle=True, random_state=0)).mean()
    honest = cross_val_score(nearest, X, y, cv=PurgedKFold(5, gap=cut.gap)).mean()
    assert leaky > 0.8
    assert honest < 0.6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_splits": 1}, "n_splits must be an int of at least 2. Got 1"),
        ({"n_splits": True}, "n_splits must be an int"),
        ({"n_splits": 2.0}, "n_splits must be an int"),
        ({"gap": -1}, "gap must be an int of at least 0. Got -1"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        PurgedKFold(**arguments)


def test_too_few_samples():
    with pytest.raises(ValueError, match="n_splits=5 is more than the 3 samples of class 'b'"):
        list(PurgedKFold(5).split(range(13), ["a"] * 10 + ["b"] * 3))
    with pytest.raises(ValueError, match="leaves no sample of class 1 to train on"):
        list(PurgedKFold(2, gap=5).split(range(14), [0] * 5 + [1] * 4 + [0] * 5))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        list(PurgedKFold(2).split(range(13), [0] * 12))


def test_a_comparison_repeats_it_with_other_blocks():
    y = np.repeat([0, 1], 30)
    X = np.arange(60.0)[:, None]
    comparison = compare_architectures(
        {"dummy": DummyClassifier()}, X, y, cv=PurgedKFold(3, gap=1, random_state=0), n_repeats=2, random_state=0
    )
    frame = comparison.to_frame()
    assert frame["repeat"].tolist() == [0, 0, 0, 1, 1, 1]
    with pytest.raises(ValueError, match="an int, or a splitter that shuffles with a random_state"):
        compare_architectures({"dummy": DummyClassifier()}, X, y, cv=StratifiedKFold(3), n_repeats=2, random_state=0)
    with pytest.raises(ValueError, match="n_repeats=5 is more than max_repeats=3"):
        compare_architectures(
            {"dummy": DummyClassifier()}, X, y, cv=3, n_repeats=5, max_repeats=3, until_sure=True, random_state=0
        )
