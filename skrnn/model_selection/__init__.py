"""Comparison of architectures on the same folds, and hyperparameter search.

The names are loaded when they are first used (PEP 562), so that only a search imports Optuna. Nothing here imports
TensorFlow before an estimator does.

The public names are those in ``__all__``; everything else may change without notice.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "ArchitectureComparison": "comparison",
    "ComparisonInterrupted": "compare",
    "FitEvent": "fit_events",
    "OptunaSearchCV": "optuna_search",
    "PurgedKFold": "purged",
    "SequentialRule": "sequential",
    "bayesian_correlated_ttest": "statistics",
    "compare_architectures": "compare",
    "corrected_resampled_ttest": "statistics",
    "fit_display": "fit_displays",
    "holm": "statistics",
    "mcnemar_exact": "one_test_set",
    "open_storage": "storages",
    "paired_bootstrap": "one_test_set",
    "samples_to_decide": "sequential",
    "search_space": "search_spaces",
    "trial_display": "trial_displays",
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
