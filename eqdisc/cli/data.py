"""`eqdisc data`: tables of benchmarks as files."""

from pathlib import Path
from typing import Annotated

import typer

from eqdisc.cli.common import Quiet, exit_codes

data = typer.Typer(
    name="data",
    help="Tables of benchmarks, written as files for other programs.",
    no_args_is_help=True,
)
make = typer.Typer(help="Make the tables of a benchmark, in the layout in which it is published.")
data.add_typer(make, name="make")


@make.callback()
def _common() -> None:
    """Make the tables of a benchmark, in the layout in which it is published."""


@make.command()
def srsd(
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder to write to; made where it is missing.")
    ],
    level: Annotated[
        list[str] | None, typer.Option(help="easy, medium or hard; may be repeated; all if not given.")
    ] = None,
    dummies: Annotated[
        bool | None,
        typer.Option(
            "--dummies/--no-dummies",
            help="Only with, or only without inputs that do not matter; both if not given.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same numbers.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite tables with other numbers.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write SRSD-Feynman: for each problem text tables to learn from, to choose by and to test by.

    A folder for each level, in it train, val and test, and supp_info.json with formulas and units. All 240
    tables take about 350 MB. A call that was interrupted can be repeated.
    """
    with exit_codes():
        from eqdisc.benchmark.make_srsd import make_srsd
        from eqdisc.benchmark.suites.srsd import LEVELS

        def tell(done: int, total: int, name: str) -> None:
            if not quiet and name and done % 20 == 0:
                typer.echo(f"{done} of {total} tables written, next {name}", err=True)

        chosen = (False, True) if dummies is None else (dummies,)
        written = make_srsd(
            out, levels=level or LEVELS, dummies=chosen, seed=seed, force=force, progress=tell
        )
        for folder in written:
            typer.echo(f"wrote {folder}")
        typer.echo(f"next: eqdisc bench run {written[0]} --method eqdisc")
