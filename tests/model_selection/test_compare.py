"""Comparing classifiers on the same folds: scores, records, progress events, and failures."""

import json
import os
import pickle
from multiprocessing import current_process
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from skrnn import GRUClassifier, SimpleRNNClassifier
from skrnn.datasets import load_digits
from skrnn.model_selection import (
    ArchitectureComparison,
    ComparisonInterrupted,
    FitEvent,
    OptunaSearchCV,
    compare_architectures,
)
from skrnn.model_selection.fit_events import listen
from skrnn.preprocessing import ImageToSequence

GRU_PARAMETERS = 3 * (8 * 4 + 4 * 4 + 2 * 4) + 4 + 1  # of the one that `recurrent` makes


@pytest.fixture(scope="module")
def images():
    X, y = load_digits(return_X_y=True)
    return X[y < 2][:100], y[y < 2][:100]


@pytest.fixture(scope="module")
def table():
    X, y = load_digits(return_X_y=True)
    return X[:300].reshape(300, 64), y[:300]


def recurrent():
    """Tiny networks, one of them in a pipeline."""
    return {
        "SimpleRNN": SimpleRNNClassifier(units=4, epochs=2),
        "GRU": make_pipeline(ImageToSequence(), GRUClassifier(units=4, epochs=3)),
    }


@pytest.fixture(scope="module")
def comparison(images):
    return compare_architectures(recurrent(), *images, cv=2, random_state=0)


class Picky(ClassifierMixin, BaseEstimator):
    """A constant, but not for too many rows."""

    def __init__(self, most=np.inf):
        self.most = most

    def fit(self, X, y):
        if len(X) > self.most:
            raise ValueError(f"{len(X)} rows are too many.")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


# Which scores


def test_an_int_and_a_seed_are_stratified_folds_shuffled_with_that_seed(table):
    tree = DecisionTreeClassifier(random_state=0)
    found = compare_architectures({"tree": tree}, *table, cv=3, random_state=7)
    folds = StratifiedKFold(3, shuffle=True, random_state=7)
    np.testing.assert_array_equal(found.scores[0], cross_val_score(tree, *table, cv=folds))


def test_an_int_without_a_seed_is_what_scikit_learn_takes_it_for(table):
    tree = DecisionTreeClassifier(random_state=0)
    found = compare_architectures({"tree": tree}, *table, cv=3)
    np.testing.assert_array_equal(found.scores[0], cross_val_score(tree, *table, cv=3))


def test_repeats_and_folds_are_numbered(table):
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    found = compare_architectures({"dummy": DummyClassifier()}, *table, cv=cv)
    assert found.repeats.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.folds.tolist() == [0, 1, 2, 0, 1, 2]
    assert (found.n_train + found.n_test).tolist() == [300] * 6


def test_a_splitter_that_is_drawn_twice_is_still_drawn_once(table):
    folds = StratifiedKFold(3, shuffle=True)  # without a seed, other folds at every call
    tree = DecisionTreeClassifier(random_state=0)
    found = compare_architectures({"a": tree, "b": tree}, *table, cv=folds)
    np.testing.assert_array_equal(found.scores[0], found.scores[1])


def test_groups_reach_the_splitter(table):
    groups = np.arange(300) % 4
    found = compare_architectures({"dummy": DummyClassifier()}, *table, cv=GroupKFold(4), groups=groups)
    assert found.n_test.tolist() == [75] * 4


def test_scoring_is_any_single_score(table):
    named = compare_architectures({"tree": DecisionTreeClassifier()}, *table, cv=2, scoring="f1_macro", random_state=0)
    assert named.scoring == "f1_macro"

    def first_label(estimator, X, y):
        return float(y[0])

    made = compare_architectures({"tree": DecisionTreeClassifier()}, *table, cv=2, scoring=first_label)
    assert made.scoring == "first_label"


def test_the_score_of_a_search_is_not_its_own_but_the_comparison_s(table):
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [1.0]}, scoring="neg_log_loss", cv=2)
    found = compare_architectures({"search": search}, *table, cv=2)
    assert found.scoring == "accuracy"
    assert (found.scores > 0.5).all()


def test_scores_are_the_same_however_many_jobs_and_whoever_else_is_compared(images, comparison):
    events = []
    both = compare_architectures(recurrent(), *images, cv=2, random_state=0, n_jobs=2, progress=events.append)
    np.testing.assert_array_equal(both.scores, comparison.scores)
    assert both.curves == comparison.curves
    assert_fits_are_told_of(events)

    alone = compare_architectures({"GRU": recurrent()["GRU"]}, *images, cv=2, random_state=0)
    np.testing.assert_array_equal(alone.scores[0], comparison.scores[1])
    assert alone.curves[0] == comparison.curves[1]


def test_splits_get_seeds_of_their_own_but_a_seed_that_is_set_stays():
    X, y = np.zeros((40, 1)), np.arange(40) % 2
    free = DummyClassifier(strategy="uniform")
    nested = make_pipeline(FunctionTransformer(), clone(free))
    fixed = clone(free).set_params(random_state=3)
    cv = [(np.arange(20), np.arange(20, 40))] * 2  # whatever differs comes from the seeds
    found = compare_architectures({"free": free, "nested": nested, "fixed": fixed}, X, y, cv=cv, random_state=0)
    assert len({*found.scores[:2].ravel()}) == 4  # another seed for each split and each architecture
    assert found.scores[2, 0] == found.scores[2, 1] == fixed.fit(X[:20], y[:20]).score(X[20:], y[20:])


@pytest.mark.parametrize("kind", ["list", "frame"])
def test_x_is_whatever_the_estimators_take(table, kind):
    X, y = table
    given = list(X) if kind == "list" else pd.DataFrame(X)
    of_array = compare_architectures({"tree": DecisionTreeClassifier()}, X, y, cv=2, random_state=0)
    of_other = compare_architectures({"tree": DecisionTreeClassifier()}, given, y, cv=2, random_state=0)
    np.testing.assert_array_equal(of_array.scores, of_other.scores)


# What is recorded


def test_networks_are_counted_and_their_curves_kept(comparison):
    frame = comparison.to_frame()
    assert list(frame.columns) == [
        "architecture",
        "repeat",
        "fold",
        "score",
        "n_train",
        "n_test",
        "n_parameters",
        "n_epochs",
        "best_epoch",
        "fit_seconds",
        "score_seconds",
        "latency_seconds",
    ]
    assert frame["architecture"].tolist() == ["SimpleRNN", "SimpleRNN", "GRU", "GRU"]
    assert frame["fold"].tolist() == [0, 1, 0, 1]
    assert frame["n_epochs"].tolist() == [2, 2, 3, 3]
    simple = 8 * 4 + 4 * 4 + 4 + 4 + 1  # kernels, bias, and one logit
    assert frame["n_parameters"].tolist() == [simple, simple, GRU_PARAMETERS, GRU_PARAMETERS]
    assert (frame[["fit_seconds", "score_seconds", "latency_seconds"]] > 0).all(axis=None)
    histories = comparison.histories()
    assert len(histories) == 2 * 4 * (2 + 3)  # folds, metrics of training and test data, epochs
    one = histories[(histories.architecture == "GRU") & (histories.fold == 1) & (histories.metric == "loss")]
    assert one["epoch"].tolist() == [1, 2, 3]
    assert one["value"].tolist() == comparison.curves[1][1]["loss"]
    losses = comparison.curves[1][1]["val_loss"]
    assert frame["best_epoch"].iloc[3] == 1 + losses.index(min(losses))


def test_what_a_search_has_found_is_recorded(images):
    search = GridSearchCV(recurrent()["GRU"], {"gruclassifier__epochs": [5]}, cv=2)
    found = compare_architectures({"search": search}, *images, cv=2, random_state=0)
    assert found.n_parameters.tolist() == [[GRU_PARAMETERS] * 2]
    assert found.n_epochs.tolist() == [[5, 5]]
    assert [len(history["loss"]) for history in found.curves[0]] == [5, 5]


def test_what_a_classifier_does_not_tell_is_missing(table):
    found = compare_architectures({"tree": DecisionTreeClassifier()}, *table, cv=2)
    assert found.to_frame()["n_parameters"].isna().all()
    assert found.to_frame()["n_epochs"].isna().all()
    assert found.histories().empty


def test_the_summary_is_over_the_splits(table):
    estimators = {"dummy": DummyClassifier(), "tree": DecisionTreeClassifier()}
    found = compare_architectures(estimators, *table, cv=3, random_state=0)
    summary = found.summary()
    assert summary.index.tolist() == ["dummy", "tree"]
    assert summary["rank"].tolist() == [2, 1]
    assert summary["n_splits"].tolist() == [3, 3]
    for row, name in enumerate(estimators):
        scores = found.scores[row]
        assert summary.loc[name, ["mean", "std", "min", "max"]].tolist() == pytest.approx(
            [scores.mean(), scores.std(ddof=1), scores.min(), scores.max()]
        )
        assert summary.loc[name, "fit_seconds"] == pytest.approx(found.fit_seconds[row].mean())


def test_the_estimators_stay_as_they_were(images):
    estimators = recurrent()
    compare_architectures(estimators, *images, cv=2, random_state=0, progress=lambda event: None)
    network = estimators["SimpleRNN"]
    assert network.random_state is None
    assert not hasattr(network, "classes_")
    assert not hasattr(network, "_skl_callbacks")


def test_repr_says_what_there_is(comparison):
    assert repr(comparison) == "<ArchitectureComparison: SimpleRNN, GRU; accuracy on 2 splits>"


# Progress and interrupts


def assert_fits_are_told_of(events):
    for name, n_epochs in {"SimpleRNN": 2, "GRU": 3}.items():
        for split in range(2):
            of_fit = [event for event in events if (event.architecture, event.split) == (name, split)]
            assert [event.kind for event in of_fit] == ["begin", *["epoch"] * n_epochs, "end"]
            assert [event.epoch for event in of_fit[1:-1]] == list(range(1, n_epochs + 1))
            assert {event.n_epochs for event in of_fit[1:-1]} == {n_epochs}
            assert 0 <= of_fit[-1].score <= 1
            assert of_fit[-1].fit_seconds > 0


def test_progress_is_told_of_every_epoch(images):
    events = []
    compare_architectures(recurrent(), *images, cv=2, random_state=0, progress=events.append)
    assert_fits_are_told_of(events)


def test_events_arrive_though_the_temporary_folder_lies_deep(monkeypatch, tmp_path, table):
    deep = tmp_path / ("d" * 120)  # too long for the path of a Unix socket
    deep.mkdir()
    monkeypatch.setitem(current_process()._config, "tempdir", str(deep))
    events = []
    with listen(events.append) as reporter:
        elsewhere = pickle.loads(pickle.dumps(reporter))
        elsewhere(FitEvent("begin", "LSTM", 0))
        assert events == [FitEvent("begin", "LSTM", 0)]  # delivered when the call returns
        elsewhere.close()
    elsewhere(FitEvent("begin", "LSTM", 1))  # nobody listens any more: lost, and no error
    assert len(events) == 1


def test_an_interrupt_leaves_what_is_finished(table):
    def stop_at_the_third(event):
        if event.kind == "begin" and event.split == 1:
            raise KeyboardInterrupt

    estimators = {"dummy": DummyClassifier(), "tree": DecisionTreeClassifier()}
    with pytest.raises(KeyboardInterrupt) as caught:
        compare_architectures(estimators, *table, cv=3, progress=stop_at_the_third)
    assert isinstance(caught.value, ComparisonInterrupted)
    assert str(caught.value) == "2 of 6 fits were finished."
    found = caught.value.comparison
    assert not found.complete
    assert found.finished.tolist() == [[True, False, False]] * 2
    assert found.to_frame()["fold"].tolist() == [0, 0]
    assert found.summary()["n_splits"].tolist() == [1, 1]
    assert repr(found) == "<ArchitectureComparison: dummy, tree; accuracy on 3 splits, 2 of 6 fits finished>"


def test_an_interrupt_before_anything_is_finished_leaves_an_empty_comparison(table, tmp_path):
    def stop(event):
        raise KeyboardInterrupt

    with pytest.raises(ComparisonInterrupted, match=r"^0 of 2 fits were finished\.$") as caught:
        compare_architectures({"dummy": DummyClassifier()}, *table, cv=2, progress=stop)
    assert caught.value.comparison.to_frame().empty
    assert caught.value.comparison.summary()["n_splits"].tolist() == [0]
    caught.value.comparison.save(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text())["architectures"][0]["mean"] is None


# Files


def test_files_hold_the_frames_the_summary_and_the_plots(comparison, tmp_path):
    paths = comparison.save(tmp_path / "new" / "folder", settings={"dataset": "digits"})
    assert [path.name for path in paths] == [
        "comparison.npz",
        "scores.csv",
        "pairwise.csv",
        "histories.csv",
        "summary.json",
        "scores.png",
        "differences.png",
        "learning_curves.png",
    ]
    folder = tmp_path / "new" / "folder"
    pd.testing.assert_frame_equal(
        pd.read_csv(folder / "scores.csv"), comparison.to_frame(), check_dtype=False, check_exact=False
    )
    pd.testing.assert_frame_equal(pd.read_csv(folder / "histories.csv"), comparison.histories(), check_dtype=False)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["complete"] is True
    assert (summary["n_fits"], summary["n_fits_finished"], summary["scoring"]) == (4, 4, "accuracy")
    assert summary["settings"] == {"dataset": "digits"}
    assert summary["n_train"] == comparison.n_train.tolist()
    assert [row["architecture"] for row in summary["architectures"]] == ["SimpleRNN", "GRU"]
    assert summary["architectures"][1]["mean"] == pytest.approx(comparison.scores[1].mean())
    for name in ("learning_curves.png", "scores.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_saving_replaces_its_own_files_and_no_others(comparison, table, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    comparison.save(tmp_path)
    compare_architectures({"tree": DecisionTreeClassifier()}, *table, cv=2).save(tmp_path)
    tables = ["comparison.npz", "histories.csv", "notes.txt", "pairwise.csv", "scores.csv"]
    assert sorted(os.listdir(tmp_path)) == [*tables, "scores.png", "summary.json"]  # no pair, no curves
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert set(pd.read_csv(tmp_path / "scores.csv")["architecture"]) == {"tree"}


# What goes wrong


def test_a_failing_fit_raises_its_own_error(table):
    with pytest.raises(ValueError, match=r"^200 rows are too many\.$"):
        compare_architectures({"picky": Picky(most=150)}, *table, cv=3)


def test_a_failing_fit_can_be_scored_instead(table):
    folds = [(np.arange(100), np.arange(200, 300)), (np.arange(200), np.arange(200, 300))]
    with pytest.warns(FitFailedWarning) as caught:
        found = compare_architectures({"picky": Picky(most=150)}, *table, cv=folds, error_score=np.nan)
    first, *rest = str(caught[0].message).splitlines()
    assert first == "1 of 2 fits failed and are scored nan. picky on split 1: ValueError: 200 rows are too many."
    assert rest[0].startswith("Traceback")
    assert np.isnan(found.scores[0]).tolist() == [False, True]
    assert found.complete


def test_nothing_but_failures_is_an_error(table):
    with pytest.raises(
        ValueError, match=r"^All 2 fits failed\. picky on split 0: ValueError: 150 rows are too many\.\n"
    ):
        compare_architectures({"picky": Picky(most=10)}, *table, cv=2, error_score=0)


@pytest.mark.parametrize(
    ("estimators", "error", "message"),
    [
        ([LogisticRegression()], TypeError,
         "estimators must be a dict of name -> estimator, or None for the default ones. "
         "Got [LogisticRegression()] instead."),
        ({}, ValueError, "estimators must have at least one estimator. Got an empty dict."),
        ({1: LogisticRegression()}, TypeError, "The names of the estimators must be str. Got 1 instead."),
        ({"a": LogisticRegression}, TypeError,
         "estimators['a'] is the class LogisticRegression: pass an instance of it."),
        ({"a": Ridge()}, TypeError, "estimators['a'] must be a classifier. Got Ridge() instead."),
        ({"a": "lstm"}, TypeError, "estimators['a'] must be an estimator with a fit method. Got 'lstm' instead."),
    ],
)  # fmt: skip
def test_estimators_are_a_dict_of_estimators(table, estimators, error, message):
    with pytest.raises(error) as caught:
        compare_architectures(estimators, *table)
    assert str(caught.value) == message


def test_an_unknown_error_score_is_refused(table):
    with pytest.raises(ValueError, match=r"^error_score must be 'raise' or a number\. Got 'nan' instead\.$"):
        compare_architectures({"dummy": DummyClassifier()}, *table, error_score="nan")


def test_x_and_y_must_be_of_one_length(table):
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[300, 299\]"):
        compare_architectures({"dummy": DummyClassifier()}, table[0], table[1][:-1])


def test_a_comparison_can_be_made_of_arrays_alone():
    ones = np.ones((1, 2))
    found = ArchitectureComparison(
        architectures=("a",),
        metric_scores={"accuracy": ones},
        repeats=np.zeros(2, dtype=int),
        folds=np.arange(2),
        n_train=np.array([5, 5]),
        n_test=np.array([5, 5]),
        finished=np.ones((1, 2), dtype=bool),
        fit_seconds=ones,
        score_seconds=ones,
        latency_seconds=ones,
        n_parameters=ones,
        n_epochs=ones,
        curves=(({}, {}),),
    )
    assert found.summary().loc["a", "mean"] == 1


class _CountsFits(DummyClassifier):
    fits: ClassVar[list[int]] = []

    def fit(self, X, y):
        self.fits.append(len(y))
        super().fit(X, y)  # and returns nothing


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("high", "The score '<lambda>' could not be computed:\nhigh"),
        (None, r"scoring must return a number, or a dict of them\. Got <lambda> = None instead"),
        ([0.5, 0.6], r"Got <lambda> = \[0\.5, 0\.6\] instead"),
        ({"a": 1.0, "b": None}, "Got b = None instead"),
    ],
)
def test_a_function_that_returns_no_number_is_refused_before_anything_is_fitted(value, message):
    _CountsFits.fits.clear()
    with pytest.raises(ValueError, match=message):
        compare_architectures(
            {"dummy": _CountsFits()}, np.zeros((8, 2)), [0, 1] * 4, cv=2, scoring=lambda e, X, y: value
        )
    assert not _CountsFits.fits


def test_an_array_of_one_number_is_a_score():
    def scorer(estimator, X, y):
        return np.array([0.25])

    data = np.zeros((8, 2)), np.array([0, 1] * 4)
    comparison = compare_architectures({"dummy": DummyClassifier()}, *data, cv=2, scoring=scorer)
    assert comparison.scores.tolist() == [[0.25, 0.25]]
    search = OptunaSearchCV(DummyClassifier(), lambda trial: {}, n_trials=1, cv=2, scoring=scorer).fit(*data)
    assert search.best_score_ == 0.25


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "A comparison of classifiers needs labels: y is None."),
        (np.linspace(0, 1, 8), "Unknown label type: continuous"),
    ],
)
def test_labels_that_are_none_are_refused_before_anything_is_fitted(y, message):
    _CountsFits.fits.clear()
    with pytest.raises(ValueError, match=message):
        compare_architectures({"dummy": _CountsFits()}, np.zeros((8, 2)), y, cv=KFold(2))
    assert not _CountsFits.fits


def test_a_search_that_refits_nothing_is_refused_before_anything_is_fitted():
    _CountsFits.fits.clear()
    search = GridSearchCV(_CountsFits(), {"strategy": ["prior"]}, refit=False)
    with pytest.raises(ValueError, match=r"^estimators\['a'\] is a search with refit=False, which cannot predict"):
        compare_architectures({"a": search}, np.zeros((8, 2)), [0, 1] * 4, cv=2)
    assert not _CountsFits.fits


def test_an_empty_list_of_rows_is_no_rows():
    with pytest.raises(ValueError, match=r"^Split 0 of cv has 3 samples to train on and 0 to test on"):
        compare_architectures({"a": LogisticRegression()}, np.zeros((8, 2)), [0, 1] * 4, cv=[([0, 1, 2], [])])


def test_what_fit_returns_does_not_matter():
    comparison = compare_architectures({"dummy": _CountsFits()}, np.zeros((8, 2)), [0, 1] * 4, cv=2)
    assert comparison.scores.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("cv", [[], iter(())])
def test_no_splits_are_an_error(cv):
    with pytest.raises(ValueError, match="cv gives no splits"):
        compare_architectures({"dummy": DummyClassifier()}, np.zeros((8, 2)), [0, 1] * 4, cv=cv)
