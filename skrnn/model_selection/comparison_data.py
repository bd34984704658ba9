"""The numbers and predictions of a comparison: what tables, verdicts, files and plots are made of."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ComparisonData:
    """The attributes of an ArchitectureComparison, which documents them."""

    architectures: tuple[str, ...]
    baselines: tuple[str, ...] = ()
    metric_scores: dict[str, np.ndarray]
    rope: float = 0.01
    n_looks: int = 1
    fixed_test: bool = False
    repeats: np.ndarray
    folds: np.ndarray
    n_train: np.ndarray
    n_test: np.ndarray
    finished: np.ndarray
    fit_seconds: np.ndarray
    score_seconds: np.ndarray
    latency_seconds: np.ndarray
    n_parameters: np.ndarray
    n_epochs: np.ndarray
    curves: tuple[tuple[dict[str, list[float]], ...], ...]
    classes: np.ndarray | None = None
    y_true: np.ndarray | None = None
    test_rows: tuple[np.ndarray, ...] = ()
    predicted: tuple[tuple[np.ndarray | None, ...], ...] = ()
    probabilities: tuple[tuple[np.ndarray | None, ...], ...] = ()
    bootstrap: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    @property
    def scoring(self) -> str:
        """The metric that decides, such as "accuracy"."""
        return next(iter(self.metric_scores))

    @property
    def scores(self) -> np.ndarray:
        """The deciding scores, of shape (n_architectures, n_splits), float."""
        return self.metric_scores[self.scoring]

    @property
    def complete(self) -> bool:
        """Whether all fits are finished."""
        return bool(self.finished.all())

    @property
    def n_failed(self) -> int:
        """How many fits failed, with an error score of NaN."""
        return int(np.isnan(self.scores[self.finished]).sum())

    @property
    def n_samples(self) -> int:
        """How many samples were fitted and scored in each split together; with a fixed test set, only fitted."""
        sizes = self.n_train if self.fixed_test else self.n_train + self.n_test
        return int(sizes.max(initial=0))

    @property
    def best_epochs(self) -> np.ndarray:
        """The epoch with the lowest validation loss, from 1, of shape (n_architectures, n_splits); NaN if unknown."""
        best = np.full(self.finished.shape, np.nan)
        for row, of_splits in enumerate(self.curves):
            for split, history in enumerate(of_splits):
                losses = np.array(history.get("val_loss", []), dtype=float)
                if not np.isnan(losses).all():
                    best[row, split] = 1 + int(np.nanargmin(losses))
        return best
