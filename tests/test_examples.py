"""The scripts in examples/ run, and each real table gives its known law back.

A law is compared with the known one by numbers: divided by the known shape it leaves the known constant,
between the rows of the table as well as near them.
"""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqdisc import Dataset, discover
from eqdisc._typing import FloatArray
from eqdisc.data.tables import examples

EXAMPLES = Path(__file__).parents[1] / "examples"
TABLES = [table.name for table in examples()]
OWN_DATA = {
    "arrays.py": "SymPy    derivative by height: 9.8",
    "custom_operator.py": "it is exact",
    "falling_balls.py": "physics       rate = 9.81/speed",
    "guess.py": "exp(18.17",
    "pipeline.py": "columns  [2, 4]",
}

# NIST, Statistical Reference Datasets, certified values.
MISRA1A = (238.94212918, 5.5015643181e-04)
DANWOOD = (0.76886226176, 3.8604055871)
THURBER = (
    (1288.1396800, 1491.0792535, 583.23836877, 75.416644291),
    (1.0, 0.96629502864, 0.39797285797, 0.049727297349),
)


@pytest.fixture(scope="module")
def ran() -> dict[str, dict[str, Any]]:
    """What an example that ran left behind, by its name."""
    return {}


def left_by(name: str, ran: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if name not in ran:
        ran[name] = runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    return ran[name]


def between(found: Any) -> FloatArray:
    """Values of the only feature over its range in the table, and none of them a row."""
    low, high = found.ranges[0]
    return np.linspace(low, high, 51)[1:-1] + 1e-3 * (high - low)


def values(found: Any, x: FloatArray) -> FloatArray:
    result: FloatArray = found.predict(x[:, None])
    return result


def test_every_table_and_nothing_else_has_an_example() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {*OWN_DATA, *(f"{name}.py" for name in TABLES)}
    assert len(TABLES) >= 8


@pytest.mark.parametrize("name", OWN_DATA)
def test_an_example_of_own_data_prints_what_it_promises(
    name: str, capsys: pytest.CaptureFixture[str], ran: dict[str, dict[str, Any]]
) -> None:
    left_by(name.removesuffix(".py"), ran)
    assert OWN_DATA[name] in capsys.readouterr().out


def test_kepler(ran: dict[str, dict[str, Any]]) -> None:
    found = left_by("kepler", ran)["found"]
    a = between(found)
    np.testing.assert_allclose(values(found, a) ** 2, a**3, rtol=1e-12)


def test_boyle(ran: dict[str, dict[str, Any]]) -> None:
    found = left_by("boyle", ran)["found"]
    v = between(found)
    product = values(found, v) * v
    np.testing.assert_allclose(product, product[0], rtol=1e-12)
    assert 1396 < product[0] < 1415  # the range of the products in Boyle's own table


def test_hubble(ran: dict[str, dict[str, Any]]) -> None:
    found = left_by("hubble", ran)["found"]
    r = between(found)
    rate = values(found, r) / r
    np.testing.assert_allclose(rate, rate[0], rtol=1e-12)
    assert abs(rate[0] - 423.94) < 42  # least squares, and its standard error


def test_balmer(ran: dict[str, dict[str, Any]]) -> None:
    found = left_by("balmer", ran)["found"]
    n = between(found)
    np.testing.assert_allclose(values(found, n) * (n**2 - 4) / n**2, 364.6, rtol=1e-5)


def test_water_vapour(ran: dict[str, dict[str, Any]]) -> None:
    found = left_by("water_vapour", ran)["found"]
    t = between(found)
    # p = exp(A - B/(T - C)) is the law whose sqrt(dT / d log p) is a straight line, (T - C)/sqrt(B).
    step = 1e-3
    slope = (np.log(values(found, t + step)) - np.log(values(found, t - step))) / (2 * step)
    line = np.polyfit(t, 1 / np.sqrt(slope), 1)
    np.testing.assert_allclose(1 / np.sqrt(slope), np.polyval(line, t), rtol=1e-6)
    b, c = 1 / line[0] ** 2, -line[1] / line[0]
    assert b == pytest.approx(3885.70, rel=0.005)
    assert c == pytest.approx(42.98, rel=0.02)


def test_misra1a(ran: dict[str, dict[str, Any]]) -> None:
    left = left_by("misra1a", ran)
    x = between(left["found"])
    np.testing.assert_allclose(
        values(left["found"], x), MISRA1A[0] * (1 - np.exp(-MISRA1A[1] * x)), rtol=1e-7
    )
    # What the example says of the free search: as few constants, and closer.
    assert left["free"].best.loss < left["found"].best.loss
    assert left["free"].best.complexity < left["found"].best.complexity


def test_danwood(ran: dict[str, dict[str, Any]]) -> None:
    left = left_by("danwood", ran)
    t = between(left["found"])
    factor = values(left["found"], t) / t**4
    np.testing.assert_allclose(factor, factor[0], rtol=1e-12)
    np.testing.assert_allclose(values(left["fitted"], t), DANWOOD[0] * t ** DANWOOD[1], rtol=1e-7)


def test_thurber(ran: dict[str, dict[str, Any]]) -> None:
    left = left_by("thurber", ran)
    x = between(left["found"])
    above, below = (np.polynomial.polynomial.polyval(x, coefficients) for coefficients in THURBER)
    np.testing.assert_allclose(values(left["found"], x), above / below, rtol=1e-6)
    # What the example says of the free search: fewer constants, and closer.
    assert left["free"].best.loss < left["found"].best.loss
    assert len(left["free"].best.constants) <= 5


def test_falling_balls(ran: dict[str, dict[str, Any]]) -> None:
    left = left_by("falling_balls", ran)
    t, noise = left["times"], left["ERROR"] ** 2
    close = 0
    for ball, found in left["laws"].items():
        unseen = np.mean((values(found, t) - left["second"][ball]) ** 2)
        assert unseen < 2.5 * noise
        assert unseen < 0.02 * np.mean((9.81 * t**2 / 2 - left["second"][ball]) ** 2)
        close += float(np.mean((values(found, t) - left["distance"](t, left["speeds"][ball])) ** 2)) < noise
    assert close == len(left["BALLS"]) == 11
    speeds = np.array([*left["speeds"].values()])
    np.testing.assert_allclose(values(left["joint"], speeds) * speeds, 9.81, rtol=0.03)


def test_these_comparisons_can_fail() -> None:
    x = np.linspace(1.0, 2.0, 20)
    found = discover(Dataset.of(x[:, None], x**2 + 1.0, names=["x"]), epochs=1)
    z = between(found)
    factor = values(found, z) / z**2
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(factor, factor[0], rtol=1e-12)
