"""The progress bar of a search."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from optuna.trial import FrozenTrial, TrialState


@contextmanager
def trial_bar(
    verbose: Any, n_trials: int | None, n_ended: int, counted: Callable[[], list[FrozenTrial]]
) -> Iterator[Callable[[], None]]:
    """Show a bar while trials end, if `verbose` is set.

    Parameters
    ----------
    verbose : int or bool
        Above 0 shows the bar.
    n_trials : int or None
    n_ended : int
        Number of trials that ended before.
    counted : callable
        Returns the trials that count.

    Yields
    ------
    show : callable
        To be called whenever a trial has ended.
    """
    if not verbose:
        yield lambda: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=n_trials, initial=n_ended, desc="Trials") as bar:

        def show() -> None:
            complete = [trial for trial in counted() if trial.state == TrialState.COMPLETE]
            if complete:
                best = max(complete, key=lambda trial: trial.values[0])
                bar.set_postfix_str(f"best {best.value:.4f} (trial {best.number})", refresh=False)
            bar.update()

        yield show
