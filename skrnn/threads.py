"""How many threads TensorFlow uses: a setting of the whole process, which must be made before TensorFlow starts."""

import multiprocessing
import os
import sys
from contextlib import suppress

_NAMES = {"intra": "TF_NUM_INTRAOP_THREADS", "inter": "TF_NUM_INTEROP_THREADS"}


def configure_threads(cores: int | None = None) -> None:
    """Give every shard of a batch one thread, and the process as many of them as it has cores.

    This is the fastest setting for recurrent networks, and it makes results independent of the machine: with one thread
    in each operation the sums are rounded in one order, whatever the number of cores. It holds for all of TensorFlow in
    this process, so skrnn leaves it to you; its command line and its workers in other processes use it.

    Parameters
    ----------
    cores : int, default=None
        How many cores this process may use; None means all that it has been given.

    Raises
    ------
    ValueError
        If `cores` is not a positive integer.
    RuntimeError
        If TensorFlow has started with other settings. Importing it is no start; the first computation is.

    Examples
    --------
    >>> import skrnn
    >>> skrnn.configure_threads()  # before anything is fitted  # doctest: +SKIP
    """
    if cores is None:
        from joblib import cpu_count  # respects CPU affinity and the limits of containers

        cores = cpu_count()
    if not isinstance(cores, int) or cores < 1:
        raise ValueError(f"cores must be an integer of at least 1; got {cores!r}.")
    wanted = {"intra": 1, "inter": cores}
    if "tensorflow" in sys.modules:
        from skrnn._tensorflow import without_startup_lines

        with without_startup_lines():  # reading the settings makes TensorFlow look for devices
            _configure_imported(wanted)
    os.environ.update({_NAMES[kind]: str(count) for kind, count in wanted.items()})


def _configure_imported(wanted: dict[str, int]) -> None:
    threading = sys.modules["tensorflow"].config.threading
    found = {
        "intra": threading.get_intra_op_parallelism_threads(),
        "inter": threading.get_inter_op_parallelism_threads(),
    }
    # If it is not set in Python, TensorFlow reads it from the environment; 0 leaves the choice to TensorFlow.
    found = {kind: count or int(os.environ.get(_NAMES[kind], 0)) for kind, count in found.items()}
    if found == wanted:
        return
    try:
        threading.set_intra_op_parallelism_threads(wanted["intra"])
        threading.set_inter_op_parallelism_threads(wanted["inter"])
    except RuntimeError as error:
        raise RuntimeError(
            f"TensorFlow has started already, with {found['intra'] or 'its default'} intra-op and "
            f"{found['inter'] or 'its default'} inter-op threads instead of {wanted['intra']} and {wanted['inter']}. "
            "Call skrnn.configure_threads() before anything is fitted or computed."
        ) from error


def divide_among_workers() -> None:
    """In a worker process of joblib or Dask, take the share of the cores that it is given; elsewhere do nothing."""
    process = multiprocessing.current_process()
    is_worker = "loky" in type(process).__module__.split(".") or process.name.startswith("Dask Worker process")
    if not is_worker:
        return
    with suppress(RuntimeError):  # a worker in which TensorFlow runs already keeps its settings
        # Both set this one for their workers, joblib to the cores divided, Dask to 1; TensorFlow ignores it.
        configure_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
