"""Comparisons to report on, of quick classifiers, with names that are not safe in HTML."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from skrnn.model_selection import compare_architectures
from skrnn.report import write_report

BOLD, AMPERSAND, TREE = "<b>linear</b>", 'Bayes & "sons"', "tree"


def models():
    return {BOLD: LogisticRegression(max_iter=500), AMPERSAND: GaussianNB(), TREE: DecisionTreeClassifier()}


@pytest.fixture(scope="session")
def digits():
    X, y = load_digits(n_class=4, return_X_y=True)
    return X[:240] / 16, y[:240]


@pytest.fixture(scope="session")
def comparison(digits):
    """A cross-validation with two metrics, a baseline, and learning curves."""
    scoring = ["accuracy", "neg_log_loss"]
    found = compare_architectures(models(), *digits, cv=3, n_repeats=2, scoring=scoring, random_state=1234)
    curve = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.6], "accuracy": [0.5, 0.8], "val_accuracy": [0.4, 0.7]}
    n_splits = len(found.repeats)
    sizes = np.array([[100.0], [200.0], [np.nan]]).repeat(n_splits, axis=1)
    return replace(
        found,
        baselines=(TREE,),
        n_parameters=sizes,
        curves=((curve,) * n_splits, (curve,) * n_splits, ({},) * n_splits),
    )


@pytest.fixture(scope="session")
def settings():
    return {
        "dataset": "<i>digits</i>",
        "command": "skrnn compare digits --out 'a<b'",
        "seed": 1234,
        "network": {"units": 32},
        "versions": {"python": "3.99.1", "tensorflow": "9.8.7"},
    }


@pytest.fixture(scope="session")
def written(comparison, digits, settings, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert write_report(comparison, path, X=digits[0], settings=settings) == path
    return path


@pytest.fixture(scope="session")
def of_test_set(digits):
    X, y = digits
    return compare_architectures(
        models(), X[:120], y[:120], X_test=X[120:], y_test=y[120:], n_repeats=2, random_state=0
    )


@pytest.fixture(scope="session")
def unfinished(comparison):
    """The same comparison, in which one fit has failed and two are missing."""
    scores = {name: values.copy() for name, values in comparison.metric_scores.items()}
    finished = np.ones_like(comparison.finished)
    finished[1:, -1] = False
    for values in scores.values():
        values[0, 1] = np.nan
        values[~finished] = np.nan
    return replace(comparison, metric_scores=scores, finished=finished)
