"""Where a function of several variables is zero along straight lines."""

from collections.abc import Callable

import numpy as np

from eqdisc._typing import BoolArray, FloatArray, IntArray

CELLS = 128  # looked at along each line; two sheets nearer than a cell are told apart only on other lines
_CLOSE = 1e-15  # of a line: half of what a bracket ends with
_GOLDEN_STEPS = 76  # from two cells down to there, by 0.618 a step
_FIRST_LOOK = 16  # golden steps: a bracket of 5e-4
# Beside a touched zero the nearest of the grid is at most a third as far as the farther neighbour, so that
# |F| is at most this there, be it only a square root of the distance.
_LOW = 0.6
_PROMISING = 0.2  # of |F| a cell away, left after that look: 5e-4 to the power of 1/4
_SHIFT = 25.0  # kappa_1 of the ITP method, 0.2 over the width of a cell; kappa_2 is 2
_GOLDEN = (5.0**0.5 - 1.0) / 2.0
# A continuous function shrinks with the bracket of its zero, a jump does not; a cube root shrinks least, to
# 4e-5 of what it is a cell away.
_LARGEST_JUMP = 1e-3
# What is left of |F| at a touching zero: in the square of something 1e-22 of what it is a cell away, in a
# square that was multiplied out (rounded at 1e-16 beside 1e-4) 1e-12.
_TOUCHING = 1e-10

Function = Callable[[FloatArray], FloatArray]


def crossings(
    function: Function, starts: FloatArray, ends: FloatArray, cells: int = CELLS
) -> tuple[FloatArray, IntArray]:
    """Zeros of a function on the segments between two ends.

    function : (n, d) points -> (n,) values
    starts, ends : (m, d)

    Points (k, d) and the segment each lies on (k,), by segment. Found are changes of sign and zeros that are
    touched without one, as of squares. A pole or a jump is no zero, and neither is a stretch where the
    function is 0 all along. Where it is NaN it has no zeros.

    >>> points, lines = crossings(lambda x: x[:, 0] ** 2 - 4, np.array([[-3.0, 0]]), np.array([[3.0, 0]]))
    >>> points.round(12).tolist(), lines.tolist()
    ([[-2.0, 0.0], [2.0, 0.0]], [0, 0])
    """
    ways = ends - starts
    grid = np.linspace(0.0, 1.0, cells + 1)
    table = starts[:, None, :] + grid[None, :, None] * ways[:, None, :]
    with np.errstate(all="ignore"):
        values = function(table.reshape(-1, starts.shape[1])).reshape(len(starts), -1)

    def along(lines: IntArray) -> Function:
        return lambda t: function(starts[lines] + t[:, None] * ways[lines])

    signs = _signs(values)
    lines, cell = np.nonzero(signs[:, :-1] * signs[:, 1:] < 0.0)
    near = _Brackets(grid[cell], grid[cell + 1], values[lines, cell], values[lines, cell + 1])
    changes, kept = near.changes(lambda chosen: along(lines[chosen]))
    touched, middle = np.nonzero(_is_low(values, signs))
    low = _Brackets(
        grid[middle], grid[middle + 2], np.abs(values[touched, middle]), np.abs(values[touched, middle + 2])
    )
    touches, taken = low.touches(lambda chosen: along(touched[chosen]))
    line = np.concatenate([lines[kept], touched[taken]])
    t = np.concatenate([changes[kept], touches[taken]])
    order = np.lexsort((t, line))
    line, t = line[order], t[order]
    return starts[line] + t[:, None] * ways[line], line


class _Brackets:
    """Stretches of lines from `low` to `high`, and the values at their ends, all (k,)."""

    def __init__(self, low: FloatArray, high: FloatArray, at_low: FloatArray, at_high: FloatArray) -> None:
        self.low, self.high = low.copy(), high.copy()
        self.at_low, self.at_high = at_low.copy(), at_high.copy()
        self.scale = np.maximum(_finite(at_low), _finite(at_high))

    def changes(self, function: Callable[[IntArray], Function]) -> tuple[FloatArray, BoolArray]:
        """Where the sign changes, and whether the function goes through zero there.

        The ITP method (Oliveira and Takahashi, 2020): about ten looks for a smooth function where bisection
        takes 44, and never more than one above that.
        """
        sign = np.sign(self.at_high) - np.sign(self.at_low)
        busy = np.arange(len(self.low))
        width = float(np.max(self.high - self.low, initial=0.0))
        steps = int(np.ceil(np.log2(width / (2.0 * _CLOSE)))) + 1 if len(busy) else 0
        with np.errstate(all="ignore"):
            for step in range(steps):
                low, high = self.low[busy], self.high[busy]
                t = _itp(low, high, self.at_low[busy], self.at_high[busy], _CLOSE * 2.0 ** (steps - step))
                value = function(busy)(t)
                before = np.sign(value) * sign[busy] < 0.0
                here, there = busy[before], busy[~before]
                self.low[here], self.at_low[here] = t[before], value[before]
                self.high[there], self.at_high[there] = t[~before], value[~before]
                busy = busy[self.high[busy] - self.low[busy] > 2.0 * _CLOSE]
                if not len(busy):
                    break
            jump = np.abs(self.at_high - self.at_low)
            through = jump <= _LARGEST_JUMP * self.scale
        nearer = np.abs(self.at_low) < np.abs(self.at_high)
        return np.where(nearer, self.low, self.high), through

    def touches(self, function: Callable[[IntArray], Function]) -> tuple[FloatArray, BoolArray]:
        """Golden section: where |F| is least, and whether it is zero there to rounding.

        `function` gives the function along chosen brackets: a look tells most that they are none.
        """
        t, least = 0.5 * (self.low + self.high), np.full(len(self.low), np.inf)
        busy = np.arange(len(self.low))
        for steps in (_FIRST_LOOK, _GOLDEN_STEPS - _FIRST_LOOK):
            if not len(busy):
                break
            along = function(busy)
            low, high = self.low[busy], self.high[busy]
            with np.errstate(all="ignore"):
                for _ in range(steps):
                    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
                    is_left = np.abs(along(left)) <= np.abs(along(right))
                    low, high = np.where(is_left, low, left), np.where(is_left, right, high)
                t[busy] = 0.5 * (low + high)
                least[busy] = np.abs(along(t[busy]))
            self.low[busy], self.high[busy] = low, high
            busy = busy[least[busy] <= _PROMISING * self.scale[busy]]
        return t, least <= _TOUCHING * self.scale


def _signs(values: FloatArray) -> FloatArray:
    """Signs of the values of each line; a zero has the sign before it, so that it is no change by itself."""
    signs = np.sign(values)
    column = np.where(signs != 0.0, np.arange(values.shape[1]), 0)
    filled: FloatArray = np.take_along_axis(signs, np.maximum.accumulate(column, axis=1), axis=1)
    return filled


def _is_low(values: FloatArray, signs: FloatArray) -> BoolArray:
    """(m, cells - 1) whether |F| has a minimum in the middle of three values of one sign."""
    size = np.abs(values)
    before, middle, after = size[:, :-2], size[:, 1:-1], size[:, 2:]
    one_sign = (signs[:, :-2] * signs[:, 1:-1] > 0.0) & (signs[:, 1:-1] * signs[:, 2:] > 0.0)
    with np.errstate(invalid="ignore"):
        low: BoolArray = one_sign & (middle <= before) & (middle <= after)
        low &= middle <= _LOW * np.maximum(before, after)
    return low


def _itp(
    low: FloatArray, high: FloatArray, at_low: FloatArray, at_high: FloatArray, reach: float
) -> FloatArray:
    """The next place to look at: the secant's, moved a little towards the middle, at most so far from it that
    bisection could still end in time."""
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    secant = (at_high * low - at_low * high) / (at_high - at_low)
    secant = np.where(np.isfinite(secant), secant, middle)
    towards = np.sign(middle - secant)
    shift = _SHIFT * (2.0 * half) ** 2
    moved = np.where(shift <= np.abs(middle - secant), secant + towards * shift, middle)
    room = np.maximum(reach - half, 0.0)
    t = np.where(np.abs(moved - middle) <= room, moved, middle - towards * room)
    return np.where((t > low) & (t < high), t, middle)


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), np.abs(values), 0.0)


__all__ = ["CELLS", "crossings"]
