"""Description length: the bits to write down an expression plus the bits to write down what it misses.

Rissanen's principle (1978) with the parameter precision of Wallace and Freeman (1987), as used to rank
symbolic laws by Bartlett, Desmond and Ferreira (2023). The shortest description generalises best; it asks for
no threshold.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import e, floor, gcd, inf, isfinite, log2, pi, sqrt

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.sensitivity import Sensitivity, sensitivity
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE, row_of
from eqdisc.scoring.rounding import RMS_FACTOR, mean_floor, row_floors_of

ARITHMETIC_BITS = 4.0  # one of the sixteen or so symbols that a search usually has
REAL_BITS_LIMIT = 53.0
NO_EFFECT = 1e-150
LAST_DIGITS = 4 * 2.0**-53  # relative; a constant this near to a short number is that number

# Bases that a constant may be a small rational multiple of, with the bits to say which.
BASES = ((1.0, 0.0), (pi, 7.0), (1.0 / pi, 9.0), (sqrt(2.0), 9.0), (e, 10.0))
DENOMINATORS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 12)  # laws have hardly any sevenths
MAX_MULTIPLE = 24  # of an irrational base
MAX_DIGITS = 6
SHORT_BITS = 60.0  # the speed of light has 57; beyond, any float64 of such a size is a whole number


@dataclass(frozen=True)
class NiceNumber:
    """A number short to write, and how short, in bits."""

    value: float
    bits: float


@dataclass(frozen=True)
class Description:
    """An expression judged on a table.

    n_rows         : rows that the table stands for
    mean_square    : weighted mean squared residual, in squared units of the target
    floor          : the mean square that still counts as exact; nothing is gained by fitting below it
    structure_bits : for the nodes
    constant_bits  : for the constants, each to the precision that the table supports
    """

    n_rows: int
    mean_square: float
    floor: float
    structure_bits: float
    constant_bits: float

    @property
    def law_bits(self) -> float:
        """For the expression alone."""
        return self.structure_bits + self.constant_bits

    @property
    def bits(self) -> float:
        """For the expression and its residuals; only differences on the same table mean something."""
        return self.bits_above(self.floor)

    def bits_above(self, floor: float) -> float:
        """As `bits`, where mean squares below the given floor are all the same."""
        noise = max(self.mean_square, floor, np.finfo(float).tiny)
        return self.law_bits + (0.5 * self.n_rows * log2(noise) if noise < inf else inf)

    def is_shorter_than(self, other: "Description") -> bool:
        """Whether this is the shorter description, both held against the same floor, the lower of the two."""
        floor = min(self.floor, other.floor)
        return self.bits_above(floor) < other.bits_above(floor)


def describe(expression: Expression, dataset: Dataset, n_rows: int | None = None) -> Description:
    """Description length of an expression on a table.

    n_rows : rows that the table stands for, when it is a sample of a larger one; all its rows by default
    An expression that is not finite on some row is infinitely long.

    >>> from eqdisc.expr.parse import parse
    >>> x = np.linspace(1, 2, 30)[:, None]
    >>> table = Dataset.of(x, 2 * x[:, 0] ** 2)
    >>> describe(parse("2*x*x", ["x"]), table).bits < describe(parse("2.0001*x*x", ["x"]), table).bits
    True
    """
    return described(expression, sensitivity(expression, dataset.features), dataset, n_rows)


def described(
    expression: Expression, found: Sensitivity, dataset: Dataset, n_rows: int | None = None
) -> Description:
    """As `describe`, from a sweep over the table already made."""
    rows = dataset.n_rows if n_rows is None else n_rows
    with np.errstate(all="ignore"):
        mean_square = float(np.average((dataset.target - found.value) ** 2, weights=dataset.weights))
    if not isfinite(mean_square):
        return Description(rows, inf, 0.0, structure_bits(expression), 0.0)
    # Twice the rounding floor still counts as exact.
    floor_square = (RMS_FACTOR * mean_floor(row_floors_of(found, dataset), dataset)) ** 2
    noise = max(mean_square, floor_square, np.finfo(float).tiny)
    errors = sqrt(noise / rows) / _sizes(found, dataset.weights)
    constants = sum(constant_bits(v, s) for v, s in zip(expression.constants, errors, strict=True))
    return Description(rows, mean_square, floor_square, structure_bits(expression), constants)


def structure_bits(expression: Expression) -> float:
    """Bits to write the tree without the values of its constants: rare operators cost more than arithmetic.

    >>> from eqdisc.expr.parse import parse
    >>> structure_bits(parse("x + y", ["x", "y"])) < structure_bits(parse("atan2(x, y)", ["x", "y"]))
    True
    """
    variable = 1.0 + log2(max(2, len(expression.features)))
    return sum(
        variable
        if code == VARIABLE
        else 1.0
        if code == CONSTANT
        else ARITHMETIC_BITS - log2(row_of(code).weight)
        for code in expression.codes
    )


def constant_bits(value: float, error: float) -> float:
    """Bits to write a constant: as a short number if it is one, else as a real to the precision of its error
    bar.

    >>> constant_bits(2.0, 1e-9) < constant_bits(2.1, 1e-9) < constant_bits(2.1234567, 1e-9)
    True
    """
    precise = REAL_BITS_LIMIT if error == 0.0 else min(REAL_BITS_LIMIT, log2(1.0 + abs(value) / error))
    return min([2.0 + precise, *(nice.bits for nice in nice_numbers(value, LAST_DIGITS * abs(value)))])


def is_short(value: float) -> bool:
    """Whether a number is, up to its last digits, one that `nice_numbers` knows.

    >>> is_short(0.75), is_short(2 * pi), is_short(0.7512345), is_short(299792458.0), is_short(8.4704825e16)
    (True, True, False, True, False)
    """
    short = nice_numbers(value, LAST_DIGITS * abs(value))
    return bool(short) and short[0].bits <= SHORT_BITS


def fixed_constants(expression: Expression) -> BoolArray:
    """(number of constants,) which are short numbers: rounded ones, which a further fit leaves alone."""
    return np.array([is_short(float(value)) for value in expression.constants], dtype=bool)


def nice_numbers(value: float, window: float) -> tuple[NiceNumber, ...]:
    """Short numbers within `window` of a value, shortest first: integers, rationals, decimals, multiples of
    pi...

    >>> [round(nice.value, 6) for nice in nice_numbers(0.3333, 0.001)][:1]
    [0.333333]
    """
    if not isfinite(value):
        return ()
    return _nice_numbers(float(value), float(window))


@lru_cache(maxsize=4096)
def _nice_numbers(value: float, window: float) -> tuple[NiceNumber, ...]:
    found: dict[float, float] = {}
    if abs(value) <= window:
        found[0.0] = 1.0
    for base, base_bits in BASES:
        for q in DENOMINATORS:
            p = round(value / base * q)
            nice = p * base / q
            if (
                p
                and gcd(p, q) == 1
                and abs(nice - value) <= window
                and (base == 1.0 or abs(p) <= MAX_MULTIPLE)
            ):
                bits = base_bits + _integer_bits(abs(p)) + _integer_bits(q)
                found[nice] = min(bits, found.get(nice, inf))
    for decimal, bits in _decimals(value):
        if abs(decimal - value) <= window:
            found[decimal] = min(bits, found.get(decimal, inf))
    return tuple(
        sorted((NiceNumber(v, bits) for v, bits in found.items()), key=lambda nice: (nice.bits, nice.value))
    )


def _decimals(value: float) -> list[tuple[float, float]]:
    """The value rounded to 1, 2, ... significant digits, with the bits for mantissa and exponent."""
    if value == 0.0:
        return []
    shown = [f"{value:.{digits}e}" for digits in range(MAX_DIGITS)]
    parts = [(text, text.partition("e")) for text in shown]
    return [
        (
            float(text),
            _integer_bits(int(mantissa.replace(".", "").lstrip("-")))
            + _integer_bits(abs(int(power)) + 1)
            + 1.0,
        )
        for text, (mantissa, _, power) in parts
    ]


def _integer_bits(k: int) -> float:
    """Length of Elias' gamma code (1975) of a positive integer."""
    return 2.0 * floor(log2(k)) + 1.0


def _sizes(found: Sensitivity, weights: FloatArray | None) -> FloatArray:
    """Root mean square of each column of the Jacobian with respect to the constants, never zero."""
    # A constant without effect has an error bar as large as you like, and costs nothing.
    shares = (
        np.full(found.value.size, 1.0 / found.value.size) if weights is None else weights / np.sum(weights)
    )
    with np.errstate(all="ignore"):
        sizes = np.sqrt(shares @ found.constants**2)
    return np.where(np.isfinite(sizes) & (sizes > NO_EFFECT), sizes, NO_EFFECT)
