"""Reading X: tables, sequences of numbers and token ids, of equal or free length, into one padded array.

Padding is marked inside the array: NaN where numbers end, and for token ids 0 where the network masks 0, else -1.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from skrnn.preprocessing.padding import pad_sequences

_INT32_MAX = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Sequences:
    """Sequences as the network reads them.

    Attributes
    ----------
    values : ndarray of shape (n, T, D), float32 or uint8, or (n, T), int32
        Numbers or token ids; shorter sequences are padded at the end. Bytes stay bytes: the network divides them by
        `InputForm.byte_scale`.
    masked : bool
        Whether any step is padding that the network must be told to look for.
    """

    values: np.ndarray
    masked: bool

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.values)

    def lengths(self, mask_zero: bool) -> np.ndarray | None:
        """Return the number of steps of each sequence, padding at either end left out; None where all are equal."""
        values = self.values
        if values.dtype == np.uint8 or not (self.masked or (values.ndim == 2 and mask_zero)):
            return None
        used = values >= int(mask_zero) if values.ndim == 2 else ~np.isnan(values[:, :, 0])
        lengths = used.shape[1] - used.argmax(axis=1) - used[:, ::-1].argmax(axis=1)
        return None if (lengths == lengths[0]).all() else lengths

    def take(self, rows: np.ndarray) -> "Sequences":
        """Select `rows`, by number or by a boolean mask."""
        return Sequences(self.values[rows], self.masked)


@dataclass(frozen=True)
class InputForm:
    """How `fit` read X, and so how every later X is read.

    Attributes
    ----------
    kind : {"table", "sequences", "univariate", "token_ids"}
        ``(n, T)`` numbers with T fixed; sequences of D features of any length; sequences of single numbers of any
        length; sequences of token ids of any length.
    n_features : int
        Features per step.
    vocabulary_size : int or None
        Token ids lie below it.
    vocabulary_is_given : bool
        Whether the user stated it; an id beyond is then an error and not a word unseen in `fit`.
    mask_zero : bool
        Whether token id 0 is padding.
    byte_scale : float
        What numbers of type uint8 are divided by.
    """

    kind: str
    n_features: int = 1
    vocabulary_size: int | None = None
    vocabulary_is_given: bool = False
    mask_zero: bool = True
    byte_scale: float = 1.0


def read_new(estimator: Any, X: Any) -> tuple[InputForm, Sequences]:
    """Recognise the form of X in `fit`, read it, and set ``n_features_in_`` (and the names of a table's columns).

    Parameters
    ----------
    estimator : estimator
        Gives ``embedding_dim``, ``vocabulary_size`` and ``mask_zero``.
    X : array-like or list of arrays

    Returns
    -------
    form : InputForm
    sequences : Sequences

    Raises
    ------
    ValueError
        If X is in none of the forms, is empty, or holds NaN or infinite values.
    """
    X = _stack_if_equal(X)
    if estimator.embedding_dim is not None:
        ids = _token_ids(X)
        given = estimator.vocabulary_size is not None
        size = estimator.vocabulary_size if given else int(max(row.max() for row in ids)) + 1
        form = InputForm("token_ids", 1, int(size), given, bool(estimator.mask_zero))
        sequences = _read_ids(form, ids)
    elif isinstance(X, list):
        features = {row.shape[1] if row.ndim == 2 else 0 for row in _same_number_of_features(X)}.pop()
        form = InputForm("sequences", features) if features else InputForm("univariate")
        sequences = _read_numbers(X)
    elif np.ndim(X) == 3:
        sequences = _read_numbers(X)
        form = InputForm("sequences", sequences.values.shape[2], byte_scale=_scale_of(X) or 1.0)
    elif np.ndim(X) > 3:
        raise ValueError(
            f"Found array with dim {np.ndim(X)}. {type(estimator).__name__} expected at most 3: (n_samples, "
            "n_timesteps, n_features). skrnn.preprocessing.ImageToSequence reads images as sequences."
        )
    else:
        sequences = _read_table(estimator, X, reset=True)
        return InputForm("table"), sequences
    vars(estimator).pop("feature_names_in_", None)
    estimator.n_features_in_ = form.n_features
    return form, sequences


def read_like(form: InputForm, estimator: Any, X: Any) -> Sequences:
    """Read X in the form that `fit` saw; see `read_new`."""
    if form.kind == "table":
        return _read_table(estimator, X, reset=False)
    X = _stack_if_equal(X)
    if form.kind == "token_ids":
        return _read_ids(form, _token_ids(X))
    name = type(estimator).__name__
    if isinstance(X, list):
        n_dims = _same_number_of_features(X)[0].ndim + 1
    else:
        n_dims = np.ndim(X)
        if n_dims == 2 and form.kind == "univariate":
            X = np.asarray(X)[:, :, None]
            n_dims = 3
    if n_dims != 3 and form.kind == "sequences":
        raise ValueError(
            f"X has {n_dims} dimensions, but {name} was fitted on sequences of {form.n_features} features and expects "
            f"(n_samples, n_timesteps, {form.n_features}) or a list of (n_timesteps, {form.n_features}) arrays."
        )
    scale = _scale_of(X)
    if scale is not None and scale != form.byte_scale:
        X = np.divide(X, scale, dtype=np.float32)
    sequences = _read_numbers(X)
    found = sequences.values.shape[2]
    if found != form.n_features:
        raise ValueError(f"X has {found} features, but {name} is expecting {form.n_features} features as input.")
    return sequences


def _stack_if_equal(X: Any) -> Any:
    """Return X as it is if it is an array of numbers, else one array where its rows are equally long, else a list."""
    if not isinstance(X, (list, tuple)):
        if not hasattr(X, "shape"):
            X = np.asarray(X)
        if len(X.shape) != 1 or X.dtype.kind not in "OUS":
            return X
    rows = list(X)
    if rows and isinstance(rows[0], str):
        raise ValueError(
            "X holds texts, expected sequences; skrnn.preprocessing.TextToSequence makes token ids of texts."
        )
    if rows and not hasattr(rows[0], "__len__"):
        return np.asarray(X)  # one-dimensional: scikit-learn's own message tells how to reshape it
    arrays: list[np.ndarray] = []
    for number, row in enumerate(rows):
        try:
            arrays.append(np.asarray(row))
        except ValueError as error:
            raise _not_a_sequence(number, "steps of unequal width") from error
        if arrays[-1].ndim not in (1, 2):
            raise _not_a_sequence(number, f"an array with dim {arrays[-1].ndim}")
    if len({row.shape for row in arrays}) <= 1:
        return np.stack(arrays) if arrays else np.empty((0, 0))
    return arrays


def _not_a_sequence(number: int, found: str) -> ValueError:
    return ValueError(
        f"Sequence {number} of X is {found}; expected (n_timesteps,) numbers or ids, or (n_timesteps, n_features)."
    )


def _same_number_of_features(rows: list[np.ndarray]) -> list[np.ndarray]:
    expected = rows[0].shape[1:]
    for number, row in enumerate(rows):
        if row.shape[1:] != expected:
            found = f"{row.shape[1]} features" if row.ndim == 2 else "one number per step"
            wanted = f"{expected[0]} features" if expected else "one number per step"
            raise ValueError(
                f"All sequences of X must have the same features: sequence {number} has {found}, sequence 0 has "
                f"{wanted}."
            )
    return rows


def _read_table(estimator: Any, X: Any, *, reset: bool) -> Sequences:
    with np.errstate(over="ignore"):  # what is too large for float32 is refused as infinite
        table = validate_data(estimator, X, reset=reset, dtype=np.float32)
    return Sequences(table[:, :, None], masked=False)


def _read_numbers(X: Any) -> Sequences:
    if isinstance(X, list):
        _no_empty_sequence(X)
        ends = np.cumsum([len(row) for row in X])[:-1]
        # As one table they are converted and checked at once, by scikit-learn's rules and with its messages.
        steps = _checked(np.concatenate([row if row.ndim == 2 else row[:, None] for row in X]))
        return _align(pad_sequences(np.split(steps, ends), value=np.nan, dtype=np.float32))
    is_bytes = isinstance(X, np.ndarray) and X.dtype == np.uint8
    values = X if is_bytes else _checked(X)
    if 0 in values.shape:
        raise ValueError(
            f"Found array with shape {values.shape}: at least one step and one feature is required "
            "in (n_samples, n_timesteps, n_features)."
        )
    return Sequences(values, masked=False) if is_bytes else _align(values)


def _scale_of(X: Any) -> float | None:
    """Return what `ImageToSequence` has noted that bytes are to be divided by."""
    metadata = X.dtype.metadata if isinstance(X, np.ndarray) and X.dtype == np.uint8 else None
    return (metadata or {}).get("scale")


def _checked(X: Any) -> np.ndarray:
    if type(X) is np.ndarray and X.dtype == np.float32 and X.size and np.isfinite(X.sum()):
        return X  # what scikit-learn's check would return, in a fraction of the time of predicting one row
    with np.errstate(over="ignore"):  # what is too large for float32 is refused as infinite
        return check_array(X, dtype=np.float32, ensure_all_finite="allow-nan", allow_nd=True, input_name="X")


def _align(values: np.ndarray) -> Sequences:
    """Move every sequence to the start of its row; all-NaN steps at either edge of it are padding."""
    if not np.isnan(values.min()):
        return Sequences(values, masked=False)
    is_nan = np.isnan(values)
    used = ~is_nan.all(axis=2)
    n_timesteps = values.shape[1]
    first = used.argmax(axis=1)
    end = n_timesteps - used[:, ::-1].argmax(axis=1)
    steps = np.arange(n_timesteps)
    inside = (steps >= first[:, None]) & (steps < end[:, None])
    if not used.any(axis=1).all():
        row = int(np.argmin(used.any(axis=1)))
        raise ValueError(f"Sequence {row} of X has no steps: all of its values are NaN, which is read as padding.")
    holes = is_nan.any(axis=2) & inside
    if holes.any():
        row, step = np.argwhere(holes)[0]
        raise ValueError(
            f"Input X contains NaN: sequence {row} at step {step}. Only whole steps of NaN at either edge of a "
            "sequence are read as padding."
        )
    lengths = end - first
    longest = int(lengths.max())
    from_step = np.minimum(first[:, None] + steps[:longest], n_timesteps - 1)
    aligned = np.take_along_axis(values, from_step[:, :, None], axis=1)
    aligned[steps[:longest] >= lengths[:, None]] = np.nan
    return Sequences(aligned, masked=bool((lengths < longest).any()))


def _token_ids(X: Any) -> list[np.ndarray] | np.ndarray:
    """Return X as integers that fit a network's input, an array where all rows are equally long."""
    rows: Any = X if isinstance(X, list) else np.asarray(X)
    if not isinstance(rows, list) and rows.ndim != 2:
        raise ValueError(
            f"X has {rows.ndim} dimensions, but embedding_dim asks for token ids: expected integers (n_samples, "
            "n_timesteps) or a list of lists of integers."
        )
    if len(rows) == 0:
        raise ValueError(f"Found array with 0 sample(s) (shape={np.shape(rows)}) while a minimum of 1 is required.")
    _no_empty_sequence(rows)
    for number, row in enumerate(rows if isinstance(rows, list) else [rows]):
        where = f"sequence {number} of X" if isinstance(rows, list) else "X"
        if row.dtype.kind not in "iu" or (isinstance(rows, list) and row.ndim != 1):
            raise ValueError(
                f"embedding_dim asks for token ids, integers from 0 on, but {where} has dtype {row.dtype}"
                f" and {row.ndim} dimensions."
            )
        if row.min() < 0 or row.max() > _INT32_MAX:
            wrong = row.min() if row.min() < 0 else row.max()
            raise ValueError(f"Token ids must lie between 0 and {_INT32_MAX}, but {where} holds {wrong}.")
    return rows


def _no_empty_sequence(rows: Any) -> None:
    for number, row in enumerate(rows):
        if len(row) == 0:
            raise ValueError(f"Sequence {number} of X has no steps; a minimum of 1 is required.")


def _read_ids(form: InputForm, rows: list[np.ndarray] | np.ndarray) -> Sequences:
    padding = 0 if form.mask_zero else -1
    if isinstance(rows, list):
        ids = pad_sequences(rows, padding="post", truncating="post", value=padding, dtype=np.int32)
    else:
        ids = rows.astype(np.int32)
    unknown = ids >= form.vocabulary_size
    if unknown.any():
        row, step = np.argwhere(unknown)[0]
        if form.vocabulary_is_given:
            raise ValueError(
                f"Token ids must lie below vocabulary_size={form.vocabulary_size}, but sequence {row} of X holds "
                f"{ids[row, step]} at step {step}."
            )
        _warn_of_unknown_ids(int(unknown.sum()), form)
        ids[unknown] = padding
    return Sequences(ids, masked=bool((ids < 0).any()))


def _warn_of_unknown_ids(n_unknown: int, form: InputForm) -> None:
    warnings.warn(
        f"X holds {n_unknown} token ids of {form.vocabulary_size} and above, which fit did not see; these steps are "
        "masked. Give vocabulary_size to say which ids there are.",
        UserWarning,
        stacklevel=5,
    )
