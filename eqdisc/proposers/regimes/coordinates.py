"""What a boundary may be a threshold of: features, sums, products, distances, remainders."""

from collections.abc import Iterator
from functools import reduce
from itertools import combinations, permutations

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet

MODULI = (2, 3, 4, 5)


def is_grid(features: FloatArray) -> bool:
    """Whether every feature is a whole number in every row.

    >>> is_grid(np.array([[1.0, 2.0], [3.0, -4.0]])), is_grid(np.array([[0.5]]))
    (True, False)
    """
    return bool(np.all(features == np.round(features)))


def coordinates(features: FloatArray, operators: OperatorSet) -> list[Expression]:
    """Candidates, smallest first, of operators that are allowed; each once.

    >>> found = coordinates(np.random.default_rng(0).normal(size=(9, 2)), OperatorSet.parse("+ - *"))
    >>> [str(u) for u in found][:4]
    ['x0', 'x1', 'x0 + x1', 'x0 - x1']
    """
    x = [Expression.variable(j) for j in range(features.shape[1])]
    made = [*_plain(x), *_folded(x, operators), *_waves(x, operators)]
    if "mod" in operators:
        made += remainders(features, operators)
    allowed = {*operators.codes, 0, 1}
    kept = [u for u in dict.fromkeys(made) if allowed.issuperset(u.codes)]
    return sorted(kept, key=lambda u: u.size)


def remainders(features: FloatArray, operators: OperatorSet) -> list[Expression]:
    """Remainders of whole numbers; of a table with other numbers those of their whole parts."""
    x = [Expression.variable(j) for j in range(features.shape[1])]
    whole = x
    if not is_grid(features):
        if "floor" not in operators:
            return [Expression.apply("mod", each, float(m)) for each in x for m in (1, *MODULI)]
        whole = [Expression.apply("floor", each) for each in x]
    sums = [each for a, b in combinations(whole, 2) for each in (a + b, a - b, a * b)]
    doubled = [each for a, b in permutations(whole, 2) for each in (a + 2.0 * b,)]
    of = [*whole, *sums, *(doubled if whole is x else [])]
    plain = (
        [] if whole is x else [Expression.apply("mod", each, float(m)) for each in x for m in (1, *MODULI)]
    )
    return [*plain, *(Expression.apply("mod", each, float(m)) for each in of for m in MODULI)]


def _plain(x: list[Expression]) -> Iterator[Expression]:
    yield from x
    for a, b in combinations(x, 2):
        yield from (a + b, a - b, a * b, a * a + b * b, a * a - b * b)
    for a, b in permutations(x, 2):
        yield from (a - b * b, a + b * b, a - 2.0 * b, a + 2.0 * b)
    if len(x) > 2:
        yield reduce(lambda a, b: a + b, x)
        yield reduce(lambda a, b: a + b, [each * each for each in x])


def _folded(x: list[Expression], operators: OperatorSet) -> Iterator[Expression]:
    apply = Expression.apply
    size = {each: apply("abs", each) for each in x}
    yield from size.values()
    for a, b in combinations(x, 2):
        yield apply("abs", a - b)
        yield apply("abs", a + b)
        yield size[a] + size[b]
        yield size[a] - size[b]
        for name in ("min", "max"):
            yield apply(name, a, b)
            if "abs" in operators:
                yield apply(name, size[a], size[b])


def _waves(x: list[Expression], operators: OperatorSet) -> Iterator[Expression]:
    for name in ("sin", "cos"):
        wave = [Expression.apply(name, each) for each in x]
        yield from wave
        for a, b in combinations(wave, 2):
            yield from (a * b, a + b)
        for i, j in permutations(range(len(x)), 2):
            yield x[i] - wave[j]
    if "exp" in operators:
        for a, b in permutations(x, 2):
            yield a - Expression.apply("exp", b)
