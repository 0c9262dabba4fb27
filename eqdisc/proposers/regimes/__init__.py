"""Piecewise laws: several laws in one table, the boundaries between them, steps and remainders."""

from eqdisc.proposers.regimes.proposer import Regimes

__all__ = ["Regimes"]
