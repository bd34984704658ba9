"""What the command line shows: live bars or plain lines while a comparison runs, and a table after it."""

import time
from math import isnan, nan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from skrnn.model_selection import ArchitectureComparison, FitEvent


def say(console: "Console", text: str) -> None:
    """Print; whoever reads from a file wants no line breaks at column 80."""
    console.print(text, soft_wrap=not console.is_interactive)


class Lines:
    """One line for each finished fit, for files and pipes.

    Parameters
    ----------
    names : list of str
        The architectures.
    n_folds, n_repeats : int
        How they are cross-validated.
    console : rich.console.Console
        Where to print.
    """

    def __init__(self, names: list[str], n_folds: int, n_repeats: int, console: "Console"):
        self.scores: dict[str, list[float]] = {name: [] for name in names}
        self.n_folds = n_folds
        self.n_repeats = n_repeats
        self.n_fits = len(names) * n_folds * n_repeats
        self.console = console

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, event: "FitEvent") -> None:
        """Print, if a fit has ended."""
        if event.kind != "end":
            return
        score = self.record(event)
        outcome = "failed" if isnan(score) else f"accuracy {score:.4f} in {event.fit_seconds:.1f} s"
        say(self.console, f"[{self.n_finished}/{self.n_fits}] {self.title(event)}: {outcome}")

    def record(self, event: "FitEvent") -> float:
        """Keep the score of a fit that has ended, and return it."""
        score = nan if event.score is None else event.score
        self.scores[event.architecture].append(score)
        return score

    @property
    def n_finished(self) -> int:
        """How many fits are done."""
        return sum(map(len, self.scores.values()))

    def title(self, event: "FitEvent") -> str:
        """Return what a person calls the fit: both numbers count from 1."""
        repeat, fold = divmod(event.split, self.n_folds)
        return f"{event.architecture}, fold {fold + 1}" + (f", repeat {repeat + 1}" if self.n_repeats > 1 else "")


class Bars(Lines):
    """A live display: the running mean of each architecture, all fits, and the epochs of those that are running."""

    def __init__(self, names: list[str], n_folds: int, n_repeats: int, console: "Console"):
        from rich.progress import BarColumn, Progress, TextColumn

        super().__init__(names, n_folds, n_repeats, console)
        self.started: float | None = None
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),  # what Ctrl-C echoes must fit beside, or it would leave a line behind
            TextColumn("{task.fields[count]}", justify="right"),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,  # the table takes its place
        )
        n_splits = n_folds * n_repeats
        self.of_name = {
            name: self.bars.add_task(name, total=n_splits, count=f"0/{n_splits}", note="") for name in names
        }
        self.of_all = self.bars.add_task("All fits", total=self.n_fits, count=f"0/{self.n_fits}", note="")
        self.of_fit: dict[tuple[str, int], Any] = {}  # the running ones
        self.shares: dict[tuple[str, int], float] = {}

    def __enter__(self) -> "Bars":
        self.bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.bars.stop()

    def __call__(self, event: "FitEvent") -> None:
        """Update the bars."""
        fit = event.architecture, event.split
        if event.kind == "begin":
            self.started = self.started or time.perf_counter()
            title = f"  {self.title(event)}"
            self.of_fit[fit] = self.bars.add_task(title, total=None, count="", note="starting")
        elif event.kind == "epoch" and fit in self.of_fit:
            total = event.n_epochs
            self.shares[fit] = (event.epoch or 0) / total if total else 0.0
            self.bars.update(
                self.of_fit[fit],
                total=total,
                completed=event.epoch,
                count=f"{event.epoch}/{total or '?'}",
                note="epochs",
            )
        elif event.kind == "end":
            self._end(event)
        n_done = self.n_finished + sum(self.shares.values())
        self.bars.update(
            self.of_all, completed=n_done, count=f"{self.n_finished}/{self.n_fits}", note=self._time(n_done)
        )

    def _end(self, event: "FitEvent") -> None:
        fit = event.architecture, event.split
        self.shares.pop(fit, None)
        if fit in self.of_fit:
            self.bars.remove_task(self.of_fit.pop(fit))
        self.record(event)
        n_ended = len(self.scores[event.architecture])
        scores = [score for score in self.scores[event.architecture] if not isnan(score)]
        self.bars.update(
            self.of_name[event.architecture],
            completed=n_ended,
            count=f"{n_ended}/{self.n_folds * self.n_repeats}",
            note=f"accuracy {sum(scores) / len(scores):.4f}" if scores else "failed",
        )

    def _time(self, n_done: float) -> str:
        elapsed = time.perf_counter() - (self.started or time.perf_counter())
        left = f", {_duration(elapsed * (self.n_fits / n_done - 1))} left" if n_done else ""
        return f"{_duration(elapsed)}{left}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def print_table(comparison: "ArchitectureComparison", console: "Console") -> None:
    """Print the summary, best first."""
    from rich import box
    from rich.table import Table

    summary = comparison.summary()
    several = summary["n_splits"].nunique() > 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "Accuracy", *(["Fits"] if several else []), "Parameters", "Epochs", "Fit s", "Predict s"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name, row in summary.sort_values("mean", ascending=False, na_position="last").iterrows():
        table.add_row(
            str(name),
            f"{_number(row['mean'], '.4f')} ± {_number(row['std'], '.4f')}",
            *([str(row["n_splits"])] if several else []),
            _number(row["n_parameters"], ",.0f"),
            _number(row["n_epochs"], ".3g"),
            _number(row["fit_seconds"], ".2f"),
            _number(row["score_seconds"], ".3f"),
        )
    console.print(table)
    folds = "the finished" if several else int(summary["n_splits"].max())
    say(console, f"Mean ± standard deviation over {folds} test folds; times are means per fit.")


def _number(value: float, form: str) -> str:
    return "-" if isnan(value) else format(value, form)
