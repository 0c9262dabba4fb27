"""The speed benchmarks run and say what they promise to scripts; how fast anything is, no test asks."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from eqdisc.engine import reference

SPEED = Path(__file__).parents[1] / "benchmarks" / "speed"
pytest.importorskip("pyoperon")


@pytest.fixture
def operon(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SPEED))
    import _operon

    return _operon


@pytest.mark.slow
@pytest.mark.parametrize("name", ["evaluation", "fitting", "search"])
def test_quick_json_is_one_line_with_the_worst_ratio(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(SPEED / f"{name}.py"), "--quick", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    (line,) = done.stdout.splitlines()
    report = json.loads(line)
    ratios = [configuration["ratio"] for configuration in report["configurations"]]
    assert report["ratio"] == min(ratios) > 0.0
    assert {configuration["operators"] for configuration in report["configurations"]} == {"arith", "full"}
    assert "float32" in report["machine"]["pyoperon_build"]


@pytest.mark.parametrize("operators", ["arith", "full"])
def test_converted_trees_have_the_values_that_pyoperon_gives_them(operon: ModuleType, operators: str) -> None:
    features, target = operon.uniform_table(100)
    table = operon.Table.of(features, target)
    trees = operon.random_trees(operators, 40, longest=12)
    programs = operon.programs_of(trees, table.dataset)
    compared = 0
    for index, tree in enumerate(trees):
        theirs = table.values(tree)
        if np.isfinite(theirs).all() and np.abs(theirs).max() < 1e3:
            ours = reference.evaluate(programs.expression(index), features)
            # float32, and poles enlarge its rounding: nearly all rows agree closely.
            close = np.isclose(ours, theirs, rtol=1e-3, atol=1e-3)
            assert close.mean() > 0.95
            compared += 1
    assert compared >= 10


def test_fitness_is_the_r2_that_we_compute(operon: ModuleType) -> None:
    from eqdisc.engine.evaluate import ProgramScorer
    from eqdisc.engine.programs import Blocks

    features, target = operon.friedman_table(200)
    table = operon.Table.of(features, target)
    trees = operon.random_trees("arith", 50, longest=8)
    theirs = operon.Fitness(table, trees)()
    ours = ProgramScorer(Blocks.of(features, target)).r2(operon.programs_of(trees, table.dataset))
    finite = np.isfinite(ours)
    assert finite.sum() >= 20
    np.testing.assert_allclose(theirs[finite], ours[finite], atol=1e-4)
