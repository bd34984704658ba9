"""The behaviour that scikit-learn's tests require of ``GridSearchCV``, tested on ``OptunaSearchCV``.

Where a grid is searched, a function of the trial walks through it: trial 0 gets its first candidate. Differences are
listed in docs/tuning.md, and tested at the end.
"""

import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_blobs, make_classification, make_multilabel_classification
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    euclidean_distances,
    f1_score,
    make_scorer,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    StratifiedKFold,
    StratifiedShuffleSplit,
)
from sklearn.naive_bayes import ComplementNB
from sklearn.neighbors import KernelDensity, KNeighborsClassifier, LocalOutlierFactor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, SplineTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tests.metadata_routing_common import ConsumingScorer, _Registry, check_recorded_metadata
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils._mocking import CheckingClassifier, MockDataFrame
from sklearn.utils._testing import MinimalClassifier, MinimalRegressor, MinimalTransformer
from sklearn.utils.fixes import CSR_CONTAINERS

from skrnn.model_selection import OptunaSearchCV

X4 = np.array([[-1, -1], [-2, -1], [1, 1], [2, 1]])
y4 = np.array([1, 1, 2, 2])
X10 = np.arange(100).reshape(10, 10)
y10 = np.array([0] * 5 + [1] * 5)
SEPARABLE = make_classification(40, 4, random_state=42)


def grid(**values):
    """Return a space that gives trial number i the i-th of the values."""

    def space(trial):
        return {name: options[trial.number] for name, options in values.items()}

    return space


def search_of(estimator, values, **parameters):
    n_trials = len(next(iter(values.values()))) if values else 1
    return OptunaSearchCV(estimator, grid(**values), n_trials=n_trials, random_state=0, **parameters)


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


class NoScore(LinearSVC):
    @property
    def score(self):
        raise AttributeError


# The best candidate, and its use


def test_of_equal_candidates_the_first_is_best():
    search = search_of(Mock(), {"foo": [1, 2, 3]}, cv=2).fit(X4, y4)
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
def test_one_candidate_and_ranges_are_grids_too(values):
    search = search_of(Mock(), {"foo": values}, cv=2).fit(X4, y4)
    assert search.best_params_["foo"] == max(1, min(2, len(values)))
    assert hasattr(search, "cv_results_")


def test_a_single_point_is_the_estimator_itself():
    X, y = make_classification(60, 10, random_state=0)
    search = search_of(SVC(gamma="auto"), {"C": [1.0], "kernel": ["rbf"], "gamma": [0.1]}).fit(X, y)
    alone = SVC(C=1.0, kernel="rbf", gamma=0.1).fit(X, y)
    np.testing.assert_array_equal(search.best_estimator_.dual_coef_, alone.dual_coef_)


def test_estimators_among_the_candidates_are_cloned_before_they_are_fitted():
    candidates = [LinearRegression(), Ridge()]
    search = search_of(Pipeline([("step", LinearRegression())]), {"step": candidates}, cv=2).fit(X4, y4)
    found = search.cv_results_["param_step"]
    assert found.dtype == object
    assert [type(estimator) for estimator in found] == [LinearRegression, Ridge]
    for estimator in [*found, *candidates]:
        assert not hasattr(estimator, "coef_")
        assert estimator is not search.best_estimator_


def test_candidates_are_not_modified():
    given = LogisticRegression(C=1.0)
    pipe = Pipeline([("trs", MinimalTransformer()), ("clf", None)])
    search = search_of(pipe, {"clf": [given], "clf__C": [0.01]}, cv=2, scoring="accuracy").fit(*SEPARABLE)
    assert given.C == 1.0
    assert search.best_estimator_.named_steps["clf"].C == 0.01


def test_an_estimator_without_a_score_needs_a_scoring():
    X, y = make_blobs(40, random_state=0, centers=2)
    values = {"C": [0.1, 1.0]}
    search = search_of(LinearSVC(random_state=0), values, scoring="accuracy", cv=3).fit(X, y)
    without = search_of(NoScore(random_state=0), values, scoring="accuracy", cv=3).fit(X, y)
    assert without.best_params_ == search.best_params_
    assert without.score(X, y) == search.score(X, y)
    with pytest.raises(TypeError, match="no scoring"):
        search_of(NoScore(), values).fit([[1]])


def test_score_uses_the_scoring():
    X, y = make_classification(100, n_classes=2, flip_y=0.2, random_state=0)
    values = {"C": [0.1]}
    svc = LinearSVC(random_state=0)
    by_default = search_of(svc, values).fit(X, y).score(X, y)
    accuracy = search_of(svc, values, scoring="accuracy").fit(X, y).score(X, y)
    auc = search_of(svc, values, scoring="roc_auc").fit(X, y).score(X, y)
    assert (
        by_default
        == accuracy
        != auc
        == search_of(NoScore(random_state=0), values, scoring="roc_auc").fit(X, y).score(X, y)
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_classes_come_from_the_best_estimator():
    values = {"C": [0.1, 1]}
    search = search_of(LinearSVC(random_state=0), values)
    assert not hasattr(search, "classes_")
    np.testing.assert_array_equal(search.fit(X10, y10).classes_, [0, 1])
    assert not hasattr(search_of(Ridge(), {"alpha": [1.0, 2.0]}).fit(X10, y10), "classes_")
    assert not hasattr(search_of(LinearSVC(random_state=0), values, refit=False).fit(X10, y10), "classes_")


def test_the_number_of_features_comes_from_the_best_estimator():
    search = search_of(DecisionTreeClassifier(), {"max_depth": [3, 4]})
    assert not hasattr(search, "n_features_in_")
    assert search.fit(*SEPARABLE).n_features_in_ == 4


def test_methods_exist_if_the_estimator_has_them():
    X, y = np.arange(20).reshape(5, -1), [0, 0, 1, 1, 1]
    assert not hasattr(search_of(SVC(), {}, cv=2).fit(X, y), "predict_proba")
    tree = search_of(DecisionTreeClassifier(), {"max_depth": [5]}).fit(*SEPARABLE)
    with pytest.raises(AttributeError, match="'OptunaSearchCV' has no attribute 'score_samples'") as caught:
        tree.score_samples(X)
    assert str(caught.value.__cause__) == "'DecisionTreeClassifier' object has no attribute 'score_samples'"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_methods_depend_on_the_best_estimator():
    X, y = np.arange(24).reshape(6, -1) / 24, [0, 0, 0, 1, 1, 1]
    search = search_of(SGDClassifier(loss="hinge"), {"loss": ["log_loss"]}, cv=3)
    assert not hasattr(search, "predict_proba")
    search.fit(X, y).predict_proba(X)
    search.predict_log_proba(X)
    assert not hasattr(search_of(SGDClassifier(loss="hinge"), {"loss": ["hinge"]}, cv=3).fit(X, y), "predict_proba")


def test_score_samples_come_from_the_best_estimator():
    X = make_blobs(60, 2, centers=[[0, 0], [0, 0]], cluster_std=0.5, random_state=0)[0]
    y = np.where(np.arange(60) < 50, 1, -1)
    search = search_of(LocalOutlierFactor(novelty=True), {"n_neighbors": [5, 10]}, scoring="recall").fit(X, y)
    np.testing.assert_allclose(search.score_samples(X), search.best_estimator_.score_samples(X))


def test_a_fitted_search_can_be_pickled():
    search = OptunaSearchCV(KNeighborsClassifier(), {"n_neighbors": IntDistribution(1, 5)}, n_trials=3, cv=2)
    search.fit(*SEPARABLE)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(SEPARABLE[0]), search.predict(SEPARABLE[0]))


def test_html_shows_the_best_estimator_once_it_is_fitted():
    pipe = Pipeline([("scale", StandardScaler()), ("clf", DummyClassifier())])
    values = {"clf": [DummyClassifier(), LogisticRegression()]}
    with config_context(display="diagram"):
        unfitted = search_of(pipe, values, refit=False)
        assert "<div>DummyClassifier</div>" in unfitted._repr_html_()
        assert "<div>DummyClassifier</div>" in unfitted.fit(*SEPARABLE)._repr_html_()
        html = search_of(pipe, values).fit(*SEPARABLE)._repr_html_()
    assert "<div>DummyClassifier</div>" not in html
    assert "<div>LogisticRegression</div>" in html


# Refitting


@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_without_a_refit_the_methods_say_why_they_are_missing(scoring):
    search = search_of(Mock(), {"foo": [1, 2, 3]}, refit=False, cv=2, scoring=scoring).fit(X4, y4)
    assert not hasattr(search, "best_estimator_")
    assert hasattr(search, "best_index_")
    assert hasattr(search, "best_params_")
    for name in ("predict", "predict_proba", "predict_log_proba", "transform", "inverse_transform"):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'") as caught:
            getattr(search, name)(X4)
        assert f"`refit=False`. {name} is available only after refitting" in str(caught.value.__cause__)


@pytest.mark.parametrize("refit", [True, "recall", "accuracy"])
def test_of_several_metrics_refit_names_one(refit):
    scoring = {"acc": "accuracy", "prec": "precision"}
    with pytest.raises(ValueError, match="the parameter refit must be set to a scorer key"):
        search_of(Mock(), {}, refit=refit, scoring=scoring).fit(X4, y4)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_an_estimator_that_cannot_be_fitted_twice_is_searched():
    class Once(BaseEstimator):
        def __init__(self, parameter=None):
            self.parameter = parameter

        def fit(self, X, y):
            assert not hasattr(self, "has_been_fit_")
            self.has_been_fit_ = True

        def predict(self, X):
            return np.zeros(X.shape[0])

    search = search_of(Once(), {"parameter": [0, 1]}, scoring="precision").fit(X10, y10)
    assert search.cv_results_["state"].tolist() == ["complete"] * 2
    assert isinstance(search.best_estimator_, Once)


def test_a_function_chooses_by_all_the_results():
    seen = {}

    def worst(results):
        seen.update(results)
        return results["mean_test_score"].argmin()

    values = {"C": [0.01, 0.1, 1]}
    search = search_of(LinearSVC(random_state=42), values, scoring="precision", refit=worst).fit(*SEPARABLE)
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
def test_a_function_that_chooses_nothing_is_an_error(index, error, message):
    search = search_of(LinearSVC(random_state=42), {"C": [0.1, 1]}, refit=lambda results: index)
    with pytest.raises(error, match=message):
        search.fit(*SEPARABLE)


def test_a_function_chooses_by_one_of_several_metrics():
    scoring = {"Accuracy": make_scorer(accuracy_score), "prec": "precision"}
    search = search_of(
        LinearSVC(random_state=42),
        {"C": [0.01, 0.1, 1]},
        scoring=scoring,
        refit=lambda results: results["mean_test_prec"].argmin(),
    ).fit(*SEPARABLE)
    assert search.best_index_ == search.cv_results_["mean_test_prec"].argmin()
    assert not hasattr(search, "best_score_")


# Data, splits, metadata


def test_different_lengths_are_an_error():
    X, y = SEPARABLE
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        search_of(LinearSVC(), {"C": [0.1, 1.0]}).fit(X[:30], y)


@pytest.mark.parametrize("csr_container", CSR_CONTAINERS)
@pytest.mark.parametrize("scoring", [None, "f1"])
def test_sparse_data_give_what_dense_data_give(csr_container, scoring):
    X, y = make_classification(120, 10, random_state=0)
    values = {"C": [0.1, 1.0]}
    dense = search_of(LinearSVC(random_state=0), values, scoring=scoring).fit(X[:100], y[:100])
    sparse = search_of(LinearSVC(random_state=0), values, scoring=scoring)
    sparse.fit(csr_container(X[:100]).tocoo(), y[:100])
    assert sparse.best_params_ == dense.best_params_
    assert np.mean(sparse.predict(csr_container(X[100:])) == dense.predict(X[100:])) >= 0.9


def test_a_loss_is_minimised():
    def loss(y, predicted):
        return -f1_score(y, predicted)

    X, y = make_classification(120, 10, random_state=0)
    values = {"C": [1e-4, 1.0]}
    by_score = search_of(LinearSVC(random_state=0), values, scoring="f1").fit(X, y)
    scorer = make_scorer(loss, greater_is_better=False)
    assert search_of(LinearSVC(random_state=0), values, scoring=scorer).fit(X, y).best_params_ == by_score.best_params_


def test_kernels_are_split_by_rows_and_columns():
    X, y = make_classification(100, 10, random_state=0)
    kernel = X[:80] @ X[:80].T
    search = search_of(SVC(kernel="precomputed"), {"C": [0.1, 1.0]}).fit(kernel, y[:80])
    assert search.best_score_ >= 0.5
    assert search.predict(X[80:] @ X[:80].T).shape == (20,)
    for wrong in (kernel.tolist(), np.zeros((80, 20))):
        with pytest.raises(ValueError, match="All 2 trials failed"):
            search.fit(wrong, y[:80])


@pytest.mark.parametrize("pairwise", [True, False])
def test_the_pairwise_tag_is_the_estimators(pairwise):
    class Tagged(BaseEstimator):
        def __init__(self, pairwise=True):
            self.pairwise = pairwise

        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.input_tags.pairwise = self.pairwise
            return tags

    assert search_of(Tagged(pairwise), {"k": [10]}).__sklearn_tags__().input_tags.pairwise == pairwise


def test_precomputed_distances_change_nothing():
    X, y = SEPARABLE
    plain = search_of(KNeighborsClassifier(), {"n_neighbors": [10]}, cv=2).fit(X, y)
    distances = euclidean_distances(X)
    search = search_of(KNeighborsClassifier(metric="precomputed"), {"n_neighbors": [10]}, cv=2).fit(distances, y)
    np.testing.assert_array_equal(search.predict(distances), plain.predict(X))


def test_arrays_of_any_dimension_are_split():
    X, y = np.arange(10 * 5 * 3 * 2).reshape(10, 5, 3, 2), np.arange(10 * 7 * 11).reshape(10, 7, 11)
    checking = CheckingClassifier(
        check_X=lambda x: x.shape[1:] == (5, 3, 2),
        check_y=lambda x: x.shape[1:] == (7, 11),
        methods_to_check=["fit"],
    )
    search = search_of(checking, {"foo_param": [1, 2, 3]}).fit(X, y)
    assert search.score(X10, y10) == 1.0


@pytest.mark.parametrize("of", ["X", "y"])
def test_lists_stay_lists(of):
    checking = CheckingClassifier(**{f"check_{of}": lambda x: isinstance(x, list)}, methods_to_check=["fit"])
    X, y = (X10.tolist(), y10) if of == "X" else (X10, y10.tolist())
    search = search_of(checking, {"foo_param": [1, 2, 3]}, cv=KFold(3)).fit(X, y)
    assert search.cv_results_["state"].tolist() == ["complete"] * 3


@pytest.mark.parametrize(("frame", "series"), [(pd.DataFrame, pd.Series), (MockDataFrame, MockDataFrame)])
def test_frames_stay_frames(frame, series):
    checking = CheckingClassifier(check_X=lambda x: isinstance(x, frame), check_y=lambda x: isinstance(x, series))
    search = search_of(checking, {"foo_param": [1, 2, 3]}).fit(frame(X10), series(y10))
    search.score(frame(X10), series(y10))
    search.predict(frame(X10))


@pytest.mark.parametrize("estimator", [DecisionTreeRegressor(random_state=0), DecisionTreeClassifier(random_state=0)])
def test_several_outputs_are_scored_as_the_estimator_scores_them(estimator):
    X, y = make_multilabel_classification(40, return_indicator=True, random_state=0)
    search = search_of(estimator, {"max_depth": [1, 3]}, cv=KFold()).fit(X, y)
    for row, params in enumerate(search.cv_results_["params"]):
        for split, (train, test) in enumerate(KFold().split(X, y)):
            expected = clone(estimator).set_params(**params).fit(X[train], y[train]).score(X[test], y[test])
            assert search.cv_results_[f"split{split}_test_score"][row] == pytest.approx(expected)


def test_missing_values_are_left_to_the_pipeline():
    X = np.arange(20.0).reshape(5, -1)
    X[2] = np.nan
    pipe = Pipeline([("imputer", SimpleImputer()), ("classifier", Mock())])
    search = search_of(pipe, {"classifier__foo": [1, 2, 3]}, cv=2).fit(X, [0, 0, 1, 1, 1])
    assert search.best_params_ == {"classifier__foo": 2}


def test_a_search_works_without_labels():
    X, y = make_blobs(60, random_state=0)
    kmeans, values = KMeans(random_state=0, init="random", n_init=1), {"n_clusters": [2, 3, 4]}
    several = ["adjusted_rand_score", "fowlkes_mallows_score"]
    for refit in several:
        assert search_of(kmeans, values, scoring=several, refit=refit).fit(X, y).best_params_ == {"n_clusters": 3}
    single = search_of(kmeans, values, scoring="fowlkes_mallows_score").fit(X, y)
    assert single.best_params_ == {"n_clusters": 3}
    assert search_of(kmeans, values).fit(X).best_params_ == {"n_clusters": 4}


def test_a_search_works_without_predict():
    X, _ = make_blobs(30, cluster_std=0.1, random_state=1, centers=[[0, 1], [1, 0], [0, 0]])
    search = search_of(
        KernelDensity(), {"bandwidth": [0.01, 0.1, 1]}, scoring=lambda estimator, X: 42 * (estimator.bandwidth == 0.1)
    ).fit(X)
    assert search.best_params_ == {"bandwidth": 0.1}
    assert search.best_score_ == 42


@pytest.mark.parametrize("Predictor", [MinimalRegressor, MinimalClassifier])
def test_an_estimator_need_not_be_a_base_estimator(Predictor):
    X, y = np.random.RandomState(0).randn(25, 2), np.array([0] * 5 + [1] * 20)
    model = Pipeline([("transformer", MinimalTransformer()), ("predictor", Predictor())])
    values = {"transformer__param": [1, 10], "predictor__parama": [1, 10]}
    search = search_of(model, values, error_score="raise").fit(X, y)
    assert search.best_params_.keys() == values.keys()
    assert is_classifier(search) == (Predictor is MinimalClassifier)
    np.testing.assert_allclose(search.predict(X), 1 if is_classifier(search) else y.mean())


@pytest.mark.parametrize("cv", [LeaveOneGroupOut(), LeavePGroupsOut(2), GroupKFold(3), GroupShuffleSplit()])
def test_groups_reach_the_splitter(cv):
    X, y = make_classification(15, n_classes=2, random_state=0)
    groups = np.random.RandomState(0).randint(0, 3, 15)
    with pytest.raises(ValueError, match="The 'groups' parameter should not be None"):
        search_of(LogisticRegression(), {"C": [1]}, cv=cv).fit(X, y)
    search_of(LogisticRegression(), {"C": [1]}, cv=cv).fit(X, y, groups=groups)


@pytest.mark.parametrize("cv", [StratifiedKFold(3), StratifiedShuffleSplit(3)])
def test_other_splitters_need_no_groups(cv):
    X, y = make_classification(15, n_classes=2, random_state=0)
    assert search_of(LogisticRegression(), {"C": [1]}, cv=cv).fit(X, y).n_splits_ == 3


def test_masks_are_splits():
    X, y = make_blobs(80, centers=[[0, 0], [1, 0], [0, 1], [1, 1]], random_state=0, cluster_std=0.1, shuffle=False)
    mask = np.ones(80, dtype=bool)
    mask[np.flatnonzero(y == 1)[::2]] = mask[np.flatnonzero(y == 2)[::2]] = False
    search = search_of(SVC(), {"C": [1, 10]}, cv=[[mask, ~mask], [~mask, mask]]).fit(X, y)
    scores = [search.cv_results_[f"split{split}_test_score"][0] for split in (0, 1)]
    np.testing.assert_allclose(scores, [1, 1 / 3])
    assert search.cv_results_["mean_test_score"][0] == pytest.approx(np.mean(scores))
    assert search.cv_results_["std_test_score"][0] == pytest.approx(np.std(scores))


def used_up():
    cv = KFold(3).split(X4)
    list(cv)
    return cv


@pytest.mark.parametrize("cv", [[], (), iter([]), used_up()], ids=["list", "tuple", "iterator", "used up"])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_no_splits_are_an_error(cv, n_jobs):
    with pytest.raises(ValueError, match=r"cv gives no splits.*empty, or an iterator that was used up"):
        search_of(Ridge(), {"alpha": [1e-3, 1e-2]}, cv=cv, n_jobs=n_jobs).fit(X4, y4)


def test_a_splitter_with_inconsistent_results_is_an_error():
    class Broken(KFold):
        def get_n_splits(self, *args, **kw):
            return 1

    with pytest.raises(ValueError, match="inconsistent results: expected 1 splits, got 3"):
        search_of(Ridge(), {"alpha": [1e-3]}, cv=Broken(3)).fit(X4, y4)


def test_overlapping_splits_are_allowed():
    rows = np.arange(10)
    search = search_of(KNeighborsClassifier(1), {"p": [2]}, cv=[(rows, rows)]).fit(X10, y10)
    assert search.best_score_ == 1.0


def test_empty_parts_fail_with_the_estimators_error():
    rows, none = np.arange(10), np.array([], dtype=int)
    for cv in ([(none, rows)], [(rows, none)]):
        with pytest.raises(ValueError, match=r"All 1 trials failed\..*0 sample"):
            search_of(KNeighborsClassifier(1), {"p": [2]}, cv=cv).fit(X10, y10)


@pytest.mark.parametrize("splits", ["generator", "list", "shuffled"])
def test_all_candidates_get_the_same_splits(splits):
    X, y = make_classification(60, random_state=0)
    splitter = KFold(3, shuffle=True, random_state=np.random.RandomState(0))
    cv = {"generator": splitter.split(X, y), "list": list(splitter.split(X, y)), "shuffled": splitter}[splits]
    results = search_of(LinearSVC(random_state=0), {"C": [0.1, 0.1, 0.1]}, cv=cv).fit(X, y).cv_results_
    for split in range(3):
        assert len(set(results[f"split{split}_test_score"])) == 1


def test_fit_parameters_are_split_like_the_rows():
    checking = CheckingClassifier(expected_fit_params=["spam", "eggs"])
    search = search_of(checking, {"foo_param": [1, 2, 3]}, cv=2, error_score="raise")
    with pytest.raises(AssertionError, match=r"Expected fit parameter\(s\) \['eggs'\] not seen"):
        search.fit(X10, y10, spam=np.ones(10))
    with pytest.raises(AssertionError, match="Fit parameter spam has length 1; expected"):
        search.fit(X10, y10, spam=np.ones(1), eggs=np.zeros(10))
    search.fit(X10, y10, spam=np.ones(10), eggs=np.zeros(10))


def test_fit_parameters_that_are_not_per_row_are_passed_on():
    class Curious(SGDClassifier):
        def fit(self, X, y, sample_weight=None, pair=None, number=None, function=None):
            assert isinstance(pair, tuple)
            assert [part.ndim for part in pair] == [2, 1]
            assert callable(function)
            self.number_ = number
            return super().fit(X, y, sample_weight=sample_weight)

    search = search_of(Curious(), {"alpha": [0.1, 0.01]}, error_score="raise")
    search.fit(*SEPARABLE, pair=(X10, y10), number=42, function=lambda: None)
    assert search.best_estimator_.number_ == 42


def test_weights_that_a_scorer_ignores_give_a_warning():
    def fake(y_true, y_pred):
        return 0.5

    X, y = SEPARABLE
    weights = np.ones(len(y))
    search = search_of(LogisticRegression(), {"C": [1, 10]}, refit=False)
    for scoring in (make_scorer(fake), {"fake": make_scorer(fake), "accuracy": "accuracy"}):
        with pytest.warns(UserWarning, match="The scoring .*fake.* does not support sample_weight"):
            search.set_params(scoring=scoring).fit(X, y, sample_weight=weights)


def test_a_weight_is_a_repetition():
    rng = np.random.RandomState(42)
    X, y, groups = rng.rand(60, 20), rng.randint(0, 3, 60), np.tile(np.arange(4), 15)
    weights = rng.randint(0, 5, 60)
    repeated = [part.repeat(weights, axis=0) for part in (X, y, groups)]

    def search(X, y, groups, **params):
        splits = list(LeaveOneGroupOut().split(X, groups=groups))
        return search_of(LogisticRegression(), {"C": [1, 10, 100]}, cv=splits).fit(X, y, **params)

    weighted, twice = search(X, y, groups, sample_weight=weights), search(*repeated)
    for key in (key for key in twice.cv_results_ if key.endswith("score")):
        np.testing.assert_allclose(weighted.cv_results_[key], twice.cv_results_[key])
    assert weighted.best_index_ == twice.best_index_
    np.testing.assert_allclose(weighted.predict_proba(X), twice.predict_proba(X), atol=1e-3)


@config_context(enable_metadata_routing=True)
def test_metadata_reach_one_of_several_scorers():
    X, y = SEPARABLE
    metadata = {name: np.random.RandomState(0).rand(len(y)) for name in ("score_weights", "score_metadata")}
    registry = _Registry()
    scorer = ConsumingScorer(registry=registry).set_score_request(
        sample_weight="score_weights", metadata="score_metadata"
    )
    scoring = {"mine": scorer, "accuracy": "accuracy"}
    search_of(LinearSVC(), {"C": [1]}, refit="accuracy", cv=2, scoring=scoring).fit(X, y, **metadata)
    assert len(registry)
    for one in registry:
        check_recorded_metadata(
            obj=one,
            method="consuming_metric",
            parent="fit",
            split_params=("sample_weight", "metadata"),
            sample_weight=metadata["score_weights"],
            metadata=metadata["score_metadata"],
        )


def test_score_takes_metadata_only_where_they_are_routed():
    search = search_of(LinearSVC(), {"C": [1]}, cv=2).fit(*SEPARABLE)
    with pytest.raises(ValueError, match="is only supported if"):
        search.score(*SEPARABLE, metadata=1)


def test_arrays_of_the_array_api_are_accepted():
    """SciPy reads the variable when it is imported."""
    code = """
import numpy as np
from sklearn import config_context
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from skrnn.model_selection import OptunaSearchCV
X, y = np.arange(100.0).reshape(10, 10), np.array([0] * 5 + [1] * 5)
with config_context(array_api_dispatch=True):
    space = lambda trial: {"tol": [1e-2, 1e-3][trial.number]}
    search = OptunaSearchCV(LinearDiscriminantAnalysis(), space, n_trials=2, cv=2, error_score="raise").fit(X, y)
    print(search.score(X, y))
"""
    environment = os.environ | {"SCIPY_ARRAY_API": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert float(done.stdout) > 0.5, done.stderr


# The results


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
def test_several_metrics_give_what_each_gives_alone(refit):
    X, y = make_classification(50, n_features=4, random_state=42)
    values = {"C": np.logspace(-4, 1, 3)}
    both, accuracy, recall = (
        search_of(LogisticRegression(), values, cv=3, scoring=scoring, refit=refit and [True, "accuracy"][several]).fit(
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
def test_scores_are_those_of_each_fold(scoring):
    X, y = make_blobs(40, random_state=0, centers=2)
    search = search_of(LinearSVC(random_state=0), {"C": [0.1, 10]}, scoring=scoring, cv=3).fit(X, y)
    for row, C in enumerate([0.1, 10]):
        for split, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
            svc = LinearSVC(C=C, random_state=0).fit(X[train], y[train])
            expected = (
                f1_score(y[test], svc.predict(X[test]))
                if scoring == "f1"
                else roc_auc_score(y[test], svc.decision_function(X[test]))
            )
            assert search.cv_results_[f"split{split}_test_score"][row] == pytest.approx(expected)


def test_equal_scores_share_the_lower_rank():
    X, y = make_blobs(50, random_state=42)
    results = search_of(SVC(), {"C": [1, 1.001, 0.001]}).fit(X, y).cv_results_
    assert results["mean_test_score"][0] == results["mean_test_score"][1] != results["mean_test_score"][2]
    assert results["rank_test_score"].tolist() == [1, 1, 3]


@pytest.mark.parametrize("estimator", [DecisionTreeRegressor(), DecisionTreeClassifier()])
def test_none_can_be_a_parameter_value(estimator):
    search = search_of(estimator, {"random_state": [0, None]}, cv=KFold(), scoring=lambda e, X, y: 1.0)
    search.fit([[1], [2], [3], [4], [5]], [0, 0, 0, 0, 1])
    assert search.cv_results_["param_random_state"].tolist() == [0, None]


def test_times_exist_and_are_not_negative():
    search = search_of(LinearSVC(random_state=0), {"C": [0.1, 1]}, cv=2).fit([[1], [2], [3], [4]], [0, 1, 1, 0])
    for key in ("mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time"):
        assert (search.cv_results_[key] >= 0).all()
    assert isinstance(search.refit_time_, float)
    assert search.refit_time_ >= 0


def test_train_scores_are_not_reported():
    search = search_of(LinearSVC(random_state=0), {"C": [0.1, 0.2]}, cv=3).fit(np.arange(6).reshape(6, -1), y10[2:8])
    assert not any("train" in key for key in search.cv_results_)


def test_parameters_of_any_kind_are_objects():
    class Meta(ClassifierMixin, BaseEstimator):
        def __init__(self, a=None, b=None, c=None, d=None):
            self.a, self.b, self.c, self.d = a, b, c, d

        def fit(self, X, y=None):
            return self

        def score(self, X, y):
            return 1.0

    values = {"a": [None, {"x": "A"}, {"x": "B"}], "b": [None, [1, 2], 3], "c": [{"a": 1}] * 3, "d": ["s", "t", "u"]}
    results = search_of(Meta(), values, cv=3).fit(*SEPARABLE).cv_results_
    assert {results[f"param_{name}"].dtype for name in values} == {np.dtype(object)}


def test_encoders_are_objects():
    frame = pd.DataFrame({"number": [1, 2, 3, 4, 5], "text": ["a"] * 5})
    encode = ColumnTransformer([("enc", OneHotEncoder(sparse_output=False), ["text"])], remainder="passthrough")
    pipe = Pipeline([("enc", encode), ("regressor", LinearRegression())])
    values = {"enc__enc": [OneHotEncoder(sparse_output=False), OrdinalEncoder()]}
    search = search_of(pipe, values, cv=2).fit(frame, [1.0, 4.1, 2.0, 3.0, 1.0])
    assert search.cv_results_["param_enc__enc"].dtype == object


def test_arrays_of_other_sizes_are_objects():
    X, y = make_classification(40, n_features=10, random_state=0)
    knots = [np.linspace(0, np.pi * 2, n * 10).reshape(-1, 10) for n in (10, 11, 12)]
    pipe = make_pipeline(SplineTransformer(extrapolation="periodic"), LogisticRegression())
    search = search_of(pipe, {"splinetransformer__knots": knots}).fit(X, y)
    assert search.cv_results_["param_splinetransformer__knots"].dtype == object


def test_pairs_are_objects_in_one_dimension(own_workers):
    pipe = Pipeline([("vect", TfidfVectorizer()), ("clf", ComplementNB())])
    values = {"vect__ngram_range": [(1, 2), (1, 2), (1, 1)], "vect__norm": ["l1", "l2", "l1"]}
    texts = ["one two", "two one", "three one", "four", "five"]
    search = search_of(pipe, values, n_jobs=2, cv=3).fit([*texts, "five four"], [0, 0, 1, 1, 0, 1])
    found = search.cv_results_["param_vect__ngram_range"]
    assert found.shape == (3,)
    assert found.tolist() == [(1, 2), (1, 2), (1, 1)]


# Several scores from one function


def test_a_function_may_return_several_scores():
    def confusion(estimator, X, y):
        matrix = confusion_matrix(y, estimator.predict(X))
        return {"tn": matrix[0, 0], "fp": matrix[0, 1], "fn": matrix[1, 0], "tp": matrix[1, 1]}

    X, y = SEPARABLE
    search = search_of(LinearSVC(random_state=42), {"C": [0.1, 1]}, scoring=confusion, refit="fp").fit(X, y)
    assert {f"mean_test_{name}" for name in ("tn", "fp", "fn", "tp")} <= search.cv_results_.keys()
    assert search.multimetric_
    assert search.score(X, y) == confusion_matrix(y, search.predict(X))[0, 1]


def test_a_function_of_several_scores_equals_their_names():
    def both(estimator, X, y):
        predicted = estimator.predict(X)
        return {"recall": recall_score(y, predicted), "accuracy": accuracy_score(y, predicted)}

    def alone(estimator, X, y):
        return both(estimator, X, y)["recall"]

    X, y = SEPARABLE
    searches = [
        search_of(LinearSVC(random_state=42), {"C": [0.001, 1]}, scoring=scoring, refit=refit).fit(X, y)
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
def test_a_function_of_several_scores_needs_the_one_that_decides(refit):
    search = search_of(LinearSVC(), {"C": [0.1, 1]}, scoring=lambda e, X, y: {"bad": 1, "worse": 0}, refit=refit)
    with pytest.raises(ValueError, match=r"the scores \['bad', 'worse'\]: refit must be set to a scorer key"):
        search.fit(*SEPARABLE)
    assert not hasattr(search, "cv_results_")


def test_failures_have_all_scores_of_a_function():
    search = search_of(
        Failing(), {"parameter": [0, 1, 2]}, scoring=lambda e, X, y: {"acc": 1}, refit=False, error_score=0.1
    )
    with pytest.warns(FitFailedWarning, match="1 of 3 trials failed and are scored 0.1"):
        search.fit(*SEPARABLE)
    np.testing.assert_allclose(search.cv_results_["mean_test_acc"], [1, 1, 0.1])


# Failures


@pytest.mark.parametrize("error_score", [0.0, np.nan])
def test_failures_give_a_warning_and_error_score(error_score):
    search = search_of(Failing(), {"parameter": [0, 1, 2]}, scoring="accuracy", refit=False, error_score=error_score)
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
def test_it_is_an_error_if_all_fail(scoring):
    search = search_of(Failing(), {"parameter": [2, 2, 2]}, scoring=scoring, refit=False, error_score=0.0)
    with pytest.raises(ValueError, match=r"All 3 trials failed\. .*ValueError: Failing classifier failed as required"):
        search.fit(*SEPARABLE)


def test_raise_raises():
    search = search_of(Failing(), {"parameter": [0, 1, 2]}, scoring="accuracy", refit=False, error_score="raise")
    with pytest.raises(ValueError, match=r"^Failing classifier failed as required$"):
        search.fit(*SEPARABLE)


# Where the search differs, as docs/tuning.md says


@pytest.mark.parametrize("values", [1, [], "1,2,3", [0.1, 1.0], np.ones((3, 2))])
def test_a_space_needs_distributions_not_lists(values):
    with pytest.raises(TypeError, match=r"param_distributions\['C'\] must be an Optuna distribution"):
        OptunaSearchCV(SVC(), {"C": values}).fit(*SEPARABLE)


def test_a_trial_whose_mean_is_not_finite_has_failed():
    class Scorer:
        def __init__(self):
            self.n = 0

        def __call__(self, estimator, X, y):
            self.n += 1
            return np.nan if self.n % 5 == 0 else 1.0

    search = search_of(DecisionTreeClassifier(), {"max_depth": [2, 3, 5, 8]}, scoring=Scorer(), cv=3)
    with pytest.warns(FitFailedWarning, match="2 of 4 trials failed.*The mean score over the folds is nan"):
        search.fit(*SEPARABLE)
    means, ranks = search.cv_results_["mean_test_score"], search.cv_results_["rank_test_score"]
    assert np.isnan(means).sum() == 2
    assert set(ranks[np.isnan(means)]) == {ranks.max()}
    assert (ranks[~np.isnan(means)] < ranks.max()).all()


def test_a_trial_ends_at_its_first_failed_fold():
    fits = []

    class Second(KNeighborsClassifier):
        def fit(self, X, y):
            fits.append(self.n_neighbors)
            if len(fits) == 2:
                raise ValueError("the second")
            return super().fit(X, y)

    search = search_of(Second(), {"n_neighbors": [1, 2]}, cv=3, error_score=0.0, refit=False)
    with pytest.warns(FitFailedWarning, match="1 of 2 trials failed"):
        search.fit(*SEPARABLE)
    assert fits == [1, 1, 2, 2, 2]
    assert [search.cv_results_[f"split{split}_test_score"][0] for split in range(3)] == [0.0] * 3


def test_run_search_is_not_called():
    class Own(OptunaSearchCV):
        def _run_search(self, evaluate_candidates):
            raise AssertionError

    Own(LogisticRegression(), {"C": FloatDistribution(0.1, 1)}, n_trials=1).fit(*SEPARABLE)
    for name in ("return_train_score", "pre_dispatch"):
        with pytest.raises(TypeError, match=name):
            OptunaSearchCV(LogisticRegression(), **{name: 1})


def test_verbose_shows_a_bar(capsys):
    space = {"C": CategoricalDistribution([0.1])}
    OptunaSearchCV(LogisticRegression(), space, n_trials=2, verbose=3).fit(*SEPARABLE)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "2/2" in captured.err
    assert "best 0." in captured.err


def test_an_unfitted_search_says_so():
    with warnings.catch_warnings(), pytest.raises(NotFittedError):
        OptunaSearchCV(LogisticRegression(), {"C": FloatDistribution(0.1, 1)}).predict(X10)
