"""Containers for X: feature names are checked, lists leave lengths free, missing values are padding or an error."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import KFold, cross_val_predict, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRUClassifier, SimpleRNNClassifier
from skrnn.preprocessing import ImageToSequence, TextToSequence, TimeDistributed

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 5, 2)).astype(np.float32)
Y = np.arange(12) % 2
FRAMES = [pd.DataFrame(x, columns=["temp", "rain"]) for x in X]
SWAPPED = [frame[["rain", "temp"]] for frame in FRAMES]
NESTED = pd.DataFrame({"temp": [x[:, 0] for x in X], "rain": [pd.Series(x[:, 1]) for x in X]})
IDS = RNG.integers(1, 9, (12, 5))
RAGGED = [x[: 2 + row % 3, 0] for row, x in enumerate(X)]


def small(**parameters):
    return GRUClassifier(3, epochs=1, random_state=0, **parameters)


# Feature names


@pytest.mark.parametrize(
    "named",
    [FRAMES, pd.Series(FRAMES), NESTED, [pl.DataFrame(x, schema=["temp", "rain"]) for x in X]],
    ids=["frames", "series of frames", "nested frame", "polars frames"],
)
def test_frames_are_read_as_arrays(named):
    fitted = small().fit(named, Y)
    assert fitted.n_features_in_ == 2
    assert fitted.feature_names_in_.tolist() == ["temp", "rain"]
    assert_array_equal(fitted.predict_proba(named), small().fit(X, Y).predict_proba(X))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "staged_predict_proba"])
def test_columns_in_another_order_are_rejected(method):
    fitted = small().fit(FRAMES, Y)
    for classifier in (fitted, fitted.freeze()):
        for X_swapped in (SWAPPED, NESTED[["rain", "temp"]]):
            with pytest.raises(ValueError, match="Feature names must be in the same order as they were in fit"):
                list(getattr(classifier, method)(X_swapped))
        with pytest.raises(ValueError, match="Feature names unseen at fit time:\n- snow"):
            list(getattr(classifier, method)([frame.rename(columns={"rain": "snow"}) for frame in FRAMES]))


def test_columns_in_another_order_are_rejected_in_training():
    with pytest.raises(ValueError, match=r"Sequence 1 of X has the feature names \['temp', 'rain'\], but sequence 0"):
        small().fit([SWAPPED[0], *FRAMES[1:]], Y)
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        small().fit(FRAMES, Y, X_val=SWAPPED, y_val=Y)
    fitted = small(warm_start=True).fit(FRAMES, Y)
    for method in (fitted.fit, fitted.partial_fit):
        with pytest.raises(ValueError, match="Feature names must be in the same order"):
            method(SWAPPED, Y)


def test_names_on_one_side_only_give_a_warning():
    with pytest.warns(UserWarning, match="X does not have valid feature names, but GRUClassifier was fitted with"):
        small().fit(FRAMES, Y).predict(X)
    with pytest.warns(UserWarning, match="X has feature names, but GRUClassifier was fitted without feature names"):
        small().fit(X, Y).predict(FRAMES)


def test_fitting_again_forgets_the_names():
    fitted = small().fit(FRAMES, Y).fit(X, Y)
    assert not hasattr(fitted, "feature_names_in_")


# Lengths


def test_lists_leave_lengths_free_whatever_fit_has_seen():
    equal = [x[:, 0] for x in X]
    for given in (equal, tuple(equal), pd.Series(equal), [x.tolist() for x in equal], pl.Series([[*x] for x in equal])):
        fitted = small().fit(given, Y)
        assert fitted.n_features_in_ == 1
        assert_allclose(fitted.predict_proba(given), fitted.predict_proba(X[:, :, :1]), rtol=1e-6)
        assert fitted.predict(RAGGED).shape == (12,)
    trained_on_both = small().fit(equal, Y).partial_fit(RAGGED, Y)
    assert trained_on_both.n_iter_ == 2


def test_every_fold_accepts_the_same_list():
    # The first four are equally long, so one training fold holds only these.
    series = [x[:, 0] for x in X[:8]] + RAGGED[:4]
    folds = KFold(3)
    assert cross_val_predict(small(), series, Y, cv=folds).shape == (12,)
    classifier = SimpleRNNClassifier(3, epochs=1, random_state=0)
    _, train_scores, test_scores = learning_curve(classifier, series, Y, cv=folds, train_sizes=[4, 8])
    assert np.isfinite(train_scores).all()
    assert np.isfinite(test_scores).all()


def test_arrays_are_tables_of_fixed_width():
    table = X[:, :, 0]
    fitted = small().fit(table, Y)
    assert fitted.n_features_in_ == 5
    assert_array_equal(fitted.predict_proba(list(table)), fitted.predict_proba(table))
    with pytest.raises(ValueError, match="X has 4 features, but GRUClassifier is expecting 5"):
        fitted.predict(list(table[:, :4]))
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        fitted.predict(RAGGED)
    assert str(caught.value) == (
        "X holds sequences of 2 to 4 steps, but GRUClassifier was fitted on a table of 5 columns, an array or a data "
        "frame, whose number of steps is fixed. To leave it free, fit on a list of sequences, or on an array of "
        "shape (n_samples, n_timesteps, 1)."
    )


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        (
            [X[0], X[1][:3]],
            "X holds sequences of 2 features per step, but GRUClassifier was fitted on a table of 5 columns, which has "
            "one number per step.",
        ),
        ([X[0, :, 0], X[1]], "Sequence 1 of X has 2 features per step, but sequence 0 of X has one number per step."),
    ],
)
def test_sequences_of_features_are_no_rows_of_a_table(sequences, message):
    with pytest.raises(ValueError, match=message):
        small().fit(X[:, :, 0], Y).predict(sequences)


def test_an_array_after_a_list_of_equal_lengths_has_their_width():
    fitted = small().fit(list(X[:, :, 0]), Y)
    with pytest.raises(ValueError, match="X has 4 columns, but GRUClassifier was fitted on sequences of 5 steps"):
        fitted.predict(X[:, :4, 0])


def test_bytes_in_a_list_are_scaled_as_in_an_array():
    pixels = RNG.integers(0, 256, (12, 4, 3)).astype(np.uint8)
    images = ImageToSequence(dtype="uint8").fit_transform(pixels)
    fitted = small().fit(images, Y)
    expected = fitted.predict_proba(images)
    assert_allclose(fitted.predict_proba(list(images)), expected, rtol=1e-5)
    assert_allclose(fitted.predict_proba([*images[:1], images[1][:2]])[0], expected[0], rtol=1e-5)
    assert_allclose(small().fit(list(images), Y).predict_proba(images), expected, rtol=1e-5)


# Token ids


@pytest.mark.parametrize(
    "ids",
    [
        pd.DataFrame(IDS).astype("Int64"),
        pd.DataFrame(IDS).astype("UInt8"),
        pd.DataFrame(IDS).astype("int64[pyarrow]"),
        pd.DataFrame(IDS).astype(object),
        pl.DataFrame(IDS),
        pa.table({str(step): IDS[:, step] for step in range(5)}),
        pl.Series(IDS.tolist()),
        pl.DataFrame({"words": IDS.tolist()}),
        pd.DataFrame({"words": IDS.tolist()}),
        [pd.Series(row, dtype="Int64") for row in IDS],
        tf.ragged.constant(IDS.tolist()),
    ],
    ids=lambda ids: type(ids).__module__,
)
def test_ids_are_read_from_any_container(ids):
    expected = small(embedding_dim=2).fit(IDS, Y).predict_proba(IDS)
    assert_array_equal(small(embedding_dim=2).fit(ids, Y).predict_proba(ids), expected)


@pytest.mark.parametrize("mask_zero", [True, False])
@pytest.mark.parametrize("dtype", ["Int64", "int64[pyarrow]", "float64", object])
def test_missing_ids_at_either_edge_are_padding(dtype, mask_zero):
    shorter = [IDS[0, :3], IDS[1, 2:], *IDS[2:]]
    frame = pd.DataFrame(IDS).astype("Int64")
    frame.iloc[0, 3:] = pd.NA
    frame.iloc[1, :2] = pd.NA
    frame = frame.astype(dtype)
    fitted = small(embedding_dim=2, mask_zero=mask_zero).fit(frame, Y)
    expected = small(embedding_dim=2, mask_zero=mask_zero).fit(shorter, Y)
    assert_allclose(fitted.predict_proba(frame), expected.predict_proba(shorter), rtol=1e-6)


def test_missing_ids_elsewhere_are_an_error():
    hole = pd.DataFrame(IDS).astype("Int64")
    hole.iloc[3, 2] = pd.NA
    with pytest.raises(ValueError, match="Input X contains NaN: sequence 3 of X at step 2"):
        small(embedding_dim=2).fit(hole, Y)
    hole.iloc[3] = pd.NA
    with pytest.raises(ValueError, match="Sequence 3 of X has no steps: all of its values are NaN"):
        small(embedding_dim=2).fit(hole, Y)


@pytest.mark.parametrize("dtype", [int, float])
def test_ids_without_steps_are_an_error(dtype):
    with pytest.raises(ValueError, match="Sequence 0 of X has no steps; a minimum of 1 is required"):
        small(embedding_dim=2).fit(np.empty((12, 0), dtype=dtype), Y)
    with pytest.raises(ValueError, match="Sequence 0 of X has no steps: all of its values are NaN"):
        small(embedding_dim=2).fit(np.full((12, 3), np.nan), Y)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (99, "Token ids must lie below vocabulary_size=50, but sequence 1 of X at step 3 holds 99"),
        (-2, "Token ids must lie between 0 and 2147483647, but sequence 1 of X at step 3 holds -2"),
        (2.5, "integers from 0 on, but sequence 1 of X at step 3 holds 2.5"),
        (np.inf, "contains infinity or a value too large .*: sequence 1 of X at step 3"),
        (np.nan, "Input X contains NaN: sequence 1 of X at step 3"),
    ],
)
@pytest.mark.parametrize("container", [np.array, list], ids=["array", "list"])
def test_padding_before_a_wrong_id_counts_as_steps(container, wrong, message):
    ids = IDS.astype(np.float64)
    ids[1, :2] = np.nan
    ids[1, 3] = wrong
    with pytest.raises(ValueError, match=message):
        small(embedding_dim=2, vocabulary_size=50).fit(container(ids), Y)


def test_a_text_without_words_has_a_prediction_padded_or_not():
    texts, y = ["good film", "bad film", "", "so good"], [1, 0, 0, 1]
    for start_token in (True, False):
        parameters = {"start_token": start_token, "padding": "post"}
        ragged = make_pipeline(TextToSequence(max_length=None, **parameters), small(embedding_dim=2)).fit(texts, y)
        padded = make_pipeline(TextToSequence(max_length=5, **parameters), small(embedding_dim=2)).fit(texts, y)
        assert_allclose(ragged.predict_proba(texts), padded.predict_proba(texts), rtol=1e-6)


# Labels


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (pd.Series(Y).astype("Int64"), [0, 1]),
        (pd.Series(Y).astype("int64[pyarrow]"), [0, 1]),
        (pd.Series(Y).astype("boolean"), [False, True]),
        (pd.Series(Y).astype(bool), [False, True]),
        (pd.Series(Y).astype("category"), [0, 1]),
        (pd.Series(Y.astype(str), dtype="string"), ["0", "1"]),
        (pd.Series(Y.astype(str), dtype="string[pyarrow]"), ["0", "1"]),
        (pl.Series(Y), [0, 1]),
        (pl.Series(Y.astype(str)).cast(pl.Categorical), ["0", "1"]),
        (pa.chunked_array([Y]), [0, 1]),
        (pa.array(Y), [0, 1]),
        (tf.constant(Y), [0, 1]),
    ],
    ids=lambda value: getattr(value, "__module__", "") if hasattr(value, "shape") else None,
)
def test_labels_of_any_container_keep_their_type(y, classes):
    fitted = small().fit(X, y)
    assert fitted.classes_.tolist() == classes
    assert [type(label) for label in fitted.classes_.tolist()] == [type(label) for label in classes]
    assert fitted.score(X, y) == small().fit(X, Y).score(X, Y)


@pytest.mark.parametrize(
    "y",
    [
        [None, *Y[1:].tolist()],
        pd.Series([pd.NA, *Y[1:]], dtype="Int64"),
        pd.Series([None, *Y[1:].astype(str)]),
        pd.Series([pd.NA, *Y[1:].astype(str)], dtype="string"),
        pl.Series([None, *Y[1:].tolist()]),
    ],
    ids=["list", "Int64", "texts", "string", "polars"],
)
def test_a_missing_label_is_an_error(y):
    with pytest.raises(ValueError, match="Input y contains NaN"):
        small().fit(X, y)


@pytest.mark.parametrize(
    "y",
    [
        pd.array(Y, dtype="Int64"),
        Y.astype(object),
        dict(enumerate(Y.tolist())).values(),
        pd.DataFrame({"y": pd.array(Y, dtype="Int64")})["y"].array,
    ],
    ids=["Int64", "objects", "values of a dict", "array of a column"],
)
def test_labels_that_are_integers_stay_integers(y):
    assert small().fit(X, y).classes_.dtype.kind == "i"


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.ma.array(Y, mask=np.arange(12) == 1), "Input y contains NaN: sample 1 has no label"),
        (pd.Series([pd.NaT, *pd.to_datetime(Y[1:])]), "Input y contains NaN: sample 0 has no label"),
        ([np.nan, *Y[1:].astype(str).tolist()], "Input y contains NaN: sample 0 has no label"),
        ([1, *Y[1:].astype(str).tolist()], "Unknown label type: y holds texts and other labels, such as '1' and 1"),
        (dict(enumerate(Y)), "y must be an array with one label per sequence"),
        ({*range(12)}, "y must be an array with one label per sequence"),
        ("abababababab", "y must be an array with one label per sequence. Got 'abababababab'"),
        ([[0], [1, 2]] * 6, r"All rows of y must have the same shape: row 1 has \(2,\), row 0 has \(1,\)"),
        (pl.Series([{"a": 0}, {"a": 1}] * 6), "y holds records of several fields"),
    ],
    ids=["mask", "NaT", "NaN among texts", "types", "dict", "set", "text", "ragged", "records"],
)
def test_what_is_no_label_is_an_error(y, message):
    with pytest.raises(ValueError, match=message):
        small().fit(X, y)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (np.ma.array(np.ones(12), mask=np.arange(12) == 1), ValueError, "Input sample_weight contains NaN"),
        ([None, *[1] * 11], ValueError, "Input sample_weight contains NaN"),
        (pd.Series(pd.to_datetime(Y)), ValueError, "sample_weight holds dates or times"),
        (["1"] * 12, ValueError, "sample_weight holds values of type <U1"),
        ([10**400] * 12, ValueError, "sample_weight holds an integer that is too large"),
        ({0: 1}, TypeError, "sample_weight holds {0: 1}, of type dict"),
        (scipy.sparse.csr_array(np.ones((12, 1))), TypeError, "Sparse data was passed for sample_weight"),
    ],
    ids=["mask", "None", "dates", "texts", "huge", "dict", "sparse"],
)
def test_what_is_no_weight_is_an_error(weights, error, message):
    fitted = small().fit(X, Y)
    for call in (small().fit, fitted.score, TimeDistributed(StandardScaler()).fit):
        with pytest.raises(error, match=message):
            call(X, Y, sample_weight=weights)


def test_bytes_beside_floats_in_a_list_are_scaled():
    pixels = RNG.integers(0, 256, (12, 4, 3)).astype(np.uint8)
    images = ImageToSequence(dtype="uint8").fit_transform(pixels)
    fitted = small().fit(images, Y)
    mixed = [images[0], *(pixels[1:] / np.float32(255))]
    assert_allclose(fitted.predict_proba(mixed), fitted.predict_proba(images), rtol=1e-5)


# Errors that name the way that works


def test_single_sequences_and_one_row_per_step():
    with pytest.raises(ValueError, match=r"samples: \[5, 1\]\..*A single sequence is a list of one, \[x\]"):
        small().fit(X[0], [1])
    with pytest.raises(ValueError, match=r"y must be an array with one label per sequence\. Got 1 instead"):
        small().fit(X[0], 1)
    long = pd.concat(FRAMES, keys=range(12))
    with pytest.raises(ValueError, match=r"samples: \[60, 12\]\..*If a row is one step of a sequence.*groupby"):
        small().fit(long, Y)
    grouped = [steps for _, steps in long.groupby(level=0)]
    assert_array_equal(small().fit(grouped, Y).predict_proba(grouped), small().fit(X, Y).predict_proba(X))


def test_sparse_input_is_rejected_by_name():
    texts, y = ["good film", "bad film", "good", "bad"], [1, 0, 1, 0]
    for classifier in (small(embedding_dim=2), small()):
        with pytest.raises(TypeError, match=r"Sparse data was passed for X, .*TextToSequence reads the texts"):
            make_pipeline(CountVectorizer(), classifier).fit(texts, y)
    sparse = scipy.sparse.csr_array(np.eye(5))
    for fitted in (small().fit(RAGGED, Y), small().fit(X, Y), small().fit(X[:, :, 0], Y)):
        with pytest.raises(TypeError, match="Sparse data was passed for X"):
            fitted.predict(sparse)
        with pytest.raises(TypeError, match="Sparse data was passed for sequence 0 of X"):
            fitted.predict([sparse, sparse])


@pytest.mark.parametrize(
    ("bad_X", "error", "message"),
    [
        (
            {"seq": X},
            TypeError,
            r"got a dict with the keys \['seq'\]\. A classifier of skrnn has one input: pass the array",
        ),
        ([X, np.arange(12)], ValueError, r"looks like several inputs of a network.*repeated at every step"),
        (
            pd.DataFrame(np.where(np.arange(5) < 3, X[:, :, 0], np.nan)),
            ValueError,
            r"Input X contains NaN: row 0, column 3\..*np\.asarray\(X\)\[:, :, np\.newaxis\].*read as padding",
        ),
        (
            pd.DataFrame({"when": pd.date_range("2020", periods=12)}),
            ValueError,
            r"Column 'when' of X holds dates or times",
        ),
        (
            pd.DataFrame({"a": [x[:, 0] for x in X], "age": 30}),
            ValueError,
            r"Row 0 of X has 30 in column 'age', where others hold series.*repeat a value",
        ),
    ],
    ids=["dict", "several inputs", "padded table", "dates", "static feature"],
)
def test_errors_name_the_cure(bad_X, error, message):
    with pytest.raises(error, match=message):
        small().fit(bad_X, Y)
