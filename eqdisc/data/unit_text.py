"""Units as people write them, taken apart into names and powers.

Grammar: factors side by side or joined by `*`, `·`, `.`, `-` are multiplied; one `/` divides by the factor
after it, and by no more: `J/kg K` can be read in two ways and is refused.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from unicodedata import normalize

_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"
_PLAIN = str.maketrans(_RAISED, "0123456789+-")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u00b7\u22c5\u2219\u2022\u00d7\u2715", "*"),
        **dict.fromkeys("\u2212\u2013\u2014\u2010\u2011", "-"),
        **dict.fromkeys("\u00f7\u2215\u2044", "/"),
        **dict.fromkeys("\u00ba\u02da", "°"),
        **dict.fromkeys("\u2032\u2019", "'"),
        **dict.fromkeys("\u2033\u201d", '"'),
        "{": "(",
        "}": ")",
        "\u00b5": "\u03bc",
    }
)
_DEGREES = re.compile(r"(?:°|\bdeg(?:rees?)?\b\.?)[\s_]*(C|F|K|R)(?:elsius|ahrenheit|elvin|ankine)?\b", re.I)
_SHARE = re.compile(r"\b(?:mol|wt|vol|at|mass)[.\s-]*%")  # of what, is no part of the unit
_NUMBER_BEFORE_NAME = re.compile(r"\s*\d+(?:\.\d+)?(?![eE][+-]?\d)[^\W\d_]")
_SUPERSCRIPT = re.compile(rf"[{_RAISED}]+")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![^\W\d_]))"
    r"|(?P<name>[^\W\d](?:\w*[^\W\d])?|[%‰°'\"$€£])"
    r"|(?P<sign>[-+*/^().]))"
)


class UnitTextError(ValueError):
    """A text that is written like no unit; its words say why."""


def factors(text: str) -> tuple[tuple[str, Fraction], ...]:
    """Names or numbers and their powers, in the order of the text.

    UnitTextError where the text is no product of powers.

    >>> [f"{name}^{power}" for name, power in factors("10³ kg·m⁻³ s^(1/2)")]
    ['10^3', 'kg^1', 'm^-3', 's^1/2']
    """
    return tuple(_Reader(list(_tokens(_normal(text)))).all())


def _normal(text: str) -> str:
    raised = _SUPERSCRIPT.sub(lambda run: f"^({run[0].translate(_PLAIN)})", text.translate(_SIGNS))
    plain = normalize("NFKC", raised).translate(_SIGNS).replace("**", "^")
    plain = re.sub(r"\s+per\s+", "/", plain)
    plain = _SHARE.sub("%", plain)
    return _DEGREES.sub(lambda match: f"deg{match[1].upper()}", plain).strip()


def _tokens(text: str) -> Iterator[tuple[str, str, bool]]:
    """Kind and text of each token, and whether blanks stand before it."""
    at = 0
    while at < len(text):
        match = None if _NUMBER_BEFORE_NAME.match(text, at) else _TOKEN.match(text, at)
        if match is None and text[at:].strip()[:1].isdigit():
            raise UnitTextError("a number stands right before a name; a blank goes between, as in 1000 kg")
        if match is None:
            raise UnitTextError(f"{text[at:].strip()[:1]!r} is no sign of units")
        kind = str(match.lastgroup)
        yield kind, match[kind], match.start(kind) > at
        at = match.end()


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[tuple[str, str, bool]]) -> None:
        self._tokens = tokens
        self._at = 0

    def all(self) -> list[tuple[str, Fraction]]:
        found = self._product()
        if self._at < len(self._tokens):
            raise UnitTextError(f"{self._tokens[self._at][1]!r} stands where none can")
        return found

    def _peek(self, ahead: int = 0) -> tuple[str, str, bool]:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ("end", "", False)

    def _take(self, *signs: str) -> bool:
        kind, text, _ = self._peek()
        if kind == "sign" and text in signs:
            self._at += 1
            return True
        return False

    def _product(self) -> list[tuple[str, Fraction]]:
        found = self._factor()
        divided = False
        while True:
            if self._take("/"):
                found += [(name, -power) for name, power in self._divisor()]
                divided = True
                continue
            joined = self._take("*", ".", "-")
            kind, text, _ = self._peek()
            if not joined and not (kind in ("name", "number") or text == "("):
                return found
            if joined and kind == "end" and self._tokens[-1][1] == ".":  # sec.
                return found
            if divided:
                raise UnitTextError(
                    "what stands after the divisor may belong to it or not; put the divisor in parentheses, "
                    "as in J/(kg K)"
                )
            if kind == "number" and not found[-1][0][0].isdigit():
                raise UnitTextError(f"the number {text} stands after a unit; powers are written m2 or m^2")
            found += self._factor()

    def _divisor(self) -> list[tuple[str, Fraction]]:
        """One factor; with a number before it, as in L/100 km, both."""
        kind = self._peek()[0]
        found = self._factor()
        if kind != "number":
            return found
        if self._peek()[0] != "name":
            raise UnitTextError("a division by a number; a power that is a fraction is written m^(1/2)")
        return found + self._factor()

    def _factor(self) -> list[tuple[str, Fraction]]:
        kind, text, _ = self._peek()
        self._at += 1
        if kind == "sign" and text == "(":
            found = self._product()
            if not self._take(")"):
                raise UnitTextError("a parenthesis is not closed")
        elif kind in ("name", "number"):
            found = [(text, Fraction(1))]
        else:
            raise UnitTextError(f"there is no unit {'at its end' if kind == 'end' else f'before {text!r}'}")
        power = self._power(glued=kind == "name")
        return [(name, power * each) for name, each in found]

    def _power(self, glued: bool) -> Fraction:
        if self._take("^"):
            if not self._take("("):
                return self._signed()
            power = self._signed()
            if self._take("/"):
                power /= self._signed()
            if not self._take(")"):
                raise UnitTextError("a parenthesis is not closed")
            return power
        kind, text, apart = self._peek()
        signed = text in ("-", "+") and self._peek(1)[0] == "number" and not self._peek(1)[2]
        if glued and not apart and (kind == "number" or signed):
            return self._signed()
        return Fraction(1)

    def _signed(self) -> Fraction:
        sign = -1 if self._take("-") else 1
        self._take("+")
        kind, text, _ = self._peek()
        if kind != "number":
            raise UnitTextError(f"a power is no number{f': {text!r}' if text else ''}")
        self._at += 1
        power = sign * Fraction(text)
        if not 0 < abs(power) <= 100 or power.denominator > 100:
            raise UnitTextError(f"{text} is no power of a unit")
        return power
