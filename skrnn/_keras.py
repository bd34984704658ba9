"""What Keras does not offer in public: each private attribute of its objects that we use, behind a name.

A new version of Keras may move them. ``tests/test_private_names.py`` then fails with their names.
"""

from collections.abc import Iterable
from typing import Any

from skrnn._tensorflow import keras

# (class, attribute) of what the functions below use, and of what our layers override
ATTRIBUTES = (
    ("Model", "_flatten_layers"),
    ("callbacks.Callback", "_model"),
    ("optimizers.Adam", "_learning_rate"),
    ("optimizers.Adam", "_trainable_variables"),
    ("optimizers.Adam", "_model_variables_moving_average"),
    ("callbacks.TensorBoard", "_should_trace"),
    ("layers.LSTM", "_maybe_config_dropout_masks"),
)


def layers_of(model: keras.Model, *, with_model: bool = True) -> list[keras.Layer]:
    """Return all layers of a model, an outer one before those in it.

    Parameters
    ----------
    model : keras.Model
    with_model : bool, default=True
        Whether the model itself is the first.
    """
    return [*model._flatten_layers(include_self=with_model)]


def model_of(callback: keras.callbacks.Callback) -> keras.Model | None:
    """Return the model that a callback sees, if there is one."""
    return getattr(callback, "_model", None)


def set_model(callback: keras.callbacks.Callback, model: keras.Model | None) -> None:
    """Set what a callback sees as ``self.model``, without `set_model`, which a user's callback may override."""
    callback._model = model


def restored_epoch(model: keras.Model) -> int | None:
    """Return the epoch at which `BackupAndRestore` continues, or None."""
    return model._initial_epoch


def forget_restored_epoch(model: keras.Model) -> None:
    """Let a training begin where it says, unless a callback restores a later epoch."""
    model._initial_epoch = None


def rate_of(optimizer: keras.optimizers.Optimizer) -> Any:
    """Return where an optimizer keeps its learning rate: a variable, a schedule or a function."""
    return optimizer._learning_rate


def averages_of(optimizer: keras.optimizers.Optimizer) -> Iterable[tuple[Any, Any]]:
    """Return the weights that an optimizer with ``use_ema`` trains, each with the variable of its average."""
    return zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True)


def profiles_batches(callback: keras.callbacks.TensorBoard) -> bool:
    """Return whether the ``profile_batch`` of a callback names any batch."""
    return getattr(callback, "_should_trace", True)
