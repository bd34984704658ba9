"""The hardest samples: which they are, how they are drawn, and their captions."""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from skrnn.datasets import make_reviews
from skrnn.plotting import HardestSamplesDisplay


def by_hand(comparison):
    """Return the mean probability of the truth, the share of errors, and all predictions, for each row."""
    n_rows = len(comparison.y_true)
    chances, answers = [[] for _ in range(n_rows)], [[] for _ in range(n_rows)]
    for network in range(2):  # the third is the baseline
        for split, rows in enumerate(comparison.test_rows):
            for place, row in enumerate(rows):
                chances[row].append(comparison.probabilities[network][split][place, comparison.y_true[row]])
                answers[row].append(comparison.predicted[network][split][place])
    errors = [np.mean(np.array(given) != truth) for given, truth in zip(answers, comparison.y_true, strict=True)]
    return np.mean(chances, axis=1), np.array(errors), np.array(answers)


def captions(display):
    return [caption.get_text() for caption in display.captions_]


def test_the_lowest_mean_probabilities_come_first(comparison, digits):
    images = digits[0].reshape(-1, 8, 8)
    display = HardestSamplesDisplay.from_comparison(comparison, images, n_samples=5)
    probability, errors, answers = by_hand(comparison)
    assert display.rows.tolist() == np.argsort(probability)[:5].tolist()
    np.testing.assert_allclose(display.probability, np.sort(probability)[:5], rtol=1e-5)
    np.testing.assert_allclose(display.error_rate, errors[display.rows])
    assert display.true.tolist() == comparison.y_true[display.rows].tolist()
    assert display.predicted.tolist() == [np.bincount(answers[row]).argmax() for row in display.rows]
    for (image,), row in zip(display.artists_, display.rows, strict=True):
        np.testing.assert_array_equal(image.get_array(), images[row])
        assert image.get_clim() == (0, 1)
    true, predicted, row = display.true[0], display.predicted[0], display.rows[0]
    percent = 100 * display.probability[0]
    said = f"{percent:.0f} %" if percent >= 1 else "<1 %"
    assert captions(display)[0] == f"{true}, predicted {predicted}\nP({true}): {said}\nrow {row}"


def test_without_probabilities_the_most_errors_come_first(comparison, digits):
    bare = SimpleNamespace(**{**vars(comparison), "probabilities": ((None,) * 6, *comparison.probabilities[1:])})
    display = HardestSamplesDisplay.from_comparison(bare, digits[0])
    _, errors, _ = by_hand(comparison)
    assert display.probability is None
    assert display.rows.tolist() == np.argsort(-errors, kind="stable")[:8].tolist()
    assert captions(display)[0].splitlines()[1] == f"wrong: {100 * errors[display.rows[0]]:.0f} %"


def test_rows_that_were_never_tested_are_left_out(comparison, digits):
    only = SimpleNamespace(
        **{
            **vars(comparison),
            "predicted": tuple((row[0], *(None,) * 5) for row in comparison.predicted),
            "probabilities": tuple((row[0], *(None,) * 5) for row in comparison.probabilities),
        }
    )
    display = HardestSamplesDisplay.from_comparison(only, digits[0].reshape(-1, 8, 8), n_samples=250)
    assert sorted(display.rows) == sorted(comparison.test_rows[0])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_rows_of_a_frame_are_lines(comparison, digits, frame):
    display = HardestSamplesDisplay.from_comparison(comparison, frame(digits[0]), n_samples=2)
    (line,), _ = display.artists_
    np.testing.assert_array_equal(line.get_ydata(), digits[0][display.rows[0]])
    assert display.axes_[0].get_ylim() == display.axes_[1].get_ylim()


def test_sequences_have_a_line_for_each_feature_and_may_differ_in_length():
    rng = np.random.default_rng(0)
    samples = [rng.normal(size=(length, 3)) for length in (20, 5)]
    display = HardestSamplesDisplay(samples=samples, true=[0, 1], predicted=[1, 0]).plot(line_kw={"linewidth": 2})
    assert [len(lines) for lines in display.artists_] == [3, 3]
    np.testing.assert_array_equal(display.artists_[1][2].get_ydata(), samples[1][:, 2])
    assert len({line.get_linestyle() for line in display.artists_[0]}) == 3  # in grey
    assert display.artists_[0][0].get_linewidth() == 2
    assert captions(display) == ["0, predicted 1", "1, predicted 0"]


def test_what_a_sample_looks_like_can_be_said():
    images = np.ones((2, 8, 8))
    arguments = {"samples": images, "true": [0, 1], "predicted": [1, 0]}
    assert len(HardestSamplesDisplay(**arguments).plot().axes_[0].images) == 1
    display = HardestSamplesDisplay(**arguments, kind="sequence").plot()
    assert len(display.artists_[0]) == 8
    with pytest.raises(
        ValueError, match=r"^kind must be one of image, sequence, text, or None\. Got 'photo' instead\.$"
    ):
        HardestSamplesDisplay(**arguments, kind="photo").plot()


@pytest.mark.parametrize(
    ("sample", "n_images"),
    [
        (np.ones((28, 28), dtype=np.uint8), 1),
        (np.ones((32, 32, 3)), 1),
        (np.ones((28, 28, 1)), 1),
        (np.ones((100, 12)), 0),  # long
        (np.ones((20, 3)), 0),  # few features
        (-np.ones((20, 20)), 0),  # no brightness
        (np.ones((28, 28, 2)), 0),  # no colours
        (np.ones(64), 0),
    ],
)
def test_images_are_told_from_sequences(sample, n_images):
    display = HardestSamplesDisplay(samples=[sample], true=[0], predicted=[1]).plot()
    assert len(display.axes_[0].images) == n_images


def test_texts_are_wrapped_into_their_panels(comparison):
    texts, _ = make_reviews(n_samples=300, random_state=0)
    texts = [text * 20 for text in texts]
    display = HardestSamplesDisplay.from_comparison(comparison, texts, n_samples=4, n_columns=1)
    assert display.figure_.get_figwidth() <= 4
    display.figure_.draw_without_rendering()
    for (text,), ax, row in zip(display.artists_, display.axes_, display.rows, strict=True):
        box, panel = text.get_window_extent(), ax.get_window_extent()
        assert panel.x0 <= box.x0 < box.x1 <= panel.x1
        assert panel.y0 <= box.y0 < box.y1 <= panel.y1
        shown = text.get_text()
        assert shown.endswith("…")
        assert texts[row].startswith(" ".join(shown[:-1].split()))


def test_long_names_of_classes_are_wrapped_above_the_sample():
    names = np.array(["written by the left hand", "written by the right hand"])
    display = HardestSamplesDisplay(
        samples=np.ones((8, 8, 8)), true=names[[0] * 8], predicted=names[[1] * 8], probability=[0.995] * 8
    ).plot()
    display.figure_.draw_without_rendering()
    boxes = [caption.get_window_extent() for caption in display.captions_[:4]]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
    assert boxes[0].y1 <= display.figure_.bbox.y1
    lines = " ".join(captions(display)[0].split())
    assert lines == "written by the left hand predicted written by the right hand P(true class): >99 %"


def test_axes_can_be_handed_in():
    figure = Figure()
    axes = figure.subplots(1, 2)
    arguments = {"samples": np.ones((2, 8, 8)), "true": [0, 1], "predicted": [1, 0]}
    display = HardestSamplesDisplay(**arguments).plot(ax=axes, im_kw={"cmap": "Blues"})
    assert display.figure_ is figure
    assert display.artists_[0][0].cmap.name == "Blues"
    assert plt.get_fignums() == []


def test_bad_input_is_an_error(comparison, digits):
    with pytest.raises(ValueError, match=r"^X must be the X of the comparison, with 300 samples\. Got 299 instead\.$"):
        HardestSamplesDisplay.from_comparison(comparison, digits[0][:299])
    with pytest.raises(ValueError, match=r"^n_samples must be 1 or more\. Got 0 instead\.$"):
        HardestSamplesDisplay.from_comparison(comparison, digits[0], n_samples=0)
    fixed = SimpleNamespace(**{**vars(comparison), "fixed_test": True})
    with pytest.raises(
        ValueError, match=r"^X must be the X_test of the comparison, with 300 samples\. Got 2 instead\.$"
    ):
        HardestSamplesDisplay.from_comparison(fixed, ["a", "b"])
    nothing = SimpleNamespace(**{**vars(comparison), "predicted": ((None,) * 6,) * 3})
    with pytest.raises(ValueError, match=r"^There are no predictions to find the hardest samples by\.$"):
        HardestSamplesDisplay.from_comparison(nothing, digits[0])
    several = SimpleNamespace(**{**vars(comparison), "classes": None})
    with pytest.raises(ValueError, match=r"^The hardest samples need one class for each sample: here each has several"):
        HardestSamplesDisplay.from_comparison(several, digits[0])
    with pytest.raises(ValueError, match=r"^true must have shape \(2,\), one for each sample\. Got \(1,\) instead\.$"):
        HardestSamplesDisplay(samples=["a", "b"], true=[1], predicted=[0, 1]).plot()
