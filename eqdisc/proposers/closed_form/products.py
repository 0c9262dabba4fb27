"""Laws that are products of powers: sums in logarithms."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import EXP
from eqdisc.proposers.closed_form.builder import Factor
from eqdisc.proposers.closed_form.library import factor_terms, tabulate
from eqdisc.proposers.closed_form.selection import Design, Subset, around, eliminate, forward, solve
from eqdisc.proposers.closed_form.table import Table

DENOMINATORS = (1, 2, 3)
MAX_EXPONENT = 6
NEAR = 0.03
SMALL_QUANTILE = 0.25
MIN_SHARE_OF_ROWS = 0.7  # rows where a logarithm exists
MAX_FACTORS = 4
MAX_EXTRA = 3  # factors that are no variables, beside all variables
STARTS = 3
MOST_LOGARITHMS = 50  # inputs that power laws are sought among, those most related to the target


def power_laws(table: Table) -> Iterator[Expression]:
    """c * x**a * y**b ...: exponents from logarithms, as small fractions and as they are."""
    related = np.sort(table.ranking[:MOST_LOGARITHMS])
    varying = related[np.ptp(np.abs(table.features[:, related]), axis=0) > 0.0]
    variables = [Expression.variable(int(j)) for j in varying]
    logs, aim = _logarithms(table.features[:, varying], table.target)
    if not variables or aim.size < max(3, MIN_SHARE_OF_ROWS * table.target.size):
        return
    many = logs.shape[1] > aim.size // 2
    subsets = forward(Design(logs), aim, MAX_FACTORS, starts=1) if many else eliminate(logs, aim)
    for subset in subsets:
        yield from _laws(table, [variables[m] for m in subset.members], subset)


def products(table: Table) -> Iterator[Expression]:
    """Products of powers of variables, of sums and differences of two, of sines, exponentials ..."""
    terms = [*table.variables, *factor_terms(table.variables, table.builder)]
    library = tabulate(terms, table.features, table.max_terms)
    sizes = np.abs(library.columns)
    usable = np.flatnonzero(np.all(sizes > 0.0, axis=0) & (np.ptp(sizes, axis=0) > 0.0))
    logs, aim = _logarithms(library.columns[:, usable], table.target)
    if usable.size == 0 or aim.size <= MAX_FACTORS + 2:
        return
    design, known = Design(logs), [library.terms[place] for place in usable]
    variables = tuple(place for place, term in enumerate(known) if term in table.variables)
    for subset in chain(forward(design, aim, MAX_FACTORS, STARTS), around(design, aim, variables, MAX_EXTRA)):
        yield from _laws(table, [known[m] for m in subset.members], subset)


def _logarithms(columns: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logarithms of the sizes of columns and target, on the rows where all exist.

    A target that changes sign is mostly noise where it is small, and so is its logarithm: the smallest
    quarter of the rows is left out.
    """
    usable = (target != 0.0) & np.all(columns != 0.0, axis=1)
    if np.min(target) < 0.0 < np.max(target):
        usable &= np.abs(target) > np.quantile(np.abs(target), SMALL_QUANTILE)
    return np.log(np.abs(columns[usable])), np.log(np.abs(target[usable]))


def _laws(table: Table, bases: Sequence[Expression], subset: Subset) -> Iterator[Expression]:
    """The product with exponents rounded in several ways, each with its best factor, and an intercept."""
    seen: set[tuple[Fraction, ...]] = set()
    for denominator in DENOMINATORS:
        exponents = tuple(Fraction(round(c * denominator), denominator) for c in subset.coefficients.tolist())
        if exponents not in seen and all(abs(e) <= MAX_EXPONENT for e in exponents):
            seen.add(exponents)
            yield from _scaled(table, _product(table, bases, exponents, subset))
    yield from _scaled(table, _real_product(table, bases, subset))


def _product(
    table: Table, bases: Sequence[Expression], exponents: Sequence[Fraction], subset: Subset
) -> Expression | None:
    factors: list[Factor] = []
    for base, exponent, coefficient in zip(bases, exponents, subset.coefficients.tolist(), strict=True):
        if base.root == EXP:  # any multiple of its argument is as simple as another
            scaled = table.builder.apply("exp", table.builder.scaled(coefficient, base.children[0]))
            if scaled is None:
                return None
            factors.append((scaled, Fraction(1)))
        else:
            factors.append((base, exponent))
    return table.builder.product(factors)


def _real_product(table: Table, bases: Sequence[Expression], subset: Subset) -> Expression | None:
    """The product with the exponents as they are, except those next to a whole or half number."""
    product: Expression | None = None
    for base, coefficient in zip(bases, subset.coefficients.tolist(), strict=True):
        near = Fraction(round(2.0 * coefficient), 2)
        if near != 0 and abs(near - coefficient) < NEAR and abs(near) <= MAX_EXPONENT:
            factor = table.builder.power(base, near)
        else:
            factor = table.builder.real_power(base, coefficient)
        product = factor if product is None else table.builder.apply("mul", product, factor)
        if product is None:
            return None
    return product


def _scaled(table: Table, product: Expression | None) -> Iterator[Expression]:
    if product is None or not product.features:
        return
    values, target = evaluate(product, table.features), table.target
    if not np.isfinite(values).all() or np.ptp(values) == 0.0:
        return
    size = float(np.max(np.abs(values)))
    shape = values / size
    factor = float(shape @ target / (shape @ shape)) / size
    law = table.builder.scaled(factor, product)
    if law is not None:
        yield law
    line = solve(shape[:, None], target, (0,))
    shifted = table.combination(
        [line.coefficients[0] / size], [product], line.intercept, float(np.std(target))
    )
    if shifted is not None and shifted != law:
        yield shifted
