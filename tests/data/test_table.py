import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eqdisc.data.table import read_table
from eqdisc.data.tables import examples, read_example
from eqdisc.errors import DataError, InputError, OptionError

GOOD = "a,b,y\n1,2,3\n4,5,6\n7,8,10\n1,2,4\n"


def written(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace(",", "\t"),
        GOOD.replace(",", ";"),
        GOOD.replace(",", " | "),
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip("\n"),
        "\ufeff" + GOOD,
        "\n" + GOOD.replace("\n", "\n\n"),
        GOOD.replace("a,b,y", '"a", b ,"y"'),
        GOOD.replace("4,5,6", ' 4.0,"5",6e0'),
    ],
    ids=["comma", "tab", "semicolon", "bar", "crlf", "no end", "bom", "blank lines", "quoted names", "cells"],
)
def test_same_table_however_it_is_written(tmp_path: Path, text: str) -> None:
    data = read_table(written(tmp_path, text), target="y")
    assert data.feature_names == ("a", "b")
    assert np.array_equal(data.features, [[1, 2], [4, 5], [7, 8], [1, 2]])
    assert np.array_equal(data.target, [3, 6, 10, 4])


def test_features_in_the_order_asked_for_and_text_elsewhere_does_not_matter(tmp_path: Path) -> None:
    path = written(tmp_path, "name,a,b,y\nearth,1,2,3\nmars,4,5,6\n,7,8,10\nvenus,1,2,4\n")
    data = read_table(str(path), target="y", features=["b", "a"])
    assert data.feature_names == ("b", "a")
    assert np.array_equal(data.features[1], [5, 4])


@given(arrays(np.float64, (5, 2), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_what_is_written_is_read_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, values: np.ndarray
) -> None:
    path = tmp_path_factory.getbasetemp() / "floats.csv"
    rows = [f"{x!r},{z!r},{i}" for i, (x, z) in enumerate(values.tolist())]
    data = read_table(written(path.parent, "\n".join(["x,z,y", *rows]), path.name), target="y")
    assert data.features.tobytes() == values.tobytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; wanted a first line"),
        ("\n \n", "is empty; wanted a first line"),
        ("a,b,y\n", "names but no rows of numbers"),
        (GOOD.replace("4,5,6", "4,5"), r"row 2 \(line 3\) has 2 cells, the first line names 3 columns"),
        (GOOD.replace("4,5,6", "4,5,6,7"), r"row 2 \(line 3\) has 4 cells, the first line names 3 columns"),
        (GOOD.replace("7,8,10", "7,eight,10"), r"row 3 \(line 4\), column 'b' holds 'eight', which is not"),
        (GOOD.replace("4,5,6", "4,2020-01-02,6"), "'2020-01-02', which is not a number but a date or time"),
        (GOOD.replace("4,5,6", '4,"1,234.5",6'), "'1,234.5'.*leave out thousands separators"),
        (GOOD.replace("4,5,6", "4,true,6"), "column 'b' holds 'true' among numbers"),
        (GOOD.replace("4,5,6", "4,1_0,6"), "'1_0', which is not a number"),
        (
            GOOD.replace("7,8,10", "7,8,inf"),
            r"got n_samples=3; 1 of 4 rows left out: an infinity in 'y' \(1\)",
        ),
        (GOOD.replace("4,5,6", "4,NA,6"), r"got n_samples=3; 1 of 4 rows left out: a missing value in 'b'"),
        ("a,b,y\n1,2,3\n4,5,6\n7,8,9\n", "at least 4 rows of data, got n_samples=3"),
        ("a,b,y\n1,2,3\n4,5,3\n7,8,3\n1,1,3\n", "target 'y' is 3 in all 4 rows: it is constant"),
        (GOOD.replace("a,b", "a,a"), "column name 'a' stands more than once"),
        (GOOD.replace("a,b", "a,"), "column 2 has no name"),
        (GOOD.replace("a,b,y", "a,b,why"), r"no column 'y' for the target; it has a, b, why"),
        ("y\n1\n2\n3\n4\n", "no column besides the target 'y'"),
        (b"PK\x03\x04\x00\x00binary", "is a binary file"),
        (b"a,b,y\n1,2,\xff\xfe3\n", r"row 1 \(line 2\), column 'y' holds '\xff\xfe3', which is not a number"),
        (b"\xff\xfea\x00,", "is not a text table that can be read"),
    ],
)
def test_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as refusal:
        read_table(written(tmp_path, text), target="y")
    assert "Traceback" not in str(refusal.value)


def test_row_and_line_differ_where_lines_are_blank(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 2 \(line 5\), column 'a' holds 'x'"):
        read_table(written(tmp_path, "a,y\n\n1,2\n\nx,3\n"), target="y")


@pytest.mark.parametrize(
    ("target", "features", "message"),
    [
        ("perod", None, "no column 'perod' for the target; did you mean 'Period'"),
        ("Period", ["mass", "Axs"], "no column 'Axs' for the feature; did you mean 'axis'"),
        ("Period", ["axis", "Period"], "target 'Period' is also among the features"),
        ("Period", ["axis", "axis"], "'axis' is given to more than one feature"),
        ("Period", [], "no column besides the target"),
    ],
)
def test_wrong_names(tmp_path: Path, target: str, features: list[str] | None, message: str) -> None:
    path = written(tmp_path, GOOD.replace("a,b,y", "axis,mass,Period"))
    with pytest.raises(DataError, match=message):
        read_table(path, target, features)


def test_no_such_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no file .*nowhere\.csv"):
        read_table(tmp_path / "nowhere.csv", target="y")
    with pytest.raises(DataError, match="is a folder; wanted a CSV or TSV file"):
        read_table(tmp_path, target="y")


ROWS = "t,p,y,who,when,empty,ok\n" + "".join(
    f"{i},{i * i},{i + 0.5},name{i},2020-01-{i:02},,{['true', 'False'][i % 2]}\n" for i in range(1, 11)
)


def test_columns_nobody_asked_for_are_left_out_where_they_hold_no_numbers(tmp_path: Path) -> None:
    data = read_table(written(tmp_path, ROWS), target="y")
    assert data.feature_names == ("t", "p", "ok")
    assert "columns left out: 'who' (text), 'when' (dates or times), 'empty' (no value at all)" in data.notes
    assert "true and false read as 1 and 0: 'ok'" in data.notes
    assert data.features[:2, 2].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("who", r"row 1 \(line 2\), column 'who' holds 'name1', which is not a number; mend it"),
        ("when", r"row 1 \(line 2\), column 'when' holds '2020-01-01', which is not a number but a date"),
        ("empty", "column 'empty' has no value: every cell is missing"),
    ],
)
def test_columns_asked_for_must_hold_numbers(tmp_path: Path, name: str, message: str) -> None:
    path = written(tmp_path, ROWS)
    with pytest.raises(DataError, match=message):
        read_table(path, target="y", features=["t", name])
    with pytest.raises(DataError, match=message):
        read_table(path, target=name)
    with pytest.raises(DataError, match=message):
        read_table(path, target="y", weights=name)


def test_no_numeric_column(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b,y\n" + "u,,v\n" * 5)
    with pytest.raises(
        DataError, match=r"no numeric column: 'a' \(text\), 'b' \(no value at all\), 'y' \(text"
    ):
        read_table(path, target="y")
    path = written(tmp_path, "a,y\n" + "".join(f"u,{i}\n" for i in range(5)))
    with pytest.raises(DataError, match=r"no numeric column besides the target 'y'; columns left out: 'a'"):
        read_table(path, target="y")


@pytest.mark.parametrize(
    "word", ["", " ", "NA", "n/a", "NaN", "nan", "null", "NULL", "-", "?", "None", "#N/A"]
)
def test_rows_with_missing_cells_are_left_out_and_counted(tmp_path: Path, word: str) -> None:
    rows = [f"{i},{i * i},{2 * i}" for i in range(10)]
    rows[3] = f"{word},9,6"
    rows[5] = f"5,{word},10"
    rows[7] = f"{word},{word},14"
    data = read_table(written(tmp_path, "\n".join(["T,p,y", *rows])), target="y")
    assert data.target.tolist() == [0, 2, 4, 8, 12, 16, 18]
    assert data.notes[0] == "3 of 10 rows left out: a missing value in 'T' (2), 'p' (2)"


def test_infinities_are_left_out_and_said(tmp_path: Path) -> None:
    rows = [f"{i},{i * i}" for i in range(10)]
    rows[2], rows[4], rows[6] = "2,-inf", "Infinity,1", "6,1e999"
    data = read_table(written(tmp_path, "\n".join(["x,y", *rows])), target="y")
    assert data.n_rows == 7
    assert data.notes[0] == "3 of 10 rows left out: an infinity in 'y' (2), 'x' (1)"


def test_too_many_missing(tmp_path: Path) -> None:
    half = written(tmp_path, "x,y\n" + "".join(f"{i},{i if i % 2 else ''}\n" for i in range(20)))
    assert read_table(half, target="y").n_rows == 10
    with pytest.raises(DataError, match="target 'y' is missing in 10 of 20 rows, more than the allowed 40%"):
        read_table(half, target="y", max_missing=0.4)
    path = written(tmp_path, "x,y\n" + "".join(f"{i},{'' if i % 3 else i}\n" for i in range(21)))
    with pytest.raises(DataError, match="target 'y' is missing in 14 of 21 rows, more than the allowed 50%"):
        read_table(path, target="y")
    with pytest.raises(DataError, match=r"14 of 21 rows lack a value, more than the allowed 50%: 'y' \(14\)"):
        read_table(path, target="x")
    assert read_table(path, target="y", max_missing=0.7).n_rows == 7
    with pytest.raises(OptionError, match=r"max_missing is 50; wanted a share from 0 to 1"):
        read_table(path, target="y", max_missing=50)


SPREAD = "x,y,err,w\n1,1,0.1,1\n2,4,0.2,0\n3,9,0.1,3\n4,16,0.4,1\n"


def test_sigma_and_weights_are_columns_but_no_features(tmp_path: Path) -> None:
    path = written(tmp_path, SPREAD)
    data = read_table(path, target="y", sigma="err", features=["x"])
    assert data.sigma is not None
    assert data.sigma.tolist() == [0.1, 0.2, 0.1, 0.4]
    assert read_table(path, target="y", sigma="err").feature_names == ("x", "w")
    data = read_table(path, target="y", weights="w")
    assert data.feature_names == ("x", "err")
    assert data.weights is not None
    assert data.weights.tolist() == [1, 0, 3, 1]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (SPREAD.replace("0.2", "0"), {"sigma": "err"}, r"row 2 \(line 3\), column 'err' holds 0; a standard"),
        (
            SPREAD.replace("0.2", "-1"),
            {"sigma": "err"},
            r"row 2 \(line 3\), column 'err' holds -1; a standard",
        ),
        (
            SPREAD.replace("0.1,3", "0.1,-3"),
            {"weights": "w"},
            r"row 3 \(line 4\), column 'w' holds -3; a weight",
        ),
        (SPREAD, {"sigma": "er"}, "no column 'er' for sigma; did you mean 'err'"),
        (SPREAD, {"sigma": "y"}, "target 'y' cannot be its own sigma"),
        (SPREAD, {"sigma": "err", "features": ["x", "err"]}, "the sigma 'err' is also among the features"),
        (SPREAD, {"sigma": "err", "weights": "w"}, "a column of sigma and one of weights"),
    ],
)
def test_impossible_sigma_and_weights(
    tmp_path: Path, text: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_table(written(tmp_path, text), target="y", **options)


def test_rows_without_sigma_are_left_out(tmp_path: Path) -> None:
    data = read_table(written(tmp_path, SPREAD.replace("0.2", "") + "5,25,0.1,1\n"), target="y", sigma="err")
    assert data.target.tolist() == [1, 9, 16, 25]
    assert data.notes[0] == "1 of 5 rows left out: a missing value in 'err' (1)"


ODD = 'peak load [kN],lambda,\u03b8 [\u00b0],"a, b",Ca[2+],x[1],half life  [s]\n' + "".join(
    f"{i},{i**2},{i**3},{i**4},{i**5},{i**6},{i}.5\n" for i in range(1, 6)
)


def test_odd_names_and_units(tmp_path: Path) -> None:
    path = written(tmp_path, ODD)
    data = read_table(path, target="peak load [kN]")
    assert data.target_name == "peak load"
    assert data.target_unit == "kN"
    assert data.feature_names == ("lambda", "\u03b8", "a, b", "Ca[2+]", "x[1]", "half life")
    assert data.feature_units == (None, "\u00b0", None, None, None, "s")
    same = read_table(path, target="peak load", features=["half life [s]", "\u03b8"])
    assert same.feature_names == ("half life", "\u03b8")
    assert same.feature_units == ("s", "\u00b0")
    whole = read_table(path, target="peak load [kN]", units=False)
    assert whole.target_name == "peak load [kN]"
    assert whole.feature_units == (None,) * 6
    with pytest.raises(
        DataError, match=r"no column 'peak load' for the target; did you mean 'peak load \[kN\]'"
    ):
        read_table(path, target="peak load", units=False)


def test_labels_of_rows_are_left_out_and_said(tmp_path: Path) -> None:
    """A data frame written with its index has a first column without a name."""
    data = read_table(
        written(tmp_path, ",x,y\n" + "".join(f"{i},{i}.5,{i * i}\n" for i in range(5))), target="y"
    )
    assert data.feature_names == ("x",)
    assert "columns left out: the first (it has no name)" in data.notes


def test_example_tables_are_taken_whole() -> None:
    for facts in examples():
        assert read_example(facts.name).n_rows == facts.rows
        assert not any("left out" in note for note in read_example(facts.name).notes)


def test_opening_a_small_table_loads_no_heavy_library() -> None:
    code = (
        "import sys; from eqdisc.data.tables import read_example; read_example('kepler');"
        "print([name for name in ('pandas', 'pyarrow', 'openpyxl') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
