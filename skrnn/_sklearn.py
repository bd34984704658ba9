"""The names of scikit-learn that we use although they are private, each with the reason.

A new version of scikit-learn may move them. ``tests/test_private_names.py`` then fails with their names, and this is
the only file to change. A name is imported when it is first used, so that transformers do not import the searches.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from numbers import Integral
from typing import Any

_VALIDATION = "sklearn.utils._param_validation"

# name: (where it is, why we need it)
NAMES = {
    "HasMethods": (_VALIDATION, "a constraint of parameters that are estimators"),
    "Hidden": (_VALIDATION, "a constraint that messages do not mention"),
    "Interval": (_VALIDATION, "a constraint of numbers, with scikit-learn's message"),
    "StrOptions": (_VALIDATION, "a constraint of texts, with scikit-learn's message"),
    "validate_parameter_constraints": (_VALIDATION, "the check of a classifier's parameters"),
    "validate_params": (_VALIDATION, "the check of the arguments of functions that load data"),
    "_fit_context": ("sklearn.base", "the check of the parameters of transformers and searches when they are fitted"),
    "_check_method_params": ("sklearn.utils.validation", "takes the rows of a fold from metadata"),
    "_check_sample_weight": ("sklearn.utils.validation", "checks weights as scikit-learn's classifiers do"),
    "_safe_indexing": ("sklearn.utils", "takes rows from any kind of X and y"),
    "_safe_split": ("sklearn.utils.metaestimators", "takes the rows of a fold from any kind of X and y"),
    "_BaseScorer": ("sklearn.metrics._scorer", "tells scikit-learn's scorers from functions of the user"),
    "_MultimetricScorer": ("sklearn.metrics._scorer", "recognises a scoring of several metrics"),
    "BaseSearchCV": ("sklearn.model_selection._search", "the base of our search; recognises searches"),
    "_yield_masked_array_for_each_param": ("sklearn.model_selection._search", "the param_* columns of cv_results_"),
}

# (class, attribute): why we need it. Our own classes inherit or override some of them; the functions below are for
# objects of other classes.
ATTRIBUTES = {
    ("sklearn.pipeline.Pipeline", "_iter"): "the steps before the last, in a pipeline that is not fitted",
    ("sklearn.model_selection._search.BaseSearchCV", "_get_scorers"): "the scorers of our search",
    ("sklearn.model_selection._search.BaseSearchCV", "_get_routed_params_for_fit"): "the metadata of our search",
    ("sklearn.model_selection._search.BaseSearchCV", "_select_best_index"): "the best candidate of our search",
    ("sklearn.model_selection._search.BaseSearchCV", "_parameter_constraints"): "what our search may be given",
    ("sklearn.metrics._scorer._MultimetricScorer", "_scorers"): "the `scorer_` of our search",
    ("sklearn.base.BaseEstimator", "_get_param_names"): "SciKeras replaces it; our classifiers put it back",
}

CALLBACKS = "_skl_callbacks"  # an estimator has the attribute only after set_callbacks(...)
HAS_CALLBACKS = find_spec("sklearn.callback") is not None  # since scikit-learn 1.9; skrnn/_callbacks.py does without
if HAS_CALLBACKS:
    _MIXIN = "sklearn.callback.CallbackSupportMixin"
    NAMES["callback_management_context"] = ("sklearn.callback._callback_support", "tears callbacks down after a fit")
    ATTRIBUTES[_MIXIN, "_init_callback_context"] = "the documented start of a task in `fit`"
    ATTRIBUTES[_MIXIN, CALLBACKS] = "callbacks are added to these, and change no result"


def __getattr__(name: str) -> Any:
    if name not in NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(NAMES[name][0]), name)
    globals()[name] = _of_machine_numbers(value) if name == "Interval" else value
    return globals()[name]


def _of_machine_numbers(interval: Any) -> Any:
    """Return scikit-learn's interval without numbers that NumPy cannot hold, such as fractions or 10**400."""

    class Interval(interval):
        def is_satisfied_by(self, value: Any) -> bool:
            try:
                int(value).to_bytes(8, "big", signed=True) if self.type is Integral else float(value)
                return super().is_satisfied_by(value)
            except (TypeError, ValueError, OverflowError):
                return False

    return Interval


def transformers_of(pipeline: Any) -> Iterator[Any]:
    """Iterate over the transformers before the last step of a pipeline, without those that pass X through."""
    return (transformer for _, _, transformer in pipeline._iter(with_final=False))


def scorers_of(scoring: Any) -> Any:
    """Return the scorers of several metrics as a dict by name; any other scoring is returned as it is."""
    return scoring._scorers if isinstance(scoring, __getattr__("_MultimetricScorer")) else scoring


def constraint_of_searches(name: str) -> list[Any]:
    """Return what scikit-learn's searches accept as a parameter."""
    return __getattr__("BaseSearchCV")._parameter_constraints[name]


def callbacks_of(estimator: Any) -> list[Any]:
    """Return the callbacks that were set on an estimator."""
    return getattr(estimator, CALLBACKS, [])


def begin_task(estimator: Any, n_parts: int | None) -> Any:
    """Set up the callbacks of an estimator, and return the context of its `fit`, a task with this number of parts."""
    return estimator._init_callback_context(max_subtasks=n_parts)


def parameter_names(cls: type) -> list[str]:
    """Return the names of the parameters of a class, those of its constructor."""
    from sklearn.base import BaseEstimator

    return BaseEstimator._get_param_names.__func__(cls)
