"""A training that diverges is an error, also where no later loss would show it."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skrnn import GRUClassifier, SimpleRNNClassifier
from skrnn.datasets import make_adding_problem
from skrnn.estimators.training import Training

X, Y = make_adding_problem(40, 5, random_state=0)
OUTLIER = X.copy()
OUTLIER[[np.flatnonzero(Y == 0)[0], np.flatnonzero(Y == 1)[0]]] = 1e30  # the loss of one of them is huge, but finite
pytestmark = pytest.mark.filterwarnings("ignore::skrnn.InputWarning")


class Spoils(keras.callbacks.Callback):
    """Writes a value into a variable when an epoch or the training ends."""

    def __init__(self, variable, value, hook="on_epoch_end", epoch=1):
        super().__init__()
        self.variable, self.value, self.epoch = variable, value, epoch
        setattr(self, hook, self.spoil)

    def spoil(self, *arguments):
        if not arguments or isinstance(arguments[0], dict) or arguments[0] == self.epoch:
            variable = self.variable(self.model)
            variable.assign(np.full(variable.shape, self.value))


def weights_of(model):
    return model.weights[0]


def state_of_optimizer(model):
    return model.optimizer.variables[-1]


def linear(**parameters):
    """Return a classifier whose only update is too large on `OUTLIER`, although its loss is finite."""
    return SimpleRNNClassifier(
        4, activation="linear", random_state=0, **{"epochs": 1, "batch_size": 40, "learning_rate": 1e12, **parameters}
    )


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("use_ema", [False, True], ids=["", "averages"])
def test_the_last_update_is_checked(optimizer, use_ema):
    """The loss of an epoch is measured before its updates: the only epoch looks sound."""
    with pytest.raises(
        FloatingPointError, match=r"(A weight|The optimizer's state) became (nan|-?inf) in epoch 0: the"
    ):
        linear(optimizer=optimizer, optimizer__use_ema=use_ema).fit(OUTLIER, Y)


def test_every_call_that_trains_leaves_the_estimator_as_it_was():
    fitted = linear(epochs=2, warm_start=True, learning_rate=0.01).fit(X, Y)
    before, expected = dict(vars(fitted)), fitted.predict_proba(X)
    fitted.set_params(epochs=1, learning_rate=1e12)
    before |= {"epochs": 1, "learning_rate": 1e12}
    for train in (fitted.fit, fitted.partial_fit):
        with pytest.raises(FloatingPointError, match="in epoch 2: the training diverges"):
            train(OUTLIER, Y)
        assert vars(fitted) == before
        assert_array_equal(fitted.predict_proba(X), expected)
    new = linear()
    with pytest.raises(FloatingPointError, match="diverges"):
        new.fit(OUTLIER, Y)
    assert not hasattr(new, "classes_")


@pytest.mark.parametrize(
    ("variable", "what", "value", "early_stopping"),
    [
        (weights_of, "A weight", np.nan, True),
        (weights_of, "A weight", np.inf, False),
        (state_of_optimizer, "The optimizer's state", np.nan, False),
    ],
)
def test_whatever_predicts_or_continues_is_checked(variable, what, value, early_stopping):
    spoils = Spoils(variable, value)
    network = GRUClassifier(3, epochs=2, callbacks=spoils, early_stopping=early_stopping, random_state=0)
    with pytest.raises(FloatingPointError, match=f"{what} became {value} in epoch 1"):
        network.fit(X, Y)


def test_what_a_callback_puts_back_at_the_end_is_checked():
    spoils = Spoils(weights_of, np.nan, "on_train_end")
    with pytest.raises(FloatingPointError, match="A weight became nan"):
        GRUClassifier(3, epochs=1, callbacks=spoils).fit(X, Y)


def test_an_optimizer_may_hold_infinity_from_its_beginning():
    class Bounded(keras.optimizers.SGD):
        def build(self, variables):
            super().build(variables)
            self.least = self.add_variable((), initializer=keras.initializers.Constant(np.inf), name="least")

    assert np.isfinite(GRUClassifier(3, epochs=1, optimizer=Bounded).fit(X, Y).history_["loss"]).all()


def test_early_stopping_needs_a_validation_loss():
    """Otherwise no epoch is ever the best one. Only what is held out is too large, so the weights are sound."""
    network = linear(epochs=2, early_stopping=True, learning_rate=0.01)
    with pytest.raises(
        FloatingPointError, match=r"The validation loss is (nan|inf) in epoch 0, so early stopping cannot"
    ):
        network.fit(X, Y, X_val=np.full((4, *X.shape[1:]), 3e38), y_val=[0, 1, 0, 1])


def test_a_step_that_diverged_leaves_the_complete_epochs():
    training = Training.begin(GRUClassifier(3, epochs=3, callbacks=Spoils(weights_of, np.nan), random_state=0), X, Y)
    with training.lease() as network:
        training.step(network)
        with pytest.raises(FloatingPointError, match="in epoch 1"):
            training.step(network)
    expected = GRUClassifier(3, epochs=1, random_state=0).fit(X, Y)
    assert_array_equal(training.learned()["_state"].weights[0], expected._state.weights[0])


@pytest.mark.parametrize("frozen", [False, True])
def test_outputs_that_are_not_finite_have_no_probabilities(frozen):
    x = np.random.default_rng(0).normal(size=(12, 2, 2))
    classifier = GRUClassifier(
        3, batch_normalization=True, pooling="mean", learning_rate=1e20, epochs=1, random_state=0
    ).fit(x, np.arange(12) % 3)
    classifier = classifier.freeze() if frozen else classifier
    expected = "The outputs of the network for sequence 0 of X are out of the range of float32"
    for method in (classifier.predict, classifier.predict_proba, classifier.decision_function):
        with pytest.raises(FloatingPointError, match=expected):
            method(x)
    with pytest.raises(FloatingPointError, match=expected):
        list(classifier.staged_predict_proba(x))
