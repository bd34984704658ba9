"""Live progress bars in a terminal of any width or a notebook, for the displays of fits and of trials."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.progress import BarColumn, Progress, Task, TaskID
from rich.table import Table

if TYPE_CHECKING:
    from IPython.display import DisplayHandle
    from rich.console import Console

_BAR_WIDTH = 16  # leaves room for the "^C" that a terminal echoes: a wrapped line would stay on the screen


class LiveBars(Progress):
    """Live bars: each task has a name, a bar, a count and a note that ends with a score.

    In a narrow terminal, the bar shrinks and disappears, then the count, then the words of the note. In a notebook, the
    output of the cell is updated. (Rich's own bars need ipywidgets there.)

    Parameters
    ----------
    console : rich.console.Console
        A console for which `can_show_bars` is True.
    transient : bool
        Whether to clear the bars at the end.
    """

    def __init__(self, console: "Console", *, transient: bool):
        self._available_width = lambda: console.width  # used before rich sets `console`
        self._output: DisplayHandle | None = None  # in a notebook
        super().__init__(console=console, transient=transient)

    def start(self) -> None:
        """Show the bars."""
        if not self.console.is_jupyter:
            super().start()
            return
        from IPython.display import display

        self._output = display(self, display_id=True)

    def stop(self) -> None:
        """Stop updating the bars."""
        if self._output is None:
            super().stop()
        elif self.live.transient:
            self._output.update({"text/plain": ""}, raw=True)
        else:
            self.refresh()

    def refresh(self) -> None:
        """Show the current state of the tasks."""
        if self._output is None:
            super().refresh()
        else:
            self._output.update(self)

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Change a task. In a notebook, no thread refreshes the bars, so this does."""
        super().update(task_id, **changes)
        if self._output is not None:
            self.refresh()

    def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
        """Return the table of the bars. Rich calls this at every refresh, so the width may change."""
        shown = [task for task in tasks if task.visible]
        texts = [[task.description, task.fields["count"], task.fields["note"]] for task in shown]
        names, counts, notes = (max((cell_len(row[part]) for row in texts), default=0) for part in range(3))
        room = self._available_width() - names - notes - 2
        with_count = room >= counts + 1
        bar_width = min(_BAR_WIDTH, room - counts - 2)
        with_bar = bar_width >= 4
        if room < 0:
            texts = [[name, count, _last_number(note)] for name, count, note in texts]
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


def can_show_bars(console: "Console") -> bool:
    """Return whether a console can update bars: an interactive terminal or a notebook."""
    return console.is_interactive or console.is_jupyter


def duration(seconds: float) -> str:
    """Return a duration in hours, minutes and seconds.

    Examples
    --------
    >>> duration(754), duration(3725)
    ('12:34', '1:02:05')
    """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _last_number(note: str) -> str:
    """Return the last number in a note, such as 0.9677 in "accuracy 0.9677", or the whole note if it has no number."""
    return next((word for word in reversed(note.split()) if word[0].isdigit()), note)
