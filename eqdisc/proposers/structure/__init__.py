"""Structure seen in the data before any search: symmetries and separations that make problems smaller."""

from eqdisc.proposers.structure.proposer import Structure

__all__ = ["Structure"]
