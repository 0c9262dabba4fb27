"""Is the judge right? Every SRSD law against itself, rewritten, and made wrong: `python judge.py`.

- each of the 120 laws: both distances to itself;
- rewrites: up to five by SymPy and five by random rules (with constants off by 1e-8, as a fit leaves them);
- wrong laws: one operator, variable or constant changed. Left out are those that no rows of the benchmark's
  own sampling tell from the law, up to a constant, to 1e-9: they are counted as `invisible`.

Writes results/judge.json and judge.md, and prints the table. `--sample N` takes N laws; `--wrong N` so many
wrong laws.
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from rewrites import by_rules, by_sympy, fitted, wrong

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.parse import parse
from eqdisc.metrics.edit_distance import (
    canonical_edit_distance,
    distance_of_forms,
    normalized_edit_distance,
)
from eqdisc.metrics.formulas import read_pair
from eqdisc.metrics.solution import check_solution

HERE = Path(__file__).parent
PROBLEMS = HERE.parents[1] / "srsd_data" / "srsd_problems.json"
REWRITES = 5  # of each sort
ROWS = 2000
VISIBLE = 1e-9
SMALLEST = 1.1754943508222875e-38  # the benchmark keeps no rows below
LIMIT = 10.0  # seconds, for each of the three


class Law:
    """One of the 120, with its inputs."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.id, self.text = problem["id"], problem["expr"]
        self.variables = problem["variables"]
        self.names = tuple(variable["name"] for variable in self.variables)
        self.tree = parse(self.text, self.names)
        supports = ((v["sampling"]["support_min"], v["sampling"]["support_max"]) for v in self.variables)
        self.domain = {name: (low, high) for name, (low, high) in zip(self.names, supports, strict=True)}
        self.positive = {name for name, (low, _) in self.domain.items() if low >= 0.0}

    def sample(self, rng: np.random.Generator) -> FloatArray:
        """(rows, k) inputs as the benchmark draws them, where the law has a value."""
        found = np.empty((0, len(self.names)))
        for _ in range(20):
            columns = [_draw(variable["sampling"], rng) for variable in self.variables]
            rows = np.column_stack(columns)
            values = evaluate(self.tree, rows)
            accepted = np.isfinite(values) & (np.abs(values) >= SMALLEST)
            found = np.vstack([found, rows[accepted]])
            if len(found) >= ROWS:
                break
        return found[:ROWS]


def _draw(sampling: dict[str, Any], rng: np.random.Generator) -> FloatArray:
    low, high = sampling["low"], sampling["high"]
    if sampling["dist"] == "log_uniform":
        values = 10.0 ** rng.uniform(np.log10(low), np.log10(high), ROWS)
    elif sampling["dist"] == "uniform":
        values = rng.uniform(low, high, ROWS)
    else:
        values = rng.integers(int(low), int(high) + 1, ROWS).astype(np.float64)
    if sampling["sign"] == "negative":
        return -values
    return values * rng.choice([-1.0, 1.0], ROWS) if sampling["sign"] == "random_sign" else values


def is_visible(law: Law, other: Expression, rng: np.random.Generator) -> bool:
    """Whether rows show that the two differ by more than a constant; by plain NumPy, without the judge."""
    rows = law.sample(rng)
    wanted, given = evaluate(law.tree, rows), evaluate(other, rows)
    if not np.isfinite(given).all():
        return bool(np.isfinite(given).sum() < 0.99 * len(rows))
    scale = np.abs(wanted).max() or 1.0
    difference, ratio = (given - wanted) / scale, given / wanted
    offset = np.abs(difference - np.median(difference)).max()
    with np.errstate(all="ignore"):
        factor = np.abs(ratio / np.median(ratio) - 1.0).max()
    return bool(min(offset, factor) > VISIBLE)


def against_itself(laws: list[Law]) -> list[dict[str, Any]]:
    """Both distances of every law to itself."""
    records = []
    for law in laws:
        start = time.perf_counter()
        ned = normalized_edit_distance(law.text, law.text)
        middle = time.perf_counter()
        canonical = canonical_edit_distance(law.text, law.text, domain=law.domain)
        seconds = time.perf_counter() - middle
        verdict = check_solution(law.text, law.text, domain=law.domain, names=law.names, time_limit=LIMIT)
        records.append(
            {
                "law": law.id,
                "ned": ned,
                "ned_canonical": canonical,
                "srbench": verdict.srbench,
                "fastsrb": verdict.fastsrb,
                "ned_seconds": middle - start,
                "canonical_seconds": seconds,
            }
        )
    return records


def rewritten(laws: list[Law], seed: int) -> list[dict[str, Any]]:
    """Verdict and canonical distance of rewrites of every law."""
    records = []
    for number, law in enumerate(laws):
        print(f"  rewrites of {law.id}, {number + 1} of {len(laws)}", file=sys.stderr, flush=True)
        rng = np.random.default_rng([seed, *law.id.encode()])
        ways = list(by_sympy(law.text, law.names, law.positive))[:REWRITES]
        ways.append(("constants fitted", fitted(law.tree, law.names, law.sample(rng), rng)))
        ways += [("rules", by_rules(law.tree, law.names, rng)) for _ in range(REWRITES - 1)]
        for way, text in ways:
            start = time.perf_counter()
            verdict = check_solution(text, law.text, domain=law.domain, names=law.names, time_limit=LIMIT)
            seconds = time.perf_counter() - start
            pair = read_pair(text, law.text, law.names)
            canonical = distance_of_forms(*pair, verdict, law.domain, LIMIT)
            records.append(
                {
                    "law": law.id,
                    "way": way,
                    "answer": text,
                    "verdict": verdict.verdict,
                    "solved": verdict.solved,
                    "reason": verdict.reason,
                    "proofs": verdict.proofs,
                    "srbench": verdict.srbench,
                    "ned": normalized_edit_distance(text, law.text, names=law.names, time_limit=LIMIT),
                    "ned_canonical": canonical,
                    "seconds": seconds,
                }
            )
            if not verdict.solved or canonical:
                print(f"  missed: {law.id} {way}: {text}  {verdict.verdict}: {verdict.reason}", flush=True)
    return records


def made_wrong(laws: list[Law], count: int, seed: int) -> tuple[list[dict[str, Any]], int]:
    """Verdicts on wrong laws, and how many others were left out as invisible."""
    rng = np.random.default_rng(seed)
    records: list[dict[str, Any]] = []
    invisible = 0
    while len(records) < count:
        law = laws[rng.integers(len(laws))]
        changed = wrong(law.tree, len(law.names), rng)
        if changed is None:
            continue
        kind, tree = changed
        if not is_visible(law, tree, rng):
            invisible += 1
            continue
        text = format_expression(tree, law.names)
        start = time.perf_counter()
        verdict = check_solution(text, law.text, domain=law.domain, names=law.names, time_limit=LIMIT)
        records.append(
            {
                "law": law.id,
                "changed": kind,
                "answer": text,
                "verdict": verdict.verdict,
                "solved": verdict.solved,
                "reason": verdict.reason,
                "srbench": verdict.srbench,
                "fastsrb": verdict.fastsrb,
                "seconds": time.perf_counter() - start,
            }
        )
        if verdict.solved is not False:
            print(f"  passed: {law.id} {law.text} as {text}: {verdict.verdict}", flush=True)
    return records, invisible


def table(result: dict[str, Any]) -> str:
    """The figures in one table."""
    selves, rewrites, wrongs = result["themselves"], result["rewrites"], result["wrong"]
    by_rule = [record for record in rewrites if record["way"] in ("rules", "constants fitted")]
    of_sympy = [record for record in rewrites if record not in by_rule]

    def share(records: list[dict[str, Any]], key: str, wanted: object) -> str:
        return f"{sum(record[key] == wanted for record in records)} of {len(records)}"

    lines = [
        ("laws at distance 0 from themselves, SRSD's NED", share(selves, "ned", 0.0)),
        ("laws at distance 0 from themselves, ours", share(selves, "ned_canonical", 0.0)),
        ("laws that are themselves by SRBench's rule", share(selves, "srbench", True)),
        ("laws that are themselves by FastSRB's rule", share(selves, "fastsrb", True)),
    ]
    for label, records in (("SymPy", of_sympy), ("random rules", by_rule)):
        proven = [{"proven": "symbolic" in record["proofs"]} for record in records]
        lines += [
            (f"rewrites by {label}: solved", share(records, "solved", True)),
            (f"rewrites by {label}: our distance 0", share(records, "ned_canonical", 0.0)),
            (f"rewrites by {label}: SymPy proves it too", share(proven, "proven", True)),
            (f"rewrites by {label}: solved by SRBench's rule", share(records, "srbench", True)),
            (f"rewrites by {label}: SRSD's NED 0", share(records, "ned", 0.0)),
        ]
    lines += [
        ("wrong laws refused", share(wrongs, "solved", False)),
        ("wrong laws passed by SRBench's rule", share(wrongs, "srbench", True)),
        ("wrong laws passed by FastSRB's rule", share(wrongs, "fastsrb", True)),
        ("changes that no rows show, left out", str(result["invisible"])),
        ("seconds for SRSD's NED, median and worst", _times([r["ned_seconds"] for r in selves])),
        ("seconds for a verdict on an equal law", _times([r["seconds"] for r in rewrites])),
        ("seconds for a verdict on a wrong law", _times([r["seconds"] for r in wrongs])),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {label} | {value} |" for label, value in lines)])


def _times(seconds: list[float]) -> str:
    return f"{np.median(seconds):.2f}, {max(seconds):.2f}" if seconds else "-"


def main() -> None:
    """Run it and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sample", type=int, help="so many of the laws")
    parser.add_argument("--wrong", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "judge.json")
    options = parser.parse_args()
    laws = [Law(problem) for problem in json.loads(PROBLEMS.read_text())["problems"]]
    if options.sample:
        chosen = np.random.default_rng(options.seed).permutation(len(laws))[: options.sample]
        laws = [laws[i] for i in sorted(chosen)]
    start = time.perf_counter()
    result: dict[str, Any] = {"seed": options.seed, "laws": len(laws), "themselves": against_itself(laws)}
    result["rewrites"] = rewritten(laws, options.seed)
    result["wrong"], result["invisible"] = made_wrong(laws, options.wrong, options.seed)
    result["seconds"] = time.perf_counter() - start
    result["python"], result["processor"] = sys.version.split()[0], platform.machine()
    print(table(result))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=options.out.parent, delete=False, suffix=".partial") as file:
        json.dump(result, file)
    Path(file.name).replace(options.out)
    options.out.with_suffix(".md").write_text(table(result) + "\n")


if __name__ == "__main__":
    main()
