"""Functions of one parameter that surfaces are made of: powers, waves, exponentials, products."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import pi

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ABS, ATAN, COS, COSH, DIV, LOG, POW, SIN, SINH, SQRT, TAN, TANH
from eqdisc.expr.parse import parse

T = Expression.variable(0)
# Nodes that surfaces have less often than waves and exponentials, and how much that is held against them.
RARE = {
    ABS: 4.0,
    TANH: 3.0,
    ATAN: 3.0,
    TAN: 1.0,
    POW: 3.0,
    LOG: 1.0,
    SQRT: 1.0,
    DIV: 0.5,
    COSH: 1.0,
    SINH: 1.0,
}
POWER = 1.5  # nodes that a square costs more than what is squared
REAL = 3.0  # nodes that a number costs which is no multiple of 1/2
POWERED = (SIN, COS, SINH, COSH, TANH, DIV)
HIGHEST_POWER = 5
HARMONICS = 12  # half waves: cos(k*t/2) for k to 12
SHORT_RANGE = 3.2  # of a parameter: in one so short waves have multiples of pi
SINGLES = (
    "exp(t)", "exp(-t)", "exp(t/2)", "exp(-t/2)", "exp(2*t)", "exp(-2*t)", "exp(-t**2)", "exp(-t**2/2)",
    "cosh(t)", "sinh(t)", "tanh(t)", "1/cosh(t)", "log(t)", "sqrt(t)", "1/t", "1/t**2", "sqrt(1 - t**2)",
    "sqrt(1 + t**2)", "1/(1 + t**2)", "1/sqrt(1 + t**2)", "log(tan(t/2))", "log(1 + t)", "log(1 + t**2)",
    "abs(t)", "abs(cos(t))", "abs(sin(t))", "tan(t)", "atan(t)", "log(1 - t)", "sqrt(1 - t)", "sqrt(1 + t)",
    "1/(1 + t)", "1/cos(t)", "1/sin(t)", "sqrt(abs(t))", "t**1.5",
)  # fmt: skip


@dataclass(frozen=True)
class Atom:
    """A product of simple functions of one parameter, which is feature 0 in all of them.

    factors : the simple functions; () for the number 1, several equal ones for a power

    >>> wave = Atom((parse("cos(t)", ["t"]), T, T))
    >>> wave.cost, wave.values(np.array([2.0])).round(6).tolist()
    (7.5, [-1.664587])
    """

    factors: tuple[Expression, ...]

    @property
    def cost(self) -> float:
        """Nodes it brings into a formula, multiplication signs with them; more for rare functions."""
        seen = Counter(self.factors)
        nodes = sum(factor.size + 1.0 + POWER * (count - 1) ** 0.5 for factor, count in seen.items())
        rare = sum(RARE.get(code, 0.0) for factor in seen for code in factor.codes)
        numbers = sum(REAL for factor in seen for value in factor.constants if not (2.0 * value).is_integer())
        return float(nodes + rare + numbers + (len(seen) > 1))

    def values(self, t: FloatArray) -> FloatArray:
        """(n,) at t (n,); NaN or infinite where it has no value."""
        found = np.ones(t.size)
        with np.errstate(all="ignore"):
            for factor in self.factors:
                found = found * evaluate(factor, t[:, None])
        return found

    @property
    def is_power(self) -> bool:
        """Whether it is a power of the parameter, 1 included."""
        return set(self.factors) <= {T}

    @property
    def is_wave(self) -> bool:
        """Whether it is 1 or made of sines and cosines alone."""
        return all(factor.root in (SIN, COS) for factor in self.factors)

    def is_over(self, allowed: frozenset[int]) -> bool:
        """Whether all its operators (node codes) are among those allowed."""
        return all(allowed.issuperset(factor.codes) for factor in self.factors)

    def on(self, axis: int) -> tuple[Expression, ...]:
        """The factors as functions of another parameter."""
        return tuple(factor.remap_features({0: axis}) for factor in self.factors)

    def times(self, other: "Atom") -> "Atom":
        """The product of two."""
        return Atom(tuple(sorted((*self.factors, *other.factors), key=_order)))


def _order(factor: Expression) -> tuple[tuple[int, ...], tuple[float, ...]]:
    return factor.codes, factor.payload


ONE = Atom(())


def wave(kind: str, frequency: float) -> Expression:
    """cos(w*t) or sin(w*t), as it is written: without a factor of 1.

    >>> str(wave("cos", 1.0)), str(wave("sin", 0.5))
    ('cos(x0)', 'sin(x0/2)')
    """
    return Expression.apply(kind, scaled(frequency))


def scaled(factor: float) -> Expression:
    """t times a number: t, -t, t/2, 3*t."""
    if factor == 1.0:
        return T
    if factor == -1.0:
        return -T
    inverse = float(f"{1.0 / factor:.12g}")
    short = len(repr(inverse)) < len(repr(factor)) or (abs(factor) < 1.0 and inverse.is_integer())
    if short and 1.0 / inverse == factor:
        return T / inverse if inverse > 0.0 else -(T / -inverse)
    return factor * T


def powers(highest: int = HIGHEST_POWER) -> list[Atom]:
    """t, t**2, ..."""
    return [Atom((T,) * k) for k in range(1, highest + 1)]


def waves(frequencies: Iterable[float]) -> list[Atom]:
    """cos(w*t) and sin(w*t) for each frequency."""
    return [Atom((wave(kind, w),)) for w in frequencies for kind in ("cos", "sin")]


@lru_cache(maxsize=8)
def _singles() -> tuple[Atom, ...]:
    return tuple(Atom((parse(text, ["t"]),)) for text in SINGLES)


def frequencies_for(t: FloatArray) -> list[float]:
    """Frequencies worth trying unasked: half integers, and multiples of pi where the range is short."""
    plain = [k / 2.0 for k in range(1, HARMONICS + 1)]
    if float(np.ptp(t)) > SHORT_RANGE:
        return plain
    return [*plain[:8], *(k * pi / 2.0 for k in range(1, 9))]


def basic_atoms(t: FloatArray, allowed: frozenset[int] | None) -> list[Atom]:
    """Powers, waves and single functions that are allowed and finite on t, the cheapest first."""
    atoms = [*powers(), *waves(frequencies_for(t)), *_singles()]
    return sorted(_usable(atoms, t, allowed), key=lambda atom: atom.cost)


def product_atoms(basic: Sequence[Atom]) -> Iterator[Atom]:
    """Products of two of them that are no powers of t alone, and squares and cubes of waves."""
    for i, first in enumerate(basic):
        for second in basic[i:]:
            powers_of_t = set(first.factors) == {T} == set(second.factors)
            if not powers_of_t and (first != second or _is_powered(first)):
                yield first.times(second)
    for atom in basic:
        if len(atom.factors) == 1 and atom.factors[0].root in POWERED:
            yield atom.times(atom).times(atom)


def _is_powered(atom: Atom) -> bool:
    """Whether its square is no simpler function: that of a wave, not that of a root."""
    return all(factor.root in POWERED for factor in atom.factors)


def _usable(atoms: Iterable[Atom], t: FloatArray, allowed: frozenset[int] | None) -> Iterator[Atom]:
    for atom in atoms:
        if allowed is None or atom.is_over(allowed):
            values = atom.values(t)
            if np.isfinite(values).all() and float(np.max(np.abs(values))) < 1e12:
                yield atom
