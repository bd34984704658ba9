"""The user's own data: the options that say how a file is read, and what the commands make of it."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skrnn.cli.common import FAILED, MISUSED, fail
from skrnn.cli.data import EMBEDDING_DIM, Name, built_in
from skrnn.cli.source import Source

if TYPE_CHECKING:
    from sklearn.utils import Bunch

_PANEL = "Your own file"

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="digits, mnist, imdb or reviews; or the path of a file (.csv, .tsv, .parquet, .feather, .npz, .ts, .txt), "
        "or of a folder with a folder of images for each class.",
    ),
]
Target = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the labels.", rich_help_panel=_PANEL)]
Id = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="COLUMN",
        help="If each row is one step: column of the sequence that a row belongs to; with --window, of the recording.",
        rich_help_panel=_PANEL,
    ),
]
Time = Annotated[
    str | None,
    typer.Option(
        "--time", metavar="COLUMN", help="Column that orders the steps of a sequence.", rich_help_panel=_PANEL
    ),
]
Text = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Column of texts to classify.", rich_help_panel=_PANEL)
]
Group = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column of groups, such as persons. No group is in both parts of a split.",
        rich_help_panel=_PANEL,
    ),
]
Features = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMNS",
        help="Columns of the features, separated by commas; otherwise all that remain.",
        rich_help_panel=_PANEL,
    ),
]
Window = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="STEPS",
        help="Cut recordings with a label at each step into windows of this length.",
        rich_help_panel=_PANEL,
    ),
]
Step = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="STEPS",
        help="Distance between the starts of two windows.",
        show_default="--window",
        rich_help_panel=_PANEL,
    ),
]
Test = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Score on this file instead of cross-validating.", rich_help_panel=_PANEL),
]
Patch = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="STEPS",
        help="Read this many steps as one; 1 reads each on its own.",
        show_default="1 up to 64 steps, otherwise so that about 32 remain",
        rich_help_panel=_PANEL,
    ),
]
NoScale = Annotated[bool, typer.Option("--no-scale", help="Do not standardise the features.", rich_help_panel=_PANEL)]


@dataclass(frozen=True)
class FileOptions:
    """The options above; they mean what the parameters of `load_file` mean."""

    target: str | None = None
    id: str | None = None
    time: str | None = None
    text: str | None = None
    group: str | None = None
    features: str | None = None
    window: int | None = None
    step: int | None = None
    test: Path | None = None
    patch: int | None = None
    no_scale: bool = False

    def reading(self) -> dict[str, Any]:
        """Return the parameters of `load_file`."""
        columns = None if self.features is None else [name.strip() for name in self.features.split(",")]
        names = ("target", "id", "time", "text", "group", "window", "step")
        return {**{name: getattr(self, name) for name in names}, "features": columns}

    def given(self) -> dict[str, str]:
        """Return the options that differ from their defaults, by name, as they are typed."""
        pairs = {name.replace("_", "-"): value for name, value in asdict(self).items()}
        return {
            name: "" if value is True else str(value) for name, value in pairs.items() if value not in (None, False)
        }


def same_columns(read: "Bunch", options: FileOptions) -> dict[str, Any]:
    """Return the parameters of `load_file` that read another file with the same columns and levels in this order."""
    of_long_table = read.feature_names if options.id is not None or options.window is not None else None
    return {"features": read.get("columns", of_long_table), "categories": read.get("categories") or None}


def source_of(
    data: str, options: FileOptions, samples: int | None, data_home: Path | None, seed: int, *, test_set: bool = False
) -> tuple[Source, list[tuple[str, str]]]:
    """Return what a command works on, and for a file how it was understood, as terms and texts."""
    if _is_built_in(data):
        if given := [*options.given()]:
            fail(f"--{given[0]} is for files of your own; {data} is a data set that the command knows.", MISUSED)
        return built_in(Name(data), samples, data_home, seed, test_set=test_set), []
    if test_set:
        fail("--test-set is for mnist and imdb; pass the file of your own test set with --test FILE.", MISUSED)
    read, test = read_files(data, options)
    source, terms = _source(data, read, test, options), understood(read, test)
    if source.patch_length > 1:
        terms.append(("patches", f"{source.patch_length} steps are read as one"))
    return source if samples is None else source.subset(samples, seed), terms


def read_files(data: str, options: FileOptions) -> tuple["Bunch", "Bunch | None"]:
    """Return the contents of a file and of its test file, or fail with a message that names the option to correct."""
    if _is_built_in(data):
        fail(f"{data} is a data set that the commands know; describe is for files of your own.", MISUSED)
    if not Path(data).exists():
        fail(f"There is no file {data}. The data sets that the command knows are {', '.join(Name)}.", MISUSED)
    how = options.reading()
    read = read_file(data, how)
    if options.test is None:
        return read, None
    test = read_file(str(options.test), {**how, **same_columns(read, options)})
    if test.kind != read.kind or test.get("feature_names") != read.get("feature_names"):
        fail(f"{options.test} has {contents(test)}, but {data} has {contents(read)}: both must have the same.", MISUSED)
    return read, test


def understood(read: "Bunch", test: "Bunch | None") -> list[tuple[str, str]]:
    """Return how files were understood, as terms and texts."""
    from skrnn.datasets import describe

    return describe(read) + ([] if test is None else [("test set", test.description)])


def _is_built_in(data: str) -> bool:
    return data in Name.__members__ and not Path(data).exists()


def read_file(path: str, how: dict[str, Any]) -> "Bunch":
    """Return the contents of a file, or fail with a message that names the option to correct."""
    from skrnn.datasets import load_file

    try:
        return load_file(path, **how)
    except (ValueError, TypeError, ImportError) as error:
        fail(_with_options(str(error)), MISUSED)
    except OSError as error:
        fail(str(error), FAILED)


def contents(data: "Bunch") -> str:
    """Return the kind of the contents of a file, and the features, for messages."""
    names = data.get("feature_names")
    return data.kind if names is None else f"{data.kind} of the features {', '.join(map(str, names))}"


def _source(data: str, read: "Bunch", test: "Bunch | None", options: FileOptions) -> Source:
    from skrnn.datasets import make_preprocessor

    if read.y is None:
        fail(f"{data} has no labels; name their column with --target.", MISUSED)
    of_one_recording = options.window is not None and len(set(read.ids.tolist())) == 1
    return Source(
        name=Path(data).resolve().name.partition(".")[0],
        items={"texts": "texts", "images": "images"}.get(read.kind, "windows" if options.window else "sequences"),
        X=read.X,
        y=read.y,
        preprocessor=make_preprocessor(read, scale=not options.no_scale, patch_length=options.patch),
        classifier_parameters={"embedding_dim": EMBEDDING_DIM} if read.kind == "texts" else {},
        X_test=None if test is None else test.X,
        y_test=None if test is None else test.y,
        groups=None if of_one_recording else read.groups,
        gap=read.gap if of_one_recording else None,
        options=options.given(),
        reading={
            **options.reading(),
            **same_columns(read, options),
            "target": None,  # a file to predict has no labels
            "group": None,
            "kind": read.kind,
            "names": read.get("feature_names"),
        },
    )


def _with_options(message: str) -> str:
    """Return a message of `load_file` with the options of the command line instead of its parameters."""
    names = "|".join(FileOptions.__dataclass_fields__)
    message = message.replace(", or False if there are no labels", "")
    return re.sub(rf"`({names})`", r"--\1", message)
