"""Keras' callbacks and the user's own behave as in stock `fit`, and leave nothing behind."""

import functools
import http.server
import inspect
import json
import threading

import keras
import numpy as np
import pytest
from keras import callbacks as kc
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import GRUClassifier
from skrnn.network.keras_callbacks import needs_batches
from skrnn.network.pool import networks

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(22, 4, 2)).astype(np.float32), np.arange(22) % 3
VALIDATION = {"X_val": X[:8], "y_val": Y[:8]}
CLASSIFIER = GRUClassifier(3, epochs=3, batch_size=8, learning_rate=0.05, random_state=0)


def fit(callbacks, validation=True, **parameters):
    classifier = clone(CLASSIFIER).set_params(callbacks=callbacks, **parameters)
    return classifier.fit(X, Y, **(VALIDATION if validation else {}))


def weights_of(classifier):
    return classifier._state.weights


def assert_same(left, right):
    for a, b in zip(left, right, strict=True):
        assert_array_equal(a, b)


@pytest.fixture(scope="module")
def plain():
    return fit(None)


class Listener(kc.Callback):
    """Records every call, with its arguments and what it can see."""

    def __init__(self, into):
        super().__init__()
        self.into = into

    def __deepcopy__(self, memo):
        return type(self)(self.into)


HOOKS = [name for name in dir(kc.Callback) if name.startswith("on_") and "predict" not in name]


def _listen(hook):
    def listen(self, *arguments, **named):
        *number, logs = [*arguments, *named.values()] if arguments or named else [None]
        if isinstance(logs, int):
            number, logs = [logs], None
        logs = {name: float(value) for name, value in sorted((logs or {}).items())}
        named_metrics = [metric.name for metric in self.model._compile_metrics.metrics]
        seen = self.model.stop_training, [m.name for m in self.model.metrics], named_metrics, self.params
        self.into.append((hook, number, logs, int(self.model.optimizer.iterations), seen))

    return listen


for hook in HOOKS:
    setattr(Listener, hook, _listen(hook))


def test_a_callback_sees_what_stock_fit_shows_it():
    """The same calls in the same order, with the same logs, metrics, iterations and parameters."""
    ours, theirs = [], []
    classifier = fit(Listener(ours), shuffle=False)
    model = clone(classifier).set_params(callbacks=None).initialize(X, Y).model_
    model.fit(
        X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0, validation_data=(X[:8], Y[:8]),
        callbacks=[Listener(theirs)],
    )  # fmt: skip
    assert [call[:2] for call in ours] == [call[:2] for call in theirs]
    for (hook, _, our_logs, *our_rest), (_, _, logs, *rest) in zip(ours, theirs, strict=True):
        assert our_rest == rest, hook
        assert our_logs.keys() == logs.keys(), hook
        assert_allclose([*our_logs.values()], [*logs.values()], rtol=1e-4, atol=1e-6, err_msg=hook)


# Keras' own, one by one


@pytest.mark.parametrize("monitor", ["val_accuracy", "accuracy", "val_loss", "loss"])
def test_early_stopping_watches_any_value(monitor):
    """Whether more is better follows from the metric's name, as in stock `fit`."""
    fitted = fit(kc.EarlyStopping(monitor=monitor, min_delta=10.0, patience=1, restore_best_weights=True))
    assert fitted.n_iter_ == 2  # no value improves by ten
    assert fitted.best_epoch_ == 0
    assert_same(weights_of(fitted), weights_of(fit(None, epochs=1)))


def test_early_stopping_on_accuracy_keeps_the_highest():
    fitted = fit(kc.EarlyStopping(monitor="val_accuracy", patience=20, restore_best_weights=True), epochs=30)
    best = int(np.argmax(fitted.history_["val_accuracy"]))
    assert fitted.best_epoch_ == best > 0
    assert fitted.score(X[:8], Y[:8]) == pytest.approx(max(fitted.history_["val_accuracy"]))


def test_an_interrupt_keeps_the_last_epoch_not_what_a_callback_would_restore():
    class Interrupt(kc.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                self.model.set_weights([weight + 1 for weight in self.model.get_weights()])
                raise KeyboardInterrupt

    stopping = kc.EarlyStopping(monitor="loss", min_delta=10.0, patience=5, restore_best_weights=True)
    classifier = clone(CLASSIFIER).set_params(callbacks=[stopping, Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(X, Y)
    assert (classifier.n_iter_, classifier.best_epoch_) == (2, 1)
    assert_same(weights_of(classifier), weights_of(fit(None, epochs=2)))
    with networks.lease(classifier._spec, classifier._optimizer_spec) as network:
        network.load(classifier._state)
        assert_same(network.model.get_weights(), weights_of(classifier))


def test_model_checkpoint_keeps_the_highest_accuracy(tmp_path):
    path = tmp_path / "best.keras"
    fitted = fit(kc.ModelCheckpoint(path, monitor="val_accuracy", save_best_only=True), epochs=12)
    best = int(np.argmax(fitted.history_["val_accuracy"])) + 1
    saved = keras.models.load_model(path)
    assert_allclose(saved.predict(X, verbose=0), fit(None, epochs=best).predict_proba(X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("save_freq", ["epoch", 9])
def test_model_checkpoint_saves_weights(tmp_path, save_freq, plain):
    path = tmp_path / "last.weights.h5"
    fit(kc.ModelCheckpoint(path, save_weights_only=True, save_freq=save_freq))
    model = plain.model_
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    model.load_weights(path)
    assert_same(model.get_weights(), weights_of(plain))


def test_a_plateau_of_accuracy_reduces_the_learning_rate(plain):
    fitted = fit(kc.ReduceLROnPlateau(monitor="accuracy", min_delta=10.0, patience=1, factor=0.5))
    assert_allclose(fitted.history_["learning_rate"], [0.05, 0.05, 0.025], rtol=1e-6)
    assert_same(weights_of(fit(None)), weights_of(plain))  # the shared network has its old rate again


def test_learning_rate_scheduler(plain):
    fitted = fit(kc.LearningRateScheduler(lambda epoch, rate: 0.05 if epoch == 0 else rate / 2))
    assert_allclose(fitted.history_["learning_rate"], [0.05, 0.025, 0.0125], rtol=1e-6)
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.05))
    around = fit(kc.LearningRateScheduler(lambda epoch, rate: rate / 2), optimizer=optimizer, learning_rate=None)
    assert_allclose(around.history_["learning_rate"], [0.025, 0.0125, 0.00625], rtol=1e-6)
    assert_same(weights_of(fit(None)), weights_of(plain))


def test_training_continues_from_a_backup(tmp_path, plain):
    """Interrupted after two epochs and fitted again, it trains the third and has the weights of all three."""

    class Interrupt(kc.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    backup = kc.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        fit([backup, Interrupt()])
    resumed = fit(backup)
    assert_same(weights_of(resumed), weights_of(plain))
    assert resumed.history_ == {name: values[2:] for name, values in plain.history_.items()}
    assert (resumed.n_iter_, resumed.best_epoch_) == (1, 0)
    assert not (tmp_path / "backup").exists()
    assert fit(None).n_iter_ == 3  # the network has forgotten where it began


def test_csv_logger(tmp_path, plain):
    fit(kc.CSVLogger(tmp_path / "log.csv"))
    head, *rows = (tmp_path / "log.csv").read_text().split()
    assert head.split(",") == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert [float(row.split(",")[2]) for row in rows] == plain.history_["loss"]


@pytest.mark.parametrize("options", [{}, {"update_freq": "batch", "histogram_freq": 1, "write_steps_per_second": True}])
def test_tensorboard_gets_training_and_validation(tmp_path, options, plain):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    fitted = fit(kc.TensorBoard(tmp_path, **options))
    assert_same(weights_of(fitted), weights_of(plain))
    for part, name in (("train", "epoch_accuracy"), ("validation", "evaluation_accuracy_vs_iterations")):
        events = accumulator.EventAccumulator(str(tmp_path / part)).Reload()
        assert name in events.Tags()["tensors"]
        assert len(events.Tensors(name)) == 3


def test_progress_bar_prints_as_verbose_says(capsys, plain):
    assert_same(weights_of(fit(kc.ProgbarLogger())), weights_of(plain))
    assert capsys.readouterr().out == ""
    fit(kc.ProgbarLogger(), verbose=1)
    printed = capsys.readouterr().out
    assert "Epoch 1/3" in printed
    assert "val_accuracy" in printed


def test_terminate_on_nan_stops_within_the_epoch():
    diverging = {"optimizer": "sgd", "learning_rate": 1e30, "activation": "linear"}
    seen = []

    class CountsBatches(kc.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    with pytest.raises(FloatingPointError, match="diverges"):
        fit([CountsBatches(), kc.TerminateOnNaN()], **diverging)
    assert len(seen) < 3
    with pytest.raises(RuntimeError, match="NaN or Inf loss encountered"):
        fit(kc.TerminateOnNaN(raise_error=True), **diverging)


def test_remote_monitor_gets_every_epoch(plain):
    received = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        fit(kc.RemoteMonitor(f"http://127.0.0.1:{server.server_port}", send_as_json=True))
        server.shutdown()
        thread.join()
    assert [epoch["accuracy"] for epoch in received] == plain.history_["accuracy"]


def test_lambda_callback_takes_every_hook():
    seen = []
    callbacks = {"callbacks__on_epoch_end": lambda epoch, logs: seen.append(epoch)}
    callbacks["callbacks__on_test_batch_end"] = lambda batch, logs: seen.append("test")
    fit(kc.LambdaCallback, callbacks__on_test_begin=lambda logs: seen.append("begin"), **callbacks)
    assert "begin" in seen
    with pytest.raises(ValueError, match=r"no argument 'on_epoch_ennd'\. Did you mean 'callbacks__on_epoch_end'\?"):
        fit(kc.LambdaCallback, callbacks__on_epoch_ennd=print)


def test_history_and_no_op(plain):
    assert fit([kc.History(), kc.Callback()]).history_ == plain.history_


def test_a_callback_list_is_rejected_by_name():
    with pytest.raises(TypeError, match=r"callbacks must be Keras callbacks or classes of them; got .*List"):
        fit(kc.CallbackList([]))


def test_averages_within_other_optimizers_are_not_swapped_twice():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    parameters = {"optimizer": optimizer, "learning_rate": None}
    assert_same(weights_of(fit(kc.SwapEMAWeights(), **parameters)), weights_of(fit(None, **parameters)))


def test_orbax_checkpoint_trains_where_its_package_is_installed(tmp_path):
    pytest.importorskip("orbax.checkpoint")
    fit(kc.OrbaxCheckpoint, callbacks__directory=str(tmp_path / "here"), callbacks__monitor="val_accuracy")
    assert [*(tmp_path / "here").iterdir()]


def test_every_callback_of_keras_is_tested_here():
    tried = {kc.BackupAndRestore, kc.CSVLogger, kc.Callback, kc.CallbackList, kc.EarlyStopping, kc.History}
    tried |= {kc.LambdaCallback, kc.LearningRateScheduler, kc.ModelCheckpoint, kc.OrbaxCheckpoint, kc.ProgbarLogger}
    tried |= {kc.ReduceLROnPlateau, kc.RemoteMonitor, kc.SwapEMAWeights, kc.TensorBoard, kc.TerminateOnNaN}
    assert {value for value in vars(kc).values() if inspect.isclass(value)} == tried


# The user's own


class Patient(kc.EarlyStopping):
    def __init__(self, **options):
        super().__init__(monitor="loss", **options)


class Positional(kc.Callback):
    def __init__(self, first, second=2, /, *, into):
        super().__init__()
        into.append((first, second))


def _with_extra(constructor):
    @functools.wraps(constructor)
    def wrapped(self, *arguments, extra, **named):
        constructor(self, *arguments, **named)
        self.into.append(extra)

    return wrapped


class Wrapped(kc.Callback):
    @_with_extra
    def __init__(self, into):
        super().__init__()
        self.into = into


class Inherits(Patient):
    pass


def test_arguments_reach_a_constructor_in_any_form():
    assert fit(Patient, callbacks__patience=1, callbacks__min_delta=10.0).n_iter_ == 2
    assert fit(Inherits, callbacks__patience=1, callbacks__min_delta=10.0).n_iter_ == 2
    seen = []
    fit(Positional, callbacks__first=1, callbacks__into=seen)
    fit(Wrapped, callbacks__into=seen, callbacks__extra=7)
    assert seen == [(1, 2), 7]


@pytest.mark.parametrize(
    ("callback", "routed", "message"),
    [
        (Patient, {"pacience": 1}, r"Patient has no argument 'pacience'\. Did you mean 'callbacks__patience'\?"),
        (Positional, {"into": 1}, r"Positional requires the argument 'first': set callbacks__first\."),
        (Positional, {"first": 1, "third": 1}, r"Positional has no argument 'third'"),
        (kc.ReduceLROnPlateau, {"factor": 2.0}, r"cannot be created with callbacks__factor: .*factor >= 1\.0"),
        (kc.EarlyStopping, {"monitro": "loss"}, r"Did you mean 'callbacks__monitor'\?"),
    ],
)
def test_arguments_that_do_not_exist_are_named(callback, routed, message):
    with pytest.raises(ValueError, match=message):
        fit(callback, **{f"callbacks__{name}": value for name, value in routed.items()})


def test_a_callback_that_was_used_before_is_copied_without_its_model(plain):
    callback = kc.EarlyStopping(monitor="loss", patience=10)
    plain.model_.fit(X, Y, verbose=0, callbacks=[callback])
    model = callback.model
    assert fit(callback).n_iter_ == 3
    assert callback.model is model


def test_a_callback_that_cannot_be_copied_is_named():
    class Holds(kc.Callback):
        def __init__(self):
            super().__init__()
            self.lock = threading.Lock()

    with pytest.raises(TypeError, match=r"Each fit copies its callbacks, but .*Holds.* cannot be copied"):
        GRUClassifier(3, callbacks=Holds()).fit(X, Y)


def test_the_model_in_training_works_like_any_other(tmp_path, plain):
    seen = []

    class Uses(Listener):
        def on_epoch_end(self, epoch, logs=None):
            loss, accuracy = self.model.evaluate(X[:8], Y[:8], verbose=0)
            self.into.append((loss, logs["val_loss"], accuracy, logs["val_accuracy"]))
            assert self.model.predict(X, verbose=0).shape == (22, 3)
            self.model.save_weights(tmp_path / "now.weights.h5")
            self.model.load_weights(tmp_path / "now.weights.h5")

        def set_model(self, model):
            super().set_model(model)
            self.n_parameters = model.count_params()

    for hook in HOOKS:
        if hook != "on_epoch_end":
            setattr(Uses, hook, getattr(kc.Callback, hook))
    assert_same(weights_of(fit(Uses(seen))), weights_of(plain))
    for loss, val_loss, accuracy, val_accuracy in seen:
        assert (loss, accuracy) == pytest.approx((val_loss, val_accuracy), rel=1e-5)


def test_a_batch_hook_of_a_subclass_is_called(tmp_path):
    seen = []

    class AlsoBatches(kc.ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    assert not needs_batches(kc.ModelCheckpoint(tmp_path / "a.keras"))
    fit(AlsoBatches, callbacks__filepath=tmp_path / "a.keras")
    assert seen == [0, 1, 2] * 3


# Nothing is left behind


class Freezes(kc.Callback):
    def on_train_begin(self, logs=None):
        self.model.get_layer("gru_0").trainable = False


def test_layers_that_a_callback_freezes_are_trained_in_the_next_fit(plain):
    start = clone(CLASSIFIER).initialize(X, Y)
    frozen = fit(Freezes())
    assert_same(weights_of(frozen)[:3], weights_of(start)[:3])
    assert not np.array_equal(weights_of(frozen)[3], weights_of(start)[3])
    assert_same(weights_of(fit(None)), weights_of(plain))


class SetsMomentum(kc.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.beta_1 = 0.5


class Compiles(kc.Callback):
    def on_train_begin(self, logs=None):
        self.model.compile("sgd", loss="sparse_categorical_crossentropy")


class SetsActivation(kc.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.get_layer("gru_0").cell.activation = keras.activations.relu


class Regularizes(kc.Callback):
    def on_train_begin(self, logs=None):
        self.model.get_layer("logits").kernel_regularizer = keras.regularizers.L2(1.0)


class ExcludesFromDecay(kc.Callback):
    def on_train_begin(self, logs=None):
        self.model.optimizer.built = False  # Keras refuses it else
        self.model.optimizer.exclude_from_weight_decay(var_names=["kernel"])
        self.model.optimizer.built = True


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (SetsActivation(), r"A callback changed gru_cell\.activation in on_epoch_begin"),
        (Regularizes(), r"A callback changed logits\.kernel_regularizer in on_train_begin"),
        (ExcludesFromDecay(), r"A callback changed optimizer\.exclude_from_weight_decay in on_train_begin"),
        (SetsMomentum(), r"A callback changed optimizer\.beta_1 in on_epoch_begin\. .* already traced"),
        (Compiles(), r"A callback changed .*the optimizer in on_train_begin"),
    ],
)
def test_what_is_traced_cannot_be_changed_silently(callback, message, plain):
    with pytest.raises(ValueError, match=message):
        fit(callback)
    assert_same(weights_of(fit(None)), weights_of(plain))


def test_weights_of_a_failed_fit_are_never_used(plain):
    class Spoils(kc.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                self.model.set_weights([weight + 1 for weight in self.model.get_weights()])
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(Spoils())
    with networks.lease(plain._spec, plain._optimizer_spec) as network:
        network.load(plain._state)
        assert_same(network.model.get_weights(), weights_of(plain))


class Keeps(kc.Callback):
    """Keeps arguments of any name."""

    def __init__(self, **settings):
        super().__init__()
        self.settings = settings

    def on_train_begin(self, logs=None):
        if self.settings != {"patience": 3}:
            raise AssertionError(self.settings)


def test_a_constructor_may_keep_its_kwargs():
    fitted = GRUClassifier(2, epochs=1, callbacks=Keeps, callbacks__patience=3).fit(X, Y)
    assert fitted.n_iter_ == 1
    with pytest.raises(AssertionError, match="pacience"):
        GRUClassifier(2, epochs=1, callbacks=Keeps, callbacks__pacience=3).fit(X, Y)


def test_a_callback_may_add_values_and_take_some_out():
    class Changes(kc.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                del logs["loss"], logs["val_accuracy"]
                logs["rate"] = self.model.optimizer.learning_rate

    plain, changed = fit(None), fit([Changes()])
    assert changed.history_ == plain.history_ | {"rate": [np.float32(0.05)]}
    assert changed.n_iter_ == 3


def test_a_value_that_is_no_number_is_named():
    class Adds(kc.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["confusion"] = [[1, 0], [0, 1]]

    with pytest.raises(ValueError, match=r"A callback set logs\['confusion'\] to .*; expected a number"):
        fit([Adds()])


def test_a_callback_that_fails_as_it_gets_the_model_leaves_nothing_behind(plain):
    class Fails(kc.Callback):
        def set_model(self, model):
            for layer in model.layers:
                layer.trainable = False
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fit([Fails()])
    assert_same(weights_of(fit(None)), weights_of(plain))


def test_initialize_trains_nothing_and_calls_no_callback():
    calls = []

    class Recorder(kc.Callback):
        def on_train_begin(self, logs=None):
            calls.append("begin")

        def on_train_end(self, logs=None):
            calls.append("end")

    X, y = np.random.default_rng(0).normal(size=(12, 3, 2)), np.arange(12) % 2
    classifier = GRUClassifier(2, epochs=1, callbacks=Recorder, random_state=0).initialize(X, y)
    assert calls == []
    assert classifier.n_iter_ == 0
    classifier.fit(X, y)
    assert calls == ["begin", "end"]
