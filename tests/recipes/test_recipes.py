"""The published systems: that each is the network its text describes, and what a run tells."""

import pickle
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.metrics import log_loss

from skrnn.datasets import make_reviews
from skrnn.recipes import Recipe, list_recipes, load_recipe
from skrnn.recipes.catalogue import _RECIPES


def stock(recurrences, head, inputs=None):
    """Return a network as its text writes it, of stock Keras layers."""
    return keras.Sequential([*(inputs or [keras.Input((28, 28))]), *recurrences, *head])


def words():
    return [keras.Input((100,), dtype="int32"), layers.Embedding(10_000, 32)]


def batch_normalised(layer):
    return stock([layer(64)], [layers.BatchNormalization(), layers.Dense(10)])


def of_256(*recurrences):
    return stock(recurrences, [layers.Dense(10), layers.Activation("softmax")])


# What each text describes, written as it would be in Keras.
PUBLISHED = {
    "mnist-simplernn64-bn": lambda: batch_normalised(layers.SimpleRNN),
    "mnist-lstm64-bn": lambda: batch_normalised(layers.LSTM),
    "mnist-gru64-bn": lambda: batch_normalised(layers.GRU),
    "mnist-simplernn32-relu": lambda: stock([layers.SimpleRNN(32, activation="relu")], [layers.Dense(10, "softmax")]),
    "mnist-lstm128x2-relu": lambda: stock(
        [
            layers.LSTM(128, activation="relu", return_sequences=True),
            layers.Dropout(0.2),
            layers.LSTM(128, activation="relu"),
            layers.Dropout(0.2),
        ],
        [layers.Dense(32, activation="relu"), layers.Dropout(0.2), layers.Dense(10, activation="softmax")],
    ),
    "mnist-simplernn256-sgd": lambda: of_256(layers.SimpleRNN(256, dropout=0.2)),
    "mnist-simplernn256-rmsprop": lambda: of_256(layers.SimpleRNN(256, dropout=0.2)),
    "mnist-simplernn256-adam": lambda: of_256(layers.SimpleRNN(256, dropout=0.2)),
    "mnist-simplernn512-sgd": lambda: of_256(layers.SimpleRNN(512, dropout=0.2)),
    "mnist-lstm256-sgd": lambda: of_256(layers.LSTM(256, dropout=0.2)),
    "mnist-gru256-sgd": lambda: of_256(layers.GRU(256, dropout=0.2)),
    "mnist-bilstm128-sgd": lambda: of_256(layers.Bidirectional(layers.LSTM(128, dropout=0.2))),
    "mnist-simplernn256x2-sgd": lambda: of_256(
        layers.SimpleRNN(256, dropout=0.2, return_sequences=True), layers.SimpleRNN(256, dropout=0.2)
    ),
    "mnist-simplernn256-columns": lambda: of_256(layers.SimpleRNN(256, dropout=0.2)),
    "imdb-simplernn32": lambda: stock([layers.SimpleRNN(32)], [layers.Dense(1, activation="sigmoid")], words()),
    "imdb-gru32": lambda: stock([layers.GRU(32)], [layers.Dense(1, activation="sigmoid")], words()),
    "imdb-lstm32": lambda: stock([layers.LSTM(32)], [layers.Dense(1, activation="sigmoid")], words()),
}


def some_data(recipe, n=40):
    """Return rows of the right form: images of noise, or generated reviews; of either n for each half."""
    if recipe.dataset == "mnist":
        X = np.random.default_rng(0).integers(0, 256, (2 * n, 28, 28), dtype=np.uint8)
        y = np.arange(2 * n) % 10
    else:
        X, y = make_reviews(2 * n, random_state=0)
    return X[:n], y[:n], X[n:], y[n:]


def quick(name, epochs=2):
    """Return a recipe with small layers, for tests of what all of them do."""
    recipe = load_recipe(name)
    return replace(recipe, network={**recipe.network, "units": 4}, training={**recipe.training, "epochs": epochs})


def test_every_recipe_is_checked_against_its_text():
    assert list(PUBLISHED) == list_recipes()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recipe_is_the_network_of_its_text(name):
    recipe, described = load_recipe(name), PUBLISHED[name]()
    X, y, _, _ = some_data(recipe)
    pipeline = recipe.pipeline(random_state=0)
    classifier = pipeline[-1].initialize(pipeline[:-1].fit_transform(X), y)
    model = classifier.model_
    assert [weight.shape for weight in model.weights] == [weight.shape for weight in described.weights]
    assert classifier.n_parameters_ == described.count_params() == recipe.n_parameters
    settings = (
        "units",
        "activation",
        "recurrent_activation",
        "use_bias",
        "dropout",
        "recurrent_dropout",
        "reset_after",
    )
    for ours, theirs in zip(trained_layers(model), trained_layers(described), strict=True):
        assert type(ours) is type(theirs)
        config, expected = (getattr(layer, "forward_layer", layer).get_config() for layer in (ours, theirs))
        if ours.name != "logits":  # whose activation is a layer of its own
            assert {key: config.get(key) for key in settings} == {key: expected.get(key) for key in settings}
    rates = [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)]
    assert rates == [layer.rate for layer in described.layers if isinstance(layer, layers.Dropout)]


def trained_layers(model):
    return [layer for layer in model.layers if layer.weights]


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_optimizers_are_those_that_keras_makes_of_their_names(optimizer):
    name = {"sgd": "mnist-simplernn256-sgd", "rmsprop": "imdb-gru32", "adam": "mnist-simplernn32-relu"}[optimizer]
    recipe = load_recipe(name)
    assert recipe.training["optimizer"] == optimizer
    X, y, _, _ = some_data(recipe)
    pipeline = recipe.pipeline(random_state=0)
    model = pipeline[-1].initialize(pipeline[:-1].fit_transform(X), y).model_
    found, expected = model.optimizer.get_config(), keras.optimizers.get(optimizer).get_config()
    del found["name"], expected["name"]  # Keras counts its own up
    assert found.pop("learning_rate") == pytest.approx(expected.pop("learning_rate"))  # a float32 in the model
    assert found == expected


def test_scans_differ_where_they_should():
    X = some_data(load_recipe("mnist-simplernn256-sgd"))[0]
    rows = load_recipe("mnist-simplernn256-sgd").pipeline()[0].fit_transform(X)
    columns = load_recipe("mnist-simplernn256-columns").pipeline()[0].fit_transform(X)
    np.testing.assert_array_equal(rows, X.astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(columns, rows.transpose(0, 2, 1))


@pytest.mark.parametrize("name", ["mnist-gru64-bn", "imdb-lstm32"])
def test_a_run_tells_what_its_pipeline_scores(name):
    recipe = quick(name)
    X, y, X_test, y_test = data = some_data(recipe)
    events = []
    run = recipe.run(data=data, random_state=3, progress=events.append)
    assert run.recipe == name
    assert run.random_state == 3
    assert run.train_accuracy == run.pipeline.score(X, y)
    assert run.test_accuracy == run.pipeline.score(X_test, y_test)
    assert run.train_loss == pytest.approx(log_loss(y, run.pipeline.predict_proba(X)), rel=1e-5)
    assert run.test_loss == pytest.approx(log_loss(y_test, run.pipeline.predict_proba(X_test)), rel=1e-5)
    assert run.n_parameters == run.pipeline[-1].n_parameters_
    assert run.fit_seconds > 0
    assert run.history == run.pipeline[-1].history_
    assert {"python", "skrnn", "keras", "tensorflow"} <= run.versions.keys()
    assert [(event.kind, event.architecture, event.split, event.epoch, event.n_epochs) for event in events] == [
        ("epoch", name, 3, 1, 2),
        ("epoch", name, 3, 2, 2),
    ]
    assert ("val_loss" in run.history) is (name == "imdb-lstm32")
    again = recipe.run(data=data, random_state=3)
    assert (again.test_loss, again.history) == (run.test_loss, run.history)
    assert recipe.run(data=data, random_state=4).history != run.history


def test_a_recipe_is_plain_data_of_its_own():
    recipe = load_recipe("mnist-lstm64-bn")
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    recipe.network["units"] = 1
    assert load_recipe("mnist-lstm64-bn").network["units"] == 64
    with pytest.raises(AttributeError, match="cannot assign to field 'name'"):
        recipe.name = "mine"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("mnist-lstm64", " Did you mean 'mnist-lstm64-bn'?"), ("xyz", ""), (["mnist-lstm64-bn"], " Did you mean")],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, hint):
    with pytest.raises(ValueError, match=r"^There is no recipe .*\.$") as caught:
        load_recipe(name)
    assert str(caught.value).startswith(f"There is no recipe {name!r}.{hint}")
    assert str(caught.value).endswith("imdb-lstm32.")


def test_the_figures_are_shares_and_the_names_tell_the_data_set():
    for name, recipe in _RECIPES.items():
        assert isinstance(recipe, Recipe)
        assert recipe.name == name
        assert name.startswith(recipe.dataset)
        for share in (recipe.published.test_accuracy, recipe.published.train_accuracy):
            assert share is None or 0.8 < share < 1
