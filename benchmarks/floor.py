"""How fast a training step could be at best on this machine: nothing but the matrix products of its recurrent layer.

With G gates of H units, D values per step, T steps and batches of B, these are one product of (T B, D) with (D, G H);
forwards T of (B, H) with (H, G H), and backwards T of (B, G H) with (G H, H), each waiting for the last; and the two
gradients, (D, T B) with (T B, G H) and (H, T B) with (T B, G H). A network without arithmetic of any other kind would
train at this speed.
"""

from collections.abc import Callable

import numpy as np
from joblib import cpu_count
from threadpoolctl import threadpool_limits

from benchmarks.peers.common import load, main, seconds

_GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}
_ROUNDS = 30


def training_step(n_steps: int, n_features: int, units: int, n_gates: int, batch_size: int) -> Callable[[], None]:
    """Return a function that does the products of one training step, into preallocated memory."""
    random = np.random.default_rng(0)

    def matrix(*shape: int) -> np.ndarray:
        return random.standard_normal(shape, dtype=np.float32)

    rows, width = n_steps * batch_size, n_gates * units
    inputs, states, gradients = matrix(rows, n_features), matrix(rows, units), matrix(rows, width)
    kernel, recurrent_kernel = matrix(n_features, width), matrix(units, width)
    transposed = np.ascontiguousarray(recurrent_kernel.T)
    state, gradient = matrix(batch_size, units), matrix(batch_size, width)
    projected, gates, back = np.empty_like(gradients), np.empty_like(gradient), np.empty_like(state)
    kernel_gradient, recurrent_gradient = np.empty_like(kernel), np.empty_like(recurrent_kernel)

    def step() -> None:
        np.matmul(inputs, kernel, out=projected)
        for _ in range(n_steps):
            np.matmul(state, recurrent_kernel, out=gates)
        for _ in range(n_steps):
            np.matmul(gradient, transposed, out=back)
        np.matmul(inputs.T, gradients, out=kernel_gradient)
        np.matmul(states.T, gradients, out=recurrent_gradient)

    return step


def train(task: dict) -> dict:
    """Measure the products, by all cores together and by workers of one core each, and report the faster."""
    network = task["network"]
    (X,) = load(task, "X")
    n_features = network.get("embedding_dim") or X.shape[2]
    step = training_step(X.shape[1], n_features, network["units"], _GATES[network["cell"]], network["batch_size"])

    def sequences_per_second(threads: int) -> float:
        with threadpool_limits(threads):
            step()
            return network["batch_size"] / min(seconds(step) for _ in range(_ROUNDS))

    cores = cpu_count()
    together, alone = sequences_per_second(cores), sequences_per_second(1)
    return {"value": max(together, cores * alone), "threads": together, "workers": cores * alone, "cores": cores}


if __name__ == "__main__":
    main({"train": train}, packages=("numpy",))
