"""A hash of everything that the scores of a search depend on. It is the same in every process.

Code of installed packages is described by its name, user code by its bytecode, constants, defaults, closures and the
globals that it uses. Everything else is described by its state.
"""

import copyreg
import dis
import enum
import functools
import hashlib
import importlib
import importlib.util
import logging
import os
import re
import sys
import sysconfig
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator

from skrnn._keras import OF_EVERY_OBJECT, function_arguments
from skrnn._secrets import Redacted
from skrnn._sklearn import CALLBACKS
from skrnn.preprocessing.token_ids import TokenIds

_ATOMS = {type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented)}
_BUILTINS = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
)
_SLOTS = (types.GetSetDescriptorType, types.MemberDescriptorType)
_WRAPPERS = (staticmethod, classmethod, property, functools.cached_property)
_TENSORS = {"tensorflow", "keras", "jax", "jaxlib", "torch"}
_WITHOUT_EFFECT = {"memory", "n_jobs", "pre_dispatch", "verbose"}  # of scikit-learn's estimators
_OF_EVERY_CLASS = {
    *("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__orig_bases__", "__parameters__"),
    *("__annotations__", "__annotate_func__", "__annotations_cache__", "__firstlineno__", "__static_attributes__"),
    *("__abstractmethods__", "_abc_impl", "__dataclass_fields__", "__dataclass_params__", "__match_args__"),
}
_INSTALLED = [
    Path(__file__).parents[1],
    *(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
]

Tokens = tuple[str | bytes, ...]


class Undescribable(ValueError):
    """An object has no description that is the same in every process.

    Attributes
    ----------
    where : str
        The object's place in the search, such as "scoring" or "an argument of scoring".
    why : str
        The reason, as the end of a sentence.
    """

    def __init__(self, where: str, why: str):
        super().__init__(f"Cannot describe {where}: {why}.")
        self.where = where
        self.why = why


def fingerprint(parts: Mapping[str, Any], *, vouched: bool = False) -> str:
    """Return a hash of 16 hexadecimal digits that changes if one of the parts changes.

    Parameters
    ----------
    parts : mapping of str to object
        The parts, by the names that error messages use.
    vouched : bool, default=False
        Whether the user guarantees that objects without a description are the same. They are then described by their
        class alone.

    Returns
    -------
    digits : str

    Raises
    ------
    Undescribable
        If an object in a part cannot be described and `vouched` is False.

    Examples
    --------
    >>> from sklearn.metrics import fbeta_score, make_scorer
    >>> one, other = (fingerprint({"scoring": make_scorer(fbeta_score, beta=beta)}) for beta in (0.5, 2))
    >>> one == other
    False
    """
    describer = _Describer(vouched)
    return _digest((name, describer.describe(part, name)) for name, part in sorted(parts.items()))[:16]


class _Describer:
    """Computes digests of objects from everything that they consist of."""

    def __init__(self, vouched: bool):
        self.vouched = vouched
        self.open: dict[int, int] = {}  # by id, the depth of each object being described; detects cycles
        self.code: dict[int, tuple[int, Any]] = {}  # by id, each function or class described so far and its number

    def describe(self, value: Any, where: str) -> str:
        """Return the digest of a value; `where` is its place in error messages."""
        if type(value) is Redacted:
            value = str(value)
        if type(value) in _ATOMS:
            return _digest([type(value).__name__, repr(value)])
        if id(value) in self.open:
            return _digest(["the object that holds this", str(len(self.open) - self.open[id(value)])])
        self.open[id(value)] = len(self.open)
        try:
            return _digest(self._tokens(value, where))
        finally:
            del self.open[id(value)]

    def _tokens(self, value: Any, where: str) -> Tokens:
        for kind, tokens in self._kinds():
            if kind(value) if isinstance(kind, types.FunctionType) else isinstance(value, kind):
                return tokens(value, where)
        return self._instance(value, where)

    def _kinds(self) -> Iterator[tuple[Any, Callable[[Any, str], Tokens]]]:
        """Yield pairs of a test (types, or a function) and the method for values that pass it; the first match wins."""
        yield lambda value: type(value) in (list, tuple), self._sequence
        yield lambda value: type(value) in (dict, types.MappingProxyType), self._mapping
        yield (set, frozenset), self._set
        yield (np.ndarray, np.generic), self._array
        yield np.dtype, lambda value, where: ("dtype", repr(value))
        yield _is_pandas, self._pandas
        yield scipy.sparse.issparse, self._sparse
        yield (np.random.RandomState, np.random.Generator, np.random.BitGenerator), self._random
        yield enum.Enum, lambda value, where: (*self._type(value, where), value.name, self.describe(value.value, where))
        yield types.ModuleType, lambda value, where: ("module", value.__name__)
        yield _library_name, lambda value, where: ("library", *_library_name(value))  # type: ignore[misc]
        yield types.FunctionType, self._function
        yield types.MethodType, lambda value, where: ("method", *self._all(where, value.__func__, value.__self__))
        yield _BUILTINS, self._builtin
        yield _SLOTS, lambda value, where: ("slot", value.__name__)
        yield functools.partial, self._partial
        yield functools._lru_cache_wrapper, lambda value, where: ("cached", self.describe(value.__wrapped__, where))
        yield _WRAPPERS, self._wrapper
        yield type, self._class
        yield _is_keras, self._keras
        yield _is_tensor, lambda value, where: ("tensor", self.describe(np.asarray(value), where))
        yield logging.Logger, lambda value, where: ("logger",)
        yield joblib.Memory, lambda value, where: ("memory",)
        yield joblib.memory.MemorizedFunc, lambda value, where: ("memorized", self.describe(value.func, where))
        yield BaseEstimator, self._estimator

    def _refuse(self, value: Any, where: str, why: str) -> Tokens:
        if not self.vouched:
            raise Undescribable(where, why)
        return "vouched for", type(value).__module__, type(value).__qualname__

    def _all(self, where: str, *values: Any) -> Tokens:
        return tuple(self.describe(value, where) for value in values)

    def _type(self, value: Any, where: str) -> Tokens:
        return "instance of", self.describe(type(value), f"{where} of class {type(value).__qualname__}")

    # Containers

    def _sequence(self, value: Any, where: str) -> Tokens:
        kind = type(value).__name__
        if {type(item) for item in value} <= _ATOMS:
            return kind, repr(list(value))
        return kind, *(self.describe(item, f"{where}[{index}]") for index, item in enumerate(value))

    def _set(self, value: Any, where: str) -> Tokens:
        return type(value).__name__, *sorted(self._alone(item, f"an element of {where}") for item in value)

    def _mapping(self, value: Any, where: str) -> Tokens:
        keys = sorted((self._alone(key, f"a key of {where}"), number) for number, key in enumerate(value))
        items = list(value.items())
        described = ["dict"]
        for digest, number in keys:
            key, item = items[number]
            described += [digest, self.describe(item, _item(where, key))]
        return tuple(described)

    def _alone(self, value: Any, where: str) -> str:
        """Describe one of several unordered values independently of the others."""
        before = dict(self.code)
        try:
            return self.describe(value, where)
        finally:
            self.code = before

    # Data

    def _array(self, value: Any, where: str) -> Tokens:
        is_plain = type(value) in (np.ndarray, np.memmap) or isinstance(value, np.generic)
        kind = () if is_plain else self._type(value, where)
        mask = (self.describe(np.ma.getmaskarray(value), where),) if isinstance(value, np.ma.MaskedArray) else ()
        if isinstance(value, TokenIds):
            kind = *kind, self.describe(dict(value.vocabulary or {}), f"the vocabulary of {where}")
        array = np.asarray(value)
        head = ("array", *kind, repr(array.dtype), array.dtype.str, repr(array.shape), *mask)
        if array.dtype.names is not None:
            return *head, *(self.describe(array[name], f"{where}[{name!r}]") for name in array.dtype.names)
        if array.dtype.hasobject:
            return *head, *(self.describe(item, f"{where}[{index}]") for index, item in enumerate(array.ravel()))
        return *head, array.tobytes()

    def _sparse(self, value: Any, where: str) -> Tokens:
        rows = value.tocsr(copy=True)
        rows.sum_duplicates()
        parts = rows.data, rows.indices.astype(np.int64), rows.indptr.astype(np.int64)
        return "sparse", type(value).__name__, repr(value.shape), *self._all(where, *parts)

    def _pandas(self, value: Any, where: str) -> Tokens:
        import pandas as pd

        if isinstance(value, pd.DataFrame):
            columns = (value.iloc[:, number] for number in range(value.shape[1]))
            return "frame", *self._all(where, value.columns, value.index, *columns)
        if isinstance(value, pd.MultiIndex):
            return "index", self.describe(list(value.names), where), self.describe(list(value), where)
        index = self.describe(value.index, where) if isinstance(value, pd.Series) else ""
        head = type(value).__name__, repr(value.dtype), self.describe(value.name, where), index
        if isinstance(value.dtype, pd.CategoricalDtype):
            codes = (value.cat if isinstance(value, pd.Series) else value).codes
            return *head, *self._all(where, np.asarray(codes), value.dtype.categories, value.dtype.ordered)
        array = value.to_numpy() if isinstance(value.dtype, np.dtype) else value.astype(object).to_numpy()
        return *head, self.describe(array, where)

    def _random(self, value: Any, where: str) -> Tokens:
        if isinstance(value, np.random.RandomState):
            return "random", self.describe(value.get_state(legacy=False), where)
        bits = value.bit_generator if isinstance(value, np.random.Generator) else value
        return "random", type(value).__name__, self.describe(bits.state, where)

    # Code

    def _met_before(self, value: Any) -> Tokens | None:
        """Return a reference to a function or class described earlier, because functions may call each other."""
        if id(value) in self.code:
            return "again", str(self.code[id(value)][0])
        self.code[id(value)] = len(self.code), value
        return None

    def _builtin(self, value: Any, where: str) -> Tokens:
        owner = getattr(value, "__self__", None)
        bound = () if owner is None or isinstance(owner, types.ModuleType) else (self.describe(owner, where),)
        return "builtin", str(getattr(value, "__module__", None)), value.__qualname__, *bound

    def _partial(self, value: functools.partial, where: str) -> Tokens:
        parts = self._all(where, value.func, value.args, vars(value))
        return "partial", *parts, self.describe(value.keywords, f"an argument of {where}")

    def _wrapper(self, value: Any, where: str) -> Tokens:
        if isinstance(value, property):
            inner: list[Any] = [value.fget, value.fset, value.fdel]
        else:
            inner = [value.func if isinstance(value, functools.cached_property) else value.__func__]
        return type(value).__name__, *self._all(where, *inner)

    def _function(self, function: types.FunctionType, where: str) -> Tokens:
        if (before := self._met_before(function)) is not None:
            return before
        where = f"function {function.__qualname__!r} in {where}"
        code = function.__code__
        attributes = {name: value for name, value in vars(function).items() if name != "__wrapped__"}
        described = [
            *self._code(code, where),
            self.describe(function.__defaults__, f"a default of {where}"),
            self.describe(function.__kwdefaults__, f"a default of {where}"),
            self.describe(attributes, f"an attribute of {where}"),
        ]
        enclosed = _enclosed_by(function)
        for name, value in enclosed.items():
            described += [name, self.describe(value, f"{name!r} used by {where}")]
        if not _is_library(function.__globals__.get("__name__", "")):
            for name, value in _globals_of(function, enclosed):
                described += [name, self.describe(value, f"the global {name!r} used by {where}")]
        return "function", *described

    def _code(self, code: types.CodeType, where: str) -> Tokens:
        inner = (
            _digest(self._code(constant, where))
            if isinstance(constant, types.CodeType)
            else self.describe(constant, where)
            for constant in code.co_consts
        )
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
        table = getattr(code, "co_exceptiontable", b"")
        return "code", code.co_code, table, repr(names), repr(counts), *inner

    def _class(self, value: type, where: str) -> Tokens:
        if (before := self._met_before(value)) is not None:
            return before
        # Without the module: the same script is `__main__` if it is run, and has its own name if it is imported.
        described = [value.__qualname__, *self._all(where, type(value), *value.__bases__)]
        for name, member in sorted(vars(value).items()):
            if name not in _OF_EVERY_CLASS:
                described += [name, self.describe(member, f"{where}, attribute {name!r}")]
        return "class", *described

    # Objects

    def _estimator(self, value: BaseEstimator, where: str) -> Tokens:
        """Describe the parameters and fitted attributes. A pickle would also contain scikit-learn's version."""
        ignored = _WITHOUT_EFFECT if _is_library(type(value).__module__) else set()
        state = {name: item for name, item in vars(value).items() if name not in ignored | {CALLBACKS}}
        if isinstance(path := state.get("embedding_matrix"), (str, os.PathLike)):
            with suppress(OSError), open(path, "rb") as file:  # a missing file is an error of `fit`
                state["embedding_matrix"] = hashlib.file_digest(file, "sha256").hexdigest()
        return *self._type(value, where), *self._state(state, where)

    def _keras(self, value: Any, where: str) -> Tokens:
        """Describe a Keras object by its class, its configuration, and attributes that the configuration may lack."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about functions without a name
                config = _without_numbers(value.get_config())
        except Exception:
            config = None
        # The configuration of Keras' own classes is complete except for functions, which it only names, and their other
        # attributes include random seeds. The configuration of a user's class may lack anything.
        is_complete = config is not None and _is_library(type(value).__module__)
        parts = {
            name: item
            for name, item in vars(value).items()
            if name not in OF_EVERY_OBJECT
            and (
                isinstance(item, (types.FunctionType, functools.partial))
                or _is_keras(item)
                or (not is_complete and (not hasattr(value, "variables") or _is_plain(item)))
            )
        }
        weights = value.get_weights() if hasattr(value, "get_weights") else None
        arguments = function_arguments(value)  # Huber's configuration lacks its delta
        return *self._type(value, where), *self._all(where, config, weights, arguments), *self._state(parts, where)

    def _instance(self, value: Any, where: str) -> Tokens:
        try:
            reducer = copyreg.dispatch_table.get(type(value))
            reduced = value.__reduce_ex__(4) if reducer is None else reducer(value)
        except Exception as error:
            return self._refuse(
                value, where, f"objects of {type(value).__qualname__!r} have no readable state ({error})"
            )
        if isinstance(reduced, str):
            module = getattr(value, "__module__", type(value).__module__)
            if _resolve(module, reduced) is not value:
                return self._refuse(value, where, f"{reduced!r} is not defined in {module!r}")
            return "global", module, reduced
        function, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        constructor = self._all(where, function, arguments)
        contents = self._all(where, None if items is None else list(items), None if pairs is None else dict(pairs))
        if isinstance(state, dict):
            return *self._type(value, where), *constructor, *contents, *self._state(state, where)
        return *self._type(value, where), *constructor, *contents, self.describe(state, where)

    def _state(self, state: Mapping[str, Any], where: str) -> Tokens:
        names = sorted(state, key=str)
        return repr(names), *(self.describe(state[name], f"{where}.{name}") for name in names)


def _digest(tokens: Iterable[str | bytes | Tokens]) -> str:
    """Return the hash of strings, bytes and nested tuples of them."""
    sha = hashlib.sha256()
    for token in tokens:
        token = _digest(token) if isinstance(token, tuple) else token
        data = token if isinstance(token, bytes) else token.encode("utf-8", "surrogatepass")
        sha.update(b"%d:" % len(data))
        sha.update(data)
    return sha.hexdigest()


def _item(where: str, key: Any) -> str:
    return f"{where}[{key!r}]" if type(key) in _ATOMS else f"an item of {where}"


def _is_pandas(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series, pandas.Index))


def _is_keras(value: Any) -> bool:
    return hasattr(value, "get_config") and any(c.__module__.partition(".")[0] == "keras" for c in type(value).__mro__)


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "__array__") and type(value).__module__.partition(".")[0] in _TENSORS


def _is_plain(value: Any) -> bool:
    return type(value) in _ATOMS or (type(value) in (list, tuple, set, dict) and all(map(_is_plain, value)))


def _without_numbers(config: Any) -> Any:
    """Return a configuration without the numbers that Keras appends to names, such as adam_1."""
    if isinstance(config, (list, tuple)):
        return [_without_numbers(item) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "__lambda__":  # its bytecode and the path of its source
        return "function"
    return {
        name: re.sub(r"_[0-9]+$", "", item) if name == "name" and isinstance(item, str) else _without_numbers(item)
        for name, item in config.items()
    }


@functools.cache
def _is_library(module: str) -> bool:
    """Return whether a module belongs to Python or an installed package, so that a name describes its code."""
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None)
    if module == "__main__" or file is None:
        return getattr(getattr(loaded, "__spec__", None), "origin", None) in ("built-in", "frozen")
    path = Path(file)
    return not {"site-packages", "dist-packages"}.isdisjoint(path.parts) or any(map(path.is_relative_to, _INSTALLED))


def _library_name(value: Any) -> tuple[str, str] | None:
    """Return the module and name of a function or class that can be imported from an installed package."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", getattr(value, "__name__", None))
    if isinstance(value, np.ufunc):
        module = next((home for home in ("numpy", "scipy.special") if _resolve(home, value.__name__) is value), None)
    if not (isinstance(module, str) and isinstance(name, str) and callable(value) and _is_library(module)):
        return None
    return (module, name) if _resolve(module, name) is value else None


def _resolve(module: str, name: str) -> Any:
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _enclosed_by(function: types.FunctionType) -> dict[str, Any]:
    """Return the variables that a function uses from enclosing functions, if they are already assigned."""
    enclosed = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):
            enclosed[name] = cell.cell_contents
    return enclosed


def _globals_of(function: types.FunctionType, enclosed: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the globals that a function uses, from its own module and the user's other modules, by name."""
    codes = [function.__code__]
    for code in codes:
        codes += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    attributes = {name for code in codes for name in code.co_names}
    used: dict[str, Any] = {}
    for code in codes:
        instructions = list(dis.get_instructions(code))
        for number, instruction in enumerate(instructions):
            name = instruction.argval
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME") and name in function.__globals__:
                used[name] = function.__globals__[name]
            elif instruction.opname == "IMPORT_NAME":
                level = instructions[number - 2].argval
                used[name] = _imported(name, level, function.__globals__.get("__package__"))
    found = sorted(used.items())
    found += [(name, value) for name, value in enclosed.items() if isinstance(value, types.ModuleType)]
    modules = set()
    for name, value in found:
        if isinstance(value, types.ModuleType) and value not in modules and not _is_library(value.__name__):
            modules.add(value)
            found += [(f"{name}.{each}", getattr(value, each)) for each in sorted(attributes) if hasattr(value, each)]
    return found


def _imported(name: str, level: Any, package: str | None) -> Any:
    """Return the module that a function imports in its body, or its name if the import fails."""
    try:
        return importlib.import_module("." * level + name if isinstance(level, int) else name, package)
    except ImportError:
        return name
