"""Padding: one array for sequences of unequal length, and the rule that tells steps from padding.

Padding is marked inside an array. Sequences of numbers are padded with NaN: a step of NaN alone is padding, if it is at
either edge of a sequence. Token ids are padded with 0 if the network masks 0, and otherwise with -1.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from skrnn._memory import shortage
from skrnn.preprocessing.cells import sequence_name
from skrnn.preprocessing.lazy_rows import LazyRows, parts_of

Side = Literal["pre", "post"]
_CHANNELS_FIRST = (
    " If each row of a sequence is a channel, as in aeon, sktime and tsai, pass "
    "skrnn.preprocessing.from_channels_first(X)."
)
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
    steps = np.concatenate(filled) if filled else np.empty((0, *step_shape))
    return _padded(steps, lengths, n_steps, padding, value, dtype)


def _padded(
    steps: np.ndarray, lengths: np.ndarray, n_steps: int, padding: Side, value: float, dtype: Any
) -> np.ndarray:
    """Return one array of sequences, given the steps of all, one below the other, and the length of each."""
    if (lengths == n_steps).all():
        return steps.astype(dtype).reshape(len(lengths), n_steps, *steps.shape[1:])
    _require_memory(lengths, n_steps, int(np.prod(steps.shape[1:], dtype=object)) * np.dtype(dtype).itemsize)
    padded = np.full((len(lengths), n_steps, *steps.shape[1:]), value, dtype=dtype)
    places, missing = np.arange(n_steps), (n_steps - lengths)[:, np.newaxis]
    padded[places >= missing if padding == "pre" else places < lengths[:, np.newaxis]] = steps
    return padded


def _require_memory(lengths: np.ndarray, n_steps: int, bytes_per_step: int) -> None:
    """Raise a ValueError if there is no memory for padded sequences and the mask that tells steps from padding."""
    lack = shortage(len(lengths) * n_steps * (bytes_per_step + 1))
    if not lack:
        return
    if n_steps > lengths.max(initial=0):
        raise ValueError(
            f"Padding {len(lengths)} sequences to max_length={n_steps} steps {lack}. The longest has "
            f"{lengths.max(initial=0)} steps: set a smaller max_length."
        )
    row = int(lengths.argmax())
    others = int(np.delete(lengths, row).max(initial=0))
    raise ValueError(
        f"{sequence_name(row, starts=True)} has {n_steps} steps, the others at most {others}; padding all "
        f"{len(lengths)} sequences to {n_steps} steps {lack}. Truncate it with SequencePadder(max_length=...), or cut "
        "all of them into windows with skrnn.preprocessing.sliding_windows."
    )


@dataclass(frozen=True)
class Steps:
    """The steps of many sequences, one below the other.

    Attributes
    ----------
    values : ndarray of shape (n_steps_of_all, n_features)
    lengths : ndarray of shape (n_sequences,)
        How many rows of `values` belong to each sequence.
    first : int
        The number of the first sequence, for messages.
    """

    values: np.ndarray
    lengths: np.ndarray
    first: int = 0

    @property
    def owners(self) -> np.ndarray:
        """The sequence that each row of `values` belongs to, of shape (n_steps_of_all,)."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @property
    def starts(self) -> np.ndarray:
        """The row of `values` where each sequence starts, of shape (n_sequences,)."""
        return np.cumsum(self.lengths) - self.lengths

    def split(self, values: np.ndarray) -> list[np.ndarray]:
        """Cut an array with one row per step into one array per sequence."""
        return np.split(values, np.cumsum(self.lengths)[:-1])

    def where(self, index: int) -> str:
        """Name the sequence and the step of a row of `values`, for messages."""
        row = int(np.searchsorted(np.cumsum(self.lengths), index, side="right"))
        return sequence_name(self.first + row, index - int(self.lengths[:row].sum()))

    def real(self) -> np.ndarray:
        """Return which rows are steps, not padding: a mask of shape (n_steps_of_all,), bool."""
        if self.values.dtype.kind != "f":
            return np.ones(len(self.values), dtype=bool)
        holds_number = ~np.isnan(self.values[:, 0])
        holds_number[~holds_number] = ~np.isnan(self.values[~holds_number]).all(axis=1)
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

    def without_padding(self, *, allow_empty: bool = True, allow_nan: bool = False) -> "Steps":
        """Return the steps alone.

        Parameters
        ----------
        allow_empty : bool, default=True
            Whether a sequence may have no steps.
        allow_nan : bool, default=False
            Whether values may be missing inside a sequence.

        Raises
        ------
        ValueError
            If a step holds NaN or an infinite value, or a sequence has no steps.
        """
        real = self.real()
        steps = self
        if not real.all():
            steps = Steps(self.values[real], np.bincount(self.owners[real], minlength=len(self.lengths)))
        if not is_finite(steps.values):
            wrong = np.isinf(self.values) if allow_nan else ~np.isfinite(self.values)
            self._refuse(real & wrong.any(axis=1), allow_nan)
        if not (allow_empty or steps.lengths.all()):
            row = int(steps.lengths.argmin())
            why = ": all of its values are NaN, which is read as padding" if self.lengths[row] else ""
            name = sequence_name(self.first + row, starts=True)
            raise ValueError(f"{name} has no steps{why}; a minimum of 1 is required.")
        return steps

    def _refuse(self, wrong: np.ndarray, allow_nan: bool) -> None:
        if not wrong.any():
            return
        index = int(wrong.argmax())
        if not allow_nan and np.isnan(self.values[index]).any():
            raise ValueError(
                f"Input X contains NaN: {self.where(index)}. Only whole steps of NaN at either edge of a sequence are "
                "read as padding; SequenceImputer fills in other missing values." + self._hint_of_channels(index)
            )
        raise ValueError(
            f"Input X contains infinity or a value too large for {self.values.dtype!r}: {self.where(index)}."
        )

    def _hint_of_channels(self, index: int) -> str:
        """Say so if NaN pads the features of a sequence, as it pads the steps if channels come first."""
        row = int(self.owners[index])
        start = int(self.lengths[:row].sum())
        missing = np.isnan(self.values[start : start + int(self.lengths[row])])
        is_known = ~missing[0]
        ends_alike = len(missing) > 1 and (missing == missing[0]).all() and is_known.any()
        is_padded = np.diff(np.flatnonzero(is_known)).max(initial=1) == 1 and is_known.sum() > 1
        return _CHANNELS_FIRST if ends_alike and is_padded else ""

    def to_sequences(self, value: float, dtype: Any) -> "Sequences":
        """Return the steps without padding, padded anew at the end with `value`.

        Raises
        ------
        ValueError
            If a step holds NaN or an infinite value, or a sequence has no steps.
        """
        steps = self.without_padding(allow_empty=False)
        longest = int(steps.lengths.max())
        values = _padded(steps.values, steps.lengths, longest, "post", value, dtype)
        return Sequences(values, masked=bool((steps.lengths < longest).any()))


def stack_steps(sequences: list[np.ndarray] | np.ndarray, *, n_features: int = 1) -> Steps:
    """Stack the steps of all sequences, padding included; univariate sequences get one column.

    Parameters
    ----------
    sequences : list of ndarray of shape (n_steps,) or (n_steps, n_features), or an array of them
        The sequences, as in `Reading.values`.
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
    if isinstance(sequences, np.ndarray) and sequences.size:
        n, n_steps, *features = sequences.shape
        return Steps(sequences.reshape(n * n_steps, *features or [1]), np.full(n, n_steps, dtype=np.intp))
    columns = [array if array.ndim == 2 else array[:, np.newaxis] for array in sequences]
    known = [row for row, array in enumerate(sequences) if len(array) or array.ndim == 2]
    n_features = columns[known[0]].shape[1] if known else n_features
    if n_features == 0:
        raise ValueError(f"Found array with 0 feature(s) ({sequence_name(known[0])}) while a minimum of 1 is required.")
    for row in known:
        if columns[row].shape[1] != n_features:
            raise ValueError(
                f"{sequence_name(row, starts=True)} has {columns[row].shape[1]} features per step, but "
                f"{sequence_name(known[0])} has {n_features}.{_hint_of_channels(columns)}"
            )
    filled = [array for array in columns if len(array)]
    values = np.concatenate(filled) if filled else np.empty((0, n_features))
    return Steps(values, np.array([len(array) for array in columns], dtype=np.intp))


def _hint_of_channels(sequences: list[np.ndarray]) -> str:
    """Say so if sequences with unequal numbers of features are all equally long, and have more features than steps."""
    n_rows = {len(array) for array in sequences}
    return _CHANNELS_FIRST if len(n_rows) == 1 and all(len(array) < array.shape[1] for array in sequences) else ""


@dataclass(frozen=True)
class Sequences:
    """Sequences as the network reads them.

    Attributes
    ----------
    values : ndarray or LazyRows of shape (n, T, D), float32 or uint8, or (n, T), int32
        Numbers or token ids; shorter sequences are padded at the end. Bytes stay bytes: the network divides them by
        `InputForm.byte_scale`.
    masked : bool
        Whether any step is padding, so that the network needs a mask.
    """

    values: Any
    masked: bool

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.values)

    def lengths(self, mask_zero: bool) -> np.ndarray | None:
        """Return the number of steps of each sequence, padding at either end left out; None where all are equal."""
        values = self.values
        if values.dtype == np.uint8 or not (self.masked or (values.ndim == 2 and mask_zero)):
            return None
        lengths = np.concatenate([_lengths(part, mask_zero) for _, part in parts_of(values)])
        return None if (lengths == lengths[0]).all() else lengths

    def take(self, rows: np.ndarray) -> "Sequences":
        """Select rows by their numbers."""
        values = self.values
        return Sequences(values.take(rows) if isinstance(values, LazyRows) else values[rows], self.masked)


def _lengths(values: np.ndarray, mask_zero: bool) -> np.ndarray:
    used = values >= int(mask_zero) if values.ndim == 2 else ~np.isnan(values[:, :, 0])
    return used.shape[1] - used.argmax(axis=1) - used[:, ::-1].argmax(axis=1)


def id_of_padding(mask_zero: bool) -> int:
    """Return the id that marks padding: 0 if the network masks 0, otherwise -1, which is no token."""
    return 0 if mask_zero else -1


def is_finite(numbers: np.ndarray) -> bool:
    """Return whether an array holds neither NaN nor infinity."""
    if numbers.dtype.kind != "f":
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(numbers.sum()) or np.isfinite(numbers).all())
