"""What results may depend on: the versions of the libraries."""

import platform
from importlib import import_module

_MODULES = ("skrnn", "numpy", "sklearn", "keras", "tensorflow")  # modules: TensorFlow has several distributions


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that compute, importing them."""
    import_module("skrnn._tensorflow")  # before others import TensorFlow
    return {"python": platform.python_version()} | {name: import_module(name).__version__ for name in _MODULES}
