"""One-hot labels in searches and comparisons: split and scored as ordinary labels."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import GRUClassifier, SimpleRNNClassifier
from skrnn.model_selection import OptunaSearchCV, compare_architectures
from skrnn.preprocessing import ImageToSequence

KINDS = {
    "array": lambda y: np.eye(3)[y],
    "integers": lambda y: np.eye(3, dtype=int)[y],
    "frame": lambda y: pd.DataFrame(np.eye(3)[y], columns=["a", "b", "c"]),
    "list": lambda y: np.eye(3)[y].tolist(),
}


@pytest.fixture(scope="module")
def sorted_images(images):
    X, y = images
    order = np.argsort(y, kind="stable")  # with sorted labels, unstratified folds lack a class
    return X[order], y[order]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scoring", [None, "accuracy", "neg_log_loss"])
def test_a_search_scores_one_hot_rows_as_labels(sorted_images, search_of, kind, scoring):
    X, y = sorted_images
    one_hot = KINDS[kind](y)
    search, expected = (search_of(n_trials=1, scoring=scoring).fit(X, target) for target in (one_hot, y))
    for split in range(2):
        column = f"split{split}_test_score"
        assert search.cv_results_[column] == expected.cv_results_[column]
    np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))
    assert search.score(X, one_hot) == search.score(X, y) == expected.score(X, y)


def test_the_refit_knows_classes_that_no_fold_saw(images, search_of):
    X, y = images
    search = search_of(n_trials=1).fit(X, np.eye(5)[y])
    assert search.classes_.tolist() == [0, 1, 2, 3, 4]


def test_one_hot_rows_of_other_classifiers_are_several_labels(images):
    X, y = images
    flat = X.reshape(len(X), -1)
    search = OptunaSearchCV(KNeighborsClassifier(), lambda trial: {"n_neighbors": 3}, n_trials=1, cv=2)
    assert search.fit(flat, np.eye(3)[y]).predict(flat).shape == (len(y), 3)


def flatten(X):
    return X.reshape(len(X), -1)


@pytest.mark.parametrize("kind", KINDS)
def test_all_estimators_of_a_comparison_get_labels(sorted_images, kind):
    X, y = sorted_images
    estimators = {
        "GRU": GRUClassifier(4, epochs=2),
        "pipeline": make_pipeline(ImageToSequence(), SimpleRNNClassifier(4, epochs=1)),
        "linear": make_pipeline(FunctionTransformer(flatten), LogisticRegression()),
    }
    comparisons = [
        compare_architectures(estimators, X, target, cv=StratifiedKFold(2), random_state=0)
        for target in (KINDS[kind](y), y)
    ]
    np.testing.assert_array_equal(comparisons[0].scores, comparisons[1].scores)
    assert comparisons[0].scores[2].min() > 0.8


def test_a_comparison_of_searches_reads_them_too(images, search_of):
    X, y = images
    comparison = compare_architectures({"search": search_of(n_trials=1)}, X, np.eye(3)[y], cv=2, random_state=0)
    assert comparison.scores.shape == (1, 2)


def test_rows_that_are_not_one_hot_are_rejected_before_anything_is_fitted(images, search_of):
    X, y = images
    rows = np.eye(3)[y]
    rows[4, :] = 1
    with pytest.raises(ValueError, match=r"read as one-hot labels, but row 4 is \[1.0, 1.0, 1.0\]"):
        compare_architectures({"GRU": GRUClassifier()}, X, rows)
    with pytest.raises(ValueError, match="row 4"):
        search_of().fit(X, rows)
