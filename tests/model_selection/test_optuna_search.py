"""The search as a scikit-learn estimator, and what it does when trials fail."""

import pickle

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.base import clone, is_classifier
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier, SimpleRNNClassifier
from skrnn.model_selection import compare_architectures
from skrnn.preprocessing import ImageToSequence

# A scikit-learn search estimator


def test_it_is_a_classifier_and_predicts_with_the_best(images, search_of):
    X, y = images
    search = search_of()
    assert is_classifier(search)
    assert clone(search).get_params()["n_trials"] == 3
    with pytest.raises(NotFittedError):
        search.predict(X)
    assert search.fit(X, y) is search
    assert list(search.classes_) == [0, 1, 2]
    assert search.n_features_in_ == 8
    best = clone(search.estimator).set_params(**search.best_params_, epochs=search.best_epochs_).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), best.predict_proba(X))
    np.testing.assert_array_equal(search.predict(X), best.predict(X))
    assert search.score(X, y) == best.score(X, y)
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()
    assert search.cv_results_["rank_test_score"][search.best_index_] == 1
    assert search.refit_time_ > 0


def test_the_refit_trains_as_long_as_the_best_mean_score_took(images, search_of):
    def best_after_two(estimator, X, y):
        return -abs(estimator.n_iter_ - 2)

    search = search_of(scoring=best_after_two, n_trials=1).fit(*images)
    assert list(search.trials_[0].intermediate_values.values()) == [-1, 0, -1]
    assert search.best_score_ == 0
    assert search.best_epochs_ == search.best_estimator_.n_iter_ == 2


def test_an_outer_cross_validation_is_stratified_and_each_fold_has_its_study(images, tmp_path, search_of):
    X, y = images
    order = np.argsort(y, kind="stable")  # of sorted labels, folds that are not stratified lack a class
    journal = tmp_path / "search.journal"
    search = search_of(storage=str(journal), n_trials=2)
    nested = cross_validate(search, X[order], y[order], cv=3, return_estimator=True, error_score="raise")
    assert [len(fitted.classes_) for fitted in nested["estimator"]] == [3, 3, 3]
    names = {fitted.study_name_ for fitted in nested["estimator"]}
    assert len(names) == 3
    storage = nested["estimator"][0].study_._storage
    studies = storage.get_all_studies()
    assert {study.study_name for study in studies} == names
    assert [len(storage.get_all_trials(study._study_id)) for study in studies] == [2, 2, 2]


def test_results_are_a_frame_as_of_a_grid_search(images, search_of, prune_at):
    X, y = images
    search = search_of(n_trials=4, pruner=prune_at(2)).fit(X, y)
    frame = pd.DataFrame(search.cv_results_)
    grid = GridSearchCV(search.estimator, {"learning_rate": [0.01]}, cv=2).fit(X, y)
    assert set(grid.cv_results_) <= set(frame.columns)
    assert set(frame.columns) - set(grid.cv_results_) == {"trial_number", "state", "n_epochs", "pruned_epoch"}
    assert frame["trial_number"].tolist() == [0, 1, 2, 3]
    assert frame["state"].tolist() == ["complete", "pruned", "pruned", "pruned"]
    assert frame["pruned_epoch"].tolist()[1:] == [2, 2, 2]
    assert np.isnan(frame["pruned_epoch"][0])
    splits = frame[["split0_test_score", "split1_test_score"]]
    np.testing.assert_allclose(frame["mean_test_score"], splits.mean(axis=1))
    np.testing.assert_allclose(frame["std_test_score"], splits.std(axis=1, ddof=0))
    assert frame["rank_test_score"][0] == 1  # a complete trial ranks before all pruned ones
    assert search.best_index_ == 0
    assert (frame[["mean_fit_time", "mean_score_time"]] > 0).all(axis=None)
    assert frame["param_learning_rate"].between(1e-3, 0.1).all()
    assert [trial.params for trial in search.trials_] == search.cv_results_["params"]


def test_several_metrics_with_the_one_that_decides_named(images, search_of):
    X, y = images
    search = search_of(scoring=["accuracy", "neg_log_loss"], refit="neg_log_loss").fit(X, y)
    assert search.multimetric_
    results = search.cv_results_
    assert search.best_index_ == results["mean_test_neg_log_loss"].argmax()
    assert {"mean_test_accuracy", "rank_test_accuracy", "split1_test_neg_log_loss"} <= results.keys()
    assert search.score(X, y) == get_scorer("neg_log_loss")(search.best_estimator_, X, y)
    values = [trial.value for trial in search.trials_]
    np.testing.assert_allclose(values, results["mean_test_neg_log_loss"])
    with pytest.raises(ValueError, match="refit must be set to a scorer key"):
        search_of(scoring=["accuracy", "neg_log_loss"]).fit(X, y)
    without = search_of(scoring=["accuracy", "neg_log_loss"], refit=False).fit(X, y)
    assert not hasattr(without, "best_params_")
    assert "rank_test_accuracy" in without.cv_results_


def test_refit_may_choose_or_be_left_out(images, search_of):
    X, y = images
    worst = search_of(refit=lambda results: int(results["mean_test_score"].argmin())).fit(X, y)
    assert worst.best_index_ == worst.cv_results_["mean_test_score"].argmin()
    without = search_of(refit=False).fit(X, y)
    assert without.best_params_ == without.cv_results_["params"][without.best_index_]
    assert not hasattr(without, "best_estimator_")


def test_groups_and_sample_weights_go_where_they_belong(images, search_of):
    X, y = images
    groups = np.arange(len(y)) % 4
    seen = []

    class Groups(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    weights = np.random.default_rng(0).uniform(0, 3, len(y))
    search = search_of(cv=Groups(2), n_trials=1).fit(X, y, groups=groups, sample_weight=weights)
    np.testing.assert_array_equal(seen, [groups])
    estimator = clone(search.estimator).set_params(**search.best_params_, epochs=search.best_epochs_)
    expected = estimator.fit(X, y, sample_weight=weights).predict_proba(X)
    np.testing.assert_array_equal(search.predict_proba(X), expected)


def test_a_pipeline_is_searched_and_its_last_step_pruned(images, search_of, prune_at):
    pipeline = make_pipeline(ImageToSequence(), GRUClassifier(4, epochs=3, random_state=0))
    space = {
        "imagetosequence__scan": CategoricalDistribution(["rows", "columns"]),
        "gruclassifier__learning_rate": FloatDistribution(1e-3, 0.1, log=True),
    }
    search = search_of(pipeline, space, pruner=prune_at(1)).fit(*images)
    assert search.cv_results_["state"].tolist() == ["complete", "pruned", "pruned"]
    assert search.best_estimator_[-1].n_iter_ == search.best_epochs_
    assert search.best_estimator_[0].scan == search.best_params_["imagetosequence__scan"]


def test_any_classifier_is_searched_and_not_pruned(images, search_of, prune_at):
    X, y = images
    X = X.reshape(len(X), -1)
    space = {"C": FloatDistribution(1e-3, 10, log=True)}
    search = search_of(LogisticRegression(max_iter=500), space, pruner=prune_at(0)).fit(X, y)
    assert search.cv_results_["state"].tolist() == ["complete"] * 3
    scores = cross_val_score(LogisticRegression(max_iter=500).set_params(**search.best_params_), X, y, cv=2)
    assert search.best_score_ == scores.mean()
    assert search.best_epochs_ is None


def test_a_fitted_search_is_plain_data(images, search_of):
    X, y = images
    search = pickle.loads(pickle.dumps(search_of().fit(X, y)))
    assert search.score(X, y) > 0
    assert [trial.value for trial in search.study_.trials] == search.cv_results_["mean_test_score"].tolist()
    assert search.study_.best_params == search.best_params_


def test_tuned_architectures_are_compared_at_equal_budgets(images, search_of):
    searches = {
        "SimpleRNN": search_of(SimpleRNNClassifier(4, epochs=2), n_trials=2),
        "GRU": search_of(GRUClassifier(4, epochs=2), n_trials=2),
    }
    comparison = compare_architectures(searches, *images, cv=2, random_state=0)
    assert comparison.scores.shape == (2, 2)
    assert set(comparison.to_frame()["n_epochs"]) <= {1, 2}


# Failures


def failing_when_wide(trial):
    units = trial.suggest_categorical("units", [4, -1])
    return {"units": units, "learning_rate": trial.suggest_float("learning_rate", 0.001, 0.1)}


def test_one_failing_trial_is_recorded_and_the_search_goes_on(images, search_of):
    with pytest.warns(FitFailedWarning, match=r"^2 of 6 trials failed and are scored nan\. Trial 1: .*'units'.*Got -1"):
        search = search_of(space=failing_when_wide, n_trials=6).fit(*images)
    results = search.cv_results_
    failed = results["state"] == "fail"
    np.testing.assert_array_equal(failed, [params["units"] == -1 for params in results["params"]])
    np.testing.assert_array_equal(np.isnan(results["mean_test_score"]), failed)
    assert results["rank_test_score"][failed].min() > results["rank_test_score"][~failed].max()
    assert search.best_params_["units"] == 4
    trial = search.trials_[int(np.flatnonzero(failed)[0])]
    assert "InvalidParameterError" in trial.user_attrs["skrnn:error"]
    with pytest.warns(FitFailedWarning, match="scored 0.0"):
        scored = search_of(space=failing_when_wide, n_trials=6, error_score=0.0).fit(*images)
    assert (scored.cv_results_["mean_test_score"][failed] == 0).all()


def test_results_have_all_columns_where_the_first_trial_fails(images, search_of):
    def space(trial):
        return {
            "units": -1 if trial.number == 0 else 4,
            "learning_rate": trial.suggest_float("learning_rate", 0.001, 0.1),
        }

    with pytest.warns(FitFailedWarning, match=r"^1 of 2 trials failed"):
        results = search_of(space=space, n_trials=2).fit(*images).cv_results_
    assert results["state"].tolist() == ["fail", "complete"]
    assert results["rank_test_score"].tolist() == [2, 1]
    assert np.isnan(results["split1_test_score"][0])
    assert results["split1_test_score"][1] > 0
    assert results["param_units"].tolist() == [-1, 4]


def test_if_all_trials_fail_the_first_cause_is_raised_and_nothing_refitted(images, search_of):
    search = search_of(space={"units": CategoricalDistribution([-1])}, n_trials=2)
    with pytest.raises(ValueError, match=r"^All 2 trials failed\. Trial 0: .*'units' parameter"):
        search.fit(*images)
    assert not hasattr(search, "best_estimator_")
    assert not hasattr(search, "cv_results_")


def test_error_score_raise_ends_the_search(images, search_of):
    with pytest.raises(ValueError, match="'units' parameter"):
        search_of(space={"units": CategoricalDistribution([-1])}, error_score="raise").fit(*images)


def test_a_score_that_is_nan_is_a_failure(images, search_of):
    def scorer(estimator, X, y):
        return np.nan if estimator.learning_rate > 0.01 else estimator.score(X, y)

    with pytest.warns(FitFailedWarning, match="The mean score over the folds is nan"):
        search = search_of(scoring=scorer, n_trials=6).fit(*images)
    assert search.best_params_["learning_rate"] <= 0.01


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_trials": None}, ValueError, "n_trials and timeout are both None"),
        ({"n_trials": 0}, ValueError, "The 'n_trials' parameter of OptunaSearchCV must be"),
        ({"sampler": "tpe"}, ValueError, "The 'sampler' parameter of OptunaSearchCV must be"),
        ({"space": {"units": [4, 8]}}, TypeError, r"param_distributions\['units'\] must be an Optuna distribution"),
        ({"space": {"unitz": IntDistribution(1, 2)}}, ValueError, "Invalid parameter 'unitz'.* Did you mean 'units'"),
        ({"storage": optuna.storages.InMemoryStorage(), "n_jobs": 2}, ValueError, "cannot be shared by processes"),
        ({"space": "units"}, ValueError, "The 'param_distributions' parameter"),
    ],
)
def test_what_cannot_be_is_said(images, parameters, error, message, search_of):
    with pytest.raises(error, match=message):
        search_of(**parameters).fit(*images)
