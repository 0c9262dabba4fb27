"""What a picture of a surface shows: its mesh, the measured points, their distances, the axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.box import Box
from eqdisc.engine.patch import Patch
from eqdisc.engine.zeroset import ZeroSet
from eqdisc.report.plots import BLUE
from eqdisc.report.surface_error import SurfaceError
from eqdisc.report.surface_mesh import CELLS, Mesh, mesh_of

PALETTE = "YlGnBu"  # of errors: pale where the law fits, so that what is wrong stands out
NO_DATA = "#c3c7cc"  # where no point is nearby
PLAIN = "#9db8cc"  # a surface that shows no errors
_BEYOND = 0.25  # of the cloud's diagonal: a surface that runs farther is cut there
_TOP = 0.98  # of the errors on the surface: the darkest colour; one odd point does not make all else pale
_STRETCHED = 4.0  # sides of the box whose ratio is larger are drawn of equal length


@dataclass(frozen=True, eq=False)
class Scene:
    """A surface or curve, the points it was found from, and how far apart they are.

    names : of the two or three coordinates that are drawn, the first ones
    mesh  : of the surface; None where it cannot be drawn
    error : of the points; None without points
    """

    names: tuple[str, ...]
    mesh: Mesh | None
    error: SurfaceError | None

    @classmethod
    def of(
        cls,
        shape: ZeroSet | Patch,
        names: Sequence[str],
        points: FloatArray | None = None,
        cells: int = CELLS,
    ) -> "Scene":
        """The picture of a surface of named coordinates with the points (n, d) it was found from.

        Where the mesh leaves the box of the points by more than a quarter of its diagonal it is cut.
        """
        mesh = mesh_of(shape, cells)
        error = None if points is None else SurfaceError.of(shape, points)
        if mesh is not None and points is not None and error is not None and error.diagonal > 0.0:
            margin = _BEYOND * error.diagonal
            mesh = mesh.within(Box(points.min(axis=0) - margin, points.max(axis=0) + margin))
        return cls(tuple(names[:3]), mesh if mesh is not None and len(mesh.cells) else None, error)

    @property
    def is_flat(self) -> bool:
        """Whether there are two coordinates."""
        return len(self.names) == 2

    @cached_property
    def box(self) -> Box | None:
        """The box of all that is drawn; None where that is nothing."""
        parts = [] if self.mesh is None else [self.mesh.vertices]
        parts += [] if self.error is None else [self.error.points]
        if not parts:
            return None
        shown = np.concatenate(parts)[:, : len(self.names)]
        low, high = shown.min(axis=0), shown.max(axis=0)
        width = high - low
        thin = np.where(width > 0.0, 0.0, 0.05 * max(float(width.max()), 1e-9))
        return Box(low - thin, high + thin)

    @property
    def plain(self) -> str:
        """The colour of the mesh where no errors are shown."""
        return BLUE if self.mesh is not None and self.mesh.is_curve else PLAIN

    @property
    def in_proportion(self) -> bool:
        """Whether all axes have one scale; not where one side of the box is much longer than another."""
        assert self.box is not None
        return bool(self.box.extent.max() <= _STRETCHED * self.box.extent.min())

    @cached_property
    def halves(self) -> FloatArray:
        """Half the length of each side as drawn, the longest 1."""
        assert self.box is not None
        extent = self.box.extent
        halves: FloatArray = extent / (extent.max() if self.in_proportion else extent)
        return halves

    def placed(self, points: FloatArray) -> FloatArray:
        """Points (n, d) in the space of the drawing, from -1 to 1 along the longest side."""
        assert self.box is not None
        middle = 0.5 * (self.box.lower + self.box.upper)
        placed: FloatArray = (points[:, : len(middle)] - middle) * (2.0 * self.halves / self.box.extent)
        return placed

    @cached_property
    def errors(self) -> FloatArray:
        """(v,) the error at every vertex of the mesh; NaN where no point is nearby."""
        assert self.mesh is not None
        if self.error is None:
            return np.full(len(self.mesh.vertices), np.nan)
        return self.error.at(self.mesh.vertices)

    @cached_property
    def top(self) -> float:
        """The error of the darkest colour; 0 where errors are rounding, or there are none."""
        if self.mesh is None or self.error is None or self.error.is_rounding:
            return 0.0
        known = self.errors[np.isfinite(self.errors)]
        return float(np.quantile(known, _TOP)) if len(known) else 0.0

    @property
    def uncovered(self) -> float:
        """Share of the mesh, by length or area, where no point is nearby."""
        assert self.mesh is not None
        sizes = _sizes(self.mesh.vertices[self.mesh.cells])
        bare = np.isnan(self.errors)[self.mesh.cells].mean(axis=1)
        return float(bare @ sizes / sizes.sum()) if sizes.sum() > 0.0 else 0.0

    @cached_property
    def normals(self) -> FloatArray:
        """(v, 3) unit vectors across the mesh as drawn, either way, mean of the triangles around.

        Means of directions without a sign: the first eigenvector of the sum of their squares, so that
        surfaces of one side, seams and poles need no care.
        """
        assert self.mesh is not None
        corners = self.placed(self.mesh.vertices)[self.mesh.cells]
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        size = np.linalg.norm(across, axis=1, keepdims=True)
        squares = across[:, :, None] * across[:, None, :] / np.where(size > 0.0, size, 1.0)[:, :, None]
        sums = np.zeros((len(self.mesh.vertices), 3, 3))
        for corner in self.mesh.cells.T:
            np.add.at(sums, corner, squares)
        normals: FloatArray = np.linalg.eigh(sums)[1][:, :, -1]
        return normals


def _sizes(corners: FloatArray) -> FloatArray:
    """(k,) lengths of pieces or areas of triangles (k, 2 or 3, d)."""
    sides = corners[:, 1:] - corners[:, :1]
    gram = np.einsum("kid,kjd->kij", sides, sides)
    sizes: FloatArray = np.sqrt(np.maximum(np.linalg.det(gram), 0.0))
    return sizes


__all__ = ["NO_DATA", "PALETTE", "Scene"]
