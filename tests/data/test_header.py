import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.header import Header, is_unit, split_unit

SHORT = "m/s kN kg·m^-3 W/(m^2·K) m² s⁻¹ mol·L-1 °C % ‰ Å µm Ω 1/s $ mmHg AU - a.u. J/kg/K m**2 km/h"
UNITS = [*SHORT.split(), "arb. units", "10^3 kg", "W / (m^2 K)", "deg C", "years"]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("pattern", ["{} [{}]", "{}[{}]", "{}  [ {} ]"])
def test_units_are_taken_off(unit: str, pattern: str) -> None:
    for name in ("v", "peak load", "λ", "lambda"):
        assert split_unit(pattern.format(name, unit)) == (name, unit)


@pytest.mark.parametrize(
    "name",
    ["Ca[2+]", "x[1]", "x[0,1]", "v [m/s] mean", "[m/s]", "flag [0=no]", "a[]", "a [ ]", "a[b]c", "v (m/s)"],
)
def test_other_brackets_stay(name: str) -> None:
    assert split_unit(name) == (name, None)
    assert Header.of([name]).names == (name,)


@given(
    st.lists(st.sampled_from(["v", "v [m]", "v [s]", "w [m]", "w", "u[1]", "u [-]"]), unique=True, min_size=1)
)
def test_names_stay_distinct_and_can_be_found(full: list[str]) -> None:
    header = Header.of(full)
    assert len(set(header.names)) == len(full)
    for j, (whole, name) in enumerate(zip(full, header.names, strict=True)):
        assert header.position(name) == j
        if whole not in header.names:
            assert header.position(whole) == j
    assert Header.of(full, units=False).names == tuple(full)


def test_a_name_that_would_stand_twice_is_kept_whole() -> None:
    header = Header.of(["v [m/s]", "v [km/h]", "t [s]"])
    assert header.names == ("v [m/s]", "v [km/h]", "t")
    assert header.units == ("m/s", "km/h", "s")


def test_nearest() -> None:
    header = Header.of([f"column {j}" for j in range(30)])
    assert header.nearest("zzz").endswith("column 19 and 10 more")
    assert header.nearest("Column 7").startswith("did you mean 'column 7'?")
    assert header.position("nowhere") is None


@pytest.mark.parametrize("text", ["", "1", "12", "2+", "a=b", "x, y", "a" * 41, "3 ", "a:b"])
def test_no_units(text: str) -> None:
    assert not is_unit(text)
