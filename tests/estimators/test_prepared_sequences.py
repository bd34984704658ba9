"""Classifiers behind the transformers of whole sequences: they read every result, and names and padding count."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skrnn import GRUClassifier
from skrnn.preprocessing import (
    PatchSequence,
    SequenceDifference,
    SequenceImputer,
    SequencePadder,
    SequenceResampler,
    SequenceScaler,
    TimeDistributed,
    from_channels_first,
    sliding_windows,
)
from skrnn.preprocessing.padding import pad_sequences
from skrnn.preprocessing.reading import to_object_array

nan = np.nan
rng = np.random.default_rng(0)
LABELS = np.tile(["down", "up"], 6)
LENGTHS = [5, 8, 3, 6, 7, 4, 5, 8, 3, 6, 7, 4]
# Two features, of which the first is a time, and one code of a category.
WALKS = [
    np.column_stack([np.arange(n) + rng.random(n) / 2, rng.normal(size=n).cumsum(), np.arange(n) % 3]) for n in LENGTHS
]
HOLES = [walk.copy() for walk in WALKS]
for number, walk in enumerate(HOLES):
    walk[number % len(walk), 1] = walk[1, 2] = nan
FORMS = {
    "array": pad_sequences(WALKS, value=nan, dtype=float),
    "padded before": pad_sequences(WALKS, padding="pre", value=nan, dtype=float),
    "list": WALKS,
    "objects": to_object_array(WALKS),
    "frames": [pd.DataFrame(walk, columns=["time", "value", "code"]) for walk in WALKS],
}
ONE_HOT = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
TRANSFORMERS = {
    "scaler": SequenceScaler(),
    "imputer": SequenceImputer("linear", add_indicator=True),
    "resampler": SequenceResampler(6),
    "interval": SequenceResampler(interval=0.5, time=0),
    "difference": SequenceDifference(),
    "patches": PatchSequence(3, stride=2),
    "codes": TimeDistributed(ColumnTransformer([("onehot", ONE_HOT, [2])], remainder="passthrough")),
    "all": make_pipeline(
        SequenceImputer(add_indicator=True),
        TimeDistributed(StandardScaler()),
        SequenceDifference(),
        PatchSequence(2),
        SequencePadder(),
    ),
}


def network():
    return GRUClassifier(3, epochs=1, random_state=0)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_every_form_gives_the_same_predictions(name):
    pipeline = make_pipeline(TRANSFORMERS[name], network())
    expected = clone(pipeline).fit(WALKS, LABELS).predict_proba(WALKS)
    for form, X in FORMS.items():
        fitted = clone(pipeline).fit(X, LABELS)
        assert_allclose(fitted.predict_proba(X), expected, atol=1e-5, err_msg=form)
        for row in (0, 2):
            assert_allclose(fitted.predict_proba(X[row : row + 1])[0], expected[row], atol=1e-5, err_msg=form)


@pytest.mark.parametrize("method", ["forward", "linear"])
@pytest.mark.parametrize("form", ["array", "list", "frames"])
def test_sequences_with_holes_can_be_classified(method, form):
    X = {
        "array": pad_sequences(HOLES, value=nan, dtype=np.float32),
        "list": HOLES,
        "frames": [pd.DataFrame(walk, columns=["time", "value", "code"]) for walk in HOLES],
    }[form]
    with pytest.raises(ValueError, match="SequenceImputer fills in other missing values"):
        network().fit(X, LABELS)
    pipeline = make_pipeline(SequenceImputer(method, add_indicator=True), network()).fit(X, LABELS)
    assert pipeline[-1].n_features_in_ == 5
    assert np.isfinite(pipeline.predict_proba(X)).all()


def test_names_of_features_are_a_contract_of_pipelines_and_classifiers():
    frames = FORMS["frames"]
    for estimator in (network(), make_pipeline(SequenceScaler(), network())):
        fitted = estimator.fit(frames, LABELS)
        assert fitted.feature_names_in_.tolist() == ["time", "value", "code"]
        with pytest.raises(ValueError, match=r"must be in the same order as they were in fit\.$"):
            fitted.predict([frame[["value", "time", "code"]] for frame in frames])
        with pytest.raises(ValueError, match=r"Feature names unseen at fit time:\n- price"):
            fitted.predict([frame.rename(columns={"value": "price"}) for frame in frames])
        with pytest.raises(ValueError, match="Sequence 1 of X has the feature names"):
            fitted.predict([frames[0], frames[1][["value", "time", "code"]]])


def test_windows_are_predicted_in_folds_by_recording():
    recordings = [rng.normal(size=(40, 2)) for _ in range(6)]
    windows, labels, groups = sliding_windows(recordings, ["a", "b"] * 3, length=8, step=4)
    pipeline = make_pipeline(SequenceScaler(), PatchSequence(4), network())
    predicted = cross_val_predict(pipeline, windows, labels, groups=groups, cv=StratifiedGroupKFold(3))
    assert set(predicted) <= {"a", "b"}
    one = sliding_windows(recordings[0], np.repeat(["a", "b"], 20), length=8, step=2)  # a read-only view
    assert network().fit(one.windows, one.labels).predict(one.windows).shape == one.labels.shape


def test_series_with_channels_first_are_read_without_a_copy():
    X = rng.normal(size=(12, 2, 9))
    expected = network().fit(np.swapaxes(X, 1, 2).copy(), LABELS).predict_proba(np.swapaxes(X, 1, 2).copy())
    sequences = from_channels_first(X)
    assert_allclose(network().fit(sequences, LABELS).predict_proba(sequences), expected, atol=1e-6)
