"""Which types and functions a saved file may name: ours, those of scikit-learn and NumPy, and a few of Optuna.

A file names a type by a module and a name in it. Ours are named by the public package that has them, so that moving a
module changes no file. A private one keeps its name below for ever: a later version that moves it adds the old place.
"""

import inspect
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from scipy import special
from sklearn.base import BaseEstimator

from skrnn import _skops

# By package or module. Nothing here runs code when it is made from a file, beyond setting attributes.
OURS: Mapping[str, tuple[str, ...]] = {
    "skrnn.estimators": (
        "FrozenClassifier",
        "GRUClassifier",
        "LSTMClassifier",
        "RecurrentClassifier",
        "SimpleRNNClassifier",
    ),
    "skrnn.estimators.sequences": ("InputForm",),
    "skrnn.model_selection": ("ArchitectureComparison", "OptunaSearchCV", "PurgedKFold", "SequentialRule"),
    "skrnn.model_selection.conclusion": ("Findings",),
    "skrnn.model_selection.pruners": ("RungPruner",),
    "skrnn.model_selection.sequential": ("Verdict",),
    "skrnn.model_selection.statistics": ("BayesianTTestResult", "ConfidenceInterval", "CorrectedTTestResult"),
    "skrnn.model_selection.one_test_set": ("McNemarResult", "PairedBootstrapResult"),
    "skrnn.model_selection.verdicts": ("PairVerdict",),
    "skrnn.network.outputs": ("Multilabel", "OneLogit", "Softmax"),
    "skrnn.network.spec": ("NetworkSpec",),
    "skrnn.network.state": ("State",),
    "skrnn.preprocessing": (
        "ImageToSequence",
        "PatchSequence",
        "SequenceDifference",
        "SequenceImputer",
        "SequencePadder",
        "SequenceResampler",
        "SequenceScaler",
        "SlidingWindows",
        "TabularToSequence",
        "TextToSequence",
        "TimeDistributed",
    ),
    "skrnn.preprocessing.word_vectors": ("WordVectors",),
}

# What the samplers and pruners of a search consist of. GPSampler needs more, and is not among them.
_OPTUNA = {
    f"optuna.{name}"
    for name in (
        "pruners._hyperband.HyperbandPruner",
        "pruners._median.MedianPruner",
        "pruners._nop.NopPruner",
        "pruners._patient.PatientPruner",
        "pruners._percentile.PercentilePruner",
        "pruners._successive_halving.SuccessiveHalvingPruner",
        "pruners._threshold.ThresholdPruner",
        "pruners._wilcoxon.WilcoxonPruner",
        "samplers._lazy_random_state.LazyRandomState",
        "samplers._random.RandomSampler",
        "samplers._tpe.parzen_estimator._ParzenEstimator",
        "samplers._tpe.parzen_estimator._ParzenEstimatorParameters",
        "samplers._tpe.sampler.TPESampler",
        "search_space.group_decomposed._GroupDecomposedSearchSpace",
        "search_space.intersection.IntersectionSearchSpace",
        "study._study_direction.StudyDirection",
        "trial._state.TrialState",
    )
}
_OPTUNA_FUNCTIONS = {f"optuna.samplers._tpe.sampler.default_{name}" for name in ("gamma", "weights")}

_IN_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE

KERAS = ("keras.optimizers", "keras.optimizers.schedules", "keras.callbacks")
# Those that read and write no files. Optimizers have codecs.
_CALLBACKS = ("EarlyStopping", "LearningRateScheduler", "ReduceLROnPlateau", "TerminateOnNaN")


def name_of(thing: Any) -> tuple[str, str]:
    """Return the module and the name by which files know a type or a function."""
    if isinstance(thing, np.ufunc):
        return ("numpy" if getattr(np, thing.__name__, None) is thing else "scipy.special"), thing.__name__
    module, name = thing.__module__ or "", thing.__qualname__  # methods of built-in types have no module
    if module.startswith("skrnn."):
        homes = [home for home, names in OURS.items() if name in names and module.startswith(home)]
        return (homes[0] if homes else module), name
    if isinstance(thing, type) and module.startswith("keras.src."):
        for home in KERAS:
            if getattr(import_module(home), name, None) is thing:
                return home, name
    return module, name


@cache
def trusted_types() -> frozenset[str]:
    """Return the full names of the types that are trusted."""
    ours = {f"{home}.{name}" for home, names in OURS.items() for name in names}
    others = {f"keras.callbacks.{name}" for name in _CALLBACKS} | _OPTUNA
    sklearn = {*_skops.SKLEARN_ESTIMATOR_TYPE_NAMES, *_plain_types("sklearn.")}
    numpy = {*_skops.NUMPY_DTYPE_TYPE_NAMES, *_skops.PRIMITIVE_TYPE_NAMES, "builtins.dict", "builtins.list"}
    return frozenset(ours | others | sklearn | numpy)


@cache
def trusted_functions() -> frozenset[str]:
    """Return the full names of the functions that are trusted: ufuncs, and the metrics of scorers."""
    metrics = _public_functions("sklearn.metrics")
    ufuncs = {
        f"{home.__name__}.{name}"
        for home in (np, special)
        for name, thing in vars(home).items()
        if type(thing) is np.ufunc
    }
    return frozenset(metrics | ufuncs | _OPTUNA_FUNCTIONS)


def names_given(trusted: Iterable[str | type]) -> frozenset[str]:
    """Return the names in the parameter `trusted` of `load`, which may also hold types and functions.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if isinstance(trusted, (str, type)) or not isinstance(trusted, Iterable):
        raise TypeError(f"trusted must be a list of types or of their full names, got {trusted!r}.")
    names = []
    for each in trusted:
        if not isinstance(each, str) and not (callable(each) and hasattr(each, "__qualname__")):
            raise TypeError(f"trusted must be a list of types or of their full names; it contains {each!r}.")
        names.append(each if isinstance(each, str) else ".".join(name_of(each)))
    return frozenset(names)


def _plain_types(package: str) -> set[str]:
    """Return the full names of the types of a package that are written in Python and restored by their attributes.

    skops has imported the whole of scikit-learn, to list its estimators. Extension types, such as trees, check nothing:
    wrong contents could make them read any memory.
    """
    names = set()
    for module, imported in [*sys.modules.items()]:
        if module.startswith(package) and not module.startswith(f"{package}externals."):
            for name, thing in [*vars(imported).items()]:
                if (
                    isinstance(thing, type)
                    and thing.__module__ == module
                    and thing.__name__ == name
                    and _is_plain(thing)
                ):
                    names.add(f"{module}.{name}")
    return names


def _is_plain(kind: type) -> bool:
    if issubclass(kind, tuple):
        return hasattr(kind, "_fields")
    setstate = getattr(kind, "__setstate__", None)
    return (
        all(each.__flags__ & _IN_PYTHON for each in kind.__mro__[:-1])
        and setstate in (None, BaseEstimator.__setstate__)
        and not hasattr(kind, "__del__")
    )


def _public_functions(module: str) -> set[str]:
    imported = import_module(module)
    found = [getattr(imported, name) for name in imported.__all__]
    return {".".join(name_of(each)) for each in found if inspect.isfunction(each)}
