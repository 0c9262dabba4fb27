"""Write the tables of `benchmarks/README.md` anew from `results/*.json`; nothing in them is copied by hand.

A block `<!-- table NAME -->` ... `<!-- end -->` holds the results of `results/NAME.json`.
"""

import json
import re
from pathlib import Path
from typing import Any

import bound
import evaluation
import fitting
import search
from _measure import RESULTS, table

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
COLUMNS = {
    "evaluation": evaluation.COLUMNS,
    "fitting": fitting.COLUMNS,
    "search": search.COLUMNS,
    "bound": bound.COLUMNS,
}


def block(name: str) -> str:
    """The tables of one result file, and what it was measured on."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return "Not measured yet.\n"
    report: dict[str, Any] = json.loads(path.read_text())
    kind = name.split("-")[0]
    if kind == "startup":
        promised = report["promised"]
        rows = [
            {"what": what, "measured": value, "promised": promised.get(what, "")}
            for what, value in report.items()
            if isinstance(value, float)
        ]
        text = table(rows, ("what", "measured", "promised"))
    else:
        rows = report["configurations"]
        columns = COLUMNS[kind] + (("scaling",) if "scaling" in rows[0] else ())
        text = table(rows, columns)
    if "scalings" in report:
        text += "\n\n" + table(report["scalings"], ("operators", "threads", "scaling"))
    m = report["machine"]
    processor = f"{m['cpu']} ({m['microarchitecture']}), {m['cores']} cores, load {m['load']}"
    target = f"compiled for {m['compiled_for']} {'with' if m['avx512'] else 'without'} AVX-512"
    return f"\n{text}\n\n{processor}; {target}.\n\n"


def main() -> None:
    text = README.read_text(encoding="utf-8")
    README.write_text(BLOCK.sub(lambda m: m[1] + block(m[2]) + m[3], text), encoding="utf-8")


if __name__ == "__main__":
    main()
