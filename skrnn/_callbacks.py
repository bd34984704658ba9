"""scikit-learn's callbacks. They came with version 1.9; with earlier versions, the same classes work without them."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from skrnn._sklearn import HAS_CALLBACKS


class _NoTask:
    """The context of a `fit` without callbacks, and of each of its parts."""

    def subcontext(self, **about: Any) -> "_NoTask":
        return self

    def call_on_fit_task_begin(self, **about: Any) -> "_NoTask":
        return self

    def call_on_fit_task_end(self, **about: Any) -> bool:
        return False  # nothing asks for the end of the training

    def propagate_callback_context(self, estimator: Any) -> AbstractContextManager:
        return nullcontext()


class _WithoutCallbacks:
    """The base of our estimators without `set_callbacks`."""

    def _init_callback_context(self, **about: Any) -> _NoTask:
        return _NoTask()


if HAS_CALLBACKS or TYPE_CHECKING:
    from sklearn.callback import CallbackSupportMixin

    from skrnn._sklearn import callback_management_context
else:
    CallbackSupportMixin = _WithoutCallbacks
    callback_management_context = nullcontext
