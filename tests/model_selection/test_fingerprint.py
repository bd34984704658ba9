"""Whatever changes a score changes the name of the study, and nothing else does; indescribable parts are rejected."""

import collections
import dataclasses
import enum
import functools
import importlib.util
import os
import random
import re
import subprocess
import sys
import threading
import types

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from optuna.distributions import CategoricalDistribution, FloatDistribution
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, fbeta_score, get_scorer, log_loss, make_scorer, roc_auc_score
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from skrnn import GRUClassifier
from skrnn.model_selection.fingerprint import Undescribable, fingerprint


def of(value):
    return fingerprint({"part": value})


class Scorer:
    def __init__(self, weight):
        self.weight = weight

    def __call__(self, estimator, X, y):
        return self.weight

    def method(self, estimator, X, y):
        return self.weight


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


@dataclasses.dataclass
class Record:
    value: int


class Constant(keras.initializers.Initializer):
    """Keras' own `get_config` does not contain the value."""

    def __init__(self, value):
        self.value = value

    def __call__(self, shape, dtype=None):
        return keras.ops.full(shape, self.value, dtype)


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Has no `get_config`."""

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, step):
        return self.rate


class Silent(Schedule):
    """Its configuration tells nothing."""

    def get_config(self):
        return {}


class Momentum(keras.optimizers.SGD):
    """Its configuration lacks what it was given."""

    def __init__(self, mine=1):
        super().__init__()
        self.mine = mine


class Weights(dict):
    def __init__(self, items, rest):
        super().__init__(items)
        self.rest = rest


def with_partial(value):
    return type("Scorer", (), {"__call__": functools.partial(min, value)})()


def with_metaclass(value):
    class Meta(type):
        def __call__(cls, estimator, X, y):
            return value

    return Meta("Scorer", (), {})


def called(value):
    def rate():
        return value

    return rate


class Patience(keras.callbacks.Callback):
    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs


def closure(value):
    def scorer(estimator, X, y):
        return value

    return scorer


def nested(value):
    return {1: lambda e, X, y: [e for e in X if e == 1], 2: lambda e, X, y: [e for e in X if e == 2]}[value]


def with_default(value):
    def scorer(estimator, X, y, beta=value):
        return beta

    return scorer


def with_keyword_default(value):
    def scorer(estimator, X, y, *, beta=value):
        return beta

    return scorer


def with_attribute(value):
    def scorer(estimator, X, y):
        return scorer.beta

    scorer.beta = value
    return scorer


def cached(value):
    return functools.lru_cache(lambda n: n * value if value == 1 else -n)


def decorated(value):
    @functools.wraps(log_loss)
    def scorer(*arguments):
        return value * log_loss(*arguments)

    return scorer


def local_class(value):
    class Local:
        def __call__(self, estimator, X, y):
            return value

    return Local


def with_method(value):
    class Local:
        def helper(self):
            return value

        def __call__(self, estimator, X, y):
            return self.helper()

    return Local()


def with_constant(value):
    class Local:
        FACTOR = value

    return Local()


def loop(value):
    items = [value]
    items.append(items)
    return items


def seeded(value, draws):
    rng = np.random.RandomState(value)
    rng.rand(draws)
    return rng


def tree(depth):
    return DecisionTreeClassifier(max_depth=depth, random_state=0).fit(np.eye(6), [0, 1, 2, 0, 1, 2])


def masked(value):
    return np.ma.MaskedArray([1.0, 2.0], mask=[False, value == 1])


def decay(value):
    return keras.optimizers.schedules.ExponentialDecay(0.1, 10, value / 4)


def network(**parameters):
    return GRUClassifier(4, **parameters)


MAKERS = {
    "a scorer's argument": lambda v: make_scorer(fbeta_score, beta=v),
    "a scorer's label": lambda v: make_scorer(f1_score, pos_label=v),
    "a scorer's sign": lambda v: make_scorer(log_loss, greater_is_better=v == 1),
    "a scorer's method": lambda v: make_scorer(roc_auc_score, response_method=["predict_proba", "predict"][v - 1]),
    "a scorer's function": lambda v: make_scorer([f1_score, log_loss][v - 1]),
    "a scorer's own function": lambda v: make_scorer(lambda y, p: v),
    "scorers by name": lambda v: {"loss": ["neg_log_loss", "neg_brier_score"][v - 1]},
    "a constant of a lambda": lambda v: [lambda e, X, y: 1.0, lambda e, X, y: 2.0][v - 1],
    "an attribute in a lambda": lambda v: [lambda e, X, y: e.coef_, lambda e, X, y: e.classes_][v - 1],
    "code inside code": nested,
    "a closure": closure,
    "a default": with_default,
    "a keyword's default": with_keyword_default,
    "a function's attribute": with_attribute,
    "a cached function": cached,
    "a wrapped function": decorated,
    "a partial": lambda v: functools.partial(fbeta_score, beta=v),
    "an object": Scorer,
    "a method": lambda v: Scorer(v).method,
    "a local class": local_class,
    "a class's method": with_method,
    "a class's constant": with_constant,
    "slots": Slotted,
    "a dataclass": Record,
    "an enumeration": Colour,
    "a cycle": loop,
    "an array": lambda v: np.full(3, float(v)),
    "a type": lambda v: np.zeros(3, [np.float32, np.float64][v - 1]),
    "a shape": lambda v: np.zeros([(2, 3), (3, 2)][v - 1]),
    "an array of objects": lambda v: np.array(["a", v, None], dtype=object),
    "an array of strings": lambda v: np.array(["a", str(v)], dtype=np.dtypes.StringDType()),
    "a structured array": lambda v: np.array([(1, v)], dtype=[("a", int), ("b", float)]),
    "a masked array": masked,
    "a view": lambda v: np.arange(6.0).reshape(2, 3)[:, ::v],
    "a frame": lambda v: pd.DataFrame({"a": [1, v]}),
    "a frame's names": lambda v: pd.DataFrame({f"a{v}": [1, 2]}),
    "a frame's index": lambda v: pd.DataFrame({"a": [1, 2]}, index=[0, v]),
    "categories": lambda v: pd.Series(pd.Categorical(["a", "b"], categories=[["a", "b"], ["b", "a"]][v - 1])),
    "nullable numbers": lambda v: pd.Series([1, None if v == 1 else 0], dtype="Int64"),
    "a polars frame": lambda v: pl.DataFrame({"a": [1, v]}),
    "a sparse array": lambda v: scipy.sparse.csr_array(v * np.eye(3)),
    "a random state": lambda v: np.random.RandomState(v),
    "a random state's draws": lambda v: seeded(0, v),
    "a generator": lambda v: np.random.default_rng(v),
    "Python's random numbers": random.Random,
    "a splitter": lambda v: KFold(1 + v),
    "a shuffled splitter": lambda v: KFold(2 + v, shuffle=True, random_state=0),
    "a pattern": lambda v: re.compile(str(v)),
    "a set": lambda v: {1, 2 + v},
    "a distribution": lambda v: {"C": FloatDistribution(0, v)},
    "choices": lambda v: {"C": CategoricalDistribution([0, v])},
    "an optimizer": lambda v: keras.optimizers.Adam(v / 10),
    "an optimizer's class": lambda v: [keras.optimizers.Adam, keras.optimizers.SGD][v - 1],
    "a schedule": decay,
    "an optimizer's schedule": lambda v: keras.optimizers.Adam(decay(v)),
    "a schedule of one's own": Schedule,
    "a loss": lambda v: keras.losses.Huber(delta=v),
    "a metric": lambda v: keras.metrics.TopKCategoricalAccuracy(k=v),
    "a schedule that tells nothing": lambda v: keras.optimizers.SGD(Silent(v)),
    "a schedule's code": lambda v: keras.optimizers.SGD(type("Own", (Silent,), {"__call__": closure(v)})(1)),
    "an optimizer that tells nothing": lambda v: Momentum(v),
    "a schedule without configuration": lambda v: keras.optimizers.Adam(Schedule(v)),
    "a function for a learning rate": lambda v: keras.optimizers.Adam(called(v)),
    "a lambda for a learning rate": lambda v: keras.optimizers.Adam(lambda: v),
    "an optimizer with another constructor": lambda v: keras.optimizers.AdamW(weight_decay=v / 4),
    "an optimizer in another": lambda v: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(v / 4)),
    "a dict with a default": lambda v: collections.defaultdict(lambda: v, {0: 1}),
    "a dict with attributes": lambda v: Weights({0: 1}, v),
    "a special method that is no function": with_partial,
    "a metaclass": with_metaclass,
    "a vectorised function": lambda v: np.vectorize(lambda x: x + v),
    "an initializer": keras.initializers.Constant,
    "an initializer of one's own": Constant,
    "a callback": lambda v: keras.callbacks.EarlyStopping(patience=v),
    "a callback of one's own": Patience,
    "a callback's function": lambda v: keras.callbacks.LearningRateScheduler(lambda epoch: v),
    "a tensor": lambda v: keras.ops.convert_to_tensor([float(v)]),
    "a network's callbacks": lambda v: network(callbacks=[keras.callbacks.EarlyStopping(patience=v)]),
    "a routed parameter": lambda v: network(optimizer__beta_1=v / 4),
    "a pipeline's function": lambda v: make_pipeline(FunctionTransformer([np.log, np.exp][v - 1]), network()),
    "a pipeline's lambda": lambda v: make_pipeline(FunctionTransformer(lambda X: X * v), network()),
    "a parameter of an estimator": lambda v: make_pipeline(LogisticRegression(C=v)),
    "an estimator's array": lambda v: LogisticRegression(class_weight={0: v, 1: 1}),
    "a frozen estimator": lambda v: FrozenEstimator(tree(v)),
    "an output": lambda v: FunctionTransformer().set_output(transform=["default", "pandas"][v - 1]),
}


@pytest.mark.parametrize("what", MAKERS)
def test_what_changes_a_score_changes_the_fingerprint(what):
    make = MAKERS[what]
    assert of(make(1)) == of(make(1))
    assert of(make(2)) == of(make(2))
    assert of(make(1)) != of(make(2))


def test_a_number_differs_from_other_types_and_from_its_text():
    values = [1, 1.0, True, "1", b"1", np.float32(1), np.float64(1), [1], (1,), {1}, {1: 1}, None]
    assert len({of(value) for value in values}) == len(values)


def test_the_order_of_a_dict_and_of_a_set_does_not_count():
    assert of({"a": 1, "b": [2]}) == of({"b": [2], "a": 1})
    first, second = (lambda: 1), (lambda: 2)
    assert of({first, second}) == of({second, first})


def test_what_does_not_change_a_score_does_not_change_the_fingerprint():
    quiet, loud = make_pipeline(FunctionTransformer()), make_pipeline(FunctionTransformer(), memory="x", verbose=True)
    assert of(quiet) == of(loud)
    assert of(keras.optimizers.Adam(0.1)) == of(keras.optimizers.Adam(0.1))  # Keras numbers them: adam, adam_1, ...
    if hasattr(GRUClassifier, "set_callbacks"):
        progress = importlib.import_module("sklearn.callback").ProgressBar()
        assert of(GRUClassifier().set_callbacks(progress)) == of(GRUClassifier())
    unsorted = scipy.sparse.csr_array((np.array([1.0, 2.0]), np.array([1, 0]), np.array([0, 2])), shape=(1, 2))
    assert of(unsorted) == of(unsorted.sorted_indices())


FACTOR = 1


def helper(value):
    return value * FACTOR


def scorer_with_helper(estimator, X, y):
    return helper(1)


def test_the_globals_that_a_function_uses_belong_to_it(monkeypatch):
    before = of(scorer_with_helper)
    monkeypatch.setattr(sys.modules[__name__], "FACTOR", 2)
    changed = of(scorer_with_helper)
    assert changed != before
    monkeypatch.setattr(sys.modules[__name__], "helper", lambda value: -value)
    assert of(scorer_with_helper) not in (before, changed)


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def test_modules_of_modules_belong_to_a_function(tmp_path, monkeypatch):
    inner = tmp_path / "outer_package" / "inner"
    inner.mkdir(parents=True)
    (inner / "__init__.py").touch()
    (inner.parent / "__init__.py").touch()
    (inner / "leaf.py").write_text("FACTOR = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    import outer_package.inner.leaf

    def scorer(estimator, X, y):
        return outer_package.inner.leaf.FACTOR

    monkeypatch.setitem(globals(), "outer_package", outer_package)
    by_global = types.FunctionType(
        compile("lambda: outer_package.inner.leaf.FACTOR", "", "eval").co_consts[0], globals()
    )
    before = of(scorer), of(by_global)
    monkeypatch.setattr(outer_package.inner.leaf, "FACTOR", 2)
    assert of(scorer) != before[0]
    assert of(by_global) != before[1]


@pytest.mark.parametrize("name", ["statistics", "skrnn", "parts_by_path"])
def test_a_module_of_the_users_may_have_the_name_of_an_installed_one(tmp_path, monkeypatch, name):
    from skrnn.model_selection.fingerprint import _is_library

    (tmp_path / "module.py").write_text("FACTOR = 1\ndef scorer(estimator, X, y):\n    return FACTOR\n")
    spec = importlib.util.spec_from_file_location(name, tmp_path / "module.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, name, module)
    _is_library.cache_clear()
    before = of(module.scorer)
    module.FACTOR = 2
    changed = of(module.scorer)
    _is_library.cache_clear()
    assert changed != before


def test_functions_may_call_each_other():
    assert of(even) == of(even) != of(odd)


MODULE = """
import functools, logging, enum
import numpy as np
from sklearn.metrics import make_scorer, fbeta_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.linear_model import LogisticRegression
import helpers

LOG = logging.getLogger(__name__)
WORDS = {"a", "b", "c", "d", "e"}

class Kind(enum.Enum):
    A = "a"

class Scaler(LogisticRegression):
    def fit(self, X, y=None):
        return super().fit(X, y)

def score(estimator, X, y, words=frozenset({"x", "y", "z"})):
    LOG.info("scored")
    return len([word for word in X if word in {"p", "q", "r"} and word in WORDS]) * helpers.factor(2)

class Scorer:
    names = {"k", "l", "m"}
    def __call__(self, estimator, X, y):
        return score(estimator, X, y)

parts = {
    "scoring": [score, Scorer(), functools.partial(score, words={"v", "w"}), make_scorer(fbeta_score, beta=2)],
    "estimator": make_pipeline(FunctionTransformer(lambda X: X), Scaler(class_weight={"a": 1, "b": 2})),
    "X": np.array(["a", None], dtype=object),
    "y": {Kind.A: 1},
}
"""


def test_every_process_describes_the_same(tmp_path, monkeypatch):
    (tmp_path / "parts_of_a_search.py").write_text(MODULE)
    (tmp_path / "helpers.py").write_text("def factor(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(tmp_path)
    import parts_of_a_search

    here = fingerprint(parts_of_a_search.parts)
    code = (
        "from parts_of_a_search import parts\n"
        "from skrnn.model_selection.fingerprint import fingerprint\n"
        "print(fingerprint(parts))"
    )

    def elsewhere(seed):
        path = os.pathsep.join([str(tmp_path), *sys.path])
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path}
        return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert [elsewhere(seed).stdout.strip() for seed in ("1", "2")] == [here, here]
    script = {"__name__": "__main__"}
    exec(MODULE, script)
    assert fingerprint(script["parts"]) == here
    (tmp_path / "helpers.py").write_text("def factor(x):\n    return 3 * x\n")
    assert elsewhere("1").stdout.strip() != here


LOCK = threading.Lock()


def uses_lock(X):
    return LOCK


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (threading.Lock(), "part"),
        ([{"a": threading.Lock()}], r"part\[0\]\['a'\]"),
        ((number for number in range(3)), "part"),
        (FunctionTransformer(uses_lock), "the global 'LOCK' used by function 'uses_lock' in part.func"),
        (Scorer(threading.Lock()), "part.weight"),
        (closure(threading.Lock()), "'value' used by function 'closure.<locals>.scorer' in part"),
        (np.frompyfunc(lambda x: x + 1, 1, 1), "part"),
    ],
)
def test_what_cannot_be_described_is_rejected_by_name_unless_vouched_for(value, where):
    with pytest.raises(Undescribable, match=f"^Cannot describe {where}: "):
        of(value)
    assert len(fingerprint({"part": value}, vouched=True)) == 16


def test_what_is_not_vouched_for_still_counts():
    one, other = ([threading.Lock(), number] for number in (1, 2))
    assert fingerprint({"part": one}, vouched=True) != fingerprint({"part": other}, vouched=True)


def test_the_name_of_a_scorer_is_the_scorer():
    assert of(get_scorer("accuracy")) == of(get_scorer("accuracy")) != of(get_scorer("f1"))
