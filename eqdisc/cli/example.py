"""`eqdisc example`: real tables to try."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from eqdisc.cli.common import exit_codes


def example(
    name: Annotated[str | None, typer.Argument(help="Name of the table.")] = None,
    out: Annotated[Path, typer.Option(help="Folder to write it to.")] = Path(),
    list_all: Annotated[bool, typer.Option("--list", help="List the tables.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a different file of that name.")] = False,
) -> None:
    """Write a real table that ships with eqdisc as NAME.csv."""
    from eqdisc.data.tables import example as facts_of
    from eqdisc.data.tables import examples, write_example

    with exit_codes():
        if list_all or name is None:
            for table in examples():
                typer.echo(
                    f"{table.name:<13} {table.rows:>3} rows  --target {table.target:<11} {table.title}"
                )
            return
        path = write_example(name, out, force)
        typer.echo(f"wrote {path}: {facts_of(name).title}")
        typer.echo(f"next: eqdisc discover {quote(str(path))} --target {facts_of(name).target}")
