"""The structure of a network and of its optimizer, as plain data. Nothing here imports Keras."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skrnn.network.outputs import Output

if TYPE_CHECKING:
    from skrnn._tensorflow import keras


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
        The meaning of the logits: their number, the loss, and the link to probabilities.
    bidirectional : bool
        Whether each recurrent layer also reads backwards; its two outputs are concatenated.
    batch_normalization : bool
        Whether the pooled output of the recurrent layers is normalised over the batch.
    dense_units : tuple of int
        Width of each hidden dense layer after that.
    dense_activation : str
        Activation of the hidden dense layers; a name in `skrnn.network.activations.ACTIVATIONS`, as the next two.
    activation : str
        Activation of the recurrent layers' output.
    recurrent_activation : str
        Activation of the gates.
    dropout : float
        Fraction of the inputs of a recurrent layer that is dropped, at least 0 and below 1.
    recurrent_dropout : float
        Fraction of the state that is dropped on its way to the next step, at least 0 and below 1.
    layer_dropout : float
        Fraction dropped after each recurrent and each hidden dense layer, at least 0 and below 1.
    pooling : {"last", "mean", "max"}
        How the outputs of the last recurrent layer become one vector, over the steps that are not padding.
    embedding_dim : int or None
        Width of the embedding; None if the input is numbers.
    vocabulary_size : int or None
        Number of rows of the embedding; token ids are below it. None if the input is numbers.
    mask_zero : bool
        Whether token id 0 is padding.
    masked : bool
        Whether the input may contain padding: NaN in numbers, a negative id in token ids.
    byte_scale : float
        The divisor of input of type uint8.
    static_features : tuple of int
        Features that do not change within a sequence, in ascending order: the recurrent layers do not read them, and
        they are concatenated to the pooled output.
    embedding_trainable : bool
        Whether training changes the embedding.
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
    static_features: tuple[int, ...] = ()
    embedding_trainable: bool = True

    @property
    def reads_ids(self) -> bool:
        """Whether the input is token ids, not numbers."""
        return self.embedding_dim is not None

    @property
    def recurrent_features(self) -> tuple[int, ...]:
        """The features that the recurrent layers read, if the input is numbers."""
        return tuple(feature for feature in range(self.n_features) if feature not in self.static_features)


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer's class and configuration, without the learning rate if it is a number.

    A constant learning rate is a value passed to the traced network. A schedule is computed inside the network, so it
    belongs to the structure.

    Attributes
    ----------
    optimizer_class : type
        A subclass of :class:`keras.optimizers.Optimizer`.
    config : str
        The configuration as JSON with sorted keys, so that equal configurations compare equal.
    custom_objects : tuple of (str, type)
        The classes in the configuration that are not part of Keras, by their names there.
    """

    optimizer_class: type["keras.optimizers.Optimizer"]
    config: str
    custom_objects: tuple[tuple[str, type], ...] = ()

    @property
    def is_keras(self) -> bool:
        """Whether all classes that take part in an update are part of Keras."""
        return self.optimizer_class.__module__.startswith("keras.") and not self.custom_objects
