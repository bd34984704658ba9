"""Check and read the arguments of `fit`: the rows to train on, and the rows to validate on."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skrnn.estimators.caller import depth_of_caller
from skrnn.estimators.held_out import split_rows
from skrnn.estimators.pretrained import Pretrained, read_pretrained, require_same_source
from skrnn.estimators.sequences import InputForm, Sequences, read_like, read_new
from skrnn.estimators.targets import (
    balance,
    class_indices,
    of_mean_one,
    product_of_weights,
    read_class_weight,
    read_labels,
    read_sample_weight,
    require_two_classes,
)
from skrnn.exceptions import InputWarning
from skrnn.network.network import Batches

_ROWS_COMPARED = 1024


@dataclass(frozen=True)
class Rows:
    """Sequences with their targets and weights.

    Attributes
    ----------
    sequences : Sequences
        The n padded sequences.
    targets : ndarray of shape (n,) or (n, n_labels), int64
        Class indices, or for several labels zeros and ones.
    weights : ndarray of shape (n,), float64
        The weight of each row, at least 0.
    """

    sequences: Sequences
    targets: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.targets)

    def take(self, rows: np.ndarray) -> "Rows":
        """Select rows by their indices."""
        return Rows(self.sequences.take(rows), self.targets[rows], self.weights[rows])

    def batches(self, batch_size: int, form: InputForm) -> Batches:
        """Make batches of the rows, with weights of mean one."""
        return Batches.of(
            self.sequences.values,
            self.targets,
            of_mean_one(self.weights),
            min(batch_size, len(self)),
            self.sequences.lengths(form.mask_zero),
        )


@dataclass(frozen=True)
class TrainingData:
    """The input of a call that trains.

    Attributes
    ----------
    form : InputForm
        How X is read.
    rows : Rows
        Rows of positive sample weight. Their weights do not include class weights, which apply to training only and not
        to validation.
    classes : ndarray of shape (n_classes,)
        All labels, sorted; for several labels per row the indices of the columns of y.
    class_weights : ndarray of shape (n_classes,), float64, or None
        None balances the classes among the rows that are trained on. Not used for several labels per row.
    seed : int
        The seed of all randomness of the network.
    continues : bool
        Whether training continues an earlier call.
    pretrained : Pretrained or None
        Rows of the embedding to start from.
    """

    form: InputForm
    rows: Rows
    classes: np.ndarray
    class_weights: np.ndarray | None
    seed: int
    continues: bool
    pretrained: Pretrained | None

    @property
    def is_multilabel(self) -> bool:
        """Whether a row may have several labels."""
        return self.rows.targets.ndim == 2

    def require_two_classes(self) -> None:
        """Raise a ValueError if all rows of positive weight have one class; with `multilabel` that is allowed."""
        if self.is_multilabel:
            return
        indices = self.rows.targets
        counts = np.ones(len(self.classes)) if self.class_weights is None else self.class_weights
        require_two_classes(indices[counts[indices] > 0], self.classes)

    def weigh_classes(self, rows: Rows) -> Rows:
        """Multiply the weights of rows by the weights of their classes, and leave out rows that do not count.

        Those have weight zero, or so small a part of the mean weight that single precision cannot hold it.

        Raises
        ------
        ValueError
            If a class has no other rows than those of too small a weight.
        """
        targets, weights = rows.targets, rows.weights
        wanted = np.ones(len(rows), dtype=bool)
        if self.is_multilabel:
            weights = of_mean_one(weights)
        elif self.class_weights is None:
            weights = balance(targets, weights)
        else:
            wanted = self.class_weights[targets] > 0
            weights = product_of_weights(weights, self.class_weights[targets])
        counts = of_mean_one(weights) >= np.finfo(np.float32).tiny
        if (wanted & ~counts).any():
            lost = np.setdiff1d(targets[wanted], targets[counts])
            if len(lost) and not self.is_multilabel:
                raise ValueError(
                    f"The weights of the class {self.classes[lost[0]].item()!r}, from sample_weight and class_weight, "
                    "are less than 1e-38 of the mean weight, too small for single precision. Use weights that differ "
                    "less, or the weight 0 to leave rows out."
                )
            warnings.warn(
                "Some weights, from sample_weight and class_weight, are less than 1e-38 of the mean weight. Their rows "
                "are left out, as with the weight 0.",
                InputWarning,
                stacklevel=depth_of_caller(),
            )
        weighed = Rows(rows.sequences, targets, weights)
        return weighed if counts.all() else weighed.take(np.flatnonzero(counts))


def read_training_data(
    estimator: Any, X: Any, y: Any, sample_weight: Any, *, continues: bool, classes: Any = None
) -> TrainingData:
    """Check and read X, y and the weights, either for the first time or in the form of the first call."""
    pretrained = None
    if continues:
        form, sequences = estimator._form, read_like(estimator._form, estimator, X)
        require_same_source(estimator, X, form.embedding_source)
    else:
        pretrained = read_pretrained(estimator, X)
        form, sequences = read_new(estimator, X, pretrained)
    multilabel = bool(estimator.multilabel)
    if continues:
        _check_same_kind(estimator)
    labels, found = read_labels(y, multilabel=multilabel)
    _check_lengths(form, sequences, labels)
    if multilabel and classes is not None and not np.array_equal(np.unique(classes), found):
        raise ValueError(
            f"With multilabel=True the classes are the column indices of y, {found.tolist()}. Got classes={classes!r}: "
            "leave it out."
        )
    if continues:
        if classes is not None and not np.array_equal(np.unique(classes), estimator.classes_):
            raise ValueError(f"classes={classes!r} are not those of the first call: {estimator.classes_!r}.")
        classes, seed = estimator.classes_, estimator._seed
    else:
        classes = found if classes is None else np.unique(classes)
        seed = int(check_random_state(estimator.random_state).randint(np.iinfo(np.int32).max))
    targets = class_indices(labels, classes, "y")
    if len(classes) < 2:
        require_two_classes(targets, classes)
    class_weights = read_class_weight(estimator.class_weight, classes)
    weights = read_sample_weight(sample_weight, sequences.values)
    rows = Rows(sequences, targets, weights)
    rows = rows if weights.all() else rows.take(np.flatnonzero(weights))
    if not (multilabel or class_weights is None) and not class_weights[rows.targets].any():
        raise ValueError("class_weight is 0 for the classes of all samples: there is no row to train on.")
    return TrainingData(form, rows, classes, class_weights, seed, continues, pretrained)


def _check_same_kind(estimator: Any) -> None:
    """Raise a ValueError if `multilabel` has changed since the training that is to be continued."""
    before = estimator._spec.output.is_multilabel
    if before != bool(estimator.multilabel):
        raise ValueError(
            "warm_start and partial_fit continue training the same network, but multilabel changed from "
            f"{before} to {estimator.multilabel}. Fit a clone, or with warm_start=False."
        )


def _check_lengths(form: InputForm, sequences: Sequences, labels: np.ndarray) -> None:
    """Raise a ValueError if there is not one label for each sequence."""
    n, n_labels = len(sequences), len(labels)
    if n == n_labels:
        return
    hint = ""
    if form.kind == "table" and n_labels == 1:
        hint = (
            f" X is read as a table of {n} sequences. A single sequence is a list of one, [x], but a classifier needs "
            "sequences of at least two classes."
        )
    elif form.kind == "table" and n > n_labels:
        hint = (
            f" X is read as a table of {n} sequences, one in each row. If a row is one step of a sequence, pass a list "
            "of one data frame or array for each sequence, such as [steps for _, steps in X.groupby('id')]."
        )
    raise ValueError(f"Found input variables with inconsistent numbers of samples: [{n}, {n_labels}].{hint}")


def merge_equal_rows(rows: Rows, batch_size: int) -> Rows:
    """Sort rows that all fit into one batch, and merge equal ones into one with the sum of their weights.

    Apart from rounding, a step over a full batch does not depend on the order of its rows or how often one occurs;
    after this, the last bit does not either. Rows for more than one batch are returned unchanged.
    """
    numbers: dict[bytes, int] = {}
    firsts: list[int] = []
    owners = np.empty(len(rows), dtype=np.intp)
    step = max(4 * batch_size, _ROWS_COMPARED)
    for start in range(0, len(rows), step):  # large data are recognised by their first rows
        part = np.arange(start, min(start + step, len(rows)))
        keys, index, inverse = np.unique(_keys(rows.take(part)), return_index=True, return_inverse=True)
        found = [numbers.setdefault(key.tobytes(), len(numbers)) for key in keys]
        firsts += [start + int(index[k]) for k in np.argsort(found, kind="stable") if found[k] >= len(firsts)]
        if len(firsts) > batch_size:
            return rows
        owners[part] = np.array(found)[inverse]
    first = np.array(firsts)
    order = np.unique(_keys(rows.take(first)), return_index=True)[1]
    weights = np.bincount(owners, weights=of_mean_one(rows.weights))
    return Rows(rows.sequences.take(first[order]), rows.targets[first[order]], weights[order])


def _keys(rows: Rows) -> np.ndarray:
    """Return the bytes of each row's sequence and target as one value that can be sorted."""
    parts = (rows.sequences.values, rows.targets)
    keys = np.hstack([np.ascontiguousarray(part).reshape(len(rows), -1).view(np.uint8) for part in parts])
    return keys.view([("", f"V{keys.shape[1]}")])[:, 0]


def hold_out(estimator: Any, data: TrainingData, X_val: Any, y_val: Any) -> tuple[Rows, Rows | None]:
    """Return the rows to train on, and those to validate on: given ones, a part that is held out, or none."""
    if (X_val is None) != (y_val is None):
        raise ValueError(f"X_val and y_val go together, but {'X_val' if X_val is None else 'y_val'} is missing.")
    if X_val is not None:
        sequences = read_like(data.form, estimator, X_val)
        labels, _ = read_labels(y_val, "y_val", multilabel=data.is_multilabel)
        _check_lengths(data.form, sequences, labels)
        return data.rows, Rows(sequences, class_indices(labels, data.classes, "y_val"), np.ones(len(labels)))
    if not (estimator.validation_fraction or estimator.early_stopping):
        return data.rows, None
    training, held_out = split_rows(data.rows.targets, data.classes, estimator.validation_fraction, data.seed)
    return data.rows.take(training), data.rows.take(held_out)
