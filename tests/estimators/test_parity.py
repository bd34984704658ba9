"""Complete trainings compared to stock Keras: from the same weights, over the same rows, to the same weights.

Here stock Keras builds its optimizer before it fits. Within `fit`, Keras 3.15 builds it where values cannot be
assigned, so ScheduleFreeAdamW, whose state should start from the weights, starts from zeros.
"""

import inspect

import keras
import numpy as np
import pytest
from keras import optimizers
from keras.optimizers import schedules
from sklearn.base import clone

from skrnn import GRUClassifier, LSTMClassifier, SimpleRNNClassifier
from skrnn.network import network as network_module

TOLERANCE = 1e-5  # of the largest weight; 4e-7 was seen
N_ROWS, N_EPOCHS, BATCH_SIZE = 22, 3, 8  # the last batch has six rows

rng = np.random.default_rng(0)
X = rng.normal(size=(N_ROWS, 4, 2)).astype(np.float32)
Y = np.arange(N_ROWS) % 3
LENGTHS = rng.integers(1, 5, N_ROWS)
RAGGED = [x[:length] for x, length in zip(X, LENGTHS, strict=True)]
PADDED = np.where(np.arange(4)[:, None] < LENGTHS[:, None, None], X, np.nan).astype(np.float32)
IDS = rng.integers(0, 9, (N_ROWS, 6)).astype(np.int32)
WEIGHTS = rng.uniform(0.5, 2, N_ROWS)


def assert_same_training(classifier, make_optimizer, X=X, y=Y, padded=None, weights=None, **fit_arguments):
    """Train with skrnn and with Keras' own `fit`, which gets `padded` and `weights`."""
    classifier.set_params(
        optimizer=make_optimizer(), epochs=N_EPOCHS, batch_size=BATCH_SIZE, shuffle=False, random_state=0
    )
    stock = classifier.initialize(X, y).model_
    before = stock.get_weights()
    optimizer = make_optimizer()
    optimizer.build(stock.trainable_variables)
    stock.compile(
        optimizer, loss="binary_crossentropy" if y.max() == 1 else "sparse_categorical_crossentropy", jit_compile=False
    )
    stock.fit(
        X if padded is None else padded, y, sample_weight=weights, shuffle=False, epochs=N_EPOCHS,
        batch_size=BATCH_SIZE, verbose=0,
    )  # fmt: skip
    classifier.fit(X, y, **fit_arguments)
    expected = stock.get_weights()
    size = max(np.abs(weight).max() for weight in expected)
    for ours, theirs in zip(classifier._state.weights, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE * size)
    moved = max(np.abs(after - start).max() for after, start in zip(expected, before, strict=True))
    assert moved > 100 * TOLERANCE * size


# Every Keras optimizer, with its own arguments and with those that all share.

OWN = [
    (optimizers.SGD, {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    (optimizers.RMSprop, {"learning_rate": 0.01, "rho": 0.8, "momentum": 0.5, "epsilon": 1e-5, "centered": True}),
    (optimizers.Adam, {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-5, "amsgrad": True}),
    (optimizers.AdamW, {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-5, "amsgrad": True}),
    (optimizers.Adadelta, {"learning_rate": 0.5, "rho": 0.8, "epsilon": 1e-5}),
    (optimizers.Adagrad, {"learning_rate": 0.05, "initial_accumulator_value": 0.2, "epsilon": 1e-5}),
    (optimizers.Adamax, {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-5}),
    (optimizers.Nadam, {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-5}),
    (optimizers.Lamb, {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-5}),
    (optimizers.Lion, {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95}),
    (
        optimizers.Adafactor,
        {"learning_rate": 0.05, "beta_2_decay": -0.7, "epsilon_1": 1e-20, "epsilon_2": 1e-2, "clip_threshold": 0.9,
         "relative_step": False},
    ),
    (
        optimizers.Ftrl,
        {"learning_rate": 0.1, "learning_rate_power": -0.4, "initial_accumulator_value": 0.2, "beta": 0.1,
         "l1_regularization_strength": 0.001, "l2_regularization_strength": 0.01,
         "l2_shrinkage_regularization_strength": 0.01},
    ),
    (
        getattr(optimizers, "Muon", None),
        {"learning_rate": 0.01, "adam_beta_1": 0.8, "adam_beta_2": 0.95, "adam_weight_decay": 0.1, "epsilon": 1e-5,
         "exclude_layers": ["logits"], "exclude_embeddings": False, "muon_a": 3.0, "muon_b": -4.0, "muon_c": 2.0,
         "adam_lr_ratio": 0.5, "momentum": 0.9, "ns_steps": 4, "nesterov": False, "rms_rate": 0.3},
    ),
    (
        getattr(optimizers, "ScheduleFreeAdamW", None),
        {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-5, "warmup_steps": 3},
    ),
]  # fmt: skip
# An older Keras has neither Muon, with all of these arguments, nor ScheduleFreeAdamW.
OWN = [(made, given) for made, given in OWN if made is not None and {*given} <= {*inspect.signature(made).parameters}]
SHARED = {
    "weight_decay": 0.1,
    "use_ema": True,
    "ema_momentum": 0.7,
    "ema_overwrite_frequency": 3,
    "loss_scale_factor": 128.0,
    "gradient_accumulation_steps": 2,
}
CLIPPING = [{"clipnorm": 0.1}, {"clipvalue": 0.03}, {"global_clipnorm": 0.2}]


@pytest.mark.parametrize(("optimizer_class", "arguments"), OWN, ids=lambda value: getattr(value, "__name__", ""))
def test_optimizers_with_their_own_arguments(optimizer_class, arguments):
    assert_same_training(SimpleRNNClassifier(3), lambda: optimizer_class(**arguments))


@pytest.mark.parametrize("number", range(len(OWN)), ids=lambda number: OWN[number][0].__name__)
def test_optimizers_with_the_arguments_that_all_share(number, monkeypatch):
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0)  # compiled
    optimizer_class, arguments = OWN[number]
    arguments = {"learning_rate": arguments["learning_rate"]} | SHARED | CLIPPING[number % 3]
    assert_same_training(SimpleRNNClassifier(3), lambda: optimizer_class(**arguments))


WRAPPERS = {
    "loss scale": lambda: optimizers.LossScaleOptimizer(
        optimizers.SGD(0.1, momentum=0.9), initial_scale=2.0**10, dynamic_growth_steps=3
    ),
    "loss scale that overflows": lambda: optimizers.LossScaleOptimizer(optimizers.Adam(0.01), initial_scale=3e38),
    "loss scale, averages": lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.7)),
}
if hasattr(optimizers, "OptimizerMap"):
    WRAPPERS["several, averages"] = lambda: optimizers.MultiOptimizer(
        optimizers.OptimizerMap(
            optimizers.SGD(0.1, use_ema=True, ema_momentum=0.7), {"logits/.*": optimizers.Adam(0.01)}
        ),
        loss_scale_factor=8.0,
    )


@pytest.mark.parametrize("make", WRAPPERS.values(), ids=WRAPPERS)
def test_optimizers_around_optimizers(make, monkeypatch):
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0)
    assert_same_training(SimpleRNNClassifier(3), make)


def test_every_optimizer_and_every_argument_is_tested_here():
    base = optimizers.Optimizer
    public = {c for c in vars(optimizers).values() if inspect.isclass(c) and issubclass(c, base) and c is not base}
    tried = {
        optimizer_class: {*arguments, *SHARED, *CLIPPING[0], *CLIPPING[1], *CLIPPING[2]}
        for optimizer_class, arguments in OWN
    }
    assert public == {*tried, optimizers.LossScaleOptimizer, optimizers.MultiOptimizer}
    for optimizer_class, arguments in tried.items():
        assert {*inspect.signature(optimizer_class).parameters} - {"name", "kwargs"} == arguments


SCHEDULES = [
    schedules.ExponentialDecay(0.1, 3, 0.8),
    schedules.InverseTimeDecay(0.1, 2, 0.5, staircase=True),
    schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.02]),
    schedules.PolynomialDecay(0.1, 6, 0.01, power=2.0, cycle=True),
    schedules.CosineDecay(0.01, 6, warmup_target=0.1, warmup_steps=2),
    schedules.CosineDecayRestarts(0.1, 2),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__)
def test_schedules(schedule):
    assert_same_training(SimpleRNNClassifier(3), lambda: optimizers.SGD(schedule, momentum=0.5))


def test_every_schedule_is_tested_here():
    base = schedules.LearningRateSchedule
    public = {c for c in vars(schedules).values() if inspect.isclass(c) and issubclass(c, base) and c is not base}
    assert public == {type(schedule) for schedule in SCHEDULES}


# Networks


def adam():
    return keras.optimizers.Adam(0.01)


NETWORKS = {
    "stacked": (LSTMClassifier((5, 4)), True),
    "bidirectional, pooled": (GRUClassifier(4, bidirectional=True, pooling="mean"), False),
    "normalised, dense": (GRUClassifier(4, batch_normalization=True, dense_units=(4, 3)), True),
    "simple, bidirectional, stacked, normalised": (
        SimpleRNNClassifier((4, 3), bidirectional=True, batch_normalization=True, pooling="max"),
        True,
    ),
    "another activation": (LSTMClassifier(4, activation="softsign"), False),
}


@pytest.mark.parametrize(("classifier", "compiled"), NETWORKS.values(), ids=NETWORKS)
def test_networks(classifier, compiled, monkeypatch):
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0 if compiled else 10**6)
    assert_same_training(classifier, adam)


@pytest.mark.parametrize(("pooling", "compiled"), [("last", True), ("max", False), ("mean", True)])
def test_sequences_of_unequal_length(pooling, compiled, monkeypatch):
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0 if compiled else 10**6)
    classifier = LSTMClassifier(4, pooling=pooling, batch_normalization=pooling == "mean")
    assert_same_training(classifier, adam, X=RAGGED, padded=PADDED)


@pytest.mark.parametrize("mask_zero", [True, False])
def test_an_embedding_under_an_optimizer_that_squares_nothing(mask_zero):
    """Under those that square it, Keras differs on purpose: it squares each occurrence of a word."""
    classifier = GRUClassifier(4, embedding_dim=3, mask_zero=mask_zero)
    assert_same_training(classifier, lambda: keras.optimizers.SGD(0.5), X=IDS)


def test_two_classes_and_sample_weights():
    assert_same_training(
        GRUClassifier(4), adam, y=np.arange(N_ROWS) % 2, weights=WEIGHTS / WEIGHTS.mean(), sample_weight=WEIGHTS
    )


@pytest.mark.parametrize("compiled", [False, True])
def test_several_labels_and_sample_weights(compiled, monkeypatch):
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0 if compiled else 10**6)
    several = (rng.random((N_ROWS, 4)) < 0.4).astype(int)
    assert_same_training(
        LSTMClassifier(4, multilabel=True, dense_units=3),
        adam, y=several, weights=WEIGHTS / WEIGHTS.mean(), sample_weight=WEIGHTS,
    )  # fmt: skip


def test_class_and_sample_weights():
    of_class = {0: 1.0, 1: 3.0, 2: 0.5}
    weights = WEIGHTS * np.vectorize(of_class.get)(Y)
    assert_same_training(
        LSTMClassifier(4, class_weight=of_class), adam, weights=weights / weights.mean(), sample_weight=WEIGHTS
    )


# Static features and pretrained vectors

STATIC = X[:, :, [0, 0, 1, 1]]
STATIC[:, :, [0, 2]] = rng.normal(size=(N_ROWS, 1, 2))
STATIC_PADDED = np.where(np.isnan(PADDED[:, :, :1]), np.nan, STATIC).astype(np.float32)
STATIC_RAGGED = [x[:length] for x, length in zip(STATIC, LENGTHS, strict=True)]
STATIC_NETWORKS = {
    "last": LSTMClassifier(4),
    "normalised, dense": GRUClassifier(4, pooling="mean", batch_normalization=True, dense_units=3),
    "bidirectional": SimpleRNNClassifier(3, bidirectional=True, pooling="max"),
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("classifier", STATIC_NETWORKS.values(), ids=STATIC_NETWORKS)
def test_static_features(classifier, masked, compiled, monkeypatch):
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0 if compiled else 10**6)
    classifier = clone(classifier).set_params(static_features=[0, 2])
    sequences, padded = (STATIC_RAGGED, STATIC_PADDED) if masked else (STATIC, None)
    assert_same_training(classifier, adam, X=sequences, padded=padded)


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("arguments", [{"momentum": 0.9, "weight_decay": 0.1}, {"use_ema": True, "ema_momentum": 0.7}])
@pytest.mark.parametrize("compiled", [False, True])
def test_pretrained_vectors(trainable, arguments, compiled, monkeypatch):
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", 0 if compiled else 10**6)
    vectors = rng.normal(size=(9, 3)).astype(np.float32)
    classifier = GRUClassifier(4, embedding_matrix=vectors, embedding_trainable=trainable)
    assert_same_training(classifier, lambda: keras.optimizers.SGD(0.1, **arguments), X=IDS)
    assert (classifier._state.weights[0] == vectors).all() != trainable
