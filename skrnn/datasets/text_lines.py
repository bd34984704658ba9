"""Lines of numbers in text files, with errors that name the file and the line."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from skrnn.preprocessing.cells import short


def numbered_lines(path: Path, comment: str | None = None) -> Iterator[tuple[int, str]]:
    """Iterate over the lines of a file that are neither blank nor comments, with their numbers from 1.

    Raises
    ------
    ValueError
        If a line is not UTF-8; comments may be anything.
    """
    with open(path, encoding="utf-8-sig", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if not text or (comment is not None and text.startswith(comment)):
                continue
            try:
                text.encode()
            except UnicodeEncodeError:
                raise line_error(path, number, "expected UTF-8 text. Save the file in this encoding") from None
            yield number, text


def line_error(path: Path, number: int, message: str) -> ValueError:
    """Return the error about a line of a file."""
    return ValueError(f"{path}, line {number}: {message}.")


def numbers(fields: list[str], *, missing: tuple[str, ...]) -> np.ndarray:
    """Convert texts to numbers, and those that mean `missing` to NaN.

    Raises
    ------
    ValueError
        If one is not a finite number; the message does not say where the texts come from.
    """
    try:
        values = np.array([np.nan if field in missing else float(field) for field in map(str.strip, fields)])
    except ValueError:
        values = None
    # float accepts 1_000 and infinity; a number of Python's syntax is none of a data file
    if values is None or np.isinf(values).any() or any("_" in field for field in fields):
        place, wrong = next((i, field) for i, field in enumerate(fields) if not _is_number(field.strip(), missing))
        found = short(wrong) if wrong.strip() else "empty"
        raise ValueError(f"value {place + 1} of {len(fields)} is {found}; expected a finite number or {missing[0]}")
    return values


def _is_number(field: str, missing: tuple[str, ...]) -> bool:
    if field in missing:
        return True
    try:
        return "_" not in field and not np.isinf(float(field))
    except ValueError:
        return False


def first_line(path: Path) -> str:
    """Return the first line that is neither blank nor a comment, or an empty text if there is none."""
    return next((line for _, line in numbered_lines(path, comment="#")), "")
