"""A fitted classifier without TensorFlow: what `freeze` returns."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skrnn.estimators.prediction import Prediction
from skrnn.estimators.sequences import InputForm, read_like
from skrnn.network import reference
from skrnn.network.spec import NetworkSpec


class FrozenClassifier(Prediction, ClassifierMixin, BaseEstimator):
    """A fitted classifier that cannot be fitted again and predicts in NumPy.

    The `freeze` method of a classifier returns one. As with :class:`sklearn.frozen.FrozenEstimator`, `fit` does
    nothing and a clone is the object itself, so it works in pipelines and meta-estimators.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_features_in_ : int
        Features per step, or columns of a table.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns of a table, or of the features of a step. Defined only if X was a data frame or a list of
        data frames, and all names are strings.
    n_parameters_ : int
        Number of weights of the network.

    Examples
    --------
    >>> from skrnn import LSTMClassifier
    >>> from skrnn.datasets import make_adding_problem
    >>> X, y = make_adding_problem(100, 10, random_state=0)
    >>> frozen = LSTMClassifier(8, epochs=2, random_state=0).fit(X, y).freeze()
    >>> frozen.predict_proba(X[:3]).shape
    (3, 2)
    """

    @classmethod
    def of(cls, fitted: Any, form: InputForm, spec: NetworkSpec, weights: Sequence[np.ndarray]) -> Self:
        """Copy what prediction needs from a fitted classifier."""
        frozen = cls()
        frozen._form, frozen._spec = form, spec
        frozen._weights = tuple(weight.copy() for weight in weights)
        for name in ("classes_", "n_features_in_", "feature_names_in_", "n_parameters_"):
            if hasattr(fitted, name):
                setattr(frozen, name, getattr(fitted, name))
        return frozen

    def fit(self, X, y=None, **params) -> Self:
        """Do nothing.

        Parameters
        ----------
        X, y : object
            Ignored.
        **params : dict
            Ignored.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        return self

    def freeze(self) -> Self:
        """Return the classifier itself.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        return self

    def __sklearn_clone__(self) -> Self:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_weights")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.classifier_tags.multi_label = hasattr(self, "_spec") and self._spec.output.is_multilabel
        return tags

    def _logits(self, X) -> np.ndarray:
        check_is_fitted(self)
        return reference.predict_logits(self._spec, self._weights, read_like(self._form, self, X).values)

    def _staged_logits(self, X) -> Iterator[np.ndarray]:
        check_is_fitted(self)
        return reference.staged_logits(self._spec, self._weights, np.asarray(read_like(self._form, self, X).values))
