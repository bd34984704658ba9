"""Writing classifiers and pipelines to ONNX files."""

from collections.abc import Iterator
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn.estimators.prediction import Prediction


def to_onnx(estimator: Any, path: Any) -> None:
    """Write a fitted classifier or pipeline to an ONNX file, for any language that has an ONNX runtime.

    The model reads ``X`` and computes ``label`` and ``probabilities``, as models of ``skl2onnx`` do. The number of
    sequences is free, and so is the number of steps, unless `fit` saw a table or images.

    Parameters
    ----------
    estimator : estimator
        A classifier of skrnn, frozen or not; a :class:`~sklearn.pipeline.Pipeline` that ends in one; or a search whose
        best estimator is either. See Notes for the transformers in a pipeline.
    path : str or path-like
        The file, usually named ``*.onnx``. A file that exists is replaced, once the new one is complete.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator is neither a classifier nor a pipeline, or if a transformer or the labels have no form in ONNX.
    ValueError
        If the model is larger than 2 GiB.
    OSError
        If the file cannot be written.

    See Also
    --------
    freeze : Keeps any pipeline in Python, without TensorFlow.

    Notes
    -----
    ``X`` is

    - float32 of shape (n_samples, n_timesteps, n_features) for sequences of numbers, where steps of NaN at either edge
      are padding; of shape (n_samples, n_timesteps) if `fit` saw a list of sequences of single numbers. Bytes are
      divided by their scale;
    - float32 of shape (n_samples, n_columns) for a table;
    - int64 of shape (n_samples, n_timesteps) for token ids, where negative ids are padding, and 0 is with
      ``mask_zero=True``;
    - for images of integers, of the type and shape in `fit`; float32 for others.

    A run with ONNX Runtime on a CPU fails on input that `predict` refuses, such as NaN between steps; the name of the
    node in the message tells why. Only token ids that `fit` did not see are masked without a warning.

    A pipeline may contain ImageToSequence, TabularToSequence, SequencePadder, SequenceScaler, SequenceImputer,
    SequenceDifference, PatchSequence and TimeDistributed, and on tables or within TimeDistributed scikit-learn's
    StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, SimpleImputer, OneHotEncoder, ColumnTransformer and
    FeatureUnion. For texts, write the pipeline without TextToSequence, ``pipeline[1:]``, which reads token ids.

    Probabilities agree with `predict_proba` up to the rounding of single precision.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import onnxruntime
    >>> import skrnn
    >>> from skrnn.datasets import make_adding_problem
    >>> X, y = make_adding_problem(100, 10, random_state=0)
    >>> classifier = skrnn.GRUClassifier(8, epochs=2, random_state=0).fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     skrnn.to_onnx(classifier, f"{folder}/model.onnx")
    ...     session = onnxruntime.InferenceSession(f"{folder}/model.onnx")
    >>> label, probabilities = session.run(None, {"X": X[:3].astype("float32")})
    >>> bool((label == classifier.predict(X[:3])).all())
    True
    """
    check_is_fitted(estimator)
    *transformers, classifier = _steps(estimator)
    if not isinstance(classifier, Prediction):
        raise TypeError(
            f"{type(classifier).__name__} cannot be written to ONNX: expected a classifier of skrnn, or a pipeline or "
            "search that ends in one. skrnn.freeze takes meta-estimators, too."
        )
    from skrnn.onnx.model import write_model

    write_model(transformers, classifier.freeze(), path)


def _steps(estimator: Any) -> Iterator[Any]:
    """Iterate over the steps of pipelines, nested or not, without samplers of imbalanced-learn, which serve `fit`."""
    if hasattr(estimator, "best_estimator_"):
        yield from _steps(estimator.best_estimator_)
    elif isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            yield from _steps(step)
    elif not hasattr(estimator, "fit_resample"):
        yield estimator
