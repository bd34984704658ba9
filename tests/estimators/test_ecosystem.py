"""The classifiers among scikit-learn's own: pipelines, searches, ensembles, routing, callbacks, other processes."""

import subprocess
import sys

import joblib
import keras
import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier
from skrnn.datasets import make_reviews
from skrnn.preprocessing import ImageToSequence, SequencePadder, TextToSequence, TimeDistributed


@pytest.fixture(scope="module")
def reviews():
    texts, y = make_reviews(60, random_state=0)
    return list(texts), y


def images_pipeline():
    return make_pipeline(ImageToSequence(), GRUClassifier(4, epochs=2, random_state=0))


def texts_pipeline():
    return make_pipeline(
        TextToSequence(max_tokens=300, max_length=20), LSTMClassifier(4, embedding_dim=8, epochs=2, random_state=0)
    )


@pytest.mark.long
@pytest.mark.parametrize("kind", ["images", "texts"])
def test_pipelines_go_through_cross_validation_search_and_another_process(kind, digits, reviews, tmp_path):
    (X, y), pipeline = (digits, images_pipeline()) if kind == "images" else (reviews, texts_pipeline())
    assert len(cross_validate(pipeline, X, y, cv=3, error_score="raise")["test_score"]) == 3

    step, values = (
        ("imagetosequence__scan", ["rows", "columns"])
        if kind == "images"
        else (
            "texttosequence__max_length",
            [10, 20],
        )
    )
    classifier = pipeline.steps[-1][0]
    grid = GridSearchCV(pipeline, {step: values, f"{classifier}__units": [3, 4]}, cv=2, error_score="raise").fit(X, y)
    assert len(grid.cv_results_["params"]) == 4
    assert grid.predict(X).shape == (len(y),)

    fitted = pipeline.fit(X, y)
    joblib.dump((fitted, X[:20]), tmp_path / "fitted.joblib")
    code = (
        "import joblib, numpy, sys; fitted, X = joblib.load(sys.argv[1]);"
        "numpy.save(sys.argv[2], fitted.predict_proba(X))"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "fitted.joblib"), str(tmp_path / "predicted.npy")]
    subprocess.run(arguments, check=True, capture_output=True)
    assert_array_equal(np.load(tmp_path / "predicted.npy"), fitted.predict_proba(X[:20]))


@pytest.mark.parametrize("kind", ["images", "texts"])
def test_cross_validation_around_a_pipeline_is_stratified(kind, digits, reviews):
    (X, y), pipeline = (digits, images_pipeline()) if kind == "images" else (reviews, texts_pipeline())
    y = np.sort(y)  # unstratified folds of these would each lack classes
    folds = cross_validate(pipeline, X, y, cv=3, return_indices=True, error_score="raise")["indices"]
    expected = [test for _, test in StratifiedKFold(3).split(np.zeros(len(y)), y)]
    for found, wanted in zip(folds["test"], expected, strict=True):
        assert_array_equal(found, wanted)


def test_grid_in_two_processes_gives_the_same_scores(digits):
    X, y = digits
    grid = {"units": [3, 4], "learning_rate": [0.001, 0.01]}
    serial, parallel = (
        GridSearchCV(GRUClassifier(epochs=2, random_state=0), grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(X, y)
        for n_jobs in (1, 2)
    )
    assert_array_equal(serial.cv_results_["mean_test_score"], parallel.cv_results_["mean_test_score"])
    assert_array_equal(serial.predict_proba(X), parallel.predict_proba(X))


def test_search_over_the_cell(digits):
    X, y = digits
    settings = {"units": 4, "epochs": 3, "random_state": 0}
    search = GridSearchCV(RecurrentClassifier(**settings), {"cell": ["simple_rnn", "lstm", "gru"]}, cv=2).fit(X, y)
    alone = {
        named.cell: cross_val_score(named(**settings), X, y, cv=2).mean()
        for named in (SimpleRNNClassifier, LSTMClassifier, GRUClassifier)
    }
    assert len({*alone.values()}) == 3
    assert search.cv_results_["mean_test_score"].tolist() == [*alone.values()]
    assert search.best_params_["cell"] == search.best_estimator_.cell == max(alone, key=alone.get)


def test_roc_auc_of_two_and_of_ten_classes(digits, two_digits):
    classifier = LSTMClassifier(4, epochs=2, random_state=0)
    assert not np.isnan(cross_validate(classifier, *two_digits, cv=2, scoring="roc_auc")["test_score"]).any()
    assert not np.isnan(cross_validate(classifier, *digits, cv=2, scoring="roc_auc_ovr")["test_score"]).any()


def test_ensembles(digits):
    X, y = digits
    members = [
        (name, classifier(8, epochs=20, learning_rate=0.01, random_state=0))
        for name, classifier in (("rnn", SimpleRNNClassifier), ("gru", GRUClassifier))
    ]
    voting = VotingClassifier(members, voting="soft").fit(X, y)
    assert_allclose(
        voting.predict_proba(X), np.mean([member.predict_proba(X) for member in voting.estimators_], axis=0), rtol=1e-6
    )
    stacking = StackingClassifier(members, LogisticRegression(), cv=2).fit(X, y)
    assert stacking.score(X, y) > 0.5
    calibrated = CalibratedClassifierCV(members[1][1], cv=2).fit(X, y)
    assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1.0, rtol=1e-6)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ragged_and_id_input_through_meta_estimators(ragged, token_ids, n_jobs):
    X, y = ragged
    assert not np.isnan(
        cross_validate(GRUClassifier(4, epochs=1), X, y, cv=2, n_jobs=n_jobs, error_score="raise")["test_score"]
    ).any()
    ids, labels = token_ids
    grid = GridSearchCV(
        LSTMClassifier(4, embedding_dim=4, vocabulary_size=10, epochs=1), {"pooling": ["last", "max"]}, cv=2
    )
    assert grid.set_params(n_jobs=n_jobs, error_score="raise").fit(ids, labels).predict(ids).shape == labels.shape
    assert cross_val_predict(GRUClassifier(4, epochs=1), X, y, cv=2, method="predict_proba").shape == (len(y), 10)


def test_padder_and_per_step_scaler_before_a_classifier(ragged):
    X, y = ragged
    direct = GRUClassifier(4, epochs=2, random_state=0)
    through = make_pipeline(SequencePadder(), direct).fit(X, y)
    assert_allclose(through.predict_proba(X), direct.fit(X, y).predict_proba(X), rtol=1e-6)
    scaled = make_pipeline(TimeDistributed(StandardScaler()), SequencePadder(), direct)
    assert scaled.fit(X, y).predict(X).shape == y.shape
    single = [x[:, 3] for x in X]
    direct_single = GRUClassifier(4, epochs=2, random_state=0).fit(single, y)
    through_single = make_pipeline(SequencePadder(), GRUClassifier(4, epochs=2, random_state=0)).fit(single, y)
    assert_allclose(through_single.predict_proba(single), direct_single.predict_proba(single), rtol=1e-6)


def test_sample_weights_are_routed(digits):
    X, y = digits
    weights = np.where(y == 3, 3.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = GRUClassifier(4, epochs=2, random_state=0).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(ImageToSequence(), classifier.set_score_request(sample_weight=True))
        pipeline.fit(X, y, sample_weight=weights)
        if hasattr(pipeline, "set_score_request"):  # what scikit-learn 1.7 wants
            pipeline.set_score_request(sample_weight=True)
        cross_validate(pipeline, X, y, cv=2, params={"sample_weight": weights}, error_score="raise")
    direct = GRUClassifier(4, epochs=2, random_state=0).fit(X, y, sample_weight=weights)
    assert_array_equal(pipeline.predict_proba(X), direct.predict_proba(X))


def test_pipeline_transforms_the_validation_data(digits):
    X, y = digits
    X = (16 * X).astype(np.uint8)
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = GRUClassifier(4, epochs=2, random_state=0).set_fit_request(X_val=True, y_val=True)
        steps = [("scan", ImageToSequence("columns", scale=16)), ("classifier", classifier)]
        pipeline = Pipeline(steps, transform_input=["X_val"])
        pipeline.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    probabilities = pipeline.predict_proba(X[100:])
    loss = -np.log(probabilities[np.arange(50), y[100:]]).mean()
    assert_allclose(pipeline[-1].history_["val_loss"][-1], loss, rtol=1e-5)


def test_progress_bar_of_scikit_learn_sees_every_epoch(digits, capsys):
    callbacks = pytest.importorskip("sklearn.callback")
    X, y = digits
    GRUClassifier(4, epochs=7).set_callbacks(callbacks.ProgressBar()).fit(X, y)
    printed = capsys.readouterr()
    assert "GRUClassifier" in printed.out + printed.err


class CountsEpochs:
    """A scikit-learn callback that records its calls."""

    def __init__(self, stop_after=None):
        self.begun, self.scores, self.stop_after = [], [], stop_after

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        self.begun.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        if context.task_name == "epoch":
            self.scores.append(fitted_estimator.score(X, y))
        return len(self.scores) == self.stop_after


with_callbacks = pytest.mark.skipif(not hasattr(GRUClassifier, "set_callbacks"), reason="scikit-learn has no callbacks")


@with_callbacks
def test_callback_of_scikit_learn_gets_an_estimator_that_predicts(digits):
    X, y = digits
    seen = CountsEpochs()
    fitted = GRUClassifier(8, epochs=5, learning_rate=0.02, random_state=0).set_callbacks(seen).fit(X, y)
    assert seen.begun == ["fit", *["epoch"] * 5, "teardown"]
    assert len(seen.scores) == 5
    assert seen.scores[-1] == fitted.score(X, y)


@with_callbacks
def test_callback_of_scikit_learn_can_stop_training(digits):
    X, y = digits
    fitted = GRUClassifier(4, epochs=5, random_state=0).set_callbacks(CountsEpochs(stop_after=2)).fit(X, y)
    assert fitted.n_iter_ == 2


# Keras' callbacks


class Records(keras.callbacks.Callback):
    def __init__(self, into):
        self.into = into

    def __deepcopy__(self, memo):
        return type(self)(self.into)

    def on_epoch_end(self, epoch, logs=None):
        self.into.append((epoch, logs["loss"], self.model.count_params()))


class RecordsBatches(Records):
    def on_train_batch_end(self, batch, logs=None):
        self.into.append(("batch", batch, logs["loss"]))


def test_keras_callbacks_see_the_network_in_training(digits):
    X, y = digits
    seen = []
    fitted = GRUClassifier(4, epochs=3, callbacks=Records(seen), random_state=0).fit(X, y)
    assert seen == [(epoch, loss, fitted.n_parameters_) for epoch, loss in enumerate(fitted.history_["loss"])]
    assert fitted.callbacks.into is seen


def test_callback_that_needs_batches_sees_them_and_changes_no_bit(digits):
    X, y = digits
    seen = []
    watched = LSTMClassifier(4, epochs=2, dropout=0.2, callbacks=[RecordsBatches(seen)], random_state=0).fit(X, y)
    plain = LSTMClassifier(4, epochs=2, dropout=0.2, random_state=0).fit(X, y)
    assert_array_equal(watched.decision_function(X), plain.decision_function(X))
    assert_allclose(watched.history_["loss"], plain.history_["loss"], rtol=1e-6)
    batches = [batch for kind, batch, _ in seen if kind == "batch"]
    assert batches == [0, 1, 2, 3, 4] * 2


def test_callbacks_of_keras_do_their_work(digits, tmp_path):
    X, y = digits
    callbacks = {
        "stop": keras.callbacks.EarlyStopping,
        "slower": keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        "log": keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        "save": keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras"),
    }
    fitted = GRUClassifier(
        4, epochs=6, callbacks=callbacks, callbacks__stop__monitor="loss", callbacks__stop__patience=1,
        callbacks__stop__min_delta=100.0, random_state=0,
    ).fit(X, y)  # fmt: skip
    assert fitted.n_iter_ == 2
    assert_allclose(fitted.history_["learning_rate"], [0.0005, 0.00025], rtol=1e-5)
    assert (tmp_path / "log.csv").read_text().count("\n") == 3
    saved = keras.models.load_model(tmp_path / "2.keras")
    assert_allclose(saved.predict(X, verbose=0), fitted.predict_proba(X), rtol=1e-4, atol=1e-6)


def test_averaged_weights_are_saved_as_keras_documents_it(digits, tmp_path):
    """`SwapEMAWeights` is for Keras' own loop; here each epoch ends with the averages, with it and without."""
    X, y = digits
    fitted = GRUClassifier(
        4, epochs=3, learning_rate=0.05, optimizer__use_ema=True, random_state=0,
        callbacks=[
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras"),
        ],
    ).fit(X, y)  # fmt: skip
    without = clone(fitted).set_params(callbacks=None).fit(X, y)
    assert_array_equal(fitted.decision_function(X), without.decision_function(X))
    for epoch in (1, 2, 3):
        saved = keras.models.load_model(tmp_path / f"{epoch}.keras")
        expected = clone(without).set_params(epochs=epoch).fit(X, y).predict_proba(X)
        assert_allclose(saved.predict(X, verbose=0), expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="must be used when `use_ema=True` is set on the optimizer"):
        clone(fitted).set_params(optimizer__use_ema=False).fit(X, y)


@pytest.mark.parametrize(
    ("optimizer", "routed", "learning_rate"),
    [
        ("sgd", {"optimizer__momentum": 0.9}, 0.1),
        (keras.optimizers.SGD, {"optimizer__momentum": 0.9, "optimizer__learning_rate": 0.1}, None),
        (keras.optimizers.SGD(0.1, momentum=0.9), {}, None),
        (keras.optimizers.SGD(0.7, momentum=0.9), {}, 0.1),
        ("SGD", {"optimizer__momentum": 0.9}, keras.optimizers.schedules.ExponentialDecay(0.1, 1, 1.0)),
    ],
    ids=["name", "class", "instance", "instance and rate", "schedule"],
)
def test_optimizer_by_name_class_or_instance(digits, optimizer, routed, learning_rate):
    X, y = digits
    fitted = GRUClassifier(4, epochs=2, random_state=0, optimizer=optimizer, learning_rate=learning_rate, **routed)
    expected = GRUClassifier(4, epochs=2, random_state=0, optimizer="sgd", learning_rate=0.1, optimizer__momentum=0.9)
    assert_allclose(
        fitted.fit(X, y).decision_function(X), expected.fit(X, y).decision_function(X), rtol=1e-5, atol=1e-6
    )


def test_published_table_as_a_grid_search(digits):
    """Atienza's Table 1.5.1: units and optimizer of a SimpleRNN with dropout, here over tiny ones."""
    X, y = digits
    grid = GridSearchCV(
        make_pipeline(ImageToSequence(), SimpleRNNClassifier(dropout=0.2, epochs=1, batch_size=128, random_state=0)),
        {"simplernnclassifier__units": [4, 8], "simplernnclassifier__optimizer": ["sgd", "rmsprop", "adam"]},
        cv=2,
        error_score="raise",
    ).fit(X, y)
    assert {
        (p["simplernnclassifier__units"], p["simplernnclassifier__optimizer"]) for p in grid.cv_results_["params"]
    } == {(units, optimizer) for units in (4, 8) for optimizer in ("sgd", "rmsprop", "adam")}


def test_function_transformer_that_makes_three_dimensions(digits):
    X, y = digits
    flat = X.reshape(len(X), -1)
    to_rows = FunctionTransformer(lambda table: table.reshape(-1, 8, 8))
    assert_array_equal(
        make_pipeline(to_rows, GRUClassifier(4, epochs=1, random_state=0)).fit(flat, y).predict_proba(flat),
        GRUClassifier(4, epochs=1, random_state=0).fit(X, y).predict_proba(X),
    )
