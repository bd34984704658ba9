"""The transformer that joins neighbouring steps, so that a network has fewer steps to remember."""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn._memory import shortage
from skrnn._sklearn import Interval
from skrnn.preprocessing.padding import Steps
from skrnn.preprocessing.per_sequence import SequenceTransformer, put_padding_back, read_steps
from skrnn.preprocessing.reading import Reading


class PatchSequence(SequenceTransformer):
    """Join neighbouring steps into one step, so that a long sequence becomes a short one of more features.

    A recurrent network forgets over hundreds of steps, and takes as long as there are steps. Patches of 5 steps make
    150 steps of 1 feature into 30 steps of 5 features.

    Parameters
    ----------
    patch_length : int
        The number of steps in a patch.
    stride : int, default=None
        The number of steps from the start of a patch to the start of the next one, at most `patch_length`, so that each
        step is in a patch. None uses `patch_length`: patches do not overlap.

    Attributes
    ----------
    n_features_in_ : int
        Number of features per step. A patch has `patch_length` times as many.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Defined only if all names are strings, and X is a list of data frames or a data frame
        whose cells are series. In `transform`, X must have the same names in the same order.

    See Also
    --------
    sliding_windows : Cuts a recording into sequences, rather than a sequence into steps.
    ImageToSequence : Patches of images.
    SequenceResampler : Shortens sequences by interpolation.

    Notes
    -----
    A patch holds all features of its first step, then all features of its second step, and so on. If the last patch is
    longer than what is left of a sequence, the last step is repeated until the patch is full, as in PatchTST: no step
    is lost, and a patch has no missing values. So a sequence of T steps gives ``1 + ceil((T - patch_length) / stride)``
    patches, and at least one.

    Only the steps of a sequence are joined, never its padding.

    References
    ----------
    Y. Nie, N. H. Nguyen, P. Sinthong and J. Kalagnanam, "A time series is worth 64 words: long-term forecasting with
    transformers", ICLR 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import PatchSequence
    >>> X = np.arange(1.0, 6.0).reshape(1, 5, 1)
    >>> PatchSequence(2).fit_transform(X)
    array([[[1., 2.],
            [3., 4.],
            [5., 5.]]])
    >>> PatchSequence(3, stride=1).fit_transform(X)
    array([[[1., 2., 3.],
            [2., 3., 4.],
            [3., 4., 5.]]])
    """

    _parameter_constraints: ClassVar[dict] = {
        "patch_length": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, patch_length, stride=None):
        self.patch_length = patch_length
        self.stride = stride

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features of a patch, such as ``temp_t0`` for the first step of a patch.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            The names of the features. None uses ``feature_names_in_`` or, if it is not defined, ``x0, x1, ...``.

        Returns
        -------
        names : ndarray of str objects
            The names.
        """
        names = super().get_feature_names_out(input_features)
        return np.array([f"{name}_t{step}" for step in range(self.patch_length) for name in names], dtype=object)

    def inverse_transform(self, X):
        """Put the steps of patches in a row again.

        A sequence may be longer than it was, by the steps that filled up its last patch.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_patches, n_features_out), or list or object array of sequences
            The patches.

        Returns
        -------
        sequences : ndarray of shape (n_sequences, n_steps, n_features_in_), or object array of shape (n_sequences,)
            The sequences, in a numeric array if X is one. A step in several patches is taken from the first of them.
        """
        check_is_fitted(self)
        n_features = self.patch_length * self.n_features_in_
        reading, steps = read_steps(X, n_features)
        if steps.values.shape[1] != n_features:
            raise ValueError(
                f"X has {steps.values.shape[1]} features per step, but {type(self).__name__} joins {self.patch_length} "
                f"steps of {self.n_features_in_} features into one step of {n_features}."
            )
        patches = self._sequences(steps)
        lengths = self._n_steps_in(patches.lengths)
        place = _places(lengths)
        # All patches contribute the steps that are new in them: the first one all, each later one its last `stride`.
        patch = np.maximum(place - self.patch_length, -1) // self._stride + 1
        first = np.repeat(patches.starts, lengths)
        cells = patches.values.reshape(len(patches.values), self.patch_length, self.n_features_in_)
        values = cells[first + patch, place - patch * self._stride]
        return put_padding_back(reading, steps, Steps(values, lengths), self._n_steps_in)

    @property
    def _stride(self) -> int:
        return self.patch_length if self.stride is None else self.stride

    def _learn(self, reading: Reading, sequences: Steps) -> dict[str, Any]:
        if self._stride > self.patch_length:
            raise ValueError(
                f"The 'stride' parameter of PatchSequence must be at most patch_length={self.patch_length}, so that "
                f"each step is in a patch. Got {self.stride}."
            )
        return {}

    def _transform(self, sequences: Steps) -> Steps:
        lengths = self._n_steps_out(sequences.lengths)
        bytes_per_step = 8 + sequences.values.shape[1] * sequences.values.itemsize  # with the index of the step
        if lack := shortage(int(lengths.sum()) * int(self.patch_length) * bytes_per_step):
            raise ValueError(
                f"{lengths.sum()} patches of patch_length={self.patch_length} steps {lack}. The longest sequence has "
                f"{sequences.lengths.max()} steps. Set a smaller patch_length or a larger stride."
            )
        starts = np.repeat(sequences.starts, lengths)
        last = np.repeat(sequences.lengths - 1, lengths)
        steps = (_places(lengths) * self._stride)[:, np.newaxis] + np.arange(self.patch_length)
        rows = starts[:, np.newaxis] + np.minimum(steps, last[:, np.newaxis])
        n_features = sequences.values.shape[1] * self.patch_length
        return Steps(sequences.values[rows].reshape(len(rows), n_features), lengths)

    def _n_steps_out(self, n_steps: np.ndarray) -> np.ndarray:
        more = np.maximum(n_steps - self.patch_length, 0)
        return np.where(n_steps > 0, 1 + -(-more // self._stride), 0)

    def _n_steps_in(self, n_patches: np.ndarray) -> np.ndarray:
        return np.where(n_patches > 0, (n_patches - 1) * self._stride + self.patch_length, 0)


def _places(lengths: np.ndarray) -> np.ndarray:
    """Return the number of each step within its sequence, for sequences of these lengths, one after the other."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
