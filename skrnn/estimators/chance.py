"""The warning that a training on long sequences has learned nothing, with what may help."""

import warnings
from math import nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn.estimators.caller import depth_of_caller

if TYPE_CHECKING:
    from skrnn.estimators.sequences import InputForm
    from skrnn.estimators.training_data import Rows

_LONG = 50  # steps; networks forget, or their gradients vanish, over more than these
_EPOCHS = 10  # fewer are too few to tell
_MESSAGE = (
    "On its training data, the network is hardly better than always predicting the most frequent class. Over long "
    "sequences, a recurrent network forgets what was at the beginning. Any of these may help: "
    "skrnn.preprocessing.PatchSequence before the classifier, which reads several steps as one; pooling='max'; "
    "bidirectional=True; optimizer__clipnorm=1.0; more epochs."
)


def accuracy_by_chance(form: "InputForm", rows: "Rows") -> float:
    """Return the accuracy up to which a network may have learned nothing from long sequences.

    It is the share of the most frequent class, and twice its standard error. NaN if sequences are short, if rows have
    weights or several labels, or if X holds token ids: then there is no warning.
    """
    is_long = form.kind != "token_ids" and rows.sequences.values.shape[1] >= _LONG
    if not is_long or rows.targets.ndim > 1 or np.ptp(rows.weights):
        return nan
    share = np.bincount(rows.targets).max() / len(rows)
    return share + 2 * sqrt(share * (1 - share) / len(rows))


def warn_at_chance(by_chance: float, accuracies: list[float]) -> None:
    """Issue a ConvergenceWarning if the training accuracy after all epochs is no better than by chance."""
    if len(accuracies) >= _EPOCHS and accuracies[-1] <= by_chance:
        warnings.warn(_MESSAGE, ConvergenceWarning, stacklevel=depth_of_caller())
