"""Networks made by hand, for the tests."""

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.proposers.dysymnet.kernels.native import addresses
from eqdisc.proposers.dysymnet.kernels.nets import FREE, empty_nets
from eqdisc.proposers.dysymnet.kernels.operators import unit_table
from eqdisc.proposers.dysymnet.kernels.room import room
from eqdisc.proposers.dysymnet.sampled import Sampled

NAMES = ("sin", "mul", "square", "exp", "log", "sqrt", "div", "cos", "pow", "tanh")
UNITS = unit_table(NAMES)


def net_of(units, arguments, names=NAMES):
    """A network of named units; arguments[a] are the {slot: weight} of each argument, the output last."""
    flat = [dict(argument) for argument in arguments]
    net = empty_nets(1, len(units), sum(map(len, flat))).one(0)
    e = 0
    for a, argument in enumerate(flat):
        net.offsets[a] = e
        for slot, weight in argument.items():
            net.sources[e], net.weights[e], net.states[e] = slot, weight, FREE
            e += 1
    net.offsets[len(flat)] = e
    net.units[:] = [names.index(name) for name in units]
    return net


def room_for(net, sampled):
    n_features, block = sampled.sample.features.shape[1:]
    return room(n_features, block, len(net.units), len(net.sources), len(net.sources) + 1)


def sampled_of(features, target, weights=None, rows=256):
    """What kernels see of a table; features keep their scale."""
    table = Dataset.of(features, target, weights=weights)
    return Sampled.of(table, rows, np.random.default_rng(0))


def table_of_addresses():
    return addresses()
