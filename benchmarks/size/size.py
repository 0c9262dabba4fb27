"""What large tables cost: memory, seconds, and whether the law is found among many rows and many features.

Every run is a fresh process that reads a CSV file and searches it. Each law has five inputs, at places drawn
from a seed; the other columns have nothing to do with the target. `found` says that the answer reads these
five and no other, and agrees with the law on 2000 new rows: to 1e-7 of its spread where the table is clean,
to a tenth of the noise where it is noisy. `memory` is the peak of the process beyond that of one with a table
of 1000 rows, in multiples of the table (8 bytes a number); of small tables it would say nothing. Peaks are
the worst, seconds the median of the runs of a size.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "speed"))
from _measure import machine, table, write

HERE = Path(__file__).parent
INPUTS = ("a", "b", "c", "d", "e")
#: Laws with the range of their inputs. The last has inputs around zero: none of them tells anything alone.
LAWS = (
    ("a*b/c**2 + d*sin(e)", 1.0, 4.0),
    ("sqrt(a**2 + b**2)*c/(d + e)", 1.0, 4.0),
    ("a*exp(-b/c) + d*e", 1.0, 4.0),
    ("a*b*c*cos(d - e)", -2.0, 2.0),
)
NOISES = (0.0, 0.01)
LARGE = 50.0  # MB of a table
COLUMNS = (
    "rows",
    "features",
    "noise",
    "runs",
    "table_mb",
    "peak_mb",
    "memory",
    "read",
    "prepare",
    "search",
    "finish",
    "found",
)


def tasks(quick: bool) -> Iterator[dict[str, Any]]:
    """Rows, features, law and noise of every run."""
    many_rows, many_features = ((10_000,), (50,)) if quick else ((10_000, 100_000, 1_000_000), (10, 50, 200))
    laws = range(1 if quick else len(LAWS))
    shapes = [(rows, 10, law) for rows in many_rows for law in laws[:2]]
    shapes += [(2000, features, law) for features in many_features for law in laws]
    shapes += [] if quick else [(100_000, 200, law) for law in laws[:2]]
    for (rows, features, law), noise in product(shapes, NOISES):
        yield {"rows": rows, "features": features, "law": law, "noise": noise}


def make(task: dict[str, Any], path: Path) -> list[int]:
    """Write the table of a task; the columns that its law reads."""
    import pyarrow as pa
    from pyarrow import csv

    text, low, high = LAWS[task["law"]]
    random = np.random.default_rng([task["rows"], task["features"], task["law"]])
    features = random.uniform(low, high, (task["rows"], task["features"]))
    inputs = random.permutation(task["features"])[: len(INPUTS)]
    target = values(text, features[:, inputs])
    target += task["noise"] * np.std(target) * random.normal(size=target.size)
    columns = {f"x{j}": column for j, column in enumerate(features.T)}
    csv.write_csv(pa.table({**columns, "y": target}), path)
    return [int(j) for j in inputs]


def values(text: str, inputs: np.ndarray) -> np.ndarray:
    """The law on rows of its own inputs."""
    from eqdisc.engine.reference import evaluate
    from eqdisc.expr.parse import parse

    return evaluate(parse(text, INPUTS), inputs)


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says includes the process that started this one
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def measure(
    task: dict[str, Any], path: Path, inputs: list[int], limit: float, threads: int
) -> dict[str, Any]:
    """One run, in this process."""
    from eqdisc import Observer, discover, read_table
    from eqdisc.engine.reference import evaluate

    class Watch(Observer):
        def on_start(self, problem: object) -> None:
            marks["start"] = time.perf_counter()

        def on_end(self, result: object) -> None:
            marks["end"] = time.perf_counter()

    marks = {"begin": time.perf_counter()}
    dataset = read_table(path, target="y")
    marks["read"], read_peak = time.perf_counter(), peak_mb()
    answer = discover(dataset, time_limit=limit, threads=threads, observers=[Watch()])
    marks["done"] = time.perf_counter()
    peak = peak_mb()
    text, low, high = LAWS[task["law"]]
    fresh = np.random.default_rng(1).uniform(low, high, (2000, task["features"]))
    wanted, given = values(text, fresh[:, inputs]), evaluate(answer.best.tree, fresh)
    error = float(np.sqrt(np.mean((given - wanted) ** 2)) / np.std(wanted))
    return {
        **task,
        "law": text,
        "table_mb": 8e-6 * dataset.n_rows * (dataset.n_features + 1),
        "read_peak_mb": read_peak,
        "peak_mb": peak,
        "read": marks["read"] - marks["begin"],
        "prepare": marks["start"] - marks["read"],
        "search": marks["end"] - marks["start"] - answer.compile_seconds,
        "finish": marks["done"] - marks["end"],
        "error": error if np.isfinite(error) else None,
        "found": bool(
            error < max(1e-7, 0.1 * task["noise"]) and answer.best.tree.features == tuple(sorted(inputs))
        ),
        "stopped": answer.stopped.name.lower(),
        "answer": answer.best.expression,
    }


def run(task: dict[str, Any], folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One run in a process of its own."""
    path = folder / "table.csv"
    inputs = make(task, path)
    order = json.dumps([task, str(path), inputs, options.time, options.threads])
    done = subprocess.run(
        [sys.executable, __file__, "--one", order], check=True, stdout=subprocess.PIPE, text=True
    )
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def summary(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each size and noise: worst memory, median seconds, laws found."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault(tuple(record[key] for key in COLUMNS[:3]), []).append(record)
    rows = []
    for key, group in groups.items():
        row = dict(zip(COLUMNS, key, strict=False)) | {"runs": len(group), "table_mb": group[0]["table_mb"]}
        row["peak_mb"] = max(record["peak_mb"] for record in group)
        row["memory"] = "" if group[0]["memory"] is None else max(record["memory"] for record in group)
        times = ("read", "prepare", "search", "finish")
        row |= {name: statistics.median(record[name] for record in group) for name in times}
        rows.append(row | {"found": f"{sum(record['found'] for record in group)} of {len(group)}"})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small tables only; writes no file")
    parser.add_argument("--json", action="store_true", help="one line of JSON on standard output, no table")
    parser.add_argument("--time", type=float, help="seconds of each search; 6, or 2 where quick")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        task, path, inputs, limit, threads = json.loads(options.one)
        print(json.dumps(measure(task, Path(path), inputs, limit, threads)))
        return
    options.time = options.time or (2.0 if options.quick else 6.0)
    with tempfile.TemporaryDirectory() as folder:
        small = run({"rows": 1000, "features": 10, "law": 0, "noise": 0.01}, Path(folder), options)
        records = []
        for task in tasks(options.quick):
            record = run(task, Path(folder), options)
            beyond = max(0.0, record["peak_mb"] - small["peak_mb"])
            record["memory"] = beyond / record["table_mb"] if record["table_mb"] > LARGE else None
            records.append(record)
            if not options.json:
                verdict = "found " if record["found"] else "missed"
                print(
                    f"{verdict} {task['rows']:8d} x {task['features']:3d}  {record['answer'][:80]}",
                    flush=True,
                )
    report = {
        "benchmark": "size",
        "quick": options.quick,
        "time_limit": options.time,
        "threads": options.threads,
        "small_peak_mb": small["peak_mb"],
        "found": sum(record["found"] for record in records) / len(records),
        "summary": summary(records),
        "runs": records,
        "machine": machine(),
    }
    if not options.quick:
        write(HERE / "results" / "size.json", report)
    print(json.dumps(report) if options.json else table(report["summary"], COLUMNS))


if __name__ == "__main__":
    main()
