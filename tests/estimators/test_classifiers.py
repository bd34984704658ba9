"""What the classifiers learn and what they say of it."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits as load_flat_digits
from sklearn.model_selection import StratifiedKFold, cross_val_score

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier
from skrnn.datasets import load_digits

EVERY_CELL = pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])


def same_weights(a, b):
    return all(np.array_equal(left, right) for left, right in zip(a._state.weights, b._state.weights, strict=True))


# Networks


@pytest.mark.parametrize(
    ("classifier", "n_parameters"),
    [
        (LSTMClassifier(units=64, batch_normalization=True), 24_714),
        (SimpleRNNClassifier(units=64, batch_normalization=True), 6_858),
        (GRUClassifier(units=64, batch_normalization=True), 18_954),
        (SimpleRNNClassifier(units=256, dropout=0.2), 75_530),
        (SimpleRNNClassifier(units=512, dropout=0.2), 282_122),
        (SimpleRNNClassifier(units=32, activation="relu"), 2_282),
        (LSTMClassifier(units=(128, 128), activation="relu", layer_dropout=0.2, dense_units=32), 216_426),
    ],
)
def test_published_networks_on_rows_of_mnist_have_their_parameters(classifier, n_parameters):
    X, y = np.random.default_rng(0).random((20, 28, 28)), np.arange(20) % 10
    classifier.initialize(X, y)
    assert classifier.n_parameters_ == n_parameters
    assert classifier.model_.count_params() == n_parameters


@pytest.mark.parametrize(
    ("classifier", "n_parameters"),
    [(SimpleRNNClassifier, 322_113), (GRUClassifier, 326_369), (LSTMClassifier, 328_353)],
)
def test_published_networks_on_imdb_have_their_parameters(classifier, n_parameters):
    X, y = np.random.default_rng(0).integers(0, 10_000, (10, 100)), np.arange(10) % 2
    fitted = classifier(32, embedding_dim=32, vocabulary_size=10_000, mask_zero=False).initialize(X, y)
    assert fitted.n_parameters_ == n_parameters


@EVERY_CELL
@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"units": (8, 8)}, {"pooling": "mean"}])
def test_digits_are_told_apart(digits, cell, options):
    X, y = digits
    fitted = RecurrentClassifier(cell=cell, epochs=40, batch_size=16, learning_rate=0.01, random_state=0)
    fitted.set_params(**{"units": 16, **options}).fit(X, y)
    assert fitted.score(X, y) > 0.9


@pytest.mark.parametrize("classifier", [SimpleRNNClassifier, LSTMClassifier, GRUClassifier])
def test_defaults_exceed_95_percent_on_the_bundled_digits(classifier):
    X, y = load_digits(return_X_y=True)
    # Shuffled: unshuffled folds hold other writers' digits, where no setting tried exceeds 0.94.
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    assert cross_val_score(classifier(random_state=0), X, y, cv=folds).mean() > 0.95


def test_order_of_tokens_is_learned(token_ids):
    X, y = token_ids
    fitted = LSTMClassifier(16, embedding_dim=8, epochs=40, batch_size=16, learning_rate=0.01, random_state=0)
    assert fitted.fit(X[:90], y[:90]).score(X[90:], y[90:]) > 0.9


def test_binary_probabilities_and_decision_agree(two_digits):
    X, y = two_digits
    fitted = GRUClassifier(4, epochs=3, random_state=0).fit(X, y)
    decision, probabilities = fitted.decision_function(X), fitted.predict_proba(X)
    assert decision.shape == (60,)
    assert probabilities.shape == (60, 2)
    assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-6)
    assert_allclose(probabilities[:, 1], 1 / (1 + np.exp(-decision)), rtol=1e-5)
    assert_allclose(fitted.predict_log_proba(X), np.log(probabilities), rtol=1e-4, atol=1e-6)
    assert_array_equal(fitted.predict(X), fitted.classes_[(decision > 0).astype(int)])
    assert fitted.predict_proba(X[:1]).shape == (1, 2)


def test_probability_too_small_for_a_float_still_has_a_logarithm(two_digits):
    X, y = two_digits
    fitted = LSTMClassifier(4, epochs=1, random_state=0).fit(X, y)
    for cell in (fitted, LSTMClassifier(4, epochs=1, random_state=0).fit(*_three_classes(X, y))):
        cell._state.weights[-1][:] = 200.0 * np.arange(len(cell._state.weights[-1])) + 200.0
        assert np.isfinite(cell.predict_log_proba(X)).all()


def _three_classes(X, y):
    return X, np.where(np.arange(len(y)) % 3 == 2, 2, y)


# Labels


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([-1.0, 1.0]),
        np.array([False, True]),
        np.array([7, 1000]),
    ],
    ids=["str", "object", "float", "bool", "int"],
)
def test_labels_of_any_type_come_back(two_digits, labels):
    X, y = two_digits
    fitted = SimpleRNNClassifier(8, epochs=30, learning_rate=0.01, random_state=0).fit(X, labels[y])
    assert_array_equal(fitted.classes_, labels)
    predicted = fitted.predict(X)
    assert predicted.dtype == labels.dtype
    assert (predicted == labels[y]).mean() > 0.95
    assert fitted.score(X, labels[y]) > 0.95


def test_one_hot_rows_are_labels(digits):
    X, y = digits
    by_label = GRUClassifier(4, epochs=2, random_state=0).fit(X, y)
    one_hot = GRUClassifier(4, epochs=2, random_state=0).fit(X, np.eye(10)[y])
    assert same_weights(by_label, one_hot)
    assert_array_equal(one_hot.predict(X), by_label.predict(X))
    assert one_hot.score(X, np.eye(10)[y]) == by_label.score(X, y)


# Weights


def test_balanced_class_weights_raise_recall_of_the_rare_class(digits):
    X, y = digits
    rare = np.where(y == 3, 1, 0)
    plain = LSTMClassifier(8, epochs=15, random_state=0).fit(X, rare)
    balanced = clone(plain).set_params(class_weight="balanced").fit(X, rare)
    assert balanced.predict_proba(X)[rare == 1, 1].mean() > plain.predict_proba(X)[rare == 1, 1].mean() + 0.2


def test_class_weight_is_sample_weight(digits):
    X, y = digits
    by_class = GRUClassifier(4, epochs=2, random_state=0, class_weight={3: 2.0}).fit(X, y)
    by_sample = GRUClassifier(4, epochs=2, random_state=0).fit(X, y, sample_weight=np.where(y == 3, 2.0, 1.0))
    assert same_weights(by_class, by_sample)


def test_weights_are_not_changed_in_place(digits):
    X, y = digits
    weights = np.linspace(1, 2, len(y))
    before = weights.copy()
    LSTMClassifier(4, epochs=1, class_weight="balanced").fit(X, y, sample_weight=weights)
    assert_array_equal(weights, before)


@pytest.mark.parametrize("kind", [list, lambda w: w.astype(int), lambda w: w.astype(np.float32)])
def test_weights_of_any_kind(digits, kind):
    X, y = digits
    weights = np.where(y == 3, 2.0, 1.0)
    expected = GRUClassifier(4, epochs=1, random_state=0).fit(X, y, sample_weight=weights)
    assert same_weights(expected, clone(expected).fit(X, y, sample_weight=kind(weights)))


@pytest.mark.parametrize("scale", [4.0, 0.25])
def test_only_the_ratio_of_weights_matters(digits, scale):
    X, y = digits
    weights = np.where(y == 3, 2.0, 1.0)
    expected = GRUClassifier(4, epochs=2, random_state=0).fit(X, y, sample_weight=weights)
    assert same_weights(expected, clone(expected).fit(X, y, sample_weight=scale * weights))


# Validation

AVERAGED_OR_NOT = pytest.mark.parametrize(
    "averaging", [{}, {"optimizer__use_ema": True, "optimizer__ema_momentum": 0.9}], ids=["weights", "averages"]
)


@AVERAGED_OR_NOT
def test_early_stopping_keeps_the_best_epoch(digits, averaging):
    X, y = digits
    fitted = SimpleRNNClassifier(
        32, epochs=200, learning_rate=0.03, early_stopping=True, validation_fraction=0.3, patience=3, random_state=0,
        **averaging,
    ).fit(X, y)  # fmt: skip
    losses = fitted.history_["val_loss"]
    assert fitted.n_iter_ == len(losses) < 200
    assert fitted.best_epoch_ == int(np.argmin(losses))
    assert fitted.n_iter_ == fitted.best_epoch_ + 1 + 3
    until_best = clone(fitted).set_params(epochs=fitted.best_epoch_ + 1, early_stopping=False).fit(X, y)
    assert same_weights(fitted, until_best)


@AVERAGED_OR_NOT
def test_validation_data_given_wins_over_a_fraction(digits, averaging):
    X, y = digits
    given = GRUClassifier(4, epochs=3, validation_fraction=0.2, random_state=0, **averaging)
    given.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    plain = GRUClassifier(4, epochs=3, random_state=0, **averaging).fit(X[:100], y[:100])
    assert same_weights(given, plain)
    log_losses = -np.log(given.predict_proba(X[100:])[np.arange(50), y[100:]])
    assert_allclose(given.history_["val_loss"][-1], log_losses.mean(), rtol=1e-5)
    assert_allclose(given.history_["val_accuracy"][-1], given.score(X[100:], y[100:]), rtol=1e-6)


def test_what_is_held_out_is_stratified(digits):
    from skrnn.estimators.training_data import hold_out, read_training_data

    X, y = digits
    estimator = LSTMClassifier(validation_fraction=0.2, random_state=0)
    data = read_training_data(estimator, X, np.sort(y), None, continues=False)
    training, validation = hold_out(estimator, data, None, None)
    assert_array_equal(np.bincount(validation.targets), np.full(10, 3))
    assert_array_equal(np.bincount(training.targets), np.full(10, 12))


def test_history_is_plain_lists_of_floats(digits):
    X, y = digits
    fitted = LSTMClassifier(4, epochs=2, validation_fraction=0.2, random_state=0).fit(X, y)
    assert list(fitted.history_) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(type(values) is list and len(values) == 2 for values in fitted.history_.values())
    assert all(type(value) is float for values in fitted.history_.values() for value in values)
    assert (fitted.n_iter_, fitted.best_epoch_) == (2, 1)


# More training


def test_partial_fits_are_one_fit(digits):
    X, y = digits
    at_once = LSTMClassifier(8, epochs=4, dropout=0.2, recurrent_dropout=0.1, layer_dropout=0.1, random_state=3)
    at_once.fit(X, y)
    in_steps = clone(at_once)
    for _ in range(4):
        in_steps.partial_fit(X, y)
    assert same_weights(at_once, in_steps)
    assert in_steps.history_ == at_once.history_
    assert in_steps.n_iter_ == 4


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)])
def test_warm_start_goes_on_with_the_state_of_the_optimizer(digits, optimizer):
    X, y = digits
    at_once = GRUClassifier(4, epochs=4, optimizer=optimizer, random_state=3).fit(X, y)
    in_two = GRUClassifier(4, epochs=2, optimizer=optimizer, random_state=3, warm_start=True).fit(X, y).fit(X, y)
    assert same_weights(at_once, in_two)
    assert in_two.n_iter_ == 4


def test_fit_without_warm_start_forgets(digits):
    X, y = digits
    once = GRUClassifier(4, epochs=2, random_state=3).fit(X, y)
    twice = clone(once).fit(X[:50], y[:50]).fit(X, y)
    assert same_weights(once, twice)
    assert twice.n_iter_ == 2


def test_partial_fit_learns_classes_that_come_later(digits):
    X, y = digits
    fitted = SimpleRNNClassifier(16, learning_rate=0.01, random_state=0)
    order = np.argsort(y, kind="stable")
    for _ in range(3):
        for part in np.array_split(order, 5):
            fitted.partial_fit(X[part], y[part], classes=np.arange(10))
    assert_array_equal(fitted.classes_, np.arange(10))
    assert fitted.predict_proba(X).shape == (150, 10)


# What the network believes on the way


@EVERY_CELL
@pytest.mark.parametrize(
    "options", [{}, {"pooling": "mean"}, {"pooling": "max", "units": (5, 4)}, {"bidirectional": True}]
)
def test_stages_are_predictions_of_the_beginnings(ragged, cell, options):
    X, y = ragged
    fitted = RecurrentClassifier(**{"cell": cell, "units": 5, "epochs": 2, "random_state": 0, **options}).fit(X, y)
    stages = list(fitted.staged_predict_proba(X))
    assert len(stages) == 8
    for step, stage in enumerate(stages, start=1):
        assert_allclose(stage, fitted.predict_proba([x[:step] for x in X]), rtol=1e-5, atol=1e-7)


# The model that the user owns


def test_model_is_stock_keras_and_predicts_the_same(ragged, tmp_path):
    X, y = ragged
    fitted = LSTMClassifier((6, 5), bidirectional=True, pooling="max", dense_units=4, epochs=2, random_state=0).fit(
        X, y
    )
    padded = np.full((len(X), 11, 8), np.nan, dtype=np.float32)
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    model = fitted.model_
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_allclose(loaded.predict(padded, verbose=0), fitted.predict_proba(X), rtol=1e-4, atol=1e-6)


def test_model_that_the_user_changes_is_not_the_estimators(digits):
    X, y = digits
    fitted = GRUClassifier(4, epochs=1, optimizer="sgd", learning_rate=0.5, random_state=0).fit(X, y)
    before = fitted.predict_proba(X)
    model = fitted.model_
    assert float(model.optimizer.learning_rate) == 0.5
    model.fit(X, y, epochs=1, verbose=0)
    assert_array_equal(fitted.predict_proba(X), before)
    model_before = model.get_weights()
    fitted.fit(X[:50], y[:50])
    for now, then in zip(model.get_weights(), model_before, strict=True):
        assert_array_equal(now, then)


def test_a_stock_model_of_averaged_weights_starts_its_own_training_from_them(digits):
    X, y = digits
    fitted = GRUClassifier(4, epochs=2, learning_rate=0.05, optimizer__use_ema=True, random_state=0).fit(X, y)
    model = fitted.model_
    assert_allclose(model.predict(X, verbose=0), fitted.predict_proba(X), rtol=1e-4, atol=1e-6)
    model.optimizer.finalize_variable_values(model.trainable_variables)  # puts the averages in the weights' place
    assert_allclose(model.predict(X, verbose=0), fitted.predict_proba(X), rtol=1e-4, atol=1e-6)


def test_flat_table_is_a_sequence_of_numbers():
    X, y = load_flat_digits(return_X_y=True)
    fitted = SimpleRNNClassifier(8, epochs=1).fit(X[:50], y[:50])
    assert fitted.n_features_in_ == 64
    assert fitted.model_.input_shape == (None, None, 1)
