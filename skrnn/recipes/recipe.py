"""A published system as plain data, its pipeline, and the result of a training."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from skrnn import datasets, preprocessing
from skrnn.versions import installed_versions

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from skrnn.model_selection import FitEvent

Library = Literal["skrnn", "keras"]

# For each data set, the function that loads it, and the transformer that turns its samples into sequences.
_READERS = {
    "mnist": (datasets.fetch_mnist, preprocessing.ImageToSequence),
    "imdb": (datasets.fetch_imdb, preprocessing.TextToSequence),
}


class Halves(NamedTuple):
    """The training half and the test half of a data set.

    Attributes
    ----------
    X_train, X_test : ndarray of shape (n, height, width), uint8, or of shape (n,), object
        Images or texts.
    y_train, y_test : ndarray of shape (n,)
        Labels.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Figures:
    """The figures that a text reports for a system, or the mean figures of its trainings.

    Attributes
    ----------
    test_accuracy, train_accuracy : float or None
        Accuracy on the test half and the training half, between 0 and 1; None if not reported.
    test_loss : float or None
        Mean cross-entropy on the test half in nats; None if not reported.
    approximate : bool
        Whether the text says "about".
    """

    test_accuracy: float | None = None
    train_accuracy: float | None = None
    test_loss: float | None = None
    approximate: bool = False


@dataclass(frozen=True)
class Recipe:
    """A published system.

    Use :func:`load_recipe` to get one. A recipe is plain data and can be pickled. Use :func:`dataclasses.replace` to
    create a modified copy.

    Attributes
    ----------
    name : str
        Unique name.
    summary : str
        Description in one line.
    citation : str
        The text that describes the system.
    dataset : {"mnist", "imdb"}
        The data set for training and testing.
    preprocessing : mapping of str to object
        Parameters of :class:`~skrnn.preprocessing.ImageToSequence` or of
        :class:`~skrnn.preprocessing.TextToSequence`.
    classifier : str
        Name of the classifier's class.
    network : mapping of str to object
        The classifier's parameters that define the network.
    training : mapping of str to object
        The classifier's parameters that define training: optimizer, batch size, epochs and fraction of held-out rows.
        The learning rate is the optimizer's default.
    n_parameters : int
        Number of all weights, as published, or as computed from the description if the text only mentions the system.
    published : Figures
        Figures from the text. Train accuracies were measured during the last epoch, with dropout.
    from_logits : bool
        Whether the output layer in the text is linear and the loss takes logits. Otherwise the output layer has a
        softmax, or a sigmoid for two classes. The two differ only in rounding; skrnn always trains from logits.

    Examples
    --------
    >>> from skrnn.recipes import load_recipe
    >>> recipe = load_recipe("mnist-gru64-bn")
    >>> recipe.n_parameters
    18954
    >>> recipe.published.test_accuracy
    0.95
    """

    name: str
    summary: str
    citation: str
    dataset: Literal["mnist", "imdb"]
    preprocessing: Mapping[str, Any]
    classifier: str
    network: Mapping[str, Any]
    training: Mapping[str, Any]
    n_parameters: int
    published: Figures = field(default_factory=Figures)
    from_logits: bool = False

    def pipeline(self, random_state: int | np.random.RandomState | None = None) -> "Pipeline":
        """Return an unfitted pipeline for the system.

        Parameters
        ----------
        random_state : int, RandomState instance or None, default=None
            The classifier's `random_state`.

        Returns
        -------
        pipeline : sklearn.pipeline.Pipeline
            The transformer and the classifier.

        Examples
        --------
        >>> from skrnn.recipes import load_recipe
        >>> pipeline = load_recipe("mnist-lstm64-bn").pipeline(random_state=0)
        >>> [type(step).__name__ for step in pipeline]
        ['ImageToSequence', 'LSTMClassifier']
        """
        from sklearn.pipeline import make_pipeline

        from skrnn import estimators

        _, transformer = _READERS[self.dataset]
        classifier = getattr(estimators, self.classifier)
        return make_pipeline(
            transformer(**self.preprocessing), classifier(**self.network, **self.training, random_state=random_state)
        )

    def load_data(self, data_home: str | os.PathLike[str] | None = None) -> Halves:
        """Load the data set, downloading it if necessary.

        Parameters
        ----------
        data_home : str or path-like, default=None
            The folder of the data sets; see :func:`~skrnn.datasets.fetch_mnist`.

        Returns
        -------
        data : Halves
            A named tuple ``(X_train, y_train, X_test, y_test)``.

        Raises
        ------
        OSError
            If the data set is not in the data home and could not be downloaded.
        """
        fetch, _ = _READERS[self.dataset]
        train, test = (fetch(subset=half, data_home=data_home, return_X_y=True) for half in ("train", "test"))
        return Halves(*train, *test)

    def run(
        self,
        *,
        data_home: str | os.PathLike[str] | None = None,
        random_state: int | None = None,
        data: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike] | None = None,
        progress: "Callable[[FitEvent], None] | None" = None,
    ) -> "Reproduction":
        """Train the system as published, and measure it.

        Parameters
        ----------
        data_home : str or path-like, default=None
            The folder of the data sets; see :func:`~skrnn.datasets.fetch_mnist`.
        random_state : int, default=None
            The seed. Runs with the same seed give the same result.
        data : tuple of array-like, default=None
            ``(X_train, y_train, X_test, y_test)``, which replace the published data set.
        progress : callable, default=None
            Called with a :class:`~skrnn.model_selection.FitEvent` after each epoch. The event's ``architecture`` is the
            name of the recipe, and its ``split`` the seed (0 without a seed).

        Returns
        -------
        reproduction : Reproduction
            The figures and the fitted pipeline.

        Raises
        ------
        OSError
            If the data set is not in the data home and could not be downloaded.
        """
        halves = self.load_data(data_home) if data is None else Halves(*map(np.asarray, data))
        pipeline = self.pipeline(random_state)
        if progress is not None:
            from skrnn.model_selection.fit_events import StepReporter

            pipeline[-1].set_callbacks(StepReporter(progress, self.name, random_state or 0))
        started = time.perf_counter()
        pipeline.fit(halves.X_train, halves.y_train)
        seconds = time.perf_counter() - started
        train_accuracy, train_loss = _measure(pipeline, halves.X_train, halves.y_train)
        test_accuracy, test_loss = _measure(pipeline, halves.X_test, halves.y_test)
        return Reproduction(
            recipe=self.name,
            random_state=random_state,
            n_parameters=pipeline[-1].n_parameters_,
            test_accuracy=test_accuracy,
            train_accuracy=train_accuracy,
            test_loss=test_loss,
            train_loss=train_loss,
            fit_seconds=seconds,
            history=pipeline[-1].history_,
            versions=installed_versions(),
            pipeline=pipeline,
        )


@dataclass(frozen=True)
class Reproduction:
    """The result of one training of a recipe.

    Attributes
    ----------
    recipe : str
        Name of the recipe.
    random_state : int or None
        The seed.
    n_parameters : int
        Number of all weights.
    test_accuracy, train_accuracy : float
        Accuracy on the test half and on all rows of the training half, between 0 and 1, after training and without
        dropout.
    test_loss, train_loss : float
        Mean cross-entropy on the same rows in nats.
    fit_seconds : float
        Duration of fitting in seconds, including preprocessing.
    history : dict of str to list of float
        One value per epoch for each of ``loss``, ``accuracy`` and, if rows were held out, ``val_loss`` and
        ``val_accuracy``.
    versions : dict of str to str
        Versions of Python and the libraries.
    pipeline : sklearn.pipeline.Pipeline or None
        The fitted pipeline; None if the training was read from a file or done by stock Keras.
    library : {"skrnn", "keras"}
        The library that trained the network.
    """

    recipe: str
    random_state: int | None
    n_parameters: int
    test_accuracy: float
    train_accuracy: float
    test_loss: float
    train_loss: float
    fit_seconds: float
    history: dict[str, list[float]] = field(repr=False)
    versions: dict[str, str] = field(repr=False)
    pipeline: "Pipeline | None" = field(default=None, repr=False, compare=False)
    library: Library = "skrnn"


def fit_name(recipe: str, library: Library) -> str:
    """Return the name of a training in reports: the recipe, followed by "Keras" for stock Keras.

    Parameters
    ----------
    recipe : str
        Name of the recipe.
    library : {"skrnn", "keras"}
        The library that trains the network.

    Returns
    -------
    name : str

    Examples
    --------
    >>> from skrnn.recipes import fit_name
    >>> fit_name("imdb-gru32", "keras")
    'imdb-gru32, Keras'
    """
    return recipe if library == "skrnn" else f"{recipe}, Keras"


def _measure(pipeline: "Pipeline", X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the accuracy and the mean cross-entropy."""
    log_probabilities = pipeline.predict_log_proba(X)
    classes = pipeline.classes_
    accuracy = np.mean(classes[log_probabilities.argmax(axis=1)] == y)
    of_truth = log_probabilities[np.arange(len(y)), np.searchsorted(classes, y)]
    return float(accuracy), float(-of_truth.mean(dtype=np.float64))
