"""Laws with one or two constants inside, each skeleton fitted from a few starts.

Slope and intercept of the whole are projected out by the fit, so that exp(c*f) stands for a*exp(c*f) + b.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.fit import fit_programs
from eqdisc.engine.programs import Blocks, Programs, unpack
from eqdisc.expr.expression import Expression
from eqdisc.proposers.enumeration.court import scaled
from eqdisc.proposers.enumeration.table import Table

#: Stretches c of u(c*f), in units of one over the size of f.
STRETCHES = {
    "exp": (-3.0, -1.0, -0.3, 0.3, 1.0),
    "sin": (0.7, 2.0, 5.0, 10.0),
    "cos": (0.7, 2.0, 5.0, 10.0),
    "tanh": (0.5, 2.0),
    "atan": (0.5, 2.0),
}
#: Shifts c of u(f + c) and u(c - f) beyond the range of f, in units of the size of f.
SHIFTED = ("inv", "log", "sqrt")
SHIFTS = (0.05, 1.0)
POWERS = (-1.5, 0.5, 1.5, 3.0)
ATTEMPTS = 15
BATCH = 600
#: Fits of a batch that go to court.
KEPT = 4
EXACT = 1e-13


@dataclass(frozen=True)
class Part:
    """A listed expression with its values."""

    expression: Expression
    values: FloatArray

    @property
    def size(self) -> float:
        """Root mean square."""
        return float(np.sqrt(np.mean(self.values**2)))


def _parts(table: Table, max_cost: int, most: int) -> list[Part]:
    last = table.levels[min(max_cost, len(table.levels) - 1)][1]
    return [Part(table.expression(i), table.values[i]) for i in range(min(last, most))]


def bent(part: Part, names: frozenset[str]) -> Iterator[Expression]:
    """u(c*f), u(f + c), f**c with starting values for c."""
    f, size = part.expression, part.size
    if f.root == 1 or not 1e-100 < size < 1e100:  # a literal
        return
    for name, stretches in STRETCHES.items():
        if name in names:
            for stretch in stretches:
                yield Expression.apply(name, Expression.constant(stretch / size) * f)
    low, high = float(part.values.min()), float(part.values.max())
    for name in SHIFTED:
        if name not in names:
            continue
        for shift in SHIFTS:
            yield Expression.apply(name, f + Expression.constant(shift * size - low + 1e-3 * size))
            yield Expression.apply(name, Expression.constant(shift * size + high + 1e-3 * size) - f)
    if "pow" in names and low > 0.0:
        for power in POWERS:
            yield Expression.apply("pow", f, Expression.constant(power))


def one_constant(
    table: Table, names: frozenset[str], firsts: int = 60, factors: int = 24
) -> Iterator[Expression]:
    """bent(f) and g * bent(f), the small f and g first."""
    parts = _parts(table, 4, firsts)
    for part in parts:
        yield from bent(part, names)
    for factor in parts[:factors]:
        if factor.expression.root == 1:
            continue
        for part in parts:
            for u in bent(part, names):
                yield factor.expression * u


def two_constants(
    table: Table, names: frozenset[str], max_cost: int = 3, firsts: int = 24
) -> Iterator[Expression]:
    """c*g + bent(f), bent(f) * bent(g), bent(bent(f)) and g * u(c*f + d)."""
    parts = [part for part in _parts(table, max_cost, firsts) if part.expression.root != 1]
    for f in parts:
        for u in bent(f, names):
            for g in parts:
                ratio = 1.0 / g.size if g.size > 0.0 else 1.0
                yield Expression.constant(ratio) * g.expression + u
            for name, stretches in STRETCHES.items():
                if name in names and name in ("sin", "cos", "exp"):
                    for g in parts:
                        inner = Expression.constant(stretches[1] / max(g.size, 1e-100)) * g.expression
                        yield u * Expression.apply(name, inner)
    for f in parts:
        for name, stretches in STRETCHES.items():
            if name not in names or name == "exp":
                continue
            for stretch in stretches:
                inner = Expression.constant(stretch / max(f.size, 1e-100)) * f.expression
                shifted = Expression.apply(name, inner + Expression.constant(0.8))
                yield shifted
                for g in parts:
                    yield g.expression * shifted


@dataclass
class Fitting:
    """Skeletons fitted batch by batch.

    names : operators that may be used, 'inv' too where there is a division
    """

    source: Iterator[Expression]
    features: FloatArray
    blocks: Blocks
    largest: int

    def __post_init__(self) -> None:
        self._seen: set[Expression] = set()
        self.fits = 0
        self.nodes = 0

    def batch(self) -> list[Expression] | None:
        """The best laws of the next batch, None where there are no more."""
        chosen = [law for law in islice(self.source, BATCH) if law.size <= self.largest]
        fresh = [law for law in dict.fromkeys(chosen) if law not in self._seen]
        if not chosen:
            return None
        self._seen.update(fresh)
        return self._fitted(fresh) if fresh else []

    def _fitted(self, laws: Sequence[Expression]) -> list[Expression]:
        programs = Programs.pack(laws)
        found = fit_programs(programs, self.blocks, max_attempts=ATTEMPTS, tolerance=1e-4)
        self.fits += len(laws)
        self.nodes += ATTEMPTS * len(programs.ops) * self.blocks.n_rows
        order = np.argsort(found.losses, kind="stable")
        best = [int(k) for k in order[:KEPT] if np.isfinite(found.losses[k])]
        again = Programs.pack(
            [unpack(programs.ops, programs.args, found.values, *_span(programs, k)) for k in best]
        )
        if not best:
            return []
        final = fit_programs(again, self.blocks, max_attempts=60, tolerance=1e-10)
        return [self._law(again, final.values, final.lines[k], k) for k in range(len(best))]

    def _law(self, programs: Programs, values: FloatArray, line: FloatArray, k: int) -> Expression:
        tree = unpack(programs.ops, programs.args, values, *_span(programs, k))
        spread = float(np.sqrt(self.blocks.variance / self.blocks.n_rows))
        intercept = float(line[1]) + self.blocks.center
        return scaled(float(line[0]), tree, 0.0 if abs(intercept) < 1e-9 * spread else intercept)


def _span(programs: Programs, k: int) -> tuple[int, int]:
    return int(programs.offsets[k]), int(programs.offsets[k + 1])
