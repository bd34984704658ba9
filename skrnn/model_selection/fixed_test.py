"""How sure scores on one fixed test set are: its rows and the trainings are drawn again, from saved predictions."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metaestimators import available_if

from skrnn._sklearn import scorers_of
from skrnn.model_selection.comparison_data import ComparisonData
from skrnn.model_selection.one_test_set import bootstrap_scores
from skrnn.model_selection.scoring import Scoring, named_scores
from skrnn.model_selection.verdicts import pairs

_SEED = 0  # the same comparison always has the same intervals
_N_RESAMPLES = 10_000


def bootstraps(comparison: ComparisonData, scoring: Scoring) -> dict[tuple[str, str], np.ndarray]:
    """Return the bootstrap distributions of all differences, and of all scores.

    Parameters
    ----------
    comparison : ComparisonData
        On a fixed test set.
    scoring : Scoring

    Returns
    -------
    distributions : dict of (str, str) to ndarray of shape (n_resamples,)
        For pairs of architectures the difference of the deciding score; for an architecture and "" its score.

    Warns
    -----
    UserWarning
        If the score of an architecture cannot be computed from its saved predictions. It is left out.
    """
    truth = comparison.y_true
    assert truth is not None
    if comparison.scoring == "accuracy":
        metric: Any = _is_right
        n_resamples = _N_RESAMPLES
    else:
        metric = _Rescored(scoring, comparison)
        n_resamples = _N_RESAMPLES // 20  # each resample is scored anew, which may take long
    present, missing = {}, {}
    for row, name in enumerate(comparison.architectures):
        scored = np.flatnonzero(np.isfinite(comparison.scores[row]))
        try:
            if len(scored):
                present[name] = _saved(comparison, row, scored)
                _require_same_scores(metric, truth, present[name], comparison.scores[row, scored])
        except Exception as error:  # whatever the user's function raises
            present.pop(name, None)
            missing[name] = str(error)
    if missing:
        name, why = next(iter(missing.items()))
        warnings.warn(
            f"{comparison.scoring!r} cannot be computed from the saved predictions of {', '.join(missing)}, so there "
            f"is no interval and no verdict for them. {name}: {why} Use a metric of predicted labels or probabilities.",
            UserWarning,
            stacklevel=3,
        )
    if not present:
        return {}
    _, drawn = bootstrap_scores(metric, truth, present, n_resamples=n_resamples, random_state=_SEED)
    of_name = dict(zip(present, drawn, strict=True))
    names = comparison.architectures
    wanted = [(names[a], names[b]) for a, b in pairs(names, comparison.baselines) if {names[a], names[b]} <= {*present}]
    return {(name, ""): scores for name, scores in of_name.items()} | {
        (a, b): of_name[a] - of_name[b] for a, b in wanted
    }


def _is_right(truth: np.ndarray, saved: np.ndarray) -> np.ndarray:
    return saved[:, 0] == truth


def _saved(comparison: ComparisonData, row: int, scored: np.ndarray) -> np.ndarray:
    """Return the predictions of an architecture, of shape (n_seeds, n_samples, 1 + n_classes) or (..., 1).

    The first column is the class index, the others are the probabilities.
    """
    seeds = []
    for split in scored:
        predicted, probabilities = comparison.predicted[row][split], comparison.probabilities[row][split]
        if predicted is None:
            raise ValueError("A fit failed, or predicted something else than the labels in y.")
        seeds.append(predicted[:, np.newaxis] if probabilities is None else np.c_[predicted, probabilities])
    return np.stack(seeds)


def _require_same_scores(metric: Any, truth: np.ndarray, saved: np.ndarray, scores: np.ndarray) -> None:
    """Raise a ValueError if a metric makes other scores of the predictions than it did of the test set itself."""
    for predictions, score in zip(saved, scores, strict=True):
        again = float(np.mean(metric(truth, predictions)))
        if not np.isclose(again, score, rtol=1e-3, atol=1e-4):  # probabilities are kept with seven digits
            raise ValueError(f"It gives {again:.4g}, and not the score {score:.4g}.")


class _Rescored:
    """The deciding metric, as a function of class indices and saved predictions."""

    def __init__(self, scoring: Scoring, comparison: ComparisonData):
        scorers = scorers_of(scoring.scorer)
        self.scorer = scorers[comparison.scoring] if isinstance(scorers, Mapping) else scoring.scorer
        self.name = comparison.scoring
        self.classes = np.asarray(comparison.classes)

    def __call__(self, truth: np.ndarray, saved: np.ndarray) -> float:
        """Return the score."""
        replayed = _Replayed(saved, self.classes)
        score = self.scorer(replayed, np.arange(len(saved)), self.classes[truth])
        return named_scores(score, self.name)[self.name]


class _Replayed(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose predictions were saved; X has the numbers of the rows."""

    def __init__(self, saved: np.ndarray, classes: np.ndarray):
        self.saved = saved
        self.classes_ = classes

    def predict(self, X):
        """Return the saved labels."""
        return self.classes_[self.saved[X, 0].astype(int)]

    @available_if(lambda self: self.saved.shape[1] > 1)
    def predict_proba(self, X):
        """Return the saved probabilities."""
        return self.saved[X, 1:]
