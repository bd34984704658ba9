"""What the scores of a comparison say about each pair of architectures: intervals, probabilities, a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from scipy.special import ndtri

from skrnn.model_selection.comparison_data import ComparisonData
from skrnn.model_selection.one_test_set import mcnemar_exact
from skrnn.model_selection.sequential import SequentialRule, samples_to_decide
from skrnn.model_selection.statistics import corrected_resampled_ttest, holm, t_interval

Kind = Literal["better", "worse", "equivalent", "undecided", "undecidable"]
_LEVEL = 0.05  # the error rate of all verdicts of a family together

# The beginnings of the names of scikit-learn's metrics between 0 and 1.
_SHARES = (
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "f1",
    "jaccard",
    "precision",
    "recall",
    "roc_auc",
    "top_k_accuracy",
)


@dataclass(frozen=True)
class PairVerdict:
    """What is known about the difference of two architectures, score of `a` minus score of `b`.

    Attributes
    ----------
    a, b : str
        The names.
    n_splits : int
        Number of splits that both were scored on.
    mean : float
        The mean difference, in the unit of the score.
    low, high : float
        Its 95 % interval: with cross-validation that of the corrected t-test, on a fixed test set that of the paired
        bootstrap. The interval is wider if the scores hardly differ at all: see
        :class:`~skrnn.model_selection.SequentialRule`.
    pvalue, pvalue_holm : float
        Two-sided, of no difference: of the corrected t-test, or on a fixed test set of McNemar's exact test. Then
        corrected for all pairs without a baseline, or all pairs with one.
    p_worse, p_equivalent, p_better : float
        Probabilities that the difference is below, within and above the region of practical equivalence.
    verdict : {"better", "worse", "equivalent", "undecided", "undecidable"}
        About `a`. "undecidable": more repeats would hardly decide it.
    level : float
        The verdict is "better" or "worse" once its probability reaches ``1 - level / 2``, and "equivalent" once that
        reaches ``1 - level``. So at most 5 % of comparisons have a wrong verdict among the pairs without a baseline,
        and at most 5 % among those with one.
    scale, df : float
        The scale and the degrees of freedom of the posterior, a Student's t around `mean`; NaN on a fixed test set.
    samples : ndarray of shape (n_resamples,), or None
        On a fixed test set, the bootstrap distribution of the difference.
    n_samples_needed : float
        How many samples would probably decide it, if the difference stays what it seems to be; NaN if it is decided or
        there are too few scores.
    with_baseline : bool
        Whether one of the two is a baseline.
    """

    a: str
    b: str
    n_splits: int
    mean: float = np.nan
    low: float = np.nan
    high: float = np.nan
    pvalue: float = np.nan
    pvalue_holm: float = np.nan
    p_worse: float = np.nan
    p_equivalent: float = np.nan
    p_better: float = np.nan
    verdict: Kind = "undecided"
    level: float = np.nan
    scale: float = np.nan
    df: float = np.nan
    samples: np.ndarray | None = None
    n_samples_needed: float = np.nan
    with_baseline: bool = False

    @property
    def decided(self) -> bool:
        """Whether the verdict is better, worse or equivalent."""
        return self.verdict in ("better", "worse", "equivalent")


def pairs(architectures: Sequence[str], baselines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the positions of all pairs of architectures, except for pairs of baselines."""
    return [
        (a, b)
        for a, b in combinations(range(len(architectures)), 2)
        if not (architectures[a] in baselines and architectures[b] in baselines)
    ]


def verdicts(comparison: ComparisonData, rope: float) -> list[PairVerdict]:
    """Return what is known about each pair."""
    names = comparison.architectures
    positions = pairs(names, comparison.baselines)
    judge = _on_test_set if comparison.fixed_test else _on_folds
    # Two families: how the networks compare must not be harder to tell because baselines are shown, too.
    with_baseline = np.array([bool({names[a], names[b]} & {*comparison.baselines}) for a, b in positions], dtype=bool)
    n_pairs = np.where(with_baseline, with_baseline.sum(), (~with_baseline).sum())
    found = [judge(comparison, a, b, rope, int(n)) for (a, b), n in zip(positions, n_pairs, strict=True)]
    pvalues = np.array([pair["pvalue"] for pair in found], dtype=float)
    for family in (with_baseline, ~with_baseline):
        pvalues[family] = holm(pvalues[family])
    return [
        PairVerdict(names[a], names[b], **{**pair, "pvalue_holm": float(pvalue)}, with_baseline=bool(in_family))
        for (a, b), pair, pvalue, in_family in zip(positions, found, pvalues, with_baseline, strict=True)
    ]


def _on_folds(comparison: ComparisonData, a: int, b: int, rope: float, n_pairs: int) -> dict:
    scored = np.isfinite(comparison.scores[[a, b]]).all(axis=0)
    scores_a, scores_b = comparison.scores[a, scored], comparison.scores[b, scored]
    n_splits = int(scored.sum())
    if n_splits < 2:
        return {"n_splits": n_splits, "pvalue": np.nan}
    sizes = {"n_train": comparison.n_train[scored], "n_test": comparison.n_test[scored]}
    test = corrected_resampled_ttest(scores_a, scores_b, **sizes)
    rule = _rule(comparison, rope, n_splits, n_pairs)
    verdict = rule.verdict(scores_a, scores_b, **sizes)
    # The test's own interval, unless the scores differ by so little that the rule assumes a larger spread.
    low, high = t_interval(verdict.estimate, verdict.standard_error, test.df, 0.95)
    n_samples = int((comparison.n_train + comparison.n_test).max())
    return {
        "n_splits": n_splits,
        "mean": test.estimate,
        "low": low,
        "high": high,
        "pvalue": test.pvalue,
        "p_worse": verdict.p_worse,
        "p_equivalent": verdict.p_equivalent,
        "p_better": verdict.p_better,
        "verdict": verdict.kind,
        "level": verdict.level,
        "scale": verdict.standard_error,
        "df": float(test.df),
        "n_samples_needed": np.nan
        if verdict.decided
        else samples_to_decide(
            test.estimate, verdict.standard_error_limit, n_samples, rope=rope, level=_LEVEL / n_pairs
        ),
    }


def _rule(comparison: ComparisonData, rope: float, n_splits: int, n_pairs: int) -> SequentialRule:
    """Return the rule that the comparison was planned with: one look at the end, or one after each repeat."""
    per_repeat = n_splits if comparison.n_looks == 1 else int((comparison.repeats == 0).sum())
    return SequentialRule(rope=rope, splits_per_repeat=per_repeat, max_repeats=comparison.n_looks, n_pairs=n_pairs)


def _on_test_set(comparison: ComparisonData, a: int, b: int, rope: float, n_pairs: int) -> dict:
    scored = np.isfinite(comparison.scores[[a, b]]).all(axis=0)
    key = comparison.architectures[a], comparison.architectures[b]
    samples = comparison.bootstrap.get(key)
    if samples is None:
        return {"n_splits": int(scored.sum()), "pvalue": np.nan}
    level = _LEVEL / n_pairs
    estimate = float(np.nanmean(comparison.scores[a]) - np.nanmean(comparison.scores[b]))
    smallest = float(np.sqrt(3) / comparison.n_test.max())
    if samples.std() < smallest:
        # Equal predictions on this test set do not prove equal ones on other samples: see SequentialRule.
        samples = estimate + smallest * ndtri((np.arange(len(samples)) + 0.5) / len(samples))
    worse, better = float((samples < -rope).mean()), float((samples > rope).mean())
    equivalent = 1 - worse - better
    low, high = np.quantile(samples, [0.025, 0.975])
    return {
        "n_splits": int(scored.sum()),
        "mean": estimate,
        "low": float(low),
        "high": float(high),
        "pvalue": _mcnemar(comparison, a, b, np.flatnonzero(scored)),
        "p_worse": worse,
        "p_equivalent": equivalent,
        "p_better": better,
        "verdict": "better"
        if better >= 1 - level / 2
        else "worse"
        if worse >= 1 - level / 2
        else "equivalent"
        if equivalent >= 1 - level
        else "undecided",
        "level": level,
        "samples": samples,
    }


def _mcnemar(comparison: ComparisonData, a: int, b: int, splits: np.ndarray) -> float:
    """Return the p-value of McNemar's exact test, combined over K seeds.

    ``K / k`` times the k-th smallest of K p-values is a p-value, however they depend on each other; k is about half of
    K here. B. Rüger (1978), cited in V. Vovk and R. Wang, "Combining p-values via averaging", Biometrika 107 (2020).
    """
    assert comparison.y_true is not None
    pvalues = []
    for split in splits:
        truth = comparison.y_true[comparison.test_rows[split]]
        predicted = comparison.predicted[a][split], comparison.predicted[b][split]
        if predicted[0] is None or predicted[1] is None:
            return np.nan
        pvalues.append(mcnemar_exact(predicted[0] == truth, predicted[1] == truth).pvalue)
    middle = (len(pvalues) + 1) // 2
    return min(1.0, len(pvalues) / middle * sorted(pvalues)[middle - 1])


def score_intervals(comparison: ComparisonData) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 95 % interval of each architecture's mean score.

    With cross-validation the standard error has the correction for overlapping training sets, as in
    :func:`~skrnn.model_selection.corrected_resampled_ttest`. On a fixed test set it is the percentile interval of the
    bootstrap over the test samples. That of a share, such as the accuracy, ends at 0 and 1.
    """
    low, high = np.full((2, len(comparison.architectures)), np.nan)
    for row, name in enumerate(comparison.architectures):
        scored = np.isfinite(comparison.scores[row])
        if comparison.fixed_test:
            samples = comparison.bootstrap.get((name, ""))
            if samples is not None:
                low[row], high[row] = np.quantile(samples, [0.025, 0.975])
        elif scored.sum() > 1:
            scores = comparison.scores[row, scored]
            sizes = {"n_train": comparison.n_train[scored], "n_test": comparison.n_test[scored]}
            test = corrected_resampled_ttest(scores, np.zeros_like(scores), **sizes)
            low[row], high[row] = test.confidence_interval()
    if comparison.scoring.startswith(_SHARES) and _are_shares(comparison.scores):
        low, high = np.maximum(low, 0.0), np.minimum(high, 1.0)
    return low, high


def _are_shares(scores: np.ndarray) -> bool:
    """Return whether all finished scores are between 0 and 1; a metric may have any name."""
    finished = scores[np.isfinite(scores)]
    return bool(((finished >= 0) & (finished <= 1)).all())
