"""What commands share: exit codes, progress, interrupts, settings from a file."""

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from eqdisc.errors import InputError, OptionError

if TYPE_CHECKING:
    from eqdisc.findings import Discovery
    from eqdisc.search.observer import Observer
    from eqdisc.surface_finding import SurfaceDiscovery

L = TypeVar("L")

BAD_INPUT = 2
INTERRUPTED = 130

Table = Annotated[
    str, typer.Argument(help="CSV, TSV, Excel, Parquet or NPZ file; - for text on standard input.")
]
Folder = Annotated[Path, typer.Argument(help="Folder of a run: what was given to --out.")]
Sigma = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Standard deviations of the target, in its units.")
]
Weights = Annotated[str | None, typer.Option(metavar="COLUMN", help="Weights of the rows.")]
NoUnits = Annotated[
    bool, typer.Option("--no-units", help="Brackets in the header are part of the names, not units.")
]
Sheet = Annotated[str | None, typer.Option(help="Sheet of an Excel file; the first if not given.")]
Out = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Keep the run: result, report, plots; can be resumed.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run that the folder holds.")]
Equation = Annotated[
    int | None, typer.Option(metavar="N", help="Number of the law on the front; the chosen one if not given.")
]
Time = Annotated[float, typer.Option(help="Seconds to search; compilation is not counted.")]
Epochs = Annotated[
    int | None, typer.Option(help="Exactly so many epochs, whatever the clock says: repeats a run.")
]
Threads = Annotated[int | None, typer.Option(help="Threads; as many as there are cores if not given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Options of the command from a TOML file; what the command line says wins."""
    if path is None:
        return None
    with exit_codes():
        context.default_map = {**(context.default_map or {}), **_options(context, path)}
    return path


Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        callback=read_config,
        is_eager=True,
        help="TOML file with options of this command; those given on the command line win.",
    ),
]


def _options(context: typer.Context, path: Path) -> dict[str, Any]:
    import tomllib

    try:
        with path.open("rb") as file:
            given = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"{path} is no TOML file: {error}") from error
    except OSError as error:
        raise OptionError(f"{path} cannot be read: {error.strerror}") from error
    # The name of an option as it is written on the command line -> the option.
    known = {
        name.removeprefix("--").replace("-", "_"): option
        for option in context.command.params
        for name in option.opts
        if name.startswith("--") and option.name != "config"
    }
    options = {}
    for key, value in given.items():
        option = known.get(key.replace("-", "_"))
        if option is None or option.name is None:
            raise OptionError(f"{path}: there is no option {key!r}; there are {', '.join(sorted(known))}")
        if isinstance(value, dict):  # [units]
            value = [f"{name}={text}" for name, text in value.items()]
        if isinstance(value, list) and not option.multiple:
            value = ",".join(str(item) for item in value)
        options[option.name] = [value] if option.multiple and isinstance(value, str) else value
    return options


def names_of(text: str | None) -> list[str] | None:
    """Names separated by commas."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def law_of(front: Sequence[L], best: L, equation: int | None) -> L:
    """The law of that number on the front, counted from 1; the chosen one for None."""
    if equation is None:
        return best
    if not 1 <= equation <= len(front):
        raise OptionError(f"there is no equation {equation}; the front has the equations 1 to {len(front)}")
    return front[equation - 1]


def shown(found: "Discovery | SurfaceDiscovery", as_json: bool) -> str:
    """What is printed of a result."""
    if as_json:
        return json.dumps(found.record(), allow_nan=False)
    from eqdisc.surfaces.result import SurfaceResult

    if isinstance(found, SurfaceResult):
        from eqdisc.surfaces.text import surface_summary

        return surface_summary(found)
    from eqdisc.report.text import summary

    return summary(found)


def print_result(found: "Discovery | SurfaceDiscovery", as_json: bool) -> None:
    """The result on standard output; exit code 130 where the search was interrupted."""
    from eqdisc.search.engine import StopReason

    typer.echo(shown(found, as_json))
    if found.stopped is StopReason.INTERRUPTED:
        raise typer.Exit(INTERRUPTED)


@contextmanager
def progress(quiet: bool) -> Iterator[list["Observer"]]:
    """Observers that show progress on standard error: a live panel in a terminal, plain lines elsewhere."""
    if quiet:
        yield []
        return
    from eqdisc.report.progress import progress_observer

    with progress_observer() as watcher:
        yield [watcher]


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, Ctrl-C raises KeyboardInterrupt, which a search answers by its best so far."""
    outside = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, outside)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Bad input and Ctrl-C become exit codes and one sentence on standard error."""
    try:
        yield
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        typer.echo("interrupted before there was a result", err=True)
        raise typer.Exit(INTERRUPTED) from None
