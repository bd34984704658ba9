"""Optuna's own pictures of a search, as figures of Matplotlib that can be read."""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import optuna
    from matplotlib.figure import Figure

FIGURES = ("history", "importances", "intermediate_values", "parallel_coordinates")
_ENOUGH = 5  # complete trials, before it is said what mattered in them


def search_figures(study: "optuna.Study", *, score: str = "score") -> "dict[str, Figure]":
    """Draw a study as :mod:`optuna.visualization.matplotlib` does.

    Parameters
    ----------
    study : optuna.study.Study
    score : str, default="score"
        What its trials' values are.

    Returns
    -------
    figures : dict of str to matplotlib.figure.Figure
        "history" (the score of each trial, and the best so far), "importances" (how much each parameter matters, by
        PED-ANOVA, from five complete trials on), "intermediate_values" (of each trial, epoch by epoch) and
        "parallel_coordinates" (parameters and scores). They belong to pyplot: close them.
    """
    import matplotlib.pyplot as plt
    from optuna.trial import TrialState
    from optuna.visualization import matplotlib as pictures

    study = _for_drawing(study)
    n_complete = len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    makers: dict[str, Callable[[], Any]] = {
        "history": lambda: pictures.plot_optimization_history(study, target_name=score),
        "importances": lambda: pictures.plot_param_importances(study, target_name=score),
        "intermediate_values": lambda: pictures.plot_intermediate_values(study),
        "parallel_coordinates": lambda: pictures.plot_parallel_coordinate(study, target_name=score),
    }
    if n_complete < _ENOUGH:
        del makers["importances"]
    figures = {}
    # Optuna sets a style for good, and warns of being experimental and of a layout that is mended here.
    with warnings.catch_warnings(), plt.rc_context():
        warnings.simplefilter("ignore")
        for name, make in makers.items():
            figures[name] = _made_readable(name, make(), score)
    return figures


def _made_readable(name: str, axes: Any, score: str) -> "Figure":
    figure = axes.figure
    figure.set_size_inches(10, 5)
    if name in ("importances", "intermediate_values") and axes.get_legend() is not None:
        axes.get_legend().remove()  # it has a line for each trial
    if name == "intermediate_values":
        axes.set(xlabel="Epoch", ylabel=score)
    if name == "parallel_coordinates":
        for scale in figure.axes:
            scale.grid(visible=False, which="both")
            scale.set_zorder(2)  # numbers stand before the lines
            for label in scale.get_yticklabels(which="both"):
                label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    return figure


def _for_drawing(study: "optuna.Study") -> "optuna.Study":
    """Return a copy with the parameters that have more than one value, by their own names.

    Where two steps of a pipeline have parameters of one name, the steps' names are kept.
    """
    import optuna
    from optuna.trial import create_trial

    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    names = {name for trial in trials for name, values in trial.distributions.items() if not values.single()}
    short = {name: name.rpartition("__")[2] for name in names}
    if len(set(short.values())) < len(names):
        short = {name: name for name in names}
    copy = optuna.create_study(direction=study.direction)
    for trial in trials:
        copy.add_trial(
            create_trial(
                state=trial.state,
                value=trial.value,
                params={short[name]: value for name, value in trial.params.items() if name in short},
                distributions={short[name]: value for name, value in trial.distributions.items() if name in short},
                intermediate_values=trial.intermediate_values,
            )
        )
    return copy
