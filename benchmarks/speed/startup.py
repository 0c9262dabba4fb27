"""How long a person waits before anything happens: imports, `--help`, a warm start, a cold compilation.

Every number comes from fresh processes. Imports are timed inside the process, in turns; the rest is the
wall time of the whole process. `warm_beyond_search` is the time of a whole `eqdisc discover` less the
seconds its search took: start, imports, loading of compiled kernels, ranking, output. The cold run has an
empty `EQDISC_CACHE_DIR`; `cold_first_answer` is when the first law was there (closed forms answer before
anything is compiled).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _measure import RESULTS, machine, table, write

#: Seconds that have been promised; `import_ratio` is a multiple of `import numpy`.
PROMISED = {
    "import_eqdisc": 0.3,
    "import_ratio": 4.0,
    "help": 0.5,
    "warm_beyond_search": 0.5,
    "cold_compile": 30.0,
}
_IMPORT = "import time; start = time.perf_counter(); import {0}; print(time.perf_counter() - start)"
_FIRST_ANSWER = """
import json, sys, time
start = time.perf_counter()
from eqdisc.data.tables import read_example
from eqdisc.discovery import discover
from eqdisc.search.observer import Observer
first = []
class Watch(Observer):
    def on_prepare(self, name, progress):
        if progress.front:
            first.append(time.perf_counter() - start)
    def on_epoch(self, progress):
        first.append(time.perf_counter() - start)
found = discover(read_example("hubble"), epochs=1, observers=[Watch()])
print(json.dumps({"first": first[0], "compile": found.compile_seconds, "search": found.seconds}))
"""


def run(*command: str, folder: Path | None = None, **environment: str) -> tuple[str, float]:
    """Standard output and wall time of a process."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | environment,
    )
    return done.stdout, time.perf_counter() - start


def imports(rounds: int) -> dict[str, float]:
    """Median seconds of the imports, numpy and eqdisc in turns."""
    taken: dict[str, list[float]] = {"numpy": [], "eqdisc": []}
    for _ in range(rounds):
        for name, times in taken.items():
            times.append(float(run("-c", _IMPORT.format(name))[0]))
    numpy, eqdisc = (statistics.median(taken[name]) for name in ("numpy", "eqdisc"))
    return {"import_numpy": numpy, "import_eqdisc": eqdisc, "import_ratio": eqdisc / numpy}


def warm(rounds: int, folder: Path) -> dict[str, float]:
    """Median seconds beyond the search of a command whose kernels are compiled already."""
    run("-m", "eqdisc", "example", "hubble", folder=folder)
    command = (
        "-m",
        "eqdisc",
        "discover",
        "hubble.csv",
        "--target",
        "velocity",
        "--epochs",
        "1",
        "--json",
        "--quiet",
    )
    run(*command, folder=folder)
    beyond = []
    for _ in range(rounds):
        output, seconds = run(*command, folder=folder)
        beyond.append(seconds - json.loads(output)["seconds"])
    return {"warm_beyond_search": statistics.median(beyond)}


def cold(folder: Path) -> dict[str, float]:
    """One search with nothing compiled."""
    output, seconds = run("-c", _FIRST_ANSWER, EQDISC_CACHE_DIR=str(folder))
    found: dict[str, float] = json.loads(output)
    return {
        "cold_compile": found["compile"],
        "cold_first_answer": found["first"],
        "cold_process": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds; writes no file")
    parser.add_argument("--json", action="store_true", help="one line of JSON, no table")
    options = parser.parse_args()
    rounds = 3 if options.quick else 9
    measured: dict[str, Any] = imports(rounds)
    measured["help"] = statistics.median(run("-m", "eqdisc", "--help")[1] for _ in range(rounds))
    with tempfile.TemporaryDirectory() as folder:
        measured |= warm(rounds, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        measured |= cold(Path(folder))
    report = {
        "benchmark": "startup",
        "quick": options.quick,
        **measured,
        "promised": PROMISED,
        "kept": {name: measured[name] <= limit for name, limit in PROMISED.items()},
        "machine": machine(),
    }
    if not options.quick:
        write(RESULTS / "startup.json", report)
    if options.json:
        print(json.dumps(report))
    else:
        rows = [{"what": k, "seconds": v, "promised": PROMISED.get(k, "")} for k, v in measured.items()]
        print(table(rows, ("what", "seconds", "promised")))


if __name__ == "__main__":
    main()
