"""Skeletons that look like laws of science."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from random import Random

from eqdisc.expr.operators import (
    ABS,
    ACOS,
    ADD,
    ARITY,
    ASIN,
    ATAN,
    ATAN2,
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
    code_of,
)
from eqdisc.proposers.snip.generator.settings import GeneratorSettings
from eqdisc.proposers.snip.skeleton import HOLE, Node, applied, product_of, sum_of

#: Chances that the argument of a function gets a factor, a shift, a minus sign; what is left is plain.
_DRESS = {
    EXP: (0.5, 0.0, 0.35), SIN: (0.45, 0.2, 0.0), COS: (0.45, 0.2, 0.0), TAN: (0.5, 0.1, 0.0),
    TANH: (0.6, 0.1, 0.0), ATAN: (0.5, 0.1, 0.0), SINH: (0.6, 0.0, 0.0), COSH: (0.6, 0.0, 0.0),
    ASIN: (0.5, 0.0, 0.0), ACOS: (0.5, 0.0, 0.0), LOG: (0.0, 0.4, 0.0), LOG10: (0.0, 0.3, 0.0),
    SQRT: (0.0, 0.3, 0.0), INV: (0.0, 0.6, 0.0), SQUARE: (0.0, 0.35, 0.0), CUBE: (0.0, 0.3, 0.0),
    CBRT: (0.0, 0.3, 0.0), ABS: (0.0, 0.6, 0.0), SIGN: (0.0, 0.6, 0.0), FLOOR: (0.6, 0.0, 0.0),
}  # fmt: skip
#: Pairs outer, inner that say the same as something shorter.
_IDLE = frozenset([
    (SQRT, SQUARE), (SQUARE, SQRT), (SQRT, EXP), (SQRT, SQRT), (SQUARE, SQUARE), (SQUARE, EXP), (SQUARE, ABS),
    (CUBE, CUBE), (CUBE, CBRT), (CBRT, CUBE), (CBRT, EXP), (CUBE, EXP), (LOG, EXP), (EXP, LOG), (LOG, LOG10),
    (LOG10, LOG), (LOG, SQRT), (LOG, SQUARE), (LOG10, SQUARE), (LOG10, SQRT), (LOG10, EXP), (EXP, LOG10),
    (ABS, ABS), (ABS, SQUARE), (ABS, SQRT), (ABS, EXP), (ABS, COSH), (ABS, ACOS), (ABS, FLOOR), (SIGN, SQRT),
    (SIGN, SQUARE), (SIGN, EXP), (SIGN, COSH), (SIGN, ACOS), (SIGN, ABS), (SIGN, CUBE), (SIGN, CBRT),
    (SIGN, TANH), (SIGN, ATAN), (SIGN, SINH), (SIGN, SIGN), (FLOOR, FLOOR), (FLOOR, SIGN), (SIN, ASIN),
    (COS, ACOS), (TAN, ATAN), (ASIN, SIN), (ACOS, COS), (ATAN, TAN), (INV, EXP), (INV, INV),
    (ABS, SIGN), (SQUARE, SIGN), (CUBE, SIGN), (CBRT, SIGN),
])  # fmt: skip
_WAVES = frozenset([SIN, COS, TAN])
_CURVED = frozenset([EXP, LOG, LOG10, SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, TANH, POW, ATAN2])
#: Functions of functions of functions are no laws.
_MOST_CURVED = 3
_ATTEMPTS = 20
_UNARY = tuple(bool(arity == 1) for arity in ARITY)
#: What is made of a single input without further ado.
_SINGLES = (SQUARE, SQRT, CUBE, POW, MIN, MAX, MOD)
_SINGLE_SUMS = tuple(accumulate((0.11, 0.05, 0.02, 0.025, 0.0015, 0.0015, 0.002)))


class _Weighted:
    """Words drawn by weight."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._codes = [code_of(word) for word in weights]
        self._sums = list(accumulate(weights.values()))

    def draw(self, random: Random) -> int:
        return random.choices(self._codes, cum_weights=self._sums)[0]


class Grammar:
    """Draws skeletons over given inputs, each of which occurs.

    A law is a product, a quotient, a sum ... of parts, each with some of the inputs, down to single inputs;
    any part may be inside a function, and the whole inside an outermost one.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        self._settings = settings
        self._functions = _Weighted(settings.functions)
        self._joints = _Weighted(settings.joints)
        weights = {**settings.functions, **settings.joints}
        self._allowed = {code_of(name) for name, weight in weights.items() if weight > 0.0}

    def draw(self, inputs: Sequence[int], random: Random) -> Node | None:
        """A skeleton with these inputs; None where none came out that is short and says no nonsense."""
        for _ in range(_ATTEMPTS):
            leaves = list(inputs)
            if random.random() < self._settings.repeated:
                leaves.append(random.choice(leaves))
            random.shuffle(leaves)
            node = self._finished(self._part(leaves, random), random)
            if len(node.codes) <= self._settings.tokens - 2 and sensible(node):
                return node
        return None

    def _finished(self, node: Node, random: Random) -> Node:
        """Perhaps an outermost function, a slope, an intercept."""
        if random.random() < 0.5 * self._settings.applied + 0.05:
            node = self._inside(node, random)
        u = random.random()
        if u < 0.32:
            node = product_of([node, HOLE])
        if u < 0.1 or u > 0.93:
            node = sum_of([node, HOLE])
        return node

    def _part(self, leaves: list[int], random: Random) -> Node:
        if len(leaves) == 1:
            return self._single(leaves[0], random)
        joint = self._joints.draw(random)
        if joint == MUL and random.random() < 0.5:  # a monomial: all factors at once
            parts = [self._single(leaf, random) for leaf in leaves]
            below = [part for part in parts[1:] if random.random() < 0.3]
            node = product_of([part for part in parts if part not in below], below)
        else:
            cut = random.randint(1, len(leaves) - 1)
            one, other = self._part(leaves[:cut], random), self._part(leaves[cut:], random)
            node = self._joined(joint, one, other, random)
        return self._inside(node, random) if random.random() < self._settings.applied else node

    def _joined(self, joint: int, one: Node, other: Node, random: Random) -> Node:
        if joint in (ADD, SUB):
            one = product_of([one, HOLE]) if random.random() < 0.25 else one
            other = product_of([other, HOLE]) if random.random() < 0.25 else other
        elif (joint == POW and random.random() < 0.5) or (joint == MOD and random.random() < 0.5):
            one, other = product_of([one, other]), HOLE
        elif joint == WHERE:
            condition = sum_of([one if random.random() < 0.5 else other, HOLE])
            return applied(WHERE, condition, one, other)
        elif joint == MUL and random.random() < 0.2:
            one = sum_of([HOLE, one]) if random.random() < 0.5 else sum_of([HOLE], [one])
        elif joint == DIV and random.random() < 0.2:
            other = sum_of([other, HOLE])
        return applied(joint, one, other)

    def _single(self, leaf: int, random: Random) -> Node:
        """One input, most often as it is."""
        node = Node.variable(leaf)
        u = random.random()
        if u < 0.66:
            return node
        if u < 0.685:
            return sum_of([node, HOLE])
        if u < 0.695:
            return sum_of([HOLE], [node])
        if u < 0.79:
            return self._inside(node, random)
        code = random.choices(_SINGLES, cum_weights=_SINGLE_SUMS)[0]
        if code not in self._allowed:
            return node
        return applied(code, node) if _UNARY[code] else applied(code, node, HOLE)

    def _inside(self, node: Node, random: Random) -> Node:
        """A function of the node, dressed with constants as the function usually is."""
        code = self._functions.draw(random)
        factor, shift, minus = _DRESS[code]
        u = random.random()
        if u < factor:
            node = product_of([node, HOLE])
        elif u < factor + shift:
            v = random.random()
            if v < 0.3:
                node = product_of([node, HOLE])
            node = sum_of([HOLE], [node]) if v > 0.8 else sum_of([node, HOLE])
        elif u < factor + shift + minus:
            node = sum_of((), [node])
        return applied(code, node)


def sensible(node: Node) -> bool:
    """Whether no part of a skeleton says in a roundabout way what something shorter says."""
    codes = node.codes
    curved = 0
    for inner, outer in pairwise(codes):
        if _UNARY[outer] and (outer, inner) in _IDLE:
            return False
        curved += outer in _CURVED
    if curved > _MOST_CURVED:
        return False
    # The rest can be wrong only where an input stands twice, a wave in another, a product of exponentials.
    inputs = [f for f, c in zip(node.features, codes, strict=True) if c == VARIABLE]
    if len(set(inputs)) == len(inputs) and curved - codes.count(LOG) < 2 and EXP not in codes:
        return True
    return _straight(node, False)


def _straight(node: Node, waving: bool) -> bool:
    """No wave inside a wave, nothing divided by itself, no factor hidden in an exponent."""
    code = node.code
    if code in _WAVES:
        if waving:
            return False
        waving = True
    elif code == DIV:
        top, below = node.children
        bases = {_base(factor).key for factor in _factors(top)} - {HOLE.key}
        if any(_base(factor).key in bases for factor in _factors(below)):
            return False
    elif code in (MIN, MAX, MOD, ATAN2, SUB) and node.children[0].key == node.children[1].key:
        return False
    elif code == MUL and EXP in node.codes and sum(child.code == EXP for child in _factors(node)) > 1:
        return False  # exp(a)*exp(b) is exp(a + b)
    elif code == WHERE and node.children[1].key == node.children[2].key:
        return False
    elif code == EXP and node.children[0].code == ADD and node.children[0].children[1] is HOLE:
        return False  # exp(a + C) is C*exp(a)
    return all(_straight(child, waving) for child in node.children)


def _base(node: Node) -> Node:
    while node.code in (SQUARE, CUBE, SQRT):
        node = node.children[0]
    return node


def _factors(node: Node) -> list[Node]:
    if node.code != MUL:
        return [node]
    return [factor for child in node.children for factor in _factors(child)]
