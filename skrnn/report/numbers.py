"""Numbers as text: as many decimals in a column as its values need, so that they line up and none looks certain."""

from collections.abc import Iterable
from math import floor, isfinite, log10
from typing import Any

from skrnn.plotting.style import MINUS

NONE = "\N{EN DASH}"  # for a value that is missing


def decimals(values: Iterable[float], *, digits: int = 3, most: int = 4) -> int:
    """Return how many decimals give the largest of these values this many significant digits."""
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0)
    return int(min(max(digits - 1 - floor(log10(largest)), 0), most)) if largest else 0


def score_decimals(values: Iterable[float]) -> int:
    """Return the decimals of scores: 3 for shares, whether the largest is 0.97 or 1."""
    return decimals([1.0, *values], digits=4)


def number(value: float, places: int, *, signed: bool = False) -> str:
    """Return a number with this many decimals, or a dash for NaN."""
    if not _is_known(value):
        return NONE
    text = f"{value:{'+' if signed else ''}z,.{places}f}"  # z: no negative 0
    return text.replace("-", MINUS)


def interval(low: float, high: float, places: int, *, signed: bool = False) -> str:
    """Return an interval in words, or a dash if it is unknown."""
    if not (_is_known(low) and _is_known(high)):
        return NONE
    return f"{number(low, places, signed=signed)} to {number(high, places, signed=signed)}"


def amounts(values: Iterable[float]) -> list[str]:
    """Return the cells of a column of durations or counts, with three digits of the largest or two of the middle one.

    A value that would be rounded to 0 is "<" the last decimal.
    """
    known = [float(value) if _is_known(value) else float("nan") for value in values]
    whole = all(value == round(value) for value in known if isfinite(value))
    middle = sorted(value for value in known if isfinite(value))[sum(map(isfinite, known)) // 2 :][:1]
    places = 0 if whole else max(decimals(known), decimals(middle, digits=2))
    least = 10.0**-places
    return [f"<{least:.{places}f}" if 0 < value < least / 2 else number(value, places) for value in known]


def probability(value: float) -> str:
    """Return a probability or a p-value with three decimals, and never as 0 or 1."""
    if not _is_known(value):
        return NONE
    if value < 0.001:
        return "<0.001"
    return ">0.999" if value > 0.999 else f"{value:.3f}"


def count(n: int, one: str, many: str | None = None) -> str:
    """Return a number of things, such as "1 fold" or "1,797 samples"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(names: Iterable[str]) -> str:
    """Return names as they are listed in a sentence."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _is_known(value: Any) -> bool:
    return value is not None and value == value and isfinite(value)
