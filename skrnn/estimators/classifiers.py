"""The public classifiers: one for each recurrence, and one with the recurrence as a parameter.

They share one constructor and one description of its parameters.
"""

import inspect
from typing import ClassVar

from skrnn._sklearn import StrOptions
from skrnn.estimators.base import BaseRecurrentClassifier
from skrnn.estimators.parameters import RecurrentParameters

_PARAMETERS = """units : int or tuple of int, default=64
        Width of the recurrent layer, or of each of several stacked layers, from the input on.
    bidirectional : bool, default=False
        Whether every recurrent layer also reads backwards; the two halves are concatenated.
    batch_normalization : bool, default=False
        Whether the last state is normalised over the batch before the dense layers.
    dense_units : int or tuple of int, default=()
        Widths of hidden dense layers between the recurrent stack and the output.
    dense_activation : str, default="relu"
        Activation of the hidden dense layers, by its name in Keras.
    activation : str, default="tanh"
        Activation of the recurrent layers' output.
    recurrent_activation : str, default="sigmoid"
        Activation of the gates. SimpleRNN has no gates.
    dropout : float, default=0.0
        Fraction of the inputs of each recurrent layer that is dropped, the same at all steps of a sequence.
    recurrent_dropout : float, default=0.0
        Fraction of the recurrent layers' state that is dropped between two steps.
    layer_dropout : float, default=0.0
        Fraction dropped after each recurrent and each hidden dense layer.
    pooling : {"last", "mean", "max"}, default="last"
        How the outputs of the last recurrent layer become one vector, over the steps that are not padding.
    embedding_dim : int, default=None
        Width of the embedding. If given, X holds token ids. `embedding_matrix` sets it, too.
    vocabulary_size : int, default=None
        Token ids must be below it; a larger one is an error. None takes it from `fit`; later, steps with a larger id
        are masked with a warning. `embedding_matrix` sets it, too, by its number of rows or the vocabulary of X.
    embedding_matrix : array of shape (n_ids, embedding_dim), mapping, or path, default=None
        Pretrained word vectors that the embedding starts from; X then holds token ids. Row i of an array is the vector
        of the id i. A mapping from words to vectors (a dict, or gensim's ``KeyedVectors``) and the path of a text file
        in the format of GloVe, word2vec or fastText are looked up by word, so X must know its words, as
        the ids of `TextToSequence` do. Words without a vector start at random. A file is read in every `fit`.
    embedding_trainable : bool, default=True
        Whether training changes the embedding. False keeps all of it, including the random vectors of words that are
        not in `embedding_matrix`.
    mask_zero : bool, default=True
        Whether token id 0 is padding.
    static_features : list of int or str, default=None
        Indices or names of features that have one value in each sequence, such as an age: in X they are repeated at
        every step. The recurrent layers do not read them; they are concatenated to the pooled output, before batch
        normalization and the dense layers and after `layer_dropout`. At least one feature must remain.
    multilabel : bool, default=False
        Whether each sequence may have several labels, or none. Then y is a matrix of zeros and ones with a column for
        each label. If not, each sequence has one label, and such a matrix must be one-hot.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        A name or a class takes arguments as ``optimizer__*``; of an instance only the configuration is used. With
        ``optimizer__use_ema=True`` the network that validates, predicts and is kept uses the moving averages of the
        weights, which fluctuate less than the weights in training.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, default=None
        None uses the optimizer's default.
    epochs : int or "auto", default="auto"
        Number of passes over the data. "auto" chooses it for about 2,000 updates, but at least 10 and at most 100
        epochs; or, if the data are so small that these are fewer than 1,000 updates, at most 300.
    batch_size : int, default=32
        Sequences per update. The last batch of an epoch may be smaller.
    shuffle : bool, default=True
        Whether each epoch reads the sequences in a new order.
    early_stopping : bool, default=False
        Whether to stop when the validation loss has not fallen for `patience` epochs, and keep the best epoch.
    validation_fraction : float, default=0.0
        Fraction of the sequences held out for validation, stratified by class, or at random with `multilabel`. With
        `early_stopping` and no other validation data it is 0.1. `X_val` in `fit` replaces it.
    patience : int, default=5
        Number of epochs without improvement after which `early_stopping` stops.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in training, ``{label: weight}``; classes that are not in it have weight one. "balanced"
        weighs each class inversely to the sum of its sample weights. Validation does not use it.
    callbacks : keras.callbacks.Callback, class, or list or dict of these, default=None
        Copied for each `fit`. Classes take arguments as ``callbacks__*``; if there are several, the first one takes
        ``callbacks__0__*``.
    warm_start : bool, default=False
        Whether `fit` continues where the last call stopped, for `epochs` more epochs.
    random_state : int, RandomState instance or None, default=None
        With an int, `fit` gives the same weights every time, in any thread and process.
    verbose : int, default=0
        Above 0, one line is printed per epoch.
    **routed : dict
        ``optimizer__*`` and ``callbacks__*``: arguments of the optimizer and of the callbacks."""

_ATTRIBUTES = """classes_ : ndarray of shape (n_classes,)
        The labels, sorted; with `multilabel` the column indices of y.
    n_features_in_ : int
        Columns of a table; of sequences, features per step (1 for token ids).
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns if X is a data frame, or of the features of a step if the sequences are data frames.
        Defined only if all names are strings.
    n_parameters_ : int
        Number of weights, as ``keras.Model.count_params`` counts them: with ``embedding_trainable=False``, too, it
        includes the embedding.
    n_pretrained_ : int
        Number of token ids whose vectors come from `embedding_matrix`; 0 without it.
    history_ : dict
        One float per epoch in each of the lists ``loss``, ``accuracy`` and, with validation data, ``val_loss`` and
        ``val_accuracy``. The first two use the weights of training, the others only the sample weights of held-out
        rows; `X_val` has no weights. With `multilabel` the accuracy is the share of right labels, averaged over the
        sequences; `score` is the share of sequences whose labels are all right.
    n_iter_ : int
        Number of epochs trained.
    best_epoch_ : int
        Position in `history_` of the epoch whose weights are kept: the best with early stopping, otherwise the last.
    model_ : keras.Model
        A stock Keras model with the fitted weights; each access builds a new one."""

_CLASS = """{summary}

    Labelled sequences go in as any other X does: see :ref:`what X may be <input>`.

    Parameters
    ----------
    {cell}{parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    {see_also}

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import {name}
    >>> from skrnn.datasets import load_digits
    >>> from skrnn.preprocessing import ImageToSequence
    >>> X, y = load_digits(return_X_y=True)
    >>> pipeline = make_pipeline(ImageToSequence(), {name}({arguments}epochs=10, random_state=0))
    >>> bool(cross_val_score(pipeline, X, y, cv=3).mean() > 0.8)
    True
    """

_CITATIONS = {
    "SimpleRNNClassifier": 'Elman, J. L. "Finding structure in time." Cognitive Science 14.2 (1990): 179-211.',
    "LSTMClassifier": (
        'Hochreiter, S., and Schmidhuber, J. "Long short-term memory." Neural Computation 9.8 (1997): 1735-1780.'
    ),
    "GRUClassifier": (
        'Cho, K., et al. "Learning phrase representations using RNN encoder-decoder for statistical machine '
        'translation."\n    EMNLP (2014). The reset gate is applied after the recurrent product, as in Keras.'
    ),
}


def _document(cls: type) -> type:
    """Give a classifier the docstring that all classifiers share."""
    name = cls.__name__
    own_cell = name in _CITATIONS
    cls.__doc__ = _CLASS.format(
        summary=cls.__doc__,
        name=name,
        cell="" if own_cell else _CELL,
        parameters=_PARAMETERS,
        attributes=_ATTRIBUTES,
        see_also="\n    ".join(f"{other} : {text}" for other, text in _SUMMARIES.items() if other != name),
        references=_CITATIONS[name] if own_cell else "\n\n    ".join(_CITATIONS.values()),
        arguments="" if own_cell else 'cell="gru", ',
    )
    return cls


_SUMMARIES = {
    "SimpleRNNClassifier": "The recurrence without gates.",
    "LSTMClassifier": "Long short-term memory.",
    "GRUClassifier": "Gated recurrent units.",
    "RecurrentClassifier": "The recurrence as a parameter, for a search over it.",
}
_CELL = """cell : {"simple_rnn", "lstm", "gru"}, default="lstm"
        The recurrence.
    """


@_document
class SimpleRNNClassifier(BaseRecurrentClassifier):
    """Classify sequences with a simple (Elman) recurrent network."""

    cell = "simple_rnn"


@_document
class LSTMClassifier(BaseRecurrentClassifier):
    """Classify sequences with a long short-term memory network."""

    cell = "lstm"


@_document
class GRUClassifier(BaseRecurrentClassifier):
    """Classify sequences with a network of gated recurrent units."""

    cell = "gru"


@_document
class RecurrentClassifier(BaseRecurrentClassifier):
    """Classify sequences with a recurrent network whose recurrence is a parameter."""

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "cell": [StrOptions({"simple_rnn", "lstm", "gru"})],
        **BaseRecurrentClassifier._parameter_constraints,
    }

    def __init__(self, *, cell="lstm", **parameters):
        super().__init__(**parameters)
        self.cell = cell


def _shared_signature() -> inspect.Signature:
    """Return the shared constructor's signature with `cell` in it, for readers and for scikit-learn's introspection."""
    own, *shared = inspect.signature(RecurrentParameters.__init__).parameters.values()
    cell = inspect.Parameter("cell", inspect.Parameter.KEYWORD_ONLY, default="lstm")
    units, *rest = shared
    return inspect.Signature([own, cell, units.replace(kind=inspect.Parameter.KEYWORD_ONLY), *rest])


RecurrentClassifier.__init__.__signature__ = _shared_signature()  # type: ignore[attr-defined]
