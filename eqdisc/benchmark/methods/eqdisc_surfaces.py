"""eqdisc on surfaces: which search a form is asked of, and its law as an answer."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.method import Answer, Budget
from eqdisc.benchmark.methods.common import implicit_answer
from eqdisc.benchmark.questions import stacked
from eqdisc.benchmark.task import Form, joined
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.engine.reference import evaluate
from eqdisc.interop.sympy_bridge import symbol_names, sympy_text

if TYPE_CHECKING:
    from eqdisc.surfaces.law import SurfaceFront, SurfaceLaw

FORMS: tuple[Form, ...] = ("implicit", "parametric", "hidden")
_WARM_UP = Budget(2.0, 1)
_FEW = 60  # points to warm up with


def solve(
    form: Form, table: JointDataset | Cloud, operators: tuple[str, ...], budget: Budget, seed: int
) -> Answer:
    """The chosen law of the front; an answer without a formula where points are said to be no surface."""
    from eqdisc.errors import NoSurfaceError

    try:
        front = _front(form, table, operators, budget, seed)
    except NoSurfaceError as error:
        return Answer(None, _no_values, {"refused": str(error)}, form=form)
    law = front.laws[front.best]
    details = {"found_by": law.origin, "exact": law.exact, "laws": len(front.laws)}
    return answer_of(law, details | ({"warnings": list(front.warnings)} if front.warnings else {}))


def warm_up(form: Form) -> None:
    """Compile what a form needs, on a few points of a sphere."""
    angles = np.random.default_rng(0).uniform(0.1, 3.0, (_FEW, 2))
    (u, v), names = angles.T, ("x", "y", "z")
    points = np.column_stack([np.sin(u) * np.cos(2.0 * v), np.sin(u) * np.sin(2.0 * v), np.cos(u)])
    table = JointDataset.of(angles, points, ("u", "v"), names) if form == "parametric" else Cloud.of(points)
    solve(form, table, ("add", "sub", "mul", "sin", "cos"), _WARM_UP, 0)


def answer_of(law: "SurfaceLaw", details: dict[str, object]) -> Answer:
    """A law as an answer."""
    if law.form == "implicit":
        return implicit_answer(law.expressions[0], law.variables, details)
    symbols = [symbol_names(law.variables)[name] for name in law.variables]
    formulas = {
        target: sympy_text(expression, symbols)
        for target, expression in zip(law.targets, law.expressions, strict=True)
    }
    return Answer(
        joined(formulas),
        partial(stacked, [partial(evaluate, expression) for expression in law.expressions]),
        {"complexity": law.complexity, **details},
        form="parametric",
        expressions=formulas,
        box=dict(zip(symbols, law.ranges, strict=True)) if law.ranges else {},
    )


def _front(
    form: Form, table: JointDataset | Cloud, operators: tuple[str, ...], budget: Budget, seed: int
) -> "SurfaceFront":
    told: dict[str, Any] = {
        "operators": operators,
        "time_limit": budget.seconds,
        "seed": seed,
        "threads": budget.threads,
    }
    if isinstance(table, JointDataset):
        from eqdisc.surfaces.parametric import fit_parametric

        names = table.feature_names, table.target_names
        return fit_parametric(table.features, table.targets, *names, **told)
    if form == "implicit":
        from eqdisc.surfaces.implicit import fit_implicit

        return fit_implicit(table.points, table.names, **told)
    from eqdisc.surfaces.hidden import fit_hidden

    return fit_hidden(table.points, table.names, **told)


def _no_values(features: FloatArray) -> FloatArray:
    return np.full(len(features), np.nan)
