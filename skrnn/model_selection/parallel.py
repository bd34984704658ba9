"""Jobs in the processes of joblib's backend: results in the order in which they end, and a clean end after Ctrl-C."""

import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar

from sklearn.utils.parallel import Parallel, delayed

Result = TypeVar("Result")


@contextmanager
def running(
    function: Callable[..., Result], calls: Iterable[tuple[Any, ...]], n_jobs: int | None
) -> Iterator[Iterator[Result]]:
    """Run a function in parallel. When the block ends, no job continues, and joblib gives no warning about that.

    Parameters
    ----------
    function : callable
        Runs in any process, with the scikit-learn configuration and the warning filters of this one.
    calls : iterable of tuple
        The arguments of each job. The iterable is consumed as workers become free, so it can decide late whether
        there is another job.
    n_jobs : int or None
        Number of jobs that run at the same time, as in joblib.

    Yields
    ------
    results : iterator
        What the jobs return, in the order in which they end. An exception in a job is raised here.
    """
    # Each job is a batch of its own, and none waits in a queue: jobs are long, and what to run next may depend on
    # the results so far.
    parallel = Parallel(n_jobs=n_jobs, batch_size=1, pre_dispatch="n_jobs", return_as="generator_unordered")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "[0-9]+ tasks (have been|which were still)", UserWarning)
        with _no_interrupts_for_workers():
            started = parallel(delayed(function)(*arguments) for arguments in calls)
        with closing(started) as results:
            yield results


@contextmanager
def _no_interrupts_for_workers() -> Iterator[None]:
    """Make processes that start in the block ignore Ctrl-C, which a terminal sends to all its processes.

    The main process receives it afterwards and ends the others, which would only print tracebacks. A new process
    inherits an ignored signal (but not a blocked one: starting joblib's resource tracker unblocks it).
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
