"""Private names of scikit-learn and Keras: in one module each, and still where we expect them.

``tests/model_selection/test_optuna_names.py`` does the same for Optuna.
"""

import ast
from importlib import import_module
from pathlib import Path

import keras
import pytest

import skrnn
from skrnn import _keras, _sklearn

ROOT = Path(skrnn.__file__).parent
PACKAGES = {"sklearn", "keras", "tensorflow", "joblib"}


def is_private(name):
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def private_imports(source):
    """Return the private names of other packages that a module imports."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES]
    return [name for name in found if is_private(name) or ".src." in name or ".python." in name]


def private_attributes(source):
    """Return the attributes of Keras' objects that a module uses although they are private."""
    names = {name for _, name in _keras.ATTRIBUTES} | {"_initial_epoch"}
    names -= {"_model", "_maybe_config_dropout_masks"}  # the first is ours, too, the second is overridden
    own = {"_learning_rate"}  # of our classifiers
    return [
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and node.attr in names
        and not (node.attr in own and isinstance(node.value, ast.Name) and node.value.id == "self")
    ]


def test_the_search_for_private_names_finds_them():
    source = """
from sklearn.utils.validation import _check_sample_weight, check_array
from sklearn.model_selection._search import BaseSearchCV
import keras.src.backend, numpy
model._flatten_layers()
"""
    assert private_imports(source) == [
        "sklearn.utils.validation._check_sample_weight",
        "sklearn.model_selection._search.BaseSearchCV",
        "keras.src.backend",
    ]
    assert private_attributes(source) == ["_flatten_layers"]


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_private_names_are_in_one_module(path):
    source = path.read_text(encoding="utf-8")
    assert private_imports(source) == []
    if path.name != "_keras.py":
        assert private_attributes(source) == []


@pytest.mark.parametrize("name", _sklearn.NAMES)
def test_scikit_learn_has_the_name(name):
    module, _ = _sklearn.NAMES[name]
    assert hasattr(import_module(module), name), f"{module}.{name} has moved: see skrnn/_sklearn.py"
    assert getattr(_sklearn, name) is getattr(import_module(module), name)


@pytest.mark.parametrize(("owner", "name"), _sklearn.ATTRIBUTES)
def test_scikit_learn_has_the_attribute(owner, name):
    module, _, owner_name = owner.rpartition(".")
    assert hasattr(getattr(import_module(module), owner_name), name), f"{owner}.{name} is gone: see skrnn/_sklearn.py"


def test_an_unknown_name_is_an_error():
    with pytest.raises(AttributeError, match="has no attribute 'anything'"):
        _sklearn.anything  # noqa: B018


@pytest.mark.parametrize(("owner", "name"), _keras.ATTRIBUTES)
def test_keras_has_the_attribute(owner, name, tmp_path):
    made = {
        "Model": lambda: keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]),
        "callbacks.Callback": keras.callbacks.Callback,
        "optimizers.Adam": lambda: keras.optimizers.Adam(use_ema=True),
        "callbacks.TensorBoard": lambda: keras.callbacks.TensorBoard(str(tmp_path)),
        "layers.LSTM": lambda: keras.layers.LSTM(1),
    }[owner]()
    if isinstance(made, keras.optimizers.Optimizer):
        made.build([keras.Variable([1.0])])
    assert hasattr(made, name), f"keras.{owner}.{name} is gone: see skrnn/_keras.py"


def test_a_backup_says_at_which_epoch_it_continues(tmp_path):
    """Keras keeps the number in a private attribute of the model."""
    seen = []

    class Reads(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(_keras.restored_epoch(self.model))

    class Interrupts(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    backup = keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    X, y = keras.ops.ones((4, 2)), keras.ops.ones((4, 1))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y, epochs=3, verbose=0, callbacks=[backup, Interrupts()])
    model.fit(X, y, epochs=3, verbose=0, callbacks=[backup, Reads()])
    assert seen == [2]
