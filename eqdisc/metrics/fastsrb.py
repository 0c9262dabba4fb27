"""FastSRB's rule for a rediscovered law (Martinek, arXiv 2508.14481).

There the simplified answer is printed by Julia with all its parentheses and numbers to five significant
digits, and that text must be one of a list of accepted forms. Here the trees that Julia makes of the texts
are compared, which is the same.
"""

import re
from collections.abc import Sequence

ACCEPTED_ERROR = 1e-8
DIGITS = 5

JuliaTree = tuple[object, ...] | float | str

_TOKEN = re.compile(r"\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\w+|\*\*|\S)")
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
_UNARY = 3  # binds more strongly than a product, less than a power
_CHAINED = ("+", "*")  # a + b + c is one call of three operands


def is_accepted(answer: str, accepted: Sequence[str]) -> bool:
    """Whether an answer, as SymPy simplified it, is one of the accepted forms at five significant digits.

    >>> is_accepted("0.500001*v1*v2**2", ["(0.5*v1*(v2^2.0))"])
    True
    >>> is_accepted("v1*v2**2*0.5", ["(0.5*v1*(v2^2.0))"])
    False
    """
    form = _tree_or_none(answer)
    return form is not None and any(form == _tree_or_none(text) for text in accepted)


def _tree_or_none(text: str) -> JuliaTree | None:
    try:
        return julia_tree(text)
    except ValueError:  # Piecewise, atan2: nothing that FastSRB's lists hold
        return None


def julia_tree(text: str) -> JuliaTree:
    """The call tree that Julia makes of a formula, numbers rounded; ValueError if it is none.

    >>> julia_tree("-x*y + 2")
    ('+', ('*', ('-', 'x'), 'y'), 2.0)
    """
    tokens = [token.replace("**", "^") for token in _TOKEN.findall(text)]
    tree, rest = _formula([*tokens, ""], 0)
    if rest != [""]:
        raise ValueError(f"did not expect '{rest[0]}' in {text}")
    return tree


def _formula(tokens: list[str], weakest: int) -> tuple[JuliaTree, list[str]]:
    left, tokens = _operand(tokens)
    chained = ""  # the operator whose operands may still be joined to `left`
    while tokens[0] in _STRENGTH and _STRENGTH[tokens[0]] >= weakest:
        symbol = tokens[0]
        strength = _STRENGTH[symbol]
        right, tokens = _formula(tokens[1:], strength if symbol == "^" else strength + 1)
        goes_on = isinstance(left, tuple) and symbol == chained
        left = (*left, right) if goes_on else (symbol, left, right)  # type: ignore[misc]
        chained = symbol if symbol in _CHAINED else ""
    return left, tokens


def _operand(tokens: list[str]) -> tuple[JuliaTree, list[str]]:
    token, rest = tokens[0], tokens[1:]
    if token == "(":
        inner, rest = _formula(rest, 0)
        return inner, _closed(rest)
    if token == "-":
        if rest[0][:1].isdigit() and rest[1] != "^":
            return -_rounded(rest[0]), rest[1:]
        inner, rest = _formula(rest, _UNARY)
        return ("-", inner), rest
    if token[:1].isdigit() or token[:1] == ".":
        return _rounded(token), rest
    if token.isidentifier():
        if rest[0] != "(":
            return token, rest
        inner, rest = _formula(rest[1:], 0)
        return (token, inner), _closed(rest)
    raise ValueError(f"did not expect '{token}'")


def _closed(tokens: list[str]) -> list[str]:
    if tokens[0] != ")":
        raise ValueError(f"expected ')', got '{tokens[0]}'")
    return tokens[1:]


def _rounded(number: str) -> float:
    return float(f"{float(number):.{DIGITS - 1}e}")
