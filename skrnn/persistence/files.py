"""`save` and `load`: the file around the nodes, which is a zip archive with a digest of itself at its end.

The archive is one that skops could read. Its comment, the last bytes of the file, holds the version of the format and
a SHA-256 of all that precedes the digest, so that not a single bit can change unnoticed. Later versions keep this end,
by which every version recognises a file. Members are not compressed: a file cannot grow while it is read.
"""

import hashlib
import io
import json
import math
import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import psutil

import skrnn
from skrnn import _skops
from skrnn._atomic import replacing
from skrnn.persistence.decoding import UntrustedError, decode
from skrnn.persistence.encoding import Encoder
from skrnn.persistence.trust import names_given

FORMAT = 1
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "skops", "keras", "tensorflow", "optuna")
_TREE, _ABOUT = "schema.json", "skrnn.json"
_END = re.compile(rb"skrnn-format (\d{1,9}) sha256 ([0-9a-f]{64})\Z")
_LONGEST_END = 100
_N_DIGITS = 64
_MEMBER = re.compile(r"[0-9]{1,9}\.(npy|bin)")
_LARGEST_TREE = 2**28
_LARGEST_REMARKS = 2**24
_LARGEST_EMPTY = 2**24
_MEMORY_PER_BYTE = 24  # of the tree, at worst


def save(estimator: Any, file: str | os.PathLike[str] | BinaryIO, *, remarks: Mapping[str, Any] | None = None) -> None:
    """Save an estimator, or another object of this package, to a file that contains no code.

    :func:`load` reads it. A file that exists is replaced at the end: if anything fails before, even the power, the old
    file is still there. What is written has been read back once.

    Parameters
    ----------
    estimator : object
        Classifiers, frozen or not, fitted or not; transformers, pipelines, searches and other estimators of
        scikit-learn that contain them; :class:`~skrnn.model_selection.ArchitectureComparison`.
    file : str, path-like or binary file object
        Where to write. The usual end of the name is ``.skrnn``.
    remarks : mapping of str to object, default=None
        What else the file should hold, such as where the data came from. :func:`read_remarks` returns it.

    Raises
    ------
    ValueError
        If the object contains something that could not be loaded, such as a lambda, an open connection, or a password
        in the address of a database. The message says what and where.
    OSError
        If the file cannot be written, because the disk is full, for instance. The message names the path.

    See Also
    --------
    load : Reads the file.
    freeze : Makes a classifier that predicts without TensorFlow, to save or to pickle.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import skrnn
    >>> from skrnn.datasets import make_adding_problem
    >>> X, y = make_adding_problem(100, 10, random_state=0)
    >>> classifier = skrnn.GRUClassifier(8, epochs=2, random_state=0).fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "adding.skrnn"
    ...     skrnn.save(classifier, path)
    ...     loaded = skrnn.load(path)
    >>> bool((loaded.predict_proba(X) == classifier.predict_proba(X)).all())
    True
    """
    if hasattr(file, "write"):
        memory = io.BytesIO()
        _write(estimator, memory, remarks)
        file.write(memory.getbuffer())
        return
    if (
        Path(file).exists() and not Path(file).is_file() and not Path(file).is_dir()
    ):  # a pipe, which cannot be read back
        with Path(file).open("wb") as stream:
            save(estimator, stream, remarks=remarks)
        return
    with replacing(Path(file)) as part, part.open("w+b") as stream:
        _write(estimator, stream, remarks)


def load(file: str | os.PathLike[str] | BinaryIO, trusted: Sequence[str | type] = ()) -> Any:
    """Load what :func:`save` has written, without running any code in the file.

    A file names the types of its objects. Those of this package and of scikit-learn are trusted, as far as loading
    them runs no code; any other is refused by its name, before anything is made or imported.

    Parameters
    ----------
    file : str, path-like or binary file object
        The file.
    trusted : sequence of str or type, default=()
        Other types and functions that the file may contain, or their full names, as in the message of the error. What
        they do when they are loaded, they do with what the file says: trust only what you know.

    Returns
    -------
    estimator : object

    Raises
    ------
    ValueError
        If the file is damaged, is no such file, was written by a later version, or contains a type that is not
        trusted.
    OSError
        If the file cannot be read.

    Warns
    -----
    InconsistentVersionWarning
        If estimators of scikit-learn were saved with another version of it.

    See Also
    --------
    save : Writes the file, with an example.
    """
    return _load(file, trusted)[0]


def read_remarks(file: str | os.PathLike[str] | BinaryIO, trusted: Sequence[str | type] = ()) -> dict[str, Any]:
    """Return the remarks in a file that :func:`save` has written.

    Parameters
    ----------
    file, trusted : as in `load`
        The file, and types that it may contain.

    Returns
    -------
    remarks : dict
        Empty if there are none.

    Raises
    ------
    ValueError, OSError
        As in `load`.

    Examples
    --------
    >>> import io
    >>> import skrnn
    >>> from skrnn.persistence import read_remarks
    >>> file = io.BytesIO()
    >>> skrnn.save(skrnn.preprocessing.SequenceScaler(), file, remarks={"data": "gaits.csv"})
    >>> _ = file.seek(0)
    >>> read_remarks(file)
    {'data': 'gaits.csv'}
    """
    return _load(file, trusted)[1]


def _load(file: str | os.PathLike[str] | BinaryIO, trusted: Sequence[str | type]) -> tuple[Any, dict[str, Any]]:
    names = names_given(trusted)
    if not isinstance(file, (str, os.PathLike)):
        return _read(io.BytesIO(file.read()), "The file", names)
    with Path(file).open("rb") as stream:
        return _read(stream, os.fspath(file), names)


# Writing


def _write(estimator: Any, stream: BinaryIO, remarks: Mapping[str, Any] | None) -> None:
    with zipfile.ZipFile(stream, "w") as archive:
        n_members = 0

        def add(contents: np.ndarray | bytes) -> str:
            nonlocal n_members
            n_members += 1
            name = f"{n_members}.{'bin' if isinstance(contents, bytes) else 'npy'}"
            with archive.open(_member(name), "w", force_zip64=True) as member:
                if isinstance(contents, bytes):
                    member.write(contents)
                else:
                    np.lib.format.write_array(member, contents, allow_pickle=False)
            return name

        try:
            tree = Encoder(add).encode(estimator)
            about = {"versions": _versions(), "remarks": Encoder(add).encode(dict(remarks or {}))}
            text = json.dumps({**tree, "protocol": _skops.PROTOCOL}, ensure_ascii=False, separators=(",", ":"))
        except RecursionError:
            raise ValueError(
                f"This object cannot be saved: {type(estimator).__name__} is nested too deeply, or contains itself."
            ) from None
        encoded = text.encode("utf-8", "surrogatepass")
        if len(encoded) > _LARGEST_TREE:
            raise ValueError(
                f"This object cannot be saved: without its arrays it takes {len(encoded):,} bytes, more than the "
                f"{_LARGEST_TREE:,} that a file may have. Does it contain data as lists instead of arrays?"
            )
        archive.writestr(_member(_TREE), encoded)
        archive.writestr(_member(_ABOUT), json.dumps(about).encode())
        archive.comment = _end(b"0" * _N_DIGITS)
    digest = _digest(stream)
    stream.seek(-_N_DIGITS, io.SEEK_END)
    stream.write(digest)
    stream.flush()
    try:
        _read(stream, "", None)
    except ValueError as error:
        reason = error.__cause__ or error
        raise ValueError(f"This object cannot be saved, because it could not be loaded: {reason}") from error


def _member(name: str) -> zipfile.ZipInfo:
    """Return the entry of a member, with a fixed time: the same object gives the same file."""
    return zipfile.ZipInfo(name)


def _end(digits: bytes) -> bytes:
    return b"skrnn-format %d sha256 %b" % (FORMAT, digits)


def _digest(stream: BinaryIO) -> bytes:
    """Return the digest of a file without its last digits, in hexadecimal."""
    left = stream.seek(0, io.SEEK_END) - _N_DIGITS
    stream.seek(0)
    digest = hashlib.sha256()
    while left > 0 and (block := stream.read(min(left, 1 << 20))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest().encode()


def _versions() -> dict[str, str]:
    versions = {"skrnn": skrnn.__version__}
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue  # such as the TensorFlow of another distribution
    return versions


# Reading


def _read(stream: BinaryIO, path: str, trusted: frozenset[str] | None) -> tuple[Any, dict[str, Any]]:
    """Return the object in a file and the remarks. With `trusted` None, everything is trusted."""
    _require_whole(stream, path)
    versions: dict[str, str] = {}
    try:
        with zipfile.ZipFile(stream) as archive:
            _require_plain(archive, stream.seek(0, io.SEEK_END))
            about = json.loads(archive.read(_ABOUT))
            versions = about["versions"]
            tree = json.loads(archive.read(_TREE))
            return decode(tree, archive, trusted), decode(about["remarks"], archive, trusted)
    except UntrustedError as error:
        raise ValueError(f"{path} was not loaded: {error}") from None
    except Exception as error:
        raise ValueError(f"{path} could not be loaded: {_what(error)}.{_other_versions(versions)}") from error


def _require_whole(stream: BinaryIO, path: str) -> None:
    """Raise an error unless a file ends as ours do, and has the digest that its end says."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - _LONGEST_END))
    end = _END.search(stream.read())
    if end is None:
        stream.seek(0)
        is_archive = stream.read(2) == b"PK"
        reason = "it is cut off, damaged, or no file of skrnn.save" if is_archive else "it is no file of skrnn.save"
        raise ValueError(f"{path} could not be loaded: {reason}.")
    if _digest(stream) != end[2]:
        raise ValueError(f"{path} could not be loaded: it is damaged, its contents do not agree with their digest.")
    if int(end[1]) > FORMAT:
        raise ValueError(
            f"{path} could not be loaded: it has the format {int(end[1])} of a later version of skrnn, and "
            f"skrnn {skrnn.__version__} reads formats up to {FORMAT}. Update skrnn."
        )


def _require_plain(archive: zipfile.ZipFile, size: int) -> None:
    """Raise an error if an archive contains what :func:`save` does not write, before any of it is read."""
    members = archive.infolist()
    names = [member.filename for member in members]
    if len({*names}) < len(names):
        raise ValueError("two of its members have the same name")
    if strange := [name for name in names if name not in (_TREE, _ABOUT) and not _MEMBER.fullmatch(name)]:
        raise ValueError(f"it has a member {strange[0][:100]!r}")
    if any(
        member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size or member.flag_bits & 1
        for member in members
    ):
        raise ValueError("its members are compressed or encrypted")
    if sum(member.file_size for member in members) > size:
        raise ValueError("its members are larger than the file")
    n_bytes = archive.getinfo(_TREE).file_size
    n_free = psutil.virtual_memory().available
    if n_bytes > _LARGEST_TREE or n_bytes * _MEMORY_PER_BYTE > n_free:
        raise ValueError(
            f"{_TREE} in it has {n_bytes:,} bytes, which may take {n_bytes * _MEMORY_PER_BYTE:,} bytes of memory; "
            f"{n_free:,} are free"
        )
    if archive.getinfo(_ABOUT).file_size > _LARGEST_REMARKS:
        raise ValueError(f"{_ABOUT} in it has more than {_LARGEST_REMARKS:,} bytes")
    for member in members:
        if member.filename.endswith(".npy"):
            _require_array(archive, member)


def _require_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Raise an error unless an array has exactly the size that its header says, and no objects."""
    with archive.open(member) as stream:
        form = np.lib.format.read_magic(stream)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, _, dtype = read[form](stream)
        n_left = member.file_size - stream.tell()
    if dtype.hasobject:
        raise ValueError(f"the array {member.filename} contains Python objects")
    if math.prod(shape) * dtype.itemsize != n_left or any(length < 0 for length in shape):
        raise ValueError(f"the array {member.filename} has {n_left:,} bytes, which do not agree with its shape {shape}")
    if math.prod(length or 1 for length in shape) * max(dtype.itemsize, 1) > max(n_left, _LARGEST_EMPTY):
        raise ValueError(f"the array {member.filename} is empty, but has the shape {shape}")


def _what(error: Exception) -> str:
    """Return what is wrong, in words for those who do not know the format."""
    if isinstance(error, RecursionError):
        return "its contents are nested too deeply, or contain themselves"
    if isinstance(error, MemoryError):
        return "its contents do not fit into the memory"
    text = str(error).partition("\n")[0][:300]
    return f"{text or 'its contents are not valid'} ({type(error).__name__})" if type(error) is not ValueError else text


def _other_versions(versions: Any) -> str:
    """Return a sentence if a file was saved with other versions of libraries."""
    if not isinstance(versions, dict):
        return ""
    here = _versions()
    others = [
        f"{name} {str(there)[:20]} (here {here.get(name, 'missing')})"
        for name, there in versions.items()
        if name in (*_LIBRARIES, "skrnn") and here.get(name) != there
    ]
    return f" It was saved with {', '.join(others)}, which may be the reason." if others else ""
