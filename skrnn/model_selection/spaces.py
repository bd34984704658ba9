"""The parameters of trials, from a search space that is a dict of distributions or a function."""

from collections.abc import Callable, Mapping
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import BaseTrial, FrozenTrial, Trial, TrialState

from skrnn.model_selection import _optuna

Space = Mapping[str, BaseDistribution] | Callable[[BaseTrial], dict[str, Any]]


class OutsideSpaceError(ValueError):
    """A parameter of a trial is missing, or outside the search space."""


def check_space(space: Any) -> None:
    """Raise a TypeError if a mapping contains anything but distributions."""
    if not isinstance(space, Mapping):
        return
    for name, distribution in space.items():
        if not isinstance(distribution, BaseDistribution):
            raise TypeError(
                f"param_distributions[{name!r}] must be an Optuna distribution. Got {distribution!r} instead."
            )


def suggest(space: Space, trial: Trial) -> dict[str, Any]:
    """Return the parameters of a trial that has just started.

    Raises
    ------
    OutsideSpaceError
        If the trial was enqueued with a value outside the space, which Optuna would accept.
    """
    return _parameters(space, _optuna.checked(trial, _check_of(trial)))


def parameters_of(space: Space, trial: FrozenTrial) -> dict[str, Any]:
    """Return the parameters of an ended trial. If the function of a space fails, return the suggested values.

    Raises
    ------
    OutsideSpaceError
        If the parameters are not in the space, unless the trial failed.
    """
    replay = _optuna.replayed(trial, _check_of(trial))
    try:
        params = _parameters(space, replay)
        unknown = sorted(trial.params.keys() - replay.distributions.keys())
        if unknown:
            raise OutsideSpaceError(f"Trial {trial.number} has parameters that are not in the space: {unknown}.")
    except OutsideSpaceError:
        if trial.state != TrialState.FAIL:
            raise
        return dict(trial.params)
    except Exception:
        return dict(trial.params)
    return params


def _parameters(space: Space, trial: Trial | FrozenTrial) -> dict[str, Any]:
    if callable(space):
        return space(trial)
    return {name: _optuna.suggest(trial, name, distribution) for name, distribution in space.items()}


def _check_of(trial: Trial | FrozenTrial) -> _optuna.Check:
    """Return a function that raises an OutsideSpaceError if a value of the trial is not in a distribution."""
    number = trial.number

    def check(values: Mapping[str, Any], name: str, distribution: BaseDistribution) -> None:
        if name not in values:
            raise OutsideSpaceError(f"Trial {number} has no value for the parameter {name!r} of the space.")
        if not _optuna.contains(distribution, values[name]):
            raise OutsideSpaceError(f"Trial {number} has {name} = {values[name]!r}, which is not in {distribution}.")

    return check
