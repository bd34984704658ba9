"""Scikit-learn's callbacks on a search: they see its tasks, and propagated ones also see the fits inside."""

import warnings

import numpy as np
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.pruners import NopPruner
from optuna.samplers import RandomSampler
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from skrnn import GRUClassifier
from skrnn._sklearn import begin_task
from skrnn.model_selection import FitEvent, OptunaSearchCV, compare_architectures
from skrnn.model_selection._optuna import fail_trial
from skrnn.model_selection.callback_tasks import CallbackTask
from skrnn.model_selection.studies import LOST

pytest.importorskip("sklearn.callback")
from sklearn.callback.tests._utils import (
    MaxIterEstimator,
    NoCallbackEstimator,
    RecordingAutoPropagatedCallback,
    RecordingCallback,
)

X = np.arange(40.0).reshape(20, 2)
y = np.array([0, 1] * 10)
ITERATIONS = {"max_iter": IntDistribution(1, 3)}
WITHOUT_TRIALS = {"setup": 1, "on_fit_task_begin": 2, "on_fit_task_end": 2, "teardown": 1}  # fit, search


def counts(callback):
    return {hook: callback.count_hooks(hook) for hook in WITHOUT_TRIALS}


def expected(n_tasks):
    return {hook: n + (n_tasks if "task" in hook else 0) for hook, n in WITHOUT_TRIALS.items()}


def search_of(estimator, scoring="r2", **parameters):
    settings = {"n_trials": 3, "cv": 2, "random_state": 0, "scoring": scoring} | parameters
    return OptunaSearchCV(estimator, parameters.pop("param_distributions", ITERATIONS), **settings)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("refit", [True, False])
def test_each_trial_and_each_of_its_fits_is_a_task(refit, n_jobs, own_workers):
    callbacks = [RecordingCallback(), RecordingAutoPropagatedCallback()]
    search = search_of(MaxIterEstimator(), refit=refit, n_jobs=n_jobs).set_callbacks(*callbacks).fit(X, y)
    own = 3 * (1 + 2) + refit
    assert counts(callbacks[0]) == expected(own)
    inside = sum(2 * params["max_iter"] for params in search.cv_results_["params"])
    inside += search.best_estimator_.n_iter_ if refit else 0
    assert counts(callbacks[1]) == expected(own + inside)
    if n_jobs is None:
        assert all(entry["estimator"] is search for entry in callbacks[0].record)


def test_an_estimator_without_callbacks_gives_a_warning_as_in_a_grid_search():
    def warned(search):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            search.set_callbacks(RecordingAutoPropagatedCallback()).fit(X, y)
        return {str(warning.message).replace(type(search).__name__, "") for warning in caught}

    grid = GridSearchCV(NoCallbackEstimator(), {"max_iter": [1]}, cv=2, scoring="r2")
    assert warned(search_of(NoCallbackEstimator(), n_trials=1)) == warned(grid) != set()


def test_callbacks_get_the_weights():
    callback = RecordingCallback()
    weights = np.arange(20)
    search = search_of(MaxIterEstimator(), "accuracy", error_score=0, refit=True, n_trials=1)
    search.scoring = lambda estimator, X, y, sample_weight=None: 1.0
    search.set_callbacks(callback).fit(X, y, sample_weight=weights)
    by_task = {}
    for entry in callback.record:
        if entry["name"] == "on_fit_task_begin":
            by_task.setdefault(entry["context"].task_name, []).append(entry["kwargs"]["metadata"]["sample_weight"])
    np.testing.assert_array_equal(by_task["refit-with-best-params"], [weights])
    assert [len(part) for part in by_task["candidate-split-evaluation"]] == [10, 10]


def test_tasks_of_failed_fits_end_too():
    class MayFail(ClassifierMixin, BaseEstimator):
        def __init__(self, max_iter=1):
            self.max_iter = max_iter

        def fit(self, X, y):
            self.classes_ = np.unique(y)
            if self.max_iter == 1:
                raise RuntimeError("as asked")
            return self

        def predict(self, X):
            return np.zeros(len(X), dtype=int)

    callback = RecordingCallback()
    with pytest.warns(FitFailedWarning, match="2 of 3 trials failed"):
        search_of(MayFail(), "accuracy", refit=False, error_score=0.0).set_callbacks(callback).fit(X, y)
    hooks = counts(callback)
    assert hooks["on_fit_task_begin"] == hooks["on_fit_task_end"] == 2 + 3 + 2 + 1 + 1  # a failed fit ends its trial


def test_a_trials_task_begins_before_it_and_ends_after_it(images):
    events = []

    class Listener:
        def setup(self, estimator, context):
            pass

        teardown = setup

        def on_fit_task_begin(self, estimator, context):
            if context.task_name == "trial":
                events.append("begins")

        def on_fit_task_end(self, estimator, context):
            if context.task_name == "trial":
                events.append("ends")

    class Sampler(RandomSampler):
        def before_trial(self, study, trial):
            events.append("asked")

        def after_trial(self, study, trial, state, values):
            events.append("finished")

    def scorer(estimator, X, y):
        events.append("scored")
        return estimator.score(X, y)

    space = {"learning_rate": FloatDistribution(0.01, 0.1)}
    network = GRUClassifier(4, epochs=1, random_state=0)
    search = OptunaSearchCV(network, space, n_trials=2, cv=2, sampler=Sampler(), scoring=scorer, refit=False)
    search.set_callbacks(Listener()).fit(*images)
    assert events == ["begins", "asked", "scored", "scored", "finished", "ends"] * 2


def test_networks_in_lock_step_report_their_epochs(images):
    callback = RecordingAutoPropagatedCallback()
    space = {"learning_rate": FloatDistribution(0.01, 0.1)}
    search = OptunaSearchCV(GRUClassifier(4, epochs=3, random_state=0), space, n_trials=1, cv=2, refit=False)
    search.set_callbacks(callback).fit(*images)
    ended = [entry for entry in callback.record if entry["name"] == "on_fit_task_end"]
    epochs = [entry for entry in ended if entry["context"].task_name == "epoch"]
    assert len(epochs) == 2 * 3
    path = []
    context = epochs[0]["context"]
    while context is not None:
        path.append(context.source_task_name or context.task_name)
        context = context.parent
    assert path == ["epoch", "candidate-split-evaluation", "trial", "search", "fit"]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_comparison_reports_the_trials_of_its_searches(images, n_jobs):
    events: list[FitEvent] = []
    space = {"learning_rate": FloatDistribution(0.01, 0.1)}
    search = OptunaSearchCV(GRUClassifier(2, epochs=1), space, n_trials=3, cv=2, n_jobs=n_jobs)
    compare_architectures({"GRU": search}, *images, cv=2, random_state=0, progress=events.append)
    trials = [(event.split, event.trial, event.n_trials) for event in events if event.kind == "trial"]
    assert sorted(trials) == [(split, trial, 3) for split in (0, 1) for trial in (1, 2, 3)]


class _LoseFirst(NopPruner):
    """Does what another worker does that gives up trials of this one."""

    def __init__(self, n_lost):
        self.n_left = n_lost

    def prune(self, study, trial):
        if self.n_left and trial.last_step == 1:
            self.n_left -= 1
            fail_trial(study, trial, LOST, "given up")
        return False


@pytest.mark.parametrize("n_trials", [1, 2])
def test_lost_trials_do_not_end_a_search_with_callbacks(n_trials):
    callback = RecordingCallback()
    network = GRUClassifier(2, epochs=2, random_state=0)
    space = {"learning_rate": FloatDistribution(0.001, 0.1)}
    search = OptunaSearchCV(network, space, n_trials=n_trials, cv=2, pruner=_LoseFirst(4), random_state=0)
    search.set_callbacks(callback).fit(X[:, :, None], y)
    assert len(search.trials_) == n_trials
    assert [trial.number for trial in search.trials_][-1] == n_trials + 3


def test_a_task_has_no_more_parts_than_scikit_learn_allows():
    """A part too many is an error of scikit-learn, which would end the search; callbacks do not see it."""
    callback = RecordingCallback()
    search = search_of(MaxIterEstimator()).set_callbacks(callback)
    whole = CallbackTask(begin_task(search, 1), search, n_parts=1)
    with whole.running():
        part = whole.part("search", n_parts=2)
        for _ in range(3):
            with part.part("trial", n_parts=1).running():
                pass
        replacing = whole.part("search", n_parts=2)
        with replacing.running(), replacing.part("trial").running():
            pass
    assert callback.count_hooks("on_fit_task_end") == 3
