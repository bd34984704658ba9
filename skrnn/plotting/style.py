"""The colours that all displays share, and the axes to draw on if none are given."""

from typing import Any

# M. Okabe and K. Ito, "Color Universal Design" (2008): told apart with any kind of colour vision.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def colour(position: int) -> str:
    """Return the colour of what stands at this position, the same in every plot."""
    return _COLOURS[position % len(_COLOURS)]


def new_axes(n_columns: int, width: float) -> Any:
    """Return axes side by side in a new figure of pyplot, as scikit-learn's displays do; an array of several."""
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, n_columns, figsize=(width * n_columns, 4), layout="constrained")
    return axes
