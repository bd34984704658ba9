"""Progress displays of a search: live bars in a terminal or notebook, one line per trial in files and pipes."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from typing import Self

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.progress import TaskID

from skrnn.model_selection.cv_results import ERROR, outcome_of
from skrnn.model_selection.live_bars import LiveBars, can_show_bars, duration
from skrnn.model_selection.storages import Storage, open_storage
from skrnn.model_selection.studies import counted_trials, running_trials

Counted = Callable[[optuna.Study], list[FrozenTrial]]


def trial_display(
    n_trials: int | None,
    storage: Storage = None,
    *,
    score: str = "score",
    console: Console | None = None,
    transient: bool = False,
    counted: Counted = counted_trials,
) -> "TrialLines":
    """Create a progress display for a search: live bars in a terminal or notebook, otherwise one line per trial.

    ``OptunaSearchCV(verbose=1)`` shows such a display on the standard error.

    Parameters
    ----------
    n_trials : int or None
        Total number of trials; None if it is not limited.
    storage : str, path-like, optuna.storages.BaseStorage or None, default=None
        The storage of the search, from which the bars read the running trials of all processes.
    score : str, default="score"
        Name of the score.
    console : rich.console.Console, default=None
        The console to print to. By default, the standard output.
    transient : bool, default=False
        Whether to clear the bars at the end.
    counted : callable, optional
        Returns the trials of a study that count. By default, all trials that a search started in the study.

    Returns
    -------
    display : context manager
        Also a callable, for the `callbacks` of an :class:`~skrnn.model_selection.OptunaSearchCV`.

    Examples
    --------
    >>> from optuna.distributions import CategoricalDistribution
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from skrnn.model_selection import OptunaSearchCV, trial_display
    >>> space = {"strategy": CategoricalDistribution(["prior"])}
    >>> with trial_display(2, score="accuracy") as display:
    ...     search = OptunaSearchCV(DummyClassifier(), space, n_trials=2, cv=2, callbacks=display)
    ...     search = search.fit(*load_iris(return_X_y=True))
    [1/2] trial 0: accuracy 0.3333, ... s, the best so far
    [2/2] trial 1: accuracy 0.3333, ... s
    """
    console = Console(highlight=False, markup=False) if console is None else console
    if can_show_bars(console):
        return TrialBars(n_trials, storage, console, score=score, transient=transient, counted=counted)
    return TrialLines(n_trials, console, score=score, counted=counted)


class TrialLines:
    """Prints a line for each trial that ends in this process or its workers.

    Parameters
    ----------
    n_trials : int or None
        Total number of trials; None if it is not limited.
    console : rich.console.Console
        The console to print to.
    score : str, default="score"
        Name of the score.
    counted : callable, optional
        Returns the trials of a study that count.
    """

    def __init__(
        self, n_trials: int | None, console: Console, *, score: str = "score", counted: Counted = counted_trials
    ):
        self.n_trials = n_trials
        self.console = console
        self.score = score
        self.counted = counted
        self.best: FrozenTrial | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Print the result of a trial."""
        n_ended, is_best = self._count(study, trial)
        of_all = f"{n_ended}/{self.n_trials}" if self.n_trials else n_ended
        seconds = trial.duration.total_seconds() if trial.duration else 0.0
        best = ", the best so far" if is_best else ""
        line = f"[{of_all}] trial {trial.number}: {ending(trial, self.score)}, {seconds:.1f} s{best}"
        self.console.print(line, soft_wrap=True)

    def _count(self, study: optuna.Study, trial: FrozenTrial) -> tuple[int, bool]:
        """Return the number of ended trials of all processes, and whether this one is the best of them."""
        ended = [other for other in self.counted(study) if other.state.is_finished()]
        complete = [other for other in ended if other.state == TrialState.COMPLETE]
        if complete:
            self.best = max(complete, key=attrgetter("value"))
        return len(ended), self.best is not None and self.best.number == trial.number


class TrialBars(TrialLines):
    """Live progress bars: one for all trials with the best score so far, and one for each running trial of any process.

    Parameters
    ----------
    n_trials : int or None
        Total number of trials; None if it is not limited.
    storage : str, path-like, optuna.storages.BaseStorage or None
        The storage that contains the running trials.
    console : rich.console.Console
        The console to show the bars on.
    score : str, default="score"
        Name of the score.
    transient : bool, default=True
        Whether to clear the bars at the end.
    counted : callable, optional
        Returns the trials of a study that count.
    """

    def __init__(
        self,
        n_trials: int | None,
        storage: Storage,
        console: Console,
        *,
        score: str = "score",
        transient: bool = True,
        counted: Counted = counted_trials,
    ):
        super().__init__(n_trials, console, score=score, counted=counted)
        self.storage = storage
        self.bars = LiveBars(console, transient=transient)
        self.of_all = self.bars.add_task("Trials", total=n_trials, count="", note="starting")
        self.of_trial: dict[tuple[str, int], TaskID] = {}  # the bar of each running trial, by study and number
        self.started = time.perf_counter()
        self.closing = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self.bars.start()
        self.watcher.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self.watcher.join(timeout=5)
        self.show_running([])
        self.bars.stop()

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Update the bar of all trials."""
        n_ended, _ = self._count(study, trial)
        self.bars.update(self.of_all, completed=n_ended, count=f"{n_ended}/{self.n_trials or '?'}", note=self._note())

    def _note(self) -> str:
        best = "" if self.best is None else f", best {self.score} {self.best.value:.4f}"
        return f"{duration(time.perf_counter() - self.started)}{best}"

    def _watch(self) -> None:
        """Show the running trials of the storage until the display is closed."""
        with suppress(Exception):  # the search itself raises the errors of its storage
            storage = open_storage(self.storage)
            while not self.closing.wait(0.3):
                self.bars.update(self.of_all, note=self._note())
                self.show_running(running_trials(storage))

    def show_running(self, trials: list[tuple[str, FrozenTrial]]) -> None:
        """Show a bar for each of these trials (with the names of their studies), and remove all other bars."""
        shown = {(study, trial.number): trial for study, trial in trials}
        for key in self.of_trial.keys() - shown.keys():
            self.bars.remove_task(self.of_trial.pop(key))
        for key, trial in shown.items():
            if key not in self.of_trial:
                self.of_trial[key] = self.bars.add_task(f"  trial {key[1]}", total=None, count="", note="starting")
            if trial.last_step is not None:
                self.bars.update(
                    self.of_trial[key],
                    count=f"epoch {trial.last_step}",
                    note=f"{self.score} {trial.intermediate_values[trial.last_step]:.4f}",
                )


def ending(trial: FrozenTrial, score: str) -> str:
    """Return the result of an ended trial in words."""
    outcome = outcome_of(trial)
    if outcome is None:
        cause = trial.user_attrs.get(ERROR, "").strip().rpartition("\n")[2]
        return f"failed: {cause or 'its process ended'}"
    if trial.state == TrialState.PRUNED:
        assert trial.last_step is not None
        return f"pruned after epoch {trial.last_step} at {trial.intermediate_values[trial.last_step]:.4f}"
    if outcome.n_epochs is None:  # not a network
        return f"{score} {trial.value:.4f}"
    return f"{score} {trial.value:.4f} after {outcome.n_epochs} epoch{'' if outcome.n_epochs == 1 else 's'}"
