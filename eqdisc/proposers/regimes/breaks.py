"""Where a table breaks: rows whose neighbourhood no smooth function meets, as the ones around are."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from eqdisc._typing import BoolArray, FloatArray, IntArray

MOST_QUADRATIC = 3  # inputs; with more a quadratic asks for too many neighbours and a plane does
SPARE = 8  # neighbours beyond the coefficients of the local fit
AROUND = 4  # times as many neighbours say what is usual nearby
QUIET = 0.3  # quantile of the roughness around that is usual: at most this share need be free of breaks
ROUGH = 6.0  # times the usual; the ratio of two estimates from eight degrees of freedom stays below
LINE_SHARE = 0.4  # of the neighbourhoods around a jump along a line
PIECE_ROUGH = 3.0  # a row within a piece is smoother than that
BROKEN = 0.03  # share of rough rows that hardly any smooth law leaves
# Of the target's deviation; what is less matters nowhere. Without it the tails of a bell look broken: they
# are met a thousand times better than its slopes.
FLOOR = 1e-3
LEAST_SHARE, LEAST_ROWS = 0.04, 24  # of a piece
RIDGE = 1e-10


@dataclass(frozen=True, eq=False)
class Breaks:
    """Breaks of a table.

    share  : of the rows that lie at a break
    broken : whether these are too many for one smooth law
    pieces : row numbers of each connected part without breaks, largest first
    """

    share: float
    broken: bool
    pieces: tuple[IntArray, ...]


def breaks(features: FloatArray, target: FloatArray) -> Breaks:
    """Fit a polynomial of second degree (a plane for many inputs) around each row and compare how well.

    features : (n, k) finite; target : (n,) finite. A smooth function misses alike in places alike; at a jump
    or a kink the misfit exceeds that of the rows around by far. Noise hides breaks of its own size.

    >>> x = np.linspace(-1.0, 1.0, 200)
    >>> breaks(x[:, None], np.sin(3 * x)).broken, breaks(x[:, None], np.where(x > 0.3, x, -x)).broken
    (False, True)
    """
    n, k = features.shape
    places = features / np.where(np.std(features, axis=0) > 0.0, np.std(features, axis=0), 1.0)
    quadratic = k <= MOST_QUADRATIC
    size = (k + 1) * (k + 2) // 2 if quadratic else k + 1
    count = size + SPARE
    if n < AROUND * count:
        return Breaks(0.0, False, ())
    near = np.asarray(KDTree(places).query(places, AROUND * count)[1])
    rough = _misfit(places, target, near[:, :count], quadratic) + FLOOR * float(np.std(target))
    usual = np.quantile(rough[near], QUIET, axis=1)
    clean = rough <= ROUGH * usual
    smooth = rough <= PIECE_ROUGH * usual
    # Along a line a jump is seen by the neighbourhoods that hold it alone, however many rows there are.
    most = LINE_SHARE * count if k == 1 else BROKEN * n
    return Breaks(
        float(np.mean(~clean)), bool(np.sum(~clean) > most), _pieces(smooth, near[:, : max(3, count // 2)])
    )


def _misfit(places: FloatArray, target: FloatArray, near: IntArray, quadratic: bool) -> FloatArray:
    """(n,) root mean square residual of the fit around each row."""
    shifts = places[near] - places[:, None, :]
    reach = np.max(np.abs(shifts), axis=(1, 2), keepdims=True)
    shifts = shifts / np.where(reach > 0.0, reach, 1.0)
    columns = [np.ones(near.shape), *np.moveaxis(shifts, 2, 0)]
    if quadratic:
        k = places.shape[1]
        columns += [shifts[..., i] * shifts[..., j] for i in range(k) for j in range(i, k)]
    design = np.stack(columns, axis=2)
    values = target[near] - target[:, None]
    gram = np.swapaxes(design, 1, 2) @ design + RIDGE * np.eye(design.shape[2])
    fit = np.linalg.solve(gram, np.swapaxes(design, 1, 2) @ values[..., None])
    rest = values - (design @ fit)[..., 0]
    misfit: FloatArray = np.sqrt(np.sum(rest**2, axis=1) / SPARE)
    return misfit


def _pieces(clean: BoolArray, near: IntArray) -> tuple[IntArray, ...]:
    """Connected rows whose neighbours are all clean too: beside a small jump a row may look so."""
    n = clean.size
    start = np.repeat(np.arange(n), near.shape[1])
    end = near.ravel()
    both = clean[start] & clean[end]
    graph = coo_array((np.ones(int(np.sum(both))), (start[both], end[both])), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    inner = np.all(clean[near], axis=1)
    parts = [np.flatnonzero((labels == label) & inner) for label in np.unique(labels[inner])]
    kept = [part for part in parts if part.size >= max(LEAST_ROWS, LEAST_SHARE * n)]
    return tuple(sorted(kept, key=lambda part: (-part.size, int(part[0]))))
