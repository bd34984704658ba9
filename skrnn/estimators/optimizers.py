"""Optimizers as plain data: a name, class or instance becomes an OptimizerSpec, from which networks are traced."""

import copy
import inspect
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np

from skrnn._hints import closest, did_you_mean
from skrnn._keras import EXCLUSIONS, INNER_OPTIMIZERS, OF_EVERY_OBJECT, existing
from skrnn._tensorflow import keras, start
from skrnn.estimators.routing import made_with, names_of
from skrnn.network.interrupts import interrupts_come_through
from skrnn.network.spec import OptimizerSpec
from skrnn.network.state import make_optimizer

_Optimizer, _Schedule = keras.optimizers.Optimizer, keras.optimizers.schedules.LearningRateSchedule


@interrupts_come_through()
def read_optimizer(
    optimizer: str | type | keras.optimizers.Optimizer,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule | None,
    routed: Mapping[str, Any],
) -> tuple[OptimizerSpec, float | None]:
    """Return the specification of an optimizer.

    Parameters
    ----------
    optimizer : str, type or keras.optimizers.Optimizer
        The name of a Keras optimizer, a class, or an instance, of which only the configuration is used.
    learning_rate : float, keras.optimizers.schedules.LearningRateSchedule or None
        The learning rate or a schedule. None uses the optimizer's default.
    routed : mapping of str to object
        Arguments of the constructor, for a name or a class.

    Returns
    -------
    spec : OptimizerSpec
        The class and its configuration.
    learning_rate : float or None
        The learning rate; None if the configuration contains a schedule, or several optimizers with their own rates.

    Raises
    ------
    ValueError
        If there is no such optimizer, or if its configuration does not reproduce it.
    """
    if learning_rate is not None and "learning_rate" in routed:
        raise ValueError(
            f"learning_rate={learning_rate!r} and optimizer__learning_rate={routed['learning_rate']!r} set the same "
            "argument. Pass only one of them."
        )
    start()  # creating an optimizer creates variables
    if isinstance(optimizer, _Optimizer):
        if routed:
            raise ValueError(
                f"{names_of('optimizer', routed)} cannot be routed to an optimizer instance. Pass optimizer as a name "
                "or a class."
            )
        spec, own_rate = _described(optimizer, {})
    else:
        spec, own_rate = _described_class(_optimizer_class(optimizer), routed)
    if learning_rate is None:
        return spec, own_rate
    optimizer_class, config, custom_objects = spec.optimizer_class, json.loads(spec.config), dict(spec.custom_objects)
    holder, path = _holder_of_rate(config)
    if "learning_rate" not in holder and (own_rate is None or not isinstance(learning_rate, Real)):
        raise ValueError(
            f"learning_rate={learning_rate!r} cannot be set: {optimizer_class.__name__} has no argument learning_rate. "
            "Set the rate of each inner optimizer, or add the argument to the constructor."
        )
    if isinstance(learning_rate, Real):
        holder |= {"learning_rate": 1.0} if "learning_rate" in holder else {}
        return _spec(optimizer_class, config, custom_objects), float(learning_rate)
    with _said_by_name(type(learning_rate)):
        holder["learning_rate"] = keras.optimizers.schedules.serialize(learning_rate)
    spec = _spec(optimizer_class, config, custom_objects | _custom_objects(learning_rate))
    _check_that_nothing_is_lost(spec, _settings(learning_rate, f"{path}_learning_rate."))
    return spec, None


def _optimizer_class(optimizer: Any) -> type:
    """Return an optimizer class from its name or the class itself."""
    found = optimizer
    if isinstance(optimizer, str):
        # keras.optimizers.get does not know all classes that Keras exports.
        public = {name.lower(): value for name, value in vars(keras.optimizers).items() if _is_optimizer(value)}
        found = public.get(optimizer.lower()) or keras.saving.get_registered_object(optimizer)
        if not _is_optimizer(found):
            last = optimizer.lower().rpartition(".")[2]  # users may write "keras.optimizers.Adam"
            hint = did_you_mean(closest(last, public, cutoff=0.8))
            raise ValueError(
                f"Unknown optimizer {optimizer!r}.{hint} Expected the name of a Keras optimizer, such as 'adam', "
                "'rmsprop' or 'sgd', a class, or an instance."
            )
    if not _is_optimizer(found):
        raise ValueError(f"optimizer must be a name, a Keras optimizer class or an instance; got {optimizer!r}.")
    return found


def _is_optimizer(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, _Optimizer) and value is not _Optimizer


def _described_class(optimizer_class: type, arguments: Mapping[str, Any]) -> tuple[OptimizerSpec, float | None]:
    """Describe the optimizer that a class creates from arguments."""
    items = tuple(sorted(arguments.items()))
    if all(isinstance(value, (str, Real, type(None))) for value in arguments.values()):
        return _described_plain_class(optimizer_class, items)
    return _described_plain_class.__wrapped__(optimizer_class, items)


@lru_cache(maxsize=64)  # TensorFlow never frees about a tenth of a megabyte per optimizer
def _described_plain_class(
    optimizer_class: type, items: tuple[tuple[str, Any], ...]
) -> tuple[OptimizerSpec, float | None]:
    # An optimizer may modify its arguments.
    arguments = {name: copy.deepcopy(value) for name, value in items}
    return _described(made_with(optimizer_class, arguments, "optimizer"), arguments)


def _described(
    optimizer: keras.optimizers.Optimizer, arguments: Mapping[str, Any]
) -> tuple[OptimizerSpec, float | None]:
    """Describe an optimizer; `arguments` are the arguments of its constructor, if they are known."""
    optimizer_class = type(optimizer)
    if optimizer_class.update_step is _Optimizer.update_step and optimizer_class.apply is _Optimizer.apply:
        raise ValueError(f"{optimizer_class.__name__} defines no update_step, so it cannot train.")
    _check_for_functions(optimizer)
    with _said_by_name(optimizer_class):
        config = _whole_config(optimizer, arguments)
    rate = getattr(optimizer, "learning_rate", None)
    holder, _ = _holder_of_rate(config)
    if isinstance(rate, keras.Variable) and "learning_rate" in holder:
        holder["learning_rate"] = 1.0  # a value passed to the graph, not part of it
    spec = _spec(optimizer_class, config, _custom_objects(optimizer))
    _check_that_nothing_is_lost(spec, _settings(optimizer))
    return spec, float(rate.numpy()) if isinstance(rate, keras.Variable) else None


def _check_for_functions(optimizer: keras.optimizers.Optimizer) -> None:
    """Raise a ValueError if an argument is a function, but Keras also accepts a serializable object for it."""
    for _, held in _optimizers_and_schedules(optimizer):
        for argument, kind in (
            ("learning_rate", "a subclass of keras.optimizers.schedules.LearningRateSchedule with a get_config"),
            ("optimizer_map", "a keras.optimizers.OptimizerMap"),
        ):
            if inspect.isroutine(vars(held).get(f"_{argument}")):
                raise ValueError(
                    f"The {argument} of {type(held).__name__} is a function, which cannot be stored in a fitted "
                    f"estimator. Replace it with {kind}."
                )


@contextmanager
def _said_by_name(owner: type) -> Iterator[None]:
    """Turn Keras' error about a class without get_config into a ValueError that names the class."""
    try:
        yield
    except NotImplementedError as error:
        raise ValueError(
            f"{owner.__name__} has no configuration, so it cannot be stored in a fitted estimator: {error}"
        ) from error


def _whole_config(optimizer: keras.optimizers.Optimizer, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration that the constructor accepts, even if the class does not override `get_config`.

    In this case, Keras' `get_config` returns all of Keras' arguments, including arguments that the constructor does not
    accept, and no arguments that the class adds.
    """
    config = dict(optimizer.get_config())
    if type(optimizer).from_config.__func__ is not _Optimizer.from_config.__func__:
        return config
    parameters = inspect.signature(type(optimizer)).parameters.values()
    variable = [p for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    named = [p.name for p in parameters if p not in variable]
    for name in named:
        value = arguments.get(name, getattr(optimizer, name, None))
        if value is not None:
            config.setdefault(name, float(value.numpy()) if isinstance(value, keras.Variable) else value)
    return config if variable else {name: value for name, value in config.items() if name in named}


def _holder_of_rate(config: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the configuration with the learning rate, possibly of an inner optimizer, and the path to it."""
    path = ""
    while "inner_optimizer" in config:
        config, path = config["inner_optimizer"]["config"], f"{path}inner_optimizer."
    return config, path


def _spec(optimizer_class: type, config: dict[str, Any], custom_objects: Mapping[str, Any]) -> OptimizerSpec:
    def as_plain(value: Any) -> Any:
        array = np.asarray(value)
        if array.dtype == object:
            raise ValueError(
                f"The configuration of {optimizer_class.__name__} contains {value!r}, which cannot be stored in a "
                "fitted estimator. It may contain numbers, strings, lists of them, and what Keras can serialize."
            )
        return array.tolist()

    config = _renamed(config, Counter())
    if "name" in config:
        config["name"] = optimizer_class.__name__.lower()
    return OptimizerSpec(
        optimizer_class, json.dumps(config, sort_keys=True, default=as_plain), tuple(sorted(custom_objects.items()))
    )


def _renamed(config: Any, seen: Counter) -> Any:
    """Return a configuration in which names are numbered from 0. Keras numbers them per process."""
    if isinstance(config, (list, tuple)):
        return [_renamed(value, seen) for value in config]
    if not isinstance(config, dict):
        return config
    renamed = {key: _renamed(value, seen) for key, value in config.items()}
    if isinstance(name := renamed.get("name"), str):
        stem = re.sub(r"_\d+$", "", name)
        renamed["name"] = f"{stem}_{seen[stem]}" if seen[stem] else stem
        seen[stem] += 1
    return renamed


def _custom_objects(value: Any) -> dict[str, Any]:
    """Return the user's classes among an optimizer or schedule and the objects inside it, by registered name."""
    own = {type(held) for _, held in _optimizers_and_schedules(value) if not type(held).__module__.startswith("keras.")}
    return {keras.saving.get_registered_name(each): each for each in own}


def _optimizers_and_schedules(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Iterate over an object and the optimizers and schedules in its attributes, each with its path."""
    yield path, value
    for name, held in vars(value).items():
        if name == INNER_OPTIMIZERS:  # the same optimizers as in the map of a MultiOptimizer
            continue
        several = dict(enumerate(held)) if isinstance(held, (list, tuple)) else held
        for key, each in several.items() if isinstance(several, dict) else [("", several)]:
            if isinstance(each, (_Schedule, *existing(keras.optimizers, "Optimizer", "OptimizerMap"))):
                yield from _optimizers_and_schedules(each, f"{path}{name}{f'[{key!r}]' if key != '' else ''}.")


def _check_that_nothing_is_lost(spec: OptimizerSpec, settings: Mapping[str, Any]) -> None:
    """Raise a ValueError if an optimizer created from `spec` has other settings than the original ones."""
    name, made = spec.optimizer_class.__name__, _settings_made_from(spec)
    for setting, value in settings.items():
        if made.get(setting) == value:
            continue
        if EXCLUSIONS in setting:
            raise ValueError(
                f"exclude_from_weight_decay is not part of the configuration of {name} and would be lost. Call it in "
                "the constructor of a subclass, with var_names."
            )
        raise ValueError(
            f"{name} created from get_config() has {setting}={made.get(setting)!r} instead of {value!r}. "
            "get_config must return every argument of the constructor."
        )


@lru_cache(maxsize=64)
def _settings_made_from(spec: OptimizerSpec) -> dict[str, Any]:
    try:
        return _settings(make_optimizer(spec))
    except Exception as error:
        raise ValueError(
            f"{spec.optimizer_class.__name__} cannot be created from its configuration: {error} Its constructor must "
            "accept all that get_config returns, and functions that are not part of Keras cannot be stored."
        ) from error


def _settings(value: Any, path: str = "") -> dict[str, Any]:
    """Return the plain attributes of an optimizer or schedule, and of all optimizers and schedules in it, by path."""
    return {
        way + name: _comparable(attribute)
        for way, held in _optimizers_and_schedules(value, path)
        for name, attribute in vars(held).items()
        if name not in OF_EVERY_OBJECT and not name.startswith("_self_") and _is_setting(attribute)
    }


def _is_setting(value: Any) -> bool:
    if isinstance(value, (list, tuple, set, np.ndarray)):
        return len(value) > 0 and all(map(_is_setting, value))
    return isinstance(value, (str, Real, type(None), re.Pattern))


def _comparable(value: Any) -> Any:
    """Return a value with sequences as lists, as in JSON."""
    if isinstance(value, set):
        return sorted(value, key=repr)
    return [*map(_comparable, value)] if isinstance(value, (list, tuple, np.ndarray)) else value
