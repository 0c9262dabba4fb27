"""Laws of two inputs that are sums of a plane and plane waves: a + b x + c y + A*sin(k x + l y + phase) + ...

The strongest waves of what is left are taken one after the other from a periodogram of scattered points
(Lomb 1976, in two dimensions), their wave numbers refined together by variable projection (Golub and Pereyra
1973). Products of waves are sums of two of the same size.
"""

from collections.abc import Iterator

import numpy as np
from scipy.optimize import least_squares

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.closed_form.builder import ONE
from eqdisc.proposers.closed_form.table import Table

X, Y = Expression.variable(0), Expression.variable(1)
MOST_WAVES = 3
TURNS = 12  # over the range of an input, at most
FINER = 4  # steps of the periodogram a turn over the range
STANDS_OUT = 0.15  # of what is left; a wave that explains less is chance or none
FEWEST_ROWS = 100
ROUNDING = 1e-12  # of the target's variance
ABSENT = 1e-4  # of the size: parts of the plane and phases that are not there


def plane_waves(table: Table) -> Iterator[Expression]:
    """Sums of one wave, two and three, as long as each explains much of what is left."""
    if table.features.shape[1] != 2 or table.target.size < FEWEST_ROWS:
        return
    low, high = table.features.min(axis=0), table.features.max(axis=0)
    if not np.all(high > low):
        return
    middle, half = 0.5 * (high + low), 0.5 * (high - low)
    points = (table.features - middle) / half
    target = table.target / (float(np.std(table.target)) or 1.0)
    waves, fastest = np.zeros((0, 2)), np.array([_fastest(column) for column in points.T])
    for _ in range(MOST_WAVES):
        left = target - _fitted(points, waves, target)
        power, wave = _strongest(points, left, fastest)
        if not power > STANDS_OUT:
            return
        waves = _refined(points, np.vstack([waves, wave]), target)
        if np.any(np.abs(waves) > (1.0 + 1e-9) * fastest):
            return
        law = _law(table, waves / half)
        if law is not None:
            yield law
        if np.mean((target - _fitted(points, waves, target)) ** 2) < ROUNDING:
            return


def _fastest(column: FloatArray) -> float:
    """The largest wave number that values tell from smaller ones: half a turn from one to the next on a grid
    (Nyquist 1928), and what is looked for at all."""
    return float(min(np.pi * TURNS, np.pi / np.median(np.diff(np.unique(column)))))


def _strongest(points: FloatArray, left: FloatArray, fastest: FloatArray) -> tuple[float, FloatArray]:
    """The share of what is left that one wave explains, and its (2,) wave numbers, none above the fastest."""
    numbers = np.pi * np.arange(-TURNS, TURNS + 1.0 / FINER, 1.0 / FINER)
    first = numbers[(numbers >= 0.0) & (numbers <= fastest[0])]
    second = numbers[np.abs(numbers) <= fastest[1]]
    one, two = np.exp(1j * np.outer(points[:, 0], first)), np.exp(1j * np.outer(points[:, 1], second))
    amplitudes = np.abs(one.T @ (left[:, None] * two)) / left.size
    amplitudes[:, np.abs(second) < np.pi / 2.0] *= (first >= np.pi / 2.0)[:, None]  # the plane has these
    a, b = np.unravel_index(int(np.argmax(amplitudes)), amplitudes.shape)
    share = 2.0 * float(amplitudes[a, b]) ** 2 / max(float(np.mean(left**2)), 1e-300)
    return share, np.array([first[a], second[b]])


def _columns(points: FloatArray, waves: FloatArray) -> FloatArray:
    angles = points @ waves.T
    return np.column_stack([np.ones(len(points)), points, np.sin(angles), np.cos(angles)])


def _fitted(points: FloatArray, waves: FloatArray, target: FloatArray) -> FloatArray:
    columns = _columns(points, waves)
    values: FloatArray = columns @ np.linalg.lstsq(columns, target, rcond=None)[0]
    return values


def _refined(points: FloatArray, waves: FloatArray, target: FloatArray) -> FloatArray:
    def missed(numbers: FloatArray) -> FloatArray:
        return target - _fitted(points, numbers.reshape(-1, 2), target)

    found: FloatArray = least_squares(missed, waves.ravel(), xtol=1e-12, ftol=1e-14, max_nfev=40).x
    return found.reshape(-1, 2)


def _law(table: Table, waves: FloatArray) -> Expression | None:
    """The sum written out over the inputs as they are; None where the operators do not allow it."""
    count, columns = len(waves), _columns(table.features, waves)
    fit = np.linalg.lstsq(columns, table.target, rcond=None)[0]
    size = float(np.std(table.target))
    shares = np.abs(fit[:3]) * np.sqrt(np.mean(columns[:, :3] ** 2, axis=0)) / size
    plane = [(float(fit[j]), (ONE, X, Y)[j]) for j in (1, 2, 0) if shares[j] > ABSENT]
    terms: list[Expression] = []
    sizes: list[float] = []
    for wave, sine, cosine in zip(waves, fit[3 : 3 + count], fit[3 + count :], strict=True):
        found = _wave(table, wave, float(sine), float(cosine))
        if found is None:
            return None
        sizes.append(found[0])
        terms.append(found[1])
    coefficients = [*sizes, *(coefficient for coefficient, _ in plane)]
    return table.builder.combination(coefficients, [*terms, *(term for _, term in plane)])


def _wave(table: Table, wave: FloatArray, sine: float, cosine: float) -> tuple[float, Expression] | None:
    """sine*sin(angle) + cosine*cos(angle) as a number times one sine or cosine."""
    builder, turns = table.builder, np.abs(wave) * np.ptp(table.features, axis=0)
    turning = [j for j in (0, 1) if turns[j] > ABSENT * turns.max()]
    numbers, inputs = [float(wave[j]) for j in turning], [(X, Y)[j] for j in turning]
    size, phase = float(np.hypot(sine, cosine)), float(np.arctan2(cosine, sine))
    name, sign = "sin", 1.0
    if abs(np.sin(phase)) < ABSENT:
        sign, phase = float(np.sign(sine)), 0.0
    elif abs(np.cos(phase)) < ABSENT:
        name, sign, phase = "cos", float(np.sign(cosine)), 0.0
    if phase != 0.0:
        numbers, inputs = [*numbers, phase], [*inputs, ONE]
    written = builder.apply(name, builder.combination(numbers, inputs))
    return None if written is None else (sign * size, written)
