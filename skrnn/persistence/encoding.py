"""From an object to a tree of nodes, which a file holds as JSON, and its arrays. The module `decoding` is the way back.

The nodes are those of skops, and a few of our own. What JSON gives back unchanged is one node, however large. What
would not come back with the same type is refused by its name and place.
"""

import json
import math
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skrnn._secrets import redact
from skrnn.persistence.codecs import CODECS, codec_name
from skrnn.persistence.trust import name_of

Node = dict[str, Any]
MAPPINGS = (dict, OrderedDict, Bunch)
_TREE = "sklearn.tree._tree.Tree"
_SCALARS = (str, int, float, bool, type(None))
_BUILT_IN = (dict, list, tuple, set, frozenset, str, int, float, complex, bytes, bytearray, np.ndarray)
_MANY = 1000  # items of a list that is worth an array
_SMALL = 4096  # elements of an array that is worth saving together with others


class Encoder:
    """Turns an object into nodes.

    Parameters
    ----------
    write : callable
        Takes an array or bytes, makes it a member of the file, and returns the name of the member.
    """

    def __init__(self, write: Callable[[np.ndarray | bytes], str]):
        self._write = write
        self._known: dict[int, tuple[Any, Node | None]] = {}  # keeps the objects alive, so that no id is used again
        self._n_shared = 0
        self._place: list[str] = []

    def encode(self, value: Any) -> Node:
        """Return the node of an object.

        Raises
        ------
        ValueError
            If it, or something in it, cannot be saved. The message says what and where.
        """
        if _is_json(value):
            return _json_node(value)
        if id(value) in self._known:
            return self._reference(value)
        self._known[id(value)] = value, None
        node = self._node(value)
        self._known[id(value)] = value, node
        return node

    def _reference(self, value: Any) -> Node:
        """Return a node that refers to the node of the same object, so that it is one object again."""
        node = self._known[id(value)][1]
        if node is None:
            raise self._refused(f"a {type(value).__name__} that contains itself")
        if "__id__" not in node:
            self._n_shared += 1
            node["__id__"] = self._n_shared
        return {**_typed(type(value), "skrnn.ReferenceNode"), "of": node["__id__"]}

    def _node(self, value: Any) -> Node:
        kind = type(value)
        if kind in MAPPINGS:
            return self._pairs(value, (f"[{key!r}]" for key in value))
        if kind is list:
            return self._list(value, (f"[{place}]" for place in range(len(value))))
        if kind in (bytes, bytearray):
            loader = "BytesNode" if kind is bytes else "BytearrayNode"
            return {**_typed(kind, loader), "file": self._write(bytes(value))}
        codec = codec_name(value)
        if codec is not None:
            return self._coded(codec, value)
        if kind in (np.ndarray, np.memmap):
            return self._array(value)
        if isinstance(value, type):
            return self._named(value, "TypeNode")
        if isinstance(value, np.ufunc) or (callable(value) and hasattr(value, "__qualname__")):
            return self._named(value, "FunctionNode")
        if isinstance(value, _BUILT_IN):
            raise self._refused(f"an object of {_full_name(kind)}, whose contents would be lost")
        return self._object(value)

    def _pairs(self, mapping: Any, places: Iterable[str]) -> Node:
        keys = self._list([*mapping], ["[a key]"] * len(mapping))
        values = self._list([*mapping.values()], places)
        return {**_typed(type(mapping), "skrnn.PairsNode"), "keys": keys, "values": values}

    def _list(self, values: list[Any], places: Iterable[str]) -> Node:
        if _is_json(values):
            return _json_node(values)
        codec = _codec_of_many(values) if len(values) > _MANY else None
        if codec is not None:
            return self._coded(codec, values)
        if len(values) > _MANY and _is_json(values, math.inf):
            return _json_node(values)
        if self._are_alike(values):
            return self._coded("stacked", values)
        nodes = [self._at(place, value) for value, place in zip(values, places, strict=True)]
        return {**_typed(list, "ListNode"), "content": nodes}

    def _are_alike(self, values: list[Any]) -> bool:
        """Return whether values are small arrays or scalars of NumPy of one shape and type, as the vectors of words."""
        first = values[0]
        kind = type(first)
        return (
            len(values) > 1
            and (kind is np.ndarray or isinstance(first, np.generic))
            and first.size <= _SMALL
            and first.dtype.kind in "biufcmM"
            and all(type(each) is kind and each.dtype == first.dtype and each.shape == first.shape for each in values)
            and len({*map(id, values)}) == len(values)
            and not any(id(each) in self._known for each in values)
        )

    def _coded(self, codec: str, value: Any) -> Node:
        try:
            parts = CODECS[codec].take_apart(value)
        except TypeError as error:
            raise self._refused(str(error)) from error
        return {
            **_typed(type(value), "skrnn.CodecNode"),
            "codec": codec,
            "content": self._list(parts, [""] * len(parts)),
        }

    def _array(self, array: np.ndarray) -> Node:
        if array.dtype.hasobject or array.dtype.metadata is not None:
            raise self._refused(f"an array with elements of the type {array.dtype}")
        return {**_typed(np.ndarray, "skrnn.ArrayNode"), "file": self._write(np.asarray(array))}

    def _named(self, thing: Any, loader: str) -> Node:
        """Return the node of a type or a function. A file contains no code, only a name that can be imported."""
        module, name = name_of(thing)
        if module in ("", "__main__") or getattr(import_module(module), name, None) is not thing:
            full = ".".join(filter(None, (module, name)))
            raise self._refused(
                f"the {'class' if isinstance(thing, type) else 'function'} {full}. A file holds only its name, by"
                " which other programs cannot import it. Define it at the top level of a module"
            )
        return {"__class__": name, "__module__": module, "__loader__": loader}

    def _object(self, value: Any) -> Node:
        """Return the node of any other object: its type, and its attributes."""
        kind = type(value)
        named = self._named(kind, "ObjectNode")
        full = f"{named['__module__']}.{named['__class__']}"
        if full == "skrnn.model_selection.OptunaSearchCV":
            _require_storable(value)
        if full == _TREE:
            _, arguments, state = value.__reduce__()
            arguments, state = self._at("", arguments), self._at("", state)
            return {**named, "__loader__": "TreeNode", "__reduce__": {"args": arguments}, "content": state}
        reduces = kind.__reduce__ is not object.__reduce__ or kind.__reduce_ex__ is not object.__reduce_ex__
        if reduces and not hasattr(kind, "__setstate__"):
            raise self._refused(f"an object of {full}, which is pickled in its own way")
        state = value.__getstate__()
        if state is None:
            return named
        if type(state) is not dict:
            return {**named, "content": self.encode(state)}
        return {**named, "content": self._attributes(state)}

    def _attributes(self, state: dict[str, Any]) -> Node:
        """Return the node of attributes, most of which are plain: those come first, for their order does not matter."""
        plain = {name: value for name, value in state.items() if type(name) is str and _is_json(value)}
        others = {name: value for name, value in state.items() if name not in plain}
        if not others:
            return _json_node(plain)
        return {**self._pairs(others, (f".{name}" for name in others)), "plain": _json_node(plain)}

    def _at(self, place: str, value: Any) -> Node:
        self._place.append(place)
        node = self.encode(value)
        self._place.pop()
        return node

    def _refused(self, what: str) -> ValueError:
        place = "".join(self._place).lstrip(".")
        return ValueError(f"This object cannot be saved: {place or 'it'} is {what}.")


def _json_node(value: Any) -> Node:
    return {**_typed(str, "JsonNode"), "content": json.dumps(value, ensure_ascii=False)}


def _typed(kind: type, loader: str) -> Node:
    return {"__class__": kind.__name__, "__module__": kind.__module__, "__loader__": loader}


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _is_json(value: Any, most: float = _MANY) -> bool:
    """Return whether JSON gives back the same values of the same types, and containers have at most `most` items."""
    kind = type(value)
    if kind is dict:
        return len(value) <= most and all(type(key) is str and _is_json(each, most) for key, each in value.items())
    if kind is list:
        return len(value) <= most and all(_is_json(each, most) for each in value)
    return kind in _SCALARS


def _codec_of_many(values: list[Any]) -> str | None:
    """Return the codec that makes an array of a long list, such as the words of a vocabulary."""
    kinds = {*map(type, values)}
    if kinds == {int} and min(values) >= -(2**63) and max(values) < 2**63:
        return "integers"
    return {str: "texts", float: "floats"}.get(kinds.pop()) if len(kinds) == 1 else None


def _require_storable(search: Any) -> None:
    """Raise an error if the storage of a search is a connection, or its address contains a password."""
    storage = search.storage
    cure = "search.set_params(storage=None) leaves it out; the search keeps its trials"
    if isinstance(storage, str) and redact(storage) != storage:
        raise ValueError(
            f"This object cannot be saved: the storage {redact(storage)} of {type(search).__name__} contains a "
            f"password, and a file would show it. {cure}."
        )
    if storage is not None and not isinstance(storage, (str, os.PathLike)):
        raise ValueError(
            f"This object cannot be saved: the storage of {type(search).__name__} is an open "
            f"{type(storage).__name__}. {cure}, or pass its path or URL."
        )
