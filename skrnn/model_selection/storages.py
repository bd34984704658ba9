"""Where the studies of searches are kept: in memory, in a journal, or in a database."""

import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeGuard

import optuna
from optuna.storages import BaseStorage, InMemoryStorage

from skrnn._secrets import redact, without_secrets
from skrnn.model_selection._optuna import JournalOfStudies
from skrnn.model_selection.journals import Journal

Storage = str | os.PathLike[str] | BaseStorage | None

_ATTEMPTS = 10
_DATABASES = r"(postgres(ql)?|mysql|mariadb|mssql|oracle|sqlite|cockroachdb)(\+\w+)?:"


def open_storage(storage: Storage) -> BaseStorage:
    """Return the Optuna storage of a search.

    Parameters
    ----------
    storage : str, path-like, optuna.storages.BaseStorage or None
        Path of a journal file, which is created if necessary; URL of a database; or None for a new storage in memory.
        An Optuna storage is returned as is.

    Returns
    -------
    storage : optuna.storages.BaseStorage
        An incomplete last line of a journal, which a crash or a full disk may leave, is removed with a warning. If a
        process died while it held the lock of a journal, the lock is released after ten seconds.

    Raises
    ------
    OSError
        If a journal can neither be created nor read, or if a database cannot be reached.
    ValueError
        If a file is not a journal, with the line that is damaged; or if a text is not the URL of a database. No
        message contains a password.
    ImportError
        If the driver of a database is not installed.

    Examples
    --------
    >>> import optuna
    >>> from skrnn.model_selection import open_storage
    >>> storage = open_storage("search.journal")  # doctest: +SKIP
    >>> optuna.load_study(study_name=optuna.get_all_study_names(storage)[0], storage=storage)  # doctest: +SKIP
    """
    if storage is None:
        return InMemoryStorage()
    if isinstance(storage, BaseStorage):
        return storage
    if is_journal(storage):
        scheme = re.match(_DATABASES, os.fspath(storage)) if isinstance(storage, str) else None
        if scheme:  # not shown, because it may contain a password
            raise ValueError(f"A storage begins with {scheme[0]!r}. The URL of a database begins with '{scheme[0]}//'.")
        return JournalOfStudies(Journal(storage))
    return _open_database(os.fspath(storage))


def _open_database(url: str) -> BaseStorage:
    from sqlalchemy.exc import ArgumentError, DBAPIError  # takes a moment, and most storages are journals

    shown = repr(redact(url))
    with without_secrets(url):
        try:
            return _open_or_create(url)
        except (ArgumentError, ValueError) as error:
            raise ValueError(
                f"The storage {shown} is not the URL of a database: {_first_line(error)} Expected "
                "'dialect://user@host:port/database', with a colon and the password after the user. Write special "
                "characters of a password as %40 and so on."
            ) from error
        except DBAPIError as error:
            raise ConnectionError(
                f"The storage {shown} cannot be opened: {_first_line(error)} Check the address, the user, and that the "
                "database exists."
            ) from error
        except ImportError as error:
            raise ImportError(f"The storage {shown} needs a driver that is not installed: {error}") from error


def _open_or_create(url: str) -> BaseStorage:
    """Open a database. Its tables are created if necessary, which fails for all but one of several processes."""
    from sqlalchemy.exc import DBAPIError

    for _ in range(_ATTEMPTS):
        try:
            return optuna.storages.get_storage(url)
        except DBAPIError as error:
            if not re.search("already exists|duplicate|locked", str(error), re.IGNORECASE):
                raise
            time.sleep(random.uniform(0.1, 0.5))
    return optuna.storages.get_storage(url)


@contextmanager
def reachable(storage: Storage) -> Iterator[None]:
    """Raise a ConnectionError with a remedy if a database fails in the block.

    Parameters
    ----------
    storage : str, path-like, optuna.storages.BaseStorage or None
    """
    if is_journal(storage) or isinstance(storage, InMemoryStorage):
        yield
        return
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except (DBAPIError, optuna.exceptions.StorageInternalError) as error:
        shown = repr(redact(storage)) if isinstance(storage, str) else type(storage).__name__
        raise ConnectionError(
            f"The storage {shown} has failed: {_first_line(error.__cause__ or error)} Finished trials are kept in it. "
            "Check the database and the connection, and run the same search again to continue."
        ) from error


def _first_line(error: BaseException) -> str:
    line = str(error).strip().partition("\n")[0]
    return line if line.endswith(".") else f"{line}."


def is_journal(storage: Storage) -> TypeGuard[str | os.PathLike[str]]:
    """Return whether a storage is the path of a journal file."""
    return isinstance(storage, os.PathLike) or (isinstance(storage, str) and "://" not in storage)
