"""Write the tables of suites in `benchmarks/README.md` anew from `results/*/results.jsonl`.

A block `<!-- suite NAME -->` ... `<!-- end -->` holds the runs in `results/NAME`: solution rates by method
and set beside published ones (`published.toml`), then the other figures. `<!-- judge -->` holds the table of
`benchmarks/judge`. Nothing in them is copied by hand.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eqdisc.benchmark.plan import expected_keys
from eqdisc.benchmark.record import Record
from eqdisc.benchmark.registry import load_suite
from eqdisc.benchmark.results import read_plan, read_results
from eqdisc.benchmark.table import Rate, Summary, summarize, versions_of

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
JUDGE = HERE.parent / "judge" / "results" / "judge.md"
BLOCK = re.compile(r"(<!-- suite (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
OF_THE_JUDGE = re.compile(r"(<!-- judge -->\n).*?(<!-- end -->)", re.DOTALL)

#: The other figures of a group: heading, and how it is read.
FIGURES: Mapping[str, Callable[[Summary], str]] = {
    "runs": lambda row: str(row.runs),
    "failed": lambda row: str(row.failed),
    "undecided": lambda row: str(row.undecided),
    "found %": lambda row: _interval(row.solved),
    "of decidable %": lambda row: _share(row.solved_decidable),
    "by SRBench's rule %": lambda row: _share(row.srbench),
    "by FastSRB's rule %": lambda row: _share(row.fastsrb),
    "NED": lambda row: _number(row.ned),
    "our NED": lambda row: _number(row.ned_canonical),
    "R2 > 0.999 %": lambda row: _share(row.accurate),
    "median s": lambda row: _number(row.seconds),
    "median nodes": lambda row: "" if row.complexity is None else f"{row.complexity:.0f}",
    "uses dummies %": lambda row: "" if row.dummies is None else f"{100 * row.dummies:.0f}",
}


def block(name: str) -> str:
    """The tables of one folder of results."""
    folder = HERE / "results" / name
    if not folder.exists():
        return "Not measured yet.\n"
    plan, records = read_plan(folder), read_results(folder)
    missing = len(expected_keys(plan) - {record.key for record in records})
    rows = summarize(records, ("method", "set"))
    sets = list(dict.fromkeys(record.suite for record in records))
    parts = [_beside_published(rows, sets), _markdown(_figures(rows)), _stamp(records, plan, missing)]
    return "\n" + "\n\n".join(filter(None, parts)) + "\n\n"


def _beside_published(rows: Sequence[Summary], sets: Sequence[str]) -> str:
    """Rates by set: ours by the verdict that the published ones count; empty where none are published."""
    published = tomllib.loads((HERE / "published.toml").read_text(encoding="utf-8"))
    entries = [entry for name, group in published.items() if sets[0].startswith(name) for entry in group]
    if not entries:
        return ""
    rule = load_suite(sets[0]).verdict
    measured: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.group["set"] in sets:
            rate = getattr(row, rule)
            measured.setdefault(row.group["method"], {})[row.group["set"]] = _share(rate)
    table = [{"method": f"{method} (here)", **rates} for method, rates in measured.items()]
    sources = []
    for entry in entries:
        sources.append(entry["sources"])
        for method, rates in entry.get(rule, {}).items():
            table.append({"method": method, **{name: f"{rates[name]:.1f}" for name in sets if name in rates}})
    listed = "; ".join(f"({number}) {text}" for number, text in enumerate(sources, start=1))
    return f"{_markdown(table)}\n\nPublished: {listed}."


def _figures(rows: Sequence[Summary]) -> list[dict[str, str]]:
    cells = [{heading: read(row) for heading, read in FIGURES.items()} for row in rows]
    shown = [heading for heading in FIGURES if any(row[heading] for row in cells)]
    return [
        {**row.group, **{heading: cell[heading] for heading in shown}}
        for row, cell in zip(rows, cells, strict=True)
    ]


def _stamp(records: Sequence[Record], plan: Mapping[str, Any], missing: int) -> str:
    """What was run on what, and what is missing."""
    machine, limits = records[0].machine, records[0].limits
    text = (
        f"{limits['seconds']:g} s on {limits['threads']} threads; {machine['processor']}, "
        f"{machine['cores']} cores; "
        + ", ".join(f"{name} {version}" for name, version in versions_of(records).items())
    )
    return f"{text}. {missing} runs of the plan are missing." if missing else f"{text}."


def _markdown(rows: Sequence[Mapping[str, str]]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, ["---"] * len(columns), *([row.get(column, "") for column in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _interval(rate: Rate | None) -> str:
    if rate is None:
        return ""
    return f"{100 * rate.value:.1f} ({100 * rate.low:.0f} to {100 * rate.high:.0f})"


def _share(rate: Rate | None) -> str:
    return "" if rate is None else f"{100 * rate.value:.1f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def main() -> None:
    """Write the tables."""
    text = README.read_text(encoding="utf-8")
    text = BLOCK.sub(lambda m: m[1] + block(m[2]) + m[3], text)
    if JUDGE.exists():
        text = OF_THE_JUDGE.sub(lambda m: f"{m[1]}\n{JUDGE.read_text()}\n{m[2]}", text)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
