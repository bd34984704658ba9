"""The behaviour that scikit-learn's tests require of ``GridSearchCV``, tested on ``OptunaSearchCV``: data,
splits and metadata."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs, make_classification, make_multilabel_classification
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import euclidean_distances, f1_score, make_scorer
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    StratifiedKFold,
    StratifiedShuffleSplit,
)
from sklearn.neighbors import KernelDensity, KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC, LinearSVC
from sklearn.tests.metadata_routing_common import ConsumingScorer, _Registry, check_recorded_metadata
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils._mocking import CheckingClassifier, MockDataFrame
from sklearn.utils._testing import MinimalClassifier, MinimalRegressor, MinimalTransformer
from sklearn.utils.fixes import CSR_CONTAINERS

X4 = np.array([[-1, -1], [-2, -1], [1, 1], [2, 1]])
y4 = np.array([1, 1, 2, 2])
X10 = np.arange(100).reshape(10, 10)
y10 = np.array([0] * 5 + [1] * 5)
SEPARABLE = make_classification(40, 4, random_state=42)


def test_different_lengths_are_an_error(grid_of):
    X, y = SEPARABLE
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        grid_of(LinearSVC(), {"C": [0.1, 1.0]}).fit(X[:30], y)


@pytest.mark.parametrize("csr_container", CSR_CONTAINERS)
@pytest.mark.parametrize("scoring", [None, "f1"])
def test_sparse_data_give_what_dense_data_give(grid_of, csr_container, scoring):
    X, y = make_classification(120, 10, random_state=0)
    values = {"C": [0.1, 1.0]}
    dense = grid_of(LinearSVC(random_state=0), values, scoring=scoring).fit(X[:100], y[:100])
    sparse = grid_of(LinearSVC(random_state=0), values, scoring=scoring)
    sparse.fit(csr_container(X[:100]).tocoo(), y[:100])
    assert sparse.best_params_ == dense.best_params_
    assert np.mean(sparse.predict(csr_container(X[100:])) == dense.predict(X[100:])) >= 0.9


def test_a_loss_is_minimised(grid_of):
    def loss(y, predicted):
        return -f1_score(y, predicted)

    X, y = make_classification(120, 10, random_state=0)
    values = {"C": [1e-4, 1.0]}
    by_score = grid_of(LinearSVC(random_state=0), values, scoring="f1").fit(X, y)
    scorer = make_scorer(loss, greater_is_better=False)
    assert grid_of(LinearSVC(random_state=0), values, scoring=scorer).fit(X, y).best_params_ == by_score.best_params_


def test_kernels_are_split_by_rows_and_columns(grid_of):
    X, y = make_classification(100, 10, random_state=0)
    kernel = X[:80] @ X[:80].T
    search = grid_of(SVC(kernel="precomputed"), {"C": [0.1, 1.0]}).fit(kernel, y[:80])
    assert search.best_score_ >= 0.5
    assert search.predict(X[80:] @ X[:80].T).shape == (20,)
    for wrong in (kernel.tolist(), np.zeros((80, 20))):
        with pytest.raises(ValueError, match="All 2 trials failed"):
            search.fit(wrong, y[:80])


@pytest.mark.parametrize("pairwise", [True, False])
def test_the_pairwise_tag_is_the_estimators(grid_of, pairwise):
    class Tagged(BaseEstimator):
        def __init__(self, pairwise=True):
            self.pairwise = pairwise

        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.input_tags.pairwise = self.pairwise
            return tags

    assert grid_of(Tagged(pairwise), {"k": [10]}).__sklearn_tags__().input_tags.pairwise == pairwise


def test_precomputed_distances_change_nothing(grid_of):
    X, y = SEPARABLE
    plain = grid_of(KNeighborsClassifier(), {"n_neighbors": [10]}, cv=2).fit(X, y)
    distances = euclidean_distances(X)
    search = grid_of(KNeighborsClassifier(metric="precomputed"), {"n_neighbors": [10]}, cv=2).fit(distances, y)
    np.testing.assert_array_equal(search.predict(distances), plain.predict(X))


def test_arrays_of_any_dimension_are_split(grid_of):
    X, y = np.arange(10 * 5 * 3 * 2).reshape(10, 5, 3, 2), np.arange(10 * 7 * 11).reshape(10, 7, 11)
    checking = CheckingClassifier(
        check_X=lambda x: x.shape[1:] == (5, 3, 2),
        check_y=lambda x: x.shape[1:] == (7, 11),
        methods_to_check=["fit"],
    )
    search = grid_of(checking, {"foo_param": [1, 2, 3]}).fit(X, y)
    assert search.score(X10, y10) == 1.0


@pytest.mark.parametrize("of", ["X", "y"])
def test_lists_stay_lists(grid_of, of):
    checking = CheckingClassifier(**{f"check_{of}": lambda x: isinstance(x, list)}, methods_to_check=["fit"])
    X, y = (X10.tolist(), y10) if of == "X" else (X10, y10.tolist())
    search = grid_of(checking, {"foo_param": [1, 2, 3]}, cv=KFold(3)).fit(X, y)
    assert search.cv_results_["state"].tolist() == ["complete"] * 3


@pytest.mark.parametrize(("frame", "series"), [(pd.DataFrame, pd.Series), (MockDataFrame, MockDataFrame)])
def test_frames_stay_frames(grid_of, frame, series):
    checking = CheckingClassifier(check_X=lambda x: isinstance(x, frame), check_y=lambda x: isinstance(x, series))
    search = grid_of(checking, {"foo_param": [1, 2, 3]}).fit(frame(X10), series(y10))
    search.score(frame(X10), series(y10))
    search.predict(frame(X10))


@pytest.mark.parametrize("estimator", [DecisionTreeRegressor(random_state=0), DecisionTreeClassifier(random_state=0)])
def test_several_outputs_are_scored_as_the_estimator_scores_them(grid_of, estimator):
    X, y = make_multilabel_classification(40, return_indicator=True, random_state=0)
    search = grid_of(estimator, {"max_depth": [1, 3]}, cv=KFold()).fit(X, y)
    for row, params in enumerate(search.cv_results_["params"]):
        for split, (train, test) in enumerate(KFold().split(X, y)):
            expected = clone(estimator).set_params(**params).fit(X[train], y[train]).score(X[test], y[test])
            assert search.cv_results_[f"split{split}_test_score"][row] == pytest.approx(expected)


def test_missing_values_are_left_to_the_pipeline(grid_of):
    X = np.arange(20.0).reshape(5, -1)
    X[2] = np.nan
    pipe = Pipeline([("imputer", SimpleImputer()), ("classifier", DummyClassifier(strategy="constant"))])
    search = grid_of(pipe, {"classifier__constant": [0, 1]}, cv=2).fit(X, [0, 0, 1, 1, 1])
    assert search.best_params_ == {"classifier__constant": 1}


def test_a_search_works_without_labels(grid_of):
    X, y = make_blobs(60, random_state=0)
    kmeans, values = KMeans(random_state=0, init="random", n_init=1), {"n_clusters": [2, 3, 4]}
    several = ["adjusted_rand_score", "fowlkes_mallows_score"]
    for refit in several:
        assert grid_of(kmeans, values, scoring=several, refit=refit).fit(X, y).best_params_ == {"n_clusters": 3}
    single = grid_of(kmeans, values, scoring="fowlkes_mallows_score").fit(X, y)
    assert single.best_params_ == {"n_clusters": 3}
    assert grid_of(kmeans, values).fit(X).best_params_ == {"n_clusters": 4}


def test_a_search_works_without_predict(grid_of):
    X, _ = make_blobs(30, cluster_std=0.1, random_state=1, centers=[[0, 1], [1, 0], [0, 0]])
    search = grid_of(
        KernelDensity(), {"bandwidth": [0.01, 0.1, 1]}, scoring=lambda estimator, X: 42 * (estimator.bandwidth == 0.1)
    ).fit(X)
    assert search.best_params_ == {"bandwidth": 0.1}
    assert search.best_score_ == 42


@pytest.mark.parametrize("Predictor", [MinimalRegressor, MinimalClassifier])
def test_an_estimator_need_not_be_a_base_estimator(grid_of, Predictor):
    X, y = np.random.RandomState(0).randn(25, 2), np.array([0] * 5 + [1] * 20)
    model = Pipeline([("transformer", MinimalTransformer()), ("predictor", Predictor())])
    values = {"transformer__param": [1, 10], "predictor__parama": [1, 10]}
    search = grid_of(model, values, error_score="raise").fit(X, y)
    assert search.best_params_.keys() == values.keys()
    assert is_classifier(search) == (Predictor is MinimalClassifier)
    np.testing.assert_allclose(search.predict(X), 1 if is_classifier(search) else y.mean())


@pytest.mark.parametrize("cv", [LeaveOneGroupOut(), LeavePGroupsOut(2), GroupKFold(3), GroupShuffleSplit()])
def test_groups_reach_the_splitter(grid_of, cv):
    X, y = make_classification(15, n_classes=2, random_state=0)
    groups = np.random.RandomState(0).randint(0, 3, 15)
    with pytest.raises(ValueError, match="The 'groups' parameter should not be None"):
        grid_of(LogisticRegression(), {"C": [1]}, cv=cv).fit(X, y)
    grid_of(LogisticRegression(), {"C": [1]}, cv=cv).fit(X, y, groups=groups)


@pytest.mark.parametrize("cv", [StratifiedKFold(3), StratifiedShuffleSplit(3)])
def test_other_splitters_need_no_groups(grid_of, cv):
    X, y = make_classification(15, n_classes=2, random_state=0)
    assert grid_of(LogisticRegression(), {"C": [1]}, cv=cv).fit(X, y).n_splits_ == 3


def test_masks_are_splits(grid_of):
    X, y = make_blobs(80, centers=[[0, 0], [1, 0], [0, 1], [1, 1]], random_state=0, cluster_std=0.1, shuffle=False)
    mask = np.ones(80, dtype=bool)
    mask[np.flatnonzero(y == 1)[::2]] = mask[np.flatnonzero(y == 2)[::2]] = False
    search = grid_of(SVC(), {"C": [1, 10]}, cv=[[mask, ~mask], [~mask, mask]]).fit(X, y)
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
def test_no_splits_are_an_error(grid_of, cv, n_jobs):
    with pytest.raises(ValueError, match=r"cv gives no splits.*empty, or an iterator that is already exhausted"):
        grid_of(Ridge(), {"alpha": [1e-3, 1e-2]}, cv=cv, n_jobs=n_jobs).fit(X4, y4)


def test_a_splitter_with_inconsistent_results_is_an_error(grid_of):
    class Broken(KFold):
        def get_n_splits(self, *args, **kw):
            return 1

    with pytest.raises(ValueError, match="inconsistent results: expected 1 splits, got 3"):
        grid_of(Ridge(), {"alpha": [1e-3]}, cv=Broken(3)).fit(X4, y4)


def test_overlapping_splits_are_allowed(grid_of):
    rows = np.arange(10)
    search = grid_of(KNeighborsClassifier(1), {"p": [2]}, cv=[(rows, rows)]).fit(X10, y10)
    assert search.best_score_ == 1.0


def test_empty_parts_fail_with_the_estimators_error(grid_of):
    rows, none = np.arange(10), np.array([], dtype=int)
    for cv in ([(none, rows)], [(rows, none)]):
        with pytest.raises(ValueError, match=r"All 1 trials failed\..*0 sample"):
            grid_of(KNeighborsClassifier(1), {"p": [2]}, cv=cv).fit(X10, y10)


@pytest.mark.parametrize("splits", ["generator", "list", "shuffled"])
def test_all_candidates_get_the_same_splits(grid_of, splits):
    X, y = make_classification(60, random_state=0)
    splitter = KFold(3, shuffle=True, random_state=np.random.RandomState(0))
    cv = {"generator": splitter.split(X, y), "list": list(splitter.split(X, y)), "shuffled": splitter}[splits]
    results = grid_of(LinearSVC(random_state=0), {"C": [0.1, 0.1, 0.1]}, cv=cv).fit(X, y).cv_results_
    for split in range(3):
        assert len(set(results[f"split{split}_test_score"])) == 1


def test_fit_parameters_are_split_like_the_rows(grid_of):
    checking = CheckingClassifier(expected_fit_params=["spam", "eggs"])
    search = grid_of(checking, {"foo_param": [1, 2, 3]}, cv=2, error_score="raise")
    with pytest.raises(AssertionError, match=r"Expected fit parameter\(s\) \['eggs'\] not seen"):
        search.fit(X10, y10, spam=np.ones(10))
    with pytest.raises(AssertionError, match="Fit parameter spam has length 1; expected"):
        search.fit(X10, y10, spam=np.ones(1), eggs=np.zeros(10))
    search.fit(X10, y10, spam=np.ones(10), eggs=np.zeros(10))


def test_fit_parameters_that_are_not_per_row_are_passed_on(grid_of):
    class Curious(SGDClassifier):
        def fit(self, X, y, sample_weight=None, pair=None, number=None, function=None):
            assert isinstance(pair, tuple)
            assert [part.ndim for part in pair] == [2, 1]
            assert callable(function)
            self.number_ = number
            return super().fit(X, y, sample_weight=sample_weight)

    search = grid_of(Curious(), {"alpha": [0.1, 0.01]}, error_score="raise")
    search.fit(*SEPARABLE, pair=(X10, y10), number=42, function=lambda: None)
    assert search.best_estimator_.number_ == 42


def test_weights_that_a_scorer_ignores_give_a_warning(grid_of):
    def fake(y_true, y_pred):
        return 0.5

    X, y = SEPARABLE
    weights = np.ones(len(y))
    search = grid_of(LogisticRegression(), {"C": [1, 10]}, refit=False)
    for scoring in (make_scorer(fake), {"fake": make_scorer(fake), "accuracy": "accuracy"}):
        with pytest.warns(UserWarning, match="The scoring .*fake.* does not support sample_weight"):
            search.set_params(scoring=scoring).fit(X, y, sample_weight=weights)


def test_a_weight_is_a_repetition(grid_of):
    rng = np.random.RandomState(42)
    X, y, groups = rng.rand(60, 20), rng.randint(0, 3, 60), np.tile(np.arange(4), 15)
    weights = rng.randint(0, 5, 60)
    repeated = [part.repeat(weights, axis=0) for part in (X, y, groups)]

    def search(X, y, groups, **params):
        splits = list(LeaveOneGroupOut().split(X, groups=groups))
        return grid_of(LogisticRegression(), {"C": [1, 10, 100]}, cv=splits).fit(X, y, **params)

    weighted, twice = search(X, y, groups, sample_weight=weights), search(*repeated)
    for key in (key for key in twice.cv_results_ if key.endswith("score")):
        np.testing.assert_allclose(weighted.cv_results_[key], twice.cv_results_[key])
    assert weighted.best_index_ == twice.best_index_
    np.testing.assert_allclose(weighted.predict_proba(X), twice.predict_proba(X), atol=1e-3)


@config_context(enable_metadata_routing=True)
def test_metadata_reach_one_of_several_scorers(grid_of):
    X, y = SEPARABLE
    metadata = {name: np.random.RandomState(0).rand(len(y)) for name in ("score_weights", "score_metadata")}
    registry = _Registry()
    scorer = ConsumingScorer(registry=registry).set_score_request(
        sample_weight="score_weights", metadata="score_metadata"
    )
    scoring = {"mine": scorer, "accuracy": "accuracy"}
    grid_of(LinearSVC(), {"C": [1]}, refit="accuracy", cv=2, scoring=scoring).fit(X, y, **metadata)
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


def test_score_takes_metadata_only_where_they_are_routed(grid_of):
    search = grid_of(LinearSVC(), {"C": [1]}, cv=2).fit(*SEPARABLE)
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
