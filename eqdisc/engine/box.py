"""A box in space, and the random lines that meet all of it evenly."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.errors import OptionError


@dataclass(frozen=True, eq=False)
class Box:
    """The points between two corners: `lower` and `upper` of shape (d,), d >= 1.

    OptionError for corners that are not finite, of unlike length, or not one above the other.

    >>> Box([-1, 0], [1, 2]).diagonal ** 2
    8.000000000000002
    """

    lower: FloatArray
    upper: FloatArray

    def __init__(self, lower: ArrayLike, upper: ArrayLike) -> None:
        low, high = (np.array(corner, dtype=np.float64, ndmin=1) for corner in (lower, upper))
        if low.ndim != 1 or low.shape != high.shape or not low.size:
            raise OptionError(
                f"the corners of the box have the shapes {low.shape} and {high.shape}; "
                "wanted one number for each variable in both"
            )
        for axis, (least, most) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            if not (np.isfinite(least) and np.isfinite(most) and least < most):
                raise OptionError(
                    f"along axis {axis} the box goes from {least:g} to {most:g}; "
                    "wanted two finite numbers, the lower first"
                )
        object.__setattr__(self, "lower", low)
        object.__setattr__(self, "upper", high)

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return len(self.lower)

    @cached_property
    def extent(self) -> FloatArray:
        """Length of each side, (d,)."""
        return self.upper - self.lower

    @cached_property
    def diagonal(self) -> float:
        """Length from corner to corner."""
        return float(np.linalg.norm(self.extent))

    def widened(self, share: float) -> "Box":
        """The box with every side moved outward by so much of the diagonal."""
        margin = share * self.diagonal
        return Box(self.lower - margin, self.upper + margin)

    def around(self, points: FloatArray, share: float) -> "Box":
        """The part of this box that holds the points (n, d), widened by a share of their diagonal."""
        low, high = points.min(axis=0), points.max(axis=0)
        margin = share * max(float(np.linalg.norm(high - low)), 1e-9 * self.diagonal)
        return Box(np.maximum(low - margin, self.lower), np.minimum(high + margin, self.upper))

    def holds(self, points: FloatArray) -> BoolArray:
        """Which of the points (n, d) are inside, (n,); NaN is not."""
        inside: BoolArray = np.all((points >= self.lower) & (points <= self.upper), axis=1)
        return inside

    def uniform(self, count: int, rng: np.random.Generator) -> FloatArray:
        """(count, d) points, evenly by volume."""
        points: FloatArray = rng.uniform(self.lower, self.upper, (count, self.dimension))
        return points

    def chords(self, count: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Both ends (count, d) of random lines through the box, of the measure that no motion changes.

        Such lines meet every piece of a surface in proportion to its area (Santalo, Integral Geometry and
        Geometric Probability, 1976, part III). A line enters where and as light of a diffuse lamp does:
        evenly on the faces, by Lambert's cosine law in direction, so that none misses the box. ValueError
        for a box of one dimension, which has no lines to choose from.
        """
        d = self.dimension
        if d < 2:
            raise ValueError("a box of one dimension holds only one line")
        areas = 1.0 / self.extent  # of the faces across each axis, but for the volume
        axis = rng.choice(d, count, p=areas / areas.sum())
        rows, is_upper = np.arange(count), rng.random(count) < 0.5
        starts = self.uniform(count, rng)
        starts[rows, axis] = np.where(is_upper, self.upper[axis], self.lower[axis])
        # Malley's method: a uniform point of the unit ball of the face, lifted to the half-sphere over it.
        flat = rng.standard_normal((count, d - 1))
        radius = rng.random(count) ** (1.0 / (d - 1))
        flat *= (radius / np.linalg.norm(flat, axis=1))[:, None]
        directions = np.empty((count, d))
        across = np.arange(d) != axis[:, None]
        directions[across] = flat.ravel()
        directions[rows, axis] = np.where(is_upper, -1.0, 1.0) * np.sqrt(1.0 - radius**2)
        with np.errstate(divide="ignore", invalid="ignore"):
            walls = np.where(directions > 0.0, self.upper, self.lower)
            reach = np.where(directions == 0.0, np.inf, (walls - starts) / directions)
        ends = starts + reach.min(axis=1)[:, None] * directions
        return starts, np.clip(ends, self.lower, self.upper)


__all__ = ["Box"]
