"""A training: begun once, trained one epoch at a time by whoever drives it, and finished.

`fit` runs a training to its end, `partial_fit` trains one epoch of it, and a search trains those of its folds in turn.
Everything that a training needs between two epochs is in the object. A network only holds it while an epoch runs, so
many trainings can share one.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from skrnn._keras import existing, forget_restored_epoch, restored_epoch, set_model
from skrnn._tensorflow import keras
from skrnn.estimators.chance import accuracy_by_chance, warn_at_chance
from skrnn.estimators.mistakes import warn_of_mistakes
from skrnn.estimators.optimizers import read_optimizer
from skrnn.estimators.parameters import require_same_network
from skrnn.estimators.routing import copy_callbacks
from skrnn.estimators.training_data import Rows, TrainingData, hold_out, merge_equal_rows, read_training_data
from skrnn.network.keras_callbacks import History, Watched, as_number, needs_batches
from skrnn.network.network import ROWS_PER_PREDICTION, BatchHooks, Network
from skrnn.network.order import draw_mask_seeds, draw_order
from skrnn.network.pool import networks
from skrnn.network.size import require_memory, rows_at_once
from skrnn.network.state import State, averages


@dataclass(frozen=True)
class _Reached:
    """Where a training is: after its last complete epoch, or before the first.

    Attributes
    ----------
    epoch : int
        The number of the next epoch, counted from the first of all calls.
    state : State or None
        None before the first epoch of a new network.
    learning_rate : float or None
        None if the optimizer follows a schedule, or combines optimizers with rates of their own.
    trainable : tuple of bool or None
        Whether each layer is trained: callbacks may freeze layers. None trains all.
    history : dict of str to list of float
        For each quantity one value per epoch.
    best_epoch : int
        The epoch whose weights are kept, as an index into the history of all calls.
    best_loss : float
        The lowest validation loss so far, with early stopping.
    best_state : State or None
        The state of that epoch, with early stopping.
    stopped : bool
        Whether early stopping or a callback has ended the training.
    """

    epoch: int
    state: State | None
    learning_rate: float | None
    trainable: tuple[bool, ...] | None = None
    history: dict[str, list[float]] = field(default_factory=dict)
    best_epoch: int = -1
    best_loss: float = np.inf
    best_state: State | None = None
    stopped: bool = False


class Training:
    """The training of a classifier, from the data that were read to the attributes that it sets.

    Make one by `begin` or `begin_epochs`; call `step` until it is `finished`, then `finish`. What the classifier learns
    is in `learned` at any time: after an interrupt, too, it describes the complete epochs.

    Parameters
    ----------
    classifier : BaseRecurrentClassifier
        Its parameters are read here, once.
    data : TrainingData
    rows : Rows
        The rows to train on.
    validation : Rows or None
    epochs : int or None
        The greatest number of epochs; None is what the classifier's parameters say.

    Attributes
    ----------
    epochs : int
        The greatest number of epochs of this training.
    first_epoch : int
        Number of epochs trained in earlier calls.
    """

    def __init__(
        self, classifier: Any, data: TrainingData, rows: Rows, validation: Rows | None, epochs: int | None = None
    ):
        callbacks = copy_callbacks(classifier.callbacks, classifier._routed_to("callbacks"))
        self._optimizer_spec, learning_rate = read_optimizer(
            classifier.optimizer, classifier.learning_rate, classifier._routed_to("optimizer")
        )
        # Merge first, so that balanced class weights are identical for a row given twice and a row of weight two.
        rows = merge_equal_rows(rows, int(classifier.batch_size)) if classifier._is_exact() else rows
        rows = data.weigh_classes(rows)
        masked = rows.sequences.masked or (validation is not None and validation.sequences.masked)
        spec = classifier._network_spec(data.form, len(data.classes), masked)
        earlier: State | None = None
        self.first_epoch = 0
        self._earlier_history: dict[str, list[float]] = {}
        self._restarts = False
        self._vectors = None if data.pretrained is None else (data.pretrained.ids, data.pretrained.vectors)
        if data.continues:
            require_same_network(classifier._spec, spec)
            spec = replace(spec, masked=spec.masked or classifier._spec.masked)
            earlier, self.first_epoch = classifier._state, classifier.n_iter_
            self._earlier_history = classifier.history_
            # A new optimizer is also needed where it has more or fewer weights to update than before.
            before = classifier._optimizer_spec, classifier._spec.embedding_trainable
            self._restarts = before != (self._optimizer_spec, spec.embedding_trainable)
        n_rows, n_steps = rows.sequences.values.shape[:2]
        require_memory(spec, classifier.optimizer, min(int(classifier.batch_size), n_rows), n_steps)
        self._spec = spec
        self.epochs = classifier._n_epochs(len(rows)) if epochs is None else epochs
        self._seed, self._shuffle, self._verbose = data.seed, bool(classifier.shuffle), int(classifier.verbose)
        self._patience = int(classifier.patience) if classifier.early_stopping and validation is not None else None
        self._by_chance = accuracy_by_chance(data.form, rows)
        self._rows = rows.batches(int(classifier.batch_size), data.form)
        self._validation: Any = None
        if validation is not None:
            n_rows = rows_at_once(spec, validation.sequences.values.shape[1], ROWS_PER_PREDICTION)
            self._validation = validation.batches(n_rows, data.form)
        self._own_callbacks = callbacks
        self._callbacks: keras.callbacks.CallbackList | None = None  # of the first step on
        self._history = History()  # the last callback, so that it sees what the others add to the values of an epoch
        self._logs: dict[str, float] = {}
        self._reached = _Reached(self.first_epoch, earlier, learning_rate, best_epoch=self.first_epoch - 1)
        self._known = {
            "classes_": data.classes,
            "_form": data.form,
            "_seed": data.seed,
            "_spec": spec,
            "_optimizer_spec": self._optimizer_spec,
        }
        if not data.continues:
            self._known["n_pretrained_"] = 0 if data.pretrained is None else len(data.pretrained.ids)

    # Beginning

    @classmethod
    def begin(
        cls, classifier: Any, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> Self:
        """Begin the training of `fit`: check and read the parameters and the data.

        Parameters
        ----------
        classifier : BaseRecurrentClassifier
            Gets the attributes that describe X, such as ``n_features_in_``; nothing else is changed.
        X, y, sample_weight, X_val, y_val
            As in the classifier's `fit`.

        Returns
        -------
        training : Training
        """
        classifier._check_parameters()
        continues = classifier.warm_start and classifier.__sklearn_is_fitted__()
        data = read_training_data(classifier, X, y, sample_weight, continues=continues)
        data.require_two_classes()
        rows, validation = hold_out(classifier, data, X_val, y_val)
        if not continues:
            warn_of_mistakes(data.form, data.rows.sequences.values)
        return cls(classifier, data, rows, validation)

    @classmethod
    def begin_epochs(
        cls,
        classifier: Any,
        epochs: int,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        continues: bool,
        classes: Any = None,
    ) -> Self:
        """Begin a training of some epochs on all rows, without validation.

        Parameters
        ----------
        classifier : BaseRecurrentClassifier
        epochs : int
        X, y, sample_weight, classes
            As in the classifier's `partial_fit`.
        continues : bool
            Whether the training continues an earlier one.

        Returns
        -------
        training : Training
        """
        classifier._check_parameters()
        data = read_training_data(classifier, X, y, sample_weight, continues=continues, classes=classes)
        return cls(classifier, data, data.rows, None, epochs)

    # Training

    @property
    def n_epochs(self) -> int:
        """How many epochs this training has trained."""
        return len(self._reached.history.get("loss", ()))

    @property
    def finished(self) -> bool:
        """Whether there is no epoch left to train."""
        return self._reached.stopped or self._reached.epoch >= self.first_epoch + self.epochs

    @property
    def history(self) -> dict[str, list[float]]:
        """The values of the epochs of this training, by quantity: ``loss``, ``accuracy`` and others."""
        return self._reached.history

    def lease(self) -> AbstractContextManager[Network]:
        """Return a context manager that lends a network for `step` and `finish`."""
        return networks.lease(self._spec, self._optimizer_spec)

    def step(self, network: Network) -> dict[str, float]:
        """Train one epoch.

        Parameters
        ----------
        network : Network
            From `lease`; not necessarily the same each time.

        Returns
        -------
        logs : dict of str to float
            ``loss``, ``accuracy``, with validation data ``val_loss`` and ``val_accuracy``, and whatever callbacks add.

        Raises
        ------
        FloatingPointError
            If the training diverges.
        """
        with self._inside(network) as callbacks:
            reached = self._begun(network, callbacks)
            if reached.stopped:  # a callback restored a training that had ended
                self._reached = reached
                return {}
            callbacks.on_epoch_begin(reached.epoch)
            self._logs = logs = self._train_epoch(network, callbacks, reached.epoch)
            callbacks.on_epoch_end(reached.epoch, logs)
            _require_finite("The training loss", logs["loss"], reached.epoch)
            self._reached = self._after_epoch(reached, network, logs)
        return {name: values[-1] for name, values in self.history.items()}

    def stop(self) -> None:
        """End the training after the epochs that it has trained."""
        self._reached = replace(self._reached, stopped=True)

    def finish(self, network: Network) -> None:
        """Tell the callbacks that the training has ended; they may put back the weights of an earlier epoch.

        Parameters
        ----------
        network : Network
            As in `step`.
        """
        has_begun = self._callbacks is not None  # not with no epochs at all
        if self._reached.state is None:
            with self._inside(network):
                self._reached = replace(self._reached, state=self._state_of(network))
        if not (has_begun and self._own_callbacks):
            return
        with self._inside(network) as callbacks:
            callbacks.on_train_end(self._logs)
            reached = replace(self._reached, state=self._state_of(network))
        if reached.best_state is None:
            begin = reached.epoch - self.n_epochs
            for callback in self._own_callbacks:
                if isinstance(callback, keras.callbacks.EarlyStopping) and callback.best_weights is not None:
                    reached = replace(reached, best_epoch=self.first_epoch + callback.best_epoch - begin)
        self._reached = reached

    def learned(self) -> dict[str, Any]:
        """Return the fitted attributes of the classifier, by name, as if the training ended here."""
        reached, earlier = self._reached, self._earlier_history
        state = reached.state if reached.best_state is None else reached.best_state
        assert state is not None, "a training has learned nothing before its first epoch"
        names = {**earlier, **reached.history}
        return self._known | {
            "_state": state,
            "_learning_rate": reached.learning_rate,
            "history_": {name: [*earlier.get(name, []), *reached.history.get(name, [])] for name in names},
            "n_iter_": self.first_epoch + self.n_epochs,
            "best_epoch_": reached.best_epoch,
            "n_parameters_": sum(weight.size for weight in state.weights),
        }

    def warn_at_chance(self) -> None:
        """Warn if the network has learned nothing from long sequences."""
        warn_at_chance(self._by_chance, self.history.get("accuracy", []))

    # What a step is made of

    @contextmanager
    def _inside(self, network: Network) -> Iterator[Any]:
        """Let a network hold this training while the block runs, and yield its callbacks."""
        reached, model = self._reached, network.model
        state = reached.state
        if state is None:
            state = network.initial_state(self._seed, self._vectors)
        elif self._restarts and not self.n_epochs:
            state = network.restarted(state.weights)
        network.load(state, with_optimizer=True)
        if reached.learning_rate is not None:
            model.optimizer.learning_rate = reached.learning_rate
        model.stop_training = False
        try:
            if reached.trainable is not None:
                network.set_trainable(reached.trainable)
            callbacks = self._callbacks_of(model)
            yield Watched(network, callbacks) if self._own_callbacks else callbacks
        finally:
            network.set_trainable(None)
            for callback in self._own_callbacks:
                set_model(callback, None)

    def _callbacks_of(self, model: keras.Model) -> keras.callbacks.CallbackList:
        """Return the callbacks, with `model` as theirs."""
        if self._callbacks is None:
            own = self._own_callbacks
            if any(True for _ in averages(model)):
                swaps = existing(keras.callbacks, "SwapEMAWeights")  # as train_epoch does; a second swap would undo it
                own = [callback for callback in own if not isinstance(callback, swaps)]
            self._callbacks = keras.callbacks.CallbackList(
                [*own, self._history],
                model=model,
                verbose=self._verbose,
                epochs=self.first_epoch + self.epochs,
                steps=-(-len(self._rows) // self._rows.batch_size),
            )
        for callback in (self._callbacks, *self._callbacks.callbacks):
            set_model(callback, model)
        return self._callbacks

    def _begun(self, network: Network, callbacks: Any) -> _Reached:
        """Return where the next epoch begins; before the first, a callback may restore an earlier training."""
        if self.n_epochs:
            return self._reached
        forget_restored_epoch(network.model)
        callbacks.on_train_begin()
        epoch = restored_epoch(network.model) or self.first_epoch
        reached = replace(self._reached, epoch=epoch)
        if epoch < self.first_epoch + self.epochs:
            return reached
        return replace(reached, state=self._state_of(network), stopped=True)

    def _state_of(self, network: Network) -> State:
        """Return the state that a network is in after an epoch; the last update, too, may have been too large."""
        state = network.state()
        for what, value in network.diverged(state):
            _require_finite(what, value, self._reached.epoch)
        return state

    def _train_epoch(self, network: Network, callbacks: Any, epoch: int) -> dict[str, float]:
        """Train and validate, and return the means over both."""
        rows, hooks = self._rows, BatchHooks(network.model, callbacks)
        order = draw_order(
            self._seed, epoch, len(rows), shuffle=self._shuffle, batch_size=rows.batch_size, lengths=rows.lengths
        )
        seeds = draw_mask_seeds(self._seed, epoch, network.n_random_states)
        logs = network.train_epoch(rows, order, seeds, hooks if any(map(needs_batches, self._own_callbacks)) else None)
        if self._validation is not None:
            callbacks.on_test_begin()
            validated = network.evaluate(self._validation, hooks)
            callbacks.on_test_end(validated)
            logs |= {f"val_{name}": value for name, value in validated.items()}
        return logs

    def _after_epoch(self, reached: _Reached, network: Network, logs: dict[str, float]) -> _Reached:
        """Return where the training is after an epoch."""
        state, rate = self._state_of(network), reached.learning_rate
        position = self.first_epoch + self.n_epochs
        values = {name: as_number(name, value) for name, value in (logs | self._history.latest).items()}
        best_loss, best_state, best_epoch = reached.best_loss, reached.best_state, reached.best_epoch
        if self._patience is None:
            best_epoch = position
        elif not np.isfinite(logs["val_loss"]):
            raise FloatingPointError(
                f"The validation loss is {logs['val_loss']} in epoch {reached.epoch}, so early stopping cannot compare "
                "the epochs. Smaller values in the validation data, or in X if they are held out of it, may help."
            )
        elif logs["val_loss"] < best_loss:
            best_loss, best_state, best_epoch = logs["val_loss"], state, position
        out_of_patience = self._patience is not None and position - best_epoch >= self._patience
        return _Reached(
            epoch=reached.epoch + 1,
            state=state,
            learning_rate=None if rate is None else float(network.model.optimizer.learning_rate),
            trainable=network.trainable,
            history=reached.history | {name: [*reached.history.get(name, []), v] for name, v in values.items()},
            best_epoch=best_epoch,
            best_loss=best_loss,
            best_state=best_state,
            stopped=bool(network.model.stop_training) or out_of_patience,
        )


def _require_finite(what: str, value: float, epoch: int) -> None:
    if not np.isfinite(value):
        raise FloatingPointError(
            f"{what} became {value} in epoch {epoch}: the training diverges. A lower learning_rate, "
            "optimizer__clipnorm=1.0 or smaller values in X may help."
        )
