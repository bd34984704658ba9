"""Pretrained word vectors: from the parameter `embedding_matrix` to rows of the embedding."""

import hashlib
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn.estimators.caller import depth_of_caller
from skrnn.exceptions import InputWarning
from skrnn.preprocessing.cells import real_numbers, short
from skrnn.preprocessing.frames import is_frame
from skrnn.preprocessing.token_ids import digest_of, vocabulary_of
from skrnn.preprocessing.word_vectors import WordVectors, read_word_vectors

_PATHS = (str, os.PathLike)


@dataclass(frozen=True)
class Pretrained:
    """Rows of an embedding.

    Attributes
    ----------
    ids : ndarray of shape (k,), int64
        Token ids.
    vectors : ndarray of shape (k, embedding_dim), float32
        Their rows.
    vocabulary_size : int
        All token ids are below it.
    source : str
        Tells whether `embedding_matrix` has changed: the path, or a digest of the numbers.
    """

    ids: np.ndarray
    vectors: np.ndarray
    vocabulary_size: int
    source: str


def read_pretrained(estimator: Any, X: Any) -> Pretrained | None:
    """Return the vectors that `embedding_matrix` has for the ids of X, or None without an `embedding_matrix`.

    Raises
    ------
    ValueError
        If the vectors are invalid, contradict ``embedding_dim`` or ``vocabulary_size``, or X has no vocabulary to look
        words up.
    """
    matrix = estimator.embedding_matrix
    if matrix is None:
        return None
    if _is_by_word(matrix):
        pretrained = _by_word(matrix, X)
    else:
        vectors = _as_matrix(matrix)
        pretrained = Pretrained(np.arange(len(vectors)), vectors, len(vectors), _digest(vectors))
    return _agreed(estimator, pretrained)


def require_same_source(estimator: Any, X: Any, source: str | None) -> None:
    """Raise a ValueError if `embedding_matrix` has changed since the training that is to be continued."""
    matrix = estimator.embedding_matrix
    if isinstance(matrix, _PATHS):  # not read again for every epoch
        _vocabulary_for(matrix, X)
        now: str | None = os.fspath(matrix)
    else:
        pretrained = read_pretrained(estimator, X)
        now = None if pretrained is None else pretrained.source
    if now != source:
        raise ValueError(
            "warm_start and partial_fit continue training the same network, but embedding_matrix changed. Fit a clone, "
            "or set warm_start=False."
        )


def _is_by_word(matrix: Any) -> bool:
    """Return whether vectors are found by word: in a file, a mapping, or word vectors of gensim."""
    return isinstance(WordVectors.wrap(matrix), (*_PATHS, WordVectors))


def _as_matrix(matrix: Any) -> np.ndarray:
    expected = (
        "embedding_matrix must be an array of shape (n_ids, embedding_dim) whose row i is the vector of the token id "
        "i, a mapping from words to vectors, or the path of a file"
    )
    if is_frame(matrix):
        raise TypeError(
            f"{expected}. Got a data frame: pass frame.to_numpy() if its rows are in the order of the ids, or "
            "dict(zip(words, frame.to_numpy())) if they belong to words."
        )
    if not (isinstance(matrix, (list, tuple)) or hasattr(matrix, "__array__")):
        raise TypeError(f"{expected}. Got {short(matrix)}.")
    try:
        array = np.asanyarray(matrix)  # with its mask, if it has one
    except ValueError as error:
        raise ValueError(f"{expected}. The rows of the given one differ in length.") from error
    array = np.asarray(real_numbers(array, "embedding_matrix"))
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{expected}. Got an array of shape {array.shape} and type {array.dtype}.")
    vectors = _as_float32(array)
    if not np.isfinite(vectors).all():
        row, column = np.argwhere(~np.isfinite(vectors))[0]
        raise ValueError(
            f"embedding_matrix contains {array[row, column]} in row {row}, column {column}; expected finite numbers "
            "that fit into float32."
        )
    return vectors


def _as_float32(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is an error
        return np.asarray(array, dtype=np.float32)


def _vocabulary_for(matrix: Any, X: Any) -> Mapping[Any, int]:
    vocabulary = vocabulary_of(X)
    if vocabulary is not None:
        digest_of(vocabulary)  # which checks it
        return vocabulary
    kind = "a file" if isinstance(matrix, _PATHS) else "a mapping"
    raise ValueError(
        f"embedding_matrix is {kind} with the vectors of words, but X is a {type(X).__name__} of ids without their "
        "words. Put TextToSequence in a pipeline before the classifier, whose ids know their words, or pass "
        "skrnn.preprocessing.TokenIds(X, vocabulary), or an embedding_matrix whose row i is the vector of id i."
    )


def _by_word(matrix: Any, X: Any) -> Pretrained:
    vocabulary = _vocabulary_for(matrix, X)
    if not vocabulary:
        raise ValueError("The vocabulary of X is empty, so no word has a vector in embedding_matrix.")
    is_file = isinstance(matrix, _PATHS)
    found = read_word_vectors(matrix, vocabulary) if is_file else _look_up(matrix, vocabulary)
    name = f"the file {os.fspath(matrix)!r} in embedding_matrix" if is_file else "embedding_matrix"
    if not found:
        words = short([*vocabulary][:5])
        raise ValueError(
            f"No word of the vocabulary of X, such as {words}, has a vector in {name}. Check that the words are "
            "spelled in the same way, for example in lower case."
        )
    if 2 * len(found) < len(vocabulary):
        warnings.warn(
            f"Fewer than half of the words in the vocabulary of X have a vector in {name}; the others start at random. "
            "Check that the words are spelled in the same way, for example in lower case. n_pretrained_ is the number "
            "of words found.",
            InputWarning,
            stacklevel=depth_of_caller(),
        )
    ids = np.array([vocabulary[word] for word in found], dtype=np.int64)
    shared, counts = np.unique(ids, return_counts=True)
    if counts.max() > 1:
        same = [word for word in found if vocabulary[word] == shared[counts.argmax()]]
        raise ValueError(
            f"The vocabulary of X gives several words one id, such as {short(same)}, so it is not clear which of their "
            "vectors in embedding_matrix to take. Leave out all words but one for each id."
        )
    vectors = np.stack([*found.values()])
    source = os.fspath(matrix) if is_file else _digest(ids, vectors)
    return Pretrained(ids, vectors, int(max(vocabulary.values())) + 1, source)


def _look_up(matrix: Any, vocabulary: Mapping[Any, int]) -> dict[Any, np.ndarray]:
    found: dict[Any, np.ndarray] = {}
    first = None
    for word in vocabulary:
        if word not in matrix:
            continue
        try:
            vector = _as_float32(real_numbers(np.asanyarray(matrix[word]), "A vector"))
        except (TypeError, ValueError):
            vector = np.empty(0, np.float32)
        if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
            raise ValueError(
                f"The vector of {word!r} in embedding_matrix is {short(matrix[word])}; expected a one-dimensional "
                "array of finite numbers."
            )
        first = first or (word, len(vector))
        if len(vector) != first[1]:
            raise ValueError(
                f"The vector of {word!r} in embedding_matrix has {len(vector)} numbers, but that of {first[0]!r} has "
                f"{first[1]}; expected vectors of one length."
            )
        found[word] = vector
    return found


def _agreed(estimator: Any, pretrained: Pretrained) -> Pretrained:
    """Return the vectors, with the `vocabulary_size` of the estimator if it is larger; contradictions are errors."""
    dim, size = estimator.embedding_dim, estimator.vocabulary_size
    width = pretrained.vectors.shape[1]
    if dim not in (None, width):
        raise ValueError(
            f"embedding_dim={dim}, but the vectors in embedding_matrix have {width} numbers. Leave embedding_dim out."
        )
    if size is None or size == pretrained.vocabulary_size:
        return pretrained
    if not _is_by_word(estimator.embedding_matrix):
        raise ValueError(
            f"vocabulary_size={size}, but embedding_matrix has {pretrained.vocabulary_size} rows. Leave "
            "vocabulary_size out."
        )
    if size < pretrained.vocabulary_size:
        raise ValueError(
            f"vocabulary_size={size}, but the vocabulary of X has ids up to {pretrained.vocabulary_size - 1}. Leave "
            f"vocabulary_size out, or set it to at least {pretrained.vocabulary_size}."
        )
    return Pretrained(pretrained.ids, pretrained.vectors, int(size), pretrained.source)


def _digest(*arrays: np.ndarray) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
