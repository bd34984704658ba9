"""Folds in lock-step: the same scores as whole fits, an epoch chosen without looking at what it must not see."""

from functools import partial

import keras
import numpy as np
import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, get_scorer
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_info, threadpool_limits

from skrnn import GRUClassifier, LSTMClassifier, SimpleRNNClassifier
from skrnn.datasets import load_digits, make_reviews
from skrnn.model_selection.lockstep import Task, evaluate, trains_by_epochs
from skrnn.model_selection.nesting import last_step
from skrnn.preprocessing import ImageToSequence, TextToSequence


@pytest.fixture(scope="module")
def images():
    X, y = load_digits(return_X_y=True)
    return X[y < 3][:120], y[y < 3][:120]


def task_of(X, y, scorers=None, metric="score", n_splits=2, fit_params=None, score_params=None, scores_last_step=True):
    splits = list(StratifiedKFold(n_splits).split(np.zeros(len(y)), y))
    scorers = get_scorer("neg_log_loss") if scorers is None else scorers
    return Task(X, y, y, splits, scorers, metric, fit_params or {}, score_params or {}, scores_last_step)


def run(estimator, task, *, epochs_are_searched=False, until=None):
    reports = []

    def go_on(epoch, mean):
        reports.append((epoch, mean))
        return epoch != until

    return evaluate(estimator, task, epochs_are_searched=epochs_are_searched, go_on=go_on), reports


ESTIMATORS = {
    "plain": GRUClassifier(4, epochs=3, random_state=0),
    "auto epochs": SimpleRNNClassifier(4, batch_size=4, random_state=0, dropout=0.1),
    "pipeline": make_pipeline(ImageToSequence(scan="columns"), LSTMClassifier(4, epochs=3, random_state=0)),
    "nested": make_pipeline(ImageToSequence(), make_pipeline(GRUClassifier(4, epochs=2, random_state=1))),
    "weighted": GRUClassifier(4, epochs=3, random_state=0, class_weight={0: 1.0, 1: 5.0, 2: 0.5}, layer_dropout=0.2),
    "averaged": GRUClassifier(4, epochs=3, batch_size=16, random_state=0, learning_rate=0.05, optimizer__use_ema=True),
    "early stopping": SimpleRNNClassifier(
        4, epochs=30, early_stopping=True, patience=2, learning_rate=0.05, random_state=0
    ),
    "larger part held out": SimpleRNNClassifier(4, epochs=4, validation_fraction=0.4, random_state=0),
    "early stopping in a pipeline": make_pipeline(
        ImageToSequence(),
        GRUClassifier(4, epochs=30, early_stopping=True, patience=1, learning_rate=0.1, random_state=3),
    ),
}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_folds_in_lock_step_score_what_whole_fits_score(images, kind):
    estimator = ESTIMATORS[kind]
    task = task_of(*images)
    outcome, reports = run(estimator, task, epochs_are_searched=True)
    whole = cross_validate(
        estimator, *images, cv=task.splits, return_estimator=True, scoring="neg_log_loss", error_score="raise"
    )
    assert outcome.scores == {"score": whole["test_score"].tolist()}
    trained = [last_step(fitted).n_iter_ for fitted in whole["estimator"]]
    assert outcome.n_epochs == max(trained)
    assert [epoch for epoch, _ in reports] == list(range(1, max(trained) + 1))
    assert reports[-1][1] == pytest.approx(whole["test_score"].mean())
    assert outcome.refit_epochs is None
    assert all(seconds > 0 for seconds in outcome.fit_seconds + outcome.score_seconds)


def test_scores_are_computed_with_one_thread_of_blas(images):
    """With more, workers that share the cores wait for each other."""

    def threads():
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    seen = []

    def scorer(estimator, X, y):
        seen.append(threads())
        return 1.0

    with threadpool_limits(limits=2, user_api="blas"):
        run(ESTIMATORS["plain"], task_of(*images, scorers=scorer, scores_last_step=False))
        assert threads() == {2}
    assert seen == [{1}] * 6  # three epochs of two folds


def test_sample_weights_reach_the_network_and_the_scores(images):
    X, y = images
    weights = np.random.default_rng(0).uniform(0, 3, len(y))
    estimator = make_pipeline(ImageToSequence(), GRUClassifier(4, epochs=3, random_state=0))
    named = {"gruclassifier__sample_weight": weights}
    outcome, _ = run(estimator, task_of(X, y, fit_params=named), epochs_are_searched=True)
    whole = cross_validate(
        estimator, X, y, cv=task_of(X, y).splits, params=named, scoring="neg_log_loss", error_score="raise"
    )
    assert outcome.scores["score"] == whole["test_score"].tolist()
    unweighted, _ = run(estimator, task_of(X, y), epochs_are_searched=True)
    assert unweighted.scores != outcome.scores
    scored, _ = run(estimator, task_of(X, y, score_params={"sample_weight": weights}), epochs_are_searched=True)
    assert scored.scores != unweighted.scores


def test_metadata_is_routed_through_a_pipeline(images):
    X, y = images
    weights = {"sample_weight": np.random.default_rng(0).uniform(0, 3, len(y))}
    with config_context(enable_metadata_routing=True):
        network = GRUClassifier(4, epochs=2, random_state=0).set_fit_request(sample_weight=True)
        estimator = make_pipeline(ImageToSequence(), network)
        task = task_of(X, y, fit_params=weights)
        outcome, _ = run(estimator, task, epochs_are_searched=True)
        scorer = get_scorer("neg_log_loss").set_score_request(sample_weight=False)
        whole = cross_validate(estimator, X, y, cv=task.splits, params=weights, scoring=scorer, error_score="raise")
    assert outcome.scores["score"] == whole["test_score"].tolist()


def test_the_epoch_with_the_best_mean_is_chosen(images):
    estimator = SimpleRNNClassifier(4, epochs=8, learning_rate=0.08, random_state=0)
    outcome, reports = run(estimator, task_of(*images))
    means = dict(reports)
    assert outcome.mean("score") == max(means.values())
    assert outcome.n_epochs == outcome.refit_epochs == min(e for e, mean in reports if mean == max(means.values()))
    again = cross_validate(
        SimpleRNNClassifier(4, epochs=outcome.refit_epochs, learning_rate=0.08, random_state=0),
        *images,
        cv=task_of(*images).splits,
        scoring="neg_log_loss",
    )
    assert outcome.scores["score"] == again["test_score"].tolist()


def test_early_stopping_never_sees_the_test_part(images):
    """Wrong labels in the test part change scores, and neither the end of training nor the epochs that are kept."""
    X, y = images
    estimator = SimpleRNNClassifier(4, epochs=30, early_stopping=True, patience=1, learning_rate=0.1, random_state=0)
    kept = {"right": [], "wrong": []}

    def scorer(labels, fitted, X, y):
        kept[labels].append(fitted.n_iter_)
        return accuracy_score(y if labels == "right" else (y + 1) % 3, fitted.predict(X))

    scores = {
        labels: run(estimator, task_of(X, y, scorers=partial(scorer, labels)))[0].scores["score"] for labels in kept
    }
    assert kept["right"] == kept["wrong"]
    assert 2 < len(kept["right"]) < 2 * 30
    assert scores["right"] != scores["wrong"]


def test_a_candidate_that_is_given_up_keeps_its_scores(images):
    outcome, reports = run(GRUClassifier(4, epochs=5, random_state=0), task_of(*images), until=2)
    assert [epoch for epoch, _ in reports] == [1, 2]
    assert outcome.pruned_epoch == 2
    assert outcome.mean("score") == max(mean for _, mean in reports)
    ended, reports = run(GRUClassifier(4, epochs=2, random_state=0), task_of(*images), until=2)
    assert ended.pruned_epoch is None  # it was trained to its end


def test_a_scorer_of_the_users_gets_the_pipeline_and_what_it_was_given(images):
    X, y = images
    seen = []

    def scorer(estimator, X, y):
        seen.append((type(estimator[0]).__name__, X.shape))
        return estimator.score(X, y)

    estimator = make_pipeline(ImageToSequence(), GRUClassifier(4, epochs=2, random_state=0))
    outcome, _ = run(estimator, task_of(X, y, scorers=scorer, scores_last_step=False), epochs_are_searched=True)
    assert seen == [("ImageToSequence", (60, 8, 8))] * 4
    same = task_of(X, y, scorers=get_scorer("accuracy"))
    assert outcome.scores == run(estimator, same, epochs_are_searched=True)[0].scores


def test_each_fold_learns_its_own_words():
    X, y = make_reviews(80, random_state=0)
    estimator = make_pipeline(TextToSequence(), GRUClassifier(4, embedding_dim=4, epochs=2, random_state=0))
    task = task_of(X, y)
    outcome, _ = run(estimator, task, epochs_are_searched=True)
    whole = cross_validate(estimator, X, y, cv=task.splits, scoring="neg_log_loss", error_score="raise")
    assert outcome.scores["score"] == whole["test_score"].tolist()


def test_other_classifiers_are_fitted_whole(images):
    X, y = images
    flat = X.reshape(len(X), -1)
    assert not trains_by_epochs(LogisticRegression())
    outcome, reports = run(LogisticRegression(), task_of(flat, y))
    whole = cross_validate(LogisticRegression(), flat, y, cv=task_of(flat, y).splits, scoring="neg_log_loss")
    assert (reports, outcome.n_epochs, outcome.refit_epochs) == ([], None, None)
    assert outcome.scores["score"] == whole["test_score"].tolist()


class _FreezesAndThaws(keras.callbacks.Callback):
    """Keeps something from epoch to epoch, and changes which layers are trained."""

    def on_train_begin(self, logs=None):
        self.losses = []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])
        self.model.layers[-2].trainable = len(self.losses) % 2 == 0

    def on_train_end(self, logs=None):
        self.model.layers[-2].set_weights([w * (1 + min(self.losses)) for w in self.model.layers[-2].get_weights()])


CALLBACKS = {
    "stops": keras.callbacks.EarlyStopping("loss", min_delta=0.05, patience=0),
    "restores": keras.callbacks.EarlyStopping("accuracy", patience=1, restore_best_weights=True, mode="max"),
    "reduces the rate": keras.callbacks.ReduceLROnPlateau("loss", min_delta=1.0, patience=1, factor=0.1),
    "schedules the rate": keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
    "freezes": _FreezesAndThaws(),
    "averages": keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
}


@pytest.mark.parametrize("kind", CALLBACKS)
def test_folds_with_keras_callbacks_score_what_whole_fits_score(images, kind):
    """What a callback and the optimizer keep belongs to one fold, though all folds share one network."""
    network = GRUClassifier(4, epochs=6, learning_rate=0.05, callbacks=CALLBACKS[kind], random_state=0)
    network.set_params(optimizer__use_ema=kind == "averages")
    outcome, reports = run(network, task_of(*images))
    whole = cross_validate(
        network, *images, cv=task_of(*images).splits, scoring="neg_log_loss", return_estimator=True, error_score="raise"
    )
    assert outcome.scores["score"] == whole["test_score"].tolist()
    n_epochs = max(fitted.n_iter_ for fitted in whole["estimator"])
    assert [epoch for epoch, _ in reports] == [*range(1, n_epochs + 1)]
    assert outcome.refit_epochs is None  # a refit trains as the callbacks want
    pruned, reports = run(network, task_of(*images), until=1)
    assert (pruned.pruned_epoch, len(reports)) == (1, 1)


@pytest.mark.parametrize("as_class", [False, True])
def test_callbacks_that_write_files_do_not_mix_the_folds(images, tmp_path, as_class):
    made = keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))
    routed = {"callbacks__backup_dir": str(tmp_path / "backup")} if as_class else {}
    network = GRUClassifier(4, epochs=3, callbacks=[type(made) if as_class else made], random_state=0, **routed)
    outcome, reports = run(network, task_of(*images))
    plain, _ = run(GRUClassifier(4, epochs=3, random_state=0), task_of(*images), epochs_are_searched=True)
    assert reports == []
    assert outcome.scores == plain.scores


def test_the_estimator_is_not_changed(images):
    estimator = make_pipeline(ImageToSequence(), GRUClassifier(4, epochs=2, random_state=0))
    before = str(estimator.get_params())
    run(estimator, task_of(*images))
    assert str(estimator.get_params()) == before
    assert not hasattr(estimator[-1], "classes_")
