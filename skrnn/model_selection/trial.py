"""Trials, in any process: claim one, evaluate its candidate, and record how it ended."""

import copy
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from itertools import count, repeat
from typing import Any

import numpy as np
import optuna
from joblib import Parallel, delayed, effective_n_jobs
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState
from sklearn.base import clone

from skrnn.model_selection.callback_tasks import CallbackTask
from skrnn.model_selection.interrupts import no_interrupts_for_workers
from skrnn.model_selection.lockstep import Task, UndecidedError, evaluate
from skrnn.model_selection.spaces import OutsideSpaceError, Space, parameters_of, suggest
from skrnn.model_selection.studies import Heart, SeededSampler, claim, counted, give_up, is_path, open_storage, quiet
from skrnn.model_selection.trial_results import ERROR, OUTCOME, outcome_of


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
    _inside: dict[int, bool] = field(default_factory=dict, repr=False, compare=False)

    def counted(self, study: optuna.Study) -> list[FrozenTrial]:
        """Return the trials that count: all but those with a score whose parameters are outside the space.

        The name of the study follows from the space, but a part that the user vouches for may have changed.
        """
        return [trial for trial in counted(study) if outcome_of(trial) is None or self._is_inside(trial)]

    def ended(self, study: optuna.Study) -> list[FrozenTrial]:
        """Return the trials that count and have ended."""
        return [trial for trial in self.counted(study) if trial.state.is_finished()]

    def _is_inside(self, trial: FrozenTrial) -> bool:
        if trial.number not in self._inside:
            try:
                parameters_of(self.space, trial)
            except OutsideSpaceError:
                self._inside[trial.number] = False
            else:
                self._inside[trial.number] = True
        return self._inside[trial.number]

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


def run_trial(search: Search, study: optuna.Study | None = None, callbacks: CallbackTask | None = None) -> int | None:
    """Run one trial, if more are wanted.

    Parameters
    ----------
    search : Search
    study : optuna.Study, default=None
        By default it is loaded from the storage.
    callbacks : CallbackTask, default=None
        The task of the trial.

    Returns
    -------
    number : int or None
        The number of the trial, however it ended; None if none was begun.
    """
    with quiet(), ExitStack() as stack:
        study = search.open() if study is None else study

        def before() -> None:
            if callbacks is not None and not begun:
                stack.enter_context(callbacks.running())
            begun.append(True)

        begun: list[bool] = []
        while search.deadline is None or time.time() < search.deadline:
            journal = search.storage if is_path(search.storage) else None
            trial = claim(study, search.n_trials, journal, before, search.counted)
            if trial is None:
                return None
            if _ran(search, study, trial, callbacks):
                return trial.number
    return None


def _ran(search: Search, study: optuna.Study, trial: optuna.Trial, callbacks: CallbackTask | None) -> bool:
    """Run a trial to its end; return False if its parameters are outside the space."""
    try:
        _measure(search, study, trial, callbacks)
    except optuna.exceptions.UpdateFinishedTrialError:
        pass  # other workers have declared this one dead, so its result comes too late
    except OutsideSpaceError as error:
        give_up(study, trial._trial_id, str(error))
        warnings.warn(f"{error} The trial does not count.", UserWarning, stacklevel=2)
        return False
    except UndecidedError:
        give_up(study, trial._trial_id, "no metric decides")
        raise
    except Exception:
        trial.set_user_attr(ERROR, traceback.format_exc())
        study.tell(trial, state=TrialState.FAIL)
        if search.error_score == "raise":
            raise
    except BaseException:
        give_up(study, trial._trial_id, "interrupted")
        raise
    return True


def run_trials(
    search: Search, study: optuna.Study, n_jobs: int | None, callbacks: CallbackTask | None
) -> Iterator[int]:
    """Run trials, here or in processes, until no more may begin; yield the number of each as it ends.

    Parameters
    ----------
    search : Search
    study : optuna.Study
    n_jobs : int or None
    callbacks : CallbackTask or None
        The task that the trials are parts of.
    """
    parts = _parts(callbacks, search)
    if effective_n_jobs(n_jobs) == 1:
        while (number := run_trial(search, study, next(parts))) is not None:
            yield number
        return
    ended = False

    def jobs() -> Iterator[Any]:
        # As many as are missing, so that none is idle; at least one, which looks for trials of dead workers.
        missing = None if search.n_trials is None else max(1, search.n_trials - len(search.counted(study)))
        for _ in count() if missing is None else range(missing):
            if ended:
                return
            yield delayed(run_trial)(search, callbacks=next(parts))

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "[0-9]+ tasks (have been|which were still)", UserWarning)  # interrupted
        while not ended:
            parallel = Parallel(n_jobs, batch_size=1, pre_dispatch="n_jobs", return_as="generator_unordered")
            with no_interrupts_for_workers():
                started = parallel(jobs())
            with closing(started) as numbers:
                for number in numbers:
                    if number is None:
                        ended = True
                    else:
                        yield number


def _parts(callbacks: CallbackTask | None, search: Search) -> Iterator[CallbackTask | None]:
    """Yield a task for each trial; trials that replace a lost one have none."""
    counts = count() if search.n_trials is None else range(search.n_trials)
    if callbacks is not None:
        yield from (callbacks.part("trial", n_parts=len(search.task.splits)) for _ in counts)
    yield from repeat(None)


def _measure(search: Search, study: optuna.Study, trial: optuna.Trial, callbacks: CallbackTask | None) -> None:
    """Train and score the candidate, and report the result to the study."""
    params = suggest(search.space, trial)
    estimator = clone(search.estimator).set_params(**clone(params, safe=False))
    heart = Heart(trial)

    def go_on(epoch: int, mean: float) -> bool:
        trial.report(mean, epoch)
        heart.beat()
        return not trial.should_prune()

    searched = any(name.rpartition("__")[2] == "epochs" for name in params)
    outcome = evaluate(estimator, search.task, epochs_are_searched=searched, go_on=go_on, callbacks=callbacks)
    metric = search.task.decides(outcome.scores)
    mean = outcome.mean(metric)
    if not np.isfinite(mean):
        raise ValueError(f"The mean score over the folds is {mean}: {outcome.scores[metric]}.")
    trial.set_user_attr(OUTCOME, asdict(outcome))
    if outcome.pruned_epoch is None:
        study.tell(trial, mean)
    else:
        study.tell(trial, state=TrialState.PRUNED)


def first_cause(failures: Sequence[FrozenTrial]) -> str:
    """Return what the first of some failed trials died of: one line, then the traceback."""
    trial = failures[0]
    error = trial.user_attrs.get(ERROR, "").strip()
    return f"Trial {trial.number}: {error.rpartition(chr(10))[2] or 'no cause is known'}\n{error}"
