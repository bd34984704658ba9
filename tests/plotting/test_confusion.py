"""Confusion matrices: pooled over splits, on one scale, with errors that show."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import same_color, to_rgb
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from skrnn.plotting import ConfusionMatricesDisplay

MATRICES = {"LSTM": [[8, 2, 0], [1, 9, 0], [0, 0, 10]], "GRU": [[9, 1, 0], [0, 10, 0], [5, 0, 5]]}


def draw(matrices=MATRICES, **arguments):
    classes = np.arange(len(next(iter(matrices.values()))))
    return ConfusionMatricesDisplay(matrices=matrices, classes=classes, **arguments)


def written(texts):
    return [[None if text is None else text.get_text() for text in row] for row in texts]


def test_a_comparison_pools_all_tested_rows(comparison):
    display = ConfusionMatricesDisplay.from_comparison(comparison)
    rows = np.concatenate(comparison.test_rows)
    assert len(rows) == 600  # each sample once in each of two repeats
    for name, predicted in zip(comparison.architectures, comparison.predicted, strict=True):
        expected = confusion_matrix(comparison.y_true[rows], np.concatenate(predicted))
        np.testing.assert_array_equal(display.matrices[name], expected)
        np.testing.assert_allclose(display.shares[name], expected / expected.sum(axis=1, keepdims=True))
    assert [ax.get_title() for ax in display.axes_] == ["logistic", "Bayes", "dummy"]
    assert (display.axes_[0].get_xlabel(), display.axes_[0].get_ylabel()) == ("Predicted", "True")
    assert [label.get_text() for label in display.axes_[0].get_yticklabels()] == [str(digit) for digit in range(10)]


def test_unfinished_fits_are_left_out(comparison):
    logistic, bayes, _ = comparison.predicted
    partly = SimpleNamespace(**{**vars(comparison), "predicted": ((None, *logistic[1:]), bayes, (None,) * 6)})
    display = ConfusionMatricesDisplay.from_comparison(partly)
    assert list(display.matrices) == ["logistic", "Bayes"]
    assert display.matrices["logistic"].sum() == 600 - len(comparison.test_rows[0])
    assert display.baselines == ()


def test_all_have_the_scale_of_the_highest_error_and_no_diagonal():
    display = draw().plot()
    for image, shares in zip(display.images_, display.shares.values(), strict=True):
        assert (image.norm.vmin, image.norm.vmax) == (0, 0.5)
        shown = image.get_array()
        assert shown.mask.diagonal().all()
        off = ~np.eye(3, dtype=bool)
        np.testing.assert_array_equal(shown.filled(0)[off], shares[off])
    assert display.colorbar_.vmax == 0.5
    assert display.colorbar_.extend == "neither"


def test_a_baseline_does_not_count_for_the_scale():
    display = draw(baselines=["GRU"]).plot()
    assert {image.norm.vmax for image in display.images_} == {0.2}
    assert display.colorbar_.extend == "max"


def test_shares_are_written_in_percent_but_for_errors_that_never_happened():
    lstm, _ = draw().plot().texts_
    assert written(lstm) == [["80", "20", None], ["10", "90", None], [None, None, "100"]]
    (rare,) = draw({"a": [[999, 1], [0, 4]]}).plot().texts_
    assert written(rare) == [["99", "<1"], [None, "100"]]


def test_a_perfect_matrix_and_an_empty_class_can_be_drawn():
    display = draw({"a": [[5, 0], [0, 0]]}).plot()
    np.testing.assert_array_equal(display.shares["a"], [[1, 0], [np.nan, np.nan]])
    assert written(display.texts_[0]) == [["100", None], [None, None]]
    assert display.images_[0].norm.vmax == 1
    assert display.images_[0].get_array().count() == 0


@pytest.mark.parametrize(("n_classes", "annotated"), [(20, True), (21, False)])
def test_many_classes_have_no_annotations(n_classes, annotated):
    matrix = np.full((n_classes, n_classes), 1)
    (texts,) = draw({"a": matrix}).plot().texts_
    assert all((text is not None) == annotated for text in texts.ravel())


def test_texts_fit_into_their_cells_and_names_do_not_meet():
    names = [f"a class named {number}" for number in range(20)]
    display = ConfusionMatricesDisplay(matrices={"a": np.full((20, 20), 1)}, classes=names).plot()
    assert display.figure_.get_figwidth() == 4
    display.figure_.draw_without_rendering()
    (ax,) = display.axes_
    cell = ax.get_window_extent().width / 20
    assert max(text.get_window_extent().width for text in display.texts_[0].ravel()) <= cell
    for labels, side in ((ax.get_xticklabels(), "width"), (ax.get_yticklabels(), "height")):
        assert all(getattr(label.get_window_extent(), side) <= cell + 1 for label in labels)


def test_with_hundreds_of_classes_some_are_named():
    display = draw({"a": np.eye(300, dtype=int)}).plot()
    labels = [label.get_text() for label in display.axes_[0].get_xticklabels()]
    assert labels[:3] == ["0", "12", "24"]
    assert len(labels) == 25


def test_numbers_can_be_read_on_the_colour_of_their_cell():
    for style in ("default", "dark_background"):
        with plt.style.context(style):
            display = draw().plot()
        image, texts = display.images_[1], display.texts_[1]
        paper = display.axes_[1].get_facecolor()
        assert same_color(texts[1, 1].get_color(), "black" if style == "default" else "white")
        assert sum(to_rgb(texts[0, 1].get_color())) != sum(to_rgb(paper))
        faintest = image.cmap(0.0)
        assert not same_color(faintest, paper)  # the rarest error can still be seen


def test_axes_can_be_handed_in_or_stacked():
    figure = Figure(layout="constrained")
    axes = figure.subplots(1, 2)
    display = draw().plot(ax=axes, im_kw={"cmap": "Blues"}, text_kw={"alpha": 0.5})
    assert list(display.axes_) == list(axes)
    assert display.images_[0].cmap.name == "Blues"
    assert display.texts_[0][0, 0].get_alpha() == 0.5
    assert plt.get_fignums() == []
    upper, lower = draw().plot(n_columns=1).axes_
    assert upper.get_position().y0 > lower.get_position().y0


def test_bad_input_is_an_error(comparison):
    multilabel = SimpleNamespace(**{**vars(comparison), "classes": None})
    with pytest.raises(ValueError, match=r"^Confusion matrices need one class for each sample: here each has several"):
        ConfusionMatricesDisplay.from_comparison(multilabel)
    with pytest.raises(ValueError, match=r"^There are no predictions to draw confusion matrices of\.$"):
        ConfusionMatricesDisplay(matrices={}, classes=[0, 1]).plot()
    with pytest.raises(ValueError, match=r"^The matrix of a must have shape \(3, 3\)\. Got \(2, 2\) instead\.$"):
        ConfusionMatricesDisplay(matrices={"a": np.eye(2)}, classes=[0, 1, 2]).plot()
