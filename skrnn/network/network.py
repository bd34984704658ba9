"""A traced network that trains whole epochs inside one graph and predicts in batches.

It is two parts: the encoder, which is the recurrences, and the head, which reads off what they end with. Training is
traced in one of two ways. One is quick to trace and serves every shape; the other compiles the recurrences for the one
shape of its batches, which pays for all but the smallest data. A last batch that is not full is then filled up for the
encoder alone: the head, batch normalisation and the loss see no row twice.

The data stay where they are; Python is back between chunks of batches, so that a fit can be interrupted, and once per
epoch for callbacks, history and early stopping. All randomness of an epoch follows from a seed and the number of the
epoch: training in one call or in many gives the same bits.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from skrnn._tensorflow import keras, tf
from skrnn.network.architecture import connect
from skrnn.network.initialization import initial_weights
from skrnn.network.interrupts import interrupts_come_through
from skrnn.network.layers import Dropout, Execution, covers, recurrent_layers, running
from skrnn.network.spec import NetworkSpec, OptimizerSpec
from skrnn.network.state import (
    State,
    compiled,
    exchange_averages,
    fresh_optimizer,
    parts,
    read_state,
    write_state,
)

BATCHES_PER_CALL = 25  # about a second of training on two cores: how long Ctrl-C may take
ROWS_PER_PREDICTION = 1024
_FUSED_STEPS = 256  # steps of an epoch, over all its batches, from which compiling their shape pays
_ROWS_OF_CHAIN = 16  # smaller chains cost more than they gain
_MAX_GRAPHS = 4  # training graphs that a network keeps, one for each shape that was compiled
_FORWARD = Execution(chains=2, differentiable=False)


@dataclass(frozen=True)
class Batches:
    """Rows to train on or to evaluate.

    They are on the device, but for bytes: a chunk of them is brought there in next to no time, while a copy of them all
    would double their memory.

    Attributes
    ----------
    x : tf.Tensor of shape (n, T, D), float32, or (n, T), int32, or ndarray of shape (n, T, D), uint8
    y : tf.Tensor of shape (n,), int32
        Class numbers.
    weight : tf.Tensor of shape (n,), float32
        Of mean one.
    batch_size : int
    lengths : ndarray of shape (n,), optional
        Steps of each row, where they differ: rows are then batched with their like.
    """

    x: Any
    y: tf.Tensor
    weight: tf.Tensor
    batch_size: int
    lengths: np.ndarray | None = None

    @classmethod
    def of(
        cls, x: np.ndarray, y: np.ndarray, weight: np.ndarray, batch_size: int, lengths: np.ndarray | None = None
    ) -> "Batches":
        """Make batches of arrays."""
        return cls(
            x if x.dtype == np.uint8 else tf.constant(x),
            tf.constant(y, dtype=tf.int32),
            tf.constant(weight, dtype=tf.float32),
            int(batch_size),
            lengths,
        )

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.x.shape[0])

    def chunk(self, rows: np.ndarray) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return arrays on the device, and where in them `rows` are."""
        if isinstance(self.x, tf.Tensor):
            return self.x, self.y, self.weight, tf.constant(rows, tf.int32)
        brought = tf.constant(self.x[rows])
        return brought, tf.gather(self.y, rows), tf.gather(self.weight, rows), tf.range(len(rows))


class BatchHooks:
    """Calls Keras callbacks around every batch, and says when one of them wants to stop."""

    def __init__(self, model: keras.Model, callbacks: Any):
        self._model = model
        self._callbacks = callbacks

    def begin(self, batch: int) -> None:
        """Call the hooks before a batch is trained on."""
        self._callbacks.on_train_batch_begin(batch)

    def end(self, batch: int, logs: dict[str, float]) -> bool:
        """Call the hooks after a batch, with the metrics up to this batch; return whether to stop."""
        self._callbacks.on_train_batch_end(batch, logs)
        return self._model.stop_training

    def begin_test(self, batch: int) -> None:
        """Call the hooks before a batch is evaluated."""
        self._callbacks.on_test_batch_begin(batch)

    def end_test(self, batch: int, logs: dict[str, float]) -> None:
        """Call the hooks after a batch, with the metrics up to this batch."""
        self._callbacks.on_test_batch_end(batch, logs)


class Network:
    """One traced network with its variables, used by one caller and one thread at a time.

    Parameters
    ----------
    spec : NetworkSpec
    optimizer_spec : OptimizerSpec

    Attributes
    ----------
    model : keras.Model
        The network in training, compiled with its optimizer: what a Keras callback sees.
    is_sound : bool
        Whether it still matches its specs, so that it can be used again.
    """

    @interrupts_come_through()
    def __init__(self, spec: NetworkSpec, optimizer_spec: OptimizerSpec):
        self.spec = spec
        self.optimizer_spec = optimizer_spec
        self.is_sound = True
        tensors = connect(spec)
        model = keras.Model(tensors.inputs, tensors.probabilities, name=spec.cell)
        self.model = compiled(model, spec, optimizer_spec)
        self._encoder = keras.Model(tensors.inputs, tensors.features)
        self._head = keras.Model(tensors.features, tensors.logits)
        self._built = read_state(self.model)
        self._random_states = [v for v in self.model.variables if v.name == "seed_generator_state"]
        self._loaded: State | None = None
        self._holds_optimizer = False  # or only the weights of that state

        # Shapes that are compiled are graphs of their own; all others share one.
        self._train_graphs: OrderedDict[Any, Any] = OrderedDict()
        self._predict_graph = _traced(self._predict_rows, _FORWARD)
        self._evaluate_graph = _traced(self._evaluate_rows, _FORWARD)

    # What it holds

    @interrupts_come_through()
    def initial_state(self, seed: int) -> State:
        """Return fresh weights and a fresh optimizer, drawn from `seed` alone."""
        return self.restarted(tuple(initial_weights(self.model, self._built.weights, seed)))

    @interrupts_come_through()
    def restarted(self, weights: tuple[np.ndarray, ...]) -> State:
        """Return a state with these weights and an optimizer that has not trained yet."""
        if not self._optimizer_reads_weights:  # each new optimizer permanently leaves something in TensorFlow
            return replace(self._built, weights=weights)
        self._loaded = None
        return State(weights, fresh_optimizer(self.model, self.optimizer_spec, weights))

    @cached_property
    def _optimizer_reads_weights(self) -> bool:
        """Whether an optimizer copies the weights that it finds, as averages and schedule-free optimizers do."""
        self._loaded = None
        moved = tuple(weight + 1 for weight in self._built.weights)
        state = fresh_optimizer(self.model, self.optimizer_spec, moved)
        return not all(map(np.array_equal, state, self._built.optimizer))

    def set_dropout(self, spec: NetworkSpec) -> None:
        """Take over the dropout rates of `spec`; which of them are positive is this network's structure."""
        for layer in self.model.layers:
            if isinstance(layer, Dropout):
                layer.set_rate(spec.layer_dropout)
            for recurrent in recurrent_layers(layer):
                recurrent.set_dropout(spec.dropout, spec.recurrent_dropout)

    @interrupts_come_through()
    def load(self, state: State, *, with_optimizer: bool = False) -> None:
        """Put `state` into the variables, unless they hold it already."""
        if state is self._loaded and (self._holds_optimizer or not with_optimizer):
            return
        self._loaded = None
        write_state(self.model, state, with_optimizer=with_optimizer)
        self._loaded, self._holds_optimizer = state, with_optimizer

    def forget(self) -> None:
        """Forget which state the variables hold."""
        self._loaded = None

    @property
    def trainable(self) -> tuple[bool, ...]:
        """Whether each layer is trained; a Keras callback may freeze some."""
        return tuple(layer.trainable for layer in self.model._flatten_layers())

    def set_trainable(self, flags: tuple[bool, ...] | None) -> None:
        """Freeze layers and train others, as `trainable` describes them; None trains all."""
        layers = [*self.model._flatten_layers()]
        flags = (True,) * len(layers) if flags is None else flags
        if flags != self.trainable:
            for layer, flag in zip(layers, flags, strict=True):  # a layer before those in it
                layer.trainable = flag

    def settings(self) -> dict[str, Any]:
        """Return what is constant in the graphs: attributes of the optimizer and the layers, by name."""
        found: dict[str, Any] = {"the optimizer": id(self.model.optimizer)}
        for part in parts(self.model.optimizer):
            found |= {f"optimizer.{name}": value for name, value in _constants(part)}
        for layer in self.model._flatten_layers(include_self=False):
            found |= {f"{layer.name}.{name}": value for name, value in _constants(layer)}
        found["optimizer.learning_rate"] = [id(part._learning_rate) for part in parts(self.model.optimizer)]
        found["optimizer.exclude_from_weight_decay"] = [
            repr(getattr(part, "_exclude_from_weight_decay_pattern", None)) for part in parts(self.model.optimizer)
        ]
        return found

    def state(self) -> State:
        """Copy the variables out."""
        state = read_state(self.model)
        self._loaded, self._holds_optimizer = state, True
        return state

    # Training

    @interrupts_come_through()
    def train_epoch(
        self, batches: Batches, order: np.ndarray, seeds: np.ndarray, on_batch: BatchHooks | None = None
    ) -> dict[str, float]:
        """Train one epoch. Where the optimizer averages weights, the network has the averages when it ends.

        Parameters
        ----------
        batches : Batches
        order : ndarray of shape (n,)
            The order in which the rows are read.
        seeds : ndarray of shape (n_random_states, 2)
            Where the dropout masks of this epoch start; see `n_random_states`.
        on_batch : BatchHooks, optional
            Called around every batch, which is then a separate call into the graph.

        Returns
        -------
        dict
            Mean ``loss`` and ``accuracy`` while training.
        """
        self._loaded = None
        exchange_averages(self.model)
        for variable, seed in zip(self._random_states, seeds, strict=True):
            variable.assign(seed)
        n, size = len(batches), batches.batch_size
        rows_per_call = size if on_batch is not None else size * BATCHES_PER_CALL
        train = self._train_graph(batches)
        totals = np.zeros(2)
        n_read = 0
        for number, start in enumerate(range(0, n, rows_per_call)):
            rows = order[start : start + rows_per_call]
            if on_batch is not None:
                on_batch.begin(number)
            totals += train(*batches.chunk(rows), size).numpy()
            n_read += len(rows)
            if on_batch is not None and on_batch.end(number, _means(totals, n_read)):
                break
        exchange_averages(self.model)
        return _means(totals, n_read)

    @property
    def n_random_states(self) -> int:
        """How many streams of random numbers one epoch of training draws from (dropout masks)."""
        return len(self._random_states)

    def _train_graph(self, batches: Batches) -> Any:
        """Return the function that trains on batches like these.

        How it is run follows from the data and the structure alone, never from the machine or the number of epochs:
        else fits that are the same would not be so to the bit.
        """
        n_batches, n_steps = -(-len(batches) // batches.batch_size), batches.x.shape[1]
        fused = n_batches * n_steps >= _FUSED_STEPS and covers(self.spec.activation, self.spec.recurrent_activation)
        shape = (batches.batch_size + batches.batch_size % 2, n_steps) if fused else None
        # A callback may have frozen layers.
        key = shape, self.trainable
        if key in self._train_graphs:
            self._train_graphs.move_to_end(key)
        else:
            # By the shape alone, which is the key: batches of 31 and of 32 rows share one graph.
            in_two = shape is not None and shape[0] >= 2 * _ROWS_OF_CHAIN and not self.spec.bidirectional
            execution = Execution(chains=2 if in_two else 1, fused=fused)
            self._train_graphs[key] = _traced(partial(self._train_batches, shape), execution)
        if len(self._train_graphs) > _MAX_GRAPHS:
            self._train_graphs.popitem(last=False)
        return self._train_graphs[key]

    def _train_batches(self, shape: Any, x: Any, y: Any, weight: Any, order: Any, batch_size: Any) -> Any:
        variables = self.model.trainable_variables
        update = self._apply
        if shape is not None and self.optimizer_spec.is_keras:  # a user's class may not compile
            update = tf.function(partial(self._apply), jit_compile=True, autograph=False)

        def train_one(start: Any, totals: Any) -> Any:
            rows = order[start : start + batch_size]
            labels, weights = tf.gather(y, rows), tf.gather(weight, rows)
            sequences = self._batch(x, rows, shape)
            with tf.GradientTape() as tape:
                features = self._encoder(sequences, training=True)[: tf.size(rows)]
                logits = self._head(features, training=True)
                losses = weights * self._loss(labels, logits)
                loss = self.model.optimizer.scale_loss(tf.reduce_mean(losses))
            gradients = tape.gradient(loss, [v.value for v in variables])
            update(gradients)
            return start + batch_size, totals + _sums(weights, losses, labels, logits)

        return tf.while_loop(lambda start, _: start < tf.size(order), train_one, (tf.constant(0), tf.zeros(2)))[1]

    def _batch(self, x: Any, rows: Any, shape: tuple[int, int] | None) -> Any:
        """Gather rows for the encoder; in a graph of one shape the last are repeated until the batch is full."""
        if shape is None:
            return self._numbers(self._trim(tf.gather(x, rows)))
        filled = tf.gather(rows, tf.minimum(tf.range(shape[0]), tf.size(rows) - 1))
        return self._numbers(tf.ensure_shape(tf.gather(x, filled), (*shape, *x.shape[2:])))

    def _apply(self, gradients: Any) -> None:
        # Dense, also that of an embedding: rows that no batch holds move with an optimizer's momentum.
        dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
        self.model.optimizer.apply(dense, self.model.trainable_variables)

    def _loss(self, labels: Any, logits: Any) -> Any:
        if self.spec.n_outputs == 1:
            return keras.losses.binary_crossentropy(labels[:, None], logits, from_logits=True)
        return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)

    def _numbers(self, x: Any) -> Any:
        """Return what the encoder reads."""
        return tf.cast(x, tf.float32) / self.spec.byte_scale if x.dtype == tf.uint8 else x

    def _trim(self, x: Any) -> Any:
        """Cut off the steps at the end that are padding in every row."""
        masks_zero = self.spec.reads_ids and self.spec.mask_zero
        if x.dtype == tf.uint8 or not (self.spec.masked or masks_zero):
            return x
        used = x >= int(masks_zero) if self.spec.reads_ids else tf.reduce_any(~tf.math.is_nan(x), axis=-1)
        n_steps = tf.reduce_max(tf.where(used, tf.range(1, tf.shape(x)[1] + 1)[None], 1))
        return x[:, :n_steps]

    # Evaluation

    @interrupts_come_through()
    def evaluate(self, batches: Batches, on_batch: BatchHooks | None = None) -> dict[str, float]:
        """Return the mean ``loss`` and ``accuracy`` over `batches`, with dropout off."""
        totals = np.zeros(2)
        for number, start in enumerate(range(0, len(batches), batches.batch_size)):
            part = slice(start, start + batches.batch_size)
            if on_batch is not None:
                on_batch.begin_test(number)
            totals += self._evaluate_graph(batches.x[part], batches.y[part], batches.weight[part]).numpy()
            if on_batch is not None:
                on_batch.end_test(number, _means(totals, min(part.stop, len(batches))))
        return _means(totals, len(batches))

    def _evaluate_rows(self, x: Any, y: Any, weight: Any) -> Any:
        logits = self._predict_rows(x)
        return _sums(weight, weight * self._loss(y, logits), y, logits)

    @interrupts_come_through()
    def predict_logits(self, x: np.ndarray) -> np.ndarray:
        """Return the decision values ``(n, n_outputs)`` of `x`, a padded array of sequences."""
        starts = range(0, len(x), ROWS_PER_PREDICTION)  # in parts, so that memory does not grow with X
        return np.concatenate([self._predict_graph(x[start : start + ROWS_PER_PREDICTION]).numpy() for start in starts])

    def _predict_rows(self, x: Any) -> Any:
        return self._head(self._encoder(self._numbers(self._trim(x)), training=False), training=False)


def _traced(function: Callable, execution: Execution) -> Callable:
    """Return a function of arrays as a graph, traced once for each type of the first, whatever their lengths."""
    graphs: dict[Any, Any] = {}

    def run(*arrays: Any) -> Any:
        with running(execution):
            return function(*arrays)

    def traced(*arrays: Any) -> Any:
        x, *rest = map(tf.convert_to_tensor, arrays)
        if x.dtype not in graphs:
            signature = [tf.TensorSpec((None, None, *x.shape[2:]), x.dtype)]
            signature += [tf.TensorSpec([None] * len(tensor.shape), tensor.dtype) for tensor in rest]
            # A partial, because TensorFlow counts traces by code object and would warn of one per structure.
            graphs[x.dtype] = tf.function(partial(run), signature, autograph=False)
        return graphs[x.dtype](x, *rest)

    return traced


def _constants(owner: Any) -> Iterator[tuple[str, Any]]:
    """Iterate over the attributes of an optimizer or a layer that are plain values or functions, as to be compared."""
    for name, value in vars(owner).items():
        if name[0] != "_" and isinstance(value, (bool, int, float, str, type(None))):
            yield name, value
        elif name[0] != "_" and callable(value):
            yield name, id(value)


def _sums(weights: Any, losses: Any, labels: Any, logits: Any) -> Any:
    """Return the sum of the weighted losses and the weight of the rows that are classified rightly."""
    one_logit = logits.shape[1] == 1
    predicted = tf.cast(logits[:, 0] > 0, tf.int32) if one_logit else tf.argmax(logits, axis=1, output_type=tf.int32)
    return tf.stack([tf.reduce_sum(losses), tf.reduce_sum(weights * tf.cast(predicted == labels, tf.float32))])


def _means(totals: np.ndarray, n_rows: int) -> dict[str, float]:
    loss, accuracy = totals / n_rows
    return {"loss": float(loss), "accuracy": float(accuracy)}
