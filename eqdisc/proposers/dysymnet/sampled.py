"""The rows a search looks at: a seeded sample, features divided by their size, never shifted."""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.programs import GROUP, Blocks
from eqdisc.engine.workspace import Sample, sample_of

#: One row of so many is held out in pruning, from so many rows on.
ONE_OF, LEAST = 4, 100
#: A loss below this share of the variance is as good as none: double precision, squared, and some room.
ROUNDING = 1e-25


@dataclass(frozen=True)
class Sampled:
    """What the kernels see of a table.

    features : (n, k) of the rows as they are
    scales   : (k,) root mean squares that the features were divided by
    variance : sum of squared deviations of the target, the loss of the best number
    floor    : sum of squares that rounding of the target leaves
    heldout  : rows at the end by which a network with noise is pruned; the rows are in random order
    """

    sample: Sample
    features: FloatArray
    scales: FloatArray
    variance: float
    floor: float
    n_rows: int
    heldout: int

    @classmethod
    def of(cls, table: Dataset, rows: int, random: np.random.Generator) -> "Sampled":
        """At most so many rows; the target keeps its mean, so that a law without an offset is shorter."""
        few = table.take(random.permutation(table.n_rows)[:rows])
        largest = np.max(np.abs(few.features), axis=0)
        largest = np.where(largest > 0.0, largest, 1.0)
        scales = largest * np.sqrt(np.mean((few.features / largest) ** 2, axis=0))
        scales = np.where(scales > 0.0, scales, 1.0)
        size = -(-few.n_rows // GROUP) * GROUP
        blocks = Blocks.of(few.features / scales, few.target, few.weights, block=size, centered=False)
        deviations = few.target - np.average(few.target, weights=few.weights)
        variance = float(np.sum(blocks.weights[0, : few.n_rows] * deviations**2))
        resolution = float(np.sum(few.target_resolution**2)) / 12.0
        floor = max(ROUNDING * (variance + float(np.sum(few.target**2))), resolution, 1e-290)
        heldout = few.n_rows // ONE_OF if few.n_rows >= LEAST else 0
        return cls(sample_of(blocks), few.features, scales, variance, floor, few.n_rows, heldout)
