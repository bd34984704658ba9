"""make_preprocessor: what precedes a network, for each kind of data."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils import Bunch

from skrnn.datasets import load_digits, make_preprocessor, make_reviews, sequences_from_frame
from skrnn.preprocessing import ImageToSequence, PatchSequence, TextToSequence


@pytest.fixture
def data():
    """Two sequences with a hole, a category and a missing one."""
    frame = pd.DataFrame(
        {
            "id": [1, 1, 1, 2, 2],
            "force": [1.0, np.nan, 3.0, 4.0, 6.0],
            "hand": ["left", "right", "right", None, "left"],
        }
    )
    return sequences_from_frame(frame, id="id")


def test_numbers_are_standardised_categories_one_hot_and_holes_filled_between(data):
    first, second = make_preprocessor(data).fit_transform(data.X)
    # The mean of 1, 3, 4 and 6 is 3.5 and their variance 3.25. The categories come first: left, right, missing.
    scaled = (np.array([1.0, 2.0, 3.0, 4.0, 6.0]) - 3.5) / np.sqrt(3.25)
    assert_allclose(first, np.column_stack([[1, 0, 0], [0, 1, 1], [0, 0, 0], scaled[:3]]))
    assert_allclose(second, np.column_stack([[0, 1], [0, 0], [1, 0], scaled[3:]]))


def test_numbers_may_keep_their_scale(data):
    first, _ = make_preprocessor(data, scale=False).fit_transform(data.X)
    assert_allclose(first[:, -1], [1, 2, 3])


def test_a_level_that_training_lacks_is_none_of_those_it_has(data):
    preprocessor = make_preprocessor(data).fit(data.X[:1])
    transformed = preprocessor.transform(data.X)[1]
    assert_array_equal(transformed[:, :2], [[0, 0], [1, 0]])


@pytest.mark.parametrize(
    ("lengths", "expected"), [([64, 64, 64], None), ([65, 66, 67], 2), ([10, 320, 900], 10), ([3, 3, 900], None)]
)
def test_long_sequences_are_read_in_patches_by_their_median_length(lengths, expected):
    X = np.empty(len(lengths), dtype=object)
    X[:] = [np.zeros((length, 1)) for length in lengths]
    last = make_preprocessor(Bunch(X=X, feature_names=None))[-1]
    assert (last.patch_length if isinstance(last, PatchSequence) else None) == expected
    assert make_preprocessor(Bunch(X=X, feature_names=None), patch_length=7)[-1].patch_length == 7


def test_padding_does_not_count_as_length():
    X = np.full((3, 200, 1), np.nan)
    X[:, :50] = 1.0
    assert not isinstance(make_preprocessor(Bunch(X=X, feature_names=None))[-1], PatchSequence)


def test_images_and_texts():
    images = load_digits().images
    assert isinstance(make_preprocessor(Bunch(X=images, kind="images")), ImageToSequence)
    texts, _ = make_reviews(20, random_state=0)
    assert isinstance(make_preprocessor(Bunch(X=texts, kind="texts")), TextToSequence)
