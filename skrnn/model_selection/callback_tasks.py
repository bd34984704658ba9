"""scikit-learn's callbacks of a search: the tree of tasks that they see, down to the fits inside."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any


class CallbackTask:
    """A task of a search, and what its callbacks are told.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
    search : estimator
        Whose task it is.
    X, y : array-like, default=None
        What it is about.
    params : dict, default=None
        Metadata of its fit.
    """

    def __init__(self, context: Any, search: Any, X: Any = None, y: Any = None, params: Any = None):
        weight = (params or {}).get("sample_weight")
        self.context = context
        self.search = search
        self.about = {"X": X, "y": y, "params": params}
        self.told = {"X": X, "y": y, "metadata": None if weight is None else {"sample_weight": weight}}

    def __getstate__(self) -> dict[str, Any]:
        search = copy.copy(self.search)
        search.callbacks = None  # are called where the search was begun, and may hold what cannot be sent: a terminal
        return vars(self) | {"search": search}

    def part(self, name: str, n_parts: int | None = 0, **about: Any) -> "CallbackTask":
        """Return a part of this task, which has not begun.

        Parameters
        ----------
        name : str
        n_parts : int or None, default=0
            How many parts it has itself, at most; None if that is not known.
        **about : dict
            ``X``, ``y`` and ``params``, by default the same as of this task.
        """
        context = self.context.subcontext(task_name=name, max_subtasks=n_parts)
        return CallbackTask(context, self.search, **(about or self.about))

    @contextmanager
    def running(self, fits: Any = None) -> Iterator[None]:
        """Tell the callbacks that the task begins, and however the block is left, that it has ended.

        Parameters
        ----------
        fits : estimator, default=None
            What the block fits: scikit-learn's propagated callbacks hear of it. Such a task has no parts of its own.
        """
        begun = False
        try:
            with nullcontext() if fits is None else self.context.propagate_callback_context(fits):
                self.context.call_on_fit_task_begin(estimator=self.search, **self.told)
                begun = True
                yield
        finally:
            if begun:
                self.context.call_on_fit_task_end(estimator=self.search, **self.told)


def running_part(task: CallbackTask | None, name: str, fits: Any = None, **about: Any) -> Any:
    """Return a context manager in which a part of a task runs; where there is no task, it does nothing."""
    return nullcontext() if task is None else task.part(name, **about).running(fits)
