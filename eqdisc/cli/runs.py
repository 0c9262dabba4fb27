"""`eqdisc show`, `eqdisc export`, `eqdisc predict`: what a kept run is good for."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from eqdisc.cli.common import AsJson, Equation, Folder, NoUnits, Sheet, exit_codes, law_of


def show(
    folder: Folder,
    html: Annotated[
        bool, typer.Option("--html", help="Print where the report is; in a terminal, open it in the browser.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print a kept run, or open its report."""
    with exit_codes():
        from eqdisc.findings import load
        from eqdisc.report.text import summary

        found = load(folder)
        if not html:
            typer.echo(json.dumps(found.record(), allow_nan=False) if as_json else summary(found))
            return
        page = folder / "report.html"
        if not page.exists():
            found.to_html(page)
        typer.echo(str(page))
        if sys.stdout.isatty():
            import webbrowser

            webbrowser.open(page.resolve().as_uri())


def export(
    folder: Folder,
    to: Annotated[
        str,
        typer.Option(metavar="LANGUAGE", help="latex, sympy, python, numpy, c, julia, excel, torch, jax..."),
    ],
    equation: Equation = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; else it is printed.")
    ] = None,
) -> None:
    """Print a law of a kept run as code or as a formula."""
    with exit_codes():
        from eqdisc.findings import load
        from eqdisc.report.atomic import write_bytes

        found = load(folder)
        text = found.export(to, law_of(found, equation))
        if out is None:
            typer.echo(text)
        else:
            write_bytes(out, (text.rstrip("\n") + "\n").encode())
            typer.echo(f"wrote {out}")


def predict(
    folder: Folder,
    table: Annotated[str, typer.Argument(help="Table with the columns of the law; - for standard input.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV file to write; else it is printed.")
    ] = None,
    equation: Equation = None,
    level: Annotated[float, typer.Option(help="Probability of the prediction interval.")] = 0.95,
    no_units: NoUnits = False,
    sheet: Sheet = None,
) -> None:
    """Predict the rows of another table by a law of a kept run.

    The columns of the table come back with the prediction, its interval and a note on rows that lie outside
    the range the law was found on, or where it has no value.
    """
    with exit_codes():
        from eqdisc.data.table import read_columns
        from eqdisc.findings import load
        from eqdisc.report.atomic import write_bytes
        from eqdisc.report.prediction import prediction_table

        found = load(folder)
        law = law_of(found, equation)
        columns = read_columns(table, law.used_features, units=not no_units, sheet=sheet)
        text = prediction_table(found, law, columns, level)
        if out is None:
            typer.echo(text, nl=False)
            return
        write_bytes(out, text.encode())
        typer.echo(f"wrote {out}")
