"""What Keras does not offer in public: each private attribute of its objects that we use, behind a name.

A new version of Keras may move them. ``tests/test_private_names.py`` then fails with their names. Keras itself is not
imported here: whoever has one of its objects has done that.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skrnn._tensorflow import keras

# (class, attribute): why we need it
ATTRIBUTES = {
    ("Model", "_flatten_layers"): "layers in layers, in a fixed order; `layers` has only the outer ones",
    ("Model", "_initial_epoch"): "the only place where BackupAndRestore says at which epoch it continues",
    ("callbacks.Callback", "_model"): "`model` cannot be set, and a user's class may override `set_model`",
    ("optimizers.Adam", "_learning_rate"): "`learning_rate` computes the current value",
    ("optimizers.Adam", "_trainable_variables"): "the weights in the order of their averages",
    ("optimizers.Adam", "_model_variables_moving_average"): "averages can only replace the weights, not be read",
    ("optimizers.Adam", "_exclude_from_weight_decay"): "the names set with `exclude_from_weight_decay`",
    ("optimizers.Adam", "_exclude_from_weight_decay_pattern"): "the same names, as they are traced",
    ("optimizers.Adam", "_tracker"): "holds every variable of the optimizer again",
    ("optimizers.MultiOptimizer", "_inner_optimizers"): "holds the optimizers of its map again",
    ("losses.Huber", "_fn_kwargs"): "the configuration of some losses lacks their arguments",
    ("callbacks.TensorBoard", "_should_trace"): "whether `profile_batch` names any batch",
    ("layers.LSTM", "_maybe_config_dropout_masks"): "overridden in network/layers.py: our kernels draw the masks",
    ("layers.LSTM", "_lock"): "see OF_EVERY_OBJECT",
}

TRACKER = "_tracker"
INNER_OPTIMIZERS = "_inner_optimizers"
EXCLUSIONS = "_exclude_from_weight_decay"  # also the beginning of the name of the pattern
OF_EVERY_OBJECT = frozenset({"name", "_name", "built", "_built", "_lock"})  # attributes that configure nothing


def existing(module: Any, *names: str) -> tuple[Any, ...]:
    """Return the named classes of a Keras module that the installed version has.

    Parameters
    ----------
    module : module
        For example ``keras.callbacks``.
    *names : str
        ``OrbaxCheckpoint`` came with Keras 3.14, ``OptimizerMap`` with 3.15.
    """
    return tuple(getattr(module, name) for name in names if hasattr(module, name))


def layers_of(model: "keras.Model", *, with_model: bool = True) -> "list[keras.Layer]":
    """Return all layers of a model, an outer one before those in it.

    Parameters
    ----------
    model : keras.Model
    with_model : bool, default=True
        Whether the model itself is the first.
    """
    return [*model._flatten_layers(include_self=with_model)]


def model_of(callback: "keras.callbacks.Callback") -> "keras.Model | None":
    """Return the model that a callback sees, if there is one."""
    return getattr(callback, "_model", None)


def set_model(callback: "keras.callbacks.Callback", model: "keras.Model | None") -> None:
    """Set what a callback sees as ``self.model``, without `set_model`, which a user's callback may override."""
    callback._model = model


def restored_epoch(model: "keras.Model") -> int | None:
    """Return the epoch at which `BackupAndRestore` continues, or None."""
    return model._initial_epoch


def forget_restored_epoch(model: "keras.Model") -> None:
    """Let a training begin where it says, unless a callback restores a later epoch."""
    model._initial_epoch = None


def rate_of(optimizer: "keras.optimizers.Optimizer") -> Any:
    """Return where an optimizer keeps its learning rate: a variable, a schedule or a function."""
    return optimizer._learning_rate


def averages_of(optimizer: "keras.optimizers.Optimizer") -> Iterable[tuple[Any, Any]]:
    """Return the weights that an optimizer with ``use_ema`` trains, each with the variable of its average."""
    return zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True)


def not_decayed(optimizer: "keras.optimizers.Optimizer") -> str:
    """Return which weights `exclude_from_weight_decay` excludes by their names, as a text to compare."""
    return repr(getattr(optimizer, EXCLUSIONS + "_pattern", None))  # set when it is first called


def function_arguments(value: Any) -> dict[str, Any]:
    """Return the arguments that a loss or metric passes to its function; none for other objects."""
    return dict(getattr(value, "_fn_kwargs", {}))


def profiles_batches(callback: "keras.callbacks.TensorBoard") -> bool:
    """Return whether the ``profile_batch`` of a callback names any batch."""
    return getattr(callback, "_should_trace", True)  # a subclass may not have called the constructor
