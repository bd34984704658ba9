"""The MNIST digits, read from the original IDX files."""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skrnn._sklearn import StrOptions, validate_params
from skrnn.datasets._download import Patience, RemoteFile, damaged, locate

_DESCR = """\
MNIST handwritten digits
------------------------

70,000 images of the digits 0 to 9, 28x28 pixels: 60,000 for training and 10,000 for testing, written by different
people.

data, images : uint8 array of shape (n, 28, 28), between 0 (no ink) and 255
target : int64 array of shape (n,), the digits

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to document recognition.
Proceedings of the IEEE, 86(11), 2278-2324, https://doi.org/10.1109/5.726791
"""


@dataclass(frozen=True)
class IDXFile(RemoteFile):
    """A gzipped IDX file of unsigned bytes.

    Attributes
    ----------
    shape : tuple of int
        Shape of the array in the file.
    content_md5 : str
        MD5 checksum of the unpacked file, in hexadecimal.
    """

    shape: tuple[int, ...]
    content_md5: str

    @property
    def header(self) -> bytes:
        """Two zeros, 8 for unsigned bytes, the number of dimensions, and each length as a big-endian 32-bit integer."""
        return bytes([0, 0, 8, len(self.shape)]) + b"".join(length.to_bytes(4, "big") for length in self.shape)


@dataclass(frozen=True)
class IDXImages:
    """A data set of images and their labels.

    Attributes
    ----------
    train, test : tuple of two IDXFile
        The file of the images and the file of the labels.
    """

    train: tuple[IDXFile, IDXFile]
    test: tuple[IDXFile, IDXFile]


def _mnist_file(name: str, size: int, sha256: str, shape: tuple[int, ...], content_md5: str) -> IDXFile:
    mirrors = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
    return IDXFile(f"mnist/{name}", size, sha256, tuple(mirror + name for mirror in mirrors), shape, content_md5)


MNIST = IDXImages(
    train=(
        _mnist_file(
            "train-images-idx3-ubyte.gz",
            size=9_912_422,
            sha256="440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            shape=(60_000, 28, 28),
            content_md5="6bbc9ace898e44ae57da46a324031adb",
        ),
        _mnist_file(
            "train-labels-idx1-ubyte.gz",
            size=28_881,
            sha256="3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            shape=(60_000,),
            content_md5="a25bea736e30d166cdddb491f175f624",
        ),
    ),
    test=(
        _mnist_file(
            "t10k-images-idx3-ubyte.gz",
            size=1_648_877,
            sha256="8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            shape=(10_000, 28, 28),
            content_md5="2646ac647ad5339dbf082846283269ea",
        ),
        _mnist_file(
            "t10k-labels-idx1-ubyte.gz",
            size=4_542,
            sha256="f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            shape=(10_000,),
            content_md5="27ae3e4e09519cfbb04c329615203637",
        ),
    ),
)


@validate_params(
    {
        "subset": [StrOptions({"train", "test", "all"})],
        "data_home": [str, os.PathLike, None],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_mnist(
    *,
    subset: str = "train",
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Bunch | tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Load the MNIST handwritten digits, downloading them if necessary.

    =================   ==================
    Classes                             10
    Samples total                   70,000
    Shape of a sample             (28, 28)
    Features              uint8, 0 to 255
    =================   ==================

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 60,000 training images, the 10,000 test images, or both in this order.
    data_home : str or path-like, default=None
        Folder of the data sets, whose subfolder ``mnist`` contains the files under their published names. By default,
        the environment variable ``SKRNN_DATA_HOME``, or ``~/skrnn_data`` if it is not set. If the files exist, nothing
        is downloaded or written.
    download_if_missing : bool, default=True
        If False, raise an OSError instead of downloading missing files.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : ndarray of shape (n_samples, 28, 28), uint8
            The images, between 0 (no ink) and 255, in their published order.
        images : ndarray of shape (n_samples, 28, 28), uint8
            The same array.
        target : ndarray of shape (n_samples,), int64
            The digits, 0 to 9.
        target_names : list of str
            The names of the ten classes.
        DESCR : str
            Description of the data, with the reference to cite.

    (data, target) : tuple if ``return_X_y`` is True
        The images and their digits.

    Raises
    ------
    OSError
        If a file is missing and either `download_if_missing` is False or the download failed or cannot be written,
        or if a file in the data home is damaged.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). "Gradient-based learning applied to document
       recognition." Proceedings of the IEEE, 86(11), 2278-2324. https://doi.org/10.1109/5.726791

    Examples
    --------
    >>> from skrnn.datasets import fetch_mnist
    >>> mnist = fetch_mnist(subset="test")  # doctest: +SKIP
    >>> mnist.images.shape, mnist.target.shape  # doctest: +SKIP
    ((10000, 28, 28), (10000,))
    """
    return load(MNIST, subset, data_home, download_if_missing, return_X_y, Patience())


def load(
    source: IDXImages,
    subset: str,
    data_home: str | os.PathLike[str] | None,
    download_if_missing: bool,
    return_X_y: bool,
    patience: Patience,
) -> Bunch | tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Load images and labels from IDX files. See :func:`fetch_mnist` for the other parameters."""
    halves = [getattr(source, half) for half in (("train", "test") if subset == "all" else (subset,))]
    images, target = (
        np.concatenate(
            [
                _read_idx(file, locate(file, data_home, download_if_missing=download_if_missing, patience=patience))
                for file in files
            ],
            dtype=dtype,
        )
        for files, dtype in zip(zip(*halves, strict=True), (np.uint8, np.int64), strict=True)
    )
    if return_X_y:
        return images, target
    return Bunch(
        data=images, images=images, target=target, target_names=[str(digit) for digit in range(10)], DESCR=_DESCR
    )


def _read_idx(file: IDXFile, path: Path) -> NDArray[np.uint8]:
    """Return the array in an IDX file, of shape ``file.shape``, and verify that it is the published one."""
    expected_size = len(file.header) + prod(file.shape)
    try:
        with gzip.open(path) as stream:
            # One more byte than expected, because gzip verifies its checksum only at the end of the stream.
            content = stream.read(expected_size + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise damaged(path, f"a gzip stream that cannot be read ({error})", "a complete gzip stream") from error
    if not content.startswith(file.header):
        found = f"the first bytes {content[: len(file.header)].hex(' ')}"
        raise damaged(path, found, f"{file.header.hex(' ')}, an IDX file of unsigned bytes of shape {file.shape}")
    if len(content) != expected_size:
        found = f"{len(content):,} bytes" if len(content) < expected_size else f"more than {expected_size:,} bytes"
        raise damaged(path, f"{found} after decompression", f"{expected_size:,}")
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 != file.content_md5:
        raise damaged(path, f"decompressed content of MD5 {md5}", file.content_md5)
    return np.frombuffer(content, dtype=np.uint8, offset=len(file.header)).reshape(file.shape)
