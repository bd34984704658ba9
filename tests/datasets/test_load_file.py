"""`load_file`: tables of all kinds, arrays, and what is refused."""

import gzip
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skrnn.datasets import load_file, sequences_from_frame
from skrnn.datasets.description import describe

NAN = np.nan


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes a file into a new working directory."""
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write


LONG = pd.DataFrame(
    {
        "trial": ["b", "a", "b", "a", "b"],
        "second": [2, 1, 0, 0, 1],
        "speed": np.float32([1.5, 2.0, NAN, 4.0, 5.0]),
        "surface": ["x", "y", "x", "x", "y"],
        "gait": [1, 0, 1, 0, 1],
        "person": ["P", "Q", "P", "Q", "P"],
    }
)
WRITERS = {
    "long.csv": LONG.to_csv,
    "long.csv.gz": LONG.to_csv,
    "long.tsv": lambda path: LONG.to_csv(path, sep="\t", index=False),
    "semicolons.csv": lambda path: LONG.to_csv(path, sep=";", index=False),
    "commas.csv": lambda path: LONG.to_csv(path, sep=";", decimal=",", index=False),
    "long.parquet": LONG.to_parquet,
    "indexed.parquet": lambda path: LONG.set_index(["trial", "second"]).to_parquet(path),
    "filtered.parquet": lambda path: pd.concat([LONG, LONG]).iloc[:5].to_parquet(path),
    "polars.parquet": lambda path: pl.DataFrame(LONG).write_parquet(path),
    "LONG.PARQUET": LONG.to_parquet,
    "long.feather": LONG.to_feather,
    "polars.feather": lambda path: pl.DataFrame(LONG).write_ipc(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_long_tables(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path)
    data = load_file(path, id="trial", time="second", target="gait", group="person")
    np.testing.assert_array_equal(data.X[0], [[NAN, 0], [5, 1], [1.5, 0]])
    np.testing.assert_array_equal(data.X[1], [[4, 0], [2, 1]])
    assert data.X[0].dtype == (np.float64 if ".csv" in name or ".tsv" in name else np.float32)
    assert data.y.tolist() == [1, 0]
    assert data.y.dtype == np.int64
    assert data.groups.tolist() == ["P", "Q"]
    assert data.ids.tolist() == ["b", "a"]
    assert data.feature_names == ["speed", "surface"]
    assert data.categories == {"surface": ["x", "y"]}
    assert data.kind == "sequences"
    assert data.description == (
        f"{name}: a long table; 2 sequences of 2 to 3 steps (by 'trial', sorted by 'second'), 2 features, "
        "2 classes ('gait'), 2 groups ('person'). 10.0 % of the values are missing."
    )


def test_levels_of_a_test_file_have_the_numbers_of_the_training_file(write):
    train = load_file(write("train.csv", "id,c,y\n1,red,0\n1,blue,0\n"), id="id")
    assert train.X.ravel().tolist() == [1, 0]
    test = load_file(write("test.csv", "id,c,y\n1,red,0\n1,green,0\n"), id="id", categories=train.categories)
    assert test.X.ravel().tolist() == [1, 2]
    for name, content in (("a.ts", "@classLabel false\n@data\n1\n"), ("a.csv", "s1,y\n1,2\n")):
        other = load_file(write(name, content))
        assert load_file(name, categories=other.categories).X.tolist() == [[[1]]]
    with pytest.raises(ValueError, match="Feature 'c' is categorical, but not in `categories`, which has none"):
        load_file("test.csv", id="id", categories={})


def test_a_wide_table_of_one_feature(write):
    data = load_file(write("a.csv", "s3,s1,label,s2\n1,2,walk,3\n4,5,run,\n"))
    np.testing.assert_array_equal(data.X, [[[1], [2], [3]], [[4], [5], [NAN]]])
    assert data.y.tolist() == ["walk", "run"]
    assert data.feature_names is None
    assert data.description == (
        "a.csv: a wide table; 2 sequences of 2 to 3 steps (a column per step), 1 feature, 2 classes ('label'). The "
        "labels were taken from 'label' because of its name; `target` names another column."
    )


def test_a_wide_table_of_several_features(write):
    path = write("a.csv", "who,rain_t1,temp_t10,temp_t1,rain_t10,note,kind\nP,1,2,3,4,x,5\nQ,6,7,8,9,y,5\n")
    features = ["rain_t1", "temp_t10", "temp_t1", "rain_t10"]
    data = load_file(path, target="kind", group="who", features=features)
    assert data.X.tolist() == [[[1, 3], [4, 2]], [[6, 8], [9, 7]]]
    assert data.feature_names == ["rain", "temp"]
    assert data.groups.tolist() == ["P", "Q"]
    assert data.y.tolist() == [5, 5]
    with pytest.raises(ValueError, match=re.escape("a.csv: column 'note' holds 'x' in row 0")):
        load_file(path, target="kind", group="who")
    by_step = load_file(write("b.csv", "1-rain,2-rain,y\n1,2,0\n"), name_pattern="{step}-{feature}")
    assert by_step.X.tolist() == [[[1], [2]]]
    assert by_step.feature_names == ["rain"]


def test_columns_that_are_called_like_numbers(write):
    data = load_file(write("a.csv", "0,1,2\n7,0.5,1\n8,0.25,2\n"), target="0")
    assert data.X.tolist() == [[[0.5], [1]], [[0.25], [2]]]
    assert data.y.tolist() == [7, 8]


def test_spaces_after_commas(write):
    data = load_file(write("a.csv", "s1, s2, label\n1, 2, walk\n3, , run\n"))
    np.testing.assert_array_equal(data.X, [[[1], [2]], [[3], [NAN]]])
    assert data.y.tolist() == ["walk", "run"]


def test_a_wide_table_of_single_precision(write):
    table = pd.DataFrame({"id": np.float32([1, 2]), "v": np.float32([3, 4]), "y": [0, 1]})
    table.to_parquet(write("a.parquet", ""))
    data = load_file("a.parquet", features=["v", "id"])
    assert data.X.dtype == np.float32
    assert data.X.tolist() == [[[3], [1]], [[4], [2]]]
    table.astype({"v": float}).to_parquet("a.parquet")
    assert load_file("a.parquet", features=["v", "id"]).X.dtype == np.float64


def test_a_table_without_labels(write):
    data = load_file(write("a.csv", "s1,s2\n1,2\n"), target=False)
    assert data.y is None
    assert data.X.tolist() == [[[1], [2]]]
    assert "no labels" in data.description


def test_the_target_is_guessed_only_where_it_is_clear(write):
    accelerometer = write("acc.csv", "id,t,x,y,z,act\n1,0,1,2,3,sit\n1,1,1,2,3,sit\n")
    with pytest.raises(ValueError, match="which column holds the labels"):
        load_file(accelerometer, id="id", time="t")
    data = load_file(accelerometer, id="id", time="t", target="act")
    assert data.feature_names == ["x", "y", "z"]
    labelled = load_file(write("b.csv", "id,x,y,Label\n1,1,2,a\n1,1,3,a\n"), id="id")
    assert labelled.feature_names == ["x", "y"]
    assert labelled.y.tolist() == ["a"]
    named = load_file(write("c.csv", "id,y,label\n1,2,a\n1,3,a\n"), id="id", features=["y"])
    assert named.y.tolist() == ["a"]


def test_labels_of_several_types(tmp_path):
    frame = pd.DataFrame({"id": [1, 2], "v": [1.0, 2.0], "y": [1, "a"]})
    data = sequences_from_frame(frame, id="id", target="y")
    assert data.y.tolist() == [1, "a"]
    assert ("classes", "2: 1 50 %, a 50 %") in describe(data)


def test_windows(write):
    recording = pd.DataFrame(
        {"who": [*"aaabbbbbcc"], "t": [2, 0, 1, *range(7)], "v": range(10), "act": [1, 0, 0, 1, 1, 1, 0, 0, 1, 1]}
    )
    recording["site"] = np.where(recording["who"] == "c", "north", "south")
    recording.to_csv(write("rec.csv", ""), index=False)
    options = {"time": "t", "target": "act", "window": 2, "step": 1, "features": ["v"]}
    data = load_file("rec.csv", id="who", **options)
    assert data.X[:, :, 0].tolist() == [[1, 2], [2, 0], [3, 4], [4, 5], [5, 6], [6, 7], [8, 9]]
    assert data.y.tolist() == [0, 0, 1, 1, 1, 0, 1]
    assert data.groups.tolist() == [*"aabbbbc"]
    assert data.ids.tolist() == [*"aabbbbc"]
    assert data.starts.tolist() == [0, 1, 0, 1, 2, 3, 0]
    assert data.window == (2, 1)
    assert data.n_left_over == 0
    last = load_file("rec.csv", id="who", **options, group="site", label="last")
    assert last.y.tolist() == [0, 1, 1, 1, 0, 0, 1]
    assert last.groups.tolist() == ["south"] * 6 + ["north"]
    by_group = load_file("rec.csv", group="who", **options)
    assert by_group.groups.tolist() == [*"aabbbbc"]
    apart = load_file("rec.csv", id="who", target="act", window=2, features=["v"])
    assert apart.X[:, :, 0].tolist() == [[0, 1], [3, 4], [5, 6], [8, 9]]
    assert apart.y.tolist() == [1, 1, 1, 1]  # of two labels that are equally frequent, the first counts
    assert apart.window == (2, 2)
    assert apart.n_left_over == 2
    assert apart.description == (
        "rec.csv: a table with one row per step; 4 sequences of 2 steps (windows of 3 recordings, one every 2 steps, "
        "by 'who', in the order of rows), 1 feature, 1 class ('act'), 3 groups. Left over, in no window: 2 steps."
    )


def test_windows_of_one_recording(write):
    path = write("rec.csv", "v,y\n1,0\n2,0\n3,1\n4,1\n5,1\n")
    data = load_file(path, window=2, step=3)
    assert data.X[:, :, 0].tolist() == [[1, 2], [4, 5]]
    assert data.groups.tolist() == [0, 0]
    assert data.starts.tolist() == [0, 3]
    assert data.n_left_over == 1
    with pytest.raises(ValueError, match="No recording of X has the length=6 steps of a window"):
        load_file(path, window=6)
    with pytest.raises(ValueError, match="The 'label' parameter of load_file must be a str among"):
        load_file(path, window=2, label="first")


def test_texts(write):
    path = write("reviews.csv", 'stars,review,id\n5,"Good, really\ngood",1\n1,NA,2\n2,null,3\n')
    data = load_file(path, text="review", target="stars")
    assert data.X.tolist() == ["Good, really\ngood", "NA", "null"]
    assert data.X.dtype == object
    assert data.y.tolist() == [5, 1, 2]
    assert data.kind == "texts"
    assert data.description == (
        "reviews.csv: a table of texts; 3 texts ('review'), 3 classes ('stars'). Other columns were ignored: 'id'."
    )
    with pytest.raises(
        ValueError, match=re.escape("`text='stars'`: expected texts, but row 0 (the first is row 0) holds 5")
    ):
        load_file(path, text="stars", target="id")
    with pytest.raises(ValueError, match=re.escape("`text='review'`: row 1 (the first is row 0) is missing.")):
        load_file(write("b.csv", "review,y\nGood,1\n,0\n"), text="review")


def test_arrays(write):
    X, y = np.arange(24.0).reshape(2, 3, 4), np.array(["a", "b"])
    np.savez("a.npz", X=X, y=y, groups=[7, 8], more=1)
    data = load_file("a.npz")
    np.testing.assert_array_equal(data.X, X)
    assert data.y.tolist() == ["a", "b"]
    assert data.groups.tolist() == [7, 8]
    np.savez_compressed("a.npz", data=X[:, :, 0], labels=[1, 0])
    data = load_file("a.npz")
    np.testing.assert_array_equal(data.X, X[:, :, :1])
    assert data.y.tolist() == [1, 0]
    np.savez("a.npz", x=X.astype(np.uint8), target=y)
    assert load_file("a.npz").kind == "images"
    np.savez("a.npz", X=["good", "bad"])
    data = load_file("a.npz")
    assert (data.kind, data.X.tolist(), data.X.dtype, data.y) == ("texts", ["good", "bad"], np.dtype(object), None)


ARRAYS = {
    "objects": ({"X": np.array([[1], [1, 2]], dtype=object)}, "X holds Python objects. They are stored as pickles"),
    "objects in y": ({"X": np.zeros((2, 3)), "y": np.array(["a", 1], dtype=object)}, "y holds Python objects."),
    "no X": ({"Z": np.zeros((2, 3))}, "expected an array called X, x or data, found 'Z'."),
    "nothing": ({}, "expected an array called X, x or data, found none."),
    "two of them": ({"X": np.zeros((2, 3)), "x": np.zeros((2, 3))}, "X and x may both be X; save only one of them."),
    "too few labels": ({"X": np.zeros((2, 3)), "y": [1]}, "y has the shape (1,); expected (2,), one for each of X."),
    "labels in columns": ({"X": np.zeros((2, 3)), "y": np.eye(2)}, "y has the shape (2, 2); expected (2,)"),
    "one dimension": ({"X": np.zeros(3)}, "X has the shape (3,) and the type float64; expected numbers"),
    "a number": ({"X": 3.0}, "X has the shape () and the type float64; expected numbers"),
    "complex images": ({"X": np.zeros((2, 3, 3, 3), complex)}, "X has the shape (2, 3, 3, 3) and the type complex128"),
    "complex numbers": ({"X": np.zeros((2, 3), complex)}, "X has the shape (2, 3) and the type complex128"),
    "dates": ({"X": np.zeros((2, 3), "M8[s]")}, "X has the shape (2, 3) and the type datetime64[s]"),
    "no samples": ({"X": np.zeros((0, 3))}, "X has the shape (0, 3), which holds no sequences."),
    "texts in columns": ({"X": [["a", "b"]]}, "X has the shape (1, 2), which holds no texts."),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_wrong_arrays(tmp_path, name):
    arrays, message = ARRAYS[name]
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=re.escape(f"{path}: {message}")):
        load_file(path)


def test_damaged_arrays(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, X=np.arange(1000.0).reshape(10, 100), y=np.arange(10))
    content = path.read_bytes()
    generator, messages = np.random.default_rng(0), []
    for _ in range(300):
        damaged = bytearray(content)
        for place in generator.integers(len(damaged), size=3):
            damaged[place] = generator.integers(256)
        path.write_bytes(damaged[: generator.integers(len(damaged) // 2, 2 * len(damaged))])
        try:
            assert load_file(path).X.ndim == 3
        except ValueError as error:
            messages.append(str(error))
    assert [message for message in messages if not message.startswith(str(path))] == []
    assert len(messages) > 100


ERRORS = {
    "no labels": ("a.csv", "s1,s2\n1,2\n", {}, "which column holds the labels? Pass its name as `target`, or False if there are no labels: the columns are 's1', 's2'."),
    "two guesses": ("a.csv", "s1,y,Class\n1,2,3\n", {}, "'y', 'Class' may all be it."),
    "no such column": ("a.csv", "s1,lable\n1,2\n", {"target": "label"}, "`target='label'`: there is no such column. Did you mean 'lable'?"),
    "two columns of one name": ("a.csv", "s1,s1,y\n1,2,3\n", {}, "several columns are called 's1'"),
    "no names": ("a.csv", "1,0.5,0.25\n2,0.5,0.25\n", {}, "the first line holds the numbers '1', '0.5', '0.25'; expected the names of the columns."),
    "a separator at the end of the first line": ("a.csv", "s1,y,\n1,2,\n", {}, "column 3 of 3 has no name in the first line."),
    "an index that numbers no rows": ("a.csv", ",s1,y\n1,1,2\n0,1,2\n", {}, "column 1 of 3 has no name in the first line."),
    "a separator at the end of the rows": ("a.csv", "s1,y\n1,2,\n", {}, "rows have more cells than the first line"),
    "a cell too many in all rows": ("a.csv", "s1,y\n0,1,2\n1,1,2\n", {}, "rows have more cells than the first line"),
    "a cell too many in one row": ("a.csv", "s1,y\n1,2\n1,2,3\n", {}, "Expected 2 fields in line 3, saw 3"),
    "an open quote": ("a.csv", 's1,y\n1,"2\n', {}, "EOF inside string starting at row 1"),
    "blank lines": ("a.csv", "\n\n", {}, "the file is empty; expected a line with the names of the columns, and rows."),
    "no rows": ("a.csv", "s1,y\n", {}, "The table is empty: it has 0 rows and 2 columns."),
    "latin-1": ("a.csv", "s1,y\n1,\xe9\n".encode("latin-1"), {}, "expected UTF-8 text, but byte"),
    "utf-16": ("a.csv", "s1,y\n1,2\n".encode("utf-16"), {}, "expected UTF-8 text, but byte 0 is 0xff."),
    "not compressed": ("a.csv.gz", "s1,y\n1,2\n", {}, "expected a table in a text file: Not a gzipped file"),
    "compressed and cut": ("a.csv.gz", gzip.compress(b"s1,y\n" + b"1,2\n" * 99)[:-9], {}, "Compressed file ended before"),
    "no Parquet": ("a.parquet", "s1,y\n1,2\n", {}, "expected a file in the Parquet format"),
    "no Feather": ("a.feather", "s1,y\n1,2\n", {}, "expected a file in the Feather format"),
    "a text among numbers": ("a.csv", "s1,s2,y\n1,2,3\n1,n. a.,3\n", {}, "column 's2' holds 'n. a.' in row 1 (the first is row 0); expected numbers."),
    "a long table": ("a.csv", "id,time,v,y\n1,0,2,3\n1,1,2,3\n", {}, "column 'id' is no step of a wide table. If each row is a step, pass `id`"),
    "a wide table with an id": ("a.csv", "id,v,y\n1,0,2\n2,1,2\n", {"id": "id"}, "each row has another 'id', so all sequences have a single step."),
    "a column that is no step": ("a.csv", "age,v_t0,v_t1,y\n1,0,2,3\n", {}, "The name of column 'age' of X does not match name_pattern='{feature}_t{step}'. Pass `features`"),
    "a step that is missing": ("a.csv", "u_t0,v_t0,v_t1,y\n1,0,2,3\n", {}, "X has no column 'u_t1'"),
    "time alone": ("a.csv", "t,v,y\n1,0,2\n", {"time": "t"}, "`time` sorts the steps of a sequence: pass `id`"),
    "step alone": ("a.csv", "t,v,y\n1,0,2\n", {"step": 3}, "`step` is the distance between windows: pass `window`"),
    "levels of a wide table": ("a.csv", "t,v,y\n1,0,2\n", {"categories": {"t": ["a"]}}, "`categories` are levels of features of tables with one row per step"),
    "texts with an id": ("a.csv", "t,v,y\na,0,2\n", {"text": "t", "id": "v"}, "`id` has no meaning with `text`"),
    "a label that changes": ("a.csv", "id,v,y\n1,0,2\n1,1,3\n", {"id": "id"}, "`target='y'` must be the same in all rows of a sequence"),
    "a group that changes": ("a.csv", "id,v,y,g\n1,0,2,1\n1,1,2,2\n", {"id": "id", "group": "g"}, "`group='g'` must be the same in all rows of a sequence"),
    "a missing label": ("a.csv", "id,v,y\n1,0,2\n1,1,None\n", {"id": "id"}, "`target='y'`: row 1 (the first is row 0) is missing."),
    "an option of tables": ("a.ts", "@classLabel false\n@data\n1\n", {"target": "y"}, "`target` is an option of tables, and this is a file in the .ts format."),
    "one array": ("a.npy", "x", {}, "It holds one array without labels: save X and y with np.savez('data.npz', X=X, y=y)."),
    "no archive of arrays": ("a.npz", "x", {}, "expected arrays in a file of numpy.savez."),
    "a pickle": ("a.pkl", "x", {}, "A pickle can run any program, so none is read"),
    "a sheet": ("a.xlsx", "x", {}, "found '.xlsx'. Save the sheet as CSV."),
    "no end": ("data", "x", {}, "expected a folder of images, or a file that ends in .csv, .tsv, .parquet, .feather, .ts, .txt, .npz, found no such end."),
    "empty": ("a.csv", "", {}, "the file is empty."),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_what_is_wrong_is_named_with_the_file(write, case):
    name, content, options, message = ERRORS[case]
    if case == "a separator at the end of the rows" and pd.__version__ < "3":
        pytest.skip("pandas 2 leaves out empty cells at the end, so nothing is lost")
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load_file(write(name, content), **options)
    assert str(caught.value).startswith(f"{name}: ")


def test_a_missing_file(write):
    write("sensors.csv", "x")
    with pytest.raises(
        FileNotFoundError, match=re.escape("sensor.csv: there is no such file or folder. Did you mean 'sensors.csv'?")
    ):
        load_file("sensor.csv")
    with pytest.raises(ValueError, match="The 'target' parameter of load_file must be an instance of"):
        load_file("sensors.csv", target=["a"])


def test_what_describe_says(tmp_path):
    path = tmp_path / "long.parquet"
    LONG.to_parquet(path)
    data = load_file(path, id="trial", time="second", target="gait", group="person")
    assert describe(data) == [
        ("read", data.description),
        ("sequences", "2"),
        ("lengths", "2 to 3 steps, median 2.5"),
        ("features", "2: speed, surface (2 levels)"),
        ("missing values", "10.0 %"),
        ("classes", "2: 0 50 %, 1 50 %"),
        ("groups", "2 groups"),
    ]


def test_padding_is_not_missing(write):
    data = load_file(write("a.csv", "s1,s2,s3,s4,label\n1,,3,,a\n4,5,,,b\n,,6,,b\n"))
    found = dict(describe(data))
    assert found["lengths"] == "1 to 3 steps, median 2"
    assert found["missing values"] == "16.7 %"  # one of the six values of the real steps
    assert found["classes"] == "2: a 33 %, b 67 %"
