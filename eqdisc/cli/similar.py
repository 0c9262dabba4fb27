"""`eqdisc similar`, `eqdisc embed`: what a table resembles, by the pretrained network."""

import io
import json
from pathlib import Path
from typing import Annotated

import typer

from eqdisc.cli.common import AsJson, NoUnits, Sheet, Table, exit_codes, names_of

Target = Annotated[str, typer.Option(metavar="COLUMN", help="Column to explain.")]
Features = Annotated[
    str | None, typer.Option(metavar="A,B,...", help="Columns to explain it by; all others if not given.")
]
WeightsFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Weights of the network; those shipped if not given.")
]


def similar(
    table: Table,
    target: Target,
    top: Annotated[int, typer.Option(metavar="N", help="Skeletons to print.")] = 10,
    features: Features = None,
    weights: WeightsFile = None,
    bank: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Bank of skeletons made with these weights.")
    ] = None,
    no_units: NoUnits = False,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Print the known formulas that the table resembles, the nearest first.

    Formulas are written in the table's columns; c1, c2, ... are constants that a fit would find, slope and
    intercept of the whole are left out. The similarity is a cosine, 1 for the same place, less what speaks
    against a formula besides: that it is met seldom, or that other columns matter.
    """
    with exit_codes():
        from eqdisc.data.table import read_table
        from eqdisc.proposers.snip.people import embed_data
        from eqdisc.proposers.snip.people import similar as nearest

        dataset = read_table(table, target, names_of(features), units=not no_units, sheet=sheet)
        file = str(weights or "shipped")
        found = nearest(dataset, top, weights=file, bank=str(bank or "shipped"))
        place = embed_data(dataset, weights=file)
        if as_json:
            record = {
                "target": target,
                "columns": list(place.columns),
                "version": place.version,
                "notes": list(place.notes),
                "similar": [
                    {"skeleton": s.skeleton, "similarity": s.similarity, "columns": list(s.columns)}
                    for s in found
                ],
            }
            typer.echo(json.dumps(record, allow_nan=False))
            return
        for one in found:
            typer.echo(f"{one.similarity:6.3f}  {one.skeleton}")
        for note in place.notes:
            typer.echo(f"note  {note}", err=True)


def embed(
    table: Table,
    target: Target,
    out: Annotated[Path, typer.Option(metavar="FILE", help="NPZ file to write.")],
    features: Features = None,
    weights: WeightsFile = None,
    no_units: NoUnits = False,
    sheet: Sheet = None,
) -> None:
    """Write where the table lies in the space of tables and formulas.

    The file has `embedding`, a vector of length 1, `columns`, the names of the columns looked at, and
    `version` of the weights; vectors of one version can be compared.
    """
    with exit_codes():
        import numpy as np

        from eqdisc.atomic import write_bytes
        from eqdisc.data.table import read_table
        from eqdisc.proposers.snip.people import embed_data

        dataset = read_table(table, target, names_of(features), units=not no_units, sheet=sheet)
        place = embed_data(dataset, weights=str(weights or "shipped"))
        stream = io.BytesIO()
        np.savez(
            stream,
            embedding=place.vector,
            columns=np.array(place.columns),
            version=np.array(place.version),
        )
        write_bytes(out, stream.getvalue())
        typer.echo(f"wrote {out}")
        for note in place.notes:
            typer.echo(f"note  {note}", err=True)
