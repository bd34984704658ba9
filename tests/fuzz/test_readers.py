"""load_file: whatever a file holds, labelled sequences or an error that names the file."""

import bz2
import gzip
import io
import zipfile

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from skrnn.datasets import load_file, make_preprocessor, sequences_from_frame
from skrnn.datasets.description import describe
from tests.fuzz.inputs import DTYPES, _values, one_in
from tests.fuzz.laws import attempt, require
from tests.fuzz.tally import TALLY, Refused

_CELLS = st.sampled_from(
    [
        "1",
        "0.5",
        "-3",
        "",
        " ",
        "NA",
        "nan",
        "1e308",
        "1e400",
        "inf",
        "a",
        "b",
        "walk",
        "2026-01-01",
        "10:30:00",
        "TRUE",
    ]
    + ['"x, y"', '"', "1,5", "\u00e9", "\x00", "9" * 30, "0x10", "1_000", "\t", "[1, 2]", "-0"]
)
_GOOD_CELLS = st.sampled_from(["1", "0.5", "-3", "2", "7.25"])
_NAMES = ["id", "time", "target", "a", "b", "text", "group", "a_t0", "a_t1", "b_t0", "b_t1", "y", "x"]


_LONG = {"id": "id", "time": "time", "target": "target"}
_TABLES = [  # columns, and the options to read them with
    (["id", "time", "target", "a", "b"], [_LONG, {**_LONG, "group": "target"}, {"id": "id", "features": ["a"]}]),
    (["time", "target", "a", "b"], [{"window": 2}, {"window": 2, "step": 1, "time": "time", "label": "last"}]),
    (["target", "a_t0", "a_t1", "b_t0", "b_t1"], [{}, {"target": "target"}, {"features": ["b_t1", "b_t0"]}]),
    (["y", "1", "2", "3"], [{}]),
    (["text", "target"], [{"text": "text"}]),
]


@st.composite
def separated(draw):
    """Draw the lines of a table, mostly good ones, and options to read it with."""
    names, options = draw(st.sampled_from(_TABLES))
    if draw(one_in(10)):
        names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=6))
    n_rows = draw(st.integers(0, 3) if draw(one_in(10)) else st.integers(4, 8))
    cells = _CELLS if draw(one_in(4)) else _GOOD_CELLS
    rows = [[draw(cells) for _ in names] for _ in range(n_rows)]
    for column, name in enumerate(names):
        if name in ("target", "group", "text", "id"):
            for number, row in enumerate(rows):
                row[column] = str(number // 2 if name == "id" else "uv"[number // 2 % 2])
            if rows and draw(one_in(20)):
                draw(st.sampled_from(rows))[column] = draw(_CELLS)
    if rows and draw(one_in(12)):
        draw(st.sampled_from(rows)).append("7")
    mark = draw(st.sampled_from([","] * 16 + [";"] * 4 + ["\t"]))
    end = draw(st.sampled_from(["\n"] * 5 + ["\r\n", "\r", "\n\n"]))
    content = end.join(mark.join(row) for row in [names, *rows]).encode()
    return content, draw(st.sampled_from(options))


@st.composite
def ts_files(draw):
    """Draw a file in the .ts format."""
    univariate = draw(st.sampled_from(["true"] * 6 + ["false", "maybe", ""]))
    header = [f"@univariate {univariate}", "@classLabel true u v"]
    header += draw(
        st.lists(
            st.sampled_from(
                [
                    "# note",
                    "@timeStamps true",
                    "@equalLength true",
                    "@seriesLength 3",
                    "@dimensions 2",
                    "@seriesLength -1",
                ]
                + [
                    "@targetLabel true",
                    "@problemName x",
                    "@classLabl true",
                    "@missing false",
                    "@dimensions 99999999999",
                ]
            ),
            max_size=draw(st.sampled_from([0, 0, 2])),
        )
    )
    value = st.sampled_from(["1", "2.5", "-3e2", "?", "nan", "(0,1)", "", "inf", "1_0", "x"]) | st.just("1.5")
    channel = st.lists(value, min_size=1, max_size=4).map(",".join) | st.just("1,2,3")
    case = st.tuples(st.lists(channel, min_size=1, max_size=2).map(":".join), st.sampled_from(["u", "v", "U", "w", ""]))
    good = st.sampled_from(["1,2,3:u", "4,5,6:v", "7,8,9:u"])
    lines = draw(st.lists(good, min_size=1, max_size=5) | st.lists(case.map(":".join), max_size=5))
    return "\n".join([*header, draw(st.sampled_from(["@data"] * 5 + ["", "@DATA"])), *lines]).encode()


@st.composite
def ucr_texts(draw):
    """Draw a text file of the UCR archive."""
    mark = draw(st.sampled_from(["\t", ",", "  "]))
    value = st.sampled_from(["1", "2.5", "-1e3", "NaN", "0"]) | st.just("1.0")
    cells = st.lists(value, min_size=4, max_size=4) | st.lists(_CELLS, max_size=4)
    rows = draw(st.lists(cells, max_size=5))
    return "\n".join(mark.join([draw(st.sampled_from(["1", "2", "-1", "1.5"])), *row]) for row in rows).encode()


@st.composite
def npz_files(draw):
    """Draw arrays in a file of numpy.savez."""
    n = draw(st.integers(0, 5))
    usual = [(n, 3), (n, 3, 2), (n, 4, 4), (n, 4, 4, 3)]
    shape = draw(st.sampled_from([*usual * 4, (n,), (n, 0, 2), (n, 2, 2, 2, 2), ()]))
    dtype = draw(st.sampled_from([*DTYPES * 2, "U3", "O", "c16", "M8[D]", "S2"]))
    if dtype in DTYPES:
        X = _values(draw(st.integers(0, 9)), shape, draw(st.sampled_from(["usual", "huge"])), dtype)
    else:
        X = np.full(shape, np.datetime64("2026-01-01")) if dtype == "M8[D]" else np.ones(shape).astype(dtype)
    names = draw(
        st.sampled_from([("X", "y"), ("x", "labels"), ("data",), ("Z",), ("X", "x", "y"), ("X", "y", "groups")])
    )
    labels = draw(
        st.sampled_from([np.arange(n) % 2, np.arange(n + 1), np.array(["u", "v"] * n)[:n], np.full(n, np.nan)])
    )
    stream = io.BytesIO()
    save = draw(st.sampled_from([np.savez, np.savez_compressed]))
    save(stream, **{name: X if i == 0 else labels for i, name in enumerate(names)})
    return stream.getvalue()


def _binary(write, frame):
    stream = io.BytesIO()
    try:
        write(frame)(stream)
    except Exception:  # Arrow cannot hold every frame
        return b"PAR1"
    return stream.getvalue()


@st.composite
def frames(draw):
    """Draw a data frame with columns of several types."""
    n = draw(st.integers(0, 1) if draw(one_in(10)) else st.integers(2, 8))
    number = np.arange(n)
    half = number // 2
    columns = {
        "id": draw(st.sampled_from([half, half, np.array(list("aabbccdd"))[:n], np.zeros(n), number / 7])),
        "time": draw(st.sampled_from([number, number / 50, -number, number % 2, np.full(n, "x")])),
        "target": draw(st.sampled_from([half % 2, np.array(list("uuvvuuvv"))[:n], half % 2 == 1, number % 2])),
        "a": draw(st.sampled_from([number * 0.5, number, np.full(n, np.nan), number.astype("f2")])),
        "b": draw(st.sampled_from([number, number, np.array(list("xyxyxyxy"))[:n]])),
    }
    if draw(one_in(6)):
        odd = [
            pd.date_range("2026-01-01", periods=n),
            np.full(n, 1j),
            [[1.0, 2.0]] * n,
            [{}] * n,
            pd.array([None] * n),
            [b"x"] * n,
            [10**30] * n,
            [object()] * n,
        ]
        columns[draw(st.sampled_from([*columns]))] = draw(st.sampled_from(odd))
    dropped = draw(st.sets(st.sampled_from([*columns]), min_size=1, max_size=2)) if draw(one_in(4)) else ()
    return pd.DataFrame({name: column for name, column in columns.items() if name not in dropped})


_OPTIONS = {
    "target": st.sampled_from(["target", "y", "nothing", False, 1]),
    "id": st.sampled_from(["id", "group", "nothing", 0]),
    "time": st.sampled_from(["time", "id", "a"]),
    "text": st.sampled_from(["text", "a", "nothing"]),
    "group": st.sampled_from(["group", "id", "nothing"]),
    "features": st.sampled_from([["a"], ["a", "b"], [], ["nothing"], "a", ["a", "a"]]),
    "name_pattern": st.sampled_from(["{feature}_t{step}", "{feature}", "", "{step}_{feature}"]),
    "window": st.sampled_from([1, 2, 3, 10**9]),
    "step": st.sampled_from([1, 2, 10**9]),
    "label": st.sampled_from(["majority", "last", min]),
    "categories": st.sampled_from([{}, {"b": ["x", "y"]}, {"b": []}, {"nothing": ["x"]}]),
}


def _packed(pack):
    return lambda drawn: (pack(drawn[0]), drawn[1])


def _without_options(files):
    return files.map(lambda content: (content, {}))


def _of_frames(write):
    options = st.sampled_from([_LONG, {"id": "id"}, {"window": 2}, {"window": 3, "id": "id"}])
    return st.tuples(frames().map(lambda frame: _binary(lambda frame: getattr(frame, write), frame)), options)


_FILES = {
    "csv": separated(),
    "tsv": separated().map(_packed(lambda content: content.replace(b",", b"\t"))),
    "csv.gz": separated().map(_packed(gzip.compress)),
    "csv.bz2": separated().map(_packed(bz2.compress)),
    "csv.zip": separated().map(_packed(lambda content: _zipped({"data.csv": content}))),
    "parquet": _of_frames("to_parquet"),
    "feather": _of_frames("to_feather"),
    "ts": _without_options(ts_files()),
    "txt": _without_options(ucr_texts() | ts_files()),
    "npz": _without_options(npz_files()),
}


def _zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def damaged(content: bytes):
    """Draw what may become of a file: mostly nothing."""
    cut = st.integers(0, max(len(content) - 1, 0)).map(lambda place: content[:place])
    flip = st.tuples(st.integers(0, max(len(content) - 1, 0)), st.integers(1, 255)).map(
        lambda change: bytes(byte ^ (change[1] if i == change[0] else 0) for i, byte in enumerate(content))
    )
    twice = st.just(content + content)
    junk = st.binary(max_size=20).map(lambda end: content + end)
    return one_in(6).flatmap(lambda is_damaged: st.one_of(cut, flip, twice, junk) if is_damaged else st.just(content))


@given(drawn=st.data(), kind=st.sampled_from([*_FILES]))
def test_files(tmp_path_factory, drawn, kind):
    check(tmp_path_factory, drawn, kind)


@given(drawn=st.data(), kind=st.sampled_from(["csv", "parquet"]))
def test_tables(tmp_path_factory, drawn, kind):
    check(tmp_path_factory, drawn, kind)


def check(tmp_path_factory, drawn, kind):
    content, usual = drawn.draw(_FILES[kind])
    content, options = drawn.draw(damaged(content)), dict(usual)
    if drawn.draw(one_in(8)):
        name = drawn.draw(st.sampled_from([*_OPTIONS]))
        options[name] = drawn.draw(_OPTIONS[name])
    path = tmp_path_factory.getbasetemp() / f"fuzz.{kind}"
    path.write_bytes(content)
    with TALLY.case("files", lambda: f"load_file(*.{kind}, {options}) of {content!r}"):
        try:
            data = attempt(load_file, path, **options)
        except Refused as refusal:
            # errors about an option alone need no file
            named = [path.name, *(f"`{name}" for name in options), *(f"'{name}'" for name in options)]
            require(any(name in str(refusal) for name in named), f"names neither file nor option: {refusal}")
            raise
        finally:
            assert path.read_bytes() == content
        require_data(data)


def require_data(data):
    n = len(data.X)
    assert n > 0
    assert data.y is None or len(data.y) == n
    assert data.groups is None or len(data.groups) == n
    assert data.kind in ("sequences", "texts", "images")
    assert data.description
    attempt(describe, data)
    if data.kind == "texts":
        assert all(isinstance(text, str) for text in data.X)
    else:
        steps = [np.asarray(sequence) for sequence in data.X]
        assert all(step.dtype.kind in "fiub" for step in steps)
        if data.kind == "sequences":
            assert len({step.shape[1:] for step in steps}) == 1
    if data.y is not None and data.kind == "sequences":
        preprocessor = attempt(make_preprocessor, data)
        attempt(preprocessor.fit_transform, data.X)


@given(
    frame=frames(), options=st.fixed_dictionaries({}, optional={name: _OPTIONS[name] for name in ("time", "target")})
)
def test_frames(frame, options):
    with TALLY.case("data frames", lambda: f"sequences_from_frame({frame.to_dict('list')}, {options})"):
        data = attempt(sequences_from_frame, frame, id="id", **options)
        assert len(data.X) == frame["id"].nunique()


@given(
    drawn=st.data(),
    mode=st.sampled_from(["L", "RGB", "P", "1", "CMYK"] * 2 + ["RGBA", "I;16", "F"]),
    n=st.integers(1, 3),
)
def test_folders_of_images(tmp_path_factory, drawn, mode, n):
    folder = tmp_path_factory.mktemp("images")
    contents = []
    for number in range(2 * n):
        stream = io.BytesIO()
        size = (2, 3) if drawn.draw(one_in(20)) else (3, 2)
        Image.new(mode, size).save(stream, "PNG" if mode not in ("F", "CMYK") else "TIFF")
        content = stream.getvalue()
        contents.append(drawn.draw(damaged(content)) if drawn.draw(one_in(10)) else content)
        path = folder / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(contents[-1])
    with TALLY.case("folders of images", lambda: f"{mode}: {contents}"):
        data = attempt(load_file, folder)
        assert data.X.shape[:1] == (2 * n,)
        assert data.X.dtype == np.uint8
