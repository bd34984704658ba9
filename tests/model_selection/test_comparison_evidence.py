"""What a comparison says of few, equal or missing scores, and of test sets whose metric cannot be computed again."""

import numpy as np
import pytest
import sklearn
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skrnn.model_selection import compare_architectures
from skrnn.model_selection.comparison_data import ComparisonData
from skrnn.model_selection.conclusion import Findings, conclude
from skrnn.model_selection.fit_store import FILE_NAME
from skrnn.model_selection.verdicts import PairVerdict


@pytest.fixture(scope="module")
def binary():
    return make_classification(200, 8, n_informative=5, random_state=0)


def pair(a, b, verdict, **values):
    mean = {"better": 0.05, "worse": -0.05}.get(verdict, 0.0)
    known = {"low": -0.1, "high": 0.1, "p_better": 0.3, "p_worse": 0.3, "p_equivalent": 0.4, "level": 0.05}
    return PairVerdict(a, b, 5, **{"mean": mean, **known, "verdict": verdict, **values})


def sentences(pairs, names, baselines=()):
    return conclude(Findings(pairs, "accuracy", 0.01, dict.fromkeys(names, 0.5), baselines, 100, False))


# The conclusion


def test_a_network_without_scores_is_no_candidate():
    unknown = [PairVerdict(name, "D", 0) for name in "ABC"]
    known = [pair("A", "B", "undecided"), pair("A", "C", "better"), pair("B", "C", "better")]
    found = sentences([*known, *unknown], "ABCD")
    assert found[0] == "The data cannot tell which is best: A or B."
    assert "There are too few scores to compare D with the others." in found


def test_there_is_no_ranking_if_a_pair_has_no_scores():
    known = [pair("A", "C", "better"), pair("B", "C", "better")]  # A and B were never scored on the same splits
    assert sentences([PairVerdict("A", "B", 0), *known], "ABC")[0].startswith("A is better than C by")


def test_a_circle_has_no_best():
    circle = [pair("A", "B", "better"), pair("B", "C", "better"), pair("A", "C", "worse")]
    assert sentences(circle, "ABC")[0].startswith("A is better than B by")


def test_one_architecture_is_not_compared(binary):
    found = compare_architectures({"tree": DecisionTreeClassifier(max_depth=2)}, *binary, random_state=0)
    assert found.conclusion() == "There is only one architecture, so there is nothing to compare it with."


def test_no_difference_puts_nobody_ahead():
    text = sentences([pair("A", "B", "undecided", mean=-0.0004, low=-0.0008, high=-0.0001)], "AB")[0]
    assert text.startswith(
        "The data cannot tell whether A or B is better: they are 0.0 points apart (95 % interval 0.0 to 0.1;"
    )


def test_pairs_with_a_baseline_have_their_own_certainty():
    with_baseline = [pair(name, "D", "better", level=0.025, with_baseline=True) for name in "AB"]
    text = "\n".join(sentences([pair("A", "B", "undecided", level=0.05), *with_baseline], "ABD", baselines=["D"]))
    assert "from a probability of 0.975, or of 0.988 than a baseline, so that at most 5 % of comparisons err in" in text


def test_numbers_of_samples_that_nobody_has_are_no_advice():
    tiny = {"mean": 1e-18, "n_samples_needed": 1.7e34}  # equal scores, except for rounding
    text = sentences([pair("A", "B", "undecidable", **tiny)], "AB")[-1]
    assert text.endswith("If the difference stays the same, no number of samples is likely to.")


def test_without_a_region_of_equivalence_no_difference_is_too_small():
    findings = Findings([pair("A", "B", "better")], "accuracy", 0, {"A": 0.5, "B": 0.5}, (), 100, False)
    assert "Better means by any difference in accuracy. One is called better from a" in "\n".join(conclude(findings))


# Failed fits


class Fails(DecisionTreeClassifier):
    def fit(self, X, y):
        raise RuntimeError("never")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
def test_a_network_that_always_fails_does_not_prolong_a_comparison(binary):
    X, y = binary
    X = np.c_[X, y]
    found = compare_architectures(
        {"fails": Fails(), "right": _Reads(8), "wrong": _Reads(0)}, X, y, error_score=np.nan, until_sure=True,
        random_state=0,
    )  # fmt: skip
    assert found.repeats.max() + 1 == 2


class _Reads(DecisionTreeClassifier):
    """A stump on one column."""

    def __init__(self, column=0):
        super().__init__(max_depth=1)
        self.column = column

    def fit(self, X, y):
        return super().fit(X[:, [self.column]], y)

    def predict(self, X):
        return super().predict(X[:, [self.column]])

    def predict_proba(self, X):
        return super().predict_proba(X[:, [self.column]])


def test_the_best_epoch_is_one_with_a_loss():
    def best(losses):
        ones = np.ones((1, 1))
        history = {} if losses is None else {"val_loss": losses}
        names = ["fit_seconds", "score_seconds", "latency_seconds", "n_parameters", "n_epochs"]
        data = ComparisonData(
            architectures=("a",), metric_scores={"accuracy": ones}, finished=ones.astype(bool), curves=((history,),),
            **dict.fromkeys(("repeats", "folds", "n_train", "n_test"), np.ones(1, dtype=int)),
            **dict.fromkeys(names, ones),
        )  # fmt: skip
        return data.best_epochs.item()

    assert best([0.5, 0.2, np.nan, 0.4]) == 2
    assert np.isnan(best([np.nan, np.nan]))
    assert np.isnan(best([]))
    assert np.isnan(best(None))


# A fixed test set


def test_equal_predictions_on_a_small_test_set_do_not_prove_equivalence(binary):
    X, y = binary
    X = np.c_[X, y]
    right = {"a": _Reads(8), "b": _Reads(8)}
    few = compare_architectures(right, X, y, X_test=X[:60], y_test=y[:60], random_state=0).pairwise()
    assert few["difference"].item() == 0
    assert few["verdict"].item() == "undecided"
    spread = 1.96 * np.sqrt(3) / 60  # as if three samples told them apart: the rule of three
    np.testing.assert_allclose(few[["low", "high"]].to_numpy(), [[-spread, spread]], rtol=1e-3)
    X_test, y_test = np.tile(X, (10, 1)), np.tile(y, 10)
    many = compare_architectures(right, X, y, X_test=X_test, y_test=y_test, random_state=0).pairwise()
    assert many["verdict"].item() == "equivalent"


def by_attribute(estimator, X, y):
    return accuracy_score(y, estimator.predict(X)) - 0.01 * (estimator.max_depth or 0)


def by_column(estimator, X, y):
    return float(np.average(estimator.predict(X) == y, weights=np.abs(np.asarray(X).reshape(len(X), -1)[:, 0])))


@pytest.mark.parametrize("scoring", [by_attribute, by_column])
def test_a_metric_that_needs_more_than_predictions_costs_the_intervals_and_no_fits(binary, scoring):
    X, y = binary
    trees = {"a": DecisionTreeClassifier(max_depth=1), "b": DecisionTreeClassifier(max_depth=4)}
    with pytest.warns(UserWarning, match="cannot be computed from the saved predictions of a, b, so there is no"):
        found = compare_architectures(trees, X, y, X_test=X[:90], y_test=y[:90], scoring=scoring, random_state=0)
    assert np.isfinite(found.scores).all()
    assert np.isnan(found.pairwise()["low"]).all()
    assert found.conclusion().startswith("There are too few scores to compare: both must have scores and saved pred")


def test_only_a_classifier_without_probabilities_has_no_interval_of_a_metric_that_needs_them(binary):
    X, y = binary
    estimators = {"svm": LinearSVC(), "a": DecisionTreeClassifier(max_depth=1), "b": DecisionTreeClassifier()}
    with pytest.warns(UserWarning, match="'roc_auc' cannot be computed from the saved predictions of svm, so there"):
        found = compare_architectures(estimators, X, y, X_test=X[:90], y_test=y[:90], scoring="roc_auc", random_state=0)
    assert np.isnan(found.pairwise()["low"]).tolist() == [True, True, False]
    assert "There are too few scores to compare svm with the others." in found.conclusion()


class _FailsOnOddSeeds(DecisionTreeClassifier):
    def fit(self, X, y):
        if self.random_state % 2:
            raise RuntimeError("odd")
        return super().fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:.*cannot be computed from the saved predictions:UserWarning")
@pytest.mark.parametrize("error_score", [0.0, np.nan])
def test_failed_trainings_are_in_the_mean_and_the_interval_or_in_neither(binary, error_score):
    X, y = binary
    estimators = {"a": _FailsOnOddSeeds(max_depth=1, max_features=1), "b": DecisionTreeClassifier(max_depth=1)}
    found = compare_architectures(
        estimators, X, y, X_test=X[:90], y_test=y[:90], n_repeats=5, error_score=error_score, random_state=0
    )
    summary, row = found.summary()[["mean", "low", "high"]].loc["a"], found.pairwise().iloc[0]
    assert 0 < sum(predicted is not None for predicted in found.predicted[0]) < 5
    if np.isnan(error_score):
        assert summary["low"] <= summary["mean"] <= summary["high"]
        assert row["low"] <= row["difference"] <= row["high"]
        np.testing.assert_allclose(row["difference"], np.nanmean(found.scores[0]) - found.scores[1].mean())
    else:
        assert np.isnan(summary["low"])
        assert np.isnan(row["low"])
    found.plot()


def test_metadata_for_the_metric_are_refused_with_a_test_set(binary):
    X, y = binary
    with sklearn.config_context(enable_metadata_routing=True):
        tree = DecisionTreeClassifier().set_fit_request(sample_weight=True)
        scoring = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        with pytest.raises(ValueError, match="The metric requests sample_weight, of which params has values for X and"):
            compare_architectures(
                {"tree": tree}, X, y, X_test=X, y_test=y, scoring=scoring, params={"sample_weight": np.ones(200)}
            )


# Storage


def test_a_storage_that_is_no_folder_is_refused_before_anything_is_fitted(binary, tmp_path):
    class Never(DecisionTreeClassifier):
        def fit(self, X, y):
            raise AssertionError("Nothing may be fitted.")

    (tmp_path / "file").write_text("mine")
    for storage in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match=r"^storage='.*' must be a folder that can be written to: "):
            compare_architectures({"never": Never()}, *binary, storage=storage, random_state=0)
    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_array_in_a_stored_line_is_a_damaged_line(binary, tmp_path):
    given = {"cv": 2, "storage": tmp_path, "random_state": 0}
    first = compare_architectures({"tree": DecisionTreeClassifier()}, *binary, **given)
    lines = (tmp_path / FILE_NAME).read_text().splitlines()
    start = lines[0].index('"predicted": "') + len('"predicted": "')
    lines[0] = lines[0][:start] + lines[0][lines[0].index('"', start) :]
    (tmp_path / FILE_NAME).write_text("\n".join(lines) + "\n")
    with pytest.warns(UserWarning, match="line 1 is damaged"):
        again = compare_architectures({"tree": DecisionTreeClassifier()}, *binary, **given)
    np.testing.assert_array_equal(again.scores, first.scores)
