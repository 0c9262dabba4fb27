"""Is a surface the right one? Equivalence of implicit equations and of parametric forms, in words.

An implicit equation is known up to scale, and up to factors that are nowhere zero: F = 0, -2*F = 0 and
F*(1 + x**2) = 0 are one surface. A parametric form whose parameters are given is a function and is judged as
one; where they are not, only the points count.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eqdisc.engine.box import Box
from eqdisc.engine.patch import Patch
from eqdisc.engine.zeroset import ZeroSet
from eqdisc.errors import InputError
from eqdisc.metrics.clouds import chamfer_distance, cloud_diagonal, hausdorff_distance
from eqdisc.metrics.formulas import Formula, read_formula
from eqdisc.metrics.polynomials import Polynomial, misfit, polynomial_factors, product
from eqdisc.metrics.separation import FARTHEST, SAMPLES, Apart, Surface, distances_apart
from eqdisc.metrics.solution import EQUAL, TOLERANCE, check_solution

_FACTORING = 0.25  # of the time limit, for each of answer and truth

Corners = Box | tuple[ArrayLike, ArrayLike]


@dataclass(frozen=True)
class SurfaceVerdict:
    """What the judge says of a surface.

    equal     : whether it is the true one
    reason    : the verdict in a sentence
    proof     : "polynomial", "functions", or "distance" where only points were compared; "" if not equal
    tolerance : to which constants agree, and distances in diagonals of the box
    apart     : how far the two are apart; None where the answer is no surface
    """

    equal: bool
    reason: str
    proof: str
    tolerance: float
    apart: Apart | None = None

    def record(self) -> dict[str, Any]:
        """Plain data for JSON; distances that are not finite are None."""
        found = self.apart.__dict__ if self.apart else dict.fromkeys(Apart.__dataclass_fields__)
        numbers = {
            key: value if value is not None and math.isfinite(value) else None for key, value in found.items()
        }
        return {
            "solved": self.equal,
            "verdict": "equal" if self.equal else "different",
            "reason": self.reason,
            "proof": self.proof or None,
            "tolerance": self.tolerance,
            **numbers,
        }


def same_surface(
    answer: str,
    truth: str,
    box: Corners,
    names: Sequence[str],
    *,
    tolerance: float = TOLERANCE,
    time_limit: float = 20.0,
    seed: int = 0,
) -> SurfaceVerdict:
    """Whether F = 0 is the true surface inside a box, F being the answer.

    answer, truth : formulas in `names`
    box       : lower and upper corner, (d,) each, in the order of `names`; or a `Box`
    tolerance : largest error of a coefficient, as a share of the largest term in the box; for formulas that
                are no polynomials, largest distance in diagonals of the box
    time_limit : seconds for SymPy to factor the two; where they are too few for the truth, an answer that is
                no multiple of it is judged by distance

    Polynomials are the same if the answer is a multiple of the truth, whose factors without zeros in the box
    do not count, and has no other zeros there. Other formulas are if each has all points of the other, to the
    tolerance for 95 % of them and 0.001 for the rest (Cauchy-Crofton samples, exact projections). An answer
    that is zero nowhere or all over is refused. InputError for such a truth, ParseError for what cannot be
    read, OptionError for an impossible box.

    >>> same_surface("2 - 2*x**2 - 2*y**2", "x**2 + y**2 - 1", ([-2, -2], [2, 2]), ["x", "y"]).reason
    'it is the same polynomial up to scale'
    >>> same_surface("0*x", "x**2 + y**2 - 1", ([-2, -2], [2, 2]), ["x", "y"]).reason
    'the answer is no surface: it is 0, or cannot be told from 0, in 100% of the box'
    """
    room = box if isinstance(box, Box) else Box(*box)
    given, true = (
        _Side.of(read_formula(text, names), room, _FACTORING * time_limit) for text in (answer, truth)
    )
    check_truth(true.zeros)
    if given.zeros.flaw:
        return refused(given.zeros, tolerance)
    apart = distances_apart(given.zeros, true.zeros, room.diagonal, tolerance, seed)
    if given.polynomial is not None and true.polynomial is not None:
        scales = np.maximum(np.abs(room.lower), np.abs(room.upper))
        found = misfit(given.polynomial, true.polynomial, scales)
        # A truth that was not factored may have squares and factors without zeros: an answer without them is
        # no multiple of it, and of a lower degree, but has the same zeros.
        if found is not None and (true.factored or found[0] <= tolerance):
            return _of_polynomials(*found, apart, tolerance)
        if true.factored and given.polynomial.degree < true.polynomial.degree:
            return _different(apart, tolerance)
    return by_distance(apart, tolerance)


def same_parametrization(
    answer: Sequence[str],
    truth: Sequence[str],
    box: Corners,
    names: Sequence[str],
    *,
    tolerance: float = TOLERANCE,
    time_limit: float = 20.0,
    seed: int = 0,
) -> SurfaceVerdict:
    """Whether a parametric surface is the true one as a function of its parameters.

    answer, truth : a formula in `names` for each coordinate
    box       : lower and upper corner of the parameters
    time_limit : seconds for each coordinate; see `check_solution`

    An answer that has the points of the truth, but as other functions of the parameters, is not equal; the
    reason says so. InputError for unlike numbers of formulas or a truth that is no surface.

    >>> circle = ["cos(t)", "sin(t)"]
    >>> same_parametrization(circle, ["sin(t)", "cos(t)"], ([0], [6.2831853]), ["t"]).reason
    'the 1st and 2nd coordinate are other functions of the parameters; as sets of points the two are the same
    to 1e-06 diagonals: another parameterisation'
    """
    room = box if isinstance(box, Box) else Box(*box)
    given, true = patches(answer, truth, room, names)
    check_truth(true)
    if given.flaw:
        return refused(given, tolerance)
    apart = _apart_of_patches(given, true, tolerance, seed)
    domain = {name: (low, high) for name, low, high in zip(names, room.lower, room.upper, strict=True)}
    others = []
    for k, (one, other) in enumerate(zip(answer, truth, strict=True)):
        found = check_solution(
            one, other, names=names, domain=domain, tolerance=tolerance, time_limit=time_limit, peers=False
        )
        if found.verdict != EQUAL:
            others.append(_ordinal(k + 1))
    if not others:
        return SurfaceVerdict(
            True, "every coordinate is the same function of the parameters", "functions", tolerance, apart
        )
    which = " and ".join(filter(None, [", ".join(others[:-1]), others[-1]]))
    reason = f"the {which} coordinate {'is another function' if len(others) == 1 else 'are other functions'}"
    reason += " of the parameters"
    if apart.near:
        reason += (
            f"; as sets of points the two are the same to {tolerance:g} diagonals: another parameterisation"
        )
    return SurfaceVerdict(False, reason, "", tolerance, apart)


def same_image(
    answer: Surface, truth: Patch | ZeroSet, *, tolerance: float = TOLERANCE, seed: int = 0
) -> SurfaceVerdict:
    """Whether two surfaces of any form have the same points, judged by distance alone.

    The tolerance is in diagonals of the box of an implicit truth, or of that which holds a parametric one.
    InputError for a truth that is no surface.

    >>> from eqdisc.expr.parse import parse
    >>> arc = Patch([parse("cos(t)", ["t"]), parse("sin(t)", ["t"])], ([0], [6.2831853071795862]))
    >>> circle = ZeroSet(parse("x**2 + y**2 - 1", ["x", "y"]), ([-1.5, -1.5], [1.5, 1.5]))
    >>> same_image(circle, arc).reason
    'the points of each are on the other, to 1e-06 diagonals; nothing else was compared'
    """
    check_truth(truth)
    if answer.flaw:
        return refused(answer, tolerance)
    if isinstance(truth, Patch):
        apart = _apart_of_patches(answer, truth, tolerance, seed)
    else:
        apart = distances_apart(answer, truth, truth.box.diagonal, tolerance, seed)
    return by_distance(apart, tolerance)


def patches(
    answer: Sequence[str], truth: Sequence[str], box: Box, names: Sequence[str]
) -> tuple[Patch, Patch]:
    """Both surfaces. InputError for unlike numbers of formulas, ParseError for what cannot be read."""
    if len(answer) != len(truth):
        raise InputError(
            f"the answer has {len(answer)} coordinates, the truth {len(truth)}; wanted the same coordinates "
            "in the same order, with a semicolon between them"
        )
    given, true = (Patch([read_formula(t, names).tree for t in texts], box) for texts in (answer, truth))
    return given, true


def check_truth(truth: Surface) -> None:
    """InputError for a truth that is no surface."""
    if truth.flaw:
        raise InputError(
            f"the truth is no surface: {truth.flaw}; give a formula, and a box, in which there is one"
        )


def refused(answer: Surface, tolerance: float) -> SurfaceVerdict:
    """The verdict on an answer that is no surface."""
    return SurfaceVerdict(False, f"the answer is no surface: {answer.flaw}", "", tolerance)


def by_distance(apart: Apart, tolerance: float) -> SurfaceVerdict:
    """The verdict where nothing but points can be compared."""
    if apart.near:
        reason = f"the points of each are on the other, to {tolerance:g} diagonals; nothing else was compared"
        return SurfaceVerdict(True, reason, "distance", tolerance, apart)
    return _different(apart, tolerance)


def _apart_of_patches(answer: Surface, truth: Patch, tolerance: float, seed: int) -> Apart:
    diagonal = cloud_diagonal(truth.sample(SAMPLES, np.random.default_rng(seed)))
    return distances_apart(answer, truth, diagonal, tolerance, seed)


def _of_polynomials(error: float, degree: int, apart: Apart, tolerance: float) -> SurfaceVerdict:
    if error > tolerance:
        if not apart.near:
            return _different(apart, tolerance)
        reason = (
            f"it is another polynomial, by terms of up to {error:.1g} of the largest, "
            "whose points are those of the truth nearly"
        )
        return SurfaceVerdict(False, reason, "", tolerance, apart)
    # Far from the origin terms are large and cancel: a small share of them may move the surface far.
    medians = max(apart.median_to_truth, apart.median_to_answer)
    if degree == 0 and medians <= FARTHEST:
        return SurfaceVerdict(True, "it is the same polynomial up to scale", "polynomial", tolerance, apart)
    if apart.near:
        reason = "it is the truth's polynomial times one without zeros of its own in the box"
        return SurfaceVerdict(True, reason, "polynomial", tolerance, apart)
    return _different(apart, tolerance)


def _different(apart: Apart, tolerance: float) -> SurfaceVerdict:
    far = max(apart.to_truth, apart.to_answer)
    if apart.near:
        reason = "it is another polynomial, of a lower degree"
    elif far <= FARTHEST:
        reason = (
            f"the two are up to {far:.2g} diagonals apart; of the points of one, {apart.within:.0%} are "
            f"within {tolerance:g} of the other"
        )
    elif apart.to_answer <= FARTHEST:
        reason = f"it has points that the truth has not, up to {apart.to_truth:.2g} diagonals from it"
    elif apart.to_truth <= FARTHEST:
        reason = f"it lacks points of the truth, up to {apart.to_answer:.2g} diagonals from it"
    else:
        reason = f"the two are up to {far:.2g} diagonals apart"
    return SurfaceVerdict(False, reason, "", tolerance, apart)


def _ordinal(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"


@dataclass(frozen=True)
class _Side:
    """An implicit equation without what does not count: its zeros, and the polynomial if it is one.

    factored : whether all was found that does not count
    """

    zeros: ZeroSet
    polynomial: Polynomial | None
    factored: bool = True

    @classmethod
    def of(cls, formula: Formula, room: Box, time_limit: float) -> "_Side":
        whole = ZeroSet(formula.tree, room)
        found = polynomial_factors(formula, time_limit) if formula.tree.features else None
        if found is None or not found.parts:
            return cls(whole, None)
        parts = found.parts
        if len(parts) == 1 and parts[0][1] == 1:
            return cls(whole, parts[0][0], found.irreducible)
        kept = [part for part, _ in parts if not ZeroSet(part.expression(), room).flaw]
        if not kept:
            return cls(whole, None)
        factors = [part.expression() for part in kept]
        expression = factors[0]
        for factor in factors[1:]:
            expression = expression * factor
        return cls(ZeroSet(expression, room), product(kept))


__all__ = [
    "Apart",
    "SurfaceVerdict",
    "by_distance",
    "chamfer_distance",
    "cloud_diagonal",
    "distances_apart",
    "hausdorff_distance",
    "same_image",
    "same_parametrization",
    "same_surface",
]
