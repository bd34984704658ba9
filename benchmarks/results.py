"""The file of results: one line of JSON for each measurement, written as it comes, so that a run can be continued."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.plan import Peer, Row


class Results:
    """The measurements of one machine, in memory or also in a file.

    Parameters
    ----------
    path : Path or None
        The file, which is read if it is there and appended to.
    machine : dict
        The description of this machine; it goes into the file's first line.
    scale : float
        By which the sizes of the rows are multiplied. Only measurements of this scale are seen.

    Raises
    ------
    ValueError
        If the file holds the measurements of another machine.
    """

    def __init__(self, path: Path | None, machine: dict[str, Any], scale: float):
        self.machine, self.scale, self._path = machine, scale, path
        self._lines: list[dict[str, Any]] = []
        if path is None:
            return
        if path.exists():
            found, *lines = [json.loads(line) for line in path.read_text().splitlines()] or [{"machine": machine}]
            if found["machine"] != machine:
                raise ValueError(f"{path} holds measurements of another machine or Python: {found['machine']}.")
            self._lines = [line for line in lines if line["scale"] == scale]
        else:
            self._write({"machine": machine})

    def add(self, row: Row, peer: Peer, repeat: int, outcome: dict[str, Any]) -> None:
        """Keep the outcome of one measurement: its figures, or an ``error``."""
        line = {"row": row.name, "column": peer.column, "peer": peer.name, "repeat": repeat, "scale": self.scale}
        self._lines.append({**line, "date": date.today().isoformat(), **outcome})
        self._write(self._lines[-1])

    def has(self, row: Row, peer: Peer, repeat: int) -> bool:
        """Return whether a measurement has been made, with success."""
        return any(line["repeat"] == repeat for line in self._of(row, peer))

    def figures(self, row: Row, peer: Peer, key: str | None = None) -> list[float]:
        """Return the values of one figure of a peer, one per repeat; by default the row's main figure."""
        return [line[key or row.figure] for line in self._of(row, peer)]

    def median(self, row: Row, peer: Peer) -> float | None:
        """Return the median of the row's figure, or None if the peer has none."""
        figures = self.figures(row, peer)
        return median(figures) if figures else None

    def versions(self) -> dict[str, str]:
        """Return the versions of all packages that took part, by name; of several of one, all."""
        found: dict[str, set[str]] = {}
        for line in self._lines:
            for package, version in line.get("versions", {}).items():
                found.setdefault(package, set()).add(version)
        return {package: " and ".join(sorted(found[package])) for package in sorted(found)}

    def dates(self) -> list[str]:
        """Return the first and the last day of the measurements; one if they are the same, none without any."""
        days = sorted({line["date"] for line in self._lines})
        return days if len(days) < 2 else [days[0], days[-1]]

    def failed(self, row: Row, peer: Peer) -> bool:
        """Return whether there is nothing of a peer but errors."""
        return not self.figures(row, peer) and any(True for _ in self._of(row, peer, failed=True))

    def _of(self, row: Row, peer: Peer, *, failed: bool = False) -> Iterator[dict[str, Any]]:
        wanted = row.name, peer.column, peer.name
        for line in self._lines:
            if (line["row"], line["column"], line["peer"]) == wanted and ("error" in line) == failed:
                yield line

    def _write(self, line: dict[str, Any]) -> None:
        if self._path is not None:
            with self._path.open("a") as file:
                file.write(json.dumps(line) + "\n")
