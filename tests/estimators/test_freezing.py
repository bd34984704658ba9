"""`skrnn.freeze`: whatever holds recurrent classifiers predicts the same, with no TensorFlow in the process."""

import subprocess
import sys

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, HalvingGridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import skrnn
from skrnn import GRUClassifier, LSTMClassifier
from skrnn.estimators import FrozenClassifier
from skrnn.model_selection import OptunaSearchCV
from skrnn.preprocessing import SequenceScaler, TimeDistributed

RNG = np.random.default_rng(0)
SEQUENCES = RNG.normal(size=(24, 5, 2)).astype(np.float32)
TABLE = RNG.normal(size=(24, 6)).astype(np.float32)
THREE = np.array(["no", "perhaps", "yes"])[np.arange(24) % 3]
TWO = np.arange(24) % 2
GRID = {"learning_rate": [0.1]}


def gru(**parameters):
    return GRUClassifier(3, epochs=1, random_state=0, **parameters)


def columns():
    scaled = make_pipeline(StandardScaler(), "passthrough")
    return ColumnTransformer([("scaled", scaled, [0, 1, 2]), ("as it is", "passthrough", [3, 4, 5])])


CASES = {
    "classifier": (gru(), SEQUENCES, THREE),
    "pipeline in a pipeline": (
        make_pipeline(
            "passthrough",
            make_pipeline(SequenceScaler(), FunctionTransformer(np.negative)),
            make_pipeline(TimeDistributed(StandardScaler()), gru()),
        ),
        SEQUENCES,
        THREE,
    ),
    "columns": (
        make_pipeline(FeatureUnion([("one", columns()), ("two", StandardScaler())]), gru()),
        TABLE,
        THREE,
    ),
    "grid search": (
        GridSearchCV(make_pipeline(SequenceScaler(), gru()), {"gruclassifier__learning_rate": [0.1]}, cv=2),
        SEQUENCES,
        TWO,
    ),
    "halving search": (HalvingGridSearchCV(gru(), GRID, cv=2, random_state=0), SEQUENCES, TWO),
    "optuna search": (OptunaSearchCV(gru(), n_trials=1, cv=2, random_state=0), SEQUENCES, TWO),
    "search in a pipeline": (make_pipeline(SequenceScaler(), GridSearchCV(gru(), GRID, cv=2)), SEQUENCES, TWO),
    "calibrated": (CalibratedClassifierCV(gru(), cv=2), TABLE, TWO),
    "voting": (VotingClassifier([("gru", gru()), ("line", LogisticRegression())], voting="soft"), TABLE, THREE),
    "stacking": (StackingClassifier([("gru", gru()), ("line", LogisticRegression())], cv=2), TABLE, THREE),
    "stacked on": (StackingClassifier([("line", LogisticRegression())], gru(), cv=2), TABLE, THREE),
    "one against the rest": (OneVsRestClassifier(gru()), TABLE, THREE),
    "several outputs": (MultiOutputClassifier(gru()), TABLE, np.stack([TWO, THREE == "yes"], axis=1)),
    "bagging": (BaggingClassifier(gru(), 2, random_state=0), TABLE, THREE),
    "threshold": (FixedThresholdClassifier(gru(), threshold=0.3), TABLE, TWO),
}

PREDICT_ELSEWHERE = """
import sys, joblib
frozen, inputs = joblib.load(sys.argv[1])
found = {name: estimator.predict_proba(inputs[name]) for name, estimator in frozen.items()}
assert not {"tensorflow", "keras", "scikeras"} & sys.modules.keys()
joblib.dump(found, sys.argv[2])
"""


@pytest.fixture(scope="module")
def fitted():
    estimators = {name: estimator.fit(X, y) for name, (estimator, X, y) in CASES.items()}
    inner = FrozenEstimator(gru().fit(TABLE, TWO))
    estimators["frozen by scikit-learn"] = CalibratedClassifierCV(inner, cv=2).fit(TABLE, TWO)
    return estimators, {name: X for name, (_, X, _) in CASES.items()} | {"frozen by scikit-learn": TABLE}


def test_predicts_the_same_in_a_process_without_tensorflow(fitted, tmp_path):
    estimators, inputs = fitted
    expected = {name: estimator.predict_proba(inputs[name]) for name, estimator in estimators.items()}
    frozen = {name: skrnn.freeze(estimator) for name, estimator in estimators.items()}
    joblib.dump((frozen, inputs), tmp_path / "frozen.joblib")
    command = [sys.executable, "-c", PREDICT_ELSEWHERE, tmp_path / "frozen.joblib", tmp_path / "found.joblib"]
    subprocess.run(command, check=True, cwd=tmp_path)
    for name, found in joblib.load(tmp_path / "found.joblib").items():
        assert_array_equal(found, expected[name], err_msg=name)


def test_the_given_estimator_stays_as_it_is(fitted):
    pipeline = fitted[0]["pipeline in a pipeline"]
    frozen = skrnn.freeze(pipeline)
    assert isinstance(pipeline[-1][-1], GRUClassifier)
    assert isinstance(frozen[-1][-1], FrozenClassifier)
    expected = frozen.predict_proba(SEQUENCES)
    pipeline[-1][0].transformer_.mean_[:] = 9
    assert_array_equal(frozen.predict_proba(SEQUENCES), expected)


def test_a_search_becomes_its_best_estimator(fitted):
    search = fitted[0]["grid search"]
    frozen = skrnn.freeze(search)
    assert [type(step).__name__ for step in frozen] == ["SequenceScaler", "FrozenClassifier"]
    assert isinstance(search.best_estimator_[-1], GRUClassifier)


def test_freezing_twice_changes_nothing(fitted):
    estimators, inputs = fitted
    once = skrnn.freeze(estimators["voting"])
    twice = skrnn.freeze(once)
    assert_array_equal(twice.predict_proba(inputs["voting"]), once.predict_proba(inputs["voting"]))


def test_what_cannot_be_frozen():
    for unfitted in (
        LSTMClassifier(),
        make_pipeline(SequenceScaler(), gru()),
        VotingClassifier([("a", gru())]),
        FrozenClassifier(),
    ):
        with pytest.raises(NotFittedError):
            skrnn.freeze(unfitted)
    with pytest.raises(TypeError, match="LogisticRegression contains no fitted classifier of skrnn, so there is"):
        skrnn.freeze(LogisticRegression().fit(TABLE, TWO))
    search = GridSearchCV(gru(), {"units": [2]}, cv=2, refit=False).fit(SEQUENCES, TWO)
    with pytest.raises(TypeError, match=r"GridSearchCV contains no fitted .* A search needs refit=True\."):
        skrnn.freeze(search)
    with pytest.raises(TypeError, match="not an estimator instance"):
        skrnn.freeze("model")
