"""The warning after a training on long sequences that has learned nothing."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skrnn import GRUClassifier, SimpleRNNClassifier


def data(n_steps, n=60):
    """Noise, whose labels nothing tells."""
    random = np.random.default_rng(0)
    return random.normal(size=(n, n_steps, 1)), np.arange(n) % 2


def network(**parameters):
    """A network that cannot learn, because its learning rate is next to nothing."""
    return SimpleRNNClassifier(**{"units": 2, "epochs": 10, "learning_rate": 1e-9, "random_state": 0, **parameters})


def test_a_training_at_chance_names_what_may_help():
    with pytest.warns(ConvergenceWarning, match="PatchSequence before the classifier") as caught:
        network().fit(*data(60))
    (warning,) = caught
    assert warning.filename == __file__
    for cure in ("pooling='max'", "bidirectional=True", "optimizer__clipnorm=1.0"):
        assert cure in str(warning.message)


@pytest.mark.parametrize(
    ("X", "parameters", "weights"),
    [
        (data(40)[0], {}, None),  # short
        (data(60)[0], {"epochs": 9}, None),  # hardly trained
        (data(60)[0], {}, np.arange(1, 61)),  # shares of weighted rows mean something else
        (np.ones((60, 60), dtype=int), {"embedding_dim": 2}, None),
    ],
    ids=["short", "few epochs", "weights", "ids"],
)
def test_there_is_no_warning_where_it_would_say_little(X, parameters, weights):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        network(**parameters).fit(X, np.arange(60) % 2, weights)


def test_there_is_no_warning_where_something_was_learned():
    X, y = data(60)
    X[y == 1, -1] += 3
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        fitted = GRUClassifier(8, epochs=20, learning_rate=0.02, random_state=0).fit(X, y)
    assert fitted.score(X, y) > 0.8


def test_what_the_warning_names_helps():
    """A class that shows at the beginning only, which the last state of 200 has forgotten."""
    from skrnn.preprocessing import PatchSequence

    X, y = data(200, 100)
    X[:, :4] += 2 * np.where(y, 1, -1)[:, None, None]
    untuned = GRUClassifier(8, epochs=15, learning_rate=0.02, random_state=0)
    with pytest.warns(ConvergenceWarning):
        assert untuned.fit(X, y).score(X, y) < 0.7
    helped = untuned.set_params(pooling="max").fit(PatchSequence(10).fit_transform(X), y)
    assert helped.score(PatchSequence(10).fit_transform(X), y) > 0.9
