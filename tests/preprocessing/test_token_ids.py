"""Token ids keep their vocabulary wherever rows of X go, and are ordinary arrays otherwise."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import train_test_split
from sklearn.utils import resample

from skrnn.preprocessing import SequencePadder, TextToSequence, TokenIds
from skrnn.preprocessing.token_ids import digest_of, vocabulary_of

TEXTS = ["the cat sat", "the dog sat", "a cat", "the end of it"]
ENCODERS = {"padded": TextToSequence(max_length=5), "object": TextToSequence(max_length=None)}


@pytest.fixture(params=ENCODERS)
def ids(request):
    return ENCODERS[request.param].fit_transform(TEXTS)


KEEP = {
    "slice": lambda X: X[1:],
    "rows": lambda X: X[[2, 0]],
    "mask": lambda X: X[np.array([True, False, True, True])],
    "copy": lambda X: X.copy(),
    "copy.copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda X: pickle.loads(pickle.dumps(X)),
    "pickle 2": lambda X: pickle.loads(pickle.dumps(X, protocol=2)),
    "split": lambda X: train_test_split(X, random_state=0)[0],
    "resample": lambda X: resample(X, random_state=0),
}


@pytest.mark.parametrize("change", KEEP)
def test_rows_and_copies_keep_the_vocabulary(ids, change):
    kept = KEEP[change](ids)
    expected = KEEP[change](np.asarray(ids))
    assert type(kept) is TokenIds
    assert kept.vocabulary == ids.vocabulary == ENCODERS["padded"].vocabulary_
    assert kept.dtype == expected.dtype
    assert all(np.array_equal(one, other) for one, other in zip(kept, expected, strict=True))


def test_files_keep_the_vocabulary(ids, tmp_path):
    joblib.dump(ids, tmp_path / "ids")
    loaded = joblib.load(tmp_path / "ids")
    assert type(loaded) is TokenIds
    assert loaded.vocabulary == ids.vocabulary


def test_transform_and_fit_transform_have_the_same_vocabulary():
    encoder = TextToSequence(max_length=3)
    first = encoder.fit_transform(TEXTS)
    assert first.vocabulary is encoder.vocabulary_
    assert encoder.transform(["the unknown"]).vocabulary is encoder.vocabulary_


def test_arithmetic_gives_plain_arrays():
    ids = ENCODERS["padded"].fit_transform(TEXTS)
    plain = np.asarray(ids)
    assert type(plain) is np.ndarray
    for result, expected in [
        (ids + 1, plain + 1), (ids == plain, plain == plain), (ids > ids, plain > plain), (-ids, -plain),
        (np.where(ids > 4, ids, 0), np.where(plain > 4, plain, 0)),
        (np.add.outer(ids[0], ids[1]), np.add.outer(plain[0], plain[1])),
        (np.concatenate([ids, ids]), np.concatenate([plain, plain])),
    ]:  # fmt: skip
        assert type(result) is np.ndarray
        assert_array_equal(result, expected)
    assert type(ids.max()) is np.int32
    assert repr(ids) == repr(plain)
    assert str(ids) == str(plain)
    assert ids.max(axis=1).tolist() == plain.max(axis=1).tolist()


def test_assignment_and_arithmetic_in_place_change_the_array_itself():
    ids = ENCODERS["padded"].fit_transform(TEXTS).copy()
    expected = np.asarray(ids) * 2
    ids *= 2
    assert type(ids) is TokenIds
    assert_array_equal(ids, expected)
    out = np.empty_like(np.asarray(ids))
    assert np.multiply(ids, 2, out=out) is out
    assert_array_equal(out, expected * 2)


def test_the_vocabulary_of_a_list_is_that_of_all_rows():
    ids = ENCODERS["padded"].fit_transform(TEXTS)
    other = TextToSequence(max_length=5).fit_transform(["something else"])
    assert vocabulary_of([ids[0], ids[1]]) == ids.vocabulary
    assert vocabulary_of([ids[0], other[0]]) is None
    assert vocabulary_of([ids[0], [1, 2]]) is None
    assert vocabulary_of(np.asarray(ids)) is None
    assert vocabulary_of([]) is None


def test_digests_depend_on_words_and_ids_and_not_on_their_order():
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    digests = {digest_of(v) for v in ({"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 1}, {"a": 1, "c": 2}, {"a": 1, 2: 2})}
    assert len(digests) == 5
    growing = {"a": 1}
    first = digest_of(growing)
    growing["b"] = 2
    assert digest_of(growing) == digest_of({"a": 1, "b": 2}) != first


def test_a_padder_passes_the_vocabulary_on():
    ids = TextToSequence(max_length=None).fit_transform(TEXTS)
    padded = SequencePadder().fit_transform(ids)
    assert padded.vocabulary is ids.vocabulary
    assert padded.shape == (4, 5)
    assert type(SequencePadder().fit_transform([[1, 2], [3]])) is np.ndarray
    assert type(SequencePadder().fit_transform([[1.0, 2.0], [3.0]])) is np.ndarray
