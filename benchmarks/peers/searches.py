"""Searches over cell, width, learning rate and dropout on the bundled digits; each is scored on images it never saw."""

import time
from typing import Any

import keras  # here, because its import takes seconds and is no part of a search
import numpy as np
from keras import layers
from sklearn.model_selection import GridSearchCV, ParameterGrid, StratifiedKFold, train_test_split
from sklearn.utils import shuffle

from benchmarks.peers.common import main

_EPOCHS, _FOLDS = 20, 3


def _split(seed: int) -> list[np.ndarray]:
    from skrnn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)


def _folds(seed: int) -> StratifiedKFold:
    return StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)


def _result(search: Any, data: list[np.ndarray], n_candidates: int, started: float) -> dict[str, Any]:
    _, X_test, _, y_test = data
    searched = time.perf_counter() - started - search.refit_time_
    score = float(np.mean(search.best_estimator_.predict(X_test) == y_test))
    return {"value": score, "seconds": searched, "candidates": n_candidates, "cv_score": float(search.best_score_)}


def _skrnn(task: dict, **options: Any) -> Any:
    from optuna.pruners import NopPruner

    import skrnn
    from skrnn.model_selection import OptunaSearchCV

    skrnn.configure_threads()
    return OptunaSearchCV(
        skrnn.RecurrentClassifier(epochs=_EPOCHS, random_state=task["seed"]),
        n_trials=task.get("trials"),
        cv=_folds(task["seed"]),
        pruner=None if task["prunes"] else NopPruner(),
        random_state=task["seed"],
        **options,
    )


def ours(task: dict) -> dict[str, Any]:
    """Search with skrnn's OptunaSearchCV, for a number of trials or for a time."""
    search, data = _skrnn(task, timeout=task.get("time")), _split(task["seed"])
    started = time.perf_counter()
    search.fit(data[0], data[2])
    pruned = int(np.sum(search.cv_results_["state"] == "pruned"))
    return {**_result(search, data, len(search.trials_), started), "pruned": pruned}


def shared(task: dict) -> dict[str, Any]:
    """Search with skrnn's OptunaSearchCV on a journal that other processes may work on, too."""
    search, data = _skrnn(task, storage=task["storage"], refit=False), _split(task["seed"])
    begun = time.time()
    search.fit(data[0], data[2])
    different = {tuple(trial.params.values()) for trial in search.study_.trials}
    return {"begun": begun, "ended": time.time(), "trials": len(search.study_.trials), "different": len(different)}


def _build(meta: dict, cell: str, units: int, dropout: float) -> Any:
    recurrent = {"simple_rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}[cell]
    head = [layers.Dropout(dropout), layers.Dense(meta["n_classes_"], activation="softmax")]
    return keras.Sequential([keras.Input(meta["X_shape_"][1:]), recurrent(units), *head])


def _scikeras(task: dict) -> Any:
    """Return the peers' classifier.

    It has no `random_state`: with one, Keras reads the rows in the same order in every epoch, while skrnn draws a new
    order for each, and the scores would not compare.
    """
    from scikeras.wrappers import KerasClassifier

    return KerasClassifier(
        _build,
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        optimizer__learning_rate=0.001,
        optimizer__use_ema=task["averages"],
        optimizer__ema_momentum=0.95,
        model__cell="lstm",
        model__units=64,
        model__dropout=0.0,
        batch_size=32,
        epochs=_EPOCHS,
        verbose=0,
    )


def grid(task: dict) -> dict[str, Any]:
    """Search with GridSearchCV over SciKeras' wrapper: as many points of a grid as the time allows."""
    seed, data = task["seed"], _split(task["seed"])
    points = ParameterGrid(
        {
            "model__cell": ["simple_rnn", "lstm", "gru"],
            "model__units": [32, 64, 128],
            "optimizer__learning_rate": [0.0005, 0.0015, 0.004, 0.01],
            "model__dropout": [0.0, 0.25, 0.5],
        }
    )
    points = shuffle(list(points), random_state=seed)
    started = time.perf_counter()
    n_done, best, deadline = 0, None, started + task["time"]
    # One point after the other, which is what GridSearchCV does, so that the time can be kept to.
    while time.perf_counter() < deadline and n_done < len(points):
        point = {name: [value] for name, value in points[n_done].items()}
        search = GridSearchCV(_scikeras(task), point, cv=_folds(seed), refit=False, error_score="raise")
        search.fit(data[0], data[2])
        n_done += 1
        if best is None or search.best_score_ > best[0]:
            best = search.best_score_, point
    searched = time.perf_counter() - started
    refitted = GridSearchCV(_scikeras(task), best[1], cv=_folds(seed), error_score="raise").fit(data[0], data[2])
    return {**_result(refitted, data, n_done, started), "seconds": searched}


def optuna_integration(task: dict) -> dict[str, Any]:
    """Search with optuna_integration's OptunaSearchCV over SciKeras' wrapper."""
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna_integration import OptunaSearchCV

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seed, data = task["seed"], _split(task["seed"])
    space = {
        "model__cell": CategoricalDistribution(["simple_rnn", "lstm", "gru"]),
        "model__units": IntDistribution(16, 128, log=True),
        "optimizer__learning_rate": FloatDistribution(0.0005, 0.01, log=True),
        "model__dropout": FloatDistribution(0.0, 0.5),
    }
    search = OptunaSearchCV(
        _scikeras(task),
        space,
        cv=_folds(seed),
        n_trials=None,
        timeout=task["time"],
        random_state=seed,
        scoring="accuracy",
    )
    started = time.perf_counter()
    search.fit(data[0], data[2])
    return _result(search, data, len(search.trials_), started)


if __name__ == "__main__":
    main(
        {"ours": ours, "shared": shared, "grid": grid, "optuna_integration": optuna_integration},
        packages=("skrnn", "optuna", "scikeras", "keras", "tensorflow", "scikit-learn"),
    )
