"""Imports go down only: from the command line to the data sets, never back, and in no circle within a folder either."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import skrnn

ROOT = Path(skrnn.__file__).parent
# From the ground up. A room may import those below it and itself, in functions too.
ROOMS = (
    "_ctrl_c",
    "versions",
    "exceptions",
    "_hints",
    "_line_files",
    "_secrets",
    "_memory",
    "_startup_lines",
    "_tensorflow",
    "_leaks",
    "_keras",
    "_sklearn",
    "_skops",
    "_atomic",
    "_callbacks",
    "threads",
    "preprocessing",
    "datasets",
    "network",
    "onnx",
    "estimators",
    "plotting",
    "report",
    "model_selection",
    "persistence",
    "recipes",
    "__init__",  # re-exports: whoever imports the package itself wants the version or a classifier
    "cli",
)


def modules() -> dict[str, Path]:
    """Return the files of all modules, by their dotted name within the package."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(ROOT.rglob("*.py"))
    }


def imported_by(name: str, path: Path) -> Iterator[str]:
    """Iterate over the modules of the package that a module imports."""
    known = modules()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "skrnn":
            module = node.module.removeprefix("skrnn").lstrip(".") or "__init__"
            for alias in node.names:
                inner = alias.name if module == "__init__" else f"{module}.{alias.name}"
                yield inner if inner in known else module
        elif isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("skrnn.") for alias in node.names if alias.name.startswith("skrnn."))
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{name} has a relative import"


def test_every_room_has_its_place():
    assert {name.split(".")[0] for name in modules()} == {*ROOMS}


@pytest.mark.parametrize("name", sorted(modules().keys() - {"__init__"}))
def test_a_module_imports_only_what_is_below_it(name):
    above = {*ROOMS[ROOMS.index(name.split(".")[0]) + 1 :]}
    assert sorted(other for other in imported_by(name, modules()[name]) if other.split(".")[0] in above) == []


def test_no_circle():
    graph = {name: {*imported_by(name, path)} - {name} for name, path in modules().items() if name != "__init__"}
    packages = {name for name, path in modules().items() if path.name == "__init__.py"}
    for name in packages & graph.keys():  # a package re-exports what is in it, and nobody needs it for that
        graph[name] = {other for other in graph[name] if not other.startswith(f"{name}.")}
    try:
        assert len([*TopologicalSorter(graph).static_order()]) >= len(graph)
    except CycleError as error:
        raise AssertionError(" imports ".join(error.args[1])) from None
