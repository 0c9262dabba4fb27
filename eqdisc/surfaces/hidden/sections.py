"""Helical surfaces as a curve in a half-plane through the axis that is turned and shifted at once: angle and
place on the curve are taken as parameters, and pitch and curve are fitted together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.simplify import simplify
from eqdisc.scoring.description import nice_numbers
from eqdisc.surfaces.hidden.motion import Motion

AROUND = 0.05  # relative, about the pitch that normals tell, where the best one is looked for
TRIALS = 41  # pitches looked at there
GAP = 0.02  # of a turn: a curve that leaves less of it free meets its own next winding
ERRORS = 3.0  # standard errors that a round number may be off
AS_NEAR = 1.01  # times as far as before, at most, with round numbers
STRAIGHT, ROUND = "straight line", "ellipse"
FLAT = 0.03  # of the size of the curve: how far points may be from it on average
ROUNDS, NARROWER = 3, 1e-3  # of the search for a pitch, which tells half the digits of its interval
WINDOW = 1e-9  # relative, within which numbers of clean points are round


@dataclass(frozen=True, eq=False)
class Section:
    """A curve in the half-plane: radius r + p*cos(v), height h + q*sin(v), or the line radius v, height
    h + q*v, and how well it holds.

    kind : of the curve; numbers : (r, p, h, q), of a line (0, 1, h, q)
    miss : root mean square distance from it over its size
    """

    kind: str
    pitch: float
    numbers: tuple[float, float, float, float]
    miss: float


@dataclass(frozen=True, eq=False)
class Swept:
    """A parametric law: (3,) expressions over an angle and a place on the curve, ranges of both, in words."""

    expressions: tuple[Expression, Expression, Expression]
    ranges: tuple[tuple[float, float], tuple[float, float]]
    words: str


def swept(points: FloatArray, motion: Motion, across: FloatArray) -> Swept | None:
    """The law of a helical surface whose curve is an ellipse or a straight line; None where it is neither.

    points : (n, 3); across : (2, 3) unit vectors at right angles to the axis and to each other
    """
    shifted = points - motion.point
    a, b, height = (shifted @ row for row in (*across, motion.direction))
    radius, angle = np.hypot(a, b), np.arctan2(b, a)
    trials = motion.pitch * np.linspace(1.0 - AROUND, 1.0 + AROUND, TRIALS)
    found = [_section(radius, angle, height, pitch) for pitch in trials]
    best = min(range(TRIALS), key=lambda i: found[i].miss)
    if not found[best].miss < np.inf:
        return None
    pitch, step = float(trials[best]), abs(float(trials[1] - trials[0]))
    for _ in range(ROUNDS):
        pitch, step = _nearest(radius, angle, height, pitch, step), NARROWER * step
    section = _section(radius, angle, height, pitch)
    if not section.miss < FLAT:
        return None
    section = _rounded(section, radius, angle, height)
    return _written(section, motion, across, (radius, angle, height))


def _nearest(radius: FloatArray, angle: FloatArray, height: FloatArray, pitch: float, step: float) -> float:
    """The pitch within a step of the one given at which points are nearest to a curve."""
    found = minimize_scalar(
        lambda change: _section(radius, angle, height, pitch + change).miss,
        bounds=(-step, step),
        method="bounded",
        options={"xatol": 1e-14 * abs(pitch)},
    )
    is_better = found.fun < _section(radius, angle, height, pitch).miss
    return pitch + float(found.x) if is_better else pitch


def _lifted(angle: FloatArray, height: FloatArray, pitch: float) -> FloatArray | None:
    """(n,) heights of the points turned back into the half-plane, cut where the curve leaves most free; None
    where it leaves too little."""
    turn = 2.0 * np.pi * abs(pitch)
    lifted, free = _unbroken(height - pitch * angle, turn)
    return lifted if free >= GAP * turn else None


def _section(radius: FloatArray, angle: FloatArray, height: FloatArray, pitch: float) -> Section:
    """The line or ellipse with upright axes that points turned back by a pitch are nearest to."""
    nothing = Section(ROUND, pitch, (0.0, 1.0, 0.0, 1.0), np.inf)
    lifted = _lifted(angle, height, pitch)
    if lifted is None:
        return nothing
    line = np.polynomial.polynomial.polyfit(radius, lifted, 1)
    numbers = (0.0, 1.0, float(line[0]), float(line[1]))
    straight = Section(STRAIGHT, pitch, numbers, _missed(STRAIGHT, numbers, radius, lifted))
    table = np.column_stack([radius**2, lifted**2, radius, lifted])
    (f, g, k, m), *_ = np.linalg.lstsq(table, np.ones(radius.size), rcond=None)
    with np.errstate(all="ignore"):
        r, h = -k / (2.0 * f), -m / (2.0 * g)
        level = 1.0 + f * r**2 + g * h**2
        p, q = np.sqrt(level / f), np.sqrt(level / g)
    if not np.isfinite([r, h, p, q]).all():
        return straight
    numbers = (float(r), float(p), float(h), float(q))
    curved = Section(ROUND, pitch, numbers, _missed(ROUND, numbers, radius, lifted))
    return min(straight, curved, key=lambda section: section.miss)


def _rounded(section: Section, radius: FloatArray, angle: FloatArray, height: FloatArray) -> Section:
    """With a round pitch and round numbers, where these are as near."""
    window = max(WINDOW, ERRORS * section.miss / np.sqrt(radius.size))
    most = max(AS_NEAR * section.miss, WINDOW)
    for nice in nice_numbers(section.pitch, window * abs(section.pitch))[:1]:
        other = _section(radius, angle, height, nice.value)
        if other.miss <= most:
            section = other
    lifted = _lifted(angle, height, section.pitch)
    assert lifted is not None  # the section was seen by it
    r, p, h, q = section.numbers
    if section.kind == STRAIGHT:
        size = float(np.hypot(np.std(radius), np.std(lifted)))
        windows = (0.0, 0.0, window * size, window * size / float(np.std(radius)))
    else:
        windows = (window * min(p, q),) * 4
    numbers = [_round(value, own) for value, own in zip(section.numbers, windows, strict=True)]
    r, p, h, q = numbers
    miss = _missed(section.kind, (r, p, h, q), radius, lifted)
    return replace(section, numbers=(r, p, h, q), miss=miss) if miss <= most else section


def _missed(
    kind: str, numbers: tuple[float, float, float, float], radius: FloatArray, lifted: FloatArray
) -> float:
    """Root mean square distance of the points from a line or ellipse over its size; inf for none."""
    r, p, h, q = numbers
    if kind == STRAIGHT:
        size = float(np.hypot(np.std(radius), np.std(lifted)))
        return float(np.sqrt(np.mean((lifted - h - q * radius) ** 2))) / size
    if not min(p, q) > 0.0:
        return np.inf
    return float(np.sqrt(np.mean((np.hypot((radius - r) / p, (lifted - h) / q) - 1.0) ** 2)))


def _round(value: float, window: float) -> float:
    near = nice_numbers(value, window)
    return near[0].value if near else value


def _written(
    section: Section, motion: Motion, across: FloatArray, places: tuple[FloatArray, FloatArray, FloatArray]
) -> Swept:
    radius, angle, height = places
    u, v = Expression.variable(0), Expression.variable(1)
    r, p, h, q = section.numbers
    lifted = _lifted(angle, height, section.pitch)
    assert lifted is not None  # the section was seen by it
    if section.kind == STRAIGHT:
        along, up = v, h + q * v
        place = radius
    else:
        along, up = r + p * Expression.apply("cos", v), h + q * Expression.apply("sin", v)
        place, _ = _unbroken(np.arctan2((lifted - h) / q, (radius - r) / p), 2.0 * np.pi)
    turned = (height - lifted) / section.pitch
    cosine, sine = Expression.apply("cos", u), Expression.apply("sin", u)
    parts = (along * cosine, along * sine, up + section.pitch * u)
    laws = [_sum(axis, (*across, motion.direction), parts, motion.point) for axis in range(3)]
    ranges = tuple((float(values.min()), float(values.max())) for values in (turned, place))
    words = f"{section.kind} screwed along its axis, pitch {section.pitch:.6g}"
    return Swept((laws[0], laws[1], laws[2]), (ranges[0], ranges[1]), words)


def _unbroken(values: FloatArray, period: float) -> tuple[FloatArray, float]:
    """Values that count up to a period, cut where they leave most free and about 0 (n,), and how much that
    is."""
    ordered = np.sort(values % period)
    gaps = np.diff(ordered, append=ordered[0] + period)
    widest = int(np.argmax(gaps))
    start = ordered[(widest + 1) % ordered.size]
    found = (values - start) % period + start
    middle = 0.5 * (found.min() + found.max())
    unbroken: FloatArray = found - period * np.round(middle / period)
    return unbroken, float(gaps[widest])


def _sum(axis: int, rows: Sequence[FloatArray], parts: Sequence[Expression], point: FloatArray) -> Expression:
    """A coordinate as the sum of parts along unit vectors."""
    total = Expression.constant(float(point[axis]))
    for row, part in zip(rows, parts, strict=True):
        if row[axis] != 0.0:
            total = total + float(row[axis]) * part
    return simplify(total)
