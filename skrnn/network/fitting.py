"""The epochs: the loop in Python around the epochs in the graph, with history, early stopping and Keras callbacks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from skrnn._tensorflow import keras, tf
from skrnn.network.network import Batches, BatchHooks, Network
from skrnn.network.state import State, averages

_BATCHES_SORTED = 8  # within which rows are sorted by length


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes
    ----------
    epochs : int
        Greatest number of epochs.
    seed : int
        The order of rows and the dropout masks of an epoch follow from it and the number of the epoch.
    first_epoch : int
        The number of epochs trained before, in earlier calls.
    shuffle : bool
        Whether to shuffle the rows anew in each epoch.
    learning_rate : float or None
        None uses the optimizer's schedule.
    patience : int or None
        Stop after this many epochs without a lower validation loss, and return the best; None trains all epochs.
    callbacks : sequence of keras.callbacks.Callback
        The copies that belong to this fit.
    verbose : int
        The verbosity that callbacks read.
    """

    epochs: int
    seed: int
    first_epoch: int = 0
    shuffle: bool = True
    learning_rate: float | None = None
    patience: int | None = None
    callbacks: Sequence[keras.callbacks.Callback] = ()
    verbose: int = 0


@dataclass
class Progress:
    """The results of training.

    Attributes
    ----------
    best_epoch : int
        The epoch whose weights are kept, as an index into the history of all calls.
    history : dict of list of float
        One value per epoch for ``loss``, ``accuracy``, with validation data ``val_loss`` and ``val_accuracy``, and for
        whatever callbacks add.
    interrupt : KeyboardInterrupt or None
        The interrupt that ended the training, if at least one epoch was complete.
    """

    best_epoch: int
    history: dict[str, list[float]] = field(default_factory=dict)
    interrupt: KeyboardInterrupt | None = None

    @property
    def n_epochs(self) -> int:
        """How many epochs this call has trained."""
        return len(self.history.get("loss", ()))


def train(
    network: Network,
    training: Batches,
    validation: Batches | None,
    plan: Plan,
    before_epoch: Callable[[], None],
    after_epoch: Callable[[Progress], bool],
) -> tuple[State, Progress]:
    """Train a network from the state that it holds.

    Parameters
    ----------
    network : Network
    training, validation : Batches
    plan : Plan
    before_epoch, after_epoch : callable
        Called around every epoch; training stops when `after_epoch`, called with the progress, returns True.

    Returns
    -------
    state : State
        The state of the last epoch, or with `Plan.patience` of the best.
    progress : Progress

    Raises
    ------
    KeyboardInterrupt
        If it comes before the first epoch is complete. Later, it ends the training, keeps the results of the
        complete epochs, and is returned as `Progress.interrupt`.
    """
    model = network.model
    if plan.learning_rate is not None:
        model.optimizer.learning_rate = plan.learning_rate
    model.stop_training, model._initial_epoch = False, None
    history = History()  # the last, so that it sees what the others add to the values of an epoch
    own = list(plan.callbacks)
    if any(True for _ in averages(model)):  # train_epoch does the swap of this callback, and a second one would undo it
        own = [callback for callback in own if not isinstance(callback, keras.callbacks.SwapEMAWeights)]
    try:
        callbacks = keras.callbacks.CallbackList(
            [*own, history],
            model=model,
            verbose=plan.verbose,
            epochs=plan.first_epoch + plan.epochs,
            steps=-(-len(training) // training.batch_size),
        )
        watched = Watched(network, callbacks) if own else callbacks
        return _train(network, training, validation, plan, watched, history, before_epoch, after_epoch)
    finally:
        for layer in model._flatten_layers():  # layers that a callback froze
            layer.trainable = True
        for callback in plan.callbacks:  # not by set_model, which a user's callback may override to inspect the model
            callback._model = None


class History(keras.callbacks.History):
    """Also keeps the values of the latest epoch alone, as the callbacks left them."""

    latest: dict[str, Any]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the values of an epoch."""
        super().on_epoch_end(epoch, logs)
        self.latest = dict(logs or {})


class Watched:
    """Keras' list of callbacks, which may change every variable of a network, but nothing that is part of a graph.

    Keras' own loop silently ignores such a change, unless it is made before the first batch is traced.
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


def _train(
    network: Network,
    training: Batches,
    validation: Batches | None,
    plan: Plan,
    callbacks: Any,
    history: "History",
    before_epoch: Callable[[], None],
    after_epoch: Callable[[Progress], bool],
) -> tuple[State, Progress]:
    progress = Progress(best_epoch=plan.first_epoch - 1)
    best_loss, best_state = np.inf, None
    complete: tuple[Progress, State, State | None] | None = None  # the results after the last complete epoch
    hooks = BatchHooks(network.model, callbacks)
    on_batch = hooks if any(map(needs_batches, plan.callbacks)) else None
    logs: dict[str, float] = {}
    callbacks.on_train_begin()
    begin = network.model._initial_epoch or plan.first_epoch  # a callback may have restored a later epoch
    try:
        for epoch in range(begin, plan.first_epoch + plan.epochs):
            before_epoch()
            callbacks.on_epoch_begin(epoch)
            logs = network.train_epoch(training, *_draw(plan, epoch, training, network.n_random_states), on_batch)
            if validation is not None:
                callbacks.on_test_begin()
                validated = network.evaluate(validation, hooks)
                callbacks.on_test_end(validated)
                logs |= {f"val_{name}": value for name, value in validated.items()}
            callbacks.on_epoch_end(epoch, logs)
            if not np.isfinite(logs["loss"]):
                raise FloatingPointError(
                    f"The training loss became {logs['loss']} in epoch {epoch}: the training diverges. A lower "
                    "learning_rate, optimizer__clipnorm=1.0 or smaller values in X may help."
                )
            state, best_epoch = network.state(), progress.best_epoch
            position = plan.first_epoch + epoch - begin
            if plan.patience is not None and logs["val_loss"] < best_loss:
                best_loss, best_state, best_epoch = logs["val_loss"], state, position
            progress = Progress(best_epoch, _with_epoch(progress.history, logs | history.latest))
            complete = progress, state, best_state
            out_of_patience = plan.patience is not None and position - best_epoch >= plan.patience
            if after_epoch(progress) or out_of_patience or network.model.stop_training:
                break
        callbacks.on_train_end(logs)
        state = network.state()
    except KeyboardInterrupt as interrupt:  # no more hooks are called, as in Keras: BackupAndRestore keeps its backup
        if complete is None:
            raise
        network.forget()
        progress, state, best_state = complete
        progress.interrupt = interrupt
    if best_state is not None:
        return best_state, progress
    progress.best_epoch = plan.first_epoch + progress.n_epochs - 1
    for callback in plan.callbacks if progress.interrupt is None else ():
        if isinstance(callback, keras.callbacks.EarlyStopping) and callback.best_weights is not None:
            progress.best_epoch = plan.first_epoch + callback.best_epoch - begin
    return state, progress


def _with_epoch(history: dict[str, list[float]], values: dict[str, Any]) -> dict[str, list[float]]:
    """Return a history with the values of one epoch more."""
    for name, value in values.items():
        if np.ndim(value) or not isinstance(value, (Real, np.generic, tf.Tensor, tf.Variable, keras.Variable)):
            raise ValueError(f"A callback set logs[{name!r}] to {value!r}; expected a number.")
    return history | {name: [*history.get(name, []), float(value)] for name, value in values.items()}


def _draw(plan: Plan, epoch: int, training: Batches, n_random_states: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the order of the rows and the start of each stream of dropout masks for one epoch."""
    for_order, for_masks = np.random.SeedSequence([plan.seed, epoch]).spawn(2)
    order = np.arange(len(training))
    if plan.shuffle:
        rng = np.random.default_rng(for_order)
        order = rng.permutation(len(training))
        if training.lengths is not None:
            order = _with_their_like(order, training.lengths, training.batch_size, rng)
    return order, (for_masks.generate_state(2 * n_random_states) >> 1).reshape(n_random_states, 2)


def _with_their_like(order: np.ndarray, lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> np.ndarray:
    """Reorder shuffled rows so that those of a batch are of like length, and the batches in any order.

    Rows are sorted only among those of a few batches, so that the same rows seldom meet again in another epoch.
    """
    n_full = len(order) // batch_size * batch_size
    full, rest = order[:n_full], order[n_full:]
    window = batch_size * _BATCHES_SORTED
    pieces = [full[start : start + window] for start in range(0, n_full, window)]
    by_length = [piece[np.argsort(lengths[piece], kind="stable")] for piece in pieces]
    batches = np.concatenate([*by_length, full[:0]]).reshape(-1, batch_size)
    return np.concatenate([rng.permutation(batches).ravel(), rest])


def needs_batches(callback: keras.callbacks.Callback) -> bool:
    """Return whether this callback, as it is configured, looks at single batches and not only at epochs."""
    idle: list[Any] = [keras.callbacks.Callback]  # classes whose hooks for batches do nothing
    saving = keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore, keras.callbacks.OrbaxCheckpoint
    if isinstance(callback, saving) and callback.save_freq == "epoch":
        idle += saving
    if isinstance(callback, keras.callbacks.TensorBoard) and callback.update_freq == "epoch":
        profiles = getattr(callback, "_should_trace", True)  # what its profile_batch came to
        idle += [] if callback.write_steps_per_second or profiles else [keras.callbacks.TensorBoard]
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    return any(
        getattr(getattr(callback, hook), "__func__", None) not in [getattr(known, hook) for known in idle]
        for hook in hooks
    )
