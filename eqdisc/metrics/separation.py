"""How far two surfaces are from each other, in diagonals of the box that is looked at."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.metrics.clouds import chamfer_distance, hausdorff_distance

SAMPLES = 2000
MOST = 0.95  # of the points of each that are to be within the tolerance of the other
# The others may be this much off: where a surface meets itself or has a tip, constants that are off by 1e-6
# move it by 1e-3.
FARTHEST = 1e-3


class Surface(Protocol):
    """What points can be drawn from, and their distances told: a `ZeroSet` or a `Patch`."""

    @property
    def flaw(self) -> str: ...
    def sample(self, count: int, rng: np.random.Generator) -> FloatArray: ...
    def distances(self, points: FloatArray) -> FloatArray: ...


@dataclass(frozen=True)
class Apart:
    """How far two surfaces are from each other, in diagonals of the box that is looked at.

    to_truth  : largest distance of a point of the answer from the truth
    to_answer : largest distance of a point of the truth from the answer
    median_to_truth, median_to_answer : medians of the same
    within    : smaller one of the shares of the two sets of points that are within the tolerance
    chamfer, hausdorff : between the two samples; not 0 for one surface
    """

    to_truth: float
    to_answer: float
    median_to_truth: float
    median_to_answer: float
    within: float
    chamfer: float
    hausdorff: float

    @property
    def near(self) -> bool:
        """Whether the two are one set of points, to the tolerance."""
        return self.within >= MOST and max(self.to_truth, self.to_answer) <= FARTHEST


def distances_apart(
    answer: Surface, truth: Surface, diagonal: float, tolerance: float, seed: int, samples: int = SAMPLES
) -> Apart:
    """How far two surfaces are apart, from that many points of each."""
    rng = np.random.default_rng(seed)
    given, true = answer.sample(samples, rng), truth.sample(samples, rng)
    forth, back = truth.distances(given) / diagonal, answer.distances(true) / diagonal
    return Apart(
        to_truth=float(forth.max()),
        to_answer=float(back.max()),
        median_to_truth=float(np.median(forth)),
        median_to_answer=float(np.median(back)),
        within=float(min(np.mean(forth <= tolerance), np.mean(back <= tolerance))),
        chamfer=chamfer_distance(given, true, diagonal=diagonal),
        hausdorff=hausdorff_distance(given, true, diagonal=diagonal),
    )


__all__ = ["FARTHEST", "MOST", "SAMPLES", "Apart", "Surface", "distances_apart"]
