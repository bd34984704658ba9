"""Folds of the windows of one recording, whose training parts share no step with their test parts."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d


class PurgedKFold(BaseCrossValidator):
    """Stratified folds of samples in the order of time, with a gap between the training and the test part.

    For windows that were cut from one recording. Neighbouring windows overlap and resemble each other, so random folds
    would test the network on steps that it was trained on. Here each class is cut into blocks along the time axis, one
    block for each fold, and the training part leaves out all samples that are too close to the test part [1]_.

    For windows of several recordings, use :class:`~sklearn.model_selection.StratifiedGroupKFold`.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds; at least 2.
    gap : int, default=1
        Number of samples before and after each test sample that are not in the training part. Windows of `length` steps
        at intervals of `step` steps share no step if the gap is ``ceil(length / step) - 1``.
    random_state : int, RandomState instance or None, default=None
        Moves the borders of the blocks by a random number of samples for each class, so that one block consists of the
        end and the beginning of the recording. None cuts each class from its first sample on.

    Attributes
    ----------
    n_splits, gap, random_state : as the parameters

    See Also
    --------
    skrnn.preprocessing.sliding_windows : Cuts recordings into windows.
    sklearn.model_selection.TimeSeriesSplit : Trains on the past only. Has a gap, but does not stratify.

    References
    ----------
    .. [1] M. Lopez de Prado (2018). "Advances in Financial Machine Learning", section 7.4. Wiley.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.model_selection import PurgedKFold
    >>> y = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    >>> for train, test in PurgedKFold(2, gap=1).split(y, y):
    ...     print(train, test)
    [ 4 10 11] [0 1 2 6 7 8]
    [0 1 7] [ 3  4  5  9 10 11]
    """

    def __init__(self, n_splits: int = 5, *, gap: int = 1, random_state: Any = None):
        if isinstance(n_splits, bool) or not isinstance(n_splits, Integral) or n_splits < 2:
            raise ValueError(f"n_splits must be an int of at least 2. Got {n_splits!r} instead.")
        if isinstance(gap, bool) or not isinstance(gap, Integral) or gap < 0:
            raise ValueError(f"gap must be an int of at least 0. Got {gap!r} instead.")
        self.n_splits: int = int(n_splits)
        self.gap: int = int(gap)
        self.random_state: Any = random_state

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        n_splits : int
        """
        return self.n_splits

    def split(self, X, y, groups=None):
        """Yield the rows of the training and of the test part of each fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The samples, in the order of time. Only their number is used.
        y : array-like of shape (n_samples,)
            The labels.
        groups : object
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            Row numbers in increasing order.

        Raises
        ------
        ValueError
            If a class has fewer samples than there are folds, or none is left of it to train on.
        """
        check_consistent_length(X, y)
        y = column_or_1d(y)
        classes, codes = np.unique(y, return_inverse=True)
        fold_of = self._blocks(classes, codes)
        for fold in range(self.n_splits):
            is_test = fold_of == fold
            is_train = ~_widened(is_test, self.gap)
            lost = np.setdiff1d(np.arange(len(classes)), codes[is_train])
            if len(lost):
                raise ValueError(
                    f"Fold {fold + 1} of {self.n_splits} leaves no sample of class {classes[lost[0]].item()!r} to "
                    f"train on: all are in the test part, or within {self.gap} samples of it. Use fewer folds, windows "
                    "that overlap less, or a longer recording."
                )
            yield np.flatnonzero(is_train), np.flatnonzero(is_test)

    def _blocks(self, classes: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return the fold of each sample."""
        random = None if self.random_state is None else check_random_state(self.random_state)
        fold_of = np.empty(len(codes), dtype=np.intp)
        for code, label in enumerate(classes):
            rows = np.flatnonzero(codes == code)
            if len(rows) < self.n_splits:
                raise ValueError(
                    f"n_splits={self.n_splits} is more than the {len(rows)} samples of class {label.item()!r}."
                )
            if random is not None:
                rows = np.roll(rows, random.randint(len(rows)))
            for fold, block in enumerate(np.array_split(rows, self.n_splits)):
                fold_of[block] = fold
        return fold_of


def _widened(is_test: np.ndarray, gap: int) -> np.ndarray:
    """Return which samples are test samples or at most `gap` samples away from one."""
    rows = np.flatnonzero(is_test)
    change = np.zeros(len(is_test) + 1, dtype=np.intp)
    np.add.at(change, np.maximum(rows - gap, 0), 1)
    np.add.at(change, np.minimum(rows + gap + 1, len(is_test)), -1)
    return np.cumsum(change[:-1]) > 0
