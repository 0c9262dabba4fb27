"""Constants of nature: values against each other, units against what they say."""

from math import pi, sqrt

import pytest

from eqdisc.data.physical_constants import NAMES, physical_constants
from eqdisc.data.units import read_unit
from eqdisc.errors import OptionError


@pytest.mark.parametrize("name", NAMES)
def test_the_dimension_is_that_of_the_unit(name: str) -> None:
    (constant,) = physical_constants(name)
    unit = read_unit(constant.unit)
    assert unit is not None
    assert (unit.dimension, unit.factor) == (constant.dimension, 1.0)
    assert 0.0 <= constant.uncertainty < 1e-4 * constant.value


def test_values_agree_with_each_other() -> None:
    of = {constant.name: constant.value for constant in physical_constants("all")}
    assert of["c"] == 299792458.0
    assert of["R"] == pytest.approx(of["N_A"] * of["k_B"], rel=1e-12)
    assert of["F"] == pytest.approx(of["N_A"] * of["e"], rel=1e-12)
    assert of["hbar"] == pytest.approx(of["h"] / (2 * pi), rel=1e-9)
    assert of["c"] == pytest.approx(1 / sqrt(of["mu_0"] * of["epsilon_0"]), rel=1e-9)
    assert of["sigma"] == pytest.approx(
        2 * pi**5 * of["k_B"] ** 4 / (15 * of["h"] ** 3 * of["c"] ** 2), rel=1e-9
    )
    assert of["alpha"] == pytest.approx(of["e"] ** 2 / (2 * of["epsilon_0"] * of["h"] * of["c"]), rel=1e-8)
    assert of["a_0"] == pytest.approx(of["hbar"] / (of["m_e"] * of["c"] * of["alpha"]), rel=1e-8)
    assert of["R_inf"] == pytest.approx(of["alpha"] / (4 * pi * of["a_0"]), rel=1e-8)
    assert of["mu_B"] == pytest.approx(of["e"] * of["hbar"] / (2 * of["m_e"]), rel=1e-8)


def test_names_may_be_spelt_otherwise_and_come_once() -> None:
    assert [each.name for each in physical_constants("kB, q_e,k_B,eps0")] == ["k_B", "e", "epsilon_0"]
    assert len(physical_constants("all")) == len(NAMES)
    assert physical_constants("") == physical_constants([]) == ()


def test_an_unknown_name_is_said_with_the_nearest() -> None:
    with pytest.raises(OptionError, match=r"constant 'epsilon_9'; did you mean 'epsilon_0'\? There"):
        physical_constants("c,epsilon_9")
