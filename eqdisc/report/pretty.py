"""Laws as people write them by hand, in lines of Unicode text: stacked fractions, raised exponents."""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import combining, east_asian_width

from eqdisc.expr.expression import Expression
from eqdisc.expr.format import feature_name, format_number
from eqdisc.expr.operators import ANY, ATOM, CONSTANT, MINUS, POWER, PRODUCT, SUM, VARIABLE, Operator, row_of

_MINUS = "\N{MINUS SIGN}"
GLYPHS = f"{_MINUS}√∛·─⎛⎜⎝⎞⎟⎠│⌊⌋⁰¹²³⁴⁵⁶⁷⁸⁹⁻"  # what a stream must be able to show
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SIGNS = {"add": " + ", "sub": f" {_MINUS} ", "mul": "·", "mod": " mod "}
_ROOTS = {"sqrt": "√", "cbrt": "∛"}
_POWERS = {"square": "²", "cube": "³"}


@dataclass(frozen=True)
class _Box:
    """A rectangle of text with a baseline; `strength` is the binding strength of what it shows."""

    lines: tuple[str, ...]
    baseline: int
    strength: int

    @property
    def width(self) -> int:
        return max(cells(line) for line in self.lines)


def pretty(expression: Expression, names: Sequence[str], digits: int = 6) -> list[str]:
    """Lines that show a law; names as they are, numbers rounded to so many digits.

    >>> from eqdisc.expr.parse import parse
    >>> print(*pretty(parse("sqrt(a) + 3*m**2/(r + 1)", ["a", "m", "r"]), ["a", "m", "r"]), sep="|")
          3·m² |√a + ─────|     r + 1
    """
    return list(_stacked(expression, names, digits).lines)


def beside(label: str, lines: Sequence[str]) -> list[str]:
    """The lines with a label to their left, at the line that a fraction bar or the only line stands on."""
    middle = len(lines) // 2
    return [(label if i == middle else " " * cells(label)) + line for i, line in enumerate(lines)]


def cells(text: str) -> int:
    """Columns of a terminal that a text takes.

    >>> cells("mass"), cells("質量")
    (4, 4)
    """
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _stacked(expression: Expression, names: Sequence[str], digits: int) -> _Box:
    stack: list[_Box] = []
    for code, value in zip(expression.codes, expression.payload, strict=True):
        if code == VARIABLE:
            stack.append(_text(feature_name(names, int(value))))
        elif code == CONSTANT:
            stack.append(_number(value, digits))
        else:
            row = row_of(code)
            operands = stack[-row.arity :]
            del stack[-row.arity :]
            stack.append(_applied(row, operands))
    return stack[0]


def _applied(row: Operator, operands: list[_Box]) -> _Box:
    first = operands[0]
    if row.name in _SIGNS:
        left, right = row.text.holes[:2]
        second = operands[1]
        if second.lines[second.baseline].startswith(_MINUS):
            right = ATOM  # a minus right of an operator reads badly
        pieces = (_enclosed(first, left), _text(_SIGNS[row.name]), _enclosed(second, right))
        return _row(pieces, row.text.precedence)
    if row.name in ("div", "inv"):
        return _fraction(*(operands if row.name == "div" else (_text("1"), first)))
    if row.name in _POWERS:
        return _row([_enclosed(first, ATOM), _text(_POWERS[row.name])], POWER)
    if row.name in ("pow", "exp"):
        return _power(*(operands if row.name == "pow" else (_text("e"), first)))
    if row.name == "neg":
        return _row([_text(_MINUS), _enclosed(first, PRODUCT)], MINUS)
    if row.name in _ROOTS:
        return _row([_text(_ROOTS[row.name]), _enclosed(first, ATOM)], POWER)
    if row.name in ("abs", "floor"):
        fences = "││" if row.name == "abs" else "⌊⌋"
        return _row([_fence(fences[0], first), first, _fence(fences[1], first)], ATOM)
    commas = [piece for operand in operands for piece in (_text(", "), operand)][1:]
    return _row([_text(row.name), _parenthesised(_row(commas, ANY))], ATOM)


def _text(text: str, strength: int = ATOM) -> _Box:
    return _Box((text,), 0, strength)


def _number(value: float, digits: int) -> _Box:
    mantissa, marker, exponent = format_number(value, digits).replace("-", _MINUS).partition("e")
    if not marker:
        return _text(mantissa, MINUS if value < 0.0 else ATOM)
    power = "10" + str(int(exponent.replace(_MINUS, "-"))).translate(_RAISED)
    return _text(power if mantissa == "1" else f"{mantissa}·{power}", SUM if value < 0.0 else PRODUCT)


def _row(boxes: Sequence[_Box], strength: int) -> _Box:
    """Boxes side by side on a common baseline."""
    above = max(box.baseline for box in boxes)
    below = max(len(box.lines) - box.baseline for box in boxes)
    lines = [""] * (above + below)
    for box in boxes:
        width, top = box.width, above - box.baseline
        for i in range(len(lines)):
            line = box.lines[i - top] if top <= i < top + len(box.lines) else ""
            lines[i] += line + " " * (width - cells(line))
    return _Box(tuple(lines), above, strength)


def _fraction(above: _Box, below: _Box) -> _Box:
    width = max(above.width, below.width)
    lines = (*_centred(above, width), "─" * width, *_centred(below, width))
    return _Box(lines, len(above.lines), POWER)


def _centred(box: _Box, width: int) -> list[str]:
    left = (width - box.width) // 2
    return [" " * left + line + " " * (width - left - cells(line)) for line in box.lines]


def _power(base: _Box, exponent: _Box) -> _Box:
    base = _enclosed(base, ATOM)
    plain = exponent.lines[0].replace(_MINUS, "-")
    if len(exponent.lines) == 1 and plain.lstrip("-").isdecimal() and plain.isascii():
        return _row([base, _text(plain.translate(_RAISED))], POWER)
    lines = [" " * base.width + line for line in exponent.lines]
    lines += [line + " " * (base.width + exponent.width - cells(line)) for line in base.lines]
    return _Box(tuple(lines), len(exponent.lines) + base.baseline, POWER)


def _enclosed(box: _Box, weakest: int) -> _Box:
    return _parenthesised(box) if box.strength < weakest else box


def _parenthesised(box: _Box) -> _Box:
    if len(box.lines) == 1:
        return _text(f"({box.lines[0]})")
    inner = len(box.lines) - 2
    left = _Box(("⎛", *"⎜" * inner, "⎝"), box.baseline, ATOM)
    right = _Box(("⎞", *"⎟" * inner, "⎠"), box.baseline, ATOM)
    return _row([left, box, right], ATOM)


def _fence(sign: str, box: _Box) -> _Box:
    return _Box((sign,) * len(box.lines), box.baseline, ATOM)
