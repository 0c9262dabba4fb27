"""A bank for weights of one's own."""

import numpy as np

from eqdisc.proposers.snip.bank import Bank
from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.network import Network


def embedded_anew(bank: Bank, network: Network, digest: str, excluded: Excluded | None = None) -> Bank:
    """The skeletons of a bank at the places that another network gives them.

    digest   : of the network's file, which the new bank belongs to
    excluded : laws whose skeletons are left out

    >>> from eqdisc.expr.expression import Expression
    >>> x = Expression.variable(0)
    >>> known = Bank.of([x, x * x], [5, 2], np.eye(2), "others")
    >>> embedded_anew(known, Network.random(0), "mine").embeddings.shape
    (2, 64)
    """
    laws = [bank.programs.expression(place) for place in range(len(bank))]
    vectors = network.embed_expressions(laws)
    kept = np.isfinite(vectors).all(axis=1)
    if excluded is not None:
        kept &= ~excluded.holds(laws)
    places = np.flatnonzero(kept)
    return Bank.of([laws[k] for k in places.tolist()], bank.counts[places].tolist(), vectors[places], digest)
