"""Rows of an array that stay where they are, in a file or in the caller's memory, and are read when they are needed."""

import mmap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from skrnn._memory import available_memory

SHARE_OF_FREE_MEMORY = 0.25  # an array that would take more is not copied
_ALWAYS_COPIED = 2**26  # bytes; not worth asking how much memory is free
_BYTES_OF_A_PART = 2**25


class LazyRows:
    """Rows of an array, converted whenever they are read, as an array that cannot be changed.

    Parameters
    ----------
    source : ndarray of shape (n_all, ...)
        Where the rows are.
    read : callable
        ``read(part)`` converts rows of `source` to an array of shape ``(n, T_part, ...)``; shorter parts are padded.
    shape : tuple of int
        The shape of all rows of `source` after the conversion: ``(n_all, T, ...)``.
    dtype : dtype
        Their type.
    padding : float
        The value of steps after those of `read`.
    rows : ndarray of int, default=None
        Which rows of `source` these are; None means all.
    """

    def __init__(
        self,
        source: np.ndarray,
        read: Callable[[np.ndarray], np.ndarray],
        shape: tuple[int, ...],
        dtype: np.dtype,
        padding: float,
        rows: np.ndarray | None = None,
    ):
        self._source = np.asarray(source)
        self._read, self._padding, self._rows = read, padding, rows
        self.shape = (len(source) if rows is None else len(rows), *shape[1:])
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """Read rows, by a slice or by their numbers."""
        part = self._read(self._source[rows if self._rows is None else self._rows[rows]])
        if part.shape[1] == self.shape[1]:
            return part
        padded = np.full((len(part), *self.shape[1:]), self._padding, dtype=self.dtype)
        padded[:, : part.shape[1]] = part
        return padded

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all rows."""
        return np.asarray(self[:], dtype)

    def take(self, rows: np.ndarray) -> "LazyRows":
        """Select rows by their numbers, without reading them."""
        chosen = rows if self._rows is None else self._rows[rows]
        return LazyRows(self._source, self._read, self.shape, self.dtype, self._padding, chosen)


def is_mapped(array: np.ndarray) -> bool:
    """Return whether the values of an array are in a memory-mapped file."""
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    return base is not None


def stays_in_place(array: Any) -> bool:
    """Return whether an array must not be copied: it is a memory map, or too large for the free memory."""
    if not isinstance(array, np.ndarray) or array.ndim < 2 or not array.size:
        return False
    n_bytes = array.size * min(array.dtype.itemsize, 4)
    if is_mapped(array):
        return True
    return n_bytes > _ALWAYS_COPIED and n_bytes > SHARE_OF_FREE_MEMORY * available_memory()


def parts_of(array: np.ndarray | LazyRows, *, in_parts: bool | None = None) -> Iterator[tuple[int, np.ndarray]]:
    """Iterate over the rows of an array in parts that fit into memory.

    Parameters
    ----------
    array : ndarray or LazyRows
    in_parts : bool, default=None
        Whether there may be several parts. None means those of `LazyRows` only.

    Yields
    ------
    first : int
        The number of the first row of the part.
    part : ndarray
    """
    if not (isinstance(array, LazyRows) if in_parts is None else in_parts):
        yield 0, np.asarray(array)
        return
    n_rows = max(1, _BYTES_OF_A_PART // max(1, array.dtype.itemsize * int(np.prod(array.shape[1:]))))
    for first in range(0, len(array), n_rows):
        yield first, np.asarray(array[first : first + n_rows])
