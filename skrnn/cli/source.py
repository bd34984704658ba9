"""What a command works on: samples and labels, the transformer in front of the networks, and folds that suit them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from skrnn.cli.common import MISUSED, fail

if TYPE_CHECKING:
    import numpy as np
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Source:
    """A data set, and what follows from its kind.

    Attributes
    ----------
    name : str
        Name of the data set, or of the file without its suffix.
    items : str
        Plural noun for the samples, such as "images".
    X, y : array-like
        Samples and labels.
    preprocessor : transformer
        Turns samples into what the classifiers read. It is part of the pipeline, so that each fold learns its own
        vocabulary and its own means.
    classifier_parameters : dict
        Parameters that all classifiers need for this kind of data.
    epochs : int or "auto"
        Number of epochs, or maximum number in a search.
    X_test, y_test : array-like, or None
        A fixed test set.
    groups : ndarray of shape (n_samples,), or None
        Samples of one group are never on both sides of a split.
    gap : int or None
        For windows of a single recording: how many neighbours on each side share steps with a window.
    options : dict of str to str
        The options of the command line that say how the file is read, by name.
    reading : dict of str to object, or None
        What `skrnn predict` needs to read other files in the same way; None for a data set that the command knows.
    """

    name: str
    items: str
    X: Any
    y: "np.ndarray"
    preprocessor: "TransformerMixin"
    classifier_parameters: Mapping[str, Any] = field(default_factory=dict)
    epochs: int | str = "auto"
    X_test: Any = None
    y_test: "np.ndarray | None" = None
    groups: "np.ndarray | None" = None
    gap: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    reading: Mapping[str, Any] | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(set(self.y.tolist()))

    @property
    def has_test_set(self) -> bool:
        """Whether there is a fixed test set."""
        return self.y_test is not None

    @property
    def patch_length(self) -> int:
        """How many steps the networks read as one."""
        from skrnn.preprocessing import PatchSequence

        steps = getattr(self.preprocessor, "named_steps", {}).values()
        return max((step.patch_length for step in steps if isinstance(step, PatchSequence)), default=1)

    @property
    def n_test(self) -> int:
        """Number of samples of the fixed test set."""
        return 0 if self.y_test is None else len(self.y_test)

    def pipeline(self, classifier: "BaseEstimator") -> "Pipeline":
        """Return a pipeline that turns the samples into sequences and ends in the classifier."""
        from sklearn.base import clone
        from sklearn.pipeline import make_pipeline

        return make_pipeline(clone(self.preprocessor), classifier.set_params(**self.classifier_parameters))

    def folds(self, n_folds: int, seed: int) -> Any:
        """Return a splitter whose training and test parts share no group and no step."""
        from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

        from skrnn.model_selection import PurgedKFold

        if self.gap is not None:
            return PurgedKFold(n_folds, gap=self.gap, random_state=seed)
        splitter = StratifiedKFold if self.groups is None else StratifiedGroupKFold
        return splitter(n_folds, shuffle=True, random_state=seed)

    def without_a_quarter(self, seed: int) -> "Source":
        """Return the source with a quarter of the samples held out as its test set, unless it has one."""
        if self.has_test_set:
            return self
        n_parts = 4 if self.groups is None else min(4, len(set(self.groups.tolist())))
        train, test = next(iter(self.folds(n_parts, seed).split(self.y, self.y, self.groups)))
        return replace(self._rows(train), X_test=self.X[test], y_test=self.y[test])

    def subset(self, n_samples: int, seed: int) -> "Source":
        """Return a stratified subset in the same order."""
        import numpy as np
        from sklearn.utils import resample

        if n_samples > len(self.y):
            fail(f"--samples {n_samples} is more than the {len(self.y)} {self.items} of {self.name}.", MISUSED)
        if n_samples == len(self.y):
            return self
        rows = np.sort(
            resample(np.arange(len(self.y)), replace=False, n_samples=n_samples, stratify=self.y, random_state=seed)
        )
        return self._rows(rows)

    def _rows(self, rows: "np.ndarray") -> "Source":
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, X=self.X[rows], y=self.y[rows], groups=groups)

    def require_folds(self, n_folds: int, samples: int | None, least: int | None = None, n_inner: int = 0) -> None:
        """Fail if folds cannot be made.

        Parameters
        ----------
        n_folds : int
        samples : int or None
            What ``--samples`` says.
        least : int or None
            How many samples of each class are needed; None for one in each fold.
        n_inner : int
            Number of folds of a search inside a training part.
        """
        import numpy as np

        counts = np.unique(self.y, return_counts=True)[1]
        n_least = int(counts.min()) if len(counts) else 0
        if len(counts) < 2 or n_least < (n_folds if least is None else least):
            option = f"--cv {n_folds}" if samples is None else f"--samples {samples}"
            needed = (
                f"fewer than the {n_folds} folds"
                if least is None
                else f"fewer than the {least} that {n_folds} folds need"
            )
            fail(
                f"{option}: the smallest class has {n_least} of {len(self.y)} {self.items}, {needed}."
                if samples is not None or len(counts) != 1
                else f"{self.name} has only one class, {self.y[0]!r}: there is nothing to tell apart.",
                MISUSED,
            )
        if self.groups is None:
            return
        n_groups = len(set(self.groups.tolist()))
        if n_groups < n_folds:
            cure = f"use --cv {n_groups}" if n_groups > 1 else "pass --test FILE, or leave out --group"
            found = "there is only 1 group" if n_groups == 1 else f"there are only {n_groups} groups"
            fail(f"--cv {n_folds}: {found}, and no group may be in two folds; {cure}.", MISUSED)
        n_left = n_groups - -(-n_groups // n_folds)
        if n_left < n_inner:
            fail(
                f"--tune: a training part has {n_left} of the {n_groups} groups, fewer than the {n_inner} folds of the "
                "search in it; leave out --tune, or raise --cv.",
                MISUSED,
            )
