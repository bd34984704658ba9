"""How a fit reports: to scikit-learn's callbacks a task with a part for each epoch, to the user a line if verbose."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skrnn._callbacks import callback_management_context
from skrnn._sklearn import begin_task
from skrnn.estimators.training import Training


@contextmanager
def fit_task(estimator: Any, training: Training, X: Any, y: Any) -> Iterator["FitTask"]:
    """Yield the task of a fit; its callbacks see the beginning of the block and, if there is no exception, its end.

    Parameters
    ----------
    estimator : BaseRecurrentClassifier
        The classifier whose callbacks are called.
    training : Training
    X, y : array-like
        What `fit` was called with.
    """
    about = {"estimator": estimator, "X": X, "y": y}
    with callback_management_context(estimator):
        context = begin_task(estimator, training.epochs)
        context.call_on_fit_task_begin(**about)
        yield FitTask(context, training, about)
        context.call_on_fit_task_end(**about, reconstruction_attributes=dict)


class FitTask:
    """The task of a fit, from `fit_task`."""

    def __init__(self, context: Any, training: Training, about: dict[str, Any]):
        self._context = context
        self._training = training
        self._about = about

    @contextmanager
    def epoch(self) -> Iterator[None]:
        """Report the epoch that is trained in the block; a callback may then stop the training."""
        task = self._context.subcontext(task_name="epoch").call_on_fit_task_begin(**self._about)
        yield
        self._print_epoch()
        if task.call_on_fit_task_end(**self._about, reconstruction_attributes=self._training.learned):
            self._training.stop()

    def _print_epoch(self) -> None:
        """Print one line about the last epoch, if `verbose` is set."""
        estimator, training = self._about["estimator"], self._training
        if not (estimator.verbose and training.n_epochs):
            return
        number, last = training.first_epoch + training.n_epochs, training.first_epoch + training.epochs
        values = ", ".join(f"{name} {values[-1]:.4f}" for name, values in training.history.items())
        print(f"[{type(estimator).__name__}] epoch {number}/{last}: {values}", flush=True)
