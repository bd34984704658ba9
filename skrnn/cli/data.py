"""The data sets of the command line, and the pipelines that read them."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skrnn.cli.common import FAILED, MISUSED, fail

if TYPE_CHECKING:
    import numpy as np
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

DataHome = Annotated[
    Path | None, typer.Option(help="Folder for downloaded data.", show_default="$SKRNN_DATA_HOME or ~/skrnn_data")
]
Samples = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Size of the stratified subset to use; for reviews, the number to generate.",
        show_default="all of digits, 10000 of mnist, 5000 of imdb, 2000 reviews",
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of passes over the training data.",
        show_default="about 2,000 updates in 10 to 100 epochs; 5 for imdb, 20 for reviews",
    ),
]


class Name(StrEnum):
    """The names of the data sets on the command line."""

    digits = "digits"
    mnist = "mnist"
    imdb = "imdb"
    reviews = "reviews"


@dataclass(frozen=True)
class DataSet:
    """A data set, and the defaults for training on it.

    Attributes
    ----------
    items : str
        Plural noun for the samples, such as "images".
    n_samples : int or None
        Number of samples to use; None for all.
    epochs : int or "auto"
        Number of epochs, or maximum number in a search.
    words : dict of str to int, or None
        For texts, the parameters of `TextToSequence`, whose ids the classifiers embed. None for images, which are read
        row by row.
    """

    items: str
    n_samples: int | None = None
    epochs: int | str = "auto"
    words: dict[str, int] | None = None

    def pipeline(self, classifier: "BaseEstimator") -> "Pipeline":
        """Return a pipeline that turns the samples into sequences and ends in the classifier."""
        from sklearn.pipeline import make_pipeline

        from skrnn.preprocessing import ImageToSequence, TextToSequence

        if self.words is None:
            return make_pipeline(ImageToSequence(), classifier)
        # The encoder is part of the pipeline, so that each fold learns its own vocabulary.
        return make_pipeline(TextToSequence(**self.words), classifier.set_params(embedding_dim=_EMBEDDING_DIM))


# With these limits, which the help states, a command takes minutes.
DATA_SETS = {
    Name.digits: DataSet("images"),
    Name.mnist: DataSet("images", n_samples=10_000),
    Name.imdb: DataSet("reviews", n_samples=5_000, epochs=5, words={"max_tokens": 10_000, "max_length": 100}),
    Name.reviews: DataSet("reviews", epochs=20, words={"max_tokens": 1_000, "max_length": 45}),
}
_EMBEDDING_DIM = 32
JOURNAL = "search.journal"  # default storage of searches, in the folder of the results


def load(dataset: Name, samples: int | None, data_home: Path | None, seed: int) -> tuple["np.ndarray", "np.ndarray"]:
    """Return X and y of a data set, or of a stratified subset of the requested size."""
    import numpy as np
    from sklearn.utils import resample

    chosen = DATA_SETS[dataset]
    try:
        X, y = _read(dataset, samples, data_home, seed)
    except OSError as error:
        fail(str(error), FAILED)
    n_wanted = chosen.n_samples if samples is None else samples
    if n_wanted is not None and n_wanted > len(y):
        fail(f"--samples {n_wanted} is more than the {len(y)} {chosen.items} of {dataset}.", MISUSED)
    if n_wanted is not None and n_wanted < len(y):
        rows = resample(np.arange(len(y)), replace=False, n_samples=n_wanted, stratify=y, random_state=seed)
        X, y = X[np.sort(rows)], y[np.sort(rows)]
    return X, y


def load_test_set(dataset: Name, data_home: Path | None) -> tuple["np.ndarray | list[str]", "np.ndarray"]:
    """Return the published test set."""
    from skrnn import datasets

    fetchers = {Name.mnist: datasets.fetch_mnist, Name.imdb: datasets.fetch_imdb}
    if dataset not in fetchers:
        fail(f"--test-set: {dataset} have no test set of their own; mnist and imdb have one.", MISUSED)
    try:
        return fetchers[dataset](subset="test", data_home=data_home, return_X_y=True)
    except OSError as error:
        fail(str(error), FAILED)


def require_folds(dataset: Name, y: "np.ndarray", cv: int, samples: int | None, least: int | None = None) -> None:
    """Fail if the smallest class has fewer than `least` samples, by default one for each fold."""
    import numpy as np

    counts = np.unique(y, return_counts=True)[1]
    n_least = int(counts.min()) if len(y) else 0
    if len(counts) >= 2 and n_least >= (cv if least is None else least):
        return
    option = f"--cv {cv}" if samples is None else f"--samples {samples}"
    needed = f"fewer than the {cv} folds" if least is None else f"fewer than the {least} that {cv} folds need"
    items = DATA_SETS[dataset].items
    fail(f"{option}: the smallest class has {n_least} of {len(y)} {items}, {needed}.", MISUSED)


def _read(dataset: Name, samples: int | None, data_home: Path | None, seed: int) -> tuple["np.ndarray", "np.ndarray"]:
    """Return all the data; for generated data, this number of samples."""
    from skrnn import datasets

    match dataset:
        case Name.digits:
            return datasets.load_digits(return_X_y=True)
        case Name.mnist:
            return datasets.fetch_mnist(data_home=data_home, return_X_y=True)
        case Name.imdb:
            return datasets.fetch_imdb(data_home=data_home, return_X_y=True)
        case Name.reviews:
            return datasets.make_reviews(2000 if samples is None else samples, random_state=seed)
