"""The figures of a search: history, parameter importances, intermediate values and parallel coordinates."""

import math
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from skrnn.plotting.style import FAINT, colour, dress, in_lines, in_words, legend_below, new_figure

if TYPE_CHECKING:
    import optuna
    from matplotlib.figure import Figure
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

FIGURES = ("history", "importances", "intermediate_values", "parallel_coordinates")
_ENOUGH = 5  # complete trials for parameter importances
_COMPLETE, _BEST = colour(0), colour(1)


class SearchFigures(NamedTuple):
    """The figures of a search.

    Attributes
    ----------
    figures : dict of str to matplotlib.figure.Figure
        The figures by name, without those that cannot be drawn. They are not managed by pyplot.
    left_out : dict of str to str
        For each figure that cannot be drawn, the reason.
    """

    figures: "dict[str, Figure]"
    left_out: dict[str, str]


class _Search(NamedTuple):
    """The data to draw.

    Attributes
    ----------
    score : str
        Name of the score, in words.
    data : str
        Description of the data that the score was measured on; may be empty.
    direction : {"MAXIMIZE", "MINIMIZE"}
        Whether a higher or a lower score is better.
    complete, pruned : list of optuna.trial.FrozenTrial
        The complete and the pruned trials, by number.
    n_failed : int
        Number of failed trials.
    space : dict of str to optuna.distributions.BaseDistribution
        The distributions of all parameters with more than one possible value, by parameter name.
    """

    score: str
    data: str
    direction: str
    complete: "list[FrozenTrial]"
    pruned: "list[FrozenTrial]"
    n_failed: int
    space: "dict[str, BaseDistribution]"

    @property
    def best(self) -> "FrozenTrial":
        """The complete trial with the best score; the first one if several are equal."""
        choose = max if self.direction == "MAXIMIZE" else min
        return choose(self.complete, key=_value)

    @property
    def counts(self) -> str:
        """The number of trials in each state, and the data that they were measured on."""
        numbers = {"complete": len(self.complete), "pruned": len(self.pruned), "failed": self.n_failed}
        n_trials = sum(numbers.values())
        ended = ", ".join(f"{number} {how}" for how, number in numbers.items() if number)
        trials = f"{n_trials} trial{'s' if n_trials > 1 else ''}: {ended}"
        return f"{trials}; {self.data}" if self.data else trials

    def label(self, name: str) -> str:
        """Return the name of a parameter, without the prefix of its pipeline step if the rest is unique."""
        short = [other.rpartition("__")[2] for other in self.space]
        return name.rpartition("__")[2] if len(set(short)) == len(short) else name


def search_figures(study: "optuna.Study", *, score: str = "score", data: str = "") -> SearchFigures:
    """Draw the figures of a study with a single objective.

    Parameters
    ----------
    study : optuna.study.Study
        A study with at least one complete trial.
    score : str, default="score"
        Name of the score.
    data : str, default=""
        Description of the data that the score was measured on, such as "3 folds, n = 1,347".

    Returns
    -------
    figures : SearchFigures
        The figures "history" (the score of each trial, and the best so far), "importances" (the importance of each
        parameter by PED-ANOVA), "intermediate_values" (the score of each trial after each epoch) and
        "parallel_coordinates" (the parameters and the score of each trial).
    """
    search = _read(study, score, data)
    makers = {
        "history": lambda: _draw_history(search),
        "importances": lambda: _draw_importances(study, search),
        "intermediate_values": lambda: _draw_intermediate_values(search),
        "parallel_coordinates": lambda: _draw_parallel_coordinates(search),
    }
    n_complete = len(search.complete)
    left_out = {}
    if n_complete < _ENOUGH:
        left_out["importances"] = f"needs {_ENOUGH} complete trials, there {_are(n_complete)}"
    elif len({trial.value for trial in search.complete}) == 1:
        left_out["importances"] = "needs complete trials with different scores"
    if not any(trial.intermediate_values for trial in (*search.complete, *search.pruned)):
        left_out["intermediate_values"] = "needs scores after each epoch, there are none"
    if not search.space:
        for name in ("importances", "parallel_coordinates"):
            left_out[name] = "needs a parameter with more than one value"
    figures = {name: make() for name, make in makers.items() if name not in left_out}
    return SearchFigures(figures, {name: left_out[name] for name in FIGURES if name in left_out})


def _are(number: int) -> str:
    return f"{'is' if number == 1 else 'are'} {number}"


def _value(trial: "FrozenTrial") -> float:
    assert trial.value is not None
    return trial.value


def _read(study: "optuna.Study", score: str, data: str) -> _Search:
    from optuna.trial import TrialState

    by_state: dict[TrialState, list[FrozenTrial]] = {
        state: study.get_trials(deepcopy=False, states=(state,))
        for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    }
    complete, pruned, failed = by_state.values()
    space = {
        name: distribution
        for trial in (*complete, *pruned)
        for name, distribution in trial.distributions.items()
        if not distribution.single()
    }
    return _Search(in_words(score), data, study.direction.name, complete, pruned, len(failed), space)


def _draw_history(search: _Search) -> "Figure":
    from matplotlib.ticker import MaxNLocator

    best = search.best
    figure = new_figure(f"Best {search.score}: {best.value:.4f} (trial {best.number})", search.counts)
    ax = figure.subplots()
    numbers = [trial.number for trial in search.complete]
    values = [_value(trial) for trial in search.complete]
    so_far = (np.maximum if search.direction == "MAXIMIZE" else np.minimum).accumulate(values)
    last = max(trial.number for trial in (*search.complete, *search.pruned))
    ax.step([*numbers, last], [*so_far, so_far[-1]], where="post", color=_BEST, label="best so far")
    ax.plot(numbers, values, "o", color=_COMPLETE, markersize=5, label="complete")
    ended = {trial.number: trial.intermediate_values[trial.last_step] for trial in search.pruned if trial.last_step}
    if ended:
        ax.plot(list(ended), list(ended.values()), "x", color="0.5", markersize=5, label="pruned, score so far")
    ax.set(xlabel="Trial", ylabel=search.score.capitalize())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    dress(ax)
    legend_below(figure)
    return figure


def _draw_importances(study: "optuna.Study", search: _Search) -> "Figure":
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the evaluator is experimental
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(), params=None)
    found = {name: share for name, share in found.items() if name in search.space}
    n_complete = len(search.complete)
    remarks = [
        f"Contributions to the difference between good trials and all {n_complete} complete trials (PED-ANOVA)",
        "rough estimates, because there are few trials" if n_complete < 10 * len(found) else "",
        "without pruned trials" if search.pruned else "",
        search.data,
    ]
    figure = new_figure("Parameter importances", "; ".join(filter(None, remarks)), height=1.4 + 0.35 * len(found))
    ax = figure.subplots()
    names = [search.label(name) for name in reversed(found)]
    bars = ax.barh(names, list(reversed(found.values())), color=_COMPLETE, height=0.6)
    ax.bar_label(bars, fmt="%.2f", padding=3)
    ax.set(xlabel="Importance", xlim=(0, 1.08 * max(*found.values(), 0.1)))
    dress(ax, grid="x")
    return figure


def _draw_intermediate_values(search: _Search) -> "Figure":
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    best = search.best
    figure = new_figure(f"{search.score.capitalize()} after each epoch, mean over the folds", search.counts)
    ax = figure.subplots()
    looks: dict[str, dict[str, Any]] = {
        "pruned": {"color": FAINT, "linewidth": 1},
        "complete": {"color": _COMPLETE, "linewidth": 1, "alpha": 0.6},
        f"best (trial {best.number})": {"color": _BEST, "linewidth": 2},
    }
    others = [trial for trial in search.complete if trial is not best]
    shown = []
    for (label, look), trials in zip(looks.items(), (search.pruned, others, [best]), strict=True):
        curves = [sorted(trial.intermediate_values.items()) for trial in trials if trial.intermediate_values]
        for curve in curves:
            epochs, values = zip(*curve, strict=True)
            ax.plot(epochs, values, marker="." if len(epochs) <= 10 else None, **look)  # one epoch makes no line
        shown += [Line2D([], [], label=label, **look)] if curves else []
    ax.set(xlabel="Epoch", ylabel=search.score.capitalize())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    dress(ax)
    legend_below(figure, shown[::-1])
    return figure


class _Scale(NamedTuple):
    """A vertical axis of the parallel coordinates, for a parameter or the score.

    Attributes
    ----------
    label : str
        Name of the parameter or score.
    positions : dict of int to float
        Position of each trial on the axis, from 0 (bottom) to 1 (top), by trial number.
    ticks : dict of float to str
        Labels of the ticks, by their positions from 0 to 1.
    """

    label: str
    positions: dict[int, float]
    ticks: dict[float, str]


def _draw_parallel_coordinates(search: _Search) -> "Figure":
    from matplotlib.colors import LinearSegmentedColormap

    trials = [*search.complete, *search.pruned]
    scales = [_scale(search, name, trials) for name in sorted(search.space, key=search.label)]
    values = {trial.number: _value(trial) for trial in search.complete}
    to_score = _numbers(values, log=False)
    scales.append(_Scale(search.score, to_score.positions, to_score.ticks))
    figure = new_figure(
        f"Parameters and {search.score} of each trial",
        f"{search.counts}. Darker lines are better trials"
        + ("; grey lines are pruned trials, which have no score." if search.pruned else "."),
        width=max(8.0, 1.5 * len(scales)),
    )
    ax = figure.subplots()
    x = np.arange(len(scales))
    rank = {number: position for position, number in enumerate(sorted(values, key=lambda number: values[number]))}
    if search.direction != "MAXIMIZE":
        rank = {number: len(rank) - 1 - position for number, position in rank.items()}
    shades = LinearSegmentedColormap.from_list("", ["#9ecae9", _COMPLETE, "#00304d"])
    for trial in [*search.pruned, *sorted(search.complete, key=lambda trial: rank[trial.number])]:
        y = [scale.positions.get(trial.number, math.nan) for scale in scales]
        if trial is search.best:
            look: dict[str, Any] = {"color": _BEST, "linewidth": 2.5}
        elif trial.number in rank:
            look = {"color": shades(rank[trial.number] / max(len(rank) - 1, 1)), "linewidth": 1.5}
        else:
            look = {"color": FAINT, "linewidth": 1}
        ax.plot(x, y, marker=".", clip_on=False, **look)
    ax.vlines(x, 0, 1, colors="0.3", linewidths=0.8)
    for place, scale in zip(x, scales, strict=True):
        for height, text in scale.ticks.items():
            ax.annotate(
                text, (place, height), (-4, 0), textcoords="offset points", ha="right", va="center", fontsize=8,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8}, zorder=5,
            )  # fmt: skip
    ax.set_xticks(x, [in_lines(scale.label, 16) for scale in scales])
    ax.set(xlim=(-0.55, len(scales) - 0.9), ylim=(-0.04, 1.04), yticks=[])
    ax.spines[:].set_visible(False)
    ax.tick_params(axis="x", length=0, pad=8)
    ax.plot([], [], color=_BEST, linewidth=2.5, label=f"best (trial {search.best.number})")
    legend_below(figure)
    return figure


def _scale(search: _Search, name: str, trials: "list[FrozenTrial]") -> _Scale:
    """Return the axis of a parameter for the values that were tried."""
    from optuna.distributions import CategoricalDistribution

    distribution = search.space[name]
    tried = {trial.number: trial.params[name] for trial in trials if name in trial.params}
    if isinstance(distribution, CategoricalDistribution):
        choices = [choice for choice in distribution.choices if choice in tried.values()]
        places = dict(
            zip(map(str, choices), np.linspace(0, 1, len(choices)) if len(choices) > 1 else [0.5], strict=True)
        )
        positions = {number: float(places[str(value)]) for number, value in tried.items()}
        return _Scale(search.label(name), positions, {float(place): _short(text) for text, place in places.items()})
    numbers = _numbers(tried, log=bool(getattr(distribution, "log", False)))
    return _Scale(search.label(name), numbers.positions, numbers.ticks)


def _numbers(values: dict[int, float], *, log: bool) -> _Scale:
    """Return an axis from the smallest to the largest of these values, with a few ticks in between and no label."""
    low, high = min(values.values()), max(values.values())
    if low == high:
        return _Scale("", dict.fromkeys(values, 0.5), {0.5: f"{low:.3g}"})
    to: Callable[[float], float] = math.log if log else float
    span = to(high) - to(low)
    positions = {number: (to(value) - to(low)) / span for number, value in values.items()}
    at = np.linspace(0, 1, 5)
    marks = [math.exp(to(low) + place * span) if log else low + place * span for place in at]
    if all(isinstance(value, int) for value in values.values()):
        marks = sorted({round(mark) for mark in marks})
    digits = 3
    while len({f"{mark:.{digits}g}" for mark in marks}) < len(marks):
        digits += 1
    return _Scale("", positions, {(to(mark) - to(low)) / span: f"{mark:.{digits}g}" for mark in marks})


def _short(text: str) -> str:
    return text if len(text) <= 16 else f"{text[:15]}…"
