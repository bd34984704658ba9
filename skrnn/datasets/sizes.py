"""How much memory the contents of a file take, asked before they are read.

A small file can unpack to more than any machine holds, by mistake or to do harm.
"""

import bz2
import gzip
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Any

from skrnn._memory import SHARE, available_memory, in_units, shortage

_BYTES_PER_CHARACTER = 4  # of a table: "0," is a number of eight bytes
_DEFLATE_AT_MOST = 1032  # bytes that one byte of a gzip file can stand for
_STREAMS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def require_room(n_bytes: int, what: str, cure: str) -> None:
    """Raise a ValueError if something takes more memory than there is. The message does not name the file."""
    if problem := shortage(n_bytes):
        raise ValueError(f"{what} {problem}. {cure}")


def require_room_for_text(path: Path) -> None:
    """Raise a ValueError if the table in a text file, which may be compressed, takes more memory than there is.

    What cannot be unpacked is left to the reader, whose error says more.
    """
    at_most = int(SHARE * available_memory()) // _BYTES_PER_CHARACTER
    n_characters = _unpacked_size(path, at_most)
    if n_characters > at_most:
        size = path.stat().st_size
        unpacked = "more" if path.suffix.lower() in _STREAMS else in_units(n_characters)
        held = f"{in_units(size)}, which unpack to {unpacked}" if n_characters > size else in_units(size)
        raise ValueError(
            f"the file has {held}; a text file may have at most {in_units(at_most)} here, because its table "
            f"takes about {_BYTES_PER_CHARACTER} times as much memory. Read a part of it, or store it as Parquet with "
            "numbers of 32 bits."
        )


def _unpacked_size(path: Path, at_most: int) -> int:
    """Return the number of bytes of a text file, at least where it is no more than `at_most`."""
    size, suffix = path.stat().st_size, path.suffix.lower()
    try:
        if suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                return sum(member.file_size for member in archive.infolist())
        if suffix not in _STREAMS or (suffix == ".gz" and size * _DEFLATE_AT_MOST <= at_most):
            return size
        n_bytes = 0
        with _STREAMS[suffix](path) as stream:
            while n_bytes <= at_most and (content := stream.read(2**20)):
                n_bytes += len(content)
        return n_bytes
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError):
        return size


def require_room_for_parquet(file: Any) -> None:
    """Raise a ValueError if the columns of a Parquet file take more memory than there is.

    Parameters
    ----------
    file : pyarrow.parquet.ParquetFile
        Its metadata state how many rows there are, and how large the columns are before compression. Repeated values
        take next to no space even there.
    """
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    n_rows = max(file.metadata.num_rows, sum(group.num_rows for group in groups))
    n_stored = sum(group.total_byte_size for group in groups)
    _require_room_for_columns(file.schema_arrow, n_rows, n_stored)


def require_room_for_feather(path: Path) -> None:
    """Raise a ValueError if the columns of numbers in a Feather file take more memory than there is."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        try:
            reader = pa.ipc.open_file(source)
            schema, n_rows = reader.schema, reader.count_rows()
        except (pa.ArrowException, OSError, AttributeError):
            return
    _require_room_for_columns(schema, n_rows, 0)


def _require_room_for_columns(schema: Any, n_rows: int, n_stored: int) -> None:
    width = sum(_width(field.type) for field in schema)
    require_room(
        max(n_rows * width, n_stored),
        f"its table of {n_rows:,} rows and {len(schema):,} columns",
        "Store fewer rows or columns in a file.",
    )


def _width(kind: Any) -> int:
    """Return the bytes of a value of one of Arrow's types, or of the reference to one."""
    try:
        return max(kind.bit_width // 8, 1)
    except ValueError:  # texts and lists
        return 8
