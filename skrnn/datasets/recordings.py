"""Recordings with a label per step, cut into windows."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skrnn.datasets.channels import Categories, channels
from skrnn.datasets.description import count, summary
from skrnn.datasets.long_tables import feature_names, order_in_words
from skrnn.datasets.row_order import order_rows
from skrnn.datasets.tables import Table
from skrnn.preprocessing.windows import sliding_windows


def read_windows(
    table: Table,
    how: str,
    *,
    length: int,
    step: int,
    label: str | Callable[[np.ndarray], Any],
    id: Hashable | None,
    time: Hashable | None,
    target: Hashable | None,
    group: Hashable | None,
    features: Sequence[Hashable] | None,
    categories: Categories | None,
    notes: Iterable[str] = (),
) -> Bunch:
    """Cut the recordings of a table with one row per step into windows; `how` and `notes` go into the description.

    Raises
    ------
    ValueError
        If there are no such columns, no recording is as long as a window, or the rows cannot be put in order.
    """
    recording = group if id is None else id
    names = feature_names(table, features, id=id, time=time, group=group, target=target)
    rows = order_rows(table, recording, time)
    group_of = rows.ids if group is None else rows.one_per_sequence(table, group, "group", recording)
    values, levels = channels(table, names, rows.order, categories)
    labels = None if target is None else rows.split(rows.sort(table.values(target, "target")))
    windows = sliding_windows(rows.split(values), labels, length=length, step=step, label=label)
    numbers = np.asarray(windows.groups)
    data = Bunch(
        X=windows.windows,
        y=windows.labels,
        groups=group_of[numbers],
        ids=rows.ids[numbers],
        feature_names=names,
        categories=levels,
        window=(length, step),
        starts=windows.starts,
        n_left_over=windows.n_left_over,
        gap=windows.gap,
    )
    recordings = count(len(rows.ids), "recording")
    by = f"windows of {recordings}, one every {count(step, 'step')}, {order_in_words(recording, time)}"
    left = f"Left over, in no window: {count(windows.n_left_over, 'step')}."
    data.description = summary(
        data,
        f"{how}: a table with one row per step",
        by=by,
        target=target,
        group=group,
        notes=[*([left] if windows.n_left_over else []), *notes],
    )
    return data
