"""A table whose columns are found by name: its labels, keys and times. What is a feature is decided elsewhere."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from skrnn._hints import closest, did_you_mean
from skrnn.preprocessing.cells import short
from skrnn.preprocessing.frames import is_frame, numbers_of, open_frame

_MISSING_IN_FILES = "In a text file, an empty cell is missing, and so is one that reads NA, None, null or nan."


@dataclass(frozen=True)
class Table:
    """The columns of a data frame of any library.

    Attributes
    ----------
    names : tuple
        The names of the columns.
    columns : list of narwhals.Series
    index : tuple
        The names of the levels of the index, which are no columns.
    """

    names: tuple[Any, ...]
    columns: list[Any]
    index: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0])

    def column(self, name: Hashable, option: str) -> Any:
        """Return the column of a name that was passed as `option`.

        Raises
        ------
        ValueError
            If there is no such column, or there are several.
        """
        places = [place for place, other in enumerate(self.names) if _same(name, other)]
        if len(places) == 1:
            return self.columns[places[0]]
        if places:
            raise ValueError(
                f"`{option}={name!r}`: {len(places)} columns have this name; each needs a name of its own."
            )
        hint = did_you_mean(closest(str(name), map(str, self.names)))
        if name in self.index:
            hint = " It is in the index: call reset_index() first."
        raise ValueError(f"`{option}={name!r}`: there is no such column.{hint} The columns are {listed(self.names)}.")

    def factorized(self, name: Hashable, option: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the distinct values of a column, in order of appearance, and which of them each row has.

        Returns
        -------
        codes : ndarray of shape (n_rows,), int32
        values : ndarray of shape (n_values,)

        Raises
        ------
        ValueError
            If there is no such column, or a value is missing, or is a sequence.
        """
        codes, values = factorize(self.column(name, option), f"`{option}={name!r}`")
        if (codes < 0).any():
            row = int((codes < 0).argmax())
            hint = "" if option == "text" else f" {_MISSING_IN_FILES}"
            raise ValueError(
                f"`{option}={name!r}`: row {row} (the first is row 0) is missing. Fill it in or drop the row.{hint}"
            )
        return codes, values

    def values(self, name: Hashable, option: str) -> np.ndarray:
        """Return a column without missing values, as `factorized` does, with one value for each row."""
        codes, values = self.factorized(name, option)
        return values[codes]


def open_table(frame: Any) -> Table:
    """Open a data frame of pandas, polars or pyarrow.

    Raises
    ------
    TypeError
        If it is none, or does not hold its data.
    ValueError
        If it has no rows.
    """
    if not is_frame(frame):
        hint = " Call collect() first." if hasattr(frame, "collect") else ""
        raise TypeError(f"Expected `frame` to be a data frame of pandas, polars or pyarrow, got {short(frame)}.{hint}")
    opened = open_frame(frame)
    if not opened.labels or not len(opened.data):
        raise ValueError(f"The table is empty: it has {len(opened.data)} rows and {len(opened.labels)} columns.")
    index = getattr(getattr(frame, "index", None), "names", ())
    return Table(opened.labels, opened.columns(), tuple(name for name in index if name is not None))


def to_pandas(column: Any) -> pd.Series:
    """Return a narwhals series as one of pandas."""
    # narwhals 2.29 gives missing values of a pyarrow dictionary the value that comes last
    return (
        column.to_native().to_pandas()
        if nw.dependencies.is_pyarrow_chunked_array(column.to_native())
        else column.to_pandas()
    )


def factorize(column: Any, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the distinct values of a column, -1 where missing, and these values."""
    try:
        codes, values = pd.factorize(to_pandas(column))
    except TypeError as error:
        raise ValueError(f"{what}: expected numbers or texts, but the column holds {column.dtype}.") from error
    return codes.astype(np.int32), np.asarray(values)


def times(table: Table, name: Hashable) -> np.ndarray:
    """Return a column of times as numbers that sort in the same order.

    Numbers, dates, times of day and durations are read, also as texts: ``2026-11-25 10:30:00`` and ``10:30:00``.

    Raises
    ------
    ValueError
        If there is no such column, a time is missing, or texts are of another kind, which would be sorted by letters.
    """
    column = table.column(name, "time")
    series = to_pandas(column)
    missing = series.isna()
    if missing.any():
        row = int(missing.to_numpy().argmax())
        raise ValueError(
            f"`time={name!r}`: row {row} (the first is row 0) is missing. Drop such rows, or leave out `time` if the "
            "rows are in order."
        )
    if column.dtype.is_numeric():
        return numbers_of(column, f"`time={name!r}`")
    if pd.api.types.is_datetime64_any_dtype(series) or pd.api.types.is_timedelta64_dtype(series):
        return series.astype("int64").to_numpy()
    if series.dtype != bool:
        texts = series.astype(str)
        for parse in (_dates, pd.to_timedelta):
            try:
                return parse(texts).astype("int64").to_numpy()
            except (ValueError, TypeError, OverflowError):
                pass
    raise ValueError(
        f"`time={name!r}`: expected numbers, dates or durations, but row 0 holds {shown(series.iloc[0])}. Texts are "
        "read if they are written like 2026-11-25 10:30:00 or 10:30:00; parse others first, for example with "
        "pandas.to_datetime(column, dayfirst=True), or leave out `time` if the rows are in order."
    )


def _dates(texts: pd.Series) -> pd.Series:
    """Parse dates of one kind: a time with an offset from UTC cannot be compared with one without."""
    offsets = texts.str.contains(r"[T ].*(?:[+-]\d|Z)", regex=True)
    if offsets.any() and not offsets.all():
        raise ValueError("Some times have an offset from UTC, and others have none.")
    return pd.to_datetime(texts, format="ISO8601", utc=True)


def listed(names: Iterable[Any], at_most: int = 12) -> str:
    """Return names for a message; of a long list, the first ones."""
    shown = [repr(name) for name in names]
    if len(shown) > at_most:
        shown = [*shown[:at_most], f"... ({len(shown)} in all)"]
    return ", ".join(shown)


def shown(value: Any) -> str:
    """Return a value of a column for a message: numbers and dates as they are written."""
    if isinstance(value, np.generic):
        value = value.item() if value.dtype.kind not in "mM" else str(value)
    return short(value) if isinstance(value, str) else str(value)


def repeated(names: Sequence[Any]) -> list[Any]:
    """Return the names that occur several times."""
    return [name for name, count in Counter(names).items() if count > 1]


def _same(name: Any, other: Any) -> bool:
    """Return whether two names are the same; True is not the column 1."""
    return name == other and isinstance(name, bool) == isinstance(other, bool)
