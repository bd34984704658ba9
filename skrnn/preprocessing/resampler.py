"""The transformer that interpolates sequences at other times: a common number of steps, or a common interval."""

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from skrnn._memory import shortage
from skrnn._sklearn import Interval
from skrnn.preprocessing.cells import sequence_name
from skrnn.preprocessing.padding import Steps
from skrnn.preprocessing.per_sequence import SequenceTransformer
from skrnn.preprocessing.reading import Reading


class SequenceResampler(SequenceTransformer):
    """Interpolate sequences linearly at equally spaced times.

    Parameters
    ----------
    n_steps : int, default=None
        The number of steps of each sequence, at least 2. The first and the last step stay what they are.
    interval : float, default=None
        The time from each step to the next, in the unit of the feature `time`. The first step stays what it is, and the
        last one is the last that lies within the sequence.
    time : int or str, default=None
        The index or the name of the feature that holds the time of each step. The times of a sequence must increase.
        None takes steps as equally spaced; then `n_steps` is required.

    Attributes
    ----------
    time_index_ : int or None
        The index of the feature that holds the time.
    n_features_in_ : int
        Number of features per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Defined only if all names are strings, and X is a list of data frames or a data frame
        whose cells are series. In `transform`, X must have the same names in the same order.

    See Also
    --------
    PatchSequence : Shortens sequences without losing values.
    SequencePadder : Brings sequences to a common length without changing values.

    Notes
    -----
    Exactly one of `n_steps` and `interval` must be set. With `interval`, the number of steps depends on the times, so
    the result is an object array of sequences without padding, even if X is an array.

    If the new steps are further apart than the old ones, values between them are lost, not averaged. The feature `time`
    stays in the result. A sequence of one step is repeated, or with `interval` stays as it is. Missing values are an
    error; :class:`SequenceImputer` fills them in. Steps at either end that are NaN in all features are padding, which
    takes no part in the interpolation.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import SequenceResampler
    >>> SequenceResampler(3).fit_transform([[1.0, 5.0], [1.0, 2.0, 3.0, 4.0, 9.0]])
    array([array([[1.],
                  [3.],
                  [5.]]), array([[1.],
                                 [3.],
                                 [9.]])], dtype=object)

    Times 10, 12 and 16 with the values 0, 2 and 4, resampled to one step every 2 units of time:

    >>> X = np.array([[[10.0, 0.0], [12.0, 2.0], [16.0, 4.0]]])
    >>> SequenceResampler(interval=2, time=0).fit_transform(X)[0]
    array([[10.,  0.],
           [12.,  2.],
           [14.,  3.],
           [16.,  4.]])
    """

    _allows_nan = False
    _parameter_constraints: ClassVar[dict] = {
        "n_steps": [Interval(Integral, 2, None, closed="left"), None],
        "interval": [Interval(Real, 0, np.inf, closed="neither"), None],
        "time": [Integral, str, None],
    }

    def __init__(self, n_steps=None, *, interval=None, time=None):
        self.n_steps = n_steps
        self.interval = interval
        self.time = time

    def _learn(self, reading: Reading, sequences: Steps) -> dict[str, Any]:
        if (self.n_steps is None) == (self.interval is None):
            raise ValueError(
                "SequenceResampler needs n_steps or interval, and not both. Got "
                f"n_steps={self.n_steps!r} and interval={self.interval!r}."
            )
        if self.interval is not None and self.time is None:
            raise ValueError(
                "The 'time' parameter of SequenceResampler must name the feature that holds the time if interval is "
                "set. Got None."
            )
        index = self._time_index(reading, sequences.values.shape[1])
        if index is not None:
            _times(sequences, index)
        return {"time_index_": index}

    def _transform(self, sequences: Steps) -> Steps:
        # Each new step has a time, a place and a weight, too.
        bytes_per_step = 24 + sequences.values.shape[1] * sequences.values.itemsize
        n_sequences = int(np.count_nonzero(sequences.lengths))
        if self.n_steps is not None and (lack := shortage(n_sequences * int(self.n_steps) * bytes_per_step)):
            raise ValueError(f"{n_sequences} sequences of n_steps={self.n_steps} {lack}. Set a smaller n_steps.")
        if self.time_index_ is None:
            lengths = self._lengths(sequences.lengths)
            last = np.repeat(sequences.lengths[lengths > 0] - 1, self.n_steps)
            # Whole numbers, so that no value is interpolated where a step is.
            place = np.tile(np.arange(self.n_steps), int((lengths > 0).sum())) * last
            before, rest = np.divmod(place, self.n_steps - 1)
            starts = np.repeat(sequences.starts, lengths)
            return Steps(_between(sequences.values, starts + before, rest / (self.n_steps - 1)), lengths)
        times = _times(sequences, self.time_index_)
        # The last time may miss a multiple of the interval by the rounding of the times.
        rounding = 4 * np.finfo(sequences.values.dtype).eps * np.abs(sequences.values[:, self.time_index_])
        errors = [error.max(initial=0) for error in sequences.split(rounding)]
        if self.interval is not None:
            lasting = np.array([old[-1] + error if len(old) else 0 for old, error in zip(times, errors, strict=True)])
            with np.errstate(over="ignore"):
                n_steps = lasting / self.interval
            if lack := shortage(int(min(n_steps.sum() * bytes_per_step, 1e30))):
                number = int(n_steps.argmax())
                raise ValueError(
                    f"{sequence_name(number, starts=True)} lasts {times[number][-1]:g} units of time, which "
                    f"interval={self.interval} divides into {n_steps[number]:g} steps; all sequences {lack}. Set a "
                    f"larger interval, in the unit of the feature {self.time!r}."
                )
        new_times = [self._new_times(old, error) for old, error in zip(times, errors, strict=True)]
        rows, weights, start = [], [], 0
        for old, new in zip(times, new_times, strict=True):
            row = np.searchsorted(old, new, side="right") - 1
            following = np.minimum(row + 1, max(len(old) - 1, 0))
            gap = np.where(following > row, old[following] - old[row], 1)
            rows.append(start + row)
            weights.append((following > row) * np.clip((new - old[row]) / gap, 0, 1))
            start += len(old)
        lengths = np.array([len(new) for new in new_times], dtype=np.intp)
        values = _between(sequences.values, np.concatenate(rows).astype(np.intp), np.concatenate(weights))
        return Steps(values, lengths)

    def _new_times(self, old: np.ndarray, error: float) -> np.ndarray:
        """Return the times of a sequence after resampling, from 0 on; the old ones may be wrong by `error`."""
        if not len(old):
            return old
        if self.n_steps is not None:
            return np.linspace(0, old[-1], self.n_steps)
        n_intervals = np.floor((old[-1] + error) / self.interval)
        return np.arange(n_intervals + 1) * self.interval

    def _time_index(self, reading: Reading, n_features: int) -> int | None:
        if self.time is None:
            return None
        if isinstance(self.time, str):
            names = list(reading.names or ())
            if self.time not in names:
                known = f"the features {names}" if names else "no feature names; pass an index"
                raise ValueError(f"time={self.time!r} is not a feature of X, which has {known}.")
            return names.index(self.time)
        if not -n_features <= self.time < n_features:
            raise ValueError(f"time={self.time} is not the index of a feature of X, which has {n_features} features.")
        return int(self.time) % n_features

    def _lengths(self, lengths: np.ndarray) -> np.ndarray:
        return np.where(lengths > 0, self.n_steps, 0)

    @property
    def _n_steps_out(self):
        return None if self.interval is not None else self._lengths


def _times(sequences: Steps, index: int) -> list[np.ndarray]:
    """Return the times of the steps of each sequence, as differences from its first step."""
    times = sequences.split(sequences.values[:, index].astype(np.float64))
    for number, time in enumerate(times):
        wrong = np.flatnonzero(np.diff(time) <= 0)
        if len(wrong):
            earlier, later = time[wrong[0]], time[wrong[0] + 1]
            raise ValueError(
                f"The times of a sequence must increase, but in {sequence_name(number)}, {later} follows {earlier}. "
                "Sort the steps by time, and drop repeated ones. If times are large, such as seconds since 1970, pass "
                "X as float64."
            )
    return [time - time[:1] for time in times]


def _between(values: np.ndarray, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the values between each of the rows and the next row, at the weight of the latter."""
    weights = weights[:, np.newaxis]
    before, after = values[rows], values[np.minimum(rows + 1, len(values) - 1)]
    # This form keeps constant values exactly as they are.
    return (before + weights * (after - before)).astype(values.dtype)
