"""Units as people write them, against dimensions worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.data.header import is_unit
from eqdisc.data.unit_text import UnitTextError, factors
from eqdisc.data.units import UnknownUnitError, constant_units, dimensions_of, read_unit, units_of
from eqdisc.expr.parse import parse
from eqdisc.expr.units import DIMENSIONLESS, Dimension

HALF = Fraction(1, 2)
# text, exponents of m, kg, s, A, K, mol, cd, factor to coherent SI units
TABLE = [
    ("kg/m3", (-3, 1), 1.0),
    ("kg/m^3", (-3, 1), 1.0),
    ("kg·m⁻³", (-3, 1), 1.0),
    ("kg.m-3", (-3, 1), 1.0),
    ("kg m**-3", (-3, 1), 1.0),
    ("g/cm3", (-3, 1), 1e3),
    ("m s-1", (1, 0, -1), 1.0),
    ("m·s⁻¹", (1, 0, -1), 1.0),
    ("m/s", (1, 0, -1), 1.0),
    ("m*s^-1", (1, 0, -1), 1.0),
    ("metres per second", (1, 0, -1), 1.0),
    ("km/h", (1, 0, -1), 1 / 3.6),
    ("mph", (1, 0, -1), 0.44704),
    ("m/s/s", (1, 0, -2), 1.0),
    ("m/s²", (1, 0, -2), 1.0),
    ("m^2/s^2", (2, 0, -2), 1.0),
    ("m**2", (2,), 1.0),
    ("mol/(m3 s)", (-3, 0, -1, 0, 0, 1), 1.0),
    ("mol·L⁻¹", (-3, 0, 0, 0, 0, 1), 1e3),
    ("mM", (-3, 0, 0, 0, 0, 1), 1.0),
    ("1/s", (0, 0, -1), 1.0),
    ("s^-1", (0, 0, -1), 1.0),
    ("Hz", (0, 0, -1), 1.0),
    ("10^3 kg", (0, 1), 1e3),
    ("10³ kg", (0, 1), 1e3),
    ("1e-3 m", (1,), 1e-3),
    ("L/100 km", (2,), 1e-8),
    ("%", (), 1e-2),
    ("‰", (), 1e-3),
    ("ppm", (), 1e-6),
    ("rad", (), 1.0),
    ("deg", (), np.pi / 180),
    ("°", (), np.pi / 180),
    ("sr", (), 1.0),
    ("-", (), 1.0),
    ("−", (), 1.0),  # noqa: RUF001  # a minus sign, as some write it
    ("1", (), 1.0),
    ("", (), 1.0),
    ("K", (0, 0, 0, 0, 1), 1.0),
    ("kPa", (-1, 1, -2), 1e3),
    ("hPa", (-1, 1, -2), 1e2),
    ("mmHg", (-1, 1, -2), 133.322387415),
    ("bar", (-1, 1, -2), 1e5),
    ("Torr", (-1, 1, -2), 101325 / 760),
    ("N/m²", (-1, 1, -2), 1.0),
    ("µm", (1,), 1e-6),
    ("μm", (1,), 1e-6),
    ("um", (1,), 1e-6),
    ("Å", (1,), 1e-10),
    ("nm", (1,), 1e-9),
    ("AU", (1,), 149597870700.0),
    ("ft", (1,), 0.3048),
    ("Mpc", (1,), 3.0856775814913673e22),
    ("Ω", (2, 1, -3, -2), 1.0),
    ("ohm", (2, 1, -3, -2), 1.0),
    ("kΩ", (2, 1, -3, -2), 1e3),
    ("S/m", (-3, -1, 3, 2), 1.0),
    ("V/m", (1, 1, -3, -1), 1.0),
    ("T", (0, 1, -2, -1), 1.0),
    ("J", (2, 1, -2), 1.0),
    ("eV", (2, 1, -2), 1.602176634e-19),
    ("MeV/c^2", (0, 1), 1.782661921e-30),
    ("kWh", (2, 1, -2), 3.6e6),
    ("J/(kg K)", (2, 0, -2, 0, -1), 1.0),
    ("J K-1 mol-1", (2, 1, -2, 0, -1, -1), 1.0),
    ("W/(m² °C)", (0, 1, -3, 0, -1), 1.0),
    ("°C/km", (-1, 0, 0, 0, 1), 1e-3),
    ("W m⁻² sr⁻¹ nm⁻¹", (-1, 1, -3), 1e9),
    ("Pa s", (-1, 1, -1), 1.0),
    ("m^(1/2)", (HALF,), 1.0),
    ("m^0.5", (HALF,), 1.0),
    ("m^{-3/2}", (-3 * HALF,), 1.0),
    ("lx", (-2, 0, 0, 0, 0, 0, 1), 1.0),
    ("counts/s", (0, 0, -1), 1.0),
    # What pint would take for something else.
    ("h", (0, 0, 1), 3600.0),
    ("a", (0, 0, 1), 31557600.0),
    ("d", (0, 0, 1), 86400.0),
    ("min", (0, 0, 1), 60.0),
    ("C", (0, 0, 1, 1), 1.0),
    ("F", (-2, -1, 4, 2), 1.0),
    ("G", (0, 1, -2, -1), 1e-4),
    ("Oe", (-1, 0, 0, 1), 1000 / (4 * np.pi)),
    ("u", (0, 1), 1.66053906660e-27),
    ("Nm", (2, 1, -2), 1.0),
    ("kNm", (2, 1, -2), 1e3),
    ("As", (0, 0, 1, 1), 1.0),
    ("Vs", (2, 1, -2, -1), 1.0),
    ("Pas", (-1, 1, -1), 1.0),
    ("mPas", (-1, 1, -1), 1e-3),
    ("hrs", (0, 0, 1), 3600.0),
    ("sec.", (0, 0, 1), 1.0),
    ("ft-lb", (1, 1), 0.3048 * 0.45359237),
]


@pytest.mark.parametrize(("text", "exponents", "factor"), TABLE)
def test_the_table_worked_out_by_hand(text: str, exponents: tuple[int, ...], factor: float) -> None:
    unit = read_unit(text)
    assert unit is not None
    assert unit.dimension == Dimension((*map(Fraction, exponents), *[Fraction(0)] * (7 - len(exponents))))
    assert unit.factor == pytest.approx(factor, rel=1e-6)
    assert unit.offset == 0.0


@pytest.mark.parametrize(
    ("text", "factor", "offset"),
    [("°C", 1.0, 273.15), ("degC", 1.0, 273.15), ("deg C", 1.0, 273.15), ("℃", 1.0, 273.15)]
    + [(text, 5 / 9, 459.67) for text in ("°F", "degF", "℉")],
)
def test_degrees_count_from_a_zero_of_their_own(text: str, factor: float, offset: float) -> None:
    unit = read_unit(text)
    assert unit is not None
    assert (unit.dimension, unit.offset) == (Dimension.of(K=1), offset)
    assert unit.factor == pytest.approx(factor, rel=1e-12)
    freezing = 0.0 if offset == 273.15 else 32.0
    assert (freezing + unit.offset) * unit.factor == pytest.approx(273.15, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["arb. u.", "a.u.", "arb. units", "units", "dB", "pH", "$", "EUR/kg", "px", "dB/m", "mag", "ppt"]
)
def test_units_outside_the_si_are_unknown_and_no_error(text: str) -> None:
    assert read_unit(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metrs", "'metrs' is no unit that is known; did you mean 'meters'?"),
        ("KG", "did you mean 'kg'"),
        ("kg/metr", "'metr' in 'kg/metr'"),
        ("J/kg K", r"J/\(kg K\)"),
        ("J/kg·K", r"J/\(kg K\)"),
        ("m^1/2", r"m\^\(1/2\)"),
        ("k", "constant of nature"),
        ("R", "constant of nature"),
        ("m/", "no unit at its end"),
        ("(m", "parenthesis"),
        ("m)", "stands where none can"),
        ("m^x", "no number"),
        ("m^0", "no power"),
        ("kg m 2", "the number 2"),
        ("m=s", "no sign of units"),
    ],
)
def test_what_is_no_unit_is_said(text: str, message: str) -> None:
    with pytest.raises(UnknownUnitError, match=message):
        read_unit(text)


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        for name, power in factors(text):
            assert name
            assert power
    except UnitTextError:
        pass


@given(
    st.lists(st.tuples(st.sampled_from(["m", "kg", "s", "A"]), st.integers(-9, 9).filter(bool)), min_size=1),
    st.sampled_from([" ", "*", "·", "."]),
    st.sampled_from(["", "^", "**"]),
)
def test_products_of_powers(parts: list[tuple[str, int]], joint: str, raised: str) -> None:
    unit = read_unit(joint.join(f"{name}{raised}{power}" for name, power in parts))
    assert unit is not None
    expected = DIMENSIONLESS
    for name, power in parts:
        expected = expected * Dimension.of(**{name: power})
    assert unit.dimension == expected


def test_what_a_header_takes_for_a_unit_may_be_none_and_is_told() -> None:
    assert is_unit("foo")
    table = Dataset.of(
        np.arange(8.0).reshape(4, 2) ** 2, [1.0, 2, 3, 5], feature_units=["foo", "km"], target_unit=None
    )
    features, target, notes = units_of(table)
    assert features[0] is None
    assert target is None
    assert len(notes) == 1
    assert "'x0' plays no part" in notes[0]
    assert dimensions_of(table) == ((None, Dimension.of(m=1)), None)


@pytest.mark.parametrize(
    ("law", "columns", "target", "expected"),
    [
        ("2.5*x", ["km"], "km/h", ["h^-1"]),
        ("2.5*x + 3", ["m"], "N", ["kg s^-2", "m kg s^-2"]),
        ("2.5*exp(-x/7)", ["kPa"], "%", ["%", "kPa"]),
        ("2.5*x**1.5", ["m"], "m", ["m^(-1/2)", "1"]),
        ("2*x/t", ["km", "h"], "m/s", ["h m km^-1 s^-1"]),
        ("x + 3*t", ["km", "m"], "km", ["km m^-1"]),
        ("x + t + 3", ["km", "m"], "km", [None]),
        ("3*x*t", ["m", "arb. u."], "m", [None]),
    ],
)
def test_units_of_constants_are_those_that_the_numbers_are_in(
    law: str, columns: list[str], target: str, expected: list[str | None]
) -> None:
    tree = parse(law, ["x", "t"])
    found = constant_units(tree, [read_unit(text) for text in columns], read_unit(target))
    assert [None if unit is None else unit.text for unit in found] == expected


@pytest.mark.parametrize("text", ["mol%", "wt%", "vol %", "mass-%"])
def test_a_share_of_anything_is_a_share(text):
    assert read_unit(text).dimension == Dimension()
    assert read_unit(text).factor == pytest.approx(0.01)


def test_a_number_right_before_a_name_is_refused_with_the_reason():
    with pytest.raises(UnknownUnitError, match="1000 kg"):
        read_unit("1000kg")
    assert read_unit("1000 kg").factor == 1000.0
