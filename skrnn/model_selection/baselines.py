"""Baselines of other kinds for a comparison: what a reader can expect of X without a recurrent network."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sklearn
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from skrnn.preprocessing import TextToSequence
from skrnn.preprocessing.cells import sequence_name
from skrnn.preprocessing.frames import is_frame
from skrnn.preprocessing.padding import Steps, id_of_padding, stack_steps
from skrnn.preprocessing.reading import Reading, as_numbers, as_sequences, check_features, read

_OF_EMBEDDINGS = {"embedding_dim", "embedding_matrix"}
_MAX_ITER = 1000  # measured: 100 for 8,000 images of MNIST, a tenth of the limit


def baselines_for(X: Any, y: Any, estimators: Mapping[str, Any], X_test: Any = None) -> dict[str, Pipeline]:
    """Return classifiers of other kinds that suit X, to compare recurrent networks with.

    Parameters
    ----------
    X : array-like, data frame, or collection of sequences or texts
        Whatever the estimators accept. How it is read is decided here, once, for all folds.
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels, or the indicators of several labels per sample. One-hot rows are indicators here.
    estimators : mapping of str to estimator
        The classifiers of the comparison. An ``embedding_dim`` or ``embedding_matrix`` anywhere in them says that whole
        numbers in X are token ids, and a `TextToSequence` how texts are split into words.
    X_test : array-like, data frame, or collection of sequences or texts, default=None
        A fixed test set. Its lengths decide together with those in X.

    Returns
    -------
    baselines : dict of str to Pipeline
        Not fitted; ``random_state`` and ``n_jobs`` are None everywhere.

        - "dummy": the class frequencies in the training data.
        - "bag of words": for texts and token ids, logistic regression on the TF-IDF weights of the words or the ids.
        - "logistic regression" and "random forest": for numbers. If all sequences have the same number of steps, as
          in tables and images, all their values are columns. Otherwise, as in arrays padded with NaN, the columns are
          the number of steps, and of each feature the mean, the standard deviation, the minimum, the maximum, the first
          and the last value.

    Raises
    ------
    ValueError, TypeError
        If X holds neither texts nor numbers, or an estimator has the name of a baseline.

    Notes
    -----
    Words are split as by the first `TextToSequence` in the estimators, but all words of a text count, in any number.

    Before the logistic regression, missing values are replaced by the mean of their column, and columns are scaled to
    unit variance. The random forest handles missing values itself. Where scikit-learn routes metadata, the baselines
    request ``sample_weight``.

    Examples
    --------
    >>> from skrnn.datasets import load_digits
    >>> from skrnn.model_selection.baselines import baselines_for
    >>> X, y = load_digits(return_X_y=True)
    >>> baselines = baselines_for(X, y, {})
    >>> list(baselines)
    ['dummy', 'logistic regression', 'random forest']
    >>> baselines["random forest"].fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.9
    True
    """
    trained = _trained_baselines(X, y, [*_parts_of(estimators)], X_test)
    baselines = {"dummy": make_pipeline(_weighted(DummyClassifier(strategy="prior"))), **trained}
    for name in baselines:
        if name in estimators:
            raise ValueError(
                f"estimators has the name {name!r}, which a baseline has, too. Rename the estimator, or compare "
                "without baselines."
            )
    return baselines


def _trained_baselines(X: Any, y: Any, parts: list[Any], X_test: Any) -> dict[str, Pipeline]:
    linear: Any = _weighted(LogisticRegression(max_iter=_MAX_ITER))
    if type_of_target(y) == "multilabel-indicator":
        linear = OneVsRestClassifier(linear)
    if _is_texts(X):
        return {"bag of words": make_pipeline(_word_encoder(parts), _TokenCounts(), TfidfTransformer(), linear)}
    try:
        readings = [_read(each) for each in (X, X_test) if each is not None]
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"No baselines suit this X: {error} Where only your own pipelines can read X, compare without baselines, "
            "and add classifiers of other kinds to the estimators."
        ) from error
    if any(map(_asks_for_ids, parts)) and _ids_in(readings[0]) is not None:
        counts = _TokenCounts(mask_zero=all(getattr(part, "mask_zero", True) for part in parts))
        return {"bag of words": make_pipeline(counts, TfidfTransformer(), linear)}
    transformer = _Flatten if _are_equally_long(readings) else _Summary
    impute, scale = SimpleImputer(keep_empty_features=True), _weighted(StandardScaler())
    return {
        "logistic regression": make_pipeline(transformer(), impute, scale, linear),
        "random forest": make_pipeline(transformer(), _weighted(RandomForestClassifier())),
    }


def _parts_of(estimators: Mapping[str, Any]) -> Iterator[Any]:
    """Iterate over the estimators and all that they hold: steps of pipelines, and what searches tune."""
    for estimator in estimators.values():
        yield estimator
        yield from estimator.get_params(deep=True).values()


def _asks_for_ids(part: Any) -> bool:
    """Return whether an estimator has an embedding, or a parameter of a search, a dict or a list of dicts, sets one."""
    spaces = [space for space in (part if isinstance(part, list) else [part]) if isinstance(space, Mapping)]
    searched = any(str(name).rpartition("__")[2] in _OF_EMBEDDINGS for space in spaces for name in space)
    return searched or any(getattr(part, name, None) is not None for name in _OF_EMBEDDINGS)


def _weighted(estimator: Any) -> Any:
    """Let sample weights reach an estimator; scikit-learn's pipelines pass them only where it routes metadata."""
    routed = sklearn.get_config()["enable_metadata_routing"]
    return estimator.set_fit_request(sample_weight=True) if routed else estimator


# What X is


def _is_texts(X: Any) -> bool:
    if isinstance(X, (str, Mapping)) or is_frame(X) or getattr(X, "ndim", 1) != 1 or not hasattr(X, "__iter__"):
        return False
    first: Any = next(iter(X), None)
    return isinstance(first.as_py() if hasattr(first, "as_py") else first, str)  # pyarrow's scalars are not str


def _read(X: Any) -> Reading:
    """Read sequences as the classifiers do, and images with channels as `ImageToSequence` does."""
    if isinstance(X, (list, tuple)) and X and getattr(X[0], "ndim", 0) == 3:
        return Reading(as_numbers(X))
    reading = read(X)
    if reading.is_table:
        check_array(reading.values, dtype=None, ensure_all_finite=False, input_name="X")
    elif getattr(reading.values, "ndim", 0) != 4:
        as_sequences(reading)
    return reading


def _are_equally_long(readings: list[Reading]) -> bool:
    if len({row.shape for reading in readings for row in reading.values}) > 1:
        return False
    return not any(map(_has_padding, readings))


def _has_padding(reading: Reading) -> bool:
    if reading.is_table or reading.values[0].ndim == 3:  # with fixed columns, or images with channels
        return False
    return not stack_steps(reading.values).real().all()


def _ids_in(reading: Reading) -> Steps | None:
    """Return token ids, with NaN for missing ones, or None if X holds anything but whole numbers, one per step."""
    if any(row.ndim != 1 or row.dtype == bool for row in reading.values):
        return None
    steps = stack_steps(reading.values)
    numbers = steps.values[~np.isnan(steps.values)]
    return steps if (numbers >= 0).all() and (numbers == np.floor(numbers)).all() else None


# Words and token ids


def _word_encoder(parts: list[Any]) -> TextToSequence:
    """Return an encoder for whole texts, which splits words as the encoder in the estimators does."""
    own = next((part for part in parts if isinstance(part, TextToSequence)), TextToSequence())
    return clone(own).set_params(max_tokens=None, max_length=None, start_token=False)


class _Reader(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """A transformer of whatever the classifiers read."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


class _TokenCounts(_Reader):
    """Count how often each token id that `fit` has seen occurs in each sequence; others are ignored.

    Parameters
    ----------
    mask_zero : bool, default=True
        Whether the id 0 is padding.
    """

    def __init__(self, mask_zero=True):
        self.mask_zero = mask_zero

    def fit(self, X, y=None):
        self.ids_ = np.unique(self._read(X, reset=True)[0])
        return self

    def transform(self, X):
        check_is_fitted(self)
        ids, owners, n = self._read(X, reset=False)
        known = np.isin(ids, self.ids_)
        cells = owners[known], np.searchsorted(self.ids_, ids[known])
        return csr_matrix((np.ones(len(cells[0])), cells), shape=(n, len(self.ids_)))  # adds up repeated cells

    def _read(self, X: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray, int]:
        reading = _read(X)
        steps = _ids_in(reading)
        if steps is None:
            raise ValueError("The bag of words expects token ids: integers from 0 on, one per step of X.")
        check_features(self, reading, 1, reset=reset)
        ids = steps.values[:, 0]
        kept = ~np.isnan(ids) & (ids != id_of_padding(self.mask_zero))
        return ids[kept].astype(np.int64), steps.owners[kept], len(steps.lengths)


# Numbers


class _Flatten(_Reader):
    """Make one row of the values of each sequence, all of the same shape.

    Attributes
    ----------
    shape_ : tuple of int
        The shape of a sequence.
    """

    def fit(self, X, y=None):
        reading = _read(X)
        _check_width(self, reading, reset=True)
        self.shape_ = reading.values[0].shape
        return self

    def transform(self, X):
        check_is_fitted(self)
        reading = _read(X)
        _check_width(self, reading, reset=False)
        for number, row in enumerate(reading.values):
            if row.shape != self.shape_:
                raise ValueError(
                    f"{sequence_name(number, starts=True)} has shape {row.shape}, but those seen in fit have shape "
                    f"{self.shape_}. Flattened sequences must have one length."
                )
        values = np.asarray(reading.values)
        # Bytes become single floats, in half of the memory that the steps after this one would use otherwise.
        return values.reshape(len(values), -1).astype(np.result_type(values, np.float32), copy=False)


class _Summary(_Reader):
    """Describe each sequence by its number of steps, and each feature by its mean, extremes and the like.

    Missing values count for nothing. Leading and trailing steps of NaN are padding.
    """

    def fit(self, X, y=None):
        reading = _read(X)
        _check_width(self, reading, reset=True)
        return self

    def transform(self, X):
        check_is_fitted(self)
        reading = _read(X)
        _check_width(self, reading, reset=False)
        return _summarised(stack_steps(reading.values, n_features=self.n_features_in_))


def _check_width(transformer: _Reader, reading: Reading, *, reset: bool) -> None:
    """Set or check the number of features, and their names; for a table, those of its columns."""
    filled = next((row for row in reading.values if len(row)), reading.values[0])
    width = filled.shape[-1] if filled.ndim > 1 or reading.is_table else 1
    check_features(transformer, replace(reading, lengths_are_free=True), width, reset=reset)


def _summarised(steps: Steps) -> np.ndarray:
    """Return an array of shape (n_sequences, 1 + 6 * n_features)."""
    real = steps.real()
    owners = steps.owners[real]
    lengths = np.bincount(owners, minlength=len(steps.lengths))
    if not lengths.all():
        raise ValueError(
            f"{sequence_name(int(lengths.argmin()), starts=True)} has no steps; a minimum of 1 is required."
        )
    values = steps.values[real].astype(np.float64)
    if np.isinf(values).any():
        index = int(np.flatnonzero(real)[np.isinf(values).any(axis=1).argmax()])
        raise ValueError(f"Input X contains infinity: {steps.where(index)}.")
    ends = np.cumsum(lengths)
    starts = ends - lengths
    known = ~np.isnan(values)
    n_known = np.add.reduceat(known, starts, dtype=np.intp)
    with np.errstate(invalid="ignore"):  # 0 / 0: a feature without values has no mean
        means = np.add.reduceat(np.where(known, values, 0), starts) / n_known
        deviations = np.where(known, values - means[owners], 0)
        stds = np.sqrt(np.add.reduceat(deviations**2, starts) / n_known)
    extremes = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)  # these ignore NaN
    return np.column_stack([lengths, means, stds, *extremes, values[starts], values[ends - 1]])
