"""Pretrained word vectors: matched by word, in every fold, and frozen on every path."""

import copy
import pickle
import warnings

import keras
import numpy as np
import optuna
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier, InputWarning
from skrnn.model_selection import OptunaSearchCV, compare_architectures, search_space
from skrnn.model_selection.fingerprint import fingerprint
from skrnn.network import network as network_module
from skrnn.preprocessing import TextToSequence, TokenIds

GOOD, BAD = ["good", "great", "fine", "superb", "lovely"], ["bad", "awful", "poor", "dull", "dreadful"]
rng = np.random.default_rng(0)
Y = np.arange(40) % 2
TEXTS = [" ".join([*rng.choice(["the", "film", "was", "a"], 3), rng.choice(GOOD if label else BAD)]) for label in Y]
WORDS = ["the", "film", "was", "a", *GOOD, *BAD]
VECTORS = {word: rng.normal(size=3) for word in WORDS}
for word in GOOD + BAD:
    VECTORS[word][0] = 2.0 if word in GOOD else -2.0  # the meaning, which no training set shows of every word
IDS = TextToSequence(max_length=5).fit_transform(TEXTS)
ARRAY = rng.normal(size=(20, 3)).astype(np.float32)


def network(**parameters):
    return GRUClassifier(**{"units": 3, "epochs": 2, "random_state": 0} | parameters)


def embedding_of(classifier):
    return classifier._state.weights[0]


@pytest.fixture
def glove(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{word} {' '.join(map(repr, map(float, vector)))}\n" for word, vector in VECTORS.items()))
    return path


class Gensim:
    """What gensim's KeyedVectors offers."""

    def __init__(self, vectors):
        self.key_to_index = {word: number for number, word in enumerate(vectors)}
        self.vectors = np.stack([*vectors.values()])

    def __getitem__(self, word):
        return self.vectors[self.key_to_index[word]]

    def __contains__(self, word):
        return word in self.key_to_index

    def __len__(self):
        return len(self.key_to_index)


# Where the vectors come from


@pytest.mark.parametrize("source", ["dict", "lists", "gensim", "path", "str"])
@pytest.mark.parametrize("max_length", [5, None])
def test_vectors_are_found_by_word(source, max_length, glove):
    matrix = {
        "dict": VECTORS, "lists": {word: vector.tolist() for word, vector in VECTORS.items()},
        "gensim": Gensim(VECTORS), "path": glove, "str": str(glove),
    }[source]  # fmt: skip
    X = TextToSequence(max_length=max_length).fit_transform(TEXTS)
    classifier = network(embedding_matrix=matrix, embedding_trainable=False).fit(X, Y)
    embedding = embedding_of(classifier)
    assert embedding.shape == (len(WORDS) + 4, 3)
    for word, id_ in X.vocabulary.items():
        assert_array_equal(embedding[id_], VECTORS[word].astype(np.float32))
    assert classifier.n_pretrained_ == len(WORDS)


def test_row_i_of_an_array_is_the_vector_of_id_i():
    classifier = network(embedding_matrix=ARRAY, embedding_trainable=False).fit(np.asarray(IDS), Y)
    assert_array_equal(embedding_of(classifier), ARRAY)
    assert classifier.n_pretrained_ == 20
    as_lists = network(embedding_matrix=ARRAY.tolist(), embedding_trainable=False).fit(IDS, Y)
    assert_array_equal(as_lists.predict_proba(IDS), classifier.predict_proba(IDS))


def test_words_without_a_vector_keep_their_random_start():
    some = {word: vector for word, vector in VECTORS.items() if word != "film"}
    with_some = network(embedding_matrix=some, embedding_trainable=False).fit(IDS, Y)
    id_ = IDS.vocabulary["film"]
    start = embedding_of(network(embedding_dim=3, vocabulary_size=len(WORDS) + 4).initialize(IDS, Y))
    assert with_some.n_pretrained_ == len(WORDS) - 1
    assert_array_equal(embedding_of(with_some)[id_], start[id_])
    assert_array_equal(embedding_of(with_some)[:4], start[:4])  # padding, start and unknown words
    assert (start[id_] != 0).any()


def test_training_starts_from_the_vectors_and_moves_them():
    classifier = network(embedding_matrix=VECTORS)
    before = embedding_of(classifier.initialize(IDS, Y))
    assert_array_equal(before[IDS.vocabulary["film"]], VECTORS["film"].astype(np.float32))
    after = embedding_of(classifier.fit(IDS, Y))
    moved = np.abs(after - before).max(axis=1)[[*IDS.vocabulary.values()]]
    assert moved.min() > 0
    assert moved.max() < 0.2


def test_meaning_that_the_training_texts_do_not_show():
    """Words that occur in the test texts only are unknown to every vocabulary, except by their vectors."""
    seen = [row for row, text in enumerate(TEXTS) if text.split()[-1] in (*GOOD[:4], *BAD[:4])]
    encoder = TextToSequence(max_length=5).fit([*TEXTS])
    X_train, X_test = encoder.transform([TEXTS[row] for row in seen]), encoder.transform([GOOD[4], BAD[4]])
    classifier = network(embedding_matrix=VECTORS, embedding_trainable=False, epochs=60, learning_rate=0.02)
    assert classifier.fit(X_train, Y[seen]).predict(X_test).tolist() == [1, 0]


# Frozen


class OnBatches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        assert not self.model.get_layer("embedding").trainable


PATHS = {
    "compiled": ({}, 0),
    "plain": ({}, 10**6),
    "Keras' own loop": ({"activation": "softsign"}, 0),
    "weight decay": ({"optimizer": "adamw", "optimizer__weight_decay": 0.1}, 0),
    "averages": ({"optimizer__use_ema": True, "optimizer__ema_momentum": 0.5}, 0),
    "accumulation": ({"optimizer__gradient_accumulation_steps": 2}, 10**6),
    "schedule-free": ({"optimizer": "ScheduleFreeAdamW"}, 10**6),
    "global norm": ({"optimizer": "sgd", "optimizer__global_clipnorm": 0.1}, 10**6),
    "early stopping": ({"early_stopping": True, "patience": 1, "epochs": 4}, 10**6),
    "a callback that looks at batches": ({"callbacks": OnBatches}, 10**6),
}  # fmt: skip


@pytest.mark.parametrize(("parameters", "steps"), PATHS.values(), ids=PATHS)
def test_frozen_vectors_do_not_move(parameters, steps, monkeypatch):
    monkeypatch.setattr(network_module, "_STEPS_WORTH_COMPILING", steps)
    classifier = network(embedding_matrix=ARRAY, embedding_trainable=False, batch_size=8, **parameters)
    dense = classifier.initialize(IDS, Y)._state.weights[-2]
    classifier.fit(IDS, Y)
    assert_array_equal(embedding_of(classifier), ARRAY)
    assert (classifier._state.weights[-2] != dense).all()
    model = classifier.model_
    assert not model.get_layer("embedding").trainable
    assert classifier.n_parameters_ == model.count_params() == sum(w.size for w in classifier._state.weights)
    assert model.count_params() - sum(np.prod(v.shape) for v in model.trainable_variables) == ARRAY.size


def test_a_pool_of_networks_does_not_mix_frozen_and_trained():
    frozen = network(embedding_matrix=ARRAY, embedding_trainable=False)
    trained = network(embedding_matrix=ARRAY)
    for _ in range(2):
        assert_array_equal(embedding_of(frozen.fit(IDS, Y)), ARRAY)
        assert (embedding_of(trained.fit(IDS, Y)) != ARRAY).any()


def test_a_callback_may_freeze_and_release_other_layers():
    class Freeze(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.get_layer("gru_0").trainable = epoch > 0

    classifier = network(embedding_matrix=ARRAY, embedding_trainable=False, epochs=1, callbacks=Freeze)
    start = classifier.initialize(IDS, Y)._state.weights
    weights = classifier.fit(IDS, Y)._state.weights
    assert_array_equal(weights[0], ARRAY)
    assert_array_equal(weights[1], start[1])
    assert (weights[-2] != start[-2]).any()
    again = network(embedding_matrix=ARRAY, embedding_trainable=False, epochs=1).fit(IDS, Y)._state.weights
    assert (again[1] != start[1]).any()
    assert_array_equal(again[0], ARRAY)


def test_the_stock_model_keeps_the_vectors(tmp_path):
    classifier = network(embedding_matrix=VECTORS, embedding_trainable=False).fit(IDS, Y)
    classifier.model_.save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    assert not model.get_layer("embedding").trainable
    ids = np.asarray(IDS)
    assert_allclose(model.predict(ids, verbose=0)[:, 0], classifier.predict_proba(ids)[:, 1], rtol=1e-5)
    model.fit(ids, Y, verbose=0)
    assert_array_equal(model.get_layer("embedding").get_weights()[0], embedding_of(classifier))


# The vocabulary


def test_ids_of_another_vocabulary_are_refused():
    other = TextToSequence(max_length=5).fit_transform([*TEXTS[:20], "another word"] * 2)[: len(TEXTS)]
    for classifier in (network(embedding_matrix=VECTORS), network(embedding_dim=3)):
        classifier.fit(IDS, Y)
        expected = classifier.predict_proba(IDS)
        for call in (
            lambda c=classifier: c.predict(other),
            lambda c=classifier: c.freeze().predict(other),
            lambda c=classifier: [*c.staged_predict_proba(other)],
            lambda c=classifier: c.partial_fit(other, Y),
            lambda c=classifier: clone(c).fit(IDS, Y, X_val=other, y_val=Y),
        ):
            with pytest.raises(ValueError, match=r"another vocabulary than the one that \w+ was fitted on"):
                call()
        assert_array_equal(classifier.predict_proba(IDS), expected)
        assert_array_equal(classifier.predict_proba(np.asarray(IDS)), expected)
        assert_array_equal(classifier.predict_proba([*IDS]), expected)


@pytest.mark.parametrize("matrix", ["dict", "path"])
@pytest.mark.parametrize(
    "X", [np.asarray(IDS), np.asarray(IDS).tolist(), pd.DataFrame(np.asarray(IDS))], ids=["array", "list", "frame"]
)
def test_words_cannot_be_found_for_ids_alone(matrix, X, glove):
    with pytest.raises(ValueError, match=r"TextToSequence in a pipeline.*TokenIds\(X, vocabulary\)"):
        network(embedding_matrix=VECTORS if matrix == "dict" else glove).fit(X, Y)


def test_ids_of_another_program_with_their_words():
    vocabulary = {"film": 1, "good": 2, "bad": 5}
    X = TokenIds([[1, 2], [1, 5], [2, 0], [5, 0]], vocabulary)
    classifier = network(embedding_matrix=VECTORS, embedding_trainable=False).fit(X, [1, 0, 1, 0])
    assert embedding_of(classifier).shape == (6, 3)
    assert_array_equal(embedding_of(classifier)[5], VECTORS["bad"].astype(np.float32))
    larger = network(embedding_matrix=VECTORS, vocabulary_size=10).fit(X, [1, 0, 1, 0])
    assert embedding_of(larger).shape == (10, 3)
    rows = [X[0], X[1], X[2][:1], X[3][:1]]
    assert_array_equal(classifier.predict_proba(rows), classifier.predict_proba(X))


# In pipelines and searches


def pipeline(**parameters):
    return make_pipeline(TextToSequence(max_length=5), network(**parameters))


def test_each_fold_finds_the_words_of_its_own_vocabulary(glove):
    folds = StratifiedKFold(4)
    results = {}
    for name, matrix in {"dict": VECTORS, "path": glove}.items():
        results[name] = cross_validate(
            pipeline(embedding_matrix=matrix, embedding_trainable=False), TEXTS, Y, cv=folds, return_estimator=True
        )
        for fitted in results[name]["estimator"]:
            vocabulary, embedding = fitted[0].vocabulary_, embedding_of(fitted[1])
            assert all((embedding[id_] == VECTORS[word].astype(np.float32)).all() for word, id_ in vocabulary.items())
    assert_array_equal(results["dict"]["test_score"], results["path"]["test_score"])


@pytest.mark.long
def test_processes_and_threads_give_the_same_folds():
    scores = [
        cross_validate(pipeline(embedding_matrix=VECTORS), TEXTS, Y, cv=3, n_jobs=n_jobs)["test_score"]
        for n_jobs in (1, 2)
    ]
    assert_array_equal(*scores)
    on_ids = [cross_validate(network(embedding_matrix=VECTORS), IDS, Y, cv=3, n_jobs=n)["test_score"] for n in (1, 2)]
    assert_array_equal(*on_ids)


def test_comparisons_in_two_processes():
    estimators = {name: pipeline(embedding_matrix=VECTORS, units=units) for name, units in (("a", 2), ("b", 3))}
    comparison = compare_architectures(estimators, TEXTS, Y, cv=2, n_jobs=2, baselines=True)
    assert "bag of words" in str(comparison)
    estimators = {"a": network(embedding_matrix=VECTORS), "b": network(embedding_matrix=ARRAY)}
    on_ids = compare_architectures(estimators, IDS, Y, cv=2, n_jobs=2, baselines=True)
    assert "bag of words" in str(on_ids)  # not a forest on ids as if they were measurements


def test_searches():
    grid = GridSearchCV(
        pipeline(), {"gruclassifier__embedding_matrix": [VECTORS], "gruclassifier__units": [2, 3]}, cv=2
    )
    assert embedding_of(grid.fit(TEXTS, Y).best_estimator_[1]).shape == (len(WORDS) + 4, 3)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = OptunaSearchCV(
        pipeline(embedding_matrix=VECTORS, embedding_trainable=False), n_trials=2, cv=2, random_state=0
    )
    search.fit(TEXTS, Y)
    assert "gruclassifier__embedding_dim" not in search.best_params_
    best = search.best_estimator_
    assert_array_equal(embedding_of(best[1])[best[0].vocabulary_["film"]], VECTORS["film"].astype(np.float32))
    search = OptunaSearchCV(network(embedding_matrix=VECTORS, epochs=1), n_trials=1, cv=2, random_state=0).fit(IDS, Y)
    assert search.best_estimator_.n_pretrained_ == len(WORDS)


def test_the_default_space_leaves_the_width_to_the_vectors():
    assert {"embedding_dim", "pooling"} <= search_space(network(embedding_dim=3)).keys()
    with_vectors = search_space(network(embedding_matrix=VECTORS)).keys()
    assert "pooling" in with_vectors
    assert "embedding_dim" not in with_vectors
    assert "embedding_dim" not in search_space(network(embedding_matrix=ARRAY, embedding_dim=3))


def test_validation_early_stopping_and_rows_of_weight_zero():
    held_out = network(embedding_matrix=VECTORS, validation_fraction=0.2, early_stopping=True).fit(IDS, Y)
    assert "val_loss" in held_out.history_
    weights = np.where(np.arange(40) < 30, 1.0, 0.0)
    dropped = network(embedding_matrix=VECTORS).fit(IDS, Y, sample_weight=weights)
    first = network(embedding_matrix=VECTORS).fit(IDS[:30], Y[:30])
    assert_array_equal(dropped.predict_proba(IDS), first.predict_proba(IDS))


# Continuing


@pytest.mark.parametrize("matrix", ["dict", "path", "array"])
def test_partial_fit_is_fit_in_parts(matrix, glove):
    matrix = {"dict": VECTORS, "path": glove, "array": ARRAY}[matrix]
    whole = network(embedding_matrix=matrix, epochs=3).fit(IDS, Y)
    parts = network(embedding_matrix=matrix)
    for _ in range(3):
        parts.partial_fit(IDS, Y)
    for one, other in zip(whole._state.weights, parts._state.weights, strict=True):
        assert_array_equal(one, other)
    assert parts.n_pretrained_ == whole.n_pretrained_
    warm = network(embedding_matrix=matrix, epochs=1, warm_start=True).fit(IDS, Y).set_params(epochs=2).fit(IDS, Y)
    assert_array_equal(embedding_of(warm), embedding_of(whole))


CHANGES = {
    "other vectors": {"embedding_matrix": {word: -vector for word, vector in VECTORS.items()}},
    "an array": {"embedding_matrix": ARRAY},
    "no vectors": {"embedding_matrix": None},
    "a random embedding": {"embedding_matrix": None, "embedding_dim": 3},
    "a larger vocabulary": {"vocabulary_size": 100},
    "no mask": {"mask_zero": False},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_continuing_with_other_vectors_is_refused(change):
    classifier = network(embedding_matrix=VECTORS, warm_start=True).fit(IDS, Y)
    before = classifier.predict_proba(IDS)
    classifier.set_params(**change)
    for call in (classifier.fit, classifier.partial_fit):
        with pytest.raises(ValueError, match="warm_start and partial_fit continue training the same network"):
            call(IDS, Y)
    assert_array_equal(classifier.predict_proba(IDS), before)
    plain = network(embedding_dim=3, warm_start=True).fit(IDS, Y).set_params(embedding_matrix=VECTORS)
    with pytest.raises(ValueError, match="embedding_matrix changed"):
        plain.fit(IDS, Y)


def test_the_embedding_can_be_trained_after_the_rest():
    classifier = network(embedding_matrix=VECTORS, embedding_trainable=False, warm_start=True).fit(IDS, Y)
    frozen = embedding_of(classifier)
    classifier.set_params(embedding_trainable=True).fit(IDS, Y)
    assert classifier.n_iter_ == 4
    trained = embedding_of(classifier)
    assert (trained != frozen).any()
    assert_array_equal(embedding_of(classifier.set_params(embedding_trainable=False).fit(IDS, Y)), trained)


# Invalid input


WRONG = {
    "one dimension": (np.ones(3), r"embedding_matrix must be an array of shape.*shape \(3,\)"),
    "three dimensions": (np.ones((3, 2, 2)), r"shape \(3, 2, 2\)"),
    "empty": (np.ones((0, 3)), r"shape \(0, 3\)"),
    "texts": (np.array([["a", "b"]]), "embedding_matrix holds values of type <U1"),
    "a masked number": (np.ma.masked_array(ARRAY, ARRAY[2, 1] == ARRAY), "nan in row 2, column 1"),
    "rows of different length": ([[1.0], [1.0, 2.0]], "rows of the given one differ in length"),
    "NaN": (np.array([[1.0, 2.0], [3.0, np.nan]]), "nan in row 1, column 1"),
    "too large": (np.array([[1.0, 1e300]]), r"1e\+300 in row 0, column 1"),
    "fewer rows than ids": (ARRAY[:10], "must lie below 10, the number of ids that the embedding_matrix"),
    "words only": (
        {word: vector for word, vector in VECTORS.items() if word == "elsewhere"},
        "No word of the vocabulary",
    ),
    "upper case": ({word.upper(): vector for word, vector in VECTORS.items()}, "No word of the vocabulary.*lower case"),
    "vectors of two lengths": ({"film": [1, 2], "the": [1, 2, 3]}, "has (2|3) numbers, but that of"),
    "a number for a vector": ({"film": 5.0}, "The vector of 'film' in embedding_matrix is 5.0"),
    "NaN in a vector": ({"film": [np.nan, 1]}, "The vector of 'film'"),
    "a text for a vector": ({"film": "abc"}, "The vector of 'film' in embedding_matrix is 'abc'"),
    "an empty mapping": ({}, "No word of the vocabulary"),
}


@pytest.mark.parametrize(("matrix", "message"), WRONG.values(), ids=WRONG)
def test_invalid_vectors(matrix, message):
    classifier = network(embedding_matrix=matrix)
    with pytest.raises(ValueError, match=message):
        classifier.fit(IDS, Y)
    assert not hasattr(classifier, "classes_")


@pytest.mark.parametrize(
    "matrix", [5, {1, 2}, pd.DataFrame(ARRAY), lambda word: None], ids=["number", "set", "frame", "function"]
)
def test_invalid_types(matrix):
    with pytest.raises(TypeError, match="embedding_matrix must be an array of shape"):
        network(embedding_matrix=matrix).fit(IDS, Y)


DISAGREEING = {
    "embedding_dim": ({"embedding_dim": 4}, "embedding_dim=4, but the vectors in embedding_matrix have 3 numbers"),
    "vocabulary_size": ({"vocabulary_size": 4}, "vocabulary_size=4, but"),
}


@pytest.mark.parametrize("matrix", [VECTORS, ARRAY], ids=["dict", "array"])
@pytest.mark.parametrize(("parameters", "message"), DISAGREEING.values(), ids=DISAGREEING)
def test_parameters_that_contradict_the_vectors(matrix, parameters, message):
    with pytest.raises(ValueError, match=message):
        network(embedding_matrix=matrix, **parameters).fit(IDS, Y)
    network(embedding_matrix=matrix, embedding_dim=3, vocabulary_size=None).fit(IDS, Y)


def test_freezing_random_vectors_is_refused():
    with pytest.raises(ValueError, match="embedding_trainable=False needs embedding_matrix"):
        network(embedding_dim=3, embedding_trainable=False).fit(IDS, Y)
    with pytest.raises(ValueError, match=r"embedding_trainable.*must be"):
        network(embedding_matrix=ARRAY, embedding_trainable="no").fit(IDS, Y)


def test_numbers_are_not_token_ids():
    with pytest.raises(ValueError, match="embedding_matrix asks for token ids"):
        network(embedding_matrix=ARRAY).fit(np.ones((4, 3, 2)), [0, 1, 0, 1])


def test_few_words_found_is_a_warning():
    few = {word: VECTORS[word] for word in WORDS[:4]}
    with pytest.warns(InputWarning, match="Fewer than half of the words") as record:
        classifier = network(embedding_matrix=few).fit(IDS, Y)
    assert record[0].filename == __file__
    assert classifier.n_pretrained_ == 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network(embedding_matrix={word: VECTORS[word] for word in WORDS[:7]}).fit(IDS, Y)


BAD_VOCABULARIES = {
    "no integer": ({"film": "1"}, "gives 'film' the id '1'; expected an integer"),
    "negative": ({"film": -1}, "gives 'film' the id -1"),
    "two words of one id": ({"film": 1, "good": 1, "bad": 2}, r"several words one id, such as \['film', 'good'\]"),
    "empty": ({}, "The vocabulary of X is empty"),
}


@pytest.mark.parametrize(("vocabulary", "message"), BAD_VOCABULARIES.values(), ids=BAD_VOCABULARIES)
def test_invalid_vocabularies(vocabulary, message):
    X = TokenIds([[1, 2], [2, 1]] * 2, vocabulary)
    with pytest.raises(ValueError, match=message):
        network(embedding_matrix=VECTORS).fit(X, [0, 1, 0, 1])
    with pytest.raises(TypeError, match="vocabulary must be a mapping"):
        TokenIds([[1, 2]], ["film"])


# Copies


@pytest.mark.parametrize("matrix", ["dict", "path", "array"])
def test_clones_and_pickles(matrix, glove):
    matrix = {"dict": VECTORS, "path": glove, "array": ARRAY}[matrix]
    classifier = network(embedding_matrix=matrix).fit(IDS, Y)
    expected = classifier.predict_proba(IDS)
    assert_array_equal(clone(classifier).fit(IDS, Y).predict_proba(IDS), expected)
    assert_array_equal(pickle.loads(pickle.dumps(classifier)).predict_proba(IDS), expected)
    assert_array_equal(copy.deepcopy(classifier).predict_proba(IDS), expected)
    assert_array_equal(pickle.loads(pickle.dumps(classifier.freeze())).predict_proba(IDS), expected)
    for printed in (repr(classifier), repr(pipeline(embedding_matrix=matrix))):
        assert len(printed) < 1000
    assert classifier.get_params()["embedding_matrix"] is classifier.embedding_matrix


def test_a_frozen_classifier_keeps_no_vectors_but_the_weights():
    words = {f"word{number}": np.ones(50) for number in range(2000)} | {word: np.ones(50) for word in WORDS}
    classifier = network(embedding_matrix=words).fit(IDS, Y)
    assert len(pickle.dumps(classifier.freeze())) < 30_000


def test_fingerprints_depend_on_the_vectors(glove):
    def of(matrix):
        return fingerprint({"estimator": pipeline(embedding_matrix=matrix)})

    assert of(VECTORS) == of(copy.deepcopy(VECTORS))
    assert len({of(VECTORS), of({**VECTORS, "film": VECTORS["the"]}), of(ARRAY), of(ARRAY + 1), of(None)}) == 5
    before = of(glove)
    assert of(str(glove)) == before
    glove.write_text(glove.read_text().replace("film", "movie"))
    assert of(glove) != before
    renamed = TokenIds(IDS, {f"{word}s": id_ for word, id_ in IDS.vocabulary.items()})
    assert fingerprint({"X": IDS}) == fingerprint({"X": IDS.copy()}) != fingerprint({"X": renamed})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("pretrained_embeddings", "embedding_matrix"),
        ("freeze_embedding", "embedding_trainable"),
        ("embedding_matrx", "embedding_matrix"),
    ],
)
def test_names_from_elsewhere(theirs, ours):
    with pytest.raises(ValueError, match=f"Did you mean '{ours}'"):
        network(**{theirs: None}).fit(IDS, Y)
