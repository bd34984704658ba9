"""Reading X: whatever container holds the numbers, the result is the same sequences, with the same feature names."""

import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import tensorflow as tf
from numpy.testing import assert_array_equal
from sklearn.preprocessing import StandardScaler

from skrnn.preprocessing import ImageToSequence, SequencePadder, TabularToSequence, TextToSequence, TimeDistributed
from skrnn.preprocessing.reading import as_numbers, read, to_object_array

nan = np.nan
NAMES = ("temp", "rain")
WALKS = np.random.default_rng(0).normal(size=(6, 5, 2))
RAGGED = [walk[: 2 + number % 3] for number, walk in enumerate(WALKS)]


def nested(walks, container):
    return container({name: [walk[:, column] for walk in walks] for column, name in enumerate(NAMES)})


def lists(columns):
    return {name: [series.tolist() for series in column] for name, column in columns.items()}


SEQUENCES = {
    "list of arrays": list,
    "tuple": tuple,
    "nested lists": lambda walks: [walk.tolist() for walk in walks],
    "lists of arrays": lambda walks: [[*walk] for walk in walks],
    "objects of objects": lambda walks: [to_object_array([*walk]) for walk in walks],
    "object array": to_object_array,
    "series": pd.Series,
    "series of lists": lambda walks: pd.Series([walk.tolist() for walk in walks], index=range(9, 9 + len(walks))),
    "series of arrow lists": lambda walks: pd.Series(
        [walk.tolist() for walk in walks], dtype=pd.ArrowDtype(pa.list_(pa.list_(pa.float64())))
    ),
    "polars series": lambda walks: pl.Series([walk.tolist() for walk in walks]),
    "arrow array": lambda walks: pa.array([walk.tolist() for walk in walks]),
    "chunked arrow array": lambda walks: pa.chunked_array([pa.array([walk.tolist() for walk in walks])]),
    "ragged tensor": lambda walks: tf.ragged.constant(
        [walk.tolist() for walk in walks], ragged_rank=1, dtype="float64"
    ),
    "ragged tensor of rank 2": lambda walks: tf.ragged.constant([walk.tolist() for walk in walks], dtype="float64"),
    "tensors": lambda walks: [tf.constant(walk) for walk in walks],
}
NAMED = {
    "frames": lambda walks: [pd.DataFrame(walk, columns=NAMES) for walk in walks],
    "nullable frames": lambda walks: [pd.DataFrame(walk, columns=NAMES).astype("Float64") for walk in walks],
    "arrow frames": lambda walks: [pd.DataFrame(walk, columns=NAMES).astype("double[pyarrow]") for walk in walks],
    "object frames": lambda walks: [pd.DataFrame(walk, columns=NAMES).astype(object) for walk in walks],
    "polars frames": lambda walks: [pl.DataFrame(walk, schema=NAMES) for walk in walks],
    "arrow tables": lambda walks: [pa.table(dict(zip(NAMES, walk.T, strict=True))) for walk in walks],
    "series of frames": lambda walks: pd.Series([pd.DataFrame(walk, columns=NAMES) for walk in walks]),
    "nested frame": lambda walks: nested(walks, pd.DataFrame),
    "nested frame of series": lambda walks: nested(walks, pd.DataFrame).map(pd.Series),
    "nested polars frame": lambda walks: nested(walks, lambda columns: pl.DataFrame(lists(columns))),
    "nested arrow table": lambda walks: nested(walks, lambda columns: pa.table(lists(columns))),
}


@pytest.mark.parametrize("walks", [RAGGED, list(WALKS)], ids=["unequal", "equal"])
@pytest.mark.parametrize("container", [*SEQUENCES, *NAMED])
def test_every_container_holds_the_same_sequences(container, walks):
    reading = read((SEQUENCES | NAMED)[container](walks))
    assert reading.lengths_are_free
    assert reading.names == (NAMES if container in NAMED else None)
    rows = reading.rows()
    assert len(rows) == len(walks)
    for row, walk in zip(rows, walks, strict=True):
        assert_array_equal(row, walk, strict=True)


@pytest.mark.parametrize("container", [name for name in SEQUENCES if name != "ragged tensor of rank 2"])
def test_single_numbers_per_step(container):
    series = [walk[:, 0] for walk in RAGGED]
    if container == "ragged tensor":
        X = tf.ragged.constant([values.tolist() for values in series], dtype="float64")
    elif container == "series of arrow lists":
        X = pd.Series([values.tolist() for values in series], dtype=pd.ArrowDtype(pa.list_(pa.float64())))
    else:
        X = SEQUENCES[container](series)
    for row, values in zip(read(X).rows(), series, strict=True):
        assert_array_equal(row, values, strict=True)


def test_a_polars_column_of_arrays_is_sequences_of_one_length():
    X = pl.Series([walk[:, 0] for walk in WALKS], dtype=pl.Array(pl.Float64, 5))
    assert_array_equal(read(X).values, WALKS[:, :, 0])
    assert read(X).lengths_are_free


def test_an_object_array_of_two_dimensions_is_rows_of_samples_and_columns_of_features():
    cells = np.empty((6, 2), dtype=object)
    for row, column in np.ndindex(cells.shape):
        cells[row, column] = RAGGED[row][:, column]
    for row, walk in zip(read(cells).rows(), RAGGED, strict=True):
        assert_array_equal(row, walk)
    single = read(cells[:, :1])
    assert [row.ndim for row in single.rows()] == [1] * 6  # one number per step


TABLE = np.array([[1, 2, 3], [4, 5, 6]])
TABLES = {
    "array": np.asarray,
    "object array": lambda table: table.astype(object),
    "frame": pd.DataFrame,
    "nullable frame": lambda table: pd.DataFrame(table).astype("Int64"),
    "small nullable frame": lambda table: pd.DataFrame(table).astype("UInt8"),
    "arrow frame": lambda table: pd.DataFrame(table).astype("int64[pyarrow]"),
    "object frame": lambda table: pd.DataFrame(table).astype(object),
    "categories": lambda table: pd.DataFrame(table).astype("category"),
    "polars frame": lambda table: pl.DataFrame(table, schema=list("abc")),
    "arrow table": lambda table: pa.table(dict(zip("abc", table.T, strict=True))),
    "tensor": tf.constant,
    "mixed frame": lambda table: pd.DataFrame(
        {"a": pd.array(table[:, 0], dtype="Int8"), "b": table[:, 1], "c": table[:, 2].astype(object)}
    ),
}


@pytest.mark.parametrize("container", TABLES)
def test_every_table_holds_the_same_integers(container):
    X = TABLES[container](TABLE)
    reading = read(X)
    assert reading.is_table
    assert reading.values.dtype.kind in "iu"
    assert_array_equal(reading.values, TABLE)
    assert_array_equal(as_numbers(X), TABLE)


@pytest.mark.parametrize(
    "table",
    [
        np.array([[1, None], [3, 4]], dtype=object),
        np.array([[1, pd.NA], [3, 4]], dtype=object),
        np.ma.array([[1, 2], [3, 4]], mask=[[False, True], [False, False]]),
        pd.DataFrame({"a": [1, 3], "b": pd.array([None, 4], dtype="Int64")}),
        pd.DataFrame({"a": [1, 3], "b": pd.array([None, 4], dtype="double[pyarrow]")}),
        pd.DataFrame({"a": [1, 3], "b": [pd.NA, 4]}),
        pl.DataFrame({"a": [1, 3], "b": [None, 4]}),
        pa.table({"a": [1, 3], "b": [None, 4]}),
        pl.DataFrame({"a": [decimal.Decimal("1.0"), decimal.Decimal("3.0")], "b": [None, decimal.Decimal("4.0")]}),
    ],
    ids=["None", "NA", "mask", "Int64", "arrow", "object frame", "polars", "arrow table", "decimals"],
)
def test_missing_values_of_any_kind_are_nan(table):
    assert_array_equal(read(table).values, [[1, nan], [3, 4]])
    assert_array_equal(read([[1, None], [3]]).rows()[0], [1, nan])
    assert_array_equal(read([np.ma.array([1, 2], mask=[False, True]), [3]]).rows()[0], [1, nan])


def test_arrays_are_not_copied():
    for X in (WALKS, WALKS[:, :, 0], WALKS.astype(np.float32)):
        assert read(X).values is X


# Names


def test_names_within_a_list_must_agree():
    frames = NAMED["frames"](RAGGED)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read([*frames[:3], frames[3][["rain", "temp"]], *frames[4:]])
    assert str(caught.value) == (
        "Sequence 3 of X has the feature names ['rain', 'temp'], but sequence 0 of X has ['temp', 'rain']. All must "
        "have the same names in the same order."
    )
    with pytest.raises(ValueError, match=r"Sequence 1 of X has the feature names none, but sequence 0 of X has \["):
        read([frames[0], RAGGED[1]])


@pytest.mark.parametrize("transformer", [SequencePadder(), TimeDistributed(StandardScaler())])
@pytest.mark.parametrize("container", NAMED)
def test_transformers_check_the_names(transformer, container):
    X = NAMED[container](RAGGED)
    transformer.fit(X)
    assert transformer.feature_names_in_.tolist() == ["temp", "rain"]
    transformer.transform(X)
    swapped = [pd.DataFrame(walk, columns=NAMES)[["rain", "temp"]] for walk in RAGGED]
    with pytest.raises(ValueError, match="Feature names must be in the same order as they were in fit"):
        transformer.transform(swapped)
    with pytest.raises(ValueError, match="Feature names unseen at fit time:\n- snow\n"):
        transformer.transform([frame.rename(columns={"rain": "snow"}) for frame in swapped])
    with pytest.warns(UserWarning, match="X does not have valid feature names, but"):
        transformer.transform(RAGGED)
    transformer.fit(RAGGED)
    assert not hasattr(transformer, "feature_names_in_")


def test_names_that_are_not_strings_are_ignored():
    reading = read([pd.DataFrame(walk) for walk in RAGGED])
    assert reading.names is None


# Entry points of the transformers


def test_bytes_are_divided_by_255_in_any_container():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 9)).astype(np.uint8)
    expected = ImageToSequence().fit_transform(pixels)
    for frame in (
        pd.DataFrame(pixels),
        pd.DataFrame(pixels).astype("UInt8"),
        pd.DataFrame(pixels).astype("uint8[pyarrow]"),
        pl.DataFrame(pixels),
    ):
        assert_array_equal(ImageToSequence().fit_transform(frame), expected, strict=True)


def test_tables_of_any_kind_become_sequences():
    for table in (
        pd.DataFrame({"x_t1": [2, 4], "x_t0": [1, None]}).astype("Int64"),
        pl.DataFrame({"x_t1": [2, 4], "x_t0": [1, None]}),
        pa.table({"x_t1": [2, 4], "x_t0": [1, None]}),
    ):
        assert_array_equal(TabularToSequence().fit_transform(table), [[[1], [2]], [[nan], [4]]])


def test_texts_of_any_kind_are_read():
    expected = TextToSequence().fit_transform(["a b", "b"])
    for texts in (
        pd.Series(["a b", "b"], dtype="string"),
        pd.Series(["a b", "b"], dtype="string[pyarrow]"),
        pl.Series(["a b", "b"]),
        pa.array(["a b", "b"]),
        pa.chunked_array([["a b"], ["b"]]),
        np.array(["a b", "b"], dtype=np.dtypes.StringDType()),
    ):
        assert_array_equal(TextToSequence().fit_transform(texts), expected)


def test_a_step_needs_a_transformer():
    with pytest.raises(ValueError, match=r"no transformer to apply .* such as TimeDistributed\(StandardScaler\(\)\)"):
        TimeDistributed().fit(RAGGED)


# Errors


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (scipy.sparse.csr_array(np.eye(3)), TypeError, r"Sparse data was passed for X, .*TextToSequence"),
        ([scipy.sparse.csr_array(np.eye(3))] * 2, TypeError, r"Sparse data was passed for sequence 0 of X"),
        ({"seq": WALKS}, TypeError, r"got a dict with the keys \['seq'\]. A classifier of skrnn has one input"),
        ((walk for walk in WALKS), TypeError, r"Expected X to be an array or a list of sequences, got <generator"),
        (pl.LazyFrame({"a": [1]}), TypeError, r"got <LazyFrame .*Call collect\(\) first"),
        (
            [WALKS, np.arange(6)],
            ValueError,
            r"a list of 2 arrays of shapes \(6, 5, 2\), \(6,\), which looks like several",
        ),
        (
            [WALKS],
            ValueError,
            r"Sequence 0 of X has 3 dimensions; .*Pass an array of all sequences as it is",
        ),
        ([[1.0], 2.0], ValueError, r"Sequence 1 of X is 2\.0; expected an array or a data frame"),
        ([[1.0], ["a"]], ValueError, r"Sequence 1 of X holds values of type <U1; expected real numbers"),
        ([["a", None], [1.0]], ValueError, r"Sequence 0 of X holds values that are not numbers: 'a'"),
        (["good", "bad"], ValueError, r"X holds texts, expected sequences"),
        (pl.Series(["good", "bad"]), ValueError, r"X holds texts, expected sequences"),
        (np.zeros((2, 3), "M8[s]"), ValueError, r"X holds dates or times \(datetime64\[s\]\); expected real numbers"),
        (pd.DataFrame({"d": pd.to_datetime(["2020"])}), ValueError, r"Column 'd' of X holds dates or times"),
        (
            pd.DataFrame({"v": [1.0], "c": ["Oslo"]}),
            ValueError,
            r"Column 'c' of X holds values that are not numbers: .*Oslo",
        ),
        (
            [pd.DataFrame({"v": [1.0], "c": ["Oslo"]})],
            ValueError,
            r"Column 'c' of sequence 0 of X holds values that are not numbers",
        ),
        (
            pd.DataFrame({"a": [[1, 2], [3]], "b": [[1, 2], [3, 4]]}),
            ValueError,
            r"Row 1 of X has 2 steps in column 'b', but 1 in column 'a'",
        ),
        (
            pd.DataFrame({"a": [[1, 2], [3]], "age": [30, 40]}),
            ValueError,
            r"Row 0 of X has 30 in column 'age', where others hold series",
        ),
        (
            pd.DataFrame({"a": [np.eye(2), np.eye(3)]}),
            ValueError,
            r"Row 0 of X has an array of shape \(2, 2\) in column 'a'; expected one number per step",
        ),
    ],
)
def test_messages(X, error, message):
    with pytest.raises(error, match=message):
        read(X)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.array([["1", "2"]]), ValueError, r"X holds values of type <U1; .*astype\(float\)"),
        (np.array([["1", 2]], dtype=object), ValueError, r"X holds values that are not numbers: '1'.*astype\(float\)"),
        (pd.DataFrame({"a": ["1", "2"]}), ValueError, r"Column 'a' of X holds values that are not numbers: '1'"),
        (pd.DataFrame({"a": [1j]}), ValueError, r"Complex data not supported. Column 'a' of X"),
        (np.array([[{}]], dtype=object), TypeError, r"X holds {}, of type dict.*an array of real numbers"),
        ([{"a": [1]}, {"a": [2]}], TypeError, r"X holds {'a': \[1\]}, of type dict"),
        ([pl.LazyFrame({"a": [1]})], TypeError, r"X holds <LazyFrame .*, of type LazyFrame"),
        ([[10**400, 1], [2]], ValueError, r"Sequence 0 of X holds an integer that is too large"),
        (
            pd.DataFrame({"a": [10**400, 1]}, dtype=object),
            ValueError,
            r"Column 'a' of X holds an integer that is too large",
        ),
        (
            np.zeros((2, 3), [("a", float), ("b", int)]),
            ValueError,
            r"X is a structured array with the fields \['a', 'b'\]",
        ),
        (pl.DataFrame({"s": [{"x": 1, "y": 2}]}), ValueError, r"Column 's' of X holds records of several fields"),
        (pl.Series([{"x": 1, "y": 2}]), ValueError, r"X holds records of several fields"),
        ({(1, 2), (3, 4)}, TypeError, r"X is a set, which has no order"),
        ([{1, 2}, [3]], ValueError, r"Sequence 0 of X is {1, 2}; expected an array or a data frame"),
        ([[1, 2], None], ValueError, r"Sequence 1 of X is None; expected an array or a data frame"),
        (
            pd.DataFrame({"id": [1, 2], "v": [1, 2]}).groupby("id"),
            ValueError,
            r"give the frames alone: \[steps for _, steps",
        ),
        (
            [pd.DataFrame([[1, 2]]), pd.DataFrame([[1, 2]])[[1, 0]]],
            ValueError,
            r"names \[1, 0\], but sequence 0 of X has \[0, 1\]",
        ),
    ],
)
def test_more_messages(X, error, message):
    with pytest.raises(error, match=message):
        read(X)


def test_columns_of_one_name_are_columns_of_their_own():
    for values in (WALKS[:, :2, 0], WALKS[:, :2, 0].astype("float32")):
        X = pd.DataFrame(values, columns=["a", "a"])
        assert_array_equal(read(X).values, values, strict=True)
        assert read(X).names == ("a", "a")
    assert_array_equal(read([pd.DataFrame(walk, columns=["a", "a"]) for walk in WALKS]).values, WALKS)


def test_record_batches_are_frames():
    batches = [pa.RecordBatch.from_pydict({"temp": walk[:, 0], "rain": walk[:, 1]}) for walk in RAGGED]
    reading = read(batches)
    assert reading.names == NAMES
    for row, walk in zip(reading.rows(), RAGGED, strict=True):
        assert_array_equal(row, walk)
    assert_array_equal(read(batches[0]).values, RAGGED[0])
    with pytest.raises(ValueError, match=r"has the feature names \['rain', 'temp'\]"):
        read([batches[0], batches[1].select(["rain", "temp"])])


def test_memory_of_any_owner():
    assert_array_equal(read(memoryview(WALKS)).values, WALKS)
    with pytest.raises(ValueError, match="X holds no sequence"):
        read(tf.ragged.constant([], ragged_rank=1))


def test_images_of_unequal_sizes():
    with pytest.raises(ValueError, match=r"All rows of X .* the same shape: row 1 has \(3, 4\), row 0 has \(3, 3\)"):
        ImageToSequence().fit([np.ones((3, 3)), np.ones((3, 4))])
