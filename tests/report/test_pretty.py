import pytest
from hypothesis import given, settings

from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.report.pretty import beside, cells, pretty
from tests.strategies import NAMES, expressions


@given(expressions())
@settings(max_examples=150)
def test_lines_form_a_rectangle_and_hold_every_name(e: Expression) -> None:
    lines = pretty(e, NAMES)
    assert len({cells(line) for line in lines}) == 1
    for j in e.features:
        assert any(NAMES[j] in line for line in lines)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a*b + 2", ["a·b + 2"]),
        ("(a + b)*2", ["(a + b)·2"]),
        ("a**2/b", ["a²", "──", "b "]),
        ("(a/b)**2", ["⎛a⎞ ", "⎜─⎟²", "⎝b⎠ "]),
        ("a**1.5", [" 1.5", "a   "]),
        ("pow(a, -3)", ["a⁻³"]),
        ("2.5e-7*a", ["2.5·10⁻⁷·a"]),
        ("sqrt(a + b)", ["√(a + b)"]),
        ("max(a, b)", ["max(a, b)"]),
        ("a - (b - a)", ["a \N{MINUS SIGN} (b \N{MINUS SIGN} a)"]),
        ("a - -2", ["a \N{MINUS SIGN} (\N{MINUS SIGN}2)"]),
    ],
)
def test_as_written_by_hand(text: str, lines: list[str]) -> None:
    assert pretty(parse(text, ["a", "b"]), ["a", "b"]) == lines


def test_a_label_stands_beside_the_bar() -> None:
    assert beside("y = ", ["a", "─", "b"]) == ["    a", "y = ─", "    b"]
