"""The base of transformers that treat each sequence by itself: how they read X, and put padding back around the result.

`skrnn.preprocessing.per_step` applies a transformer of scikit-learn to each step instead.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._sklearn import _fit_context
from skrnn.preprocessing.padding import NO_STEP, Steps, is_finite, stack_steps
from skrnn.preprocessing.reading import Reading, as_sequences, check_features, read, to_object_array


def read_steps(X: Any, n_features: int = 1, hint: str = "") -> tuple[Reading, Steps]:
    """Read X as sequences, whose steps are numbers.

    Parameters
    ----------
    X : array-like of shape (n_sequences, n_steps, n_features), or list or object array of sequences
    n_features : int, default=1
        The number of features if all sequences are empty.
    hint : str, default=""
        What to add to the message about a table.

    Returns
    -------
    reading : Reading
    steps : Steps
        With padding.

    Raises
    ------
    ValueError
        If X is a table or empty, or if sequences differ in their number of features.
    """
    reading = as_sequences(read(X))
    if reading.is_table:
        raise ValueError(
            "Expected X to be a 3-D array or a list of sequences, got a 2-D array of shape "
            f"{reading.values.shape}. Reshape your data: X[:, :, np.newaxis] has one feature per step.{hint}"
        )
    return reading, stack_steps(reading.values, n_features=n_features)


def put_padding_back(
    reading: Reading, steps: Steps, result: Steps, n_steps_out: Callable[[np.ndarray], np.ndarray] | None
) -> np.ndarray:
    """Return transformed sequences in the form of X: an array if X is one, otherwise an object array.

    Parameters
    ----------
    reading, steps : Reading, Steps
        X, with padding.
    result : Steps
        The transformed sequences, without padding.
    n_steps_out : callable or None
        Turns the numbers of steps of sequences before the transformation into those after it. Padding stays on its
        side of the sequence, in these proportions. None drops padding, and makes an object array.
    """
    real = steps.real()
    slots = result.lengths if n_steps_out is None else n_steps_out(steps.lengths)
    values = result.values
    if (slots != result.lengths).any():
        n_padding = steps.lengths - np.bincount(steps.owners[real], minlength=len(steps.lengths))
        before = (slots - result.lengths) * _n_leading(steps, real) // np.maximum(n_padding, 1)
        shift = np.cumsum(slots - result.lengths) - (slots - result.lengths) + before
        values = np.full((slots.sum(), values.shape[1]), np.nan, dtype=values.dtype)
        values[np.arange(len(result.values)) + np.repeat(shift, result.lengths)] = result.values
    if reading.lengths_are_free or n_steps_out is None:
        return to_object_array(Steps(values, slots).split(values))
    return values.reshape(len(slots), slots[0], values.shape[1])


def _n_leading(steps: Steps, real: np.ndarray) -> np.ndarray:
    """Return how many steps of padding come before the first step of each sequence."""
    starts, numbers = steps.starts, np.flatnonzero(real)
    first = starts.copy()
    first[steps.owners[numbers[::-1]]] = numbers[::-1]  # the last assignment to an index counts: the first step
    return first - starts


class NoSetOutput:
    """A transformer whose results never become data frames, because sequences are no table; so do its subclasses'."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**{"auto_wrap_output_keys": None} | kwargs)


class SequenceTransformer(NoSetOutput, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A transformer of each sequence by itself, which never sees padding.

    A subclass says what to learn in `fit`, how to transform the steps, and how that changes their number.
    """

    _allows_nan = True  # inside a sequence

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the sequences, and learn what `transform` needs.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_steps, n_features), or list or object array of sequences
            The sequences; those in a list have the shape (n_steps, n_features) or (n_steps,).
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        reading, steps = read_steps(X)
        sequences = self._sequences(steps)
        if not len(sequences.values):
            raise ValueError(NO_STEP)
        learned = self._learn(reading, sequences)
        check_features(self, reading, steps.values.shape[1], reset=True)
        for name, value in learned.items():
            setattr(self, name, value)
        return self

    def transform(self, X):
        """Transform each sequence.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_steps, n_features), or list or object array of sequences
            The sequences.

        Returns
        -------
        transformed : ndarray of shape (n_sequences, n_steps_out, n_features_out), or object array of shape \
(n_sequences,)
            The transformed sequences, in a numeric array if X is one.
        """
        check_is_fitted(self)
        reading, steps = read_steps(X, self.n_features_in_)
        check_features(self, reading, steps.values.shape[1], reset=False)
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large becomes infinite, which is an error
            result = self._transform(self._sequences(steps))
        self._check_range(result)
        return put_padding_back(reading, steps, result, self._n_steps_out)

    def _sequences(self, steps: Steps) -> Steps:
        """Return the steps without padding, as floats."""
        real = steps.without_padding(allow_nan=self._allows_nan)
        dtype = np.result_type(real.values, np.float32)  # holds all values of short integers, and bytes never overflow
        with np.errstate(over="ignore"):
            values = real.values.astype(dtype if dtype == np.float32 else np.float64, copy=False)
        sequences = Steps(values, real.lengths)
        if values.itemsize < real.values.itemsize:
            self._check_range(sequences)
        return sequences

    def _check_range(self, sequences: Steps) -> None:
        """Raise a ValueError if a value has become infinite, or was for a moment and then became NaN."""
        values = sequences.values
        if is_finite(values):
            return
        wrong = (np.isinf(values) if self._allows_nan else ~np.isfinite(values)).any(axis=1)
        if not wrong.any():
            return
        place = sequences.where(int(wrong.argmax()))
        raise ValueError(
            f"The values of {place} become too large for {values.dtype} in {type(self).__name__}. Scale X first, or "
            "pass it as float64."
        )

    def _learn(self, reading: Reading, sequences: Steps) -> dict[str, Any]:
        """Check the sequences, and return the attributes that `fit` sets."""
        return {}

    @abstractmethod
    def _transform(self, sequences: Steps) -> Steps:
        """Transform the sequences, which have no padding, into new arrays."""

    def _n_steps_out(self, n_steps: np.ndarray) -> np.ndarray:
        """Return the numbers of steps after the transformation, given those before; 0 stays 0."""
        return n_steps
