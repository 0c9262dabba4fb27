"""Laws that are quotients of two polynomials: linear once multiplied by the denominator."""

from collections.abc import Iterator

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.closed_form.builder import ONE
from eqdisc.proposers.closed_form.library import monomials, tabulate
from eqdisc.proposers.closed_form.table import Table

MAX_COLUMNS = 20  # monomials of the numerator and of the denominator together
MAX_DEGREE = 3


def rational_functions(table: Table) -> Iterator[Expression]:
    """p(x) / q(x) with few terms: a null vector of [p's columns, -y times q's columns], one column less at a
    time.

    The smallest singular vector needs no coefficient known in advance, as a denominator 1 + ... would.
    """
    chosen = [
        library for degree in range(1, MAX_DEGREE + 1) if (library := _basis(table, degree)) is not None
    ]
    for terms, columns in chosen:
        both = np.column_stack([columns, -table.target[:, None] * columns])
        norms = np.sqrt(np.mean(both**2, axis=0))
        if both.shape[0] > both.shape[1] and np.isfinite(norms).all() and np.all(norms > 0.0):
            triangle = np.linalg.qr(both / norms)[1]
            yield from _path(table, terms, triangle, norms)


def _basis(table: Table, degree: int) -> tuple[tuple[Expression, ...], FloatArray] | None:
    library = tabulate(monomials(table.variables, degree, table.builder), table.features, MAX_COLUMNS)
    if 2 * (len(library.terms) + 1) > MAX_COLUMNS:
        return None
    ones = np.ones((table.target.size, 1))
    return (ONE, *library.terms), np.column_stack([ones, library.columns])


def _path(
    table: Table, terms: tuple[Expression, ...], triangle: FloatArray, norms: FloatArray
) -> Iterator[Expression]:
    members = list(range(triangle.shape[1]))
    while len(members) >= 2:
        vector = np.linalg.svd(triangle[:, members])[2][-1]
        law = _quotient(table, terms, members, vector / norms[members])
        if law is not None:
            yield law
        members = _one_less(triangle, members)


def _one_less(triangle: FloatArray, members: list[int]) -> list[int]:
    """The members without the one that is missed least."""
    smaller = [members[:place] + members[place + 1 :] for place in range(len(members))]
    return min(smaller, key=lambda rest: float(np.linalg.svd(triangle[:, rest], compute_uv=False)[-1]))


def _quotient(
    table: Table, terms: tuple[Expression, ...], members: list[int], vector: FloatArray
) -> Expression | None:
    """The quotient with the coefficients of a null vector, the last one of the denominator made 1."""
    size = len(terms)
    below = [place for place, m in enumerate(members) if m >= size]
    above = [place for place, m in enumerate(members) if m < size]
    if not above or not below or [members[place] for place in below] == [size] or vector[below[-1]] == 0.0:
        return None  # nothing to divide, or by a constant: a polynomial
    scaled = vector / vector[below[-1]]
    scaled[below[-1]] = 1.0
    if not np.isfinite(scaled).all():
        return None
    numerator = table.builder.combination(
        [float(scaled[p]) for p in above], [terms[members[p]] for p in above]
    )
    denominator = table.builder.combination(
        [float(scaled[p]) for p in below], [terms[members[p] - size] for p in below]
    )
    return table.builder.quotient(numerator, denominator)
