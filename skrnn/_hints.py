"""Suggestions for names that do not exist."""

import difflib
from collections.abc import Iterable


def closest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is spelled most like `name`, or None if none is similar.

    Parameters
    ----------
    name : str
    known : iterable of str
    cutoff : float, default=0.6
        The similarity that is required, between 0 and 1, as in :func:`difflib.get_close_matches`.
    """
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=cutoff)), None)


def did_you_mean(name: str | None) -> str:
    """Return the sentence of an error message that suggests a name, with a space before it; empty for None."""
    return f" Did you mean {name!r}?" if name else ""
