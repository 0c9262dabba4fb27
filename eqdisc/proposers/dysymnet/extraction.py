"""From a network to the expression it computes."""

from collections.abc import Sequence

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.dysymnet.kernels.nets import DEAD, Net
from eqdisc.proposers.dysymnet.kernels.operators import UNITS

#: Weights this near one are left out.
NEGLIGIBLE = 1e-10
LN10 = 2.302585092994045684


def expression_of(
    net: Net, names: Sequence[str], n_features: int, powers: bool = True, largest: int = 1000
) -> Expression | None:
    """What the network computes; None for more than `largest` nodes.

    names  : of the unit operators. A unit that is read several times is written several times
    powers : whether powers may be written as such, and not as exp(b*log(a))
    """
    slots: dict[int, Expression] = {}
    for u, k in enumerate(net.units.tolist()):
        if k < 0:
            continue
        name = names[k]
        arguments = [_sum(net, 2 * u + j, slots, n_features) for j in range(UNITS[name].arity)]
        if any(argument is None or argument.size > largest for argument in arguments):
            return None
        found = [argument for argument in arguments if argument is not None]
        slots[n_features + 1 + u] = _applied(name, found, powers)
    law = _sum(net, 2 * len(net.units), slots, n_features)
    return law if law is not None and law.size <= largest else None


def _applied(name: str, arguments: list[Expression], powers: bool) -> Expression:
    if name == "id":
        return arguments[0]
    if name == "log10":  # the tape has one logarithm for both bases
        return LN10 * Expression.apply(name, *arguments)
    if name == "pow" and not powers:
        return Expression.apply("exp", arguments[1] * Expression.apply("log", arguments[0]))
    return Expression.apply(name, *arguments)


def _sum(net: Net, argument: int, slots: dict[int, Expression], n_features: int) -> Expression | None:
    """The weighted sum that is an argument; a number where it has no edge but that of the offset."""
    offset = 0.0
    terms: list[Expression] = []
    size = 0
    for e in range(int(net.offsets[argument]), int(net.offsets[argument + 1])):
        if net.states[e] == DEAD:
            continue
        weight, source = float(net.weights[e]), int(net.sources[e])
        if not np.isfinite(weight):
            return None
        if source == n_features:
            offset += weight
            continue
        read = Expression.variable(source) if source < n_features else slots.get(source)
        if read is None:
            return None
        size += read.size
        if size > 4000:
            return None
        terms.append(_scaled(weight, read))
    if not terms:
        return Expression.constant(offset)
    whole = terms[0]
    for term in terms[1:]:
        whole = whole + term
    return whole if offset == 0.0 else whole + offset


def _scaled(weight: float, read: Expression) -> Expression:
    if abs(weight - 1.0) < NEGLIGIBLE:
        return read
    return weight * read


def unscaled_weights(net: Net, scales: FloatArray) -> Net:
    """The network on features that were not divided by `scales`."""
    weights = net.weights.copy()
    reads = net.sources < len(scales)
    weights[reads] /= scales[net.sources[reads]]
    return net._replace(weights=weights)
