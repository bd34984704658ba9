"""Listing or displaying an estimator's attributes is quick, raises nothing, and builds no network."""

import contextlib
import copy
import inspect
import pickle
import pydoc
import rlcompleter

import joblib
import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from skrnn import LSTMClassifier, RecurrentClassifier
from skrnn.estimators import base

X, Y = np.random.default_rng(0).normal(size=(12, 5, 2)), np.arange(12) % 2


def fitted(how):
    estimator = LSTMClassifier(3, epochs=2, optimizer="sgd", optimizer__momentum=0.9)
    if how == "pickled":
        return pickle.loads(pickle.dumps(estimator.fit(X, Y)))
    return estimator if how is None else getattr(estimator, how)(X, Y)


@pytest.fixture(params=[None, "initialize", "fit", "partial_fit", "pickled"])
def estimator(request):
    return fitted(request.param)


@pytest.fixture(autouse=True)
def built(monkeypatch):
    """Count the Keras models that are built."""
    models = []
    build, made = base.trainable_model, keras.Model.__init__
    monkeypatch.setattr(base, "trainable_model", lambda *spec: models.append(spec) or build(*spec))
    monkeypatch.setattr(keras.Model, "__init__", lambda self, *a, **k: models.append(self) or made(self, *a, **k))
    return models


INSPECTIONS = {
    "dir": dir,
    "getmembers": inspect.getmembers,
    "getattr": lambda estimator: [getattr(estimator, name) for name in dir(estimator)],
    "hasattr": lambda estimator: [hasattr(estimator, name) for name in dir(type(estimator)) if name != "model_"],
    "members of the class": lambda estimator: inspect.getmembers(type(estimator)),
    "html": lambda estimator: estimator._repr_html_(),
    "html of scikit-learn": estimator_html_repr,
    "mimebundle": lambda estimator: estimator._repr_mimebundle_(),
    "html in a pipeline": lambda estimator: make_pipeline(FunctionTransformer(), estimator)._repr_html_(),
    "repr": repr,
    "help": lambda estimator: pydoc.render_doc(estimator) + pydoc.render_doc(type(estimator)),
    "copies": lambda estimator: (copy.copy(estimator), copy.deepcopy(estimator), clone(estimator)),
    "hash": joblib.hash,
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "keys of IPython": lambda estimator: getattr(estimator, "_ipython_key_completions_", None),
}


@pytest.mark.parametrize("how", INSPECTIONS)
def test_inspecting_builds_nothing(estimator, built, how):
    before = len(built)
    INSPECTIONS[how](estimator)
    assert len(built) == before


def test_no_attribute_fails_with_anything_but_an_attribute_error(estimator):
    for name in {*dir(type(estimator)), *vars(estimator)} - {"model_"}:
        with contextlib.suppress(AttributeError):
            getattr(estimator, name)


def test_html_shows_what_was_fitted(built):
    html = fitted("fit")._repr_html_()
    for name in ("classes_", "n_parameters_", "history_", "best_epoch_"):
        assert name in html


def test_dir_lists_fitted_attributes_and_completion_finds_the_model(built):
    estimator = fitted("fit")
    assert {"classes_", "history_", "predict_proba", "freeze", "units", "optimizer__momentum"} <= {*dir(estimator)}
    before = len(built)
    assert rlcompleter.Completer({"rnn": estimator}).complete("rnn.model", 0) == "rnn.model_"
    assert len(built) == before
    assert isinstance(estimator.model_, keras.Model)
    assert len(built) > before


def test_checking_whether_it_is_fitted_builds_nothing(built):
    estimator = fitted("fit")
    before = len(built)
    check_is_fitted(estimator)
    assert len(built) == before


@pytest.mark.parametrize("name", ["target_encoder", "feature_encoder", "scorer"])
@pytest.mark.parametrize("how", [None, "fit"])
def test_attributes_of_scikeras_training_are_hidden(name, how):
    with pytest.raises(AttributeError, match=f"'LSTMClassifier' object has no attribute '{name}'"):
        getattr(fitted(how), name)
    assert not hasattr(RecurrentClassifier, name)


def test_current_epoch():
    estimator = fitted(None)
    assert estimator.current_epoch == 0
    assert estimator.initialize(X, Y).current_epoch == 0
    assert estimator.fit(X, Y).current_epoch == 2
    assert estimator.partial_fit(X, Y).current_epoch == 3
