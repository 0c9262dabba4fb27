"""Fits that answer at once, in place of those that search."""

import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from eqdisc._typing import FloatArray
from eqdisc.expr.parse import parse
from eqdisc.surfaces.law import SurfaceFront, SurfaceLaw


def law(
    form: str, texts: Sequence[str], variables: Sequence[str], targets: Sequence[str] = (), **facts: Any
) -> SurfaceLaw:
    """A law of a form; what is not said of it is made up."""
    expressions = tuple(parse(text, variables) for text in texts)
    given = {"distance": 0.0, "complexity": sum(map(len, expressions)), "exact": True, "origin": "made up"}
    return SurfaceLaw(form, expressions, tuple(variables), tuple(targets), **{**given, **facts})  # type: ignore[arg-type]


SPHERE = law("implicit", ["x**2 + y**2 + z**2 - 4"], "xyz")
PLANE = law("implicit", ["z - 0.1"], "xyz", distance=0.4, exact=False, origin="plane")
TORUS = law(
    "parametric", ["(3 + cos(v))*cos(u)", "(3 + cos(v))*sin(u)", "sin(v)"], "uv", "xyz", origin="lattice"
)
DISC = law("parametric", ["3*cos(u)", "3*sin(u)", "0"], "uv", "xyz", distance=0.2, exact=False)
SADDLE = law("parametric", ["x**2 - y**2"], "xy", "z")

IMPLICIT = SurfaceFront((PLANE, SPHERE), 1, notes=("two points stand twice",))
PARAMETRIC = SurfaceFront((DISC, TORUS), 1)
HIDDEN = SurfaceFront((SADDLE,), 0, warnings=("few points",))


def stand_in(
    monkeypatch: pytest.MonkeyPatch,
    asked: list[dict[str, Any]] | None = None,
    refusal: BaseException | None = None,
) -> None:
    """Let the three fits answer with the fronts above, or a refusal, and note what they were asked.

    Pictures are coarse.
    """
    monkeypatch.setattr("eqdisc.surfaces.page.CELLS", 300)

    def answer(front: SurfaceFront) -> Any:
        def fit(*arrays: FloatArray, **told: Any) -> SurfaceFront:
            if asked is not None:
                asked.append({"arrays": arrays, **told})
            if refusal is not None:
                raise refusal
            return front

        return fit

    for room, front in (("implicit", IMPLICIT), ("parametric", PARAMETRIC), ("hidden", HIDDEN)):
        module = SimpleNamespace(**{f"fit_{room}": answer(front)})
        monkeypatch.setitem(sys.modules, f"eqdisc.surfaces.{room}", module)  # type: ignore[arg-type]


def sphere_points(count: int = 60) -> FloatArray:
    """Points of the sphere of radius 2."""
    outward = np.random.default_rng(0).normal(size=(count, 3))
    points: FloatArray = 2.0 * outward / np.linalg.norm(outward, axis=1)[:, None]
    return points
