"""fetch_imdb: all reviews of the archive in one fixed order, or an error that names the archive."""

import gzip
import hashlib
import io
import re
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn.datasets import fetch_imdb
from skrnn.datasets._download import Patience
from skrnn.datasets.imdb import ReviewArchive, load

QUICK = Patience(attempts=1, delay=0, timeout=0.2)
REVIEWS = {
    f"aclImdb/{half}/{label}/{i}_{stars}.txt": f"{half} {label} {i}: très <br /> bien"
    for half in ("train", "test")
    for label, stars in (("neg", 2), ("pos", 9))
    for i in range(5)
}


def packed(reviews, *, others=()):
    """A gzipped tar file of these reviews (name -> text or bytes), and of other members, given as TarInfo."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, text in reviews.items():
            content = text if isinstance(text, bytes) else text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in others:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    return gzip.compress(raw.getvalue(), mtime=0)


def described(content, url="http://127.0.0.1:9/"):
    sha256 = hashlib.sha256(content).hexdigest()
    return ReviewArchive("imdb/aclImdb_v1.tar.gz", len(content), sha256, (url,), n_per_folder=5)


@pytest.fixture
def read(tmp_path):
    """A function that loads the texts and labels of an archive placed in a data home."""

    def read(content, subset="all"):
        path = tmp_path / "imdb" / "aclImdb_v1.tar.gz"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return load(described(content), subset, tmp_path, False, True, QUICK)

    return read


def test_the_real_reviews_are_read_from_a_data_home_without_network(real_home, tree, no_network):
    before = tree(real_home)
    reviews = fetch_imdb(subset="all")
    assert tree(real_home) == before
    assert reviews.data.shape == reviews.target.shape == (50000,)
    assert reviews.data.dtype == object
    assert all(type(text) is str for text in reviews.data)
    assert reviews.target.dtype == np.int64
    assert reviews.target_names == ["neg", "pos"]
    train, y_train = reviews.data[:25000], reviews.target[:25000]
    assert y_train.sum() == reviews.target[25000:].sum() == 12500
    # Keras' published encoding of the training half has this number of distinct words.
    filters = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))
    assert len({word for text in train for word in text.lower().translate(filters).split(" ") if word}) == 88582
    # Any block of rows is a fair sample: four standard errors around one half.
    assert all(abs(block.mean() - 0.5) < 4 * 0.5 / np.sqrt(5000) for block in np.split(reviews.target, 10))
    # One fixed order, for good: other versions of everything below must not change it.
    digest = hashlib.sha256("\n".join(train).encode()).hexdigest()
    assert digest == "999a7d52131da2e580720064d1cda16e89ac2e598f8089f58dced82fc111789a"


def test_each_half_has_its_order_whatever_is_asked_for_and_however_the_archive_is_ordered(read):
    texts, y = read(packed(REVIEWS))
    assert sorted(texts) == sorted(REVIEWS.values())
    assert [f" {('neg', 'pos')[label]} " in text for text, label in zip(texts, y, strict=True)] == [True] * 20
    assert [text.split()[0] for text in texts] == ["train"] * 10 + ["test"] * 10
    assert list(y[:10]) not in ([0] * 5 + [1] * 5, [1] * 5 + [0] * 5)
    for content in (packed(REVIEWS), packed(dict(reversed(REVIEWS.items())))):
        for subset, rows in (("train", slice(0, 10)), ("test", slice(10, 20)), ("all", slice(0, 20))):
            again, labels = read(content, subset)
            assert_array_equal(again, texts[rows])
            assert_array_equal(labels, y[rows])


def test_a_missing_archive_is_downloaded_then_read_back(server, tmp_path):
    content = packed(REVIEWS)
    archive = described(content, server.url("reviews"))
    server.answers = {"reviews": [content]}
    for _ in range(2):
        reviews = load(archive, "train", tmp_path, True, False, QUICK)
        assert reviews.data.shape == (10,)
    assert server.requests == {"reviews": 1}
    assert "Maas" in reviews.DESCR


def test_a_download_of_other_content_is_refused(server, tmp_path):
    server.answers = {"reviews": [packed({**REVIEWS, "aclImdb/train/neg/0_2.txt": "forged"})]}
    with pytest.raises(OSError, match="could not be downloaded"):
        load(described(packed(REVIEWS), server.url("reviews")), "train", tmp_path, True, False, QUICK)
    assert list(tmp_path.rglob("*")) == [tmp_path / "imdb"]


def link(name, kind, target):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def sized(name, size=3):
    member = tarfile.TarInfo(name)
    member.size = size
    return member


def test_members_that_are_no_reviews_are_neither_read_nor_written(read, tmp_path):
    others = [
        sized("../escaped.txt"),
        sized("/tmp/aclImdb/train/neg/7_1.txt"),
        sized("aclImdb/train/neg/../../../7_1.txt"),
        sized("aclImdb/train/neg/7_1.txt.exe"),
        sized("aclImdb/train/unsup/7_0.txt"),
        sized("aclImdb/imdb.vocab"),
        link("aclImdb/train/neg/8_1.txt", tarfile.SYMTYPE, "/etc/passwd"),
        link("aclImdb/train/neg/9_1.txt", tarfile.LNKTYPE, "../../etc/passwd"),
        link("aclImdb/train/neg/10_1.txt", tarfile.DIRTYPE, ""),
        link("aclImdb/train/neg/11_1.txt", tarfile.FIFOTYPE, ""),
    ]
    texts, _ = read(packed(REVIEWS, others=others))
    assert sorted(texts) == sorted(REVIEWS.values())
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "imdb", tmp_path / "imdb" / "aclImdb_v1.tar.gz"]


def test_an_archive_packed_again_from_its_folder_is_read(read):
    assert len(read(packed({f"./{name}": text for name, text in REVIEWS.items()}))[0]) == 20


def test_a_damaged_archive_is_named_with_what_was_found_and_expected(read, tmp_path):
    good = packed(REVIEWS)
    unpacked = gzip.decompress(good)
    one_less = dict(list(REVIEWS.items())[1:])
    broken = packed({**REVIEWS, "aclImdb/train/neg/0_2.txt": b"caf\xe9"})
    unreadable = r"a gzipped tar file that cannot be read \({}\), expected a complete gzipped tar file"
    for content, problem in [
        (good[:-300], unreadable.format("Compressed file ended before .*")),
        (good[:-8] + bytes(8), unreadable.format("CRC check failed .*")),
        (b"<html>Not found</html>", unreadable.format(r"Not a gzipped file \(b'<h'\)")),
        (gzip.compress(b"no tar file"), unreadable.format(".*")),
        (gzip.compress(unpacked[:3000]), unreadable.format("unexpected end of data")),
        (gzip.compress(unpacked[:2048]), "2 reviews in aclImdb/train/neg/, expected 5"),
        (packed(one_less), "4 reviews in aclImdb/train/neg/, expected 5"),
        (packed({}), "0 reviews in aclImdb/train/neg/, expected 5"),
        (
            broken,
            r"bytes in aclImdb/train/neg/0_2\.txt that are not UTF-8 \(unexpected end of data\), expected UTF-8 texts",
        ),
    ]:
        with pytest.raises(OSError, match="is damaged or incomplete") as caught:
            read(content, "train")
        path = tmp_path / "imdb" / "aclImdb_v1.tar.gz"
        assert re.fullmatch(
            re.escape(f"{path} is damaged or incomplete: found ")
            + problem
            + re.escape(". Delete it to download it again, or replace it with an intact copy."),
            str(caught.value),
        )
        assert path.read_bytes() == content


def headed(name, size, *, kind=tarfile.REGTYPE):
    """The header of a member, without its content."""
    member = sized(name, size)
    member.type = kind
    return member.tobuf(tarfile.GNU_FORMAT)


def bomb(header, n_megabytes):
    """A small gzip file of a header and zeros."""
    zeros = gzip.compress(bytes(2**20), mtime=0)
    return gzip.compress(header, mtime=0) + zeros * n_megabytes


@pytest.mark.parametrize(
    ("header", "n_megabytes", "found", "expected"),
    [
        (
            headed("aclImdb/imdb.vocab", 3 * 2**30),
            1,
            "3,221,225,472 bytes in aclImdb/imdb.vocab",
            "at most 134,217,728",
        ),
        (headed("aclImdb/train/neg/0_2.txt", 10**5), 1, "100,000 bytes in aclImdb/train/neg/0_2.txt", "at most 65,536"),
        (
            headed("name", 3 * 2**30, kind=tarfile.GNUTYPE_LONGNAME),
            8,
            "more than 65,536 bytes in the header of a file",
            "fewer",
        ),
        (headed("name", 3 * 2**30, kind=tarfile.XHDTYPE), 8, "more than 65,536 bytes in the header of a file", "fewer"),
        (bytes(1024), 20, "more than 16,777,216 bytes after decompression", "fewer"),
    ],
    ids=["member", "review", "long name", "extended header", "after the end"],
)
def test_more_than_any_real_archive_holds_is_refused_before_it_is_read(
    tmp_path, memory_use, header, n_megabytes, found, expected
):
    content = bomb(header, n_megabytes)
    path = tmp_path / "imdb" / "aclImdb_v1.tar.gz"
    path.parent.mkdir()
    path.write_bytes(content)
    archive = replace(described(content), max_unpacked=2**24)
    with memory_use() as peak, pytest.raises(OSError, match="is damaged or incomplete") as caught:
        load(archive, "all", tmp_path, False, True, QUICK)
    assert f"found {found}, expected {expected}. Delete it" in str(caught.value)
    assert peak[0] < 5e6


@pytest.mark.parametrize(
    "name",
    ["aclImdb/train/neg/5_2.txt", "aclImdb/train/neg/0_7.txt", "aclImdb/test/pos/0_4.txt", "aclImdb/test/pos/0_11.txt"],
)
def test_a_review_of_another_name_is_refused(read, name):
    label = name.split("/")[2]
    ratings = {"neg": "1 to 4", "pos": "7 to 10"}[label]
    expected = f"found the file {name}, expected an ID from 0 to 4 and a rating from {ratings}. Delete it"
    with pytest.raises(OSError, match=re.escape(expected)):
        read(packed({**REVIEWS, name: "text"}))


def test_two_reviews_of_one_name_are_refused(read):
    with pytest.raises(OSError, match=r"found two files aclImdb/train/neg/0_2\.txt, expected one"):
        read(packed(REVIEWS, others=[sized("aclImdb/train/neg/0_2.txt")]))


@given(data=st.data())
@settings(max_examples=200)
def test_no_damage_yields_other_reviews(tmp_path_factory, data):
    good = packed(REVIEWS)
    content = bytearray(good)
    position = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans(), label="truncate"):
        del content[position:]
    else:
        content[position] ^= data.draw(st.integers(1, 255))
    home = tmp_path_factory.mktemp("home")
    path = home / "imdb" / "aclImdb_v1.tar.gz"
    path.parent.mkdir()
    path.write_bytes(content)
    try:
        texts, _ = load(described(good), "all", home, False, True, QUICK)
    except OSError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert sorted(texts) == sorted(REVIEWS.values())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"subset": "unsup"}, r"The 'subset' parameter of fetch_imdb must be a str among {.*}. Got 'unsup' instead."),
        ({"data_home": 3}, "The 'data_home' parameter of fetch_imdb must be .* Got 3 instead."),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        fetch_imdb(**parameters)
