"""What surrounds an estimator: comparing architectures over the same folds, and searching hyperparameters.

Nothing here imports TensorFlow itself; the names are loaded when they are first used, so that Optuna is only where a
search is.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "ArchitectureComparison": "compare",
    "ComparisonInterrupted": "compare",
    "FitEvent": "progress",
    "OptunaSearchCV": "optuna_search",
    "compare_architectures": "compare",
    "search_space": "search_spaces",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'skrnn.model_selection' has no attribute {name!r}")
    value = getattr(import_module(f"skrnn.model_selection.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
