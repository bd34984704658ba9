"""The whole way on the real MNIST and IMDB, where they are at hand."""

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_validate, train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier, LSTMClassifier, SimpleRNNClassifier
from skrnn.datasets import fetch_imdb, fetch_mnist
from skrnn.preprocessing import ImageToSequence, TextToSequence


def subset_of(fetch, name, n):
    """Return n rows of a training half, stratified."""
    home = os.environ.get("SKRNN_DATA_HOME")
    if not home or not (Path(home) / name).is_dir():
        pytest.skip(f"needs {name} in the data home that SKRNN_DATA_HOME names")
    X, y = fetch(return_X_y=True, download_if_missing=False)
    X, _, y, _ = train_test_split(X, y, train_size=n, stratify=y, random_state=0)
    return X, y


@pytest.fixture(scope="module")
def mnist():
    return subset_of(fetch_mnist, "mnist", 2000)


@pytest.fixture(scope="module")
def imdb():
    return subset_of(fetch_imdb, "imdb", 1000)


def test_mnist_is_learned_through_a_pipeline(mnist):
    pipeline = make_pipeline(ImageToSequence(), GRUClassifier(epochs=4, learning_rate=0.01, random_state=0))
    scores = cross_validate(pipeline, *mnist, cv=2, return_train_score=True, error_score="raise")
    assert scores["test_score"].mean() > 0.7


def test_imdb_is_learned_through_a_pipeline(imdb):
    X, y = imdb
    classifier = LSTMClassifier(32, embedding_dim=32, pooling="max", epochs=8, learning_rate=0.01, random_state=0)
    pipeline = make_pipeline(TextToSequence(max_length=50), classifier).fit(X[:700], y[:700])
    assert pipeline.score(X[700:], y[700:]) > 0.6
    assert np.isfinite(pipeline.predict_proba(["", "not a single good moment", "zzzz"])).all()


def test_table_of_the_book_is_one_grid_search(mnist):
    """Atienza, Advanced Deep Learning with Keras, Table 1.5.1: optimizer and units of a SimpleRNN with dropout."""
    grid = GridSearchCV(
        make_pipeline(ImageToSequence(), SimpleRNNClassifier(dropout=0.2, batch_size=128, epochs=2, random_state=0)),
        {"simplernnclassifier__optimizer": ["sgd", "rmsprop", "adam"], "simplernnclassifier__units": [256]},
        cv=2,
        error_score="raise",
    ).fit(*mnist)
    assert grid.best_estimator_[-1].n_parameters_ == 75_530
    assert grid.best_score_ > 0.6
