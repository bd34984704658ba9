"""The tasks that scikit-learn's callbacks see in a search: a tree from the search down to the fits of the folds."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any


class CallbackTask:
    """A task of a search, as its callbacks see it.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext or None
        None for a task that callbacks do not see.
    search : estimator
        The search that the task belongs to.
    X, y : array-like, default=None
        The data of the task.
    params : dict, default=None
        Metadata of its fit.
    n_parts : int or None, default=None
        The maximum number of its parts; None if unknown.
    """

    def __init__(
        self,
        context: Any,
        search: Any,
        X: Any = None,
        y: Any = None,
        params: Any = None,
        *,
        n_parts: int | None = None,
    ):
        weight = (params or {}).get("sample_weight")
        self.context = context
        self.search = search
        self.n_left = n_parts
        self.about = {"X": X, "y": y, "params": params}
        self._hook_arguments = {"X": X, "y": y, "metadata": None if weight is None else {"sample_weight": weight}}

    def __getstate__(self) -> dict[str, Any]:
        search = copy.copy(self.search)
        search.callbacks = None  # called only in the main process; some cannot be pickled
        return vars(self) | {"search": search}

    def part(self, name: str, n_parts: int | None = 0, **about: Any) -> "CallbackTask":
        """Return a part of this task, which has not begun yet. Callbacks do not see parts beyond the maximum number.

        How many trials a search starts is not known before: a lost one does not count, and another one replaces it.
        scikit-learn raises an error for a part too many, which would end the search.

        Parameters
        ----------
        name : str
        n_parts : int or None, default=0
            The maximum number of its own parts; None if unknown.
        **about : dict
            ``X``, ``y`` and ``params``; by default those of this task.
        """
        context = None
        if self.context is not None and self.n_left != 0:
            context = self.context.subcontext(task_name=name, max_subtasks=n_parts)
            self.n_left = None if self.n_left is None else self.n_left - 1
        return CallbackTask(context, self.search, **(about or self.about), n_parts=n_parts)

    @contextmanager
    def running(self, fits: Any = None) -> Iterator[None]:
        """Call the callbacks when the block begins and when it ends, with or without an exception.

        Parameters
        ----------
        fits : estimator, default=None
            The estimator that the block fits, for scikit-learn's propagated callbacks. Such a task has no parts.
        """
        if self.context is None:
            yield
            return
        begun = False
        try:
            with nullcontext() if fits is None else self.context.propagate_callback_context(fits):
                self.context.call_on_fit_task_begin(estimator=self.search, **self._hook_arguments)
                begun = True
                yield
        finally:
            if begun:
                self.context.call_on_fit_task_end(estimator=self.search, **self._hook_arguments)


def running_part(task: CallbackTask | None, name: str, fits: Any = None, **about: Any) -> Any:
    """Return a context manager that runs a part of a task; without a task it does nothing."""
    return nullcontext() if task is None else task.part(name, **about).running(fits)
