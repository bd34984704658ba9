"""Scores: paired by lines, with means and intervals, and baselines that do not spoil the scale."""

import itertools

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from skrnn.plotting import ComparisonDisplay
from skrnn.plotting.style import new_figure


def labels(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def segments(display):
    return [[tuple(point) for point in segment] for segment in display.lines_.get_segments()]


def test_every_score_is_a_point_and_the_same_split_is_a_line():
    scores = {"LSTM": [0.9, 0.94, np.nan], "GRU": [0.8, 0.7, 0.75]}
    display = ComparisonDisplay(scores=scores, score_name="balanced_accuracy").plot()
    assert display.ax_.get_xlabel() == "Balanced accuracy"
    assert labels(display) == ["LSTM\n0.920", "GRU\n0.750"]
    assert [points.get_offsets()[:, 0].tolist() for points in display.points_] == [[0.9, 0.94], [0.8, 0.7, 0.75]]
    ends = [(start[0], end[0]) for start, end in segments(display)]
    assert ends == [(0.9, 0.8), (0.94, 0.7)]  # the third has no score of the LSTM
    ties = {tuple(point) for points in display.points_ for point in points.get_offsets()}
    assert {point for segment in segments(display) for point in segment} <= ties  # lines end in points


def test_lines_connect_neighbours_and_do_not_bridge_a_missing_score():
    scores = {"a": [0.1, 0.2], "b": [0.3, np.nan], "c": [0.5, 0.6]}
    display = ComparisonDisplay(scores=scores).plot()
    assert [(start[0], end[0]) for start, end in segments(display)] == [(0.1, 0.3), (0.3, 0.5)]


def test_the_mean_has_the_interval_of_the_summary(comparison):
    display = ComparisonDisplay.from_comparison(comparison)
    summary = comparison.summary()
    assert labels(display)[:2] == [f"{name}\n{summary.loc[name, 'mean']:.3f}" for name in ("logistic", "Bayes")]
    for row in range(2):
        (x, below), (at,) = display.means_[row].get_offsets()[0], [display.positions_[row]]
        assert x == pytest.approx(summary["mean"].iloc[row])
        assert at < below < at + 0.5  # below the points, nearer to its own row than to the next
        line = display.intervals_[row]
        assert line.get_xdata() == pytest.approx([summary["low"].iloc[row], summary["high"].iloc[row]])
        assert line.get_ydata() == pytest.approx([below, below])
    assert legend(display) == ["one split", "mean, 95 % interval", "baseline"]


def test_rows_run_from_top_to_bottom(comparison):
    display = ComparisonDisplay.from_comparison(comparison)
    bottom, top = display.ax_.get_ylim()
    assert bottom > display.positions_[-1] > display.positions_[0] > top
    assert display.ax_.get_yticks().tolist() == display.positions_.tolist()


def test_a_baseline_far_from_all_others_is_an_arrow_at_the_edge(comparison):
    display = ComparisonDisplay.from_comparison(comparison)
    (arrow,) = display.off_scale_
    assert arrow.get_marker() == "<"
    assert (arrow.get_xdata()[0], arrow.get_ydata()[0]) == (0, display.positions_[2])
    assert len(display.points_) == len(display.means_) == 2
    low, _ = display.ax_.get_xlim()
    assert low > comparison.scores[2].max()  # or the other two would be pressed together
    assert [text.get_text() for text in display.ax_.texts] == [f"off the scale: {comparison.scores[2].mean():.3f}"]


def test_a_baseline_above_all_others_points_to_the_right():
    display = ComparisonDisplay(scores={"a": [0.1, 0.11], "b": [0.12, 0.1], "c": [0.9, 0.9]}, baselines=["c"]).plot()
    assert display.off_scale_[0].get_marker() == ">"
    assert display.off_scale_[0].get_xdata()[0] == 1


def test_architectures_are_never_off_the_scale():
    display = ComparisonDisplay(scores={"a": [0.9, 0.91], "b": [0.1, 0.1]}).plot()
    assert display.off_scale_ == []
    assert display.ax_.get_xlim()[0] < 0.1


def test_a_near_baseline_is_hollow_and_apart():
    scores = {"a": [0.9, 0.94], "b": [0.91, 0.92], "c": [0.88, 0.9]}
    display = ComparisonDisplay(scores=scores, low=[0.8] * 3, high=[0.95] * 3, baselines=["c"]).plot()
    assert display.positions_.tolist() == [0, 1, 2.5]
    solid, _, hollow = display.points_
    assert len(solid.get_facecolors()) == 1
    assert len(hollow.get_facecolors()) == 0
    assert display.off_scale_ == []
    assert same_color(display.means_[2].get_facecolor()[0], display.ax_.get_facecolor())


def test_one_split_has_no_mean_and_none_no_point():
    display = ComparisonDisplay(scores={"a": [0.5], "b": [np.nan]}, low=[np.nan] * 2, high=[np.nan] * 2).plot()
    assert labels(display) == ["a\n0.500", "b\nno score"]
    assert len(display.points_) == 1
    assert display.means_ == display.intervals_ == []
    assert legend(display) == ["one split"]


def test_many_splits_get_fainter_lines_and_smaller_points():
    few, many = (ComparisonDisplay(scores={"a": [0.5] * n, "b": [0.6] * n}).plot() for n in (5, 120))
    assert many.lines_.get_alpha() < few.lines_.get_alpha()
    assert many.points_[0].get_sizes()[0] < few.points_[0].get_sizes()[0]
    assert len(segments(many)) == 120


def test_a_figure_grows_with_names_and_rows_not_in_width():
    short = ComparisonDisplay(scores={"a": [0.5, 0.6], "b": [0.6, 0.5]}).plot().figure_
    long = ComparisonDisplay(scores={f"a network with a much longer name {i}": [0.5, 0.6] for i in range(8)}).plot()
    assert short.get_figwidth() == long.figure_.get_figwidth() == 5
    assert long.figure_.get_figheight() > 2 * short.get_figheight()
    figure = long.figure_
    figure.set_figwidth(4)
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in long.ax_.get_yticklabels()]
    assert all(upper.y0 > lower.y1 for upper, lower in itertools.pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0


def test_axes_or_an_empty_figure_can_be_handed_in():
    scores = {"a": [0.5, 0.6], "b": [0.6, 0.5]}
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    assert ComparisonDisplay(scores=scores).plot(ax=ax).ax_ is ax
    empty = Figure(layout="constrained")
    assert ComparisonDisplay(scores=scores).plot(ax=empty).figure_ is empty
    assert empty.get_figwidth() == 5
    with pytest.raises(ValueError, match=r"^ax must be axes, or a figure without any\. Got a figure that"):
        ComparisonDisplay(scores=scores).plot(ax=empty)
    assert plt.get_fignums() == []


def test_keywords_reach_matplotlib():
    display = ComparisonDisplay(scores={"a": [0.5, 0.6], "b": [0.6, 0.5]}).plot(
        line_kw={"linewidths": 3}, point_kw={"s": 50}, mean_kw={"marker": "s", "s": 99}
    )
    assert display.lines_.get_linewidth() == 3
    assert display.points_[0].get_sizes() == [50]
    assert display.means_[0].get_sizes() == [99]


def test_everything_shows_on_dark_paper(comparison):
    with plt.style.context("dark_background"):
        display = ComparisonDisplay.from_comparison(comparison)
        assert same_color(display.lines_.get_color()[0][:3], "white")
        assert same_color(display.means_[0].get_edgecolor()[0], "white")
        for points in display.points_:
            assert not same_color(points.get_edgecolor()[0][:3], "black")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": {}}, "There are no scores to draw."),
        ({"scores": {"a": []}}, "There are no scores to draw."),
        (
            {"scores": {"a": [1, 2], "b": [1]}},
            "All classifiers must have scores on the same splits. Got {'a': 2, 'b': 1} splits instead.",
        ),
        ({"scores": {"a": [1]}, "baselines": ["b"]}, "baselines must be among a. Got b instead."),
        ({"scores": {"a": [1]}, "low": [1, 2]}, "low must have shape (1,). Got (2,) instead."),
    ],
)
def test_bad_input_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=r"\S") as caught:
        ComparisonDisplay(**arguments).plot()
    assert str(caught.value) == message
    assert plt.get_fignums() == []


def test_the_title_of_a_figure_is_broken_where_the_figure_becomes_narrow():
    title = "Accuracy on 30 test folds of 10 repeats, n = 1,797"
    remark = "Points: one split each, connected between classifiers. Bars: mean with its 95 % interval. " * 2
    figure = new_figure(title, remark, width=12)
    ComparisonDisplay(scores={"a": [0.5, 0.6]}).plot(ax=figure)
    assert " ".join(figure.get_suptitle().split()) == f"{title} {remark}".strip()
    assert figure.get_suptitle().splitlines()[0] == title
    figure.draw_without_rendering()
    (text,) = (text for text in figure.texts if text.get_text() == figure.get_suptitle())
    assert text.get_window_extent().x1 <= figure.bbox.x1
