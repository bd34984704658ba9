"""The default pruner of a search: halving that is gentle while scores still say little."""

from collections.abc import Mapping
from math import ceil

import numpy as np
from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial

_SHARES = {0.1: 1 / 2, 0.25: 1 / 2, 0.5: 1 / 3}  # of the epochs: of the candidates
_N_FREE = 2


class RungPruner(BasePruner):
    """Lets the better candidates go on, at a few epochs, by their rank among all that came so far.

    This is asynchronous successive halving [1]_ with shares of one's choice: after the first epochs scores tell slow
    learners from hopeless ones badly, and small batches and simple cells lead for a while.

    Parameters
    ----------
    shares : mapping of int to float
        By epoch, which share of the candidates that came to it goes on. Of two candidates or less, all do.

    References
    ----------
    .. [1] L. Li, K. Jamieson, A. Rostamizadeh, E. Gonina, J. Ben-tzur, M. Hardt, B. Recht and A. Talwalkar (2020). "A
       System for Massively Parallel Hyperparameter Tuning." MLSys 2, 230-246.
    """

    def __init__(self, shares: Mapping[int, float]):
        self.shares = dict(shares)

    @classmethod
    def for_epochs(cls, n_epochs: int) -> "RungPruner":
        """Return the default one: half go on after a tenth of the epochs, half after a quarter, a third after half."""
        return cls({ceil(part * n_epochs): share for part, share in _SHARES.items()})

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Return whether the trial is to end."""
        epoch = trial.last_step
        if epoch not in self.shares:
            return False
        others = [
            _standing(other, epoch)
            for other in study.get_trials(deepcopy=False)
            if epoch in other.intermediate_values and other.number != trial.number
        ]
        if len(others) < _N_FREE:
            return False
        return bool(np.mean(np.array(others) > _standing(trial, epoch)) >= self.shares[epoch])


def _standing(trial: FrozenTrial, epoch: int) -> float:
    """Return the mean score of an epoch and the one before: one epoch alone is noise."""
    scores = trial.intermediate_values
    return float(np.mean([scores[step] for step in (epoch - 1, epoch) if step in scores]))
