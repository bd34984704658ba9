"""The data home: paths of its files, and verified downloads of missing files. Other modules read the files."""

import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO


@dataclass(frozen=True)
class RemoteFile:
    """A published file.

    Attributes
    ----------
    path : str
        Path of the file, relative to the data home.
    size : int
        Size in bytes.
    sha256 : str
        SHA-256 checksum in hexadecimal.
    mirrors : tuple of str
        URLs of the file, in the order in which they are tried.
    """

    path: str
    size: int
    sha256: str
    mirrors: tuple[str, ...]


@dataclass(frozen=True)
class Patience:
    """The number of attempts of a download, and their time limits.

    Attributes
    ----------
    attempts : int
        Maximum number of requests to a mirror. There is no other attempt if a mirror refuses the request.
    delay : float
        Seconds to wait before the second attempt. The delay doubles with each further attempt.
    timeout : float
        Seconds without data after which the connection is closed.
    """

    attempts: int = 3
    delay: float = 1.0
    timeout: float = 30.0


def data_home_path(data_home: str | os.PathLike[str] | None) -> Path:
    """Return the folder of the data sets: `data_home`, or else ``SKRNN_DATA_HOME``, or else ``~/skrnn_data``."""
    if data_home is None:
        data_home = os.environ.get("SKRNN_DATA_HOME") or "~/skrnn_data"
    return Path(data_home).expanduser()


def locate(
    file: RemoteFile,
    data_home: str | os.PathLike[str] | None,
    *,
    download_if_missing: bool,
    patience: Patience,
) -> Path:
    """Return the path of a file in the data home. Download the file if it is missing.

    An existing file is neither verified nor changed.

    Raises
    ------
    OSError
        If the file is missing and either `download_if_missing` is False, the download from every mirror failed, or the
        file cannot be written.
    """
    path = data_home_path(data_home) / file.path
    if not path.is_file():
        if not download_if_missing:
            raise OSError(
                f"{path} not found, and `download_if_missing` is False. Set it to True, or put the file there: it is"
                f" published at {file.mirrors[0]}"
            )
        _download(file, path, patience)
    return path


def damaged(path: Path, found: str, expected: str) -> OSError:
    """Return the error for a damaged file in the data home: an OSError, as in scikit-learn."""
    return OSError(
        f"{path} is damaged or incomplete: found {found}, expected {expected}. Delete it to download it again, or"
        " replace it with an intact copy."
    )


def _download(file: RemoteFile, path: Path, patience: Patience) -> None:
    failures: list[str] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The file is received in the data home, because renaming within a file system is atomic, and in a temporary
        # folder, because a temporary *file* would keep its permissions of 0600, and other users of the data home could
        # not read it.
        with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            received = Path(folder) / path.name
            for url in file.mirrors:
                cause = _ask_mirror(url, file, received, patience)
                if cause is None:
                    received.replace(path)
                    return
                failures.append(f"{url}: {cause}")
    except OSError as error:  # network errors are among the failures
        raise OSError(
            f"{path} cannot be written: {error.strerror or error}. The file has {file.size:,} bytes. Make room for it "
            "in a folder that you may write to, or choose another one with `data_home` or the environment variable "
            "SKRNN_DATA_HOME."
        ) from error
    raise OSError(
        f"{path.name} could not be downloaded:\n  "
        + "\n  ".join(failures)
        + f"\nTry again later, or get the file ({file.size:,} bytes, SHA256 {file.sha256}) from elsewhere and save it"
        f" as {path}"
    )


class _TooLong(Exception):
    """A server sends more bytes than the file has."""


class _Received:
    """A file that takes one byte more than expected at most, whatever a server sends."""

    def __init__(self, stream: BinaryIO, size: int):
        self._stream, self._left = stream, size + 1

    def write(self, chunk: bytes) -> None:
        self._stream.write(chunk[: self._left])
        self._left -= len(chunk)
        if self._left <= 0:
            raise _TooLong

    def flush(self) -> None:
        self._stream.flush()


def _ask_mirror(url: str, file: RemoteFile, received: Path, patience: Patience) -> str | None:
    """Fetch a file from a mirror and verify it. Return None, or the cause of the last failure."""
    # Imported only for downloads, because requests is slow to import, and pooch's progress bars warn in notebooks.
    import pooch
    from requests import RequestException

    # Without "identity", a server may declare the compression of an archive as the encoding of its response, and
    # requests would unpack the archive.
    fetch = pooch.HTTPDownloader(
        progressbar=True,
        chunk_size=2**16,
        timeout=patience.timeout,
        headers={"Accept-Encoding": "identity"},
    )
    for attempt in range(1, patience.attempts + 1):
        disk: OSError | None = None
        try:
            with open(received, "wb") as stream:
                fetch(url, _Received(stream, file.size), None)
        except _TooLong:
            cause, final = f"received more than {file.size:,} bytes", False
        except (RequestException, ValueError) as error:  # ValueError: an invalid header
            cause = str(error) or type(error).__name__
            response = getattr(error, "response", None)
            final = (
                response is not None and 400 <= response.status_code < 500 and response.status_code not in (408, 429)
            )
        except OSError as error:
            disk = error.with_traceback(None)  # which would keep the connection open
        else:
            size, sha256, final = received.stat().st_size, pooch.file_hash(str(received), alg="sha256"), False
            if sha256 == file.sha256:
                return None
            cause = (
                f"received {size:,} of {file.size:,} bytes" if size != file.size else f"wrong content, SHA256 {sha256}"
            )
        if disk is not None:
            raise disk
        if final or attempt == patience.attempts:
            break
        wait = patience.delay * 2 ** (attempt - 1)
        warnings.warn(
            f"Attempt {attempt} of {patience.attempts} to download {url} failed: {cause}. Trying again in {wait:g} s.",
            stacklevel=2,
        )
        time.sleep(wait)
    return f"{cause} ({attempt} attempt{'s' if attempt > 1 else ''})"
