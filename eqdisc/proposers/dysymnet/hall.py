"""The laws of the whole search as networks: where those that widen a law begin."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.dysymnet.embedding import network_of
from eqdisc.proposers.dysymnet.kernels.gauge import gauge
from eqdisc.proposers.dysymnet.kernels.nets import Net, Nets, packed
from eqdisc.proposers.dysymnet.kernels.operators import unit_table
from eqdisc.proposers.dysymnet.kernels.widening import Embedding
from eqdisc.proposers.dysymnet.policy import Policy
from eqdisc.search.proposer import State

if TYPE_CHECKING:
    from eqdisc.scoring.candidate import Candidate

#: Units that are added to a law at most, and the chance of each edge that might be.
EXTRA, CHANCE = 3, 0.2


class Hall:
    """Laws told by the search that networks can represent; others are passed over.

    names, scales        : as in `network_of`
    units, edges, inputs : the most of a network
    """

    def __init__(
        self, names: tuple[str, ...], scales: FloatArray, units: int, edges: int, inputs: int
    ) -> None:  # fmt: skip
        self._names = names
        self._table = unit_table(names)
        self._scales = scales
        self._units, self._edges, self._inputs = units, edges, inputs
        self._laws: dict[Expression, Net | None] = {}

    def tell(self, candidates: Sequence["Candidate"]) -> None:
        """Learn the laws of the search; those told earlier are forgotten."""
        self._keep([candidate.expression for candidate in candidates])

    def _keep(self, laws: list[Expression]) -> None:
        before = self._laws
        self._laws = {law: before[law] if law in before else self._network(law) for law in laws}

    def _network(self, law: Expression) -> Net | None:
        if len(law.features) > self._inputs:
            return None
        net = network_of(law, self._names, self._scales, self._units, self._edges)
        if net is not None:
            gauge(net, self._table, len(self._scales))
        return net

    def networks(self) -> Nets | None:
        """The laws as networks, in the order told; None where there are none."""
        found = [net for net in self._laws.values() if net is not None]
        return packed(found) if found else None

    def state(self) -> State:
        """The laws."""
        return {"laws": [[list(law.codes), list(law.payload)] for law in self._laws]}

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        self._keep([Expression(tuple(codes), tuple(payload)) for codes, payload in state["laws"]])


def embeddings(bases: Nets, count: int, policy: Policy, random: np.random.Generator) -> Embedding:
    """So many of the networks, drawn alike, each with more units: those of a first layer of the policy."""
    which = random.integers(0, len(bases.units), count)
    extra = policy.sample(count, random).units[:, 0, :EXTRA].astype(np.int64)
    free = np.sum(bases.units < 0, axis=1)[which]
    extra[np.arange(extra.shape[1]) >= free[:, np.newaxis]] = -1
    before = random.integers(0, np.sum(extra >= 0, axis=1) + 1)
    seeds = random.integers(1, 2**63, count, dtype=np.uint64) | np.uint64(1)
    return Embedding(bases, which, extra, before, CHANCE, seeds)
