"""Skeletons as sequences of tokens: prefix order, every constant a hole, each input a token of its own."""

from collections.abc import Iterable, Sequence

import numpy as np

from eqdisc._typing import AnyArray
from eqdisc.expr import operators
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from eqdisc.proposers.snip.skeleton import Node, skeleton_of

PAD, BEGIN, END, CONSTANT = range(4)
#: Inputs that a skeleton may have: tokens x0 to x9.
INPUTS = 10
FIRST_INPUT = CONSTANT + 1
FIRST_OPERATOR = FIRST_INPUT + INPUTS
#: Tokens in order, by name; written into the files of weights and compared on reading.
NAMES = ("pad", "begin", "end", "C", *(f"x{j}" for j in range(INPUTS)), *(row.name for row in OPERATORS))
SIZE = len(NAMES)
#: Tokens of the longest skeleton, BEGIN and END among them.
LENGTH = 24
#: Operands by token; -1 for what is no part of a formula.
ARITY = np.array([-1, -1, -1, *(0,) * (1 + INPUTS), *(row.arity for row in OPERATORS)], np.int64)
ARITY.flags.writeable = False

_ARITY = ARITY.tolist()
_OFFSET = FIRST_OPERATOR - operators.ADD


def encode(expression: Expression) -> list[int] | None:
    """Tokens BEGIN ... END of a formula's skeleton in normal form (`skeleton`).

    None where it takes more than `LENGTH` tokens or has an input beyond the tenth.

    >>> x = Expression.variable(1)
    >>> [NAMES[token] for token in encode(2.0 * x - 3.0)]
    ['begin', 'add', 'mul', 'x1', 'C', 'C', 'end']
    """
    node = skeleton_of(expression)
    return None if node is None else tokens_of(node)


def tokens_of(node: Node) -> list[int] | None:
    """Tokens of a skeleton, as `encode`."""
    if len(node.codes) > LENGTH - 2:
        return None
    tokens = [BEGIN]
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node.code == operators.VARIABLE:
            if node.feature >= INPUTS:
                return None
            tokens.append(FIRST_INPUT + node.feature)
        else:
            tokens.append(CONSTANT if node.code == operators.CONSTANT else node.code + _OFFSET)
            waiting.extend(reversed(node.children))
    tokens.append(END)
    return tokens


def decode(tokens: Iterable[int]) -> Expression:
    """The formula of a sequence of tokens, 1 in every hole; BEGIN, END and what follows END may be missing.

    ValueError for a sequence that is no single complete formula.

    >>> decode([FIRST_INPUT, PAD])
    Traceback (most recent call last):
    ...
    ValueError: the tokens [4, 0] hold 'pad' inside a formula
    >>> decode(encode(Expression.variable(2) + 5.0))
    <Expression x2 + 1>
    """
    sequence = [int(token) for token in tokens]
    body = sequence[1:] if sequence[:1] == [BEGIN] else sequence
    if END in body:
        body = body[: body.index(END)]
    stack: list[tuple[tuple[int, ...], tuple[float, ...]]] = []
    for token in reversed(body):
        if not 0 <= token < SIZE or _ARITY[token] < 0:
            name = NAMES[token] if 0 <= token < SIZE else token
            raise ValueError(f"the tokens {sequence} hold {name!r} inside a formula")
        arity = _ARITY[token]
        if len(stack) < arity:
            raise ValueError(f"the tokens {sequence} are no formula: {NAMES[token]} lacks operands")
        codes: tuple[int, ...] = ()
        payload: tuple[float, ...] = ()
        for _ in range(arity):
            operand = stack.pop()
            codes += operand[0]
            payload += operand[1]
        stack.append(((*codes, _code(token)), (*payload, _payload(token))))
    if len(stack) != 1:
        raise ValueError(f"the tokens {sequence} hold {len(stack)} formulas, wanted exactly one")
    return Expression(*stack[0])


def _code(token: int) -> int:
    if token >= FIRST_OPERATOR:
        return token - _OFFSET
    return operators.CONSTANT if token == CONSTANT else operators.VARIABLE


def _payload(token: int) -> float:
    if token == CONSTANT:
        return 1.0
    return float(token - FIRST_INPUT) if token < FIRST_OPERATOR else 0.0


def padded(sequences: Sequence[list[int]]) -> AnyArray:
    """Sequences of tokens as an array (n, LENGTH) of int16, filled up with PAD.

    >>> padded([[BEGIN, FIRST_INPUT, END]]).shape
    (1, 24)
    """
    out = np.zeros((len(sequences), LENGTH), np.int16)
    for row, sequence in zip(out, sequences, strict=True):
        row[: len(sequence)] = sequence
    return out


def keys_of(tokens: AnyArray) -> AnyArray:
    """Unsigned 64-bit hash of each row of tokens: equal for equal skeletons.

    >>> a, b = Expression.variable(0), Expression.variable(1)
    >>> keys = keys_of(padded([encode(a * (b - 3.0)), encode((b + 0.5) * a), encode(a)]))
    >>> bool(keys[0] == keys[1]), bool(keys[0] == keys[2])
    (True, False)
    """
    keys = np.full(len(tokens), 0x9E3779B97F4A7C15, np.uint64)
    for column in np.asarray(tokens).astype(np.uint64).T:
        keys ^= column + np.uint64(0x9E3779B97F4A7C15) + (keys << np.uint64(6)) + (keys >> np.uint64(2))
        keys *= np.uint64(0xBF58476D1CE4E5B9)
        keys ^= keys >> np.uint64(31)
    return keys
