"""The names of skops that we use although they are private, each with the reason.

Its public functions write a whole file at once, lose the type of some values without a word, and take a time that
grows exponentially to check some hostile files. So :mod:`skrnn.persistence` writes and checks the tree itself, and
skops makes the objects. ``tests/persistence/test_skops_names.py`` fails with the names that a new version has moved.
"""

from skops.io._audit import NODE_TYPE_MAPPING, Node, audit_tree, get_tree  # what is read, and the check of its types
from skops.io._protocol import PROTOCOL  # decides which class of skops reads a node
from skops.io._trusted_types import (  # what skops trusts
    NUMPY_DTYPE_TYPE_NAMES,
    PRIMITIVE_TYPE_NAMES,
    SKLEARN_ESTIMATOR_TYPE_NAMES,
)
from skops.io._utils import LoadContext
from skops.io.exceptions import UNTRUSTED_TYPE_REASONS  # why trees are not trusted

__all__ = [
    "NODE_TYPE_MAPPING",
    "NUMPY_DTYPE_TYPE_NAMES",
    "PRIMITIVE_TYPE_NAMES",
    "PROTOCOL",
    "SKLEARN_ESTIMATOR_TYPE_NAMES",
    "UNTRUSTED_TYPE_REASONS",
    "LoadContext",
    "Node",
    "audit_tree",
    "get_tree",
]
