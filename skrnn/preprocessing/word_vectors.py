"""Pretrained word vectors: a mapping that prints shortly, and text files in the format of GloVe or word2vec."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skrnn.preprocessing.cells import short


class WordVectors(Mapping):
    """Word vectors of another mapping, by reference.

    A parameter of an estimator is printed, and copied by every clone. Printing hundreds of thousands of vectors takes
    minutes, and copies take memory; this object prints a line, and copies share the vectors.

    Parameters
    ----------
    vectors : mapping of str to array-like, or word vectors of gensim
    """

    def __init__(self, vectors: Any):
        self.vectors = vectors

    def __getitem__(self, word: Any) -> Any:
        return self.vectors[word]

    def __contains__(self, word: object) -> bool:
        return word in self.vectors

    def __iter__(self) -> Iterator[Any]:
        return iter(getattr(self.vectors, "key_to_index", self.vectors))

    def __len__(self) -> int:
        return len(self.vectors)

    def __copy__(self) -> "WordVectors":
        return self

    def __deepcopy__(self, memo: Any) -> "WordVectors":
        return self

    def __repr__(self) -> str:
        return f"<vectors of {len(self)} words>"

    @classmethod
    def wrap(cls, value: Any) -> Any:
        """Wrap a mapping or word vectors of gensim, and return anything else as it is."""
        is_mapping = isinstance(value, Mapping) or hasattr(value, "key_to_index")
        return cls(value) if is_mapping and not isinstance(value, cls) else value


def read_word_vectors(path: str | os.PathLike[str], words: Iterable[Any]) -> dict[Any, np.ndarray]:
    """Read the vectors of some words from a text file.

    Each line holds a word and its numbers, separated by spaces. A first line with the number of words and of
    dimensions, which word2vec and fastText write, is a header. A word may contain spaces: the numbers are the last
    fields. The file is read line by line, and only the numbers of `words` are kept.

    Parameters
    ----------
    path : str or path-like
    words : iterable of str
        Other objects have no vector.

    Returns
    -------
    vectors : dict of str to ndarray of shape (n_dimensions,), float32
        The vectors of those words that the file contains, the first one if it contains a word twice.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If a line does not have a word and the same number of finite numbers as the first, or lines are missing. The
        message names the line.
    """
    wanted = {word.encode("utf-8", "surrogatepass"): word for word in words if isinstance(word, str)}
    vectors: dict[Any, np.ndarray] = {}
    n_dimensions = n_announced = None
    n_lines = 0
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, start=1):
            line = line.rstrip(b" \r\n")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
                header = _header(line)
                if header is not None:
                    n_announced, n_dimensions = header
                    continue
            if not line:
                continue
            n_lines += 1
            n_spaces = line.count(b" ")
            if n_dimensions is None:
                n_dimensions = n_spaces
            if n_spaces < n_dimensions or n_dimensions == 0:
                found = "no numbers, separated by spaces," if n_spaces == 0 else f"{n_spaces} numbers"
                like = f" and {n_dimensions} numbers, as in the first line" if n_dimensions else " and numbers"
                raise _bad_line(path, number, line, f"has {found} after a word; expected a word{like}")
            if n_spaces == n_dimensions:
                word, _, rest = line.partition(b" ")
                numbers = rest if word in wanted else None
            else:
                word, *fields = line.rsplit(b" ", n_dimensions)
                if b"" in fields:
                    raise _bad_line(path, number, line, "has two spaces between numbers; expected one")
                numbers = b" ".join(fields) if word in wanted else None
            if numbers is not None:
                vectors.setdefault(wanted[word], _numbers(path, number, line, numbers, n_dimensions))
    if n_announced is not None and n_lines != n_announced:
        raise ValueError(
            f"{os.fspath(path)} has vectors of {n_lines} words, but its first line announces {n_announced}: the file "
            "is not complete. Copy or download it again."
        )
    return vectors


def _header(line: bytes) -> tuple[int, int] | None:
    """Return the number of words and of dimensions from a first line of word2vec's format, or None."""
    fields = line.split(b" ")
    is_header = len(fields) == 2 and all(field.isdigit() and len(field) < 10 for field in fields)
    return (int(fields[0]), int(fields[1])) if is_header else None


def _numbers(path: Any, number: int, line: bytes, text: bytes, n_dimensions: int) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, which is an error
            numbers = np.array(text.split(b" "), dtype=np.float64).astype(np.float32)
    except (ValueError, OverflowError):
        numbers = np.empty(0, np.float32)
    if len(numbers) != n_dimensions or not np.isfinite(numbers).all():
        raise _bad_line(path, number, line, f"does not end with {n_dimensions} finite numbers")
    return numbers


def _bad_line(path: Any, number: int, line: bytes, what: str) -> ValueError:
    hint = " Unpack the file first." if line[:2] in (b"PK", b"\x1f\x8b") else ""
    return ValueError(f"Line {number} of {os.fspath(path)} {what}. Got {short(line.decode(errors='replace'))}.{hint}")
