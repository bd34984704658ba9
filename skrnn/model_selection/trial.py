"""One trial, in whatever process it runs: claim it, measure its candidate, and write down how it ended."""

import copy
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import BaseTrial, FrozenTrial, TrialState
from sklearn.base import clone

from skrnn.model_selection.lockstep import Task, evaluate
from skrnn.model_selection.studies import Heart, SeededSampler, claim, give_up, is_path, open_storage, quiet
from skrnn.model_selection.trial_results import ERROR, OUTCOME

Space = Mapping[str, BaseDistribution] | Callable[[BaseTrial], dict[str, Any]]


@dataclass(frozen=True)
class Search:
    """What every worker of a search knows.

    Attributes
    ----------
    estimator : estimator
    task : Task
    space : mapping or callable
    storage : str or optuna.storages.BaseStorage
        The path of a journal file, a URL, or a storage.
    study_name : str
    sampler : optuna.samplers.BaseSampler
    seed : int or None
    pruner : optuna.pruners.BasePruner
    n_trials : int or None
        In total.
    deadline : float or None
        In seconds since the epoch of the clock.
    error_score : float or "raise"
    """

    estimator: Any
    task: Task
    space: Space
    storage: Any
    study_name: str
    sampler: BaseSampler
    seed: int | None
    pruner: BasePruner
    n_trials: int | None
    deadline: float | None
    error_score: Any

    def open(self) -> optuna.Study:
        """Open the study, or create it."""
        return optuna.create_study(
            storage=open_storage(self.storage),
            study_name=self.study_name,
            sampler=SeededSampler(copy.deepcopy(self.sampler), self.seed),
            pruner=self.pruner,
            direction="maximize",
            load_if_exists=True,
        )


def run_trial(search: Search, study: optuna.Study | None = None) -> int | None:
    """Run one trial, if another is wanted.

    Parameters
    ----------
    search : Search
    study : optuna.Study, default=None
        By default it is opened.

    Returns
    -------
    number : int or None
        The trial's, however it ended; None if none was begun.
    """
    if search.deadline is not None and time.time() >= search.deadline:
        return None
    with quiet():
        study = search.open() if study is None else study
        distributions = search.space if isinstance(search.space, Mapping) else {}
        trial = claim(study, search.n_trials, distributions, search.storage if is_path(search.storage) else None)
        if trial is None:
            return None
        try:
            _measure(search, study, trial)
        except optuna.exceptions.UpdateFinishedTrialError:
            pass  # others have given this worker up for dead: what it found comes too late
        except Exception:
            trial.set_user_attr(ERROR, traceback.format_exc())
            study.tell(trial, state=TrialState.FAIL)
            if search.error_score == "raise":
                raise
        except BaseException:
            give_up(study, trial._trial_id, "interrupted")
            raise
        return trial.number


def _measure(search: Search, study: optuna.Study, trial: optuna.Trial) -> None:
    """Train and score the candidate, and tell the study."""
    params = search.space(trial) if callable(search.space) else dict(trial.params)
    estimator = clone(search.estimator).set_params(**clone(params, safe=False))
    heart = Heart(trial)

    def go_on(epoch: int, mean: float) -> bool:
        trial.report(mean, epoch)
        heart.beat()
        return not trial.should_prune()

    searched = any(name.rpartition("__")[2] == "epochs" for name in params)
    outcome = evaluate(estimator, search.task, epochs_are_searched=searched, go_on=go_on)
    mean = outcome.mean(search.task.metric)
    if not np.isfinite(mean):
        raise ValueError(f"The mean score over the folds is {mean}: {outcome.scores[search.task.metric]}.")
    trial.set_user_attr(OUTCOME, asdict(outcome))
    if outcome.pruned_epoch is None:
        study.tell(trial, mean)
    else:
        study.tell(trial, state=TrialState.PRUNED)


def parameters_of(space: Space, trial: FrozenTrial) -> dict[str, Any]:
    """Return the parameters that a trial has set; of one that failed before it had all of them, those it has."""
    if not callable(space):
        return dict(trial.params)
    try:
        return space(trial)
    except Exception:
        return dict(trial.params)


def first_cause(failures: Sequence[FrozenTrial]) -> str:
    """Return what the first of some failed trials died of: one line, then the traceback."""
    trial = failures[0]
    error = trial.user_attrs.get(ERROR, "").strip()
    return f"Trial {trial.number}: {error.rpartition(chr(10))[2] or 'no cause is known'}\n{error}"
