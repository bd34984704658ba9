"""Arrays in ``.npz`` files, read without pickle."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skrnn._memory import shortage
from skrnn.datasets.description import summary
from skrnn.datasets.tables import listed
from skrnn.preprocessing.cells import NUMBERS
from skrnn.preprocessing.reading import to_object_array

_NAMES = {"X": ("X", "x", "data"), "y": ("y", "target", "labels"), "groups": ("groups",)}


def read_npz(path: Path) -> Bunch:
    """Read the arrays X, y and groups of a ``.npz`` file; y and groups may be missing.

    An array of shape (n, T) is read as sequences of one feature, one of texts as texts, and one of bytes with three
    dimensions, or any with four, as images.

    Raises
    ------
    ValueError
        If it is no such file, there is no X, an array holds Python objects, or their lengths differ.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path}: expected arrays in a file of numpy.savez. Save them with np.savez(path, X=X, y=y).")
    with open(path, "rb") as stream, _damaged(path), np.load(stream, allow_pickle=False) as file:
        names = {role: _name(file.files, role, path) for role in _NAMES}
        sizes = {member.filename.removesuffix(".npy"): member.file_size for member in file.zip.infolist()}
        for name in filter(None, names.values()):
            if problem := shortage(sizes[name]):
                raise _FileError(f"{path}: the array {name} {problem}. Save fewer sequences in a file.")
        arrays: dict[str, Any] = {
            role: None if name is None else _array(file, name, path) for role, name in names.items()
        }
    X, y, groups = arrays["X"], arrays["y"], arrays["groups"]
    kind = "texts" if X.dtype.kind in "UT" else "images" if X.ndim == 4 or _is_gray(X) else "sequences"
    if kind != "texts" and (X.dtype.kind not in NUMBERS or X.ndim not in (2, 3, 4)):
        raise ValueError(
            f"{path}: X has the shape {X.shape} and the type {X.dtype}; expected numbers of shape (n, n_steps) or (n, "
            "n_steps, n_features), images, or texts of shape (n,)."
        )
    if not X.size or (kind == "texts" and X.ndim != 1):
        raise ValueError(f"{path}: X has the shape {X.shape}, which holds no {kind}.")
    for name, values in (("y", y), ("groups", groups)):
        if values is not None and values.shape != (len(X),):
            raise ValueError(f"{path}: {name} has the shape {values.shape}; expected {(len(X),)}, one for each of X.")
    if kind == "texts":
        X = to_object_array([str(text) for text in X])
    elif kind == "sequences" and X.ndim == 2:
        X = X[:, :, np.newaxis]
    data = Bunch(X=X, y=y, groups=groups, feature_names=None, categories={}, kind=kind)
    data.description = summary(data, f"{path.name}: arrays of NumPy")
    return data


def _is_gray(X: np.ndarray) -> bool:
    return X.ndim == 3 and X.dtype == np.uint8


def _name(names: list[str], role: str, path: Path) -> str | None:
    """Return the name of the array of a role, or None if there is none."""
    found = [name for name in _NAMES[role] if name in names]
    if not found and role == "X":
        raise _FileError(
            f"{path}: expected an array called X, x or data, found {listed(names) or 'none'}. Save the arrays with "
            "np.savez(path, X=X, y=y)."
        )
    if len(found) > 1:
        raise _FileError(f"{path}: {' and '.join(found)} may both be {role}; save only one of them.")
    return found[0] if found else None


def _array(file: Any, name: str, path: Path) -> np.ndarray:
    try:
        return file[name]
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise _FileError(
            f"{path}: {name} holds Python objects. They are stored as pickles, and a pickle from elsewhere can run any "
            "program, so none is read. Pad sequences to one length with skrnn.preprocessing.SequencePadder, or save "
            "them as a table with one row per step; save texts and labels as an array of type str."
        ) from error


class _FileError(ValueError):
    """An error whose message names the file."""


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    """Turn any error into a ValueError that names the file."""
    try:
        yield
    except _FileError as error:
        raise ValueError(str(error)) from error
    except Exception as error:  # NumPy evaluates headers: a damaged one raises anything, even SyntaxError
        raise ValueError(f"{path}: expected arrays in a file of numpy.savez: {error}") from error
