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
    from skrnn._tensorflow import keras, tf


class Output(ABC):
    """The output of a network for one kind of target.

    Attributes
    ----------
    link : str
        Keras' name of the activation that turns logits into probabilities.
    loss : str
        Keras' name of the loss, as a function of targets and probabilities.
    is_multilabel : bool
        Whether a sequence may have several labels, or none.
    """

    link: ClassVar[str]
    loss: ClassVar[str]
    is_multilabel: ClassVar[bool] = False

    @property
    @abstractmethod
    def width(self) -> int:
        """The number of logits of a sequence."""

    @property
    def target_width(self) -> int:
        """The number of values in the target of a sequence; a class index is one."""
        return 1

    # In training: tensors

    def metric(self) -> str | keras.metrics.Metric:
        """Return what a Keras model is compiled with to report the accuracy, under the name ``accuracy``."""
        return "accuracy"

    @abstractmethod
    def losses(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Compute the loss of each row.

        Parameters
        ----------
        targets : tensor of shape (n,) or (n, target_width), int32
            Class indices, or zeros and ones.
        logits : tensor of shape (n, width), float32

        Returns
        -------
        losses : tensor of shape (n,), float32
        """

    @abstractmethod
    def accuracies(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Compute the accuracy of each row: 1 if its label is predicted and 0 if not, or the share of its labels.

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
        """Compute the probabilities of classes or labels, ``(n, n_classes)``, from logits ``(n, width)``."""

    @abstractmethod
    def log_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Compute the logarithms of the probabilities, accurate also where a probability rounds to zero."""

    @abstractmethod
    def labels(self, logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return the predicted labels: elements ``(n,)`` of `classes`, or zeros and ones ``(n, n_labels)``."""


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


@dataclass(frozen=True)
class Multilabel(Output):
    """Labels of which a sequence has any number: one logit for each, the log-odds that it has the label.

    Attributes
    ----------
    n_labels : int
    """

    n_labels: int

    link = "sigmoid"
    loss = "binary_crossentropy"
    is_multilabel = True

    @property
    def width(self) -> int:
        """One logit for each label."""
        return self.n_labels

    @property
    def target_width(self) -> int:
        """A zero or a one for each label."""
        return self.n_labels

    def metric(self) -> keras.metrics.Metric:
        """Return the share of right labels: by "accuracy" Keras would mean the label with the largest probability."""
        from skrnn._tensorflow import keras

        return keras.metrics.BinaryAccuracy(name="accuracy")

    def losses(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Compute the binary cross-entropy of each row, the mean over its labels."""
        from skrnn._tensorflow import keras

        return keras.losses.binary_crossentropy(targets, logits, from_logits=True)

    def accuracies(self, targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Compute the share of right labels in each row: a positive logit predicts its label."""
        from skrnn._tensorflow import tf

        return tf.reduce_mean(tf.cast(tf.cast(logits > 0, tf.int32) == targets, tf.float32), axis=1)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Compute the probability of each label, ``(n, n_labels)``; they do not sum to one."""
        return expit(logits)

    def log_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Compute the logarithm of each probability, ``(n, n_labels)``."""
        return log_expit(logits)

    def labels(self, logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return 1 for each label whose logit is positive, otherwise 0."""
        return (logits > 0).astype(int)


def output_for(n_classes: int, *, multilabel: bool = False) -> Output:
    """Return the output for a target.

    Parameters
    ----------
    n_classes : int
        The number of classes or labels.
    multilabel : bool, default=False
        Whether a sequence may have several labels. If not, two classes share one logit.
    """
    if multilabel:
        return Multilabel(n_classes)
    return OneLogit() if n_classes == 2 else Softmax(n_classes)
