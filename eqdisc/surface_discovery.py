"""From points to the surface they lie on: the call people make."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset, read_cloud
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.operators import Macro, OperatorSet
from eqdisc.findings import Folder
from eqdisc.options import macro_text, operator_set, truth, whole
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
    epochs: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    max_size: int = 60,
    pretrained: bool = True,
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
    epochs     : of points with their parameters: exactly so many epochs of the search for each output that
                 structure alone does not tell, whatever the clock says
    seed       : same seed, table and settings: same answer, but for what the clock cuts short
    threads    : None for every core this process may use
    max_size   : nodes a law may have
    pretrained : whether searches for single outputs may use what was learned before from other tables; of
                 points alone none does
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
    if epochs is not None and question != "parametric":
        raise OptionError(
            f"epochs is {epochs!r}; it is for points with their parameters (a JointDataset, --targets), "
            "leave it out"
        )
    settings: dict[str, Any] = {
        "surface": question,
        **_columns(data),
        "operators": None if language is None else " ".join(row.name for row in language.operators),
        "macros": [] if language is None else [macro_text(macro) for macro in language.macros],
        "time_limit": float(time_limit),
        "epochs": None if epochs is None else whole("epochs", epochs, least=1),
        "seed": whole("seed", seed, least=0),
        "threads": None if threads is None else whole("threads", threads, least=1),
        "max_size": whole("max_size", max_size, least=1),
        "pretrained": truth("pretrained", pretrained),
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


def points_of(data: object, form: str) -> Cloud | JointDataset:
    """The points that a form is asked of: all columns of a data frame, an array or a table are coordinates.

    data : a `Cloud` or `JointDataset`, which stay as they are; a `Dataset`, whose coordinates are its
           features and its target (or, of the form "parametric", its features are parameters of the target);
           a data frame, a mapping from names to columns, an array (n, d)
    DataError for anything else, for weights or uncertainties, which points have not, and for the form
    "parametric" of what does not say which columns are parameters.

    >>> points_of({"x": [1.0, 0, -1, 0], "y": [0.0, 1, 0, -1]}, "implicit").names
    ('x', 'y')
    """
    if isinstance(data, Cloud | JointDataset):
        return data
    if isinstance(data, Dataset):
        if data.weights is not None or data.sigma is not None:
            raise DataError(
                f"the table has weights or uncertainties, which the points of the form {form!r} have not; "
                "give a table without them"
            )
        if form == "parametric":
            return JointDataset.of(
                data.features, data.target[:, None], data.feature_names, [data.target_name]
            )
        names = (*data.feature_names, data.target_name)
        return Cloud.of(np.column_stack([data.features, data.target]), names)
    if isinstance(data, (str, os.PathLike)):
        raise DataError(
            f"the points are the path {os.fspath(data)!r}; "
            "read the file first: read_cloud(path, ['x', 'y', 'z'])"
        )
    if form == "parametric":
        raise DataError(
            f"a {type(data).__name__} does not say which columns are parameters; make a JointDataset: "
            "read_joint(table, ['u', 'v'], ['x', 'y', 'z']) or JointDataset.of(parameters, outputs)"
        )
    if isinstance(data, Mapping) or hasattr(data, "columns"):
        columns = data if isinstance(data, Mapping) else data.columns
        return read_cloud(data, [str(name) for name in columns])
    return Cloud.of(data)  # type: ignore[arg-type]  # which refuses what is no array


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

        told |= {"epochs": settings["epochs"], "pretrained": settings["pretrained"]}
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
