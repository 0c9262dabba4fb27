"""`eqdisc fit`: the user's form, our fit."""

from typing import Annotated

import typer

from eqdisc.cli.common import (
    AsJson,
    NoUnits,
    Out,
    Overwrite,
    Sheet,
    Sigma,
    Table,
    Weights,
    exit_codes,
    print_result,
)
from eqdisc.errors import OptionError


def fit(
    table: Table,
    form: Annotated[
        str, typer.Option(help='The law, such as "y = a*exp(-b*t) + c"; what is no column is fitted.')
    ],
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column to explain, where the form does not name it.")
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(metavar="A=VALUE", help="A first guess of a constant; may be repeated."),
    ] = None,
    sigma: Sigma = None,
    weights: Weights = None,
    seed: Annotated[int, typer.Option(help="Of the starting points that are drawn.")] = 0,
    no_units: NoUnits = False,
    sheet: Sheet = None,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Fit the constants of a given form, with error bars."""
    with exit_codes():
        from eqdisc.data.table import read_table
        from eqdisc.discovery import fit as fit_form

        explained = target or _left_side(form)
        if explained is None:
            raise OptionError(
                f'the form {form!r} does not say what it explains; write "y = {form}" or give --target'
            )
        dataset = read_table(table, explained, sigma=sigma, weights=weights, units=not no_units, sheet=sheet)
        found = fit_form(dataset, form, start=_starts(start or []), seed=seed, out=out, overwrite=overwrite)
        print_result(found, as_json)


def _left_side(form: str) -> str | None:
    """What stands left of the equals sign of a form; None where there is none."""
    left, equals, _ = form.partition("=")
    return left.strip().strip("`") or None if equals else None


def _starts(texts: list[str]) -> dict[str, float]:
    starts = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            starts[name.strip()] = float(value)
        except ValueError:
            raise OptionError(f"--start is {text!r}; wanted a name and a number, such as a=2.5") from None
    return starts
