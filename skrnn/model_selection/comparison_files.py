"""The files of a comparison: arrays to load again, tables, and figures."""

import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from skrnn.model_selection.comparison_data import ComparisonData

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ARRAYS = "comparison.npz"
FILE_NAMES = (
    ARRAYS,
    "scores.csv",
    "pairwise.csv",
    "histories.csv",
    "summary.json",
    "scores.png",
    "differences.png",
    "learning_curves.png",
)
_VERSION = 1  # of the arrays; a file of a later version is not read
_FIGURES = ("scores.png", "differences.png", "learning_curves.png")


def save(
    comparison: ComparisonData,
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
    summary: Mapping[str, Any],
    figures: Mapping[str, "Figure"],
) -> list[Path]:
    """Write all files, and remove the figures of an earlier comparison that this one does not have.

    Parameters
    ----------
    comparison : ComparisonData
    folder : Path
    tables : mapping of str to DataFrame
        By the name of the file without ``.csv``.
    summary : mapping
        What ``summary.json`` contains besides the design.
    figures : mapping of str to matplotlib Figure
        By the name of the file without ``.png``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_arrays(comparison, folder / ARRAYS)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    text = json.dumps({**_design(comparison), **summary}, indent=2, ensure_ascii=False)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8")
    for name in _FIGURES:
        figure = figures.get(name.removesuffix(".png"))
        if figure is None:
            (folder / name).unlink(missing_ok=True)
        else:
            figure.savefig(folder / name, dpi=150)
    return [folder / name for name in FILE_NAMES if name not in _FIGURES or name.removesuffix(".png") in figures]


def _design(comparison: ComparisonData) -> dict[str, Any]:
    return {
        "complete": comparison.complete,
        "n_fits": int(comparison.finished.size),
        "n_fits_finished": int(comparison.finished.sum()),
        "n_fits_failed": comparison.n_failed,
        "scoring": comparison.scoring,
        "rope": comparison.rope,
        "n_train": comparison.n_train.tolist(),
        "n_test": comparison.n_test.tolist(),
    }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table for a file of JSON, with None for numbers that are missing."""
    return [{str(column): _as_json(value) for column, value in row.items()} for row in table.to_dict("records")]


def _as_json(value: Any) -> Any:
    """Return a number or a text, or None for a number that is missing: JSON has no NaN."""
    if isinstance(value, str):
        return value
    if pd.isna(value) or not math.isfinite(value):
        return None
    return value if isinstance(value, int) else float(value)


# Arrays


def write_arrays(comparison: ComparisonData, path: Path) -> None:
    """Write all attributes into a file of NumPy's format, without pickles."""
    arrays: dict[str, Any] = {}
    texts: dict[str, Any] = {"version": _VERSION}
    for name, value in vars(comparison).items():
        if name.startswith("_"):
            continue  # cached
        if isinstance(value, np.ndarray):
            arrays[name] = value.astype(str) if value.dtype == object else value
        elif name in ("predicted", "probabilities"):
            for row, of_splits in enumerate(value):
                arrays.update(
                    {f"{name}/{row}/{split}": each for split, each in enumerate(of_splits) if each is not None}
                )
        elif name == "test_rows":
            arrays.update({f"{name}/{split}": rows for split, rows in enumerate(value)})
        elif name == "metric_scores":
            texts[name] = list(value)
            arrays.update({f"{name}/{number}": scores for number, scores in enumerate(value.values())})
        elif name == "bootstrap":
            texts[name] = list(value)
            arrays.update({f"{name}/{number}": samples for number, samples in enumerate(value.values())})
        else:
            texts[name] = value
    np.savez_compressed(path, texts=np.array(json.dumps(texts)), **arrays)


def read(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Return the attributes of a comparison, as :func:`write_arrays` has written them."""
    path = path / ARRAYS if path.is_dir() else path
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        texts = json.loads(str(arrays.pop("texts")))
        version = texts.pop("version")
        values = _attributes(arrays, texts) if version <= _VERSION else {}
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is damaged, or is not a file that ArchitectureComparison.save has written. Compare again."
        ) from error
    if version > _VERSION:
        raise ValueError(f"{path} was written by a later version of skrnn. Update skrnn to read it.")
    return {name: values[name] for name in names}


def _attributes(arrays: Mapping[str, np.ndarray], texts: Mapping[str, Any]) -> dict[str, Any]:
    n_architectures, n_splits = arrays["finished"].shape
    n_tested = sum(name.startswith("test_rows/") for name in arrays)  # none if the comparison was made by hand
    values = {name: value for name, value in {**texts, **arrays}.items() if "/" not in name}
    values["architectures"], values["baselines"] = tuple(texts["architectures"]), tuple(texts["baselines"])
    values["curves"] = tuple(map(tuple, texts["curves"]))
    values["metric_scores"] = {name: arrays[f"metric_scores/{i}"] for i, name in enumerate(texts["metric_scores"])}
    values["bootstrap"] = {(a, b): arrays[f"bootstrap/{i}"] for i, (a, b) in enumerate(texts["bootstrap"])}
    values["test_rows"] = tuple(arrays[f"test_rows/{split}"] for split in range(n_tested))
    for name in ("predicted", "probabilities"):
        values[name] = tuple(
            tuple(arrays.get(f"{name}/{row}/{split}") for split in range(n_splits)) for row in range(n_architectures)
        )
    return values
