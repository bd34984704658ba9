"""A training as an object: whoever steps it, and whatever its network does between, it comes to what `fit` comes to."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.model_selection import StratifiedKFold

from skrnn import GRUClassifier, SimpleRNNClassifier
from skrnn.datasets import make_adding_problem
from skrnn.estimators import training as training_module
from skrnn.estimators.training import Training
from skrnn.model_selection.lockstep import Task, evaluate

X, Y = make_adding_problem(90, 6, random_state=0)


CLASSIFIERS = {
    "momentum": GRUClassifier(4, epochs=4, optimizer="sgd", optimizer__momentum=0.9, random_state=0),
    "averages": GRUClassifier(4, epochs=4, optimizer__use_ema=True, random_state=0),
    "dropout": SimpleRNNClassifier(4, epochs=4, dropout=0.3, layer_dropout=0.2, random_state=0),
    "schedule": GRUClassifier(
        4, epochs=4, learning_rate=keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.5), random_state=0
    ),
    "batch normalisation": GRUClassifier(4, epochs=4, batch_normalization=True, random_state=0),
    "early stopping": GRUClassifier(
        4, epochs=9, early_stopping=True, patience=1, learning_rate=0.3, batch_size=8, random_state=0
    ),
    "reduces its rate": GRUClassifier(
        4, epochs=4, callbacks=keras.callbacks.ReduceLROnPlateau("loss", min_delta=9, patience=1), random_state=0
    ),
}


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_trainings_that_share_a_network_are_whole_fits(kind):
    """Another training takes the network between two epochs, and one epoch runs on a network of its own."""
    classifier = CLASSIFIERS[kind]
    whole = clone(classifier).fit(X, Y)
    first = Training.begin(clone(classifier), X, Y)
    second = Training.begin(clone(classifier).set_params(random_state=5), X[::-1], Y[::-1])
    with first.lease() as network, first.lease() as another:
        assert network is not another
        while not (first.finished and second.finished):
            for training in (first, second):
                if not training.finished:
                    training.step(another if training.n_epochs == 1 else network)
        first.finish(network)
        second.finish(network)
    learned = first.learned()
    assert learned["history_"] == whole.history_
    assert (learned["n_iter_"], learned["best_epoch_"]) == (whole.n_iter_, whole.best_epoch_)
    for ours, theirs in zip(learned["_state"].weights, whole._state.weights, strict=True):
        assert_array_equal(ours, theirs)
    for ours, theirs in zip(learned["_state"].optimizer, whole._state.optimizer, strict=True):
        assert_array_equal(ours, theirs)
    assert not np.array_equal(second.learned()["_state"].weights[0], whole._state.weights[0])


def test_what_is_learned_describes_the_epochs_so_far():
    training = Training.begin(GRUClassifier(4, epochs=5, random_state=0), X, Y)
    with training.lease() as network:
        for n_epochs in (1, 2):
            logs = training.step(network)
            shorter = GRUClassifier(4, epochs=n_epochs, random_state=0).fit(X, Y)
            learned = training.learned()
            assert learned["history_"] == shorter.history_
            assert {name: values[-1] for name, values in shorter.history_.items()} == logs
            assert_array_equal(learned["_state"].weights[1], shorter._state.weights[1])
        assert not training.finished
        training.stop()
        assert training.finished
        training.finish(network)
    assert training.learned()["n_iter_"] == 2


def test_an_interrupted_step_leaves_the_complete_epochs():
    class Interrupts(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    training = Training.begin(GRUClassifier(4, epochs=5, callbacks=Interrupts(), random_state=0), X, Y)
    with training.lease() as network:
        training.step(network)
        training.step(network)
        with pytest.raises(KeyboardInterrupt):
            training.step(network)
    assert training.n_epochs == 2
    expected = GRUClassifier(4, epochs=2, random_state=0).fit(X, Y)
    assert_array_equal(training.learned()["_state"].weights[0], expected._state.weights[0])


def test_the_model_of_a_fitted_classifier_has_the_rate_that_a_callback_left():
    callback = keras.callbacks.ReduceLROnPlateau("loss", min_delta=9, patience=1, factor=0.5)
    fitted = GRUClassifier(4, epochs=3, learning_rate=0.1, callbacks=callback, random_state=0).fit(X, Y)
    assert float(fitted.model_.optimizer.learning_rate) == pytest.approx(0.025)


def test_a_search_reads_the_data_of_each_fold_once(monkeypatch):
    """Checking, reading and holding out happen when a training begins, not in every epoch."""
    calls = []
    read = training_module.read_training_data
    monkeypatch.setattr(
        training_module, "read_training_data", lambda *args, **kwargs: calls.append(1) or read(*args, **kwargs)
    )
    splits = [*StratifiedKFold(3).split(X, Y)]
    task = Task(X, Y, Y, splits, get_scorer("accuracy"), "score", {}, {}, scores_last_step=True)
    outcome = evaluate(
        GRUClassifier(4, epochs=4, random_state=0), task, epochs_are_searched=True, go_on=lambda epoch, mean: True
    )
    assert outcome.n_epochs == 4
    assert len(calls) == 3
