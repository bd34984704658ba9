"""What the tests of the displays share."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.naive_bayes import GaussianNB


@pytest.fixture(autouse=True)
def _no_figure_is_left_open():
    plt.close("all")  # those of tests elsewhere
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


@pytest.fixture(scope="session")
def comparison(digits):
    """Two classifiers and a dummy, cross-validated on the digits, with the attributes that displays read."""
    X, y = digits
    models = {"logistic": LogisticRegression(max_iter=500), "Bayes": GaussianNB(), "dummy": DummyClassifier()}
    splits = list(RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0).split(X, y))
    predicted, probabilities = [], []
    for model in models.values():
        fitted = [_predict(model, X, y, train, test) for train, test in splits]
        predicted.append(tuple(labels for labels, _ in fitted))
        probabilities.append(tuple(chances for _, chances in fitted))
    truth = [y[test] for _, test in splits]
    scores = np.array([[np.mean(a == b) for a, b in zip(row, truth, strict=True)] for row in predicted])
    mean, scale = scores.mean(axis=1), scores.std(axis=1, ddof=1) * np.sqrt(1 / 6 + 1 / 2)
    half = stats.t.ppf(0.975, 5) * scale
    summary = {
        "mean": mean, "low": mean - half, "high": mean + half, "n_parameters": [650.0, np.nan, np.nan],
        "fit_seconds": [0.05, 0.002, 0.001], "latency_seconds": [0.001, 0.002, 0.0015],
    }  # fmt: skip
    return SimpleNamespace(
        architectures=tuple(models), baselines=("dummy",), scoring="accuracy", scores=scores, rope=0.01,
        classes=np.arange(10), y_true=y, test_rows=tuple(test for _, test in splits), predicted=tuple(predicted),
        probabilities=tuple(probabilities), fixed_test=False,
        summary=lambda: pd.DataFrame(summary, index=pd.Index(models, name="architecture")),
    )  # fmt: skip


def _predict(model, X, y, train, test):
    model.fit(X[train], y[train])
    return model.predict(X[test]), model.predict_proba(X[test]).astype(np.float32)
