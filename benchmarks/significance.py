"""``python -m benchmarks.significance``: whether the error rates of the tests and of ``until_sure`` hold.

Thousands of comparisons whose truth is known: drawn from the model of the corrected t-test, and real cross-validations
of cheap classifiers on generated data. The scores are appended to a file as they are computed, so a run that was
stopped goes on where it was.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from scipy.special import stdtr
from scipy.stats import binomtest, ttest_rel
from sklearn import config_context
from sklearn.datasets import load_digits
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from benchmarks.machine import describe
from skrnn.model_selection import SequentialRule, corrected_resampled_ttest, holm, samples_to_decide
from skrnn.model_selection.sequential import Verdict

FOLDS, REPEATS = 5, 10
PAIRS = tuple(combinations(range(3), 2))
_ABOUT = f"""\
# Do the error rates hold?

Written by `python -m benchmarks.significance`: comparisons whose truth is known, of three classifiers each, on
{REPEATS} repeats of {FOLDS} folds. *Gaussian folds* are drawn from the model of the corrected t-test (two classifiers
that differ on a tenth of the samples). *Naive Bayes* and *tree* are real cross-validations of one classifier on three
groups of features of generated data, alike unless one has an advantage: over samples from that population none is
better, while on the sample at hand one is luckier in all its splits. *Random trees* are the same estimator three
times, with other seeds, on images of digits. Shares are in percent, with 95 % intervals (Clopper and Pearson) in
parentheses.
"""


@dataclass(frozen=True)
class World:
    """A kind of comparison: how to draw the scores of three classifiers, whether that takes long, and how many of them.

    `count` multiplies the number of comparisons.
    """

    n_samples: int
    draw: Callable[[np.random.Generator], np.ndarray]
    slow: bool = False  # worth keeping in the file
    count: float = 1.0

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of each split."""
        return {"n_train": self.n_samples - self.n_samples // FOLDS, "n_test": self.n_samples // FOLDS}


def gaussian_scores(
    generator: np.random.Generator, n_samples: int, lead: float = 0.0, disagreement: float = 0.1
) -> np.ndarray:
    """Draw scores of shape (3, n_splits) as the corrected t-test assumes; the first classifier leads the others.

    Two classifiers differ on the share `disagreement` of the samples, which gives the variance of a split.
    """
    spread = np.sqrt(disagreement / (n_samples / FOLDS) / 2)
    shared, own = generator.standard_normal((3, 1)), generator.standard_normal((3, FOLDS * REPEATS))
    leads = np.array([[lead], [0.0], [0.0]])
    return leads + spread * (np.sqrt(1 / FOLDS) * shared + np.sqrt(1 - 1 / FOLDS) * own)


def scores_on_exchangeable_features(
    generator: np.random.Generator, n_samples: int, advantage: float = 0.0, tree_depth: int | None = None
) -> np.ndarray:
    """Cross-validate one classifier on three groups of features, which are alike but for a wider gap in the first.

    Without `advantage` none is better: over samples from this population, they learn equally well. On one sample at
    hand, one of them is luckier, in all its splits. The classifier is naive Bayes or, if given a depth, a tree.
    """
    y = np.arange(n_samples) % 2
    gaps = np.full((3, 1, 4), 0.9) + np.array([advantage, 0, 0])[:, np.newaxis, np.newaxis]
    groups = generator.standard_normal((3, n_samples, 4)) + gaps * y[:, np.newaxis]
    splits = _splits(generator, y)
    if tree_depth is None:
        return np.array([naive_bayes_scores(group, y, splits) for group in groups])
    return _cross_validated(generator, DecisionTreeClassifier(max_depth=tree_depth), groups, y, splits)


def scores_of_identical_trees(generator: np.random.Generator, n_samples: int) -> np.ndarray:
    """Cross-validate the same random tree three times, with other seeds, on images of digits."""
    X, y = load_digits(return_X_y=True)
    rows = generator.choice(len(y), n_samples, replace=False)
    X, y = X[rows], y[rows]
    return _cross_validated(generator, ExtraTreeClassifier(), np.stack([X] * 3), y, _splits(generator, y))


def _splits(generator: np.random.Generator, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    seed = int(generator.integers(2**31))
    return [*RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed).split(y, y)]


def naive_bayes_scores(X: np.ndarray, y: np.ndarray, splits: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the accuracy of scikit-learn's ``GaussianNB`` on each split, computed for all splits at once.

    Fitting it anew takes a hundred times as long, most of it checks of the input.
    """
    in_train = np.zeros((len(splits), len(y)))
    for split, (train, _) in enumerate(splits):
        in_train[split, train] = 1

    def moments(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        count = weights.sum(axis=1, keepdims=True)
        mean = weights @ X / count
        return count, mean, weights @ X**2 / count - mean**2

    smoothing = 1e-9 * moments(in_train)[2].max(axis=1, keepdims=True)
    likelihoods = []
    for label in (0, 1):
        count, mean, variance = moments(in_train * (y == label))
        variance += smoothing
        squares = X**2 @ (1 / variance).T - 2 * X @ (mean / variance).T + np.sum(mean**2 / variance, axis=1)
        likelihoods.append(np.log(count[:, 0]) - 0.5 * (squares + np.log(variance).sum(axis=1)))
    right = (y == (likelihoods[1] > likelihoods[0]).T).astype(float)
    return np.average(right, axis=1, weights=1 - in_train)


def _cross_validated(
    generator: np.random.Generator,
    classifier: DecisionTreeClassifier,
    X: np.ndarray,
    y: np.ndarray,
    splits: list[tuple[np.ndarray, np.ndarray]],
) -> np.ndarray:
    """Return the accuracies, of shape (3, n_splits), with a seed of its own for each fit."""
    scores = np.empty((len(X), len(splits)))
    X = X.astype(np.float32)  # what trees compute with
    with config_context(assume_finite=True, skip_parameter_validation=True):
        for split, (train, test) in enumerate(splits):
            for which, group in enumerate(X):
                classifier.random_state = int(generator.integers(2**31))
                classifier.fit(group[train], y[train], check_input=False)
                scores[which, split] = np.mean(classifier.predict(group[test], check_input=False) == y[test])
    return scores


def _world(draw: Callable, n_samples: int, *, slow: bool = False, count: float = 1, **options: object) -> World:
    return World(n_samples, partial(draw, n_samples=n_samples, **options), slow, count)


ALIKE = {
    "Gaussian folds": _world(gaussian_scores, 500, count=5),
    "naive Bayes, 100 samples": _world(scores_on_exchangeable_features, 100),
    "naive Bayes, 300 samples": _world(scores_on_exchangeable_features, 300),
    "naive Bayes, 1000 samples": _world(scores_on_exchangeable_features, 1000),
    "tree of depth 2, 200 samples": _world(scores_on_exchangeable_features, 200, tree_depth=2, slow=True, count=0.25),
    "random trees, 300 digits": _world(scores_of_identical_trees, 300, slow=True, count=0.25),
}
DIFFERENT = {
    f"Gaussian folds, {n} samples": _world(gaussian_scores, n, lead=0.02, count=0.5) for n in (300, 1000, 3000, 10000)
} | {
    f"naive Bayes, {n} samples, ahead": _world(scores_on_exchangeable_features, n, advantage=0.085, count=count)
    for n, count in ((300, 0.5), (1000, 0.5), (3000, 0.25))
}


@dataclass(frozen=True)
class Outcome:
    """What ``until_sure`` made of one comparison: the verdict on each pair, and how many repeats it took."""

    verdicts: tuple[Verdict, ...]
    repeats: int

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each verdict."""
        return tuple(verdict.kind for verdict in self.verdicts)

    @property
    def has_winner(self) -> bool:
        """Whether a classifier is better than another."""
        return "better" in self.kinds or "worse" in self.kinds


def until_sure(scores: np.ndarray, rule: SequentialRule, sizes: dict[str, int]) -> Outcome:
    """Look at all pairs after each repeat, until each is decided or undecidable."""
    verdicts: dict[tuple[int, int], Verdict] = {}
    open_pairs, repeats = list(PAIRS[: rule.n_pairs]), 0
    while open_pairs and repeats < rule.max_repeats:
        repeats += 1
        n_splits = repeats * rule.splits_per_repeat
        for one, other in open_pairs:
            verdicts[one, other] = rule.verdict(scores[one, :n_splits], scores[other, :n_splits], **sizes)
        open_pairs = [pair for pair in open_pairs if verdicts[pair].kind == "undecided"]
    return Outcome(tuple(verdicts.values()), repeats)


def winner_rate(generator: np.random.Generator, rule: SequentialRule, n_comparisons: int) -> float:
    """Return how often Gaussian comparisons without a difference have a winner in any pair and look.

    An independent and faster way to the decisions of `SequentialRule.verdict` without a region of practical
    equivalence.
    """
    folds, repeats = rule.splits_per_repeat, rule.max_repeats
    n_classifiers = 2 if rule.n_pairs == 1 else 3
    ratio = 1 / (folds - 1)
    shared = np.sqrt(ratio) * generator.standard_normal((n_comparisons, n_classifiers, 1))
    scores = shared + generator.standard_normal((n_comparisons, n_classifiers, folds * repeats))
    found = np.zeros(n_comparisons, dtype=bool)
    for one, other in combinations(range(n_classifiers), 2):
        for n_splits in range(folds, folds * repeats + 1, folds):
            differences = scores[:, one, :n_splits] - scores[:, other, :n_splits]
            error = differences.std(axis=1, ddof=1) * np.sqrt(1 / n_splits + ratio)
            found |= 2 * stdtr(n_splits - 1, -np.abs(differences.mean(axis=1) / error)) <= rule.level(n_splits)
    return float(found.mean())


class Scores:
    """The scores of the comparisons; those that take long are kept in a file of JSON lines."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._known: dict[tuple[str, int], np.ndarray] = {}
        if path is not None and path.exists():
            text = path.read_text(encoding="utf-8")
            complete = text[: text.rfind("\n") + 1]  # a run that was killed may have left half a line
            if complete != text:
                path.write_text(complete, encoding="utf-8")
            for line in complete.splitlines():
                record = json.loads(line)
                self._known[record["world"], record["seed"]] = np.array(record["scores"])

    def of(self, name: str, world: World, n_comparisons: int, n_jobs: int) -> list[np.ndarray]:
        """Return the scores of the comparisons, and draw those that are missing."""
        n_comparisons = round(world.count * n_comparisons)
        missing = [seed for seed in range(n_comparisons) if (name, seed) not in self._known]
        for start in range(0, len(missing), 100):
            seeds = missing[start : start + 100]
            drawn = Parallel(n_jobs, batch_size=25)(
                delayed(world.draw)(np.random.default_rng([7, seed])) for seed in seeds
            )
            self._known.update({(name, seed): scores for seed, scores in zip(seeds, drawn, strict=True)})
            if world.slow and self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    for seed, scores in zip(seeds, drawn, strict=True):
                        record = {"world": name, "seed": seed, "scores": scores.round(6).tolist()}
                        file.write(json.dumps(record) + "\n")
        return [self._known[name, seed] for seed in range(n_comparisons)]


def percent(hits: np.ndarray) -> str:
    """Return the share of True with its interval."""
    low, high = binomtest(int(np.sum(hits)), len(hits)).proportion_ci()
    return f"{100 * np.mean(hits):.1f} ({100 * low:.1f}-{100 * high:.1f})"


def _table(heads: list[str], rows: Iterator[list[str]]) -> Iterator[str]:
    """Iterate over the lines of a table; a head that starts with a ``<`` is over words."""
    yield "| " + " | ".join(head.removeprefix("<") for head in heads) + " |"
    yield "|" + "|".join("---" if head.startswith("<") else "---:" for head in heads) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _rule(rope: float, n_pairs: int) -> SequentialRule:
    return SequentialRule(rope=rope, splits_per_repeat=FOLDS, max_repeats=REPEATS, n_pairs=n_pairs)


def _pvalues(scores: list[np.ndarray], world: World, n_splits: int, pair: tuple[int, int] = PAIRS[0]) -> np.ndarray:
    parts = [each[list(pair), :n_splits] for each in scores]
    return np.array([corrected_resampled_ttest(*part, **world.sizes).pvalue for part in parts])


def _plain_pvalues(scores: list[np.ndarray]) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array([ttest_rel(each[0], each[1]).pvalue for each in scores])


class Report:
    """The parts of the page. Each is an iterator over lines, which computes what it shows."""

    def __init__(self, results: Scores, n_comparisons: int, n_calibrations: int, n_jobs: int) -> None:
        self.results, self.n, self.n_calibrations, self.n_jobs = results, n_comparisons, n_calibrations, n_jobs

    def lines(self) -> Iterator[str]:
        """Iterate over the whole page."""
        yield _ABOUT
        yield ", ".join(f"{name}: {value}" for name, value in describe().items()) + "."
        for part in (self._tests, self._false_winners, self._power, self._with_region, self._samples, self._designs):
            yield ""
            yield from part()

    def _scores(self, name: str, world: World) -> list[np.ndarray]:
        return self.results.of(name, world, self.n, self.n_jobs)

    def _outcomes(self, scores: list[np.ndarray], world: World, rope: float, n_pairs: int) -> list[Outcome]:
        rule = _rule(rope, n_pairs)
        return Parallel(self.n_jobs, batch_size=50)(delayed(until_sure)(each, rule, world.sizes) for each in scores)

    def _tests(self) -> Iterator[str]:
        yield f"""\
## One test of two classifiers without a difference

How often a test at the level of 5 % finds one, after one repeat and after all {REPEATS}. The plain paired t-test
shows what the correction is for. (The random trees are the same estimator with other seeds on one data set: there the
plain test is about right, and the corrected one finds next to nothing, as it allows for other samples of the data,
too.)
"""

        def rows() -> Iterator[list[str]]:
            for name, world in ALIKE.items():
                scores = self._scores(name, world)
                one, all_ = (_pvalues(scores, world, n_splits) for n_splits in (FOLDS, FOLDS * REPEATS))
                yield [
                    name,
                    f"{len(scores):,}",
                    *(percent(pvalues <= 0.05) for pvalues in (one, all_, _plain_pvalues(scores))),
                ]

        heads = ["corrected, 1 repeat", f"corrected, {REPEATS} repeats", f"plain, {REPEATS} repeats"]
        yield from _table(["<comparisons", "number", *heads], rows())

    def _false_winners(self) -> Iterator[str]:
        yield f"""\
## `until_sure` without a difference

How many comparisons had a winner in any pair, with up to {REPEATS} looks: of two classifiers and of
three, without a region of practical equivalence, which is the hardest case, and with one of a point. "Every look at 5
%" is what the boundary is for: two classifiers, the ordinary corrected test after each repeat. Then how many of the
first 100 comparisons of three had a winner, and how many repeats were run on average until all three pairs were
settled.
"""

        def rows() -> Iterator[list[str]]:
            for name, world in ALIKE.items():
                scores = self._scores(name, world)[: self.n]
                looks = [_pvalues(scores, world, n) <= 0.05 for n in range(FOLDS, FOLDS * REPEATS + 1, FOLDS)]
                two, three, region = (self._outcomes(scores, world, *how) for how in ((0, 1), (0, 3), (0.01, 3)))
                wins = [np.array([each.has_winner for each in outcomes]) for outcomes in (two, three, region)]
                repeats = [f"{np.mean([each.repeats for each in outcomes]):.1f}" for outcomes in (three, region)]
                first = str(np.sum(wins[1][:100]))
                cells = [percent(np.any(looks, axis=0)), *map(percent, wins), first, " / ".join(repeats)]
                yield [name, f"{len(scores):,}", *cells]

        heads = ["every look at 5 %", "two", "three", "three, region", "of the first 100", "repeats: three / region"]
        yield from _table(["<comparisons", "number", *heads], rows())

    def _power(self) -> Iterator[str]:
        yield f"""\
## Power: one classifier leads two others by two points

How often the leader wins against the second of three classifiers. "All repeats" is the corrected test with Holm's
correction after all {REPEATS} repeats. `until_sure` has no region of practical equivalence here. "Saved" are the fits
that it did not run of those of {REPEATS} repeats. "Wrong" is a comparison with a winner between the two others, or
over the leader. "Lost" is where the leader would have won at the last look, but `until_sure` had found the pair
undecidable before.
"""

        def rows() -> Iterator[list[str]]:
            for name, world in DIFFERENT.items():
                scores = self._scores(name, world)
                pvalues = np.stack([_pvalues(scores, world, FOLDS * REPEATS, pair) for pair in PAIRS], axis=1)
                differences = np.array([np.mean(each[0] - each[1]) for each in scores])
                at_the_end = np.array([holm(each)[0] <= 0.05 for each in pvalues]) & (differences > 0)
                outcomes = self._outcomes(scores, world, 0, 3)
                kinds = np.array([each.kinds for each in outcomes])
                wrong = np.any(kinds[:, :2] == "worse", axis=1) | np.isin(kinds[:, 2], ("better", "worse"))
                would = (pvalues[:, 0] <= _rule(0, 3).level(FOLDS * REPEATS)) & (differences > 0)
                repeats = np.mean([each.repeats for each in outcomes])
                yield [
                    name,
                    f"{100 * differences.mean():.2f}",
                    percent(at_the_end),
                    percent(kinds[:, 0] == "better"),
                    f"{repeats:.1f}",
                    f"{100 * (1 - repeats / REPEATS):.0f} %",
                    percent(wrong),
                    percent((kinds[:, 0] == "undecidable") & would),
                ]

        heads = ["<comparisons", "mean difference", "all repeats", "until_sure", "repeats", "saved", "wrong", "lost"]
        yield from _table(heads, rows())

    def _with_region(self) -> Iterator[str]:
        yield """\
## With a region of practical equivalence of a point

The Gaussian comparisons, and others where the leader leads by exactly a point, which is the edge of the region:
there, "better" is wrong and "equivalent" right by a hair only, so both must stay rare. "Leader" is its verdict against
the second, "others" that between the two others, who are equal.
"""

        def rows() -> Iterator[list[str]]:
            edge = {
                f"Gaussian, 1 point, {n} samples": _world(gaussian_scores, n, lead=0.01, count=0.5)
                for n in (10000, 30000)
            }
            gaussian = {name: world for name, world in DIFFERENT.items() if name.startswith("Gaussian")}
            for name, world in (gaussian | edge).items():
                outcomes = self._outcomes(self._scores(name, world), world, 0.01, 3)
                kinds = np.array([each.kinds for each in outcomes])
                found = (kinds[:, 0] == "better", kinds[:, 0] == "equivalent", kinds[:, 2] == "equivalent")
                wrong = np.isin(kinds[:, 2], ("better", "worse"))
                yield [name, *map(percent, (*found, wrong)), f"{np.mean([each.repeats for each in outcomes]):.1f}"]

        heads = ["<comparisons", "leader better", "leader equivalent", "others equivalent", "others with a winner"]
        yield from _table([*heads, "repeats"], rows())

    def _samples(self) -> Iterator[str]:
        yield """\
## How many more samples would decide

`samples_to_decide` for a power of 80 %, without a region of practical equivalence. With the true difference, it says
how many samples are needed; new comparisons of that size show how often the leader then wins. Beside it, the
quartiles of what it says from the *estimated* differences of those comparisons where the leader's pair was
undecidable: as uncertain as their estimates are.
"""

        def rows() -> Iterator[list[str]]:
            for name in (
                "Gaussian folds, 300 samples",
                "Gaussian folds, 1000 samples",
                "naive Bayes, 300 samples, ahead",
            ):
                world = DIFFERENT[name]
                scores = self._scores(name, world)
                verdicts = [each.verdicts[0] for each in self._outcomes(scores, world, 0, 3)]
                level = _rule(0, 3).level(FOLDS * REPEATS)
                truth = float(np.mean([np.mean(each[0] - each[1]) for each in scores]))
                spreads = [np.std(each[0] - each[1], ddof=1) for each in scores]
                limit = np.sqrt(np.mean(np.square(spreads)) / (FOLDS - 1))
                needed = samples_to_decide(truth, limit, world.n_samples, rope=0, level=level)
                guesses = [
                    samples_to_decide(each.estimate, each.standard_error_limit, world.n_samples, rope=0, level=level)
                    for each in verdicts
                    if each.kind == "undecidable"
                ]
                size = FOLDS * round(needed / FOLDS)
                draw = partial(world.draw.func, **{**world.draw.keywords, "n_samples": size})
                larger = World(size, draw, count=0.25 if name.startswith("Gaussian") else 0.05)
                fresh = self.results.of(f"{name}, larger", larger, self.n, self.n_jobs)
                wins = np.array([each.kinds[0] == "better" for each in self._outcomes(fresh, larger, 0, 3)])
                quartiles = [f"{value:,.0f}" for value in np.quantile(guesses, [0.25, 0.5, 0.75])]
                yield [name, f"{size:,}", percent(wins), str(len(guesses)), ", ".join(quartiles)]

        heads = ["<comparisons", "needed", "then wins", "undecidable", "quartiles of their estimates"]
        yield from _table(heads, rows())

    def _designs(self) -> Iterator[str]:
        yield f"""\
## Other designs

How often {self.n_calibrations:,} Gaussian comparisons without a difference had a winner in any pair and look, without
a region of practical equivalence and without giving up early, which is the hardest case. The levels are those of a
pair at the first and at the last look. Of forty intervals of 95 %, two miss the truth on average.
"""

        def rows() -> Iterator[list[str]]:
            for folds, repeats, n_pairs in product((2, 3, 5, 10), (1, 2, 5, 10, 20), (1, 3)):
                rule = SequentialRule(rope=0, splits_per_repeat=folds, max_repeats=repeats, n_pairs=n_pairs)
                generator = np.random.default_rng([folds, repeats, n_pairs])
                share = np.mean([winner_rate(generator, rule, self.n_calibrations // 10) for _ in range(10)])
                hits = np.arange(self.n_calibrations) < round(share * self.n_calibrations)
                levels = [f"{rule.level(n_splits):.4f}" for n_splits in (folds, folds * repeats)]
                yield [str(folds), str(repeats), "2" if n_pairs == 1 else "3", *levels, percent(hits)]

        heads = ["folds", "repeats at most", "classifiers", "level, first look", "level, last look", "a winner"]
        yield from _table(heads, rows())


def main() -> None:
    """Draw the comparisons, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.significance", description=__doc__.partition("\n")[0])
    parser.add_argument("--comparisons", type=int, default=2000)
    parser.add_argument("--calibrations", type=int, default=10_000, help="comparisons for each of the other designs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--results", type=Path, metavar="FILE", help="keep scores that take long in this file")
    parser.add_argument("--out", type=Path, help="write the page there")
    settings = parser.parse_args()
    report = Report(Scores(settings.results), settings.comparisons, settings.calibrations, settings.jobs)
    lines = []
    for line in report.lines():
        print(line, flush=True)
        lines.append(line)
    if settings.out is not None:
        settings.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
