"""Long tables: `sequences_from_frame`."""

import datetime
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder

from skrnn.datasets import sequences_from_frame
from skrnn.preprocessing import TimeDistributed

NAN = np.nan
COLUMNS = {
    "trial": ["b", "a", "b", "a", "b"],
    "time": [2, 1, 0, 0, 1],
    "speed": [1.5, 2.0, None, 4.0, 5.0],
    "surface": ["x", None, "y", "x", "z"],
    "wet": [True, False, True, True, False],
    "gait": [1, 0, 1, 0, 1],
    "person": ["P", "Q", "P", "Q", "P"],
}
PANDAS = pd.DataFrame(COLUMNS)
POLARS = pl.DataFrame(COLUMNS)
ARROW = pa.table(COLUMNS)
PLACE = ARROW.schema.get_field_index("surface")
FRAMES = {
    "pandas": PANDAS,
    "pandas, objects": PANDAS.astype(object),
    "pandas, nullable": PANDAS.convert_dtypes(),
    "pandas, pyarrow": ARROW.to_pandas(types_mapper=pd.ArrowDtype),
    "pandas, categories": PANDAS.astype({"surface": "category", "trial": "category", "person": "category"}),
    "pandas, another index": PANDAS.set_axis([3, 3, 1, 0, 9]),
    "polars": POLARS,
    "polars, categories": POLARS.with_columns(pl.col("surface", "trial").cast(pl.Categorical)),
    "polars, enum": POLARS.with_columns(pl.col("surface").cast(pl.Enum(["x", "y", "z"]))),
    "pyarrow": ARROW,
    "pyarrow, dictionary": ARROW.set_column(PLACE, "surface", ARROW["surface"].dictionary_encode()),
    "pyarrow, batch": pa.RecordBatch.from_pydict(COLUMNS),
}
FEATURES = ["speed", "surface", "wet"]


@pytest.mark.parametrize("name", FRAMES)
def test_frames_of_any_library(name):
    data = sequences_from_frame(
        FRAMES[name], id="trial", time="time", target="gait", groups="person", features=FEATURES
    )
    b, a = data.X
    np.testing.assert_array_equal(b, [[NAN, 1, 1], [5, 2, 0], [1.5, 0, 1]])
    np.testing.assert_array_equal(a, [[4, 0, 1], [2, NAN, 0]])
    assert a.dtype == b.dtype == np.float64
    assert data.y.tolist() == [1, 0]
    assert data.groups.tolist() == ["P", "Q"]
    assert data.ids.tolist() == ["b", "a"]
    assert data.feature_names == FEATURES
    assert data.categories == {"surface": ["x", "y", "z"]}


def test_without_time_the_rows_keep_their_order():
    data = sequences_from_frame(PANDAS, id="trial", features=["speed"])
    np.testing.assert_array_equal(data.X[0], [[1.5], [NAN], [5]])
    np.testing.assert_array_equal(data.X[1], [[2], [4]])
    assert data.y is None
    assert data.groups is None
    assert data.description == (
        "A long table; 2 sequences of 2 to 3 steps (by 'trial', in the order of rows), 1 feature, no labels. "
        "20.0 % of the values are missing."
    )


def test_the_features_are_all_other_columns():
    data = sequences_from_frame(PANDAS, id="trial", time="time", target="gait", groups="person")
    assert data.feature_names == FEATURES
    timed = sequences_from_frame(PANDAS, id="trial", time="time", features=["time"])
    assert timed.X[0].tolist() == [[0], [1], [2]]


def test_equal_lengths_give_one_array():
    frame = pd.DataFrame({"id": [1, 2, 1, 2], "v": [1.0, 2.0, 3.0, 4.0]})
    X = sequences_from_frame(frame, id="id").X
    assert X.tolist() == [[[1], [3]], [[2], [4]]]
    assert X.shape == (2, 2, 1)


def test_sequences_are_views_of_one_array_that_is_not_the_frame():
    frame = pd.DataFrame({"id": [1, 1, 2], "v": [1.0, 2.0, 3.0], "w": [4.0, 5.0, 6.0]})
    first, second = sequences_from_frame(frame, id="id").X
    assert first.base is second.base
    first[:] = 0
    assert frame["v"].tolist() == [1, 2, 3]


def shuffled(generator, n_sequences, dtype):
    lengths = generator.integers(1, 40, n_sequences)
    ids = np.repeat(generator.permutation(10 * n_sequences)[:n_sequences], lengths)
    times = np.concatenate([np.sort(generator.choice(1000, size, replace=False)) for size in lengths]) - 500
    values = generator.standard_normal((len(ids), 3)).astype(dtype)
    frame = pd.DataFrame(values, columns=["p", "q", "r"]).assign(who=ids, when=times, label=ids % 3)
    return frame.sample(frac=1, random_state=int(generator.integers(1000)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_order_of_rows_gives_what_a_loop_over_groups_gives(dtype):
    generator = np.random.default_rng(1)
    for n_sequences in (1, 2, 57):
        frame = shuffled(generator, n_sequences, dtype)
        for table in (
            frame,
            frame.sort_values("when"),
            frame.sort_values(["who", "when"]),
            frame.sort_values(["who", "when"], ascending=[True, False]),
            pl.DataFrame(frame),
        ):
            data = sequences_from_frame(table, id="who", time="when", target="label")
            rows = table.to_pandas() if isinstance(table, pl.DataFrame) else table
            wanted = {who: group.sort_values("when") for who, group in rows.groupby("who", sort=False)}
            assert data.ids.tolist() == [*wanted]
            for found, label, (_, group) in zip(data.X, data.y, wanted.items(), strict=True):
                assert found.dtype == dtype
                np.testing.assert_array_equal(found, group[["p", "q", "r"]].to_numpy())
                assert label == group["label"].iloc[0]
        untimed = sequences_from_frame(frame, id="who", features=["p"])
        for found, (_, group) in zip(untimed.X, frame.groupby("who", sort=False), strict=True):
            np.testing.assert_array_equal(found, group[["p"]].to_numpy())


def test_one_sequence_may_begin_when_another_ends():
    frame = pd.DataFrame({"id": [1, 1, 2, 2], "t": [0, 1, 1, 2], "v": [1.0, 2.0, 3.0, 4.0]})
    assert sequences_from_frame(frame, id="id", time="t").X.tolist() == [[[1], [2]], [[3], [4]]]


TIMES = {
    "negative and float": [2.5, 1, -1, -2, 0],
    "dates": pd.date_range("2026-03-01", periods=5)[[4, 3, 0, 1, 2]],
    "dates with a zone": pd.date_range("2026-03-28", periods=5, tz="Europe/Berlin")[[4, 3, 0, 1, 2]],
    "durations": pd.to_timedelta([4, 3, 0, 1, 2], unit="h"),
    "days": [datetime.date(2026, 1, 1 + day) for day in (30, 20, 0, 3, 9)],
    "texts of dates": ["2026-10-01", "2026-09-30", "2026-02-01", "2026-02-02", "2026-02-03"],
    "texts of dates and times": [f"2026-01-01T{hour:02}:00:00" for hour in (20, 9, 1, 3, 10)],
    "texts with offsets": ["2026-01-01T10:00+00:00", "2026-01-01T10:30+00:00", "2026-01-01T10:00+05:00", "2026-01-01T00:00Z", "2026-01-01T10:00+01:00"],
    "texts of times": ["10:00:00", "9:30:00", "8:00:00", "0:00:01", "9:59:59.5"],
    "texts of numbers": ["100", "20", "3", "4", "50"],
}  # fmt: skip


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_times_of_any_kind_are_sorted_as_times(name, library):
    frame = PANDAS.assign(time=TIMES[name])
    if library != "pandas":
        frame = pl.DataFrame(frame) if library == "polars" else pa.Table.from_pandas(frame)
    data = sequences_from_frame(frame, id="trial", time="time", features=["speed"])
    np.testing.assert_array_equal(data.X[0], [[NAN], [5], [1.5]])
    np.testing.assert_array_equal(data.X[1], [[4], [2]])


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint64, np.float32, np.float64])
def test_extreme_times_are_sorted(dtype):
    limits = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.finfo(dtype)
    times = np.array([limits.max, limits.min, 0 if limits.min < 0 else 5, limits.min, limits.max], dtype=dtype)
    frame = pd.DataFrame({"id": [2, 2, 2, 1, 1], "t": times[[0, 1, 2, 4, 3]], "v": range(5)})
    data = sequences_from_frame(frame, id="id", time="t")
    assert [each.ravel().tolist() for each in data.X] == [[1, 2, 0], [4, 3]]


def test_times_of_day_of_polars():
    frame = POLARS.with_columns(time=pl.Series([datetime.time(hour) for hour in (20, 9, 1, 3, 10)]))
    data = sequences_from_frame(frame, id="trial", time="time", features=["speed"])
    np.testing.assert_array_equal(data.X[0], [[NAN], [5], [1.5]])


@pytest.mark.parametrize(
    ("columns", "dtype"),
    [
        ({"v": np.float32}, np.float32),
        ({"v": np.float32, "w": np.int16}, np.float32),
        ({"v": np.float32, "w": bool}, np.float32),
        ({"v": np.float32, "w": str}, np.float32),
        ({"v": np.float32, "w": np.int32}, np.float64),
        ({"v": np.float32, "w": np.float64}, np.float64),
        ({"v": np.int8}, np.float64),
        ({"v": bool}, np.float64),
        ({"v": str}, np.float64),
    ],
)
def test_float32_stays_float32_where_nothing_is_lost(columns, dtype):
    frame = pd.DataFrame({name: np.array([0, 1, 1]).astype(kind) for name, kind in columns.items()}).assign(id=1)
    frame = frame.apply(lambda column: "L" + column if pd.api.types.is_string_dtype(column) else column)
    X = sequences_from_frame(frame, id="id").X
    assert X.dtype == dtype
    assert X.tolist() == [[[0] * len(columns), [1] * len(columns), [1] * len(columns)]]


def test_labels_keep_their_type():
    frame = pd.DataFrame({"id": [1, 1, 2], "v": [1.0, 2.0, 3.0], "i": np.int8([3, 3, 5]), "b": [True, True, False]})
    assert sequences_from_frame(frame, id="id", target="i", features=["v"]).y.dtype == np.int8
    assert sequences_from_frame(frame, id="id", target="b", features=["v"]).y.dtype == bool


def test_levels_of_the_training_data_keep_their_numbers():
    train = sequences_from_frame(PANDAS, id="trial", features=["surface"])
    test = pd.DataFrame({"trial": [1, 1, 1, 1], "surface": ["w", "z", None, "x"]})
    data = sequences_from_frame(test, id="trial", features=["surface"], categories=train.categories)
    np.testing.assert_array_equal(data.X, [[[3], [2], [NAN], [0]]])
    assert data.categories == {"surface": ["x", "y", "z", "w"]}
    missing = sequences_from_frame(
        test.assign(surface=np.nan), id="trial", features=["surface"], categories=train.categories
    )
    assert np.isnan(missing.X).all()
    with pytest.raises(ValueError, match="Feature 'surface' is categorical, but not in `categories`, which has 'x'"):
        sequences_from_frame(test, id="trial", features=["surface"], categories={"x": ["a"]})


def test_categories_of_a_type_keep_their_order_and_unused_levels():
    frame = pd.DataFrame({"id": 1, "size": pd.Categorical(["S", "L", None], categories=["S", "M", "L"])})
    data = sequences_from_frame(frame, id="id")
    np.testing.assert_array_equal(data.X, [[[0], [2], [NAN]]])
    assert data.categories == {"size": ["S", "M", "L"]}
    numbers = pd.DataFrame({"id": 1, "size": pd.Categorical([30, 10, 30])})
    assert sequences_from_frame(numbers, id="id").categories == {"size": [10, 30]}


def test_categories_are_encoded_in_a_pipeline():
    data = sequences_from_frame(PANDAS.fillna({"surface": "x"}), id="trial", time="time", features=["surface", "wet"])
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    steps = TimeDistributed(ColumnTransformer([("onehot", encoder, [0])], remainder="passthrough"))
    assert steps.fit_transform(data.X)[0].tolist() == [[0, 1, 0, 1], [0, 0, 1, 0], [1, 0, 0, 1]]


def bad(**columns):
    return PANDAS.assign(**columns)


USUAL = {"id": "trial", "features": ["speed"]}
ERRORS = [
    (PANDAS, {"id": "trail"}, "`id='trail'`: there is no such column. Did you mean 'trial'? The columns are 'trial', 'time', 'speed'"),
    (PANDAS, {**USUAL, "time": "when"}, "`time='when'`: there is no such column."),
    (PANDAS, {"id": "trial", "features": ["sped"]}, "`features='sped'`: there is no such column. Did you mean 'speed'?"),
    (PANDAS.set_index(["trial", "time"]), {"id": "trial"}, "It is in the index: call reset_index() first."),
    (bad(trial=["b", None, "b", "a", "b"]), USUAL, "`id='trial'`: row 1 (the first is row 0) is missing."),
    (bad(gait=[1, 0, 1, NAN, 1]), {**USUAL, "target": "gait"}, "`target='gait'`: row 3 (the first is row 0) is missing."),
    (bad(person=["P", "Q", "P", "Q", None]), {**USUAL, "groups": "person"}, "`groups='person'`: row 4 (the first is row 0) is missing."),
    (bad(time=[2, 1, NAN, 0, 1]), {**USUAL, "time": "time"}, "`time='time'`: row 2 (the first is row 0) is missing."),
    (bad(gait=[1, 0, 1, 0, 2]), {**USUAL, "target": "gait"}, "`target='gait'` must be the same in all rows of a sequence, but 'trial' 'b' has 1 and, in row 4 (the first is row 0), 2."),
    (bad(person=["P", "Q", "P", "R", "P"]), {**USUAL, "groups": "person"}, "`groups='person'` must be the same in all rows of a sequence, but 'trial' 'a' has 'Q' and, in row 3 (the first is row 0), 'R'."),
    (bad(time=[2, 1, 0, 0, 2]), {**USUAL, "time": "time"}, "'trial' 'b' has 'time' 2 occurs several times: in rows 0 and 4"),
    (bad(time=["1/2/2026"] * 5), {**USUAL, "time": "time"}, "expected numbers, dates or durations, but row 0 holds '1/2/2026'"),
    (bad(time=["2026-01-01T10:00", "2026-01-01T10:00Z"] * 2 + ["2026-01-02"]), {**USUAL, "time": "time"}, "expected numbers, dates or durations"),
    (bad(time=["first", "second", "a", "b", "c"]), {**USUAL, "time": "time"}, "but row 0 holds 'first'"),
    (bad(time=[True, False, True, True, False]), {**USUAL, "time": "time"}, "but row 0 holds True"),
    (bad(speed=pd.date_range("2026", periods=5)), USUAL, "Feature 'speed' holds dates or times (Datetime"),
    (bad(speed=["1.5", "2", "n. a.", "3", "4"]), USUAL, "Feature 'speed' holds numbers as texts: row 2 (the first is row 0) is 'n. a.'."),
    (bad(speed=["1,5", "2", "3", "3", "4"]), USUAL, "Feature 'speed' holds numbers as texts: row 0 (the first is row 0) is '1,5'."),
    (bad(speed=["a", "2026-01-02", "b", "a", "a"]), USUAL, "Feature 'speed' holds dates or times: row 1 (the first is row 0) is '2026-01-02'."),
    (bad(speed=["a", "b", 1, None, "a"]), USUAL, "Feature 'speed' holds texts and other values: row 2 (the first is row 0) is 1."),
    (bad(speed=1j), USUAL, "Complex data not supported."),
    (bad(trial=[[1], [2], [3], [4], [5]]), USUAL, "`id='trial'`: expected numbers or texts, but the column holds Object."),
    (PANDAS[:0], USUAL, "The table is empty: it has 0 rows and 7 columns."),
    (PANDAS[["trial", "gait"]], {"id": "trial", "target": "gait"}, "There are no features: the only columns are 'trial', 'gait'."),
    (PANDAS, {"id": "trial", "features": []}, "`features` is empty"),
    (PANDAS, {"id": "trial", "features": "speed"}, "`features='speed'` is a text; expected a list of names"),
    (PANDAS, {"id": "trial", "features": ["speed", "wet", "speed"]}, "`features` holds 'speed' several times."),
    (PANDAS, {"id": "trial", "target": "gait", "features": ["speed", "gait"]}, "`features` holds 'gait', which is also `target`"),
    (PANDAS, {**USUAL, "target": "trial"}, "`target='trial'` is also `id`"),
    (PANDAS, {"id": None}, "`id` is None; expected the column that says which sequence a row belongs to."),
    (PANDAS, {**USUAL, "time": "trial"}, "`time='trial'` is also `id`"),
    (pd.DataFrame([[1, 2, 3]], columns=["id", "v", "v"]), {"id": "id"}, "`features='v'`: 2 columns have this name"),
    (pd.DataFrame([[1, 2, 3]], columns=["id", "id", "v"]), {"id": "id"}, "`id='id'`: 2 columns have this name"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "options", "message"), ERRORS, ids=[message[:50] for *_, message in ERRORS])
def test_what_is_wrong_is_named(frame, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        sequences_from_frame(frame, **options)


@pytest.mark.parametrize("frame", [COLUMNS, PANDAS.to_numpy(), POLARS.lazy(), None])
def test_what_is_no_data_frame(frame):
    with pytest.raises(TypeError, match="Expected `frame` to be a data frame of pandas, polars or pyarrow"):
        sequences_from_frame(frame, id="trial")


def test_columns_without_names_are_found_by_number():
    frame = pd.DataFrame([[7, 1.0, 2.0], [7, 3.0, 4.0]])
    data = sequences_from_frame(frame, id=0)
    assert data.X.tolist() == [[[1, 2], [3, 4]]]
    assert data.feature_names == [1, 2]
    with pytest.raises(ValueError, match="`id=False`: there is no such column"):
        sequences_from_frame(frame, id=False)
