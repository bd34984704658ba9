"""The scaler that takes mean and scale from each sequence itself."""

from typing import ClassVar

import numpy as np

from skrnn._sklearn import StrOptions
from skrnn.preprocessing.padding import Steps
from skrnn.preprocessing.per_sequence import SequenceTransformer


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
    A feature that is constant in a sequence becomes 0. Missing values (NaN) are left out and kept. Steps at either end
    that are NaN in all features are padding, and are kept, too.

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
        values, lengths = sequences.values.astype(np.float64), sequences.lengths
        if not len(values):
            return sequences
        low, high = _of_each(np.fmin, values, lengths), _of_each(np.fmax, values, lengths)
        # Compared exactly: the mean of equal values may differ from them by rounding.
        varies = low < high
        if self.method == "minmax":
            scaled = np.divide(values - low, high - low, out=np.zeros_like(values), where=varies)
        else:
            scaled = np.where(varies, values - _mean_of_each(values, lengths), 0)
        if self.method == "standard":
            # Relative to the largest deviation, so that no square overflows or vanishes.
            largest = _of_each(np.fmax, np.abs(scaled), lengths)
            np.divide(scaled, largest, out=scaled, where=varies)
            deviation = np.sqrt(_mean_of_each(scaled**2, lengths))
            np.divide(scaled, deviation, out=scaled, where=varies)
        scaled[np.isnan(values)] = np.nan
        return Steps(scaled.astype(sequences.values.dtype), lengths)


def _of_each(reduce: np.ufunc, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Reduce each feature of each sequence to one number, and repeat it for every step, in the shape of `values`."""
    lengths = lengths[lengths > 0]
    starts = np.cumsum(lengths) - lengths
    return np.repeat(reduce.reduceat(values, starts, axis=0), lengths, axis=0)


def _mean_of_each(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    counts = np.maximum(_of_each(np.add, known.astype(np.float64), lengths), 1)
    return _of_each(np.add, np.where(known, values, 0), lengths) / counts
