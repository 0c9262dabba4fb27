"""`eqdisc discover` for points of a surface: which form is asked, and what has no place beside it."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from eqdisc.cli.common import interruptible, names_of
from eqdisc.errors import OptionError

if TYPE_CHECKING:
    from eqdisc.data.surfaces import Cloud, JointDataset
    from eqdisc.surface_finding import SurfaceDiscovery


@dataclass(frozen=True)
class Points:
    """What is asked of points: the form of their surface, and the columns they stand in.

    option     : the option that asked for it
    names      : of the coordinates of points
    parameters : where these are known: the columns they stand in
    """

    question: Literal["implicit", "parametric", "surface"]
    option: str
    names: tuple[str, ...]
    parameters: tuple[str, ...] = ()

    def refuse(self, no_place: Mapping[str, object]) -> None:
        """OptionError for the first option that was given and is for laws of one column alone."""
        for option, value in no_place.items():
            if value:
                raise OptionError(
                    f"{option} is for the law of one --target and has no place beside {self.option}; "
                    "leave it out"
                )

    def read(self, table: str, units: bool, sheet: str | None) -> "Cloud | JointDataset":
        """The table; DataError for one without these columns, or with cells that are missing."""
        from eqdisc.data.surfaces import read_cloud, read_joint

        if self.question == "parametric":
            return read_joint(table, self.parameters, self.names, units=units, sheet=sheet)
        return read_cloud(table, self.names, units=units, sheet=sheet)

    @property
    def sought(self) -> str:
        """What is looked for, in words."""
        names = ", ".join(self.names)
        if self.question == "implicit":
            return f"F({names}) = 0"
        if self.question == "parametric":
            return f"{names} over {', '.join(self.parameters)}"
        return f"the surface of {names}"


@dataclass(frozen=True)
class SurfaceSettings:
    """Settings of `discover_surface`, as the command line has them."""

    operators: str | None
    macros: Sequence[str]
    time_limit: float
    epochs: int | None
    seed: int
    threads: int | None
    max_size: int
    pretrained: bool
    out: Path | None
    overwrite: bool


def asked_for(
    target: str | None, features: str | None, targets: str | None, implicit: str | None, surface: str | None
) -> str | Points:
    """The column whose law is asked for, or the points whose surface is.

    OptionError where nothing is asked, or two things that do not go together.
    """
    asked = {
        "--target": target,
        "--targets": targets,
        "--implicit": implicit,
        "--surface": surface,
    }
    given = [option for option, value in asked.items() if value is not None]
    if not given:
        raise OptionError(
            "Missing option '--target': name the column to explain; of points on a surface name the "
            "coordinates by --implicit or --surface, or by --features and --targets"
        )
    if len(given) > 1:
        raise OptionError(f"{given[0]} and {given[1]} ask for different things; give one of the two")
    if target is not None:
        return target
    option = given[0]
    names = tuple(names_of(asked[option]) or ())
    if not names:
        raise OptionError(f"{option} names no column; wanted the coordinates, as in {option} x,y,z")
    if targets is not None:
        parameters = tuple(names_of(features) or ())
        if not parameters:
            raise OptionError(
                "--targets wants the parameters too, as in --features u,v; "
                "of points without parameters name the coordinates by --surface"
            )
        return Points("parametric", option, names, parameters)
    if features is not None:
        raise OptionError(
            f"--features has no place beside {option}, which names all coordinates; leave it out, or name "
            "the coordinates that the features are parameters of by --targets"
        )
    return Points("implicit" if implicit is not None else "surface", option, names)


def found_surface(
    points: Points, data: "Cloud | JointDataset", settings: SurfaceSettings, quiet: bool
) -> "SurfaceDiscovery":
    """Look for the surface, and say meanwhile that it is looked for."""
    from eqdisc.surface_discovery import discover_surface

    limit = f"{settings.time_limit:g} s" if settings.epochs is None else f"{settings.epochs} epochs of each"
    text = f"looking for {points.sought}, {limit} at most"
    with waiting(text, quiet), interruptible():
        return discover_surface(data, form=points.question, **vars(settings))


@contextmanager
def waiting(text: str, quiet: bool) -> Iterator[None]:
    """Within, standard error shows what is done: with a clock in a terminal, as one line elsewhere."""
    if quiet:
        yield
        return
    if not sys.stderr.isatty():
        typer.echo(text, err=True)
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        display.add_task(text, total=None)
        yield
