"""Fresh weights for a network, from a seed alone: Keras' initializers, and no global random state."""

from collections.abc import Sequence

import numpy as np

from skrnn._tensorflow import keras

# Keras' defaults for the weights that start at random, by the variable's name; all others start as they were built.
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
        Gives names and shapes; it is not changed.
    built : sequence of ndarray
        Its weights as built: biases (the LSTM's forget gate at one) and batch statistics start there.
    seed : int
        Each weight has its own stream, spawned from this seed and its position.

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
            own_seed = int(stream.generate_state(1)[0] >> 1)  # Keras wants a signed 32-bit seed
            # Keras draws these with TensorFlow: NumPy's QR would round differently under another BLAS thread count.
            drawn = initializer_class(seed=own_seed)(variable.shape, dtype="float32")
            weights.append(keras.ops.convert_to_numpy(drawn))
    return weights
