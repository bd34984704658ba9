"""skrnn itself, as its documentation shows, with its own threads or with TensorFlow's."""

from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skrnn
from benchmarks.peers.common import (
    best_rate,
    candidates,
    load,
    main,
    median_ms,
    peak_memory_mb,
    resident_memory_mb,
    seconds,
)
from skrnn.preprocessing import ImageToSequence

_SETTLED = 10  # fits after which nothing may grow any more


def classifier(task: dict, **parameters):
    """Return the classifier that the task describes, having set the threads that it asks for."""
    if task.get("threads") == "configured":
        skrnn.configure_threads()
    return skrnn.RecurrentClassifier(**{"random_state": 0, **task["network"], **parameters})


def train(task: dict) -> dict:
    """Measure two epochs of a second fit of the same structure."""
    estimator = classifier(task, epochs=1)
    X, y = load(task, "X", "y")
    estimator.fit(X, y)
    again = clone(estimator).set_params(epochs=2)
    return {"value": 2 * len(X) / seconds(lambda: again.fit(X, y))}


def variable_length(task: dict) -> dict:
    """Measure the first fit on a list of sequences."""
    estimator = classifier(task, epochs=task["epochs"])
    X, y, lengths = load(task, "X", "y", "lengths")
    sequences = [row[:length] for row, length in zip(X, lengths, strict=True)]
    return {"value": seconds(lambda: estimator.fit(sequences, y))}


def predict_one(task: dict) -> dict:
    """Measure the prediction of one row."""
    estimator = classifier(task, epochs=1)
    X, y = load(task, "X", "y")
    estimator.fit(X[:640], y[:640])
    return {"value": median_ms(estimator.predict_proba, X, task)}


def predict_bulk(task: dict) -> dict:
    """Measure the prediction of many rows."""
    estimator = classifier(task, epochs=1)
    X, y = load(task, "X", "y")
    estimator.fit(X[:640], y[:640])
    return best_rate(len(X), {"default": lambda: estimator.predict_proba(X)})


def first_fit(task: dict) -> dict:
    """Fit and predict once; the whole process is what is measured."""
    estimator = classifier(task, epochs=task["epochs"])
    X, y = load(task, "X", "y")
    estimator.fit(X, y).predict_proba(X[: task["n_predicted"]])
    return {}


def grid(task: dict) -> dict:
    """Measure a grid search over the learning rate and the dropout of an LSTM."""
    estimator = classifier(task, epochs=task["epochs"])
    X, y = load(task, "X", "y")
    n_jobs = task.get("n_jobs")
    search = GridSearchCV(estimator, candidates(task), cv=3, n_jobs=n_jobs, refit=False, error_score="raise")
    duration = seconds(lambda: search.fit(X, y))
    return {"value": duration, "score": float(search.cv_results_["mean_test_score"].max())}


def memory(task: dict) -> dict:
    """Fit one epoch of images that remain bytes."""
    estimator = classifier(task, epochs=1)
    images, y = load(task, "X", "y")
    make_pipeline(ImageToSequence(dtype="uint8"), estimator).fit(images, y)
    return {"value": peak_memory_mb()}


def repeated_fits(task: dict) -> dict:
    """Measure the time per fit, and how time and memory grow, over fits of one structure or of several in turns."""
    estimators = [classifier(task, units=units, epochs=task["epochs"]) for units in task["units"]]
    X, y = load(task, "X", "y")
    durations, settled = [], 0.0
    for number in range(task["fits"]):
        if number == _SETTLED:
            settled = resident_memory_mb()
        estimator = clone(estimators[number % len(estimators)])
        durations.append(seconds(partial(estimator.fit, X, y)))
    rest = np.array(durations[_SETTLED:])
    slope = np.polynomial.Polynomial.fit(np.arange(len(rest)), rest, deg=1).convert().coef[1]
    return {
        "value": 1000 * float(np.median(rest)),
        "growth_mb": resident_memory_mb() - settled,
        "slope_percent": 100 * float(slope * len(rest) / rest.mean()),
    }


if __name__ == "__main__":
    tasks = (train, variable_length, predict_one, predict_bulk, first_fit, grid, memory, repeated_fits)
    main({task.__name__: task for task in tasks}, packages=("skrnn", "keras", "tensorflow", "scikit-learn", "numpy"))
