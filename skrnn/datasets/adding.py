"""The adding problem of Hochreiter & Schmidhuber as a classification problem, which tests long-term memory."""

from numbers import Integral

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skrnn._sklearn import Interval, validate_params


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_timesteps": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_adding_problem(
    n_samples: int = 1000, n_timesteps: int = 50, *, random_state: int | np.random.RandomState | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Generate the adding problem: classify sequences by whether the sum of two marked numbers exceeds 1.

    Each step of a sequence consists of a number drawn uniformly from [0, 1] and a marker, which is 1 at exactly two
    steps and 0 at all others. One marked step lies in the first half of the sequence (the first ``n_timesteps // 2``
    steps), the other in the second half, each drawn uniformly. The class is 1 if the sum of the two marked numbers is
    greater than 1, else 0; both classes are equally likely. A network must remember the first number over up to
    ``n_timesteps - 2`` irrelevant numbers.

    Hochreiter and Schmidhuber [1]_ posed the problem as a regression, with numbers from [-1, 1], sequences of random
    length and both marked steps in the first half. Le, Jaitly and Hinton [2]_ introduced the two channels, numbers from
    [0, 1] and a fixed length; Arjovsky, Shah and Bengio [3]_ put one marked step into each half. The threshold, which
    turns sums into classes, is an addition of this package.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of sequences.
    n_timesteps : int, default=50
        Length of each sequence, at least 2.
    random_state : int, RandomState instance or None, default=None
        Determines the random numbers. Pass an int to get the same data on every call.

    Returns
    -------
    X : ndarray of shape (n_samples, n_timesteps, 2), float32
        The sequences: ``X[..., 0]`` contains the numbers, ``X[..., 1]`` the markers.
    y : ndarray of shape (n_samples,), int64
        The classes, 0 and 1.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber (1997). "Long Short-Term Memory." Neural Computation, 9(8), 1735-1780.
       https://doi.org/10.1162/neco.1997.9.8.1735
    .. [2] Q. V. Le, N. Jaitly and G. E. Hinton (2015). "A Simple Way to Initialize Recurrent Networks of Rectified
       Linear Units." https://arxiv.org/abs/1504.00941
    .. [3] M. Arjovsky, A. Shah and Y. Bengio (2016). "Unitary Evolution Recurrent Neural Networks." Proceedings of the
       33rd International Conference on Machine Learning. https://arxiv.org/abs/1511.06464

    Examples
    --------
    >>> from skrnn.datasets import make_adding_problem
    >>> X, y = make_adding_problem(n_samples=4, n_timesteps=6, random_state=0)
    >>> X.shape, y.shape
    ((4, 6, 2), (4,))
    >>> X[0].round(2)
    array([[0.55, 0.  ],
           [0.72, 0.  ],
           [0.6 , 1.  ],
           [0.54, 0.  ],
           [0.42, 1.  ],
           [0.65, 0.  ]], dtype=float32)
    >>> y[0].item()  # 0.60 + 0.42 > 1
    1
    """
    rng = check_random_state(random_state)
    values = rng.uniform(size=(n_samples, n_timesteps)).astype(np.float32)
    half = n_timesteps // 2
    marked = np.column_stack([rng.randint(half, size=n_samples), rng.randint(half, n_timesteps, size=n_samples)])
    markers = np.zeros_like(values)
    np.put_along_axis(markers, marked, 1, axis=1)
    # In float64, the sum of two float32 numbers is exact, so its comparison with 1 is exact, too.
    sums = np.take_along_axis(values, marked, axis=1).sum(axis=1, dtype=np.float64)
    return np.stack([values, markers], axis=-1), (sums > 1).astype(np.int64)
