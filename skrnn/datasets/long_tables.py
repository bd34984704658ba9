"""Long tables, which have one row per step: `sequences_from_frame`."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skrnn.datasets.channels import Categories, channels
from skrnn.datasets.description import summary
from skrnn.datasets.row_order import RowOrder, order_rows
from skrnn.datasets.tables import Table, listed, open_table, repeated
from skrnn.preprocessing.padding import Steps
from skrnn.preprocessing.reading import to_object_array


def sequences_from_frame(
    frame: Any,
    *,
    id: Hashable,
    time: Hashable | None = None,
    target: Hashable | None = None,
    features: Sequence[Hashable] | None = None,
    groups: Hashable | None = None,
    categories: Categories | None = None,
) -> Bunch:
    """Turn a data frame with one row per step into sequences.

    Parameters
    ----------
    frame : data frame of pandas, polars or pyarrow
        A long table: each row is a step of one sequence. Its rows may come in any order.
    id : hashable
        The column that says which sequence a row belongs to.
    time : hashable, default=None
        The column to sort the steps of each sequence by: numbers, dates, durations, or texts such as
        ``2026-11-25 10:30:00``. A sequence must not have two rows of the same time. None keeps the order of the rows.
    target : hashable, default=None
        The column of the labels, which must be the same in all rows of a sequence.
    features : sequence of hashable, default=None
        The columns of the features. None takes all but those that are named by the other parameters.
    groups : hashable, default=None
        The column of what sequences have in common, such as the person, so that cross-validation can keep them
        together. It must be the same in all rows of a sequence.
    categories : dict of sequences, default=None
        For each categorical feature its levels, numbered in this order. Pass the `categories` of the training data
        when reading test data, so that the numbers agree; other levels come after them.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_sequences, n_steps, n_features), or (n_sequences,) of objects, float32 or float64
            The sequences, in order of first appearance. If their lengths differ, each is an array of shape (n_steps_i,
            n_features), a view of one array that holds the steps of all. Missing values are NaN. A categorical
            feature holds the number of the level; booleans are 0 and 1.
        y : ndarray of shape (n_sequences,) or None
            The labels.
        groups : ndarray of shape (n_sequences,) or None
            The groups.
        ids : ndarray of shape (n_sequences,)
            The id of each sequence.
        feature_names : list
            The names of the features.
        categories : dict of lists
            The levels of each categorical feature: columns of texts, and columns of a categorical type.
        description : str
            How the frame was read.

    Raises
    ------
    TypeError
        If `frame` is not a data frame.
    ValueError
        If there is no such column; if an id, a time, a label or a group is missing; if a label or a group changes
        within a sequence; if a sequence has two rows of the same time; or if a feature holds dates, or texts that are
        numbers.

    See Also
    --------
    load_file : Reads files of many kinds, long tables among them.

    Notes
    -----
    X is float32 if some feature is, and the others are of types that float32 holds exactly; otherwise it is float64.
    The numbers of categories have no order. In a pipeline, encode them step by step, with a
    :class:`~sklearn.preprocessing.OneHotEncoder` in a :class:`~skrnn.preprocessing.TimeDistributed`
    :class:`~sklearn.compose.ColumnTransformer`.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.datasets import sequences_from_frame
    >>> frame = pd.DataFrame({
    ...     "trial": [7, 7, 3, 3, 3],
    ...     "second": [1, 0, 0, 1, 2],
    ...     "speed": [0.5, 0.25, 1.0, 2.0, 4.0],
    ...     "surface": ["grass", "sand", "sand", None, "sand"],
    ...     "gait": ["walk", "walk", "run", "run", "run"],
    ... })
    >>> data = sequences_from_frame(frame, id="trial", time="second", target="gait")
    >>> data.X[0]
    array([[0.25, 1.  ],
           [0.5 , 0.  ]])
    >>> data.y
    array(['walk', 'run'], dtype=object)
    >>> data.ids
    array([7, 3])
    >>> data.feature_names, data.categories
    (['speed', 'surface'], {'surface': ['grass', 'sand']})
    >>> print(data.description)
    A long table; 2 sequences of 2 to 3 steps (by 'trial', sorted by 'second'), 2 features,
    2 classes ('gait'). 10.0 % of the values are missing.
    """
    if id is None:
        raise ValueError(
            "`id` is None; expected the column that says which sequence a row belongs to. One recording is cut by "
            "skrnn.preprocessing.sliding_windows."
        )
    return read_long_table(
        open_table(frame),
        "A long table",
        id=id,
        time=time,
        target=target,
        features=features,
        groups=groups,
        categories=categories,
    )


def read_long_table(
    table: Table,
    how: str,
    *,
    id: Hashable,
    time: Hashable | None,
    target: Hashable | None,
    features: Sequence[Hashable] | None,
    groups: Hashable | None,
    categories: Categories | None,
    group_option: str = "groups",
    notes: Iterable[str] = (),
) -> Bunch:
    """Do what `sequences_from_frame` does; `how` and `notes` go into the description, `group_option` into errors."""
    names = feature_names(table, features, **{"id": id, "time": time, group_option: groups, "target": target})
    rows = order_rows(table, id, time)
    y = None if target is None else rows.one_per_sequence(table, target, "target", id)
    group_of = None if groups is None else rows.one_per_sequence(table, groups, group_option, id)
    values, levels = channels(table, names, rows.order, categories)
    data = Bunch(
        X=as_sequences(values, rows),
        y=y,
        groups=group_of,
        ids=rows.ids,
        feature_names=names,
        categories=levels,
    )
    data.description = summary(
        data,
        how,
        steps=Steps(values, rows.lengths),
        by=order_in_words(id, time),
        target=target,
        group=groups,
        notes=notes,
    )
    return data


def as_sequences(values: np.ndarray, rows: RowOrder) -> np.ndarray:
    """Return the steps of all sequences, in order, as one array or, if their lengths differ, as views of it."""
    if (rows.lengths == rows.lengths[0]).all():
        return values.reshape(len(rows.lengths), rows.lengths[0], values.shape[1])
    return to_object_array(rows.split(values))


def feature_names(table: Table, features: Sequence[Hashable] | None, **others: Hashable | None) -> list[Hashable]:
    """Return the names of the features: by default those of all columns that are nothing else.

    Parameters
    ----------
    table : Table
    features : sequence of hashable or None
    **others : hashable or None
        The columns that are something else, by the name of the option. Only the time may be a feature, too.

    Raises
    ------
    ValueError
        If there are none, one is there twice, or one is something else.
    """
    taken: dict[Hashable, str] = {}
    for option, name in others.items():
        if name in taken and option in ("time", "target"):
            raise ValueError(f"`{option}={name!r}` is also `{taken[name]}`; expected another column.")
        if name is not None:
            taken.setdefault(name, option)
    if features is None:
        names = [name for name in table.names if name not in taken]
        if not names:
            raise ValueError(f"There are no features: the only columns are {listed(table.names)}.")
        return names
    if isinstance(features, str):
        raise ValueError(f"`features={features!r}` is a text; expected a list of names, such as [{features!r}].")
    names = list(features)
    if not names:
        raise ValueError("`features` is empty; expected the names of columns, or None for all that are nothing else.")
    if twice := repeated(names):
        raise ValueError(f"`features` holds {twice[0]!r} several times.")
    for name in names:
        if taken.get(name, "time") != "time":
            why = ": it would give the answer away" if taken[name] == "target" else ""
            raise ValueError(f"`features` holds {name!r}, which is also `{taken[name]}`{why}.")
    return names


def order_in_words(id: Hashable | None, time: Hashable | None) -> str:
    """Say how the rows were sorted."""
    parts = [f"by {id!r}"] if id is not None else []
    return ", ".join([*parts, f"sorted by {time!r}"] if time is not None else [*parts, "in the order of rows"])
