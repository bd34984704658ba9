"""The state of training as plain arrays, which are read from a Keras model and written to it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skrnn._keras import TRACKER, averages_of, existing, rate_of
from skrnn._tensorflow import keras, tf
from skrnn.network.architecture import build_model
from skrnn.network.spec import NetworkSpec, OptimizerSpec


@dataclass(frozen=True)
class State:
    """The weights of a network and the state of its optimizer.

    Attributes
    ----------
    weights : tuple of ndarray, float32
        The weights for predictions, in the order of ``keras.Model.weights``. If the optimizer averages weights, these
        are the averages.
    optimizer : tuple of ndarray
        The optimizer's variables except the learning rate. If the optimizer averages weights, the weights in training
        replace the averages.
    """

    weights: tuple[np.ndarray, ...]
    optimizer: tuple[np.ndarray, ...]


def trainable_model(spec: NetworkSpec, optimizer_spec: OptimizerSpec) -> keras.Model:
    """Return a new stock Keras model, compiled with its optimizer and ready for export."""
    model = compile_model(build_model(spec), spec, optimizer_spec)
    # Keras cannot export a model before its first call.
    model(np.zeros((1, 1), np.int32) if spec.reads_ids else np.zeros((1, 1, spec.n_features), np.float32))
    return model


def compile_model(model: keras.Model, spec: NetworkSpec, optimizer_spec: OptimizerSpec) -> keras.Model:
    """Compile a model of `spec` with its optimizer, loss and metrics, and build all of them."""
    optimizer = make_optimizer(optimizer_spec)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, loss=spec.output.loss, metrics=[spec.output.metric()])
    # Keras builds loss and metrics with the first batch. Callbacks look up metrics by name, to choose "min" or "max".
    y, predicted = np.zeros((1, spec.output.target_width), np.float32), np.full((1, spec.output.width), 0.5, np.float32)
    model.compute_loss(y=y, y_pred=predicted)
    model.compute_metrics(None, y, predicted)
    model.reset_metrics()
    return model


def make_optimizer(optimizer_spec: OptimizerSpec) -> keras.optimizers.Optimizer:
    """Create an optimizer from its specification."""
    with keras.saving.custom_object_scope(dict(optimizer_spec.custom_objects)):
        return optimizer_spec.optimizer_class.from_config(json.loads(optimizer_spec.config))


def fresh_optimizer(
    model: keras.Model, optimizer_spec: OptimizerSpec, weights: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, ...]:
    """Set the weights of a model, and return the state of a new optimizer for it."""
    model.set_weights(weights)
    optimizer = make_optimizer(optimizer_spec)
    optimizer.build(model.trainable_variables)
    return tuple(variable.numpy() for variable in _variables(model, optimizer))


def parts(optimizer: keras.optimizers.Optimizer) -> Iterator[keras.optimizers.Optimizer]:
    """Iterate over the optimizers that update weights: `optimizer` itself, or the optimizers that it wraps."""
    inner = getattr(optimizer, "optimizers", None) or [getattr(optimizer, "inner_optimizer", None)]
    for part in inner:
        yield from [optimizer] if part is None else parts(part)


def read_state(model: keras.Model) -> State:
    """Copy the weights of a model and the state of its optimizer."""
    return State(tuple(model.get_weights()), tuple(v.numpy() for v in _variables(model, model.optimizer)))


def write_state(model: keras.Model, state: State, *, with_optimizer: bool) -> None:
    """Write a state into the variables of a model."""
    model.set_weights(state.weights)
    if with_optimizer:
        for variable, value in zip(_variables(model, model.optimizer), state.optimizer, strict=True):
            _native(variable).assign(value)


def exchange_averages(model: keras.Model) -> None:
    """Exchange the weights in training and their averages in the optimizer, if averages exist.

    With ``use_ema``, Keras replaces the weights by their averages at the end of `fit`. If training continued from the
    averages, two short trainings would differ from a long one.
    """
    for part in parts(model.optimizer):
        if part.use_ema and part.iterations.numpy() > 0:
            for weight, average in _averages(part):
                value = tf.identity(weight.value)
                weight.value.assign(average.value)
                average.value.assign(value)


def averages(model: keras.Model) -> Iterator[tuple[keras.Variable, keras.Variable]]:
    """Iterate over pairs of a trainable weight and its average, if the optimizer averages weights."""
    for part in parts(model.optimizer):
        yield from _averages(part)


def _averages(optimizer: keras.optimizers.Optimizer) -> Iterator[tuple[keras.Variable, keras.Variable]]:
    if optimizer.use_ema and optimizer.built:  # an optimizer without variables is not built
        yield from averages_of(optimizer)


def _variables(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> list[keras.Variable | tf.Variable]:
    """Return the variables of an optimizer except the learning rate, which every training sets.

    They include variables in its attributes, because a user's optimizer need not register all of its variables.
    """
    holder = optimizer
    while hasattr(holder, "inner_optimizer"):
        holder = holder.inner_optimizer
    excluded = {id(rate_of(holder)), *map(id, model.variables), *(id(v.value) for v in model.variables)}
    found = {id(variable): variable for variable in [*optimizer.variables, *_held_by(optimizer)]}
    return [variable for key, variable in found.items() if key not in excluded]


def _held_by(value: object) -> Iterator[keras.Variable | tf.Variable]:
    """Iterate over the variables in a value and in its attributes or elements, however deeply nested."""
    if isinstance(value, (keras.Variable, tf.Variable)):
        yield value
    elif isinstance(value, existing(keras.optimizers, "Optimizer", "OptimizerMap")):
        yield from _held_by({name: held for name, held in vars(value).items() if name != TRACKER})
    elif isinstance(value, (list, tuple, dict)):
        for held in value.values() if isinstance(value, dict) else value:
            yield from _held_by(held)


def _native(variable: keras.Variable | tf.Variable) -> tf.Variable:
    """Return the TensorFlow variable, whose `assign` is faster than the Keras variable's."""
    return variable.value if isinstance(variable, keras.Variable) else variable
