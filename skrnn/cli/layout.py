"""Tables and bars of any width: the least important columns are left out, and nothing that is shown is cut off."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.progress import BarColumn, Progress, Task
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

_BAR_WIDTH = 16  # the "^C" that a terminal echoes must fit beside the bars, or it would leave a line behind


@dataclass(frozen=True)
class Column:
    """A column of a table of results.

    Attributes
    ----------
    heading : str
    values : sequence of str
    worth : float
        Columns of the lowest worth are left out first, and those of infinite worth never.
    to_right : bool
        Whether values are aligned to the right, as numbers are. The first column, of names, never is.
    """

    heading: str
    values: Sequence[str]
    worth: float = inf
    to_right: bool = True


def print_table(console: "Console", columns: Sequence[Column]) -> list[str]:
    """Print the columns that the console has room for.

    Returns
    -------
    left_out : list of str
        The headings of the columns left out.
    """
    shown = list(columns)
    by_worth = sorted((column for column in columns if column.worth < inf), key=lambda column: column.worth)
    for least in by_worth:
        if _width(console, shown) <= console.width:
            break
        shown.remove(least)
    console.print(_table(shown))
    return [column.heading for column in columns if column not in shown]


def _width(console: "Console", columns: Sequence[Column]) -> int:
    return console.measure(_table(columns), options=console.options.update(width=10_000)).maximum


def _table(columns: Sequence[Column]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for position, column in enumerate(columns):
        # If not even names and scores fit, they are folded, so nothing is lost.
        table.add_column(column.heading, justify="right" if position and column.to_right else "left", overflow="fold")
    for row in zip(*(column.values for column in columns), strict=True):
        table.add_row(*row)
    return table


class FitBars(Progress):
    """Live bars: each task has a name, a bar, a count and a note (with a score), and nothing else.

    In a narrow terminal, the bar shrinks and disappears, then the count, then the words around a note's number.
    """

    def __init__(self, console: "Console"):
        self._room = lambda: console.width  # used before rich sets `console`
        super().__init__(console=console, transient=True)  # the results replace it

    def make_tasks_table(self, tasks: Any) -> Table:
        """Return what is shown; rich calls this at every refresh, so the width may change."""
        shown: list[Task] = [task for task in tasks if task.visible]
        texts = [[task.description, task.fields["count"], task.fields["note"]] for task in shown]
        names, counts, notes = (max((cell_len(row[part]) for row in texts), default=0) for part in range(3))
        room = self._room() - names - notes - 2
        with_count = room >= counts + 1
        bar_width = min(_BAR_WIDTH, room - counts - 2)
        with_bar = bar_width >= 4
        if room < 0:
            texts = [[name, count, _number_of(note)] for name, count, note in texts]
        table = Table.grid(padding=(0, 1))
        table.add_column(overflow="fold")
        if with_bar:
            table.add_column()
        if with_count:
            table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        bar = BarColumn(bar_width=bar_width)
        for task, (name, count, note) in zip(shown, texts, strict=True):
            table.add_row(name, *([bar(task)] if with_bar else []), *([count] if with_count else []), note)
        return table


def _number_of(note: str) -> str:
    """Return the last number in a note, or all of it: "accuracy 0.9677" is 0.9677."""
    return next((word for word in reversed(note.split()) if word[0].isdigit()), note)
