"""Texts to sequences of word ids, encoded like Keras' IMDB reviews. The module `padding` pads them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing.cells import sequence_name, short
from skrnn.preprocessing.padding import pad_sequences
from skrnn.preprocessing.reading import as_sequences, read, to_object_array
from skrnn.preprocessing.token_ids import TokenIds

PADDING, START, OUT_OF_VOCABULARY = 0, 1, 2
FIRST_WORD = 4  # Keras' index_from=3 leaves the id 3 unused
KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


class TextToSequence(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    r"""Turn texts into padded sequences of word ids.

    `fit` learns the vocabulary, so that in a pipeline each fold has its own. By default, texts are encoded like the
    IMDB reviews of Keras [1]_: the id 0 is padding, 1 the start of a text, and 2 a word outside the vocabulary. The
    ids of words start at 4, in order of decreasing frequency and, for equal frequencies, of first appearance.

    Parameters
    ----------
    max_tokens : int or None, default=10000
        Upper limit of the ids, at least 5. All ids are less than this, so the `max_tokens - 4` most frequent words have
        an id. None means no limit.
    max_length : int or None, default=100
        Number of steps of the result. With None, each text keeps its own length.
    padding : {"pre", "post"}, default="pre"
        Whether shorter texts are padded at the beginning or at the end.
    truncating : {"pre", "post"}, default="pre"
        Whether longer texts are truncated at the beginning, which also removes the start id, or at the end.
    lowercase : bool, default=True
        Whether to convert the texts to lower case.
    filters : str, default='!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
        Characters that separate words, like `split`. As in Keras, the apostrophe is not one of them.
    split : str, default=" "
        The separator of words. Other white space that is not in `filters`, such as a no-break space, is part of a word.
    start_token : bool, default=True
        Whether each text starts with the id 1. It is added before texts are truncated.
    analyzer : callable, default=None
        A function that takes a text and returns the list of its tokens, instead of `lowercase`, `filters` and `split`.
        For example, `list` makes each character a token.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The id of each word in the vocabulary, in ascending order: the first is 4, and the last at most `n_words_ + 3`
        and less than `max_tokens`.
    n_words_ : int
        Number of distinct words in the texts seen in `fit`, including words without an id.

    See Also
    --------
    SequencePadder : Pads ids of unequal length, as `max_length=None` returns them.
    sklearn.feature_extraction.text.CountVectorizer : Counts the words of texts, without their order.

    Notes
    -----
    With `max_length=None` the result is a one-dimensional object array of integer arrays, which `SequencePadder` and
    the estimators of this package accept. A text without words becomes the start id alone, or padding.

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.datasets.imdb.load_data``: https://keras.io/api/datasets/imdb/

    Examples
    --------
    >>> from skrnn.preprocessing import TextToSequence
    >>> encoder = TextToSequence(max_length=6).fit(["The cat sat.", "The dog sat!"])
    >>> encoder.vocabulary_
    {'the': 4, 'sat': 5, 'cat': 6, 'dog': 7}
    >>> ids = encoder.transform(["The dog sat", "A dog"])
    >>> ids
    array([[0, 0, 1, 4, 7, 5],
           [0, 0, 0, 1, 2, 7]], dtype=int32)
    >>> encoder.inverse_transform(ids)
    array(['the dog sat', '[OOV] dog'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict] = {
        "max_tokens": [Interval(Integral, FIRST_WORD + 1, None, closed="left"), None],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "padding": [StrOptions({"pre", "post"})],
        "truncating": [StrOptions({"pre", "post"})],
        "lowercase": ["boolean"],
        "filters": [str],
        "split": [str],
        "start_token": ["boolean"],
        "analyzer": [callable, None],
    }

    def __init__(
        self,
        max_tokens=10000,
        max_length=100,
        *,
        padding="pre",
        truncating="pre",
        lowercase=True,
        filters=KERAS_FILTERS,
        split=" ",
        start_token=True,
        analyzer=None,
    ):
        self.max_tokens = max_tokens
        self.max_length = max_length
        self.padding = padding
        self.truncating = truncating
        self.lowercase = lowercase
        self.filters = filters
        self.split = split
        self.start_token = start_token
        self.analyzer = analyzer

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X, y=None):
        """Learn the vocabulary.

        Parameters
        ----------
        X : iterable of str
            The texts.
        y : None
            Ignored.

        Returns
        -------
        self : TextToSequence
            The fitted transformer.
        """
        self.fit_transform(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the words and return the ids; the texts are split only once.

        Parameters
        ----------
        X : iterable of str
            The texts.
        y : None
            Ignored.

        Returns
        -------
        ids : TokenIds of shape (n_texts, max_length), or object TokenIds of shape (n_texts,), of int32
            The ids, as `transform` returns them.
        """
        if not self.split:
            raise ValueError("The 'split' parameter of TextToSequence must be a str of at least one character. Got ''.")
        texts, tokens_of = _read_texts(X), self._analyzer()

        appearance: defaultdict = defaultdict()
        appearance.default_factory = appearance.__len__
        numbers = [np.fromiter(map(appearance.__getitem__, tokens_of(text)), np.int32) for text in texts]
        words = list(appearance)
        if not words:
            raise ValueError("Empty vocabulary: no text in X contains a word.")
        counts = np.bincount(np.concatenate(numbers), minlength=len(words))
        n_ids = len(words) if self.max_tokens is None else self.max_tokens - FIRST_WORD
        chosen = np.argsort(-counts, kind="stable")[:n_ids]
        ids = np.full(len(words), OUT_OF_VOCABULARY, dtype=np.int32)
        ids[chosen] = np.arange(FIRST_WORD, FIRST_WORD + len(chosen))

        self.vocabulary_ = {words[word]: id_ for id_, word in enumerate(chosen, start=FIRST_WORD)}
        self.n_words_ = len(words)
        return TokenIds(self._finish([ids[row] for row in numbers]), self.vocabulary_)

    def transform(self, X):
        """Turn texts into ids.

        Parameters
        ----------
        X : iterable of str
            The texts.

        Returns
        -------
        ids : TokenIds of shape (n_texts, max_length), or object TokenIds of shape (n_texts,), of int32
            The ids, an array that knows its vocabulary; with `max_length=None` an object array with one array of shape
            (n_words,) per text.
        """
        check_is_fitted(self)
        id_of, tokens_of = self.vocabulary_.get, self._analyzer()
        ids = [
            np.fromiter((id_of(token, OUT_OF_VOCABULARY) for token in tokens_of(text)), np.int32)
            for text in _read_texts(X)
        ]
        return TokenIds(self._finish(ids), self.vocabulary_)

    def inverse_transform(self, X):
        """Turn ids back into texts.

        Parameters
        ----------
        X : array-like of int of shape (n_texts, n_steps), or list or object array of integer sequences
            The ids.

        Returns
        -------
        texts : object array of str of shape (n_texts,)
            The words of each text, joined by `split`. Padding and start ids are omitted, and ``[OOV]`` replaces words
            outside the vocabulary.
        """
        check_is_fitted(self)
        words = np.array(["", "", "[OOV]", "", *self.vocabulary_], dtype=object)
        texts = []
        for row, ids in enumerate(as_sequences(read(X)).values):
            if len(ids) and (ids.ndim != 1 or ids.dtype.kind not in "iu"):
                raise ValueError(
                    f"{sequence_name(row, starts=True)} has shape {ids.shape} and type {ids.dtype}; expected ids, one "
                    "integer per step."
                )
            strange = (ids < 0) | (ids >= len(words)) | (ids == FIRST_WORD - 1)
            if strange.any():
                raise ValueError(
                    f"{sequence_name(row, starts=True)} contains the id {ids[strange][0]}, which is not in the "
                    f"vocabulary: words have the ids {FIRST_WORD} to {len(words) - 1}."
                )
            tokens = words[ids[ids >= OUT_OF_VOCABULARY].astype(np.intp)]
            texts.append(self.split.join(map(str, tokens)))  # an analyzer may return numbers
        return to_object_array(texts)

    def _analyzer(self) -> Callable[[str], Iterable]:
        """Return the function that splits a text into tokens."""
        if self.analyzer is not None:
            return self._with_analyzer
        table = str.maketrans(dict.fromkeys(self.filters, self.split))
        lowercase, split = self.lowercase, self.split

        def tokens_of(text: str) -> list[str]:
            separated = (text.lower() if lowercase else text).translate(table)
            return [token for token in separated.split(split) if token]

        return tokens_of

    def _with_analyzer(self, text: str) -> Iterable:
        tokens = self.analyzer(text)
        if not isinstance(tokens, Iterable):
            raise TypeError(
                f"The 'analyzer' parameter of TextToSequence must return an iterable of tokens. Got {short(tokens)} "
                f"for the text {short(text)}."
            )
        tokens = list(tokens)
        try:
            hash(tuple(tokens))
        except TypeError as error:
            raise TypeError(
                "The 'analyzer' parameter of TextToSequence must return tokens that can be keys of a dict, such as str."
                f" Got {short(tokens)} for the text {short(text)}."
            ) from error
        return tokens

    def _finish(self, ids: list[np.ndarray]) -> np.ndarray:
        """Add the start id, and pad or return the ids with their own lengths."""
        if self.start_token:
            start = np.array([START], dtype=np.int32)
            ids = [np.concatenate([start, row]) for row in ids]
        if self.max_length is None:
            padding = np.array([PADDING], dtype=np.int32)  # a sequence has at least one step
            return to_object_array([row if len(row) else padding for row in ids])
        return pad_sequences(
            ids,
            max_length=self.max_length,
            padding=self.padding,
            truncating=self.truncating,
            value=PADDING,
            dtype=np.int32,
        )


def _read_texts(X: Any) -> list[str]:
    """Return X as a list of texts."""
    if isinstance(X, (Set, Mapping)):
        raise TypeError(f"X is a {type(X).__name__}, which is no list of texts; expected texts in an order.")
    if isinstance(X, str):
        raise ValueError("Iterable over raw text documents expected, string object received.")
    if getattr(X, "ndim", 1) != 1:
        raise ValueError(
            f"Expected X to have one dimension, one text per row, got shape {X.shape}. Pass one of its columns, such "
            "as X[:, 0] or X['text']."
        )
    try:
        texts = X.to_pylist() if hasattr(X, "to_pylist") else list(X)  # pyarrow's scalars are not str
    except TypeError as error:
        raise TypeError(f"Expected X to be an iterable of texts, got {X!r}.") from error
    if not texts:
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required: X contains no text.")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"Text {row} of X is of type {type(text).__name__}; expected str.")
    return texts
