"""The oldest versions that the guide promises are those that `pyproject.toml` allows, and that .ci/run tries."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def lowest(requirement):
    """Return the lower bound of a requirement, which has no upper one."""
    (only,) = Requirement(requirement).specifier
    assert only.operator == ">=", f"{requirement}: an upper bound shuts out what may well work"
    return only.version


def test_the_guide_names_the_lower_bounds():
    table = re.findall(
        r"^\| `?([\w-]+)`? \| ([\d.]+) \|$", (ROOT / "docs/getting_started.md").read_text(), re.MULTILINE
    )
    bounds = {Requirement(each).name: lowest(each) for each in PROJECT["dependencies"]}
    bounds["Python"] = PROJECT["requires-python"].removeprefix(">=")
    assert len(table) > 5
    assert dict(table) == {name: bounds[name] for name, _ in table}


def test_the_readme_names_the_lowest_python():
    (version,) = re.findall(r"With Python ([\d.]+) or newer", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert PROJECT["requires-python"] == f">={version}"


def test_every_extra_has_lower_bounds_only():
    extras = [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
    for each in extras:
        if Requirement(each).specifier:
            lowest(each)
