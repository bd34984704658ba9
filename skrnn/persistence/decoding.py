"""From the tree of nodes in a file to an object, after a check of everything that the tree names.

Nothing of the file is made before the check has passed.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from zipfile import ZipFile

import numpy as np

from skrnn import _skops
from skrnn.persistence.codecs import CODECS
from skrnn.persistence.encoding import MAPPINGS
from skrnn.persistence.trust import trusted_functions, trusted_types

_MAPPINGS = {f"{kind.__module__}.{kind.__name__}": kind for kind in MAPPINGS}
_MOST_NODES = 1_000_000  # a node takes one or two kilobytes of memory
_MOST_VALUES = 10_000_000  # with each reference counted as all that it refers to, as hashing a nested tuple does
_OF_TYPES = ("ObjectNode", "TreeNode", "TypeNode")
_FIXED = {
    "JsonNode": ("builtins.str",),
    "ListNode": ("builtins.list",),
    "BytesNode": ("builtins.bytes",),
    "BytearrayNode": ("builtins.bytearray",),
    "skrnn.ArrayNode": ("numpy.ndarray",),
    "skrnn.PairsNode": tuple(_MAPPINGS),
}
_FREE = ("skrnn.CodecNode", "skrnn.ReferenceNode")  # what they name is shown to people only


class UntrustedError(ValueError):
    """A file names types or functions that are not trusted."""


def decode(schema: Mapping[str, Any], members: ZipFile, trusted: frozenset[str] | None) -> Any:
    """Return the object of a tree of nodes.

    Parameters
    ----------
    schema : mapping
        The root of the tree.
    members : ZipFile
        The file with the arrays, whose sizes have been checked.
    trusted : frozenset of str or None
        The full names of types that are trusted in addition to ours. With None, everything is.

    Raises
    ------
    UntrustedError
        If the tree names others.
    Exception
        Of any kind, if the tree is damaged.
    """
    names = sorted(_checked_names(schema, trusted))
    context = _skops.LoadContext(src=members, protocol=_skops.PROTOCOL)
    tree = _skops.get_tree(schema, context, trusted=names)
    _skops.audit_tree(tree, trusted=names)
    if _n_values(schema, {}) > _MOST_VALUES:
        raise ValueError("its objects refer to each other too often")
    return tree.construct()


def _checked_names(schema: Mapping[str, Any], trusted: frozenset[str] | None) -> set[str]:
    """Return the names in a tree, or raise an error if one of them is not trusted.

    skops checks them again. Its check visits a node as often as others refer to it, which would take for ever for some
    trees: here an object with several places has one node, and references to it.
    """
    names, refused, ids = set(), set(), set()
    for n_nodes, node in enumerate(_nodes(schema)):
        loader, name = node["__loader__"], f"{node['__module__']}.{node['__class__']}"
        if n_nodes > _MOST_NODES or node.get("__id__") in ids:
            raise ValueError("too many nodes" if n_nodes > _MOST_NODES else "two nodes with one id")
        ids |= {node["__id__"]} if "__id__" in node else set()
        if loader in _OF_TYPES or loader == "FunctionNode":
            names.add(name)
            known = trusted_types() if loader in _OF_TYPES else trusted_functions()
            if trusted is not None and name not in known and name not in trusted:
                refused.add(name)
        elif loader not in _FREE and name not in _FIXED[loader]:
            raise ValueError(f"{loader} of {name}")
    if refused:
        raise UntrustedError(_refusal(sorted(refused)))
    return names


def _n_values(value: Any, known: dict[int, int]) -> int:
    """Return how many values there are in a part of a tree, with each reference replaced by what it refers to."""
    if isinstance(value, list):
        return sum(_n_values(each, known) for each in value)
    if not isinstance(value, dict):
        return 1
    n = 1 + sum(_n_values(each, known) for each in value.values())
    if value.get("__loader__") == "skrnn.ReferenceNode":
        if value["of"] not in known:  # its node comes before, unless they are parts of each other
            raise ValueError("its contents contain themselves")
        n += known[value["of"]]
    if "__id__" in value:
        known[value["__id__"]] = n
    return n


def _refusal(names: list[str]) -> str:
    reasons = [
        " ".join(_skops.UNTRUSTED_TYPE_REASONS[name].split()) for name in names if name in _skops.UNTRUSTED_TYPE_REASONS
    ]
    cure = f"If you know them and trust the file, pass trusted=[{', '.join(map(repr, names))}]."
    return " ".join([f"it contains {', '.join(names)}, which may run code that the file chooses. {cure}", *reasons])


def _nodes(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Iterate over the nodes of a tree."""
    waiting: list[Any] = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "__loader__" in value:
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


class _Node(_skops.Node):
    """A node of ours, whose own name has been checked; the audit of skops goes on to its children."""

    def is_self_safe(self) -> bool:
        return True


class ArrayNode(_Node):
    """An array, which is read when the object is made, into the memory that it stays in."""

    def __init__(self, state: Any, load_context: Any, trusted: Any = None):
        super().__init__(state, load_context, trusted)
        self._members, self._name = load_context.src, state["file"]

    def _construct(self) -> np.ndarray:
        with self._members.open(self._name) as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)


class PairsNode(_Node):
    """A mapping, whose keys are of any type."""

    def __init__(self, state: Any, load_context: Any, trusted: Any = None):
        super().__init__(state, load_context, trusted)
        self._kind = _MAPPINGS[f"{self.module_name}.{self.class_name}"]
        names = [name for name in ("plain", "keys", "values") if name in state]
        self.children = {name: _skops.get_tree(state[name], load_context, trusted) for name in names}

    def _construct(self) -> Any:
        made: Any = self._kind()
        if "plain" in self.children:
            made.update(self.children["plain"].construct())
        keys, values = (self.children[name].construct() for name in ("keys", "values"))
        made.update(zip(keys, values, strict=True))
        return made


class CodecNode(_Node):
    """An object that a codec puts together."""

    def __init__(self, state: Any, load_context: Any, trusted: Any = None):
        super().__init__(state, load_context, trusted)
        self._codec = CODECS[state["codec"]]
        self.children = {"content": _skops.get_tree(state["content"], load_context, trusted)}

    def _construct(self) -> Any:
        return self._codec.put_together(*_listed(self.children["content"].construct()))


def _listed(values: Any) -> list[Any]:
    """Return a list, and refuse anything else that could be iterated over, perhaps for ever."""
    if type(values) is not list:
        raise ValueError(f"a {type(values).__name__} where a list belongs")
    return values


class ReferenceNode(_Node):
    """An object that has its node elsewhere, before this one."""

    def __init__(self, state: Any, load_context: Any, trusted: Any = None):
        super().__init__(state, load_context, trusted)
        self._node = load_context.get_object(state["of"])

    def _construct(self) -> Any:
        return self._node.construct()


for _class in (ArrayNode, PairsNode, CodecNode, ReferenceNode):
    _skops.NODE_TYPE_MAPPING[f"skrnn.{_class.__name__}", _skops.PROTOCOL] = _class
