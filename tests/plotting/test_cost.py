"""Scores against costs: one panel for each cost, the front, and what is left out."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from skrnn.plotting import CostDisplay

MEANS = {"SimpleRNN": 0.92, "GRU": 0.95, "LSTM": 0.94}


def places(panel):
    return [tuple(float(values[0]) for values in bar.lines[0].get_data()) for bar in panel]


def legend(display):
    return [text.get_text() for text in display.figure_.legends[0].get_texts()]


def test_a_comparison_is_drawn_against_parameters_and_time(comparison):
    display = CostDisplay.from_comparison(comparison)
    summary = comparison.summary()
    parameters, time = display.axes_
    assert (parameters.get_xlabel(), time.get_xlabel()) == ("Number of parameters", "Time to fit (s)")
    assert parameters.get_ylabel() == "Accuracy"
    assert places(display.points_[0]) == [(650, pytest.approx(summary["mean"].iloc[0]))]
    assert places(display.points_[1])[:2] == [
        (cost, pytest.approx(mean)) for cost, mean in zip([0.05, 0.002], summary["mean"], strict=False)
    ]
    low, high = display.points_[0][0].lines[2][0].get_segments()[0][:, 1]
    assert (low, high) == (pytest.approx(summary["low"].iloc[0]), pytest.approx(summary["high"].iloc[0]))
    assert display.notes_[0].get_text() == "Unknown for Bayes, dummy"
    assert len(display.notes_) == 1


def test_a_far_baseline_is_at_the_edge_and_the_legend_has_its_mean(comparison):
    display = CostDisplay.from_comparison(comparison)
    bottom, _ = display.axes_[1].get_ylim()
    assert bottom > comparison.scores[2].max()
    assert places(display.points_[1])[2] == (0.001, pytest.approx(bottom))
    assert legend(display) == [
        "Pareto front", "logistic", "Bayes", f"dummy ({comparison.scores[2].mean():.3f}, off the scale)",
    ]  # fmt: skip


def test_other_columns_of_the_summary_can_be_costs(comparison):
    display = CostDisplay.from_comparison(comparison, costs=["latency_seconds"])
    assert display.names == ("Time to predict one sample (s)",)
    with pytest.raises(ValueError, match=r"^costs must be columns of the summary: mean, .*\. Got price instead\.$"):
        CostDisplay.from_comparison(comparison, costs=["price"])


@pytest.mark.parametrize(("most", "scale"), [(999.0, "linear"), (1001.0, "log")])
def test_an_axis_is_logarithmic_beyond_a_factor_of_ten(most, scale):
    display = CostDisplay(means=MEANS, costs={"cost": [100.0, 200.0, most]}).plot()
    assert display.axes_[0].get_xscale() == scale


def test_costs_of_nothing_have_no_logarithm():
    display = CostDisplay(means=MEANS, costs={"cost": [0.0, 200.0, 9999.0]}).plot()
    assert display.axes_[0].get_xscale() == "linear"


def test_large_numbers_are_written_out():
    display = CostDisplay(means=MEANS, costs={"cost": [500.0, 20_000.0, 40_000.0]}).plot()
    display.figure_.draw_without_rendering()
    ticks = [label.get_text() for label in display.axes_[0].get_xticklabels()]
    assert {"1,000", "3,000", "10,000"} <= set(ticks)


def test_the_front_has_those_that_nothing_beats():
    costs = {"cost": [300.0, 100.0, 200.0, 400.0, 100.0]}
    means = {"best": 0.9, "cheapest": 0.7, "beaten": 0.6, "dear": 0.9, "cheap and worse": 0.65}
    display = CostDisplay(means=means, costs=costs).plot()
    assert display.fronts_[0].get_xdata().tolist() == [100, 300]
    assert display.fronts_[0].get_ydata().tolist() == [0.7, 0.9]
    assert display.fronts_[0].get_drawstyle() == "steps-post"


def test_a_cost_that_nobody_knows_has_no_panel():
    unknown = [np.nan] * 3
    display = CostDisplay(means=MEANS, costs={"unknown": unknown, "cost": [1, 2, 3]}).plot()
    assert display.names == ("cost",)
    with pytest.raises(
        ValueError, match=r"^There is nothing to draw: no classifier has both a score and a known cost\.$"
    ):
        CostDisplay(means=MEANS, costs={"unknown": unknown}).plot()


def test_classifiers_differ_in_grey_and_baselines_are_hollow():
    display = CostDisplay(means=MEANS, costs={"cost": [1, 2, 3]}, baselines=["LSTM"]).plot()
    marks = [bar.lines[0] for bar in display.points_[0]]
    assert len({mark.get_marker() for mark in marks}) == 3
    assert [same_color(mark.get_markerfacecolor(), mark.get_color()) for mark in marks] == [True, True, False]


def test_panels_are_stacked_or_handed_in():
    costs = {"parameters": [1, 2, 3], "time": [3, 2, 1]}
    upper, lower = CostDisplay(means=MEANS, costs=costs).plot(n_columns=1).axes_
    assert upper.get_position().x0 == lower.get_position().x0
    figure = Figure()
    axes = figure.subplots(2)
    display = CostDisplay(means=MEANS, costs=costs).plot(ax=axes, point_kw={"markersize": 12}, front_kw={"alpha": 1})
    assert list(display.axes_) == list(axes)
    assert figure.legends == []
    assert len(axes[1].get_legend().get_texts()) == 4
    assert display.points_[0][0].lines[0].get_markersize() == 12
    assert display.fronts_[0].get_alpha() == 1
    with pytest.raises(ValueError, match=r"^ax must be one axes for each of parameters, time\. Got 1 instead\.$"):
        CostDisplay(means=MEANS, costs=costs).plot(ax=axes[0])
    with pytest.raises(ValueError, match=r"^n_columns must be 1 or more, or None for a single row\. Got 0 instead\.$"):
        CostDisplay(means=MEANS, costs=costs).plot(n_columns=0)


def test_the_legend_fits_into_the_width_of_a_phone():
    means = {f"a network with a much longer name {number}": 0.9 + number / 100 for number in range(8)}
    display = CostDisplay(means=means, costs={"cost": range(1, 9)}).plot()
    assert display.figure_.get_figwidth() == 4
    display.figure_.draw_without_rendering()
    box, page = display.figure_.legends[0].get_window_extent(), display.figure_.bbox
    assert box.x0 >= 0
    assert box.x1 <= page.x1
    assert display.axes_[0].get_window_extent().height > 150  # of 500: the figure has grown by the legend


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"^cost must have shape \(3,\)\. Got \(2,\) instead\.$"):
        CostDisplay(means=MEANS, costs={"cost": [1, 2]}).plot()
    assert plt.get_fignums() == []
