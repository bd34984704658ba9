"""How much memory a network needs in training, computed before anything is built. Nothing here imports TensorFlow."""

from typing import Any

from skrnn._memory import shortage
from skrnn.network.spec import NetworkSpec

_GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3}
_FLOAT = 4  # bytes
_AT_ONCE = 2**31  # bytes that a prediction may take


def weights_of(spec: NetworkSpec) -> dict[str, int]:
    """Return how many weights a network has, by the parameter of the classifier that decides about it."""
    gates, directions = _GATES[spec.cell], 1 + spec.bidirectional
    biases = 2 if spec.cell == "gru" else 1
    width = len(spec.recurrent_features)
    counts = {"vocabulary_size": 0, "units": 0, "dense_units": 0}
    if spec.embedding_dim is not None:
        counts["vocabulary_size"] = int(spec.vocabulary_size or 0) * int(spec.embedding_dim)
        width = int(spec.embedding_dim)
    for units in map(int, spec.units):
        counts["units"] += directions * gates * units * (width + units + biases)
        width = directions * units
    width += len(spec.static_features)
    counts["units"] += 4 * width * spec.batch_normalization
    for units in (*map(int, spec.dense_units), spec.output.width):
        counts["dense_units" if spec.dense_units else "units"] += units * (width + 1)
        width = units
    return counts


def copies_in_training(optimizer: Any) -> int:
    """Return how many times training holds each weight, at least.

    These are the weights and the moments of the optimizer, both in TensorFlow and as arrays, and the gradient.
    """
    name = optimizer if isinstance(optimizer, str) else getattr(optimizer, "__name__", type(optimizer).__name__)
    moments = 0 if name.lower() == "sgd" else 2 if "adam" in name.lower() else 1
    return 2 * (1 + moments) + 1


def rows_at_once(spec: NetworkSpec, n_steps: int, at_most: int, *, itemsize: int = _FLOAT) -> int:
    """Return how many sequences to predict at a time, so that long ones do not fill the memory.

    Parameters
    ----------
    spec : NetworkSpec
    n_steps : int
        The steps of each sequence.
    at_most : int
        The number for short sequences.
    itemsize : int, default=4
        The bytes of a number.
    """
    return max(1, min(at_most, _AT_ONCE // (itemsize * max(n_steps, 1) * _numbers_per_step(spec))))


def _numbers_per_step(spec: NetworkSpec) -> int:
    """Return how many numbers the layers compute at each step of a sequence: gates and outputs."""
    return (1 + spec.bidirectional) * (_GATES[spec.cell] + 1) * sum(map(int, spec.units))


def require_memory(spec: NetworkSpec, optimizer: Any, n_rows: int, n_steps: int) -> None:
    """Raise a ValueError if there is not enough memory to train a network.

    Parameters
    ----------
    spec : NetworkSpec
    optimizer : str, class or keras.optimizers.Optimizer
    n_rows, n_steps : int
        The size of the largest batch.
    """
    counts = weights_of(spec)
    copies = copies_in_training(optimizer)
    if lack := shortage(_FLOAT * copies * sum(counts.values())):
        parameter = max(counts, key=lambda name: counts[name])
        value = getattr(spec, parameter)
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        raise ValueError(
            f"Training a network with {parameter}={value} {lack}. It has {sum(counts.values()):,} weights, and "
            f"training holds {copies} numbers for each. Lower {parameter}."
        )
    if lack := shortage(_FLOAT * n_rows * n_steps * _numbers_per_step(spec)):
        raise ValueError(
            f"Training on batches of {n_rows} sequences of {n_steps} steps {lack}. Set a smaller batch_size or fewer "
            "units, or shorten the sequences: SequencePadder(max_length=...) truncates them, PatchSequence joins "
            "neighbouring steps, and sliding_windows cuts recordings into windows."
        )
