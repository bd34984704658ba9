"""Apply a scikit-learn transformer to each step of sequences."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, MetaEstimatorMixin, TransformerMixin, clone
from sklearn.utils import check_array, check_consistent_length, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skrnn._memory import shortage
from skrnn._sklearn import HasMethods, Hidden, _fit_context
from skrnn.preprocessing.padding import NO_STEP, Steps
from skrnn.preprocessing.per_sequence import NoSetOutput, read_steps
from skrnn.preprocessing.reading import Reading, as_numbers, check_features, to_object_array


def _transformer_has(name: str) -> Callable[["TimeDistributed"], bool]:
    return lambda estimator: hasattr(getattr(estimator, "transformer_", estimator.transformer), name)


class TimeDistributed(NoSetOutput, MetaEstimatorMixin, TransformerMixin, BaseEstimator):
    """Apply a transformer to each step of sequences.

    The transformer is fitted on a table whose rows are the steps of all sequences, and then transforms each step. For
    example, a scaler learns the mean of each feature over all sequences and steps. Padding is not part of the table,
    and is kept.

    Parameters
    ----------
    transformer : transformer
        The transformer to apply to the steps, such as a scaler, an imputer or PCA. It is cloned before it is fitted.
        This parameter is required: without it, `fit` raises an error.

    Attributes
    ----------
    transformer_ : transformer
        The fitted transformer.
    n_features_in_ : int
        Number of features per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Defined only if all names are strings, and X is a list of data frames or a data frame
        whose cells are series. In `transform`, X must have the same names in the same order.

    See Also
    --------
    SequencePadder : Pads sequences, before or after their steps are transformed.
    sklearn.preprocessing.StandardScaler : A transformer to use here.

    Notes
    -----
    If X is a numeric array of three dimensions, so is the result. If X is a list or object array of sequences, the
    result is an object array. Leading and trailing steps that are NaN in all features are padding. Other NaN values are
    passed to the transformer. If the features have names, the transformer gets the steps as a pandas data frame.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from skrnn.preprocessing import TimeDistributed
    >>> X = np.array([[[1.0, 10.0], [5.0, 20.0]], [[3.0, 30.0], [np.nan, np.nan]]])
    >>> scaler = TimeDistributed(MinMaxScaler())
    >>> scaler.fit_transform(X)
    array([[[0. , 0. ],
            [1. , 0.5]],
           [[0.5, 1. ],
            [nan, nan]]])
    >>> scaler.transformer_.data_max_
    array([ 5., 30.])

    Codes of categories become one feature for each category; codes that `fit` did not see become zeros:

    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    >>> encoder = TimeDistributed(make_column_transformer((one_hot, [1]), remainder="passthrough"))
    >>> encoder.fit(np.array([[[0.5, 1], [0.6, 3], [0.7, 1]]]))
    TimeDistributed(...)
    >>> encoder.transform([[[0.8, 3], [0.9, 2]]])[0]
    array([[0. , 1. , 0.8],
           [0. , 0. , 0.9]])
    """

    _parameter_constraints: ClassVar[dict] = {"transformer": [HasMethods(["fit", "transform"]), Hidden(None)]}

    def __init__(self, transformer=None):
        self.transformer = transformer

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        if self.transformer is None:
            return tags
        inner = get_tags(self.transformer)
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.target_tags.required = inner.target_tags.required
        tags.non_deterministic = inner.non_deterministic
        if inner.transformer_tags is not None:
            tags.transformer_tags.preserves_dtype = inner.transformer_tags.preserves_dtype
        return tags

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, sample_weight=None):
        """Fit the transformer on the steps of all sequences.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_steps, n_features), or list or object array of sequences
            The sequences; those in a list have the shape (n_steps, n_features) or (n_steps,).
        y : array-like of shape (n_sequences,), default=None
            The targets of the sequences. Each step gets the target of its sequence.
        sample_weight : array-like of shape (n_sequences,), default=None
            The weights of the sequences. Each step gets the weight of its sequence. The transformer must accept
            weights.

        Returns
        -------
        self : TimeDistributed
            The fitted transformer.
        """
        if self.transformer is None:
            raise ValueError(
                "TimeDistributed has no transformer to apply to the steps. Pass one, such as "
                "TimeDistributed(StandardScaler())."
            )
        reading, steps = self._read(X)
        if sample_weight is not None:
            sample_weight = check_array(
                as_numbers(sample_weight, "sample_weight"), ensure_2d=False, input_name="sample_weight"
            )
        check_consistent_length(steps.lengths, y, sample_weight)
        real = steps.real()
        if not real.any():
            raise ValueError(NO_STEP)
        rows, owners = _with_names(steps.values[real], reading.names), steps.owners[real]
        fit_params = {} if sample_weight is None else {"sample_weight": sample_weight[owners]}
        transformer = clone(self.transformer)
        transformer.fit(rows, None if y is None else np.asarray(y)[owners], **fit_params)
        # Needed later for X in which all steps are padding: then there is no row to transform.
        n_features_out = _apply(transformer.transform, rows[:1]).shape[1]

        check_features(self, reading, steps.values.shape[1], reset=True)
        self.transformer_ = transformer
        self._n_features_out = n_features_out
        return self

    def transform(self, X):
        """Transform each step.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_steps, n_features), or list or object array of sequences
            The sequences.

        Returns
        -------
        transformed : ndarray of shape (n_sequences, n_steps, n_features_out), or object array of shape (n_sequences,)
            The transformed sequences, in a numeric array if X is one.
        """
        check_is_fitted(self)
        reading, steps = self._read(X, self.n_features_in_)
        check_features(self, reading, steps.values.shape[1], reset=False)
        names = getattr(self, "feature_names_in_", None)
        return self._apply_per_step(
            lambda rows: self.transformer_.transform(_with_names(rows, names)), reading, steps, self._n_features_out
        )

    @available_if(_transformer_has("inverse_transform"))
    def inverse_transform(self, X):
        """Undo the transformation of each step.

        Available only if the transformer has this method.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_steps, n_features_out), or list or object array of sequences
            The transformed sequences.

        Returns
        -------
        restored : ndarray of shape (n_sequences, n_steps, n_features), or object array of shape (n_sequences,)
            The sequences, in a numeric array if X is one.
        """
        check_is_fitted(self)
        reading, steps = self._read(X, self._n_features_out)
        if steps.values.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {steps.values.shape[1]} features per step, but TimeDistributed transforms "
                f"{self.n_features_in_} features into {self._n_features_out}."
            )
        return self._apply_per_step(self.transformer_.inverse_transform, reading, steps, self.n_features_in_)

    @available_if(_transformer_has("get_feature_names_out"))
    def get_feature_names_out(self, input_features=None):
        """Return the names of the features of a transformed step.

        Available only if the transformer has this method.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            The names of the features. None uses ``feature_names_in_`` or, if it is not defined, ``x0, x1, ...``.

        Returns
        -------
        names : ndarray of str objects
            The names that the transformer gives.
        """
        check_is_fitted(self)
        return self.transformer_.get_feature_names_out(input_features)

    def _read(self, X: Any, n_features: int = 1) -> tuple[Reading, Steps]:
        hint = " To transform the columns of a table, use the transformer without TimeDistributed."
        return read_steps(X, n_features, hint)

    def _apply_per_step(self, method: Callable, reading: Reading, steps: Steps, n_features_out: int) -> np.ndarray:
        real = steps.real()
        rows = steps.values[real]
        result = _apply(method, rows) if len(rows) else np.empty((0, n_features_out), dtype=rows.dtype)
        # Integers become floats, because this or another X may have padding.
        values = np.full((len(real), result.shape[1]), np.nan, dtype=np.result_type(result, np.float16))
        values[real] = result
        if reading.lengths_are_free:
            return to_object_array(steps.split(values))
        return values.reshape(*reading.values.shape[:2], -1)


def _with_names(rows: np.ndarray, names: Any) -> Any:
    """Return a data frame if all features have names, so that the transformer can select columns by name."""
    if names is None or not all(isinstance(name, str) for name in names):
        return rows
    import pandas as pd

    return pd.DataFrame(rows, columns=[*names], copy=False)


def _apply(method: Callable, rows: Any) -> np.ndarray:
    result = method(rows)
    if issparse(result):
        if lack := shortage(int(result.shape[0]) * int(result.shape[1]) * result.dtype.itemsize):
            raise ValueError(
                f"The transformer turned {len(rows)} steps into a sparse matrix of {result.shape[1]} features, which "
                f"as an array {lack}. Encode fewer categories, for example with max_categories of OneHotEncoder."
            )
        result = result.toarray()
    result = np.asarray(result)
    if result.ndim != 2 or len(result) != len(rows):
        raise ValueError(
            f"The transformer turned {len(rows)} steps into an array of shape {result.shape}; expected one row per "
            "step."
        )
    return result
