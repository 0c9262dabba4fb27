"""Laws that are polynomials."""

import numpy as np

from eqdisc.errors import NoSurfaceError
from eqdisc.expr.expression import Expression
from eqdisc.surfaces.implicit.finder import Finder, shorter
from eqdisc.surfaces.implicit.nullspace import moved_coordinate, null_space, polynomials
from eqdisc.surfaces.implicit.polish import polished
from eqdisc.surfaces.implicit.polynomial import Polynomial

MOST_CONSTANTS = 40  # that are moved together once more
MOST_TERMS = 60  # of a polynomial that is worth other spellings


def clean_polynomials(finder: Finder) -> None:
    """The polynomial of lowest degree that vanishes on the points, in its shortest spellings."""
    cloud = finder.cloud
    for j in np.flatnonzero(np.ptp(cloud.points, axis=0) == 0.0):
        finder.add(moved_coordinate(int(j), float(cloud.centre[j])), "a coordinate that never changes")
    space = None if finder.exact else null_space(cloud)
    if space is None:
        return
    if space.vectors.shape[0] > 1:
        raise NoSurfaceError(
            f"these points satisfy {space.vectors.shape[0]} independent equations of degree {space.degree}: "
            "they lie where several surfaces meet, which is smaller than a surface, or are too few; give "
            "points all over the surface"
        )
    origin = f"null space, degree {space.degree}"
    for polynomial in polynomials(space, finder.cloud):
        add_spellings(finder, polynomial, origin)


def add_spellings(finder: Finder, polynomial: Polynomial, origin: str) -> None:
    """A polynomial written out, in radii, and as a product."""
    plain = shorter(polynomial.plain(), finder.cloud)
    law = finder.add(plain, origin)
    if (law is None or not law.fit.exact) and plain.constants.size <= MOST_CONSTANTS:
        law = finder.add(polished(plain, finder.cloud), origin) or law
    if len(polynomial.coefficients) > MOST_TERMS:
        return
    for spelling in (polynomial.in_radii().rescaled().plain(), *product_of(polynomial)):
        short = shorter(spelling, finder.cloud)
        if short.size < plain.size:
            finder.add(short, origin)


def product_of(polynomial: Polynomial) -> list[Expression]:
    """The product of its factors, each in its shortest spelling; empty where it is irreducible."""
    parts = polynomial.factors()
    if not parts:
        return []
    product: Expression | None = None
    for part in parts:
        inner = min((part.plain(), part.in_radii().rescaled().plain()), key=len)
        product = inner if product is None else product * inner
    return [] if product is None else [product]
