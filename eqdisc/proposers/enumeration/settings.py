"""Settings of the enumeration strategy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from eqdisc.problem import Problem
    from eqdisc.proposers.enumeration.session import EnumerationSession


@dataclass(frozen=True)
class Enumeration:
    """All distinct expressions, the simplest first, each tried as the law up to a slope, an intercept and an
    outer function; then pairs of them that make the target together.

    memory        : bytes the table of expressions and its indices may take
    max_cost      : cost (nodes, rare operators counting more) up to which expressions are listed
    max_variables : inputs that take part, those with the largest relevance
    literals      : numbers that are leaves like the inputs
    epoch_work    : node evaluations an epoch takes, about
    fits          : laws fitted to all training rows an epoch, at most
    proposals     : laws proposed an epoch, at most

    >>> Enumeration().name
    'enumeration'
    """

    memory: int = 512 * 2**20
    max_cost: int = 12
    max_variables: int = 9
    literals: tuple[float, ...] = (1.0, 2.0)
    epoch_work: int = 120_000_000
    fits: int = 24
    proposals: int = 12

    name = "enumeration"

    def start(self, problem: "Problem", seed: np.random.SeedSequence, threads: int) -> "EnumerationSession":
        """A fresh session on a problem; the threads change its speed and nothing else."""
        from eqdisc.proposers.enumeration.session import EnumerationSession

        return EnumerationSession(self, problem, seed, threads)
