"""Files that are written whole or not at all."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Return the name of a temporary file that replaces `path` at the end; after an error, `path` is unchanged.

    The file has the permissions that ``open(path, "wb")`` would have left, and is on the disk when it replaces the old
    one. A link stays a link: what it points to is replaced. A device or a pipe is written directly.

    Raises
    ------
    OSError
        If the file cannot be written. The message names `path`.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder: add the name of a file.")
    if target.exists() and not target.is_file():
        try:
            yield target
        except OSError as error:
            raise _naming(path, error) from error
        return
    part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # the umask of the process applies
    except OSError as error:
        raise _naming(path, error) from None
    try:
        with suppress(FileNotFoundError):
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        yield part
        _flush(part, os.O_RDWR)
        part.replace(target)
        with suppress(OSError):  # not all file systems can flush a folder
            _flush(target.parent, os.O_RDONLY)
    except OSError as error:
        raise _naming(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink()


def write_atomically(path: Path, contents: bytes) -> None:
    """Replace the contents of a file."""
    with replacing(path) as part:
        part.write_bytes(contents)


def _flush(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _naming(path: Path, error: OSError) -> OSError:
    """Return the error with the path that the user knows, not the path of the temporary file."""
    if error.strerror is None:
        return error
    return type(error)(error.errno, f"{error.strerror}; nothing was written", os.fspath(path))
