"""Folds, grids and trials on a Dask cluster: two worker processes, through joblib's backend."""

import os
import pickle

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier
from skrnn.datasets import load_digits
from skrnn.preprocessing import ImageToSequence

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client():
    """A cluster of two processes with one thread each."""
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def images():
    X, y = load_digits(return_X_y=True)
    return X[:200], y[:200]


def pipeline(**parameters):
    return make_pipeline(ImageToSequence(), GRUClassifier(8, epochs=2, random_state=0, **parameters))


def threads_of_worker():
    import skrnn  # noqa: F401  (the settings are made at its import)

    return {name: os.environ.get(name) for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")}


@pytest.mark.long
def test_a_worker_takes_its_share_of_the_cores(client):
    expected = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    assert list(client.run(threads_of_worker).values()) == [expected, expected]


def test_folds_on_a_cluster_score_as_they_do_here(client, images):
    with parallel_config("dask"):
        there = cross_val_score(pipeline(), *images, cv=4, scoring="neg_log_loss", error_score="raise")
    here = cross_val_score(pipeline(), *images, cv=4, scoring="neg_log_loss", error_score="raise")
    np.testing.assert_allclose(there, here, rtol=1e-4)  # another number of threads rounds otherwise


def test_a_grid_search_on_a_cluster(client, images):
    """What comes back is a fitted pipeline of plain data, which was pickled on the way."""
    grid = GridSearchCV(pipeline(), {"gruclassifier__learning_rate": [0.001, 0.03]}, cv=2, error_score="raise")
    with parallel_config("dask"):
        grid.fit(*images)
    assert grid.best_params_ == {"gruclassifier__learning_rate": 0.03}
    fitted = client.submit(pipeline().fit, *images).result()
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(images[0]), fitted.predict_proba(images[0]))


def test_trials_on_a_cluster(client, images, tmp_path):
    from optuna.distributions import FloatDistribution

    from skrnn.model_selection import OptunaSearchCV

    space = {"gruclassifier__learning_rate": FloatDistribution(1e-3, 0.1, log=True)}
    with parallel_config("dask"):
        search = OptunaSearchCV(pipeline(), space, n_trials=6, cv=2, n_jobs=2, random_state=0).fit(*images)
    assert len(search.trials_) == 6
    workers = {trial.user_attrs["skrnn:worker"]["pid"] for trial in search.trials_}
    assert workers <= set(client.run(os.getpid).values())
    assert len({trial.params["gruclassifier__learning_rate"] for trial in search.trials_}) == 6
