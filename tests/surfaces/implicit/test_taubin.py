"""Fits under noise: Taubin's is near, the fit of distances is at its least, the right terms are kept."""

import numpy as np
import pytest

from eqdisc.surfaces.implicit.library import Monomials, exponents
from eqdisc.surfaces.implicit.nullspace import null_vector
from eqdisc.surfaces.implicit.selection import eliminate, symmetric_mixing
from eqdisc.surfaces.implicit.snapping import round_number, snapped
from eqdisc.surfaces.implicit.taubin import Design, refined, significance, standard_errors, taubin
from tests.surfaces.implicit.shapes import circle, cloud_of, sphere, torus


def design_of(points, degree):
    cloud = cloud_of(points)
    powers = exponents(points.shape[1], degree)
    library = Monomials(powers, np.zeros(powers.shape[1]), np.ones(powers.shape[1]))
    return Design.of(library, cloud.points, cloud), powers


def loss(design, vector):
    return float(np.mean(design.distances(vector) ** 2))


def test_without_noise_the_null_vector_is_found():
    design, _ = design_of(circle(radius=2.0), 2)
    assert np.sqrt(loss(design, taubin(design))) < 1e-7
    assert np.sqrt(loss(design, null_vector(design.values))) < 1e-14


def test_under_noise_the_least_value_is_a_worse_fit_than_the_least_value_at_given_slope():
    stretched = sphere(800) * [3.0, 1.0, 1.0] + 0.15 * np.random.default_rng(1).normal(size=(800, 3))
    design, _ = design_of(stretched, 2)
    plain, bounded, best = null_vector(design.values), taubin(design), refined(design, taubin(design))
    assert loss(design, best) < loss(design, bounded) < loss(design, plain)


def test_the_fit_of_distances_is_a_minimum():
    design, _ = design_of(circle(count=200, noise=0.05), 2)
    best = refined(design, taubin(design))
    assert loss(design, best) <= loss(design, taubin(design))
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert loss(design, best + 1e-3 * rng.normal(size=best.size)) > loss(design, best)


def test_error_bars_cover_the_scatter_of_repeated_fits():
    fits, bars = [], []
    for seed in range(40):
        cloud = cloud_of(circle(count=150, noise=0.02, seed=seed))
        library = Monomials(np.array([[2, 0], [0, 2], [0, 0]]), np.zeros(2), np.ones(2))
        design = Design.of(library, cloud.points, cloud)
        vector = refined(design, taubin(design))
        fits.append(vector * np.sign(vector[0]))
        bars.append(standard_errors(design, vector, np.sqrt(loss(design, vector))))
    assert np.mean(bars, axis=0) == pytest.approx(np.std(fits, axis=0), rel=0.5)


def test_terms_that_are_not_there_are_worth_nothing():
    design, powers = design_of(circle(count=300, noise=0.02), 2)
    worth = significance(design, refined(design, taubin(design)))
    there = [i for i, row in enumerate(powers.tolist()) if row in ([0, 0], [2, 0], [0, 2])]
    others = [i for i in range(len(powers)) if i not in there]
    assert worth[there].min() > 100.0 * worth[others].max()


def test_elimination_keeps_the_terms_of_a_sphere():
    design, powers = design_of(sphere(500, noise=0.02), 2)
    best = eliminate(design, np.eye(len(powers)))[0]
    kept = {tuple(row) for row, value in zip(powers.tolist(), best.vector, strict=True) if value}
    assert kept == {(0, 0, 0), (2, 0, 0), (0, 2, 0), (0, 0, 2)}


def test_symmetries_cut_the_library_of_a_torus():
    design, powers = design_of(torus(count=1200, noise=0.03), 4)
    mixing = symmetric_mixing(design, powers)
    assert mixing.shape[1] <= 9 < len(powers)
    round_about_z = eliminate(design, mixing)[0].vector
    place = {tuple(row): i for i, row in enumerate(powers.tolist())}
    assert round_about_z[place[4, 0, 0]] == pytest.approx(round_about_z[place[0, 4, 0]])
    assert round_about_z[place[2, 2, 0]] == pytest.approx(2.0 * round_about_z[place[4, 0, 0]])


@pytest.mark.parametrize(
    ("true", "wanted"),
    [
        ([1.0, -2.0, 0.75], [1.0, -2.0, 0.75]),
        ([1 / 1.69, 1 / 0.49, -1.0], [1 / 1.69, 1 / 0.49, -1.0]),
        ([1.0, 729 / 64, -9 / 80], [1.0, 729 / 64, -9 / 80]),
    ],
)
def test_the_scale_with_round_numbers_is_found(true, wanted):
    found = snapped(np.array(true) * 0.8317, np.zeros(3))
    assert found.round.all()
    ratio = found.values / np.array(wanted)
    assert ratio == pytest.approx(np.full(3, ratio[0]), rel=1e-12)


def test_a_number_without_a_round_one_near_stays():
    assert round_number(0.7351238917, 1e-12) is None
    assert round_number(0.7351238917, 0.01)[0] == pytest.approx(0.735, abs=0.01)
