"""Laws that are sums of a few terms, as they are or after a simple transform of the target."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.closed_form.builder import Builder
from eqdisc.proposers.closed_form.library import Library, monomials, tabulate
from eqdisc.proposers.closed_form.selection import Subset, eliminate, forward
from eqdisc.proposers.closed_form.table import Table

MAX_TERMS = 5
STARTS = 3
TRANSFORMED_TERMS = 3
POLYNOMIAL_TERMS = 34


Undo = Callable[[Builder, Expression], Expression | None]


@dataclass(frozen=True)
class Transform:
    """A function of the target that may be a sum; `undo` writes the law for the target itself."""

    apply: Callable[[FloatArray], FloatArray]
    undo: Undo


PLAIN = Transform(lambda y: y, lambda _, g: g)
TRANSFORMS = (
    Transform(lambda y: 1.0 / y, lambda builder, g: builder.inverse(g)),
    Transform(np.log, lambda builder, g: builder.apply("exp", g)),
    Transform(lambda y: np.log(-y), lambda builder, g: builder.scaled(-1.0, builder.apply("exp", g))),
    Transform(lambda y: np.where(y >= 0.0, y * y, np.nan), lambda builder, g: builder.apply("sqrt", g)),
    Transform(
        lambda y: np.where(y > 0.0, 1.0 / (y * y), np.nan),
        lambda builder, g: builder.inverse(builder.apply("sqrt", g)),
    ),
    Transform(np.sqrt, lambda builder, g: builder.apply("square", g)),
    Transform(lambda y: np.where(y < 300.0, np.exp(y), np.nan), lambda builder, g: builder.apply("log", g)),
    Transform(np.arcsin, lambda builder, g: builder.apply("sin", g)),
    Transform(np.arctanh, lambda builder, g: builder.apply("tanh", g)),
    Transform(lambda y: y**3, lambda builder, g: builder.apply("cbrt", g)),
    Transform(np.tan, lambda builder, g: builder.apply("atan", g)),
)


def polynomials(table: Table) -> Iterator[Expression]:
    """Polynomials of the variables, from the full one down to a single term."""
    columns_allowed = min(POLYNOMIAL_TERMS, table.target.size // 2)
    library: Library | None = None
    for degree in range(1, 7 if len(table.variables) == 1 else 5):
        larger = tabulate(
            monomials(table.variables, degree, table.builder), table.features, columns_allowed + 1
        )
        if len(larger.terms) > columns_allowed:
            break
        library = larger
    if library is not None and library.terms:
        yield from _sums(table, library, table.target, eliminate(library.columns, table.target))


def sums(table: Table) -> Iterator[Expression]:
    """Sums of a few terms of the library."""
    library = table.sum_library
    if library.terms:
        yield from _sums(
            table, library, table.target, forward(table.sum_design, table.target, MAX_TERMS, STARTS)
        )


def transformed_sums(table: Table) -> Iterator[Expression]:
    """Sums for the logarithm, the square ... of the target, and for its product and ratio with an input."""
    library = table.sum_library
    if not library.terms:
        return
    with np.errstate(all="ignore"):
        aims = [(transform.apply(table.target), transform.undo) for transform in TRANSFORMS]
        for x in table.variables:
            column = table.features[:, int(x.payload[0])]
            joined = ((table.target / column, _multiplied(x)), (table.target * column, _divided(x)))
            aims += joined
            if table.features.shape[1] == 1:
                aims += [
                    (transform.apply(aim), _then(transform.undo, undo))
                    for aim, undo in joined
                    for transform in TRANSFORMS
                ]
    for aim, undo in aims:
        if np.isfinite(aim).all():
            for g in _sums(table, library, aim, forward(table.sum_design, aim, TRANSFORMED_TERMS, starts=1)):
                law = undo(table.builder, g)
                if law is not None:
                    yield law


def _then(inner: Undo, outer: Undo) -> Undo:
    def undo(builder: Builder, g: Expression) -> Expression | None:
        law = inner(builder, g)
        return None if law is None else outer(builder, law)

    return undo


def _multiplied(x: Expression) -> Undo:
    return lambda builder, g: builder.apply("mul", x, g)


def _divided(x: Expression) -> Undo:
    return lambda builder, g: builder.quotient(g, x)


def _sums(table: Table, library: Library, aim: FloatArray, subsets: Iterator[Subset]) -> Iterator[Expression]:
    spread = float(np.std(aim))
    for subset in subsets:
        terms: Sequence[Expression] = [library.terms[m] for m in subset.members]
        law = table.combination(subset.coefficients.tolist(), terms, subset.intercept, spread)
        if law is not None:
            yield law
