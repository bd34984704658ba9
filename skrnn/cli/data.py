"""The data sets that can be named on the command line, and the pipelines that read them."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skrnn.cli.common import FAILED, MISUSED, fail

if TYPE_CHECKING:
    import numpy as np

DataHome = Annotated[
    Path | None, typer.Option(help="Folder of the downloaded data.", show_default="$SKRNN_DATA_HOME or ~/skrnn_data")
]
Samples = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Use a stratified subset of this size (for reviews: generate this many).",
        show_default="all of digits, 10000 of mnist, 5000 of imdb, 2000 reviews",
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="How often to read the training data.",
        show_default="about 2,000 updates in 10 to 100 epochs; 5 for imdb, 20 for reviews",
    ),
]


class Name(StrEnum):
    """The data sets that there are, as they are typed."""

    digits = "digits"
    mnist = "mnist"
    imdb = "imdb"
    reviews = "reviews"


@dataclass(frozen=True)
class DataSet:
    """What to train on, and the defaults for training.

    Attributes
    ----------
    items : str
        What the samples are.
    n_samples : int or None
        How many to use; None for all.
    epochs : int or "auto"
        How long to train.
    words : dict or None
        For texts, the parameters of `TextToSequence`; the classifiers then embed the words. Images are read by rows.
    """

    items: str
    n_samples: int | None = None
    epochs: int | str = "auto"
    words: dict[str, int] | None = None

    def pipeline(self, classifier: Any) -> Any:
        """Return a classifier with what makes sequences of the samples before it."""
        from sklearn.pipeline import make_pipeline

        from skrnn.preprocessing import ImageToSequence, TextToSequence

        if self.words is None:
            return make_pipeline(ImageToSequence(), classifier)
        # In the pipeline, so that each fold learns its own vocabulary.
        return make_pipeline(TextToSequence(**self.words), classifier.set_params(embedding_dim=_EMBEDDING_DIM))


# The limits keep a command to minutes; the help states them.
DATA_SETS = {
    Name.digits: DataSet("images"),
    Name.mnist: DataSet("images", n_samples=10_000),
    Name.imdb: DataSet("reviews", n_samples=5_000, epochs=5, words={"max_tokens": 10_000, "max_length": 100}),
    Name.reviews: DataSet("reviews", epochs=20, words={"max_tokens": 1_000, "max_length": 45}),
}
_EMBEDDING_DIM = 32
JOURNAL = "search.journal"  # in the folder of the results, where no other is named


def load(dataset: Name, samples: int | None, data_home: Path | None, seed: int) -> tuple[Any, "np.ndarray"]:
    """Return the data, or the requested stratified subset."""
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


def require_folds(dataset: Name, y: "np.ndarray", cv: int, samples: int | None, least: int | None = None) -> None:
    """Fail if the smallest class has not `least` samples, by default one for each fold."""
    import numpy as np

    counts = np.unique(y, return_counts=True)[1]
    n_least = int(counts.min()) if len(y) else 0
    if len(counts) >= 2 and n_least >= (cv if least is None else least):
        return
    option = f"--cv {cv}" if samples is None else f"--samples {samples}"
    needed = f"fewer than the {cv} folds" if least is None else f"fewer than the {least} that {cv} folds need"
    items = DATA_SETS[dataset].items
    fail(f"{option}: the smallest class has {n_least} of {len(y)} {items}, {needed}.", MISUSED)


def _read(dataset: Name, samples: int | None, data_home: Path | None, seed: int) -> tuple[Any, "np.ndarray"]:
    """Return all the data; of generated data, this many samples."""
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
