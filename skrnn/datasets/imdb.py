"""The IMDB movie reviews (the Large Movie Review Dataset), read from their original archive without unpacking it."""

import gzip
import os
import re
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from skrnn.datasets._download import Patience, RemoteFile, damaged, locate

_DESCR = """\
IMDB movie reviews (Large Movie Review Dataset v1.0)
----------------------------------------------------

50,000 film reviews from the Internet Movie Database, 25,000 to train on and 25,000 to test on, half of each negative
(at most 4 of 10 stars), half positive (at least 7). No film has more than 30 reviews, and none is in both parts. The
texts are as published, including the HTML line breaks (<br />).

data : object array of shape (n,), the texts, each a str
target : int64 array of shape (n,), 0 for negative, 1 for positive
target_names : ["neg", "pos"]

A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng and C. Potts (2011). Learning Word Vectors for Sentiment
Analysis. Proceedings of the 49th Annual Meeting of the Association for Computational Linguistics, 142-150,
https://aclanthology.org/P11-1015
"""

_LABELS = ("neg", "pos")

# Only what is named so is read, and nothing is written under any member's name: a hostile archive has no hold.
_REVIEW = re.compile(r"(?:\./)?aclImdb/(train|test)/(neg|pos)/(\d+_\d+\.txt)")


@dataclass(frozen=True)
class ReviewArchive(RemoteFile):
    """A gzipped tar file of reviews ``aclImdb/{train,test}/{neg,pos}/ID_RATING.txt``, so many in each folder."""

    n_per_folder: int


IMDB = ReviewArchive(
    "imdb/aclImdb_v1.tar.gz",
    size=84_125_825,
    sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    mirrors=(
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        # A copy that PaddlePaddle keeps; its published MD5 is that of the original.
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
) -> Any:
    """Load the IMDB movie reviews, downloading them if necessary.

    =================   ====================
    Classes                                2
    Samples total                     50,000
    Features              a text, as a string
    =================   ====================

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 25,000 reviews to train on, the 25,000 to test on, or both, in this order.
    data_home : str or path-like, default=None
        The folder of the data sets; the archive lies in it as ``imdb/aclImdb_v1.tar.gz``. By default the environment
        variable ``SKRNN_DATA_HOME``, or ``~/skrnn_data`` where it is not set. An archive that is there is used without
        network access, and nothing is written next to it.
    download_if_missing : bool, default=True
        If False, raise an OSError if the archive is not in the data home instead of trying to download it.
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
            What the data are, and whom to cite.

    (data, target) : tuple if ``return_X_y`` is True
        The texts and their classes.

    Raises
    ------
    OSError
        If the archive is missing and was not to be, or could not be, downloaded; or if the one in the data home is
        damaged.

    Notes
    -----
    Within each half the reviews come in one fixed random order, the same on every call and machine, whatever the order
    in the archive: the last fifth of the training half is a fair validation set. (It is not the order of Keras' loader,
    which numbers the reviews in its own way.)

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
) -> Any:
    """Load the reviews of an archive such as ``IMDB``."""
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
        # RandomState, because its stream is frozen for all versions of NumPy to come.
        for position in np.random.RandomState(0).permutation(len(labelled)):
            text, label = labelled[position]
            texts.append(text)
            target.append(label)
    data, labels = np.array(texts, dtype=object), np.array(target, dtype=np.int64)
    if return_X_y:
        return data, labels
    return Bunch(data=data, target=labels, target_names=list(_LABELS), DESCR=_DESCR)


def _read_reviews(archive: ReviewArchive, path: Path, halves: tuple[str, ...]) -> dict[tuple[str, str], dict[str, str]]:
    """Read the archive to its end; return, for each (half, label), file name -> text (empty for other halves)."""
    reviews: dict[tuple[str, str], dict[str, str]] = {
        (half, label): {} for half in ("train", "test") for label in _LABELS
    }
    try:
        with gzip.open(path) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as members:
                for member in members:
                    name = _REVIEW.fullmatch(member.name)
                    if name is None or not member.isreg():
                        continue
                    half, label, file_name = name.groups()
                    text = ""
                    if half in halves:
                        content = members.extractfile(member)
                        assert content is not None  # a regular file has content
                        text = content.read().decode()
                    reviews[half, label][file_name] = text
            # The tar ends before the gzip stream does, and only at its end does gzip compare its checksum.
            while stream.read(2**20):
                pass
    except UnicodeDecodeError as error:
        raise damaged(path, f"bytes in {member.name} that are not UTF-8 ({error.reason})", "UTF-8 texts") from error
    except (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError) as error:
        raise damaged(path, f"a gzipped tar file that cannot be read ({error})", "a whole one") from error
    for (half, label), texts in reviews.items():
        if len(texts) != archive.n_per_folder:
            raise damaged(path, f"{len(texts):,} reviews in aclImdb/{half}/{label}/", f"{archive.n_per_folder:,}")
    return reviews
