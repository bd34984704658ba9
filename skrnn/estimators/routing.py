"""Routed parameters (``optimizer__*``, ``callbacks__*``): checks, and calls of Keras classes with their arguments."""

import copy
import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from skrnn._hints import did_you_mean
from skrnn._keras import existing, model_of
from skrnn._tensorflow import keras
from skrnn.estimators.hints import argument_meant, suggestion

Callback: TypeAlias = keras.callbacks.Callback | type[keras.callbacks.Callback]
Callbacks: TypeAlias = Callback | Sequence[Callback] | Mapping[str, Callback] | None

ROUTED_PREFIXES = ("optimizer", "callbacks")
_WRITERS = existing(
    keras.callbacks, "BackupAndRestore", "CSVLogger", "ModelCheckpoint", "OrbaxCheckpoint", "TensorBoard"
)


def is_routed(name: str) -> bool:
    """Return whether `name` has the form ``optimizer__*`` or ``callbacks__*``."""
    prefix, delimiter, rest = name.partition("__")
    return bool(delimiter and rest) and prefix in ROUTED_PREFIXES


def invalid_parameter(name: str, known: Iterable[str], owner: str) -> ValueError:
    """Return the error for a parameter that does not exist, with a suggestion."""
    known = sorted(known)
    routed = " or ".join(f"{p}__*" for p in ROUTED_PREFIXES)
    return ValueError(
        f"Invalid parameter {name!r} for {owner}.{suggestion(name, known)} Valid are {routed} and: {', '.join(known)}."
    )


def copy_callbacks(callbacks: Callbacks, routed: Mapping[str, Any]) -> list[keras.callbacks.Callback]:
    """Return new Keras callbacks for a fit: copies of instances, and instances of classes with routed arguments.

    Parameters
    ----------
    callbacks : None, callback, class, or list or dict of callbacks and classes
    routed : mapping of str to object
        ``name`` is an argument for all classes, ``0__name`` or ``key__name`` for the class at that position or key.
    """
    named = named_callbacks(callbacks)
    unused = set(routed)
    made = []
    for key, callback in named.items():
        kind = callback if inspect.isclass(callback) else type(callback)
        if not issubclass(kind, keras.callbacks.Callback) or issubclass(kind, keras.callbacks.CallbackList):
            raise TypeError(f"callbacks must be Keras callbacks or classes of them; got {callback!r}.")
        if kind is not callback:
            made.append(_copy(callback))
            continue
        general = {name: value for name, value in routed.items() if "__" not in name}
        own = {n.removeprefix(f"{key}__"): value for n, value in routed.items() if n.startswith(f"{key}__")}
        unused -= {*general, *(f"{key}__{name}" for name in own)}
        made.append(made_with(callback, {**general, **own}, "callbacks"))
    if unused:
        raise ValueError(
            f"{names_of('callbacks', unused)} matches no callback class. Only classes take routed arguments, and the "
            f"keys of callbacks are {[*named] or 'empty'}."
        )
    return made


def named_callbacks(callbacks: Callbacks) -> dict[str, Callback]:
    """Return callbacks and callback classes by key or, for a list, by position from 0."""
    if isinstance(callbacks, Mapping):
        return {str(key): value for key, value in callbacks.items()}
    if isinstance(callbacks, (list, tuple)):
        return {str(number): value for number, value in enumerate(callbacks)}
    return {} if callbacks is None else {"0": callbacks}


def write_files(callbacks: Callbacks) -> bool:
    """Return whether a classifier's `callbacks` include Keras callbacks that write files."""
    kinds = [value if inspect.isclass(value) else type(value) for value in named_callbacks(callbacks).values()]
    return any(issubclass(kind, _WRITERS) for kind in kinds)


def _copy(callback: keras.callbacks.Callback) -> keras.callbacks.Callback:
    """Copy a callback without the model of an earlier fit, to which it may still refer."""
    model = model_of(callback)
    try:
        return copy.deepcopy(callback, {} if model is None else {id(model): None})
    except Exception as error:
        raise TypeError(
            f"Each fit copies its callbacks, but {callback!r} cannot be copied: {error}. Pass the class, with its "
            "arguments as callbacks__*, or define __deepcopy__."
        ) from error


def made_with(target: type, arguments: Mapping[str, Any], prefix: str) -> Any:
    """Call a class with routed arguments, or raise a ValueError that names the invalid argument."""
    known, takes_others = _arguments_of(target)
    unknown = [name for name in arguments if name not in known]
    if unknown and not takes_others:
        raise _unknown_argument(unknown[0], target, known, prefix)
    parameters = inspect.signature(target).parameters.values()
    for p in parameters:
        optional = p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        if not optional and p.name not in arguments:
            raise ValueError(f"{target.__name__} requires the argument {p.name!r}: set {prefix}__{p.name}.")
    named = dict(arguments)
    positional = [named.pop(p.name, p.default) for p in parameters if p.kind is p.POSITIONAL_ONLY]
    try:
        return target(*positional, **named)
    except (TypeError, ValueError, AttributeError) as error:
        at_fault = [name for name in unknown if re.search(rf"\b{re.escape(name)}\b", str(error))]
        if at_fault:
            raise _unknown_argument(at_fault[0], target, known, prefix) from error
        given = f" with {names_of(prefix, arguments)}" if arguments else ""
        raise ValueError(f"{target.__name__} cannot be created{given}: {error}") from error


def _arguments_of(target: type) -> tuple[list[str], bool]:
    """Return the arguments that a class accepts, and whether it also accepts other names.

    A constructor may use its ``**kwargs`` itself or pass them on to the constructor that it overrides. In Keras'
    classes, ``**kwargs`` are for arguments of older versions, so other names are mistakes.
    """
    names: dict[str, None] = {}
    takes_others = False
    for owner in target.__mro__:
        constructor = vars(owner).get("__init__")
        if constructor is None or owner is object:
            continue
        takes_any = False
        for follow in (True, False):  # a decorator may add arguments
            _, *parameters = inspect.signature(constructor, follow_wrapped=follow).parameters.values()
            takes_any |= any(p.kind is p.VAR_KEYWORD for p in parameters)
            names |= dict.fromkeys(p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
        takes_others |= takes_any and not owner.__module__.startswith("keras.")
        if not takes_any:
            break
    if issubclass(target, keras.callbacks.LambdaCallback):
        names |= dict.fromkeys(hook for hook in dir(keras.callbacks.Callback) if hook.startswith("on_"))
    return [*names], takes_others


def _unknown_argument(name: str, target: type, known: list[str], prefix: str) -> ValueError:
    near = argument_meant(name, known)
    hint = did_you_mean(f"{prefix}__{near}" if near else None)
    return ValueError(
        f"Invalid parameter '{prefix}__{name}': {target.__name__} has no argument {name!r}.{hint} "
        f"Its arguments are: {', '.join(known) or 'none'}."
    )


def names_of(prefix: str, names: Iterable[str]) -> str:
    """Return the full names of routed parameters, joined by commas."""
    return ", ".join(f"{prefix}__{name}" for name in sorted(names))
