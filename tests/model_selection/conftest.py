"""Small searches, and data for them."""

import pytest
from joblib.externals.loky import get_reusable_executor
from optuna.distributions import FloatDistribution
from optuna.pruners import BasePruner, NopPruner

from skrnn import SimpleRNNClassifier
from skrnn.datasets import load_digits
from skrnn.model_selection import OptunaSearchCV


@pytest.fixture(scope="session")
def images():
    """120 images of three digits."""
    X, y = load_digits(return_X_y=True)
    return X[y < 3][:120], y[y < 3][:120]


@pytest.fixture(scope="session")
def search_of():
    """Makes a search of three trials, by default over the learning rate of a small network."""

    def make(estimator=None, space=None, **parameters):
        estimator = SimpleRNNClassifier(4, epochs=3, random_state=0) if estimator is None else estimator
        space = {"learning_rate": FloatDistribution(1e-3, 0.1, log=True)} if space is None else space
        settings = {"n_trials": 3, "cv": 2, "random_state": 0, "pruner": NopPruner()} | parameters
        return OptunaSearchCV(estimator, space, **settings)

    return make


@pytest.fixture(scope="session")
def grid_of():
    """Makes a search that walks through lists of values: trial 0 gets the first of each."""

    def make(estimator, values, **parameters):
        def space(trial):
            return {name: options[trial.number] for name, options in values.items()}

        n_trials = len(next(iter(values.values()))) if values else 1
        return OptunaSearchCV(estimator, space, n_trials=n_trials, random_state=0, **parameters)

    return make


class _PruneAt(BasePruner):
    def __init__(self, epoch):
        self.epoch = epoch

    def prune(self, study, trial):
        return trial.number > 0 and trial.last_step >= self.epoch


@pytest.fixture(scope="session")
def prune_at():
    """Creates a pruner that prunes every trial but the first after a number of epochs."""
    return _PruneAt


@pytest.fixture
def own_workers():
    """Worker processes that end with the test.

    If a later test's estimators load TensorFlow in them, they grow so much that loky replaces them, and warns of it
    in a thread. Warnings are errors, so this ends the thread, and the test waits for ever.
    """
    yield
    get_reusable_executor().shutdown(wait=True)
