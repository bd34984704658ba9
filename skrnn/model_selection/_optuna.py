"""All uses of private names of Optuna, each with the reason why public names are not enough.

A test checks that the installed version of Optuna has these names, and that no other module uses private ones.
"""

import copy
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

# Takes the values of a trial, the name of one of them, and the distribution that should contain it.
Check = Callable[[Mapping[str, Any], str, BaseDistribution], None]


# Storages


def trials_by_study(storage: BaseStorage, state: TrialState) -> list[tuple[str, FrozenTrial]]:
    """Return all trials of a storage that are in `state`, with the names of their studies.

    ``FrozenStudy._study_id``: loading each study by name would read the whole storage once per study.
    """
    return [
        (study.study_name, trial)
        for study in storage.get_all_studies()
        for trial in storage.get_all_trials(study._study_id, deepcopy=False, states=(state,))
    ]


class JournalOfStudies(JournalStorage):
    """The storage of a :class:`~skrnn.model_selection.journals.Journal`. Its errors name the line that is damaged.

    ``_sync_with_backend``, which each method calls, and ``_replay_result``: a line may be valid JSON and still mean
    nothing, which only Optuna can know.
    """

    _backend: Any

    def _sync_with_backend(self) -> None:
        try:
            super()._sync_with_backend()
        except Exception as error:
            self._backend.blame(error, self._replay_result.worker_id)
            raise


def set_trial_attribute(study: Study, trial: FrozenTrial, name: str, value: Any) -> None:
    """Set a user attribute of a running trial of any process; do nothing if it has ended.

    ``Study._storage`` and ``_trial_id``: ``FrozenTrial.set_user_attr`` changes only a copy.
    """
    with suppress(optuna.exceptions.UpdateFinishedTrialError):
        study._storage.set_trial_user_attr(trial._trial_id, name, value)


def fail_trial(study: Study, trial: Trial | FrozenTrial, attribute: str, reason: str) -> None:
    """Set a user attribute of a running trial of any process and mark it as failed; do nothing if it has ended.

    ``Study._storage`` and ``_trial_id``: ``Study.tell`` sets no user attributes, and ``FrozenTrial.set_user_attr``
    changes only a copy. The attribute must be set before the trial fails, so that no process counts the trial.
    """
    with suppress(optuna.exceptions.UpdateFinishedTrialError):  # another process was faster
        study._storage.set_trial_user_attr(trial._trial_id, attribute, reason)
        study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)


def id_in_storage(trial: FrozenTrial) -> int:
    """Return the number that a trial has in its storage, over all studies: ``FrozenTrial._trial_id``."""
    return trial._trial_id


# Samplers


def seed_sampler(sampler: BaseSampler, seed: np.random.SeedSequence) -> None:
    """Seed all random states of a sampler and of the samplers inside it.

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
    """Return whether a distribution contains a value.

    ``BaseDistribution._contains``: the public alternative is to create a trial and catch its ValueError.
    """
    try:
        return distribution._contains(distribution.to_internal_repr(value))
    except ValueError:  # not a number, or not one of the choices
        return False


def suggest(trial: Trial | FrozenTrial, name: str, distribution: BaseDistribution) -> Any:
    """Return a trial's value of a parameter.

    ``_suggest``: the public methods differ by kind of distribution, and take its fields instead of the distribution.
    """
    return trial._suggest(name, distribution)


def checked(trial: Any, check: Check) -> Trial:
    """Make a trial that has just started check each enqueued value before it is used.

    ``Trial._fixed_params`` contains the enqueued values. If one is outside its distribution, Optuna warns and uses it
    nevertheless. All ``suggest_*`` methods call ``_suggest``.
    """
    trial.__class__ = _CheckedTrial  # creating another object would start another trial
    trial._check = check
    return trial


def replayed(trial: FrozenTrial, check: Check) -> FrozenTrial:
    """Return a copy of an ended trial that suggests the same values again, and checks each of them.

    The ``distributions`` of the copy are the ones requested from it.

    ``FrozenTrial._distributions`` and ``_suggest``: a FrozenTrial also suggests its values again, but only warns if
    they are outside a distribution, and does not record the requested distributions.
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
