"""Laws of sines and cosines whose frequencies are not known: gyroids, Schwarz's surfaces."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import product

import numpy as np
from scipy.linalg import LinAlgError, eigh, solve_triangular
from scipy.optimize import minimize, minimize_scalar

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import nice_numbers
from eqdisc.surfaces.implicit.cloud import Cloud
from eqdisc.surfaces.implicit.dependency import ONE, first_dependency, written
from eqdisc.surfaces.implicit.finder import Finder
from eqdisc.surfaces.implicit.library import Terms
from eqdisc.surfaces.implicit.polish import polished, rounded, trimmed

ROWS = 300
LOWEST, HIGHEST, STEP = 1.5, 60.0, 0.3  # radians over the longest side of the box
MOST_DIMENSIONS = 3
TRIALS = 4
STEADY = 1e-8  # of the size over the box: what combinations need not be told apart
CLEAR = 1e-7  # of what chance leaves: a wave that explains clean points

Harmonics = tuple[int, ...]  # by axis: 0 is 1, k is sin(k w x), -k is cos(k w x)


@dataclass(frozen=True)
class Spectrum:
    """How well waves of one frequency vector can vanish on points; rows are drawn once.

    points, away : (n, d) on the surface and anywhere in the box
    """

    points: FloatArray
    away: FloatArray
    modes: tuple[Harmonics, ...]

    @classmethod
    def of(cls, cloud: Cloud, modes: tuple[Harmonics, ...]) -> "Spectrum":
        """Of some rows of a cloud."""
        rows = np.random.default_rng(0).permutation(cloud.train)[: max(ROWS, 4 * len(modes))]
        return cls(cloud.points[rows], cloud.in_box(max(ROWS, 4 * len(modes)), seed=1), modes)

    def misfit(self, frequencies: FloatArray) -> float:
        """Mean square on the points of the best combination, over that anywhere in the box."""
        inside, outside = (_waves(points, frequencies, self.modes) for points in (self.points, self.away))
        on, off = inside.T @ inside / len(inside), outside.T @ outside / len(outside)
        try:
            found = eigh(on, off + STEADY * np.eye(len(off)), eigvals_only=True, subset_by_index=[0, 0])
        except LinAlgError:
            return 1.0
        return max(float(found[0]), 1e-30)

    def sharp(self, frequencies: FloatArray) -> float:
        """The root of the misfit of waves of first order, to all digits: products of matrices have half.

        `misfit` is flat at its floor for a thousandth of a frequency about the true one: there multiples of
        the law, which have as many waves again, vanish but for the square of what the frequency is off.
        """
        modes = modes_of(self.points.shape[1], 1, self.points.shape[1])
        inside, outside = (_waves(points, frequencies, modes) for points in (self.points, self.away))
        triangle = np.linalg.qr(outside, mode="r")
        if np.abs(np.diag(triangle)).min() < STEADY * np.abs(np.diag(triangle)).max():
            return 1.0
        whitened = solve_triangular(triangle, inside.T, trans="T")
        return max(float(np.linalg.svd(whitened, compute_uv=False)[-1]), 1e-30)


def modes_of(dimension: int, order: int, total: int) -> tuple[Harmonics, ...]:
    """Products of sines and cosines up to a harmonic by axis and in all, simple ones first; waves of first
    order in all axes are always among them.

    >>> len(modes_of(3, 1, 3)), len(modes_of(3, 2, 2))
    (27, 33)
    """
    found = [
        mode
        for mode in product(range(-order, order + 1), repeat=dimension)
        if sum(map(abs, mode)) <= total or max(map(abs, mode)) <= 1
    ]
    return tuple(sorted(found, key=lambda mode: (sum(map(abs, mode)), sum(k != 0 for k in mode), mode)))


def clean_waves(finder: Finder, frequencies: FloatArray) -> bool:
    """The shortest sum of waves of these frequencies that vanishes on the points; whether there is one."""
    cloud = finder.cloud
    for order, total in ((1, cloud.dimension), (2, 4)):
        terms = Terms(tuple(written_mode(m, frequencies) for m in modes_of(cloud.dimension, order, total)))
        found = first_dependency(terms, cloud)
        if found is not None:
            add_polished(finder, written(found, cloud), "null space of waves")
            return True
    return False


def frequencies_of(spectrum: Spectrum, cloud: Cloud, finder: Finder) -> Iterator[FloatArray]:
    """Frequency vectors at which waves vanish on the points, the clearest first; round where they may be."""
    longest = 2.0 * float(cloud.half.max())

    def depth(w: FloatArray) -> float:
        return float(np.log(spectrum.misfit(w)))

    shape = (
        np.ones(cloud.dimension)
        if cloud.half.max() < 5.0 * cloud.half.min()
        else longest / (2.0 * cloud.half)
    )
    grid = np.arange(LOWEST, HIGHEST, STEP) / longest
    level = []
    for w in grid:
        level.append(depth(w * shape))
        if finder.seconds_left < 0.5:
            return
    values = np.array(level)
    dips = [i for i in range(len(grid)) if values[i] == values[max(0, i - 1) : i + 2].min()]
    refined = []
    for i in sorted(dips, key=lambda i: values[i])[:TRIALS]:
        near = minimize_scalar(
            lambda w: depth(w * shape),
            bounds=(grid[i] - STEP / longest, grid[i] + STEP / longest),
            method="bounded",
            options={"xatol": 1e-10},
        )
        refined.append((float(near.fun), near.x * shape))
    for value, start in sorted(refined, key=lambda pair: pair[0])[:2]:
        best = start
        if value > np.log(CLEAR):
            free = minimize(
                depth,
                start,
                method="Nelder-Mead",
                options={"maxfev": 120, "xatol": 1e-9, "fatol": 1e-6},
            )
            best = free.x
        best = _sharpened(spectrum, best, STEP / longest)
        yield np.array([_round_frequency(float(w), longest) for w in best])


def _sharpened(spectrum: Spectrum, frequencies: FloatArray, width: float) -> FloatArray:
    """Frequencies moved together to where waves of first order vanish on clean points; as given elsewhere."""
    scale = float(frequencies.max())
    near = minimize_scalar(
        lambda w: np.log(spectrum.sharp(frequencies * (w / scale))),
        bounds=(scale - width, scale + width),
        method="bounded",
        options={"xatol": 1e-12},
    )
    moved: FloatArray = frequencies * (near.x / scale)
    return moved if spectrum.sharp(moved) < CLEAR else frequencies


def written_mode(mode: Harmonics, frequencies: FloatArray) -> Expression:
    """A product of sines and cosines as an expression."""
    factors = []
    for j, k in enumerate(mode):
        if k:
            x, w = Expression.variable(j), abs(k) * float(frequencies[j])
            factors.append(Expression.apply("sin" if k > 0 else "cos", x if w == 1.0 else w * x))
    return reduce(lambda a, b: a * b, factors) if factors else ONE


def add_polished(finder: Finder, expression: Expression, origin: str) -> None:
    """Keep an F, and the same with its constants at their optimum, without terms that are nothing there, and
    rounded."""
    law = finder.add(expression, origin)
    if law is not None and law.fit.exact:
        return
    better = polished(expression, finder.cloud)
    kept = finder.add(trimmed(better, finder.cloud), origin)
    if kept is None or not kept.fit.exact:  # what is left out may be more than rounding
        whole = finder.add(better, origin)
        kept = whole if kept is None or (whole is not None and whole.fit.exact) else kept
    if kept is not None:
        finder.add(rounded(kept.expression, finder.cloud), origin)


def _waves(points: FloatArray, frequencies: FloatArray, modes: tuple[Harmonics, ...]) -> FloatArray:
    order = max(max(map(abs, mode)) for mode in modes)
    tables = []
    for column, w in zip(points.T, frequencies, strict=True):
        angles = np.outer(column, np.arange(order, -order - 1, -1) * w)
        table = np.where(np.arange(order, -order - 1, -1) > 0, np.sin(angles), np.cos(angles))
        tables.append(table)
    places = order - np.array(modes)
    return reduce(np.multiply, (table[:, places[:, j]] for j, table in enumerate(tables)))


def _round_frequency(value: float, longest: float) -> float:
    near = nice_numbers(value, 2e-6 / longest)
    return near[0].value if near else value
