"""Where ``OptunaSearchCV`` differs from ``GridSearchCV``, as docs/tuning.md says."""

import warnings

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skrnn.model_selection import OptunaSearchCV

X10 = np.arange(100).reshape(10, 10)
SEPARABLE = make_classification(40, 4, random_state=42)


@pytest.mark.parametrize("values", [1, [], "1,2,3", [0.1, 1.0], np.ones((3, 2))])
def test_a_space_needs_distributions_not_lists(values):
    with pytest.raises(TypeError, match=r"param_distributions\['C'\] must be an Optuna distribution"):
        OptunaSearchCV(SVC(), {"C": values}).fit(*SEPARABLE)


def test_a_trial_whose_mean_is_not_finite_has_failed(grid_of):
    class Scorer:
        def __init__(self):
            self.n = 0

        def __call__(self, estimator, X, y):
            self.n += 1
            return np.nan if self.n % 5 == 0 else 1.0

    search = grid_of(DecisionTreeClassifier(), {"max_depth": [2, 3, 5, 8]}, scoring=Scorer(), cv=3)
    with pytest.warns(FitFailedWarning, match="2 of 4 trials failed.*The mean score over the folds is nan"):
        search.fit(*SEPARABLE)
    means, ranks = search.cv_results_["mean_test_score"], search.cv_results_["rank_test_score"]
    assert np.isnan(means).sum() == 2
    assert set(ranks[np.isnan(means)]) == {ranks.max()}
    assert (ranks[~np.isnan(means)] < ranks.max()).all()


def test_a_trial_ends_at_its_first_failed_fold(grid_of):
    fits = []

    class Second(KNeighborsClassifier):
        def fit(self, X, y):
            fits.append(self.n_neighbors)
            if len(fits) == 2:
                raise ValueError("the second")
            return super().fit(X, y)

    search = grid_of(Second(), {"n_neighbors": [1, 2]}, cv=3, error_score=0.0, refit=False)
    with pytest.warns(FitFailedWarning, match="1 of 2 trials failed"):
        search.fit(*SEPARABLE)
    assert fits == [1, 1, 2, 2, 2]
    assert [search.cv_results_[f"split{split}_test_score"][0] for split in range(3)] == [0.0] * 3


def test_run_search_is_not_called():
    class Own(OptunaSearchCV):
        def _run_search(self, evaluate_candidates):
            raise AssertionError

    Own(LogisticRegression(), {"C": FloatDistribution(0.1, 1)}, n_trials=1).fit(*SEPARABLE)
    for name in ("return_train_score", "pre_dispatch"):
        with pytest.raises(TypeError, match=name):
            OptunaSearchCV(LogisticRegression(), **{name: 1})


def test_verbose_shows_the_trials(capsys):
    space = {"C": CategoricalDistribution([0.1])}
    OptunaSearchCV(LogisticRegression(), space, n_trials=2, verbose=3).fit(*SEPARABLE)
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = captured.err.splitlines()
    assert first.startswith("[1/2] trial 0: score 0.")
    assert first.endswith("the best so far")
    assert second.startswith("[2/2] trial 1: score 0.")


def test_an_unfitted_search_says_so():
    with warnings.catch_warnings(), pytest.raises(NotFittedError):
        OptunaSearchCV(LogisticRegression(), {"C": FloatDistribution(0.1, 1)}).predict(X10)
