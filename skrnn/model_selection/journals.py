"""Journals: files that hold studies, shared by the processes of a search, and safe against kills and full disks.

Optuna reads and writes the same files, with the same lock. Its own backend would glue a record to half a line that a
crash has left, and neither could be read again. It would also create a deleted journal anew in the middle of a search.
"""

import json
import os
import shlex
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from optuna.storages.journal import BaseJournalBackend, JournalFileSymlinkLock

from skrnn import _line_files

_LOCK_SECONDS = 10  # after which the lock of a journal may be taken over, because its owner has died
_BEGINNING = b'{"op_code":'  # of each record
_TAIL = 256  # bytes before the end of what was read, by which a file that was changed is recognised


class Journal(BaseJournalBackend):
    """The file of an :class:`optuna.storages.JournalStorage`. An incomplete last line is removed with a warning.

    Parameters
    ----------
    path : str or path-like
        The file, which is created if necessary, with its folder. A file that cannot be written to is only read.

    Raises
    ------
    OSError
        If the file can neither be created nor read. Also raised later, if it was deleted, replaced or cut, or if it
        cannot be written to. The message names the file and a remedy.
    ValueError
        If the file is not a journal.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = os.path.abspath(os.fspath(path))
        self._lock = JournalFileSymlinkLock(self.path, grace_period=_LOCK_SECONDS)
        self._starts = [0]  # of each record that was read, and of the next one
        self._tail = b""
        self._last: dict[str, Any] = {}
        self._damage: str | None = None
        try:
            self._identity = _line_files.begin(self.path)
            self._require_journal()
            with self._locked():
                cut = _line_files.mend(self.path)
        except OSError:
            if not (os.path.isfile(self.path) and os.access(self.path, os.R_OK)):
                raise
            self._identity = _line_files.identity(self.path)
            self._require_journal()
        else:
            self._report(cut)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Read the records from a number on. The last line is left out as long as it has no end.

        Parameters
        ----------
        log_number_from : int

        Yields
        ------
        record : dict

        Raises
        ------
        OSError
            If the file was deleted, replaced or cut.
        ValueError
            If a line is not a record.
        """
        if self._damage is not None:
            raise ValueError(self._damage)
        with _line_files.explained(self.path), open(self.path, "rb") as file:
            self._require_same(file)
            number = min(log_number_from, len(self._starts) - 1)
            file.seek(self._starts[number])
            for line in file:
                if not line.endswith(b"\n"):
                    return
                try:
                    record = self._record(line, number)
                except ValueError as error:
                    self._damage = str(error)
                    raise
                number += 1
                if number == len(self._starts):
                    self._starts.append(self._starts[-1] + len(line))
                    self._tail = line[-_TAIL:]
                if number > log_number_from:
                    self._last = record
                    yield record

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append records, and wait until they are on the disk.

        Parameters
        ----------
        logs : list of dict

        Raises
        ------
        OSError
            If the file was deleted or replaced, or cannot be written to. None of the records is then written.
        """
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with self._locked():
            cut = _line_files.append(self.path, lines, self._identity, self._starts[-1])
        self._report(cut)

    def blame(self, error: Exception, reader: str) -> None:
        """Raise a ValueError that names the last line read, if Optuna could not use it.

        Parameters
        ----------
        error : Exception
            What Optuna raised.
        reader : str
            The name of the worker that reads. Optuna also refuses what a worker itself has just written, for example
            because a trial has ended: these errors are not raised here.
        """
        if isinstance(error, OSError) or self._damage is not None or self._last.get("worker_id", reader) == reader:
            return
        self._damage = self._message(len(self._starts) - 1, self._tail, f"{type(error).__name__}: {error}")
        raise ValueError(self._damage) from error

    def _record(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            record = json.loads(line)
        except ValueError as error:
            raise ValueError(self._message(number + 1, line, str(error))) from None
        if not isinstance(record, dict) or not {"op_code", "worker_id"} <= record.keys():
            raise ValueError(self._message(number + 1, line, "it has no op_code and worker_id"))
        return record

    def _message(self, number: int, line: bytes, reason: str) -> str:
        if number == 1:
            hint = f" Its URL would be 'sqlite:///{self.path}'." if line.startswith(b"SQLite format") else ""
            return (
                f"{self.path} is not the journal of a search: its first line is {_line_files.shown(line)}.{hint} "
                "Choose another path."
            )
        return (
            f"{self.path}, line {number}, is damaged: {_line_files.shown(line)} ({reason}). The trials before it can "
            f"be kept: 'head -n {number - 1} {shlex.quote(self.path)} > NEW' copies them to a new journal. Use that "
            "one as storage."
        )

    def _require_journal(self) -> None:
        """Refuse a file that was never a journal, before anything is changed in it."""
        with open(self.path, "rb") as file:
            line = file.readline(1 << 20)
        if line.endswith(b"\n"):
            self._record(line, 0)
        elif line.strip(b"\0") and line[: len(_BEGINNING)] != _BEGINNING[: len(line)]:
            raise ValueError(self._message(1, line, ""))

    def _require_same(self, file: Any) -> None:
        status = os.fstat(file.fileno())
        known = self._starts[-1]
        is_same = (status.st_dev, status.st_ino) == self._identity and status.st_size >= known
        if is_same and self._tail:
            file.seek(known - len(self._tail))
            is_same = file.read(len(self._tail)) == self._tail
        if not is_same:
            raise FileNotFoundError(
                f"{self.path} was replaced or cut while a search used it. Put the file back, or start a new search "
                "with another one."
            )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _line_files.explained(self.path):
            self._lock.acquire()
        try:
            yield
        finally:
            with suppress(RuntimeError):  # it took so long that another process has taken the lock over
                self._lock.release()

    def _report(self, cut: bytes) -> None:
        if cut:
            warnings.warn(
                f"{self.path}: the last line was incomplete, as after a crash or on a full disk, and was removed: "
                f"{_line_files.shown(cut)}. All finished trials are kept.",
                UserWarning,
                stacklevel=2,
            )
