"""Curves and surfaces, classical and general, as clouds of points: is F found, how far is it from the truth.

    python benchmarks/implicit/clouds.py --noise 0 0.01 0.05 --out benchmarks/implicit/clouds.csv
    python benchmarks/implicit/clouds.py --shapes general --out benchmarks/implicit/general.csv
    python benchmarks/implicit/clouds.py --table benchmarks/implicit/clouds.csv

Points are drawn even by area inside the box, 3000 of them; noise is Gaussian in every coordinate, in shares
of the mean of the coordinates' standard deviations. "exact" means at the rounding floor of the points; "near"
is the larger of the two medians of the distance between points of one surface and the other surface, over the
noise (without noise: over the diagonal of the box); seconds are of the processor. A command goes on where
it stopped.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from eqdisc.engine.zeroset import ZeroSet
from eqdisc.errors import NoSurfaceError
from eqdisc.expr.format import format_expression
from eqdisc.expr.parse import parse
from eqdisc.surfaces.implicit import fit_implicit

NAMES = ("x", "y", "z", "u", "v")
COUNT, JUDGED = 3000, 400
# name, F, half side of the box about the origin, dimension
SHAPES = (
    ("sphere", "x**2 + y**2 + z**2 - 1", 1.5, 3),
    ("moved sphere", "(x - 0.5)**2 + (y + 1)**2 + (z - 0.25)**2 - 2.25", 3.0, 3),
    ("ellipsoid", "x**2/1.69 + y**2/0.49 + z**2/4 - 1", 2.5, 3),
    ("turned quadric", "x**2 + y**2 + 2*z**2 + x*y - 0.5*x*z + 0.3*y*z - 0.7*x - 1", 3.0, 3),
    ("one-sheeted hyperboloid", "x**2 + y**2 - z**2 - 1", 3.0, 3),
    ("saddle", "z - x*y", 2.0, 3),
    ("planes", "(x - y)*(x + y - 1)", 2.0, 3),
    ("torus", "(x**2 + y**2 + z**2 + 0.91)**2 - 4*(x**2 + y**2)", 2.0, 3),
    ("heart", "(x**2 + 2.25*y**2 + z**2 - 1)**3 - x**2*z**3 - 0.1125*y**2*z**3", 1.6, 3),
    ("tangle cube", "x**4 + y**4 + z**4 - 5*(x**2 + y**2 + z**2) + 11.8", 3.0, 3),
    ("Cayley cubic", "x**2 + y**2 - x**2*z + y**2*z + z**2 - 1", 2.0, 3),
    ("Clebsch cubic", "x**3 + y**3 + z**3 + 1 - (x + y + z + 1)**3", 2.0, 3),
    (
        "Barth sextic",
        "4*(2.618033988749895*x**2 - y**2)*(2.618033988749895*y**2 - z**2)*(2.618033988749895*z**2 - x**2)"
        " - 4.23606797749979*(x**2 + y**2 + z**2 - 1)**2",
        1.8,
        3,
    ),
    ("hypersphere", "x**2 + y**2 + z**2 + u**2 - 2", 2.0, 4),
    ("5-sphere", "x**2 + y**2 + z**2 + u**2 + v**2 - 4", 2.5, 5),
    ("Cassini oval", "(x**2 + y**2)**2 - 2*(x**2 - y**2) - 0.21", 2.0, 2),
    ("lemniscate", "(x**2 + y**2)**2 - 4*(x**2 - y**2)", 2.2, 2),
    ("astroid", "(x**2 + y**2 - 1)**3 + 27*x**2*y**2", 1.2, 2),
    ("cissoid", "y**2*(2 - x) - x**3", 2.0, 2),
    ("folium", "x**3 + y**3 - 3*x*y", 2.0, 2),
    ("gyroid", "sin(x)*cos(y) + sin(y)*cos(z) + sin(z)*cos(x)", 5.0, 3),
    (
        "gyroid of another scale",
        "sin(1.7*x)*cos(1.7*y) + sin(1.7*y)*cos(1.7*z) + sin(1.7*z)*cos(1.7*x)",
        3.0,
        3,
    ),
    ("Schwarz P", "cos(x) + cos(y) + cos(z)", 5.0, 3),
    (
        "Schwarz D",
        "sin(x)*sin(y)*sin(z) + sin(x)*cos(y)*cos(z) + cos(x)*sin(y)*cos(z) + cos(x)*cos(y)*sin(z)",
        3.5,
        3,
    ),
    ("Neovius", "3*(cos(x) + cos(y) + cos(z)) + 4*cos(x)*cos(y)*cos(z)", 4.0, 3),
    ("catenoid", "x**2 + y**2 - cosh(z)**2", 2.5, 3),
    ("helicoid", "x*sin(z) - y*cos(z)", 4.0, 3),
    ("Scherk", "exp(z)*cos(y) - cos(x)", 1.5, 3),
    ("exponential bowl", "exp(x) + y**2 + z - 2", 2.0, 3),
    ("Gaussian sum", "exp(-x**2) + exp(-y**2) + exp(-z**2) - 1.5", 2.0, 3),
    ("waves of two frequencies", "sin(2*x) + cos(3*y) - z", 2.0, 3),
    ("sine curve", "sin(x) + sin(y) - sin(x*y)", 4.0, 2),
)
# beyond libraries: nested, rational, entangled; some can be solved for one term, the last four cannot
GENERAL = (
    ("exponential product", "x*exp(y) + z - 2", 2.0, 3),
    ("wave of a product", "sin(x*y) - z**2 + 0.3", 2.0, 3),
    ("root and logarithm", "sqrt(x**2 + y**2) + log(z) - 1.5", 3.0, 3),
    ("Gaussian waist", "x**2 + y**2 - exp(-z**2)", 1.5, 3),
    ("saturated product", "tanh(x) + y*z - 0.4", 2.0, 3),
    ("rational cosine", "z*(1 + x**2) - cos(y)", 2.0, 3),
    ("exponential of a wave", "exp(sin(x)) - y**2 - 0.5", 3.0, 2),
    ("wave of a radius", "sin(x**2 + y**2) - x*y + 0.2", 2.5, 2),
    ("entangled exponential", "x*exp(y*z) - sin(x + z) - 0.5", 2.0, 3),
    ("inner constants", "sin(1.3*x*y) + exp(-0.7*x) - y", 3.0, 2),
    ("Gaussian sum", "exp(-x**2) + exp(-y**2) + exp(-z**2) - 1.5", 2.0, 3),
)
LISTS = {"classical": SHAPES, "general": GENERAL}
FIELDS = ("shape", "noise", "exact", "near", "nodes", "seconds", "law")


def run(name: str, text: str, half: float, dimension: int, noise: float, limit: float) -> dict[str, object]:
    """One cloud, fitted and judged."""
    names = NAMES[:dimension]
    truth = ZeroSet(parse(text, list(names)), (np.full(dimension, -half), np.full(dimension, half)))
    rng = np.random.default_rng([ord(c) for c in name])
    points = truth.sample(COUNT, rng)
    sigma = noise * float(points.std(axis=0).mean())
    started = time.process_time()
    try:
        front = fit_implicit(points + sigma * rng.normal(size=points.shape), names, time_limit=limit)
    except NoSurfaceError as refused:
        return dict(zip(FIELDS, (name, noise, False, "", "", "", f"none: {refused}"[:90]), strict=True))
    law = front.laws[front.best]
    seconds = round(time.process_time() - started, 1)
    found = ZeroSet(law.expressions[0], truth.box)
    unit = sigma or 2.0 * half * np.sqrt(dimension)
    there = np.median(found.distances(points[:JUDGED]))
    back = np.median(truth.distances(found.sample(JUDGED, rng)))
    written = format_expression(law.expressions[0], names, 17 if law.exact else 6)
    near = f"{max(there, back) / unit:.2g}"
    return dict(zip(FIELDS, (name, noise, law.exact, near, law.complexity, seconds, written), strict=True))


def table(path: Path) -> str:
    """The records as a table."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = ["| " + " | ".join(FIELDS) + " |", "|---" * len(FIELDS) + "|"]
    lines += [
        "| " + " | ".join(row[field] if field != "law" else f"`{row[field]}`" for field in FIELDS) + " |"
        for row in rows
    ]
    for noise in dict.fromkeys(row["noise"] for row in rows):
        alike = [row for row in rows if row["noise"] == noise]
        exact = sum(row["exact"] == "True" for row in alike)
        within = sum(row["near"] not in ("", "nan") and float(row["near"]) <= 1.0 for row in alike)
        near = f", {within} within the noise" if float(noise) > 0.0 else ""
        lines.append(f"\nNoise {noise}: {exact} of {len(alike)} exact{near}.")
    return "\n".join(lines)


def main() -> None:
    """Run what is not yet in the file, or print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.01, 0.05])
    parser.add_argument("--time", type=float, default=20.0)
    parser.add_argument("--shapes", choices=LISTS, default="classical")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/implicit/clouds.csv"))
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table is not None:
        print(table(given.table))
        return
    known: set[tuple[str, float]] = set()
    if given.out.exists():
        with given.out.open(newline="") as file:
            known = {(row["shape"], float(row["noise"])) for row in csv.DictReader(file)}
    else:
        given.out.write_text(",".join(FIELDS) + "\n")
    for noise in given.noise:
        for shape in LISTS[given.shapes]:
            if (shape[0], noise) not in known:
                record = run(*shape, noise, given.time)
                with given.out.open("a", newline="") as file:
                    csv.DictWriter(file, FIELDS).writerow(record)


if __name__ == "__main__":
    main()
