"""Laws of noisy points: polynomials by rising degree and waves, fitted by distance, terms selected."""

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import nice_numbers
from eqdisc.surfaces.implicit.algebraic import add_spellings
from eqdisc.surfaces.implicit.cloud import MOST_FLIPS, Cloud
from eqdisc.surfaces.implicit.dependency import Dependency, written
from eqdisc.surfaces.implicit.finder import Finder
from eqdisc.surfaces.implicit.library import Legendre, Monomials, Terms, exponents
from eqdisc.surfaces.implicit.nullspace import HIGHEST_DEGREE, moved_coordinate, origins
from eqdisc.surfaces.implicit.polish import polished, rounded
from eqdisc.surfaces.implicit.polynomial import Polynomial
from eqdisc.surfaces.implicit.selection import Selected, eliminate, symmetric_mixing
from eqdisc.surfaces.implicit.snapping import snapped
from eqdisc.surfaces.implicit.taubin import Design, normalised, refined, standard_errors, taubin
from eqdisc.surfaces.implicit.waves import (
    MOST_DIMENSIONS,
    Spectrum,
    clean_waves,
    frequencies_of,
    modes_of,
    written_mode,
)

ROWS = 2500
ROWS_PER_COLUMN = 6
MOST_COLUMNS = 170
AS_GOOD, NEARLY = (
    1.05,
    1.6,
)  # times the least distance: the lowest degree so near is taken, looked at
SNAP_ERRORS = 0.6  # of an error bar, times the error bars that snapping allows
WORTHWHILE = 0.97  # two degrees more that reduce distances by less end the climb
MOST_KEPT = 45  # terms of a polynomial that is still a law
MOST_WAVES = 20
ROUND_ORIGIN = 0.02  # of half a side


def noisy_polynomials(finder: Finder) -> None:
    """The polynomial of the lowest degree that is as near as any, with the terms that matter."""
    cloud = finder.cloud
    for library, vector in _by_degree(cloud):
        if finder.seconds_left < 1.0:
            return
        unit = library.monomial_coefficients(vector)
        degree = int(library.powers.sum(axis=1).max())
        for origin in {tuple(_coarse(place, cloud)): None for place in origins(unit, cloud)}:
            _about(finder, exponents(cloud.dimension, degree), np.array(origin))


def waves(finder: Finder) -> None:
    """Sums of products of sines and cosines: frequencies first, then the combination."""
    cloud = finder.cloud
    if cloud.dimension > MOST_DIMENSIONS or cloud.train.size < 60:
        return
    spectrum = Spectrum.of(cloud, modes_of(cloud.dimension, 2, 2))
    for frequencies in frequencies_of(spectrum, cloud, finder):
        if finder.exact or finder.seconds_left < 1.0:
            return
        if not clean_waves(finder, frequencies):
            _noisy_waves(finder, spectrum, frequencies)


def _noisy_waves(finder: Finder, spectrum: Spectrum, frequencies: FloatArray) -> None:
    cloud = finder.cloud
    terms = Terms(tuple(written_mode(mode, frequencies) for mode in spectrum.modes))
    design = Design.of(terms, cloud.points[rows_of(cloud)], cloud)
    for selected in _shortlist(eliminate(design, np.eye(len(terms)))):
        kept = np.flatnonzero(selected.vector)
        if 2 <= kept.size <= MOST_WAVES:
            found = Dependency(terms.take(kept), selected.vector[kept])
            add_noisy(finder, written(found, cloud), "waves fitted by distance")


def add_noisy(finder: Finder, expression: Expression, origin: str) -> None:
    """Keep an F with its constants at their optimum, and rounded within their error bars."""
    better = polished(expression, finder.cloud)
    if finder.add(better, origin) is not None and better.constants.size <= 12:
        finder.add(rounded(better, finder.cloud), origin)


def rows_of(cloud: Cloud) -> IntArray:
    """The rows that terms are selected on."""
    return np.random.default_rng(1).permutation(cloud.train)[:ROWS]


def _by_degree(cloud: Cloud) -> list[tuple[Legendre, FloatArray]]:
    """Taubin's fit at the degrees that come near the best distance of rows held out, lowest first."""
    rows, test = rows_of(cloud), cloud.held if cloud.held.size else cloud.train
    fits: list[tuple[float, Legendre, FloatArray]] = []
    for degree in range(1, HIGHEST_DEGREE + 1):
        powers = exponents(cloud.dimension, degree)
        if powers.shape[0] > MOST_COLUMNS or rows.size < ROWS_PER_COLUMN * powers.shape[0]:
            break
        library = Legendre(powers, cloud.centre, cloud.half)
        design = Design.of(library, cloud.points[rows], cloud)
        vector = refined(design, taubin(design), 3)
        distances = Design.of(library, cloud.points[test], cloud).distances(vector)
        missed = float(np.sqrt(np.mean(np.minimum(distances**2, 1.0))))
        if cloud.flips((library.gradients(cloud.points) @ vector).T, missed) > MOST_FLIPS:
            break
        fits.append((missed, library, vector))
        if len(fits) > 2 and fits[-1][0] > WORTHWHILE * fits[-3][0]:
            break
    least = min((fit[0] for fit in fits), default=0.0)
    taken = next((i for i, fit in enumerate(fits) if fit[0] <= AS_GOOD * least), None)
    if taken is None:
        return []
    near = [fit for fit in fits[: taken + 1] if fit[0] <= NEARLY * least]
    return [(library, vector) for _, library, vector in near[-2:]]


def _about(finder: Finder, powers: IntArray, origin: FloatArray) -> None:
    """Select the monomials about an origin and write what is left."""
    cloud = finder.cloud
    is_even = bool((cloud.scale == 1.0).all())
    unit = np.full(cloud.dimension, float(np.exp(np.mean(np.log(cloud.half))))) if is_even else cloud.half
    library = Monomials(powers, origin, unit)
    design = Design.of(library, cloud.points[rows_of(cloud)], cloud)
    mixing = symmetric_mixing(design, powers) if is_even else np.eye(len(library))
    for selected in _shortlist(eliminate(design, mixing)):
        kept = np.flatnonzero(np.abs(selected.vector) > 1e-13 * np.abs(selected.vector).max())
        if 2 <= kept.size <= MOST_KEPT:
            for polynomial in _written(library.take(kept), normalised(selected.vector[kept]), cloud):
                add_spellings(finder, polynomial, f"fit of distances, degree {int(powers.sum(axis=1).max())}")


def _written(library: Monomials, vector: FloatArray, cloud: Cloud) -> list[Polynomial]:
    """As fitted, and with coefficients made round within their error bars."""
    order = sorted(
        range(len(library)), key=lambda i: (-library.powers[i].sum(), [-p for p in library.powers[i]])
    )
    library, vector = library.take(order), vector[order]
    design = Design.of(library, cloud.points, cloud)
    noise = float(np.sqrt(np.mean(design.distances(vector) ** 2)))
    units = np.prod(library.unit**library.powers, axis=1)
    errors = standard_errors(design, vector, noise) / units
    raw = vector / units
    atoms = tuple(moved_coordinate(j, float(place)) for j, place in enumerate(library.origin))
    keys = [tuple(map(int, row)) for row in library.powers]
    plain = (
        raw
        / raw[np.argmin(np.where(np.abs(raw) > 0.0, np.abs(np.log(np.abs(raw) / np.abs(raw[0]))), np.inf))]
    )
    round_ones = snapped(raw, SNAP_ERRORS * errors).values
    return [Polynomial(dict(zip(keys, v.tolist(), strict=True)), atoms) for v in (round_ones, plain)]


def _shortlist(selected: list[Selected]) -> list[Selected]:
    """The best, and the best of those with fewer terms."""
    best = selected[0]
    fewer = [one for one in selected if one.count < best.count]
    return [best, *fewer[:1]]


def _coarse(place: FloatArray, cloud: Cloud) -> FloatArray:
    """An origin that is only known to the noise: round numbers near it."""
    found = place.copy()
    for j, (value, half) in enumerate(zip(place.tolist(), cloud.half.tolist(), strict=True)):
        near = nice_numbers(value, ROUND_ORIGIN * half)
        found[j] = near[0].value if near else value
    return found
