"""`eqdisc discover`, `eqdisc resume`, `eqdisc warmup`: searching."""

from typing import Annotated

import typer

from eqdisc.cli.common import (
    AsJson,
    Config,
    Epochs,
    Folder,
    NoUnits,
    Out,
    Overwrite,
    Quiet,
    Sheet,
    Sigma,
    Table,
    Threads,
    Time,
    Weights,
    exit_codes,
    interruptible,
    names_of,
    print_result,
    progress,
)
from eqdisc.cli.surface import Points, SurfaceSettings, asked_for, found_surface


def discover(  # one parameter for each option: the signature is the command line
    table: Table,
    target: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column to explain.")] = None,
    features: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Columns to explain it by; all others if not given.")
    ] = None,
    targets: Annotated[
        str | None,
        typer.Option(metavar="X,Y,...", help="Several columns to explain together, by those of --features."),
    ] = None,
    implicit: Annotated[
        str | None,
        typer.Option(metavar="X,Y,...", help="Coordinates of points on a surface F(x, y, ...) = 0 to find."),
    ] = None,
    surface: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,...", help="Coordinates of points on a surface of whichever form fits them best."
        ),
    ] = None,
    require: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Columns that every law must contain.")
    ] = None,
    forbid: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Columns that no law may contain.")
    ] = None,
    sigma: Sigma = None,
    weights: Weights = None,
    operators: Annotated[
        str | None, typer.Option(metavar="LIST", help='What laws are made of, such as "+ - * / sqrt exp".')
    ] = None,
    operator: Annotated[
        list[str] | None, typer.Option(metavar="F(X)=...", help="An operator of your own; may be repeated.")
    ] = None,
    guess: Annotated[
        list[str] | None,
        typer.Option(metavar="LAW", help='A law to start from, such as "k/r**2"; may be repeated.'),
    ] = None,
    block: Annotated[
        list[str] | None,
        typer.Option(metavar="PART", help='A part you expect in the law, such as "a - b"; may be repeated.'),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            metavar="FORM", help='Form with unknown functions to find, such as "a*exp(-f(x)) + g(t)".'
        ),
    ] = None,
    time: Time = 30.0,
    epochs: Epochs = None,
    seed: Annotated[int, typer.Option(help="Same seed and epochs, same answer.")] = 0,
    threads: Threads = None,
    max_size: Annotated[int, typer.Option(help="Nodes a law may have.")] = 60,
    proposers: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Strategies, such as gp,closed_form; by default all but dysymnet and snip.",
        ),
    ] = None,
    no_pretrained: Annotated[
        bool, typer.Option("--no-pretrained", help="Use nothing learned beforehand from other tables.")
    ] = False,
    stability: Annotated[
        int, typer.Option(metavar="N", help="Search N resampled tables too, in twice the time.")
    ] = 0,
    units: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A=UNIT,...",
            help="Units that laws respect, such as v=m/s,t=s, or a TOML file of them; repeatable.",
        ),
    ] = None,
    constants: Annotated[
        str,
        typer.Option(metavar="KIND", help="Numbers in laws: free (of any unit), dimensionless or named."),
    ] = "free",
    physical_constants: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Constants of nature to offer, such as c,h,k_B; or all."),
    ] = None,
    no_units: NoUnits = False,
    sheet: Sheet = None,
    out: Out = None,
    overwrite: Overwrite = False,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find the law that gives the target from the other columns, or the surface that points lie on.

    Exit code 0: done; 2: bad input; 130: interrupted by Ctrl-C, the best so far is printed all the same.
    """
    with exit_codes():
        asked = asked_for(target, features, targets, implicit, surface)
        if isinstance(asked, Points):
            no_place = {
                "--require": require,
                "--forbid": forbid,
                "--sigma": sigma,
                "--weights": weights,
                "--guess": guess,
                "--block": block,
                "--template": template,
                "--epochs": None if asked.question == "parametric" else epochs,
                "--proposers": proposers,
                "--stability": stability,
                "--units": units,
                "--constants": None if constants == "free" else constants,
                "--physical-constants": physical_constants,
            }
            asked.refuse(no_place)
            data = asked.read(table, not no_units, sheet)
            settings = SurfaceSettings(
                operators=operators,
                macros=operator or (),
                time_limit=time,
                epochs=epochs,
                seed=seed,
                threads=threads,
                max_size=max_size,
                pretrained=not no_pretrained,
                out=out,
                overwrite=overwrite,
            )
            print_result(found_surface(asked, data, settings, quiet), as_json)
            return

        from eqdisc.data.table import read_table
        from eqdisc.discovery import discover as search

        dataset = read_table(
            table,
            asked,
            names_of(features),
            sigma=sigma,
            weights=weights,
            units=not no_units,
            sheet=sheet,
        )
        with progress(quiet) as observers, interruptible():
            found = search(
                dataset,
                operators=operators,
                macros=operator or (),
                guesses=guess or (),
                blocks=block or (),
                template=template,
                require=names_of(require) or (),
                forbid=names_of(forbid) or (),
                time_limit=time,
                epochs=epochs,
                seed=seed,
                threads=threads,
                max_size=max_size,
                proposers=proposers,
                pretrained=not no_pretrained,
                stability=stability,
                units=units,
                constants=constants,
                physical_constants=physical_constants or (),
                out=out,
                overwrite=overwrite,
                observers=observers,
            )
        print_result(found, as_json)


def resume(
    folder: Folder,
    time: Time = 30.0,
    epochs: Annotated[
        int | None, typer.Option(help="Go on to exactly so many epochs in all, whatever the clock says.")
    ] = None,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was kept by `discover --out`, from its last whole epoch, finished or killed."""
    with exit_codes():
        from eqdisc.discovery import resume as go_on

        with progress(quiet) as observers, interruptible():
            found = go_on(folder, time_limit=time, epochs=epochs, threads=threads, observers=observers)
        print_result(found, as_json)


def warmup() -> None:
    """Compile now rather than at the first search; the result is kept on disk."""
    with exit_codes():
        from eqdisc.data.tables import read_example
        from eqdisc.discovery import discover as search

        typer.echo("compiling ...", err=True)
        # One epoch on a table that no law explains exactly: else the search would end before all is compiled.
        found = search(read_example("hubble"), epochs=1)
        typer.echo(f"compiled in {found.compile_seconds:.1f} s")
