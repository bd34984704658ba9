"""Which trials share a study, and which of them count: no scores of other searches, no candidates outside the space."""

import threading

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.neighbors import KNeighborsClassifier

from skrnn.model_selection import OptunaSearchCV
from skrnn.model_selection.studies import STUDY, counted_trials

X = np.random.default_rng(0).normal(size=(40, 2))
y = (X[:, 0] + np.random.default_rng(1).normal(size=40) > 0).astype(int)
SPACE = {"n_neighbors": IntDistribution(1, 5)}


def search_of(space=None, **parameters):
    settings = {"n_trials": 2, "cv": 2, "random_state": 0} | parameters
    return OptunaSearchCV(KNeighborsClassifier(), SPACE if space is None else space, **settings)


@pytest.mark.parametrize(
    "scorings",
    [
        [make_scorer(fbeta_score, beta=beta) for beta in (2, 0.1)],
        [make_scorer(fbeta_score, beta=2, pos_label=label) for label in (0, 1)],
        [lambda e, X, y: e.score(X, y), lambda e, X, y: -e.score(X, y)],
    ],
)
def test_searches_by_other_scores_do_not_share_a_study(tmp_path, scorings):
    """Formerly they did, if the scorers had the same class or name."""
    first, second = (search_of(storage=tmp_path / "j", scoring=scoring).fit(X, y) for scoring in scorings)
    assert first.study_name_ != second.study_name_
    alone = search_of(scoring=scorings[1]).fit(X, y)
    np.testing.assert_array_equal(second.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


def test_all_that_a_score_depends_on_changes_the_name(tmp_path):
    def name(estimator=None, **parameters):
        fitted = parameters.pop("fitted", {})
        estimator = LogisticRegression() if estimator is None else estimator
        settings = {"n_trials": 1, "cv": 2, "storage": tmp_path / "j", "refit": False} | parameters
        search = OptunaSearchCV(estimator, {"C": FloatDistribution(0.1, 1)}, **settings)
        return search.fit(X, y, **fitted).study_name_

    several = {"scoring": ["accuracy", "f1"]}
    splits = [(np.arange(20), np.arange(20, 40)), (np.arange(20, 40), np.arange(20))]
    names = [
        name(),
        name(LogisticRegression(max_iter=99)),
        name(fitted={"sample_weight": np.ones(40)}),
        name(fitted={"sample_weight": np.arange(40.0)}),
        name(cv=splits),
        name(cv=[(train[1:], test) for train, test in splits]),  # the test parts are the same
        name(**several, refit="accuracy"),
        name(**several, refit="f1"),
    ]
    assert len(set(names)) == len(names)
    assert name() == names[0]
    assert (
        name(refit=True, n_trials=2, verbose=0, error_score=0, random_state=3) == names[0]
    )  # other trials, not scores


def test_what_cannot_be_described_is_rejected_before_anything_is_fitted(tmp_path):
    lock = threading.Lock()
    fits = []

    class Counting(KNeighborsClassifier):
        def fit(self, X, y):
            fits.append(1)
            return super().fit(X, y)

    def scoring(estimator, X, y):
        with lock:
            return estimator.score(X, y)

    def search(**parameters):
        return OptunaSearchCV(Counting(), SPACE, n_trials=1, cv=2, refit=False, **parameters)

    for storage in (tmp_path / "j", optuna.storages.InMemoryStorage()):
        refused = search(scoring=scoring, storage=storage)
        with pytest.raises(
            ValueError, match=r"^Cannot describe .*'lock' used by function '.*scoring' in scoring: .*study_name"
        ):
            refused.fit(X, y)
    assert not fits
    assert not hasattr(refused, "cv_results_")
    assert not (tmp_path / "j").exists()
    assert "accuracy" not in search(scoring=scoring).fit(X, y).study_name_  # in memory nothing needs a name


def test_a_study_name_vouches_for_what_cannot_be_described(tmp_path):
    lock = threading.Lock()

    def scoring(estimator, X, y):
        with lock:
            return estimator.score(X, y)

    names = {search_of(scoring=scoring, storage=tmp_path / "j", study_name="v1").fit(X, y).study_name_ for _ in "ab"}
    assert len(names) == 1
    other = search_of(scoring=scoring, storage=tmp_path / "j", study_name="v2").fit(X, y)
    assert other.study_name_ not in names
    assert (
        search_of(scoring=scoring, storage=tmp_path / "j", study_name="v1").fit(X[1:], y[1:]).study_name_ not in names
    )


def test_a_fit_parameter_that_cannot_be_pickled_is_allowed_without_a_storage():
    class Classifier(DummyClassifier):
        def fit(self, X, y, lock=None):
            with lock:
                return super().fit(X, y)

    space = {"strategy": CategoricalDistribution(["prior"])}
    search = OptunaSearchCV(Classifier(), space, n_trials=1, cv=2).fit(X, y, lock=threading.Lock())
    assert len(search.trials_) == 1


# Spaces


def narrow(trial):
    return {"n_neighbors": trial.suggest_int("n_neighbors", 1, 2)}


def wide(trial):
    return {"n_neighbors": trial.suggest_int("n_neighbors", 5, 9)}


@pytest.mark.parametrize(
    ("first", "second", "inside"),
    [
        ({"n_neighbors": IntDistribution(1, 2)}, {"n_neighbors": IntDistribution(5, 9)}, range(5, 10)),
        ({"n_neighbors": CategoricalDistribution([1, 2])}, {"n_neighbors": CategoricalDistribution([7, 9])}, (7, 9)),
        (narrow, wide, range(5, 10)),
        ({"n_neighbors": IntDistribution(1, 2)}, wide, range(5, 10)),
    ],
)
def test_trials_of_another_space_neither_count_nor_win(tmp_path, first, second, inside):
    search_of(first, storage=tmp_path / "j", n_trials=3).fit(X, y)
    search = search_of(second, storage=tmp_path / "j", n_trials=2).fit(X, y)
    assert len(search.trials_) == 2
    assert all(params["n_neighbors"] in inside for params in search.cv_results_["params"])
    assert search.best_params_["n_neighbors"] in inside


def test_trials_added_by_the_user_neither_count_nor_win(tmp_path):
    journal = str(tmp_path / "j")
    other = search_of({"n_neighbors": IntDistribution(7, 9)}, storage=journal, n_trials=3).fit(X, y)
    search = search_of(storage=journal, n_trials=1).fit(X, y)
    study = search.study_
    study.add_trials(other.trials_)  # with everything that a search stores in a trial
    study.add_trial(optuna.create_trial(params={"n_neighbors": 3}, distributions=SPACE, value=1.0))
    again = search_of(storage=journal, n_trials=3).fit(X, y)
    assert len(again.trials_) == 3
    assert again.best_score_ < 1
    assert all(params["n_neighbors"] <= 5 for params in again.cv_results_["params"])
    assert len(counted_trials(study)) == 3
    assert len(study.trials) == 7


@pytest.mark.parametrize("space", [SPACE, lambda trial: {"n_neighbors": trial.suggest_int("n_neighbors", 1, 5)}])
def test_an_enqueued_candidate_is_tried_if_it_lies_in_the_space(tmp_path, space):
    study = search_of(space, storage=str(tmp_path / "j"), n_trials=1).fit(X, y).study_
    study.enqueue_trial({"n_neighbors": 4})
    study.enqueue_trial({"n_neighbors": 15})
    with pytest.warns(UserWarning, match=r"^Trial 2 has n_neighbors = 15, which is not in IntDistribution.* not count"):
        search = search_of(space, storage=str(tmp_path / "j"), n_trials=3).fit(X, y)
    assert [trial.number for trial in search.trials_] == [0, 1, 3]
    assert search.trials_[1].params == {"n_neighbors": 4}
    assert all(params["n_neighbors"] <= 5 for params in search.cv_results_["params"])


def test_an_enqueued_unknown_choice_does_not_end_the_search(tmp_path):
    space = {"weights": CategoricalDistribution(["uniform", "distance"])}
    study = search_of(space, storage=str(tmp_path / "j"), n_trials=1).fit(X, y).study_
    study.enqueue_trial({"weights": "heavy"})
    with pytest.warns(UserWarning, match="weights = 'heavy', which is not in CategoricalDistribution"):
        search = search_of(space, storage=str(tmp_path / "j"), n_trials=2).fit(X, y)
    assert search.cv_results_["state"].tolist() == ["complete", "complete"]


def test_a_changed_space_under_a_given_name_ignores_candidates_outside(tmp_path):
    settings = {"storage": str(tmp_path / "j"), "study_name": "mine"}
    first = search_of(_Vouched(1, 2), **settings, n_trials=3).fit(X, y)
    second = search_of(_Vouched(2, 9), **settings, n_trials=3).fit(X, y)
    assert first.study_name_ == second.study_name_
    assert len(second.trials_) == 3
    assert all(params["n_neighbors"] >= 2 for params in second.cv_results_["params"])


class _Vouched:
    """A space without a description."""

    def __init__(self, low, high):
        self.bounds = low, high

    def __call__(self, trial):
        return {"n_neighbors": trial.suggest_int("n_neighbors", *self.bounds)}

    def __reduce_ex__(self, protocol):
        raise TypeError("no state")


def test_every_trial_of_a_search_says_who_began_it(tmp_path):
    search = search_of(storage=str(tmp_path / "j")).fit(X, y)
    assert [trial.user_attrs[STUDY] for trial in search.study_.trials] == [search.study_name_] * 2
    assert [trial.state for trial in search.study_.trials] == [TrialState.COMPLETE] * 2
