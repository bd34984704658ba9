"""All that this package uses of Optuna's private names, each with the reason why a public one does not do.

A test checks that the installed Optuna has these names, and that no other module uses private ones.
"""

import copy
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

# Called with the values of a trial, the name of one of them, and the distribution that should contain it.
Check = Callable[[Mapping[str, Any], str, BaseDistribution], None]


# Storages


def trials_by_study(storage: BaseStorage, state: TrialState) -> list[tuple[str, FrozenTrial]]:
    """Return all trials of a storage in a state, with the names of their studies.

    ``FrozenStudy._study_id``: loading each study by its name would read the whole storage once for each of them.
    """
    return [
        (study.study_name, trial)
        for study in storage.get_all_studies()
        for trial in storage.get_all_trials(study._study_id, deepcopy=False, states=(state,))
    ]


def fail_trial(study: Study, trial: Trial | FrozenTrial, attribute: str, reason: str) -> None:
    """Mark a running trial of any process as failed, with a user attribute; do nothing if it has ended.

    ``Study._storage`` and ``_trial_id``: ``Study.tell`` sets no user attributes, and ``FrozenTrial.set_user_attr``
    changes only a copy. The attribute must be there before the trial fails, so that no process counts it.
    """
    with suppress(optuna.exceptions.UpdateFinishedTrialError):  # another process was faster
        study._storage.set_trial_user_attr(trial._trial_id, attribute, reason)
        study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)


# Samplers


def seed_sampler(sampler: Any, seed: np.random.SeedSequence) -> None:
    """Seed all random states in a sampler and in the samplers that it contains.

    ``LazyRandomState.rng`` of private attributes such as ``TPESampler._rng``: ``reseed_rng`` takes no seed.
    """
    attributes = sorted(vars(sampler).items())
    for (_, value), own in zip(attributes, seed.spawn(len(attributes)), strict=True):
        if isinstance(value, BaseSampler):
            seed_sampler(value, own)
        elif isinstance(getattr(value, "rng", None), np.random.RandomState):
            value.rng.seed(int(own.generate_state(1)[0]))


# Distributions and suggestions


def contains(distribution: BaseDistribution, value: Any) -> bool:
    """Return whether a distribution has a value.

    ``BaseDistribution._contains``: the public alternative is to create a trial, and to catch its ValueError.
    """
    try:
        return distribution._contains(distribution.to_internal_repr(value))
    except ValueError:  # not a number, or none of the choices
        return False


def suggest(trial: Any, name: str, distribution: BaseDistribution) -> Any:
    """Return a trial's value of a parameter.

    ``_suggest``: the public methods take the fields of a distribution, and there is one for each kind.
    """
    return trial._suggest(name, distribution)


def checked(trial: Any, check: Check) -> Trial:
    """Make a trial that has just begun check each enqueued value before it is used.

    ``Trial._fixed_params`` contains the enqueued values, which Optuna uses with only a warning if they are outside a
    distribution. ``_suggest`` is what all ``suggest_*`` methods call.
    """
    trial.__class__ = _CheckedTrial  # a second object would begin a second trial
    trial._check = check
    return trial


def replayed(trial: FrozenTrial, check: Check) -> FrozenTrial:
    """Return a copy of an ended trial that suggests its values again, and checks each of them.

    Its ``distributions`` are those that were asked for since.

    ``FrozenTrial._distributions`` and ``_suggest``: a FrozenTrial suggests its values again, too, but only warns if
    they are outside a distribution, and does not show which ones were asked for.
    """
    replay: Any = copy.copy(trial)
    replay.__class__ = _ReplayedTrial
    replay._distributions = {}
    replay._check = check
    return replay


class _CheckedTrial(Trial):
    _check: Check

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name in self._fixed_params:
            self._check(self._fixed_params, name, distribution)
        return super()._suggest(name, distribution)


class _ReplayedTrial(FrozenTrial):
    _check: Check

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        self._check(self.params, name, distribution)
        self._distributions[name] = distribution
        return self.params[name]
