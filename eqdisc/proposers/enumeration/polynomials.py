"""Polynomials beside which one more term is looked for: y = a*x**3 + b*x + c*g with any g of the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.enumeration.court import scaled
from eqdisc.proposers.enumeration.targets import Aim
from eqdisc.search.spelling import respell

DEGREE = 3
MOST_TERMS = 15  # half of the rows of a value vector
SIGNIFICANT = 1e-8


@dataclass(frozen=True)
class Basis:
    """What one term is added to.

    terms, columns : with their values, each (WIDTH,)
    rows           : (terms + 1, WIDTH) orthonormal, spanning the terms and one
    rests          : (aims, WIDTH) of length one, what they leave of the aims
    aims           : which these are
    """

    terms: tuple[Expression, ...]
    columns: tuple[FloatArray, ...]
    rows: FloatArray
    rests: FloatArray
    aims: tuple[Aim, ...]


def polynomial_bases(
    variables: Sequence[int], features: FloatArray, aims: Sequence[Aim], allowed: frozenset[int]
) -> list[Basis]:
    """Cubics of each variable, all variables, all with their products; without aims that are just these."""
    leaves = [Expression.variable(j) for j in variables]
    columns = [features[:, j] for j in variables]
    powers = [
        [(x, c), (Expression.apply("square", x), c**2), (Expression.apply("cube", x), c**3)]
        for x, c in zip(leaves, columns, strict=True)
    ]
    linear = [power[0] for power in powers]
    pairs = combinations(linear, 2)
    products = [(x * z, c * d) for (x, c), (z, d) in pairs]
    squares = [power[1] for power in powers]
    families = [[power[0]] for power in powers] + powers
    families += [linear, linear + products, linear + products + squares]
    bases: list[Basis] = []
    for family in families:
        terms = [(term, column) for term, column in family if respell(term, allowed) is not None]
        known = any({t for t, _ in terms} == set(basis.terms) for basis in bases)
        if 1 <= len(terms) <= MOST_TERMS and not known:
            basis = _basis(terms, aims)
            if basis is not None:
                bases.append(basis)
    return bases


def _basis(terms: Sequence[tuple[Expression, FloatArray]], aims: Sequence[Aim]) -> Basis | None:
    columns = [column for _, column in terms]
    design = np.stack([np.ones(len(columns[0])), *columns], axis=1)
    if not np.isfinite(design).all():
        return None
    left, singular, _ = np.linalg.svd(design / np.sqrt(np.sum(design**2, axis=0)), full_matrices=False)
    if singular[-1] < 1e-9 * singular[0]:
        return None
    rests, used = [], []
    for aim in aims:
        rest = aim.values - left @ (left.T @ aim.values)
        rest -= left @ (left.T @ rest)
        length = float(np.sqrt(rest @ rest))
        if length > 1e-9 * float(np.sqrt(aim.values @ aim.values)):
            rests.append(rest / length)
            used.append(aim)
    if not used:
        return None
    rows = np.ascontiguousarray(left.T)
    return Basis(tuple(term for term, _ in terms), tuple(columns), rows, np.array(rests), tuple(used))


def pruned_combination(
    target: FloatArray, columns: Sequence[FloatArray], terms: Sequence[Expression]
) -> Expression | None:
    """The combination of the terms and one nearest to the target, without terms that are nothing to it."""
    design = np.stack([*columns, np.ones(len(target))], axis=1)
    if not np.isfinite(design).all():
        return None
    scale = np.sqrt(np.sum(design**2, axis=0))
    size = float(np.sqrt(target @ target))
    kept = np.arange(design.shape[1])
    while True:
        solution = np.linalg.lstsq(design[:, kept] / scale[kept], target, rcond=1e-13)[0]
        significant = np.abs(solution) > SIGNIFICANT * size
        if significant.all():
            break
        if not significant.any():
            return None
        kept = kept[significant]
    coefficients = solution / scale[kept]
    law: Expression | None = None
    for place, value in sorted(zip(kept.tolist(), coefficients.tolist(), strict=True)):
        if place == len(terms):
            term, value = Expression.constant(abs(value)), np.sign(value)
        else:
            term = terms[place]
        if law is None:
            law = scaled(value, term)
        else:
            law = law + scaled(value, term) if value > 0.0 else law - scaled(-value, term)
    return law
