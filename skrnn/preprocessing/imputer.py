"""The imputer that fills in missing values from other steps of the same sequence."""

from numbers import Real
from typing import Any, ClassVar

import numpy as np

from skrnn._sklearn import Interval, StrOptions
from skrnn.preprocessing.padding import Steps
from skrnn.preprocessing.per_sequence import SequenceTransformer
from skrnn.preprocessing.reading import Reading

_LARGE = 1e200  # sums of up to 1e108 such values do not overflow


class SequenceImputer(SequenceTransformer):
    """Fill in the missing values of sequences from other steps of the same sequence.

    Parameters
    ----------
    method : {"forward", "linear"}, default="forward"
        Where the missing values of a feature come from:

        - "forward": the last known value before. A value that is missing before the first known one is replaced as if
          the feature were missing throughout, so that no step knows of a later one;
        - "linear": a straight line between the known values before and after. Before the first known value and after
          the last one, the nearest known value.
    fill_value : float, default=None
        The value of a feature that is missing throughout a sequence. None uses the mean of the feature over all steps
        seen in `fit`.
    add_indicator : bool, default=False
        Whether to append a feature for each feature with missing values in `fit`: 1 where the value was missing, and
        0 elsewhere.

    Attributes
    ----------
    statistics_ : ndarray of shape (n_features_in_,)
        The value of each feature where it is missing throughout a sequence.
    indicator_features_ : ndarray of shape (n_indicators,)
        The features with an indicator; empty without `add_indicator`.
    n_features_in_ : int
        Number of features per step.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Defined only if all names are strings, and X is a list of data frames or a data frame
        whose cells are series. In `transform`, X must have the same names in the same order.

    See Also
    --------
    TimeDistributed : Fills in the mean over all sequences, with ``TimeDistributed(SimpleImputer())``.
    SequenceResampler : Interpolates between steps at unequal times.

    Notes
    -----
    Missing values are NaN, None, ``pandas.NA`` and masked values. Steps at either end of a sequence that are missing in
    all features are padding, not missing values, and are kept: the classifiers of this package skip them.

    "linear" goes by the numbers of the steps. It looks ahead, so use "forward" if the classifier must know no later
    value, as with ``staged_predict_proba``.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import SequenceImputer
    >>> nan = np.nan
    >>> X = [[[1.0, nan], [nan, 20.0], [4.0, nan], [7.0, 50.0]], [[nan, 30.0]]]
    >>> SequenceImputer("linear").fit_transform(X)[0]
    array([[ 1. , 20. ],
           [ 2.5, 20. ],
           [ 4. , 35. ],
           [ 7. , 50. ]])

    The first feature of the other sequence is missing throughout, so it gets the mean of 1, 4 and 7:

    >>> SequenceImputer("forward", add_indicator=True).fit_transform(X)[1]
    array([[ 4., 30.,  1.,  0.]])
    """

    _parameter_constraints: ClassVar[dict] = {
        "method": [StrOptions({"forward", "linear"})],
        "fill_value": [Interval(Real, -np.inf, np.inf, closed="neither"), None],
        "add_indicator": ["boolean"],
    }

    def __init__(self, method="forward", *, fill_value=None, add_indicator=False):
        self.method = method
        self.fill_value = fill_value
        self.add_indicator = add_indicator

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features, with those of the indicators at the end.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            The names of the features. None uses ``feature_names_in_`` or, if it is not defined, ``x0, x1, ...``.

        Returns
        -------
        names : ndarray of str objects
            The names; those of indicators begin with ``missingindicator_``.
        """
        names = super().get_feature_names_out(input_features)
        indicators = [f"missingindicator_{names[feature]}" for feature in self.indicator_features_]
        return np.concatenate([names, np.array(indicators, dtype=object)])

    def _learn(self, reading: Reading, sequences: Steps) -> dict[str, Any]:
        missing = np.isnan(sequences.values)
        if self.fill_value is None:
            unknown = np.flatnonzero(missing.all(axis=0))
            if len(unknown):
                name = reading.names[unknown[0]] if reading.names else int(unknown[0])
                raise ValueError(
                    f"Feature {name!r} of X is missing at all steps of all sequences, so it has no mean. Leave it out, "
                    "or set fill_value."
                )
            largest = float(np.nanmax(np.abs(sequences.values)))
            unit = largest if largest > _LARGE else 1
            values = sequences.values if unit == 1 else sequences.values / unit
            statistics = unit * np.mean(values, axis=0, where=~missing, dtype=np.float64)
        else:
            statistics = np.full(missing.shape[1], float(self.fill_value))
        indicators = np.flatnonzero(missing.any(axis=0)) if self.add_indicator else np.empty(0, dtype=np.intp)
        return {"statistics_": statistics, "indicator_features_": indicators}

    def _transform(self, sequences: Steps) -> Steps:
        filled = sequences.values.copy()
        missing = np.isnan(filled)
        starts = sequences.starts
        starts_and_ends = [np.repeat(edge, sequences.lengths) for edge in (starts, starts + sequences.lengths)]
        for feature in np.flatnonzero(missing.any(axis=0)):
            rows, before, after = _known_neighbours(missing[:, feature], *starts_and_ends)
            filled[rows, feature] = self._fill(filled[:, feature], self.statistics_[feature], rows, before, after)
        if len(self.indicator_features_):
            filled = np.concatenate([filled, missing[:, self.indicator_features_].astype(filled.dtype)], axis=1)
        return Steps(filled, sequences.lengths)

    def _fill(
        self, values: np.ndarray, otherwise: float, rows: np.ndarray, before: np.ndarray, after: np.ndarray
    ) -> np.ndarray:
        """Return the new values of the missing `rows` of a feature, given the known rows around them, -1 for none."""
        new = np.where(before >= 0, values[before], otherwise).astype(np.float64)
        if self.method == "linear":
            new = np.where((before < 0) & (after >= 0), values[after], new)
            both = (before >= 0) & (after >= 0)
            weights = (rows - before)[both] / (after - before)[both]
            new[both] += weights * (values[after[both]] - new[both])
        return new


def _known_neighbours(
    missing: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of missing values, and for each the known rows before and after it in its sequence; -1 for none.

    `starts` and `ends` are those of the sequence of each row.
    """
    rows, known = np.flatnonzero(missing), np.flatnonzero(~missing)
    around = np.concatenate([[-1], known, [len(missing)]])
    place = np.searchsorted(known, rows)
    before, after = around[place], around[place + 1]
    return rows, np.where(before < starts[rows], -1, before), np.where(after >= ends[rows], -1, after)
