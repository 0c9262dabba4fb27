"""A form: a formula with free parameters, and with functions that are not known yet."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, DIV, MUL, NEG, VARIABLE, Macro, nearest, operator_words
from eqdisc.expr.parse import Fail, parse, unreadable

_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")
_UNIT = re.compile(r"\s*(\[[^\]]*\]|\([^)]*\))$")
_EULER = re.compile(r"(?<![\w.`])([eE])\s*(?:\*\*|\^)")
_DIGITS = re.compile(r"\d")
_ALIKE = 0.8  # words of at least three letters so alike are one word mistyped


@dataclass(frozen=True)
class Call:
    """An unknown function at one place of a form: its name and what it is given there.

    The arguments are formulas over the variables of the form (`Form.tree`).
    """

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Form:
    """A formula over columns with free parameters and unknown functions; made by `Form.parse`.

    text       : as it was written
    columns    : names of the columns it may read
    tree       : its variables are the columns, then the parameters, then the calls; its constants are fixed
    parameters : names, in the order they are met; one parameter may stand at several places
    calls      : places where an unknown function is called; one function may be called at several
    notes      : what the writer should know of how the form was read

    >>> form = Form.parse("y = a*exp(-b*t) + c", ["t"], target="y")
    >>> form.parameters
    ('a', 'b', 'c')
    >>> print(form.expression({"a": 2.0, "b": 0.5, "c": 1.0}))
    2*exp(-(0.5*x0)) + 1
    """

    text: str
    columns: tuple[str, ...]
    tree: Expression
    parameters: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    notes: tuple[str, ...] = ()

    @staticmethod
    def parse(
        text: str,
        columns: Sequence[str],
        macros: Sequence[Macro] = (),
        *,
        target: str | None = None,
        functions: bool = True,
    ) -> "Form":
        """Read "a*exp(-b*t) + c" or "y = a*exp(-f(t))": what is no column and no operator is unknown.

        columns   : names of the table's columns; other plain names are free parameters
        macros    : operators of the user's own
        target    : the name that may stand left of "=", and nowhere else
        functions : whether names that are called, as in f(x), f(x1 - x2) or g(t, x), are unknown functions

        A number in a form is fixed; e is a parameter, but in e**x it is Euler's number. ParseError points at
        what cannot be read, at a name so like a column's or an operator's that it is a slip, and at a call
        with no column in it.

        >>> [call.name for call in Form.parse("a*exp(-f(x)) + g(t)", ["x", "t"]).calls]
        ['f', 'g']
        >>> Form.parse("y = a*exp(-b*tme)", ["time"])
        Traceback (most recent call last):
            ...
        eqdisc.errors.ParseError: cannot read the formula: unknown name 'tme'; did you mean 'time'?
          y = a*exp(-b*tme)
                       ^
        """
        start = _start(text, target)
        reader = _Reader(tuple(columns), tuple(macro.name for macro in macros), target, functions)
        raw = parse(text, columns, macros, unknowns=reader, start=start)
        reader.check_slips(raw)
        return _ordered(text, tuple(columns), raw, reader, _notes(text[start:], raw, reader))

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the unknown functions, in the order they are met."""
        return tuple(dict.fromkeys(call.name for call in self.calls))

    def arity(self, function: str) -> int:
        """Number of arguments an unknown function takes."""
        return next(len(call.arguments) for call in self.calls if call.name == function)

    def with_functions(self, bodies: Mapping[str, Expression]) -> Expression:
        """The tree with every call replaced; `bodies` are formulas over the arguments, in their order.

        >>> form = Form.parse("k*f(x - 1)", ["x"])
        >>> print(form.with_functions({"f": parse("exp(u)", ["u"])}))       # x1 is the parameter k
        x1*exp(x0 - 1)
        """
        first = len(self.columns) + len(self.parameters)
        made: dict[int, Expression] = {}
        for index, call in enumerate(self.calls):  # an argument calls only what was met before
            arguments = [substitute(argument, made) for argument in call.arguments]
            made[first + index] = substitute(bodies[call.name], dict(enumerate(arguments)))
        return substitute(self.tree, made)

    def expression(
        self, values: Mapping[str, float], bodies: Mapping[str, Expression] | None = None
    ) -> Expression:
        """The law with these values of the parameters and these functions; OptionError if one is missing."""
        given = bodies or {}
        missing = [name for name in self.parameters if name not in values]
        missing += [name for name in self.functions if name not in given]
        if missing:
            raise OptionError(f"'{self.text}' leaves {', '.join(missing)} open; give a value for each")
        numbers = [values[name] for name in self.parameters]
        return filled(self.with_functions(given), len(self.columns), numbers)[0]


def substitute(tree: Expression, replacements: Mapping[int, Expression]) -> Expression:
    """The tree with these variables replaced by formulas.

    >>> x = Expression.variable(0)
    >>> print(substitute(x * x, {0: x + 1.0}))
    (x0 + 1)*(x0 + 1)
    """
    codes: list[int] = []
    payload: list[float] = []
    for code, value in zip(tree.codes, tree.payload, strict=True):
        donor = replacements.get(int(value)) if code == VARIABLE else None
        codes.extend(donor.codes if donor else (code,))
        payload.extend(donor.payload if donor else (value,))
    return Expression(tuple(codes), tuple(payload))


def filled(tree: Expression, first: int, values: Sequence[float]) -> tuple[Expression, tuple[int, ...]]:
    """The tree with its variables from `first` on replaced by numbers, and which number each constant is.

    The second counts the values from 0 and is -1 for a constant of the tree itself.

    >>> law, owners = filled(parse("2*exp(b*x) + b", ["x", "b"]), 1, [0.5])
    >>> print(law, owners)
    2*exp(0.5*x0) + 0.5 (-1, 0, 0)
    """
    codes: list[int] = []
    payload: list[float] = []
    owners: list[int] = []
    for code, number in zip(tree.codes, tree.payload, strict=True):
        given = code == VARIABLE and number >= first
        codes.append(CONSTANT if given else code)
        payload.append(values[int(number) - first] if given else number)
        if codes[-1] == CONSTANT:
            owners.append(int(number) - first if given else -1)
    return Expression(tuple(codes), tuple(payload)), tuple(owners)


class _Reader:
    """Takes down the parameters and calls of a form while it is parsed; variables in the order of reading."""

    def __init__(
        self, columns: tuple[str, ...], macros: tuple[str, ...], target: str | None, functions: bool
    ) -> None:
        self.columns = columns
        self.target = target
        self.functions = functions
        self.operators = {*operator_words(), *macros}
        self.unknowns: list[str | Call] = []
        self.failing: dict[str, Fail] = {}

    def name(self, word: str, fail: Fail) -> Expression | None:
        if word == self.target:
            fail(f"'{word}' is the target; it stands left of '=' and nowhere else")
        if word in (call.name for call in self._calls()):
            fail(f"'{word}' is called as a function elsewhere; it needs its arguments here too")
        self.failing.setdefault(word, fail)
        return self._variable(word)

    def call(self, word: str, operands: Sequence[Expression], fail: Fail) -> Expression | None:
        names = [*self.columns, *self.failing]
        if word in names or not self.functions:
            hint = "" if word in names else nearest(word, self.operators)
            fail(f"'{word}' is no operator{hint}; a product is written {word}*(...)")
        slip = _slip(word, self.operators, called=True)
        if slip:
            fail(f"unknown operator '{word}'; did you mean '{slip}'? An unknown function needs another name")
        if not any(self._reads_column(operand) for operand in operands):
            fail(f"the unknown function '{word}' needs columns to be a function of, as in {word}(x)")
        before = [len(call.arguments) for call in self._calls() if call.name == word]
        if before and before[0] != len(operands):
            fail(f"'{word}' has {len(operands)} arguments here and {before[0]} before")
        return self._variable(Call(word, tuple(operands)))

    def check_slips(self, tree: Expression) -> None:
        """Refuse a parameter called almost like a column that the form does not read."""
        read = {self.columns[j] for j in self._columns_of(tree)}
        for word, fail in self.failing.items():
            slip = _slip(word, [name for name in self.columns if name not in read])
            if slip:
                fail(f"unknown name '{word}'; did you mean '{slip}'?")

    def _calls(self) -> list[Call]:
        return [found for found in self.unknowns if isinstance(found, Call)]

    def _variable(self, unknown: str | Call) -> Expression:
        if unknown not in self.unknowns:
            self.unknowns.append(unknown)
        return Expression.variable(len(self.columns) + self.unknowns.index(unknown))

    def _columns_of(self, tree: Expression) -> set[int]:
        """Columns read, in arguments too."""
        found: set[int] = set()
        for j in tree.features:
            unknown = self.unknowns[j - len(self.columns)] if j >= len(self.columns) else None
            inner = unknown.arguments if isinstance(unknown, Call) else ()
            found |= {j} if j < len(self.columns) else set().union(*map(self._columns_of, inner))
        return found

    def _reads_column(self, tree: Expression) -> bool:
        return bool(self._columns_of(tree))


def _slip(word: str, known: Iterable[str], called: bool = False) -> str:
    """The known word of which this one is a slip of the pen; empty where none is near.

    `called` words are compared with operators: there one wrong letter of three (exq for exp) is a slip too,
    while k1 beside k2 is a parameter.
    """
    for other in sorted(known):
        alike = SequenceMatcher(None, word.casefold(), other.casefold()).ratio() >= _ALIKE
        if called:
            alike |= len(word) == len(other) and sum(map(str.__ne__, word, other)) == 1
        elif _DIGITS.sub("", word) == _DIGITS.sub("", other):
            alike = False
        if alike and min(len(word), len(other)) >= 3:
            return other
    return ""


def _ordered(
    text: str, columns: tuple[str, ...], raw: Expression, reader: _Reader, notes: tuple[str, ...]
) -> Form:
    """The form with its variables in order: columns, parameters, calls."""
    first = len(columns)
    found = list(enumerate(reader.unknowns, first))
    parameters = {j: name for j, name in found if isinstance(name, str)}
    calls = {j: call for j, call in found if isinstance(call, Call)}
    order = {old: new for new, old in enumerate([*parameters, *calls], first)}
    return Form(
        text,
        columns,
        _minus_outwards(raw.remap_features(order)),
        tuple(parameters.values()),
        tuple(
            Call(call.name, tuple(_minus_outwards(a.remap_features(order)) for a in call.arguments))
            for call in calls.values()
        ),
        notes,
    )


def _minus_outwards(tree: Expression) -> Expression:
    """-b*t, read as (-b)*t, as -(b*t): with a number for b that is the plainer law, and has b in it."""
    if not tree.arity_root:
        return tree
    children = [_minus_outwards(child) for child in tree.children]
    if tree.root in (MUL, DIV) and children[0].root == NEG:
        return Expression.apply(NEG, Expression.apply(tree.root, children[0].children[0], children[1]))
    return Expression.apply(tree.root, *children)


def _notes(text: str, tree: Expression, reader: _Reader) -> tuple[str, ...]:
    notes = []
    for word in reader.failing:
        same = [name for name in reader.columns if name.casefold() == word.casefold()]
        if same:
            notes.append(f"'{word}' is read as a free parameter; the column is called '{same[0]}'")
    for word in sorted({found[1] for found in _EULER.finditer(text)} - set(reader.columns)):
        notes.append(f"'{word}' in a power '{word}**...' is read as Euler's number, {math.e:.6g}")
    if not reader._columns_of(tree):
        columns = ", ".join(reader.columns)
        notes.append(f"the form reads no column of the table, which are {columns}")
    return tuple(notes)


def _start(text: str, target: str | None) -> int:
    """Where the right side begins; ParseError where the left side is not the target."""
    place = len(text) - len(text.lstrip())
    after = place + len(target or "")
    named = target is not None and text.startswith(target, place) and _EQUALS.match(text[after:].lstrip())
    signs = [found.start() for found in _EQUALS.finditer(text, after if named else 0)]
    if not signs:
        return 0
    if len(signs) > 1:
        raise unreadable(text, "it has more than one '='", signs[1])
    if named:
        return signs[0] + 1
    left = text[: signs[0]].strip()
    plain = left.strip("`").replace("``", "`")
    if target is None or target in (plain, _UNIT.sub("", plain)):
        return signs[0] + 1
    raise unreadable(text, f"left of '=' stands '{left}', wanted the target '{target}' or nothing", place)
