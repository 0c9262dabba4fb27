"""Genetic programming on packed arrays."""

from eqdisc.proposers.gp.settings import GeneticProgramming, MutationWeights

__all__ = ["GeneticProgramming", "MutationWeights"]
