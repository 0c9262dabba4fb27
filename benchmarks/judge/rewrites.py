"""Equal laws, written differently, and wrong ones that look alike: what the judge is tried on."""

import math
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import sympy

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.errors import InputError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import CONSTANT, OPERATORS, VARIABLE, row_of
from eqdisc.expr.parse import parse
from eqdisc.metrics.high_precision import movable_constants

FITTED = 1e-8  # relative error that a fitted constant has
_MOVES = 6
_PATIENCE = 5.0  # seconds for SymPy: sin(1e34*x) takes it forever, one double angle after the other

# ---------------------------------------------------------------- by SymPy

_SYMPY_WAYS: dict[str, Callable[[sympy.Expr], sympy.Expr]] = {
    "expand": sympy.expand,
    "factor": sympy.factor,
    "together": sympy.together,
    "simplify": sympy.simplify,
    "expand_trig": sympy.expand_trig,
    "trigsimp": sympy.trigsimp,
    "powsimp": sympy.powsimp,
    "expand_log": sympy.expand_log,
    "cos as sin": lambda e: e.rewrite(sympy.sin),
    "sin as cos": lambda e: e.rewrite(sympy.cos),
    "tanh as exp": lambda e: e.rewrite(sympy.exp) if e.has(sympy.tanh) else e,
    "evalf": lambda e: e.evalf(12),
    "numerator and denominator": lambda e: (
        sympy.UnevaluatedExpr(sympy.fraction(sympy.together(e))[0]) / sympy.fraction(sympy.together(e))[1]
    ),
}


def by_sympy(law: str, names: tuple[str, ...], positive: set[str]) -> Iterator[tuple[str, str]]:
    """(way, text) of what SymPy makes of a law, each text once, the law's own left out."""
    declared = {name: sympy.Symbol(name, real=True, positive=(name in positive) or None) for name in names}
    expression = sympy.sympify(law, locals=declared)
    seen = {law, str(expression)}
    for way, rewrite in _SYMPY_WAYS.items():
        try:
            with _alarm(_PATIENCE):
                text = str(rewrite(expression))
        except (TimeoutError, RecursionError):
            continue
        if text in seen or "I" in sympy.sympify(text).atoms(sympy.core.numbers.ImaginaryUnit):
            continue
        try:
            parse(text, names)
        except InputError:  # a function of SymPy that the language does not have
            continue
        seen.add(text)
        yield way, text


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """TimeoutError in the main thread after so many seconds."""

    def ring(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


# ---------------------------------------------------------------- by rules of our own

_APPLY = Expression.apply


def _number(value: float) -> Expression:
    return Expression.constant(value)


def _alternatives(e: Expression, rng: np.random.Generator) -> list[Expression]:
    """Other ways to write the root of an expression, equal wherever it has a real value."""
    k = float(rng.uniform(1.1, 9.0))
    others = [(e * _number(k)) / _number(k), e * _number(k) - e * _number(k - 1.0)]
    if e.root == CONSTANT:
        c = e.payload[0]
        part = 0.3 * c
        return [_number(c * k) / _number(k), _number(part) + _number(c - part)] if c else []
    if e.root == VARIABLE:
        return others
    name = row_of(e.root).name
    operands = e.children
    return others + _RULES.get(name, lambda *_: [])(*operands)


def _sums(a: Expression, b: Expression) -> list[Expression]:
    found = [b + a, a - (-b)]
    if row_of(a.root).name == "add" if a.arity_root else False:
        found.append(a.children[0] + (a.children[1] + b))
    return found


def _products(a: Expression, b: Expression) -> list[Expression]:
    found = [b * a, a / (_number(1.0) / b)]
    if b.arity_root and row_of(b.root).name in ("add", "sub"):
        first, second = (a * child for child in b.children)
        found.append(first + second if row_of(b.root).name == "add" else first - second)
    if a.arity_root and row_of(a.root).name == "mul":
        found.append(a.children[0] * (a.children[1] * b))
    return found


def _squares(a: Expression) -> list[Expression]:
    found = [a * a, _APPLY("pow", a, 4.0) / (a * a)]
    if a.arity_root and row_of(a.root).name in ("add", "sub"):
        x, y = a.children
        cross = _number(2.0) * x * y
        squares = _APPLY("square", x) + _APPLY("square", y)
        found.append(squares + cross if row_of(a.root).name == "add" else squares - cross)
    if a.arity_root and row_of(a.root).name == "sin":
        found.append(_number(1.0) - _APPLY("square", _APPLY("cos", a.children[0])))
    if a.arity_root and row_of(a.root).name == "cos":
        found.append((_number(1.0) + _APPLY("cos", _number(2.0) * a.children[0])) / _number(2.0))
    return found


def _half(a: Expression) -> Expression:
    return a / _number(2.0)


_RULES: dict[str, Callable[..., list[Expression]]] = {
    "add": _sums,
    "sub": lambda a, b: [-(b - a), a + _number(-1.0) * b],
    "mul": _products,
    "div": lambda a, b: [a * _APPLY("inv", b), _number(1.0) / (b / a), a * _APPLY("pow", b, -1.0)],
    "neg": lambda a: [_number(-1.0) * a, _number(0.0) - a],
    "square": _squares,
    "cube": lambda a: [a * a * a, _APPLY("square", a) * a],
    "sqrt": lambda a: [_APPLY("pow", a, 0.5), a / _APPLY("sqrt", a)],
    "exp": lambda a: [_number(1.0) / _APPLY("exp", -a), _APPLY("square", _APPLY("exp", _half(a)))],
    "log": lambda a: [_number(2.0) * _APPLY("log", _APPLY("sqrt", a)), -_APPLY("log", _number(1.0) / a)],
    "sin": lambda a: [
        _APPLY("cos", a - _number(math.pi / 2)),
        _number(2.0) * _APPLY("sin", _half(a)) * _APPLY("cos", _half(a)),
    ],
    "cos": lambda a: [
        _APPLY("sin", a + _number(math.pi / 2)),
        _number(1.0) - _number(2.0) * _APPLY("square", _APPLY("sin", _half(a))),
    ],
    "tanh": lambda a: [_number(1.0) - _number(2.0) / (_APPLY("exp", _number(2.0) * a) + _number(1.0))],
}


def by_rules(law: Expression, names: tuple[str, ...], rng: np.random.Generator) -> str:
    """A law rewritten at several random places, its constants as a fit gives them: off by 1e-8."""
    rewritten = law
    for _ in range(_MOVES):
        node = int(rng.integers(rewritten.size))
        ways = _alternatives(rewritten.subtree(node), rng)
        if ways:
            rewritten = rewritten.replace_subtree(node, ways[rng.integers(len(ways))])
    return format_expression(rewritten, names)


def fitted(law: Expression, names: tuple[str, ...], rows: FloatArray, rng: np.random.Generator) -> str:
    """The law with its constants off by about 1e-8 of themselves, exponents aside.

    Less where that would be seen in the values: exp(1e-10*x) - 1.00000001 is no fit of exp(1e-10*x) - 1.
    """
    free = np.array(movable_constants(law), dtype=bool)
    off = FITTED * rng.uniform(-1.0, 1.0, free.size) * free
    wanted = evaluate(law, rows)
    while True:
        other = law.with_constants(law.constants * (1.0 + off))
        with np.errstate(all="ignore"):
            if np.nanmedian(np.abs(evaluate(other, rows) / wanted - 1.0)) <= 100.0 * FITTED:
                return format_expression(other, names)
        off *= 0.1


# ---------------------------------------------------------------- wrong laws

_UNARY = ("sin", "cos", "exp", "log", "sqrt", "square", "cube", "tanh", "abs", "inv", "tan")
_BINARY = ("add", "sub", "mul", "div")
_FACTORS = (0.5, 0.9, 0.99, 1.01, 1.1, 2.0, 3.0)


def wrong(law: Expression, n_features: int, rng: np.random.Generator) -> tuple[str, Expression] | None:
    """(what was changed, the law with one operator, variable or constant changed); None where none can be."""
    kind = ("operator", "variable", "constant")[rng.integers(3)]
    node = _of_kind(law, kind, rng)
    if node is None or (kind == "variable" and n_features < 2):
        return None
    subtree = law.subtree(node)
    if kind == "variable":
        others = [j for j in range(n_features) if j != int(subtree.payload[0])]
        changed = Expression.variable(others[rng.integers(len(others))])
    elif kind == "constant":
        factor = _FACTORS[rng.integers(len(_FACTORS))]
        changed = _number(subtree.payload[0] * factor if subtree.payload[0] else 1.0)
    else:
        row = row_of(subtree.root)
        pool = [name for name in (_UNARY if row.arity == 1 else _BINARY) if name != row.name]
        changed = _APPLY(pool[rng.integers(len(pool))], *subtree.children)
    return kind, law.replace_subtree(node, changed)


def _of_kind(law: Expression, kind: str, rng: np.random.Generator) -> int | None:
    arity = {row.name: row.arity for row in OPERATORS}
    fitting = [
        node
        for node, code in enumerate(law.codes)
        if (kind == "variable" and code == VARIABLE)
        or (kind == "constant" and code == CONSTANT)
        or (kind == "operator" and code not in (VARIABLE, CONSTANT) and arity[row_of(code).name] < 3)
    ]
    return int(fitting[rng.integers(len(fitting))]) if fitting else None
