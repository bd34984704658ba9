"""Transformers: what fit takes, transform takes; a row is transformed alone as in company; inverses undo."""

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from skrnn import SimpleRNNClassifier
from skrnn.preprocessing import ImageToSequence, PatchSequence, SequenceScaler, TabularToSequence, TextToSequence
from tests.fuzz.inputs import labels, sequences
from tests.fuzz.laws import attempt, require
from tests.fuzz.tally import TALLY, Refused
from tests.fuzz.test_fit import rows_of, taken
from tests.fuzz.transformers import OF_SEQUENCES, cases, texts, transformers


@given(case=cases())
def test_transformers(case):
    check(*case)


@given(X=sequences(max_size=6), transformer=transformers(OF_SEQUENCES))
def test_transformers_of_sequences(X, transformer):
    check(X, transformer)


@given(X=texts(), transformer=transformers([TextToSequence]))
def test_texts(X, transformer):
    check(X, transformer)


def check(X, transformer):
    make, written = transformer
    with TALLY.case("transformations", lambda: f"{written}.fit_transform({X.form})"):
        fitted = attempt(make)
        try:
            attempt(fitted.fit, X.X, watched=(fitted,))
        except Refused as refusal:
            require_refusal(make().fit_transform, X.X, refusal)
            raise
        try:
            result = attempt(fitted.transform, X.X)
        except Refused as refusal:
            # only the result may be too large
            require("of memory, but there are only" in str(refusal), f"fit takes X, but transform does not: {refusal}")
            require_refusal(make().fit_transform, X.X, refusal)
            raise
        assert len(result) == X.n
        assert_same(taken(make().fit_transform, X.X), result)
        assert_same(taken(pickle.loads(pickle.dumps(fitted)).transform, X.X), result)
        require_rows_alone(fitted, X, result)
        require_inverse(fitted, X, result)
        if hasattr(fitted, "get_feature_names_out") and not isinstance(fitted, (ImageToSequence, TabularToSequence)):
            width = np.asarray(result[0]).shape[1] if np.ndim(result[0]) > 1 else 1
            assert len(attempt(fitted.get_feature_names_out)) in (width, getattr(fitted, "n_features_in_", width))


def require_refusal(fit_transform, X, refusal):
    """fit_transform must refuse what fit refuses."""
    try:
        attempt(fit_transform, X)
    except Refused:
        return
    raise AssertionError(f"fit_transform takes what fit refuses: {refusal}")


def require_rows_alone(fitted, X, result):
    rows = rows_of(X)
    if rows is None:
        return
    for row in {0, X.n - 1}:
        assert_alike(taken(fitted.transform, rows([row]))[0], result[row])


def require_inverse(fitted, X, result):
    if isinstance(fitted, PatchSequence):
        restored = taken(fitted.inverse_transform, result)
        for one, other in zip(restored, reference(fitted, X), strict=True):
            one, other = without_padding(one), without_padding(other)
            width = max(fitted.patch_length, fitted.stride or 1)
            n = len(other) if (fitted.stride or 1) <= fitted.patch_length else min(len(other), width)
            if (fitted.stride or 1) <= fitted.patch_length:
                assert_allclose(np.asarray(one, dtype=float)[:n], np.asarray(other, dtype=float)[:n], rtol=1e-6)
    elif isinstance(fitted, TabularToSequence):
        restored = taken(fitted.inverse_transform, result)
        assert_array_equal(restored, np.asarray(as_array(X.X), dtype=restored.dtype))
    elif isinstance(fitted, ImageToSequence):
        restored = taken(fitted.inverse_transform, result)
        images = np.asarray(as_array(X.X))
        assert restored.shape == images.shape
        if images.dtype == np.uint8 and fitted.dtype in ("float32", "float64", np.float32, "uint8"):
            assert_array_equal(restored, images)
    elif isinstance(fitted, TextToSequence):
        restored = taken(fitted.inverse_transform, result)
        assert len(restored) == X.n


def as_array(X):
    return X.to_pandas() if hasattr(X, "to_pandas") else X


def reference(fitted, X):
    """Return the sequences that a transformer with patches of one step has read."""
    return PatchSequence(1).fit_transform(X.X)


def assert_same(one, other):
    assert type(one) is type(other)
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert_array_equal(a, b)


def assert_alike(one, other):
    one, other = without_padding(one), without_padding(other)
    assert_allclose(one.astype(float), other.astype(float), rtol=1e-5, atol=1e-6)


def without_padding(sequence):
    """Return the steps of a sequence; padding is NaN, or the id 0."""
    sequence = np.asarray(sequence)
    if sequence.dtype.kind in "iu" and sequence.ndim == 1:
        return sequence[sequence != 0]
    values = sequence.reshape(len(sequence), int(np.prod(sequence.shape[1:])))
    return values if values.dtype.kind != "f" else values[~np.isnan(values).all(axis=1)]


@given(
    drawn=st.data(),
    X=sequences(min_size=4, tables=False),
    chain=st.lists(transformers(OF_SEQUENCES), min_size=1, max_size=2),
)
def test_chains(drawn, X, chain):
    y, y_form = drawn.draw(labels(X.n))
    written = " > ".join(text for _, text in chain)
    with TALLY.case("pipelines", lambda: f"{written} > network: {X.form}; y: {y_form}"):
        pipeline = make_pipeline(
            *(attempt(make) for make, _ in chain), SimpleRNNClassifier(2, epochs=1, random_state=0)
        )
        attempt(pipeline.fit, X.X, y)
        labels_of = taken(pipeline.predict, X.X)
        assert labels_of.shape == (X.n,)
        probabilities = taken(pipeline.predict_proba, X.X)
        assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        rows = rows_of(X)
        if rows is not None:
            alone = taken(pipeline.predict_proba, rows([X.n - 1]))
            assert_allclose(alone[0], probabilities[-1], rtol=1e-4, atol=1e-6)


def test_the_strategies_cover_all_transformers():
    from skrnn import preprocessing
    from tests.fuzz.transformers import _PARAMETERS

    public = {getattr(preprocessing, name) for name in preprocessing.__all__}
    covered = {*_PARAMETERS}
    assert {kind for kind in public if hasattr(kind, "fit_transform")} == covered
    assert SequenceScaler in covered
