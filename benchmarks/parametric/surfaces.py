"""How many classical surfaces and curves are found from points with their parameters, and how fast.

`python benchmarks/parametric/surfaces.py` writes `surfaces.jsonl` beside itself, and `surfaces.md` from it.
A surface counts as found when each output agrees with the truth on rows held out and on rows outside the box:
within 1e-6 of its spread without noise, within 0.5 % of it where points have 1 % of noise.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.parse import parse
from eqdisc.surfaces.parametric import fit_parametric

HERE = Path(__file__).parent
TURN = 2.0 * np.pi
FULL = ((0.0, TURN), (0.0, TURN))
HALF = ((0.0, TURN), (0.05, np.pi - 0.05))
PLANE = ((-1.6, 1.6), (-1.6, 1.6))

# name: formulas of the outputs in u, v (t for curves), box of the parameters
SURFACES: dict[str, tuple[tuple[str, ...], tuple[tuple[float, float], ...]]] = {
    "torus": (("(2+0.7*cos(v))*cos(u)", "(2+0.7*cos(v))*sin(u)", "0.7*sin(v)"), FULL),
    "moebius": (("(1+v/2*cos(u/2))*cos(u)", "(1+v/2*cos(u/2))*sin(u)", "v/2*sin(u/2)"),
                ((0.0, TURN), (-1.0, 1.0))),
    "helicoid": (("v*cos(u)", "v*sin(u)", "0.6*u"), ((0.0, TURN), (-2.0, 2.0))),
    "catenoid": (("1.3*cosh(v/1.3)*cos(u)", "1.3*cosh(v/1.3)*sin(u)", "v"), ((0.0, TURN), (-2.0, 2.0))),
    "enneper": (("u-u**3/3+u*v**2", "v-v**3/3+v*u**2", "u**2-v**2"), PLANE),
    "klein figure 8": (
        ("(2+cos(u/2)*sin(v)-sin(u/2)*sin(2*v))*cos(u)", "(2+cos(u/2)*sin(v)-sin(u/2)*sin(2*v))*sin(u)",
         "sin(u/2)*sin(v)+cos(u/2)*sin(2*v)"), FULL),
    "dini": (("cos(u)*sin(v)", "sin(u)*sin(v)", "cos(v)+log(tan(v/2))+0.2*u"), ((0.0, 2 * TURN), (0.1, 2.0))),
    "sea shell": (
        ("2*(1-exp(u/(6*pi)))*cos(u)*cos(v/2)**2", "2*(exp(u/(6*pi))-1)*sin(u)*cos(v/2)**2",
         "1-exp(u/(3*pi))-sin(v)+exp(u/(6*pi))*sin(v)"), FULL),
    "roman": (("sin(2*u)*cos(v)**2/2", "sin(u)*sin(2*v)/2", "cos(u)*sin(2*v)/2"), HALF),
    "cross-cap": (("sin(u)*sin(2*v)/2", "sin(2*u)*cos(v)**2", "cos(2*u)*cos(v)**2"), HALF),
    "pluecker conoid": (("v*cos(u)", "v*sin(u)", "sin(2*u)"), ((0.0, TURN), (0.2, 2.0))),
    "astroidal ellipsoid": (("(cos(u)*cos(v))**3", "(sin(u)*cos(v))**3", "sin(v)**3"), FULL),
    "ellipsoid": (("2*cos(u)*sin(v)", "1.5*sin(u)*sin(v)", "0.8*cos(v)"), HALF),
    "monkey saddle": (("u", "v", "u**3-3*u*v**2"), PLANE),
    "hyperboloid": (("1.2*cosh(v)*cos(u)", "0.8*cosh(v)*sin(u)", "1.5*sinh(v)"), ((0.0, TURN), (-1.2, 1.2))),
    "cone": (("v*cos(u)", "v*sin(u)", "1.7*v"), ((0.0, TURN), (0.1, 2.0))),
    "bohemian dome": (("cos(u)", "1.5*cos(v)+sin(u)", "sin(v)"), FULL),
    "eight surface": (("cos(u)*sin(2*v)", "sin(u)*sin(2*v)", "sin(v)"), FULL),
    "pseudosphere": (("cos(u)/cosh(v)", "sin(u)/cosh(v)", "v-tanh(v)"), ((0.0, TURN), (0.0, 3.0))),
    "spring": (("(2+0.4*cos(v))*cos(u)", "(2+0.4*cos(v))*sin(u)", "0.4*sin(v)+0.3*u"), FULL),
    "henneberg": (
        ("2*sinh(u)*cos(v)-2/3*sinh(3*u)*cos(3*v)", "2*sinh(u)*sin(v)+2/3*sinh(3*u)*sin(3*v)",
         "2*cosh(2*u)*cos(2*v)"), ((-0.8, 0.8), (0.0, TURN))),
    "catalan": (("u-sin(u)*cosh(v)", "1-cos(u)*cosh(v)", "4*sin(u/2)*sinh(v/2)"),
                ((0.0, 2 * TURN), (-1.5, 1.5))),
    "boy": (
        ("(sqrt(2)*cos(v)**2*cos(2*u)+cos(u)*sin(2*v))/(2-sqrt(2)*sin(3*u)*sin(2*v))",
         "(sqrt(2)*cos(v)**2*sin(2*u)-sin(u)*sin(2*v))/(2-sqrt(2)*sin(3*u)*sin(2*v))",
         "3*cos(v)**2/(2-sqrt(2)*sin(3*u)*sin(2*v))"), ((0.0, np.pi), (0.0, np.pi))),
    "sphere by projection": (
        ("2*u/(1+u**2+v**2)", "2*v/(1+u**2+v**2)", "(1-u**2-v**2)/(1+u**2+v**2)"), PLANE),
    "bell": (("v*cos(u)", "v*sin(u)", "2*exp(-v**2)"), ((0.0, TURN), (0.0, 2.0))),
    "ripple": (("v*cos(u)", "v*sin(u)", "0.4*cos(3*v)"), ((0.0, TURN), (0.0, 4.0))),
    "scherk": (("u", "v", "log(cos(u)/cos(v))"), ((-1.2, 1.2), (-1.2, 1.2))),
    "twisted pear": (("(1+0.4*v)*cos(u+v)", "(1+0.4*v)*sin(u+v)", "v"), ((0.0, TURN), (0.0, 3.0))),
    "trefoil knot": (("sin(t)+2*sin(2*t)", "cos(t)-2*cos(2*t)", "-sin(3*t)"), ((0.0, TURN),)),
    "conical helix": (("t*cos(3*t)", "t*sin(3*t)", "1.4*t"), ((0.0, TURN),)),
    "viviani": (("1+cos(t)", "sin(t)", "2*sin(t/2)"), ((0.0, 2 * TURN),)),
    "lissajous": (("sin(3*t+0.5)", "sin(4*t)", "cos(5*t)"), ((0.0, TURN),)),
}  # fmt: skip


def measure(name: str, noise: float, rows: int, limit: float) -> dict[str, object]:
    """One fit, as a record."""
    formulas, box = SURFACES[name]
    names = ["t"] if len(box) == 1 else ["u", "v"]
    truth = [parse(text, names) for text in formulas]
    rng = np.random.default_rng([len(name), *map(ord, name), round(1000 * noise)])
    train, held_out = (_points(box, rows, rng) for _ in range(2))
    outputs = _values(truth, train)
    outputs += noise * np.std(outputs, axis=0) * rng.standard_normal(outputs.shape)
    started, used = time.perf_counter(), time.process_time()
    front = fit_parametric(train, outputs, names, ["x", "y", "z"], time_limit=limit, threads=1)
    law = front.laws[front.best]
    record: dict[str, object] = {
        "surface": name, "noise": noise, "rows": rows, "limit": limit,
        "seconds": round(time.perf_counter() - started, 2), "cpu": round(time.process_time() - used, 2),
        "exact": law.exact, "complexity": law.complexity, "origin": law.origin,
        "laws": [format_expression(e, names, 6) for e in law.expressions],
    }  # fmt: skip
    allowed = 1e-6 if noise == 0.0 else 0.5 * noise
    for where, points in (("held_out", held_out), ("outside", _outside(name, box, rows, rng))):
        record[where] = [_agrees(e, t, points, allowed) for e, t in zip(law.expressions, truth, strict=True)]
    return record


def _points(box: tuple[tuple[float, float], ...], rows: int, rng: np.random.Generator) -> np.ndarray:
    return np.column_stack([rng.uniform(*side, rows) for side in box])


def _outside(
    name: str, box: tuple[tuple[float, float], ...], rows: int, rng: np.random.Generator
) -> np.ndarray:
    """Points of a box a quarter longer on each side upwards, outside the one of the data."""
    longer = tuple((low, high + 0.25 * (high - low)) for low, high in box)
    points = _points(longer, 4 * rows, rng)
    points = points[np.any([column > side[1] for column, side in zip(points.T, box, strict=True)], axis=0)]
    values = _values(
        [parse(text, ["t"] if len(box) == 1 else ["u", "v"]) for text in SURFACES[name][0]], points
    )
    return points[np.isfinite(values).all(axis=1)]


def _values(expressions: list[Expression], points: np.ndarray) -> np.ndarray:
    return np.column_stack([evaluate(expression, points) for expression in expressions])


def _agrees(found: Expression, truth: Expression, points: np.ndarray, allowed: float) -> bool:
    values, right = evaluate(found, points), evaluate(truth, points)
    miss = np.sqrt(np.mean((values - right) ** 2))
    return bool(miss <= allowed * (np.std(right) + 1e-12 * np.max(np.abs(right))))


def table(records: list[dict[str, object]]) -> str:
    """The records as a Markdown table."""
    lines = ["# Classical surfaces from points with their parameters", "", str(__doc__).split("\n\n")[1], ""]
    for noise in sorted({float(str(r["noise"])) for r in records}):
        own = [r for r in records if r["noise"] == noise]
        found = [r for r in own if all(r["held_out"]) and all(r["outside"])]  # type: ignore[call-overload]
        seconds = float(np.median([float(str(r["cpu"])) for r in own]))
        lines += [
            f"## Noise {100 * noise:g} %", "",
            f"{len(found)} of {len(own)} found, {own[0]['rows']} rows, limit {own[0]['limit']} s, "
            f"median {seconds:.2g} s of CPU.", "",
            "| surface | outputs right (held out) | outside the box | exact | nodes | CPU s | found by |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]  # fmt: skip
        for r in own:
            inside, outside = (f"{sum(r[w])} of {len(r[w])}" for w in ("held_out", "outside"))  # type: ignore
            exact = "yes" if r["exact"] else "no"
            lines.append(
                f"| {r['surface']} | {inside} | {outside} | {exact} | {r['complexity']} "
                f"| {r['cpu']} | {r['origin']} |"
            )
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--limit", type=float, default=5.0)
    parser.add_argument("--noise", type=float, nargs="*", default=[0.0, 0.01])
    parser.add_argument("--only", nargs="*", default=list(SURFACES))
    parser.add_argument("--out", type=Path, default=HERE / "surfaces.jsonl")
    arguments = parser.parse_args()
    records = []
    for noise in arguments.noise:
        for name in arguments.only:
            records.append(measure(name, noise, arguments.rows, arguments.limit))
            print(json.dumps(records[-1]), flush=True)
            arguments.out.write_text("".join(json.dumps(record) + "\n" for record in records))
    arguments.out.with_suffix(".md").write_text(table(records))


if __name__ == "__main__":
    main()
