"""The 120 laws of SRSD, for the tests of the judge."""

import json
from functools import cache
from pathlib import Path
from typing import Any

PROBLEMS = Path(__file__).parents[2] / "srsd_data" / "srsd_problems.json"


@cache
def problems() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(PROBLEMS.read_text())["problems"])


def names(problem: dict[str, Any]) -> tuple[str, ...]:
    return tuple(variable["name"] for variable in problem["variables"])


def domain(problem: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {
        v["name"]: (v["sampling"]["support_min"], v["sampling"]["support_max"]) for v in problem["variables"]
    }
