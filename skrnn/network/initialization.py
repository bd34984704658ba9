"""Initial weights of a network, drawn by Keras' initializers from a seed, without any global random state."""

from collections.abc import Sequence

import numpy as np

from skrnn._tensorflow import keras

# Keras' defaults for random weights, by the name of the variable; all others start as they are built.
_RANDOM = {
    "kernel": keras.initializers.GlorotUniform,
    "recurrent_kernel": keras.initializers.Orthogonal,
    "embeddings": keras.initializers.RandomUniform,
}


def initial_weights(model: keras.Model, built: Sequence[np.ndarray], seed: int) -> list[np.ndarray]:
    """Draw the weights that training of `model` starts from.

    Parameters
    ----------
    model : keras.Model
        Has the names and shapes; it is not changed.
    built : sequence of ndarray
        Its weights as built: the initial biases (1 for the LSTM's forget gate, otherwise 0) and batch statistics.
    seed : int
        Each weight is drawn from a stream of its own, which follows from this seed and the weight's position.

    Returns
    -------
    list of ndarray
        In the order of ``model.weights``.
    """
    streams = np.random.SeedSequence(seed).spawn(len(built))
    weights = []
    for variable, as_built, stream in zip(model.weights, built, streams, strict=True):
        initializer_class = _RANDOM.get(variable.name)
        if initializer_class is None:
            weights.append(as_built)
        else:
            own_seed = int(stream.generate_state(1)[0] >> 1)  # Keras needs a signed 32-bit seed
            # Drawn with TensorFlow: the rounding of NumPy's QR depends on the number of BLAS threads.
            drawn = initializer_class(seed=own_seed)(variable.shape, dtype="float32")
            weights.append(keras.ops.convert_to_numpy(drawn))
    return weights
