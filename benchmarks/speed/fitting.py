"""Constants fitted: trees a second of our Levenberg-Marquardt against pyoperon's
`CoefficientOptimizer(LMOptimizer)`.

The same random trees, a weight on every variable, Friedman's first problem, tables of up to 1,000 rows,
10 steps: we count attempts, accepted or not; pyoperon counts accepted steps. Speed without quality is
nothing, so that the R2 after optimal slope and intercept is reported before and after for both, computed
in the same way from the values of the fitted trees.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from _measure import arguments, finish, paired, respect_avx2
from _operon import OPERATORS, Fitter, Table, friedman_table, programs_of, random_trees
from evaluation import share

from eqdisc._typing import FloatArray
from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.fit import fit_programs
from eqdisc.engine.levenberg_marquardt import ACCEPTED, ATTEMPTS, FREE
from eqdisc.engine.programs import Blocks, Programs

ROWS = (256, 1_000)
TREES = 300
STEPS = 10
#: A gain or loss of R2 that counts.
NOTICEABLE = 1e-4
COLUMNS = (
    *(
        "operators",
        "rows",
        "trees",
        "ours",
        "pyoperon",
        "ratio",
        "constants",
        "free",
        "attempts",
        "steps_pyoperon",
    ),
    *("median_r2_start", "median_r2_ours", "median_r2_pyoperon", "mean_r2_ours", "mean_r2_pyoperon"),
    *("better", "worse"),
)


def compare(operators: str, rows: int, threads: int, quick: bool) -> dict[str, Any]:
    """One configuration; speeds in trees a second."""
    features, target = friedman_table(rows)
    table = Table.of(features, target)
    trees = [tree for tree in random_trees(operators, 5 * TREES, seed=3) if _fair(table.values(tree))][:TREES]
    programs = programs_of(trees, table.dataset)
    blocks = Blocks.of(features, target, block=-(-rows // 64) * 64)
    fitter = Fitter(table, trees, STEPS)

    def fit(part: Programs = programs) -> Any:
        return fit_programs(part, blocks, free_weights=True, max_attempts=STEPS)

    seconds = paired(
        {"ours": fit, "pyoperon": fitter}, seconds=1.0 if quick else 5.0, rounds=5 if quick else 9
    )
    ours, theirs = fit(), fitter()
    fitted = Programs(programs.ops, programs.args, ours.values, programs.offsets)
    start = r2(predict_programs(programs, features), target)
    r2_ours = r2(predict_programs(fitted, features), target)
    r2_theirs = r2(np.array([table.values(tree) for tree, _ in theirs]), target)
    result = {
        "operators": operators,
        "rows": rows,
        "trees": len(trees),
        "ours": len(trees) / seconds["ours"],
        "pyoperon": len(trees) / seconds["pyoperon"],
        "ratio": seconds["pyoperon"] / seconds["ours"],
        "constants": float(np.mean([sum(node.Optimize for node in tree.Nodes) for tree in trees])),
        "free": float(np.mean(ours.statistics[:, FREE])),
        "attempts": float(np.mean(ours.statistics[:, ATTEMPTS])),
        "steps": float(np.mean(ours.statistics[:, ACCEPTED])),
        "steps_pyoperon": float(np.mean([summary.Iterations for _, summary in theirs])),
        "residuals_pyoperon": float(np.mean([summary.FunctionEvaluations for _, summary in theirs])),
        "jacobians_pyoperon": float(np.mean([summary.JacobianEvaluations for _, summary in theirs])),
        "better": float(np.mean(r2_ours > r2_theirs + NOTICEABLE)),
        "worse": float(np.mean(r2_ours < r2_theirs - NOTICEABLE)),
    }
    for name, values in (("start", start), ("ours", r2_ours), ("pyoperon", r2_theirs)):
        result[f"median_r2_{name}"] = float(np.median(values))
        result[f"mean_r2_{name}"] = float(np.mean(values))
    if threads > 1:
        shares = [share(programs, part) for part in np.array_split(np.arange(len(programs)), threads)]
        with ThreadPoolExecutor(threads) as pool:
            wall = paired(
                {"one": fit, "many": lambda: list(pool.map(fit, shares))},
                seconds=2.0,
                rounds=7,
                clock=time.perf_counter,
                summarise=min,
            )
        result["scaling"] = wall["one"] / wall["many"]
    return result


def _fair(values: FloatArray) -> bool:
    """Trees that have a start to fit from: finite, of sensible size, not constant."""
    return bool(np.isfinite(values).all() and np.abs(values).max() < 1e6 and values.std() > 1e-4)


def r2(values: FloatArray, target: FloatArray) -> FloatArray:
    """Squared correlation of (trees, n) values with the target; 0 where it is undefined."""
    with np.errstate(all="ignore"):
        spread = values - values.mean(axis=1, keepdims=True)
        residual = target - target.mean()
        found: FloatArray = (spread @ residual) ** 2 / (np.sum(spread**2, axis=1) * np.sum(residual**2))
    return np.where(np.isfinite(found), found, 0.0)


def main() -> None:
    options = arguments(__doc__).parse_args()
    respect_avx2(options.avx2)
    results = [
        compare(operators, rows, options.threads, options.quick) for operators in OPERATORS for rows in ROWS
    ]
    finish(
        "fitting" + ("-avx2" if options.avx2 else ""),
        options,
        results,
        (*COLUMNS, *(["scaling"] if options.threads > 1 else [])),
        dtype="float64",
        unit="trees a second; ours float64, pyoperon float32",
        **{
            f"ratio_{operators}": min(c["ratio"] for c in results if c["operators"] == operators)
            for operators in OPERATORS
        },
    )


if __name__ == "__main__":
    main()
