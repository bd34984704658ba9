"""When a comparison that adds repeats of a cross-validation has seen enough: the rule of ``until_sure``.

The tests themselves are in ``statistics.py``.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaincinv, ndtr, ndtri, stdtr

from skrnn.model_selection.statistics import paired_differences, probabilities

# How many comparisons are drawn to calibrate a boundary: the error rate of three pairs then is within 2 % of itself.
_DRAWS = 200_000


@dataclass(frozen=True)
class Verdict:
    """What is known about one pair of classifiers, `a` and `b`, after some repeats.

    Attributes
    ----------
    kind : {"better", "worse", "equivalent", "undecided", "undecidable"}
        `a` is better or worse than `b` by more than the region of practical equivalence; they are practically
        equivalent; more repeats may tell; or more repeats will hardly tell, so that only more samples would.
    p_better, p_equivalent, p_worse : float
        The posterior probabilities. They are those of :func:`~skrnn.model_selection.bayesian_correlated_ttest`, unless
        the scores hardly vary (see :class:`SequentialRule`).
    level : float
        At this look a pair is decided if the probability of better (or of worse) reaches ``1 - level / 2``, or that of
        equivalent reaches ``1 - level``.
    estimate, standard_error : float
        The mean difference of the scores, and its corrected standard error.
    standard_error_limit : float
        What `standard_error` would fall to with any number of repeats.
    chance : float
        How probable it is that any number of further repeats would decide the pair; 1 if it is decided.
    """

    kind: Literal["better", "worse", "equivalent", "undecided", "undecidable"]
    p_better: float
    p_equivalent: float
    p_worse: float
    level: float
    estimate: float
    standard_error: float
    standard_error_limit: float
    chance: float

    @property
    def decided(self) -> bool:
        """Whether it is better, worse or equivalent."""
        return self.kind in ("better", "worse", "equivalent")


@dataclass(frozen=True, kw_only=True)
class SequentialRule:
    r"""Decides after each repeat of a cross-validation whether a pair of classifiers needs another one.

    In the model of the corrected t-test, the probability that *any* verdict of a comparison is wrong stays at or below
    `error_rate`, although the rule looks after each repeat and at each pair. A wrong verdict is a winner where the true
    difference is 0 (or within the region of practical equivalence, or of the other sign), and "equivalent" where the
    true difference is outside the region.

    Parameters
    ----------
    rope : float
        Differences from ``-rope`` to ``rope`` are of no practical importance, in the unit of the scores. 0 or more.
    splits_per_repeat : int
        The number of splits that each repeat adds, such as 5 for a cross-validation with five folds.
    max_repeats : int
        How often it looks at most. With 1 it is an ordinary test without repeated looks.
    n_pairs : int, default=1
        How many pairs of classifiers the comparison decides: 3 for three classifiers.
    error_rate : float, default=0.05
        The most probable a wrong verdict may be, over all pairs and looks.
    min_chance : float, default=0.05
        A pair is undecidable once the probability that further repeats decide it is below this.

    Notes
    -----
    The rule is a group-sequential test with the boundary of O'Brien and Fleming [1]_, which asks for more certainty at
    the early looks and loses little power at the last. Its verdicts follow from repeated confidence intervals [2]_:
    there is a winner when the equal-tailed interval of the posterior, with the probability ``1 - level`` of that look,
    lies beyond the region of practical equivalence. (For "equivalent", the probability outside the region is at most
    `level`: a wrong one can err to one side only.) These intervals hold at all looks together, so it does not matter
    when one stops. Each pair gets an equal share of `error_rate`.

    The differences of all splits are taken as normal with the correlation that the corrected t-test assumes. A new
    repeat removes some of the noise of splitting and of seeds, and nothing of the noise of the sample at hand. So the
    results of the looks are strongly correlated, and ten looks cost far less than ten tests would. The boundary is
    calibrated by simulation of this model, with a fixed seed: it is the quantile, over simulated comparisons without a
    difference, of the largest statistic of all looks.

    A pair is **undecidable** when further repeats would hardly decide it. In the model, the mean difference over any
    number of further repeats is the present one plus Student's t with the *uncorrected* standard error
    :math:`s / \sqrt{J}`, and the corrected standard error falls to :math:`s \sqrt{n_\mathrm{test} / n_\mathrm{train}}`.
    From both follows how probable a decision is, which is the predictive probability of [3]_. Stopping for this reason
    can only lose winners, never add false ones.

    Classifiers with equal scores on all splits may still differ on other samples: by the rule of three [4]_, on up
    to 3/n of them, where n is the number of samples here. So the variance of the differences is never taken to be
    smaller than for classifiers that differ on three samples.
    (This takes the scores to be shares of samples, such as the accuracy.) Without it, two classifiers that differ by
    more than a point would be "equivalent" in a third of all comparisons on 100 samples, only because they happen to
    agree on all of these.

    References
    ----------
    .. [1] P. C. O'Brien and T. R. Fleming, "A multiple testing procedure for clinical trials", Biometrics 35 (1979).
    .. [2] C. Jennison and B. W. Turnbull, "Interim analyses: the repeated confidence interval approach", Journal of the
       Royal Statistical Society B 51 (1989).
    .. [3] D. J. Spiegelhalter, L. S. Freedman and P. R. Blackburn, "Monitoring clinical trials: conditional or
       predictive power?", Controlled Clinical Trials 7 (1986).
    .. [4] J. A. Hanley and A. Lippman-Hand, "If nothing goes wrong, is everything all right?", Journal of the American
       Medical Association 249 (1983).

    Examples
    --------
    >>> from skrnn.model_selection import SequentialRule
    >>> rule = SequentialRule(rope=0.01, splits_per_repeat=5, max_repeats=10)
    >>> lstm, rnn = [0.93, 0.95, 0.94, 0.96, 0.93], [0.90, 0.93, 0.93, 0.92, 0.91]
    >>> verdict = rule.verdict(lstm, rnn, n_train=800, n_test=200)
    >>> print(f"{verdict.kind}: {verdict.p_better:.3f} of {1 - verdict.level / 2:.3f}")
    undecided: 0.929 of 0.998
    """

    rope: float
    splits_per_repeat: int
    max_repeats: int
    n_pairs: int = 1
    error_rate: float = 0.05
    min_chance: float = 0.05

    def __post_init__(self) -> None:
        for name in ("splits_per_repeat", "max_repeats", "n_pairs"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name} must be an integer of 1 or more, but is {value!r}.")
        if not 0 <= self.rope < np.inf:
            raise ValueError(f"rope must be 0 or more, but is {self.rope!r}.")
        if not 0 < self.error_rate < 1:
            raise ValueError(f"error_rate must be between 0 and 1, but is {self.error_rate!r}.")
        if not 0 <= self.min_chance < 1:
            raise ValueError(f"min_chance must be 0 or more and below 1, but is {self.min_chance!r}.")

    def level(self, n_splits: int, ratio: float | None = None) -> float:
        """Return the level of the look after some splits, for each pair.

        Parameters
        ----------
        n_splits : int
            The number of splits so far, 2 or more.
        ratio : float, default=None
            The number of test samples divided by that of training samples. By default that of folds:
            ``1 / (splits_per_repeat - 1)``.

        Returns
        -------
        level : float
            At most ``error_rate / n_pairs``, which it is for a single look. It grows from look to look. The first call
            for a design simulates it, which takes about a second for 20 repeats.

        Examples
        --------
        >>> from skrnn.model_selection import SequentialRule
        >>> rule = SequentialRule(rope=0.01, splits_per_repeat=5, max_repeats=10)
        >>> [round(rule.level(n_splits), 3) for n_splits in (5, 10, 25, 50)]
        [0.004, 0.012, 0.022, 0.027]
        """
        if ratio is None:
            if self.splits_per_repeat == 1:
                raise ValueError("ratio is needed where a repeat has a single split, which is not a fold.")
            ratio = 1 / (self.splits_per_repeat - 1)
        return float(2 * ndtr(-self._boundary(ratio) / np.sqrt(self._information(n_splits, ratio))))

    def _boundary(self, ratio: float) -> float:
        """Return what the statistic must reach at the last look."""
        # Folds differ by a sample: two digits of their ratio are enough, and save another simulation.
        return _boundary(
            self.splits_per_repeat, self.max_repeats, float(f"{ratio:.1e}"), self.error_rate / self.n_pairs
        )

    def _information(self, n_splits: int, ratio: float) -> float:
        return _information(n_splits, self.splits_per_repeat * self.max_repeats, ratio)

    def verdict(self, scores_a: Any, scores_b: Any, *, n_train: Any, n_test: Any) -> Verdict:
        """Return the verdict on the scores so far.

        Parameters
        ----------
        scores_a, scores_b : array-like of shape (n_splits,)
            All scores of either classifier so far, on the same splits.
        n_train, n_test : int or array-like of shape (n_splits,)
            The number of samples that each split trains and tests on.

        Returns
        -------
        verdict : Verdict
            From the view of `a`. Once it is decided, or undecidable, the pair needs no further repeats: keep it.

        Raises
        ------
        ValueError
            As :func:`~skrnn.model_selection.bayesian_correlated_ttest`.
        """
        differences, ratio = paired_differences(scores_a, scores_b, n_train, n_test)
        n_splits, estimate = len(differences), float(np.mean(differences))
        spread = max(float(np.std(differences, ddof=1)), _smallest_spread(n_train, n_test))
        error, limit = float(spread * np.sqrt(1 / n_splits + ratio)), float(spread * np.sqrt(ratio))
        worse, better = (float(p) for p in probabilities(estimate, error, n_splits - 1, self.rope))
        level = self.level(n_splits, ratio)
        kind: Literal["better", "worse", "equivalent", "undecided", "undecidable"]
        is_better, is_worse, is_equivalent = _decisions(worse, better, level)
        if is_better or is_worse or is_equivalent:
            chance, kind = 1.0, "better" if is_better else "worse" if is_worse else "equivalent"
        else:
            last = float(2 * ndtr(-self._boundary(ratio)))
            chance = _chance_of_decision(estimate, limit, n_splits, ratio, self.rope, last)
            kind = "undecided" if chance >= self.min_chance else "undecidable"
        return Verdict(kind, better, max(0.0, 1 - better - worse), worse, level, estimate, error, limit, chance)


def samples_to_decide(
    difference: float, standard_error: float, n_samples: int, *, rope: float, level: float = 0.05, power: float = 0.8
) -> float:
    r"""Estimate how many samples a comparison would need to be decided, if the difference stays what it seems to be.

    The noise that repeats cannot remove is that of the sample, and falls with :math:`1/\sqrt{n}` at the same number
    of folds. The estimate extrapolates that. It assumes that the true difference is the observed one and the same at
    any size: an observed difference of little certainty gives an estimate of little certainty, and classifiers that
    need many samples gain on others when they get more.

    Parameters
    ----------
    difference : float
        The mean difference of the scores.
    standard_error : float
        Its standard error with many repeats of the cross-validation on `n_samples`, such as
        :attr:`Verdict.standard_error_limit`.
    n_samples : int
        How many samples were compared on.
    rope : float
        Half the width of the region of practical equivalence.
    level : float, default=0.05
        The level of the verdicts, such as :attr:`Verdict.level`.
    power : float, default=0.8
        How probable the decision should be.

    Returns
    -------
    n : float
        A whole number, or infinity where the difference is exactly at the edge of the region.

    Raises
    ------
    ValueError
        If `difference` is not finite, `standard_error` or `rope` is negative, or `n_samples` is not positive.

    References
    ----------
    .. [1] J. Cohen, "Statistical power analysis for the behavioral sciences" (1988), for the size of a sample from
       level and power; the correction of :func:`~skrnn.model_selection.corrected_resampled_ttest` is in
       `standard_error`.

    Examples
    --------
    >>> from skrnn.model_selection import samples_to_decide
    >>> samples_to_decide(0.02, 0.012, 500, rope=0.01)
    5652.0
    """
    if not np.isfinite(difference):
        raise ValueError(f"difference must be finite, but is {difference!r}.")
    if not 0 <= standard_error < np.inf:
        raise ValueError(f"standard_error must be 0 or more, but is {standard_error!r}.")
    if not 0 <= rope < np.inf:
        raise ValueError(f"rope must be 0 or more, but is {rope!r}.")
    if not n_samples > 0:
        raise ValueError(f"n_samples must be above 0, but is {n_samples!r}.")
    if not (0 < level < 1 and 0 < power < 1):
        raise ValueError(f"level and power must be between 0 and 1, but are {level!r} and {power!r}.")
    distance, quantile = abs(difference), ndtri(1 - level / 2)
    if np.isclose(distance, rope, rtol=1e-6, atol=0):  # at the edge of the region, except for rounding
        return np.inf
    if distance > rope:
        needed = (distance - rope) / (quantile + ndtri(max(power, 0.5)))
    else:
        # The larger the error, the closer to 0 the estimate must come to be for a verdict, until none is possible.
        def furthest(error: float) -> float:
            return brentq(lambda x: ndtr((-rope - x) / error) + ndtr((x - rope) / error) - level, 0, rope)

        def excess(error: float) -> float:
            inner = furthest(error)
            return ndtr((inner - distance) / error) - ndtr((-inner - distance) / error) - power

        needed = brentq(excess, 1e-6 * (rope - distance), (1 - 1e-9) * rope / quantile)
    return float(np.ceil(n_samples * max(1.0, (standard_error / needed) ** 2)))


def _smallest_spread(n_train: Any, n_test: Any) -> float:
    """Return the standard deviation over the splits if the predictions differ on three samples of all."""
    n_samples = np.mean(n_train) + np.mean(n_test)
    return float(np.sqrt(3 / n_samples / np.mean(n_test)))


def _decisions(left: Any, right: Any, level: float) -> tuple[Any, Any, Any]:
    """Return whether the probabilities below and above the region of equivalence make it better, worse, equivalent."""
    return 1 - right <= level / 2, 1 - left <= level / 2, left + right <= level


def _chance_of_decision(estimate: float, limit: float, n_splits: int, ratio: float, rope: float, level: float) -> float:
    """Return how probable it is that any number of further repeats decides a pair."""
    # The possible futures, as a grid of equally probable values: of the variance of a split, which follows a scaled
    # inverse chi-squared distribution, and of the mean that remains when all noise of splitting is averaged out.
    df = n_splits - 1
    chi_squared = 2 * gammaincinv(df / 2, (np.arange(16) + 0.5) / 16)
    error = limit * np.sqrt(df / chi_squared)[:, np.newaxis]
    mean = estimate + ndtri((np.arange(200) + 0.5) / 200) * error / np.sqrt(ratio * n_splits)
    left, right = ndtr((-rope - mean) / error), ndtr((mean - rope) / error)
    return float(np.mean(np.any(_decisions(left, right, level), axis=0)))


def _information(n_splits: int, most: int, ratio: float) -> float:
    """Return the share of the information of `most` splits, that is of one over the squared standard error."""
    return min(1.0, (1 / most + ratio) / (1 / n_splits + ratio))


@lru_cache(maxsize=256)
def _boundary(splits_per_repeat: int, max_repeats: int, ratio: float, error_rate: float) -> float:
    """Return what the statistic of the last look must reach, so that without a difference few comparisons ever do."""
    if max_repeats == 1:
        return float(-ndtri(error_rate / 2))
    largest = _largest_statistics(splits_per_repeat, max_repeats, ratio)
    return float(np.quantile(largest, 1 - error_rate, method="higher"))


@lru_cache(maxsize=4)
def _largest_statistics(splits_per_repeat: int, max_repeats: int, ratio: float) -> np.ndarray:
    """Simulate comparisons without a difference; return the largest statistic that each shows in any of its looks.

    The statistic is the normal quantile of the p-value, times the square root of the share of the information.
    """
    generator = np.random.default_rng(0)
    # A difference is shared + its own noise, whose variance is 1. The variance `ratio` of the shared part gives two
    # differences the correlation n_test / (n_train + n_test).
    shared = np.sqrt(ratio) * generator.standard_normal(_DRAWS)
    total, squares, largest = np.zeros(_DRAWS), np.zeros(_DRAWS), np.zeros(_DRAWS)
    for repeat in range(1, max_repeats + 1):
        added = np.sqrt(splits_per_repeat) * generator.standard_normal(_DRAWS)
        total += added
        squares += added**2 / splits_per_repeat
        if splits_per_repeat > 1:
            squares += generator.chisquare(splits_per_repeat - 1, _DRAWS)
        n_splits = repeat * splits_per_repeat
        if n_splits > 1:
            variance = (squares - total**2 / n_splits) / (n_splits - 1)
            statistic = (shared + total / n_splits) / np.sqrt(variance * (1 / n_splits + ratio))
            information = _information(n_splits, splits_per_repeat * max_repeats, ratio)
            quantile = -ndtri(stdtr(n_splits - 1, -np.abs(statistic)))
            np.maximum(largest, quantile * np.sqrt(information), out=largest)
    return largest
