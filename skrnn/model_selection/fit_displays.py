"""Displays of fits in progress: live bars in a terminal, lines in files and pipes."""

import time
from collections.abc import Callable, Mapping, Sequence
from math import isnan, nan
from typing import Self

from rich.console import Console
from rich.progress import TaskID

from skrnn.model_selection.fit_events import FitEvent
from skrnn.model_selection.live_bars import LiveBars, can_show_bars, duration


def fit_display(
    architectures: Sequence[str],
    n_splits: int,
    *,
    title: Callable[[FitEvent], str] | None = None,
    costs: Mapping[str, float] | None = None,
    score: str = "accuracy",
    console: Console | None = None,
    transient: bool = False,
) -> "FitLines":
    """Make a display of the fits of a comparison: live bars in a terminal, otherwise a line for each fit.

    Parameters
    ----------
    architectures : sequence of str
        The names of the estimators.
    n_splits : int
        Number of fits of each estimator.
    title : callable, default=None
        ``title(event)`` returns the name of a fit. By default the architecture and the number of the split, from 0.
    costs : mapping of str to float, default=None
        For each architecture, how long a fit takes relative to the others, which the remaining time is estimated
        from. By default all take equally long.
    score : str, default="accuracy"
        The name of the score.
    console : rich.console.Console, default=None
        Where to print; by default the standard output.
    transient : bool, default=False
        Whether to clear the bars at the end.

    Returns
    -------
    display : context manager
        Call it with each :class:`~skrnn.model_selection.FitEvent`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from skrnn.model_selection import compare_architectures, fit_display
    >>> with fit_display(["dummy"], n_splits=2) as display:
    ...     comparison = compare_architectures(
    ...         {"dummy": DummyClassifier()}, *load_iris(return_X_y=True), cv=2, progress=display
    ...     )
    [1/2] dummy, split 0: accuracy 0.3333 in ... s
    [2/2] dummy, split 1: accuracy 0.3333 in ... s
    """
    console = Console(highlight=False, markup=False) if console is None else console
    title = (lambda event: f"{event.architecture}, split {event.split}") if title is None else title
    if can_show_bars(console):
        return FitBars(architectures, n_splits, title, console, costs, score=score, transient=transient)
    return FitLines(architectures, n_splits, title, console, costs, score=score)


class FitLines:
    """A line for each finished fit.

    Parameters
    ----------
    names : sequence of str
    n_fits : int
        Number of fits of each name.
    title : callable
        Returns the name of the fit of an event.
    console : rich.console.Console
    costs : mapping of str to float, default=None
        By name, how long a fit takes relative to the others.
    score : str, default="accuracy"
        The name of the score.
    """

    def __init__(
        self,
        names: Sequence[str],
        n_fits: int,
        title: Callable[[FitEvent], str],
        console: Console,
        costs: Mapping[str, float] | None = None,
        *,
        score: str = "accuracy",
    ):
        self.scores: dict[str, list[float]] = {name: [] for name in names}
        self.n_fits = n_fits
        self.title = title
        self.score = score
        self.console = console
        self.costs = costs or dict.fromkeys(names, 1.0)
        self.running: dict[tuple[str, int], float] = {}  # the finished share of each running fit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, event: FitEvent) -> None:
        """Print a line if a fit has ended; not if it never began, because it was finished in an earlier run."""
        if event.kind == "begin":
            self.running[event.architecture, event.split] = 0.0
        if event.kind != "end":
            return
        score = self.record(event)
        if self.running.pop((event.architecture, event.split), None) is None:
            return
        result = "failed" if isnan(score) else f"{self.score} {score:.4f} in {event.fit_seconds:.1f} s"
        of_all = f"[{self.n_finished}/{self.n_fits * len(self.scores)}]"
        self.console.print(f"{of_all} {self.title(event)}: {result}", soft_wrap=True)

    def record(self, event: FitEvent) -> float:
        """Keep the score of a finished fit, and return it."""
        score = nan if event.score is None else event.score
        self.scores.setdefault(event.architecture, []).append(score)  # a baseline may not have been announced
        return score

    @property
    def n_finished(self) -> int:
        """Number of finished fits."""
        return sum(map(len, self.scores.values()))


class FitBars(FitLines):
    """Live bars: the mean score of each name so far, all fits, and each running fit with its epochs or trials."""

    def __init__(
        self,
        names: Sequence[str],
        n_fits: int,
        title: Callable[[FitEvent], str],
        console: Console,
        costs: Mapping[str, float] | None = None,
        *,
        score: str = "accuracy",
        transient: bool = True,
    ):
        super().__init__(names, n_fits, title, console, costs, score=score)
        self.started: float | None = None
        self.cost_before = 0.0
        self.bars = LiveBars(console, transient=transient)
        self.of_name = {name: self.bars.add_task(name, total=n_fits, count=f"0/{n_fits}", note="") for name in names}
        self.cost_of_all = n_fits * sum(self.costs.values())
        self.of_all = self.bars.add_task("All fits", total=self.cost_of_all, count=f"0/{n_fits * len(names)}", note="")
        self.of_fit: dict[tuple[str, int], TaskID] = {}  # of each running fit

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.bars.stop()

    def __call__(self, event: FitEvent) -> None:
        """Update the bars."""
        fit = event.architecture, event.split
        if event.architecture not in self.of_name:
            self._announce(event.architecture)
        if event.kind == "begin":
            if self.started is None:
                self.started, self.cost_before = time.perf_counter(), self._cost_so_far()
            self.running[fit] = 0.0
            title = f"  {self.title(event)}"
            self.of_fit[fit] = self.bars.add_task(title, total=None, count="", note="starting")
        elif event.kind == "epoch" and fit in self.of_fit:
            self._step(fit, event.epoch, event.n_epochs, "epochs")
        elif event.kind == "trial" and fit in self.of_fit:
            self._step(fit, event.trial, event.n_trials, "trials")
        elif event.kind == "end":
            self._end(event)
        self.bars.update(
            self.of_all,
            completed=self._cost_so_far(),
            count=f"{self.n_finished}/{self.n_fits * len(self.scores)}",
            note=self._time(),
        )

    def _announce(self, name: str) -> None:
        """Add a bar for an architecture that was not known at the beginning, such as a baseline."""
        self.scores[name] = []
        self.of_name[name] = self.bars.add_task(name, total=self.n_fits, count=f"0/{self.n_fits}", note="")
        self.cost_of_all += self.n_fits * self.costs.get(name, 1.0)
        self.bars.update(self.of_all, total=self.cost_of_all)

    def _step(self, fit: tuple[str, int], done: int | None, total: int | None, what: str) -> None:
        self.running[fit] = (done or 0) / total if total else 0.0
        self.bars.update(self.of_fit[fit], total=total, completed=done or 0, count=f"{done}/{total or '?'}", note=what)

    def _end(self, event: FitEvent) -> None:
        fit = event.architecture, event.split
        self.running.pop(fit, None)
        if fit in self.of_fit:
            self.bars.remove_task(self.of_fit.pop(fit))
        self.record(event)
        n_ended = len(self.scores[event.architecture])
        scores = [score for score in self.scores[event.architecture] if not isnan(score)]
        self.bars.update(
            self.of_name[event.architecture],
            completed=n_ended,
            count=f"{n_ended}/{self.n_fits}",
            note=f"{self.score} {sum(scores) / len(scores):.4f}" if scores else "failed",
        )

    def _cost_so_far(self) -> float:
        """Return the cost of all finished fits, and of the finished shares of running ones."""
        ended = sum(len(scores) * self.costs.get(name, 1.0) for name, scores in self.scores.items())
        return ended + sum(share * self.costs.get(name, 1.0) for (name, _), share in self.running.items())

    def _time(self) -> str:
        if self.started is None:
            return ""
        elapsed = time.perf_counter() - self.started
        done = self._cost_so_far()
        since = done - self.cost_before
        left = f", {duration(elapsed * (self.cost_of_all - done) / since)} left" if since else ""
        return f"{duration(elapsed)}{left}"
