"""Bad input: the exception, a message that names what was wrong, and an unchanged estimator."""

from decimal import Decimal

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 5, 2)).astype(np.float32)
Y = np.arange(12) % 2
IDS = RNG.integers(1, 9, (12, 5))


def changed(array, where, value):
    array = array.copy()
    array[where] = value
    return array


LISTS = list(X)
ESTIMATOR = LSTMClassifier(3, epochs=1)
IDS_ESTIMATOR = LSTMClassifier(3, epochs=1, embedding_dim=2)
IDS_OF_TEN = LSTMClassifier(3, epochs=1, embedding_dim=2, vocabulary_size=10)


def with_params(**params):
    return LSTMClassifier(**{"units": 3, "epochs": 1, **params})


# fmt: off
AT_FIT = {
    # X
    "one dimension": (ESTIMATOR, X[:, 0, 0], Y, {}, ValueError, r"Expected 2D array, got 1D array instead"),
    "four dimensions": (ESTIMATOR, X[:, None], Y, {}, ValueError, r"Found array with dim 4\. LSTMClassifier expected at most 3: .*ImageToSequence"),
    "NaN in a table": (ESTIMATOR, changed(X[:, :, 0], (3, 2), np.nan), Y, {}, ValueError, r"Input X contains NaN"),
    "NaN inside": (ESTIMATOR, changed(X, (3, 2), np.nan), Y, {}, ValueError, r"Input X contains NaN: sequence 3 of X at step 2\. Only whole steps"),
    "NaN in one feature": (ESTIMATOR, changed(X, (3, 4, 1), np.nan), Y, {}, ValueError, r"Input X contains NaN: sequence 3 of X at step 4"),
    "NaN in a list": (ESTIMATOR, [changed(X[0], (2, 1), np.nan), *LISTS[1:]], Y, {}, ValueError, r"Input X contains NaN: sequence 0 of X at step 2"),
    "only NaN": (ESTIMATOR, changed(X, 7, np.nan), Y, {}, ValueError, r"Sequence 7 of X has no steps: all of its values are NaN"),
    "infinity": (ESTIMATOR, changed(X, (1, 1, 1), np.inf), Y, {}, ValueError, r"Input X contains infinity .*: sequence 1 of X at step 1\."),
    "infinity in a list": (ESTIMATOR, [changed(X[0], (2, 1), np.inf), X[1][:3], *LISTS[2:]], Y, {}, ValueError, r"Input X contains infinity .*: sequence 0 of X at step 2\."),
    "too large for float32": (ESTIMATOR, changed(X.astype(np.float64), (1, 1, 1), 1e300), Y, {}, ValueError, r"infinity or a value too large for dtype\('float32'\)"),
    "empty": (ESTIMATOR, X[:0], Y[:0], {}, ValueError, r"Found array with 0 sample\(s\)"),
    "empty list": (ESTIMATOR, [], [], {}, ValueError, r"Found array with 0 sample\(s\)"),
    "no steps": (ESTIMATOR, X[:, :0], Y, {}, ValueError, r"Found array with shape \(12, 0, 2\): at least one step"),
    "no features": (ESTIMATOR, X[:, :, :0], Y, {}, ValueError, r"Found array with shape \(12, 5, 0\): at least one step and one feature"),
    "zero-length sequence": (ESTIMATOR, [X[0][:0], *LISTS[1:]], Y, {}, ValueError, r"Sequence 0 of X has no steps; a minimum of 1 is required"),
    "ragged feature axis": (ESTIMATOR, [X[0], X[1][:, :1], *LISTS[2:]], Y, {}, ValueError, r"Sequence 1 of X has 1 features per step, but sequence 0 of X has 2"),
    "ragged steps": (ESTIMATOR, [[[1, 2], [3]], [[1, 2], [3, 4]]], [0, 1], {}, ValueError, r"Sequence 0 of X has steps that differ in their number of features"),
    "mixed dimensions": (ESTIMATOR, [X[0], X[1][:, 0], *LISTS[2:]], Y, {}, ValueError, r"Sequence 1 of X has one number per step, but sequence 0 of X has 2 features"),
    "strings in a table": (ESTIMATOR, np.full((12, 5), "a"), Y, {}, ValueError, r"X holds values of type <U1; expected real numbers"),
    "strings in sequences": (ESTIMATOR, np.full((12, 5, 2), "a"), Y, {}, ValueError, r"X holds values of type <U1; expected real numbers"),
    "strings in a list": (ESTIMATOR, [np.full((3, 2), "a"), *LISTS[1:]], Y, {}, ValueError, r"Sequence 0 of X holds values of type <U1; expected real numbers"),
    "texts": (ESTIMATOR, ["good", "bad"], [1, 0], {}, ValueError, r"X holds texts, .*TextToSequence"),
    "texts in an array": (ESTIMATOR, np.array(["good", "bad"]), [1, 0], {}, ValueError, r"X holds texts, .*TextToSequence"),
    "texts in a Series": (IDS_ESTIMATOR, pd.Series(["good", "bad"]), [1, 0], {}, ValueError, r"X holds texts, .*TextToSequence"),
    "complex": (ESTIMATOR, X + 1j, Y, {}, ValueError, r"Complex data not supported"),
    # token ids
    "floats for ids": (IDS_ESTIMATOR, IDS + 0.5, Y, {}, ValueError, r"embedding_dim asks for token ids, integers from 0 on, but sequence 0 of X at step 0 holds \d+\.5"),
    "strings for ids": (IDS_ESTIMATOR, np.full((12, 5), "a"), Y, {}, ValueError, r"X holds values of type <U1; expected real numbers"),
    "three-dimensional ids": (IDS_ESTIMATOR, IDS[:, :, None], Y, {}, ValueError, r"X has 3 dimensions, but embedding_dim asks for token ids"),
    "id that float32 can hold and int32 cannot": (IDS_ESTIMATOR, changed(IDS.astype(np.float32), (2, 1), 2.0**31), Y, {}, ValueError, r"Token ids must lie between 0 and 2147483647, but sequence 2 of X at step 1 holds 2147483648"),
    "the same in a padded list": (IDS_ESTIMATOR, [np.float32([np.nan, 1, 2.0**31]), np.float32([1])], [0, 1], {}, ValueError, r"but sequence 0 of X at step 2 holds 2147483648"),
    "negative id": (IDS_ESTIMATOR, changed(IDS, (2, 1), -3), Y, {}, ValueError, r"Token ids must lie between 0 and 2147483647, but sequence 2 of X at step 1 holds -3"),
    "negative id in a list": (IDS_ESTIMATOR, [[1, 2], [3, -1, 2]], [0, 1], {}, ValueError, r"but sequence 1 of X at step 1 holds -1"),
    "id outside the vocabulary": (IDS_OF_TEN, changed(IDS, (2, 1), 10), Y, {}, ValueError, r"Token ids must lie below vocabulary_size=10, but sequence 2 of X at step 1 holds 10"),
    "empty list of ids": (IDS_ESTIMATOR, [[1, 2], []], [0, 1], {}, ValueError, r"Sequence 1 of X has no steps"),
    # y and weights
    "no y": (ESTIMATOR, X, None, {}, ValueError, r"requires y to be passed, but the target y is None"),
    "y of other length": (ESTIMATOR, X, Y[:-1], {}, ValueError, r"inconsistent numbers of samples: \[12, 11\]"),
    "continuous y": (ESTIMATOR, X, Y + 0.5 * RNG.random(12), {}, ValueError, r"Unknown label type: continuous"),
    "NaN in y": (ESTIMATOR, X, changed(Y.astype(float), 0, np.nan), {}, ValueError, r"Input y contains NaN"),
    "one class only": (ESTIMATOR, X, np.full(12, "a"), {}, ValueError, r"at least 2 classes to train on, but y contains only one class: 'a'"),
    "multilabel": (ESTIMATOR, X, changed(np.eye(3)[Y], (4, 2), 1), {}, ValueError, r"read as one-hot labels, but row 4 is \[1\.0, 0\.0, 1\.0\]"),
    "weights of wrong length": (ESTIMATOR, X, Y, {"sample_weight": np.ones(11)}, ValueError, r"sample_weight.shape == \(11,\), expected \(12,\)"),
    "negative weight": (ESTIMATOR, X, Y, {"sample_weight": changed(np.ones(12), 3, -1)}, ValueError, r"Negative values in data passed to `sample_weight`"),
    "NaN weight": (ESTIMATOR, X, Y, {"sample_weight": changed(np.ones(12), 3, np.nan)}, ValueError, r"Input sample_weight contains NaN"),
    "only zero weights": (ESTIMATOR, X, Y, {"sample_weight": np.zeros(12)}, ValueError, r"Sample weights must contain at least one non-zero number|All sample weights are zero"),
    "one class left by weights": (ESTIMATOR, X, Y, {"sample_weight": Y}, ValueError, r"at least 2 classes to train on, but y contains only one class in rows of positive weight: 1"),
    # class weights
    "negative class weight": (with_params(class_weight={0: 1, 1: -2.0}), X, Y, {}, ValueError, r"class_weight\[1\] is -2\.0: expected a finite number, 0 or greater"),
    "NaN class weight": (with_params(class_weight={0: np.nan, 1: 1}), X, Y, {}, ValueError, r"class_weight\[0\] is nan: expected a finite number"),
    "infinite class weight": (with_params(class_weight={0: np.float32("inf"), 1: 1}), X, Y, {}, ValueError, r"class_weight\[0\] is np\.float32\(inf\): expected a finite number"),
    "class weight as text": (with_params(class_weight={"a": "2", "b": 1}), X, np.array(["a", "b"])[Y], {}, ValueError, r"class_weight\['a'\] is '2': expected a finite number"),
    "no class weight": (with_params(class_weight={0: 1, 1: None}), X, Y, {}, ValueError, r"class_weight\[1\] is None: expected a finite number"),
    "boolean class weight": (with_params(class_weight={0: 1, 1: True}), X, Y, {}, ValueError, r"class_weight\[1\] is True: expected a finite number"),
    "numpy boolean class weight": (with_params(class_weight={0: 1, 1: np.True_}), X, Y, {}, ValueError, r"class_weight\[1\] is np\.True_: expected a finite number"),
    "array as class weight": (with_params(class_weight={0: 1, 1: np.ones(2)}), X, Y, {}, ValueError, r"class_weight\[1\] is array\(\[1\., 1\.\]\): expected a finite number"),
    "complex class weight": (with_params(class_weight={0: 1, 1: 1j}), X, Y, {}, ValueError, r"class_weight\[1\] is 1j: expected a finite number"),
    "bad weight of a class that y lacks": (with_params(class_weight={0: 1, 1: 1, 2: -1}), X, Y, {}, ValueError, r"class_weight\[2\] is -1: expected a finite number"),
    "class weight of an unknown label": (with_params(class_weight={0: 1, 5: 2}), X, Y, {}, ValueError, r"class_weight has weights for \[5\], which are not among the classes \[0, 1\], and none for the classes \[1\]"),
    "class weight of texts for numbers": (with_params(class_weight={"0": 1, "1": 2}), X, Y, {}, ValueError, r"weights for \['0', '1'\], .* and none for the classes \[0, 1\]\. Its keys must be labels of y with the same type"),
    "class weight of numbers for texts": (with_params(class_weight={0: 1, 1: 2}), X, np.array(["a", "b"])[Y], {}, ValueError, r"weights for \[0, 1\], which are not among the classes \['a', 'b'\]"),
    "class weight of one-hot rows": (with_params(class_weight={(0, 1): 1, (1, 0): 2}), X, np.eye(2)[Y], {}, ValueError, r"weights for \[\(0, 1\), \(1, 0\)\], which are not among the classes \[0, 1\].*for one-hot y, column indices"),
    "only zero class weights": (with_params(class_weight={0: 0, 1: 0.0}), X, Y, {}, ValueError, r"class_weight is 0 for the classes of all samples"),
    "class weight zero where samples have weight": (with_params(class_weight={0: 0}), X, Y, {"sample_weight": 1 - Y}, ValueError, r"class_weight is 0 for the classes of all samples"),
    "one class left by class weights": (with_params(class_weight={0: 0}), X, Y, {}, ValueError, r"only one class in rows of positive weight: 1"),
    "list of class weights": (with_params(class_weight=[1, 2]), X, Y, {}, ValueError, r"The 'class_weight' parameter of LSTMClassifier must be an instance of 'dict', .* Got \[1, 2\] instead"),
    "array of class weights": (with_params(class_weight=np.ones(2)), X, Y, {}, ValueError, r"The 'class_weight' parameter of LSTMClassifier must be"),
    # validation data
    "X_val alone": (ESTIMATOR, X, Y, {"X_val": X}, ValueError, r"X_val and y_val go together, but y_val is missing"),
    "unknown label in y_val": (ESTIMATOR, X, Y, {"X_val": X, "y_val": Y + 1}, ValueError, r"y_val holds labels that are not among the classes \[0, 1\]: \[2\]"),
    "X_val of other features": (ESTIMATOR, X, Y, {"X_val": X[:, :, :1], "y_val": Y}, ValueError, r"X has 1 features, but LSTMClassifier is expecting 2"),
    "too few to hold out": (with_params(validation_fraction=0.01), X, Y, {}, ValueError, r"validation_fraction=0\.01 holds out 1 of 12 samples, but these and the rest need at least one"),
    # parameters
    "units=0": (with_params(units=0), X, Y, {}, ValueError, r"The 'units' parameter of LSTMClassifier must be an int in the range \[1, inf\)"),
    "units='big'": (with_params(units="big"), X, Y, {}, ValueError, r"The 'units' parameter of LSTMClassifier must be .* Got 'big' instead"),
    "units=(4, 0)": (with_params(units=(4, 0)), X, Y, {}, ValueError, r"The 'units' parameter of LSTMClassifier must be an int or a tuple of ints of at least 1.* Got \(4, 0\)"),
    "units=()": (with_params(units=()), X, Y, {}, ValueError, r"The 'units' parameter .* Got \(\) instead"),
    "dropout=1.5": (with_params(dropout=1.5), X, Y, {}, ValueError, r"The 'dropout' parameter of LSTMClassifier must be a float in the range \[0\.0, 1\.0\)"),
    "unknown pooling": (with_params(pooling="first"), X, Y, {}, ValueError, r"The 'pooling' parameter of LSTMClassifier must be a str among"),
    "unknown activation": (with_params(activation="tan"), X, Y, {}, ValueError, r"The 'activation' parameter of LSTMClassifier must be a str among"),
    "unknown cell": (RecurrentClassifier(cell="gated"), X, Y, {}, ValueError, r"The 'cell' parameter of RecurrentClassifier must be a str among"),
    "unknown optimizer": (with_params(optimizer="adamm"), X, Y, {}, ValueError, r"Unknown optimizer 'adamm'\. Did you mean 'adam'\?"),
    "optimizer of wrong kind": (with_params(optimizer=dict), X, Y, {}, ValueError, r"optimizer must be a name, a Keras optimizer class or an instance"),
    "learning_rate=-1": (with_params(learning_rate=-1), X, Y, {}, ValueError, r"The 'learning_rate' parameter of LSTMClassifier must be"),
    "epochs=0": (with_params(epochs=0), X, Y, {}, ValueError, r"The 'epochs' parameter of LSTMClassifier must be"),
    "mistyped parameter": (with_params(learnig_rate=0.1), X, Y, {}, ValueError, r"Invalid parameter 'learnig_rate' for LSTMClassifier\. Did you mean 'learning_rate'\?"),
    "mistyped prefix": (with_params(optimiser__momentum=0.9), X, Y, {}, ValueError, r"Invalid parameter 'optimiser__momentum' .* Did you mean 'optimizer__momentum'\?"),
    "foreign prefix": (with_params(model__units=3), X, Y, {}, ValueError, r"Invalid parameter 'model__units' for LSTMClassifier\. Did you mean 'units'\? Valid are optimizer__\* or callbacks__\*"),
    "mistyped routed name": (with_params(optimizer="sgd", optimizer__momentumm=0.9), X, Y, {}, ValueError, r"Invalid parameter 'optimizer__momentumm': SGD has no argument 'momentumm'\. Did you mean 'optimizer__momentum'\?"),
    "learning rate twice": (with_params(learning_rate=0.1, optimizer__learning_rate=0.2), X, Y, {}, ValueError, r"learning_rate=0\.1 and optimizer__learning_rate=0\.2 set the same argument"),
    "routed to an instance": (with_params(optimizer=keras.optimizers.SGD(), optimizer__momentum=0.9), X, Y, {}, ValueError, r"optimizer__momentum cannot be routed to an optimizer instance"),
    "routed to no callback": (with_params(callbacks__patience=3), X, Y, {}, ValueError, r"callbacks__patience matches no callback class"),
    "mistyped callback argument": (with_params(callbacks=keras.callbacks.EarlyStopping, callbacks__pacience=3), X, Y, {}, ValueError, r"EarlyStopping has no argument 'pacience'\. Did you mean 'callbacks__patience'\?"),
    "no callback": (with_params(callbacks=["early"]), X, Y, {}, TypeError, r"callbacks must be Keras callbacks or classes of them; got 'early'"),
    "class weight of wrong kind": (with_params(class_weight="even"), X, Y, {}, ValueError, r"The 'class_weight' parameter of LSTMClassifier must be"),
    "diverging": (with_params(optimizer="sgd", learning_rate=1e30, activation="linear", epochs=9), 1e10 * X, Y, {}, FloatingPointError, r"became (nan|-?inf) in epoch [0-9]: the training diverges"),
}
# fmt: on


def state_of(estimator):
    return dict(vars(estimator))


@pytest.mark.filterwarnings("ignore::skrnn.InputWarning")  # the case that diverges is also warned of
@pytest.mark.parametrize("case", AT_FIT)
def test_fit_names_what_is_wrong_and_changes_nothing(case):
    template, bad_X, bad_y, given, exception, message = AT_FIT[case]
    estimator = type(template)(**template.get_params())
    before = state_of(estimator)
    with pytest.raises(exception, match=message):
        estimator.fit(bad_X, bad_y, **given)
    assert state_of(estimator).keys() == before.keys()
    assert all(value is before[name] for name, value in state_of(estimator).items())


@pytest.fixture(scope="module")
def fitted():
    table = pd.DataFrame(X[:, :, 0], columns=list("abcde"))
    return {
        "table": SimpleRNNClassifier(3, epochs=1, random_state=0).fit(X[:, :, 0], Y),
        "data frame": SimpleRNNClassifier(3, epochs=1, random_state=0).fit(table, Y),
        "sequences": GRUClassifier(3, epochs=1, random_state=0).fit(X, Y),
        "univariate": GRUClassifier(3, epochs=1, random_state=0).fit([x[: 2 + i % 3, 0] for i, x in enumerate(X)], Y),
        "ids": LSTMClassifier(3, epochs=1, embedding_dim=2, random_state=0).fit(IDS, Y),
        "ids of ten": LSTMClassifier(3, epochs=1, embedding_dim=2, vocabulary_size=10, random_state=0).fit(IDS, Y),
    }


# fmt: off
AT_PREDICT = {
    "other number of steps": ("table", X[:, :4, 0], ValueError, r"X has 4 features, but SimpleRNNClassifier is expecting 5 features"),
    "other column names": ("data frame", pd.DataFrame(X[:, :, 0], columns=list("abcdf")), ValueError, r"feature names should match those that were passed during fit"),
    "sequences for a table": ("table", X, ValueError, r"Found array with dim 3"),
    "a table for sequences": ("sequences", X[:, :, 0], ValueError, r"X has 2 dimensions, but GRUClassifier was fitted on sequences of 2 features"),
    "other number of features": ("sequences", X[:, :, :1], ValueError, r"X has 1 features, but GRUClassifier is expecting 2 features"),
    "other number of features in a list": ("sequences", [x[:3 + i % 2, :1] for i, x in enumerate(X)], ValueError, r"X has 1 features, but GRUClassifier is expecting 2"),
    "lists of numbers for sequences": ("sequences", [x[: 2 + i % 3, 0] for i, x in enumerate(X)], ValueError, r"X has 2 dimensions, but GRUClassifier was fitted on sequences of 2 features"),
    "one sequence alone": ("sequences", X[0], ValueError, r"X has 2 dimensions, but GRUClassifier was fitted on sequences"),
    "empty": ("sequences", X[:0], ValueError, r"Found array with 0 sample\(s\)"),
    "NaN": ("sequences", changed(X, (0, 1), np.nan), ValueError, r"Input X contains NaN: sequence 0 of X at step 1"),
    "sequences for single numbers": ("univariate", X, ValueError, r"X has 2 features, but GRUClassifier is expecting 1"),
    "floats for ids": ("ids", X[:, :, 0], ValueError, r"embedding_dim asks for token ids"),
    "id outside an explicit vocabulary": ("ids of ten", changed(IDS, (2, 1), 12), ValueError, r"Token ids must lie below vocabulary_size=10, but sequence 2 of X at step 1 holds 12"),
}
# fmt: on


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "staged_predict_proba"])
@pytest.mark.parametrize("case", AT_PREDICT)
def test_predicting_names_what_is_wrong(fitted, case, method):
    form, bad_X, exception, message = AT_PREDICT[case]
    before = state_of(fitted[form])
    with pytest.raises(exception, match=message):
        list(getattr(fitted[form], method)(bad_X))
    assert state_of(fitted[form]) == before


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function", "staged_predict_proba"]
)
def test_predicting_unfitted(method):
    with pytest.raises(NotFittedError, match="This LSTMClassifier instance is not fitted yet"):
        list(getattr(LSTMClassifier(), method)(X))


def test_model_of_the_unfitted():
    with pytest.raises(NotFittedError, match="This LSTMClassifier instance is not fitted yet"):
        LSTMClassifier().model_  # noqa: B018


def test_unknown_label_in_partial_fit(fitted):
    estimator = fitted["sequences"]
    before = state_of(estimator)
    with pytest.raises(ValueError, match=r"y holds labels that are not among the classes \[0, 1\]: \[2\]"):
        estimator.partial_fit(X, Y + 1)
    with pytest.raises(ValueError, match="are not those of the first call"):
        estimator.partial_fit(X, Y, classes=[0, 1, 2])
    assert state_of(estimator) == before


def test_other_network_in_partial_fit():
    estimator = GRUClassifier(3, epochs=1).fit(X, Y).set_params(units=4)
    before = state_of(estimator)
    with pytest.raises(ValueError, match=r"same network, but units changed from \(3,\) to \(4,\)"):
        estimator.partial_fit(X, Y)
    assert state_of(estimator) == before


def test_larger_ids_than_fit_saw_are_masked_with_one_warning(fitted):
    larger = changed(IDS, (slice(None), -1), 500)
    with pytest.warns(UserWarning, match=r"X holds 12 token ids of 9 and above, which fit did not see") as warned:
        probabilities = fitted["ids"].predict_proba(larger)
    assert len(warned) == 1
    assert_array_equal(probabilities, fitted["ids"].predict_proba(IDS[:, :-1]))


@pytest.mark.parametrize("name", ["unit", "optimiser__momentum", "fit__epochs"])
def test_set_params_refuses_what_is_no_parameter(name):
    with pytest.raises(ValueError, match=f"Invalid parameter '{name}' for LSTMClassifier"):
        LSTMClassifier().set_params(**{name: 1})


RECORDS = np.array([(1, 2.0), (2, 3.0)] * 2, dtype=[("a", int), ("b", float)])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([1, "NaT", 2, 1], "m8[s]"), "Input y contains NaN: sample 1 has no label"),
        (np.full(4, np.timedelta64("NaT")), "Input y contains NaN: sample 0 has no label"),
        (pd.Series(np.array([1, 2, "NaT", 1], "m8[s]")), "Input y contains NaN: sample 2 has no label"),
        (np.array([*np.array(["2020", "NaT"] * 2, "M8[Y]")], dtype=object), "sample 1 has no label"),
        ([Decimal(1), Decimal("NaN")] * 2, "Input y contains NaN: sample 1 has no label"),
        (RECORDS, r"y is a structured array with the fields \['a', 'b'\]"),
        (pd.Series([*RECORDS], dtype=object), "y holds records such as"),
        (RECORDS.view("V16"), "y holds raw bytes"),
        ([[10**400, 0], [0, 1]] * 2, "y holds an integer that is too large for a float"),
    ],
)
def test_labels_that_are_missing_or_no_labels(y, message):
    X = np.zeros((4, 3, 1))
    X[1::2] = 1
    fitted = GRUClassifier(2, epochs=1).fit(X, [0, 1, 0, 1])
    for call in (GRUClassifier(2).fit, fitted.score, fitted.partial_fit):
        with pytest.raises(ValueError, match=message):
            call(X, y)
    with pytest.raises(ValueError, match=message):
        GRUClassifier(2).fit(X, [0, 1, 0, 1], X_val=X, y_val=y)
