"""The pool of traced networks: each structure is traced once, and reused by all clones, folds and trials."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from skrnn._leaks import forget_kernels
from skrnn.network import kernels
from skrnn.network.layers import covers
from skrnn.network.network import Network
from skrnn.network.spec import NetworkSpec, OptimizerSpec

MAX_IDLE = 32  # XLA keeps what it has compiled for a network for ever, so dropping one frees less than half of it
_DROPPED_AT_MOST = 8  # networks whose kernels may be left in TensorFlow's cache; filling it again takes 0.1 s
_SOME_RATE = 0.5  # represents every positive rate


class NetworkPool:
    """Idle networks by structure. If there are more than `max_idle`, the least recently used are dropped.

    Parameters
    ----------
    max_idle : int
        The number of networks kept for reuse. Networks in use do not count: any number of threads may train at the same
        time, each with a network of its own.
    """

    def __init__(self, max_idle: int = MAX_IDLE):
        self.max_idle = max_idle
        self._idle: OrderedDict[int, tuple[NetworkSpec, OptimizerSpec, Network]] = OrderedDict()
        self._lock = threading.Lock()
        self._n_dropped = 0

    @contextmanager
    def lease(self, spec: NetworkSpec, optimizer_spec: OptimizerSpec) -> Iterator[Network]:
        """Yield a network for `spec` that no other caller holds. Its weights are arbitrary: load a state.

        After an error the network is reused as well, because loading a state sets every variable. It is not reused if a
        callback has changed anything else in it.
        """
        structure = _structure(spec)
        network = self._take(structure, optimizer_spec) or Network(structure, optimizer_spec)
        network.set_dropout(spec)
        try:
            yield network
        except BaseException:
            network.forget()
            raise
        finally:
            self._give_back(structure, optimizer_spec, network)

    def clear(self) -> None:
        """Forget all idle networks."""
        with self._lock:
            self._idle.clear()
            self._n_dropped = 0
        forget_kernels()

    def __len__(self) -> int:
        """Return the number of idle networks."""
        return len(self._idle)

    def _take(self, spec: NetworkSpec, optimizer_spec: OptimizerSpec) -> Network | None:
        with self._lock:
            for key, (idle_spec, idle_optimizer_spec, _) in reversed(self._idle.items()):
                if idle_spec == spec and idle_optimizer_spec == optimizer_spec:
                    return self._idle.pop(key)[2]
        return None

    def _give_back(self, spec: NetworkSpec, optimizer_spec: OptimizerSpec, network: Network) -> None:
        if not network.is_sound:
            return
        with self._lock:
            self._idle[id(network)] = (spec, optimizer_spec, network)
            while len(self._idle) > self.max_idle:
                self._idle.popitem(last=False)
                self._n_dropped += 1
            if many := self._n_dropped >= _DROPPED_AT_MOST:
                self._n_dropped = 0
        if many:
            forget_kernels()


def _structure(spec: NetworkSpec) -> NetworkSpec:
    """Return `spec` without the dropout rates: the graph depends only on which of them are positive."""
    structure = replace(spec, layer_dropout=_SOME_RATE if spec.layer_dropout else 0.0)
    if not covers(spec.activation, spec.recurrent_activation):
        return structure  # Keras' own layers have their rates as constants
    return replace(
        structure,
        dropout=_SOME_RATE if spec.dropout else 0.0,
        recurrent_dropout=_SOME_RATE if spec.recurrent_dropout else 0.0,
    )


networks = NetworkPool()


def clear_graphs() -> None:
    """Free the traced networks that this process keeps for reuse.

    Fitted estimators do not change: they hold plain arrays, and trace a network again when they need one.

    Examples
    --------
    >>> import skrnn
    >>> skrnn.clear_graphs()
    """
    networks.clear()
    kernels.clear()
