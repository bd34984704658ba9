"""The default pruner of a search: successive halving that prunes little while scores are unreliable."""

from collections.abc import Mapping
from math import ceil

import numpy as np
from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial

_SHARES = {0.05: 1 / 2, 0.25: 1 / 4, 0.5: 1 / 3}  # fraction of the epochs: fraction of the candidates to keep


class RungPruner(BasePruner):
    """Prunes all but the best candidates at a few epochs (rungs), by their rank among all candidates so far.

    This is asynchronous successive halving [1]_ with a separate fraction for each rung. Early scores are unreliable:
    some good candidates learn slowly, and simple cells lead at first. So half of the candidates survive the first rung,
    and at most a third survive each later one.

    Parameters
    ----------
    shares : mapping of int to float
        The fraction of the candidates to keep at each rung, by its epoch. The number of candidates is rounded up, so
        that the first candidate always continues.

    References
    ----------
    .. [1] L. Li, K. Jamieson, A. Rostamizadeh, E. Gonina, J. Ben-tzur, M. Hardt, B. Recht and A. Talwalkar (2020). "A
       System for Massively Parallel Hyperparameter Tuning." MLSys 2, 230-246.
    """

    def __init__(self, shares: Mapping[int, float]):
        self.shares = dict(shares)

    @classmethod
    def for_epochs(cls, n_epochs: int) -> "RungPruner":
        """Return the default pruner: keep 1/2 of the candidates at 1/20 of the epochs, 1/4 at 1/4, and 1/3 at 1/2."""
        return cls({ceil(part * n_epochs): share for part, share in _SHARES.items()})

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Return whether to prune the trial."""
        epoch = trial.last_step
        if epoch not in self.shares:
            return False
        reached = [other for other in study.get_trials(deepcopy=False) if epoch in other.intermediate_values]
        score = _smoothed_score(trial, epoch)
        n_better = sum(_smoothed_score(other, epoch) > score for other in reached)
        return n_better >= ceil(self.shares[epoch] * len(reached))


def _smoothed_score(trial: FrozenTrial, epoch: int) -> float:
    """Return the mean score of an epoch and the previous one, because a single epoch is too noisy."""
    scores = trial.intermediate_values
    return float(np.mean([scores[step] for step in (epoch - 1, epoch) if step in scores]))
