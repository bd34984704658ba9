"""Tests of the difference between two classifiers on one test set, from their predictions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest

from skrnn.model_selection.statistics import ConfidenceInterval, fraction


@dataclass(frozen=True)
class McNemarResult:
    """The result of :func:`mcnemar_exact`.

    Attributes
    ----------
    n_only_a, n_only_b : int
        How many samples only `a` has right, and only `b`.
    n_samples : int
        How many there are in the test set.
    pvalue : float
        Two-sided.
    """

    n_only_a: int
    n_only_b: int
    n_samples: int
    pvalue: float

    @property
    def estimate(self) -> float:
        """The difference of the accuracies, `a` minus `b`."""
        return (self.n_only_a - self.n_only_b) / self.n_samples


@dataclass(frozen=True, eq=False)
class PairedBootstrapResult:
    """The result of :func:`paired_bootstrap`.

    Attributes
    ----------
    estimate : float
        The difference of the metric, `a` minus `b`, on the test set itself.
    bootstrap_distribution : ndarray of shape (n_resamples,), float
        The difference on each resampled test set.
    """

    estimate: float
    bootstrap_distribution: np.ndarray

    @property
    def standard_error(self) -> float:
        """The standard deviation of the bootstrap distribution."""
        return float(np.std(self.bootstrap_distribution, ddof=1))

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Return the percentile interval of the difference.

        Parameters
        ----------
        confidence_level : float, default=0.95
            Between 0 and 1.

        Returns
        -------
        interval : namedtuple of (low, high)
        """
        tail = (1 - fraction("confidence_level", confidence_level)) / 2
        low, high = np.quantile(self.bootstrap_distribution, [tail, 1 - tail])
        return ConfidenceInterval(float(low), float(high))


def mcnemar_exact(correct_a: Any, correct_b: Any) -> McNemarResult:
    """Test whether two classifiers are right equally often, given which samples of one test set each has right.

    Only the samples that one of them has right and the other wrong tell them apart. Without a difference, each of
    these falls to either side like a fair coin, so the p-value is that of an exact binomial test. It holds for these
    two *trained* classifiers: it does not see that another seed or another training set would give others.

    Parameters
    ----------
    correct_a, correct_b : array-like of shape (n_samples,), bool
        Whether each prediction is right, such as ``y_pred == y_test``.

    Returns
    -------
    result : McNemarResult
        With `n_only_a`, `n_only_b`, `pvalue` and `estimate`, the difference of the accuracies. If no sample tells
        them apart, the p-value is 1.

    Raises
    ------
    ValueError
        If the shapes differ, if there are no samples, or if anything but True and False is given.

    References
    ----------
    .. [1] Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
       Psychometrika 12 (1947).
    .. [2] T. G. Dietterich, "Approximate statistical tests for comparing supervised classification learning
       algorithms", Neural Computation 10 (1998), section 3.1.

    Examples
    --------
    >>> from skrnn.model_selection import mcnemar_exact
    >>> a = [True] * 90 + [False] * 10
    >>> b = [True] * 78 + [False] * 12 + [True] * 3 + [False] * 7
    >>> result = mcnemar_exact(a, b)
    >>> result.n_only_a, result.n_only_b
    (12, 3)
    >>> print(f"{result.estimate:.2f}, p = {result.pvalue:.3f}")
    0.09, p = 0.035
    """
    a, b = _booleans("correct_a", correct_a), _booleans("correct_b", correct_b)
    if len(a) != len(b):
        raise ValueError(f"correct_a has {len(a)} samples and correct_b has {len(b)}: they must be of one test set.")
    if not len(a):
        raise ValueError("correct_a and correct_b have no samples.")
    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(b & ~a))
    pvalue = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    return McNemarResult(only_a, only_b, len(a), float(pvalue))


def paired_bootstrap(
    metric: Callable[[Any, Any], Any],
    y_true: Any,
    predictions_a: Any,
    predictions_b: Any,
    *,
    n_resamples: int = 2000,
    stratify: bool = True,
    random_state: Any = None,
) -> PairedBootstrapResult:
    """Return the interval of the difference of any metric on one test set, by resampling the test set.

    Both classifiers are scored on the same resampled samples, so what is hard for both cancels out.

    Parameters
    ----------
    metric : callable
        ``metric(y_true, predictions)`` returns a number, such as :func:`sklearn.metrics.f1_score`; or an array of
        shape (n_samples,) whose mean is the metric, such as :data:`numpy.equal` for the accuracy of labels. The latter
        is computed only once, which is much faster.
    y_true : array-like of shape (n_samples,)
        The labels.
    predictions_a, predictions_b : array-like of shape (n_samples,), (n_samples, n_outputs) or with n_seeds before it
        What the metric takes: labels or probabilities. With several trainings of the same architecture the first axis
        is the seeds, and the metric is averaged over them. Both may have different numbers of seeds.
    n_resamples : int, default=2000
        How many test sets to draw.
    stratify : bool, default=True
        Whether each drawn test set has as many samples of each class as the real one. It then describes test sets
        with these shares of the classes.
    random_state : int, Generator or None, default=None
        Seed of the resampling.

    Returns
    -------
    result : PairedBootstrapResult
        With `estimate`, `bootstrap_distribution`, `standard_error` and the method ``confidence_interval()``.

    Raises
    ------
    ValueError
        If the numbers of samples differ, if either axis could hold the samples, or if the metric returns anything other
        than described.

    Notes
    -----
    The intervals are percentile intervals. BCa intervals would need the metric once more for each sample left out,
    which takes minutes on test sets of usual size, and is worth it only for strongly skewed distributions; the
    difference of two metrics on the same samples is close to symmetric. In simulations with 300 samples, intervals of
    95 % for the accuracy, the log loss and the macro F1 contained the true difference in 93 to 95 % of cases; with 100
    samples it was 91 to 93 % for the log loss and the macro F1.

    With several seeds these are drawn as well, for `a` and `b` separately, so that the interval is about *a network
    trained again*, and not only about these trainings. Of S seeds, S - 1 are drawn: drawing all S would understate the
    variance of their mean by the factor (S - 1) / S. With one seed the interval is about this training alone.

    References
    ----------
    .. [1] B. Efron and R. J. Tibshirani, "An introduction to the bootstrap" (1993), chapter 13 (percentile intervals)
       and section 8.3 (paired and stratified samples).
    .. [2] J. N. K. Rao and C. F. J. Wu, "Resampling inference with complex survey data", Journal of the American
       Statistical Association 83 (1988), for drawing S - 1 of S.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.model_selection import paired_bootstrap
    >>> y = np.repeat([0, 1], 100)
    >>> a, b = np.where(np.arange(200) % 10 == 0, 1 - y, y), np.where(np.arange(200) % 4 == 0, 1 - y, y)
    >>> result = paired_bootstrap(np.equal, y, a, b, random_state=0)
    >>> low, high = result.confidence_interval()
    >>> print(f"{result.estimate:.2f}, from {low:.2f} to {high:.2f}")
    0.15, from 0.08 to 0.22
    """
    named = {"predictions_a": predictions_a, "predictions_b": predictions_b}
    estimates, drawn = bootstrap_scores(
        metric, y_true, named, n_resamples=n_resamples, stratify=stratify, random_state=random_state
    )
    return PairedBootstrapResult(float(estimates[0] - estimates[1]), drawn[0] - drawn[1])


def bootstrap_scores(
    metric: Callable[[Any, Any], Any],
    y_true: Any,
    predictions: Mapping[str, Any],
    *,
    n_resamples: int = 2000,
    stratify: bool = True,
    random_state: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Score several classifiers on the same resampled test sets, as :func:`paired_bootstrap` does with two.

    Parameters
    ----------
    predictions : mapping of str to array-like
        By the names that errors should use.

    Returns
    -------
    scores : ndarray of shape (n_classifiers,), float
        On the test set itself.
    drawn : ndarray of shape (n_classifiers, n_resamples), float
        On each resampled test set.
    """
    y = np.asarray(y_true)
    if stratify and y.ndim != 1:
        raise ValueError(f"y_true has the shape {y.shape}, but stratify=True needs one label for each sample.")
    if isinstance(n_resamples, bool) or not isinstance(n_resamples, int | np.integer) or n_resamples < 2:
        raise ValueError(f"n_resamples must be an integer of 2 or more, but is {n_resamples!r}.")
    if not len(y):
        raise ValueError("y_true has no samples.")
    generator = np.random.default_rng(random_state)
    scorers = [_score_of_seeds(metric, y, _by_seed(name, given, len(y))) for name, given in predictions.items()]
    everything = np.arange(len(y))
    groups = [np.flatnonzero(y == label) for label in np.unique(y)] if stratify else [everything]
    drawn = np.empty((len(scorers), n_resamples))
    for resample in range(n_resamples):
        rows = np.concatenate([generator.choice(group, len(group)) for group in groups])
        drawn[:, resample] = [score(rows, _drawn_seeds(n_seeds, generator)) for score, n_seeds in scorers]
    if np.isnan(drawn).any():
        n_wrong = int(np.isnan(drawn).any(axis=0).sum())
        raise ValueError(f"metric returned NaN for {n_wrong} of {n_resamples} resampled test sets.")
    return np.array([score(everything, np.arange(n_seeds)) for score, n_seeds in scorers]), drawn


def _drawn_seeds(n_seeds: int, generator: np.random.Generator) -> np.ndarray:
    return generator.integers(n_seeds, size=n_seeds - 1) if n_seeds > 1 else np.zeros(1, dtype=int)


def _score_of_seeds(metric: Callable, y: np.ndarray, seeds: np.ndarray) -> tuple[Callable, int]:
    """Return the function (rows, indices of seeds) -> mean of the metric, and the number of seeds."""
    values = [np.asarray(metric(y, predictions), dtype=float) for predictions in seeds]
    shapes = {value.shape for value in values}
    if not shapes <= {(), (len(y),)} or len(shapes) != 1:
        raise ValueError(
            f"metric must return a number, or an array with a value for each of the {len(y)} samples, but it returned "
            f"the shape {values[0].shape}."
        )
    if shapes == {(len(y),)}:
        each = np.stack(values)
        return lambda rows, drawn: np.mean([each[seed, rows].mean() for seed in drawn]), len(seeds)
    return lambda rows, drawn: np.mean([metric(y[rows], seeds[seed, rows]) for seed in drawn]), len(seeds)


def _by_seed(name: str, predictions: Any, n_samples: int) -> np.ndarray:
    """Return predictions of shape (n_seeds, n_samples) or (n_seeds, n_samples, n_outputs)."""
    array = np.asarray(predictions)
    fits = {1: array.shape[:1] == (n_samples,), 2: array.ndim > 1 and array.shape[1] == n_samples}
    if array.ndim in (2, 3) and fits[1] and fits[2]:
        raise ValueError(
            f"{name} has the shape {array.shape}: either axis could be the {n_samples} samples. Give probabilities of "
            f"one training the shape (1, n_samples, n_outputs)."
        )
    if array.ndim in (1, 2) and fits[1]:
        return array[np.newaxis]
    if array.ndim in (2, 3) and fits[2] and len(array):
        return array
    raise ValueError(
        f"{name} has the shape {array.shape}, but y_true has {n_samples} samples. The shape must be (n_samples,) or "
        "(n_samples, n_outputs), with or without n_seeds before it."
    )


def _booleans(name: str, values: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1 or not (array.dtype == bool or np.isin(array, (0, 1)).all()):
        raise ValueError(
            f"{name} must have True or False for each sample, but has the shape {array.shape} of {array.dtype}."
        )
    return array.astype(bool)
