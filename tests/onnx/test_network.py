"""The network in ONNX computes what NumPy does, for every structure, and refuses what `predict` refuses."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from skrnn.network import reference
from skrnn.network.activations import ACTIVATIONS
from tests.onnx.networks import random_classifier, run, session_of

RNG = np.random.default_rng(0)
FULL = RNG.normal(size=(7, 6, 3)).astype(np.float32)
N_STEPS = np.array([[0, 6], [0, 4], [3, 6], [2, 5], [0, 1], [5, 6], [2, 3]])  # first and end: padding at both edges
IS_STEP = (np.arange(6) >= N_STEPS[:, :1]) & (np.arange(6) < N_STEPS[:, 1:])
PADDED = np.where(IS_STEP[:, :, None], FULL, np.nan).astype(np.float32)
STATIC = np.where(np.arange(3) == 1, FULL[:, :1], PADDED) + 0 * PADDED
TABLE = FULL[:, :, 0]
IDS = RNG.integers(0, 9, (12, 7))
IDS[0], IDS[1], IDS[2], IDS[3] = 0, [0, 0, 3, 0, 4, 0, 0], [5, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 8]


def check(classifier, X, tmp_path):
    """Compare the model of a classifier with the classifier, for all rows and for one."""
    classifier.to_onnx(tmp_path / "model.onnx")
    session = session_of(tmp_path / "model.onnx")
    for part in (X, X[3:4]):
        labels, probabilities = run(session, part)
        assert_allclose(probabilities, classifier.predict_proba(part), rtol=0, atol=1e-5)
        assert probabilities.dtype == np.float32
        assert_array_equal(labels, classifier.predict(part))
    return session


@pytest.mark.parametrize("units", [(4,), (4, 3)], ids=str)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "bidirectional"])
@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_every_structure(cell, bidirectional, units, tmp_path):
    structure = {"cell": cell, "bidirectional": bidirectional, "units": units}
    for pooling in ("last", "mean", "max"):
        check(random_classifier(**structure, pooling=pooling), PADDED, tmp_path)
    check(random_classifier("table", **structure, classes=(3, 7)), TABLE, tmp_path)
    for mask_zero, pooling in product((True, False), ("last", "mean", "max")):
        check(random_classifier("token_ids", **structure, pooling=pooling, mask_zero=mask_zero), IDS, tmp_path)


def test_negative_and_unknown_ids_are_padding(tmp_path):
    for mask_zero in (True, False):
        classifier = random_classifier("token_ids", mask_zero=mask_zero, pooling="mean", bidirectional=True)
        classifier.to_onnx(tmp_path / "model.onnx")
        ids = IDS.copy()
        ids[4, 3:], ids[5, :2], ids[6, 2:4] = -1, -7, 99
        masked = np.where((ids < 0) | (ids > 8), -1, ids).astype(np.int32)
        logits = reference.predict_logits(classifier._spec, classifier._weights, masked)
        found = run(session_of(tmp_path / "model.onnx"), ids)[1]
        assert_allclose(found, classifier._spec.output.probabilities(logits), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name, tmp_path):
    """ONNX' operators know eight of them; the other ones are computed in a loop."""
    scale = 0.1 if name == "exponential" else 0.8  # which overflows soon
    everywhere = {"activation": name, "dense_units": (3,), "dense_activation": name, "bidirectional": True}
    number = [*ACTIVATIONS].index(name)
    for cell in ("simple_rnn", "lstm", "gru")[number % 3 :: 3]:
        check(random_classifier(cell=cell, **everywhere, pooling="mean", scale=scale), PADDED, tmp_path)
    for cell in ("lstm", "gru"):
        check(random_classifier(cell=cell, recurrent_activation=name, scale=scale), PADDED, tmp_path)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - {"exponential"}))
def test_an_activation_of_large_numbers(name, tmp_path):
    large = np.array([-1e6, -1e4, -300, -30, -3, 1], dtype=np.float32).reshape(6, 1, 1) * FULL[:1, :1]
    for cell in ("simple_rnn", "gru"):
        check(random_classifier(cell=cell, activation=name, scale=0.1), large, tmp_path)
    check(random_classifier(cell="lstm", recurrent_activation=name, scale=0.1), large, tmp_path)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_a_loop_over_tables_and_ids(cell, tmp_path):
    loop = {"cell": cell, "activation": "mish", "recurrent_activation": "hard_silu", "units": (4, 3), "scale": 0.3}
    check(random_classifier("table", **loop), TABLE, tmp_path)
    check(random_classifier("token_ids", **loop, bidirectional=True, pooling="max"), IDS, tmp_path)


def test_every_layer_between(tmp_path):
    dense = {"dense_units": (5, 4), "batch_normalization": True}
    check(random_classifier(static_features=(1,), **dense), STATIC, tmp_path)
    check(
        random_classifier(static_features=(0, 2), activation="gelu", pooling="max"), STATIC[:, :, [1, 0, 1]], tmp_path
    )
    check(random_classifier("univariate", **dense), PADDED[:, :, 0], tmp_path)
    labels = check(random_classifier("table", classes=(0, 1, 2), multilabel=True), TABLE, tmp_path).get_outputs()[0]
    assert labels.shape == ["n_samples", 3]


@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        (("no", "yes"), "string"),
        ((-5, 0, 2**40), "int64"),
        ((False, True), "bool"),
        ((0.5, 1.5), "double"),
        (np.array(["no", "yes", "ö"], dtype=object), "string"),
        (np.array([1, 2], dtype=object), "int64"),
    ],
    ids=str,
)
def test_labels_keep_their_type(classes, kind, tmp_path):
    session = check(random_classifier(classes=classes), PADDED, tmp_path)
    assert session.get_outputs()[0].type == f"tensor({kind})"


def test_labels_that_onnx_lacks(tmp_path):
    for classes, kinds in (
        (np.array([1, "a"], dtype=object), "int, str"),
        (np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]"), "date"),
        ([b"a", b"b"], "bytes"),
    ):
        with pytest.raises(TypeError, match=f"Labels of type {kinds} cannot be written to ONNX: expected texts"):
            random_classifier(classes=classes).to_onnx(tmp_path / "model.onnx")
    with pytest.raises(TypeError, match=r"ONNX has no integer as large as the label 9223372036854775808\."):
        random_classifier(classes=np.array([1, 2**63], dtype=np.uint64)).to_onnx(tmp_path / "model.onnx")
    assert not any(tmp_path.iterdir())


def test_a_run_fails_where_predict_does(tmp_path):
    def refuses(classifier, X, message):
        classifier.to_onnx(tmp_path / "model.onnx")
        with pytest.raises(InvalidArgument) as raised:
            run(session_of(tmp_path / "model.onnx"), X)
        assert f"Name:'{message}" in str(raised.value)
        if len(X):
            with pytest.raises(ValueError):  # noqa: PT011
                classifier.predict(X)

    def changed(place, value):
        X = PADDED.copy()
        X[place] = value
        return X

    numbers = random_classifier()
    refuses(numbers, changed((1, 2), np.nan), "X holds infinity, or NaN between steps.")
    refuses(numbers, changed((1, 2, 0), np.nan), "X holds infinity, or NaN between steps.")
    refuses(numbers, changed((1, 2, 0), np.inf), "X holds infinity, or NaN between steps.")
    refuses(numbers, changed(1, np.nan), "A sequence of X has no steps: all of its values are NaN.")
    refuses(numbers, PADDED[:, :0], "X holds no sequences, or no steps.")
    refuses(numbers, PADDED[:0], "X holds no sequences, or no steps.")
    refuses(random_classifier(static_features=(1,)), PADDED, "A feature in static_features changes within a sequence")
    refuses(random_classifier("table"), np.where(TABLE > 1, np.nan, TABLE), "X holds NaN or infinity.")
    given = random_classifier("token_ids", vocabulary_is_given=True)
    refuses(given, IDS + 1, "Token ids must lie below 9, the size of the vocabulary.")
    refuses(given, IDS[:, :0], "X holds no sequences, or no steps.")
