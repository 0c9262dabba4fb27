"""Expression: an immutable formula in postfix order, valid by construction."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Union

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.operators import ADD, ARITY, CONSTANT, DIV, MUL, NEG, POW, SUB, VARIABLE, code_of, row_of

_ARITY = tuple(int(a) for a in ARITY)

Operand = Union["Expression", float]


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula over features 0, 1, ... as node codes in postfix order, each with a payload.

    The payload is the feature's index for a variable, the value for a constant and 0.0 for an operator.
    Constants are finite and -0.0 is stored as 0.0, so that equal expressions have equal values. ValueError
    for a sequence that is no single complete formula.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> e = 2.0 * x + y
    >>> len(e), e.depth, e.features
    (5, 3, (0, 1))
    """

    codes: tuple[int, ...]
    payload: tuple[float, ...]

    def __post_init__(self) -> None:
        codes = tuple(map(int, self.codes))
        payload = tuple(float(value) + 0.0 for value in self.payload)
        object.__setattr__(self, "codes", codes)
        object.__setattr__(self, "payload", payload)
        if len(codes) != len(payload):
            raise ValueError(f"got {len(codes)} codes but {len(payload)} payload values")
        complete = 0
        for code, value in zip(codes, payload, strict=True):
            if not 0 <= code < len(_ARITY):
                raise ValueError(f"unknown node code {code}; codes are 0 to {len(_ARITY) - 1}")
            _check_payload(code, value)
            complete += 1 - _ARITY[code]
            if complete < 1:
                raise ValueError(f"an operator of the postfix sequence {codes} lacks operands")
        if complete != 1:
            raise ValueError(f"the postfix sequence {codes} holds {complete} formulas, wanted exactly one")

    # ------------------------------------------------------------ making

    @staticmethod
    def variable(feature: int) -> "Expression":
        """The feature of that index (from 0)."""
        return Expression((VARIABLE,), (feature,))

    @staticmethod
    def constant(value: float) -> "Expression":
        """A finite number; ValueError otherwise."""
        return Expression((CONSTANT,), (value,))

    @staticmethod
    def apply(operator: str | int, *operands: Operand) -> "Expression":
        """An operator (name, alias or node code) on operands; numbers become constants.

        >>> Expression.apply("max", Expression.variable(0), 1.0).codes[-1] == code_of("max")
        True
        """
        code = code_of(operator) if isinstance(operator, str) else int(operator)
        children = [_operand(child) for child in operands]
        codes = sum((child.codes for child in children), ())
        payload = sum((child.payload for child in children), ())
        if not 2 <= code < len(_ARITY) or _ARITY[code] != len(children):
            raise ValueError(f"operator {operator!r} got {len(children)} operands")
        return _made((*codes, code), (*payload, 0.0))

    # ------------------------------------------------------------ shape

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def depth(self) -> int:
        """Nodes on the longest way from the root to a leaf; 1 for a leaf."""
        stack: list[int] = []
        for code in self.codes:
            arity = _ARITY[code]
            below = max(stack[len(stack) - arity :], default=0) if arity else 0
            del stack[len(stack) - arity :]
            stack.append(1 + below)
        return stack[0]

    @property
    def root(self) -> int:
        """Node code of the root."""
        return self.codes[-1]

    @property
    def arity_root(self) -> int:
        """Number of operands of the root."""
        return _ARITY[self.codes[-1]]

    @property
    def children(self) -> tuple["Expression", ...]:
        """The operands of the root, in order."""
        found: list[Expression] = []
        end = self.size - 2
        for _ in range(self.arity_root):
            start = self.subtree_start(end)
            found.append(self._slice(start, end))
            end = start - 1
        return tuple(reversed(found))

    def subtree_start(self, i: int) -> int:
        """First node of the subtree whose root is node i; a subtree is the slice from there to i."""
        if not 0 <= i < self.size:
            raise IndexError(f"node {i} asked of an expression with {self.size} nodes")
        missing, start = 1, i + 1
        while missing:
            start -= 1
            missing += _ARITY[self.codes[start]] - 1
        return start

    def subtree(self, i: int) -> "Expression":
        """The subtree whose root is node i."""
        return self._slice(self.subtree_start(i), i)

    def _slice(self, start: int, end: int) -> "Expression":
        return _made(self.codes[start : end + 1], self.payload[start : end + 1])

    def replace_subtree(self, i: int, donor: "Expression") -> "Expression":
        """This expression with the subtree at node i replaced by another."""
        start = self.subtree_start(i)
        return _made(
            self.codes[:start] + donor.codes + self.codes[i + 1 :],
            self.payload[:start] + donor.payload + self.payload[i + 1 :],
        )

    # ------------------------------------------------------------ leaves

    @property
    def constants(self) -> FloatArray:
        """Values of the constants in postfix order."""
        nodes = zip(self.codes, self.payload, strict=True)
        return np.array([value for code, value in nodes if code == CONSTANT], dtype=np.float64)

    def with_constants(self, values: Iterable[float]) -> "Expression":
        """The same formula with other constants, as many as it has (ValueError otherwise)."""
        new = [float(value) for value in values]
        wanted = self.codes.count(CONSTANT)
        if len(new) != wanted:
            raise ValueError(f"the expression has {wanted} constants, got {len(new)} values")
        for value in new:
            _check_payload(CONSTANT, value)
        source = iter(new)
        payload = tuple(
            next(source) + 0.0 if code == CONSTANT else value
            for code, value in zip(self.codes, self.payload, strict=True)
        )
        return _made(self.codes, payload)

    @property
    def features(self) -> tuple[int, ...]:
        """Indices of the features that occur, ascending."""
        return tuple(
            sorted({int(v) for code, v in zip(self.codes, self.payload, strict=True) if code == VARIABLE})
        )

    def remap_features(self, mapping: Mapping[int, int]) -> "Expression":
        """The same formula over other features; `mapping` gives the new index of each (missing ones stay)."""
        payload = tuple(
            float(mapping.get(int(value), int(value))) if code == VARIABLE else value
            for code, value in zip(self.codes, self.payload, strict=True)
        )
        return Expression(self.codes, payload)

    # ------------------------------------------------------------ arithmetic

    def __add__(self, other: Operand) -> "Expression":
        return Expression.apply(ADD, self, other)

    def __radd__(self, other: Operand) -> "Expression":
        return Expression.apply(ADD, other, self)

    def __sub__(self, other: Operand) -> "Expression":
        return Expression.apply(SUB, self, other)

    def __rsub__(self, other: Operand) -> "Expression":
        return Expression.apply(SUB, other, self)

    def __mul__(self, other: Operand) -> "Expression":
        return Expression.apply(MUL, self, other)

    def __rmul__(self, other: Operand) -> "Expression":
        return Expression.apply(MUL, other, self)

    def __truediv__(self, other: Operand) -> "Expression":
        return Expression.apply(DIV, self, other)

    def __rtruediv__(self, other: Operand) -> "Expression":
        return Expression.apply(DIV, other, self)

    def __pow__(self, other: Operand) -> "Expression":
        return Expression.apply(POW, self, other)

    def __rpow__(self, other: Operand) -> "Expression":
        return Expression.apply(POW, other, self)

    def __neg__(self) -> "Expression":
        return Expression.apply(NEG, self)

    def __str__(self) -> str:
        from eqdisc.expr.format import format_expression

        count = max(self.features, default=-1) + 1
        return format_expression(self, [f"x{j}" for j in range(count)])

    def __repr__(self) -> str:
        return f"<Expression {self}>"


def _made(codes: tuple[int, ...], payload: tuple[float, ...]) -> Expression:
    """An expression put together from valid ones: valid too, so that nothing is checked again."""
    made = object.__new__(Expression)
    object.__setattr__(made, "codes", codes)
    object.__setattr__(made, "payload", payload)
    return made


def _operand(value: Operand) -> Expression:
    return value if isinstance(value, Expression) else Expression.constant(value)


def _check_payload(code: int, value: float) -> None:
    if code == CONSTANT:
        if not math.isfinite(value):
            raise ValueError(f"constants of an expression are finite numbers, got {value}")
    elif code == VARIABLE:
        if not (value >= 0.0 and value.is_integer()):
            raise ValueError(f"a variable needs the index of a feature (0, 1, ...), got {value}")
    elif value != 0.0:
        raise ValueError(f"operator {row_of(code).name} carries the payload 0.0, got {value}")
