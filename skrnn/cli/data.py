"""The data that the commands know by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skrnn.cli.common import FAILED, MISUSED, fail
from skrnn.cli.source import Source

if TYPE_CHECKING:
    import numpy as np

DataHome = Annotated[
    Path | None, typer.Option(help="Folder for downloaded data.", show_default="$SKRNN_DATA_HOME or ~/skrnn_data")
]
Samples = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Size of the stratified subset to use; for reviews, the number to generate.",
        show_default="all; 10000 of mnist, 5000 of imdb, 2000 reviews",
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of passes over the training data.",
        show_default="about 2,000 updates in 10 to 300 epochs; 5 for imdb, 20 for reviews",
    ),
]
JOURNAL = "search.journal"  # default storage of searches, in the folder of the results
EMBEDDING_DIM = 32


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
    words: Mapping[str, int] | None = None


# With these limits, which the help states, a command takes minutes.
DATA_SETS = {
    Name.digits: DataSet("images"),
    Name.mnist: DataSet("images", n_samples=10_000),
    Name.imdb: DataSet("reviews", n_samples=5_000, epochs=5, words={"max_tokens": 10_000, "max_length": 100}),
    Name.reviews: DataSet("reviews", epochs=20, words={"max_tokens": 1_000, "max_length": 45}),
}


def built_in(
    dataset: Name, samples: int | None, data_home: Path | None, seed: int, *, test_set: bool = False
) -> Source:
    """Return a data set, or a stratified subset of the requested size, and on request its published test set."""
    from skrnn.preprocessing import ImageToSequence, TextToSequence

    chosen = DATA_SETS[dataset]
    X, y = _read(dataset, samples, data_home, seed)
    X_test, y_test = _read_test_set(dataset, data_home) if test_set else (None, None)
    of_texts: dict[str, Any] = {} if chosen.words is None else {"embedding_dim": EMBEDDING_DIM}
    source = Source(
        name=str(dataset),
        items=chosen.items,
        X=X,
        y=y,
        preprocessor=ImageToSequence() if chosen.words is None else TextToSequence(**chosen.words),
        classifier_parameters=of_texts,
        epochs=chosen.epochs,
        X_test=X_test,
        y_test=y_test,
    )
    wanted = chosen.n_samples if samples is None else samples
    return source if wanted is None else source.subset(wanted, seed)


def _read_test_set(dataset: Name, data_home: Path | None) -> tuple["np.ndarray | list[str]", "np.ndarray"]:
    """Return the published test set."""
    from skrnn import datasets

    fetchers = {Name.mnist: datasets.fetch_mnist, Name.imdb: datasets.fetch_imdb}
    if dataset not in fetchers:
        fail(f"--test-set: {dataset} have no test set of their own; mnist and imdb have one.", MISUSED)
    try:
        return fetchers[dataset](subset="test", data_home=data_home, return_X_y=True)
    except OSError as error:
        fail(str(error), FAILED)


def _read(dataset: Name, samples: int | None, data_home: Path | None, seed: int) -> tuple["np.ndarray", "np.ndarray"]:
    """Return all the data; for generated data, this number of samples."""
    from skrnn import datasets

    try:
        match dataset:
            case Name.digits:
                return datasets.load_digits(return_X_y=True)
            case Name.mnist:
                return datasets.fetch_mnist(data_home=data_home, return_X_y=True)
            case Name.imdb:
                return datasets.fetch_imdb(data_home=data_home, return_X_y=True)
            case Name.reviews:
                return datasets.make_reviews(2000 if samples is None else samples, random_state=seed)
    except OSError as error:
        fail(str(error), FAILED)
