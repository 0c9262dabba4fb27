"""Surfaces whose parameters are not known."""

from eqdisc.surfaces.hidden.fit import fit_hidden

__all__ = ["fit_hidden"]
