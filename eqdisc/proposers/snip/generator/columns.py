"""Inputs of many ranges and distributions."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from eqdisc._typing import AnyArray, BoolArray, FloatArray, IntArray

UNIFORM, LOGARITHMIC, NORMAL, CLUSTERS, INTEGERS, LEVELS, RELATED = range(7)
_TAIL = 0.0062  # of the normal distribution, beyond 2.5 standard deviations
_MOST_CLUSTERS = 6


@dataclass(frozen=True)
class Columns:
    """Ranges of the inputs of several tables, arrays of shape (tables, columns).

    kind : how values are drawn between `low` and `high`; -1 where a table has no such column
    other : the column that a `RELATED` one follows
    """

    kind: IntArray
    low: FloatArray
    high: FloatArray
    other: IntArray

    def __len__(self) -> int:
        return len(self.kind)

    def taken(self, which: AnyArray) -> "Columns":
        """Those of some tables."""
        return Columns(self.kind[which], self.low[which], self.high[which], self.other[which])


def draw_columns(
    present: BoolArray, relevant: BoolArray, usual: BoolArray, rng: np.random.Generator
) -> Columns:
    """Ranges for tables (tables, columns) that have some columns, of which some are relevant.

    Most scientific columns are positive; half of the ranges are of the order of one, the others spread over
    decades, a few over many. Those of `usual` tables (tables,) are all of the order of one.
    """
    shape = present.shape
    style, u, v = rng.random(shape), rng.random(shape), rng.random(shape)
    low = np.where(u < 0.35, 0.0, np.where(u < 0.7, 1.0, 2.0 * v))
    high = low + 0.5 + 4.5 * rng.random(shape)
    kind = np.full(shape, UNIFORM)
    # Log-uniform over one to four decades.
    logarithmic = (style > 0.38) & (style < 0.55)
    start = 10.0 ** rng.uniform(-1.5, 0.5, shape)
    decades = rng.uniform(0.7, np.where(usual, 1.5, 3.0)[:, None], shape)
    low = np.where(logarithmic, start, low)
    high = np.where(logarithmic, start * 10.0**decades, high)
    kind[logarithmic] = LOGARITHMIC
    # Of both signs, most often symmetric.
    both = (style >= 0.55) & (style < 0.75)
    reach = 0.5 + 4.5 * u
    low = np.where(both, np.where(v < 0.7, -reach, -reach * v), low)
    high = np.where(both, reach, high)
    kind[both & (v > 0.6)] = NORMAL
    kind[(style >= 0.75) & (style < 0.83)] = CLUSTERS
    integers = (style >= 0.83) & (style < 0.92)
    low = np.where(integers, np.rint(low), low)
    high = np.where(integers, low + rng.integers(3, 12, shape), high)
    kind[integers] = INTEGERS
    kind[(style >= 0.92) & (style < 0.96)] = LEVELS
    kind[style >= 0.96] = NORMAL
    scale = _scales(shape, rng)
    scale[usual] = 1.0
    scale[integers] = 1.0
    related = present & ~relevant & (rng.random(shape) < 0.12)
    other = np.argmax(relevant * rng.random(shape), axis=1)[:, None] + np.zeros(shape, np.int64)
    kind[related] = RELATED
    kind[~present] = -1
    return Columns(kind, low * scale, high * scale, other)


def _scales(shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    u = rng.random(shape)
    decades = np.where(u < 0.6, 0.0, rng.normal(0.0, 1.2, shape))
    decades = np.where(u > 0.94, np.clip(4.0 * rng.standard_t(2.0, shape), -25.0, 25.0), decades)
    scales: FloatArray = 10.0**decades
    return scales


def sample(columns: Columns, rows: int, rng: np.random.Generator) -> FloatArray:
    """Values (tables, columns, rows) of the inputs; zero where a table has no such column."""
    kind = columns.kind
    out = np.zeros((*kind.shape, rows))
    where = kind >= 0
    out[where] = rng.random((int(where.sum()), rows))
    for code, shaped in _SHAPES.items():
        chosen = kind == code
        if chosen.any():
            out[chosen] = shaped(out[chosen], columns.low[chosen, None], columns.high[chosen, None], rng)
    tables, places = np.nonzero(kind == RELATED)
    if len(tables):
        near = np.exp(0.3 * ndtri(np.clip(out[tables, places], 1e-9, 1.0 - 1e-9)))
        out[tables, places] = out[tables, columns.other[tables, places]] * near
    return out


def _uniform(u: FloatArray, low: FloatArray, high: FloatArray, rng: np.random.Generator) -> FloatArray:
    return low + (high - low) * u


def _logarithmic(u: FloatArray, low: FloatArray, high: FloatArray, rng: np.random.Generator) -> FloatArray:
    values: FloatArray = low * np.exp(u * np.log(high / low))
    return values


def _normal(u: FloatArray, low: FloatArray, high: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Within 2.5 standard deviations of the middle."""
    values: FloatArray = low + (high - low) * (0.5 + 0.2 * ndtri(_TAIL + (1.0 - 2.0 * _TAIL) * u))
    return values


def _clusters(u: FloatArray, low: FloatArray, high: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A few centres, the values a hundredth of the range about each."""
    number = rng.integers(2, _MOST_CLUSTERS + 1, (len(u), 1))
    centres = rng.random((len(u), _MOST_CLUSTERS))
    which = np.floor(u * number)
    within = u * number - which
    place = np.take_along_axis(centres, which.astype(np.int64), axis=1)
    return low + (high - low) * np.clip(place + 0.03 * (within - 0.5), 0.0, 1.0)


def _integers(u: FloatArray, low: FloatArray, high: FloatArray, rng: np.random.Generator) -> FloatArray:
    values: FloatArray = low + np.floor(u * (high - low + 1.0))
    return values


def _levels(u: FloatArray, low: FloatArray, high: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Equal steps, as an experimenter sets them."""
    steps = rng.integers(4, 12, (len(u), 1))
    values: FloatArray = low + (high - low) * np.floor(u * (steps + 1)) / steps
    return values


_SHAPES = {
    UNIFORM: _uniform,
    LOGARITHMIC: _logarithmic,
    NORMAL: _normal,
    CLUSTERS: _clusters,
    INTEGERS: _integers,
    LEVELS: _levels,
}
