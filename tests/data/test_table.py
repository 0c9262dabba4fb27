from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eqdisc.data.table import read_table
from eqdisc.errors import DataError

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
        (
            GOOD.replace("7,8,10", "7,8,inf"),
            r"row 3 \(line 4\), column 'y' holds 'inf', which is not a finite",
        ),
        (GOOD.replace("4,5,6", "4, ,6"), r"row 2 \(line 3\), column 'b' is missing"),
        (GOOD.replace("4,5,6", "NaN,5,6"), r"row 2 \(line 3\), column 'a' is missing \('NaN'\)"),
        ("a,b,y\n1,2,3\n4,5,6\n7,8,9\n", "at least 4 rows of data, got n_samples=3"),
        ("a,b,y\n1,2,3\n4,5,3\n7,8,3\n1,1,3\n", "target 'y' is 3 in all 4 rows: it is constant"),
        (GOOD.replace("a,b", "a,a"), "column name 'a' stands more than once"),
        (GOOD.replace("a,b", "a,"), "column 2 has no name"),
        (GOOD.replace("a,b,y", "a,b,why"), r"no column 'y' for the target; it has a, b, why"),
        ("y\n1\n2\n3\n4\n", "no column besides the target 'y'"),
        (b"PK\x03\x04\x00\x00binary", "is a binary file"),
        (b"a,b,y\n1,2,\xff\xfe3\n", "is not a text table in UTF-8"),
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
