"""The command `eqdisc`. Heavy rooms are entered inside the commands, so that `--help` is quick."""

from typing import Annotated

import typer

from eqdisc import __version__
from eqdisc.cli.bench import bench
from eqdisc.cli.data import data
from eqdisc.cli.discover import discover, resume, warmup
from eqdisc.cli.example import example
from eqdisc.cli.fit import fit
from eqdisc.cli.pretrain import pretrain
from eqdisc.cli.runs import export, predict, show
from eqdisc.cli.score import score
from eqdisc.cli.similar import embed, similar

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


for command in (
    example, discover, fit, show, predict, export, resume, score, similar, embed, pretrain, warmup,
):  # fmt: skip
    app.command()(command)
app.add_typer(bench)
app.add_typer(data)
