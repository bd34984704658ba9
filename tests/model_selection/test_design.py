"""The design of a comparison: repeats, groups, seeds, metrics, metadata, baselines, one test set."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss, make_scorer
from sklearn.model_selection import StratifiedGroupKFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skrnn import GRUClassifier, SimpleRNNClassifier
from skrnn.datasets import load_digits, make_reviews
from skrnn.model_selection import compare_architectures, mcnemar_exact
from skrnn.preprocessing import TextToSequence


@pytest.fixture(scope="module")
def table():
    X, y = load_digits(return_X_y=True)
    return X[:300].reshape(300, 64) / 16, y[:300]


@pytest.fixture(scope="module")
def images():
    X, y = load_digits(return_X_y=True)
    return X[y < 3][:150], y[y < 3][:150]


class CountsFits(DummyClassifier):
    fits: list = []  # noqa: RUF012

    def fit(self, X, y, sample_weight=None):
        self.fits.append(sample_weight)
        return super().fit(X, y)


# Repeats, groups, seeds


def test_more_repeats_leave_the_first_ones_as_they_are(table):
    tree = {"tree": DecisionTreeClassifier()}
    one, three = (compare_architectures(tree, *table, cv=3, n_repeats=n, random_state=5) for n in (1, 3))
    np.testing.assert_array_equal(three.scores[:, :3], one.scores)
    assert three.repeats.tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert three.folds.tolist() == [0, 1, 2] * 3
    for repeat in range(3):
        tested = np.concatenate(three.test_rows[3 * repeat : 3 * repeat + 3])
        assert sorted(tested) == list(range(300))
    assert len({frozenset(rows.tolist()) for rows in three.test_rows}) == 9


def test_repeats_without_a_seed_have_other_folds(table):
    found = compare_architectures({"dummy": DummyClassifier()}, *table, cv=2, n_repeats=2)
    assert not np.array_equal(found.test_rows[0], found.test_rows[2])


def test_groups_are_never_in_two_folds(table):
    X, y = table
    groups = np.arange(300) // 6
    found = compare_architectures({"tree": DecisionTreeClassifier()}, X, y, groups=groups, cv=3, random_state=1)
    expected = StratifiedGroupKFold(3, shuffle=True, random_state=1).split(X, y, groups)
    for rows, (_, test) in zip(found.test_rows, expected, strict=True):
        np.testing.assert_array_equal(rows, test)


@pytest.mark.parametrize("arguments", [{"n_repeats": 2}, {"until_sure": True}])
def test_only_an_int_can_be_repeated(table, arguments):
    with pytest.raises(ValueError, match="need a cv that gives other folds each time"):
        compare_architectures({"tree": DecisionTreeClassifier()}, *table, cv=[([0], [1])], **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_repeats": 0}, r"^n_repeats must be an int of at least 1\. Got 0 instead"),
        ({"n_repeats": 1.5}, r"^n_repeats must be an int of at least 1\. Got 1\.5 instead"),
        ({"max_repeats": 1}, r"^max_repeats must be an int of at least 2\. Got 1 instead"),
        ({"rope": -0.1}, r"^rope must be a finite number of at least 0\. Got -0\.1 instead"),
        ({"rope": "1 %"}, r"^rope must be a finite number of at least 0\. Got '1 %' instead"),
        ({"rope": np.nan}, r"^rope must be a finite number of at least 0\. Got nan instead"),
        ({"storage": "here"}, r"^A storage needs random_state="),
        ({"X_test": np.zeros((2, 64))}, r"^X_test and y_test belong together"),
        ({"X_test": np.zeros((2, 64)), "y_test": [0, 99]}, r"^y_test has labels that y lacks: \[99\]"),
        ({"X_test": np.zeros((2, 64)), "y_test": [0, 1], "until_sure": True}, r"^until_sure adds repeats of a cross-"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_fitted(table, arguments, message):
    CountsFits.fits.clear()
    with pytest.raises(ValueError, match=message):
        compare_architectures({"dummy": CountsFits()}, *table, **arguments)
    assert not CountsFits.fits


# Metrics


def test_several_metrics_are_those_of_cross_validate(table):
    scoring = {"loss": "neg_log_loss", "f1": make_scorer(f1_score, average="macro"), "hits": "accuracy"}
    tree = DecisionTreeClassifier(max_depth=4, random_state=0)
    found = compare_architectures({"tree": tree}, *table, cv=3, scoring=scoring, decide_by="f1")
    expected = cross_validate(tree, *table, cv=3, scoring=scoring)
    assert list(found.metric_scores) == ["f1", "loss", "hits"]
    assert found.scoring == "f1"
    for name in scoring:
        np.testing.assert_allclose(found.metric_scores[name][0], expected[f"test_{name}"])
    assert list(found.to_frame().columns[3:6]) == ["score", "loss", "hits"]
    assert found.summary().loc["tree", "hits"] == pytest.approx(expected["test_hits"].mean())


@pytest.mark.parametrize("scoring", [["accuracy", "neg_log_loss"], ("accuracy", "neg_log_loss")])
def test_the_first_of_a_list_decides(table, scoring):
    found = compare_architectures({"tree": DecisionTreeClassifier()}, *table, cv=2, scoring=scoring)
    assert list(found.metric_scores) == ["accuracy", "neg_log_loss"]


def test_a_function_may_return_several_scores(table):
    def both(estimator, X, y):
        return {"hits": accuracy_score(y, estimator.predict(X)), "depth": estimator.get_depth()}

    found = compare_architectures({"tree": DecisionTreeClassifier()}, *table, cv=2, scoring=both, decide_by="depth")
    assert list(found.metric_scores) == ["depth", "hits"]
    assert found.scores.min() >= 5
    with pytest.raises(ValueError, match=r"decide_by='height' is not one of the metrics .*: hits, depth"):
        compare_architectures({"tree": DecisionTreeClassifier()}, *table, cv=2, scoring=both, decide_by="height")


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        ("f1", r"^scoring='f1' cannot be computed for these labels\. Target is multiclass but average='binary'"),
        (["accuracy", "roc_auc"], r"^scoring='roc_auc' cannot be computed .* multi_class must be in"),
        ("accurate", "The 'scoring' parameter of check_scoring must be|'accurate' is not a valid scoring value"),
        (3, "The 'scoring' parameter of check_scoring must be"),
        ([], "Empty list was given"),
    ],
)
def test_metrics_that_cannot_be_computed_are_refused_before_anything_is_fitted(table, scoring, message):
    CountsFits.fits.clear()
    with pytest.raises(ValueError, match=message):
        compare_architectures({"dummy": CountsFits()}, *table, cv=2, scoring=scoring)
    assert not CountsFits.fits


def test_the_labels_decide_whether_a_metric_can_be_computed(table):
    X, y = table
    words = np.where(y % 2, "odd", "even")
    with pytest.raises(ValueError, match=r"scoring='f1' cannot be computed .* pos_label=1 is not a valid label"):
        compare_architectures({"tree": DecisionTreeClassifier()}, X, words, cv=2, scoring="f1")
    scorer = make_scorer(f1_score, pos_label="odd")
    found = compare_architectures({"tree": DecisionTreeClassifier()}, X, words, cv=2, scoring=scorer)
    assert (found.scores > 0.6).all()
    assert found.classes.tolist() == ["even", "odd"]


def test_decide_by_must_be_a_metric(table):
    with pytest.raises(ValueError, match="decide_by='f1' is not one of the metrics that scoring computes: accuracy"):
        compare_architectures({"tree": DecisionTreeClassifier()}, *table, decide_by="f1")


# Predictions, latency, curves


def test_predictions_give_the_scores(table):
    scoring = ["accuracy", "neg_log_loss"]
    estimators = {"tree": DecisionTreeClassifier(max_depth=5), "forest": RandomForestClassifier(10)}
    found = compare_architectures(estimators, *table, cv=3, scoring=scoring, random_state=0)
    for row in range(2):
        for split in range(3):
            truth = found.y_true[found.test_rows[split]]
            assert found.scores[row, split] == pytest.approx((found.predicted[row][split] == truth).mean())
            probabilities = found.probabilities[row][split].astype(float)
            loss = log_loss(truth, probabilities / probabilities.sum(axis=1, keepdims=True), labels=range(10))
            assert -loss == pytest.approx(found.metric_scores["neg_log_loss"][row, split], rel=1e-4)


def test_classes_that_a_training_part_lacks_have_the_probability_zero(table):
    X, y = table
    cv = [(np.flatnonzero(y < 5), np.flatnonzero(y < 7)[:50])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compare_architectures({"tree": DecisionTreeClassifier()}, X, y, cv=cv)
    assert found.probabilities[0][0].shape == (50, 10)
    assert found.probabilities[0][0][:, 5:].max() == 0


def test_a_classifier_without_probabilities_has_none(table):
    found = compare_architectures({"machine": LinearSVC()}, *table, cv=2)
    assert found.probabilities == ((None, None),)
    assert found.predicted[0][0].shape == (150,)


def test_the_test_part_is_watched_and_changes_nothing(images):
    from sklearn.model_selection import StratifiedKFold

    X, y = images
    network = SimpleRNNClassifier(4, epochs=3, random_state=0)
    found = compare_architectures({"rnn": make_pipeline(StandardRows(), network)}, X, y, cv=2)
    train, test = next(StratifiedKFold(2).split(X, y))
    alone = make_pipeline(StandardRows(), network).fit(X[train], y[train])
    assert found.scores[0, 0] == alone.score(X[test], y[test])
    assert found.curves[0][0]["loss"] == alone[-1].history_["loss"]
    assert found.curves[0][0]["val_accuracy"][-1] == pytest.approx(found.scores[0, 0])
    np.testing.assert_allclose(found.probabilities[0][0], alone.predict_proba(X[test]), atol=1e-6)


class StandardRows(StandardScaler):
    """Scales the pixels of images, and keeps their shape."""

    def fit(self, X, y=None):
        return super().fit(X.reshape(len(X), -1))

    def transform(self, X):
        return super().transform(X.reshape(len(X), -1)).reshape(X.shape)


def test_early_stopping_never_sees_the_test_part(images):
    network = SimpleRNNClassifier(4, epochs=3, early_stopping=True, validation_fraction=0.2, random_state=0)
    found = compare_architectures({"rnn": network}, *images, cv=2)
    # The curve is that of the held-out rows: 15 of 75.
    values = np.array(found.curves[0][0]["val_accuracy"]) * 15
    np.testing.assert_allclose(values, np.round(values), atol=1e-5)


# Metadata


def test_sample_weights_reach_the_last_step_of_pipelines(table):
    X, y = table
    weights = np.where(y < 5, 1.0, 1e-9)  # as if there were only five classes
    estimators = {"pipeline": make_pipeline(StandardScaler(), LogisticRegression()), "dummy": CountsFits()}
    CountsFits.fits.clear()
    found = compare_architectures(estimators, X, y, cv=2, params={"sample_weight": weights}, random_state=0)
    np.testing.assert_array_equal(CountsFits.fits[0], weights[np.setdiff1d(np.arange(300), found.test_rows[0])])
    unweighted = compare_architectures(estimators, X, y, cv=2, random_state=0)
    assert found.scores[0].max() < 0.65 < unweighted.scores[0].min()


def test_what_a_classifier_does_not_accept_is_refused_before_anything_is_fitted(table):
    CountsFits.fits.clear()
    estimators = {"dummy": CountsFits(), "neighbours": KNeighborsClassifier()}
    with pytest.raises(ValueError, match=r"KNeighborsClassifier\.fit does not accept the parameter 'sample_weight'"):
        compare_architectures(estimators, *table, params={"sample_weight": np.ones(300)})
    assert not CountsFits.fits


def test_metadata_are_routed_to_what_requests_them(table):
    X, y = table
    weights = np.random.default_rng(0).uniform(size=300)
    with sklearn.config_context(enable_metadata_routing=True):
        tree = DecisionTreeClassifier(random_state=0).set_fit_request(sample_weight=True)
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        given = {"params": {"sample_weight": weights}, "cv": 3, "scoring": scorer}
        found = compare_architectures({"tree": tree}, X, y, **given)
        np.testing.assert_array_equal(found.scores[0], cross_validate(tree, X, y, **given)["test_score"])


# Baselines


def test_baselines_are_added_at_the_end_with_the_same_splits(images):
    networks = {"GRU": GRUClassifier(4, epochs=1)}
    found = compare_architectures(networks, *images, cv=2, baselines=True, random_state=0)
    assert found.architectures == ("GRU", "dummy", "logistic regression", "random forest")
    assert found.baselines == ("dummy", "logistic regression", "random forest")
    assert found.summary()["mean"]["logistic regression"] > 0.95
    pairs = [*zip(found.pairwise()["a"], found.pairwise()["b"], strict=True)]
    assert pairs == [("GRU", name) for name in found.baselines]


def test_baselines_suit_texts():
    texts, y = make_reviews(60, random_state=0)
    networks = {"GRU": make_pipeline(TextToSequence(), GRUClassifier(4, epochs=1, embedding_dim=2))}
    found = compare_architectures(networks, texts, y, cv=2, baselines=True, random_state=0)
    assert found.baselines == ("dummy", "bag of words")
    assert np.isfinite(found.scores).all()


# One test set


def test_a_fixed_test_set_is_scored_after_each_training(table):
    X, y = table
    estimators = {"tree": DecisionTreeClassifier(), "logistic": LogisticRegression(max_iter=500)}
    found = compare_architectures(
        estimators, X[:200], y[:200], X_test=X[200:], y_test=y[200:], n_repeats=3, random_state=0
    )
    assert found.fixed_test
    assert found.scores.shape == (2, 3)
    assert found.n_train.tolist() == [200] * 3
    assert found.n_test.tolist() == [100] * 3
    expected = LogisticRegression(max_iter=500).fit(X[:200], y[:200])
    np.testing.assert_array_equal(found.scores[1], [expected.score(X[200:], y[200:])] * 3)
    assert len(set(found.scores[0])) > 1  # trees with other seeds
    pair = found.pairwise().iloc[0]
    assert pair["difference"] == pytest.approx(found.scores[0].mean() - found.scores[1].mean())
    assert pair["low"] < pair["difference"] < pair["high"]
    assert pair["p_worse"] + pair["p_equivalent"] + pair["p_better"] == pytest.approx(1)
    pvalues = []
    for split in range(3):
        right = [found.predicted[row][split] == found.y_true for row in range(2)]
        pvalues.append(mcnemar_exact(*right).pvalue)
    assert pair["pvalue"] == pytest.approx(1.5 * sorted(pvalues)[1])
    low, high = found.summary().loc["tree", ["low", "high"]]
    assert low < found.scores[0].mean() < high


def test_another_metric_is_computed_again_on_each_resampled_test_set(table):
    X, y = table
    found = compare_architectures(
        {"tree": DecisionTreeClassifier(max_depth=3), "deep": DecisionTreeClassifier()},
        X[:200], y[:200], X_test=X[200:], y_test=y[200:], scoring="neg_log_loss", random_state=0,
    )  # fmt: skip
    drawn = found.bootstrap["tree", "deep"]
    difference = (found.scores[0] - found.scores[1]).mean()
    assert drawn.mean() == pytest.approx(difference, abs=3 * drawn.std() / len(drawn) ** 0.5 + 0.1 * abs(difference))
    assert found.bootstrap["tree", ""].mean() == pytest.approx(found.scores[0].mean(), rel=0.05)


def test_a_test_set_of_one_hot_labels(images):
    X, y = images
    network = {"rnn": SimpleRNNClassifier(4, epochs=1, random_state=0)}
    labels = compare_architectures(network, X[:100], y[:100], X_test=X[100:], y_test=y[100:])
    rows = compare_architectures(network, X[:100], np.eye(3)[y[:100]], X_test=X[100:], y_test=np.eye(3)[y[100:]])
    np.testing.assert_array_equal(labels.scores, rows.scores)
