"""Polynomials: every spelling has the same values, and the short ones are found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.surfaces.implicit.polynomial import Polynomial, symmetric_centre, unit_shifted

ATOMS = tuple(Expression.variable(j) for j in range(3))
NAMES = ["x", "y", "z"]
POINTS = np.random.default_rng(0).uniform(-2, 2, (25, 3))

polynomials = st.dictionaries(
    st.tuples(*[st.integers(0, 3)] * 3), st.integers(-9, 9).filter(bool).map(float), min_size=1, max_size=8
).map(lambda table: Polynomial(table, ATOMS))


def values(polynomial):
    return evaluate(polynomial.plain(), POINTS)


@settings(max_examples=40, deadline=None)
@given(polynomials, st.integers(0, 2), st.floats(-3, 3).filter(bool))
def test_moving_an_atom_keeps_the_values(polynomial, place, by):
    size = np.abs(values(polynomial)).max() + 1e3
    assert values(polynomial.moved(place, by)) == pytest.approx(values(polynomial), abs=1e-8 * size)


@settings(max_examples=25, deadline=None)
@given(polynomials)
def test_sums_of_squares_as_atoms_keep_the_values(polynomial):
    size = np.abs(values(polynomial)).max() + 1.0
    for other in polynomial.radials():
        assert values(other) == pytest.approx(values(polynomial), abs=1e-8 * size)


@settings(max_examples=25, deadline=None)
@given(polynomials)
def test_another_origin_keeps_the_values(polynomial):
    by = np.array([0.5, -1.5, 2.0])
    found = unit_shifted(polynomial.coefficients, by)
    shifted = sum(c * np.prod((POINTS - by) ** np.array(p), axis=1) for p, c in found.items())
    size = np.abs(values(polynomial)).max() + 1e3
    assert shifted == pytest.approx(values(polynomial), abs=1e-9 * size)


def expanded(text):
    """Coefficients of a polynomial given as text, by interpolation-free means: SymPy."""
    import sympy

    table = sympy.Poly(sympy.sympify(text), *sympy.symbols(NAMES)).as_dict()
    return Polynomial({powers: float(value) for powers, value in table.items()}, ATOMS)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("(x**2 + y**2 + z**2 + 3)**2 - 16*(x**2 + y**2)", 18),  # a torus
        ("(x**2 + 9*y**2/4 + z**2 - 1)**3 - x**2*z**3 - 9*y**2*z**3/80", 29),  # a heart
        ("x**2 + 2*x + y**2 - 4*y + z**2 - 4", 14),  # a sphere off the origin
        ("(x**2 + y**2)**2 - 4*(x**2 - y**2)", 17),  # a lemniscate
    ],
)
def test_short_spellings_are_found(text, most):
    polynomial = expanded(text)
    short = polynomial.in_radii().rescaled().plain()
    assert short.size <= most
    ratio = evaluate(short, POINTS) / values(polynomial)
    assert ratio == pytest.approx(np.full(25, ratio[0]), rel=1e-9)


def test_products_are_factored_and_other_polynomials_are_not():
    found = expanded("(x - y)*(x**2 + y - 1)*(z + 2)").factors()
    assert sorted(part.degree for part in found) == [1, 1, 2]
    assert expanded("x**2 + y**2 - 1").factors() == []
    assert Polynomial({(2, 0, 0): np.pi, (0, 2, 0): -1.0}, ATOMS).factors() == []


def test_the_centre_of_a_polynomial_is_where_it_is_symmetric():
    about = expanded("(x - 1)**4 + (y + 2)**4 + (z - 0.5)**4 - 1")
    centre, left = symmetric_centre(about.coefficients, np.zeros(3))
    assert centre == pytest.approx([1.0, -2.0, 0.5], abs=1e-9)
    assert left < 1e-9
    centre, _ = symmetric_centre(expanded("z - x**2 - y**2").coefficients, np.array([0.0, 0.0, 5.0]))
    assert centre == pytest.approx([0.0, 0.0, 5.0], abs=1e-9)  # the height of a paraboloid does not matter


def test_parsed_text_and_plain_spelling_agree():
    text = "2*x**3*y - z**5/4 + 7"
    assert values(expanded(text)) == pytest.approx(evaluate(parse(text, NAMES), POINTS), rel=1e-12)
