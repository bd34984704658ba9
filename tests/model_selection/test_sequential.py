"""The rule of ``until_sure``: its error rates hold with repeated looks, and it stops where looking on is useless."""

import numpy as np
import pytest
from scipy import stats

from skrnn.model_selection import SequentialRule, bayesian_correlated_ttest, samples_to_decide

SIZES = {"n_train": 80_000, "n_test": 20_000}  # so many that a spread below that of three samples does not matter


def differences_of(generator, n_splits, *, mean=0.0, spread=1.0):
    """Differences of splits, correlated by 0.2 as those of five folds."""
    return mean + spread * (0.5 * generator.standard_normal() + generator.standard_normal(n_splits))


def final_verdict(rule, differences):
    """Look after each repeat, and return the first verdict that is not "undecided", or the last."""
    for n_splits in range(rule.splits_per_repeat, len(differences) + 1, rule.splits_per_repeat):
        verdict = rule.verdict(differences[:n_splits], np.zeros(n_splits), **SIZES)
        if verdict.kind != "undecided":
            break
    return verdict, n_splits // rule.splits_per_repeat


@pytest.mark.parametrize("min_chance", [0, 0.05])
def test_false_winners_stay_rare_with_looks(min_chance):
    rule = SequentialRule(rope=0, splits_per_repeat=5, max_repeats=6, min_chance=min_chance)
    generator = np.random.default_rng(11)
    kinds = [final_verdict(rule, differences_of(generator, 30))[0].kind for _ in range(500)]
    share = np.mean([kind in ("better", "worse") for kind in kinds])
    # At most 5 %; calibrated to be exactly that if it is never given up. The standard error is 1 %.
    assert (0.02 if min_chance == 0 else 0) < share < 0.08


def test_plain_looks_would_find_too_many_winners():
    """The same looks at the ordinary level: what the boundary is for."""
    generator = np.random.default_rng(11)
    rule = SequentialRule(rope=0, splits_per_repeat=5, max_repeats=1)
    found = 0
    for _ in range(500):
        differences = differences_of(generator, 30)
        found += any(rule.verdict(differences[:n], np.zeros(n), **SIZES).decided for n in range(5, 31, 5))
    assert found / 500 > 0.09


@pytest.mark.parametrize("difference", [0.5, -0.5])
def test_false_equivalence_stays_rare_at_the_edge_of_the_region(difference):
    rule = SequentialRule(rope=0.5, splits_per_repeat=5, max_repeats=6)
    generator = np.random.default_rng(12)
    verdicts = [final_verdict(rule, differences_of(generator, 30, mean=difference, spread=0.35))[0] for _ in range(500)]
    wrong = "worse" if difference > 0 else "better"
    assert 0.02 < np.mean([verdict.kind == "equivalent" for verdict in verdicts]) < 0.08
    assert np.mean([verdict.kind == wrong for verdict in verdicts]) < 0.01


@pytest.mark.parametrize("max_repeats", [1, 10])
def test_a_verdict_is_a_statement_about_the_posterior(max_repeats):
    rule = SequentialRule(rope=0.01, splits_per_repeat=5, max_repeats=max_repeats)
    generator = np.random.default_rng(0)
    kinds = set()
    for mean in np.linspace(-0.05, 0.05, 41):
        differences = differences_of(generator, 25, mean=mean, spread=0.007)
        verdict = rule.verdict(differences, np.zeros(25), **SIZES)
        posterior = bayesian_correlated_ttest(differences, np.zeros(25), **SIZES, rope=0.01)
        found = verdict.p_worse, verdict.p_equivalent, verdict.p_better
        assert found == pytest.approx((posterior.p_left, posterior.p_rope, posterior.p_right))
        assert (verdict.kind == "better") == (verdict.p_better >= 1 - verdict.level / 2)
        assert (verdict.kind == "worse") == (verdict.p_worse >= 1 - verdict.level / 2)
        assert (verdict.kind == "equivalent") == (verdict.p_equivalent >= 1 - verdict.level)
        low, high = posterior.interval(1 - verdict.level)
        assert (verdict.kind == "better") == (low >= 0.01)
        assert (verdict.kind == "worse") == (high <= -0.01)
        assert verdict.decided == (verdict.kind in ("better", "worse", "equivalent"))
        kinds.add(verdict.kind)
    assert {"better", "worse", "equivalent"} < kinds


def test_swapping_the_two_turns_the_verdict():
    rule = SequentialRule(rope=0.01, splits_per_repeat=5, max_repeats=10)
    a, b = np.array([0.95, 0.94, 0.96, 0.95, 0.95]), np.array([0.81, 0.8, 0.83, 0.82, 0.81])
    one, other = rule.verdict(a, b, **SIZES), rule.verdict(b, a, **SIZES)
    assert (one.kind, other.kind) == ("better", "worse")
    assert (one.p_better, one.p_equivalent) == pytest.approx((other.p_worse, other.p_equivalent))


class TestLevel:
    def test_one_look_is_an_ordinary_test(self):
        assert SequentialRule(rope=0, splits_per_repeat=5, max_repeats=1).level(5) == pytest.approx(0.05)
        assert SequentialRule(rope=0, splits_per_repeat=5, max_repeats=1, n_pairs=3).level(5) == pytest.approx(0.05 / 3)

    def test_it_grows_from_look_to_look_and_stays_below_that_of_one(self):
        rule = SequentialRule(rope=0, splits_per_repeat=10, max_repeats=8, n_pairs=3)
        levels = [rule.level(10 * repeat) for repeat in range(1, 9)]
        assert levels == sorted(levels)
        assert levels[-1] < 0.05 / 3

    def test_the_boundary_is_that_of_o_brien_and_fleming(self):
        """The normal quantile of the level, times the square root of the information, is the same at all looks."""
        rule = SequentialRule(rope=0, splits_per_repeat=5, max_repeats=8)
        information = 1 / (1 / np.array([5, 20, 40]) + 0.25)
        quantiles = stats.norm.isf([rule.level(n) / 2 for n in (5, 20, 40)])
        assert quantiles * np.sqrt(information) == pytest.approx(quantiles[-1] * np.sqrt(information[-1]))

    def test_more_looks_and_more_pairs_ask_for_more(self):
        def level(max_repeats, n_pairs):
            rule = SequentialRule(rope=0, splits_per_repeat=5, max_repeats=max_repeats, n_pairs=n_pairs)
            return rule.level(5 * max_repeats)

        assert level(10, 1) < level(2, 1) < 0.05
        assert level(10, 3) < level(10, 1) / 3

    def test_splits_that_are_no_folds(self):
        rule = SequentialRule(rope=0, splits_per_repeat=1, max_repeats=10)
        assert 0 < rule.level(2, ratio=0.25) < 0.05
        with pytest.raises(ValueError, match="ratio is needed where a repeat has a single split"):
            rule.level(2)

    def test_always_the_same(self):
        from skrnn.model_selection import sequential

        rule = SequentialRule(rope=0, splits_per_repeat=4, max_repeats=3)
        before = rule.level(4)
        sequential._boundary.cache_clear()
        sequential._largest_statistics.cache_clear()
        assert rule.level(4) == before


class TestUndecidable:
    RULE = SequentialRule(rope=0.01, splits_per_repeat=5, max_repeats=20)

    def test_more_repeats_cannot_decide_a_noisy_sample(self):
        verdict = self.RULE.verdict(0.004 + 0.05 * np.tile([1, -1, 0.5, -0.5, 0], 4), np.zeros(20), **SIZES)
        assert verdict.kind == "undecidable"
        assert verdict.chance < 0.05
        assert 0.01 < verdict.standard_error_limit < verdict.standard_error

    def test_the_limit_is_the_floor_of_the_corrected_error(self):
        differences = np.array([0.1, 0.3, 0.2, -0.1, 0.15])
        verdict = self.RULE.verdict(differences, np.zeros(5), **SIZES)
        many = self.RULE.verdict(np.tile(differences, 2000), np.zeros(10000), **SIZES)
        # The standard deviation of a sample that is repeated 2000 times has 4/5 of the variance.
        assert many.standard_error == pytest.approx(verdict.standard_error_limit * np.sqrt(4 / 5), rel=1e-3)

    def test_the_chance_is_how_often_endless_repeats_decide(self):
        """Draw futures from the model, given what was seen, and decide each with what it would know in the end."""
        differences = np.array([0.05, 0.02, 0.04, 0.01, 0.05, 0.03, 0.0, 0.06, 0.02, 0.05])
        verdict = self.RULE.verdict(differences, np.zeros(10), **SIZES)
        assert verdict.kind == "undecided"
        generator = np.random.default_rng(0)
        variance = differences.var(ddof=1) * 9 / generator.chisquare(9, 20000)
        mean = differences.mean() + np.sqrt(variance / 10) * generator.standard_normal(20000)
        error = np.sqrt(variance * 0.25)
        level = self.RULE.level(100)
        right, left = stats.norm.sf((0.01 - mean) / error), stats.norm.cdf((-0.01 - mean) / error)
        decided = (right >= 1 - level / 2) | (left >= 1 - level / 2) | (left + right <= level)
        assert verdict.chance == pytest.approx(decided.mean(), abs=0.012)

    def test_a_rule_without_patience_never_gives_up(self):
        rule = SequentialRule(rope=0.01, splits_per_repeat=5, max_repeats=20, min_chance=0)
        assert rule.verdict(0.05 * np.array([1, -1, 0.5, -0.5, 0]), np.zeros(5), **SIZES).kind == "undecided"


class TestScoresThatHardlyVary:
    RULE = SequentialRule(rope=0.01, splits_per_repeat=5, max_repeats=10)

    @pytest.mark.parametrize(("n_samples", "kind"), [(100, "undecidable"), (300, "undecidable"), (5000, "equivalent")])
    def test_equal_scores_are_equivalent_if_there_are_enough_samples(self, n_samples, kind):
        verdict = self.RULE.verdict([1.0] * 5, [1.0] * 5, n_train=0.8 * n_samples, n_test=0.2 * n_samples)
        assert verdict.kind == kind
        assert verdict.p_better == verdict.p_worse == pytest.approx((1 - verdict.p_equivalent) / 2)

    def test_the_spread_is_at_least_that_of_three_samples(self):
        """Three of 1000 samples tell them apart, dealt to the five folds at random: a variance of (3 / 1000) / 200."""
        verdict = self.RULE.verdict([0.9] * 5, [0.9] * 5, n_train=800, n_test=200)
        assert verdict.standard_error_limit == pytest.approx(np.sqrt(0.003 / 200 * 200 / 800))
        generator = np.random.default_rng(0)
        dealt = [generator.multinomial(3, [0.2] * 5) / 200 for _ in range(4000)]
        assert np.mean(np.var(dealt, axis=1, ddof=1)) == pytest.approx(0.003 / 200, rel=0.05)

    @pytest.mark.parametrize("n_samples", [100, 700])
    def test_agreement_on_the_sample_at_hand_is_no_proof(self, n_samples):
        """One classifier has 1.05 % of all samples right that the other has wrong, and never the other way round."""
        generator = np.random.default_rng(5)
        kinds = []
        for _ in range(200):
            differs, scores = generator.random(n_samples) < 0.0105, []
            for _ in range(10):
                scores += [differs[fold].mean() for fold in np.split(generator.permutation(n_samples), 5)]
                sizes = {"n_train": 0.8 * n_samples, "n_test": 0.2 * n_samples}
                kinds_now = self.RULE.verdict(scores, np.zeros(len(scores)), **sizes).kind
                if kinds_now != "undecided":
                    break
            kinds.append(kinds_now)
        assert np.mean([kind == "equivalent" for kind in kinds]) < 0.09  # 5 %, and three standard errors

    def test_no_rounding_error_is_a_winner(self):
        verdict = SequentialRule(rope=0, splits_per_repeat=5, max_repeats=1).verdict(
            [0.1 + 0.2] * 5, [0.3] * 5, n_train=800, n_test=200
        )
        assert verdict.estimate == 0
        assert not verdict.decided


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rope": -1}, "rope must be 0 or more, but is -1"),
        ({"splits_per_repeat": 0}, "splits_per_repeat must be an integer of 1 or more, but is 0"),
        ({"max_repeats": 2.5}, "max_repeats must be an integer of 1 or more, but is 2.5"),
        ({"n_pairs": True}, "n_pairs must be an integer of 1 or more, but is True"),
        ({"error_rate": 5}, "error_rate must be between 0 and 1, but is 5"),
        ({"min_chance": 1}, "min_chance must be 0 or more and below 1, but is 1"),
    ],
)
def test_a_rule_that_makes_no_sense(changed, message):
    with pytest.raises(ValueError, match=message):
        SequentialRule(**{"rope": 0.01, "splits_per_repeat": 5, "max_repeats": 10, **changed})


class TestSamplesToDecide:
    @pytest.mark.parametrize(("difference", "rope"), [(0.03, 0.01), (-0.02, 0), (0.004, 0.01), (0, 0.01)])
    def test_with_that_many_samples_the_rule_decides_as_often_as_wanted(self, difference, rope):
        n = samples_to_decide(difference, 0.02, 300, rope=rope, level=0.03, power=0.8)
        error = 0.02 * np.sqrt(300 / n)
        means = np.random.default_rng(0).normal(difference, error, 20000)
        right, left = stats.norm.sf((rope - means) / error), stats.norm.cdf((-rope - means) / error)
        decided = left + right <= 0.03 if abs(difference) < rope else np.maximum(left, right) >= 1 - 0.03 / 2
        assert decided.mean() == pytest.approx(0.8, abs=0.01)

    def test_it_grows_with_the_square_of_the_noise(self):
        one, two = (samples_to_decide(0.03, error, 1000, rope=0.01) for error in (0.02, 0.04))
        assert two == pytest.approx(4 * one, rel=1e-3)

    def test_where_it_is_decided_no_more_are_needed(self):
        assert samples_to_decide(0.3, 0.02, 300, rope=0.01) == 300
        assert samples_to_decide(0.3, 0, 300, rope=0.01) == 300

    def test_the_edge_of_the_region_is_never_decided(self):
        assert samples_to_decide(-0.01, 0.02, 300, rope=0.01) == np.inf

    @pytest.mark.parametrize(
        ("arguments", "options", "message"),
        [
            ((0.1, -1, 300), {"rope": 0}, "standard_error must be 0 or more, but is -1"),
            ((0.1, 0.1, 0), {"rope": 0}, "n_samples must be above 0, but is 0"),
            ((0.1, 0.1, 300), {"rope": np.nan}, "rope must be 0 or more, but is nan"),
            ((np.nan, 0.1, 300), {"rope": 0}, "difference must be finite, but is nan"),
            ((0.1, 0.1, 300), {"rope": 0, "power": 80}, "level and power must be between 0 and 1"),
        ],
    )
    def test_bad_input(self, arguments, options, message):
        with pytest.raises(ValueError, match=message):
            samples_to_decide(*arguments, **options)


def test_no_number_of_samples_decides_a_difference_at_the_edge_of_the_region():
    for difference in (0.01, 0.91 - 0.90, 0.905 - 0.895, 0.01 * (1 + 1e-12)):
        assert samples_to_decide(difference, 0.01, 500, rope=0.01) == np.inf
