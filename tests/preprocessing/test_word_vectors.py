"""Files of word vectors: the formats, and every bad line by its number."""

import copy
import pickle
import re
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn.preprocessing.word_vectors import WordVectors, read_word_vectors


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "vectors.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


FORMATS = {
    "GloVe": "the 0.5 -1\ncat 1e-2 3\ndog 4 5\n",
    "word2vec, with a header": "3 2\nthe 0.5 -1\ncat 1e-2 3\ndog 4 5\n",
    "fastText, with spaces at the end": "3 2\nthe 0.5 -1 \ncat 1e-2 3 \ndog 4 5 \n",
    "Windows": "the 0.5 -1\r\ncat 1e-2 3\r\ndog 4 5\r\n",
    "byte order mark": "\ufeffthe 0.5 -1\ncat 1e-2 3\n",
    "no end of line, blank lines": "the 0.5 -1\n\ncat 1e-2 3\n\n\ndog 4 5",
    "a word twice": "the 0.5 -1\ncat 1e-2 3\ncat 9 9\n",
    "words with spaces and of numbers": "the 0.5 -1\n. . . 8 9\n1 2 6 7\ncat 1e-2 3\n",
    "bad numbers of words that are not asked for": "the 0.5 -1\nbird x y\ncat 1e-2 3\n",
}


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_formats(write, text):
    found = read_word_vectors(write(text), ["cat", "the", "unknown", 5, ("the",)])
    assert found.keys() == {"the", "cat"}
    assert_array_equal(found["the"], np.array([0.5, -1], np.float32))
    assert_array_equal(found["cat"], np.array([0.01, 3], np.float32))
    assert found["the"].dtype == np.float32


def test_words_of_any_script_and_with_spaces(write):
    path = write("the 0.5 -1\nnaïve 1 2\n猫 3 4\nat name@domain.com 5 6\na\u00a0b 7 8\nx\u2028y 9 10\n")
    words = {"naïve": [1, 2], "猫": [3, 4], "at name@domain.com": [5, 6], "a\u00a0b": [7, 8], "x\u2028y": [9, 10]}
    found = read_word_vectors(str(path), words)
    assert {word: vector.tolist() for word, vector in found.items()} == words


BAD = {
    "too few numbers": ("the 1 2\ncat 3 4\ndog 5\n", "Line 3 of .* has 1 numbers after a word"),
    "cut off": ("the 1 2\ncat", "Line 2 of .* has no numbers"),
    "no numbers at all": ("the\ncat\n", "Line 1 of .* has no numbers"),
    "tabs": ("the\t1\t2\n", "Line 1 of .* has no numbers, separated by spaces"),
    "not a number": ("the 1 2\ncat 3 x\n", "Line 2 of .* does not end with 2 finite numbers.*'cat 3 x'"),
    "NaN": ("the 1 2\ncat 3 nan\n", "Line 2 of .* finite"),
    "too large": ("the 1 2\ncat 3 1e39\n", "Line 2 of .* finite"),
    "two spaces": ("the 1 2\ncat 3  4\n", "Line 2 of .* has two spaces between numbers"),
    "two spaces everywhere": ("the  1  2\ncat  3  4\n", "Line 1 of .* does not end with 4 finite numbers"),
    "fewer than the header": ("3 2\nthe 1 2\ncat 3 4\n", "vectors of 2 words, but its first line announces 3"),
    "fewer numbers than the header": ("2 3\nthe 1 2\ncat 3 4\n", "Line 2 of .* has 2 numbers"),
    "a zip file": (b"PK\x03\x04\x14\x00\n\x00 \x01", "Line 1 of .* Unpack the file first"),
    "a gzip file": (b"\x1f\x8b\x08\x00zzz\n", "Line 1 of .* Unpack the file first"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_bad_lines(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_word_vectors(write(text), ["the", "cat"])


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_word_vectors(tmp_path / "nowhere.txt", ["the"])


@given(data=st.one_of(st.binary(max_size=60), st.lists(st.sampled_from([*b"a 01.e-\n\r\xc3"]), max_size=40).map(bytes)))
def test_any_bytes_are_read_or_refused_by_line(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "vectors"
    path.write_bytes(data)
    found = {}
    with pytest.raises(ValueError, match=re.escape(str(path))) if _is_refused(path) else nullcontext():
        found = read_word_vectors(path, WANTED)
    assert all(np.isfinite(vector).all() for vector in found.values())
    assert len({len(vector) for vector in found.values()}) <= 1


WANTED = ["a", "0", ""]


def _is_refused(path):
    try:
        read_word_vectors(path, WANTED)
    except ValueError:
        return True
    return False


def test_a_mapping_is_printed_in_a_line_and_shared_by_copies():
    vectors = {f"word {number}": np.zeros(300) for number in range(1000)}
    wrapped = WordVectors.wrap(vectors)
    assert repr(wrapped) == "<vectors of 1000 words>"
    assert WordVectors.wrap(wrapped) is wrapped
    assert copy.deepcopy(wrapped).vectors is vectors
    assert copy.copy(wrapped).vectors is vectors
    assert pickle.loads(pickle.dumps(wrapped)).keys() == vectors.keys()
    assert wrapped["word 3"] is vectors["word 3"]
    assert "word 3" in wrapped
    assert "other" not in wrapped
    array = np.zeros((3, 2))
    assert WordVectors.wrap(array) is array
    assert WordVectors.wrap(None) is None
    assert WordVectors.wrap("a path") == "a path"
