"""A network before and after pruning, drawn when the site is built."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from pictures import BLUE, GREY, INK, ORANGE, _svg

from eqdisc.data.dataset import Dataset
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.dysymnet import DySymNet
from eqdisc.proposers.dysymnet.kernels.nets import DEAD, Net

SIGNS = {"mul": "x", "square": "( )²"}


def pruned_network() -> tuple[str, str]:
    """A dense network that fits sin(1.7 a) b + b**2 / 2, and what pruning leaves of it; the law found."""
    features = np.random.default_rng(0).uniform(-2.0, 2.0, (150, 2))
    a, b = features.T
    table = Dataset.of(features, np.sin(1.7 * a) * b + b**2 / 2, names=["a", "b"])
    problem = Problem.of(table, OperatorSet.of("add", "mul", "sin", "square"), 40, 0)
    settings = DySymNet(layers=2, width=3, wiring="dense")
    session = settings.start(problem, np.random.SeedSequence(2), 1)
    session.prepare()
    before, after, law = session.example()
    figure, panels = plt.subplots(1, 2, figsize=(8.0, 3.8), layout="constrained")
    for ax, net, title in zip(panels, (before, after), ("fitted", "pruned"), strict=True):
        _draw(ax, net, tuple(settings.units(problem)), ("a", "b"))
        ax.set_title(title, color=INK)
    return _svg(figure, "A network being pruned to a law"), str(law)


def _draw(ax: Any, net: Net, names: tuple[str, ...], inputs: tuple[str, ...]) -> None:
    """Slots from left to right by depth; the width of an edge tells its weight."""
    n_features, n_units = len(inputs), len(net.units)
    output = n_features + 1 + n_units
    depth = dict.fromkeys(range(n_features + 1), 0)
    edges = []
    for a in range(2 * n_units + 1):
        slot = output if a == 2 * n_units else n_features + 1 + a // 2
        for e in range(net.offsets[a], net.offsets[a + 1]):
            if net.states[e] != DEAD:
                edges.append((int(net.sources[e]), slot, float(net.weights[e])))
                depth[slot] = max(depth.get(slot, 0), depth[int(net.sources[e])] + 1)
    depth[output] = max(depth.values())
    read = {source for source, _, _ in edges} | {output}
    columns: dict[int, list[int]] = {}
    for slot, column in sorted(depth.items()):
        if slot in read:
            columns.setdefault(column, []).append(slot)
    places = {
        slot: (column, (len(slots) - 1) / 2.0 - row + 0.3 * (column % 2))  # no edge behind a unit
        for column, slots in columns.items()
        for row, slot in enumerate(slots)
    }
    for source, target, weight in edges:
        (x0, y0), (x1, y1) = places[source], places[target]
        width = 0.4 + 1.2 * min(abs(weight), 2.0)
        ax.plot(
            [x0, x1], [y0, y1], color=BLUE if weight > 0 else ORANGE, linewidth=width, alpha=0.6, zorder=1
        )
    for slot, (x, y) in places.items():
        ax.plot(x, y, "o", markersize=22, color=GREY, zorder=2)
        ax.text(x, y, _label(slot, net, names, inputs), ha="center", va="center", color="white", zorder=3)
    ax.set_axis_off()
    ax.margins(0.15)


def _label(slot: int, net: Net, names: tuple[str, ...], inputs: tuple[str, ...]) -> str:
    if slot < len(inputs):
        return inputs[slot]
    if slot == len(inputs):
        return "1"
    unit = slot - len(inputs) - 1
    if unit == len(net.units):
        return "y"
    name = names[net.units[unit]]
    return SIGNS.get(name, name)
