"""Libraries beyond polynomials: dependencies, sums of a few terms, terms to solve for, local shapes."""

import time

import numpy as np
import pytest

from eqdisc.errors import NoSurfaceError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.surfaces.implicit.dependency import first_dependency
from eqdisc.surfaces.implicit.finder import Finder, positive
from eqdisc.surfaces.implicit.library import Terms
from eqdisc.surfaces.implicit.mixed import mixed
from eqdisc.surfaces.implicit.polish import trimmed
from eqdisc.surfaces.implicit.refuse import local_shape, refuse_thread
from eqdisc.surfaces.implicit.solve_term import solvable, solve_terms
from eqdisc.surfaces.implicit.sums import searched
from eqdisc.surfaces.implicit.waves import Spectrum, add_polished, modes_of
from tests.surfaces.implicit.shapes import circle, cloud_of, graph, helix, sphere, torus

NAMES = ["x", "y", "z"]


def finder_of(points, operators=None, seconds=300.0):
    return Finder(cloud_of(points), time.monotonic() + seconds, 60, operators)


def terms(*texts):
    return Terms(tuple(parse(text, NAMES) for text in texts))


def test_the_first_dependency_is_the_simplest():
    points = graph(lambda x, y: np.exp(x) - y**2)
    library = terms("1", "x", "y", "z", "exp(x)", "y**2", "x*z", "x*exp(x)", "x*y**2")  # the last three: x*F
    found = first_dependency(library, cloud_of(points))
    assert {str(term) for term in found.terms.expressions} == {"x2", "exp(x0)", "x1**2"}


def test_an_identity_is_no_dependency():
    points = graph(lambda x, y: np.arctan(x + y))
    library = terms("1", "sin(x)**2", "cos(x)**2", "x", "y", "z")
    assert first_dependency(library, cloud_of(points)) is None


def test_mixed_terms_find_a_helicoid():
    u, v = np.random.default_rng(0).uniform(-3, 3, (2, 500))
    finder = finder_of(np.stack([u * np.cos(v), u * np.sin(v), v], axis=1))
    mixed(finder)
    assert finder.exact
    assert set(finder.best.expression.features) == {0, 1, 2}


def test_waves_vanish_at_their_frequency_and_at_no_other():
    x, y = np.random.default_rng(0).uniform(-2, 2, (2, 400))
    points = np.stack([x, y, np.arccos(np.clip(-np.cos(1.3 * x) * np.cos(1.3 * y), -1, 1)) / 1.3], axis=1)
    spectrum = Spectrum.of(cloud_of(points), modes_of(3, 1, 3))
    right, wrong = spectrum.misfit(np.full(3, 1.3)), spectrum.misfit(np.full(3, 1.4))
    assert right < 1e-12 < 1e-6 < wrong


def test_terms_that_are_nothing_on_the_points_are_left_out():
    finder = finder_of(sphere(300))
    junk = "x**2 + y**2 + z**2 - 1 + 4e-18*sin(x) - 3e-17*cos(y)*z"
    assert str(trimmed(parse(junk, NAMES), finder.cloud)) == "x0**2 + x1**2 + x2**2 - 1"
    small = parse("x**2 + y**2 + z**2 - 1 - 1e-9*(x - 1e-3*y)", NAMES)
    assert trimmed(small, finder.cloud) == small
    # Off by more than rounding, so that constants are moved: those of the junk go to nothing.
    add_polished(finder, parse("x**2 + y**2 + z**2 - 1.001 + 1e-4*sin(x)", NAMES), "test")
    assert finder.exact
    assert len(finder.best.expression) == 10
    assert not any(abs(c) < 1e-10 for law in finder.found if law.size > 10 for c in law.constants)


def test_sums_of_few_terms_are_found_by_their_correlations():
    rng = np.random.default_rng(0)
    values, away = rng.normal(size=(200, 12)), rng.normal(size=(200, 12))
    values[:, 3] = 2.0 * values[:, 7] - values[:, 9] + 4.0
    best = min(searched(values, away), key=lambda found: found.share)
    assert best.members == (3, 7, 9)
    assert best.coefficients / best.coefficients[0] == pytest.approx([1.0, -2.0, 1.0])


def test_terms_to_solve_for_are_functions_of_the_other_coordinates():
    found = [str(one.term) for one in solvable(cloud_of(graph(lambda x, y: np.sin(x) + y)))]
    assert found[0] == "x2"
    on_a_sphere = [str(one.term) for one in solvable(cloud_of(sphere(2000)))]
    assert "x2" not in on_a_sphere  # above and below
    assert "x2**2" in on_a_sphere


def test_a_law_solved_for_a_term_becomes_an_f():
    finder = finder_of(graph(lambda x, y: np.sin(x * y) + y))

    def solve(dataset, language, **_):
        assert dataset.n_features == 2
        return [parse("sin(x0*x1) + x1", ["x0", "x1"])]

    solve_terms(finder, solve, seed=0, threads=1)
    assert finder.exact
    assert finder.best.expression.features == (0, 1, 2)


def test_operators_that_are_not_allowed_are_not_used():
    finder = finder_of(circle(), OperatorSet.parse("+ - *"))
    assert finder.add(parse("sqrt(x**2 + y**2) - 1", ["x", "y"]), "test") is None
    assert finder.add(parse("x**2 + y**2 - 1", ["x", "y"]), "test") is not None


def test_signs_and_factors_of_a_law_are_left_out():
    law = parse("x**2 + y**2 - 1", ["x", "y"])
    assert positive(-law) == law
    assert positive(3.0 * law) == law
    assert positive(-(law / 7.0)) == law
    assert positive(Expression.variable(0) * law) == Expression.variable(0) * law


@pytest.mark.parametrize(
    ("points", "dimension"),
    [
        (sphere(800), 2),
        (torus(2000, noise=0.02), 2),
        (np.random.default_rng(0).uniform(size=(1500, 3)), 3),
        (np.stack([np.cos(t := np.linspace(0, 6, 400)), np.sin(t), 0.3 * t], axis=1), 1),
        (circle(500), 1),
        (np.random.default_rng(0).uniform(size=(900, 2)), 2),
    ],
)
def test_dimensions_that_points_fill_locally(points, dimension):
    assert local_shape(cloud_of(points), seed=0).dimension == dimension


@pytest.mark.parametrize(
    "points",
    [
        sphere(100),
        sphere(300, noise=0.05),
        sphere(300) * [1.0, 1.0, 0.06],
        sphere(300) * [1.0, 0.06, 0.06],
        sphere(400, dimension=5),
        torus(300),
        torus(300, noise=0.05),
        graph(lambda x, y: np.sin(3.0 * x) * np.cos(3.0 * y), 300),
        circle(500, noise=0.05),
    ],
)
def test_surfaces_however_bent_are_no_threads(points):
    shape = local_shape(cloud_of(points), seed=0)
    assert shape.dimension >= points.shape[1] - 1
    assert shape.thread == 0.0


def test_a_curve_with_noise_is_a_thread_and_a_tube_has_a_law_that_is_nearer():
    noisy, tube = cloud_of(helix(noise=0.03)), cloud_of(torus(300, small=0.1))
    shapes = local_shape(noisy, seed=0), local_shape(tube, seed=0)
    assert all(shape.dimension == 2 and shape.thread > 0.0 for shape in shapes)
    along = Finder(noisy, np.inf, 60).add(parse("x**2 + y**2 - 1", NAMES), "test")
    with pytest.raises(NoSurfaceError, match="on a curve"):
        refuse_thread(noisy, shapes[0], along.fit.rms)
    around = parse("(x**2 + y**2 + z**2 + 3.99)**2 - 16*(x**2 + y**2)", NAMES)
    refuse_thread(tube, shapes[1], Finder(tube, np.inf, 60).add(around, "test").fit.rms)
