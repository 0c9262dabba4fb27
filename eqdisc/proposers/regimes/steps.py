"""Laws of whole numbers: the whole part of a simple function, and remainders."""

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.proposers.regimes.boundary import combination
from eqdisc.proposers.regimes.coordinates import is_grid
from eqdisc.proposers.regimes.libraries import ONE, monomials, tabulated, waves
from eqdisc.proposers.regimes.polytope import Inequalities

MOST_LEVELS = 400
ROWS_PER_LEVEL = 2  # as many at least; else anything is a step
LP_ROWS = 600
LARGEST = 1e4  # of a coefficient of a column of size 1, in steps
LARGEST_MODULUS = 60
MOST_MONOMIALS = 3
MOST_SUMS = 5e6  # tried for one modulus, or else fewer terms: 0.4 s of two inputs, 1.4 s of six
EVEN = 1e-6  # of a step: what values may be off
LOOK = 40  # rows that most remainders are refuted by


def stepped_laws(features: FloatArray, target: FloatArray, operators: OperatorSet) -> Iterator[Expression]:
    """size*floor(g) + first, with g a polynomial or a sum of waves; for targets of few, evenly spaced values.

    features : (n, k); target : (n,). That g lies between a level and the next is a system of linear
    inequalities for its coefficients.

    >>> x = np.random.default_rng(0).uniform(-4.0, 4.0, (200, 2))
    >>> law = next(stepped_laws(x, np.floor(x[:, 0] + 0.5 * x[:, 1]), OperatorSet.parse("+ * floor")))
    >>> str(law)
    'floor(x0 + 0.5*x1)'
    """
    spacing = _spacing(target)
    if "floor" not in operators or spacing is None:
        return
    first = float(target[int(np.argmin(np.abs(target)))])
    first = 0.0 if abs(first / spacing - round(first / spacing)) < 1e-9 else first
    levels = np.round((target - first) / spacing)
    k = features.shape[1]
    for terms in (monomials(k, 1), monomials(k, 2), [*monomials(k, 1), *waves(k, operators)]):
        inner = _between(terms, features, levels) if 1 < len(terms) <= 24 else None
        if inner is not None:
            law = Expression.apply("floor", inner)
            law = law if spacing == 1.0 else Expression.constant(spacing) * law
            yield law if first == 0.0 else law + first
            return


def remainder_laws(features: FloatArray, target: FloatArray, operators: OperatorSet) -> Iterator[Expression]:
    """size*mod(g, m) with g a polynomial of whole coefficients, m at most 60; of whole features only.

    The target is such a remainder in steps of its own; polynomials have up to three terms beside the
    constant, fewer where there would be too many to try.

    >>> i, j = np.meshgrid(np.arange(8.0), np.arange(8.0))
    >>> x = np.column_stack([i.ravel(), j.ravel()])
    >>> found = remainder_laws(x, np.mod(x[:, 0] + 2 * x[:, 1], 5), OperatorSet.parse("+ * mod"))
    >>> str(next(found))
    'mod(x0 + 2*x1, 5)'
    """
    spacing = _spacing(target)
    if "mod" not in operators or spacing is None or target.min() < 0.0 or not is_grid(features):
        return
    steps = np.round(target / spacing)
    if np.max(np.abs(target / spacing - steps)) > EVEN or steps.max() >= LARGEST_MODULUS:
        return
    terms = monomials(features.shape[1], 2)[1:]
    with np.errstate(all="ignore"):
        columns = np.stack([evaluate(term, features) for term in terms], axis=1)
    least = int(steps.max()) + 1
    for modulus in range(max(2, least), min(LARGEST_MODULUS, least + 2) + 1):
        for inner in _congruent(columns, steps, modulus):
            law = Expression.apply("mod", combination([*terms, ONE], inner), float(modulus))
            yield law if spacing == 1.0 else Expression.constant(spacing) * law
            return


def _spacing(target: FloatArray) -> float | None:
    """The step between the values of a target; None where it has too many or they are not even."""
    values = np.unique(target)
    if not 2 <= values.size <= min(MOST_LEVELS, target.size // ROWS_PER_LEVEL):
        return None
    spacing = float(np.min(np.diff(values)))
    ratio = (values - values[0]) / spacing
    even = np.max(np.abs(ratio - np.round(ratio))) < EVEN
    return (round(spacing) if abs(spacing - round(spacing)) < 1e-9 else spacing) * 1.0 if even else None


def _between(terms: list[Expression], features: FloatArray, levels: FloatArray) -> Expression | None:
    """g with level <= g < level + 1, its coefficients simple; None where there is none."""
    columns = tabulated(terms, features)
    rows = np.arange(levels.size)[:: max(1, -(-levels.size // LP_ROWS))]
    both = Inequalities(
        np.vstack([columns[rows], -columns[rows]]), np.concatenate([levels[rows], -levels[rows] - 1.0])
    )
    active = np.ones(len(terms), dtype=bool)
    found = both.inner(active, LARGEST)
    if found is None:
        return None
    coefficients = found[0]
    for place in np.argsort(np.abs(coefficients), kind="stable").tolist():
        active[place] = False
        fewer = both.inner(active, LARGEST) if active.any() else None
        active[place] = fewer is None
        coefficients = coefficients if fewer is None else fewer[0]
    with np.errstate(all="ignore"):
        raw = np.stack([evaluate(term, features) * np.ones(levels.size) for term in terms], axis=1)
    whole = Inequalities(np.vstack([raw, -raw]), np.concatenate([levels, -levels - 1.0]))
    norms = np.sqrt(np.mean(raw**2, axis=0))
    start = np.where(active, np.nan, 0.0)
    rounded = whole.near(coefficients / np.where(norms > 0.0, norms, 1.0)).rounded(start)
    if rounded is None or not np.any(rounded[0]):
        return None
    inner = combination(terms, rounded[0])
    value = evaluate(inner, features)
    return inner if np.mean(np.floor(value) == levels) > 0.999 else None


def _congruent(columns: FloatArray, target: FloatArray, modulus: int) -> Iterator[FloatArray]:
    """Coefficients, that of the constant last, of sums congruent to the target; fewest terms first."""
    few = slice(None, None, max(1, target.size // LOOK))
    looked, wanted = columns[few], target[few]
    n_terms = columns.shape[1]
    for count in range(1, min(MOST_MONOMIALS, n_terms) + 1):
        if (modulus - 1) ** count * comb(n_terms, count) > MOST_SUMS:
            return
        choices = 1.0 + np.indices((modulus - 1,) * count, dtype=float).reshape(count, -1)
        for members in combinations(range(n_terms), count):
            shift = np.mod(wanted[0] - looked[0, members] @ choices, modulus)
            left = np.arange(shift.size)
            for row, value in zip(looked[1:, members], wanted[1:], strict=True):
                if not left.size:
                    break
                left = left[np.mod(row @ choices[:, left] + shift[left], modulus) == value]
            for choice, constant in zip(choices.T[left], shift[left], strict=True):
                value = np.mod(columns[:, members] @ choice + constant, modulus)
                if np.array_equal(value, target):
                    made = np.zeros(n_terms + 1)
                    made[list(members)], made[-1] = choice, constant
                    yield made
