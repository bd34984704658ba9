"""Differences: densities, points, histograms, and probabilities in words."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import same_color
from scipy import stats

from skrnn.plotting import DifferenceDisplay


def pair(a="LSTM", b="GRU", **changes):
    posterior = {"mean": 0.02, "scale": 0.01, "df": 9, "p_worse": 0.007, "p_equivalent": 0.164, "p_better": 0.829}
    return {"a": a, "b": b, **posterior, **changes}


def areas(display):
    """Return the extent of each coloured area."""
    return [
        (area.get_paths()[0].vertices[:, 0].min(), area.get_paths()[0].vertices[:, 0].max())
        for area in display.ax_.collections
    ]


def test_the_density_is_that_of_students_t():
    display = DifferenceDisplay(differences=[pair()], rope=0.01, score_name="balanced_accuracy").plot()
    (line,), (base,) = display.densities_, display.positions_
    x, height = line.get_xdata(), base - line.get_ydata()
    expected = stats.t.pdf(x, 9, 0.02, 0.01)
    np.testing.assert_allclose(
        height / height.max(), expected / expected.max(), atol=1e-4
    )  # a straight line between points
    assert x[np.argmax(height)] == pytest.approx(0.02)
    assert display.means_[0].get_xdata().tolist() == [0.02]
    low, high = stats.t.interval(0.95, 9, 0.02, 0.01)
    assert display.intervals_[0].get_xdata() == pytest.approx([low, high])
    assert x[0] < low < high < x[-1]
    expected = "Difference in balanced accuracy, first − second\nshaded: practically equivalent (±0.01)"  # noqa: RUF001
    assert display.ax_.get_xlabel() == expected


def test_the_area_changes_colour_at_the_edges_of_the_region_of_equivalence():
    display = DifferenceDisplay(differences=[pair(mean=0.0)], rope=0.01).plot()
    worse, equivalent, better = areas(display)
    assert worse[1] == equivalent[0] == -0.01
    assert equivalent[1] == better[0] == 0.01
    box = display.rope_.get_bbox()
    assert (box.x0, box.x1) == (-0.01, 0.01)


def test_each_pair_has_its_names_and_probabilities_above_its_density():
    unlikely = pair("SimpleRNN", "GRU", p_worse=0.999, p_equivalent=0.0, p_better=0.001)
    display = DifferenceDisplay(differences=[pair(), unlikely], rope=0.01).plot()
    assert [text.get_text().replace("−", "-") for text in display.texts_] == [  # noqa: RUF001
        "LSTM - GRU\nworse <1 %, equivalent 16 %, better 83 %",
        "SimpleRNN - GRU\nworse >99 %, equivalent 0 %, better <1 %",
    ]
    first, second = (text.get_position()[1] for text in display.texts_)
    assert first < display.densities_[0].get_ydata().min() < display.positions_[0] < second < display.positions_[1]


def test_a_scale_of_zero_is_a_vertical_line():
    display = DifferenceDisplay(differences=[pair(scale=0.0)], rope=0.01).plot()
    (line,), (base,) = display.densities_, display.positions_
    assert list(line.get_xdata()) == [0.02, 0.02]
    assert line.get_ydata()[0] == base > line.get_ydata()[1]
    assert len(areas(display)) == 0
    assert display.means_[0].get_xdata() == [0.02]


def bootstrap(comparison, n_resamples=1000):
    """Return the differences in accuracy of two classifiers on resampled test data."""
    rows = np.concatenate(comparison.test_rows[:3])
    first, second = (np.concatenate(predicted[:3]) == comparison.y_true[rows] for predicted in comparison.predicted[:2])
    chosen = np.random.default_rng(0).integers(len(rows), size=(n_resamples, len(rows)))
    return (first.astype(float) - second)[chosen].mean(axis=1)


def test_samples_are_drawn_as_steps(comparison):
    samples = bootstrap(comparison)
    of_samples = pair(mean=np.nan, scale=np.nan, df=np.nan, samples=samples)
    display = DifferenceDisplay(differences=[of_samples], rope=0.01).plot()
    (line,), (base,) = display.densities_, display.positions_
    edges, height = np.unique(line.get_xdata()), base - line.get_ydata()
    assert edges[0] <= samples.min()
    assert edges[-1] >= samples.max()
    # Every bin holds equally many of the values that a difference on 300 samples can have.
    widths = np.diff(edges)
    assert np.ptp(widths) < 1e-9
    assert widths[0] * 300 == pytest.approx(round(widths[0] * 300))
    counts, _ = np.histogram(samples, edges)
    np.testing.assert_allclose(height[1:-1:2] / height.max(), counts / counts.max())
    assert display.means_[0].get_xdata() == [pytest.approx(samples.mean())]
    assert display.intervals_[0].get_xdata() == pytest.approx(np.quantile(samples, [0.025, 0.975]))


def test_the_colours_of_steps_change_inside_a_bin_too():
    samples = np.repeat([-0.02, 0.0, 0.02], [1, 3, 2])
    display = DifferenceDisplay(differences=[pair(samples=samples)], rope=0.005).plot()
    np.testing.assert_allclose(areas(display), [[-0.03, -0.005], [-0.005, 0.005], [0.005, 0.03]])


def test_a_stated_mean_and_interval_are_drawn(comparison):
    """The figure then agrees with the table, whichever interval of the bootstrap the table has."""
    stated = pair(mean=0.1, low=0.05, high=0.2, samples=bootstrap(comparison))
    display = DifferenceDisplay(differences=[stated], rope=0.01).plot()
    assert display.means_[0].get_xdata() == [0.1]
    assert list(display.intervals_[0].get_xdata()) == [0.05, 0.2]


@pytest.mark.parametrize(
    "unknown", [{"mean": np.nan}, {"scale": np.nan}, {"df": 0}, {"df": np.nan}, {"samples": np.array([])}]
)
def test_a_pair_that_is_unknown_says_so(unknown):
    differences = [pair("failed", **{"p_worse": np.nan, **unknown}), pair()]
    display = DifferenceDisplay(differences=differences, rope=0.01).plot()
    assert len(display.densities_) == len(display.means_) == 1
    assert display.texts_[0].get_text().endswith("GRU\nunknown: too few scores")
    assert display.densities_[0].get_ydata().min() > display.positions_[0]  # the second row


def test_a_comparison_leaves_out_pairs_of_baselines_and_its_dummy_does_not_spoil_the_scale():
    pairs = [pair(), pair("LSTM", "dummy", mean=0.8), pair("GRU", "dummy", mean=0.79), pair("tree", "dummy", mean=0.7)]
    comparison = SimpleNamespace(
        posteriors=lambda: [SimpleNamespace(samples=None, **one) for one in pairs],
        rope=0.02, scoring="accuracy", baselines=("tree", "dummy"),
    )  # fmt: skip
    display = DifferenceDisplay.from_comparison(comparison)
    assert len(display.texts_) == len(display.positions_) == 3
    assert len(display.densities_) == 1
    arrows = display.off_scale_
    assert [(arrow.get_marker(), arrow.get_xdata()[0]) for arrow in arrows] == [(">", 1), (">", 1)]
    assert arrows[0].get_ydata()[0] < display.positions_[1] < arrows[1].get_ydata()[0]
    assert display.ax_.get_xlim()[1] < 0.1
    notes = [text.get_text() for text in display.ax_.texts if text not in display.texts_]
    assert notes == ["off the scale: +0.800 (+0.777 to +0.823)", "off the scale: +0.790 (+0.767 to +0.813)"]


def test_large_differences_between_networks_stay_on_the_scale():
    display = DifferenceDisplay(differences=[pair(), pair("LSTM", "SimpleRNN", mean=0.8)], rope=0.01).plot()
    assert display.off_scale_ == []
    assert display.ax_.get_xlim()[1] > 0.8


def test_texts_do_not_meet_at_the_width_of_a_phone():
    names = [f"a network with a much longer name {number}" for number in range(4)]
    pairs = [pair(a, b) for a in names for b in names if a < b]
    figure = DifferenceDisplay(differences=pairs, rope=0.01).plot()
    figure.figure_.set_figwidth(4)
    figure.figure_.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.texts_]
    assert all(upper.y0 > lower.y1 for upper, lower in itertools.pairwise(boxes))
    assert max(box.x1 for box in boxes) <= figure.figure_.bbox.x1
    assert boxes[0].y1 <= figure.figure_.bbox.y1


def test_no_pairs_are_an_error():
    with pytest.raises(ValueError, match=r"^There are no differences to draw: a comparison of one classifier has no"):
        DifferenceDisplay(differences=[], rope=0.01).plot()
    assert plt.get_fignums() == []


def test_without_a_region_of_equivalence_nothing_is_said_about_it():
    display = DifferenceDisplay(differences=[pair()], rope=0.0).plot()
    assert "\n" not in display.ax_.get_xlabel()


def test_everything_shows_on_dark_paper():
    with plt.style.context("dark_background"):
        display = DifferenceDisplay(differences=[pair()], rope=0.01).plot(line_kw={"linewidth": 3})
    (line,) = display.densities_
    assert line.get_linewidth() == 3
    for artist in (line, display.intervals_[0], display.texts_[0]):
        assert same_color(artist.get_color(), "white")
    assert same_color(display.means_[0].get_markerfacecolor(), "black")


def test_what_a_pair_lacks_is_named():
    lacking = {name: value for name, value in pair().items() if name != "scale"}
    with pytest.raises(ValueError, match=r"^Each difference needs a, b, .*, df\. Found one without scale\.$"):
        DifferenceDisplay(differences=[lacking], rope=0.01)
    with pytest.raises(ValueError, match=r"^rope must be 0 or more\. Got -1 instead\.$"):
        DifferenceDisplay(differences=[pair()], rope=-1)
    DifferenceDisplay(differences=[{**lacking, "samples": [0.1, 0.2]}], rope=0.01).plot()
