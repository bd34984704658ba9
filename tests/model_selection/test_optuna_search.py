"""The search as a scikit-learn estimator, and what goes wrong in silence elsewhere."""

import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sklearn.base import clone, is_classifier
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier
from skrnn.datasets import load_digits
from skrnn.model_selection import OptunaSearchCV, compare_architectures, search_space
from skrnn.model_selection.studies import LOST, WORKER, claim, counted, give_up_the_dead
from skrnn.preprocessing import ImageToSequence

RATES = {"learning_rate": FloatDistribution(1e-3, 0.1, log=True)}


@pytest.fixture(scope="module")
def images():
    X, y = load_digits(return_X_y=True)
    return X[y < 3][:120], y[y < 3][:120]


def search_of(estimator=None, space=None, **parameters):
    estimator = SimpleRNNClassifier(4, epochs=3, random_state=0) if estimator is None else estimator
    settings = {"n_trials": 3, "cv": 2, "random_state": 0, "pruner": NopPruner()} | parameters
    return OptunaSearchCV(estimator, RATES if space is None else space, **settings)


class PruneAt(BasePruner):
    """Gives every trial but the first up after so many epochs."""

    def __init__(self, epoch):
        self.epoch = epoch

    def prune(self, study, trial):
        return trial.number > 0 and trial.last_step >= self.epoch


# A scikit-learn search estimator


def test_it_is_a_classifier_and_predicts_with_the_best(images):
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


def test_an_outer_cross_validation_is_stratified_and_each_fold_has_its_study(images, tmp_path):
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


def test_results_are_a_frame_as_of_a_grid_search(images):
    X, y = images
    search = search_of(n_trials=4, pruner=PruneAt(2)).fit(X, y)
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
    assert frame["rank_test_score"][0] == 1  # a complete trial stands before all that were given up
    assert search.best_index_ == 0
    assert (frame[["mean_fit_time", "mean_score_time"]] > 0).all(axis=None)
    assert frame["param_learning_rate"].between(1e-3, 0.1).all()
    assert [trial.params for trial in search.trials_] == search.cv_results_["params"]


def test_several_metrics_with_the_one_that_decides_named(images):
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


def test_refit_may_choose_or_be_left_out(images):
    X, y = images
    worst = search_of(refit=lambda results: int(results["mean_test_score"].argmin())).fit(X, y)
    assert worst.best_index_ == worst.cv_results_["mean_test_score"].argmin()
    without = search_of(refit=False).fit(X, y)
    assert without.best_params_ == without.cv_results_["params"][without.best_index_]
    assert not hasattr(without, "best_estimator_")


def test_groups_and_sample_weights_go_where_they_belong(images):
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


def test_a_pipeline_is_searched_and_its_last_step_pruned(images):
    pipeline = make_pipeline(ImageToSequence(), GRUClassifier(4, epochs=3, random_state=0))
    space = {
        "imagetosequence__scan": CategoricalDistribution(["rows", "columns"]),
        "gruclassifier__learning_rate": FloatDistribution(1e-3, 0.1, log=True),
    }
    search = search_of(pipeline, space, pruner=PruneAt(1)).fit(*images)
    assert search.cv_results_["state"].tolist() == ["complete", "pruned", "pruned"]
    assert search.best_estimator_[-1].n_iter_ == search.best_epochs_
    assert search.best_estimator_[0].scan == search.best_params_["imagetosequence__scan"]


def test_any_classifier_is_searched_and_not_pruned(images):
    X, y = images
    X = X.reshape(len(X), -1)
    space = {"C": FloatDistribution(1e-3, 10, log=True)}
    search = search_of(LogisticRegression(max_iter=500), space, pruner=PruneAt(0)).fit(X, y)
    assert search.cv_results_["state"].tolist() == ["complete"] * 3
    scores = cross_val_score(LogisticRegression(max_iter=500).set_params(**search.best_params_), X, y, cv=2)
    assert search.best_score_ == scores.mean()
    assert search.best_epochs_ is None


def test_a_fitted_search_is_plain_data(images):
    X, y = images
    search = pickle.loads(pickle.dumps(search_of().fit(X, y)))
    assert search.score(X, y) > 0
    assert [trial.value for trial in search.study_.trials] == search.cv_results_["mean_test_score"].tolist()
    assert search.study_.best_params == search.best_params_


def test_tuned_architectures_are_compared_at_equal_budgets(images):
    searches = {
        "SimpleRNN": search_of(SimpleRNNClassifier(4, epochs=2), n_trials=2),
        "GRU": search_of(GRUClassifier(4, epochs=2), n_trials=2),
    }
    comparison = compare_architectures(searches, *images, cv=2, random_state=0)
    assert comparison.scores.shape == (2, 2)
    assert set(comparison.to_frame()["n_epochs"]) <= {1, 2}


# Spaces


def test_a_function_may_make_the_space_depend_on_what_was_chosen(images):
    def space(trial):
        cell = trial.suggest_categorical("cell", ["simple_rnn", "gru"])
        n_layers = trial.suggest_int("n_layers", 1, 2)
        units = tuple(trial.suggest_int(f"units_{layer}", 2, 4) for layer in range(n_layers))
        parameters = {"cell": cell, "units": units}
        if cell == "gru":
            parameters["recurrent_dropout"] = trial.suggest_float("recurrent_dropout", 0.1, 0.3)
        return parameters

    search = search_of(RecurrentClassifier(epochs=2, random_state=0), space, n_trials=8).fit(*images)
    params = search.cv_results_["params"]
    assert {len(candidate["units"]) for candidate in params} == {1, 2}
    assert all(("recurrent_dropout" in candidate) == (candidate["cell"] == "gru") for candidate in params)
    column = search.cv_results_["param_recurrent_dropout"]
    np.testing.assert_array_equal(column.mask, [candidate["cell"] == "simple_rnn" for candidate in params])
    assert search.best_estimator_.units == search.best_params_["units"]


def test_where_epochs_are_searched_the_last_one_counts(images):
    space = {"epochs": IntDistribution(1, 6), **RATES}
    search = search_of(SimpleRNNClassifier(4, random_state=0), space, n_trials=4).fit(*images)
    assert search.cv_results_["n_epochs"].tolist() == [params["epochs"] for params in search.cv_results_["params"]]
    assert search.best_epochs_ is None
    assert search.best_estimator_.n_iter_ == search.best_params_["epochs"]
    for trial in search.trials_:
        assert trial.value == trial.intermediate_values[trial.params["epochs"]]


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (LSTMClassifier(), {"units", "learning_rate", "batch_size", "layer_dropout"}),
        (RecurrentClassifier(), {"cell", "units", "learning_rate", "batch_size", "layer_dropout"}),
        (
            GRUClassifier(embedding_dim=8),
            {"units", "learning_rate", "batch_size", "layer_dropout", "embedding_dim", "pooling"},
        ),
    ],
)
def test_there_is_a_good_space_for_each_classifier(estimator, expected):
    space = search_space(estimator)
    assert set(space) == expected
    assert set(search_space(make_pipeline(ImageToSequence(), estimator))) == {
        f"{type(estimator).__name__.lower()}__{name}" for name in expected
    }
    assert space["units"].log
    assert space["learning_rate"].log
    study = optuna.create_study(sampler=RandomSampler(seed=0))
    for _ in range(10):
        clone(estimator).set_params(**study.ask(space).params)._check_parameters()


def test_the_space_knows_that_sgd_takes_larger_steps():
    assert search_space(GRUClassifier(optimizer="sgd"))["learning_rate"].high == 1.0
    assert search_space(GRUClassifier())["learning_rate"].high == 0.03
    with pytest.raises(TypeError, match="Got LogisticRegression\\(\\) instead: give param_distributions"):
        search_space(LogisticRegression())


# Pruning: what fails in silence elsewhere


def test_every_epoch_is_reported_once_with_the_mean_over_the_folds(images):
    """Keras' pruning callback reports to a copy of the study, and folds one after the other repeat the epochs."""
    X, y = images
    search = search_of(n_trials=2).fit(X, y)
    for trial in search.study_.trials:
        assert list(trial.intermediate_values) == [1, 2, 3]
        for epoch, value in trial.intermediate_values.items():
            estimator = clone(search.estimator).set_params(**trial.params, epochs=epoch)
            assert value == cross_val_score(estimator, X, y, cv=2).mean()


def test_a_pruned_trial_is_neither_nan_nor_a_failure(images):
    """`TrialPruned` is an exception, which `error_score` turns into NaN where it passes through scikit-learn."""
    search = search_of(pruner=PruneAt(2), error_score=np.nan).fit(*images)
    trials = search.study_.trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.PRUNED]
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert [len(trial.intermediate_values) for trial in trials] == [3, 2, 2]


def test_the_default_pruner_gives_hopeless_candidates_up(images):
    space = {"learning_rate": CategoricalDistribution([0.03, 1e-6])}
    network = SimpleRNNClassifier(8, epochs=20, random_state=0)
    search = search_of(network, space, n_trials=10, pruner=None).fit(*images)
    rates = search.cv_results_["param_learning_rate"]
    assert search.best_params_["learning_rate"] == 0.03
    pruned = search.cv_results_["state"] == "pruned"
    first_good = list(rates).index(0.03)
    assert pruned[first_good + 1 :][rates[first_good + 1 :] == 1e-6].all()
    assert pruned.any()


def test_folds_are_split_once(images):
    calls = []

    class Counted(ShuffleSplit):
        def split(self, X, y=None, groups=None):
            calls.append(1)
            return super().split(X, y, groups)

    search = search_of(cv=Counted(2, random_state=None)).fit(*images)
    assert calls == [1]
    assert search.n_splits_ == 2


def test_a_score_to_be_made_small_is_maximised_as_its_negative(images):
    search = search_of(scoring="neg_log_loss").fit(*images)
    means = search.cv_results_["mean_test_score"]
    assert (means < 0).all()
    assert search.best_score_ == means.max()


# Failures


def failing_when_wide(trial):
    units = trial.suggest_categorical("units", [4, -1])
    return {"units": units, "learning_rate": trial.suggest_float("learning_rate", 0.001, 0.1)}


def test_one_failing_trial_is_recorded_and_the_search_goes_on(images):
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


def test_if_all_trials_fail_the_first_cause_is_raised_and_nothing_refitted(images):
    search = search_of(space={"units": CategoricalDistribution([-1])}, n_trials=2)
    with pytest.raises(ValueError, match=r"^All 2 trials failed\. Trial 0: .*'units' parameter"):
        search.fit(*images)
    assert not hasattr(search, "best_estimator_")
    assert not hasattr(search, "cv_results_")


def test_error_score_raise_ends_the_search(images):
    with pytest.raises(ValueError, match="'units' parameter"):
        search_of(space={"units": CategoricalDistribution([-1])}, error_score="raise").fit(*images)


def test_a_score_that_is_nan_is_a_failure(images):
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
def test_what_cannot_be_is_said(images, parameters, error, message):
    with pytest.raises(error, match=message):
        search_of(**parameters).fit(*images)


# Resuming


def test_the_number_of_trials_is_the_total(images, tmp_path):
    storage = tmp_path / "folder" / "search.journal"
    first = search_of(storage=storage, n_trials=2).fit(*images)
    second = search_of(storage=storage, n_trials=5).fit(*images)
    assert len(second.trials_) == 5
    assert [trial.params for trial in second.trials_[:2]] == [trial.params for trial in first.trials_]
    third = search_of(storage=storage, n_trials=3).fit(*images)
    assert len(third.trials_) == 5
    assert third.best_params_ == second.best_params_
    at_once = search_of(n_trials=5).fit(*images)  # in memory
    assert at_once.cv_results_["params"] == second.cv_results_["params"]
    np.testing.assert_array_equal(at_once.cv_results_["mean_test_score"], second.cv_results_["mean_test_score"])


def test_neither_resuming_nor_another_worker_repeats_parameters(images, tmp_path):
    rates = []
    for n_trials in (1, 2, 3, 4):  # each time as a new process would: with a new sampler of the same seed
        search = search_of(storage=str(tmp_path / "j"), n_trials=n_trials, sampler=TPESampler(seed=0)).fit(*images)
        rates = [params["learning_rate"] for params in search.cv_results_["params"]]
    assert len(set(rates)) == 4
    other = search_of(n_trials=4, random_state=1).fit(*images)
    assert not set(rates) & {params["learning_rate"] for params in other.cv_results_["params"]}


def test_a_database_is_a_storage_too(images, tmp_path):
    url = f"sqlite:///{tmp_path}/search.db"
    search_of(storage=url, n_trials=2).fit(*images)
    search = search_of(storage=url, n_trials=3, study_name="mine").fit(*images)
    assert len(search.trials_) == 3
    assert search.study_name_.startswith("mine-")
    storage = optuna.storages.RDBStorage(url)
    again = search_of(storage=storage, n_trials=4, study_name="mine").fit(*images)
    assert len(again.trials_) == 4


def test_only_trials_that_can_be_compared_meet_in_one_study(images, tmp_path):
    X, y = images
    storage = str(tmp_path / "j")
    name = search_of(storage=storage, n_trials=1).fit(X, y).study_name_
    assert search_of(storage=storage, n_trials=1, random_state=7).fit(X, y).study_name_ == name
    others = [
        search_of(storage=storage, n_trials=1).fit(X[1:], y[1:]),
        search_of(storage=storage, n_trials=1, cv=KFold(3)).fit(X, y),
        search_of(storage=storage, n_trials=1, scoring="neg_log_loss").fit(X, y),
        search_of(SimpleRNNClassifier(5, epochs=3), storage=storage, n_trials=1).fit(X, y),
    ]
    assert len({name, *(search.study_name_ for search in others)}) == 5


def test_timeout_begins_no_more_trials(images):
    search = search_of(n_trials=None, timeout=1.5)
    started = time.monotonic()
    search.fit(*images)
    assert time.monotonic() - started < 30
    assert len(search.trials_) >= 1


def test_an_interrupt_leaves_a_search_that_can_be_used_and_resumed(images, tmp_path):
    def interrupt(study, trial):
        if trial.number == 1:
            raise KeyboardInterrupt

    search = search_of(storage=str(tmp_path / "j"), n_trials=4, callbacks=interrupt)
    with pytest.raises(KeyboardInterrupt):
        search.fit(*images)
    assert len(search.cv_results_["params"]) == 2
    assert search.best_params_ in search.cv_results_["params"]
    search.set_params(callbacks=None).fit(*images)
    assert len(search.trials_) == 4


def test_an_interrupt_in_the_middle_of_a_trial_loses_that_trial_alone(images, tmp_path):
    epochs = []

    class Interrupt(NopPruner):
        def prune(self, study, trial):
            epochs.append(trial.number)
            if epochs == [0, 0, 0, 1]:
                raise KeyboardInterrupt
            return False

    storage = str(tmp_path / "j")
    search = search_of(storage=storage, pruner=Interrupt())
    with pytest.raises(KeyboardInterrupt):
        search.fit(*images)
    assert len(search.trials_) == 1
    again = search_of(storage=storage).fit(*images)
    assert [trial.number for trial in again.trials_] == [0, 2, 3]
    (lost,) = [trial for trial in again.study_.trials if LOST in trial.user_attrs]
    assert (lost.number, lost.state, lost.user_attrs[LOST]) == (1, TrialState.FAIL, "interrupted")


# Many workers


def test_processes_share_one_study(images):
    search = search_of(n_trials=6, n_jobs=2, verbose=0).fit(*images)
    assert len(search.trials_) == 6
    rates = [params["learning_rate"] for params in search.cv_results_["params"]]
    assert len(set(rates)) == 6
    workers = {trial.user_attrs[WORKER]["pid"] for trial in search.trials_}
    assert os.getpid() not in workers
    serial = search_of(n_trials=1).fit(*images)
    assert serial.cv_results_["params"][0] == search.cv_results_["params"][0]


def test_callbacks_and_the_bar_hear_of_every_trial_here(images, capsys):
    heard = []

    def callback(study, trial):
        heard.append((os.getpid(), trial.number, trial.state))

    search_of(n_trials=3, callbacks=[callback], verbose=1).fit(*images)
    assert heard == [(os.getpid(), number, TrialState.COMPLETE) for number in range(3)]
    assert "best " in capsys.readouterr().err


def test_callbacks_of_scikit_learn_see_every_trial(images):
    told = []

    class Listener:
        def setup(self, estimator, context):
            told.append("setup")

        def teardown(self, estimator, context):
            told.append("teardown")

        def on_fit_task_begin(self, estimator, context, **more):
            pass

        def on_fit_task_end(self, estimator, context, **more):
            told.append(context.task_name)

    search_of().set_callbacks(Listener()).fit(*images)
    assert told == ["setup", "trial", "trial", "trial", "fit", "teardown"]


SCRIPT = """
import os, sys, signal
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import skrnn
from optuna.distributions import FloatDistribution
from optuna.pruners import NopPruner
from skrnn.datasets import load_digits
from skrnn.model_selection import OptunaSearchCV
X, y = load_digits(return_X_y=True)
X, y = X[y < 3][:120], y[y < 3][:120]
network = skrnn.SimpleRNNClassifier(4, epochs=int(sys.argv[3]), random_state=0)
space = {"learning_rate": FloatDistribution(1e-3, 0.1, log=True)}
search = OptunaSearchCV(network, space, n_trials=int(sys.argv[2]), cv=2, random_state=0, pruner=NopPruner(),
    storage=sys.argv[1], callbacks=lambda study, trial: print(trial.number, flush=True))
search.fit(X, y)
print("trials", len(search.trials_), search.study_name_, flush=True)
"""


def start(storage, n_trials, epochs=3):
    command = [sys.executable, "-c", SCRIPT, str(storage), str(n_trials), str(epochs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def trials_of(storage, name):
    return optuna.load_study(study_name=name, storage=JournalStorage(JournalFileBackend(str(storage)))).trials


N_KILLS = int(os.environ.get("SKRNN_KILLS", "3"))  # more of them take minutes


def complete_trials(storage):
    (name,) = optuna.get_all_study_names(JournalStorage(JournalFileBackend(str(storage))))
    complete = [trial for trial in trials_of(storage, name) if trial.state == TrialState.COMPLETE]
    return [(trial.number, trial.params, trial.value, trial.intermediate_values) for trial in complete]


def test_killed_at_any_moment_a_search_loses_the_running_trial_alone(tmp_path):
    storage = tmp_path / "search.journal"
    finished = []
    for moment in np.random.default_rng(0).uniform(0, 2, N_KILLS):
        with start(storage, 10_000, epochs=20) as process:
            assert process.stdout.readline(), process.stderr.read()  # a trial has ended, others follow
            time.sleep(moment)
            process.kill()
        before, finished = finished, complete_trials(storage)
        assert finished[: len(before)] == before
        assert len(finished) > len(before)
    printed, errors = start(storage, len(finished) + 1, epochs=20).communicate(timeout=120)
    assert f"trials {len(finished) + 1} " in printed, errors
    assert complete_trials(storage)[:-1] == finished
    trials = trials_of(storage, printed.split()[-1])
    assert sum(trial.state == TrialState.FAIL for trial in trials) <= N_KILLS
    assert len({trial.params["learning_rate"] for trial in trials}) == len(trials)


def test_two_processes_make_so_many_trials_together(tmp_path):
    storage = tmp_path / "search.journal"
    processes = [start(storage, 10, epochs=10) for _ in range(2)]
    ended = [process.communicate(timeout=180) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    names = {printed.split()[-1] for printed, _ in ended}
    assert len(names) == 1
    trials = trials_of(storage, names.pop())
    assert len(trials) == 10
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    assert len({trial.params["learning_rate"] for trial in trials}) == 10


def test_a_dead_workers_trial_is_given_up_and_a_live_ones_is_not(tmp_path):
    study = optuna.create_study()
    other_host = {"host": "elsewhere", "pid": 1, "started": 0.0, "patience": 60.0}
    here = {"host": os.uname().nodename, "patience": 60.0, "beat": 0.0}
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    import psutil

    workers = {
        "alive here, though silent": here | {"pid": os.getpid(), "started": psutil.Process().create_time()},
        "its number was given to a later process": here | {"pid": os.getpid(), "started": 5.0},
        "ended here": here | {"pid": ended.pid, "started": 5.0},
        "alive elsewhere": other_host | {"beat": time.time() - 30},
        "silent elsewhere": other_host | {"beat": time.time() - 90},
    }
    for worker in workers.values():
        study.ask().set_user_attr(WORKER, worker)
    study.ask()  # one that has just begun, and not told of itself
    give_up_the_dead(study)
    states = dict(zip(workers, study.trials, strict=False))
    assert {name for name, trial in states.items() if trial.state == TrialState.RUNNING} == {
        "alive here, though silent",
        "alive elsewhere",
    }
    assert study.trials[-1].state == TrialState.RUNNING
    assert [trial.number for trial in counted(study)] == [0, 3, 5]
    assert "silent for" in states["silent elsewhere"].user_attrs[LOST]
    give_up_the_dead(study, alone=True)  # nobody can be about to tell: its worker died before it did
    assert study.trials[-1].state == TrialState.FAIL


def test_of_workers_that_begin_the_last_trial_at_once_one_gives_up(tmp_path):
    """On a database there is no turn to wait for: between looking and beginning another may be faster."""
    url = f"sqlite:///{tmp_path}/search.db"
    study, other = (optuna.create_study(study_name="s", storage=url, load_if_exists=True) for _ in range(2))
    ask = study.ask

    def ask_too_late(**arguments):
        assert claim(other, 1, RATES, None).number == 0
        return ask(**arguments)

    study.ask = ask_too_late
    assert claim(study, 1, RATES, None) is None
    assert [trial.number for trial in counted(study)] == [0]
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING, TrialState.FAIL]
    assert claim(other, 2, RATES, None).number == 2


def test_a_live_peers_trial_is_left_alone(images, tmp_path):
    storage = str(tmp_path / "j")
    name = search_of(storage=storage, n_trials=1).fit(*images).study_name_
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        import psutil

        study = optuna.load_study(study_name=name, storage=search_of(storage=storage).fit(*images).study_._storage)
        peer = study.ask()
        worker = {"host": os.uname().nodename, "pid": process.pid, "beat": time.time(), "patience": 60.0}
        peer.set_user_attr(WORKER, worker | {"started": psutil.Process(process.pid).create_time()})
        search = search_of(storage=storage, n_trials=5).fit(*images)
        assert [trial.number for trial in search.trials_] == [0, 1, 2, 4]  # the fifth is the peer's
        assert study.trials[peer.number].state == TrialState.RUNNING
    finally:
        process.kill()
        process.wait()
    search = search_of(storage=storage, n_trials=5).fit(*images)
    assert [trial.number for trial in search.trials_] == [0, 1, 2, 4, 5]


def test_importing_the_comparison_imports_no_optuna():
    code = "import sys, skrnn.model_selection as m; m.compare_architectures; assert 'optuna' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)
