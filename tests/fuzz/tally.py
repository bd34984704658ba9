"""What the fuzz tests count: cases, refusals and faults of each kind."""

import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PROFILE = os.environ.get("SKRNN_FUZZ", "short")
IS_LONG = PROFILE != "short"


class Tally:
    """The counts of a run.

    Attributes
    ----------
    cases, refused : Counter
        The number of cases of each kind, and of those that ended with a clear error.
    faults : dict
        The number of times that a fault was met, and the shortest text that describes it, by kind and place.
    """

    def __init__(self):
        self.cases: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.faults: dict[tuple[str, ...], tuple[int, str]] = {}

    @contextmanager
    def case(self, kind: str, describe: Callable[[], str]) -> Iterator[None]:
        """Count a case. In the long profile, note a fault and go on; in the short one, raise it for hypothesis."""
        self.cases[kind] += 1
        try:
            yield
        except Refused:
            self.refused[kind] += 1
        except Exception as error:
            if not IS_LONG:
                raise
            *_, last = traceback.extract_tb(error.__traceback__)
            key = (kind, type(error).__name__, f"{last.filename}:{last.lineno}")
            cause = "".join(traceback.format_exception(error, limit=-4))
            text = f"{kind}: {describe()}\n{cause}"
            count, known = self.faults.get(key, (0, text))
            self.faults[key] = count + 1, min(known, text, key=len)

    def table(self) -> str:
        """Return the counts as a table."""
        faults = Counter[str]()
        for (kind, *_), (count, _) in self.faults.items():
            faults[kind] += count
        rows = [(kind, self.cases[kind], self.refused[kind], faults[kind]) for kind in sorted(self.cases)]
        rows.append(("all", self.cases.total(), self.refused.total(), faults.total()))
        lines = [f"| {'kind':34} | {'cases':>7} | {'refused':>7} | {'faults':>7} |", f"|{'-' * 36}|" + "--------:|" * 3]
        return "\n".join([*lines, *(f"| {kind:34} | {a:7,} | {b:7,} | {c:7,} |" for kind, a, b, c in rows)]) + "\n"


class Refused(Exception):
    """Ends a case whose input was refused with a clear error."""


TALLY = Tally()
