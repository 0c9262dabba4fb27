"""Required variables: what every tree has to read."""

from eqdisc._typing import AnyArray, IntArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.opcodes import VARIABLE
from eqdisc.engine.random import below
from eqdisc.proposers.gp.genome import Genome


@kernel
def has_required(g: Genome, required: IntArray) -> bool:
    """Whether the tree reads every required variable."""
    lacking = 0
    for k in range(required.shape[0]):
        lacking += _occurrences(g, required[k]) == 0
    return lacking == 0


@kernel
def put_in_required(g: Genome, required: IntArray, rng: AnyArray) -> None:
    """Let random leaves read the required variables that the tree lacks, as far as it has leaves to spare.

    Of 200 variables a random tree reads a given one in thirty, and three given ones hardly ever: to wait for
    such trees would take all the time there is.
    """
    for k in range(required.shape[0]):
        if _occurrences(g, required[k]) > 0:
            continue
        spare = 0
        for i in range(g.size[0]):
            spare += _is_spare(g, i, required)
        if spare == 0:
            return
        chosen = below(rng, spare)
        for i in range(g.size[0]):
            if _is_spare(g, i, required):
                if chosen == 0:
                    g.args[i] = required[k]
                    break
                chosen -= 1


@kernel
def _occurrences(g: Genome, variable: int) -> int:
    count = 0
    for i in range(g.size[0]):
        count += g.ops[i] == VARIABLE and g.args[i] == variable
    return count


@kernel
def _is_spare(g: Genome, i: int, required: IntArray) -> bool:
    """Whether node i reads a variable that is not required, or that others read too."""
    if g.ops[i] != VARIABLE:
        return False
    for k in range(required.shape[0]):
        if g.args[i] == required[k]:
            return _occurrences(g, required[k]) > 1
    return True
