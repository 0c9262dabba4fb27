"""Polynomials that vanish on clean points: the null vector of lowest degree, by singular values.

A null vector is believed where its singular value lies far below the next one and rows held out agree:
small singular values alone are common among smooth functions (a helicoid has them at degree 8).
"""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import nice_numbers
from eqdisc.surfaces.implicit.cloud import Cloud
from eqdisc.surfaces.implicit.library import Legendre, Library, Monomials, exponents
from eqdisc.surfaces.implicit.polynomial import (
    Coefficients,
    Polynomial,
    Powers,
    symmetric_centre,
    unit_shifted,
)
from eqdisc.surfaces.implicit.snapping import snapped
from eqdisc.surfaces.implicit.taubin import Design, normalised, standard_errors

HIGHEST_DEGREE = 10
MOST_COLUMNS = 330
ROWS_PER_COLUMN = 1.3  # at least
ROWS_ENOUGH = 16  # a column; with 4 the gap of Enneper's surface, of degree 9, is 3e-6, with 16 it is 2e-7
GAP = 1e-6
FLOOR, GAP_TO_FLOOR = 2e-15, 3e-5  # what rounding leaves hides how small a singular value is
HELD_SHARE = 30.0  # how much larger the values on rows held out may be than those fitted
SMALL = 1e-8  # of the largest contribution: terms that are not there
FAR = 30.0  # half sides that the origin may lie from the box


@dataclass(frozen=True)
class NullSpace:
    """What vanishes at the lowest degree at which anything does.

    degree  : of the polynomials
    vectors : (count, m) over `library`, orthonormal, the one with the smallest singular value first
    """

    degree: int
    library: Legendre
    vectors: FloatArray


def null_space(cloud: Cloud, highest: int = HIGHEST_DEGREE) -> NullSpace | None:
    """The polynomials of lowest degree that vanish on the points; None where there are none."""
    for degree in range(1, highest + 1):
        powers = exponents(cloud.dimension, degree)
        if powers.shape[0] > MOST_COLUMNS or cloud.train.size < ROWS_PER_COLUMN * powers.shape[0]:
            return None
        library = Legendre(powers, cloud.centre, cloud.half)
        vectors = vanishing(library, cloud)
        if vectors.shape[0]:
            return NullSpace(degree, library, vectors)
    return None


def vanishing(library: Library, cloud: Cloud) -> FloatArray:
    """(count, m) orthonormal combinations of orthonormal functions that are nothing on the points."""
    rows = np.random.default_rng(0).permutation(cloud.train)[: max(ROWS_ENOUGH * len(library), 400)]
    triangle = np.linalg.qr(library.values(cloud.points[rows]), mode="r")
    _, sizes, right = np.linalg.svd(triangle / np.sqrt(rows.size), full_matrices=False)
    ratios = sizes[1:] / np.maximum(sizes[:-1], 1e-300)
    at_floor = sizes[1:] <= FLOOR * sizes[0]
    places = np.flatnonzero((ratios < GAP) | (at_floor & (ratios < GAP_TO_FLOOR)))
    if places.size == 0:
        return np.zeros((0, len(library)))
    first = int(places[0]) + 1
    vectors = right[first:][::-1]
    test = cloud.points[cloud.held] if cloud.held.size else cloud.points
    left = np.sqrt(np.mean((library.values(test) @ vectors.T) ** 2, axis=0))
    limit = (
        HELD_SHARE * max(float(sizes[first]), 1e-15 * float(sizes[0])) + GAP * float(sizes[first - 1]) * 1e-2
    )
    found: FloatArray = vectors[left <= limit]
    return found


def polynomials(space: NullSpace, cloud: Cloud) -> list[Polynomial]:
    """The polynomial about each origin that suits it, coefficients round where the points allow it."""
    unit = space.library.monomial_coefficients(space.vectors[0])
    found = []
    for origin in origins(unit, cloud):
        by = (origin - cloud.centre) / cloud.half
        polynomial = about(unit_shifted(unit, by), origin, cloud)
        if polynomial is not None:
            found.append(polynomial)
    return found


def origins(unit: Coefficients, cloud: Cloud) -> list[FloatArray]:
    """Origins to write a polynomial about: that of the coordinates, and the centre of its symmetry."""
    zero = -cloud.centre / cloud.half
    near = np.where(np.abs(zero) < FAR, zero, 0.0)
    found = [near]
    if max(sum(powers) for powers in unit) > 1:
        centre, left = symmetric_centre(unit, near)
        if left < 1.0 and np.abs(centre).max() < FAR:
            found.append(centre)
    places = [cloud.centre + cloud.half * origin for origin in found]
    return list({tuple(place): place for place in (_round_place(place, cloud) for place in places)}.values())


def about(shifted: Coefficients, origin: FloatArray, cloud: Cloud) -> Polynomial | None:
    """A polynomial over moved coordinates: terms that are not there left out, others rounded.

    shifted : coefficients over (x - origin) / half
    """
    order = sorted(shifted, key=lambda row: (-sum(row), [-p for p in row]))
    powers = np.array(order, dtype=np.int64)
    values = np.array([shifted[row] for row in order])
    library = Monomials(powers, origin, cloud.half)
    columns = library.values(cloud.points)
    shares = np.abs(values) * np.sqrt(np.mean(columns**2, axis=0))
    kept = np.flatnonzero(shares > SMALL * shares.max())
    if kept.size < 2:
        return None
    library, columns = library.take(kept), columns[:, kept]
    vector = null_vector(columns)
    if not vector.all():
        return None
    units = np.prod(cloud.half**library.powers, axis=1)
    design = Design.of(library, cloud.points, cloud)
    vector = normalised(vector)
    noise = float(np.sqrt(np.mean(design.distances(vector) ** 2)))
    errors = standard_errors(design, vector, noise)
    scaled = snapped(vector / units, errors / units)
    atoms = tuple(moved_coordinate(j, float(place)) for j, place in enumerate(origin))
    keys: list[Powers] = [tuple(map(int, row)) for row in library.powers]
    return Polynomial(dict(zip(keys, scaled.values.tolist(), strict=True)), atoms)


def null_vector(columns: FloatArray) -> FloatArray:
    """(m,) the combination of columns (n, m) that is nearest to nothing; columns of any size."""
    sizes = np.sqrt(np.mean(columns**2, axis=0))
    triangle = np.linalg.qr(columns / sizes, mode="r")
    vector: FloatArray = np.linalg.svd(triangle)[2][-1] / sizes
    return vector


def moved_coordinate(j: int, origin: float) -> Expression:
    """x - origin."""
    x = Expression.variable(j)
    if origin == 0.0:
        return x
    return x - origin if origin > 0.0 else x + (-origin)


def _round_place(place: FloatArray, cloud: Cloud) -> FloatArray:
    found = place.copy()
    for j, (value, half) in enumerate(zip(place.tolist(), cloud.half.tolist(), strict=True)):
        near = nice_numbers(value, 1e-9 * half)
        if abs(value) < 1e-9 * half:
            found[j] = 0.0
        elif near:
            found[j] = near[0].value
    return found
