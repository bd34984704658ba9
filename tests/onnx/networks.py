"""Classifiers with random weights, made without training, and their ONNX models."""

from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime

from skrnn.estimators import FrozenClassifier
from skrnn.estimators.sequences import InputForm
from skrnn.network.outputs import output_for
from skrnn.network.spec import NetworkSpec

N_GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}


def random_classifier(
    kind="sequences", *, classes=("no", "perhaps", "yes"), n_features=3, scale=0.8, multilabel=False, **structure
):
    """Return a frozen classifier with random weights.

    `structure` is arguments of NetworkSpec; those of InputForm that have the same name agree with it.
    """
    structure = {"cell": "gru", "units": (4,)} | structure
    ids = kind == "token_ids"
    n_features = n_features if kind == "sequences" else 1
    given = structure.pop("vocabulary_is_given", False)
    if ids:
        structure = {"embedding_dim": 2, "vocabulary_size": 9} | structure
    spec = NetworkSpec(n_features=n_features, output=output_for(len(classes), multilabel=multilabel), **structure)
    form = InputForm(
        kind, n_features, spec.vocabulary_size, given, spec.mask_zero, static_features=spec.static_features
    )
    fitted = SimpleNamespace(classes_=np.array(classes), n_features_in_=6 if kind == "table" else n_features)
    return FrozenClassifier.of(fitted, form, spec, random_weights(spec, scale))


def random_weights(spec, scale):
    rng = np.random.default_rng(0)

    def draw(*shape):
        return rng.uniform(-scale, scale, shape).astype(np.float32)

    weights = []
    width = len(spec.recurrent_features)
    if spec.reads_ids:
        weights.append(draw(spec.vocabulary_size, spec.embedding_dim))
        width = spec.embedding_dim
    for units in spec.units:
        columns = units * N_GATES[spec.cell]
        for _ in range(1 + spec.bidirectional):
            bias = (2, columns) if spec.cell == "gru" else (columns,)
            weights += [draw(width, columns), draw(units, columns), draw(*bias)]
        width = units * (1 + spec.bidirectional)
    width += len(spec.static_features)
    if spec.batch_normalization:
        weights += [draw(width), draw(width), draw(width), draw(width) + 1]
    for units in (*spec.dense_units, spec.output.width):
        weights += [draw(width, units), draw(units)]
        width = units
    return weights


def session_of(path):
    """Check a model and open it, with one thread."""
    onnx.checker.check_model(path, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised, and need not be printed
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(session, X):
    """Return the labels and the probabilities of X."""
    (given,) = session.get_inputs()
    dtype = {"tensor(float)": np.float32, "tensor(int64)": np.int64}.get(given.type)
    return session.run(["label", "probabilities"], {"X": np.asarray(X, dtype=dtype)})
