"""Recurrent neural networks as scikit-learn estimators, and their cross-validated comparison.

The names here are loaded when they are first used (PEP 562), so that ``import skrnn`` takes no TensorFlow with it.

The public names are those in ``__all__`` here and in the packages that it names; everything else may change
without notice.
"""

from skrnn import _ctrl_c  # noqa: F401  before all other modules

# isort: split
from importlib import import_module
from typing import Any

from skrnn.threads import configure_threads, divide_among_workers

__version__ = "0.1.0.dev0"

_HOMES = {
    "GRUClassifier": "skrnn.estimators",
    "InputWarning": "skrnn.exceptions",
    "LSTMClassifier": "skrnn.estimators",
    "RecurrentClassifier": "skrnn.estimators",
    "SimpleRNNClassifier": "skrnn.estimators",
    "clear_graphs": "skrnn.network.pool",
    "datasets": "",
    "freeze": "skrnn.estimators.freezing",
    "installed_versions": "skrnn.versions",
    "load": "skrnn.persistence.files",
    "model_selection": "",
    "plotting": "",
    "preprocessing": "",
    "recipes": "",
    "save": "skrnn.persistence.files",
    "to_onnx": "skrnn.estimators.exporting",
}

__all__ = [*sorted(_HOMES), "__version__", "configure_threads"]

divide_among_workers()  # a worker imports this before TensorFlow, to unpickle what it is sent


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'skrnn' has no attribute {name!r}")
    home = _HOMES[name]
    value = getattr(import_module(home), name) if home else import_module(f"skrnn.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
