"""`eqdisc score`: how near an answer comes to a known truth."""

import csv
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eqdisc.cli.common import AsJson, exit_codes, names_of
from eqdisc.errors import DataError, InputError, OptionError, ParseError, TooDeep

if TYPE_CHECKING:
    from eqdisc.cli.score_surface import Question
    from eqdisc.data.dataset import Dataset

Domain = Mapping[str, tuple[float, float]]

NAME_COLUMNS = ("name", "task", "id", "problem")
FORMULA_COLUMNS = ("formula", "expression", "equation", "law")


class Form(StrEnum):
    """How a law gives a surface; explicit for all laws that give one quantity from others."""

    EXPLICIT = "explicit"
    IMPLICIT = "implicit"
    PARAMETRIC = "parametric"


@dataclass(frozen=True)
class Pair:
    """A truth and an answer; the answer is None where there is none."""

    name: str
    truth: str
    answer: str | None
    domain: Domain | None


def score(
    truth: Annotated[str, typer.Option(metavar="FORMULA", help="The true law; or a CSV file of many.")],
    answer: Annotated[str, typer.Option(metavar="FORMULA", help="The law to judge; or a CSV file of many.")],
    domain: Annotated[
        str | None,
        typer.Option(metavar="X=LOW:HIGH,...", help="Where the two are compared; chosen if not given."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="Test rows, to tell the accuracy on (with --target); or points."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of the test rows that the laws give; of points, all."),
    ] = None,
    form: Annotated[
        Form,
        typer.Option(
            help="implicit: F of the surface F = 0. parametric: a formula for each coordinate, with "
            "semicolons between them. Both need the ranges of all variables (--domain)."
        ),
    ] = Form.EXPLICIT,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Parameters were not given: the points of the surface count.")
    ] = False,
    time_limit: Annotated[
        float, typer.Option(metavar="SECONDS", help="Longest time for one pair; huge answers reach it.")
    ] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Judge an answer by the truth: are they equal, how far are they apart, how accurate is the answer?

    `solved` means equal up to an additive or a non-zero multiplicative constant; `ned` is the normalised edit
    distance of SRSD, `ned_canonical` ours, which is 0 for all spellings of the truth. Files of many need a
    column `name` and one `truth` or `answer` (or `formula`); that of the truths may have a column `domain`.
    Of surfaces `solved` means the same equation up to a factor that is nowhere zero (implicit), or the same
    functions of the parameters; distances are told in diagonals of the box.
    """
    with exit_codes():
        if not time_limit > 0.0:
            raise OptionError(f"the time limit is {time_limit} seconds; it must be above 0")
        given = None if domain is None else read_domain(domain)
        if form is not Form.EXPLICIT:
            record = _judged_surface(form, _question(truth, answer, given, data, target, hidden, time_limit))
            typer.echo(json.dumps(record, allow_nan=False) if as_json else _sheet(record))
            return
        if hidden:
            raise OptionError("--hidden is for surfaces given by parameters; add --form parametric")
        test = _test_rows(data, target)
        if _is_file(truth) or _is_file(answer):
            _score_many(truth, answer, given, test, time_limit, as_json)
            return
        record = _judged(Pair("", truth, answer, given), test, time_limit)
        typer.echo(json.dumps(record, allow_nan=False) if as_json else _sheet(record))


def _question(
    truth: str,
    answer: str,
    domain: Domain | None,
    points: str | None,
    coordinates: str | None,
    hidden: bool,
    time_limit: float,
) -> "Question":
    from eqdisc.cli.score_surface import Question

    if _is_file(truth) or _is_file(answer):
        raise OptionError("files of many are judged as explicit laws; give one surface by its formulas")
    if not domain:
        raise OptionError("a surface is judged in a box; give the ranges, as in --domain x=-2:2,y=-2:2")
    if coordinates is not None and points is None:
        raise OptionError("--target names columns of points; give their table with --data")
    return Question(truth, answer, domain, points, names_of(coordinates), hidden, time_limit)


def _judged_surface(form: Form, asked: "Question") -> dict[str, Any]:
    from eqdisc.cli.score_surface import judge_implicit, judge_parametric

    return judge_implicit(asked) if form is Form.IMPLICIT else judge_parametric(asked)


def read_domain(text: str) -> dict[str, tuple[float, float]]:
    """Ranges of variables, written `x0=1:5,x1=-2:2*pi`. OptionError, with what is wrong, for another text.

    >>> read_domain("x0=1:5, v=-1e3:1e3, turn=0:2*pi")
    {'x0': (1.0, 5.0), 'v': (-1000.0, 1000.0), 'turn': (0.0, 6.283185307179586)}
    """
    ranges = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, bounds = part.partition("=")
        low, colon, high = bounds.partition(":")
        try:
            if not (equals and colon and name.strip()):
                raise ValueError
            limits = _number(low), _number(high)
        except ValueError:
            raise OptionError(f"the domain has {part!r}; wanted a range such as x0=1:5") from None
        if not (limits[0] <= limits[1] and all(map(isfinite, limits))):
            raise OptionError(f"the domain has {part!r}; wanted two finite numbers, the lower first")
        if name.strip() in ranges:
            raise OptionError(f"the domain gives {name.strip()!r} twice")
        ranges[name.strip()] = limits
    return ranges


def _number(text: str) -> float:
    """A number, or a formula of numbers; ValueError for other text."""
    import numpy as np

    from eqdisc.engine.reference import evaluate
    from eqdisc.expr.parse import parse

    try:
        return float(text)
    except ValueError:
        return float(evaluate(parse(text, []), np.zeros((1, 0)))[0])


def _score_many(
    truths: str,
    answers: str,
    domain: Domain | None,
    test: "Dataset | None",
    time_limit: float,
    as_json: bool,
) -> None:
    if not (_is_file(truths) and _is_file(answers)):
        raise OptionError("truth and answer are to be two formulas or two CSV files, not one of each")
    if test is not None:
        raise OptionError("test rows are of one law; leave out --data to judge many")
    records = []
    for pair in _pairs(Path(truths), Path(answers), domain):
        try:
            _check_readable("truth", pair.truth, pair.domain)
        except ParseError as error:
            raise ParseError(f"{pair.name}: {error}") from error
        try:
            judged = _judged(pair, None, time_limit)
        except InputError as error:  # one answer that is no formula does not keep the others from being told
            typer.echo(f"{pair.name}: {error}", err=True)
            judged = _wrong(f"it cannot be judged: {error}")
        records.append({"name": pair.name, **judged})
    total = _total(records)
    if as_json:
        typer.echo(json.dumps({"pairs": records, **total}, allow_nan=False))
        return
    width = max(4, *(len(record["name"]) for record in records))
    typer.echo(f"{'name':<{width}}  {'NED':>6}  {'canonical':>9}  verdict")
    for record in records:
        ned, canonical = record["ned"], record["ned_canonical"]
        typer.echo(f"{record['name']:<{width}}  {ned:6.3f}  {canonical:9.3f}  {record['verdict']}")
    typer.echo(
        f"{total['solved']} of {total['total']} solved ({total['undecided']} undecided), "
        f"mean NED {total['ned']:.3f}, canonical {total['ned_canonical']:.3f}"
    )


def _total(records: list[dict[str, Any]]) -> dict[str, Any]:
    count = len(records)
    return {
        "total": count,
        "solved": sum(record["solved"] is True for record in records),
        "undecided": sum(record["solved"] is None for record in records),
        "ned": sum(record["ned"] for record in records) / count,
        "ned_canonical": sum(record["ned_canonical"] for record in records) / count,
    }


def _judged(pair: Pair, test: "Dataset | None", time_limit: float) -> dict[str, Any]:
    from eqdisc.benchmark.record import plain
    from eqdisc.metrics.score import score as judge

    if pair.answer is None:
        return _wrong("there is no answer")
    known = (*(pair.domain or ()), *(test.feature_names if test is not None else ()))
    _check_readable("truth", pair.truth, known)
    _check_readable("answer", pair.answer, known)
    found = judge(pair.answer, pair.truth, domain=pair.domain, test=test, time_limit=time_limit).record()
    record: dict[str, Any] = plain(found)
    return record


def _wrong(reason: str) -> dict[str, Any]:
    return {"ned": 1.0, "ned_canonical": 1.0, "solved": False, "verdict": "different", "reason": reason}


def _check_readable(what: str, text: str, known: Collection[str] | None = None) -> None:
    """ParseError that says which of the two cannot be read, and where. What is too deep is the judge's."""
    from eqdisc.metrics.formulas import read_formula, variables

    if not text.strip():
        raise ParseError(f"the {what}: there is no formula")
    try:
        read_formula(text, variables(text, known or ()))
    except TooDeep:
        return
    except ParseError as error:
        raise ParseError(f"the {what}: {error}") from error


def _pairs(truths: Path, answers: Path, domain: Domain | None) -> list[Pair]:
    """Each truth with its answers, by name; a truth without an answer has None."""
    from eqdisc.expr.operators import nearest

    known = {row["name"]: row for row in _rows(truths, "truth")}
    given: dict[str, list[str]] = {}
    for row in _rows(answers, "answer"):
        if row["name"] not in known:
            hint = nearest(row["name"], known)
            raise DataError(f"{answers} answers {row['name']!r}, of which {truths} has no truth{hint}")
        given.setdefault(row["name"], []).append(row["formula"])
    pairs = []
    for name, row in known.items():
        if not row["formula"]:
            raise DataError(f"{truths} has no formula for {name!r}")
        ranges = read_domain(row["domain"]) if row["domain"] else domain
        pairs += [Pair(name, row["formula"], text or None, ranges) for text in given.get(name, [""])]
    if not pairs:
        raise DataError(f"{truths} has no rows")
    return pairs


def _rows(path: Path, what: str) -> list[dict[str, str]]:
    """The rows of a file as name, formula and domain. DataError for another file."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = {(name or "").strip().casefold(): name for name in reader.fieldnames or ()}
            name = next((columns[word] for word in NAME_COLUMNS if word in columns), None)
            formula = next((columns[word] for word in (what, *FORMULA_COLUMNS) if word in columns), None)
            if name is None or formula is None:
                has = ", ".join(filter(None, reader.fieldnames or ())) or "nothing"
                raise DataError(f"{path} has the columns {has}; wanted name and {what}")
            return [
                {
                    "name": (row[name] or "").strip(),
                    "formula": (row[formula] or "").strip(),
                    "domain": (row.get(columns.get("domain", "")) or "").strip(),
                }
                for row in reader
            ]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no CSV file: {error}") from error


def _test_rows(data: str | None, target: str | None) -> "Dataset | None":
    from eqdisc.data.table import read_table

    if (data is None) != (target is None):
        raise OptionError("--data and --target go together: the table, and the column that the laws give")
    return None if data is None or target is None else read_table(data, target)


def _is_file(text: str) -> bool:
    return text.casefold().endswith(".csv")


def _sheet(record: Mapping[str, Any]) -> str:
    """A judgement for people: a line for each figure."""
    first = {"verdict": record["verdict"], "reason": record["reason"], "solved": record["solved"]}
    rest = {key: value for key, value in record.items() if key not in first}
    shown = {True: "yes", False: "no", None: "-"}
    lines = []
    for key, value in (first | rest).items():
        if isinstance(value, bool) or value is None:
            text = "undecided" if key == "solved" and value is None else shown[value]
        elif isinstance(value, float):
            text = f"{value:.6g}"
        elif isinstance(value, list):
            text = ", ".join(map(str, value)) or "none"
        else:
            text = str(value)
        lines.append(f"{key.replace('_', ' '):<22} {text}")
    return "\n".join(lines)
