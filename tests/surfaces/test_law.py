"""Laws of surfaces say what they are, in text, code, SymPy and numbers."""

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.parse import parse
from tests.surfaces.stand_in import SADDLE, SPHERE, TORUS, law


def test_lines_and_texts() -> None:
    assert SPHERE.lines() == ["x**2 + y**2 + z**2 - 4 = 0"]
    assert TORUS.lines()[0] == "x = (3 + cos(v))*cos(u)"
    assert SADDLE.lines() == ["z = x**2 - y**2"]
    assert SPHERE.equations == {}
    assert list(TORUS.equations) == ["x", "y", "z"]
    assert SADDLE.equations == {"z": SADDLE.expression}
    with pytest.raises(DataError, match="one expression for each of x, y, z"):
        _ = TORUS.expression


def test_texts_have_all_digits_and_odd_names_become_symbols() -> None:
    odd = law("implicit", ["x0*0.1234567890123456 - x1"], ["x0", "x1"])
    named = type(odd)("implicit", odd.expressions, ("peak load", "lambda"), (), 0.0, 5, True, "")
    assert "0.1234567890123456" in named.expression
    assert parse(named.expression, ["peak_load", "lambda_"]).features == (0, 1)
    assert named.lines() == ["`peak load`*0.123457 - lambda = 0"]


def test_values() -> None:
    points = np.random.default_rng(0).normal(size=(5, 3))
    assert np.array_equal(SPHERE.values(points), evaluate(SPHERE.expressions[0], points))
    assert TORUS.values(points[:, :2]).shape == (5, 3)
    assert SADDLE.values(points[:, :2]).shape == (5, 1)
    pole = law("parametric", ["1/u", "u"], "u", "xy").values([[0.0]])
    assert np.isinf(pole[0, 0])
    with pytest.raises(DataError, match=r"shape \(5, 3\); wanted \(rows, 2\): u, v"):
        TORUS.values(points)


def test_latex_reads_as_equations() -> None:
    assert SPHERE.latex().endswith("= 0")
    assert TORUS.latex().count("&=") == 3
    assert SADDLE.latex().startswith("z = ")


def test_sympy_agrees_with_the_values() -> None:
    import sympy

    compiled = sympy.lambdify(sympy.symbols("u v"), TORUS.sympy())
    assert np.allclose(compiled(0.3, 1.2), TORUS.values([[0.3, 1.2]])[0], rtol=1e-14)


def test_code() -> None:
    scope: dict[str, object] = {}
    exec(SPHERE.source("python"), scope)
    assert scope["law"](2.0, 0.0, 0.0) == 0.0  # type: ignore[operator]
    exec(TORUS.source("python"), scope)
    assert scope["law"](0.0, 0.0) == (4.0, 0.0, 0.0)  # type: ignore[operator]
    assert "  0 = " in SPHERE.source("latex")
    with pytest.raises(OptionError, match="unknown language"):
        SPHERE.source("pyton")


def test_records_have_no_number_that_json_has_not() -> None:
    far = law("implicit", ["x - y"], "xy", distance=float("inf"))
    assert far.record()["distance"] is None
    assert TORUS.record()["expression"] is None
    assert TORUS.record()["expressions"] == TORUS.equations
