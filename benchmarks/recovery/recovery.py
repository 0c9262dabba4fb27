"""How many clean laws come back exactly in a time limit: `python recovery.py laws.toml --time 8 --seeds 0`.

A law counts as recovered where the chosen answer has at most 25 nodes and agrees with it to 1e-7 of its
spread on 2000 new rows drawn from 1.2 times the sampled box (where both are finite): an approximation that
fits the rows it has seen does not pass.
"""

import argparse
import json
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from eqdisc import discover
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse

HERE = Path(__file__).parent
LONGEST = 25
NAMES = ("a", "b", "c")


def problems(path: Path) -> list[dict[str, Any]]:
    """Problems of a suite file: law, rows, low, high."""
    suite = tomllib.loads(path.read_text())
    common = {key: suite[key] for key in ("rows", "low", "high") if key in suite}
    listed = suite.get("problems", [{"law": law} for law in suite.get("laws", [])])
    return [{**common, **problem} for problem in listed]


def attempt(problem: dict[str, Any], seed: int, time_limit: float, threads: int) -> dict[str, Any]:
    """Search one law from a fresh sample; what came and whether it is the law."""
    truth = parse(problem["law"], NAMES)
    k = max(truth.features) + 1
    rng = np.random.default_rng([seed, len(problem["law"])])
    low, high = problem["low"], problem["high"]
    features = rng.uniform(low, high, (problem["rows"], k))
    start = time.perf_counter()
    found = discover(
        Dataset.of(features, evaluate(truth, features), names=NAMES[:k]),
        time_limit=time_limit,
        seed=seed,
        threads=threads,
    )
    seconds = time.perf_counter() - start
    middle, half = (low + high) / 2, (high - low) / 2
    fresh = rng.uniform(
        max(middle - 1.2 * half, 0.0) if low >= 0 else middle - 1.2 * half, middle + 1.2 * half, (2000, k)
    )
    wanted, given = evaluate(truth, fresh), evaluate(found.best.tree, fresh)
    both = np.isfinite(wanted) & np.isfinite(given)
    error = float(np.abs(wanted - given)[both].max() / np.ptp(wanted[both])) if both.mean() > 0.8 else np.inf
    return {
        "law": problem["law"],
        "seed": seed,
        "recovered": bool(error < 1e-7 and found.best.complexity <= LONGEST),
        "answer": found.best.expression,
        "complexity": found.best.complexity,
        "found_by": found.best.found_by,
        "stopped": found.stopped.name.lower(),
        "seconds": round(seconds, 2),
        "compile_seconds": round(found.compile_seconds, 2),
    }


def main() -> None:
    """Run a suite and write its record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", type=Path, help="laws.toml, nguyen.toml, or a file of your own")
    parser.add_argument("--time", type=float, default=8.0)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    path = options.suite if options.suite.exists() else HERE / options.suite
    records = []
    for seed in map(int, options.seeds.split(",")):
        for problem in problems(path):
            records.append(attempt(problem, seed, options.time, options.threads))
            r = records[-1]
            verdict = "ok  " if r["recovered"] else "miss"
            print(f"{verdict} {r['seconds']:5.1f} s  {r['law']}  ->  {r['answer'][:90]}", flush=True)
    solved = sum(r["recovered"] for r in records)
    print(f"{solved} of {len(records)} recovered ({100 * solved / len(records):.0f} %)")
    result = {"suite": path.stem, "time_limit": options.time, "threads": options.threads, "records": records}
    target = HERE / "results" / f"{path.stem}.json"
    with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False, suffix=".partial") as file:
        json.dump(result, file, indent=1)
    Path(file.name).replace(target)


if __name__ == "__main__":
    main()
