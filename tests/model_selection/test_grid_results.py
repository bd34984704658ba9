"""The behaviour that scikit-learn's tests require of ``GridSearchCV``, tested on ``OptunaSearchCV``: results,
several scores and failures."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_blobs, make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, SplineTransformer
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skrnn.model_selection import OptunaSearchCV

y10 = np.array([0] * 5 + [1] * 5)
SEPARABLE = make_classification(40, 4, random_state=42)


class Failing(BaseEstimator):
    """Fails if its parameter is 2, and `fit` returns nothing."""

    def __init__(self, parameter=None):
        self.parameter = parameter

    def fit(self, X, y=None):
        if self.parameter == 2:
            raise ValueError("Failing classifier failed as required")

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X=None, y=None):
        return 0.0


def test_the_columns_are_those_of_a_grid_search():
    X, y = make_classification(50, n_features=4, random_state=42)

    def space(trial):
        if trial.number < 4:
            return {"kernel": "rbf", "C": [1, 10][trial.number % 2], "gamma": [0.1, 1][trial.number // 2]}
        return {"kernel": "poly", "degree": trial.number - 3}

    results = OptunaSearchCV(SVC(), space, n_trials=6, cv=3).fit(X, y).cv_results_
    of_a_grid = GridSearchCV(
        SVC(),
        [{"kernel": ["rbf"], "C": [1, 10], "gamma": [0.1, 1]}, {"kernel": ["poly"], "degree": [1, 2]}],
        cv=3,
    ).fit(X, y)
    assert of_a_grid.cv_results_.keys() <= results.keys()
    for name, column in of_a_grid.cv_results_.items():
        if name == "params":
            continue
        assert results[name].dtype == column.dtype
        assert isinstance(results[name], np.ma.MaskedArray) == isinstance(column, np.ma.MaskedArray)
        assert results[name].shape == (6,)
    kinds = {name[6:]: results[name].dtype.kind for name in results if name.startswith("param_")}
    assert kinds == {"kernel": "O", "C": "i", "gamma": "f", "degree": "i"}
    rbf = [True] * 4 + [False] * 2
    np.testing.assert_array_equal(results["param_C"].mask, np.logical_not(rbf))
    np.testing.assert_array_equal(results["param_degree"].mask, rbf)
    assert not results["param_kernel"].mask.any()
    assert (results["rank_test_score"] >= 1).all()


@pytest.mark.parametrize("refit", [False, "accuracy"])
def test_several_metrics_give_what_each_gives_alone(grid_of, refit):
    X, y = make_classification(50, n_features=4, random_state=42)
    values = {"C": np.logspace(-4, 1, 3)}
    both, accuracy, recall = (
        grid_of(LogisticRegression(), values, cv=3, scoring=scoring, refit=refit and [True, "accuracy"][several]).fit(
            X, y
        )
        for scoring, several in ((("accuracy", "recall"), True), ("accuracy", False), ("recall", False))
    )
    assert both.multimetric_
    assert sorted(both.scorer_) == ["accuracy", "recall"]
    for alone, name in ((accuracy, "accuracy"), (recall, "recall")):
        for key in (key for key in alone.cv_results_ if key.endswith("_test_score")):
            np.testing.assert_array_equal(both.cv_results_[key.replace("_score", f"_{name}")], alone.cv_results_[key])
    if refit:
        assert (both.best_index_, both.best_score_, both.best_params_) == (
            *(accuracy.best_index_, accuracy.best_score_, accuracy.best_params_),
        )
        np.testing.assert_array_equal(both.predict_proba(X), accuracy.predict_proba(X))
        assert both.score(X, y) == accuracy.score(X, y)


@pytest.mark.parametrize("scoring", ["f1", "roc_auc"])
def test_scores_are_those_of_each_fold(grid_of, scoring):
    X, y = make_blobs(40, random_state=0, centers=2)
    search = grid_of(LinearSVC(random_state=0), {"C": [0.1, 10]}, scoring=scoring, cv=3).fit(X, y)
    for row, C in enumerate([0.1, 10]):
        for split, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
            svc = LinearSVC(C=C, random_state=0).fit(X[train], y[train])
            expected = (
                f1_score(y[test], svc.predict(X[test]))
                if scoring == "f1"
                else roc_auc_score(y[test], svc.decision_function(X[test]))
            )
            assert search.cv_results_[f"split{split}_test_score"][row] == pytest.approx(expected)


def test_equal_scores_share_the_lower_rank(grid_of):
    X, y = make_blobs(50, random_state=42)
    results = grid_of(SVC(), {"C": [1, 1.001, 0.001]}).fit(X, y).cv_results_
    assert results["mean_test_score"][0] == results["mean_test_score"][1] != results["mean_test_score"][2]
    assert results["rank_test_score"].tolist() == [1, 1, 3]


@pytest.mark.parametrize("estimator", [DecisionTreeRegressor(), DecisionTreeClassifier()])
def test_none_can_be_a_parameter_value(grid_of, estimator):
    search = grid_of(estimator, {"random_state": [0, None]}, cv=KFold(), scoring=lambda e, X, y: 1.0)
    search.fit([[1], [2], [3], [4], [5]], [0, 0, 0, 0, 1])
    assert search.cv_results_["param_random_state"].tolist() == [0, None]


def test_times_exist_and_are_not_negative(grid_of):
    search = grid_of(LinearSVC(random_state=0), {"C": [0.1, 1]}, cv=2).fit([[1], [2], [3], [4]], [0, 1, 1, 0])
    for key in ("mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time"):
        assert (search.cv_results_[key] >= 0).all()
    assert isinstance(search.refit_time_, float)
    assert search.refit_time_ >= 0


def test_train_scores_are_not_reported(grid_of):
    search = grid_of(LinearSVC(random_state=0), {"C": [0.1, 0.2]}, cv=3).fit(np.arange(6).reshape(6, -1), y10[2:8])
    assert not any("train" in key for key in search.cv_results_)


def test_parameters_of_any_kind_are_objects(grid_of):
    class Meta(ClassifierMixin, BaseEstimator):
        def __init__(self, a=None, b=None, c=None, d=None):
            self.a, self.b, self.c, self.d = a, b, c, d

        def fit(self, X, y=None):
            return self

        def score(self, X, y):
            return 1.0

    values = {"a": [None, {"x": "A"}, {"x": "B"}], "b": [None, [1, 2], 3], "c": [{"a": 1}] * 3, "d": ["s", "t", "u"]}
    results = grid_of(Meta(), values, cv=3).fit(*SEPARABLE).cv_results_
    assert {results[f"param_{name}"].dtype for name in values} == {np.dtype(object)}


def test_encoders_are_objects(grid_of):
    frame = pd.DataFrame({"number": [1, 2, 3, 4, 5], "text": ["a"] * 5})
    encode = ColumnTransformer([("enc", OneHotEncoder(sparse_output=False), ["text"])], remainder="passthrough")
    pipe = Pipeline([("enc", encode), ("regressor", LinearRegression())])
    values = {"enc__enc": [OneHotEncoder(sparse_output=False), OrdinalEncoder()]}
    search = grid_of(pipe, values, cv=2).fit(frame, [1.0, 4.1, 2.0, 3.0, 1.0])
    assert search.cv_results_["param_enc__enc"].dtype == object


def test_arrays_of_other_sizes_are_objects(grid_of):
    X, y = make_classification(40, n_features=10, random_state=0)
    knots = [np.linspace(0, np.pi * 2, n * 10).reshape(-1, 10) for n in (10, 11, 12)]
    pipe = make_pipeline(SplineTransformer(extrapolation="periodic"), LogisticRegression())
    search = grid_of(pipe, {"splinetransformer__knots": knots}).fit(X, y)
    assert search.cv_results_["param_splinetransformer__knots"].dtype == object


def test_pairs_are_objects_in_one_dimension(grid_of, own_workers):
    pipe = Pipeline([("vect", TfidfVectorizer()), ("clf", ComplementNB())])
    values = {"vect__ngram_range": [(1, 2), (1, 2), (1, 1)], "vect__norm": ["l1", "l2", "l1"]}
    texts = ["one two", "two one", "three one", "four", "five"]
    search = grid_of(pipe, values, n_jobs=2, cv=3).fit([*texts, "five four"], [0, 0, 1, 1, 0, 1])
    found = search.cv_results_["param_vect__ngram_range"]
    assert found.shape == (3,)
    assert found.tolist() == [(1, 2), (1, 2), (1, 1)]


# Several scores from one function


def test_a_function_may_return_several_scores(grid_of):
    def confusion(estimator, X, y):
        matrix = confusion_matrix(y, estimator.predict(X))
        return {"tn": matrix[0, 0], "fp": matrix[0, 1], "fn": matrix[1, 0], "tp": matrix[1, 1]}

    X, y = SEPARABLE
    search = grid_of(LinearSVC(random_state=42), {"C": [0.1, 1]}, scoring=confusion, refit="fp").fit(X, y)
    assert {f"mean_test_{name}" for name in ("tn", "fp", "fn", "tp")} <= search.cv_results_.keys()
    assert search.multimetric_
    assert search.score(X, y) == confusion_matrix(y, search.predict(X))[0, 1]


def test_a_function_of_several_scores_equals_their_names(grid_of):
    def both(estimator, X, y):
        predicted = estimator.predict(X)
        return {"recall": recall_score(y, predicted), "accuracy": accuracy_score(y, predicted)}

    def alone(estimator, X, y):
        return both(estimator, X, y)["recall"]

    X, y = SEPARABLE
    searches = [
        grid_of(LinearSVC(random_state=42), {"C": [0.001, 1]}, scoring=scoring, refit=refit).fit(X, y)
        for scoring, refit in (
            *((both, "recall"), (["recall", "accuracy"], "recall"), (["recall"], "recall")),
            *((alone, True), ("recall", "recall"), ("recall", True)),
        )
    ]
    assert len({search.best_score_ for search in searches}) == 1
    assert len({search.best_index_ for search in searches}) == 1
    assert len({search.score(X, y) for search in searches}) == 1
    assert [search.multimetric_ for search in searches] == [True] * 3 + [False] * 3


@pytest.mark.parametrize("refit", ["good", True])
def test_a_function_of_several_scores_needs_the_one_that_decides(grid_of, refit):
    search = grid_of(LinearSVC(), {"C": [0.1, 1]}, scoring=lambda e, X, y: {"bad": 1, "worse": 0}, refit=refit)
    with pytest.raises(ValueError, match=r"the scores \['bad', 'worse'\]: refit must be set to a scorer key"):
        search.fit(*SEPARABLE)
    assert not hasattr(search, "cv_results_")


def test_failures_have_all_scores_of_a_function(grid_of):
    search = grid_of(
        Failing(), {"parameter": [0, 1, 2]}, scoring=lambda e, X, y: {"acc": 1}, refit=False, error_score=0.1
    )
    with pytest.warns(FitFailedWarning, match="1 of 3 trials failed and are scored 0.1"):
        search.fit(*SEPARABLE)
    np.testing.assert_allclose(search.cv_results_["mean_test_acc"], [1, 1, 0.1])


# Failures


@pytest.mark.parametrize("error_score", [0.0, np.nan])
def test_failures_give_a_warning_and_error_score(grid_of, error_score):
    search = grid_of(Failing(), {"parameter": [0, 1, 2]}, scoring="accuracy", refit=False, error_score=error_score)
    with pytest.warns(
        FitFailedWarning, match=r"1 of 3 trials.*(?s:.*)ValueError: Failing classifier failed as required"
    ):
        search.fit(*SEPARABLE)
    scores = [search.cv_results_[f"split{split}_test_score"][2] for split in range(5)]
    np.testing.assert_array_equal(scores, [error_score] * 5)
    assert search.cv_results_["rank_test_score"][2] == 3
    assert max(search.cv_results_["rank_test_score"][:2]) <= 2
    assert search.best_index_ != 2


@pytest.mark.parametrize("scoring", [None, lambda e, X, y: {"acc": 1}])
def test_it_is_an_error_if_all_fail(grid_of, scoring):
    search = grid_of(Failing(), {"parameter": [2, 2, 2]}, scoring=scoring, refit=False, error_score=0.0)
    with pytest.raises(ValueError, match=r"All 3 trials failed\. .*ValueError: Failing classifier failed as required"):
        search.fit(*SEPARABLE)


def test_raise_raises(grid_of):
    search = grid_of(Failing(), {"parameter": [0, 1, 2]}, scoring="accuracy", refit=False, error_score="raise")
    with pytest.raises(ValueError, match=r"^Failing classifier failed as required$"):
        search.fit(*SEPARABLE)
