"""The simulations behind the documented error rates: small ones, and that a stopped run goes on where it was."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from skrnn.model_selection import SequentialRule


@pytest.fixture(scope="module")
def significance():
    """The benchmark, which is no part of the package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1])
        yield import_module("benchmarks.significance")


def test_naive_bayes_is_that_of_scikit_learn(significance):
    generator = np.random.default_rng(0)
    y = np.arange(103) % 2
    X = generator.standard_normal((103, 4)) + 0.9 * y[:, np.newaxis]
    splits = significance._splits(generator, y)
    theirs = [GaussianNB().fit(X[train], y[train]).score(X[test], y[test]) for train, test in splits]
    assert significance.naive_bayes_scores(X, y, splits) == pytest.approx(theirs, abs=1e-12)


def test_gaussian_scores_have_the_correlation_and_the_spread_that_they_should(significance):
    generator = np.random.default_rng(0)
    scores = np.array([significance.gaussian_scores(generator, 500, lead=0.02) for _ in range(4000)])
    differences = scores[:, 0] - scores[:, 1]
    assert differences.mean() == pytest.approx(0.02, abs=0.001)
    assert differences[:, 0].var() == pytest.approx(0.1 / 100, rel=0.1)
    assert np.corrcoef(differences[:, 0], differences[:, 7])[0, 1] == pytest.approx(0.2, abs=0.06)


def test_until_sure_looks_until_all_pairs_are_settled(significance):
    world = significance.ALIKE["naive Bayes, 100 samples"]
    rule = SequentialRule(rope=0, splits_per_repeat=5, max_repeats=10, n_pairs=3)
    outcomes = [
        significance.until_sure(world.draw(np.random.default_rng(seed)), rule, world.sizes) for seed in range(60)
    ]
    for outcome in outcomes:
        assert len(outcome.kinds) == 3
        assert outcome.repeats == 10 or "undecided" not in outcome.kinds
    assert len({outcome.repeats for outcome in outcomes}) > 2
    assert sum(outcome.has_winner for outcome in outcomes) <= 8  # 1 in 20 at most, and chance


@pytest.mark.parametrize(("folds", "repeats", "n_pairs"), [(5, 10, 3), (3, 2, 1), (10, 4, 1)])
def test_another_way_to_the_false_winners(significance, folds, repeats, n_pairs):
    rule = SequentialRule(rope=0, splits_per_repeat=folds, max_repeats=repeats, n_pairs=n_pairs)
    rate = significance.winner_rate(np.random.default_rng(1), rule, 4000)
    assert 0.035 < rate < 0.062  # three pairs that depend on each other need a little less than three times the level


def test_a_stopped_run_goes_on(significance, tmp_path):
    path = tmp_path / "scores.jsonl"
    drawn = []

    def draw(generator):
        drawn.append(generator)
        return generator.standard_normal((3, 50)).round(6)

    world = significance.World(100, draw, slow=True)
    first = significance.Scores(path).of("a world", world, 4, n_jobs=1)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"world": "a world", "se')  # killed while it wrote
    again = significance.Scores(path).of("a world", world, 6, n_jobs=1)
    assert len(drawn) == 6
    assert np.array_equal(first, again[:4])
    assert np.array_equal(significance.Scores(path).of("a world", world, 6, n_jobs=1), again)
    assert len(drawn) == 6
