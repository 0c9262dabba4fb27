"""A denominator that several outputs share: D(u, v)*x = N(u, v) for each of them.

Multiplied by the right denominator every output is a sum of few products again. The denominators for which
that is so are the null space of a linear problem with all outputs stacked, the numerators projected out; one
is believed only where that space has one dimension and the gap to the next singular value is wide.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.surfaces.parametric.atoms import ONE, Atom, powers, waves
from eqdisc.surfaces.parametric.clock import Late, never
from eqdisc.surfaces.parametric.factoring import Term, factored
from eqdisc.surfaces.parametric.table import Table

ROWS = 1200
SMALLEST = 1e-10  # singular value, of the largest, that is a zero
GAP = 1e-4  # times the next one: how small it has to be beside it
NEGLIGIBLE = 1e-7  # of the largest coefficient
KINDS: tuple[tuple[Atom, ...], ...] = (
    (ONE, *powers(2)),
    (ONE, *waves((1.0,))),
    (ONE, *waves((1.0, 2.0))),
    (ONE, *powers(4)),
    (ONE, *waves((1.0, 2.0, 3.0))),
)
LARGER: dict[int, tuple[Atom, ...]] = {
    0: (ONE, *powers(4)),
    1: (ONE, *waves((1.0, 2.0))),
    2: (ONE, *waves((1.0, 2.0, 3.0))),
    3: (ONE, *powers(6)),
    4: (ONE, *waves((1.0, 2.0, 3.0, 4.0))),
}


def shared_denominator(
    table: Table, outputs: Sequence[int], allowed: frozenset[int] | None, late: Late = never
) -> Expression | None:
    """The denominator, positive in most rows, that all of some outputs share; None where there is none, or
    none was found before it was late.

    Only for tables without noise, of one or two parameters.
    """
    axes = table.active
    if len(axes) not in (1, 2) or table.data.n_rows < 60 or not outputs:
        return None
    rows = np.linspace(0, table.data.n_rows - 1, min(ROWS, table.data.n_rows)).astype(np.int64)
    features = table.data.features[rows]
    targets = table.data.targets[np.ix_(rows, np.array(outputs))] / table.spread[list(outputs)]
    for kinds in sorted(product(range(len(KINDS)), repeat=len(axes)), key=sum):
        if late():
            return None
        below = _products([KINDS[kind] for kind in kinds], axes, allowed)
        above = _products([LARGER[kind] for kind in kinds], axes, allowed)
        if len(below) + len(above) > len(rows) / 3:
            continue
        weights = _null(_matrix(below, features), _matrix(above, features), targets)
        if weights is not None:
            terms = [Term(float(w), factors) for w, factors in zip(weights, below, strict=True) if w != 0.0]
            if any(term.factors for term in terms):
                return factored(terms)
    return None


def _products(
    atoms: Sequence[Sequence[Atom]], axes: Sequence[int], allowed: frozenset[int] | None
) -> list[tuple[Expression, ...]]:
    usable = [[atom for atom in own if allowed is None or atom.is_over(allowed)] for own in atoms]
    return [
        tuple(factor for atom, axis in zip(combination, axes, strict=True) for factor in atom.on(axis))
        for combination in product(*usable)
    ]


def _matrix(products: Sequence[tuple[Expression, ...]], features: FloatArray) -> FloatArray:
    columns = []
    for factors in products:
        column = np.ones(len(features))
        for factor in factors:
            column = column * evaluate(factor, features)
        columns.append(column)
    return np.stack(columns, axis=1)


def _null(below: FloatArray, above: FloatArray, targets: FloatArray) -> FloatArray | None:
    """Coefficients of the one denominator for which all numerators are sums of the columns `above`."""
    basis, sizes, _ = np.linalg.svd(above / np.linalg.norm(above, axis=0), full_matrices=False)
    basis = basis[:, sizes > 1e-12 * sizes[0]]
    lengths = np.linalg.norm(below, axis=0)
    parts = []
    for target in targets.T:
        scaled = below / lengths * target[:, None]
        parts.append(scaled - basis @ (basis.T @ scaled))
    _, sizes, turned = np.linalg.svd(np.concatenate(parts), full_matrices=False)
    if sizes.size < 2 or sizes[-1] > SMALLEST * sizes[0] or sizes[-1] > GAP * sizes[-2]:
        return None
    weights = turned[-1] / lengths
    weights[np.abs(turned[-1]) < NEGLIGIBLE * np.max(np.abs(turned[-1]))] = 0.0
    largest = weights[0] if weights[0] != 0.0 else weights[np.argmax(np.abs(weights))]
    found: FloatArray = weights / largest
    return found
