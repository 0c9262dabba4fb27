"""Libraries: slopes are those of the values, and Legendre products are the polynomials they stand for."""

import numpy as np
import pytest

from eqdisc.expr.parse import parse
from eqdisc.surfaces.implicit.library import Legendre, Monomials, Terms, exponents

LIBRARIES = [
    Monomials(exponents(3, 3), np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 0.5])),
    Legendre(exponents(3, 3), np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 0.5])),
    Terms((parse("sin(x)*exp(y)", ["x", "y", "z"]), parse("1.0 + 0*z", ["x", "y", "z"]))),
]


@pytest.mark.parametrize("library", LIBRARIES)
def test_slopes_are_those_of_the_values(library):
    points, step = np.random.default_rng(0).uniform(-1, 1, (20, 3)), 1e-6
    slopes = library.gradients(points)
    for j in range(3):
        shift = step * np.eye(3)[j]
        rise = (library.values(points + shift) - library.values(points - shift)) / (2 * step)
        assert slopes[j] == pytest.approx(rise, rel=1e-6, abs=1e-5)


def test_legendre_products_are_orthonormal_over_the_box():
    library = Legendre(exponents(2, 3), np.array([3.0, -2.0]), np.array([2.0, 0.1]))
    nodes, weights = np.polynomial.legendre.leggauss(8)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    share = np.outer(weights, weights).ravel() / 4.0
    values = library.values(library.centre + library.half * grid)
    assert values.T @ (share[:, None] * values) == pytest.approx(np.eye(len(library)), abs=1e-12)


def test_legendre_products_written_as_monomials_have_the_same_values():
    library = Legendre(exponents(3, 4), np.array([3.0, -2.0, 0.0]), np.array([2.0, 0.1, 1.0]))
    rng = np.random.default_rng(1)
    vector, unit = rng.normal(size=len(library)), rng.uniform(-1, 1, (30, 3))
    found = library.monomial_coefficients(vector)
    values = sum(value * np.prod(unit ** np.array(powers), axis=1) for powers, value in found.items())
    assert values == pytest.approx(library.values(library.centre + library.half * unit) @ vector, abs=1e-10)


def test_terms_without_values_are_left_out():
    terms = Terms((parse("x", ["x"]), parse("log(x)", ["x"]), parse("exp(x)", ["x"])))
    assert len(terms.usable(np.array([[-1.0], [2.0]]))) == 2
    assert len(terms.usable(np.array([[900.0], [2.0]]))) == 2
