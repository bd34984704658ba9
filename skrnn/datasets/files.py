"""`load_file`: from a file or folder on disk to sequences, texts or images. The readers of each kind are elsewhere."""

import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.utils import Bunch

from skrnn._hints import closest, did_you_mean
from skrnn._sklearn import Interval, StrOptions, validate_params
from skrnn.datasets.image_folders import read_image_folder
from skrnn.datasets.long_tables import read_long_table
from skrnn.datasets.numpy_files import read_npz
from skrnn.datasets.recordings import read_windows
from skrnn.datasets.sizes import require_room_for_text
from skrnn.datasets.table_files import BINARY, COMPRESSED, SEPARATED, naming, read_table
from skrnn.datasets.tables import Table, listed, open_table
from skrnn.datasets.text_lines import first_line
from skrnn.datasets.ts_format import read_ts
from skrnn.datasets.ucr_text import is_ucr_text, read_ucr_text
from skrnn.datasets.wide_tables import read_texts, read_wide_table

_TARGETS = ("target", "label", "class", "y")  # the names of a column that is the target unless the caller names one
_CURES = {
    ".npy": "It holds one array without labels: save X and y with np.savez('data.npz', X=X, y=y).",
    ".xlsx": "Save the sheet as CSV.",
    ".xls": "Save the sheet as CSV.",
    ".pkl": "A pickle can run any program, so none is read: save a table as Parquet, or arrays with np.savez.",
    ".pickle": "A pickle can run any program, so none is read: save a table as Parquet, or arrays with np.savez.",
    ".png": "Pass the folder that holds a folder of images for each class.",
    ".jpg": "Pass the folder that holds a folder of images for each class.",
}


@validate_params(
    {
        "path": [str, os.PathLike],
        "target": [Hashable],
        "id": [Hashable],
        "time": [Hashable],
        "text": [str, None],
        "group": [Hashable],
        "name_pattern": [str],
        "window": [Interval(Integral, 1, None, closed="left"), None],
        "step": [Interval(Integral, 1, None, closed="left"), None],
        "label": [StrOptions({"majority", "last"}), callable],
        "categories": [Mapping, None],
    },
    prefer_skip_nested_validation=True,
)
def load_file(
    path: str | os.PathLike[str],
    *,
    target: Hashable | Literal[False] | None = None,
    id: Hashable | None = None,
    time: Hashable | None = None,
    text: str | None = None,
    group: Hashable | None = None,
    features: Sequence[Hashable] | None = None,
    name_pattern: str = "{feature}_t{step}",
    window: int | None = None,
    step: int | None = None,
    label: str | Callable[[np.ndarray], Any] = "majority",
    categories: Mapping[Hashable, Sequence[Any]] | None = None,
) -> Bunch:
    r"""Load labelled sequences, texts or images from a file or a folder.

    The end of the name decides how it is read:

    - ``.csv``, ``.tsv``, ``.parquet`` and ``.feather``: a table, whose rows the parameters explain. Text files may be
      compressed, such as ``.csv.gz``;
    - ``.ts``: a file of the UCR and UEA archives, with sequences of equal or unequal length;
    - ``.txt``, and ``.tsv`` without names of columns: a text file of the UCR archive, the label of each line first;
    - ``.npz``: the arrays `X`, `y` and, optionally, `groups` of :func:`numpy.savez`, read without pickle;
    - a folder: images ``class/name.png`` or ``.jpg``, all of one size.

    The rows of a table are:

    - with `text`, texts;
    - with `window`, the steps of recordings with a label for each step, which are cut into windows;
    - with `id`, the steps of the sequences with these ids;
    - otherwise sequences. The columns are the steps of one feature, in their order, or of several features if the name
      of a column matches `name_pattern`.

    Parameters
    ----------
    path : str or path-like
        The file or folder.
    target : hashable or False, default=None
        The column of the labels. None takes the only column called target, label, class or y, but no y beside x
        or z. False: there are no labels.
    id : hashable, default=None
        The column that says which sequence a row belongs to; with `window`, which recording.
    time : hashable, default=None
        The column to sort the steps by: see :func:`sequences_from_frame`.
    text : str, default=None
        The column of texts.
    group : hashable, default=None
        The column of what sequences have in common, such as the person, so that cross-validation can keep them
        together.
    features : sequence of hashable, default=None
        The columns of the features, or of the steps of a wide table. None takes all that are nothing else.
    name_pattern : str, default="{feature}_t{step}"
        The names of the columns of a wide table with several features: see
        :class:`~skrnn.preprocessing.TabularToSequence`.
    window : int, default=None
        The number of steps of a window.
    step : int, default=None
        The number of steps between the starts of two windows. None uses `window`, so that windows do not overlap.
    label : {"majority", "last"} or callable, default="majority"
        The label of a window: see :func:`~skrnn.preprocessing.sliding_windows`.
    categories : dict of sequences, default=None
        The levels of categorical features. Pass the `categories` of the training data when loading test data, so that
        the numbers of the levels agree.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray
            Sequences of shape (n, n_steps, n_features), or an object array of shape (n,) with arrays of shape
            (n_steps_i, n_features) if their lengths differ; texts, an object array of str of shape (n,); or images of
            shape (n, height, width) or (n, height, width, 3), uint8. Missing values are NaN, and so is what pads the
            end of a shorter row of a wide table.
        y : ndarray of shape (n,) or None
            The labels, of the type that they have in the file. Those of ``.ts`` files and folders are str.
        groups : ndarray of shape (n,) or None
            The values of `group`. With `window`, and without `group`, the recording of each window.
        kind : {"sequences", "texts", "images"}
            What X holds.
        feature_names : list or None
            The names of the features, if the file has them.
        categories : dict of lists
            The levels of the categorical features: see :func:`sequences_from_frame`.
        description : str
            How the file was read.
        columns : list
            The columns that hold the steps of a wide table, in the order that they were read. Pass them as `features`
            when loading test data, whose columns may come in another order.
        ids : ndarray of shape (n,)
            The id of each sequence, or of the recording of each window. Only for tables with one row per step.
        target_names : list of str
            The classes. Only for ``.ts`` files with labels and folders.
        window, starts, n_left_over, gap : (int, int), ndarray of shape (n,), int, int
            The length of the windows and the step between them, the first step of each in its recording, how many
            steps are in no window, and how many neighbours on each side share steps with a window: the `gap` of
            :class:`~skrnn.model_selection.PurgedKFold`. Only with `window`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is of another kind, empty or damaged, its contents take more memory than there is, or a parameter
        does not fit it. The message names the file and, for text formats, the line.

    See Also
    --------
    sequences_from_frame : The same for a table with one row per step that is in memory already.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skrnn.datasets import load_file
    >>> table = "trial,second,speed,gait\n1,0,0.5,walk\n1,1,0.75,walk\n2,0,2.0,run\n2,1,2.5,run\n2,2,3.0,run\n"
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "gaits.csv"
    ...     _ = path.write_text(table)
    ...     data = load_file(path, id="trial", time="second", target="gait")
    >>> data.X[1].ravel(), data.y
    (array([2. , 2.5, 3. ]), array(['walk', 'run'], dtype=object))
    >>> print(data.description)
    gaits.csv: a long table; 2 sequences of 2 to 3 steps (by 'trial', sorted by 'second'), 1 feature, 2 classes
    ('gait').
    """
    path = Path(path)
    options = {
        "target": target,
        "id": id,
        "time": time,
        "text": text,
        "group": group,
        "features": features,
        "window": window,
        "step": step,
        "categories": categories,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if not categories:
        given.pop("categories", None)  # training data of any kind may have none
    reader = _reader(path, given)
    if reader is not None:
        if given:
            raise ValueError(f"{path}: `{next(iter(given))}` is an option of tables, and this is {_KINDS[reader]}.")
        if reader in (read_ts, read_ucr_text):
            with naming(path):
                require_room_for_text(path)
        return reader(path)
    with naming(path):
        _check_options(given)
        frame = read_table(path, _suffix(path), text=text, wanted=_columns_of(given))
        table = open_table(frame)
        chosen, notes = _target(table, target, taken=[id, time, text, group, *(features or ())])
        if text is not None:
            return read_texts(table, path.name, text=text, target=chosen, group=group, notes=notes)
        if window is not None:
            data = read_windows(
                table,
                path.name,
                length=window,
                step=window if step is None else step,
                label=label,
                id=id,
                time=time,
                target=chosen,
                group=group,
                features=features,
                categories=categories,
                notes=notes,
            )
        elif id is not None:
            data = read_long_table(
                table,
                f"{path.name}: a long table",
                id=id,
                time=time,
                target=chosen,
                features=features,
                groups=group,
                categories=categories,
                group_option="group",
                notes=notes,
            )
            _refuse_single_steps(data, id)
        else:
            data = read_wide_table(
                table,
                path.name,
                target=chosen,
                group=group,
                features=features,
                name_pattern=name_pattern,
                notes=notes,
            )
    data.kind = "sequences"
    return data


_KINDS: dict[Callable[[Path], Bunch], str] = {
    read_ts: "a file in the .ts format",
    read_ucr_text: "a file of the UCR archive",
    read_npz: "a file of arrays",
    read_image_folder: "a folder of images",
}


def _suffix(path: Path) -> str:
    """Return the end of a name in small letters, without that of compression."""
    name = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return name.suffix.lower()


def _reader(path: Path, given: dict[str, Any]) -> Callable[[Path], Bunch] | None:
    """Return the reader of a file that is no table, and None for a table."""
    if path.is_dir():
        return read_image_folder
    if not path.exists():
        siblings = [child.name for child in path.parent.iterdir()] if path.parent.is_dir() else []
        raise FileNotFoundError(f"{path}: there is no such file or folder.{did_you_mean(closest(path.name, siblings))}")
    if not path.stat().st_size:
        raise ValueError(f"{path}: the file is empty.")
    suffix, whole = _suffix(path), path.suffix.lower()
    if whole == ".npz":
        return read_npz
    if whole == ".ts":
        return read_ts
    if whole == ".txt":
        return _reader_of_text(path)
    if whole == ".tsv" and not given and is_ucr_text(first_line(path)):
        return read_ucr_text
    if suffix in SEPARATED or (suffix in BINARY and suffix == whole):
        return None
    known = [*SEPARATED, *BINARY, ".ts", ".txt", ".npz"]
    raise ValueError(
        f"{path}: expected a folder of images, or a file that ends in {', '.join(known)}, found "
        f"{repr(whole) if whole else 'no such end'}. {_CURES.get(suffix, '')}".rstrip()
    )


def _reader_of_text(path: Path) -> Callable[[Path], Bunch]:
    line = first_line(path)
    if line.startswith("@"):
        return read_ts
    if is_ucr_text(line):
        return read_ucr_text
    raise ValueError(
        f"{path}: expected a file of the UCR archive, with a line of numbers for each sequence and its label first, or "
        "one in the .ts format. A table ends in .csv or .tsv: rename it."
    )


def _check_options(given: dict[str, Any]) -> None:
    """Refuse options that have no meaning beside each other."""
    useless = [option for option in ("id", "time", "features", "window", "categories") if option in given]
    if "text" in given and useless:
        raise ValueError(f"`{useless[0]}` has no meaning with `text`: leave one of them out.")
    if "step" in given and "window" not in given:
        raise ValueError("`step` is the distance between windows: pass `window`, their length, too.")
    if "categories" in given and not {"id", "window"} & given.keys():
        raise ValueError("`categories` are levels of features of tables with one row per step: pass `id` or `window`.")
    if "time" in given and not {"id", "window"} & given.keys():
        raise ValueError(
            "`time` sorts the steps of a sequence: pass `id`, the column that says which sequence a row belongs to, or "
            "`window` to cut one recording."
        )


def _columns_of(given: dict[str, Any]) -> list[Any]:
    """Return the names of columns among the options."""
    single = [given[option] for option in ("target", "id", "time", "text", "group") if option in given]
    return [*single, *given.get("features", ())]


def _target(table: Table, target: Any, taken: Sequence[Any]) -> tuple[Any, list[str]]:
    """Return the column of the labels, None if there are none, and a sentence if it was guessed."""
    if target is not None:
        return (None if target is False else target), []
    others = {str(name).lower() for name in table.names}
    # y beside x or z is an axis, as of an accelerometer
    usual = [name for name in _TARGETS if name != "y" or not others & {"x", "z"}]
    names = [name for name in table.names if str(name).lower() in usual and name not in taken]
    if len(names) == 1:
        return names[0], [
            f"The labels were taken from {names[0]!r} because of its name; `target` names another column."
        ]
    found = f"{listed(names)} may all be it" if names else f"the columns are {listed(table.names)}"
    raise ValueError(
        f"which column holds the labels? Pass its name as `target`, or False if there are no labels: {found}."
    )


def _refuse_single_steps(data: Bunch, id: Hashable) -> None:
    """Raise a ValueError if each row is a sequence of its own: the table is a wide one, with a name for each row."""
    if len(data.X) > 1 and data.X.ndim == 3 and data.X.shape[1] == 1:
        raise ValueError(
            f"each row has another {id!r}, so all sequences have a single step. If each row is a sequence, leave out "
            "`id`, and pass `features`, the columns that are steps."
        )
