"""Fitness evaluation of a random population: ours against pyoperon's `Evaluator(R2, linear scaling)` and its
bare `EvaluateTrees`.

Ours is timed from packed trees to R2: lowering, evaluation, the sums of slope, intercept and R2.
`EvaluateTrees` computes predictions and nothing else; its call from Python copies every tree, which at
few rows is much of its time, so that `ratio_bare_net` (that copying taken off, as extrapolated to no
rows) stands beside `ratio_bare`.

Most random trees of the full set are not finite on the whole table; `--finite` keeps only those that are.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyoperon
from _measure import arguments, finish, paired, respect_avx2
from _operon import OPERATORS, Fitness, Table, programs_of, random_trees, uniform_table

from eqdisc.engine.evaluate import ProgramScorer
from eqdisc.engine.programs import Blocks, Programs

ROWS = (256, 1_000, 10_000, 100_000)
TREES = 1000
#: At many rows fewer trees do, and the predictions of pyoperon fit into memory.
FEW_TREES, MANY_ROWS = 100, 50_000
COLUMNS = (
    *("operators", "rows", "trees", "ours", "fitness", "bare"),
    *("ratio", "ratio_bare", "ratio_bare_net", "agreement"),
)


def compare(operators: str, rows: int, options: argparse.Namespace) -> dict[str, Any]:
    """One configuration; rates in 1e9 node evaluations a second, nodes as pyoperon counts them."""
    features, target = uniform_table(rows)
    table = Table.of(features, target)
    trees = random_trees(operators, TREES if rows <= MANY_ROWS else FEW_TREES)
    if options.finite:
        trees = [tree for tree in trees if np.isfinite(table.values(tree)).all()]
    programs = programs_of(trees, table.dataset)
    blocks = Blocks.of(features, target, dtype=options.dtype)
    scorer = ProgramScorer(blocks)
    fitness = Fitness(table, trees)
    values = np.empty((len(trees), rows), np.float32)
    seconds = paired(
        {
            "ours": lambda: scorer.r2(programs),
            "fitness": fitness,
            "bare": lambda: pyoperon.EvaluateTrees(trees, table.dataset, table.rows, values, 1),
        },
        seconds=0.6 if options.quick else 2.0,
        rounds=3 if options.quick else 9,
    )
    work = len(programs.ops) * rows / 1e9
    result = {
        "operators": operators,
        "rows": rows,
        "trees": len(trees),
        **{name: work / seconds[name] for name in ("ours", "fitness", "bare")},
        "ratio": seconds["fitness"] / seconds["ours"],
        "ratio_bare": seconds["bare"] / seconds["ours"],
        "ratio_bare_net": (seconds["bare"] - copying(trees)) / seconds["ours"],
        "agreement": agreement(scorer.r2(programs), fitness()),
    }
    if options.threads > 1:
        result["scaling"] = scaling(programs, blocks, options.threads)
    return result


def copying(trees: list[Any]) -> float:
    """Seconds a call of `EvaluateTrees` spends beside evaluation: extrapolated to no rows."""
    few, more = 512, 1024
    table = Table.of(*uniform_table(more))

    def evaluate(rows: int) -> Callable[[], object]:
        values = np.empty((len(trees), rows), np.float32)
        return lambda: pyoperon.EvaluateTrees(trees, table.dataset, pyoperon.Range(0, rows), values, 1)

    seconds = paired({"few": evaluate(few), "more": evaluate(more)}, seconds=0.2, rounds=7)
    return max(0.0, 2.0 * seconds["few"] - seconds["more"])


def agreement(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Share of trees whose R2 agree to 1e-4, among those finite on both sides."""
    finite = np.isfinite(ours) & np.isfinite(theirs) & (np.abs(theirs) <= 1.0)
    return float(np.mean(np.abs(ours - theirs)[finite] < 1e-4))


def scaling(programs: Programs, blocks: Blocks, threads: int) -> float:
    """Speed of `threads` threads, each with a share of the population, over that of one thread."""
    scorers = [ProgramScorer(blocks) for _ in range(threads)]
    shares = [share(programs, part) for part in np.array_split(np.arange(len(programs)), threads)]
    repeats = max(1, round(2e9 / (len(programs.ops) * blocks.n_rows)))

    def score(scorer: ProgramScorer, part: Programs) -> None:
        for _ in range(repeats):
            scorer.sums(part)

    with ThreadPoolExecutor(threads) as pool:
        seconds = paired(
            {
                "one": lambda: score(scorers[0], programs),
                "many": lambda: list(pool.map(score, scorers, shares)),
            },
            seconds=1.0,
            rounds=7,
            clock=time.perf_counter,
            summarise=min,
        )
    return seconds["one"] / seconds["many"]


def share(programs: Programs, which: np.ndarray) -> Programs:
    """Neighbouring programs as programs of their own."""
    first, last = programs.offsets[which[0]], programs.offsets[which[-1] + 1]
    offsets = programs.offsets[which[0] : which[-1] + 2] - first
    part = slice(first, last)
    return Programs(programs.ops[part], programs.args[part], programs.values[part], offsets)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64", help="of our side")
    parser.add_argument("--finite", action="store_true", help="only trees that are finite on every row")
    options = parser.parse_args()
    respect_avx2(options.avx2)
    results = [compare(operators, rows, options) for operators in OPERATORS for rows in ROWS]
    variant = {"float32": options.dtype == "float32", "avx2": options.avx2, "finite": options.finite}
    finish(
        "-".join(["evaluation", *(name for name, chosen in variant.items() if chosen)]),
        options,
        results,
        (*COLUMNS, *(["scaling"] if options.threads > 1 else [])),
        dtype=options.dtype,
        unit="1e9 node evaluations a second; ours float64 or float32, pyoperon float32",
        **{
            f"{kind}_{operators}": min(c[kind] for c in results if c["operators"] == operators)
            for kind in ("ratio", "ratio_bare")
            for operators in OPERATORS
        },
    )


if __name__ == "__main__":
    main()
