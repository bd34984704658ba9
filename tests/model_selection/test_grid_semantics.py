"""The behaviour that scikit-learn's tests require of ``GridSearchCV``, tested on ``OptunaSearchCV``: the best
candidate and its refit.

Where a grid is searched, a function of the trial walks through it: trial 0 gets its first candidate. Differences are
listed in docs/tuning.md, and tested in test_grid_differences.py.
"""

import pickle

import numpy as np
import pytest
from optuna.distributions import IntDistribution
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_blobs, make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._testing import MinimalTransformer

from skrnn.model_selection import OptunaSearchCV

X4 = np.array([[-1, -1], [-2, -1], [1, 1], [2, 1]])
y4 = np.array([1, 1, 2, 2])
X10 = np.arange(100).reshape(10, 10)
y10 = np.array([0] * 5 + [1] * 5)
SEPARABLE = make_classification(40, 4, random_state=42)


class Mock(ClassifierMixin, BaseEstimator):
    """Scores best if its parameter is above 1."""

    def __init__(self, foo=0):
        self.foo = foo

    def fit(self, X, y):
        assert len(X) == len(y)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), X.shape[0])

    predict_proba = predict_log_proba = decision_function = predict

    def transform(self, X):
        return X + self.foo

    def inverse_transform(self, X):
        return X - self.foo

    def score(self, X=None, y=None):
        return float(self.foo > 1)


class NoScore(LinearSVC):
    @property
    def score(self):
        raise AttributeError


def test_of_equal_candidates_the_first_is_best(grid_of):
    search = grid_of(Mock(), {"foo": [1, 2, 3]}, cv=2).fit(X4, y4)
    assert search.best_estimator_.foo == 2
    assert search.cv_results_["param_foo"].data.tolist() == [1, 2, 3]
    assert search.cv_results_["rank_test_score"].tolist() == [3, 1, 1]
    search.score(X4, y4)
    search.predict_proba(X4)
    search.decision_function(X4)
    np.testing.assert_array_equal(search.inverse_transform(search.transform(X4)), X4)
    search.scoring = "sklearn"
    with pytest.raises(ValueError, match="scoring"):
        search.fit(X4, y4)


@pytest.mark.parametrize("values", [[1], range(1, 4), np.arange(1, 4)])
def test_one_candidate_and_ranges_are_grids_too(grid_of, values):
    search = grid_of(Mock(), {"foo": values}, cv=2).fit(X4, y4)
    assert search.best_params_["foo"] == max(1, min(2, len(values)))
    assert hasattr(search, "cv_results_")


def test_a_single_point_is_the_estimator_itself(grid_of):
    X, y = make_classification(60, 10, random_state=0)
    search = grid_of(SVC(gamma="auto"), {"C": [1.0], "kernel": ["rbf"], "gamma": [0.1]}).fit(X, y)
    alone = SVC(C=1.0, kernel="rbf", gamma=0.1).fit(X, y)
    np.testing.assert_array_equal(search.best_estimator_.dual_coef_, alone.dual_coef_)


def test_estimators_among_the_candidates_are_cloned_before_they_are_fitted(grid_of):
    candidates = [LinearRegression(), Ridge()]
    search = grid_of(Pipeline([("step", LinearRegression())]), {"step": candidates}, cv=2).fit(X4, y4)
    found = search.cv_results_["param_step"]
    assert found.dtype == object
    assert [type(estimator) for estimator in found] == [LinearRegression, Ridge]
    for estimator in [*found, *candidates]:
        assert not hasattr(estimator, "coef_")
        assert estimator is not search.best_estimator_


def test_candidates_are_not_modified(grid_of):
    given = LogisticRegression(C=1.0)
    pipe = Pipeline([("trs", MinimalTransformer()), ("clf", None)])
    search = grid_of(pipe, {"clf": [given], "clf__C": [0.01]}, cv=2, scoring="accuracy").fit(*SEPARABLE)
    assert given.C == 1.0
    assert search.best_estimator_.named_steps["clf"].C == 0.01


def test_an_estimator_without_a_score_needs_a_scoring(grid_of):
    X, y = make_blobs(40, random_state=0, centers=2)
    values = {"C": [0.1, 1.0]}
    search = grid_of(LinearSVC(random_state=0), values, scoring="accuracy", cv=3).fit(X, y)
    without = grid_of(NoScore(random_state=0), values, scoring="accuracy", cv=3).fit(X, y)
    assert without.best_params_ == search.best_params_
    assert without.score(X, y) == search.score(X, y)
    with pytest.raises(TypeError, match="no scoring"):
        grid_of(NoScore(), values).fit([[1]])


def test_score_uses_the_scoring(grid_of):
    X, y = make_classification(100, n_classes=2, flip_y=0.2, random_state=0)
    values = {"C": [0.1]}
    svc = LinearSVC(random_state=0)
    by_default = grid_of(svc, values).fit(X, y).score(X, y)
    accuracy = grid_of(svc, values, scoring="accuracy").fit(X, y).score(X, y)
    auc = grid_of(svc, values, scoring="roc_auc").fit(X, y).score(X, y)
    assert (
        by_default
        == accuracy
        != auc
        == grid_of(NoScore(random_state=0), values, scoring="roc_auc").fit(X, y).score(X, y)
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_classes_come_from_the_best_estimator(grid_of):
    values = {"C": [0.1, 1]}
    search = grid_of(LinearSVC(random_state=0), values)
    assert not hasattr(search, "classes_")
    np.testing.assert_array_equal(search.fit(X10, y10).classes_, [0, 1])
    assert not hasattr(grid_of(Ridge(), {"alpha": [1.0, 2.0]}).fit(X10, y10), "classes_")
    assert not hasattr(grid_of(LinearSVC(random_state=0), values, refit=False).fit(X10, y10), "classes_")


def test_the_number_of_features_comes_from_the_best_estimator(grid_of):
    search = grid_of(DecisionTreeClassifier(), {"max_depth": [3, 4]})
    assert not hasattr(search, "n_features_in_")
    assert search.fit(*SEPARABLE).n_features_in_ == 4


def test_methods_exist_if_the_estimator_has_them(grid_of):
    X, y = np.arange(20).reshape(5, -1), [0, 0, 1, 1, 1]
    assert not hasattr(grid_of(SVC(), {}, cv=2).fit(X, y), "predict_proba")
    tree = grid_of(DecisionTreeClassifier(), {"max_depth": [5]}).fit(*SEPARABLE)
    with pytest.raises(AttributeError, match="'OptunaSearchCV' has no attribute 'score_samples'") as caught:
        tree.score_samples(X)
    assert str(caught.value.__cause__) == "'DecisionTreeClassifier' object has no attribute 'score_samples'"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_methods_depend_on_the_best_estimator(grid_of):
    X, y = np.arange(24).reshape(6, -1) / 24, [0, 0, 0, 1, 1, 1]
    search = grid_of(SGDClassifier(loss="hinge", alpha=0.1, random_state=0), {"loss": ["log_loss"]}, cv=3)
    assert not hasattr(search, "predict_proba")
    search.fit(X, y).predict_proba(X)
    search.predict_log_proba(X)
    assert not hasattr(grid_of(SGDClassifier(loss="hinge"), {"loss": ["hinge"]}, cv=3).fit(X, y), "predict_proba")


def test_score_samples_come_from_the_best_estimator(grid_of):
    X = make_blobs(60, 2, centers=[[0, 0], [0, 0]], cluster_std=0.5, random_state=0)[0]
    y = np.where(np.arange(60) < 50, 1, -1)
    search = grid_of(LocalOutlierFactor(novelty=True), {"n_neighbors": [5, 10]}, scoring="recall").fit(X, y)
    np.testing.assert_allclose(search.score_samples(X), search.best_estimator_.score_samples(X))


def test_a_fitted_search_can_be_pickled():
    search = OptunaSearchCV(KNeighborsClassifier(), {"n_neighbors": IntDistribution(1, 5)}, n_trials=3, cv=2)
    search.fit(*SEPARABLE)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(SEPARABLE[0]), search.predict(SEPARABLE[0]))


def test_html_shows_the_best_estimator_once_it_is_fitted(grid_of):
    pipe = Pipeline([("scale", StandardScaler()), ("clf", DummyClassifier())])
    values = {"clf": [DummyClassifier(), LogisticRegression()]}
    with config_context(display="diagram"):
        unfitted = grid_of(pipe, values, refit=False)
        assert "<div>DummyClassifier</div>" in unfitted._repr_html_()
        assert "<div>DummyClassifier</div>" in unfitted.fit(*SEPARABLE)._repr_html_()
        html = grid_of(pipe, values).fit(*SEPARABLE)._repr_html_()
    assert "<div>DummyClassifier</div>" not in html
    assert "<div>LogisticRegression</div>" in html


# Refitting


@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_without_a_refit_the_methods_say_why_they_are_missing(grid_of, scoring):
    search = grid_of(Mock(), {"foo": [1, 2, 3]}, refit=False, cv=2, scoring=scoring).fit(X4, y4)
    assert not hasattr(search, "best_estimator_")
    assert hasattr(search, "best_index_")
    assert hasattr(search, "best_params_")
    for name in ("predict", "predict_proba", "predict_log_proba", "transform", "inverse_transform"):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'") as caught:
            getattr(search, name)(X4)
        assert f"`refit=False`. {name} is available only after refitting" in str(caught.value.__cause__)


@pytest.mark.parametrize("refit", [True, "recall", "accuracy"])
def test_of_several_metrics_refit_names_one(grid_of, refit):
    scoring = {"acc": "accuracy", "prec": "precision"}
    with pytest.raises(ValueError, match="the parameter refit must be set to a scorer key"):
        grid_of(Mock(), {}, refit=refit, scoring=scoring).fit(X4, y4)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_an_estimator_that_cannot_be_fitted_twice_is_searched(grid_of):
    class Once(BaseEstimator):
        def __init__(self, parameter=None):
            self.parameter = parameter

        def fit(self, X, y):
            assert not hasattr(self, "has_been_fit_")
            self.has_been_fit_ = True

        def predict(self, X):
            return np.zeros(X.shape[0])

    search = grid_of(Once(), {"parameter": [0, 1]}, scoring="precision").fit(X10, y10)
    assert search.cv_results_["state"].tolist() == ["complete"] * 2
    assert isinstance(search.best_estimator_, Once)


def test_a_function_chooses_by_all_the_results(grid_of):
    seen = {}

    def worst(results):
        seen.update(results)
        return results["mean_test_score"].argmin()

    values = {"C": [0.01, 0.1, 1]}
    search = grid_of(LinearSVC(random_state=42), values, scoring="precision", refit=worst).fit(*SEPARABLE)
    of_a_grid = GridSearchCV(LinearSVC(random_state=42), values, scoring="precision").fit(*SEPARABLE).cv_results_
    assert of_a_grid.keys() <= seen.keys()
    assert search.best_index_ == search.cv_results_["mean_test_score"].argmin()
    assert not hasattr(search, "best_score_")


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (None, TypeError, "best_index_ returned is not an integer"),
        (-1, IndexError, "best_index_ index out of range"),
        (2, IndexError, "best_index_ index out of range"),
    ],
)
def test_a_function_that_chooses_nothing_is_an_error(grid_of, index, error, message):
    search = grid_of(LinearSVC(random_state=42), {"C": [0.1, 1]}, refit=lambda results: index)
    with pytest.raises(error, match=message):
        search.fit(*SEPARABLE)


def test_a_function_chooses_by_one_of_several_metrics(grid_of):
    scoring = {"Accuracy": make_scorer(accuracy_score), "prec": "precision"}
    search = grid_of(
        LinearSVC(random_state=42),
        {"C": [0.01, 0.1, 1]},
        scoring=scoring,
        refit=lambda results: results["mean_test_prec"].argmin(),
    ).fit(*SEPARABLE)
    assert search.best_index_ == search.cv_results_["mean_test_prec"].argmin()
    assert not hasattr(search, "best_score_")
