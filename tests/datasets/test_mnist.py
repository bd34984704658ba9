"""fetch_mnist: the published digits or an error that names the file, never something else."""

import gzip
import hashlib
import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn.datasets import fetch_mnist
from skrnn.datasets._download import Patience
from skrnn.datasets.mnist import IDXFile, IDXImages, load

QUICK = Patience(attempts=1, delay=0, timeout=0.2)


def packed(array):
    """The gzipped IDX file of an array of unsigned bytes, and its description."""
    content = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
    archive = gzip.compress(content, mtime=0)
    return archive, {
        "size": len(archive),
        "sha256": hashlib.sha256(archive).hexdigest(),
        "shape": array.shape,
        "content_md5": hashlib.md5(content).hexdigest(),
    }


class TinyDigits:
    """A data set in the form of MNIST: 7 images to train on, 3 to test on, of 4x3 pixels."""

    def __init__(self, url=lambda name: f"http://127.0.0.1:9/{name}"):
        rng = np.random.default_rng(0)
        self.arrays, self.archives, halves = {}, {}, {}
        for half, n in (("train", 7), ("test", 3)):
            images, labels = rng.integers(256, size=(n, 4, 3), dtype=np.uint8), rng.integers(10, size=n, dtype=np.uint8)
            self.arrays[half] = images, labels
            files = []
            for kind, array in (("images", images), ("labels", labels)):
                name = f"{half}-{kind}.gz"
                self.archives[name], description = packed(array)
                files.append(IDXFile(f"mnist/{name}", mirrors=(url(name),), **description))
            halves[half] = tuple(files)
        self.source = IDXImages(**halves)

    def write(self, home):
        (home / "mnist").mkdir(parents=True)
        for name, archive in self.archives.items():
            (home / "mnist" / name).write_bytes(archive)
        return home

    def load(self, home, subset="train", *, download_if_missing=False, return_X_y=True):
        return load(self.source, subset, home, download_if_missing, return_X_y, QUICK)


@pytest.fixture(scope="module")
def tiny():
    return TinyDigits()


def test_the_real_digits_are_read_from_a_data_home_without_network(real_home, tree, no_network):
    before = tree(real_home)
    train = fetch_mnist()
    assert train.images.shape == train.data.shape == (60000, 28, 28)
    assert train.data is train.images
    assert train.images.dtype == np.uint8
    assert train.target.dtype == np.int64
    assert train.target_names == list("0123456789")
    assert_array_equal(train.target[:10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    assert_array_equal(np.bincount(train.target), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    # The statistics that are everywhere used to standardize MNIST.
    assert train.images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert train.images.std() / 255 == pytest.approx(0.3081, abs=5e-5)
    test = fetch_mnist(subset="test")
    assert test.images.shape == (10000, 28, 28)
    assert_array_equal(test.target[:10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    images, target = fetch_mnist(subset="all", data_home=str(real_home), download_if_missing=False, return_X_y=True)
    assert_array_equal(images, np.concatenate([train.images, test.images]))
    assert_array_equal(target, np.concatenate([train.target, test.target]))
    assert tree(real_home) == before


def test_missing_files_are_downloaded_then_read_back(server, tmp_path):
    digits = TinyDigits(url=server.url)
    server.answers = {name: [archive] for name, archive in digits.archives.items()}
    for _ in range(2):
        images, target = digits.load(tmp_path, "test", download_if_missing=True)
        assert_array_equal(images, digits.arrays["test"][0])
        assert_array_equal(target, digits.arrays["test"][1])
    assert server.requests == {"test-images.gz": 1, "test-labels.gz": 1}  # once each, and not the training half
    bunch = digits.load(tmp_path, "all", download_if_missing=True, return_X_y=False)
    assert_array_equal(bunch.data, np.concatenate([digits.arrays["train"][0], digits.arrays["test"][0]]))
    assert "LeCun" in bunch.DESCR


def test_the_arrays_belong_to_the_caller(tiny, tmp_path):
    images, target = tiny.load(tiny.write(tmp_path / "home"))
    images[:], target[:] = 0, 0
    again, _ = tiny.load(tmp_path / "home")
    assert again.any()


def test_a_read_only_home_serves(tiny, tmp_path, tree):
    home = tiny.write(tmp_path / "home")
    for folder in (home / "mnist", home):
        folder.chmod(0o555)
    before = tree(home)
    assert len(tiny.load(home, "all")[1]) == 10
    assert tree(home) == before


def test_a_missing_file_is_named(tiny, tmp_path):
    home = tiny.write(tmp_path / "home")
    (home / "mnist" / "train-labels.gz").unlink()
    with pytest.raises(
        OSError, match=re.escape(f"{home}/mnist/train-labels.gz not found, and `download_if_missing` is")
    ):
        tiny.load(home)


def damage(tiny, path, content, found, expected):
    """Assert that ``content`` in place of a file is refused with these words, and stays where it is."""
    path.write_bytes(content)
    with pytest.raises(OSError, match="is damaged or incomplete") as caught:
        tiny.load(path.parents[1])
    assert re.fullmatch(
        re.escape(f"{path} is damaged or incomplete: found ")
        + found
        + re.escape(f", expected {expected}. Delete it to download it again, or replace it with an intact copy."),
        str(caught.value),
    )
    assert path.read_bytes() == content


def test_a_damaged_file_is_named_with_what_was_found_and_expected(tiny, tmp_path):
    path = tiny.write(tmp_path / "home") / "mnist" / "train-images.gz"
    good = path.read_bytes()
    content = gzip.decompress(good)
    stream = "a gzip stream that cannot be read "
    damage(tiny, path, good[:-20], stream + r"\(Compressed file ended before .*\)", "a complete gzip stream")
    damage(
        tiny, path, b"<html>Not found</html>", stream + r"\(Not a gzipped file \(b'<h'\)\)", "a complete gzip stream"
    )
    damage(tiny, path, good[:-8] + bytes(8), stream + r"\(CRC check failed .*\)", "a complete gzip stream")
    header = "00 00 08 03 00 00 00 07 00 00 00 04 00 00 00 03"
    for other in (
        b"",
        b"text",
        (path.parent / "test-images.gz").read_bytes(),
        (path.parent / "train-labels.gz").read_bytes(),
    ):
        first = (gzip.decompress(other) if other.startswith(b"\x1f\x8b") else other)[:16]
        damage(
            tiny,
            path,
            gzip.compress(first),
            f"the first bytes {first.hex(' ')}",
            f"{header}, an IDX file of unsigned bytes of shape (7, 4, 3)",
        )
    damage(tiny, path, gzip.compress(content[:-1]), "99 bytes after decompression", "100")
    damage(tiny, path, gzip.compress(content + bytes(10**6)), "more than 100 bytes after decompression", "100")
    other = content[:-1] + bytes([content[-1] ^ 1])
    md5 = hashlib.md5(other).hexdigest()
    damage(tiny, path, gzip.compress(other), f"decompressed content of MD5 {md5}", hashlib.md5(content).hexdigest())


@given(data=st.data())
def test_no_damage_yields_other_digits(tiny, tmp_path_factory, data):
    home = tiny.write(tmp_path_factory.mktemp("home") / "home")
    path = home / "mnist" / "train-images.gz"
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans(), label="truncate"):
        del content[position:]
    else:
        content[position] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        images, _ = tiny.load(home)
    except OSError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert_array_equal(images, tiny.arrays["train"][0])  # such as another time stamp in the gzip header


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"subset": "validation"},
            r"The 'subset' parameter of fetch_mnist must be a str among {.*}. Got 'validation' instead.",
        ),
        ({"data_home": 3}, "The 'data_home' parameter of fetch_mnist must be .* Got 3 instead."),
        ({"return_X_y": "yes"}, "The 'return_X_y' parameter of fetch_mnist must be .* Got 'yes' instead."),
        (
            {"download_if_missing": None},
            "The 'download_if_missing' parameter of fetch_mnist must be .* Got None instead.",
        ),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        fetch_mnist(**parameters)
