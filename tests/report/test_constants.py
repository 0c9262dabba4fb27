from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.parse import parse
from eqdisc.report.citation import bibtex, citation
from eqdisc.report.constants import constants_of, lettered, rounded
from eqdisc.result import Law
from eqdisc.scoring.uncertainty import ErrorBars
from tests.report.conftest import law_of
from tests.strategies import NAMES, expressions, plain_table

X = np.linspace(1.0, 3.0, 40)
TABLE = Dataset.of(X[:, None], 2.5123 * X + 0.3 * np.sin(50 * X), names=["x"])


def law_with(e: Expression, error: float, names: tuple[str, ...] = NAMES) -> Law:
    count = len(e.constants)
    bars = ErrorBars(np.ones(count, dtype=np.bool_), error * np.eye(count), 1.0, 9)
    return Law(e, names, e.size, 1.0, 0.5, None, "gp", bars)


@given(expressions())
@settings(max_examples=100)
def test_letters_stand_for_the_constants_in_order(e: Expression) -> None:
    """A law with letters, these given the values of the constants as further columns, is the law."""
    found = lettered(law_with(e, 0.1))
    if found is None:
        assert e.constants.size == 0
        return
    tree, names = found
    assert tree.constants.size == 0
    table = plain_table(len(NAMES))
    wide = np.column_stack([table, np.tile(e.constants, (len(table), 1))])
    assert names == [*NAMES, *(f"c{i + 1}" for i in range(e.constants.size))]
    np.testing.assert_array_equal(evaluate(tree, wide), evaluate(e, table))


def test_exact_constants_stay_numbers() -> None:
    found = lettered(law_of("2.51234567*x0 + 2", TABLE))
    assert found is not None
    assert format_expression(*found) == "c1*x + 2"


def test_names_of_the_user_come_first_and_one_name_is_one_constant() -> None:
    e = parse("1.5*x*x + 2*x + 1.5", ["x"])
    law = replace(law_with(e, 0.1, ("x",)), constant_names=("a", "", "a"))
    found = lettered(law)
    assert found is not None
    assert format_expression(*found) == "a*x*x + c2*x + a"
    assert [row.name for row in constants_of(law)] == ["a", "c2"]


def test_no_letters_where_a_column_has_such_a_name() -> None:
    e = Expression.variable(0) * 2.5
    assert lettered(law_with(e, 0.1, ("c1", "b", "c"))) is None


@given(expressions())
@settings(max_examples=100)
def test_rounding_moves_no_constant_by_more_than_its_error(e: Expression) -> None:
    law = law_with(e, 0.03)
    moved = rounded(law)
    assert moved.codes == e.codes
    np.testing.assert_array_less(np.abs(moved.constants - e.constants), 0.03)
    assert np.all((moved.constants == 0.0) == (e.constants == 0.0))


def test_constants_keep_the_digits_that_mean_something() -> None:
    assert rounded(law_with(Expression.variable(0) * 9.8137123, 0.0312)).constants[0] == 9.814
    assert rounded(law_with(Expression.variable(0) * 0.00123456, 5.0)).constants[0] == 0.0012
    assert rounded(law_with(Expression.variable(0) * 9.8137123, np.inf)).constants[0] == 9.8137123


def test_citation_is_the_file_of_the_repository() -> None:
    root = Path(__file__).parents[2]
    assert (root / "CITATION.cff").read_text(encoding="utf-8") == citation()
    assert "equation discovery" in bibtex()
