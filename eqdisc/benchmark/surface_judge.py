"""What is said of an answer to a surface: is it the same one, how far from it, SurfaceBench's own distances.

Every form has the same figures:

exact       : the law itself, nowhere on the test rows off by more than 1e-6 of the spread; of an implicit or
              hidden surface the same set of points. None where undecided
distance    : the larger of `to_answer` and `from_answer`, medians of the distances of points of the surface
              from the answer and of points of the answer from the surface, over the diagonal of the surface's
              box. Of an implicit surface whose truth is not known, `from_answer` is to the nearest test
              points, as in `chamfer`: it is not 0 for the very surface, but as far as its points lie apart
distance_sigma : the same in standard deviations of the noise, where there is noise
chamfer, hausdorff : between points of the answer and of the surface, as SurfaceBench defines them: the sum of
              both mean nearest distances (not squared), the largest nearest distance; `_scaled` over the
              diagonal
nmse        : mean squared error over variance, of all outputs together; not of an implicit surface
outside_nmse : the same beyond the domain, over the larger of the variances there and inside: what decays to
              nothing outside has no variance of its own there

Where inputs are given, answer and surface are compared at the same inputs, so that distances of explicit and
parametric surfaces are those of the outputs: never below those to the nearest point.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.benchmark.contest import SurfaceCase
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.engine.reference import evaluate
from eqdisc.errors import InputError
from eqdisc.expr.expression import Expression
from eqdisc.metrics.accuracy import ACCURATE, sympy_nodes
from eqdisc.metrics.formulas import read_formula
from eqdisc.metrics.geometry import chamfer_distance, cloud_diagonal, hausdorff_distance, same_surface
from eqdisc.metrics.solution import TOLERANCE, check_solution

_SAMPLES = 500  # points of an answer: as many as there are to judge by
_FOR_VERDICT = 40.0  # seconds for one output
_FOR_NODES = 5.0
_ON = 1e-6  # of the diagonal: closer points are on a surface
_MOST = 0.99  # share of an answer's points that are to be on the surface
_CONTINUED = 2.0  # ranges of a parameter: how far a surface is continued beyond each end, as its equation is
_SEED = 0
_TINY = 1e-300


def judged(case: SurfaceCase) -> dict[str, Any]:
    """The score of an answer to a surface.

    InputError, which names the task, where that is impossible: its truth is no surface in its box, or there
    are no two test points apart. No answer is to blame for it.
    """
    _check_task(case)
    try:
        wanted = _wanted(case)
        if case.formulas and len(case.formulas) != wanted:
            return _wrong(f"the answer is of {len(case.formulas)} formulas; wanted {wanted}")
        if isinstance(case.test, Dataset):
            return _explicit(case, case.test)
        if isinstance(case.test, JointDataset):
            return _parametric(case, case.test)
        if not case.formulas:
            return _wrong("the method gives no formula")
        return _hidden(case, case.test) if case.task.form == "hidden" else _implicit(case, case.test)
    except InputError as error:
        return _wrong(f"the answer cannot be read: {error}")


def _wanted(case: SurfaceCase) -> int:
    """How many formulas an answer is of."""
    if isinstance(case.test, JointDataset):
        return len(case.test.target_names)
    if isinstance(case.test, Cloud) and case.form == "parametric":
        return int(case.test.points.shape[1])
    return 1


def _check_task(case: SurfaceCase) -> None:
    """InputError where there is nothing to judge an answer by."""
    task, test = case.task, case.test
    if isinstance(test, Cloud):
        points = test.points
    elif isinstance(test, Dataset):
        points = np.column_stack([test.features, test.target])
    else:
        points = test.targets
    if not len(points) or not np.ptp(points, axis=0).any():
        raise InputError(
            f"the task {task.name} of {task.suite} cannot be judged: no two of its {len(points)} test points "
            "are apart; draw others"
        )
    try:
        trees = [read_formula(text, task.feature_names).tree for text in task.truths]
        flaw = _flaw(trees, case) if isinstance(test, Cloud) and trees else ""
    except InputError as error:
        flaw = str(error)
    if flaw:
        raise InputError(
            f"the task {task.name} of {task.suite} cannot be judged: its truth {task.truth} is no surface in "
            f"its box: {flaw}"
        )


def _flaw(trees: Sequence[Expression], case: SurfaceCase) -> str:
    """Why the truth is no surface; "" where it is one."""
    from eqdisc.engine.patch import Patch
    from eqdisc.engine.zeroset import ZeroSet

    box = _corners(case.task.domain, case.task.feature_names)
    return Patch(trees, box).flaw if case.task.form == "hidden" else ZeroSet(trees[0], box).flaw


# ---------------------------------------------------------------- inputs given


def _explicit(case: SurfaceCase, test: Dataset) -> dict[str, Any]:
    """A single output, whose inputs are coordinates too."""
    table = JointDataset(test.features, test.target[:, None], test.feature_names, (test.target_name,))
    values, found = _answered(case, table)
    if values is None:
        return found
    found |= _of_outputs(values, table.targets, test.features, case.noise) | _sizes(case, test.feature_names)
    if case.outside is not None:
        beyond = case.beyond
        if case.formulas:
            beyond = evaluate(read_formula(case.formulas[0], test.feature_names).tree, case.outside.features)
        if beyond is not None:
            size = max(float(np.var(case.outside.target)), float(np.var(test.target)), _TINY)
            found["outside_nmse"] = _mean_square((beyond - case.outside.target)[:, None]) / size
    return found


def _parametric(case: SurfaceCase, test: JointDataset) -> dict[str, Any]:
    """Several outputs, which are all coordinates there are."""
    values, found = _answered(case, test)
    if values is None:
        return found
    found |= _of_outputs(values, test.targets, None, case.noise) | _sizes(case, test.feature_names)
    found["nmse_outputs"] = [
        _mean_square(values[:, [k]] - test.targets[:, [k]]) / max(float(np.var(test.targets[:, k])), _TINY)
        for k in range(values.shape[1])
    ]
    return found


def _answered(case: SurfaceCase, test: JointDataset) -> tuple[FloatArray | None, dict[str, Any]]:
    """Values (n, outputs) of the answer at the test inputs, None where it has none, and what is said."""
    known = case.task.truth is not None
    if case.formulas:
        trees = [read_formula(text, test.feature_names).tree for text in case.formulas]
        values = np.column_stack([evaluate(tree, test.features) for tree in trees])
        return values, _verdict(case, test, values) if known else {}
    missing = _wrong("the method gives no formula") if known else {}
    if case.prediction is None or case.prediction.size != test.targets.size:
        return None, missing
    return case.prediction.reshape(test.targets.shape), missing


def _verdict(case: SurfaceCase, test: JointDataset, values: FloatArray) -> dict[str, Any]:
    """Whether every output is the same function of the inputs: the same law, and no constant is off."""
    exact: bool | None = True
    reasons: list[str] = []
    for k, (given, true) in enumerate(zip(case.formulas, case.task.truths, strict=True)):
        off = np.abs(values[:, k] - test.targets[:, k])
        same = bool(np.all(off <= TOLERANCE * max(float(np.std(test.targets[:, k])), _TINY)))
        if not same:  # NaN is not the same either; without a look at the rest, which takes seconds
            exact = False
            reasons.append(f"{test.target_names[k]} is off by up to {np.max(off):.2g}")
            continue
        verdict = check_solution(
            given,
            true,
            names=test.feature_names,
            domain=case.task.domain,
            data=test.features,
            time_limit=_FOR_VERDICT,
            peers=False,
        )
        if verdict.solved is not True:
            exact = None if verdict.solved is None and exact is not False else False
            reasons.append(f"{test.target_names[k]}: {verdict.reason}")
    return _said(exact, "; ".join(reasons) or "every output is the same function of the inputs")


def _of_outputs(
    values: FloatArray, wanted: FloatArray, shared: FloatArray | None, noise: float
) -> dict[str, Any]:
    """Figures of outputs (n, m) at the same inputs, which are coordinates too where they are `shared`."""
    error = np.linalg.norm(values - wanted, axis=1)
    error = np.where(np.isfinite(error), error, math.inf)
    clouds = (values, wanted) if shared is None else [np.column_stack([shared, y]) for y in (values, wanted)]
    diagonal = cloud_diagonal(clouds[1])
    median = float(np.median(error))
    nmse = _mean_square(values - wanted) / max(float(np.sum(np.var(wanted, axis=0))), _TINY)
    return {
        **_distances(median, median, diagonal, noise),
        **_clouds(clouds[0], clouds[1], diagonal),
        "nmse": nmse,
        "r2": 1.0 - nmse,
        "accurate": 1.0 - nmse > ACCURATE,
    }


def _mean_square(difference: FloatArray) -> float:
    """Mean of the squared norms of rows; infinite where one is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        value = float(np.mean(np.sum(np.square(difference), axis=1)))
    return value if math.isfinite(value) else math.inf


# ---------------------------------------------------------------- points only


def _implicit(case: SurfaceCase, test: Cloud) -> dict[str, Any]:
    from eqdisc.engine.zeroset import ZeroSet

    box = _corners(case.task.domain, test.names)
    given = read_formula(case.formulas[0], test.names).tree
    answer = ZeroSet(given, box)
    if answer.flaw:
        return _wrong(f"the answer is no surface: {answer.flaw}") | _sizes(case, test.names)
    points = answer.sample(_SAMPLES, np.random.default_rng(_SEED))
    to_answer = answer.distances(test.points)
    found: dict[str, Any] = {}
    if case.task.truth is not None:
        true = read_formula(case.task.truths[0], test.names).tree
        found = _same_zeros(case, test)
        from_answer = _median(ZeroSet(true, box).distances(points))
    else:
        from_answer = _median(np.asarray(cKDTree(test.points).query(points)[0])) if len(points) else math.inf
    diagonal = cloud_diagonal(test.points)
    return {
        **found,
        **_distances(_median(to_answer), from_answer, diagonal, case.noise),
        **_clouds(points, test.points, diagonal),
        **_sizes(case, test.names),
    }


def _same_zeros(case: SurfaceCase, test: Cloud) -> dict[str, Any]:
    box = _corners(case.task.domain, test.names)
    verdict = same_surface(case.formulas[0], case.task.truths[0], box, test.names)
    return _said(verdict.equal, verdict.reason)


def _hidden(case: SurfaceCase, test: Cloud) -> dict[str, Any]:
    """The answer against the patch that the points are from."""
    from eqdisc.engine.patch import Patch
    from eqdisc.engine.zeroset import ZeroSet

    task, rng = case.task, np.random.default_rng(_SEED)
    trees = [read_formula(text, task.feature_names).tree for text in task.truths]
    lower, upper = _corners(task.domain, task.feature_names)
    truth = Patch(trees, (lower, upper))
    diagonal = cloud_diagonal(test.points)
    answer: Patch | ZeroSet
    if case.form == "parametric":
        if not case.box:
            return _wrong("the answer says no range of its parameters")
        names = tuple(case.box)
        given = [read_formula(text, names).tree for text in case.formulas]
        answer = Patch(given, _corners(case.box, names))
    else:
        names = test.names
        room = (test.points.min(axis=0), test.points.max(axis=0))
        answer = ZeroSet(read_formula(case.formulas[0], names).tree, room)
        if answer.flaw:
            return _wrong(f"the answer is no surface: {answer.flaw}") | _sizes(case, names)
    points = answer.sample(_SAMPLES, rng)
    to_answer, from_answer = answer.distances(test.points), truth.distances(points)
    exact = bool(np.all(to_answer <= _ON * diagonal))
    if exact and _share(from_answer <= _ON * diagonal) < _MOST:
        beyond = _CONTINUED * (upper - lower)
        continued = Patch(trees, (lower - beyond, upper + beyond))
        exact = _share(continued.distances(points) <= _ON * diagonal) >= _MOST
    there, back = _share(to_answer <= _ON * diagonal), _share(from_answer <= _ON * diagonal)
    reason = (
        f"{there:.0%} of the surface's points are on the answer, and {back:.0%} of the answer's on the "
        f"surface, to {_ON:g} of the diagonal"
    )
    return {
        **_said(exact, reason),
        **_distances(_median(to_answer), _median(from_answer), diagonal, case.noise),
        **_clouds(points, test.points, diagonal),
        **_sizes(case, names),
    }


# ---------------------------------------------------------------- what all have


def _said(exact: bool | None, reason: str) -> dict[str, Any]:
    verdict = "undecided" if exact is None else "equal" if exact else "different"
    return {"exact": exact, "solved": exact, "verdict": verdict, "reason": reason}


def _wrong(reason: str) -> dict[str, Any]:
    return _said(False, reason)


def _distances(to_answer: float, from_answer: float, diagonal: float, noise: float) -> dict[str, Any]:
    """Medians in units of the diagonal, and the larger one in those of the noise."""
    worst = max(to_answer, from_answer)
    return {
        "to_answer": to_answer / diagonal,
        "from_answer": from_answer / diagonal,
        "distance": worst / diagonal,
        **({"distance_sigma": worst / noise} if noise else {}),
    }


def _clouds(given: FloatArray, wanted: FloatArray, diagonal: float) -> dict[str, Any]:
    """Chamfer and Hausdorff distance; infinite where the answer has a point that is not finite, or none."""
    if not len(given) or not np.isfinite(given).all():
        chamfer = hausdorff = math.inf
    else:
        chamfer, hausdorff = chamfer_distance(given, wanted), hausdorff_distance(given, wanted)
    return {
        "chamfer": chamfer,
        "hausdorff": hausdorff,
        "chamfer_scaled": chamfer / diagonal,
        "hausdorff_scaled": hausdorff / diagonal,
    }


def _sizes(case: SurfaceCase, names: tuple[str, ...]) -> dict[str, Any]:
    """Nodes of all formulas together, of the answer and of the truth."""

    def nodes(formulas: tuple[str, ...], symbols: tuple[str, ...]) -> int | None:
        counts = [sympy_nodes(text, symbols, time_limit=_FOR_NODES) for text in formulas]
        return None if None in counts or not counts else sum(count or 0 for count in counts)

    truths = nodes(case.task.truths, case.task.feature_names)
    return {"complexity": nodes(case.formulas, names), "complexity_of_truth": truths}


def _corners(box: Mapping[str, tuple[float, float]], names: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
    return np.array([box[name][0] for name in names]), np.array([box[name][1] for name in names])


def _median(distances: FloatArray) -> float:
    """Median; infinite where there is no point, or more than half have no distance."""
    known = np.where(np.isnan(distances), math.inf, distances)
    return float(np.median(known)) if known.size else math.inf


def _share(met: BoolArray) -> float:
    return float(np.mean(met)) if met.size else 0.0
