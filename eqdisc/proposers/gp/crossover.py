"""Subtree crossover."""

from eqdisc._typing import AnyArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.random import below
from eqdisc.proposers.gp.genome import Genome, append, subtree_start


@kernel
def crossover(mother: Genome, father: Genome, child: Genome, rng: AnyArray) -> None:
    """Write to `child` the mother with one of her subtrees replaced by one of the father's (Koza 1992)."""
    i = below(rng, mother.size[0])
    j = below(rng, father.size[0])
    append(child, mother, 0, subtree_start(mother.ops, i))
    append(child, father, subtree_start(father.ops, j), j + 1)
    append(child, mother, i + 1, mother.size[0])
