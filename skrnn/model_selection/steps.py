"""The steps before the classifier in nested pipelines: fitted once, so that the classifier can be trained by itself."""

import copy
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from skrnn._callbacks import CallbackSupportMixin
from skrnn._sklearn import transformers_of


class _Recorder(CallbackSupportMixin, BaseEstimator):
    """Replaces a pipeline's last step, and keeps the arguments of its `fit`."""

    def __init__(self, classifier: Any):
        self.classifier = classifier

    def fit(self, X, y, **params):
        """Keep the arguments."""
        self.given_ = X, y, params
        return self

    def get_metadata_routing(self):
        """Request the same metadata as the classifier."""
        return self.classifier.get_metadata_routing()

    def __sklearn_tags__(self):
        return self.classifier.__sklearn_tags__()


def fit_other_steps(estimator: Any, X: Any, y: Any, params: dict[str, Any]) -> tuple[list[Pipeline], Any, tuple]:
    """Fit all steps before the classifier.

    Returns
    -------
    pipelines : list of Pipeline
        From the outermost to the innermost, fitted except for their last steps.
    classifier : estimator
    given : tuple of (array-like, array-like, dict)
        The arguments for the classifier's `fit`.
    """
    if not isinstance(estimator, Pipeline):
        return [], estimator, (X, y, params)
    pipeline = clone(estimator)
    name, last = pipeline.steps[-1]
    recorder = _Recorder(last)
    pipeline.steps[-1] = (name, recorder)
    pipeline.fit(X, y, **params)
    inner, classifier, given = fit_other_steps(last, *recorder.given_)
    return [pipeline, *inner], classifier, given


def transformed(pipelines: list[Pipeline], X: Any) -> Any:
    """Return X as the classifier at the end of fitted pipelines sees it."""
    for pipeline in pipelines:
        # As `predict` does: transform of a pipeline would check whether it is fitted.
        for transformer in transformers_of(pipeline):
            X = transformer.transform(X)
    return X


def assembled(pipelines: list[Pipeline], classifier: Any) -> Any:
    """Return the user's pipeline, fitted, with this classifier as its last step."""
    for pipeline in reversed(pipelines):
        whole = copy.copy(pipeline)
        whole.steps = [*pipeline.steps[:-1], (pipeline.steps[-1][0], classifier)]
        classifier = whole
    return classifier
