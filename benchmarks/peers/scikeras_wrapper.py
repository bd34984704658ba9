"""SciKeras, as its documentation shows: KerasClassifier around a function that builds the model, in a GridSearchCV."""

import keras
from keras import layers
from scikeras.wrappers import KerasClassifier
from sklearn.model_selection import GridSearchCV

from benchmarks.peers.common import candidates, load, main, seconds


def build(meta: dict, units: int, dropout: float) -> keras.Model:
    """Build the model for the data that SciKeras has seen; it compiles it itself."""
    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            layers.LSTM(units, dropout=dropout),
            layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def grid(task: dict) -> dict:
    """Measure a grid search over the learning rate and the dropout of an LSTM.

    The classifier has no `random_state`: with one, Keras reads the rows in the same order in every epoch, while skrnn
    draws a new order for each, and the scores would not compare.
    """
    X, y = load(task, "X", "y")
    network = task["network"]
    classifier = KerasClassifier(
        build,
        loss="sparse_categorical_crossentropy",
        optimizer=network["optimizer"],
        optimizer__learning_rate=0.001,
        metrics=["accuracy"],
        model__units=network["units"],
        model__dropout=0.0,
        batch_size=network["batch_size"],
        epochs=task["epochs"],
        verbose=0,
    )
    grid = candidates(task, {"learning_rate": "optimizer__learning_rate", "dropout": "model__dropout"})
    search = GridSearchCV(classifier, grid, cv=3, refit=False, error_score="raise")
    duration = seconds(lambda: search.fit(X, y))
    return {"value": duration, "score": float(search.cv_results_["mean_test_score"].max())}


if __name__ == "__main__":
    main({"grid": grid}, packages=("scikeras", "keras", "tensorflow", "scikit-learn"))
