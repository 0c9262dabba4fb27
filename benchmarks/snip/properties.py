"""What an embedding tells of the other side, as in SNIP (ICLR 2024, section 4): the table of properties.md.

    python -m benchmarks.snip.properties [--laws 3000] [--weights weights.npz]

Laws of one input, all of different skeletons, three quarters of them to learn from. They are drawn as in
training, with another seed, and not kept out of it: there are too few of one input that were. From the
embedding of a skeleton, which has no numbers, ridge regression tells what its values are like: how much of
the curve is not convex, how much of it rises, how often it turns. From the embedding of its table, which has
no symbols, it tells the formula: nodes, constants, whether it has a sine, an exponential. R2 on the laws
left out; beside it that of an untrained network's embeddings, of the same numbers by boosted trees from 32
values of the curve itself, and of the nearest ten laws in place of the ridge.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsRegressor

from benchmarks.snip.distinct import distinct
from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, code_of
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.knowledge import network_and_digest
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.settings import SHIPPED

ROWS, VALUES = 128, 32
SHARE = 0.75  # of the laws, to learn from
ROUNDING = 8.0  # units in the last place by which a value of a law may be wrong


def curve(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The points in the order of x, (n,) each, one of those with the same x."""
    there, first = np.unique(x, return_index=True)
    return there, y[first]


def not_convex(x: FloatArray, y: FloatArray) -> float:
    """Share of the inner points of a curve where its slope falls, by more than rounding explains.

    >>> x = np.array([0.1, 0.2, 0.5, 1.3, 4.0])
    >>> not_convex(x, 3.0 * x + 0.7), not_convex(x, x**2), not_convex(x, -(x**2))
    (0.0, 0.0, 1.0)
    """
    if len(x) < 3:
        return 0.0
    gaps = np.diff(x)
    slopes = np.diff(y) / gaps
    steepest = np.maximum(np.abs(slopes[1:]), np.abs(slopes[:-1]))
    # A value is as wrong as its rounding makes it, and that of x as far as the curve is steep.
    wrong = _largest(y) + _largest(x) * steepest
    rounding = ROUNDING * np.finfo(np.float64).eps * wrong * (1.0 / gaps[1:] + 1.0 / gaps[:-1])
    return float(np.mean(np.diff(slopes) < -rounding))


def _largest(values: FloatArray) -> FloatArray:
    """(n - 2,) magnitude around each inner point."""
    found: FloatArray = np.abs(np.stack([values[:-2], values[1:-1], values[2:]])).max(axis=0)
    return found


def _signs(y: FloatArray) -> FloatArray:
    """Whether a curve rises (1) or falls (-1) from point to point; where it is level does not count."""
    signs: FloatArray = np.sign(np.diff(y))
    return signs[signs != 0.0]


def rising(x: FloatArray, y: FloatArray) -> float:
    """Share of the curve that rises, of what is not level; 0 where all is.

    >>> rising(np.arange(5.0), np.array([1.0, 2.0, 2.0, 2.0, 1.0]))
    0.5
    """
    signs = _signs(y)
    return float(np.mean(signs > 0.0)) if len(signs) else 0.0


def turns(x: FloatArray, y: FloatArray) -> float:
    """How often rising and falling take turns, as a logarithm."""
    signs = _signs(y)
    return float(np.log1p(np.count_nonzero(signs[1:] != signs[:-1])))


OF_VALUES: Mapping[str, Callable[[FloatArray, FloatArray], float]] = {
    "not convex": not_convex,
    "rising": rising,
    "turns": turns,
}
OF_FORMULAS: Mapping[str, Callable[[Expression], float]] = {
    "nodes": lambda law: float(law.size),
    "constants": lambda law: float(law.codes.count(CONSTANT)),
    "has sin or cos": lambda law: float(not {code_of("sin"), code_of("cos")}.isdisjoint(law.codes)),
    "has exp": lambda law: float(code_of("exp") in law.codes),
}


def scores(inputs: Sequence[FloatArray], wanted: FloatArray) -> list[float]:
    """R2 on left-out laws: ridge on the first two inputs, trees on the third, the nearest on the first."""
    known = int(SHARE * len(wanted))
    ridge = RidgeCV(alphas=np.logspace(-4, 3, 15))
    trees = HistGradientBoostingRegressor(random_state=0)
    near = KNeighborsRegressor(10, metric="cosine")
    tried = zip((ridge, ridge, trees, near), (*inputs, inputs[0]), strict=True)
    told = (model.fit(x[:known], wanted[:known]).predict(x[known:]) for model, x in tried)
    return [r2_score(wanted[known:], values) for values in told]


def shape(y: FloatArray) -> FloatArray:
    """(VALUES,) some values of a curve in units of its standard deviation, from its mean."""
    places = np.linspace(0, len(y) - 1, VALUES).astype(int)
    values: FloatArray = (y[places] - y.mean()) / y.std()
    return values


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--laws", type=int, default=3000)
    parser.add_argument("--weights", type=Path)
    given = parser.parse_args()
    network = network_and_digest(str(given.weights or SHIPPED))[0]
    untrained = Network.random(1)
    settings = GeneratorSettings(inputs=(1.0,), dummies=0.0, reused=0.0, noisy=0.0)
    batch, laws = distinct(Generator(31, settings), given.laws, ROWS)
    # Small skeletons are met first: the laws left out are to be like the others.
    order = np.random.default_rng(0).permutation(len(laws))
    laws = [laws[place] for place in order]
    tables = [(batch.features[place, :, :1], batch.target[place]) for place in order]
    curves = [curve(x[:, 0], y) for x, y in tables]
    seen = np.array([shape(y) for _, y in curves])
    sides = {
        "skeleton": (network.embed_expressions(laws), untrained.embed_expressions(laws), seen),
        "table": (network.embed_tables(tables), untrained.embed_tables(tables), seen),
    }
    wanted = {
        **{name: np.array([each(x, y) for x, y in curves]) for name, each in OF_VALUES.items()},
        **{name: np.array([each(law) for law in laws]) for name, each in OF_FORMULAS.items()},
    }
    print(f"{len(laws)} laws of one input\n")
    print("| from the embedding of | property | R2 | untrained | from the curve | ten nearest |")
    print("|---" * 6 + "|")
    for side, inputs in sides.items():
        for name, values in wanted.items():
            told = " | ".join(f"{score:.2f}" for score in scores(inputs, values))
            print(f"| {side} | {name} | {told} |", flush=True)


if __name__ == "__main__":
    main()
