"""FastSRB's forms, read as Julia reads them."""

import pytest

from eqdisc.metrics.fastsrb import is_accepted, julia_tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b + c", ("+", "a", "b", "c")),
        ("a - b - c", ("-", ("-", "a", "b"), "c")),
        ("a*b*c/d", ("/", ("*", "a", "b", "c"), "d")),
        ("a*(b*c)", ("*", "a", ("*", "b", "c"))),
        ("(a*b)*c", ("*", ("*", "a", "b"), "c")),
        ("-a*b", ("*", ("-", "a"), "b")),
        ("-a^2", ("-", ("^", "a", 2.0))),
        ("-2*a", ("*", -2.0, "a")),
        ("a^b^c", ("^", "a", ("^", "b", "c"))),
        ("exp(-a/b)", ("exp", ("/", ("-", "a"), "b"))),
        ("1.2345678e-10*a**2", ("*", 1.2346e-10, ("^", "a", 2.0))),
    ],
)
def test_trees(text: str, tree: object) -> None:
    assert julia_tree(text) == tree


def test_parentheses_group_as_julia_keeps_them() -> None:
    assert julia_tree("(a*b)*c") != julia_tree("a*b*c")
    assert julia_tree("(a+b)-c") == julia_tree("a+b-c")


def test_a_form_is_accepted_at_five_digits() -> None:
    forms = ["(v1/(2.0*(v2+1.0)))", "((0.5*v1)/(v2+1.0))"]
    assert is_accepted("v1/(2*(v2 + 1))", forms)
    assert is_accepted("0.5000001*v1/(v2 + 1)", forms)
    assert not is_accepted("0.5001*v1/(v2 + 1)", forms)
    assert not is_accepted("v1/(2*v2 + 2)", forms)
    assert not is_accepted("Piecewise((v1, v2 > 0), (v2, True))", forms)
