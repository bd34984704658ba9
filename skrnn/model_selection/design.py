"""The design of a comparison: which architecture is fitted on which rows with which seed. Nothing here is fitted."""

import zlib
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from skrnn._sklearn import BaseSearchCV
from skrnn.model_selection.fit_jobs import Data, FitJob, Split
from skrnn.model_selection.nesting import fit_parameter, last_step
from skrnn.model_selection.scoring import Scoring, n_rows
from skrnn.model_selection.seeds import derived_seed
from skrnn.model_selection.splits import draw_splits, folds_of


@dataclass(frozen=True)
class Folds:
    """The splits of a comparison, repeat by repeat: the same ones, however many repeats follow.

    Attributes
    ----------
    data : Data
    cv : int, splitter or iterable
        Ignored with a fixed test set. A splitter with a ``random_state`` gets another one for each further repeat.
    groups : array-like of shape (n_samples,), or None
    split_params : dict
        Further metadata for the splitter.
    root : int or None
        Shuffles the folds of an int `cv`; None leaves the rows in order.
    """

    data: Data
    cv: Any
    groups: Any
    split_params: Mapping[str, Any]
    root: int | None

    @property
    def can_be_repeated(self) -> bool:
        """Whether there is any number of repeats."""
        return self.data.has_test_set or isinstance(self.cv, Integral) or _is_random(self.cv)

    def splits(self, repeat: int) -> list[Split]:
        """Return the splits of a repeat. A splitter of the user has all of its own repeats in the first one."""
        data = self.data
        if data.has_test_set:
            return [Split(repeat, 0, np.arange(n_rows(data.X)), np.arange(n_rows(data.X_test)))]
        params = dict(self.split_params)
        if isinstance(self.cv, Integral):
            # The first repeat has the folds of scikit-learn's splitter with the same seed.
            seed = self.root if repeat == 0 or self.root is None else derived_seed(self.root, repeat)
            splitter, n_repeats = folds_of(int(self.cv), data.y, self.groups, seed), 1
        elif repeat and self.root is not None and _is_random(self.cv):
            splitter, n_repeats = copy(self.cv), 1
            splitter.random_state = derived_seed(self.root, repeat)
        else:
            splitter = check_cv(self.cv, data.y, classifier=True)
            n_repeats = getattr(splitter, "n_repeats", 1)
        rows = draw_splits(splitter, data.X, data.y, {"groups": self.groups, **params})
        for number, (train, test) in enumerate(rows):
            if not (len(train) and len(test)):
                raise ValueError(
                    f"Split {number} of cv has {len(train)} samples to train on and {len(test)} to test on; both must "
                    "be at least 1."
                )
        n_folds = len(rows) // n_repeats
        return [Split(repeat + i // n_folds, i % n_folds, train, test) for i, (train, test) in enumerate(rows)]


def _is_random(cv: Any) -> bool:
    """Return whether a splitter gives other folds with another seed, and does not repeat itself."""
    is_shuffled = getattr(cv, "shuffle", True) and getattr(cv, "random_state", None) is not None
    return is_shuffled and not hasattr(cv, "n_repeats")


@dataclass(frozen=True)
class Design:
    """Everything that is decided before the first fit.

    Attributes
    ----------
    estimators : dict of str to estimator
        The architectures and baselines by name.
    data : Data
    scoring : Scoring
    folds : Folds
    seed : int or None
        The root of all seeds of fits; None leaves the parameters ``random_state`` alone.
    fit_params : dict of str to dict
        Metadata for the `fit` of each estimator.
    score_params : dict
        Metadata for the scorer.
    error_score : float or "raise"
    """

    estimators: Mapping[str, BaseEstimator]
    data: Data
    scoring: Scoring
    folds: Folds
    seed: int | None
    error_score: float | str
    fit_params: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    score_params: Mapping[str, Any] = field(default_factory=dict)

    def jobs(self, splits: list[Split], first_column: int) -> list[FitJob]:
        """Return the fits on these splits, split by split, so that an interrupt leaves whole splits."""
        return [
            FitJob(
                row=row,
                column=column,
                architecture=name,
                estimator=estimator,
                split=split,
                seed=self._seed(split, name),
                scoring=self.scoring,
                fit_params=self.fit_params.get(name, {}),
                score_params=dict(self.score_params),
                error_score=self.error_score,
            )
            for column, split in enumerate(splits, start=first_column)
            for row, (name, estimator) in enumerate(self.estimators.items())
        ]

    def _seed(self, split: Split, name: str) -> int | None:
        """Return the seed of a fit. It depends on the name, and not on which other architectures there are."""
        if self.seed is None:
            return None
        return derived_seed(self.seed, split.repeat, split.fold, zlib.crc32(name.encode()))


def route(
    estimators: Mapping[str, Any], scorer: Any, splitter: Any, params: Mapping[str, Any], groups: Any = None
) -> tuple[dict[str, dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """Return which metadata go to the `fit` of each estimator, to the scorer and to the splitter.

    With ``enable_metadata_routing=True`` each gets what it requests. Otherwise all go to every `fit`, as in
    :func:`~sklearn.model_selection.cross_validate`, and ``sample_weight`` to the last step of a pipeline. The `groups`
    then also go to searches, whose folds would mix them otherwise.
    """
    if not get_config()["enable_metadata_routing"]:
        given = {
            name: {fit_parameter(estimator, key): value for key, value in params.items()}
            for name, estimator in estimators.items()
        }
        for name, estimator in estimators.items():
            if groups is not None and isinstance(last_step(estimator), BaseSearchCV):
                given[name].setdefault(fit_parameter(estimator, "groups"), groups)
        return given, {}, {}
    if not params:
        return {}, {}, {}
    fit, score = (MethodMapping().add(caller="fit", callee=callee) for callee in ("fit", "score"))
    router = MetadataRouter(owner="compare_architectures").add(scorer=scorer, method_mapping=score)
    router.add(splitter=splitter, method_mapping=MethodMapping().add(caller="fit", callee="split"))
    for number, estimator in enumerate(estimators.values()):
        router.add(**{f"estimator_{number}": estimator}, method_mapping=fit)
    routed = process_routing(router, "fit", **params)
    of_fits = {name: dict(routed[f"estimator_{number}"].fit) for number, name in enumerate(estimators)}
    return of_fits, dict(routed.scorer.score), dict(routed.splitter.split)
