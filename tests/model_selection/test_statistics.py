"""The tests over splits and on one test set, against published figures, other libraries and simulation."""

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_moons
from sklearn.metrics import f1_score, log_loss
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
from sklearn.svm import SVC

from skrnn.model_selection import (
    bayesian_correlated_ttest,
    corrected_resampled_ttest,
    holm,
    mcnemar_exact,
    paired_bootstrap,
)

with warnings.catch_warnings():  # theirs
    warnings.simplefilter("ignore")
    import baycomp
    import mlxtend.evaluate
    from statsmodels.stats import contingency_tables
    from statsmodels.stats.multitest import multipletests

# Out of scikit-learn's example plot_grid_search_stats, as its page shows them: pairs of kernels with t, the one-sided
# p-value times 6 (Bonferroni), and the probabilities of worse, better and equivalent.
PUBLISHED = {
    ("rbf", "linear"): (0.750, 1.000, 0.068, 0.500, 0.432),
    ("rbf", "3_poly"): (1.657, 0.302, 0.018, 0.882, 0.100),
    ("rbf", "2_poly"): (4.565, 0.000, 0.000, 1.000, 0.000),
    ("linear", "3_poly"): (1.111, 0.807, 0.063, 0.750, 0.187),
    ("linear", "2_poly"): (4.276, 0.000, 0.000, 1.000, 0.000),
    ("3_poly", "2_poly"): (3.851, 0.001, 0.000, 1.000, 0.000),
}


@pytest.fixture(scope="module")
def kernels():
    """The scores of the four kernels of that example: ten repeats of ten folds of 100 samples."""
    X, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    grid = [{"kernel": ["linear"]}, {"kernel": ["poly"], "degree": [2, 3]}, {"kernel": ["rbf"]}]
    cv = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    found = GridSearchCV(SVC(random_state=0), grid, scoring="roc_auc", cv=cv, refit=False).fit(X, y).cv_results_
    return {
        "_".join(str(value) for value in params.values()): np.array(
            [found[f"split{s}_test_score"][i] for s in range(100)]
        )
        for i, params in enumerate(found["params"])
    }


def equicorrelated(generator, shape, ratio, mean=0.0):
    """Differences of splits, correlated as the corrected test assumes; the last axis is the splits."""
    shared = np.sqrt(ratio) * generator.standard_normal((*shape[:-1], 1))
    return mean + shared + generator.standard_normal(shape)


class TestCorrectedResampledTTest:
    @pytest.mark.parametrize("pair", PUBLISHED, ids="-".join)
    def test_the_figures_that_scikit_learn_publishes(self, kernels, pair):
        result = corrected_resampled_ttest(kernels[pair[0]], kernels[pair[1]], n_train=90, n_test=10)
        statistic, bonferroni, *_ = PUBLISHED[pair]
        assert round(result.statistic, 3) == statistic
        assert round(min(6 * result.pvalue / 2, 1), 3) == bonferroni
        assert result.df == 99

    def test_the_formula_with_splits_of_different_sizes(self):
        a, b = np.array([0.9, 0.8, 0.95, 0.7]), np.array([0.85, 0.81, 0.9, 0.72])
        n_train, n_test = np.array([80, 81, 82, 83]), np.array([20, 19, 18, 17])
        differences = a - b
        ratio = (20 / 80 + 19 / 81 + 18 / 82 + 17 / 83) / 4
        error = np.sqrt((1 / 4 + ratio) * sum((differences - differences.mean()) ** 2) / 3)
        result = corrected_resampled_ttest(a, b, n_train=n_train, n_test=n_test)
        assert result.statistic == pytest.approx(differences.mean() / error, rel=1e-12)
        assert result.standard_error == pytest.approx(error, rel=1e-12)
        assert result.pvalue == pytest.approx(2 * stats.t.sf(abs(result.statistic), 3), rel=1e-12)

    def test_without_a_correction_it_is_the_paired_ttest(self, kernels):
        result = corrected_resampled_ttest(kernels["rbf"], kernels["linear"], n_train=1, n_test=1e-12)
        plain = stats.ttest_rel(kernels["rbf"], kernels["linear"])
        assert result.statistic == pytest.approx(plain.statistic)
        assert result.pvalue == pytest.approx(plain.pvalue)
        assert result.confidence_interval(0.9) == pytest.approx(plain.confidence_interval(0.9))

    @pytest.mark.parametrize("n_repeats", [1, 10])
    def test_one_in_twenty_is_rejected_without_a_difference(self, n_repeats):
        differences = equicorrelated(np.random.default_rng(3), (4000, 5 * n_repeats), ratio=0.25)
        zeros = np.zeros(5 * n_repeats)
        rejected = [corrected_resampled_ttest(d, zeros, n_train=80, n_test=20).pvalue <= 0.05 for d in differences]
        assert abs(np.mean(rejected) - 0.05) < 0.0103  # three standard errors

    def test_the_interval_contains_nineteen_of_twenty_differences(self):
        differences = equicorrelated(np.random.default_rng(4), (4000, 20), ratio=0.25, mean=0.7)
        results = [corrected_resampled_ttest(d, np.zeros(20), n_train=80, n_test=20) for d in differences]
        inside = [low <= 0.7 <= high for low, high in (result.confidence_interval() for result in results)]
        assert abs(np.mean(inside) - 0.95) < 0.0103

    def test_swapping_turns_the_sign(self, kernels):
        one = corrected_resampled_ttest(kernels["rbf"], kernels["3_poly"], n_train=90, n_test=10)
        other = corrected_resampled_ttest(kernels["3_poly"], kernels["rbf"], n_train=90, n_test=10)
        assert (one.statistic, one.pvalue, one.estimate) == (-other.statistic, other.pvalue, -other.estimate)
        assert one.confidence_interval().low == -other.confidence_interval().high

    def test_equal_scores_have_the_pvalue_1(self):
        result = corrected_resampled_ttest([0.9, 0.8, 1.0], [0.9, 0.8, 1.0], n_train=2, n_test=1)
        assert (result.statistic, result.pvalue, result.estimate) == (0, 1, 0)
        assert result.confidence_interval() == (0, 0)

    def test_rounding_errors_are_no_difference(self):
        a = np.array([0.1 + 0.2, 0.3, 0.1 + 0.2, 0.3])
        b = np.array([0.3, 0.3, 0.3, 0.3])
        assert a[0] != b[0]
        assert corrected_resampled_ttest(a, b, n_train=3, n_test=1).pvalue == 1

    @pytest.mark.parametrize("sign", [1, -1])
    def test_a_constant_difference_is_the_limit(self, sign):
        a, b = np.array([0.95, 0.85, 0.75]), np.array([0.9, 0.8, 0.7])
        result = corrected_resampled_ttest(sign * a, sign * b, n_train=2, n_test=1)
        assert (result.statistic, result.pvalue, result.standard_error) == (sign * np.inf, 0, 0)
        assert result.confidence_interval() == pytest.approx((sign * 0.05, sign * 0.05))


class TestBayesianCorrelatedTTest:
    @pytest.mark.parametrize("pair", PUBLISHED, ids="-".join)
    def test_the_figures_that_scikit_learn_publishes(self, kernels, pair):
        result = bayesian_correlated_ttest(kernels[pair[0]], kernels[pair[1]], n_train=90, n_test=10, rope=0.01)
        found = (round(result.p_left, 3), round(result.p_right, 3), round(result.p_rope, 3))
        assert found == PUBLISHED[pair][2:]

    def test_the_intervals_that_scikit_learn_publishes(self, kernels):
        result = bayesian_correlated_ttest(kernels["rbf"], kernels["linear"], n_train=90, n_test=10, rope=0.01)
        assert result.interval(0.5) == pytest.approx((0.000977, 0.019023), abs=5e-7)
        assert result.interval(0.75) == pytest.approx((-0.005422, 0.025422), abs=5e-7)
        assert result.interval() == pytest.approx((-0.016445, 0.036445), abs=5e-7)
        assert 1 - result.posterior.cdf(0) == pytest.approx(0.773, abs=5e-4)

    @pytest.mark.parametrize("rope", [0, 0.01, 0.2])
    def test_the_same_as_baycomp(self, kernels, rope):
        for one, other in PUBLISHED:
            result = bayesian_correlated_ttest(kernels[one], kernels[other], n_train=90, n_test=10, rope=rope)
            # baycomp's left is "the first one is better", and without a region it returns two probabilities.
            theirs = baycomp.two_on_single(kernels[one], kernels[other], rope=rope, runs=10)
            assert (result.p_right, result.p_left) == pytest.approx((theirs[0], theirs[-1]), abs=1e-12)

    def test_it_agrees_with_the_corrected_test(self, kernels):
        sizes = {"n_train": 90, "n_test": 10}
        bayesian = bayesian_correlated_ttest(kernels["rbf"], kernels["3_poly"], **sizes, rope=0)
        corrected = corrected_resampled_ttest(kernels["rbf"], kernels["3_poly"], **sizes)
        assert bayesian.interval(0.9) == corrected.confidence_interval(0.9)
        assert bayesian.p_left == pytest.approx(corrected.pvalue / 2)

    def test_the_probabilities_are_those_of_the_posterior(self, kernels):
        result = bayesian_correlated_ttest(kernels["linear"], kernels["3_poly"], n_train=90, n_test=10, rope=0.02)
        assert result.p_left == pytest.approx(result.posterior.cdf(-0.02))
        assert result.p_right == pytest.approx(result.posterior.sf(0.02))
        assert result.p_left + result.p_rope + result.p_right == pytest.approx(1)

    @pytest.mark.parametrize(
        ("difference", "expected"),
        [(0.0, (0, 1, 0)), (0.01, (0, 1, 0)), (0.05, (0, 0, 1)), (-0.05, (1, 0, 0))],
    )
    def test_without_spread_the_posterior_is_a_point(self, difference, expected):
        result = bayesian_correlated_ttest([difference] * 4, [0.0] * 4, n_train=3, n_test=1, rope=0.01)
        assert (result.p_left, result.p_rope, result.p_right) == expected
        assert result.interval() == (difference, difference)
        assert result.posterior.cdf([difference - 1e-9, difference + 1e-9]).tolist() == [0, 1]


@pytest.mark.parametrize(
    "test", [corrected_resampled_ttest, lambda *scores, **sizes: bayesian_correlated_ttest(*scores, **sizes, rope=0)]
)
class TestBadScores:
    @pytest.mark.parametrize(
        ("a", "b", "message"),
        [
            ([0.9], [0.8], "two splits or more are needed to know how they vary, but there is 1"),
            ([0.9, 0.8], [0.8, 0.7, 0.6], "scores_a has 2 splits and scores_b has 3"),
            ([0.9, np.nan, 0.8], [0.8, 0.7, 0.6], "scores_a is nan in split 1. Leave out the splits that failed"),
            ([0.9, 0.8], [np.nan, np.inf], "scores_b is nan in split 0 and 1 more"),
            ([[0.9, 0.8]], [[0.8, 0.7]], r"scores_a has the shape \(1, 2\)"),
        ],
    )
    def test_scores(self, test, a, b, message):
        with pytest.raises(ValueError, match=message):
            test(a, b, n_train=80, n_test=20)

    @pytest.mark.parametrize(
        ("n_train", "n_test", "message"),
        [
            (0, 20, "n_train must be above 0, but is 0"),
            (80, [20, -1], "n_test must be above 0"),
            ([80, 80, 80], 20, r"n_train has the shape \(3,\), but must be a number, or one for each of 2 splits"),
        ],
    )
    def test_sizes(self, test, n_train, n_test, message):
        with pytest.raises(ValueError, match=message):
            test([0.9, 0.8], [0.7, 0.8], n_train=n_train, n_test=n_test)


@pytest.mark.parametrize("rope", [-0.01, np.nan, np.inf])
def test_a_region_must_not_be_negative(rope):
    with pytest.raises(ValueError, match="rope must be 0 or more"):
        bayesian_correlated_ttest([0.9, 0.8], [0.7, 0.8], n_train=3, n_test=1, rope=rope)


class TestHolm:
    @pytest.mark.parametrize("seed", range(5))
    def test_the_same_as_statsmodels(self, seed):
        generator = np.random.default_rng(seed)
        pvalues = np.concatenate([generator.random(6), generator.random(6) * 0.01, [0.5, 0.5, 0.0, 1.0]])
        generator.shuffle(pvalues)
        assert holm(pvalues) == pytest.approx(multipletests(pvalues, method="holm")[1], abs=1e-15)

    def test_nan_stays_and_is_not_counted(self):
        assert holm([0.02, np.nan, 0.01]) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)

    def test_nothing(self):
        assert holm([]).tolist() == []

    @pytest.mark.parametrize("bad", [-0.1, 1.1])
    def test_what_is_no_probability(self, bad):
        with pytest.raises(ValueError, match=f"pvalues must be between 0 and 1, but {bad} is not"):
            holm([0.5, bad])

    def test_a_table(self):
        with pytest.raises(ValueError, match=r"pvalues has the shape \(1, 2\)"):
            holm([[0.1, 0.2]])


class TestMcNemar:
    @pytest.mark.parametrize(("both", "only_a", "only_b", "neither"), [(50, 12, 3, 7), (5, 0, 6, 0), (9, 4, 4, 1)])
    def test_the_same_as_statsmodels_and_mlxtend(self, both, only_a, only_b, neither):
        a = np.repeat([True, True, False, False], [both, only_a, only_b, neither])
        b = np.repeat([True, False, True, False], [both, only_a, only_b, neither])
        result = mcnemar_exact(a, b)
        table = np.array([[both, only_a], [only_b, neither]])
        assert (result.n_only_a, result.n_only_b, result.n_samples) == (only_a, only_b, len(a))
        assert result.pvalue == pytest.approx(contingency_tables.mcnemar(table, exact=True).pvalue)
        assert result.pvalue == pytest.approx(min(mlxtend.evaluate.mcnemar(table, exact=True)[1], 1))
        assert result.estimate == pytest.approx(a.mean() - b.mean())

    def test_classifiers_that_agree(self):
        assert mcnemar_exact([True, False], [True, False]).pvalue == 1

    @pytest.mark.parametrize(
        ("a", "b", "message"),
        [
            ([True], [True, False], "correct_a has 1 samples and correct_b has 2"),
            ([], [], "no samples"),
            ([0, 1, 2], [0, 1, 1], "correct_a must have True or False"),
            ([[True]], [[True]], "correct_a must have True or False"),
        ],
    )
    def test_bad_input(self, a, b, message):
        with pytest.raises(ValueError, match=message):
            mcnemar_exact(a, b)


def accuracy(y, predictions):
    return np.mean(y == predictions)


class TestPairedBootstrap:
    @pytest.fixture
    def labels(self):
        generator = np.random.default_rng(0)
        y = generator.choice(3, 300, p=[0.6, 0.3, 0.1])
        wrong = generator.random((2, 300)) < [[0.1], [0.2]]
        return y, np.where(wrong[0], (y + 1) % 3, y), np.where(wrong[1], (y + 1) % 3, y)

    def test_the_same_interval_as_scipy(self, labels):
        y, a, b = labels
        ours = paired_bootstrap(np.equal, y, a, b, n_resamples=4000, stratify=False, random_state=0)
        theirs = stats.bootstrap(
            (a == y, b == y),
            lambda right, other: np.mean(right) - np.mean(other),
            n_resamples=4000,
            paired=True,
            vectorized=False,
            method="percentile",
            rng=1,
        )
        # A quantile of 4000 draws is off by about 0.05 standard errors.
        assert ours.confidence_interval() == pytest.approx(theirs.confidence_interval, abs=0.25 * theirs.standard_error)
        assert ours.standard_error == pytest.approx(theirs.standard_error, rel=0.06)
        assert ours.estimate == pytest.approx(np.mean(a == y) - np.mean(b == y))

    def test_a_metric_of_each_sample_is_its_mean(self, labels):
        each = paired_bootstrap(np.equal, *labels, n_resamples=50, random_state=1)
        whole = paired_bootstrap(accuracy, *labels, n_resamples=50, random_state=1)
        assert each.bootstrap_distribution == pytest.approx(whole.bootstrap_distribution, abs=1e-12)

    def test_the_same_predictions_never_differ(self, labels):
        y, a, _ = labels
        result = paired_bootstrap(np.equal, y, a, a, n_resamples=20, random_state=0)
        assert not result.bootstrap_distribution.any()

    def test_strata_keep_their_sizes(self, labels):
        seen = {True: set(), False: set()}
        for stratify, counts in seen.items():

            def metric(y, predictions, counts=counts):
                counts.add(tuple(np.bincount(y, minlength=3)))
                return 0.0

            paired_bootstrap(metric, *labels, n_resamples=20, stratify=stratify, random_state=0)
        assert seen[True] == {tuple(np.bincount(labels[0]))}
        assert len(seen[False]) > 10

    def test_probabilities_and_other_metrics(self, labels):
        y, a, b = labels
        probabilities = 0.7 * np.eye(3)[a] + 0.1, 0.8 * np.eye(3)[b] + 0.2 / 3
        result = paired_bootstrap(log_loss, y, *probabilities, n_resamples=50, random_state=0)
        assert result.estimate == pytest.approx(log_loss(y, probabilities[0]) - log_loss(y, probabilities[1]))

        def macro_f1(y, predictions):
            return f1_score(y, predictions, average="macro")

        result = paired_bootstrap(macro_f1, y, a, b, n_resamples=50, random_state=0)
        low, high = result.confidence_interval(0.9)
        assert low < macro_f1(y, a) - macro_f1(y, b) < high

    def test_a_seed_repeats_it(self, labels):
        one, two = (paired_bootstrap(np.equal, *labels, n_resamples=20, random_state=5) for _ in range(2))
        assert (one.bootstrap_distribution == two.bootstrap_distribution).all()

    def test_seeds_are_averaged(self, labels):
        y, a, b = labels
        result = paired_bootstrap(np.equal, y, [a, b, b], a, n_resamples=20, random_state=0)
        right = np.mean(y == a), np.mean(y == b)
        assert result.estimate == pytest.approx((right[0] + 2 * right[1]) / 3 - right[0])
        one = paired_bootstrap(np.equal, y, [a], b, n_resamples=20, random_state=0)
        alone = paired_bootstrap(np.equal, y, a, b, n_resamples=20, random_state=0)
        assert (one.bootstrap_distribution == alone.bootstrap_distribution).all()

    @pytest.mark.parametrize(("n_seeds", "stratify"), [(1, True), (1, False), (2, True), (5, True)])
    def test_the_interval_contains_nineteen_of_twenty_differences(self, n_seeds, stratify):
        """Samples differ in difficulty, and trainings in skill: the interval of several is about both."""
        generator = np.random.default_rng(2)
        inside = []
        y, skill_spread = np.repeat([0, 1], [150, 50]), 0.05 if n_seeds > 1 else 0.0
        for _ in range(250):
            easy = np.where(generator.random(200) < 0.5, 0.08, -0.08)
            a, b = (
                generator.random((n_seeds, 200)) < skill + easy + generator.normal(0, skill_spread, (n_seeds, 1))
                for skill in (0.85, 0.75)
            )
            predictions = (np.where(right, y, 1 - y) for right in (a, b))
            result = paired_bootstrap(
                np.equal, y, *predictions, n_resamples=199, stratify=stratify, random_state=generator
            )
            low, high = result.confidence_interval()
            inside.append(low <= 0.1 <= high)
        # Within three standard errors of 0.95; and two seeds say little about the spread of seeds.
        assert (0.85 if n_seeds == 2 else 0.908) < np.mean(inside) < 0.992

    @pytest.mark.parametrize(
        ("metric", "y", "a", "options", "message"),
        [
            (np.equal, [0, 1, 1], [0, 1], {}, r"predictions_a has the shape \(2,\), but y_true has 3 samples"),
            (np.equal, [0, 1], [[0, 1], [1, 1]], {}, "either axis could be the 2 samples"),
            (np.equal, [0, 1], [0, 1], {"n_resamples": 1}, "n_resamples must be an integer of 2 or more, but is 1"),
            (np.equal, [[0], [1]], [0, 1], {}, "stratify=True needs one label for each sample"),
            (np.equal, [], [], {}, "y_true has no samples"),
            (lambda y, p: [1.0, 2.0, 3.0], [0, 1], [0, 1], {}, r"but it returned the shape \(3,\)"),
            (lambda y, p: np.nan, [0, 1], [0, 1], {"n_resamples": 9}, "metric returned NaN for 9 of 9"),
        ],
    )
    def test_bad_input(self, metric, y, a, options, message):
        with pytest.raises(ValueError, match=message):
            paired_bootstrap(metric, y, a, a, **options)

    def test_a_confidence_level_is_a_fraction(self, labels):
        result = paired_bootstrap(np.equal, *labels, n_resamples=20, random_state=0)
        with pytest.raises(ValueError, match="confidence_level must be between 0 and 1, but is 95"):
            result.confidence_interval(95)
