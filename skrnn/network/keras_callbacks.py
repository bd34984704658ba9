"""Keras callbacks in a training: which of them look at single batches, and what they must not change."""

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from skrnn._keras import existing, profiles_batches
from skrnn._tensorflow import keras, tf
from skrnn.network.network import Network


class History(keras.callbacks.History):
    """Also keeps the values of the latest epoch alone, as the other callbacks left them."""

    latest: dict[str, Any]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the values of an epoch."""
        super().on_epoch_end(epoch, logs)
        self.latest = dict(logs or {})


class Watched:
    """A list of callbacks that may change every variable of a network, but nothing that is traced into its graphs.

    Keras' own loop silently ignores such a change, unless it is made before the first batch is traced.

    Parameters
    ----------
    network : Network
    callbacks : keras.callbacks.CallbackList
    """

    def __init__(self, network: Network, callbacks: keras.callbacks.CallbackList):
        self._network = network
        self._callbacks = callbacks

    def __getattr__(self, hook: str) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            before = self._network.settings()
            getattr(self._callbacks, hook)(*arguments)
            after = self._network.settings()
            changed = sorted(name for name in before.keys() & after.keys() if before[name] != after[name])
            if changed:
                self._network.is_sound = False
                raise ValueError(
                    f"A callback changed {', '.join(changed)} in {hook}. This has no effect, because it is already "
                    "traced into the graph. A callback may change weights, the learning rate, stop_training and which "
                    "layers are trainable; set everything else by parameters."
                )

        return call


def as_number(name: str, value: Any) -> float:
    """Return a value of an epoch's logs as a float.

    Raises
    ------
    ValueError
        If a callback put something else than a number into the logs.
    """
    if np.ndim(value) or not isinstance(value, (Real, np.generic, tf.Tensor, tf.Variable, keras.Variable)):
        raise ValueError(f"A callback set logs[{name!r}] to {value!r}; expected a number.")
    return float(value)


def needs_batches(callback: keras.callbacks.Callback) -> bool:
    """Return whether this callback, as it is configured, looks at single batches and not only at epochs."""
    idle: list[Any] = [keras.callbacks.Callback]  # classes whose hooks for batches do nothing
    saving = existing(keras.callbacks, "ModelCheckpoint", "BackupAndRestore", "OrbaxCheckpoint")
    if isinstance(callback, saving) and callback.save_freq == "epoch":
        idle += saving
    if isinstance(callback, keras.callbacks.TensorBoard) and callback.update_freq == "epoch":
        profiles = profiles_batches(callback)
        idle += [] if callback.write_steps_per_second or profiles else [keras.callbacks.TensorBoard]
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    return any(
        getattr(getattr(callback, hook), "__func__", None) not in [getattr(known, hook) for known in idle]
        for hook in hooks
    )
