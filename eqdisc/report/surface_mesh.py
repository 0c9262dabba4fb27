"""Surfaces and curves as meshes: what a picture of them is made of."""

from dataclasses import dataclass
from functools import partial
from itertools import permutations, product

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.engine.box import Box
from eqdisc.engine.crossings import crossings
from eqdisc.engine.factors import Factor, factors
from eqdisc.engine.patch import Patch
from eqdisc.engine.reference import evaluate
from eqdisc.engine.zeroset import ZeroSet

CELLS = 20_000  # triangles wanted of a surface: a picture is smooth, a page holds half a megabyte of them
_COARSE = 20  # nodes along each axis that tell how many triangles a grid makes
_FINEST, _COARSEST = 96, 16
_CURVE_NODES = 240  # along each axis of a plane
_STRIP = 1000  # pieces of a curve over one parameter
_WELDED = 1e-9  # of the extent: borders of a patch that meet are one
_TORN = 0.4  # of an edge: half of it lies there where the ends are on two sides of a jump, none if straight
_LONG = 0.03  # of the extent: shorter edges do not tell a jump


@dataclass(frozen=True, eq=False)
class Mesh:
    """A surface as triangles, or a curve as straight pieces.

    vertices : (n, d) points of the surface
    cells    : (k, 3) or (k, 2) places of the corners among them
    """

    vertices: FloatArray
    cells: IntArray

    @property
    def is_curve(self) -> bool:
        """Whether its cells are pieces of a line."""
        return bool(self.cells.shape[1] == 2)

    def kept(self, cells: BoolArray) -> "Mesh":
        """Only some cells (k,), and the vertices that they have."""
        chosen = self.cells[cells]
        used, places = np.unique(chosen, return_inverse=True)
        return Mesh(self.vertices[used], places.reshape(chosen.shape).astype(np.int64))

    def within(self, box: Box) -> "Mesh":
        """The cells whose corners are all inside a box."""
        return self.kept(np.all(box.holds(self.vertices)[self.cells], axis=1))


def mesh_of(shape: ZeroSet | Patch, cells: int = CELLS) -> Mesh | None:
    """A mesh of the zero set or patch, of about so many cells where it is a surface.

    None where there is nothing to be drawn: a zero set of more than three variables, a patch of more than two
    parameters, no zero or no finite point.
    """
    if isinstance(shape, Patch):
        found = _patch_mesh(shape, cells) if shape.box.dimension <= 2 else None
    elif shape.box.dimension == 2:
        found = zero_mesh(shape, _CURVE_NODES)
    elif shape.box.dimension == 3:
        coarse = zero_mesh(shape, _COARSE)
        nodes = _COARSE * np.sqrt(cells / max(len(coarse.cells), 1))  # cells go as the area of the grid's
        found = zero_mesh(shape, 2 * int(np.clip(nodes, _COARSEST, _FINEST) / 2.0))
    else:
        found = None
    return found if found is not None and len(found.cells) else None


def zero_mesh(shape: ZeroSet, nodes: int) -> Mesh:
    """The zero set of two or three variables, met with a grid of so many nodes along each axis.

    Cells of the grid are cut into simplices (Freudenthal's, so that neighbours agree), and these by the zero
    set: marching tetrahedra of Doi and Koide (1991, IEICE Transactions E74, 214). Corners are the zeros on
    their edges to rounding, shared by all simplices around, so that the mesh has no gap inside the box; a
    pole is no zero. An even number of nodes keeps planes of symmetry off them.

    >>> from eqdisc.expr.parse import parse
    >>> circle = ZeroSet(parse("x**2 + y**2 - 1", ["x", "y"]), ([-2, -2], [2, 2]))
    >>> mesh = zero_mesh(circle, 20)
    >>> bool(np.allclose(np.linalg.norm(mesh.vertices, axis=1), 1.0)), len(mesh.cells) == len(mesh.vertices)
    (True, True)
    """
    return _joined([_marched(factor, shape.box, nodes) for factor in factors(shape.expression)])


def _marched(factor: Factor, box: Box, nodes: int) -> Mesh:
    """The zeros of one factor."""
    d = box.dimension
    axes = [np.linspace(low, high, nodes) for low, high in zip(box.lower, box.upper, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, d)
    with np.errstate(all="ignore"):
        values = evaluate(factor.zero, points)
    simplices = _cut_simplices(values.reshape((nodes,) * d))
    if not len(simplices):
        return Mesh(np.empty((0, d)), np.empty((0, d), dtype=np.int64))
    edges = _cut_edges(simplices, values[simplices] < 0.0)  # (k, d, 2): each cell's corners lie on edges
    number = len(points)
    keys, places = np.unique(edges.min(axis=2) * number + edges.max(axis=2), return_inverse=True)
    vertices = _zeros(factor, points, values, keys // number, keys % number)
    mesh = Mesh(vertices, places.reshape(-1, d).astype(np.int64))
    return mesh.kept(np.all(_finite(vertices)[mesh.cells], axis=1))


def _cut_simplices(values: FloatArray) -> IntArray:
    """(k, d + 1) nodes of the simplices of a grid that values of both signs stand at, and no NaN."""
    d, nodes = values.ndim, values.shape[0]
    strides = nodes ** np.arange(d - 1, -1, -1)
    negative, usable = values < 0.0, np.isfinite(values)
    corners = list(product((0, 1), repeat=d))

    def at(flags: BoolArray, corner: tuple[int, ...]) -> BoolArray:
        return flags[tuple(slice(shift, nodes - 1 + shift) for shift in corner)]

    below = np.any([at(negative & usable, corner) for corner in corners], axis=0)
    above = np.any([at(~negative & usable, corner) for corner in corners], axis=0)
    cubes = np.argwhere(below & above) @ strides
    ways = [np.cumsum([0, *(strides[axis] for axis in order)]) for order in permutations(range(d))]
    found: IntArray = (cubes[:, None, None] + np.array(ways)[None]).reshape(-1, d + 1)
    negative, usable = negative.ravel()[found], usable.ravel()[found]
    return found[usable.all(axis=1) & negative.any(axis=1) & ~negative.all(axis=1)]


def _cut_edges(simplices: IntArray, negative: BoolArray) -> IntArray:
    """(k, d, 2) edges of the simplices (s, d + 1) that the zero set cuts, d of them for each cell of it."""
    d = simplices.shape[1] - 1
    order = np.argsort(~negative, axis=1, kind="stable")  # the nodes where it is negative come first
    nodes = np.take_along_axis(simplices, order, axis=1)
    count = negative.sum(axis=1)
    one, all_but_one = nodes[count == 1], nodes[count == d]
    cells = [np.stack([np.repeat(one[:, :1], d, axis=1), one[:, 1:]], axis=2)]
    if d > 1:
        cells.append(np.stack([all_but_one[:, :-1], np.repeat(all_but_one[:, -1:], d, axis=1)], axis=2))
    if d == 3:
        a, b, e, f = nodes[count == 2].T  # a quadrilateral around a, b: two triangles
        cells += [
            np.stack([np.stack([a, a, b], 1), np.stack([e, f, f], 1)], axis=2),
            np.stack([np.stack([a, b, b], 1), np.stack([e, f, e], 1)], axis=2),
        ]
    return np.concatenate(cells)


def _zeros(
    factor: Factor, points: FloatArray, values: FloatArray, starts: IntArray, ends: IntArray
) -> FloatArray:
    """(n, d) where the factor is zero between two nodes; NaN for a pole or a jump, where it is not."""
    zeros = np.full((len(starts), points.shape[1]), np.nan)
    found, edges = crossings(partial(evaluate, factor.zero), points[starts], points[ends], cells=1)
    zeros[edges] = found
    for nodes in (starts, ends):  # a node may be a zero itself
        at_node = values[nodes] == 0.0
        zeros[at_node] = points[nodes[at_node]]
    for other in factor.others:  # where another factor has no value the product is not zero
        zeros[~np.isfinite(evaluate(other, zeros))] = np.nan
    return zeros


def _patch_mesh(shape: Patch, cells: int) -> Mesh:
    """A patch over a grid of its parameters; torn where it jumps, welded where its borders meet."""
    k = shape.box.dimension
    count = _STRIP + 1 if k == 1 else int(np.sqrt(cells / 2.0)) + 1
    axes = [np.linspace(low, high, count) for low, high in zip(shape.box.lower, shape.box.upper, strict=True)]
    parameters = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, k)
    with np.errstate(all="ignore"):
        vertices = shape.points(parameters)
    numbers = np.arange(count**k).reshape((count,) * k)
    found = _grid_cells(numbers)
    whole = np.all(_finite(vertices)[found], axis=1)
    found = found[whole & ~_torn(shape, parameters, vertices, found)]
    if k == 2:
        border = np.unique(np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]]))
    else:
        border = numbers[[0, -1]]
    found = _welded(vertices, border)[found]
    distinct = np.all(found != np.roll(found, 1, axis=1), axis=1)  # at a pole sides of triangles vanish
    mesh = Mesh(vertices, found)
    return mesh.kept(distinct)


def _grid_cells(numbers: IntArray) -> IntArray:
    """Pieces (k, 2) of a row of nodes, triangles (k, 3) of a field of them."""
    if numbers.ndim == 1:
        return np.column_stack([numbers[:-1], numbers[1:]])
    a, b, c, e = (
        part.ravel() for part in (numbers[:-1, :-1], numbers[1:, :-1], numbers[1:, 1:], numbers[:-1, 1:])
    )
    return np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, e])])


def _torn(shape: Patch, parameters: FloatArray, vertices: FloatArray, cells: IntArray) -> BoolArray:
    """(k,) whether a cell spans a jump: half way along an edge the patch is still at one of its ends."""
    torn = np.zeros(len(cells), dtype=bool)
    usable = vertices[_finite(vertices)]
    reach = _LONG * float(np.linalg.norm(np.ptp(usable, axis=0))) if len(usable) else 0.0
    for first, second in zip(cells.T, np.roll(cells, 1, axis=1).T, strict=True):
        with np.errstate(all="ignore"):
            lengths = np.linalg.norm(vertices[first] - vertices[second], axis=1)
            far = np.flatnonzero(lengths > reach)
            first, second = first[far], second[far]
            middle = shape.points(0.5 * (parameters[first] + parameters[second]))
            off = np.linalg.norm(middle - 0.5 * (vertices[first] + vertices[second]), axis=1)
            torn[far] |= ~(off <= _TORN * lengths[far])
    return torn


def _welded(vertices: FloatArray, border: IntArray) -> IntArray:
    """For every vertex the one that stands for it: itself, or the first at the same place of the border."""
    stands = np.arange(len(vertices))
    border = border[_finite(vertices[border])]
    if not len(border):
        return stands
    reach = _WELDED * float(np.ptp(vertices[border], axis=0).max())
    pairs = cKDTree(vertices[border]).query_pairs(reach, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(border), len(border)))
    _, groups = connected_components(links, directed=False)
    _, first = np.unique(groups, return_index=True)
    stands[border] = border[first[groups]]
    return stands


def _finite(points: FloatArray) -> BoolArray:
    """(n,) which of the points (n, d) have all coordinates."""
    finite: BoolArray = np.all(np.isfinite(points), axis=1)
    return finite


def _joined(meshes: list[Mesh]) -> Mesh:
    shifts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    cells = [mesh.cells + shift for mesh, shift in zip(meshes, shifts, strict=True)]
    return Mesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(cells))


__all__ = ["CELLS", "Mesh", "mesh_of", "zero_mesh"]
