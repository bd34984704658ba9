"""Class and sample weights: what is rejected, how classes are balanced, and what validation uses."""

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.estimator_checks import check_sample_weight_equivalence_on_dense_data

import skrnn
from skrnn import GRUClassifier, LSTMClassifier, SimpleRNNClassifier
from skrnn.estimators.training_data import hold_out, read_training_data

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4, 2))
Y = np.repeat([0, 1, 2], [24, 10, 6])
WEIGHTS = RNG.integers(0, 4, 40)


def small(**parameters):
    return GRUClassifier(**{"units": 3, "epochs": 2, "random_state": 0, **parameters})


def same(first, second):
    return np.array_equal(first.decision_function(X), second.decision_function(X))


# Keys of any type


@pytest.mark.parametrize(
    ("labels", "key"),
    [
        (np.array([0, 1, 2]), np.int64),
        (np.array([0, 1, 2]), float),
        (np.array([0.0, 1.0, 2.0]), int),
        (np.array(["0", "1", "2"]), np.str_),
        (np.array(["a", "b", "c"], dtype=object), str),
    ],
    ids=["np.int64", "float for int", "int for float", "np.str_", "objects"],
)
def test_keys_equal_to_a_label_match_it(labels, key):
    expected = small().fit(X, Y, sample_weight=np.array([1.0, 4.0, 2.0])[Y])
    weights = {key(label): weight for label, weight in zip(labels, [1, np.float32(4), 2.0], strict=True)}
    assert same(small(class_weight=weights).fit(X, labels[Y]), expected)


def test_booleans_as_labels():
    expected = small().fit(X, Y > 0, sample_weight=np.where(Y > 0, 4.0, 1.0))
    assert same(small(class_weight={True: 4}).fit(X, Y > 0), expected)


def test_one_hot_labels_are_column_numbers():
    expected = small(class_weight={1: 4}).fit(X, Y)
    assert same(small(class_weight={1: 4}).fit(X, np.eye(3)[Y]), expected)


def test_classes_without_a_weight_have_weight_one_and_a_fold_may_lack_a_class():
    assert same(small(class_weight={1: 4}).fit(X, Y), small(class_weight={0: 1, 1: 4, 2: 1}).fit(X, Y))
    assert same(small(class_weight={}).fit(X, Y), small().fit(X, Y))
    two = Y < 2
    for_three = small(class_weight={0: 1, 1: 4, 2: 9}).fit(X[two], Y[two])
    assert same(for_three, small(class_weight={0: 1, 1: 4}).fit(X[two], Y[two]))


def test_a_class_of_weight_zero_is_not_trained_on():
    left_out = small(class_weight={2: 0}, batch_size=8).fit(X, Y)
    assert_array_equal(left_out.classes_, [0, 1, 2])
    assert same(left_out, small(batch_size=8).fit(X, Y, sample_weight=Y != 2))


def test_weights_near_the_largest_number_do_not_overflow():
    huge = {label: 1e308 * weight for label, weight in ((0, 0.25), (1, 1), (2, 0.5))}
    fitted = small(class_weight=huge).fit(X, Y, sample_weight=np.full(40, 1e308))
    assert same(fitted, small(class_weight={0: 0.25, 1: 1, 2: 0.5}).fit(X, Y))
    assert all(np.isfinite(fitted.history_["loss"]))


@pytest.mark.parametrize("scale", [1e308, 1e-320], ids=str)
@pytest.mark.parametrize("class_weight", [None, "balanced", {1: 4}], ids=str)
@pytest.mark.parametrize("n_features", [1, 2], ids=["merged", "not merged"])
def test_only_ratios_of_weights_count(scale, class_weight, n_features):
    """Also for rows that are merged into one, whose weights are added up."""
    sequences = np.round(X[:, :1, :1]) if n_features == 1 else X
    weights = np.where(np.arange(40) % 2, 1.0, 0.5)
    estimator = small(class_weight=class_weight, validation_fraction=0.2, batch_size=40 if n_features == 1 else 8)
    fitted = clone(estimator).fit(sequences, Y, sample_weight=weights * scale)
    expected = clone(estimator).fit(sequences, Y, sample_weight=weights)
    tolerance = 1e-3 if scale == 1e-320 else 1e-6  # a subnormal number has few digits
    assert_allclose(fitted.predict_proba(sequences), expected.predict_proba(sequences), rtol=tolerance)
    assert_allclose(fitted.history_["val_loss"], expected.history_["val_loss"], rtol=tolerance)
    assert fitted.score(sequences, Y, sample_weight=weights * scale) == pytest.approx(
        expected.score(sequences, Y, sample_weight=weights), rel=tolerance
    )


@pytest.mark.parametrize("large", [1e200, 1e300])
def test_what_counts_is_the_product_of_both_weights(large):
    """Each of the two alone differs by more than a float can hold."""
    by_class = {0: large, 1: 1.0, 2: 1 / large}
    weights = np.array([1 / large, 1.0, large])[Y]
    assert same(small(class_weight=by_class).fit(X, Y, sample_weight=weights), small().fit(X, Y))


@pytest.mark.parametrize("weight", [1e-320, 1e-39])
def test_rows_of_a_weight_that_single_precision_cannot_hold_are_left_out(weight):
    tiny = np.arange(40) % 4 == 0
    with pytest.warns(skrnn.InputWarning, match="less than 1e-38 of the mean weight. Their rows are left out"):
        fitted = small(dropout=0.2, batch_size=8).fit(X, Y, sample_weight=np.where(tiny, weight, 1.0))
    assert same(fitted, clone(fitted).fit(X[~tiny], Y[~tiny]))


@pytest.mark.parametrize("given", [{"class_weight": {0: 1e308}}, {"sample_weight": np.where(Y == 1, 1e-320, 1.0)}])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_class_whose_weights_vanish_is_an_error(given, method):
    estimator = small(class_weight=given.get("class_weight"))
    with pytest.raises(ValueError, match="The weights of the class 1, from sample_weight and class_weight, are less"):
        getattr(estimator, method)(X, Y, sample_weight=given.get("sample_weight"))


def test_a_class_whose_weights_vanish_is_named_as_in_y():
    labels = np.array(["no", "yes"], dtype=object)[(Y == 1).astype(int)]
    with pytest.raises(ValueError, match="The weights of the class 'yes', from sample_weight"):
        small(class_weight={"no": 1e308}).fit(X, labels)


def test_a_class_whose_weights_vanish_is_balanced_like_others():
    weights = np.where(Y == 1, 1e-300, 1.0)
    fitted = small(class_weight="balanced").fit(X, Y, sample_weight=weights)
    assert_allclose(fitted.predict_proba(X), small(class_weight="balanced").fit(X, Y).predict_proba(X), rtol=1e-5)


@pytest.mark.parametrize("number", [Fraction(1, 3), np.longdouble(1) / 3, Decimal(1) / 3, np.float32(0.5), 10**30])
def test_weights_may_be_numbers_of_any_type(number):
    expected = small(batch_size=8).fit(X, Y, sample_weight=np.where(Y == 1, float(number), 2.0))
    as_given = [number if label == 1 else 2 for label in Y]
    assert same(small(batch_size=8).fit(X, Y, sample_weight=as_given), expected)
    if not isinstance(number, Decimal):  # as in scikit-learn, which takes real numbers
        assert same(small(batch_size=8, class_weight={0: 2, 1: number, 2: 2}).fit(X, Y), expected)


NOT_A_WEIGHT = "too large for a float|is .*, which is too small|infinity or a value too large|least one non-zero"


@pytest.mark.parametrize(
    "number",
    [10**400, Fraction(10**400), Fraction(1, 10**400), np.longdouble(10) ** 4000, np.longdouble(10) ** -4000],
    ids=["int", "large fraction", "small fraction", "large longdouble", "small longdouble"],
)
def test_weights_that_no_float_can_hold_are_errors(number):
    with pytest.raises(ValueError, match=NOT_A_WEIGHT):
        small().fit(X, Y, sample_weight=[number, *[1] * 39])
    with pytest.raises(ValueError, match=r"class_weight\[1\] is .*: expected a finite number"):
        small(class_weight={1: number}).fit(X, Y)
    with pytest.raises(ValueError, match=NOT_A_WEIGHT):
        small().fit(X, Y, sample_weight=number)


# Balanced


@pytest.mark.parametrize("estimator", [LSTMClassifier, SimpleRNNClassifier])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0, 1: 0.5}], ids=str)
def test_weights_are_repetitions(estimator, class_weight):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_sample_weight_equivalence_on_dense_data(estimator.__name__, estimator(class_weight=class_weight))


def test_balanced_weighs_as_scikit_learn_does():
    weights = compute_class_weight("balanced", classes=np.arange(3), y=Y, sample_weight=WEIGHTS)
    balanced = small(class_weight="balanced", batch_size=8).fit(X, Y, sample_weight=WEIGHTS)
    by_dict = small(class_weight=dict(enumerate(weights)), batch_size=8).fit(X, Y, sample_weight=WEIGHTS)
    assert_allclose(balanced.predict_proba(X), by_dict.predict_proba(X), rtol=1e-4)
    unweighted = small(class_weight="balanced", batch_size=8).fit(X, Y)
    assert not same(balanced, unweighted)


def test_rows_of_weight_zero_do_not_count_for_the_balance():
    kept = WEIGHTS > 0
    left_out = small(class_weight="balanced", batch_size=8, dropout=0.2).fit(X, Y, sample_weight=WEIGHTS)
    removed = clone(left_out).fit(X[kept], Y[kept], sample_weight=WEIGHTS[kept])
    assert same(left_out, removed)
    # Nor does a class that has no other rows: scikit-learn divides by its weight.
    one_class_less = clone(left_out).fit(X, Y, sample_weight=Y < 2)
    assert np.isfinite(one_class_less.predict_proba(X)).all()


def test_balance_of_a_warm_start_is_that_of_its_own_rows():
    balanced = small(class_weight="balanced", warm_start=True, batch_size=8).fit(X, Y)
    weights = small(warm_start=True, batch_size=8).fit(X, Y, sample_weight=(1 / np.bincount(Y))[Y])
    for rows in (slice(None), slice(5, None)):
        balanced.fit(X[rows], Y[rows])
        weights.fit(X[rows], Y[rows], sample_weight=(1 / np.bincount(Y[rows]))[Y[rows]])
        assert_allclose(balanced.predict_proba(X), weights.predict_proba(X), rtol=1e-4)


def test_partial_fit_rejects_balanced():
    estimator = small(class_weight="balanced").fit(X, Y)
    before = dict(vars(estimator))
    with pytest.raises(ValueError, match=r"class_weight='balanced' cannot be used with partial_fit, .*Pass a dict"):
        estimator.partial_fit(X, Y)
    assert vars(estimator) == before


def test_partial_fit_takes_weights_of_classes_that_a_batch_lacks():
    rows = Y != 1
    weighted = small(class_weight={1: 4, 2: 2}).partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
    expected = small().partial_fit(X[rows], Y[rows], classes=[0, 1, 2], sample_weight=np.where(Y == 2, 2, 1)[rows])
    assert same(weighted, expected)
    only = small(class_weight={1: 4}).partial_fit(X[Y == 0], Y[Y == 0], classes=[0, 1, 2])
    assert same(only, small().partial_fit(X[Y == 0], Y[Y == 0], classes=[0, 1, 2]))


# Validation: the same loss, whatever it is measured on

CLASS_WEIGHTS = pytest.mark.parametrize("class_weight", [None, "balanced", {0: 0.1, 2: 9.0}, {1: 0}], ids=str)


@CLASS_WEIGHTS
def test_passed_and_held_out_rows_give_the_same_validation(class_weight):
    held_out = small(
        class_weight=class_weight, epochs=20, learning_rate=0.1, early_stopping=True, patience=2,
        validation_fraction=0.25, batch_size=8,
    )  # fmt: skip
    data = read_training_data(held_out, X, Y, None, continues=False)
    training, validation = hold_out(held_out, data, None, None)
    held_out.fit(X, Y)
    given = clone(held_out).fit(
        training.sequences.values, training.targets, X_val=validation.sequences.values, y_val=validation.targets
    )
    assert held_out.history_ == given.history_
    assert held_out.best_epoch_ == given.best_epoch_
    assert same(held_out, given)


@CLASS_WEIGHTS
def test_class_weights_apply_to_training_only(class_weight):
    fitted = small(class_weight=class_weight).fit(X, Y, X_val=X[::2], y_val=Y[::2])
    loss = log_loss(Y[::2], fitted.predict_proba(X[::2]))
    assert_allclose(fitted.history_["val_loss"][-1], loss, rtol=1e-5)
    assert_allclose(fitted.history_["val_accuracy"][-1], fitted.score(X[::2], Y[::2]), rtol=1e-6)


def test_sample_weights_of_held_out_rows_count():
    estimator = small(class_weight="balanced", validation_fraction=0.5)
    weights = np.arange(1, 41)
    data = read_training_data(estimator, X, Y, weights, continues=False)
    _, validation = hold_out(estimator, data, None, None)
    fitted = estimator.fit(X, Y, sample_weight=weights)
    probabilities = fitted.predict_proba(validation.sequences.values)
    loss = log_loss(validation.targets, probabilities, sample_weight=validation.weights)
    assert_allclose(fitted.history_["val_loss"][-1], loss, rtol=1e-5)
