"""Train recipes with stock Keras: Keras' own layers and `fit`, on the same arrays as skrnn.

Nothing here uses skrnn's layers or training loop, because a comparison of skrnn with itself would be meaningless.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from skrnn._tensorflow import keras
from skrnn.recipes.recipe import Halves, Recipe, Reproduction, fit_name
from skrnn.versions import installed_versions

if TYPE_CHECKING:
    from skrnn.model_selection import FitEvent

_RECURRENT = {
    "SimpleRNNClassifier": keras.layers.SimpleRNN,
    "LSTMClassifier": keras.layers.LSTM,
    "GRUClassifier": keras.layers.GRU,
}
_EVALUATION_BATCH = 1_000  # rows; does not affect the figures


class ReshuffledBatches(keras.utils.PyDataset):
    """Batches of an array of sequences, in a new order in every epoch.

    After :func:`keras.utils.set_random_seed`, ``fit(shuffle=True)`` reads the rows of arrays in the same order in every
    epoch (Keras 3.15 on TensorFlow). To draw a new order for each epoch, pass these batches to ``fit(shuffle=False)``.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
        The sequences.
    y : ndarray of shape (n,)
        The labels.
    batch_size : int
        Number of sequences in a batch; the last batch of an epoch may be smaller.
    seed : int
        Seed of the orders of all epochs.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray, batch_size: int, seed: int):
        super().__init__()
        self._X, self._y, self._batch_size = X, y, batch_size
        self._rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self._y) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return self._X[rows], self._y[rows]

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self._order = self._rng.permutation(len(self._y))


class _EpochReporter(keras.callbacks.Callback):
    """A Keras callback that reports the end of each epoch."""

    def __init__(self, report: "Callable[[FitEvent], None]", recipe: str, seed: int):
        super().__init__()
        self._report, self._name, self._seed = report, fit_name(recipe, "keras"), seed

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        from skrnn.model_selection import FitEvent

        n_epochs = self.params["epochs"]
        self._report(FitEvent("epoch", self._name, self._seed, epoch=epoch + 1, n_epochs=n_epochs))


def build_model(recipe: Recipe, X: np.ndarray, n_classes: int) -> keras.Model:
    """Build and compile the network of a recipe from stock layers.

    Parameters
    ----------
    recipe : Recipe
    X : ndarray of shape (n, n_timesteps, n_features), or token ids of shape (n, n_timesteps)
        Preprocessed sequences.
    n_classes : int
        Number of classes. Two classes share one output.

    Returns
    -------
    model : keras.Model
        The compiled model, with the optimizer's default learning rate.

    Raises
    ------
    TypeError
        If this function does not support one of the recipe's network parameters.
    """
    inputs = keras.Input(X.shape[1:], dtype=X.dtype)
    activation = None if recipe.from_logits else "sigmoid" if n_classes == 2 else "softmax"
    output = keras.layers.Dense(1 if n_classes == 2 else n_classes, activation=activation)
    model = keras.Sequential([inputs, *_hidden_layers(_RECURRENT[recipe.classifier], **recipe.network), output])
    loss = keras.losses.BinaryCrossentropy if n_classes == 2 else keras.losses.SparseCategoricalCrossentropy
    model.compile(recipe.training["optimizer"], loss(from_logits=recipe.from_logits), metrics=["accuracy"])
    return model


def _hidden_layers(
    recurrent: type[keras.layers.Layer],
    *,
    units: int | Sequence[int],
    activation: str = "tanh",
    dropout: float = 0.0,
    bidirectional: bool = False,
    batch_normalization: bool = False,
    dense_units: Sequence[int] = (),
    dense_activation: str = "relu",
    layer_dropout: float = 0.0,
    embedding_dim: int | None = None,
    vocabulary_size: int | None = None,
    mask_zero: bool = True,
) -> list[keras.layers.Layer]:
    """Return all layers before the output. The parameters have the same meaning as in skrnn's classifiers."""
    layers: list[keras.layers.Layer] = []
    if embedding_dim is not None:
        layers.append(keras.layers.Embedding(vocabulary_size, embedding_dim, mask_zero=mask_zero))
    stack = (units,) if isinstance(units, int) else tuple(units)
    for number, width in enumerate(stack, start=1):
        layer = recurrent(width, activation=activation, dropout=dropout, return_sequences=number < len(stack))
        layers.append(keras.layers.Bidirectional(layer) if bidirectional else layer)
        layers += [keras.layers.Dropout(layer_dropout)] if layer_dropout else []
    layers += [keras.layers.BatchNormalization()] if batch_normalization else []
    for width in dense_units:
        layers.append(keras.layers.Dense(width, activation=dense_activation))
        layers += [keras.layers.Dropout(layer_dropout)] if layer_dropout else []
    return layers


def held_out_rows(y: np.ndarray, fraction: float, random_state: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the training rows and the held-out rows, the same as skrnn's classifiers choose.

    Parameters
    ----------
    y : ndarray of shape (n,)
        The labels.
    fraction : float
        Fraction of rows to hold out, at least 0 and less than 1.
    random_state : int or None
        The seed of the training.

    Returns
    -------
    training, held_out : ndarray of int
        The indices of the rows.
    """
    rows = np.arange(len(y))
    if not fraction:
        return rows, rows[:0]
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    n_held_out = math.ceil(fraction * len(y))
    training, held_out = train_test_split(rows, test_size=n_held_out, stratify=y, random_state=seed)
    return np.sort(training), held_out


def run_stock_keras(
    recipe: Recipe,
    data: Halves,
    *,
    random_state: int = 0,
    progress: "Callable[[FitEvent], None] | None" = None,
) -> Reproduction:
    """Train a recipe with stock Keras, and measure it.

    This sets the global random seeds of Python, NumPy and TensorFlow, from which Keras draws its initial weights.

    Parameters
    ----------
    recipe : Recipe
        The system. Its transformer prepares the data in the same way as for skrnn.
    data : Halves
        The training half and the test half.
    random_state : int, default=0
        The seed.
    progress : callable, default=None
        Called with a :class:`~skrnn.model_selection.FitEvent` after each epoch, as in :meth:`Recipe.run`.

    Returns
    -------
    reproduction : Reproduction
        The figures, without a pipeline.
    """
    transformer = recipe.pipeline()[0]
    classes, y = np.unique(data.y_train, return_inverse=True)
    epochs, batch_size = recipe.training["epochs"], recipe.training["batch_size"]
    keras.utils.set_random_seed(random_state)
    started = time.perf_counter()
    X = transformer.fit_transform(data.X_train, data.y_train)
    training, held_out = held_out_rows(y, recipe.training.get("validation_fraction", 0.0), random_state)
    model = build_model(recipe, X, len(classes))
    fitted = model.fit(
        ReshuffledBatches(X[training], y[training], batch_size, random_state),
        validation_data=(X[held_out], y[held_out]) if len(held_out) else None,
        validation_batch_size=batch_size,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[] if progress is None else [_EpochReporter(progress, recipe.name, random_state)],
    )
    seconds = time.perf_counter() - started
    y_test = np.searchsorted(classes, data.y_test)
    train_loss, train_accuracy = _measure(model, X, y)
    test_loss, test_accuracy = _measure(model, transformer.transform(data.X_test), y_test)
    return Reproduction(
        recipe=recipe.name,
        random_state=random_state,
        n_parameters=model.count_params(),
        test_accuracy=test_accuracy,
        train_accuracy=train_accuracy,
        test_loss=test_loss,
        train_loss=train_loss,
        fit_seconds=seconds,
        history=_in_order(fitted.history),
        versions=installed_versions(),
        library="keras",
    )


def _measure(model: keras.Model, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the mean cross-entropy and the accuracy."""
    loss, accuracy = model.evaluate(X, y, batch_size=_EVALUATION_BATCH, verbose=0)
    return float(loss), round(accuracy * len(y)) / len(y)  # removes the rounding error of single precision


def _in_order(history: Mapping[str, Sequence[Any]]) -> dict[str, list[float]]:
    """Return a Keras history as plain floats, in the same order as in skrnn's classifiers."""
    names = [name for name in ("loss", "accuracy", "val_loss", "val_accuracy") if name in history]
    return {name: [float(value) for value in history[name]] for name in names}
