"""What a comparison scores: one metric or several, and the one that decides; refused before a fit where possible."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.metrics import check_scoring
from sklearn.utils.multiclass import type_of_target

from skrnn._sklearn import _BaseScorer, scorers_of

Scorer = Callable[..., Any]  # of an estimator, X and y: a number, or a dict of them
# The columns of ArchitectureComparison.to_frame and .summary, which have a further column for each further metric.
_COLUMNS = {
    *("architecture", "repeat", "fold", "score", "n_train", "n_test", "n_parameters", "n_epochs", "best_epoch"),
    *("fit_seconds", "score_seconds", "latency_seconds"),
    *("mean", "low", "high", "std", "min", "max", "rank", "n_splits"),
}


@dataclass(frozen=True)
class Scoring:
    """The metrics of a comparison.

    Attributes
    ----------
    scorer : callable
        ``scorer(estimator, X, y, **params)`` returns a number or a dict of numbers.
    names : tuple of str, or None
        The metrics, in order. None for a user's function, whose metrics are known only after a call.
    decide_by : str or None
        The metric that decides, if the user named one.
    """

    scorer: Scorer
    names: tuple[str, ...] | None
    decide_by: str | None

    def score(self, estimator: Any, X: Any, y: Any, params: Mapping[str, Any]) -> dict[str, float]:
        """Return the scores of a fitted estimator by name, the deciding one first.

        Raises
        ------
        ValueError
            If the scorer returns anything but numbers, or lacks the metric that decides.
        """
        scores = named_scores(self.scorer(estimator, X, y, **params), self.single_name)
        first = self.decisive(scores)
        return {first: scores[first], **scores}

    def decisive(self, names: Mapping[str, Any] | tuple[str, ...]) -> str:
        """Return which of these metrics decides.

        Raises
        ------
        ValueError
            If `decide_by` is none of them, or if another one has the name of a column.
        """
        names = tuple(names)
        first = names[0] if self.decide_by is None else self.decide_by
        if first not in names:
            raise ValueError(
                f"decide_by={first!r} is not one of the metrics that scoring computes: {', '.join(names)}."
            )
        taken = [name for name in names if name != first and name in _COLUMNS]
        if taken:
            raise ValueError(
                f"scoring has a metric with the name {taken[0]!r}, which is a column of the tables. Rename it."
            )
        return first

    @property
    def single_name(self) -> str:
        """The name of the metric if there is only one."""
        return self.names[0] if self.names else getattr(self.scorer, "__name__", "score")


def named_scores(scores: Any, single_name: str = "score") -> dict[str, float]:
    """Return what a scorer returned as a dict of floats.

    Raises
    ------
    ValueError
        If it is neither a number nor a dict of numbers.
    """
    scores = scores if isinstance(scores, dict) else {single_name: scores}
    if not scores:
        raise ValueError("scoring must return a number, or a dict of them. Got an empty dict instead.")
    for name, score in scores.items():
        if isinstance(score, str):  # scikit-learn gives the traceback of one of several scorers that failed
            raise ValueError(f"The score {name!r} could not be computed:\n{score}")
        if not is_number(score):
            raise ValueError(f"scoring must return a number, or a dict of them. Got {name} = {score!r} instead.")
    return {name: float(np.asarray(score).item()) for name, score in scores.items()}


def n_rows(values: Any) -> int:
    """Return the number of samples in X or y, which may be sparse."""
    return values.shape[0] if hasattr(values, "shape") else len(values)


def is_number(score: Any) -> bool:
    """Return whether a score is a number, or an array of one."""
    return isinstance(score, Real) or getattr(score, "size", None) == 1


def resolve_scoring(scoring: Any, decide_by: str | None, estimator: Any) -> Scoring:
    """Read the parameters `scoring` and `decide_by`.

    Parameters
    ----------
    scoring : str, callable, list, tuple, set or dict
        As in :func:`~sklearn.model_selection.cross_validate`.
    decide_by : str or None
        The metric that decides; None for the first one.
    estimator : estimator
        Only its type is looked at.

    Raises
    ------
    ValueError, TypeError
        If scikit-learn refuses `scoring`, or `decide_by` is none of its metrics.
    """
    # The order of a set differs between processes, and the first metric decides.
    scorer = check_scoring(estimator, sorted(scoring) if isinstance(scoring, (set, frozenset)) else scoring)
    names = _names(scoring, scorer)
    resolved = Scoring(scorer, names, decide_by)
    if names is not None:
        resolved.decisive(names)
    return resolved


def _names(scoring: Any, scorer: Scorer) -> tuple[str, ...] | None:
    if isinstance(several := scorers_of(scorer), Mapping):
        return tuple(several)
    if isinstance(scoring, str):
        return (scoring,)
    return ("score",) if isinstance(scorer, _BaseScorer) else None


def require_computable(scoring: Scoring, X: Any, y_train: Any, y_test: Any) -> None:
    """Raise an error if the metrics cannot be computed for these labels, whatever the classifier.

    They are computed for a classifier that predicts the most frequent class. That a user's function fails with it is
    not conclusive: the function may need something that this classifier lacks.

    Parameters
    ----------
    scoring : Scoring
    X : array-like of shape (n_test, ...)
        The tested rows of a split.
    y_train, y_test : array-like of shape (n_train,) and (n_test,)
        The labels of a split.

    Raises
    ------
    ValueError
        If a metric does not suit the labels, such as "f1" for three classes, or is not a number.
    """
    if type_of_target(y_train) == "multilabel-indicator":
        # Of a label that all rows have, or none, the classifier would give one probability, and not two.
        y_train = np.repeat([[0], [1]], y_train.shape[1] if hasattr(y_train, "shape") else len(y_train[0]), axis=1)
    constant = DummyClassifier().fit(np.zeros((n_rows(y_train), 1)), y_train)
    scorers = scorers_of(scoring.scorer)
    for name, scorer in scorers.items() if isinstance(scorers, Mapping) else [(scoring.single_name, scorers)]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # for example, that the precision of a class is undefined
            try:
                returned = scorer(constant, X, y_test)
            except AttributeError:  # no decision_function, or an attribute of the user's own classifier
                continue
            except Exception as error:
                if not isinstance(scorer, _BaseScorer):
                    continue
                raise ValueError(f"scoring={name!r} cannot be computed for these labels. {error}") from error
        found = named_scores(returned, name)
        if scoring.names is None:
            scoring.decisive(found)
