"""The table of distinct expressions, grown level by level."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import (
    ADD,
    CONSTANT,
    COS,
    DIV,
    EXP,
    INV,
    LOG,
    LOG10,
    MUL,
    NEG,
    POW,
    SIN,
    SQRT,
    SQUARE,
    SUB,
    TAN,
    TANH,
    VARIABLE,
    Macro,
    Operator,
    OperatorSet,
    code_of,
)
from eqdisc.proposers.enumeration.dimensions import REFUSED, common, raised, required_dimensionless
from eqdisc.proposers.enumeration.kernels import (
    WIDTH,
    WILD,
    Fresh,
    Seen,
    combine_pairs,
    fresh,
    merge,
    screen,
    seen,
)

#: Expressions a chunk makes at most; chunks are worked in parallel and merged in order.
ROOM = 16384
PAIR_WAYS = 5
#: What an entry takes: its row of the table, its slots, its places in two indices.
ENTRY_BYTES = 8 * WIDTH + 4 * 4 + 8 * 2 + 26 + 2 * 44
_CHEAP = (ADD, SUB, MUL, DIV, NEG, INV, SQUARE, SQRT)
_ARITHMETIC = (ADD, SUB, MUL, DIV)
#: Functions whose value at -v is no multiple of that at v; tried there too.
_SIDED = (EXP, SQRT, LOG, LOG10)
#: Functions that contain none of their kind.
_WAVES = (SIN, COS, TAN, TANH)
#: Functions of one operand in `operators`: the code, plus this where the operand is negated, or the number of
#: a macro above `MACRO`.
NEGATED, MACRO = 1000, 2000
#: What stands there for a building block, which counts as a leaf.
FORM = 3000


@dataclass(frozen=True)
class Way:
    """A way to make expressions of others: an operator or macro that is not + - * /.

    code  : what the table keeps in `operators`
    arity : one or two operands
    cost  : added to that of the operands
    """

    code: int
    arity: int
    cost: int
    negated: bool
    symmetric: bool
    evaluate: Callable[..., Any]
    units: Any


def cost_of(operator: Operator, weight: float) -> int:
    """What an operator adds to the cost: 1 for arithmetic, squares and roots, 2, or 3 where it is rare.

    >>> from eqdisc.expr.operators import operator
    >>> cost_of(operator("+"), 1.0), cost_of(operator("exp"), 0.5), cost_of(operator("abs"), 0.1)
    (1, 2, 3)
    """
    if code_of(operator.name) in _CHEAP:
        return 1
    return 2 if weight >= 0.25 else 3


def ways(operators: OperatorSet) -> tuple[Way, ...]:
    """All ways but + - * /, in a fixed order."""
    found: list[Way] = []
    for row in operators.operators:
        code = code_of(row.name)
        if code in (*_ARITHMETIC, NEG, POW) or row.arity > 2:
            continue
        cost = cost_of(row, operators.weights[row.name])
        found.append(Way(code, row.arity, cost, False, row.commutative, row.evaluate, row.units))
        if code in _SIDED:
            found.append(Way(NEGATED + code, 1, cost + 1, True, False, row.evaluate, row.units))
    for number, macro in enumerate(operators.macros):
        if len(macro.parameters) <= 2:
            found.append(
                Way(MACRO + number, len(macro.parameters), 3, False, False, _macro_value(macro), "unknown")
            )
    return tuple(found)


def _macro_value(macro: Macro) -> Callable[..., FloatArray]:
    def value(*operands: FloatArray) -> FloatArray:
        columns = np.stack([operand.ravel() for operand in operands], axis=1)
        return evaluate(macro.body, columns).reshape(operands[0].shape)

    return value


class Table:
    """Distinct expressions of the variables and literals, by cost.

    features   : (WIDTH, k) the rows that tell expressions apart
    dimensions : codes of the features, WILD for all where units play no part; then of the building blocks
    forms      : building blocks of the features, which cost no more than a variable
    """

    def __init__(
        self,
        operators: OperatorSet,
        features: FloatArray,
        variables: Sequence[int],
        literals: Sequence[float],
        capacity: int,
        dimensions: Sequence[int],
        max_cost: int,
        forms: Sequence[Expression] = (),
    ) -> None:
        self.operators = operators
        self.seen: Seen = seen(capacity)
        self.max_cost = max_cost
        self.levels: list[tuple[int, int]] = [(0, 0)]  # first and last entry of each cost
        self.tried = 0
        self._ways = ways(operators)
        self._arithmetic = np.array([c for c in _ARITHMETIC if c in operators], np.int32)
        self._literals, self._forms = tuple(literals), tuple(forms)
        self._waves = np.zeros(capacity, np.bool_)  # which contain one
        self._unitless = all(code == WILD for code in dimensions)
        self._leaves(features, variables, dimensions)

    @property
    def count(self) -> int:
        """Expressions in the table."""
        return int(self.seen.filled[0])

    @property
    def full(self) -> bool:
        """Whether there is no room for more."""
        return self.count == len(self.seen.values)

    @property
    def values(self) -> FloatArray:
        """(count, WIDTH)."""
        return self.seen.values[: self.count]

    def _leaves(self, features: FloatArray, variables: Sequence[int], dimensions: Sequence[int]) -> None:
        room = fresh(len(variables) + len(self._forms) + len(self._literals))
        leaves = [(VARIABLE, j, features[:, j], dimensions[j]) for j in variables]
        for k, form in enumerate(self._forms):
            leaves.append((FORM, k, evaluate(form, features), dimensions[features.shape[1] + k]))
        named = len(leaves)
        number = WILD if self._unitless else 0
        leaves += [(CONSTANT, k, np.full(WIDTH, v), number) for k, v in enumerate(self._literals)]
        for place, (code, index, column, dimension) in enumerate(leaves):
            room.values[place] = column
            room.operators[place], room.left[place], room.right[place] = code, index, -1
            room.dimensions[place] = dimension
        for literal, first, last in ((False, 0, named), (True, named, len(leaves))):
            part = Fresh(
                room.values[first:last],
                room.operators[first:last],
                room.left[first:last],
                room.right[first:last],
                room.dimensions[first:last],
                room.keys[first:last],
                np.array([last - first]),
            )
            screen(self.seen, part, literal)
            merge(self.seen, part, 1)
        self.levels.append((0, self.count))

    # ------------------------------------------------------------ growing

    def grow(self, cost: int, pool: Executor, threads: int) -> Iterator[int]:
        """Add the expressions of this cost (those of lower cost are there); yields how many were tried."""
        first = self.count
        self._mark_waves(*self.levels[-1])
        jobs = self._jobs(cost)
        rooms = [fresh(ROOM) for _ in range(threads)]
        while not self.full:
            batch = list(islice(jobs, threads))
            if not batch:
                break
            running = [pool.submit(job, room) for job, room in zip(batch, rooms, strict=False)]
            # All of them before the first changes the table that the others read.
            for tried, room in zip([done.result() for done in running], rooms, strict=False):
                merge(self.seen, room, cost)
                self.tried += tried
                yield tried
        self.levels.append((first, self.count))

    def _mark_waves(self, first: int, last: int) -> None:
        """Note which entries of a level contain a wave: waves of waves are not listed."""
        seen = self.seen
        left, right = seen.left[first:last], seen.right[first:last]
        code = seen.operators[first:last]
        leaf = np.isin(code, (VARIABLE, CONSTANT, FORM))
        inner = np.where(leaf, False, self._waves[np.where(leaf, 0, left)])
        inner |= np.where(leaf | (right < 0), False, self._waves[np.where(leaf | (right < 0), 0, right)])
        waving = [k for k, form in enumerate(self._forms) if set(form.codes).intersection(_WAVES)]
        inner |= (code == FORM) & np.isin(left, waving)
        self._waves[first:last] = inner | np.isin(code, _WAVES)

    def _jobs(self, cost: int) -> Iterator[Callable[[Fresh], int]]:
        for way in self._ways:
            if way.arity == 1 and 1 <= cost - way.cost < len(self.levels):
                yield from self._unary_jobs(way, cost - way.cost)
        for total, binary in self._binary_ways(cost):
            for larger in range(total - 1, 0, -1):
                smaller = total - larger
                if larger >= smaller or (binary is not None and not binary.symmetric):
                    yield from self._pair_jobs(binary, larger, smaller)

    def _binary_ways(self, cost: int) -> Iterator[tuple[int, Way | None]]:
        """Cost left for the operands and the way to join them; None stands for + - * /."""
        if len(self._arithmetic):
            yield cost - 1, None
        yield from ((cost - way.cost, way) for way in self._ways if way.arity == 2)

    def _unary_jobs(self, way: Way, level: int) -> Iterator[Callable[[Fresh], int]]:
        first, last = self.levels[level]
        for start in range(first, last, ROOM):
            yield partial(self._unary, way, start, min(start + ROOM, last))

    def _pair_jobs(self, way: Way | None, larger: int, smaller: int) -> Iterator[Callable[[Fresh], int]]:
        a0, a1 = self.levels[larger]
        b0, b1 = self.levels[smaller]
        total = (a1 - a0) * (b1 - b0)
        triangle = larger == smaller and (way is None or way.symmetric)
        step = ROOM // PAIR_WAYS if way is None else ROOM
        for start in range(0, total, step):
            span = (a0, b0, b1 - b0, triangle, start, min(start + step, total))
            yield partial(self._arithmetic_pairs, *span) if way is None else partial(self._binary, way, *span)

    def _arithmetic_pairs(
        self, a0: int, b0: int, width: int, triangle: bool, first: int, last: int, room: Fresh
    ) -> int:
        return int(combine_pairs(self.seen, room, self._arithmetic, a0, b0, width, triangle, first, last))

    def _unary(self, way: Way, first: int, last: int, room: Fresh) -> int:
        places = np.arange(first, last)
        if way.code in _WAVES:
            places = places[~self._waves[first:last]]
        operand = self.seen.values[places]
        return self._made(way, (places,), (-operand if way.negated else operand,), room)

    def _binary(
        self, way: Way, a0: int, b0: int, width: int, triangle: bool, first: int, last: int, room: Fresh
    ) -> int:
        pair = np.arange(first, last)
        left, right = a0 + pair // width, b0 + pair % width
        if triangle:
            left, right = left[right <= left], right[right <= left]
        return self._made(way, (left, right), (self.seen.values[left], self.seen.values[right]), room)

    def _made(
        self, way: Way, places: tuple[IntArray, ...], operands: tuple[FloatArray, ...], room: Fresh
    ) -> int:
        dimensions = self._dimensions(way, [self.seen.dimensions[place] for place in places])
        fits = dimensions != REFUSED
        if not fits.all():
            places = tuple(place[fits] for place in places)
            operands = tuple(operand[fits] for operand in operands)
        n = len(places[0])
        with np.errstate(all="ignore"):
            room.values[:n] = way.evaluate(*operands)
        room.operators[:n] = way.code
        room.left[:n], room.right[:n] = places[0], places[1] if len(places) > 1 else -1
        room.dimensions[:n] = dimensions[fits]
        room.filled[0] = n
        screen(self.seen, room, False)
        return n

    def _dimensions(self, way: Way, codes: list[IntArray]) -> IntArray:
        if self._unitless or way.units == "unknown":
            return np.full(len(codes[0]), WILD)
        if isinstance(way.units, Fraction):
            return raised(codes[0], way.units)
        if way.units == "same":
            return common(codes[0], codes[1])
        if way.units == "ratio":
            return np.where(common(codes[0], codes[1]) == REFUSED, REFUSED, 0)
        if way.units == "sign":
            return np.zeros(len(codes[0]), np.int64)
        return required_dimensionless(codes[0])

    # ------------------------------------------------------------ reading

    def expression(self, index: int) -> Expression:
        """The expression of an entry."""
        code, left, right = (int(a[index]) for a in (self.seen.operators, self.seen.left, self.seen.right))
        if code == VARIABLE:
            return Expression.variable(left)
        if code == CONSTANT:
            return Expression.constant(self._literals[left])
        if code == FORM:
            return self._forms[left]
        operands = [self.expression(left)] + ([self.expression(right)] if right >= 0 else [])
        if code >= MACRO:
            return _expanded(self.operators.macros[code - MACRO].body, operands)
        if code >= NEGATED:
            return Expression.apply(code - NEGATED, Expression.apply(NEG, operands[0]))
        return Expression.apply(code, *operands)

    def expressions(self) -> list[Expression]:
        """All of them, in order; for tables that are small."""
        return [self.expression(index) for index in range(self.count)]


def _expanded(body: Expression, operands: Sequence[Expression]) -> Expression:
    for node in range(body.size - 1, -1, -1):
        if body.codes[node] == VARIABLE:
            body = body.replace_subtree(node, operands[int(body.payload[node])])
    return body


def capacity_for(memory: int, threads_room: int = 8) -> int:
    """Entries that fit into so many bytes, the rooms of the threads included.

    >>> capacity_for(512 * 2**20) > 1_000_000
    True
    """
    rooms = threads_room * ROOM * (8 * WIDTH + 40)
    # The hash table has a power of two of slots, up to 3.2 of 8 bytes for an entry.
    return max(64, (memory - rooms) // ENTRY_BYTES)


__all__ = ["Table", "capacity_for"]
