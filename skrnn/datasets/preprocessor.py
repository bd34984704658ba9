"""The transformer that suits loaded data: `make_preprocessor`."""

from typing import Any

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import Bunch

from skrnn.datasets.description import lengths_of
from skrnn.preprocessing import ImageToSequence, PatchSequence, SequenceImputer, TextToSequence, TimeDistributed

# Measured on sets of the UCR archive: see the page of the benchmark.
_SHORT = 64  # up to this many steps, each is read on its own
_STEPS = 32  # what remains of longer sequences


def make_preprocessor(data: Bunch, *, scale: bool = True, patch_length: int | None = None) -> TransformerMixin:
    """Return what should precede a recurrent classifier in a pipeline, for data of this kind.

    - Images are read row by row, with :class:`~skrnn.preprocessing.ImageToSequence`.
    - Texts become token ids, with :class:`~skrnn.preprocessing.TextToSequence`; the classifier then needs
      `embedding_dim`.
    - In sequences, numbers are standardised, categories become one-hot, holes are filled by linear interpolation, and
      if they are long, several steps are read as one, with :class:`~skrnn.preprocessing.PatchSequence`: a recurrent
      network remembers little of what was more than a hundred steps ago.

    The transformer is not fitted. In a pipeline, each fold of a cross-validation learns its own means, categories and
    vocabulary, so that nothing leaks from the test part.

    Parameters
    ----------
    data : :class:`~sklearn.utils.Bunch`
        What :func:`load_file` or :func:`sequences_from_frame` returned.
    scale : bool, default=True
        Whether to standardise the numbers in sequences.
    patch_length : int, default=None
        How many steps of a sequence are read as one. None is 1 for sequences of up to 64 steps, by their median, and
        otherwise leaves about 32.

    Returns
    -------
    preprocessor : transformer

    See Also
    --------
    load_file : Reads files.
    sequences_from_frame : Turns a table with one row per step into sequences.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import GRUClassifier
    >>> from skrnn.datasets import make_preprocessor, sequences_from_frame
    >>> frame = pd.DataFrame(
    ...     {"trial": [1, 1, 2, 2], "force": [0.1, 0.2, 0.9, None], "hand": ["left", "left", "right", "right"],
    ...      "label": ["no", "no", "yes", "yes"]}
    ... )
    >>> data = sequences_from_frame(frame, id="trial", target="label")
    >>> model = make_pipeline(make_preprocessor(data), GRUClassifier(units=4, epochs=1))
    >>> model.fit(data.X, data.y).classes_
    array(['no', 'yes'], dtype=object)
    """
    kind = data.get("kind", "sequences")
    if kind == "images":
        return ImageToSequence()
    if kind == "texts":
        return TextToSequence()
    categorical = [place for place, name in enumerate(data.feature_names or ()) if name in data.get("categories", {})]
    per_step: Any = StandardScaler() if scale else None
    if categorical:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        others = "passthrough" if per_step is None else per_step
        per_step = ColumnTransformer([("categories", encoder, categorical)], remainder=others, sparse_threshold=0)
    # Holes are filled after the other steps: for a missing category there is a column, but no number in between.
    steps = [] if per_step is None else [TimeDistributed(per_step)]
    steps.append(SequenceImputer(method="linear"))
    length = patch_length_for(data) if patch_length is None else patch_length
    return make_pipeline(*steps, *([PatchSequence(length)] if length > 1 else []))


def patch_length_for(data: Bunch) -> int:
    """Return how many steps should be read as one."""
    if data.get("kind", "sequences") != "sequences":
        return 1
    n_steps = int(np.median(lengths_of(data.X)))
    return 1 if n_steps <= _SHORT else round(n_steps / _STEPS)
