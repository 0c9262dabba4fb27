"""`eqdisc bench`: benchmarks, their runs, tables and pictures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eqdisc.cli.common import AsJson, Quiet, exit_codes, interruptible, names_of

if TYPE_CHECKING:
    from eqdisc.benchmark.record import Record
    from eqdisc.benchmark.table import Rate

bench = typer.Typer(
    name="bench",
    help="Benchmarks: list them, run methods on them, make tables and pictures of the results.",
    no_args_is_help=True,
)

WIDEST = 400  # columns of a table

Results = Annotated[
    list[Path], typer.Argument(help="Folder of results: what was given to --out; or several.")
]


@bench.command("list")
def list_suites(
    methods: Annotated[bool, typer.Option("--methods", help="List the methods instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of objects.")] = False,
) -> None:
    """List the suites that ship with eqdisc, or the methods that can be run on them."""
    with exit_codes():
        rows = _methods() if methods else _suites()
        if as_json:
            typer.echo(json.dumps(rows))
            return
        width = max(len(str(row["name"])) for row in rows)
        for row in rows:
            facts = (
                row["missing"] or row["version"]
                if methods
                else f"{row['tasks']:>4} tasks  {row['description']}"
            )
            typer.echo(f"{row['name']:<{width}}  {facts}")


@bench.command()
def run(  # one parameter for each option: the signature is the command line
    suites: Annotated[
        list[str], typer.Argument(metavar="SUITE...", help="Names of suites, or folders with your own.")
    ],
    method: Annotated[
        list[str] | None, typer.Option(help="A method, eqdisc if not given; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder of the results; results/ and the suites if not given."),
    ] = None,
    time: Annotated[float, typer.Option(help="Seconds a run may search; warm-up is not counted.")] = 60.0,
    threads: Annotated[int, typer.Option(help="Threads of a run.")] = 2,
    repetitions: Annotated[int, typer.Option(help="Runs of each method on each task.")] = 1,
    sample: Annotated[
        int | None, typer.Option(metavar="N", help="So many tasks of each suite, chosen by the seed.")
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Only tasks of this name or pattern, as Nguyen-*; may be repeated."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same sample and same seeds of the methods.")] = 0,
    units: Annotated[bool, typer.Option("--units", help="Tell methods the units of the columns.")] = False,
    rows: Annotated[
        int | None, typer.Option(metavar="N", help="So many rows to learn from, drawn from those of a task.")
    ] = None,
    memory: Annotated[float, typer.Option(metavar="GIB", help="Memory a run may hold.")] = 8.0,
    grace: Annotated[
        float, typer.Option(metavar="SECONDS", help="Time beyond --time before a run is stopped.")
    ] = 30.0,
    jobs: Annotated[int, typer.Option(metavar="N", help="Runs at once on this machine.")] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Dask scheduler whose workers do the runs: tcp://host:8786."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run methods on suites; the same command again goes on where it stopped.

    A folder holds the results of one plan: suites, methods, limits and seed. Each run is a line of its
    results.jsonl, whether it gave an answer, failed, crashed or took too long.
    """
    with exit_codes():
        from eqdisc.benchmark.plan import Limits
        from eqdisc.benchmark.progress import progress_observer
        from eqdisc.benchmark.runner import run_suite
        from eqdisc.task import available_cores

        folder = out or Path("results", "+".join(Path(suite).name for suite in suites))
        cores = available_cores()
        if jobs * threads > cores and cluster is None and jobs > 1:
            typer.echo(
                f"{jobs} jobs of {threads} threads share {cores} cores and disturb each other; "
                f"--jobs {max(1, cores // threads)} leaves each its own",
                err=True,
            )
        try:
            with progress_observer(quiet) as observer, interruptible():
                records = run_suite(
                    suites,
                    method or ["eqdisc"],
                    repetitions=repetitions,
                    out=folder,
                    sample=sample,
                    tasks=task or (),
                    seed=seed,
                    units=units,
                    rows=rows,
                    jobs=jobs,
                    cluster=cluster,
                    limits=Limits(time, threads, grace, memory),
                    observer=observer,
                )
        except KeyboardInterrupt:
            typer.echo(
                f"interrupted; all runs that had ended are in {folder}: the same command goes on", err=True
            )
            raise typer.Exit(130) from None
        _print_table(records, ("method", "set"), missing=0)
        typer.echo(f"results in {folder}")


@bench.command()
def table(
    folders: Results,
    by: Annotated[
        str, typer.Option(metavar="KEYS", help="Group by method, set, task, time, status, repetition.")
    ] = "method,set",
    as_json: AsJson = False,
) -> None:
    """Print the figures of results: laws found with 95 % intervals, edit distances, accuracy, time, size.

    `found` is the share of all tasks, `decidable` that of the tasks whose data can show the law.
    """
    with exit_codes():
        from eqdisc.benchmark.table import notes_of, summarize, versions_of

        keys = names_of(by) or []
        records, missing = _read(folders)
        if as_json:
            content = {
                "groups": [row.record() for row in summarize(records, keys)],
                "runs": len(records),
                "missing": missing,
                "versions": versions_of(records),
                "notes": notes_of(records),
            }
            typer.echo(json.dumps(content, allow_nan=False))
            return
        _print_table(records, keys, missing)


@bench.command()
def plot(
    folders: Results,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder of the pictures; plots/ in the first if not given."),
    ] = None,
) -> None:
    """Draw the laws found by set and method, and how their share grows with time, as PNG and PDF."""
    with exit_codes():
        from eqdisc.benchmark.plots import draw

        records, _ = _read(folders)
        for path in draw(records, to or folders[0] / "plots"):
            typer.echo(f"wrote {path}")


@bench.command()
def fingerprints(
    out: Annotated[Path, typer.Option(metavar="FILE", help="File of hashes (.npz) to write.")],
    suites: Annotated[
        list[str] | None,
        typer.Argument(metavar="SUITE...", help="Names of suites, or folders; all that ship if not given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write hashes of the laws of benchmarks, so that a model can be trained without having seen them.

    Laws of up to five nodes, those of slope and intercept not counted, are everybody's: they are left out,
    counted and listed.
    """
    with exit_codes():
        from eqdisc.benchmark.fingerprints import fingerprints as found_in

        found = found_in(suites or None)
        found.excluded.write(out)
        small = [{"suite": suite, "task": task, "law": law} for suite, task, law in found.small]
        if as_json:
            counts = {"laws": found.laws, "skeletons": len(found.excluded), "small": small}
            typer.echo(json.dumps(counts))
            return
        typer.echo(f"wrote {out}: {found.laws} laws, {len(found.excluded)} skeletons")
        typer.echo(f"{len(small)} laws of up to five nodes, without slope and intercept, are left out:")
        for law in dict.fromkeys(found.small):
            typer.echo("  " + "  ".join(law))


def _suites() -> list[dict[str, object]]:
    from eqdisc.benchmark.registry import SUITES

    return [
        {"name": suite.name, "tasks": suite.n_tasks, "description": suite.description}
        for suite in SUITES.values()
    ]


def _methods() -> list[dict[str, object]]:
    from eqdisc.benchmark.methods import METHODS

    return [
        {"name": name, "version": method.version(), "missing": method.available()}
        for name, method in METHODS.items()
    ]


def _read(folders: list[Path]) -> "tuple[list[Record], int]":
    """The runs of several folders, and how many runs of their plans are missing."""
    from eqdisc.benchmark.plan import expected_keys
    from eqdisc.benchmark.results import read_plan, read_results
    from eqdisc.errors import DataError

    records: list[Record] = []
    missing = 0
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        found = read_results(folder)
        missing += len(expected_keys(read_plan(folder)) - {record.key for record in found})
        records += found
    if not records:
        raise DataError(f"no run has ended yet in {', '.join(map(str, folders))}")
    return records, missing


def _print_table(records: "list[Record]", keys: tuple[str, ...] | list[str], missing: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from eqdisc.benchmark.table import KEYS, notes_of, summarize, versions_of

    rows = summarize(records, keys)
    dummies = any(row.dummies is not None for row in rows)
    others = [name for name in ("srbench", "fastsrb") if any(getattr(row, name) is not None for row in rows)]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for key in keys:
        table.add_column(key, no_wrap=True)
    headings = ("runs", "failed", "undecided", "found %", "decidable %", *others, "NED", "NED canonical")
    headings += ("R2>0.999 %", "median s", "CPU s", "nodes", *(("uses dummies %",) if dummies else ()))
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        cells = [row.runs, row.failed, row.undecided, _interval(row.solved), _share(row.solved_decidable)]
        cells += [_share(getattr(row, name)) for name in others]
        cells += [_number(row.ned, 3), _number(row.ned_canonical, 3), _share(row.accurate)]
        cells += [_number(row.seconds, 2), _number(row.cpu_seconds, 2), _number(row.complexity, 0)]
        cells += [_percent(row.dummies)] if dummies else []
        table.add_row(*row.group.values(), *map(str, cells))
    # Wide enough for every column: a narrow terminal breaks lines, which is better than losing figures.
    Console(highlight=False, markup=False, width=WIDEST).print(table)
    typer.echo(", ".join(f"{name} {version}" for name, version in versions_of(records).items()))
    budgets = sorted({KEYS["time"](record) for record in records}, key=float)
    if len(budgets) > 1 and "time" not in keys:
        typer.echo(f"the runs had {', '.join(budgets)} s; --by method,set,time tells them apart")
    if missing:
        typer.echo(f"{missing} runs of the plan are missing; the same `bench run` does them")
    notes = notes_of(records)
    if notes and "task" in keys:
        for task, sentences in notes.items():
            typer.echo(f"{task}: {'; '.join(sentences)}")
    elif notes:
        typer.echo(f"{len(notes)} tasks have known defects; --by task,method tells them")


def _interval(rate: "Rate | None") -> str:
    if rate is None:
        return "-"
    return f"{100 * rate.value:.1f} ({100 * rate.low:.0f}-{100 * rate.high:.0f})"


def _share(rate: "Rate | None") -> str:
    return "-" if rate is None else _percent(rate.value)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
