"""Private attributes that are looked up by a string, often with a default: if one moves, no line fails.

``tests/test_private_names.py`` finds those that are written as attributes.
"""

import keras
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import check_scoring
from sklearn.model_selection import GridSearchCV


def adamw():
    optimizer = keras.optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build([keras.Variable([1.0])])
    return optimizer


def with_several():
    if not hasattr(keras.optimizers, "OptimizerMap"):
        pytest.skip("this version of Keras has no MultiOptimizer")
    return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(keras.optimizers.SGD(), {"a": adamw()}))


def with_callbacks():
    callbacks = pytest.importorskip("sklearn.callback")
    return LogisticRegression().set_callbacks(callbacks.ProgressBar())


MADE = {
    "_exclude_from_weight_decay_pattern": adamw,
    "_tracker": adamw,
    "_lock": adamw,
    "_fn_kwargs": keras.losses.Huber,
    "_inner_optimizers": with_several,
    "_skl_callbacks": with_callbacks,
    "_scorers": lambda: check_scoring(LogisticRegression(), ["accuracy", "neg_log_loss"]),
    "_select_best_index": lambda: GridSearchCV(LogisticRegression(), {}),
}


@pytest.mark.parametrize("name", MADE)
def test_the_object_has_the_attribute(name):
    made = MADE[name]()
    assert name in vars(made) or hasattr(type(made), name), f"{type(made).__name__}.{name} is gone"
