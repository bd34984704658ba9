"""The methods of a scikit-learn classifier that predict, computed from logits. Nothing here imports TensorFlow."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score

from skrnn.estimators.targets import check_width, of_mean_one, read_labels, read_sample_weight
from skrnn.network.spec import NetworkSpec


def require_finite(logits: np.ndarray) -> np.ndarray:
    """Return the logits of shape (n, width).

    Raises
    ------
    FloatingPointError
        If one is not finite: it has no probability.
    """
    if not np.isfinite(logits).all():
        row = int(np.argmin(np.isfinite(logits).all(axis=1)))
        raise FloatingPointError(
            f"The outputs of the network for sequence {row} of X are out of the range of float32, so that they have no "
            "probabilities. The training has diverged, or the values of the sequence are far larger than those in fit. "
            "Scale X, or set a smaller learning_rate."
        )
    return logits


class Prediction:
    """The methods that predict, for a class that computes logits.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    _spec : NetworkSpec
        Its output gives the logits their meaning. Defined, like ``classes_``, in a fitted classifier; `_logits` and
        `_staged_logits` check that it is fitted.
    """

    classes_: np.ndarray
    _spec: NetworkSpec

    @abstractmethod
    def _logits(self, X) -> np.ndarray:
        """Return the logits ``(n, output.width)`` of X."""

    @abstractmethod
    def _staged_logits(self, X) -> Iterator[np.ndarray]:
        """Iterate over the logits after one step, after two, to the last."""

    @abstractmethod
    def freeze(self) -> "Prediction":
        """Return a classifier that predicts the same without TensorFlow."""

    def to_onnx(self, path: Any) -> None:
        """Write the classifier to an ONNX file; :func:`skrnn.to_onnx` says what it reads and computes.

        Parameters
        ----------
        path : str or path-like
            The file, usually named ``*.onnx``. A file that exists is replaced.

        Raises
        ------
        ImportError
            If the package onnx is not installed.
        NotFittedError
            If the classifier is not fitted.
        TypeError
            If the labels have no form in ONNX.
        ValueError
            If the model is larger than 2 GiB.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from skrnn import GRUClassifier
        >>> from skrnn.datasets import make_adding_problem
        >>> X, y = make_adding_problem(100, 10, random_state=0)
        >>> classifier = GRUClassifier(8, epochs=2, random_state=0).fit(X, y)
        >>> with TemporaryDirectory() as folder:
        ...     classifier.to_onnx(f"{folder}/model.onnx")
        ...     [path.name for path in Path(folder).iterdir()]
        ['model.onnx']
        """
        frozen = self.freeze()
        from skrnn.onnx.model import write_model

        write_model([], frozen, path)

    def decision_function(self, X) -> np.ndarray:
        """Compute the logits, from which the probabilities follow.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw.

        Returns
        -------
        values : ndarray of shape (n_samples,) or (n_samples, n_classes), float32
            For two classes, one value: positive for ``classes_[1]``. With ``multilabel=True``, one for each label.
        """
        logits = require_finite(self._logits(X))
        return self._spec.output.decision_values(logits)

    def predict_proba(self, X) -> np.ndarray:
        """Predict the probability of each class, or with ``multilabel=True`` of each label.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), float32
            In the order of `classes_`. Each row sums to one, except with ``multilabel=True``.
        """
        logits = require_finite(self._logits(X))
        return self._spec.output.probabilities(logits)

    def predict_log_proba(self, X) -> np.ndarray:
        """Predict the logarithm of the probability of each class or label, without computing the probability first.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes), float32
        """
        logits = require_finite(self._logits(X))
        return self._spec.output.log_probabilities(logits)

    def predict(self, X) -> np.ndarray:
        """Predict the most probable class, or with ``multilabel=True`` all labels with a probability above one half.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw.

        Returns
        -------
        labels : ndarray of shape (n_samples,), or of zeros and ones of shape (n_samples, n_labels)
        """
        logits = require_finite(self._logits(X))
        return self._spec.output.labels(logits, self.classes_)

    def score(self, X, y, sample_weight=None) -> float:
        """Return the accuracy: the share of sequences whose label, or whose labels all, are predicted.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels or one-hot rows; with ``multilabel=True`` zeros and ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
        """
        predicted = self.predict(X)
        labels, _ = read_labels(y, multilabel=self._spec.output.is_multilabel)
        check_width(labels, len(self.classes_), "y")
        weights = None if sample_weight is None else read_sample_weight(sample_weight, labels)
        if weights is not None:
            weights = of_mean_one(weights)  # scikit-learn adds them up
        return float(accuracy_score(labels, predicted, sample_weight=weights))

    def staged_predict_proba(self, X) -> Iterator[np.ndarray]:
        """Predict after every step: what the network believes when it has read the sequences so far.

        Parameters
        ----------
        X : as in `fit`
            Sequences in the form that `fit` saw. Sequences of numbers start at their first step that is not padding.
            After the end of a sequence its probabilities stay the same.

        Yields
        ------
        probabilities : ndarray of shape (n_samples, n_classes), float32
            After one step, after two, and so on; at the end those of `predict_proba`.
        """
        for logits in map(require_finite, self._staged_logits(X)):
            yield self._spec.output.probabilities(logits)
