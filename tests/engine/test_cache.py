"""The cache of compiled kernels: any home survives, edited kernels are never stale."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import eqdisc
from eqdisc.engine import compile as compiling

ROOT = Path(eqdisc.__file__).resolve().parent.parent
WHERE = "from eqdisc.engine.compile import cache_folder; print(cache_folder())"
COMPILE = """
import numpy as np
from eqdisc.engine.compile import CACHE_FOLDER, kernel

@kernel
def total(x):
    s = 0.0
    for v in x:
        s += v
    return s

print(CACHE_FOLDER, total(np.arange(5.0)))
"""
EVALUATE = """
import numpy as np
from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.programs import Programs
from eqdisc.expr.expression import Expression
x = Expression.variable(0)
print(predict_programs(Programs.pack([x * x]), np.array([[3.0]]))[0, 0])
"""
SHARED = """
import numpy as np
from llvmlite.binding import Linkage
from eqdisc.engine.random import below, stream
below(stream(np.random.SeedSequence(0)), 5)
(compiled,) = below.overloads.values()
functions = [f for f in compiled.library._final_module.functions if not f.is_declaration]
print(len(functions), sum(f.linkage == Linkage.linkonce_odr for f in functions))
"""
ANSWER = """
from tests.search import runs
print(runs.answer(runs.search(8, work=20_000_000)))
"""


def run(code, cwd=ROOT, **environment):
    """Run code in a fresh interpreter in which only these places may hold a cache."""
    places = ("EQDISC_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "TMPDIR")
    clean = {name: value for name, value in os.environ.items() if name not in places}
    clean |= {"PYTHONPATH": str(cwd), **environment}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def nowhere(tmp_path):
    """A path that nobody can create, not even root: it lies below a regular file."""
    (tmp_path / "file").write_text("")
    return str(tmp_path / "file" / "below")


def test_the_chosen_folder_is_used(tmp_path):
    folder = Path(run(WHERE, EQDISC_CACHE_DIR=str(tmp_path)))
    assert folder.parent == tmp_path
    assert folder.is_dir()


def test_the_next_place_serves_where_home_is_not_writable(tmp_path, nowhere):
    folder = run(WHERE, HOME=nowhere, XDG_CACHE_HOME=nowhere, TMPDIR=str(tmp_path))
    assert Path(folder).is_relative_to(tmp_path)
    folder = run(WHERE, HOME=str(tmp_path / "home"), XDG_CACHE_HOME=nowhere, TMPDIR=nowhere)
    assert Path(folder).is_relative_to(tmp_path / "home")


def test_without_any_place_kernels_compile_in_memory(nowhere):
    assert run(COMPILE, EQDISC_CACHE_DIR=nowhere) == "None 10.0"


@pytest.mark.slow
def test_without_any_place_programs_run(nowhere):
    assert run(EVALUATE, EQDISC_CACHE_DIR=nowhere) == "9.0"


@pytest.fixture
def copy(tmp_path):
    """A copy of the package, to edit."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "eqdisc", tmp_path / "copy" / "eqdisc", ignore=ignore)
    return tmp_path / "copy"


@pytest.mark.parametrize(
    "source",
    [
        "engine/elementary.py",
        "expr/operators.py",
        "proposers/gp/mutation.py",
        "proposers/snip/kernels/arena.py",
    ],
)
def test_an_edited_kernel_has_a_cache_of_its_own(copy, tmp_path, source):
    """Numba looks at a function's own file only: an edited callee would leave its callers stale."""
    cache = str(tmp_path / "cache")
    before = run(WHERE, copy, EQDISC_CACHE_DIR=cache)
    assert run(WHERE, copy, EQDISC_CACHE_DIR=cache) == before
    edited = copy / "eqdisc" / source
    edited.write_text(edited.read_text() + "\n# another version\n")
    assert run(WHERE, copy, EQDISC_CACHE_DIR=cache) != before


@pytest.mark.slow
def test_an_edit_of_a_callee_reaches_its_callers(copy, tmp_path):
    cache = str(tmp_path / "cache")
    assert run(EVALUATE, copy, EQDISC_CACHE_DIR=cache) == "9.0"
    kernels = copy / "eqdisc" / "engine" / "kernels.py"
    text = kernels.read_text()
    line = "buffer[d, i] = buffer[a, i] * buffer[b, i]\n"
    assert text.count(line) == 1
    kernels.write_text(text.replace(line, line.replace("* buffer", "* one * 2 * buffer")))
    assert run(EVALUATE, copy, EQDISC_CACHE_DIR=cache) == "18.0"


@pytest.mark.slow
def test_a_second_start_compiles_nothing(tmp_path):
    code = EVALUATE + "from eqdisc.engine.kernels import forward\nprint(dict(forward.stats.cache_hits) != {})"
    run(code, EQDISC_CACHE_DIR=str(tmp_path))
    assert run(code, EQDISC_CACHE_DIR=str(tmp_path)).splitlines() == ["9.0", "True"]


def test_pruning_removes_other_versions_only(tmp_path, monkeypatch):
    monkeypatch.setenv("EQDISC_CACHE_DIR", str(tmp_path))
    old = tmp_path / "0123456789abcdef"
    old.mkdir()
    (tmp_path / "notes.txt").write_text("")
    current = compiling.cache_folder()
    compiling.prune_cache()
    assert sorted(tmp_path.iterdir()) == sorted([current, tmp_path / "notes.txt"])


def test_kernels_share_no_callees(tmp_path):
    """Which copy of a shared one is called would depend on what was compiled or loaded before."""
    functions, shared = map(int, run(SHARED, EQDISC_CACHE_DIR=str(tmp_path)).split())
    assert functions > 0
    assert shared == 0


@pytest.mark.slow
def test_kernels_just_compiled_and_kernels_loaded_give_the_same_answer(tmp_path):
    compiled, loaded = (run(ANSWER, EQDISC_CACHE_DIR=str(tmp_path)) for _ in range(2))
    assert compiled == loaded
