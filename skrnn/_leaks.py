"""What TensorFlow keeps for ever: gradients of traced graphs, and the kernels of operations that ran.

Wherever a graph is traced, `tf.custom_gradient` registers an entry: for our kernels, for some activations of Keras, and
for each update of an optimizer. An entry keeps the graph that it belongs to in memory, several megabytes for each
network. Our graphs contain whole updates, and nobody asks for their gradients once they are traced.

Each operation that runs outside of a graph leaves a kernel in a cache, about 30 kB for each shape of a variable.

None of this has a public name. A new version of TensorFlow may move it; ``tests/test_private_names.py`` then fails with
the names.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

from skrnn._tensorflow import tf

# name: (where it is, why we need it)
NAMES = {
    "gradient_registry": ("tensorflow.python.framework.ops", "the only way to the entries of a graph"),
    "context": ("tensorflow.python.eager.context", "the only way to the cache of kernels"),
    "stop_recording": ("tensorflow.python.eager.record", "a tape can stop itself, but not the tapes of the caller"),
}
# (class, attribute): why we need it
ATTRIBUTES = {("Registry", "_registry"): "the entries by name; the public methods only add and list"}
CLEAR = "clear_kernel_cache"  # of the context

_ENTRY = "_gradient_op_type"  # the attribute of an operation that names its entry
_OWN = "CustomGradient-"  # how the names of entries begin that belong to one call; others serve all graphs


def __getattr__(name: str) -> Any:
    if name not in NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(NAMES[name][0]), name)


def entries() -> dict[str, Any]:
    """Return the registry itself, by name."""
    return __getattr__("gradient_registry")._registry


def forget_gradients(graph: tf.Graph) -> None:
    """Remove the entries of a graph, and of the functions that it calls, from the registry.

    Parameters
    ----------
    graph : tf.Graph
        A traced graph, which from now on must not be differentiated.
    """
    registered = entries()
    for name in _names(graph):
        registered.pop(name, None)


def forget_kernels() -> None:
    """Empty the cache of kernels, as `tf.random.set_seed` does.

    Operations that run later fill it again. Operations of `tf.random` with a seed of their own start anew.
    """
    getattr(__getattr__("context")(), CLEAR)()


def unrecorded() -> AbstractContextManager[None]:
    """Return a context manager in which no tape of this thread records anything."""
    return __getattr__("stop_recording")()


def _names(graph: tf.Graph) -> Iterator[str]:
    definition = graph.as_graph_def()
    for nodes in (definition.node, *(function.node_def for function in definition.library.function)):
        for node in nodes:
            name = node.attr[_ENTRY].s.decode() if _ENTRY in node.attr else ""
            if name.startswith(_OWN):
                yield name
