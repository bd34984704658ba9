"""The features of a table as one array of numbers: a categorical feature holds the numbers of its levels."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from skrnn.datasets.tables import Table, factorize, listed, shown, to_pandas
from skrnn.preprocessing.frames import numbers_of

Categories = Mapping[Any, Sequence[Any]]

_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*%?\s*")
_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?|\s*\d{1,2}:\d{2}(:\d{2}.*)?")


def channels(
    table: Table, names: Sequence[Any], order: np.ndarray | None, known: Categories | None
) -> tuple[np.ndarray, dict[Any, list[Any]]]:
    """Return the features of all rows, and the levels of the categorical ones.

    Parameters
    ----------
    table : Table
    names : sequence
        The names of the features.
    order : ndarray of shape (n_rows,) or None
        The rows in the order of the result; None keeps theirs.
    known : dict of levels by name, or None
        Levels whose numbers are given. The others of a feature come after them.

    Returns
    -------
    values : ndarray of shape (n_rows, n_features), float32 or float64
    categories : dict of lists by name

    Raises
    ------
    ValueError
        If a feature holds neither numbers nor texts, or texts that are numbers or dates, or is categorical and not
        among those that are `known`.
    """
    columns = [table.column(name, "features") for name in names]
    categories: dict[Any, list[Any]] = {}
    values = np.empty((len(table), len(names)), dtype=_common_type(columns))
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        if _is_categorical(column) or name in (known or ()):
            if known is not None and name not in known:
                raise ValueError(
                    f"Feature {name!r} is categorical, but not in `categories`, which has {listed(known) or 'none'}."
                )
            numbers, categories[name] = _level_numbers(column, name, (known or {}).get(name, ()))
        else:
            numbers = _numbers(column, name)
        values[:, place] = numbers if order is None else numbers[order]
    return values, categories


def _common_type(columns: list[Any]) -> type[np.floating]:
    """Return float32 if some feature has this type, and it holds the numbers of the others; otherwise float64."""
    small = (nw.Float32, nw.Boolean, nw.Int8, nw.UInt8, nw.Int16, nw.UInt16)
    is_small = all(column.dtype in small or _is_categorical(column) for column in columns)
    return np.float32 if is_small and any(column.dtype == nw.Float32 for column in columns) else np.float64


def _is_categorical(column: Any) -> bool:
    if column.dtype in (nw.String, nw.Categorical, nw.Enum):
        return True
    return column.dtype == nw.Object and any(isinstance(value, str) for value in column.to_list())


def _numbers(column: Any, name: Any) -> np.ndarray:
    if column.dtype.is_temporal():
        raise ValueError(
            f"Feature {name!r} holds dates or times ({column.dtype}); expected numbers or texts. Pass it as `time`, "
            "leave it out with `features`, or turn it into a number, such as the hour of the day."
        )
    return numbers_of(column, f"Feature {name!r}")


def _level_numbers(column: Any, name: Any, known: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
    """Return the number of the level of each row, NaN where missing, and the levels."""
    codes, found = factorize(column, f"Feature {name!r}")
    series = to_pandas(column)
    if series.dtype == "category":
        levels = [*known, *(level for level in series.cat.categories if level not in known)]
    else:
        if column.dtype not in (nw.Categorical, nw.Enum):
            _refuse_other_texts(codes, found, name)
        levels = [*known, *sorted(level for level in found.tolist() if level not in known)]
    number_of = {level: float(number) for number, level in enumerate(levels)}
    # a missing value has the code -1, and so the last number
    return np.array([*(number_of[level] for level in found.tolist()), np.nan])[codes], levels


def _refuse_other_texts(codes: np.ndarray, found: np.ndarray, name: Any) -> None:
    """Raise a ValueError for a column with texts that are numbers or dates, or with objects other than texts."""
    is_text = [isinstance(value, str) for value in found]
    is_number = [text and bool(_NUMBER.fullmatch(value)) for text, value in zip(is_text, found, strict=True)]
    is_date = [text and bool(_DATE.fullmatch(value)) for text, value in zip(is_text, found, strict=True)]
    if any(is_date):
        code, what = is_date.index(True), "dates or times"
    elif not all(is_text):
        code, what = is_text.index(False), "texts and other values"
    elif any(is_number):
        # what is no number is the reason why the column holds texts
        code, what = is_number.index(False) if not all(is_number) else 0, "numbers as texts"
    else:
        return
    row = int((codes == code).argmax())
    raise ValueError(
        f"Feature {name!r} holds {what}: row {row} (the first is row 0) is {shown(found[code])}. Texts are read as "
        "categories, and numbers as numbers: convert the column, or leave it out with `features`. In a file, leave a "
        "cell empty where a number is missing, and write decimals with a point."
    )
