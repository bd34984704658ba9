"""What the output of a network means: width, loss, metric and link, one class for each kind of target.

A network computes *logits*, the values of its last dense layer. An output says how many there are, which loss is
minimised, and how probabilities, labels and the accuracy follow from them. A new kind of target is a new class here.

Importing this module does not import TensorFlow; the methods that take tensors import it when they are called.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax

if TYPE_CHECKING:
    from skrnn._tensorflow import tf


class Output(ABC):
    """The output of a network for one kind of target.

    Attributes
    ----------
    link : str
        Keras' name of the activation that turns logits into probabilities.
    loss : str
        Keras' name of the loss, as a function of targets and probabilities.
    """

    link: ClassVar[str]
    loss: ClassVar[str]

    @property
    @abstractmethod
    def width(self) -> int:
        """The number of logits of a sequence."""

    # In training: tensors

    @abstractmethod
    def losses(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Compute the loss of each row.

        Parameters
        ----------
        targets : tensor of shape (n,), int32
            Class indices.
        logits : tensor of shape (n, width), float32

        Returns
        -------
        losses : tensor of shape (n,), float32
        """

    @abstractmethod
    def accuracies(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Compute the accuracy of each row: 1 if its label is predicted, otherwise 0.

        Parameters
        ----------
        targets, logits : as in `losses`

        Returns
        -------
        accuracies : tensor of shape (n,), float32
        """

    # In prediction: arrays

    def decision_values(self, logits: np.ndarray) -> np.ndarray:
        """Return what `decision_function` answers, in the shape that scikit-learn expects."""
        return logits

    @abstractmethod
    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Compute the probabilities ``(n, n_classes)`` from logits ``(n, width)``."""

    @abstractmethod
    def log_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Compute the logarithms of the probabilities, accurate also where a probability rounds to zero."""

    @abstractmethod
    def labels(self, logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return the predicted labels ``(n,)``, which are elements of `classes`."""


@dataclass(frozen=True)
class OneLogit(Output):
    """Two classes: one logit, the log-odds of the second class."""

    link = "sigmoid"
    loss = "binary_crossentropy"
    width = 1

    def losses(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Compute the binary cross-entropy of each row."""
        from skrnn._tensorflow import keras

        return keras.losses.binary_crossentropy(targets[:, None], logits, from_logits=True)

    def accuracies(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Compute the accuracy of each row: a positive logit predicts the second class."""
        from skrnn._tensorflow import tf

        return tf.cast(tf.cast(logits[:, 0] > 0, tf.int32) == targets, tf.float32)

    def decision_values(self, logits: np.ndarray) -> np.ndarray:
        """Return one value for each row, as scikit-learn expects for two classes."""
        return logits[:, 0]

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Compute the probabilities of both classes, ``(n, 2)``."""
        return np.hstack([expit(-logits), expit(logits)])

    def log_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Compute the logarithms of both probabilities, ``(n, 2)``."""
        return np.hstack([log_expit(-logits), log_expit(logits)])

    def labels(self, logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return the second class where the logit is positive, otherwise the first."""
        return classes[(logits[:, 0] > 0).astype(int)]


@dataclass(frozen=True)
class Softmax(Output):
    """Any number of classes, of which one is right: one logit for each.

    Attributes
    ----------
    n_classes : int
    """

    n_classes: int

    link = "softmax"
    loss = "sparse_categorical_crossentropy"

    @property
    def width(self) -> int:
        """One logit for each class."""
        return self.n_classes

    def losses(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Compute the cross-entropy of each row."""
        from skrnn._tensorflow import keras

        return keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True)

    def accuracies(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Compute the accuracy of each row: the largest logit predicts its class."""
        from skrnn._tensorflow import tf

        return tf.cast(tf.argmax(logits, axis=1, output_type=tf.int32) == targets, tf.float32)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Compute the probability of each class, ``(n, n_classes)``."""
        return softmax(logits, axis=1)

    def log_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Compute the logarithm of each probability, ``(n, n_classes)``."""
        return log_softmax(logits, axis=1)

    def labels(self, logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return the class with the largest logit."""
        return classes[logits.argmax(axis=1)]


def output_for(n_classes: int) -> Output:
    """Return the output that tells `n_classes` classes apart: one logit for two of them, otherwise one for each."""
    return OneLogit() if n_classes == 2 else Softmax(n_classes)
