"""`eqdisc show`, `eqdisc export`, `eqdisc predict`: what a kept run is good for."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from eqdisc.cli.common import AsJson, Equation, Folder, NoUnits, Sheet, exit_codes, law_of, shown
from eqdisc.errors import OptionError


def show(
    folder: Folder,
    html: Annotated[
        bool, typer.Option("--html", help="Print where the report is; in a terminal, open it in the browser.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print a kept run, or open its report."""
    with exit_codes():
        from eqdisc.kept import load

        found = load(folder)
        if not html:
            typer.echo(shown(found, as_json))
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
        typer.Option(
            metavar="LANGUAGE",
            help="latex, sympy, python, numpy, c, julia, excel, torch, jax...; surfaces also: png, pdf, svg.",
        ),
    ],
    equation: Equation = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; else it is printed.")
    ] = None,
) -> None:
    """Print a law of a kept run as code or as a formula."""
    with exit_codes():
        from eqdisc.atomic import write_bytes
        from eqdisc.kept import load
        from eqdisc.surface_finding import PICTURE_FORMATS, SurfaceDiscovery

        found = load(folder)
        if isinstance(found, SurfaceDiscovery):
            law = law_of(found.laws, found.best, equation)
            if to in PICTURE_FORMATS:
                typer.echo(f"wrote {found.to_picture(_picture_file(to, out), law)}")
                return
            text = found.export(to, law)
        else:
            text = found.export(to, law_of(found.front, found.best, equation))
        if out is None:
            typer.echo(text)
        else:
            write_bytes(out, (text.rstrip("\n") + "\n").encode())
            typer.echo(f"wrote {out}")


def _picture_file(kind: str, out: Path | None) -> Path:
    """The file of a picture; OptionError where none was named, or one of another kind."""
    if out is None or out.suffix.lower() != f".{kind}":
        given = "no file was named" if out is None else f"{out} is named for another kind"
        raise OptionError(f"a picture goes to a file and {given}; give --out FILE.{kind}")
    return out


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
    the range the law was found on, or where it has no value. Of a surface F = 0 the prediction is F; of a
    surface over parameters there is one for each output, and no interval.
    """
    with exit_codes():
        from eqdisc.atomic import write_bytes
        from eqdisc.data.table import read_columns
        from eqdisc.kept import load
        from eqdisc.report.prediction import prediction_table
        from eqdisc.surface_finding import SurfaceDiscovery
        from eqdisc.surfaces.prediction import surface_predictions

        found = load(folder)
        if isinstance(found, SurfaceDiscovery):
            surface = law_of(found.laws, found.best, equation)
            columns = read_columns(table, surface.variables, units=not no_units, sheet=sheet)
            text = surface_predictions(found, surface, columns)
        else:
            law = law_of(found.front, found.best, equation)
            columns = read_columns(table, law.used_features, units=not no_units, sheet=sheet)
            text = prediction_table(found, law, columns, level)
        if out is None:
            typer.echo(text, nl=False)
            return
        write_bytes(out, text.encode())
        typer.echo(f"wrote {out}")
