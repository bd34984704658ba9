"""Comparisons of kinds of labels, metrics and metadata that scikit-learn's ``cross_validate`` accepts, too."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import KFold, LeaveOneGroupOut, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from skrnn import SimpleRNNClassifier
from skrnn.model_selection import ArchitectureComparison, ComparisonInterrupted, compare_architectures


@pytest.fixture(scope="module")
def table():
    return make_classification(120, 8, n_informative=5, n_classes=3, random_state=0)


def trees():
    return {"stump": DecisionTreeClassifier(max_depth=1), "tree": DecisionTreeClassifier(max_depth=4)}


class CountsFits(ClassifierMixin, BaseEstimator):
    fits = 0

    def fit(self, X, y):
        type(self).fits += 1
        raise AssertionError("Nothing may be fitted.")


# Labels


@pytest.mark.parametrize("cv", [LeaveOneGroupOut(), KFold(3)])
def test_a_test_part_may_have_labels_that_the_training_part_lacks(images, cv):
    X, y = images
    y = np.where(np.arange(len(y)) == 0, 7, y)  # one sample of a class of its own
    network = SimpleRNNClassifier(units=2, epochs=1, random_state=0)
    groups = np.arange(len(y)) % 3 if isinstance(cv, LeaveOneGroupOut) else None
    estimators = {"alone": network, "in a pipeline": make_pipeline(network)}
    found = compare_architectures(estimators, X, y, cv=cv, groups=groups)
    expected = cross_validate(network, X, y, cv=cv, groups=groups)["test_score"]
    np.testing.assert_array_equal(found.scores, [expected, expected])
    # No classifier has a loss for a label that it does not know.
    assert ["val_loss" in history for history in found.curves[0]] == [False, True, True]


@pytest.mark.parametrize("column", [lambda y: y[:, np.newaxis], lambda y: pd.DataFrame({"label": y}, index=y + 7)])
def test_a_column_of_labels_is_labels(table, column):
    X, y = table
    expected = compare_architectures(trees(), X, y, cv=3, random_state=0)
    found = compare_architectures(trees(), X, column(y), cv=3, random_state=0)
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.y_true, expected.y_true)
    fixed = compare_architectures(trees(), X, column(y), X_test=X, y_test=column(y), random_state=0)
    assert fixed.y_true.shape == (120,)
    assert np.isfinite(fixed.pairwise()["low"]).all()


@pytest.mark.parametrize("scoring", ["average_precision", "f1_micro"])
def test_a_label_that_all_rows_have_is_no_obstacle_to_a_metric(images, scoring):
    X, _ = images
    rows = np.arange(len(X))
    y = np.c_[rows % 2, (rows % 3 == 0) | (rows >= len(X) // 2)].astype(int)  # all of the first training part
    network = SimpleRNNClassifier(units=2, epochs=1, multilabel=True, random_state=0)
    found = compare_architectures({"network": network}, X, y, cv=2, scoring=scoring)
    expected = cross_validate(network, X, y, cv=KFold(2), scoring=scoring)["test_score"]
    np.testing.assert_array_equal(found.scores[0], expected)


def test_probabilities_without_classes_are_left_out(table):
    class Nameless(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.tree_ = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
            return self

        def predict(self, X):
            return self.tree_.predict(X)

        def predict_proba(self, X):
            return self.tree_.predict_proba(X)

    def hits(estimator, X, y):  # scikit-learn's scorers need classes_
        return np.mean(estimator.predict(X) == y)

    found = compare_architectures({"tree": Nameless()}, *table, cv=2, scoring=hits)
    assert found.predicted[0][0] is not None
    assert found.probabilities == ((None, None),)


# Metrics


@pytest.mark.parametrize("name", ["score", "rank", "mean", "n_train", "architecture", "fit_seconds"])
def test_a_metric_must_not_have_the_name_of_a_column(table, name):
    message = f"scoring has a metric with the name '{name}', which is a column of the tables"
    CountsFits.fits = 0
    for scoring in ({"right": "accuracy", name: "f1_macro"}, lambda e, X, y: {"right": 1.0, name: 0.0}):
        with pytest.raises(ValueError, match=message):
            compare_architectures({"never": CountsFits()}, *table, scoring=scoring)
    assert not CountsFits.fits
    alone = compare_architectures(trees(), *table, scoring={name: "accuracy"}, random_state=0)
    np.testing.assert_allclose(alone.summary()["mean"], alone.scores.mean(axis=1))


def test_functions_among_several_metrics_may_need_the_users_own_classifier(table):
    def n_leaves(pipeline, X, y):
        return pipeline[-1].get_n_leaves()  # a dummy cannot be indexed: a TypeError

    pipeline = {"tree": make_pipeline(DecisionTreeClassifier(max_leaf_nodes=4))}
    found = compare_architectures(pipeline, *table, scoring={"accuracy": "accuracy", "leaves": n_leaves})
    assert (found.metric_scores["leaves"] == 4).all()
    with pytest.raises(ValueError, match="scoring='f1' cannot be computed for these labels"):
        compare_architectures(pipeline, *table, scoring={"leaves": n_leaves, "f1": "f1"})


def test_no_score_at_all_is_refused(table):
    with pytest.raises(ValueError, match="Got an empty dict"):
        compare_architectures(trees(), *table, scoring=lambda e, X, y: {})


def test_events_have_the_score_that_decides_also_from_a_storage(table, tmp_path):
    scoring = ["accuracy", "f1_macro"]
    compare_architectures(trees(), *table, scoring=scoring, cv=2, storage=tmp_path, random_state=0)
    events = []
    again = {"scoring": scoring, "cv": 2, "storage": tmp_path, "random_state": 0, "decide_by": "f1_macro"}
    found = compare_architectures(trees(), *table, **again, progress=events.append)
    assert {event.kind for event in events} == {"end"}
    np.testing.assert_array_equal([event.score for event in events], found.scores.T.ravel())
    assert found.scoring == "f1_macro"


# Arguments


@pytest.mark.parametrize("rope", [np.inf, np.nan, -0.1, "0.01"])
def test_a_region_of_equivalence_is_finite(table, rope):
    CountsFits.fits = 0
    with pytest.raises(ValueError, match="rope must be a finite number of at least 0"):
        compare_architectures({"never": CountsFits()}, *table, rope=rope)
    assert not CountsFits.fits


def test_numbers_of_numpy_are_numbers(table, tmp_path):
    found = compare_architectures(
        trees(), *table, cv=np.int64(3), until_sure=True, max_repeats=np.int64(3), rope=np.float32(0.5), random_state=0
    )
    found.save(tmp_path)
    assert ArchitectureComparison.load(tmp_path).rope == 0.5
    assert ArchitectureComparison.load(tmp_path).n_looks == 3


def test_metadata_are_a_dict(table):
    with pytest.raises(TypeError, match=r"params must be a dict of name -> values\. Got list instead"):
        compare_architectures(trees(), *table, params=[1.0])


def test_names_are_not_empty(table):
    with pytest.raises(ValueError, match="The name of an estimator must not be empty"):
        compare_architectures({"": DecisionTreeClassifier()}, *table)


def test_validation_data_of_the_user_are_used(images):
    X, y = images
    params = {"X_val": X[:6], "y_val": y[:6]}
    network = SimpleRNNClassifier(units=2, epochs=1, random_state=0)
    for estimator, prefix in ((network, ""), (make_pipeline(network), "simplernnclassifier__")):
        given = {f"{prefix}{name}": values for name, values in params.items()}
        found = compare_architectures({"network": estimator}, X, y, cv=2, params=given)
        rows = found.test_rows[1]  # trained on these in the first split
        alone = SimpleRNNClassifier(units=2, epochs=1, random_state=0).fit(X[rows], y[rows], **params)
        assert found.curves[0][0]["val_loss"] == alone.history_["val_loss"]


# Interrupts


def _interrupted(X, y, at=1, **arguments):
    events = []

    def progress(event):
        events.append(event)
        if len(events) == at:
            raise KeyboardInterrupt

    with pytest.raises(ComparisonInterrupted) as caught:
        compare_architectures(trees(), X, y, progress=progress, random_state=0, **arguments)
    return caught.value


def test_an_interrupt_before_the_metrics_are_known(table):
    def both(estimator, X, y):
        predicted = estimator.predict(X)
        return {"hits": accuracy_score(y, predicted), "f1": f1_score(y, predicted, average="macro")}

    found = _interrupted(*table, scoring=both, decide_by="f1").comparison
    assert found.scoring == "f1"
    assert not found.finished.any()


def test_an_interrupt_can_be_pickled(table):
    interrupt = _interrupted(*table, at=5)
    copy = pickle.loads(pickle.dumps(interrupt))
    assert str(copy) == str(interrupt) == "2 of 10 fits were finished."
    np.testing.assert_array_equal(copy.comparison.scores, interrupt.comparison.scores)


def test_an_interrupted_comparison_on_a_test_set_has_its_intervals(table):
    X, y = table
    found = _interrupted(X, y, at=7, X_test=X, y_test=y, n_repeats=3).comparison
    assert found.finished.sum() == 3
    assert np.isfinite(found.pairwise()[["low", "high"]]).all(axis=None)
    assert "tree is better than stump" in found.conclusion()
