"""Writing a file so that a reader finds the old contents or the new ones, but never a part."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def write_whole(path: Any, contents: bytes) -> None:
    """Write a file, or leave what is there if that fails.

    Parameters
    ----------
    path : str or path-like
        The file. Its folder must exist.
    contents : bytes

    Raises
    ------
    OSError
        If the file cannot be written; it names the path.
    """
    target = Path(os.path.realpath(path))  # a link is kept, and its target replaced
    try:
        if target.exists() and not target.is_file():  # a device, or a folder, which is an error
            target.write_bytes(contents)
            return
        # In a folder, because a temporary file would have its own permissions, and others could not read the result.
        with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            written = Path(folder) / target.name
            with written.open("wb") as file:
                file.write(contents)
                file.flush()
                os.fsync(file.fileno())
            written.replace(target)
    except OSError as error:
        raise type(error)(
            error.errno, f"{error.strerror}, so the file could not be written", os.fspath(path)
        ) from error
