"""How laws, names and shares are written for people, the same wherever they are shown."""

from collections.abc import Sequence
from math import isfinite, sqrt

from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.readable import readable

DIGITS = 6  # of the constants shown; records keep all of them


def law_text(tree: Expression, names: Sequence[str], digits: int = DIGITS) -> str:
    """A law on one line, in the language that `eqdisc.parse` reads, constants rounded for the eye."""
    return format_expression(readable(tree), names, digits)


def with_unit(name: str, unit: str | None) -> str:
    """A name and its unit, as a header gives them.

    >>> with_unit("v", "m/s"), with_unit("count", None)
    ('v [m/s]', 'count')
    """
    return name if unit is None else f"{name} [{unit}]"


def share(r2: float | None) -> str:
    """R2 with enough nines to tell good laws apart: 0.99999983, not 1.000; `-` where there is none.

    >>> share(0.99999983), share(0.25), share(None)
    ('0.99999983', '0.2500', '-')
    """
    if r2 is None or not isfinite(r2):
        return "-"
    missing = 1.0 - r2
    if missing < 1e-15:
        return "1"
    if missing > 1e-3:
        return f"{round(r2, 4) + 0.0:.4f}"  # no -0.0000
    exponent = int(f"{missing:.1e}".partition("e")[2])
    return f"{r2:.{1 - exponent}f}"


def rms(loss: float) -> float:
    """Root mean square error, in units of the target, of a mean squared one."""
    return sqrt(loss)


def encodable(text: str, encoding: str | None) -> bool:
    """Whether a stream of this encoding can take the text."""
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def printable(text: str, encoding: str | None) -> str:
    """The text with what a stream of this encoding cannot take replaced.

    >>> printable("θ = 2", "ascii")
    '? = 2'
    """
    if encodable(text, encoding):
        return text
    return text.encode(encoding or "utf-8", "replace").decode(encoding or "utf-8")
