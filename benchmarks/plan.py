"""What a benchmark consists of: peers, the rows they are measured in, and what is to be reached. No figures here."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

_LEAST = {"n": 128, "candidates": 2, "fits": 20}  # below these sizes nothing is left to measure


@dataclass(frozen=True)
class Peer:
    """One way of doing the work of a row.

    Attributes
    ----------
    name : str
        What its column calls it; the column's own name, if it is the only way or the plain one.
    column : str
        The column: a package, which may do the work in several ways.
    script : str
        The module that does the work, below ``benchmarks``.
    environment : {"skrnn", "skorch"}
        Whose interpreter runs the script.
    options : dict
        Extra settings for the script.
    """

    name: str
    column: str
    script: str
    environment: Literal["skrnn", "skorch"] = "skrnn"
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """The name outside the column."""
        return self.name if self.name == self.column else f"{self.column} ({self.name})"


@dataclass(frozen=True)
class Target:
    """A ratio that one peer must reach against another.

    Attributes
    ----------
    against : Peer
        The one it is measured by.
    ratio : float
        The bound; see `Row.better` for its meaning.
    ours : Peer
        The one that must reach it.
    """

    against: Peer
    ratio: float
    ours: Peer


@dataclass(frozen=True)
class Limit:
    """A bound on a figure that has no counterpart in a peer.

    Attributes
    ----------
    key : str
        The name of the figure in the results of `ours`.
    most : float
        Its largest allowed value.
    unit : str
        What the figure counts.
    ours : Peer
        The one it is measured of.
    """

    key: str
    most: float
    unit: str
    ours: Peer


@dataclass(frozen=True)
class Row:
    """A piece of work that several peers do.

    Attributes
    ----------
    name : str
        What ``--rows`` and the tables call it.
    about : str
        One paragraph that says what is measured; rows of one kind share it.
    task : str
        The name of the work in the scripts of the peers.
    unit : str
        Of the figure measured.
    better : {"more", "less", "share"}
        How two figures make a ratio. With "more" (a throughput) it is ours / theirs, with "less" (a duration) theirs /
        ours, and in both it must be *at least* the target. With "share" (of memory, of time that a peer takes) it is
        ours / theirs, and must be *at most* the target.
    data : str
        What the arrays are, by its name in ``benchmarks.data``; empty if the work takes none.
    sizes : dict of str to int
        How much of it: what ``--scale`` multiplies.
    settings : dict
        All other settings of the scripts.
    peers : tuple of Peer
        Who does the work.
    targets : tuple of Target
        What is to be reached against the others.
    limits : tuple of Limit
        What is to be kept within.
    figure : str
        The name of the figure in the results: what the script reports as ``value``, or the ``wall_seconds`` of its
        whole process.
    repeats : int, optional
        How often each peer does the work, if not as often as the command line says.
    """

    name: str
    about: str
    task: str
    unit: str
    better: Literal["more", "less", "share"]
    peers: tuple[Peer, ...]
    data: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    limits: tuple[Limit, ...] = ()
    figure: str = "value"
    repeats: int | None = None

    def scaled(self, factor: float) -> "Row":
        """Return the row with its sizes multiplied, though never below what can be measured nor above the original."""
        sizes = {name: max(min(size, _LEAST.get(name, 1)), round(size * factor)) for name, size in self.sizes.items()}
        return replace(self, sizes=sizes)

    def ratio(self, ours: float, theirs: float) -> float:
        """Return the ratio of two figures as `better` defines it."""
        return theirs / ours if self.better == "less" else ours / theirs

    def reaches(self, ratio: float, bound: float) -> bool:
        """Return whether a ratio is within its bound."""
        return ratio <= bound if self.better == "share" else ratio >= bound
