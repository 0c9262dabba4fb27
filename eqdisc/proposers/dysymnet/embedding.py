"""From an expression to the network that computes it, and from a network to its structure."""

from collections.abc import Sequence

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE, row_of
from eqdisc.proposers.dysymnet.extraction import LN10
from eqdisc.proposers.dysymnet.kernels.nets import FREE, Net, empty_nets
from eqdisc.proposers.dysymnet.structures import Structures

#: A weighted sum: weights by slot.
Sum = dict[int, float]
_POWERS = {2.0: "square", 3.0: "cube", 0.5: "sqrt", -1.0: "inv"}


def network_of(
    law: Expression, names: Sequence[str], scales: FloatArray, units: int, edges: int
) -> Net | None:
    """The network of an expression, constants for weights; None for what has no place in one.

    names        : of the unit operators; sums, and powers that are written otherwise, need none
    scales       : (k,) what the features the network reads were divided by
    units, edges : the most that it may have

    >>> x = Expression.variable(0)
    >>> net = network_of(3.0 * Expression.apply("sin", 2.0 * x), ("sin",), np.ones(1), units=1, edges=2)
    >>> net.weights.tolist()
    [2.0, 3.0]
    """
    builder = _Builder(names, len(scales))
    stack: list[Sum] = []
    for code, value in zip(law.codes, law.payload, strict=True):
        if code == VARIABLE:
            stack.append({int(value): float(scales[int(value)])})
        elif code == CONSTANT:
            stack.append({builder.ones: value})
        else:
            row = row_of(code)
            found = builder.applied(row.name, stack[-row.arity :])
            if found is None:
                return None
            stack[-row.arity :] = [found]
    return builder.packed(stack[0], units, edges)


class _Builder:
    """Units so far and the sums they read; equal units are made once."""

    def __init__(self, names: Sequence[str], n_features: int) -> None:
        self.ones = n_features
        self._names = list(names)
        self._units: list[int] = []
        self._arguments: list[Sum] = []
        self._known: dict[tuple[str, tuple[tuple[tuple[int, float], ...], ...]], int] = {}

    def applied(self, name: str, arguments: list[Sum]) -> Sum | None:
        """An operator on sums, as a sum."""
        first, last = arguments[0], arguments[-1]
        if name in ("add", "sub", "neg"):
            whole = dict(first) if len(arguments) == 2 else {}
            for slot, weight in last.items():
                whole[slot] = whole.get(slot, 0.0) + (weight if name == "add" else -weight)
            return whole
        by, of = self._number(last), self._number(first)
        if name == "mul" and (by is not None or of is not None):
            return _scaled(first, by) if by is not None else _scaled(last, of or 0.0)
        if name == "div" and by:
            return _scaled(first, 1.0 / by)
        if name == "pow" and by in _POWERS:
            return self.applied(_POWERS[by], [first])
        return self._spelled(name, arguments)

    def _spelled(self, name: str, arguments: list[Sum]) -> Sum | None:
        """By the unit of that name, or by others that mean the same."""
        first = arguments[0]
        if name in ("log", "log10"):  # the tape has one logarithm for both bases
            unit = "log" if "log" in self._names else "log10"
            return self._unit(unit, [first], 1.0 if name == "log" else 1.0 / LN10)
        if name in self._names:
            return self._unit(name, arguments)
        if name == "square":
            return self._unit("mul", [first, first])
        if name == "cube":
            square = self._spelled("square", arguments)
            return None if square is None else self._unit("mul", [first, square])
        if name == "inv":
            return self._unit("div", [{self.ones: 1.0}, first])
        return self._unit("pow", [first, {self.ones: 0.5}]) if name == "sqrt" else None

    def _unit(self, name: str, arguments: list[Sum], factor: float = 1.0) -> Sum | None:
        if name not in self._names:
            return None
        key = (name, tuple(tuple(sorted(argument.items())) for argument in arguments))
        if key not in self._known:
            self._known[key] = self.ones + 1 + len(self._units)
            self._units.append(self._names.index(name))
            self._arguments += [*arguments, {}][:2]
        return {self._known[key]: factor}

    def _number(self, argument: Sum) -> float | None:
        return argument[self.ones] if list(argument) == [self.ones] else None

    def packed(self, output: Sum, units: int, edges: int) -> Net | None:
        """All of it as a network; None where there is no room or no unit, or a weight overflows."""
        arguments = [*self._arguments, *[{}] * (2 * (units - len(self._units))), output]
        flat = [edge for argument in arguments for edge in argument.items()]
        weights = np.array([weight for _, weight in flat])
        if not 0 < len(self._units) <= units or len(flat) > edges or not np.isfinite(weights).all():
            return None
        net = empty_nets(1, units, edges).one(0)
        net.units[: len(self._units)] = self._units
        net.offsets[1:] = np.cumsum([len(argument) for argument in arguments])
        net.sources[: len(flat)] = [slot for slot, _ in flat]
        net.weights[: len(flat)] = weights
        net.states[: len(flat)] = FREE
        return net


def _scaled(argument: Sum, factor: float) -> Sum:
    return {slot: factor * weight for slot, weight in argument.items()}


def layers_of(net: Net, n_features: int) -> IntArray:
    """(U,) layer of each unit from 0: one behind the last that it reads; -1 for units that are none.

    >>> net = Net(*(np.array(a) for a in ([0, 0], [0, 1, 1, 2, 2, 3], [0, 2, 3], np.ones(3), [1, 1, 1])))
    >>> layers_of(net, 1).tolist()
    [0, 1]
    """
    found = np.full(len(net.units), -1)
    for u in np.flatnonzero(net.units >= 0).tolist():
        edges = slice(int(net.offsets[2 * u]), int(net.offsets[2 * u + 2]))
        read = net.sources[edges][net.states[edges] > 0] - n_features - 1
        found[u] = 1 + max(found[read[read >= 0]], default=-1)
    return found


def structure_of(net: Net, n_features: int, layers: int, width: int, sparse: bool) -> Structures | None:
    """The structure of a network, a batch of one; None where it has no unit, or more than these bounds."""
    found = layers_of(net, n_features)
    widths = np.bincount(found[found >= 0], minlength=layers)
    if len(widths) > layers or not 0 < widths.max() <= width:
        return None
    units = np.full((1, layers, width), -1)
    for layer, count in enumerate(widths.tolist()):
        units[0, layer, :count] = net.units[found == layer]
    return Structures(np.array([np.sum(widths > 0)]), widths[np.newaxis], units, np.array([sparse]))
