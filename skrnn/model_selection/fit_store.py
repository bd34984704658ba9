"""Finished fits of a comparison in a file that survives a kill: one line for each, written as it ends."""

import base64
import hashlib
import io
import json
import math
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout
from sklearn.base import clone

from skrnn import _line_files
from skrnn._line_files import reason
from skrnn.model_selection.fingerprint import Undescribable, fingerprint
from skrnn.model_selection.fit_jobs import Data, FitJob, FitResult
from skrnn.versions import installed_versions

FILE_NAME = "fits.jsonl"
_ARRAYS = ("predicted", "probabilities")
_NUMBERS = ("fit_seconds", "score_seconds", "latency_seconds", "n_parameters", "n_epochs")  # JSON has no NaN


class FitKeys:
    """Names of fits: two have the same name if and only if everything that their scores depend on is the same.

    Parameters
    ----------
    data : Data
    scoring : object
        The parameter, as the user passed it.
    """

    def __init__(self, data: Data, scoring: Any):
        parts = {"X": data.X, "y": data.y, "X_test": data.X_test, "y_test": data.y_test, "scoring": scoring}
        self._common = _describe({**parts, "versions": installed_versions()})
        self._estimators: dict[int, str] = {}

    def __call__(self, job: FitJob) -> str:
        """Return the name of a fit.

        Raises
        ------
        ValueError
            If the estimator cannot be described.
        """
        known = self._estimators.get(id(job.estimator))
        if known is None:
            params = [job.fit_params, job.score_params]
            described = _describe({f"estimators[{job.architecture!r}]": clone(job.estimator), "params": params})
            known = self._estimators[id(job.estimator)] = described
        rows = [np.asarray(rows, dtype=np.int64).tobytes() for rows in (job.split.train, job.split.test)]
        parts = [self._common.encode(), known.encode(), str(job.seed).encode(), *rows]
        return hashlib.sha256(b"|".join(parts)).hexdigest()[:32]


def _describe(parts: Mapping[str, Any]) -> str:
    try:
        return fingerprint(parts)
    except Undescribable as error:
        raise ValueError(
            f"{error} With a storage, a finished fit is used again only if everything that its score depends on is the "
            "same. Use something that can be described: a named function of plain values, or an object with plain "
            "attributes. Or compare without a storage."
        ) from error


class FitStore:
    """A file of finished fits. Only one process at a time may have it open.

    Parameters
    ----------
    folder : path-like
        Made if it does not exist.

    Attributes
    ----------
    path : Path
        The file, ``fits.jsonl`` in the folder.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.path = Path(folder) / FILE_NAME
        self._lock = FileLock(f"{self.path}.lock", timeout=0)

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._identity = _line_files.begin(self.path)
            cut = _line_files.mend(self.path)
            self._size = self.path.stat().st_size
        except Timeout:
            raise ValueError(
                f"{self.path} is in use by another comparison. Wait until it ends, or choose another storage."
            ) from None
        except OSError as error:
            self._lock.release()
            raise ValueError(
                f"storage={str(self.path.parent)!r} must be a folder that can be written to: {reason(error)}."
                " Choose another one, or compare without a storage."
            ) from error
        try:
            if cut:
                self._warn("its last line is incomplete, as after a crash, and is left out: that fit is done again")
            self._results = self._read()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._lock.release()

    def get(self, key: str) -> FitResult | None:
        """Return the result of a fit, or None if it is not stored."""
        return self._results.get(key)

    def add(self, key: str, job: FitJob, result: FitResult) -> None:
        """Append the result of a fit. A failed one is not kept, so that it is tried again.

        Raises
        ------
        OSError
            If the file was deleted or replaced, or cannot be written to. The message names it and a remedy.
        """
        if result.error is not None:
            return
        about = {"key": key, "architecture": job.architecture, "repeat": job.split.repeat, "fold": job.split.fold}
        numbers = {name: _or_none(getattr(result, name)) for name in _NUMBERS}
        arrays = {name: _as_text(getattr(result, name)) for name in _ARRAYS}
        values = {"scores": result.scores, "history": result.history, **numbers, **arrays}
        line = json.dumps({**about, **values}) + "\n"
        _line_files.append(self.path, line.encode(), self._identity, self._size)
        self._size += len(line.encode())
        self._results[key] = result

    def _read(self) -> dict[str, FitResult]:
        results: dict[str, FitResult] = {}
        for number, line in enumerate(self.path.read_bytes().split(b"\n")[:-1], start=1):
            try:
                values = json.loads(line)
                numbers: dict[str, Any] = {
                    name: np.nan if values[name] is None else float(values[name]) for name in _NUMBERS
                }
                arrays: dict[str, Any] = {name: _as_array(values[name]) for name in _ARRAYS}
                results[values["key"]] = FitResult(values["scores"], history=values["history"], **numbers, **arrays)
            except (ValueError, KeyError, TypeError, OSError, EOFError):
                self._warn(f"line {number} is damaged and is left out: that fit is done again")
        return results

    def _warn(self, what: str) -> None:
        warnings.warn(f"{self.path}: {what}.", UserWarning, stacklevel=5)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _as_text(array: np.ndarray | None) -> str | None:
    if array is None:
        return None
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return base64.b64encode(buffer.getvalue()).decode()


def _as_array(text: str | None) -> np.ndarray | None:
    return None if text is None else np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False)
