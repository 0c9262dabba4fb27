"""Numbers for the holes of a skeleton, fitting the ranges of the inputs.

Interval arithmetic says what each part of a law can be; constants are drawn so that arguments of functions
stay where the functions do something, and the terms of a sum are of like size. Elsewhere tails are heavy.
"""

import math
from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import call_predicate, kernel
from eqdisc.engine.programs import Programs
from eqdisc.engine.random import below, normal, uniform
from eqdisc.expr.operators import (
    ACOS,
    ADD,
    ARITY,
    ASIN,
    ATAN,
    CBRT,
    CONSTANT,
    COS,
    COSH,
    CUBE,
    DIV,
    EXP,
    FLOOR,
    INV,
    LOG,
    LOG10,
    MOD,
    MUL,
    POW,
    SIGN,
    SIN,
    SINH,
    SQRT,
    SUB,
    TAN,
    TANH,
    VARIABLE,
    WHERE,
)
from eqdisc.proposers.snip.generator.intervals import bound_address

_ARITY = np.array(ARITY, np.int64)
_USUAL = np.array([
    2.0, 0.5, 3.0, 4.0, 0.25, 5.0, 1.5, 10.0, math.pi, 2.0 * math.pi, 1.0 / 3.0, 4.0 * math.pi, 9.81,
])  # fmt: skip
_EXPONENTS = np.array([
    0.5, 1.5, 2.5, -0.5, -1.5, 1.0 / 3.0, 2.0 / 3.0, 0.25, 1.4, 0.75, 4.0, -2.0, -3.0,
])  # fmt: skip
_WHOLE_EXPONENTS = np.array([4.0, 5.0, 6.0, -2.0, -3.0])
#: The largest exponent that is a part with inputs.
_MOST_POWER = 6.0
#: The largest argument that a function is to get is drawn between the first two; the third is the largest
#: that it may get where no constant can change it. Zero for what is no such function.
_ARGUMENTS = np.zeros((WHERE + 1, 3))
for _code, _reaches in (
    (EXP, (0.5, 5.0, 12.0)), (SIN, (1.0, 12.0, 60.0)), (COS, (1.0, 12.0, 60.0)), (TAN, (0.3, 1.4, 1.5)),
    (ASIN, (0.4, 0.99, 1.6)), (ACOS, (0.4, 0.99, 1.6)), (SINH, (0.7, 4.0, 8.0)), (COSH, (0.7, 4.0, 8.0)),
    (TANH, (0.7, 4.0, 20.0)), (ATAN, (0.7, 6.0, 100.0)), (FLOOR, (3.0, 15.0, 1e4)),
):  # fmt: skip
    _ARGUMENTS[_code] = _reaches
_LEAST_REACH = 0.05
#: Powers of ten; those up to 1e22 are exact.
_POWERS = np.array([float(f"1e{k}") for k in range(301)])
#: What a part is to be: anything, above zero, or true for some rows and false for others.
_ANY, _POSITIVE, _CONDITION = range(3)


class _Work(NamedTuple):
    """Nodes of all skeletons: operators, first nodes of the subtrees, numbers, intervals; how large each is
    to be (0 where it does not matter), what it is to be, and how many turns it had. Then the nodes under way,
    the random stream, the address of `intervals.bound`."""

    ops: Int32Array
    firsts: IntArray
    values: FloatArray
    spans: FloatArray
    wants: FloatArray
    roles: IntArray
    turns: IntArray
    stack: IntArray
    state: AnyArray
    bound: int


# ---------------------------------------------------------------- numbers


@kernel
def _between(low: float, high: float, state: AnyArray) -> float:
    return low + (high - low) * uniform(state)


@kernel
def _rounded(value: float, state: AnyArray) -> float:
    """Half of all constants have two or three digits: the double nearest to the decimal up to 1e-20 and 1e24,
    within a bit beyond."""
    u = uniform(state)
    if u >= 0.5 or value == 0.0 or not abs(value) < np.inf:
        return value
    size = abs(value)
    power = math.floor(math.log10(size)) - (1 if u < 0.3 else 2)
    if abs(power) >= _POWERS.shape[0]:
        return value
    if power >= 0:
        found = np.rint(size / _POWERS[power]) * _POWERS[power]
    else:
        found = np.rint(size * _POWERS[-power]) / _POWERS[-power]
    return math.copysign(found, value)


@kernel
def _signed(value: float, state: AnyArray) -> float:
    return -value if uniform(state) < 0.2 else value


@kernel
def _near(size: float, state: AnyArray) -> float:
    """A constant of about this size; without one (0) as laws have them: small whole numbers, multiples of pi,
    anything with heavy tails."""
    if size > 0.0:
        return _signed(_rounded(size * 10.0 ** (0.25 * normal(state)), state), state)
    u = uniform(state)
    if u < 0.4:
        return _signed(_USUAL[below(state, _USUAL.shape[0])], state)
    if u < 0.75:
        exponent = _between(-1.0, 1.0, state)
    elif u < 0.93:
        exponent = normal(state)
    else:
        exponent = min(15.0, 2.0 * math.tan(math.pi * (u - 0.5)))
    return _signed(_rounded(10.0**exponent, state), state)


@kernel
def _shift(low: float, high: float, subtracted: bool, positive: bool, state: AnyArray) -> float:
    """A number that a part between `low` and `high` is added to or subtracted from."""
    number = max(-low, high) * 10.0 ** _between(-0.8, 0.5, state)
    if 0.2 < number < 20.0 and uniform(state) < 0.4:
        number = 1.0 + below(state, 5)
    number = _rounded(number, state)
    if not subtracted and not positive and uniform(state) < 0.3:
        number = -number
    least = high if subtracted else -low
    if positive and number <= least:
        number = _rounded(least + (high - low) * _between(0.02, 1.0, state), state)
    return number


@kernel
def _threshold(op: int, leading: bool, low: float, high: float, state: AnyArray) -> float:
    """A number in a sum that makes a condition of it."""
    number = _rounded(low + _between(0.25, 0.75, state) * (high - low), state)
    return number if op == SUB and leading else -number


@kernel
def _exponent(low: float, state: AnyArray) -> float:
    if low < 0.0:
        return _WHOLE_EXPONENTS[below(state, _WHOLE_EXPONENTS.shape[0])]
    if uniform(state) < 0.4:
        number = _rounded(_between(-3.0, 3.0, state), state)
        return number if number != 0.0 else 0.5
    return _EXPONENTS[below(state, _EXPONENTS.shape[0])]


@kernel
def _beside(
    op: int, leading: bool, want: float, role: int, low: float, high: float, state: AnyArray
) -> float:
    """The number in a hole beside an operand between `low` and `high`; NaN where there is none."""
    if op == ADD or op == SUB:
        if role == _CONDITION:
            return _threshold(op, leading, low, high, state)
        return _shift(low, high, op == SUB, role == _POSITIVE, state)
    if op == MUL:
        number = _near(want / max(-low, high), state)
        return abs(number) if role == _POSITIVE else number
    if op == POW:
        return _exponent(low, state)
    # What is compared is of like size.
    if op == MOD:
        number = _rounded(_between(0.1, 0.5, state) * high, state)
    else:
        number = _rounded(low + _between(0.2, 0.8, state) * (high - low), state)
    return number if number != 0.0 else np.nan


# ---------------------------------------------------------------- parts


@kernel
def _scaled(n: int, ops: Int32Array, firsts: IntArray) -> bool:
    """Whether a hole is among the factors of the numerator of node n (`skeleton.scaled`)."""
    while ops[n] == DIV:
        n = firsts[n - 1] - 1
    return ops[n - 1] == CONSTANT if ops[n] == MUL else ops[n] == CONSTANT


@kernel
def _order(n: int, ops: Int32Array, firsts: IntArray) -> tuple[int, int]:
    """Operands of node n in the order in which they are filled, -1 for none; a condition is not among them.

    What a constant can scale comes after what tells how large it is to be.
    """
    op, right = ops[n], n - 1
    if _ARITY[op] < 2:
        return right, -1
    left = firsts[right] - 1
    if op == DIV:
        return right, left
    if op == ADD or op == SUB:
        scalable = ops[right] != CONSTANT and _scaled(left, ops, firsts) and not _scaled(right, ops, firsts)
        if ops[left] == CONSTANT or scalable:
            return right, left
    return left, right


@kernel
def _asked(op: int, want: float, role: int, state: AnyArray) -> tuple[float, int]:
    """How large the first operand is to be (0 where it does not matter), and what."""
    if op == ADD or op == SUB:
        return want, _ANY
    if op == POW or op == SQRT or op == LOG or op == LOG10:
        return 0.0, _POSITIVE
    if role == _POSITIVE and (op == INV or op == CUBE or op == CBRT):
        return 0.0, _POSITIVE
    least, most = _ARGUMENTS[op, 0], _ARGUMENTS[op, 1]
    return (least * (most / least) ** uniform(state) if least > 0.0 else 0.0), _ANY


@kernel
def _asked_then(op: int, want: float, role: int, reach: float, state: AnyArray) -> tuple[float, int]:
    """The same for the second, given the reach of the first."""
    if op == MUL:
        return 0.0, _ANY
    if op == DIV:
        return want * reach, (_POSITIVE if role == _POSITIVE else _ANY)
    if op == POW:
        return _between(0.5, 3.0, state), _ANY
    return reach, _ANY


@kernel
def _suits(op: int, beside: bool, low: float, high: float, state: AnyArray) -> bool:
    """Whether the first operand may be between `low` and `high`; beside: whether the second is a hole."""
    reach = max(-low, high)
    if op == DIV or op == INV:
        return not low <= 0.0 <= high or uniform(state) >= 0.7
    if op == SIGN:
        return low < 0.0 < high
    if op == SQRT or op == LOG or op == LOG10:
        # Rows outside the domain are drawn again; where most are, the law is another's.
        return high > 0.0 and -low <= 0.6 * high
    if op == MUL:
        return reach > 0.0 or not beside
    return _ARGUMENTS[op, 2] == 0.0 or _LEAST_REACH <= reach <= _ARGUMENTS[op, 2]


@kernel
def _fill(root: int, w: _Work) -> bool:
    """Fill the holes of a skeleton; False where the ranges of the inputs do not suit it.

    A node has its first turn before its operands, the others after each of them. Not a recursion: loaded from
    the cache, one that Numba had compiled ended in a segmentation fault.
    """
    depth, w.stack[0] = 0, root
    w.wants[root], w.roles[root] = 0.0, _ANY
    while depth >= 0:
        n = w.stack[depth]
        op, role, turn = w.ops[n], w.roles[n], w.turns[n]
        w.turns[n] += 1
        if op == VARIABLE or op == CONSTANT:
            if op == CONSTANT:
                w.values[n] = w.spans[n, 0] = w.spans[n, 1] = _near(w.wants[n], w.state)
            depth -= 1
            continue
        first, second = _order(n, w.ops, w.firsts)
        low, high = w.spans[first, 0], w.spans[first, 1]
        beside = second >= 0 and w.ops[second] == CONSTANT and op != DIV and op != WHERE
        child = -1
        if turn == 0:
            child = first
            w.wants[child], w.roles[child] = _asked(op, w.wants[n], role, w.state)
        elif turn == 1:
            if not _suits(op, beside, low, high, w.state):
                return False
            if beside:
                number = _beside(op, second < first, w.wants[n], role, low, high, w.state)
                if not abs(number) < np.inf:
                    return False
                w.values[second] = w.spans[second, 0] = w.spans[second, 1] = number
            elif second >= 0:
                child = second
                w.wants[child], w.roles[child] = _asked_then(op, w.wants[n], role, max(-low, high), w.state)
        elif turn == 2 and op == WHERE:
            child = w.firsts[first] - 1
            w.wants[child], w.roles[child] = 0.0, _CONDITION
        else:
            if op == POW and not beside:
                reach = max(-w.spans[second, 0], w.spans[second, 1])
                if low <= 0.0 or reach > _MOST_POWER:
                    return False
            one, other = (min(first, second), max(first, second)) if second >= 0 else (first, first)
            if not call_predicate(w.bound, (np.int64(op), one, other, n, w.spans)):
                return False
            depth -= 1
        if child >= 0:
            depth += 1
            w.stack[depth] = child
    return True


@kernel
def _fill_all(w: _Work, args: Int32Array, offsets: IntArray, ranges: FloatArray, good: BoolArray) -> None:
    for b in range(good.shape[0]):
        for n in range(offsets[b], offsets[b + 1]):
            op = w.ops[n]
            w.firsts[n] = n
            for _ in range(_ARITY[op]):
                w.firsts[n] = w.firsts[w.firsts[n] - 1]
            if op == VARIABLE:
                w.spans[n, 0], w.spans[n, 1] = ranges[0, b, args[n]], ranges[1, b, args[n]]
        good[b] = _fill(offsets[b + 1] - 1, w)


def filled(
    skeletons: Programs, low: FloatArray, high: FloatArray, state: AnyArray
) -> tuple[FloatArray, BoolArray]:
    """(nodes,) values of the nodes with a number in every hole, and (n,) which skeletons suit their ranges:
    the law is defined there, and does something. Numbers of the others mean nothing.

    low, high : (n, k) ranges of the inputs of each; state: the random stream (`engine.random`), advanced
    ValueError where a skeleton has no range for an input.

    >>> from eqdisc.engine.random import stream
    >>> from eqdisc.expr.parse import parse
    >>> laws = Programs.pack([parse(text, ["x"]) for text in ("1*x", "log(-x)")])
    >>> low, high, state = np.ones((2, 1)), np.full((2, 1), 5.0), stream(np.random.SeedSequence(0))
    >>> values, good = filled(laws, low, high, state)
    >>> good.tolist(), bool(values[0] != 1.0)
    ([True, False], True)
    """
    wanted = len(skeletons), int(skeletons.args.max(initial=-1)) + 1
    if low.shape != high.shape or len(low) != wanted[0] or low.shape[1] < wanted[1]:
        raise ValueError(
            f"got ranges of shapes {low.shape} and {high.shape}; wanted a row for each of {wanted[0]} "
            f"skeletons and a column for each of {wanted[1]} inputs or more"
        )
    values = np.where(skeletons.ops == VARIABLE, 1.0, 0.0)
    nodes = len(values)
    work = _Work(
        ops=skeletons.ops,
        firsts=np.zeros(nodes, np.int64),
        values=values,
        spans=np.zeros((nodes, 2)),
        wants=np.zeros(nodes),
        roles=np.zeros(nodes, np.int64),
        turns=np.zeros(nodes, np.int64),
        stack=np.zeros(nodes, np.int64),
        state=state,
        bound=bound_address(),
    )
    good = np.zeros(len(skeletons), np.bool_)
    _fill_all(work, skeletons.args, skeletons.offsets, np.stack([low, high]), good)
    return values, good
