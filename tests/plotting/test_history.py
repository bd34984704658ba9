"""Learning curves: what is kept, what is drawn, and that no other figure is touched."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from skrnn import LSTMClassifier
from skrnn.datasets import load_digits
from skrnn.plotting import HistoryDisplay
from skrnn.plotting.history import stack_histories
from skrnn.preprocessing import ImageToSequence


@pytest.fixture(scope="module")
def fitted():
    X, y = load_digits(return_X_y=True)
    network = LSTMClassifier(units=4, epochs=3, validation_fraction=0.2, random_state=0)
    return make_pipeline(ImageToSequence(), network).fit(X[:100], y[:100])


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_curves_of_a_fitted_pipeline(fitted):
    display = HistoryDisplay.from_estimator(fitted, name="my network")
    assert display.metrics == ("loss", "accuracy")
    history = fitted[-1].history_
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_array_equal(display.curves["my network"][name], [history[name]])
    loss, accuracy = display.axes_
    assert (loss.get_xlabel(), loss.get_ylabel(), accuracy.get_ylabel()) == ("Epoch", "Loss", "Accuracy")
    (legend,) = display.figure_.legends
    assert texts(legend) == ["my network", "training", "validation"]
    training, validation = display.lines_[:2]
    assert [line.axes for line in display.lines_] == [loss, loss, accuracy, accuracy]
    np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(training.get_ydata(), history["loss"])
    assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert training.get_color() == validation.get_color()
    assert display.bands_ == []


def test_the_class_is_the_name_if_none_is_given(fitted):
    assert list(HistoryDisplay.from_estimator(fitted).curves) == ["LSTMClassifier"]


def test_runs_are_drawn_as_their_mean_in_a_band_of_one_standard_deviation():
    runs = [{"loss": [4.0, 2.0, 1.0]}, {"loss": [2.0, 4.0]}]
    display = HistoryDisplay.from_histories({"LSTM": runs, "GRU": {"loss": [1.0, 1.0]}})
    np.testing.assert_array_equal(display.curves["LSTM"]["loss"], [[4, 2, 1], [2, 4, np.nan]])
    (ax,) = display.axes_
    assert ax.get_ylabel() == "Training loss"
    (legend,) = display.figure_.legends
    assert texts(legend) == ["LSTM", "GRU"]  # a single kind of line needs no entry
    lstm, gru = display.lines_
    np.testing.assert_array_equal(lstm.get_ydata(), [3, 3, 1])
    assert lstm.get_color() != gru.get_color()
    assert lstm.get_marker() != gru.get_marker()  # in grey
    (band,) = display.bands_
    edges = band.get_paths()[0].vertices
    assert edges[edges[:, 0] == 1, 1].min() == 2
    assert edges[edges[:, 0] == 1, 1].max() == 4
    assert set(edges[edges[:, 0] == 3, 1]) == {1}


def test_bands_stay_within_the_range_of_the_runs():
    runs = [{"accuracy": [1.0, 0.5], "loss": [0.0, 1.0]}] * 2 + [{"accuracy": [0.4, 0.5], "loss": [3.0, 1.0]}]
    display = HistoryDisplay.from_histories({"LSTM": runs})
    edges = {metric: band.get_paths()[0].vertices for metric, band in zip(display.metrics, display.bands_, strict=True)}
    first = {metric: points[points[:, 0] == 1, 1] for metric, points in edges.items()}
    assert first["accuracy"].max() == 1  # 0.8 and a deviation of 0.28
    assert first["accuracy"].min() == pytest.approx(0.8 - np.std([1, 1, 0.4]))
    assert first["loss"].min() == 0


def test_test_scores_are_drawn_beside_the_curves_and_in_the_legend():
    curves = stack_histories(
        {"SimpleRNN": [{"loss": [0.1, 0.0], "accuracy": [0.9, 1.0]}] * 3, "GRU": {"loss": [1.0, 0.8]}}
    )
    scores = {"SimpleRNN": [0.5, 0.55, 0.75], "GRU": [0.9, np.nan, 0.8], "tree": [0.99]}
    display = HistoryDisplay(curves=curves, test_scores=scores).plot()
    loss, accuracy = display.axes_
    (legend,) = display.figure_.legends
    assert texts(legend) == ["SimpleRNN (test 0.600)", "GRU (test 0.850)"]
    assert [ax.get_legend() for ax in display.axes_] == [None, None]
    simple, gru = display.test_scores_  # even a network without curves has a score
    assert [mark.axes for mark in (simple, gru)] == [accuracy, accuracy]
    assert [mark.get_ydata()[0] for mark in (simple, gru)] == pytest.approx([0.6, 0.85])
    assert [mark.get_color() for mark in (simple, gru)] == [line.get_color() for line in (loss.lines[0], loss.lines[1])]
    assert min(simple.get_xdata()[0], gru.get_xdata()[0]) > 2  # to the right of the last epoch
    assert [label.get_text() for label in accuracy.get_xticklabels()] == ["1", "2", "test"]
    assert [label.get_text() for label in loss.get_xticklabels()] == ["1", "2"]
    assert accuracy.get_ylabel() == "Accuracy"


def test_scores_of_another_kind_than_the_curves_are_in_the_legend():
    curves = stack_histories({"GRU": {"loss": [1.0, 0.8], "accuracy": [0.5, 0.6]}})
    display = HistoryDisplay(curves=curves, test_scores={"GRU": [0.25]}, score_name="balanced_accuracy").plot()
    assert display.test_scores_ == []
    assert texts(display.figure_.legends[0]) == ["GRU (test balanced accuracy 0.250)"]
    assert display.axes_[1].get_ylabel() == "Training accuracy"


@pytest.mark.parametrize("n_epochs", [1, 2, 3, 20, 100])
def test_epochs_are_whole_numbers_and_the_last_is_labelled(n_epochs):
    display = HistoryDisplay.from_histories({"GRU": {"loss": [1.0] * n_epochs}})
    named = [int(label.get_text()) for label in display.axes_[0].get_xticklabels()]
    assert named == sorted(set(named))
    assert named[0] >= 1
    assert named[-1] == n_epochs


def test_networks_without_curves_are_left_out():
    display = HistoryDisplay.from_histories({"tree": [{}, {}], "GRU": [{}, {"loss": [1.0]}]})
    assert list(display.curves) == ["GRU"]
    assert display.curves["GRU"]["loss"].shape == (1, 1)
    assert len(display.lines_) == 1


def test_curves_go_into_axes_that_are_handed_in():
    figure = Figure()
    axes = figure.subplots(2, 1)
    histories = {"GRU": {"loss": [1.0], "accuracy": [0.5]}, "LSTM": {"loss": [1.0], "val_loss": [2.0]}}
    display = HistoryDisplay.from_histories(histories, ax=axes)
    assert display.figure_ is figure
    assert list(display.axes_) == list(axes)
    assert axes[0].get_legend() is None
    assert texts(axes[1].get_legend()) == ["GRU", "LSTM", "training", "validation"]
    assert figure.legends == []
    assert plt.get_fignums() == []


def test_axes_must_be_as_many_as_metrics():
    with pytest.raises(ValueError, match=r"^ax must be one axes for each of loss, accuracy\. Got 1 instead\.$"):
        HistoryDisplay.from_histories({"GRU": {"loss": [1.0], "accuracy": [0.5]}}, ax=Figure().subplots())


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match=r"^There are no learning curves to draw\.$"):
        HistoryDisplay.from_histories({"tree": {}})


def test_only_fitted_networks_have_curves():
    with pytest.raises(NotFittedError):
        HistoryDisplay.from_estimator(LSTMClassifier())
    tree = DecisionTreeClassifier().fit([[0], [1]], [0, 1])
    with pytest.raises(TypeError) as caught:
        HistoryDisplay.from_estimator(tree)
    expected = "DecisionTreeClassifier has no learning curves: expected a classifier with a dict as its history_."
    assert str(caught.value) == expected


def test_every_network_has_one_entry_however_many_curves_it_has():
    histories = {
        name: [{"loss": [2.0, 1.0], "val_loss": [3.0, 2.0], "accuracy": [0.5, 0.6], "val_accuracy": [0.4, 0.5]}] * 3
        for name in ("LSTM", "GRU", "SimpleRNN")
    }
    display = HistoryDisplay.from_histories(histories, n_columns=1)
    (legend,) = display.figure_.legends
    assert texts(legend) == ["LSTM", "GRU", "SimpleRNN", "training", "validation"]
    assert [line.get_linestyle() for line in legend.legend_handles[-2:]] == ["-", "--"]
    assert len(display.lines_) == len(display.bands_) == 12
    loss, accuracy = (ax.get_position() for ax in display.axes_)
    assert loss.x0 == accuracy.x0
    assert loss.y0 > accuracy.y0  # below each other
    assert display.figure_.get_figwidth() == 4


def test_curves_of_a_comparison_have_the_colours_of_its_scores(comparison):
    curves = (({},) * 6, ({"loss": [1.0, 0.5]},) * 6, ({},) * 6)
    trained = SimpleNamespace(**{**vars(comparison), "curves": curves})
    display = HistoryDisplay.from_comparison(trained, line_kw={"linewidth": 3}, band_kw={"alpha": 0.5})
    assert list(display.curves) == ["Bayes"]
    assert display.curves["Bayes"]["loss"].shape == (6, 2)
    (line,) = display.lines_
    assert line.get_color() == "#D55E00"  # the second of three
    assert line.get_linewidth() == 3
    assert display.bands_[0].get_alpha() == 0.5
    assert texts(display.figure_.legends[0]) == [f"Bayes (test accuracy {comparison.scores[1].mean():.3f})"]


def test_test_scores_are_hollow_on_dark_paper_too():
    curves = stack_histories({"GRU": {"loss": [1.0, 0.8], "accuracy": [0.5, 0.6]}})
    with plt.style.context("dark_background"):
        display = HistoryDisplay(curves=curves, test_scores={"GRU": [0.5]}).plot()
        (mark,) = display.test_scores_
        assert to_rgba(mark.get_markerfacecolor()) == display.axes_[1].get_facecolor() == (0, 0, 0, 1)
