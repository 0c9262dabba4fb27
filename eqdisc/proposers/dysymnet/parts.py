"""The units of a network that it misses most, each as a law of its own."""

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.proposers.dysymnet.kernels.batch import Fits
from eqdisc.proposers.dysymnet.kernels.nets import DEAD, FREE, Net, packed
from eqdisc.proposers.dysymnet.workshop import Workshop

#: Units of one network that are told.
TOLD = 2


def salient_parts(workshop: Workshop, nets: list[Net], n_features: int, attempts: int) -> list[Net]:
    """Of each network of several units those without which its other weights explain least.

    Each as a network of its own: the unit with a slope and an intercept, fitted.
    """
    places = [
        (k, u)
        for k, net in enumerate(nets)
        if np.sum(net.units >= 0) > 1 and net.offsets[-1] - net.offsets[-2] > 1
        for u in np.flatnonzero(net.units >= 0).tolist()
    ]
    if not places:
        return []
    without = Fits.of(packed([_without(nets[k], u, n_features) for k, u in places]))
    workshop.fit(without, 0)
    chosen = _most(np.array(places), without.losses)
    parts = Fits.of(packed([_part(nets[k], u, n_features) for k, u in chosen]))
    workshop.fit(parts, attempts)
    return [parts.nets.one(place) for place in np.flatnonzero(np.isfinite(parts.losses)).tolist()]


def _most(places: IntArray, losses: FloatArray) -> list[tuple[int, int]]:
    """The units of each network by whose removal it loses most."""
    order = np.lexsort((-losses, places[:, 0]))
    ranks = np.arange(len(order)) - np.searchsorted(places[order, 0], places[order, 0])
    return [(int(k), int(u)) for k, u in places[order[ranks < TOLD]]]


def _without(net: Net, unit: int, n_features: int) -> Net:
    """The network with nothing that reads a unit."""
    found = net.copy()
    found.states[found.sources == n_features + 1 + unit] = DEAD
    return found


def _part(net: Net, unit: int, n_features: int) -> Net:
    """The network whose output is the unit and an offset."""
    found = net.copy()
    first, last = found.offsets[-2:]
    found.states[first:last] = DEAD
    found.sources[first : first + 2] = n_features + 1 + unit, n_features
    found.states[first : first + 2] = FREE
    return found
