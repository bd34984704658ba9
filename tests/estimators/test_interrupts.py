"""Ctrl-C in training: what is kept, what is reported, and that the caller gets the exception."""

import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import GRUClassifier
from skrnn.network.interrupts import interrupts_come_through

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 5, 2)).astype(np.float32)
Y = (X[:, :, 0].sum(axis=1) > 0).astype(int)


class Interrupt(keras.callbacks.Callback):
    """Raises KeyboardInterrupt in a hook of Keras in one epoch, and records which hooks were called."""

    def __init__(self, hook, epoch, called=None):
        super().__init__()
        self.hook, self.epoch, self.called = hook, epoch, [] if called is None else called

    def __deepcopy__(self, memo):  # fit copies callbacks: the list is shared
        return type(self)(self.hook, self.epoch, self.called)

    def _call(self, hook, epoch):
        self.called.append(hook)
        if hook == self.hook and epoch == self.epoch:
            raise KeyboardInterrupt

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch
        self._call("on_epoch_begin", epoch)

    def on_epoch_end(self, epoch, logs=None):
        self._call("on_epoch_end", epoch)

    def on_test_begin(self, logs=None):
        self._call("on_test_begin", self.now)

    def on_train_end(self, logs=None):
        self._call("on_train_end", self.now)


class InterruptBatch(Interrupt):
    """The same in the middle of an epoch: Keras' own loop over batches is used."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            self._call("on_train_batch_end", self.now)


def interrupted(callback, **parameters):
    estimator = GRUClassifier(
        **{"units": 3, "epochs": 6, "batch_size": 16, "random_state": 0, "callbacks": callback, **parameters}
    )
    with pytest.raises(KeyboardInterrupt) as caught:
        estimator.fit(X, Y)
    assert type(caught.value) is KeyboardInterrupt
    return estimator, caught.value


def same_state(first, second):
    return all(
        np.array_equal(one, other)
        for name in ("weights", "optimizer")
        for one, other in zip(getattr(first._state, name), getattr(second._state, name), strict=True)
    )


IN_EPOCH_3 = {
    "as it begins": Interrupt("on_epoch_begin", 3),
    "within": InterruptBatch("on_train_batch_end", 3),
    "before it is validated": Interrupt("on_test_begin", 3),
    "before it is noted": Interrupt("on_epoch_end", 3),
}


@pytest.mark.parametrize("average", [False, True], ids=["weights", "averages"])
@pytest.mark.parametrize("when", IN_EPOCH_3)
def test_complete_epochs_are_kept(when, average):
    parameters = {"validation_fraction": 0.2, "optimizer__use_ema": average, "dropout": 0.2}
    kept, error = interrupted(IN_EPOCH_3[when], **parameters)
    never = type(IN_EPOCH_3[when])("on_epoch_end", None)
    three = clone(kept).set_params(epochs=3, callbacks=never).fit(X, Y)
    assert same_state(kept, three)
    assert kept.history_ == three.history_
    assert (kept.n_iter_, kept.best_epoch_) == (3, 2)
    assert vars(kept).keys() == vars(three).keys()
    assert error.__notes__ == [
        "GRUClassifier.fit was interrupted and keeps the 3 complete epochs; fit with warm_start=True continues."
    ]
    assert kept.predict_proba(X).shape == (64, 2)


def test_after_the_last_epoch_everything_is_kept():
    kept, _ = interrupted(Interrupt("on_train_end", 5))
    assert same_state(kept, clone(kept).set_params(callbacks=None).fit(X, Y))


def test_warm_start_continues_from_there():
    kept, _ = interrupted(Interrupt("on_epoch_begin", 2))
    kept.set_params(callbacks=None, warm_start=True, epochs=4).fit(X, Y)
    at_once = clone(kept).set_params(epochs=6).fit(X, Y)
    assert same_state(kept, at_once)
    assert kept.history_ == at_once.history_


def test_an_interrupted_warm_start_keeps_the_epochs_of_both_calls():
    kept = GRUClassifier(3, epochs=2, random_state=0, warm_start=True).fit(X, Y)
    kept.set_params(callbacks=Interrupt("on_epoch_end", 3), epochs=5)
    with pytest.raises(KeyboardInterrupt) as caught:
        kept.fit(X, Y)
    assert "keeps the first epoch" in caught.value.__notes__[0]
    assert same_state(kept, clone(kept).set_params(epochs=3, callbacks=None).fit(X, Y))
    assert (kept.n_iter_, len(kept.history_["loss"])) == (3, 3)


def test_early_stopping_keeps_the_best_epoch():
    parameters = {
        "learning_rate": 0.5,
        "early_stopping": True,
        "validation_fraction": 0.3,
        "patience": 20,
        "epochs": 12,
    }
    kept, error = interrupted(Interrupt("on_epoch_end", 11), **parameters)
    losses = kept.history_["val_loss"]
    assert len(losses) == kept.n_iter_ == 11
    assert kept.best_epoch_ == int(np.argmin(losses)) < 10
    assert same_state(kept, clone(kept).set_params(epochs=kept.best_epoch_ + 1, callbacks=None).fit(X, Y))
    assert f"with the weights of the best one (best_epoch_={kept.best_epoch_})" in error.__notes__[0]


@pytest.mark.parametrize("callback", [Interrupt("on_epoch_end", 0), InterruptBatch("on_train_batch_end", 0)])
def test_an_interrupt_in_the_first_epoch_changes_nothing(callback):
    unfitted, error = interrupted(callback)
    assert vars(unfitted) == vars(clone(unfitted)) | {"callbacks": callback}
    assert not hasattr(error, "__notes__")
    with pytest.raises(NotFittedError):
        unfitted.predict(X)
    fitted = GRUClassifier(3, epochs=2, random_state=0).fit(X, Y).set_params(callbacks=callback)
    before = dict(vars(fitted))
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(X, 1 - Y)
    assert vars(fitted) == before


def test_an_error_still_leaves_the_estimator_as_it_was():
    class Fail(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 3:
                raise RuntimeError("full disk")

    fitted = GRUClassifier(3, epochs=2, random_state=0).fit(X, Y).set_params(callbacks=Fail(), epochs=6)
    before = dict(vars(fitted))
    with pytest.raises(RuntimeError, match="full disk"):
        fitted.fit(X, Y)
    assert vars(fitted) == before


def test_keras_callbacks_are_not_called_afterwards_as_in_keras():
    callback = Interrupt("on_epoch_begin", 1)
    interrupted(callback)
    assert callback.called == ["on_epoch_begin", "on_epoch_end", "on_epoch_begin"]


def test_keras_early_stopping_restores_nothing_on_an_interrupt():
    restoring = keras.callbacks.EarlyStopping("loss", mode="max", patience=20, restore_best_weights=True)
    kept, _ = interrupted([restoring, Interrupt("on_epoch_end", 4)])
    assert np.argmax(kept.history_["loss"]) < 3
    assert kept.best_epoch_ == 3
    assert same_state(kept, clone(kept).set_params(epochs=4, callbacks=None).fit(X, Y))


def test_scikit_learn_callbacks_are_torn_down():
    callbacks = pytest.importorskip("sklearn.callback")
    estimator = GRUClassifier(3, epochs=4, random_state=0, callbacks=Interrupt("on_epoch_end", 2))
    with pytest.raises(KeyboardInterrupt):
        estimator.set_callbacks(callbacks.ProgressBar()).fit(X, Y)
    assert estimator.n_iter_ == 2
    assert not {"_callback_fit_ctx", "_skl_callbacks_to_teardown"} & vars(estimator).keys()
    estimator.set_params(callbacks=None).fit(X, Y)


def test_partial_fit_keeps_nothing_of_its_epoch():
    estimator = GRUClassifier(3, random_state=0).partial_fit(X, Y)
    estimator.set_params(callbacks=Interrupt("on_epoch_end", 1))
    before = dict(vars(estimator))
    with pytest.raises(KeyboardInterrupt):
        estimator.partial_fit(X, Y)
    assert vars(estimator) == before


def test_an_interrupt_is_printed_if_verbose(capsys):
    interrupted(Interrupt("on_epoch_end", 2), verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "[GRUClassifier] interrupted, keeps the 2 complete epochs"
    assert len(lines) == 3


def test_a_pipeline_is_fitted_and_cross_validation_stops():
    classifier = GRUClassifier(3, epochs=4, random_state=0, callbacks=Interrupt("on_epoch_end", 2))
    pipeline = make_pipeline(FunctionTransformer(), classifier)
    with pytest.raises(KeyboardInterrupt):
        pipeline.fit(X, Y)
    assert_array_equal(pipeline.predict(X), pipeline[-1].predict(X))
    callback = Interrupt("on_epoch_end", 2)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(classifier.set_params(callbacks=callback), X, Y, cv=3, error_score=0)
    assert callback.called.count("on_epoch_begin") == 3  # in the first fold only


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send to a process")
def test_ctrl_c_in_a_process(tmp_path):
    script = tmp_path / "fit.py"
    script.write_text(
        """
import numpy as np
from skrnn import GRUClassifier
from skrnn.network.interrupts import interrupts_come_through

X, y = np.random.default_rng(0).normal(size=(256, 10, 2)), np.arange(256) % 2
classifier = GRUClassifier(4, epochs=1_000_000, random_state=0, verbose=1)
try:
    classifier.fit(X, y)
except KeyboardInterrupt as error:
    n = classifier.n_iter_
    assert error.__notes__
    again = GRUClassifier(4, epochs=n, random_state=0).fit(X, y)
    print("kept", n, (again.predict_proba(X) == classifier.predict_proba(X)).all())
"""
    )
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(script)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # the tests may run where it is ignored
    ) as process:
        assert any("epoch 3/" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        *_, last = process.stdout
    words = last.split()
    assert words[0] == "kept"
    assert int(words[1]) >= 3
    assert words[2] == "True"


@pytest.fixture
def python_handles_interrupts():
    """A shell starts its background processes with interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Swallows(keras.optimizers.SGD):
    """Loses an interrupt, or makes another error of it, as TensorFlow's handlers for any exception do."""

    error = None

    def build(self, variables):
        super().build(variables)
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException:
            if self.error is not None:
                raise self.error from None


class Replaces(Swallows):
    error = TypeError("Cannot find maximum value of <dtype: 'int32'>.")


@pytest.mark.parametrize("optimizer", [Swallows, Replaces])
def test_an_interrupt_that_keras_loses_still_stops(optimizer, python_handles_interrupts):
    estimator = GRUClassifier(3, epochs=2, optimizer=optimizer)
    before = dict(vars(estimator))
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, Y)
    assert vars(estimator) == before
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(estimator, X, Y, cv=2, error_score=0.0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_users_that_raises_nothing_is_called_and_nothing_else():
    seen = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with interrupts_come_through():
            signal.raise_signal(signal.SIGINT)
        assert seen == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)
