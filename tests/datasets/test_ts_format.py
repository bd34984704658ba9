"""The .ts format and the text files of the UCR archive: awkward files are read right, or refused by line number."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from skrnn.datasets import load_file

HEADER = "@problemName Toy\n@timeStamps false\n@univariate false\n@classLabel true a b\n@data\n"
NAN = np.nan


def written(folder, content, name="toy.ts"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def assert_same(X, wanted):
    assert len(X) == len(wanted)
    for found, expected in zip(X, wanted, strict=True):
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, np.array(expected, dtype=float))


RIGHT = {
    "two dimensions, channels last": (HEADER + "1,2,3:4,5,6:a\n7,8,9:0,1,2:b\n", [[[1, 4], [2, 5], [3, 6]], [[7, 0], [8, 1], [9, 2]]], "ab"),
    "unequal lengths": (HEADER + "1,2,3:4,5,6:a\n7:0:b\n", [[[1, 4], [2, 5], [3, 6]], [[7, 0]]], "ab"),
    "missing values": (HEADER + "1,?,3:?,5,NaN:a\n", [[[1, NAN], [NAN, 5], [3, NAN]]], "a"),
    "Windows line ends": (HEADER.replace("\n", "\r\n") + "1,2:4,5:a\r\n", [[[1, 4], [2, 5]]], "a"),
    "old Mac line ends": (HEADER.replace("\n", "\r") + "1,2:4,5:a\r", [[[1, 4], [2, 5]]], "a"),
    "blank lines and comments": ("# by hand\n\n" + HEADER + "\n#more\n1,2:4,5:a\n\n  \n", [[[1, 4], [2, 5]]], "a"),
    "a comment that is not UTF-8": (b"# Universit\xe9\n" + HEADER.encode() + b"1:4:a\n", [[[1, 4]]], "a"),
    "a byte order mark": ("\ufeff" + HEADER + "1:4:a\n", [[[1, 4]]], "a"),
    "no line end at the end": (HEADER + "1:4:a", [[[1, 4]]], "a"),
    "spaces": (HEADER + " 1 , 2 : 4,\t5 : a \n", [[[1, 4], [2, 5]]], "a"),
    "small and capital letters": (HEADER.upper().replace("A B", "a b") + "1:4:A\n", [[[1, 4]]], "a"),
    "no class label": ("@classLabel false\n@data\n1,2\n3,4\n", [[[1], [2]], [[3], [4]]], None),
    "labels that the header does not list": ("@classLabel true\n@data\n1,2:x y\n3,4:7\n", [[[1], [2]], [[3], [4]]], ["x y", "7"]),
    "exponents": ("@classLabel true a\n@data\n1e-3,-2.5E2,+.5,4.:a\n", [[[0.001], [-250], [0.5], [4]]], "a"),
    "a long header": ("@problemName x\n" + "# a line of a long header\n" * 20_000 + "@classLabel true a\n@data\n1:a\n", [[[1]]], "a"),
    "a stated length": ("@equalLength true\n@seriesLength 2\n@classLabel true a\n@data\n1,2:a\n", [[[1], [2]]], "a"),
    "a length without meaning": ("@equalLength false\n@seriesLength 9\n@classLabel true a\n@data\n1,2:a\n", [[[1], [2]]], "a"),
    "missing steps at an end": ("@classLabel true a\n@data\n?,1,?:a\n", [[[NAN], [1], [NAN]]], "a"),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_awkward_files_are_read_right(tmp_path, name):
    content, X, y = RIGHT[name]
    data = load_file(written(tmp_path, content))
    assert_same(data.X, X)
    assert (data.y is None) if y is None else data.y.tolist() == [*y]
    assert data.kind == "sequences"
    assert data.X.ndim == (3 if len({len(each) for each in X}) == 1 else 1)


LABELLED = "@classLabel true a b\n@data\n"
WRONG = {
    "no @data": ("@classLabel true a\n", "there is no @data (last line: 1)"),
    "no case": (LABELLED + "\n# end\n", "there is no case after @data (last line: 2)"),
    "a case before @data": ("@classLabel true a\n1,2:a\n", "line 2: expected @data before the first case, or a line of the header, found '1,2:a'"),
    "no @classLabel": ("@problemName x\n@data\n1,2\n", "line 2: expected @classLabel before @data"),
    "a lonely @": ("@\n", "line 1: @ is no line of the .ts format"),
    "a mistyped tag": ("@clasLabel true a\n@data\n1:a\n", "line 1: @clasLabel is no line of the .ts format. Did you mean @classlabel?"),
    "a tag twice": ("@classLabel true a\n@classLabel true b\n@data\n", "line 2: @classLabel is there twice"),
    "neither true nor false": ("@univariate yes\n", "line 1: expected true or false after @univariate, found 'yes'"),
    "nothing after a tag": ("@missing\n", "line 1: expected true or false after @missing, found ''"),
    "a number that is none": ("@dimensions two\n", "line 1: expected a number after @dimensions, found 'two'"),
    "a huge number": ("@dimensions 99999999999999999999\n", "line 1: expected a number after @dimensions"),
    "no dimensions": ("@dimensions 0\n" + LABELLED, "line 3: the header states zero dimensions"),
    "time stamps": ("@timeStamps true\n" + LABELLED + "(0,1):a\n", "line 3: @timeStamps is true, but cases with time stamps are not supported"),
    "time stamps without the tag": (LABELLED + "1,2:a\n(0,1),(1,2):a\n", "line 4: dimension 1 of 1: value 1 of 4 is '(0'; expected a finite number or ? (time stamps are not supported)"),
    "a regression": ("@targetLabel true\n" + LABELLED, "line 3: @targetLabel is true, so this is a regression problem"),
    "an empty dimension": (LABELLED + "1,2::a\n", "line 3: dimension 2 of 2 is empty; a missing value is a ?"),
    "an empty value": (LABELLED + "1,,2:a\n", "line 3: dimension 1 of 1: value 2 of 3 is empty"),
    "a text": (LABELLED + "1,2:a\n1,two:a\n", "line 4: dimension 1 of 1: value 2 of 2 is 'two'"),
    "Python's numbers": (LABELLED + "1_000:a\n", "line 3: dimension 1 of 1: value 1 of 1 is '1_000'"),
    "infinity": (LABELLED + "1,inf:a\n", "line 3: dimension 1 of 1: value 2 of 2 is 'inf'"),
    "too large": (LABELLED + "1e999:a\n", "line 3: dimension 1 of 1: value 1 of 1 is '1e999'"),
    "all missing": (LABELLED + "?,?:a\n", "line 3: all values of the case are missing"),
    "no label": (LABELLED + "1,2:\n", "line 3: expected a class label after the last colon"),
    "no colon": (LABELLED + "a\n", "line 3: expected values, a colon and a class label, found 'a'"),
    "an unknown label": (LABELLED + "1,2:c\n", "line 3: found the class label 'c', but @classLabel lists a, b"),
    "truncated": (LABELLED + "1,2:a\n1,2.", "line 4: found the class label '1,2.', but @classLabel lists a, b. The line may have been cut short"),
    "truncated to its first dimension": (HEADER + "1,2:1,2:a\n1,2:a\n", "line 7: found 1 dimensions, but the first case has 2"),
    "fewer dimensions than stated": ("@dimensions 2\n" + LABELLED + "1,2:a\n", "line 4: found 1 dimensions, but the header states 2"),
    "univariate, but two dimensions": ("@univariate true\n" + LABELLED + "1,2:3,4:a\n", "line 4: found 2 dimensions, but the header states 1"),
    "a header that contradicts itself": ("@univariate true\n@dimensions 2\n" + LABELLED, "line 4: the header states 2 dimensions, but @univariate is true"),
    "shorter than stated": ("@seriesLength 3\n" + LABELLED + "1,2:a\n", "line 4: found 2 steps, but the header states 3"),
    "not of equal length": ("@equalLength true\n" + LABELLED + "1,2:a\n1:b\n", "line 5: found 1 steps, but @equalLength is true, and the first case has 2"),
    "dimensions of unequal length": (HEADER + "1,2:1:a\n", "line 6: dimension 2 of 2 has 1 values, but dimension 1 has 2"),
    "not UTF-8": (LABELLED.encode() + b"1,2:a\n1:\xff\n", "line 4: expected UTF-8 text"),
    "a table": ("x,y,label\n1,2,3\n", "line 1: expected @data before the first case"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_are_refused_by_line(tmp_path, name):
    content, message = WRONG[name]
    path = written(tmp_path, content)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load_file(path)
    assert str(caught.value).startswith(str(path))


def test_an_empty_file(tmp_path):
    with pytest.raises(ValueError, match="the file is empty"):
        load_file(written(tmp_path, ""))


def test_the_classes_of_the_header(tmp_path):
    data = load_file(written(tmp_path, "@classLabel true run walk sit\n@data\n1:walk\n2:run\n"))
    assert data.target_names == ["run", "walk", "sit"]
    assert data.y.tolist() == ["walk", "run"]
    assert data.description == "toy.ts: a file in the .ts format; 2 sequences of 1 step, 1 feature, 2 classes."


def test_mutated_files_give_data_or_a_value_error(tmp_path):
    """Lines cut, doubled and swapped, bytes changed: a result whose parts agree, or a ValueError with the path."""
    generator = np.random.default_rng(0)
    seeds = [content if isinstance(content, bytes) else content.encode() for content, *_ in RIGHT.values()]
    seeds = [content for content in seeds if len(content) < 1000]
    pieces = [b"1", b",2", b"a", b"?", b":", b",", b"\n", b"@data\n", b"@", b"#", b"nan", b"\x00", b"\xff", b"(", b"1e400", b" ", b"\r", b"@dimensions 3\n", "\u0663\u2028".encode()]  # fmt: skip
    path = tmp_path / "fuzz.ts"
    n_read, messages = 0, []
    for _ in range(2000):
        content = bytearray(seeds[generator.integers(len(seeds))])
        for _ in range(generator.integers(1, 3)):
            header = content.find(b"@data") + 6 if generator.random() < 0.8 else 0  # mostly after the header
            where = int(generator.integers(min(header, len(content)), len(content) + 1))
            match generator.integers(5):
                case 0:
                    del content[where:]
                case 1:
                    content[where:where] = pieces[generator.integers(len(pieces))]
                case 2:
                    content[where : where + 1] = bytes([generator.integers(256)])
                case 3:
                    del content[where : where + int(generator.integers(1, 9))]
                case 4:
                    lines = [*content.splitlines(keepends=True), b""]
                    lines.insert(generator.integers(len(lines)), lines[generator.integers(len(lines))])
                    content = bytearray(b"".join(lines))
        path.write_bytes(content)
        try:
            data = load_file(path)
        except ValueError as error:
            messages.append(str(error))
            continue
        n_read += 1
        assert len({case.shape[1] for case in data.X}) == 1
        assert all(np.isfinite(case).any() and not np.isinf(case).any() for case in data.X)
        assert data.y is None or (len(data.y) == len(data.X) and all(data.y))
    assert [message for message in messages if not message.startswith(str(path))] == []
    assert n_read > 100
    assert len(messages) > 100


UCR = {
    "tabs, NaN at the end": ("a.tsv", "2\t1.5\t2.5\t3\n-1\t1\tNaN\tNaN\n", [[[1.5], [2.5], [3]], [[1], [NAN], [NAN]]], [2, -1]),
    "commas and Windows line ends": ("a.txt", "1,0.5\r\n2,1\r\n\r\n", [[[0.5]], [[1]]], [1, 2]),
    "spaces, and labels written as floats": ("a.txt", "  1.0000000e+00  -5e-1 2\n  3.0000000e+00 1 1", [[[-0.5], [2]], [[1], [1]]], [1, 3]),
}  # fmt: skip


@pytest.mark.parametrize("case", UCR)
def test_label_first_files(tmp_path, case):
    name, content, X, y = UCR[case]
    data = load_file(written(tmp_path, content, name))
    assert_same(data.X, X)
    assert data.X.ndim == 3
    assert data.y.dtype == np.int64
    assert data.y.tolist() == y


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3\n1,2\n", "line 2: found 2 numbers, but the first line has 3. Pad shorter cases with NaN."),
        ("1 2\n1.5 2\n", "line 2: expected a class label first, a whole number, found 1.5."),
        ("1 2\nNaN 2\n", "line 2: expected a class label first, a whole number, found nan."),
        ("1 2\n1 two\n", "line 2: value 2 of 2 is 'two'; expected a finite number or NaN."),
        ("1 2\n1 NaN\n", "line 2: expected values after the class label; all are missing."),
        ("1 2\n1e300 2\n", "line 2: expected a class label first, a whole number, found 1e+300."),
        ("Dear reader\n", "expected a file of the UCR archive, with a line of numbers for each sequence"),
        ("1\n2\n", "expected a file of the UCR archive, with a line of numbers for each sequence"),
    ],
)
def test_wrong_label_first_files(tmp_path, content, message):
    path = written(tmp_path, content, "a.txt")
    with pytest.raises(ValueError, match=re.escape(message)):
        load_file(path)


def test_a_txt_file_in_the_ts_format(tmp_path):
    data = load_file(written(tmp_path, "# note\n" + HEADER + "1:4:a\n", "toy.txt"))
    assert data.X.tolist() == [[[1, 4]]]


ARCHIVE = Path(os.environ.get("SKRNN_DATA_HOME", "~/skrnn_data")).expanduser() / "ucr"


@pytest.mark.parametrize(
    ("name", "shape", "lengths", "n_classes"),
    [
        ("ArrowHead_TRAIN", (36, 251, 1), (251, 251), 3),
        ("BasicMotions_TEST", (40, 100, 6), (100, 100), 4),
        ("GunPoint_TRAIN", (50, 150, 1), (150, 150), 2),
        ("ItalyPowerDemand_TEST", (1029, 24, 1), (24, 24), 2),
        ("JapaneseVowels_TRAIN", (270,), (7, 26), 9),
    ],
)
def test_files_of_the_archive(name, shape, lengths, n_classes):
    path = ARCHIVE / f"{name}.ts"
    if not path.exists():
        pytest.skip(f"{path} is not here: download it from https://timeseriesclassification.com")
    data = load_file(path)
    assert data.X.shape == shape
    found = [len(case) for case in data.X]
    assert (min(found), max(found)) == lengths
    assert len(np.unique(data.y)) == len(data.target_names) == n_classes
    last = path.read_text().rstrip().rpartition("\n")[2]
    *channels, label = last.split(":")
    np.testing.assert_array_equal(data.X[-1].T, [[float(value) for value in each.split(",")] for each in channels])
    assert data.y[-1] == label
