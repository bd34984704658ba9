"""Cut recordings into windows of equal length, each with its label and its recording."""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from skrnn._memory import shortage
from skrnn._sklearn import Interval, StrOptions, validate_params
from skrnn.preprocessing.cells import is_sequence, sequence_name, short
from skrnn.preprocessing.frames import is_frame
from skrnn.preprocessing.padding import Steps, stack_steps
from skrnn.preprocessing.reading import Reading, as_sequences, read, to_object_array


@dataclass(frozen=True, eq=False)
class SlidingWindows:
    """The windows of recordings. Unpacks as ``windows, labels, groups = sliding_windows(...)``.

    Attributes
    ----------
    windows : ndarray of shape (n_windows, length, n_features)
        The windows, in the order of the recordings. A read-only view if there is one recording.
    labels : ndarray of shape (n_windows,) or None
        The label of each window; None without `y`.
    groups : ndarray of shape (n_windows,)
        The group of each window: that of its recording, or the number of the recording if no groups were given.
    starts : ndarray of shape (n_windows,)
        The number of the first step of each window within its recording.
    n_left_over : int
        The number of steps that are in no window.
    gap : int
        How many neighbours on each side share steps with a window. It is the `gap` of
        :class:`~skrnn.model_selection.PurgedKFold`, for the windows of one recording.
    """

    windows: np.ndarray
    labels: np.ndarray | None
    groups: np.ndarray
    starts: np.ndarray
    n_left_over: int
    gap: int

    def __iter__(self) -> Iterator[Any]:
        """Iterate over `windows`, `labels` and `groups`."""
        return iter((self.windows, self.labels, self.groups))

    def __repr__(self) -> str:
        n_windows, length, n_features = self.windows.shape
        return (
            f"SlidingWindows({n_windows} windows of {length} steps and {n_features} features, {self.n_left_over} steps "
            "left over)"
        )


@validate_params(
    {
        "X": "no_validation",
        "y": "no_validation",
        "length": [Interval(Integral, 1, None, closed="left")],
        "step": [Interval(Integral, 1, None, closed="left")],
        "groups": "no_validation",
        "label": [StrOptions({"majority", "last"}), callable],
    },
    prefer_skip_nested_validation=True,
)
def sliding_windows(
    X: Any,
    y: Any = None,
    *,
    length: int,
    step: int,
    groups: Any = None,
    label: Literal["majority", "last"] | Callable[[np.ndarray], Any] = "majority",
) -> SlidingWindows:
    """Cut recordings into windows of equal length. No window holds steps of two recordings.

    Windows of one recording are alike, and share steps if they overlap. Keep them on one side of each split: pass
    `groups` of the result to a splitter such as :class:`~sklearn.model_selection.StratifiedGroupKFold`.

    Parameters
    ----------
    X : array-like of shape (n_steps, n_features) or (n_steps,), or collection of such arrays
        One recording, as an array or a data frame; or several, as a list, an object array or an array of shape
        (n_recordings, n_steps, n_features). With `groups` of shape (n_steps,), X holds several recordings, one below
        the other.
    y : array-like, default=None
        The labels: one for each step, in the structure of X, or one for each recording. Texts, numbers or other labels,
        none of them missing.
    length : int
        The number of steps in a window.
    step : int
        The number of steps from the start of a window to the start of the next one. If it is less than `length`,
        windows overlap; if it is greater, the steps between them are left out.
    groups : array-like of shape (n_recordings,) or (n_steps,), default=None
        The group of each recording, such as the person. If X is one array or data frame of shape (n_steps, n_features),
        the recording of each step: the steps of one group are one recording, in their order in X, whether or not they
        follow each other.
    label : {"majority", "last"} or callable, default="majority"
        The label of a window, given those of its steps: the most frequent one, or that of the last step. If labels are
        equally frequent, the one that comes first in the window counts. A callable is called with the labels of each
        window, an array of shape (length,), and returns the label.

    Returns
    -------
    result : SlidingWindows
        ``windows`` of shape (n_windows, length, n_features), ``labels`` (None without `y`), ``groups`` and ``starts``
        of shape (n_windows,), and ``n_left_over``, the number of steps that are in no window. Unpacking gives the first
        three: ``windows, labels, groups = sliding_windows(...)``. If there is one recording, ``windows`` is a view of
        it, so it takes no memory and cannot be written to.

    Raises
    ------
    ValueError
        If no recording has as many steps as a window, if X, `y` and `groups` do not fit together, if a label is
        missing, or if X holds infinite values or something else than real numbers.

    See Also
    --------
    PatchSequence : Joins the steps of a sequence, so that it is shorter.

    Notes
    -----
    Steps at either end of a recording that are NaN in all features are padding: they are in no window and are not
    counted in `n_left_over`, but ``starts`` counts them. Other missing values are kept; :class:`SequenceImputer` fills
    them in.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import sliding_windows
    >>> recording = np.arange(8.0)
    >>> activity = ["sit", "sit", "sit", "walk", "walk", "walk", "walk", "walk"]
    >>> result = sliding_windows(recording, activity, length=3, step=2)
    >>> result
    SlidingWindows(3 windows of 3 steps and 1 features, 1 steps left over)
    >>> windows, labels, groups = result
    >>> windows[:, :, 0]
    array([[0., 1., 2.],
           [2., 3., 4.],
           [4., 5., 6.]])
    >>> labels
    array(['sit', 'walk', 'walk'], dtype='<U4')

    Several recordings, each with one label and the person who was recorded:

    >>> recordings = [np.zeros((7, 2)), np.ones((5, 2)), np.ones((9, 2))]
    >>> result = sliding_windows(recordings, ["sit", "sit", "walk"], length=4, step=4, groups=["Ann", "Bob", "Ann"])
    >>> result.labels
    array(['sit', 'sit', 'walk', 'walk'], dtype='<U4')
    >>> result.groups
    array(['Ann', 'Bob', 'Ann', 'Ann'], dtype='<U3')
    >>> result.starts, result.n_left_over
    (array([0, 0, 0, 4]), 5)
    """
    given = _read_recordings(X, y, groups)
    real = given.steps.real()
    steps = given.steps.without_padding(allow_nan=True)
    first, recordings = _places(steps.lengths, length, step)
    if not len(first):
        raise ValueError(
            f"No recording of X has the length={length} steps of a window; the longest of {len(given.groups)} has "
            f"{steps.lengths.max()} steps. Set a shorter length. A single recording is an array, not a list."
        )
    views = np.moveaxis(sliding_window_view(steps.values, length, axis=0), -1, 1)
    is_view = len(given.groups) == 1
    if not is_view and (lack := shortage(len(first) * views[0].nbytes)):
        raise ValueError(
            f"{len(first)} windows of length={length} steps {lack}, because windows of several recordings are copies. "
            "Set a larger step or a shorter length, or cut one recording at a time."
        )
    labels = given.labels
    if labels is not None:
        if given.labels_are_of_steps:
            labels = _labels_of_windows(labels[real], first, length, label)
        else:
            labels = labels[recordings]
    return SlidingWindows(
        windows=views[::step] if is_view else np.ascontiguousarray(views[first]),
        labels=labels,
        groups=given.groups[recordings],
        starts=np.flatnonzero(real)[first] - given.steps.starts[recordings],
        n_left_over=len(steps.values) - _n_covered(first, recordings, length),
        gap=-(-length // step) - 1,
    )


def _places(lengths: np.ndarray, length: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the row where each window starts in the steps of all recordings, and the number of its recording."""
    counts = np.where(lengths >= length, (lengths - length) // step + 1, 0)
    recordings = np.repeat(np.arange(len(lengths)), counts)
    number = np.arange(len(recordings)) - np.repeat(np.cumsum(counts) - counts, counts)
    return (np.cumsum(lengths) - lengths)[recordings] + number * step, recordings


def _n_covered(first: np.ndarray, recordings: np.ndarray, length: int) -> int:
    """Return the number of steps that are in a window."""
    until_next = np.where(np.diff(recordings) == 0, np.diff(first), length)
    return int(np.minimum(until_next, length).sum()) + length


def _encode(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a number for each value, in the order of appearance, and the index where each number appears first.

    The values may have several types, but none is missing.
    """
    import pandas as pd

    codes, distinct = pd.factorize(values)
    first = np.empty(len(distinct), dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, first


# Labels


def _labels_of_windows(
    labels: np.ndarray, first: np.ndarray, length: int, label: str | Callable[[np.ndarray], Any]
) -> np.ndarray:
    if callable(label):
        results = [label(labels[start : start + length]) for start in first]
        return _values_of(results, "the results of label", len(first), "windows")
    if label == "last":
        return labels[first + length - 1]
    if labels.dtype.kind == "f" and (labels != np.floor(labels)).any():
        raise ValueError(
            "label='majority' needs labels of classes, but y holds fractions. For a number such as the mean, pass a "
            "function: label=np.mean."
        )
    return labels[_first_of_majority(_encode(labels)[0], first, length)]


def _first_of_majority(codes: np.ndarray, first: np.ndarray, length: int) -> np.ndarray:
    """Return the row where the most frequent code of each window is first in it; of equally frequent, the first one."""
    most = np.zeros(len(first), dtype=np.intp)
    winner = first.copy()
    for rows in np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1]):
        some = slice(*np.searchsorted(first, [rows[0] - length + 1, rows[-1] + 1]))  # no other window has this code
        start, end = np.searchsorted(rows, first[some]), np.searchsorted(rows, first[some] + length)
        counts, earliest = end - start, rows[np.minimum(start, len(rows) - 1)]
        is_tie = (counts == most[some]) & (counts > 0)
        better = (counts > most[some]) | (is_tie & (earliest < winner[some]))
        most[some][better], winner[some][better] = counts[better], earliest[better]
    return winner


# Reading


@dataclass(frozen=True)
class _Recordings:
    """Recordings with their groups, of shape (n_recordings,), and the labels of all steps or of the recordings."""

    steps: Steps
    groups: np.ndarray
    labels: np.ndarray | None = None
    labels_are_of_steps: bool = False


def _read_recordings(X: Any, y: Any, groups: Any) -> _Recordings:
    reading = read(X, keep_bytes=True)
    is_one_array = not reading.lengths_are_free and reading.values.ndim < 3
    if is_one_array:
        reading = Reading(reading.values[np.newaxis])
    steps = stack_steps(as_sequences(reading).values)
    n, n_steps = len(steps.lengths), len(steps.values)
    labels: np.ndarray | None
    if is_one_array and is_sequence(y):
        labels, are_of_steps = _values_of(y, "y", n_steps, "steps"), True
    elif is_one_array and y is not None:
        labels, are_of_steps = _values_of([y], "y", 1, "recording"), False
    else:
        labels, are_of_steps = _labels_of_recordings(y, steps.lengths)

    if is_one_array and groups is not None:
        if labels is not None and not are_of_steps:
            raise ValueError("If groups has a value for each step, y must have a label for each step, too.")
        of_step = _values_of(groups, "groups", n_steps, "steps")
        _refuse_missing(of_step, "groups", "step {} of X".format)
        codes, first = _encode(of_step)
        order = np.argsort(codes, kind="stable")
        steps = Steps(steps.values[order], np.bincount(codes))
        labels = None if labels is None else labels[order]
        groups = of_step[first]
    else:
        groups = np.arange(n) if groups is None else _values_of(groups, "groups", n, "recordings")
        _refuse_missing(groups, "groups", sequence_name)
    if labels is not None:
        rows = np.flatnonzero(steps.real()) if are_of_steps else np.arange(n)
        where = steps.where if are_of_steps else sequence_name
        _refuse_missing(labels[rows], "y", lambda index: where(int(rows[index])))
    return _Recordings(steps, groups, labels, are_of_steps)


def _labels_of_recordings(y: Any, lengths: np.ndarray) -> tuple[np.ndarray | None, bool]:
    """Return the labels of all steps or of the recordings, and whether they are of the steps."""
    if y is None:
        return None, False
    y = y.to_pylist() if hasattr(y, "to_pylist") else y
    if not is_sequence(y) or is_frame(y) or not any(map(is_sequence, y)):
        return _values_of(y, "y", len(lengths), "recordings"), False
    rows = list(y)
    _check_number("y", len(rows), len(lengths), "recordings")
    parts = []
    for number, (row, n_steps) in enumerate(zip(rows, lengths, strict=True)):
        name = f"y of {sequence_name(number)}"
        if not is_sequence(row):
            raise ValueError(f"The {name} is {short(row)}, but others are arrays of labels, one for each step.")
        parts.append(_values_of(row, name, int(n_steps), "steps"))
    if len({part.dtype.kind for part in parts}) > 1:  # NumPy would turn numbers into texts
        parts = [part.astype(object) for part in parts]
    return np.concatenate(parts), True


def _values_of(values: Any, name: str, n_values: int, of_what: str) -> np.ndarray:
    """Return labels or groups as an array of one dimension."""
    if not is_sequence(values) or isinstance(values, Set):
        raise TypeError(f"Expected {name} to be an array of {n_values} values, got {short(values)}.")
    if isinstance(values, np.ma.MaskedArray) or not hasattr(values, "__array__"):
        values = to_object_array(values.tolist() if isinstance(values, np.ma.MaskedArray) else list(values))
        n_texts = sum(isinstance(value, (str, bytes)) for value in values)
        if n_texts in (0, len(values)) and not any(map(is_sequence, values)):  # NumPy would turn numbers into texts
            values = np.array(list(values))
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"Expected {name} to have one dimension, got an array of shape {array.shape}.")
    if array.dtype == object and any(map(is_sequence, array)):
        raise ValueError(
            f"Expected {name} to hold single values, but one is {short(next(filter(is_sequence, array)))}."
        )
    _check_number(name, len(array), n_values, of_what)
    return array


def _refuse_missing(values: np.ndarray, name: str, place: Callable[[int], str]) -> None:
    import pandas as pd

    missing = np.flatnonzero(pd.isna(values))
    if len(missing):
        raise ValueError(
            f"{name} has no value for {place(missing[0])}. Give what has none a value of its own, and drop its windows "
            "afterwards."
        )


def _check_number(name: str, found: int, expected: int, of_what: str) -> None:
    if found != expected:
        raise ValueError(f"The number of values of {name} is {found}, but X has {expected} {of_what}.")
