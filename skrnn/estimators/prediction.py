"""From decision values to what a scikit-learn classifier answers. Nothing here imports TensorFlow."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.metrics import accuracy_score

from skrnn.estimators.targets import read_labels, read_sample_weight


class Prediction:
    """The methods that predict, for a class that computes decision values and has ``classes_``."""

    classes_: Any

    @abstractmethod
    def _logits(self, X) -> np.ndarray:
        """Return the decision values ``(n, n_outputs)`` of X."""

    @abstractmethod
    def _staged_logits(self, X) -> Iterator[np.ndarray]:
        """Iterate over the decision values after one step, after two, to the last."""

    def decision_function(self, X) -> np.ndarray:
        """Compute the values that the probabilities are made of (logits).

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw.

        Returns
        -------
        values : ndarray of shape (n_samples,) or (n_samples, n_classes), float32
            For two classes those of ``classes_[1]``.
        """
        logits = self._logits(X)
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def predict_proba(self, X) -> np.ndarray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), float32
            In the order of `classes_`.
        """
        return _probabilities(self._logits(X))

    def predict_log_proba(self, X) -> np.ndarray:
        """Predict the logarithm of the probability of each class, without passing through the probability.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes), float32
        """
        logits = self._logits(X)
        if logits.shape[1] == 1:
            return np.hstack([log_expit(-logits), log_expit(logits)])
        return log_softmax(logits, axis=1)

    def predict(self, X) -> np.ndarray:
        """Predict the most probable class.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
        """
        logits = self._logits(X)
        numbers = (logits[:, 0] > 0).astype(int) if logits.shape[1] == 1 else logits.argmax(axis=1)
        return self.classes_[numbers]

    def score(self, X, y, sample_weight=None) -> float:
        """Return the accuracy.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels or one-hot rows.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
        """
        labels = read_labels(y)[0]
        weights = None if sample_weight is None else read_sample_weight(sample_weight, labels)
        return float(accuracy_score(labels, self.predict(X), sample_weight=weights))

    def staged_predict_proba(self, X) -> Iterator[np.ndarray]:
        """Predict after every step: what the network believes when it has read the sequences so far.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw. Sequences of numbers start at their first step that is no padding; one
            that has ended keeps its last probabilities.

        Yields
        ------
        probabilities : ndarray of shape (n_samples, n_classes), float32
            After one step, after two, and so on; the last are those of `predict_proba`.
        """
        yield from map(_probabilities, self._staged_logits(X))


def _probabilities(logits: np.ndarray) -> np.ndarray:
    return np.hstack([expit(-logits), expit(logits)]) if logits.shape[1] == 1 else softmax(logits, axis=1)
