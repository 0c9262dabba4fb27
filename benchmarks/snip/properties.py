"""What an embedding tells of the other side, as in SNIP (ICLR 2024, section 4): the table of properties.md.

    python -m benchmarks.snip.properties [--laws 3000] [--weights weights.npz]

Laws of one input, three quarters of them to learn from. From the embedding of a skeleton, which has no
numbers, ridge regression tells what its values are like: how much of the curve is not convex, how much of it
rises, how often it turns. From the embedding of its table, which has no symbols, it tells the formula: nodes,
constants, whether it has a sine, an exponential. R2 on the laws left out; beside it that of an untrained
network's embeddings, of the same numbers by boosted trees from 32 values of the curve itself, and of the
nearest ten laws in place of the ridge.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsRegressor

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, code_of
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.knowledge import network_and_digest
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.settings import SHIPPED

ROWS, VALUES = 128, 32
SHARE = 0.75  # of the laws, to learn from


def not_convex(y: FloatArray) -> float:
    """Share of the curve's second differences that are negative."""
    return float(np.mean(np.diff(y, 2) < 0.0))


def rising(y: FloatArray) -> float:
    """Share of the curve that rises."""
    return float(np.mean(np.diff(y) > 0.0))


def turns(y: FloatArray) -> float:
    """How often rising and falling take turns, as a logarithm."""
    signs = np.sign(np.diff(y))
    signs = signs[signs != 0.0]
    return float(np.log1p(np.count_nonzero(signs[1:] != signs[:-1])))


OF_VALUES: Mapping[str, Callable[[FloatArray], float]] = {
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


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--laws", type=int, default=3000)
    parser.add_argument("--weights", type=Path)
    given = parser.parse_args()
    network = network_and_digest(str(given.weights or SHIPPED))[0]
    untrained = Network.random(1)
    settings = GeneratorSettings(inputs=(1.0,), dummies=0.0, reused=0.0, noisy=0.0)
    batch, laws = Generator(31, settings).labelled_laws(given.laws, ROWS)
    tables = [(x[:, :1], y) for x, y in zip(batch.features, batch.target, strict=True)]
    curves = np.array([y[np.argsort(x[:, 0])] for x, y in tables])
    shapes = (curves - curves.mean(axis=1, keepdims=True)) / curves.std(axis=1, keepdims=True)
    seen = shapes[:, np.linspace(0, ROWS - 1, VALUES).astype(int)]
    sides = {
        "skeleton": (network.embed_expressions(laws), untrained.embed_expressions(laws), seen),
        "table": (network.embed_tables(tables), untrained.embed_tables(tables), seen),
    }
    wanted = {
        **{name: np.array([each(y) for y in curves]) for name, each in OF_VALUES.items()},
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
