"""Laws F(x, y, ...) = 0 of clouds of points."""

from eqdisc.surfaces.implicit.fit import fit_implicit

__all__ = ["fit_implicit"]
