"""A traced network that trains whole epochs inside one graph and predicts in batches.

It has two parts: the encoder, which contains the recurrent layers, and the head, which computes logits from their
pooled output. Training is traced in one of two ways. One is quick to trace and works for every shape. The other
compiles the recurrent layers for the shape of its batches, which pays off for all but the smallest data. A last batch
that is not full is then filled up for the encoder only: the head, batch normalisation and the loss see no row twice.

The data stay on the device. Control returns to Python after every few batches, so that training can be interrupted, and
after every epoch, for callbacks, history and early stopping. All randomness of an epoch follows from a seed and the
number of the epoch: training in one call or in many gives the same bits.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, TypeAlias

import numpy as np

from skrnn._keras import layers_of, not_decayed, rate_of
from skrnn._leaks import forget_gradients, unrecorded
from skrnn._tensorflow import keras, tf
from skrnn.network.architecture import connect
from skrnn.network.initialization import initial_weights
from skrnn.network.interrupts import interrupts_come_through
from skrnn.network.layers import Dropout, Execution, covers, recurrent_layers, running
from skrnn.network.size import rows_at_once
from skrnn.network.spec import NetworkSpec, OptimizerSpec
from skrnn.network.state import (
    State,
    compile_model,
    exchange_averages,
    fresh_optimizer,
    parts,
    read_state,
    write_state,
)
from skrnn.preprocessing.lazy_rows import LazyRows
from skrnn.preprocessing.padding import is_finite

BATCHES_PER_CALL = 25  # about a second of training on two cores: how long Ctrl-C may take
ROWS_PER_PREDICTION = 1024
BYTES_PER_CALL = 2**27  # rows that are read when they are needed take up to twice this memory
_STEPS_WORTH_COMPILING = 256  # steps of all batches of an epoch from which compiling for their shape pays off
_ROWS_PER_SHARD = 16  # the fewest: smaller shards cost more time than they save
_MAX_GRAPHS = 4  # training graphs that a network keeps, one for each compiled shape
_FORWARD = Execution(shards=2, differentiable=False)
_GraphKey: TypeAlias = tuple[tuple[int, int] | None, tuple[bool, ...]]  # the compiled shape; which layers are trained


@dataclass(frozen=True)
class Batches:
    """Rows to train on or to evaluate.

    They are on the device, except bytes and rows that are read when they are needed: a copy of all would take as much
    memory again, while copying chunks costs little time.

    Attributes
    ----------
    x : tf.Tensor of shape (n, T, D), float32, or (n, T), int32, or ndarray of shape (n, T, D), uint8, or LazyRows
        Sequences of numbers, of token ids, or of bytes; LazyRows of any of them.
    y : tf.Tensor of shape (n,) or (n, n_labels), int32
        Class indices, or for each label a zero or a one.
    weight : tf.Tensor of shape (n,), float32
        The weight of each row, with a mean of one.
    batch_size : int
        Rows per update.
    lengths : ndarray of shape (n,), int64, or None
        Steps of each row, if they differ: rows of similar length then share a batch.
    """

    x: tf.Tensor | np.ndarray | LazyRows
    y: tf.Tensor
    weight: tf.Tensor
    batch_size: int
    lengths: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        x: np.ndarray | LazyRows,
        y: np.ndarray,
        weight: np.ndarray,
        batch_size: int,
        lengths: np.ndarray | None = None,
    ) -> "Batches":
        """Make batches of arrays."""
        return cls(
            x if x.dtype == np.uint8 or isinstance(x, LazyRows) else tf.constant(x),
            tf.constant(y, dtype=tf.int32),
            tf.constant(weight, dtype=tf.float32),
            int(batch_size),
            lengths,
        )

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.x.shape[0])

    @property
    def rows_per_call(self) -> int:
        """How many rows, in whole batches, a call into the graph trains on."""
        row = 4 * int(np.prod(self.x.shape[1:]))
        return self.batch_size * max(1, min(BATCHES_PER_CALL, BYTES_PER_CALL // (row * self.batch_size)))

    def chunk(self, rows: np.ndarray) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return x, y and weights on the device, and the indices of `rows` in them."""
        if isinstance(self.x, tf.Tensor):
            return self.x, self.y, self.weight, tf.constant(rows, tf.int32)
        brought = tf.constant(self.x[rows])
        return brought, tf.gather(self.y, rows), tf.gather(self.weight, rows), tf.range(len(rows))


class BatchHooks:
    """Calls Keras callbacks around every batch, and reports when one of them stops the training.

    Parameters
    ----------
    model : keras.Model
    callbacks : keras.callbacks.CallbackList or Watched
    """

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
        The network in training, compiled with its optimizer, as Keras callbacks see it.
    is_sound : bool
        Whether it still matches its specs, so that it can be reused.
    """

    @interrupts_come_through()
    def __init__(self, spec: NetworkSpec, optimizer_spec: OptimizerSpec):
        self.spec = spec
        self.optimizer_spec = optimizer_spec
        self.is_sound = True
        tensors = connect(spec)
        model = keras.Model(tensors.inputs, tensors.probabilities, name=spec.cell)
        self.model = compile_model(model, spec, optimizer_spec)
        self._encoder = keras.Model(tensors.inputs, tensors.features)
        self._head = keras.Model(tensors.features, tensors.logits)
        self._built = read_state(self.model)
        self._built_trainable = self.trainable
        self._random_states = [v for v in self.model.variables if v.name == "seed_generator_state"]
        self._loaded: State | None = None
        self._holds_optimizer = False  # or only the weights of that state

        # Each compiled shape has a graph of its own; all other shapes share one.
        self._train_graphs: OrderedDict[_GraphKey, Callable[..., tf.Tensor]] = OrderedDict()
        self._predict_graph = _traced(self._predict_rows, _FORWARD)
        self._evaluate_graph = _traced(self._evaluate_rows, _FORWARD)

    # State

    @interrupts_come_through()
    def initial_state(self, seed: int, vectors: tuple[np.ndarray, np.ndarray] | None = None) -> State:
        """Return fresh weights and a fresh optimizer.

        Parameters
        ----------
        seed : int
            All random weights follow from it.
        vectors : tuple of (ndarray of shape (k,), ndarray of shape (k, embedding_dim)), optional
            Token ids, and their rows in the embedding. All other rows are random.
        """
        weights = initial_weights(self.model, self._built.weights, seed)
        if vectors is not None:
            ids, rows = vectors
            weights[0] = weights[0].copy()  # the embedding is the first layer
            weights[0][ids] = rows
        return self.restarted(tuple(weights))

    @interrupts_come_through()
    def restarted(self, weights: tuple[np.ndarray, ...]) -> State:
        """Return a state with these weights and an optimizer that has not trained yet."""
        if not self._optimizer_reads_weights:  # TensorFlow never frees all memory of an optimizer
            return replace(self._built, weights=weights)
        self._loaded = None
        return State(weights, fresh_optimizer(self.model, self.optimizer_spec, weights))

    @cached_property
    def _optimizer_reads_weights(self) -> bool:
        """Whether a new optimizer copies the weights, as optimizers that average them and schedule-free ones do."""
        self._loaded = None
        moved = tuple(weight + 1 for weight in self._built.weights)
        state = fresh_optimizer(self.model, self.optimizer_spec, moved)
        return not all(map(np.array_equal, state, self._built.optimizer))

    def set_dropout(self, spec: NetworkSpec) -> None:
        """Set the dropout rates to those of `spec`. Which of them are positive is part of the structure."""
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
        return tuple(layer.trainable for layer in layers_of(self.model))

    def set_trainable(self, flags: tuple[bool, ...] | None) -> None:
        """Freeze layers and train others, as `trainable` describes them; None trains those that `spec` trains."""
        layers = layers_of(self.model)
        flags = self._built_trainable if flags is None else flags
        if flags != self.trainable:
            for layer, flag in zip(layers, flags, strict=True):  # a layer before those in it
                layer.trainable = flag

    def settings(self) -> dict[str, object]:
        """Return the attributes of the optimizer and the layers that are constants in the graphs, by name."""
        found: dict[str, object] = {"the optimizer": id(self.model.optimizer)}
        for part in parts(self.model.optimizer):
            found |= {f"optimizer.{name}": value for name, value in _constants(part)}
        for layer in layers_of(self.model, with_model=False):
            found |= {f"{layer.name}.{name}": value for name, value in _constants(layer)}
        found["optimizer.learning_rate"] = [id(rate_of(part)) for part in parts(self.model.optimizer)]
        found["optimizer.exclude_from_weight_decay"] = [not_decayed(part) for part in parts(self.model.optimizer)]
        return found

    def state(self) -> State:
        """Copy the variables out."""
        state = read_state(self.model)
        self._loaded, self._holds_optimizer = state, True
        return state

    def diverged(self, state: State) -> Iterator[tuple[str, float]]:
        """Iterate over the first value of a state that is not finite: what it is, and the value.

        A variable in which a new optimizer holds such a value may do so later, too.
        """
        built = self._built
        for what, values, before in (
            ("A weight", state.weights, built.weights),
            ("The optimizer's state", state.optimizer, built.optimizer),
        ):
            for value, fresh in zip(values, before, strict=True):
                if not is_finite(value) and is_finite(fresh):
                    found = np.ravel(value)
                    yield what, float(found[~np.isfinite(found)][0])
                    return

    # Training

    @interrupts_come_through()
    def train_epoch(
        self, batches: Batches, order: np.ndarray, seeds: np.ndarray, on_batch: BatchHooks | None = None
    ) -> dict[str, float]:
        """Train one epoch. If the optimizer averages weights, the network has the averages afterwards.

        Parameters
        ----------
        batches : Batches
        order : ndarray of shape (n,)
            The order in which the rows are read.
        seeds : ndarray of shape (n_random_states, 2)
            The states of the generators of dropout masks; see `n_random_states`.
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
        rows_per_call = size if on_batch is not None else batches.rows_per_call
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
        """The number of generators of dropout masks."""
        return len(self._random_states)

    def _train_graph(self, batches: Batches) -> Callable[..., tf.Tensor]:
        """Return the function that trains on batches of this shape.

        How it runs depends on the data and the structure only, not on the machine or the number of epochs. Otherwise
        equal fits would not give the same bits.
        """
        n_batches, n_steps = -(-len(batches) // batches.batch_size), batches.x.shape[1]
        compiled = n_batches * n_steps >= _STEPS_WORTH_COMPILING and covers(
            self.spec.activation, self.spec.recurrent_activation
        )
        shape = (batches.batch_size + batches.batch_size % 2, n_steps) if compiled else None
        # A callback may have frozen layers.
        key = shape, self.trainable
        if key in self._train_graphs:
            self._train_graphs.move_to_end(key)
        else:
            # Decided by the shape, which is the key: batches of 31 and of 32 rows share one graph.
            in_two = shape is not None and shape[0] >= 2 * _ROWS_PER_SHARD and not self.spec.bidirectional
            execution = Execution(shards=2 if in_two else 1, compiled=compiled)
            self._train_graphs[key] = _traced(partial(self._train_batches, shape), execution)
        if len(self._train_graphs) > _MAX_GRAPHS:
            self._train_graphs.popitem(last=False)
        return self._train_graphs[key]

    def _train_batches(
        self,
        shape: tuple[int, int] | None,
        x: tf.Tensor,
        y: tf.Tensor,
        weight: tf.Tensor,
        order: tf.Tensor,
        batch_size: tf.Tensor,
    ) -> tf.Tensor:
        """Train on the rows of `order`, batch by batch, and return the sums of `_sums`."""
        variables = self.model.trainable_variables
        update = self._apply
        if shape is not None and self.optimizer_spec.is_keras:  # XLA may be unable to compile a user's class
            update = tf.function(partial(self._apply), jit_compile=True, autograph=False)

        def train_one(start: tf.Tensor, totals: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows = order[start : start + batch_size]
            labels, weights = tf.gather(y, rows), tf.gather(weight, rows)
            sequences = self._batch(x, rows, shape)
            with tf.GradientTape() as tape:
                n_rows = tf.size(rows)
                features = keras.tree.map_structure(lambda x: x[:n_rows], self._encoder(sequences, training=True))
                logits = self._head(features, training=True)
                losses = weights * self.spec.output.losses(labels, logits)
                loss = self.model.optimizer.scale_loss(tf.reduce_mean(losses))
            gradients = tape.gradient(loss, [v.value for v in variables])
            update(gradients)
            return start + batch_size, totals + self._sums(weights, losses, labels, logits)

        return tf.while_loop(lambda start, _: start < tf.size(order), train_one, (tf.constant(0), tf.zeros(2)))[1]

    def _batch(self, x: tf.Tensor, rows: tf.Tensor, shape: tuple[int, int] | None) -> tf.Tensor:
        """Gather rows for the encoder. In a graph of one shape, the last row is repeated until the batch is full."""
        if shape is None:
            return self._numbers(self._trim(tf.gather(x, rows)))
        filled = tf.gather(rows, tf.minimum(tf.range(shape[0]), tf.size(rows) - 1))
        return self._numbers(tf.ensure_shape(tf.gather(x, filled), (*shape, *x.shape[2:])))

    def _apply(self, gradients: Sequence[tf.Tensor]) -> None:
        # Dense, also for an embedding: an optimizer's momentum moves rows that are in no batch, too.
        dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
        self.model.optimizer.apply(dense, self.model.trainable_variables)

    def _sums(self, weights: tf.Tensor, losses: tf.Tensor, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Return the sum of the weighted losses, and the weighted sum of the accuracies."""
        accuracies = self.spec.output.accuracies(labels, logits)
        return tf.stack([tf.reduce_sum(losses), tf.reduce_sum(weights * accuracies)])

    def _numbers(self, x: tf.Tensor) -> tf.Tensor:
        """Return sequences as the encoder reads them: bytes are scaled."""
        return tf.cast(x, tf.float32) / self.spec.byte_scale if x.dtype == tf.uint8 else x

    def _trim(self, x: tf.Tensor) -> tf.Tensor:
        """Cut off steps at the end that are padding in all rows."""
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

    def _evaluate_rows(self, x: tf.Tensor, y: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        logits = self._predict_rows(x)
        return self._sums(weight, weight * self.spec.output.losses(y, logits), y, logits)

    @interrupts_come_through()
    def predict_logits(self, x: np.ndarray | LazyRows) -> np.ndarray:
        """Return the logits ``(n, output.width)`` of `x`, a padded array of sequences."""
        rows = rows_at_once(self.spec, x.shape[1], ROWS_PER_PREDICTION)  # so that memory does not grow with X
        parts = (x[start : start + rows] for start in range(0, len(x), rows))
        return np.concatenate([self._predict_graph(part).numpy() for part in parts])

    def _predict_rows(self, x: tf.Tensor) -> tf.Tensor:
        return self._head(self._encoder(self._numbers(self._trim(x)), training=False), training=False)


def _traced(function: Callable, execution: Execution) -> Callable:
    """Return a graph of a function of arrays, traced once for each dtype of the first array, whatever the lengths."""
    graphs: dict[tf.DType, Any] = {}

    def run(*arrays: tf.Tensor) -> tf.Tensor:
        with running(execution):
            return function(*arrays)

    def traced(*arrays: tf.Tensor | np.ndarray) -> tf.Tensor:
        x, *rest = map(tf.convert_to_tensor, arrays)
        if x.dtype not in graphs:
            signature = [tf.TensorSpec((None, None, *x.shape[2:]), x.dtype)]
            signature += [tf.TensorSpec([None] * len(tensor.shape), tensor.dtype) for tensor in rest]
            # A partial: TensorFlow counts traces by code object, and would warn about too many structures.
            graphs[x.dtype] = tf.function(partial(run), signature, autograph=False)
            forget_gradients(graphs[x.dtype].get_concrete_function().graph)
        with unrecorded():  # where `fit` is called within a tape, too, nobody asks for the gradient of a training
            return graphs[x.dtype](x, *rest)

    return traced


def _constants(owner: keras.optimizers.Optimizer | keras.Layer) -> Iterator[tuple[str, object]]:
    """Iterate over the attributes of an optimizer or a layer that are plain values, or the ids of functions."""
    for name, value in vars(owner).items():
        if name[0] != "_" and isinstance(value, (bool, int, float, str, type(None))):
            yield name, value
        elif name[0] != "_" and callable(value):
            yield name, id(value)


def _means(totals: np.ndarray, n_rows: int) -> dict[str, float]:
    loss, accuracy = totals / n_rows
    return {"loss": float(loss), "accuracy": float(accuracy)}
