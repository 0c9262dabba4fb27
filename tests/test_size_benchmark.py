"""The benchmark of large tables runs, and says of every run whether the law was found."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SIZE = Path(__file__).parents[1] / "benchmarks" / "size" / "size.py"


@pytest.mark.slow
def test_quick_json_is_one_line() -> None:
    command = [sys.executable, str(SIZE), "--quick", "--json", "--time", "1"]
    (line,) = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    report = json.loads(line)
    assert 0.0 <= report["found"] <= 1.0
    assert {(run["rows"], run["features"]) for run in report["runs"]} == {(10_000, 10), (2000, 50)}
    assert all(run["found"] == (run["found"] and run["error"] is not None) for run in report["runs"])
    assert all(run[part] >= 0.0 for run in report["runs"] for part in ("read", "prepare", "search", "finish"))
