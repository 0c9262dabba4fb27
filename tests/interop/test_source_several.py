"""Laws of several values as code: one function that gives what each expression gives alone."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse
from eqdisc.interop.source import LANGUAGES, source, sources

NAMES = ("u", "values")  # the second is what the code in C calls its result
LAWS = [parse(text, NAMES) for text in ("(3 + cos(values))*cos(u)", "(3 + cos(values))*sin(u)", "min(u, 2)")]
TARGETS = ("x", "y", "z")
ROWS = np.random.default_rng(0).uniform(-3.0, 3.0, (6, 2))
WANTED = np.column_stack([evaluate(law, ROWS) for law in LAWS])


def written(language: str) -> str:
    return sources(LAWS, NAMES, language, target_names=TARGETS)


def law_of(text: str) -> object:
    scope: dict[str, object] = {}
    exec(compile(text, "law.py", "exec"), scope)
    return scope["law"]


def test_python() -> None:
    law = law_of(written("python"))
    assert np.allclose([law(*row) for row in ROWS], WANTED, rtol=1e-12)  # type: ignore[operator]


def test_numpy() -> None:
    law = law_of(written("numpy"))
    assert np.allclose(np.column_stack(law(*ROWS.T)), WANTED, rtol=1e-12)  # type: ignore[operator]


def test_sympy() -> None:
    import sympy

    law = law_of(written("sympy"))
    compiled = sympy.lambdify(sympy.symbols("u values"), law)
    assert np.allclose([compiled(*row) for row in ROWS], WANTED, rtol=1e-12)


def test_c(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        assert "void law(double u, double values_, double values[3])" in written("c")
        return
    calls = "".join(
        f'law({u!r}, {v!r}, r); printf("%.17g %.17g %.17g\\n", r[0], r[1], r[2]);' for u, v in ROWS.tolist()
    )
    program = f"#include <stdio.h>\n{written('c')}\nint main(void) {{ double r[3]; {calls} return 0; }}\n"
    (tmp_path / "law.c").write_text(program)
    command = [compiler, "-Wall", "-Werror", "-o", str(tmp_path / "law"), str(tmp_path / "law.c"), "-lm"]
    subprocess.run(command, check=True)
    printed = subprocess.run([str(tmp_path / "law")], check=True, capture_output=True, text=True).stdout
    assert np.allclose(np.loadtxt(printed.splitlines()), WANTED, rtol=1e-12)


def test_latex_excel_and_javascript() -> None:
    latex = written("latex")
    assert latex.count("&=") == 3
    assert r"\begin{align}" in latex
    assert "% x =" not in latex  # the equations stand below the comments, not in them
    assert sum(line.startswith("=") for line in written("excel").splitlines()) == 3
    assert "return [(3.0 + Math.cos(values_))*Math.cos(u)," in written("javascript")


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_value_is_written_as_ever(language: str) -> None:
    alone = source(LAWS[0], NAMES, language, target_name="x")
    assert sources(LAWS[:1], NAMES, language, target_names=["x"]) == alone
