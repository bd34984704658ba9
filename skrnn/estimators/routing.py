"""Parameters that are meant for Keras: the optimizer, the callbacks and what is routed to them by ``__``."""

import copy
import difflib
import inspect
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from numbers import Real
from typing import Any

from skrnn._tensorflow import keras, start
from skrnn.network.spec import OptimizerSpec

ROUTED_PREFIXES = ("optimizer", "callbacks")


def is_routed(name: str) -> bool:
    """Return whether `name` is of the form ``optimizer__*`` or ``callbacks__*``."""
    prefix, delimiter, rest = name.partition("__")
    return bool(delimiter and rest) and prefix in ROUTED_PREFIXES


def invalid_parameter(name: str, known: Iterable[str], owner: str) -> ValueError:
    """Return the error for a parameter that does not exist, with the nearest one that does."""
    known = sorted(known)
    _, delimiter, rest = name.partition("__")
    candidates = [f"{p}__{rest}" for p in ROUTED_PREFIXES] if delimiter else []
    near = difflib.get_close_matches(name, [*known, *candidates], n=1)
    if rest in known:
        near = [rest]
    hint = f" Did you mean {near[0]!r}?" if near else ""
    routed = " or ".join(f"{p}__*" for p in ROUTED_PREFIXES)
    return ValueError(f"Invalid parameter {name!r} for {owner}.{hint} Valid are {routed} and: {', '.join(known)}.")


def read_optimizer(optimizer: Any, learning_rate: Any, routed: Mapping[str, Any]) -> tuple[OptimizerSpec, float | None]:
    """Read an optimizer as configuration.

    Parameters
    ----------
    optimizer : str, type or keras.optimizers.Optimizer
        A name that Keras knows, a class, or an instance, of which only the configuration is used.
    learning_rate : float, keras.optimizers.schedules.LearningRateSchedule or None
        None leaves the optimizer's own.
    routed : mapping
        Arguments of its constructor, which a name or a class may be given.

    Returns
    -------
    spec : OptimizerSpec
        The structure.
    learning_rate : float or None
        The value to train with; None where the structure holds a schedule.
    """
    if learning_rate is not None and "learning_rate" in routed:
        raise ValueError(
            f"learning_rate={learning_rate!r} and optimizer__learning_rate={routed['learning_rate']!r} say the same "
            "thing twice; give one of them."
        )
    start()  # an optimizer has variables
    if isinstance(optimizer, keras.optimizers.Optimizer):
        if routed:
            raise ValueError(
                f"{_names('optimizer', routed)} cannot be routed to an optimizer instance; give optimizer as a name or "
                "a class."
            )
        optimizer_class, config = type(optimizer), optimizer.get_config()
    else:
        optimizer_class = _optimizer_class(optimizer)
        _check_arguments(optimizer_class, routed, "optimizer")
        config = _config_of(optimizer_class, routed)
    if isinstance(learning_rate, Real):
        config = {**config, "learning_rate": float(learning_rate)}
    elif learning_rate is not None:
        config = optimizer_class.from_config({**config, "learning_rate": copy.deepcopy(learning_rate)}).get_config()
    rate = config["learning_rate"]
    is_constant = not isinstance(rate, Mapping)
    # Neither the name, which Keras counts up, nor a constant rate, which is fed as a value, is part of what is traced.
    config = {**config, "name": optimizer_class.__name__.lower()} | ({"learning_rate": 1.0} if is_constant else {})
    return OptimizerSpec(optimizer_class, json.dumps(config, sort_keys=True)), float(rate) if is_constant else None


def _config_of(optimizer_class: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole configuration that a class and some arguments come to."""
    items = tuple(sorted(arguments.items()))
    try:
        hash(items)
    except TypeError:
        return _configure.__wrapped__(optimizer_class, items)
    return _configure(optimizer_class, items)


@lru_cache(maxsize=64)  # each optimizer that is made leaves a tenth of a megabyte in TensorFlow, for good
def _configure(optimizer_class: Any, items: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return optimizer_class(**dict(items)).get_config()


@lru_cache(maxsize=64)
def _class_of_name(name: str) -> Any:
    return type(keras.optimizers.get(name))


def _optimizer_class(optimizer: Any) -> Any:
    if inspect.isclass(optimizer):
        if issubclass(optimizer, keras.optimizers.Optimizer):
            return optimizer
    elif isinstance(optimizer, str):
        try:
            return _class_of_name(optimizer)
        except ValueError:
            names = sorted(
                name.lower() for name in dir(keras.optimizers) if inspect.isclass(getattr(keras.optimizers, name))
            )
            near = difflib.get_close_matches(optimizer.lower(), names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"Unknown optimizer {optimizer!r}.{hint} Expected a name that Keras knows, such as 'adam', 'rmsprop' "
                "or 'sgd', a class, or an instance."
            ) from None
    raise ValueError(f"optimizer must be a name, a Keras optimizer class or an instance; got {optimizer!r}.")


def copy_callbacks(callbacks: Any, routed: Mapping[str, Any]) -> list[keras.callbacks.Callback]:
    """Return this fit's own Keras callbacks: instances copied, classes called with what is routed to them.

    Parameters
    ----------
    callbacks : None, callback, class, or a list or dict of these
    routed : mapping
        ``name`` goes to every class, ``0__name`` or ``key__name`` to the one at that position or key.
    """
    if isinstance(callbacks, Mapping):
        named = {str(key): value for key, value in callbacks.items()}
    elif isinstance(callbacks, (list, tuple)):
        named = {str(number): value for number, value in enumerate(callbacks)}
    else:
        named = {} if callbacks is None else {"0": callbacks}
    unused = set(routed)
    made = []
    for key, callback in named.items():
        if isinstance(callback, keras.callbacks.Callback):
            made.append(copy.deepcopy(callback))
            continue
        if not (inspect.isclass(callback) and issubclass(callback, keras.callbacks.Callback)):
            raise TypeError(f"callbacks must be Keras callbacks or classes of them; got {callback!r}.")
        general = {name: value for name, value in routed.items() if "__" not in name}
        own = {n.removeprefix(f"{key}__"): value for n, value in routed.items() if n.startswith(f"{key}__")}
        unused -= {*general, *(f"{key}__{name}" for name in own)}
        arguments = {**general, **own}
        _check_arguments(callback, arguments, "callbacks")
        made.append(callback(**arguments))
    if unused:
        raise ValueError(
            f"{_names('callbacks', unused)} reaches no callback class: only classes take routed arguments, and "
            f"callbacks has {[*named] or 'none'}."
        )
    return made


def _check_arguments(target: Any, arguments: Iterable[str], prefix: str) -> None:
    """Raise a ValueError that suggests the right name if `target` cannot be called with one of `arguments`."""
    parameters = inspect.signature(target).parameters
    known = [name for name, parameter in parameters.items() if parameter.kind is not parameter.VAR_KEYWORD]
    for name in arguments:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean '{prefix}__{near[0]}'?" if near else ""
            raise ValueError(
                f"Invalid parameter '{prefix}__{name}': {target.__name__} has no argument {name!r}.{hint} "
                f"It has: {', '.join(known)}."
            )


def _names(prefix: str, names: Iterable[str]) -> str:
    return ", ".join(f"{prefix}__{name}" for name in sorted(names))
