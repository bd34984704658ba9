"""The rows of the benchmark, as data: what is measured, of whom, and what is to be reached."""

from benchmarks.plan import Limit, Peer, Row, Target

KERAS = Peer("stock Keras", "stock Keras", "peers.stock_keras")
KERAS_PREDICT = Peer("predict", "stock Keras", "peers.stock_keras", options={"call": "predict"})
KERAS_ON_BATCH = Peer("predict_on_batch", "stock Keras", "peers.stock_keras", options={"call": "predict_on_batch"})
SCIKERAS = Peer("SciKeras", "SciKeras", "peers.scikeras_wrapper")
SKORCH = Peer("skorch", "skorch", "peers.skorch_torch", environment="skorch")
SKRNN = Peer("skrnn", "skrnn", "peers.ours", options={"threads": "configured"})
SKRNN_DEFAULT = Peer("default threads", "skrnn", "peers.ours", options={"threads": "default"})
FLOOR = Peer("matrix products alone", "floor", "floor")

ONE_WORKER = Peer("one worker", "skrnn", "peers.workers", options={"workers": 1})
TWO_WORKERS = Peer("two workers", "skrnn", "peers.workers", options={"workers": 2})
ONE_JOB = Peer("n_jobs=1", "skrnn", "peers.ours", options={"threads": "configured", "n_jobs": 1})
TWO_JOBS = Peer("n_jobs=2", "skrnn", "peers.ours", options={"threads": "configured", "n_jobs": 2})

IMPORT_KERAS = Peer("stock Keras", "stock Keras", "peers.startup", options={"package": "keras"})
IMPORT_SKRNN = Peer("skrnn", "skrnn", "peers.startup", options={"package": "skrnn"})

_TRAINING = """One pass over the data in training, with all that belongs to it: shuffling, batches, the optimizer's
steps and the running loss. Everything that is done once per process or structure (tracing, compiling) was done before,
by a short training of Keras' and PyTorch's network, and by a fit of the same data in skrnn, of whose next fit two
passes are timed, for a comparable duration."""

_MNIST = f"""28 x 28 MNIST images read row by row, divided by 255; 64 units, batch normalisation, 10 logits; SGD with a
learning rate of 0.01, batches of 64. {_TRAINING}"""

_IMDB = f"""IMDB reviews, the last 100 tokens of each, out of the 10,000 most frequent words; an embedding of width 32
that is not masked, 32 units, one output; RMSprop with a learning rate of 0.001, batches of 128. {_TRAINING} The floor
holds the recurrent layer's products only, not the embedding's update."""

_WIDE = f"""MNIST as above, in wider networks without batch normalisation: a SimpleRNN of 256 units with a dropout of
0.2 on its input, trained by SGD in batches of 128, and an LSTM of 128 units, trained by Adam in batches of 32.
{_TRAINING}"""

_VARIABLE = """Generated sequences of 7 to 29 steps with 12 features in 9 classes; LSTM of 64 units, Adam, batches of
16, 40 epochs. Keras reads zero-padded arrays behind a Masking layer, PyTorch packs padded batches, skrnn is given the
list of sequences. The fit of a fresh process after its imports, with whatever it traces and compiles."""

_ONE = """The probabilities of one image, 28 steps of 28 values, from an LSTM of 64 units: the median of 200 calls,
after 20 others. Keras is asked in both of its ways."""

_BULK = """The probabilities of many images from the same network; the second of two calls. Of a batch size of 1,024 and
the package's own default the better one counts, for Keras and for skorch."""

_FIRST = """A fresh process from start to end: imports, a network that has never been built, 5 epochs over short
generated sequences (10 steps of 4 features, 3 classes; LSTM of 64 units, batches of 32), and the prediction of 200."""

_GRID = """GridSearchCV without refit over 4 learning rates and 3 shares of dropout, in 3 folds, on the digits bundled
with scikit-learn as 8 steps of 8 values: LSTM of 32 units, Adam, batches of 32, 10 epochs, in one process."""

_MEMORY = """The peak of resident memory of a process that loads the bytes of MNIST's training images and fits one
epoch: LSTM of 64 units, batches of 64. For Keras the images become float32 first; skrnn's pipeline keeps them bytes."""

_IMPORT = """What `import` takes beyond importing scikit-learn, each in interpreters of their own, the best of 5.
TensorFlow must not be among what skrnn imports."""

_WORKERS = """The grid of the digits by workers with one thread and one core each: how many such grids per minute one
gets done, and two at once, from the start of their interpreters to the end of the last."""

_JOBS = """A larger grid of the digits, whose serial run takes more than a minute at full scale, with both cores:
GridSearchCV with one job and with two."""

_REPEATED = """Many fits one after the other in one process, on 200 generated sequences of 10 steps with 4 features, 2
epochs each: all of one structure, or of two in turns. Neither memory nor the time per fit may grow; both are measured
after the first ten fits, the slope by least squares over the run, relative to the mean."""

_MNIST_NETWORK = {
    "units": 64,
    "batch_normalization": True,
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "batch_size": 64,
}
_IMDB_NETWORK = {
    "units": 32,
    "embedding_dim": 32,
    "vocabulary_size": 10_000,
    "mask_zero": False,
    "optimizer": "rmsprop",
    "learning_rate": 0.001,
    "batch_size": 128,
}
_SIMPLE_RNN_256 = {
    "cell": "simple_rnn",
    "units": 256,
    "dropout": 0.2,
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "batch_size": 128,
}
_LSTM_128 = {"cell": "lstm", "units": 128, "optimizer": "adam", "learning_rate": 0.001, "batch_size": 32}
_LSTM_64 = {"cell": "lstm", "units": 64, "optimizer": "adam", "learning_rate": 0.001, "batch_size": 64}


def _training_row(name, about, data, n, network, keras, skorch, default_threads=None):
    """Return a row that trains a network, with its targets against Keras, skorch and, by default threads, Keras."""
    peers, targets = [KERAS, SKORCH, SKRNN], [Target(KERAS, keras, SKRNN), Target(SKORCH, skorch, SKRNN)]
    if default_threads is not None:
        peers.append(SKRNN_DEFAULT)
        targets.append(Target(KERAS, default_threads, SKRNN_DEFAULT))
    return Row(
        name,
        about,
        task="train",
        unit="sequences/s",
        better="more",
        peers=(*peers, FLOOR),
        data=data,
        sizes={"n": n},
        settings={"network": network},
        targets=tuple(targets),
    )


def _mnist(cell, keras, skorch, default_threads):
    network = {"cell": cell, **_MNIST_NETWORK}
    return _training_row(f"train-mnist-{cell}", _MNIST, "mnist", 30_000, network, keras, skorch, default_threads)


def _imdb(cell, keras, skorch):
    network = {"cell": cell, **_IMDB_NETWORK}
    return _training_row(f"train-imdb-{cell}", _IMDB, "imdb", 12_800, network, keras, skorch)


_DIGITS = {
    "network": {"cell": "lstm", "units": 32, "optimizer": "adam", "batch_size": 32},
    "grid": {"learning_rate": [0.001, 0.003, 0.01, 0.03], "dropout": [0.1, 0.2, 0.3]},
    "epochs": 10,
}
_GRID_SIZES = {"n": 1_797, "candidates": 12}


def _repeated_row(name, units):
    return Row(
        name,
        _REPEATED,
        task="repeated_fits",
        unit="ms per fit",
        better="less",
        peers=(SKRNN,),
        data="short",
        sizes={"n": 200, "fits": 200},
        settings={"network": {"cell": "lstm", "batch_size": 32}, "units": units, "epochs": 2},
        limits=(Limit("growth_mb", 20, "MB of growth", SKRNN), Limit("slope_percent", 5, "% of slope", SKRNN)),
    )


ROWS = (
    _mnist("simple_rnn", keras=4.5, skorch=3, default_threads=3),
    _mnist("lstm", keras=2.5, skorch=1.2, default_threads=2),
    _mnist("gru", keras=3.5, skorch=3, default_threads=2.5),
    _imdb("simple_rnn", keras=3, skorch=2),
    _imdb("lstm", keras=2, skorch=1.1),
    _imdb("gru", keras=2, skorch=1.7),
    _training_row("train-mnist-simple_rnn-256", _WIDE, "mnist", 20_000, _SIMPLE_RNN_256, keras=1.5, skorch=1),
    _training_row("train-mnist-lstm-128", _WIDE, "mnist", 20_000, _LSTM_128, keras=2, skorch=1),
    Row(
        "variable-length",
        _VARIABLE,
        task="variable_length",
        unit="s",
        better="less",
        peers=(KERAS, SKORCH, SKRNN),
        data="variable",
        sizes={"n": 270},
        settings={"network": {**_LSTM_64, "batch_size": 16}, "epochs": 40},
        targets=(Target(KERAS, 3, SKRNN), Target(SKORCH, 1, SKRNN)),
    ),
    Row(
        "predict-one-row",
        _ONE,
        task="predict_one",
        unit="ms",
        better="less",
        peers=(KERAS_PREDICT, KERAS_ON_BATCH, SKORCH, SKRNN),
        data="mnist",
        sizes={"n": 640},
        settings={"network": _LSTM_64, "warm_up_calls": 20, "calls": 200},
        targets=(Target(KERAS_PREDICT, 100, SKRNN), Target(KERAS_ON_BATCH, 3, SKRNN), Target(SKORCH, 1, SKRNN)),
    ),
    Row(
        "predict-bulk",
        _BULK,
        task="predict_bulk",
        unit="rows/s",
        better="more",
        peers=(KERAS, SKORCH, SKRNN),
        data="mnist",
        sizes={"n": 20_000},
        settings={"network": _LSTM_64},
        targets=(Target(KERAS, 2, SKRNN), Target(SKORCH, 1, SKRNN)),
    ),
    Row(
        "first-fit",
        _FIRST,
        task="first_fit",
        unit="s",
        better="less",
        peers=(KERAS, SKRNN),
        data="short",
        sizes={"n": 1_000},
        settings={"network": {**_LSTM_64, "batch_size": 32}, "epochs": 5, "n_predicted": 200},
        targets=(Target(KERAS, 1, SKRNN),),
        figure="wall_seconds",
    ),
    Row(
        "grid",
        _GRID,
        task="grid",
        unit="s",
        better="less",
        peers=(SCIKERAS, SKRNN),
        data="digits",
        sizes=_GRID_SIZES,
        settings=_DIGITS,
        targets=(Target(SCIKERAS, 6, SKRNN),),
        repeats=1,
    ),
    Row(
        "memory",
        _MEMORY,
        task="memory",
        unit="MB",
        better="share",
        peers=(KERAS, SKRNN),
        data="mnist_bytes",
        sizes={"n": 60_000},
        settings={"network": _LSTM_64},
        targets=(Target(KERAS, 0.7, SKRNN),),
    ),
    Row(
        "import",
        _IMPORT,
        task="startup",
        unit="ms",
        better="share",
        peers=(IMPORT_KERAS, IMPORT_SKRNN),
        sizes={"best_of": 5},
        targets=(Target(IMPORT_KERAS, 1 / 5, IMPORT_SKRNN),),
        limits=(Limit("tensorflow_imported", 0, "import of TensorFlow", IMPORT_SKRNN),),
        repeats=1,
    ),
    Row(
        "workers",
        _WORKERS,
        task="grid",
        unit="grids/min",
        better="more",
        peers=(ONE_WORKER, TWO_WORKERS),
        data="digits",
        sizes=_GRID_SIZES,
        settings=_DIGITS,
        targets=(Target(ONE_WORKER, 1.7, TWO_WORKERS),),
    ),
    Row(
        "grid-jobs",
        _JOBS,
        task="grid",
        unit="s",
        better="less",
        peers=(ONE_JOB, TWO_JOBS),
        data="digits",
        sizes=_GRID_SIZES,
        settings={**_DIGITS, "epochs": 60},
        targets=(Target(ONE_JOB, 0.95, TWO_JOBS),),
    ),
    _repeated_row("repeated-fits", units=[64]),
    _repeated_row("repeated-fits-alternating", units=[64, 32]),
)
