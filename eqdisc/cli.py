"""The command `eqdisc`. Heavy rooms are entered inside the commands, so that `--help` is quick."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from eqdisc import __version__
from eqdisc.errors import InputError

if TYPE_CHECKING:
    from eqdisc.discovery import Discovery
    from eqdisc.search.observer import Observer

BAD_INPUT = 2
INTERRUPTED = 130

app = typer.Typer(
    name="eqdisc",
    help="Point it at a table, get the law.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"eqdisc {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Point it at a table, get the law."""


@app.command()
def example(
    name: Annotated[str | None, typer.Argument(help="Name of the table.")] = None,
    out: Annotated[Path, typer.Option(help="Folder to write it to.")] = Path(),
    list_all: Annotated[bool, typer.Option("--list", help="List the tables.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a different file of that name.")] = False,
) -> None:
    """Write a real table that ships with eqdisc as NAME.csv."""
    from eqdisc.data.tables import example as facts_of
    from eqdisc.data.tables import examples, write_example

    with _exit_codes():
        if list_all or name is None:
            for table in examples():
                typer.echo(
                    f"{table.name:<13} {table.rows:>3} rows  --target {table.target:<11} {table.title}"
                )
            return
        path = write_example(name, out, force)
        typer.echo(f"wrote {path}: {facts_of(name).title}")
        typer.echo(f"next: eqdisc discover {quote(str(path))} --target {facts_of(name).target}")


@app.command()
def discover(  # one parameter for each option: the signature is the command line
    table: Annotated[Path, typer.Argument(help="CSV or TSV file; its first line names the columns.")],
    target: Annotated[str, typer.Option(help="Column to explain.")],
    features: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Columns to explain it by; all others if not given.")
    ] = None,
    operators: Annotated[
        str | None, typer.Option(metavar="LIST", help='What laws are made of, such as "+ - * / sqrt exp".')
    ] = None,
    operator: Annotated[
        list[str] | None, typer.Option(metavar="F(X)=...", help="An operator of your own; may be repeated.")
    ] = None,
    time: Annotated[float, typer.Option(help="Seconds to search; compilation is not counted.")] = 30.0,
    epochs: Annotated[
        int | None, typer.Option(help="Exactly so many epochs, whatever the clock says: repeats a run.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed and epochs, same answer.")] = 0,
    threads: Annotated[
        int | None, typer.Option(help="Threads; as many as there are cores if not given.")
    ] = None,
    max_size: Annotated[int, typer.Option(help="Nodes a law may have.")] = 60,
    proposers: Annotated[
        str | None, typer.Option(metavar="LIST", help="Strategies, such as gp,closed_form; all if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Find the law that gives the target from the other columns.

    Exit code 0: done; 2: bad input; 130: interrupted by Ctrl-C, the best so far is printed all the same.
    """
    with _exit_codes():
        from eqdisc.data.table import read_table
        from eqdisc.discovery import discover as search

        columns = None if features is None else [name.strip() for name in features.split(",")]
        dataset = read_table(table, target, columns)
        with _progress(quiet) as observers, _interruptible():
            found = search(
                dataset,
                operators=operators,
                macros=operator or (),
                time_limit=time,
                epochs=epochs,
                seed=seed,
                threads=threads,
                max_size=max_size,
                proposers=proposers,
                observers=observers,
            )
        _print_result(found, as_json)


@app.command()
def warmup() -> None:
    """Compile now rather than at the first search; the result is kept on disk."""
    with _exit_codes():
        from eqdisc.data.tables import read_example
        from eqdisc.discovery import discover as search

        typer.echo("compiling ...", err=True)
        # One epoch on a table that no law explains exactly: else the search would end before all is compiled.
        found = search(read_example("hubble"), epochs=1)
        typer.echo(f"compiled in {found.compile_seconds:.1f} s")


def _print_result(found: "Discovery", as_json: bool) -> None:
    from eqdisc.report.text import summary
    from eqdisc.search.engine import StopReason

    typer.echo(json.dumps(found.record(), allow_nan=False) if as_json else summary(found))
    if found.stopped is StopReason.INTERRUPTED:
        raise typer.Exit(INTERRUPTED)


@contextmanager
def _progress(quiet: bool) -> Iterator[list["Observer"]]:
    """Observers that show progress on standard error: a live line in a terminal, plain lines elsewhere."""
    if quiet:
        yield []
        return
    from eqdisc.report.text import LiveProgress, PlainProgress

    if not sys.stderr.isatty():
        yield [PlainProgress(sys.stderr)]
        return
    live = LiveProgress(sys.stderr)
    try:
        yield [live]
    finally:
        live.close()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Within, Ctrl-C raises KeyboardInterrupt, which a search answers by its best so far."""
    outside = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, outside)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Bad input and Ctrl-C become exit codes and one sentence on standard error."""
    try:
        yield
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        typer.echo("interrupted before there was a result", err=True)
        raise typer.Exit(INTERRUPTED) from None
