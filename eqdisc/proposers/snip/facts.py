"""What statistics tell of columns, pairs of columns and tables: correlations, regressions, smoothness."""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.proposers.snip.views import LOG, RANK, SQUARE, STANDARD, Views, dots

#: Lags at which the target, in the order of a column, is compared with itself; those of the rests below.
LAGS, REST_LAGS = (1, 2, 4, 8), (1, 4)
#: Views of a column that are correlated with those of the target, in the order in which they are told.
_KINDS, _TARGETS = (STANDARD, RANK, LOG, SQUARE), (STANDARD, RANK, LOG)
#: Views of the columns on which those of the target are regressed: neighbours in `Views.kinds`.
_DESIGN, _EXPLAINED = slice(SQUARE, LOG + 1), slice(STANDARD, LOG + 1)
_REGRESSIONS = 2
_DESCRIPTION = 11


class Facts:
    """How many numbers are known of a column, a pair of columns and a table."""

    TABLE = _DESCRIPTION + 2 + 2 * _REGRESSIONS
    OWN = (
        1 + _DESCRIPTION + 2 * len(_KINDS) * len(_TARGETS) + len(_TARGETS) + 2 * _REGRESSIONS
        + len(LAGS) + _REGRESSIONS * len(REST_LAGS)
    )  # fmt: skip
    COLUMN = OWN + TABLE
    PAIR = 2 * _REGRESSIONS


@dataclass(frozen=True, slots=True)
class Signals:
    """What additive regressions of the value and of the logarithm leave of the target.

    Regressions are on the value, the square and the logarithm of every column, with a ridge.

    rest    : (B, 2, N) scaled to a deviation of about 1
    left    : (B, 2) share of the variance that they leave
    gain    : (B, C-1, 2) share of what is left without a column that the column explains
    """

    rest: AnyArray
    left: FloatArray
    gain: FloatArray


def moments(views: Views) -> FloatArray:
    """(B, 4, C, 4, C) mean products of every kind of view of every column with every other."""
    b, kinds, columns, n = views.kinds.shape
    seen = views.kinds.reshape(b, kinds * columns, n)
    found: FloatArray = (seen @ seen.swapaxes(1, 2)) / views.rows[:, :, None]
    return found.reshape(b, kinds, columns, kinds, columns)


def regressed(views: Views, products: FloatArray) -> Signals:
    """The regressions of the target on simple functions of all columns; `products` are the `moments`."""
    b, kinds, columns, n = views.kinds.shape
    design = products[:, _DESIGN, :-1]
    shape = design.shape[1:3]
    size = shape[0] * shape[1]
    gram = design[:, :, :, _DESIGN, :-1].reshape(b, size, size) + np.eye(size) / views.rows[:, :, None]
    precision: FloatArray = np.linalg.inv(gram).astype(np.float64, copy=False)
    coefficients = precision @ design[:, :, :, _EXPLAINED, -1].reshape(b, size, _REGRESSIONS)
    weights = np.zeros((b, _REGRESSIONS, kinds, columns), np.float32)
    weights[:, :, _DESIGN, :-1] = -coefficients.swapaxes(1, 2).reshape(b, _REGRESSIONS, *shape)
    weights[:, range(_REGRESSIONS), range(STANDARD, LOG + 1), -1] = 1.0
    rest = weights.reshape(b, _REGRESSIONS, -1) @ views.kinds.reshape(b, -1, n)
    left = dots(rest, rest) / views.rows
    rest *= (1.0 / (np.sqrt(left) + 1e-3)).astype(np.float32)[:, :, None]
    return Signals(rest=rest, left=left, gain=_gain(precision, coefficients, left, *shape))


def _gain(
    precision: FloatArray, coefficients: FloatArray, left: FloatArray, kinds: int, columns: int
) -> FloatArray:
    """(B, columns, 2) of what is left without a column (all its kinds), the share that it explains."""
    b = len(precision)
    blocks = precision.reshape(b, kinds, columns, kinds, columns)
    own = np.moveaxis(np.diagonal(blocks, axis1=2, axis2=4), -1, 1)  # (B, columns, kinds, kinds)
    beta = np.moveaxis(coefficients.reshape(b, kinds, columns, -1), 2, 1)
    gained: FloatArray = (beta * np.linalg.solve(own, beta)).sum(2)
    share: FloatArray = gained / (gained + left[:, None, :] + 1e-9)
    return share


def described(views: Views) -> FloatArray:
    """(B, C, 11) of each column: size, spread, signs, shape; 0 for a column that is not there."""
    rows = views.rows
    z = views.standard
    signs, nonzero = views.sign.sum(2), dots(views.sign, views.sign)
    told = [
        np.clip(views.size / 3.0, -5.0, 5.0),
        views.mean,
        views.deviation,
        np.log10(views.deviation + 1e-6) / 3.0,
        0.5 * (nonzero + signs) / rows,
        1.0 - nonzero / rows,
        views.whole,
        views.distinct,
        views.most / 4.0,
        views.least / 4.0,
        np.arcsinh(dots(z * z, z) / rows),
    ]
    return np.stack(told, axis=2) * views.there[:, :, None]


def table_facts(views: Views, description: FloatArray, signals: Signals) -> AnyArray:
    """(B, TABLE) of the whole: the target, how many rows and columns, what the regressions leave."""
    columns = views.there[:, :-1].sum(1, keepdims=True)
    extent = [np.log10(views.rows) - 2.0, columns / 10.0]
    parts = [description[:, -1], *extent, signals.left, np.log10(signals.left + 1e-6) / 3.0]
    return np.concatenate(parts, axis=1).astype(np.float32)


def column_facts(
    views: Views, products: FloatArray, description: FloatArray, signals: Signals, table: AnyArray
) -> AnyArray:
    """(B, C-1, COLUMN) of each column: what it is like, how the target goes with it, and of the table."""
    there = views.there[:, :-1, None]
    related = correlations(products)
    parts = [
        there,
        description[:, :-1],
        related,
        np.log10(1.0 - np.minimum(related * related, 1.0) + 1e-6) / 3.0,
        _partial(views, products),
        np.sqrt(signals.gain),
        np.log10(signals.gain + 1e-6) / 3.0,
        smoothness(views, views.rank[:, -1], LAGS),
        *(smoothness(views, signals.rest[:, k], REST_LAGS) for k in range(_REGRESSIONS)),
        np.broadcast_to(table[:, None, :], (*there.shape[:2], table.shape[1])),
    ]
    return np.concatenate(parts, axis=2).astype(np.float32) * there


def pair_facts(views: Views, signals: Signals) -> AnyArray:
    """(B, C-1, C-1, PAIR) correlations of what both regressions leave with products of two columns."""
    b, _, columns, n = views.kinds.shape
    seen = views.kinds[:, _EXPLAINED, None, :-1]  # values and logarithms
    weighted = (seen * signals.rest[:, None, :, None]).reshape(b, 2, -1, n)
    found = (weighted @ seen[:, :, 0].swapaxes(2, 3)) / views.rows[:, :, None, None]
    found = found.reshape(b, Facts.PAIR, columns - 1, columns - 1).transpose(0, 2, 3, 1)
    return found.astype(np.float32)


def correlations(products: FloatArray) -> FloatArray:
    """(B, C-1, kinds * targets) of every view of a column with every view of the target."""
    to_target = products[:, :, :-1, :, -1].transpose(0, 2, 1, 3)
    found = to_target[:, :, _KINDS][:, :, :, _TARGETS]
    return found.reshape(*found.shape[:2], -1)


def _partial(views: Views, products: FloatArray) -> FloatArray:
    """(B, C-1, 3) correlations of value, rank and logarithm with the target's, given all other columns."""
    gram = np.stack([products[:, kind, :, kind] for kind in _TARGETS], axis=1)
    gram += np.eye(gram.shape[2]) / views.rows[:, :, None, None]
    precision = np.linalg.inv(gram)
    own = np.diagonal(precision, axis1=2, axis2=3)
    found: FloatArray = -precision[:, :, :-1, -1] / np.sqrt(own[:, :, :-1] * own[:, :, -1:])
    return found.swapaxes(1, 2)


def smoothness(views: Views, signal: AnyArray, lags: tuple[int, ...]) -> FloatArray:
    """(B, C-1, lags) correlation of a (B, N) signal, in the order of each column, with itself some rows on.

    A target that goes with the column, in whatever way, is like its neighbours (Chatterjee, A new coefficient
    of correlation, JASA 2021); waves show at longer lags.
    """
    b, n = signal.shape
    rows_before = n * np.arange(b).reshape(b, 1, 1)
    along = np.ascontiguousarray(signal).reshape(-1).take(views.order[:, :-1] + rows_before, mode="clip")
    products = [dots(along[:, :, :-lag], along[:, :, lag:]) for lag in lags]
    found: FloatArray = np.stack(products, axis=2) / np.maximum(views.rows - np.array(lags), 1.0)[:, None, :]
    return found
