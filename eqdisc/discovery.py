"""From a table to its law: the calls people make."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from numpy.typing import ArrayLike

from eqdisc.data.dataset import Dataset
from eqdisc.data.given_units import GivenUnits, given_units, with_units
from eqdisc.data.physical_constants import physical_constants as offered
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.data.units import constant_texts
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.form import Form
from eqdisc.expr.operators import DEFAULT_OPERATORS, Macro, OperatorSet
from eqdisc.findings import Discovery, Folder
from eqdisc.options import macro_text, operator_set, texts, truth, whole
from eqdisc.portfolio import PROPOSERS
from eqdisc.problem import Problem
from eqdisc.report.folder import RunFolder
from eqdisc.report.progress import in_notebook, progress_observer
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.checkpoint import read_checkpoint
from eqdisc.search.choice import choose
from eqdisc.search.engine import SearchResult, StopReason
from eqdisc.search.form_fit import fit_form
from eqdisc.search.observer import Observer
from eqdisc.search.proposer import Proposer
from eqdisc.settings import Settings
from eqdisc.surfaces.result import Question
from eqdisc.task import SearchTask

if TYPE_CHECKING:
    import pandas as pd

    from eqdisc.surface_finding import SurfaceDiscovery


@overload
def discover(
    dataset: Dataset,
    *,
    form: None = None,
    operators: str | Sequence[str] | OperatorSet | None = None,
    macros: Sequence[str | Macro] = (),
    guesses: Sequence[str] = (),
    blocks: Sequence[str] = (),
    template: str | None = None,
    require: Sequence[str] = (),
    forbid: Sequence[str] = (),
    time_limit: float = 30.0,
    epochs: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    max_size: int = 60,
    proposers: str | Sequence[str | Proposer] | None = None,
    pretrained: bool = True,
    stability: int = 0,
    units: GivenUnits | None = None,
    constants: str = "free",
    physical_constants: str | Sequence[str] = (),
    out: Folder | None = None,
    overwrite: bool = False,
    observers: Sequence[Observer] | None = None,
) -> Discovery: ...


@overload
def discover(
    dataset: Cloud | JointDataset,
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
) -> "SurfaceDiscovery": ...


@overload
def discover(
    dataset: "Dataset | ArrayLike | Mapping[str, Any] | pd.DataFrame",
    *,
    form: Question,
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
) -> "SurfaceDiscovery": ...


def discover(
    dataset: "Dataset | Cloud | JointDataset | ArrayLike | Mapping[str, Any] | pd.DataFrame",
    *,
    form: Question | None = None,
    operators: str | Sequence[str] | OperatorSet | None = None,
    macros: Sequence[str | Macro] = (),
    guesses: Sequence[str] = (),
    blocks: Sequence[str] = (),
    template: str | None = None,
    require: Sequence[str] = (),
    forbid: Sequence[str] = (),
    time_limit: float = 30.0,
    epochs: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    max_size: int = 60,
    proposers: str | Sequence[str | Proposer] | None = None,
    pretrained: bool = True,
    stability: int = 0,
    units: GivenUnits | None = None,
    constants: str = "free",
    physical_constants: str | Sequence[str] = (),
    out: Folder | None = None,
    overwrite: bool = False,
    observers: Sequence[Observer] | None = None,
) -> "Discovery | SurfaceDiscovery":
    """Find the law that gives the target of a table from its features, or the surface that points lie on.

    dataset    : a `Dataset`; for a surface a `Cloud` or `JointDataset`, or, with `form`, whatever has the
                 coordinates of points as its columns: an array (n, d), a data frame, a `Dataset`
    form       : None for the law of one column; "implicit" for F(x, y, z) = 0, "parametric" for outputs over
                 parameters, "surface" for whichever fits: the same as `discover_surface`, which see
    operators  : what laws may be made of: "+ - * / sqrt exp" or a list of names; None for `DEFAULT_OPERATORS`
    macros     : operators of your own: "sq1(x)=x**2+1"
    guesses    : laws to start from: "k/r**2"; names that are no columns are fitted
    blocks     : building blocks that you expect in the law: "a - b", "v**2/c**2"; others may still win
    template   : the form every law has: "a*exp(-f(x)) + g(t)"; f and g are searched for, a is fitted
    require    : features that every law contains; forbid: features that none does
    time_limit : seconds, compilation left out; it only picks the last whole epoch
    epochs     : exactly so many epochs, whatever the clock says: the way to repeat a run
    seed       : same seed, table, settings and epochs: same front, for any number of threads
    threads    : None for every core this process may use
    max_size   : nodes a law may have
    proposers  : strategies, by name ("gp,closed_form") or as objects like `Seeds(("a*x**2",))`; None for all
    pretrained : whether strategies may use what was learned before from other tables; False for none of it
    stability  : so many tables drawn again from the rows are searched too, each for a share of the epochs
    units      : of columns, over those of the header: "v=m/s,t=s", the path of a TOML file, several of these,
                 or a mapping
    constants  : what numbers in laws may be, where columns have units: "free", of any unit; "dimensionless",
                 mere numbers; "named", mere numbers and the constants of nature offered
    physical_constants : constants of nature to offer, "c,h,k_B" or a list of names; "all" for all
    out        : folder to keep the run in: its state after every epoch, result, report, plots
    overwrite  : replace the run that the folder holds
    observers  : told of progress; None for a display in a notebook and silence elsewhere

    Where a column has a unit, in the header or by `units`, laws respect it: lengths are not added to times.
    Of a table with very many rows some are searched, and all fit and judge what was found. Ctrl-C ends the
    search and the best so far is returned. OptionError for an impossible setting, and for one that a surface
    does not take; DataError for what is no table or, with `form`, no points.

    Example
    -------
    >>> import numpy as np
    >>> radius = np.array([[1.0], [1.5], [2.0], [2.5], [3.0]])
    >>> table = Dataset.of(radius, 3.25 * radius[:, 0] ** 2, names=["radius"], target_name="area")
    >>> found = discover(table, guesses=["k*radius**2"], proposers=[], epochs=1)
    >>> found.best.expression, found.best.constants
    ('3.25*radius**2', [3.25])

    Points alone, of which no column is explained by the others:

    >>> turn = np.linspace(0.0, 6.0, 60)
    >>> circle = np.column_stack([2.0 * np.cos(turn), 2.0 * np.sin(turn)])
    >>> discover(circle, form="implicit", time_limit=5).best.expression
    'x**2 + y**2 - 4'
    """
    if form is not None or isinstance(dataset, Cloud | JointDataset):
        _refuse_beside_a_surface(
            guesses=guesses,
            blocks=blocks,
            template=template,
            require=require,
            forbid=forbid,
            proposers=proposers is not None,
            stability=stability,
            units=units,
            constants=None if constants == "free" else constants,
            physical_constants=physical_constants,
            observers=observers,
        )
        from eqdisc.surface_discovery import discover_surface, points_of

        return discover_surface(
            points_of(dataset, form or "surface"),
            form=form,
            operators=operators,
            macros=macros,
            time_limit=time_limit,
            epochs=epochs,
            seed=seed,
            threads=threads,
            max_size=max_size,
            pretrained=pretrained,
            out=out,
            overwrite=overwrite,
        )
    dataset = _checked_dataset(dataset)
    given = given_units(units)
    dataset = with_units(dataset, given)
    language = operator_set(operators, macros)
    settings = Settings(
        operators=" ".join(operator.name for operator in language.operators),
        macros=tuple(macro_text(macro) for macro in language.macros),
        time_limit=time_limit,
        epochs=None if epochs is None else whole("epochs", epochs, least=1),
        seed=whole("seed", seed, least=0),
        threads=None if threads is None else whole("threads", threads, least=1),
        max_size=whole("max_size", max_size, least=1),
        guesses=texts("guesses", guesses),
        blocks=texts("blocks", blocks),
        template=template,
        require=texts("require", require),
        forbid=texts("forbid", forbid),
        pretrained=truth("pretrained", pretrained),
        stability=whole("stability", stability, least=0),
        units=tuple(f"{name}={unit}" for name, unit in given.items()),
        constants=constants,
        physical_constants=tuple(constant.name for constant in offered(_names(physical_constants))),
    )
    task = SearchTask.of(dataset, settings, language, proposers)
    with _watched(observers) as watchers:
        if out is None:
            return task.run(watchers)
        with RunFolder.create(Path(out), overwrite) as folder:
            folder.write_dataset(dataset)
            folder.write_settings(task.settings.record())
            return task.keep(folder, watchers)


def resume(
    folder: Folder,
    *,
    time_limit: float = 30.0,
    epochs: int | None = None,
    threads: int | None = None,
    proposers: Sequence[Proposer] | None = None,
    observers: Sequence[Observer] | None = None,
) -> Discovery:
    """Go on with a run that `discover(..., out=folder)` keeps, from its last whole epoch.

    time_limit : seconds more
    epochs     : go on to exactly so many epochs in all instead
    threads    : as in `discover`; may differ from before
    proposers  : the strategies, where the run was given some as Python objects

    Whether the run ended, was interrupted or was killed: it goes on to the bit as if it had never stopped.
    DataError for a folder without a run, or one whose files are damaged or from a newer version.
    """
    with RunFolder(Path(folder)) as run:
        told = run.read_settings()
        if "surface" in told:
            raise OptionError(
                f"{run.path} is a run that looked for a surface, which is not gone on with: "
                "discover again with more time, and --overwrite"
            )
        dataset = run.read_dataset()
        before = Settings.of_record(told)
        settings = replace(before, time_limit=time_limit, epochs=epochs, threads=threads)
        language = operator_set(settings.operators, settings.macros)
        named = settings.proposers if proposers is None else proposers
        unknown = [name for name in settings.proposers or () if name not in PROPOSERS]
        if proposers is None and unknown:
            raise OptionError(
                f"this run was given the strategy {unknown[0]!r} as a Python object; resume it from Python: "
                "resume(folder, proposers=[...])"
            )
        task = SearchTask.of(dataset, settings, language, named)
        state = read_checkpoint(run.checkpoint_path) if run.checkpoint_path.exists() else None
        with _watched(observers) as watchers:
            return task.keep(run, watchers, state)


def fit(
    dataset: Dataset,
    form: str,
    *,
    start: Mapping[str, float] | None = None,
    seed: int = 0,
    out: Folder | None = None,
    overwrite: bool = False,
) -> Discovery:
    """Fit the constants of a form that is given, with error bars; nothing is searched or compiled.

    form  : "y = a*exp(-b*t) + c"; names that are no columns are constants to be fitted
    start : first guesses of some of them; many starts are tried where there is none
    seed  : of the starts; out, overwrite: as in `discover`

    ParseError for a form that cannot be read, InputError for one that has no finite value.

    Example
    -------
    >>> import numpy as np
    >>> t = np.linspace(0.0, 4.0, 20)
    >>> table = Dataset.of(t[:, None], 2.0 * np.exp(-0.7 * t) + 0.5, names=["t"])
    >>> [round(value, 6) for value in fit(table, "a*exp(-b*t) + c").best.constants]
    [2.0, 0.7, 0.5]
    """
    _checked_dataset(dataset)
    parsed = Form.parse(form, dataset.feature_names, target=dataset.target_name)
    if all(j >= dataset.n_features for j in parsed.tree.features) and not parsed.calls:
        raise OptionError(
            f"the form {form!r} reads no column of the table; it has {', '.join(dataset.feature_names)}"
        )
    fitted = fit_form(parsed, dataset, start_values=start, seed=seed)
    language = OperatorSet.parse(DEFAULT_OPERATORS)
    problem = Problem(dataset, dataset, None, language, max(60, fitted.expression.size))
    candidate = Scorer(problem).score(fitted.expression, "form")
    if candidate is None:
        raise DataError(f"the fitted form {form!r} has no finite value on some row; leave such rows out")
    found = SearchResult(
        (candidate,), candidate, choose((candidate,), problem).reason, StopReason.FITTED, 0, 0.0, 0.0, 1, 0
    )
    names = tuple(parsed.parameters[owner] if owner >= 0 else "" for owner in fitted.owners)
    settings = {"form": form, "start": dict(start or {}), "seed": seed}
    result = Discovery.of(found, problem, dataset, seed, settings)
    law = replace(
        result.best,
        error_bars=fitted.error_bars,
        constant_names=names if any(names) else (),
        constant_units=constant_texts(fitted.expression, dataset, (~fitted.error_bars.free).tolist()),
    )
    result = replace(
        result,
        best=law,
        front=(law,),
        reason="it is the form that was given",
        notes=(*result.notes, *fitted.notes),
    )
    if out is not None:
        result.save(out, overwrite=overwrite)
    return result


@contextmanager
def _watched(observers: Sequence[Observer] | None) -> Iterator[Sequence[Observer]]:
    """The observers; a display in a notebook where none are given."""
    if observers is not None or not in_notebook():
        yield observers or ()
        return
    with progress_observer() as watcher:
        yield (watcher,)


def _names(physical_constants: object) -> str | tuple[str, ...]:
    if isinstance(physical_constants, str):
        return physical_constants
    return texts("physical_constants", physical_constants)


def _refuse_beside_a_surface(**given: object) -> None:
    """OptionError for the first setting that was given and is for the law of one column alone."""
    for name, value in given.items():
        if value:
            raise OptionError(
                f"{name} is for the law of one column and has no place beside a surface; leave it out"
            )


def _checked_dataset(dataset: object) -> Dataset:
    if isinstance(dataset, Dataset):
        return dataset
    if isinstance(dataset, (str, os.PathLike)):
        path = os.fspath(dataset)
        advice = f"read the file first: discover(read_table({path!r}, target=...))"
    else:
        advice = "make one of arrays: discover(Dataset.of(X, y)); of points on a surface say the form"
    raise DataError(f"discover wants a Dataset and got a {type(dataset).__name__}; {advice}")
