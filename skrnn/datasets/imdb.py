"""The IMDB movie reviews (Large Movie Review Dataset), read from the original archive without unpacking it."""

import gzip
import os
import re
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skrnn._sklearn import StrOptions, validate_params
from skrnn.datasets._download import Patience, RemoteFile, damaged, locate

_DESCR = """\
IMDB movie reviews (Large Movie Review Dataset v1.0)
----------------------------------------------------

50,000 film reviews from the Internet Movie Database: 25,000 for training and 25,000 for testing. Half of each are
negative (at most 4 of 10 stars), half positive (at least 7 stars). No film has more than 30 reviews or is in both
parts. The texts are as published, including HTML line breaks (<br />).

data : object array of shape (n,), the texts, each a str
target : int64 array of shape (n,), 0 for negative, 1 for positive
target_names : ["neg", "pos"]

A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng and C. Potts (2011). Learning Word Vectors for Sentiment
Analysis. Proceedings of the 49th Annual Meeting of the Association for Computational Linguistics, 142-150,
https://aclanthology.org/P11-1015
"""

_LABELS = ("neg", "pos")
_RATINGS = {"neg": range(1, 5), "pos": range(7, 11)}

# Only members with these names are read, and nothing is written to disk, so a malicious archive can do no harm.
_REVIEW = re.compile(r"(?:\./)?aclImdb/(train|test)/(neg|pos)/((\d+)_(\d+)\.txt)")


@dataclass(frozen=True)
class ReviewArchive(RemoteFile):
    """A gzipped tar file of reviews ``aclImdb/{train,test}/{neg,pos}/ID_RATING.txt``.

    The IDs in a folder run from 0 on. The limits have room to spare: what exceeds them is not this archive.

    Attributes
    ----------
    n_per_folder : int
        Number of reviews in each of the four folders.
    max_review, max_member, max_unpacked : int
        Maximum sizes in bytes: of a review, of another file in the archive, and of the unpacked archive.
    """

    n_per_folder: int
    max_review: int = 2**16  # the longest review has 13,704 bytes
    max_member: int = 2**27
    max_unpacked: int = 2**30


IMDB = ReviewArchive(
    "imdb/aclImdb_v1.tar.gz",
    size=84_125_825,
    sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    mirrors=(
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        # PaddlePaddle's copy, which has the same published MD5 as the original.
        "https://dataset.bj.bcebos.com/imdb%2FaclImdb_v1.tar.gz",
    ),
    n_per_folder=12_500,
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
def fetch_imdb(
    *,
    subset: str = "train",
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Bunch | tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Load the IMDB movie reviews, downloading them if necessary.

    =================   ====================
    Classes                                2
    Samples total                     50,000
    Features              a text, as a string
    =================   ====================

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 25,000 training reviews, the 25,000 test reviews, or both in this order.
    data_home : str or path-like, default=None
        Folder of the data sets, which contains the archive as ``imdb/aclImdb_v1.tar.gz``. By default, the environment
        variable ``SKRNN_DATA_HOME``, or ``~/skrnn_data`` if it is not set. If the archive exists, nothing is downloaded
        or written.
    download_if_missing : bool, default=True
        If False, raise an OSError instead of downloading a missing archive.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : ndarray of shape (n_samples,), object
            The texts, each a str.
        target : ndarray of shape (n_samples,), int64
            0 for a negative review, 1 for a positive one.
        target_names : list of str
            The names of the classes, ``["neg", "pos"]``.
        DESCR : str
            Description of the data, with the reference to cite.

    (data, target) : tuple if ``return_X_y`` is True
        The texts and their classes.

    Raises
    ------
    OSError
        If the archive is missing and either `download_if_missing` is False or the download failed or cannot be
        written, or if the archive in the data home is damaged or not the published one.

    Notes
    -----
    Each half is in a fixed random order, the same on every call and machine, so the last fifth of the training half can
    be used as a validation set. Keras' loader has a different order.

    References
    ----------
    .. [1] A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng and C. Potts (2011). "Learning Word Vectors for
       Sentiment Analysis." Proceedings of the 49th Annual Meeting of the Association for Computational Linguistics,
       142-150. https://aclanthology.org/P11-1015

    Examples
    --------
    >>> from skrnn.datasets import fetch_imdb
    >>> texts, y = fetch_imdb(subset="test", return_X_y=True)  # doctest: +SKIP
    >>> texts.shape, y.mean()  # doctest: +SKIP
    ((25000,), 0.5)
    """
    return load(IMDB, subset, data_home, download_if_missing, return_X_y, Patience())


def load(
    archive: ReviewArchive,
    subset: str,
    data_home: str | os.PathLike[str] | None,
    download_if_missing: bool,
    return_X_y: bool,
    patience: Patience,
) -> Bunch | tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Load the reviews of an archive. See :func:`fetch_imdb` for the other parameters."""
    path = locate(archive, data_home, download_if_missing=download_if_missing, patience=patience)
    halves = ("train", "test") if subset == "all" else (subset,)
    reviews = _read_reviews(archive, path, halves)
    texts: list[str] = []
    target: list[int] = []
    for half in halves:
        labelled = [
            (text, label)
            for label, label_name in enumerate(_LABELS)
            for _, text in sorted(reviews[half, label_name].items())
        ]
        # RandomState, because its stream is the same in all versions of NumPy.
        for position in np.random.RandomState(0).permutation(len(labelled)):
            text, label = labelled[position]
            texts.append(text)
            target.append(label)
    data, labels = np.array(texts, dtype=object), np.array(target, dtype=np.int64)
    if return_X_y:
        return data, labels
    return Bunch(data=data, target=labels, target_names=list(_LABELS), DESCR=_DESCR)


def _read_reviews(archive: ReviewArchive, path: Path, halves: tuple[str, ...]) -> dict[tuple[str, str], dict[str, str]]:
    """Read the archive, and return the texts by file name for each (half, label). Texts of other halves are empty."""
    reviews: dict[tuple[str, str], dict[str, str]] = {
        (half, label): {} for half in ("train", "test") for label in _LABELS
    }
    try:
        with gzip.open(path) as unpacked:
            stream = _Limited(unpacked, archive, path)
            with tarfile.open(fileobj=stream, mode="r|") as members:  # type: ignore[call-overload]
                for member in members:
                    stream.start(member.size, member.name)
                    name = _REVIEW.fullmatch(member.name)
                    if name is None or not member.isreg():
                        continue
                    half, label, file_name, number, rating = name.groups()
                    _check_review(member, int(number), int(rating), label, archive, path)
                    if file_name in reviews[half, label]:
                        raise damaged(path, f"two files {member.name}", "one")
                    text = ""
                    if half in halves:
                        content = members.extractfile(member)
                        assert content is not None  # a regular file has content
                        text = content.read().decode()
                    reviews[half, label][file_name] = text
            # gzip verifies its checksum only at the end of the stream, which is after the end of the tar file.
            stream.start(archive.max_unpacked)
            while stream.read(2**20):
                pass
    except UnicodeDecodeError as error:
        raise damaged(path, f"bytes in {member.name} that are not UTF-8 ({error.reason})", "UTF-8 texts") from error
    except (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError) as error:
        raise damaged(
            path, f"a gzipped tar file that cannot be read ({error})", "a complete gzipped tar file"
        ) from error
    for (half, label), texts in reviews.items():
        if len(texts) != archive.n_per_folder:
            raise damaged(path, f"{len(texts):,} reviews in aclImdb/{half}/{label}/", f"{archive.n_per_folder:,}")
    return reviews


def _check_review(
    member: tarfile.TarInfo, number: int, rating: int, label: str, archive: ReviewArchive, path: Path
) -> None:
    """Raise an OSError if a file with the name of a review is none of the published ones."""
    if member.size > archive.max_review:
        raise damaged(path, f"{member.size:,} bytes in {member.name}", f"at most {archive.max_review:,}")
    if number >= archive.n_per_folder or rating not in _RATINGS[label]:
        expected = _RATINGS[label]
        raise damaged(
            path,
            f"the file {member.name}",
            f"an ID from 0 to {archive.n_per_folder - 1:,} and a rating from {expected[0]} to {expected[-1]}",
        )


class _Limited:
    """A stream that ends with an error if a member of the archive, or all of it, is larger than a real one.

    A few MB can unpack to many GB. tarfile reads whatever it skips, and the long names of members into memory.
    """

    _HEADERS = 2**16  # bytes of headers before a member, and of what fills up its last block

    def __init__(self, stream: Any, archive: ReviewArchive, path: Path):
        self._stream, self._archive, self._path = stream, archive, path
        self._n_read, self._end = 0, self._HEADERS

    def start(self, n_bytes: int, name: str = "") -> None:
        """Allow a member of this size, and the headers of the next one."""
        if name and n_bytes > self._archive.max_member:
            raise damaged(self._path, f"{n_bytes:,} bytes in {name}", f"at most {self._archive.max_member:,}")
        self._end = self._n_read + n_bytes + self._HEADERS

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._n_read += len(content)
        if self._n_read > self._archive.max_unpacked:
            raise damaged(self._path, f"more than {self._archive.max_unpacked:,} bytes after decompression", "fewer")
        if self._n_read > self._end:
            raise damaged(self._path, f"more than {self._HEADERS:,} bytes in the header of a file", "fewer")
        return content
