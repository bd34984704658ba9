"""Stock Keras, as its documentation shows: a Sequential model, `compile`, `fit` on arrays, `predict`.

No seed is set: after `keras.utils.set_random_seed`, `fit` would read the rows in the same order in every epoch.
"""

import keras
import numpy as np
from keras import layers

from benchmarks.peers.common import best_rate, load, main, median_ms, peak_memory_mb, seconds, warm_up_rows

_LAYERS = {"simple_rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
_OPTIMIZERS = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam}


def build(network: dict, X: np.ndarray, n_classes: int, *, masked: bool = False) -> keras.Model:
    """Build and compile the network for data like X; two classes share one sigmoid output."""
    model = keras.Sequential([keras.Input(X.shape[1:], dtype=X.dtype)])
    if network.get("embedding_dim"):
        model.add(layers.Embedding(network["vocabulary_size"], network["embedding_dim"]))
    if masked:
        model.add(layers.Masking())
    model.add(_LAYERS[network["cell"]](network["units"], dropout=network.get("dropout", 0.0)))
    if network.get("batch_normalization"):
        model.add(layers.BatchNormalization())
    if n_classes == 2:
        model.add(layers.Dense(1, activation="sigmoid"))
        loss = keras.losses.BinaryCrossentropy()
    else:
        model.add(layers.Dense(n_classes))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = _OPTIMIZERS[network["optimizer"]](network["learning_rate"])
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    return model


def train(task: dict) -> dict:
    """Measure one epoch of a network that has been trained before."""
    X, y = load(task, "X", "y")
    batch_size = task["network"]["batch_size"]
    model = build(task["network"], X, len(np.unique(y)))
    warm = warm_up_rows(len(X), batch_size)
    model.fit(X[warm], y[warm], batch_size=batch_size, verbose=0)
    return {"value": len(X) / seconds(lambda: model.fit(X, y, batch_size=batch_size, verbose=0))}


def variable_length(task: dict) -> dict:
    """Measure the first fit on padded sequences, from the building of the network on."""
    X, y = load(task, "X", "y")

    def fit():
        model = build(task["network"], X, len(np.unique(y)), masked=True)
        model.fit(X, y, batch_size=task["network"]["batch_size"], epochs=task["epochs"], verbose=0)

    return {"value": seconds(fit)}


def _trained(task: dict) -> tuple[keras.Model, np.ndarray]:
    X, y = load(task, "X", "y")
    model = build(task["network"], X, len(np.unique(y)))
    model.fit(X[:640], y[:640], batch_size=task["network"]["batch_size"], verbose=0)
    return model, X


def predict_one(task: dict) -> dict:
    """Measure the prediction of one row, by `predict` or by `predict_on_batch`."""
    model, X = _trained(task)
    calls = {"predict": lambda row: model.predict(row, verbose=0), "predict_on_batch": model.predict_on_batch}
    return {"value": median_ms(calls[task["call"]], X, task)}


def predict_bulk(task: dict) -> dict:
    """Measure the prediction of many rows."""
    model, X = _trained(task)
    ways = {
        "default batches": lambda: model.predict(X, verbose=0),
        "batches of 1024": lambda: model.predict(X, batch_size=1024, verbose=0),
    }
    return best_rate(len(X), ways)


def first_fit(task: dict) -> dict:
    """Fit and predict once; the whole process is what is measured."""
    X, y = load(task, "X", "y")
    model = build(task["network"], X, len(np.unique(y)))
    model.fit(X, y, batch_size=task["network"]["batch_size"], epochs=task["epochs"], verbose=0)
    model.predict(X[: task["n_predicted"]], verbose=0)
    return {}


def memory(task: dict) -> dict:
    """Fit one epoch of images that are loaded as bytes and scaled as the tutorials do."""
    images, y = load(task, "X", "y")
    X = images.astype("float32") / 255
    model = build(task["network"], X, len(np.unique(y)))
    model.fit(X, y, batch_size=task["network"]["batch_size"], verbose=0)
    return {"value": peak_memory_mb()}


if __name__ == "__main__":
    tasks = (train, variable_length, predict_one, predict_bulk, first_fit, memory)
    main({task.__name__: task for task in tasks}, packages=("keras", "tensorflow", "numpy"))
