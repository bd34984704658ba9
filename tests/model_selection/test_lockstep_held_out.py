"""Folds in lock-step hold out the same rows as `fit`, and train for as many epochs on as many rows."""

import numpy as np
import pytest
from sklearn.metrics import get_scorer
from sklearn.model_selection import StratifiedKFold, cross_validate

from skrnn import GRUClassifier, SimpleRNNClassifier
from skrnn.estimators import parameters
from skrnn.model_selection.lockstep import Task, evaluate

X = np.random.default_rng(0).normal(size=(48, 4, 2))
Y = np.arange(48) % 6
HALF = (np.arange(48) // 6 % 2).astype(float)

CASES = {
    "a tenth is fewer than the classes": (SimpleRNNClassifier(3, epochs=6, early_stopping=True, patience=1), None),
    "rows of weight zero, and epochs by the rows": (
        GRUClassifier(3, batch_size=1, validation_fraction=0.5, random_state=0), HALF,
    ),
    "classes of weight zero": (GRUClassifier(3, batch_size=1, class_weight=dict.fromkeys(range(2, 6), 0)), None),
    "balanced": (SimpleRNNClassifier(3, epochs=4, early_stopping=True, class_weight="balanced"), HALF + 1),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_lock_step_is_a_whole_fit(case, monkeypatch):
    monkeypatch.setattr(
        parameters, "_EPOCHS", (1, 30, 30)
    )  # epochs="auto" between bounds that so few rows do not reach
    monkeypatch.setattr(parameters, "_UPDATES", 60)
    estimator, weights = CASES[case]
    estimator.set_params(random_state=0)
    fit_params = {} if weights is None else {"sample_weight": weights}
    splits = list(StratifiedKFold(2).split(X, Y))
    scorer = get_scorer("neg_log_loss")
    outcome = evaluate(
        estimator,
        Task(X, Y, Y, splits, scorer, "score", fit_params, {}, scores_last_step=True),
        epochs_are_searched=True,
        go_on=lambda epoch, mean: True,
    )
    whole = cross_validate(
        estimator, X, Y, cv=splits, scoring=scorer, params=fit_params, return_estimator=True, error_score="raise"
    )
    assert outcome.scores["score"] == whole["test_score"].tolist()
    assert outcome.n_epochs == max(fitted.n_iter_ for fitted in whole["estimator"])
