"""Frozen classifiers: the same predictions, with no TensorFlow in the process."""

import pickle
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier
from skrnn.estimators import FrozenClassifier
from skrnn.preprocessing import SequencePadder

RNG = np.random.default_rng(0)
Y = np.array(["no", "yes", "perhaps"])[np.arange(30) % 3]
NUMBERS = RNG.normal(size=(30, 6, 2)).astype(np.float32)
RAGGED = [row[: 2 + n % 5] for n, row in enumerate(NUMBERS)]
IDS = RNG.integers(0, 9, (30, 6))

CASES = {
    "numbers": (LSTMClassifier(4, batch_normalization=True, dropout=0.2), NUMBERS),
    "unequal lengths": (GRUClassifier((4, 3), bidirectional=True, pooling="mean"), RAGGED),
    "ids": (SimpleRNNClassifier(4, embedding_dim=3, dense_units=3), IDS),
    "rare activations": (
        RecurrentClassifier(cell="gru", activation="mish", recurrent_activation="hard_sigmoid"),
        NUMBERS,
    ),
    "named columns": (GRUClassifier(4), pd.DataFrame(NUMBERS[:, :, 0], columns=list("abcdef"))),
}

PREDICT_ELSEWHERE = """
import sys, joblib, numpy as np
frozen, X = joblib.load(sys.argv[1])
probabilities = frozen.predict_proba(X)
staged = list(frozen.staged_predict_proba(X))
assert not {"tensorflow", "keras", "scikeras"} & sys.modules.keys()
np.savez(sys.argv[2], probabilities=probabilities, last=staged[-1], labels=frozen.predict(X).astype(str))
"""


@pytest.fixture(params=CASES, scope="module")
def fitted(request):
    classifier, X = CASES[request.param]
    return clone(classifier).set_params(epochs=2, random_state=0).fit(X, Y), X


def test_predicts_the_same_in_a_process_without_tensorflow(fitted, tmp_path):
    classifier, X = fitted
    joblib.dump((classifier.freeze(), X), tmp_path / "frozen.joblib")
    command = [sys.executable, "-c", PREDICT_ELSEWHERE, tmp_path / "frozen.joblib", tmp_path / "found.npz"]
    subprocess.run(command, check=True)
    found = np.load(tmp_path / "found.npz")
    assert_array_equal(found["probabilities"], classifier.predict_proba(X))
    assert_allclose(found["last"], classifier.predict_proba(X), rtol=1e-6)
    assert_array_equal(found["labels"], classifier.predict(X))


def test_is_a_classifier_of_scikit_learn(fitted):
    classifier, X = fitted
    frozen = classifier.freeze()
    assert is_classifier(frozen)
    assert clone(frozen) is frozen
    assert frozen.fit(X, Y) is frozen
    assert frozen.score(X, Y) == classifier.score(X, Y)
    assert frozen.n_parameters_ == classifier.n_parameters_
    assert_array_equal(frozen.decision_function(X), classifier.decision_function(X))
    assert_array_equal(pickle.loads(pickle.dumps(frozen)).predict_log_proba(X), classifier.predict_log_proba(X))


def test_stays_as_it_is_when_the_classifier_goes_on():
    classifier = GRUClassifier(4, epochs=2, random_state=0).fit(NUMBERS, Y)
    frozen, expected = classifier.freeze(), classifier.predict_proba(NUMBERS)
    classifier.partial_fit(NUMBERS, Y)
    assert_array_equal(frozen.predict_proba(NUMBERS), expected)


def test_checks_its_input_as_the_classifier_does():
    frozen = GRUClassifier(4, epochs=1).fit(NUMBERS, Y).freeze()
    with pytest.raises(ValueError, match="X has 1 features, but FrozenClassifier is expecting 2 features"):
        frozen.predict(NUMBERS[:, :, :1])
    with pytest.raises(NotFittedError):
        FrozenClassifier().predict(NUMBERS)
    with pytest.raises(NotFittedError):
        GRUClassifier().freeze()


def test_stands_in_pipelines_and_ensembles():
    frozen = GRUClassifier(4, epochs=1, random_state=0).fit(RAGGED, Y).freeze()
    pipeline = make_pipeline(SequencePadder(), frozen).fit(RAGGED, Y)
    assert_array_equal(pipeline.predict(RAGGED), frozen.predict(RAGGED))
    vote = VotingClassifier([("one", frozen), ("two", frozen)], voting="soft").fit(NUMBERS, Y)
    assert_allclose(vote.predict_proba(NUMBERS), frozen.predict_proba(NUMBERS), rtol=1e-6)
