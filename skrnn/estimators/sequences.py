"""Reading X: tables, sequences of numbers and token ids, of equal or free length, into one padded array.

`skrnn.preprocessing.padding` has the rule of padding.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from skrnn.preprocessing.cells import sequence_name
from skrnn.preprocessing.padding import Sequences, align, id_of_padding, pad_sequences, without_missing_edges
from skrnn.preprocessing.reading import Form, Reading, check_features, check_table, read

_INT32_MAX = np.iinfo(np.int32).max


@dataclass(frozen=True)
class InputForm:
    """How `fit` read X, and so how every later X is read.

    Attributes
    ----------
    kind : {"table", "sequences", "univariate", "token_ids"}
        See `Form`.
    n_features : int
        Features per step.
    vocabulary_size : int or None
        Token ids lie below it.
    vocabulary_is_given : bool
        Whether the user set it; a larger id is then an error, not a word unseen in `fit`.
    mask_zero : bool
        Whether token id 0 is padding.
    byte_scale : float
        The divisor of values of type uint8.
    n_columns : int or None
        Number of columns that an array or a data frame must have if `fit` saw a list of equally long sequences of
        single numbers: lengths in a list are free, the width of a table is fixed.
    """

    kind: Form
    n_features: int = 1
    vocabulary_size: int | None = None
    vocabulary_is_given: bool = False
    mask_zero: bool = True
    byte_scale: float = 1.0
    n_columns: int | None = None


def read_new(estimator: Any, X: Any) -> tuple[InputForm, Sequences]:
    """Recognise the form of X in `fit`, read it, and set ``n_features_in_`` and ``feature_names_in_``.

    Parameters
    ----------
    estimator : estimator
        Has ``embedding_dim``, ``vocabulary_size`` and ``mask_zero``.
    X : array-like, data frame or list of sequences

    Returns
    -------
    form : InputForm
    sequences : Sequences

    Raises
    ------
    TypeError
        If X is sparse or not array-like.
    ValueError
        If X has none of the forms, is empty, or holds NaN or infinite values.
    """
    reading = read(X)
    values = reading.values
    if estimator.embedding_dim is not None:
        ids = _token_ids(reading)
        given = estimator.vocabulary_size is not None
        size = estimator.vocabulary_size if given else int(max(row.max(initial=0) for row in ids)) + 1
        form = InputForm("token_ids", 1, int(size), given, bool(estimator.mask_zero))
        sequences = _read_ids(form, ids)
    elif reading.is_table:
        return InputForm("table"), _read_table(estimator, reading, reset=True)
    elif _n_dimensions(reading) > 3:
        raise ValueError(
            f"Found array with dim {np.ndim(values)}. {type(estimator).__name__} expected at most 3: (n_samples, "
            "n_timesteps, n_features). skrnn.preprocessing.ImageToSequence reads images as sequences."
        )
    else:
        scale = _scale_of(values) or 1.0
        sequences = _read_numbers(values, scale)
        if _n_dimensions(reading) == 2:
            form = InputForm("univariate", byte_scale=scale, n_columns=getattr(values, "shape", [None] * 2)[1])
        else:
            form = InputForm("sequences", sequences.values.shape[2], byte_scale=scale)
    check_features(estimator, reading, form.n_features, reset=True)
    return form, sequences


def read_like(form: InputForm, estimator: Any, X: Any) -> Sequences:
    """Read X in the form that `fit` saw; see `read_new`."""
    reading = read(X)
    if form.kind == "table":
        return _read_table(estimator, _as_table(estimator, reading), reset=False)
    if form.kind == "token_ids":
        sequences = _read_ids(form, _token_ids(reading))
    else:
        n_dims, name = _n_dimensions(reading), type(estimator).__name__
        if n_dims != 3 and not (n_dims == 2 and form.kind == "univariate"):
            n_features = form.n_features
            raise ValueError(
                f"X has {n_dims} dimensions, but {name} was fitted on sequences of {n_features} features and expects "
                f"(n_samples, n_timesteps, {n_features}) or a list of (n_timesteps, {n_features}) arrays."
                + (" A single sequence is a list of one: [x]." if n_dims == 2 else "")
            )
        values = reading.values
        if reading.is_table and form.n_columns not in (None, values.shape[1]):
            raise ValueError(
                f"X has {values.shape[1]} columns, but {name} was fitted on sequences of {form.n_columns} steps. The "
                "width of an array or a data frame is fixed; pass a list of sequences, whose lengths are free."
            )
        scale = _scale_of(values)
        if scale is not None and scale != form.byte_scale and not isinstance(values, list):
            values = np.divide(values, scale, dtype=np.float32)
        sequences = _read_numbers(values, scale or form.byte_scale)
        found = sequences.values.shape[2]
        if found != form.n_features:
            raise ValueError(f"X has {found} features, but {name} is expecting {form.n_features} features as input.")
    check_features(estimator, reading, form.n_features, reset=False)
    return sequences


def _n_dimensions(reading: Reading) -> int:
    values = reading.values
    return values[0].ndim + 1 if isinstance(values, list) else values.ndim


def _as_table(estimator: Any, reading: Reading) -> Reading:
    """Return sequences as the rows of a table, if they are as long as the table of `fit` is wide."""
    if not isinstance(reading.values, list) or _n_dimensions(reading) != 2:
        return reading
    lengths = [len(row) for row in reading.values]
    if {*lengths} != {estimator.n_features_in_}:
        raise ValueError(
            f"X holds sequences of {min(lengths)} to {max(lengths)} steps, but {type(estimator).__name__} was fitted "
            f"on a table of {estimator.n_features_in_} columns, an array or a data frame, whose number of steps is "
            "fixed. To leave it free, fit on a list of sequences, or on an array of shape (n_samples, "
            "n_timesteps, 1)."
        )
    return Reading(np.array(reading.values))


def _same_number_of_features(rows: list[np.ndarray]) -> list[np.ndarray]:
    expected = rows[0].shape[1:]
    for number, row in enumerate(rows):
        if row.shape[1:] != expected:
            found = f"{row.shape[1]} features" if row.ndim == 2 else "one number per step"
            wanted = f"{expected[0]} features" if expected else "one number per step"
            raise ValueError(
                f"All sequences of X must have the same features: {sequence_name(number)} has {found}, "
                f"{sequence_name(0)} has {wanted}."
            )
    return rows


def _read_table(estimator: Any, reading: Reading, *, reset: bool) -> Sequences:
    with np.errstate(over="ignore"):  # what is too large for float32 is refused as infinite
        table = check_table(estimator, reading, reset=reset, dtype=np.float32)
    return Sequences(table[:, :, None], masked=False)


def _read_numbers(values: Any, byte_scale: float) -> Sequences:
    """Read sequences of numbers: an array of shape (n, T) or (n, T, D), or a list of arrays."""
    if isinstance(values, list):
        _no_empty_sequence(_same_number_of_features(values))
        values = [row / np.float32(_scale_of(row) or byte_scale) if row.dtype == np.uint8 else row for row in values]
        ends = np.cumsum([len(row) for row in values])[:-1]
        # As one table they are converted and checked at once, by scikit-learn's rules and with its messages.
        steps = _checked(np.concatenate([row if row.ndim == 2 else row[:, None] for row in values]))
        return align(pad_sequences(np.split(steps, ends), value=np.nan, dtype=np.float32))
    values = values[:, :, None] if values.ndim == 2 else values
    is_bytes = values.dtype == np.uint8
    values = values if is_bytes else _checked(values)
    if 0 in values.shape:
        raise ValueError(
            f"Found array with shape {values.shape}: at least one step and one feature is required "
            "in (n_samples, n_timesteps, n_features)."
        )
    return Sequences(values, masked=False) if is_bytes else align(values)


def _scale_of(values: Any) -> float | None:
    """Return what `ImageToSequence` has noted that bytes are to be divided by; in a list, those that come first."""
    if isinstance(values, list):
        return next((scale for scale in map(_scale_of, values) if scale is not None), None)
    return (values.dtype.metadata or {}).get("scale") if values.dtype == np.uint8 else None


def _checked(X: Any) -> np.ndarray:
    if type(X) is np.ndarray and X.dtype == np.float32 and X.size and np.isfinite(X.sum()):
        return X  # what scikit-learn's check would return, in a fraction of the time of predicting one row
    with np.errstate(over="ignore"):  # what is too large for float32 is refused as infinite
        return check_array(X, dtype=np.float32, ensure_all_finite="allow-nan", allow_nd=True, input_name="X")


def _token_ids(reading: Reading) -> list[np.ndarray] | np.ndarray:
    """Return integers that fit a network's input, without padding: an array if all rows are equally long."""
    rows = reading.values
    if _n_dimensions(reading) != 2:
        raise ValueError(
            f"X has {_n_dimensions(reading)} dimensions, but embedding_dim asks for token ids: expected integers "
            "(n_samples, n_timesteps) or a list of lists of integers."
        )
    if len(rows) == 0:
        raise ValueError(f"Found array with 0 sample(s) (shape={np.shape(rows)}) while a minimum of 1 is required.")
    _no_empty_sequence(rows)
    if isinstance(rows, np.ndarray):
        if rows.dtype.kind == "f" and np.isnan(rows).any():
            return [_whole_numbers(row, sequence_name(number)) for number, row in enumerate(rows)]
        return _whole_numbers(rows, "X")
    return [_whole_numbers(row, sequence_name(number)) for number, row in enumerate(rows)]


def _whole_numbers(ids: np.ndarray, where: str) -> np.ndarray:
    """Return ids as integers. Missing values at either edge are padding, as they are in sequences of numbers."""
    if ids.dtype == np.float16:
        ids = ids.astype(np.float32)  # wide enough to compare with the largest id
    if ids.dtype.kind == "f":  # for example integers with missing values, which NumPy's integer types cannot hold
        if ids.ndim == 1:
            ids = without_missing_edges(ids, where)
        is_whole = np.isfinite(ids) & (ids == np.floor(ids))
        if not is_whole.all():
            wrong = ids[~is_whole][0]
            raise ValueError(
                f"embedding_dim asks for token ids, integers from 0 on, but {where} has dtype {ids.dtype} and holds "
                f"{wrong}."
            )
    elif ids.dtype.kind not in "iu":
        raise ValueError(f"embedding_dim asks for token ids, integers from 0 on, but {where} has dtype {ids.dtype}.")
    if ids.size and (ids.min() < 0 or ids.max() > _INT32_MAX):
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise ValueError(f"Token ids must lie between 0 and {_INT32_MAX}, but {where} holds {wrong}.")
    return ids if ids.dtype.kind in "iu" else ids.astype(np.int64)


def _no_empty_sequence(rows: Any) -> None:
    for number, row in enumerate(rows):
        if len(row) == 0:
            raise ValueError(f"{sequence_name(number, starts=True)} has no steps; a minimum of 1 is required.")


def _read_ids(form: InputForm, rows: list[np.ndarray] | np.ndarray) -> Sequences:
    padding = id_of_padding(form.mask_zero)
    if isinstance(rows, list):
        ids = pad_sequences(rows, padding="post", truncating="post", value=padding, dtype=np.int32)
    else:
        ids = rows.astype(np.int32)
    unknown = ids >= form.vocabulary_size
    if unknown.any():
        row, step = np.argwhere(unknown)[0]
        if form.vocabulary_is_given:
            raise ValueError(
                f"Token ids must lie below vocabulary_size={form.vocabulary_size}, but {sequence_name(row, step)} "
                f"holds {ids[row, step]}."
            )
        _warn_of_unknown_ids(int(unknown.sum()), form)
        ids[unknown] = padding
    return Sequences(ids, masked=bool((ids < 0).any()))


def _warn_of_unknown_ids(n_unknown: int, form: InputForm) -> None:
    warnings.warn(
        f"X holds {n_unknown} token ids of {form.vocabulary_size} and above, which fit did not see; these steps are "
        "masked. Set vocabulary_size to state which ids exist.",
        UserWarning,
        stacklevel=5,
    )
