"""The order in which an epoch reads the rows, and where its dropout masks start: both follow from a seed and a number.

Training in one call or in many, or with other trainings in between, therefore gives the same bits.
"""

import numpy as np

_BATCHES_SORTED = 8  # within which rows are sorted by length


def draw_order(
    seed: int, epoch: int, n_rows: int, *, shuffle: bool, batch_size: int, lengths: np.ndarray | None = None
) -> np.ndarray:
    """Draw the order of the rows for one epoch.

    Parameters
    ----------
    seed : int
        The seed of the training.
    epoch : int
        The number of the epoch, from 0.
    n_rows : int
    shuffle : bool
        False reads the rows as they come.
    batch_size : int
    lengths : ndarray of shape (n_rows,), default=None
        Steps of each row; rows of similar length then share a batch.

    Returns
    -------
    order : ndarray of shape (n_rows,), int64
    """
    if not shuffle:
        return np.arange(n_rows)
    rng = np.random.default_rng(_streams(seed, epoch)[0])
    order = rng.permutation(n_rows)
    return order if lengths is None else _batch_similar_lengths(order, lengths, batch_size, rng)


def draw_mask_seeds(seed: int, epoch: int, n_streams: int) -> np.ndarray:
    """Draw where each stream of dropout masks starts in one epoch.

    Parameters
    ----------
    seed, epoch : int
        As in `draw_order`.
    n_streams : int
        The number of layers that drop values.

    Returns
    -------
    seeds : ndarray of shape (n_streams, 2), uint32
    """
    drawn = _streams(seed, epoch)[1].generate_state(2 * n_streams)
    return (drawn >> 1).reshape(n_streams, 2)


def _streams(seed: int, epoch: int) -> list[np.random.SeedSequence]:
    return np.random.SeedSequence([seed, epoch]).spawn(2)


def _batch_similar_lengths(
    order: np.ndarray, lengths: np.ndarray, batch_size: int, rng: np.random.Generator
) -> np.ndarray:
    """Reorder shuffled rows so that each batch has rows of similar length, and the batches are in random order.

    Rows are sorted only within a few batches, so that the same rows rarely share a batch again in another epoch.
    """
    n_full = len(order) // batch_size * batch_size
    full, rest = order[:n_full], order[n_full:]
    window = batch_size * _BATCHES_SORTED
    pieces = [full[start : start + window] for start in range(0, n_full, window)]
    by_length = [piece[np.argsort(lengths[piece], kind="stable")] for piece in pieces]
    batches = np.concatenate([*by_length, full[:0]]).reshape(-1, batch_size)
    return np.concatenate([rng.permutation(batches).ravel(), rest])
