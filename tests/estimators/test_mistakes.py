"""Warnings of common mistakes: issued where the values of X show one, and never for correct data."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, load_wine, make_classification
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRUClassifier, InputWarning, LSTMClassifier
from skrnn.datasets import fetch_imdb, fetch_mnist, load_digits, make_adding_problem, make_reviews
from skrnn.estimators.mistakes import warn_of_mistakes
from skrnn.estimators.sequences import read_new
from skrnn.preprocessing import (
    ImageToSequence,
    TabularToSequence,
    TextToSequence,
    TimeDistributed,
    from_channels_first,
)


def hint_for(X):
    """Return the message that `fit` warns with for X, or None, without training."""
    form, sequences = read_new(LSTMClassifier(), X)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_mistakes(form, sequences.values)
    assert len(caught) <= 1
    assert all(warning.category is InputWarning for warning in caught)
    return str(caught[0].message) if caught else None


def autoregressive(rng, shape, coefficient, axis=1):
    noise = np.moveaxis(rng.normal(size=shape), axis, 0)
    values = noise.copy()
    for step in range(1, len(values)):
        values[step] = coefficient * values[step - 1] + np.sqrt(1 - coefficient**2) * noise[step]
    return np.moveaxis(values, 0, axis)


def sensors(scales=(1, 1, 1), levels=(0, 0, 0), n=100, n_timesteps=60, coefficient=0.95):
    """Features that vary smoothly from step to step, each with its own scale and level."""
    values = autoregressive(np.random.default_rng(0), (n, n_timesteps, len(scales)), coefficient)
    return values * scales + levels


def channels_first(X):
    return np.swapaxes(X, 1, 2)


def flat(X):
    return X.reshape(len(X), -1)


def real(name):
    home = os.environ.get("SKRNN_DATA_HOME")
    if not home or not (Path(home) / name).is_dir():
        pytest.skip(f"needs {name} in the data home that SKRNN_DATA_HOME names")
    return Path(home) / name


def ucr(name):
    """Return the series of a set in sktime's format, each ``(n_features, n_timesteps)``."""
    series = []
    for half in ("TRAIN", "TEST"):
        lines = (real("ucr") / f"{name}_{half}.ts").read_text(encoding="utf-8").splitlines()
        start = next(number for number, line in enumerate(lines) if line.lower().startswith("@data")) + 1
        series += [
            np.array([np.array(feature.split(","), dtype=float) for feature in line.split(":")[:-1]])
            for line in lines[start:]
        ]
    return series


# Correct input: data sets, and numbers of all usual kinds

RIGHT = {}


def right(make):
    RIGHT[make.__name__] = make
    return make


@right
def bundled_digits(rng):
    images, _ = load_digits(return_X_y=True)
    yield images
    yield flat(images)
    yield flat(images) / images.max() * 16  # as in scikit-learn
    for scan in ("rows", "columns", "pixels"):
        yield ImageToSequence(scan=scan).fit_transform(images)
    for size in (2, 4):
        yield ImageToSequence(scan="patches", patch_size=size).fit_transform(images)


@right
def adding_problem(rng):
    yield make_adding_problem(300, 30, random_state=0)[0]


@right
def tables_of_scikit_learn(rng):
    yield load_iris().data
    yield StandardScaler().fit_transform(load_wine().data)
    yield StandardScaler().fit_transform(load_breast_cancer().data)
    for seed in range(3):
        yield make_classification(200, 20, n_informative=8, random_state=seed)[0]


@right
def noise_and_walks(rng):
    yield from (rng.normal(size=(200, 50)), rng.random((200, 50)), rng.normal(size=(200, 8, 300)))
    yield from (rng.random((200, 50, 5)), np.exp(rng.normal(size=(200, 50, 3))))
    yield np.cumsum(rng.normal(size=(200, 400)), axis=1)
    yield np.cumsum(rng.normal(size=(200, 200, 3)), axis=1)
    yield 0.02 * rng.standard_t(3, size=(200, 50, 2))  # returns
    yield [rng.normal(size=(length, 3)) for length in rng.integers(3, 30, 100)]


@right
def binary_and_one_hot(rng):
    yield rng.integers(0, 2, (200, 50))
    yield (rng.random((200, 50, 20)) < 0.01).astype(float)
    one_hot = np.eye(30)[np.minimum(rng.zipf(1.5, (200, 50)), 29)]
    yield one_hot
    yield np.concatenate([one_hot, rng.normal(size=(200, 50, 2))], axis=2)
    yield flat(np.eye(4)[rng.integers(0, 4, (200, 40))])


@right
def counts_ratings_and_whole_measurements(rng):
    for mean in (0.1, 1, 3, 10, 30):
        yield rng.poisson(mean, (200, 50))
        yield rng.poisson(mean, (200, 50, 4))
    yield [rng.poisson(5, length) + 1 for length in rng.integers(5, 40, 200)]
    yield rng.negative_binomial(1, 0.05, (200, 50))
    yield rng.poisson(np.exp(rng.normal(1, 1, (200, 1))), (200, 50))
    yield rng.integers(1, 6, (200, 50))
    yield [rng.integers(1, 8, length) for length in rng.integers(3, 20, 200)]
    yield from (rng.integers(0, 30, (200, 50)), rng.integers(1, 41, (200, 50)))
    yield np.abs(np.cumsum(rng.integers(-2, 3, (200, 50)), axis=1)) + 1
    wave = np.sin(2 * np.pi * np.arange(50) / 17 + 6 * rng.random((200, 1)))
    yield np.rint(32 + 20 * wave + rng.normal(size=(200, 50)))


@right
def time_deltas(rng):
    yield rng.exponential(10, (200, 50, 1))
    yield np.concatenate([rng.exponential(5, (200, 50, 1)), rng.normal(size=(200, 50, 2))], axis=2)
    yield [np.ceil(rng.exponential(12, length)) for length in rng.integers(5, 40, 200)]
    yield [np.ceil(np.exp(rng.normal(1.5, 1, length))) for length in rng.integers(5, 40, 200)]
    padded = np.ceil(rng.exponential(15, (200, 40)))
    padded[np.arange(40) >= rng.integers(5, 40, (200, 1))] = 0
    yield padded


@right
def seasons(rng):
    for period in (2, 3, 4, 7, 12, 24):
        steps, n = np.arange(8 * period), 200
        yield np.sin(2 * np.pi * steps / period + 6 * rng.random((n, 1))) + 0.1 * rng.normal(size=(n, len(steps)))
        profile = np.tile(rng.normal(size=period), 8)
        noise = 0.3 * rng.normal(size=(n, len(steps)))
        yield profile + noise
        yield profile + noise + rng.normal(size=(n, 1))
        yield np.exp(rng.normal(size=(n, 1))) * (3 + profile) + noise
        yield profile + autoregressive(rng, noise.shape, 0.7)


@right
def curves_at_each_step(rng):
    hours = 2 + np.sin(2 * np.pi * np.arange(24) / 24) - 0.6 * (np.arange(7) > 4)[:, None]
    yield hours + 0.2 * autoregressive(rng, (200, 7, 24), 0.9, axis=2) + 0.2 * rng.normal(size=(200, 7, 1))
    yield autoregressive(rng, (200, 400), 0.97).reshape(200, 8, 50)  # windows of one signal
    yield autoregressive(rng, (200, 10, 64), 0.97, axis=2)
    yield np.exp(-np.arange(64) / 20) * np.abs(autoregressive(rng, (200, 12, 64), 0.8, axis=2))
    yield np.exp(-np.arange(50) / rng.uniform(2, 8, (200, 1)))


@right
def windows_of_one_series(rng):
    for coefficient in (0.6, 0.9, 0.98):
        series = autoregressive(rng, (100, 600), coefficient)
        yield series.reshape(100, 6, 100)
        yield np.stack([series[:, start : start + 100] for start in range(0, 500, 50)], axis=1)[:, :8]
    yield np.sin(np.arange(400) / 20 + 6 * rng.random((100, 1))).reshape(100, 4, 100)


@right
def long_curves_that_all_steps_share(rng):
    day = 2 + np.sin(2 * np.pi * np.arange(96) / 96)
    yield day + 0.5 * autoregressive(rng, (100, 7, 96), 0.97, axis=2)
    yield day * rng.uniform(0.5, 2, (100, 7, 1)) + 0.2 * autoregressive(rng, (100, 7, 96), 0.97, axis=2)


@right
def smooth_images(rng):
    images = np.fft.ifft2(np.fft.fft2(rng.normal(size=(60, 64, 64))) * smooth_waves(64)).real
    images /= images.std()
    for scan, size in (("rows", 4), ("columns", 4), ("patches", 8), ("patches", 16), ("patches", 32)):
        yield ImageToSequence(scan=scan, patch_size=size).fit_transform(images)
    yield ImageToSequence(scan="patches", patch_size=(16, 64)).fit_transform(images)
    yield images[:, :6]
    yield flat(images)


def smooth_waves(n):
    """Return how much of each frequency is left of noise when it is made smooth."""
    frequencies = np.fft.fftfreq(n)
    return np.exp(-80 * (frequencies**2 + frequencies[:, None] ** 2))


@right
def next_to_nothing(rng):
    yield from (rng.integers(1, 40, (300, 1)), rng.integers(1, 40, (300, 2)), np.full((60, 12), 3.0))
    yield from (np.zeros((10, 5, 3)), rng.random((1, 10)), rng.random((30, 1)), rng.integers(1, 9, (12, 5)))


@right
def mnist(rng):
    real("mnist")
    images = fetch_mnist(return_X_y=True, download_if_missing=False)[0][:400]
    for scan in ("rows", "columns", "pixels"):
        yield ImageToSequence(scan=scan).fit_transform(images)
    yield ImageToSequence(dtype="uint8").fit_transform(images)
    for size in (2, 4, 7, 14):
        yield ImageToSequence(scan="patches", patch_size=size).fit_transform(images)
    yield flat(images) / 255


@right
def series_of_the_archive(rng):
    for name in ("GunPoint", "ArrowHead", "ItalyPowerDemand"):
        series = np.stack(ucr(name))
        yield series[:, 0]
        yield channels_first(series)
    yield channels_first(np.stack(ucr("BasicMotions")))
    yield [x.T for x in ucr("JapaneseVowels")]
    yield [x.T[:7] for x in ucr("JapaneseVowels")]


@pytest.mark.parametrize("kind", RIGHT)
def test_correct_data_give_no_warning(kind):
    for number, X in enumerate(RIGHT[kind](np.random.default_rng(0))):
        assert hint_for(X) is None, number


# Mistakes


@pytest.mark.parametrize(
    ("X", "cure"),
    [
        (sensors((1, 1000, 1)), "TimeDistributed(StandardScaler())"),
        (sensors((0.001, 1, 1)), "TimeDistributed(StandardScaler())"),
        (sensors(levels=(15, 1013, 0)), "TimeDistributed(StandardScaler())"),
        (100 * sensors((1,), (0,))[:, :, 0], "Put StandardScaler()"),
        (sensors((1, 1, 40)), "TimeDistributed(StandardScaler())"),
        ([1000 * x[: 5 + row % 7] for row, x in enumerate(sensors())], "TimeDistributed(StandardScaler())"),
        (1e-5 * sensors(), "TimeDistributed(StandardScaler())"),
        (load_wine().data, "Put StandardScaler()"),
        (load_breast_cancer().data, "Put StandardScaler()"),
        (np.random.default_rng(0).integers(1990, 2020, (50, 20)), "Put StandardScaler()"),
    ],
    ids=[
        "one large",
        "one small",
        "one far from zero",
        "table",
        "forty",
        "list",
        "all small",
        "wine",
        "cancer",
        "years",
    ],
)
def test_scale(X, cure):
    message = hint_for(X)
    assert message.startswith("The values of X are ")
    assert cure in message


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("shape", [(28, 28), (784,)])
def test_undivided_bytes(dtype, shape):
    images = np.random.default_rng(0).integers(0, 256, (50, 28, 28)).cumsum(axis=1) // 28  # smooth
    X = np.rint(255 * (images / images.max())).astype(dtype).reshape(50, *shape)
    X[:, :2] = 0
    assert "Divide bytes by 255" in hint_for(X)


def ids_of_reviews(**parameters):
    texts, _ = make_reviews(200, random_state=0)
    return TextToSequence(**parameters).fit_transform(texts)


@pytest.mark.parametrize("kind", [{}, {"max_length": 10}, {"padding": "post"}, {"max_length": None}], ids=str)
def test_token_ids_without_an_embedding(kind):
    X = ids_of_reviews(**kind)
    assert "set embedding_dim" in hint_for(X)
    assert "set embedding_dim" in hint_for([list(filter(None, row)) for row in X])
    assert "set embedding_dim" in hint_for(X[:40])


@pytest.mark.parametrize("kind", [{}, {"max_length": 20}, {"max_tokens": 500}, {"max_length": 300}], ids=str)
def test_token_ids_of_real_reviews_without_an_embedding(kind):
    real("imdb")
    texts = fetch_imdb(return_X_y=True, download_if_missing=False)[0][::50]
    X = TextToSequence(**kind).fit_transform(texts)
    assert "set embedding_dim" in hint_for(X)
    assert "set embedding_dim" in hint_for([row[row > 0] for row in X])


SENSORS = {
    "levels": sensors(levels=(0, 5, -5)),
    "scales": sensors((1, 4, 0.5)),
    "both": sensors((5, 10, 8), (20, 60, 1013)),
    "two": sensors((1, 1), (0, 3)),
    "six": sensors((1,) * 6, range(6)),
    "noisy": sensors((1, 4, 0.5), (0, 3, 9), coefficient=0.7),
    "few": sensors((1, 4, 0.5), n=30),
}


@pytest.mark.parametrize("kind", SENSORS)
def test_features_before_steps(kind):
    message = hint_for(channels_first(SENSORS[kind]))
    assert f"(n_samples, {SENSORS[kind].shape[2]}, 60)" in message
    assert "skrnn.preprocessing.from_channels_first(X)." in message


@pytest.mark.parametrize("kind", SENSORS)
def test_flat_tables(kind):
    X = SENSORS[kind]
    assert "TabularToSequence(n_steps=60)" in hint_for(flat(X))
    assert "TabularToSequence(n_steps=60, order='feature')" in hint_for(flat(channels_first(X)))


def waves(rng, shape):
    speeds, phases = rng.uniform(0.1, 0.4, (*shape[:2], 1)), 6 * rng.random((*shape[:2], 1))
    return np.sin(speeds * np.arange(shape[2]) + phases) + 0.05 * rng.normal(size=shape)


def walks(rng, shape):
    return np.cumsum(rng.normal(size=shape), axis=2)


def scaled_walks(rng, shape):
    X = walks(rng, shape)
    return (X - X.mean(axis=2, keepdims=True)) / X.std(axis=2, keepdims=True)


@pytest.mark.parametrize("shape", [(60, 3, 100), (25, 2, 80), (100, 12, 150)], ids=str)
@pytest.mark.parametrize("series", [waves, walks, scaled_walks])
def test_features_of_the_same_level_and_scale(series, shape):
    """The last axis runs on as a series does, and few series are unlike each other."""
    X = series(np.random.default_rng(0), shape)
    assert "skrnn.preprocessing.from_channels_first(X)." in hint_for(X)
    assert hint_for(channels_first(X)) is None
    if shape[1] == 3:
        n_steps = shape[2]
        assert f"TabularToSequence(n_steps={n_steps}, order='feature')" in hint_for(flat(X))
        assert f"TabularToSequence(n_steps={n_steps})" in hint_for(flat(channels_first(X)))


def test_the_cures_cure():
    X = SENSORS["both"]
    scaled = TimeDistributed(StandardScaler()).fit_transform(X)
    assert hint_for(scaled) is None
    assert hint_for(from_channels_first(channels_first(scaled))) is None
    assert hint_for(TabularToSequence(n_steps=60).fit_transform(flat(scaled))) is None
    assert hint_for(TabularToSequence(n_steps=60, order="feature").fit_transform(flat(channels_first(scaled)))) is None
    assert hint_for(StandardScaler().fit_transform(load_wine().data)) is None


def test_real_series_in_other_forms():
    motions, vowels = (
        np.stack(ucr("BasicMotions")),
        np.stack([x[:, :20] for x in ucr("JapaneseVowels") if x.shape[1] > 19]),
    )
    for X in (motions, vowels):
        assert "skrnn.preprocessing.from_channels_first(X)." in hint_for(X)
        assert f"TabularToSequence(n_steps={X.shape[2]})" in hint_for(flat(channels_first(X)))
    assert "n_steps=100, order='feature'" in hint_for(flat(motions))
    standardized = (motions - motions.mean(axis=(0, 2), keepdims=True)) / motions.std(axis=(0, 2), keepdims=True)
    assert "skrnn.preprocessing.from_channels_first(X)." in hint_for(standardized)
    assert hint_for(channels_first(standardized)) is None
    for name in ("GunPoint", "ArrowHead", "ItalyPowerDemand"):
        X = np.stack(ucr(name))
        assert "sequences of one step" in hint_for(X)
        assert "skrnn.preprocessing.from_channels_first(X)." in hint_for(X)
        assert hint_for(from_channels_first(X)) is None


@pytest.mark.parametrize("dtype", ["float64", "uint8"])
def test_one_step_of_many_features(dtype):
    X = np.ones((3, 1, 40), dtype)
    assert hint_for(X).startswith("X has the shape (n_samples, 1, 40), which is read as sequences of one step with 40")
    assert hint_for(np.ones((3, 1, 1))) is None


NUMBERS = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "huge": lambda rng, shape: 1e33 * rng.uniform(-1, 1, shape),
    "tiny": lambda rng, shape: 1e-44 * rng.normal(size=shape),
    "whole": lambda rng, shape: rng.integers(0, 60, shape),
    "large and whole": lambda rng, shape: rng.integers(1, 2**62, shape),
    "bytes": lambda rng, shape: rng.integers(0, 256, shape).astype(np.uint8),
    "few": lambda rng, shape: rng.integers(0, 2, shape),
    "constant": lambda rng, shape: np.full(shape, -7.0),
    "columns": lambda rng, shape: rng.normal(size=shape[1:]) + np.zeros(shape),
    "rows": lambda rng, shape: rng.normal(size=(shape[0], *(1 for _ in shape[1:]))) + np.zeros(shape),
}


@given(
    numbers=st.sampled_from([*NUMBERS]),
    shape=st.tuples(st.integers(1, 60), st.integers(1, 40), st.integers(1, 30)),
    form=st.sampled_from(["table", "array", "list"]),
)
def test_no_input_breaks_the_checks(numbers, shape, form):
    rng = np.random.default_rng(0)
    X = NUMBERS[numbers](rng, shape[:2] if form == "table" else shape)
    if form == "list":
        X = [x[: rng.integers(1, shape[1] + 1)] for x in X]
    hint_for(X)


# How the warning is issued


@pytest.fixture(scope="module")
def large():
    return sensors((1, 1000, 1), n=40, n_timesteps=5), np.arange(40) % 2


def warned_by(call, action="always"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        call()
    return [warning for warning in caught if warning.category is InputWarning]


def test_the_warning_points_at_the_users_code(large):
    classifier = GRUClassifier(2, epochs=1)
    pipeline = make_pipeline(TabularToSequence(n_steps=5), classifier)
    for call in (
        lambda: classifier.fit(*large),
        lambda: pipeline.fit(flat(large[0]), large[1]),
        lambda: cross_validate(classifier, *large, cv=2),
    ):
        warned = warned_by(call)
        assert {warning.filename for warning in warned} == {__file__}
        assert {warning.lineno for warning in warned} == {call.__code__.co_firstlineno}


def test_all_folds_give_the_same_message(large):
    """Python's filters then show it once per place."""
    warned = warned_by(lambda: cross_validate(GRUClassifier(2, epochs=1), *large, cv=3))
    assert len(warned) == 3
    assert len({(str(warning.message), warning.filename, warning.lineno) for warning in warned}) == 1


def test_only_a_first_fit_warns(large):
    X, y = large
    classifier = GRUClassifier(2, epochs=1, warm_start=True)
    assert len(warned_by(lambda: classifier.fit(X, y))) == 1
    assert not warned_by(lambda: classifier.fit(X, y))
    assert not warned_by(lambda: classifier.partial_fit(X, y))
    assert not warned_by(lambda: clone(classifier).partial_fit(X, y))
    assert not warned_by(lambda: classifier.predict(X))


def test_token_ids_with_an_embedding_give_no_warning():
    X = ids_of_reviews(max_length=10)[:40]
    assert not warned_by(lambda: GRUClassifier(2, epochs=1, embedding_dim=2).fit(X, np.arange(40) % 2))


def test_the_warning_can_be_an_error_or_silenced(large):
    classifier = GRUClassifier(2, epochs=1)
    before = dict(vars(classifier))
    with pytest.raises(InputWarning, match="The values of X are so large") as caught:
        classifier.fit(*large)
    assert vars(classifier) == before
    assert "warnings.filterwarnings('ignore', category=skrnn.InputWarning)" in str(caught.value)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=InputWarning)
        classifier.fit(*large)


def test_rejected_input_gives_no_warning(large):
    X, y = large
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        GRUClassifier(2, epochs=1).fit(X, y[1:])
