"""What the commands show while they run: live bars on a terminal, plain lines in files and pipes."""

import time
from collections.abc import Callable, Mapping
from math import isnan, nan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from skrnn.model_selection import FitEvent


def say(console: "Console", text: str) -> None:
    """Print; in a file, lines are not broken at column 80."""
    console.print(text, soft_wrap=not console.is_interactive)


class Lines:
    """One line for each finished fit, for files and pipes.

    Parameters
    ----------
    names : list of str
        What is fitted.
    n_fits : int
        How often each of them.
    title : callable
        The name for the fit of an event that a person would use.
    console : rich.console.Console
        Where to print.
    costs : mapping, default=None
        By name, how long a fit takes relative to others; by default all take equally long.
    """

    def __init__(
        self,
        names: list[str],
        n_fits: int,
        title: "Callable[[FitEvent], str]",
        console: "Console",
        costs: Mapping[str, float] | None = None,
    ):
        self.scores: dict[str, list[float]] = {name: [] for name in names}
        self.n_fits = n_fits
        self.title = title
        self.console = console
        self.costs = costs or dict.fromkeys(names, 1.0)
        self.running: dict[tuple[str, int], float] = {}  # the share that is done

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, event: "FitEvent") -> None:
        """Print, if a fit has ended that was seen to begin: others were done before."""
        if event.kind == "begin":
            self.running[event.architecture, event.split] = 0.0
        if event.kind != "end":
            return
        score = self.record(event)
        if self.running.pop((event.architecture, event.split), None) is None:
            return
        outcome = "failed" if isnan(score) else f"accuracy {score:.4f} in {event.fit_seconds:.1f} s"
        say(self.console, f"[{self.n_finished}/{self.n_fits * len(self.scores)}] {self.title(event)}: {outcome}")

    def record(self, event: "FitEvent") -> float:
        """Keep the score of a fit that has ended, and return it."""
        score = nan if event.score is None else event.score
        self.scores[event.architecture].append(score)
        return score

    @property
    def n_finished(self) -> int:
        """How many fits are done."""
        return sum(map(len, self.scores.values()))


class Bars(Lines):
    """A live display: the running mean of each name, all fits, and how far those that run have come."""

    def __init__(
        self,
        names: list[str],
        n_fits: int,
        title: "Callable[[FitEvent], str]",
        console: "Console",
        costs: Mapping[str, float] | None = None,
    ):
        from skrnn.cli.layout import FitBars

        super().__init__(names, n_fits, title, console, costs)
        self.started: float | None = None
        self.done_before = 0.0
        self.bars = FitBars(console)
        self.of_name = {name: self.bars.add_task(name, total=n_fits, count=f"0/{n_fits}", note="") for name in names}
        self.cost_of_all = n_fits * sum(self.costs.values())
        self.of_all = self.bars.add_task("All fits", total=self.cost_of_all, count=f"0/{n_fits * len(names)}", note="")
        self.of_fit: dict[tuple[str, int], Any] = {}  # the running ones

    def __enter__(self) -> "Bars":
        self.bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.bars.stop()

    def __call__(self, event: "FitEvent") -> None:
        """Update the bars."""
        fit = event.architecture, event.split
        if event.kind == "begin":
            if self.started is None:
                self.started, self.done_before = time.perf_counter(), self._done()
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
            completed=self._done(),
            count=f"{self.n_finished}/{self.n_fits * len(self.scores)}",
            note=self._time(),
        )

    def _step(self, fit: tuple[str, int], done: int | None, total: int | None, what: str) -> None:
        self.running[fit] = (done or 0) / total if total else 0.0
        self.bars.update(self.of_fit[fit], total=total, completed=done or 0, count=f"{done}/{total or '?'}", note=what)

    def _end(self, event: "FitEvent") -> None:
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
            note=f"accuracy {sum(scores) / len(scores):.4f}" if scores else "failed",
        )

    def _done(self) -> float:
        """Return the cost of what is done, running fits by their share."""
        ended = sum(len(scores) * self.costs[name] for name, scores in self.scores.items())
        return ended + sum(share * self.costs[name] for (name, _), share in self.running.items())

    def _time(self) -> str:
        if self.started is None:
            return ""
        elapsed = time.perf_counter() - self.started
        done = self._done()
        since = done - self.done_before
        left = f", {duration(elapsed * (self.cost_of_all - done) / since)} left" if since else ""
        return f"{duration(elapsed)}{left}"


def duration(seconds: float) -> str:
    """Return a time as on a clock."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
