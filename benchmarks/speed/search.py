"""Candidates a second of the whole genetic programming with local search: ours against pyoperon's
`SymbolicRegressor`.

The same table (Friedman's first problem with noise), the same operators, trees of up to 50 nodes, one
thread, CPU time, in turns. pyoperon: population 1000, generations of 1000, at most as many accepted steps
of Levenberg-Marquardt as we allow attempts. Ours, twice: `equal` is one island of 1000 individuals on all
rows; `default` the settings that users get (islands, a sample of 512 rows). A candidate of ours is one
that was fitted on some rows at least; skeletons seen before and skipped are not counted. As trees differ
in size, the mean size of the last population stands beside each speed, and `ratio_nodes` compares nodes
of candidates a second.

Threads: the same epochs of the same seed on one thread and on several, wall time, best of interleaved
windows.
"""

import statistics
import time
from dataclasses import replace
from typing import Any

import numpy as np
from _measure import arguments, finish, respect_avx2
from _operon import OPERATORS, friedman_table
from pyoperon.sklearn import SymbolicRegressor

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.programs import Programs
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.gp.session import GeneticSession
from eqdisc.proposers.gp.settings import GeneticProgramming

ROWS = (256, 1_000)
POPULATION, LARGEST = 1000, 50
DEFAULT = GeneticProgramming()
SETTINGS = {
    "equal": replace(DEFAULT, island_sizes=(), population=POPULATION, rows=max(ROWS)),
    "default": DEFAULT,
}
COLUMNS = (
    *("operators", "rows", "ours_is", "ours", "pyoperon", "ratio", "ratio_nodes"),
    *("size", "size_pyoperon", "r2", "r2_pyoperon"),
)


def ours(
    settings: GeneticProgramming, operators: str, rows: int, seed: int, threads: int = 1
) -> GeneticSession:
    """A session on all rows, compiled; slope and intercept take four more nodes."""
    dataset = Dataset.of(*friedman_table(rows))
    problem = Problem(dataset, dataset, None, OperatorSet.of(*OPERATORS[operators]), LARGEST + 4)
    session = settings.start(problem, np.random.SeedSequence(seed), threads)
    session.prepare()
    return session


def run_ours(session: GeneticSession, seconds: float, rows: int) -> dict[str, float]:
    """Epochs for at least so many seconds of CPU time."""
    expressions = []
    evaluations = 0
    start = time.process_time()
    while time.process_time() - start < seconds:
        proposals = session.propose()
        evaluations += proposals.evaluations
        expressions += proposals.expressions
    taken = time.process_time() - start
    features, target = friedman_table(rows)
    values = predict_programs(Programs.pack(expressions), features)
    # The session tells nobody its population: only this benchmark asks for the sizes in it.
    sizes = np.concatenate([island.sizes[island.sizes > 0] for island in session._islands])
    r2 = max(_r2(v, target) for v in values)
    return {"rate": evaluations / taken, "size": float(sizes.mean()), "r2": r2, "seconds": taken}


def run_pyoperon(operators: str, rows: int, seed: int, seconds: int) -> dict[str, float]:
    """Generations for about so many seconds."""
    features, target = friedman_table(rows)
    regressor = SymbolicRegressor(
        allowed_symbols=",".join([*OPERATORS[operators], "constant", "variable"]),
        population_size=POPULATION,
        generations=10**6,
        max_evaluations=10**9,
        max_time=seconds,
        max_length=LARGEST,
        optimizer_iterations=DEFAULT.attempts,
        n_threads=1,
        random_state=1 + seed,
        epsilon=1e-12,
    )
    start = time.process_time()
    regressor.fit(features, target)
    taken = time.process_time() - start
    sizes = [individual.Genotype.Length for individual in regressor.individuals_]
    return {
        "rate": regressor.stats_["evaluation_count"] / taken,
        "size": float(np.mean(sizes)),
        "r2": _r2(regressor.predict(features), target),
        "seconds": taken,
    }


def _r2(values: FloatArray, target: FloatArray) -> float:
    """Coefficient of determination; -inf where a value is not finite."""
    r2 = 1.0 - float(np.mean((np.ravel(values) - target) ** 2)) / float(np.var(target))
    return r2 if np.isfinite(r2) else -np.inf


def compare(operators: str, rows: int, quick: bool) -> list[dict[str, Any]]:
    """Every way of ours against pyoperon on one table, in turns."""
    seconds, rounds = (1, 2) if quick else (5, 3)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ("pyoperon", *SETTINGS)}
    for seed in range(rounds):
        runs["pyoperon"].append(run_pyoperon(operators, rows, seed, seconds))
        for name, settings in SETTINGS.items():
            session = ours(settings, operators, rows, seed)
            # pyoperon stops after a generation, we stop after an epoch: both a little late.
            runs[name].append(run_ours(session, runs["pyoperon"][-1]["seconds"], rows))
    median = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]}
        for name, found in runs.items()
    }
    theirs = median["pyoperon"]
    return [
        {
            "operators": operators,
            "rows": rows,
            "ours_is": name,
            "ours": median[name]["rate"],
            "pyoperon": theirs["rate"],
            "ratio": median[name]["rate"] / theirs["rate"],
            "ratio_nodes": median[name]["rate"] * median[name]["size"] / (theirs["rate"] * theirs["size"]),
            "size": median[name]["size"],
            "size_pyoperon": theirs["size"],
            "r2": median[name]["r2"],
            "r2_pyoperon": theirs["r2"],
            "cpu_seconds": theirs["seconds"],
        }
        for name in SETTINGS
    ]


def scaling(operators: str, threads: int, quick: bool) -> dict[str, Any]:
    """Speed on several threads over that on one, for the default settings."""
    epochs, windows = (1, 3) if quick else (3, 7)
    best = {1: np.inf, threads: np.inf}
    for _ in range(windows):
        for count in best:
            session = ours(DEFAULT, operators, max(ROWS), seed=0, threads=count)
            start = time.perf_counter()
            for _ in range(epochs):
                session.propose()
            best[count] = min(best[count], time.perf_counter() - start)
    return {
        "operators": operators,
        "threads": threads,
        "scaling": best[1] / best[threads],
        "seconds_on_one": best[1],
    }


def main() -> None:
    options = arguments(__doc__, threads=2).parse_args()
    respect_avx2(options.avx2)
    tables = ROWS[-1:] if options.quick else ROWS
    results = [
        c for operators in OPERATORS for rows in tables for c in compare(operators, rows, options.quick)
    ]
    scalings = [scaling(operators, options.threads, options.quick) for operators in OPERATORS]
    finish(
        "search" + ("-avx2" if options.avx2 else ""),
        options,
        results,
        COLUMNS,
        dtype="float64",
        unit="candidates a second; ours float64, pyoperon float32",
        scaling=min(s["scaling"] for s in scalings),
        scalings=scalings,
        **{
            f"ratio_{operators}": min(c["ratio"] for c in results if c["operators"] == operators)
            for operators in OPERATORS
        },
    )
    if not options.json:
        for s in scalings:
            print(f"{s['operators']}: {s['threads']} threads / 1 thread = {s['scaling']:.3g}")


if __name__ == "__main__":
    main()
