"""Padding: one array for sequences of unequal length, and the rule that tells steps from padding.

Padding is marked inside an array. Sequences of numbers are padded with NaN: a step of NaN alone is padding, if it is at
either edge of a sequence. Token ids are padded with 0 if the network masks 0, and otherwise with -1.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from skrnn.preprocessing.cells import sequence_name

Side = Literal["pre", "post"]
NO_STEP = "X holds no steps: all of its sequences are empty or padding."


def pad_sequences(
    sequences: list,
    *,
    max_length: int | None = None,
    padding: Side = "post",
    truncating: Side = "post",
    value: float,
    dtype: Any,
) -> np.ndarray:
    """Put sequences of unequal length into one array.

    The sequences must have the same number of features; this is not checked.

    Parameters
    ----------
    sequences : list of array-like of shape (n_steps,) or (n_steps, n_features)
        The sequences; any of them may be empty.
    max_length : int, default=None
        The number of steps of the result; None uses the longest sequence.
    padding : {"pre", "post"}, default="post"
        Whether a shorter sequence is padded before its first step or after its last one.
    truncating : {"pre", "post"}, default="post"
        Whether a longer sequence loses its first steps or its last ones.
    value : float
        The value of padded steps.
    dtype : dtype
        The type of the result.

    Returns
    -------
    padded : ndarray of shape (n_sequences, max_length) or (n_sequences, max_length, n_features)

    Examples
    --------
    >>> from skrnn.preprocessing.padding import pad_sequences
    >>> pad_sequences([[7], [4, 5, 6]], max_length=2, padding="pre", truncating="pre", value=0, dtype="int32")
    array([[0, 7],
           [5, 6]], dtype=int32)
    """
    arrays = [np.asarray(sequence) for sequence in sequences]
    lengths = np.array([len(array) for array in arrays], dtype=np.intp)
    longest = int(lengths.max(initial=0))
    n_steps = longest if max_length is None else max_length
    if longest > n_steps:
        arrays = [array[:n_steps] if truncating == "post" else array[-n_steps:] for array in arrays]
        lengths = np.minimum(lengths, n_steps)

    filled = [array for array in arrays if len(array)]
    step_shape = (filled or arrays)[0].shape[1:] if arrays else ()
    padded = np.full((len(arrays), n_steps, *step_shape), value, dtype=dtype)
    if filled:
        steps = np.arange(n_steps)
        missing = (n_steps - lengths)[:, np.newaxis]
        padded[steps >= missing if padding == "pre" else steps < lengths[:, np.newaxis]] = np.concatenate(filled)
    return padded


@dataclass(frozen=True)
class Steps:
    """The steps of many sequences, one below the other.

    Attributes
    ----------
    values : ndarray of shape (n_steps_of_all, n_features)
    lengths : ndarray of shape (n_sequences,)
        How many rows of `values` belong to each sequence.
    """

    values: np.ndarray
    lengths: np.ndarray

    @property
    def owners(self) -> np.ndarray:
        """The sequence that each row of `values` belongs to, of shape (n_steps_of_all,)."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def split(self, values: np.ndarray) -> list[np.ndarray]:
        """Cut an array with one row per step into one array per sequence."""
        return np.split(values, np.cumsum(self.lengths)[:-1])

    def where(self, index: int) -> str:
        """Name the sequence and the step of a row of `values`, for messages."""
        row = int(np.searchsorted(np.cumsum(self.lengths), index, side="right"))
        return sequence_name(row, index - int(self.lengths[:row].sum()))

    def real(self) -> np.ndarray:
        """Return which rows are steps, not padding: a mask of shape (n_steps_of_all,), bool."""
        if self.values.dtype.kind != "f":
            return np.ones(len(self.values), dtype=bool)
        holds_number = ~np.isnan(self.values).all(axis=1)
        if holds_number.all():
            return holds_number
        # Assignments to a repeated index keep the last value: the last step forwards, the first step backwards.
        owners, numbers = self.owners, np.flatnonzero(holds_number)
        first = np.full(len(self.lengths), len(self.values))
        last = np.full(len(self.lengths), -1)
        first[owners[numbers[::-1]]] = numbers[::-1]
        last[owners[numbers]] = numbers
        index = np.arange(len(self.values))
        return (first[owners] <= index) & (index <= last[owners])


def stack_steps(sequences: list[np.ndarray], *, n_features: int = 1) -> Steps:
    """Stack the steps of all sequences, padding included; univariate sequences get one column.

    Parameters
    ----------
    sequences : list of ndarray of shape (n_steps,) or (n_steps, n_features)
        The sequences, as `Reading.rows` returns them.
    n_features : int, default=1
        The number of features if all sequences are empty lists.

    Returns
    -------
    steps : Steps

    Raises
    ------
    ValueError
        If sequences differ in their number of features, or have none.
    """
    columns = [array if array.ndim == 2 else array[:, np.newaxis] for array in sequences]
    known = [row for row, array in enumerate(sequences) if len(array) or array.ndim == 2]
    n_features = columns[known[0]].shape[1] if known else n_features
    if n_features == 0:
        raise ValueError(f"Found array with 0 feature(s) ({sequence_name(known[0])}) while a minimum of 1 is required.")
    for row in known:
        if columns[row].shape[1] != n_features:
            raise ValueError(
                f"{sequence_name(row, starts=True)} has {columns[row].shape[1]} features per step, but "
                f"{sequence_name(known[0])} has {n_features}."
            )
    filled = [array for array in columns if len(array)]
    values = np.concatenate(filled) if filled else np.empty((0, n_features))
    return Steps(values, np.array([len(array) for array in columns], dtype=np.intp))


@dataclass(frozen=True)
class Sequences:
    """Sequences as the network reads them.

    Attributes
    ----------
    values : ndarray of shape (n, T, D), float32 or uint8, or (n, T), int32
        Numbers or token ids; shorter sequences are padded at the end. Bytes stay bytes: the network divides them by
        `InputForm.byte_scale`.
    masked : bool
        Whether any step is padding, so that the network needs a mask.
    """

    values: np.ndarray
    masked: bool

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.values)

    def lengths(self, mask_zero: bool) -> np.ndarray | None:
        """Return the number of steps of each sequence, padding at either end left out; None where all are equal."""
        values = self.values
        if values.dtype == np.uint8 or not (self.masked or (values.ndim == 2 and mask_zero)):
            return None
        used = values >= int(mask_zero) if values.ndim == 2 else ~np.isnan(values[:, :, 0])
        lengths = used.shape[1] - used.argmax(axis=1) - used[:, ::-1].argmax(axis=1)
        return None if (lengths == lengths[0]).all() else lengths

    def take(self, rows: np.ndarray) -> "Sequences":
        """Select `rows`, by number or by a boolean mask."""
        return Sequences(self.values[rows], self.masked)


def id_of_padding(mask_zero: bool) -> int:
    """Return the id that marks padding: 0 if the network masks 0, otherwise -1, which is no token."""
    return 0 if mask_zero else -1


def align(values: np.ndarray) -> Sequences:
    """Read all-NaN steps at either edge of a sequence as padding, and move every sequence to the start of its row.

    Parameters
    ----------
    values : ndarray of shape (n, T, D), float32

    Returns
    -------
    sequences : Sequences

    Raises
    ------
    ValueError
        If a sequence has no step, or NaN between its steps.
    """
    if not np.isnan(values.min()):
        return Sequences(values, masked=False)
    is_nan = np.isnan(values)
    used = ~is_nan.all(axis=2)
    n_timesteps = values.shape[1]
    first = used.argmax(axis=1)
    end = n_timesteps - used[:, ::-1].argmax(axis=1)
    steps = np.arange(n_timesteps)
    inside = (steps >= first[:, None]) & (steps < end[:, None])
    if not used.any(axis=1).all():
        row = int(np.argmin(used.any(axis=1)))
        raise ValueError(
            f"{sequence_name(row, starts=True)} has no steps: all of its values are NaN, which is read as padding."
        )
    holes = is_nan.any(axis=2) & inside
    if holes.any():
        row, step = np.argwhere(holes)[0]
        raise ValueError(
            f"Input X contains NaN: {sequence_name(row, step)}. Only whole steps of NaN at either edge of a sequence "
            "are read as padding."
        )
    lengths = end - first
    longest = int(lengths.max())
    from_step = np.minimum(first[:, None] + steps[:longest], n_timesteps - 1)
    aligned = np.take_along_axis(values, from_step[:, :, None], axis=1)
    aligned[steps[:longest] >= lengths[:, None]] = np.nan
    return Sequences(aligned, masked=bool((lengths < longest).any()))


def without_missing_edges(ids: np.ndarray, where: str) -> np.ndarray:
    """Return the token ids of a sequence without missing values at either edge, which are padding.

    Parameters
    ----------
    ids : ndarray of shape (T,), floating
        Missing values are NaN.
    where : str
        The name of the sequence in messages.

    Raises
    ------
    ValueError
        If all ids are missing, or some between others.
    """
    known = np.flatnonzero(~np.isnan(ids))
    if not len(known):
        raise ValueError(f"There is no token id in {where}: all of its values are missing.")
    ids = ids[known[0] : known[-1] + 1]
    if len(known) < len(ids):
        step = int(np.isnan(ids).argmax() + known[0])
        raise ValueError(
            f"Input X contains NaN: {where} at step {step}. Only missing values at either edge of a sequence are read "
            "as padding."
        )
    return ids
