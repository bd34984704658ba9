"""Token ids that know their words: an array with the vocabulary that its ids come from."""

import hashlib
from collections.abc import Mapping
from numbers import Integral
from typing import Any, Self

import numpy as np

from skrnn.preprocessing.cells import short

_MOST_DIGESTS = 32  # kept at a time: more than a search has folds


class TokenIds(np.ndarray):
    """An array of token ids with the vocabulary that they come from.

    :class:`~skrnn.preprocessing.TextToSequence` returns it. It behaves like any array; rows, slices and copies keep the
    vocabulary, also in a pickle, while results of arithmetic and comparisons, and arrays put together by
    ``np.concatenate``, are plain arrays. With the vocabulary, a
    classifier looks up pretrained word vectors (``embedding_matrix``) by word, and refuses ids of another vocabulary
    than in `fit`. ``np.asarray`` returns the plain array.

    Parameters
    ----------
    ids : array-like of int of shape (n, n_steps), or object array of shape (n,) of integer arrays
        The ids.
    vocabulary : mapping of str to int
        The id of each word. It is kept as it is, not copied.

    Raises
    ------
    TypeError
        If the vocabulary is not a mapping.

    Attributes
    ----------
    vocabulary : mapping of str to int, or None
        The id of each word.

    Examples
    --------
    >>> from skrnn.preprocessing import TextToSequence, TokenIds
    >>> ids = TextToSequence(max_length=4).fit_transform(["The cat sat.", "The dog sat!"])
    >>> ids[1:].vocabulary
    {'the': 4, 'sat': 5, 'cat': 6, 'dog': 7}

    Ids that another program made:

    >>> TokenIds([[1, 2], [2, 0]], {"good": 1, "film": 2})
    array([[1, 2],
           [2, 0]])
    """

    vocabulary: Mapping[Any, int] | None

    def __new__(cls, ids: Any, vocabulary: Mapping[Any, int]) -> Self:
        """View ids as an array with a vocabulary."""
        if not isinstance(vocabulary, Mapping):
            raise TypeError(f"vocabulary must be a mapping from words to ids. Got {short(vocabulary)}.")
        array = np.asarray(ids).view(cls)
        array.vocabulary = vocabulary
        return array

    def __array_finalize__(self, source: Any) -> None:
        self.vocabulary = getattr(source, "vocabulary", None)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is not None:
            kwargs["out"] = tuple(map(_plain, out))
        result = getattr(ufunc, method)(*map(_plain, inputs), **kwargs)
        return result if out is None else (out[0] if len(out) == 1 else out)

    def __reduce__(self) -> tuple[Any, ...]:
        reduced = super().__reduce__()
        return reduced[0], reduced[1], (reduced[2], self.vocabulary)

    def __setstate__(self, state: Any) -> None:
        array, self.vocabulary = state
        super().__setstate__(array)

    def __deepcopy__(self, memo: dict[int, Any] | None) -> Self:
        copied = super().__deepcopy__(memo).view(type(self))
        copied.vocabulary = self.vocabulary
        return copied

    def __repr__(self) -> str:
        return repr(_plain(self))

    def __str__(self) -> str:
        return str(_plain(self))


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, TokenIds) else value


def vocabulary_of(X: Any) -> Mapping[Any, int] | None:
    """Return the vocabulary of X: of `TokenIds`, or of a list whose items all have the same one; otherwise None."""
    if isinstance(X, TokenIds):
        return X.vocabulary
    if not isinstance(X, (list, tuple)) or not X or not all(isinstance(row, TokenIds) for row in X):
        return None
    first = X[0].vocabulary
    return first if all(row.vocabulary is first or row.vocabulary == first for row in X) else None


def with_vocabulary_of(X: Any, ids: np.ndarray) -> np.ndarray:
    """Return ids that were made from X with the vocabulary of X, if it has one."""
    vocabulary = vocabulary_of(X)
    return ids if vocabulary is None else TokenIds(ids, vocabulary)


_digests: tuple[tuple[Mapping[Any, int], int, str], ...] = ()


def digest_of(vocabulary: Mapping[Any, int]) -> str:
    """Return a digest of the words and their ids. Digests of the latest few vocabularies are kept.

    Raises
    ------
    ValueError
        If an id is not an integer of at least 0.
    """
    global _digests
    known, size = _digests, len(vocabulary)
    for other, size_then, digest in known:
        if other is vocabulary and size == size_then:
            return digest
    for word, id_ in vocabulary.items():
        if not isinstance(id_, Integral) or id_ < 0:
            raise ValueError(f"The vocabulary of X gives {word!r} the id {id_!r}; expected an integer of at least 0.")
    pairs = sorted((int(id_), repr(word)) for word, id_ in vocabulary.items())
    digest = hashlib.sha256(repr(pairs).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    _digests = ((vocabulary, size, digest), *known[: _MOST_DIGESTS - 1])
    return digest
