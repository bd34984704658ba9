"""Pipelines of every kind get the same scores in a search as in scikit-learn's own cross-validation."""

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import Pipeline as ResamplingPipeline
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from optuna.distributions import CategoricalDistribution
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import GRUClassifier, SimpleRNNClassifier
from skrnn.model_selection.lockstep import trains_by_epochs
from skrnn.preprocessing import ImageToSequence

RATES = [0.01, 0.05]


def flat(X):
    return X.reshape(len(X), -1)


def images_again(X):
    return X.reshape(len(X), 8, 8)


class Upside(Pipeline):
    """Predicts a class other than that of its last step."""

    def predict(self, X, **params):
        return (super().predict(X, **params) + 1) % 3


class Weighted(Pipeline):
    """Fits on the first rows only."""

    def fit(self, X, y=None, **params):
        return super().fit(X[:40], y[:40], **params)


class Strict(Pipeline):
    """Has its own score method."""

    def score(self, X, y=None, **params):
        return super().score(X, y) / 2


class Proud(Pipeline):
    """Is more confident than its last step."""

    def predict_proba(self, X, **params):
        sharp = super().predict_proba(X, **params) ** 2
        return sharp / sharp.sum(axis=1, keepdims=True)


class Halved(GRUClassifier):
    """Fits on every second row."""

    def fit(self, X, y, sample_weight=None, **params):
        return super().fit(X[::2], y[::2], **params)


class Renamed(GRUClassifier):
    """Has its own predict method."""

    def predict(self, X):
        return np.roll(super().predict(X), 1)


class Remembering(TransformerMixin, BaseEstimator):
    """Transforms training data differently from later data."""

    def fit(self, X, y=None):
        return self

    def fit_transform(self, X, y=None):
        return X * 0.5

    def transform(self, X):
        return X * 2.0


def gru(cls=GRUClassifier):
    return cls(4, epochs=2, random_state=0)


def pipeline(cls=Pipeline, **parameters):
    return cls([("images", ImageToSequence()), ("gru", gru())], **parameters)


ESTIMATORS = {
    "plain": pipeline(),
    "one step": Pipeline([("gru", gru())]),
    "passthrough": Pipeline([("nothing", "passthrough"), ("none", None), ("gru", gru())]),
    "passthrough first and last transformer": Pipeline(
        [("n", "passthrough"), ("i", ImageToSequence()), ("gru", gru())]
    ),
    "another transform than fit_transform": Pipeline([("r", Remembering()), ("gru", gru())]),
    "nested": Pipeline([("images", ImageToSequence()), ("inner", pipeline())]),
    "nested transformers": Pipeline([("inner", make_pipeline(ImageToSequence())), ("gru", gru())]),
    "nested subclass": Pipeline([("images", ImageToSequence()), ("inner", pipeline(Upside))]),
    "subclass with nested": Upside([("images", ImageToSequence()), ("inner", pipeline())]),
    "predict": pipeline(Upside),
    "predict_proba": pipeline(Proud),
    "fit": pipeline(Weighted),
    "score": pipeline(Strict),
    "classifier with its own fit": Pipeline([("images", ImageToSequence()), ("gru", gru(Halved))]),
    "classifier with its own predict": Pipeline([("images", ImageToSequence()), ("gru", gru(Renamed))]),
    "sampler": ResamplingPipeline(
        [
            ("flat", FunctionTransformer(flat)),
            ("more", RandomOverSampler(random_state=0)),
            ("images", FunctionTransformer(images_again)),
            ("gru", gru()),
        ]
    ),
    "sampler at the end of the transformers": make_resampling_pipeline(
        FunctionTransformer(flat), RandomOverSampler(random_state=0), gru()
    ),
}


def rates(estimator):
    (name,) = (name for name in estimator.get_params() if name.endswith("learning_rate"))
    return {name: CategoricalDistribution(RATES)}


def own_scorer(estimator, X, y):
    return accuracy_score(y, estimator.predict(X))


@pytest.mark.parametrize("scoring", [None, "neg_log_loss", own_scorer])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_candidate_gets_the_scores_of_cross_validation(images, search_of, kind, scoring):
    X, y = images
    keep = np.r_[np.flatnonzero(y > 0), np.flatnonzero(y == 0)[:10]]  # one class is rare: samplers have something to do
    X, y = X[np.sort(keep)], y[np.sort(keep)]
    estimator = ESTIMATORS[kind]
    before = str(estimator.get_params())
    space = rates(estimator)

    def candidate(trial):  # the last epoch counts where epochs are searched, as in cross-validation
        (name,) = space
        epochs = name.replace("learning_rate", "epochs")
        return {name: trial.suggest_categorical(name, RATES), epochs: trial.suggest_categorical(epochs, [2])}

    search = search_of(estimator, candidate, scoring=scoring, n_trials=1).fit(X, y)
    expected = cross_validate(
        clone(estimator).set_params(**search.best_params_), X, y, cv=2, scoring=scoring, error_score="raise"
    )["test_score"]
    for split in range(2):
        assert search.cv_results_[f"split{split}_test_score"][0] == expected[split]
    assert type(search.best_estimator_) is type(estimator)
    whole = clone(estimator).set_params(**search.best_params_).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), whole.predict_proba(X))
    assert str(estimator.get_params()) == before
    assert not hasattr(estimator.steps[-1][1], "classes_")


def test_only_known_classes_are_trained_in_lock_step():
    in_lock_step = {kind for kind, estimator in ESTIMATORS.items() if trains_by_epochs(estimator)}
    assert in_lock_step == {
        *("plain", "one step", "passthrough", "passthrough first and last transformer"),
        *("another transform than fit_transform", "nested", "nested transformers", "classifier with its own predict"),
    }
    assert trains_by_epochs(type("Subclass", (SimpleRNNClassifier,), {"__module__": "somewhere", "__doc__": "Mine."})())
    assert not trains_by_epochs(Pipeline([("gru", gru()), ("nothing", "passthrough")]))


def test_a_pipeline_with_a_memory_is_searched_like_one_without(images, search_of, tmp_path):
    cached = search_of(pipeline(memory=str(tmp_path)), rates(pipeline()), n_trials=2).fit(*images)
    plain = search_of(pipeline(), rates(pipeline()), n_trials=2).fit(*images)
    np.testing.assert_array_equal(cached.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"])
    assert any(tmp_path.iterdir())


def test_a_users_scorer_sees_the_whole_pipeline(images, search_of):
    seen = []

    def scorer(estimator, X, y):
        inner = estimator.named_steps["inner"]
        seen.append((type(estimator), list(estimator.named_steps), list(inner.named_steps), inner["gru"].n_iter_))
        return estimator.score(X, y)

    estimator = ESTIMATORS["nested"]
    search_of(estimator, rates(estimator), scoring=scorer, n_trials=1, refit=False).fit(*images)
    assert {found[:1] for found in seen} == {(Pipeline,)}
    assert [found[1:] for found in seen[:2]] == [(["images", "inner"], ["images", "gru"], 1)] * 2


def test_a_step_may_be_searched(images, search_of):
    def space(trial):
        return {"gru": DummyClassifier() if trial.number == 0 else gru(Halved) if trial.number == 1 else gru()}

    search = search_of(pipeline(), space, n_trials=3).fit(*images)
    assert np.isnan(search.cv_results_["n_epochs"]).tolist() == [True, True, False]
    assert search.cv_results_["state"].tolist() == ["complete"] * 3
