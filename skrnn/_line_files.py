"""Files to which whole lines are appended, each a JSON object: no crash and no full disk leaves half a line in one.

A process that dies while it writes, or a disk that is full, may leave a line without an end. The next line would be
glued to it, and both would be lost. So every line is appended under a lock, after the last one has been mended.
"""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_BLOCK = 1 << 16

Identity = tuple[int, int]


def identity(path: str | os.PathLike[str]) -> Identity:
    """Return the device and the number of a file, which differ from those of a file that replaces it."""
    status = os.stat(path)
    return status.st_dev, status.st_ino


def mend(path: str | os.PathLike[str]) -> bytes:
    """Complete the last line of a file, or cut it off.

    Parameters
    ----------
    path : str or path-like
        An existing file.

    Returns
    -------
    cut : bytes
        What was cut off: the beginning of a line. Empty if the last line was complete, or lacked only its end.

    Raises
    ------
    OSError
        If the file cannot be written to.
    """
    with _locked(path) as file:
        return _mend(file)


def append(path: str | os.PathLike[str], lines: bytes, expected: Identity, size: int = 0) -> bytes:
    """Append lines to a file, and wait until they are on the disk. Either all of them are written, or none.

    Parameters
    ----------
    path : str or path-like
        An existing file.
    lines : bytes
        Whole lines, each with its end.
    expected : tuple of int
        The :func:`identity` of the file.
    size : int, default=0
        The number of bytes that the file had at least. A new file may get the number of one that was deleted.

    Returns
    -------
    cut : bytes
        What was cut off before, as in :func:`mend`.

    Raises
    ------
    OSError
        If the file does not exist any more, is another one than expected, or cannot be written to. The message names
        it.
    """
    with explained(path), _locked(path) as file:
        status = os.fstat(file.fileno())
        if (status.st_dev, status.st_ino) != expected or status.st_size < size:
            raise FileNotFoundError(f"{path} was replaced by another file while it was in use. {_CURE_OF_LOSS}")
        cut = _mend(file)
        end = file.seek(0, os.SEEK_END)
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):
                file.truncate(end)
            raise
        return cut


_CURE_OF_LOSS = "Put the file back and run the same again, or start with another one."


@contextmanager
def explained(path: str | os.PathLike[str]) -> Iterator[None]:
    """Make the message of an OSError name the file, the reason and the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # it has a message of its own
            raise
        why = reason(error)
        if isinstance(error, FileNotFoundError):
            message = f"{path} was deleted or moved while it was in use. {_CURE_OF_LOSS}"
        elif isinstance(error, PermissionError) or error.errno == errno.EROFS:
            message = (
                f"{path} cannot be written to: {why}. Change the permissions of the file and its folder, or choose "
                "another place."
            )
        elif isinstance(error, (IsADirectoryError, NotADirectoryError, FileExistsError)):
            message = f"{path} cannot be written to: {why}. Choose the path of a file."
        else:
            message = (
                f"{path} cannot be written to: {why}. What was written before is kept. Make room or repair the "
                "disk, and run the same again to continue."
            )
        explained_error = type(error)(message)
        explained_error.errno = error.errno
        raise explained_error from error


@contextmanager
def _locked(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open an existing file to read and append, and lock it where the system can."""
    with open(path, "a+b", buffering=0, opener=lambda name, flags: os.open(name, flags & ~os.O_CREAT)) as file:
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _mend(file: BinaryIO) -> bytes:
    start = end = file.seek(0, os.SEEK_END)
    last = b""
    while start > 0 and b"\n" not in last:
        size = min(_BLOCK, start)
        start = file.seek(start - size)
        last = _read(file, size) + last
    last = last[last.rfind(b"\n") + 1 :]
    if not last:
        return b""
    if is_record(last):
        file.write(b"\n")
        return b""
    file.truncate(end - len(last))
    return last


def _read(file: BinaryIO, size: int) -> bytes:
    content = b""
    while len(content) < size and (more := file.read(size - len(content))):
        content += more
    return content


def is_record(line: bytes) -> bool:
    """Return whether a line is a JSON object. No beginning of one is, because the last brace is missing."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def begin(path: str | os.PathLike[str]) -> Identity:
    """Create a file unless it exists, and return its :func:`identity`."""
    with explained(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).open("ab").close()
        return identity(path)


def reason(error: OSError) -> str:
    """Return what the system says of an error, without the number and the file."""
    return str(error) if error.errno is None else os.strerror(error.errno)


def shown(cut: bytes, limit: int = 60) -> str:
    """Return the beginning of what was cut off, for a message."""
    return f"{cut[:limit]!r}{'...' if len(cut) > limit else ''}"
