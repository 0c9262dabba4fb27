"""What tests of structure look at: rows of one orthant, smooth coordinates, a function laid through them."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.search.sample import sample
from eqdisc.search.surrogate import Surrogate, lay, scaled

ROWS = 900
FEWEST = 60  # rows below which nothing is said
WIDE = 4.0  # an input, or target, that spans this factor is looked at in logarithms
FOLLOWED = 0.05  # of its variance is missed: the logarithm of a target over decades is the better view
LOW = 3  # degree at which the target and its logarithm are compared
RADIANS, WIDEST = 1.0, 200.0  # that an angle spans at least, and is at most
SHARE_OF_ROWS = 0.1  # that the orthant with most rows must hold, or signs are not kept apart


@dataclass(frozen=True, eq=False)
class View:
    """A table as tests see it.

    features    : (n, k) rows in which no input changes its sign, as far as possible
    target      : (n,)
    logarithmic : (k,) which inputs are looked at in logarithms
    changing    : (k,) which inputs change their sign somewhere in the table
    """

    features: FloatArray
    target: FloatArray
    logarithmic: BoolArray
    changing: BoolArray
    _laid: dict[bytes, Surrogate] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, table: Dataset, most: int = ROWS) -> "View":
        """At most `most` rows of the orthant that holds most of them."""
        return cls.on(cls.rows_of(table, most), table)

    @staticmethod
    def rows_of(table: Dataset, most: int = ROWS) -> Dataset:
        """The rows that are looked at."""
        rows = _orthant(table.features)
        return sample(table.take(rows) if rows.size < table.n_rows else table, most)

    @classmethod
    def on(cls, rows: Dataset, table: Dataset | None = None) -> "View":
        """All the given rows, which were taken from the table."""
        whole = rows.features if table is None else table.features
        return cls(rows.features, rows.target, _logarithmic(rows.features), _changing(whole))

    @property
    def is_enough(self) -> bool:
        """Whether there are rows enough to say anything."""
        return self.target.size >= FEWEST

    @cached_property
    def one_signed(self) -> bool:
        """Whether the target has one sign and is nowhere zero."""
        return bool(np.all(self.target > 0.0) or np.all(self.target < 0.0))

    @cached_property
    def coordinates(self) -> FloatArray:
        """(n, k) within [-1, 1]."""
        return coordinates(self.features, self.logarithmic)

    @cached_property
    def in_logarithms(self) -> bool:
        """Whether the logarithm of the target is laid through the points rather than the target."""
        if not self.one_signed:
            return False
        size = np.abs(self.target)
        if np.max(size) <= WIDE * np.min(size):
            return False
        # The logarithm of what comes near zero is as hard to follow as the plain target over decades.
        logarithm = lay(self.coordinates, np.log(size), highest=LOW).share
        return logarithm < FOLLOWED or (
            logarithm <= lay(self.coordinates, centred(self.target), highest=LOW).share
        )

    @cached_property
    def aim(self) -> FloatArray:
        """(n,) what is laid through the points: the target, centred and of size 1, or its logarithm."""
        return np.log(np.abs(self.target)) if self.in_logarithms else centred(self.target)

    @cached_property
    def surrogate(self) -> Surrogate:
        """The function laid through the points."""
        return self.laid(self.aim)

    def laid(self, values: FloatArray) -> Surrogate:
        """The function laid through any (n,) values at the points; several tests ask for the same ones."""
        key = values.tobytes()
        if key not in self._laid:
            self._laid[key] = lay(self.coordinates, values)
        return self._laid[key]

    def at(self, features: FloatArray) -> FloatArray:
        """(n,) the function laid through the points, at other (n, k) features within their range."""
        low, high = np.min(self._stretched, axis=0), np.max(self._stretched, axis=0)
        half = np.where(high > low, 0.5 * (high - low), 1.0)
        return self.surrogate.at((stretched(features, self.logarithmic) - 0.5 * (high + low)) / half)

    @cached_property
    def slopes(self) -> FloatArray:
        """(n, k) derivatives of the target with respect to the inputs.

        In units of the target where that is looked at in logarithms, else of its spread.
        """
        gradient = self.surrogate.gradient(self.coordinates)
        low, high = np.min(self._stretched, axis=0), np.max(self._stretched, axis=0)
        span = np.where(high > low, high - low, 1.0)
        gradient = gradient * (2.0 / span)
        with np.errstate(all="ignore"):
            by_input = np.where(self.logarithmic, gradient / self.features, gradient)
        return by_input

    @property
    def level(self) -> FloatArray:
        """(n,) the target in the units of `slopes`."""
        if self.in_logarithms:
            return np.ones(self.target.size)
        return self.target / (float(np.std(self.target)) or 1.0)

    @cached_property
    def _stretched(self) -> FloatArray:
        return stretched(self.features, self.logarithmic)


def centred(target: FloatArray) -> FloatArray:
    """Mean zero, standard deviation one."""
    size = float(np.max(np.abs(target))) or 1.0
    inner = target / size
    return (inner - np.mean(inner)) / (float(np.std(inner)) or 1.0)


def coordinates(features: FloatArray, logarithmic: BoolArray) -> FloatArray:
    """(n, k) within [-1, 1]: inputs, or the logarithms of their sizes."""
    return scaled(stretched(features, logarithmic))


def stretched(features: FloatArray, logarithmic: BoolArray) -> FloatArray:
    """(n, k) the inputs, or the logarithms of their sizes."""
    with np.errstate(all="ignore"):
        return np.where(logarithmic, np.log(np.abs(features)), features)


def logarithmic_columns(features: FloatArray) -> BoolArray:
    """(k,) which columns have one sign and span a factor that calls for logarithms."""
    return _logarithmic(features)


def _logarithmic(features: FloatArray) -> BoolArray:
    size = np.abs(features)
    smallest, largest = np.min(size, axis=0), np.max(size, axis=0)
    one_signed = (np.min(features, axis=0) > 0.0) | (np.max(features, axis=0) < 0.0)
    wide: BoolArray = one_signed & (largest > WIDE * smallest)
    wide[wide] = [evener_in_logarithms(column) for column in size.T[wide]]
    return wide


def evener_in_logarithms(size: FloatArray) -> bool:
    """Whether the median of positive values lies nearer to the middle of their logarithms than to theirs.

    >>> evener_in_logarithms(np.array([1.0, 10.0, 100.0])), evener_in_logarithms(np.array([0.001, 1.0, 2.0]))
    (True, False)
    """
    low, middle, high = (float(q) for q in np.quantile(size, (0.0, 0.5, 1.0)))
    plain = (middle - low) / (high - low)
    logarithmic = np.log(middle / low) / np.log(high / low)
    return bool(abs(logarithmic - 0.5) < abs(plain - 0.5))


def is_angle(column: FloatArray) -> bool:
    """Whether an input may be one in radians: it spans one and makes no more turns than can be followed."""
    return float(np.ptp(column)) > RADIANS and float(np.max(np.abs(column))) <= WIDEST


def _changing(features: FloatArray) -> BoolArray:
    changing: BoolArray = (np.min(features, axis=0) < 0.0) & (np.max(features, axis=0) > 0.0)
    return changing


def _orthant(features: FloatArray) -> IntArray:
    """Numbers of the rows with the most frequent signs; all where no signs are frequent enough."""
    n = features.shape[0]
    changing = _changing(features)
    if not changing.any():
        return np.arange(n)
    _, place, counts = np.unique(features[:, changing] > 0.0, axis=0, return_inverse=True, return_counts=True)
    most = int(np.argmax(counts))
    if counts[most] < max(FEWEST, SHARE_OF_ROWS * n):
        return np.arange(n)
    return np.flatnonzero(place.ravel() == most)
