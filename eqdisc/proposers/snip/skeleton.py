"""Skeletons in one normal form: formulas whose constants are holes that a fit will fill.

Holes absorb what a fit can: a - C is a + C, a/C is a*C, C*(C*a) is C*a, 3 + 4 is C. Sums and products are
gathered from all nested additions and divisions, so that each family of formulas has one form: numerators
over denominators, what is added before what is subtracted, operands in the order of `eqdisc.expr.canonical`.
"""

from collections.abc import Iterable
from typing import Any

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import (
    ABS,
    ADD,
    ARITY,
    CBRT,
    CONSTANT,
    CUBE,
    DIV,
    INV,
    MAX,
    MIN,
    MUL,
    NEG,
    SQRT,
    SQUARE,
    SUB,
    VARIABLE,
)

_ARITY = tuple(int(arity) for arity in ARITY)
_PULLED = (SQUARE, CUBE, SQRT, CBRT, ABS)
#: Laws that no table of ten inputs needs are not taken apart: recursion stays shallow.
LARGEST = 200


class Node:
    """A skeleton: operator, feature (0 where none) and operands; `codes` and `features` in postfix order.

    >>> x = Node.variable(0)
    >>> sum_of([x, HOLE], [HOLE]).codes == (VARIABLE, CONSTANT, ADD)
    True
    """

    __slots__ = ("children", "code", "codes", "feature", "features", "key")
    code: int
    children: tuple["Node", ...]
    feature: int
    codes: tuple[int, ...]
    features: tuple[int, ...]
    #: Sort key of operands, as in `canonical`; equal for equal skeletons.
    key: tuple[bool, int, tuple[int, ...], tuple[int, ...]]

    def __init__(self, code: int, children: tuple["Node", ...] = (), feature: int = 0) -> None:
        self.code, self.children, self.feature = code, children, feature
        codes: tuple[int, ...] = ()
        features: tuple[int, ...] = ()
        for child in children:
            codes += child.codes
            features += child.features
        codes, features = (*codes, code), (*features, feature)
        self.codes, self.features = codes, features
        self.key = (code == CONSTANT, len(codes), codes, features)

    @staticmethod
    def variable(feature: int) -> "Node":
        """The input of that index."""
        return _VARIABLES[feature] if feature < len(_VARIABLES) else Node(VARIABLE, (), feature)

    def expression(self, constant: float = 1.0) -> Expression:
        """The formula with this number in every hole.

        >>> sum_of([Node.variable(1), HOLE]).expression(2.0)
        <Expression x1 + 2>
        """
        payload = tuple(
            constant if code == CONSTANT else float(feature)
            for code, feature in zip(self.codes, self.features, strict=True)
        )
        return Expression(self.codes, payload)

    def inputs(self) -> set[int]:
        """Indices of the inputs that occur."""
        return {f for c, f in zip(self.codes, self.features, strict=True) if c == VARIABLE}


HOLE = Node(CONSTANT)
_VARIABLES = tuple(Node(VARIABLE, (), feature) for feature in range(10))


def _chain(code: int, operands: Iterable[Node]) -> Node:
    ordered = sorted(operands, key=_key)
    node = ordered[0]
    for operand in ordered[1:]:
        node = Node(code, (node, operand))
    return node


def _key(node: Node) -> Any:
    return node.key


class _Factors:
    """A product taken apart."""

    def __init__(self) -> None:
        self.top: list[Node] = []
        self.bottom: list[Node] = []
        self.hole = False
        self.negative = False

    def add(self, node: Node, inverse: bool) -> None:
        code = node.code
        if code == CONSTANT:
            self.hole = True
        elif code == MUL or code == DIV:
            self.add(node.children[0], inverse)
            self.add(node.children[1], inverse != (code == DIV))
        elif code == INV:
            self.add(node.children[0], not inverse)
        elif code == NEG:
            self.negative = not self.negative
            self.add(node.children[0], inverse)
        else:
            (self.bottom if inverse else self.top).append(node)

    def written(self) -> Node:
        top, bottom = _powers(self.top), _powers(self.bottom)
        if self.hole:
            top.append(HOLE)
        if not bottom:
            node = _chain(MUL, top) if top else HOLE
        else:
            below = _chain(MUL, bottom)
            node = Node(DIV, (_chain(MUL, top), below)) if top else Node(INV, (below,))
        return Node(NEG, (node,)) if self.negative and not self.hole else node


def _powers(factors: list[Node]) -> list[Node]:
    """x*x is x**2, x*x**2 is x**3."""
    plainly = {factor.key for factor in factors if factor.code not in (SQUARE, CUBE)}
    if len(plainly) == len(factors) or len(factors) < 2:
        return list(factors)
    exponents: dict[Any, tuple[Node, int]] = {}
    for factor in factors:
        base, exponent = factor, 1
        while base.code in (SQUARE, CUBE):
            exponent *= 2 if base.code == SQUARE else 3
            base = base.children[0]
        known = exponents.get(base.key, (base, 0))[1]
        exponents[base.key] = base, known + exponent
    found: list[Node] = []
    for base, exponent in exponents.values():
        found += _power(base, exponent)
    return found


def _power(base: Node, exponent: int) -> list[Node]:
    if exponent == 1:
        return [base]
    if exponent % 2 == 0:
        return [Node(SQUARE, tuple(_power_node(base, exponent // 2)))]
    if exponent % 3 == 0:
        return [Node(CUBE, tuple(_power_node(base, exponent // 3)))]
    return [base, *_power(base, exponent - 1)]


def _power_node(base: Node, exponent: int) -> list[Node]:
    factors = _power(base, exponent)
    return [factors[0] if len(factors) == 1 else _chain(MUL, factors)]


def product_of(top: Iterable[Node], bottom: Iterable[Node] = ()) -> Node:
    """The product of some factors over others, in normal form.

    >>> x, y = Node.variable(0), Node.variable(1)
    >>> product_of([y, HOLE, x, x], [y]).expression(3.0)
    <Expression x1*x0**2*3/x1>
    """
    factors = _Factors()
    for node in top:
        factors.add(node, False)
    for node in bottom:
        factors.add(node, True)
    return factors.written()


def scaled(node: Node) -> bool:
    """Whether a hole is among the factors of the node's numerator."""
    if node.code == DIV:
        return scaled(node.children[0])
    if node.code == MUL:  # the hole is the last factor of its chain
        return node.children[1].code == CONSTANT
    return node.code == CONSTANT


def unscaled(node: Node) -> Node:
    """The node without the hole among its factors."""
    factors = _Factors()
    factors.add(node, False)
    factors.hole = factors.negative = False
    return factors.written()


def plain(node: Node) -> Node:
    """The skeleton without slope and intercept.

    >>> plain(sum_of([product_of([HOLE, Node.variable(0)]), HOLE])).expression()
    <Expression x0>
    """
    while True:
        if node.code == NEG or (node.code == ADD and node.children[1].code == CONSTANT):
            node = node.children[0]
        elif node.code == SUB and node.children[0].code == CONSTANT:
            node = node.children[1]
        elif scaled(node) and node.code != CONSTANT:
            node = unscaled(node)
        else:
            return node


class _Terms:
    """A sum taken apart: what is added, what is subtracted, a hole or none."""

    def __init__(self) -> None:
        self.terms: list[tuple[Node, bool]] = []
        self.hole = False

    def add(self, node: Node, negative: bool) -> None:
        code = node.code
        if code == CONSTANT:
            self.hole = True
        elif code == ADD or code == SUB:
            self.add(node.children[0], negative)
            self.add(node.children[1], negative != (code == SUB))
        elif code == NEG:
            self.add(node.children[0], not negative)
        else:
            self.terms.append((node, negative and not scaled(node)))

    def _merged(self) -> list[tuple[Node, bool]]:
        """Terms of one kind become one with a hole: x + 2*x is 3*x."""
        if len(self.terms) < 2:
            return self.terms
        kinds: dict[Any, tuple[Node, bool]] = {}
        for node, negative in self.terms:
            base = unscaled(node) if scaled(node) else node
            if base.key in kinds:
                kinds[base.key] = product_of([base, HOLE]), False
            else:
                kinds[base.key] = node, negative
        return list(kinds.values())

    def written(self) -> Node:
        terms = self._merged()
        plus = [node for node, negative in terms if not negative]
        minus = sorted((node for node, negative in terms if negative), key=_key)
        if not plus and not minus:
            return HOLE
        if not plus and not self.hole:
            return Node(NEG, (_chain(ADD, minus),))
        if not minus and self.hole:
            return _chain(ADD, [*plus, HOLE])
        node = _chain(ADD, plus) if plus else HOLE
        for term in minus:
            node = Node(SUB, (node, term))
        return Node(ADD, (node, HOLE)) if plus and self.hole else node


def sum_of(plus: Iterable[Node], minus: Iterable[Node] = ()) -> Node:
    """The sum of some terms less others, in normal form.

    >>> x, y = Node.variable(0), Node.variable(1)
    >>> sum_of([HOLE, x], [y, product_of([HOLE, y])]).expression(2.0)
    <Expression x0 + x1*2 + 2>
    """
    terms = _Terms()
    for node in plus:
        terms.add(node, False)
    for node in minus:
        terms.add(node, True)
    return terms.written()


def _operands(node: Node, code: int) -> list[Node]:
    if node.code != code:
        return [node]
    return [found for child in node.children for found in _operands(child, code)]


def applied(code: int, *operands: Node) -> Node:
    """An operator on skeletons, in normal form.

    >>> x = Node.variable(0)
    >>> applied(SQRT, product_of([x, HOLE])).expression(2.0)
    <Expression sqrt(x0)*2>
    """
    if all(operand.code == CONSTANT for operand in operands):
        return HOLE
    if code == ADD:
        return sum_of(operands)
    if code == SUB:
        return sum_of(operands[:1], operands[1:])
    if code == NEG:
        return sum_of((), operands)
    if code == MUL:
        return product_of(operands)
    if code == DIV:
        return product_of(operands[:1], operands[1:])
    if code == INV:
        return product_of((), operands)
    if code in _PULLED and scaled(operands[0]):
        return product_of([applied(code, unscaled(operands[0])), HOLE])
    if code in (MIN, MAX):
        flat = {operand.key: operand for node in operands for operand in _operands(node, code)}
        return _chain(code, flat.values())
    return Node(code, operands)


def skeleton_of(expression: Expression) -> Node | None:
    """The normal form of a formula's skeleton; None for one of more than 200 nodes.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> skeleton_of(y * (x - 3.0) / 2.0).expression(1.5)
    <Expression x1*(x0 + 1.5)*1.5>
    """
    if expression.size > LARGEST:
        return None
    stack: list[Node] = []
    for code, payload in zip(expression.codes, expression.payload, strict=True):
        arity = _ARITY[code]
        if arity:
            operands = tuple(stack[len(stack) - arity :])
            del stack[len(stack) - arity :]
            stack.append(applied(code, *operands))
        else:
            stack.append(HOLE if code == CONSTANT else Node.variable(int(payload)))
    return stack[0]
