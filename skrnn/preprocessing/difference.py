"""The transformer that takes differences between neighbouring steps."""

from numbers import Integral
from typing import ClassVar

import numpy as np

from skrnn._sklearn import Interval
from skrnn.preprocessing.cells import sequence_name
from skrnn.preprocessing.padding import Steps
from skrnn.preprocessing.per_sequence import SequenceTransformer


class SequenceDifference(SequenceTransformer):
    """Replace the values of each step by their change since the step before.

    Differences remove the level of a sequence; differences of differences (``order=2``) remove its trend, too.

    Parameters
    ----------
    order : int, default=1
        How often to take differences. A sequence loses its first `order` steps, so each must have more.

    Attributes
    ----------
    n_features_in_ : int
        Number of features per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Defined only if all names are strings, and X is a list of data frames or a data frame
        whose cells are series. In `transform`, X must have the same names in the same order.

    See Also
    --------
    SequenceScaler : Removes the level of each sequence with ``method="center"``.

    Notes
    -----
    Missing values are an error, because each would make several; :class:`SequenceImputer` fills them in. Steps at
    either end that are NaN in all features are padding, and are kept.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import SequenceDifference
    >>> X = np.array([[[1.0], [4.0], [9.0], [16.0]]])
    >>> SequenceDifference().fit_transform(X)[:, :, 0]
    array([[3., 5., 7.]])
    >>> SequenceDifference(order=2).fit_transform(X)[:, :, 0]
    array([[2., 2.]])
    """

    _allows_nan = False
    _parameter_constraints: ClassVar[dict] = {"order": [Interval(Integral, 1, None, closed="left")]}

    def __init__(self, order=1):
        self.order = order

    def _learn(self, reading, sequences: Steps):
        self._check_lengths(sequences.lengths)
        return {}

    def _transform(self, sequences: Steps) -> Steps:
        self._check_lengths(sequences.lengths)
        for _ in range(self.order):
            is_first = np.zeros(len(sequences.values), dtype=bool)
            is_first[sequences.starts[sequences.lengths > 0]] = True
            differences = np.diff(sequences.values, axis=0)[~is_first[1:]]
            sequences = Steps(differences, np.maximum(sequences.lengths - 1, 0))
        return sequences

    def _check_lengths(self, lengths: np.ndarray) -> None:
        short = np.flatnonzero((lengths > 0) & (lengths <= self.order))
        if len(short):
            raise ValueError(
                f"{sequence_name(short[0], starts=True)} has {lengths[short[0]]} steps, but order={self.order} "
                f"requires at least {self.order + 1}."
            )

    def _n_steps_out(self, n_steps: np.ndarray) -> np.ndarray:
        return np.maximum(n_steps - self.order, 0)
