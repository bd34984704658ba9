"""Recipes trained with stock Keras: its own layers, on the same rows, in a new order in every epoch."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from sklearn.metrics import log_loss

from skrnn import SimpleRNNClassifier
from skrnn.datasets import load_digits
from skrnn.recipes import Halves, list_recipes, load_recipe
from skrnn.recipes.stock_keras import ReshuffledBatches, build_model, held_out_rows, run_stock_keras
from tests.recipes.test_recipes import PUBLISHED, quick, some_data

SETTINGS = ("units", "return_sequences", "dropout", "recurrent_dropout", "activation", "recurrent_activation", "rate",
            "kernel_initializer", "recurrent_initializer", "bias_initializer", "embeddings_initializer", "use_bias",
            "unit_forget_bias", "reset_after", "mask_zero", "momentum")  # fmt: skip


def described_by(model):
    """Return the class and the settings of each layer; a separate activation counts as that of the layer before."""
    layers = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Activation):
            layers[-1][1]["activation"] = layer.get_config()["activation"]
            continue
        inner = getattr(layer, "forward_layer", layer).get_config()
        layers.append((type(layer), {name: inner[name] for name in SETTINGS if name in inner}))
    return layers


@pytest.mark.parametrize("name", list_recipes())
def test_the_network_is_the_one_that_the_text_describes(name):
    recipe = load_recipe(name)
    X, y, _, _ = some_data(recipe)
    model = build_model(recipe, recipe.pipeline()[0].fit_transform(X), len(np.unique(y)))
    described = PUBLISHED[name]()
    assert described_by(model) == described_by(described)
    assert model.count_params() == recipe.n_parameters
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
    assert type(model.optimizer) is type(keras.optimizers.get(recipe.training["optimizer"]))
    linear = model.layers[-1].activation is keras.activations.linear
    assert model.loss.get_config()["from_logits"] == linear == name.endswith("-bn")


def test_a_parameter_that_is_not_built_is_an_error():
    recipe = quick("mnist-gru64-bn")
    recipe = replace(recipe, network={**recipe.network, "recurrent_dropout": 0.1})
    with pytest.raises(TypeError, match="recurrent_dropout"):
        build_model(recipe, np.zeros((2, 3, 4), np.float32), 10)


class RowsRead(keras.layers.Layer):
    """Record the rows that pass in training."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def call(self, inputs, training=False):
        if training:
            self.rows += np.asarray(inputs)[:, 0].astype(int).tolist()
        return inputs


def rows_of_two_epochs(fit):
    """Train a network that reads row numbers, and return those of each of two epochs."""
    keras.utils.set_random_seed(0)
    recorder = RowsRead()
    model = keras.Sequential([keras.Input((1,)), recorder, keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    recorder.rows.clear()
    X = np.arange(50, dtype=np.float32)[:, None]
    fit(model, X, X[:, 0])
    first, second = recorder.rows[:50], recorder.rows[50:]
    assert sorted(first) == sorted(second) == list(range(50))
    return first, second


def test_stock_keras_reads_the_rows_in_a_new_order_in_every_epoch():
    def fit(model, X, y):
        model.fit(ReshuffledBatches(X, y, 8, seed=0), epochs=2, shuffle=False, verbose=0)

    first, second = rows_of_two_epochs(fit)
    assert first != second != list(range(50)) != first
    assert (first, second) == rows_of_two_epochs(fit)


def test_skrnn_reads_the_rows_in_a_new_order_in_every_epoch():
    n = 20
    ids, y = 1 + np.arange(n)[:, None], np.arange(n) % 2

    def embeddings(epochs, schedule):
        """Train on rows of one word each, which only their own row moves, and return the vectors of all words."""
        network = SimpleRNNClassifier(
            2, embedding_dim=2, vocabulary_size=n + 1, optimizer="sgd", learning_rate=schedule, epochs=epochs or 1,
            batch_size=1, random_state=0,
        )  # fmt: skip
        network = network.fit(ids, y) if epochs else network.initialize(ids, y)
        return network.model_.get_weights()[0][1:]

    # How far a step moves a word is proportional to the learning rate, which tells one step from another.
    growing = keras.optimizers.schedules.PolynomialDecay(1e-3, 2 * n, (1 + 2 * n) * 1e-3)
    start, one, two = (embeddings(epochs, growing) for epochs in (0, 1, 2))
    per_rate = np.linalg.norm(embeddings(1, 1e-3) - start, axis=1) / 1e-3
    first = np.linalg.norm(one - start, axis=1) / per_rate
    second = np.linalg.norm(two - one, axis=1) / per_rate
    assert first.min() == pytest.approx(1e-3, rel=0.05)
    assert first.max() < second.min()
    assert first.argsort().tolist() != second.argsort().tolist() != list(range(n)) != first.argsort().tolist()


def test_both_libraries_hold_out_the_same_rows():
    recipe = quick("imdb-gru32", epochs=1)
    X, y, _, _ = data = some_data(recipe, n=60)
    run = recipe.run(data=data, random_state=3)
    training, held_out = held_out_rows(np.asarray(y), 0.2, 3)
    assert len(held_out) == 12
    assert sorted([*training, *held_out]) == list(range(60))
    probabilities = run.pipeline.predict_proba(X[held_out])
    assert run.history["val_loss"] == [pytest.approx(log_loss(y[held_out], probabilities), rel=1e-5)]
    others = np.delete(np.arange(60), held_out)[:12]
    assert log_loss(y[others], run.pipeline.predict_proba(X[others])) != pytest.approx(run.history["val_loss"][0])


@pytest.mark.parametrize("name", ["mnist-gru64-bn", "imdb-lstm32", "mnist-simplernn32-relu"])
def test_a_run_depends_on_its_seed_alone_and_reports_its_epochs(name):
    recipe = quick(name)
    data = Halves(*some_data(recipe))
    events = []
    run = run_stock_keras(recipe, data, random_state=3, progress=events.append)
    ours = recipe.run(data=data, random_state=3)
    assert (run.recipe, run.random_state, run.library, run.pipeline) == (name, 3, "keras", None)
    assert ours.library == "skrnn"
    assert run.n_parameters == ours.n_parameters
    assert list(run.history) == list(ours.history)
    assert {len(values) for values in run.history.values()} == {2}
    assert [(event.kind, event.architecture, event.split, event.epoch, event.n_epochs) for event in events] == [
        ("epoch", f"{name}, Keras", 3, 1, 2),
        ("epoch", f"{name}, Keras", 3, 2, 2),
    ]
    keras.utils.set_random_seed(9)
    keras.layers.Dense(3).build((None, 4))
    again = run_stock_keras(recipe, data, random_state=3)
    assert (again.test_loss, again.history) == (run.test_loss, run.history)
    assert run_stock_keras(recipe, data, random_state=4).history != run.history


def test_both_libraries_learn_equally_well():
    X, y = load_digits(return_X_y=True)
    data = Halves(X[:800], y[:800], X[800:1200], y[800:1200])
    recipe = quick("mnist-simplernn32-relu", epochs=12)
    recipe = replace(recipe, network={**recipe.network, "units": 24}, training={**recipe.training, "batch_size": 16})
    theirs, ours = run_stock_keras(recipe, data), recipe.run(data=data, random_state=0)
    assert theirs.train_accuracy > 0.75
    assert theirs.train_accuracy > theirs.test_accuracy
    for figure in ("train_accuracy", "test_accuracy"):
        assert getattr(theirs, figure) == pytest.approx(getattr(ours, figure), abs=0.1)
    for figure in ("train_loss", "test_loss"):
        assert getattr(theirs, figure) == pytest.approx(getattr(ours, figure), abs=0.25)
