"""The simplest functions, in a given order, that are linearly dependent on the points but nowhere else."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from eqdisc._typing import FloatArray, IntArray
from eqdisc.expr.expression import Expression
from eqdisc.surfaces.implicit.cloud import Cloud
from eqdisc.surfaces.implicit.library import Terms
from eqdisc.surfaces.implicit.nullspace import null_vector
from eqdisc.surfaces.implicit.snapping import snapped
from eqdisc.surfaces.implicit.taubin import Design, normalised, standard_errors
from eqdisc.surfaces.implicit.writing import written_sum

DEPENDENT = 1e-6  # of its size: what a function adds to the simpler ones all over the box
NOTHING = 2e-9  # of the size over the box: a combination that vanishes on the points
SMALL = 1e-7  # of the largest contribution
MOST_KEPT = 24  # terms; combinations of more approximate anything smooth
ONE = Expression.constant(1.0)


@dataclass(frozen=True)
class Dependency:
    """Terms and the combination of them that is nothing on the points."""

    terms: Terms
    vector: FloatArray


def first_dependency(terms: Terms, cloud: Cloud) -> Dependency | None:
    """The shortest beginning of a list of terms with a combination that vanishes on the points.

    Combinations are measured against points anywhere in the box, so that an identity, or functions that are
    alike all over the box, are none. Multiples of the law lie further down the list.
    """
    away = cloud.in_box(max(2 * len(terms), 600))
    terms = terms.usable(np.concatenate([cloud.points, away]))
    rows = np.random.default_rng(0).permutation(cloud.train)[: max(2 * len(terms), 600)]
    if len(terms) < 2 or rows.size < 1.3 * len(terms):
        return None
    beside = terms.values(away)
    kept, upper = _independent(beside)
    terms = terms.take(kept)
    sizes = np.sqrt(np.mean(beside[:, kept] ** 2, axis=0))
    values = solve_triangular(upper, (terms.values(cloud.points[rows]) / sizes).T, trans="T", lower=False).T
    gram = values.T @ values / rows.size
    count = _first_singular(gram, values)
    if count is None:
        return None
    columns = terms.take(range(count)).values(cloud.points)
    vector = null_vector(columns)
    return sparse(Dependency(terms.take(range(count)), vector), cloud)


def sparse(found: Dependency, cloud: Cloud) -> Dependency | None:
    """Without the terms that contribute nothing, the others refitted."""
    columns = found.terms.values(cloud.points)
    shares = np.abs(found.vector) * np.sqrt(np.mean(columns**2, axis=0))
    kept = np.flatnonzero(shares > SMALL * shares.max())
    if not 2 <= kept.size <= MOST_KEPT:
        return None
    return Dependency(found.terms.take(kept), null_vector(columns[:, kept]))


def written(found: Dependency, cloud: Cloud) -> Expression:
    """As an F with coefficients as round as the points allow."""
    design = Design.of(found.terms, cloud.points, cloud)
    vector = normalised(found.vector)
    noise = float(np.sqrt(np.mean(design.distances(vector) ** 2)))
    errors = standard_errors(design, vector, noise)
    order = [i for i, term in enumerate(found.terms.expressions) if term != ONE]
    order += [i for i, term in enumerate(found.terms.expressions) if term == ONE]
    scaled = snapped(vector[order], errors[order])
    factors = [[] if found.terms.expressions[i] == ONE else [found.terms.expressions[i]] for i in order]
    return written_sum(list(zip(scaled.values.tolist(), factors, strict=True)))


def _independent(values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Columns that are no combination of those before, and the triangle that makes them orthonormal."""
    sizes = np.sqrt(np.mean(values**2, axis=0))
    kept = np.arange(sizes.size, dtype=np.int64)[sizes > 0.0]

    def triangle(members: IntArray) -> FloatArray:
        return np.asarray(
            np.linalg.qr(values[:, members] / sizes[members] / np.sqrt(values.shape[0]), mode="r")
        )

    for _ in range(2):
        kept = kept[np.abs(np.diag(triangle(kept))) > DEPENDENT]
    return kept, triangle(kept)


def _first_singular(gram: FloatArray, values: FloatArray) -> int | None:
    """The length of the shortest beginning with a combination that vanishes; None where there is none."""

    def smallest(count: int) -> float:
        if np.linalg.eigvalsh(gram[:count, :count])[0] > 1e-10:  # squared sizes have half the digits
            return 1.0
        triangle = np.linalg.qr(values[:, :count], mode="r") / np.sqrt(values.shape[0])
        return float(np.linalg.svd(triangle, compute_uv=False)[-1])

    low, high = 1, gram.shape[0]
    if smallest(high) > NOTHING:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if smallest(middle) <= NOTHING else (middle, high)
    return int(high)
