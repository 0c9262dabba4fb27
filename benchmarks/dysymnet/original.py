"""What a structure costs to fit by the training of the original, and by ours: the table of original.md.

    python benchmarks/dysymnet/original.py [--structures 6] [--rows 100] [--starts 20]

Structures are drawn as the controller of the original draws them before it has learned: two to five layers,
two to six units each, operators of {id, sin, cos, square, +, -, *}. Those with more than three weights for
four rows, which our search does not try, are drawn again. Each is trained as there, all 22,002 steps, by
PyTorch where it can be imported and by a loop in NumPy; our Levenberg-Marquardt fits the same one from
several starts. Seconds are of the processor, one thread.

The training is that of the code of AILWQ/DySymNet: float32, RMSprop, rates 1e-2, 1e-3 and 1e-4, every
gradient clipped to a tenth of the mean norm of the last fifty, a smoothed L0.5 penalty, no skip connections
and no offsets, products times ten. Left out is what comes after: thresholds, SymPy and BFGS.
"""

import argparse
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.proposers.dysymnet.kernels.operators import unit_table
from eqdisc.proposers.dysymnet.kernels.wiring import Wiring
from eqdisc.proposers.dysymnet.sampled import Sampled
from eqdisc.proposers.dysymnet.structures import Structures
from eqdisc.proposers.dysymnet.workshop import Workshop

LAWS: dict[str, tuple[int, Callable[..., FloatArray]]] = {
    "x**3 + x**2 + x": (1, lambda x: x**3 + x**2 + x),
    "sin(x**2)*cos(x) - 1": (1, lambda x: np.sin(x**2) * np.cos(x) - 1.0),
    "2*sin(x)*cos(y)": (2, lambda x, y: 2.0 * np.sin(x) * np.cos(y)),
}
DEPTHS, WIDTHS = (2, 5), (2, 6)
UNARY = ("id", "sin", "cos", "square")
BINARY = ("add", "sub", "mul")
#: The kernels try no network with more weights than this share of the rows.
MOST_WEIGHTS = 0.75
#: First and last step of each learning rate; the penalty, and where it is smoothed.
RATES = ((2000, 1e-2), (12_001, 1e-3), (22_002, 1e-4))
STEPS = RATES[-1][0]
PENALTY, SMOOTH = 5e-3, 0.05
#: Steps averaged for the clip, its share.
WINDOW, CLIP = 50, 0.1
#: Steps between looks at the loss, the largest, fresh starts.
LOOK, DIVERGED, STARTS = 1000, 1000.0, 5
#: Steps of our fit.
ATTEMPTS = 32

Layer = tuple[str, ...]


@dataclass(frozen=True)
class Structure:
    """Operators of each layer, unary ones first as in the original; inputs of the table."""

    layers: tuple[Layer, ...]
    inputs: int

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Of the weights of each layer, and of the output."""
        sizes = [self.inputs, *map(len, self.layers)]
        columns = [sum(2 if name in BINARY else 1 for name in layer) for layer in self.layers]
        return list(zip(sizes, [*columns, 1], strict=True))

    @property
    def weights(self) -> int:
        """How many."""
        return sum(rows * columns for rows, columns in self.shapes)

    def __str__(self) -> str:
        return "; ".join(" ".join(layer) for layer in self.layers)


def drawn(inputs: int, rows: int, random: np.random.Generator) -> Structure:
    """A structure that so many rows bear, drawn as in the original."""
    while True:
        depth, width = (int(random.integers(low, high, endpoint=True)) for low, high in (DEPTHS, WIDTHS))
        names = random.choice(UNARY + BINARY, (depth, width)).tolist()
        layers = tuple(tuple(sorted(layer, key=(UNARY + BINARY).index)) for layer in names)
        structure = Structure(layers, inputs)
        if structure.weights <= MOST_WEIGHTS * rows:
            return structure


def start_weights(structure: Structure, random: np.random.Generator) -> list[AnyArray]:
    """Normal, of spread 0.1 in the first layer, 0.5, and 1 in the last; uniform at the output."""
    *hidden, output = structure.shapes
    spreads = [0.1, *(0.5,) * (len(hidden) - 2), 1.0]
    drawn = [
        np.fmod(random.normal(0.0, spread, shape), 2.0) for spread, shape in zip(spreads, hidden, strict=True)
    ]
    return [w.astype(np.float32) for w in (*drawn, random.uniform(0.0, 1.0, output))]


class Training(Protocol):
    """Weights, and a step that moves them: the loss before it, penalty included."""

    def step(self, rate: float, clip: float) -> tuple[float, float]:
        """Loss and norm of the gradient before a step of at most so long a gradient."""

    def predicted(self) -> AnyArray:
        """(n,) of the network as it is."""


class NumpyTraining:
    """Derivatives by hand: what PyTorch does, without its dispatch."""

    def __init__(self, structure: Structure, x: AnyArray, y: AnyArray, weights: list[AnyArray]) -> None:
        self._layers = structure.layers
        self._x, self._y = x, y
        self._weights = weights
        self._squares = [np.zeros_like(w) for w in weights]

    def step(self, rate: float, clip: float) -> tuple[float, float]:
        """One of RMSprop."""
        values, sums = self._forward()
        error = (values[-1] @ self._weights[-1])[:, 0] - self._y
        loss = float(np.mean(error**2)) + PENALTY * sum(float(half_norm(w).sum()) for w in self._weights)
        gradients = self._backward(values, sums, error)
        norm = float(np.sqrt(sum(np.vdot(g, g) for g in gradients)))
        share = np.float32(min(1.0, clip / (norm + 1e-6)))
        for w, square, g in zip(self._weights, self._squares, gradients, strict=True):
            g *= share
            square *= np.float32(0.9)
            square += np.float32(0.1) * g * g
            w -= np.float32(rate) * g / (np.sqrt(square) + np.float32(1e-10))
        return loss, norm

    def predicted(self) -> AnyArray:
        """(n,)"""
        predicted: AnyArray = (self._forward()[0][-1] @ self._weights[-1])[:, 0]
        return predicted

    def _forward(self) -> tuple[list[AnyArray], list[AnyArray]]:
        """Values of the inputs and of each layer, and what its operators are applied to."""
        values, sums = [self._x], []
        for layer, w in zip(self._layers, self._weights, strict=False):
            sums.append(values[-1] @ w)
            values.append(applied(layer, sums[-1], np))
        return values, sums

    def _backward(self, values: list[AnyArray], sums: list[AnyArray], error: AnyArray) -> list[AnyArray]:
        back = (np.float32(2.0 / len(error)) * error)[:, np.newaxis]
        gradients = [values[-1].T @ back]
        back = back @ self._weights[-1].T
        for k in reversed(range(len(self._layers))):
            back = slopes(self._layers[k], sums[k], back)
            gradients.append(values[k].T @ back)
            if k > 0:
                back = back @ self._weights[k].T
        gradients.reverse()
        for g, w in zip(gradients, self._weights, strict=True):
            g += np.float32(PENALTY) * half_norm_slope(w)
        return gradients


def applied(layer: Layer, sums: Any, library: Any) -> Any:
    """(n, units) values of a layer, by NumPy or PyTorch."""
    columns, place = [], 0
    for name in layer:
        a = sums[:, place]
        if name in BINARY:
            b = sums[:, place + 1]
            columns.append(a + b if name == "add" else a - b if name == "sub" else 10.0 * a * b)
        else:
            columns.append(a if name == "id" else a * a if name == "square" else getattr(library, name)(a))
        place += 2 if name in BINARY else 1
    return library.stack(columns, 1)


def slopes(layer: Layer, sums: AnyArray, back: AnyArray) -> AnyArray:
    """(n, columns) derivatives by what the operators are applied to, from those by their values."""
    found, place = np.empty_like(sums), 0
    for unit, name in enumerate(layer):
        g, a = back[:, unit], sums[:, place]
        if name in BINARY:
            b = sums[:, place + 1]
            found[:, place] = 10.0 * b * g if name == "mul" else g
            found[:, place + 1] = 10.0 * a * g if name == "mul" else g if name == "add" else -g
            place += 2
            continue
        slope = {"id": lambda a: 1.0, "sin": np.cos, "cos": lambda a: -np.sin(a), "square": lambda a: 2.0 * a}
        found[:, place] = slope[name](a) * g
        place += 1
    return found


def half_norm(w: AnyArray) -> AnyArray:
    """Root of |w|, made smooth around zero."""
    size = np.abs(w)
    inside = -(w**4) / (8.0 * SMOOTH**3) + 3.0 * w * w / (4.0 * SMOOTH) + 3.0 * SMOOTH / 8.0
    return np.sqrt(np.where(size < SMOOTH, inside, size))


def half_norm_slope(w: AnyArray) -> AnyArray:
    """Its derivative."""
    inside = -(w**3) / (2.0 * SMOOTH**3) + 3.0 * w / (2.0 * SMOOTH)
    slope: AnyArray = np.where(np.abs(w) < SMOOTH, inside, np.sign(w)) / (2.0 * half_norm(w))
    return slope


class TorchTraining:
    """By PyTorch, on the processor."""

    def __init__(self, structure: Structure, x: AnyArray, y: AnyArray, weights: list[AnyArray]) -> None:
        import torch

        self._torch = torch
        self._layers = structure.layers
        self._x, self._y = torch.tensor(x), torch.tensor(y)
        self._weights = [torch.tensor(w, requires_grad=True) for w in weights]
        self._optimiser = torch.optim.RMSprop(self._weights, lr=RATES[0][1], alpha=0.9, eps=1e-10)

    def step(self, rate: float, clip: float) -> tuple[float, float]:
        """One of RMSprop."""
        self._optimiser.param_groups[0]["lr"] = rate
        self._optimiser.zero_grad()
        error = self._forward() - self._y
        loss = (error**2).mean() + PENALTY * sum(self._half_norm(w) for w in self._weights)
        loss.backward()
        norm = self._torch.nn.utils.clip_grad_norm_(self._weights, clip)
        self._optimiser.step()
        return float(loss.detach()), float(norm)

    def predicted(self) -> AnyArray:
        """(n,)"""
        predicted: AnyArray = self._forward().detach().numpy()
        return predicted

    def _forward(self) -> Any:
        values = self._x
        for layer, w in zip(self._layers, self._weights, strict=False):
            values = applied(layer, values @ w, self._torch)
        return (values @ self._weights[-1])[:, 0]

    def _half_norm(self, w: Any) -> Any:
        inside = -(w**4) / (8.0 * SMOOTH**3) + 3.0 * w * w / (4.0 * SMOOTH) + 3.0 * SMOOTH / 8.0
        size = w.abs()
        return self._torch.where(size < SMOOTH, inside, size).sqrt().sum()


def trained(begin: Callable[[], Training]) -> tuple[AnyArray | None, int]:
    """Predictions after the whole training, None where each of the starts diverged; steps in all."""
    steps = 0
    for _ in range(1 + STARTS):
        training = begin()
        norms: deque[float] = deque(maxlen=WINDOW)
        for step in range(STEPS):
            rate = next(rate for last, rate in RATES if step < last)
            clip = 1.0 if step < WINDOW else CLIP * sum(norms) / WINDOW
            loss, norm = training.step(rate, clip)
            norms.append(norm)
            steps += 1
            if step % LOOK == 0 and not loss <= DIVERGED:
                break
        else:
            return training.predicted(), steps
    return None, steps


class Ours:
    """The same structures as networks of the engine: every edge that they have there, no penalty.

    A sum or a difference of two dense sums is a dense sum, and a factor of ten goes into weights.
    """

    def __init__(self, table: Dataset, threads: int = 1) -> None:
        self._names = ("id", "sin", "cos", "square", "mul")
        self.rows = Sampled.of(table, table.n_rows, np.random.default_rng(0))
        k, units = table.n_features, DEPTHS[1] * WIDTHS[1]
        wiring = Wiring(np.cumsum(np.ones(k)), k, k, 1000, 1000, skip=False, bias=False)
        self._workshop = Workshop(self.rows, unit_table(self._names), wiring, units, 500, threads)
        self._workshop.prepare()

    def r2(self, structure: Structure, starts: int, random: np.random.Generator) -> FloatArray:
        """(starts,) of the fits of a structure from so many starts."""
        units = np.full((starts, DEPTHS[1], WIDTHS[1]), -1)
        for k, layer in enumerate(structure.layers):
            numbers = [self._names.index("id" if name in ("add", "sub") else name) for name in layer]
            units[:, k, : len(layer)] = numbers
        widths = np.sum(units >= 0, axis=2)
        batch = Structures(np.full(starts, len(structure.layers)), widths, units, np.zeros(starts, bool))
        fits = self._workshop.wired(batch, random.integers(1, 2**63, starts, dtype=np.uint64))
        self._workshop.fit(fits, ATTEMPTS)
        found: FloatArray = 1.0 - fits.losses / self.rows.variance
        return found


def r_squared(predicted: AnyArray | None, y: AnyArray) -> float:
    """Of predictions; minus infinity where there are none."""
    return -np.inf if predicted is None else float(1.0 - np.mean((predicted - y) ** 2) / np.var(y))


@dataclass(frozen=True)
class Fit:
    """Seconds of the processor, and R2 on the rows."""

    seconds: float
    r2: float


def trainings() -> "dict[str, Callable[..., Training]]":
    """Those that can be run here."""
    try:
        import torch
    except ImportError:
        print("PyTorch cannot be imported here: measured is the loop in NumPy alone\n")
        return {"NumPy": NumpyTraining}
    torch.set_num_threads(1)
    return {f"PyTorch {torch.__version__}": TorchTraining, "NumPy": NumpyTraining}


def measured(law: str, structure: Structure, rows: int, starts: int, seed: int) -> dict[str, Fit]:
    """One structure by every training, by ours from one start (mean cost, median R2) and from several."""
    k, formula = LAWS[law]
    features = np.random.default_rng(seed).uniform(-1.0, 1.0, (rows, k))
    target = formula(*features.T)
    x, y = features.astype(np.float32), target.astype(np.float32)
    fits = {}
    for name, training in trainings().items():
        random = np.random.default_rng(seed)
        began = time.process_time()
        predicted, _ = trained(lambda: training(structure, x, y, start_weights(structure, random)))  # noqa: B023
        fits[name] = Fit(time.process_time() - began, r_squared(predicted, target))
    ours = Ours(Dataset.of(features, target))
    ours.r2(structure, 2, np.random.default_rng(0))  # caches filled
    began = time.process_time()
    r2 = ours.r2(structure, starts, np.random.default_rng(seed))
    seconds = time.process_time() - began
    fits["ours"] = Fit(seconds / starts, float(np.median(r2)))
    fits[f"ours, best of {starts}"] = Fit(seconds, float(r2.max()))
    return fits


def told(fits: Sequence[dict[str, Fit]]) -> None:
    """Structures a second, ratios of the seconds, and for how many structures our R2 is the larger."""
    names = list(fits[0])
    rates = {name: len(fits) / sum(each[name].seconds for each in fits) for name in names}
    print(f"\nStructures a second: {', '.join(f'{name} {rate:.4g}' for name, rate in rates.items())}\n")
    for other in names[:-2]:
        for mine in names[-2:]:
            better = sum(each[mine].r2 > each[other].r2 for each in fits)
            print(
                f"- {other} against {mine}: {rates[mine] / rates[other]:,.0f} times the seconds in all; "
                f"R2 of {mine} is the larger for {better} of {len(fits)}"
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--structures", type=int, default=6)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--starts", type=int, default=20, help="of ours, the best of which is told too")
    asked = parser.parse_args()
    random = np.random.default_rng(0)
    fits = []
    for k in range(asked.structures):
        law = list(LAWS)[k % len(LAWS)]
        structure = drawn(LAWS[law][0], asked.rows, random)
        fits.append(measured(law, structure, asked.rows, asked.starts, seed=k))
        if k == 0:
            print(f"| law | structure | weights | {' | '.join(f'{name}: s | R2' for name in fits[0])} |")
            print("|---" * (3 + 2 * len(fits[0])) + "|")
        cells = " | ".join(f"{fit.seconds:.3g} | {fit.r2:.4f}" for fit in fits[-1].values())
        print(f"| `{law}` | {structure} | {structure.weights} | {cells} |", flush=True)
    told(fits)


if __name__ == "__main__":
    main()
