"""The formula for spreadsheets, recalculated by an engine that is not ours."""

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings

from eqdisc.engine.reference import evaluate
from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from eqdisc.expr.parse import parse
from eqdisc.interop.source import source
from tests.interop.agreement import ROUNDED, steady
from tests.strategies import NAMES, UGLY_FINITE, expressions, plain_table, ugly_table

formulas = pytest.importorskip("formulas")

X = np.vstack([plain_table(rows=6), ugly_table(UGLY_FINITE, rows=18)])
EXCEL_ROUNDED = ROUNDED | {"constant"}  # a formula keeps 15 digits of a number


def formula(e, names=NAMES):
    return source(e, names, "excel").splitlines()[0]


def number(cell):
    """What stands in a cell; NaN for an error such as #NUM!."""
    try:
        return float(cell)
    except (TypeError, ValueError):
        return np.nan


def recalculated(e, X):
    """Row by row, as in cells."""
    calculate = formulas.Parser().ast(formula(e))[1].compile()
    columns = [ord(cell[0]) - ord("A") for cell in calculate.inputs]
    rows = [[np.array([[row[j]]]) for j in columns] for row in X]
    with np.errstate(all="ignore"):
        return np.array([number(np.asarray(calculate(*row), dtype=object).ravel()[0]) for row in rows])


def finite_throughout(e, X):
    """Rows on which every part of the law is finite."""
    parts = [evaluate(e.subtree(node), X) for node in range(e.size)]
    return np.isfinite(parts).all(axis=0) & (np.abs(parts) < 1e150).all(axis=0)


def assert_same(e, X):
    got, expected = recalculated(e, X), evaluate(e, X)
    rows = finite_throughout(e, X) & steady(e, X, EXCEL_ROUNDED)
    np.testing.assert_allclose(got[rows], expected[rows], rtol=1e-12, atol=0.0, err_msg=formula(e))


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_every_operator(row):
    """On variables, and with a number in each place."""
    variables = [Expression.variable(k) for k in range(row.arity)]
    assert_same(Expression.apply(row.name, *variables), X)
    for place in range(row.arity):
        for value in (2.0, -3.0, 0.0, 1 / 3, 2.5):
            operands = [Expression.constant(value) if k == place else v for k, v in enumerate(variables)]
            assert_same(Expression.apply(row.name, *operands), X)


@settings(max_examples=60)
@given(expressions(max_leaves=6))
def test_random_laws(e):
    assert_same(e, X[::3])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-x**2", "=-(A2^2)"),  # -A2^2 is the square of -A2
        ("(x**mass)**t_1", None),
        ("x**(mass**t_1)", None),
        ("(-2)**3*x", "=(-2)^3*A2"),
        ("x**2.5", "=IF(A2<0, SQRT(-1), A2^2.5)"),  # (-8)^(1/3) is -2 there
        # 0^0 is an error there.
        ("x**mass", "=IF(B2=0, 1, IF((A2<0)*(B2<>INT(B2)), SQRT(-1), A2^B2))"),
        ("log(x) + log10(x)", "=LN(A2) + LOG10(A2)"),
        ("floor(x) - mod(x, -3)", "=INT(A2) - MOD(A2, -3)"),
        ("1.5e-9*x/3.141592653589793", "=1.5E-09*A2/3.14159265358979"),
        ("where(x, mass, t_1)", "=IF(A2>0, B2, C2)"),
        ("6", "=6"),
    ],
)
def test_traps(text, expected):
    e = parse(text, NAMES)
    assert expected in (None, formula(e))
    assert_same(e, X)


def test_the_arguments_of_atan2_are_swapped():
    e = parse("atan2(x, mass)", NAMES)
    assert "ATAN2(B2, A2)" in formula(e)
    assert recalculated(e, np.array([[1.0, 0.0, 0.0]])) == [np.pi / 2]
    assert recalculated(e, np.array([[0.0, 0.0, 0.0]])) == [0.0]


@pytest.mark.parametrize(
    "text", ["1/x", "log(x)", "log(-1 - x)", "(x - 1)**0.5", "10**(1/x)", "mod(mass, x)"]
)
def test_an_error_where_there_is_no_finite_value(text):
    X = np.array([[0.0, 3.0, 0.0]])
    e = parse(text, NAMES)
    assert not np.isfinite(evaluate(e, X)[0])
    assert not np.isfinite(recalculated(e, X)[0])


def test_a_workbook(tmp_path):
    """Formulas pasted beside a table in a real file."""
    texts = [
        "2.5*x**2/mass - t_1",
        "-x**2 + cbrt(mass)",
        "where(x, exp(-x), mod(mass, 3))",
        "max(x, min(mass, 2))",
    ]
    laws = [parse(text, NAMES) for text in texts]
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(NAMES)
    rows = X[:6]
    for place, row in enumerate(rows.tolist(), start=2):
        copied = [formula(law).replace("A2", f"A{place}") for law in laws]
        copied = [text.replace("B2", f"B{place}").replace("C2", f"C{place}") for text in copied]
        sheet.append([*row, *copied])
    path = tmp_path / "table.xlsx"
    book.save(path)
    solution = formulas.ExcelModel().loads(str(path)).finish().calculate()
    for k, law in enumerate(laws):
        keys = [f"'[table.xlsx]SHEET'!{'DEFG'[k]}{place}" for place in range(2, len(rows) + 2)]
        got = [float(solution[key].value[0, 0]) for key in keys]
        np.testing.assert_allclose(got, evaluate(law, rows), rtol=1e-12)


def test_columns_keep_their_places():
    names = [f"column {j}" for j in range(60)]
    text = source(Expression.variable(55) - Expression.variable(3), names, "excel", target_name="y")
    assert text.splitlines()[0] == "=BD2 - D2"
    assert "BD2: column column 55" in text


def nested(depth):
    e = Expression.variable(0)
    for _ in range(depth):
        e = Expression.apply("sin", e)
    return e


def test_what_excel_would_refuse():
    assert formula(nested(64)).count("SIN") == 64
    with pytest.raises(OptionError, match="65 nested"):
        formula(nested(65))
    long = parse(" + ".join(["1.234567890123*x"] * 600), NAMES)
    with pytest.raises(OptionError, match="8192"):
        formula(long)
    with pytest.raises(OptionError, match="16384 columns"):
        formula(Expression.variable(16_384), [f"x{j}" for j in range(16_385)])
