"""`eqdisc example`: real tables to try, and clouds of points."""

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
    """Write a real table, or a cloud of points, that ships with eqdisc as NAME.csv."""
    from eqdisc.data.clouds import cloud_examples
    from eqdisc.data.tables import example as facts_of
    from eqdisc.data.tables import examples, write_example

    with exit_codes():
        if list_all or name is None:
            for table in examples():
                typer.echo(
                    f"{table.name:<13} {table.rows:>3} rows  --target {table.target:<11} {table.title}"
                )
            for cloud in cloud_examples():
                typer.echo(f"{cloud.name:<13} {cloud.rows:>3} rows  {cloud.ask[0]:<20} {cloud.title}")
            return
        path = write_example(name, out, force)
        known = {cloud.name: cloud for cloud in cloud_examples()}
        title = known[name].title if name in known else facts_of(name).title
        asks = known[name].ask if name in known else (f"--target {facts_of(name).target}",)
        typer.echo(f"wrote {path}: {title}")
        for ask in asks:
            typer.echo(f"next: eqdisc discover {quote(str(path))} {ask}")
