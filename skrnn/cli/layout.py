"""Tables for consoles of any width. In narrow consoles, unimportant columns are left out and no text is cut off."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    heading : str
        Heading of the column.
    values : sequence of str
        The cells, from top to bottom.
    worth : float
        Importance of the column. In a narrow console, the least important columns are left out; a column of infinite
        importance never is.
    to_right : bool
        Whether to align the values to the right, as is usual for numbers. The first column is always aligned to the
        left.
    """

    heading: str
    values: Sequence[str]
    worth: float = inf
    to_right: bool = True


def print_terms(console: "Console", terms: Sequence[tuple[str, str]]) -> None:
    """Print terms and their texts in two columns; a long text is wrapped in its own column."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for term, text in terms:
        grid.add_row(term, text)
    if terms:
        console.print(grid)


def print_table(console: "Console", columns: Sequence[Column]) -> list[str]:
    """Print a table with the columns that fit into the console.

    Parameters
    ----------
    console : rich.console.Console
    columns : sequence of Column
        All columns, with the same number of values.

    Returns
    -------
    left_out : list of str
        Headings of the columns that do not fit.
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
        # Names and scores that do not fit are folded, not cut off.
        table.add_column(column.heading, justify="right" if position and column.to_right else "left", overflow="fold")
    for row in zip(*(column.values for column in columns), strict=True):
        table.add_row(*row)
    return table
