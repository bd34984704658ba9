"""Everything that training changes, as plain arrays, and its way into a Keras model and out of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn._tensorflow import keras, tf
from skrnn.network.architecture import build_model
from skrnn.network.spec import NetworkSpec, OptimizerSpec


@dataclass(frozen=True)
class State:
    """What a training starts from, and what it comes to.

    Attributes
    ----------
    weights : tuple of ndarray
        What predicts, in the order of ``keras.Model.weights``. Where the optimizer averages weights, the averages.
    optimizer : tuple of ndarray
        The optimizer's variables but for the learning rate. Where it averages weights, those in training stand in the
        averages' place.
    """

    weights: tuple[np.ndarray, ...]
    optimizer: tuple[np.ndarray, ...]


def trainable_model(spec: NetworkSpec, optimizer_spec: OptimizerSpec) -> keras.Model:
    """Return a new stock Keras model, compiled with its optimizer."""
    return compiled(build_model(spec), spec, optimizer_spec)


def compiled(model: keras.Model, spec: NetworkSpec, optimizer_spec: OptimizerSpec) -> keras.Model:
    """Give a model of `spec` its optimizer and its loss."""
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
            variable.value.assign(value)  # Keras' own assign takes longer


def exchange_averages(model: keras.Model) -> None:
    """Exchange the weights in training with the averages that the optimizer keeps of them, if it has begun to.

    When a training ends, Keras puts the averages (``use_ema``) in the weights' place for good, and what follows goes on
    from there: two trainings would not be what one of both lengths is.
    """
    if model.optimizer.iterations.numpy() > 0:
        for weight, average in averages(model):
            value = tf.identity(weight.value)
            weight.value.assign(average.value)
            average.value.assign(value)


def averages(model: keras.Model) -> Iterator[tuple[Any, Any]]:
    """Iterate over the trainable weights and the variables for their averages, if the optimizer keeps any."""
    optimizer = model.optimizer
    if optimizer.use_ema:
        yield from zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True)


def _optimizer_variables(model: keras.Model) -> list[Any]:
    """Return what an optimizer remembers; its learning rate is given anew to every training."""
    return [variable for variable in model.optimizer.variables if variable.name != "learning_rate"]
