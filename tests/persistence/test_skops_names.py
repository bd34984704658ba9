"""Private names of skops: one module uses them, and the installed skops has them."""

import ast
from pathlib import Path

import skrnn
from skrnn import _skops

ROOT = Path(skrnn.__file__).parent


def test_one_module_imports_skops():
    importers = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            importers |= {path.name for name in names if name.split(".")[0] == "skops"}
    assert importers == {"_skops.py"}


def test_skops_reads_a_protocol_that_we_write():
    for name in _skops.__all__:
        assert getattr(_skops, name) is not None
    for loader in ("JsonNode", "ListNode", "ObjectNode", "FunctionNode", "TypeNode", "TreeNode", "BytesNode"):
        assert (loader, _skops.PROTOCOL) in _skops.NODE_TYPE_MAPPING
