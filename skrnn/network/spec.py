"""What is trained, as plain data: the structure of a network and of its optimizer. Nothing here imports Keras."""

from dataclasses import dataclass
from typing import Any

from skrnn.network.outputs import Output


@dataclass(frozen=True)
class NetworkSpec:
    """The structure of a recurrent classifier.

    Two estimators with equal specs share one traced network; see :mod:`skrnn.network.pool`.

    Attributes
    ----------
    cell : {"simple_rnn", "lstm", "gru"}
        The recurrence.
    units : tuple of int
        Width of each recurrent layer, from the input on.
    n_features : int
        Features per step; 1 for token ids.
    output : Output
        What the logits mean: their number, the loss, and the way to probabilities.
    masked : bool
        Whether the input may hold padding, marked in band: NaN for numbers, a negative id for token ids.
    byte_scale : float
        What input of type uint8 is divided by.
    """

    cell: str
    units: tuple[int, ...]
    n_features: int
    output: Output
    bidirectional: bool = False
    batch_normalization: bool = False
    dense_units: tuple[int, ...] = ()
    dense_activation: str = "relu"
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    layer_dropout: float = 0.0
    pooling: str = "last"
    embedding_dim: int | None = None
    vocabulary_size: int | None = None
    mask_zero: bool = True
    masked: bool = False
    byte_scale: float = 1.0

    @property
    def reads_ids(self) -> bool:
        """Whether the input is token ids rather than numbers."""
        return self.embedding_dim is not None


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer's class and configuration, without the learning rate if it is a number.

    A constant learning rate is a value that is passed to the traced network; a schedule is computed inside it and so
    belongs to the structure.

    Attributes
    ----------
    optimizer_class : type
        A subclass of :class:`keras.optimizers.Optimizer`.
    config : str
        The configuration as JSON with sorted keys, so that equal configurations compare equal.
    custom_objects : tuple of (str, type)
        The classes in the configuration that are not Keras' own, by the names used there.
    """

    optimizer_class: Any
    config: str
    custom_objects: tuple[tuple[str, Any], ...] = ()

    @property
    def is_keras(self) -> bool:
        """Whether only Keras' own classes take part in an update."""
        return self.optimizer_class.__module__.startswith("keras.") and not self.custom_objects
