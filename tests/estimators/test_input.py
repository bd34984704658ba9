"""What X may be: how each form is read in fit, and what may come later."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier, LSTMClassifier
from skrnn.estimators import base
from skrnn.estimators.sequences import read_like, read_new
from skrnn.preprocessing import ImageToSequence

X3 = np.random.default_rng(0).normal(size=(6, 4, 3)).astype(np.float32)
Y = np.array([0, 1, 2, 0, 1, 2])
IDS = np.array([[3, 1, 2], [1, 2, 0], [2, 2, 3], [1, 0, 0]])


def objects(rows):
    array = np.empty(len(rows), dtype=object)
    array[:] = rows
    return array


def read(X, **params):
    estimator = LSTMClassifier(**params)
    form, sequences = read_new(estimator, X)
    return estimator, form, sequences


@pytest.mark.parametrize(
    ("X", "kind", "n_features_in", "shape"),
    [
        (X3[:, :, 0], "table", 4, (6, 4, 1)),
        (X3[:, :, 0].tolist(), "univariate", 1, (6, 4, 1)),
        (pd.DataFrame(X3[:, :, 0]), "table", 4, (6, 4, 1)),
        ((16 * np.abs(X3[:, :, 0])).astype(int), "table", 4, (6, 4, 1)),
        (X3, "sequences", 3, (6, 4, 3)),
        (X3.tolist(), "sequences", 3, (6, 4, 3)),
        ((16 * np.abs(X3)).astype(np.uint16), "sequences", 3, (6, 4, 3)),
        (list(X3), "sequences", 3, (6, 4, 3)),
        ([X3[0, :2], *X3[1:]], "sequences", 3, (6, 4, 3)),
        (objects([X3[0, :2], *X3[1:]]), "sequences", 3, (6, 4, 3)),
        (pd.Series([X3[0, :2], *X3[1:]]), "sequences", 3, (6, 4, 3)),
        ([X3[0, :2, 0], *X3[1:, :, 0]], "univariate", 1, (6, 4, 1)),
        ([[1.0, 2.0], [3.0]], "univariate", 1, (2, 2, 1)),
    ],
)
def test_numbers_are_read_as_float32_sequences(X, kind, n_features_in, shape):
    estimator, form, sequences = read(X)
    assert form.kind == kind
    assert estimator.n_features_in_ == n_features_in
    assert sequences.values.shape == shape
    assert sequences.values.dtype == np.float32


BYTES = np.random.default_rng(1).integers(0, 256, (40, 6, 5)).astype(np.uint8)


@pytest.mark.filterwarnings("ignore::skrnn.InputWarning")
def test_bytes_stay_bytes_until_they_are_in_the_graph():
    _, form, sequences = read(BYTES)
    assert sequences.values is BYTES
    assert form.byte_scale == 1.0
    y = np.arange(40) % 2
    parameters = {"epochs": 2, "batch_size": 16, "random_state": 0}
    as_bytes = GRUClassifier(3, **parameters).fit(BYTES, y)
    as_floats = GRUClassifier(3, **parameters).fit(BYTES.astype(np.float32), y)
    assert_allclose(as_bytes.history_["loss"], as_floats.history_["loss"], rtol=1e-6)
    assert_allclose(as_bytes.predict_proba(BYTES), as_floats.predict_proba(BYTES), rtol=1e-5)


def test_bytes_of_images_carry_their_scale(monkeypatch):
    y = np.arange(40) % 2
    parameters = {"epochs": 2, "batch_size": 16, "random_state": 0}
    as_bytes = make_pipeline(ImageToSequence(dtype="uint8"), LSTMClassifier(3, **parameters)).fit(BYTES, y)
    as_floats = make_pipeline(ImageToSequence(), LSTMClassifier(3, **parameters)).fit(BYTES, y)
    assert_allclose(as_bytes[-1].history_["loss"], as_floats[-1].history_["loss"], rtol=1e-6)
    expected = as_floats.predict_proba(BYTES)
    for small in (base._SMALL, 0):  # through NumPy and through the graph
        monkeypatch.setattr(base, "_SMALL", small)
        assert_allclose(as_bytes.predict_proba(BYTES), expected, rtol=1e-5)
        # Each reads what the other's images became.
        assert_allclose(as_bytes[-1].predict_proba(as_floats[0].transform(BYTES)), expected, rtol=1e-5)
        assert_allclose(as_floats[-1].predict_proba(as_bytes[0].transform(BYTES)), expected, rtol=1e-5)
    for plain in (BYTES, [BYTES[0], BYTES[1][:3]]):
        with pytest.raises(ValueError, match=r"Sequence 0 of X holds bytes without a scale, but .* divided by 255"):
            as_bytes[-1].predict_proba(plain)


def test_columns_of_a_data_frame_are_named_and_checked():
    table = pd.DataFrame(X3[:, :, 0], columns=list("abcd"))
    fitted = GRUClassifier(2, epochs=1).fit(table, Y)
    assert_array_equal(fitted.feature_names_in_, ["a", "b", "c", "d"])
    fitted.fit(X3, Y)
    assert not hasattr(fitted, "feature_names_in_")


@pytest.mark.parametrize(
    ("X", "ids", "masked"),
    [
        (IDS, IDS, False),
        (IDS.tolist(), IDS, False),
        (pd.DataFrame(IDS), IDS, False),
        (IDS.astype(np.uint8), IDS, False),
        ([[3, 1, 2], [1, 2]], [[3, 1, 2], [1, 2, 0]], False),
        (objects([np.array([3, 1, 2]), np.array([1, 2])]), [[3, 1, 2], [1, 2, 0]], False),
    ],
)
def test_ids_are_read_as_int32(X, ids, masked):
    estimator, form, sequences = read(X, embedding_dim=2)
    assert form.kind == "token_ids"
    assert form.vocabulary_size == 4
    assert estimator.n_features_in_ == 1
    assert sequences.values.dtype == np.int32
    assert sequences.masked == masked
    assert_array_equal(sequences.values, ids)


def test_padding_of_ids_is_told_from_an_ordinary_zero():
    _, _, sequences = read([[3, 1, 2], [1, 0]], embedding_dim=2, mask_zero=False)
    assert_array_equal(sequences.values, [[3, 1, 2], [1, 0, -1]])
    assert sequences.masked


def test_steps_of_nan_at_either_edge_are_padding():
    X = X3.copy()
    X[0, :2] = np.nan
    X[1, 3:] = np.nan
    X[2, 0] = X[2, 3] = np.nan
    _, _, sequences = read(X)
    assert sequences.masked
    assert_array_equal(sequences.values[0], [X3[0, 2], X3[0, 3], [np.nan] * 3, [np.nan] * 3])
    assert_array_equal(sequences.values[1], [*X3[1, :3], [np.nan] * 3])
    assert_array_equal(sequences.values[2], [*X3[2, 1:3], [np.nan] * 3, [np.nan] * 3])
    assert_array_equal(sequences.values[3:], X3[3:])


def test_padding_that_every_row_has_is_cut_off():
    X = np.concatenate([np.full((6, 2, 3), np.nan), X3, np.full((6, 1, 3), np.nan)], axis=1)
    _, _, sequences = read(X)
    assert_array_equal(sequences.values, X3)
    assert not sequences.masked


def test_input_is_not_changed():
    X = X3.copy()
    X[0, 0] = np.nan
    before = X.copy()
    GRUClassifier(2, epochs=1).fit(X, Y).predict(X)
    assert_array_equal(X, before)
    ids = IDS.astype(np.int32)
    before = ids.copy()
    fitted = GRUClassifier(2, epochs=1, embedding_dim=2).fit(ids, [0, 1, 0, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted.predict(ids + 1)
    assert_array_equal(ids, before)


# Later input


def test_equal_lengths_never_change_the_reading():
    ragged = [X3[0, :2], *X3[1:]]
    fitted = GRUClassifier(2, epochs=1, random_state=0).fit(ragged, Y)
    expected = fitted.predict_proba(ragged)
    for row, x in enumerate(ragged):
        assert_allclose(fitted.predict_proba([x])[0], expected[row], rtol=1e-6)
        assert_allclose(fitted.predict_proba(x[None])[0], expected[row], rtol=1e-6)
    single = [x[:, 0] for x in ragged]
    fitted = GRUClassifier(2, epochs=1, random_state=0).fit(single, Y)
    expected = fitted.predict_proba(single)
    assert_allclose(fitted.predict_proba(single[1:]), expected[1:], rtol=1e-6)
    assert_allclose(fitted.predict_proba(np.stack(single[1:])), expected[1:], rtol=1e-6)
    assert_allclose(fitted.predict_proba(np.stack(single[1:])[:, :, None]), expected[1:], rtol=1e-6)


def test_sequences_may_be_longer_than_in_fit():
    fitted = GRUClassifier(2, epochs=1).fit(X3, Y)
    assert fitted.predict_proba(np.concatenate([X3, X3], axis=1)).shape == (6, 3)
    assert fitted.predict_proba([X3[0], np.concatenate([X3[1], X3[1]])]).shape == (2, 3)
    ids = GRUClassifier(2, epochs=1, embedding_dim=2).fit(IDS, [0, 1, 0, 1])
    assert ids.predict_proba([[1, 2, 3, 1, 2, 3, 1], [1]]).shape == (2, 2)


def test_masked_unknown_id_counts_as_if_it_were_not_there():
    for mask_zero in (True, False):
        fitted = LSTMClassifier(3, epochs=1, embedding_dim=2, mask_zero=mask_zero).fit(IDS + 1, [0, 1, 0, 1])
        with pytest.warns(UserWarning, match="X holds 1 token ids of 5 and above"):
            probabilities = fitted.predict_proba([[1, 99, 2]])
        assert_allclose(probabilities, fitted.predict_proba([[1, 2]]), rtol=1e-6)


def test_text_of_unknown_words_only_still_has_a_prediction():
    for pooling in ("last", "mean", "max"):
        fitted = LSTMClassifier(3, epochs=1, embedding_dim=2, pooling=pooling).fit(IDS, [0, 1, 0, 1])
        probabilities = fitted.predict_proba(np.zeros((2, 3), dtype=int))
        assert np.isfinite(probabilities).all()
        assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def test_read_like_does_not_touch_the_estimator():
    estimator, form, _ = read(X3)
    before = dict(vars(estimator))
    read_like(form, estimator, [X3[0, :1], X3[1]])
    assert vars(estimator) == before
