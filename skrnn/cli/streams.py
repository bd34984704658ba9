"""Standard output and error that may be closed while a command works: `skrnn compare | head -1` still finishes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any


class _Lasting(FileIO):
    """A file descriptor that leads nowhere after the first failed write, for this process and all that it starts."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.error = error
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            return memoryview(data).nbytes


class Streams:
    """The streams of a command, from `lasting_streams`."""

    def __init__(self) -> None:
        self._files: dict[str, _Lasting] = {}

    def replaced(self, name: str) -> Any:
        """Return what should replace a stream of `sys`: the stream itself if it is no file descriptor."""
        stream = getattr(sys, name)
        if stream is None:  # closed before the process started: `2>&-`
            return open(os.devnull, "w", encoding="utf-8")
        if not isinstance(stream, TextIOWrapper):
            return stream
        stream.reconfigure(errors="replace")  # an encoding without "±" must not end a command
        unbuffered = isinstance(stream.buffer, FileIO)  # PYTHONUNBUFFERED
        if not unbuffered and not isinstance(getattr(stream.buffer, "raw", None), FileIO):
            return stream
        with suppress(OSError):
            stream.flush()
        self._files[name] = _Lasting(stream.fileno(), "w", closefd=False)
        return TextIOWrapper(
            BufferedWriter(self._files[name]),
            encoding=stream.encoding,
            errors="replace",
            line_buffering=stream.line_buffering or unbuffered or name == "stderr",
        )

    def error(self) -> OSError | None:
        """Write what is left to standard output, and return the error that ended it, if any."""
        sys.stdout.flush()
        return self._files["stdout"].error if "stdout" in self._files else None


@contextmanager
def lasting_streams() -> Iterator[Streams]:
    """Replace `sys.stdout` and `sys.stderr` in the block with streams that no write fails on."""
    streams = Streams()
    before = sys.stdout, sys.stderr
    _open_standard_descriptors()
    sys.stdout, sys.stderr = streams.replaced("stdout"), streams.replaced("stderr")
    try:
        yield streams
    finally:
        for stream, original in zip((sys.stdout, sys.stderr), before, strict=True):
            stream.flush()
            if original is None:
                stream.close()
        sys.stdout, sys.stderr = before


def _open_standard_descriptors() -> None:
    """Open the descriptors 0 to 2 where they are closed: else the next file that is opened gets what is logged."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
