"""Surfaces whose parameters are not known: an equation of the points, or of their profile, or the reason why
not."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from eqdisc._typing import FloatArray
from eqdisc.data.surfaces import Cloud
from eqdisc.engine.patch import Patch
from eqdisc.engine.reference import feature_jacobian
from eqdisc.errors import NoSurfaceError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.simplify import simplify
from eqdisc.scoring.description import nice_numbers
from eqdisc.surfaces.hidden.motion import Motion, find_motion
from eqdisc.surfaces.hidden.normals import surface_normals
from eqdisc.surfaces.hidden.sections import swept
from eqdisc.surfaces.implicit import fit_implicit
from eqdisc.surfaces.implicit.cloud import Cloud as ImplicitCloud
from eqdisc.surfaces.implicit.refuse import local_shape
from eqdisc.surfaces.law import SurfaceFront, SurfaceLaw
from eqdisc.surfaces.parametric.assembly import shared_complexity
from eqdisc.surfaces.solver import surface_language

FIRST_SHARE = 0.4  # of the time, for an equation of the points as they are
GOOD = 0.02  # distance, of the diagonal, up to which an equation is one of the points
NOISE = 2.0  # times the scatter among neighbours, or as far as that
ROUNDING_OF_A_TURN = 1e-13  # of the profile: a coordinate that varies less about 0 is 0
ROUNDING = 1e-10  # of the diagonal: points of a parametric law nearer than that are on it
UNSURE, MOST_PITCHES = 0.01, 6  # relative, how far the pitch of the normals may be off; pitches tried
LEAST_POINTS = 60

Frame = tuple[FloatArray, tuple[Expression, ...], str]


def fit_hidden(
    points: ArrayLike,
    names: Sequence[str],
    *,
    operators: str | Sequence[str] | OperatorSet | None = None,
    time_limit: float = 20.0,
    seed: int = 0,
    threads: int | None = None,
    max_size: int = 60,
) -> SurfaceFront:
    """Find the form that points of a surface fit best, nothing being known of its parameters.

    points : (n, d) exact or with noise, named by `names`

    First an equation F = 0 of the points as they are (`fit_implicit`); an exact one wins. Else, for d = 3, a
    turn, shift or screw that carries the surface into itself. Of a screw an ellipse or a line is looked for
    that is moved: its law is parametric, over the angle and the place on the curve. Otherwise the profile
    that is moved is a curve in two coordinates and has an equation of its own, which makes one of the
    surface. NaN and infinities are refused with row and column; NoSurfaceError where no form was found, with
    what was tried.
    """
    cloud = Cloud.of(points, names)
    cloud = Cloud(np.unique(cloud.points, axis=0), cloud.names)
    start = perf_counter()
    tried: list[str] = []
    moving = cloud.points.shape[1] == 3 and len(cloud.points) >= LEAST_POINTS

    def equation(of: FloatArray, called: Sequence[str], share: float) -> SurfaceFront | None:
        left = max(1.0, time_limit - (perf_counter() - start))
        try:
            return fit_implicit(
                of, called, operators=operators, time_limit=share * left, seed=seed, threads=threads,
                max_size=max_size,
            )  # fmt: skip
        except NoSurfaceError as error:
            tried.append(f"an equation in {', '.join(called)} ({error})")
            return None

    whole = equation(cloud.points, cloud.names, FIRST_SHARE if moving else 1.0)
    if whole is not None and (_best(whole).exact or whole.interrupted or not moving):
        return whole
    profile = (
        _of_profile(cloud, seed, equation, tried, "cos" in surface_language(operators)) if moving else None
    )
    fronts = [front for front in (whole, profile) if front is not None]
    if not fronts or min(_best(front).distance for front in fronts) > max(GOOD, _scatter(cloud, seed)):
        raise NoSurfaceError(
            f"no form was found that the {len(cloud.points)} points fit; tried "
            + "; ".join([*tried, *(_best(front).origin for front in fronts)])
            + ". If parameters of the points are known, give them as features and the coordinates as targets"
        )
    chosen = min(fronts, key=_rank)
    return replace(chosen, interrupted=any(front.interrupted for front in fronts))


def _best(front: SurfaceFront) -> SurfaceLaw:
    return front.laws[front.best]


def _rank(front: SurfaceFront) -> tuple[bool, float]:
    """Exact laws first, then short ones that are near: a node is worth a twentieth of the distance."""
    law = _best(front)
    return not law.exact, float(np.log(law.distance + 1e-12)) + 0.05 * law.complexity


def _of_profile(
    cloud: Cloud,
    seed: int,
    equation: Callable[[FloatArray, Sequence[str], float], SurfaceFront | None],
    tried: list[str],
    waves: bool,
) -> SurfaceFront | None:
    """The equation of the curve that a turn, shift or screw moves along the surface."""
    rows, normals = surface_normals(cloud.points, np.random.default_rng(seed))
    motion = find_motion(cloud.points[rows], normals) if rows.size >= LEAST_POINTS else None
    if motion is None:
        tried.append("surfaces of revolution, cylinders and helical surfaces (no axis fits the normals)")
        return None
    if motion.kind == "helix" and not waves:
        tried.append("helical surfaces (which need sin and cos, and they are not allowed)")
        return None
    law = _swept(cloud, motion) if motion.kind == "helix" else None
    if law is not None and law.exact:
        return _alone(law)
    profile, inner, words = _frame(cloud.points, motion)
    profile[:, np.ptp(profile, axis=0) <= ROUNDING_OF_A_TURN * np.ptp(profile)] = 0.0
    found = equation(profile, ("s", "t"), 1.0)
    if found is None:
        return None if law is None else _alone(law)
    laws = [_moved(law, inner, cloud, words) for law in found.laws]
    note = f"{words}: the profile is {_best(found).origin}"
    front = replace(found, laws=tuple(laws), notes=(*found.notes, note))
    return front if law is None else min(front, _alone(law), key=_rank)


def _swept(cloud: Cloud, motion: Motion) -> SurfaceLaw | None:
    """The surface as an ellipse or a line that is screwed along the axis, where it is one."""
    found = swept(cloud.points, motion, _across(motion.direction))
    if found is None:
        return None
    low, high = np.array(found.ranges).T
    patch = Patch(found.expressions, (low, high))
    away = patch.distances(cloud.points) / np.linalg.norm(np.ptp(cloud.points, axis=0))
    distance = float(np.sqrt(np.mean(away**2)))
    free = [name for name in ("u", "v", "s", "t", "p", "q") if name not in cloud.names]
    return SurfaceLaw(
        form="parametric",
        expressions=found.expressions,
        variables=(free[0], free[1]),
        targets=cloud.names,
        distance=distance,
        complexity=shared_complexity(found.expressions),
        exact=distance < ROUNDING,
        origin=found.words,
        ranges=found.ranges,
    )


def _alone(law: SurfaceLaw) -> SurfaceFront:
    told = zip(law.variables, law.ranges, strict=True)
    ranges = ", ".join(f"{name} from {low:.4g} to {high:.4g}" for name, (low, high) in told)
    return SurfaceFront((law,), 0, (f"the parameters are an angle and a place on the curve: {ranges}",))


def _scatter(cloud: Cloud, seed: int) -> float:
    """How far points scatter about their surface, as their neighbours tell, over the diagonal; 0 where they
    fill the space."""
    shape = local_shape(ImplicitCloud.of(cloud.points, cloud.names, seed), seed)
    return NOISE * shape.scatter if shape.dimension < cloud.points.shape[1] else 0.0


def _frame(points: FloatArray, motion: Motion) -> Frame:
    """The profile (n, 2) that the motion moves, its two coordinates as expressions of x, y, z, and words."""
    across = _across(motion.direction)
    shifted = points - motion.point
    x, y, z = (_linear(row, motion.point) for row in (*across, motion.direction))
    a, b, height = (shifted @ row for row in (*across, motion.direction))
    axis = ", ".join(f"{value:.4g}" for value in motion.direction)
    if motion.kind == "translation":
        return np.column_stack([a, b]), (x, y), f"shifted along ({axis})"
    if motion.kind == "revolution":
        radius = Expression.apply("sqrt", Expression.apply("square", x) + Expression.apply("square", y))
        return np.column_stack([np.hypot(a, b), height]), (radius, z), f"turned about ({axis})"
    trials = [motion.pitch, *(nice.value for nice in nice_numbers(motion.pitch, UNSURE * abs(motion.pitch)))]
    pitch = min(trials[:MOST_PITCHES], key=lambda pitch: _thickness(_unscrewed(a, b, height / pitch)))
    angle = z / pitch if pitch != 1.0 else z
    cosine, sine = Expression.apply("cos", angle), Expression.apply("sin", angle)
    profile = _unscrewed(a, b, height / pitch)
    return (
        profile,
        (x * cosine + y * sine, y * cosine - x * sine),
        f"screwed along ({axis}), pitch {pitch:.6g}",
    )


def _unscrewed(a: FloatArray, b: FloatArray, turn: FloatArray) -> FloatArray:
    """(n, 2) points turned back."""
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.column_stack([a * cosine + b * sine, b * cosine - a * sine])


def _thickness(profile: FloatArray) -> float:
    """Mean distance of points of a curve from their nearest neighbour: large where it is smeared."""
    distances = np.asarray(cKDTree(profile).query(profile, k=2)[0])
    return float(np.mean(distances[:, 1]))


def _across(direction: FloatArray) -> FloatArray:
    """Two unit vectors at right angles to a direction and each other, coordinate axes where possible."""
    zero = int(np.argmax(direction))
    axes = np.eye(3)[[(zero + 1) % 3, (zero + 2) % 3]]
    first = axes[0] - (axes[0] @ direction) * direction
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(direction, first)])


def _linear(row: FloatArray, point: FloatArray) -> Expression:
    """row . (x - point) as an expression."""
    found = Expression.constant(-float(row @ point))
    for axis, weight in enumerate(row.tolist()):
        found = found + weight * Expression.variable(axis)
    return simplify(found)


def _moved(law: SurfaceLaw, inner: Sequence[Expression], cloud: Cloud, words: str) -> SurfaceLaw:
    """The equation of a profile as one of the surface."""
    expression = simplify(_substituted(law.expressions[0], inner))
    value, slopes = feature_jacobian(expression, cloud.points)
    size = np.linalg.norm(slopes, axis=1)
    diagonal = float(np.linalg.norm(np.ptp(cloud.points, axis=0)))
    with np.errstate(all="ignore"):
        away = np.abs(value) / size
    known = away[np.isfinite(away)]
    distance = float(np.sqrt(np.mean(known**2))) / diagonal if known.size else np.inf
    return replace(
        law,
        expressions=(expression,),
        variables=cloud.names,
        distance=distance,
        complexity=shared_complexity([expression]),
        origin=f"{words}, {law.origin}",
    )


def _substituted(expression: Expression, inner: Sequence[Expression]) -> Expression:
    """The expression with features replaced by others."""
    if not expression.arity_root:
        return inner[expression.features[0]] if expression.features else expression
    return Expression.apply(expression.root, *(_substituted(child, inner) for child in expression.children))
