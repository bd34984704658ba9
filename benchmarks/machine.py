"""What the figures depend on besides the programs: the machine, the system and Python."""

import os
import platform
from pathlib import Path

from joblib import cpu_count


def describe() -> dict[str, str | int]:
    """Return the processor, the cores that this process may use of it, its memory, the system and Python."""
    description: dict[str, str | int] = {
        "processor": _processor(),
        "cores": cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        gigabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        description["memory"] = f"{gigabytes:.0f} GB"
    return description


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
