"""Skeletons drawn by a grammar, compiled."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, IntArray
from eqdisc.engine.compile import call_integer, call_predicate, kernel
from eqdisc.engine.random import below, pick, uniform
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
    FLOOR,
    INV,
    LOG,
    LOG10,
    MAX,
    MIN,
    MOD,
    MUL,
    NEG,
    POW,
    SIGN,
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
from eqdisc.proposers.snip.kernels.arena import (
    HOLE,
    append,
    clear,
    copy,
    first,
    popped,
    pushed,
    put,
    since,
    size,
    words,
)
from eqdisc.proposers.snip.kernels.forms import FORM, form_addresses
from eqdisc.proposers.snip.kernels.sense import sensible_address

#: Chances that the argument of a function gets a factor, a shift, a minus sign; what is left is plain.
_DRESSES = {
    EXP: (0.5, 0.0, 0.35), SIN: (0.45, 0.2, 0.0), COS: (0.45, 0.2, 0.0), TAN: (0.5, 0.1, 0.0),
    TANH: (0.6, 0.1, 0.0), ATAN: (0.5, 0.1, 0.0), SINH: (0.6, 0.0, 0.0), COSH: (0.6, 0.0, 0.0),
    ASIN: (0.5, 0.0, 0.0), ACOS: (0.5, 0.0, 0.0), LOG: (0.0, 0.4, 0.0), LOG10: (0.0, 0.3, 0.0),
    SQRT: (0.0, 0.3, 0.0), INV: (0.0, 0.6, 0.0), SQUARE: (0.0, 0.35, 0.0), CUBE: (0.0, 0.3, 0.0),
    CBRT: (0.0, 0.3, 0.0), ABS: (0.0, 0.6, 0.0), SIGN: (0.0, 0.6, 0.0), FLOOR: (0.6, 0.0, 0.0),
}  # fmt: skip
_DRESS = np.zeros((64, 3))
for _code, _chances in _DRESSES.items():
    _DRESS[_code] = np.cumsum(_chances)
#: What is made of a single input without further ado.
_SINGLES = np.array([SQUARE, SQRT, CUBE, POW, MIN, MAX, MOD])
_SINGLE_SUMS = np.cumsum([0.11, 0.05, 0.02, 0.025, 0.0015, 0.0015, 0.002])
_ATTEMPTS = 20
_FUNCTIONS, _JOINTS = 0, 1
_SENSIBLE = 4
_ADD, _SUB, _MUL, _DIV, _NEG = words(ADD, SUB, MUL, DIV, NEG)
#: Nodes beyond which a tree is given up: none of so many comes down to the tokens of a skeleton.
_MOST = 64


class Chances(NamedTuple):
    """What a grammar draws.

    codes     : (2, 64) functions of one operand, and joints
    sums      : (2, 64) their cumulative weights, the last one over and over
    allowed   : (64,) operators that may be drawn at all
    shares    : (2,) chance that a part is inside a function, and that an input occurs twice
    addresses : of the kernels of `forms`, and of `sensible`
    """

    codes: IntArray
    sums: FloatArray
    allowed: BoolArray
    shares: FloatArray
    addresses: IntArray


def chances(
    functions: Mapping[int, float], joints: Mapping[int, float], applied: float, repeated: float
) -> Chances:
    """Chances from the weights of the operators, by code."""
    codes, sums, allowed = np.zeros((2, 64), np.int64), np.zeros((2, 64)), np.zeros(64, np.bool_)
    for row, weights in enumerate((functions, joints)):
        cumulative = np.cumsum([*weights.values()])
        codes[row, : len(weights)] = [*weights]
        sums[row] = cumulative[-1]
        sums[row, : len(weights)] = cumulative
        allowed[[code for code, weight in weights.items() if weight > 0.0]] = True
    addresses = np.array([*form_addresses(), sensible_address()])
    return Chances(codes, sums, allowed, np.array([applied, repeated]), addresses)


@kernel
def _formed(c: Chances, a: IntArray, code: int, one: int, other: int) -> int:
    """An operator on trees in normal form (`forms.form`)."""
    return call_integer(c.addresses[FORM], (c.addresses, a, code, one, other))


@kernel
def draw_all(
    c: Chances, a: IntArray, state: AnyArray, wanted: BoolArray, nodes: IntArray, sizes: IntArray
) -> None:
    """For each row of `wanted` (n, inputs) a skeleton over these inputs: nodes (n, most) as in an arena, and
    how many; 0 where none came out that is short and says no nonsense."""
    leaves = np.zeros(wanted.shape[1] + 1, np.int64)
    for row in range(wanted.shape[0]):
        for _ in range(_ATTEMPTS):
            count = 0
            for j in range(wanted.shape[1]):
                if wanted[row, j]:
                    leaves[count] = j
                    count += 1
            if count == 0:
                break
            tree = _drawn(c, a, state, leaves, count)
            short = 0 < size(tree) <= nodes.shape[1]
            if short and call_predicate(c.addresses[_SENSIBLE], (a, tree)):
                sizes[row] = size(tree)
                for i in range(size(tree)):
                    nodes[row, i] = a[first(tree) + i]
                break


@kernel
def _drawn(c: Chances, a: IntArray, state: AnyArray, leaves: IntArray, count: int) -> int:
    """A skeleton of these leaves; no tree where it became too long on the way."""
    clear(a)
    if uniform(state) < c.shares[1]:
        leaves[count] = leaves[below(state, count)]
        count += 1
    for i in range(count - 1, 0, -1):
        k = below(state, i + 1)
        leaves[i], leaves[k] = leaves[k], leaves[i]
    tree = _law(c, a, state, leaves, count)
    if size(tree) == 0:
        return tree
    # Perhaps an outermost function, a slope, an intercept.
    if uniform(state) < 0.5 * c.shares[0] + 0.05:
        tree = _inside(c, a, state, tree)
    u = uniform(state)
    if u < 0.32:
        tree = _formed(c, a, _MUL, tree, HOLE)
    if u < 0.1 or u > 0.93:
        tree = _formed(c, a, _ADD, tree, HOLE)
    return tree


@kernel
def _law(c: Chances, a: IntArray, state: AnyArray, leaves: IntArray, count: int) -> int:
    """The leaves divided among parts, these among theirs, down to single inputs, and joined again."""
    waiting, trees, joints = pushed(a), pushed(a), pushed(a)
    append(a, waiting, 2 * count)  # leaves from 0 to count: 2*(64*from + to), and 1 for parts to be joined
    while a[waiting] > 0:
        stretch, done = popped(a, waiting)
        begin, end = stretch >> 6, stretch & 63
        if done > 0:
            a[trees] -= 2
            a[joints] -= 1
            one, other = a[trees + 2 + a[trees]], a[trees + 3 + a[trees]]
            tree = _joined(c, a, state, a[joints + 2 + a[joints]], one, other)
        elif end - begin == 1:
            append(a, trees, _single(c, a, state, leaves[begin]))
            continue
        else:
            joint = c.codes[_JOINTS, pick(state, c.sums[_JOINTS])]
            if joint != MUL or uniform(state) >= 0.5:
                cut = begin + 1 + below(state, end - begin - 1)
                append(a, joints, joint)
                append(a, waiting, 2 * (64 * begin + end) + 1)
                append(a, waiting, 2 * (64 * cut + end))
                append(a, waiting, 2 * (64 * begin + cut))
                continue
            tree = _monomial(c, a, state, leaves[begin:end])
        if uniform(state) < c.shares[0]:
            tree = _inside(c, a, state, tree)
        if size(tree) > _MOST:
            return 0
        append(a, trees, tree)
    return a[trees + 2]


@kernel
def _monomial(c: Chances, a: IntArray, state: AnyArray, leaves: IntArray) -> int:
    """A product of single inputs, some of them below."""
    tree = _single(c, a, state, leaves[0])
    for k in range(1, leaves.shape[0]):
        code = _DIV if uniform(state) < 0.3 else _MUL
        tree = _formed(c, a, code, tree, _single(c, a, state, leaves[k]))
    return tree


@kernel
def _joined(c: Chances, a: IntArray, state: AnyArray, joint: int, one: int, other: int) -> int:
    """Two parts joined, with constants as they usually are."""
    if joint == ADD or joint == SUB:
        one = _formed(c, a, _MUL, one, HOLE) if uniform(state) < 0.25 else one
        other = _formed(c, a, _MUL, other, HOLE) if uniform(state) < 0.25 else other
    elif (joint == POW or joint == MOD) and uniform(state) < 0.5:
        one, other = _formed(c, a, _MUL, one, other), HOLE
    elif joint == WHERE:
        condition = _formed(c, a, _ADD, one if uniform(state) < 0.5 else other, HOLE)
        at = a[0]
        copy(a, condition)
        copy(a, one)
        copy(a, other)
        put(a, WHERE, 0)
        return since(a, at)
    elif joint == MUL and uniform(state) < 0.2:
        one = _formed(c, a, _ADD if uniform(state) < 0.5 else _SUB, HOLE, one)
    elif joint == DIV and uniform(state) < 0.2:
        other = _formed(c, a, _ADD, other, HOLE)
    return _formed(c, a, joint, one, other)


@kernel
def _single(c: Chances, a: IntArray, state: AnyArray, leaf: int) -> int:
    """One input, most often as it is."""
    at = a[0]
    put(a, VARIABLE, leaf)
    tree = since(a, at)
    u = uniform(state)
    if u < 0.66:
        return tree
    if u < 0.695:
        return _formed(c, a, _ADD if u < 0.685 else _SUB, HOLE, tree)
    if u < 0.79:
        return _inside(c, a, state, tree)
    code = _SINGLES[pick(state, _SINGLE_SUMS)]
    if not c.allowed[code]:
        return tree
    return _formed(c, a, code, tree, HOLE)


@kernel
def _inside(c: Chances, a: IntArray, state: AnyArray, tree: int) -> int:
    """A function of a tree, dressed with constants as the function usually is."""
    code = c.codes[_FUNCTIONS, pick(state, c.sums[_FUNCTIONS])]
    u = uniform(state)
    if u < _DRESS[code, 0]:
        tree = _formed(c, a, _MUL, tree, HOLE)
    elif u < _DRESS[code, 1]:
        v = uniform(state)
        if v < 0.3:
            tree = _formed(c, a, _MUL, tree, HOLE)
        tree = _formed(c, a, _SUB if v > 0.8 else _ADD, HOLE, tree)
    elif u < _DRESS[code, 2]:
        tree = _formed(c, a, _NEG, tree, HOLE)
    return _formed(c, a, code, tree, HOLE)
