"""SNIP's own table: R2 on rows for testing, size and time, and what few points do: the tables of table.md.

    eqdisc bench run feynman strogatz --method eqdisc --method eqdisc-all+snip --time 10 --threads 2 \\
        --out benchmarks/snip/results/table
    for rows in 20 50 100 200; do
        eqdisc bench run feynman --sample 20 --rows $rows --method eqdisc --method eqdisc-all+snip \\
            --time 10 --threads 2 --out benchmarks/snip/results/rows-$rows
    done
    python benchmarks/snip/table.py benchmarks/snip/results/table benchmarks/snip/results/rows-*

The first commands go on where they stopped; `--sample 20` takes a seeded part of each suite. R2 is on rows
that were not searched; sizes are nodes of the answers as SymPy has them, x - y with five; seconds are those
of the search, loading the model counted in. SNIP (ICLR 2024, from the authors' files): Feynman R2 > 0.99 for
88.2 %, > 0.999 for 22.7 %, mean complexity 31.6, median 73 s; Strogatz 92.9 % and 50.0 %. The tables of
Strogatz here are look-alikes.
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median

import sympy

from eqdisc.benchmark.record import Record
from eqdisc.benchmark.results import read_results

CLOSE = (0.99, 0.999, 0.9999999)


def nodes(formula: str) -> int:
    """Nodes of a formula as SymPy reads it, unevaluated.

    >>> nodes("x - y"), nodes("x*sin(y)")
    (5, 4)
    """
    names = re.findall(r"(?<![\w.])[A-Za-z_]\w*(?!\w|\s*\()", formula)
    symbols = {name: sympy.Symbol(f"v{place}") for place, name in enumerate(dict.fromkeys(names))}
    tree = sympy.parse_expr(re.sub(r"\blambda\b", "lambda_", formula), _spelled(symbols), evaluate=False)
    return sum(1 for _ in sympy.preorder_traversal(tree))


def _spelled(symbols: dict[str, sympy.Symbol]) -> dict[str, sympy.Symbol]:
    return {"lambda_" if name == "lambda" else name: symbol for name, symbol in symbols.items()}


def line(runs: Sequence[Record]) -> str:
    """The figures of some runs; a run without an answer is close to nothing, and has no size."""
    r2 = [float(run.score.get("r2") or 0.0) for run in runs]
    sizes = [nodes(run.answer) for run in runs if run.answer is not None]
    shares = " | ".join(f"{100 * fmean(value > limit for value in r2):.1f}" for limit in CLOSE)
    solved = 100 * fmean(run.solved is True for run in runs)
    size = f"{fmean(sizes):.1f}" if sizes else "-"
    seconds = median(float(run.wall_seconds or run.limits["seconds"]) for run in runs)
    return f"{len(runs)} | {shares} | {solved:.1f} | {size} | {seconds:.1f}"


def table(folder: Path) -> str:
    """A line for each suite and method of a folder that have been run."""
    records = read_results(folder)
    rows = json.loads((folder / "plan.json").read_text()).get("rows") or "all"
    lines = []
    for suite in dict.fromkeys(run.suite for run in records):
        for method in dict.fromkeys(run.method for run in records):
            runs = [run for run in records if (run.suite, run.method) == (suite, method)]
            if runs:
                lines.append(f"| {suite} | {rows} | {method} | {line(runs)} |")
    return "\n".join(lines)


def main(folders: Sequence[str]) -> None:
    """Print the table of the runs in some folders."""
    if not folders:
        raise SystemExit(__doc__)
    shares = " | ".join(f"R2 > {limit!r} %" for limit in CLOSE)
    print(f"| suite | rows | method | runs | {shares} | solved % | mean size | median s |")
    print("|---" * 10 + "|")
    for folder in folders:
        print(table(Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
