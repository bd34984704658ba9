"""The scaler that takes mean and scale from each sequence itself."""

from typing import ClassVar

import numpy as np

from skrnn._sklearn import StrOptions
from skrnn.preprocessing.padding import Steps
from skrnn.preprocessing.per_sequence import SequenceTransformer

_LARGE = 1e200  # sums of up to 1e108 such values do not overflow


class SequenceScaler(SequenceTransformer):
    """Scale each feature of each sequence by the values of that sequence alone.

    With ``method="standard"`` this is the z-normalisation of time series: it removes the level and the amplitude of
    each sequence, and leaves its shape. Nothing is learned from other sequences. If level or amplitude tell the classes
    apart, use ``TimeDistributed(StandardScaler())`` instead.

    Parameters
    ----------
    method : {"standard", "minmax", "center"}, default="standard"
        How to scale each feature of each sequence:

        - "standard": to mean 0 and standard deviation 1;
        - "minmax": to values from 0 to 1;
        - "center": to mean 0.

    Attributes
    ----------
    n_features_in_ : int
        Number of features per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Defined only if all names are strings, and X is a list of data frames or a data frame
        whose cells are series. In `transform`, X must have the same names in the same order.

    See Also
    --------
    TimeDistributed : Scales by the values of all sequences, with a scaler of scikit-learn.

    Notes
    -----
    A feature that is constant in a sequence, but for rounding, becomes 0. Missing values (NaN) are left out and kept.
    Steps at either end that are NaN in all features are padding, and are kept, too.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import SequenceScaler
    >>> X = np.array([[[1.0], [3.0]], [[100.0], [300.0]], [[7.0], [7.0]]])
    >>> SequenceScaler().fit_transform(X)[:, :, 0]
    array([[-1.,  1.],
           [-1.,  1.],
           [ 0.,  0.]])
    """

    _parameter_constraints: ClassVar[dict] = {"method": [StrOptions({"standard", "minmax", "center"})]}

    def __init__(self, method="standard"):
        self.method = method

    def _transform(self, sequences: Steps) -> Steps:
        values = sequences.values.astype(np.float64)
        lengths = sequences.lengths[sequences.lengths > 0]
        if not len(lengths):
            return sequences
        low, high = _of_each(np.fmin, values, lengths), _of_each(np.fmax, values, lengths)
        # Sequences near the largest float are made smaller first, so that no difference overflows.
        size = np.fmax(np.abs(low), np.abs(high))
        shrink = np.where(size > _LARGE, size, 1)
        if (size > _LARGE).any():
            values /= np.repeat(shrink, lengths, axis=0)
            low, high = low / shrink, high / shrink
        # What differs by rounding alone is constant: scaled up, it would be noise.
        eps = np.finfo(sequences.values.dtype).eps
        varies = high - low > 4 * eps * np.fmax(np.abs(low), np.abs(high))
        center = low if self.method == "minmax" else _mean_of_each(values, lengths)
        values -= np.repeat(center, lengths, axis=0)
        if self.method == "standard":
            # Relative to the largest deviation, so that no square overflows or vanishes.
            largest = np.where(varies, np.fmax(high - center, center - low), 1)
            squares = (values / np.repeat(largest, lengths, axis=0)) ** 2
            scale = largest * np.sqrt(_mean_of_each(squares, lengths))
        else:
            scale = high - low if self.method == "minmax" else 1 / shrink
        values /= np.repeat(np.where(varies, scale, np.inf), lengths, axis=0)
        return Steps(values.astype(sequences.values.dtype), sequences.lengths)


def _of_each(reduce: np.ufunc, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Reduce each feature of each sequence to one number; the result has the shape (n_sequences, n_features)."""
    return reduce.reduceat(values, np.cumsum(lengths) - lengths, axis=0)


def _mean_of_each(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the mean of the known values of each feature of each sequence."""
    known = ~np.isnan(values)
    return _of_each(np.add, np.where(known, values, 0), lengths) / np.maximum(
        _of_each(np.add, known.astype(np.intp), lengths), 1
    )
