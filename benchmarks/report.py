"""The tables of the figures and of the targets, on the terminal and as a page."""

from collections.abc import Iterable
from statistics import median

from benchmarks.plan import Limit, Peer, Row, Target
from benchmarks.results import Results
from benchmarks.rows import FLOOR

COLUMNS = ("stock Keras", "SciKeras", "skorch", "skrnn")

_HOW = """\
Each figure is the median over the repeats, with the smallest and the largest in parentheses. Each measurement is a
process of its own; within a row the peers take turns, so that a slow spell of the machine meets all of them.
Everything is float32 on the processor: graphics cards are hidden. The peers are used as their documentation shows,
with their default threads: Keras through `fit` and `predict` on arrays, with its default compilation and with the
running accuracy that skrnn reports too; PyTorch through skorch. skrnn runs after `skrnn.configure_threads()`, except
where a figure is marked "default threads". Ratios are those of medians: of throughputs ours to theirs, of
durations theirs to ours, so that above 1 skrnn is the faster; of memory and of imports ours to theirs, to be small.

The floor is the time of the matrix products of the recurrent layer alone, in a training step without any other
arithmetic: done by NumPy with all cores, or on each core by itself, whichever is faster. Beside a training row stands
the share of that speed that skrnn reaches."""


def tables(rows: Iterable[Row], results: Results) -> str:
    """Return both tables as Markdown, which reads well on a terminal too."""
    rows = list(rows)
    return f"{_table(_figures(rows, results))}\n\n{_table(_verdicts(rows, results))}\n"


def page(rows: Iterable[Row], results: Results) -> str:
    """Return the whole page as Markdown: the machine, the tables, and what was measured and how."""
    rows = list(rows)
    return "\n\n".join(
        [
            "# Benchmarks",
            "skrnn against stock Keras, SciKeras and skorch, side by side in one run of `python -m benchmarks`.",
            "## The machine",
            machine(results),
            "## Figures",
            _table(_figures(rows, results)),
            "## Targets",
            _table(_verdicts(rows, results)),
            "## How it was measured",
            _HOW,
            "## What was measured",
            *_paragraphs(rows),
            "",
        ]
    )


def machine(results: Results) -> str:
    """Return what the figures were measured on, as a list."""
    facts = results.machine
    lines = [
        f"{facts['processor']}, {facts['cores']} cores" + (f", {facts['memory']}" if "memory" in facts else ""),
        f"{facts['system']}, Python {facts['python']}",
        ", ".join(f"{package} {version}" for package, version in results.versions().items()),
        "measured " + " to ".join(results.dates()) if results.dates() else "",
        f"data sizes multiplied by {results.scale:g}: a trial, no result" if results.scale != 1 else "",
    ]
    return "\n".join(f"- {line}" for line in lines if line)


def _figures(rows: list[Row], results: Results) -> list[list[str]]:
    """Return a line for each row with what its peers measured, and the share of the floor that skrnn reached."""
    lines = [["work", "unit", *COLUMNS, "of the floor"]]
    for row in rows:
        cells = [_figures_cell(row, column, results) for column in COLUMNS]
        lines.append([row.name, row.unit, *cells, _floor_share(row, results)])
    return lines


def _figures_cell(row: Row, column: str, results: Results) -> str:
    cells = []
    for peer in row.peers:
        figures = results.figures(row, peer)
        if peer.column != column or not (figures or results.failed(row, peer)):
            continue
        spread = f" ({number(min(figures))}-{number(max(figures))})" if len(figures) > 1 else ""
        cells.append(_label(peer) + (number(median(figures)) + spread if figures else "failed"))
    return "; ".join(cells)


def _label(peer: Peer) -> str:
    """Return the name of a peer, as shown before its figures unless it is the heading of the column."""
    return "" if peer.name == peer.column else f"{peer.name} "


def _floor_share(row: Row, results: Results) -> str:
    if FLOOR not in row.peers:
        return ""
    floor = results.median(row, FLOOR)
    shares = [
        f"{_label(peer)}{100 * ours / floor:.0f} %"
        for peer in row.peers
        if peer.column == "skrnn" and floor and (ours := results.median(row, peer))
    ]
    return "; ".join(shares)


def _verdicts(rows: list[Row], results: Results) -> list[list[str]]:
    """Return a line for each target and each limit of the rows, with its outcome."""
    lines = [["work", "of", "against", "measured", "target", "reached"]]
    for row in rows:
        lines += [_target_line(row, target, results) for target in row.targets]
        lines += [_limit_line(row, limit, results) for limit in row.limits]
    return lines


def _target_line(row: Row, target: Target, results: Results) -> list[str]:
    bound = f"{'<=' if row.better == 'share' else '>='} {target.ratio:g}x"
    ours, theirs = results.median(row, target.ours), results.median(row, target.against)
    measured = reached = "-"
    if ours is not None and theirs is not None:
        ratio = row.ratio(ours, theirs)
        measured, reached = f"{ratio:.3g}x", "yes" if row.reaches(ratio, target.ratio) else "no"
    return [row.name, target.ours.full_name, target.against.full_name, measured, bound, reached]


def _limit_line(row: Row, limit: Limit, results: Results) -> list[str]:
    figures = results.figures(row, limit.ours, limit.key)
    measured = reached = "-"
    if figures:
        measured, reached = number(median(figures)), "yes" if median(figures) <= limit.most else "no"
    return [row.name, limit.ours.full_name, "-", f"{measured} {limit.unit}", f"<= {limit.most:g}", reached]


def _paragraphs(rows: list[Row]) -> list[str]:
    """Return what the rows say about themselves, those of one kind together."""
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(row.about, []).append(f"`{row.name}`")
    return [f"{', '.join(names)}: {about}" for about, names in kinds.items()]


def number(value: float) -> str:
    """Return a figure with three digits, or all those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _table(lines: list[list[str]]) -> str:
    """Return a Markdown table whose first line is its head, padded so that its columns are straight."""
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    head, *body = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([head, rule, *body])
