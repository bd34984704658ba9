"""How much memory can be had, so that what takes more is refused before the operating system ends the process."""

from pathlib import Path

import psutil

SHARE = 0.8  # of the available memory that one object may take; the rest is for whatever is made of it
_TOO_LITTLE_TO_ASK = 2**26  # bytes; asking takes longer than some predictions
_LIMITS = (  # the files of a control group that hold its limit and what is used of it: version 2, version 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
_CACHES = {"active_file", "inactive_file"}  # in memory.stat: counted as used, but given back when memory is needed


def available_memory() -> int:
    """Return how many bytes this process can still get: of the machine or, in a container, of its limit."""
    available = int(psutil.virtual_memory().available)
    for limit, used in _LIMITS:
        try:
            free = int(Path(limit).read_text()) - int(Path(used).read_text())
            lines = [line.split() for line in Path(limit).with_name("memory.stat").read_text().splitlines()]
            available = min(available, free + sum(int(n_bytes) for name, n_bytes in lines if name in _CACHES))
        except (OSError, ValueError):  # no such group, or "max" for no limit
            continue
    return max(available, 0)


def shortage(n_bytes: int) -> str:
    """Return what an error says of an object of this size, or "" if there is enough memory for it.

    Examples
    --------
    >>> from skrnn._memory import shortage
    >>> shortage(10**6)
    ''
    >>> shortage(10**15)
    'would take 1.0 PB of memory, but there are only ...'
    """
    if n_bytes <= _TOO_LITTLE_TO_ASK:
        return ""
    free = SHARE * available_memory()
    return "" if n_bytes <= free else f"would take {in_units(n_bytes)} of memory, but there are only {in_units(free)}"


def in_units(n_bytes: float) -> str:
    """Return a number of bytes in a readable unit, such as "16.0 GB"."""
    size = float(min(n_bytes, 10**30))
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.3g} EB"
