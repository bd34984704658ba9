"""How a comparison was made and tested, in sentences: data, splits, tests, and what is missing."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from skrnn.plotting.style import in_words
from skrnn.report.numbers import count, decimals, listed

_NADEAU_BENGIO = "C. Nadeau and Y. Bengio, “Inference for the generalization error”, Machine Learning 52 (2003)"
_CORANI_BENAVOLI = (
    "G. Corani and A. Benavoli, “A Bayesian approach for comparing cross-validated algorithms on multiple data sets”, "
    "Machine Learning 100 (2015)"
)
_HOLM = (
    "S. Holm, “A simple sequentially rejective multiple test procedure”, Scandinavian Journal of Statistics 6 (1979)"
)
_MCNEMAR = (
    "Q. McNemar, “Note on the sampling error of the difference between correlated proportions or percentages”, "
    "Psychometrika 12 (1947)"
)
_EFRON = "B. Efron and R. J. Tibshirani, “An introduction to the bootstrap” (1993)"


def facts(comparison: Any) -> dict[str, str]:
    """Return the design in a few words each."""
    n_folds, n_repeats = _folds_and_repeats(comparison)
    if comparison.fixed_test:
        design = f"one test set, {count(n_repeats, 'training')}"
        samples = f"{comparison.n_samples:,} to fit, {int(comparison.n_test.max(initial=0)):,} to test"
    else:
        design = count(n_folds, "fold") + (f" × {count(n_repeats, 'repeat')}" if n_repeats > 1 else "")  # noqa: RUF001
        samples = f"{comparison.n_samples:,}"
    found = {
        "Metric": in_words(comparison.scoring),
        "Samples": samples,
        "Classes": "" if comparison.classes is None else f"{len(comparison.classes):,}",
        "Design": design,
        "Practically equivalent": f"within ±{comparison.rope:g}",
    }
    return {name: value for name, value in found.items() if value}


def data(comparison: Any, X: Any) -> list[str]:
    """Return what the samples are like."""
    if comparison.fixed_test:
        n_test = int(comparison.n_test.max(initial=0))
        sentences = [f"{count(comparison.n_samples, 'sample')} to fit, and a test set of {count(n_test, 'sample')}."]
    else:
        sentences = [f"{count(comparison.n_samples, 'sample')}."]
    if comparison.classes is None:
        sentences.append("A sample can have several labels.")
    if X is not None:
        sentences.append(_form(X, "The test set" if comparison.fixed_test else "X"))
    return sentences


def _form(X: Any, name: str) -> str:
    """Return the shape of an array, or the lengths of sequences or texts."""
    shape = getattr(X, "shape", None)
    first = X.iloc[0] if hasattr(X, "iloc") else X[0]
    if shape is not None and not (len(shape) == 1 and (isinstance(first, str) or np.ndim(first))):
        return f"{name} has the shape {tuple(shape)}."
    lengths = np.array([len(sample) for sample in X])
    unit = "characters" if isinstance(first, str) else "steps"
    what = "texts" if isinstance(first, str) else "sequences"
    if lengths.min() == lengths.max():
        return f"{name} holds {what} of {lengths.min():,} {unit}."
    low, high, median = f"{lengths.min():,}", f"{lengths.max():,}", f"{np.median(lengths):,g}"
    return f"{name} holds {what} of {low} to {high} {unit}, with a median of {median}."


def problems(comparison: Any) -> list[str]:
    """Return which fits are missing, and where."""
    found = []
    if not comparison.complete:
        n_finished, n_fits = int(comparison.finished.sum()), comparison.finished.size
        found.append(f"Only {n_finished} of {n_fits} fits are finished: the comparison was interrupted.")
    if comparison.n_failed:
        failed = comparison.finished & np.isnan(comparison.scores)
        where = [
            f"{comparison.architectures[row]} ({_place(comparison, split)})"
            for row, split in zip(*np.nonzero(failed), strict=True)
        ]
        more = [f"{len(where) - 10} more"] if len(where) > 10 else []
        found.append(f"{count(len(where), 'fit')} failed and {'has' if len(where) == 1 else 'have'} no score: "
                     f"{listed([*where[:10], *more])}.")  # fmt: skip
    return found


def _place(comparison: Any, split: int) -> str:
    return f"repeat {comparison.repeats[split] + 1}, fold {comparison.folds[split] + 1}"


def method(comparison: Any, settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return how the classifiers were compared: pairs of a heading and its sentences."""
    found = [("Splits", _splits(comparison)), ("Metric", _metric(comparison))]
    seed = settings.get("random_state", settings.get("seed"))
    if seed is not None:
        found.append(
            (
                "Seeds",
                f"All follow from {seed}. Each fit has a seed of its own, which depends on the repeat, the fold and "
                "the name of the classifier. So the spread of the scores includes the effect of the seeds.",
            )
        )
    found.append(
        (
            "Practical equivalence",
            f"Differences from −{comparison.rope:g} to {comparison.rope:g} count as too small to matter.",  # noqa: RUF001
        )
    )
    found += _on_test_set(comparison) if comparison.fixed_test else _on_folds()
    families = "; those with a baseline are counted apart" if comparison.baselines else ""
    correction = f"Corrects the p-values for the number of pairs{families}."
    return [*found, ("Holm’s correction", f"{correction} {_HOLM}."), ("Verdicts", _verdicts(comparison))]  # noqa: RUF001


def _folds_and_repeats(comparison: Any) -> tuple[int, int]:
    return len(set(comparison.folds.tolist())), len(set(comparison.repeats.tolist()))


def _splits(comparison: Any) -> str:
    n_folds, n_repeats = _folds_and_repeats(comparison)
    if comparison.fixed_test:
        times = "once" if n_repeats == 1 else f"{n_repeats} times"
        return (
            f"Each classifier was fitted {times} on {comparison.n_samples:,} samples, and scored on the same test "
            f"set of {int(comparison.n_test.max(initial=0)):,}, which was not used for training."
        )
    repeated = f", repeated {n_repeats} times with other folds" if n_repeats > 1 else ""
    return (
        f"Cross-validation with {count(n_folds, 'fold')}{repeated}. All classifiers were fitted and scored on the same "
        f"{count(len(comparison.repeats), 'split')}: {_range(comparison.n_train)} samples to fit, "
        f"{_range(comparison.n_test)} to score."
    )


def _range(sizes: np.ndarray) -> str:
    low, high = int(sizes.min()), int(sizes.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _metric(comparison: Any) -> str:
    first, *others = map(in_words, comparison.metric_scores)
    first = first[0].upper() + first[1:]
    if not others:
        return f"{first}."
    return f"{first} decides. {listed(others)} {'are' if len(others) > 1 else 'is'} shown too."


def _on_folds() -> list[tuple[str, str]]:
    return [
        (
            "Intervals and p",
            "Corrected resampled t-test. The scores of a cross-validation depend on each other, because the training "
            "sets overlap; the test allows for that with a larger standard error, of the actual sizes of the splits. "
            f"{_NADEAU_BENGIO}.",
        ),
        (
            "Probabilities",
            "Bayesian correlated t-test: how probable it is, given the scores, that the difference is below, within or "
            f"above the region of practical equivalence. {_CORANI_BENAVOLI}.",
        ),
    ]


def _on_test_set(comparison: Any) -> list[tuple[str, str]]:
    n_resamples = max(map(len, comparison.bootstrap.values()), default=0)
    size = f" with {n_resamples:,} resamples" if n_resamples else ""
    several = len(comparison.repeats) > 1
    return [
        (
            "Intervals and probabilities",
            f"Paired bootstrap{size} of the test samples, the same ones for both classifiers"
            f"{' and of the trainings' if several else ''}. The probabilities are shares of resamples. "
            f"{'' if several else 'They are about these trainings, and say nothing about other seeds. '}{_EFRON}.",
        ),
        (
            "p",
            "McNemar’s exact test, which compares on how many samples only one of the two is right"  # noqa: RUF001
            f"{', combined over the trainings' if several else ''}. {_MCNEMAR}.",
        ),
    ]


def _verdicts(comparison: Any) -> str:
    """Return which probabilities a verdict needs, for pairs of networks and for those with a baseline."""
    families: dict[str, set[float]] = {}
    for pair in comparison.posteriors():
        if np.isfinite(pair.level):
            families.setdefault("with a baseline" if pair.with_baseline else "of networks", set()).add(pair.level)
    text = "The limits are chosen so that at most 5 % of comparisons have a wrong verdict"
    text += ", among the pairs of networks and among those with a baseline." if len(families) == 2 else "."
    for family, levels in families.items():
        if len(levels) == 1:  # several if some fits are missing
            (level,) = levels
            text += (
                f" For pairs {family}: better (or worse) from a probability of {_threshold(1 - level / 2)}, equivalent "
                f"from {_threshold(1 - level)}."
            )
    text += " Otherwise the verdict is “cannot tell”."
    if comparison.n_looks > 1:
        text += (
            f" The scores were looked at after each repeat, at most {comparison.n_looks} times, to decide whether "
            "to go on. The limits allow for that."
        )
    return text


def _threshold(probability: float) -> str:
    """Return two significant digits of the distance to 1."""
    return f"{probability:.{decimals([1 - probability], digits=2, most=12)}f}"
