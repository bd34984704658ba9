"""What a recipe is: a published system as plain data, how it becomes a pipeline, and what its training comes to."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from skrnn import datasets, preprocessing
from skrnn.versions import installed_versions

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from skrnn.model_selection import FitEvent

# How a data set is read, and the transformer that makes sequences of it.
_READERS = {
    "mnist": (datasets.fetch_mnist, preprocessing.ImageToSequence),
    "imdb": (datasets.fetch_imdb, preprocessing.TextToSequence),
}


class Halves(NamedTuple):
    """A data set with its own test half: images ``(n, height, width)`` or texts ``(n,)``, and labels ``(n,)``."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Figures:
    """What a training came to, as far as it is told; None where it is not.

    Attributes
    ----------
    test_accuracy, train_accuracy : float or None
        Between 0 and 1.
    test_loss : float or None
        The mean cross-entropy, in nats.
    approximate : bool
        Whether the source says "about".
    """

    test_accuracy: float | None = None
    train_accuracy: float | None = None
    test_loss: float | None = None
    approximate: bool = False


@dataclass(frozen=True)
class Recipe:
    """A published system.

    Get one from :func:`load_recipe`. It is plain data, which can be pickled, and to change it is to make another with
    :func:`dataclasses.replace`.

    Attributes
    ----------
    name : str
        Unique among the recipes.
    summary : str
        The system in one line.
    citation : str
        The text that describes it.
    dataset : {"mnist", "imdb"}
        What it is trained and tested on.
    preprocessing : mapping
        Parameters of :class:`~skrnn.preprocessing.ImageToSequence` or of
        :class:`~skrnn.preprocessing.TextToSequence`.
    classifier : str
        The name of the class.
    network : mapping
        Its parameters that say what is trained.
    training : mapping
        Its parameters that say how: optimizer, batch size, epochs, the part held out. Learning rates are the
        optimizers' defaults.
    n_parameters : int
        The published size of all weights together; where the text only mentions the system, what it comes to.
    published : Figures
        What the text reports. Train accuracies of texts are those of the last epoch while training, with dropout on.
    stock_keras : Figures
        What the same system reached with Keras 3.15 on TensorFlow 2.21 in November 2026, from one seed; the train
        accuracy measured afterwards.

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
    stock_keras: Figures = field(default_factory=Figures)

    def pipeline(self, random_state: Any = None) -> "Pipeline":
        """Make the estimator, which is not fitted.

        Parameters
        ----------
        random_state : int, RandomState instance or None, default=None
            The classifier's.

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
        """Load what the system is trained and tested on, downloading it if necessary.

        Parameters
        ----------
        data_home : str or path-like, default=None
            The folder of the data sets; see :func:`~skrnn.datasets.fetch_mnist`.

        Returns
        -------
        data : tuple of ndarray
            ``(X_train, y_train, X_test, y_test)``.
        """
        fetch, _ = _READERS[self.dataset]
        train, test = (fetch(subset=half, data_home=data_home, return_X_y=True) for half in ("train", "test"))
        return Halves(*train, *test)

    def run(
        self,
        *,
        data_home: str | os.PathLike[str] | None = None,
        random_state: int | None = None,
        data: tuple[Any, Any, Any, Any] | None = None,
        progress: "Callable[[FitEvent], None] | None" = None,
    ) -> "Reproduction":
        """Train the system as it was published, and measure it.

        Parameters
        ----------
        data_home : str or path-like, default=None
            The folder of the data sets; see :func:`~skrnn.datasets.fetch_mnist`.
        random_state : int, default=None
            The seed; a run with one can be repeated.
        data : tuple of array-like, default=None
            ``(X_train, y_train, X_test, y_test)`` to train and test on instead of the published data set.
        progress : callable, default=None
            Called with a :class:`~skrnn.model_selection.FitEvent` at the end of every epoch; its ``architecture`` is
            the name of the recipe, its ``split`` the seed (0 if there is none).

        Returns
        -------
        reproduction : Reproduction

        Raises
        ------
        OSError
            If the data set is not in the data home and could not be downloaded.
        """
        halves = self.load_data(data_home) if data is None else Halves(*data)
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
    """What one training of a recipe came to.

    Attributes
    ----------
    recipe : str
        The recipe's name.
    random_state : int or None
        The seed.
    n_parameters : int
        The size of all weights together.
    test_accuracy, train_accuracy : float
        On the test half, and on all that was given to `fit`, after training, without dropout.
    test_loss, train_loss : float
        The mean cross-entropies there, in nats.
    fit_seconds : float
        How long fitting took, preprocessing included.
    history : dict
        The classifier's ``history_``.
    versions : dict
        Of Python and the libraries.
    pipeline : sklearn.pipeline.Pipeline or None
        Fitted; None if this was read from a file.
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


def _measure(pipeline: "Pipeline", X: Any, y: Any) -> tuple[float, float]:
    """Return accuracy and mean cross-entropy."""
    log_probabilities = pipeline.predict_log_proba(X)
    classes = pipeline.classes_
    y = np.asarray(y)
    accuracy = np.mean(classes[log_probabilities.argmax(axis=1)] == y)
    of_truth = log_probabilities[np.arange(len(y)), np.searchsorted(classes, y)]
    return float(accuracy), float(-of_truth.mean(dtype=np.float64))
