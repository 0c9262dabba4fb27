"""From points to the surface they lie on: the call people make."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.operators import Macro, OperatorSet
from eqdisc.findings import Folder
from eqdisc.options import macro_text, operator_set, whole
from eqdisc.report.folder import RunFolder
from eqdisc.search.engine import Budget
from eqdisc.surface_finding import SurfaceDiscovery
from eqdisc.surfaces.law import SurfaceFront
from eqdisc.surfaces.result import QUESTIONS, Question, facts_of


def discover_surface(
    data: Cloud | JointDataset,
    *,
    form: Question | None = None,
    operators: str | Sequence[str] | OperatorSet | None = None,
    macros: Sequence[str | Macro] = (),
    time_limit: float = 30.0,
    seed: int = 0,
    threads: int | None = None,
    max_size: int = 60,
    out: Folder | None = None,
    overwrite: bool = False,
) -> SurfaceDiscovery:
    """Find the law of a surface, or curve, from points on it: F(x, y, z) = 0, or x, y, z over parameters.

    data       : a `Cloud`, points alone, or a `JointDataset`, points and their parameters
    form       : of a cloud "implicit", F = 0, or "surface", whichever form fits (which None stands for); of
                 points with their parameters there is "parametric" only
    operators  : what laws may be made of: "+ - * / sin cos" or a list of names; None leaves it to the methods
    macros     : operators of your own: "sq1(x)=x**2+1"
    time_limit : seconds; the search ends sooner where a law is exact
    seed       : same seed, table and settings: same answer, but for what the clock cuts short
    threads    : None for every core this process may use
    max_size   : nodes a law may have
    out        : folder to keep the run in
    overwrite  : replace the run that the folder holds

    NoSurfaceError, which says why, for points that lie on no surface that could be told: points that fill a
    volume, or lie on a curve in space. DataError for other data than these, OptionError for an impossible
    setting.

    Example
    -------
    >>> import numpy as np
    >>> turn = np.linspace(0.0, 6.0, 60)
    >>> circle = Cloud.of(np.column_stack([2.0 * np.cos(turn), 2.0 * np.sin(turn)]))
    >>> found = discover_surface(circle, form="implicit", time_limit=5)
    >>> found.best.form, found.best.exact
    ('implicit', True)
    """
    question = _question(data, form)
    language = None if operators is None and not macros else operator_set(operators, macros)
    Budget(time_limit)  # refuses what is no time
    settings: dict[str, Any] = {
        "surface": question,
        **_columns(data),
        "operators": None if language is None else " ".join(row.name for row in language.operators),
        "macros": [] if language is None else [macro_text(macro) for macro in language.macros],
        "time_limit": float(time_limit),
        "seed": whole("seed", seed, least=0),
        "threads": None if threads is None else whole("threads", threads, least=1),
        "max_size": whole("max_size", max_size, least=1),
    }
    if out is None:
        return _searched(data, question, language, settings)
    with RunFolder.create(Path(out), overwrite) as folder:
        folder.write_settings(settings)
        found = _searched(data, question, language, settings)
        try:
            found.write(folder)
        except (OSError, DataError) as error:
            lost = f"the run could not be kept whole in {folder.path}: {error}"
            return replace(found, warnings=(*found.warnings, lost))
        return found


def _searched(
    data: Cloud | JointDataset, question: Question, language: OperatorSet | None, settings: dict[str, Any]
) -> SurfaceDiscovery:
    start = time.perf_counter()
    # As for tables: many small matrices, which threads of BLAS slow down and whose last digits they change.
    with threadpool_limits(1, user_api="blas"):
        front = _front(data, question, language, settings)
    facts = facts_of(front, question, data, settings, time.perf_counter() - start)
    return SurfaceDiscovery(**facts)


def _front(
    data: Cloud | JointDataset, question: Question, language: OperatorSet | None, settings: dict[str, Any]
) -> SurfaceFront:
    told: dict[str, Any] = {key: settings[key] for key in ("time_limit", "seed", "threads", "max_size")}
    told["operators"] = language
    if isinstance(data, JointDataset):
        from eqdisc.surfaces.parametric import fit_parametric

        return fit_parametric(data.features, data.targets, data.feature_names, data.target_names, **told)
    if question == "implicit":
        from eqdisc.surfaces.implicit import fit_implicit

        return fit_implicit(data.points, data.names, **told)
    from eqdisc.surfaces.hidden import fit_hidden

    return fit_hidden(data.points, data.names, **told)


def _question(data: object, form: str | None) -> Question:
    """What is asked; DataError for data that are no surface, OptionError for a form that they cannot have."""
    if isinstance(data, Dataset):
        raise DataError("a Dataset has one target: discover(dataset), or give a Cloud or a JointDataset")
    if not isinstance(data, Cloud | JointDataset):
        raise DataError(
            f"discover_surface wants a Cloud or a JointDataset and got a {type(data).__name__}; "
            "make one of arrays: discover_surface(Cloud.of(points))"
        )
    joint = isinstance(data, JointDataset)
    given: Question = "parametric" if joint else "surface"
    asked = given if form is None else next((question for question in QUESTIONS if question == form), None)
    if asked is None:
        raise OptionError(f"the form is {form!r}; wanted {', '.join(QUESTIONS)}")
    if joint != (asked == "parametric"):
        wanted = "points alone: a Cloud" if joint else "the parameters of each point: a JointDataset"
        raise OptionError(f"the form {asked!r} wants {wanted}")
    return asked


def _columns(data: Cloud | JointDataset) -> dict[str, Any]:
    if isinstance(data, Cloud):
        return {"names": list(data.names)}
    return {"features": list(data.feature_names), "targets": list(data.target_names)}
