"""The versions of the libraries that results may depend on."""

import platform
from importlib import import_module

_MODULES = ("skrnn", "numpy", "sklearn", "keras", "tensorflow")  # modules: TensorFlow has several distributions


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results may depend on. This imports TensorFlow.

    Returns
    -------
    versions : dict of str to str
        By "python", "skrnn", "numpy", "sklearn", "keras" and "tensorflow".

    Examples
    --------
    >>> import skrnn
    >>> skrnn.installed_versions()["skrnn"] == skrnn.__version__
    True
    """
    import_module("skrnn._tensorflow")  # before others import TensorFlow
    return {"python": platform.python_version()} | {name: import_module(name).__version__ for name in _MODULES}
