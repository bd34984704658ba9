"""Spaces: functions, conditions, and the default one of each classifier."""

import keras
import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier
from skrnn.model_selection import OptunaSearchCV, search_space
from skrnn.preprocessing import ImageToSequence, PatchSequence

AVERAGING = {"optimizer__use_ema", "optimizer__ema_momentum"}
ALWAYS = {"units", "learning_rate", "layer_dropout", "pooling", "optimizer__global_clipnorm", *AVERAGING}


def test_a_function_may_make_the_space_depend_on_what_was_chosen(images, search_of):
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


def test_a_function_may_use_the_study_of_a_running_trial(images, search_of):
    def space(trial):
        assert trial.study.study_name == "SimpleRNNClassifier"
        return {"learning_rate": trial.suggest_float("learning_rate", 0.01, 0.1)}

    search = search_of(space=space, n_trials=2).fit(*images)
    assert [params.keys() for params in search.cv_results_["params"]] == [{"learning_rate"}] * 2


def test_where_epochs_are_searched_the_last_one_counts(images, search_of):
    space = {"epochs": IntDistribution(1, 6), "learning_rate": FloatDistribution(1e-3, 0.1, log=True)}
    search = search_of(SimpleRNNClassifier(4, random_state=0), space, n_trials=4).fit(*images)
    assert search.cv_results_["n_epochs"].tolist() == [params["epochs"] for params in search.cv_results_["params"]]
    assert search.best_epochs_ is None
    assert search.best_estimator_.n_iter_ == search.best_params_["epochs"]
    for trial in search.trials_:
        assert trial.value == trial.intermediate_values[trial.params["epochs"]]


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (LSTMClassifier(), {"bidirectional", *ALWAYS}),
        (RecurrentClassifier(), {"cell", "bidirectional", *ALWAYS}),
        (GRUClassifier(embedding_dim=8), {"embedding_dim", *ALWAYS}),
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


def test_patches_are_searched_around_their_length():
    pipeline = make_pipeline(PatchSequence(6), GRUClassifier())
    patches = search_space(pipeline)["patchsequence__patch_length"]
    assert (patches.low, patches.high, patches.log) == (3, 12, True)
    nested = search_space(make_pipeline(pipeline[:-1], GRUClassifier()))
    assert nested["pipeline__patchsequence__patch_length"] == patches
    assert search_space(make_pipeline(PatchSequence(1), GRUClassifier()))["patchsequence__patch_length"].low == 1


def test_gradients_are_clipped_in_one_way_only():
    assert "optimizer__global_clipnorm" not in search_space(GRUClassifier(optimizer__clipnorm=0.5))
    assert "optimizer__global_clipnorm" not in search_space(GRUClassifier(optimizer__clipvalue=0.5))
    assert "optimizer__global_clipnorm" not in search_space(GRUClassifier(optimizer__global_clipnorm=2.0))


def test_the_first_trial_has_the_parameters_of_the_estimator(images):
    X, y = images
    own = {"units": 20, "pooling": "max", "layer_dropout": 0.25, "bidirectional": True}
    search = OptunaSearchCV(GRUClassifier(epochs=2, **own), n_trials=3, cv=2, random_state=0).fit(X, y)
    first, *others = search.cv_results_["params"]
    assert {name: first[name] for name in own} == own
    assert first["learning_rate"] == 0.001  # Keras' default for Adam
    assert all(params["units"] != 20 or params["layer_dropout"] != 0.25 for params in others)


def test_a_parameter_outside_the_space_is_sampled(images):
    X, y = images
    search = OptunaSearchCV(GRUClassifier(units=4, epochs=1), n_trials=1, cv=2, random_state=0).fit(X, y)
    assert 16 <= search.cv_results_["params"][0]["units"] <= 128


def test_averaging_is_left_to_an_estimator_that_sets_it_itself():
    assert AVERAGING & set(search_space(GRUClassifier(optimizer__use_ema=False))) == {"optimizer__ema_momentum"}
    assert not AVERAGING & set(search_space(GRUClassifier(optimizer=keras.optimizers.Adam(0.01))))
    assert set(search_space(GRUClassifier(optimizer=keras.optimizers.Adam))) >= AVERAGING


def test_the_space_knows_that_sgd_takes_larger_steps():
    assert search_space(GRUClassifier(optimizer="sgd"))["learning_rate"].high == 1.0
    assert search_space(GRUClassifier())["learning_rate"].high == 0.01
    with pytest.raises(TypeError, match="Got LogisticRegression\\(\\) instead\\. Pass param_distributions"):
        search_space(LogisticRegression())
