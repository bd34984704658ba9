"""Files that unpack to more than memory can hold are refused before they are read."""

import bz2
import gzip
import lzma
import struct
import zipfile
import zlib
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

from skrnn import _memory
from skrnn.datasets import load_file, sizes


@pytest.fixture
def little_memory(monkeypatch):
    """A machine with 100 MB of free memory, and 10 MB for texts."""
    monkeypatch.setattr(_memory, "available_memory", lambda: 10**8)
    monkeypatch.setattr(sizes, "available_memory", lambda: 10**7)


@pytest.mark.parametrize("name", ["bomb.csv.gz", "bomb.csv.bz2", "bomb.csv.xz", "bomb.csv.zip", "large.csv"])
def test_text_files(tmp_path, little_memory, memory_use, name):
    path = tmp_path / name
    names, rows = b"target,a,b\n", b"0,1,2\n" * 2**14
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.csv", names + rows * 64)
    else:
        pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": partial(lzma.compress, preset=0)}.get(
            path.suffix, bytes
        )
        path.write_bytes(pack(names) + pack(rows) * 64)
    with memory_use() as peak, pytest.raises(ValueError, match=r"a text file may have at most 2\.0 MB here") as caught:
        load_file(path)
    assert peak[0] < 5e6
    assert str(caught.value).startswith(f"{path}: the file has ")


@pytest.mark.parametrize("name", ["few.csv.gz", "few.csv.bz2", "few.csv.xz", "few.csv.zip", "few.csv"])
def test_text_files_that_fit_are_read(tmp_path, little_memory, name):
    pd.DataFrame({"target": [0, 1], "a": [1, 2]}).to_csv(tmp_path / name, index=False)
    assert load_file(tmp_path / name).X.shape == (2, 1, 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [("large.ts", "@classLabel true u\n@data\n1,2:u\n"), ("large.txt", "1,2.5\n"), ("large.tsv", "1\t2\n")],
)
def test_files_of_the_archives(tmp_path, little_memory, name, text):
    path = tmp_path / name
    path.write_text(text + text.splitlines(keepends=True)[-1] * 2**19)
    with pytest.raises(ValueError, match=rf"{name}: the file has .*; a text file may have at most 2\.0 MB here"):
        load_file(path)


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_tables(tmp_path, little_memory, kind):
    if kind == "feather" and not hasattr(pa.ipc.RecordBatchFileReader, "count_rows"):
        pytest.skip("this version of pyarrow does not say how many rows a Feather file has")
    path = tmp_path / f"bomb.{kind}"
    getattr(pd.DataFrame({"id": np.zeros(2**24, int)}), f"to_{kind}")(path)
    assert path.stat().st_size < 10**6
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        load_file(path, id="id")
    assert str(caught.value) == (
        f"{path}: its table of 16,777,216 rows and 1 columns would take 134.2 MB of memory, but there are only 80.0 "
        "MB. Store fewer rows or columns in a file."
    )


@pytest.mark.parametrize("size", [10**13, 2**62])
def test_arrays(tmp_path, size):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, X=np.zeros((4, 3)), y=[0, 1, 0, 1])
    assert load_file(path).X.shape == (4, 3, 1)
    with zipfile.ZipFile(path, "a") as archive:
        archive.infolist()[0].file_size = size
        archive.writestr("more", "")  # so that the directory is written again
    with pytest.raises(ValueError, match=r"bomb\.npz: the array X would take .* of memory, but there are only .* GB\."):
        load_file(path)


def test_arrays_whose_shape_is_a_lie(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w") as archive, archive.open("X.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (10**13, 10)})
    with pytest.raises(ValueError, match=r"bomb\.npz: expected arrays in a file of numpy\.savez: "):
        load_file(path)


def png(width, height):
    """The beginning of an image, which says how large it is."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + b"\0\0\0\1IDAT"
    )


@pytest.mark.parametrize("width", [10_000, 100_000])
def test_images_of_too_many_pixels(tmp_path, width):
    path = tmp_path / "photos" / "a" / "1.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(png(width, 10_000))
    with pytest.raises(ValueError, match=rf"1\.png: the image is too large: Image size \({width}0000 pixels\) exceeds"):
        load_file(tmp_path / "photos")


def test_too_many_images(tmp_path, little_memory):
    for number in range(40):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (1000, 1100)).save(path)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        load_file(tmp_path / "photos")
    assert str(caught.value) == (
        f"{tmp_path / 'photos' / 'a' / '0.png'}: 40 images of 1100 x 1000 gray pixels would take 88.0 MB of memory, "
        "but there are only 80.0 MB. Make them smaller, for example with Pillow."
    )
