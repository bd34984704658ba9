"""The scikit-learn contract on top of SciKeras' ``KerasClassifier``: fitting, fitted attributes, tags.

A fitted estimator is plain data: its parameters, what it learned of X and y, its history, and its weights and optimizer
state as NumPy arrays. A traced network is leased from the pool for as long as a call needs it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any, Self

import numpy as np
from sklearn.utils import ClassifierTags
from sklearn.utils.validation import check_is_fitted

from skrnn._callbacks import CallbackSupportMixin
from skrnn._tensorflow import keras
from skrnn.estimators.fit_task import fit_task
from skrnn.estimators.frozen import FrozenClassifier
from skrnn.estimators.parameters import RecurrentParameters
from skrnn.estimators.prediction import Prediction
from skrnn.estimators.sequences import read_like
from skrnn.estimators.training import Training
from skrnn.network import reference
from skrnn.network.pool import networks
from skrnn.network.state import averages, trainable_model, write_state

_SMALL = 100_000_000  # multiplications up to which NumPy predicts: tens of milliseconds, and no network to trace


class _Interrupted(BaseException):
    """Carries the interrupt of the user out of a `fit` that has already kept its complete epochs."""

    def __init__(self, interrupt: KeyboardInterrupt):
        self.interrupt = interrupt


def unchanged_on_error(method: Callable) -> Callable:
    """Decorate a method that fits: if it fails, the estimator is unchanged.

    The same holds if it is interrupted before an epoch is complete. After that, the method raises `_Interrupted`, and
    what it has set is kept.
    """

    @wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return method(self, *args, **kwargs)
        except _Interrupted as after_epochs:
            raise after_epochs.interrupt from None
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return guarded


class BaseRecurrentClassifier(CallbackSupportMixin, Prediction, RecurrentParameters):
    """The base of all recurrent classifiers; each public class chooses the recurrence."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags(multi_label=bool(self.multilabel))
        tags.target_tags.required = True
        tags.input_tags.three_d_array = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_state")

    @property
    def initialized_(self) -> bool:
        """Whether there are weights to predict with."""
        return self.__sklearn_is_fitted__()

    @property
    def current_epoch(self) -> int:
        """Number of epochs trained so far."""
        return self.n_iter_ if self.__sklearn_is_fitted__() else 0

    def __dir__(self) -> list[str]:
        # Code that lists attributes usually reads them all, as scikit-learn's HTML does, and model_ builds a network.
        # Tab completion still finds it, through the class.
        return [name for name in object.__dir__(self) if name != "model_" and hasattr(self, name)]

    # Fitting

    @unchanged_on_error
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features), or list of arrays
            Sequences: numbers, or token ids if `embedding_dim` is given. This call decides how every later X is read.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels of any type, or one-hot rows; with ``multilabel=True`` zeros and ones, a column for each label.
        sample_weight : array-like of shape (n_samples,), default=None
            Rows of weight zero are left out, as are rows whose weight, multiplied by that of their class, is less than
            1e-38 of the mean; the other weights are scaled to a mean of one.
        X_val, y_val : as X and y, default=None
            Validation data for early stopping and the validation curves, instead of rows held out of X. `class_weight`
            does not apply to either; held-out rows keep their sample weights.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the input is invalid. The estimator is then unchanged.
        FloatingPointError
            If the training diverges: the loss, a weight or the optimizer's state is not finite after an epoch. Or if
            early stopping cannot compare epochs, because the validation loss is not finite. The estimator is then
            unchanged.
        KeyboardInterrupt
            After Ctrl-C. If at least one epoch was complete, the estimator is fitted: it keeps the last complete epoch,
            or with early stopping the best one. A note on the exception says so, and `fit` with ``warm_start=True``
            continues from there. Otherwise the estimator is unchanged.

        Warns
        -----
        InputWarning
            If X shows one of the most common mistakes, such as features of very different scale, or if rows are left
            out because of their small weights.
        ConvergenceWarning
            If the network has learned nothing from long sequences.
        """
        return self._train(Training.begin(self, X, y, sample_weight, X_val=X_val, y_val=y_val), X, y)

    @unchanged_on_error
    def partial_fit(self, X, y, classes=None, sample_weight=None) -> Self:
        """Train for one more epoch.

        Calling it once for each epoch of `fit`, with the same data, gives the same weights, bit for bit. No rows are
        held out: `early_stopping` and `validation_fraction` apply to `fit` only. ``class_weight="balanced"`` is an
        error, since it needs all labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features), or list of arrays
            Sequences, in the same form as in the first call.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All classes. Required in the first call if its y lacks some of them; not needed with ``multilabel=True``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, as in `fit`.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError, FloatingPointError
            As in `fit`. The estimator is then unchanged.
        """
        if isinstance(self.class_weight, str) and not self.multilabel:  # which has another cure
            raise ValueError(
                f"class_weight={self.class_weight!r} cannot be used with partial_fit, which sees only part of the data "
                "in each call. Pass a dict of weights computed from all labels, for example with "
                "sklearn.utils.class_weight.compute_class_weight('balanced', ...)."
            )
        continues = self.__sklearn_is_fitted__()
        training = Training.begin_epochs(self, 1, X, y, sample_weight, continues=continues, classes=classes)
        return self._train(training, X, y)

    @unchanged_on_error
    def initialize(self, X, y) -> Self:
        """Initialise the network with fresh weights, without training.

        Parameters
        ----------
        X, y : as in `fit`

        Returns
        -------
        self : object
        """
        return self._train(Training.begin_epochs(self, 0, X, y, continues=False), X, y)

    def _train(self, training: Training, X: Any, y: Any) -> Self:
        """Run a training to its end, and set what was learned."""
        try:
            with fit_task(self, training, X, y) as task:
                with training.lease() as network:
                    while not training.finished:
                        with task.epoch():
                            training.step(network)
                    training.finish(network)
                self.__dict__.update(training.learned())
        except KeyboardInterrupt as interrupt:
            # No more hooks are called, as in Keras: BackupAndRestore keeps its backup.
            if not training.n_epochs:
                raise
            self.__dict__.update(training.learned())
            self._note(interrupt, training.n_epochs)
            raise _Interrupted(interrupt) from None
        training.warn_at_chance()
        return self

    def _is_exact(self) -> bool:
        """Return whether a row counts the same at any position in its batch."""
        return not (self.batch_normalization or self.dropout or self.recurrent_dropout or self.layer_dropout)

    def _note(self, interrupt: KeyboardInterrupt, n_epochs: int) -> None:
        """Add a note to the interrupt that says what is kept, and print it if `verbose` is set."""
        name = type(self).__name__
        kept = "the first epoch" if n_epochs == 1 else f"the {n_epochs} complete epochs"
        if self.best_epoch_ + 1 < self.n_iter_:
            kept += f", with the weights of the best one (best_epoch_={self.best_epoch_})"
        interrupt.add_note(f"{name}.fit was interrupted and keeps {kept}; fit with warm_start=True continues.")
        if self.verbose:
            print(f"[{name}] interrupted, keeps {kept}", flush=True)

    # Predicting

    @property
    def model_(self) -> keras.Model:
        """A stock Keras model with the fitted weights. Each access builds a new one, to change, train or save.

        It is compiled with the optimizer in the state that `fit` left it in, and reads the arrays that `predict` reads:
        numbers ``(n, T, D)`` with NaN as padding if `fit` saw padding (bytes divided by their scale), or token ids
        ``(n, T)``. It saves as ``.keras``, loads without skrnn, and exports, for example with
        ``model_.export("model.onnx", format="onnx")``.
        """
        check_is_fitted(self)
        model = trainable_model(self._spec, self._optimizer_spec)
        write_state(model, self._state, with_optimizer=True)
        for weight, average in averages(model):  # a further training starts from the weights that predict
            average.assign(weight)
        if self._learning_rate is not None:
            model.optimizer.learning_rate = self._learning_rate
        return model

    def freeze(self) -> FrozenClassifier:
        """Return a small classifier that predicts the same and needs no TensorFlow, in this process or another.

        It contains only what prediction needs, computes in NumPy, and starts in the time that importing
        scikit-learn takes: for serving, or for predicting where TensorFlow is not installed.

        Returns
        -------
        frozen : FrozenClassifier

        Examples
        --------
        >>> from skrnn import GRUClassifier
        >>> from skrnn.datasets import make_adding_problem
        >>> X, y = make_adding_problem(100, 10, random_state=0)
        >>> classifier = GRUClassifier(8, epochs=2, random_state=0).fit(X, y)
        >>> bool((classifier.freeze().predict(X) == classifier.predict(X)).all())
        True
        """
        check_is_fitted(self)
        return FrozenClassifier.of(self, self._form, self._spec, self._state.weights)

    def _logits(self, X) -> np.ndarray:
        check_is_fitted(self)
        sequences = read_like(self._form, self, X)
        n_steps = sequences.values.shape[0] * sequences.values.shape[1]
        if n_steps * self.n_parameters_ <= _SMALL:
            return reference.predict_logits(self._spec, self._state.weights, sequences.values)
        spec = replace(self._spec, masked=self._spec.masked or sequences.masked)
        with networks.lease(spec, self._optimizer_spec) as network:
            network.load(self._state)
            return network.predict_logits(sequences.values)

    def _staged_logits(self, X) -> Iterator[np.ndarray]:
        check_is_fitted(self)
        return reference.staged_logits(
            self._spec, self._state.weights, np.asarray(read_like(self._form, self, X).values)
        )
