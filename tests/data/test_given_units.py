"""Units given apart from the header: every way to give them, every way to give them wrongly."""

from pathlib import Path

import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.data.given_units import given_units, with_units
from eqdisc.data.table import read_table
from eqdisc.errors import OptionError

ROWS = [[1.0, 2.0], [2.0, 3.0], [3.0, 5.0], [4.0, 9.0]]


def table(**units: object) -> Dataset:
    return Dataset.of(ROWS, [1.0, 2, 3, 5], names=["dist", "time"], target_name="speed", **units)  # type: ignore[arg-type]


def test_text_mapping_and_file_say_the_same(tmp_path: Path) -> None:
    wanted = {"dist": "m", "time": "s"}
    path = tmp_path / "units.toml"
    path.write_text('dist = "m"\ntime = "s"\n')
    nested = tmp_path / "nested.toml"
    nested.write_text('[units]\ndist = "m"\ntime = "s"\n')
    for given in ("dist=m, time=s", wanted, path, str(path), nested):
        assert given_units(given) == wanted
    assert given_units(None) == given_units("") == {}
    assert given_units("a=b=m") == {"a=b": "m"}


def test_given_units_win_over_those_of_the_header_with_a_note() -> None:
    found = with_units(table(feature_units=["km", "foo"], target_unit="m/s"), {"dist": "m", "time": "s"})
    assert (found.feature_units, found.target_unit) == (("m", "s"), "m/s")
    assert found.notes == ("'dist' is taken to be in m, as given, not in km, as its header says",)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ({"distance": "m"}, "no column 'distance' to have a unit; did you mean 'dist'"),
        ({"dist": "metrs"}, "the unit of 'dist': 'metrs' is no unit that is known; did you mean 'meters'"),
        ({"time": "s"}, r"'time' is given the unit 's' \(s\) and its header says 'kg' \(kg\)"),
        ({"dist": 3}, "the units: 'dist' has the unit 3"),
        ("dist", "'dist' in the units has no column and unit"),
        ("=m", "no column and unit"),
        ("dist=m,dist=s", "given two units, 'm' and 's'"),
        (["dist=m", "time=s, dist=s"], "given two units, 'm' and 's'"),
        (17, "the units are 17"),
        (["dist=m", 17], "the units are .*17"),
        ("nowhere.toml", "nowhere.toml with units cannot be read"),
    ],
)
def test_what_is_wrong_is_said(units: object, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        with_units(table(feature_units=[None, "kg"]), given_units(units))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["dist = ", "[", 'dist = {a = "m"}'])
def test_a_damaged_file_is_said(text: str, tmp_path: Path) -> None:
    path = tmp_path / "units.toml"
    path.write_text(text)
    with pytest.raises(OptionError, match=r"units\.toml"):
        given_units(path)


def test_columns_of_text_have_no_unit_and_unused_ones_are_passed_over() -> None:
    columns = {"a": [1, 2, 3, 4, 5], "b": [2, 3, 5, 8, 9], "who": list("vwxyz"), "y": [1, 4, 9, 16, 25]}
    whole = read_table(columns, "y")
    with pytest.raises(OptionError, match="the column 'who' is given a unit and holds text"):
        with_units(whole, {"who": "m"})
    some = read_table(columns, "y", ["a"])
    assert with_units(some, {"a": "m", "b": "s"}).feature_units == ("m",)
