"""The parameters of the classifiers: their common constructor, the checks, and the structure of the network."""

from collections.abc import Sequence
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, ClassVar, Self

from skrnn._sklearn import Interval, StrOptions, parameter_names, validate_parameter_constraints
from skrnn._tensorflow import keras  # before SciKeras, which imports TensorFlow

# isort: split
from scikeras.wrappers import KerasClassifier
from sklearn.base import BaseEstimator

from skrnn.estimators.routing import invalid_parameter, is_routed
from skrnn.estimators.sequences import InputForm
from skrnn.estimators.static_features import resolve_static_features
from skrnn.network.activations import ACTIVATIONS
from skrnn.network.outputs import output_for
from skrnn.network.spec import NetworkSpec
from skrnn.preprocessing.word_vectors import WordVectors

_UPDATES = 2000  # enough for small data with Adam's default learning rate: 45 epochs on the bundled digits
_FEWER_UPDATES = 1000  # where _UPDATES would take more than 100 epochs
_EPOCHS = 10, 100, 300  # for epochs="auto": minimum, usual maximum, maximum for the smallest data sets
# Between two fits of one network.
_MAY_CHANGE = {"dropout", "recurrent_dropout", "layer_dropout", "masked", "embedding_trainable"}


class _Absent:
    """Hides an attribute of a base class."""

    def __set_name__(self, owner: type, name: str):
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise AttributeError(f"{owner.__name__!r} object has no attribute {self._name!r}")


class RecurrentParameters(KerasClassifier):
    """The constructor of the recurrent classifiers, and all methods that depend only on the parameters."""

    # SciKeras' conversion of X and y, and its scorer. They are not used here, and would fail.
    feature_encoder: Any = _Absent()
    target_encoder: Any = _Absent()
    scorer: Any = _Absent()

    cell: str
    _routed_names: tuple[str, ...] = ()

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "bidirectional": ["boolean"],
        "batch_normalization": ["boolean"],
        "dense_units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "dense_activation": [StrOptions({*ACTIVATIONS})],
        "activation": [StrOptions({*ACTIVATIONS})],
        "recurrent_activation": [StrOptions({*ACTIVATIONS})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "layer_dropout": [Interval(Real, 0, 1, closed="left")],
        "pooling": [StrOptions({"last", "mean", "max"})],
        "embedding_dim": [None, Interval(Integral, 1, None, closed="left")],
        "vocabulary_size": [None, Interval(Integral, 1, None, closed="left")],
        "embedding_trainable": ["boolean"],
        "mask_zero": ["boolean"],
        "multilabel": ["boolean"],
        "optimizer": [str, type, keras.optimizers.Optimizer],
        "learning_rate": [
            None,
            Interval(Real, 0, None, closed="neither"),
            keras.optimizers.schedules.LearningRateSchedule,
        ],
        "epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "callbacks": [None, list, tuple, dict, type, keras.callbacks.Callback],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        units=64,
        *,
        bidirectional=False,
        batch_normalization=False,
        dense_units=(),
        dense_activation="relu",
        activation="tanh",
        recurrent_activation="sigmoid",
        dropout=0.0,
        recurrent_dropout=0.0,
        layer_dropout=0.0,
        pooling="last",
        embedding_dim=None,
        vocabulary_size=None,
        embedding_matrix=None,
        embedding_trainable=True,
        mask_zero=True,
        static_features=None,
        multilabel=False,
        optimizer="adam",
        learning_rate=None,
        epochs="auto",
        batch_size=32,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.0,
        patience=5,
        class_weight=None,
        callbacks=None,
        warm_start=False,
        random_state=None,
        verbose=0,
        **routed,
    ):
        self.units = units
        self.bidirectional = bidirectional
        self.batch_normalization = batch_normalization
        self.dense_units = dense_units
        self.dense_activation = dense_activation
        self.activation = activation
        self.recurrent_activation = recurrent_activation
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.layer_dropout = layer_dropout
        self.pooling = pooling
        self.embedding_dim = embedding_dim
        self.vocabulary_size = vocabulary_size
        self.embedding_matrix = WordVectors.wrap(embedding_matrix)
        self.embedding_trainable = embedding_trainable
        self.mask_zero = mask_zero
        self.static_features = static_features
        self.multilabel = multilabel
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.class_weight = class_weight
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self._set_routed(routed)

    # For SciKeras, all attributes are parameters. Here, the parameters are the arguments of the constructor, as
    # scikit-learn requires, and the routed parameters.

    _get_param_names: Any = classmethod(parameter_names)
    __repr__ = BaseEstimator.__repr__

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, including routed ones.

        Parameters
        ----------
        deep : bool, default=True
            Has no effect, because no parameter is an estimator.

        Returns
        -------
        params : dict of str to object
            The parameters by name.
        """
        return {name: getattr(self, name) for name in [*self._get_param_names(), *self._routed_names]}

    def set_params(self, **params: Any) -> Self:
        """Set parameters, including ``optimizer__*`` and ``callbacks__*``.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : object
            The classifier.

        Raises
        ------
        ValueError
            If a parameter does not exist. The message suggests a similar name.
        """
        known = self.get_params()
        for name in params:
            if name not in known and not is_routed(name):
                raise invalid_parameter(name, self._get_param_names(), type(self).__name__)
        own = {*self._get_param_names()}
        for name in own & params.keys():
            setattr(self, name, WordVectors.wrap(params[name]) if name == "embedding_matrix" else params[name])
        self._set_routed({name: value for name, value in params.items() if name not in own})
        return self

    def _set_routed(self, routed: dict[str, Any]) -> None:
        self.__dict__.update(routed)
        if routed:
            self._routed_names = tuple(sorted({*self._routed_names, *routed}))

    def _routed_to(self, prefix: str) -> dict[str, Any]:
        own = [name for name in self._routed_names if name.startswith(f"{prefix}__")]
        return {name.removeprefix(f"{prefix}__"): getattr(self, name) for name in own}

    def _check_parameters(self) -> None:
        """Raise an error if a parameter is invalid."""
        name = type(self).__name__
        for routed in self._routed_names:
            if not is_routed(routed):
                raise invalid_parameter(routed, self._get_param_names(), name)
        validate_parameter_constraints(self._parameter_constraints, self.get_params(deep=False), name)
        for layers in ("units", "dense_units"):
            widths = _as_tuple(getattr(self, layers))
            if not all(isinstance(width, Integral) and width >= 1 for width in widths) or (
                layers == "units" and not widths
            ):
                raise ValueError(
                    f"The {layers!r} parameter of {name} must be an int or a tuple of ints of at least 1, one for each "
                    f"layer. Got {getattr(self, layers)!r} instead."
                )
        if self.embedding_matrix is None and not self.embedding_trainable:
            raise ValueError(
                "embedding_trainable=False needs embedding_matrix: without pretrained vectors the embedding would stay "
                "random. Set embedding_trainable=True, or pass embedding_matrix."
            )
        if self.multilabel and self.class_weight is not None:
            raise ValueError(
                f"class_weight={self.class_weight!r} cannot be used with multilabel=True, because a sequence may have "
                "several labels and belongs to no single class. Set class_weight=None, and use sample_weight to weight "
                "sequences."
            )

    def _network_spec(self, form: InputForm, n_classes: int, masked: bool) -> NetworkSpec:
        """Return the structure of the network for an input form."""
        names = getattr(self, "feature_names_in_", None)
        size, is_ids = self.vocabulary_size, form.kind == "token_ids"
        return NetworkSpec(
            cell=self.cell,
            units=_as_tuple(self.units),
            n_features=form.n_features,
            output=output_for(n_classes, multilabel=bool(self.multilabel)),
            bidirectional=bool(self.bidirectional),
            batch_normalization=bool(self.batch_normalization),
            dense_units=_as_tuple(self.dense_units),
            dense_activation=self.dense_activation,
            activation=self.activation,
            recurrent_activation=self.recurrent_activation,
            dropout=float(self.dropout),
            recurrent_dropout=float(self.recurrent_dropout),
            layer_dropout=float(self.layer_dropout),
            pooling=self.pooling,
            embedding_dim=self.embedding_dim if self.embedding_matrix is None else form.embedding_dim,
            vocabulary_size=form.vocabulary_size if size is None or not is_ids else int(size),
            mask_zero=bool(self.mask_zero) if is_ids else form.mask_zero,
            masked=masked,
            byte_scale=form.byte_scale,
            static_features=resolve_static_features(self.static_features, form.kind, form.n_features, names),
            embedding_trainable=bool(self.embedding_trainable),
        )

    def _n_epochs(self, n_rows: int) -> int:
        """Return `epochs`, or the value of "auto" for `n_rows` training rows."""
        if self.epochs != "auto":
            return int(self.epochs)
        updates = -(-n_rows // self.batch_size)  # in each epoch
        few, many, most = _EPOCHS
        wanted = max(-(-_UPDATES // updates), few)
        return wanted if wanted <= many else max(many, min(-(-_FEWER_UPDATES // updates), most))


def require_same_network(before: NetworkSpec, now: NetworkSpec) -> None:
    """Raise a ValueError if the parameters or the input have changed the structure of a network to be trained on."""
    for field in fields(NetworkSpec):
        old, new = getattr(before, field.name), getattr(now, field.name)
        if old != new and field.name not in _MAY_CHANGE:
            raise ValueError(
                f"warm_start and partial_fit continue training the same network, but {field.name} changed from {old!r} "
                f"to {new!r}. Fit a clone, or set warm_start=False."
            )


def _as_tuple(widths: int | Sequence[int]) -> tuple[int, ...]:
    return tuple(widths) if isinstance(widths, Sequence) else (int(widths),)
