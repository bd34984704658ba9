"""The data sets that need no download: what they promise, and that a seed is all they depend on."""

import re
import subprocess
import sys
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn import datasets as sklearn_datasets
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skrnn.datasets import load_digits, make_adding_problem, make_reviews, reviews


def words_of(text):
    return re.findall(r"\w+", text.lower())


class TestLoadDigits:
    def test_gives_scikit_learns_digits_as_images_between_0_and_1(self):
        digits = load_digits()
        bundled = sklearn_datasets.load_digits()
        assert digits.data is digits.images
        assert digits.images.dtype == np.float32
        assert_array_equal(digits.images * 16, bundled.images)  # exact: sixteenths are binary fractions
        assert digits.images.max() == 1
        assert_array_equal(digits.target, bundled.target)
        assert digits.target.dtype == np.int64
        assert digits.target_names == list("0123456789")
        assert "Alpaydin" in digits.DESCR

    def test_return_X_y(self):
        X, y = load_digits(return_X_y=True)
        assert_array_equal(X, load_digits().data)
        assert_array_equal(y, load_digits().target)

    def test_a_bad_parameter_is_named(self):
        with pytest.raises(ValueError, match=r"The 'return_X_y' parameter of load_digits must be .* Got 1.5 instead."):
            load_digits(return_X_y=1.5)


class TestMakeAddingProblem:
    @given(n_samples=st.integers(1, 50), n_timesteps=st.integers(2, 30), seed=st.integers(0, 2**32 - 1))
    def test_the_class_is_whether_one_marked_number_of_each_half_sum_to_more_than_1(self, n_samples, n_timesteps, seed):
        X, y = make_adding_problem(n_samples, n_timesteps, random_state=seed)
        assert X.shape == (n_samples, n_timesteps, 2)
        assert X.dtype == np.float32
        assert y.dtype == np.int64
        values, markers = X[..., 0].astype(float), X[..., 1]
        assert values.min() >= 0
        assert values.max() <= 1
        assert set(np.unique(markers)) <= {0, 1}
        assert_array_equal(markers[:, : n_timesteps // 2].sum(axis=1), 1)
        assert_array_equal(markers[:, n_timesteps // 2 :].sum(axis=1), 1)
        assert_array_equal(y, (values * markers).sum(axis=1) > 1)

    def test_classes_are_balanced_and_marks_uniform_in_expectation(self):
        X, y = make_adding_problem(10000, 10, random_state=0)
        assert abs(y.mean() - 0.5) < 4 * 0.5 / np.sqrt(10000)
        assert np.all(np.abs(X[..., 1].mean(axis=0) - 0.2) < 4 * 0.4 / np.sqrt(10000))

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"n_samples": 0}, r"The 'n_samples' parameter of make_adding_problem must be an int .*\[1, inf\). Got 0"),
            (
                {"n_timesteps": 1},
                r"The 'n_timesteps' parameter of make_adding_problem must be an int .*\[2, inf\). Got 1",
            ),
            ({"random_state": "a"}, "The 'random_state' parameter of make_adding_problem must be .* Got 'a'"),
        ],
    )
    def test_a_bad_parameter_is_named(self, parameters, message):
        with pytest.raises(ValueError, match=message):
            make_adding_problem(**parameters)


def label_by_rule(text):
    """Read a review by its two rules alone: the last opinion counts, and a negation before it turns it round."""
    words = words_of(text)
    last = max(i for i, word in enumerate(words) if word in {*reviews._POSITIVE, *reviews._NEGATIVE})
    before = last - 1 if words[last - 1] in reviews._INTENSIFIERS else last
    negated = any(" ".join(words[:before]).endswith(f" {negation}") for negation in reviews._NEGATIONS)
    return (words[last] in reviews._POSITIVE) != negated


@pytest.fixture(scope="module")
def many():
    return make_reviews(20000, random_state=0)


class TestMakeReviews:
    def test_form(self, many):
        texts, y = many
        assert texts.shape == y.shape == (20000,)
        assert texts.dtype == object
        assert all(type(text) is str for text in texts)
        assert y.dtype == np.int64
        lengths = {len(text.split()) for text in texts}
        assert lengths == set(range(5, 41))
        assert len({word for text in texts[:2000] for word in words_of(text)}) > 350

    @given(n_samples=st.integers(1, 20), seed=st.integers(0, 2**32 - 1))
    def test_classes_are_balanced(self, n_samples, seed):
        _, y = make_reviews(n_samples, random_state=seed)
        assert_array_equal(np.bincount(y, minlength=2), [n_samples - n_samples // 2, n_samples // 2])

    def test_whoever_follows_the_rules_is_always_right(self, many):
        texts, y = many
        assert_array_equal([label_by_rule(text) for text in texts], y)

    @pytest.mark.parametrize(("n_words", "bound"), [(1, 0.65), (3, 0.7)])
    def test_counting_words_is_not_enough(self, n_words, bound):
        texts, y = make_reviews(4000, random_state=0)
        counting = make_pipeline(CountVectorizer(ngram_range=(1, n_words)), LogisticRegression(solver="liblinear"))
        counting.fit(texts[:2000], y[:2000])
        assert counting.score(texts[:2000], y[:2000]) > counting.score(texts[2000:], y[2000:])
        assert 0.5 < counting.score(texts[2000:], y[2000:]) < bound

    def test_the_same_words_in_another_order_can_have_the_other_label(self, many):
        labels = defaultdict(set)
        for text, label in zip(*many, strict=True):
            labels[tuple(sorted(words_of(text)))].add(label)
        assert sum(len(both) == 2 for both in labels.values()) >= 10

    def test_negation_contrast_and_neutral_sentences_stand_in_both_classes(self, many):
        texts, y = (part[:4000] for part in many)
        for word in ("not", "never", "but", "yet", "although", "however", "and", "anna", "brilliant", "dull"):
            share = np.mean([label for text, label in zip(texts, y, strict=True) if word in words_of(text)])
            assert 0.25 < share < 0.75, word

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            (
                {"n_samples": 0},
                r"The 'n_samples' parameter of make_reviews must be an int .*\[1, inf\). Got 0 instead.",
            ),
            ({"n_samples": 2.0}, "The 'n_samples' parameter of make_reviews must be an int .* Got 2.0 instead."),
            ({"random_state": -1}, "The 'random_state' parameter of make_reviews must be .* Got -1 instead."),
        ],
    )
    def test_a_bad_parameter_is_named(self, parameters, message):
        with pytest.raises(ValueError, match=message):
            make_reviews(**parameters)


@pytest.mark.parametrize("make", [make_adding_problem, make_reviews])
class TestRandomState:
    def test_a_seed_determines_the_data(self, make):
        for random_state in (3, np.random.RandomState(3)):
            for one, other in zip(make(10, random_state=3), make(10, random_state=random_state), strict=True):
                assert_array_equal(one, other)
        assert not np.array_equal(make(10, random_state=3)[0], make(10, random_state=4)[0])

    def test_a_generator_moves_on(self, make):
        rng = np.random.RandomState(3)
        assert not np.array_equal(make(10, random_state=rng)[0], make(10, random_state=rng)[0])

    def test_the_global_generator_is_left_alone(self, make):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        make(10, random_state=3)
        assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_importing_the_data_sets_imports_no_tensorflow():
    code = "import sys, skrnn.datasets; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
