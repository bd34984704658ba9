"""Pruning by epochs over all folds, and what goes wrong in silence elsewhere."""

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState
from sklearn.base import clone
from sklearn.model_selection import (
    ShuffleSplit,
    cross_val_score,
)

from skrnn import SimpleRNNClassifier
from skrnn.model_selection.pruners import RungPruner


def test_every_epoch_is_reported_once_with_the_mean_over_the_folds(images, search_of):
    """Keras' pruning callback reports to a copy of the study, and folds one after the other repeat the epochs."""
    X, y = images
    search = search_of(n_trials=2).fit(X, y)
    for trial in search.study_.trials:
        assert list(trial.intermediate_values) == [1, 2, 3]
        for epoch, value in trial.intermediate_values.items():
            estimator = clone(search.estimator).set_params(**trial.params, epochs=epoch)
            assert value == cross_val_score(estimator, X, y, cv=2).mean()


def test_a_pruned_trial_is_neither_nan_nor_a_failure(images, search_of, prune_at):
    """`TrialPruned` is an exception, which `error_score` turns into NaN where it passes through scikit-learn."""
    search = search_of(pruner=prune_at(2), error_score=np.nan).fit(*images)
    trials = search.study_.trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.PRUNED]
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert [len(trial.intermediate_values) for trial in trials] == [3, 2, 2]


def test_the_default_pruner_gives_hopeless_candidates_up(images, search_of):
    space = {"learning_rate": CategoricalDistribution([0.03, 1e-6])}
    network = SimpleRNNClassifier(8, epochs=20, random_state=0)
    search = search_of(network, space, n_trials=10, pruner=None).fit(*images)
    rates = search.cv_results_["param_learning_rate"]
    assert search.best_params_["learning_rate"] == 0.03
    pruned = search.cv_results_["state"] == "pruned"
    first_good = list(rates).index(0.03)
    assert pruned[first_good + 1 :][rates[first_good + 1 :] == 1e-6].all()
    assert pruned.any()


def test_folds_are_split_once(images, search_of):
    calls = []

    class Counted(ShuffleSplit):
        def split(self, X, y=None, groups=None):
            calls.append(1)
            return super().split(X, y, groups)

    search = search_of(cv=Counted(2, random_state=None)).fit(*images)
    assert calls == [1]
    assert search.n_splits_ == 2


def test_a_score_to_be_made_small_is_maximised_as_its_negative(images, search_of):
    search = search_of(scoring="neg_log_loss").fit(*images)
    means = search.cv_results_["mean_test_score"]
    assert (means < 0).all()
    assert search.best_score_ == means.max()


# The default pruner


def candidate(study, values):
    """Report values epoch by epoch until the pruner says no; return after how many epochs it did, or None."""
    trial = study.ask()
    for epoch, value in enumerate(values, start=1):
        trial.report(value, epoch)
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return epoch
    study.tell(trial, max(values))
    return None


def test_shares_of_the_candidates_go_on_rounded_up():
    study = optuna.create_study(direction="maximize", pruner=RungPruner({2: 0.5}))
    ended = [candidate(study, [value] * 4) for value in (0.2, 0.1, 0.15, 0.3, 0.14, 0.16)]
    # One of one, one of two, two of three, two of four, three of five, three of six.
    assert ended == [None, 2, None, None, 2, None]


def test_one_epoch_alone_does_not_decide():
    study = optuna.create_study(direction="maximize", pruner=RungPruner({3: 0.5}))
    ended = [candidate(study, values) for values in ([0.5] * 4, [0.5] * 4, [0.7, 0.7, 0.4, 0.7], [0.1, 0.1, 0.6, 0.1])]
    assert ended == [None, None, None, 3]


@pytest.mark.parametrize(
    ("n_epochs", "shares"),
    [(20, {1: 1 / 2, 5: 1 / 4, 10: 1 / 3}), (5, {1: 1 / 2, 2: 1 / 4, 3: 1 / 3}), (1, {1: 1 / 3})],
)
def test_the_default_shares_follow_the_epochs(n_epochs, shares):
    assert RungPruner.for_epochs(n_epochs).shares == shares
