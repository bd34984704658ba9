"""Texts to ids: Keras' rules word for word, on small texts and on the IMDB reviews."""

import re
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn.preprocessing import TextToSequence
from skrnn.preprocessing.text import KERAS_FILTERS

words = st.text(alphabet="abcAB'-é\xa0", min_size=1, max_size=3)
texts = st.lists(st.lists(words, max_size=6).map(" ".join), min_size=1, max_size=6)
texts_with_words = texts.filter(lambda texts: any(word for text in texts for word in split_words(text)))


def split_words(text):
    """Keras' text_to_word_sequence, written plainly."""
    return [word for word in "".join(" " if c in KERAS_FILTERS else c for c in text.lower()).split(" ") if word]


def encode_as_keras(training_texts, text, max_tokens):
    """The ids of a text as Keras' Tokenizer and load_data(start_char=1, oov_char=2, index_from=3) give them."""
    counts = {}
    for training_text in training_texts:
        for word in split_words(training_text):
            counts[word] = counts.get(word, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: item[1], reverse=True)
    id_of = {word: rank + 3 for rank, (word, _) in enumerate(ranked, start=1)}
    ids = [1] + [id_of.get(word, 2) for word in split_words(text)]
    return [id_ if max_tokens is None or id_ < max_tokens else 2 for id_ in ids]


@given(texts_with_words, texts, st.one_of(st.none(), st.integers(5, 12)))
def test_ids_are_those_of_keras(training_texts, later_texts, max_tokens):
    encoder = TextToSequence(max_tokens, None).fit(training_texts)
    for text, ids in zip(later_texts, encoder.transform(later_texts), strict=True):
        assert ids.tolist() == encode_as_keras(training_texts, text, max_tokens)


@given(texts_with_words, texts, st.integers(5, 12), st.integers(1, 8), st.booleans())
def test_ids_stay_below_max_tokens(training_texts, later_texts, max_tokens, max_length, start_token):
    encoder = TextToSequence(max_tokens, max_length, start_token=start_token).fit(training_texts)
    ids = encoder.transform(later_texts)
    assert ids.shape == (len(later_texts), max_length)
    assert ids.min() >= 0
    assert ids.max() < max_tokens
    assert list(encoder.vocabulary_.values()) == list(range(4, 4 + len(encoder.vocabulary_)))
    assert len(encoder.vocabulary_) == min(encoder.n_words_, max_tokens - 4)


@given(texts_with_words)
def test_inverse_transform_gives_the_words_back(training_texts):
    encoder = TextToSequence(None, None).fit(training_texts)
    ids = encoder.transform(training_texts)
    restored = encoder.inverse_transform(ids)
    assert restored.tolist() == [" ".join(split_words(text)) for text in training_texts]
    for before, after in zip(ids, encoder.transform(restored), strict=True):
        assert_array_equal(before, after)


def test_tokens_may_be_numbers():
    encoder = TextToSequence(analyzer=lambda text: [len(word) for word in text.split()]).fit(["a big dog"])
    assert encoder.inverse_transform(encoder.transform(["the cat", "a cat"])).tolist() == ["3 3", "1 3"]


def test_words_are_ranked_by_frequency_and_then_by_first_appearance():
    encoder = TextToSequence().fit(["one three two", "Two, three!", "four"])
    assert encoder.vocabulary_ == {"three": 4, "two": 5, "one": 6, "four": 7}
    assert list(encoder.vocabulary_) == ["three", "two", "one", "four"]
    assert encoder.n_words_ == 4


def test_only_the_most_frequent_words_have_ids():
    encoder = TextToSequence(6, 5).fit(["a b c d", "a b c", "a b", "a"])
    assert encoder.vocabulary_ == {"a": 4, "b": 5}
    assert encoder.n_words_ == 4
    assert_array_equal(encoder.transform(["d a e b"]), np.array([[1, 2, 4, 2, 5]], dtype=np.int32), strict=True)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [[0, 1, 4], [6, 7, 8]]),
        ({"padding": "post"}, [[1, 4, 0], [6, 7, 8]]),
        ({"truncating": "post"}, [[0, 1, 4], [1, 4, 5]]),
        ({"truncating": "post", "start_token": False}, [[0, 0, 4], [4, 5, 6]]),
    ],
)
def test_the_start_is_added_before_truncation(parameters, expected):
    encoder = TextToSequence(max_length=3, **parameters)
    assert_array_equal(encoder.fit_transform(["a", "a b c d e"]), expected)
    assert_array_equal(encoder.transform(["a", "a b c d e"]), expected)


def test_only_the_space_character_splits():
    encoder = TextToSequence(None, None).fit(["no\xa0break don't stop-now\r\nEnd"])
    assert list(encoder.vocabulary_) == ["no\xa0break", "don't", "stop", "now\r", "end"]


def test_lower_case_filters_and_split_can_be_chosen():
    encoder = TextToSequence(lowercase=False, filters=";", split=",").fit(["A,b c;a,,A"])
    assert encoder.vocabulary_ == {"A": 4, "b c": 5, "a": 6}
    assert encoder.inverse_transform([[4, 5]]).tolist() == ["A,b c"]
    assert list(TextToSequence(split="--", filters="!").fit(["a b--c!d"]).vocabulary_) == ["a b", "c", "d"]


def test_an_analyzer_replaces_the_splitting():
    encoder = TextToSequence(max_length=4, analyzer=list).fit(["ABa"])
    assert encoder.vocabulary_ == {"A": 4, "B": 5, "a": 6}
    assert_array_equal(encoder.transform(["B!"]), [[0, 1, 5, 2]])


def test_texts_without_words_do_not_disturb():
    encoder = TextToSequence(max_length=3).fit(["", "a", "...", " "])
    assert_array_equal(encoder.transform(["", "...", "a"]), [[0, 0, 1], [0, 0, 1], [0, 1, 4]])
    ragged = TextToSequence(max_length=None, start_token=False).fit_transform(["", "a"])
    assert [row.tolist() for row in ragged] == [[0], [4]]  # only padding, as in padded texts
    assert all(row.dtype == np.int32 for row in ragged)


def test_without_max_length_the_texts_keep_their_lengths():
    ids = TextToSequence(max_length=None).fit_transform(["a", "b c"])
    assert ids.dtype == object
    assert ids.shape == (2,)
    assert [row.tolist() for row in ids] == [[1, 4], [1, 5, 6]]
    assert TextToSequence(max_length=None).fit_transform(["a b", "c d"]).shape == (2,)


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        iter,
        np.array,
        pd.Series,
        lambda X: np.array(X, dtype=object),
        lambda X: pd.Series(X, dtype=object, index=[7, 3]),
        lambda X: pd.DataFrame({"text": X})["text"],
    ],
)
def test_any_iterable_of_texts_will_do(container):
    X = ["the cat", "a dog"]
    encoder = TextToSequence(max_length=3).fit(container(X))
    assert_array_equal(encoder.transform(container(X)), [[1, 4, 5], [1, 6, 7]])


def test_inverse_transform_leaves_out_padding_and_start_and_marks_unknown_words():
    encoder = TextToSequence().fit(["the cat"])
    texts = encoder.inverse_transform(np.array([[0, 0, 1, 4, 2, 5], [0] * 6, [1] + [0] * 5]))
    assert texts.dtype == object
    assert texts.tolist() == ["the [OOV] cat", "", ""]
    assert encoder.inverse_transform([[4], [], [1, 5]]).tolist() == ["the", "", "cat"]


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a text", ValueError, "Iterable over raw text documents expected, string object received."),
        (3, TypeError, "Expected X to be an iterable of texts, got 3."),
        ([], ValueError, "Found array with 0 sample(s) while a minimum of 1 is required: X contains no text."),
        (["a", None], TypeError, "Text 1 of X is of type NoneType; expected str."),
        (["a", b"b"], TypeError, "Text 1 of X is of type bytes; expected str."),
        ([["a"]], TypeError, "Text 0 of X is of type list; expected str."),
        (np.array([1.5]), TypeError, "Text 0 of X is of type float64; expected str."),
        (
            np.array([["a"], ["b"]]),
            ValueError,
            "Expected X to have one dimension, one text per row, got shape (2, 1). Pass one of its columns, such "
            "as X[:, 0] or X['text'].",
        ),
        (
            pd.DataFrame({"text": ["a"]}),
            ValueError,
            "Expected X to have one dimension, one text per row, got shape (1, 1). Pass one of its columns, such "
            "as X[:, 0] or X['text'].",
        ),
    ],
)
def test_messages_for_bad_texts(X, error, message):
    encoder = TextToSequence().fit(["a"])
    for method in (encoder.fit, encoder.fit_transform, encoder.transform):
        with pytest.raises(error) as caught:
            method(X)
        assert str(caught.value) == message
    assert encoder.vocabulary_ == {"a": 4}


def test_texts_without_any_word_are_refused_in_fit():
    with pytest.raises(ValueError, match=r"^Empty vocabulary: no text in X contains a word\.$"):
        TextToSequence().fit(["", "..."])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[4], [9]], "Sequence 1 of X contains the id 9, which is not in the vocabulary: words have the ids 4 to 5."),
        ([[3]], "Sequence 0 of X contains the id 3, which is not in the vocabulary: words have the ids 4 to 5."),
        ([[-1]], "Sequence 0 of X contains the id -1, which is not in the vocabulary: words have the ids 4 to 5."),
        ([[4.0]], "Sequence 0 of X has shape (1,) and type float64; expected ids, one integer per step."),
    ],
)
def test_messages_for_bad_ids(X, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        TextToSequence().fit(["a b"]).inverse_transform(X)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"max_tokens": 4},
            "The 'max_tokens' parameter of TextToSequence must be an int in the range [5, inf) or None. Got 4 instead.",
        ),
        (
            {"max_length": 0},
            "The 'max_length' parameter of TextToSequence must be an int in the range [1, inf) or None. Got 0 instead.",
        ),
        ({"split": ""}, "The 'split' parameter of TextToSequence must be a str of at least one character. Got ''."),
        (
            {"filters": None},
            "The 'filters' parameter of TextToSequence must be an instance of 'str'. Got None instead.",
        ),
        (
            {"analyzer": "word"},
            "The 'analyzer' parameter of TextToSequence must be a callable or None. Got 'word' instead.",
        ),
    ],
)
def test_messages_for_bad_parameters(parameters, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        TextToSequence(**parameters).fit(["a"])
    assert str(caught.value) == message


# The IMDB training reviews


@pytest.fixture(scope="module")
def imdb_encoder(imdb_train):
    return TextToSequence(max_tokens=None, max_length=None).fit(imdb_train[0])


def test_imdb_has_88582_words(imdb_encoder):
    assert imdb_encoder.n_words_ == len(imdb_encoder.vocabulary_) == 88582
    assert list(imdb_encoder.vocabulary_)[:10] == ["the", "and", "a", "of", "to", "is", "br", "in", "it", "i"]


def test_imdb_words_have_the_ids_of_keras(imdb_encoder, imdb_train):
    # The beginning of the first training review that keras.datasets.imdb.load_data returns. Keras read the reviews in
    # another order: its id of a word may be that of another word which is as frequent.
    review = (
        "this film was just brilliant casting location scenery story direction everyone's really suited the part they "
        "played and you could just imagine being there robert"
    )
    published = [
        14,
        22,
        16,
        43,
        530,
        973,
        1622,
        1385,
        65,
        458,
        4468,
        66,
        3941,
        4,
        173,
        36,
        256,
        5,
        25,
        100,
        43,
        838,
        112,
    ]
    published += [50, 670]
    counts = np.bincount(np.concatenate(imdb_encoder.transform(imdb_train[0])))
    (ids,) = imdb_encoder.transform([review])
    assert ids[0] == 1
    assert_array_equal(counts[ids[1:]], counts[published])
    assert_array_equal(ids[1:][counts[published] > 5000], np.array(published)[counts[published] > 5000])


def test_imdb_is_encoded_in_seconds(imdb_train):
    start = time.process_time()
    ids = TextToSequence().fit_transform(imdb_train[0])
    assert time.process_time() - start < 10
    assert ids.shape == (25000, 100)
    assert ids.dtype == np.int32
    assert ids.max() == 9999


def test_the_filters_are_read_once(monkeypatch):
    class Filters(str):
        n_times = 0

        def __iter__(self):
            Filters.n_times += 1
            return super().__iter__()

    encoder = TextToSequence(filters=Filters("!?"))
    encoder.fit(["a!", "b?", "c"])
    assert Filters.n_times == 1
    encoder.transform(["a!", "b?", "c"])
    assert Filters.n_times == 2


@pytest.mark.parametrize("texts", [{"a", "b"}, frozenset("ab"), {"a": 1}])
def test_what_has_no_order_is_no_list_of_texts(texts):
    with pytest.raises(TypeError, match=rf"X is a {type(texts).__name__}, which is no list of texts"):
        TextToSequence().fit(texts)


def test_an_analyzer_without_tokens_is_named():
    message = "'analyzer' parameter of TextToSequence must return an iterable of tokens. Got None for the text 'a b'"
    with pytest.raises(TypeError, match=message):
        TextToSequence(analyzer=lambda text: None).fit(["a b"])


def test_an_analyzer_whose_tokens_cannot_be_counted_is_named():
    message = "must return tokens that can be keys of a dict, such as str. Got [[1]] for the text 'a b'."
    with pytest.raises(TypeError, match=re.escape(message)):
        TextToSequence(analyzer=lambda text: [[1]]).fit(["a b"])
