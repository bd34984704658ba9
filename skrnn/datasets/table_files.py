"""Tables in files: CSV and other separated text, Parquet and Feather, read by pandas."""

import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from skrnn.datasets.sizes import require_room_for_feather, require_room_for_parquet, require_room_for_text
from skrnn.datasets.tables import listed, repeated

SEPARATED = {".csv": ",", ".tsv": "\t"}
BINARY = (".parquet", ".feather")
# what is missing in a cell, unless the column holds texts
_MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "None", "null", "NULL", "<NA>", "#N/A", "#NA"]
# what reading raises, besides other errors, if the file is damaged or of another kind
_DAMAGED = (pd.errors.ParserError, OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, ImportError)
COMPRESSED = (".gz", ".bz2", ".xz", ".zip", ".zst")


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the path of the file before the message of any error about its contents."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def read_table(path: Path, suffix: str, *, text: str | None, wanted: Sequence[Any]) -> pd.DataFrame:
    """Read a file as a data frame.

    Parameters
    ----------
    path : Path
    suffix : str
        The kind of the file: one of `SEPARATED` or `BINARY`.
    text : str or None
        A column of texts, in which only an empty cell is missing.
    wanted : sequence
        The names of columns that the caller needs; they tell a line of names from one of numbers.

    Raises
    ------
    ValueError
        If the file cannot be read as such a table, or two columns have one name. The message does not name the file.
    """
    if suffix in BINARY:
        return _read_binary(path, suffix)
    require_room_for_text(path)
    return _read_separated(path, SEPARATED[suffix], text, wanted)


def _read_binary(path: Path, suffix: str) -> pd.DataFrame:
    import pyarrow as pa

    try:
        frame = _read_parquet(path) if suffix == ".parquet" else _read_feather(path)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"expected a file in the {suffix[1:].title()} format: {_in_one_line(error)}") from error
    # an index that has names, such as that of a grouped frame, holds columns
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index() if named else frame.reset_index(drop=True)


def _read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file one column at a time: Arrow needs several times the memory of what it reads."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        require_room_for_parquet(file)
        schema = file.schema_arrow
        if twice := repeated(schema.names):
            raise ValueError(f"several columns are called {twice[0]!r}; each needs a name of its own.")
        columns = {}
        for name in schema.names:
            columns[name] = file.read(columns=[name]).to_pandas(ignore_metadata=True)[name]
            pa.default_memory_pool().release_unused()
    index = (schema.pandas_metadata or {}).get("index_columns", ())  # a dict describes numbers of rows, not a column
    without_name = [name for name in index if isinstance(name, str) and re.fullmatch(r"__index_level_\d+__", name)]
    return pd.DataFrame(columns, copy=False).drop(columns=without_name)


def _read_feather(path: Path) -> pd.DataFrame:
    require_room_for_feather(path)
    return pd.read_feather(path)


def _read_separated(path: Path, separator: str, text: str | None, wanted: Sequence[Any]) -> pd.DataFrame:
    names = _first_line(path, separator)
    if separator == "," and len(names) == 1 and ";" in names[0]:
        separator = ";"
        names = _first_line(path, separator)
    given = [name for name in names if name]
    if twice := repeated(given):
        raise ValueError(f"several columns are called {twice[0]!r}; each needs a name of its own.")
    if given and all(map(_is_number, given)) and not {*given} & {*wanted}:
        raise ValueError(
            f"the first line holds the numbers {listed(given, 4)}; expected the names of the columns. Add a line of "
            "names. A file of the UCR archive, with the label first and no names, ends in .txt or .tsv."
        )
    # numbers of columns stand for names that are missing
    labels: list[Any] = [name or place for place, name in enumerate(names)]

    def parse(decimal: str) -> pd.DataFrame:
        with _plain_errors(), warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                path,
                sep=separator,
                decimal=decimal,
                header=0,
                names=labels,
                index_col=False,  # with None, a row that is too long would lose its first cell to the index
                skipinitialspace=True,
                low_memory=False,
                keep_default_na=False,
                na_values={label: [""] if label == text else _MISSING for label in labels},
            )

    # where ; separates cells, a comma may be the decimal point
    frames = [parse(decimal) for decimal in ((".", ",") if separator == ";" else (".",))]
    frame = min(frames, key=lambda frame: sum(not is_numeric_dtype(dtype) for dtype in frame.dtypes))
    return _without_index(frame, names)


def _first_line(path: Path, separator: str) -> list[str]:
    """Return the cells of the first line that is not blank, without the spaces around them."""
    with _plain_errors():
        cells = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False)
    return [cell.strip() for cell in cells.iloc[0]]


def _without_index(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Drop a first column without a name that numbers the rows, as `to_csv` writes it."""
    unnamed = [place for place, name in enumerate(names) if not name]
    if unnamed == [0] and np.array_equal(frame.iloc[:, 0].to_numpy(), np.arange(len(frame))):
        return frame.iloc[:, 1:]
    if unnamed:
        raise ValueError(
            f"column {unnamed[0] + 1} of {len(names)} has no name in the first line. Name it, or check for a separator "
            "at the end of the line."
        )
    return frame


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn what pandas raises for a file that it cannot read into a ValueError with a plain message."""
    try:
        yield
    except pd.errors.EmptyDataError as error:
        raise ValueError("the file is empty; expected a line with the names of the columns, and rows.") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"expected UTF-8 text, but byte {error.start} is {error.object[error.start]:#x}. Save the file in this "
            "encoding; spreadsheets call it 'CSV UTF-8'."
        ) from error
    except pd.errors.ParserWarning as error:
        raise ValueError(
            "rows have more cells than the first line, which holds the names of the columns. Check for a separator at "
            "the end of the rows."
        ) from error
    except _DAMAGED as error:
        raise ValueError(f"expected a table in a text file: {_in_one_line(error)}") from error


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
