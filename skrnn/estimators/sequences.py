"""Reading X: tables, sequences of numbers and token ids, of equal or free length, into one padded array.

`skrnn.preprocessing.padding` has the rule of padding.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skrnn._memory import shortage
from skrnn.estimators.caller import depth_of_caller
from skrnn.estimators.pretrained import Pretrained
from skrnn.estimators.static_features import check_constant, resolve_static_features
from skrnn.network.size import copies_in_training
from skrnn.preprocessing.byte_scale import bytes_of, scale_of, scaled_floats
from skrnn.preprocessing.cells import sequence_name
from skrnn.preprocessing.lazy_rows import LazyRows, parts_of, stays_in_place
from skrnn.preprocessing.padding import Sequences, Steps, id_of_padding, is_finite, stack_steps
from skrnn.preprocessing.reading import Form, Reading, check_features, check_table, read
from skrnn.preprocessing.token_ids import digest_of, vocabulary_of

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
    static_features : tuple of int
        Features that have one value in each sequence.
    embedding_dim : int or None
        Width of the vectors in `embedding_matrix`, if there are any.
    embedding_source : str or None
        Tells whether `embedding_matrix` has changed; see `Pretrained`.
    vocabulary : str or None
        A digest of the vocabulary of X, if X has one.
    """

    kind: Form
    n_features: int = 1
    vocabulary_size: int | None = None
    vocabulary_is_given: bool = False
    mask_zero: bool = True
    byte_scale: float = 1.0
    n_columns: int | None = None
    static_features: tuple[int, ...] = ()
    embedding_dim: int | None = None
    embedding_source: str | None = None
    vocabulary: str | None = None


def read_new(estimator: Any, X: Any, pretrained: Pretrained | None = None) -> tuple[InputForm, Sequences]:
    """Recognise the form of X in `fit`, read it, and set ``n_features_in_`` and ``feature_names_in_``.

    Parameters
    ----------
    estimator : estimator
        Has ``embedding_dim``, ``vocabulary_size``, ``mask_zero`` and ``static_features``.
    X : array-like, data frame or list of sequences
    pretrained : Pretrained, optional
        The vectors of token ids, if the estimator has an ``embedding_matrix``.

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
    reading = read(X, keep_bytes=True)
    values = reading.values
    if estimator.embedding_dim is not None or pretrained is not None:
        parameter = "embedding_dim" if pretrained is None else "embedding_matrix"
        ids = _token_ids_with_largest(reading, parameter)
        size, given = estimator.vocabulary_size, estimator.vocabulary_size is not None
        if not given:
            size = int(np.nanmax(ids.values)) + 1
        if pretrained is None:
            _require_memory(estimator, int(size), None if given else ids)
        form = InputForm("token_ids", 1, int(size), given, bool(estimator.mask_zero), vocabulary=_vocabulary_digest(X))
        if pretrained is not None:
            form = replace(
                form,
                vocabulary_size=pretrained.vocabulary_size,
                vocabulary_is_given=True,
                embedding_dim=pretrained.vectors.shape[1],
                embedding_source=pretrained.source,
            )
        sequences = _read_all_ids(form, reading, parameter, ids)
    elif reading.is_table:
        table = _read_table(estimator, reading, reset=True)
        resolve_static_features(estimator.static_features, "table", 1, None)
        return InputForm("table"), table
    elif _n_dimensions(reading) > 3:
        raise ValueError(
            f"Found array with dim {np.ndim(values)}. {type(estimator).__name__} expected at most 3: (n_samples, "
            "n_timesteps, n_features). skrnn.preprocessing.ImageToSequence reads images as sequences."
        )
    else:
        values, scale = _bytes_and_scale(values)
        sequences = _read_numbers(values)
        if _n_dimensions(reading) == 2:
            form = InputForm("univariate", byte_scale=scale, n_columns=getattr(values, "shape", [None] * 2)[1])
        else:
            form = InputForm("sequences", sequences.values.shape[2], byte_scale=scale)
    check_features(estimator, reading, form.n_features, reset=True)
    names = getattr(estimator, "feature_names_in_", None)
    static = resolve_static_features(estimator.static_features, form.kind, form.n_features, names)
    check_constant(sequences.values, static, names)
    return replace(form, static_features=static), sequences


def read_like(form: InputForm, estimator: Any, X: Any) -> Sequences:
    """Read X in the form that `fit` saw; see `read_new`."""
    reading = read(X, keep_bytes=True)
    if form.kind == "table":
        return _read_table(estimator, _as_table(estimator, reading), reset=False)
    if form.kind == "token_ids":
        if form.vocabulary is not None and _vocabulary_digest(X) not in (None, form.vocabulary):
            raise ValueError(
                f"X holds token ids of another vocabulary than the one that {type(estimator).__name__} was fitted on: "
                "the same id is another word. Encode all texts with one fitted transformer, by its transform method."
            )
        parameter = "embedding_dim" if form.embedding_source is None else "embedding_matrix"
        sequences = _read_all_ids(form, reading, parameter)
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
        _refuse_plain_bytes(values, form.byte_scale)
        values, scale = _bytes_and_scale(values)
        if scale != form.byte_scale and not isinstance(values, list) and values.dtype == np.uint8:
            values = np.divide(values, scale, dtype=np.float32)
        sequences = _read_numbers(values)
        found = sequences.values.shape[2]
        if found != form.n_features:
            raise ValueError(f"X has {found} features, but {name} is expecting {form.n_features} features as input.")
    check_features(estimator, reading, form.n_features, reset=False)
    check_constant(sequences.values, form.static_features, getattr(estimator, "feature_names_in_", None))
    return sequences


def _n_dimensions(reading: Reading) -> int:
    values = reading.values
    return values[0].ndim + 1 if isinstance(values, list) else values.ndim


def _as_table(estimator: Any, reading: Reading) -> Reading:
    """Return sequences as the rows of a table, if they are as long as the table of `fit` is wide."""
    if not isinstance(reading.values, list):
        return reading
    _same_dimensions(reading.values)
    if _n_dimensions(reading) != 2:
        raise ValueError(
            f"X holds sequences of {reading.values[0].shape[1]} features per step, but {type(estimator).__name__} was "
            f"fitted on a table of {estimator.n_features_in_} columns, which has one number per step."
        )
    lengths = [len(row) for row in reading.values]
    if {*lengths} != {estimator.n_features_in_}:
        raise ValueError(
            f"X holds sequences of {min(lengths)} to {max(lengths)} steps, but {type(estimator).__name__} was fitted "
            f"on a table of {estimator.n_features_in_} columns, an array or a data frame, whose number of steps is "
            "fixed. To leave it free, fit on a list of sequences, or on an array of shape (n_samples, "
            "n_timesteps, 1)."
        )
    return Reading(np.array(reading.values))


def _same_dimensions(rows: list[np.ndarray]) -> None:
    """Raise a ValueError unless all sequences have one number per step, or all have features."""
    for number, row in enumerate(rows):
        if row.ndim != rows[0].ndim:
            found, wanted = (
                f"{each.shape[1]} features per step" if each.ndim == 2 else "one number per step"
                for each in (row, rows[0])
            )
            raise ValueError(
                f"{sequence_name(number, starts=True)} has {found}, but {sequence_name(0)} has {wanted}. All sequences "
                "must have the same features."
            )


def _read_in_parts(array: np.ndarray, read: Callable[..., Sequences], padding: float = np.nan) -> Sequences:
    """Check an array that stays in place part by part, and return its rows, to be read when they are needed.

    Parameters
    ----------
    array : ndarray of shape (n, T) or (n, T, D)
    read : callable
        ``read(part, first)`` checks and reads rows, of which `first` is the number of the first one; ``read(part)``
        reads rows that it has checked before.
    padding : float
        The value of steps after the end of a sequence.
    """
    masked, lengths = False, set()
    for first, part in parts_of(array, in_parts=True):
        sequences = read(part, first)
        masked |= sequences.masked
        lengths.add(sequences.values.shape[1])
    shape = (len(array), max(lengths), *sequences.values.shape[2:])
    rows = LazyRows(array, lambda part: read(part).values, shape, sequences.values.dtype, padding)
    return Sequences(rows, masked or (len(lengths) > 1 and not padding >= 0))


def _read_table(estimator: Any, reading: Reading, *, reset: bool) -> Sequences:
    def read_part(part: np.ndarray, first: int | None = None) -> Sequences:
        numbers = scaled_floats(part)
        with np.errstate(over="ignore"):  # what is too large for float32 is refused as infinite
            if first is None:
                numbers = numbers.astype(np.float32, copy=False)
            else:
                is_new = reset and first == 0
                checked = replace(reading, values=numbers)
                numbers = check_table(estimator, checked, reset=is_new, dtype=np.float32, first=first)
        return Sequences(numbers[:, :, None], masked=False)

    if stays_in_place(reading.values):
        return _read_in_parts(reading.values, read_part)
    return read_part(reading.values, 0)


def _bytes_and_scale(values: Any) -> tuple[Any, float]:
    """Return scaled bytes as plain bytes, or as floats if they are in a list, and their scale.

    Anything else is returned as it is, with a scale of 1.
    """
    scale = scale_of(values[0].dtype if isinstance(values, list) else values.dtype)
    if scale is None:
        return values, 1.0
    return [scaled_floats(row) for row in values] if isinstance(values, list) else bytes_of(values), scale


def _refuse_plain_bytes(values: Any, scale: float) -> None:
    """Raise a ValueError for bytes without a scale if `fit` saw bytes with one: the numbers would differ silently."""
    if scale == 1:
        return
    for number, row in enumerate(values if isinstance(values, list) else values[:1]):
        if row.dtype == np.uint8:
            raise ValueError(
                f"{sequence_name(number, starts=True)} holds bytes without a scale, but those in fit were divided by "
                f"{scale:g}. Transform X like the X of fit, or pass skrnn.preprocessing.scaled_bytes(X, {scale:g}). "
                "If the numbers are meant as they are, pass them as float32."
            )


def _read_numbers(values: Any) -> Sequences:
    """Read sequences of numbers: an array of shape (n, T) or (n, T, D), or a list of arrays."""
    if not stays_in_place(values):
        return _read_some_numbers(values)
    has_padding = False

    def read_part(part: np.ndarray, first: int | None = None) -> Sequences:
        nonlocal has_padding
        if first is None and not has_padding:  # as it was checked before
            numbers = part if part.dtype == np.uint8 else part.astype(np.float32, copy=False)
            return Sequences(numbers.reshape(*part.shape[:2], -1), masked=False)
        sequences = _read_some_numbers(part, first or 0)
        has_padding |= sequences.masked or sequences.values.shape[1] < part.shape[1]
        return sequences

    return _read_in_parts(values, read_part)


def _read_some_numbers(values: Any, first: int = 0) -> Sequences:
    if isinstance(values, list):
        _same_dimensions(values)
    elif len(values) == 0:
        raise ValueError(f"Found array with 0 sample(s) (shape={values.shape}) while a minimum of 1 is required.")
    elif 0 in values.shape:
        raise ValueError(
            f"Found array with shape {values.shape}: at least one step and one feature is required in (n_samples, "
            "n_timesteps, n_features)."
        )
    elif values.dtype == np.uint8:
        return Sequences(values if values.ndim == 3 else values[:, :, None], masked=False)
    steps = stack_steps(values)
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, which is an error
        numbers = steps.values.astype(np.float32, copy=False)
    if not isinstance(values, list) and is_finite(numbers):  # no padding: no copy
        return Sequences(numbers.reshape(*values.shape[:2], -1), masked=False)
    return Steps(numbers, steps.lengths, first).to_sequences(np.nan, np.float32)


def _token_ids(reading: Reading, parameter: str, first: int = 0) -> Steps:
    """Return whole numbers that fit a network's input; missing values at either edge of a sequence are padding.

    Errors name the `parameter` that asks for token ids.
    """
    rows = reading.values
    if _n_dimensions(reading) != 2:
        raise ValueError(
            f"X has {_n_dimensions(reading)} dimensions, but {parameter} asks for token ids: expected integers "
            "(n_samples, n_timesteps) or a list of lists of integers."
        )
    if len(rows) == 0:
        raise ValueError(f"Found array with 0 sample(s) (shape={np.shape(rows)}) while a minimum of 1 is required.")
    asks = f"{parameter} asks for token ids, integers from 0 on"
    if isinstance(rows, list):
        _same_dimensions(rows)
    for number, row in enumerate(rows if isinstance(rows, list) else rows[:1]):
        if len(row) and row.dtype.kind not in "iuf":
            raise ValueError(f"{asks}, but {sequence_name(number)} has dtype {row.dtype}.")
    steps = replace(stack_steps(rows), first=first)
    if steps.values.dtype.kind == "f":  # integers with missing values, which NumPy's integer types cannot hold
        steps = replace(steps, values=steps.values.astype(np.float64))
    steps.without_padding(allow_empty=False)  # an error if ids are missing between others, or a sequence has none
    if steps.values.dtype.kind == "f":
        _refuse(steps, steps.values != np.floor(steps.values), asks)
    out_of_range = (steps.values < 0) | (steps.values > _INT32_MAX)
    _refuse(steps, out_of_range, f"Token ids must lie between 0 and {_INT32_MAX}")
    return steps


def _token_ids_with_largest(reading: Reading, parameter: str) -> Steps:
    """Return all token ids, or of an array that stays in place, the part of it that contains the largest."""
    if not stays_in_place(reading.values):
        return _token_ids(reading, parameter)
    parts = parts_of(reading.values, in_parts=True)
    return max(
        (_token_ids(Reading(part, reading.lengths_are_free), parameter, first) for first, part in parts),
        key=lambda ids: np.nanmax(ids.values),
    )


def _require_memory(estimator: Any, vocabulary_size: int, ids: Steps | None) -> None:
    """Raise a ValueError if there is no memory to train the embedding; `ids` are those whose largest sets its size."""
    copies = copies_in_training(estimator.optimizer)
    lack = shortage(4 * copies * vocabulary_size * int(estimator.embedding_dim))
    if not lack:
        return
    if estimator.embedding_dim > vocabulary_size:
        raise ValueError(f"Training an embedding with embedding_dim={estimator.embedding_dim} {lack}. Lower it.")
    if ids is None:
        raise ValueError(
            f"Training an embedding with vocabulary_size={vocabulary_size} {lack}. Set it to the number of ids."
        )
    place = ids.where(int(np.nanargmax(ids.values)))
    raise ValueError(
        f"{place[0].upper()}{place[1:]} holds the token id {vocabulary_size - 1}. Training an embedding with a vector "
        f"for each id up to it {lack}. If the id is a mistake, correct it; otherwise set vocabulary_size to the number "
        "of ids, and number them from 0."
    )


def _refuse(steps: Steps, wrong: np.ndarray, rule: str) -> None:
    """Raise a ValueError about the first of the `wrong` ids; a missing one is never wrong."""
    wrong = (wrong & ~np.isnan(steps.values))[:, 0]
    if wrong.any():
        index = int(wrong.argmax())
        found = steps.values[index, 0].item()
        raise ValueError(f"{rule}, but {steps.where(index)} holds {int(found) if found == int(found) else found}.")


def _vocabulary_digest(X: Any) -> str | None:
    vocabulary = vocabulary_of(X)
    return None if vocabulary is None else digest_of(vocabulary)


def _read_all_ids(form: InputForm, reading: Reading, parameter: str, ids: Steps | None = None) -> Sequences:
    """Read token ids, and warn of unknown ones; of an array that is not large, `ids` may be known."""
    n_unknown = 0

    def read_part(part: Any, first: int | None = None, ids: Steps | None = None) -> Sequences:
        nonlocal n_unknown
        steps = ids or _token_ids(Reading(part, reading.lengths_are_free), parameter, first or 0)
        sequences, n_masked = _read_ids(form, steps)
        n_unknown += 0 if first is None else n_masked
        return sequences

    if stays_in_place(reading.values):
        sequences = _read_in_parts(reading.values, read_part, id_of_padding(form.mask_zero))
    else:
        sequences = read_part(reading.values, 0, ids)
    if n_unknown:
        _warn_of_unknown_ids(n_unknown, form)
    return sequences


def _read_ids(form: InputForm, steps: Steps) -> tuple[Sequences, int]:
    """Return sequences of token ids, and how many ids are unknown and masked."""
    unknown = steps.values >= form.vocabulary_size
    if form.vocabulary_is_given:
        limit = f"vocabulary_size={form.vocabulary_size}"
        if form.embedding_source is not None:
            limit = f"{form.vocabulary_size}, the number of ids that the embedding_matrix of fit allows"
        _refuse(steps, unknown, f"Token ids must lie below {limit}")
    padding = id_of_padding(form.mask_zero)
    ids = np.asarray(steps.to_sequences(padding, np.int32).values)[:, :, 0]
    if unknown.any():
        ids[ids >= form.vocabulary_size] = padding
    return Sequences(ids, masked=bool((ids < 0).any())), int(unknown.sum())


def _warn_of_unknown_ids(n_unknown: int, form: InputForm) -> None:
    warnings.warn(
        f"X holds {n_unknown} token ids of {form.vocabulary_size} and above, which fit did not see; these steps are "
        "masked. Set vocabulary_size to state which ids exist.",
        UserWarning,
        stacklevel=depth_of_caller(),
    )
