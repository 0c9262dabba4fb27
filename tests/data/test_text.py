"""A table of text is the same table however it is written, and by whichever path it is read."""

import gzip
import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eqdisc.data import quick
from eqdisc.data.cells import Column
from eqdisc.data.layout import DELIMITERS, layout_of
from eqdisc.data.source import source_of
from eqdisc.data.table import read_columns, read_table
from eqdisc.data.text import TextTable
from eqdisc.errors import DataError

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def columns_of(text: str | bytes, count: int | None = None) -> list[Column]:
    table = TextTable(source_of(io.BytesIO(text.encode() if isinstance(text, str) else text)))
    return table.columns(range(len(table.header) if count is None else count))


@given(
    values=arrays(np.float64, st.tuples(st.integers(3, 8), st.integers(2, 4)), elements=FLOATS),
    delimiter=st.sampled_from(DELIMITERS),
    decimal_comma=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    comment=st.sampled_from(["", "# made by hand, 1;2|3", "% x", "// y, z", " # indented"]),
    blank=st.booleans(),
    unicode_names=st.booleans(),
)
def test_any_spelling_reads_back_the_same_numbers(
    values: np.ndarray,
    delimiter: str,
    decimal_comma: bool,
    encoding: str,
    line_end: str,
    comment: str,
    blank: bool,
    unicode_names: bool,
) -> None:
    decimal_comma = decimal_comma and delimiter != ","
    names = [f"{'µ' if unicode_names else 'n'}{j}" for j in range(values.shape[1])]
    rows = [delimiter.join(map(repr, row)) for row in values.tolist()]
    if decimal_comma:
        rows = [row.replace(".", ",") for row in rows]
    lines = [comment, delimiter.join(names), *rows[:2], comment, *([""] if blank else []), *rows[2:]]
    text = line_end.join(line for line in lines if line or blank) + line_end
    table = TextTable(source_of(io.BytesIO(text.encode(encoding))))
    assert table.header == tuple(names)
    found = np.column_stack([column.values for column in table.columns(range(values.shape[1]))])
    assert found.tobytes() == values.tobytes()
    written = [delimiter.join(cells) for cells in table.rows()]
    assert written == [line.strip() for line in rows]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a b y\n1 2 3\n4 5 6\n", ("a", "b", "y")),
        ("  a   b\ty \n  1  2\t 3\n  4   5   6\n", ("a", "b", "y")),
        ('"peak load" y\n1 2\n3 4\n', ("peak load", "y")),
        ("distance, in km;y\n1.5;2\n2.5;3\n", ("distance, in km", "y")),
        ("a;b\n1,5;2,3\n2,5;3,3\n", ("a", "b")),
        ("a\tb\n1,5\t2,3\n2,5\t3,3\n", ("a", "b")),
        ("a b\n1,5 2,3\n2,5 3,3\n", ("a", "b")),
        ("when,y\n2020-01-01 10:00,1\n2020-01-01 11:00,2\n", ("when", "y")),
        ('a,"b\nc",d\n1,2,3\n', ("a", "b c", "d")),
        ("# a b y\n1 2 3\n4 5 6\n", ("a", "b", "y")),
        ("# measured by hand\n# a,b\n1,2\n4,5\n", ("a", "b")),
        ("y\n1,5\n2,5\n", ("y",)),
        ("y\n1.5\n2.5\n", ("y",)),
        ('"x" "y"\n"1" 0.5 1\n"2" 0.7 2\n', ("", "x", "y")),
        ("x,y\n1,2,\n3,4,\n", ("x", "y", "")),
    ],
)
def test_layout_is_recognised(text: str, header: tuple[str, ...]) -> None:
    layout = layout_of(source_of(io.StringIO(text)))
    assert layout.header == header
    assert layout.named
    assert all(len(cells) == len(header) for cells in layout.sample)


def test_a_table_without_names_gets_some_and_says_so() -> None:
    source = "1,2.5,3\n4,5.5,6\n7,8.5,9\n1,1.5,2\n"
    data = read_table(io.StringIO(source), target="x1")
    assert data.feature_names == ("x0", "x2")
    assert data.target.tolist() == [2.5, 5.5, 8.5, 1.5]
    assert data.notes[0] == "the table does not name its columns; they are called x0, x1, x2"
    with pytest.raises(
        DataError, match="no column 'y' for the target; it has x0, x1, x2; its first line holds n"
    ):
        read_table(io.StringIO(source), target="y")


def test_titles_above_the_names_are_left_out_and_said() -> None:
    data = read_table(io.StringIO("Run 7\nby hand\n\na,y\n1,2\n2,4\n3,7\n4,8\n"), target="y")
    assert data.target.tolist() == [2, 4, 7, 8]
    assert data.notes[0] == "2 lines above the names of the columns left out"


def test_comments_between_rows_are_counted() -> None:
    data = read_table(io.StringIO("# c\na,y\n1,2\n# 2,4\n3,7\n4,8\n5,9\n"), target="y")
    assert data.target.tolist() == [2, 7, 8, 9]
    assert data.notes[0] == "1 line of comment between the rows left out"


def test_latin_1_is_read_and_said() -> None:
    data = read_table(io.BytesIO("Länge [µm],y\n1,2\n2,4\n3,7\n4,8\n".encode("latin-1")), target="y")
    assert data.feature_names == ("Länge",)
    assert data.feature_units == ("µm",)
    assert "the text is not in UTF-8; it was read as Latin-1" in data.notes


def test_decimal_comma_is_said() -> None:
    data = read_table(io.StringIO("a;y\n1,5;2\n2;4\n3;7\n4;8\n"), target="y")
    assert data.features[0, 0] == 1.5
    assert data.notes[0] == "numbers have a decimal comma: '1,5' is read as 1.5"
    assert columns_of('a,b\n"1,5",2\n"0,25",3\n')[0].values.tolist() == [1.5, 0.25]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;y\n1,5;2\n2;4.5\n", r"row 1 \(line 2\), column 'a' holds '1,5', but column 'y' .* decimal point"),
        (
            'a,y\n"1,500",2\n2,4\n',
            r"column 'a' holds '1,500': a comma between thousands or a decimal comma\?",
        ),
        ('{"a": [1, 2]}', "looks like JSON"),
        ("<html><table>", "looks like a web page or XML"),
        (",,\n,,\n", "is empty"),
        ("# nothing\n# else\n", "is empty"),
    ],
)
def test_doubtful_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        columns_of(text)


def test_typographic_minus_and_plus() -> None:
    assert columns_of("a,b\n\u22121.5,+2\n3,4\n")[0].values.tolist() == [-1.5, 3.0]


def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "LARGE", 0)


TABLE = "".join(f"{i},{i / 7!r},{['u', 'v'][i % 2]},{i % 3 == 0},2020-01-02,\n" for i in range(3000))
NAMES = "n,x,who,ok,when,empty\n"


@pytest.mark.parametrize(
    ("text", "is_quick"),
    [
        (NAMES + TABLE, True),
        ("\ufeff# title\n\n" + NAMES + TABLE, True),
        ((NAMES + TABLE).replace(",", ";").replace(".", ","), True),
        ((NAMES + TABLE).replace(",", "\t").replace("\n", "\r\n"), True),
        (NAMES + TABLE + "# a comment\n\n \n1,-,u,true,,\n", True),
        (NAMES + TABLE + "1,NA,u,true,,\n2,nan,,,null,NULL\n3,inf,u,TRUE,,\n3,1e-400,u,TRUE,,\n", True),
        (NAMES + TABLE.replace(",u,", ',"a ""quoted"" text, with\nlines",'), True),
        ((NAMES + TABLE.replace("u", "ü")).encode("latin-1"), True),
        (NAMES + TABLE + "# a,1,u,true,,\n1,2,u,true,,\n", False),
        (NAMES + TABLE + "1,eight,u,true,,\n", False),
        (NAMES + TABLE + '1,"2,5",u,true,,\n', False),
        (NAMES + TABLE + "1,+2,u,true,,\n2,1e999,u,true,,\n3, NA,v,true,,\n", False),
        (NAMES + TABLE + "1,2,u,true,,,\n", False),
        (NAMES + TABLE + ",,,,,\n", False),
        ((NAMES + TABLE).replace("\n", "\r"), False),
        ((NAMES + TABLE).replace(",", " "), False),
        ((NAMES + TABLE).encode("utf-16"), False),
        ((NAMES + TABLE).replace(",", ";").replace(".", ",") + "1;2.5;u;true;;\n", False),
    ],
)
def test_large_tables_are_read_quickly_and_just_as_well(
    monkeypatch: pytest.MonkeyPatch, text: str | bytes, is_quick: bool
) -> None:
    """The reader of large tables gives what the plain one gives, or leaves the table to it."""

    def read() -> tuple[list[Column], list[str]] | str:
        table = TextTable(source_of(io.BytesIO(text.encode() if isinstance(text, str) else text)))
        try:
            return table.columns(range(len(table.header))), table.notes
        except DataError as error:
            return str(error)

    plain = read()
    large(monkeypatch)
    source = source_of(io.BytesIO(text.encode() if isinstance(text, str) else text))
    layout = layout_of(source)
    assert (quick.read_quickly(source, layout, range(len(layout.header))) is not None) == is_quick
    compiled = read()
    if isinstance(plain, str):
        assert compiled == plain
        return
    assert not isinstance(compiled, str)
    assert compiled[1] == plain[1]
    for one, other in zip(compiled[0], plain[0], strict=True):
        assert one.values.tobytes() == other.values.tobytes()
        assert (one.kind, one.missing, one.comma) == (other.kind, other.missing, other.comma)


@given(arrays(np.float64, (5, 2), elements=FLOATS))
def test_large_tables_are_read_to_the_last_bit(values: np.ndarray) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        large(monkeypatch)
        text = "x,y\n" + "".join(f"{x!r},{y!r}\n" for x, y in values.tolist())
        source = source_of(io.StringIO(text))
        found = quick.read_quickly(source, layout_of(source), [1, 0])
    assert found is not None
    assert found[0][0].values.tobytes() == values[:, 1].tobytes()
    assert found[0][1].values.tobytes() == values[:, 0].tobytes()


def test_rows_of_a_large_table_keep_their_place_in_errors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    large(monkeypatch)
    path = tmp_path / "t.csv"
    path.write_text("x,y,err\n# c\n1,2,1\n2,3,1\n3,4,0\n4,6,1\n")
    with pytest.raises(DataError, match=r"row 3 \(line 5\), column 'err' holds 0; a standard deviation"):
        read_table(path, target="y", sigma="err")


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,y\n1,2\n2,4\n3,7\n4,8\n"))
    assert read_table(path, target="y").target.tolist() == [2, 4, 7, 8]
    packed = path.read_bytes()
    for broken in (packed[:-9], packed[:20] + b"\0\0\0\0" + packed[24:]):
        path.write_bytes(broken)
        with pytest.raises(DataError, match=r"t\.csv\.gz (is a broken gzip file|cannot be read)"):
            read_table(path, target="y")


def test_the_plain_reader_keeps_eight_bytes_of_a_number() -> None:
    rows, width = 20_000, 5
    text = ",".join("abcde") + "\n" + (",".join(["0.123456789012345"] * width) + "\n") * rows
    table = TextTable(source_of(io.StringIO(text)))
    del text
    tracemalloc.start()
    columns = table.columns(range(width))
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now < 1.5 * 8 * rows * width
    assert peak < now + 10e6  # a portion of rows and its cells
    assert len(columns) == width


def test_columns_for_prediction_of_a_text(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("when,x [m],who\n2020,1.50,a\n2021,,b\n2022,3,\n")
    found = read_columns(path, ["x"])
    assert found.names == ("x",)
    assert found.units == ("m",)
    assert found.header == ("when", "x [m]", "who")
    assert np.array_equal(found.features, [[1.5], [np.nan], [3.0]], equal_nan=True)
    assert list(found.rows()) == [["2020", "1.50", "a"], ["2021", "", "b"], ["2022", "3", ""]]
    assert found.notes == ("1 of 3 rows lack a value",)
    with pytest.raises(DataError, match=r"new\.csv has no column 'X'; did you mean 'x'"):
        read_columns(path, ["X"])
    with pytest.raises(DataError, match=r"row 1 \(line 2\), column 'who' holds 'a', which is not a number"):
        read_columns(path, ["x", "who"])
