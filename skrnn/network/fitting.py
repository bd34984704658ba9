"""The epochs: the loop in Python around the epochs in the graph, with history, early stopping and Keras callbacks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from skrnn._tensorflow import keras
from skrnn.network.state import State
from skrnn.network.training import Batches, BatchHooks, Network

_BATCHES_SORTED = 8  # within which rows are sorted by length


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes
    ----------
    epochs : int
        How many at most.
    seed : int
        Orders and dropout masks of every epoch follow from it and the number of the epoch.
    first_epoch : int
        The number of epochs trained before, in earlier calls.
    shuffle : bool
        Whether each epoch reads the rows in an order of its own.
    learning_rate : float or None
        None leaves the optimizer's schedule.
    patience : int or None
        Stop after so many epochs without a lower validation loss, and return the best; None trains all epochs.
    callbacks : sequence of keras.callbacks.Callback
        This fit's own.
    """

    epochs: int
    seed: int
    first_epoch: int = 0
    shuffle: bool = True
    learning_rate: float | None = None
    patience: int | None = None
    callbacks: Sequence[keras.callbacks.Callback] = ()


@dataclass
class Progress:
    """What training has come to.

    Attributes
    ----------
    best_epoch : int
        The epoch, counted from 0 over all calls, whose weights are kept.
    history : dict of list of float
        One value an epoch for ``loss``, ``accuracy``, with validation data ``val_loss`` and ``val_accuracy``, and for
        what callbacks add.
    """

    best_epoch: int
    history: dict[str, list[float]] = field(default_factory=dict)

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
    """Train a network from the state that is loaded in it.

    Parameters
    ----------
    network : Network
    training, validation : Batches
    plan : Plan
    before_epoch, after_epoch : callable
        Called around every epoch; training stops when the second, told of the progress, returns True.

    Returns
    -------
    state : State
        Of the last epoch, or with `Plan.patience` of the best.
    progress : Progress
    """
    if plan.learning_rate is not None:
        network.model.optimizer.learning_rate = plan.learning_rate
    network.model.stop_training = False
    history = keras.callbacks.History()  # the last, so that it sees what the others add to the values of an epoch
    own = list(plan.callbacks)
    if network.model.optimizer.use_ema:  # the swap of this one is done by train_epoch, and a second would undo it
        own = [callback for callback in own if not isinstance(callback, keras.callbacks.SwapEMAWeights)]
    callbacks = keras.callbacks.CallbackList(
        [*own, history],
        model=network.model,
        verbose=0,
        epochs=plan.first_epoch + plan.epochs,
        steps=-(-len(training) // training.batch_size),
    )
    try:
        return _train(network, training, validation, plan, callbacks, history, before_epoch, after_epoch)
    finally:
        for callback in plan.callbacks:
            callback.set_model(None)


def _train(
    network: Network,
    training: Batches,
    validation: Batches | None,
    plan: Plan,
    callbacks: keras.callbacks.CallbackList,
    history: keras.callbacks.History,
    before_epoch: Callable[[], None],
    after_epoch: Callable[[Progress], bool],
) -> tuple[State, Progress]:
    progress = Progress(best_epoch=plan.first_epoch - 1)
    best_loss, best_state = np.inf, None
    on_batch = BatchHooks(network.model, callbacks) if any(map(needs_batches, plan.callbacks)) else None
    logs: dict[str, float] = {}
    callbacks.on_train_begin()
    for epoch in range(plan.first_epoch, plan.first_epoch + plan.epochs):
        before_epoch()
        callbacks.on_epoch_begin(epoch)
        logs = network.train_epoch(training, *_draw(plan, epoch, training, network.n_random_states), on_batch)
        if validation is not None:
            callbacks.on_test_begin()
            logs |= {f"val_{name}": value for name, value in network.evaluate(validation).items()}
            callbacks.on_test_end({name: value for name, value in logs.items() if name.startswith("val_")})
        callbacks.on_epoch_end(epoch, logs)
        names = [*logs, *(history.history.keys() - logs.keys())]
        progress.history = {name: list(map(float, history.history[name])) for name in names}
        if not np.isfinite(logs["loss"]):
            raise FloatingPointError(
                f"The training loss became {logs['loss']} in epoch {epoch}: the training diverges. A lower "
                "learning_rate, optimizer__clipnorm=1.0 or smaller values in X may help."
            )
        if plan.patience is not None and logs["val_loss"] < best_loss:
            best_loss, best_state, progress.best_epoch = logs["val_loss"], network.state(), epoch
        out_of_patience = plan.patience is not None and epoch - progress.best_epoch >= plan.patience
        if after_epoch(progress) or out_of_patience or network.model.stop_training:
            break
    callbacks.on_train_end(logs)
    if best_state is not None:
        network.load(best_state, with_optimizer=True)
        return best_state, progress
    progress.best_epoch = plan.first_epoch + progress.n_epochs - 1
    return network.state(), progress


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
    if isinstance(callback, (keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore)):
        return callback.save_freq != "epoch"
    if isinstance(callback, keras.callbacks.TensorBoard):
        profiles = getattr(callback, "_should_trace", True)  # what its profile_batch came to
        return callback.update_freq != "epoch" or callback.write_steps_per_second or profiles
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    return any(
        getattr(getattr(callback, hook), "__func__", None) is not getattr(keras.callbacks.Callback, hook)
        for hook in hooks
    )
