"""The surface of a law as a set of points, near the table that it was found from."""

import numpy as np

from eqdisc.engine.patch import Patch
from eqdisc.engine.zeroset import ZeroSet
from eqdisc.expr.expression import Expression
from eqdisc.surfaces.law import SurfaceLaw
from eqdisc.surfaces.result import SurfaceResult

BEYOND = 0.05  # of the box's sides, on each: few points lie where a closed surface is outermost


def shape_of(result: SurfaceResult, law: SurfaceLaw | None = None) -> ZeroSet | Patch:
    """The surface of the best law, or the one given.

    Of F = 0 the zeros in the box of the table, widened a little; else the points of the parameters' ranges
    there, as graph where the outputs are too few to be points by themselves.
    """
    law = law or result.best
    low, high = np.array(result.ranges_of(law)).T
    if law.form == "implicit":
        width = high - low
        width = np.where(width > 0.0, width, np.max(width))  # all points in one plane: a thickness
        return ZeroSet(law.expressions[0], (low - BEYOND * width, high + BEYOND * width))
    if _is_whole(law):
        return Patch(law.expressions, (low, high))
    explained = dict(zip(law.targets, law.expressions, strict=True))
    places = {name: Expression.variable(j) for j, name in enumerate(law.variables)}
    return Patch([explained.get(name) or places[name] for name in coordinates_of(result, law)], (low, high))


def coordinates_of(result: SurfaceResult, law: SurfaceLaw | None = None) -> tuple[str, ...]:
    """Names of the coordinates of the points of `shape_of`, in their order; all are columns of the table.

    Of outputs that are too few to be points by themselves the graph is taken: parameters, then outputs.
    """
    law = law or result.best
    if law.form == "implicit":
        return law.variables
    if _is_whole(law):
        return law.targets
    return tuple(name for name in result.names if name in law.variables or name in law.targets)


def _is_whole(law: SurfaceLaw) -> bool:
    """Whether a parametric law gives all coordinates of a point."""
    return len(law.targets) >= max(len(law.variables), 2)
