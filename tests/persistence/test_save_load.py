"""What is saved comes back the same, bit for bit, or is refused by its name and place."""

import datetime
import io
import json
import math
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
from collections import Counter, OrderedDict, defaultdict
from fractions import Fraction
from functools import partial
from pathlib import Path

import keras
import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler

import skrnn
from skrnn import preprocessing
from skrnn.datasets import load_digits, make_adding_problem
from skrnn.model_selection import ArchitectureComparison, OptunaSearchCV, PurgedKFold, compare_architectures
from skrnn.persistence import read_remarks
from skrnn.preprocessing import (
    ImageToSequence,
    PatchSequence,
    SequenceDifference,
    SequenceImputer,
    SequencePadder,
    SequenceResampler,
    SequenceScaler,
    TabularToSequence,
    TextToSequence,
    TimeDistributed,
)

QUICK = {"units": 2, "epochs": 1, "random_state": 0}
TEXTS = ["a good film", "a bad film", "größte Freude", "bad \ud800 and worse"]


def after_a_trip(thing, trusted=()):
    """Return what comes back, and check that saving it again gives the same bytes."""
    file, again = io.BytesIO(), io.BytesIO()
    skrnn.save(thing, file)
    file.seek(0)
    loaded = skrnn.load(file, trusted)
    skrnn.save(loaded, again)
    assert again.getvalue() == file.getvalue()
    return loaded


def refusal(thing):
    """Return the message of the error, after a check that nothing was written."""
    file = io.BytesIO()
    with pytest.raises(ValueError, match=r"^This object cannot be saved") as raised:
        skrnn.save(thing, file)
    assert not file.getvalue()
    return str(raised.value)


def scaled(X):
    return X / 2


class Doubler(StandardScaler):
    """A transformer of a user."""


@pytest.fixture(scope="module")
def data():
    return make_adding_problem(40, 5, random_state=0)


# Classifiers


OPTIMIZERS = {
    "name": {"optimizer": "rmsprop"},
    "class": {"optimizer": keras.optimizers.Lion},
    "instance": {"optimizer": keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)},
    "routed": {"optimizer": "adam", "optimizer__clipnorm": 1.0},
    "averages": {"optimizer": keras.optimizers.Adam(use_ema=True)},
    "schedule": {"learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 100)},
    "schedule in instance": {
        "optimizer": keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))
    },
    "wrapped": {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())},
}


def test_an_optimizer_of_any_kind_comes_back(data):
    X, y = data
    for parameters in OPTIMIZERS.values():
        classifier = skrnn.SimpleRNNClassifier(**QUICK, **parameters).initialize(X, y)
        loaded = after_a_trip(classifier)
        assert loaded._optimizer_spec == classifier._optimizer_spec
        np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


def test_training_continues_where_it_was(data):
    X, y = data
    classifier = skrnn.SimpleRNNClassifier(**QUICK, **OPTIMIZERS["schedule in instance"]).fit(X, y)
    loaded = after_a_trip(classifier)
    assert type(loaded) is type(classifier)
    assert loaded.history_ == classifier.history_
    for each in (classifier, loaded):
        each.partial_fit(X, y)
    np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


def with_static(X):
    return np.concatenate([X[:, :, :1], np.repeat(X[:, :1, 1:], 5, axis=1)], axis=2)


STOPPING = [keras.callbacks.EarlyStopping("loss"), keras.callbacks.TerminateOnNaN()]
KINDS = {
    "unfitted": lambda X, y: (skrnn.RecurrentClassifier(cell="gru", class_weight={0: 1.0, 1: 2.0}), X),
    "strings": lambda X, y: (
        skrnn.LSTMClassifier(**QUICK, bidirectional=True).initialize(X, np.array(["no", "yes"])[y]),
        X,
    ),
    "multilabel": lambda X, y: (
        skrnn.GRUClassifier(**QUICK, multilabel=True).initialize(X, np.column_stack([y, 1 - y])),
        X,
    ),
    "static": lambda X, y: (
        skrnn.GRUClassifier(**QUICK, static_features=[1]).initialize(with_static(X), y),
        with_static(X),
    ),
    "stopping": lambda X, y: (
        skrnn.SimpleRNNClassifier(**QUICK, callbacks=STOPPING, early_stopping=True).fit(X, y),
        X,
    ),
    "ids": lambda X, y: (
        skrnn.GRUClassifier(**QUICK, embedding_matrix=np.eye(3)).initialize([[1, 2], [2]] * 20, y),
        [[1, 2], [1]],
    ),
    "frozen": lambda X, y: (skrnn.LSTMClassifier(**QUICK, bidirectional=True).initialize(X, y).freeze(), X),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_classifier_of_any_kind_comes_back(data, make):
    classifier, X = make(*data)
    loaded = after_a_trip(classifier)
    assert [*loaded.get_params()] == [*classifier.get_params()]
    if hasattr(classifier, "classes_"):
        assert loaded.classes_.dtype == classifier.classes_.dtype
        np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
        np.testing.assert_array_equal(loaded.predict(X), classifier.predict(X))


def test_vectors_of_words_are_one_array():
    words = [f"word{number}" for number in range(5000)]
    matrix = {word: np.full(4, number, np.float32) for number, word in enumerate(words)}
    classifier = skrnn.GRUClassifier(embedding_matrix=matrix)
    file = io.BytesIO()
    skrnn.save(classifier, file)
    assert len(file.getvalue()) < 5000 * (16 + 12 + 8) + 10_000  # numbers, letters, lengths
    vectors = after_a_trip(classifier).embedding_matrix
    assert [*vectors] == words
    assert vectors["word7"].tolist() == [7, 7, 7, 7]


def test_a_vocabulary_is_one_array():
    words = [f"größe{number}" for number in range(20_000)]
    encoder = TextToSequence(None, None).fit([" ".join(words)])
    file = io.BytesIO()
    skrnn.save(encoder, file)
    assert len(file.getvalue()) < 20_000 * (12 + 8 + 8) + 10_000  # letters, lengths, ids
    loaded = after_a_trip(encoder)
    assert loaded.vocabulary_ == encoder.vocabulary_
    assert [*loaded.vocabulary_] == [*encoder.vocabulary_]


# What holds them


def same_transformation(transformer, X):
    loaded = after_a_trip(transformer.fit(X))
    expected, found = transformer.transform(X), loaded.transform(X)
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype
    assert len(found) == len(expected)
    for row, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(row, other)


def test_every_transformer_comes_back(data):
    X = data[0].copy()
    X[3, 2] = np.nan
    transformers = {
        ImageToSequence(scan="patches", patch_size=(4, 4)): load_digits().images[:5],
        PatchSequence(2): data[0],
        SequenceDifference(): data[0],
        SequenceImputer(method="linear"): X,
        SequencePadder(max_length=7): list(data[0]),
        SequenceResampler(4): data[0],
        SequenceScaler(): data[0],
        TabularToSequence(5): data[0].reshape(40, 10),
        TextToSequence(20, 4): TEXTS,
        TimeDistributed(MinMaxScaler()): data[0],
    }
    public = {getattr(preprocessing, name) for name in preprocessing.__all__}
    untested = {each.__name__ for each in public if hasattr(each, "transform")} - {
        type(each).__name__ for each in transformers
    }
    assert not untested
    for transformer, values in transformers.items():
        same_transformation(transformer, values)


def test_pipelines_and_meta_estimators_come_back(data):
    X, y = data
    per_step = ColumnTransformer(
        [("scaled", StandardScaler(), [0]), ("levels", OneHotEncoder(handle_unknown="ignore"), [1])],
        sparse_threshold=0,
        remainder="passthrough",
    )
    steps = Pipeline(
        [("per_step", TimeDistributed(per_step)), ("none", "passthrough"), ("rnn", skrnn.GRUClassifier(**QUICK))]
    )
    table = FeatureUnion([("all", "passthrough"), ("logs", FunctionTransformer(np.log1p))])
    models = [
        (steps, X),
        (make_pipeline(table, LogisticRegression()), np.abs(X.reshape(40, -1))),
        (CalibratedClassifierCV(skrnn.SimpleRNNClassifier(**QUICK), cv=2), X),
        (VotingClassifier([("a", skrnn.SimpleRNNClassifier(**QUICK)), ("b", steps)], voting="soft"), X),
    ]
    for model, values in models:
        model.fit(values, y)
        np.testing.assert_array_equal(after_a_trip(model).predict_proba(values), model.predict_proba(values))


def assert_same_results(found, expected):
    assert [*found] == [*expected]
    for name, values in expected.items():
        assert type(found[name]) is type(values), name
        assert repr(found[name]) == repr(values), name


def test_a_grid_search_comes_back(data):
    X, y = data
    search = GridSearchCV(
        skrnn.SimpleRNNClassifier(**QUICK),
        {"units": [1, (2, 1)], "bidirectional": [False]},
        cv=StratifiedKFold(2),
        scoring={
            "auc": make_scorer(roc_auc_score, response_method="predict_proba"),
            "accuracy": get_scorer("accuracy"),
        },
        refit="auc",
    ).fit(X, y)
    loaded = after_a_trip(search)
    assert_same_results(loaded.cv_results_, search.cv_results_)
    assert loaded.best_params_ == search.best_params_
    assert loaded.score(X, y) == search.score(X, y)
    np.testing.assert_array_equal(loaded.predict_proba(X), search.predict_proba(X))


@pytest.fixture(scope="module")
def search(data):
    X, y = data
    space = {"units": optuna.distributions.CategoricalDistribution([1, 2]), "learning_rate": (1e-3, 1e-1)}
    space["learning_rate"] = optuna.distributions.FloatDistribution(1e-3, 1e-1, log=True)
    search = OptunaSearchCV(
        skrnn.SimpleRNNClassifier(**QUICK),
        space,
        n_trials=3,
        cv=PurgedKFold(2, gap=0),
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.MedianPruner(),
        random_state=0,
    )
    return search.fit(X, y)


def test_an_optuna_search_comes_back(data, search):
    loaded = after_a_trip(search)
    assert_same_results(loaded.cv_results_, search.cv_results_)
    assert loaded.trials_ == search.trials_
    assert loaded.study_.best_trial == search.study_.best_trial
    assert loaded.param_distributions == search.param_distributions
    np.testing.assert_array_equal(loaded.predict_proba(data[0]), search.predict_proba(data[0]))


def test_a_storage_that_cannot_be_saved_is_named(search):
    before = search.storage
    try:
        search.set_params(storage=optuna.storages.InMemoryStorage())
        assert "an open InMemoryStorage. search.set_params(storage=None)" in refusal(search)
        search.set_params(storage="postgresql://alice:S3CRET@db/studies")
        message = refusal(search)
    finally:
        search.set_params(storage=before)
    assert "contains a password" in message
    assert "S3CRET" not in message


def test_a_comparison_comes_back(data):
    X, y = data
    architectures = {"a": skrnn.SimpleRNNClassifier(**QUICK), "b": LogisticRegression()}
    comparison = compare_architectures(
        {"a": architectures["a"], "b": skrnn.GRUClassifier(**QUICK)}, X, y, cv=2, random_state=0
    )
    loaded = after_a_trip(comparison)
    assert isinstance(loaded, ArchitectureComparison)
    for table in ("to_frame", "summary", "pairwise", "histories"):
        assert getattr(loaded, table)().equals(getattr(comparison, table)())
    assert loaded.conclusion() == comparison.conclusion()


# Any value


VALUES = [
    {1: "a", None: 3, (1, 2): 4, "1": 5, 2.5: 6, b"x": 7},
    {False: 1},
    OrderedDict(b=1, a=[2]),
    defaultdict(list, {"a": [1]}),
    (1, [2, (3,)], {4}, frozenset({5})),
    np.float32(0.1),
    np.str_("ä"),
    np.datetime64("2026-11-25"),
    np.array([1, "a", None], dtype=object),
    np.array([[1, 2], [[3], 4]], dtype=object),
    np.array(5, dtype=object),
    np.array(["a", "ü"]),
    np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.ma.masked_array([1.5, 2.5], [True, False], fill_value=-1),
    np.ma.masked_array(np.array([1, "x"], dtype=object), [True, False]),
    [np.float64(0.25), np.float64(0.5)],
    [np.arange(3), np.arange(3)],
    (np.zeros(0), np.zeros((0, 4))),
    np.dtype(">i2"),
    np.int8,
    np.add,
    range(1, 9, 2),
    slice(None, 3),
    1 + 2j,
    [math.inf, -0.0, 10**40, "\x00\n\ud800"],
    [f"{number}" for number in range(2000)],
    list(range(2000)),
    [*range(2000), 2**64],
    [0.1] * 2000,
    [[1, "a"]] * 2000,
    b"\x00\xff",
    bytearray(b"abc"),
    partial(np.power, 2),
    datetime.datetime(2026, 11, 25, 12, 30, tzinfo=datetime.UTC),
    datetime.timedelta(days=1, microseconds=3),
    Path("a") / "b",
    optuna.trial.TrialState.PRUNED,
    get_scorer("roc_auc"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_with_its_type(value):
    loaded = after_a_trip(value)
    assert type(loaded) is type(value)
    assert repr(loaded) == repr(value)
    if isinstance(value, np.ndarray):
        assert loaded.dtype == value.dtype
        assert loaded.shape == value.shape


_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3)
_keys = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.tuples(st.integers())


@given(st.recursive(_leaves, lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(_keys, inner)))
def test_nested_values_come_back(value):
    assert repr(after_a_trip(value)) == repr(value)


def test_random_states_continue_where_they_were():
    for random in (np.random.RandomState(3), np.random.default_rng(3), np.random.Generator(np.random.MT19937(1))):
        random.random(5)
        loaded = after_a_trip(random)
        np.testing.assert_array_equal(loaded.random(4), random.random(4))
    generator = np.random.default_rng(3)
    loaded = after_a_trip(generator)
    assert loaded.spawn(1)[0].random() == generator.spawn(1)[0].random()


def test_sparse_matrices_come_back():
    dense = np.array([[0, 1.5], [2, 0], [0, 0]])
    for make in (sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix):
        loaded = after_a_trip(make(dense))
        assert type(loaded) is make
        np.testing.assert_array_equal(loaded.toarray(), dense)
    assert "convert it with .tocsr()" in refusal(sparse.lil_matrix(dense))


def test_one_object_in_several_places_is_one_object_again():
    shared, scaler = np.arange(5), StandardScaler()
    loaded = after_a_trip([shared, {"a": shared}, (scaler, [scaler])])
    assert loaded[0] is loaded[1]["a"]
    assert loaded[2][0] is loaded[2][1][0]


# What is refused


def test_what_cannot_be_loaded_is_refused_by_name_and_place(tmp_path):
    itself = [StandardScaler()]
    itself.append(itself)
    deep = StandardScaler()
    for _ in range(2000):
        deep = [deep]

    class Local(StandardScaler):
        pass

    cases = {
        "analyzer is the function": TextToSequence(analyzer=lambda text: text.split()),
        "steps[1][1].callbacks[0] is the class": Pipeline(
            [("a", "passthrough"), ("b", skrnn.GRUClassifier(callbacks=[Local]))]
        ),
        "Local. A file holds only its name": Local(),
        "[1] is a list that contains itself": itself,
        "nested too deeply": deep,
        "['a'] is an object of fractions.Fraction, which is pickled in its own way": {"a": Fraction(1, 2)},
        "[0] is the class builtins.generator": [(number for number in range(3))],
        "an object of collections.Counter, whose contents would be lost": Counter("aab"),
        "elements of the type": np.zeros(2, np.dtype("u1", metadata={"scale": 255})),
        "the function": [tmp_path.joinpath],
        "the function int.from_bytes": [int.from_bytes],
    }
    for expected, thing in cases.items():
        message = refusal(thing)
        assert expected in message


def test_other_types_are_refused_by_name_until_they_are_trusted(tmp_path):
    path = tmp_path / "model.skrnn"
    skrnn.save([Doubler(), FunctionTransformer(scaled)], path)
    names = [f"{__name__}.Doubler", f"{__name__}.scaled"]
    with pytest.raises(ValueError, match="was not loaded") as raised:
        skrnn.load(path)
    assert str(raised.value) == (
        f"{path} was not loaded: it contains {', '.join(names)}, which may run code that the file chooses. If you know "
        f"them and trust the file, pass trusted={names}."
    )
    for trusted in (names, [Doubler, scaled], (name for name in names)):
        doubler, transformer = skrnn.load(path, trusted)
        assert type(doubler) is Doubler
        assert transformer.func is scaled
    for wrong in ("name", Doubler, 3, [3]):
        with pytest.raises(TypeError, match="trusted must be a list of types or of their full names"):
            skrnn.load(path, wrong)


def test_trees_are_trusted_only_by_name(data):
    X, y = data[0].reshape(40, -1), data[1]
    forest = RandomForestClassifier(3, max_depth=2, random_state=0).fit(X, y)
    file = io.BytesIO()
    skrnn.save(forest, file)
    file.seek(0)
    with pytest.raises(ValueError, match=r"it contains sklearn.tree._tree.Tree.*without bounds checking"):
        skrnn.load(file)
    file.seek(0)
    loaded = skrnn.load(file, ["sklearn.tree._tree.Tree"])
    np.testing.assert_array_equal(loaded.predict_proba(X), forest.predict_proba(X))


# Files


def test_remarks_come_back(tmp_path):
    path = tmp_path / "a.skrnn"
    skrnn.save(StandardScaler(), path, remarks={"columns": ("a", 1), "levels": {True: [np.float32(2)]}})
    assert read_remarks(path) == {"columns": ("a", 1), "levels": {True: [2.0]}}
    skrnn.save(StandardScaler(), str(path))
    assert read_remarks(str(path)) == {}


def test_the_permissions_are_those_of_open(tmp_path):
    before = os.umask(0o027)
    try:
        skrnn.save(StandardScaler(), tmp_path / "new")
        (tmp_path / "plain").touch()
        (tmp_path / "old").touch(mode=0o604)
        (tmp_path / "old").chmod(0o604)
        (tmp_path / "link").symlink_to("old")
        skrnn.save(StandardScaler(), tmp_path / "link")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o604
    assert (tmp_path / "link").is_symlink()
    assert type(skrnn.load(tmp_path / "old")) is StandardScaler
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "new", "old", "plain"]


def test_a_device_or_a_pipe_is_written_directly(tmp_path):
    skrnn.save(StandardScaler(), "/dev/null")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    skrnn.save(StandardScaler(), pipe)
    reader.join()
    assert type(skrnn.load(io.BytesIO(read[0]))) is StandardScaler
    assert pipe.is_fifo()


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.skrnn"
    skrnn.save(StandardScaler(), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="cannot be saved"):
        skrnn.save([np.zeros(100), lambda: 0], path)
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]
    with pytest.raises(IsADirectoryError, match="is a folder: add the name of a file"):
        skrnn.save(StandardScaler(), tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nothing was written: .*missing/a.skrnn"):
        skrnn.save(StandardScaler(), tmp_path / "missing" / "a.skrnn")


@pytest.mark.skipif(sys.platform != "linux", reason="needs limits of the size of files")
def test_a_full_disk_names_the_path_and_leaves_the_old_file(tmp_path):
    """A limit of the size of files stands in for the disk: the same call fails, with another number."""
    path = tmp_path / "a.skrnn"
    skrnn.save(StandardScaler(), path)
    before = path.read_bytes()
    signals = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large; nothing was written") as raised:
            skrnn.save([np.zeros(10**6)], path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, signals)
    assert raised.value.filename == str(path)
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def test_what_needs_no_tensorflow_is_loaded_without_it(data, tmp_path):
    X, y = data
    labels = np.array(["no", "yes"])[y]
    steps = make_pipeline(SequenceScaler(), skrnn.GRUClassifier(**QUICK)).fit(X, labels)
    texts = make_pipeline(TextToSequence(20, 4), skrnn.GRUClassifier(**QUICK, embedding_dim=2)).fit(
        TEXTS[:3], [0, 1, 1]
    )
    comparison = ArchitectureComparison(
        architectures=("a",),
        metric_scores={"accuracy": np.array([[0.5, 0.75]])},
        **{name: np.zeros(2, int) for name in ("repeats", "folds", "n_train", "n_test")},
        finished=np.ones((1, 2), bool),
        **{name: np.ones((1, 2)) for name in ("fit_seconds", "score_seconds", "latency_seconds")},
        **{name: np.ones((1, 2)) for name in ("n_parameters", "n_epochs")},
        curves=(({}, {}),),
    )
    things = {"steps": skrnn.freeze(steps), "texts": skrnn.freeze(texts), "comparison": comparison}
    skrnn.save(things, tmp_path / "a.skrnn", remarks={"X": X, "texts": TEXTS[:3]})
    program = (
        "import sys, json, skrnn\n"
        "from skrnn.persistence import read_remarks\n"
        "things, given = skrnn.load(sys.argv[1]), read_remarks(sys.argv[1])\n"
        "steps, texts, comparison = things.values()\n"
        "print(json.dumps([steps.predict_proba(given['X']).tolist(), steps.classes_.tolist(),\n"
        "                  texts.predict_proba(given['texts']).tolist(), comparison.scores.tolist(),\n"
        "                  [name for name in ('tensorflow', 'keras') if name in sys.modules]]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "a.skrnn"], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    expected = [
        things["steps"].predict_proba(X).tolist(),
        ["no", "yes"],
        things["texts"].predict_proba(TEXTS[:3]).tolist(),
        [[0.5, 0.75]],
        [],
    ]
    assert json.loads(done.stdout) == expected


def test_a_pickle_is_no_saved_file(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(StandardScaler()))
    with pytest.raises(ValueError, match=r"could not be loaded: it is no file of skrnn\.save"):
        skrnn.load(path)
