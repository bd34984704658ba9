"""A traced network that trains whole epochs inside one graph and predicts in batches.

The data stays on the device; Python is back between chunks of batches, so that a fit can be interrupted, and once per
epoch for callbacks, history and early stopping. All randomness of an epoch follows from a seed and the number of the
epoch: training in one call or in many gives the same bits.
"""

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from skrnn.network.architecture import build_model
from skrnn.network.initialization import initial_weights
from skrnn.network.spec import NetworkSpec, OptimizerSpec

BATCHES_PER_CALL = 100  # about a second of training on two cores: how long Ctrl-C may take
ROWS_PER_PREDICTION = 1024


@dataclass(frozen=True)
class State:
    """Everything that training changes, as plain arrays.

    Attributes
    ----------
    weights : tuple of ndarray
        In the order of ``keras.Model.weights``.
    optimizer : tuple of ndarray
        The optimizer's variables but for the learning rate.
    """

    weights: tuple[np.ndarray, ...]
    optimizer: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Batches:
    """Rows to train on or to evaluate, on the device.

    Attributes
    ----------
    x : tf.Tensor of shape (n, T, D) float32 or (n, T) int32
    y : tf.Tensor of shape (n,), int32
        Class numbers.
    weight : tf.Tensor of shape (n,), float32
        Of mean one.
    batch_size : int
    """

    x: tf.Tensor
    y: tf.Tensor
    weight: tf.Tensor
    batch_size: int

    @classmethod
    def on_device(cls, x: np.ndarray, y: np.ndarray, weight: np.ndarray, batch_size: int) -> "Batches":
        """Put arrays on the device."""
        return cls(
            tf.constant(x), tf.constant(y, dtype=tf.int32), tf.constant(weight, dtype=tf.float32), int(batch_size)
        )

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.x.shape[0])


class BatchHooks:
    """Calls Keras callbacks around every batch, and says when one of them wants to stop."""

    def __init__(self, model: keras.Model, callbacks: keras.callbacks.CallbackList):
        self._model = model
        self._callbacks = callbacks

    def begin(self, batch: int) -> None:
        """Tell that a batch is about to be trained on."""
        self._callbacks.on_train_batch_begin(batch)

    def end(self, batch: int, logs: dict[str, float]) -> bool:
        """Tell what the epoch has come to with this batch; return whether to stop."""
        self._callbacks.on_train_batch_end(batch, logs)
        return self._model.stop_training


class Network:
    """One traced network with its variables. It belongs to whoever leased it, and to one thread at a time.

    Parameters
    ----------
    spec : NetworkSpec
    optimizer_spec : OptimizerSpec

    Attributes
    ----------
    model : keras.Model
        The network in training, compiled with its optimizer: what a Keras callback sees.
    """

    def __init__(self, spec: NetworkSpec, optimizer_spec: OptimizerSpec):
        self.spec = spec
        self.model = trainable_model(spec, optimizer_spec)
        self._logits = keras.Model(self.model.input, self.model.get_layer("logits").output)
        self._built = read_state(self.model)
        self._random_states = [v for v in self.model.variables if v.name == "seed_generator_state"]
        self._loaded: State | None = None

        rows = tf.TensorSpec((None, None), tf.int32) if spec.reads_ids else tf.TensorSpec((None, None, spec.n_features))
        integer, integers = tf.TensorSpec((), tf.int32), tf.TensorSpec((None,), tf.int32)
        data = [rows, integers, tf.TensorSpec((None,))]
        # Wrapped, because TensorFlow counts traces by code object and would warn of one per structure.
        self._predict_graph = tf.function(partial(self._predict_rows), [rows], autograph=False)
        self._evaluate_graph = tf.function(partial(self._evaluate_rows), data, autograph=False)
        self._train_graph = tf.function(
            partial(self._train_batches), [*data, integers, integer, integer, integer], autograph=False
        )

    # What it holds

    def initial_state(self, seed: int) -> State:
        """Return fresh weights and a fresh optimizer, drawn from `seed` alone."""
        return replace(self._built, weights=tuple(initial_weights(self.model, self._built.weights, seed)))

    def load(self, state: State, *, with_optimizer: bool = False) -> None:
        """Put `state` into the variables, unless it is what they hold already."""
        if state is self._loaded and not with_optimizer:
            return
        self._loaded = None
        write_state(self.model, state, with_optimizer=with_optimizer)
        self._loaded = state

    def state(self) -> State:
        """Copy the variables out."""
        self._loaded = read_state(self.model)
        return self._loaded

    # Training

    def train_epoch(
        self, batches: Batches, order: np.ndarray, seeds: np.ndarray, on_batch: BatchHooks | None = None
    ) -> dict[str, float]:
        """Train one epoch.

        Parameters
        ----------
        batches : Batches
        order : ndarray of shape (n,)
            The order in which the rows are read.
        seeds : ndarray of shape (n_random_states, 2)
            Where the dropout masks of this epoch start; see `n_random_states`.
        on_batch : BatchHooks, optional
            Called around every batch, which then is a call into the graph of its own.

        Returns
        -------
        dict
            Mean ``loss`` and ``accuracy`` while training.
        """
        self._loaded = None
        for variable, seed in zip(self._random_states, seeds, strict=True):
            variable.assign(seed)
        n, size = len(batches), batches.batch_size
        rows_per_call = size if on_batch is not None else size * BATCHES_PER_CALL
        on_device = tf.constant(order, dtype=tf.int32)
        totals = np.zeros(2)
        n_read = 0
        for number, start in enumerate(range(0, n, rows_per_call)):
            stop = min(start + rows_per_call, n)
            if on_batch is not None:
                on_batch.begin(number)
            totals += self._train_graph(batches.x, batches.y, batches.weight, on_device, size, start, stop).numpy()
            n_read = stop
            if on_batch is not None and on_batch.end(number, _means(totals, n_read)):
                break
        return _means(totals, n_read)

    @property
    def n_random_states(self) -> int:
        """How many streams of random numbers one epoch of training draws from (dropout masks)."""
        return len(self._random_states)

    def finish_training(self) -> None:
        """Apply what the optimizer does when training ends (Keras' moving average of the weights, if it keeps one)."""
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)

    def _train_batches(self, x: Any, y: Any, weight: Any, order: Any, batch_size: Any, start: Any, stop: Any) -> Any:
        def train_one(start: Any, totals: Any) -> Any:
            rows = order[start : tf.minimum(start + batch_size, stop)]
            labels, weights = tf.gather(y, rows), tf.gather(weight, rows)
            with tf.GradientTape() as tape:
                logits = self._logits(self._trim(tf.gather(x, rows)), training=True)
                losses = weights * self._loss(labels, logits)
                loss = tf.reduce_mean(losses)
            variables = self.model.trainable_variables
            gradients = tape.gradient(loss, [v.value for v in variables])
            self.model.optimizer.apply(gradients, variables)
            return start + batch_size, totals + _sums(weights, losses, labels, logits)

        return tf.while_loop(lambda start, _: start < stop, train_one, (start, tf.zeros(2)))[1]

    def _loss(self, labels: Any, logits: Any) -> Any:
        if self.spec.n_outputs == 1:
            return keras.losses.binary_crossentropy(labels[:, None], logits, from_logits=True)
        return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)

    def _trim(self, x: Any) -> Any:
        """Cut off the steps at the end that are padding in every row."""
        if not self.spec.masked:
            return x
        used = x >= 0 if self.spec.reads_ids else tf.reduce_any(~tf.math.is_nan(x), axis=-1)
        n_steps = tf.reduce_max(tf.where(used, tf.range(1, tf.shape(x)[1] + 1)[None], 1))
        return x[:, :n_steps]

    # Evaluation

    def evaluate(self, batches: Batches) -> dict[str, float]:
        """Return the mean ``loss`` and ``accuracy`` over `batches`, with dropout off."""
        totals = np.zeros(2)
        for start in range(0, len(batches), batches.batch_size):
            part = slice(start, start + batches.batch_size)
            totals += self._evaluate_graph(batches.x[part], batches.y[part], batches.weight[part]).numpy()
        return _means(totals, len(batches))

    def _evaluate_rows(self, x: Any, y: Any, weight: Any) -> Any:
        logits = self._logits(self._trim(x), training=False)
        return _sums(weight, weight * self._loss(y, logits), y, logits)

    def predict_logits(self, x: np.ndarray) -> np.ndarray:
        """Return the decision values ``(n, n_outputs)`` of `x`, a padded array of sequences."""
        starts = range(0, len(x), ROWS_PER_PREDICTION)  # in parts, so that memory does not grow with X
        return np.concatenate([self._predict_graph(x[start : start + ROWS_PER_PREDICTION]).numpy() for start in starts])

    def _predict_rows(self, x: Any) -> Any:
        return self._logits(self._trim(x), training=False)


def _sums(weights: Any, losses: Any, labels: Any, logits: Any) -> Any:
    """Return the sum of the weighted losses and the weight of the rows that are classified rightly."""
    one_logit = logits.shape[1] == 1
    predicted = tf.cast(logits[:, 0] > 0, tf.int32) if one_logit else tf.argmax(logits, axis=1, output_type=tf.int32)
    return tf.stack([tf.reduce_sum(losses), tf.reduce_sum(weights * tf.cast(predicted == labels, tf.float32))])


def _means(totals: np.ndarray, n_rows: int) -> dict[str, float]:
    loss, accuracy = totals / n_rows
    return {"loss": float(loss), "accuracy": float(accuracy)}


def trainable_model(spec: NetworkSpec, optimizer_spec: OptimizerSpec) -> keras.Model:
    """Return a new stock Keras model, compiled with its optimizer."""
    model = build_model(spec)
    optimizer = optimizer_spec.optimizer_class.from_config(json.loads(optimizer_spec.config))
    optimizer.build(model.trainable_variables)
    loss = "binary_crossentropy" if spec.n_outputs == 1 else "sparse_categorical_crossentropy"
    model.compile(optimizer, loss=loss, metrics=["accuracy"])
    return model


def read_state(model: keras.Model) -> State:
    """Copy the weights of a model and the state of its optimizer."""
    return State(tuple(model.get_weights()), tuple(v.numpy() for v in _optimizer_variables(model)))


def write_state(model: keras.Model, state: State, *, with_optimizer: bool) -> None:
    """Put a state into the variables of a model."""
    model.set_weights(state.weights)
    if with_optimizer:
        for variable, value in zip(_optimizer_variables(model), state.optimizer, strict=True):
            variable.assign(value)


def _optimizer_variables(model: keras.Model) -> list[Any]:
    """Return what an optimizer remembers; its learning rate is given anew to every training."""
    return [variable for variable in model.optimizer.variables if variable.name != "learning_rate"]
