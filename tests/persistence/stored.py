"""The stored file of format 1, which every later version must load: what is in it, and how it was made.

Never make it again: run this for a new format only, under a new name.
"""

from pathlib import Path

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn.datasets import make_adding_problem
from skrnn.preprocessing import SequenceImputer, TextToSequence, TimeDistributed

STORED = Path(__file__).with_name("format_1.skrnn")
TEXTS = ["a good film", "a bad film", "good, good", "bad and worse", "größte Freude", "good plot"]


def objects():
    """Return fitted objects by name, and for each an X and what it predicts."""
    numbers, y = make_adding_problem(60, 6, random_state=0)
    holes = numbers.copy()
    holes[::3, 2, 0] = np.nan
    sizes = {"epochs": 1, "random_state": 0}
    return {
        "classifier": (skrnn.LSTMClassifier((3, 2), dense_units=(2,), **sizes).fit(numbers, y), numbers),
        "bidirectional": (
            skrnn.GRUClassifier(2, bidirectional=True, optimizer="sgd", **sizes).fit(numbers, y),
            numbers,
        ),
        "pipeline": (
            skrnn.freeze(
                make_pipeline(
                    TimeDistributed(StandardScaler()), SequenceImputer(), skrnn.SimpleRNNClassifier(2, **sizes)
                ).fit(holes, np.array(["no", "yes"])[y])
            ),
            holes,
        ),
        "texts": (
            make_pipeline(TextToSequence(20, 4), skrnn.GRUClassifier(2, embedding_dim=2, **sizes)).fit(
                TEXTS, [1, 0, 1, 0, 1, 1]
            ),
            TEXTS,
        ),
        "search": (
            GridSearchCV(skrnn.SimpleRNNClassifier(**sizes), {"units": [1, 2]}, cv=2).fit(numbers, y),
            numbers,
        ),
    }


if __name__ == "__main__":
    made = objects()
    expected = {name: (X if name == "texts" else X[:5], each.predict_proba(X)[:5]) for name, (each, X) in made.items()}
    skrnn.save({name: each for name, (each, _) in made.items()}, STORED, remarks=expected)
    print(STORED, STORED.stat().st_size)
