"""Where the parameters of a formula may lie, judged from its shape and the table: seeded starts of a fit.

The argument of an exponential is of size one to a hundred, an angle runs through at most half a turn a row, a
parameter subtracted from a column lies among its values: carried down the tree to the parameters, this is
what keeps the number of starts small whatever units the table has.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import (
    ABS,
    ACOS,
    ADD,
    ASIN,
    ATAN,
    CBRT,
    COS,
    COSH,
    CUBE,
    DIV,
    EXP,
    INV,
    LOG,
    LOG10,
    MAX,
    MIN,
    MUL,
    NEG,
    POW,
    SIN,
    SINH,
    SQRT,
    SQUARE,
    SUB,
    TAN,
    TANH,
    VARIABLE,
    WHERE,
)
from eqdisc.search.least_squares import anatomy, node_values

POSITIVE = 0.75  # people write forms so that parameters come out positive
BY_SHAPE, BY_COLUMN = 0.6, 0.25  # shares of starts placed by the tree, by the size of a column
WILD_DECADES = 6.0
LARGEST_EXPONENT = 5.0
_ARGUMENTS = {
    EXP: (0.03, 200.0), SINH: (0.03, 30.0), COSH: (0.03, 30.0), TANH: (0.03, 30.0), ATAN: (0.03, 30.0),
    ASIN: (0.03, 1.0), ACOS: (0.03, 1.0), LOG: (1e-3, 1e3), LOG10: (1e-3, 1e3),
}  # fmt: skip
_ANGLES = (SIN, COS, TAN)
_POWERS = {SQUARE: 2.0, CUBE: 3.0, SQRT: 0.5, CBRT: 1.0 / 3.0, INV: -1.0}
_SUMLIKE = (ADD, SUB, MIN, MAX, WHERE)

Size = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """Where a parameter may lie: of that size and either sign, or anywhere between the two if `within`."""

    low: float
    high: float
    within: bool = False

    def draw(self, random: np.random.Generator, count: int) -> FloatArray:
        if self.within:
            return random.uniform(self.low, self.high, count)
        return _log_uniform(random, self.low, self.high, count) * _signs(random, count)


class Places:
    """The places of every parameter of a formula on a table.

    >>> from eqdisc.expr.parse import parse
    >>> seconds = np.linspace(0.0, 1e-6, 50)[:, None]
    >>> places = Places(parse("a*exp(-b*t)", ["t", "a", "b"]), 1, 2, seconds, np.ones(50))
    >>> [f"{size:.0e}" for size in (places.found[1][0].low, places.found[1][0].high)]       # of b
    ['3e+04', '2e+08']
    """

    def __init__(
        self, tree: Expression, n_columns: int, n_parameters: int, features: FloatArray, target: FloatArray
    ) -> None:
        self.tree = tree
        self.n_columns = n_columns
        self.n_rows = features.shape[0]
        self.found: list[list[Place]] = [[] for _ in range(n_parameters)]
        self.children, self.moving = anatomy(tree, n_columns)
        self.values = node_values(tree, features, np.ones(n_parameters), n_columns)
        self.sizes = self._sizes()
        read = [features[:, j] for j in tree.features if j < n_columns]
        self.units = [size for column in [*read, target] if (size := _size(column)) is not None]
        top = float(np.max(np.abs(target))) or 1.0
        self._visit(tree.size - 1, (1e-2 * top, 10.0 * top), False)

    def draw(
        self, random: np.random.Generator, count: int, given: Mapping[int, float] | None = None
    ) -> FloatArray:
        """(count, p) starts; the first has the values given, and the others are near those."""
        starts = np.ones((count, len(self.found)))
        for j, places in enumerate(self.found):
            starts[:, j] = self._draw(random, count, places)
        for j, value in (given or {}).items():
            spread = value * np.exp(0.5 * random.standard_normal(count))
            starts[:, j] = spread if value else 0.1 * random.standard_normal(count)
            starts[0, j] = value
        return starts

    def _draw(self, random: np.random.Generator, count: int, places: list[Place]) -> FloatArray:
        drawn = np.stack([place.draw(random, count) for place in dict.fromkeys(places)])
        shaped = drawn[random.integers(drawn.shape[0], size=count), np.arange(count)]
        wild = shaped * _log_uniform(random, 10.0**-WILD_DECADES, 10.0**WILD_DECADES, count)
        if not self.units:
            return np.where(random.random(count) < BY_SHAPE + BY_COLUMN, shaped, wild)
        powers = random.integers(-1, 2, count)
        logs = np.log([unit[1] for unit in self.units])
        by_column = np.exp(powers * logs[random.integers(len(self.units), size=count)])
        by_column *= _log_uniform(random, 0.03, 30.0, count) * _signs(random, count)
        chosen = random.random(count)
        return np.where(chosen < BY_SHAPE, shaped, np.where(chosen < BY_SHAPE + BY_COLUMN, by_column, wild))

    def _sizes(self) -> list[Size | None]:
        """Smallest and largest size of each node as far as it is known without the parameters."""
        sizes: list[Size | None] = []
        for node, code in enumerate(self.tree.codes):
            below = [sizes[child] for child in self.children[node]]
            if not self.moving[node]:
                sizes.append(_size(self.values[node]))
            elif code in (ADD, SUB):
                known = [size for size in below if size is not None]
                sizes.append(known[0] if len(known) == 1 else None)
            elif code in _ANGLES or code in (TANH, ATAN):
                sizes.append((0.1, 1.0))
            elif code in (NEG, ABS):
                sizes.append(below[0])
            elif code in _POWERS:
                sizes.append(None if below[0] is None else _power(below[0], _POWERS[code]))
            else:
                sizes.append(None)
        return sizes

    def _visit(self, node: int, wanted: Size, angle: bool) -> None:
        """Carry the size that a node should have down to the parameters."""
        if not self.moving[node]:
            return
        wanted = _tame(wanted[0], 1e150), _tame(wanted[1], 1e150)
        code, below = self.tree.codes[node], self.children[node]
        if code == VARIABLE:
            place = Place(-math.pi, math.pi, within=True) if angle else Place(*wanted)
            self.found[int(self.tree.payload[node]) - self.n_columns].append(place)
        elif code in (NEG, ABS):
            self._visit(below[0], wanted, angle)
        elif code in _SUMLIKE:
            for child in below:
                self._visit_term(child, [other for other in below if other != child], wanted, angle)
        elif code in (MUL, DIV):
            self._visit_factors(code, below[0], below[1], wanted)
        elif code == POW:
            self._visit_power(below[0], below[1])
        elif code in _POWERS:
            self._visit(below[0], _power(wanted, 1.0 / _POWERS[code]), False)
        elif code in _ANGLES:
            self._visit(below[0], (0.3, math.pi * self.n_rows), True)
        else:
            for child in below:
                self._visit(child, _ARGUMENTS.get(code, wanted), False)

    def _visit_term(self, node: int, others: list[int], wanted: Size, angle: bool) -> None:
        known = [size for other in others if (size := self.sizes[other]) is not None]
        fixed = [self.values[other] for other in others if not self.moving[other]]
        if fixed and self._is_parameter(node) and np.isfinite(fixed[0]).all():
            low, high = float(np.min(fixed[0])), float(np.max(fixed[0]))
            margin = 0.25 * (high - low)
            if margin > 0.0:
                self.found[self._parameter(node)].append(Place(low - margin, high + margin, within=True))
        wanted = (0.1 * known[0][0], 10.0 * known[0][1]) if known and not angle else wanted
        self._visit(node, wanted, angle)

    def _visit_factors(self, code: int, left: int, right: int, wanted: Size) -> None:
        low, high = wanted
        small, large = self.sizes[right] or (1.0, 1.0)
        self._visit(left, (low * small, high * large) if code == DIV else (low / large, high / small), False)
        small, large = self.sizes[left] or (1.0, 1.0)
        self._visit(right, (small / high, large / low) if code == DIV else (low / large, high / small), False)

    def _visit_power(self, base: int, exponent: int) -> None:
        self._visit(base, (1e-2, 1e2), False)
        if self._is_parameter(exponent):
            self.found[self._parameter(exponent)].append(
                Place(-LARGEST_EXPONENT, LARGEST_EXPONENT, within=True)
            )
        else:
            self._visit(exponent, (0.1, LARGEST_EXPONENT), False)

    def _is_parameter(self, node: int) -> bool:
        return self.tree.codes[node] == VARIABLE and self.moving[node]

    def _parameter(self, node: int) -> int:
        return int(self.tree.payload[node]) - self.n_columns


def _size(values: FloatArray) -> Size | None:
    """Spread and largest value, which bound the unit that a factor is measured in; None for zero."""
    large = float(np.max(np.abs(values)))
    if not 0.0 < large < math.inf:
        return None
    spread = float(np.ptp(values))
    return (spread if 0.0 < spread < large else large), large


def _power(size: Size, exponent: float) -> Size:
    low, high = sorted(_tame(bound, 1e100) ** exponent for bound in size)
    return low, high


def _tame(bound: float, largest: float) -> float:
    """The bound within what can be multiplied and raised to a power: roots of roots of roots lead beyond."""
    return min(max(bound, 1.0 / largest), largest)


def _log_uniform(random: np.random.Generator, low: float, high: float, count: int) -> FloatArray:
    low, high = max(low, 1e-300), min(max(high, 1e-300), 1e300)
    return np.exp(random.uniform(math.log(low), math.log(high), count))


def _signs(random: np.random.Generator, count: int) -> FloatArray:
    return np.where(random.random(count) < POSITIVE, 1.0, -1.0)
