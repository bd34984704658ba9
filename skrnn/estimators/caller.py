"""Where a warning belongs: to the line of the user's code that called `fit`."""

import sys

_PASSED_THROUGH = {"skrnn", "sklearn", "imblearn", "optuna", "joblib", "contextlib"}


def depth_of_caller() -> int:
    """Return the `stacklevel` that attributes a warning to the user's call of `fit`, not to a library."""
    frame, depth = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PASSED_THROUGH:
        frame, depth = frame.f_back, depth + 1
    return depth
