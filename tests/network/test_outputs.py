"""What an output says about logits: in tensors as Keras computes it, in arrays without TensorFlow."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.network.outputs import Multilabel, OneLogit, Softmax, output_for

RNG = np.random.default_rng(0)
LOGITS = {1: RNG.normal(size=(40, 1)).astype(np.float32), 3: RNG.normal(size=(40, 3)).astype(np.float32)}
OUTPUTS = {
    "two classes": (OneLogit(), np.arange(40) % 2),
    "three classes": (Softmax(3), np.arange(40) % 3),
    "three labels": (Multilabel(3), RNG.integers(0, 2, (40, 3))),
}


@pytest.fixture(params=OUTPUTS)
def case(request):
    output, targets = OUTPUTS[request.param]
    return output, targets.astype(np.int32), LOGITS[output.width]


def keras_probabilities(output, logits):
    return keras.ops.convert_to_numpy(keras.activations.get(output.link)(keras.ops.convert_to_tensor(logits)))


def test_two_classes_share_one_logit():
    assert output_for(2) == OneLogit()
    assert [output_for(n).width for n in (2, 3, 10)] == [1, 3, 10]
    assert {output_for(3), Softmax(3), Softmax(4)} == {Softmax(3), Softmax(4)}
    assert output_for(2, multilabel=True) == Multilabel(2) != Softmax(2)


def test_losses_are_those_of_keras_by_name(case):
    output, targets, logits = case
    rows = targets.reshape(40, output.target_width)
    expected = keras.losses.get(output.loss)(rows.astype(np.float32), keras_probabilities(output, logits))
    assert_allclose(output.losses(targets, logits), expected, rtol=1e-5)


def test_accuracies_average_to_the_metric_of_keras(case):
    output, targets, logits = case
    model = keras.Sequential([keras.layers.Input((output.width,)), keras.layers.Activation(output.link)])
    model.compile(loss=output.loss, metrics=[output.metric()])
    expected = model.evaluate(logits, targets, verbose=0, return_dict=True)["accuracy"]
    assert 0.1 < expected < 0.9
    assert_allclose(np.mean(output.accuracies(targets, logits)), expected, rtol=1e-6)


def test_probabilities_are_those_of_keras(case):
    output, _, logits = case
    probabilities = output.probabilities(logits)
    assert probabilities.dtype == np.float32
    if not output.is_multilabel:
        assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert_allclose(probabilities[:, -output.width :], keras_probabilities(output, logits), rtol=1e-5)
    assert_allclose(np.exp(output.log_probabilities(logits)), probabilities, rtol=1e-5)


def test_accuracy_of_several_labels_is_not_that_of_the_largest():
    """By the name "accuracy" alone, Keras compares the labels with the largest values."""
    output = Multilabel(3)
    targets, logits = np.array([[1, 1, 0], [0, 0, 0]]), np.array([[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]], np.float32)
    assert_allclose(output.accuracies(targets.astype(np.int32), logits), [2 / 3, 1])


@pytest.mark.parametrize("output", [OneLogit(), Softmax(2)], ids=lambda output: type(output).__name__)
def test_logarithms_are_finite_where_probabilities_round_to_zero(output):
    logits = np.array([[200.0] * output.width], dtype=np.float32)
    logits[0, 0] = -200 if output.width == 2 else 200
    assert output.probabilities(logits).min() == 0
    assert_allclose(output.log_probabilities(logits).min(), -200 * output.width)


def test_labels_have_the_largest_probability(case):
    output, _, logits = case
    if output.is_multilabel:
        assert_array_equal(output.labels(logits, np.arange(3)), output.probabilities(logits) > 0.5)
        return
    classes = np.array(["a", "b", "c"])[: max(output.width, 2)]
    assert_array_equal(output.labels(logits, classes), classes[output.probabilities(logits).argmax(axis=1)])
    shape = (len(logits),) if output.width == 1 else logits.shape
    assert output.decision_values(logits).shape == shape


def test_importing_it_does_not_import_tensorflow():
    command = "import sys, skrnn.network.outputs; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", command], check=True)
