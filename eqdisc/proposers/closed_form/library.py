"""Terms that laws are sums or products of, smallest first, and their values."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, permutations

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.proposers.closed_form.builder import ONE, Builder

UNARY = ("sqrt", "log", "exp", "sin", "cos", "tanh", "cbrt", "atan", "abs", "tan", "sinh", "cosh")
SCALES = (0.5, 2.0, 3.0, np.pi, 2.0 * np.pi)
SCALED_UNARY = ("exp", "sin", "cos", "tanh")
POWERS = tuple(Fraction(p) for p in ("2", "3", "-1", "-2", "1/2", "-1/2", "3/2", "4"))


@dataclass(frozen=True)
class Library:
    """Terms and their values, (n, number of terms); finite, none constant, no two proportional."""

    terms: tuple[Expression, ...]
    columns: FloatArray


def tabulate(terms: Iterable[Expression | None], features: FloatArray, max_terms: int) -> Library:
    """The first `max_terms` usable terms, smallest first.

    Left out are those not finite on some row, constant ones, and those proportional to one before.
    """
    unique = sorted(dict.fromkeys(term for term in terms if term is not None), key=lambda term: term.size)
    kept: list[Expression] = []
    columns: list[FloatArray] = []
    prints: set[tuple[float, ...]] = set()
    for term in unique:
        column = evaluate(term, features)
        with np.errstate(over="ignore", invalid="ignore"):
            norm = float(np.sqrt(np.mean(column**2)))
        if not 1e-100 < norm < 1e100 or np.ptp(column) <= 1e-9 * norm:
            continue
        # The shape of a column at a few rows tells it from the others; its sign and size do not matter. In
        # logarithms, for exp(x) and exp(x) - 1 differ only where they are small.
        probe = column[:: max(1, column.size // 12)] / norm
        ratios = probe / probe[np.argmax(np.abs(probe))]
        with np.errstate(divide="ignore"):
            shape = (*np.round(np.log2(np.abs(ratios)), 9), *np.sign(ratios))
        if shape not in prints:
            prints.add(shape)
            kept.append(term)
            columns.append(column)
        if len(kept) >= max_terms:
            break
    table = np.stack(columns, axis=1) if columns else np.zeros((features.shape[0], 0))
    return Library(tuple(kept), table)


def monomials(variables: Sequence[Expression], degree: int, builder: Builder) -> Iterator[Expression | None]:
    """All products of up to `degree` variables, repetition allowed; the constant is not among them."""
    for total in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(len(variables)), total):
            yield builder.product([(variables[j], Fraction(chosen.count(j))) for j in sorted(set(chosen))])


def sum_terms(variables: Sequence[Expression], builder: Builder) -> Iterator[Expression | None]:
    """What laws that are sums are often made of."""
    yield from monomials(variables, 6 if len(variables) == 1 else 3 if len(variables) <= 4 else 2, builder)
    for x in variables:
        yield from _of_one(x, builder)
        if len(variables) <= 2:
            yield from _products_of_one(x, builder)
    for x, y in permutations(variables, 2):
        yield builder.product([(x, Fraction(1)), (y, Fraction(-1))])
        yield builder.product([(x, Fraction(2)), (y, Fraction(-1))])
        yield builder.product([(x, Fraction(1)), (y, Fraction(-2))])
        for name in UNARY[:5]:
            yield builder.apply("mul", x, builder.apply(name, y))
            yield builder.apply(name, builder.quotient(x, y))
        yield builder.apply("mul", x, _decay(y, builder))
    for x, y in combinations(variables, 2):
        product, difference = builder.apply("mul", x, y), builder.apply("sub", x, y)
        yield builder.product([(x, Fraction(-1)), (y, Fraction(-1))])
        for inner in (product, difference, builder.apply("add", x, y)):
            yield from (builder.apply(name, inner) for name in UNARY[:5])
            yield _decay(inner, builder)
            yield builder.inverse(inner)
        for first, second in product_of_waves():
            yield builder.apply("mul", builder.apply(first, x), builder.apply(second, y))
        if difference is not None:
            yield builder.power(difference, Fraction(2))
        yield builder.apply("min", x, y)
        yield builder.apply("max", x, y)


def product_of_waves() -> tuple[tuple[str, str], ...]:
    """Pairs of functions whose products of two variables make up standing waves and addition theorems."""
    return tuple((first, second) for first in ("sin", "cos") for second in ("sin", "cos"))


def factor_terms(variables: Sequence[Expression], builder: Builder) -> Iterator[Expression | None]:
    """What laws that are products of powers have beside the variables themselves."""
    for x in variables:
        square = builder.power(x, Fraction(2))
        for inner in (x, square):
            yield builder.apply("add", inner, ONE)
            yield builder.apply("sub", ONE, inner)
        yield from (
            builder.apply(name, x) for name in ("sin", "cos", "tan", "log", "tanh", "exp", "sinh", "cosh")
        )
        yield builder.apply("exp", square)
        yield builder.apply("sub", builder.apply("exp", x), ONE)
    for x, y in combinations(variables, 2):
        yield builder.apply("add", x, y)
        yield builder.apply("sub", x, y)
        squares = builder.power(x, Fraction(2)), builder.power(y, Fraction(2))
        yield builder.apply("add", *squares)
        yield builder.apply("sub", *squares)
        product = builder.apply("mul", x, y)
        yield builder.apply("add", product, ONE)
        yield builder.apply("sub", ONE, product)
        yield builder.apply("exp", product)
        yield from (builder.apply(name, product) for name in ("sin", "cos"))
        yield from (builder.apply(name, builder.apply("sub", x, y)) for name in ("sin", "cos"))
    for x, y in permutations(variables, 2):
        ratio = builder.quotient(x, y)
        yield builder.apply("exp", ratio)
        yield builder.apply("sub", ONE, builder.power(ratio, Fraction(2)) if ratio is not None else None)


def _of_one(x: Expression, builder: Builder) -> Iterator[Expression | None]:
    square = builder.power(x, Fraction(2))
    yield from (builder.power(x, power) for power in POWERS)
    yield from (builder.apply(name, x) for name in UNARY)
    yield _decay(x, builder)
    yield _decay(square, builder)
    for name in UNARY[:5]:
        yield builder.apply("mul", x, builder.apply(name, x))
    yield builder.apply("mul", x, _decay(x, builder))
    yield from (builder.apply(name, square) for name in ("sin", "cos"))
    yield from (builder.apply(name, builder.power(x, Fraction(-1))) for name in ("exp", "sin", "cos"))
    for inner in (x, square):
        shifted = builder.apply("add", inner, ONE)
        yield from (builder.apply(name, shifted) for name in ("log", "sqrt"))
        yield builder.inverse(shifted)
    for scale in SCALES:
        yield from (builder.apply(name, builder.scaled(scale, x)) for name in SCALED_UNARY)
        yield builder.apply("exp", builder.scaled(-scale, x))


def _products_of_one(x: Expression, builder: Builder) -> Iterator[Expression | None]:
    """Products of two functions of the same variable."""
    square = builder.power(x, Fraction(2))
    functions = [builder.apply(name, inner) for inner in (x, square) for name in ("sin", "cos", "exp")]
    functions += [
        _decay(x, builder),
        _decay(square, builder),
        builder.apply("log", x),
        builder.apply("sqrt", x),
    ]
    for first, second in combinations([x, square, *functions], 2):
        yield builder.apply("mul", first, second)


def _decay(inner: Expression | None, builder: Builder) -> Expression | None:
    """exp(-inner)."""
    negative = builder.apply("neg", inner)
    return builder.apply("exp", negative if negative is not None else builder.scaled(-1.0, inner))
