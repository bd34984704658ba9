"""Optimizers by name, class or instance, Keras' or the user's: read completely, or rejected by name."""

import inspect
import pickle

import keras
import numpy as np
import pytest
from keras import optimizers
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skrnn import GRUClassifier, clear_graphs
from skrnn.estimators.optimizers import read_optimizer
from skrnn.network.pool import networks

HAS_SEVERAL = hasattr(optimizers, "OptimizerMap")  # since Keras 3.15

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(22, 4, 2)).astype(np.float32), np.arange(22) % 3


def fit(optimizer, random_state=0, **parameters):
    parameters = {"epochs": 2, "batch_size": 8, **parameters}
    return GRUClassifier(3, optimizer=optimizer, random_state=random_state, **parameters).fit(X, Y)


def weights_of(classifier):
    return classifier._state.weights


def assert_same(left, right):
    for a, b in zip(left, right, strict=True):
        assert_array_equal(a, b)


def assert_other(left, right):
    assert any(not np.array_equal(a, b) for a, b in zip(left, right, strict=True))


PUBLIC = {
    name: value
    for name, value in vars(optimizers).items()
    if inspect.isclass(value) and issubclass(value, optimizers.Optimizer) and value is not optimizers.Optimizer
}
AROUND_OTHERS = {"LossScaleOptimizer", "MultiOptimizer"}


@pytest.mark.parametrize("name", sorted(PUBLIC.keys() - AROUND_OTHERS))
def test_every_optimizer_can_be_given_by_name(name):
    by_class, rate = read_optimizer(PUBLIC[name], None, {})
    for given in (name, name.lower(), name.upper(), PUBLIC[name]()):
        assert read_optimizer(given, None, {}) == (by_class, rate)
    assert rate == pytest.approx(inspect.signature(PUBLIC[name]).parameters["learning_rate"].default)


def test_an_optimizer_that_wraps_others_gets_them():
    def inner():
        return optimizers.SGD(0.1, momentum=0.9)

    expected = weights_of(fit(optimizers.LossScaleOptimizer(inner())))
    for optimizer in ("lossscaleoptimizer", optimizers.LossScaleOptimizer):
        assert_same(weights_of(fit(optimizer, optimizer__inner_optimizer=inner())), expected)
        with pytest.raises(ValueError, match="LossScaleOptimizer requires the argument 'inner_optimizer': set optim"):
            fit(optimizer)
    if HAS_SEVERAL:  # earlier versions of LossScaleOptimizer do not check their argument either
        with pytest.raises(ValueError, match="MultiOptimizer requires the argument 'optimizer_map'"):
            fit("multioptimizer")
        with pytest.raises(ValueError, match="LossScaleOptimizer cannot be created with optimizer__inner_optimizer: "):
            fit("lossscaleoptimizer", optimizer__inner_optimizer="adam")


def test_the_learning_rate_of_a_loss_scale_is_the_inner_optimizers():
    clear_graphs()
    slow = fit(optimizers.LossScaleOptimizer(optimizers.SGD(0.01)))
    fast = fit(optimizers.LossScaleOptimizer(optimizers.SGD(0.01)), learning_rate=0.3)
    assert_same(weights_of(fast), weights_of(fit(optimizers.LossScaleOptimizer(optimizers.SGD(0.3)))))
    assert_other(weights_of(fast), weights_of(slow))
    assert len(networks) == 1
    schedule = optimizers.schedules.ExponentialDecay(0.3, 1, 1.0)
    scheduled = fit(optimizers.LossScaleOptimizer(optimizers.SGD(0.01)), learning_rate=schedule)
    assert_same(weights_of(scheduled), weights_of(fast))


@pytest.mark.skipif(not HAS_SEVERAL, reason="this version of Keras has no MultiOptimizer")
def test_several_optimizers_have_no_learning_rate_of_their_own():
    def several(rate):
        return optimizers.MultiOptimizer(
            optimizers.OptimizerMap(optimizers.Adam(rate), {"logits/.*": optimizers.Adam(0.01)})
        )

    with pytest.raises(ValueError, match=r"learning_rate=0\.1 cannot be set: MultiOptimizer has no argument"):
        fit(several(0.1), learning_rate=0.1)
    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", min_delta=100.0, patience=1, factor=0.5)
    reduced = fit(several(0.1), callbacks=callback, epochs=3)
    assert reduced.history_["learning_rate_adam"] == pytest.approx([0.1, 0.1, 0.05])
    assert reduced.history_["learning_rate_adam_1"] == pytest.approx([0.01, 0.01, 0.005])
    plain = clone(reduced).set_params(callbacks=None).fit(X, Y)
    assert_same(weights_of(fit(several(0.1), epochs=3)), weights_of(plain))
    assert_other(weights_of(reduced), weights_of(plain))


def test_names_that_keras_numbers_make_no_new_network():
    clear_graphs()
    for _ in range(2):
        fit(optimizers.LossScaleOptimizer(optimizers.Adam()), epochs=1)
        fit(optimizers.Adam(), epochs=1)
    assert len(networks) == 2


# State that starts from the weights


class Anchored(optimizers.SGD):
    """Pulls the weights back to where they started, and stores its variables in its own way."""

    def build(self, variables):
        super().build(variables)
        self.anchors = [keras.Variable(variable + 0.0, trainable=False) for variable in variables]

    def update_step(self, gradient, variable, learning_rate):
        anchor = self.anchors[self._get_variable_index(variable)]
        super().update_step(gradient + (variable - anchor), variable, learning_rate)


class Around(optimizers.Optimizer):
    """Passes every gradient on to another optimizer, whose variables it does not list."""

    def __init__(self, learning_rate=0.1, **options):
        super().__init__(learning_rate, **options)
        self.other = optimizers.SGD(learning_rate, momentum=0.9)

    def build(self, variables):
        super().build(variables)
        self.other.build(variables)

    def update_step(self, gradient, variable, learning_rate):
        self.other.update_step(gradient, variable, learning_rate)


_SCHEDULE_FREE = pytest.mark.skipif(
    not hasattr(optimizers, "ScheduleFreeAdamW"), reason="this version of Keras has no ScheduleFreeAdamW"
)


@pytest.mark.parametrize(
    "optimizer",
    [pytest.param("schedulefreeadamw", marks=_SCHEDULE_FREE), Anchored, Around],
    ids=["schedule-free", "anchored", "around"],
)
def test_a_seed_determines_weights_and_state(optimizer):
    parameters = {"learning_rate": 0.1}
    fitted = fit(optimizer, **parameters)
    other = fit(optimizer, random_state=1, **parameters)
    assert np.abs(weights_of(fitted)[0] - weights_of(other)[0]).max() > 0.1
    assert_same(weights_of(fit(optimizer, **parameters)), weights_of(fitted))
    clear_graphs()
    again = fit(optimizer, **parameters)
    assert_same(weights_of(again), weights_of(fitted))
    in_pieces = clone(fitted)
    for _ in range(2):
        in_pieces.partial_fit(X, Y)
    assert_same(weights_of(in_pieces), weights_of(fitted))


@_SCHEDULE_FREE
def test_a_new_optimizer_in_continued_training_starts_from_its_weights():
    first = fit("sgd", learning_rate=0.1)
    goes_on = clone(first).fit(X, Y).set_params(optimizer="schedulefreeadamw", warm_start=True, learning_rate=1e-6)
    goes_on.fit(X, Y)
    for before, after in zip(weights_of(first), weights_of(goes_on), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-4)


def test_a_loss_scale_factor_scales_the_loss():
    """A power of two changes no bit."""
    plain = fit("sgd", learning_rate=0.1)
    assert_same(weights_of(fit("sgd", learning_rate=0.1, optimizer__loss_scale_factor=128.0)), weights_of(plain))


# The user's own


class Boosted(optimizers.SGD):
    """Leaves its configuration to Keras, which does not know `boost`."""

    def __init__(self, boost=1.0, **options):
        super().__init__(**options)
        self.boost = boost

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * self.boost, variable, learning_rate)


class Hidden(Boosted):
    def __init__(self, factor=1.0, **options):
        super().__init__(**options)
        self.boost = factor


class Short(optimizers.Optimizer):
    """Takes few of the arguments that Keras' configuration has."""

    def __init__(self, learning_rate=0.1):
        super().__init__(learning_rate)

    def update_step(self, gradient, variable, learning_rate):
        variable.assign_sub(learning_rate * gradient)


class Halving(optimizers.schedules.LearningRateSchedule):
    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start * 0.5 ** keras.ops.cast(step, "float32")

    def get_config(self):
        return {"start": self.start}


class Forgetful(Halving):
    def __init__(self, start=0.1):
        super().__init__(start)

    def get_config(self):
        return {}


class NoDecayOfBiases(optimizers.AdamW):
    def __init__(self, **options):
        super().__init__(**options)
        self.exclude_from_weight_decay(var_names=["bias"])


def test_arguments_that_a_configuration_lacks_are_kept():
    expected = weights_of(fit("sgd", learning_rate=0.3))
    for found in (
        fit(Boosted(3.0, learning_rate=0.1)),
        fit(Boosted, optimizer__boost=3.0, learning_rate=0.1),
        fit(Short(0.3)),
        fit(Short, learning_rate=0.3),
    ):
        for one, two in zip(weights_of(found), expected, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-7)


def test_a_users_own_schedule():
    expected = weights_of(fit(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.4, 1, 0.5))))
    fitted = fit("sgd", learning_rate=Halving(0.4))
    for found in (fitted, fit(optimizers.SGD(Halving(0.4))), fit("sgd", optimizer__learning_rate=Halving(0.4))):
        for one, two in zip(weights_of(found), expected, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-7)
    assert_other(weights_of(fit("sgd", learning_rate=Halving(0.2))), expected)
    again = pickle.loads(pickle.dumps(fitted))
    assert float(again.model_.optimizer.learning_rate) == pytest.approx(0.4 * 0.5**6)


def test_weight_decay_that_a_subclass_excludes():
    parameters = {"learning_rate": 0.1, "optimizer__weight_decay": 1.0}
    assert_other(weights_of(fit(NoDecayOfBiases, **parameters)), weights_of(fit("adamw", **parameters)))


def _excluding():
    optimizer = optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


REFUSED = {
    "no class": (optimizers.Optimizer, "optimizer must be a name, a Keras optimizer class or an instance"),
    "no optimizer": ("optimizermap", r"Unknown optimizer 'optimizermap'\. .*Expected the name of a Keras optimizer"),
    "no update": (type("Empty", (optimizers.Optimizer,), {})(0.1), "Empty defines no update_step, so it cannot"),
    "argument lost": (Hidden(2.0), r"Hidden created from get_config\(\) has "),
    "schedule lost": (
        optimizers.SGD(Forgetful(0.3)),
        r"has _learning_rate\.start=0\.1 instead of 0\.3\. get_config must",
    ),
    "rate is a function": (
        optimizers.SGD(lambda: 0.1),
        "The learning_rate of SGD is a function, which cannot be stored",
    ),
    "argument is a function": (optimizers.Adam(beta_1=lambda: 0.9), "The configuration of Adam contains <function"),
    "excluded": (_excluding(), "exclude_from_weight_decay is not part of the configuration of AdamW and would be lost"),
}


if HAS_SEVERAL:
    REFUSED["map is a function"] = (
        optimizers.MultiOptimizer(lambda variable: optimizers.SGD()),
        r"The optimizer_map of MultiOptimizer is a function.* Replace it with a keras\.optimizers\.OptimizerMap",
    )


class NoConfiguration(Halving):
    def get_config(self):
        raise NotImplementedError("must override get_config()")


@pytest.mark.parametrize("around", [lambda: "sgd", lambda: optimizers.LossScaleOptimizer(optimizers.SGD())])
def test_a_schedule_that_cannot_be_kept_is_rejected_by_name(around):
    with pytest.raises(ValueError, match=r"_learning_rate\.start=0\.1 instead of 0\.3"):
        fit(around(), learning_rate=Forgetful(0.3))
    with pytest.raises(
        ValueError, match="NoConfiguration has no configuration, so it cannot be stored in a fitted estimator: must"
    ):
        fit(around(), learning_rate=NoConfiguration(0.3))
    with pytest.raises(
        ValueError, match="SGD has no configuration, so it cannot be stored in a fitted estimator: must"
    ):
        fit(optimizers.SGD(NoConfiguration(0.3)))


@pytest.mark.parametrize(("optimizer", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_kept_is_rejected_by_name(optimizer, message):
    with pytest.raises(ValueError, match=message):
        fit(optimizer)


def test_a_used_optimizer_is_read_like_a_new_one():
    used = [
        optimizers.Nadam(0.01, use_ema=True, gradient_accumulation_steps=2),
        optimizers.LossScaleOptimizer(optimizers.Adafactor(0.01)),
    ]
    used += [optimizers.Muon(0.01)] if hasattr(optimizers, "Muon") else []
    if HAS_SEVERAL:
        by_name = optimizers.OptimizerMap(optimizers.SGD(0.1), {"logits/.*": optimizers.Adam(0.01)})
        used.append(optimizers.MultiOptimizer(by_name))
    for optimizer in used:
        before = read_optimizer(optimizer, None, {})
        model = clone(GRUClassifier(3)).initialize(X, Y).model_
        model.compile(optimizer, loss="sparse_categorical_crossentropy")
        model.fit(X, Y, verbose=0)
        assert read_optimizer(optimizer, None, {}) == before


@pytest.mark.parametrize("name", ["keras.optimizers.Adam", "adm"])
def test_a_name_that_is_nearly_right(name):
    with pytest.raises(ValueError, match=rf"Unknown optimizer {name!r}\. Did you mean 'adam'\?"):
        GRUClassifier(3, optimizer=name).fit([[0.0], [1.0]], [0, 1])
