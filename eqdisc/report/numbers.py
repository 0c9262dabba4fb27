"""Numbers as people write them: 9.81 ± 0.02, and 1/3 where it is one."""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from math import gcd, inf, isfinite
from typing import Literal, Protocol

from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import BASES, DENOMINATORS, LAST_DIGITS, MAX_DIGITS, MAX_MULTIPLE
from eqdisc.scoring.uncertainty import ErrorBars

Style = Literal["text", "latex"]
Kind = Literal["exact", "fitted", "undetermined"]

WORKING_DIGITS = 60
MOST_SHOWN = 9  # places by which value and error may differ and still be written side by side in full
PLAIN = range(-3, 6)  # powers of ten of numbers written without one
MOST_EXACT = 10**9  # larger ones are whole numbers because a float64 is
UNDETERMINED = "undetermined"

# How the bases of `eqdisc.scoring.description` are written: above or below the bar, as text and in LaTeX.
_SYMBOLS = (
    ("", "", ""),
    ("above", "pi", r"\pi"),
    ("below", "pi", r"\pi"),
    ("above", "sqrt(2)", r"\sqrt{2}"),
    ("above", "e", "e"),
)


class LawFacts(Protocol):
    """What is told of a law."""

    @property
    def tree(self) -> Expression: ...
    @property
    def error_bars(self) -> ErrorBars: ...


@dataclass(frozen=True)
class ConstantRow:
    """One constant of a law.

    name           : c1, c2, ... in the order of the tree
    value          : all digits
    standard_error : 0.0 for an exact one, infinite for one the table does not determine
    kind           : exact (a short number, not fitted), fitted, or undetermined
    nice           : 1/3, pi/2 ... where an exact one is such a number
    unit           : as text; None where it is not known, or a mere number
    """

    name: str
    value: float
    standard_error: float
    kind: Kind
    nice: str | None = None
    unit: str | None = None

    @property
    def relative(self) -> float:
        """Standard error over size; infinite for an uncertain zero."""
        if self.standard_error == 0.0:
            return 0.0
        return self.standard_error / abs(self.value) if self.value != 0.0 else inf

    def shown(self, style: Style = "text") -> str:
        """`9.81 ± 0.02`, `1/3`, or the value and that it is undetermined."""
        if self.kind == "exact":
            return nice_text(self.value, style) or plain(self.value, style)
        return with_error(self.value, self.standard_error, style)


def constant_table(law: LawFacts) -> tuple[ConstantRow, ...]:
    """The constants of a law in postfix order, with what is known of each."""
    bars = law.error_bars
    errors = bars.standard_errors
    rows: list[ConstantRow] = []
    for value, error, free in zip(law.tree.constants, errors, bars.free, strict=True):
        kind: Kind = "exact" if not free else "fitted" if isfinite(error) else "undetermined"
        nice = None if free else nice_text(float(value))
        rows.append(ConstantRow(f"c{len(rows) + 1}", float(value), float(error), kind, nice))
    return tuple(rows)


def with_error(value: float, error: float, style: Style = "text") -> str:
    """A value and its standard error, both to the last digit that means something.

    That is the second digit of the error if its first is 1 or 2, else the first (much as the Particle Data
    Group rounds). Very large, very small and very uncertain numbers get a power of ten. An error of zero: the
    plain number. An error that is not finite: a few digits, and that they are undetermined.

    >>> with_error(9.8137, 0.0312), with_error(9.8137, 0.0172), with_error(6.62607015e-34, 4.1e-39)
    ('9.81 ± 0.03', '9.814 ± 0.017', '(6.62607 ± 0.00004)e-34')
    >>> with_error(2390.0, 430.0), with_error(3.7, float("inf"))
    ('(2.4 ± 0.4)e3', '3.7 (undetermined)')
    """
    if not isfinite(value):
        return str(value)
    if error == 0.0:
        return plain(value, style)
    if not isfinite(error):
        shown = plain(float(f"{value:.4g}"), style)
        return f"{shown} ({UNDETERMINED})" if style == "text" else rf"{shown}\ \text{{({UNDETERMINED})}}"
    sign = "±" if style == "text" else r"\pm"
    with localcontext(prec=WORKING_DIGITS):
        number, spread = Decimal(repr(float(value))), Decimal(repr(abs(float(error))))
        first = spread.adjusted()
        last = first - 1 if spread.as_tuple().digits[0] in (1, 2) else first
        top = max(first, number.adjusted() if number else first)
        if top - last > MOST_SHOWN:
            if top - last < WORKING_DIGITS:
                number = number.quantize(Decimal(1).scaleb(last))
            blur = spread.quantize(Decimal(1).scaleb(last))
            return f"{plain(float(number), style)} {sign} {plain(float(blur), style)}"
        power = 0 if top in PLAIN and last <= 0 else top
        unit = Decimal(1).scaleb(last - power)
        pair = f" {sign} ".join(f"{part.scaleb(-power).quantize(unit):f}" for part in (number, spread))
    return pair if power == 0 else _scaled(f"({pair})", power, style)


def nice_text(value: float, style: Style = "text") -> str | None:
    """A number as 2, 1/3, 0.1, pi/2, 2*pi/3 ... if it is one up to its last digits; else None.

    >>> from math import pi
    >>> [nice_text(x) for x in (2.0, 1 / 3, 0.1, -pi / 2, 1 / pi, 0.123456789)]
    ['2', '1/3', '0.1', '-pi/2', '1/pi', None]
    >>> print(nice_text(2 * pi / 3, style="latex"))
    \\frac{2 \\pi}{3}
    """
    if not isfinite(value):
        return None
    found: list[tuple[int, str]] = []
    digits = Decimal(repr(float(value))).normalize().as_tuple().digits
    if len(digits) <= MAX_DIGITS:
        found.append((len(plain(value, "text")), plain(value, style)))
    for (base, _), symbol in zip(BASES, _SYMBOLS, strict=True):
        for q in DENOMINATORS:
            p = round(value / base * q)
            close = abs(p * base / q - value) <= LAST_DIGITS * abs(value)
            if p and gcd(p, q) == 1 and close and abs(p) <= (MAX_MULTIPLE if symbol[0] else MOST_EXACT):
                found.append((len(_quotient(p, q, symbol, "text")), _quotient(p, q, symbol, style)))
    return min(found, key=lambda form: form[0])[1] if found else None


def _quotient(p: int, q: int, symbol: tuple[str, str, str], style: Style) -> str:
    """p/q times a symbol, or divided by it."""
    side, *written = symbol
    name = written[style == "latex"]
    above = _times(abs(p), name if side == "above" else "", style)
    below = _times(q, name if side == "below" else "", style)
    sign = "-" if p < 0 else ""
    if below == "1":
        return sign + above
    if style == "latex":
        return rf"{sign}\frac{{{above}}}{{{below}}}"
    return f"{sign}{above}/({below})" if "*" in below else f"{sign}{above}/{below}"


def _times(number: int, symbol: str, style: Style) -> str:
    if not symbol:
        return str(number)
    return symbol if number == 1 else f"{number}{'*' if style == 'text' else ' '}{symbol}"


def plain(value: float, style: Style = "text") -> str:
    """All digits of a number, with a power of ten where it is very large or very small."""
    number = Decimal(repr(float(value)))
    if value == 0.0:
        return "0"
    power = number.adjusted()
    if power in PLAIN:
        return f"{number.normalize():f}"
    return _scaled(f"{number.scaleb(-power).normalize():f}", power, style)


def _scaled(number: str, power: int, style: Style) -> str:
    if style == "text":
        return f"{number}e{power}"
    return rf"{number[:-1]}10^{{{power}}}" if number in ("1", "-1") else rf"{number} \times 10^{{{power}}}"
