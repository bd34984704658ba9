"""Tables to sequences: the assignment of columns to features and steps."""

import re
from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing.per_sequence import NoSetOutput
from skrnn.preprocessing.reading import check_numbers, column_names


class TabularToSequence(NoSetOutput, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Read the columns of a table as the steps of a sequence.

    Parameters
    ----------
    n_steps : int, default=None
        The number of steps. None infers it from the column names.
    order : {"auto", "time", "feature", "names"}, default="auto"
        How the columns are ordered:

        - "time": all features of the first step, then all features of the second one, and so on;
        - "feature": all steps of the first feature, then all steps of the second one, and so on;
        - "names": in any order, identified by their names;
        - "auto": "names" if X is a data frame and a column name matches `name_pattern`, otherwise "time".
    name_pattern : str, default="{feature}_t{step}"
        Pattern of the column names. ``{step}`` matches an integer, which may have a sign, and ``{feature}`` any text.
        Without ``{feature}`` there is one feature. Steps are sorted as numbers, so that ``temp_t10`` comes after
        ``temp_t9``, and features by their first column.

    Attributes
    ----------
    n_steps_ : int
        The number of steps.
    columns_ : ndarray of shape (n_steps_, n_features)
        The column of X that holds each feature at each step.
    n_features_in_ : int
        The number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The columns seen in `fit`. Defined only if X is a data frame whose column names are all strings.

    See Also
    --------
    ImageToSequence : Reads the rows, columns or patches of images as steps.
    SequencePadder : Pads sequences of unequal length to a common length.

    Notes
    -----
    NaN is kept. The estimators of this package read NaN at the end of a sequence as padding, so a row of the table may
    hold a shorter sequence.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.preprocessing import TabularToSequence
    >>> TabularToSequence(n_steps=2).fit_transform([[1, 2, 3, 4, 5, 6]])
    array([[[1, 2, 3],
            [4, 5, 6]]])
    >>> TabularToSequence(n_steps=2, order="feature").fit_transform([[1, 2, 3, 4, 5, 6]])
    array([[[1, 3, 5],
            [2, 4, 6]]])

    Columns of a data frame can be identified by their names:

    >>> weather = pd.DataFrame({"temp_t1": [20], "temp_t0": [10], "rain_t0": [1], "rain_t1": [2]})
    >>> by_name = TabularToSequence()
    >>> by_name.fit_transform(weather)
    array([[[10,  1],
            [20,  2]]])
    >>> by_name.columns_
    array([[1, 2],
           [0, 3]])
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_steps": [Interval(Integral, 1, None, closed="left"), None],
        "order": [StrOptions({"auto", "time", "feature", "names"})],
        "name_pattern": [str],
    }

    def __init__(self, n_steps=None, *, order="auto", name_pattern="{feature}_t{step}"):
        self.n_steps = n_steps
        self.order = order
        self.name_pattern = name_pattern

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn which column holds which feature at which step.

        Parameters
        ----------
        X : array-like or data frame of shape (n_sequences, n_columns)
            The table.
        y : None
            Ignored.

        Returns
        -------
        self : TabularToSequence
            The fitted transformer.
        """
        table = self._check_table(X)
        columns, features = self._columns(column_names(X), table.shape[1])

        validate_data(self, X, skip_check_array=True)
        self.n_steps_ = len(columns)
        self.columns_ = columns
        self._features = features
        return self

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features of a step.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            The names of the columns, which must be those seen in `fit`. None does not check them.

        Returns
        -------
        names : ndarray of str objects
            What ``{feature}`` stands for in the column names, or ``x0, x1, ...`` if columns are not identified by name.
        """
        super().get_feature_names_out(input_features)
        return np.array(self._features, dtype=object)

    def transform(self, X):
        """Turn rows into sequences.

        Parameters
        ----------
        X : array-like or data frame of shape (n_sequences, n_columns)
            The table.

        Returns
        -------
        sequences : ndarray of shape (n_sequences, n_steps_, n_features)
            The sequences.
        """
        check_is_fitted(self)
        table = self._check_table(X)
        validate_data(self, X, reset=False, skip_check_array=True)
        return table[:, self.columns_]

    def inverse_transform(self, X):
        """Turn sequences back into rows.

        Parameters
        ----------
        X : array-like of shape (n_sequences, n_steps_, n_features)
            The sequences.

        Returns
        -------
        table : ndarray of shape (n_sequences, n_columns)
            The rows, with the columns in the order seen in `fit`.
        """
        check_is_fitted(self)
        sequences = check_numbers(X, self, allow_nd=True, ensure_all_finite="allow-nan")
        if sequences.shape[1:] != self.columns_.shape:
            raise ValueError(
                f"X has sequences of shape {sequences.shape[1:]}, but TabularToSequence was fitted on a table that "
                f"gives sequences of shape {self.columns_.shape}."
            )
        table = np.empty((len(sequences), self.columns_.size), dtype=sequences.dtype)
        table[:, self.columns_] = sequences
        return table

    def _check_table(self, X) -> np.ndarray:
        return check_numbers(X, self, ensure_all_finite="allow-nan")

    def _columns(self, names: list, n_columns: int) -> tuple[np.ndarray, list[str]]:
        """Return the column of each feature at each step, of shape (n_steps, n_features), and the features' names."""
        pattern = compile_pattern(self.name_pattern)
        matches = [pattern.fullmatch(str(name)) for name in names]
        if self.order == "names" or (self.order == "auto" and any(matches)):
            return self._columns_by_name(names, matches)
        if self.n_steps is None:
            raise ValueError(
                "The 'n_steps' parameter of TabularToSequence must be an int unless column names contain the steps "
                f"(order={self.order!r}, name_pattern={self.name_pattern!r}). Got None."
            )
        if n_columns % self.n_steps:
            raise ValueError(f"X has {n_columns} columns, which cannot be divided into n_steps={self.n_steps} steps.")
        in_a_row = np.arange(n_columns)
        by_feature = self.order == "feature"
        columns = in_a_row.reshape(-1, self.n_steps).T if by_feature else in_a_row.reshape(self.n_steps, -1)
        return columns, [f"x{feature}" for feature in range(columns.shape[1])]

    def _columns_by_name(self, names: list, matches: list) -> tuple[np.ndarray, list[str]]:
        if not names:
            raise ValueError("order='names' requires X to be a data frame, because other inputs have no column names.")
        column_of: dict[tuple[str, int], int] = {}
        for column, (name, match) in enumerate(zip(names, matches, strict=True)):
            if match is None:
                raise ValueError(f"The name of column {name!r} of X does not match name_pattern={self.name_pattern!r}.")
            place = (match.groupdict().get("feature", ""), int(match["step"]))
            if place in column_of:
                raise ValueError(
                    f"Columns {names[column_of[place]]!r} and {name!r} of X both hold step {place[1]} of the same "
                    "feature."
                )
            column_of[place] = column
        features = list(dict.fromkeys(feature for feature, _ in column_of))
        steps = sorted({step for _, step in column_of})
        if self.n_steps not in (None, len(steps)):
            raise ValueError(f"The column names of X contain {len(steps)} steps, but n_steps={self.n_steps}.")
        for step in steps:
            for feature in features:
                if (feature, step) not in column_of:
                    missing = self.name_pattern.replace("{step}", str(step)).replace("{feature}", feature)
                    raise ValueError(f"X has no column {missing!r}: each feature needs a column for each step.")
        columns = np.array([[column_of[feature, step] for feature in features] for step in steps])
        return columns, [feature or "x0" for feature in features]


def compile_pattern(name_pattern: str) -> re.Pattern:
    """Return the regular expression of a pattern with {step} and optionally {feature}."""
    if name_pattern.count("{step}") != 1 or name_pattern.count("{feature}") > 1:
        raise ValueError(
            "The 'name_pattern' parameter of TabularToSequence must contain {step} once and {feature} at most once. "
            f"Got {name_pattern!r}."
        )
    expression = re.escape(name_pattern)
    expression = expression.replace(re.escape("{step}"), r"(?P<step>[+-]?\d+)")
    return re.compile(expression.replace(re.escape("{feature}"), "(?P<feature>.+)"), re.DOTALL)
