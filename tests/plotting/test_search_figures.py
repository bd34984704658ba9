"""The figures of a search: they show every trial, need few of them, and give a reason if one is left out."""

import optuna
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from optuna.trial import TrialState

from skrnn.plotting.search import search_figures
from skrnn.plotting.style import FAINT, colour

STEP = "lstmclassifier__"


def made_study(n_complete, n_pruned=0, direction="maximize"):
    """The pruned trials come last; the best is the third, or the last if there are fewer."""
    study = optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=0))
    for number in range(n_complete + n_pruned):
        trial = study.ask()
        trial.suggest_float(f"{STEP}learning_rate", 1e-3, 1e-1, log=True)
        trial.suggest_categorical(f"{STEP}cell", ["lstm", "gru"])
        trial.suggest_int(f"{STEP}units", 16, 128)
        trial.suggest_categorical(f"{STEP}optimizer__use_ema", [True])  # nothing to choose
        value = {0: 0.5, 1: 0.25, 2: 0.875 if direction == "maximize" else 0.125}.get(number, 0.4 + number / 1000)
        for epoch in range(1, 2 if number >= n_complete else 4):
            trial.report(value * epoch / 3, epoch)
        if number < n_complete:
            study.tell(trial, value)
        else:
            study.tell(trial, state=TrialState.PRUNED)
    return study


def lines(ax):
    """The lines that go through points: the legend has empty ones."""
    return [line for line in ax.lines if len(line.get_xdata())]


def same_colour(line, wanted):
    return to_hex(line.get_color()) == to_hex(wanted)


def test_figures_leave_matplotlib_unchanged():
    before = dict(plt.rcParams)
    figures, left_out = search_figures(made_study(6))
    assert list(figures) == ["history", "importances", "intermediate_values", "parallel_coordinates"]
    assert left_out == {}
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == []


def test_parameters_are_named_without_their_step_and_constants_are_left_out():
    figures, _ = search_figures(made_study(6), score="accuracy")
    labels = {label.get_text() for label in figures["importances"].axes[0].get_yticklabels()}
    assert labels == {"learning_rate", "cell", "units"}
    labels = [label.get_text() for label in figures["parallel_coordinates"].axes[0].get_xticklabels()]
    assert labels == ["cell", "learning_rate", "units", "accuracy"]


@pytest.mark.parametrize("n_pruned", [0, 2])
def test_importances_say_what_they_are_based_on(n_pruned):
    figure = search_figures(made_study(6, n_pruned)).figures["importances"]
    assert " ".join(figure.get_suptitle().split()) == (
        "Parameter importances Contributions to the difference between good trials and all 6 complete trials "
        "(PED-ANOVA); rough estimates, because there are few trials" + ("; without pruned trials" if n_pruned else "")
    )


@pytest.mark.parametrize(("n_complete", "n_pruned"), [(1, 0), (1, 5), (3, 0), (3, 3), (16, 4)])
def test_every_trial_is_a_line_through_its_parameters(n_complete, n_pruned):
    study = made_study(n_complete, n_pruned)
    figures, _ = search_figures(study, score="accuracy")
    (ax,) = figures["parallel_coordinates"].axes
    drawn = lines(ax)
    assert len(drawn) == n_complete + n_pruned
    assert sum(same_colour(line, FAINT) for line in drawn) == n_pruned
    (best,) = (line for line in drawn if same_colour(line, colour(1)))
    assert drawn[-1] is best  # on top of the others
    for line in drawn:
        heights = line.get_ydata()
        n_known = 3 if same_colour(line, FAINT) else 4  # pruned trials have no score
        assert all(0 <= height <= 1 for height in heights[:n_known])
        assert n_known == 4 or heights[3] != heights[3]
    if n_complete > 1:
        assert best.get_ydata()[3] == 1
    rates = sorted(trial.params[f"{STEP}learning_rate"] for trial in study.trials)
    written = [text.get_text() for text in ax.texts if text.xy[0] == 1]
    assert (written[0], written[-1]) == (f"{rates[0]:.3g}", f"{rates[-1]:.3g}")


def test_a_scale_of_a_logarithmic_parameter_is_logarithmic():
    study = optuna.create_study(direction="maximize")
    for rate in (0.001, 0.01, 0.1):
        distribution = optuna.distributions.FloatDistribution(1e-4, 1, log=True)
        study.add_trial(
            optuna.trial.create_trial(value=rate, params={"rate": rate}, distributions={"rate": distribution})
        )
    (ax,) = search_figures(study).figures["parallel_coordinates"].axes
    assert sorted(line.get_ydata()[0] for line in lines(ax)) == pytest.approx([0, 0.5, 1])
    assert sorted(line.get_ydata()[1] for line in lines(ax)) == pytest.approx([0, 0.0909, 1], abs=1e-4)


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_history_has_all_trials_and_the_best_so_far(direction):
    figures, _ = search_figures(made_study(4, 2, direction), score="balanced_accuracy", data="3 folds, n = 99")
    figure = figures["history"]
    best = {"maximize": 0.875, "minimize": 0.125}[direction]
    assert figure.get_suptitle().splitlines() == [
        f"Best balanced accuracy: {best:.4f} (trial 2)",
        "6 trials: 4 complete, 2 pruned; 3 folds, n = 99",
    ]
    (ax,) = figure.axes
    so_far, complete, pruned = lines(ax)
    first = 0.5 if direction == "maximize" else 0.25
    assert list(so_far.get_ydata()) == [0.5, first, best, best, best]
    assert list(complete.get_ydata()) == [0.5, 0.25, best, 0.403]
    assert list(pruned.get_xdata()) == [4, 5]
    assert list(pruned.get_ydata()) == pytest.approx([0.404 / 3, 0.405 / 3])


def test_the_curve_of_every_trial_is_drawn_and_the_best_stands_out():
    (ax,) = search_figures(made_study(4, 2), score="accuracy").figures["intermediate_values"].axes
    drawn = lines(ax)
    assert [len(line.get_xdata()) for line in drawn] == [1, 1, 3, 3, 3, 3]
    assert [same_colour(line, FAINT) for line in drawn] == [True, True, False, False, False, False]
    assert list(drawn[-1].get_ydata()) == pytest.approx([0.875 / 3, 1.75 / 3, 0.875])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Epoch", "Accuracy")


@pytest.mark.parametrize(("n_complete", "are"), [(1, "is 1"), (4, "are 4")])
def test_importances_need_five_complete_trials_and_say_so(n_complete, are):
    figures, left_out = search_figures(made_study(n_complete, 7))
    assert left_out == {"importances": f"needs 5 complete trials, there {are}"}
    assert "importances" not in figures


def test_other_figures_that_cannot_be_drawn_say_what_they_need():
    study = optuna.create_study(direction="maximize")
    for _ in range(6):
        trial = study.ask({"depth": optuna.distributions.IntDistribution(1, 1)})
        study.tell(trial, 0.5)
    figures, left_out = search_figures(study)
    assert list(figures) == ["history"]
    assert left_out == {
        "importances": "needs a parameter with more than one value",
        "intermediate_values": "needs scores after each epoch, there are none",
        "parallel_coordinates": "needs a parameter with more than one value",
    }
    assert search_figures(study_of_equals()).left_out["importances"] == "needs complete trials with different scores"


def study_of_equals():
    study = optuna.create_study(direction="maximize")
    for _ in range(6):
        study.tell(study.ask({"depth": optuna.distributions.IntDistribution(1, 9)}), 0.5)
    return study


def test_names_that_two_steps_share_stay_whole():
    study = optuna.create_study(direction="maximize")
    for _ in range(4):
        trial = study.ask()
        study.tell(trial, trial.suggest_float("a__size", 0, 1) + trial.suggest_float("b__size", 0, 1))
    labels = [label.get_text() for label in search_figures(study)[0]["parallel_coordinates"].axes[0].get_xticklabels()]
    assert labels == ["a__size", "b__size", "score"]


def test_a_parameter_that_some_trials_lack_leaves_a_gap():
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    for number in range(4):
        trial = study.ask()
        depth = trial.suggest_int("depth", 1, 9)
        width = trial.suggest_int("width", 1, 9) if number else 0
        study.tell(trial, depth + width)
    drawn = lines(search_figures(study)[0]["parallel_coordinates"].axes[0])
    assert sum(line.get_ydata()[1] != line.get_ydata()[1] for line in drawn) == 1
