"""Waves and exponentials of any frequency or rate in a span of functions.

The distance of a wave from the span is looked at over all frequencies, and where it falls to zero there is
one: MUSIC (Schmidt 1986), for exponentials and hyperbolic functions as well.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import nice_numbers
from eqdisc.surfaces.parametric.atoms import Atom, T, scaled, wave
from eqdisc.surfaces.parametric.clock import Late, never
from eqdisc.surfaces.parametric.separable import LOOSE, Axis

FREQUENCIES = 160
RATES = 70
SLOWEST, FASTEST = 0.02, 3.0  # rates of exponentials
FLATTEST = 0.25  # change of the exponent over the range: what bends less is a straight line
STEEPEST = 200.0  # exponent that a function may reach
NEAR = 0.3  # a minimum of the distance lower than this is followed
SURE = 1e-6  # a distance below is one of rounding
ROUNDED = 0.05  # relative; round numbers tried for a rate
SHORT = 15.0  # bits; a longer number is left to the fit
MOST_EACH = 2
HIGHEST_HALF = 6.0
BENT: dict[str, Callable[[FloatArray], FloatArray]] = {"cosh": np.cosh, "sinh": np.sinh, "tanh": np.tanh}

Function = Callable[[float], FloatArray]


def scan(axis: Axis, late: Late = never) -> list[Atom]:
    """Waves, exponentials, their products and hyperbolic functions that lie in the span.

    Those of a list that is tried anyhow (half-integer frequencies) are left out. Where there is little noise
    also those that lie in it together with the constant, the parameter itself or its simplest waves. It ends
    with those it has where it is `late`.
    """
    found = _scan(axis, late)
    if not late() and float(axis.errors[-1]) < 1e-3:
        t = axis.nodes
        simple = np.column_stack([np.ones(t.size), t, np.cos(t), np.sin(t)])
        basis = np.linalg.qr(np.column_stack([axis.basis, axis.root[:, None] * simple]))[0]
        wider = replace(axis, basis=basis, errors=np.append(axis.errors, np.zeros(4)))
        found += _scan(wider, late)
    return list(dict.fromkeys(found))


def _scan(axis: Axis, late: Late) -> list[Atom]:
    t, span = axis.nodes, float(np.ptp(axis.nodes))
    largest = float(np.max(np.abs(t)))
    highest = min(40.0, 60.0 / span)
    frequencies = np.linspace(0.3 / span, highest, max(FREQUENCIES, int(highest * span)))
    found: list[Atom] = []
    if late():
        return found
    for w in _minima(axis, lambda w: np.column_stack([np.cos(w * t), np.sin(w * t)]), frequencies):
        if not (2.0 * w).is_integer() or w > HIGHEST_HALF:
            found += [Atom((wave("cos", w),)), Atom((wave("sin", w),))]
    rates = np.geomspace(max(SLOWEST, FLATTEST / span), min(FASTEST, STEEPEST / largest), RATES)
    companions = [wave(kind, k) for k in (1.0, 2.0, 0.5, 3.0) for kind in ("cos", "sin")]
    for companion in (None, T, *companions):
        beside = np.ones(t.size) if companion is None else Atom((companion,)).values(t)
        for sign in (1.0, -1.0):
            if late():
                return found
            for rate in _minima(axis, _growth(t, sign, beside), rates)[:MOST_EACH]:
                growth = Expression.apply("exp", scaled(sign * rate))
                found.append(Atom((growth,) if companion is None else (companion, growth)))
    for name, function in BENT.items():
        if late():
            return found
        for rate in _minima(axis, _bent(t, function), rates)[:MOST_EACH]:
            found.append(Atom((Expression.apply(name, scaled(rate)),)))
    return found


def _growth(t: FloatArray, sign: float, beside: FloatArray) -> Function:
    return lambda rate: (beside * np.exp(sign * rate * t))[:, None]


def _bent(t: FloatArray, function: Callable[[FloatArray], FloatArray]) -> Function:
    return lambda rate: function(rate * t)[:, None]


def _miss(axis: Axis, values: FloatArray) -> tuple[float, float]:
    """How far the nearest combination of the columns is outside the span, and how far it may be."""
    columns = axis.root[:, None] * values
    lengths = np.linalg.norm(columns, axis=0)
    if not np.all((lengths > 1e-12) & (lengths < 1e12)):
        return 1.0, 0.0
    if columns.shape[1] == 1:
        unit = columns / lengths
        return float(np.linalg.norm(axis.outside(unit))), float(axis.tolerances(unit)[0])
    orthonormal = np.linalg.qr(columns)[0]
    _, sizes, turned = np.linalg.svd(axis.outside(orthonormal), full_matrices=False)
    return float(sizes[-1]), float(axis.tolerances(orthonormal @ turned[-1:].T)[0])


def _minima(axis: Axis, function: Function, grid: FloatArray) -> list[float]:
    """Where the distance has a minimum at zero, the surest first; rounded where a short number does."""
    misses = np.array([_miss(axis, function(float(w)))[0] for w in grid])
    found: list[tuple[float, float]] = []
    for i in range(1, len(grid) - 1):
        if misses[i] <= min(misses[i - 1], misses[i + 1]) and misses[i] < max(NEAR, LOOSE):
            bounds = (float(grid[i - 1]), float(grid[i + 1]))
            best = minimize_scalar(
                lambda w: _miss(axis, function(w))[0], bounds=bounds, method="bounded",
                options={"xatol": 1e-11},
            )  # fmt: skip
            miss, tolerance = _miss(axis, function(float(best.x)))
            if miss < max(tolerance, SURE):
                found.append((miss, _rounded(axis, float(best.x), function)))
    return [w for _, w in sorted(found)]


def _rounded(axis: Axis, value: float, function: Function) -> float:
    """A short number near by, or one over a short number, where it is as good; else the value itself."""
    miss, tolerance = _miss(axis, function(value))
    window = max(1e-4, min(ROUNDED, 20.0 * tolerance))
    near = [(nice.bits, nice.value) for nice in nice_numbers(value, window * value)]
    near += [(nice.bits + 1.0, 1.0 / nice.value) for nice in nice_numbers(1.0 / value, window / value)]
    for bits, short in sorted(near)[:6]:
        if bits <= SHORT and _miss(axis, function(short))[0] < 1.5 * max(tolerance, miss):
            return float(short)
    return value
