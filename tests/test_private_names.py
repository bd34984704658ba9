"""Private names of scikit-learn, Keras and TensorFlow: in one module each, and still where we expect them.

``tests/model_selection/test_optuna_names.py`` does the same for Optuna.
"""

import ast
from importlib import import_module
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import skrnn
from skrnn import _keras, _leaks, _sklearn
from skrnn._callbacks import CallbackSupportMixin

ROOT = Path(skrnn.__file__).parent
PACKAGES = {"sklearn", "keras", "tensorflow", "joblib"}
HOMES = {"_keras.py": _keras, "_leaks.py": _leaks, "_sklearn.py": _sklearn}
OURS = {"_learning_rate", "_parameter_constraints"}  # attributes of our classifiers, too


def is_private(name):
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def private_imports(source):
    """Return the private names of other packages that a module imports."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "import_module":
            texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
            names = [text for text in texts if str(text).split(".")[0] in PACKAGES]
        else:
            continue
        found += [name for name in names if is_private(name) or ".src" in name or ".python" in name]
    return found


def private_attributes(source, names):
    """Return those of the private attributes `names` that a module uses, also as texts: ``getattr(model, "_name")``.

    An object's own attributes are not among them: a class may inherit or override a private method.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in names:
            owner = ast.unparse(node.value)
            known = owner in ("self", "cls", "super()") or (node.attr in OURS and owner == "BaseRecurrentClassifier")
            found += [] if known else [f"{owner}.{node.attr}"]
        elif isinstance(node, ast.Constant) and node.value in names - OURS:
            found.append(repr(node.value))
    return found


def test_the_search_for_private_names_finds_them():
    source = """
from sklearn.utils.validation import _check_sample_weight, check_array
from sklearn.model_selection._search import BaseSearchCV
import keras.src.backend, numpy
from keras import src
from tensorflow.python import framework
import_module("sklearn.metrics._scorer")
importlib.import_module("sklearn.metrics")
model._flatten_layers()
self._flatten_layers()
super()._flatten_layers()
getattr(model, "_flatten_layers")
optimizer._learning_rate
self._learning_rate
"""
    assert private_imports(source) == [
        "sklearn.utils.validation._check_sample_weight",
        "sklearn.model_selection._search.BaseSearchCV",
        "keras.src.backend",
        "keras.src",
        "tensorflow.python.framework",
        "sklearn.metrics._scorer",
    ]
    found = private_attributes(source, {"_flatten_layers", "_learning_rate"})
    assert sorted(found) == ["'_flatten_layers'", "model._flatten_layers", "optimizer._learning_rate"]


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_private_names_are_in_one_module(path):
    source = path.read_text(encoding="utf-8")
    found = private_imports(source)
    for name, home in HOMES.items():
        if path.name != name:
            found += private_attributes(source, {attribute for _, attribute in home.ATTRIBUTES})
    assert not found, (
        f"{path.relative_to(ROOT)} uses {', '.join(found)}: move it to skrnn/_sklearn.py, _keras.py or _leaks.py"
    )


@pytest.mark.parametrize("name", HOMES)
def test_each_attribute_is_listed(name):
    """What a home uses without listing it would move unnoticed."""
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_private(node.attr)}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    texts = {node.value for f in functions for node in ast.walk(f) if isinstance(node, ast.Constant)}
    used |= {text for text in texts if isinstance(text, str) and text.isidentifier() and is_private(text)}
    if not _sklearn.HAS_CALLBACKS:
        used -= {"_init_callback_context"}
    assert used - {attribute for _, attribute in HOMES[name].ATTRIBUTES} - {*_sklearn.NAMES} - {"_pattern"} == set()


@pytest.mark.parametrize(
    ("home", "name"), [(home, name) for home in ("_sklearn.py", "_leaks.py") for name in HOMES[home].NAMES]
)
def test_other_packages_have_the_name(home, name):
    module, _ = HOMES[home].NAMES[name]
    assert hasattr(import_module(module), name), f"{module}.{name} has moved: see skrnn/{home}"
    ours, theirs = getattr(HOMES[home], name), getattr(import_module(module), name)
    assert ours is theirs or (name == "Interval" and issubclass(ours, theirs))  # ours has fewer numbers


class Estimator(CallbackSupportMixin, BaseEstimator):
    def __init__(self, width=1, depth=2):
        self.width = width
        self.depth = depth


def with_callback():
    return Estimator().set_callbacks(import_module("sklearn.callback").ProgressBar())


@pytest.mark.parametrize(("owner", "name"), _sklearn.ATTRIBUTES)
def test_scikit_learn_has_the_attribute(owner, name):
    module, _, owner_name = owner.rpartition(".")
    made = {
        "_MultimetricScorer": lambda: check_scoring(scoring=["accuracy", "f1"]),
        "CallbackSupportMixin": with_callback,
    }.get(owner_name, lambda: getattr(import_module(module), owner_name))()
    assert hasattr(made, name), f"{owner}.{name} is gone: see skrnn/_sklearn.py"


@pytest.mark.parametrize("home", [_sklearn, _leaks])
def test_an_unknown_name_is_an_error(home):
    with pytest.raises(AttributeError, match="has no attribute 'anything'"):
        home.anything  # noqa: B018


def test_what_tensorflows_names_are_used_for():
    """Entries and tapes that TensorFlow keeps elsewhere would be missed without an error."""

    @tf.custom_gradient
    def doubled(x):
        return 2 * x, lambda d: 2 * d

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def looped(x):
        return tf.while_loop(lambda x: x < 9.0, lambda x: (doubled(x),), [x])[0]

    before = {*_leaks.entries()}
    graph = looped.get_concrete_function().graph
    added = {*_leaks.entries()} - before
    assert len(added) == 1
    _leaks.forget_gradients(graph)
    assert {*_leaks.entries()} == before
    assert hasattr(_leaks.context(), _leaks.CLEAR), "the cache of kernels cannot be emptied: see skrnn/_leaks.py"
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        recorded = 2 * x
        with _leaks.unrecorded():
            unrecorded = 2 * x
    assert tape.gradient(recorded, x).numpy() == 2
    assert tape.gradient(unrecorded, x) is None


def test_what_scikit_learns_names_are_used_for():
    scale, shift = StandardScaler(), MinMaxScaler()
    assert [*_sklearn.transformers_of(make_pipeline(scale, "passthrough", shift, Estimator()))] == [scale, shift]
    several = _sklearn.scorers_of(check_scoring(scoring=["accuracy", "f1"]))
    assert sorted(several) == ["accuracy", "f1"]
    assert _sklearn.scorers_of(several["f1"]) is several["f1"]
    assert "refit" not in _sklearn.constraint_of_searches("refit")
    assert _sklearn.callbacks_of(Estimator()) == []
    if _sklearn.HAS_CALLBACKS:
        assert len(_sklearn.callbacks_of(with_callback())) == 1
    assert _sklearn.parameter_names(Estimator) == ["depth", "width"]


@pytest.mark.parametrize(("owner", "name"), _keras.ATTRIBUTES)
def test_keras_has_the_attribute(owner, name, tmp_path):
    def optimizer():
        made = keras.optimizers.Adam(use_ema=True, weight_decay=0.1)
        made.exclude_from_weight_decay(var_names=["bias"])
        made.build([keras.Variable([1.0])])
        return made

    if owner == "optimizers.MultiOptimizer" and not hasattr(keras.optimizers, "MultiOptimizer"):
        pytest.skip("this version of Keras has no MultiOptimizer")
    made = {
        "Model": lambda: keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]),
        "callbacks.Callback": keras.callbacks.Callback,
        "optimizers.Adam": optimizer,
        "optimizers.MultiOptimizer": lambda: keras.optimizers.MultiOptimizer(optimizer()),
        "losses.Huber": keras.losses.Huber,
        "callbacks.TensorBoard": lambda: keras.callbacks.TensorBoard(str(tmp_path)),
        "layers.LSTM": lambda: keras.layers.LSTM(1),
    }[owner]()
    assert hasattr(made, name), f"keras.{owner}.{name} is gone: see skrnn/_keras.py"


def test_what_kerass_names_are_used_for():
    """These attributes may be missing from an object, so one that Keras renames would never be seen."""
    optimizer = keras.optimizers.Adam()
    before = _keras.not_decayed(optimizer)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert _keras.not_decayed(optimizer) != before
    assert _keras.function_arguments(keras.losses.Huber(delta=3.0)) == {"delta": 3.0}
    assert _keras.function_arguments(optimizer) == {}
    callback, model = keras.callbacks.Callback(), keras.Sequential([keras.layers.Dense(1)])
    _keras.set_model(callback, model)
    assert (callback.model, _keras.model_of(callback)) == (model, model)
    inner = keras.Sequential([keras.layers.Dense(1), keras.layers.Dense(2)])
    first, *others = _keras.layers_of(keras.Sequential([inner]), with_model=False)
    assert first is inner
    assert {*map(id, others)} == {*map(id, inner.layers)}


@pytest.mark.parametrize(("profile", "expected"), [(0, False), (1, True), ((2, 3), True)])
def test_whether_batches_are_profiled(profile, expected, tmp_path):
    assert _keras.profiles_batches(keras.callbacks.TensorBoard(str(tmp_path), profile_batch=profile)) is expected


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
