"""Search spaces as functions of the trial, and whether a trial lies in one."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import BaseTrial, FrozenTrial, Trial, TrialState

Space = Mapping[str, BaseDistribution] | Callable[[BaseTrial], dict[str, Any]]


class OutsideSpaceError(ValueError):
    """A trial has a value that its space does not have."""


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
    """Return the parameters of a newly begun trial.

    Raises
    ------
    OutsideSpaceError
        If the trial was enqueued with a value outside the space, which Optuna would accept.
    """
    trial.__class__ = _AskedTrial  # made by the study, and it must not be made a second time
    return _parameters(space, trial)


def parameters_of(space: Space, trial: FrozenTrial) -> dict[str, Any]:
    """Return the parameters of an ended trial; if the function of a space fails, the values that it was given.

    Raises
    ------
    OutsideSpaceError
        If they are not in this space, unless the trial failed.
    """
    replay = copy.copy(trial)
    replay._distributions = {}  # what the space asks for
    replay.__class__ = _Replay
    try:
        params = _parameters(space, replay)
        unknown = sorted(trial.params.keys() - replay._distributions.keys())
        if unknown:
            raise OutsideSpaceError(f"Trial {trial.number} has parameters that the space does not have: {unknown}.")
    except OutsideSpaceError:
        if trial.state != TrialState.FAIL:
            raise
        return dict(trial.params)
    except Exception:
        return dict(trial.params)
    return params


def _parameters(space: Space, trial: Any) -> dict[str, Any]:
    if callable(space):
        return space(trial)
    return {name: trial._suggest(name, distribution) for name, distribution in space.items()}


class _AskedTrial(Trial):
    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name in self._fixed_params:
            _require(self, name, self._fixed_params[name], distribution)
        return super()._suggest(name, distribution)


class _Replay(FrozenTrial):
    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name not in self.params:
            raise OutsideSpaceError(f"Trial {self.number} lacks the parameter {name!r}.")
        _require(self, name, self.params[name], distribution)
        self._distributions[name] = distribution
        return self.params[name]


def _require(trial: BaseTrial, name: str, value: Any, distribution: BaseDistribution) -> None:
    try:
        inside = distribution._contains(distribution.to_internal_repr(value))
    except ValueError:  # no number, or none of the choices
        inside = False
    if not inside:
        raise OutsideSpaceError(f"Trial {trial.number} has {name} = {value!r}, which is not in {distribution}.")
