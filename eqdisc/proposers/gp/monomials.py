"""Small products of powers of the features, by dimension: what a tree of a needed dimension is made from."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.programs import Programs
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.units import UnitError, UnitRules, propagate
from eqdisc.prior import Prior
from eqdisc.proposers.gp.dimensions import Dimensions, number_of
from eqdisc.proposers.gp.genome import LARGEST_BLOCK

#: Nodes a monomial may have, and how many there may be (the shortest stay; work grows with the square).
LARGEST, MOST = 7, 2000

Powers = tuple[Fraction, ...]
Layer = dict[Powers, Expression]


def dimensions(
    rules: UnitRules | None,
    operators: OperatorSet,
    n_features: int,
    any_root: bool,
    prior: Prior | None = None,
) -> Dimensions:
    """The rules of a problem as the kernels want them; without rules everything goes.

    any_root  : whether a slope that carries units makes up for the dimension of the tree
    prior     : relevance of the features, those with none are in no monomial; building blocks of known
                dimension count among the monomials
    """
    if rules is None:
        rules = UnitRules((None,) * n_features, None)
    numbers = np.array([number_of(dimension) for dimension in rules.features])
    prior = prior or Prior()
    tried = np.ones(n_features) if prior.relevance is None else np.array(prior.relevance)
    products = _numbered(monomials(operators, np.isfinite(numbers) & (tried > 0.0)), numbers)
    found = sorted([*_of_known_dimension(prior.forms, rules), *products], key=lambda entry: entry[:2])
    packed = Programs.pack([tree for _, _, tree in found])
    return Dimensions(
        numbers,
        np.nan if rules.constants == "free" else 0.0,
        np.nan if any_root else number_of(rules.target),
        packed.ops,
        packed.args,
        packed.values,
        packed.offsets,
        np.array([number for number, _, _ in found]),
        *np.zeros((3, 1)),
    )


def _of_known_dimension(
    forms: Sequence[Expression], rules: UnitRules
) -> Iterator[tuple[float, int, Expression]]:
    """Building blocks with their dimensions, and places before those of all monomials."""
    for place, form in enumerate(forms, start=-len(forms)):
        try:
            number = number_of(propagate(form, rules.features, rules.constants))
        except UnitError:
            continue
        if np.isfinite(number) and form.size <= LARGEST_BLOCK:
            yield round(number, 10), place, form


def monomials(operators: OperatorSet, known: Sequence[bool] | FloatArray) -> Layer:
    """A shortest tree for every product of powers that few operators make of the features that are known."""
    n = len(known)
    by_size: dict[int, Layer] = {
        1: {
            tuple(Fraction(int(i == j)) for i in range(n)): Expression.variable(j)
            for j in range(n)
            if known[j]
        }
    }
    seen = dict(by_size[1])
    powers_of = [(o.name, o.units) for o in operators.operators if isinstance(o.units, Fraction)]
    unary = [(name, power) for name, power in powers_of if power != 1]
    for size in range(2, LARGEST + 1):
        layer: Layer = {}
        for powers, tree in _grown(by_size, size, operators, unary):
            if len(seen) >= MOST:
                return seen
            if powers not in seen and any(powers):
                seen[powers] = layer[powers] = tree
        by_size[size] = layer
    return seen


def _grown(
    by_size: dict[int, Layer], size: int, operators: OperatorSet, unary: Sequence[tuple[str, Fraction]]
) -> Iterator[tuple[Powers, Expression]]:
    for name, power in unary:
        for powers, tree in by_size[size - 1].items():
            yield tuple(p * power for p in powers), Expression.apply(name, tree)
    for left in range(1, size - 1):
        for (p, a), (q, b) in product(by_size[left].items(), by_size[size - 1 - left].items()):
            if "mul" in operators and left >= size - 1 - left:
                yield tuple(x + y for x, y in zip(p, q, strict=True)), Expression.apply("mul", a, b)
            if "div" in operators:
                yield tuple(x - y for x, y in zip(p, q, strict=True)), Expression.apply("div", a, b)


def _numbered(found: Layer, numbers: FloatArray) -> Iterator[tuple[float, int, Expression]]:
    """Each with its dimension, rounded so that equal dimensions are equal numbers, and its place."""
    weights = np.nan_to_num(numbers)
    for place, (powers, tree) in enumerate(found.items()):
        yield round(float(np.array([float(p) for p in powers]) @ weights), 10), place, tree
