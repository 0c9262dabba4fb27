"""The same table comes out of every format, object and stream; what is no table is refused in words."""

import datetime
import io
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.data.table import read_columns, read_table
from eqdisc.errors import DataError

FRAME = pd.DataFrame(
    {
        "a [m]": [1.5, 2.5, np.nan, 4.5, 5.5, np.pi],
        "n": [1, 2, 3, 4, 5, 6],
        "flag": [True, False, True, True, False, False],
        "who": ["x", "y", "z", "u", "v", "w"],
        "when": pd.date_range("2020-01-01", periods=6),
        "y": [0.1, 0.2, 0.3, 0.4, 0.5, np.inf],
    }
)


def csv(path: Path) -> None:
    FRAME.to_csv(path, index=False)


def parquet(path: Path) -> None:
    FRAME.to_parquet(path)


def excel(path: Path) -> None:
    FRAME.to_excel(path, index=False)


def gzipped(path: Path) -> None:
    FRAME.to_csv(path, index=False, compression="gzip")


@pytest.mark.parametrize(
    ("write", "name"), [(csv, "t.csv"), (parquet, "t.parquet"), (excel, "t.xlsx"), (gzipped, "t.csv.gz")]
)
@pytest.mark.parametrize("how", ["path", "stream", "other name"])
def test_round_trip_through_files(tmp_path: Path, write: Any, name: str, how: str) -> None:
    path = tmp_path / name
    write(path)
    if how == "other name":  # the content tells, not the name
        path = path.rename(tmp_path / "table.data")
    check(read_table(io.BytesIO(path.read_bytes()) if how == "stream" else path, target="y"))


def test_a_data_frame_is_read_as_it_is() -> None:
    check(read_table(FRAME, target="y"))
    check(read_table(FRAME.convert_dtypes(), target="y"))
    check(read_table({name: FRAME[name].to_numpy() for name in FRAME}, target="y"))
    check(read_table({name: FRAME[name].tolist() for name in FRAME}, target="y"))
    check(read_table(FRAME.to_records(index=False).view(np.ndarray), target="y"))


def check(data: Dataset) -> None:
    assert data.feature_names == ("a", "n", "flag")
    assert data.feature_units == ("m", None, None)
    assert data.features.tolist() == [[1.5, 1, 1], [2.5, 2, 0], [4.5, 4, 1], [5.5, 5, 0]]
    assert data.target.tolist() == [0.1, 0.2, 0.4, 0.5]
    assert data.notes[:4] == (
        "columns left out: 'who' (text), 'when' (dates or times)",
        "true and false read as 1 and 0: 'flag'",
        "1 of 6 rows left out: a missing value in 'a' (1)",
        "1 of 6 rows left out: an infinity in 'y' (1)",
    )


@pytest.mark.parametrize(("write", "name"), [(csv, "t.csv"), (parquet, "t.parquet"), (excel, "t.xlsx")])
def test_whole_rows_can_be_written_out_again(tmp_path: Path, write: Any, name: str) -> None:
    path = tmp_path / name
    write(path)
    found = read_columns(path, ["n", "a"])
    assert found.header == tuple(FRAME.columns)
    assert np.array_equal(found.features[:, 0], FRAME["n"])
    assert np.array_equal(found.features[:, 1], FRAME["a [m]"], equal_nan=True)
    rows = list(found.rows())
    assert [row[3] for row in rows] == FRAME["who"].tolist()
    assert [float(row[0] or "nan") for row in rows[:2]] == [1.5, 2.5]
    assert rows[2][0] == ""
    assert [len(row) for row in rows] == [6] * 6


def test_pandas_index_does_not_become_a_feature(tmp_path: Path) -> None:
    frame = FRAME[["n", "y"]].iloc[[4, 1, 0, 2, 3]]
    frame.to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet", target="y").feature_names == ("n",)


def test_several_levels_and_numbers_as_names() -> None:
    frame = pd.DataFrame(np.arange(12.0).reshape(4, 3) ** 2, columns=[0, 1, "y"])
    assert read_table(frame, target="y").feature_names == ("0", "1")
    frame.columns = pd.MultiIndex.from_tuples([("a", "min"), ("a", "max"), ("y", "")])
    assert read_table(frame, target="y").feature_names == ("a min", "a max")


def test_dictionary_and_decimal_columns_of_parquet(tmp_path: Path) -> None:
    from decimal import Decimal

    frame = pd.DataFrame({"x": [Decimal("1.25"), None, Decimal("3"), Decimal("4"), Decimal("5")]})
    frame["c"] = pd.Categorical(["u", "v", "u", "v", "u"])
    frame["y"] = np.arange(5, dtype=np.float32) / 4
    frame.to_parquet(tmp_path / "t.parquet")
    data = read_table(tmp_path / "t.parquet", target="y")
    assert data.features.ravel().tolist() == [1.25, 3, 4, 5]
    assert "columns left out: 'c' (text)" in data.notes


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


ROWS = [["x", "y"], [1, 2.5], [2, 3.5], [3, 5.5], [4, 9.5]]


def test_sheets(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", first=ROWS, second=[["z", "y"], *ROWS[1:]], empty=[])
    data = read_table(path, target="y")
    assert data.feature_names == ("x",)
    assert data.notes[0] == "the first of 3 sheets was read: 'first'; the others are 'second', 'empty'"
    assert read_table(path, target="y", sheet="second").feature_names == ("z",)
    assert read_columns(path, ["z"], sheet="second").features.ravel().tolist() == [1, 2, 3, 4]
    with pytest.raises(DataError, match="has no sheet 'third'; it has 'first', 'second', 'empty'"):
        read_table(path, target="y", sheet="third")
    with pytest.raises(DataError, match="the sheet 'empty' is empty"):
        read_table(path, target="y", sheet="empty")
    csv(tmp_path / "t.csv")
    with pytest.raises(DataError, match=r"the sheet 'a' is asked for, but .*t\.csv is no Excel workbook"):
        read_table(tmp_path / "t.csv", target="y", sheet="a")


def test_a_sheet_as_people_lay_it_out(tmp_path: Path) -> None:
    """A title, blank rows and columns, a remark in a column of numbers."""
    rows: list[list[Any]] = [
        ["Run 7"],
        [],
        *[[None, *row] for row in ROWS],
        [None, None, None],
        [None, 5, "n/a"],
    ]
    data = read_table(workbook(tmp_path / "t.xlsx", one=rows), target="y")
    assert data.features.ravel().tolist() == [1, 2, 3, 4]
    assert data.notes[0] == "1 row above the names of the columns left out"
    rows[4][2] = "about 3"
    with pytest.raises(
        DataError, match=r"row 2 \(row 5 of the sheet\), column 'y' holds 'about 3', which is not"
    ):
        read_table(workbook(tmp_path / "t.xlsx", one=rows), target="y")


def test_dates_and_nameless_sheets(tmp_path: Path) -> None:
    rows = [[*row, datetime.datetime(2020, 1, 1)] for row in ROWS]
    rows[0][2] = "when"
    data = read_table(workbook(tmp_path / "t.xlsx", one=rows), target="y")
    assert data.notes[0] == "columns left out: 'when' (dates or times)"
    data = read_table(workbook(tmp_path / "t.xlsx", one=ROWS[1:]), target="x1")
    assert data.notes[0] == "the table does not name its columns; they are called x0, x1"


def test_npz(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    X, y = np.random.default_rng(0).normal(size=(6, 3)), np.arange(6.0)
    np.savez(path, X=X, y=y)
    data = read_table(path, target="y")
    assert data.feature_names == ("x0", "x1", "x2")
    assert np.array_equal(data.features, X)
    np.savez_compressed(path, **{"v [m/s]": X[:, 0], "y": y, "parameters": np.ones(2), "version": 3})
    data = read_table(path, target="y")
    assert data.feature_units == ("m/s",)
    assert data.notes[0] == (
        "arrays without one value for each of the 6 rows left out: "
        "'version' (shape ()), 'parameters' (2 values)"
    )
    records = np.rec.fromarrays([X[:, 0], y], names=["v", "y"])
    np.savez(path, records)
    assert read_table(path, target="y").feature_names == ("v",)
    np.save(tmp_path / "t.npy", records)
    assert read_table(tmp_path / "t.npy", target="y").feature_names == ("v",)


def test_npz_with_python_objects_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, x=np.array([1, "a", None], dtype=object), y=np.arange(3))
    with pytest.raises(DataError, match="holds Python objects, which are not opened: they can run code"):
        read_table(path, target="y")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"x": [1, 2, 3, 4], "y": [1, 2, 3]}, "columns are of different lengths: 'x' 4, 'y' 3"),
        ({"x": np.ones((2, 2, 2)), "y": [1, 2]}, r"'x' is an array of shape \(2, 2, 2\); wanted one value"),
        ({"x": [[1, 2], [3]], "y": [1, 2]}, "'x' is no array with one value for each row"),
        ({}, "has no columns"),
        ({"x": [], "y": []}, "names but no rows of numbers"),
        ({"x": [1j, 2, 3, 4], "y": [1, 2, 3, 4]}, "no numeric column besides the target 'y'"),
        (3, "a int is no table"),
        ([[1, 2], [3, 4]], "a list is no table; wanted a CSV"),
    ],
)
def test_objects_that_are_no_table(source: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(source, target="y")


def test_masked_cells_are_missing() -> None:
    x = np.ma.masked_equal([1.0, 2.0, -999.0, 4.0, 5.0], -999.0)
    data = read_table({"x": x, "y": np.arange(5.0)}, target="y")
    assert data.features.ravel().tolist() == [1, 2, 4, 5]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"\xef\xbb\xbfx;y\n1,5;2\n2;4\n3;7\n4;8\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert read_table("-", target="y").features.ravel().tolist() == [1.5, 2, 3, 4]
    packed = io.BytesIO()
    FRAME.to_parquet(packed)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed.getvalue())))
    check(read_table("-", target="y"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(DataError, match="standard input is empty"):
        read_table("-", target="y")


def test_text_stream_and_its_name(tmp_path: Path) -> None:
    csv(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open() as stream:
        check(read_table(stream, target="y"))
    with (tmp_path / "t.csv").open() as stream, pytest.raises(DataError, match=r"t\.csv has no column 'z'"):
        read_table(stream, target="z")


def archive(**members: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", r"binary file: it looks like a picture \(PNG\); wanted a CSV or TSV"),
        (b"%PDF-1.7\n", "binary file: it looks like a PDF document"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "looks like an old Excel file or one with a password; save it as",
        ),
        (pickle.dumps(FRAME), "looks like a Python pickle, which is not opened"),
        (b"\x89HDF\r\n\x1a\n", "looks like an HDF5 file"),
        (archive(readme="text"), "looks like a zip archive; unpack it first"),
        (
            archive(mimetype="application/vnd.oasis"),
            "looks like an OpenDocument file; save it as .xlsx or CSV",
        ),
        (b"PK\x03\x04broken", "looks like a zip archive, or a broken Excel or NPZ file"),
        (b"PAR1" + bytes(100), "is a broken Parquet file"),
        (b"\x93NUMPY\x01\x00broken", "is a broken NPY file"),
        (archive(**{"xl/workbook.xml": "<broken"}), "is a broken Excel workbook"),
        (archive(**{"a.npy": "broken"}), "is a broken NPZ file|no columns"),
        (bytes(range(1, 32)) * 4, "is a binary file; wanted"),
        ("a,y\n1,2\n".encode("utf-16-le"), "is a binary file .perhaps text in UTF-16 without a byte order"),
    ],
)
def test_other_files_are_refused_by_what_they_are(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(path, target="y")


@pytest.mark.parametrize(
    ("write", "message"),
    [(parquet, "is a broken Parquet file"), (excel, "zip archive, or a broken Excel or NPZ file")],
)
def test_a_file_that_ends_too_early_is_refused(tmp_path: Path, write: Any, message: str) -> None:
    path = tmp_path / "t.xlsx"
    write(path)
    with pytest.raises(DataError, match=message):
        read_table(io.BytesIO(path.read_bytes()[:-40]), target="y")
