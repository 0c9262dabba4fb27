"""Text -> Expression: a parser for our own language and for what SymPy prints.

After V. R. Pratt, Top down operator precedence (1973).
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from typing import NoReturn, Protocol

from eqdisc.errors import ParseError, TooDeep
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import (
    ANY,
    CONSTANT,
    MINUS,
    POWER,
    PRODUCT,
    SUM,
    VARIABLE,
    Macro,
    nearest,
    operator,
    operator_words,
)

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|`(?P<quoted>(?:[^`]|``)+)`"
    r"|(?P<symbol>\*\*|[<>=!]=|[-+*/^%(),<>]))"
)
_INFIX = {
    "+": ("add", SUM), "-": ("sub", SUM), "*": ("mul", PRODUCT), "/": ("div", PRODUCT), "%": ("mod", PRODUCT),
    "**": ("pow", POWER), "^": ("pow", POWER),
}  # fmt: skip
_RELATIONS = (">", "<", ">=", "<=")
_WORDS = frozenset(word for word in operator_words() if word.isidentifier())
_SYMPY_ONLY = ("Piecewise", "ceiling")
_NUMBERS = {"pi": math.pi, "e": math.e, "E": math.e}
_DEEPEST = 150
_LARGEST = 100_000
_SHOWN = 60  # letters on either side of where reading stopped

# What other programs write and the language has other words for.
_SPELLED_OUT = {
    definition.partition("(")[0]: definition
    for definition in (
        "log2(x) = log(x)/log(2)", "log1p(x) = log(1 + x)", "exp2(x) = 2**x", "expm1(x) = exp(x) - 1",
        "sec(x) = 1/cos(x)", "csc(x) = 1/sin(x)", "cot(x) = 1/tan(x)", "sech(x) = 1/cosh(x)",
        "csch(x) = 1/sinh(x)", "coth(x) = 1/tanh(x)", "asinh(x) = log(x + sqrt(x**2 + 1))",
        "acosh(x) = log(x + sqrt(x**2 - 1))", "atanh(x) = log((1 + x)/(1 - x))/2", "ceil(x) = -floor(-x)",
        "relu(x) = max(x, 0)", "fmin(x, y) = min(x, y)", "fmax(x, y) = max(x, y)",
        "sqrtabs(x) = sqrt(abs(x))", "logabs(x) = log(abs(x))", "powabs(x, y) = abs(x)**y",
        "aq(x, y) = x/sqrt(1 + y**2)",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


Fail = Callable[[str], NoReturn]


class Unknowns(Protocol):
    """Says what words that are neither features nor operators stand for: None for nothing.

    `fail(reason)` raises the ParseError that points at the word.
    """

    def name(self, word: str, fail: Fail) -> Expression | None: ...

    def call(self, word: str, operands: Sequence[Expression], fail: Fail) -> Expression | None: ...


def parse(
    text: str,
    names: Sequence[str],
    macros: Iterable[Macro] = (),
    *,
    unknowns: Unknowns | None = None,
    start: int = 0,
) -> Expression:
    """Read a formula over the features called `names`.

    Understood are + - * / % ** ^, parentheses, numbers, pi and e (unless a feature has that name), the
    operators of the language by name or alias, functions that have other words there (log2, asinh, sec ...),
    `where(c, a, b)` (a where c > 0, else b; a condition such as
    x > 1 may be written), SymPy's Abs, Min, Max, Mod, log(x, 10) and Piecewise, and the macros given. Names
    that are no identifiers stand between backquotes. Nothing is simplified, except that x**2 and x**3 are
    read as square and cube. ParseError shows where reading stopped; no text is ever run as Python.

    unknowns : reads the words that are not known here; None to refuse them
    start    : where in the text the formula begins

    >>> parse("2*mass**2 - exp(-t)", ["mass", "t"])
    <Expression 2*x0**2 - exp(-x1)>
    """
    return _Parser(text, names, tuple(macros), unknowns, start).read()


def unreadable(text: str, reason: str, position: int) -> ParseError:
    """The error that shows the text and, by a caret, where reading stopped."""
    return ParseError(f"cannot read the formula: {reason}\n{_excerpt(text, position)}")


def _excerpt(text: str, position: int) -> str:
    """The text, of a long one the part around a position, with a caret under it."""
    line = text.replace("\n", " ").replace("\t", " ")
    first = max(0, position - _SHOWN) if len(line) > 2 * _SHOWN else 0
    last = position + _SHOWN if len(line) > 2 * _SHOWN else len(line)
    before, after = "... " if first else "", " ..." if last < len(line) else ""
    return f"  {before}{line[first:last]}{after}\n  {' ' * (len(before) + position - first)}^"


@cache
def _spelled_out(name: str) -> Macro | None:
    return Macro.parse(_SPELLED_OUT[name]) if name in _SPELLED_OUT else None


class _Parser:
    def __init__(
        self,
        text: str,
        names: Sequence[str],
        macros: tuple[Macro, ...],
        unknowns: Unknowns | None,
        start: int,
    ) -> None:
        self.text = text
        self.start = start
        self.unknowns = unknowns
        self.features = {name: j for j, name in reversed(list(enumerate(names)))}
        self.macros = {macro.name: macro for macro in macros}
        self.tokens = self._tokens()
        self.at = 0
        self.depth = 0

    # ------------------------------------------------------------ tokens

    def _tokens(self) -> list[_Token]:
        found: list[_Token] = []
        position = self.start
        while position < len(self.text.rstrip()):
            match = _TOKEN.match(self.text, position)
            if match is None:
                skipped = len(self.text[position:]) - len(self.text[position:].lstrip())
                start = position + skipped
                self._fail(f"'{self.text[start]}' is not part of the language", start)
            kind = str(match.lastgroup)
            found.append(_Token(kind, match[kind], match.start(kind)))
            position = match.end()
        return [*found, _Token("end", "", len(self.text.rstrip()))]

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def _advance(self) -> _Token:
        token = self.next
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def _is(self, symbol: str) -> bool:
        return self.next.kind == "symbol" and self.next.text == symbol

    def _expect(self, symbol: str, why: str) -> None:
        if not self._is(symbol):
            self._fail(f"expected '{symbol}' {why}, got {self._described(self.next)}", self.next.position)
        self._advance()

    @staticmethod
    def _described(token: _Token) -> str:
        return "the end of the text" if token.kind == "end" else f"'{token.text}'"

    def _fail(self, reason: str, position: int) -> NoReturn:
        raise unreadable(self.text, reason, position)

    def _failing_at(self, token: _Token) -> Fail:
        return lambda reason: self._fail(reason, token.position)

    # ------------------------------------------------------------ grammar

    def read(self) -> Expression:
        if self.next.kind == "end":
            self._fail("it is empty", self.start)
        found = self._formula(ANY)
        if self.next.kind != "end":
            self._fail(f"did not expect {self._described(self.next)} here", self.next.position)
        return found

    def _formula(self, weakest: int) -> Expression:
        """An operand and all infix operators after it that bind at least as strongly as `weakest`."""
        self.depth += 1
        if self.depth > _DEEPEST:
            where = _excerpt(self.text, self.next.position)
            raise TooDeep(f"cannot read the formula: it is nested deeper than {_DEEPEST} levels\n{where}")
        left = self._operand()
        while self.next.kind == "symbol" and self.next.text in _INFIX:
            name, strength = _INFIX[self.next.text]
            if strength < weakest:
                break
            self._advance()
            right = self._formula(strength if name == "pow" else strength + 1)
            left = _power(left, right) if name == "pow" else Expression.apply(name, left, right)
        self.depth -= 1
        return left

    def _operand(self) -> Expression:
        token = self._advance()
        if token.kind == "number":
            return self._number(token, 1.0)
        if token.kind in ("name", "quoted"):
            called = token.kind == "name" and self._is("(")
            return self._call(token) if called else self._name(token)
        if token.text == "(":
            inner = self._formula(ANY)
            self._expect(")", "to close the parenthesis")
            return inner
        if token.text == "-":
            return self._negative()
        if token.text == "+":
            return self._formula(MINUS)
        return self._fail(f"expected a number, a name or '(', got {self._described(token)}", token.position)

    def _negative(self) -> Expression:
        # "-2" is a number, but -2**x is the negative of a power.
        following = self.tokens[min(self.at + 1, len(self.tokens) - 1)].text
        if self.next.kind == "number" and following not in ("**", "^"):
            return self._number(self._advance(), -1.0)
        return Expression.apply("neg", self._formula(MINUS))

    def _number(self, token: _Token, sign: float) -> Expression:
        value = float(token.text)
        if math.isinf(value):
            self._fail(f"the number {token.text} is too large for double precision", token.position)
        return Expression.constant(sign * value)

    def _name(self, token: _Token) -> Expression:
        name = token.text.replace("``", "`") if token.kind == "quoted" else token.text
        if name in self.features:
            return Expression.variable(self.features[name])
        if name in _NUMBERS and not self._is_letter_of_form(name):
            return Expression.constant(_NUMBERS[name])
        if name in ("nan", "oo", "zoo", "inf"):  # how SymPy writes what has no finite value
            return Expression.apply("div", 0.0 if name == "nan" else 1.0, 0.0)
        if name in _WORDS or name in self.macros:
            self._fail(f"the operator '{name}' needs operands in parentheses", token.position)
        if self.unknowns is not None and token.kind == "name":
            read = self.unknowns.name(name, self._failing_at(token))
            if read is not None:
                return read
        known = ", ".join(self.features) or "no names"
        hint = nearest(name, [*self.features, *_WORDS]) or f"; known are {known}"
        return self._fail(f"unknown name '{name}'{hint}", token.position)

    def _is_letter_of_form(self, name: str) -> bool:
        # Where unknown names are parameters, a + b*x + c*x**2 + d*x**3 + e*x**4 has one called e; not e**x.
        return self.unknowns is not None and name != "pi" and not (self._is("**") or self._is("^"))

    # ------------------------------------------------------------ calls

    def _call(self, token: _Token) -> Expression:
        name = token.text
        self._advance()
        if name in self.macros:
            return self._expanded(self.macros[name], self._arguments(), token)
        if name == "Piecewise":
            return self._piecewise(token)
        spelled = _spelled_out(name)
        if spelled is not None:
            return self._expanded(spelled, self._arguments(), token)
        if name not in _WORDS and name not in _SYMPY_ONLY:
            if self.unknowns is not None:
                read = self.unknowns.call(name, self._arguments(), self._failing_at(token))
                if read is not None:
                    return read
            hint = nearest(name, [*_WORDS, *self.macros])
            self._fail(f"unknown operator '{name}'{hint}", token.position)
        if operator_name(name) == "where":
            return self._where(token)
        return self._applied(name, self._arguments(), token)

    def _applied(self, name: str, operands: list[Expression], token: _Token) -> Expression:
        if name == "ceiling":
            self._count(token, operands, 1)
            return -Expression.apply("floor", -operands[0])
        row = operator(name)
        if row.name in ("min", "max") and len(operands) > 2:
            return reduce(lambda a, b: Expression.apply(row.name, a, b), operands)
        if row.name == "log" and len(operands) == 2:
            ten = operands[1].codes == (CONSTANT,) and operands[1].payload == (10.0,)
            value = Expression.apply("log10" if ten else "log", operands[0])
            return value if ten else value / Expression.apply("log", operands[1])
        self._count(token, operands, row.arity)
        return Expression.apply(row.name, *operands)

    def _count(self, token: _Token, operands: list[Expression], wanted: int) -> None:
        if len(operands) != wanted:
            plural = "operand" if wanted == 1 else "operands"
            self._fail(f"'{token.text}' takes {wanted} {plural}, got {len(operands)}", token.position)

    def _arguments(self) -> list[Expression]:
        found: list[Expression] = []
        while not self._is(")") or found:
            found.append(self._formula(ANY))
            if not self._is(","):
                break
            self._advance()
        self._expect(")", "or ',' after an operand")
        return found

    def _expanded(self, macro: Macro, operands: list[Expression], token: _Token) -> Expression:
        self._count(token, operands, len(macro.parameters))
        codes: list[int] = []
        payload: list[float] = []
        for code, value in zip(macro.body.codes, macro.body.payload, strict=True):
            piece = operands[int(value)] if code == VARIABLE else None
            codes.extend(piece.codes if piece else (code,))
            payload.extend(piece.payload if piece else (value,))
            if len(codes) > _LARGEST:
                self._fail(f"'{macro.name}' grows beyond {_LARGEST} nodes", token.position)
        return Expression(tuple(codes), tuple(payload))

    # ------------------------------------------------------------ conditions

    def _where(self, token: _Token) -> Expression:
        choose = self._condition()
        rest: list[Expression] = []
        while self._is(","):
            self._advance()
            rest.append(self._formula(ANY))
        self._expect(")", "or ',' after an operand")
        if len(rest) != 2:
            self._fail(f"'where' takes 3 operands, got {1 + len(rest)}", token.position)
        return choose(rest[0], rest[1])

    def _piecewise(self, token: _Token) -> Expression:
        """Piecewise((a, condition), ..., (b, True)), as SymPy writes it."""
        branches: list[tuple[Expression, Callable[[Expression, Expression], Expression]]] = []
        while True:
            self._expect("(", "to open a branch of Piecewise")
            value = self._formula(ANY)
            self._expect(",", "between a branch and its condition")
            if self.next.kind == "name" and self.next.text == "True":
                self._advance()
                self._expect(")", "to close the branch")
                if self._is(","):
                    self._advance()
                self._expect(")", "after the branch for True, which is the last")
                return reduce(lambda rest, branch: branch[1](branch[0], rest), reversed(branches), value)
            branches.append((value, self._condition()))
            self._expect(")", "to close the branch")
            if not self._is(","):
                self._fail("the last branch of Piecewise must have the condition True", token.position)
            self._advance()

    def _condition(self) -> Callable[[Expression, Expression], Expression]:
        """A formula (true where positive) or a comparison, as a function that joins two branches."""
        left = self._formula(ANY)
        relation = self.next.text if self.next.kind == "symbol" else ""
        if relation not in _RELATIONS:
            return lambda a, b: Expression.apply("where", left, a, b)
        self._advance()
        right = self._formula(ANY)
        excess = _difference(left, right) if relation in (">", "<=") else _difference(right, left)
        if relation in (">", "<"):
            return lambda a, b: Expression.apply("where", excess, a, b)
        return lambda a, b: Expression.apply("where", excess, b, a)


def operator_name(word: str) -> str:
    """Canonical name of an operator's alias; the word itself if it is none."""
    return operator(word).name if word in _WORDS else word


def _difference(a: Expression, b: Expression) -> Expression:
    if b.codes == (CONSTANT,) and b.payload == (0.0,):
        return a
    if a.codes == (CONSTANT,) and a.payload == (0.0,):
        return -b
    return a - b


def _power(base: Expression, exponent: Expression) -> Expression:
    if exponent.codes == (CONSTANT,) and exponent.payload[0] in (2.0, 3.0):
        return Expression.apply("square" if exponent.payload[0] == 2.0 else "cube", base)
    return Expression.apply("pow", base, exponent)
