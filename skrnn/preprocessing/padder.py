"""The transformer that pads sequences to one length."""

from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing.cells import sequence_name
from skrnn.preprocessing.padding import NO_STEP, pad_sequences, stack_steps
from skrnn.preprocessing.per_sequence import NoSetOutput
from skrnn.preprocessing.reading import Form, Reading, as_sequences, check_features, check_table, read
from skrnn.preprocessing.token_ids import with_vocabulary_of


class SequencePadder(NoSetOutput, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Bring sequences of unequal length to one length.

    Sequences of numbers are padded with NaN, and sequences of token ids with 0. The estimators of this package read
    both as padding, so the padder can come before any of them in a pipeline.

    Parameters
    ----------
    max_length : int, default=None
        The number of steps of the result. None uses the longest sequence seen in `fit`.
    padding : {"pre", "post"}, default="post"
        Whether a shorter sequence is padded before its first step or after its last one.
    truncating : {"pre", "post"}, default="post"
        Whether a longer sequence loses its first steps or its last ones.

    Attributes
    ----------
    max_length_ : int
        The number of steps of the result.
    form_ : {"sequences", "token_ids", "table"}
        How `fit` read X and `transform` will read it: see Notes.
    n_features_in_ : int
        The number of values per step; for a table, its number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The columns seen in `fit`, which later input must have in the same order. Defined only if X was a data frame or
        a list of data frames, and all column names are strings.

    See Also
    --------
    TextToSequence : Turns texts into token ids, padded or not.
    TimeDistributed : Applies a transformer to each step, before or after padding.

    Notes
    -----
    `fit` decides how X is read, and later input is read in the same way, even if its sequences happen to be equally
    long:

    - "sequences": an array of shape (n_sequences, n_steps, n_features), or a list or object array of sequences of shape
      (n_steps, n_features). Sequences of shape (n_steps,) are read as having one feature, unless all of them are
      integers. The result is a floating array of shape (n_sequences, max_length, n_features). Steps at either end of a
      sequence that contain only NaN are padding already, and are removed first. NaN elsewhere is an error.
    - "token_ids": a list or object array of integer sequences of shape (n_steps,), or an integer array of shape
      (n_sequences, n_steps). The result is an integer array of shape (n_sequences, max_length). A 0 in X is a step like
      any other; a negative integer is an error.
    - "table": any other array or data frame of two dimensions. Each row is a sequence with one feature, and the number
      of columns is fixed. The result is a floating array of shape (n_sequences, max_length, 1).

    Examples
    --------
    >>> from skrnn.preprocessing import SequencePadder
    >>> SequencePadder().fit_transform([[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]])
    array([[[ 1.,  2.],
            [nan, nan]],
           [[ 3.,  4.],
            [ 5.,  6.]]])

    Sequences of integers are token ids:

    >>> padder = SequencePadder(padding="pre").fit([[7], [4, 5]])
    >>> padder.transform([[8], [], [1, 2, 3]])
    array([[0, 8],
           [0, 0],
           [1, 2]])
    """

    _parameter_constraints: ClassVar[dict] = {
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "padding": [StrOptions({"pre", "post"})],
        "truncating": [StrOptions({"pre", "post"})],
    }

    def __init__(self, max_length=None, *, padding="post", truncating="post"):
        self.max_length = max_length
        self.padding = padding
        self.truncating = truncating

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the form of X and, with `max_length=None`, the length of its longest sequence.

        Parameters
        ----------
        X : array-like, data frame, or list or object array of sequences
            The sequences, in one of the forms described in the Notes.
        y : None
            Ignored.

        Returns
        -------
        self : SequencePadder
            The fitted padder.
        """
        reading = read(X)
        form = _form_of(reading)
        sequences = _READERS[form](self, reading, reset=True)
        longest = max(len(sequence) for sequence in sequences)
        self.form_ = form
        self.max_length_ = longest if self.max_length is None else int(self.max_length)
        return self

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features of a step.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            The names of the features. None uses ``feature_names_in_`` or, if it is not defined, ``x0, x1, ...``.

        Returns
        -------
        names : ndarray of str objects
            The same names; "x0" alone if X was a table, whose columns are steps, or token ids.
        """
        names = super().get_feature_names_out(input_features)
        return names if self.form_ == "sequences" else np.array(["x0"], dtype=object)

    def transform(self, X):
        """Pad the shorter sequences and truncate the longer ones.

        Parameters
        ----------
        X : array-like, data frame, or list or object array of sequences
            The sequences, in the form seen in `fit`.

        Returns
        -------
        padded : ndarray of shape (n_sequences, max_length_, n_features) or (n_sequences, max_length_)
            Floating and padded with NaN, or for token ids integer and padded with 0. Ids of `TextToSequence` keep their
            vocabulary.
        """
        check_is_fitted(self)
        sequences = _READERS[self.form_](self, read(X), reset=False)
        types = [sequence.dtype for sequence in sequences if len(sequence)]
        kind, fallback, value = ("iu", np.int64, 0) if self.form_ == "token_ids" else ("f", np.float64, np.nan)
        dtype = np.result_type(*types) if types else np.dtype(fallback)
        padded = pad_sequences(
            sequences,
            max_length=self.max_length_,
            padding=self.padding,
            truncating=self.truncating,
            value=value,
            dtype=dtype if dtype.kind in kind else fallback,
        )
        return with_vocabulary_of(X, padded) if self.form_ == "token_ids" else padded


def _form_of(reading: Reading) -> Form:
    """Return how `fit` reads X: see the Notes of SequencePadder."""
    if reading.is_table and (reading.is_frame or reading.values.dtype.kind not in "iu"):
        return "table"
    filled = [sequence for sequence in as_sequences(reading).values if len(sequence)]
    return "token_ids" if filled and all(map(_is_ids, filled)) else "sequences"


def _is_ids(sequence: np.ndarray) -> bool:
    return sequence.ndim == 1 and sequence.dtype.kind in "iu"


# Each reader returns the sequences without padding, and sets or checks scikit-learn's feature attributes.


def _read_features(estimator: SequencePadder, reading: Reading, *, reset: bool) -> list[np.ndarray]:
    steps = stack_steps(as_sequences(reading).values, n_features=1 if reset else estimator.n_features_in_)
    real = steps.without_padding()
    if reset and not len(real.values):
        raise ValueError(NO_STEP)
    check_features(estimator, reading, steps.values.shape[1], reset=reset)
    return real.split(real.values)


def _read_ids(estimator: SequencePadder, reading: Reading, *, reset: bool) -> list[np.ndarray]:
    for number, sequence in enumerate(as_sequences(reading).values):
        if len(sequence) and not _is_ids(sequence):
            raise ValueError(
                f"{sequence_name(number, starts=True)} has shape {sequence.shape} and type {sequence.dtype}, but "
                f"{type(estimator).__name__} was fitted on token ids and expects integers of shape (n_steps,)."
            )
        if len(sequence) and sequence.min() < 0:
            step = int((sequence < 0).argmax())
            raise ValueError(
                f"Token ids must be 0 or greater, but {sequence_name(number, step)} holds {sequence[step]}. To pad "
                "integers that are measurements, pass them as floats."
            )
    if reset and not any(map(len, reading.values)):
        raise ValueError(NO_STEP)
    check_features(estimator, reading, 1, reset=reset)
    return reading.rows()


def _read_table(estimator: SequencePadder, reading: Reading, *, reset: bool) -> list[np.ndarray]:
    return list(check_table(estimator, reading, reset=reset)[:, :, np.newaxis])


_READERS = {"sequences": _read_features, "token_ids": _read_ids, "table": _read_table}
