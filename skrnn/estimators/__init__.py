"""What users fit: this floor is the only one that knows both scikit-learn and Keras.

The names are loaded when they are first used (PEP 562): a frozen classifier takes no TensorFlow with it.

The public names are those in ``__all__``; everything else may change without notice.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "FrozenClassifier": "skrnn.estimators.frozen",
    "GRUClassifier": "skrnn.estimators.classifiers",
    "LSTMClassifier": "skrnn.estimators.classifiers",
    "RecurrentClassifier": "skrnn.estimators.classifiers",
    "SimpleRNNClassifier": "skrnn.estimators.classifiers",
}

__all__ = ["FrozenClassifier", "GRUClassifier", "LSTMClassifier", "RecurrentClassifier", "SimpleRNNClassifier"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'skrnn.estimators' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
