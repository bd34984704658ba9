"""The text files of the UCR archive: a case on each line, its class label first, and no header."""

from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from skrnn.datasets.description import summary
from skrnn.datasets.text_lines import line_error, numbered_lines, numbers

_MISSING = ("NaN", "nan", "NAN", "?")


def is_ucr_text(line: str) -> bool:
    """Return whether a line can be the first of such a file: it holds numbers alone, the first of which is whole."""
    fields = line.split(_separator(line))
    try:
        values = numbers(fields, missing=_MISSING)
    except ValueError:
        return False
    return len(values) > 1 and _is_label(values[0])


def read_ucr_text(path: Path) -> Bunch:
    """Read such a file, separated by tabs, commas or spaces.

    Returns
    -------
    data : Bunch
        `X` of shape (n_cases, n_steps, 1), float64. Shorter cases end in NaN, which is padding. `y` holds the labels,
        int64.

    Raises
    ------
    ValueError
        If a line holds anything but numbers, is not as long as the first, or has a label that is no whole number.
    """
    rows: list[np.ndarray] = []
    separator: str | None = None
    for number, line in numbered_lines(path):
        if not rows:
            separator = _separator(line)
        try:
            row = numbers(line.split(separator), missing=_MISSING)
        except ValueError as error:
            raise line_error(path, number, str(error)) from None
        if rows and len(row) != len(rows[0]):
            message = f"found {len(row)} numbers, but the first line has {len(rows[0])}. Pad shorter cases with NaN"
            raise line_error(path, number, message)
        if not _is_label(row[0]):
            raise line_error(path, number, f"expected a class label first, a whole number, found {row[0]:g}")
        if np.isnan(row[1:]).all():
            raise line_error(path, number, "expected values after the class label; all are missing")
        rows.append(row)
    table = np.stack(rows)
    data = Bunch(
        X=table[:, 1:, np.newaxis],
        y=table[:, 0].astype(np.int64),
        groups=None,
        feature_names=None,
        categories={},
        kind="sequences",
    )
    data.description = summary(data, f"{path.name}: a file of the UCR archive, a row per sequence and its label first")
    return data


def _is_label(value: float) -> bool:
    """Return whether a number is whole and an integer of 64 bits holds it exactly."""
    return float(value).is_integer() and abs(value) < 2**53


def _separator(line: str) -> str | None:
    """Return what separates the numbers of a line; None is any white space."""
    return next((mark for mark in ("\t", ",") if mark in line), None)
