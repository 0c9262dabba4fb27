"""Laws of several outputs over the same parameters, found together."""

from eqdisc.surfaces.parametric.fit import fit_parametric

__all__ = ["fit_parametric"]
