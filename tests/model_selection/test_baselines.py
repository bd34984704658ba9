"""Baselines of other kinds: which ones suit an input, and that they read all its containers, fold by fold."""

import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_validate, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import GRUClassifier, LSTMClassifier
from skrnn.datasets import fetch_mnist, load_digits, make_adding_problem, make_reviews
from skrnn.model_selection import compare_architectures
from skrnn.model_selection.baselines import _Flatten, _Summary, _TokenCounts, baselines_for
from skrnn.preprocessing import SequencePadder, TextToSequence
from skrnn.preprocessing.reading import to_object_array

NUMBERS = ["dummy", "logistic regression", "random forest"]
WORDS = ["dummy", "bag of words"]
EMBEDDING = {"GRU": GRUClassifier(embedding_dim=4)}
TEXTS = {"GRU": make_pipeline(TextToSequence(), GRUClassifier(embedding_dim=4))}

RNG = np.random.default_rng(0)
Y = np.arange(30) % 3
EQUAL = RNG.normal(size=(30, 4, 2)) + Y[:, np.newaxis, np.newaxis]
RAGGED = [x[: 2 + row % 3] for row, x in enumerate(EQUAL)]
IDS = [RNG.integers(1 + 2 * label, 5 + 2 * label, RNG.integers(3, 7)) for label in Y]
SENTENCES = [" ".join("abcdefghij"[id_] * 2 for id_ in ids) for ids in IDS]


def frames(sequences):
    return [pd.DataFrame(x, columns=["temp", "rain"]) for x in sequences]


def nested(sequences):
    return pd.DataFrame({"temp": [x[:, 0] for x in sequences], "rain": [pd.Series(x[:, 1]) for x in sequences]})


def seeded(X, y, estimators, n_trees=5, X_test=None):
    """Return the baselines with seeds, and small forests where scores do not matter."""
    baselines = baselines_for(X, y, estimators, X_test)
    for name, baseline in baselines.items():
        trees = {"n_estimators": n_trees} if name == "random forest" else {}
        baseline[-1].set_params(random_state=0, **trees)
    return baselines


def predictions(X, y, estimators):
    """Return the cross-validated probabilities of each baseline."""
    return {
        name: cross_val_predict(baseline, X, y, cv=KFold(3), method="predict_proba")
        for name, baseline in seeded(X, y, estimators).items()
    }


def scores(X, y, estimators=(), **parameters):
    return {
        name: cross_validate(baseline, X, y, error_score="raise", **parameters)["test_score"].mean()
        for name, baseline in seeded(X, y, dict(estimators), n_trees=100).items()
    }


def assert_same(found, expected):
    assert [*found] == [*expected]
    for name in expected:  # sums depend on the order of the numbers in memory, by less than that
        assert_allclose(found[name], expected[name], rtol=1e-6, err_msg=name)


@pytest.fixture(scope="module")
def flattened():
    return predictions(EQUAL, Y, {})


@pytest.fixture(scope="module")
def summarised():
    return predictions(RAGGED, Y, {})


@pytest.fixture(scope="module")
def counted():
    return predictions(IDS, Y, EMBEDDING)


@pytest.fixture(scope="module")
def worded():
    return predictions(SENTENCES, Y, TEXTS)


# Containers


@pytest.mark.parametrize(
    "X",
    [
        [*EQUAL],
        tuple(EQUAL),
        EQUAL.tolist(),
        to_object_array([*EQUAL]),
        pd.Series([*EQUAL]),
        frames(EQUAL),
        pd.Series(frames(EQUAL)),
        nested(EQUAL),
        EQUAL.reshape(30, 8),
        pd.DataFrame(EQUAL.reshape(30, 8), columns=[*"abcdefgh"]),
        pl.DataFrame(EQUAL.reshape(30, 8), schema=[*"abcdefgh"]),
        [x.reshape(4, 2, 1) for x in EQUAL],
        EQUAL[..., np.newaxis],
    ],
    ids=lambda X: type(X).__name__,
)
def test_sequences_of_one_length_are_flattened(X, flattened):
    assert [*flattened] == NUMBERS
    assert (flattened["logistic regression"].argmax(axis=1) == Y).mean() > 0.8
    assert_same(predictions(X, Y, {}), flattened)


@pytest.mark.parametrize(
    "X",
    [
        to_object_array(RAGGED),
        [x.tolist() for x in RAGGED],
        frames(RAGGED),
        nested(RAGGED),
        SequencePadder().fit_transform(RAGGED),
        SequencePadder(6, padding="pre").fit_transform(RAGGED),
    ],
    ids=lambda X: type(X).__name__,
)
def test_sequences_of_unequal_lengths_are_summarised(X, summarised):
    assert [*summarised] == NUMBERS
    assert (summarised["logistic regression"].argmax(axis=1) == Y).mean() > 0.7
    assert_same(predictions(X, Y, {}), summarised)


@pytest.mark.parametrize(
    "X",
    [
        to_object_array(IDS),
        [x.tolist() for x in IDS],
        pd.Series(IDS),
        pl.Series([x.tolist() for x in IDS]),
        SequencePadder().fit_transform(IDS),
        SequencePadder(9, padding="pre").fit_transform(IDS),
        pd.DataFrame(SequencePadder().fit_transform(IDS)).replace(0, np.nan),
    ],
    ids=lambda X: type(X).__name__,
)
def test_token_ids_are_a_bag_of_words(X, counted):
    assert [*counted] == WORDS
    assert (counted["bag of words"].argmax(axis=1) == Y).mean() > 0.7
    assert_same(predictions(X, Y, EMBEDDING), counted)


@pytest.mark.parametrize("kind", [np.array, to_object_array, pd.Series, tuple, pl.Series, pa.array])
def test_texts_are_a_bag_of_words(kind, worded):
    assert [*worded] == WORDS
    X = kind(SENTENCES)
    assert [*baselines_for(X, Y, TEXTS)] == WORDS
    bag = baselines_for(X, Y, TEXTS)["bag of words"].fit(X, Y)
    assert_allclose(bag.predict_proba(SENTENCES), bag.predict_proba(X))


def test_the_bag_of_words_is_that_of_scikit_learn(worded):
    own = make_pipeline(TfidfVectorizer(), LogisticRegression())
    expected = cross_val_predict(own, SENTENCES, Y, cv=KFold(3), method="predict_proba")
    assert_allclose(worded["bag of words"], expected, atol=1e-3)  # words in another order: another path to the optimum


def test_the_whole_of_X_decides_and_not_a_fold():
    X = [*EQUAL[:20], *(x[:2] for x in EQUAL[20:])]  # the last of three folds trains on one length only
    assert all(np.isfinite(found).all() for found in predictions(X, Y, {}).values())
    assert_same(predictions(SequencePadder().fit_transform(X), Y, {}), predictions(X, Y, {}))


def test_a_fixed_test_set_decides_too():
    for X_test in ([x[:3] for x in EQUAL], SequencePadder().fit_transform(RAGGED), RAGGED):
        for baseline in seeded(EQUAL, Y, {}, X_test=X_test).values():
            assert baseline.fit(EQUAL, Y).predict(X_test).shape == (30,)
    assert_allclose(
        seeded(EQUAL, Y, {}, X_test=EQUAL)["logistic regression"].fit(EQUAL, Y).predict_proba(EQUAL),
        seeded(EQUAL, Y, {})["logistic regression"].fit(EQUAL, Y).predict_proba(EQUAL),
    )


def test_baselines_are_compared_like_any_classifier():
    padded = SequencePadder().fit_transform(RAGGED)
    for X, y, estimators in ((RAGGED, Y, {}), (padded, Y, {}), (SENTENCES, Y, TEXTS)):
        baselines = baselines_for(X, y, estimators)
        comparison = compare_architectures(baselines, X, y, cv=2, random_state=0)
        again = compare_architectures(baselines, X, y, cv=2, random_state=0)
        assert comparison.architectures == tuple(baselines)
        assert comparison.finished.all()
        assert_array_equal(comparison.scores, again.scores)


# What the features are


def test_the_summary_of_each_feature():
    X = [
        np.array([[1.0, 5.0], [3.0, 7.0], [2.0, 9.0]]),
        np.array([[np.nan, np.nan], [4.0, 2.0], [8.0, np.nan], [6.0, 1.0], [np.nan, np.nan]]),  # padding at both ends
        np.array([[7.0, np.nan]]),
    ]
    nan = np.nan
    expected = [
        # length, means, standard deviations, minima, maxima, first and last values
        [3, 2, 7, np.std([1, 3, 2]), np.std([5, 7, 9]), 1, 5, 3, 9, 1, 5, 2, 9],
        [3, 6, 1.5, np.std([4, 8, 6]), 0.5, 4, 1, 8, 2, 4, 2, 6, 1],
        [1, 7, nan, 0, nan, 7, nan, 7, nan, 7, nan, 7, nan],
    ]
    assert_allclose(_Summary().fit_transform(X), expected)
    assert_allclose(_Summary().fit(X).transform(X[1:2]), expected[1:2])


def test_the_summary_of_integers_does_not_overflow():
    X = [np.array([250, 254], dtype=np.uint8), np.array([255], dtype=np.uint8)]
    assert_array_equal(_Summary().fit_transform(X), [[2, 252, 2, 250, 254, 250, 254], [1, 255, 0, 255, 255, 255, 255]])


def test_counts_of_token_ids():
    counts = _TokenCounts().fit([[3, 5, 3], [9]])
    assert counts.ids_.tolist() == [3, 5, 9]
    assert counts.transform([[9, 9, 3], [4, 0, 2**31]]).toarray().tolist() == [[1, 0, 2], [0, 0, 0]]
    assert _TokenCounts(mask_zero=False).fit([[0, 1, 0]]).transform([[0, 0]]).toarray().tolist() == [[2, 0]]


def test_zero_is_a_token_if_the_network_does_not_mask_it():
    unmasked = {"GRU": GRUClassifier(embedding_dim=4, mask_zero=False)}
    for estimators, mask_zero in ((EMBEDDING, True), (unmasked, False)):
        assert baselines_for(IDS, Y, estimators)["bag of words"][0].mask_zero is mask_zero


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(SequencePadder(), GRUClassifier(embedding_dim=4)),
        GridSearchCV(make_pipeline(SequencePadder(), GRUClassifier(embedding_dim=4)), {"gruclassifier__units": [2]}),
        GridSearchCV(GRUClassifier(), {"embedding_dim": [4, 8]}),
        make_pipeline(
            SequencePadder(),
            GridSearchCV(make_pipeline(GRUClassifier()), [{"gruclassifier__embedding_dim": [4]}]),
        ),
    ],
)
def test_an_embedding_is_found_wherever_it_is(estimator):
    assert [*baselines_for(IDS, Y, {"other": LSTMClassifier(), "GRU": estimator})] == WORDS


def test_whole_numbers_are_token_ids_only_for_an_embedding():
    assert [*baselines_for(IDS, Y, {"GRU": GRUClassifier()})] == NUMBERS
    assert [*baselines_for(EQUAL, Y, EMBEDDING)] == NUMBERS  # something in the pipeline makes ids of them


def test_texts_are_split_as_the_estimators_split_them():
    search = GridSearchCV(
        make_pipeline(TextToSequence(5, 2, analyzer=list), GRUClassifier(embedding_dim=4)), {"texttosequence": []}
    )
    bag = baselines_for(["abc", "cdc"] * 15, Y, {"GRU": search})["bag of words"].fit(["abc", "cdc"] * 15, Y)
    assert sorted(bag[0].vocabulary_) == ["a", "b", "c", "d"]  # of texts in any length, and with no limit
    assert bag.predict_proba(["", "zz"]).shape == (2, 3)


def test_missing_values_that_are_no_padding():
    X = EQUAL.copy()
    X[::5, 1, 0] = np.nan
    table = X.reshape(30, 8)
    assert_same(predictions(X, Y, {}), predictions(table, Y, {}))
    ragged = [x[: 3 + row % 2] for row, x in enumerate(X)]
    assert scores(ragged, Y)["random forest"] > 0.6
    table[:, 7] = np.nan  # a column without any value
    assert scores(table, Y)["logistic regression"] > 0.6


# Targets, metadata, configuration


def test_several_labels_for_each_row():
    X, y = make_multilabel_classification(60, 6, n_classes=3, random_state=0)
    for baseline in baselines_for(X, y, {}).values():
        assert baseline.fit(X, y).predict(X).shape == y.shape
    ids = X.astype(int) + 1
    assert baselines_for(ids, y, EMBEDDING)["bag of words"].fit(ids, y).predict(ids).shape == y.shape
    assert baselines_for(X, y, {})["logistic regression"].fit(X, y).score(X, y) > 0.5


@pytest.mark.parametrize(("X", "estimators"), [(EQUAL, {}), (RAGGED, {}), (IDS, EMBEDDING), (SENTENCES, TEXTS)])
def test_sample_weight_repeats_samples_where_metadata_is_routed(X, estimators):
    weights = 1 + Y
    rows = np.repeat(np.arange(30), weights)
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = get_scorer("accuracy").set_score_request(sample_weight=False)
        for name, baseline in seeded(X, Y, estimators).items():
            weighted = clone(baseline).fit(X, Y, sample_weight=weights)
            found = weighted.predict_proba(X)
            repeated = baseline.fit([X[row] for row in rows], Y[rows]).predict_proba(X)
            if name not in {"random forest", "bag of words"}:  # drawn with replacement; frequencies without weights
                assert_allclose(found, repeated, atol=0.01)
            cross_validate(baseline, X, Y, scoring=scorer, params={"sample_weight": weights}, error_score="raise")


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_any_output_of_transformers(output, flattened, summarised, counted, worded):
    with sklearn.config_context(transform_output=output):
        assert_same(predictions(EQUAL, Y, {}), flattened)
        assert_same(predictions(frames(RAGGED), Y, {}), summarised)
        assert_same(predictions(IDS, Y, EMBEDDING), counted)
        assert_same(predictions(SENTENCES, Y, TEXTS), worded)


def test_pipelines_are_not_fitted_and_leave_seeds_to_the_comparison():
    for X, estimators in ((EQUAL, {}), (RAGGED, {}), (IDS, EMBEDDING), (SENTENCES, TEXTS)):
        for baseline in baselines_for(X, Y, estimators).values():
            parameters = baseline.get_params()
            assert {value for name, value in parameters.items() if name.endswith(("__random_state", "__n_jobs"))} == {
                None
            }
            with pytest.raises(NotFittedError):
                baseline.predict(X)
        for baseline in seeded(X, Y, estimators).values():
            fitted = clone(baseline).fit(X, Y)
            assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))


@parametrize_with_checks([_Flatten(), _Summary()])
def test_transformers_pass_the_estimator_checks(estimator, check):
    check(estimator)


# Errors


@pytest.mark.parametrize("name", NUMBERS)
def test_names_must_be_free(name):
    with pytest.raises(ValueError, match=f"estimators has the name '{name}', which a baseline has, too. Rename"):
        baselines_for(EQUAL, Y, {"GRU": GRUClassifier(), name: GRUClassifier()})


def test_a_name_of_no_baseline_for_this_X_is_free():
    assert [*baselines_for(EQUAL, Y, {"bag of words": GRUClassifier()})] == NUMBERS


@pytest.mark.parametrize(
    ("X", "kind"), [(pd.DataFrame({"a": ["x", "y"] * 15, "b": np.arange(30)}), ValueError), ({"a": EQUAL}, TypeError)]
)
def test_what_no_baseline_can_read(X, kind):
    with pytest.raises(kind, match=r"No baselines suit this X: .* compare without baselines, and add classifiers"):
        baselines_for(X, Y, {})


def test_later_input_must_have_the_form_seen_in_fit():
    flatten, named = _Flatten().fit(EQUAL), _Flatten().fit(frames(EQUAL))
    with pytest.raises(
        ValueError, match=r"Sequence 1 of X has shape \(3, 2\), but those seen in fit have shape \(4, 2"
    ):
        flatten.transform([EQUAL[0], EQUAL[1][:3]])
    summary = _Summary().fit(RAGGED)
    for transformer in (flatten, summary):
        with pytest.raises(ValueError, match=r"X has 1 features, but _\w+ is expecting 2 features"):
            transformer.transform([x[:, :1] for x in EQUAL])
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        named.transform([frame[["rain", "temp"]] for frame in frames(EQUAL)])
    with pytest.raises(ValueError, match=r"Sequence 1 of X has no steps; a minimum of 1 is required."):
        summary.transform([RAGGED[0], np.full((2, 2), np.nan)])
    with pytest.raises(ValueError, match=r"Input X contains infinity: sequence 1 of X at step 1."):
        summary.transform([RAGGED[0], np.array([[np.nan, np.nan], [1, np.inf]])])
    for wrong in ([[1, -2]], [[1.5]], EQUAL):
        with pytest.raises(ValueError, match="The bag of words expects token ids: integers from 0 on, one per step"):
            _TokenCounts().fit(IDS).transform(wrong)


# Real data


def test_digits():
    X, y = load_digits(return_X_y=True)
    found = scores(X, y)
    assert found["dummy"] < 0.15
    assert found["logistic regression"] > 0.9
    assert found["random forest"] > 0.9
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    assert baselines_for(X, y, {})["logistic regression"].fit(X, y).score(X_test, y_test) > 0.94


def test_order_is_lost_on_a_bag_of_words():
    texts, y = make_reviews(2000, random_state=0)
    assert 0.5 < scores(texts, y, TEXTS)["bag of words"] < 0.7
    found = scores(*make_adding_problem(600, random_state=0))
    assert all(0.4 < score < 0.75 for score in found.values())


def data_home(name):
    home = os.environ.get("SKRNN_DATA_HOME")
    if not home or not (Path(home) / name).is_dir():
        pytest.skip(f"needs {name} in the data home that SKRNN_DATA_HOME names")
    return Path(home) / name


def read_ts(path):
    """Return the sequences and labels of a file of the UCR archive: channels, then the label, divided by colons."""
    X, y = [], []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.strip() and line[0] not in "#@":
            *channels, label = line.strip().split(":")
            X.append(np.array([np.fromstring(channel, sep=",") for channel in channels]).T)
            y.append(label)
    return X, np.array(y)


@pytest.mark.parametrize(
    ("name", "logistic", "forest"),
    [
        ("GunPoint", 0.8, 0.88),
        ("ArrowHead", 0.68, 0.63),
        ("ItalyPowerDemand", 0.94, 0.94),
        ("BasicMotions", 0.65, 0.8),
        ("JapaneseVowels", 0.96, 0.93),  # of unequal lengths
    ],
)
def test_time_series_of_the_ucr_archive(name, logistic, forest):
    (X, y), (X_test, y_test) = (read_ts(data_home("ucr") / f"{name}_{half}.ts") for half in ("TRAIN", "TEST"))
    baselines = baselines_for(X, y, {})
    baselines["random forest"][-1].set_params(random_state=0)
    assert baselines["logistic regression"].fit(X, y).score(X_test, y_test) > logistic
    assert baselines["random forest"].fit(X, y).score(X_test, y_test) > forest


def test_mnist_as_bytes():
    data_home("mnist")
    X, y = fetch_mnist(return_X_y=True, download_if_missing=False)
    X, y = X[:600], y[:600]
    assert X.dtype == np.uint8
    found = scores(X, y, cv=2)
    assert found["logistic regression"] > 0.75
    assert found["random forest"] > 0.8
