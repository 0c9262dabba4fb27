"""Constants of nature recognised: true products are found, other numbers hardly ever taken for one."""

from math import pi

import numpy as np
import pytest

from eqdisc.data.physical_constants import physical_constants
from eqdisc.expr.units import DIMENSIONLESS, Dimension
from eqdisc.search.named_constants import named_constant

OFFERED = physical_constants("c,h,k_B,G,e,epsilon_0,m_e")
OF = {constant.name: constant.value for constant in OFFERED}
SECOND_KELVIN = Dimension.of(s=1, K=1)


@pytest.mark.parametrize(
    ("value", "dimension", "expected"),
    [
        (OF["h"] / OF["k_B"], SECOND_KELVIN, "h/k_B"),
        (-OF["h"] / OF["k_B"], SECOND_KELVIN, "-h/k_B"),
        (OF["h"] / OF["k_B"] / (2 * pi), SECOND_KELVIN, "h/(2*pi*k_B)"),
        (1 / (4 * pi * OF["epsilon_0"]), Dimension.of(kg=1, m=3, s=-4, A=-2), "1/(4*pi*epsilon_0)"),
        (8 * pi * OF["h"] / OF["c"] ** 3, Dimension.of(kg=1, m=-1, s=2), "8*pi*h/c**3"),
        (1.5 * OF["k_B"], Dimension.of(kg=1, m=2, s=-2, K=-1), "3*k_B/2"),
        (OF["c"], Dimension.of(m=1, s=-1), "c"),
        (2 * OF["G"] / OF["c"] ** 2, Dimension.of(m=1, kg=-1), "2*G/c**2"),
    ],
)
def test_products_are_found_within_the_error_bar(value: float, dimension: Dimension, expected: str) -> None:
    assert named_constant(value, 0.0, dimension, OFFERED) == expected
    assert named_constant(value * (1 + 1e-7), abs(value) * 2e-7, dimension, OFFERED) == expected
    assert named_constant(value * (1 + 1e-7), 0.0, dimension, OFFERED) is None


def test_without_a_match_there_is_none() -> None:
    assert named_constant(1.0, 0.1, Dimension.of(cd=1), OFFERED) is None
    assert named_constant(0.0, 1.0, SECOND_KELVIN, OFFERED) is None
    assert named_constant(1.0, 1.0, SECOND_KELVIN, ()) is None
    assert named_constant(OF["c"], 0.0, DIMENSIONLESS, OFFERED) is None


@pytest.mark.parametrize("relative", [1e-8, 1e-5, 1e-3, 0.1])
def test_other_numbers_are_hardly_ever_taken_for_one(relative: float) -> None:
    stream = np.random.default_rng(3)
    values = OF["h"] / OF["k_B"] * np.exp(stream.uniform(-4.0, 4.0, 300))
    taken = [named_constant(v, relative * v, SECOND_KELVIN, OFFERED) for v in values]
    assert sum(name is not None for name in taken) <= 9  # three in a hundred


def test_what_constants_are_among_themselves_is_no_name_for_a_number():
    offered = physical_constants("h,hbar,mu_0,epsilon_0,c")
    for value in (0.5, 2.0, 1.0 / (2.0 * np.pi)):
        assert named_constant(value, 1e-12, Dimension(), offered) is None
