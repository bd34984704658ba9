"""From scores to verdicts: pairs, families, until it is settled, and the sentences of the conclusion."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from skrnn.datasets import load_digits
from skrnn.model_selection import (
    ArchitectureComparison,
    SequentialRule,
    bayesian_correlated_ttest,
    compare_architectures,
    corrected_resampled_ttest,
    holm,
)


@pytest.fixture(scope="module")
def data():
    X, y = load_digits(return_X_y=True)
    return X[:600].reshape(600, 64), y[:600]


def made(scores, *, baselines=(), rope=0.01, n_train=1600, n_test=400, n_looks=1, n_folds=None, **changes):
    """Return a comparison with these scores, a row for each architecture, named A, B, ... and the baselines."""
    scores = np.atleast_2d(np.asarray(scores, dtype=float))
    n, n_splits = scores.shape
    n_folds = n_splits if n_folds is None else n_folds
    ones = np.ones(scores.shape)
    names = [*"ABCDEFG"[: n - len(baselines)], *baselines]
    given = {
        "architectures": tuple(names),
        "baselines": tuple(baselines),
        "metric_scores": {"accuracy": scores},
        "rope": rope,
        "n_looks": n_looks,
        "repeats": np.arange(n_splits) // n_folds,
        "folds": np.arange(n_splits) % n_folds,
        "n_train": np.full(n_splits, n_train),
        "n_test": np.full(n_splits, n_test),
        "finished": np.isfinite(scores),
        **dict.fromkeys(["fit_seconds", "score_seconds", "latency_seconds", "n_parameters", "n_epochs"], ones),
        "curves": ((({},) * n_splits),) * n,
    }
    return ArchitectureComparison(**{**given, **changes})


def around(means, n_splits=10, spread=0.01, seed=0):
    """Return scores with exactly these means."""
    noise = np.random.default_rng(seed).normal(0, spread, (len(means), n_splits))
    return np.array(means)[:, np.newaxis] + noise - noise.mean(axis=1, keepdims=True)


# Pairs


def test_pairs_are_those_of_the_tests_in_public(data):
    trees = {"tree": DecisionTreeClassifier(), "stump": DecisionTreeClassifier(max_depth=2), "bayes": GaussianNB()}
    found = compare_architectures(trees, *data, cv=5, n_repeats=2, random_state=0, rope=0.02)
    pairs = found.pairwise()
    assert pairs[["a", "b"]].values.tolist() == [["tree", "stump"], ["tree", "bayes"], ["stump", "bayes"]]
    sizes = {"n_train": found.n_train, "n_test": found.n_test}
    for row, (a, b) in zip(pairs.itertuples(), [(0, 1), (0, 2), (1, 2)], strict=True):
        test = corrected_resampled_ttest(found.scores[a], found.scores[b], **sizes)
        assert (row.difference, row.pvalue) == (test.estimate, test.pvalue)
        assert (row.low, row.high) == pytest.approx(test.confidence_interval())
        posterior = bayesian_correlated_ttest(found.scores[a], found.scores[b], **sizes, rope=0.02)
        found_here = row.p_worse, row.p_equivalent, row.p_better
        assert found_here == pytest.approx((posterior.p_left, posterior.p_rope, posterior.p_right))
    np.testing.assert_array_equal(pairs["pvalue_holm"], holm(pairs["pvalue"]))


def test_the_interval_of_a_mean_has_the_correction_for_overlapping_training_sets():
    scores = around([0.9])
    found = made(scores)
    error = np.sqrt((1 / 10 + 400 / 1600) * scores[0].var(ddof=1))
    low, high = stats.t(9, scores[0].mean(), error).interval(0.95)
    assert found.summary().loc["A", ["low", "high"]].tolist() == pytest.approx([low, high])


def test_baselines_make_it_no_harder_to_tell_networks_apart():
    scores = around([0.9, 0.93])
    alone, accompanied = made(scores), made([*scores, *around([0.5, 0.6, 0.7], seed=1)], baselines=["x", "y", "z"])
    first = accompanied.posteriors()[0]
    assert (first.a, first.b, first.level, first.pvalue_holm) == (
        "A", "B", alone.posteriors()[0].level, alone.posteriors()[0].pvalue_holm,
    )  # fmt: skip
    assert [(pair.a, pair.b) for pair in accompanied.posteriors()[1:]] == [(a, b) for a in "AB" for b in "xyz"]
    assert [pair.level for pair in accompanied.posteriors()[1:]] == pytest.approx([0.05 / 6] * 6)


def test_another_region_of_equivalence_can_be_asked_for():
    found = made(around([0.9, 0.93]))
    assert found.pairwise()["verdict"].tolist() == ["worse"]
    assert found.pairwise(rope=0.2)["verdict"].tolist() == ["equivalent"]
    assert found.pairwise()["verdict"].tolist() == ["worse"]


def test_only_splits_that_both_were_scored_on_count():
    scores = around([0.9, 0.93])
    scores[0, :3] = np.nan
    scores[1, 9] = np.nan
    found, expected = made(scores), made(scores[:, 3:9])
    assert found.pairwise()["n_splits"].tolist() == [6]
    assert found.pairwise().iloc[0, 3:].tolist() == expected.pairwise().iloc[0, 3:].tolist()


@pytest.mark.parametrize("n_splits", [0, 1])
def test_too_few_scores_give_no_verdict(n_splits):
    scores = np.full((2, 3), np.nan)
    scores[:, :n_splits] = 0.5
    found = made(scores)
    assert found.pairwise()["verdict"].tolist() == ["undecided"]
    assert found.pairwise()[["pvalue", "pvalue_holm", "p_better"]].isna().all(axis=None)
    assert found.conclusion().startswith("There are too few scores to compare")


def test_one_architecture_has_no_pairs():
    found = made(around([0.9]))
    assert found.pairwise().empty
    assert list(found.pairwise().columns) == list(made(around([0.9, 0.8])).pairwise().columns)
    assert found.settled
    assert found.conclusion()


def test_equal_scores_are_not_called_a_winner():
    found = made(np.full((2, 10), 0.9))
    assert found.pairwise()["verdict"].item() not in ("better", "worse")
    assert found.pairwise()["pvalue"].tolist() == [1.0]


# Until it is settled


def test_repeats_stop_when_each_pair_is_settled(data):
    given = {"cv": 5, "random_state": 0, "until_sure": True, "max_repeats": 8}
    clear = {"tree": DecisionTreeClassifier(), "stump": DecisionTreeClassifier(max_depth=1)}
    found = compare_architectures(clear, *data, **given)
    assert found.repeats.max() + 1 == 2  # the least: one repeat says little about its own spread
    assert found.settled
    assert found.n_looks == 8
    assert found.pairwise()["verdict"].tolist() == ["better"]


def test_repeats_go_on_while_a_pair_is_undecided_and_end_at_the_maximum(data):
    X, y = data
    alike = {"a": DecisionTreeClassifier(), "b": DecisionTreeClassifier()}
    found = compare_architectures(alike, X[:200], y[:200], cv=4, random_state=3, until_sure=True, max_repeats=4)
    n_repeats = int(found.repeats.max()) + 1
    assert 2 <= n_repeats <= 4
    assert found.settled or n_repeats == 4
    rule = SequentialRule(rope=0.01, splits_per_repeat=4, max_repeats=4)
    scores = found.scores[:, : 4 * n_repeats]
    sizes = {"n_train": found.n_train, "n_test": found.n_test}
    assert found.pairwise()["verdict"].item() == rule.verdict(*scores, **sizes).kind
    if n_repeats > 2:  # the look before did not settle it
        before = {name: values[:-4] for name, values in sizes.items()}
        assert rule.verdict(*scores[:, :-4], **before).kind == "undecided"


def test_baselines_do_not_prolong_a_comparison():
    scores = np.array([*around([0.9, 0.95]), around([0.951], seed=5)[0]])
    found = made(scores, baselines=["x"], n_looks=9, n_folds=5)
    assert found.pairwise()["verdict"].tolist()[0] == "worse"
    assert found.settled
    assert not all(pair.decided for pair in found.posteriors())


def test_a_stored_comparison_goes_on_until_it_is_sure(data, tmp_path):
    trees = {"tree": DecisionTreeClassifier(), "stump": DecisionTreeClassifier(max_depth=1)}
    begun = []

    def note(event):
        begun.extend([event] if event.kind == "begin" else [])

    given = {"cv": 5, "random_state": 0, "storage": tmp_path, "progress": note}
    compare_architectures(trees, *data, **given)
    assert len(begun) == 10
    compare_architectures(trees, *data, until_sure=True, **given)
    assert len(begun) == 20


# The conclusion

CASES = {
    "one is best": ([0.90, 0.95, 0.80], {}, r"^B is the best of the 3\.\nB is better than A by 5\.0 points \("),
    "two are equivalent": (
        [0.90, 0.9001, 0.80], {"spread": 0.001}, r"^A and B are practically equivalent, and better than the others\.\n",
    ),
    "nothing is known": ([0.90, 0.905, 0.91], {"spread": 0.03}, r"^The data cannot tell which is best\.\nThe data"),
    "one is out": ([0.90, 0.905, 0.60], {"spread": 0.02}, r"^The data cannot tell which is best: A or B\.\n"),
    "two alone": ([0.90, 0.95], {}, r"^B is better than A by 5\.0 points"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_conclusion_begins_with_the_ranking(case):
    means, changes, expected = CASES[case]
    text = made(around(means, **changes)).conclusion()
    assert re.search(expected, text), text


def test_sentences_have_the_numbers_of_the_table():
    found = made(around([0.90, 0.93, 0.80], spread=0.02), rope=0.02)
    rows = found.pairwise()
    text = found.conclusion()
    for row in rows.itertuples():
        sign = np.sign(row.difference)
        ends = sorted((sign * row.low, sign * row.high))
        assert f"{abs(100 * row.difference):.1f} points" in text
        assert f"95 % interval {100 * ends[0]:.1f} to {100 * ends[1]:.1f}" in text
        better, worse = (row.a, row.b) if row.difference > 0 else (row.b, row.a)
        assert (f"{better} is better than {worse} by" in text) == (row.verdict in ("better", "worse"))
        assert f"{worse} is better than {better}" not in text
    assert "Better means by more than 2 points of accuracy; a smaller difference counts as equivalent." in text
    assert f"a probability of {1 - 0.05 / 3 / 2:.3f}" in text


def test_no_probability_is_said_to_be_certain():
    text = made(around([0.5, 0.9])).conclusion()
    assert "probability >0.99" in text
    assert not re.search(r"probability (0|1)\b(?!\.)", text)


def test_other_metrics_have_no_points():
    scores = around([0.5, 0.9])
    text = made(scores, metric_scores={"neg_log_loss": scores}).conclusion()
    assert "points" not in text
    assert "by more than 0.01 in neg log loss" in text


def test_a_better_baseline_is_named():
    scores = [*around([0.80, 0.82]), *around([0.5, 0.95], seed=1)]
    text = made(scores, baselines=["dummy", "forest"]).conclusion()
    assert "The best baseline is forest. forest is better than B by" in text
    assert "So no architecture is better than the best baseline." in text
    weak = made([*scores[:2], scores[2]], baselines=["dummy"]).conclusion()
    assert "The best baseline is dummy. B is better than dummy by" in weak
    assert "So none" not in weak


def test_what_would_settle_it_is_said():
    noisy = made(around([0.90, 0.93], spread=0.02, n_splits=5), n_looks=20, n_folds=5)
    kind = noisy.pairwise()["verdict"].item()
    assert kind == "undecided"
    assert "More repeats may decide A or B." in noisy.conclusion()
    many = made(around([0.90, 0.909], spread=0.02, n_splits=100), n_looks=20, n_folds=5)
    assert many.pairwise()["verdict"].item() == "undecidable"
    text = many.conclusion()
    assert "More repeats would hardly decide A or B: the 2,000 samples are too few." in text
    assert re.search(r"If the difference stays the same, about [\d,]+ samples would\.", text)


# Kept and loaded


def test_a_comparison_is_the_same_after_save_and_load(data, tmp_path):
    X, y = data
    words = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], dtype=object)[y]
    estimators = {"tree": DecisionTreeClassifier(), "logistic": LogisticRegression(max_iter=2000)}
    for number, changes in enumerate(
        [{"scoring": ["accuracy", "neg_log_loss"], "baselines": False}, {"X_test": X[500:], "y_test": words[500:]}]
    ):
        found = compare_architectures(estimators, X[:200] / 16, words[:200], cv=3, random_state=0, **changes)
        found.save(tmp_path / str(number))
        for path in (tmp_path / str(number), tmp_path / str(number) / "comparison.npz"):
            loaded = ArchitectureComparison.load(path)
            assert repr(loaded) == repr(found)
            for table in ("to_frame", "histories", "summary", "pairwise"):
                pd.testing.assert_frame_equal(getattr(loaded, table)(), getattr(found, table)())
            assert loaded.conclusion() == found.conclusion()
            assert loaded.classes.tolist() == found.classes.tolist()
            for row in range(2):
                np.testing.assert_array_equal(loaded.probabilities[row][0], found.probabilities[row][0])
                np.testing.assert_array_equal(loaded.predicted[row][-1], found.predicted[row][-1])


def test_an_interrupted_comparison_can_be_kept(tmp_path):
    scores = around([0.9, 0.8])
    scores[1, 4:] = np.nan
    made(scores).save(tmp_path)
    loaded = ArchitectureComparison.load(tmp_path)
    assert not loaded.complete
    assert loaded.pairwise()["n_splits"].tolist() == [4]


def test_a_file_that_is_no_comparison_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        ArchitectureComparison.load(tmp_path)
    path = tmp_path / "comparison.npz"
    made(around([0.9, 0.8])).save(tmp_path)
    whole = path.read_bytes()
    for damaged in (b"", b"text", whole[:-200], whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"comparison\.npz is damaged, or is not a file that"):
            ArchitectureComparison.load(tmp_path)
    np.savez(path, something=np.ones(2))
    with pytest.raises(ValueError, match=r"comparison\.npz is damaged, or is not a file that"):
        ArchitectureComparison.load(tmp_path)


def test_a_dummy_beside_a_tree_is_worse(data):
    found = compare_architectures(
        {"tree": DecisionTreeClassifier(), "dummy": DummyClassifier()}, *data, cv=5, random_state=0
    )
    assert found.conclusion().startswith("tree is better than dummy by")


def test_the_interval_of_a_share_ends_at_0_and_1():
    """And that of another metric, or of a metric of the same name with other values, does not."""
    y = np.arange(40) % 2
    X = np.column_stack([y, np.random.default_rng(0).normal(size=40)])
    X[3, 0] = 1 - X[3, 0]
    estimators = {"tree": DecisionTreeClassifier(max_depth=1), "dummy": DummyClassifier()}
    found = compare_architectures(estimators, X, y, cv=5, random_state=0).summary()
    assert found.loc["tree", "high"] == 1.0
    assert found.loc["tree", "low"] < found.loc["tree", "mean"] < 1.0
    scoring = {"accuracy": lambda estimator, X, y: 2 * estimator.score(X, y)}
    doubled = compare_architectures(estimators, X, y, cv=5, scoring=scoring, random_state=0).summary()
    assert doubled.loc["tree", "high"] > 2.0
