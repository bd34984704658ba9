"""Type checkers use the annotations of an installed skrnn only if the package says that it has them (PEP 561)."""

from importlib.resources import files


def test_the_package_is_marked_as_typed():
    assert files("skrnn").joinpath("py.typed").is_file()
