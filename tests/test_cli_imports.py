"""The command line uses only public names: those that the package or one of its folders exports."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

import skrnn
from skrnn import cli

FOLDER = Path(cli.__file__).parent


def private_names_in(code):
    """Return the names of the package outside the command line that are not in the ``__all__`` of a folder."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("skrnn.")]
            found += [name for name in names if not is_public(*name.rpartition(".")[::2])]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "skrnn":
            names = [(node.module, alias.name) for alias in node.names]
            found += [f"{module}.{name}" for module, name in names if not is_public(module, name)]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "skrnn":
            found += [] if is_public("skrnn", node.attr) else [f"skrnn.{node.attr}"]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", None) == "import_module":
            found += [ast.unparse(node)]
    return found


def is_public(module, name):
    # Ctrl-C is handled before the command line is loaded, and whoever prints masks secrets.
    if f"{module}.{name}".startswith(("skrnn.cli", "skrnn._ctrl_c", "skrnn._secrets")):
        return True
    return module.count(".") <= 1 and name in getattr(import_module(module), "__all__", ())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_a_command_imports_only_public_names(path):
    found = private_names_in(path.read_text(encoding="utf-8"))
    assert not found, f"{path.name} uses {found}: export them, or do without"


def test_the_walk_tells_private_names_from_public_ones():
    code = """
import skrnn.threads
from skrnn import installed_versions
from skrnn.cli.layout import Column
from skrnn.model_selection import open_storage, parallel
from skrnn.model_selection.studies import ask
from skrnn.versions import installed_versions
import_module("skrnn.network")
skrnn.configure_threads()
skrnn.threads
"""
    assert sorted(private_names_in(code)) == [
        "import_module('skrnn.network')",
        "skrnn.model_selection.parallel",
        "skrnn.model_selection.studies.ask",
        "skrnn.threads",
        "skrnn.threads",
        "skrnn.versions.installed_versions",
    ]
    assert skrnn.__all__
