"""What statistics tell of columns, pairs of columns and tables: correlations, regressions, smoothness."""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, IntArray
from eqdisc.proposers.snip.views import Views

#: Lags at which the target, in the order of a column, is compared with itself; those of the rests below.
LAGS, REST_LAGS = (1, 2, 4, 8), (1, 4)
#: Kinds of views of a column, of the target, and regressions of the target.
_KINDS, _TARGETS, _REGRESSIONS = 4, 3, 2
_DESCRIPTION = 11
#: Further than any value in units of its column's size.
_FAR = np.float32(1e6)


class Facts:
    """How many numbers are known of a column, a pair of columns and a table."""

    TABLE = _DESCRIPTION + 2 + 2 * _REGRESSIONS
    OWN = (
        1 + _DESCRIPTION + 2 * _KINDS * _TARGETS + _TARGETS + 2 * _REGRESSIONS
        + len(LAGS) + _REGRESSIONS * len(REST_LAGS)
    )  # fmt: skip
    COLUMN = OWN + TABLE
    PAIR = 2 * _REGRESSIONS


@dataclass(frozen=True, slots=True)
class Signals:
    """The target, standardised, and what additive regressions leave of it.

    Regressions are on the value, the square and the logarithm of every column, with a ridge.

    targets : (B, 3, N) value, rank and logarithm
    rest    : (B, 2, N) of the value and the logarithm, scaled to a deviation of about 1
    left    : (B, 2) share of the variance that they leave
    gain    : (B, 10, 2) share of what is left without a column that the column explains
    """

    targets: AnyArray
    rest: AnyArray
    left: FloatArray
    gain: FloatArray


def regressed(views: Views) -> Signals:
    """The regressions of the target on simple functions of all columns."""
    targets = np.stack([views.standard[:, -1], views.rank[:, -1], views.log[:, -1]], axis=1)
    design = np.stack([view[:, :-1] for view in (views.standard, views.square, views.log)], axis=1)
    b, kinds, columns, n = design.shape
    design = design.reshape(b, kinds * columns, n)
    explained = targets[:, ::2]
    weight = 1.0 / views.rows
    gram = (design @ design.swapaxes(1, 2)) * weight + weight * np.eye(kinds * columns)
    precision = np.linalg.inv(gram)
    coefficients = precision @ ((design @ explained.swapaxes(1, 2)) * weight)
    rest = explained - coefficients.swapaxes(1, 2).astype(np.float32) @ design
    left = (rest * rest).sum(2) * weight[:, :, 0]
    scale = 1.0 / (np.sqrt(left) + 1e-3)
    return Signals(
        targets=targets,
        rest=rest * scale[:, :, None].astype(np.float32),
        left=left,
        gain=_gain(precision, coefficients, left, kinds, columns),
    )


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


def _description(views: Views) -> FloatArray:
    """(B, C, 11) of each column: size, spread, signs, shape; 0 for a column that is not there."""
    rows = views.rows[:, :, 0]
    z = views.standard
    positive, zero = (views.value > 0.0), (views.value == 0.0) & views.mask
    told = [
        np.clip(views.size / 3.0, -5.0, 5.0),
        views.mean,
        views.deviation,
        np.log10(views.deviation + 1e-6) / 3.0,
        positive.sum(2) / rows,
        zero.sum(2) / rows,
        views.whole,
        views.distinct,
        np.where(views.mask, views.value, -_FAR).max(2) / 4.0,
        np.where(views.mask, views.value, _FAR).min(2) / 4.0,
        np.arcsinh((z * z * z).sum(2) / rows),
    ]
    return np.stack(told, axis=2) * views.mask[:, :, :1]


def table_facts(views: Views, signals: Signals, columns: IntArray) -> AnyArray:
    """(B, TABLE) of the whole: the target, how many rows and columns, what the regressions leave."""
    extent = np.stack([np.log10(views.rows[:, 0, 0]) - 2.0, columns / 10.0], axis=1)
    parts = [_description(views)[:, -1], extent, signals.left, np.log10(signals.left + 1e-6) / 3.0]
    return np.concatenate(parts, axis=1).astype(np.float32)


def column_facts(views: Views, signals: Signals, table: AnyArray, there: BoolArray) -> AnyArray:
    """(B, 10, COLUMN) of each column: what it is like, how the target goes with it, and of the table."""
    related = correlations(views, signals.targets)
    parts = [
        there[:, :, None],
        _description(views)[:, :-1],
        related,
        np.log10(1.0 - np.minimum(related * related, 1.0) + 1e-6) / 3.0,
        _partial(views),
        np.sqrt(signals.gain),
        np.log10(signals.gain + 1e-6) / 3.0,
        smoothness(views, signals),
        np.broadcast_to(table[:, None, :], (*there.shape, table.shape[1])),
    ]
    return np.concatenate(parts, axis=2).astype(np.float32) * there[:, :, None]


def pair_facts(views: Views, signals: Signals, there: BoolArray) -> AnyArray:
    """(B, 10, 10, PAIR) correlations of the rests of both regressions with products of two columns' views."""
    found = []
    for view in (views.standard[:, :-1], views.log[:, :-1]):
        for k in range(_REGRESSIONS):
            weighted = view * signals.rest[:, k, None, :]
            found.append((weighted @ view.swapaxes(1, 2)) / views.rows)
    both = there[:, :, None] & there[:, None, :]
    return (np.stack(found, axis=3) * both[:, :, :, None]).astype(np.float32)


def correlations(views: Views, targets: AnyArray) -> AnyArray:
    """(B, 10, kinds * targets) of every view of a column with every view of the target."""
    seen = np.stack([view[:, :-1] for view in (views.standard, views.rank, views.log, views.square)], axis=2)
    b, columns, kinds, n = seen.shape
    found = (seen.reshape(b, columns * kinds, n) @ targets.swapaxes(1, 2)) / views.rows
    return found.reshape(b, columns, kinds * targets.shape[1])


def _partial(views: Views) -> FloatArray:
    """(B, 10, 3) correlations of value, rank and logarithm with the target's, given all other columns."""
    seen = np.stack([views.standard, views.rank, views.log], axis=1)
    ridge = 1.0 / views.rows[:, :, None]
    gram = (seen @ seen.swapaxes(2, 3)) * ridge + ridge * np.eye(seen.shape[2])
    precision = np.linalg.inv(gram)
    own = np.diagonal(precision, axis1=2, axis2=3)
    found: FloatArray = -precision[:, :, :-1, -1] / np.sqrt(own[:, :, :-1] * own[:, :, -1:])
    return found.swapaxes(1, 2)


def smoothness(views: Views, signals: Signals) -> AnyArray:
    """(B, 10, 8) correlation of the target, in the order of a column, with itself some rows on.

    A target that goes with the column, in whatever way, is like its neighbours (Chatterjee, A new coefficient
    of correlation, JASA 2021); waves show at longer lags. First the target's rank, then what the regressions
    leave.
    """
    order = views.order[:, :-1]
    rests = [(signals.rest[:, k], REST_LAGS) for k in range(_REGRESSIONS)]
    found = []
    for signal, lags in [(signals.targets[:, 1], LAGS), *rests]:
        along = np.take_along_axis(signal[:, None, :], order, 2)
        for lag in lags:
            products = np.einsum("bjn,bjn->bj", along[:, :, :-lag], along[:, :, lag:])
            found.append(products / np.maximum(views.rows[:, :, 0] - lag, 1.0))
    return np.stack(found, axis=2)
