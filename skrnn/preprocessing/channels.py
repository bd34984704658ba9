"""The order of the axes: what other libraries call channels first."""

from typing import Any

import numpy as np

from skrnn.preprocessing.cells import sequence_name
from skrnn.preprocessing.reading import read, to_object_array


def from_channels_first(X: Any) -> np.ndarray:
    """Turn series of shape (n_channels, n_steps), as in aeon, sktime and tsai, into sequences of steps.

    Parameters
    ----------
    X : array-like of shape (n_sequences, n_channels, n_steps), or list or object array of arrays of shape \
(n_channels, n_steps_i)
        The series, with one row for each channel.

    Returns
    -------
    sequences : ndarray of shape (n_sequences, n_steps, n_channels), or object array of shape (n_sequences,)
        The sequences. If X is an array, this is a view of it: no number is copied.

    Raises
    ------
    ValueError
        If X does not have three dimensions, or its series do not have two, or do not have the same number of channels.

    See Also
    --------
    sliding_windows : Cuts recordings into sequences.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import from_channels_first
    >>> X = np.zeros((20, 3, 150))
    >>> from_channels_first(X).shape
    (20, 150, 3)
    >>> [sequence.shape for sequence in from_channels_first([np.zeros((3, 150)), np.zeros((3, 90))])]
    [(150, 3), (90, 3)]
    """
    reading = read(X, keep_bytes=True)
    if not reading.lengths_are_free:
        if reading.values.ndim != 3:
            raise ValueError(
                f"Expected X to have the shape (n_sequences, n_channels, n_steps), got {reading.values.shape}. Series "
                "of one channel are X[:, np.newaxis]; a single series is a list of one: [x]."
            )
        return np.swapaxes(reading.values, 1, 2)
    series = reading.rows()
    for number, values in enumerate(series):
        if values.ndim != 2:
            raise ValueError(
                f"{sequence_name(number, starts=True)} has the shape {values.shape}; expected (n_channels, n_steps)."
            )
        if len(values) != len(series[0]):
            raise ValueError(
                f"{sequence_name(number, starts=True)} has {len(values)} channels, but {sequence_name(0)} has "
                f"{len(series[0])}."
            )
    return to_object_array([values.T for values in series])
