"""Answer and truth as text: which names they use, what they mean, and how SymPy may safely be told."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eqdisc.errors import InputError, TooDeep
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.expr.simplify import simplify
from eqdisc.interop.sympy_bridge import symbol_names, sympy_text

if TYPE_CHECKING:
    import sympy

_TOKEN = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[^\W\d]\w*|`(?:[^`]|``)+`|\*\*|[<>=!]=|\S")
_NUMBERS = frozenset({"pi", "e", "E", "nan", "oo", "zoo", "inf", "True", "False"})
# Calls that SymPy reads with the meaning they have here; a formula with others is written out for it.
_NATIVE = frozenset(
    {"sqrt", "exp", "log", "ln", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh",
     "asinh", "acosh", "atanh", "sec", "csc", "cot", "sech", "csch", "coth",
     "Abs", "sign", "Min", "Max", "Mod", "floor", "ceiling", "Piecewise"}
)  # fmt: skip
_LARGEST_SIMPLIFIED = 500  # nodes
_DEEPEST = 120  # parentheses within parentheses


@dataclass(frozen=True)
class Formula:
    """A formula that has been read.

    text       : as it was given
    tree       : its meaning, over the features `names`
    sympy_text : what `sympify` reads as this formula, made of known words only, over `symbols`
    symbols    : the names as SymPy may know them, in the order of `names`
    """

    text: str
    tree: Expression
    names: tuple[str, ...]
    sympy_text: str
    symbols: tuple[str, ...]

    @property
    def used(self) -> tuple[str, ...]:
        """The names it contains."""
        return tuple(self.names[feature] for feature in self.tree.features)


def read_formula(text: "str | sympy.Basic", names: Sequence[str]) -> Formula:
    """Read a formula over features called `names` (or their `symbol_names`).

    ParseError shows where reading stopped. The text is never run as Python, and no more is SymPy's.

    >>> read_formula("2*mass^2", ["mass"]).sympy_text
    '2*mass**2'
    """
    text = str(text)
    safe = symbol_names(names)
    aliases = [safe[name] for name in names]
    depth = _depth(text)
    if depth > _DEEPEST:
        raise TooDeep(f"the formula is nested {depth} parentheses deep; at most {_DEEPEST} can be read")
    tree = parse(text, [*names, *aliases])
    tree = tree.remap_features({j: j % len(names) for j in tree.features}) if names else tree
    symbols = tuple(aliases)
    return Formula(text, tree, tuple(names), _for_sympy(text, tree, safe), symbols)


def read_pair(
    answer: "str | sympy.Basic",
    truth: "str | sympy.Basic",
    names: Sequence[str] | None = None,
    domain: Collection[str] = (),
) -> tuple[Formula, Formula]:
    """Answer and truth over the same names; those found in the two where None are given.

    domain : names that have a range: E and e are names if they are among these, else 2.718...
    InputError where no name of the answer is in the truth, for then they are about different things.

    >>> [formula.used for formula in read_pair("2*x", "x + y")]
    [('x',), ('x', 'y')]
    """
    if names is None:
        in_truth, in_answer = (variables(str(text), domain) for text in (truth, answer))
        if in_truth and in_answer and not set(in_truth) & set(in_answer):
            raise InputError(
                f"the answer is about {', '.join(in_answer)}, the truth about {', '.join(in_truth)}; "
                "write both in the same names"
            )
        names = tuple(dict.fromkeys([*in_truth, *in_answer]))
    return read_formula(answer, names), read_formula(truth, names)


def tidy(expression: Expression) -> Expression:
    """The expression simplified; as it is where it is so large that this would take long.

    >>> tidy(parse("x + 0*x", ["x"]))
    <Expression x0>
    """
    return simplify(expression) if expression.size <= _LARGEST_SIMPLIFIED else expression


def variables(text: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """Names in a formula that are neither operators nor numbers, in the order in which they occur.

    known : words such as E that are names here

    >>> variables("m*c**2/sqrt(1 - v**2/c**2) + pi")
    ('m', 'c', 'v')
    """
    found = []
    for token, following in _with_next(text):
        if token[0] == "`":
            found.append(token[1:-1].replace("``", "`"))
        elif token.isidentifier() and following != "(" and (token in known or token not in _NUMBERS):
            found.append(token)
    return tuple(dict.fromkeys(found))


def _with_next(text: str) -> list[tuple[str, str]]:
    """The tokens of a text, each with the one after it."""
    tokens = _TOKEN.findall(text)
    return list(zip(tokens, [*tokens[1:], ""][: len(tokens)], strict=True))


def _depth(text: str) -> int:
    depth = deepest = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        deepest = max(deepest, depth)
    return deepest


def _for_sympy(text: str, tree: Expression, safe: dict[str, str]) -> str:
    """The text itself where SymPy reads it alike (numbers keep their form), else the tree written out.

    The parser has taken the text, so that every word in it is a name, a number or an operator.
    """
    written = []
    for token, following in _with_next(text):
        if token[0] == "`" or token in safe:
            name = token[1:-1].replace("``", "`") if token[0] == "`" else token
            written.append(safe.get(name, name))
        elif token.isidentifier() and following == "(" and token not in _NATIVE:
            return sympy_text(tree, list(safe.values()))
        else:
            written.append({"^": "**", "e": "E", "inf": "oo"}.get(token, token))
    return "".join(written)
