"""Tests of the difference between two classifiers over the splits of a cross-validation, and Holm's correction.

Everything here works on arrays of scores and knows no estimator. The tests on one test set are in ``one_test_set.py``,
and the rule that decides when a comparison has seen enough is in ``sequential.py``.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import stats
from scipy.special import stdtr

# The scale of a posterior without spread: small enough to be a point, large enough to divide by.
_POINT = 1e-150


class ConfidenceInterval(NamedTuple):
    """The two ends of an interval."""

    low: float
    high: float


@dataclass(frozen=True)
class CorrectedTTestResult:
    """The result of :func:`corrected_resampled_ttest`.

    Attributes
    ----------
    statistic : float
        The corrected t: `estimate` divided by `standard_error`. 0 where both are 0.
    pvalue : float
        Two-sided.
    df : int
        Degrees of freedom: the number of splits minus 1.
    estimate : float
        The mean of ``scores_a - scores_b``.
    standard_error : float
        The corrected standard error of `estimate`.
    """

    statistic: float
    pvalue: float
    df: int
    estimate: float
    standard_error: float

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Return the confidence interval of the difference.

        Parameters
        ----------
        confidence_level : float, default=0.95
            Between 0 and 1.

        Returns
        -------
        interval : namedtuple of (low, high)
        """
        return t_interval(self.estimate, self.standard_error, self.df, confidence_level)


@dataclass(frozen=True)
class BayesianTTestResult:
    """The result of :func:`bayesian_correlated_ttest`.

    Attributes
    ----------
    p_left : float
        Probability that `a` is worse than `b` by more than the region of practical equivalence.
    p_rope : float
        Probability that they are practically equivalent.
    p_right : float
        Probability that `a` is better than `b` by more than the region of practical equivalence.
    rope : float
        Half the width of the region of practical equivalence.
    df : int
        Degrees of freedom of the posterior: the number of splits minus 1.
    estimate : float
        The mean of ``scores_a - scores_b``, which is the posterior's centre.
    standard_error : float
        The posterior's scale. It is that of :func:`corrected_resampled_ttest`.
    """

    p_left: float
    p_rope: float
    p_right: float
    rope: float
    df: int
    estimate: float
    standard_error: float

    @property
    def posterior(self) -> Any:
        """The posterior of the difference, a frozen :data:`scipy.stats.t`.

        Without any spread in the differences its scale is 1e-150, in place of a single point.
        """
        return stats.t(self.df, loc=self.estimate, scale=max(self.standard_error, _POINT))

    def interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Return the equal-tailed credible interval of the difference.

        Parameters
        ----------
        confidence_level : float, default=0.95
            The probability that the difference is inside.

        Returns
        -------
        interval : namedtuple of (low, high)
        """
        return t_interval(self.estimate, self.standard_error, self.df, confidence_level)


def corrected_resampled_ttest(scores_a: Any, scores_b: Any, *, n_train: Any, n_test: Any) -> CorrectedTTestResult:
    r"""Test whether two classifiers score differently, given their scores on the same splits.

    The training sets of a cross-validation overlap, so the scores of its splits are correlated, and the plain paired
    t-test finds differences far too often. The correction of Nadeau and Bengio widens its standard error to

    .. math:: \sqrt{\left(\frac{1}{J} + \frac{n_\mathrm{test}}{n_\mathrm{train}}\right) s^2}

    with :math:`J` splits and :math:`s^2` the variance of the differences. However many repeats are added, it does not
    fall below :math:`s\sqrt{n_\mathrm{test} / n_\mathrm{train}}`: only more samples make it smaller.

    Parameters
    ----------
    scores_a, scores_b : array-like of shape (n_splits,)
        The scores of either classifier on the same splits, in the same order. Two splits or more.
    n_train, n_test : int or array-like of shape (n_splits,)
        The number of samples that each split trains and tests on. If the splits differ, the mean of their ratios
        counts.

    Returns
    -------
    result : CorrectedTTestResult
        With `statistic`, `pvalue`, `df`, `estimate`, `standard_error` and the method ``confidence_interval()``.

    Raises
    ------
    ValueError
        If there are fewer than two splits, if the lengths differ, or if a score is not finite.

    Notes
    -----
    If the differences are all 0, the p-value is 1. If they are all the same and not 0, the statistic is infinite and
    the p-value is 0: that is the limit of the formula, and with few splits or coarse scores no strong evidence.
    Differences within a few units of the last digit of the scores count as rounding errors, which means as the same.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning 52 (2003), section 4,
       "corrected resampled t-test".
    .. [2] R. R. Bouckaert and E. Frank, "Evaluating the replicability of significance tests for comparing learning
       algorithms", PAKDD 2004, for its use with repeated cross-validation.

    Examples
    --------
    >>> from skrnn.model_selection import corrected_resampled_ttest
    >>> lstm, rnn = [0.93, 0.95, 0.94, 0.96, 0.93], [0.90, 0.93, 0.93, 0.92, 0.91]
    >>> result = corrected_resampled_ttest(lstm, rnn, n_train=800, n_test=200)
    >>> print(f"{result.estimate:.3f}, p = {result.pvalue:.3f}")
    0.024, p = 0.035
    >>> low, high = result.confidence_interval()
    >>> print(f"{low:.3f} to {high:.3f}")
    0.003 to 0.045
    """
    estimate, standard_error, df = _corrected(scores_a, scores_b, n_train, n_test)
    if standard_error == 0:
        statistic = np.copysign(np.inf, estimate) if estimate else 0.0
    else:
        statistic = estimate / standard_error
    return CorrectedTTestResult(
        float(statistic), float(2 * stdtr(df, -abs(statistic))), df, float(estimate), float(standard_error)
    )


def bayesian_correlated_ttest(
    scores_a: Any, scores_b: Any, *, n_train: Any, n_test: Any, rope: float
) -> BayesianTTestResult:
    r"""Return how probable it is that a classifier is better, worse, or practically equivalent.

    The differences of the scores are taken as normal, each two of them correlated by
    :math:`\rho = n_\mathrm{test} / (n_\mathrm{train} + n_\mathrm{test})`. With the usual flat prior, the posterior of
    their mean is Student's t with :math:`J - 1` degrees of freedom, centred on the mean of the differences, with the
    scale :math:`s \sqrt{1/J + \rho/(1-\rho)}`. As :math:`\rho/(1-\rho) = n_\mathrm{test}/n_\mathrm{train}`, that is
    the standard error of :func:`corrected_resampled_ttest`, and the credible intervals equal its confidence intervals.

    Parameters
    ----------
    scores_a, scores_b : array-like of shape (n_splits,)
        The scores of either classifier on the same splits, in the same order. Two splits or more.
    n_train, n_test : int or array-like of shape (n_splits,)
        The number of samples that each split trains and tests on. If the splits differ, the mean of their ratios
        counts.
    rope : float
        Differences from ``-rope`` to ``rope`` are of no practical importance (the region of practical equivalence),
        in the unit of the scores: 0.01 is one point of accuracy. 0 or more.

    Returns
    -------
    result : BayesianTTestResult
        With the probabilities `p_left` (`a` is worse), `p_rope` (equivalent) and `p_right` (`a` is better), which add
        up to 1, the `posterior`, and the method ``interval()``.

    Raises
    ------
    ValueError
        If there are fewer than two splits, if the lengths differ, if a score is not finite, or if `rope` is negative.

    Notes
    -----
    If the differences are all the same, the posterior is a single point, and one of the probabilities is 1.

    References
    ----------
    .. [1] G. Corani and A. Benavoli, "A Bayesian approach for comparing cross-validated algorithms on multiple data
       sets", Machine Learning 100 (2015), section 2.
    .. [2] A. Benavoli, G. Corani, J. Demšar and M. Zaffalon, "Time for a change: a tutorial for comparing multiple
       classifiers through Bayesian analysis", Journal of Machine Learning Research 18 (2017), section 3.

    Examples
    --------
    >>> from skrnn.model_selection import bayesian_correlated_ttest
    >>> lstm, rnn = [0.93, 0.95, 0.94, 0.96, 0.93], [0.90, 0.93, 0.93, 0.92, 0.91]
    >>> result = bayesian_correlated_ttest(lstm, rnn, n_train=800, n_test=200, rope=0.01)
    >>> print(f"{result.p_left:.3f}, {result.p_rope:.3f}, {result.p_right:.3f}")
    0.006, 0.065, 0.929
    """
    estimate, standard_error, df = _corrected(scores_a, scores_b, n_train, n_test)
    rope = _rope(rope)
    left, right = probabilities(estimate, standard_error, df, rope)
    # Rounding may bring the sum of both tails a last digit above 1.
    middle = max(0.0, float(1 - left - right))
    return BayesianTTestResult(float(left), middle, float(right), rope, df, float(estimate), float(standard_error))


def probabilities(estimate: Any, standard_error: Any, df: Any, rope: float) -> tuple[Any, Any]:
    """Return the posterior's probabilities below ``-rope`` and above ``rope``; arrays are taken element by element."""
    scale = np.maximum(standard_error, _POINT)
    # At a standard error of 0, a difference at the edge of the region belongs to the region, so nothing lies outside.
    certain = np.asarray(standard_error) == 0
    left = np.where(certain, np.less(estimate, -rope), stdtr(df, (-rope - estimate) / scale))
    right = np.where(certain, np.greater(estimate, rope), stdtr(df, (estimate - rope) / scale))
    return left, right


def holm(pvalues: Any) -> np.ndarray:
    """Adjust p-values for testing several hypotheses, by Holm's method.

    Rejecting where the adjusted p-value is at most 0.05 keeps the probability of any false rejection at or below 5 %,
    however the tests depend on each other.

    Parameters
    ----------
    pvalues : array-like of shape (n_tests,)
        Between 0 and 1. NaN is a test that could not be done: it stays NaN, and is not counted.

    Returns
    -------
    adjusted : ndarray of shape (n_tests,), float
        In the order of `pvalues`.

    Raises
    ------
    ValueError
        If a p-value is below 0 or above 1, or if there are several dimensions.

    References
    ----------
    .. [1] S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
       (1979).

    Examples
    --------
    >>> from skrnn.model_selection import holm
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    values = np.asarray(pvalues, dtype=float)
    if values.ndim != 1:
        raise ValueError(f"pvalues has the shape {values.shape}, but must be one-dimensional.")
    if np.any((values < 0) | (values > 1)):
        raise ValueError(f"pvalues must be between 0 and 1, but {values[(values < 0) | (values > 1)][0]} is not.")
    adjusted = np.full_like(values, np.nan)
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]  # NaN is sorted to the end
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * values[order]), 1)
    return adjusted


def _corrected(scores_a: Any, scores_b: Any, n_train: Any, n_test: Any) -> tuple[float, float, int]:
    """Return the mean of the differences, its corrected standard error, and the degrees of freedom."""
    differences, ratio = paired_differences(scores_a, scores_b, n_train, n_test)
    n_splits = len(differences)
    standard_error = np.std(differences, ddof=1) * np.sqrt(1 / n_splits + ratio)
    return float(np.mean(differences)), float(standard_error), n_splits - 1


def paired_differences(scores_a: Any, scores_b: Any, n_train: Any, n_test: Any) -> tuple[np.ndarray, float]:
    """Return ``scores_a - scores_b``, without rounding errors, and the mean ratio of test to training samples."""
    a, b = _scores("scores_a", scores_a), _scores("scores_b", scores_b)
    if len(a) != len(b):
        raise ValueError(f"scores_a has {len(a)} splits and scores_b has {len(b)}: they must be of the same splits.")
    if len(a) < 2:
        raise ValueError(f"The scores of two splits or more are needed to know how they vary, but there is {len(a)}.")
    differences = a - b
    rounding = 8 * np.finfo(float).eps * max(np.abs(a).max(), np.abs(b).max())
    if np.abs(differences).max() <= rounding:
        differences = np.zeros(len(a))
    elif np.ptp(differences) <= rounding:
        differences = np.full(len(a), differences[0])
    return differences, float(np.mean(_sizes("n_test", n_test, len(a)) / _sizes("n_train", n_train, len(a))))


def _scores(name: str, scores: Any) -> np.ndarray:
    array = np.asarray(scores, dtype=float)
    if array.ndim != 1:
        raise ValueError(f"{name} has the shape {array.shape}, but must have one score for each split: (n_splits,).")
    if not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(array))
        raise ValueError(
            f"{name} is {array[bad[0]]} in split {bad[0]}{f' and {len(bad) - 1} more' if len(bad) > 1 else ''}. Leave "
            "out the splits that failed, of both classifiers."
        )
    return array


def _sizes(name: str, sizes: Any, n_splits: int) -> np.ndarray:
    array = np.asarray(sizes, dtype=float)
    if array.shape not in ((), (n_splits,)):
        raise ValueError(
            f"{name} has the shape {array.shape}, but must be a number, or one for each of {n_splits} splits."
        )
    if not (np.isfinite(array).all() and (array > 0).all()):
        raise ValueError(f"{name} must be above 0, but is {sizes!r}.")
    return array


def _rope(rope: Any) -> float:
    value = float(rope)
    if not 0 <= value < np.inf:
        raise ValueError(f"rope must be 0 or more, but is {rope!r}.")
    return value


def fraction(name: str, value: float) -> float:
    """Return the value, or raise a ValueError that names it."""
    if not 0 < value < 1:
        raise ValueError(f"{name} must be between 0 and 1, but is {value!r}.")
    return value


def t_interval(estimate: float, standard_error: float, df: int, confidence_level: float) -> ConfidenceInterval:
    """Return the central interval of Student's t around `estimate`."""
    half = stats.t.ppf((1 + fraction("confidence_level", confidence_level)) / 2, df) * standard_error
    return ConfidenceInterval(float(estimate - half), float(estimate + half))
