"""What the network is shown of a table: numbers for each row, column, pair of columns and the whole.

The one place that turns tables into arrays, for training and use alike. Columns are scaled, never shifted:
a shift would turn products into sums (what is shifted besides is shown beside it). The correlations and
regressions tell in a few numbers what a small network takes long to learn from rows.
"""

from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, IntArray
from eqdisc.proposers.snip.facts import (
    Facts,
    Signals,
    column_facts,
    correlations,
    described,
    moments,
    pair_facts,
    regressed,
    smoothness,
    table_facts,
)
from eqdisc.proposers.snip.views import Views, views_of
from eqdisc.proposers.snip.vocabulary import INPUTS

#: Fewest rows of a table that can be looked at.
FEWEST = 4
#: Numbers that tell a value: in units of its column's size, squeezed, its logarithm, its sign, standardised.
VALUES = 5
#: Numbers for each row: those of its values, the target's rank and what two regressions leave of the target.
POINT = VALUES * (INPUTS + 1) + 3
#: Rows of all tables that are looked at together: what is made of them stays in the cache (half and twice as
#: many are slower).
_ROWS = 8192
COLUMN, PAIR, TABLE = Facts.COLUMN, Facts.PAIR, Facts.TABLE


class Inputs(NamedTuple):
    """B tables as the network takes them; everything that is not there is 0.

    points     : (B, N, POINT) float32, one vector a row
    point_mask : (B, N) which rows are there
    columns    : (B, 10, COLUMN) float32, what is known of each column
    column_mask: (B, 10) which columns are there
    pairs      : (B, 10, 10, PAIR) float32, what is known of each pair of columns, symmetric
    table      : (B, TABLE) float32, what is known of the whole
    """

    points: AnyArray
    point_mask: BoolArray
    columns: AnyArray
    column_mask: BoolArray
    pairs: AnyArray
    table: AnyArray


def prepare(features: FloatArray, target: FloatArray, rows: IntArray, columns: IntArray) -> Inputs:
    """Tables padded to (B, N, 10) features and (B, N) targets as the network takes them.

    rows, columns : (B,) how many of each are there, the first ones; at least 4 rows
    Values must be finite (what lies beyond `rows` and `columns` is not read); any size is fine, and a column
    that does not vary has correlations of 0. Equal values of a column have one rank.

    >>> x = np.zeros((1, 6, 10))
    >>> x[0, :, 0] = np.arange(6.0)
    >>> inputs = prepare(x, 2.0 * x[:, :, 0], np.array([6]), np.array([1]))
    >>> inputs.points.shape == (1, 6, POINT), inputs.columns.shape == (1, 10, COLUMN)
    (True, True)
    """
    b, count = target.shape
    inputs = Inputs(
        points=np.zeros((b, count, POINT), np.float32),
        point_mask=np.arange(count) < rows[:, None],
        columns=np.zeros((b, INPUTS, COLUMN), np.float32),
        column_mask=np.arange(INPUTS) < columns[:, None],
        pairs=np.zeros((b, INPUTS, INPUTS, PAIR), np.float32),
        table=np.empty((b, TABLE), np.float32),
    )
    # By the number of columns, so that few are looked at that are not there.
    order = np.argsort(columns, kind="stable")
    size = max(1, _ROWS // count)
    for first in range(0, b, size):
        _look(features, target, inputs, order[first : first + size])
    return inputs


def _look(features: FloatArray, target: FloatArray, inputs: Inputs, tables: IntArray) -> None:
    """Fill in what is known of some of the tables."""
    there = inputs.column_mask[tables]
    width = max(1, int(there.sum(1).max()))
    present = inputs.point_mask[tables]
    views = views_of(features[tables][:, :, :width], target[tables], present, there[:, :width])
    products = moments(views)
    signals = regressed(views, products)
    description = described(views)
    table = table_facts(views, description, signals)
    inputs.points[tables] = _points(views, signals)
    inputs.columns[tables, :width] = column_facts(views, products, description, signals, table)
    inputs.pairs[tables, :width, :width] = pair_facts(views, signals)
    inputs.table[tables] = table


def _points(views: Views, signals: Signals) -> AnyArray:
    """(B, N, POINT) vectors of the rows."""
    b, columns, n = views.value.shape
    seen = np.zeros((b, POINT, n), np.float32)
    values = seen[:, : VALUES * (INPUTS + 1)].reshape(b, VALUES, INPUTS + 1, n)
    told = (views.value, _squeezed(views), 0.5 * views.logarithm, views.sign, views.standard)
    for k, found in enumerate(told):
        values[:, k, : columns - 1] = found[:, :-1]
        values[:, k, -1] = found[:, -1]
    seen[:, -3] = views.rank[:, -1]
    seen[:, -2:] = signals.rest
    return np.ascontiguousarray(seen.swapaxes(1, 2))


def _squeezed(views: Views) -> AnyArray:
    """(B, C, N) a third of arcsinh(8 value); its own function takes four times as long as this logarithm."""
    size = np.abs(views.value)
    size *= np.float32(8.0)
    root = size * size
    root += 1.0
    np.sqrt(root, out=root)
    root += size
    np.log(root, out=root)
    root *= views.sign
    root /= 3.0
    return root


def association(features: FloatArray, target: FloatArray) -> FloatArray:
    """(k,) how well an (n,) target goes with each of any number of columns, one at a time: from 0 to about 1.

    The largest of all correlations of views of the column with views of the target, and of the likeness of
    neighbours in the order of the column, which waves have too.

    >>> x = np.linspace(0.0, 9.0, 50)
    >>> np.round(association(np.column_stack([x, 0.0 * x]), np.sin(2.0 * x)), 1)
    array([0.9, 0. ])
    """
    n, k = features.shape
    groups = -(-k // INPUTS)
    padded = np.zeros((n, groups * INPUTS))
    padded[:, :k] = features
    tables = padded.reshape(n, groups, INPUTS).swapaxes(0, 1)
    there = np.arange(groups * INPUTS).reshape(groups, INPUTS) < k
    targets = np.broadcast_to(target, (groups, n))
    views = views_of(tables, targets, np.ones((groups, n), np.bool_), there)
    found = [correlations(moments(views)), smoothness(views, views.rank[:, -1], (1,))]
    varies = views.deviation[:, :-1] > 0.0
    best: FloatArray = (np.abs(np.concatenate(found, axis=2)).max(2) * varies).astype(np.float64)
    return best.reshape(-1)[:k]
