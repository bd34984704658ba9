"""Seeds as ints, and further seeds that follow from one."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

MAX_SEED = np.iinfo(np.int32).max


def root_seed(random_state: Any) -> int | None:
    """Return a `random_state` as an int, or None."""
    rng = check_random_state(random_state)
    if random_state is None or isinstance(random_state, Integral):
        return None if random_state is None else int(random_state)
    return int(rng.randint(MAX_SEED))


def derived_seed(*entropy: int) -> int:
    """Return a seed that depends on all of these numbers."""
    return int(np.random.SeedSequence(entropy).generate_state(1)[0] % MAX_SEED)
