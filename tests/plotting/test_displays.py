"""The displays: what they keep, what they draw, and that they touch nobody else's figures."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from skrnn import LSTMClassifier
from skrnn.datasets import load_digits
from skrnn.model_selection import ArchitectureComparison, compare_architectures
from skrnn.plotting import ComparisonDisplay, HistoryDisplay
from skrnn.plotting.history import stack_histories
from skrnn.preprocessing import ImageToSequence


@pytest.fixture(autouse=True)
def _no_figure_is_left_open():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted():
    X, y = load_digits(return_X_y=True)
    network = LSTMClassifier(units=4, epochs=3, validation_fraction=0.2, random_state=0)
    return make_pipeline(ImageToSequence(), network).fit(X[:100], y[:100])


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# Learning curves


def test_curves_of_a_fitted_pipeline(fitted):
    display = HistoryDisplay.from_estimator(fitted, name="my network")
    assert display.metrics == ("loss", "accuracy")
    history = fitted[-1].history_
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_array_equal(display.curves["my network"][name], [history[name]])
    loss, accuracy = display.axes_
    assert (loss.get_xlabel(), loss.get_ylabel(), accuracy.get_ylabel()) == ("Epoch", "Loss", "Accuracy")
    assert texts(loss) == ["my network, training", "my network, validation"]
    training, validation = loss.lines
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
    assert texts(ax) == ["LSTM", "GRU"]
    lstm, gru = display.lines_
    np.testing.assert_array_equal(lstm.get_ydata(), [3, 3, 1])
    assert lstm.get_color() != gru.get_color()
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
    assert texts(loss) == ["SimpleRNN (test 0.600)", "GRU (test 0.850)"]
    assert texts(accuracy) == ["SimpleRNN (test 0.600)"]
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
    assert texts(display.axes_[1]) == ["GRU (test balanced accuracy 0.250)"]
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
    display = HistoryDisplay.from_histories({"GRU": {"loss": [1.0], "accuracy": [0.5]}}, ax=axes)
    assert display.figure_ is figure
    assert list(display.axes_) == list(axes)
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


# Scores


def test_every_score_is_a_point_with_a_box_and_a_mean():
    scores = {"LSTM": [0.9, 0.94, np.nan], "GRU": [0.8, 0.7, 0.75]}
    display = ComparisonDisplay(scores=scores, score_name="balanced_accuracy").plot()
    assert display.ax_.get_ylabel() == "Balanced accuracy"
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == [
        "LSTM\n0.920 ± 0.028",
        "GRU\n0.750 ± 0.050",
    ]
    assert [sorted(points.get_offsets()[:, 1]) for points in display.points_] == [[0.9, 0.94], [0.7, 0.75, 0.8]]
    assert [mean.get_offsets()[0].tolist() for mean in display.means_] == [[0, pytest.approx(0.92)], [1, 0.75]]
    assert len(display.boxes_) == 2
    assert texts(display.ax_) == ["one split", "mean"]


def test_one_score_has_no_spread_and_none_has_no_point():
    display = ComparisonDisplay(scores={"a": [0.5], "b": [np.nan]}).plot()
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["a\n0.500", "b"]
    assert len(display.points_) == 1


def test_figures_of_a_comparison_name_its_data():
    """The network that memorised its training data does not have the better test scores."""
    by_heart, better = {"loss": [0.5, 0.0], "accuracy": [0.9, 1.0]}, {"loss": [0.6, 0.4], "accuracy": [0.7, 0.8]}
    numbers = np.ones((2, 4))
    comparison = ArchitectureComparison(
        architectures=("by heart", "a network with a much longer name"), scoring="accuracy",
        repeats=np.array([0, 0, 1, 1]), folds=np.array([0, 1, 0, 1]), n_train=np.full(4, 600), n_test=np.full(4, 634),
        finished=numbers > 0, scores=np.array([[0.55] * 4, [0.75] * 4]), fit_seconds=numbers, score_seconds=numbers,
        n_parameters=numbers, n_epochs=numbers, curves=((by_heart,) * 4, (better,) * 4),
    )  # fmt: skip
    figure = comparison._draw_curves()
    assert figure.get_suptitle().splitlines() == [
        "Learning curves: how training went, not how well the networks do",
        "Lines: training data; diamonds and legend: accuracy on the test folds. Means ± standard deviation over "
        "4 test folds of 2 repeats, n = 1,234.",
    ]
    (legend,) = figure.legends  # one for both plots, below them
    assert [text.get_text() for text in legend.get_texts()] == [
        "by heart (test 0.550)",
        "a network with a much longer name (test 0.750)",
    ]
    assert [ax.get_legend() for ax in figure.axes] == [None, None]
    figure = comparison._draw_scores()
    assert figure.get_suptitle() == "Accuracy on 4 test folds of 2 repeats, n = 1,234"
    assert figure.axes[0].get_xticklabels()[1].get_text() == "a network with a\nmuch longer name\n0.750 ± 0.000"
    assert plt.get_fignums() == []


def test_a_comparison_is_drawn_into_axes_that_are_handed_in():
    X, y = load_digits(return_X_y=True)
    comparison = compare_architectures({"tree": DecisionTreeClassifier()}, X[:99].reshape(99, 64), y[:99], cv=2)
    figure = Figure()
    display = comparison.plot(ax=figure.subplots())
    assert isinstance(display, ComparisonDisplay)
    assert display.figure_ is figure
    np.testing.assert_array_equal(display.scores["tree"], comparison.scores[0])
    assert plt.get_fignums() == []
    assert comparison.plot().figure_.number in plt.get_fignums()
