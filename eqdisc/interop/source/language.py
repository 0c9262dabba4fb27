"""The one printer of code: a language is a row that says only what it does in its own way."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import render
from eqdisc.expr.operators import (
    ATOM,
    CONSTANT,
    MINUS,
    OPERATORS,
    POWER,
    PRODUCT,
    VARIABLE,
    WHERE,
    Form,
    Operator,
    row_of,
)
from eqdisc.interop.identifiers import identifiers
from eqdisc.interop.source.subject import Subject, quoted

VALUES = "values"  # what a program may call the place of several values
RECIPROCAL = Form("1.0/#1", PRODUCT, (POWER,))


def calls(prefix: str, words: str = "", **renamed: str) -> dict[str, Form]:
    """Forms of operators written as calls: all that are calls in our own language, or those of `words`.

    >>> calls("np.", asin="arcsin")["asin"].template
    'np.arcsin(#1)'
    """
    wanted = words.split() or [row.name for row in OPERATORS if row.text.template.startswith(row.name)]
    rows = {row.name: row for row in OPERATORS}
    holes = ("#1", "#1, #2", "#1, #2, #3")
    return {
        name: Form(f"{prefix}{renamed.get(name, name)}({holes[rows[name].arity - 1]})") for name in wanted
    }


def named(definitions: str) -> dict[str, str]:
    """Definitions parted by blank lines, by the name of the function each defines.

    >>> list(named("def f(x):\\n    return 2*x\\n\\ndef g(x):\\n    return f(x)"))
    ['f', 'g']
    """
    return {text.partition("(")[0].split()[-1]: text for text in definitions.strip().split("\n\n")}


def _same_form(name: str, last: float) -> Form | None:
    return None


@dataclass(frozen=True)
class Code:
    """The parts of a program: `definitions` are the helpers it needs, `notes` what its comment says.

    `values` are what it computes, one or several.
    """

    function: str
    arguments: tuple[str, ...]
    values: tuple[str, ...]
    definitions: tuple[str, ...]
    notes: tuple[str, ...]

    def body(self, brackets: str = "()") -> str:
        """The value, or all of them between brackets."""
        return self.values[0] if len(self.values) == 1 else ", ".join(self.values).join(brackets)


@dataclass(frozen=True)
class Language:
    """A programming language: one row.

    name     : as people write it
    forms    : operators that are not written as in our own language
    helpers  : functions that may be defined in front of the law, by name, each after those it calls
    template : puts the program together
    usage    : the call of the law, from the function's name, the arguments and the names of the columns
    infinity, nan : how these are written; a minus may stand before the first
    keywords : words that a column cannot be called; those in the forms and the helpers' names are added
    special  : another form of an operator whose last operand is this number
    literal  : whether an operation on numbers alone may be left to the language (where its value is finite)
    ascii_only : whether identifiers are limited to ASCII
    """

    name: str
    forms: Mapping[str, Form]
    helpers: Mapping[str, str]
    template: Callable[[Code], str]
    usage: Callable[[str, list[str], list[str]], str]
    infinity: str
    nan: str
    keywords: str = ""
    special: Callable[[str, float], Form | None] = _same_form
    literal: Callable[[int], bool] = lambda code: True
    ascii_only: bool = False

    @cached_property
    def reserved(self) -> frozenset[str]:
        """Words that no column can be called."""
        written = " ".join([*(form.template for form in self.forms.values()), self.infinity, self.nan])
        return frozenset(
            [*re.findall(r"(?<![\w.#])[A-Za-z_]\w*", written), *self.helpers, *self.keywords.split()]
        )

    def write(self, subject: Subject) -> str:
        """The program. OptionError where the function's name is none in this language."""
        function = subject.function
        if identifiers([function], self.reserved, self.ascii_only) != [function]:
            raise OptionError(
                f"a function of {self.name} cannot be called {function!r}; choose a name such as 'law'"
            )
        own = {function} if len(subject.expressions) == 1 else {function, VALUES}
        called = identifiers(subject.names, self.reserved | own, self.ascii_only)
        values = tuple(self._formula(expression, called) for expression in subject.expressions)
        arguments = [called[j] for j in subject.used]
        usage = self.usage(function, arguments, [quoted(subject.names[j]) for j in subject.used])
        notes = [*subject.legend(called), "", f"Usage: {usage}", *subject.origin()]
        definitions = self._definitions(" ".join(values))
        return self.template(Code(function, tuple(arguments), values, definitions, tuple(notes)))

    def _formula(self, expression: Expression, called: list[str]) -> str:
        def leaf(code: int, payload: float) -> tuple[str, int]:
            if code == VARIABLE:
                return called[int(payload)], ATOM
            text = self._number(payload)
            return text, MINUS if text.startswith("-") else ATOM

        def form(row: Operator, last: float | None) -> Form:
            special = None if last is None else self.special(row.name, last)
            return special or self.forms.get(row.name, row.text)

        codes, payload = folded(expression, self.literal)
        return render(codes, payload, leaf, form)

    def _number(self, value: float) -> str:
        if math.isfinite(value):
            return repr(value)
        return self.nan if math.isnan(value) else self.infinity if value > 0.0 else f"-{self.infinity}"

    def _definitions(self, body: str) -> tuple[str, ...]:
        needed: list[str] = []
        for name, definition in reversed(list(self.helpers.items())):
            if any(re.search(rf"(?<![\w.]){name}\(", text) for text in (body, *needed)):
                needed.append(definition)
        return tuple(reversed(needed))


@dataclass(frozen=True, slots=True)
class _Piece:
    codes: tuple[int, ...]
    payload: tuple[float, ...]
    value: float | None  # of numbers alone


def folded(
    expression: Expression, literal: Callable[[int], bool]
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Codes and payload without operations on numbers alone that are not finite or not `literal`.

    They become numbers, maybe infinite ones: languages differ in what they do with 1/0, and functions of
    tensors accept no numbers. A `where` of a number that is not `literal` is replaced by the branch chosen.
    """
    stack: list[_Piece] = []
    for code, own in zip(expression.codes, expression.payload, strict=True):
        if code in (VARIABLE, CONSTANT):
            stack.append(_Piece((code,), (own,), own if code == CONSTANT else None))
            continue
        row = row_of(code)
        operands = stack[-row.arity :]
        del stack[-row.arity :]
        if code == WHERE and operands[0].value is not None and not literal(code):
            stack.append(operands[1] if operands[0].value > 0.0 else operands[2])
            continue
        value = _value(row, [piece.value for piece in operands])
        if value is not None and not (math.isfinite(value) and literal(code)):
            stack.append(_Piece((CONSTANT,), (value,), value))
            continue
        codes = sum((piece.codes for piece in operands), ())
        payload = sum((piece.payload for piece in operands), ())
        stack.append(_Piece((*codes, code), (*payload, 0.0), value))
    return stack[0].codes, stack[0].payload


def _value(row: Operator, operands: Collection[float | None]) -> float | None:
    known = [np.float64(value) for value in operands if value is not None]
    if len(known) < row.arity:
        return None
    with np.errstate(all="ignore"):
        return float(row.evaluate(*known))
