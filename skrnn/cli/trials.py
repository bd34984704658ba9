"""What ``skrnn tune`` shows while it runs: a line for each trial, or live bars of all trials and the running ones."""

import threading
import time
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from skrnn.cli.display import duration, say

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial
    from rich.console import Console


class TrialLines:
    """One line for each trial that ends in this process or its workers, for files and pipes.

    Parameters
    ----------
    n_trials : int or None
        How many there are to be.
    storage : str
        Where the study is: the path of a journal file, or a URL.
    console : rich.console.Console
        Where to print.
    """

    def __init__(self, n_trials: int | None, storage: str, console: "Console"):
        self.n_trials = n_trials
        self.storage = storage
        self.console = console
        self.best: FrozenTrial | None = None

    def __enter__(self) -> "TrialLines":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, study: "optuna.Study", trial: "FrozenTrial") -> None:
        """Print how a trial ended."""
        n_ended, is_best = self._count(study, trial)
        of_all = f"{n_ended}/{self.n_trials}" if self.n_trials else n_ended
        seconds = trial.duration.total_seconds() if trial.duration else 0.0
        best = ", the best so far" if is_best else ""
        say(self.console, f"[{of_all}] trial {trial.number}: {ending(trial)}, {seconds:.1f} s{best}")

    def _count(self, study: "optuna.Study", trial: "FrozenTrial") -> tuple[int, bool]:
        """Return how many trials have ended in all processes, and whether this one is the best of them."""
        from optuna.trial import TrialState

        from skrnn.model_selection.studies import counted

        ended = [other for other in counted(study) if other.state.is_finished()]
        complete = [other for other in ended if other.state == TrialState.COMPLETE]
        if complete:
            self.best = max(complete, key=attrgetter("value"))
        return len(ended), self.best is not None and self.best.number == trial.number


class TrialBars(TrialLines):
    """A live display: all trials with the best so far, and the epochs of those that run, here or in other processes."""

    def __init__(self, n_trials: int | None, storage: str, console: "Console"):
        from skrnn.cli.layout import FitBars

        super().__init__(n_trials, storage, console)
        self.bars = FitBars(console)
        self.of_all = self.bars.add_task("Trials", total=n_trials, count="", note="starting")
        self.of_trial: dict[tuple[str, int], Any] = {}  # the running ones
        self.started = time.perf_counter()
        self.closing = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "TrialBars":
        self.bars.start()
        self.watcher.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self.watcher.join(timeout=5)
        self.bars.stop()

    def __call__(self, study: "optuna.Study", trial: "FrozenTrial") -> None:
        """Update the bar of all trials."""
        n_ended, _ = self._count(study, trial)
        self.bars.update(self.of_all, completed=n_ended, count=f"{n_ended}/{self.n_trials or '?'}", note=self._note())

    def _note(self) -> str:
        best = "" if self.best is None else f", best accuracy {self.best.value:.4f}"
        return f"{duration(time.perf_counter() - self.started)}{best}"

    def _watch(self) -> None:
        """Show the running trials, as the storage has them, until the end."""
        from skrnn.model_selection.studies import open_storage, running_trials

        storage = open_storage(self.storage)
        while not self.closing.wait(0.3):
            self.bars.update(self.of_all, note=self._note())
            self.show_running(running_trials(storage))

    def show_running(self, trials: "list[tuple[str, FrozenTrial]]") -> None:
        """Show these trials, by the name of their study, and no others."""
        there = {(study, trial.number): trial for study, trial in trials}
        for key in self.of_trial.keys() - there.keys():
            self.bars.remove_task(self.of_trial.pop(key))
        for key, trial in there.items():
            if key not in self.of_trial:
                self.of_trial[key] = self.bars.add_task(f"  trial {key[1]}", total=None, count="", note="starting")
            if trial.last_step is not None:
                self.bars.update(
                    self.of_trial[key],
                    count=f"epoch {trial.last_step}",
                    note=f"accuracy {trial.intermediate_values[trial.last_step]:.4f}",
                )


def ending(trial: "FrozenTrial") -> str:
    """Return in words how a trial ended."""
    from optuna.trial import TrialState

    from skrnn.model_selection.trial_results import ERROR, outcome_of

    outcome = outcome_of(trial)
    if outcome is None:
        cause = trial.user_attrs.get(ERROR, "").strip().rpartition("\n")[2]
        return f"failed: {cause or 'its process ended'}"
    if trial.state == TrialState.PRUNED:
        assert trial.last_step is not None
        return f"pruned after epoch {trial.last_step} at {trial.intermediate_values[trial.last_step]:.4f}"
    return f"accuracy {trial.value:.4f} after {outcome.n_epochs} epoch{'' if outcome.n_epochs == 1 else 's'}"
