"""Write the tables of surfaces in `benchmarks/surfaces/README.md` anew from `results/*/results.jsonl`.

A block `<!-- surfaces NAME -->` ... `<!-- end -->` holds the runs in `results/NAME`, by form and by category,
methods side by side. Nothing in them is copied by hand.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eqdisc.benchmark.plan import expected_keys
from eqdisc.benchmark.record import Record
from eqdisc.benchmark.registry import load_suite
from eqdisc.benchmark.results import read_plan, read_results
from eqdisc.benchmark.suites.surface import CATEGORIES
from eqdisc.benchmark.surface_table import SurfaceSummary, summarize_surfaces
from eqdisc.benchmark.table import versions_of
from eqdisc.errors import InputError

HERE = Path(__file__).parent
README = HERE / "README.md"
RESULTS = HERE / "results"
BLOCK = re.compile(r"(<!-- surfaces (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

#: Figures of a group: heading, and how it is read.
FIGURES: Mapping[str, Callable[[SurfaceSummary], str]] = {
    "runs": lambda row: str(row.runs),
    "failed": lambda row: str(row.failed),
    "not asked": lambda row: str(row.unasked),
    "exact %": lambda row: _rate(row),
    "distance": lambda row: _median(row, "distance"),
    "in sigma": lambda row: _median(row, "distance_sigma"),
    "CD": lambda row: _median(row, "chamfer"),
    "HD": lambda row: _median(row, "hausdorff"),
    "CD scaled": lambda row: _median(row, "chamfer_scaled"),
    "HD scaled": lambda row: _median(row, "hausdorff_scaled"),
    "NMSE": lambda row: _median(row, "nmse"),
    "NMSE outside": lambda row: _median(row, "outside_nmse"),
    "median s": lambda row: "" if row.seconds is None else f"{row.seconds:.1f}",
}


def block(name: str, results: Path = RESULTS) -> str:
    """The tables of one folder of results."""
    folder = results / name
    if not folder.exists():
        return "Not measured yet.\n"
    plan, records = read_plan(folder), read_results(folder)
    missing = len(expected_keys(plan) - {record.key for record in records})
    parts = [
        markdown(by_form(records)),
        "Laws found (%), by category:",
        markdown(by_category(records)),
        _stamp(records, missing, sample_of(plan)),
    ]
    return "\n" + "\n\n".join(parts) + "\n\n"


def by_form(records: Sequence[Record]) -> list[dict[str, str]]:
    """A row for each suite, method and form; columns that no row has are left out."""
    rows = summarize_surfaces(records, ("set", "method", "form"))
    cells = [{heading: read(row) for heading, read in FIGURES.items()} for row in rows]
    shown = [heading for heading in FIGURES if any(cell[heading] for cell in cells)]
    return [
        {**row.group, **{heading: cell[heading] for heading in shown}}
        for row, cell in zip(rows, cells, strict=True)
    ]


def by_category(records: Sequence[Record]) -> list[dict[str, str]]:
    """A row for each category and suite, a column for each method."""
    table: dict[tuple[str, str], dict[str, str]] = {}
    for row in summarize_surfaces(records, ("set", "category", "method")):
        words = CATEGORIES.get(row.group["category"], row.group["category"])
        line = table.setdefault((row.group["set"], words), {"set": row.group["set"], "category": words})
        line[row.group["method"]] = _rate(row)
    return list(table.values())


def markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """A table; cells that a row does not have are empty."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, ["---"] * len(columns), *([row.get(column, "") for column in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rate(row: SurfaceSummary) -> str:
    return "" if row.exact is None else f"{100 * row.exact.value:.0f}"


def _median(row: SurfaceSummary, name: str) -> str:
    value = row.medians.get(name)
    if value is None:
        return ""
    return f"{value:.2g}" if math.isfinite(value) else "infinite"


def sample_of(plan: Mapping[str, Any]) -> str:
    """Which part of its suites a plan has, in words; "" for the whole."""
    if plan["sample"] is None:
        return ""
    parts = []
    for name, tasks in plan["suites"].items():
        whole = _size(name)
        if whole is None:
            parts.append(f"a seeded {len(tasks)} tasks of {name}")
        elif len(tasks) < whole:
            parts.append(f"a seeded {len(tasks)} of {whole}")
    return ", ".join(parts)


def _size(suite: str) -> int | None:
    """Tasks of a whole suite; None of a file that is not at hand."""
    try:
        return len(load_suite(suite).tasks)
    except InputError:
        return None


def _stamp(records: Sequence[Record], missing: int, sample: str) -> str:
    machine, limits = records[0].machine, records[0].limits
    text = (f"{sample}; " if sample else "") + (
        f"{limits['seconds']:g} s on {limits['threads']} threads; {machine.get('processor', 'unknown')}, "
        f"{machine.get('cores', '?')} cores; "
        + ", ".join(f"{name} {version}" for name, version in versions_of(records).items())
    )
    text = text[0].upper() + text[1:]
    return f"{text}. {missing} runs of the plan are missing." if missing else f"{text}."


def main() -> None:
    """Write the tables."""
    text = README.read_text(encoding="utf-8")
    README.write_text(BLOCK.sub(lambda m: m[1] + block(m[2]) + m[3], text), encoding="utf-8")


if __name__ == "__main__":
    main()
