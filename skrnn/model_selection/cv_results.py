"""From the trials of a study to ``cv_results_``: one row for each trial that counts, ordered by trial number."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import rankdata

from skrnn._sklearn import _yield_masked_array_for_each_param
from skrnn.model_selection.lockstep import Outcome

OUTCOME, ERROR = "skrnn:outcome", "skrnn:error"  # user attributes of trials


def outcome_of(trial: FrozenTrial) -> Outcome | None:
    """Return the outcome that a worker stored in a trial; None if the trial failed or is running."""
    data = trial.user_attrs.get(OUTCOME)
    return None if data is None else Outcome(**data)


def as_results(
    trials: Sequence[FrozenTrial],
    parameters_of: Callable[[FrozenTrial], dict[str, Any]],
    n_splits: int,
    error_score: float,
) -> dict[str, Any]:
    """Return the results in the form of `GridSearchCV`: a dict of arrays, from which pandas makes a data frame.

    Parameters
    ----------
    trials : sequence of optuna.trial.FrozenTrial
        Complete, pruned and failed trials.
    parameters_of : callable
        Returns the parameters of a trial.
    n_splits : int
        Number of folds.
    error_score : float
        The score of a failed trial on each fold.

    Returns
    -------
    results : dict of str to ndarray of shape (n_trials,)
        And ``params``, a list of dicts.
    """
    outcomes = [outcome_of(trial) for trial in trials]
    failed = Outcome({}, [np.nan] * n_splits, [np.nan] * n_splits)
    params = [parameters_of(trial) for trial in trials]
    results: dict[str, Any] = {}
    for name in ("fit", "score"):
        seconds = np.array([getattr(outcome or failed, f"{name}_seconds") for outcome in outcomes])
        results[f"mean_{name}_time"], results[f"std_{name}_time"] = seconds.mean(axis=1), seconds.std(axis=1)
    results |= _yield_masked_array_for_each_param(params)
    results["params"] = params
    # A pruned trial keeps its last scores, and ranks behind every complete trial.
    tiers = np.array([{TrialState.COMPLETE: 0, TrialState.PRUNED: 1}.get(trial.state, 2) for trial in trials])
    for metric in dict.fromkeys(metric for outcome in outcomes if outcome for metric in outcome.scores):
        scores = np.array(
            [outcome.scores[metric] if outcome else [error_score] * n_splits for outcome in outcomes], dtype=float
        )
        for split in range(n_splits):
            results[f"split{split}_test_{metric}"] = scores[:, split]
        means = results[f"mean_test_{metric}"] = scores.mean(axis=1)
        results[f"std_test_{metric}"] = scores.std(axis=1)
        results[f"rank_test_{metric}"] = _rank(means, tiers)
    results["trial_number"] = np.array([trial.number for trial in trials])
    results["state"] = np.array([trial.state.name.lower() for trial in trials])
    for name in ("n_epochs", "pruned_epoch"):
        values = [getattr(outcome or failed, name) for outcome in outcomes]
        results[name] = np.array([np.nan if value is None else value for value in values], dtype=float)
    return results


def _rank(means: np.ndarray, tiers: np.ndarray) -> np.ndarray:
    """Return ranks from 1: by tier, and within a tier by falling mean, NaN last."""
    keys = np.where(np.isnan(means), -np.inf, means)
    _, by_score = np.unique(-keys, return_inverse=True)
    return rankdata(tiers * len(means) + by_score, method="min").astype(np.int32)
