"""The table searched and the way back: a law found there has the same values over the columns as given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.data.physical_constants import physical_constants
from eqdisc.data.searched import SearchedTable
from eqdisc.engine.reference import evaluate
from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from tests.strategies import expressions

X = np.random.default_rng(0).uniform(1.0, 40.0, (20, 2))


def table(units: list[str | None], target: str | None = None) -> Dataset:
    return Dataset.of(X, X[:, 0] ** 2, names=["T", "x"], feature_units=units, target_unit=target)


WARM = table(["degC", "m"], "J")
SEARCHED = SearchedTable.of(WARM, constants=physical_constants("c,k_B"))


@given(expressions(n_features=4))
def test_a_law_has_the_same_values_and_size_but_for_the_shift(law: Expression) -> None:
    restored = SEARCHED.restore(law)
    assert all(j < 2 for j in restored.tree.features)
    np.testing.assert_array_equal(evaluate(restored.tree, X), evaluate(law, SEARCHED.apply(WARM).features))
    shifts = sum(code == 0 and value == 0.0 for code, value in zip(law.codes, law.payload, strict=True))
    assert restored.tree.size == law.size + 2 * shifts
    count = len(restored.tree.constants)
    assert len(restored.names) == len(restored.fixed) == len(restored.units) == count
    fitted = [v for v, fixed in zip(restored.tree.constants, restored.fixed, strict=True) if not fixed]
    assert fitted == law.constants.tolist()
    for value, name in zip(restored.tree.constants, restored.names, strict=True):
        assert name == "" or value == physical_constants(name)[0].value


def test_only_what_has_a_zero_of_its_own_is_shifted() -> None:
    searched = SEARCHED.apply(WARM)
    assert searched.feature_names == ("T", "x", "c", "k_B")
    np.testing.assert_array_equal(searched.features[:, 0], X[:, 0] + 273.15)
    np.testing.assert_array_equal(searched.features[:, 1], X[:, 1])
    assert np.all(searched.features[:, 2] == 299792458.0)
    assert searched.feature_resolution.shape == (4, 20)
    assert SEARCHED.notes == ("'T' is searched in kelvin: T + 273.15 in the laws",)
    rules = SEARCHED.rules()
    assert rules is not None
    assert [str(unit) for unit in rules.features] == ["K", "m", "m s^-1", "m^2 kg s^-2 K^-1"]


def test_without_units_the_table_stays() -> None:
    plain = table([None, None])
    searched = SearchedTable.of(plain)
    assert searched.rules() is None
    assert searched.apply(plain) is plain


def test_formulas_of_the_user_are_over_the_columns_as_given() -> None:
    searched = SearchedTable.of(WARM, as_given=["T"])
    assert searched.apply(WARM) is WARM
    rules = searched.rules()
    assert rules is not None
    assert rules.features[0] is None
    assert "stands in a formula of yours" in searched.notes[0]


def test_a_target_with_a_zero_of_its_own_is_not_held_to_its_unit() -> None:
    searched = SearchedTable.of(table(["m", "s"], "degC"))
    assert searched.target is None
    assert "give it in kelvin" in searched.warnings[0]


def test_a_constant_gives_way_to_a_column_of_its_name() -> None:
    columns = Dataset.of(X, X[:, 0] ** 2, names=["c", "x"])
    searched = SearchedTable.of(columns, constants=physical_constants("c"))
    assert searched.names == ("c", "x", "c_SI")
    assert "a column has its name" in searched.notes[0]


def test_units_of_one_kind_and_two_sizes_are_noted_and_not_converted() -> None:
    searched = SearchedTable.of(table(["km", "m"]))
    assert searched.is_given
    assert "'x' is in m and 'T' in km: nothing is converted" in searched.notes[0]


@pytest.mark.parametrize(
    ("units", "target", "message"),
    [
        (["m", "s"], "N", "no input has kg in its unit"),
        (["m", "s"], "K mol", "no input has K or mol in its unit"),
        (["m/s", "kg m/s"], "m", "a factor of .* is missing"),
        (["m", "s"], "-", "no product of their powers is without a unit"),
    ],
)
def test_an_impossible_task_is_said(units: list[str | None], target: str, message: str) -> None:
    SearchedTable.of(table(units, target))
    with pytest.raises(OptionError, match=message):
        SearchedTable.of(table(units, target), "dimensionless")


@given(st.sampled_from(["m", "m/s", "m^2", "1/s", "m^(1/2) s^-3"]))
def test_what_powers_make_is_possible(target: str) -> None:
    assert SearchedTable.of(table(["m", "s"], target), "dimensionless").rules() is not None
    assert SearchedTable.of(table(["m", None], "kg"), "dimensionless").rules() is not None
    assert SearchedTable.of(table(["K", "s"], "J"), "named", physical_constants("k_B")).rules() is not None
