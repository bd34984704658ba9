"""Strategies for the parameters of the classifiers: valid ones, those that nearly are, and absurd ones."""

import fractions
from typing import Any

import numpy as np
from hypothesis import strategies as st

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier
from tests.fuzz.inputs import one_in
from tests.fuzz.tally import IS_LONG

# To trace a network takes a hundred times as long as to train it, so that few structures are drawn.
_NETWORKS = [
    (SimpleRNNClassifier, {"units": 2}),
    (GRUClassifier, {"units": (2, 2), "pooling": "mean"}),
    (LSTMClassifier, {"units": 2, "bidirectional": True, "dense_units": 2, "pooling": "max"}),
    (RecurrentClassifier, {"cell": "gru", "units": [3], "batch_normalization": True, "optimizer": "sgd"}),
    (SimpleRNNClassifier, {"units": 2, "dropout": 0.2, "recurrent_dropout": 0.1, "layer_dropout": 0.3}),
    (LSTMClassifier, {"units": 2, "activation": "relu", "optimizer": "rmsprop"}),
]
# These change no structure.
_FREE: dict[str, list[Any]] = {
    "epochs": [1, 2, np.int64(2)],
    "batch_size": [1, 3, 32, 10**6],
    "shuffle": [True, False],
    "early_stopping": [False, False, True],
    "validation_fraction": [0.0, 0.0, 0.0, 0.3, 0.3, 1e-9, 0.999],
    "patience": [1, 10**9],
    "class_weight": [None] * 4 + ["balanced", {}, {0: 2.0, 1: 1}, {0: 1e300, 1: 1e-300}, {"no": 0.5}, {0: 0, 1: 1}],
    "learning_rate": [None, None, 0.01, 1e-300, 1e30, np.float32(0.1), fractions.Fraction(1, 100)],
    "random_state": [0, 2**32 - 1],
    "warm_start": [False, True],
    "mask_zero": [True, False],
    "static_features": [None] * 6 + [[0], ["f0"], [5]],
}
WRONG: dict[str, list[Any]] = {
    "units": [0, -1, 2.5, "four", None, (), (2, 0), [2, None], True, np.nan, [[2]], {2}, np.array([2, 2]), 10**400],
    "dense_units": [-1, "a", None, (0,), np.inf],
    "bidirectional": ["yes", None, 2],
    "batch_normalization": [None, "no"],
    "activation": ["tanhh", None, np.tanh, ["tanh"], ""],
    "recurrent_activation": ["softmax", 3],
    "dense_activation": [{}, "RELU"],
    "dropout": [1.0, -0.1, np.nan, np.inf, "0.1", None, 1 - 1e-17],
    "recurrent_dropout": [1, -1e-300, [0.1]],
    "layer_dropout": [2, 1j],
    "pooling": ["first", None, 1],
    "embedding_dim": [0, -2, 2.0, "two", 10**400],
    "vocabulary_size": [0, -1, 1.5, "many", 10**400, 10**12],
    "embedding_matrix": [np.zeros(3), "no such file", {}, {"a": [1.0], "b": [1.0, 2.0]}, 5, [["a"]], np.zeros((0, 2))],
    "embedding_trainable": [None, "no"],
    "optimizer": ["adm", None, 3, "", dict, object()],
    "learning_rate": [0, -1.0, np.nan, np.inf, "fast", None, [0.1]],
    "epochs": [0, -3, 1.0, "many", None, np.inf],
    "batch_size": [0, -1, 2.5, "all", None, 10**400],
    "shuffle": ["yes", None],
    "early_stopping": [None, 1.5],
    "validation_fraction": [1.0, -0.1, np.nan, "0.1", None],
    "patience": [0, 0.5, None],
    "class_weight": ["balance", [1, 2], {0: -1.0}, {0: np.nan}, {0: "a"}, {"x": 1}, {0: None}, {0: 10**400}, 2.0],
    "callbacks": ["early", 3, [3], [None], object(), {"a": 1}],
    "static_features": ["f0", 0, [None], [1.5], [-1], [[0]], [0, 0], {0}, [0, 1]],
    "multilabel": ["yes", None],
    "mask_zero": [None, "no"],
    "random_state": [-1, 2**32, 1.5, "seed", [0]],
    "verbose": ["loud", -1.5, None],
    "warm_start": [None, "yes"],
    "optimizer__momentum": ["fast", -1, None],
    "optimizer__no_such": [1],
    "optimizr__momentum": [0.9],
    "callbacks__0__patience": [1],
}


@st.composite
def classifiers(draw: Any, **fixed: Any) -> tuple[Any, str]:
    """Draw a classifier, and how to write it. One in twelve has a wrong parameter."""
    kind, structure = draw(st.sampled_from(_NETWORKS if IS_LONG else _NETWORKS[:1]))
    names = draw(st.lists(st.sampled_from(list(_FREE)), max_size=5, unique=True))
    free = {name: draw(st.sampled_from(_FREE[name])) for name in names}
    parameters = {"random_state": 0, **structure, "epochs": 1, **free, **fixed}
    if draw(one_in(12)):
        name = draw(st.sampled_from(list(WRONG)))
        parameters[name] = draw(st.sampled_from(WRONG[name]))
    written = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
    return lambda: kind(**parameters), f"{kind.__name__}({written})"
