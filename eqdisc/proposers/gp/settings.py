"""Settings of the genetic programming strategy."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from eqdisc.proposers.gp.losses import Loss

if TYPE_CHECKING:
    from eqdisc.problem import Problem
    from eqdisc.proposers.gp.session import GeneticSession


@dataclass(frozen=True)
class MutationWeights:
    """Relative frequency of the mutations."""

    constant: float = 0.3
    point: float = 1.0
    insert: float = 2.0
    hoist: float = 1.2
    subtree: float = 1.0
    swap: float = 0.2
    fresh: float = 0.1


@dataclass(frozen=True)
class GeneticProgramming:
    """Islands of trees, bred, evaluated and fitted in compiled code; frozen settings, `start` gives a run.

    island_sizes : size limits of the islands; one more island has the problem's own. Islands meet only at
                   epochs, and their number does not depend on the threads
    population   : individuals an island holds
    rows         : rows that breeding looks at (a seeded sample); what it proposes is confirmed on all
    screen_rows  : rows of the first look at an offspring
    parsimony, crowding, stratification : weights of the selection score, see `selection.tournament`
    epoch_work   : node evaluations an island spends an epoch
    attempts     : most steps of Levenberg-Marquardt for an offspring; one of n nodes gets attempt_nodes / n
                   of them, and a sixth at least. It stops where a step gains less than the tolerance.
                   final_attempts and final_tolerance where it may enter the hall of fame
    elite_parents: share of parents taken from the hall of fame
    repeat       : probability of fitting a skeleton seen before from another start
    migrants     : individuals an island receives an epoch
    nesting      : whether a sine, cosine or tangent may contain another (`nesting`)
    wide, wide_losses : what the islands minimise, one after the other, where the target spans more decades
                   than `wide`; all absolute errors below (`losses`)
    """

    island_sizes: tuple[int, ...] = (12, 18, 28)
    population: int = 400
    rows: int = 512
    screen_rows: int = 128
    screen_margin: float = 3.0
    epoch_work: int = 600_000_000
    crossover: float = 0.3
    contestants: int = 6
    parsimony: float = 0.02
    crowding: float = 20.0
    stratification: float = 0.5
    elite_parents: float = 0.1
    attempts: int = 40
    attempt_nodes: int = 240
    tolerance: float = 0.03
    final_attempts: int = 40
    final_tolerance: float = 1e-6
    repeat: float = 0.1
    migrants: int = 20
    nesting: bool = False
    wide: float = 3.0
    wide_losses: tuple[Loss, ...] = ("relative", "magnitude", "rank", "absolute")
    mutations: MutationWeights = field(default_factory=MutationWeights)

    name = "gp"

    def start(self, problem: "Problem", seed: np.random.SeedSequence, threads: int) -> "GeneticSession":
        """A fresh session on a problem; the threads change its speed and nothing else."""
        from eqdisc.proposers.gp.session import GeneticSession

        return GeneticSession(self, problem, seed, threads)
