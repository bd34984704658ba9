"""Recipes trained with stock Keras: its own layers, on the same rows, in a new order in every epoch."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from sklearn.metrics import log_loss

from skrnn import SimpleRNNClassifier
from skrnn.datasets import load_digits
from skrnn.recipes import list_recipes, load_recipe
from skrnn.recipes.recipe import Halves
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
