"""Units: what a text such as `kg/m3` stands for, and the unit that each constant of a law has."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from math import isclose, prod
from typing import TYPE_CHECKING, Any

from eqdisc.data.dataset import Dataset
from eqdisc.data.unit_text import UnitTextError, factors
from eqdisc.errors import InputError
from eqdisc.expr.expression import Expression
from eqdisc.expr.units import (
    BASE_UNITS,
    DIMENSIONLESS,
    Dimension,
    Exponents,
    MaybeDimension,
    constant_exponents,
)

if TYPE_CHECKING:
    import pint

_NONE = ("", "1", "-", "\u2212", "\u2013", "\u2014", "dimensionless", "unitless", "none")
_ARBITRARY = ("arb", "arbitrary", "arbitraryunits", "arbunits", "arbu", "au", "u", "unit", "units")
# Of a logarithmic scale, of money, of dots on a screen, or of more than one meaning: known, but no unit of
# the SI.
_OUTSIDE = {
    *("pH", "dB", "dBm", "dBi", "dBV", "Np", "mag", "dex", "phon", "decade", "octave"),
    *("$", "€", "£", "USD", "EUR", "GBP", "px", "pixel", "pixels", "dot", "dots", "ppt", "psu", "PSU"),
}
# pint's constants of nature; where one stands alone the text is no unit.
_CONSTANTS = {"k", "R", "c", "hbar", "N_A", "k_B", "sigma", "alpha", "mu_0", "epsilon_0", "Z_0", "g_0", "pi"}
# What pint does not know, or takes for something that hardly anybody means: G is its gauss of Gaussian units,
# AU the absorbance unit.
_SPELLINGS = {
    "%": "percent",
    "‰": "permille",
    "°": "degree",
    "'": "arcminute",
    '"': "arcsecond",
    "AU": "astronomical_unit",
    "Angstrom": "angstrom",
    "Torr": "torr",
    "wk": "week",
    "degK": "kelvin",
    "degR": "degree_Rankine",
    "cts": "count",
    "Ohm": "ohm",
    "Sec": "second",
    "Kelvin": "kelvin",
    "Celsius": "degC",
    "celsius": "degC",
    "Fahrenheit": "degF",
    "fahrenheit": "degF",
}
_DEFINED = {  # name -> factor and unit of pint
    "G": (1e-4, "tesla"),
    "gauss": (1e-4, "tesla"),
    "kG": (0.1, "tesla"),
    "mG": (1e-7, "tesla"),
    "Oe": (79.57747154594767, "ampere/meter"),
    "ppb": (1e-9, "dimensionless"),
    "Jy": (1e-26, "watt/meter**2/hertz"),
    "mJy": (1e-29, "watt/meter**2/hertz"),
    "bpm": (1 / 60, "hertz"),
}
_BASES = {
    "[length]": "m",
    "[mass]": "kg",
    "[time]": "s",
    "[current]": "A",
    "[temperature]": "K",
    "[substance]": "mol",
    "[luminosity]": "cd",
}
_SIMPLEST = 12  # denominators of powers that are written as fractions
# What pint answers to names that it does not know, or cannot take.
_REFUSALS = (ArithmeticError, AssertionError, AttributeError, LookupError, SyntaxError, TypeError, ValueError)
_OFFSET_DIGITS = 10  # what cancellation leaves of 459.67
_SYMBOLS = {"l": "L", "a": "yr"}
_SAME = 1e-9  # relative; factors this near to one are rounding


class UnknownUnitError(InputError):
    """A text that no unit is known for."""


@dataclass(frozen=True)
class Part:
    """A unit that is no product of the SI's base units alone: km, h, kPa.

    symbol : as it is written; factor : how many of the coherent units of its dimension it is
    """

    symbol: str
    dimension: Dimension
    factor: float


@dataclass(frozen=True)
class Unit:
    """What a text stands for: (value + offset) * factor is the quantity in coherent SI units.

    text      : as it was written, or as the unit is best written
    dimension : exponents of the SI's base units
    factor    : 1000.0 for km
    offset    : 273.15 for degrees Celsius, else 0.0
    parts     : the units in it that differ from coherent SI units by a factor, and their powers
    """

    text: str
    dimension: Dimension
    factor: float = 1.0
    offset: float = 0.0
    parts: tuple[tuple[Part, Fraction], ...] = ()

    @property
    def coherent(self) -> Dimension:
        """The dimension of what is left when the parts are taken out."""
        return self.dimension / _dimension_of(self.parts)


def read_unit(text: str) -> Unit | None:
    """The unit that a text stands for; None where it stands for one outside the SI: arb. u., dB, pH, $.

    UnknownUnitError, with the nearest known name, for a text that stands for none.

    >>> unit = read_unit("km h-1")
    >>> print(unit.dimension, round(unit.factor, 6), read_unit("arb. u."))
    m s^-1 0.277778 None
    >>> read_unit("metrs")
    Traceback (most recent call last):
    eqdisc.data.units.UnknownUnitError: 'metrs' is no unit that is known; did you mean 'meters'?
    """
    return _read(text.strip())


@lru_cache(maxsize=1024)
def _read(text: str) -> Unit | None:
    if text.casefold() in _NONE:
        return Unit(text, DIMENSIONLESS)
    letters = "".join(sign for sign in text.casefold() if sign.isalnum())
    if letters in _ARBITRARY and (letters != "au" or "." in text) and text != "u":
        return None
    try:
        found = factors(text)
    except UnitTextError as error:
        raise UnknownUnitError(f"{text!r} cannot be read as a unit: {error}") from None
    if len(found) == 1 and found[0][0] in _CONSTANTS:
        raise UnknownUnitError(f"{text!r} is a constant of nature, not a unit")
    alone = len(found) == 1 and found[0][1] == 1
    parts: dict[Part, Fraction] = {}
    dimension, offset = DIMENSIONLESS, 0.0
    for name, power in found:
        for atom, more in _atoms(name, text, alone):
            if atom is None:
                return None
            part, offset = atom
            dimension = dimension * part.dimension ** (power * more)
            if not isclose(part.factor, 1.0, rel_tol=_SAME):
                parts[part] = parts.get(part, Fraction(0)) + power * more
    kept = tuple((part, power) for part, power in parts.items() if power)
    return Unit(text, dimension, _factor_of(kept), offset, kept)


def _atoms(name: str, text: str, alone: bool) -> list[tuple[tuple[Part, float] | None, int]]:
    """The units that a name stands for, with their powers; two for those people write together: Nm, As."""
    if name[0].isdigit():
        return [((Part(name, DIMENSIONLESS, float(name)), 0.0), 1)]
    if name in _OUTSIDE:
        return [(None, 1)]
    if name.endswith("Nm") and len(name) <= 3:
        return [(_atom(name[:-1], text, alone=False), 1), (_atom("m", text, alone=False), 1)]
    # Ampere-seconds, volt-seconds ...: pint would take the s of Pas for the plural.
    stem = name.removesuffix("s")
    if stem != name and len(stem) <= 3 and stem.lower() != stem and _is_plural(name, stem):
        return [(_atom(stem, text, alone=False), 1), (_atom("s", text, alone=False), 1)]
    return [(_atom(name, text, alone), 1)]


def _atom(name: str, text: str, alone: bool) -> tuple[Part, float] | None:
    """A named unit and its offset; None where it is outside the SI."""
    registry = _registry()
    if name in _DEFINED:
        factor, other = _DEFINED[name]
        quantity = registry.Quantity(factor, other).to_base_units()
        return Part(name, _dimension(quantity) or DIMENSIONLESS, float(quantity.magnitude)), 0.0
    unit = _pint_unit(_SPELLINGS.get(name, name))
    if unit is None:
        raise UnknownUnitError(f"{_quoted(name, text)} is no unit that is known{_nearest(name)}")
    one = registry.Quantity(1.0, unit).to_base_units()
    dimension = _dimension(one)
    if dimension is None:
        return None
    factor, offset = float(one.magnitude), 0.0
    zero = float(registry.Quantity(0.0, unit).to_base_units().magnitude)
    if zero != 0.0:
        low, high = (float(registry.Quantity(x, unit).to_base_units().magnitude) for x in (5.0, 10.0))
        factor = (high - zero) / 10.0
        if not isclose(low - zero, 5.0 * factor, rel_tol=_SAME):
            return None  # a logarithmic one
        factor = float(Fraction(factor).limit_denominator(1000))  # 5/9
        if alone:
            offset = float(f"{zero / factor:.{_OFFSET_DIGITS}g}")
    symbol = registry.get_symbol(str(unit))
    return Part(_SYMBOLS.get(symbol, symbol), dimension, factor), offset


def _pint_unit(name: str) -> "pint.Unit | None":
    try:
        unit: pint.Unit = _registry().Unit(name)
    except _REFUSALS:
        return None
    return unit


def _is_plural(name: str, stem: str) -> bool:
    """Whether the stem is a unit, and the name the same or none."""
    unit = _pint_unit(stem)
    return unit is not None and _pint_unit(name) in (unit, None)


def _dimension(quantity: Any) -> Dimension | None:
    """None for what has a dimension outside the SI."""
    exponents = dict(quantity.dimensionality)
    if not set(exponents) <= set(_BASES):
        return None
    powers = {_BASES[name]: Fraction(k).limit_denominator(100) for name, k in exponents.items()}
    return Dimension.of(**powers)


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(on_redefinition="ignore")


def _nearest(name: str) -> str:
    registry = _registry()
    known = [*(each for each in dir(registry) if not each.startswith("_")), *_SPELLINGS, *_DEFINED]
    folded = {each.casefold(): each for each in sorted(known, key=len, reverse=True)}
    for prefixed in ("kg", "mm", "cm", "km", "ms", "kPa", "MPa", "GPa", "kW", "mV", "mA", "nm", "meters"):
        folded[prefixed.casefold()] = prefixed
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


def _quoted(name: str, text: str) -> str:
    return repr(text) if name == text else f"{name!r} in {text!r}"


def units_of(dataset: Dataset) -> tuple[tuple[Unit | None, ...], Unit | None, tuple[str, ...]]:
    """The units of features and target, None where none is known, and notes on those that cannot be read.

    Units come from headers, which may only look as if they had one: what cannot be read is no error.
    """
    notes: list[str] = []

    def read(name: str, text: str | None) -> Unit | None:
        if text is None:
            return None
        try:
            return read_unit(text)
        except UnknownUnitError as error:
            notes.append(f"the unit of {name!r} plays no part: {error}; say what it is by --units")
            return None

    features = tuple(
        read(name, text) for name, text in zip(dataset.feature_names, dataset.feature_units, strict=True)
    )
    target = read(dataset.target_name, dataset.target_unit)
    return features, target, tuple(notes)


def dimensions_of(dataset: Dataset) -> tuple[tuple[MaybeDimension, ...], MaybeDimension]:
    """The dimensions of features and target, ready for `UnitRules`; None where the unit is not known.

    >>> table = Dataset.of(
    ...     [[1.0, 2], [2, 3], [3, 5], [4, 9]], [1.0, 2, 3, 5],
    ...     feature_units=["km", "arb. u."], target_unit="m/s",
    ... )
    >>> features, target = dimensions_of(table)
    >>> print(*features, "|", target)
    m None | m s^-1
    """
    features, target, _ = units_of(dataset)
    return tuple(None if unit is None else unit.dimension for unit in features), (
        None if target is None else target.dimension
    )


def constant_units(
    expression: Expression,
    features: Sequence[Unit | None],
    target: Unit | None,
    numbers: Sequence[bool] = (),
) -> tuple[Unit | None, ...]:
    """The unit that each constant has, in postfix order; None where units do not tell.

    numbers : which constants are taken for mere numbers, as far as that can be
    In terms of the units that the columns are in: a constant that takes kilometres to km/h is in 1/h.

    >>> from eqdisc.expr.parse import parse
    >>> law = parse("2.5*x + 3", ["x"])
    >>> [unit.text for unit in constant_units(law, [read_unit("km")], read_unit("kPa"))]
    ['kPa km^-1', 'kPa']
    """
    known = [unit for unit in (*features, target) if unit is not None]
    parts = tuple(dict.fromkeys(part for unit in known for part, _ in unit.parts))

    def exponents(unit: Unit | None) -> Exponents | None:
        if unit is None:
            return None
        powers = dict(unit.parts)
        return (*unit.coherent.exponents, *(powers.get(part, Fraction(0)) for part in parts))

    found = constant_exponents(
        expression,
        [exponents(unit) for unit in features],
        exponents(target),
        len(BASE_UNITS) + len(parts),
        numbers,
    )
    return tuple(None if vector is None else _unit_of(vector, parts) for vector in found)


def constant_texts(
    expression: Expression, dataset: Dataset, numbers: Sequence[bool]
) -> tuple[str | None, ...]:
    """The units of the constants of a law as text, where columns have units; empty where none is known.

    Temperatures that count from a zero of their own tell nothing.
    """
    features, target, _ = units_of(dataset)
    absolute = [None if unit is None or unit.offset else unit for unit in (*features, target)]
    if not any(absolute):
        return ()
    units = constant_units(expression, absolute[:-1], absolute[-1], numbers)
    texts = tuple(None if unit is None else unit.text for unit in units)
    return texts if any(texts) else ()


def _unit_of(vector: Exponents, parts: tuple[Part, ...]) -> Unit:
    coherent, powers = Dimension(vector[: len(BASE_UNITS)]), vector[len(BASE_UNITS) :]
    used = tuple((part, power) for part, power in zip(parts, powers, strict=True) if power)
    written = [(part.symbol, power) for part, power in used]
    written += [(base, power) for base, power in zip(BASE_UNITS, coherent.exponents, strict=True) if power]
    written.sort(key=lambda factor: factor[1] < 0)
    text = " ".join(_powered(symbol, power) for symbol, power in written) or "1"
    return Unit(text, coherent * _dimension_of(used), _factor_of(used), 0.0, used)


def _powered(symbol: str, power: Fraction) -> str:
    if power == 1:
        return symbol
    if power.denominator == 1:
        return f"{symbol}^{power}"
    return f"{symbol}^({power})" if power.denominator <= _SIMPLEST else f"{symbol}^{float(power):.4g}"


def _dimension_of(parts: Sequence[tuple[Part, Fraction]]) -> Dimension:
    dimension = DIMENSIONLESS
    for part, power in parts:
        dimension = dimension * part.dimension**power
    return dimension


def _factor_of(parts: Sequence[tuple[Part, Fraction]]) -> float:
    return prod((part.factor ** float(power) for part, power in parts), start=1.0)
