"""Tables with one row per sample: wide tables, whose columns are steps, and tables of texts."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skrnn.datasets.description import summary
from skrnn.datasets.long_tables import feature_names
from skrnn.datasets.tables import Table, listed, shown, to_pandas
from skrnn.preprocessing.cells import short
from skrnn.preprocessing.frames import numbers_of
from skrnn.preprocessing.reading import to_object_array
from skrnn.preprocessing.tabular import TabularToSequence, compile_pattern

# Columns with such names are no steps: the table is a long one.
_NO_STEPS = ("id", "time", "timestamp", "date", "datetime")


def read_wide_table(
    table: Table,
    how: str,
    *,
    target: Hashable | None,
    group: Hashable | None,
    features: Sequence[Hashable] | None,
    name_pattern: str,
    notes: Iterable[str] = (),
) -> Bunch:
    """Read each row as a sequence.

    The columns are the steps of one feature, in their order, unless the name of one matches `name_pattern`: then they
    are the steps of several features. `how` and `notes` go into the description.

    Raises
    ------
    ValueError
        If there are no such columns, or one of them holds no numbers.
    """
    names = feature_names(table, features, group=group, target=target)
    doubtful = [name for name in names if str(name).lower() in _NO_STEPS]
    if doubtful and features is None:
        raise ValueError(
            f"column {doubtful[0]!r} is no step of a wide table. If each row is a step, pass `id`, the column that "
            "says which sequence a row belongs to, and `time`; otherwise pass `features`, the columns that are steps."
        )
    columns = [_numbers(table, name) for name in names]
    is_single = all(column.dtype == np.float32 for column in columns)
    values = np.stack(columns, axis=1).astype(np.float32 if is_single else np.float64, copy=False)
    pattern = compile_pattern(name_pattern)
    is_named = any(pattern.fullmatch(str(name)) for name in names)
    shaper = TabularToSequence(None if is_named else len(names), name_pattern=name_pattern)
    try:
        X = shaper.fit_transform(pd.DataFrame(values, columns=list(names)))
    except ValueError as error:
        raise ValueError(f"{error} Pass `features`, the columns that are steps, or another `name_pattern`.") from error
    matches = [pattern.fullmatch(str(names[column])) for column in shaper.columns_[0]]
    data = Bunch(
        X=X,
        y=None if target is None else table.values(target, "target"),
        groups=None if group is None else table.values(group, "group"),
        feature_names=[match["feature"] for match in matches if match] if "{feature}" in name_pattern else [],
        categories={},
        columns=list(names),
    )
    data.feature_names = data.feature_names or None
    by = f"by {name_pattern!r}" if is_named else "a column per step"
    data.description = summary(data, f"{how}: a wide table", by=by, target=target, group=group, notes=notes)
    return data


def _numbers(table: Table, name: Hashable) -> np.ndarray:
    column = table.column(name, "features")
    try:
        return numbers_of(column, f"column {name!r}")
    except (TypeError, ValueError):
        values = to_pandas(column)
        wrong = pd.to_numeric(values, errors="coerce").isna() & values.notna() if values.dtype != "category" else values
        row = int(wrong.to_numpy().argmax()) if wrong.dtype == bool else 0
        raise ValueError(
            f"column {name!r} holds {shown(values.iloc[row])} in row {row} (the first is row 0); expected numbers. "
            "Leave a cell empty where a number is missing, or pass `features`, the columns that are steps."
        ) from None


def read_texts(
    table: Table,
    how: str,
    *,
    text: Hashable,
    target: Hashable | None,
    group: Hashable | None,
    notes: Iterable[str] = (),
) -> Bunch:
    """Read each row as a text; `how` and `notes` go into the description.

    Raises
    ------
    ValueError
        If there are no such columns, or a cell is no text.
    """
    taken = {name: option for option, name in (("target", target), ("group", group)) if name is not None}
    if text in taken:
        raise ValueError(f"`text={text!r}` is also `{taken[text]}`; expected another column.")
    texts = table.values(text, "text").tolist()
    for row, value in enumerate(texts):
        if not isinstance(value, str):
            raise ValueError(
                f"`text={text!r}`: expected texts, but row {row} (the first is row 0) holds {short(value)}, of type "
                f"{type(value).__name__}."
            )
    data = Bunch(
        X=to_object_array(texts),
        y=None if target is None else table.values(target, "target"),
        groups=None if group is None else table.values(group, "group"),
        feature_names=None,
        categories={},
        kind="texts",
    )
    others = [name for name in table.names if name != text and name not in taken]
    ignored = [f"Other columns were ignored: {listed(others)}."] if others else []
    data.description = summary(
        data, f"{how}: a table of texts", by=repr(text), target=target, group=group, notes=[*ignored, *notes]
    )
    return data
