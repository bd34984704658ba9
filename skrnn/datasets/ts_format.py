"""The ``.ts`` format of the UCR and UEA archives of time series classification.

A header of lines such as ``@univariate false`` and ``@classLabel true left right`` ends with ``@data``. Each later line
is a case: the values of a channel are separated by commas, channels by colons, and the class label comes last.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from skrnn._hints import closest, did_you_mean
from skrnn.datasets.description import summary
from skrnn.datasets.text_lines import line_error, numbered_lines, numbers
from skrnn.preprocessing.cells import short
from skrnn.preprocessing.reading import to_object_array

_FLAGS = ("timestamps", "missing", "univariate", "equallength", "classlabel", "targetlabel")
_NUMBERS = ("dimensions", "dimension", "serieslength")
_TEXTS = ("problemname",)
_MISSING = ("?", "NaN", "nan", "NAN")


@dataclass
class _Header:
    """The lines before ``@data``: flags and numbers by their names in small letters, and the class labels."""

    flags: dict[str, bool] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    @property
    def n_channels(self) -> int | None:
        """The number of channels, if the header states it."""
        if self.flags.get("univariate"):
            return 1
        return self.numbers.get("dimensions", self.numbers.get("dimension"))

    @property
    def n_steps(self) -> int | None:
        """The length of all cases, if the header states it."""
        return self.numbers.get("serieslength") if self.flags.get("equallength", True) else None

    @property
    def has_labels(self) -> bool:
        """Whether a class label ends each line."""
        return self.flags["classlabel"]


def read_ts(path: Path) -> Bunch:
    """Read a ``.ts`` file.

    Returns
    -------
    data : Bunch
        `X` of shape (n_cases, n_steps, n_channels), float64, or an object array of such cases if their lengths differ;
        `y`, the labels as written in the file, or None; and `target_names`, the labels that the header lists. Missing
        values are NaN.

    Raises
    ------
    ValueError
        If the file is not in this format or contradicts its header. The message names the line.
    """
    header = _Header()
    cases: list[np.ndarray] = []
    labels: list[str] = []
    in_data, number = False, 0
    for number, line in numbered_lines(path, comment="#"):
        if in_data:
            case, label = _read_case(line, header, path, number)
            _check_shape(case, cases, header, path, number)
            cases.append(case)
            labels.append(label)
        elif line.lower() == "@data":
            _check_header(header, path, number)
            in_data = True
        elif line.startswith("@"):
            _read_tag(line, header, path, number)
        else:
            message = f"expected @data before the first case, or a line of the header, found {short(line)}"
            raise line_error(path, number, message)
    if not cases:
        missing = "no case after @data" if in_data else "no @data"
        raise ValueError(f"{path}: expected a file in the .ts format, but there is {missing} (last line: {number}).")
    lengths = {len(case) for case in cases}
    data = Bunch(
        X=np.stack(cases) if len(lengths) == 1 else to_object_array(cases),
        y=np.array(labels) if header.has_labels else None,
        groups=None,
        feature_names=None,
        categories={},
        target_names=header.labels or sorted({*labels}) if header.has_labels else None,
        kind="sequences",
    )
    data.description = summary(data, f"{path.name}: a file in the .ts format")
    return data


def _read_tag(line: str, header: _Header, path: Path, number: int) -> None:
    word, *values = line[1:].split() or [""]
    name = word.lower()
    known = {*_FLAGS, *_NUMBERS, *_TEXTS}
    if name not in known:
        hint = did_you_mean(closest(name, known)).replace("'", "@", 1).replace("'", "")
        raise line_error(path, number, f"@{word} is no line of the .ts format.{hint} Comments start with #")
    if name in header.seen:
        raise line_error(path, number, f"@{word} is there twice")
    header.seen.add(name)
    if name in _NUMBERS:
        if len(values) != 1 or not (values[0].isascii() and values[0].isdigit()) or len(values[0]) > 9:
            raise line_error(path, number, f"expected a number after @{word}, found {short(' '.join(values))}")
        header.numbers[name] = int(values[0])
    elif name in _FLAGS:
        flag = {"true": True, "false": False}.get(values[0].lower() if values else "")
        if flag is None:
            raise line_error(path, number, f"expected true or false after @{word}, found {short(' '.join(values))}")
        header.flags[name] = flag
        if name == "classlabel":
            header.labels = list(dict.fromkeys(values[1:]))


def _check_header(header: _Header, path: Path, number: int) -> None:
    """Refuse what the format allows, but cannot be read as labelled sequences of values."""
    flags = header.flags
    if flags.get("timestamps"):
        raise line_error(
            path,
            number,
            "@timeStamps is true, but cases with time stamps are not supported. Write the values alone, or a table "
            "with one row per step, and pass `id` and `time`",
        )
    if flags.get("targetlabel"):
        raise line_error(path, number, "@targetLabel is true, so this is a regression problem; expected classes")
    if "classlabel" not in flags:
        raise line_error(
            path, number, "expected @classLabel before @data: true and the labels, or false if there are none"
        )
    if 0 in header.numbers.values():
        raise line_error(path, number, "the header states zero dimensions or a series length of zero")
    stated = header.numbers.get("dimensions", header.numbers.get("dimension", 1))
    if flags.get("univariate") and stated != 1:
        raise line_error(path, number, f"the header states {stated} dimensions, but @univariate is true")


def _read_case(line: str, header: _Header, path: Path, number: int) -> tuple[np.ndarray, str]:
    """Return a case of shape (n_steps, n_channels), and its label, or an empty text."""
    channels, label = line.split(":"), ""
    if header.has_labels:
        label = _known_label(channels.pop().strip(), header, path, number)
    if not channels:
        raise line_error(path, number, f"expected values, a colon and a class label, found {short(line)}")
    columns = []
    for place, channel in enumerate(channels, 1):
        if not channel.strip():
            raise line_error(path, number, f"dimension {place} of {len(channels)} is empty; a missing value is a ?")
        try:
            columns.append(numbers(channel.split(","), missing=_MISSING))
        except ValueError as error:
            hint = " (time stamps are not supported)" if "(" in channel else ""
            raise line_error(path, number, f"dimension {place} of {len(channels)}: {error}{hint}") from None
    for place, column in enumerate(columns, 1):
        if len(column) != len(columns[0]):
            raise line_error(
                path,
                number,
                f"dimension {place} of {len(columns)} has {len(column)} values, but dimension 1 has {len(columns[0])}",
            )
    case = np.stack(columns, axis=1)
    if np.isnan(case).all():
        raise line_error(path, number, "all values of the case are missing")
    return case, label


def _known_label(label: str, header: _Header, path: Path, number: int) -> str:
    if not label:
        raise line_error(path, number, "expected a class label after the last colon")
    if not header.labels or label in header.labels:
        return label
    # the archive has files whose header and cases differ in the case of letters
    alike = [known for known in header.labels if known.lower() == label.lower()]
    if len(alike) != 1:
        shown = ", ".join(header.labels[:12]) + (", ..." if len(header.labels) > 12 else "")
        raise line_error(
            path,
            number,
            f"found the class label {short(label)}, but @classLabel lists {shown}. The line may have been cut short",
        )
    return alike[0]


def _check_shape(case: np.ndarray, cases: list[np.ndarray], header: _Header, path: Path, number: int) -> None:
    n_steps, n_channels = case.shape
    expected = header.n_channels or (cases[0].shape[1] if cases else n_channels)
    if n_channels != expected:
        source = "the header states" if header.n_channels else "the first case has"
        raise line_error(path, number, f"found {n_channels} dimensions, but {source} {expected}")
    is_equal = header.flags.get("equallength", False)
    expected = header.n_steps or (len(cases[0]) if cases and is_equal else n_steps)
    if n_steps != expected:
        source = "the header states" if header.n_steps else "@equalLength is true, and the first case has"
        raise line_error(path, number, f"found {n_steps} steps, but {source} {expected}")
